//! All integration tests, in one binary.

mod architecture;
mod catalogue;
mod client;
mod command;
mod commands;
mod crl;
mod denial;
#[cfg(feature = "pkcs11")]
mod device;
mod differential;
mod drafts;
mod edge;
mod evidence;
mod failing;
mod fuzz_seeds;
mod gateways;
mod golden;
mod hostile;
mod limits;
mod members;
mod normal;
mod once;
mod parties;
mod profiles;
mod refused;
mod reload;
mod round_trip;
mod samples;
mod signature;
mod stranger;
mod taint;
mod tsa;
mod upstream;
mod world;
mod x_road;
mod xmllint;

#[path = "../authority/mod.rs"]
mod authority;
#[path = "../generator/mod.rs"]
mod generator;
#[path = "../judge/mod.rs"]
mod judge;
#[path = "../postgres/mod.rs"]
mod postgres;
