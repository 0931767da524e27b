//! Revocation lists of a test's own authority.

use std::path::Path;

use rcgen::{
    CertificateRevocationList, CertificateRevocationListParams, Issuer, KeyIdMethod, KeyPair, RevokedCertParams,
    SerialNumber,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The list of this number, which takes back these certificates (PEM files); good until 2060.
pub fn list(
    issuer: &Issuer<'_, KeyPair>,
    number: u64,
    certificates: impl IntoIterator<Item = impl AsRef<Path>>,
) -> CertificateRevocationList {
    let revoked = certificates.into_iter().map(|certificate| RevokedCertParams {
        serial_number: serial(certificate.as_ref()),
        revocation_time: rcgen::date_time_ymd(2025, 1, 1),
        reason_code: None,
        invalidity_date: None,
    });
    let list = CertificateRevocationListParams {
        this_update: rcgen::date_time_ymd(2025, 1, 1),
        next_update: rcgen::date_time_ymd(2060, 1, 1),
        crl_number: SerialNumber::from(number),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    list.signed_by(issuer).expect("a list can be made")
}

fn serial(certificate: &Path) -> SerialNumber {
    let der = CertificateDer::from_pem_file(certificate).expect("a certificate");
    let (_, certificate) = x509_parser::parse_x509_certificate(&der).expect("a certificate");
    SerialNumber::from_slice(certificate.raw_serial())
}
