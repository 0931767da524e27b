//! How many records a second; run by hand, in release:
//! `POSTGRES_FSYNC=on cargo test --release --lib speed -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use super::{Place, at};
use crate::crypto::Digest;
use crate::store::ledger::piece::{Ask, Mark, Piece, Record};

/// What a call with an effect brings: a mark, a slot and its request, then its answer and the outcome.
async fn measure(name: &str, place: Place) {
    let ledger = place.open().await;
    let record = |outcome: Option<Vec<u8>>| Record { head: vec![b'h'; 600], body: vec![7; 4096], outcome, at: at(0) };
    let until = Instant::now() + Duration::from_secs(10);
    let workers = (0..256_u64).map(|worker| {
        let ledger = ledger.clone();
        async move {
            let mut records = 0;
            for call in 0.. {
                let now = at(i64::try_from(Instant::now().duration_since(until - Duration::from_secs(10)).as_millis())
                    .expect("few"));
                if Instant::now() > until {
                    break;
                }
                let key = Digest::of(format!("{worker} {call}").as_bytes());
                let mark = Some(Mark { key, until: at(now.0 + 3000) });
                let slot = Some(Ask { key, content: key, until: at(1 << 40), held_until: at(1 << 40) });
                let request = [record(None)].into_iter().collect();
                ledger.commit(Piece { at: now, mark, slot, records: request, ..Piece::default() }).await.expect("kept");
                let answer = [record(Some(vec![7; 600]))].into_iter().collect();
                ledger
                    .commit(Piece { at: now, records: answer, fill: Some(key), ..Piece::default() })
                    .await
                    .expect("kept");
                records += 2;
            }
            records
        }
    });
    let records: u64 = tokio::task::JoinSet::from_iter(workers).join_all().await.into_iter().sum();
    println!("{name}: {} records a second", records / 10);
}

#[tokio::test]
#[ignore = "a measurement"]
async fn speed_of_both() {
    measure("SQLite", Place::file()).await;
    if let Some(place) = Place::server().await {
        measure("PostgreSQL", place).await;
    }
}
