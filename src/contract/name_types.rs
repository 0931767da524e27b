//! Names for the types without one in a copy of a schema, so that the binding can have tables about them.
//!
//! `<element name="Item" maxOccurs="9"><complexType>…` becomes `<element type="t:ListItem" …>` and a global
//! `<complexType name="ListItem">…`: the schema accepts the same documents. Types of global elements that nobody refers to
//! stay as they are: they wrap operations, which have tables of their own.
//!
//! Lines stay where they are; what was moved stands at the end, and [`Named::moved`] says where it came from.

use std::collections::HashSet;
use std::ops::Range;

use super::names::pascal;
use super::source::{XSD, is, limits};
use super::tag::{escape, name_end};
use crate::xml::tape::{NodeId, NodeKind, Tape};

/// A copy with names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) text: String,
    /// First line in the copy of each type moved, and its line before; in the order of the copy.
    pub(super) moved: Vec<(u32, u32)>,
}

/// What schema documents say of names: type names taken, and elements referred to.
#[derive(Debug, Default)]
pub(super) struct Known {
    taken: HashSet<String>,
    referred: HashSet<String>,
}

impl Known {
    /// Adds what a document says.
    pub(super) fn add(&mut self, text: &str) {
        let Ok(tape) = Tape::parse(text, &limits()) else { return };
        for node in (0..tape.end(tape.root())).filter(|&node| tape.kind(node) == NodeKind::Element) {
            match tape.local(node) {
                "complexType" | "simpleType" => {
                    self.taken.extend(tape.attribute(node, "", "name").map(|name| name.into_owned()));
                }
                "element" => {
                    let reference = tape.attribute(node, "", "ref");
                    self.referred.extend(reference.map(|name| name.rsplit(':').next().unwrap_or_default().to_owned()));
                }
                _ => {}
            }
        }
    }
}

/// The copy of a document; `None` where nothing in it lacks a name, or nothing in it could refer to one.
pub(super) fn name_types(text: &str, known: &mut Known) -> Option<Named> {
    let tape = Tape::parse(text, &limits()).ok()?;
    let target = tape.attribute(tape.root(), "", "targetNamespace").unwrap_or_default().into_owned();
    let mut edits = Vec::new();
    let mut declared = None;
    for node in (0..tape.end(tape.root())).filter(|&node| is(&tape, node, XSD, "complexType")) {
        let element = tape.parent(node).filter(|&parent| is(&tape, parent, XSD, "element"));
        let Some(element) = element.filter(|_| tape.attribute(node, "", "name").is_none()) else { continue };
        let local = tape.attribute(element, "", "name").unwrap_or_default();
        if tape.parent(element) == Some(tape.root()) && !known.referred.contains(&*local) {
            continue;
        }
        let prefix = match prefix_of(&tape, element, &target) {
            Some(prefix) => prefix,
            None if target.is_empty() => return None,
            None => declared.get_or_insert_with(|| free_prefix(text)).clone(),
        };
        let name = free_name(&label(&tape, element), &mut known.taken);
        let colon = if prefix.is_empty() { "" } else { ":" };
        let start = tape.span(element).start;
        let at = start + name_end(&text[start..]);
        edits.push(Edit::Insert(at, format!(" type=\"{prefix}{colon}{name}\"")));
        edits.push(Edit::Move(tape.span(node), name));
    }
    if edits.is_empty() {
        return None;
    }
    let root = tape.span(tape.root());
    if let Some(prefix) = declared {
        let at = root.start + name_end(&text[root.start..]);
        edits.push(Edit::Insert(at, format!(" xmlns:{prefix}=\"{}\"", escape(&target))));
    }
    edits.sort_by_key(Edit::start);
    let end = text[..root.end].rfind("</").unwrap_or(root.end);
    let mut copy = Copy { text, edits, moved: Vec::new() };
    let mut out = copy.emit(0..end);
    let mut line = line_of(&out, out.len());
    let mut moved = Vec::new();
    for (piece, before) in std::mem::take(&mut copy.moved) {
        out.push_str(&format!("\n{piece}\n"));
        moved.push((line + 1, before));
        line = line + 2 + piece.matches('\n').count() as u32;
    }
    out.push_str(&text[end..]);
    Some(Named { text: out, moved })
}

enum Edit {
    Insert(usize, String),
    /// A type that goes to the end under this name.
    Move(Range<usize>, String),
}

impl Edit {
    fn start(&self) -> usize {
        match self {
            Self::Insert(at, _) => *at,
            Self::Move(range, _) => range.start,
        }
    }
}

struct Copy<'c> {
    text: &'c str,
    /// By place.
    edits: Vec<Edit>,
    /// Text of each type moved, and its line before.
    moved: Vec<(String, u32)>,
}

impl Copy<'_> {
    /// A range of the text as the copy has it. Recursion is as deep as types stand in types: bounded by the reader's
    /// depth.
    fn emit(&mut self, range: Range<usize>) -> String {
        let mut out = String::new();
        let mut at = range.start;
        let mut next = self.edits.partition_point(|edit| edit.start() < range.start);
        while let Some(start) = self.edits.get(next).map(Edit::start).filter(|&start| start < range.end) {
            if start < at {
                // Inside a type that was moved.
                next += 1;
                continue;
            }
            out.push_str(&self.text[at..start]);
            at = start;
            match &self.edits[next] {
                Edit::Insert(_, text) => out.push_str(text),
                Edit::Move(moved, name) => {
                    let (moved, name) = (moved.clone(), name.clone());
                    out.extend(self.text[moved.clone()].matches('\n'));
                    at = moved.end;
                    let tag_end = moved.start + name_end(&self.text[moved.start..]);
                    let inner = self.emit(tag_end..moved.end);
                    let text = format!("{} name=\"{name}\"{inner}", &self.text[moved.start..tag_end]);
                    self.moved.push((text, line_of(self.text, moved.start)));
                }
            }
            next += 1;
        }
        out.push_str(&self.text[at..range.end]);
        out
    }
}

/// Names of the components around an element, and its own: `HoSoDanhSachLePhi`.
fn label(tape: &Tape<'_>, element: NodeId) -> String {
    let mut names = Vec::new();
    let mut at = Some(element);
    while let Some(node) = at {
        names.extend(tape.attribute(node, "", "name").map(|name| pascal(&name)));
        at = tape.parent(node);
    }
    names.reverse();
    names.concat()
}

fn free_name(wanted: &str, taken: &mut HashSet<String>) -> String {
    let mut name = wanted.to_owned();
    let mut number = 2u32;
    // Ends: finitely many names are taken.
    while !taken.insert(name.clone()) {
        name = format!("{wanted}{number}");
        number += 1;
    }
    name
}

/// A prefix that means the target namespace where an element stands; "" for the default one.
fn prefix_of(tape: &Tape<'_>, element: NodeId, target: &str) -> Option<String> {
    let scope = tape.scope(element);
    if target.is_empty() {
        return scope.iter().all(|(prefix, _)| !prefix.is_empty()).then(String::new);
    }
    let found = scope.iter().find(|&&(_, namespace)| tape.namespace_name(namespace) == target)?;
    Some(found.0.to_owned())
}

fn free_prefix(text: &str) -> String {
    let mut prefix = "named".to_owned();
    while text.contains(&format!("xmlns:{prefix}")) {
        prefix.push('_');
    }
    prefix
}

fn line_of(text: &str, at: usize) -> u32 {
    text[..at].matches('\n').count() as u32 + 1
}
