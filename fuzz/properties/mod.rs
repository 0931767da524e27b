//! What holds for any bytes: one file for each fuzz target, whose `hold` panics where it does not.
//!
//! Two crates use them: `fuzz/targets` under the fuzzer, `tests/it/fuzz_seeds.rs` on what is kept in `fuzz/seeds`. A new
//! target is a file here and in `targets`, a line in [`ALL`], a `[[bin]]` in `fuzz/Cargo.toml` and its seeds.
#![allow(dead_code, reason = "each fuzz target uses one")]

pub mod c14n;
pub mod decode;
pub mod envelope;
pub mod mime;
pub mod setup;
pub mod tokens;
pub mod tsp;
pub mod wsse;

/// Panics where it does not hold for these bytes.
pub type Property = fn(&[u8]);

/// Every target by name.
pub const ALL: [(&str, Property); 7] = [
    ("tokens", tokens::hold),
    ("envelope", envelope::hold),
    ("decode", decode::hold),
    ("mime", mime::hold),
    ("c14n", c14n::hold),
    ("wsse", wsse::hold),
    ("tsp", tsp::hold),
];
