//! A checkpoint: a signed statement of how a chain goes up to a record.
//!
//! ```text
//! lienthong-checkpoint: 1
//! chain: gateway
//! number: 7
//! first: 1001                the first record after the checkpoint before
//! last: 2000
//! root: …                    hash tree (RFC 6962 §2.1) over the SHA-256 of the heads from first to last
//! link: …                    the chain's at last
//! previous: …                SHA-256 of the text of the checkpoint before; zeros for the first
//! certificates: …            SHA-256 of the signer's certificates, as they are kept beside it
//! at: 2026-11-26T07:41:43.123Z
//! ```
//! The signature is over this text (RSA PKCS#1 v1.5 or ECDSA in DER, with SHA-256 or SHA-384 as the key is), the
//! time-stamp (RFC 3161) over the SHA-256 of the signature.

use super::head::{line, lines, time};
use crate::clock::UnixMillis;
use crate::crypto::Digest;
use crate::crypto::signature::{Algorithm, Kind, PublicKey, ecdsa_pair};
use crate::pki::{Identity, SignError};
use crate::store::ledger::piece::{Checkpoint, Cut};

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Whose chain.
    pub chain: String,
    /// From 1, without gaps.
    pub number: u64,
    /// The first record that it is about.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// Over their heads' digests.
    pub root: Digest,
    /// The chain's at `last`.
    pub link: Digest,
    /// Of the text of the checkpoint before.
    pub previous: Digest,
    /// Of the signer's certificates, PEM, leaf first.
    pub certificates: Digest,
    /// As written.
    pub at: String,
}

impl Statement {
    /// As text.
    pub fn write(&self) -> Vec<u8> {
        let mut out = String::with_capacity(512);
        let numbers = [self.number, self.first, self.last].map(|number| number.to_string());
        let digests = [self.root, self.link, self.previous, self.certificates].map(|digest| digest.to_string());
        line(&mut out, "lienthong-checkpoint", "1");
        line(&mut out, "chain", &self.chain);
        for (name, value) in ["number", "first", "last"].into_iter().zip(&numbers) {
            line(&mut out, name, value);
        }
        for (name, value) in ["root", "link", "previous", "certificates"].into_iter().zip(&digests) {
            line(&mut out, name, value);
        }
        line(&mut out, "at", &self.at);
        out.into_bytes()
    }

    /// Reads a text; `None` where it is none.
    pub fn of(text: &[u8]) -> Option<Self> {
        let lines = lines(text)?;
        let value = |name| lines.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let number = |name| value(name)?.parse::<u64>().ok();
        let digest = |name| Digest::from_hex(value(name)?);
        let statement = Self {
            chain: value("chain")?.to_owned(),
            number: number("number")?,
            first: number("first")?,
            last: number("last")?,
            root: digest("root")?,
            link: digest("link")?,
            previous: digest("previous")?,
            certificates: digest("certificates")?,
            at: value("at")?.to_owned(),
        };
        // Nothing may stand in it that is not read.
        (statement.write() == text).then_some(statement)
    }
}

/// The digest of a text, for the checkpoint after it; zeros where there is none.
pub fn digest_of(previous: Option<&Checkpoint>) -> Digest {
    previous.map_or(Digest([0; 32]), |checkpoint| Digest::of(&checkpoint.text))
}

/// States and signs a stretch of a chain, after `previous`.
pub fn make(
    chain: &str,
    cut: Cut,
    previous: Option<&Checkpoint>,
    identity: &Identity,
    now: UnixMillis,
) -> Result<Checkpoint, SignError> {
    let certificates = identity.chain_pem().into_bytes();
    let statement = Statement {
        chain: chain.to_owned(),
        number: previous.map_or(0, |checkpoint| checkpoint.number) + 1,
        first: previous.map_or(0, |checkpoint| checkpoint.last) + 1,
        last: cut.end.seq,
        root: cut.root,
        link: cut.end.link,
        previous: digest_of(previous),
        certificates: Digest::of(&certificates),
        at: time(now),
    };
    let text = statement.write();
    Ok(Checkpoint {
        number: statement.number,
        last: statement.last,
        link: statement.link,
        signature: identity.sign_der(&text)?,
        certificates,
        stamp: Vec::new(),
        at: now,
        text,
    })
}

/// Whether a signature is that of a certificate's key (DER) over a text.
pub fn is_signed_by(certificate: &[u8], text: &[u8], signature: &[u8]) -> bool {
    let Ok(key) = PublicKey::of_certificate(certificate) else { return false };
    let algorithm = Algorithm::usual(key.kind());
    match key.kind() {
        Kind::Rsa => key.verify(algorithm, text, signature),
        kind => ecdsa_pair(signature, kind).is_some_and(|pair| key.verify(algorithm, text, &pair)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_read_as_it_was_written_and_nothing_else_is() {
        let digest = Digest::of(b"x");
        let statement = Statement {
            chain: "gateway".to_owned(),
            number: 7,
            first: 1001,
            last: 2000,
            root: digest,
            link: digest,
            previous: digest,
            certificates: digest,
            at: time(UnixMillis(0)),
        };
        let text = statement.write();
        assert_eq!(Statement::of(&text), Some(statement));
        for at in 0..text.len() {
            let mut flipped = text.clone();
            flipped[at] ^= 1;
            assert_ne!(Statement::of(&flipped), Statement::of(&text), "{at}");
        }
        assert_eq!(Statement::of(&[&text[..], b"more: 1\n"].concat()), None);
    }
}
