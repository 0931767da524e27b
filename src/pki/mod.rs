//! Certificates, keys, trust anchors and revocation lists on disk, and whether a chain is to be trusted.
//!
//! * An [`Identity`] is a certificate chain with its key, which signs and is never shown.
//! * A [`Trust`] is who may vouch for others: anchors, revocation lists (CRLs) and what a stale one means. It is never
//!   changed, only replaced; its generation tells one from the next, so that verdicts may be kept until then.
//! * An [`Expiry`] is the day on which one of them stops being good.
//!
//! TLS and message signatures ask the same [`Trust`]. What comes over the network is judged here and never read from
//! anywhere else: no list is fetched, no address in a certificate is followed.

mod crl;
mod encrypted;
mod expiry;
mod identity;
mod key;
mod pem;
#[cfg(feature = "pkcs11")]
mod pkcs11;
mod trust;

pub use expiry::{Expiry, ExpiryKind};
pub use identity::{Identity, SignError};
pub use key::KeyFile;
pub use trust::{Generation, StaleCrls, Trust, Untrusted, Usage};

#[cfg(test)]
mod tests;
