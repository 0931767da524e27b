//! The `Content-Type` of a request: which SOAP version it announces, in which encoding.

use std::borrow::Cow;

use super::version::Version;

/// A media type that announces a SOAP message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType<'a> {
    /// `text/xml` is SOAP 1.1, `application/soap+xml` SOAP 1.2. The envelope has the last word.
    pub version: Version,
    /// `charset`, quotes removed; `None`: the document says it itself, else UTF-8.
    pub charset: Option<Cow<'a, str>>,
}

/// A media type that carries no SOAP message we read: answered 415 (WS-I R1115, SOAP 1.2 part 2 §7.5.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("media type is neither text/xml nor application/soap+xml")]
pub struct Unsupported;

impl<'a> MediaType<'a> {
    /// Reads the value of a `Content-Type` header field.
    ///
    /// Lenient where clients are known to differ: any case, quoted or bare parameter values (an unquoted
    /// `action` is a URI, no RFC 9110 token), blank parameters, unknown parameters.
    /// Refused: two different `charset`s, of which one must lie (WS-I R1018).
    pub fn parse(value: &'a str) -> Result<Self, Unsupported> {
        let (essence, mut rest) = value.split_once(';').unwrap_or((value, ""));
        let mut media = Self { version: version_of(essence.trim())?, charset: None };
        while let Some((name, value, after)) = next_parameter(rest) {
            rest = after;
            if name.eq_ignore_ascii_case("charset") {
                media.set_charset(value)?;
            }
        }
        Ok(media)
    }

    fn set_charset(&mut self, value: Cow<'a, str>) -> Result<(), Unsupported> {
        match &self.charset {
            Some(known) if !known.eq_ignore_ascii_case(&value) => Err(Unsupported),
            _ => {
                self.charset = Some(value);
                Ok(())
            }
        }
    }
}

fn version_of(essence: &str) -> Result<Version, Unsupported> {
    if essence.eq_ignore_ascii_case("text/xml") {
        Ok(Version::Soap11)
    } else if essence.eq_ignore_ascii_case("application/soap+xml") {
        Ok(Version::Soap12)
    } else {
        Err(Unsupported)
    }
}

/// Takes one `name=value` off the front: name, value without quotes, what follows its `;`.
/// A parameter without `=` has an empty value. `None` at the end.
fn next_parameter(text: &str) -> Option<(&str, Cow<'_, str>, &str)> {
    let text = text.trim_start_matches([' ', '\t', ';']);
    if text.is_empty() {
        return None;
    }
    let name_end = text.find(['=', ';']).unwrap_or(text.len());
    let name = text[..name_end].trim();
    let Some(value) = text[name_end..].strip_prefix('=') else {
        return Some((name, Cow::Borrowed(""), &text[name_end..]));
    };
    let value = value.trim_start();
    match value.strip_prefix('"') {
        Some(quoted) => {
            let (value, after) = unquote(quoted);
            Some((name, value, after))
        }
        None => {
            let end = value.find(';').unwrap_or(value.len());
            Some((name, Cow::Borrowed(value[..end].trim_end()), &value[end..]))
        }
    }
}

/// Reads a quoted string after its opening quote; an unclosed one ends with the text.
fn unquote(quoted: &str) -> (Cow<'_, str>, &str) {
    let mut value = String::new();
    let mut plain_from = 0;
    let mut bytes = quoted.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' if value.is_empty() => return (Cow::Borrowed(&quoted[plain_from..at]), &quoted[at + 1..]),
            b'"' => {
                value.push_str(&quoted[plain_from..at]);
                return (Cow::Owned(value), &quoted[at + 1..]);
            }
            b'\\' => {
                value.push_str(&quoted[plain_from..at]);
                plain_from = at + 1;
                bytes.next();
            }
            _ => {}
        }
    }
    value.push_str(&quoted[plain_from..]);
    (Cow::Owned(value), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: &str) {
        let found = match MediaType::parse(value) {
            Ok(media) => format!("{:?} {}", media.version, media.charset.as_deref().unwrap_or("-")),
            Err(Unsupported) => "415".to_owned(),
        };
        assert_eq!(found, expected, "{value}");
    }

    #[test]
    fn media_types_of_real_clients_are_read() {
        check("text/xml", "Soap11 -");
        check("text/xml; charset=utf-8", "Soap11 utf-8");
        check("Text/XML;Charset=\"UTF-8\"", "Soap11 UTF-8");
        check("text/xml;charset=UTF-16; ", "Soap11 UTF-16");
        check("text/xml ; charset = utf-8", "Soap11 utf-8");
        check("application/soap+xml", "Soap12 -");
        check("application/soap+xml; charset=utf-8; action=\"urn:a;charset=x\"", "Soap12 utf-8");
        check("application/soap+xml; action=http://example.org/a?b=c; charset=utf-8", "Soap12 utf-8");
        check("application/soap+xml; action=; charset=utf-8", "Soap12 utf-8");
        check("application/soap+xml;;charset=utf-8;odd", "Soap12 utf-8");
        check("text/xml; charset=\"ut\\f-8\"", "Soap11 utf-8");
        check("text/xml; charset=utf-8; charset=UTF-8", "Soap11 UTF-8");
    }

    #[test]
    fn other_media_types_are_unsupported() {
        for value in [
            "",
            "application/xml",
            "application/json",
            "text/plain",
            "multipart/related; type=\"text/xml\"",
            "text/xmlx",
        ] {
            check(value, "415");
        }
    }

    #[test]
    fn two_charsets_cannot_both_tell_the_truth() {
        check("text/xml; charset=utf-8; charset=utf-16", "415");
    }

    #[test]
    fn an_unclosed_quote_ends_with_the_value() {
        check("text/xml; charset=\"utf-8", "Soap11 utf-8");
        check("text/xml; charset=\"utf-8\\", "Soap11 utf-8");
    }
}
