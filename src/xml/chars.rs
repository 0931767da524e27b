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
    if bytes.is_ascii() {
        return bytes.first().is_some_and(|&byte| ASCII_NAME[byte as usize] == 2)
            && bytes.iter().all(|&byte| ASCII_NAME[byte as usize] != 0);
    }
    let mut chars = name.chars();
    chars.next().is_some_and(is_name_start) && chars.all(|c| is_name_start(c) || is_name_part(c))
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

/// 2: may start a name; 1: may stand in one; 0: neither.
const ASCII_NAME: [u8; 128] = {
    let mut table = [0; 128];
    let mut at = 0;
    while at < 128 {
        table[at] = match at as u8 {
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => 2,
            b'0'..=b'9' | b'-' | b'.' => 1,
            _ => 0,
        };
        at += 1;
    }
    table
};
