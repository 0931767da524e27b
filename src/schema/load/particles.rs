//! Content models (part 1 §3.7, §3.8): read, simplified, and judged by Unique Particle Attribution (§3.8.6).

use std::collections::{BTreeMap, HashMap};

use super::index::{At, Builder, Space};
use crate::schema::automaton::ALL_MEMBERS_MAX;
use crate::schema::model::{Leaf, LeafTerm, Name, Occurs, Particle, Schema, Wildcard, WildcardNamespaces};

/// A particle as written, references resolved; groups that change nothing are already gone.
#[derive(Debug, Clone)]
pub(super) enum Raw {
    Leaf(LeafTerm, Occurs),
    Sequence(Vec<Raw>, Occurs),
    Choice(Vec<Raw>, Occurs),
    All(Vec<Raw>, Occurs),
}

pub(super) const ONCE: Occurs = Occurs { min: 1, max: Some(1) };
const NEVER: Occurs = Occurs { min: 0, max: Some(0) };

impl Builder<'_> {
    /// The model group of a complex type, an extension or a restriction; the empty sequence where it has none.
    pub(super) fn type_content(&mut self, at: At) -> Raw {
        let groups = ["group", "sequence", "choice", "all"];
        let mut models = self.children(at).into_iter().filter(|&child| groups.contains(&self.local(child)));
        let (first, second) = (models.next(), models.next());
        if let Some(second) = second {
            self.error(second, "a second model group", "put both into one xs:sequence");
        }
        first.and_then(|model| self.particle(model, true)).unwrap_or(Raw::Sequence(Vec::new(), ONCE))
    }

    /// The content of a top-level `xs:group`.
    pub(super) fn group_content(&mut self, at: At) -> Option<Raw> {
        if self.open_groups.contains(&at) {
            self.error(at, "a group refers to itself", "break the circle");
            return None;
        }
        let children = self.children(at);
        let [model] = children.as_slice() else {
            self.error(at, "xs:group needs one xs:sequence, xs:choice or xs:all", "add it");
            return None;
        };
        self.open_groups.push(at);
        let content = self.particle(*model, true);
        self.open_groups.pop();
        content
    }

    /// One particle; `None` where it was a problem or may not occur at all.
    fn particle(&mut self, at: At, top: bool) -> Option<Raw> {
        let occurs = self.occurs(at)?;
        if occurs == NEVER {
            return None;
        }
        match self.local(at) {
            "element" => self.element_particle(at, occurs),
            "any" => Some(Raw::Leaf(LeafTerm::Any(self.wildcard(at)?), occurs)),
            "group" => {
                let name = self.resolve(at, "ref", Space::Group)?;
                let group = self.global(Space::Group, &name)?;
                self.group_content(group).map(|content| content.repeated(occurs))
            }
            "choice" => {
                let members = self.members(at);
                if members.is_empty() {
                    // Part 1 §3.8.4: one of its particles must be there, and it has none.
                    if occurs.min > 0 {
                        self.error(at, "xs:choice without alternatives lets nothing in", "remove it, or add them");
                    }
                    return None;
                }
                Some(Raw::choice(members, occurs))
            }
            "all" => {
                if !top || occurs.max != Some(1) {
                    self.error(at, "xs:all must be a type's whole content, once", "use xs:sequence or xs:choice");
                    return None;
                }
                self.all(at, occurs)
            }
            _ => Some(Raw::sequence(self.members(at), occurs)),
        }
    }

    fn members(&mut self, at: At) -> Vec<Raw> {
        self.children(at).into_iter().filter_map(|child| self.particle(child, false)).collect()
    }

    /// `xs:all`: elements only, each at most once (part 1 §3.8.6).
    fn all(&mut self, at: At, occurs: Occurs) -> Option<Raw> {
        let members = self.members(at);
        if members.len() > ALL_MEMBERS_MAX {
            let message = format!("xs:all with more than {ALL_MEMBERS_MAX} members is not supported");
            self.error(at, message, "use xs:sequence");
            return None;
        }
        let once = |member: &Raw| matches!(member, Raw::Leaf(_, Occurs { max: Some(1), .. }));
        if !members.iter().all(once) {
            self.error(at, "a member of xs:all occurs more than once", "use xs:sequence");
            return None;
        }
        Some(Raw::All(members, occurs))
    }

    fn element_particle(&mut self, at: At, occurs: Occurs) -> Option<Raw> {
        let id = match (self.attribute(at, "name"), self.attribute(at, "ref").is_some()) {
            (None, true) => {
                let name = self.resolve(at, "ref", Space::Element)?;
                self.global_element(&name)?
            }
            (Some(local), false) if crate::xml::chars::is_ncname(&local) => {
                let name = self.local_element_name(at, local);
                self.element_declaration(at, name)
            }
            _ => {
                self.error(at, "xs:element needs either a name or a ref", "give it one of them");
                return None;
            }
        };
        Some(Raw::Leaf(LeafTerm::Element(id), occurs))
    }

    fn occurs(&mut self, at: At) -> Option<Occurs> {
        let number = |text: &str| text.trim().parse::<u64>().ok().map(|n| u32::try_from(n).unwrap_or(u32::MAX - 1));
        let min = self.attribute(at, "minOccurs").map_or(Some(1), |text| number(&text));
        let max = match self.attribute(at, "maxOccurs").as_deref().map(str::trim) {
            None => Some(Some(1)),
            Some("unbounded") => Some(None),
            Some(text) => number(text).map(Some),
        };
        let (Some(min), Some(max)) = (min, max) else {
            self.error(at, "minOccurs or maxOccurs is not a number", "write a number, or unbounded for maxOccurs");
            return None;
        };
        if max.is_some_and(|max| min > max) {
            self.error(at, format!("minOccurs {min} is above maxOccurs"), "correct one of them");
            return None;
        }
        Some(Occurs { min, max })
    }
}

