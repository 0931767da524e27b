//! A document in which one thing is filled in at every request: the address that serves it.

/// A document cut at the places where the address belongs.
#[derive(Debug)]
pub(super) struct Template {
    pieces: Vec<String>,
    bytes: usize,
}

impl Template {
    /// Cuts `text` at every [`ADDRESS`].
    pub(super) fn new(text: &str) -> Self {
        let pieces: Vec<String> = text.split(ADDRESS).map(str::to_owned).collect();
        Self { pieces, bytes: text.len() }
    }

    /// The document with `address` in place; the address is escaped for attribute values.
    pub(super) fn fill(&self, address: &str) -> Vec<u8> {
        let address = address.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        let mut out = Vec::with_capacity(self.bytes + self.pieces.len() * address.len());
        for (index, piece) in self.pieces.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(address.as_bytes());
            }
            out.extend_from_slice(piece.as_bytes());
        }
        out
    }
}

/// Stands for the address in what [`Template::new`] takes: no text of a schema, and no character the XML
/// writer escapes.
pub(super) const ADDRESS: &str = "\u{E000}address\u{E000}";
