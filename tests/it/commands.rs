//! The command line as people and scripts use it.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use lienthong::sandbox::layout::Layout;
use tempfile::TempDir;

use crate::client::{Http, Identity, get, send};
use crate::command::{Sandbox, run};
use crate::golden::compare;
use crate::xmllint;

#[test]
fn the_scenario_ends_well_and_is_plain_in_a_pipe() {
    let output = run(&["sandbox", "--scenario"]);
    let told = String::from_utf8(output.stdout).expect("the scenario is text");
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(!told.contains('\x1b'), "colours in a pipe");
    assert!(told.trim_end().ends_with("all as expected"), "{told}");
    for said in ["1 of 4", "4 of 4", "NopHoSoResponse", "SubmitDossier", "AcceptDossier", "ReturnResult", "Fault"] {
        assert!(told.contains(said), "{said} is missing:\n{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serving_sandbox_leaves_all_that_is_needed_and_goes_on_where_it_was() {
    let dir = TempDir::new().expect("a temporary directory can be made");
    let layout = Layout::at(dir.path());
    let sandbox = Sandbox::start(dir.path());
    for file in FILES {
        assert!(layout.path(file).is_file(), "{file} is missing");
    }
    let ready = sandbox.ready.clone();
    let pair = layout.member("dvcqg");
    let identity = Identity { ca: layout.ca(), pair: Some((pair.certificate.clone(), pair.key)) };
    let wsdl = send(&identity, Http::One, get(&format!("{}?wsdl", ready.soap))).await.expect("the WSDL is served");
    assert_eq!(wsdl.status, 200);
    assert!(wsdl.text().contains(&ready.soap), "the WSDL names another address");
    let xsd = send(&identity, Http::Two, get(&format!("{}?xsd=hoso.xsd", ready.soap))).await;
    let served = layout.path("served.xsd");
    std::fs::write(&served, &xsd.expect("the XSD is served").body).expect("the XSD can be written");
    let key = std::fs::read(&pair.certificate).expect("the certificate is readable");

    assert_answers(&layout, &served);
    let second = run(&["sandbox", "--dir", &text(dir.path())]);
    assert!(!second.status.success() && told(&second).contains("another sandbox serves"), "{}", told(&second));
    assert!(layout.path("ready.json").exists(), "the second has taken the first one's ready.json");
    sandbox.stop();
    assert!(!layout.path("ready.json").exists(), "a sandbox that has ended is not ready");
    let again = Sandbox::start(dir.path());
    assert_eq!(again.ready, ready, "the ports have changed");
    assert_eq!(std::fs::read(&pair.certificate).expect("the certificate is readable"), key, "the keys have changed");
    // The database is the old one: a message that was answered is answered the same way.
    assert_answers(&layout, &served);
    again.stop();
}

/// `call` sends every request of the sandbox; the answers are good and valid.
fn assert_answers(layout: &Layout, xsd: &Path) {
    let requests = std::fs::read_dir(layout.path("requests")).expect("there are requests");
    let files = requests.map(|entry| entry.expect("they can be listed").path());
    let mut files: Vec<PathBuf> = files.filter(|file| file.is_file()).collect();
    files.sort();
    assert_eq!(files.len(), 18);
    for file in files {
        let name = file.file_stem().and_then(|name| name.to_str()).expect("names are ASCII");
        let operation = name.split('-').next().unwrap_or(name);
        let output = call(&[operation, &text(&file), "--dir", &text(layout.root())]);
        assert!(output.status.success(), "{name}: {}", told(&output));
        let body = xmllint::body_element(&output.stdout).expect("the answer has a body");
        xmllint::assert_valid_against(xsd, &body);
    }
    // A step follows its dossier.
    let provinces =
        [("btxh", "DongBoDVC"), ("btxh", "XuLyHoSo"), ("lgsp", "MSyncDocument"), ("lgsp", "MDocumentTraces")];
    for (partner, operation) in provinces {
        let file = layout.path("requests").join(partner).join(format!("{operation}.xml"));
        let as_province = ["--dir", &text(layout.root()), "--member", "h56", "--partner", partner];
        let output = call(&[&[operation, &text(&file)], &as_province[..]].concat());
        assert!(output.status.success(), "{operation}: {}", told(&output));
        let body = xmllint::body_element(&output.stdout).expect("the answer has a body");
        xmllint::assert_valid_against(&layout.path(&format!("schemas/{partner}/{partner}.xsd")), &body);
    }
}

#[test]
fn call_tells_by_its_exit_status_how_it_went() {
    let dir = TempDir::new().expect("a temporary directory can be made");
    let layout = Layout::at(dir.path());
    let sandbox = Sandbox::start(dir.path());
    let written = |name: &str, xml: &str| {
        let file = layout.path(name);
        std::fs::write(&file, xml).expect("the file can be written");
        text(&file)
    };
    let hs = r#"xmlns:hs="http://molisa.gov.vn/hoso/1.0""#;
    let unknown = format!("<hs:TraCuuHoSo {hs}><MaHoSo>000.00.00.G07-180615-9999</MaHoSo></hs:TraCuuHoSo>");
    let unknown = written("unknown.xml", &unknown);
    let invalid = written("invalid.xml", &format!("<hs:TraCuuHoSo {hs}/>"));
    let torn = written("torn.xml", "<hs:TraCuuHoSo");
    let member = layout.member("h56");
    let pair = [text(&member.certificate), text(&member.key), text(&layout.ca())];
    let by_url = ["--url", &sandbox.ready.soap, "--cert", &pair[0], "--key", &pair[1], "--ca", &pair[2]];
    let by_dir = ["--dir", &text(layout.root())];
    let as_signer = [by_dir[0], by_dir[1], "--member", "bhxh", "--sign"];
    for (status, operation, file, to, said) in [
        (1, "TraCuuHoSo", &unknown, &by_dir[..], "<error_code>404<"),
        (1, "TraCuuHoSo", &unknown, &by_url[..], "<error_code>404<"),
        (1, "TraCuuHoSo", &invalid, &by_dir[..], "invalid_schema"),
        (1, "TraCuuHoSo", &unknown, &as_signer[..], "<ds:SignatureValue>"),
        (1, "TraCuuHoSo", &unknown, &as_signer[..4], "security_missing"),
        (2, "RutHoSo", &unknown, &by_dir[..], "not RutHoSo"),
        (2, "TraCuuHoSo", &torn, &by_dir[..], "torn.xml"),
        (2, "TraCuuHoSo", &"nowhere.xml".to_owned(), &by_dir[..], "nowhere.xml"),
        (2, "TraCuuHoSo", &unknown, &["--dir", "/nowhere"][..], "no sandbox serves"),
        (2, "TraCuuHoSo", &unknown, &[][..], "--dir"),
    ] {
        for version in [None, Some("--soap12")] {
            let args: Vec<&str> = [operation, file].into_iter().chain(to.iter().copied()).chain(version).collect();
            let output = call(&args);
            assert_eq!(output.status.code(), Some(status), "{args:?}: {}", told(&output));
            assert!(told(&output).contains(said), "{args:?}: {}", told(&output));
        }
    }
    sandbox.stop();
}

#[test]
fn check_reports_every_mistake_of_a_directory_at_once() {
    let dir = TempDir::new().expect("a temporary directory can be made");
    let layout = Layout::at(dir.path());
    let options = lienthong::sandbox::run::Options { dir: dir.path().to_path_buf(), ..Default::default() };
    lienthong::sandbox::run::prepare(&options).expect("the directory can be prepared");
    let good = run(&["check", "--config", &text(&layout.path("lienthong.toml"))]);
    assert!(good.status.success(), "{}", told(&good));
    for (file, from, to) in MISTAKES {
        let path = layout.path(file);
        let before = std::fs::read_to_string(&path).expect("the file is readable");
        assert!(before.contains(from), "{file} has no {from:?}");
        std::fs::write(&path, before.replacen(from, to, 1)).expect("the file can be written");
    }
    let output = run(&["check", "--config", &text(&layout.path("lienthong.toml"))]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let said = told(&output).replace(&text(layout.root()), "DIR");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/check/report.txt");
    if let Err(difference) = compare(&golden, &said) {
        panic!("{difference}\nUPDATE=1 rewrites it");
    }
    let served = Instant::now();
    let refused = run(&["serve", "--config", &text(&layout.path("lienthong.toml"))]);
    assert!(!refused.status.success() && served.elapsed() < Duration::from_secs(20));
}

#[test]
fn explain_prints_the_plan_of_an_operation() {
    let dir = TempDir::new().expect("a temporary directory can be made");
    let options = lienthong::sandbox::run::Options { dir: dir.path().to_path_buf(), ..Default::default() };
    let layout = lienthong::sandbox::run::prepare(&options).expect("the directory can be prepared");
    let settings = text(&layout.path("lienthong.toml"));
    let output = run(&["explain", "NopHoSo", "--config", &settings]);
    assert!(output.status.success(), "{}", told(&output));
    for said in ["molisa.dossier.v1.DossierService/SubmitDossier", "MaTTHC", "procedure_code", "owner.papers.number"] {
        assert!(told(&output).contains(said), "{said} is missing:\n{}", told(&output));
    }
    assert!(!run(&["explain", "NopHoSoo", "--config", &settings]).status.success());
}

fn call(args: &[&str]) -> Output {
    run(&[&["call"], args].concat())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// All that a command said, on both outputs.
fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// What a directory must hold once its sandbox serves.
const FILES: [&str; 16] = [
    "lienthong.toml",
    "dossier-service.toml",
    "members.toml",
    "ready.json",
    "pki/ca.crt",
    "pki/gateway.crt",
    "pki/gateway.key",
    "pki/dossier-service.key",
    "pki/internal-client.crt",
    "pki/internal-client.key",
    "pki/members/dvcqg.crt",
    "pki/members/dvcqg.key",
    "pki/members/h29.key",
    "pki/members/h56.crt",
    "requests/NopHoSo.xml",
    "schemas/hoso/hoso.xsd",
];

/// One of every kind: file, what is right in it, what stands there instead.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("lienthong.toml", "soap  = \"127.0.0.1:0\"", "soap  = \"localhost\""),
    ("lienthong.toml", "[log]", "[logs]"),
    ("lienthong.toml", "certificate  = \"pki/gateway.crt\"", "certificate  = \"pki/members/h29.crt\""),
    ("members.toml", "pki/members/h56.crt", "pki/members/h57.crt"),
    ("members.toml", "VN/GOV/000.00.00.H29/mcdt", "VN"),
    ("schemas/hoso/binding.toml", "TrichYeuHoSo                      = \"summary\"", "# TrichYeuHoSo is not bound"),
    ("schemas/hoso/binding.toml", "ChuHoSo                           = \"owner.name\"", "ChuHoSo = \"owner.nom\""),
    ("schemas/hoso/binding.toml", "MaDonViXuLy                       =", "MaDonViXuli ="),
    ("schemas/hoso/binding.toml", "\"5\"  = \"STATUS_SUPPLEMENT_REQUESTED\"\n", ""),
    ("schemas/hoso/binding.toml", "\"6\"  = \"STATUS_PAYMENT_REQUESTED\"", "\"6\"  = \"STATUS_PROCESSING\""),
    ("schemas/hoso/binding.toml", "DossierService/WithdrawDossier", "DossierService/Withdraw"),
    ("schemas/hoso/binding.toml", "LePhi\"  = \"fees\"", "LePhi\"  = \"note\""),
];
