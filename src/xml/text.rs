//! Character data and attribute values: references and white space as XML 1.0 §2.11, §3.3.3 and §4.1 say.

use super::chars::is_char;

/// Appends text with its line ends normalised: `\r\n` and a lone `\r` become `\n` (XML 1.0 §2.11).
pub fn push_normalized(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\r', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        out.push('\n');
        rest = &rest[at + 1..];
        rest = rest.strip_prefix('\n').unwrap_or(rest);
    }
    out.push_str(rest);
}

/// Appends what a run of character data, references and CDATA sections stands for. Its parts are known to be good: the
/// reader saw them one by one.
pub fn push_run(out: &mut String, run: &str) {
    let mut rest = run;
    while let Some(at) = memchr::memchr2(b'&', b'<', rest.as_bytes()) {
        push_normalized(out, &rest[..at]);
        let special = &rest[at..];
        if let Some((section, after)) = special.strip_prefix("<![CDATA[").and_then(|section| section.split_once("]]>"))
        {
            push_normalized(out, section);
            rest = after;
        } else if let Some((name, after)) = special[1..].split_once(';') {
            out.extend(reference(name));
            rest = after;
        } else {
            rest = &special[1..];
        }
    }
    push_normalized(out, rest);
}

/// The same as a text of its own.
pub fn of_run(run: &str) -> String {
    let mut text = String::with_capacity(run.len());
    push_run(&mut text, run);
    text
}

/// Value of an attribute of type CDATA as written between its quotes (XML 1.0 §3.3.3). Its references are known to
/// be good: [`check_references`] saw them.
pub fn normalize_attribute(raw: &str) -> String {
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(['&', '\t', '\n', '\r']) {
        value.push_str(&rest[..at]);
        let special = &rest[at..];
        if let Some((name, after)) = special.strip_prefix('&').and_then(|reference| reference.split_once(';')) {
            value.extend(reference(name));
            rest = after;
        } else {
            value.push(' ');
            rest = special.strip_prefix("\r\n").unwrap_or(&special[1..]);
        }
    }
    value.push_str(rest);
    value
}

/// Whether every `&` of an attribute value starts a reference that [`reference()`] knows.
pub fn check_references(raw: &str) -> bool {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
        let Some((name, after)) = rest[at + 1..].split_once(';') else { return false };
        if reference(name).is_none() {
            return false;
        }
        rest = after;
    }
    true
}

/// What `&name;` stands for: one of the five predefined entities, or a character reference to a character that XML
/// allows (XML 1.0 §4.1, §4.6).
pub fn reference(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => character_reference(name.strip_prefix('#')?),
    }
}

fn character_reference(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(hexadecimal) => (hexadecimal, 16),
        None => (number, 10),
    };
    // `from_str_radix` would take a sign.
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let code = u32::from_str_radix(digits, radix).ok()?;
    char::from_u32(code).filter(|&c| is_char(c))
}
