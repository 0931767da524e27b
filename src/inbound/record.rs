//! The record of an exchange: its messages as received and as sent, and what became of what has an effect.
//!
//! ```text
//! a question:            queue the request ──▶ call ──▶ the answer, and wait for both
//! what has an effect:    the request, its slot and its signature's mark, and wait ──▶ call ──▶ the answer and the outcome
//! refused before a call: the request and the fault, together
//! ```
//! * Nothing is answered that is not in the record. What cannot be recorded is refused.
//! * A request that has an effect is in the record before the service is called.
//! * Bodies are sealed before they are queued: what waits is ciphertext.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;

use super::answer::Sent;
use super::entry::Entry;
use super::once::{Said, Told, Turn, Turns, is_decided, read, written};
use super::signed::Seal;
use super::steps::Wanted;
use crate::clock::{Clock, UnixMillis};
use crate::crypto::sealed::Keys;
use crate::crypto::{Digest, hex};
use crate::evidence::head::{Head, Part};
use crate::evidence::{open_outcome, record, seal_outcome};
use crate::fault::Fault;
use crate::fault::code::Code;
use crate::store::error::Error;
use crate::store::ledger::piece::{Ask, Piece, Record, Slot};
use crate::store::ledger::{Ledger, Pending};

/// Where exchanges are recorded.
#[derive(Debug)]
pub struct Records {
    ledger: Ledger,
    keys: Arc<ArcSwap<Keys>>,
    clock: Clock,
    keep_ms: i64,
    turns: Turns,
}

/// The record of one exchange, from its request to its answer.
#[derive(Debug)]
pub(super) struct Filing<'r> {
    records: &'r Records,
    exchange: String,
    /// Not in the ledger's queue yet.
    request: Option<Record>,
    /// In the queue, and not known to be kept.
    pending: Option<Pending>,
    /// Held until the answer is recorded.
    turn: Option<Turn>,
    /// What the slot is filled with.
    outcome: Option<Vec<u8>>,
    /// Whether the service may have done something.
    was_called: bool,
}

/// What a request's head says beside what its [`Entry`] knows.
#[derive(Debug)]
pub(super) struct Received<'r> {
    /// The whole body, with all its MIME parts.
    pub(super) body: Bytes,
    pub(super) media_type: &'r str,
    pub(super) soap_action: &'r str,
    /// SHA-256 of the public key of the certificate by which it came.
    pub(super) public_key: Digest,
    /// Codes of what it is about.
    pub(super) about: &'r [String],
}

impl Records {
    /// Records in a ledger. `keep_ms`: how long outcomes are kept for repeats, milliseconds.
    pub fn new(ledger: Ledger, keys: Arc<ArcSwap<Keys>>, clock: Clock, keep_ms: i64) -> Self {
        Self { ledger, keys, clock, keep_ms, turns: Turns::default() }
    }

    /// Begins the record of an exchange.
    pub(super) fn file(&self, entry: &Entry, received: Received<'_>) -> Filing<'_> {
        let at = self.clock.now();
        let exchange = hex(uuid::Uuid::new_v4().as_bytes());
        let public_key = received.public_key.to_string();
        let id = |member: &Option<crate::member::MemberId>| member.as_ref().map(|id| id.as_str().to_owned());
        let (member, via) = (id(&entry.member).unwrap_or_default(), id(&entry.via).unwrap_or_default());
        let fields = [
            ("direction", "inbound"),
            ("partner", &*entry.partner),
            ("operation", &*entry.operation),
            ("member", &*member),
            ("via", &*via),
            ("public-key-sha256", &*public_key),
            ("message-id", bounded(entry.message_id.as_deref().unwrap_or_default())),
            ("trace", entry.trace.id()),
            ("content-type", bounded(received.media_type)),
            ("soap-action", bounded(received.soap_action)),
        ];
        let head = Head { exchange: &exchange, part: Part::Request, at, fields: &fields, about: received.about };
        let request = record(&self.keys.load(), head.write(&received.body), received.body.into(), at);
        Filing {
            records: self,
            exchange,
            request: Some(request),
            pending: None,
            turn: None,
            outcome: None,
            was_called: false,
        }
    }
}

impl Filing<'_> {
    /// Enters the request; whether it is to be made.
    pub(super) async fn enter(
        &mut self,
        seal: Option<Seal>,
        wanted: Option<Wanted>,
        patience: Duration,
    ) -> Result<Told, Fault> {
        let started = tokio::time::Instant::now();
        if let Some(wanted) = wanted {
            self.turn = Some(self.records.turns.turn(wanted.key, patience).await?);
        }
        let now = self.records.clock.now();
        let request = self.request.take();
        let mut piece = Piece { at: now, records: request.into_iter().collect(), ..Piece::default() };
        piece.mark = seal.map(|seal| seal.mark(now));
        piece.slot = wanted.map(|wanted| self.ask(wanted, patience, now));
        let is_question = piece.mark.is_none() && piece.slot.is_none();
        // What cannot be remembered could be done twice: nothing has happened yet.
        let unavailable = |error: Error| Fault::new(Code::Unavailable).because(error);
        let pending = self.records.ledger.queue(piece).await.map_err(unavailable)?;
        if is_question {
            self.pending = Some(pending);
            self.was_called = false;
            return Ok(Told::Call);
        }
        let mut told = pending.told().await.map_err(unavailable)?;
        if !told.is_first {
            return Err(Fault::replayed());
        }
        while let (Some(Slot::Held), Some(wanted)) = (&told.slot, wanted) {
            // Another gateway is at it. Its end is not announced: asked for again and again, rarely.
            if started.elapsed() + HELD_PAUSE > patience {
                return Err(Fault::new(Code::Timeout));
            }
            tokio::time::sleep(HELD_PAUSE).await;
            let now = self.records.clock.now();
            let piece = Piece { at: now, slot: Some(self.ask(wanted, patience, now)), ..Piece::default() };
            told = self.records.ledger.commit(piece).await.map_err(unavailable)?;
        }
        match told.slot {
            None | Some(Slot::Open) => {
                self.was_called = self.turn.is_some();
                Ok(Told::Call)
            }
            Some(Slot::Taken) => Err(Fault::new(Code::IdConflict)),
            Some(Slot::Held) => Err(Fault::new(Code::Timeout)),
            Some(Slot::Filled(outcome)) => self.repeat(&outcome),
        }
    }

