//! Exclusive canonical form of a subtree (Exclusive XML Canonicalization 1.0, without comments).
//!
//! It is written from the same [`Tape`] that is decoded: what is hashed is what is read, there is no second parser for
//! a wrapped message to live in.
//!
//! * Nodes of the form come in document order, so one walk over the tape's indices writes it; cost is linear in the
//!   subtree, times the prefixes in scope, which [`super::limits::Limits::namespaces_max`] bounds.
//! * A namespace is declared where an element or attribute name of the output uses it and no output ancestor has
//!   declared the same: `rendered` is the stack of what ancestors declared. A prefix of the `PrefixList` is declared
//!   where it is in scope, used or not.
//! * Exclusive form leaves out declarations that only a value uses: whoever changes one changes what `xsi:type="p:T"`
//!   means, and not the form. Such a value is reported ([`Dangling`]).
//! * The tape has no comments, and messages have no processing instructions ([`super::limits`] refuses them): a tape
//!   read with [`super::limits::ProcessingInstructions::Skip`] must not be canonicalised.

use smallvec::SmallVec;

use super::tape::{NONE, NamespaceId};
use super::tape::{NodeId, Piece, Tape, XML};
use super::{XSI_NAMESPACE, text};

/// Appends the canonical form of the element `apex`, with all that is in it, to `out`.
///
/// `inclusive` is the `PrefixList` of `InclusiveNamespaces`, `""` for `#default`; prefixes that are not in scope have
/// no effect. Output: UTF-8, without XML declaration.
/// Errors: the form is written all the same, and does not say what an `xsi:type` in it means.
/// Source: Exclusive XML Canonicalization 1.0 §3; Canonical XML 1.0 §2.3 for order and escaping.
pub fn canonicalize(tape: &Tape<'_>, apex: NodeId, inclusive: &[&str], out: &mut Vec<u8>) -> Result<(), Dangling> {
    let mut writer = Writer { tape, inclusive, out, rendered: SmallVec::new(), open: SmallVec::new(), dangling: None };
    writer.start(apex, true);
    let mut node = apex + 1;
    while node < tape.end(apex) {
        writer.close_before(node);
        match tape.node(node).piece {
            Piece::Element => writer.start(node, false),
            _ => writer.text(node),
        }
        node += 1;
    }
    writer.close_before(tape.end(apex));
    writer.dangling.map_or(Ok(()), |node| Err(Dangling { node }))
}

/// An `xsi:type` whose prefix the canonical form does not declare, or declares otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the prefix of an xsi:type is not declared in the canonical form")]
pub struct Dangling {
    /// The first element with such an attribute.
    pub node: NodeId,
}

struct Writer<'t, 'a, 'o> {
    tape: &'t Tape<'a>,
    inclusive: &'o [&'o str],
    out: &'o mut Vec<u8>,
    /// Declarations in force in the output, innermost last.
    rendered: SmallVec<[Binding<'a>; 16]>,
    open: SmallVec<[Open<'a>; 16]>,
    dangling: Option<NodeId>,
}

type Binding<'a> = (&'a str, NamespaceId);

/// An element whose end tag is to come.
struct Open<'a> {
    name: &'a str,
    /// One past its last descendant.
    end: NodeId,
    /// How many declarations were in force before it.
    rendered: usize,
}

impl<'a> Writer<'_, 'a, '_> {
    /// Writes the end tags of elements that end before `node`.
    fn close_before(&mut self, node: NodeId) {
        while let Some(open) = self.open.last().filter(|open| open.end <= node) {
            self.out.extend_from_slice(b"</");
            self.out.extend_from_slice(open.name.as_bytes());
            self.out.push(b'>');
            self.rendered.truncate(open.rendered);
            self.open.pop();
        }
    }

    fn start(&mut self, node: NodeId, is_apex: bool) {
        let name = self.tape.qualified_name(node);
        let outer = self.rendered.len();
        self.out.push(b'<');
        self.out.extend_from_slice(name.as_bytes());
        self.declare(self.tape.prefix(node), self.tape.namespace(node));
        let mut attributes: SmallVec<[u32; 16]> = SmallVec::new();
        for attribute in self.tape.attributes(node) {
            attributes.push(attribute.index);
            // An attribute without prefix is in no namespace, whatever the default is.
            let prefix = self.tape.attribute_prefix(attribute.index);
            if !prefix.is_empty() {
                self.declare(prefix, attribute.namespace);
            }
        }
        self.declare_inclusive(node, is_apex);
        self.check_types(node);
        self.write_declarations(outer);
        self.write_attributes(attributes);
        self.out.push(b'>');
        self.open.push(Open { name, end: self.tape.end(node), rendered: outer });
    }

    /// Notes a declaration unless the output has the same in force.
    fn declare(&mut self, prefix: &'a str, namespace: NamespaceId) {
        // `xml` is bound by definition, and "no namespace" needs no declaration where no default is in force.
        if self.in_force(prefix) != namespace && namespace != XML {
            self.rendered.push((prefix, namespace));
        }
    }

