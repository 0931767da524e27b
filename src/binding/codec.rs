//! Which conversion a value takes: XSD simple type × `[value.T]` × protobuf field → [`Codec`], or why there is none.

use std::collections::HashMap;

use prost_reflect::{FieldDescriptor, Kind as Field};

use super::compile::did_you_mean;
use super::file::{Value, ValueKind};
use super::plan::{Codec, IntegerWire, TimePattern, TimePiece, Words};
use crate::schema::model::{Kind, Schema, TypeId};
use crate::schema::value::{Facets, Primitive, SimpleType, Variety};

/// Why a value cannot be converted: the fact and the remedy.
pub(super) type Refusal = (String, String);

pub(super) struct Codecs<'c> {
    pub(super) schema: &'c Schema,
    pub(super) namespace: &'c str,
    pub(super) values: &'c [Value],
    /// Minutes east of UTC where a `[value.T]` says nothing else.
    pub(super) zone: i32,
}

impl Codecs<'_> {
    /// The conversion between a simple type and a field: by the `[value.V]` that is asked for, else by the type's.
    pub(super) fn codec(
        &self,
        type_id: TypeId,
        field: &FieldDescriptor,
        conversion: Option<&str>,
    ) -> Result<Codec, Refusal> {
        if let Some(wanted) = conversion {
            let Some(value) = self.values.iter().find(|value| value.name == wanted) else {
                let names = self.values.iter().map(|value| value.name.as_str());
                return Err((format!("there is no [value.{wanted}]"), did_you_mean(wanted, names)));
            };
            return self.declared(value, type_id, field);
        }
        if let Some(value) = self.value(type_id) {
            return self.declared(value, type_id, field);
        }
        let Some(primitive) = self.schema.primitive(type_id) else {
            return match field.kind() {
                Field::String => Ok(Codec::Text),
                _ => Err(("a union converts to string only".into(), "make the field a string".into())),
            };
        };
        if let Kind::Simple(SimpleType { variety: Variety::List(_), .. }) = &self.schema.type_of(type_id).kind {
            return match field.kind() {
                Field::String => Ok(Codec::Text),
                _ => Err(("a list type converts to string only".into(), "make the field a string".into())),
            };
        }
        self.natural(primitive, type_id, field)
    }

    /// The nearest `[value.T]` of a type or what it is derived from.
    pub(super) fn value(&self, type_id: TypeId) -> Option<&Value> {
        let mut at = Some(type_id);
        while let Some(id) = at {
            let declared = self.schema.type_of(id);
            let named =
                declared.name.as_ref().filter(|name| meant(self.schema, self.namespace, &name.local) == Some(id));
            if let Some(value) = named.and_then(|name| self.values.iter().find(|value| *value.name == *name.local)) {
                return Some(value);
            }
            at = declared.base;
        }
        None
    }

    fn declared(&self, value: &Value, type_id: TypeId, field: &FieldDescriptor) -> Result<Codec, Refusal> {
        let mismatch = |wanted: &str| {
            let message = format!("[value.{}] converts to {wanted}, the field is {}", value.name, describe(field));
            Err((message, format!("bind a field of {wanted}, or change [value.{}]", value.name)))
        };
        match &value.kind {
            ValueKind::Time { .. } if !self.is_text(type_id) => Err((
                format!("[value.{}] is a pattern of text, the type is {}", value.name, self.describe_type(type_id)),
                "bind it without: built-in dates and times convert by themselves".into(),
            )),
            ValueKind::Time { pattern, zone, empty_is_absent } => {
                let pattern = time_pattern(pattern, zone.unwrap_or(self.zone), *empty_is_absent)?;
                let has = |piece: TimePiece| pattern.pieces.contains(&piece);
                let day = has(TimePiece::Year) && has(TimePiece::Month) && has(TimePiece::Day);
                let time = has(TimePiece::Hour) && has(TimePiece::Minute) && has(TimePiece::Second);
                match field.kind() {
                    Field::Message(message) if message.full_name() == TIMESTAMP && day && time => {
                        Ok(Codec::Time(pattern))
                    }
                    Field::Message(message) if message.full_name() == TIMESTAMP => Err((
                        format!("the pattern {} does not say a whole moment", pattern.written),
                        "bind a date to google.type.Date, or write y M d H m s".into(),
                    )),
                    Field::Message(_) if is_date(field) && day && !has(TimePiece::Hour) => Ok(Codec::Date(pattern)),
                    Field::String => Ok(Codec::Text),
                    _ => mismatch("google.protobuf.Timestamp or google.type.Date"),
                }
            }
            ValueKind::Enum { name, words } => match field.kind() {
                Field::Enum(enumeration) if enumeration.full_name() == name => {
                    let number = |target: &str| enumeration.get_value_by_name(target).map(|value| value.number());
                    let pairs =
                        words.iter().filter_map(|(word, target, _)| Some((word.as_str().into(), number(target)?)));
                    let is_numeric = self.schema.primitive(type_id) == Some(Primitive::Integer);
                    if is_numeric {
                        numbers_apart(&value.name, words)?;
                    }
                    Ok(Codec::Enum(Words { pairs: pairs.collect(), is_numeric }))
                }
                _ => mismatch(&format!("enum {name}")),
            },
            ValueKind::Document(_) => Err((
                format!("[value.{}] is a document, the field is {}", value.name, describe(field)),
                "bind a message field, or make it a wrapper by \".\"".into(),
            )),
            ValueKind::Base64 => match field.kind() {
                Field::Bytes if self.is_text(type_id) => Ok(Codec::Base64),
                _ => mismatch("bytes, from a text"),
            },
            ValueKind::Scale(scale) => {
                let digits = self.facets(type_id).and_then(|facets| facets.fraction_digits_max);
                // A floating point number has no such facet: what does not fit is refused when it comes.
                let is_float = matches!(self.schema.primitive(type_id), Some(Primitive::Double | Primitive::Float));
                if !is_float && digits.is_none_or(|digits| digits > *scale) {
                    return Err((
                        format!("the type allows more than {scale} digits after the point: some would be lost"),
                        "raise scale, restrict fractionDigits, or bind a string".into(),
                    ));
                }
                match integer_wire(&field.kind()) {
                    Some(wire @ (IntegerWire::Int64 | IntegerWire::Sint64 | IntegerWire::Sfixed64)) => {
                        Ok(Codec::Scaled(*scale, wire))
                    }
                    _ => mismatch("int64"),
                }
            }
            ValueKind::Bool { yes, no } => match field.kind() {
                Field::Bool => Ok(Codec::Bool(yes.as_str().into(), no.as_str().into())),
                _ => mismatch("bool"),
            },
        }
    }

    /// What a built-in type becomes without being told.
    fn natural(&self, primitive: Primitive, type_id: TypeId, field: &FieldDescriptor) -> Result<Codec, Refusal> {
        let refuse = |remedy: &str| {
            let message = format!("{} cannot become {} without loss", name_of(primitive), describe(field));
            Err((message, remedy.to_owned()))
        };
        match field.kind() {
            // Every lexical form is a string; white space is treated as the type says.
            Field::String => Ok(Codec::Text),
            Field::Bool if primitive == Primitive::Boolean => Ok(Codec::Bool("true".into(), "false".into())),
            Field::Bool => refuse("declare the words for true and false in [value.T]"),
            Field::Double if matches!(primitive, Primitive::Double | Primitive::Float) => Ok(Codec::Double),
            Field::Float if primitive == Primitive::Float => Ok(Codec::Float),
            Field::Bytes if primitive == Primitive::Base64Binary => Ok(Codec::Base64),
            Field::Bytes if primitive == Primitive::HexBinary => Ok(Codec::Hex),
            Field::Enum(_) => refuse("list the codes in [value.T] with enum = \"…\""),
            Field::Message(message) => match (message.full_name(), primitive) {
                (TIMESTAMP, Primitive::DateTime) => Ok(Codec::DateTime { zone: self.zone }),
                (DURATION, Primitive::Duration) => Ok(Codec::Duration),
                (_, Primitive::Date) if is_date(field) => {
                    Ok(Codec::Date(time_pattern("yyyy-MM-dd", self.zone, false).expect("a pattern of ours")))
                }
                _ => refuse("bind a field of a fitting type, or declare the format in [value.T]"),
            },
            kind => match integer_wire(&kind) {
                Some(wire) if primitive == Primitive::Integer && self.fits(type_id, wire) => Ok(Codec::Integer(wire)),
                Some(_) if primitive == Primitive::Integer => {
                    refuse("bind a wider field, or bound the type by minInclusive and maxInclusive")
                }
                _ => refuse("bind a string, or declare scale in [value.T]"),
            },
        }
    }

    /// Whether every value of an integer type lies in the range of the field.
    fn fits(&self, type_id: TypeId, wire: IntegerWire) -> bool {
        let Some(facets) = self.facets(type_id) else { return false };
        let (min, max) = wire.range();
        let bound = |bound: &Option<crate::schema::value::facets::Bound>, step: i128| {
            let bound = bound.as_ref()?;
            let value: i128 = bound.value.parse().ok()?;
            Some(if bound.inclusive { value } else { value + step })
        };
        // A bound of digits is a bound of value too.
        let digits = facets.digits_max.filter(|&digits| digits < 38).map(|digits| 10i128.pow(digits) - 1);
        let low = bound(&facets.min, 1).or(digits.map(|limit| -limit));
        let high = bound(&facets.max, -1).or(digits);
        low.is_some_and(|low| low >= min) && high.is_some_and(|high| high <= max)
    }

    /// Whether a type's lexical form may be any text.
    fn is_text(&self, type_id: TypeId) -> bool {
        let is_atomic = |simple: &SimpleType| matches!(simple.variety, Variety::Atomic(_));
        matches!(&self.schema.type_of(type_id).kind, Kind::Simple(simple) if is_atomic(simple))
            && matches!(self.schema.primitive(type_id), Some(Primitive::String | Primitive::AnySimple))
    }

    fn describe_type(&self, type_id: TypeId) -> String {
        self.schema.primitive(type_id).map_or("a union".to_owned(), name_of)
    }

    fn facets(&self, type_id: TypeId) -> Option<&Facets> {
        match &self.schema.type_of(type_id).kind {
            Kind::Simple(simple) => Some(&simple.facets),
            Kind::Complex(_) => None,
        }
    }
}