impl Raw {
    /// A sequence; members that are sequences once stand in it directly.
    pub(super) fn sequence(members: Vec<Raw>, occurs: Occurs) -> Self {
        let mut flat = Vec::new();
        for member in members {
            match member {
                Raw::Sequence(inner, ONCE) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        Self::group(flat, occurs, Raw::Sequence)
    }

    fn choice(members: Vec<Raw>, occurs: Occurs) -> Self {
        let mut flat = Vec::new();
        for member in members {
            match member {
                Raw::Choice(inner, ONCE) if !inner.is_empty() => flat.extend(inner),
                other => flat.push(other),
            }
        }
        Self::group(flat, occurs, Raw::Choice)
    }

    /// A group of one member is that member, where their occurrences can be told as one.
    fn group(mut members: Vec<Raw>, occurs: Occurs, make: fn(Vec<Raw>, Occurs) -> Self) -> Self {
        if members.len() == 1
            && let Some(joined) = joined(members[0].occurs(), occurs)
        {
            let mut member = members.remove(0);
            *member.occurs_mut() = joined;
            return member;
        }
        make(members, occurs)
    }

    /// The same content as a particle that occurs otherwise.
    fn repeated(self, occurs: Occurs) -> Self {
        match occurs {
            ONCE => self,
            _ => Self::group(vec![self], occurs, Raw::Sequence),
        }
    }

    /// Whether no element can ever stand for it.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Raw::Leaf(..) => false,
            Raw::Sequence(members, _) | Raw::Choice(members, _) | Raw::All(members, _) => {
                members.iter().all(Raw::is_empty)
            }
        }
    }

    /// Numbers the leaves in document order.
    pub(super) fn flatten(self) -> (Particle, Vec<LeafTerm>) {
        let mut leaves = Vec::new();
        let particle = self.number(&mut leaves);
        (particle, leaves)
    }

    fn number(self, leaves: &mut Vec<LeafTerm>) -> Particle {
        let mut all = |members: Vec<Raw>| members.into_iter().map(|member| member.number(leaves)).collect();
        match self {
            Raw::Sequence(members, occurs) => Particle::Sequence(all(members), occurs),
            Raw::Choice(members, occurs) => Particle::Choice(all(members), occurs),
            Raw::All(members, occurs) => Particle::All(all(members), occurs),
            Raw::Leaf(term, occurs) => {
                leaves.push(term);
                Particle::Leaf(Leaf((leaves.len() - 1) as u16), occurs)
            }
        }
    }

    fn occurs(&self) -> Occurs {
        match self {
            Raw::Leaf(_, occurs) | Raw::Sequence(_, occurs) | Raw::Choice(_, occurs) | Raw::All(_, occurs) => *occurs,
        }
    }

