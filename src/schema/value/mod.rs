//! Simple types: white space, lexical forms and facets of XML Schema 1.0 part 2.

pub mod decimal;
pub mod facets;
pub mod lexical;
pub mod moment;
pub mod names;
pub mod pattern;
pub mod uri;

use std::borrow::Cow;

use super::model::{Kind, Schema, TypeId};
pub use facets::Facets;

/// A simple type, ready to check values.
#[derive(Debug, Clone)]
pub struct SimpleType {
    /// Atomic, list or union.
    pub variety: Variety,
    /// How white space is treated before anything else.
    pub white_space: WhiteSpace,
    /// The tighter lexical form of some built-in types.
    pub token: Token,
    /// Whether values are identifiers of the document, or refer to them.
    pub identity: Identity,
    /// All facets, inherited ones included.
    pub facets: Facets,
}

/// How values are put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variety {
    /// One value of a built-in primitive.
    Atomic(Primitive),
    /// Values of the item type, separated by white space.
    List(TypeId),
    /// A value of the first member type that accepts it.
    Union(Vec<TypeId>),
}

/// The built-in types that decide the lexical form (the integer family kept apart for range and speed).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of XML Schema part 2 §3")]
pub enum Primitive {
    AnySimple,
    String,
    Boolean,
    Decimal,
    Integer,
    Float,
    Double,
    Duration,
    DateTime,
    Time,
    Date,
    GYearMonth,
    GYear,
    GMonthDay,
    GDay,
    GMonth,
    HexBinary,
    Base64Binary,
    AnyUri,
    QName,
    Notation,
}

/// The `whiteSpace` facet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the facet's values")]
pub enum WhiteSpace {
    Preserve,
    Replace,
    Collapse,
}

/// Lexical forms of `language`, `NMTOKEN`, `Name`, `NCName` and the unsigned types (part 2 §3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of XML Schema part 2 §3.3")]
pub enum Token {
    Any,
    Language,
    NmToken,
    Name,
    NcName,
    /// `unsignedLong` and what derives from it: no sign.
    Digits,
}

/// `ID`, `IDREF` and `ENTITY` (part 2 §3.3.8–11): unique in, and resolved within, one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// An ordinary value.
    None,
    /// No other `ID` of the document may have this value.
    Id,
    /// An `ID` of the document must have this value.
    IdRef,
    /// A DTD must declare it, which no message may have: there are no values (part 1 §3.14.4, cvc-simple-type.2).
    Entity,
}

/// A value that does not fit its type: the rule and what it asks. The value itself is not repeated: it may be a
/// citizen's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// XML Schema's own rule id: `cvc-datatype-valid.1.2.1`, `cvc-maxLength-valid`, `cvc-enumeration-valid`, …
    pub rule: &'static str,
    /// What the rule asks here: `at most 50 characters`, `one of 1, 2, 3`, `a date yyyy-MM-dd of the calendar`.
    pub asks: String,
}

