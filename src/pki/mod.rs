//! Certificates, keys and trust anchors as they stand on disk.

mod files;

pub use files::{Identity, Trust};