    /// What a prefix means in the output.
    fn in_force(&self, prefix: &str) -> NamespaceId {
        let found = self.rendered.iter().rev().find(|&&(known, _)| known == prefix);
        found.map_or(NONE, |&(_, namespace)| namespace)
    }

    /// Whether an `xsi:type` means the same in the output as in the document.
    fn check_types(&mut self, node: NodeId) {
        for attribute in self.tape.attributes(node) {
            if attribute.local != "type" || self.tape.namespace_name(attribute.namespace) != XSI_NAMESPACE {
                continue;
            }
            let value = self.tape.attribute_value(attribute.index);
            let prefix = value.trim().split_once(':').map_or("", |(prefix, _)| prefix);
            if self.tape.resolve_prefix(node, prefix).is_some_and(|meant| meant != self.in_force(prefix)) {
                self.dangling.get_or_insert(node);
            }
        }
    }

    /// Prefixes of the list: at the apex all that are in scope, below it those whose binding changes.
    fn declare_inclusive(&mut self, node: NodeId, is_apex: bool) {
        if is_apex {
            for (prefix, namespace) in self.tape.scope(node) {
                if self.inclusive.contains(&prefix) {
                    self.declare(prefix, namespace);
                }
            }
        } else if !self.inclusive.is_empty() {
            for (prefix, namespace) in self.tape.declarations(node) {
                if self.inclusive.contains(&prefix) {
                    self.declare(prefix, namespace);
                }
            }
        }
    }

    /// This element's declarations, in the order of their prefixes; the default comes first.
    fn write_declarations(&mut self, outer: usize) {
        self.rendered[outer..].sort_unstable_by_key(|&(prefix, _)| prefix);
        for &(prefix, namespace) in &self.rendered[outer..] {
            self.out.extend_from_slice(if prefix.is_empty() { b" xmlns" } else { b" xmlns:" });
            self.out.extend_from_slice(prefix.as_bytes());
            self.out.extend_from_slice(b"=\"");
            escape(self.out, self.tape.namespace_name(namespace), Escapes::Attribute);
            self.out.push(b'"');
        }
    }

    /// Attributes in the order of namespace name and local name.
    fn write_attributes(&mut self, mut attributes: SmallVec<[u32; 16]>) {
        let tape = self.tape;
        attributes.sort_unstable_by_key(|&index| {
            let attribute = tape.attribute_at(index);
            (tape.namespace_name(attribute.namespace), attribute.local)
        });
        for index in attributes {
            self.out.push(b' ');
            self.out.extend_from_slice(tape.attribute_name(index).as_bytes());
            self.out.extend_from_slice(b"=\"");
            escape(self.out, &tape.attribute_value(index), Escapes::Attribute);
            self.out.push(b'"');
        }
    }

    fn text(&mut self, node: NodeId) {
        let raw = self.tape.text_source(node);
        match self.tape.node(node).piece {
            Piece::Element => {}
            Piece::Blank => self.out.extend_from_slice(raw.as_bytes()),
            Piece::Plain => escape(self.out, raw, Escapes::Text),
            Piece::LineEnds | Piece::Cdata => {
                let mut normalized = String::with_capacity(raw.len());
                text::push_normalized(&mut normalized, raw);
                escape(self.out, &normalized, Escapes::Text);
            }
            Piece::Run => escape(self.out, &text::of_run(raw), Escapes::Text),
            Piece::Reference(c) => escape(self.out, c.encode_utf8(&mut [0; 4]), Escapes::Text),
        }
    }
}

/// What must be escaped where (Canonical XML 1.0 §2.3).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    Text,
    Attribute,
}

fn escape(out: &mut Vec<u8>, value: &str, escapes: Escapes) {
    let bytes = value.as_bytes();
    let mut plain_from = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if !SPECIAL[usize::from(byte)] {
            continue;
        }
        let escape: &[u8] = match (byte, escapes) {
            (b'&', _) => b"&amp;",
            (b'<', _) => b"&lt;",
            (b'>', Escapes::Text) => b"&gt;",
            (b'\r', _) => b"&#xD;",
            (b'"', Escapes::Attribute) => b"&quot;",
            (b'\t', Escapes::Attribute) => b"&#x9;",
            (b'\n', Escapes::Attribute) => b"&#xA;",
            _ => continue,
        };
        out.extend_from_slice(&bytes[plain_from..at]);
        out.extend_from_slice(escape);
        plain_from = at + 1;
    }
    out.extend_from_slice(&bytes[plain_from..]);
}

