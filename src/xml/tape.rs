//! One document as a flat tape of records that point into the text.
//!
//! Skeleton: signatures fixed, see the room's owner.

use std::borrow::Cow;

use super::error::Error;
use super::limits::Limits;

/// Index of a node on its tape.
pub type NodeId = u32;

/// A namespace name of one document; equal ids mean equal names. 0 is "no namespace".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NamespaceId(pub u16);

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// An element; its descendants follow it on the tape up to [`Tape::end`].
    Element,
    /// Character data, a CDATA section or a reference: a piece of text.
    Text,
}

/// One attribute that is not a namespace declaration.
#[derive(Debug, Clone, Copy)]
pub struct Attribute<'a> {
    /// Its namespace; unprefixed attributes have none.
    pub namespace: NamespaceId,
    /// Its local name.
    pub local: &'a str,
    /// Index for [`Tape::attribute_value`].
    pub index: u32,
}

/// A well-formed document.
#[derive(Debug)]
pub struct Tape<'a> {
    text: &'a str,
}

impl<'a> Tape<'a> {
    /// Reads a whole document. Comments are dropped.
    pub fn parse(text: &'a str, limits: &Limits) -> Result<Self, Error> {
        let _ = limits;
        Ok(Self { text })
    }
    /// The document element.
    pub fn root(&self) -> NodeId {
        todo!()
    }
    /// What `node` is.
    pub fn kind(&self, node: NodeId) -> NodeKind {
        let _ = node;
        todo!()
    }
    /// Local name of an element.
    pub fn local(&self, node: NodeId) -> &'a str {
        let _ = node;
        todo!()
    }
    /// Prefix of an element as written; empty where there is none.
    pub fn prefix(&self, node: NodeId) -> &'a str {
        let _ = node;
        todo!()
    }
    /// Namespace of an element.
    pub fn namespace(&self, node: NodeId) -> NamespaceId {
        let _ = node;
        todo!()
    }
    /// Name of a namespace; empty for "no namespace".
    pub fn namespace_name(&self, id: NamespaceId) -> &str {
        let _ = id;
        todo!()
    }
    /// How many namespaces the document names, "no namespace" included: ids are below this.
    pub fn namespace_count(&self) -> usize {
        todo!()
    }
    /// Id of a namespace name, where the document names it.
    pub fn namespace_id(&self, name: &str) -> Option<NamespaceId> {
        let _ = name;
        todo!()
    }
    /// One past the last descendant of `node` (for a text node: the next node).
    pub fn end(&self, node: NodeId) -> NodeId {
        let _ = node;
        todo!()
    }
    /// The element that holds `node`; `None` for the root.
    pub fn parent(&self, node: NodeId) -> Option<NodeId> {
        let _ = node;
        todo!()
    }
    /// Child nodes, elements and text, in document order.
    pub fn children(&self, node: NodeId) -> Children<'_, 'a> {
        Children { tape: self, next: node + 1, end: self.end(node) }
    }
    /// Child elements in document order.
    pub fn child_elements(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.children(node).filter(|&child| self.kind(child) == NodeKind::Element)
    }
    /// Attributes of an element in document order, declarations left out.
    pub fn attributes(&self, node: NodeId) -> impl Iterator<Item = Attribute<'a>> + '_ {
        let _ = node;
        std::iter::empty()
    }
    /// An attribute's value, normalised as CDATA (XML 1.0 §3.3.3).
    pub fn attribute_value(&self, index: u32) -> Cow<'a, str> {
        let _ = index;
        todo!()
    }
    /// Value of the attribute with this name, if the element has it. `namespace` "" is "no namespace".
    pub fn attribute(&self, node: NodeId, namespace: &str, local: &str) -> Option<Cow<'a, str>> {
        let _ = (node, namespace, local);
        todo!()
    }
    /// Text of an element that holds no element: its pieces joined, references resolved, line ends
    /// normalised. Borrowed where the text is one plain piece. Text beside child elements is joined too.
    pub fn text(&self, node: NodeId) -> Cow<'a, str> {
        let _ = node;
        todo!()
    }
    /// Whether a text node is white space only.
    pub fn is_blank(&self, node: NodeId) -> bool {
        let _ = node;
        todo!()
    }
    /// Resolves a prefix in the scope of `node` ("" is the default namespace); `None` where it is not bound.
    /// For QNames in content (`xsi:type`, XSD's `type="xs:string"`, faultcode).
    pub fn resolve_prefix(&self, node: NodeId, prefix: &str) -> Option<NamespaceId> {
        let _ = (node, prefix);
        todo!()
    }
    /// Byte range of a node in the text, tags included.
    pub fn span(&self, node: NodeId) -> std::ops::Range<usize> {
        let _ = node;
        todo!()
    }
    /// Line (from 1) on which a node starts. Linear in the offset: for errors only.
    pub fn line(&self, node: NodeId) -> u32 {
        let _ = node;
        todo!()
    }
    /// Path of a node for people: `/Envelope/Body/NopHoSo/HoSo/TaiLieuNop[2]/MaThanhPhanHoSo`
    /// (an index where a sibling has the same name). For errors only.
    pub fn path(&self, node: NodeId) -> String {
        let _ = node;
        todo!()
    }
    /// The text the tape points into.
    pub fn source(&self) -> &'a str {
        self.text
    }
}

/// Iterator over child nodes.
pub struct Children<'t, 'a> {
    tape: &'t Tape<'a>,
    next: NodeId,
    end: NodeId,
}

impl Iterator for Children<'_, '_> {
    type Item = NodeId;
    fn next(&mut self) -> Option<NodeId> {
        if self.next >= self.end {
            return None;
        }
        let node = self.next;
        self.next = self.tape.end(node);
        Some(node)
    }
}
