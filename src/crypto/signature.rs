//! Signatures as XML messages carry them: algorithms by hash, public keys, signing keys.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, EcdsaKeyPair, ParsedPublicKey, RsaEncoding, RsaKeyPair, VerificationAlgorithm};
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

/// A private key that signs messages; never shown.
pub struct SigningKey {
    key: Pair,
    random: SystemRandom,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
}

/// Why a key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Neither RSA of 2048 to 8192 bits nor P-256 nor P-384, or not readable.
    #[error("the key is neither RSA of 2048 to 8192 bits nor on P-256 or P-384")]
    Unsupported,
    /// The algorithm is for another kind of key.
    #[error("the algorithm is for another kind of key")]
    Algorithm,
    /// The library failed.
    #[error("the key could not sign")]
    Sign,
}

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
    pub fn of_certificate(der: &[u8]) -> Result<Self, KeyError> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| KeyError::Unsupported)?;
        let info = certificate.public_key();
        let kind = match info.parsed().map_err(|_| KeyError::Unsupported)? {
            Subject::RSA(key) if (2048..=8192).contains(&key.key_size()) => Kind::Rsa,
            Subject::EC(point) => match point.key_size() {
                256 => Kind::P256,
                384 => Kind::P384,
                _ => return Err(KeyError::Unsupported),
            },
            _ => return Err(KeyError::Unsupported),
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

impl SigningKey {
    /// Reads a private key: PKCS#8, or PKCS#1 for RSA.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let rsa = || RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der)).ok();
        let ecdsa = |algorithm| {
            let pkcs8 = EcdsaKeyPair::from_pkcs8(algorithm, der);
            pkcs8.or_else(|_| EcdsaKeyPair::from_private_key_der(algorithm, der)).ok()
        };
        let key = rsa()
            .map(|key| Pair::Rsa(Box::new(key)))
            .or_else(|| ecdsa(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).map(Pair::P256))
            .or_else(|| ecdsa(&signature::ECDSA_P384_SHA384_FIXED_SIGNING).map(Pair::P384));
        Ok(Self { key: key.ok_or(KeyError::Unsupported)?, random: SystemRandom::new() })
    }

    /// What kind of key it is.
    pub fn kind(&self) -> Kind {
        match &self.key {
            Pair::Rsa(_) => Kind::Rsa,
            Pair::P256(_) => Kind::P256,
            Pair::P384(_) => Kind::P384,
        }
    }

    /// Whether it can sign so: a curve's key signs over its own hash only.
    pub fn can(&self, algorithm: Algorithm) -> bool {
        match self.kind() {
            Kind::Rsa => algorithm.fits(Kind::Rsa),
            Kind::P256 => algorithm == Algorithm { scheme: Scheme::Ecdsa, hash: Hash::Sha256 },
            Kind::P384 => algorithm == Algorithm { scheme: Scheme::Ecdsa, hash: Hash::Sha384 },
        }
    }

    /// Signs a message; ECDSA as `r || s`.
    ///
    /// Errors: an algorithm that the key does not fit; a failure of the library.
    pub fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        if !self.can(algorithm) {
            return Err(KeyError::Algorithm);
        }
        match &self.key {
            Pair::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                let signed = key.sign(rsa_encoding(algorithm), &self.random, message, &mut signature);
                signed.map(|()| signature).map_err(|_| KeyError::Sign)
            }
            Pair::P256(key) | Pair::P384(key) => {
                let signed = key.sign(&self.random, message);
                signed.map(|signature| signature.as_ref().to_vec()).map_err(|_| KeyError::Sign)
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    /// The key is not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:?})", self.kind())
    }
}

fn rsa_encoding(algorithm: Algorithm) -> &'static dyn RsaEncoding {
    match (algorithm.scheme, algorithm.hash) {
        (Scheme::RsaPss, Hash::Sha256) => &signature::RSA_PSS_SHA256,
        (Scheme::RsaPss, Hash::Sha384) => &signature::RSA_PSS_SHA384,
        (Scheme::RsaPss, Hash::Sha512) => &signature::RSA_PSS_SHA512,
        (_, Hash::Sha256) => &signature::RSA_PKCS1_SHA256,
        (_, Hash::Sha384) => &signature::RSA_PKCS1_SHA384,
        (_, Hash::Sha512) => &signature::RSA_PKCS1_SHA512,
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

/// Schemes times hashes.
const ALGORITHMS: usize = 9;

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};

    use super::*;

    fn pair(algorithm: &'static SignatureAlgorithm) -> (SigningKey, PublicKey) {
        let key = KeyPair::generate_for(algorithm).expect("a key");
        let certificate = CertificateParams::default().self_signed(&key).expect("a certificate");
        let signing = SigningKey::from_der(&key.serialize_der()).expect("readable");
        (signing, PublicKey::of_certificate(certificate.der()).expect("readable"))
    }

    #[test]
    fn what_a_key_signs_its_certificate_verifies_and_nothing_else() {
        for kind in [&rcgen::PKCS_RSA_SHA256, &rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384] {
            let (signing, public) = pair(kind);
            let mut usable = 0;
            for scheme in [Scheme::RsaPkcs1, Scheme::RsaPss, Scheme::Ecdsa] {
                for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
                    let algorithm = Algorithm { scheme, hash };
                    let Ok(mut signature) = signing.sign(algorithm, b"message") else { continue };
                    usable += 1;
                    assert!(public.verify(algorithm, b"message", &signature), "{algorithm:?}");
                    assert!(!public.verify(algorithm, b"massage", &signature), "{algorithm:?}");
                    signature[7] ^= 1;
                    assert!(!public.verify(algorithm, b"message", &signature), "{algorithm:?}");
                    assert!(!public.verify(algorithm, b"message", &[]), "{algorithm:?}");
                }
            }
            assert_eq!(usable, if signing.kind() == Kind::Rsa { 6 } else { 1 });
        }
    }

    #[test]
    fn numbers_of_a_curve_become_integers() {
        let mut signature = [0; 64];
        signature[31] = 5;
        signature[32] = 0x80;
        let der = ecdsa_der(&signature, 32);
        assert_eq!(der[..6], [0x30, 38, 2, 1, 5, 2]);
        assert_eq!(der[6..9], [33, 0, 0x80]);
        assert_eq!(ecdsa_der(&[0; 64], 32), [0x30, 6, 2, 1, 0, 2, 1, 0]);
    }
}
