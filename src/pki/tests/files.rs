//! Key files and lists as operators leave them.

use std::path::{Path, PathBuf};
use std::process::Command;

use expect_test::{Expect, expect};
use rcgen::{KeyPair, SignatureAlgorithm};

use super::paper::{Authority, Files, Paper, moment, pem, read};
use crate::crypto::signature::{Algorithm, Hash, PublicKey, Scheme};
use crate::pki::{Expiry, ExpiryKind, Identity, KeyFile, SignError, StaleCrls, Trust};
use crate::problem::Problems;

/// A certificate `member.crt` of a key in `member.key`, PKCS#8.
fn member(files: &Files, algorithm: &'static SignatureAlgorithm) -> KeyPair {
    let key = KeyPair::generate_for(algorithm).expect("a key");
    let certificate = Authority::root("root").sign("member", &key, Paper::default());
    files.write("member.crt", pem(&certificate));
    files.write("member.key", key.serialize_pem());
    key
}

fn load(files: &Files, key: &str, passphrase: Option<&str>) -> (Option<Identity>, String) {
    let key = KeyFile { path: files.path(key), passphrase: passphrase.map(|name| files.path(name)) };
    let mut problems = Problems::new();
    let identity = Identity::load(&files.path("member.crt"), key, moment("2026-06-15T00:00:00Z"), &mut problems);
    (identity, files.said(&problems))
}

fn check(files: &Files, key: &str, passphrase: Option<&str>, expected: Expect) {
    let (identity, said) = load(files, key, passphrase);
    expected.assert_eq(&said);
    assert_eq!(identity.is_none(), said.contains(" error: "), "{said}");
}

/// Runs openssl in the directory of these files; `false`, aloud, where there is none.
fn openssl(files: &Files, arguments: &str) -> bool {
    let ran = Command::new("openssl").args(arguments.split(' ')).current_dir(files.path("")).output();
    let Ok(output) = ran else {
        eprintln!("openssl is not installed: a test is skipped");
        return false;
    };
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    true
}

#[test]
fn keys_are_read_in_every_form_that_openssl_writes() {
    let forms = [
        (&rcgen::PKCS_ECDSA_P256_SHA256, "ec -in member.key -out traditional.key"),
        (&rcgen::PKCS_ECDSA_P384_SHA384, "ec -in member.key -out traditional.key"),
        (&rcgen::PKCS_RSA_SHA256, "rsa -in member.key -traditional -out traditional.key"),
    ];
    for (algorithm, traditional) in forms {
        let files = Files::new();
        member(&files, algorithm);
        files.write("passphrase", "ộ mật khẩu\r\n");
        assert!(load(&files, "member.key", None).0.is_some());
        if !openssl(&files, traditional) {
            return;
        }
        check(&files, "traditional.key", None, expect![""]);
        for cipher in [
            "aes-128-cbc",
            "aes-192-cbc",
            "aes-256-cbc",
            "aes-256-cbc -v2prf hmacWithSHA512",
            "aes-256-cbc -iter 600000",
        ] {
            // `file:` takes the first line, without its end.
            files.write("line", "ộ mật khẩu\n");
            let sealed = format!("pkcs8 -topk8 -in member.key -out sealed.key -passout file:line -v2 {cipher}");
            openssl(&files, &sealed);
            check(&files, "sealed.key", Some("passphrase"), expect![""]);
        }
    }
}

