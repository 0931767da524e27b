//! What proves a chain: its records one after the other, and what checkpoints state of them.
//!
//! Who has no key of the gateway can change nothing unseen: links follow from heads, and a checkpoint signs the link. Who
//! computes all links anew after a change is seen at the next checkpoint, and then the stretch before it is named.

use std::fmt;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::checkpoint::{Statement, digest_of, is_signed_by};
use super::head::{Parsed, time};
use crate::clock::UnixMillis;
use crate::crypto::Digest;
use crate::crypto::certificate::Certificate;
use crate::crypto::merkle::Growing;
use crate::crypto::sealed::{Keys, Unopened};
use crate::pki::{Trust, Untrusted, Usage};
use crate::store::ledger::piece::{Checkpoint, Position};
use crate::tsp;

/// Who is believed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Believed<'b> {
    /// Who vouches for the keys that sign checkpoints; `None`: any certificate is believed.
    pub signers: Option<&'b Trust>,
    /// Who vouches for time-stamps; `None`: they are not looked at.
    pub stamps: Option<&'b Trust>,
}

/// A record's place in its chain, without what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// From 1.
    pub seq: u64,
    /// SHA-256 of its head.
    pub head: Digest,
    /// As it is kept.
    pub link: Digest,
}

/// A message as it is given.
#[derive(Debug, Clone, Copy)]
pub enum Message<'m> {
    /// As it is kept, with the keys that may open it.
    Sealed(&'m [u8], &'m Keys),
    /// As it was sent or received.
    Plain(&'m [u8]),
}

/// One thing that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// What.
    pub what: What,
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A record by its number.
    Record(u64),
    /// One of these records: from, to.
    Records(u64, u64),
    /// A checkpoint by its number.
    Checkpoint(u64),
    /// What repeats are known by.
    Slot(Digest),
    /// What replays are known by.
    Mark(Digest),
    /// A file of an export.
    File(String),
    /// The database, or the export, itself.
    Whole,
}

/// What is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum What {
    /// Its head gives another link than the one that all after it follow from.
    #[error("was changed")]
    Changed,
    /// Its number is not there.
    #[error("is missing")]
    Missing,
    /// What comes after it follows from the record before it.
    #[error("was inserted")]
    Inserted,
    /// It followed from the record that now stands after it.
    #[error("has changed places with the record after it")]
    Reordered,
    /// None of the above tells why.
    #[error("does not follow from what stands before it: something was changed, removed, inserted or reordered here")]
    Unlinked,
    /// They follow from each other, but a checkpoint signs another link.
    #[error("were changed, removed, inserted or reordered: checkpoint {checkpoint} states something else")]
    NotAsStated {
        /// The checkpoint's number.
        checkpoint: u64,
    },
    /// Its head cannot be read.
    #[error("has a head that cannot be read")]
    Head,
    /// It is kept with another time than its head says.
    #[error("is kept with another time than its head says")]
    Time,
    /// The message is not the one that the head has the digest of.
    #[error("has a message that is not the one of its head")]
    Message,
    /// The message, or an outcome, does not open.
    #[error("does not open: {0}")]
    Sealed(#[from] Unopened),
    /// The text of a checkpoint cannot be read, or is not what is kept beside it.
    #[error("says something else than what is kept beside it")]
    Statement,
    /// It does not state the checkpoint before it.
    #[error("does not follow from the checkpoint before it")]
    Previous,
    /// Its signature is not that of its certificate's key.
    #[error("is not signed by the key of its certificate")]
    Signature,
    /// Its signer is not trusted.
    #[error("is signed by somebody who is not trusted: {0}")]
    Signer(#[from] Untrusted),
    /// Its time-stamp does not prove it.
    #[error("has a time-stamp that proves nothing: {0}")]
    Stamp(String),
    /// A row that is not as it was written.
    #[error("is damaged: {0}")]
    Damaged(String),
}

/// What was proven, and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Whose chain.
    pub chain: String,
    /// Records whose place in the chain was looked at: first and last of each stretch.
    pub stretches: Vec<(u64, u64)>,
    /// Records, checkpoints, of them with a time-stamp that was verified, messages that were opened and are as their
    /// heads say.
    pub records: u64,
    /// See `records`.
    pub checkpoints: u64,
    /// See `records`.
    pub stamps: u64,
    /// See `records`.
    pub messages: u64,
    /// The last record that a checkpoint states.
    pub stated: u64,
    /// The last record that a time-stamped checkpoint states, and the time by its authority's clock.
    pub stamped: Option<(u64, UnixMillis)>,
    /// Subjects and public keys (SHA-256) of those who signed.
    pub signers: Vec<(String, Digest)>,
    /// What is not as it was written, in the order in which it was found; at most [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
}

/// Proves a chain, or stretches of one.
#[derive(Debug)]
pub struct Prover<'b> {
    believed: Believed<'b>,
    /// Up to where it was looked at; the link is the one that is kept there.
    at: Position,
    /// What the last checkpoint stated.
    stated: Option<Statement>,
    previous: Option<Digest>,
    tree: Growing,
    /// The record before the first of `tree`.
    tree_after: u64,
    report: Report,
}

