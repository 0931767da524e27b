//! Members, keys, anchors and revocation lists that change while the gateway serves.

use std::fs;
use std::time::{Duration, Instant};

use expect_test::{Expect, expect};
use lienthong::app::reload::Outcome;
use lienthong::clock::Clock;
use lienthong::config::gateway;
use lienthong::problem::Problems;
use lienthong::sandbox::layout::Layout;
use lienthong::sandbox::message::envelope;
use lienthong::sandbox::run::{self, Options};
use lienthong::soap::version::Version;
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tempfile::TempDir;

use crate::client::{Http, Identity, Open, metrics, post};
use crate::command::Serve;
use crate::world::{World, xroad};
use crate::{crl, hostile};

/// A member's lookup.
fn request(soap: &str, member: &str) -> http::Request<bytes::Bytes> {
    let message = envelope(Version::Soap11, Some(&xroad(member, "TraCuuHoSo")), &hostile::lookup(hostile::UNKNOWN));
    post(soap, Version::Soap11.content_type(), message)
}

async fn open(world: &World, member: &str, http: Http) -> Result<Open, String> {
    Open::to(&world.member(member), http, &world.soap().parse().expect("an address")).await
}

/// Status of a lookup on an open connection.
async fn ask(connection: &mut Open, world: &World, member: &str) -> Result<u16, String> {
    connection.send(request(&world.soap(), member)).await.map(|answer| answer.status)
}

/// Status of a lookup on a connection of its own.
async fn ask_anew(world: &World, member: &str) -> Result<u16, String> {
    ask(&mut open(world, member, Http::One).await?, world, member).await
}

/// members.toml without a member.
fn without(text: &str, id: &str) -> String {
    let named = format!("id           = \"{id}\"");
    let entries: Vec<&str> = text.split("[[member]]").filter(|entry| !entry.contains(&named)).collect();
    entries.join("[[member]]")
}

fn shows(metrics: &str, line: &str) {
    assert!(metrics.lines().any(|shown| shown == line), "{line} is not in\n{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn members_come_and_go_without_a_restart_and_a_broken_file_changes_nothing() {
    let world = World::start_after(|layout| {
        let file = layout.path("members.toml");
        let text = fs::read_to_string(&file).expect("readable");
        fs::write(layout.path("all.toml"), &text).expect("written");
        fs::write(&file, without(&text, "h56")).expect("written");
    })
    .await;
    let file = world.layout().path("members.toml");
    let all = fs::read_to_string(world.layout().path("all.toml")).expect("readable");
    let (mut one, mut two) =
        (open(&world, "dvcqg", Http::One).await.expect("made"), open(&world, "dvcqg", Http::Two).await.expect("made"));
    assert_eq!(ask(&mut one, &world, "dvcqg").await, Ok(200));
    assert_eq!(ask(&mut two, &world, "dvcqg").await, Ok(200));
    assert_eq!(ask_anew(&world, "h56").await, Ok(500), "no member yet");
    assert_eq!(world.reload().await.members, Outcome::Unchanged);

    fs::write(&file, &all).expect("written");
    let reloaded = world.reload().await;
    assert_eq!((reloaded.members, reloaded.tls), (Outcome::Replaced, Outcome::Unchanged));
    assert_eq!(ask_anew(&world, "h56").await, Ok(200));
    assert_eq!(ask(&mut one, &world, "dvcqg").await, Ok(200), "an open connection lives on");

    fs::write(&file, without(&all, "dvcqg").replace("certificates", "certificate")).expect("written");
    let Outcome::Failed(problems) = world.reload().await.members else { panic!("a broken file was taken") };
    let mut checked = Problems::new();
    let settings = gateway::load(&world.layout().path("lienthong.toml"), Clock::System.now(), &mut checked);
    assert!(settings.is_none());
    let said = problems.to_string();
    assert!(said.contains("members.toml:") && said.contains("certificate"), "{said}");
    assert!(checked.to_string().contains(&said), "`check` says otherwise: {checked}");
    let shown = world.metrics().await;
    shows(&shown, "lienthong_reload_failed{what=\"members\"} 1");
    shows(&shown, "lienthong_reload_failed{what=\"tls\"} 0");
    shows(&shown, "lienthong_reloads_total{what=\"members\",result=\"failed\"} 1");
    assert_eq!(ask(&mut two, &world, "dvcqg").await, Ok(200), "the members of before may call");

    fs::write(&file, without(&all, "dvcqg")).expect("written");
    assert_eq!(world.reload().await.members, Outcome::Replaced);
    assert_eq!(ask(&mut one, &world, "dvcqg").await, Ok(500), "no member any more");
    assert_eq!(ask_anew(&world, "h56").await, Ok(200));
    shows(&world.metrics().await, "lienthong_reload_failed{what=\"members\"} 0");
    world.stop().await;
}

/// The sandbox's CA, which signs lists too.
fn authority(layout: &Layout) -> Issuer<'static, KeyPair> {
    let key = KeyPair::from_pem(&fs::read_to_string(layout.path("pki/ca.key")).expect("readable")).expect("a key");
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "VN");
    params.distinguished_name.push(DnType::OrganizationName, "lienthong sandbox");
    params.distinguished_name.push(DnType::CommonName, "lienthong sandbox CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Issuer::new(params, key)
}

