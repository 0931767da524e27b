//! Constraining facets (XML Schema part 2 §4.3).

use std::cmp::Ordering;

use super::decimal::Decimal;
use super::lexical::base64_octets;
use super::moment::{Duration, Moment};
use super::pattern::Pattern;
use super::{Primitive, Violation};

/// Facets in force. Lengths are characters, octets or items by variety and primitive.
#[derive(Debug, Clone, Default)]
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
    /// `pattern`: one for each step of derivation, all must match.
    pub patterns: Vec<Pattern>,
    /// `minInclusive` or `minExclusive`.
    pub min: Option<Bound>,
    /// `maxInclusive` or `maxExclusive`.
    pub max: Option<Bound>,
}

/// An end of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// Lexical form of the bound.
    pub value: Box<str>,
    /// Whether the bound itself is allowed.
    pub inclusive: bool,
    /// The bound of the integer family where it fits, so that the common case needs no digits compared.
    pub small: Option<i64>,
}

impl Bound {
    /// A bound from its lexical form.
    pub fn new(value: &str, inclusive: bool) -> Self {
        Self { value: value.into(), inclusive, small: value.parse().ok() }
    }
}

impl Facets {
    /// Checks a value of an atomic type.
    pub(super) fn check_atomic(&self, primitive: Primitive, value: &str) -> Result<(), Violation> {
        self.check_patterns(value)?;
        if self.has_length() {
            let (length, unit) = length(primitive, value);
            self.check_length(length, unit)?;
        }
        if self.min.is_some() || self.max.is_some() {
            self.check_range(primitive, value)?;
        }
        if self.digits_max.is_some() || self.fraction_digits_max.is_some() {
            self.check_digits(value)?;
        }
        self.check_enumeration(|one| is_same_value(primitive, value, one))
    }

    /// Checks a list of `items` items, but for its enumeration.
    pub(super) fn check_list(&self, items: u64, value: &str) -> Result<(), Violation> {
        self.check_patterns(value)?;
        if self.has_length() {
            self.check_length(items, "items")?;
        }
        Ok(())
    }

    fn has_length(&self) -> bool {
        self.length.is_some() || self.length_min.is_some() || self.length_max.is_some()
    }

    fn check_length(&self, length: u64, unit: &str) -> Result<(), Violation> {
        if let Some(exact) = self.length.filter(|&exact| length != exact) {
            return Err(Violation { rule: "cvc-length-valid", asks: format!("exactly {exact} {unit}") });
        }
        if let Some(min) = self.length_min.filter(|&min| length < min) {
            return Err(Violation { rule: "cvc-minLength-valid", asks: format!("at least {min} {unit}") });
        }
        if let Some(max) = self.length_max.filter(|&max| length > max) {
            return Err(Violation { rule: "cvc-maxLength-valid", asks: format!("at most {max} {unit}") });
        }
        Ok(())
    }

    pub(super) fn check_patterns(&self, value: &str) -> Result<(), Violation> {
        match self.patterns.iter().find(|pattern| !pattern.matches(value)) {
            Some(pattern) => {
                Err(Violation { rule: "cvc-pattern-valid", asks: format!("the pattern {}", pattern.written()) })
            }
            None => Ok(()),
        }
    }

    fn check_range(&self, primitive: Primitive, value: &str) -> Result<(), Violation> {
        let fits = |bound: &Bound, wanted: Ordering| {
            let order = compare(primitive, value, bound);
            order == Some(wanted) || (bound.inclusive && order == Some(Ordering::Equal))
        };
        let refuse =
            |rule, words: &str, bound: &Bound| Err(Violation { rule, asks: format!("{words} {}", bound.value) });
        if let Some(min) = self.min.as_ref().filter(|min| !fits(min, Ordering::Greater)) {
            return match min.inclusive {
                true => refuse("cvc-minInclusive-valid", "at least", min),
                false => refuse("cvc-minExclusive-valid", "more than", min),
            };
        }
        if let Some(max) = self.max.as_ref().filter(|max| !fits(max, Ordering::Less)) {
            return match max.inclusive {
                true => refuse("cvc-maxInclusive-valid", "at most", max),
                false => refuse("cvc-maxExclusive-valid", "less than", max),
            };
        }
        Ok(())
    }

