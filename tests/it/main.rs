//! All integration tests, in one binary.

mod architecture;
mod catalogue;
mod client;
mod command;
mod commands;
mod edge;
mod failing;
mod golden;
mod hostile;
mod normal;
mod refused;
mod samples;
mod stranger;
mod upstream;
mod world;
mod xmllint;
