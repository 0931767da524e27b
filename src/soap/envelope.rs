//! An envelope as a view over its tape: version, header blocks, the one child of the Body.

use super::error::{BlockName, Error, Kind, Structure};
use super::version::Version;
use crate::xml::tape::{NodeId, NodeKind, Tape};

/// An envelope whose version is known. What else is wrong with it waits for its turn (WS-I R2725).
#[derive(Debug)]
#[must_use]
pub struct Opened {
    content: Content,
    version: Version,
    header: Option<NodeId>,
    blocks: Vec<Block>,
    child: Option<NodeId>,
    /// The first broken rule that is a Client fault.
    flaw: Option<Error>,
}

/// An envelope of which every mandatory header is understood (WS-I R1025).
#[derive(Debug)]
#[must_use]
pub struct Understood(Opened);

/// An envelope that keeps every rule.
#[derive(Debug)]
pub struct Envelope {
    /// Its version: the answer's too.
    pub version: Version,
    /// The `Header` element, where there is one.
    pub header: Option<NodeId>,
    /// Header blocks that are for us, in document order.
    pub blocks: Vec<NodeId>,
    /// The child of the `Body`: its name names the operation (WS-I R1127, never SOAPAction).
    pub child: NodeId,
}

#[derive(Debug, Clone, Copy)]
struct Block {
    node: NodeId,
    /// Whether we are the node its role names.
    for_us: bool,
    must_understand: bool,
}

/// What the partner's contract says of the element in the Body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// It has a namespace (WS-I R1014).
    Qualified,
    /// It may have none: the contract was published without one.
    Any,
}

/// Looks at the document element and finds Header and Body.
///
/// Errors: an `Envelope` of another namespace, or no `Envelope` at all (WS-I R1015); nothing else yet.
pub fn open(tape: &Tape<'_>, content: Content) -> Result<Opened, Error> {
    let root = tape.root();
    let namespace = tape.namespace_name(tape.namespace(root));
    match (Version::of_namespace(namespace), tape.local(root)) {
        (Some(version), "Envelope") => Ok(Opened::read(tape, version, content)),
        (None, "Envelope") => Err(Error::at(tape, root, Kind::Version)),
        _ => Err(Error::at(tape, root, Kind::Structure(Structure::NotEnvelope))),
    }
}

impl Opened {
    /// The envelope's version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Header blocks that are for us, in document order; some may not be understood.
    pub fn blocks(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.blocks.iter().filter(|block| block.for_us).map(|block| block.node)
    }

    /// Asks for every mandatory header block that is for us whether `known` (namespace, local name) knows it.
    ///
    /// Blocks for another actor are none of our business (WS-I R1027). The error names the first
    /// [`NOT_UNDERSTOOD_MAX`]: an answer that repeats names must not grow with its question.
    pub fn understand(self, tape: &Tape<'_>, known: impl Fn(&str, &str) -> bool) -> Result<Understood, Error> {
        let is_strange = |block: &&Block| {
            let namespace = tape.namespace_name(tape.namespace(block.node));
            block.for_us && block.must_understand && !known(namespace, tape.local(block.node))
        };
        let strange: Vec<NodeId> = self.blocks.iter().filter(is_strange).map(|block| block.node).collect();
        let Some(&first) = strange.first() else { return Ok(Understood(self)) };
        let names = strange.iter().take(NOT_UNDERSTOOD_MAX).map(|&node| BlockName::of(tape, node)).collect();
        Err(Error::at(tape, first, Kind::NotUnderstood(names)))
    }

    fn read(tape: &Tape<'_>, version: Version, content: Content) -> Self {
        let mut opened = Self { version, content, header: None, blocks: Vec::new(), child: None, flaw: None };
        let body = opened.read_layout(tape);
        if let Some(header) = opened.header {
            opened.read_header(tape, header);
        }
        match body {
            Some(body) => opened.read_body(tape, body),
            None => opened.flaw(tape, tape.root(), Structure::NoBody),
        }
        opened
    }

