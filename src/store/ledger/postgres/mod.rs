//! The ledger in a PostgreSQL database, which several gateways share: each writes a chain of its own, by one connection.
//!
//! * Marks and slots are common to all: of those who ask for one at the same moment, exactly one is told that it is first.
//! * Who writes a chain holds an advisory lock on its name, as long as its session lives.
//! * A connection that failed may have left a transaction that is still being committed. The session is ended, and the
//!   lock taken anew, before the end of the chain is read: by then it has happened or never will.
//! * What was acknowledged must be there then. What was not acknowledged may be, too.

mod chain;
mod group;
pub(super) mod reader;
pub(super) mod schema;
mod statements;

use std::time::Duration;

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use self::chain::{link_of, own, position};
use self::group::Work;
use self::schema::SCHEMA;
use self::statements::Statements;
use super::piece::{Piece, Position, Told};
use super::tree::Tree;
use super::writer::Backend;
use crate::clock::UnixMillis;
use crate::crypto::Digest;
use crate::store::error::Error;
use crate::store::postgres::address::Server;
use crate::store::postgres::{Link, Purpose};

/// A chain that is written.
pub(super) struct Postgres {
    server: Server,
    chain: String,
    /// `None`: it failed, and is to be opened anew.
    open: Option<Open>,
    /// Those of ours that may still live.
    sessions: Vec<Session>,
    position: Position,
    tree: Tree,
    /// Before that nothing is forgotten.
    due: UnixMillis,
}

struct Open {
    link: Link,
    statements: Statements,
}

/// Which session it is, whatever runs by that number later.
#[derive(Debug, Clone)]
struct Session {
    pid: i32,
    started: String,
}

impl Postgres {
    /// Connects, and takes the chain.
    pub(super) async fn open(server: &Server, chain: &str) -> Result<Self, Error> {
        let mut postgres = Self {
            server: server.clone(),
            chain: chain.to_owned(),
            open: None,
            sessions: Vec::new(),
            position: Position::start(chain),
            tree: Tree::default(),
            due: UnixMillis(i64::MIN),
        };
        postgres.connect().await?;
        Ok(postgres)
    }

    async fn connect(&mut self) -> Result<(), Error> {
        // Closed before anything else is done.
        self.open = None;
        let link = Link::open(&self.server, Purpose::Writing).await?;
        let client = &link.client;
        self.end_sessions(client).await?;
        self.lock(client).await?;
        SCHEMA.check(&self.server, client).await?;
        warn_of_settings(client).await?;
        own(client, &self.chain).await?;
        let position = position(client, &self.chain).await?;
        // Nothing was acknowledged before the first record.
        let Position { seq, link: acknowledged } = self.position;
        if seq > 0 && link_of(client, &self.chain, seq).await? != Some(acknowledged) {
            return Err(Error::Broken { chain: self.chain.clone(), seq });
        }
        let statements = Statements::prepare(client).await?;
        self.open = Some(Open { link, statements });
        (self.position, self.tree, self.due) = (position, Tree::default(), UnixMillis(i64::MIN));
        Ok(())
    }

    /// Ends what is left of the sessions before this one, and nobody else's.
    async fn end_sessions(&mut self, client: &Client) -> Result<(), Error> {
        let earlier = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE pid = $1 AND extract(epoch FROM backend_start)::text = $2 AND usename = current_user";
        for Session { pid, started } in &self.sessions {
            client.query(earlier, &[pid, started]).await.map_err(Error::server)?;
        }
        let own =
            "SELECT pid, extract(epoch FROM backend_start)::text FROM pg_stat_activity WHERE pid = pg_backend_pid()";
        let own = client.query_one(own, &[]).await.map_err(Error::server)?;
        // Kept from here on: this one may fail, too, before it is told that it has the lock.
        self.sessions = vec![Session { pid: own.get(0), started: own.get(1) }];
        Ok(())
    }

