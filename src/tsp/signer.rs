//! Which certificate is the signer's (RFC 5652 §5.3).

use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::Error;
use super::der::{CONTEXT_0_BYTES, Reader, SEQUENCE};
use crate::crypto::certificate::Certificate;

/// A `SignerIdentifier`.
pub(super) enum SignerId<'a> {
    /// `issuerAndSerialNumber`.
    IssuerAndSerial(IssuerAndSerial<'a>),
    /// `subjectKeyIdentifier`.
    KeyId(&'a [u8]),
}

/// An issuer's Name (DER) and the contents of the INTEGER of its serial number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IssuerAndSerial<'a> {
    pub(super) issuer: &'a [u8],
    pub(super) serial: &'a [u8],
}

/// The signer's certificate, which is not trusted yet.
pub(super) struct Signer<'a> {
    pub(super) der: &'a [u8],
    pub(super) issued: IssuerAndSerial<'a>,
    pub(super) subject: String,
}

impl<'a> SignerId<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Error> {
        if let Some(id) = reader.optional(CONTEXT_0_BYTES)? {
            return Ok(Self::KeyId(id));
        }
        let mut parts = reader.enter(SEQUENCE, "the SignerIdentifier")?;
        let issued = IssuerAndSerial { issuer: parts.any()?.raw, serial: parts.integer()? };
        parts.end()?;
        Ok(Self::IssuerAndSerial(issued))
    }

    /// The version of a `SignerInfo` with it.
    pub(super) fn version(&self) -> u8 {
        match self {
            Self::IssuerAndSerial(_) => 1,
            Self::KeyId(_) => 3,
        }
    }

    fn is_of(&self, certificate: &X509Certificate<'_>) -> bool {
        match self {
            Self::IssuerAndSerial(issued) => *issued == issued_of(certificate),
            Self::KeyId(id) => certificate.extensions().iter().any(|extension| {
                matches!(extension.parsed_extension(), ParsedExtension::SubjectKeyIdentifier(known) if known.0 == *id)
            }),
        }
    }
}

impl<'a> Signer<'a> {
    /// The first of these certificates that the id names. Those that cannot be read are passed over: nobody signed the set.
    pub(super) fn find(certificates: &[&'a [u8]], id: &SignerId<'_>) -> Result<Self, Error> {
        let named = certificates.iter().find_map(|&der| {
            let (_, certificate) = X509Certificate::from_der(der).ok()?;
            let subject = Certificate::from_der(der)?.subject;
            id.is_of(&certificate).then(|| Self { der, issued: issued_of(&certificate), subject })
        });
        named.ok_or(Error::NoCertificate)
    }
}

fn issued_of<'a>(certificate: &X509Certificate<'a>) -> IssuerAndSerial<'a> {
    IssuerAndSerial { issuer: certificate.tbs_certificate.issuer.as_raw(), serial: certificate.raw_serial() }
}
