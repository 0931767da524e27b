//! A PostgreSQL database as the store sees it: where it is, a connection to it, its tables' version.
//!
//! Sessions are ours alone from connecting to the end (locks and settings hang on them): a pooler in between must be in
//! session mode. PostgreSQL 13 or newer.

pub mod address;
pub(super) mod schema;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, NoTls, Socket};

use self::address::Server;
use self::tls::Tls;
use super::error::Error;

/// A connection. Dropped, it is closed at once, whatever was under way on it.
pub(super) struct Link {
    pub(super) client: Client,
    driver: JoinHandle<()>,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Short transactions, each on disk when it is said to be.
    Writing,
    /// Nothing is changed by it.
    Reading,
    /// Tables are made, which may take long.
    Migrating,
}

impl Link {
    /// Connects, in a time that has an end.
    pub(super) async fn open(server: &Server, purpose: Purpose) -> Result<Self, Error> {
        let mut config = Config::clone(&server.config);
        if purpose != Purpose::Reading {
            // Of several hosts the one that is not a copy.
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        let connect = async {
            let link = match &server.tls {
                Some(tls) => Self::through(&config, Tls(tls.clone())).await?,
                None => Self::through(&config, NoTls).await?,
            };
            link.client.batch_execute(session(purpose)).await?;
            Ok(link)
        };
        let unreached = |source| Error::Unreached { server: server.to_string(), source: Arc::new(source) };
        match tokio::time::timeout(CONNECT_TIME_MAX, connect).await {
            Ok(link) => link.map_err(unreached),
            Err(_) => Err(Error::Silent { server: server.to_string() }),
        }
    }

    async fn through<T>(config: &Config, tls: T) -> Result<Self, tokio_postgres::Error>
    where
        T: MakeTlsConnect<Socket>,
        T::Stream: Send + 'static,
    {
        let (client, connection) = config.connect(tls).await?;
        let drive = async {
            // Whoever waits for an answer is told the same.
            let _ = connection.await;
        };
        Ok(Self { client, driver: tokio::spawn(drive) })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Link")
    }
}

fn session(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Writing => WRITING,
        Purpose::Reading => READING,
        Purpose::Migrating => "SET client_min_messages = warning",
    }
}

/// From the first packet to a session that is ready.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(6);

/// * A transaction is on disk when its COMMIT is answered, whatever the server's default; `remote_apply` is more than that.
/// * The server notices a gateway that is gone, and lets go of its locks: half a minute after a power loss, where the
///   default is hours; three seconds after a gateway stopped in the middle of a transaction. Others wait for a lock
///   longer than that.
/// * Plans are made once, and by index: those made while a table is new and empty would read all of it for ever.
const WRITING: &str = "
    SET client_min_messages = warning;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') <> 'remote_apply';
    SET default_transaction_isolation = 'read committed';
    SET idle_in_transaction_session_timeout = '3s';
    SET lock_timeout = '5s';
    SET statement_timeout = '7s';
    SET tcp_keepalives_idle = 10;
    SET tcp_keepalives_interval = 5;
    SET tcp_keepalives_count = 3;
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET jit = off";
const READING: &str = "
    SET client_min_messages = warning;
    SET default_transaction_read_only = on;
    SET statement_timeout = '30s';
    SET tcp_keepalives_idle = 10;
    SET jit = off";
