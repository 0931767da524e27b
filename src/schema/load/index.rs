//! The builder: which component stands where, and the order in which types are made.
//!
//! Components refer to each other in any order and in circles (a type whose element has that type). So a reference to
//! a type gives it an id at once and puts it on a list of types still to make; only what must be looked into (the base
//! of a derivation, a group's content) is made on the spot, and a circle there is an error.

use std::collections::{HashMap, HashSet};

use super::grammar;
use super::particles::Raw;
use super::source::{Source, XSD, limits};
use crate::problem::{Place, Problems, nearest};
use crate::schema::model::{
    Complex, Derivation, Derivations, ElementId, Kind, Name, NamespaceId, Origin, Schema, Type, TypeId,
};
use crate::xml::XML_NAMESPACE;
use crate::xml::tape::{NodeId, Tape};

/// A construct in one of the sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct At {
    pub(super) source: usize,
    pub(super) node: NodeId,
}

/// The symbol spaces of XML Schema part 1 §2.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Space {
    Element,
    Type,
    Attribute,
    Group,
    AttributeGroup,
}

pub(super) struct Builder<'s> {
    pub(super) sources: &'s [Source],
    pub(super) tapes: Vec<Tape<'s>>,
    line_starts: Vec<Vec<usize>>,
    pub(super) problems: &'s mut Problems,
    pub(super) schema: Schema,
    globals: HashMap<(Space, Name), At>,
    /// Types that have an id and are still to be made.
    wanted: Vec<(TypeId, At)>,
    /// Types being made: to find circles of derivation.
    making: HashSet<TypeId>,
    /// Content models as written, by type: what an extension goes on from.
    pub(super) contents: HashMap<TypeId, Raw>,
    /// Groups being looked into: to find circles.
    pub(super) open_groups: Vec<At>,
}

impl<'s> Builder<'s> {
    pub(super) fn new(sources: &'s [Source], problems: &'s mut Problems) -> Self {
        let tapes = sources.iter().map(|source| Tape::parse(&source.text, &limits()).expect("was read before"));
        let line_starts = sources.iter().map(|source| {
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', source.text.as_bytes()).map(|at| at + 1)).collect()
        });
        let mut builder = Self {
            sources,
            tapes: tapes.collect(),
            line_starts: line_starts.collect(),
            problems,
            schema: Schema::empty(),
            globals: HashMap::new(),
            wanted: Vec::new(),
            making: HashSet::new(),
            contents: HashMap::new(),
            open_groups: Vec::new(),
        };
        builder.add_built_in_types();
        for source in sources {
            let target = builder.intern(&source.target);
            builder.schema.files.push((source.path.clone(), target));
        }
        builder
    }

    pub(super) fn build(mut self) -> Schema {
        for source in 0..self.sources.len() {
            let root = At { source, node: self.tapes[source].root() };
            self.check_grammar(root);
            self.index(root);
        }
        // By place, not by the map's order: problems and ids come out the same every time.
        let mut globals: Vec<(Space, Name, At)> =
            self.globals.iter().map(|((space, name), at)| (*space, name.clone(), *at)).collect();
        globals.sort_by_key(|(_, _, at)| (at.source, at.node));
        for (space, name, at) in globals {
            match space {
                Space::Element => {
                    self.global_element(&name);
                }
                Space::Type => {
                    self.global_type(&name);
                }
                Space::Attribute => {
                    if let Some(attribute) = self.attribute_declaration(at, true) {
                        self.schema.global_attributes.push(attribute);
                    }
                }
                // Made where they are referred to; unused ones are looked into for their problems.
                Space::Group => drop(self.group_content(at)),
                Space::AttributeGroup => drop(self.attribute_group(at)),
            }
            self.make_wanted();
        }
        self.finish_models();
        self.schema
    }

    /// The element declared at the top level under this name, made if it is not yet.
    pub(super) fn global_element(&mut self, name: &Name) -> Option<ElementId> {
        if let Some(&known) = self.schema.global_elements.get(name) {
            return Some(known);
        }
        let at = *self.globals.get(&(Space::Element, name.clone()))?;
        // Known before it is made: its own type may refer to it.
        let id = ElementId(self.schema.elements.len() as u32);
        self.schema.global_elements.insert(name.clone(), id);
        self.element_declaration(at, name.clone());
        Some(id)
    }