const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let special = b"&<>\r\"\t\n";
    let mut at = 0;
    while at < special.len() {
        table[special[at] as usize] = true;
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::limits::Limits;

    /// Canonicalises the element with the attribute `apex`, or the root.
    #[track_caller]
    fn check(document: &str, inclusive: &[&str], expected: &str) {
        let tape = Tape::parse(document, &Limits::default()).expect("well-formed");
        let is_apex = |node: &NodeId| tape.attribute(*node, "", "apex").is_some();
        let elements = std::iter::once(tape.root()).chain(tape.descendants(tape.root()));
        let apex = elements.filter(|&node| tape.is_element(node)).find(is_apex).unwrap_or(tape.root());
        let mut out = Vec::new();
        canonicalize(&tape, apex, inclusive, &mut out).expect("no type is left hanging");
        assert_eq!(String::from_utf8(out).expect("UTF-8"), expected, "{document}");
    }

    #[test]
    fn namespaces_are_declared_where_they_are_used() {
        check(
            "<n0:a xmlns:n0='urn:0' xmlns:n1='urn:1'><n1:b apex='' xmlns:n3='urn:3'><n0:c/><d xmlns='urn:d'/></n1:b></n0:a>",
            &[],
            "<n1:b xmlns:n1=\"urn:1\" apex=\"\"><n0:c xmlns:n0=\"urn:0\"></n0:c><d xmlns=\"urn:d\"></d></n1:b>",
        );
        check(
            "<a xmlns='urn:a'><b xmlns=''><c xmlns='urn:a'/><d/></b></a>",
            &[],
            "<a xmlns=\"urn:a\"><b xmlns=\"\"><c xmlns=\"urn:a\"></c><d></d></b></a>",
        );
        check("<a xmlns=''><b xmlns=''/></a>", &[], "<a><b></b></a>");
        check(
            "<p:a xmlns:p='urn:1'><p:b xmlns:p='urn:2'/><p:c/></p:a>",
            &[],
            "<p:a xmlns:p=\"urn:1\"><p:b xmlns:p=\"urn:2\"></p:b><p:c></p:c></p:a>",
        );
        check("<a xml:lang='vi' xmlns:xml='http://www.w3.org/XML/1998/namespace'/>", &[], "<a xml:lang=\"vi\"></a>");
    }

    #[test]
    fn listed_prefixes_are_declared_where_they_are_in_scope() {
        let document =
            "<a xmlns='urn:d' xmlns:p='urn:p'><q:b apex='' xmlns:q='urn:q'><q:c xmlns:p='urn:other'/></q:b></a>";
        check(
            document,
            &["p"],
            "<q:b xmlns:p=\"urn:p\" xmlns:q=\"urn:q\" apex=\"\"><q:c xmlns:p=\"urn:other\"></q:c></q:b>",
        );
        check(document, &["", "nobody"], "<q:b xmlns=\"urn:d\" xmlns:q=\"urn:q\" apex=\"\"><q:c></q:c></q:b>");
    }

    #[test]
    fn a_type_whose_prefix_is_not_in_the_form_is_reported() {
        let dangles = |document: &str, inclusive: &[&str]| {
            let tape = Tape::parse(document, &Limits::default()).expect("well-formed");
            let first = tape.child_elements(tape.root()).next().expect("a child");
            canonicalize(&tape, first, inclusive, &mut Vec::new()).is_err()
        };
        let with = |root: &str, child: &str| {
            format!("<r xmlns:i='http://www.w3.org/2001/XMLSchema-instance' {root}>{child}</r>")
        };
        let prefixed = "<a i:type='p:T'/>";
        assert!(dangles(&with("xmlns:p='urn:p'", prefixed), &[]), "declared outside, used by the value alone");
        assert!(!dangles(&with("xmlns:p='urn:p'", prefixed), &["p"]), "listed");
        assert!(!dangles(&with("xmlns:p='urn:p'", "<p:a i:type='p:T'/>"), &[]), "used by a name");
        assert!(dangles(&with("", "<a xmlns:p='urn:p' i:type='p:T'/>"), &[]), "declared inside, not in the form");
        assert!(!dangles(&with("", "<a i:type='T'/>"), &[]), "in no namespace");
        assert!(!dangles(&with("xmlns='urn:d'", "<a i:type='T'/>"), &[]), "in the default one");
        assert!(dangles(&with("xmlns='urn:d' xmlns:p='urn:p'", "<p:a i:type='T'/>"), &[]), "in a default nobody uses");
    }

    #[test]
    fn attributes_are_sorted_by_namespace_name_then_local_name() {
        check(
            "<e b:x='1' a:x='2' z='3' y='4' xmlns:b='urn:1' xmlns:a='urn:2'/>",
            &[],
            "<e xmlns:a=\"urn:2\" xmlns:b=\"urn:1\" y=\"4\" z=\"3\" b:x=\"1\" a:x=\"2\"></e>",
        );
    }

    #[test]
    fn values_are_normalised_and_escaped() {
        check(
            "<a v='&lt;&#9;&#10;&#13;\"&gt;\t\n'>x>&lt;&#13;\r\n\"<![CDATA[<&>\r\n]]><!-- gone -->&#65;</a>",
            &[],
            "<a v=\"&lt;&#x9;&#xA;&#xD;&quot;>  \">x&gt;&lt;&#xD;\n\"&lt;&amp;&gt;\nA</a>",
        );
        check("<a xmlns='urn:a&amp;b'/>", &[], "<a xmlns=\"urn:a&amp;b\"></a>");
    }
}
