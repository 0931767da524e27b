//! What is verified says what was stamped, and nothing that is read panics.

use std::sync::LazyLock;

use lienthong::clock::UnixMillis;
use lienthong::crypto::Digest;
use lienthong::pki::Trust;
use lienthong::problem::Problems;
use lienthong::tsp::{Stamp, verify};

use super::setup::root;

/// Any bytes as the response of whoever answered with one of the seeds.
pub fn hold(bytes: &[u8]) {
    let Ok(stamp) = verify(bytes, Digest::of(STAMPED), None, &TRUST) else { return };
    assert!(STAMPS.contains(&stamp), "verified, though nobody stamped it: {stamp:?}");
    // All seeds have the same nonce.
    assert_eq!(verify(bytes, Digest::of(STAMPED), Some(NONCE), &TRUST), Ok(stamp));
    assert!(verify(bytes, Digest::of(b"else"), None, &TRUST).is_err());
}

/// Of whoever stamped the seeds; nobody has the keys any more.
static TRUST: LazyLock<Trust> = LazyLock::new(|| {
    let anchors = [root().join("fuzz/properties/tsp.pem")];
    let mut problems = Problems::new();
    Trust::of_anchors(&anchors, UnixMillis(0), &mut problems).unwrap_or_else(|| panic!("{problems}"))
});

/// What the seeds say; refusals are among them.
static STAMPS: LazyLock<Vec<Stamp>> = LazyLock::new(|| {
    let seeds = std::fs::read_dir(root().join("fuzz/seeds/tsp")).expect("seeds");
    let bytes = seeds.map(|entry| std::fs::read(entry.expect("a seed").path()).expect("a seed is readable"));
    let stamps: Vec<Stamp> = bytes.filter_map(|bytes| verify(&bytes, Digest::of(STAMPED), None, &TRUST).ok()).collect();
    assert!(stamps.len() >= 4, "the seeds are responses: {}", stamps.len());
    stamps
});

const STAMPED: &[u8] = b"evidence";
const NONCE: u64 = 0xfedc_ba98_7654_3210;
