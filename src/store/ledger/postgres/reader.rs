//! Reading a ledger in PostgreSQL.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::chain::{digest, number, start};
use super::schema::SCHEMA;
use crate::clock::UnixMillis;
use crate::crypto::Digest;
use crate::store::error::Error;
use crate::store::ledger::piece::{Checkpoint, Position};
use crate::store::ledger::reader::{KeptSlot, Part, Stored};
use crate::store::ledger::sqlite::proof;
use crate::store::postgres::address::Server;
use crate::store::postgres::{Link, Purpose};

/// A connection that reads. A clone is the same one.
#[derive(Debug, Clone)]
pub(in crate::store::ledger) struct Reading(Arc<Link>);

impl Reading {
    pub(in crate::store::ledger) async fn open(server: &Server) -> Result<Self, Error> {
        let link = Link::open(server, Purpose::Reading).await?;
        SCHEMA.check(server, &link.client).await?;
        Ok(Self(Arc::new(link)))
    }

    pub(in crate::store::ledger) async fn chains(&self) -> Result<Vec<String>, Error> {
        self.all("SELECT name FROM chain ORDER BY name", &[], |row| Ok(row.get(0))).await
    }

    pub(in crate::store::ledger) async fn start(&self, chain: &str) -> Result<Position, Error> {
        within(start(&self.0.client, chain)).await
    }

    pub(in crate::store::ledger) async fn slots(&self, after: Digest, limit: u32) -> Result<Vec<KeptSlot>, Error> {
        let sql = "SELECT key, content, until, proof, slot.record, outcome
                   FROM slot LEFT JOIN record ON record.chain = slot.chain AND record.seq = slot.record
                   WHERE key > $1 ORDER BY key LIMIT $2";
        self.all(sql, &[&&after.0[..], &i64::from(limit)], |row| {
            let (key, content, until) = (digest(row.get(0))?, digest(row.get(1))?, UnixMillis(row.get(2)));
            let is_whole = row.get::<_, &[u8]>(3) == proof(key, Some(content), until);
            Ok(KeptSlot { key, until, is_whole, record: row.get(4), outcome: row.get(5) })
        })
        .await
    }

    pub(in crate::store::ledger) async fn marks(
        &self,
        after: Digest,
        limit: u32,
    ) -> Result<Vec<(Digest, bool)>, Error> {
        let sql = "SELECT key, until, proof FROM mark WHERE key > $1 ORDER BY key LIMIT $2";
        self.all(sql, &[&&after.0[..], &i64::from(limit)], |row| {
            let (key, until) = (digest(row.get(0))?, UnixMillis(row.get(1)));
            Ok((key, row.get::<_, &[u8]>(2) == proof(key, None, until)))
        })
        .await
    }

    pub(in crate::store::ledger) async fn records(
        &self,
        chain: &str,
        after: u64,
        limit: u32,
        part: Part,
    ) -> Result<Vec<Stored>, Error> {
        let columns = if part == Part::Heads { "''::bytea, NULL::bytea" } else { "body, outcome" };
        let sql = format!(
            "SELECT seq, at, link, head, {columns} FROM record WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT $3"
        );
        self.all(&sql, &[&chain, &number(after), &i64::from(limit)], |row| {
            Ok(Stored {
                seq: row.get::<_, i64>(0).cast_unsigned(),
                at: UnixMillis(row.get(1)),
                link: digest(row.get(2))?,
                head: row.get(3),
                body: row.get(4),
                outcome: row.get(5),
            })
        })
        .await
    }

    pub(in crate::store::ledger) async fn older_than(
        &self,
        chain: &str,
        time: UnixMillis,
        limit: u32,
    ) -> Result<Vec<u64>, Error> {
        let sql = "SELECT seq, at FROM record WHERE chain = $1 ORDER BY seq LIMIT $2";
        let read = |row: &Row| Ok((row.get::<_, i64>(0).cast_unsigned(), row.get::<_, i64>(1)));
        let rows = self.all(sql, &[&chain, &i64::from(limit)], read).await?;
        Ok(rows.into_iter().take_while(|&(_, at)| at < time.0).map(|(seq, _)| seq).collect())
    }

    pub(in crate::store::ledger) async fn checkpoints(
        &self,
        chain: &str,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Checkpoint>, Error> {
        let sql = "SELECT number, last, link, at, text, signature, certificates, stamp FROM checkpoint
                   WHERE chain = $1 AND number > $2 ORDER BY number LIMIT $3";
        self.all(sql, &[&chain, &number(after), &i64::from(limit)], checkpoint).await
    }

    pub(in crate::store::ledger) async fn last_checkpoint(&self, chain: &str) -> Result<Option<Checkpoint>, Error> {
        let sql = "SELECT number, last, link, at, text, signature, certificates, stamp FROM checkpoint
                   WHERE chain = $1 ORDER BY number DESC LIMIT 1";
        Ok(self.all(sql, &[&chain], checkpoint).await?.pop())
    }

    async fn all<T>(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
        read: impl Fn(&Row) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let rows = within(async { self.0.client.query(sql, params).await.map_err(Error::server) }).await?;
        rows.iter().map(read).collect()
    }
}

async fn within<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::time::timeout(READ_TIME_MAX, work).await.unwrap_or(Err(Error::Busy))
}

fn checkpoint(row: &Row) -> Result<Checkpoint, Error> {
    Ok(Checkpoint {
        number: row.get::<_, i64>(0).cast_unsigned(),
        last: row.get::<_, i64>(1).cast_unsigned(),
        link: digest(row.get(2))?,
        at: UnixMillis(row.get(3)),
        text: row.get(4),
        signature: row.get(5),
        certificates: row.get(6),
        stamp: row.get(7),
    })
}

/// A little more than the server gives a statement.
const READ_TIME_MAX: Duration = Duration::from_secs(35);
