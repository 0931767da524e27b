//! Time-stamps (RFC 3161, RFC 5816): the request for one, and what a response proves; bytes in, bytes out.
//!
//! * [`request()`] asks for a stamp of a SHA-256 digest, with the authority's certificates in the answer.
//! * [`verify`] takes the response as the authority sent it, when it comes and years later. A [`Stamp`] is built there
//!   only: it says that a trusted authority had this digest at this time.
//!
//! What a response is made of, and who vouches for each part:
//!
//! ```text
//! TimeStampResp
//! ├─ status                nobody: read first, believed only where it refuses
//! └─ token: SignedData     nobody
//!    ├─ TSTInfo            message-digest: policy, imprint, serial number, time, nonce
//!    ├─ certificates       the chain to an anchor, at the stamp's time; what is beside it: nobody
//!    └─ SignerInfo         nobody: says which certificate and which algorithms
//!       ├─ signedAttrs     the signature: content-type, message-digest, signing certificate
//!       ├─ signature
//!       └─ unsignedAttrs   nobody: passed over
//! ```
//!
//! So of a response that verifies, these bytes may have been changed on the way, and none of them is in a [`Stamp`]:
//! granted or granted with modifications, the status's text and failure, revocation lists, certificates that the chain
//! does not need, unsigned attributes. An ECDSA signature has a twin that is as good (`s` and `n - s`).
//!
//! Not done here: sending; asking whether a certificate was revoked beyond the lists of [`Trust`]; BER, which RFC 3161 §3
//! does not allow; the hint `tsa` of a TSTInfo, since the signing certificate is named by its digest; the accuracy.

mod algorithm;
mod attributes;
mod der;
mod error;
mod info;
mod request;
mod response;
mod signed;
mod signer;

pub use error::{Error, Failure, Refusal, Status};
pub use request::request;

use crate::clock::UnixMillis;
use crate::crypto::Digest;
use crate::pki::{Trust, Usage};

/// A time-stamp that was verified: an authority had the digest at this time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// When the authority had it, by the authority's clock (`genTime`); fractions of a millisecond are cut off.
    pub time: UnixMillis,
    /// The stamp's number, unique of its authority: hexadecimal, lower case, whole bytes, at most 20.
    pub serial: String,
    /// The policy it was made under: `1.2.3.4`.
    pub policy: String,
    /// Subject of the authority's certificate: `CN=…, O=…`, as [`crate::crypto::certificate::Certificate::subject`].
    pub signer: String,
}

/// Verifies a response to [`request()`].
///
/// Input:  `response`, a DER TimeStampResp (the body of `application/timestamp-reply`); the digest that was asked for;
///         the request's nonce when the response has just come, `None` when it was verified then and is again later;
///         who may vouch for the authority. The clock is not asked: a stamp stays good when its certificate expires.
/// Limits: [`RESPONSE_BYTES_MAX`]; 16 certificates; the algorithms are RSA (PKCS#1 v1.5) and ECDSA (P-256, P-384) with
///         SHA-256, SHA-384 or SHA-512.
/// Errors: the first rule that is broken. Only [`Error::Refused`] is the authority's own word.
/// Source: RFC 3161 §2.2 (what a requester verifies), §2.4.2; RFC 5816 §2.2; RFC 5652 §5; RFC 5035 §3.
pub fn verify(response: &[u8], digest: Digest, nonce: Option<u64>, trust: &Trust) -> Result<Stamp, Error> {
    if response.len() > RESPONSE_BYTES_MAX {
        return Err(Error::TooLong { bytes: response.len(), bytes_max: RESPONSE_BYTES_MAX });
    }
    let signed = signed::Signed::read(response::token(response)?)?;
    let info = info::Info::read(signed.content)?;
    info.check(digest, nonce)?;
    let chain = signed.verify()?;
    trust.check_past(&chain.certificates, Usage::TimeStamping, info.time).map_err(Error::Distrusted)?;
    Ok(Stamp { time: info.time, serial: info.serial, policy: info.policy, signer: chain.subject })
}

/// Bytes of a response; those of real authorities have two to ten thousand.
pub const RESPONSE_BYTES_MAX: usize = 64 * 1024;

#[cfg(test)]
mod tests;
