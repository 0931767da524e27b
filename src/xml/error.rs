//! Why a document could not be read.

/// Where a document is wrong, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {kind}")]
pub struct Error {
    /// Line of the fault, from 1.
    pub line: u32,
    /// Column of the fault in characters, from 1.
    pub column: u32,
    /// What is wrong there.
    pub kind: ErrorKind,
}

/// What is wrong with a document. Names are cut to a printable length; values never appear.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ErrorKind {
    /// Not well-formed by XML 1.0 or Namespaces in XML 1.0; the rule broken.
    #[error("not well-formed: {0}")]
    Malformed(&'static str),
    /// A DTD, which SOAP forbids (SOAP 1.2 part 1 §5, WS-I R1008).
    #[error("a document type declaration is not allowed")]
    Doctype,
    /// A processing instruction where they are refused (WS-I R1009).
    #[error("a processing instruction is not allowed")]
    ProcessingInstruction,
    /// An entity other than the five predefined ones and character references.
    #[error("undefined entity")]
    Entity,
    /// Bytes that are not in the encoding they claim, or a claimed encoding that is not UTF-8 or UTF-16.
    #[error("encoding: {0}")]
    Encoding(&'static str),
    /// One of [`super::limits::Limits`] exceeded: its name and value.
    #[error("limit exceeded: {limit} is {max}")]
    Limit {
        /// Field name of the limit.
        limit: &'static str,
        /// Its value.
        max: usize,
    },
}

impl Error {
    /// An error at a byte offset of a text.
    pub(super) fn at(text: &str, offset: usize, kind: ErrorKind) -> Self {
        let (line, column) = Self::place(text, offset);
        Self { line, column, kind }
    }

    /// Line and column, from 1, of a byte offset. Linear in the offset.
    pub(super) fn place(text: &str, offset: usize) -> (u32, u32) {
        let before = &text.as_bytes()[..offset.min(text.len())];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let lines = memchr::memchr_iter(b'\n', before).count();
        // Characters, not bytes: continuation bytes of UTF-8 do not count.
        let column = before[line_start..].iter().filter(|&&byte| byte & 0xC0 != 0x80).count();
        (u32::try_from(lines + 1).unwrap_or(u32::MAX), u32::try_from(column + 1).unwrap_or(u32::MAX))
    }
}
