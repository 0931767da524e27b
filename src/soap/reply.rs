//! The envelope around an answer: version and headers follow the question's.

use std::borrow::Cow;

use super::addressing;
use super::envelope::Envelope;
use super::version::Version;
use crate::xml::tape::{NodeId, Tape};
use crate::xml::writer::Writer;

/// What an answer, or a fault in its place, repeats of its question.
#[derive(Debug, Clone)]
pub struct Reply {
    version: Version,
    /// Prefix of the envelope's namespace; never one that copied headers bind to something else.
    prefix: Cow<'static, str>,
    headers: Headers,
    /// A header block of ours behind the others; empty where there is none.
    notice: Vec<u8>,
}

/// What stands in the Header.
#[derive(Debug, Clone)]
enum Headers {
    None,
    /// From `<p:Header` to where `</p:Header>` comes.
    Copied(Vec<u8>),
    Addressing(Addressing),
}

/// WS-Addressing properties of an answer.
#[derive(Debug, Clone)]
pub struct Addressing {
    /// The question's `MessageID`.
    pub relates_to: String,
    /// A fresh one: a URI.
    pub message_id: String,
    /// `Action` of the answer; a fault has its own.
    pub action: String,
}

/// What is to stand in the Body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Answer,
    Fault,
}

impl Reply {
    /// An answer without headers.
    pub fn plain(version: Version) -> Self {
        Self { version, prefix: Cow::Borrowed(version.prefix()), headers: Headers::None, notice: Vec::new() }
    }

    /// An answer that repeats `blocks` of the question's Header, byte for byte and in their order.
    ///
    /// The namespaces in scope where they stood are declared on the answer's Header, so that prefixes keep
    /// their meaning in names and in content alike.
    pub fn copying(tape: &Tape<'_>, envelope: &Envelope, blocks: &[NodeId]) -> Self {
        let version = envelope.version;
        let (Some(header), false) = (envelope.header, blocks.is_empty()) else { return Self::plain(version) };
        let scope: Vec<(&str, &str)> =
            tape.scope(header).into_iter().map(|(prefix, id)| (prefix, tape.namespace_name(id))).collect();
        let prefix = free_prefix(version, &scope);
        let bytes = blocks.iter().map(|&block| tape.span(block).len()).sum::<usize>();
        let mut out = Writer::with_capacity(bytes + 128 * (scope.len() + 1));
        out.start(&format!("{prefix}:Header"));
        for (bound, namespace) in scope {
            match bound {
                _ if bound == prefix => {}
                "" => out.attribute("xmlns", namespace),
                _ => out.attribute(&format!("xmlns:{bound}"), namespace),
            }
        }
        for &block in blocks {
            out.raw(tape.source()[tape.span(block)].as_bytes());
        }
        Self { version, prefix, headers: Headers::Copied(out.into_bytes()), notice: Vec::new() }
    }

    /// An answer with the properties of WS-Addressing.
    pub fn addressed(version: Version, properties: Addressing) -> Self {
        let prefix = Cow::Borrowed(version.prefix());
        Self { version, prefix, headers: Headers::Addressing(properties), notice: Vec::new() }
    }

    /// Tells the sender what its message held that the contract does not know: how many elements and attributes, and
    /// the paths of the first of them.
    pub fn report_unknown(&mut self, count: u32, paths: &[String]) {
        let mut out = Writer::with_capacity(256);
        out.raw(&self.notice);
        out.start("lt:UnknownElements");
        out.attribute("xmlns:lt", NOTICE);
        out.attribute("count", &count.to_string());
        paths.iter().for_each(|path| out.element("lt:Path", path));
        out.end("lt:UnknownElements");
        self.notice = out.into_bytes();
    }

    /// Tells the sender that its request was answered before: this is the answer of then.
    pub fn report_repeated(&mut self) {
        let mut out = Writer::with_capacity(256);
        out.raw(&self.notice);
        out.start("lt:Repeated");
        out.attribute("xmlns:lt", NOTICE);
        out.end("lt:Repeated");
        self.notice = out.into_bytes();
    }

    /// The question's version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Prefix of the envelope's namespace.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Starts the answer; the Body's child comes next, then [`Reply::close`]. `bytes` is what it may take.
    pub fn open(&self, bytes: usize) -> Writer {
        let mut out = Writer::with_capacity(bytes + 512);
        self.write_head(&mut out, Content::Answer, &[]);
        out
    }

    /// Ends what [`Reply::open`] started.
    pub fn close(&self, mut out: Writer) -> Vec<u8> {
        for part in ["</", &self.prefix, ":Body></", &self.prefix, ":Envelope>"] {
            out.raw(part.as_bytes());
        }
        out.into_bytes()
    }

    /// Writes everything before the Body's child; `extra` are header blocks that come before the others.
    pub(super) fn write_head(&self, out: &mut Writer, content: Content, extra: &[u8]) {
        out.declaration();
        let namespace = self.version.namespace();
        for part in ["<", &self.prefix, ":Envelope xmlns:", &self.prefix, "=\"", namespace, "\">"] {
            out.raw(part.as_bytes());
        }
        self.write_header(out, content, extra);
        for part in ["<", &self.prefix, ":Body>"] {
            out.raw(part.as_bytes());
        }
    }

    fn write_header(&self, out: &mut Writer, content: Content, extra: &[u8]) {
        match &self.headers {
            Headers::Copied(header) if extra.is_empty() => {
                out.raw(header);
                out.raw(&self.notice);
                out.end(&format!("{}:Header", self.prefix));
            }
            Headers::Addressing(properties) => {
                let name = format!("{}:Header", self.prefix);
                out.start(&name);
                out.attribute("xmlns:wsa", addressing::NAMESPACE);
                out.raw(extra);
                let is_fault = content == Content::Fault;
                out.element("wsa:Action", if is_fault { addressing::FAULT_ACTION } else { &properties.action });
                out.element("wsa:MessageID", &properties.message_id);
                out.element("wsa:RelatesTo", &properties.relates_to);
                out.raw(&self.notice);
                out.end(&name);
            }
            Headers::None | Headers::Copied(_) if extra.is_empty() && self.notice.is_empty() => {}
            // Blocks of ours (Upgrade, NotUnderstood) are written before the question's headers are known.
            Headers::None | Headers::Copied(_) => {
                let name = format!("{}:Header", self.prefix);
                out.start(&name);
                out.raw(extra);
                out.raw(&self.notice);
                out.end(&name);
            }
        }
    }
}

/// Namespace of header blocks that tell a sender about its message.
pub const NOTICE: &str = "urn:lienthong:notice:1";

/// The usual prefix, or one made of it that `scope` does not bind to another namespace.
fn free_prefix(version: Version, scope: &[(&str, &str)]) -> Cow<'static, str> {
    let is_free =
        |prefix: &str| scope.iter().all(|&(bound, namespace)| bound != prefix || namespace == version.namespace());
    if is_free(version.prefix()) {
        return Cow::Borrowed(version.prefix());
    }
    // One of `scope.len() + 1` different prefixes is free.
    let mut numbered = (0..=scope.len()).map(|number| format!("{}{number}", version.prefix()));
    Cow::Owned(numbered.find(|prefix| is_free(prefix)).expect("more prefixes than bindings"))
}
