//! The proof of a chain in its database.

use super::prove::{Believed, Entry, Message, Place, Prover, Report, What};
use crate::crypto::Digest;
use crate::crypto::sealed::Keys;
use crate::store::error::Error;
use crate::store::ledger::reader::{Part, Reader, Stored};

/// Proves one gateway's chain, and that what repeats and replays are known by is as it was written.
///
/// Input:  the keys of its messages; `None`: they are not opened. `progress` is told how many records were proven.
/// Errors: the database cannot be read. What is read and wrong is in the report.
pub async fn prove(
    reader: &Reader,
    chain: &str,
    keys: Option<&Keys>,
    believed: Believed<'_>,
    mut progress: impl FnMut(u64),
) -> Result<Report, Error> {
    let start = reader.start(chain).await?;
    let mut prover = Prover::new(chain, start, believed);
    for damage in reader.integrity().await? {
        prover.found(Place::Whole, What::Damaged(damage));
    }
    let mut number = 0;
    loop {
        let checkpoints = reader.checkpoints(chain, number, CHECKPOINTS).await?;
        for checkpoint in &checkpoints {
            number += 1;
            if checkpoint.number != number {
                prover.missing_checkpoint(number);
                number = checkpoint.number;
            }
            records(reader, &mut prover, Some(checkpoint.last), keys, &mut progress).await?;
            prover.checkpoint(checkpoint, true);
        }
        if checkpoints.is_empty() {
            break;
        }
    }
    records(reader, &mut prover, None, keys, &mut progress).await?;
    slots(reader, &mut prover, start.seq, keys).await?;
    marks(reader, &mut prover).await?;
    Ok(prover.end())
}

/// The records up to one, or up to the last.
async fn records(
    reader: &Reader,
    prover: &mut Prover<'_>,
    last: Option<u64>,
    keys: Option<&Keys>,
    progress: &mut impl FnMut(u64),
) -> Result<(), Error> {
    let part = if keys.is_some() { Part::Whole } else { Part::Heads };
    while last.is_none_or(|last| prover.at() < last) {
        let chain = prover.chain().to_owned();
        let last = last.unwrap_or(u64::MAX);
        // Two more: what happened to the last is told by what comes after it.
        let wanted = u32::try_from(last.saturating_sub(prover.at())).unwrap_or(u32::MAX).saturating_add(2);
        let records = reader.records(&chain, prover.at(), RECORDS.min(wanted), part).await?;
        let entries: Vec<Entry> = records.iter().map(entry).collect();
        if entries.first().is_none_or(|entry| entry.seq > last) {
            return Ok(());
        }
        prover.entries(&entries, last);
        for record in records.iter().filter(|record| record.seq <= last) {
            let Some(parsed) = prover.head(record.seq, &record.head, Some(record.at)) else { continue };
            if let Some(keys) = keys {
                prover.message(record.seq, &record.head, &parsed, Message::Sealed(&record.body, keys));
            }
        }
        progress(prover.at());
    }
    Ok(())
}

/// A record's place.
pub fn entry(record: &Stored) -> Entry {
    Entry { seq: record.seq, head: Digest::of(&record.head), link: record.link }
}

/// `pruned`: the last record that was taken away, with what it filled.
async fn slots(reader: &Reader, prover: &mut Prover<'_>, pruned: u64, keys: Option<&Keys>) -> Result<(), Error> {
    let mut after = Digest::default();
    loop {
        let slots = reader.slots(after, RECORDS).await?;
        let Some(last) = slots.last() else { return Ok(()) };
        after = last.key;
        for slot in &slots {
            let damage = match (&slot.record, &slot.outcome) {
                _ if !slot.is_whole => Some("it is not as it was opened".to_owned()),
                (None, _) => None,
                (Some(record), _) if record.unsigned_abs() <= pruned => None,
                (Some(record), None) => Some(format!("record {record} has no outcome for it")),
                (Some(record), Some(outcome)) => keys
                    .and_then(|keys| super::open_outcome(keys, slot.key, outcome).err())
                    .map(|error| format!("the outcome in record {record} does not open: {error}")),
            };
            if let Some(damage) = damage {
                prover.found(Place::Slot(slot.key), What::Damaged(damage));
            }
        }
    }
}

async fn marks(reader: &Reader, prover: &mut Prover<'_>) -> Result<(), Error> {
    let mut after = Digest::default();
    loop {
        let marks = reader.marks(after, RECORDS).await?;
        let Some(&(last, _)) = marks.last() else { return Ok(()) };
        after = last;
        for (key, _) in marks.into_iter().filter(|(_, is_whole)| !is_whole) {
            prover.found(Place::Mark(key), What::Damaged("it is not as it was set".to_owned()));
        }
    }
}

/// Records and checkpoints that are read at once.
const RECORDS: u32 = 500;
const CHECKPOINTS: u32 = 500;
