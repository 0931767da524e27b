//! One document as a flat tape of records that point into its text.
//!
//! Promises: what is on a tape is well-formed by XML 1.0 (5th edition) and Namespaces in XML 1.0, without a DTD, and
//! within its [`Limits`]. Nodes stand in document order; an element's descendants follow it up to [`Tape::end`], so
//! a subtree is a range of indices and a walk needs no recursion.
//!
//! ```text
//! <a x="1"><b>t</b>&lt;=</a>     0 Element a   end 4
//!                                1 Element b   end 3   parent 0
//!                                2 Text "t"    end 3   parent 1
//!                                3 Text "<="   end 4   parent 0
//! ```
//! Nothing is copied: names, values and text are ranges of the text, unescaped when asked for. Comments and processing
//! instructions leave no record. Reading is in `read`.

use std::borrow::Cow;
use std::ops::Range;

use super::chars;
use super::error::Error;
use super::limits::Limits;
use super::{read, text};

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
    /// Character data, CDATA sections and references: all the text up to the next tag or comment.
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
    pub(super) text: &'a str,
    pub(super) limits: Limits,
    pub(super) nodes: Vec<Node>,
    pub(super) attributes: Vec<AttributeRecord>,
    pub(super) declarations: Vec<Declaration>,
    /// Namespace names by id; the first two are "" and XML's own.
    pub(super) namespaces: Vec<Cow<'a, str>>,
}

/// A node's record. For a text node `name` and what follows it is unused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) piece: Piece,
    pub(super) namespace: NamespaceId,
    pub(super) name: NameRange,
    pub(super) parent: NodeId,
    /// One past the last descendant.
    pub(super) end: NodeId,
    /// Bytes of the node in the text, tags and delimiters included.
    pub(super) span: (u32, u32),
    pub(super) attributes: (u32, u16),
    pub(super) declarations: (u32, u16),
}

/// What a record stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    Element,
    /// Character data without a carriage return: its value is its span.
    Plain,
    /// The same, white space only.
    Blank,
    /// Character data whose line ends must be normalised.
    LineEnds,
    /// A CDATA section.
    Cdata,
    /// A character or predefined entity reference.
    Reference(char),
    /// Several of these, one after the other: a record for each would be much larger than what it stands for.
    Run,
}

