//! What is asked of the ledger in one piece, and what it says.

use smallvec::SmallVec;

use crate::clock::UnixMillis;
use crate::crypto::Digest;

/// What happens together or not at all. Its parts are done in the order of the fields.
#[derive(Debug, Clone, Default)]
pub struct Piece {
    /// When it is asked for: what is past its time by then is forgotten.
    pub at: UnixMillis,
    /// A key that counts once. Where somebody has set it before, nothing else of the piece happens but its records.
    pub mark: Option<Mark>,
    /// A slot that is asked for, and opened where nobody has.
    pub slot: Option<Ask>,
    /// Messages for the chain, in order.
    pub records: SmallVec<[Record; 2]>,
    /// The key of a slot that was opened, which the last of the records fills.
    pub fill: Option<Digest>,
    /// Asks what the chain is after this record, and up to the last that is committed before this piece.
    pub cut: Option<u64>,
    /// What is said of the chain so far.
    pub checkpoint: Option<Checkpoint>,
    /// A time-stamp for a checkpoint that has none.
    pub stamp: Option<Stamp>,
    /// What is taken away.
    pub prune: Option<Prune>,
}

/// A key until a time.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// Says nothing by itself.
    pub key: Digest,
    /// When it may be forgotten.
    pub until: UnixMillis,
}

/// A slot that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// What it is found by.
    pub key: Digest,
    /// The digest of what it is for.
    pub content: Digest,
    /// When it may be forgotten.
    pub until: UnixMillis,
    /// Until when whoever opens it is believed to be at work.
    pub held_until: UnixMillis,
}

/// A message for the chain.
#[derive(Debug, Clone)]
pub struct Record {
    /// What is said of it in public, its body's digest too: the chain is made of this.
    pub head: Vec<u8>,
    /// The message, sealed.
    pub body: Vec<u8>,
    /// What a slot that it fills is filled with, sealed.
    pub outcome: Option<Vec<u8>>,
    /// When it was.
    pub at: UnixMillis,
}

/// A statement about the chain up to a record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// From 1, without gaps.
    pub number: u64,
    /// The last record that it is about, and the chain's link there.
    pub last: u64,
    /// See `last`.
    pub link: Digest,
    /// What is said.
    pub text: Vec<u8>,
    /// Of the text.
    pub signature: Vec<u8>,
    /// The signer's certificates, leaf first, PEM.
    pub certificates: Vec<u8>,
    /// The time-stamp of the signature, as its authority sent it; empty: there is none yet.
    pub stamp: Vec<u8>,
    /// When it was made.
    pub at: UnixMillis,
}

/// The time-stamp of a checkpoint.
#[derive(Debug, Clone)]
pub struct Stamp {
    /// Of the checkpoint.
    pub number: u64,
    /// As its authority sent it.
    pub bytes: Vec<u8>,
}

/// Records that are taken away; the checkpoints about them stay.
#[derive(Debug, Clone, Copy)]
pub struct Prune {
    /// The last of them. At most [`PRUNED_MAX`] go at once.
    pub last: u64,
}

/// What became of a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Whether its mark had not been set before; true where there was none.
    pub is_first: bool,
    /// Of the slot that it asked for; `None` where it asked for none, or its mark was not the first.
    pub slot: Option<Slot>,
    /// What it asked of the chain.
    pub cut: Option<Cut>,
    /// How many records its `prune` took away.
    pub pruned: usize,
}

/// A stretch of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Where it ends.
    pub end: Position,
    /// Over the digests of its heads, as a hash tree.
    pub root: Digest,
}

/// A slot when it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slot {
    /// The work is to be done.
    Open,
    /// The outcome of the work, sealed.
    Filled(Vec<u8>),
    /// Another gateway is at it.
    Held,
    /// It is for something else.
    Taken,
}

/// Where a chain stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// Of the last record; 0: there is none yet.
    pub seq: u64,
    /// Of the last record.
    pub link: Digest,
}

impl Position {
    /// Before the first record of a chain.
    pub fn start(chain: &str) -> Self {
        Self { seq: 0, link: Digest::of(chain.as_bytes()) }
    }

    /// After one more record: `link = SHA-256(link before it, SHA-256(head))`.
    #[must_use]
    pub fn after(self, head: &[u8]) -> Self {
        self.after_digest(Digest::of(head))
    }

    /// The same, by the head's digest.
    #[must_use]
    pub fn after_digest(self, head: Digest) -> Self {
        let mut link = [0; 64];
        link[..32].copy_from_slice(&self.link.0);
        link[32..].copy_from_slice(&head.0);
        Self { seq: self.seq + 1, link: Digest::of(&link) }
    }
}

impl Piece {
    /// Bytes that it brings.
    pub(super) fn bytes(&self) -> usize {
        self.records.iter().map(|record| record.body.len() + record.head.len()).sum()
    }
}

/// Records that one piece takes away at most: a commit stays short.
pub const PRUNED_MAX: u64 = 256;
