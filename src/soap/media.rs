//! The `Content-Type` of a request: which SOAP version it announces, in which encoding, in how many parts.

use std::borrow::Cow;

use super::version::Version;

/// A media type that announces a SOAP message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaType<'a> {
    /// `text/xml` is SOAP 1.1, `application/soap+xml` SOAP 1.2. The envelope has the last word.
    pub version: Version,
    /// `charset`, quotes removed; `None`: the document says it itself, else UTF-8. Always `None` of a multipart: its
    /// root part has its own.
    pub charset: Option<Cow<'a, str>>,
    /// How the parts are told apart; `None`: the body is the message.
    pub multipart: Option<Multipart<'a>>,
}

/// `multipart/related` (RFC 2387) around a SOAP message, by Attachments Profile 1.0 or MTOM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Multipart<'a> {
    /// What stands between the parts: 1 to [`BOUNDARY_BYTES_MAX`] bytes, all of them allowed by RFC 2046 §5.1.1.
    pub boundary: Cow<'a, str>,
    /// `Content-ID` of the root part, as written; `None`: it is the first part (RFC 2387 §3.2, R2922).
    pub start: Option<Cow<'a, str>>,
    /// What the root part is to be.
    pub root: RootType,
}

/// The `type` of a `multipart/related`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootType {
    /// SOAP's own, of the version announced.
    Soap,
    /// `application/xop+xml` (XOP 1.0 §4.1): MTOM.
    Xop,
    /// Left out, against RFC 2387 §3.1: the root part says it itself.
    Unsaid,
}

/// A media type that carries no SOAP message we read: answered 415 (WS-I R1115, SOAP 1.2 part 2 §7.5.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("media type is neither text/xml nor application/soap+xml, nor multipart/related with one of them")]
pub struct Unsupported;

impl<'a> MediaType<'a> {
    /// Reads the value of a `Content-Type` header field, of a request or of the root part of one.
    ///
    /// Lenient where clients are known to differ: any case, quoted or bare parameter values (an unquoted
    /// `action` is a URI, no RFC 9110 token), blank parameters, unknown parameters.
    /// Refused: two different values of a parameter that is read, of which one must lie (WS-I R1018); a
    /// `multipart/related` without `boundary`, or whose `type` is no SOAP message's (Attachments Profile R2945, R2932).
    /// Without `type` SOAP 1.1 is announced.
    pub fn parse(value: &'a str) -> Result<Self, Unsupported> {
        let (essence, parameters) = value.split_once(';').unwrap_or((value, ""));
        let essence = essence.trim();
        let found = Parameters::read(parameters)?;
        if !essence.eq_ignore_ascii_case(MULTIPART) {
            return Ok(Self { version: version_of(essence)?, charset: found.charset, multipart: None });
        }
        let (root, announced) = match found.root_type {
            None => (RootType::Unsaid, Cow::Borrowed("text/xml")),
            // MTOM §3.2: `start-info` has the type that the message would have without it. Some leave it out.
            Some(xop) if xop.eq_ignore_ascii_case(XOP) => {
                (RootType::Xop, found.start_info.unwrap_or(Cow::Borrowed("text/xml")))
            }
            Some(own) => (RootType::Soap, own),
        };
        let version = version_of(announced.split(';').next().unwrap_or_default().trim())?;
        let boundary = found.boundary.filter(|boundary| is_boundary(boundary)).ok_or(Unsupported)?;
        Ok(Self { version, charset: None, multipart: Some(Multipart { boundary, start: found.start, root }) })
    }

    /// Reads the `Content-Type` of a root part that is to be XOP's: `application/xop+xml; type="text/xml"`.
    pub(super) fn parse_xop(value: &'a str, version: Version) -> Result<Self, Unsupported> {
        let (essence, parameters) = value.split_once(';').unwrap_or((value, ""));
        if !essence.trim().eq_ignore_ascii_case(XOP) {
            return Err(Unsupported);
        }
        Ok(Self { version, charset: Parameters::read(parameters)?.charset, multipart: None })
    }
}

/// The parameters that say something about a message.
#[derive(Default)]
struct Parameters<'a> {
    charset: Option<Cow<'a, str>>,
    boundary: Option<Cow<'a, str>>,
    start: Option<Cow<'a, str>>,
    start_info: Option<Cow<'a, str>>,
    root_type: Option<Cow<'a, str>>,
}

