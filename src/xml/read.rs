//! Text → [`Tape`]: one look at each byte of markup and text, and every rule of XML 1.0.
//!
//! Most of a message is tags without attributes and short text between them: these are read here, byte by byte, as
//! whatever looks for their end must look at each byte anyway. Where a tag with quotes in it, a comment or a processing
//! instruction ends is quick-xml's to say; it is not a conforming parser, so what stands in them is judged here, as are
//! names, namespaces, characters, references and the shape of the document. All work is linear in the text: whatever
//! is searched through has a limit.

use std::borrow::Cow;

use quick_xml::parser::{CommentParser, ElementParser, Parser, PiParser};

use super::chars::{self, is_ncname};
use super::error::{Error, ErrorKind};
use super::limits::{Limits, ProcessingInstructions};
use super::tape::{AttributeRecord, Declaration, NONE, NameRange, NamespaceId, Node, NodeId, Piece, Tape, XML};
use super::{XML_NAMESPACE, text};

/// Reads a whole document; see [`Tape::parse`].
pub(super) fn read<'a>(source: &'a str, limits: &Limits) -> Result<Tape<'a>, Error> {
    let mut state = State::new(source, *limits)?;
    let mut at = 0;
    while let Some(&first) = source.as_bytes().get(at) {
        at = match first {
            b'<' => state.markup(at)?,
            b'&' => state.reference(at)?,
            _ => state.text(at)?,
        };
    }
    state.finish()
}

struct State<'a> {
    limits: Limits,
    tape: Tape<'a>,
    /// Elements whose end tag is still to come.
    open: Vec<Open>,
    /// Prefixes in scope, innermost last.
    bindings: Vec<(&'a str, NamespaceId)>,
    elements: u32,
    comments: usize,
}

/// Where the parts of a start tag end.
struct Tag {
    name: NameRange,
    name_end: usize,
    /// Where `>` or `/>` begins.
    content_end: usize,
    end: usize,
}

struct Open {
    node: NodeId,
    /// Length of `bindings` before the element's own declarations.
    bindings: u32,
}

impl<'a> State<'a> {
    fn new(source: &'a str, limits: Limits) -> Result<Self, Error> {
        let tape = Tape {
            text: source,
            limits,
            nodes: Vec::with_capacity(nodes_likely(source.len(), &limits)),
            attributes: Vec::new(),
            declarations: Vec::new(),
            namespaces: vec![Cow::Borrowed(""), Cow::Borrowed(XML_NAMESPACE)],
        };
        let state = Self {
            limits,
            tape,
            open: Vec::with_capacity(16),
            bindings: Vec::with_capacity(8),
            elements: 0,
            comments: 0,
        };
        // Offsets are kept in 32 bits.
        let bytes_max = limits.document_bytes_max.min(u32::MAX as usize);
        if source.len() > bytes_max {
            return Err(state.limit(bytes_max, "document_bytes_max", bytes_max));
        }
        match chars::first_forbidden(source) {
            Some(at) => Err(state.malformed(at, "a character that XML does not allow")),
            None => Ok(state),
        }
    }

    /// What starts with `<` at `at`; returns where it ends, as do all that read a piece of the document.
    #[inline]
    fn markup(&mut self, at: usize) -> Result<usize, Error> {
        match self.bytes().get(at + 1) {
            Some(b'/') => self.end(at),
            Some(b'?') => self.question(at),
            Some(b'!') => self.exclamation(at),
            _ => self.start(at),
        }
    }

