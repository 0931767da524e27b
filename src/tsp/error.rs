//! Why there is no time-stamp.

use crate::pki::Untrusted;

/// Why a response is no time-stamp of the digest. All but [`Error::Refused`] blame who sent it, or the trust.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More bytes than a response needs.
    #[error("the response has {bytes} bytes, at most {bytes_max} are read")]
    TooLong {
        /// Of the response.
        bytes: usize,
        /// The bound.
        bytes_max: usize,
    },
    /// The authority made no stamp.
    #[error("the authority made no time-stamp: {0}")]
    Refused(Refusal),
    /// Not built as RFC 3161 or RFC 5652 demands; the part that is not.
    #[error("{0} is not as RFC 3161 demands")]
    Malformed(&'static str),
    /// Allowed by the standards, outside our profile; what the profile has.
    #[error("only {0} is supported")]
    Unsupported(&'static str),
    /// A stamp of something else.
    #[error("the time-stamp is of another digest")]
    Imprint,
    /// A stamp for another request, or without the request's nonce: an old one, perhaps.
    #[error("the time-stamp has not the request's nonce")]
    Nonce,
    /// The certificate that the signer names did not come.
    #[error("the response has not its signer's certificate")]
    NoCertificate,
    /// The signed attributes name another certificate than the signer's, or none (RFC 5816 §2.2).
    #[error("the signature does not name its certificate")]
    NotNamed,
    /// The signature is not over this TSTInfo.
    #[error("the digest of what is signed is wrong")]
    Digest,
    /// The signature is not by this certificate's key.
    #[error("the signature is wrong")]
    Signature,
    /// The certificate's key is neither RSA of 2048 bits and more nor on P-256 or P-384.
    #[error("the signer's key is not of a supported kind")]
    Key,
    /// No chain to a trust anchor at the stamp's time, revoked, not for time-stamps.
    #[error("the signer's certificate is refused: {0}")]
    Distrusted(Untrusted),
}

/// An authority's refusal (RFC 3161 §2.4.2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status} ({failure}) {text:?}")]
pub struct Refusal {
    /// What it did instead.
    pub status: Status,
    /// Why.
    pub failure: Failure,
    /// Its own words, cut at 256 characters; empty where it has none. Whoever answered wrote them: for the log.
    pub text: String,
}

/// A `PKIStatus` without a stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Status {
    /// 2.
    #[error("rejection")]
    Rejection,
    /// 3: the request was taken and not yet answered.
    #[error("waiting")]
    Waiting,
    /// 4: the authority's certificate is about to be revoked.
    #[error("revocationWarning")]
    RevocationWarning,
    /// 5: the authority's certificate was revoked.
    #[error("revocationNotification")]
    RevocationNotification,
}

/// A `PKIFailureInfo`: the first bit that is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No bit is set that RFC 3161 has.
    #[error("no failInfo")]
    Unsaid,
    /// 0: unknown algorithm.
    #[error("badAlg")]
    BadAlg,
    /// 2: not allowed, or not supported.
    #[error("badRequest")]
    BadRequest,
    /// 5: the request is not readable.
    #[error("badDataFormat")]
    BadDataFormat,
    /// 14: the authority's clock is out of order.
    #[error("timeNotAvailable")]
    TimeNotAvailable,
    /// 15: the policy that was asked for is not the authority's.
    #[error("unacceptedPolicy")]
    UnacceptedPolicy,
    /// 16: an extension that was asked for is not the authority's.
    #[error("unacceptedExtension")]
    UnacceptedExtension,
    /// 17: what was asked for besides is not to be had.
    #[error("addInfoNotAvailable")]
    AddInfoNotAvailable,
    /// 25.
    #[error("systemFailure")]
    SystemFailure,
}