impl<'a> Parameters<'a> {
    fn read(mut rest: &'a str) -> Result<Self, Unsupported> {
        let mut found = Self::default();
        while let Some((name, value, after)) = next_parameter(rest) {
            rest = after;
            let (place, is_same): (_, fn(&str, &str) -> bool) = match name.to_ascii_lowercase().as_str() {
                "charset" => (&mut found.charset, str::eq_ignore_ascii_case),
                "type" => (&mut found.root_type, str::eq_ignore_ascii_case),
                "start-info" => (&mut found.start_info, str::eq_ignore_ascii_case),
                "boundary" => (&mut found.boundary, str::eq),
                "start" => (&mut found.start, str::eq),
                _ => continue,
            };
            if place.as_deref().is_some_and(|known| !is_same(known, &value)) {
                return Err(Unsupported);
            }
            *place = Some(value);
        }
        Ok(found)
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

/// `boundary` of RFC 2046 §5.1.1.
fn is_boundary(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    (1..=BOUNDARY_BYTES_MAX).contains(&text.len()) && !text.ends_with(' ') && text.bytes().all(is_allowed)
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

/// Longest boundary, bytes (RFC 2046 §5.1.1).
pub const BOUNDARY_BYTES_MAX: usize = 70;
const MULTIPART: &str = "multipart/related";
const XOP: &str = "application/xop+xml";

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: &str) {
        let found = match MediaType::parse(value) {
            Ok(MediaType { version, multipart: Some(parts), .. }) => format!(
                "{version:?} [{}] {}{}",
                parts.boundary,
                parts.start.as_deref().unwrap_or("-"),
                match parts.root {
                    RootType::Soap => "",
                    RootType::Xop => " xop",
                    RootType::Unsaid => " unsaid",
                }
            ),
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
        for value in ["", "application/xml", "application/json", "text/plain", "text/xmlx"] {
            check(value, "415");
        }
    }

    #[test]
    fn r2945_r2932_a_multipart_names_its_boundary_and_its_roots_type() {
        check("multipart/related; type=\"text/xml\"; boundary=b", "Soap11 [b] -");
        check("Multipart/Related;Boundary=\"a b:c\";Type=TEXT/XML;start=\"<r@x>\"", "Soap11 [a b:c] <r@x>");
        check("multipart/related; boundary=----=_Part_0_1.2; type=application/soap+xml", "Soap12 [----=_Part_0_1.2] -");
        check(
            "multipart/related; type=\"application/xop+xml\"; boundary=b; start-info=\"text/xml\"",
            "Soap11 [b] - xop",
        );
        let soap_12 = "start-info=\"application/soap+xml; action=\\\"urn:a\\\"\"";
        check(&format!("multipart/related; type=\"application/xop+xml\"; boundary=b; {soap_12}"), "Soap12 [b] - xop");
        check("multipart/related; type=\"application/xop+xml\"; boundary=b", "Soap11 [b] - xop");
        check("multipart/related; type=\"text/xml\"; boundary=b; charset=utf-16", "Soap11 [b] -");
        check("multipart/related; charset=UTF-8; boundary=b", "Soap11 [b] - unsaid");
        for wrong in [
            "multipart/related; type=\"text/xml\"",
            "multipart/related; boundary=b; type=\"text/plain\"",
            "multipart/related; boundary=b; type=\"application/xop+xml\"; start-info=\"text/plain\"",
            "multipart/mixed; boundary=b; type=\"text/xml\"",
            "multipart/related; type=\"text/xml\"; boundary=a; boundary=b",
            "multipart/related; type=\"text/xml\"; boundary=\"\"",
            "multipart/related; type=\"text/xml\"; boundary=\"a \"",
            "multipart/related; type=\"text/xml\"; boundary=\"a{b\"",
            "application/xop+xml; type=\"text/xml\"",
        ] {
            check(wrong, "415");
        }
    }

    #[test]
    fn a_boundary_has_70_bytes_at_most() {
        let value = |bytes: usize| format!("multipart/related; type=\"text/xml\"; boundary={}", "b".repeat(bytes));
        check(&value(BOUNDARY_BYTES_MAX), &format!("Soap11 [{}] -", "b".repeat(70)));
        check(&value(BOUNDARY_BYTES_MAX + 1), "415");
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