    /// A start tag or an empty-element tag (XML 1.0 §3.1).
    fn start(&mut self, at: usize) -> Result<usize, Error> {
        let depth = self.open.len();
        if depth == 0 && !self.tape.nodes.is_empty() {
            return Err(self.malformed(at, "a second document element"));
        }
        if depth >= self.limits.depth_max as usize {
            return Err(self.limit(at, "depth_max", self.limits.depth_max as usize));
        }
        self.elements += 1;
        if self.elements > self.limits.elements_max {
            return Err(self.limit(at, "elements_max", self.limits.elements_max as usize));
        }
        let Tag { name, name_end, content_end, end } = self.tag(at)?;
        let node = self.tape.nodes.len() as NodeId;
        let bindings = self.bindings.len() as u32;
        let mut record = Node {
            piece: Piece::Element,
            namespace: NONE,
            name,
            parent: self.open.last().map_or(0, |open| open.node),
            end: node + 1,
            span: (at as u32, end as u32),
            attributes: (self.tape.attributes.len() as u32, 0),
            declarations: (self.tape.declarations.len() as u32, 0),
        };
        if name_end < content_end {
            self.attributes(name_end, content_end)?;
            record.declarations.1 = (self.tape.declarations.len() as u32 - record.declarations.0) as u16;
            record.attributes.1 = (self.tape.attributes.len() as u32 - record.attributes.0) as u16;
            self.resolve_attributes(record.attributes.0 as usize)?;
        }
        record.namespace = self.namespace_of(name)?;
        self.tape.nodes.push(record);
        let empty = end - content_end == "/>".len();
        if empty {
            self.bindings.truncate(bindings as usize);
        } else {
            self.open.push(Open { node, bindings });
        }
        Ok(end)
    }

    /// Where the parts of the start tag at `at` are; what follows its name is not looked into.
    #[inline]
    fn tag(&self, at: usize) -> Result<Tag, Error> {
        let bytes = self.bytes();
        let name_start = at + 1;
        let plain = chars::plain_qname(&bytes[name_start..]);
        let after = name_start + plain.length;
        let (content_end, end) = match bytes[after..] {
            [b'>', ..] => (after, after + 1),
            [b'/', b'>', ..] => (after, after + 2),
            _ => {
                let close = ElementParser::default().feed(&bytes[after..]).ok_or_else(|| self.not_closed(at))?;
                let close = after + close;
                let empty = close > after && bytes[close - 1] == b'/';
                (close - usize::from(empty), close + 1)
            }
        };
        let is_plain = after == content_end || chars::is_space(bytes[after]);
        if let Some(local) = plain.local_start.filter(|_| is_plain && plain.length <= self.name_bytes_max()) {
            let (prefix, local) = (local.saturating_sub(1), plain.length - local);
            let name = NameRange { start: name_start as u32, prefix: prefix as u16, local: local as u16 };
            return Ok(Tag { name, name_end: after, content_end, end });
        }
        let rest = &bytes[name_start..content_end];
        let name_end = name_start + rest.iter().position(|&byte| chars::is_space(byte)).unwrap_or(rest.len());
        Ok(Tag { name: self.name(name_start, name_end)?, name_end, content_end, end })
    }

    /// An end tag (XML 1.0 §3.1).
    #[inline]
    fn end(&mut self, at: usize) -> Result<usize, Error> {
        let Some(open) = self.open.pop() else {
            return Err(self.malformed(at, "an end tag without a start tag"));
        };
        let next = self.tape.nodes.len() as NodeId;
        let source = self.tape.text;
        let record = &mut self.tape.nodes[open.node as usize];
        let name = record.name;
        let length = usize::from(name.prefix) + usize::from(name.prefix != 0) + usize::from(name.local);
        let expected = &source[name.start as usize..name.start as usize + length];
        let written = &source[at + "</".len()..];
        let spaces = match written.split_at_checked(length) {
            Some((name, rest)) if chars::same_name(name, expected) => {
                let spaces = rest.bytes().take_while(|&byte| chars::is_space(byte)).count();
                (rest.as_bytes().get(spaces) == Some(&b'>')).then_some(spaces)
            }
            _ => None,
        };
        let Some(spaces) = spaces else {
            return Err(match memchr::memchr(b'>', written.as_bytes()) {
                Some(_) => self.malformed(at, "an end tag whose name is not its start tag's"),
                None => self.not_closed(at),
            });
        };
        let end = at + "</".len() + length + spaces + 1;
        record.end = next;
        record.span.1 = end as u32;
        self.bindings.truncate(open.bindings as usize);
        Ok(end)
    }

    /// Character data up to the next markup or reference (XML 1.0 §2.4).
    #[inline]
    fn text(&mut self, at: usize) -> Result<usize, Error> {
        let bytes = &self.bytes()[at..];
        let text = chars::text_run(bytes);
        let end = at + text.length;
        if self.open.is_empty() {
            return if text.is_blank() {
                Ok(end)
            } else {
                Err(self.malformed(at, "text outside the document element"))
            };
        }
        if text.has_bracket()
            && let Some(bracket) = memchr::memmem::find(&bytes[..text.length], b"]]>")
        {
            return Err(self.malformed(at + bracket, "']]>' in text"));
        }
        let piece = match (text.has_return(), text.is_blank()) {
            (true, _) => Piece::LineEnds,
            (false, true) => Piece::Blank,
            (false, false) => Piece::Plain,
        };
        self.push_text(piece, at, end);
        Ok(end)
    }

