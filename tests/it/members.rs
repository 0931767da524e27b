//! `lienthong members`: shown, checked and extended, and the gateway lets in who was added.

use std::path::{Path, PathBuf};
use std::process::Output;

use expect_test::expect;
use lienthong::sandbox::layout::Layout;
use lienthong::sandbox::message::envelope;
use lienthong::sandbox::run as sandbox;
use lienthong::soap::version::Version;
use tempfile::TempDir;

use crate::client::{Http, Identity, post, send};
use crate::command::run;
use crate::hostile;
use crate::world::{World, xroad};

/// A sandbox's directory that nobody serves.
fn prepared() -> (TempDir, Layout) {
    let dir = TempDir::new().expect("a temporary directory can be made");
    let options = sandbox::Options { dir: dir.path().to_path_buf(), ..Default::default() };
    let layout = sandbox::prepare(&options).expect("the directory can be prepared");
    (dir, layout)
}

/// A certificate of the sandbox's CA that ends `days` from now, and its key.
fn issue(layout: &Layout, name: &str, days: i64) -> (PathBuf, PathBuf) {
    let named = |names: &[(rcgen::DnType, &str)]| {
        let mut params = rcgen::CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name = rcgen::DistinguishedName::new();
        names.iter().for_each(|(kind, name)| params.distinguished_name.push(kind.clone(), *name));
        params
    };
    use rcgen::DnType::{CommonName, CountryName, OrganizationName};
    let ca_key = std::fs::read_to_string(layout.path("pki/ca.key")).expect("the CA's key is readable");
    let ca_key = rcgen::KeyPair::from_pem(&ca_key).expect("the CA's key is a key");
    let ca = [(CountryName, "VN"), (OrganizationName, "lienthong sandbox"), (CommonName, "lienthong sandbox CA")];
    let issuer = rcgen::Issuer::new(named(&ca), ca_key);
    let mut params = named(&[(OrganizationName, "Tỉnh Khánh Hòa"), (CommonName, name)]);
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let end = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let end = end.saturating_add(jiff::Span::new().days(days));
    params.not_before = rcgen::date_time_ymd(2024, 1, 1);
    params.not_after = rcgen::date_time_ymd(end.year().into(), end.month() as u8, end.day() as u8);
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, &issuer).expect("a certificate");
    let (file, key_file) = (layout.path(&format!("{name}-new.crt")), layout.path(&format!("{name}-new.key")));
    std::fs::write(&file, certificate.pem()).expect("the certificate can be written");
    std::fs::write(&key_file, key.serialize_pem()).expect("the key can be written");
    (file, key_file)
}

fn members(layout: &Layout, args: &[&str]) -> Output {
    let config = layout.path("lienthong.toml").display().to_string();
    run(&[&["members"], args, &["--config", &config]].concat())
}

