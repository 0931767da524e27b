//! Signs the chain of evidence every so often, and takes away what has been kept long enough.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, UnixMillis};
use crate::config::watch::Watch;
use crate::crypto::sealed::Keys as SealingKeys;
use crate::evidence::checkpoint;
use crate::inbound::signed::Keys;
use crate::problem::Problems;
use crate::store::error::Error;
use crate::store::ledger::Ledger;
use crate::store::ledger::piece::{PRUNED_MAX, Piece, Prune};

/// What the task is made of.
pub(super) struct Sealer {
    pub(super) ledger: Ledger,
    pub(super) keys: Arc<ArcSwap<Keys>>,
    pub(super) clock: Clock,
    pub(super) every: Duration,
    /// How long records are kept.
    pub(super) keep_ms: i64,
    /// What seals messages, and the file it was read from.
    pub(super) sealing: Arc<ArcSwap<SealingKeys>>,
    pub(super) keys_file: PathBuf,
    pub(super) keys_seen: Watch,
}

impl Sealer {
    /// Works until `stopping`, and once more then.
    pub(super) async fn run(mut self, stopping: CancellationToken) {
        let mut ticks = interval_at(Instant::now() + self.every, self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let goes_on = stopping.run_until_cancelled(ticks.tick()).await.is_some();
            if let Err(error) = self.seal().await {
                tracing::error!(cause = %error.chain(), "the chain of evidence was not signed");
            }
            if !goes_on {
                return;
            }
            self.reload();
            if let Err(error) = self.prune().await {
                tracing::error!(cause = %error.chain(), "old evidence was not taken away");
            }
        }
    }

    /// One checkpoint, where there is something new.
    async fn seal(&self) -> Result<(), Error> {
        let keys = self.keys.load_full();
        let Some(signer) = &keys.signer else {
            tracing::warn!("no key signs the chain of evidence: name an RSA, P-256 or P-384 key in [signature]");
            return Ok(());
        };
        let previous = self.ledger.reader().await?.last_checkpoint(self.ledger.chain()).await?;
        let last = previous.as_ref().map_or(0, |checkpoint| checkpoint.last);
        let now = self.clock.now();
        let told = self.ledger.commit(Piece { at: now, cut: Some(last), ..Piece::default() }).await?;
        let Some(cut) = told.cut.filter(|cut| cut.end.seq > last) else { return Ok(()) };
        match checkpoint::make(self.ledger.chain(), cut, previous.as_ref(), signer.identity(), now) {
            Ok(made) => {
                self.ledger.commit(Piece { at: now, checkpoint: Some(made), ..Piece::default() }).await.map(drop)
            }
            Err(error) => {
                tracing::error!(%error, "the key that signs the chain of evidence failed");
                Ok(())
            }
        }
    }

    /// Takes away what is older than it is kept, a little at a time.
    async fn prune(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let old = UnixMillis(now.0.saturating_sub(self.keep_ms));
        prune(&self.ledger, old, now, PRUNES_MAX, |_| {}).await.map(drop)
    }

    /// Takes keys that were exchanged.
    fn reload(&mut self) {
        if !self.keys_seen.has_changed(std::slice::from_ref(&self.keys_file)) {
            return;
        }
        let mut problems = Problems::new();
        match SealingKeys::load(&self.keys_file, &mut problems).filter(|_| !problems.has_errors()) {
            Some(keys) => self.sealing.store(Arc::new(keys)),
            None => tracing::error!(%problems, "the keys of kept messages cannot be read: the old ones are used on"),
        }
    }
}

/// Takes away all records from before a time that checkpoints state; how many. `progress` is told how many so far.
pub async fn prune_all(
    ledger: &Ledger,
    before: UnixMillis,
    now: UnixMillis,
    progress: impl FnMut(u64),
) -> Result<u64, Error> {
    prune(ledger, before, now, u32::MAX, progress).await
}

async fn prune(
    ledger: &Ledger,
    before: UnixMillis,
    now: UnixMillis,
    pieces_max: u32,
    mut progress: impl FnMut(u64),
) -> Result<u64, Error> {
    let reader = ledger.reader().await?;
    let mut pruned = 0;
    for _ in 0..pieces_max {
        let records = reader.older_than(ledger.chain(), before, PRUNED_MAX as u32).await?;
        let Some(&last) = records.last() else { break };
        let piece = Piece { at: now, prune: Some(Prune { last }), ..Piece::default() };
        let taken = ledger.commit(piece).await?.pruned as u64;
        if taken == 0 {
            break;
        }
        pruned += taken;
        progress(pruned);
    }
    Ok(pruned)
}

/// Pieces in which records are taken away at each turn.
const PRUNES_MAX: u32 = 64;
