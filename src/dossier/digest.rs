//! SHA-256 of contents and requests.

use aws_lc_rs::digest::{SHA256, digest};

/// The digest's bytes.
pub fn of(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

/// The digest in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    of(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
