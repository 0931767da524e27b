//! Messages for any compiled schema: valid ones, and near-valid ones in which one rule is broken once.
//!
//! Everything comes from the schema's public tables and a seed; the same seed makes the same messages. What is made is
//! bounded: by depth, by number of elements, by length of values. "Valid" is what the generator means; whether it is,
//! two validators say, and only their agreement counts.

mod breaks;
mod pattern;
pub mod random;
mod tree;
mod values;

use lienthong::schema::model::{
    Complex, Content, ElementId, Kind, LeafTerm, Model, NamespaceId, Occurs, Particle, Process, Schema, TypeId,
    ValueConstraint, Wildcard, WildcardNamespaces,
};

use random::Random;
use tree::{Child, Element};

/// Makes messages of one schema.
pub struct Generator<'s> {
    schema: &'s Schema,
    random: Random,
    /// Namespaces that the root declares: the schema's, and the schema instance's.
    namespaces: Vec<String>,
    ids: Vec<String>,
    elements_left: usize,
}

/// One message.
#[derive(Debug, Clone)]
pub struct Message {
    /// The document.
    pub text: String,
    /// What was broken in it, once; empty where nothing was.
    pub broken: &'static str,
}

impl<'s> Generator<'s> {
    /// A generator that repeats itself for the same schema and seed.
    pub fn new(schema: &'s Schema, seed: u64) -> Self {
        let mut namespaces: Vec<String> = schema.namespaces.iter().map(|name| name.to_string()).collect();
        // XML's own prefix is bound everywhere and to nothing else.
        namespaces.iter_mut().filter(|name| *name == tree::XML).for_each(String::clear);
        namespaces.push(XSI.to_owned());
        Self { schema, random: Random::new(seed), namespaces, ids: Vec::new(), elements_left: 0 }
    }

    /// The next message whose document element is `root`; three of four have one rule broken.
    pub fn message(&mut self, root: ElementId) -> Message {
        self.ids.clear();
        self.elements_left = ELEMENTS_MAX;
        let mut message = self.element(root, 0);
        let broken = if self.random.one_in(4) { "" } else { self.break_once(&mut message) };
        let default = match self.random.one_in(4) {
            true => self.random.pick(&self.namespaces).filter(|name| !name.is_empty()).map(String::as_str),
            false => None,
        };
        Message { text: message.write(&self.namespaces, default), broken }
    }

    fn element(&mut self, id: ElementId, depth: u32) -> Element {
        let schema = self.schema;
        let declared = schema.element_of(id);
        let mut element = Element::new(schema.namespace_name(declared.name.namespace), &declared.name.local);
        element.declared = Some(id);
        self.elements_left = self.elements_left.saturating_sub(1);
        let type_id = self.substituted(&mut element, declared.type_id);
        if declared.nillable && self.random.one_in(4) {
            element.set(XSI, "nil", "true", None);
            self.attributes(&mut element, type_id, depth);
            return element;
        }
        self.attributes(&mut element, type_id, depth);
        if let Some(constraint) = &declared.constraint
            && self.random.one_in(2)
        {
            let (ValueConstraint::Default(value) | ValueConstraint::Fixed(value)) = constraint;
            if self.random.one_in(2) {
                element.children.push(Child::Text(value.to_string()));
            }
            element.text_type = self.text_type(type_id);
            return element;
        }
        self.content(&mut element, type_id, depth);
        element
    }

    /// The declared type or, now and then and where it is abstract always, one derived from it.
    fn substituted(&mut self, element: &mut Element, declared: TypeId) -> TypeId {
        let schema = self.schema;
        let is_abstract = schema.type_of(declared).is_abstract;
        if !is_abstract && !self.random.one_in(6) {
            return declared;
        }
        let derived: Vec<TypeId> = (0..schema.types.len() as u32)
            .map(TypeId)
            .filter(|&id| schema.type_of(id).name.is_some() && schema.derives_from(id, declared))
            .collect();
        let Some(&picked) = self.random.pick(&derived) else { return declared };
        let name = self.type_name(picked);
        element.set(XSI, "type", &name, None);
        picked
    }

