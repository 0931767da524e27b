//! What was said is kept as it was said, found, shown and proven; what cannot be kept is refused.

mod fail;
mod tamper;
mod third_party;

use std::path::Path;
use std::time::Duration;

use lienthong::app::prune_all;
use lienthong::clock::{Clock, UnixMillis};
use lienthong::crypto::sealed::Keys;
use lienthong::evidence;
use lienthong::evidence::head::Parsed;
use lienthong::problem::Problems;
use lienthong::sandbox::layout::Layout;
use lienthong::sandbox::message::{XRoad, envelope};
use lienthong::sandbox::run::{Options, start_gateway};
use lienthong::sandbox::samples::Sample;
use lienthong::soap::version::Version;
use lienthong::store::ledger::reader::{Part, Reader};
use lienthong::store::ledger::{Address, Ledger};
use serde_json::Value;

use crate::client::{Answer, Http, Identity, post, send};
use crate::command::run;
use crate::hostile;
use crate::world::{World, element, root_name, xroad};

/// A message of the record, opened.
struct Kept {
    head: Parsed,
    body: Vec<u8>,
}

fn settings(layout: &Layout) -> String {
    layout.path("lienthong.toml").display().to_string()
}

fn add_settings(layout: &Layout, text: &str) {
    let file = layout.path("lienthong.toml");
    let old = std::fs::read_to_string(&file).expect("the settings are readable");
    std::fs::write(&file, format!("{old}\n{text}\n")).expect("the settings can be written");
}

/// All that a sandbox's gateway has recorded.
async fn kept(layout: &Layout) -> Vec<Kept> {
    let reader = Reader::open(&Address::File(layout.path("lienthong.db"))).await.expect("a store");
    let mut problems = Problems::new();
    let keys = Keys::load(&layout.path("lienthong.keys"), &mut problems).expect("keys");
    let records = reader.records("gateway", 0, 1000, Part::Whole).await.expect("readable");
    let open = |record: lienthong::store::ledger::reader::Stored| Kept {
        head: Parsed::of(&record.head).expect("a head"),
        body: evidence::body(&keys, &record.head, &record.body).expect("sealed by these keys"),
    };
    records.into_iter().map(open).collect()
}

/// Says some bytes as h56.
async fn say(world: &World, message: Vec<u8>) -> Answer {
    let request = post(&world.soap(), Version::Soap11.content_type(), message);
    send(&world.member("h56"), Http::One, request).await.expect("the gateway answers")
}

fn message(id: &str, body: &str) -> Vec<u8> {
    envelope(Version::Soap11, Some(&XRoad { id: id.to_owned(), ..xroad("h56", &root_name(body)) }), body)
}

/// A world that has submitted a dossier and asked for it, and stopped; and the dossier's code.
async fn told(change: impl FnOnce(&Layout)) -> (World, String) {
    let world = World::start_after(change).await;
    let submission = world.facts().fill(Sample::named("NopHoSo").expect("there is such a sample").template());
    let answer = say(&world, message("submit-1", &submission)).await;
    let dossier = element(&answer.text(), "MaHoSo").unwrap_or_else(|| panic!("not submitted: {}", answer.text()));
    say(&world, message("ask-1", &hostile::lookup(&dossier))).await;
    (world, dossier)
}

/// `lienthong evidence …`, its status and standard output.
fn command(layout: &Layout, args: &[&str]) -> (Option<i32>, String) {
    let config = settings(layout);
    let output = run(&[&["evidence"], args, &["--config", &config]].concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text)
}

/// `evidence verify --json` of a store or an export: the report.
fn verify(layout: &Layout, args: &[&str]) -> Value {
    let (status, text) = command(layout, &[&["verify", "--json"], args].concat());
    let json = text.lines().find(|line| line.starts_with('{')).unwrap_or_else(|| panic!("{status:?}: {text}"));
    let report: Value = serde_json::from_str(json).expect("JSON");
    assert_eq!(status, Some(i32::from(report["good"] != true)), "{text}");
    report
}

