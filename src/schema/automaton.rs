//! Content models read child by child: a deterministic automaton with counters.
//!
//! Skeleton: signatures fixed, see the room's owner.

use super::model::{Leaf, NamespaceId};

/// A compiled content model.
#[derive(Debug)]
pub struct Automaton {
    _private: (),
}

/// Where a reader stands in an [`Automaton`].
#[derive(Debug, Clone)]
pub struct Run {
    _private: (),
}

impl Automaton {
    /// Before the first child.
    pub fn start(&self) -> Run {
        todo!()
    }

    /// Takes one child element; `None` leaves the run unchanged: the element is not allowed here.
    /// `namespace` is `None` for a namespace that the schema does not name (only wildcards match it).
    pub fn step(&self, run: &mut Run, namespace: Option<NamespaceId>, local: &str) -> Option<Leaf> {
        let _ = (run, namespace, local);
        todo!()
    }

    /// Whether the children so far are a complete content.
    pub fn is_complete(&self, run: &Run) -> bool {
        let _ = run;
        todo!()
    }

    /// What could come next: for messages to people.
    pub fn expected(&self, run: &Run) -> Vec<Leaf> {
        let _ = run;
        todo!()
    }
}
