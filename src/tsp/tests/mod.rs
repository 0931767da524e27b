//! Responses in, stamps and errors out: those of `openssl ts`, and those that are forged here, byte by byte.

mod flipped;
mod forge;
mod forged;
mod openssl;

#[path = "../../../tests/authority/mod.rs"]
mod authority;

use std::path::Path;

use crate::clock::UnixMillis;
use crate::crypto::Digest;
use crate::pki::Trust;
use crate::problem::Problems;

/// A trust of one root, DER.
fn trust(root: &[u8]) -> Trust {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("root.pem");
    std::fs::write(&file, authority::pem(root)).expect("written");
    trust_in(&file)
}

/// A trust of one root in a file.
fn trust_in(file: &Path) -> Trust {
    let mut problems = Problems::new();
    let trust = Trust::of_anchors(&[file], UnixMillis(1_780_000_000_000), &mut problems);
    trust.unwrap_or_else(|| panic!("{problems}"))
}

/// What is stamped here.
fn digest() -> Digest {
    Digest::of("chứng cứ".as_bytes())
}

const NONCE: u64 = 0xfedc_ba98_7654_3210;
