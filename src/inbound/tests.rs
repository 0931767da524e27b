//! Messages in, prepared calls or faults out; without sockets. The whole way is tested in tests/it.

use std::path::Path;

use http::HeaderMap;

use super::signed::{Believed, Keys};
use super::*;
use crate::clock::{Clock, UnixMillis};
use crate::crypto::Digest;
use crate::crypto::certificate::Certificate;
use crate::fault::Context;
use crate::grpc::{Address, Failure};
use crate::pki::{Identity, Trust};
use crate::soap::version::Version;
use crate::tls::Connector;
use crate::wsse::timestamp::Tolerance;

const MEMBERS: &str = r#"
[[member]]
id = "h56"
x_road = ["VN/GOV/000.00.00.H56/mcdt"]
certificates = [{ issuer = "CN=CA", subject = "CN=h56" }]

[[member]]
id = "reader"
x_road = ["VN/GOV/000.00.00.H29"]
certificates = [{ issuer = "CN=CA", subject = "CN=reader" }]
operations = ["TraCuuHoSo"]

[[member]]
id = "h01"
x_road = ["VN/GOV/000.00.00.H01"]
agencies = ["H01"]
certificates = [{ issuer = "CN=CA", subject = "CN=h01" }]
message_bytes_max = 4096
[[member.right]]
operations = ["CapNhat*"]
[[member.right]]
operations = ["NopHoSo"]
procedures = ["2.*"]

[[member]]
id = "server"
certificates = [{ issuer = "CN=CA", subject = "CN=server" }]
speaks_for = ["x-road:VN/GOV"]
"#;

