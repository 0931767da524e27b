//! What storage can fail at.

use std::path::PathBuf;
use std::sync::Arc;

/// Why something was not stored or read. Never the fault of who asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The database could not be opened or prepared.
    #[error("database {path} could not be opened")]
    Open {
        /// The database file.
        path: PathBuf,
        /// SQLite's cause.
        #[source]
        source: Arc<rusqlite::Error>,
    },
    /// The database file could not be created with the owner's rights only.
    #[error("database file {path} could not be created")]
    Create {
        /// The database file.
        path: PathBuf,
        /// The operating system's cause.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// There is a database, but another program's.
    #[error("{place} is the database of another program")]
    Foreign {
        /// The database file, or the database and its server.
        place: String,
    },
    /// A newer release has migrated the database; going back would lose what only that release understands.
    #[error("{place} has schema version {found}, this release knows {known}")]
    Newer {
        /// The database file, or the database and its server.
        place: String,
        /// Its version.
        found: usize,
        /// Newest version of this release.
        known: usize,
    },
    /// The tables are not there.
    #[error("{server} has no tables yet: run lienthong store migrate")]
    Unmigrated {
        /// The database and its server.
        server: String,
    },
    /// An older release has made the tables.
    #[error(
        "{server} has schema version {found}, this release needs {known}: stop the gateways that use it, then run lienthong store migrate"
    )]
    Older {
        /// The database and its server.
        server: String,
        /// Its version.
        found: usize,
        /// Newest version of this release.
        known: usize,
    },
    /// No session with the database's server.
    #[error("{server} is not reached")]
    Unreached {
        /// The database and its server.
        server: String,
        /// The cause.
        #[source]
        source: Arc<tokio_postgres::Error>,
    },
    /// The same; it did not even refuse.
    #[error("{server} does not answer")]
    Silent {
        /// The database and its server.
        server: String,
    },
    /// The server refused a statement, or went away.
    #[error("the database's server failed")]
    Server {
        /// What it said.
        #[source]
        source: Arc<tokio_postgres::Error>,
    },
    /// The file system does not support what durability needs (journal mode {mode} instead of WAL).
    #[error("{path} cannot be kept in WAL mode, SQLite offers {mode}")]
    Journal {
        /// The database file.
        path: PathBuf,
        /// The mode SQLite fell back to.
        mode: String,
    },
    /// The database file is not where it was, or another stands there: what was written to it would be lost.
    #[error("{path} is gone")]
    Gone {
        /// The database file.
        path: PathBuf,
    },
    /// Another process writes it.
    #[error("another process holds {place}")]
    InUse {
        /// The lock file, or the gateway's name and the database.
        place: String,
    },
    /// The records in it are another gateway's.
    #[error("{path} holds the records of gateway {found}, not of {wanted}")]
    OtherChain {
        /// The database file.
        path: PathBuf,
        /// Whose they are.
        found: String,
        /// Who opened it.
        wanted: String,
    },
    /// A record does not follow from the one before it.
    #[error("the chain of gateway {chain} is broken at record {seq}")]
    Broken {
        /// Whose chain.
        chain: String,
        /// The first record that does not follow, or that is missing.
        seq: u64,
    },
    /// The chain has been longer, or other, than it is: the database was damaged, or an old copy of it was put back.
    #[error(
        "the chain ends at record {found}, and {path} says that it had come to {noted}; remove that file only if an older copy of the database was put back on purpose"
    )]
    Rewound {
        /// The file that says where it ended.
        path: PathBuf,
        /// The last record that was written; 0: the file is not readable.
        noted: u64,
        /// The last that is there.
        found: u64,
    },
    /// The writing thread could not be started.
    #[error("the writing thread could not be started")]
    Thread {
        /// The operating system's cause.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The queue stayed full for as long as a caller waits.
    #[error("the store is busy")]
    Busy,
    /// The group's transaction failed; nothing of it happened.
    #[error("the transaction failed")]
    Transaction {
        /// SQLite's cause.
        #[source]
        source: Arc<rusqlite::Error>,
    },
    /// A read or the work inside a transaction failed.
    #[error("a statement failed")]
    Statement {
        /// SQLite's cause.
        #[source]
        source: Arc<rusqlite::Error>,
    },
    /// What is stored does not read as what was stored.
    #[error("a stored record is damaged: {what}")]
    Damaged {
        /// Which kind of record.
        what: &'static str,
    },
    /// The work panicked; nothing of it happened.
    #[error("the work panicked")]
    Panicked,
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}

impl Error {
    /// A statement's failure.
    pub fn statement(source: rusqlite::Error) -> Self {
        Self::Statement { source: Arc::new(source) }
    }

    /// A statement's failure at a server.
    pub(super) fn server(source: tokio_postgres::Error) -> Self {
        Self::Server { source: Arc::new(source) }
    }

    /// The error and its causes.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(next) = cause {
            text.push_str(": ");
            text.push_str(&next.to_string());
            cause = next.source();
        }
        text
    }

    pub(super) fn transaction(source: rusqlite::Error) -> Self {
        Self::Transaction { source: Arc::new(source) }
    }
}
