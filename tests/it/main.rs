//! All integration tests, in one binary.

mod architecture;
mod catalogue;
mod client;
mod command;
mod commands;
#[cfg(feature = "pkcs11")]
mod device;
mod differential;
mod drafts;
mod edge;
mod failing;
mod golden;
mod hostile;
mod normal;
mod profiles;
mod refused;
mod reload;
mod round_trip;
mod samples;
mod stranger;
mod upstream;
mod world;
mod xmllint;

#[path = "../generator/mod.rs"]
mod generator;
#[path = "../judge/mod.rs"]
mod judge;
