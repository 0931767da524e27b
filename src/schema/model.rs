//! The compiled schema: flat tables, small integer indices.

use std::collections::HashMap;
use std::path::PathBuf;

use super::automaton::Automaton;
use super::value::{SimpleType, Variety};

/// Index of a namespace name in [`Schema::namespaces`]. 0 is "no namespace".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamespaceId(pub u16);
/// Index in [`Schema::types`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub u32);
/// `xs:anyType`, the type of an element that names none.
pub const ANY_TYPE: TypeId = TypeId(0);
/// `xs:anySimpleType`, the type of an attribute that names none.
pub const ANY_SIMPLE_TYPE: TypeId = TypeId(1);
/// Index in [`Schema::elements`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ElementId(pub u32);
/// Index in [`Model::leaves`]: one particle of a content model that matches child elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Leaf(pub u16);

/// An expanded name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    /// Its namespace.
    pub namespace: NamespaceId,
    /// Its local part.
    pub local: Box<str>,
}

/// Where a component is declared: for messages to the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Index in [`Schema::files`].
    pub file: u16,
    /// Line, from 1.
    pub line: u32,
}

/// Everything a set of schema files declares.
#[derive(Debug)]
pub struct Schema {
    /// Namespace names by id; the first is "".
    pub namespaces: Vec<Box<str>>,
    /// All types, named or not; the built-in ones first.
    pub types: Vec<Type>,
    /// All element declarations, global and local.
    pub elements: Vec<Element>,
    /// Files read: path, and target namespace.
    pub files: Vec<(PathBuf, NamespaceId)>,
    /// Attributes declared at the top level: what wildcards find.
    pub global_attributes: Vec<Attribute>,
    pub(super) global_elements: HashMap<Name, ElementId>,
    pub(super) global_types: HashMap<Name, TypeId>,
}

/// An element declaration.
#[derive(Debug)]
pub struct Element {
    /// Its expanded name (local elements follow `form` / `elementFormDefault`).
    pub name: Name,
    /// Its type.
    pub type_id: TypeId,
    /// Whether `xsi:nil="true"` is allowed.
    pub nillable: bool,
    /// Default or fixed value for an empty element.
    pub constraint: Option<ValueConstraint>,
    /// Derivations that `xsi:type` may not use here: `block`.
    pub block: Derivations,
    /// Where it is declared.
    pub origin: Origin,
}

/// How a type is derived from its base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Derivation {
    /// Its base's content and attributes, and more.
    Extension,
    /// Less than its base; lists and unions too, of `anySimpleType`.
    Restriction,
}

/// A set of derivations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Derivations {
    /// [`Derivation::Extension`] is in it.
    pub extension: bool,
    /// [`Derivation::Restriction`] is in it.
    pub restriction: bool,
}

/// `default` or `fixed`, lexical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueConstraint {
    /// Used where the element is empty or the attribute absent.
    Default(Box<str>),
    /// The only value allowed; used likewise.
    Fixed(Box<str>),
}

/// A type definition.
#[derive(Debug)]
pub struct Type {
    /// `None` for an anonymous type.
    pub name: Option<Name>,
    /// The type it is derived from; `None` for anyType.
    pub base: Option<TypeId>,
    /// How.
    pub derivation: Derivation,
    /// Derivations from it that `xsi:type` may not use: `block`.
    pub block: Derivations,
    /// An abstract complex type: an instance must name a derived one by `xsi:type`.
    pub is_abstract: bool,
    /// Simple or complex.
    pub kind: Kind,
    /// Where it is declared.
    pub origin: Origin,
}

/// Simple or complex.
#[derive(Debug)]
pub enum Kind {
    /// Character data only, no attributes.
    Simple(SimpleType),
    /// Attributes, and element or simple content.
    Complex(Complex),
}

/// A complex type.
#[derive(Debug, Default)]
pub struct Complex {
    /// Attributes declared, inherited ones included; prohibited ones are not here.
    pub attributes: Vec<Attribute>,
    /// Attributes allowed beside the declared ones.
    pub any_attribute: Option<Wildcard>,
    /// What stands between the tags.
    pub content: Content,
}

