//! Envelopes signed by us with every algorithm, a JSON object a line: for another implementation to verify.
//!
//! ```text
//! cargo run --release --example signed | python .ci/interop/signed_check.py
//! ```
//! Each object has `algorithm` (its name in the message), `certificate` (PEM) and `envelope`. Keys are made on the spot.

use lienthong::clock::Clock;
use lienthong::crypto::signature::Algorithm;
use lienthong::wsse::algorithm::signature_name;
use lienthong::wsse::sign::Signer;

#[path = "signed/key.rs"]
mod key;

fn main() {
    let mut made = 0;
    for kind in [&rcgen::PKCS_RSA_SHA256, &rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384] {
        let (identity, certificate) = key::identity(kind);
        for algorithm in Algorithm::all() {
            let Ok(signer) = Signer::new(identity.clone(), Some(algorithm), 300_000) else { continue };
            let signed = signer.sign(MESSAGE.as_bytes().to_vec(), Clock::System.now()).expect("the key signs");
            let line = serde_json::json!({
                "algorithm": signature_name(algorithm),
                "certificate": certificate.pem(),
                "envelope": String::from_utf8(signed).expect("UTF-8"),
            });
            println!("{line}");
            made += 1;
        }
    }
    assert_eq!(made, 8, "RSA by six algorithms, each curve by its own");
}

/// With a header, entities, a default namespace and white space: what canonical form must get right.
const MESSAGE: &str = "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:unused=\"urn:unused\">\n\
    <s:Header><h:id xmlns:h=\"urn:h\" xmlns:u=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\" u:Id=\"message-id\">1</h:id></s:Header>\
    <s:Body><Hỏi xmlns=\"urn:hoi\" b=\"&lt;&#10;'\" a=\"1\">Việt &amp; Nam\t<k:x xmlns:k=\"urn:k\" k:z=\"\" xmlns=\"\"><y/></k:x></Hỏi></s:Body></s:Envelope>";
