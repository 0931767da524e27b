//! Why a message's security is refused; all of it blames the sender.

use crate::clock::UnixMillis;
use crate::pki::Untrusted;
use crate::xml::tape::{NodeId, Tape};

/// A broken rule and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}, line {line}: {kind}")]
pub struct Error {
    /// Path of the node from the root: `/Envelope/Header/Security/Signature`.
    pub path: String,
    /// Its line, from 1.
    pub line: u32,
    /// The rule.
    pub kind: Kind,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Kind {
    /// The sender's messages must be signed, and this one is not.
    #[error("the message is not signed")]
    Missing,
    /// A part that must be signed is not.
    #[error("the signature does not cover {0}")]
    NotCovered(Part),
    /// Not built as WS-Security and XML Signature demand; what is demanded.
    #[error("must be {0}")]
    Malformed(&'static str),
    /// Allowed by the standards, outside our profile; what the profile has.
    #[error("only {0} is supported")]
    Unsupported(&'static str),
    /// More of something than a message needs.
    #[error("at most {max} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The bound.
        max: usize,
    },
    /// A reference whose id no element has, or one that may not be signed alone.
    #[error("the reference names neither the Body nor a header block nor a part of Security")]
    Target,
    /// Two elements have the id of a reference.
    #[error("two elements have the id that a reference names")]
    DoubledId,
    /// The sender's messages must say when they were made, and this one does not.
    #[error("the message has no Timestamp")]
    NoTimestamp,
    /// Made too long ago, or past its `Expires`.
    #[error("the message expired at {}, the clock says {}", .at.0, .now.0)]
    Expired {
        /// When it did.
        at: UnixMillis,
        /// The time here.
        now: UnixMillis,
    },
    /// Made later than now.
    #[error("the message was made at {}, the clock says {}", .at.0, .now.0)]
    Early {
        /// When it says it was.
        at: UnixMillis,
        /// The time here.
        now: UnixMillis,
    },
    /// The certificate that the message names is not in it, and not among those known.
    #[error("the signer's certificate is not known")]
    NoCertificate,
    /// The certificate is not believed.
    #[error("the signer's certificate is refused: {0}")]
    Distrusted(Distrust),
    /// The signature is not the certificate's, or what was signed is not what came.
    #[error("the signature is wrong")]
    Signature,
    /// What a reference names is not what was signed.
    #[error("the digest of what is signed here is wrong")]
    Digest,
}

/// A part of a message that a policy may demand to be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Part {
    /// The Body.
    #[error("the Body")]
    Body,
    /// `wsu:Timestamp`.
    #[error("the Timestamp")]
    Timestamp,
    /// The header block with the message id.
    #[error("the message id")]
    MessageId,
}

/// Why a certificate is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// It is not one of the sender's.
    #[error("it is not the sender's")]
    Foreign,
    /// No chain to a trust anchor, out of date, revoked, not for signing.
    #[error(transparent)]
    Chain(Untrusted),
    /// Its key is neither RSA of 2048 bits and more nor on P-256 or P-384.
    #[error("its key is not of a supported kind")]
    Key,
}

impl Error {
    /// `kind` at `node`.
    pub fn at(tape: &Tape<'_>, node: NodeId, kind: Kind) -> Self {
        Self { path: tape.path(node), line: tape.line(node), kind }
    }
}
