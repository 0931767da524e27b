//! What makes a repeat of a request the same request.

use crate::crypto::Digest;
use crate::member::MemberId;

/// An opaque key for `idempotency-key`: 64 hexadecimal digits, the same for the same request of the same member.
///
/// A digest, because message ids and key values may be anything, long, or a citizen's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key(String);

impl Key {
    /// Of a message id, which its sender never uses twice.
    pub(super) fn of_message(member: &MemberId, message_id: &str) -> Self {
        Self::of(&["message", member.as_str(), message_id])
    }

    /// Of the values that the binding's `key` names, for a message without id.
    pub(super) fn of_values(member: &MemberId, partner: &str, operation: &str, values: &str) -> Self {
        Self::of(&["values", member.as_str(), partner, operation, values])
    }

    /// The key as a text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Every part with its length before it, so that no two lists of parts read the same.
    fn of(parts: &[&str]) -> Self {
        let mut bytes = Vec::with_capacity(256);
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        Self(Digest::of(&bytes).to_string())
    }
}
