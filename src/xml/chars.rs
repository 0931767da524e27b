//! Which characters XML 1.0 allows, and where.

/// `Char` of XML 1.0 §2.2.
pub fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

/// `S` of XML 1.0 §2.3.
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether a text is white space only (the empty text is).
pub fn is_blank(text: &str) -> bool {
    text.bytes().all(is_space)
}

/// Offset of the first character that no document may hold, escaped or not.
pub fn first_forbidden(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    // The common case in one vectorised sweep: no control character, no byte that U+FFFE and U+FFFF start with.
    let suspicious = bytes.iter().fold(false, |seen, &byte| seen | (byte < 0x20 && !is_space(byte)) | (byte == 0xEF));
    if !suspicious {
        return None;
    }
    text.char_indices().find(|&(_, c)| !is_char(c)).map(|(at, _)| at)
}

/// `NCName` of Namespaces in XML 1.0 §3.
pub fn is_ncname(name: &str) -> bool {
    let bytes = name.as_bytes();
    if bytes.iter().all(|&byte| NAME[byte as usize] & (NAME_START | NAME_PART) != 0) {
        return bytes.first().is_some_and(|&byte| NAME[byte as usize] == NAME_START);
    }
    if bytes.is_ascii() {
        return false;
    }
    let mut chars = name.chars();
    chars.next().is_some_and(is_name_start) && chars.all(|c| is_name_start(c) || is_name_part(c))
}

/// Whether two names are the same. Names are short: a call to compare memory costs more than the comparison.
#[inline]
pub fn same_name(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let word = |bytes: &[u8]| bytes.first_chunk::<8>().map(|word| u64::from_ne_bytes(*word));
    let (mut one_rest, mut other_rest) = (one, other);
    while let (Some(left), Some(right)) = (word(one_rest), word(other_rest)) {
        if left != right {
            return false;
        }
        (one_rest, other_rest) = (&one_rest[8..], &other_rest[8..]);
    }
    one_rest.iter().zip(other_rest).all(|(left, right)| left == right)
}

/// `NameStartChar` of XML 1.0 §2.3 without the colon.
pub fn is_name_start(c: char) -> bool {
    matches!(c, 'A'..='Z' | '_' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

/// What `NameChar` of XML 1.0 §2.3 adds to [`is_name_start`].
pub fn is_name_part(c: char) -> bool {
    matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// The start of a text as far as it looks like a `QName` in ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlainName {
    /// Bytes that may stand in a `QName`.
    pub length: usize,
    /// Where the local name starts, behind the colon if there is one; `None` where these bytes are no `QName`.
    pub local_start: Option<usize>,
}

/// Reads bytes as long as they may stand in a `QName` in ASCII (Namespaces in XML 1.0 §4).
#[inline]
pub fn plain_qname(bytes: &[u8]) -> PlainName {
    let (mut length, mut local_start, mut colons) = (0, 0, 0);
    for &byte in bytes {
        match NAME[byte as usize] {
            0 => break,
            NAME_COLON => {
                colons += 1;
                local_start = length + 1;
            }
            _ => {}
        }
        length += 1;
    }
    let starts = |at: usize| at < length && NAME[bytes[at] as usize] == NAME_START;
    let good = colons <= 1 && starts(0) && starts(local_start);
    PlainName { length, local_start: good.then_some(local_start) }
}

/// Character data up to the next `<` or `&`.
#[derive(Debug, Clone, Copy)]
pub struct TextRun {
    /// Its bytes.
    pub length: usize,
    /// What was seen in it.
    seen: u8,
}

impl TextRun {
    /// White space only.
    pub fn is_blank(self) -> bool {
        self.seen & TEXT_INK == 0
    }

    /// Whether it holds a carriage return.
    pub fn has_return(self) -> bool {
        self.seen & TEXT_RETURN != 0
    }

    /// Whether it holds a `]`.
    pub fn has_bracket(self) -> bool {
        self.seen & TEXT_BRACKET != 0
    }
}

/// Looks through character data up to the next `<` or `&`, or to the end.
#[inline]
pub fn text_run(bytes: &[u8]) -> TextRun {
    let mut seen = 0;
    for (at, &byte) in bytes.iter().take(TEXT_SHORT).enumerate() {
        let class = TEXT[byte as usize];
        if class & TEXT_STOP != 0 {
            return TextRun { length: at, seen };
        }
        seen |= class;
    }
    if bytes.len() <= TEXT_SHORT { TextRun { length: bytes.len(), seen } } else { long_text_run(bytes, seen) }
}

/// The same, by vectorised searches: for attachments.
fn long_text_run(bytes: &[u8], mut seen: u8) -> TextRun {
    let rest = &bytes[TEXT_SHORT..];
    let rest = &rest[..memchr::memchr2(b'<', b'&', rest).unwrap_or(rest.len())];
    if seen & TEXT_INK == 0 && !rest.iter().all(|&byte| is_space(byte)) {
        seen |= TEXT_INK;
    }
    if memchr::memchr(b'\r', rest).is_some() {
        seen |= TEXT_RETURN;
    }
    if memchr::memchr(b']', rest).is_some() {
        seen |= TEXT_BRACKET;
    }
    TextRun { length: TEXT_SHORT + rest.len(), seen }
}

const NAME_PART: u8 = 1;
const NAME_START: u8 = 2;
const NAME_COLON: u8 = 4;

/// ASCII bytes by their place in names; 0: none.
const NAME: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 128 {
        table[at] = match at as u8 {
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => NAME_START,
            b'0'..=b'9' | b'-' | b'.' => NAME_PART,
            b':' => NAME_COLON,
            _ => 0,
        };
        at += 1;
    }
    table
};

const TEXT_INK: u8 = 1;
const TEXT_RETURN: u8 = 2;
const TEXT_BRACKET: u8 = 4;
const TEXT_STOP: u8 = 8;
/// Text of this length and more is searched by vectors, which take a while to start.
const TEXT_SHORT: usize = 64;

/// Bytes by what they mean in character data; 0: blank.
const TEXT: [u8; 256] = {
    let mut table = [TEXT_INK; 256];
    table[b' ' as usize] = 0;
    table[b'\t' as usize] = 0;
    table[b'\n' as usize] = 0;
    table[b'\r' as usize] = TEXT_RETURN;
    table[b']' as usize] = TEXT_INK | TEXT_BRACKET;
    table[b'<' as usize] = TEXT_STOP;
    table[b'&' as usize] = TEXT_STOP;
    table
};