/// The type that a table of this name means: the partner's own, or the only one that another namespace has.
pub(super) fn meant(schema: &Schema, namespace: &str, local: &str) -> Option<TypeId> {
    let own = schema.type_named(namespace, local);
    own.or_else(|| {
        let others = schema.namespaces.iter().filter(|other| &***other != XSD);
        let mut all = others.filter_map(|other| schema.type_named(other, local));
        all.next().filter(|_| all.next().is_none())
    })
}

impl IntegerWire {
    /// Smallest and largest value.
    pub(crate) fn range(self) -> (i128, i128) {
        match self {
            Self::Int32 | Self::Sint32 | Self::Sfixed32 => (i32::MIN.into(), i32::MAX.into()),
            Self::Int64 | Self::Sint64 | Self::Sfixed64 => (i64::MIN.into(), i64::MAX.into()),
            Self::Uint32 | Self::Fixed32 => (0, u32::MAX.into()),
            Self::Uint64 | Self::Fixed64 => (0, u64::MAX.into()),
        }
    }
}

fn integer_wire(kind: &Field) -> Option<IntegerWire> {
    Some(match kind {
        Field::Int32 => IntegerWire::Int32,
        Field::Int64 => IntegerWire::Int64,
        Field::Uint32 => IntegerWire::Uint32,
        Field::Uint64 => IntegerWire::Uint64,
        Field::Sint32 => IntegerWire::Sint32,
        Field::Sint64 => IntegerWire::Sint64,
        Field::Fixed32 => IntegerWire::Fixed32,
        Field::Fixed64 => IntegerWire::Fixed64,
        Field::Sfixed32 => IntegerWire::Sfixed32,
        Field::Sfixed64 => IntegerWire::Sfixed64,
        _ => return None,
    })
}

