//! How a certificate is known to be a member's.

use crate::crypto::Digest;
use crate::crypto::certificate::Certificate;

/// A certificate as the file tells it.
#[derive(Debug)]
pub(super) struct Pinned {
    pub(super) pin: Pin,
    /// The certificate itself, where the file names it rather than its key or names.
    pub(super) known: Option<Known>,
    /// Line of members.toml, from 1.
    pub(super) line: u32,
}

/// A certificate that was read.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) facts: Certificate,
    pub(super) der: Vec<u8>,
}

/// What a certificate is told by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pin {
    /// By its public key.
    Spki(Digest),
    /// By names, for a CA that is trusted to give them out.
    Names { issuer: String, subject: String },
}

impl Pin {
    pub(super) fn fits(&self, certificate: &Certificate) -> bool {
        match self {
            Self::Spki(spki) => *spki == certificate.spki,
            Self::Names { issuer, subject } => *issuer == certificate.issuer && *subject == certificate.subject,
        }
    }
}

impl Pinned {
    /// Whether one certificate fits both. A certificate that the file names is known by its key and by its names.
    fn meets(&self, other: &Self) -> bool {
        let fits = |pin: &Pin, known: &Option<Known>| known.as_ref().is_some_and(|known| pin.fits(&known.facts));
        self.pin == other.pin || fits(&self.pin, &other.known) || fits(&other.pin, &self.known)
    }
}

/// Whether a certificate stands in both lists, as far as the file tells it.
pub(super) fn share(one: &[Pinned], other: &[Pinned]) -> bool {
    one.iter().any(|pinned| other.iter().any(|also| pinned.meets(also)))
}
