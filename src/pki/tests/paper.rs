//! Authorities of a test's own, and what they sign.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;

use crate::clock::UnixMillis;
use crate::pki::{StaleCrls, Trust};
use crate::problem::Problems;

/// An authority: a root, or one below another.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(super) der: CertificateDer<'static>,
}

/// What a certificate says; a member's for years where nothing else is said.
pub(super) struct Paper {
    pub(super) serial: u64,
    pub(super) years: (i32, i32),
    pub(super) extended: Vec<ExtendedKeyUsagePurpose>,
    pub(super) usages: Vec<KeyUsagePurpose>,
    pub(super) custom: Vec<CustomExtension>,
}

impl Default for Paper {
    fn default() -> Self {
        Self { serial: 7, years: (2020, 2060), extended: Vec::new(), usages: Vec::new(), custom: Vec::new() }
    }
}

impl Authority {
    pub(super) fn root(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = authority_params(name, 1);
        let der = params.self_signed(&key).expect("a certificate").der().clone();
        Self { issuer: Issuer::new(params, key), der }
    }

    /// An authority that this one signed.
    pub(super) fn below(&self, name: &str, serial: u64) -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = authority_params(name, serial);
        let der = params.signed_by(&key, &self.issuer).expect("a certificate").der().clone();
        Self { issuer: Issuer::new(params, key), der }
    }

    /// A member's certificate.
    pub(super) fn leaf(&self, paper: Paper) -> CertificateDer<'static> {
        let key = KeyPair::generate().expect("a key");
        self.sign("member", &key, paper)
    }

    pub(super) fn sign(&self, name: &str, key: &KeyPair, paper: Paper) -> CertificateDer<'static> {
        let mut params = params(name);
        params.serial_number = Some(SerialNumber::from(paper.serial));
        params.not_before = rcgen::date_time_ymd(paper.years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(paper.years.1, 1, 1);
        params.extended_key_usages = paper.extended;
        params.key_usages = paper.usages;
        params.custom_extensions = paper.custom;
        params.signed_by(key, &self.issuer).expect("a certificate").der().clone()
    }

    /// A list of the serial numbers it takes back, PEM, for the months of 2026.
    pub(super) fn crl(&self, serials: &[u64], (from, until): (u8, u8)) -> String {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: rcgen::date_time_ymd(2026, from, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: rcgen::date_time_ymd(2026, from, 1),
            next_update: rcgen::date_time_ymd(2026, until, 1),
            crl_number: SerialNumber::from(u64::from(from)),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).expect("a list").pem().expect("PEM")
    }
}

/// A directory of files; they go when it is dropped.
pub(super) struct Files(TempDir);

impl Files {
    pub(super) fn new() -> Self {
        Self(TempDir::new().expect("a directory"))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        self.write_mode(name, bytes, 0o600)
    }

    pub(super) fn write_mode(&self, name: &str, bytes: impl AsRef<[u8]>, mode: u32) -> PathBuf {
        let file = self.path(name);
        fs::write(&file, bytes).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("a mode");
        file
    }

    /// What was found wrong, without the directory.
    pub(super) fn said(&self, problems: &Problems) -> String {
        problems.to_string().replace(&format!("{}/", self.0.path().display()), "")
    }

    /// A trust of these anchors and lists, and what is said of them in mid-2026.
    pub(super) fn trust(&self, anchors: &[&Authority], crls: &[String], stale: StaleCrls) -> (Option<Trust>, String) {
        let named = |kind: &str, at: usize| format!("{kind}{at}");
        let anchors = anchors.iter().enumerate().map(|(at, anchor)| self.write(&named("ca", at), pem(&anchor.der)));
        let crls = crls.iter().enumerate().map(|(at, crl)| self.write(&named("crl", at), crl));
        let mut problems = Problems::new();
        let (anchors, crls): (Vec<PathBuf>, Vec<PathBuf>) = (anchors.collect(), crls.collect());
        let trust = Trust::load(&anchors, &crls, stale, moment("2026-06-15T00:00:00Z"), &mut problems);
        (trust, self.said(&problems))
    }
}

pub(super) fn moment(text: &str) -> UnixMillis {
    let moment: jiff::Timestamp = text.parse().expect("a moment");
    UnixMillis(moment.as_millisecond())
}

pub(super) fn pem(der: &[u8]) -> String {
    let text = base64_simd::STANDARD.encode_to_string(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

pub(super) fn read(file: &Path) -> Vec<u8> {
    fs::read(file).expect("readable")
}

fn authority_params(name: &str, serial: u64) -> CertificateParams {
    let mut params = params(name);
    params.serial_number = Some(SerialNumber::from(serial));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
