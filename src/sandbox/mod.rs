//! Everything on one machine, keys made on the spot.

pub mod answer;
pub mod connect;
pub mod contracts;
pub mod error;
pub mod interpreter;
pub mod layout;
pub mod message;
pub mod officer;
pub mod party;
pub mod pki;
pub mod portal;
pub mod requests;
pub mod run;
pub mod samples;
pub mod scenario;
pub mod settings;
pub mod transcript;