impl<'b> Prover<'b> {
    /// Begins with the record after `start`. A start that nobody has signed is believed until the next checkpoint.
    pub fn new(chain: &str, start: Position, believed: Believed<'b>) -> Self {
        Self {
            believed,
            at: start,
            stated: None,
            previous: None,
            tree: Growing::default(),
            tree_after: start.seq,
            report: Report { chain: chain.to_owned(), ..Report::default() },
        }
    }

    /// Whose chain it is.
    pub fn chain(&self) -> &str {
        &self.report.chain
    }

    /// Up to where records were looked at.
    pub fn at(&self) -> u64 {
        self.at.seq
    }

    /// What was found so far.
    pub fn findings(&self) -> &[Finding] {
        &self.report.findings
    }

    /// Goes on after `start`, in an export of some of a chain's records: those that checkpoint `number` is about.
    pub fn begin(&mut self, start: Position, number: u64) {
        let before = match &self.stated {
            Some(before) if before.number + 1 == number => Some(Position { seq: before.last, link: before.link }),
            None if number == 1 => Some(Position::start(&self.report.chain)),
            _ => None,
        };
        // Where the first of them were taken away, the checkpoint's link alone proves the rest.
        if before.is_some_and(|before| before.seq == start.seq && before.link != start.link) {
            self.found(Place::Record(start.seq + 1), What::Unlinked);
        }
        (self.at, self.tree, self.tree_after) = (start, Growing::default(), start.seq);
    }

    /// Some more records, up to `last`; by those after it, it can better be said what happened.
    pub fn entries(&mut self, entries: &[Entry], last: u64) {
        for (index, entry) in entries.iter().enumerate().take_while(|(_, entry)| entry.seq <= last) {
            if entry.seq != self.at.seq + 1 {
                self.found(Place::Record(self.at.seq + 1), What::Missing);
            } else if self.at.after_digest(entry.head).link != entry.link {
                let what = why(self.at.link, &entries[index..]);
                self.found(Place::Record(entry.seq), what);
            }
            match self.report.stretches.last_mut() {
                Some((_, last)) if *last == self.at.seq && entry.seq == *last + 1 => *last = entry.seq,
                _ => self.report.stretches.push((entry.seq, entry.seq)),
            }
            // What follows is judged by itself.
            self.at = Position { seq: entry.seq, link: entry.link };
            self.tree.push(entry.head);
            self.report.records += 1;
        }
    }

    /// What a record says; `at`: the time that it is kept with.
    pub fn head(&mut self, seq: u64, head: &[u8], at: Option<UnixMillis>) -> Option<Parsed> {
        let parsed = Parsed::of(head);
        match &parsed {
            None => self.found(Place::Record(seq), What::Head),
            Some(parsed) if at.is_some_and(|at| parsed.field("at") != Some(&time(at))) => {
                self.found(Place::Record(seq), What::Time);
            }
            Some(_) => {}
        }
        parsed
    }

    /// The message of a record, beside its head.
    pub fn message(&mut self, seq: u64, head: &[u8], parsed: &Parsed, message: Message<'_>) {
        let opened = match message {
            Message::Plain(bytes) => Ok(Digest::of(bytes)),
            Message::Sealed(bytes, keys) => super::body(keys, head, bytes).map(|bytes| Digest::of(&bytes)),
        };
        match opened {
            Ok(digest) if digest == parsed.body => self.report.messages += 1,
            Ok(_) => self.found(Place::Record(seq), What::Message),
            Err(error) => self.found(Place::Record(seq), error.into()),
        }
    }

    /// A checkpoint. `given`: the records that it is about were, from where this began.
    pub fn checkpoint(&mut self, checkpoint: &Checkpoint, given: bool) {
        let place = Place::Checkpoint(checkpoint.number);
        self.report.checkpoints += 1;
        let Some(statement) = self.stated_by(checkpoint) else {
            self.previous = Some(Digest::of(&checkpoint.text));
            return self.found(place, What::Statement);
        };
        let expected = match (&self.stated, self.previous) {
            (Some(before), Some(digest)) if before.number + 1 == statement.number => Some((digest, before.last + 1)),
            (None, None) if statement.number == 1 => Some((digest_of(None), 1)),
            _ => None,
        };
        if expected.is_some_and(|expected| expected != (statement.previous, statement.first)) {
            self.found(place.clone(), What::Previous);
        }
        let Checkpoint { text, signature, certificates, at, .. } = checkpoint;
        self.signed(place, Signed { text, signature, certificates, at: *at });
        if given {
            self.chain_of(checkpoint, &statement);
        }
        self.stamp(checkpoint);
        self.report.stated = statement.last;
        (self.previous, self.stated) = (Some(Digest::of(&checkpoint.text)), Some(statement));
    }

    /// A number that a checkpoint should have.
    pub fn missing_checkpoint(&mut self, number: u64) {
        self.found(Place::Checkpoint(number), What::Missing);
    }

