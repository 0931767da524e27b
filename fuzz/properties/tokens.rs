//! Whatever the reader accepts means the same when it is written again, and when its text is read again.

use lienthong::xml::encoding::to_utf8;
use lienthong::xml::limits::Limits;
use lienthong::xml::tape::{NamespaceId, NodeId, NodeKind, Tape};
use lienthong::xml::writer::Writer;

use super::setup::{said, written};

/// Reads bytes as a message; nothing panics.
pub fn hold(bytes: &[u8]) {
    let Ok(text) = to_utf8(bytes, None) else { return };
    let Ok(tape) = Tape::parse(&text, &Limits::default()) else { return };
    let found = said(&tape, tape.root());
    let echoed = written(&text[tape.span(tape.root())]);
    assert_eq!(found, said(&echoed, echoed.root()), "read again");
    let mut out = Writer::default();
    write(&tape, tape.root(), &mut out);
    let again = String::from_utf8(out.into_bytes()).expect("the writer writes UTF-8");
    let again = written(&again);
    assert_eq!(found, said(&again, again.root()), "written again");
    for node in 0..tape.end(tape.root()) {
        assert!(tape.end(node) <= tape.end(tape.parent(node).unwrap_or(0)), "a child ends before its parent");
    }
}

fn write(tape: &Tape<'_>, node: NodeId, out: &mut Writer) {
    let name = qualified(tape.prefix(node), tape.local(node));
    out.start(&name);
    for (prefix, namespace) in tape.declarations(node) {
        let declared = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
        out.attribute(&declared, tape.namespace_name(namespace));
    }
    for attribute in tape.attributes(node) {
        let prefix = prefix_of(tape, node, attribute.namespace);
        out.attribute(&qualified(&prefix, attribute.local), &tape.attribute_value(attribute.index));
    }
    for child in tape.children(node) {
        match tape.kind(child) {
            NodeKind::Element => write(tape, child, out),
            NodeKind::Text => {}
        }
    }
    // Order among text and elements is not compared: each element's text is one.
    out.text(&tape.text(node));
    out.end(&name);
}

fn qualified(prefix: &str, local: &str) -> String {
    if prefix.is_empty() { local.to_owned() } else { format!("{prefix}:{local}") }
}

/// A prefix that an attribute of this namespace may have here.
fn prefix_of(tape: &Tape<'_>, node: NodeId, namespace: NamespaceId) -> String {
    match tape.namespace_name(namespace) {
        "" => String::new(),
        "http://www.w3.org/XML/1998/namespace" => "xml".to_owned(),
        _ => {
            let scope = tape.scope(node);
            let bound = scope.iter().find(|(prefix, bound)| !prefix.is_empty() && *bound == namespace);
            bound.expect("an attribute's namespace is bound to a prefix").0.to_owned()
        }
    }
}
