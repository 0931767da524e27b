//! The reading side of a ledger: what is committed, in the chain's order, in pieces of a stated size.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Address;
use super::piece::{Checkpoint, Position};
use super::postgres::reader::Reading;
use super::sqlite;
use crate::clock::UnixMillis;
use crate::crypto::Digest;
use crate::store::connection;
use crate::store::error::Error;

/// Reads a ledger, also one that is being written. A clone reads the same.
#[derive(Debug, Clone)]
pub struct Reader(Source);

#[derive(Debug, Clone)]
enum Source {
    File(Arc<Mutex<Connection>>),
    Server(Reading),
}

/// A record as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its place in its chain, from 1.
    pub seq: u64,
    /// When it was, by its writer's clock.
    pub at: UnixMillis,
    /// As it was made when it was written.
    pub link: Digest,
    /// What is said of it in public.
    pub head: Vec<u8>,
    /// The message, sealed; empty where it was not asked for.
    pub body: Vec<u8>,
    /// What it fills a slot with, sealed; `None` likewise.
    pub outcome: Option<Vec<u8>>,
}

/// A slot as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSlot {
    /// What it is found by.
    pub key: Digest,
    /// When it may be forgotten.
    pub until: UnixMillis,
    /// Whether it is as it was opened.
    pub is_whole: bool,
    /// The record that fills it; `None`: none has.
    pub record: Option<i64>,
    /// What it is filled with, sealed.
    pub outcome: Option<Vec<u8>>,
}

/// What of records is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Heads and links alone.
    Heads,
    /// Bodies and outcomes, too.
    Whole,
}

impl Reader {
    /// Opens what there is, also while a gateway writes it.
    pub async fn open(address: &Address) -> Result<Self, Error> {
        match address {
            Address::File(file) => Self::open_file(file),
            Address::Postgres(server) => Reading::open(server).await.map(|reading| Self(Source::Server(reading))),
        }
    }

    fn open_file(file: &Path) -> Result<Self, Error> {
        if !file.exists() {
            return Err(Error::Gone { path: file.to_path_buf() });
        }
        Ok(Self(Source::File(Arc::new(Mutex::new(connection::reading(file)?)))))
    }

    /// The chains that are there.
    pub async fn chains(&self) -> Result<Vec<String>, Error> {
        if let Source::Server(server) = &self.0 {
            return server.chains().await;
        }
        self.rows(|connection| all(connection, "SELECT name FROM chain", params![], |row| row.get(0))).await
    }

    /// After which record those that are there begin.
    pub async fn start(&self, chain: &str) -> Result<Position, Error> {
        if let Source::Server(server) = &self.0 {
            return server.start(chain).await;
        }
        self.rows(sqlite::start).await
    }

    /// The slots after a key, at most so many.
    pub async fn slots(&self, after: Digest, limit: u32) -> Result<Vec<KeptSlot>, Error> {
        if let Source::Server(server) = &self.0 {
            return server.slots(after, limit).await;
        }
        let sql = "SELECT key, content, until, proof, slot.record, outcome
                   FROM slot LEFT JOIN record ON seq = slot.record WHERE key > ?1 ORDER BY key LIMIT ?2";
        self.rows(move |connection| {
            all(connection, sql, params![after.0, limit], |row| {
                let (key, content, until) = (Digest(row.get(0)?), Digest(row.get(1)?), UnixMillis(row.get(2)?));
                let is_whole = row.get::<_, [u8; 8]>(3)? == sqlite::proof(key, Some(content), until);
                Ok(KeptSlot { key, until, is_whole, record: row.get(4)?, outcome: row.get(5)? })
            })
        })
        .await
    }

    /// The marks after a key, at most so many: keys, and whether each is as it was set.
    pub async fn marks(&self, after: Digest, limit: u32) -> Result<Vec<(Digest, bool)>, Error> {
        if let Source::Server(server) = &self.0 {
            return server.marks(after, limit).await;
        }
        let sql = "SELECT key, until, proof FROM mark WHERE key > ?1 ORDER BY key LIMIT ?2";
        self.rows(move |connection| {
            all(connection, sql, params![after.0, limit], |row| {
                let (key, until) = (Digest(row.get(0)?), UnixMillis(row.get(1)?));
                Ok((key, row.get::<_, [u8; 8]>(2)? == sqlite::proof(key, None, until)))
            })
        })
        .await
    }

