//! Drafts compile at once, and messages come back as they went.

mod chance;
mod contracts;
mod exporting;
mod importing;

use std::fs;
use std::path::{Path, PathBuf};

use prost_reflect::prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use tempfile::TempDir;

use super::import::{self, Contract, Wishes};
use super::{Out, Written};
use crate::binding::plan::{HeaderProtocol, OperationId, Partner};
use crate::problem::Problems;
use crate::transcode;
use crate::xml::limits::Limits;
use crate::xml::tape::{NodeId, Tape};
use crate::xml::writer::Writer;

/// A draft in its folder, compiled.
struct Draft {
    dir: TempDir,
    partner: Partner,
    pool: DescriptorPool,
    written: Written,
    /// What was said besides.
    said: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn out(dir: &Path) -> Out {
    Out { dir: dir.to_path_buf(), force: false }
}

/// Imports a contract into a new folder.
fn imported(contract: &Contract, headers: Option<HeaderProtocol>) -> Draft {
    let dir = TempDir::new().expect("a temporary directory can be made");
    let mut problems = Problems::new();
    let wishes = Wishes { headers, ..Wishes::default() };
    let written = import::import(contract, &wishes, &out(dir.path()), &mut problems);
    let written = written.unwrap_or_else(|| panic!("{problems}"));
    assert!(!problems.has_errors(), "{problems}");
    let proto = vec![dir.path().join("proto")];
    compiled(dir, &proto, written, problems)
}

fn compiled(dir: TempDir, proto: &[PathBuf], written: Written, said: Problems) -> Draft {
    let mut problems = Problems::new();
    let pool = crate::proto::load(proto, &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let pools = [pool];
    let partner = Partner::compile("draft", &dir.path().join("binding.toml"), &pools, &mut problems);
    let partner = partner.unwrap_or_else(|| panic!("{problems}"));
    let [pool] = pools;
    let said = said.to_string().replace(&format!("{}/", root().display()), "");
    Draft { dir, partner, pool, written, said }
}

impl Draft {
    fn operation(&self, name: &str) -> OperationId {
        self.partner.operation(&self.partner.namespace, name).unwrap_or_else(|| panic!("no operation {name}"))
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The wire bytes of a document that the contract accepts; the operation, and whether it is its answer.
    fn decoded(&self, xml: &str) -> (OperationId, bool, Vec<u8>) {
        let tape = Tape::parse(xml, &Limits::default()).unwrap_or_else(|error| panic!("{error}: {xml}"));
        let local = tape.local(tape.root());
        let is_answer = local.ends_with("Response");
        let id = self.operation(local.strip_suffix("Response").unwrap_or(local));
        let mut wire = Vec::new();
        let read = match is_answer {
            true => transcode::decode_answer(&self.partner, id, &tape, tape.root(), &mut wire),
            false => transcode::decode(&self.partner, id, &tape, tape.root(), &mut wire),
        };
        read.unwrap_or_else(|error| panic!("{error}: {xml}"));
        (id, is_answer, wire)
    }

    /// XML → wire → XML: the same document.
    fn comes_back(&self, xml: &str) {
        let (id, is_answer, wire) = self.decoded(xml);
        let mut writer = Writer::default();
        let written = match is_answer {
            true => transcode::encode(&self.partner, id, &wire, &mut writer),
            false => transcode::encode_request(&self.partner, id, &wire, &mut writer),
        };
        written.unwrap_or_else(|error| panic!("{error}: {xml}"));
        let back = String::from_utf8(writer.into_bytes()).expect("UTF-8");
        assert_eq!(canonical(&back), canonical(xml), "{back}");
    }

    /// Wire → XML → wire, for the request and the answer of every operation: the same message.
    fn carries(&self, make: impl Fn(&MessageDescriptor) -> Vec<DynamicMessage>) -> usize {
        let mut count = 0;
        for (at, operation) in self.partner.operations.iter().enumerate() {
            let id = OperationId(at as u16);
            let (service, method) = operation.method[1..].split_once('/').expect("a path");
            let service = self.pool.get_service_by_name(service).expect("the service is there");
            let method = service.methods().find(|one| one.name() == method).expect("the method is there");
            for (descriptor, is_request) in [(method.input(), true), (method.output(), false)] {
                for message in make(&descriptor) {
                    let (wire, mut writer) = (message.encode_to_vec(), Writer::default());
                    let written = match is_request {
                        true => transcode::encode_request(&self.partner, id, &wire, &mut writer),
                        false => transcode::encode(&self.partner, id, &wire, &mut writer),
                    };
                    written.unwrap_or_else(|error| panic!("{}: {error}: {message}", operation.name));
                    let xml = String::from_utf8(writer.into_bytes()).expect("UTF-8");
                    let tape = Tape::parse(&xml, &Limits::default()).expect("well-formed");
                    let mut again = Vec::new();
                    let read = match is_request {
                        true => transcode::decode(&self.partner, id, &tape, tape.root(), &mut again),
                        false => transcode::decode_answer(&self.partner, id, &tape, tape.root(), &mut again),
                    };
                    read.unwrap_or_else(|error| panic!("{error}: {xml}"));
                    let again = DynamicMessage::decode(descriptor.clone(), &*again).expect("protobuf");
                    assert_eq!(again.encode_to_vec(), wire, "{xml}");
                    count += 1;
                }
            }
        }
        count
    }
}

/// A document by what counts: expanded names, attributes in order, text; prefixes and space between elements do not.
fn canonical(xml: &str) -> String {
    fn write(tape: &Tape<'_>, node: NodeId, depth: usize, text: &mut String) {
        let name = |namespace: &str, local: &str| format!("{{{namespace}}}{local}");
        let mut attributes: Vec<String> = tape
            .attributes(node)
            .map(|one| {
                let name = name(tape.namespace_name(one.namespace), one.local);
                format!(" {name}={:?}", tape.attribute_value(one.index))
            })
            .collect();
        attributes.sort();
        let own = name(tape.namespace_name(tape.namespace(node)), tape.local(node));
        let value = tape.text(node);
        let value = if tape.child_elements(node).next().is_some() { "" } else { &*value };
        text.push_str(&format!("{}{own}{} {value:?}\n", "  ".repeat(depth), attributes.concat()));
        tape.child_elements(node).for_each(|child| write(tape, child, depth + 1, text));
    }
    let tape = Tape::parse(xml, &Limits::default()).expect("well-formed");
    let mut text = String::new();
    write(&tape, tape.root(), 0, &mut text);
    text
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a temporary directory can be made");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("below the folder")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    }
    folder
}
