//! Tools for people with a contract in hand: a partner's XSD or WSDL → .proto and binding, a .proto → XSD and binding.
//!
//! ```text
//! import   WSDL ─┐                       ┌─▶ *.xsd (copies)
//!          XSD ──┴▶ source ─▶ schema ─▶ mirror ─▶ proto_text, binding_text
//!
//! export   .proto ─▶ descriptors ─▶ xsd_text, binding_text
//! ```
//! What is written is a first draft that compiles: both end with the real [`crate::binding::plan::Partner::compile`].
//! What the binding language cannot carry is ignored in the draft, with a warning that names its place.

mod binding_text;
mod content;
mod documentation;
mod effect;
pub mod export;
mod faces;
pub mod import;
mod mirror;
mod name_types;
mod names;
mod output;
mod proto_text;
mod source;
mod tag;
mod value;
mod wsdl;
mod xsd_text;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

/// What was written, for people.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Written {
    /// Files, in the order they were written.
    pub files: Vec<PathBuf>,
    /// Operations bound.
    pub operations: usize,
    /// Protobuf messages that were written (import) or that got an XSD type (export).
    pub messages: usize,
    /// Enumerations, likewise.
    pub enums: usize,
}

/// Where both commands put what they write.
#[derive(Debug, Clone)]
pub struct Out {
    /// The folder; made where it is missing.
    pub dir: PathBuf,
    /// Whether files that are there may be overwritten.
    pub force: bool,
}
