//! XSD → types, facets and content automata: what a conforming validator knows of a partner's messages.
//!
//! Read with [`load::load`]; then immutable. The `binding` room joins it with descriptors, `transcode` runs it.

pub mod automaton;
pub mod bounds;
pub mod load;
pub mod model;
pub mod value;

#[cfg(test)]
mod tests;
