//! What the gateway must not forget: marks that are set once, slots that are filled once, and a chain of records.
//!
//! * A **mark** is a key until a time: whoever sets it first is told so, everyone after until then that it was set.
//! * A **slot** is a key with the digest of what it is for. It is opened before work begins and filled with the outcome
//!   of the work. What was opened and never filled (the process died) is open to the next who asks, for the same digest.
//! * A **record** is a message with a head that says what it is. Records are in the order in which they were committed,
//!   each with a link that is made of the one before it and of its own head: none can be changed, taken out, put in or
//!   moved without breaking all links after it. A chain is one gateway's.
//! * A **checkpoint** is a signed statement about the chain so far; the records before it may be taken away.
//! * Keys are digests: 32 bytes that say nothing. What bodies mean, and how they are sealed, is their owner's.
//! * Marks and slots past their time are forgotten as new ones come, a few for each: no table grows beyond what holds,
//!   and nobody waits for a sweep.
//!
//! Two databases keep it, and behave alike: SQLite, one file for one gateway, and PostgreSQL for several at once. In what
//! several share, a slot that one of them has opened is held for the others, until it is filled or its holder must be dead.

mod head;
pub mod piece;
mod postgres;
pub mod reader;
mod sqlite;
#[cfg(test)]
mod tests;
mod tree;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use self::piece::{Piece, Told};
use self::reader::Reader;
use self::writer::{Backend, Queued};
use super::error::Error;
use super::postgres::address::Server;

/// Where a ledger is kept.
#[derive(Debug, Clone)]
pub enum Address {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL database, whose tables are there.
    Postgres(Server),
}

/// What became of the tables of a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migrated {
    /// The file is brought to the newest version whenever it is opened.
    ByItself,
    /// From one version to another, or the same; 0: there were no tables.
    FromTo(usize, usize),
}

/// An open ledger. A clone is the same one; when the last is dropped, what is queued is finished.
#[derive(Debug, Clone)]
pub struct Ledger {
    address: Address,
    chain: String,
    queue: mpsc::Sender<Queued>,
    room: Arc<Semaphore>,
    broken: watch::Receiver<Option<Error>>,
    _thread: Arc<Thread>,
}

/// A piece that was queued.
#[derive(Debug)]
#[must_use = "it is known to be kept when this says so"]
pub struct Pending(oneshot::Receiver<Result<Told, Error>>);

impl Ledger {
    /// Opens or creates a ledger, whose records go to this chain.
    ///
    /// Errors: among others, that another process writes this chain, or that it does not end where it ended.
    pub async fn open(address: &Address, chain: &str) -> Result<Self, Error> {
        let (queue, receiver) = mpsc::channel(QUEUE_MAX);
        let (broken, seen) = watch::channel(None);
        let name = chain.to_owned();
        let thread = match address.clone() {
            Address::File(file) => start(async move || sqlite::Sqlite::open(&file, &name), receiver, broken).await?,
            Address::Postgres(server) => {
                start(async move || postgres::Postgres::open(&server, &name).await, receiver, broken).await?
            }
        };
        Ok(Self {
            address: address.clone(),
            chain: chain.to_owned(),
            queue,
            room: Arc::new(Semaphore::new(ROOM_BYTES / 1024)),
            broken: seen,
            _thread: Arc::new(thread),
        })
    }

    /// Whose records these are.
    pub fn chain(&self) -> &str {
        &self.chain
    }

    /// Queues a piece; durable when what this returns says so.
    pub async fn queue(&self, piece: Piece) -> Result<Pending, Error> {
        let kib = u32::try_from(piece.bytes() / 1024 + 1).unwrap_or(u32::MAX).min((ROOM_BYTES / 1024) as u32);
        let (caller, answer) = oneshot::channel();
        let queue = async {
            let room = self.room.clone().acquire_many_owned(kib).await.map_err(|_| Error::Closed)?;
            self.queue.send(Queued { piece, caller, _room: room }).await.map_err(|_| Error::Closed)
        };
        tokio::time::timeout(WAIT_MAX, queue).await.unwrap_or(Err(Error::Busy))?;
        Ok(Pending(answer))
    }

    /// Does a piece; durable when this answers.
    ///
    /// Cancel-safety: once queued, it is done whether or not the caller still waits.
    pub async fn commit(&self, piece: Piece) -> Result<Told, Error> {
        self.queue(piece).await?.told().await
    }

    /// What reads it.
    pub async fn reader(&self) -> Result<Reader, Error> {
        Reader::open(&self.address).await
    }

    /// Resolves when the chain is found broken: nothing is written any more.
    pub async fn broken(&self) -> Error {
        let mut broken = self.broken.clone();
        match broken.wait_for(Option::is_some).await {
            Ok(error) => error.clone().unwrap_or(Error::Closed),
            Err(_) => std::future::pending().await,
        }
    }
}

impl Pending {
    /// What became of it.
    ///
    /// [`Error::Busy`]: that is not known after a long time; it may still happen.
    pub async fn told(self) -> Result<Told, Error> {
        match tokio::time::timeout(WAIT_MAX, self.0).await {
            Ok(told) => told.unwrap_or(Err(Error::Closed)),
            Err(_) => Err(Error::Busy),
        }
    }
}

/// Makes the tables of a ledger, or brings them to the newest version.
pub async fn migrate(address: &Address) -> Result<Migrated, Error> {
    match address {
        Address::File(_) => Ok(Migrated::ByItself),
        Address::Postgres(server) => {
            postgres::schema::SCHEMA.migrate(server).await.map(|(from, to)| Migrated::FromTo(from, to))
        }
    }
}

/// Starts the thread that opens a backend and writes by it; it is open when this returns.
async fn start<B: Backend>(
    open: impl AsyncFnOnce() -> Result<B, Error> + Send + 'static,
    queue: mpsc::Receiver<Queued>,
    broken: watch::Sender<Option<Error>>,
) -> Result<Thread, Error> {
    let failed = |source| Error::Thread { source: Arc::new(source) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let (caller, opened) = oneshot::channel();
    let run = async move || {
        let backend = tokio::time::timeout(OPEN_TIME_MAX, open()).await.unwrap_or(Err(Error::Busy));
        // Whoever asked may have gone: then there is nobody in the queue either.
        match backend {
            Ok(backend) => {
                drop(caller.send(Ok(())));
                writer::run(backend, queue, broken).await;
            }
            Err(error) => drop(caller.send(Err(error))),
        }
    };
    let thread = std::thread::Builder::new().name("ledger".to_owned()).spawn(move || runtime.block_on(run()));
    let thread = Thread(Some(thread.map_err(failed)?));
    opened.await.unwrap_or(Err(Error::Closed))?;
    Ok(thread)
}

/// Pieces waiting for the writer.
const QUEUE_MAX: usize = 1024;
/// Bytes that they may bring together; one that is larger waits until it is alone.
const ROOM_BYTES: usize = 64 << 20;
/// How long a caller waits for a place in the queue, and then for the commit.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// How long a database may take to be opened, its last records proven.
const OPEN_TIME_MAX: Duration = Duration::from_secs(30);

/// The writing thread; joined when the last handle goes.
#[derive(Debug)]
struct Thread(Option<JoinHandle<()>>);

impl Drop for Thread {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            // A panic of the writer has been seen by those who waited for it; there is nobody left to tell.
            let _ = thread.join().is_ok();
        }
    }
}