    /// Finds Header and Body; returns the Body.
    fn read_layout(&mut self, tape: &Tape<'_>) -> Option<NodeId> {
        let root = tape.root();
        let soap = tape.namespace(root);
        let mut body = None;
        for node in tape.children(root) {
            if tape.kind(node) == NodeKind::Text {
                self.refuse_text(tape, node);
                continue;
            }
            let is = |local| tape.namespace(node) == soap && tape.local(node) == local;
            if body.is_some() {
                self.flaw(tape, node, Structure::AfterBody);
            } else if is("Body") {
                body = Some(node);
            } else if is("Header") && self.header.is_none() {
                self.header = Some(node);
            } else {
                self.flaw(tape, node, Structure::Layout);
            }
        }
        body
    }

    fn read_header(&mut self, tape: &Tape<'_>, header: NodeId) {
        for node in tape.children(header) {
            if tape.kind(node) == NodeKind::Text {
                self.refuse_text(tape, node);
                continue;
            }
            if tape.namespace_name(tape.namespace(node)).is_empty() {
                self.flaw(tape, node, Structure::BlockUnqualified);
            }
            let block = self.read_block(tape, node);
            self.blocks.push(block);
        }
    }

    fn read_block(&mut self, tape: &Tape<'_>, node: NodeId) -> Block {
        let soap = tape.namespace(tape.root());
        let mut block = Block { node, for_us: true, must_understand: false };
        for attribute in tape.attributes(node).filter(|attribute| attribute.namespace == soap) {
            let value = tape.attribute_value(attribute.index);
            if attribute.local == "mustUnderstand" {
                match must_understand(self.version, &value) {
                    Some(must) => block.must_understand = must,
                    None => self.flaw(tape, node, Structure::MustUnderstandValue),
                }
            } else if attribute.local == self.version.target_attribute() {
                block.for_us = is_for_us(self.version, value.trim());
            }
        }
        block
    }

    fn read_body(&mut self, tape: &Tape<'_>, body: NodeId) {
        for node in tape.children(body) {
            if tape.kind(node) == NodeKind::Text {
                self.refuse_text(tape, node);
            } else if self.child.is_some() {
                self.flaw(tape, node, Structure::BodyChildren);
            } else {
                self.child = Some(node);
                self.read_child(tape, node);
            }
        }
        if self.child.is_none() {
            self.flaw(tape, body, Structure::EmptyBody);
        }
    }

    fn read_child(&mut self, tape: &Tape<'_>, node: NodeId) {
        let is_unqualified = tape.namespace_name(tape.namespace(node)).is_empty();
        if is_unqualified && self.content == Content::Qualified {
            self.flaw(tape, node, Structure::BodyChildUnqualified);
        }
        let Some(style) = tape.attribute(node, self.version.namespace(), "encodingStyle") else { return };
        match self.version {
            Version::Soap11 => self.flaw(tape, node, Structure::EncodingStyle),
            // SOAP 1.2 part 1 §5.1.1: this one says that nothing is said about the encoding.
            Version::Soap12 if style.trim() == ENCODING_NONE => {}
            Version::Soap12 => self.note(|| Error::at(tape, node, Kind::EncodingUnknown)),
        }
    }

    fn refuse_text(&mut self, tape: &Tape<'_>, node: NodeId) {
        if !tape.is_blank(node) {
            self.flaw(tape, node, Structure::Text);
        }
    }

    fn flaw(&mut self, tape: &Tape<'_>, node: NodeId, broken: Structure) {
        self.note(|| Error::at(tape, node, Kind::Structure(broken)));
    }

    /// Keeps the first error only.
    fn note(&mut self, error: impl FnOnce() -> Error) {
        if self.flaw.is_none() {
            self.flaw = Some(error());
        }
    }
}

impl Understood {
    /// The envelope, or the first rule it breaks.
    pub fn envelope(self) -> Result<Envelope, Error> {
        let Opened { version, header, blocks, child, flaw, .. } = self.0;
        if let Some(error) = flaw {
            return Err(error);
        }
        let child = child.expect("a Body without a child is a flaw");
        let blocks = blocks.iter().filter(|block| block.for_us).map(|block| block.node).collect();
        Ok(Envelope { version, header, blocks, child })
    }
}

