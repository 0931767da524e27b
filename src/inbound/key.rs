//! What makes a repeat of a request the same request.

use smallvec::SmallVec;

use crate::crypto::Digest;
use crate::member::MemberId;

/// An opaque key for `idempotency-key`, there 64 hexadecimal digits: the same for the same request of the same member.
///
/// A digest, because message ids and key values may be anything, long, or a citizen's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key(Digest);

impl Key {
    /// Of a message id, which its sender never uses twice.
    pub(super) fn of_message(member: &MemberId, message_id: &str) -> Self {
        Self::of(&["message", member.as_str(), message_id])
    }

    /// Of the values that the binding's `key` names, for a message without id.
    pub(super) fn of_values(member: &MemberId, partner: &str, operation: &str, values: &str) -> Self {
        Self::of(&["values", member.as_str(), partner, operation, values])
    }

    /// The key as bytes.
    pub(super) fn digest(self) -> Digest {
        self.0
    }

    fn of(parts: &[&str]) -> Self {
        let parts: SmallVec<[&[u8]; 8]> = parts.iter().map(|part| part.as_bytes()).collect();
        Self(digest_of(&parts))
    }
}

/// The digest of a request's content: what a repeat by the same key must be, too.
pub(super) fn content(partner: &str, operation: &str, wire: &[u8]) -> Digest {
    digest_of(&[partner.as_bytes(), operation.as_bytes(), wire])
}

/// Every part with its length before it, so that no two lists of parts read the same.
pub(super) fn digest_of(parts: &[&[u8]]) -> Digest {
    let mut digest = Digest::start();
    for part in parts {
        digest.update(&(part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finish()
}