    fn ask(&self, wanted: Wanted, patience: Duration, now: UnixMillis) -> Ask {
        let later = |ms: i64| UnixMillis(now.0.saturating_add(ms));
        let held_ms = i64::try_from((patience + HELD_LONGER).as_millis()).unwrap_or(i64::MAX);
        Ask { key: wanted.key, content: wanted.content, until: later(self.records.keep_ms), held_until: later(held_ms) }
    }

    /// What was said before. The slot is not filled again.
    fn repeat(&mut self, sealed: &[u8]) -> Result<Told, Fault> {
        let key = self.turn.as_ref().map_or(Digest([0; 32]), Turn::key);
        let internal = |error: &'static str| Fault::new(Code::Internal).because(error);
        let outcome = open_outcome(&self.records.keys.load(), key, sealed);
        let outcome = outcome.map_err(|error| Fault::new(Code::Internal).because(error))?;
        read(&outcome).map(Told::Repeat).ok_or_else(|| internal("a recorded outcome is damaged"))
    }

    /// What the service said, for the repeats: kept where it has judged the request.
    pub(super) fn heard(&mut self, said: &Said) {
        if let Some(turn) = &self.turn
            && said.as_ref().err().is_none_or(is_decided)
        {
            self.outcome = Some(seal_outcome(&self.records.keys.load(), turn.key(), written(said)));
        }
    }

    /// Records the answer; it may be sent when this says so.
    pub(super) async fn close(mut self, sent: &Sent, code: &str, entry: &Entry, about: &[String]) -> Result<(), Fault> {
        let at = self.records.clock.now();
        let status = sent.status.as_u16().to_string();
        let fields = [
            ("direction", "inbound"),
            ("partner", &*entry.partner),
            ("operation", &*entry.operation),
            ("trace", entry.trace.id()),
            ("content-type", sent.content_type),
            ("status", &*status),
            ("code", code),
            ("repeated", if entry.repeated { "yes" } else { "" }),
        ];
        let head = Head { exchange: &self.exchange, part: Part::Answer, at, fields: &fields, about };
        let mut answer = record(&self.records.keys.load(), head.write(&sent.bytes), sent.bytes.to_vec(), at);
        answer.outcome = self.outcome.take();
        let fill = answer.outcome.as_ref().and(self.turn.as_ref()).map(Turn::key);
        let records = self.request.take().into_iter().chain([answer]).collect();
        let told = self.records.ledger.commit(Piece { at, records, fill, ..Piece::default() }).await;
        let told = match self.pending.take() {
            Some(pending) => pending.told().await.and(told),
            None => told,
        };
        // With an effect: it may have it, and the answer would not outlive us. The repeat will bring it.
        let code = if self.was_called { Code::Internal } else { Code::Unavailable };
        told.map(drop).map_err(|error| Fault::new(code).because(error))
    }
}

/// The first bytes of a value that may be of any length.
fn bounded(value: &str) -> &str {
    &value[..value.floor_char_boundary(VALUE_BYTES_MAX)]
}

/// How often another gateway's call is looked at.
const HELD_PAUSE: Duration = Duration::from_millis(100);
/// A gateway that has not filled its slot so long after its patience has ended is dead.
const HELD_LONGER: Duration = Duration::from_secs(5);
/// Longest value in a head.
const VALUE_BYTES_MAX: usize = 512;