fn add(layout: &Layout, certificate: &Path, more: &[&str]) -> Output {
    members(layout, &[&["add", "--cert", &certificate.display().to_string()], more].concat())
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn read(file: PathBuf) -> String {
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// HTTP status of a look-up.
async fn status(world: &World, identity: &Identity, headers: bool) -> u16 {
    let headers = headers.then(|| xroad("h56", "TraCuuHoSo"));
    let message = envelope(Version::Soap11, headers.as_ref(), &hostile::lookup(hostile::UNKNOWN));
    let request = post(&world.soap(), Version::Soap11.content_type(), message);
    send(identity, Http::One, request).await.expect("the gateway answers").status
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_added_may_call_and_a_new_certificate_holds_beside_the_old_one() {
    let mut pairs = Vec::new();
    let world = World::start_after(|layout| {
        let (h57, h57_key) = issue(layout, "h57", 400);
        let (h56, h56_key) = issue(layout, "h56", 400);
        let output = add(layout, &h57, &["--agency", "H57", "--operations", "TraCuuHoSo"]);
        assert!(output.status.success(), "{}", told(&output));
        let output = add(layout, &h56, &["--id", "h56"]);
        assert!(output.status.success(), "{}", told(&output));
        pairs = vec![(h57, h57_key), (h56, h56_key)];
    })
    .await;
    let identity = |pair: &(PathBuf, PathBuf)| Identity { ca: world.layout().ca(), pair: Some(pair.clone()) };
    assert_eq!(status(&world, &identity(&pairs[0]), false).await, 200, "the new member");
    assert_eq!(status(&world, &identity(&pairs[1]), true).await, 200, "the new certificate");
    assert_eq!(status(&world, &world.member("h56"), true).await, 200, "the old certificate");
    world.stop().await;
}

#[test]
fn add_changes_nothing_but_what_it_adds() {
    let (_dir, layout) = prepared();
    let file = layout.path("members.toml");
    let before = read(file.clone());
    let (certificate, _) = issue(&layout, "H57", 400);
    let agencies = ["--agency", "000.00.00.H57", "--agency", "H57", "--name", "Tỉnh Khánh Hòa"];
    let output = add(&layout, &certificate, &agencies);
    assert!(output.status.success(), "{}", told(&output));
    let after = read(file.clone());
    expect![[r#"

        [[member]]
        id           = "h57"
        name         = "Tỉnh Khánh Hòa"
        agencies     = ["000.00.00.H57", "H57"]
        certificates = [{ file = "pki/members/h57.crt" }]
    "#]]
    .assert_eq(after.strip_prefix(&before).unwrap_or(&after));
    for said in ["member h57 added", "pki/members/h57.crt", "CN=H57", "Next:"] {
        assert!(told(&output).contains(said), "{said} is missing: {}", told(&output));
    }
    let copy = layout.path("pki/members/h57.crt");
    assert_eq!(
        read(copy).replace(['\r', '\n'], ""),
        read(certificate).replace(['\r', '\n'], ""),
        "another certificate"
    );

    let (second, _) = issue(&layout, "h57", 800);
    let output = add(&layout, &second, &["--id", "h57"]);
    assert!(output.status.success(), "{}", told(&output));
    let last = read(file);
    let (start, line) = last.trim_end().rsplit_once('\n').expect("more than one line");
    assert_eq!(start, after.trim_end().rsplit_once('\n').expect("more than one line").0);
    assert!(
        line.starts_with("certificates = [{ file = \"pki/members/h57.crt\" }, { file = \"pki/members/h57-"),
        "{line}"
    );
}

#[test]
fn what_cannot_be_added_leaves_everything_as_it_was() {
    let (_dir, layout) = prepared();
    let before = read(layout.path("members.toml"));
    let folder = || {
        let files = std::fs::read_dir(layout.path("pki/members")).expect("there is the folder");
        let mut names: Vec<_> = files.map(|file| file.expect("it can be listed").file_name()).collect();
        names.sort();
        names
    };
    let files = folder();
    let (good, key) = issue(&layout, "h57", 400);
    let (expired, _) = issue(&layout, "h58", -3);
    let (same_name, _) = issue(&layout, "h29", 400);
    let h29 = layout.member("h29").certificate;
    for (certificate, more, said) in [
        (&good, &["--agency", "H 57"][..], "'H 57' is no agency's code"),
        (&good, &["--id", "../h57"], "say another --id"),
        (&good, &["--x-road", "VN"], "'VN' is no X-Road identifier"),
        (&good, &["--operations", "Lay*TTHC"], "neither a name nor a beginning"),
        (&good, &["--id", "h56", "--agency", "H57"], "a certificate is added and nothing else"),
        (&expired, &[], "expired"),
        (&same_name, &[], "say --id h29"),
        (&h29, &["--id", "h29"], "has this certificate's key already"),
        (&h29, &["--id", "h30"], "have the same certificate"),
        (&h29, &["--id", "h56"], "have the same certificate"),
        (&key, &["--id", "h57"], "is no readable PEM certificate"),
        (&layout.path("nowhere.crt"), &["--id", "h57"], "is no readable PEM certificate"),
    ] {
        let output = add(&layout, certificate, more);
        assert_eq!(output.status.code(), Some(1), "{more:?}: {}", told(&output));
        assert!(told(&output).contains(said) && told(&output).contains("nothing was changed"), "{}", told(&output));
        assert_eq!(read(layout.path("members.toml")), before, "{more:?}");
        assert_eq!(folder(), files, "{more:?}");
    }
}

#[test]
fn check_says_all_that_is_wrong_and_what_will_expire() {
    let (_dir, layout) = prepared();
    let good = members(&layout, &["check"]);
    assert!(good.status.success() && told(&good).ends_with("4 members, 0 errors, 0 warnings\n"), "{}", told(&good));
    let (soon, _) = issue(&layout, "h57", 12);
    std::fs::copy(&soon, layout.member("h56").certificate).expect("the certificate can be replaced");
    let warned = members(&layout, &["check"]);
    assert!(warned.status.success(), "{}", told(&warned));
    for said in ["a certificate of h56 expires in 1", "lienthong members add --id h56", "0 errors, 1 warnings"] {
        assert!(told(&warned).contains(said), "{said} is missing: {}", told(&warned));
    }
    let text = read(layout.path("members.toml"));
    let broken = text.replace("\"VN/GOV/000.00.00.H29/mcdt\"", "\"VN\"").replace("4194304", "1");
    std::fs::write(layout.path("members.toml"), broken).expect("the file can be written");
    let output = members(&layout, &["check"]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    for said in ["'VN' is no X-Road identifier", "message_bytes_max is out of range", "2 errors"] {
        assert!(told(&output).contains(said), "{said} is missing: {}", told(&output));
    }
}

#[test]
fn list_is_a_table_for_people_and_json_for_programs() {
    let (_dir, layout) = prepared();
    let table = String::from_utf8(members(&layout, &["list"]).stdout).expect("text");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 5, "{table}");
    assert!(lines[0].starts_with("MEMBER  AGENCIES"), "{table}");
    assert!(lines[2].starts_with("h29     000.00.00.H29 H29") && lines[2].contains(" 1000 "), "{table}");
    let json = members(&layout, &["list", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    let portal = &json["members"][0];
    assert_eq!(portal["id"], "dvcqg");
    assert_eq!(portal["rights"][0]["agencies"], serde_json::json!(["*"]));
    assert_eq!(portal["certificates"][0]["spki_sha256"].as_str().map(str::len), Some(64));
    assert_eq!(json["members"][1]["message_bytes_max"], 4 << 20);
}