    /// The records after one, at most so many.
    pub async fn records(&self, chain: &str, after: u64, limit: u32, part: Part) -> Result<Vec<Stored>, Error> {
        if let Source::Server(server) = &self.0 {
            return server.records(chain, after, limit, part).await;
        }
        let columns = if part == Part::Heads { "x'', NULL" } else { "body, outcome" };
        let sql = format!("SELECT seq, at, link, head, {columns} FROM record WHERE seq > ?1 ORDER BY seq LIMIT ?2");
        self.rows(move |connection| {
            all(connection, &sql, params![after.cast_signed(), limit], |row| {
                Ok(Stored {
                    seq: row.get::<_, i64>(0)?.cast_unsigned(),
                    at: UnixMillis(row.get(1)?),
                    link: Digest(row.get(2)?),
                    head: row.get(3)?,
                    body: row.get(4)?,
                    outcome: row.get(5)?,
                })
            })
        })
        .await
    }

    /// The numbers of the first records, at most so many, as far as they are older than a time.
    pub async fn older_than(&self, chain: &str, time: UnixMillis, limit: u32) -> Result<Vec<u64>, Error> {
        if let Source::Server(server) = &self.0 {
            return server.older_than(chain, time, limit).await;
        }
        let sql = "SELECT seq, at FROM record ORDER BY seq LIMIT ?1";
        let rows = self.rows(move |connection| {
            all(connection, sql, params![limit], |row| {
                Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?))
            })
        });
        Ok(rows.await?.into_iter().take_while(|&(_, at)| at < time.0).map(|(seq, _)| seq).collect())
    }

    /// The checkpoints after one, at most so many.
    pub async fn checkpoints(&self, chain: &str, after: u64, limit: u32) -> Result<Vec<Checkpoint>, Error> {
        if let Source::Server(server) = &self.0 {
            return server.checkpoints(chain, after, limit).await;
        }
        let sql = "SELECT number, last, link, at, text, signature, certificates, stamp FROM checkpoint
                   WHERE number > ?1 ORDER BY number LIMIT ?2";
        self.rows(move |connection| all(connection, sql, params![after.cast_signed(), limit], checkpoint)).await
    }

    /// The last checkpoint; `None`: there is none yet.
    pub async fn last_checkpoint(&self, chain: &str) -> Result<Option<Checkpoint>, Error> {
        if let Source::Server(server) = &self.0 {
            return server.last_checkpoint(chain).await;
        }
        let sql = "SELECT number, last, link, at, text, signature, certificates, stamp FROM checkpoint
                   ORDER BY number DESC LIMIT 1";
        self.rows(move |connection| connection.query_row(sql, [], checkpoint).optional()).await
    }

    /// What SQLite finds wrong in its own file, a line each; of PostgreSQL that is its operator's to ask.
    pub async fn integrity(&self) -> Result<Vec<String>, Error> {
        if let Source::Server(_) = &self.0 {
            return Ok(Vec::new());
        }
        let found = self.rows(|connection| all(connection, "PRAGMA integrity_check", params![], |row| row.get(0)));
        let mut found: Vec<String> = found.await?;
        found.retain(|line| line != "ok");
        Ok(found)
    }

    async fn rows<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let Source::File(connection) = &self.0 else { return Err(Error::Closed) };
        let connection = connection.clone();
        let work = move || work(&connection.lock().unwrap_or_else(PoisonError::into_inner)).map_err(Error::statement);
        tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Panicked))
    }
}

fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare_cached(sql)?.query_map(params, read)?.collect()
}

fn checkpoint(row: &Row<'_>) -> rusqlite::Result<Checkpoint> {
    Ok(Checkpoint {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        last: row.get::<_, i64>(1)?.cast_unsigned(),
        link: Digest(row.get(2)?),
        at: UnixMillis(row.get(3)?),
        text: row.get(4)?,
        signature: row.get(5)?,
        certificates: row.get(6)?,
        stamp: row.get(7)?,
    })
}