    /// A character or entity reference (XML 1.0 §4.1).
    fn reference(&mut self, at: usize) -> Result<usize, Error> {
        if self.open.is_empty() {
            return Err(self.malformed(at, "a reference outside the document element"));
        }
        let source = self.tape.text;
        let rest = &source[at + 1..];
        let name = match memchr::memchr3(b';', b'&', b'<', rest.as_bytes()) {
            Some(end) if rest.as_bytes()[end] == b';' => &rest[..end],
            _ => return Err(self.malformed(at, "'&' without a reference")),
        };
        let end = at + name.len() + "&;".len();
        match text::reference(name) {
            Some(c) => self.push_text(Piece::Reference(c), at, end),
            None if name.starts_with('#') => return Err(self.malformed(at, "a reference to no XML character")),
            None => return Err(self.error(at, ErrorKind::Entity)),
        }
        Ok(end)
    }

    /// What starts with `<!`: a comment, a CDATA section, or what no message may hold.
    fn exclamation(&mut self, at: usize) -> Result<usize, Error> {
        let rest = &self.bytes()[at..];
        if rest.starts_with(b"<!--") {
            let length = CommentParser::default().feed(&rest["<!--".len()..]);
            let end = at + "<!--".len() + length.ok_or_else(|| self.not_closed(at))?;
            self.comment(at, end)?;
            return Ok(end);
        }
        if rest.starts_with(CDATA.as_bytes()) {
            let length = memchr::memmem::find(rest, b"]]>").ok_or_else(|| self.not_closed(at))?;
            if self.open.is_empty() {
                return Err(self.malformed(at, "a CDATA section outside the document element"));
            }
            let end = at + length + "]]>".len();
            self.push_text(Piece::Cdata, at, end);
            return Ok(end);
        }
        if rest.get(..DOCTYPE.len()).is_some_and(|start| start.eq_ignore_ascii_case(DOCTYPE.as_bytes())) {
            return Err(self.error(at, ErrorKind::Doctype));
        }
        Err(self.not_closed(at))
    }

    fn comment(&mut self, start: usize, end: usize) -> Result<(), Error> {
        self.count_comment(start)?;
        let content = &self.bytes()[start + "<!--".len()..end - "-->".len()];
        if content.ends_with(b"-") || memchr::memmem::find(content, b"--").is_some() {
            return Err(self.malformed(start, "'--' in a comment"));
        }
        Ok(())
    }

    /// Comments and processing instructions leave no record, but part the texts around them, which do.
    fn count_comment(&mut self, at: usize) -> Result<(), Error> {
        self.comments += 1;
        match self.comments > COMMENTS_MAX {
            true => Err(self.limit(at, "comments", COMMENTS_MAX)),
            false => Ok(()),
        }
    }

    /// What starts with `<?`: the XML declaration or a processing instruction.
    fn question(&mut self, at: usize) -> Result<usize, Error> {
        let rest = &self.bytes()[at..];
        let close = PiParser::default().feed(&rest["<?".len()..]).ok_or_else(|| self.not_closed(at))?;
        let end = at + "<?".len() + close + 1;
        let is_declaration =
            rest.starts_with(b"<?xml") && rest.get(5).is_some_and(|&b| b == b'?' || chars::is_space(b));
        match is_declaration {
            true => self.declaration(at, end)?,
            false => self.processing_instruction(at, end)?,
        }
        Ok(end)
    }

    /// `XMLDecl` of XML 1.0 §2.8. Whether the encoding is true was judged on the bytes.
    fn declaration(&self, start: usize, end: usize) -> Result<(), Error> {
        if start != 0 {
            return Err(self.malformed(start, "an XML declaration that is not at the start"));
        }
        if super::encoding::declared(&self.tape.text[start..end]).is_none() {
            return Err(self.malformed(start, "the XML declaration"));
        }
        Ok(())
    }

