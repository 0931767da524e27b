//! Signatures that were used: each counts once, also after a restart.

use std::sync::Arc;

use crate::clock::UnixMillis;
use crate::crypto::Digest;
use crate::store::Store;
use crate::store::connection::Schema;
use crate::store::error::Error;

/// The memory of signatures, in a store of its own or shared.
#[derive(Debug, Clone)]
pub struct Replays {
    store: Arc<Store>,
}

/// The table, for who opens the store.
pub const SCHEMA: Schema = Schema {
    application_id: 0x4c54_4757,
    steps: &["CREATE TABLE signature_seen (key BLOB PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID, STRICT;
              CREATE INDEX signature_seen_until ON signature_seen (until);"],
};

impl Replays {
    /// Keeps them in a store that has [`SCHEMA`].
    pub fn new(store: Arc<Store>) -> Self {
        Self { store }
    }

    /// Remembers a use of a signature until `until`; whether it is the first. Durable when this answers.
    ///
    /// `key`: the sender and the signature's fingerprint, and what else makes a use another one.
    /// What is past its time is forgotten as new ones come, a few for each: the table never grows beyond what holds.
    pub async fn first(&self, key: Digest, until: UnixMillis, now: UnixMillis) -> Result<bool, Error> {
        let remember = move |connection: &rusqlite::Connection| -> rusqlite::Result<bool> {
            let mut forget = connection.prepare_cached(
                "DELETE FROM signature_seen WHERE key IN
                 (SELECT key FROM signature_seen WHERE until < ?1 ORDER BY until LIMIT 8)",
            )?;
            forget.execute([now.0])?;
            let mut insert = connection.prepare_cached("INSERT OR IGNORE INTO signature_seen VALUES (?1, ?2)")?;
            Ok(insert.execute(rusqlite::params![key.0, until.0])? == 1)
        };
        self.store.write(move |connection| remember(connection).map_err(Error::statement)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_signature_counts_once_until_it_is_past_its_time_and_across_restarts() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("seen.db");
        let open = || Replays::new(Arc::new(Store::open(&file, &SCHEMA).expect("opened")));
        let (one, other) = (Digest([1; 32]), Digest([2; 32]));
        let at = UnixMillis;
        let replays = open();
        assert!(replays.first(one, at(100), at(0)).await.expect("written"));
        assert!(replays.first(other, at(100), at(0)).await.expect("written"));
        drop(replays);
        let replays = open();
        assert!(!replays.first(one, at(100), at(100)).await.expect("written"), "seen before the restart");
        assert!(replays.first(one, at(300), at(101)).await.expect("written"), "its time is over");
        assert!(!replays.first(one, at(300), at(102)).await.expect("written"));
    }
}