impl BlockName {
    fn of(tape: &Tape<'_>, node: NodeId) -> Self {
        Self { namespace: tape.namespace_name(tape.namespace(node)).to_owned(), local: tape.local(node).to_owned() }
    }
}

/// SOAP 1.1 §4.2.3 knows `1` and `0` (WS-I R1013); SOAP 1.2 part 1 §5.2.3 is an xs:boolean.
fn must_understand(version: Version, value: &str) -> Option<bool> {
    match (version, value.trim()) {
        (_, "1") | (Version::Soap12, "true") => Some(true),
        (_, "0") | (Version::Soap12, "false") => Some(false),
        _ => None,
    }
}

/// Whether a header block with this actor or role is for us, the ultimate receiver.
///
/// Source: SOAP 1.1 §4.2.2; SOAP 1.2 part 1 §2.2 and §5.2.2 (an empty role is no role).
fn is_for_us(version: Version, role: &str) -> bool {
    match version {
        Version::Soap11 => matches!(role, "" | "http://schemas.xmlsoap.org/soap/actor/next"),
        Version::Soap12 => matches!(role, "" | ROLE_NEXT | ROLE_ULTIMATE_RECEIVER),
    }
}

/// Names of header blocks in one MustUnderstand fault.
pub const NOT_UNDERSTOOD_MAX: usize = 16;
const ROLE_NEXT: &str = "http://www.w3.org/2003/05/soap-envelope/role/next";
const ROLE_ULTIMATE_RECEIVER: &str = "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver";
const ENCODING_NONE: &str = "http://www.w3.org/2003/05/soap-envelope/encoding/none";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::limits::Limits;

    /// Reads an envelope where `urn:known` is understood; shows what it is, or what is wrong with it.
    fn read(text: &str) -> String {
        let tape = Tape::parse(text, &Limits::default()).expect("well-formed");
        let envelope = open(&tape, Content::Qualified)
            .and_then(|opened| opened.understand(&tape, |namespace, _| namespace == "urn:known"))
            .and_then(Understood::envelope);
        match envelope {
            Ok(envelope) => {
                let blocks: Vec<&str> = envelope.blocks.iter().map(|&block| tape.local(block)).collect();
                format!("{:?} [{}] {}", envelope.version, blocks.join(" "), tape.local(envelope.child))
            }
            Err(Error { path, line, kind: Kind::Structure(broken) }) => format!("{} {path} {line}", broken.rule()),
            Err(Error { path, kind: Kind::NotUnderstood(names), .. }) => {
                let names: Vec<String> =
                    names.iter().map(|name| format!("{{{}}}{}", name.namespace, name.local)).collect();
                format!("MustUnderstand {} {path}", names.join(" "))
            }
            Err(Error { path, kind, .. }) => format!("{kind:?} {path}"),
        }
    }

    /// Both versions must agree; `E` stands for the envelope's prefix.
    #[track_caller]
    fn check(inside: &str, expected: &str) {
        for version in [Version::Soap11, Version::Soap12] {
            let text =
                format!("<E:Envelope xmlns:E='{}' xmlns:k='urn:known'>{inside}</E:Envelope>", version.namespace());
            assert_eq!(read(&text), expected.replace("$V", &format!("{version:?}")), "{version:?}");
        }
    }

    #[track_caller]
    fn check_in(version: Version, inside: &str, expected: &str) {
        let text = format!("<E:Envelope xmlns:E='{}' xmlns:k='urn:known'>{inside}</E:Envelope>", version.namespace());
        assert_eq!(read(&text), expected);
    }

    #[test]
    fn an_envelope_is_a_header_at_most_and_a_body_with_one_element() {
        check("<E:Body><k:Op/></E:Body>", "$V [] Op");
        check("<E:Header/><E:Body><k:Op/></E:Body>", "$V [] Op");
        check("\n <E:Header> <k:a/> <k:b/> </E:Header> <!-- c --> <E:Body>\n<k:Op/> </E:Body>\n", "$V [a b] Op");
    }

    #[test]
    fn the_namespace_of_the_envelope_is_its_version() {
        let other = "<Envelope xmlns='http://www.w3.org/2001/12/soap-envelope'><Body/></Envelope>";
        assert_eq!(read(other), "Version /Envelope");
        assert_eq!(read("<Envelope><Body/></Envelope>"), "Version /Envelope");
    }

    #[test]
    fn r1015_the_document_element_is_an_envelope() {
        assert_eq!(read("<hello/>"), "R1015 /hello 1");
        assert_eq!(read(&format!("<Body xmlns='{}'/>", Version::Soap11.namespace())), "R1015 /Body 1");
    }

    #[test]
    fn r9980_nothing_else_stands_in_an_envelope() {
        check("", "R9980 /Envelope 1");
        check("<E:Header/>", "R9980 /Envelope 1");
        check("<k:x/><E:Body><k:Op/></E:Body>", "R9980 /Envelope/x 1");
        check("<E:Header/><E:Header/><E:Body><k:Op/></E:Body>", "R9980 /Envelope/Header[2] 1");
        check("<Header/><E:Body><k:Op/></E:Body>", "R9980 /Envelope/Header 1");
        check("text<E:Body><k:Op/></E:Body>", "R9980 /Envelope 1");
        check("<E:Header>text</E:Header><E:Body><k:Op/></E:Body>", "R9980 /Envelope/Header 1");
        check("<E:Body>\n<k:Op/>text</E:Body>", "R9980 /Envelope/Body 2");
    }

    #[test]
    fn r1011_nothing_follows_the_body() {
        check("<E:Body><k:Op/></E:Body><k:x/>", "R1011 /Envelope/x 1");
        check("<E:Body><k:Op/></E:Body><E:Body/>", "R1011 /Envelope/Body[2] 1");
        check("<E:Body><k:Op/></E:Body>\n<E:Header/>", "R1011 /Envelope/Header 2");
    }

    #[test]
    fn r1014_r9981_r2712_the_body_holds_one_qualified_element() {
        check("<E:Body/>", "R2712 /Envelope/Body 1");
        check("<E:Body><Op/></E:Body>", "R1014 /Envelope/Body/Op 1");
        check("<E:Body><k:Op/><k:Op/></E:Body>", "R9981 /Envelope/Body/Op[2] 1");
    }

    #[test]
    fn header_blocks_are_qualified() {
        check("<E:Header><x/></E:Header><E:Body><k:Op/></E:Body>", "SOAP 1.1 §4.2 /Envelope/Header/x 1");
    }

    #[test]
    fn r1027_a_mandatory_header_that_is_unknown_and_for_us_is_not_understood() {
        let body = "<E:Body><k:Op/></E:Body>";
        check(
            &format!(
                "<E:Header><u:x xmlns:u='urn:u' E:mustUnderstand='1'/><u:y xmlns:u='urn:u'/><u:z xmlns:u='urn:v' E:mustUnderstand='1'/></E:Header>{body}"
            ),
            "MustUnderstand {urn:u}x {urn:v}z /Envelope/Header/x",
        );
        check(&format!("<E:Header><k:x E:mustUnderstand='1'/></E:Header>{body}"), "$V [x] Op");
        check(&format!("<E:Header><u:x xmlns:u='urn:u' E:mustUnderstand='0'/></E:Header>{body}"), "$V [x] Op");
        check(&format!("<E:Header><u:x xmlns:u='urn:u' mustUnderstand='1'/></E:Header>{body}"), "$V [x] Op");
    }

    #[test]
    fn a_fault_names_16_of_the_headers_that_are_not_understood() {
        let header = |count: usize| {
            let block = "<u:x xmlns:u='urn:u' E:mustUnderstand='1'/>".repeat(count);
            format!("<E:Header>{block}</E:Header><E:Body><k:Op/></E:Body>")
        };
        let named =
            |count: usize, path: &str| format!("MustUnderstand{} /Envelope/Header/x{path}", " {urn:u}x".repeat(count));
        check(&header(NOT_UNDERSTOOD_MAX), &named(16, "[1]"));
        check(&header(NOT_UNDERSTOOD_MAX + 1), &named(16, "[1]"));
    }

    #[test]
    fn a_header_for_another_node_is_ignored() {
        let header = |role: &str| {
            format!("<E:Header><u:x xmlns:u='urn:u' E:mustUnderstand='1' {role}/></E:Header><E:Body><k:Op/></E:Body>")
        };
        let not_understood = "MustUnderstand {urn:u}x /Envelope/Header/x";
        let role_12 = |role: &str| header(&format!("E:role='http://www.w3.org/2003/05/soap-envelope/role/{role}'"));
        check_in(Version::Soap11, &header("E:actor='urn:someone'"), "Soap11 [] Op");
        check_in(Version::Soap11, &header("E:actor='http://schemas.xmlsoap.org/soap/actor/next'"), not_understood);
        check_in(Version::Soap11, &header("E:actor=''"), not_understood);
        check_in(Version::Soap12, &header("E:role='urn:someone'"), "Soap12 [] Op");
        check_in(Version::Soap12, &role_12("none"), "Soap12 [] Op");
        check_in(Version::Soap12, &role_12("next"), not_understood);
        check_in(Version::Soap12, &role_12("ultimateReceiver"), not_understood);
        check_in(Version::Soap12, &header("E:role=''"), not_understood);
        // The other version's attribute means nothing.
        check_in(Version::Soap12, &header("E:actor='urn:someone'"), not_understood);
    }

    #[test]
    fn r1013_must_understand_has_the_values_of_its_version() {
        let header = |value: &str| {
            format!("<E:Header><u:x xmlns:u='urn:u' E:mustUnderstand='{value}'/></E:Header><E:Body><k:Op/></E:Body>")
        };
        check_in(Version::Soap12, &header("true"), "MustUnderstand {urn:u}x /Envelope/Header/x");
        check_in(Version::Soap12, &header("false"), "Soap12 [x] Op");
        check_in(Version::Soap11, &header("true"), "R1013 /Envelope/Header/x 1");
        check(&header("yes"), "R1013 /Envelope/Header/x 1");
        check(&header(""), "R1013 /Envelope/Header/x 1");
    }

    #[test]
    fn r2725_must_understand_comes_before_what_is_wrong_elsewhere() {
        let header = "<E:Header><u:x xmlns:u='urn:u' E:mustUnderstand='1'/></E:Header>";
        check(&format!("<k:x/>{header}<E:Body/><k:y/>"), "MustUnderstand {urn:u}x /Envelope/Header/x");
    }

    #[test]
    fn r1006_the_child_of_the_body_has_no_encoding_style() {
        let body = |value: &str| format!("<E:Body><k:Op E:encodingStyle='{value}'/></E:Body>");
        check_in(Version::Soap11, &body("http://schemas.xmlsoap.org/soap/encoding/"), "R1006 /Envelope/Body/Op 1");
        check_in(
            Version::Soap12,
            &body("http://www.w3.org/2003/05/soap-encoding"),
            "EncodingUnknown /Envelope/Body/Op",
        );
        check_in(Version::Soap12, &body(ENCODING_NONE), "Soap12 [] Op");
    }

    #[test]
    fn r1032_attributes_of_soap_lite_on_envelope_header_and_body_are_let_pass() {
        let text = format!(
            "<E:Envelope xmlns:E='{}' E:encodingStyle='http://schemas.xmlsoap.org/soap/encoding/'>\
             <E:Header E:x='1'/><E:Body E:encodingStyle=''><o:Op xmlns:o='urn:o'/></E:Body></E:Envelope>",
            Version::Soap11.namespace()
        );
        assert_eq!(read(&text), "Soap11 [] Op");
    }
}
