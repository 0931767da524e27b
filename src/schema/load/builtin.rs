//! The built-in types of XML Schema part 2 §3.

use super::index::Builder;
use super::source::XSD;
use crate::schema::automaton::Automaton;
use crate::schema::model::{
    ANY_SIMPLE_TYPE, ANY_TYPE, Complex, Content, Derivation, Derivations, Kind, Leaf, LeafTerm, Model, Name, Occurs,
    Origin, Particle, Process, Type, TypeId, Wildcard, WildcardNamespaces,
};
use crate::schema::value::facets::{Bound, Facets};
use crate::schema::value::{Identity, Primitive, SimpleType, Token, Variety, WhiteSpace};

impl Builder<'_> {
    pub(super) fn add_built_in_types(&mut self) {
        let namespace = self.intern(XSD);
        let mut add = |local: &str, base: Option<TypeId>, kind: Kind| {
            let id = TypeId(self.schema.types.len() as u32);
            let name = Name { namespace, local: local.into() };
            self.schema.global_types.insert(name.clone(), id);
            let origin = Origin { file: 0, line: 0 };
            self.schema.types.push(Type {
                name: Some(name),
                base,
                derivation: Derivation::Restriction,
                block: Derivations::default(),
                is_abstract: false,
                kind,
                origin,
            });
            id
        };
        add("anyType", None, Kind::Complex(Complex::default()));
        add("anySimpleType", Some(ANY_TYPE), Kind::Simple(atomic(Primitive::AnySimple, WhiteSpace::Preserve)));
        for (local, primitive) in PRIMITIVES {
            let white_space = if *local == "string" { WhiteSpace::Preserve } else { WhiteSpace::Collapse };
            add(local, Some(ANY_SIMPLE_TYPE), Kind::Simple(atomic(*primitive, white_space)));
        }
        for (local, base, narrowing) in DERIVED {
            let (base, mut simple) = self.built_in(base);
            narrowing.apply(&mut simple);
            let id = TypeId(self.schema.types.len() as u32);
            let name = Name { namespace, local: (*local).into() };
            self.schema.global_types.insert(name.clone(), id);
            let origin = Origin { file: 0, line: 0 };
            let kind = Kind::Simple(simple);
            self.schema.types.push(Type {
                name: Some(name),
                base: Some(base),
                derivation: Derivation::Restriction,
                block: Derivations::default(),
                is_abstract: false,
                kind,
                origin,
            });
        }
        for (local, item) in [("NMTOKENS", "NMTOKEN"), ("IDREFS", "IDREF"), ("ENTITIES", "ENTITY")] {
            let (item, _) = self.built_in(item);
            let mut list = atomic(Primitive::AnySimple, WhiteSpace::Collapse);
            list.variety = Variety::List(item);
            list.facets.length_min = Some(1);
            let id = TypeId(self.schema.types.len() as u32);
            let name = Name { namespace, local: local.into() };
            self.schema.global_types.insert(name.clone(), id);
            let (base, origin) = (Some(ANY_SIMPLE_TYPE), Origin { file: 0, line: 0 });
            self.schema.types.push(Type {
                name: Some(name),
                base,
                derivation: Derivation::Restriction,
                block: Derivations::default(),
                is_abstract: false,
                kind: Kind::Simple(list),
                origin,
            });
        }
        self.fill_any_type();
    }

    /// The id of a built-in type and, where it is simple, the type itself.
    fn built_in(&self, local: &str) -> (TypeId, SimpleType) {
        let id = self.schema.type_named(XSD, local).expect("a built-in type made before");
        match &self.schema.type_of(id).kind {
            Kind::Simple(simple) => (id, simple.clone()),
            Kind::Complex(_) => (id, atomic(Primitive::AnySimple, WhiteSpace::Preserve)),
        }
    }

    /// Anything goes, and is validated where it is declared (part 1 §3.4.7).
    fn fill_any_type(&mut self) {
        let any = Wildcard { namespaces: WildcardNamespaces::Any, process: Process::Lax };
        let particle = Particle::Leaf(Leaf(0), Occurs { min: 0, max: None });
        let leaves = vec![LeafTerm::Any(any.clone())];
        let automaton = Automaton::compile(&particle, &leaves, &self.schema).expect("one particle");
        let content = Content::Elements { model: Model { particle, leaves, automaton }, mixed: true };
        self.schema.types[ANY_TYPE.0 as usize].kind =
            Kind::Complex(Complex { attributes: Vec::new(), any_attribute: Some(any), content });
    }
}

