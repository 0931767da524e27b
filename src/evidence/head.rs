//! A record's head: what is said of a message in public, as lines of text.
//!
//! ```text
//! lienthong-record: 1
//! exchange: 0b6c4c0e9d8f4f6b9a3a0b6f0e8b7a11
//! part: request
//! at: 2026-11-26T07:41:43.123Z
//! member: h56
//! about: 000.00.00.G07-261126-0001
//! body-bytes: 4096
//! body-sha256: 5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9
//! ```
//! Each line ends with a line feed. In a value a backslash and control characters are written `\xNN`.

use std::fmt::Write;

use jiff::Timestamp;

use crate::clock::UnixMillis;
use crate::crypto::Digest;

/// Which message of an exchange it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// As received.
    Request,
    /// As sent.
    Answer,
}

/// What is said of a message.
#[derive(Debug, Clone, Copy)]
pub struct Head<'h> {
    /// The exchange: 32 hexadecimal digits, the same for request and answer.
    pub exchange: &'h str,
    /// Which of its messages.
    pub part: Part,
    /// When it came or went.
    pub at: UnixMillis,
    /// Names, of lower-case letters and `-`, and values, in the order in which they are written; empty values are not.
    pub fields: &'h [(&'static str, &'h str)],
    /// Codes of what it is about, by which it is found.
    pub about: &'h [String],
}

/// A head that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// Names and values in their order, with those that every head has.
    pub fields: Vec<(String, String)>,
    /// SHA-256 of the message.
    pub body: Digest,
    /// Bytes of the message.
    pub body_bytes: u64,
}

impl Head<'_> {
    /// As text, for this message.
    pub fn write(&self, body: &[u8]) -> Vec<u8> {
        let mut out = String::with_capacity(512);
        let part = match self.part {
            Part::Request => "request",
            Part::Answer => "answer",
        };
        let at = time(self.at);
        for (name, value) in [("lienthong-record", "1"), ("exchange", self.exchange), ("part", part), ("at", &at)] {
            line(&mut out, name, value);
        }
        for (name, value) in self.fields.iter().filter(|(_, value)| !value.is_empty()) {
            line(&mut out, name, value);
        }
        for code in self.about {
            line(&mut out, "about", code);
        }
        line(&mut out, "body-bytes", &body.len().to_string());
        line(&mut out, "body-sha256", &Digest::of(body).to_string());
        out.into_bytes()
    }
}

impl Parsed {
    /// Reads a head; `None` where it is none.
    pub fn of(text: &[u8]) -> Option<Self> {
        let fields = lines(text)?;
        let value = |name| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        (value("lienthong-record")? == "1").then_some(())?;
        let body = Digest::from_hex(value("body-sha256")?)?;
        let body_bytes = value("body-bytes")?.parse().ok()?;
        Some(Self { body, body_bytes, fields })
    }

    /// The first value by this name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All values by this name.
    pub fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.fields.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A time as it is written in heads and checkpoints: UTC, to the millisecond.
pub fn time(at: UnixMillis) -> String {
    let at = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Writes one line.
pub(super) fn line(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str(": ");
    for character in value.chars() {
        match character {
            '\\' | '\0'..='\x1f' | '\x7f' => _ = write!(out, "\\x{:02x}", u32::from(character)),
            _ => out.push(character),
        }
    }
    out.push('\n');
}

/// Names and values of lines; `None` where it is something else.
pub(super) fn lines(text: &[u8]) -> Option<Vec<(String, String)>> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('\n')?;
    text.split('\n')
        .map(|line| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_was_written_and_no_value_breaks_its_lines() {
        let head = Head {
            exchange: "0b6c",
            part: Part::Answer,
            at: UnixMillis(1_000),
            fields: &[("member", "h56"), ("via", ""), ("message-id", "a\\b\nbody-sha256: forged")],
            about: &["000.00-1".to_owned(), "000.00-2".to_owned()],
        };
        let text = head.write(b"body");
        let parsed = Parsed::of(&text).expect("a head");
        assert_eq!(parsed.field("at"), Some("1970-01-01T00:00:01.000Z"));
        assert_eq!(parsed.field("message-id"), Some("a\\x5cb\\x0abody-sha256: forged"));
        assert_eq!(parsed.field("via"), None);
        assert_eq!(parsed.all("about").collect::<Vec<_>>(), ["000.00-1", "000.00-2"]);
        assert_eq!((parsed.body, parsed.body_bytes), (Digest::of(b"body"), 4));
        for end in 0..text.len() {
            assert_eq!(Parsed::of(&text[..end]), None);
        }
    }
}
