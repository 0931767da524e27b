//! What an X.509 certificate says of its holder (RFC 5280).

use x509_parser::prelude::{FromDer, X509Certificate};

use super::Digest;
use crate::clock::UnixMillis;

/// The facts of a certificate that members and operators know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-256 of the subject public key info, DER: stays the same when a certificate is renewed with its key.
    pub spki: Digest,
    /// Subject as a text: `CN=dvcqg, O=…`.
    pub subject: String,
    /// Issuer, likewise.
    pub issuer: String,
    /// Serial number, hexadecimal.
    pub serial: String,
    /// Valid from.
    pub not_before: UnixMillis,
    /// Valid until.
    pub not_after: UnixMillis,
}

impl Certificate {
    /// Reads a DER certificate; `None` where it is none.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let validity = certificate.validity();
        Some(Self {
            spki: Digest::of(certificate.public_key().raw),
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: certificate.raw_serial_as_string(),
            not_before: UnixMillis(validity.not_before.timestamp() * 1000),
            not_after: UnixMillis(validity.not_after.timestamp() * 1000),
        })
    }

    /// Reads the first certificate of a PEM text.
    pub fn from_pem(pem: &[u8]) -> Option<Self> {
        Self::from_der(&der_of_pem(pem)?)
    }
}

/// The first certificate of a PEM text (RFC 7468 §5), DER; `None` where it is none.
pub fn der_of_pem(pem: &[u8]) -> Option<Vec<u8>> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(pem).ok()?;
    Some(pem.contents)
}
