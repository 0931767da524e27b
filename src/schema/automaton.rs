//! Content models read child by child: deterministic, with counters instead of copies.
//!
//! A compiled model is the particle tree laid flat. A [`Run`] is the path from the root to the particle that took the
//! last child, with how often each particle on it has occurred. A step looks from there for the particle that takes
//! the next child: first the same one again, then what follows it in its group, then what follows the group.
//! Unique Particle Attribution (part 1 §3.8.6), checked when the model is compiled, makes the first particle that fits
//! the only one, so nothing is ever taken back.
//!
//! * Costs: an occurrence bound is one number, whatever it is. A step is linear in the particles it passes over, and a
//!   sequence passes over each of them once in a message.
//! * `xs:all` keeps a bit for each member (at most [`ALL_MEMBERS_MAX`]).

use smallvec::SmallVec;

use crate::xml::chars::same_name;

use super::model::{Leaf, LeafTerm, NamespaceId, Particle, Schema, Wildcard, WildcardNamespaces};

/// A compiled content model.
#[derive(Debug)]
pub struct Automaton {
    /// The particle tree, children of one group side by side; the first is the root.
    particles: Vec<Node>,
    names: Vec<LeafName>,
}

/// Where a reader stands in an [`Automaton`].
#[derive(Debug, Clone)]
pub struct Run {
    frames: SmallVec<[Frame; 4]>,
}

/// One particle.
#[derive(Debug, Clone, Copy)]
struct Node {
    term: Term,
    min: u32,
    /// `u32::MAX` is unbounded.
    max: u32,
    /// Whether nothing may stand for it: `min` is 0 or its term can be empty.
    skippable: bool,
}

#[derive(Debug, Clone, Copy)]
enum Term {
    Leaf(Leaf),
    /// Range of children in `particles`.
    Sequence(u16, u16),
    Choice(u16, u16),
    All(u16, u16),
}

/// What a leaf takes.
#[derive(Debug)]
enum LeafName {
    Element(NamespaceId, Box<str>),
    Any(Wildcard),
}

/// One particle on the path to the last child taken.
#[derive(Debug, Clone, Copy)]
struct Frame {
    /// Index of the particle.
    particle: u16,
    /// How often it has occurred, the present occurrence included.
    times: u32,
    /// Members of an `xs:all` that the present occurrence of this particle has had.
    seen: u64,
}

/// What [`Automaton::follow`] found.
enum Next {
    Taken(Leaf),
    /// A particle that must come first is missing.
    Refused,
    /// Not seen yet.
    Elsewhere,
}

/// Members that one `xs:all` may have.
pub const ALL_MEMBERS_MAX: usize = 64;

impl Automaton {
    /// Lays a particle tree flat. `None` where it has more than 65,535 particles.
    pub(super) fn compile(particle: &Particle, leaves: &[LeafTerm], schema: &Schema) -> Option<Self> {
        let names = leaves.iter().map(|leaf| match leaf {
            LeafTerm::Element(id) => {
                let name = &schema.element_of(*id).name;
                LeafName::Element(name.namespace, name.local.clone())
            }
            LeafTerm::Any(wildcard) => LeafName::Any(wildcard.clone()),
        });
        let mut automaton = Self { particles: Vec::new(), names: names.collect() };
        automaton.particles.push(Node { term: Term::Sequence(0, 0), min: 1, max: 1, skippable: true });
        automaton.fill(0, particle)?;
        Some(automaton)
    }

    /// Before the first child.
    pub fn start(&self) -> Run {
        Run { frames: SmallVec::new() }
    }

