//! `lienthong contract` as people use it: a draft from files, served at once.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::command::run;
use crate::xmllint;

#[test]
fn a_contract_is_imported_and_its_service_exported_again() {
    let dir = TempDir::new().expect("a temporary directory can be made");
    let at = |name: &str| dir.path().join(name).display().to_string();
    let library = root("tests/contracts/library/library.xsd");
    let import = ["contract", "import", "--xsd", &library, "--package", "city.loans.v1", "--service", "Desk"];
    let first = run(&[&import[..], &["--headers", "none", "--out", &at("in")]].concat());
    let told = told(&first);
    assert!(first.status.success(), "{told}");
    for said in ["wrote", "in/library.xsd", "in/proto/city/loans/v1/desk.proto", "2 operations", "the draft compiles"] {
        assert!(told.contains(said), "{said} is missing: {told}");
    }

    let again = run(&[&import[..], &["--out", &at("in")]].concat());
    assert!(!again.status.success());
    assert!(self::told(&again).contains("--force"), "{}", self::told(&again));

    // What was made of the partner's schema has a face in XML of its own.
    let proto = at("in/proto/city/loans/v1/desk.proto");
    let export = ["contract", "export", "--proto", &proto, "--service", "city.loans.v1.Desk"];
    let second = run(&[&export[..], &["--namespace", "urn:city", "--out", &at("out")]].concat());
    assert!(second.status.success(), "{}", self::told(&second));
    let body = r#"<c:FindLoans xmlns:c="urn:city"><c:OpenOnly>true</c:OpenOnly><c:Card>HB-0042</c:Card></c:FindLoans>"#;
    xmllint::assert_valid_against(&dir.path().join("out/desk.xsd"), body);
}

#[test]
fn check_and_explain_take_a_draft_as_it_is() {
    let dir = TempDir::new().expect("a temporary directory can be made");
    let layout = lienthong::sandbox::layout::Layout::at(dir.path());
    lienthong::sandbox::pki::make(&layout).expect("keys can be made");
    let draft = dir.path().join("draft").display().to_string();
    let hoso = root("schemas/hoso/hoso.xsd");
    let made = run(&["contract", "import", "--xsd", &hoso, "--out", &draft]);
    assert!(made.status.success(), "{}", told(&made));
    let settings = fs::read_to_string(root("tests/contracts/library/lienthong.toml")).expect("readable");
    let settings = settings.replace("{contract}", &draft).replace("{upstream}", "127.0.0.1:1");
    let members = fs::read_to_string(root("tests/contracts/library/members.toml")).expect("readable");
    fs::write(layout.path("lienthong.toml"), settings).expect("the settings can be written");
    fs::write(layout.path("members.toml"), members).expect("the members can be written");
    let config = layout.path("lienthong.toml").display().to_string();
    let checked = run(&["check", "--config", &config]);
    assert!(checked.status.success() && told(&checked).contains("NopHoSo, BoSungHoSo"), "{}", told(&checked));
    let explained = run(&["explain", "TraCuuHoSo", "--config", &config]);
    assert!(told(&explained).contains("HosoService/TraCuuHoSo"), "{}", told(&explained));
}

#[test]
fn what_is_wrong_is_said_at_once_and_nothing_is_written() {
    let dir = TempDir::new().expect("a temporary directory can be made");
    let file = dir.path().join("c.xsd");
    let schema = "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">\n<xs:element name=\"A\" type=\"B\"/>\n\
                  <xs:element name=\"C\" type=\"D\"/>\n</xs:schema>";
    fs::write(&file, schema).expect("it can be written");
    let out = dir.path().join("out");
    let output =
        run(&["contract", "import", "--xsd", &file.display().to_string(), "--out", &out.display().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    let told = told(&output);
    assert!(told.contains("c.xsd:2: error") && told.contains("c.xsd:3: error"), "{told}");
    assert!(told.ends_with("nothing was written\n") && !out.exists(), "{told}");
}

#[test]
fn help_teaches_by_examples() {
    for (command, said) in [("import", "--wsdl partner.wsdl"), ("export", "--proto loans.proto -I proto")] {
        let help = told(&run(&["contract", command, "--help"]));
        assert!(help.contains("Examples:") && help.contains(said), "{help}");
    }
}

fn root(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).display().to_string()
}

fn told(output: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