/// An inbound of the shipped contract whose service is not there.
fn inbound() -> Inbound {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a folder");
    let mut problems = Problems::new();
    let pool = crate::proto::load(&[root.join("proto")], &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let binding = root.join("schemas/hoso/binding.toml");
    let partner = Partner::compile("hoso", &binding, &[pool], &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let members = folder.path().join("members.toml");
    std::fs::write(&members, MEMBERS).expect("written");
    let members = Registry::load(&members, &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let upstream = nowhere(folder.path());
    let services = ["DossierService", "CatalogueService"].map(|name| format!("molisa.dossier.v1.{name}"));
    let parts = Parts {
        partners: vec![partner],
        services: HashMap::from(services.map(|service| (service, upstream.clone()))),
        members: Arc::new(ArcSwap::from_pointee(members)),
        limits: Limits::default(),
        language: Language::English,
        metrics: Arc::new(Metrics::new()),
        security: security(folder.path()),
        records: None,
    };
    Inbound::new(parts, &mut problems).unwrap_or_else(|| panic!("{problems}"))
}

/// Signatures are tested where messages are really signed: in wsse and in tests/it.
fn security(folder: &Path) -> Security {
    let mut problems = Problems::new();
    let trust = Trust::of_anchors(&[folder.join("a.crt")], UnixMillis(0), &mut problems)
        .unwrap_or_else(|| panic!("{problems}"));
    Security {
        keys: Arc::new(ArcSwap::from_pointee(Keys { trust, signer: None })),
        tolerance: Tolerance::default(),
        clock: Clock::System,
        believed: Believed::default(),
    }
}

/// A service at a port where nobody listens.
fn nowhere(folder: &Path) -> Upstream {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let (certificate, private) = (folder.join("a.crt"), folder.join("a.key"));
    std::fs::write(&certificate, key.cert.pem()).expect("written");
    std::fs::write(&private, key.signing_key.serialize_pem()).expect("written");
    std::fs::set_permissions(&private, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a mode");
    let mut problems = Problems::new();
    let identity = Identity::load(&certificate, &private, UnixMillis(0), &mut problems);
    let trust = Trust::of_anchors(&[&certificate], UnixMillis(0), &mut problems);
    let (Some(identity), Some(trust)) = (identity, trust) else { panic!("{problems}") };
    let connector = Connector::new(&identity, &trust, &["h2"]).expect("usable");
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
    let address = Address::parse(&format!("https://localhost:{}", free.port()), None).expect("an address");
    Upstream::new(&address, &connector, 1, 1 << 20)
}

/// What becomes of a message.
struct Outcome {
    result: Result<Prepared, Fault>,
    manner: Manner,
    /// `stage member operation message_id`.
    logged: String,
    trace: String,
}

/// A message of SOAP 1.1 by the holder of `CN=<subject>`.
fn send(inbound: &Inbound, subject: &str, content_type: &str, bytes: impl Into<Bytes>) -> Outcome {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", content_type.parse().expect("a value"));
    let accepted = route::accept(&headers, false, usize::MAX).expect("a SOAP media type");
    let certificate = Certificate {
        spki: Digest([0; 32]),
        subject: format!("CN={subject}"),
        issuer: "CN=CA".to_owned(),
        serial: String::new(),
        not_before: UnixMillis(0),
        not_after: UnixMillis(0),
    };
    let holder = inbound.members.load().holder(&certificate).expect("a member").clone();
    let mut manner = Manner::of_media(accepted.media.version);
    let mut entry = Entry::begin(Trace::of(&headers), inbound.metrics.clone());
    entry.member = Some(holder.id().clone());
    let body = Held::from(bytes.into());
    let received = Received { face: &inbound.faces[0], accepted, holder, body };
    let result = inbound.prepare(&received, &mut manner, &mut entry);
    let name = |member: &Option<crate::member::MemberId>| member.as_ref().map_or("-".to_owned(), ToString::to_string);
    let (member, via) = (name(&entry.member), name(&entry.via));
    let id = entry.message_id.as_deref().unwrap_or("-");
    let logged = format!("{:?} {member} via {via} op [{}] id {id}", entry.stage, entry.operation);
    Outcome { result, manner, logged, trace: entry.trace.id().to_owned() }
}

/// The code and place of the fault, or what is called with which key.
fn told(outcome: &Outcome) -> String {
    match &outcome.result {
        Ok(prepared) => {
            let key = prepared.metadata.get("idempotency-key").map_or("no key", |_| "a key");
            format!("called with {key}")
        }
        Err(fault) => {
            let place = fault
                .place()
                .map(|place| format!(" {} {} {}", place.path.as_deref().unwrap_or("-"), place.line, place.rule));
            format!("{}{}", fault.code().as_str(), place.unwrap_or_default())
        }
    }
}

const LOOK_UP: &str =
    "<h:TraCuuHoSo xmlns:h='http://molisa.gov.vn/hoso/1.0'><MaHoSo>000.00.00.G07-180615-0001</MaHoSo></h:TraCuuHoSo>";
const WITHDRAW: &str = "<h:RutHoSo xmlns:h='http://molisa.gov.vn/hoso/1.0'><MaHoSo>000.00.00.G07-180615-0001</MaHoSo><LyDo>x</LyDo></h:RutHoSo>";

fn envelope(version: Version, headers: &str, body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s='{}' xmlns:x='http://x-road.eu/xsd/xroad.xsd' xmlns:i='http://x-road.eu/xsd/identifiers'>\
         <s:Header>{headers}</s:Header><s:Body>{body}</s:Body></s:Envelope>",
        version.namespace()
    )
}

/// X-Road's header fields of `client` (its member code and subsystem) calling `service`.
fn x_road(client: (&str, &str), service: &str, id: &str) -> String {
    let party = "<i:xRoadInstance>VN</i:xRoadInstance><i:memberClass>GOV</i:memberClass>";
    format!(
        "<x:client i:objectType='SUBSYSTEM'>{party}<i:memberCode>{}</i:memberCode><i:subsystemCode>{}</i:subsystemCode></x:client>\
         <x:service i:objectType='SERVICE'>{party}<i:memberCode>G07</i:memberCode><i:serviceCode>{service}</i:serviceCode></x:service>\
         <x:id>{id}</x:id><x:userId>VN-Nguyễn</x:userId><x:protocolVersion>4.0</x:protocolVersion>",
        client.0, client.1
    )
}

const H56: (&str, &str) = ("000.00.00.H56", "mcdt");
const H29: (&str, &str) = ("000.00.00.H29", "any");

#[test]
fn each_kind_of_wrong_message_stops_at_its_step_with_its_code() {
    let inbound = inbound();
    let v11 = |headers: &str, body: &str| envelope(Version::Soap11, headers, body);
    let check = |subject: &str, message: String, told_expected: &str, logged: &str| {
        let outcome = send(&inbound, subject, "text/xml", message.clone());
        assert_eq!((told(&outcome).as_str(), outcome.logged.as_str()), (told_expected, logged), "{message}");
    };
    check("h56", "nonsense".into(), "invalid_xml - 1 XML 1.0", "Read h56 via - op [] id -");
    check("h56", "<a/>".into(), "invalid_envelope /a 1 R1015", "Read h56 via - op [] id -");
    check("h56", "<!DOCTYPE a><a/>".into(), "invalid_xml - 1 R1008", "Read h56 via - op [] id -");
    check(
        "h56",
        v11("<u:x xmlns:u='urn:u' s:mustUnderstand='1'/>", "<bad/>"),
        "must_understand /Envelope/Header/x 1 R1027",
        "Read h56 via - op [] id -",
    );
    check(
        "h56",
        v11("<x:id>1</x:id>", LOOK_UP),
        "invalid_header /Envelope/Header 1 protocolVersion",
        "Read h56 via - op [] id -",
    );
    check("h56", v11(&x_road(H29, "TraCuuHoSo", "7"), LOOK_UP), "forbidden", "Permit h56 via - op [] id 7");
    check(
        "h56",
        v11("", "<o:Other xmlns:o='urn:o'/>"),
        "invalid_operation /Envelope/Body/Other 1 R2712",
        "Permit h56 via - op [] id -",
    );
    check("reader", v11("", WITHDRAW), "forbidden /RutHoSo 1 right.operation", "Permit reader via - op [RutHoSo] id -");
    check(
        "h56",
        v11("", &LOOK_UP.replace("MaHoSo>", "MaSo>")),
        "invalid_schema /TraCuuHoSo/MaSo 1 cvc-complex-type.2.4.a",
        "Decode h56 via - op [TraCuuHoSo] id -",
    );
    check("h56", v11("", LOOK_UP), "called with no key", "Decode h56 via - op [TraCuuHoSo] id -");
    check("h56", v11("", WITHDRAW), "called with a key", "Decode h56 via - op [RutHoSo] id -");
    check(
        "server",
        v11(&x_road(H29, "TraCuuHoSo", "7"), LOOK_UP),
        "called with no key",
        "Decode reader via server op [TraCuuHoSo] id 7",
    );
    check(
        "server",
        v11(&x_road(H29, "RutHoSo", "7"), WITHDRAW),
        "forbidden /RutHoSo 1 right.operation",
        "Permit reader via server op [RutHoSo] id 7",
    );
    let progress = |codes: &[&str]| {
        let one = |code: &&str| {
            format!(
                "<TienDo>\n<MaHoSo>{code}</MaHoSo><NguoiXuLy>A</NguoiXuLy><ThoiDiemXuLy>20240426080000</ThoiDiemXuLy>\
                 <NoiDungXuLy>x</NoiDungXuLy><TrangThai>4</TrangThai></TienDo>"
            )
        };
        let rows: String = codes.iter().map(one).collect();
        let body = format!(
            "<h:CapNhatTienDoHoSoMC xmlns:h='http://molisa.gov.vn/hoso/1.0'><data>{rows}</data></h:CapNhatTienDoHoSoMC>"
        );
        v11("", &body)
    };
    check(
        "h01",
        progress(&["H01-240426-0001", "H01.12-240426-0001"]),
        "called with a key",
        "Decode h01 via - op [CapNhatTienDoHoSoMC] id -",
    );
    check(
        "h01",
        progress(&["H01-240426-0001", "H02-240426-0001"]),
        "forbidden /CapNhatTienDoHoSoMC/data/TienDo[2]/MaHoSo 3 right.agency",
        "Permit h01 via - op [CapNhatTienDoHoSoMC] id -",
    );
    check(
        "h01",
        progress(&["H02"]),
        "invalid_schema /CapNhatTienDoHoSoMC/data/TienDo/MaHoSo 2 cvc-pattern-valid",
        "Decode h01 via - op [CapNhatTienDoHoSoMC] id -",
    );
    check(
        "server",
        v11(&x_road(("000.00.00.H01", "any"), "TraCuuHoSo", "7"), &format!("{LOOK_UP}<!--{}-->", "x".repeat(4096))),
        "limit_bytes",
        "Permit h01 via server op [] id 7",
    );
}

#[test]
fn a_message_is_no_deeper_and_no_longer_than_its_partners_schema_allows() {
    let inbound = inbound();
    let deep = |depth: usize| {
        let header = format!("<u:x xmlns:u='urn:u'>{}{}</u:x>", "<u:x>".repeat(depth - 3), "</u:x>".repeat(depth - 3));
        told(&send(&inbound, "h56", "text/xml", envelope(Version::Soap11, &header, LOOK_UP)))
    };
    let depth_max = inbound.faces[0].limits.depth_max;
    assert!(depth_max < inbound.limits.xml.depth_max, "the schema's bound is the tighter one");
    assert_eq!(deep(depth_max as usize), "called with no key");
    assert_eq!(deep(depth_max as usize + 1), "limit_depth - 1 depth_max");
    // Its lists of dossiers and steps have no end.
    assert_eq!(inbound.faces[0].limits.elements_max, inbound.limits.xml.elements_max);
}

#[test]
fn a_message_is_read_in_every_encoding_that_soap_allows() {
    let inbound = inbound();
    let text = envelope(Version::Soap11, "", LOOK_UP);
    let utf_16 = |unit: fn(u16) -> [u8; 2], mark: &str| {
        format!("{mark}{text}").encode_utf16().flat_map(unit).collect::<Vec<u8>>()
    };
    for (kind, bytes) in [
        ("text/xml; charset=utf-8", text.clone().into_bytes()),
        ("text/xml", format!("\u{FEFF}{text}").into_bytes()),
        ("text/xml", format!("\u{FEFF}<?xml version='1.0' encoding='UTF-8'?>{text}").into_bytes()),
        ("text/xml; charset=UTF-16", utf_16(u16::to_le_bytes, "\u{FEFF}")),
        ("text/xml; charset=\"utf-16\"", utf_16(u16::to_be_bytes, "\u{FEFF}")),
        ("text/xml", utf_16(u16::to_be_bytes, "\u{FEFF}<?xml version='1.0' encoding='UTF-16'?>")),
    ] {
        let outcome = send(&inbound, "h56", kind, bytes);
        assert_eq!(told(&outcome), "called with no key", "{kind}");
    }
    let lying = send(&inbound, "h56", "text/xml; charset=utf-16", text.into_bytes());
    assert_eq!(told(&lying).split(' ').next(), Some("invalid_xml"), "R1018: the charset must tell the truth");
}

#[test]
fn the_key_is_the_same_for_a_repeat_and_for_nothing_else() {
    let inbound = inbound();
    let key = |subject: &str, headers: &str, body: &str| {
        let outcome = send(&inbound, subject, "text/xml", envelope(Version::Soap11, headers, body));
        let prepared = outcome.result.unwrap_or_else(|fault| panic!("{fault:?}"));
        let key = prepared.metadata.get("idempotency-key").expect("a key").to_str().expect("ASCII").to_owned();
        assert!(key.len() <= 200);
        key
    };
    let by_id = |client, id: &str| x_road(client, "RutHoSo", id);
    let other = &WITHDRAW.replace("0001", "0002");
    let first = key("h56", &by_id(H56, "1"), WITHDRAW);
    assert_eq!(first, key("h56", &by_id(H56, "1"), WITHDRAW));
    assert_eq!(first, key("server", &by_id(H56, "1"), WITHDRAW), "through an intermediary it is the same member's");
    assert_eq!(first, key("h56", &by_id(H56, "1"), other), "the service sees that the content differs");
    assert_ne!(first, key("h56", &by_id(H56, "2"), WITHDRAW));
    let by_values = key("h56", "", WITHDRAW);
    assert_ne!(first, by_values);
    assert_eq!(by_values, key("h56", "", WITHDRAW));
    assert_ne!(by_values, key("h56", "", other));
    assert_ne!(by_values, key("server", "", WITHDRAW), "another member's");
}

#[test]
fn the_service_learns_who_asks_and_by_which_message() {
    let inbound = inbound();
    let fields = x_road(H56, "TraCuuHoSo", "đ 1%");
    let version = "</i:serviceCode><i:serviceVersion>v1.2</i:serviceVersion>";
    let with_all =
        fields.replace("</i:serviceCode>", version).replace("<x:userId>", "<x:issue>đơn 7</x:issue><x:userId>");
    let message = envelope(Version::Soap11, &with_all, LOOK_UP);
    let outcome = send(&inbound, "server", "text/xml", message);
    let metadata = outcome.result.unwrap_or_else(|fault| panic!("{fault:?}")).metadata;
    let ascii = |name: &str| metadata.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert_eq!(ascii("lienthong-member"), "h56");
    assert_eq!(ascii("lienthong-partner"), "hoso");
    assert_eq!(ascii("lienthong-message-id"), "%C4%91%201%25");
    assert!(ascii("traceparent").contains(&outcome.trace));
    let user = metadata.get_bin("lienthong-user-id-bin").expect("a user").to_bytes().expect("bytes");
    assert_eq!(user, "VN-Nguyễn");
    let issue = metadata.get_bin("lienthong-issue-bin").expect("an issue").to_bytes().expect("bytes");
    assert_eq!(issue, "đơn 7");
    assert_eq!(ascii("lienthong-service-version"), "v1.2");
    let without = send(&inbound, "server", "text/xml", envelope(Version::Soap11, &fields, LOOK_UP));
    let metadata = without.result.unwrap_or_else(|fault| panic!("{fault:?}")).metadata;
    assert!(metadata.get_bin("lienthong-issue-bin").is_none());
    assert!(metadata.get("lienthong-service-version").is_none());
}

#[test]
fn a_fault_goes_out_in_the_version_and_with_the_headers_of_its_question() {
    let inbound = inbound();
    let write = |content_type: &str, message: String| {
        let outcome = send(&inbound, "h56", content_type, message);
        let fault = outcome.result.expect_err("a fault");
        let context = Context { trace: "t", language: Language::English, x_road: outcome.manner.x_road };
        String::from_utf8(fault.write(&outcome.manner.reply, context)).expect("UTF-8")
    };
    let bad = LOOK_UP.replace("MaHoSo>", "MaSo>");
    let text = write("text/xml", envelope(Version::Soap12, "", &bad));
    assert!(text.contains("<env:Value>env:Sender</env:Value>"), "the envelope has the last word: {text}");
    let text = write("application/soap+xml", "nonsense".to_owned());
    assert!(text.contains("<env:Value>env:Sender</env:Value>"), "nothing but the media type is known: {text}");
    let text = write("text/xml", envelope(Version::Soap11, &x_road(H56, "TraCuuHoSo", "7"), &bad));
    assert!(text.contains("<faultcode>soapenv:Client.InvalidBody</faultcode>"), "{text}");
    assert!(text.contains("<x:id>7</x:id>"), "{text}");
    let text = write("text/xml", envelope(Version::Soap11, "<x:id>7</x:id>", &bad));
    assert!(text.contains("<faultcode>soapenv:Client.MissingHeaderField</faultcode>"), "{text}");
}

#[tokio::test]
async fn a_refusal_of_the_service_is_an_answer_where_the_contract_has_a_place_for_it() {
    let inbound = inbound();
    let partner = &inbound.faces[0].partner;
    let outcome =
        send(&inbound, "h56", "text/xml", envelope(Version::Soap11, &x_road(H56, "TraCuuHoSo", "7"), LOOK_UP));
    let operation = outcome.result.as_ref().unwrap_or_else(|fault| panic!("{fault:?}")).operation;
    let refuse = async |status: i32, reason: &str| {
        let failure =
            Failure {
                status, reason: reason.to_owned(), message: "Không có hồ sơ".to_owned(), cause: String::new()
            };
        match Written::refusal(partner, operation, failure, &outcome.manner.reply) {
            Ok(written) => {
                let mut entry = Entry::begin(Trace::of(&HeaderMap::new()), inbound.metrics.clone());
                let answer = Answer::Message(Box::new(Manner::of_media(Version::Soap11)), Ok(written));
                let response = answer::respond(answer, None, &mut entry, &inbound, &http::Method::POST).await;
                response.status().to_string()
            }
            Err(fault) => format!("{} {}", fault.code().as_str(), fault.cause_chain().unwrap_or_default()),
        }
    };
    assert_eq!(refuse(5, "UNKNOWN_DOSSIER").await, "200 OK");
    assert_eq!(refuse(6, "ID_CONFLICT").await, "id_conflict gRPC status 6 ID_CONFLICT");
    assert_eq!(refuse(14, "").await, "unavailable gRPC status 14");
    assert_eq!(refuse(4, "").await, "timeout gRPC status 4");
    assert_eq!(refuse(13, "").await, "internal gRPC status 13");
}

#[tokio::test]
async fn a_service_that_is_not_there_is_unavailable() {
    let inbound = inbound();
    let mut outcome = send(&inbound, "h56", "text/xml", envelope(Version::Soap11, "", LOOK_UP));
    let prepared = outcome.result.unwrap_or_else(|fault| panic!("{fault:?}"));
    let mut entry = Entry::begin(Trace::of(&HeaderMap::new()), inbound.metrics.clone());
    let fault = inbound
        .answer_to(&inbound.faces[0], prepared, None, &mut outcome.manner, &mut entry)
        .await
        .expect_err("nobody is there");
    assert_eq!(fault.code().as_str(), "unavailable", "{fault:?}");
}