    /// Takes one child element; `None` leaves the run unchanged: the element is not allowed here.
    /// `namespace` is `None` for a namespace that the schema does not name (only wildcards match it).
    #[inline]
    pub fn step(&self, run: &mut Run, namespace: Option<NamespaceId>, local: &str) -> Option<Leaf> {
        let wanted = Wanted { namespace, local };
        let Some(last) = run.frames.last().copied() else {
            return self.enter(&mut run.frames, 0, &wanted);
        };
        match self.follow(&mut run.frames, last, &wanted) {
            Next::Taken(leaf) => Some(leaf),
            Next::Refused => None,
            Next::Elsewhere => self.search(run, &wanted),
        }
    }

    /// Whether the children so far are a complete content.
    pub fn is_complete(&self, run: &Run) -> bool {
        if run.frames.is_empty() {
            return self.particles[0].skippable;
        }
        (0..run.frames.len()).rev().all(|depth| self.may_leave(run, depth))
    }

    /// What could come next, in schema order: for messages to people.
    pub fn expected(&self, run: &Run) -> Vec<Leaf> {
        let mut found = Vec::new();
        if run.frames.is_empty() {
            self.first(0, &mut found);
            return found;
        }
        for depth in (0..run.frames.len()).rev() {
            let frame = run.frames[depth];
            let node = self.particles[frame.particle as usize];
            if frame.times < node.max {
                self.first(frame.particle, &mut found);
            }
            if frame.times < node.min && !self.term_is_empty(frame.particle) {
                break;
            }
            if depth > 0 && !self.first_of_followers(run, depth, &mut found) {
                break;
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The most common steps: the last element again, or one that follows it in the same sequence.
    #[inline]
    fn follow(&self, frames: &mut [Frame], last: Frame, wanted: &Wanted<'_>) -> Next {
        let node = self.particles[last.particle as usize];
        let [.., parent, own] = frames else { return Next::Elsewhere };
        if let Term::Leaf(leaf) = node.term
            && last.times < node.max
            && self.takes(leaf, wanted)
        {
            own.times += 1;
            return Next::Taken(leaf);
        }
        let Term::Sequence(_, end) = self.particles[parent.particle as usize].term else { return Next::Elsewhere };
        if last.times < node.min {
            return Next::Elsewhere;
        }
        for next in last.particle + 1..end {
            let node = self.particles[next as usize];
            let Term::Leaf(leaf) = node.term else { return Next::Elsewhere };
            if self.takes(leaf, wanted) {
                *own = Frame { particle: next, times: 1, seen: 0 };
                return Next::Taken(leaf);
            }
            if !node.skippable {
                return Next::Refused;
            }
        }
        Next::Elsewhere
    }

    /// Looks outward from the last child's particle for the one that takes the next.
    fn search(&self, run: &mut Run, wanted: &Wanted<'_>) -> Option<Leaf> {
        for depth in (0..run.frames.len()).rev() {
            let frame = run.frames[depth];
            let node = self.particles[frame.particle as usize];
            // Again: a member of an `xs:all` occurs once only, its bit is set.
            if frame.times < node.max {
                let mut inner = SmallVec::new();
                if let Some(leaf) = self.enter_term(&mut inner, frame.particle, wanted) {
                    run.frames.truncate(depth + 1);
                    run.frames[depth] = Frame { times: frame.times + 1, seen: 0, ..frame };
                    self.adopt(run, depth, inner);
                    return Some(leaf);
                }
            }
            if frame.times < node.min && !self.term_is_empty(frame.particle) {
                return None;
            }
            if depth == 0 {
                return None;
            }
            let parent = run.frames[depth - 1];
            match self.particles[parent.particle as usize].term {
                Term::Sequence(_, end) => {
                    for next in frame.particle + 1..end {
                        let mut inner = SmallVec::new();
                        if let Some(leaf) = self.enter(&mut inner, next, wanted) {
                            run.frames.truncate(depth);
                            run.frames.extend(inner);
                            return Some(leaf);
                        }
                        if !self.particles[next as usize].skippable {
                            return None;
                        }
                    }
                }
                Term::All(start, end) => {
                    for next in (start..end).filter(|next| parent.seen & bit(next - start) == 0) {
                        let mut inner = SmallVec::new();
                        if let Some(leaf) = self.enter(&mut inner, next, wanted) {
                            run.frames.truncate(depth);
                            run.frames[depth - 1].seen |= bit(next - start);
                            run.frames.extend(inner);
                            return Some(leaf);
                        }
                    }
                    if !self.all_had(parent, start, end) {
                        return None;
                    }
                }
                Term::Choice(..) | Term::Leaf(_) => {}
            }
        }
        None
    }

    /// Starts the first occurrence of a particle with the wanted element: pushes the path, outermost first.
    fn enter(&self, path: &mut SmallVec<[Frame; 4]>, particle: u16, wanted: &Wanted<'_>) -> Option<Leaf> {
        // Particles that may not occur were left out when the schema was read: `max` is at least 1.
        let length = path.len();
        path.push(Frame { particle, times: 1, seen: 0 });
        let leaf = self.enter_term(path, particle, wanted);
        if leaf.is_none() {
            path.truncate(length);
        }
        leaf
    }

    /// The same for a particle whose own frame is already there.
    fn enter_term(&self, path: &mut SmallVec<[Frame; 4]>, particle: u16, wanted: &Wanted<'_>) -> Option<Leaf> {
        match self.particles[particle as usize].term {
            Term::Leaf(leaf) => self.takes(leaf, wanted).then_some(leaf),
            Term::Sequence(start, end) => {
                for child in start..end {
                    if let Some(leaf) = self.enter(path, child, wanted) {
                        return Some(leaf);
                    }
                    if !self.particles[child as usize].skippable {
                        return None;
                    }
                }
                None
            }
            Term::Choice(start, end) => (start..end).find_map(|child| self.enter(path, child, wanted)),
            Term::All(start, end) => (start..end).find_map(|child| {
                let leaf = self.enter(path, child, wanted)?;
                // A member is a leaf, so its group's frame is the one before; the caller adopts it where it has none.
                if let Some(group) = path.len().checked_sub(2) {
                    path[group].seen |= bit(child - start);
                }
                Some(leaf)
            }),
        }
    }

    /// Appends a path found below the frame at `depth`; notes which member of an `xs:all` it began with.
    fn adopt(&self, run: &mut Run, depth: usize, inner: SmallVec<[Frame; 4]>) {
        if let (Term::All(start, _), Some(member)) =
            (self.particles[run.frames[depth].particle as usize].term, inner.first())
        {
            run.frames[depth].seen |= bit(member.particle - start);
        }
        run.frames.extend(inner);
    }

    fn takes(&self, leaf: Leaf, wanted: &Wanted<'_>) -> bool {
        match &self.names[leaf.0 as usize] {
            LeafName::Element(namespace, local) => {
                wanted.namespace == Some(*namespace) && same_name(local, wanted.local)
            }
            LeafName::Any(wildcard) => wildcard.admits(wanted.namespace),
        }
    }

    /// Whether the particle at `depth` may end here, with all that must follow it in its group.
    fn may_leave(&self, run: &Run, depth: usize) -> bool {
        let frame = run.frames[depth];
        if frame.times < self.particles[frame.particle as usize].min && !self.term_is_empty(frame.particle) {
            return false;
        }
        let Some(parent) = depth.checked_sub(1).map(|above| run.frames[above]) else { return true };
        match self.particles[parent.particle as usize].term {
            Term::Sequence(_, end) => (frame.particle + 1..end).all(|next| self.particles[next as usize].skippable),
            Term::All(start, end) => self.all_had(parent, start, end),
            Term::Choice(..) | Term::Leaf(_) => true,
        }
    }

    fn all_had(&self, group: Frame, start: u16, end: u16) -> bool {
        (start..end).all(|member| group.seen & bit(member - start) != 0 || self.particles[member as usize].skippable)
    }

    fn term_is_empty(&self, particle: u16) -> bool {
        let skippable = |child: u16| self.particles[child as usize].skippable;
        match self.particles[particle as usize].term {
            Term::Leaf(_) => false,
            Term::Sequence(start, end) | Term::All(start, end) => (start..end).all(skippable),
            Term::Choice(start, end) => start == end || (start..end).any(skippable),
        }
    }

    /// Leaves that a particle can begin with.
    fn first(&self, particle: u16, found: &mut Vec<Leaf>) {
        match self.particles[particle as usize].term {
            Term::Leaf(leaf) => found.push(leaf),
            Term::Sequence(start, end) => {
                for child in start..end {
                    self.first(child, found);
                    if !self.particles[child as usize].skippable {
                        break;
                    }
                }
            }
            Term::Choice(start, end) | Term::All(start, end) => {
                (start..end).for_each(|child| self.first(child, found));
            }
        }
    }

    /// Leaves that can follow the particle at `depth` in its group; whether the group may end here too.
    fn first_of_followers(&self, run: &Run, depth: usize, found: &mut Vec<Leaf>) -> bool {
        let parent = run.frames[depth - 1];
        match self.particles[parent.particle as usize].term {
            Term::Sequence(_, end) => {
                for next in run.frames[depth].particle + 1..end {
                    self.first(next, found);
                    if !self.particles[next as usize].skippable {
                        return false;
                    }
                }
                true
            }
            Term::All(start, end) => {
                let left = (start..end).filter(|member| parent.seen & bit(member - start) == 0);
                left.for_each(|member| self.first(member, found));
                self.all_had(parent, start, end)
            }
            Term::Choice(..) | Term::Leaf(_) => true,
        }
    }

    /// Writes `particle` at `index`, its children behind all that is there.
    fn fill(&mut self, index: usize, particle: &Particle) -> Option<()> {
        let (occurs, children) = match particle {
            Particle::Leaf(leaf, occurs) => {
                let skippable = occurs.min == 0;
                let max = occurs.max.unwrap_or(u32::MAX);
                self.particles[index] = Node { term: Term::Leaf(*leaf), min: occurs.min, max, skippable };
                return Some(());
            }
            Particle::Sequence(children, occurs)
            | Particle::Choice(children, occurs)
            | Particle::All(children, occurs) => (occurs, children),
        };
        let start = self.particles.len();
        let empty = Node { term: Term::Sequence(0, 0), min: 1, max: 1, skippable: true };
        self.particles.extend(std::iter::repeat_n(empty, children.len()));
        for (at, child) in children.iter().enumerate() {
            self.fill(start + at, child)?;
        }
        let (start, end) = (u16::try_from(start).ok()?, u16::try_from(start + children.len()).ok()?);
        let term = match particle {
            Particle::Choice(..) => Term::Choice(start, end),
            Particle::All(..) => Term::All(start, end),
            _ => Term::Sequence(start, end),
        };
        let max = occurs.max.unwrap_or(u32::MAX);
        self.particles[index] = Node { term, min: occurs.min, max, skippable: false };
        self.particles[index].skippable = occurs.min == 0 || self.term_is_empty(u16::try_from(index).ok()?);
        Some(())
    }
}

impl Wildcard {
    /// Whether it lets in an element or attribute of this namespace; `None` is one that the schema does not name.
    pub fn admits(&self, namespace: Option<NamespaceId>) -> bool {
        match &self.namespaces {
            WildcardNamespaces::Any => true,
            WildcardNamespaces::Other(target) => {
                namespace.is_none_or(|namespace| namespace != *target && namespace != NamespaceId(0))
            }
            WildcardNamespaces::List(list) => namespace.is_some_and(|namespace| list.contains(&namespace)),
        }
    }
}

struct Wanted<'n> {
    namespace: Option<NamespaceId>,
    local: &'n str,
}

fn bit(member: u16) -> u64 {
    1 << (u32::from(member) % u64::BITS)
}
