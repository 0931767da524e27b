//! Appends well-formed XML to a byte buffer.
//!
//! Text and attribute values are escaped so that a reader gets back exactly what was written: a carriage return, and in
//! attributes a tab or line feed, go out as character references. Characters that XML cannot carry become U+FFFD.

use super::chars;

/// Writes tags, attributes and text. Names are the caller's promise; nesting is too.
#[derive(Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
    /// Whether the last start tag still lacks its `>`.
    open: bool,
}

impl Writer {
    /// A writer over an empty buffer of this capacity, bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes), open: false }
    }

    /// The `<?xml version="1.0" encoding="UTF-8"?>` declaration.
    pub fn declaration(&mut self) {
        self.out.extend_from_slice(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    }

    /// `<name`; `name` is a qualified name known to be valid. Attributes may follow.
    pub fn start(&mut self, name: &str) {
        self.close();
        self.out.push(b'<');
        self.out.extend_from_slice(name.as_bytes());
        self.open = true;
    }

    /// ` name="value"`, escaped; only right after [`Writer::start`] or another attribute.
    pub fn attribute(&mut self, name: &str, value: &str) {
        debug_assert!(self.open, "an attribute belongs to a start tag");
        self.out.push(b' ');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"=\"");
        self.escaped(value, IN_ATTRIBUTE);
        self.out.push(b'"');
    }

    /// Character data, escaped. Nothing is written for the empty text.
    pub fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.close();
            self.escaped(text, IN_TEXT);
        }
    }

    /// Text that needs no escaping: digits, base64, enumeration values.
    pub fn plain(&mut self, text: &str) {
        if !text.is_empty() {
            self.close();
            self.out.extend_from_slice(text.as_bytes());
        }
    }

    /// `</name>`, or `/>` where nothing was written since the start tag.
    pub fn end(&mut self, name: &str) {
        if self.open {
            self.out.extend_from_slice(b"/>");
            self.open = false;
        } else {
            self.out.extend_from_slice(b"</");
            self.out.extend_from_slice(name.as_bytes());
            self.out.push(b'>');
        }
    }

    /// `<name>text</name>`.
    pub fn element(&mut self, name: &str, text: &str) {
        self.start(name);
        self.text(text);
        self.end(name);
    }

    /// A piece of well-formed XML as it is: an echoed header block, a detail.
    pub fn raw(&mut self, xml: &[u8]) {
        if !xml.is_empty() {
            self.close();
            self.out.extend_from_slice(xml);
        }
    }

    /// Closes a start tag that is still open, so that [`Writer::len`] is a place between nodes.
    pub fn close(&mut self) {
        if self.open {
            self.out.push(b'>');
            self.open = false;
        }
    }

    /// Bytes written so far; with [`Writer::truncate`], a way back.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether nothing is written yet.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Forgets all that was written after `len` bytes (a value of [`Writer::len`] taken after [`Writer::close`]).
    pub fn truncate(&mut self, len: usize) {
        self.out.truncate(len);
        self.open = false;
    }

    /// The bytes written so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.out
    }

    /// The bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    fn escaped(&mut self, text: &str, special: u8) {
        let bytes = text.as_bytes();
        let mut plain_from = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            if SPECIAL[byte as usize] & special == 0 {
                continue;
            }
            let Some((escape, length)) = escape(text, at) else { continue };
            self.out.extend_from_slice(&bytes[plain_from..at]);
            self.out.extend_from_slice(escape.as_bytes());
            plain_from = at + length;
        }
        self.out.extend_from_slice(&bytes[plain_from..]);
    }
}

/// What stands for the character at a byte of the text, and how many bytes it takes the place of.
fn escape(text: &str, at: usize) -> Option<(&'static str, usize)> {
    Some(match text.as_bytes()[at] {
        b'&' => ("&amp;", 1),
        b'<' => ("&lt;", 1),
        b'>' => ("&gt;", 1),
        b'"' => ("&quot;", 1),
        b'\t' => ("&#9;", 1),
        b'\n' => ("&#10;", 1),
        b'\r' => ("&#13;", 1),
        0xEF => {
            let c = text[at..].chars().next().filter(|&c| !chars::is_char(c))?;
            ("\u{FFFD}", c.len_utf8())
        }
        _ => ("\u{FFFD}", 1),
    })
}

const IN_TEXT: u8 = 1;
const IN_ATTRIBUTE: u8 = 2;

/// Where a byte cannot stand as it is.
const SPECIAL: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        table[at] = match at as u8 {
            b'&' | b'<' | b'>' | b'\r' | 0xEF => IN_TEXT | IN_ATTRIBUTE,
            b'"' | b'\t' | b'\n' => IN_ATTRIBUTE,
            0..=0x1F => IN_TEXT | IN_ATTRIBUTE,
            _ => 0,
        };
        at += 1;
    }
    table
};
