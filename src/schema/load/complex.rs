//! Element declarations and complex types (part 1 §3.3, §3.4): content, derivation, attributes.

use super::attributes::Attributes;
use super::index::{At, Builder, Space};
use super::particles::{ONCE, Raw};
use crate::schema::automaton::Automaton;
use crate::schema::model::{
    ANY_TYPE, Complex, Content, Derivation, Derivations, Element, ElementId, Kind, Model, Name, NamespaceId, TypeId,
    ValueConstraint,
};

impl Builder<'_> {
    /// Makes an element declaration; its id is the next one.
    pub(super) fn element_declaration(&mut self, at: At, name: Name) -> ElementId {
        let id = ElementId(self.schema.elements.len() as u32);
        let origin = self.origin(at);
        for construct in ["substitutionGroup", "abstract"] {
            if self.attribute(at, construct).is_some_and(|value| value != "false" && value != "0") {
                self.error(at, format!("{construct} on an element is not supported"), "use xs:choice, or xsi:type");
            }
        }
        let nillable = self.flag(at, "nillable");
        let block = self.block(at);
        // The id is taken before the type is looked at: the type may lead back here.
        self.schema.elements.push(Element { name, type_id: ANY_TYPE, nillable, constraint: None, block, origin });
        let type_id = self.element_type(at);
        let constraint = self.element_constraint(at, type_id);
        let made = &mut self.schema.elements[id.0 as usize];
        made.type_id = type_id;
        made.constraint = constraint;
        id
    }

    /// The name of a local element: qualified or not by `form`.
    pub(super) fn local_element_name(&mut self, at: At, local: String) -> Name {
        let qualified = self.is_qualified(at, "elementFormDefault");
        let namespace = if qualified { self.target(at) } else { NamespaceId(0) };
        Name { namespace, local: local.into() }
    }

    fn element_type(&mut self, at: At) -> TypeId {
        let inline = self.child(at, "complexType").or_else(|| self.child(at, "simpleType"));
        match (self.attribute(at, "type").is_some(), inline) {
            (true, Some(_)) => {
                self.error(at, "both type and a type of its own", "remove one");
                ANY_TYPE
            }
            (true, None) => {
                let name = self.resolve(at, "type", Space::Type);
                name.and_then(|name| self.global_type(&name)).unwrap_or(ANY_TYPE)
            }
            (false, Some(inline)) => self.want_type(inline, None),
            (false, None) => ANY_TYPE,
        }
    }

    fn element_constraint(&mut self, at: At, type_id: TypeId) -> Option<ValueConstraint> {
        if self.attribute(at, "default").is_none() && self.attribute(at, "fixed").is_none() {
            return None;
        }
        let simple = self.make_now(type_id).then(|| self.simple_content(type_id)).flatten();
        let Some(simple) = simple else {
            self.error(at, "default or fixed on an element without simple content", "remove it");
            return None;
        };
        self.constraint(at, simple)
    }

    /// The simple type of a type's text: itself, or its simple content's.
    fn simple_content(&self, type_id: TypeId) -> Option<TypeId> {
        match &self.schema.type_of(type_id).kind {
            Kind::Simple(_) => Some(type_id),
            Kind::Complex(Complex { content: Content::Simple(simple), .. }) => Some(*simple),
            Kind::Complex(_) => None,
        }
    }

    /// Makes `xs:complexType` in place of the id it was given.
    pub(super) fn complex_type(&mut self, id: TypeId, at: At) {
        let is_abstract = self.flag(at, "abstract");
        let block = self.block(at);
        let made = &mut self.schema.types[id.0 as usize];
        (made.is_abstract, made.block) = (is_abstract, block);
        if let Some(content) = self.child(at, "simpleContent") {
            self.simple_content_type(id, content);
        } else if let Some(content) = self.child(at, "complexContent") {
            let mixed = self.flag(at, "mixed") || self.flag(content, "mixed");
            self.derived_type(id, content, mixed);
        } else {
            let mixed = self.flag(at, "mixed");
            let content = self.type_content(at);
            let attributes = self.attributes(at);
            self.set_complex(id, ANY_TYPE, content, mixed, attributes);
        }
    }

    /// `block`, or the schema's default for it; "substitution" concerns groups that are not supported anyway.
    fn block(&mut self, at: At) -> Derivations {
        let root = At { source: at.source, node: self.tapes[at.source].root() };
        let Some(written) = self.attribute(at, "block").or_else(|| self.attribute(root, "blockDefault")) else {
            return Derivations::default();
        };
        let known = ["#all", "extension", "restriction", "substitution", "list", "union"];
        if let Some(stray) = written.split_whitespace().find(|word| !known.contains(word)) {
            self.error(at, format!("block=\"{stray}\" is no derivation"), "write #all, extension or restriction");
        }
        let has = |wanted: &str| written.split_whitespace().any(|word| word == "#all" || word == wanted);
        Derivations { extension: has("extension"), restriction: has("restriction") }
    }

    fn derivation_of(&self, at: At) -> Derivation {
        if self.local(at) == "extension" { Derivation::Extension } else { Derivation::Restriction }
    }

    /// The derivation below `simpleContent` or `complexContent`, with its base, made.
    fn derivation(&mut self, content: At) -> Option<(At, TypeId)> {
        let children = self.children(content);
        let [derivation] = children.as_slice() else {
            let message = format!("xs:{} needs one xs:extension or xs:restriction", self.local(content));
            self.error(content, message, "add it");
            return None;
        };
        let name = self.resolve(*derivation, "base", Space::Type)?;
        let base = self.global_type(&name)?;
        if !self.make_now(base) {
            self.error(*derivation, "a type is derived from itself", "break the circle");
            return None;
        }
        Some((*derivation, base))
    }

    fn simple_content_type(&mut self, id: TypeId, content: At) {
        let Some((derivation, base)) = self.derivation(content) else { return };
        let Some(mut simple) = self.simple_content(base) else {
            self.error(derivation, "simpleContent on a base without simple content", "name another base");
            return;
        };
        if self.local(derivation) == "restriction" {
            if self.child(derivation, "simpleType").is_some() {
                let inline = self.child(derivation, "simpleType").map(|inline| self.want_type(inline, None));
                let Some(inline) = inline.filter(|&inline| self.make_now(inline)) else { return };
                simple = inline;
            }
            let Some(restricted) = self.restricted(simple, derivation) else { return };
            let name = None;
            let origin = self.origin(derivation);
            let kind = Kind::Simple(restricted);
            let made = TypeId(self.schema.types.len() as u32);
            let base = Some(simple);
            self.schema.types.push(crate::schema::model::Type {
                name,
                base,
                derivation: Derivation::Restriction,
                block: Derivations::default(),
                is_abstract: false,
                kind,
                origin,
            });
            simple = made;
        }
        let own = self.attributes(derivation);
        let attributes = self.inherit(derivation, base, own);
        let method = self.derivation_of(derivation);
        let made = &mut self.schema.types[id.0 as usize];
        (made.base, made.derivation) = (Some(base), method);
        made.kind = Kind::Complex(Complex {
            attributes: attributes.declared,
            any_attribute: attributes.any,
            content: Content::Simple(simple),
        });
    }

    fn derived_type(&mut self, id: TypeId, content: At, mixed: bool) {
        let Some((derivation, base)) = self.derivation(content) else { return };
        if matches!(self.schema.type_of(base).kind, Kind::Simple(_)) {
            self.error(derivation, "complexContent on a simple base", "use xs:simpleContent");
            return;
        }
        let own = self.type_content(derivation);
        let extension = self.local(derivation) == "extension";
        let content = match self.contents.get(&base).cloned() {
            // Part 1 §3.4.2: an extension's content is the base's followed by its own.
            Some(inherited) if extension => Raw::sequence(vec![inherited, own], ONCE),
            _ => own,
        };
        let mixed = mixed || (extension && self.is_mixed(base));
        let own = self.attributes(derivation);
        let attributes = self.inherit(derivation, base, own);
        self.schema.types[id.0 as usize].derivation = self.derivation_of(derivation);
        self.set_complex(id, base, content, mixed, attributes);
    }

    fn is_mixed(&self, type_id: TypeId) -> bool {
        // Models are made last, so what is known of a type's mixedness stands in a model without particles.
        matches!(
            &self.schema.type_of(type_id).kind,
            Kind::Complex(Complex { content: Content::Elements { mixed: true, .. }, .. })
        )
    }

    /// A derived type's attributes: the base's, replaced or taken away by its own.
    fn inherit(&mut self, at: At, base: TypeId, own: Attributes) -> Attributes {
        let Kind::Complex(complex) = &self.schema.type_of(base).kind else { return own };
        let restriction = self.local(at) == "restriction";
        let mut all = Attributes { declared: complex.attributes.clone(), ..Attributes::default() };
        // A restriction that names no wildcard allows none (part 1 §3.4.2).
        let inherited_any = complex.any_attribute.clone().filter(|_| !restriction);
        let union = match (&own.any, &inherited_any) {
            (Some(own), Some(inherited)) => Some(own.namespaces.union(&inherited.namespaces)),
            _ => None,
        };
        all.declared.retain(|inherited| {
            !own.prohibited.contains(&inherited.name) && own.declared.iter().all(|o| o.name != inherited.name)
        });
        if !restriction {
            let twice = own.declared.iter().find(|o| complex.attributes.iter().any(|i| i.name == o.name));
            if let Some(twice) = twice {
                let message = format!("attribute '{}' is the base's already", twice.name.local);
                self.error(at, message, "remove it from the extension");
            }
        }
        all.declared.extend(own.declared);
        all.any = own.any.or(inherited_any);
        match (union, &mut all.any) {
            (Some(Some(namespaces)), Some(any)) => any.namespaces = namespaces,
            (Some(None), _) => {
                self.error(at, "what either wildcard lets in cannot be said by one", "list the namespaces")
            }
            _ => {}
        }
        all
    }

    fn set_complex(&mut self, id: TypeId, base: TypeId, content: Raw, mixed: bool, attributes: Attributes) {
        let empty = content.is_empty();
        self.contents.insert(id, content);
        let made = &mut self.schema.types[id.0 as usize];
        made.base = Some(base);
        made.kind = Kind::Complex(Complex {
            attributes: attributes.declared,
            any_attribute: attributes.any,
            content: match empty && !mixed {
                true => Content::Empty,
                false => Content::Elements { model: Model::unfinished(), mixed },
            },
        });
    }

    /// Gives every type its model; the last step, when all elements have their names.
    pub(super) fn finish_models(&mut self) {
        let mut contents: Vec<(TypeId, Raw)> = self.contents.drain().collect();
        contents.sort_by_key(|&(id, _)| id);
        for (id, content) in contents {
            let (particle, leaves) = content.flatten();
            let at = self.schema.type_of(id).origin;
            if let Some(message) = super::particles::ambiguity(&particle, &leaves, &self.schema) {
                self.error_at(at, message, "make the content model deterministic: rename, or join the occurrences");
                continue;
            }
            let Some(automaton) = Automaton::compile(&particle, &leaves, &self.schema) else {
                self.error_at(at, "a content model with more than 65,535 particles", "split the type");
                continue;
            };
            if let Kind::Complex(Complex { content: Content::Elements { model, .. }, .. }) =
                &mut self.schema.types[id.0 as usize].kind
            {
                *model = Model { particle, leaves, automaton };
            }
        }
    }
}
