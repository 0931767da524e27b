//! What an X.509 certificate says of its holder (RFC 5280).

use x509_parser::prelude::{AttributeTypeAndValue, FromDer, RelativeDistinguishedName, X509Certificate, X509Name};

use super::Digest;
use crate::clock::UnixMillis;

/// The facts of a certificate that members and operators know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-256 of the subject public key info, DER: stays the same when a certificate is renewed with its key.
    pub spki: Digest,
    /// Subject as a text: `CN=dvcqg, O=…`. A comma, a plus or a backslash inside a part has a backslash before it (RFC
    /// 4514 §2.4): no certificate with a long common name reads like one of another organisation.
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
            subject: written(certificate.subject()),
            issuer: written(certificate.issuer()),
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

fn written(name: &X509Name<'_>) -> String {
    let rdns = name.iter_rdn().map(|rdn| rdn.iter().map(part).collect::<Vec<_>>().join(" + "));
    rdns.collect::<Vec<_>>().join(", ")
}

/// `CN=dvcqg`.
fn part(attribute: &AttributeTypeAndValue<'_>) -> String {
    let alone = X509Name::new(vec![RelativeDistinguishedName::new(vec![attribute.clone()])], &[]).to_string();
    // The library writes every value that is no text alike.
    if attribute.as_str().is_err() && alone.starts_with('<') {
        let bytes = attribute.as_slice().iter().map(|byte| format!("{byte:02X}")).collect::<String>();
        return format!("{}=#{bytes}", attribute.attr_type());
    }
    alone.chars().flat_map(|c| matches!(c, ',' | '+' | '\\').then_some('\\').into_iter().chain([c])).collect()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

    use super::*;

    fn subject(parts: &[(DnType, &str)]) -> String {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        parts.iter().for_each(|(kind, text)| params.distinguished_name.push(kind.clone(), *text));
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        Certificate::from_der(certificate.der()).expect("readable").subject
    }

    #[test]
    fn a_name_with_separators_in_it_does_not_read_like_another_name() {
        let name = [(DnType::CommonName, "h29"), (DnType::OrganizationName, "Công ty A")];
        assert_eq!(subject(&name), "CN=h29, O=Công ty A");
        assert_eq!(subject(&[(DnType::CommonName, "h29, O=Công ty A")]), "CN=h29\\, O=Công ty A");
        assert_eq!(subject(&[(DnType::CommonName, "h29 + O=A\\, B")]), "CN=h29 \\+ O=A\\\\\\, B");
    }
}
