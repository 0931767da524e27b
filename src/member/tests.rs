//! members.toml and certificates in, members or refusals out.

use std::borrow::Cow;
use std::path::Path;

use expect_test::{Expect, expect};

use super::add::{NewMember, add};
use super::{Member, Refusal, Registry, SignaturePolicy, Subsystem};
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
fn operations_rate_and_concurrency_are_bounded() {
    let registry = load(GOOD).0.expect("sound");
    let portal = registry.holder(&certificate(1, "")).expect("known");
    let place = portal.admit().expect("the first");
    let refused = Member::permit(place, "hoso", "NopHoSo").expect_err("no right");
    assert_eq!(refused.to_string(), "member portal has no right to NopHoSo");
    let refused = portal.admit().expect_err("one in a second");
    assert_eq!(refused.to_string(), "member portal has reached its limit");
    let province = registry.holder(&certificate(9, "CN=h56")).expect("known");
    let first = Member::permit(province.admit().expect("the first"), "hoso", "NopHoSo").expect("all operations");
    province.admit().expect_err("one at a time");
    drop(first);
    province.admit().expect("the place is free again");
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

/// Whether a member may call `hoso` this operation on a dossier of these agencies and procedures.
fn asked(registry: &Registry, operation: &str, agencies: &[&str], procedures: &[&str]) -> String {
    fn codes<'c>(texts: &[&'c str]) -> Vec<Cow<'c, str>> {
        texts.iter().map(|&text| Cow::Borrowed(text)).collect()
    }
    let member = registry.holder(&certificate(9, "CN=h56")).expect("known");
    let permit = Member::permit(member.admit().expect("a place"), "hoso", operation);
    match permit.and_then(|permit| permit.cover(&codes(agencies), &codes(procedures))) {
        Ok(()) => "yes".to_owned(),
        Err(Refusal::Agency { at, .. }) => format!("no: agency {}", agencies[at]),
        Err(Refusal::Procedure { at, .. }) => format!("no: procedure {}", procedures[at]),
        Err(Refusal::Right { operation, .. }) => format!("no: operation {operation}"),
        Err(other) => format!("no: {other}"),
    }
}

