//! The writing thread: many pieces of work, one transaction, one fsync.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::error::Error;

/// A piece of work on its way to the writer.
pub(super) trait Work: Send {
    /// Runs inside the group's transaction. `Ok(true)` keeps what was written, `Ok(false)` takes it back.
    fn run(&mut self, connection: &Connection) -> Result<bool, Error>;
    /// Tells the caller, once: its own result, or the error that undid it.
    fn settle(self: Box<Self>, undone: Option<Error>);
}

/// Work made of a closure and the caller who waits for it.
pub(super) struct Piece<T, E, F> {
    state: State<T, E, F>,
    caller: oneshot::Sender<Result<T, E>>,
}

enum State<T, E, F> {
    Waiting(F),
    Running,
    Done(Result<T, E>),
}

impl<T, E, F> Piece<T, E, F> {
    pub(super) fn new(work: F, caller: oneshot::Sender<Result<T, E>>) -> Self {
        Self { state: State::Waiting(work), caller }
    }
}

impl<T, E, F> Work for Piece<T, E, F>
where
    T: Send,
    E: From<Error> + Send,
    F: FnOnce(&Connection) -> Result<T, E> + Send,
{
    fn run(&mut self, connection: &Connection) -> Result<bool, Error> {
        let State::Waiting(work) = std::mem::replace(&mut self.state, State::Running) else {
            return Ok(false);
        };
        // The connection is left between two statements and the savepoint is taken back, so no broken state remains.
        let result = catch_unwind(AssertUnwindSafe(|| work(connection))).map_err(|_| Error::Panicked)?;
        let keep = result.is_ok();
        self.state = State::Done(result);
        Ok(keep)
    }

    fn settle(self: Box<Self>, undone: Option<Error>) {
        let result = match (undone, self.state) {
            (Some(error), _) => Err(E::from(error)),
            (None, State::Done(result)) => result,
            (None, State::Waiting(_) | State::Running) => Err(E::from(Error::Closed)),
        };
        // The caller may have gone; its write stands, as a repeat by the same key will find.
        let _ = self.caller.send(result);
    }
}

/// Takes work until all senders are gone; what is queued by then is still done.
pub(super) fn run(connection: &Connection, mut queue: mpsc::Receiver<Box<dyn Work>>) {
    while let Some(first) = queue.blocking_recv() {
        commit_group(connection, first, &mut queue);
    }
}

fn commit_group(connection: &Connection, first: Box<dyn Work>, queue: &mut mpsc::Receiver<Box<dyn Work>>) {
    let mut ran: Vec<(Box<dyn Work>, Option<Error>)> = Vec::new();
    let mut next = Some(first);
    let mut outcome = connection.execute_batch("BEGIN IMMEDIATE").map_err(Error::transaction);
    while let Some(mut work) = next.take() {
        let own = match outcome {
            Ok(()) => run_one(connection, work.as_mut(), &mut outcome),
            Err(_) => None,
        };
        ran.push((work, own));
        if outcome.is_ok() && ran.len() < GROUP_MAX {
            next = queue.try_recv().ok();
        }
    }
    let outcome = outcome.and_then(|()| connection.execute_batch("COMMIT").map_err(Error::transaction));
    if outcome.is_err() && !connection.is_autocommit() {
        // Nothing more can be done about a rollback that fails: the next BEGIN fails too, and its group is told.
        let _: rusqlite::Result<()> = connection.execute_batch("ROLLBACK");
    }
    if let Err(error) = &outcome {
        tracing::error!(pieces = ran.len(), cause = %error.chain(), "a group of writes failed; nothing of it happened");
    }
    for (work, own) in ran {
        work.settle(outcome.as_ref().err().cloned().or(own));
    }
}

/// Runs one piece in its savepoint. Returns the error that is its alone; `group` turns `Err` when the transaction is
/// lost for all.
fn run_one(connection: &Connection, work: &mut dyn Work, group: &mut Result<(), Error>) -> Option<Error> {
    if let Err(error) = connection.execute_batch("SAVEPOINT piece") {
        *group = Err(Error::transaction(error));
        return None;
    }
    let kept = work.run(connection);
    // SQLite rolls the whole transaction back by itself on some errors (disk full, I/O): the pieces before are gone
    // too, and anything run now would commit by itself.
    if connection.is_autocommit() {
        *group = Err(kept.err().unwrap_or_else(|| Error::transaction(lost())));
        return None;
    }
    let end = if matches!(kept, Ok(true)) { "RELEASE piece" } else { "ROLLBACK TO piece; RELEASE piece" };
    if let Err(error) = connection.execute_batch(end) {
        *group = Err(Error::transaction(error));
    }
    kept.err()
}

fn lost() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(
        rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT),
        Some("SQLite rolled the transaction back".to_owned()),
    )
}

/// Pieces in one commit: beyond this one fsync costs nothing per piece, and callers would only wait longer.
const GROUP_MAX: usize = 128;
