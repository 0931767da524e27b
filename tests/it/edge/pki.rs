//! A certificate authority of a test's own, and certificates of any validity.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use lienthong::clock::{Clock, UnixMillis};
use lienthong::pki::{Identity, StaleCrls, Trust};
use lienthong::problem::Problems;
use lienthong::tls::{Acceptor, Connector};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::crl;

/// An authority; its files go when it is dropped.
pub struct Authority {
    dir: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

/// The two PEM files of an identity.
pub struct Pair {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    /// A fresh authority.
    pub fn new() -> Self {
        let dir = TempDir::new().expect("a temporary directory can be made");
        let mut params = CertificateParams::default();
        // The same name every time: an authority is known by its key, not by what it calls itself.
        params.distinguished_name.push(DnType::CommonName, "test CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params.self_signed(&key).expect("a certificate can be made");
        fs::write(dir.path().join("ca.crt"), certificate.pem()).expect("a file can be written");
        Self { dir, issuer: Issuer::new(params, key) }
    }

    /// Certificate of the authority itself.
    pub fn certificate(&self) -> PathBuf {
        self.dir.path().join("ca.crt")
    }

    /// One of its files.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A pair that is valid for years.
    pub fn pair(&self, name: &str) -> Pair {
        self.pair_valid(name, (2020, 2060))
    }

    /// A pair that is valid from the first day of one year to the first day of another.
    pub fn pair_valid(&self, name: &str, (from, until): (i32, i32)) -> Pair {
        let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])
            .expect("the names are well formed");
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate can be made");
        let file = |extension: &str| self.dir.path().join(format!("{name}.{extension}"));
        let pair = Pair { certificate: file("crt"), key: file("key") };
        fs::write(&pair.certificate, certificate.pem()).expect("a file can be written");
        fs::write(&pair.key, key.serialize_pem()).expect("a file can be written");
        fs::set_permissions(&pair.key, fs::Permissions::from_mode(0o600)).expect("permissions can be set");
        pair
    }

    /// Whoever this authority signed is trusted.
    pub fn trust(&self) -> Trust {
        let mut problems = Problems::new();
        Trust::of_anchors(&[self.certificate()], Clock::System.now(), &mut problems)
            .unwrap_or_else(|| panic!("{problems}"))
    }

    /// This authority, whose list takes back these certificates.
    pub fn trust_without(&self, revoked: &[&Pair]) -> Trust {
        let list = crl::list(&self.issuer, 1, revoked.iter().map(|pair| &pair.certificate));
        let file = self.dir.path().join("ca.crl");
        fs::write(&file, list.der()).expect("a file can be written");
        let mut problems = Problems::new();
        let trust = Trust::load(&[self.certificate()], &[file], StaleCrls::Refuse, Clock::System.now(), &mut problems);
        trust.unwrap_or_else(|| panic!("{problems}"))
    }

    /// A server that asks for this authority's certificates.
    pub fn acceptor(&self, alpn: &[&str]) -> Acceptor {
        Acceptor::new(&self.pair("server").identity(), &self.trust(), alpn).expect("an acceptor can be made")
    }

    /// A client with a pair of this authority's.
    pub fn connector(&self, alpn: &[&str]) -> Connector {
        Connector::new(&self.pair("client").identity(), &self.trust(), alpn).expect("a connector can be made")
    }
}

impl Pair {
    /// The pair, read as the gateway reads it.
    pub fn identity(&self) -> Identity {
        let (identity, problems) = self.load(Clock::System.now());
        identity.unwrap_or_else(|| panic!("{problems}"))
    }

    /// The pair, and what is wrong with it at a time; folders left out.
    pub fn load(&self, now: UnixMillis) -> (Option<Identity>, String) {
        let mut problems = Problems::new();
        let identity = Identity::load(&self.certificate, &self.key, now, &mut problems);
        let folder = self.certificate.parent().expect("files stand in a folder");
        (identity, problems.to_string().replace(&format!("{}/", folder.display()), ""))
    }
}
