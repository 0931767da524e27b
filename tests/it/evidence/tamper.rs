//! Whatever is changed in a store or an export is found and named.

use std::path::Path;

use lienthong::crypto::sealed::Keys;
use lienthong::evidence::prove::{Believed, Report};
use lienthong::evidence::{exported, stored};
use lienthong::problem::Problems;
use lienthong::sandbox::layout::Layout;
use lienthong::store::ledger::Address;
use lienthong::store::ledger::reader::Reader;
use rusqlite::Connection;
use tempfile::TempDir;

use super::{add_settings, export, first, message, say, told, verify};
use crate::hostile;

/// The store of a gateway that has stopped, as one file, with records of two checkpoints.
async fn closed() -> (TempDir, Layout) {
    let (world, _) = told(|layout| add_settings(layout, "[evidence]\ncheckpoint_s = 3600")).await;
    let world = world.restart_gateway().await;
    for number in 0..3 {
        say(&world, message(&format!("again-{number}"), &hostile::lookup(hostile::UNKNOWN))).await;
    }
    let layout = world.layout();
    let dir = world.close().await;
    change(&layout, "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE;");
    (dir, layout)
}

fn change(layout: &Layout, sql: &str) {
    let connection = Connection::open(layout.path("lienthong.db")).expect("a database");
    connection.execute_batch(sql).expect("it can be changed");
}

/// The proof of a store file; `None`: it cannot be read at all.
async fn prove(file: &Path, keys: &Keys) -> Option<Report> {
    let reader = Reader::open(&Address::File(file.to_path_buf())).await.ok()?;
    stored::prove(&reader, "gateway", Some(keys), Believed::default(), |_| {}).await.ok()
}

/// All that stands in the tables, so that two stores can be compared by what they mean.
fn content(file: &Path) -> Option<Vec<String>> {
    let connection = Connection::open(file).ok()?;
    let mut rows = Vec::new();
    for table in ["mark", "slot", "chain", "record", "checkpoint"] {
        let mut select = connection.prepare(&format!("SELECT * FROM {table}")).ok()?;
        let columns = select.column_count();
        let read = select.query_map([], |row| {
            (0..columns).map(|column| Ok(format!("{:?}", row.get_ref(column)?))).collect::<rusqlite::Result<Vec<_>>>()
        });
        for row in read.ok()? {
            rows.push(format!("{table} {:?}", row.ok()?));
        }
    }
    Some(rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_in_a_store_is_named_by_its_record() {
    for (sql, finding) in [
        ("UPDATE record SET head = cast(replace(head, 'h56', 'h57') AS BLOB) WHERE seq = 3", "record 3 was changed"),
        ("DELETE FROM record WHERE seq = 6", "record 6 is missing"),
        ("DELETE FROM record WHERE seq >= 9", "record 9 is missing"),
        (
            "CREATE TABLE kept AS SELECT * FROM record; UPDATE record SET (at, link, head, outcome, body) =
             (SELECT at, link, head, outcome, body FROM kept WHERE seq = 9 - record.seq) WHERE seq IN (4, 5)",
            "record 4 has changed places with the record after it",
        ),
        (
            "CREATE TABLE kept AS SELECT * FROM record; UPDATE record SET (at, link, head, outcome, body) =
             (SELECT at, link, head, outcome, body FROM kept WHERE seq = record.seq - 1) WHERE seq > 5;
             UPDATE record SET head = cast(head || 'more: 1' || char(10) AS BLOB) WHERE seq = 5",
            "record 5 was inserted",
        ),
        ("UPDATE record SET at = at + 1 WHERE seq = 7", "record 7 is kept with another time than its head says"),
        ("UPDATE record SET body = (SELECT body FROM record WHERE seq = 1) WHERE seq = 2", "record 2 does not open"),
        ("UPDATE checkpoint SET link = zeroblob(32) WHERE number = 1", "checkpoint 1 says something else"),
        ("DELETE FROM checkpoint WHERE number = 1", "checkpoint 1 is missing"),
        ("UPDATE checkpoint SET signature = zeroblob(70) WHERE number = 2", "checkpoint 2 is not signed"),
        ("UPDATE slot SET until = until + 1", "what repeats are known by"),
        ("UPDATE record SET outcome = NULL", "what repeats are known by"),
    ] {
        let (_dir, layout) = closed().await;
        assert_eq!(verify(&layout, &[])["good"], true);
        change(&layout, sql);
        let report = verify(&layout, &[]);
        assert!(first(&report).starts_with(finding), "{sql}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_computes_all_links_anew_is_found_at_the_checkpoint() {
    use lienthong::crypto::Digest;
    use lienthong::store::ledger::piece::Position;
    let (_dir, layout) = closed().await;
    let connection = Connection::open(layout.path("lienthong.db")).expect("a database");
    connection
        .execute("UPDATE record SET head = cast(replace(head, 'h56', 'h57') AS BLOB) WHERE seq = 5", [])
        .expect("changed");
    let mut position = Position::start("gateway");
    for seq in 1..=10_i64 {
        let head: Vec<u8> = connection
            .query_row("SELECT cast(head AS BLOB) FROM record WHERE seq = ?1", [seq], |row| row.get(0))
            .expect("read");
        position = position.after_digest(Digest::of(&head));
        connection
            .execute(
                "UPDATE record SET link = ?2, head = ?3 WHERE seq = ?1",
                rusqlite::params![seq, position.link.0, head],
            )
            .expect("changed");
    }
    drop(connection);
    let report = verify(&layout, &[]);
    assert!(
        report["findings"].as_array().expect("findings").iter().any(|finding| {
            finding.as_str().is_some_and(|finding| finding.starts_with("records 5 to 10 were changed"))
        }),
        "{report}"
    );
    assert!(first(&report).starts_with("record 5"), "its message does not open beside another head: {report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_flipped_byte_of_a_store_is_found() {
    let (_dir, layout) = closed().await;
    let mut problems = Problems::new();
    let keys = Keys::load(&layout.path("lienthong.keys"), &mut problems).expect("keys");
    let file = layout.path("lienthong.db");
    let whole = std::fs::read(&file).expect("readable");
    let meaning = content(&file).expect("a store");
    assert!(prove(&file, &keys).await.expect("readable").is_good());
    let mut unnamed = Vec::new();
    for at in (0..whole.len()).step_by(37) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x40;
        std::fs::write(&file, &flipped).expect("written");
        let is_found = prove(&file, &keys).await.is_none_or(|report| !report.is_good());
        // Bytes that SQLite does not use mean nothing.
        if !is_found && content(&file).as_ref() != Some(&meaning) {
            unnamed.push(at);
        }
    }
    assert!(unnamed.is_empty(), "changed and not found at {unnamed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_flipped_byte_of_an_export_is_found_and_what_is_cut_off_too() {
    let (_dir, layout) = closed().await;
    let archive = std::fs::read(export(&layout, &["--whole"])).expect("readable");
    let prove = |bytes: &[u8]| exported::prove(bytes, Believed::default(), |_| {});
    let report = prove(&archive);
    assert!(report.is_good() && report.records == 10 && report.messages == 10, "{report:?}");
    for at in (0..archive.len()).step_by(13) {
        let mut flipped = archive.clone();
        flipped[at] ^= 1;
        assert!(!prove(&flipped).is_good(), "byte {at} is flipped and not found");
    }
    for at in (0..archive.len()).step_by(509) {
        assert!(!prove(&archive[..at]).is_good(), "cut off at {at} and not found");
    }
}