/// Writes the CA's list, which takes back the certificates of these members; good until 2060.
fn revoke(layout: &Layout, number: u64, members: &[&str]) {
    let revoked = members.iter().map(|member| layout.member(member).certificate);
    let list = crl::list(&authority(layout), number, revoked);
    fs::write(layout.path("pki/ca.crl"), list.pem().expect("PEM")).expect("written");
}

/// The sandbox, asked to look at a list that takes back nobody yet.
fn with_list(layout: &Layout) {
    revoke(layout, 1, &[]);
    let file = layout.path("lienthong.toml");
    let text = fs::read_to_string(&file).expect("readable");
    fs::write(&file, text.replace("[tls]\n", "[tls]\ncrls = [\"pki/ca.crl\"]\n")).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_whose_certificate_is_revoked_is_answered_no_more_on_its_open_connections() {
    let world = World::start_after(with_list).await;
    let mut fallen =
        [open(&world, "dvcqg", Http::One).await.expect("made"), open(&world, "dvcqg", Http::Two).await.expect("made")];
    let mut other = open(&world, "h29", Http::Two).await.expect("made");
    for connection in &mut fallen {
        assert_eq!(ask(connection, &world, "dvcqg").await, Ok(200));
    }
    assert_eq!(ask(&mut other, &world, "h29").await, Ok(200));

    revoke(&world.layout(), 2, &["dvcqg"]);
    let reloaded = world.reload().await;
    assert_eq!((reloaded.members, reloaded.tls), (Outcome::Unchanged, Outcome::Replaced));
    for connection in &mut fallen {
        ask(connection, &world, "dvcqg").await.expect_err("a revoked member was answered");
    }
    ask_anew(&world, "dvcqg").await.expect_err("a revoked member was answered");
    assert_eq!(ask(&mut other, &world, "h29").await, Ok(200), "an open connection lives on");

    // A list cut short keeps the one before it in force.
    let file = world.layout().path("pki/ca.crl");
    let whole = fs::read(&file).expect("readable");
    fs::write(&file, &whole[..whole.len() / 2]).expect("written");
    assert!(matches!(world.reload().await.tls, Outcome::Failed(_)));
    shows(&world.metrics().await, "lienthong_reload_failed{what=\"tls\"} 1");
    ask_anew(&world, "dvcqg").await.expect_err("a revoked member was answered");
    revoke(&world.layout(), 3, &[]);
    assert_eq!(world.reload().await.tls, Outcome::Replaced);
    assert_eq!(ask_anew(&world, "dvcqg").await, Ok(200), "taken off the list");
    world.stop().await;
}

/// Serial number of the certificate that the gateway shows.
async fn shown(world: &World) -> Vec<u8> {
    let url = world.soap().parse().expect("an address");
    let stream = world.member("dvcqg").connect(&url, b"h2").await.expect("a connection");
    let der = stream.get_ref().1.peer_certificates().expect("a chain")[0].clone();
    let (_, certificate) = x509_parser::parse_x509_certificate(&der).expect("a certificate");
    certificate.raw_serial().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateways_certificate_is_renewed_under_open_connections_and_expiry_is_shown() {
    let world = World::start_after(with_list).await;
    let mut connection = open(&world, "dvcqg", Http::One).await.expect("made");
    let before = shown(&world).await;
    let renewed = TempDir::new().expect("a directory");
    let layout = Layout::at(renewed.path());
    fs::create_dir_all(layout.path("pki/members")).expect("made");
    for file in ["pki/ca.crt", "pki/ca.key"] {
        fs::copy(world.layout().path(file), layout.path(file)).expect("copied");
    }
    lienthong::sandbox::pki::make(&layout).expect("keys can be made");
    let (old, new) = (world.layout().pair("gateway"), layout.pair("gateway"));
    // The certificate first: for a moment it is not that of the key, and the old pair stays.
    fs::copy(new.certificate, old.certificate).expect("copied");
    assert!(matches!(world.reload().await.tls, Outcome::Failed(_)));
    assert_eq!(shown(&world).await, before);
    fs::copy(new.key, old.key).expect("copied");
    assert_eq!(world.reload().await.tls, Outcome::Replaced);
    assert_ne!(shown(&world).await, before);
    assert_eq!(ask(&mut connection, &world, "dvcqg").await, Ok(200), "an open connection lives on");
    assert_eq!(world.say(&hostile::lookup(hostile::UNKNOWN)).await.status, 200, "the dossier service trusts it");

    let shown = world.metrics().await;
    let ends = shown.lines().filter(|line| line.starts_with("lienthong_certificate_not_after_seconds{"));
    let mut ends: Vec<&str> = ends.map(|line| line.rsplit_once(' ').expect("a value").0).collect();
    ends.sort_unstable();
    expect![[r#"
        lienthong_certificate_not_after_seconds{certificate="anchor",name="C=VN, O=lienthong sandbox, CN=lienthong sandbox CA"}
        lienthong_certificate_not_after_seconds{certificate="crl",name="C=VN, O=lienthong sandbox, CN=lienthong sandbox CA"}
        lienthong_certificate_not_after_seconds{certificate="gateway",name="C=VN, O=lienthong sandbox, CN=lienthong gateway"}"#]]
    .assert_eq(&ends.join("\n"));
    let until_2060 = "certificate=\"crl\",name=\"C=VN, O=lienthong sandbox, CN=lienthong sandbox CA\"} 2840140800";
    shows(&shown, &format!("lienthong_certificate_not_after_seconds{{{until_2060}"));
    world.stop().await;
}

/// Asks `is_there` again and again until it says yes; panics where it does not within `PATIENCE`.
async fn eventually(what: &str, mut is_there: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if is_there().await {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{what} did not come");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serving_process_reloads_at_sighup_and_by_itself_and_says_why_it_does_not() {
    let dir = TempDir::new().expect("a directory");
    let layout = run::prepare(&Options { dir: dir.path().to_path_buf(), ..Options::default() }).expect("prepared");
    with_list(&layout);
    let file = layout.path("lienthong.toml");
    let settings = fs::read_to_string(&file).expect("readable");
    // Nobody listens there; a member is known before the service is asked.
    let settings = settings.replace("https://127.0.0.1:0", "https://127.0.0.1:1");
    fs::write(&file, format!("{settings}\n[reload]\nevery_s = 3600\n")).expect("written");
    let serve = Serve::start(&file);
    let url = format!("https://{}/soap/hoso", serve.soap);
    let pair = layout.member("dvcqg");
    let identity = Identity { ca: layout.ca(), pair: Some((pair.certificate, pair.key)) };
    let mut connection = Open::to(&identity, Http::One, &url.parse().expect("an address")).await.expect("made");
    connection.send(request(&url, "dvcqg")).await.expect("answered");

    let members = layout.path("members.toml");
    let good = fs::read_to_string(&members).expect("readable");
    fs::write(&members, "[[member]]\nid = \n").expect("written");
    serve.signal("HUP");
    let count = |what: &str, result: &str, times: u32| {
        format!("lienthong_reloads_total{{what=\"{what}\",result=\"{result}\"}} {times}")
    };
    let showing = async |line: String| {
        eventually(&line, async || metrics(&serve.admin).await.lines().any(|shown| shown == line)).await;
    };
    showing(count("members", "failed", 1)).await;
    showing("lienthong_reload_failed{what=\"members\"} 1".to_owned()).await;
    eventually("the reason", async || {
        let said = serve.said();
        said.contains("changed files cannot be used") && said.contains("members.toml:2")
    })
    .await;
    fs::write(&members, &good).expect("written");
    revoke(&layout, 2, &["dvcqg"]);
    serve.signal("HUP");
    showing(count("members", "replaced", 1)).await;
    showing(count("tls", "replaced", 1)).await;
    connection.send(request(&url, "dvcqg")).await.expect_err("a revoked member was answered");
    drop(serve);

    // The same without a signal.
    let text = fs::read_to_string(&file).expect("readable").replace("every_s = 3600", "every_s = 1");
    fs::write(&file, text).expect("written");
    let serve = Serve::start(&file);
    fs::write(layout.path("members.new"), without(&good, "h56")).expect("written");
    fs::rename(layout.path("members.new"), &members).expect("renamed");
    let line = count("members", "replaced", 1);
    eventually(&line, async || metrics(&serve.admin).await.lines().any(|shown| shown == line)).await;
}

fn check_settings(lines: &str, expected: Expect) {
    let dir = TempDir::new().expect("a directory");
    let layout = run::prepare(&Options { dir: dir.path().to_path_buf(), ..Options::default() }).expect("prepared");
    let file = layout.path("lienthong.toml");
    let text = fs::read_to_string(&file).expect("readable");
    fs::write(&file, text.replace("[tls]\n", &format!("{lines}\n"))).expect("written");
    let mut problems = Problems::new();
    let settings = gateway::load(&file, Clock::System.now(), &mut problems);
    let said = problems.to_string().replace(&format!("{}/", dir.path().display()), "");
    let own: String = said.split_inclusive('\n').filter(|line| !line.contains(": note: ")).collect();
    expected.assert_eq(&own);
    assert_eq!(settings.is_none(), own.contains(": error: "), "{own}");
}

#[test]
fn settings_of_trust_and_reload_are_checked() {
    check_settings("[tls]", expect![""]);
    check_settings("[reload]\nevery_s = 3600\n[tls]", expect![""]);
    check_settings(
        "[reload]\nevery_s = 3601\nsoon = 1\n[tls]\ncrls = []\nstale_crls = \"ignore\"\nkey_passphrase = 7",
        expect![[r#"
            lienthong.toml:9: error: setting reload.every_s is out of range
                remedy: write a number from 1 to 3600
            lienthong.toml:10: error: unknown setting reload.soon
                remedy: known are every_s
            lienthong.toml:12: error: setting tls.crls is no list of files
                remedy: write it like ["pki/ca.crt"]
            lienthong.toml:13: error: setting tls.stale_crls is not understood
                remedy: write "refuse" or "warn"
            lienthong.toml:14: error: setting tls.key_passphrase is no text
                remedy: write it in quotes
        "#]],
    );
    check_settings(
        "[reload]\nevery_s = 0\n[tls]\ncrls = [\"pki/no.crl\"]\nkey_passphrase = \"no\"",
        expect![[r#"
        lienthong.toml:9: error: setting reload.every_s is out of range
            remedy: write a number from 1 to 3600
        no: error: no passphrase: I/O error: No such file or directory (os error 2)
            remedy: name a file that holds the passphrase
        pki/no.crl: error: no CRL: I/O error: No such file or directory (os error 2)
            remedy: name an X.509 CRL, PEM or DER
    "#]],
    );
}

/// Generous: a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
