//! Development keys: a CA of the sandbox's own, and a certificate for everyone who takes part.
//!
//! P-256 keys, made on the spot, mode 0600; what is there already is kept. The profiles are those of
//! certs/README.md.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use jiff::ToSpan;
use jiff::tz::TimeZone;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use super::error::Error;
use super::layout::{Layout, Pair};
use super::party::MEMBERS;

/// Makes what is missing of the CA and of every pair.
pub fn make(layout: &Layout) -> Result<(), Error> {
    for folder in ["pki/members", "pki"] {
        let folder = layout.path(folder);
        std::fs::create_dir_all(&folder).map_err(Error::at(folder.clone()))?;
    }
    let issuer = authority(layout)?;
    issue(layout, &issuer, "gateway", "lienthong gateway", true)?;
    issue(layout, &issuer, "dossier-service", "dossier service", true)?;
    issue(layout, &issuer, "internal-client", "officers' client", false)?;
    for member in MEMBERS {
        issue(layout, &issuer, &format!("members/{}", member.id), member.id, false)?;
    }
    Ok(())
}

/// The CA: as it is in the directory, or a new one.
fn authority(layout: &Layout) -> Result<Issuer<'static, KeyPair>, Error> {
    let pair = Pair { certificate: layout.ca(), key: layout.path("pki/ca.key") };
    let failed = |source| Error::Certificate { name: "the CA".to_owned(), source };
    let mut params = params(CA_NAME, Vec::new(), CA_DAYS).map_err(failed)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    if let Some((_, key)) = existing(&pair)? {
        // Issued certificates name the CA by its subject and its key, which are the same as then.
        return Ok(Issuer::new(params, KeyPair::from_pem(&key).map_err(failed)?));
    }
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.self_signed(&key).map_err(failed)?;
    write(&pair, &certificate.pem(), &key)?;
    Ok(Issuer::new(params, key))
}

fn issue(layout: &Layout, issuer: &Issuer<'_, KeyPair>, file: &str, name: &str, serves: bool) -> Result<(), Error> {
    let pair = layout.pair(file);
    if existing(&pair)?.is_some() {
        return Ok(());
    }
    let failed = |source| Error::Certificate { name: name.to_owned(), source };
    let key = KeyPair::generate().map_err(failed)?;
    let names = if serves { vec!["localhost".to_owned(), "127.0.0.1".to_owned()] } else { Vec::new() };
    let mut params = params(name, names, LEAF_DAYS).map_err(failed)?;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    if serves {
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
    }
    let certificate = params.signed_by(&key, issuer).map_err(failed)?;
    write(&pair, &certificate.pem(), &key)
}

fn params(name: &str, subject_alternatives: Vec<String>, days: i64) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(subject_alternatives)?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CountryName, "VN");
    subject.push(DnType::OrganizationName, "lienthong sandbox");
    subject.push(DnType::CommonName, name);
    params.distinguished_name = subject;
    let today = jiff::Timestamp::now().to_zoned(TimeZone::UTC).date();
    // A day back, for clocks that are a little behind.
    let (year, month, day) = parts(today.saturating_sub(1.day()));
    params.not_before = rcgen::date_time_ymd(year, month, day);
    let (year, month, day) = parts(today.saturating_add(days.days()));
    params.not_after = rcgen::date_time_ymd(year, month, day);
    Ok(params)
}

fn parts(date: jiff::civil::Date) -> (i32, u8, u8) {
    (date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
}

/// Certificate and key, both PEM, where both are there.
fn existing(pair: &Pair) -> Result<Option<(String, String)>, Error> {
    if !pair.certificate.exists() || !pair.key.exists() {
        return Ok(None);
    }
    let read = |file: &Path| std::fs::read_to_string(file).map_err(Error::at(file));
    Ok(Some((read(&pair.certificate)?, read(&pair.key)?)))
}

fn write(pair: &Pair, certificate: &str, key: &KeyPair) -> Result<(), Error> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(KEY_MODE)
        .open(&pair.key)
        .map_err(Error::at(&pair.key))?;
    file.write_all(key.serialize_pem().as_bytes()).map_err(Error::at(&pair.key))?;
    std::fs::write(&pair.certificate, certificate).map_err(Error::at(&pair.certificate))
}

const CA_NAME: &str = "lienthong sandbox CA";
const CA_DAYS: i64 = 3650;
const LEAF_DAYS: i64 = 825;
/// Only the owner reads a key.
const KEY_MODE: u32 = 0o600;
