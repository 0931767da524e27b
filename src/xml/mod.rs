//! XML as the gateway reads and writes it; the only XML reader of the crate.

pub mod encoding;
pub mod error;
pub mod limits;
pub mod tape;
pub mod writer;
