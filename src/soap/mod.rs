//! SOAP 1.1 and 1.2: media types and parts, versions, envelope, header protocols, faults.
//!
//! Pure: a [`crate::xml::tape::Tape`] in, node ids and bytes out. The order of WS-I R2725 is in the types:
//! [`envelope::open`] finds a wrong version, [`envelope::Opened::understand`] a header that is not understood,
//! and only [`envelope::Understood::envelope`] tells of anything else that is the caller's fault.

pub mod addressing;
pub mod envelope;
pub mod error;
pub mod fault;
pub mod media;
pub mod mime;
pub mod reply;
pub mod version;
pub mod xroad;

#[cfg(test)]
mod tests;
