//! Several gateways on one PostgreSQL database, and what happens to them when it goes away.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::server::{Listen, PASSWORD, Server};
use super::{ONE, Place, TWO, address, append, ask, at, fill, mark, record, stored};
use crate::crypto::Digest;
use crate::store::error::Error;
use crate::store::ledger::piece::{Ask, Mark, Piece, Position, Slot, Told};
use crate::store::ledger::postgres::Postgres;
use crate::store::ledger::writer::Backend;
use crate::store::ledger::{Address, Ledger, Migrated, migrate};
use crate::store::postgres::address as urls;

/// A database of the shared server: where it is, and its name there.
async fn place() -> Option<(&'static Server, String, Address)> {
    let server = Server::shared()?;
    let name = server.database();
    let address = address(&server.url(&name));
    migrate(&address).await.expect("migrated");
    Some((server, name, address))
}

/// Ends all sessions of gateways with a database.
fn cut_off(server: &Server, database: &str) {
    let sessions = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'lienthong'";
    server.sql(database, &format!("{sessions} AND datname = '{database}'"));
}

/// That the records are those, each following from the one before it.
async fn check_chain(ledger: &Ledger, texts: &[&str]) {
    let mut position = Position::start(ledger.chain());
    let stored = stored(ledger).await;
    assert_eq!(stored.iter().map(|stored| String::from_utf8_lossy(&stored.head)).collect::<Vec<_>>(), texts);
    for stored in stored {
        position = position.after(&stored.head);
        assert_eq!((stored.seq, stored.link), (position.seq, position.link));
    }
}

fn backend_address(address: &Address) -> urls::Server {
    let Address::Postgres(server) = address else { panic!("a server") };
    server.clone()
}

#[tokio::test]
async fn what_one_gateway_has_marked_and_filled_another_is_told() {
    let Some(place) = Place::server().await else { return };
    let (a, b) = (place.open_as("a").await, place.open_as("b").await);
    assert!(mark(&a, ONE, 100, 0).await);
    assert!(!mark(&b, ONE, 100, 0).await);
    assert_eq!(ask(&a, ONE, ONE, 0).await, Slot::Open);
    assert_eq!(ask(&b, ONE, TWO, 0).await, Slot::Taken);
    fill(&a, ONE, "outcome of a").await;
    assert_eq!(ask(&b, ONE, ONE, 0).await, Slot::Filled(b"outcome of a".to_vec()));
    append(&b, &["of b"]).await;
    check_chain(&a, &["outcome of a"]).await;
    check_chain(&b, &["of b"]).await;
    assert_eq!(a.reader().await.expect("readable").chains().await.expect("readable"), ["a", "b"]);
}

#[tokio::test]
async fn a_slot_is_held_until_its_holder_must_be_dead() {
    let Some(place) = Place::server().await else { return };
    let (a, b) = (place.open_as("a").await, place.open_as("b").await);
    assert_eq!(ask(&a, ONE, ONE, 0).await, Slot::Open, "held until 10");
    assert_eq!(ask(&b, ONE, ONE, 10).await, Slot::Held);
    drop(a);
    let a = place.open_as("a").await;
    assert_eq!(ask(&a, ONE, ONE, 5).await, Slot::Open, "its own, of a process that is dead; held until 15");
    assert_eq!(ask(&b, ONE, ONE, 15).await, Slot::Held);
    assert_eq!(ask(&b, ONE, ONE, 16).await, Slot::Open, "held until 26");
    assert_eq!(ask(&a, ONE, ONE, 26).await, Slot::Held);
    fill(&b, ONE, "of b").await;
    fill(&a, ONE, "of a, too late").await;
    assert_eq!(ask(&a, ONE, ONE, 30).await, Slot::Filled(b"of b".to_vec()));
}

