//! The codes that a message is about, by the elements that its binding's `codes` names.

use memchr::memmem;

use crate::binding::plan::Partner;
use crate::xml::tape::{NodeId, Tape};

/// Of a request, from its element in the Body down; each once.
pub(super) fn of_request(partner: &Partner, tape: &Tape<'_>, node: NodeId) -> Vec<String> {
    let mut found = Vec::new();
    for element in tape.descendants(node).filter(|&element| tape.is_element(element)) {
        if partner.codes.iter().any(|code| **code == *tape.local(element)) {
            keep(&mut found, &tape.text(element));
        }
    }
    found
}

/// Of an answer that this gateway has written: its elements have no attributes between name and text.
pub(super) fn of_answer(partner: &Partner, answer: &[u8], found: &mut Vec<String>) {
    for code in &partner.codes {
        for at in memmem::find_iter(answer, code.as_bytes()) {
            let is_name = at > 0 && matches!(answer[at - 1], b'<' | b':');
            let Some(rest) = answer[at + code.len()..].strip_prefix(b">").filter(|_| is_name) else { continue };
            let text = &rest[..memchr::memchr(b'<', rest).unwrap_or(0)];
            keep(found, &String::from_utf8_lossy(text));
        }
    }
}

/// Keeps what looks like a code: a sender may have written anything there.
fn keep(found: &mut Vec<String>, text: &str) {
    let text = text.trim();
    let is_code = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/".contains(&byte);
    let is_good = (1..=CODE_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_code);
    if is_good && found.len() < CODES_MAX && found.iter().all(|known| known != text) {
        found.push(text.to_owned());
    }
}

/// Longest code.
const CODE_BYTES_MAX: usize = 64;
/// Codes of one message: the first of a longer list.
const CODES_MAX: usize = 16;
