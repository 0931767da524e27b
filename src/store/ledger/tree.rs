//! The hash tree of the stretch of a chain that will be cut next.

use crate::crypto::Digest;
use crate::crypto::merkle::Growing;

/// Grows as records come.
#[derive(Clone, Default)]
pub(super) struct Tree {
    /// The record before it.
    after: u64,
    /// Up to the last record; `None`: it is to be made of what is stored.
    growing: Option<Growing>,
}

impl Tree {
    /// One more record, by the digest of its head.
    pub(super) fn push(&mut self, head: Digest) {
        if let Some(growing) = &mut self.growing {
            growing.push(head);
        }
    }

    /// The tree from after a record up to the last, which is `end`; the next one begins there.
    ///
    /// `None`: it is to be made of what is stored.
    pub(super) fn cut(&mut self, after: u64, end: u64) -> Option<Growing> {
        let cut = self.growing.take().filter(|_| self.after == after);
        *self = Self { after: end, growing: Some(Growing::default()) };
        cut
    }
}