/// What stands between the tags of a complex type.
#[derive(Debug, Default)]
pub enum Content {
    /// Nothing (white space is not allowed either).
    #[default]
    Empty,
    /// Text of this simple type.
    Simple(TypeId),
    /// Child elements.
    Elements {
        /// Which, in what order.
        model: Model,
        /// Whether text may stand between them.
        mixed: bool,
    },
}

/// An attribute of a complex type.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Its expanded name.
    pub name: Name,
    /// Its simple type.
    pub type_id: TypeId,
    /// `use="required"`.
    pub required: bool,
    /// Default or fixed value.
    pub constraint: Option<ValueConstraint>,
}

/// `xs:any` or `xs:anyAttribute`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wildcard {
    /// Which namespaces it lets in.
    pub namespaces: WildcardNamespaces,
    /// How what it lets in is validated.
    pub process: Process,
}

/// The `namespace` attribute of a wildcard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WildcardNamespaces {
    /// `##any`
    Any,
    /// `##other`: any but this one, and not "no namespace".
    Other(NamespaceId),
    /// Just these.
    List(Vec<NamespaceId>),
}

/// `processContents`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// Must be declared and valid.
    Strict,
    /// Validated where declared.
    Lax,
    /// Not looked at.
    Skip,
}

/// A content model twice: as a tree to write by, as an automaton to read by. Leaves are shared.
#[derive(Debug)]
pub struct Model {
    /// The particle as written, group references resolved.
    pub particle: Particle,
    /// What each leaf is.
    pub leaves: Vec<LeafTerm>,
    /// Reads children one by one.
    pub automaton: Automaton,
}

/// What a leaf matches.
#[derive(Debug, Clone)]
pub enum LeafTerm {
    /// An element of this declaration.
    Element(ElementId),
    /// Any element the wildcard lets in.
    Any(Wildcard),
}

/// `minOccurs` and `maxOccurs`; `max: None` is unbounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurs {
    /// At least.
    pub min: u32,
    /// At most.
    pub max: Option<u32>,
}

/// A particle: how a message is written in schema order.
#[derive(Debug, Clone)]
pub enum Particle {
    /// An element or a wildcard.
    Leaf(Leaf, Occurs),
    /// One after the other.
    Sequence(Vec<Particle>, Occurs),
    /// One of them.
    Choice(Vec<Particle>, Occurs),
    /// Each at most once, in any order; written in declared order.
    All(Vec<Particle>, Occurs),
}

impl WildcardNamespaces {
    /// What both let in; `None` where that cannot be said (part 1 §3.10.6, cos-aw-intersect).
    pub(super) fn intersection(&self, other: &Self) -> Option<Self> {
        Some(match (self, other) {
            (Self::Any, one) | (one, Self::Any) => one.clone(),
            (Self::Other(not), Self::List(list)) | (Self::List(list), Self::Other(not)) => {
                let left = list.iter().filter(|&name| name != not && *name != NamespaceId(0));
                Self::List(left.copied().collect())
            }
            (Self::List(one), Self::List(two)) => {
                Self::List(one.iter().filter(|name| two.contains(name)).copied().collect())
            }
            (Self::Other(one), Self::Other(two)) if one == two => self.clone(),
            (Self::Other(NamespaceId(0)), one) | (one, Self::Other(NamespaceId(0))) => one.clone(),
            (Self::Other(_), Self::Other(_)) => return None,
        })
    }

    /// What either lets in; `None` where that cannot be said (part 1 §3.10.6, cos-aw-union).
    pub(super) fn union(&self, other: &Self) -> Option<Self> {
        Some(match (self, other) {
            (Self::Any, _) | (_, Self::Any) => Self::Any,
            (Self::List(one), Self::List(two)) => {
                let more = two.iter().filter(|name| !one.contains(name));
                Self::List(one.iter().chain(more).copied().collect())
            }
            (Self::Other(one), Self::Other(two)) if one == two => self.clone(),
            (Self::Other(_), Self::Other(_)) => Self::Other(NamespaceId(0)),
            (Self::Other(not), Self::List(list)) | (Self::List(list), Self::Other(not)) => {
                match (list.contains(not), list.contains(&NamespaceId(0))) {
                    (true, true) => Self::Any,
                    (true, false) => Self::Other(NamespaceId(0)),
                    (false, false) => Self::Other(*not),
                    (false, true) => return None,
                }
            }
        })
    }
}

