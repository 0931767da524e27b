//! All integration tests, in one binary.

mod architecture;
mod client;
mod command;
mod commands;
mod drafts;
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
