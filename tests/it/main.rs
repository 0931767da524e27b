//! All integration tests, in one binary.

mod architecture;
mod samples;
mod xmllint;
