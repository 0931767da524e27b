//! Whether a signature is right, whose it is and what it covers.

use std::sync::Arc;

use smallvec::SmallVec;

use super::algorithm::Prefixes;
use super::error::{Distrust, Error, Kind, Part};
use super::nodes::ids;
use super::read::{Reference, Signature, Timely};
use super::timestamp::Tolerance;
use super::token::Token;
use crate::clock::UnixMillis;
use crate::crypto::Digest;
use crate::crypto::signature::{PublicKey, Scheme};
use crate::soap::envelope::Envelope;
use crate::xml::c14n::canonicalize;
use crate::xml::tape::{NodeId, Tape};

/// What must be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// The Timestamp; it must be there then.
    pub timestamp: bool,
    /// The header block with the message id.
    pub message_id: Option<NodeId>,
}

/// Whose certificates count.
pub trait Signers {
    /// The sender's certificates that are known here (DER): a message may name them without carrying them.
    fn known(&self) -> impl Iterator<Item = &[u8]>;

    /// The key of a certificate (DER) that is the sender's, chains to a trust anchor and is not revoked.
    ///
    /// `between`: certificates of the message that may stand between it and the anchor.
    fn believe(&self, leaf: &[u8], between: &[&[u8]]) -> Result<Arc<PublicKey>, Distrust>;
}

/// A message whose signature is right; made by [`Timely::verify`] alone.
#[derive(Debug)]
pub struct Verified {
    covered: SmallVec<[NodeId; 8]>,
    fingerprint: Digest,
    forgotten_at: Option<UnixMillis>,
}

impl Verified {
    /// Whether this very node, with all that is in it, was signed.
    pub fn covers(&self, node: NodeId) -> bool {
        self.covered.contains(&node)
    }

    /// What tells this signature from every other: two messages with the same are one, sent twice.
    ///
    /// Of an ECDSA signature it is `r`: whoever sees one can make a second with another `s` for the same message.
    pub fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    /// From when on its signed Timestamp refuses it; `None`: it holds for ever.
    pub fn forgotten_at(&self) -> Option<UnixMillis> {
        self.forgotten_at
    }
}

impl Timely<'_> {
    /// Whether there is a signature.
    pub fn is_signed(&self) -> bool {
        self.0.is_signed()
    }

    /// Verifies the signature: coverage, then the certificate, then the signature, then each digest.
    ///
    /// The Body must always be covered. Errors: the first rule that is broken; a message without signature is
    /// [`Kind::Missing`].
    pub fn verify(
        &self,
        tape: &Tape<'_>,
        envelope: &Envelope,
        demand: Demand,
        tolerance: Tolerance,
        signers: &impl Signers,
    ) -> Result<Verified, Error> {
        let security = &self.0;
        let Some(signature) = &security.signature else {
            return Err(Error::at(tape, security.node, Kind::Missing));
        };
        let covered = self.targets(tape, envelope, signature)?;
        self.satisfies(tape, envelope, demand, &covered)?;
        let key = self.signer_key(tape, signature, signers);
        let key = key.map_err(|kind| Error::at(tape, signature.node, kind))?;
        let mut buffer = Vec::with_capacity(tape.span(signature.signed_info).len() + 256);
        canonical(tape, signature.signed_info, &signature.form, &mut buffer)?;
        if !key.verify(signature.algorithm, &buffer, &signature.value) {
            return Err(Error::at(tape, signature.node, Kind::Signature));
        }
        for (reference, &target) in signature.references.iter().zip(&covered) {
            buffer.clear();
            canonical(tape, target, &reference.form, &mut buffer)?;
            if reference.hash.of(&buffer).as_ref() != reference.digest {
                return Err(Error::at(tape, target, Kind::Digest));
            }
        }
        let timestamp = security.timestamp.filter(|timestamp| covered.contains(&timestamp.node));
        Ok(Verified {
            fingerprint: signature.fingerprint(),
            forgotten_at: timestamp.map(|timestamp| timestamp.forgotten_at(tolerance)),
            covered,
        })
    }

    /// The key of the first certificate that the signature may mean and that is believed; else why the first is not.
    fn signer_key(
        &self,
        tape: &Tape<'_>,
        signature: &Signature<'_>,
        signers: &impl Signers,
    ) -> Result<Arc<PublicKey>, Kind> {
        let tokens = &self.0.tokens;
        let mut refusal = None;
        for leaf in signature.signer.candidates(tape, tokens, signers.known()) {
            let between: Vec<&[u8]> = tokens.iter().map(Token::der).filter(|der| *der != leaf).collect();
            match signers.believe(leaf, &between) {
                Ok(key) => return Ok(key),
                Err(distrust) => _ = refusal.get_or_insert(Kind::Distrusted(distrust)),
            }
        }
        Err(refusal.unwrap_or(Kind::NoCertificate))
    }

    /// The elements that the references name, in their order.
    fn targets(
        &self,
        tape: &Tape<'_>,
        envelope: &Envelope,
        signature: &Signature<'_>,
    ) -> Result<SmallVec<[NodeId; 8]>, Error> {
        let mut targets: SmallVec<[Option<NodeId>; 8]> = SmallVec::from_elem(None, signature.references.len());
        // The whole document: an id that stands twice is refused wherever the second stands.
        for node in (tape.root()..tape.end(tape.root())).filter(|&node| tape.has_attributes(node)) {
            for id in ids(tape, node) {
                for (target, reference) in targets.iter_mut().zip(&signature.references) {
                    if reference.id == id && target.replace(node).is_some_and(|other| other != node) {
                        return Err(Error::at(tape, node, Kind::DoubledId));
                    }
                }
            }
        }
        let body = envelope.body(tape);
        let may_be_signed = |node: NodeId| {
            let parent = tape.parent(node);
            node == body || (parent.is_some() && parent == envelope.header) || parent == Some(self.0.node)
        };
        let found = targets.iter().zip(&signature.references).map(|(target, reference): (_, &Reference<'_>)| {
            let target = target.filter(|&node| may_be_signed(node) && node != self.0.node && node != signature.node);
            target.ok_or_else(|| Error::at(tape, reference.node, Kind::Target))
        });
        found.collect()
    }

    fn satisfies(&self, tape: &Tape<'_>, envelope: &Envelope, demand: Demand, covered: &[NodeId]) -> Result<(), Error> {
        let covers = |part: Part, node: NodeId| match covered.contains(&node) {
            true => Ok(()),
            false => Err(Error::at(tape, node, Kind::NotCovered(part))),
        };
        covers(Part::Body, envelope.body(tape))?;
        if demand.timestamp {
            let timestamp = self.0.timestamp.ok_or_else(|| Error::at(tape, self.0.node, Kind::NoTimestamp))?;
            covers(Part::Timestamp, timestamp.node)?;
        }
        demand.message_id.map_or(Ok(()), |node| covers(Part::MessageId, node))
    }
}

impl Signature<'_> {
    fn fingerprint(&self) -> Digest {
        match self.algorithm.scheme {
            Scheme::Ecdsa => Digest::of(&self.value[..self.value.len() / 2]),
            Scheme::RsaPkcs1 | Scheme::RsaPss => Digest::of(&self.value),
        }
    }
}

fn canonical(tape: &Tape<'_>, node: NodeId, form: &Prefixes<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
    let prefixes: SmallVec<[&str; 8]> = form.iter().map(|prefix| &**prefix).collect();
    let asks = "an xsi:type whose prefix is signed: used by a name, or listed in InclusiveNamespaces";
    canonicalize(tape, node, &prefixes, out).map_err(|dangling| Error::at(tape, dangling.node, Kind::Malformed(asks)))
}