/// The first finding.
fn first(report: &Value) -> &str {
    report["findings"][0].as_str().unwrap_or_else(|| panic!("nothing was found: {report}"))
}

fn export(layout: &Layout, args: &[&str]) -> std::path::PathBuf {
    let out = layout.path(&format!("export-{}.tar", uuid::Uuid::new_v4().simple()));
    let (status, text) = command(layout, &[&["export", "--out", &text(&out)], args].concat());
    assert_eq!(status, Some(0), "{text}");
    out
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_exchange_is_kept_as_it_was_received_and_as_it_was_sent() {
    let world = World::start().await;
    let submission = world.facts().fill(Sample::named("NopHoSo").expect("there is such a sample").template());
    let said = [
        message("a", &submission),
        message("a", &submission),
        message("a", &hostile::lookup(hostile::UNKNOWN)),
        message("b", &hostile::lookup(hostile::UNKNOWN)),
        message("c", "<NopHoSo xmlns=\"http://molisa.gov.vn/hoso/1.0\"/>"),
        b"<no soap".to_vec(),
    ];
    let mut answers = Vec::new();
    for message in &said {
        answers.push(say(&world, message.clone()).await);
    }
    let layout = world.layout();
    let kept = kept(&layout).await;
    assert_eq!(kept.len(), 2 * said.len());
    let codes: Vec<&str> = kept.iter().filter_map(|kept| kept.head.field("code")).collect();
    assert_eq!(codes.len(), said.len(), "{codes:?}");
    for (at, message) in said.iter().enumerate() {
        let of = |part| {
            let mut found = kept.iter().filter(|kept| kept.head.field("part") == Some(part));
            found.nth(at).expect("in the order in which they were said, one after the other")
        };
        let (request, answer) = (of("request"), of("answer"));
        assert_eq!(request.body, *message);
        assert_eq!(answer.body, answers[at].body, "{}", answers[at].text());
        assert_eq!(request.head.field("exchange"), answer.head.field("exchange"));
        assert_eq!(request.head.field("member"), Some("h56"));
        assert_eq!(answer.head.field("status"), Some(&*answers[at].status.to_string()));
    }
    let dossier = element(&answers[0].text(), "MaHoSo").expect("submitted");
    assert!(kept[1].head.all("about").any(|about| about == dossier), "{:?}", kept[1].head);
    assert_eq!(kept[3].head.field("repeated"), Some("yes"));
    // Sealed: what a message says stands nowhere in the files.
    let name = element(&submission, "HoVaTen").expect("the sample names somebody");
    let _dir = world.close().await;
    for file in ["lienthong.db", "lienthong.db-wal"] {
        let bytes = std::fs::read(layout.path(file)).unwrap_or_default();
        assert!(memchr::memmem::find(&bytes, name.as_bytes()).is_none(), "{name} stands in {file}");
        assert!(memchr::memmem::find(&bytes, b"<soap").is_none(), "{file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_found_and_its_chain_proven_also_while_the_gateway_serves() {
    let (world, dossier) = told(|_| ()).await;
    let layout = world.layout();
    let report = verify(&layout, &[]);
    assert_eq!((&report["good"], &report["records"], &report["messages"]), (&true.into(), &4.into(), &4.into()));
    for (args, count) in [
        (["--code", &*dossier], 3),
        (["--id", "submit-1"], 1),
        (["--member", "h56"], 2),
        (["--from", "2020-01-01"], 4),
        (["--to", "2020-01-01"], 0),
        (["--code", "none"], 0),
    ] {
        let (status, text) = command(&layout, &[&["find", "--json"], &args[..]].concat());
        assert_eq!(text.lines().count(), count, "{args:?}: {text}");
        assert_eq!(status, Some(i32::from(count == 0)));
    }
    let (_, said) = command(&layout, &["find", "--limit", "1"]);
    assert!(said.contains("h56") && said.contains("more than 1 messages"), "{said}");
    let (status, said) = command(&layout, &["prune"]);
    assert_eq!(status, Some(2), "{said}");
    assert!(said.contains("by itself"), "{said}");
    let _dir = world.close().await;
    let report = verify(&layout, &["--trust", &text(&layout.ca())]);
    assert_eq!((&report["checkpoints"], &report["stated"]), (&1.into(), &4.into()), "signed as it stopped: {report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_changed_while_the_gateway_serves_and_are_missed_when_they_are_gone() {
    let (world, _) = told(|layout| add_settings(layout, "[evidence]\ncheckpoint_s = 1")).await;
    let layout = world.layout();
    let (status, said) = command(&layout, &["rotate"]);
    assert_eq!(status, Some(0), "{said}");
    let sealed_by = async || {
        say(&world, message("later", &hostile::lookup(hostile::UNKNOWN))).await;
        let reader = Reader::open(&Address::File(layout.path("lienthong.db"))).await.expect("a store");
        let records = reader.records("gateway", 0, 1000, Part::Whole).await.expect("readable");
        records.last().expect("records").body.ends_with(&[0, 0, 0, 2])
    };
    let taken = async { while !sealed_by().await {} };
    tokio::time::timeout(Duration::from_secs(60), taken).await.expect("the new key is taken");
    let _dir = world.close().await;
    assert_eq!(verify(&layout, &[])["good"], true, "both keys open");
    std::fs::remove_file(layout.path("lienthong.keys")).expect("removed");
    let output = run(&["serve", "--config", &settings(&layout)]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("lienthong.keys") && said.contains("put the file back"),
        "{said}"
    );
    assert_eq!(verify(&layout, &[])["messages"], 0, "the chain is proven without them");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_away_leaves_the_rest_proven() {
    let (world, dossier) = told(|layout| add_settings(layout, "[evidence]\nlevel = 2")).await;
    let layout = world.layout();
    let _dir = world.close().await;
    let (status, said) = command(&layout, &["prune", "--before", "2999-01-01"]);
    assert_eq!(status, Some(2), "{said}");
    assert!(said.contains("repeats"), "{said}");
    let (status, said) = command(&layout, &["prune"]);
    assert!(status == Some(0) && said.contains("0 messages"), "{said}");
    assert_eq!(verify(&layout, &[])["records"], 4);
    let masked = export(&layout, &["--code", &dossier]);
    assert_eq!(verify(&layout, &[&text(&masked)])["good"], true);
    // As the gateway does when their time has come.
    let address = Address::File(layout.path("lienthong.db"));
    let ledger = Ledger::open(&address, "gateway").await.expect("opened");
    let now = Clock::System.now();
    assert_eq!(prune_all(&ledger, UnixMillis(now.0 + 1), now, |_| {}).await.expect("written"), 4);
    drop(ledger);
    let world = world_on(&layout).await;
    let request = post(&world.1, Version::Soap11.content_type(), message("new", &hostile::lookup(&dossier)));
    let identity =
        Identity { ca: layout.ca(), pair: Some((layout.member("h56").certificate, layout.member("h56").key)) };
    send(&identity, Http::One, request).await.expect("answered");
    world.0.stop().await;
    let report = verify(&layout, &["--trust", &text(&layout.ca())]);
    assert_eq!(
        (&report["good"], &report["records"], &report["checkpoints"]),
        (&true.into(), &2.into(), &2.into()),
        "{report}"
    );
}

/// Another gateway on what one left, and its address.
async fn world_on(layout: &Layout) -> (lienthong::app::Running, String) {
    let gateway = start_gateway(layout, &Options::default()).await.expect("the gateway starts");
    let address = format!("https://{}/soap/hoso", gateway.soap);
    (gateway, address)
}