#[test]
fn an_encrypted_key_that_stays_closed_says_why() {
    let files = Files::new();
    member(&files, &rcgen::PKCS_ECDSA_P256_SHA256);
    files.write("right", "secret");
    files.write("wrong", "Secret");
    files.write("empty", "");
    if !openssl(&files, "pkcs8 -topk8 -in member.key -out sealed.key -passout file:right") {
        return;
    }
    openssl(&files, "pkcs8 -topk8 -in member.key -out scrypt.key -passout file:right -scrypt");
    openssl(&files, "pkcs8 -topk8 -in member.key -out triple.key -passout file:right -v2 des3");
    let sealed = String::from_utf8(read(&files.path("sealed.key"))).expect("PEM");
    let lines: Vec<&str> = sealed.lines().collect();
    files.write("cut.key", [lines[0], lines[1], lines[lines.len() - 1], ""].join("\n"));
    check(&files, "sealed.key", Some("right"), expect![""]);
    check(
        &files,
        "sealed.key",
        None,
        expect![[r#"
        sealed.key: error: the private key is encrypted
            remedy: name its passphrase's file: key_passphrase
    "#]],
    );
    for wrong in ["wrong", "empty"] {
        check(
            &files,
            "sealed.key",
            Some(wrong),
            expect![[r#"
            sealed.key: error: the private key cannot be opened: the passphrase does not open it
                remedy: check the passphrase, or rewrite the key by openssl pkcs8 -topk8 -v2 aes-256-cbc
        "#]],
        );
    }
    check(
        &files,
        "sealed.key",
        Some("missing"),
        expect![[r#"
        missing: error: no passphrase: I/O error: No such file or directory (os error 2)
            remedy: name a file that holds the passphrase
    "#]],
    );
    for (key, name) in [("scrypt.key", "scrypt.key"), ("triple.key", "triple.key")] {
        let (identity, said) = load(&files, key, Some("right"));
        assert!(identity.is_none());
        assert_eq!(
            said.lines().next(),
            Some(&*format!(
                "{name}: error: the private key cannot be opened: it is not encrypted with PBES2, PBKDF2 and AES-CBC"
            ))
        );
    }
    check(
        &files,
        "cut.key",
        Some("right"),
        expect![[r#"
        cut.key: error: the private key cannot be opened: it is no encrypted PKCS#8 key
            remedy: check the passphrase, or rewrite the key by openssl pkcs8 -topk8 -v2 aes-256-cbc
    "#]],
    );
}

#[test]
fn a_secret_that_everybody_can_read_is_refused_and_a_group_is_warned_of() {
    let files = Files::new();
    let key = member(&files, &rcgen::PKCS_ECDSA_P256_SHA256);
    for mode in [0o400, 0o600, 0o700] {
        files.write_mode("member.key", key.serialize_pem(), mode);
        check(&files, "member.key", None, expect![""]);
    }
    for mode in [0o640, 0o660] {
        files.write_mode("member.key", key.serialize_pem(), mode);
        let (identity, said) = load(&files, "member.key", None);
        assert!(identity.is_some());
        assert!(
            said.starts_with(
                "member.key: warning: the private key is open to the users of a group\n    remedy: chmod 600 "
            ),
            "{said}"
        );
    }
    for mode in [0o604, 0o602, 0o644] {
        files.write_mode("member.key", key.serialize_pem(), mode);
        let (identity, said) = load(&files, "member.key", None);
        assert!(identity.is_none());
        assert!(
            said.starts_with(
                "member.key: error: the private key is open to every user of this machine\n    remedy: chmod 600 "
            ),
            "{said}"
        );
    }
    files.write("member.key", key.serialize_pem());
    files.write_mode("passphrase", "unused", 0o644);
    let (identity, said) = load(&files, "member.key", Some("passphrase"));
    assert!(identity.is_none());
    assert!(said.starts_with("passphrase: error: the passphrase is open to every user"), "{said}");
}

#[test]
fn an_identity_signs_by_its_key_and_says_what_it_cannot() {
    for kind in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_RSA_SHA256] {
        let files = Files::new();
        member(&files, kind);
        let identity = load(&files, "member.key", None).0.expect("sound");
        let key = PublicKey::of_certificate(&identity.chain()[0]).expect("readable");
        for algorithm in Algorithm::all() {
            let signed = identity.sign(algorithm, b"a message");
            if !algorithm.signs(key.kind()) {
                assert_eq!(signed, Err(SignError::Algorithm(algorithm)));
                continue;
            }
            let mut signed = signed.expect("signed");
            assert!(key.verify(algorithm, b"a message", &signed), "{algorithm:?}");
            assert!(!key.verify(algorithm, b"another", &signed), "{algorithm:?}");
            signed[7] ^= 1;
            assert!(!key.verify(algorithm, b"a message", &signed), "{algorithm:?}");
            assert!(!key.verify(algorithm, b"a message", &[]), "{algorithm:?}");
        }
    }
}

#[test]
fn no_byte_of_a_secret_is_in_what_is_printed() {
    let files = Files::new();
    let key = member(&files, &rcgen::PKCS_ECDSA_P256_SHA256);
    files.write("passphrase", "correct horse battery staple");
    let good = load(&files, "member.key", Some("passphrase"));
    // A broken key, and one that is another's: the errors name files and reasons.
    let secret = key.serialize_pem();
    files.write("broken.key", secret.replace("END PRIVATE", "END BROKEN"));
    files.write("other.key", KeyPair::generate().expect("a key").serialize_pem());
    let broken = [load(&files, "broken.key", None), load(&files, "other.key", Some("passphrase"))];
    let trust = Trust::of_anchors(&[files.path("member.crt")], moment("2026-06-15T00:00:00Z"), &mut Problems::new());
    let key_file = KeyFile { path: files.path("member.key"), passphrase: Some(files.path("passphrase")) };
    let identity = good.0.as_ref().expect("sound");
    let unsigned = identity.sign(Algorithm { scheme: Scheme::RsaPss, hash: Hash::Sha256 }, b"x");
    let printed = format!("{good:?} {broken:?} {trust:?} {key_file:?} {unsigned:?} {:?}", identity.expiry());
    assert!(printed.contains("Identity(1 certificates)"), "{printed}");
    assert!(!printed.contains("correct horse"));
    // The scalar itself stands in PKCS#8 after the tag and length of an OCTET STRING of 32 bytes.
    let der = key.serialize_der();
    let at = der.windows(2).position(|pair| pair == [0x04, 0x20]).expect("a scalar") + 2;
    let scalar = &der[at..at + 32];
    let hexadecimal = crate::crypto::hex(scalar);
    let base64 = secret.lines().nth(1).expect("a line");
    for shown in [&hexadecimal, &hexadecimal.to_uppercase(), base64, &format!("{:?}", &scalar[..8])[1..20]] {
        assert!(!printed.contains(shown), "a secret is printed");
    }
}

fn check_crl(bytes: &[u8], expected: Expect) {
    let files = Files::new();
    let root = Authority::root("root");
    let anchor = files.write("ca.crt", pem(&root.der));
    let crl: PathBuf = files.write("ca.crl", bytes);
    let mut problems = Problems::new();
    let trust =
        Trust::load(&[anchor], &[&crl as &Path], StaleCrls::Refuse, moment("2026-06-15T00:00:00Z"), &mut problems);
    assert!(trust.is_none());
    expected.assert_eq(&files.said(&problems));
}

#[test]
fn what_is_no_list_is_refused_with_its_reason() {
    let files = Files::new();
    let missing = Trust::load(
        &[files.write("ca.crt", pem(&Authority::root("root").der))],
        &[files.path("no.crl")],
        StaleCrls::Refuse,
        moment("2026-06-15T00:00:00Z"),
        &mut Problems::new(),
    );
    assert!(missing.is_none());
    check_crl(
        b"",
        expect![[r#"
        ca.crl: error: holds no CRL
            remedy: name an X.509 CRL, PEM or DER
    "#]],
    );
    check_crl(
        b"no list",
        expect![[r#"
        ca.crl: error: holds no CRL
            remedy: name an X.509 CRL, PEM or DER
    "#]],
    );
    check_crl(
        &[0x30, 0x00],
        expect![[r#"
        ca.crl: error: no CRL: BadDer
            remedy: name an X.509 CRL, PEM or DER
    "#]],
    );
    check_crl(
        b"-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n",
        expect![[r#"
        ca.crl: error: no CRL: BadDer
            remedy: name an X.509 CRL, PEM or DER
    "#]],
    );
    check_crl(
        pem(&Authority::root("root").der).as_bytes(),
        expect![[r#"
        ca.crl: error: holds no CRL
            remedy: name an X.509 CRL, PEM or DER
    "#]],
    );
}

#[test]
fn an_end_is_told_at_thirty_fourteen_seven_and_one_days_of_a_life_that_is_long_enough() {
    let expiry = |kind, from: &str, until: &str| Expiry {
        kind,
        name: "CN=x".to_owned(),
        file: PathBuf::from("x"),
        from: moment(from),
        until: moment(until),
    };
    let check = |expiry: &Expiry, table: &[(&str, Option<i64>, Option<&str>)]| {
        for (now, days, said) in table {
            let warning = expiry.warning(moment(now));
            assert_eq!(expiry.warning_days(moment(now)), *days, "{now}");
            assert_eq!(warning.as_ref().map(|(fact, _)| fact.as_str()), *said, "{now}");
        }
    };
    check(
        &expiry(ExpiryKind::Own, "2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        &[
            ("2026-12-02T00:00:00Z", None, None),
            ("2026-12-02T00:00:01Z", Some(30), Some("the certificate expires in 29 days")),
            ("2026-12-18T00:00:00Z", Some(30), Some("the certificate expires in 14 days")),
            ("2026-12-18T00:00:01Z", Some(14), Some("the certificate expires in 13 days")),
            ("2026-12-25T00:00:01Z", Some(7), Some("the certificate expires in 6 days")),
            ("2026-12-31T00:00:01Z", Some(1), Some("the certificate expires in 0 days")),
            ("2027-01-03T00:00:00Z", Some(0), Some("the certificate expired 2 days ago")),
        ],
    );
    check(
        &expiry(ExpiryKind::Crl, "2026-06-01T00:00:00Z", "2026-06-08T00:00:00Z"),
        &[
            ("2026-06-02T00:00:00Z", None, None),
            ("2026-06-07T00:00:01Z", Some(1), Some("the CRL of CN=x expires in 0 days")),
            ("2026-06-08T00:00:00Z", Some(0), Some("the CRL of CN=x expired 0 days ago")),
        ],
    );
    check(
        &expiry(ExpiryKind::Crl, "2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z"),
        &[
            ("2026-06-01T23:00:00Z", None, None),
            ("2026-06-02T00:00:00Z", Some(0), Some("the CRL of CN=x expired 0 days ago")),
        ],
    );
}

#[cfg(not(feature = "pkcs11"))]
#[test]
fn a_build_without_devices_says_so() {
    let files = Files::new();
    member(&files, &rcgen::PKCS_ECDSA_P256_SHA256);
    let mut problems = Problems::new();
    let key = KeyFile::from("pkcs11:token=a;object=b?module-path=/m.so&pin-value=1234");
    let certificate = files.path("member.crt");
    assert!(Identity::load(&certificate, key, moment("2026-06-15T00:00:00Z"), &mut problems).is_none());
    expect![[r#"
        pkcs11:token=a;object=b: error: this build does not know keys in devices
            remedy: build with --features pkcs11, or name a key file
    "#]]
    .assert_eq(&problems.to_string());
}
