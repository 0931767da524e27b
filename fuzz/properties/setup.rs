//! What several properties need: the shipped contracts, and how documents are compared.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use lienthong::binding::plan::Partner;
use lienthong::problem::Problems;
use lienthong::xml::limits::Limits;
use lienthong::xml::tape::{NodeId, Tape};
use prost_reflect::DescriptorPool;

/// The shipped contracts, compiled once.
pub struct Contracts {
    pub partners: Vec<Partner>,
    pub pool: DescriptorPool,
}

pub static CONTRACTS: LazyLock<Contracts> = LazyLock::new(|| {
    let mut problems = Problems::new();
    let pool = lienthong::proto::load(&[root().join("proto")], &mut problems).expect("the .proto files compile");
    let pools = [pool];
    let partners = ["hoso", "btxh", "lgsp"].map(|name| {
        let binding = root().join(format!("schemas/{name}/binding.toml"));
        Partner::compile(name, &binding, &pools, &mut problems).expect("the bindings compile")
    });
    let [pool] = pools;
    Contracts { partners: partners.into(), pool }
});

/// The repository: this crate's folder, or the one around it.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_root = here.join("schemas").is_dir();
    if is_root { here.to_path_buf() } else { here.join("..") }
}

/// Reads a document that must be well-formed, as we wrote it.
pub fn written(text: &str) -> Tape<'_> {
    // What is written may be somewhat longer than what was read.
    let limits = Limits { document_bytes_max: 64 << 20, attribute_bytes_max: 1 << 20, ..Limits::default() };
    Tape::parse(text, &limits).unwrap_or_else(|error| panic!("not well-formed: {error}\n{text}"))
}

/// Everything that a document says below a node: names, attributes, text; prefixes and spellings left out.
pub fn said(tape: &Tape<'_>, node: NodeId) -> Vec<String> {
    let mut all = Vec::new();
    say(tape, node, &mut all);
    all
}

fn say(tape: &Tape<'_>, node: NodeId, all: &mut Vec<String>) {
    all.push(format!("{{{}}}{}", tape.namespace_name(tape.namespace(node)), tape.local(node)));
    let attributes = tape.attributes(node).map(|attribute| {
        let value = tape.attribute_value(attribute.index);
        format!("@{{{}}}{}={value:?}", tape.namespace_name(attribute.namespace), attribute.local)
    });
    let mut attributes: Vec<String> = attributes.collect();
    // Their order means nothing.
    attributes.sort();
    all.append(&mut attributes);
    all.push(format!("{:?}", tape.text(node)));
    tape.child_elements(node).for_each(|child| say(tape, child, all));
    all.push("end".to_owned());
}
