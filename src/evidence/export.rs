//! Exports: some messages of a chain, with all that a third party needs to check them.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::checkpoint::Statement;
use super::container::{CERTIFICATES, Writing};
use super::head::Parsed;
use super::stored::entry;
use crate::clock::UnixMillis;
use crate::crypto::Digest;
use crate::crypto::sealed::{Keys, Unopened};
use crate::pki::{Identity, SignError};
use crate::store;
use crate::store::ledger::piece::{Checkpoint, Position};
use crate::store::ledger::reader::{Part, Reader, Stored};

/// A message as it may be shown; `None` where nothing of it may.
pub type Mask<'o> = dyn Fn(&Parsed, &[u8]) -> Option<Vec<u8>> + 'o;

/// What is exported, and how.
pub struct Order<'o> {
    /// Whose chain.
    pub chain: &'o str,
    /// What opens its messages.
    pub keys: &'o Keys,
    /// Who signs the export.
    pub identity: &'o Identity,
    /// When.
    pub now: UnixMillis,
    /// Which records.
    pub wanted: &'o dyn Fn(&Stored, &Parsed) -> bool,
    /// How messages are shown; without it they are given whole.
    pub mask: Option<&'o Mask<'o>>,
}

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database cannot be read.
    #[error("the store cannot be read: {}", .0.chain())]
    Store(#[from] store::error::Error),
    /// The file cannot be written.
    #[error("the export cannot be written: {0}")]
    Write(#[from] io::Error),
    /// The key that signs it failed.
    #[error("the export cannot be signed: {0}")]
    Sign(#[from] SignError),
    /// A message cannot be opened.
    #[error("record {seq} does not open: {source}; `lienthong evidence verify` tells more")]
    Sealed {
        /// The record.
        seq: u64,
        /// Why.
        source: Unopened,
    },
    /// It would be too large.
    #[error("more than {RECORDS_MAX} records: narrow it by time, member or code")]
    TooMany,
}

/// What was exported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    /// Messages.
    pub records: u64,
    /// Checkpoints.
    pub checkpoints: u64,
    /// Records that are wanted and that no checkpoint states yet: they are not in it.
    pub unstated: u64,
}

/// Writes an export, at most [`RECORDS_MAX`] records; `progress` is told up to which record the chain was read.
pub async fn export<W: Write>(
    reader: &Reader,
    order: &Order<'_>,
    out: W,
    mut progress: impl FnMut(u64),
) -> Result<(Exported, W), Error> {
    let at_s = u64::try_from(order.now.0 / 1000).unwrap_or_default();
    let mut files = Writing::new(out, at_s);
    files.add("README.txt", PROCEDURE.as_bytes())?;
    let mut exported = Exported::default();
    let start = reader.start(order.chain).await?;
    let mut before: Option<(Checkpoint, bool)> = None;
    loop {
        let number = before.as_ref().map_or(0, |(checkpoint, _)| checkpoint.number);
        let page = reader.checkpoints(order.chain, number, CHECKPOINTS).await?;
        if page.is_empty() {
            break;
        }
        for checkpoint in page {
            let from = first_link(order.chain, start, before.as_ref().map(|(before, _)| before));
            let stretch = stretch(reader, order, from, checkpoint.last).await?;
            let is_wanted = !stretch.wanted.is_empty();
            if is_wanted {
                if let Some((before, false)) = &before {
                    add_checkpoint(&mut files, before)?;
                    exported.checkpoints += 1;
                }
                files.add(&name("chain", checkpoint.number, "txt"), stretch.text.as_bytes())?;
                add_checkpoint(&mut files, &checkpoint)?;
                exported.checkpoints += 1;
                exported.records += stretch.wanted.len() as u64;
                if exported.records > RECORDS_MAX {
                    return Err(Error::TooMany);
                }
                add_records(&mut files, reader, order, &stretch.wanted).await?;
            }
            progress(checkpoint.last);
            before = Some((checkpoint, is_wanted));
        }
    }
    let last = before.map_or(start.seq, |(checkpoint, _)| checkpoint.last);
    exported.unstated = unstated(reader, order, last).await?;
    files.add(CERTIFICATES, order.identity.chain_pem().as_bytes())?;
    let signature = order.identity.sign_der(files.sums().as_bytes())?;
    Ok((exported, files.end(&signature)?))
}

/// Where the records begin that a checkpoint is about, as far as they are there.
fn first_link(chain: &str, start: Position, before: Option<&Checkpoint>) -> Position {
    let before =
        before.map_or_else(|| Position::start(chain), |before| Position { seq: before.last, link: before.link });
    if before.seq < start.seq { start } else { before }
}

/// The records of one checkpoint.
struct Stretch {
    text: String,
    wanted: Vec<u64>,
}

async fn stretch(reader: &Reader, order: &Order<'_>, from: Position, last: u64) -> Result<Stretch, Error> {
    let mut stretch = Stretch { text: format!("start: {} {}\n", from.seq, from.link), wanted: Vec::new() };
    let mut at = from.seq;
    while at < last {
        let records = reader.records(order.chain, at, RECORDS, Part::Heads).await?;
        let records: Vec<Stored> = records.into_iter().filter(|record| record.seq <= last).collect();
        let Some(end) = records.last() else { break };
        at = end.seq;
        for record in &records {
            let entry = entry(record);
            _ = writeln!(stretch.text, "{} {} {}", entry.seq, entry.head, entry.link);
            if is_wanted(order, record) {
                stretch.wanted.push(record.seq);
            }
        }
    }
    Ok(stretch)
}

fn is_wanted(order: &Order<'_>, record: &Stored) -> bool {
    Parsed::of(&record.head).is_some_and(|parsed| (order.wanted)(record, &parsed))
}

async fn add_records<W: Write>(
    files: &mut Writing<W>,
    reader: &Reader,
    order: &Order<'_>,
    wanted: &[u64],
) -> Result<(), Error> {
    for &seq in wanted {
        let Some(record) = reader.records(order.chain, seq - 1, 1, Part::Whole).await?.pop() else { continue };
        files.add(&name("records", seq, "head"), &record.head)?;
        let opened = super::body(order.keys, &record.head, &record.body);
        let message = opened.map_err(|source| Error::Sealed { seq, source })?;
        let Some(mask) = order.mask else {
            files.add(&name("records", seq, "body"), &message)?;
            continue;
        };
        if let Some(masked) = Parsed::of(&record.head).and_then(|parsed| mask(&parsed, &message)) {
            files.add(&name("records", seq, "masked"), &masked)?;
        }
    }
    Ok(())
}

fn add_checkpoint<W: Write>(files: &mut Writing<W>, checkpoint: &Checkpoint) -> io::Result<()> {
    let Checkpoint { number, text, signature, certificates, stamp, .. } = checkpoint;
    files.add(&name("checkpoints", *number, "txt"), text)?;
    files.add(&name("checkpoints", *number, "sig"), signature)?;
    files.add(&name("checkpoints", *number, "pem"), certificates)?;
    match stamp.is_empty() {
        true => Ok(()),
        false => files.add(&name("checkpoints", *number, "tsr"), stamp),
    }
}

/// How many wanted records stand after the last checkpoint.
async fn unstated(reader: &Reader, order: &Order<'_>, last: u64) -> Result<u64, Error> {
    let mut wanted = 0;
    let mut at = last;
    loop {
        let records = reader.records(order.chain, at, RECORDS, Part::Heads).await?;
        let Some(end) = records.last() else { return Ok(wanted) };
        at = end.seq;
        wanted += records.iter().filter(|record| is_wanted(order, record)).count() as u64;
    }
}

/// `records/000000000012.head`.
fn name(folder: &str, number: u64, kind: &str) -> String {
    format!("{folder}/{number:012}.{kind}")
}

/// A checkpoint as its files tell it; `None` where its text is none.
pub(super) fn checkpoint_of(text: Vec<u8>, signature: Vec<u8>, certificates: Vec<u8>) -> Option<Checkpoint> {
    let Statement { number, last, link, at, .. } = Statement::of(&text)?;
    let at = at.parse::<jiff::Timestamp>().ok()?;
    let at = UnixMillis(at.as_millisecond());
    Some(Checkpoint { number, last, link, text, signature, certificates, stamp: Vec::new(), at })
}

/// Entries of a `chain/K.txt`, and where they begin.
pub(super) fn chain_of(text: &[u8]) -> Option<(Position, Vec<super::prove::Entry>)> {
    let mut lines = std::str::from_utf8(text).ok()?.lines();
    let (seq, link) = lines.next()?.strip_prefix("start: ")?.split_once(' ')?;
    let start = Position { seq: seq.parse().ok()?, link: Digest::from_hex(link)? };
    let entry = |line: &str| {
        let mut parts = line.split(' ');
        let seq = parts.next()?.parse().ok()?;
        let (head, link) = (Digest::from_hex(parts.next()?)?, Digest::from_hex(parts.next()?)?);
        parts.next().is_none().then_some(super::prove::Entry { seq, head, link })
    };
    Some((start, lines.map(entry).collect::<Option<_>>()?))
}

/// What a third party does with it.
const PROCEDURE: &str = include_str!("procedure.txt");
/// Records in one export.
pub const RECORDS_MAX: u64 = 200_000;
/// Read at once.
const RECORDS: u32 = 500;
const CHECKPOINTS: u32 = 500;
