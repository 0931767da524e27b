//! Durable storage: SQLite opened safely, one writer that commits in groups, a few readers.
//!
//! Promise: when [`Store::write`] answers `Ok`, what it wrote survives `kill -9` and power loss.
//!
//! * One thread owns the only writing connection. It takes work from a bounded queue, runs each piece in a savepoint
//!   of its own and commits many pieces with one fsync (WAL, `synchronous=FULL`).
//! * Nobody is answered before the commit. A piece that refuses leaves nothing behind, and it too is answered after
//!   the commit: what it read may be another piece's write of the same group.
//! * Fail closed: when the commit fails, or SQLite gives the transaction up in between, every piece of the group
//!   gets the error and none of them has happened.
//! * Readers see committed state only, each call one snapshot.
//!
//! The room knows nothing about tables: its user brings the schema as migration steps, and the work as closures.
//! Foreign keys must be immediate (SQLite's default): a deferred one would fail its whole group at the commit.

pub mod connection;
pub mod error;
mod group;
pub mod ledger;
pub mod postgres;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use self::connection::Schema;
use self::error::Error;
use self::group::{Piece, Work};

/// An open database. Dropping it finishes what is queued and waits for the writing thread, unless a piece of work
/// held the last handle: then the thread ends by itself.
#[derive(Debug)]
pub struct Store {
    queue: Option<mpsc::Sender<Box<dyn Work>>>,
    writer: Option<JoinHandle<()>>,
    readers: Arc<Mutex<Vec<Connection>>>,
    reading: Arc<Semaphore>,
}

impl Store {
    /// Opens or creates the database at `path` and migrates it to the newest version of `schema`.
    pub fn open(path: &Path, schema: &Schema) -> Result<Self, Error> {
        let writing = connection::writing(path, schema)?;
        let readers = (0..READERS).map(|_| connection::reading(path)).collect::<Result<Vec<_>, _>>()?;
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let writer = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || group::run(&writing, receiver))
            .map_err(|source| Error::Thread { source: Arc::new(source) })?;
        Ok(Self {
            queue: Some(sender),
            writer: Some(writer),
            readers: Arc::new(Mutex::new(readers)),
            reading: Arc::new(Semaphore::new(READERS)),
        })
    }

    /// Runs `work` inside the next group's transaction and answers once that is on disk.
    ///
    /// `Ok` keeps what `work` wrote; `Err` takes it back. `work` runs on the writing thread, one piece at a time:
    /// it must not block on anything but its connection.
    ///
    /// Cancel-safety: once queued, the work is done whether or not the caller still waits.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or(Error::Closed)?;
        match tokio::time::timeout(QUEUE_WAIT_MAX, queue.send(Box::new(Piece::new(work, caller)))).await {
            Ok(Ok(())) => answer.await.unwrap_or_else(|_| Err(E::from(Error::Closed))),
            Ok(Err(_)) => Err(E::from(Error::Closed)),
            Err(_) => Err(E::from(Error::Busy)),
        }
    }

    /// Runs `work` on one snapshot of what is committed.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let Ok(acquired) = tokio::time::timeout(QUEUE_WAIT_MAX, self.reading.clone().acquire_owned()).await else {
            return Err(E::from(Error::Busy));
        };
        let permit = acquired.map_err(|_| Error::Closed)?;
        let lent = Lent::take(&self.readers, permit).ok_or(Error::Closed)?;
        let task = tokio::task::spawn_blocking(move || {
            let transaction = lent.connection().unchecked_transaction().map_err(Error::statement)?;
            let result = work(&transaction);
            transaction.finish().map_err(Error::statement)?;
            result
        });
        task.await.unwrap_or_else(|_| Err(E::from(Error::Panicked)))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        drop(self.queue.take());
        let writer = self.writer.take().filter(|writer| writer.thread().id() != std::thread::current().id());
        if let Some(writer) = writer {
            // A panic of the writer was its pieces' to report; there is nobody left to tell.
            let _ = writer.join().is_ok();
        }
    }
}

/// A reading connection that finds its way back, also after a panic.
struct Lent {
    connection: Option<Connection>,
    home: Arc<Mutex<Vec<Connection>>>,
    // Freed after `drop` has brought the connection home: whoever gets the permit finds a connection.
    _permit: OwnedSemaphorePermit,
}

impl Lent {
    fn take(home: &Arc<Mutex<Vec<Connection>>>, permit: OwnedSemaphorePermit) -> Option<Self> {
        let connection = home.lock().unwrap_or_else(PoisonError::into_inner).pop();
        connection.map(|connection| Self { connection: Some(connection), home: home.clone(), _permit: permit })
    }

    fn connection(&self) -> &Connection {
        self.connection.as_ref().expect("taken only by drop")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.home.lock().unwrap_or_else(PoisonError::into_inner).extend(self.connection.take());
    }
}

/// Pieces of work waiting for the writer.
const QUEUE_MAX: usize = 1024;
/// How long a caller waits for a place in the queue or for a reader.
const QUEUE_WAIT_MAX: Duration = Duration::from_secs(5);
/// Reading connections.
const READERS: usize = 4;