impl Schema {
    /// A schema that declares nothing.
    pub(super) fn empty() -> Self {
        Self {
            namespaces: vec!["".into()],
            types: Vec::new(),
            elements: Vec::new(),
            files: Vec::new(),
            global_attributes: Vec::new(),
            global_elements: HashMap::new(),
            global_types: HashMap::new(),
        }
    }

    /// The global element of this name.
    pub fn element(&self, namespace: &str, local: &str) -> Option<ElementId> {
        let name = Name { namespace: self.namespace(namespace)?, local: local.into() };
        self.global_elements.get(&name).copied()
    }

    /// All elements declared at the top level, as first met: those a message may begin with.
    pub fn global_elements(&self) -> Vec<ElementId> {
        let mut all: Vec<ElementId> = self.global_elements.values().copied().collect();
        all.sort_unstable();
        all
    }

    /// The global type of this name.
    pub fn type_named(&self, namespace: &str, local: &str) -> Option<TypeId> {
        let name = Name { namespace: self.namespace(namespace)?, local: local.into() };
        self.global_types.get(&name).copied()
    }

    /// Id of a namespace name that the schema knows.
    pub fn namespace(&self, name: &str) -> Option<NamespaceId> {
        let index = self.namespaces.iter().position(|known| &**known == name)?;
        Some(NamespaceId(index as u16))
    }

    /// Name of a namespace.
    pub fn namespace_name(&self, id: NamespaceId) -> &str {
        &self.namespaces[id.0 as usize]
    }

    /// A type.
    pub fn type_of(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }

    /// An element declaration.
    pub fn element_of(&self, id: ElementId) -> &Element {
        &self.elements[id.0 as usize]
    }

    /// Whether `xsi:type` may name `derived` on an element of type `declared` that blocks these derivations.
    /// Source: part 1 §3.3.4 (cvc-elt.4.3), §3.4.6 (cos-ct-derived-ok), §3.14.6 (cos-st-derived-ok).
    pub fn may_stand_for(&self, derived: TypeId, declared: TypeId, block: Derivations) -> bool {
        let by_type = self.type_of(declared).block;
        let block = Derivations {
            extension: block.extension || by_type.extension,
            restriction: block.restriction || by_type.restriction,
        };
        self.derives_by(derived, declared, block)
    }

    fn derives_by(&self, derived: TypeId, base: TypeId, block: Derivations) -> bool {
        let mut at = derived;
        while at != base {
            let definition = self.type_of(at);
            let blocked = match definition.derivation {
                Derivation::Extension => block.extension,
                Derivation::Restriction => block.restriction,
            };
            match definition.base.filter(|_| !blocked) {
                Some(next) => at = next,
                None => return self.derives_from_a_member(derived, base, block),
            }
        }
        true
    }

    /// A union's member, or what derives from it, stands for the union (cos-st-derived-ok 2.2.4); not for a restriction
    /// of it, whose facets it would get around (XSD 1.1 says so; libxml2 judges so).
    fn derives_from_a_member(&self, derived: TypeId, union: TypeId, block: Derivations) -> bool {
        let Some(members) = self.members_of(union) else { return false };
        let is_restricted = self.type_of(union).base != Some(ANY_SIMPLE_TYPE);
        // Part 1 §3.14.2: a member that is a union itself is replaced by its members.
        !is_restricted
            && members.iter().any(|&member| match self.members_of(member) {
                Some(_) => self.derives_from_a_member(derived, member, block),
                None => self.derives_by(derived, member, block),
            })
    }

    fn members_of(&self, type_id: TypeId) -> Option<&[TypeId]> {
        match &self.type_of(type_id).kind {
            Kind::Simple(SimpleType { variety: Variety::Union(members), .. }) => Some(members),
            _ => None,
        }
    }

    /// Whether `derived` is `base` or derives from it: for bindings by a base type's table.
    pub fn derives_from(&self, derived: TypeId, base: TypeId) -> bool {
        let mut at = Some(derived);
        while let Some(id) = at {
            if id == base {
                return true;
            }
            at = self.type_of(id).base;
        }
        false
    }
}
