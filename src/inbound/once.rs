//! An operation that has an effect has it once: its repeats get the first answer.
//!
//! ```text
//! turn ──▶ enter ──▶ call ──▶ close ──▶ answer      a repeat: turn ──▶ enter ──▶ the recorded outcome
//! ```
//! * One at a time for a key: a repeat that comes while the first is under way waits for it.
//! * The slot is opened, durably, before the service is called, and filled before anything is answered. A process that
//!   dies in between leaves it open: the repeat is sent on with the same `idempotency-key`, by which the service knows it.
//! * What the service decided is recorded, refusals too. What it did not decide (unavailable, a deadline, its own error)
//!   is not: the repeat asks again.
//! * The same id with other content is a conflict, whatever became of the first.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

use crate::crypto::Digest;
use crate::fault::Fault;
use crate::fault::code::Code;
use crate::grpc::Failure;

/// Calls under way, one at a time for a key.
#[derive(Debug, Default)]
pub(super) struct Turns {
    under_way: Arc<Mutex<HashMap<Digest, Arc<Notify>>>>,
}

/// What a service said to a call.
pub(super) type Said = Result<Bytes, Failure>;

/// A key is held by one call at a time; given back when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    key: Digest,
    under_way: Arc<Mutex<HashMap<Digest, Arc<Notify>>>>,
}

/// What is to be done about a call whose turn it is.
#[derive(Debug)]
pub(super) enum Told {
    /// It is to be made.
    Call,
    /// This was said before.
    Repeat(Said),
}

impl Turns {
    /// Waits until no other call with this key is under way, for `patience` at most.
    pub(super) async fn turn(&self, key: Digest, patience: Duration) -> Result<Turn, Fault> {
        let turn = async {
            loop {
                let waits = match self.calls().entry(key) {
                    Entry::Vacant(place) => {
                        place.insert(Arc::default());
                        return Turn { key, under_way: self.under_way.clone() };
                    }
                    // Registered before the lock is given back, so that no end is missed.
                    Entry::Occupied(first) => first.get().clone().notified_owned(),
                };
                waits.await;
            }
        };
        tokio::time::timeout(patience, turn).await.map_err(|_| Fault::new(Code::Timeout))
    }

    fn calls(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Arc<Notify>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// What it is a turn of.
    pub(super) fn key(&self) -> Digest {
        self.key
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let ended = self.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
        ended.iter().for_each(|ended| ended.notify_waiters());
    }
}

/// Whether the service has judged the request, so that it would judge it so again.
///
/// INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, FAILED_PRECONDITION, OUT_OF_RANGE (gRPC's
/// `statuscodes.md`).
pub(super) fn is_decided(failure: &Failure) -> bool {
    matches!(failure.status, 3 | 5 | 6 | 7 | 9 | 11)
}

/// ```text
/// 0, message                                                       an answer, protobuf
/// 1, status i32, length of reason u32, reason, message             a refusal; numbers big-endian
/// ```
pub(super) fn written(said: &Said) -> Vec<u8> {
    match said {
        Ok(wire) => [&[ANSWER], &**wire].concat(),
        Err(Failure { status, reason, message, .. }) => {
            let length = u32::try_from(reason.len()).unwrap_or(u32::MAX);
            let head = [&[REFUSAL][..], &status.to_be_bytes(), &length.to_be_bytes()].concat();
            [&head, reason.as_bytes(), message.as_bytes()].concat()
        }
    }
}

pub(super) fn read(outcome: &[u8]) -> Option<Said> {
    let (&kind, rest) = outcome.split_first()?;
    match kind {
        ANSWER => Some(Ok(Bytes::copy_from_slice(rest))),
        REFUSAL => {
            let (status, rest) = rest.split_first_chunk()?;
            let (length, rest) = rest.split_first_chunk()?;
            let (reason, message) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
            let (reason, message) = (text(reason)?, text(message)?);
            Some(Err(Failure { status: i32::from_be_bytes(*status), reason, message, cause: String::new() }))
        }
        _ => None,
    }
}

const ANSWER: u8 = 0;
const REFUSAL: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_read_as_it_was_written() {
        let failure = Failure {
            status: 9,
            reason: "ILLEGAL_TRANSITION".to_owned(),
            message: "Hồ sơ đã trả kết quả".to_owned(),
            cause: String::new(),
        };
        let parts = |said: Said| said.map_err(|failure| (failure.status, failure.reason, failure.message));
        for said in [Ok(Bytes::from_static(b"\x0a\x01x")), Ok(Bytes::new()), Err(failure)] {
            let outcome = written(&said);
            assert_eq!(read(&outcome).map(parts), Some(parts(said)));
        }
        for damaged in [&[][..], &[7], &[1, 0, 0, 0, 9], &[1, 0, 0, 0, 9, 0, 0, 0, 5, b'x']] {
            assert!(read(damaged).is_none(), "{damaged:?}");
        }
    }

    #[tokio::test]
    async fn a_repeat_waits_for_the_first() {
        let once = Turns::default();
        let key = Digest([1; 32]);
        let first = once.turn(key, Duration::from_secs(60)).await.expect("nobody before");
        once.turn(key, Duration::ZERO).await.expect_err("one at a time");
        let other = once.turn(Digest([2; 32]), Duration::ZERO).await;
        assert!(other.is_ok(), "another key");
        let (second, ()) = tokio::join!(once.turn(key, Duration::from_secs(60)), async {
            tokio::task::yield_now().await;
            drop(first);
        });
        second.expect("its turn has come");
    }
}