/// A qualified name in the text: `prefix:local`, or `local` where `prefix` is 0.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct NameRange {
    pub(super) start: u32,
    pub(super) prefix: u16,
    pub(super) local: u16,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct AttributeRecord {
    pub(super) name: NameRange,
    pub(super) namespace: NamespaceId,
    /// Whether the value is its span: no reference, no white space but blanks.
    pub(super) plain: bool,
    pub(super) value: (u32, u32),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Declaration {
    /// The prefix declared; empty for the default namespace.
    pub(super) prefix: (u32, u16),
    /// What it is bound to; "no namespace" for `xmlns=""`.
    pub(super) namespace: NamespaceId,
}

impl<'a> Tape<'a> {
    /// Reads a whole document (XML 1.0 §2.1, Namespaces in XML 1.0 §7).
    ///
    /// `text` comes from [`super::encoding::to_utf8`]. Comments are dropped.
    /// Errors: the first thing that is not well-formed or not within `limits`, with its place.
    pub fn parse(text: &'a str, limits: &Limits) -> Result<Self, Error> {
        read::read(text, limits)
    }

    /// What it was read within.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The document element.
    #[inline]
    pub fn root(&self) -> NodeId {
        0
    }

    /// What `node` is.
    #[inline]
    pub fn kind(&self, node: NodeId) -> NodeKind {
        if self.node(node).piece == Piece::Element { NodeKind::Element } else { NodeKind::Text }
    }

    /// Local name of an element.
    #[inline]
    pub fn local(&self, node: NodeId) -> &'a str {
        self.local_of(self.node(node).name)
    }

    /// Prefix of an element as written; empty where there is none.
    pub fn prefix(&self, node: NodeId) -> &'a str {
        let name = self.node(node).name;
        &self.text[name.start as usize..][..name.prefix as usize]
    }

    /// Name of an element as written: `prefix:local`, or `local`.
    #[inline]
    pub fn qualified_name(&self, node: NodeId) -> &'a str {
        self.qualified(self.node(node).name)
    }

    /// Namespace of an element.
    #[inline]
    pub fn namespace(&self, node: NodeId) -> NamespaceId {
        self.node(node).namespace
    }

    /// Name of a namespace; empty for "no namespace".
    pub fn namespace_name(&self, id: NamespaceId) -> &str {
        &self.namespaces[id.0 as usize]
    }

    /// How many namespaces the document names, "no namespace" included: ids are below this.
    pub fn namespace_count(&self) -> usize {
        self.namespaces.len()
    }

    /// Id of a namespace name, where the document names it.
    pub fn namespace_id(&self, name: &str) -> Option<NamespaceId> {
        let index = self.namespaces.iter().position(|known| known == name)?;
        Some(NamespaceId(index as u16))
    }

    /// One past the last descendant of `node` (for a text node: the next node).
    #[inline]
    pub fn end(&self, node: NodeId) -> NodeId {
        self.node(node).end
    }

    /// The element that holds `node`; `None` for the root.
    #[inline]
    pub fn parent(&self, node: NodeId) -> Option<NodeId> {
        (node != 0).then(|| self.node(node).parent)
    }

    /// Child nodes, elements and text, in document order.
    #[inline]
    pub fn children(&self, node: NodeId) -> Children<'_, 'a> {
        Children { tape: self, next: node + 1, end: self.end(node) }
    }

    /// Whether `node` is an element.
    #[inline]
    pub fn is_element(&self, node: NodeId) -> bool {
        self.node(node).piece == Piece::Element
    }

    /// All nodes below `node`, in document order.
    pub fn descendants(&self, node: NodeId) -> Range<NodeId> {
        node + 1..self.end(node)
    }

    /// Child elements in document order.
    pub fn child_elements(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.children(node).filter(|&child| self.kind(child) == NodeKind::Element)
    }

    /// Whether an element has attributes, declarations left out.
    #[inline]
    pub fn has_attributes(&self, node: NodeId) -> bool {
        self.node(node).attributes.1 > 0
    }

    /// Attributes of an element in document order, declarations left out.
    #[inline]
    pub fn attributes(&self, node: NodeId) -> impl Iterator<Item = Attribute<'a>> + '_ {
        let (start, count) = self.node(node).attributes;
        (start..start + u32::from(count)).map(|index| self.attribute_at(index))
    }

    /// The attribute at an index.
    #[inline]
    pub fn attribute_at(&self, index: u32) -> Attribute<'a> {
        let record = &self.attributes[index as usize];
        Attribute { namespace: record.namespace, local: self.local_of(record.name), index }
    }

    /// Name of an attribute as written: `prefix:local`, or `local`.
    pub fn attribute_name(&self, index: u32) -> &'a str {
        self.qualified(self.attributes[index as usize].name)
    }

    /// Prefix of an attribute as written; empty where there is none.
    #[inline]
    pub fn attribute_prefix(&self, index: u32) -> &'a str {
        let name = self.attributes[index as usize].name;
        &self.text[name.start as usize..][..name.prefix as usize]
    }

    /// An attribute's value, normalised as CDATA (XML 1.0 §3.3.3).
    pub fn attribute_value(&self, index: u32) -> Cow<'a, str> {
        let record = &self.attributes[index as usize];
        let raw = &self.text[record.value.0 as usize..record.value.1 as usize];
        if record.plain { Cow::Borrowed(raw) } else { Cow::Owned(text::normalize_attribute(raw)) }
    }

    /// Value of the attribute with this name, if the element has it. `namespace` "" is "no namespace".
    pub fn attribute(&self, node: NodeId, namespace: &str, local: &str) -> Option<Cow<'a, str>> {
        let found =
            self.attributes(node).find(|a| a.local == local && self.namespace_name(a.namespace) == namespace)?;
        Some(self.attribute_value(found.index))
    }

    /// Text of an element: its own pieces joined, references resolved, line ends normalised; what stands in child
    /// elements is left out. Borrowed where the text is one plain piece.
    #[inline]
    pub fn text(&self, node: NodeId) -> Cow<'a, str> {
        let end = self.end(node);
        if end == node + 1 {
            return Cow::Borrowed("");
        }
        let first = self.node(node + 1);
        if end == node + 2 && matches!(first.piece, Piece::Plain | Piece::Blank) {
            return Cow::Borrowed(&self.text[first.span.0 as usize..first.span.1 as usize]);
        }
        self.joined_text(node)
    }

    /// Whether a text node is white space only, however it is written.
    #[inline]
    pub fn is_blank(&self, node: NodeId) -> bool {
        match self.node(node).piece {
            Piece::Blank => true,
            Piece::LineEnds => chars::is_blank(&self.text[self.span(node)]),
            Piece::Cdata => chars::is_blank(self.cdata(self.node(node))),
            Piece::Reference(c) => c.is_ascii() && chars::is_space(c as u8),
            Piece::Run => chars::is_blank(&text::of_run(&self.text[self.span(node)])),
            Piece::Plain | Piece::Element => false,
        }
    }

    /// Resolves a prefix in the scope of `node` ("" is the default namespace); `None` where it is not bound.
    /// For QNames in content (`xsi:type`, XSD's `type="xs:string"`, faultcode).
    pub fn resolve_prefix(&self, node: NodeId, prefix: &str) -> Option<NamespaceId> {
        if prefix == "xml" {
            return Some(XML);
        }
        let mut at = Some(node);
        while let Some(element) = at {
            let declared = self.declarations(element).find(|&(declared, _)| declared == prefix);
            if let Some((_, namespace)) = declared {
                return Some(namespace);
            }
            at = self.parent(element);
        }
        prefix.is_empty().then_some(NONE)
    }

    /// Namespace declarations on an element itself: prefix ("" is the default namespace) and what it is bound to.
    pub fn declarations(&self, node: NodeId) -> impl Iterator<Item = (&'a str, NamespaceId)> + '_ {
        let (start, count) = self.node(node).declarations;
        self.declarations[start as usize..][..count as usize].iter().map(|declaration| {
            let (start, length) = declaration.prefix;
            (&self.text[start as usize..][..length as usize], declaration.namespace)
        })
    }

    /// Prefixes in the scope of `node` ("" is the default namespace) and what they are bound to, innermost first.
    /// A default namespace that is undeclared, and `xml`, are left out. For header blocks that are copied elsewhere.
    pub fn scope(&self, node: NodeId) -> Vec<(&'a str, NamespaceId)> {
        let mut bound: Vec<(&'a str, NamespaceId)> = Vec::new();
        let mut at = Some(node);
        while let Some(element) = at {
            for (prefix, namespace) in self.declarations(element) {
                if bound.iter().all(|&(known, _)| known != prefix) {
                    bound.push((prefix, namespace));
                }
            }
            at = self.parent(element);
        }
        bound.retain(|&(_, namespace)| namespace != NONE);
        bound
    }

    /// Byte range of a node in the text, tags included.
    #[inline]
    pub fn span(&self, node: NodeId) -> Range<usize> {
        let (start, end) = self.node(node).span;
        start as usize..end as usize
    }

    /// Byte range of what stands between an element's tags; empty for `<a/>`.
    pub fn content_span(&self, node: NodeId) -> Range<usize> {
        let span = self.span(node);
        let (mut quote, tag) = (None, &self.text.as_bytes()[span.clone()]);
        // A `>` may stand in an attribute's value (XML 1.0 §2.3).
        let end = tag.iter().position(|&byte| {
            match (quote, byte) {
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                _ => {}
            }
            quote.is_none() && byte == b'>'
        });
        let start = span.start + end.map_or(tag.len(), |at| at + 1);
        let end = memchr::memrchr(b'<', tag).map_or(start, |at| span.start + at);
        start.min(span.end)..end.max(start).min(span.end)
    }

    /// Byte range of an attribute's value in the text, without its quotes.
    pub fn attribute_span(&self, index: u32) -> Range<usize> {
        let (start, end) = self.attributes[index as usize].value;
        start as usize..end as usize
    }

    /// Line (from 1) on which a node starts. Linear in the offset: for errors only.
    pub fn line(&self, node: NodeId) -> u32 {
        Error::place(self.text, self.node(node).span.0 as usize).0
    }

    /// Path of a node for people: `/Envelope/Body/NopHoSo/HoSo/TaiLieuNop[2]/MaThanhPhanHoSo` (an index where a
    /// sibling has the same name). For errors only.
    pub fn path(&self, node: NodeId) -> String {
        self.path_below(node, None)
    }

    /// The same, from the child of `ancestor` down; from the root where `ancestor` is `None`.
    pub fn path_below(&self, node: NodeId, ancestor: Option<NodeId>) -> String {
        let mut steps = Vec::new();
        let mut at = Some(node);
        while let Some(current) = at.filter(|&current| Some(current) != ancestor) {
            if self.kind(current) == NodeKind::Element {
                steps.push(self.step(current));
            }
            at = self.parent(current);
        }
        steps.iter().rev().fold(String::new(), |path, step| path + "/" + step)
    }

    /// The text the tape points into.
    pub fn source(&self) -> &'a str {
        self.text
    }

    /// A text node as written: without the delimiters of a CDATA section.
    pub(super) fn text_source(&self, node: NodeId) -> &'a str {
        let record = self.node(node);
        if record.piece == Piece::Cdata { self.cdata(record) } else { &self.text[self.span(node)] }
    }

    #[inline]
    pub(super) fn node(&self, node: NodeId) -> &Node {
        &self.nodes[node as usize]
    }

    #[inline]
    fn qualified(&self, name: NameRange) -> &'a str {
        let colon = usize::from(name.prefix != 0);
        &self.text[name.start as usize..][..usize::from(name.prefix) + colon + usize::from(name.local)]
    }

    #[inline]
    pub(super) fn local_of(&self, name: NameRange) -> &'a str {
        let colon = u32::from(name.prefix != 0);
        let start = (name.start + u32::from(name.prefix) + colon) as usize;
        &self.text[start..start + name.local as usize]
    }

    fn cdata(&self, node: &Node) -> &'a str {
        &self.text[node.span.0 as usize + "<![CDATA[".len()..node.span.1 as usize - "]]>".len()]
    }

    fn joined_text(&self, node: NodeId) -> Cow<'a, str> {
        let mut joined = String::new();
        for child in self.children(node) {
            let record = self.node(child);
            match record.piece {
                Piece::Element => {}
                Piece::Plain | Piece::Blank => joined.push_str(&self.text[self.span(child)]),
                Piece::LineEnds => text::push_normalized(&mut joined, &self.text[self.span(child)]),
                Piece::Cdata => text::push_normalized(&mut joined, self.cdata(record)),
                Piece::Reference(c) => joined.push(c),
                Piece::Run => text::push_run(&mut joined, &self.text[self.span(child)]),
            }
        }
        Cow::Owned(joined)
    }

    /// One step of a path: the local name, with its index among siblings of the same name where there are several.
    fn step(&self, node: NodeId) -> String {
        let name = self.local(node);
        let Some(parent) = self.parent(node) else { return name.to_owned() };
        let twins = || {
            self.child_elements(parent)
                .filter(move |&twin| self.local(twin) == name && self.namespace(twin) == self.namespace(node))
        };
        if twins().nth(1).is_none() {
            return name.to_owned();
        }
        let index = twins().take_while(|&twin| twin != node).count() + 1;
        format!("{name}[{index}]")
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

    #[inline]
    fn next(&mut self) -> Option<NodeId> {
        if self.next >= self.end {
            return None;
        }
        let node = self.next;
        self.next = self.tape.end(node);
        Some(node)
    }
}

/// "No namespace".
pub(super) const NONE: NamespaceId = NamespaceId(0);
/// `http://www.w3.org/XML/1998/namespace`, bound to `xml` everywhere.
pub(super) const XML: NamespaceId = NamespaceId(1);