/// Whether a field is a message of exactly year, month and day, as `google.type.Date` is.
fn is_date(field: &FieldDescriptor) -> bool {
    let Field::Message(message) = field.kind() else { return false };
    let field = |number: u32, name: &str| {
        message.get_field(number).is_some_and(|field| field.name() == name && matches!(field.kind(), Field::Int32))
    };
    message.fields().count() == 3 && field(1, "year") && field(2, "month") && field(3, "day")
}

/// Reads `yyyyMMddHHmmss` and the like.
fn time_pattern(written: &str, zone: i32, empty_is_absent: bool) -> Result<TimePattern, Refusal> {
    let mut pieces = Vec::new();
    let mut rest = written;
    while let Some(first) = rest.chars().next() {
        let known = [
            ("yyyy", TimePiece::Year),
            ("MM", TimePiece::Month),
            ("dd", TimePiece::Day),
            ("HH", TimePiece::Hour),
            ("mm", TimePiece::Minute),
            ("ss", TimePiece::Second),
        ];
        if let Some((letters, piece)) = known.iter().find(|(letters, _)| rest.starts_with(letters)) {
            if pieces.contains(piece) {
                return Err((format!("the pattern {written} says {letters} twice"), "remove one".into()));
            }
            pieces.push(*piece);
            rest = &rest[letters.len()..];
        } else if first.is_ascii_alphabetic() && first != 'T' && first != 'Z' {
            return Err((
                format!("'{first}' in the pattern {written} is not understood"),
                "write yyyy MM dd HH mm ss and punctuation; hh and mm-for-month are common slips".into(),
            ));
        } else {
            pieces.push(TimePiece::Literal(first));
            rest = &rest[first.len_utf8()..];
        }
    }
    Ok(TimePattern { written: written.into(), pieces: pieces.into(), zone, empty_is_absent })
}