    /// Something that is wrong beside the chain.
    pub fn found(&mut self, place: Place, what: What) {
        if self.report.findings.len() < FINDINGS_MAX {
            self.report.findings.push(Finding { place, what });
        }
    }

    /// What was proven.
    pub fn end(self) -> Report {
        self.report
    }

    fn stated_by(&self, checkpoint: &Checkpoint) -> Option<Statement> {
        let statement = Statement::of(&checkpoint.text)?;
        let kept = (checkpoint.number, checkpoint.last, checkpoint.link, time(checkpoint.at));
        let is_same = kept == (statement.number, statement.last, statement.link, statement.at.clone())
            && statement.chain == self.report.chain
            && statement.certificates == Digest::of(&checkpoint.certificates);
        is_same.then_some(statement)
    }

    /// A text and its signature; who signed it is noted, or what is wrong is found at `place`.
    pub(super) fn signed(&mut self, place: Place, signed: Signed<'_>) {
        match signed.signer(self.believed.signers) {
            Err(what) => self.found(place, what),
            Ok(signer) if !self.report.signers.contains(&signer) && self.report.signers.len() < SIGNERS_MAX => {
                self.report.signers.push(signer);
            }
            Ok(_) => {}
        }
    }

    /// Whether records that were given are those that are stated.
    fn chain_of(&mut self, checkpoint: &Checkpoint, statement: &Statement) {
        let Statement { number, first, last, .. } = *statement;
        if self.at.seq < last {
            self.found(Place::Record(self.at.seq + 1), What::Missing);
        } else if self.at.seq == last {
            let is_whole = self.tree_after + 1 == first;
            let is_root = !is_whole || self.tree.root() == statement.root;
            if self.at.link != checkpoint.link || !is_root {
                let from = first.max(self.tree_after + 1).min(last);
                self.found(Place::Records(from, last), What::NotAsStated { checkpoint: number });
                self.at.link = checkpoint.link;
            }
        }
        self.tree = Growing::default();
        self.tree_after = self.at.seq;
    }

    fn stamp(&mut self, checkpoint: &Checkpoint) {
        let Some(trust) = self.believed.stamps.filter(|_| !checkpoint.stamp.is_empty()) else { return };
        match tsp::verify(&checkpoint.stamp, Digest::of(&checkpoint.signature), None, trust) {
            Ok(stamp) => {
                self.report.stamps += 1;
                self.report.stamped = Some((checkpoint.last, stamp.time));
            }
            Err(error) => {
                self.found(Place::Checkpoint(checkpoint.number), What::Stamp(error.to_string()));
            }
        }
    }
}

/// A text, its signature, and the certificates of who made it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signed<'s> {
    pub(super) text: &'s [u8],
    pub(super) signature: &'s [u8],
    /// PEM, leaf first.
    pub(super) certificates: &'s [u8],
    /// When it was signed, by what the text says.
    pub(super) at: UnixMillis,
}

impl Signed<'_> {
    /// Subject and public key of who signed it.
    fn signer(&self, trust: Option<&Trust>) -> Result<(String, Digest), What> {
        let chain: Result<Vec<CertificateDer<'_>>, _> = CertificateDer::pem_slice_iter(self.certificates).collect();
        let chain = chain.map_err(|_| What::Signature)?;
        let leaf = chain.first().filter(|leaf| is_signed_by(leaf, self.text, self.signature));
        let certificate = leaf.and_then(|leaf| Certificate::from_der(leaf)).ok_or(What::Signature)?;
        trust.map_or(Ok(()), |trust| trust.check_past(&chain, Usage::Signature, self.at))?;
        Ok((certificate.subject, certificate.spki))
    }
}

/// Why the first of some records does not follow from `link`, by what comes after it.
fn why(link: Digest, entries: &[Entry]) -> What {
    let follows = |link: Digest, entry: &Entry| Position { seq: 0, link }.after_digest(entry.head).link == entry.link;
    match entries {
        // The next one goes on from what should stand before it.
        [first, second, ..] if follows(link, second) => match follows(second.link, first) {
            true => What::Reordered,
            false => What::Inserted,
        },
        [first, second, ..] if follows(first.link, second) => What::Changed,
        [_] => What::Changed,
        _ => What::Unlinked,
    }
}

impl Report {
    /// Whether all is as it was written.
    pub fn is_good(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.what)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(seq) => write!(f, "record {seq}"),
            Self::Records(first, last) if first == last => write!(f, "record {first}: records"),
            Self::Records(first, last) => write!(f, "records {first} to {last}"),
            Self::Checkpoint(number) => write!(f, "checkpoint {number}"),
            Self::Slot(key) => write!(f, "what repeats are known by ({key})"),
            Self::Mark(key) => write!(f, "what replays are known by ({key})"),
            Self::File(name) => f.write_str(name),
            Self::Whole => f.write_str("this as a whole"),
        }
    }
}

/// Findings of one report: beyond it something is wrong altogether.
pub const FINDINGS_MAX: usize = 100;
/// Signers that are named.
const SIGNERS_MAX: usize = 16;
