//! WS-Security 1.1.1 with X.509 tokens: a request's Security header read and verified, an answer's signed.
//!
//! A closed profile: what it does not name is refused, never passed over.
//!
//! ```text
//! Security ──timely──▶ Timely ──verify──▶ Verified
//!  read: shape,        Timestamp           what must be covered is; the certificate is believed; the signature is
//!  algorithms, ids     against the clock   its key's; every digest is right: in this order, the cheapest first
//! ```
//! * One `wsse:Security` for us, in it at most one `ds:Signature`, whose references name elements by id: the Body, header
//!   blocks, the Timestamp, a token. What is covered is told by node ([`verify::Verified::covers`]), never by name or id, and the
//!   tape that was hashed is the one that is decoded: a wrapped message has no second parser to live in.
//! * Ids (`wsu:Id`, `xml:id`, `Id`) that a reference uses must be the only ones of their value in the document.
//! * Exclusive canonical form alone, SHA-256 and longer hashes alone, RSA (PKCS#1 v1.5, PSS) and ECDSA alone: no
//!   SHA-1, no HMAC, no other transform, no external reference.
//! * Pure: (tape, time, keys) → verdict. Who may sign is the caller's to say ([`verify::Signers`]), whether a signature
//!   was seen before its to remember ([`verify::Verified::fingerprint`]).
//!
//! Sources: WSS SOAP Message Security 1.1.1; X.509 Token Profile 1.1.1; XML Signature 1.1; RFC 9231 for the names of
//! algorithms; Basic Security Profile 1.1 for what of it travels between implementations.

pub mod algorithm;
pub mod error;
mod nodes;
pub mod read;
pub mod sign;
pub mod timestamp;
mod token;
pub mod verify;

#[cfg(test)]
mod tests;

use crate::xml::tape::{NodeId, Tape};

/// Whether a mandatory header block of this name is understood where messages may be signed.
pub fn understands(namespace: &str, local: &str) -> bool {
    namespace == WSSE && local == "Security"
}

/// Whether a header block is the `Security` header.
pub fn is_header(tape: &Tape<'_>, block: NodeId) -> bool {
    understands(tape.namespace_name(tape.namespace(block)), tape.local(block))
}

/// Namespace of the `Security` header block.
pub const WSSE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
/// Namespace of `Id`, `Timestamp`, `Created`, `Expires`.
pub const WSU: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
/// Namespace of XML Signature.
pub const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const X509_V3: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3";
const X509_SKI: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509SubjectKeyIdentifier";
const BASE64_BINARY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";
