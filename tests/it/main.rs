//! All integration tests, in one binary.

mod architecture;
mod client;
mod edge;
mod golden;
mod hostile;
mod normal;
mod samples;
mod world;
mod xmllint;