    /// The type declared at the top level under this name: it has an id, it may be made later.
    pub(super) fn global_type(&mut self, name: &Name) -> Option<TypeId> {
        if let Some(&known) = self.schema.global_types.get(name) {
            return Some(known);
        }
        let at = *self.globals.get(&(Space::Type, name.clone()))?;
        let id = self.want_type(at, Some(name.clone()));
        self.schema.global_types.insert(name.clone(), id);
        Some(id)
    }

    /// Gives the type at this place an id; it is made later.
    pub(super) fn want_type(&mut self, at: At, name: Option<Name>) -> TypeId {
        let id = TypeId(self.schema.types.len() as u32);
        let origin = self.origin(at);
        self.schema.types.push(Type {
            name,
            base: None,
            derivation: Derivation::Restriction,
            block: Derivations::default(),
            is_abstract: false,
            kind: Kind::Complex(Complex::default()),
            origin,
        });
        self.wanted.push((id, at));
        id
    }

    /// Makes sure that a type can be looked into; `false` where it is being made: a circle of derivation.
    pub(super) fn make_now(&mut self, id: TypeId) -> bool {
        if self.making.contains(&id) {
            return false;
        }
        if let Some(position) = self.wanted.iter().position(|&(wanted, _)| wanted == id) {
            let (_, at) = self.wanted.swap_remove(position);
            self.make(id, at);
        }
        true
    }

    fn make_wanted(&mut self) {
        while let Some((id, at)) = self.wanted.pop() {
            self.make(id, at);
        }
    }

    fn make(&mut self, id: TypeId, at: At) {
        self.making.insert(id);
        match self.local(at) {
            "simpleType" => {
                if let Some((base, simple)) = self.simple_type(at) {
                    let made = &mut self.schema.types[id.0 as usize];
                    made.base = Some(base);
                    made.kind = Kind::Simple(simple);
                }
            }
            _ => self.complex_type(id, at),
        }
        self.making.remove(&id);
    }

    /// A reference by QName in an attribute; a problem where nothing has that name.
    pub(super) fn resolve(&mut self, at: At, attribute: &str, space: Space) -> Option<Name> {
        let written = self.attribute(at, attribute)?;
        self.resolve_name(at, &written, space)
    }

    pub(super) fn resolve_name(&mut self, at: At, written: &str, space: Space) -> Option<Name> {
        let (prefix, local) = written.trim().split_once(':').unwrap_or(("", written.trim()));
        let tape = &self.tapes[at.source];
        let Some(namespace) = tape.resolve_prefix(at.node, prefix) else {
            self.error(at, format!("the prefix of '{written}' is not declared"), "declare it on xs:schema");
            return None;
        };
        let mut namespace = tape.namespace_name(namespace).to_owned();
        if namespace.is_empty() && self.sources[at.source].chameleon {
            namespace.clone_from(&self.sources[at.source].target);
        }
        let name = Name { namespace: self.intern(&namespace), local: local.into() };
        let known = match space {
            Space::Type => self.schema.global_types.contains_key(&name),
            // What XML itself declares needs no schema file.
            Space::Attribute => namespace == XML_NAMESPACE,
            _ => false,
        };
        if known || self.globals.contains_key(&(space, name.clone())) {
            return Some(name);
        }
        let built_in = self.schema.global_types.keys().filter(|_| space == Space::Type);
        let candidates = self
            .globals
            .keys()
            .filter(|(other, _)| *other == space)
            .map(|(_, name)| name)
            .chain(built_in)
            .filter(|candidate| candidate.namespace == name.namespace)
            .map(|candidate| &*candidate.local);
        let remedy = match nearest(local, candidates) {
            Some(near) => format!("did you mean '{near}'?"),
            None if self.sources.iter().any(|source| source.target == namespace) => "declare it".to_owned(),
            None => format!("import the namespace '{namespace}' with its schemaLocation"),
        };
        let what = match space {
            Space::Element => "element",
            Space::Type => "type",
            Space::Attribute => "attribute",
            Space::Group => "group",
            Space::AttributeGroup => "attribute group",
        };
        self.error(at, format!("no {what} has the name '{written}'"), remedy);
        None
    }

    /// Where a global component stands that was resolved before.
    pub(super) fn global(&self, space: Space, name: &Name) -> Option<At> {
        self.globals.get(&(space, name.clone())).copied()
    }

    pub(super) fn intern(&mut self, namespace: &str) -> NamespaceId {
        if let Some(known) = self.schema.namespace(namespace) {
            return known;
        }
        self.schema.namespaces.push(namespace.into());
        NamespaceId(u16::try_from(self.schema.namespaces.len() - 1).expect("fewer namespaces than files allow"))
    }

