//! The embedded dossier service: the ministry's stand-in for trials and pilots.

pub mod admission;
mod agencies_file;
mod applicant;
mod batch;
pub mod calendar;
mod caller;
mod case;
pub mod catalogue;
pub mod code;
mod codes_file;
pub mod contract;
mod desk;
mod directory;
mod error;
mod exchange;
mod form_rules;
pub mod holidays;
pub mod incoming;
pub mod lifecycle;
mod national_file;
mod office;
mod procedures_file;
mod published;
mod records;
mod reports;
mod rules;
pub mod server;
mod service;
mod sync_rules;
#[cfg(test)]
pub(crate) mod tests;
mod toml_file;
mod validity;
