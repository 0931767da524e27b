//! Evidence: what was said, as it was said, in a chain that shows every change.
//!
//! ```text
//! message ──▶ body: sealed (AES-256-GCM) ─┐
//!        └──▶ head: who, what, when, SHA-256 of the message ──▶ link = SHA-256(link before, SHA-256(head))
//!                                                                 └─▶ checkpoint: signed, time-stamped
//! ```
//! * A [`head`] is text that people read, `name: value` by line, and openssl digests.
//! * A [`checkpoint`] states up to where a chain goes and its link there. Who has one can be shown no other chain.
//! * [`stored`] proves a chain in its database; it needs the keys of the bodies for nothing but the bodies.
//! * An [`export`] is some of a chain as a file, which [`exported`] proves, or anybody with openssl.
//!
//! What a message means is not known here: its writer says what it is about.

pub mod checkpoint;
mod container;
pub mod export;
pub mod exported;
pub mod head;
pub mod prove;
pub mod stored;

use crate::clock::UnixMillis;
use crate::crypto::Digest;
use crate::crypto::sealed::{Keys, Unopened};
use crate::store::ledger::piece::Record;

/// A message as a record: sealed, with its head.
pub fn record(keys: &Keys, head: Vec<u8>, body: Vec<u8>, at: UnixMillis) -> Record {
    Record { body: keys.seal(&head, body), head, outcome: None, at }
}

/// The message of a record.
pub fn body(keys: &Keys, head: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
    keys.open(head, sealed)
}

/// What fills a slot, sealed for it alone.
pub fn seal_outcome(keys: &Keys, slot: Digest, outcome: Vec<u8>) -> Vec<u8> {
    keys.seal(&slot.0, outcome)
}

/// What a slot was filled with.
pub fn open_outcome(keys: &Keys, slot: Digest, sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
    keys.open(&slot.0, sealed)
}
