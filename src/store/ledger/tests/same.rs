//! PostgreSQL answers as SQLite does, whatever comes in whatever groups.

use std::path::Path;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::server::Server;
use super::{at, record};
use crate::crypto::Digest;
use crate::store::ledger::piece::{Ask, Mark, Piece, Record, Told};
use crate::store::ledger::postgres::Postgres;
use crate::store::ledger::sqlite::Sqlite;
use crate::store::ledger::writer::Backend;
use crate::store::ledger::{Address, migrate};
use crate::store::postgres::address;

/// Few keys, so that they meet.
fn key() -> impl Strategy<Value = Digest> {
    (0..3_u8).prop_map(|number| Digest([number; 32]))
}

fn piece() -> impl Strategy<Value = Piece> {
    let mark = option::weighted(0.3, (key(), 0..40_i64));
    let slot = option::weighted(0.4, (key(), key(), 0..40_i64));
    (mark, slot, option::weighted(0.3, key()), vec(any::<u8>(), 0..3), option::weighted(0.1, 0..9_u64)).prop_map(
        |(mark, slot, fill, records, cut)| Piece {
            mark: mark.map(|(key, until)| Mark { key, until: at(until) }),
            slot: slot.map(|(key, content, until)| Ask { key, content, until: at(until), held_until: at(until) }),
            records: records
                .into_iter()
                .map(|byte| Record { outcome: (byte % 2 == 0).then(|| vec![byte]), ..record(&byte.to_string()) })
                .collect(),
            fill,
            cut,
            ..Piece::default()
        },
    )
}

/// Does the groups, 10 ms one after the other.
async fn told(backend: &mut impl Backend, groups: &[Vec<Piece>]) -> Vec<Vec<Told>> {
    let mut told = Vec::new();
    for (now, group) in (0_i64..).step_by(10).zip(groups) {
        let group: Vec<Piece> = group.iter().map(|piece| Piece { at: at(now), ..piece.clone() }).collect();
        told.push(backend.commit(&group).await.expect("committed"));
    }
    told
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn postgresql_answers_as_sqlite_does(groups in vec(vec(piece(), 1..8), 1..6)) {
        let Some(server) = Server::shared() else { return Ok(()) };
        let folder = tempfile::tempdir().expect("a folder");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (file, shared) = runtime.block_on(async {
            let mut file = Sqlite::open(&folder.path().join("ledger.db"), "gateway").expect("opened");
            // One database for all cases, of which each has a chain and keys of its own.
            let server = address::Server::parse(&server.url("postgres"), Path::new("/"), None).expect("a URL");
            migrate(&Address::Postgres(server.clone())).await.expect("migrated");
            let mut shared = Postgres::open(&server, &uuid::Uuid::new_v4().to_string()).await.expect("opened");
            shared.forget_all().await;
            (told(&mut file, &groups).await, told(&mut shared, &groups).await)
        });
        let ends = |told: Vec<Vec<Told>>| {
            told.into_iter().flatten().map(|told| {
                // Links begin with the name of the chain; roots and numbers do not.
                (told.is_first, told.slot, told.cut.map(|cut| (cut.end.seq, cut.root)))
            }).collect::<Vec<_>>()
        };
        prop_assert_eq!(ends(file), ends(shared));
    }
}
