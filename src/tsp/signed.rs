//! The token's `SignedData` (RFC 5652 §5): one signer, whose attributes and signature are over the TSTInfo.

use rustls_pki_types::CertificateDer;

use super::attributes::Attributes;
use super::der::{CONTEXT_0, CONTEXT_1, OCTET_STRING, OID, Reader, SEQUENCE, SET, Value, written};
use super::signer::{Signer, SignerId};
use super::{Error, algorithm};
use crate::crypto::signature::{Algorithm, Hash, Kind, PublicKey, ecdsa_pair};

/// A `SignedData` as read; nothing in it is proven.
pub(super) struct Signed<'a> {
    /// The TSTInfo, DER.
    pub(super) content: &'a [u8],
    /// DER, in the order of the set, which means nothing: any of them may be the signer's.
    certificates: Vec<&'a [u8]>,
    signer: SignerInfo<'a>,
}

struct SignerInfo<'a> {
    id: SignerId<'a>,
    /// Of the content and of the attributes.
    hash: Hash,
    /// The contents of the set.
    attributes: &'a [u8],
    algorithm: Algorithm,
    signature: &'a [u8],
}

/// The certificates by which a signature that was verified may be trusted.
pub(super) struct Chain<'a> {
    /// The signer's first, then all the others.
    pub(super) certificates: Vec<CertificateDer<'a>>,
    /// The signer's subject.
    pub(super) subject: String,
}

impl<'a> Signed<'a> {
    /// Reads a `ContentInfo` of a `SignedData` of a `TSTInfo`.
    pub(super) fn read(token: &'a [u8]) -> Result<Self, Error> {
        let mut outer = Reader::of(token, "the token").enter(SEQUENCE, "the token")?;
        if outer.take(OID)? != SIGNED_DATA {
            return Err(outer.malformed());
        }
        let mut explicit = outer.enter(CONTEXT_0, "the token")?;
        outer.end()?;
        let mut parts = explicit.enter(SEQUENCE, WHAT)?;
        explicit.end()?;
        // RFC 5652 §5.1: of content that is not plain data; later ones have certificates that are not X.509.
        if parts.integer()? != [3] {
            return Err(Error::Unsupported("version 3 of SignedData"));
        }
        let hashes = parts.enter(SET, "the digestAlgorithms")?;
        let content = content(parts.enter(SEQUENCE, "the encapContentInfo")?)?;
        let certificates =
            certificates(Reader::of(parts.optional(CONTEXT_0)?.unwrap_or_default(), "the certificates"))?;
        _ = parts.optional(CONTEXT_1)?;
        let mut signers = parts.enter(SET, "the signerInfos")?;
        parts.end()?;
        let signer = SignerInfo::read(signers.enter(SEQUENCE, "the SignerInfo")?)?;
        // RFC 3161 §2.4.2: no signature but the authority's.
        signers.end()?;
        announced(hashes, signer.hash)?;
        Ok(Self { content, certificates, signer })
    }

    /// Verifies the signature by the certificate that the signer names, which is not trusted yet.
    pub(super) fn verify(&self) -> Result<Chain<'a>, Error> {
        let signer = Signer::find(&self.certificates, &self.signer.id)?;
        let attributes = Attributes::read(self.signer.attributes)?;
        if self.signer.hash.of(self.content).as_ref() != attributes.digest {
            return Err(Error::Digest);
        }
        if !attributes.name(&signer) {
            return Err(Error::NotNamed);
        }
        let key = PublicKey::of_certificate(signer.der).map_err(|_| Error::Key)?;
        if !self.signer.is_by(&key) {
            return Err(Error::Signature);
        }
        let others = self.certificates.iter().filter(|der| **der != signer.der);
        let certificates = std::iter::once(&signer.der).chain(others).map(|der| CertificateDer::from(*der));
        Ok(Chain { certificates: certificates.collect(), subject: signer.subject })
    }
}

impl<'a> SignerInfo<'a> {
    fn read(mut parts: Reader<'a>) -> Result<Self, Error> {
        let version = parts.integer()?;
        let id = SignerId::read(&mut parts)?;
        if version != [id.version()] {
            return Err(parts.malformed());
        }
        let hash = algorithm::digest(&mut parts)?;
        // RFC 5652 §5.3: required where the content is not plain data.
        let attributes = parts.take(CONTEXT_0)?;
        let algorithm = algorithm::signature(&mut parts, hash)?;
        let signature = parts.take(OCTET_STRING)?;
        _ = parts.optional(CONTEXT_1)?;
        parts.end()?;
        Ok(Self { id, hash, attributes, algorithm, signature })
    }

    fn is_by(&self, key: &PublicKey) -> bool {
        // RFC 5652 §5.4: signed as the SET OF that they are, not with the tag `[0]` that they are sent with. They are sent
        // in DER, so the rest is as sent; who signs another order than he sends is refused.
        let signed = written(SET, &[self.attributes]);
        match key.kind() {
            Kind::Rsa => key.verify(self.algorithm, &signed, self.signature),
            kind => ecdsa_pair(self.signature, kind).is_some_and(|pair| key.verify(self.algorithm, &signed, &pair)),
        }
    }
}

/// The TSTInfo in an `EncapsulatedContentInfo`.
fn content(mut parts: Reader<'_>) -> Result<&[u8], Error> {
    if parts.take(OID)? != TST_INFO {
        return Err(parts.malformed());
    }
    let mut explicit = parts.enter(CONTEXT_0, "the encapContentInfo")?;
    parts.end()?;
    let content = explicit.take(OCTET_STRING)?;
    explicit.end()?;
    Ok(content)
}

fn certificates(mut set: Reader<'_>) -> Result<Vec<&[u8]>, Error> {
    let mut certificates = Vec::new();
    while !set.is_empty() {
        let Value { tag, raw, .. } = set.any()?;
        if tag != SEQUENCE {
            return Err(Error::Unsupported("a set of X.509 certificates"));
        }
        if certificates.len() == CERTIFICATES_MAX {
            return Err(Error::Unsupported("a token of at most 16 certificates"));
        }
        certificates.push(raw);
    }
    Ok(certificates)
}

/// RFC 5652 §5.3: the signer's digest algorithm should be among those at the front; so it is always made.
fn announced(mut hashes: Reader<'_>, hash: Hash) -> Result<(), Error> {
    while !hashes.is_empty() {
        if algorithm::digest(&mut hashes)? == hash {
            return Ok(());
        }
    }
    Err(hashes.malformed())
}

const WHAT: &str = "the SignedData";
const CERTIFICATES_MAX: usize = 16;
/// `id-signedData`, 1.2.840.113549.1.7.2.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
/// `id-ct-TSTInfo`, 1.2.840.113549.1.9.16.1.4.
pub(super) const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 4];