    /// Takes the chain. A session that has ended a moment ago still holds it for a moment.
    async fn lock(&self, client: &Client) -> Result<(), Error> {
        let before = client.query_one("SHOW lock_timeout", &[]).await.map_err(Error::server)?;
        client.batch_execute(LOCK_TIMEOUT).await.map_err(Error::server)?;
        match client.query("SELECT pg_advisory_lock($1)", &[&lock_key(&self.chain)]).await {
            Ok(_) => {}
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                return Err(Error::InUse { place: format!("the chain of gateway {} in {}", self.chain, self.server) });
            }
            Err(error) => return Err(Error::server(error)),
        }
        let back = "SELECT set_config('lock_timeout', $1, false)";
        client.query(back, &[&before.get::<_, String>(0)]).await.map(drop).map_err(Error::server)
    }

    async fn commit_once(&mut self, group: &[Piece]) -> Result<Vec<Told>, tokio_postgres::Error> {
        let Some(Open { link, statements }) = &self.open else { return Ok(Vec::new()) };
        let mut work = Work {
            client: &link.client,
            statements,
            chain: &self.chain,
            position: self.position,
            tree: self.tree.clone(),
            due: self.due,
        };
        let told = work.all(group).await?;
        let Work { position, tree, due, .. } = work;
        (self.position, self.tree, self.due) = (position, tree, due);
        Ok(told)
    }
}

impl Backend for Postgres {
    async fn commit(&mut self, group: &[Piece]) -> Result<Vec<Told>, Error> {
        // Lost while nothing was under way: nobody needs to be told.
        if self.open.as_ref().is_none_or(|open| open.link.client.is_closed()) {
            self.connect().await?;
        }
        for _ in 0..CONFLICTS_MAX {
            match self.commit_once(group).await {
                Err(error) if is_conflict(&error) => {}
                said => return said.map_err(Error::server),
            }
            // Two gateways waited for each other, and the server chose us to give way. The other one needs a moment.
            tracing::info!(pieces = group.len(), "a group gave way to another gateway's, and is tried again");
            let client = &self.open.as_ref().ok_or(Error::Closed)?.link.client;
            client.batch_execute("ROLLBACK").await.map_err(Error::server)?;
            tokio::time::sleep(CONFLICT_PAUSE).await;
        }
        self.commit_once(group).await.map_err(Error::server)
    }

    async fn reopen(&mut self) -> Result<(), Error> {
        self.connect().await
    }
}

fn is_conflict(error: &tokio_postgres::Error) -> bool {
    let conflicts = [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE];
    error.code().is_some_and(|code| conflicts.contains(code))
}

/// What an advisory lock on a chain is called: 64 bits of a digest.
fn lock_key(chain: &str) -> i64 {
    let digest = Digest::of(format!("lienthong chain {chain}").as_bytes());
    i64::from_be_bytes(*digest.0.first_chunk().expect("a digest has 32 bytes"))
}

async fn warn_of_settings(client: &Client) -> Result<(), Error> {
    for setting in ["fsync", "full_page_writes"] {
        let row = client.query_one(&format!("SHOW {setting}"), &[]).await.map_err(Error::server)?;
        if row.get::<_, &str>(0) == "off" {
            tracing::warn!(setting, "the database's server does not keep what it acknowledges when its power fails");
        }
    }
    Ok(())
}

/// How often a group that gave way to another gateway's is tried again, and after which pause.
const CONFLICTS_MAX: u32 = 3;
const CONFLICT_PAUSE: Duration = Duration::from_millis(20);
/// How long the lock is waited for.
const LOCK_TIMEOUT: &str = "SET lock_timeout = '2s'";

#[cfg(test)]
impl Postgres {
    /// Leaves no mark and no slot, of any gateway.
    pub(super) async fn forget_all(&self) {
        let client = &self.open.as_ref().expect("open").link.client;
        client.batch_execute("DELETE FROM mark; DELETE FROM slot").await.expect("deleted");
    }
}
