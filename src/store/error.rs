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
    /// The file is a database, but another program's.
    #[error("{path} is the database of another program")]
    Foreign {
        /// The database file.
        path: PathBuf,
    },
    /// A newer release has migrated the database; going back would lose what only that release understands.
    #[error("{path} has schema version {found}, this release knows {known}")]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Version in the file.
        found: usize,
        /// Newest version of this release.
        known: usize,
    },
    /// The file system does not support what durability needs (journal mode {mode} instead of WAL).
    #[error("{path} cannot be kept in WAL mode, SQLite offers {mode}")]
    Journal {
        /// The database file.
        path: PathBuf,
        /// The mode SQLite fell back to.
        mode: String,
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

    pub(super) fn transaction(source: rusqlite::Error) -> Self {
        Self::Transaction { source: Arc::new(source) }
    }
}
