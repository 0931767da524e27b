//! `lienthong evidence prune` and `rotate`: how long messages are kept, and by which key they are sealed.

use std::path::PathBuf;
use std::process::ExitCode;

use super::Cause;
use super::select::{record, time};
use super::verify::{clear_progress, progress};
use crate::app::prune_all;
use crate::clock::{Clock, UnixMillis};
use crate::crypto::sealed::Keys;
use crate::evidence::head;
use crate::store::error::Error;
use crate::store::ledger::Ledger;

/// Take away messages that were kept long enough.
///
/// A gateway does so by itself while it serves, by keep_days or level of `[evidence]`; this is for a store that nobody
/// writes now, and for taking away sooner. What checkpoints do not state yet stays, and so do the checkpoints: what is
/// left is proven as before.
#[derive(Debug, clap::Args)]
pub(super) struct PruneArgs {
    /// Before when: 2026-11-26, in Vietnam's time, or 2026-11-26T08:00:00Z; by the settings where left out.
    #[arg(long, value_name = "TIME", value_parser = time)]
    before: Option<UnixMillis>,
    /// The gateway's settings.
    #[arg(long, value_name = "FILE", default_value = "lienthong.toml")]
    config: PathBuf,
}

/// Make a new key that seals messages from now on; the keys before it go on opening what they sealed.
///
/// A gateway that serves takes it within the time between two checkpoints. Keep a copy of the file elsewhere.
#[derive(Debug, clap::Args)]
pub(super) struct RotateArgs {
    /// The gateway's settings.
    #[arg(long, value_name = "FILE", default_value = "lienthong.toml")]
    config: PathBuf,
}

pub(super) async fn prune(args: &PruneArgs) -> Result<ExitCode, Cause> {
    let record = record(&args.config)?;
    let now = Clock::System.now();
    let by_settings = UnixMillis(now.0.saturating_sub(record.evidence.keep_ms));
    let before = args.before.unwrap_or(by_settings);
    // Repeats are answered from the record.
    let latest = UnixMillis(now.0.saturating_sub(record.keep_ms));
    if before > latest {
        return Err(format!("answers are kept for repeats: nothing after {} may be taken away", head::time(latest)));
    }
    let failed = |error: Error| match error {
        Error::InUse { .. } => "a gateway writes this store, and takes old messages away by itself".to_owned(),
        error => format!("the store cannot be written: {}", error.chain()),
    };
    let ledger = Ledger::open(&record.store, &record.name).await.map_err(failed)?;
    let pruned = prune_all(&ledger, before, now, progress).await.map_err(failed)?;
    clear_progress();
    println!("{pruned} messages from before {} were taken away", head::time(before));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn rotate(args: &RotateArgs) -> Result<ExitCode, Cause> {
    let path = record(&args.config)?.evidence.keys;
    let number = Keys::add(&path).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    println!("key {number} seals from now on: keep a copy of {} elsewhere", path.display());
    Ok(ExitCode::SUCCESS)
}
