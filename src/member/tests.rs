//! members.toml and certificates in, members or refusals out.

use std::path::Path;

use expect_test::{Expect, expect};

use super::{Registry, SignaturePolicy, Subsystem};
use crate::clock::UnixMillis;
use crate::crypto::Digest;
use crate::crypto::certificate::Certificate;
use crate::problem::Problems;

const GOOD: &str = r#"
[[member]]
id = "portal"
x_road = ["VN/GOV/G22/dvcqg"]
certificates = [{ spki_sha256 = "0101010101010101010101010101010101010101010101010101010101010101" }]
operations = ["TraCuuHoSo"]
requests_per_second = 1

[[member]]
id = "province"
x_road = ["VN/GOV/H56"]
certificates = [{ issuer = "CN=CA", subject = "CN=h56" }]
concurrency = 1

[[member]]
id = "server"
certificates = [{ spki_sha256 = "0202020202020202020202020202020202020202020202020202020202020202" }]
speaks_for = ["x-road:VN/GOV"]
"#;

fn load(text: &str) -> (Option<Registry>, String) {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("members.toml");
    std::fs::write(&file, text).expect("a file");
    let mut problems = Problems::new();
    let registry = Registry::load(&file, &mut problems);
    (registry, problems.to_string().replace(&format!("{}/", dir.path().display()), ""))
}

fn certificate(key: u8, subject: &str) -> Certificate {
    Certificate {
        spki: Digest([key; 32]),
        subject: subject.to_owned(),
        issuer: "CN=CA".to_owned(),
        serial: "1".to_owned(),
        not_before: UnixMillis(0),
        not_after: UnixMillis(1),
    }
}

#[test]
fn the_certificate_says_who_calls_and_the_header_only_what_it_may() {
    let registry = load(GOOD).0.expect("sound");
    let client = |text: &str| Subsystem::parse(text).expect("an identifier");
    let who = |key: u8, subject: &str, header: &str| {
        let holder = registry.holder(&certificate(key, subject)).map_err(|refusal| refusal.to_string())?;
        let speaker = registry.speaker(holder, &client(header)).map_err(|refusal| refusal.to_string())?;
        Ok::<_, String>(speaker.id().to_string())
    };
    assert_eq!(who(1, "", "VN/GOV/G22/dvcqg").as_deref(), Ok("portal"));
    assert_eq!(who(9, "CN=h56", "VN/GOV/H56/mcdt").as_deref(), Ok("province"), "any subsystem");
    assert_eq!(who(2, "", "VN/GOV/G22/dvcqg").as_deref(), Ok("portal"), "spoken for");
    assert_eq!(who(2, "", "VN/GOV/H56/x").as_deref(), Ok("province"), "spoken for");
    let refused = |result: Result<String, String>, said: &str| assert_eq!(result, Err(said.to_owned()));
    refused(who(3, "", "VN/GOV/G22/dvcqg"), "the certificate belongs to no member");
    refused(who(1, "", "VN/GOV/G22/other"), "member portal may not speak for VN/GOV/G22/other");
    refused(who(1, "", "VN/GOV/H56"), "member portal may not speak for VN/GOV/H56");
    refused(who(2, "", "VN/COM/H56"), "member server may not speak for VN/COM/H56");
}

#[test]
fn rights_rate_and_concurrency_are_bounded() {
    let registry = load(GOOD).0.expect("sound");
    let portal = registry.holder(&certificate(1, "")).expect("known");
    let refused = portal.permit("hoso", "NopHoSo").expect_err("no right");
    assert_eq!(refused.to_string(), "member portal has no right to NopHoSo");
    drop(portal.permit("hoso", "TraCuuHoSo").expect("the first"));
    let refused = portal.permit("hoso", "TraCuuHoSo").expect_err("one in a second");
    assert_eq!(refused.to_string(), "member portal has reached its limit");
    let province = registry.holder(&certificate(9, "CN=h56")).expect("known");
    let first = province.permit("hoso", "NopHoSo").expect("the first");
    province.permit("hoso", "NopHoSo").expect_err("one at a time");
    drop(first);
    province.permit("hoso", "NopHoSo").expect("the place is free again");
}

/// A certificate on disk and in hand.
fn issued(file: &Path) -> (Certificate, Vec<u8>) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let params = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
    let certificate = params.self_signed(&key).expect("a certificate");
    std::fs::write(file, certificate.pem()).expect("a file");
    let der = certificate.der().to_vec();
    (Certificate::from_der(&der).expect("readable"), der)
}