    fn processing_instruction(&mut self, start: usize, end: usize) -> Result<(), Error> {
        self.count_comment(start)?;
        let content = &self.tape.text[start + "<?".len()..end - "?>".len()];
        let target = content.split([' ', '\t', '\n', '\r']).next().unwrap_or_default();
        if !is_ncname(target) || target.eq_ignore_ascii_case("xml") {
            return Err(self.malformed(start, "the target of a processing instruction"));
        }
        match self.limits.processing_instructions {
            ProcessingInstructions::Skip => Ok(()),
            ProcessingInstructions::Refuse => Err(self.error(start, ErrorKind::ProcessingInstruction)),
        }
    }

    fn finish(self) -> Result<Tape<'a>, Error> {
        if let Some(open) = self.open.last() {
            let start = self.tape.nodes[open.node as usize].span.0 as usize;
            return Err(self.malformed(start, "an element that is not closed"));
        }
        if self.tape.nodes.is_empty() {
            return Err(self.malformed(self.tape.text.len(), "no document element"));
        }
        Ok(self.tape)
    }

    /// `(S Attribute)*` of XML 1.0 §3.1, between a tag's name and its end.
    fn attributes(&mut self, start: usize, end: usize) -> Result<(), Error> {
        let bytes = self.tape.text.as_bytes();
        let (mut at, mut count) = (start, 0);
        loop {
            let spaces = bytes[at..end].iter().take_while(|&&byte| chars::is_space(byte)).count();
            if at + spaces == end {
                return Ok(());
            }
            if spaces == 0 {
                return Err(self.malformed(at, "attributes that are not separated by white space"));
            }
            count += 1;
            if count > self.limits.attributes_max {
                return Err(self.limit(at, "attributes_max", self.limits.attributes_max));
            }
            let all = self.tape.attributes.len() + self.tape.declarations.len();
            if all >= self.limits.elements_max as usize {
                return Err(self.limit(at, "elements_max", self.limits.elements_max as usize));
            }
            at = self.attribute(at + spaces, end)?;
        }
    }

    /// One `Name Eq AttValue`; returns where it ends.
    fn attribute(&mut self, start: usize, end: usize) -> Result<usize, Error> {
        let bytes = self.tape.text.as_bytes();
        let name_end = bytes[start..end].iter().position(|&byte| byte == b'=' || chars::is_space(byte));
        let name_end = start + name_end.ok_or_else(|| self.malformed(start, "an attribute without a value"))?;
        let spaces = |from: usize| from + bytes[from..end].iter().take_while(|&&byte| chars::is_space(byte)).count();
        let equals = spaces(name_end);
        if bytes.get(equals).filter(|_| equals < end) != Some(&b'=') {
            return Err(self.malformed(start, "an attribute without a value"));
        }
        let quote_at = spaces(equals + 1);
        let quote = match bytes.get(quote_at).filter(|_| quote_at < end) {
            Some(&quote @ (b'"' | b'\'')) => quote,
            _ => return Err(self.malformed(start, "an attribute value without quotes")),
        };
        let value_start = quote_at + 1;
        let length = memchr::memchr(quote, &bytes[value_start..end])
            .ok_or_else(|| self.malformed(start, "an attribute value without its closing quote"))?;
        if length > self.limits.attribute_bytes_max {
            return Err(self.limit(start, "attribute_bytes_max", self.limits.attribute_bytes_max));
        }
        let value = &self.tape.text[value_start..value_start + length];
        let mut plain = true;
        for &byte in value.as_bytes() {
            match byte {
                b'<' => return Err(self.malformed(value_start, "'<' in an attribute value")),
                b'&' | b'\t' | b'\n' | b'\r' => plain = false,
                _ => {}
            }
        }
        if !plain && !text::check_references(value) {
            return Err(self.error(value_start, ErrorKind::Entity));
        }
        let name = self.name(start, name_end)?;
        let record = AttributeRecord {
            name,
            namespace: NONE,
            plain,
            value: (value_start as u32, (value_start + length) as u32),
        };
        self.add_attribute(record)?;
        Ok(value_start + length + 1)
    }

    /// Keeps an attribute, or the namespace declaration that it is (Namespaces in XML 1.0 §3).
    fn add_attribute(&mut self, record: AttributeRecord) -> Result<(), Error> {
        let source = self.tape.text;
        let local = self.tape.local_of(record.name);
        let declared = match record.name.prefix {
            0 if local == "xmlns" => "",
            5 if source[record.name.start as usize..].starts_with("xmlns:") => local,
            _ => {
                self.tape.attributes.push(record);
                return Ok(());
            }
        };
        let at = record.name.start as usize;
        let raw = &source[record.value.0 as usize..record.value.1 as usize];
        let name = if record.plain { Cow::Borrowed(raw) } else { Cow::Owned(text::normalize_attribute(raw)) };
        let allowed = match declared {
            "xml" => &*name == XML_NAMESPACE,
            "xmlns" => false,
            "" => &*name != XML_NAMESPACE && &*name != XMLNS_NAME,
            _ => !name.is_empty() && &*name != XML_NAMESPACE && &*name != XMLNS_NAME,
        };
        if !allowed {
            return Err(self.malformed(at, "a namespace declaration that Namespaces in XML forbids"));
        }
        if self.tape.declarations[self.own_declarations()..].iter().any(|d| self.prefix_of(d) == declared) {
            return Err(self.malformed(at, "two declarations of one prefix"));
        }
        let namespace = self.intern(at, name)?;
        if self.bindings.len() >= self.limits.namespaces_max {
            return Err(self.limit(at, "namespaces_max", self.limits.namespaces_max));
        }
        self.bindings.push((declared, namespace));
        let prefix = (record.name.start + u32::from(record.name.prefix) + 1, declared.len() as u16);
        self.tape.declarations.push(Declaration { prefix, namespace });
        Ok(())
    }

    /// Index of the first declaration of the element being read: those before it belong to elements on the tape.
    fn own_declarations(&self) -> usize {
        let last = self.tape.nodes.last().map_or((0, 0), |node| node.declarations);
        last.0 as usize + usize::from(last.1)
    }

    fn prefix_of(&self, declaration: &Declaration) -> &'a str {
        &self.tape.text[declaration.prefix.0 as usize..][..declaration.prefix.1 as usize]
    }

    /// Gives attributes their namespace and refuses two of one expanded name (Namespaces in XML 1.0 §6.3).
    fn resolve_attributes(&mut self, first: usize) -> Result<(), Error> {
        for index in first..self.tape.attributes.len() {
            let record = self.tape.attributes[index];
            // An unprefixed attribute is in no namespace, whatever the default is (§6.2).
            if record.name.prefix != 0 {
                self.tape.attributes[index].namespace = self.namespace_of(record.name)?;
            }
        }
        match self.twin(&self.tape.attributes[first..]) {
            Some(twin) => Err(self.malformed(twin.start as usize, "two attributes of one name")),
            None => Ok(()),
        }
    }

    /// The first of these attributes that has the name of one before it.
    fn twin(&self, attributes: &[AttributeRecord]) -> Option<NameRange> {
        let expanded = |record: &AttributeRecord| (record.namespace.0, self.tape.local_of(record.name));
        if attributes.len() <= PAIRS_MAX {
            let mut later = attributes.iter().enumerate();
            let found = later.find(|&(at, one)| attributes[..at].iter().any(|other| expanded(other) == expanded(one)));
            return found.map(|(_, record)| record.name);
        }
        // To compare each with each would make a full tag dear.
        let mut sorted: Vec<&AttributeRecord> = attributes.iter().collect();
        sorted.sort_by_key(|record| expanded(record));
        let twins = sorted.windows(2).filter(|pair| expanded(pair[0]) == expanded(pair[1]));
        twins.map(|pair| pair[1].name).min_by_key(|name| name.start)
    }

    /// The namespace of an element's or a prefixed attribute's name.
    fn namespace_of(&self, name: NameRange) -> Result<NamespaceId, Error> {
        let prefix = &self.tape.text[name.start as usize..][..name.prefix as usize];
        if let Some(&(_, namespace)) = self.bindings.iter().rev().find(|&&(bound, _)| bound == prefix) {
            return Ok(namespace);
        }
        match prefix {
            "" => Ok(NONE),
            "xml" => Ok(XML),
            _ => Err(self.malformed(name.start as usize, "a prefix that is not declared")),
        }
    }

    fn intern(&mut self, at: usize, name: Cow<'a, str>) -> Result<NamespaceId, Error> {
        if name.len() > NAMESPACE_BYTES_MAX {
            return Err(self.limit(at, "namespace name bytes", NAMESPACE_BYTES_MAX));
        }
        if let Some(known) = self.tape.namespaces.iter().position(|known| *known == name) {
            return Ok(NamespaceId(known as u16));
        }
        // "No namespace" and XML's own do not count.
        if self.tape.namespaces.len() - 2 >= self.limits.namespaces_max.min(usize::from(u16::MAX) - 2) {
            return Err(self.limit(at, "namespaces_max", self.limits.namespaces_max));
        }
        self.tape.namespaces.push(name);
        Ok(NamespaceId(self.tape.namespaces.len() as u16 - 1))
    }

    /// A `QName` (Namespaces in XML 1.0 §4) at this range of the text.
    fn name(&self, start: usize, end: usize) -> Result<NameRange, Error> {
        let name = &self.tape.text[start..end];
        let bytes_max = self.name_bytes_max();
        if name.len() > bytes_max {
            return Err(self.limit(start, "name_bytes_max", bytes_max));
        }
        let (prefix, local) = match memchr::memchr(b':', name.as_bytes()) {
            Some(colon) => (&name[..colon], &name[colon + 1..]),
            None => ("", name),
        };
        let prefixed = name.len() != local.len();
        if !is_ncname(local) || (prefixed && !is_ncname(prefix)) {
            return Err(self.malformed(start, "a name"));
        }
        Ok(NameRange { start: start as u32, prefix: prefix.len() as u16, local: local.len() as u16 })
    }

    /// Lengths are kept in 16 bits.
    fn name_bytes_max(&self) -> usize {
        self.limits.name_bytes_max.min(usize::from(u16::MAX))
    }

    #[inline]
    fn bytes(&self) -> &'a [u8] {
        self.tape.text.as_bytes()
    }

    fn not_closed(&self, at: usize) -> Error {
        self.malformed(at, "markup is not closed or not understood")
    }

    /// Keeps a piece of text: on the record of the piece before it, where nothing stands between them.
    #[inline]
    fn push_text(&mut self, piece: Piece, start: usize, end: usize) {
        if let Some(last) = self.tape.nodes.last_mut()
            && last.span.1 == start as u32
            && last.piece != Piece::Element
        {
            (last.piece, last.span.1) = (Piece::Run, end as u32);
            return;
        }
        let node = self.tape.nodes.len() as NodeId;
        self.tape.nodes.push(Node {
            piece,
            namespace: NONE,
            name: NameRange::default(),
            parent: self.open.last().map_or(0, |open| open.node),
            end: node + 1,
            span: (start as u32, end as u32),
            attributes: (0, 0),
            // So that `own_declarations` finds the end of the last element's.
            declarations: (self.tape.declarations.len() as u32, 0),
        });
    }

    fn malformed(&self, at: usize, rule: &'static str) -> Error {
        self.error(at, ErrorKind::Malformed(rule))
    }

    fn limit(&self, at: usize, limit: &'static str, max: usize) -> Error {
        self.error(at, ErrorKind::Limit { limit, max })
    }

    fn error(&self, at: usize, kind: ErrorKind) -> Error {
        Error::at(self.tape.text, at, kind)
    }
}

/// Room for the records of a document of this length. What a large one asks for and does not use costs nothing, as the
/// system gives memory when it is written to; to move records when they have grown would cost them twice.
fn nodes_likely(bytes: usize, limits: &Limits) -> usize {
    match bytes {
        0..LARGE_BYTES_MIN => bytes / 24 + 4,
        _ => (bytes / 4).min(2 * limits.elements_max as usize + COMMENTS_MAX),
    }
}

/// Attributes of a tag of which each is compared with each.
const PAIRS_MAX: usize = 12;
/// A document from this length on is a large one.
const LARGE_BYTES_MIN: usize = 256 << 10;
/// Comments and processing instructions in a document.
const COMMENTS_MAX: usize = 100_000;
const CDATA: &str = "<![CDATA[";
const DOCTYPE: &str = "<!DOCTYPE";
const XMLNS_NAME: &str = "http://www.w3.org/2000/xmlns/";
/// Namespace names are compared with each other: a bound keeps that linear.
const NAMESPACE_BYTES_MAX: usize = 1024;