    /// A named type as `xsi:type` says it.
    fn type_name(&self, type_id: TypeId) -> String {
        let Some(name) = &self.schema.type_of(type_id).name else { return "nameless".into() };
        match name.namespace {
            NamespaceId(0) => name.local.to_string(),
            NamespaceId(namespace) => format!("n{namespace}:{}", name.local),
        }
    }

    fn attributes(&mut self, element: &mut Element, type_id: TypeId, depth: u32) {
        let Kind::Complex(complex) = &self.schema.type_of(type_id).kind else { return };
        for declared in &complex.attributes {
            if !declared.required && !self.random.one_in(2) {
                continue;
            }
            let value = match &declared.constraint {
                Some(ValueConstraint::Fixed(fixed)) => fixed.to_string(),
                _ => values::valid(self.schema, declared.type_id, &mut self.ids, &mut self.random),
            };
            let namespace = self.schema.namespace_name(declared.name.namespace);
            element.set(namespace, &declared.name.local, &value, Some(declared.type_id));
        }
        if let Some(any) = &complex.any_attribute
            && depth < DEPTH_MAX
            && self.random.one_in(2)
        {
            self.wild_attribute(element, any);
        }
    }

    fn wild_attribute(&mut self, element: &mut Element, any: &Wildcard) {
        let schema = self.schema;
        let known: Vec<_> = schema.global_attributes.iter().filter(|a| any.admits(Some(a.name.namespace))).collect();
        if let Some(&declared) = self.random.pick(&known).filter(|_| any.process != Process::Skip) {
            let value = values::valid(schema, declared.type_id, &mut self.ids, &mut self.random);
            let namespace = schema.namespace_name(declared.name.namespace);
            element.set(namespace, &declared.name.local, &value, Some(declared.type_id));
        } else {
            let namespace = self.admitted(any);
            element.set(&namespace, "unknown", "x", None);
        }
    }

    /// A namespace that a wildcard lets in.
    fn admitted(&mut self, wildcard: &Wildcard) -> String {
        match &wildcard.namespaces {
            WildcardNamespaces::List(list) => {
                let picked = self.random.pick(list).copied().unwrap_or(NamespaceId(0));
                self.schema.namespace_name(picked).to_owned()
            }
            WildcardNamespaces::Any if self.random.one_in(3) => String::new(),
            _ => "urn:nobody".to_owned(),
        }
    }

    fn text_type(&self, type_id: TypeId) -> Option<TypeId> {
        match &self.schema.type_of(type_id).kind {
            Kind::Simple(_) => Some(type_id),
            Kind::Complex(Complex { content: Content::Simple(simple), .. }) => Some(*simple),
            Kind::Complex(_) => None,
        }
    }

    fn content(&mut self, element: &mut Element, type_id: TypeId, depth: u32) {
        if let Some(simple) = self.text_type(type_id) {
            element.text_type = Some(simple);
            let value = values::valid(self.schema, simple, &mut self.ids, &mut self.random);
            self.text(element, value);
            return;
        }
        let Kind::Complex(Complex { content: Content::Elements { model, mixed }, .. }) =
            &self.schema.type_of(type_id).kind
        else {
            return;
        };
        let mut children = Vec::new();
        self.particle(&model.particle, model, depth + 1, &mut children);
        let blanks = self.random.one_in(3);
        for child in children {
            if *mixed && self.random.one_in(2) {
                element.children.push(Child::Text("chữ ".into()));
            } else if blanks {
                element.children.push(Child::Text("\n  ".into()));
            }
            element.children.push(Child::Element(child));
        }
        if *mixed && self.random.one_in(2) {
            element.children.push(Child::Text("text".into()));
        }
    }

