//! The shipped contract, a message of it, and the ways to read that message.

use std::path::Path;

use lienthong::binding::plan::{OperationId, Partner};
use lienthong::problem::Problems;
use lienthong::sandbox::message::{XRoad, envelope};
use lienthong::sandbox::party;
use lienthong::sandbox::samples::{Filling, Sample};
use lienthong::soap::version::Version;
use lienthong::transcode;
use lienthong::xml::encoding::to_utf8;
use lienthong::xml::limits::Limits;
use lienthong::xml::tape::{NodeId, Tape};
use lienthong::xml::writer::Writer;
use quick_xml::NsReader;
use quick_xml::events::Event;

/// The partner `hoso`, compiled.
pub struct Contract {
    partner: Partner,
}

/// The sandbox's work-permit application: the Body's child alone.
pub fn body() -> String {
    let now = jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::Offset::constant(7)));
    let filling = Filling { now: &now, code: "B-1", dossier: "", round: 1, paper: "", amount: 0 };
    Sample::named("NopHoSo").expect("the sandbox has the sample").body(&filling)
}

/// The same in its envelope, as the national portal sends it.
pub fn message() -> Vec<u8> {
    let body = body();
    envelope(Version::Soap11, Some(&headers("NopHoSo")), &body)
}

/// A batch of the same dossier, each under its own code, in its envelope: `DongBoHoSoMC`.
pub fn batch(dossiers: usize) -> Vec<u8> {
    let body = body();
    let (start, end) = (body.find("<HoSo>").expect("a dossier"), body.rfind("</HoSo>").expect("its end"));
    let dossier = &body[start + "<HoSo>".len()..end];
    let mut data = String::new();
    for number in 1..=dossiers {
        data.push_str(&format!("<HoSo><MaHoSo>000.00.00.G07-240102-{number:04}</MaHoSo>{dossier}</HoSo>\n"));
    }
    let body =
        format!("<hs:DongBoHoSoMC xmlns:hs=\"http://molisa.gov.vn/hoso/1.0\"><data>{data}</data></hs:DongBoHoSoMC>");
    envelope(Version::Soap11, Some(&headers("DongBoHoSoMC")), &body)
}

fn headers(operation: &str) -> XRoad {
    XRoad {
        client: party::PORTAL.identifier.to_owned(),
        service: party::MINISTRY.to_owned(),
        operation: operation.to_owned(),
        id: "6d8b1f0e-6f3c-4c55-9a38-0c3f3d0c9a11".to_owned(),
        user: None,
        issue: None,
        signable: false,
    }
}

/// The bare reader: every event, element and attribute names resolved. What it holds is counted, so that the work is done.
pub fn events(message: &[u8]) -> usize {
    let text = std::str::from_utf8(message).expect("UTF-8");
    let mut reader = NsReader::from_str(text);
    let mut seen = 0;
    loop {
        match reader.read_resolved_event().expect("well-formed") {
            (_, Event::Eof) => return seen,
            (_, Event::Start(tag) | Event::Empty(tag)) => {
                for attribute in tag.attributes() {
                    let attribute = attribute.expect("well-formed");
                    seen += usize::from(matches!(
                        reader.resolver().resolve_attribute(attribute.key).0,
                        quick_xml::name::ResolveResult::Bound(_)
                    ));
                }
                seen += 1;
            }
            (_, Event::Text(text)) => seen += text.len(),
            _ => {}
        }
    }
}

/// The gateway's own reader.
pub fn tape(message: &[u8]) -> NodeId {
    let text = to_utf8(message, None).expect("UTF-8");
    let tape = Tape::parse(&text, &Limits::default()).expect("well-formed");
    tape.end(tape.root())
}

impl Contract {
    /// Compiles what is shipped.
    pub fn load() -> Self {
        // The main crate's folder, or the comparison's below it.
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.ancestors().find(|folder| folder.join("schemas").is_dir()).expect("the repository");
        let mut problems = Problems::new();
        let pool = lienthong::proto::load(&[root.join("proto")], &mut problems);
        let pools: Vec<_> = pool.into_iter().collect();
        let partner = Partner::compile("hoso", &root.join("schemas/hoso/binding.toml"), &pools, &mut problems);
        Self { partner: partner.unwrap_or_else(|| panic!("{problems}")) }
    }

    /// All that stands between the bytes of a message and protobuf: encoding, tape, validation, translation.
    pub fn decode(&self, message: &[u8], wire: &mut Vec<u8>) {
        self.decode_as("NopHoSo", message, wire);
    }

    /// The same for a message of this operation.
    pub fn decode_as(&self, operation: &str, message: &[u8], wire: &mut Vec<u8>) {
        let text = to_utf8(message, None).expect("UTF-8");
        let tape = Tape::parse(&text, &Limits::default()).expect("well-formed");
        let body = tape.child_elements(tape.root()).last().expect("a Body");
        let wrapper = tape.child_elements(body).next().expect("a wrapper");
        transcode::decode(&self.partner, self.operation(operation), &tape, wrapper, wire).expect("valid");
    }

    /// The answer that carries the message's dossier: what `TraCuuHoSo` returns. Field 1 of both is the dossier.
    pub fn answer(&self, message: &[u8]) -> Vec<u8> {
        let mut wire = Vec::new();
        self.decode(message, &mut wire);
        wire
    }

    /// Protobuf to the answer's XML.
    pub fn encode(&self, wire: &[u8]) -> usize {
        let mut out = Writer::with_capacity(8192);
        transcode::encode(&self.partner, self.operation("TraCuuHoSo"), wire, &mut out).expect("writable");
        out.len()
    }

    fn operation(&self, name: &str) -> OperationId {
        self.partner.operation(&self.partner.namespace, name).expect("the contract has it")
    }
}
