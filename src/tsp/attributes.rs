//! The signed attributes of a time-stamp: of what kind, over which digest, by which certificate.

use aws_lc_rs::digest;

use super::der::{CONTEXT_4, OCTET_STRING, OID, Reader, SEQUENCE, SET, Value};
use super::signed::TST_INFO;
use super::signer::{IssuerAndSerial, Signer};
use super::{Error, algorithm};
use crate::crypto::signature::Hash;

/// The attributes that a time-stamp must have; others are passed over (RFC 5652 §11, RFC 3161 §2.4.2).
pub(super) struct Attributes<'a> {
    /// `message-digest`.
    pub(super) digest: &'a [u8],
    /// `signingCertificate`: RFC 2634 §5.4, by SHA-1.
    first: Option<CertificateId<'a>>,
    /// `signingCertificateV2`: RFC 5035 §3.
    second: Option<CertificateId<'a>>,
}

/// An `ESSCertID` or `ESSCertIDv2`.
struct CertificateId<'a> {
    /// `None`: SHA-1.
    hash: Option<Hash>,
    digest: &'a [u8],
    issued: Option<IssuerAndSerial<'a>>,
}

impl<'a> Attributes<'a> {
    /// Reads the contents of a `SignedAttributes`.
    pub(super) fn read(contents: &'a [u8]) -> Result<Self, Error> {
        let mut set = Reader::of(contents, WHAT);
        let mut found: [Option<Value<'a>>; 4] = [None; 4];
        while !set.is_empty() {
            let mut attribute = set.enter(SEQUENCE, WHAT)?;
            let name = attribute.take(OID)?;
            let values = attribute.enter(SET, WHAT)?;
            attribute.end()?;
            let Some(at) = NAMES.iter().position(|known| *known == name) else { continue };
            // RFC 5652 §5.3, §11.1, §11.2; RFC 5035 §3: once, with one value.
            if found[at].replace(only(values)?).is_some() {
                return Err(set.malformed());
            }
        }
        let [kind, digest, first, second] = found;
        let is_stamp = kind.is_some_and(|kind| kind.tag == OID && kind.contents == TST_INFO);
        let digest = digest.filter(|digest| is_stamp && digest.tag == OCTET_STRING);
        Ok(Self {
            digest: digest.ok_or_else(|| set.malformed())?.contents,
            first: first.map(|value| CertificateId::first(value, CertificateId::read)).transpose()?,
            second: second.map(|value| CertificateId::first(value, CertificateId::read_v2)).transpose()?,
        })
    }

    /// Whether they name this certificate; where they do so twice, both times (RFC 5816 §2.2.1).
    pub(super) fn name(&self, signer: &Signer<'_>) -> bool {
        let mut ids = self.first.iter().chain(&self.second).peekable();
        ids.peek().is_some() && ids.all(|id| id.is_of(signer))
    }
}

impl<'a> CertificateId<'a> {
    /// The first certificate of a `SigningCertificate`, which is the signer's (RFC 2634 §5.4, RFC 5035 §3); policies are
    /// passed over.
    fn first(value: Value<'a>, read: fn(Reader<'a>) -> Result<Self, Error>) -> Result<Self, Error> {
        let mut parts = Reader::of(value.raw, SIGNING).enter(SEQUENCE, SIGNING)?;
        let mut ids = parts.enter(SEQUENCE, SIGNING)?;
        _ = parts.optional(SEQUENCE)?;
        parts.end()?;
        read(ids.enter(SEQUENCE, SIGNING)?)
    }

    fn read(parts: Reader<'a>) -> Result<Self, Error> {
        Self::rest(parts, None)
    }

    fn read_v2(mut parts: Reader<'a>) -> Result<Self, Error> {
        let hash = if parts.is_next(SEQUENCE) { algorithm::digest(&mut parts)? } else { Hash::Sha256 };
        Self::rest(parts, Some(hash))
    }

    fn rest(mut parts: Reader<'a>, hash: Option<Hash>) -> Result<Self, Error> {
        let digest = parts.take(OCTET_STRING)?;
        let issued = match parts.optional(SEQUENCE)? {
            Some(issued) => Some(issuer_serial(Reader::of(issued, SIGNING))?),
            None => None,
        };
        parts.end()?;
        Ok(Self { hash, digest, issued })
    }

    fn is_of(&self, signer: &Signer<'_>) -> bool {
        // SHA-1 serves here and nowhere else: the signature is proven by the key, and this only tells certificates of that
        // one key apart (RFC 5816 §2.2).
        let legacy = || digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, signer.der);
        let digest = self.hash.map_or_else(legacy, |hash| hash.of(signer.der));
        self.digest == digest.as_ref() && self.issued.is_none_or(|issued| issued == signer.issued)
    }
}

/// An `IssuerSerial` (RFC 5035 §4): the issuer is one `directoryName`.
fn issuer_serial(mut parts: Reader<'_>) -> Result<IssuerAndSerial<'_>, Error> {
    let mut names = parts.enter(SEQUENCE, SIGNING)?;
    let mut name = names.enter(CONTEXT_4, SIGNING)?;
    names.end()?;
    let issued = IssuerAndSerial { issuer: name.any()?.raw, serial: parts.integer()? };
    name.end()?;
    parts.end()?;
    Ok(issued)
}

/// The one value of an attribute.
fn only(mut values: Reader<'_>) -> Result<Value<'_>, Error> {
    let value = values.any()?;
    values.end()?;
    Ok(value)
}

const WHAT: &str = "the signedAttrs";
const SIGNING: &str = "the signingCertificate";
/// In the order in which they are told apart.
const NAMES: [&[u8]; 4] = [CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2];
/// 1.2.840.113549.1.9.3.
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
/// 1.2.840.113549.1.9.4.
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
/// 1.2.840.113549.1.9.16.2.12.
const SIGNING_CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 12];
/// 1.2.840.113549.1.9.16.2.47.
const SIGNING_CERTIFICATE_V2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 2, 47];
