//! XML as the gateway reads and writes it; the only XML reader of the crate.

pub mod chars;
pub mod encoding;
pub mod error;
pub mod limits;
mod read;
pub mod tape;
mod text;
pub mod writer;

#[cfg(test)]
mod linear;
#[cfg(test)]
mod tests;
