//! `xs:documentation` of a contract's components, by the place where they are declared.

use std::collections::HashMap;

use super::source::{Sources, XSD, limits};
use crate::schema::model::{Origin, Schema};
use crate::xml::tape::{NodeId, NodeKind, Tape};

/// Texts by file, line and name (or value, for an enumeration).
#[derive(Debug, Default)]
pub(super) struct Documentation {
    texts: HashMap<(usize, u32, String), String>,
    /// Number of a compiled schema's file among the sources.
    files: Vec<Option<usize>>,
}

impl Documentation {
    pub(super) fn read(sources: &Sources, schema: &Schema) -> Self {
        let files = schema.files.iter().map(|(path, _)| sources.position(path)).collect();
        let mut texts = HashMap::new();
        for (at, file) in sources.files.iter().enumerate() {
            let Ok(tape) = Tape::parse(&file.text, &limits()) else { continue };
            let line_starts: Vec<usize> =
                std::iter::once(0).chain(memchr::memchr_iter(b'\n', file.text.as_bytes()).map(|at| at + 1)).collect();
            let line = |node: NodeId| line_starts.partition_point(|&start| start <= tape.span(node).start) as u32;
            for node in (0..tape.end(tape.root())).filter(|&node| is_xsd(&tape, node, "annotation")) {
                let Some(component) = tape.parent(node) else { continue };
                let text = text(&tape, node);
                if text.is_empty() {
                    continue;
                }
                // Attributes and values are asked for by the type they belong to.
                let owner = match tape.local(component) {
                    "attribute" | "enumeration" => owner(&tape, component).unwrap_or(component),
                    _ => component,
                };
                let name = tape.attribute(component, "", "name").or_else(|| tape.attribute(component, "", "value"));
                texts.insert((at, line(owner), name.unwrap_or_default().into_owned()), text);
            }
        }
        Self { texts, files }
    }

    /// What is said of a component declared there under this name (empty for one without a name); empty where nothing
    /// is said.
    pub(super) fn of(&self, origin: Origin, name: &str) -> &str {
        let file = self.files.get(usize::from(origin.file)).copied().flatten();
        let found = file.and_then(|file| self.texts.get(&(file, origin.line, name.to_owned())));
        found.map_or("", String::as_str)
    }
}

/// The type around an attribute or a value.
fn owner(tape: &Tape<'_>, node: NodeId) -> Option<NodeId> {
    let mut at = tape.parent(node);
    while let Some(around) = at {
        if matches!(tape.local(around), "complexType" | "simpleType") {
            return Some(around);
        }
        at = tape.parent(around);
    }
    None
}

fn text(tape: &Tape<'_>, annotation: NodeId) -> String {
    let pieces = tape.child_elements(annotation).filter(|&node| is_xsd(tape, node, "documentation"));
    let pieces = pieces.map(|node| {
        // Documentation may hold markup of its own: its text is what counts.
        let inside = (node + 1..tape.end(node)).filter(|&inner| tape.kind(inner) == NodeKind::Text);
        let own = tape.text(node).into_owned();
        let mixed = inside.clone().count() > 1 && tape.child_elements(node).next().is_some();
        let joined = match mixed {
            true => inside.map(|inner| tape.source()[tape.span(inner)].to_owned()).collect::<Vec<_>>().join(" "),
            false => own,
        };
        joined.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    pieces.filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join("\n")
}

fn is_xsd(tape: &Tape<'_>, node: NodeId, local: &str) -> bool {
    super::source::is(tape, node, XSD, local)
}
