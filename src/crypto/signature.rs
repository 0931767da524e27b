//! Signatures as XML messages carry them: algorithms by scheme and hash, public keys.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey as Subject;

/// A hash function that signatures and digests may use. SHA-1 is not among them, and cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hash {
    /// FIPS 180-4, 32 bytes.
    Sha256,
    /// FIPS 180-4, 48 bytes.
    Sha384,
    /// FIPS 180-4, 64 bytes.
    Sha512,
}

/// How a message is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2), keys of 2048 to 8192 bits.
    RsaPkcs1,
    /// RSASSA-PSS (RFC 8017 §8.1): MGF1 with the same hash, salt as long as the hash; the same keys.
    RsaPss,
    /// ECDSA over P-256 or P-384 (FIPS 186-5), as `r || s`.
    Ecdsa,
}

/// A scheme with its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Algorithm {
    /// How.
    pub scheme: Scheme,
    /// Over which hash.
    pub hash: Hash,
}

/// What kind of key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// RSA, 2048 to 8192 bits.
    Rsa,
    /// The curve P-256.
    P256,
    /// The curve P-384.
    P384,
}

/// The public key of a certificate, parsed once for each algorithm it is used with.
pub struct PublicKey {
    kind: Kind,
    /// RSA: `RSAPublicKey` of RFC 8017; a curve: the point.
    bytes: Vec<u8>,
    parsed: [std::sync::OnceLock<Option<ParsedPublicKey>>; ALGORITHMS],
}

/// A key that is neither RSA of 2048 to 8192 bits nor on P-256 or P-384, or not readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key is neither RSA of 2048 to 8192 bits nor on P-256 or P-384")]
pub struct Unsupported;

impl Hash {
    /// The digest of some bytes.
    pub fn of(self, bytes: &[u8]) -> digest::Digest {
        digest::digest(self.algorithm(), bytes)
    }

    /// Bytes of a digest.
    pub fn bytes(self) -> usize {
        self.algorithm().output_len()
    }

    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }
}

impl Algorithm {
    /// Whether keys of this kind can be used with it.
    pub fn fits(self, kind: Kind) -> bool {
        (self.scheme == Scheme::Ecdsa) == (kind != Kind::Rsa)
    }

    /// Whether keys of this kind sign by it: a curve's key signs over its own hash only.
    pub fn signs(self, kind: Kind) -> bool {
        match kind {
            Kind::Rsa => self.fits(kind),
            Kind::P256 | Kind::P384 => self == Self::usual(kind),
        }
    }

    /// Each scheme with each hash.
    pub fn all() -> impl Iterator<Item = Self> {
        let schemes = [Scheme::RsaPkcs1, Scheme::RsaPss, Scheme::Ecdsa];
        let hashes = [Hash::Sha256, Hash::Sha384, Hash::Sha512];
        schemes.into_iter().flat_map(move |scheme| hashes.map(|hash| Self { scheme, hash }))
    }

    /// What keys of a kind sign by where nobody chooses.
    pub fn usual(kind: Kind) -> Self {
        match kind {
            Kind::Rsa => Self { scheme: Scheme::RsaPkcs1, hash: Hash::Sha256 },
            Kind::P256 => Self { scheme: Scheme::Ecdsa, hash: Hash::Sha256 },
            Kind::P384 => Self { scheme: Scheme::Ecdsa, hash: Hash::Sha384 },
        }
    }

    /// Its place among [`ALGORITHMS`].
    fn index(self) -> usize {
        self.scheme as usize * 3 + self.hash as usize
    }

    fn verification(self, kind: Kind) -> &'static dyn VerificationAlgorithm {
        match (self.scheme, kind, self.hash) {
            (Scheme::RsaPss, _, Hash::Sha256) => &signature::RSA_PSS_2048_8192_SHA256,
            (Scheme::RsaPss, _, Hash::Sha384) => &signature::RSA_PSS_2048_8192_SHA384,
            (Scheme::RsaPss, _, Hash::Sha512) => &signature::RSA_PSS_2048_8192_SHA512,
            (Scheme::RsaPkcs1, _, Hash::Sha256) => &signature::RSA_PKCS1_2048_8192_SHA256,
            (Scheme::RsaPkcs1, _, Hash::Sha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (Scheme::RsaPkcs1, _, Hash::Sha512) => &signature::RSA_PKCS1_2048_8192_SHA512,
            (Scheme::Ecdsa, Kind::P384, Hash::Sha256) => &signature::ECDSA_P384_SHA256_ASN1,
            (Scheme::Ecdsa, Kind::P384, Hash::Sha384) => &signature::ECDSA_P384_SHA384_ASN1,
            (Scheme::Ecdsa, Kind::P384, Hash::Sha512) => &signature::ECDSA_P384_SHA512_ASN1,
            (Scheme::Ecdsa, _, Hash::Sha256) => &signature::ECDSA_P256_SHA256_ASN1,
            (Scheme::Ecdsa, _, Hash::Sha384) => &signature::ECDSA_P256_SHA384_ASN1,
            (Scheme::Ecdsa, _, Hash::Sha512) => &signature::ECDSA_P256_SHA512_ASN1,
        }
    }
}

