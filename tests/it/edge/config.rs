//! The gateway's settings: sound ones are taken, everything wrong is said at once.

use std::fs;
use std::path::Path;

use expect_test::{Expect, expect};
use lienthong::clock::Clock;
use lienthong::config::gateway::{self, Gateway};
use lienthong::problem::Problems;

use super::pki::Authority;

const SOUND: &str = r#"members = "members.toml"

[listen]
soap = "127.0.0.1:0"

[tls]
certificate = "server.crt"
key = "server.key"
client_trust = ["ca.crt"]

[[partner]]
name = "library"
binding = "CONTRACT/binding.toml"

[[service]]
name = "loans"
address = "https://127.0.0.1:7443"
server_name = "localhost"
proto = ["CONTRACT/proto"]
"#;

/// Loads settings that stand beside the keys of an authority; folders are left out of what is said.
fn load(text: &str) -> (Option<Gateway>, String) {
    let authority = Authority::new();
    let folder = authority.certificate().parent().expect("files stand in a folder").to_owned();
    authority.pair("server");
    let client = authority.pair("client").certificate.display().to_string();
    let members = format!("[[member]]\nid = \"reader\"\ncertificates = [{{ file = \"{client}\" }}]\n");
    fs::write(folder.join("members.toml"), members).expect("a file can be written");
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts/library").display().to_string();
    let file = folder.join("lienthong.toml");
    fs::write(&file, text.replace("CONTRACT", &contract)).expect("a file can be written");
    let mut problems = Problems::new();
    let settings = gateway::load(&file, Clock::System.now(), &mut problems);
    let said = problems.to_string().replace(&format!("{}/", folder.display()), "").replace(&contract, "CONTRACT");
    (settings, said)
}

fn check(text: &str, expected: Expect) {
    let (settings, said) = load(text);
    assert!(settings.is_none(), "accepted, though: {said}");
    expected.assert_eq(&said);
}

/// The sound settings with some lines of them otherwise.
fn with(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(SOUND.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from} is not in the settings");
        text.replace(from, to)
    })
}

#[test]
fn sound_settings_are_taken_with_their_defaults() {
    let (settings, said) = load(SOUND);
    let settings = settings.unwrap_or_else(|| panic!("{said}"));
    assert_eq!(said.lines().filter(|line| !line.contains(": note: ")).count(), 0, "{said}");
    assert_eq!(settings.partners.iter().map(|partner| partner.name.as_str()).collect::<Vec<_>>(), ["library"]);
    assert_eq!((settings.limits.body_bytes_max, settings.limits.calls_max), (16 << 20, 1024));
    assert_eq!(settings.admin.to_string(), "127.0.0.1:9090");
}

