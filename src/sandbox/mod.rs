//! Everything on one machine, keys made on the spot.

pub mod layout;
pub mod message;
pub mod samples;
pub mod transcript;