#[tokio::test]
async fn of_gateways_that_ask_at_the_same_moment_one_is_told_to_work() {
    let Some(place) = Place::server().await else { return };
    let mut gateways = Vec::new();
    for name in ["a", "b", "c"] {
        gateways.push(place.open_as(name).await);
    }
    for round in 0..30_u8 {
        let key = Digest([round; 32]);
        let asks = gateways
            .iter()
            .map(|gateway| (gateway.clone(), gateway.clone()))
            .map(|(gateway, other)| async move { tokio::join!(ask(&gateway, key, key, 0), mark(&other, key, 100, 0)) });
        let told = tokio::task::JoinSet::from_iter(asks).join_all().await;
        let slots = |wanted| told.iter().filter(|(slot, _)| *slot == wanted).count();
        assert_eq!((slots(Slot::Open), slots(Slot::Held)), (1, 2));
        assert_eq!(told.iter().filter(|(_, is_first)| *is_first).count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gateways_that_wait_for_each_other_both_get_on() {
    let Some((server, name, address)) = place().await else { return };
    server.sql(&name, &format!("ALTER DATABASE {name} SET deadlock_timeout = '10ms'"));
    let mark = |key| Piece { mark: Some(Mark { key, until: at(100) }), ..Piece::default() };
    let ask = |key| {
        let ask = Ask { key, content: key, until: at(100), held_until: at(100) };
        Piece { slot: Some(ask), records: [record("a")].into_iter().collect(), ..Piece::default() }
    };
    let mut a = Postgres::open(&backend_address(&address), "a").await.expect("opened");
    let mut b = Postgres::open(&backend_address(&address), "b").await.expect("opened");
    for round in 0..20_u8 {
        let [one, two] = [[2 * round; 32], [2 * round + 1; 32]].map(Digest);
        // Marks in the opposite order; and slots, of which one that comes again makes a batch of its own, so that each
        // gateway holds what the other wants next.
        let group = |one, two| [mark(one), mark(one), mark(two), ask(one), ask(one), ask(two)];
        let (of_a, of_b) = (group(one, two), group(two, one));
        let (of_a, of_b) = tokio::join!(a.commit(&of_a), b.commit(&of_b));
        let (of_a, of_b) = (of_a.expect("committed"), of_b.expect("committed"));
        let firsts = |told: &[Told]| told[..3].iter().map(|told| told.is_first).collect::<Vec<_>>();
        let slots = |told: &[Told]| told[3..].iter().filter_map(|told| told.slot.clone()).collect::<Vec<_>>();
        let (marked, not_marked) = (vec![true, false, true], vec![false; 3]);
        let (opened, held) = (vec![Slot::Open; 3], vec![Slot::Held; 3]);
        assert!([(&marked, &not_marked), (&not_marked, &marked)].contains(&(&firsts(&of_a), &firsts(&of_b))));
        assert!([(&opened, &held), (&held, &opened)].contains(&(&slots(&of_a), &slots(&of_b))));
        // The same without marks, which put the groups in an order: here they do wait for each other.
        let [one, two] = [[100 + 2 * round; 32], [101 + 2 * round; 32]].map(Digest);
        let group = |one, two| [ask(one), ask(one), ask(two)];
        let (of_a, of_b) = (group(one, two), group(two, one));
        let (of_a, of_b) = tokio::join!(a.commit(&of_a), b.commit(&of_b));
        let (of_a, of_b) = (of_a.expect("committed"), of_b.expect("committed"));
        let opened = |told: &[Told]| told.iter().filter(|told| told.slot == Some(Slot::Open)).count();
        assert_eq!((opened(&of_a) + opened(&of_b)), 3, "{of_a:?} {of_b:?}");
    }
    // Counted when the sessions have ended.
    cut_off(server, &name);
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    eprintln!("{} deadlocks", server.sql(&name, deadlocks).trim());
}

#[tokio::test]
async fn a_session_that_is_ended_is_opened_again_and_nothing_is_doubled() {
    let Some((server, name, address)) = place().await else { return };
    let ledger = Ledger::open(&address, "gateway").await.expect("opened");
    append(&ledger, &["a"]).await;
    cut_off(server, &name);
    let piece = Piece { records: [record("b")].into_iter().collect(), ..Piece::default() };
    // An error where the writer had not noticed before it began.
    let texts: &[&str] = if ledger.commit(piece).await.is_ok() { &["a", "b", "c"] } else { &["a", "c"] };
    append(&ledger, &["c"]).await;
    check_chain(&ledger, texts).await;
    assert!(matches!(Ledger::open(&address, "gateway").await, Err(Error::InUse { .. })), "the lock is held again");
}

#[tokio::test]
async fn under_fire_what_was_acknowledged_is_there_once() {
    let Some((server, name, address)) = place().await else { return };
    let ledger = Ledger::open(&address, "gateway").await.expect("opened");
    let writers = (0..8).map(|writer| {
        let ledger = ledger.clone();
        async move {
            let mut kept = Vec::new();
            for number in 0..100 {
                let text = format!("{writer}.{number}");
                let piece = Piece { records: [record(&text)].into_iter().collect(), ..Piece::default() };
                if ledger.commit(piece).await.is_ok() {
                    kept.push(text);
                }
            }
            kept
        }
    });
    let mut writers = tokio::task::JoinSet::from_iter(writers);
    let mut kept = Vec::new();
    let is_done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let shooting = {
        let (is_done, name) = (is_done.clone(), name.clone());
        tokio::task::spawn_blocking(move || {
            while !is_done.load(std::sync::atomic::Ordering::Relaxed) {
                cut_off(server, &name);
            }
        })
    };
    while let Some(texts) = writers.join_next().await {
        kept.extend(texts.expect("no panic"));
    }
    is_done.store(true, std::sync::atomic::Ordering::Relaxed);
    shooting.await.expect("no panic");
    // The last shot may have hit: it is opened again by the next who asks.
    let _ = ledger.commit(Piece::default()).await;
    let heads: Vec<String> =
        stored(&ledger).await.iter().map(|stored| String::from_utf8_lossy(&stored.head).into_owned()).collect();
    check_chain(&ledger, &heads.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for text in &kept {
        assert_eq!(heads.iter().filter(|head| *head == text).count(), 1, "{text}");
    }
}

#[tokio::test]
async fn a_commit_that_was_given_up_does_not_happen_later() {
    let Some((server, name, address)) = place().await else { return };
    let mut backend = Postgres::open(&backend_address(&address), "gateway").await.expect("opened");
    let group = |text: &str, fill: Option<Digest>| {
        vec![Piece { records: [record(text)].into_iter().collect(), fill, ..Piece::default() }]
    };
    let ask = Ask { key: ONE, content: ONE, until: at(100), held_until: at(100) };
    let opened = Piece { slot: Some(ask), ..Piece::default() };
    backend.commit(&[opened]).await.expect("written");
    backend.commit(&group("a", None)).await.expect("written");
    let (blocker, connection) =
        tokio_postgres::connect(&server.url(&name), tokio_postgres::NoTls).await.expect("connected");
    let driver = tokio::spawn(connection);
    blocker.batch_execute("BEGIN; SELECT FROM slot FOR UPDATE").await.expect("locked");
    let fills = group("given up", Some(ONE));
    let hanging = tokio::time::timeout(Duration::from_millis(200), backend.commit(&fills)).await;
    assert!(hanging.is_err(), "it waits for the slot, and its COMMIT is on the way behind that");
    backend.reopen().await.expect("opened again");
    drop(blocker);
    driver.await.expect("no panic").expect("closed");
    backend.commit(&group("b", None)).await.expect("written");
    drop(backend);
    check_chain(&Ledger::open(&address, "gateway").await.expect("opened"), &["a", "b"]).await;
}

#[tokio::test]
async fn while_the_server_is_away_everybody_is_refused_and_then_served_again() {
    let Some(server) = Server::start(Listen::Socket) else { return };
    let address = address(&server.url(&server.database()));
    migrate(&address).await.expect("migrated");
    let ledger = Ledger::open(&address, "gateway").await.expect("opened");
    append(&ledger, &["a"]).await;
    server.stop();
    for _ in 0..3 {
        assert!(ledger.commit(Piece::default()).await.is_err());
    }
    assert!(matches!(ledger.reader().await, Err(Error::Unreached { .. })));
    assert!(matches!(Ledger::open(&address, "other").await, Err(Error::Unreached { .. })));
    server.start_again();
    append(&ledger, &["b"]).await;
    check_chain(&ledger, &["a", "b"]).await;
}

#[tokio::test]
async fn a_chain_that_does_not_go_on_where_it_ended_is_broken() {
    let Some((server, name, address)) = place().await else { return };
    let ledger = Ledger::open(&address, "gateway").await.expect("opened");
    append(&ledger, &["a", "b"]).await;
    server.sql(&name, "DELETE FROM record WHERE seq = 2");
    cut_off(server, &name);
    assert!(ledger.commit(Piece::default()).await.is_err());
    assert!(matches!(ledger.commit(Piece::default()).await, Err(Error::Broken { seq: 2, .. })));
    assert!(matches!(ledger.broken().await, Error::Broken { .. }));
    drop(ledger);
    server.sql(&name, "UPDATE record SET head = 'x'");
    assert!(matches!(Ledger::open(&address, "gateway").await, Err(Error::Broken { seq: 1, .. })));
}

#[tokio::test]
async fn tables_are_made_by_the_command_alone() {
    let Some(server) = Server::shared() else { return };
    let name = server.database();
    let address = address(&server.url(&name));
    let refused = async || Ledger::open(&address, "gateway").await.expect_err("refused");
    assert!(refused().await.to_string().ends_with("has no tables yet: run lienthong store migrate"));
    server.sql(&name, "CREATE TABLE record (id int)");
    assert!(matches!(refused().await, Error::Foreign { .. }));
    assert!(matches!(migrate(&address).await, Err(Error::Foreign { .. })));
    server.sql(&name, "DROP TABLE record");
    assert_eq!(migrate(&address).await.expect("migrated"), Migrated::FromTo(0, 1));
    assert_eq!(migrate(&address).await.expect("migrated"), Migrated::FromTo(1, 1));
    drop(Ledger::open(&address, "gateway").await.expect("opened"));
    server.sql(&name, "UPDATE lienthong_schema SET version = 2");
    assert!(matches!(refused().await, Error::Newer { found: 2, known: 1, .. }));
    assert!(matches!(migrate(&address).await, Err(Error::Newer { .. })));
}

#[tokio::test]
async fn a_server_is_proven_by_its_certificate_and_we_by_the_password() {
    let Some(server) = Server::start(Listen::Tls) else { return };
    let url = server.tls_url(&server.database());
    let at = |url: &str, password: &str| {
        Address::Postgres(urls::Server::parse(url, Path::new("/"), Some(password.as_bytes())).expect("a URL"))
    };
    let address = at(&url, PASSWORD);
    migrate(&address).await.expect("migrated");
    let ledger = Ledger::open(&address, "gateway").await.expect("opened");
    append(&ledger, &["a"]).await;
    check_chain(&ledger, &["a"]).await;
    let encrypted = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                     WHERE application_name = 'lienthong' AND NOT ssl";
    assert_eq!(server.sql("postgres", encrypted).trim(), "0");
    let other = tempfile::NamedTempFile::new().expect("a file");
    let stranger = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    std::fs::write(other.path(), stranger.cert.pem()).expect("written");
    let (before, _) = url.split_once("sslrootcert=").expect("it names one");
    for (address, cause) in [
        (at(&url, "wrong"), "password authentication failed"),
        (at(&url.replace("localhost", "127.0.0.1"), PASSWORD), "not valid for name"),
        (at(&format!("{before}sslrootcert={}", other.path().display()), PASSWORD), "invalid peer certificate"),
    ] {
        let refused = Ledger::open(&address, "other").await.expect_err("refused").chain();
        assert!(refused.contains(cause), "{refused}");
    }
}

#[tokio::test]
async fn what_is_past_its_time_is_forgotten() {
    let Some((server, name, address)) = place().await else { return };
    let ledger = Ledger::open(&address, "gateway").await.expect("opened");
    for number in 0..5 {
        mark(&ledger, Digest([number; 32]), 100, 0).await;
        let ask = Ask { key: Digest([number; 32]), content: ONE, until: at(100), held_until: at(9) };
        ledger.commit(Piece { slot: Some(ask), ..Piece::default() }).await.expect("written");
    }
    ledger.commit(Piece { at: at(5000), ..Piece::default() }).await.expect("written");
    assert_eq!(server.sql(&name, "SELECT (SELECT count(*) FROM mark), (SELECT count(*) FROM slot)").trim(), "0|0");
}