#[test]
fn a_right_is_to_an_operation_for_an_agency_in_a_procedure() {
    let registry = load(
        r#"
[[member]]
id = "h56"
certificates = [{ issuer = "CN=CA", subject = "CN=h56" }]
agencies = ["000.00.00.H56", "H56"]
[[member.right]]
partners = ["hoso"]
operations = ["DongBoHoSoMC"]
procedures = ["1.014199", "2.*"]
[[member.right]]
operations = ["DongBoHoSoMC", "CapNhat*"]
agencies = ["H56.14"]
procedures = ["3.000181"]
[[member.right]]
partners = ["lgsp"]
"#,
    );
    let registry = registry.0.unwrap_or_else(|| panic!("{}", registry.1));
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("DongBoHoSoMC", &["H56-240426-0001", "H56"], &["1.014199"]),
        ("DongBoHoSoMC", &["000.00.00.H56-240426-0001", "H56.14"], &["1.014199.H42"]),
        ("DongBoHoSoMC", &["H56.14-240426-0001"], &["2.000134.000.00.00.H56"]),
        ("DongBoHoSoMC", &["H56.14-240426-0001"], &["3.000181"]),
        ("DongBoHoSoMC", &[], &[]),
        // A part of a name is no prefix.
        ("DongBoHoSoMC", &["H5-240426-0001"], &[]),
        ("DongBoHoSoMC", &["H561"], &[]),
        ("DongBoHoSoMC", &["H56.1"], &["3.000181"]),
        ("DongBoHoSoMC", &["h56"], &[]),
        ("DongBoHoSoMC", &["H56"], &["1.0141991"]),
        ("DongBoHoSoMC", &["H56"], &["20.1"]),
        // Two codes in one value.
        ("DongBoHoSoMC", &["H56.14 H29"], &[]),
        ("DongBoHoSoMC", &["H56-240426-0001,H29-240426-0001"], &[]),
        // None in it, where there is to be one.
        ("DongBoHoSoMC", &[""], &["1.014199"]),
        ("DongBoHoSoMC", &["H56"], &[""]),
        // One right covers the agency, another the procedure.
        ("DongBoHoSoMC", &["H56.15"], &["3.000181"]),
        ("DongBoHoSoMC", &["H56", "H29.1-240426-0001"], &["1.014199"]),
        ("CapNhatTienDo", &["H56.14.01"], &[]),
        ("CapNhatTienDo", &["H56"], &[]),
        ("NopHoSo", &[], &[]),
    ];
    let all: String = cases
        .iter()
        .map(|(operation, agencies, procedures)| {
            format!("{operation} {agencies:?} {procedures:?}: {}\n", asked(&registry, operation, agencies, procedures))
        })
        .collect();
    expect![[r#"
        DongBoHoSoMC ["H56-240426-0001", "H56"] ["1.014199"]: yes
        DongBoHoSoMC ["000.00.00.H56-240426-0001", "H56.14"] ["1.014199.H42"]: yes
        DongBoHoSoMC ["H56.14-240426-0001"] ["2.000134.000.00.00.H56"]: yes
        DongBoHoSoMC ["H56.14-240426-0001"] ["3.000181"]: yes
        DongBoHoSoMC [] []: yes
        DongBoHoSoMC ["H5-240426-0001"] []: no: agency H5-240426-0001
        DongBoHoSoMC ["H561"] []: no: agency H561
        DongBoHoSoMC ["H56.1"] ["3.000181"]: no: procedure 3.000181
        DongBoHoSoMC ["h56"] []: no: agency h56
        DongBoHoSoMC ["H56"] ["1.0141991"]: no: procedure 1.0141991
        DongBoHoSoMC ["H56"] ["20.1"]: no: procedure 20.1
        DongBoHoSoMC ["H56.14 H29"] []: no: agency H56.14 H29
        DongBoHoSoMC ["H56-240426-0001,H29-240426-0001"] []: no: agency H56-240426-0001,H29-240426-0001
        DongBoHoSoMC [""] ["1.014199"]: no: agency 
        DongBoHoSoMC ["H56"] [""]: no: procedure 
        DongBoHoSoMC ["H56.15"] ["3.000181"]: no: procedure 3.000181
        DongBoHoSoMC ["H56", "H29.1-240426-0001"] ["1.014199"]: no: agency H29.1-240426-0001
        CapNhatTienDo ["H56.14.01"] []: yes
        CapNhatTienDo ["H56"] []: no: agency H56
        NopHoSo [] []: no: operation NopHoSo
    "#]]
    .assert_eq(&all);
}

#[test]
fn all_agencies_are_written_as_a_star_and_none_is_none() {
    let of = |agencies: &str| {
        let text = format!("[[member]]\nid='m'\ncertificates=[{{issuer='CN=CA',subject='CN=h56'}}]\n{agencies}");
        load(&text).0.expect("sound")
    };
    assert_eq!(asked(&of("agencies = ['*']"), "DongBoDVC", &["H29"], &["9.9"]), "yes");
    assert_eq!(asked(&of("agencies = ['*']"), "DongBoDVC", &[""], &[""]), "yes");
    assert_eq!(asked(&of(""), "DongBoDVC", &["H29"], &["9.9"]), "no: agency H29");
    assert_eq!(asked(&of(""), "TraCuuHoSo", &[], &[]), "yes");
}

#[test]
fn rights_to_what_is_not_there_are_told() {
    let registry = load(
        r#"
[[member]]
id = "a"
certificates = [{ issuer = "CN=CA", subject = "CN=a" }]
partners = ["hoso", "btxh"]
operations = ["*"]
[[member]]
id = "b"
certificates = [{ issuer = "CN=CA", subject = "CN=b" }]
[[member.right]]
operations = ["DongBo*", "TraCuHoSo", "Xoa*", "MSync"]
[[member.right]]
partners = ["lgsp"]
operations = ["TraCuuHoSo"]
"#,
    );
    let known = [("hoso", vec!["TraCuuHoSo", "DongBoHoSoMC"]), ("lgsp", vec!["MSync"])];
    let mut problems = Problems::new();
    registry.0.expect("sound").check_names(Path::new("members.toml"), &known, &mut problems);
    expect![[r#"
        members.toml:2: warning: a right to partner btxh, which is not there
            remedy: take it out, or add its contract
        members.toml:10: warning: a right to operation TraCuHoSo, which is not there
            remedy: did you mean TraCuuHoSo?
        members.toml:10: warning: a right to operation Xoa*, which is not there
            remedy: take it out, or add its contract
        members.toml:12: warning: a right to operation TraCuuHoSo, which is not there
            remedy: take it out, or add its contract
    "#]]
    .assert_eq(&problems.to_string());
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
agencies = ["H56", "H 29", "G07."]
operations = ["A"]
message_bytes_max = 1023
[[member.right]]
operations = ["A*B", ""]
agencies = ["H56.14", "H29", "*"]
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
            members.toml:16: error: member d has both rights and a list of partners or operations
                remedy: move the list into a [[member.right]]
            members.toml:16: error: c and d sign with the same certificate
                remedy: give each a key of its own, or let one speak for the other
            members.toml:20: error: 'H 29' is no agency's code
                remedy: write a code like H56.14 or 000.00.00.H56, or * for all
            members.toml:20: error: 'G07.' is no agency's code
                remedy: write a code like H56.14 or 000.00.00.H56, or * for all
            members.toml:22: error: message_bytes_max is out of range
                remedy: write a number from 1024; the gateway's body_bytes_max holds as well
            members.toml:24: error: 'A*B' is neither a name nor a beginning of names
                remedy: write a name, or a beginning with * at its end
            members.toml:24: error: '' is neither a name nor a beginning of names
                remedy: write a name, or a beginning with * at its end
            members.toml:25: error: the right is for H29, for which the member does not speak
                remedy: add it to the member's agencies
        "#]],
    );
    check(
        "[[member]]\nid = 'a'\nsignatur = 'body'\ncertificate = []\n[[member.right]]\nagency = []\n[[members]]\n",
        expect![[r#"
            members.toml:1: error: missing field `certificates`
                remedy: correct the file
            members.toml:3: error: unknown key signatur
                remedy: did you mean signature?
            members.toml:4: error: unknown key certificate
                remedy: did you mean certificates?
            members.toml:6: error: unknown key agency
                remedy: known here: partners, operations, agencies, procedures
            members.toml:7: error: unknown key members
                remedy: did you mean member?
        "#]],
    );
    check(
        "[[member]]\nid = 'a\ncertificates = [\n",
        expect![[r#"
            members.toml:2: error: invalid literal string, expected `'`
                remedy: correct the file
            members.toml:3: error: unclosed array, expected `]`
                remedy: correct the file
        "#]],
    );
}

#[test]
fn a_certificate_that_one_member_names_and_another_tells_by_its_names_is_the_same() {
    let dir = tempfile::tempdir().expect("a directory");
    let (facts, _) = issued(&dir.path().join("a.crt"));
    let file = dir.path().join("members.toml");
    let text = format!(
        "[[member]]\nid = 'a'\ncertificates = [{{ issuer = '{}', subject = '{}' }}]\n[[member]]\nid = 'b'\n\
         certificates = [{{ file = 'a.crt' }}]\n",
        facts.issuer, facts.subject
    );
    std::fs::write(&file, text).expect("a file");
    let mut problems = Problems::new();
    assert!(Registry::load(&file, &mut problems).is_none(), "whose it is would be the file's order to say");
    assert!(problems.to_string().contains("a and b have the same certificate"), "{problems}");
}

#[test]
fn an_x_road_identifier_means_one_member() {
    let members = |one: &str, other: &str| {
        let pin = |digit: &str| digit.repeat(64);
        let text = format!(
            "[[member]]\nid = 'a'\nx_road = ['{one}']\ncertificates = [{{ spki_sha256 = '{}' }}]\n[[member]]\nid = 'b'\n\
             x_road = ['{other}']\ncertificates = [{{ spki_sha256 = '{}' }}]\n",
            pin("1"),
            pin("2")
        );
        load(&text).1
    };
    assert_eq!(members("VN/GOV/H56/one", "VN/GOV/H56/other"), "");
    for (one, other) in
        [("VN/GOV/H56", "VN/GOV/H56"), ("VN/GOV/H56", "VN/GOV/H56/one"), ("VN/GOV/H56/one", "VN/GOV/H56")]
    {
        let said = members(one, other);
        assert!(said.contains("a and b are both called VN/GOV/H56"), "{one} {other}: {said}");
    }
}

#[test]
fn who_adds_at_the_same_time_loses_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("members.toml");
    std::fs::write(&file, "").expect("a file");
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (dir, file) = (dir.path(), &file);
            scope.spawn(move || {
                let certificate = dir.join(format!("{number}.crt"));
                issued(&certificate);
                let wish = NewMember { id: format!("m{number}"), ..NewMember::default() };
                let mut problems = Problems::new();
                add(file, &certificate, wish, (UnixMillis(1_714_118_400_000), &mut problems)).expect("added");
            });
        }
    });
    let registry = Registry::load(&file, &mut Problems::new()).expect("sound");
    assert_eq!(registry.len(), 8);
}