/// A field's type for people.
pub(super) fn describe(field: &FieldDescriptor) -> String {
    match field.kind() {
        Field::Message(message) => message.full_name().to_owned(),
        Field::Enum(enumeration) => format!("enum {}", enumeration.full_name()),
        kind => format!("{kind:?}").to_lowercase(),
    }
}

fn name_of(primitive: Primitive) -> String {
    let name = format!("{primitive:?}");
    let mut chars = name.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    format!("xs:{}{}", first.map(String::from).unwrap_or_default(), chars.as_str())
}

const XSD: &str = "http://www.w3.org/2001/XMLSchema";
pub(super) const TIMESTAMP: &str = "google.protobuf.Timestamp";
const DURATION: &str = "google.protobuf.Duration";

/// Codes of an integer type are numbers: `09` and `9` are the same one, and no two may be.
fn numbers_apart(name: &str, words: &[(String, String, u32)]) -> Result<(), Refusal> {
    let mut seen: HashMap<i64, &str> = HashMap::new();
    for (word, ..) in words {
        let Ok(number) = word.parse() else {
            let message = format!("[value.{name}] lists \"{word}\" for a type of whole numbers");
            return Err((message, "write a number, or bind an element of a text type".into()));
        };
        if let Some(earlier) = seen.insert(number, word) {
            let message = format!("[value.{name}]: \"{earlier}\" and \"{word}\" are the same number");
            return Err((message, "keep one of the two".into()));
        }
    }
    Ok(())
}