    pub(super) fn target(&mut self, at: At) -> NamespaceId {
        self.schema.files[at.source].1
    }

    pub(super) fn local(&self, at: At) -> &'s str {
        self.tapes[at.source].local(at.node)
    }

    pub(super) fn attribute(&self, at: At, name: &str) -> Option<String> {
        self.tapes[at.source].attribute(at.node, "", name).map(|value| value.into_owned())
    }

    /// Child constructs, annotations left out.
    pub(super) fn children(&self, at: At) -> Vec<At> {
        let tape = &self.tapes[at.source];
        let children = tape.child_elements(at.node).map(|node| At { source: at.source, node });
        children.filter(|&child| self.local(child) != "annotation").collect()
    }

    pub(super) fn child(&self, at: At, name: &str) -> Option<At> {
        self.children(at).into_iter().find(|&child| self.local(child) == name)
    }

    pub(super) fn origin(&self, at: At) -> Origin {
        let offset = self.tapes[at.source].span(at.node).start;
        let line = self.line_starts[at.source].partition_point(|&start| start <= offset);
        Origin { file: at.source as u16, line: line as u32 }
    }

    pub(super) fn error(&mut self, at: At, message: impl Into<String>, remedy: impl Into<String>) {
        let place = Place::line(&self.sources[at.source].path, self.origin(at).line);
        self.problems.error(place, message, remedy);
    }

    pub(super) fn error_at(&mut self, origin: Origin, message: impl Into<String>, remedy: impl Into<String>) {
        let place = Place::line(&self.sources[origin.file as usize].path, origin.line);
        self.problems.error(place, message, remedy);
    }

    /// Whether an attribute says `true` or `1`; a problem where it says neither that nor the opposite.
    pub(super) fn flag(&mut self, at: At, name: &str) -> bool {
        match self.attribute(at, name).as_deref().map(str::trim) {
            None | Some("false" | "0") => false,
            Some("true" | "1") => true,
            Some(other) => {
                self.error(at, format!("{name}=\"{other}\" is neither true nor false"), "write true or false");
                false
            }
        }
    }

    fn index(&mut self, root: At) {
        for child in self.children(root) {
            let space = match self.local(child) {
                "element" => Space::Element,
                "complexType" | "simpleType" => Space::Type,
                "attribute" => Space::Attribute,
                "group" => Space::Group,
                "attributeGroup" => Space::AttributeGroup,
                _ => continue,
            };
            let Some(local) = self.attribute(child, "name").filter(|name| !name.is_empty()) else {
                self.error(child, format!("a top-level xs:{} without a name", self.local(child)), "give it a name");
                continue;
            };
            let name = Name { namespace: self.target(child), local: local.into() };
            if let Some(first) = self.globals.insert((space, name.clone()), child) {
                let first = self.origin(first);
                let file = self.sources[first.file as usize].path.display().to_string();
                self.error(
                    child,
                    format!("'{}' is declared twice; first at {file}:{}", name.local, first.line),
                    "remove or rename one of them",
                );
            }
        }
    }

    /// Reports constructs below this one that are not known or not supported, and attributes they may not have.
    fn check_grammar(&mut self, at: At) {
        let Some(rule) = grammar::rule(self.local(at)) else { return };
        let attributes: Vec<(bool, &str)> = self.tapes[at.source]
            .attributes(at.node)
            .map(|attribute| (attribute.namespace == crate::xml::tape::NamespaceId(0), attribute.local))
            .collect();
        for (_, unknown) in
            attributes.into_iter().filter(|&(own, name)| own && name != "id" && !rule.attributes.contains(&name))
        {
            let remedy = match nearest(unknown, rule.attributes.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => "remove it".to_owned(),
            };
            self.error(at, format!("xs:{} has no attribute '{unknown}'", rule.name), remedy);
        }
        for child in self.children(at) {
            let name = self.local(child);
            let tape = &self.tapes[child.source];
            let foreign = tape.namespace_name(tape.namespace(child.node)) != XSD;
            if let Some(remedy) = grammar::unsupported(name).filter(|_| !foreign) {
                self.error(child, format!("xs:{name} is not supported"), remedy);
            } else if foreign || !rule.children.contains(&name) {
                self.error(child, format!("<{name}> cannot stand in xs:{}", rule.name), "remove or move it");
            } else {
                self.check_grammar(child);
            }
        }
    }
}
