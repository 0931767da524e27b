//! A key made on the spot, and its certificate.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use lienthong::clock::Clock;
use lienthong::pki::Identity;
use lienthong::problem::Problems;
use rcgen::{Certificate, CertificateParams, KeyPair, SignatureAlgorithm};

pub fn identity(kind: &'static SignatureAlgorithm) -> (Identity, Certificate) {
    let pair = KeyPair::generate_for(kind).expect("a key can be made");
    let certificate = CertificateParams::default().self_signed(&pair).expect("a certificate can be made");
    let folder = tempfile::tempdir().expect("a folder");
    let (file, key) = (folder.path().join("a.crt"), folder.path().join("a.key"));
    std::fs::write(&file, certificate.pem()).expect("written");
    std::fs::write(&key, pair.serialize_pem()).expect("written");
    std::fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("it is ours");
    let mut problems = Problems::new();
    let identity = Identity::load(&file, &key, Clock::System.now(), &mut problems);
    (identity.unwrap_or_else(|| panic!("{problems}")), certificate)
}
