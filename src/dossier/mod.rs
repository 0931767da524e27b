//! The embedded dossier service: the ministry's stand-in for trials and pilots.

pub mod admission;
mod applicant;
pub mod calendar;
mod caller;
mod case;
pub mod catalogue;
pub mod code;
pub mod contract;
mod desk;
mod error;
mod form_rules;
pub mod holidays;
pub mod incoming;
pub mod lifecycle;
mod office;
mod records;
mod rules;
pub mod server;
mod service;
#[cfg(test)]
pub(crate) mod tests;
mod toml_file;
