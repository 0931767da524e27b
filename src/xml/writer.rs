//! Appends well-formed XML to a byte buffer.

/// Writes tags, attributes and escaped text; keeps no state but the buffer and whether a start tag is open.
#[derive(Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
    open: bool,
}

impl Writer {
    /// A writer over an empty buffer of this capacity, bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes), open: false }
    }
    /// The `<?xml version="1.0" encoding="UTF-8"?>` declaration.
    pub fn declaration(&mut self) {
        todo!()
    }
    /// `<name`; `name` is a qualified name known to be valid. Attributes may follow.
    pub fn start(&mut self, name: &str) {
        let _ = (name, self.open);
        todo!()
    }
    /// ` name="value"`, escaped; only right after [`Writer::start`] or another attribute.
    pub fn attribute(&mut self, name: &str, value: &str) {
        let _ = (name, value);
        todo!()
    }
    /// Character data, escaped. Characters XML 1.0 cannot carry are replaced by U+FFFD.
    pub fn text(&mut self, text: &str) {
        let _ = text;
        todo!()
    }
    /// Text that needs no escaping (digits, base64, enumeration values).
    pub fn plain(&mut self, text: &str) {
        let _ = text;
        todo!()
    }
    /// `</name>`, or `/>` where nothing was written since the start tag.
    pub fn end(&mut self, name: &str) {
        let _ = name;
        todo!()
    }
    /// `<name>text</name>`.
    pub fn element(&mut self, name: &str, text: &str) {
        self.start(name);
        self.text(text);
        self.end(name);
    }
    /// A piece of well-formed XML as it is: an echoed header block, a detail.
    pub fn raw(&mut self, xml: &[u8]) {
        let _ = xml;
        todo!()
    }
    /// Bytes written so far; with [`Writer::truncate`], a way back.
    pub fn len(&self) -> usize {
        self.out.len()
    }
    /// Whether nothing is written yet.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }
    /// Forgets all that was written after `len` bytes (a value of [`Writer::len`] taken between elements).
    pub fn truncate(&mut self, len: usize) {
        self.out.truncate(len);
        self.open = false;
    }
    /// The bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }
}
