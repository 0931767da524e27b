//! Who we are: a certificate chain, and the key that proves it.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, SignatureScheme};

use super::expiry::{Expiry, ExpiryKind};
use super::key::KeyFile;
use super::pem;
use super::trust::algorithms;
use crate::clock::UnixMillis;
use crate::crypto::certificate::Certificate;
use crate::problem::{Place, Problems};

/// A certificate chain and its private key, which signs and is never shown.
#[derive(Clone)]
pub struct Identity {
    certified: Arc<CertifiedKey>,
    expiry: Expiry,
}

/// How a message is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2).
    RsaPkcs1Sha256,
    /// With SHA-384.
    RsaPkcs1Sha384,
    /// With SHA-512.
    RsaPkcs1Sha512,
    /// RSASSA-PSS with SHA-256, MGF1 of the same, a salt of the digest's length (RFC 8017 §8.1).
    RsaPssSha256,
    /// With SHA-384.
    RsaPssSha384,
    /// With SHA-512.
    RsaPssSha512,
    /// ECDSA on P-256 with SHA-256; the signature is DER (RFC 3279 §2.2.3).
    EcdsaP256Sha256,
    /// ECDSA on P-384 with SHA-384, likewise.
    EcdsaP384Sha384,
}

/// Why nothing was signed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SignError {
    /// The key is of another kind.
    #[error("the key does not sign by {0:?}")]
    Mechanism(Mechanism),
    /// The key, or the device that holds it, did not sign.
    #[error("the key did not sign")]
    Key(#[source] rustls::Error),
}

impl Identity {
    /// Reads a chain (PEM, leaf first) and its key. All problems are added; `None` where it cannot be used.
    pub fn load(certificate: &Path, key: impl Into<KeyFile>, now: UnixMillis, problems: &mut Problems) -> Option<Self> {
        let key = key.into();
        let chain = pem::certificates(certificate, problems);
        let signing = key.read(problems);
        let chain = chain?;
        let expiry = check_validity(certificate, &chain, now, problems);
        let certified = CertifiedKey::new(chain, signing?);
        if !fits(&certified) {
            problems.error(
                Place::file(&key.path),
                format!("the key is not that of {}", certificate.display()),
                "name the key that the certificate was made for",
            );
            return None;
        }
        Some(Self { certified: Arc::new(certified), expiry: expiry? })
    }

    /// The chain, leaf first.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.certified.cert
    }

    /// When the leaf expires.
    pub fn expiry(&self) -> &Expiry {
        &self.expiry
    }

    /// Signs some bytes, digest included.
    pub fn sign(&self, mechanism: Mechanism, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signer = self.certified.key.choose_scheme(&[mechanism.scheme()]);
        signer.ok_or(SignError::Mechanism(mechanism))?.sign(message).map_err(SignError::Key)
    }

    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        self.certified.clone()
    }
}

impl std::fmt::Debug for Identity {
    /// The key is not shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({} certificates)", self.chain().len())
    }
}

impl Mechanism {
    fn scheme(self) -> SignatureScheme {
        match self {
            Self::RsaPkcs1Sha256 => SignatureScheme::RSA_PKCS1_SHA256,
            Self::RsaPkcs1Sha384 => SignatureScheme::RSA_PKCS1_SHA384,
            Self::RsaPkcs1Sha512 => SignatureScheme::RSA_PKCS1_SHA512,
            Self::RsaPssSha256 => SignatureScheme::RSA_PSS_SHA256,
            Self::RsaPssSha384 => SignatureScheme::RSA_PSS_SHA384,
            Self::RsaPssSha512 => SignatureScheme::RSA_PSS_SHA512,
            Self::EcdsaP256Sha256 => SignatureScheme::ECDSA_NISTP256_SHA256,
            Self::EcdsaP384Sha384 => SignatureScheme::ECDSA_NISTP384_SHA384,
        }
    }
}

/// Whether the key is the certificate's. A device does not say what its public key is, so it is asked to sign.
fn fits(certified: &CertifiedKey) -> bool {
    match certified.keys_match() {
        Ok(()) => true,
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => signs_for(certified).unwrap_or(false),
        Err(_) => false,
    }
}

fn signs_for(certified: &CertifiedKey) -> Option<bool> {
    let leaf = webpki::EndEntityCert::try_from(certified.cert.first()?).ok()?;
    let signer = certified.key.choose_scheme(&algorithms().supported_schemes())?;
    let signed = signer.sign(PROBE).ok()?;
    let (_, known) = algorithms().mapping.iter().find(|(scheme, _)| *scheme == signer.scheme())?;
    Some(known.iter().any(|algorithm| leaf.verify_signature(*algorithm, PROBE, &signed).is_ok()))
}

fn check_validity(
    file: &Path,
    chain: &[CertificateDer<'static>],
    now: UnixMillis,
    problems: &mut Problems,
) -> Option<Expiry> {
    let Some(leaf) = chain.first().and_then(|leaf| Certificate::from_der(leaf)) else {
        problems.error(Place::file(file), "the certificate is not readable", "name an X.509 certificate");
        return None;
    };
    let expiry = Expiry::of(ExpiryKind::Own, &leaf, file);
    match expiry.warning(now) {
        Some((fact, remedy)) if now > leaf.not_after => problems.error(Place::file(file), fact, remedy),
        _ if now < leaf.not_before => problems.error(
            Place::file(file),
            "the certificate is not valid yet",
            "check its dates and this machine's clock",
        ),
        Some((fact, remedy)) => problems.warning(Place::file(file), fact, remedy),
        None => {}
    }
    Some(expiry)
}

/// Signed to see whether a key fits, and nothing else.
const PROBE: &[u8] = b"lienthong: is this the certificate's key?";
