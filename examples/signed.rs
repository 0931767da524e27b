//! Envelopes signed by us with every algorithm, a JSON object a line: for another implementation to verify.
//!
//! ```text
//! cargo run --release --example signed | python .ci/interop/signed_check.py
//! ```
//! Each object has `algorithm` (its name in the message), `certificate` (PEM) and `envelope`. Keys are made on the spot.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use lienthong::clock::Clock;
use lienthong::crypto::signature::{Algorithm, Hash, Scheme};
use lienthong::pki::Identity;
use lienthong::problem::Problems;
use lienthong::wsse::algorithm::signature_name;
use lienthong::wsse::sign::Signer;
use rcgen::{CertificateParams, KeyPair};

fn main() {
    let hashes = [Hash::Sha256, Hash::Sha384, Hash::Sha512];
    let mut made = 0;
    for kind in [&rcgen::PKCS_RSA_SHA256, &rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384] {
        let pair = KeyPair::generate_for(kind).expect("a key can be made");
        let certificate = CertificateParams::default().self_signed(&pair).expect("a certificate can be made");
        let folder = tempfile::tempdir().expect("a folder");
        let (file, key_file) = (folder.path().join("a.crt"), folder.path().join("a.key"));
        std::fs::write(&file, certificate.pem()).expect("written");
        std::fs::write(&key_file, pair.serialize_pem()).expect("written");
        std::fs::set_permissions(&key_file, Permissions::from_mode(0o600)).expect("it is ours");
        let now = Clock::System.now();
        let mut problems = Problems::new();
        let identity = Identity::load(&file, &*key_file, now, &mut problems).unwrap_or_else(|| panic!("{problems}"));
        for scheme in [Scheme::RsaPkcs1, Scheme::RsaPss, Scheme::Ecdsa] {
            for hash in hashes {
                let algorithm = Algorithm { scheme, hash };
                let Ok(signer) = Signer::new(identity.clone(), Some(algorithm), 300_000) else { continue };
                let signed = signer.sign(MESSAGE.as_bytes().to_vec(), now).expect("the key signs");
                let line = serde_json::json!({
                    "algorithm": signature_name(algorithm),
                    "certificate": certificate.pem(),
                    "envelope": String::from_utf8(signed).expect("UTF-8"),
                });
                println!("{line}");
                made += 1;
            }
        }
    }
    assert_eq!(made, 8, "RSA by six algorithms, each curve by its own");
}

/// With a header, entities, a default namespace and white space: what canonical form must get right.
const MESSAGE: &str = "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:unused=\"urn:unused\">\n\
    <s:Header><h:id xmlns:h=\"urn:h\" xmlns:u=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\" u:Id=\"message-id\">1</h:id></s:Header>\
    <s:Body><Hỏi xmlns=\"urn:hoi\" b=\"&lt;&#10;'\" a=\"1\">Việt &amp; Nam\t<k:x xmlns:k=\"urn:k\" k:z=\"\" xmlns=\"\"><y/></k:x></Hỏi></s:Body></s:Envelope>";