impl Kind {
    /// Bytes of `r` and of `s`; `None` for RSA.
    fn coordinate_bytes(self) -> Option<usize> {
        match self {
            Self::Rsa => None,
            Self::P256 => Some(32),
            Self::P384 => Some(48),
        }
    }
}

impl PublicKey {
    /// The key that a DER certificate is for.
    pub fn of_certificate(der: &[u8]) -> Result<Self, Unsupported> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| Unsupported)?;
        let info = certificate.public_key();
        let kind = match info.parsed().map_err(|_| Unsupported)? {
            Subject::RSA(key) if (2048..=8192).contains(&key.key_size()) => Kind::Rsa,
            Subject::EC(point) => match point.key_size() {
                256 => Kind::P256,
                384 => Kind::P384,
                _ => return Err(Unsupported),
            },
            _ => return Err(Unsupported),
        };
        Ok(Self { kind, bytes: info.subject_public_key.data.to_vec(), parsed: Default::default() })
    }

    /// What kind of key it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether `signature` is the message's by this key. ECDSA signatures are `r || s` (XML Signature 1.1 §6.4.3).
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if !algorithm.fits(self.kind) {
            return false;
        }
        let parse = || ParsedPublicKey::new(algorithm.verification(self.kind), &self.bytes).ok();
        let Some(key) = self.parsed[algorithm.index()].get_or_init(parse) else { return false };
        match self.kind.coordinate_bytes() {
            None => key.verify_sig(message, signature).is_ok(),
            Some(bytes) => {
                signature.len() == 2 * bytes && key.verify_sig(message, &ecdsa_der(signature, bytes)).is_ok()
            }
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?})", self.kind)
    }
}

/// `r || s` as the SEQUENCE of two INTEGERs that the library takes for every curve and hash (RFC 3279 §2.2.3).
fn ecdsa_der(signature: &[u8], coordinate_bytes: usize) -> Vec<u8> {
    let (r, s) = signature.split_at(coordinate_bytes);
    let mut integers = Vec::with_capacity(2 * (coordinate_bytes + 3));
    for number in [r, s] {
        let zeros = number.iter().take_while(|&&byte| byte == 0).count().min(number.len() - 1);
        let number = &number[zeros..];
        // A first bit of 1 would make it negative.
        let sign: &[u8] = if number[0] & 0x80 != 0 { &[0] } else { &[] };
        integers.extend_from_slice(&[0x02, (sign.len() + number.len()) as u8]);
        integers.extend_from_slice(sign);
        integers.extend_from_slice(number);
    }
    // Two of at most 49 bytes and their heads: the length takes one byte.
    let mut der = vec![0x30, integers.len() as u8];
    der.append(&mut integers);
    der
}

/// The SEQUENCE of two INTEGERs as `r || s`; `None` where it is none, or too long for the curve.
pub fn ecdsa_pair(der: &[u8], kind: Kind) -> Option<Vec<u8>> {
    let bytes = kind.coordinate_bytes()?;
    let (&[0x30, length], mut rest) = der.split_first_chunk()? else { return None };
    let mut pair = Vec::with_capacity(2 * bytes);
    (rest.len() == usize::from(length)).then_some(())?;
    for _ in 0..2 {
        let (&[0x02, length], after) = rest.split_first_chunk()? else { return None };
        let (number, after) = after.split_at_checked(usize::from(length))?;
        let number = &number[number.iter().take_while(|&&byte| byte == 0).count()..];
        pair.resize(pair.len() + bytes.checked_sub(number.len())?, 0);
        pair.extend_from_slice(number);
        rest = after;
    }
    rest.is_empty().then_some(pair)
}

/// Schemes times hashes.
const ALGORITHMS: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_curve_become_integers_and_numbers_again() {
        let mut signature = [0; 64];
        signature[31] = 5;
        signature[32] = 0x80;
        let der = ecdsa_der(&signature, 32);
        assert_eq!(der[..6], [0x30, 38, 2, 1, 5, 2]);
        assert_eq!(der[6..9], [33, 0, 0x80]);
        assert_eq!(ecdsa_der(&[0; 64], 32), [0x30, 6, 2, 1, 0, 2, 1, 0]);
        assert_eq!(ecdsa_pair(&der, Kind::P256).as_deref(), Some(&signature[..]));
        for end in 0..der.len() {
            assert_eq!(ecdsa_pair(&der[..end], Kind::P256), None);
        }
    }
}
