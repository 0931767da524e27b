//! Bytes as received → UTF-8 text: UTF-8 with or without a byte order mark, UTF-16 by mark or by name.

use std::borrow::Cow;

use super::chars::is_space;
use super::error::{Error, ErrorKind};

/// Returns the document as UTF-8 without its byte order mark.
///
/// UTF-8 is checked and borrowed; UTF-16 is converted. `charset` is the media type's parameter, any case, quotes
/// removed. What the media type and the XML declaration say must be true (WS-I R1018, XML 1.0 §4.3.3).
/// Errors: [`ErrorKind::Encoding`], at the first byte that does not fit.
pub fn to_utf8<'a>(bytes: &'a [u8], charset: Option<&str>) -> Result<Cow<'a, str>, Error> {
    let named = charset.map(family).unwrap_or(Some(Family::Unsaid)).ok_or_else(|| refuse("unknown charset"))?;
    let (actual, content) = detect(bytes, named);
    let text = match actual {
        Actual::Utf8 => Cow::Borrowed(utf8(content)?),
        Actual::Utf16(read) => Cow::Owned(utf16(content, read)?),
    };
    let agrees = |family| match family {
        Family::Unsaid => true,
        Family::Ascii => matches!(actual, Actual::Utf8) && text.is_ascii(),
        Family::Utf8 => matches!(actual, Actual::Utf8),
        Family::Utf16 => matches!(actual, Actual::Utf16(_)),
        Family::Utf16Le => matches!(actual, Actual::Utf16(read) if read([1, 0]) == 1),
        Family::Utf16Be => matches!(actual, Actual::Utf16(read) if read([0, 1]) == 1),
    };
    if !agrees(named) {
        return Err(refuse("the bytes are not in the media type's charset"));
    }
    if let Some(declaration) = text.starts_with("<?xml").then(|| text.split_inclusive("?>").next()).flatten()
        && let Some(Some(declared)) = self::declared(declaration)
        && !family(declared).is_some_and(agrees)
    {
        return Err(refuse("the bytes are not in the declared encoding"));
    }
    Ok(text)
}

/// What an XML declaration says of the encoding (`XMLDecl`, XML 1.0 §2.8): `None` where it is not one.
pub(super) fn declared(declaration: &str) -> Option<Option<&str>> {
    let mut rest = declaration.strip_prefix("<?xml")?.strip_suffix("?>")?;
    let version = pseudo_attribute(&mut rest, "version")?;
    // XML 1.0, fifth edition: any 1.x is read as 1.0.
    let minor = version.strip_prefix("1.")?;
    if minor.is_empty() || !minor.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let encoding = pseudo_attribute(&mut rest, "encoding");
    if let Some(name) = encoding {
        let (first, others) = name.as_bytes().split_first()?;
        if !first.is_ascii_alphabetic() || !others.iter().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(b)) {
            return None;
        }
    }
    if let Some(standalone) = pseudo_attribute(&mut rest, "standalone")
        && !matches!(standalone, "yes" | "no")
    {
        return None;
    }
    rest.bytes().all(is_space).then_some(encoding)
}

/// Takes `S name Eq "value"` from the front of `rest`, if it is there.
fn pseudo_attribute<'a>(rest: &mut &'a str, name: &str) -> Option<&'a str> {
    let spaces = |text: &'a str| text.trim_start_matches([' ', '\t', '\n', '\r']);
    let after_space = spaces(rest);
    if after_space.len() == rest.len() {
        return None;
    }
    let after_equals = spaces(spaces(after_space.strip_prefix(name)?).strip_prefix('=')?);
    let quote = after_equals.chars().next().filter(|&quote| quote == '"' || quote == '\'')?;
    let (value, after) = after_equals[1..].split_once(quote)?;
    *rest = after;
    Some(value)
}

/// What a name of an encoding asks for.
#[derive(Debug, Clone, Copy)]
enum Family {
    Unsaid,
    Ascii,
    Utf8,
    Utf16,
    Utf16Le,
    Utf16Be,
}

/// What the bytes are, with how two bytes of UTF-16 make a unit.
#[derive(Clone, Copy)]
enum Actual {
    Utf8,
    Utf16(fn([u8; 2]) -> u16),
}

fn family(name: &str) -> Option<Family> {
    match name.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" => Some(Family::Utf8),
        "us-ascii" | "ascii" => Some(Family::Ascii),
        "utf-16" => Some(Family::Utf16),
        "utf-16le" => Some(Family::Utf16Le),
        "utf-16be" => Some(Family::Utf16Be),
        _ => None,
    }
}

/// By byte order mark, else by name, else by the zero byte beside the first `<` (XML 1.0 appendix F).
fn detect(bytes: &[u8], named: Family) -> (Actual, &[u8]) {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => (Actual::Utf8, rest),
        [0xFF, 0xFE, rest @ ..] => (Actual::Utf16(u16::from_le_bytes), rest),
        [0xFE, 0xFF, rest @ ..] => (Actual::Utf16(u16::from_be_bytes), rest),
        [b'<', 0, ..] => (Actual::Utf16(u16::from_le_bytes), bytes),
        [0, b'<', ..] => (Actual::Utf16(u16::from_be_bytes), bytes),
        _ if matches!(named, Family::Utf16Le) => (Actual::Utf16(u16::from_le_bytes), bytes),
        _ if matches!(named, Family::Utf16Be) => (Actual::Utf16(u16::from_be_bytes), bytes),
        _ => (Actual::Utf8, bytes),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Error> {
    simdutf8::compat::from_utf8(bytes).map_err(|error| {
        let good = std::str::from_utf8(&bytes[..error.valid_up_to()]).expect("checked up to here");
        Error::at(good, good.len(), ErrorKind::Encoding("the bytes are not UTF-8"))
    })
}

fn utf16(bytes: &[u8], read: fn([u8; 2]) -> u16) -> Result<String, Error> {
    let units = bytes.chunks_exact(2);
    if !units.remainder().is_empty() {
        return Err(refuse("an odd number of bytes in UTF-16"));
    }
    let mut text = String::with_capacity(bytes.len());
    for decoded in char::decode_utf16(units.map(|unit| read([unit[0], unit[1]]))) {
        match decoded {
            Ok(c) => text.push(c),
            Err(_) => return Err(Error::at(&text, text.len(), ErrorKind::Encoding("a lone surrogate in UTF-16"))),
        }
    }
    Ok(text)
}

fn refuse(fact: &'static str) -> Error {
    Error { line: 1, column: 1, kind: ErrorKind::Encoding(fact) }
}
