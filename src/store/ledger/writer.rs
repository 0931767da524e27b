//! The writing side of a ledger: a thread that takes what is queued and commits it in groups.
//!
//! * Nobody is answered before the commit. A group is one transaction: one wait for the disk for all of it.
//! * When a commit fails nobody of the group is told that anything happened. It may have (a server that went away between
//!   the commit and its answer): whoever asks again by the same keys is told.
//! * After a failure the backend is opened anew before it is asked again. While that fails everybody is refused at once:
//!   when the cause is gone the next one who asks finds it working.
//! * A chain that does not go on where it ended is broken: the ledger refuses everything from then on.

use std::future::Future;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::piece::{Piece, Told};
use crate::store::error::Error;

/// A database as the writer sees it.
pub(super) trait Backend: Send + 'static {
    /// Does the pieces in their order, in one transaction that is on disk when this answers; what became of each.
    fn commit(&mut self, group: &[Piece]) -> impl Future<Output = Result<Vec<Told>, Error>> + Send;

    /// Opens anew what failed.
    fn reopen(&mut self) -> impl Future<Output = Result<(), Error>> + Send;
}

/// A piece on its way, and who waits for it.
pub(super) struct Queued {
    pub(super) piece: Piece,
    pub(super) caller: oneshot::Sender<Result<Told, Error>>,
    /// Its share of the queue's bytes.
    pub(super) _room: tokio::sync::OwnedSemaphorePermit,
}

/// Takes work until all senders are gone; what is queued by then is still done.
pub(super) async fn run<B: Backend>(
    mut backend: B,
    mut queue: mpsc::Receiver<Queued>,
    broken: watch::Sender<Option<Error>>,
) {
    let mut queued: Vec<Queued> = Vec::with_capacity(GROUP_MAX);
    let mut is_open = true;
    while queue.recv_many(&mut queued, GROUP_MAX).await > 0 {
        let (pieces, waiting): (Vec<Piece>, Vec<_>) =
            queued.drain(..).map(|queued| (queued.piece, (queued.caller, queued._room))).unzip();
        let known = broken.borrow().clone();
        let said = match known {
            Some(error) => Err(error),
            None => attempt(&mut backend, &pieces, &mut is_open).await,
        };
        drop(pieces);
        if let Err(error @ Error::Broken { .. }) = &said {
            broken.send_replace(Some(error.clone()));
        }
        let mut told = said.map(Vec::into_iter);
        for (caller, _room) in waiting {
            // The caller may have gone; what it asked for stands.
            let _ = caller.send(match &mut told {
                Ok(told) => told.next().ok_or(Error::Closed),
                Err(error) => Err(error.clone()),
            });
        }
    }
}

async fn attempt<B: Backend>(backend: &mut B, pieces: &[Piece], is_open: &mut bool) -> Result<Vec<Told>, Error> {
    let work = async {
        if !std::mem::replace(is_open, false) {
            backend.reopen().await?;
            tracing::warn!("the ledger is open again");
        }
        backend.commit(pieces).await
    };
    let said = tokio::time::timeout(COMMIT_TIME_MAX, work).await.unwrap_or(Err(Error::Busy));
    match &said {
        Ok(_) => *is_open = true,
        Err(error) => {
            tracing::error!(pieces = pieces.len(), cause = %error.chain(), "a group of records was not written");
        }
    }
    said
}

/// Pieces in one commit: beyond this one wait for the disk costs nothing per piece, and callers would only wait longer.
const GROUP_MAX: usize = 128;
/// A database that has not committed by then is given up and opened anew.
const COMMIT_TIME_MAX: Duration = Duration::from_secs(8);