#[test]
fn a_misspelt_setting_is_refused_with_its_line_and_the_nearest_name() {
    check(
        &with(&[("members =", "member =")]),
        expect![[r#"
        lienthong.toml:1: error: unknown setting member
            remedy: did you mean members?
        lienthong.toml:1: error: setting members is missing
            remedy: add it
    "#]],
    );
    check(
        &with(&[("soap =", "saop =")]),
        expect![[r#"
        lienthong.toml:3: error: setting listen.soap is missing
            remedy: add it
        lienthong.toml:4: error: unknown setting listen.saop
            remedy: known are soap, admin
    "#]],
    );
    check(
        &with(&[("client_trust", "client_trusts")]),
        expect![[r#"
        lienthong.toml:6: error: setting tls.client_trust is missing
            remedy: add it
        lienthong.toml:9: error: unknown setting tls.client_trusts
            remedy: did you mean client_trust?
    "#]],
    );
    check(
        &with(&[("binding =", "bindings =")]),
        expect![[r#"
        lienthong.toml:11: error: setting partner.binding is missing
            remedy: add it
        lienthong.toml:13: error: unknown setting partner.bindings
            remedy: did you mean binding?
    "#]],
    );
    check(
        &format!("{SOUND}connection = 5\n"),
        expect![[r#"
        lienthong.toml:20: error: unknown setting service.connection
            remedy: did you mean connections?
    "#]],
    );
    check(
        &format!("{SOUND}[limit]\nbody_bytes_max = 1\n"),
        expect![[r#"
        lienthong.toml:20: error: unknown setting limit
            remedy: did you mean limits?
    "#]],
    );
}

#[test]
fn what_is_out_of_range_is_refused() {
    let limits = "[limits]\nbody_bytes_max = 1\nbody_ms_max = 0\ncall_ms_max = 600001\nrequests_max = -1\ndepth_max = \"deep\"\nelements_max = 0x10\n";
    check(
        &format!("{SOUND}connections = 65\n{limits}"),
        expect![[r#"
        lienthong.toml:20: error: setting service.connections is out of range
            remedy: write a number from 1 to 64
        lienthong.toml:22: error: setting limits.body_bytes_max is out of range
            remedy: write a number from 1024 to 1073741824
        lienthong.toml:23: error: setting limits.body_ms_max is out of range
            remedy: write a number from 100 to 600000
        lienthong.toml:24: error: setting limits.call_ms_max is out of range
            remedy: write a number from 1 to 600000
        lienthong.toml:25: error: setting limits.requests_max is out of range
            remedy: write a number from 1 to 100000
        lienthong.toml:26: error: setting limits.depth_max is out of range
            remedy: write a number from 8 to 1024
        lienthong.toml:27: error: setting limits.elements_max is out of range
            remedy: write a number from 100 to 100000000
    "#]],
    );
}

#[test]
fn everything_wrong_in_all_files_is_said_at_once() {
    let changes = [
        ("members.toml", "nobody.toml"),
        ("127.0.0.1:0", "localhost"),
        ("server.crt", "none.crt"),
        ("https://127.0.0.1:7443", "http://127.0.0.1"),
        ("CONTRACT/binding.toml", "binding.toml"),
        ("CONTRACT/proto", "protos"),
    ];
    check(
        &with(&changes),
        expect![[r#"
        binding.toml: error: cannot be read: No such file or directory (os error 2)
            remedy: name a binding.toml
        lienthong.toml:4: error: setting listen.soap is not understood
            remedy: write an address like "0.0.0.0:8443"
        lienthong.toml:17: error: http://127.0.0.1 is no service address
            remedy: write https://host:port
        nobody.toml: error: cannot be read: No such file or directory (os error 2)
            remedy: name a members.toml
        none.crt: error: no certificate: I/O error: No such file or directory (os error 2)
            remedy: name a PEM file of certificates
        protos: error: cannot be read: No such file or directory (os error 2)
            remedy: name a folder of .proto files
    "#]],
    );
}

#[test]
fn what_would_serve_nobody_is_refused() {
    let start = SOUND.find("[[partner]]").expect("a partner");
    check(
        &SOUND[..start],
        expect![[r#"
        lienthong.toml:1: error: no [[service]]: nothing answers
            remedy: add the internal gRPC service
        lienthong.toml:1: error: no [[partner]]: nobody is served
            remedy: add a partner with its binding
    "#]],
    );
    let service = SOUND.find("[[service]]").expect("a service");
    let twice = format!("{SOUND}{}", &SOUND[start..service]);
    check(
        &twice,
        expect![[r#"
        lienthong.toml:20: error: two partners are called library
            remedy: rename one
    "#]],
    );
    check(
        "members = \n[listen\n",
        expect![[r#"
        lienthong.toml:1: error: string values must be quoted, expected literal string
            remedy: correct the file
        lienthong.toml:2: error: unclosed table, expected `]`
            remedy: correct the file
    "#]],
    );
    check(
        "",
        expect![[r#"
            lienthong.toml:1: error: setting listen is missing
                remedy: add it
            lienthong.toml:1: error: setting members is missing
                remedy: add it
            lienthong.toml:1: error: no [[service]]: nothing answers
                remedy: add the internal gRPC service
            lienthong.toml:1: error: setting tls is missing
                remedy: add it
            lienthong.toml:1: error: no [[partner]]: nobody is served
                remedy: add a partner with its binding
        "#]],
    );
}