    fn occurs_mut(&mut self) -> &mut Occurs {
        match self {
            Raw::Leaf(_, occurs) | Raw::Sequence(_, occurs) | Raw::Choice(_, occurs) | Raw::All(_, occurs) => occurs,
        }
    }
}

/// How often a member occurs in all, in a group of it alone; `None` where the counts have gaps (2 or 4, not 3).
fn joined(inner: Occurs, outer: Occurs) -> Option<Occurs> {
    if outer == ONCE {
        return Some(inner);
    }
    // Between k and k+1 rounds there is a gap unless (k+1)·min ≤ k·max+1; the first k counts most.
    let first = u64::from(outer.min).max(1);
    let single = outer.max == Some(outer.min);
    let gap = !single && inner.max.is_some_and(|max| (first + 1) * u64::from(inner.min) > first * u64::from(max) + 1);
    let from_zero = outer.min == 0 && inner.min > 1;
    if gap || from_zero {
        return None;
    }
    let times = |a: u32, b: u32| u32::try_from(u64::from(a) * u64::from(b)).ok();
    let max = match (inner.max, outer.max) {
        (Some(inner), Some(outer)) => Some(times(inner, outer)?),
        _ => None,
    };
    Some(Occurs { min: times(inner.min, outer.min)?, max })
}

/// What makes a content model ambiguous: two particles that could take the same element (part 1 §3.8.6), or nested
/// repetitions whose rounds cannot be told apart.
pub(super) fn ambiguity(particle: &Particle, leaves: &[LeafTerm], schema: &Schema) -> Option<String> {
    let suspects = suspects(leaves, schema);
    let mut nested = Vec::new();
    repetitions(particle, true, &mut nested);
    if suspects.is_empty() && nested.is_empty() {
        return None;
    }
    let mut model = Positions { leaves, schema, suspects, clash: None };
    model.walk(particle);
    model.clash
}

/// Leaves that could take an element which another leaf could take, too, wherever the two stand.
fn suspects(leaves: &[LeafTerm], schema: &Schema) -> LeafSet {
    let name = |leaf: &LeafTerm| match leaf {
        LeafTerm::Element(id) => Some(&schema.element_of(*id).name),
        LeafTerm::Any(_) => None,
    };
    let mut counts: HashMap<&Name, u32> = HashMap::new();
    leaves.iter().filter_map(name).for_each(|name| *counts.entry(name).or_default() += 1);
    let wildcards: Vec<&Wildcard> = leaves
        .iter()
        .filter_map(|leaf| match leaf {
            LeafTerm::Any(any) => Some(any),
            LeafTerm::Element(_) => None,
        })
        .collect();
    let mut found = LeafSet::default();
    for (at, leaf) in leaves.iter().enumerate() {
        let is_suspect = match name(leaf) {
            Some(name) => counts[name] > 1 || wildcards.iter().any(|any| any.admits(Some(name.namespace))),
            None => true,
        };
        if is_suspect {
            found.insert(Leaf(at as u16));
        }
    }
    found
}

/// A set of leaves: a bit for each.
#[derive(Debug, Default)]
struct LeafSet(Vec<u64>);

impl LeafSet {
    fn insert(&mut self, leaf: Leaf) {
        let word = usize::from(leaf.0) / 64;
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (leaf.0 % 64);
    }

    fn contains(&self, leaf: Leaf) -> bool {
        self.0.get(usize::from(leaf.0) / 64).is_some_and(|word| word & (1 << (leaf.0 % 64)) != 0)
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }

    /// Those that are in both.
    fn common<'s>(&'s self, other: &'s Self) -> impl Iterator<Item = Leaf> + 's {
        self.0.iter().zip(&other.0).enumerate().flat_map(|(at, (one, other))| {
            let both = one & other;
            (0..64).filter(move |bit| both & (1 << bit) != 0).map(move |bit| Leaf((at * 64) as u16 + bit))
        })
    }
}

/// What can follow each leaf.
#[derive(Debug, Default)]
struct Follow(BTreeMap<Leaf, LeafSet>);

impl Follow {
    fn has(&self, leaf: Leaf, next: Leaf) -> bool {
        self.0.get(&leaf).is_some_and(|set| set.contains(next))
    }
}

/// Which leaves a particle begins and ends with.
#[derive(Default)]
struct Ends {
    first: Vec<Leaf>,
    /// What can stand after the last leaf inside it, for each leaf that may be last: kept apart, as two followers
    /// clash only behind the same leaf.
    last: Vec<Leaf>,
    empty: bool,
}

