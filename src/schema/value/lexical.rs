//! Lexical forms of the built-in types (XML Schema part 2 §3).

use super::decimal::Decimal;
use super::moment::{Duration, Moment};
use super::names::{is_name, is_ncname, is_nmtoken};
use super::uri::is_reference;
use super::{Primitive, Token, Violation};

/// Checks that a value, white space already treated, is in the lexical space of its primitive.
pub fn check(primitive: Primitive, token: Token, value: &str) -> Result<(), Violation> {
    let (good, asks) = match primitive {
        Primitive::AnySimple => return Ok(()),
        Primitive::String => return check_token(token, value),
        Primitive::Boolean => (matches!(value, "true" | "false" | "1" | "0"), "true, false, 1 or 0"),
        Primitive::Decimal => (Decimal::parse(value).is_some(), "a decimal number"),
        // Part 2 §3.3.21–24: the unsigned types have no sign, not even a plus.
        Primitive::Integer if token == Token::Digits => {
            (value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty(), "a whole number without a sign")
        }
        Primitive::Integer => (is_integer(value), "a whole number"),
        Primitive::Float | Primitive::Double => (is_float(value), "a floating point number"),
        Primitive::Duration => (Duration::parse(value).is_some(), "a duration PnYnMnDTnHnMnS"),
        Primitive::DateTime => (is_moment(primitive, value), "a moment yyyy-MM-ddTHH:mm:ss of the calendar"),
        Primitive::Time => (is_moment(primitive, value), "a time HH:mm:ss"),
        Primitive::Date => (is_moment(primitive, value), "a date yyyy-MM-dd of the calendar"),
        Primitive::GYearMonth => (is_moment(primitive, value), "a month yyyy-MM"),
        Primitive::GYear => (is_moment(primitive, value), "a year yyyy"),
        Primitive::GMonthDay => (is_moment(primitive, value), "a day of the year --MM-dd"),
        Primitive::GDay => (is_moment(primitive, value), "a day of the month ---dd"),
        Primitive::GMonth => (is_moment(primitive, value), "a month --MM"),
        Primitive::HexBinary => (
            value.len().is_multiple_of(2) && value.bytes().all(|b| b.is_ascii_hexdigit()),
            "pairs of hexadecimal digits",
        ),
        Primitive::Base64Binary => (base64_octets(value).is_some(), "base64"),
        Primitive::AnyUri => (is_reference(value), "a URI"),
        Primitive::QName => (is_qname(value), "a qualified name"),
        // Part 2 §3.2.19: the notations that the schema declares; it can declare none here.
        Primitive::Notation => (false, "a notation that the schema declares"),
    };
    if good { Ok(()) } else { Err(Violation { rule: "cvc-datatype-valid.1.2.1", asks: asks.into() }) }
}

/// Octets that a base64 value stands for; `None` where it is not base64 (part 2 §3.2.16: blanks may stand between
/// characters, unused bits are zero).
pub fn base64_octets(value: &str) -> Option<usize> {
    let bytes = value.as_bytes();
    let blanks = memchr::memchr_iter(b' ', bytes).count();
    if blanks == 0 {
        base64_simd::STANDARD.check(bytes).ok()?;
    } else {
        let packed: Vec<u8> = bytes.iter().copied().filter(|&byte| byte != b' ').collect();
        base64_simd::STANDARD.check(&packed).ok()?;
    }
    let padding = value.bytes().rev().filter(|&byte| byte != b' ').take_while(|&byte| byte == b'=').count();
    Some((bytes.len() - blanks) / 4 * 3 - padding)
}

fn check_token(token: Token, value: &str) -> Result<(), Violation> {
    let (good, asks) = match token {
        Token::Any | Token::Digits => return Ok(()),
        Token::Language => (is_language(value), "a language tag"),
        Token::NmToken => (is_nmtoken(value), "a name token"),
        Token::Name => (is_name(value), "a name"),
        Token::NcName => (is_ncname(value), "a name without a colon"),
    };
    if good { Ok(()) } else { Err(Violation { rule: "cvc-datatype-valid.1.2.1", asks: asks.into() }) }
}

fn is_integer(value: &str) -> bool {
    let digits = value.strip_prefix(['+', '-']).unwrap_or(value);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_float(value: &str) -> bool {
    if matches!(value, "INF" | "-INF" | "NaN") {
        return true;
    }
    let (mantissa, exponent) = value.split_once(['e', 'E']).unwrap_or((value, "0"));
    Decimal::parse(mantissa).is_some() && is_integer(exponent)
}

fn is_moment(primitive: Primitive, value: &str) -> bool {
    Moment::parse(primitive, value).is_some()
}

fn is_language(value: &str) -> bool {
    value.split('-').enumerate().all(|(at, part)| {
        (1..=8).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_alphabetic() || (at > 0 && byte.is_ascii_digit()))
    })
}

fn is_qname(value: &str) -> bool {
    match value.split_once(':') {
        Some((prefix, local)) => is_ncname(prefix) && is_ncname(local),
        None => is_ncname(value),
    }
}
