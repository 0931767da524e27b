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
use crate::crypto::signature::{Algorithm, Hash, Kind, PublicKey, Scheme, Unsupported, ecdsa_pair};
use crate::problem::{Place, Problems};

/// A certificate chain and its private key, which signs and is never shown.
#[derive(Clone)]
pub struct Identity {
    certified: Arc<CertifiedKey>,
    expiry: Expiry,
}

/// Why nothing was signed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SignError {
    /// The key is of another kind.
    #[error("the key does not sign by {0:?}")]
    Algorithm(Algorithm),
    /// The key, or the device that holds it, did not sign.
    #[error("the key did not sign")]
    Key(#[source] rustls::Error),
    /// It gave something that is no signature.
    #[error("the key gave no signature")]
    Value,
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

    /// What kind of key it is.
    ///
    /// Errors: one that signs no messages, though it may serve TLS.
    pub fn kind(&self) -> Result<Kind, Unsupported> {
        PublicKey::of_certificate(self.chain().first().map_or(&[], |leaf| leaf)).map(|key| key.kind())
    }

    /// Signs some bytes, digest included; ECDSA as `r || s` (XML Signature 1.1 §6.4.3).
    pub fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signer = scheme(algorithm).and_then(|scheme| self.certified.key.choose_scheme(&[scheme]));
        let value = signer.ok_or(SignError::Algorithm(algorithm))?.sign(message).map_err(SignError::Key)?;
        match (algorithm.scheme, algorithm.hash) {
            (Scheme::Ecdsa, Hash::Sha256) => ecdsa_pair(&value, Kind::P256).ok_or(SignError::Value),
            (Scheme::Ecdsa, _) => ecdsa_pair(&value, Kind::P384).ok_or(SignError::Value),
            (Scheme::RsaPkcs1 | Scheme::RsaPss, _) => Ok(value),
        }
    }

    /// Signs some bytes by the key's usual algorithm, digest included; ECDSA as the SEQUENCE of RFC 3279 §2.2.3, which
    /// openssl reads.
    pub fn sign_der(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let algorithm = Algorithm::usual(self.kind().map_err(|_| SignError::Value)?);
        let signer = scheme(algorithm).and_then(|scheme| self.certified.key.choose_scheme(&[scheme]));
        signer.ok_or(SignError::Algorithm(algorithm))?.sign(message).map_err(SignError::Key)
    }

    /// The chain as PEM (RFC 7468), leaf first.
    pub fn chain_pem(&self) -> String {
        let encoded = self.chain().iter().map(|certificate| {
            let base64 = base64_simd::STANDARD.encode_to_string(certificate);
            let lines = base64.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line));
            let lines = lines.collect::<Vec<_>>().join("\n");
            format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n")
        });
        encoded.collect()
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

/// What the library calls it; `None` where no key signs so.
fn scheme(algorithm: Algorithm) -> Option<SignatureScheme> {
    Some(match (algorithm.scheme, algorithm.hash) {
        (Scheme::RsaPkcs1, Hash::Sha256) => SignatureScheme::RSA_PKCS1_SHA256,
        (Scheme::RsaPkcs1, Hash::Sha384) => SignatureScheme::RSA_PKCS1_SHA384,
        (Scheme::RsaPkcs1, Hash::Sha512) => SignatureScheme::RSA_PKCS1_SHA512,
        (Scheme::RsaPss, Hash::Sha256) => SignatureScheme::RSA_PSS_SHA256,
        (Scheme::RsaPss, Hash::Sha384) => SignatureScheme::RSA_PSS_SHA384,
        (Scheme::RsaPss, Hash::Sha512) => SignatureScheme::RSA_PSS_SHA512,
        (Scheme::Ecdsa, Hash::Sha256) => SignatureScheme::ECDSA_NISTP256_SHA256,
        (Scheme::Ecdsa, Hash::Sha384) => SignatureScheme::ECDSA_NISTP384_SHA384,
        (Scheme::Ecdsa, Hash::Sha512) => return None,
    })
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
