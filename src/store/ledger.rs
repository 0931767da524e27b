//! What the gateway must not forget, as two small tables: marks that are set once, and slots that are filled once.
//!
//! * A **mark** is a key until a time: whoever sets it first is told so, everyone after until then that it was set.
//! * A **slot** is a key with the digest of what it is for. It is opened before work begins and filled with the outcome
//!   of the work. What was opened and never filled (the process died) is open to the next who asks, for the same digest.
//! * Keys are digests: 32 bytes that say nothing.
//! * What is past its time is forgotten as new keys come, a few for each: no table grows beyond what holds, and nobody
//!   waits for a sweep.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::Store;
use super::connection::Schema;
use super::error::Error;
use crate::clock::UnixMillis;
use crate::crypto::Digest;

/// The tables in a store of their own. A clone is the same ledger.
#[derive(Debug, Clone)]
pub struct Ledger {
    store: Arc<Store>,
}

/// A slot when it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slot {
    /// Nobody has filled it: the work is to be done. `again`: somebody had opened it before.
    Open {
        /// Whether the work may have been begun.
        again: bool,
    },
    /// The outcome of the work.
    Filled(Vec<u8>),
    /// It is for something else.
    Taken,
}

impl Ledger {
    /// Opens or creates the file.
    pub fn open(file: &Path) -> Result<Self, Error> {
        Ok(Self { store: Arc::new(Store::open(file, &SCHEMA)?) })
    }

    /// Sets a mark until `until`; whether it is the first. Durable when this answers.
    pub async fn mark(&self, key: Digest, until: UnixMillis, now: UnixMillis) -> Result<bool, Error> {
        self.write(move |connection| {
            forget(connection, "mark", now)?;
            let mut insert = connection.prepare_cached("INSERT OR IGNORE INTO mark (key, until) VALUES (?1, ?2)")?;
            Ok(insert.execute(params![key.0, until.0])? == 1)
        })
        .await
    }

    /// Asks for a slot, and opens it where nobody has. Durable when this answers.
    ///
    /// `content`: the digest of what it is for. `until`: when it may be forgotten.
    pub async fn slot(&self, key: Digest, content: Digest, until: UnixMillis, now: UnixMillis) -> Result<Slot, Error> {
        self.write(move |connection| {
            forget(connection, "slot", now)?;
            let mut insert = connection.prepare_cached(
                "INSERT INTO slot (key, content, until) VALUES (?1, ?2, ?3) ON CONFLICT (key) DO NOTHING",
            )?;
            if insert.execute(params![key.0, content.0, until.0])? == 1 {
                return Ok(Slot::Open { again: false });
            }
            let mut select = connection.prepare_cached("SELECT content, outcome FROM slot WHERE key = ?1")?;
            let found = select
                .query_row(params![key.0], |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, Option<Vec<u8>>>(1)?)));
            Ok(match found? {
                (known, _) if known != content.0 => Slot::Taken,
                (_, Some(outcome)) => Slot::Filled(outcome),
                (_, None) => Slot::Open { again: true },
            })
        })
        .await
    }

    /// Fills a slot that was opened, and returns what is in it: `outcome`, or what somebody filled it with before.
    /// Durable when this answers.
    pub async fn fill(&self, key: Digest, outcome: Vec<u8>) -> Result<Vec<u8>, Error> {
        self.write(move |connection| {
            let mut update =
                connection.prepare_cached("UPDATE slot SET outcome = ?2 WHERE key = ?1 AND outcome IS NULL")?;
            if update.execute(params![key.0, outcome])? == 1 {
                return Ok(outcome);
            }
            let mut select = connection.prepare_cached("SELECT outcome FROM slot WHERE key = ?1")?;
            let filled = select.query_row(params![key.0], |row| row.get::<_, Option<Vec<u8>>>(0)).optional()?;
            Ok(filled.flatten().unwrap_or(outcome))
        })
        .await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        self.store.write(move |connection| work(connection).map_err(Error::statement)).await
    }
}

/// Takes away a few that are past their time.
fn forget(connection: &Connection, table: &'static str, now: UnixMillis) -> rusqlite::Result<()> {
    let sql = match table {
        "mark" => "DELETE FROM mark WHERE key IN (SELECT key FROM mark WHERE until < ?1 ORDER BY until LIMIT 8)",
        _ => "DELETE FROM slot WHERE id IN (SELECT id FROM slot WHERE until < ?1 ORDER BY until LIMIT 8)",
    };
    connection.prepare_cached(sql)?.execute([now.0]).map(drop)
}

const SCHEMA: Schema = Schema {
    application_id: 0x4c54_4757,
    steps: &["CREATE TABLE mark (key BLOB PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID, STRICT;
              CREATE INDEX mark_until ON mark (until);
              CREATE TABLE slot (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, content BLOB NOT NULL,
                                 until INTEGER NOT NULL, outcome BLOB) STRICT;
              CREATE INDEX slot_until ON slot (until);"],
};

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Digest = Digest([1; 32]);
    const TWO: Digest = Digest([2; 32]);

    fn at(ms: i64) -> UnixMillis {
        UnixMillis(ms)
    }

    #[tokio::test]
    async fn a_mark_counts_once_until_it_is_past_its_time_and_across_restarts() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ledger.db");
        let ledger = Ledger::open(&file).expect("opened");
        assert!(ledger.mark(ONE, at(100), at(0)).await.expect("written"));
        assert!(ledger.mark(TWO, at(100), at(0)).await.expect("written"));
        drop(ledger);
        let ledger = Ledger::open(&file).expect("opened");
        assert!(!ledger.mark(ONE, at(100), at(100)).await.expect("written"), "set before the restart");
        assert!(ledger.mark(ONE, at(300), at(101)).await.expect("written"), "its time is over");
        assert!(!ledger.mark(ONE, at(300), at(102)).await.expect("written"));
    }

    #[tokio::test]
    async fn a_slot_is_filled_once_and_is_for_one_thing() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ledger.db");
        let ledger = Ledger::open(&file).expect("opened");
        let ask =
            async |ledger: &Ledger, content, now| ledger.slot(ONE, content, at(100), at(now)).await.expect("asked");
        assert_eq!(ask(&ledger, ONE, 0).await, Slot::Open { again: false });
        assert_eq!(ask(&ledger, ONE, 0).await, Slot::Open { again: true }, "nobody has filled it");
        assert_eq!(ask(&ledger, TWO, 0).await, Slot::Taken);
        assert_eq!(ledger.fill(ONE, b"first".to_vec()).await.expect("filled"), b"first");
        assert_eq!(ledger.fill(ONE, b"second".to_vec()).await.expect("asked"), b"first");
        drop(ledger);
        let ledger = Ledger::open(&file).expect("opened");
        assert_eq!(ask(&ledger, ONE, 100).await, Slot::Filled(b"first".to_vec()));
        assert_eq!(ask(&ledger, TWO, 100).await, Slot::Taken);
        assert_eq!(ask(&ledger, TWO, 101).await, Slot::Open { again: false }, "its time is over");
        assert_eq!(ledger.fill(TWO, b"lost".to_vec()).await.expect("no slot"), b"lost", "forgotten meanwhile");
    }
}