struct Positions<'s> {
    leaves: &'s [LeafTerm],
    schema: &'s Schema,
    /// Only these are compared with each other.
    suspects: LeafSet,
    clash: Option<String>,
}

impl Positions<'_> {
    fn walk(&mut self, particle: &Particle) {
        let mut follow = Follow::default();
        let ends = self.visit(particle, &mut follow);
        let mut first = LeafSet::default();
        ends.first.iter().for_each(|&leaf| first.insert(leaf));
        for set in std::iter::once(&first).chain(follow.0.values()) {
            let alike: Vec<Leaf> = set.common(&self.suspects).collect();
            self.compare(&alike);
        }
    }

    fn visit(&mut self, particle: &Particle, follow: &mut Follow) -> Ends {
        let (mut ends, occurs) = match particle {
            Particle::Leaf(leaf, occurs) => (Ends { first: vec![*leaf], last: vec![*leaf], empty: false }, *occurs),
            Particle::Sequence(members, occurs) => (self.sequence(members, follow), *occurs),
            Particle::Choice(members, occurs) => (self.choice(members, follow), *occurs),
            Particle::All(members, occurs) => {
                let ends = self.choice(members, follow);
                // Any member may follow any other: one set that holds all of them says as much.
                let empty = members.iter().all(|member| matches!(member, Particle::Leaf(_, Occurs { min: 0, .. })));
                (Ends { empty, ..ends }, *occurs)
            }
        };
        let repeats = occurs.max != Some(1);
        if repeats {
            self.check_rounds(particle, &ends, follow);
            // A leaf that must occur a fixed number of times is told from its followers by the count alone.
            let counted = matches!(particle, Particle::Leaf(..)) && occurs.max == Some(occurs.min);
            if !counted {
                self.connect(&ends.last, &ends.first, follow);
            }
        }
        ends.empty |= occurs.min == 0;
        ends
    }

    fn sequence(&mut self, members: &[Particle], follow: &mut Follow) -> Ends {
        let mut all = Ends { empty: true, ..Ends::default() };
        for member in members {
            let next = self.visit(member, follow);
            self.connect(&all.last, &next.first, follow);
            if all.empty {
                all.first.extend(&next.first);
            }
            if next.empty {
                all.last.extend(&next.last);
            } else {
                all.last = next.last;
            }
            all.empty &= next.empty;
        }
        all
    }

    fn choice(&mut self, members: &[Particle], follow: &mut Follow) -> Ends {
        let mut all = Ends { empty: members.is_empty(), ..Ends::default() };
        for member in members {
            let one = self.visit(member, follow);
            all.first.extend(one.first);
            all.last.extend(one.last);
            all.empty |= one.empty;
        }
        all
    }

    fn connect(&mut self, last: &[Leaf], first: &[Leaf], follow: &mut Follow) {
        for leaf in last {
            let next = follow.0.entry(*leaf).or_default();
            first.iter().for_each(|&leaf| next.insert(leaf));
        }
    }

    /// A repeated group in which a leaf already follows itself the same way: whether the next one opens a new round
    /// of the group or goes on within the old one matters only where either is counted.
    fn check_rounds(&mut self, particle: &Particle, ends: &Ends, follow: &Follow) {
        let outer = match particle {
            Particle::Sequence(_, occurs) | Particle::Choice(_, occurs) => *occurs,
            Particle::Leaf(..) | Particle::All(..) => return,
        };
        let mut inner = Vec::new();
        repetitions(particle, true, &mut inner);
        for (ends_of_inner, occurs) in inner {
            let Some(&leaf) = ends_of_inner.first.iter().find(|leaf| ends.first.contains(leaf)) else { continue };
            let last = ends_of_inner.last.iter().find(|leaf| ends.last.contains(leaf));
            let both_ways = last.is_some_and(|last| follow.has(*last, leaf) || occurs.max == Some(occurs.min));
            let harmless = occurs.min <= 1 && outer.min <= 1 && (outer.max.is_none() || occurs.max.is_none());
            if both_ways && !harmless && self.clash.is_none() {
                let name = self.show(leaf);
                self.clash = Some(format!("it cannot be told which of two nested repetitions counts {name}"));
            }
        }
    }

    /// Looks for two leaves of a set that could take the same element.
    fn compare(&mut self, set: &[Leaf]) {
        if self.clash.is_some() {
            return;
        }
        let mut names: HashMap<&Name, Leaf> = HashMap::new();
        let mut wildcards: Vec<(Leaf, &Wildcard)> = Vec::new();
        for &leaf in set {
            let clash = match &self.leaves[leaf.0 as usize] {
                LeafTerm::Element(id) => {
                    let name = &self.schema.element_of(*id).name;
                    let same = names.insert(name, leaf).filter(|&other| other != leaf);
                    same.or_else(|| wildcards.iter().find(|(_, any)| any.admits(Some(name.namespace))).map(|w| w.0))
                }
                LeafTerm::Any(any) => {
                    let element =
                        names.iter().find(|(name, _)| any.admits(Some(name.namespace))).map(|(_, &leaf)| leaf);
                    let other = wildcards.iter().find(|(other, w)| *other != leaf && overlap(any, w)).map(|w| w.0);
                    wildcards.push((leaf, any));
                    element.or(other)
                }
            };
            if let Some(other) = clash {
                let (one, two) = (self.show(other.min(leaf)), self.show(other.max(leaf)));
                self.clash = Some(format!(
                    "the content model is ambiguous: {one} and {two} could take the same element \
                     (Unique Particle Attribution)"
                ));
                return;
            }
        }
    }

    fn show(&self, leaf: Leaf) -> String {
        match &self.leaves[leaf.0 as usize] {
            LeafTerm::Element(id) => {
                let element = self.schema.element_of(*id);
                format!("element '{}' (line {})", element.name.local, element.origin.line)
            }
            LeafTerm::Any(_) => "xs:any".to_owned(),
        }
    }
}

