//! What cannot be kept is refused, and goes on when it can; what was touched is not built on.

use std::process::Command;
use std::time::Duration;

use lienthong::sandbox::samples::Sample;
use lienthong::soap::version::Version;
use rusqlite::Connection;

use super::{message, settings, told};
use crate::client::{Answer, Http, Identity, post, send};
use crate::command::{Serve, lienthong, run};
use crate::hostile;
use crate::upstream::{Manner, Upstream};
use crate::world::{World, element, prepared};

/// A gateway in a process of its own, which the kernel lets write no more when it is told so.
struct Limited {
    process: Serve,
    layout: lienthong::sandbox::layout::Layout,
    upstream: Upstream,
    _dir: tempfile::TempDir,
}

impl Limited {
    async fn start() -> Self {
        let (dir, layout) = prepared();
        let upstream = Upstream::start(&layout, Manner::Refuse(9, "không được")).await;
        let file = layout.path("lienthong.toml");
        lienthong::sandbox::settings::set_port(&file, "address", upstream.address.port()).expect("changed");
        // Past the limit a write is an error, and no signal.
        let command = lienthong();
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(command.get_program());
        Self { process: Serve::start_by(shell, &file), layout, upstream, _dir: dir }
    }

    /// No file may grow beyond so many bytes.
    fn limit(&self, bytes: &str) {
        let process = format!("--pid={}", self.process.id());
        let status = Command::new("prlimit")
            .arg(process)
            .arg(format!("--fsize={bytes}:unlimited"))
            .status()
            .expect("prlimit is part of util-linux");
        assert!(status.success());
    }

    async fn say(&self, message: Vec<u8>) -> Answer {
        let pair = self.layout.member("h56");
        let identity = Identity { ca: self.layout.ca(), pair: Some((pair.certificate, pair.key)) };
        let url = format!("https://{}/soap/hoso", self.process.soap);
        let request = post(&url, Version::Soap11.content_type(), message);
        send(&identity, Http::One, request).await.expect("the gateway answers")
    }
}

fn code(answer: &Answer) -> Option<String> {
    element(&answer.text(), "Code")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_everything_and_nothing_reaches_the_service_until_there_is_room() {
    let gateway = Limited::start().await;
    let body = Sample::named("RutHoSo").expect("there is such a sample").template().to_owned();
    let body = body.replace("{dossier}", hostile::UNKNOWN);
    let submit = |id: &str| message(id, &body);
    gateway.limit("1");
    for number in 0..5 {
        let answer = gateway.say(submit(&format!("full-{number}"))).await;
        assert_eq!(code(&answer).as_deref(), Some("unavailable"), "{}", answer.text());
        let answer = gateway.say(message("q", &hostile::lookup(hostile::UNKNOWN))).await;
        assert_eq!(
            code(&answer).as_deref(),
            Some("unavailable"),
            "a question's answer cannot be kept: {}",
            answer.text()
        );
    }
    gateway.limit("unlimited");
    let answer = gateway.say(message("q", &hostile::lookup(hostile::UNKNOWN))).await;
    assert_ne!(code(&answer).as_deref(), Some("unavailable"), "by itself: {}", answer.text());
    let calls = gateway.upstream.calls().len();
    let answer = gateway.say(submit("full-0")).await;
    assert_ne!(code(&answer).as_deref(), Some("unavailable"), "{}", answer.text());
    assert_eq!(gateway.upstream.calls().len(), calls + 1, "nothing had reached it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_gone_is_missed_and_not_made_anew() {
    let world = World::start().await;
    let layout = world.layout();
    let (file, away) = (layout.path("lienthong.db"), layout.path("away.db"));
    let ask = async || {
        let request =
            post(&world.soap(), Version::Soap11.content_type(), message("q", &hostile::lookup(hostile::UNKNOWN)));
        send(&world.member("h56"), Http::One, request).await.expect("answered")
    };
    assert_eq!(ask().await.status, 200);
    std::fs::rename(&file, &away).expect("moved");
    assert_eq!(code(&ask().await).as_deref(), Some("unavailable"));
    assert!(!file.exists());
    std::fs::rename(&away, &file).expect("moved back");
    assert_eq!(ask().await.status, 200, "by itself");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_touched_or_is_too_short_is_not_built_on() {
    for (sql, said) in [
        ("UPDATE record SET head = cast(replace(head, 'h56', 'h57') AS BLOB) WHERE seq = 3", "broken at record 3"),
        ("DELETE FROM record WHERE seq = 2", "broken at record 2"),
        ("DELETE FROM checkpoint; DELETE FROM record WHERE seq > 2", "had come to 4"),
    ] {
        let (world, _) = told(|_| ()).await;
        let layout = world.layout();
        let _dir = world.close().await;
        Connection::open(layout.path("lienthong.db")).and_then(|store| store.execute_batch(sql)).expect("changed");
        let output = run(&["serve", "--config", &settings(&layout)]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains(said), "{sql}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_whose_record_is_touched_while_it_serves_stops_and_says_where() {
    let gateway = Limited::start().await;
    let ask = || message("q", &hostile::lookup(hostile::UNKNOWN));
    gateway.say(ask()).await;
    let store = Connection::open(gateway.layout.path("lienthong.db")).expect("opened");
    store.execute_batch("BEGIN EXCLUSIVE; UPDATE record SET link = zeroblob(32) WHERE seq = 2").expect("changed");
    assert_eq!(code(&gateway.say(ask()).await).as_deref(), Some("unavailable"));
    store.execute_batch("COMMIT").expect("let go");
    let pair = gateway.layout.member("h56");
    let identity = Identity { ca: gateway.layout.ca(), pair: Some((pair.certificate, pair.key)) };
    let url = format!("https://{}/soap/hoso", gateway.process.soap);
    let request = post(&url, Version::Soap11.content_type(), ask());
    // Refused, or the process is gone already.
    if let Ok(answer) = send(&identity, Http::One, request).await {
        assert_eq!(code(&answer).as_deref(), Some("unavailable"), "{}", answer.text());
    }
    let ended = async {
        while !gateway.process.said().contains("broken at record 2") {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(Duration::from_secs(60), ended).await.expect("it stops and names the place");
}
