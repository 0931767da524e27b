//! How a ledger behaves, whatever database keeps it.

use super::piece::{Ask, Checkpoint, Mark, Piece, Position, Prune, Record, Slot};
use super::reader::{Part, Stored};
use super::{Address, Ledger};
use crate::clock::UnixMillis;
use crate::crypto::Digest;
use crate::store::error::Error;

const ONE: Digest = Digest([1; 32]);
const TWO: Digest = Digest([2; 32]);

/// A database that is there for one test.
struct Place {
    address: Address,
    _folder: tempfile::TempDir,
}

impl Place {
    fn file() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { address: Address::File(folder.path().join("ledger.db")), _folder: folder }
    }

    async fn open(&self) -> Ledger {
        Ledger::open(&self.address, "gateway").await.expect("opened")
    }
}

fn at(ms: i64) -> UnixMillis {
    UnixMillis(ms)
}

fn record(text: &str) -> Record {
    Record { head: text.as_bytes().to_vec(), body: b"sealed".to_vec(), outcome: None, at: at(7) }
}

async fn mark(ledger: &Ledger, key: Digest, until: i64, now: i64) -> bool {
    let piece = Piece { at: at(now), mark: Some(Mark { key, until: at(until) }), ..Piece::default() };
    ledger.commit(piece).await.expect("written").is_first
}

async fn ask(ledger: &Ledger, key: Digest, content: Digest, now: i64) -> Slot {
    let ask = Ask { key, content, until: at(100), held_until: at(now + 10) };
    let told = ledger.commit(Piece { at: at(now), slot: Some(ask), ..Piece::default() }).await.expect("written");
    told.slot.expect("asked for")
}

async fn fill(ledger: &Ledger, key: Digest, outcome: &str) {
    let record = Record { outcome: Some(outcome.as_bytes().to_vec()), ..record(outcome) };
    let piece = Piece { at: at(0), records: [record].into_iter().collect(), fill: Some(key), ..Piece::default() };
    ledger.commit(piece).await.expect("written");
}

async fn append(ledger: &Ledger, texts: &[&str]) {
    let piece = Piece { records: texts.iter().map(|text| record(text)).collect(), ..Piece::default() };
    ledger.commit(piece).await.expect("written");
}

async fn stored(ledger: &Ledger) -> Vec<Stored> {
    let reader = ledger.reader().await.expect("readable");
    reader.records(ledger.chain(), 0, 1000, Part::Whole).await.expect("readable")
}

#[tokio::test]
async fn a_mark_counts_once_until_it_is_past_its_time_and_across_restarts() {
    let place = Place::file();
    let ledger = place.open().await;
    assert!(mark(&ledger, ONE, 100, 0).await);
    assert!(mark(&ledger, TWO, 100, 0).await);
    drop(ledger);
    let ledger = place.open().await;
    assert!(!mark(&ledger, ONE, 100, 100).await, "set before the restart");
    assert!(mark(&ledger, ONE, 300, 101).await, "its time is over");
    assert!(!mark(&ledger, ONE, 300, 102).await);
}

#[tokio::test]
async fn a_slot_is_filled_once_and_is_for_one_thing() {
    let place = Place::file();
    let ledger = place.open().await;
    assert_eq!(ask(&ledger, ONE, ONE, 0).await, Slot::Open);
    assert_eq!(ask(&ledger, ONE, ONE, 20).await, Slot::Open, "nobody has filled it");
    assert_eq!(ask(&ledger, ONE, TWO, 0).await, Slot::Taken);
    fill(&ledger, ONE, "first").await;
    fill(&ledger, ONE, "second").await;
    drop(ledger);
    let ledger = place.open().await;
    assert_eq!(ask(&ledger, ONE, ONE, 100).await, Slot::Filled(b"first".to_vec()));
    assert_eq!(ask(&ledger, ONE, TWO, 100).await, Slot::Taken);
    assert_eq!(ask(&ledger, ONE, TWO, 101).await, Slot::Open, "its time is over");
}

#[tokio::test]
async fn a_mark_that_was_set_stops_all_of_its_piece_but_the_records() {
    let place = Place::file();
    let ledger = place.open().await;
    assert!(mark(&ledger, ONE, 100, 0).await);
    let piece = Piece {
        mark: Some(Mark { key: ONE, until: at(100) }),
        slot: Some(Ask { key: TWO, content: TWO, until: at(100), held_until: at(0) }),
        records: [record("replayed")].into_iter().collect(),
        ..Piece::default()
    };
    let told = ledger.commit(piece).await.expect("written");
    assert_eq!((told.is_first, told.slot), (false, None));
    assert_eq!(stored(&ledger).await.len(), 1);
    assert_eq!(ask(&ledger, TWO, ONE, 0).await, Slot::Open);
}

#[tokio::test]
async fn records_follow_from_each_other_in_the_order_of_their_commits() {
    let place = Place::file();
    let ledger = place.open().await;
    append(&ledger, &["a", "b"]).await;
    append(&ledger, &["c"]).await;
    drop(ledger);
    let ledger = place.open().await;
    append(&ledger, &["d"]).await;
    let mut position = Position::start("gateway");
    for (stored, text) in stored(&ledger).await.iter().zip(["a", "b", "c", "d"]) {
        position = position.after(text.as_bytes());
        assert_eq!((stored.seq, stored.link, &*stored.head), (position.seq, position.link, text.as_bytes()));
        assert_eq!((&*stored.body, stored.at), (&b"sealed"[..], at(7)));
    }
    assert_eq!(position.seq, 4);
}

#[tokio::test]
async fn records_are_taken_away_as_far_as_checkpoints_state_them_and_the_chain_goes_on() {
    let place = Place::file();
    let ledger = place.open().await;
    append(&ledger, &["a", "b", "c"]).await;
    let pruned = async |ledger: &Ledger, last| {
        let piece = Piece { prune: Some(Prune { last }), ..Piece::default() };
        ledger.commit(piece).await.expect("written").pruned
    };
    assert_eq!(pruned(&ledger, 9).await, 0, "nothing is stated yet");
    let told = ledger.commit(Piece { cut: Some(0), ..Piece::default() }).await.expect("written");
    let cut = told.cut.expect("asked for");
    let checkpoint = Checkpoint { number: 1, last: cut.end.seq, link: cut.end.link, ..Checkpoint::default() };
    ledger.commit(Piece { checkpoint: Some(checkpoint), ..Piece::default() }).await.expect("written");
    append(&ledger, &["d"]).await;
    assert_eq!(pruned(&ledger, 2).await, 2);
    drop(ledger);
    let ledger = place.open().await;
    append(&ledger, &["e"]).await;
    assert_eq!(pruned(&ledger, 9).await, 1);
    assert_eq!(pruned(&ledger, 9).await, 0, "not stated");
    drop(ledger);
    let ledger = place.open().await;
    let start = ledger.reader().await.expect("readable").start("gateway").await.expect("readable");
    assert_eq!(start, cut.end);
    let seqs: Vec<u64> = stored(&ledger).await.iter().map(|stored| stored.seq).collect();
    assert_eq!(seqs, [4, 5]);
}

#[tokio::test]
async fn a_chain_has_one_writer_and_a_file_one_chain() {
    let place = Place::file();
    let ledger = place.open().await;
    assert!(matches!(Ledger::open(&place.address, "gateway").await, Err(Error::InUse { .. })));
    drop(ledger);
    assert!(matches!(Ledger::open(&place.address, "other").await, Err(Error::OtherChain { .. })));
}