#[test]
fn old_and_new_certificate_hold_while_both_are_listed() {
    let dir = tempfile::tempdir().expect("a directory");
    let (old, old_der) = issued(&dir.path().join("old.crt"));
    let (new, new_der) = issued(&dir.path().join("new.crt"));
    let load = |certificates: &str| {
        let file = dir.path().join("members.toml");
        let text = format!("[[member]]\nid = 'h56'\ncertificates = [{certificates}]\n");
        std::fs::write(&file, text).expect("a file");
        Registry::load(&file, &mut Problems::new()).expect("sound")
    };
    let both = load("{ file = 'old.crt' }, { file = 'new.crt' }");
    for certificate in [&old, &new] {
        let holder = both.holder(certificate).expect("listed");
        assert!(holder.signs_with(certificate), "certificates count for signatures where nothing else is said");
        assert_eq!(holder.signing_certificates().collect::<Vec<_>>(), [&old_der, &new_der]);
    }
    let after = load("{ file = 'new.crt' }");
    after.holder(&new).expect("listed");
    after.holder(&old).expect_err("no longer listed");
}

#[test]
fn a_member_says_what_it_signs_and_with_what() {
    let dir = tempfile::tempdir().expect("a directory");
    let (seal, der) = issued(&dir.path().join("seal.crt"));
    let file = dir.path().join("members.toml");
    let text = r#"
[[member]]
id = "h56"
certificates = [{ issuer = "CN=CA", subject = "CN=h56" }]
signing_certificates = [{ file = "seal.crt" }, { issuer = "CN=CA", subject = "CN=seal" }]
signature = "message"
sign_answers = true
"#;
    std::fs::write(&file, text).expect("a file");
    let registry = Registry::load(&file, &mut Problems::new()).expect("sound");
    let member = registry.holder(&certificate(9, "CN=h56")).expect("known");
    assert_eq!((member.signature_policy(), member.signs_answers()), (SignaturePolicy::Message, true));
    assert!(member.signs_with(&seal) && member.signs_with(&certificate(9, "CN=seal")));
    assert!(!member.signs_with(&certificate(9, "CN=h56")), "for TLS alone");
    assert_eq!(member.signing_certificates().collect::<Vec<_>>(), [&der], "the other is known by its names alone");
    registry.holder(&seal).expect_err("for signatures alone");
    let plain = load(GOOD).0.expect("sound");
    let plain = plain.holder(&certificate(1, "")).expect("known");
    assert_eq!((plain.signature_policy(), plain.signs_answers()), (SignaturePolicy::None, false));
}

fn check(text: &str, expected: Expect) {
    let (registry, problems) = load(text);
    assert!(registry.is_none(), "accepted");
    expected.assert_eq(&problems);
}

#[test]
fn everything_wrong_with_the_file_is_said_at_once() {
    check(
        r#"
[[member]]
id = "a b"
certificates = []
x_road = ["VN/GOV"]
[[member]]
id = "c"
certificates = [{ file = "missing.crt" }, { spki_sha256 = "12" }, { issuer = "CN=x" }]
speaks_for = ["nobody", "x-road:"]
concurrency = 0
signature = "Body"
signing_certificates = []
[[member]]
id = "c"
certificates = [{ issuer = "CN=x", subject = "CN=y" }]
[[member]]
id = "d"
certificates = [{ issuer = "CN=x", subject = "CN=z" }]
signing_certificates = [{ issuer = "CN=x", subject = "CN=y" }]
"#,
        expect![[r#"
            members.toml:2: error: member id 'a b' is not made of letters, digits, '-', '_' and '.'
                remedy: choose a short id
            members.toml:2: error: member a b has no certificate
                remedy: add certificates = [{ file = "…" }]
            members.toml:5: error: 'VN/GOV' is no X-Road identifier
                remedy: write instance/class/code or instance/class/code/subsystem
            members.toml:6: error: member c has an empty signing_certificates
                remedy: leave it out where certificates count for signatures too
            members.toml:6: error: c speaks for nobody, who is no member
                remedy: add the member, or remove it from speaks_for
            members.toml:8: error: missing.crt is no readable PEM certificate
                remedy: name the member's certificate file
            members.toml:8: error: spki_sha256 is not 64 hexadecimal digits
                remedy: openssl x509 -in member.crt -pubkey -noout | openssl pkey -pubin -outform der | sha256sum
            members.toml:8: error: a certificate is told by one of file, spki_sha256, or issuer with subject
                remedy: openssl x509 -in member.crt -pubkey -noout | openssl pkey -pubin -outform der | sha256sum
            members.toml:9: error: 'x-road:' names no X-Road instance or class
                remedy: write x-road:INSTANCE or x-road:INSTANCE/CLASS
            members.toml:10: error: concurrency is out of range
                remedy: write a number from 1 to 100000
            members.toml:11: error: 'Body' is no signature policy
                remedy: write none, body or message
            members.toml:13: error: two members are called c
                remedy: rename one
            members.toml:16: error: c and d sign with the same certificate
                remedy: give each a key of its own, or let one speak for the other
        "#]],
    );
    check(
        "[[member]]\nid = 'a'\ncertificate = []\n",
        expect![[r#"
            members.toml:3: error: unknown field `certificate`, expected one of `id`, `name`, `agencies`, `x_road`, `certificates`, `signing_certificates`, `signature`, `sign_answers`, `partners`, `operations`, `speaks_for`, `requests_per_second`, `concurrency`
                remedy: correct the file
        "#]],
    );
}
