//! Places in the text of a well-formed start tag, for edits that leave the rest as it is.

use std::ops::Range;

/// Where the qualified name of a start tag ends.
pub(super) fn name_end(tag: &str) -> usize {
    tag.find(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/').unwrap_or(tag.len())
}

/// Where an unprefixed attribute stands in a well-formed start tag, the white space before it included.
pub(super) fn attribute_range(tag: &str, name: &str) -> Option<Range<usize>> {
    let bytes = tag.as_bytes();
    let space = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        at
    };
    let mut at = name_end(tag);
    loop {
        let (before, start) = (at, space(at));
        let equals = start + tag.get(start..)?.find('=')?;
        // An end of the tag before the next `=` is the end of its attributes.
        if tag[start..equals].contains('>') {
            return None;
        }
        let quote_at = space(equals + 1);
        let quote = char::from(*bytes.get(quote_at)?);
        let end = quote_at + 1 + tag.get(quote_at + 1..)?.find(quote)? + 1;
        if tag[start..equals].trim_end() == name {
            return Some(before..end);
        }
        at = end;
    }
}

pub(super) fn escape(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
