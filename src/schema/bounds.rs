//! How deep a valid message can be nested, and how many elements it can have: what need not be read to be refused.

use super::model::{Content, ElementId, Kind, Leaf, LeafTerm, Model, Occurs, Particle, Schema, TypeId};

/// Depth and number of elements of the largest valid message; `None`: the schema sets no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Nested elements; the outermost has depth 1.
    pub depth: Option<u32>,
    /// Elements, the outermost included.
    pub elements: Option<u64>,
}

impl Bounds {
    /// What no schema bounds.
    pub const NONE: Self = Self { depth: None, elements: None };
    const EMPTY: Self = Self { depth: Some(0), elements: Some(0) };

    /// The bounds of whichever of these elements a message begins with.
    ///
    /// Nothing is bounded below a wildcard, which lets in what the schema does not know, and where a type holds itself.
    /// Where `xsi:type` may name a derived type, the largest counts.
    pub fn of(schema: &Schema, elements: impl IntoIterator<Item = ElementId>) -> Self {
        let mut measure = Measure { schema, known: vec![State::Unknown; schema.types.len()] };
        elements.into_iter().fold(Self::EMPTY, |largest, element| largest.or(measure.element(element)))
    }

    /// One or the other.
    fn or(self, other: Self) -> Self {
        Self {
            depth: self.depth.zip(other.depth).map(|(one, two)| one.max(two)),
            elements: self.elements.zip(other.elements).map(|(one, two)| one.max(two)),
        }
    }

    /// One after the other.
    fn and(self, other: Self) -> Self {
        let elements = self.elements.zip(other.elements).map(|(one, two)| one.saturating_add(two));
        Self { elements, ..self.or(other) }
    }

    fn times(self, occurs: Occurs) -> Self {
        match (occurs.max, self) {
            (Some(0), _) | (_, Self::EMPTY) => Self::EMPTY,
            (max, _) => {
                Self { elements: self.elements.zip(max).map(|(one, max)| one.saturating_mul(max.into())), ..self }
            }
        }
    }

    /// With an element around it.
    fn within(self) -> Self {
        Self {
            depth: self.depth.map(|depth| depth.saturating_add(1)),
            elements: self.elements.map(|elements| elements.saturating_add(1)),
        }
    }
}

/// What is known of a type.
#[derive(Clone, Copy)]
enum State {
    Unknown,
    /// Being measured: who meets it again has gone in a circle.
    UnderWay,
    Known(Bounds),
}

struct Measure<'s> {
    schema: &'s Schema,
    /// By type: of the content of it and of what may stand for it.
    known: Vec<State>,
}

impl Measure<'_> {
    fn element(&mut self, element: ElementId) -> Bounds {
        self.type_content(self.schema.element_of(element).type_id).within()
    }

    fn type_content(&mut self, type_id: TypeId) -> Bounds {
        let place = type_id.0 as usize;
        match self.known[place] {
            State::Known(bounds) => return bounds,
            State::UnderWay => return Bounds::NONE,
            State::Unknown => self.known[place] = State::UnderWay,
        }
        let all = (0..self.schema.types.len()).map(|index| TypeId(index as u32));
        let derived: Vec<TypeId> = all.filter(|&other| self.schema.derives_from(other, type_id)).collect();
        let bounds = derived.into_iter().fold(Bounds::EMPTY, |largest, derived| largest.or(self.own_content(derived)));
        self.known[place] = State::Known(bounds);
        bounds
    }

    fn own_content(&mut self, type_id: TypeId) -> Bounds {
        let schema = self.schema;
        match &schema.type_of(type_id).kind {
            Kind::Complex(complex) => match &complex.content {
                Content::Elements { model, .. } => self.particle(model, &model.particle),
                Content::Empty | Content::Simple(_) => Bounds::EMPTY,
            },
            Kind::Simple(_) => Bounds::EMPTY,
        }
    }

    fn particle(&mut self, model: &Model, particle: &Particle) -> Bounds {
        match particle {
            Particle::Leaf(leaf, occurs) if occurs.max != Some(0) => self.leaf(model, *leaf).times(*occurs),
            Particle::Leaf(..) => Bounds::EMPTY,
            Particle::Sequence(inner, occurs) | Particle::All(inner, occurs) => {
                inner.iter().fold(Bounds::EMPTY, |sum, inner| sum.and(self.particle(model, inner))).times(*occurs)
            }
            Particle::Choice(inner, occurs) => inner
                .iter()
                .fold(Bounds::EMPTY, |largest, inner| largest.or(self.particle(model, inner)))
                .times(*occurs),
        }
    }

    fn leaf(&mut self, model: &Model, leaf: Leaf) -> Bounds {
        match &model.leaves[leaf.0 as usize] {
            LeafTerm::Element(element) => self.element(*element),
            LeafTerm::Any(_) => Bounds::NONE,
        }
    }
}