impl Schema {
    /// Checks `lexical` against a simple type.
    ///
    /// Output: the value after white-space treatment, borrowed where nothing changed.
    /// `type_id` is a simple type. QName prefixes, and `ID` uniqueness, are the document's business, not judged here.
    /// Source: XML Schema part 1 §3.14.4 (string valid), part 2 §4.1.4.
    pub fn check<'v>(&self, type_id: TypeId, lexical: Cow<'v, str>) -> Result<Cow<'v, str>, Violation> {
        let Kind::Simple(simple) = &self.type_of(type_id).kind else { return Ok(lexical) };
        let value = normalize(simple.white_space, lexical);
        match &simple.variety {
            Variety::Atomic(primitive) => {
                lexical::check(*primitive, simple.token, &value)?;
                if simple.identity == Identity::Entity {
                    return Err(Violation { rule: "cvc-simple-type.2", asks: "an entity that a DTD declares".into() });
                }
                simple.facets.check_atomic(*primitive, &value)?;
            }
            Variety::List(item) => {
                let mut items = 0;
                for part in items_of(&value) {
                    self.check(*item, Cow::Borrowed(part))?;
                    items += 1;
                }
                simple.facets.check_list(items, &value)?;
                simple.facets.check_enumeration(|one| self.is_same_value(type_id, one, &value))?;
            }
            Variety::Union(members) => {
                let Some((_, taken)) = self.member(members, &value) else {
                    return Err(Violation {
                        rule: "cvc-datatype-valid.1.2.3",
                        asks: "a value of one of the union's member types".into(),
                    });
                };
                // Part 2 §4.3.6: white space is the member's business, and treated before any facet.
                simple.facets.check_patterns(&taken)?;
                simple.facets.check_enumeration(|one| self.is_same_value(type_id, one, &taken))?;
                if *taken != *value {
                    return Ok(Cow::Owned(taken.into_owned()));
                }
            }
        }
        Ok(value)
    }

    /// Whether two values that the type took, white space treated, are the same: for `fixed` (part 1 §3.3.4
    /// cvc-elt.5.2.2.2.2, §3.2.4 cvc-attribute.4).
    pub fn is_same_value(&self, type_id: TypeId, one: &str, other: &str) -> bool {
        if one == other {
            return true;
        }
        let Kind::Simple(simple) = &self.type_of(type_id).kind else { return false };
        match &simple.variety {
            Variety::Atomic(primitive) => facets::is_same_value(*primitive, one, other),
            Variety::List(item) => {
                let (mut ones, mut others) = (items_of(one), items_of(other));
                loop {
                    match (ones.next(), others.next()) {
                        (None, None) => return true,
                        (Some(one), Some(other)) if self.is_same_value(*item, one, other) => {}
                        _ => return false,
                    }
                }
            }
            Variety::Union(members) => match (self.member(members, one), self.member(members, other)) {
                (Some((member, one)), Some((same, other))) if member == same => {
                    self.is_same_value(member, &one, &other)
                }
                _ => false,
            },
        }
    }

    /// The first member of a union that takes a value, with the value as that member treats its white space.
    pub fn member<'v>(&self, members: &[TypeId], value: &'v str) -> Option<(TypeId, Cow<'v, str>)> {
        members.iter().find_map(|&member| Some((member, self.check(member, Cow::Borrowed(value)).ok()?)))
    }

    /// The primitive of an atomic type, or of a list's items; `None` for a union and for a complex type.
    pub fn primitive(&self, type_id: TypeId) -> Option<Primitive> {
        let Kind::Simple(simple) = &self.type_of(type_id).kind else { return None };
        match &simple.variety {
            Variety::Atomic(primitive) => Some(*primitive),
            Variety::List(item) => self.primitive(*item),
            Variety::Union(_) => None,
        }
    }
}

/// Items of a list, white space treated.
fn items_of(value: &str) -> impl Iterator<Item = &str> {
    value.split(' ').filter(|item| !item.is_empty())
}

/// White space as the facet asks (part 2 §4.3.6); borrowed where nothing changes.
fn normalize(white_space: WhiteSpace, value: Cow<'_, str>) -> Cow<'_, str> {
    let odd = |byte: u8| matches!(byte, b'\t' | b'\n' | b'\r');
    match white_space {
        WhiteSpace::Preserve => value,
        WhiteSpace::Replace if value.bytes().any(odd) => Cow::Owned(value.replace(['\t', '\n', '\r'], " ")),
        WhiteSpace::Replace => value,
        WhiteSpace::Collapse => {
            if is_collapsed(value.as_bytes()) {
                return value;
            }
            let words = value.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty());
            Cow::Owned(words.collect::<Vec<_>>().join(" "))
        }
    }
}

/// Whether there is no white space but single blanks inside.
fn is_collapsed(bytes: &[u8]) -> bool {
    let mut previous = b' ';
    for &byte in bytes {
        if matches!(byte, b'\t' | b'\n' | b'\r') || (byte == b' ' && previous == b' ') {
            return false;
        }
        previous = byte;
    }
    previous != b' ' || bytes.is_empty()
}