fn atomic(primitive: Primitive, white_space: WhiteSpace) -> SimpleType {
    SimpleType {
        variety: Variety::Atomic(primitive),
        white_space,
        token: Token::Any,
        identity: Identity::None,
        facets: Facets::default(),
    }
}

/// How a built-in type narrows its base.
enum Narrowing {
    White(WhiteSpace),
    Token(Token),
    Identity(Identity),
    Integer,
    Range(Option<&'static str>, Option<&'static str>),
    Unsigned(&'static str),
}

impl Narrowing {
    fn apply(&self, simple: &mut SimpleType) {
        match self {
            Self::White(white_space) => simple.white_space = *white_space,
            Self::Token(token) => simple.token = *token,
            Self::Identity(identity) => simple.identity = *identity,
            Self::Integer => simple.variety = Variety::Atomic(Primitive::Integer),
            Self::Unsigned(max) => {
                simple.token = Token::Digits;
                simple.facets.max = Some(Bound::new(max, true));
            }
            Self::Range(min, max) => {
                let bound = |value: &&str| Bound::new(value, true);
                simple.facets.min = min.as_ref().map(bound).or(simple.facets.min.take());
                simple.facets.max = max.as_ref().map(bound).or(simple.facets.max.take());
            }
        }
    }
}

const PRIMITIVES: &[(&str, Primitive)] = &[
    ("string", Primitive::String),
    ("boolean", Primitive::Boolean),
    ("decimal", Primitive::Decimal),
    ("float", Primitive::Float),
    ("double", Primitive::Double),
    ("duration", Primitive::Duration),
    ("dateTime", Primitive::DateTime),
    ("time", Primitive::Time),
    ("date", Primitive::Date),
    ("gYearMonth", Primitive::GYearMonth),
    ("gYear", Primitive::GYear),
    ("gMonthDay", Primitive::GMonthDay),
    ("gDay", Primitive::GDay),
    ("gMonth", Primitive::GMonth),
    ("hexBinary", Primitive::HexBinary),
    ("base64Binary", Primitive::Base64Binary),
    ("anyURI", Primitive::AnyUri),
    ("QName", Primitive::QName),
    ("NOTATION", Primitive::Notation),
];

const DERIVED: &[(&str, &str, Narrowing)] = &[
    ("normalizedString", "string", Narrowing::White(WhiteSpace::Replace)),
    ("token", "normalizedString", Narrowing::White(WhiteSpace::Collapse)),
    ("language", "token", Narrowing::Token(Token::Language)),
    ("NMTOKEN", "token", Narrowing::Token(Token::NmToken)),
    ("Name", "token", Narrowing::Token(Token::Name)),
    ("NCName", "Name", Narrowing::Token(Token::NcName)),
    ("ID", "NCName", Narrowing::Identity(Identity::Id)),
    ("IDREF", "NCName", Narrowing::Identity(Identity::IdRef)),
    ("ENTITY", "NCName", Narrowing::Identity(Identity::Entity)),
    ("integer", "decimal", Narrowing::Integer),
    ("nonPositiveInteger", "integer", Narrowing::Range(None, Some("0"))),
    ("negativeInteger", "nonPositiveInteger", Narrowing::Range(None, Some("-1"))),
    ("long", "integer", Narrowing::Range(Some("-9223372036854775808"), Some("9223372036854775807"))),
    ("int", "long", Narrowing::Range(Some("-2147483648"), Some("2147483647"))),
    ("short", "int", Narrowing::Range(Some("-32768"), Some("32767"))),
    ("byte", "short", Narrowing::Range(Some("-128"), Some("127"))),
    ("nonNegativeInteger", "integer", Narrowing::Range(Some("0"), None)),
    ("unsignedLong", "nonNegativeInteger", Narrowing::Unsigned("18446744073709551615")),
    ("unsignedInt", "unsignedLong", Narrowing::Range(None, Some("4294967295"))),
    ("unsignedShort", "unsignedInt", Narrowing::Range(None, Some("65535"))),
    ("unsignedByte", "unsignedShort", Narrowing::Range(None, Some("255"))),
    ("positiveInteger", "nonNegativeInteger", Narrowing::Range(Some("1"), None)),
];
