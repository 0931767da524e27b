//! Which protobuf type an XSD simple type becomes, so that the binding converts it without loss.

use std::collections::HashSet;

use crate::schema::model::{Kind, Schema, TypeId};
use crate::schema::value::facets::Bound;
use crate::schema::value::{Facets, Primitive, SimpleType, Variety};

/// A protobuf type of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A scalar by its keyword.
    Scalar(&'static str),
    /// `google.protobuf.Timestamp`
    Timestamp,
    /// `google.type.Date`
    Date,
    /// The enum of this simple type, which a `[value.T]` lists.
    Enum(TypeId),
}

/// The type for a simple type. What has no exact counterpart stays a string: its lexical form.
pub(super) fn value(schema: &Schema, namespace: &str, type_id: TypeId) -> Value {
    if let Some(owner) = enumerated(schema, namespace, type_id) {
        return Value::Enum(owner);
    }
    let Kind::Simple(simple) = &schema.type_of(type_id).kind else { return Value::Scalar("string") };
    let Variety::Atomic(primitive) = simple.variety else { return Value::Scalar("string") };
    // A pattern may ask for a form that a converted value is not written in.
    let plain = simple.facets.patterns.is_empty() && simple.facets.enumeration.is_none();
    match primitive {
        _ if !plain => Value::Scalar("string"),
        Primitive::Boolean => Value::Scalar("bool"),
        Primitive::Integer => Value::Scalar(integer(&simple.facets)),
        Primitive::Double => Value::Scalar("double"),
        Primitive::Float => Value::Scalar("float"),
        Primitive::Base64Binary | Primitive::HexBinary => Value::Scalar("bytes"),
        Primitive::DateTime => Value::Timestamp,
        Primitive::Date => Value::Date,
        _ => Value::Scalar("string"),
    }
}

/// Words of an enumeration that becomes an enum.
pub(super) fn words(schema: &Schema, type_id: TypeId) -> &[Box<str>] {
    match &schema.type_of(type_id).kind {
        Kind::Simple(simple) => simple.facets.enumeration.as_deref().unwrap_or_default(),
        Kind::Complex(_) => &[],
    }
}

/// The number of each word: itself where all of them are numbers above 0, else its place from 1.
pub(super) fn numbers(words: &[Box<str>]) -> Vec<i32> {
    let own = |word: &str| word.parse::<i32>().ok().filter(|number| *number > 0 && number.to_string() == word);
    let all: Option<Vec<i32>> = words.iter().map(|word| own(word)).collect();
    all.unwrap_or_else(|| (1..).take(words.len()).collect())
}

/// The topmost type on the way to the root whose enumeration can be a code list: types derived from it share its enum.
fn enumerated(schema: &Schema, namespace: &str, type_id: TypeId) -> Option<TypeId> {
    let mut at = Some(type_id);
    let mut found = None;
    while let Some(id) = at {
        let declared = schema.type_of(id);
        // A [value.T] is about a type with a name, in the partner's namespace.
        let own = declared.name.as_ref().is_some_and(|name| schema.namespace_name(name.namespace) == namespace);
        if let Kind::Simple(simple) = &declared.kind
            && own
            && is_code_list(simple)
        {
            found = Some(id);
        }
        at = declared.base;
    }
    found
}

fn is_code_list(simple: &SimpleType) -> bool {
    // Values of other types have several lexical forms: 1, 01 and +1 are one integer.
    if simple.variety != Variety::Atomic(Primitive::String) {
        return false;
    }
    let words = simple.facets.enumeration.as_deref().unwrap_or_default();
    let good = |word: &str| !word.trim().is_empty() && !KEYS.contains(&word) && !word.contains(char::is_control);
    let mut seen = HashSet::new();
    (1..=WORDS_MAX).contains(&words.len()) && words.iter().all(|word| good(word) && seen.insert(word))
}

fn integer(facets: &Facets) -> &'static str {
    let bound = |bound: &Option<Bound>, step: i128| {
        let bound = bound.as_ref()?;
        let value: i128 = bound.value.parse().ok()?;
        Some(if bound.inclusive { value } else { value + step })
    };
    // A bound of digits is a bound of value too.
    let digits = facets.digits_max.filter(|&digits| digits < 38).map(|digits| 10i128.pow(digits) - 1);
    let low = bound(&facets.min, 1).or(digits.map(|limit| -limit));
    let high = bound(&facets.max, -1).or(digits);
    let (Some(low), Some(high)) = (low, high) else { return "string" };
    let fits = |min: i128, max: i128| low >= min && high <= max;
    if fits(i32::MIN.into(), i32::MAX.into()) && !fits(0, i128::MAX) {
        "int32"
    } else if fits(0, u32::MAX.into()) {
        "uint32"
    } else if fits(i64::MIN.into(), i64::MAX.into()) && !fits(0, i128::MAX) {
        "int64"
    } else if fits(0, u64::MAX.into()) {
        "uint64"
    } else {
        "string"
    }
}

/// Words that a `[value.T]` table would take for keys of its own.
const KEYS: [&str; 2] = ["enum", "time"];
/// Longer lists are data, not a contract.
const WORDS_MAX: usize = 1000;
