//! How a ledger behaves, whatever database keeps it.

mod gateways;
mod same;
#[path = "../../../../tests/postgres/mod.rs"]
mod server;
mod speed;

use std::path::Path;

use self::server::Server;
use super::piece::{Ask, Checkpoint, Mark, Piece, Position, Prune, Record, Slot, Stamp};
use super::reader::{KeptSlot, Part, Stored};
use super::{Address, Ledger, migrate};
use crate::clock::UnixMillis;
use crate::crypto::{Digest, merkle};
use crate::store::error::Error;
use crate::store::postgres::address;

const ONE: Digest = Digest([1; 32]);
const TWO: Digest = Digest([2; 32]);

/// A database that is there for one test.
struct Place {
    address: Address,
    _folder: Option<tempfile::TempDir>,
}

impl Place {
    fn file() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { address: Address::File(folder.path().join("ledger.db")), _folder: Some(folder) }
    }

    /// `None`, said aloud, where there is no server.
    async fn server() -> Option<Self> {
        let server = Server::shared()?;
        let address = address(&server.url(&server.database()));
        migrate(&address).await.expect("migrated");
        Some(Self { address, _folder: None })
    }

    async fn open(&self) -> Ledger {
        self.open_as("gateway").await
    }

    async fn open_as(&self, chain: &str) -> Ledger {
        Ledger::open(&self.address, chain).await.expect("opened")
    }
}

fn address(url: &str) -> Address {
    Address::Postgres(address::Server::parse(url, Path::new("/"), None).expect("a URL"))
}

/// Tests of both.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::Place::file()).await;
            })*
        }
        mod postgresql {
            $(#[tokio::test]
            async fn $name() {
                if let Some(place) = super::Place::server().await {
                    super::$name(place).await;
                }
            })*
        }
    };
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

async fn a_mark_counts_once_until_it_is_past_its_time_and_across_restarts(place: Place) {
    let ledger = place.open().await;
    assert!(mark(&ledger, ONE, 100, 0).await);
    assert!(mark(&ledger, TWO, 100, 0).await);
    drop(ledger);
    let ledger = place.open().await;
    assert!(!mark(&ledger, ONE, 100, 100).await, "set before the restart");
    assert!(mark(&ledger, ONE, 300, 101).await, "its time is over");
    assert!(!mark(&ledger, ONE, 300, 102).await);
}

