//! Signed messages: whose certificates count, what is remembered, what signs our answers.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls::pki_types::CertificateDer;

use super::key::digest_of;
use crate::clock::{Clock, UnixMillis};
use crate::crypto::Digest;
use crate::crypto::certificate::Certificate;
use crate::crypto::signature::PublicKey;
use crate::member::Member;
use crate::pki::{Trust, Usage};
use crate::store::ledger::piece::Mark;
use crate::wsse::error::Distrust;
use crate::wsse::sign::Signer;
use crate::wsse::timestamp::Tolerance;
use crate::wsse::verify::{Signers, Verified};

/// What messages are verified and answers signed with.
pub struct Security {
    /// By what signatures are judged and made; may be exchanged while calls are under way.
    pub keys: Arc<ArcSwap<Keys>>,
    /// How clocks may differ and how old a message may be.
    pub tolerance: Tolerance,
    /// The time of Timestamps.
    pub clock: Clock,
    /// Certificates that were believed lately.
    pub believed: Believed,
}

/// By what signatures are judged and made.
#[derive(Debug)]
pub struct Keys {
    /// Who signs the certificates of members' signatures.
    pub trust: Trust,
    /// What signs answers to the members that want them signed; `None`: nobody does.
    pub signer: Option<Signer>,
}

/// Certificates that were believed, read once: facts and key by DER. Whether they still are is asked at each message.
#[derive(Default)]
pub struct Believed(Mutex<HashMap<Vec<u8>, Read>>);

#[derive(Clone)]
struct Read {
    certificate: Arc<Certificate>,
    key: Arc<PublicKey>,
}

/// One sender's certificates.
pub(super) struct Of<'s> {
    security: &'s Security,
    sender: &'s Member,
    now: UnixMillis,
}

/// What must be remembered of a signature before its message has an effect.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seal {
    key: Digest,
    until: Option<UnixMillis>,
}

impl Security {
    pub(super) fn of<'s>(&'s self, sender: &'s Member, now: UnixMillis) -> Of<'s> {
        Of { security: self, sender, now }
    }
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Security").field("tolerance", &self.tolerance).finish_non_exhaustive()
    }
}

impl Seal {
    /// A signature has its effect once; a question may be asked again under another message id where that is not
    /// signed and the signature, being of the same content, is the same.
    pub(super) fn new(verified: &Verified, sender: &Member, is_once: bool, message_id: Option<&str>) -> Self {
        let id = message_id.filter(|_| !is_once).unwrap_or_default();
        let key = digest_of(&[sender.id().as_str().as_bytes(), id.as_bytes(), &verified.fingerprint().0]);
        Self { key, until: verified.forgotten_at() }
    }

    /// What is remembered of it.
    pub(super) fn mark(self, now: UnixMillis) -> Mark {
        Mark { key: self.key, until: self.until.unwrap_or(UnixMillis(now.0 + REMEMBERED_MS)) }
    }
}

impl Signers for Of<'_> {
    fn known(&self) -> impl Iterator<Item = &[u8]> {
        self.sender.signing_certificates()
    }

    fn believe(&self, leaf: &[u8], between: &[&[u8]]) -> Result<Arc<PublicKey>, Distrust> {
        let known = self.security.believed.find(leaf);
        let read = known.clone().map_or_else(|| Read::of(leaf), Ok)?;
        if !self.sender.signs_with(&read.certificate) {
            return Err(Distrust::Foreign);
        }
        let chain: Vec<CertificateDer<'_>> =
            std::iter::once(leaf).chain(between.iter().copied()).map(CertificateDer::from).collect();
        self.security.keys.load().trust.check(&chain, Usage::Signature, self.now).map_err(Distrust::Chain)?;
        if known.is_none() {
            self.security.believed.keep(leaf, &read);
        }
        Ok(read.key)
    }
}

impl Read {
    fn of(leaf: &[u8]) -> Result<Self, Distrust> {
        let certificate = Certificate::from_der(leaf).ok_or(Distrust::Key)?;
        let key = PublicKey::of_certificate(leaf).map_err(|_| Distrust::Key)?;
        Ok(Self { certificate: Arc::new(certificate), key: Arc::new(key) })
    }
}

impl Believed {
    fn find(&self, leaf: &[u8]) -> Option<Read> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(leaf).cloned()
    }

    fn keep(&self, leaf: &[u8], read: &Read) {
        let mut believed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if believed.len() >= BELIEVED_MAX {
            believed.clear();
        }
        believed.insert(leaf.to_vec(), read.clone());
    }
}

/// How long a signature without a signed Timestamp is remembered.
const REMEMBERED_MS: i64 = 30 * 86_400_000;
/// Certificates kept; each is one of a member's.
const BELIEVED_MAX: usize = 4096;
