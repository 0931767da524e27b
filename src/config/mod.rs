//! Settings as written → checked, all problems at once.

pub mod dossier;
mod keys;
