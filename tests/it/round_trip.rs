//! Nothing is lost on the way: every operation of every binding, XML to protobuf and back, with generated messages.
//!
//! * protobuf → XML → protobuf is the same message, and its XML the same bytes.
//! * XML → protobuf → XML has the same values in the same places, but for what docs/binding.md says: white space that the
//!   type collapses, other lexical forms of a value, defaults, empty elements that mean absent, what `ignore` lists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::ToSpan;
use lienthong::binding::plan::{OperationId, Partner};
use lienthong::problem::Problems;
use lienthong::schema::model::{Content, ElementId, Kind, LeafTerm, Schema, TypeId};
use lienthong::schema::value::Primitive;
use lienthong::transcode::{self, Invalid};
use lienthong::xml::limits::Limits;
use lienthong::xml::tape::{NodeId, NodeKind, Tape};
use lienthong::xml::writer::Writer;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};
use regex::{Captures, Regex};

use crate::generator::Generator;

/// A binding with all that is around it.
struct Contract {
    partner: Partner,
    pool: DescriptorPool,
    /// Local names in `ignore` lists, and of the outcome, which is no part of the message.
    ignored: BTreeSet<String>,
    /// Elements whose texts the schema leaves open and the binding does not: name, how it is written, what it may hold.
    filled: Vec<(String, Regex, &'static [&'static str])>,
    seed: u64,
}

/// Which wrapper of an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Request,
    Answer,
}

#[test]
fn generated_messages_of_every_operation_come_back_as_they_went() {
    for (proto, binding) in [
        ("proto", "schemas/hoso/binding.toml"),
        ("proto", "schemas/btxh/binding.toml"),
        ("proto", "schemas/lgsp/binding.toml"),
        ("tests/contracts/library/proto", "tests/contracts/library/binding.toml"),
    ] {
        let mut contract = Contract::load(proto, binding);
        for operation in 0..contract.partner.operations.len() as u16 {
            contract.check(OperationId(operation), Side::Request);
            contract.check(OperationId(operation), Side::Answer);
        }
    }
}

impl Contract {
    fn load(proto: &str, binding: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut problems = Problems::new();
        let pool = lienthong::proto::load(&[root.join(proto)], &mut problems).unwrap_or_else(|| panic!("{problems}"));
        let pools = [pool];
        let file: PathBuf = root.join(binding);
        let partner = Partner::compile("test", &file, &pools, &mut problems).unwrap_or_else(|| panic!("{problems}"));
        let [pool] = pools;
        let names: BTreeSet<String> = partner.schema.elements.iter().map(|e| e.name.local.to_string()).collect();
        let filled = names.into_iter().filter_map(|local| {
            let choices = choices(&local, partner.namespace.is_empty())?;
            let written = Regex::new(&format!("(?s)<{local}(?:\\s[^>]*)?(?:/>|>.*?</{local}>)")).expect("a pattern");
            Some((local, written, choices))
        });
        let filled = filled.collect();
        Self { partner, pool, ignored: ignored(&file), filled, seed: 0 }
    }

    /// Generates until enough messages were carried; most are refused where texts must be times or codes.
    fn check(&mut self, operation: OperationId, side: Side) {
        let (mut carried, mut refused) = (0, None);
        let declared = self.partner.operation_of(operation);
        let root = match side {
            Side::Request => declared.request_element,
            Side::Answer => declared.answer_element,
        };
        let name = self.partner.schema.element_of(root).name.local.to_string();
        for _ in 0..ATTEMPTS {
            if carried == MESSAGES {
                break;
            }
            self.seed += 1;
            let message = Generator::new(&self.partner.schema, self.seed).message(root);
            if !message.broken.is_empty() {
                continue;
            }
            let message = self.sensible(&message.text);
            match self.decode(operation, side, &message) {
                Ok(_) if ONE_WAY.contains(&&*name) => carried += 1,
                Ok(wire) => {
                    self.compare(operation, side, &message, &wire);
                    carried += 1;
                }
                // A valid message whose values do not convert: the 31st of February, a code that no list has.
                Err(error) => refused = Some(error),
            }
        }
        assert!(carried > 0, "{name}: no message was carried; the last was refused: {refused:?}");
    }

    fn compare(&self, operation: OperationId, side: Side, sent: &str, wire: &[u8]) {
        let back = self.encode(operation, side, wire).unwrap_or_else(|error| panic!("{error}\n{sent}"));
        let again = self.decode(operation, side, &back).unwrap_or_else(|error| panic!("{error:?}\n{sent}\n{back}"));
        let read = |wire: &[u8]| {
            let method = self.method(operation);
            let message = if side == Side::Request { method.input() } else { method.output() };
            DynamicMessage::decode(message, wire).expect("protobuf")
        };
        let (first, second) = (read(wire).to_string(), read(&again).to_string());
        assert_eq!(difference(&first, &second), None);
        let written = self.encode(operation, side, &again).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(difference(&written, &back), None);
        let (sent_values, values) = (self.values(sent), self.values(&back));
        if let Err((lost, invented)) = same(&sent_values, &values) {
            panic!("lost {lost:?}, invented {invented:?}\n{sent}\n{back}");
        }
    }

