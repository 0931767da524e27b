//! Simple types: white space, lexical forms and facets of XML Schema 1.0 part 2.
//!
//! Skeleton: signatures fixed, see the room's owner.

use std::borrow::Cow;

use super::model::TypeId;

/// A simple type, ready to check values.
#[derive(Debug)]
pub struct SimpleType {
    /// Atomic, list or union.
    pub variety: Variety,
    /// How white space is treated before anything else.
    pub white_space: WhiteSpace,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the facet's values")]
pub enum WhiteSpace {
    Preserve,
    Replace,
    Collapse,
}

/// Facets in force. Lengths are characters, octets or items by variety and primitive.
#[derive(Debug, Default)]
pub struct Facets {
    /// `length`.
    pub length: Option<u64>,
    /// `minLength`.
    pub length_min: Option<u64>,
    /// `maxLength`.
    pub length_max: Option<u64>,
    /// `enumeration`, lexical forms after white space; `None`: not restricted.
    pub enumeration: Option<Vec<Box<str>>>,
    /// `totalDigits`.
    pub digits_max: Option<u32>,
    /// `fractionDigits`.
    pub fraction_digits_max: Option<u32>,
    // Patterns and bounds are the room's own business.
}

/// A value that does not fit its type: the rule and what it asks. The value itself is not repeated:
/// it may be a citizen's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// XML Schema's own rule id: `cvc-datatype-valid.1`, `cvc-maxLength-valid`, `cvc-enumeration-valid`, …
    pub rule: &'static str,
    /// What the rule asks here: `at most 50 characters`, `one of 1, 2, 3`, `a calendar date`.
    pub asks: String,
}

impl super::model::Schema {
    /// Checks `lexical` against a simple type.
    ///
    /// Output: the value after white-space treatment, borrowed where nothing changed.
    /// `type_id` must be a simple type. QName values are not resolved here.
    pub fn check<'v>(&self, type_id: TypeId, lexical: Cow<'v, str>) -> Result<Cow<'v, str>, Violation> {
        let _ = (type_id, lexical);
        todo!()
    }
}
