//! How large a document may be before it is refused.

/// Bounds of one document. All are inclusive: a document at the bound is read, one past it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Whole document, bytes.
    pub document_bytes_max: usize,
    /// Nested elements; the root has depth 1.
    pub depth_max: u32,
    /// Elements in the document; attributes and namespace declarations, taken together, are no more either.
    pub elements_max: u32,
    /// Qualified name of an element or attribute, bytes.
    pub name_bytes_max: usize,
    /// Attributes of one element, namespace declarations included.
    pub attributes_max: usize,
    /// Distinct namespace names in the document.
    pub namespaces_max: usize,
    /// One attribute's value, bytes as written.
    pub attribute_bytes_max: usize,
    /// Whether processing instructions are skipped (schema files) or refused (SOAP messages, WS-I R1009).
    pub processing_instructions: ProcessingInstructions,
}

/// What to do with a processing instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessingInstructions {
    /// It makes the document unreadable.
    Refuse,
    /// It is passed over.
    Skip,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes_max: 16 << 20,
            depth_max: 64,
            elements_max: 200_000,
            name_bytes_max: 256,
            attributes_max: 64,
            namespaces_max: 64,
            attribute_bytes_max: 64 << 10,
            processing_instructions: ProcessingInstructions::Refuse,
        }
    }
}
