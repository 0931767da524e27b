//! A time-stamping authority of a test's own: certificates made on the spot, stamps made by `openssl ts`.
#![allow(dead_code, reason = "each of the crates that have it needs a part")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SignatureAlgorithm,
};
use tempfile::TempDir;

/// What kind of authority it is.
pub struct Plan {
    /// Of its key and of those above it.
    pub key: &'static SignatureAlgorithm,
    /// Over which hash it signs.
    pub hash: &'static str,
    /// By which hash it names its certificate: `sha1` makes a `signingCertificate`, others its second version.
    pub named_by: &'static str,
    /// Whether an authority stands between it and the root.
    pub is_below: bool,
    /// Of what it makes stamps.
    pub of: &'static str,
}

/// A directory with its keys and numbers; it goes when this is dropped.
pub struct Authority {
    directory: TempDir,
    /// Numbers are taken one after the other.
    turn: Mutex<()>,
}

impl Default for Plan {
    fn default() -> Self {
        Self { key: &rcgen::PKCS_ECDSA_P256_SHA256, hash: "sha256", named_by: "sha256", is_below: false, of: "sha256" }
    }
}

impl Authority {
    /// A new one; says aloud that there is none without `openssl`.
    pub fn found(plan: &Plan) -> Option<Self> {
        if !*OPENSSL {
            return None;
        }
        let directory = TempDir::new().expect("a directory");
        let root = Party::root("root", plan.key);
        let middle = plan.is_below.then(|| root.below("middle", plan.key));
        let (key, der) = middle.as_ref().unwrap_or(&root).stamper(plan.key, (2020, 2060));
        let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).expect("written");
        write("root.pem", &pem(&root.der));
        write("chain.pem", &middle.map_or_else(|| pem(&root.der), |middle| pem(&middle.der)));
        write("tsa.pem", &pem(&der));
        write("tsa.key", &key.serialize_pem());
        write("serial", "0A01\n");
        write("ts.cnf", &settings(directory.path(), plan));
        Some(Self { directory, turn: Mutex::default() })
    }

    /// Whom to trust, PEM.
    pub fn anchor(&self) -> PathBuf {
        self.path("root.pem")
    }

    /// Its answer to a request, both DER.
    pub fn reply(&self, request: &[u8]) -> Vec<u8> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        fs::write(self.path("request"), request).expect("written");
        let mut openssl = Command::new("openssl");
        openssl.args(["ts", "-reply", "-section", "tsa1", "-config"]).arg(self.path("ts.cnf"));
        openssl.arg("-queryfile").arg(self.path("request")).arg("-out").arg(self.path("response"));
        run(&mut openssl);
        fs::read(self.path("response")).expect("openssl wrote an answer")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// Who signs certificates.
pub struct Party {
    issuer: Issuer<'static, KeyPair>,
    pub der: Vec<u8>,
}

impl Party {
    pub fn root(name: &str, kind: &'static SignatureAlgorithm) -> Self {
        let (key, params) = (KeyPair::generate_for(kind).expect("a key"), authority(name));
        let der = params.self_signed(&key).expect("a certificate").der().to_vec();
        Self { issuer: Issuer::new(params, key), der }
    }

    pub fn below(&self, name: &str, kind: &'static SignatureAlgorithm) -> Self {
        let (key, params) = (KeyPair::generate_for(kind).expect("a key"), authority(name));
        let der = params.signed_by(&key, &self.issuer).expect("a certificate").der().to_vec();
        Self { issuer: Issuer::new(params, key), der }
    }

    /// A key and a certificate for time-stamps, DER, from the first day of a year to that of another.
    pub fn stamper(&self, kind: &'static SignatureAlgorithm, years: (i32, i32)) -> (KeyPair, Vec<u8>) {
        self.leaf(kind, years, vec![time_stamping()])
    }

    /// The same for what its extensions say.
    pub fn leaf(
        &self,
        kind: &'static SignatureAlgorithm,
        years: (i32, i32),
        extensions: Vec<CustomExtension>,
    ) -> (KeyPair, Vec<u8>) {
        let key = KeyPair::generate_for(kind).expect("a key");
        let mut params = named("tsa");
        params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        // Such a one has a key identifier.
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.custom_extensions = extensions;
        let der = params.signed_by(&key, &self.issuer).expect("a certificate").der().to_vec();
        (key, der)
    }
}

/// An extended key usage of `timeStamping` alone, critical (RFC 3161 §2.3).
pub fn time_stamping() -> CustomExtension {
    let purposes = vec![0x30, 10, 0x06, 8, 0x2b, 6, 1, 5, 5, 7, 3, 8];
    let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 37], purposes);
    extension.set_criticality(true);
    extension
}

pub fn pem(der: &[u8]) -> String {
    let text = base64_simd::STANDARD.encode_to_string(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

/// Runs a command that must succeed; what it wrote.
pub fn run(command: &mut Command) -> String {
    let output = command.output().expect("the command starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn authority(name: &str) -> CertificateParams {
    let mut params = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn settings(directory: &Path, plan: &Plan) -> String {
    let Plan { hash, named_by, of, .. } = plan;
    let directory = directory.display();
    format!(
        "[tsa1]\nserial = {directory}/serial\nsigner_cert = {directory}/tsa.pem\ncerts = {directory}/chain.pem\n\
         signer_key = {directory}/tsa.key\nsigner_digest = {hash}\ndefault_policy = 1.2.3.4.1\ndigests = {of}\n\
         accuracy = secs:1, millisecs:500\nclock_precision_digits = 3\nordering = yes\ntsa_name = yes\n\
         ess_cert_id_chain = no\ness_cert_id_alg = {named_by}\n"
    )
}

/// Whether `openssl` is installed.
pub static OPENSSL: LazyLock<bool> = LazyLock::new(|| {
    let is_present = Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success());
    if !is_present {
        eprintln!("SKIP openssl is not installed: no time-stamps of its making are verified");
    }
    is_present
});