    fn decode(&self, operation: OperationId, side: Side, xml: &str) -> Result<Vec<u8>, Invalid> {
        let tape = Tape::parse(xml, &Limits::default()).expect("well-formed");
        let mut wire = Vec::new();
        match side {
            Side::Request => transcode::decode(&self.partner, operation, &tape, 0, &mut wire)?,
            Side::Answer => transcode::decode_answer(&self.partner, operation, &tape, 0, &mut wire)?,
        };
        Ok(wire)
    }

    fn encode(&self, operation: OperationId, side: Side, wire: &[u8]) -> Result<String, String> {
        let mut out = Writer::default();
        match side {
            Side::Request => transcode::encode_request(&self.partner, operation, wire, &mut out),
            Side::Answer => transcode::encode(&self.partner, operation, wire, &mut out),
        }
        .map_err(|error| error.to_string())?;
        Ok(String::from_utf8(out.into_bytes()).expect("UTF-8"))
    }

    fn method(&self, operation: OperationId) -> MethodDescriptor {
        let path = &self.partner.operation_of(operation).method;
        let (service, method) = path[1..].split_once('/').expect("a path");
        let service = self.pool.get_service_by_name(service).expect("a service");
        service.methods().find(|known| known.name() == method).expect("a method")
    }

    /// Texts and numbers that the binding reads as times, codes and documents, filled in as it wants them.
    fn sensible(&mut self, message: &str) -> String {
        let mut text = message.to_owned();
        for (local, written, choices) in &self.filled {
            let filled = written.replace_all(&text, |_: &Captures<'_>| {
                self.seed += 1;
                format!("<{local}>{}</{local}>", choices[(self.seed % choices.len() as u64) as usize])
            });
            text = filled.into_owned();
        }
        text
    }

    /// Path and value of everything that has a value, in document order; attributes by name.
    fn values(&self, xml: &str) -> Vec<(String, String)> {
        let tape = Tape::parse(xml, &Limits::default()).expect("well-formed");
        let schema = &self.partner.schema;
        let root = schema.element(tape.namespace_name(tape.namespace(0)), tape.local(0)).expect("a root");
        let mut found = Vec::new();
        self.collect(&tape, 0, root, String::new(), &mut found);
        found
    }

    fn collect(
        &self,
        tape: &Tape<'_>,
        node: NodeId,
        element: ElementId,
        above: String,
        found: &mut Vec<(String, String)>,
    ) {
        let schema = &self.partner.schema;
        let path = format!("{above}/{}", tape.local(node));
        let type_id = schema.element_of(element).type_id;
        match &schema.type_of(type_id).kind {
            Kind::Simple(_) => found.push((path, canonical(schema, type_id, &tape.text(node)))),
            Kind::Complex(complex) => {
                let mut attributes: Vec<(String, String)> = Vec::new();
                for attribute in &complex.attributes {
                    let value =
                        tape.attribute(node, schema.namespace_name(attribute.name.namespace), &attribute.name.local);
                    let path = format!("{path}/@{}", attribute.name.local);
                    attributes.extend(value.map(|value| (path, canonical(schema, attribute.type_id, &value))));
                }
                found.extend(attributes);
                match &complex.content {
                    Content::Simple(simple) => found.push((path, canonical(schema, *simple, &tape.text(node)))),
                    Content::Elements { model, .. } => {
                        let mut run = model.automaton.start();
                        for child in tape.children(node).filter(|&child| tape.kind(child) == NodeKind::Element) {
                            let namespace = schema.namespace(tape.namespace_name(tape.namespace(child)));
                            let leaf = model.automaton.step(&mut run, namespace, tape.local(child)).expect("valid");
                            let LeafTerm::Element(id) = model.leaves[leaf.0 as usize] else { continue };
                            if !self.ignored.contains(tape.local(child)) {
                                self.collect(tape, child, id, path.clone(), found);
                            }
                        }
                    }
                    Content::Empty => {}
                }
            }
        }
    }
}