async fn a_slot_is_filled_once_and_is_for_one_thing(place: Place) {
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

async fn a_mark_that_was_set_stops_all_of_its_piece_but_the_records(place: Place) {
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

async fn records_follow_from_each_other_in_the_order_of_their_commits(place: Place) {
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

async fn records_are_taken_away_as_far_as_checkpoints_state_them_and_the_chain_goes_on(place: Place) {
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

async fn a_chain_has_one_writer(place: Place) {
    let ledger = place.open().await;
    assert!(matches!(Ledger::open(&place.address, "gateway").await, Err(Error::InUse { .. })));
    drop(ledger);
    place.open().await;
}

#[tokio::test]
async fn a_file_has_one_chain() {
    let place = Place::file();
    drop(place.open().await);
    assert!(matches!(Ledger::open(&place.address, "other").await, Err(Error::OtherChain { .. })));
}

async fn a_stretch_is_cut_signed_stamped_and_taken_away(place: Place) {
    let ledger = place.open().await;
    append(&ledger, &["a", "b", "c"]).await;
    let cut = async |after| {
        ledger.commit(Piece { cut: Some(after), ..Piece::default() }).await.expect("cut").cut.expect("asked for")
    };
    let root = |texts: &[&str]| merkle::root(texts.iter().map(|text| Digest::of(text.as_bytes())));
    let first = cut(0).await;
    assert_eq!((first.end.seq, first.root), (3, root(&["a", "b", "c"])), "of what is stored");
    append(&ledger, &["d"]).await;
    assert_eq!(cut(3).await.root, root(&["d"]), "of what came since");
    assert_eq!(cut(1).await.root, root(&["b", "c", "d"]), "of what is stored, again");
    let checkpoint = Checkpoint {
        number: 1,
        last: 3,
        link: first.end.link,
        text: b"text".to_vec(),
        signature: b"signature".to_vec(),
        certificates: b"certificates".to_vec(),
        stamp: Vec::new(),
        at: at(8),
    };
    let piece = Piece { checkpoint: Some(checkpoint.clone()), ..Piece::default() };
    ledger.commit(piece).await.expect("written");
    let reader = ledger.reader().await.expect("readable");
    for bytes in ["first", "second"] {
        let stamp = Stamp { number: 1, bytes: bytes.as_bytes().to_vec() };
        ledger.commit(Piece { stamp: Some(stamp), ..Piece::default() }).await.expect("written");
    }
    let stamped = Checkpoint { stamp: b"first".to_vec(), ..checkpoint };
    assert_eq!(reader.last_checkpoint("gateway").await.expect("readable"), Some(stamped.clone()));
    assert_eq!(reader.checkpoints("gateway", 0, 9).await.expect("readable"), [stamped]);
    assert_eq!(reader.older_than("gateway", at(7), 9).await.expect("readable"), [0; 0]);
    assert_eq!(reader.older_than("gateway", at(8), 3).await.expect("readable"), [1, 2, 3]);
    for (last, pruned) in [(2, 2), (4, 1), (4, 0)] {
        let piece = Piece { prune: Some(Prune { last }), ..Piece::default() };
        assert_eq!(ledger.commit(piece).await.expect("pruned").pruned, pruned, "up to the checkpoint and no further");
    }
    drop(ledger);
    let ledger = place.open().await;
    append(&ledger, &["e"]).await;
    let left: Vec<u64> = stored(&ledger).await.iter().map(|stored| stored.seq).collect();
    assert_eq!(left, [4, 5]);
    assert_eq!(ledger.reader().await.expect("readable").chains().await.expect("readable"), ["gateway"]);
}

async fn a_slot_whose_record_was_taken_away_is_still_filled(place: Place) {
    let ledger = place.open().await;
    assert_eq!(ask(&ledger, ONE, ONE, 0).await, Slot::Open);
    fill(&ledger, ONE, "outcome").await;
    let end = Position::start("gateway").after(b"outcome");
    let checkpoint = Checkpoint { number: 1, last: 1, link: end.link, ..Checkpoint::default() };
    let piece = Piece { checkpoint: Some(checkpoint), prune: Some(Prune { last: 1 }), ..Piece::default() };
    assert_eq!(ledger.commit(piece).await.expect("written").pruned, 1);
    assert_eq!(ask(&ledger, ONE, ONE, 1).await, Slot::Filled(Vec::new()));
    assert_eq!(ask(&ledger, ONE, TWO, 1).await, Slot::Taken);
}

async fn what_is_kept_is_told_to_be_whole(place: Place) {
    let ledger = place.open().await;
    assert!(mark(&ledger, ONE, 100, 0).await);
    assert!(mark(&ledger, ONE, 200, 101).await);
    for key in [ONE, TWO] {
        assert_eq!(ask(&ledger, key, ONE, 0).await, Slot::Open);
        assert_eq!(ask(&ledger, key, ONE, 1).await, Slot::Open);
    }
    fill(&ledger, TWO, "outcome").await;
    let reader = ledger.reader().await.expect("readable");
    assert_eq!(reader.marks(Digest::default(), 9).await.expect("readable"), [(ONE, true)]);
    let slot = |key, record: Option<i64>| KeptSlot {
        key,
        until: at(100),
        is_whole: true,
        record,
        outcome: record.map(|_| b"outcome".to_vec()),
    };
    assert_eq!(reader.slots(Digest::default(), 9).await.expect("readable"), [slot(ONE, None), slot(TWO, Some(1))]);
    assert_eq!(reader.slots(ONE, 1).await.expect("readable"), [slot(TWO, Some(1))]);
}

async fn large_bodies_are_kept(place: Place) {
    let ledger = place.open().await;
    let body = |seed: u8| (0..5 << 20).map(|at: u32| (at as u8).wrapping_mul(seed)).collect::<Vec<u8>>();
    let records = [3, 5, 7].map(|seed| Record { body: body(seed), ..record("large") });
    let piece = Piece { records: records.into_iter().collect(), ..Piece::default() };
    ledger.commit(piece).await.expect("written");
    let bodies: Vec<Vec<u8>> = stored(&ledger).await.into_iter().map(|stored| stored.body).collect();
    assert!(bodies == [body(3), body(5), body(7)]);
}

on_both! {
    a_mark_counts_once_until_it_is_past_its_time_and_across_restarts
    a_slot_is_filled_once_and_is_for_one_thing
    a_mark_that_was_set_stops_all_of_its_piece_but_the_records
    records_follow_from_each_other_in_the_order_of_their_commits
    a_chain_has_one_writer
    a_stretch_is_cut_signed_stamped_and_taken_away
    a_slot_whose_record_was_taken_away_is_still_filled
    large_bodies_are_kept
    records_are_taken_away_as_far_as_checkpoints_state_them_and_the_chain_goes_on
    what_is_kept_is_told_to_be_whole
}
