//! Both directions against another implementation.

use std::process::Command;

use super::authority::{Authority, OPENSSL, Party, Plan, run};
use super::forge::Forgery;
use super::{NONCE, digest, trust_in};
use crate::clock::Clock;
use crate::crypto::Digest;
use crate::tsp::{Error, Failure, Refusal, Stamp, Status, request, verify};

#[test]
fn stamps_of_every_kind_of_authority_are_verified() {
    let rsa = &rcgen::PKCS_RSA_SHA256;
    let (p256, p384) = (&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384);
    let plans = [
        Plan { key: rsa, is_below: true, ..Plan::default() },
        Plan { key: rsa, hash: "sha384", named_by: "sha512", ..Plan::default() },
        Plan { key: rsa, hash: "sha512", named_by: "sha1", is_below: true, ..Plan::default() },
        Plan { key: p256, is_below: true, named_by: "sha384", ..Plan::default() },
        Plan { key: p256, hash: "sha512", named_by: "sha1", ..Plan::default() },
        Plan { key: p384, hash: "sha384", is_below: true, ..Plan::default() },
    ];
    for (at, plan) in plans.iter().enumerate() {
        let Some(authority) = Authority::found(plan) else { return };
        let trust = trust_in(&authority.anchor());
        let before = Clock::System.now();
        let response = authority.reply(&request(digest(), NONCE));
        let stamp = verify(&response, digest(), Some(NONCE), &trust).unwrap_or_else(|error| panic!("{at}: {error}"));
        assert!(before <= stamp.time && stamp.time <= Clock::System.now(), "{at}: {stamp:?}");
        let expected =
            Stamp { time: stamp.time, serial: "0a02".into(), policy: "1.2.3.4.1".into(), signer: "CN=tsa".into() };
        assert_eq!(stamp, expected, "{at}");
        assert_eq!(verify(&response, digest(), None, &trust), Ok(stamp), "{at}: without its request");
        assert_eq!(verify(&response, Digest::of(b"else"), Some(NONCE), &trust), Err(Error::Imprint), "{at}");
        assert_eq!(verify(&response, digest(), Some(NONCE + 1), &trust), Err(Error::Nonce), "{at}");
    }
}

#[test]
fn a_nonce_of_any_length_comes_back() {
    let Some(authority) = Authority::found(&Plan::default()) else { return };
    let trust = trust_in(&authority.anchor());
    for nonce in [0, 1, 0x7f, 0x80, 0xff00, 1 << 63, u64::MAX] {
        let response = authority.reply(&request(digest(), nonce));
        assert!(verify(&response, digest(), Some(nonce), &trust).is_ok(), "{nonce}");
    }
}

#[test]
fn a_refusal_says_the_authority_s_reason() {
    let Some(authority) = Authority::found(&Plan { of: "sha512", ..Plan::default() }) else { return };
    let response = authority.reply(&request(digest(), NONCE));
    let refusal = Refusal {
        status: Status::Rejection,
        failure: Failure::BadAlg,
        text: "Message digest algorithm is not supported.".into(),
    };
    let error = verify(&response, digest(), Some(NONCE), &trust_in(&authority.anchor()));
    assert_eq!(error, Err(Error::Refused(refusal)));
    assert_eq!(
        error.map_err(|error| error.to_string()),
        Err("the authority made no time-stamp: rejection (badAlg) \"Message digest algorithm is not supported.\""
            .into())
    );
}

#[test]
fn what_is_forged_here_is_sound_by_another_judge() {
    if !*OPENSSL {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, bytes: &[u8]| {
        let file = directory.path().join(name);
        std::fs::write(&file, bytes).expect("written");
        file
    };
    let root = Party::root("root", &rcgen::PKCS_ECDSA_P256_SHA256);
    let response = write("response", &Forgery::below(&root, (2020, 2060)).response());
    let query = write("request", &request(digest(), NONCE));
    let anchor = write("root.pem", super::authority::pem(&root.der).as_bytes());
    let mut openssl = Command::new("openssl");
    openssl.args(["ts", "-verify", "-queryfile"]).arg(&query).arg("-in").arg(response).arg("-CAfile").arg(anchor);
    assert!(run(&mut openssl).contains("Verification: OK"));
    let said = run(Command::new("openssl").args(["ts", "-query", "-text", "-in"]).arg(query));
    for line in ["Hash Algorithm: sha256", "Nonce: 0xFEDCBA9876543210", "Certificate required: yes"] {
        assert!(said.contains(line), "{line}: {said}");
    }
}
