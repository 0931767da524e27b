//! Small steps over the elements of a Security header, each with its bound.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::WSU;
use super::error::{Error, Kind};
use crate::xml::XML_NAMESPACE;
use crate::xml::tape::{NodeId, Tape};

/// Child elements of one element, to be taken in order.
pub(super) struct Nodes<'t, 'a> {
    tape: &'t Tape<'a>,
    parent: NodeId,
    nodes: SmallVec<[NodeId; 8]>,
    next: usize,
}

impl<'t, 'a> Nodes<'t, 'a> {
    /// The child elements of `parent`; refuses text between them, and more than `max` of them.
    pub(super) fn of(tape: &'t Tape<'a>, parent: NodeId, what: &'static str, max: usize) -> Result<Self, Error> {
        let mut nodes = SmallVec::new();
        for node in tape.children(parent) {
            if tape.is_element(node) {
                if nodes.len() == max {
                    return Err(Error::at(tape, node, Kind::TooMany { what, max }));
                }
                nodes.push(node);
            } else if !tape.is_blank(node) {
                return Err(Error::at(tape, node, Kind::Malformed("elements without text between them")));
            }
        }
        Ok(Self { tape, parent, nodes, next: 0 })
    }

    /// The next one if it has this name.
    pub(super) fn optional(&mut self, namespace: &str, local: &str) -> Option<NodeId> {
        let node = *self.nodes.get(self.next)?;
        is_named(self.tape, node, namespace, local).then(|| {
            self.next += 1;
            node
        })
    }

    /// The next one, which must have this name; `asks` says so.
    pub(super) fn required(&mut self, namespace: &str, local: &str, asks: &'static str) -> Result<NodeId, Error> {
        let at = self.nodes.get(self.next).copied().unwrap_or(self.parent);
        self.optional(namespace, local).ok_or_else(|| Error::at(self.tape, at, Kind::Malformed(asks)))
    }

    /// Any next one.
    pub(super) fn any(&mut self) -> Option<NodeId> {
        let node = self.nodes.get(self.next).copied();
        self.next += usize::from(node.is_some());
        node
    }

    /// Refuses what is left.
    pub(super) fn end(self, profile: &'static str) -> Result<(), Error> {
        match self.nodes.get(self.next) {
            Some(&node) => Err(Error::at(self.tape, node, Kind::Unsupported(profile))),
            None => Ok(()),
        }
    }
}

/// Whether an element has this name.
pub(super) fn is_named(tape: &Tape<'_>, node: NodeId, namespace: &str, local: &str) -> bool {
    tape.local(node) == local && tape.namespace_name(tape.namespace(node)) == namespace
}

/// The value of `Algorithm`; empty where there is none.
pub(super) fn algorithm<'a>(tape: &Tape<'a>, node: NodeId) -> Cow<'a, str> {
    tape.attribute(node, "", "Algorithm").unwrap_or_default()
}

/// The ids of an element: `wsu:Id`, `xml:id`, `Id` (XML Signature's own, and what old SOAP stacks give to a Body).
///
/// An unprefixed `id` is business data more often than an id.
pub(super) fn ids<'a>(tape: &Tape<'a>, node: NodeId) -> impl Iterator<Item = Cow<'a, str>> {
    tape.attributes(node).filter_map(|attribute| {
        let namespace = tape.namespace_name(attribute.namespace);
        let is_id = match attribute.local {
            "Id" => namespace == WSU || namespace.is_empty(),
            "id" => namespace == XML_NAMESPACE,
            _ => false,
        };
        is_id.then(|| tape.attribute_value(attribute.index))
    })
}

/// Text of an element without child elements, as base64 (RFC 4648 §4) with white space anywhere.
pub(super) fn base64(tape: &Tape<'_>, node: NodeId, bytes_max: usize) -> Result<Vec<u8>, Error> {
    let malformed = || Error::at(tape, node, Kind::Malformed("base64"));
    if tape.children(node).any(|child| tape.is_element(child)) {
        return Err(malformed());
    }
    let text = tape.text(node);
    // Four characters for three bytes, and a line break with indentation now and then.
    if text.len() > 3 * bytes_max {
        return Err(Error::at(tape, node, Kind::TooMany { what: "bytes", max: bytes_max }));
    }
    let compact: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let bytes = base64_simd::STANDARD.decode_to_vec(&compact).map_err(|_| malformed())?;
    if bytes.is_empty() || bytes.len() > bytes_max {
        return Err(Error::at(tape, node, Kind::TooMany { what: "bytes", max: bytes_max }));
    }
    Ok(bytes)
}
