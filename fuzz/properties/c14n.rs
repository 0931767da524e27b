//! A canonical form says what its element says, and is its own canonical form.

use lienthong::xml::c14n::canonicalize;
use lienthong::xml::encoding::to_utf8;
use lienthong::xml::limits::Limits;
use lienthong::xml::tape::{NodeId, Tape};

use super::setup::{said, written};

/// The first byte chooses the element, the second the prefixes that are declared wherever they are in scope.
pub fn hold(bytes: &[u8]) {
    let [choice, listed, rest @ ..] = bytes else { return };
    let Ok(text) = to_utf8(rest, None) else { return };
    let Ok(tape) = Tape::parse(&text, &Limits::default()) else { return };
    let elements: Vec<NodeId> = (0..tape.end(0)).filter(|&node| tape.is_element(node)).collect();
    let apex = elements[usize::from(*choice) % elements.len()];
    let prefixes: Vec<&str> =
        ["", "a", "s", "xs"].into_iter().enumerate().filter(|(at, _)| listed >> at & 1 == 1).map(|(_, p)| p).collect();
    let form = canonical(&tape, apex, &prefixes);
    let read = written(&form);
    assert_eq!(said(&tape, apex), said(&read, read.root()), "the form says the same");
    assert_eq!(canonical(&read, read.root(), &prefixes), form, "the form of the form is the form");
}

fn canonical(tape: &Tape<'_>, apex: NodeId, prefixes: &[&str]) -> String {
    let mut form = Vec::new();
    // Whether a type hangs in the air is for who verifies; the form is written all the same.
    let _ = canonicalize(tape, apex, prefixes, &mut form);
    String::from_utf8(form).expect("a form is UTF-8")
}