    fn check_digits(&self, value: &str) -> Result<(), Violation> {
        let Some(number) = Decimal::parse(value) else { return Ok(()) };
        if let Some(max) = self.digits_max.filter(|&max| number.digits() > max as usize) {
            return Err(Violation { rule: "cvc-totalDigits-valid", asks: format!("at most {max} digits") });
        }
        if let Some(max) = self.fraction_digits_max.filter(|&max| number.fraction_digits() > max as usize) {
            return Err(Violation {
                rule: "cvc-fractionDigits-valid",
                asks: format!("at most {max} digits after the point"),
            });
        }
        Ok(())
    }

    /// Values, not spellings, are compared (part 2 §4.3.5): `is_same` says whether one of the list is the value.
    pub(super) fn check_enumeration(&self, is_same: impl Fn(&str) -> bool) -> Result<(), Violation> {
        let Some(allowed) = &self.enumeration else { return Ok(()) };
        if allowed.iter().any(|one| is_same(one)) {
            return Ok(());
        }
        let shown: Vec<&str> = allowed.iter().take(SHOWN_MAX).map(|one| &**one).collect();
        let more = if allowed.len() > SHOWN_MAX { ", …" } else { "" };
        Err(Violation { rule: "cvc-enumeration-valid", asks: format!("one of {}{more}", shown.join(", ")) })
    }
}

/// Whether two lexical forms of a primitive are one value (part 2 §4.2.1); for strings the two are the same.
pub(super) fn is_same_value(primitive: Primitive, one: &str, other: &str) -> bool {
    match primitive {
        Primitive::String | Primitive::AnyUri => one == other,
        _ => one == other || compare(primitive, one, &Bound::new(other, true)) == Some(Ordering::Equal),
    }
}

/// Length of a value in the unit of its primitive.
fn length(primitive: Primitive, value: &str) -> (u64, &'static str) {
    match primitive {
        Primitive::HexBinary => (value.len() as u64 / 2, "octets"),
        Primitive::Base64Binary => (base64_octets(value).unwrap_or(0) as u64, "octets"),
        // ASCII and short: the byte count is the answer more often than not.
        _ if value.is_ascii() => (value.len() as u64, "characters"),
        _ => (value.chars().count() as u64, "characters"),
    }
}

/// Order of a value and a bound in the value space; `None` where there is none between them.
fn compare(primitive: Primitive, value: &str, bound: &Bound) -> Option<Ordering> {
    match primitive {
        Primitive::Integer | Primitive::Decimal => {
            if let (Ok(value), Some(bound)) = (value.parse::<i64>(), bound.small) {
                return Some(value.cmp(&bound));
            }
            Some(Decimal::parse(value)?.cmp(&Decimal::parse(&bound.value)?))
        }
        Primitive::Float => {
            let number = |text| float(text).map(|number| number as f32);
            let (value, bound) = (number(value)?, number(&bound.value)?);
            if value.is_nan() && bound.is_nan() { Some(Ordering::Equal) } else { value.partial_cmp(&bound) }
        }
        Primitive::Double => {
            let (value, bound) = (float(value)?, float(&bound.value)?);
            if value.is_nan() && bound.is_nan() { Some(Ordering::Equal) } else { value.partial_cmp(&bound) }
        }
        Primitive::Duration => Duration::parse(value)?.partial_cmp(&Duration::parse(&bound.value)?),
        Primitive::Boolean => {
            let truth = |text: &str| matches!(text, "true" | "1");
            (truth(value) == truth(&bound.value)).then_some(Ordering::Equal)
        }
        Primitive::HexBinary => value.eq_ignore_ascii_case(&bound.value).then_some(Ordering::Equal),
        Primitive::Base64Binary => {
            let packed = |text: &str| text.replace(' ', "");
            (packed(value) == packed(&bound.value)).then_some(Ordering::Equal)
        }
        Primitive::AnySimple | Primitive::String | Primitive::AnyUri | Primitive::QName | Primitive::Notation => {
            (value == &*bound.value).then_some(Ordering::Equal)
        }
        _ => Moment::parse(primitive, value)?.partial_cmp(&Moment::parse(primitive, &bound.value)?),
    }
}

/// `INF`, `-INF`, `NaN` or a number that Rust reads the same way.
fn float(text: &str) -> Option<f64> {
    match text {
        "INF" => Some(f64::INFINITY),
        "-INF" => Some(f64::NEG_INFINITY),
        _ => text.parse().ok(),
    }
}

/// Enumeration values named in a message.
const SHOWN_MAX: usize = 12;
