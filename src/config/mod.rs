//! Settings as written → checked, all problems at once.

pub mod dossier;
pub mod evidence;
pub mod gateway;
mod keys;
pub mod signature;
mod store;
pub mod tls;
pub mod watch;
