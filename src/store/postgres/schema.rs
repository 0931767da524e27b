//! Which version the tables of a database have.
//!
//! A gateway does not change them when it starts: others may be at work on them. `lienthong store migrate` does.

use tokio_postgres::Client;

use super::address::Server;
use super::{Link, Purpose};
use crate::store::error::Error;

/// What a user of the store keeps in a database.
pub(in crate::store) struct Schema {
    /// SQL of each version, oldest first. A step that was released is never changed.
    pub(in crate::store) steps: &'static [&'static str],
    /// Its tables: where one of them is there without a version, it is another program's.
    pub(in crate::store) tables: &'static [&'static str],
}

impl Schema {
    /// Whether the tables are as this release knows them.
    pub(in crate::store) async fn check(&self, server: &Server, client: &Client) -> Result<(), Error> {
        let place = || server.to_string();
        match self.version(server, client).await? {
            0 => Err(Error::Unmigrated { server: place() }),
            found if found < self.steps.len() => Err(Error::Older { server: place(), found, known: self.steps.len() }),
            found if found > self.steps.len() => Err(Error::Newer { place: place(), found, known: self.steps.len() }),
            _ => Ok(()),
        }
    }

    /// Makes the tables, or brings them to the newest version; from which to which.
    pub(in crate::store) async fn migrate(&self, server: &Server) -> Result<(usize, usize), Error> {
        let link = Link::open(server, Purpose::Migrating).await?;
        let client = &link.client;
        // One migration at a time; the lock goes with the session.
        client.query("SELECT pg_advisory_lock($1)", &[&MIGRATION]).await.map_err(Error::server)?;
        let from = self.version(server, client).await?;
        let known = self.steps.len();
        if from > known {
            return Err(Error::Newer { place: server.to_string(), found: from, known });
        }
        for (step, sql) in self.steps.iter().enumerate().skip(from) {
            let version = match step {
                0 => "CREATE TABLE lienthong_schema (version int NOT NULL); INSERT INTO lienthong_schema VALUES (1)",
                _ => &format!("UPDATE lienthong_schema SET version = {}", step + 1),
            };
            // Each step together with its version: where a migration was interrupted, the next one goes on.
            let step = format!("BEGIN; {version}; {sql}; COMMIT");
            client.batch_execute(&step).await.map_err(Error::server)?;
        }
        Ok((from, known))
    }

    /// 0: there are no tables.
    async fn version(&self, server: &Server, client: &Client) -> Result<usize, Error> {
        let sql = "SELECT to_regclass('lienthong_schema') IS NOT NULL, bool_or(to_regclass(name) IS NOT NULL)
                   FROM unnest($1::text[]) AS name";
        let row = client.query_one(sql, &[&self.tables]).await.map_err(Error::server)?;
        match (row.get(0), row.get::<_, Option<bool>>(1)) {
            (false, Some(true)) => Err(Error::Foreign { place: server.to_string() }),
            (false, _) => Ok(0),
            (true, _) => {
                let rows = client.query("SELECT version FROM lienthong_schema", &[]).await.map_err(Error::server)?;
                let version: Option<i32> = rows.first().map(|row| row.get(0));
                version
                    .and_then(|version| usize::try_from(version).ok())
                    .ok_or(Error::Damaged { what: "schema version" })
            }
        }
    }
}

/// Of the advisory lock.
const MIGRATION: i64 = 0x6c69_656e_7468_6f6e;
