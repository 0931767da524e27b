//! Opening a SQLite file so that it keeps what it was given.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::error::Error;

/// What a user of the store keeps in it.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// SQLite's `application_id`: tells this program's files from others. Not 0.
    pub application_id: i32,
    /// Size of a new file's pages: a power of two from 512 to 65,536. A file keeps those it has.
    pub page_bytes: u32,
    /// SQL of each version, oldest first; the database's `user_version` is how many were applied. A step that was
    /// released is never changed.
    pub steps: &'static [&'static str],
}

/// Opens or creates `path` for writing and brings it to the newest version of `schema`.
pub(super) fn writing(path: &Path, schema: &Schema) -> Result<Connection, Error> {
    create_private(path)?;
    let open = |source| Error::Open { path: path.to_path_buf(), source: Arc::new(source) };
    let mut connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(open)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(open)?;
    check_owner(&connection, path, schema)?;
    connection.pragma_update(None, "page_size", schema.page_bytes).map_err(open)?;
    let mode: String = connection.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0)).map_err(open)?;
    if mode != "wal" {
        return Err(Error::Journal { path: path.to_path_buf(), mode });
    }
    connection
        .execute_batch(
            "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF;",
        )
        .map_err(open)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(open)?;
    connection.pragma_update(None, "journal_size_limit", JOURNAL_BYTES_KEPT).map_err(open)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    migrate(&mut connection, schema).map_err(open)?;
    Ok(connection)
}

/// Opens `path`, which [`writing`] has prepared, for reading only.
pub(super) fn reading(path: &Path) -> Result<Connection, Error> {
    let open = |source| Error::Open { path: path.to_path_buf(), source: Arc::new(source) };
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(open)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(open)?;
    connection.execute_batch("PRAGMA query_only=ON; PRAGMA trusted_schema=OFF;").map_err(open)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    Ok(connection)
}

// The file holds personal data. SQLite gives its -wal and -shm files the rights of the main file.
fn create_private(path: &Path) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map(drop).map_err(|source| Error::Create { path: path.to_path_buf(), source: Arc::new(source) })
}

fn check_owner(connection: &Connection, path: &Path, schema: &Schema) -> Result<(), Error> {
    let open = |source| Error::Open { path: path.to_path_buf(), source: Arc::new(source) };
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(open)?;
    let id = pragma("application_id").map_err(open)?;
    if id != i64::from(schema.application_id) && !(id == 0 && tables == 0) {
        return Err(Error::Foreign { place: path.display().to_string() });
    }
    let found = usize::try_from(pragma("user_version").map_err(open)?).unwrap_or(usize::MAX);
    let known = schema.steps.len();
    if found > known {
        return Err(Error::Newer { place: path.display().to_string(), found, known });
    }
    Ok(())
}

// Each step commits together with its version number, so an interrupted migration continues where it stopped.
fn migrate(connection: &mut Connection, schema: &Schema) -> rusqlite::Result<()> {
    for (index, step) in schema.steps.iter().enumerate() {
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let version: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if usize::try_from(version).unwrap_or(usize::MAX) > index {
            continue;
        }
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", i64::try_from(index + 1).unwrap_or(i64::MAX))?;
        transaction.pragma_update(None, "application_id", schema.application_id)?;
        transaction.commit()?;
    }
    Ok(())
}

/// How long a statement waits for another process (a backup) to let go of the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Pages kept in memory, KiB: what one commit changes. The operating system keeps the rest, for all processes.
const CACHE_KIB: i64 = 1024;
/// The write-ahead log is cut back to this after a checkpoint.
const JOURNAL_BYTES_KEPT: i64 = 64 << 20;
/// Prepared statements kept by each connection.
const STATEMENTS_CACHED: usize = 64;
