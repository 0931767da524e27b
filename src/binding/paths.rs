//! Paths of `key`, `agencies` and `procedures`, resolved against the request wrapper.

use super::compile::did_you_mean;
use super::file;
use super::join::{Join, child_elements};
use super::plan::{Step, Subjects};
use crate::schema::model::{Complex, Content, ElementId, Kind, Schema, TypeId};

/// Resolves paths below one element.
pub(super) struct Paths<'p, 'j> {
    pub(super) join: &'p mut Join<'j>,
    pub(super) schema: &'p Schema,
    pub(super) root: ElementId,
}

/// Where a path leads.
struct End {
    steps: Vec<Step>,
    /// Whether a text stands there.
    is_value: bool,
    /// Whether the schema says a value where the message has none.
    has_default: bool,
}

impl Paths<'_, '_> {
    /// The steps of a path, `.` being none; `None` where it leads nowhere, which is told.
    pub(super) fn resolve(&mut self, key: &str, path: &str, line: u32) -> Option<Vec<Step>> {
        self.follow(key, path, line).map(|end| end.steps)
    }

    /// The paths of `agencies` and `procedures`, cut where they part: what they share leads to one dossier.
    pub(super) fn subjects(&mut self, declared: &file::Operation) -> Subjects {
        let mut agencies = self.codes("agencies", &declared.agencies);
        let mut procedures = self.codes("procedures", &declared.procedures);
        let all = || agencies.iter().chain(&procedures);
        let Some(first) = all().next() else { return Subjects::default() };
        let shared = |other: &Vec<Step>| {
            let around = first[..first.len() - 1].iter().zip(&other[..other.len() - 1]);
            around.take_while(|(one, other)| one == other).count()
        };
        let depth = all().map(shared).min().unwrap_or(0);
        let each = first[..depth].to_vec();
        for path in agencies.iter_mut().chain(&mut procedures) {
            path.drain(..depth);
        }
        Subjects { each, agencies, procedures }
    }

    /// Paths that lead to a value which the sender writes.
    fn codes(&mut self, key: &str, paths: &[(String, u32)]) -> Vec<Vec<Step>> {
        let mut found = Vec::with_capacity(paths.len());
        for (path, line) in paths {
            let Some(end) = self.follow(key, path, *line) else { continue };
            if !end.is_value {
                self.error(*line, format!("{key} path {path}: elements stand there, no code"), "lengthen the path");
            } else if end.has_default {
                // A right is asked for what the message says, and would not be for what it leaves to the schema.
                let message = format!("{key} path {path}: the schema says a value where the message does not");
                self.error(*line, message, "name an element or attribute without default");
            } else {
                found.push(end.steps);
            }
        }
        found
    }

    fn follow(&mut self, key: &str, path: &str, line: u32) -> Option<End> {
        let schema = self.schema;
        let mut end = End { steps: Vec::new(), is_value: false, has_default: false };
        if path == "." {
            return Some(end);
        }
        let mut type_id = schema.element_of(self.root).type_id;
        let mut names = path.split('/').peekable();
        while let Some(name) = names.next() {
            let Kind::Complex(complex) = &schema.type_of(type_id).kind else {
                self.error(line, format!("{key} path {path}: nothing stands below a value"), "shorten the path");
                return None;
            };
            if let Some(attribute) = name.strip_prefix('@') {
                let found = complex.attributes.iter().find(|declared| *declared.name.local == *attribute);
                let Some(found) = found else {
                    let message = format!("{key} path {path}: there is no attribute {attribute}");
                    self.error(line, message, "correct the path");
                    return None;
                };
                if names.peek().is_some() {
                    let message = format!("{key} path {path}: nothing stands below an attribute");
                    self.error(line, message, "shorten the path");
                    return None;
                }
                end.steps.push(Step::Attribute(found.name.namespace, found.name.local.clone()));
                return Some(End { is_value: true, has_default: found.constraint.is_some(), ..end });
            }
            let child = self.child(complex, name, (key, path, line))?;
            let declared = schema.element_of(child);
            end.steps.push(Step::Element(declared.name.namespace, declared.name.local.clone()));
            end.has_default = declared.constraint.is_some();
            type_id = declared.type_id;
        }
        Some(End { is_value: is_value(schema, type_id), ..end })
    }

    fn child(&mut self, complex: &Complex, name: &str, (key, path, line): (&str, &str, u32)) -> Option<ElementId> {
        let schema = self.schema;
        let elements = child_elements(schema, complex);
        let found = elements.iter().copied().find(|&id| *schema.element_of(id).name.local == *name);
        if found.is_none() {
            let names: Vec<&str> = elements.iter().map(|&id| &*schema.element_of(id).name.local).collect();
            let message = format!("{key} path {path}: there is no element {name}");
            self.error(line, message, did_you_mean(name, names));
        }
        found
    }

    fn error(&mut self, line: u32, message: String, remedy: impl Into<String>) {
        self.join.error(line, message, remedy);
    }
}

fn is_value(schema: &Schema, type_id: TypeId) -> bool {
    match &schema.type_of(type_id).kind {
        Kind::Simple(_) => true,
        Kind::Complex(complex) => matches!(complex.content, Content::Simple(_)),
    }
}