/// Particles below a repeated one that are repeated themselves: how they begin and end, and how often they occur.
fn repetitions(particle: &Particle, top: bool, found: &mut Vec<(Ends, Occurs)>) {
    let (Particle::Leaf(_, occurs)
    | Particle::Sequence(_, occurs)
    | Particle::Choice(_, occurs)
    | Particle::All(_, occurs)) = particle;
    if !top && occurs.max != Some(1) {
        found.push((ends_of(particle), *occurs));
    }
    if let Particle::Sequence(members, _) | Particle::Choice(members, _) | Particle::All(members, _) = particle {
        members.iter().for_each(|member| repetitions(member, false, found));
    }
}

/// Which leaves a particle can begin and end with.
fn ends_of(particle: &Particle) -> Ends {
    let (mut ends, occurs) = match particle {
        Particle::Leaf(leaf, occurs) => (Ends { first: vec![*leaf], last: vec![*leaf], empty: false }, occurs),
        Particle::Sequence(members, occurs) => {
            let mut all = Ends { empty: true, ..Ends::default() };
            for next in members.iter().map(ends_of) {
                if all.empty {
                    all.first.extend(&next.first);
                }
                if !next.empty {
                    all.last.clear();
                }
                all.last.extend(&next.last);
                all.empty &= next.empty;
            }
            (all, occurs)
        }
        Particle::Choice(members, occurs) | Particle::All(members, occurs) => {
            let mut all = Ends { empty: members.is_empty(), ..Ends::default() };
            let mut every_empty = true;
            for one in members.iter().map(ends_of) {
                all.first.extend(one.first);
                all.last.extend(one.last);
                all.empty |= one.empty;
                every_empty &= one.empty;
            }
            if matches!(particle, Particle::All(..)) {
                all.empty = every_empty;
            }
            (all, occurs)
        }
    };
    ends.empty |= occurs.min == 0;
    ends
}

/// Whether some namespace is let in by both.
fn overlap(a: &Wildcard, b: &Wildcard) -> bool {
    match (&a.namespaces, &b.namespaces) {
        (WildcardNamespaces::List(list), _) => list.iter().any(|&namespace| b.admits(Some(namespace))),
        (_, WildcardNamespaces::List(list)) => list.iter().any(|&namespace| a.admits(Some(namespace))),
        // Both let in nearly everything.
        _ => true,
    }
}

impl crate::schema::model::Model {
    /// What stands for a model until all elements have their names.
    pub(super) fn unfinished() -> Self {
        let particle = Particle::Sequence(Vec::new(), ONCE);
        let schema = Schema::empty();
        let automaton = crate::schema::automaton::Automaton::compile(&particle, &[], &schema).expect("no particle");
        Self { particle, leaves: Vec::new(), automaton }
    }
}