    /// Text as one piece or, now and then, as several.
    fn text(&mut self, element: &mut Element, value: String) {
        let middle = value.char_indices().map(|(at, _)| at).nth(value.chars().count() / 2).unwrap_or(0);
        let (first, second) = value.split_at(middle);
        match self.random.below(12) {
            0 if !value.contains("]]>") && !value.contains('\r') => {
                element.children.push(Child::Text(first.into()));
                element.children.push(Child::Cdata(second.into()));
            }
            1 => {
                element.children.push(Child::Text(first.into()));
                element.children.push(Child::Comment);
                element.children.push(Child::Text(second.into()));
            }
            _ if value.is_empty() => {}
            _ => element.children.push(Child::Text(value)),
        }
    }

    fn particle(&mut self, particle: &Particle, model: &Model, depth: u32, out: &mut Vec<Element>) {
        let (Particle::Leaf(_, occurs)
        | Particle::Sequence(_, occurs)
        | Particle::Choice(_, occurs)
        | Particle::All(_, occurs)) = particle;
        for _ in 0..self.times(*occurs, depth) {
            match particle {
                Particle::Leaf(leaf, _) => match &model.leaves[leaf.0 as usize] {
                    LeafTerm::Element(id) if depth <= DEPTH_MAX => out.push(self.element(*id, depth)),
                    LeafTerm::Element(_) => {}
                    LeafTerm::Any(wildcard) => out.extend(self.wild(wildcard, depth)),
                },
                Particle::Sequence(members, _) => {
                    members.iter().for_each(|member| self.particle(member, model, depth, out));
                }
                Particle::Choice(members, _) => {
                    if !members.is_empty() {
                        let at = self.random.below(members.len());
                        self.particle(&members[at], model, depth, out);
                    }
                }
                Particle::All(members, _) => {
                    let mut order: Vec<usize> = (0..members.len()).collect();
                    for at in (1..order.len()).rev() {
                        order.swap(at, self.random.below(at + 1));
                    }
                    order.into_iter().for_each(|at| self.particle(&members[at], model, depth, out));
                }
            }
        }
    }

    /// How often a particle occurs: at an edge, or between.
    fn times(&mut self, occurs: Occurs, depth: u32) -> u32 {
        if depth > DEPTH_SHORT || self.elements_left == 0 {
            return occurs.min.min(ELEMENTS_MAX as u32);
        }
        let most = occurs.max.unwrap_or(occurs.min.saturating_add(4)).min(occurs.min.saturating_add(8));
        match self.random.below(4) {
            0 => occurs.min,
            1 => occurs.max.filter(|&max| max <= TIMES_MAX).unwrap_or(most),
            _ => self.random.between(occurs.min, most),
        }
    }

    /// An element for a wildcard: one that the schema knows, or one that it does not.
    fn wild(&mut self, wildcard: &Wildcard, depth: u32) -> Option<Element> {
        if depth > DEPTH_MAX {
            return None;
        }
        let schema = self.schema;
        let known: Vec<ElementId> = schema
            .global_elements()
            .into_iter()
            .filter(|&id| wildcard.admits(Some(schema.element_of(id).name.namespace)))
            .collect();
        let lax = wildcard.process != Process::Strict;
        if let Some(&id) = self.random.pick(&known).filter(|_| !(lax && self.random.one_in(2))) {
            return Some(self.element(id, depth + 2));
        }
        let namespace = self.admitted(wildcard);
        let mut unknown = Element::new(&namespace, "unknown");
        if self.random.one_in(2) {
            unknown.set("", "any", "thing", None);
        }
        if let Some(&id) = self.random.pick(&schema.global_elements()).filter(|_| self.random.one_in(3)) {
            unknown.children.push(Child::Element(self.element(id, depth + 2)));
        } else if self.random.one_in(2) {
            unknown.children.push(Child::Text("text".into()));
        }
        Some(unknown)
    }
}

/// The schema instance namespace.
pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// Elements of a message, beyond which only what must stand is added.
const ELEMENTS_MAX: usize = 400;
/// Occurrences that are worth being reached.
const TIMES_MAX: u32 = 1000;
/// Below this depth only what must stand is added.
const DEPTH_SHORT: u32 = 6;
/// Below this depth nothing is added, be it required or not.
const DEPTH_MAX: u32 = 24;