/// What a binding reads of an element whose schema takes any text or number.
fn choices(local: &str, is_provincial: bool) -> Option<&'static [&'static str]> {
    Some(match local {
        "CertificateExtentData" => &["", DOCUMENT],
        _ if !is_provincial => return None,
        "Base64" => &["QUJD", "QQ=="],
        "Price" => &["20000.0", "5", "-7.000"],
        "Status" => &["0", "1", "10", "+4"],
        "ApplicantsType" => &["1", "04"],
        "ReturnedType" => &["0", "1"],
        "FeeType" => &["1", "2"],
        _ if local.contains("Date") => &["", "2024-02-29T23:59:59Z", "1999-12-31T00:00:00Z"],
        _ => return None,
    })
}

/// Whether two lists are the same but for defaults, which either may leave out: else what one lacks and the other has.
fn same(sent: &[(String, String)], back: &[(String, String)]) -> Result<(), (Vec<String>, Vec<String>)> {
    let is_default = |(_, value): &&(String, String)| matches!(value.as_str(), "" | "0" | "false" | "0.0");
    let plain = |list: &[(String, String)]| -> Vec<String> {
        list.iter().filter(|item| !is_default(item)).map(|(path, value)| format!("{path}={value}")).collect()
    };
    let (mut sent, mut back) = (plain(sent), plain(back));
    // Members of an xs:all, and branches of a repeated choice, are written in declared order.
    sent.sort();
    back.sort();
    if sent == back {
        return Ok(());
    }
    let lost = sent.iter().filter(|item| !back.contains(item)).cloned().collect();
    Err((lost, back.iter().filter(|item| !sent.contains(item)).cloned().collect()))
}

/// Where two texts differ first, with what is around.
fn difference(one: &str, other: &str) -> Option<(String, String)> {
    let at = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    let around = |text: &str| {
        String::from_utf8_lossy(&text.as_bytes()[at.saturating_sub(80)..text.len().min(at + 80)]).into_owned()
    };
    (one != other).then(|| (around(one), around(other)))
}

/// One of a value's lexical forms.
fn canonical(schema: &Schema, type_id: TypeId, text: &str) -> String {
    let value = schema.check(type_id, text.into()).map_or_else(|_| text.to_owned(), |value| value.into_owned());
    match schema.primitive(type_id) {
        Some(Primitive::Boolean) => matches!(value.as_str(), "1" | "true").to_string(),
        Some(Primitive::Integer) => value.parse::<i128>().map_or(value, |number| number.to_string()),
        Some(Primitive::Decimal | Primitive::Double | Primitive::Float) => {
            value.parse::<f64>().map_or(value, |number| if number == 0.0 { "0".into() } else { number.to_string() })
        }
        Some(Primitive::Base64Binary) => value.replace(' ', ""),
        Some(Primitive::HexBinary) => value.to_uppercase(),
        Some(Primitive::DateTime) => {
            let zoned = if value.ends_with('Z') || value.len() > 19 && value[19..].contains(['+', '-']) {
                value.clone()
            } else {
                format!("{value}Z")
            };
            // The end of a day is the start of the next.
            let (start, days) = if zoned.contains("T24:") { (zoned.replace("T24:", "T00:"), 1) } else { (zoned, 0) };
            let moment = start.parse::<jiff::Timestamp>().map(|moment| moment + days * 24.hours());
            moment.map_or(value, |moment| moment.to_string())
        }
        _ => value,
    }
}

fn ignored(binding: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(binding).expect("the binding is readable");
    let table: toml::Table = text.parse().expect("TOML");
    let mut names = BTreeSet::new();
    collect_ignored(&toml::Value::Table(table), &mut names);
    names
}

fn collect_ignored(value: &toml::Value, names: &mut BTreeSet<String>) {
    let toml::Value::Table(table) = value else { return };
    for (key, value) in table {
        match value {
            toml::Value::Array(list) if key == "ignore" => {
                names.extend(list.iter().filter_map(|name| name.as_str().map(str::to_owned)));
            }
            toml::Value::String(target) if target.starts_with('@') => drop(names.insert(key.clone())),
            value => collect_ignored(value, names),
        }
    }
}

/// Their schema requires elements that the ministry has no place for: they come in and cannot be written back.
const ONE_WAY: [&str; 2] = ["MSyncDocument", "MDocumentTraces"];
/// Messages of each wrapper.
const MESSAGES: usize = 6;
const ATTEMPTS: usize = 2000;
const DOCUMENT: &str = "&lt;ExtentData>&lt;DanhSachTaiLieuNop>&lt;TaiLieuNop>&lt;TenTepDinhKem>a&amp;amp;b.pdf&lt;/TenTepDinhKem>\
&lt;MaThanhPhanHoSo>M&lt;/MaThanhPhanHoSo>&lt;DuongDanTaiTepTin>https://a.example/&lt;/DuongDanTaiTepTin>&lt;/TaiLieuNop>\
&lt;/DanhSachTaiLieuNop>&lt;/ExtentData>";
