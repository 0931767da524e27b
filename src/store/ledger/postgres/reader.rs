//! Reading a ledger in PostgreSQL.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::chain::{digest, number};
use super::schema::SCHEMA;
use crate::clock::UnixMillis;
use crate::store::error::Error;
use crate::store::ledger::piece::Checkpoint;
use crate::store::ledger::reader::{Part, Stored};
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
        // From one name to the next by the index; DISTINCT would read all records.
        let sql = "WITH RECURSIVE named (chain) AS
                   (SELECT min(chain) FROM record
                    UNION ALL SELECT (SELECT min(chain) FROM record WHERE record.chain > named.chain)
                              FROM named WHERE named.chain IS NOT NULL)
                   SELECT chain FROM named WHERE chain IS NOT NULL UNION SELECT chain FROM checkpoint ORDER BY 1";
        self.all(sql, &[], |row| Ok(row.get(0))).await
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

    pub(in crate::store::ledger) async fn unstamped(&self, chain: &str) -> Result<Option<Checkpoint>, Error> {
        let sql = "SELECT number, last, link, at, text, signature, certificates, stamp FROM checkpoint
                   WHERE chain = $1 AND stamp = '' ORDER BY number LIMIT 1";
        Ok(self.all(sql, &[&chain], checkpoint).await?.pop())
    }

    async fn all<T>(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
        read: impl Fn(&Row) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let rows = within(self.0.client.query(sql, params)).await?;
        rows.iter().map(read).collect()
    }
}

async fn within<T>(work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Error> {
    match tokio::time::timeout(READ_TIME_MAX, work).await {
        Ok(said) => said.map_err(Error::server),
        Err(_) => Err(Error::Busy),
    }
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
