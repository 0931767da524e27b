//! What schemas mean: schema text and message in, verdict out; xmllint is asked the same where it is installed.

mod bounds;
mod problems;
mod values;
mod verdicts;

use std::path::{Path, PathBuf};

use super::load::load;
use super::model::{Content, Kind, LeafTerm, Schema, TypeId};
use crate::problem::Problems;
use crate::xml::limits::Limits;
use crate::xml::tape::{NodeId, NodeKind, Tape};

/// Loads schema files given as (name, text); the first is the one named.
fn load_files(files: &[(&str, &str)]) -> (Option<Schema>, Problems, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).expect("a file");
    }
    let mut problems = Problems::new();
    let first: PathBuf = dir.path().join(files[0].0);
    let schema = load(&[first], &mut problems);
    (schema, problems, dir)
}

/// A schema for no namespace with these declarations.
fn schema_text(declarations: &str) -> String {
    format!("<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">{declarations}</xs:schema>")
}

/// Whether a message is valid: names, order, attributes and values, by the room's public tables alone.
fn valid(schema: &Schema, message: &str) -> bool {
    let tape = Tape::parse(message, &Limits::default()).expect("a well-formed message");
    let root = tape.root();
    let element = schema.element(tape.namespace_name(tape.namespace(root)), tape.local(root));
    element.is_some_and(|element| valid_type(schema, &tape, root, schema.element_of(element).type_id))
}

fn valid_type(schema: &Schema, tape: &Tape<'_>, node: NodeId, type_id: TypeId) -> bool {
    let complex = match &schema.type_of(type_id).kind {
        Kind::Simple(_) => {
            return tape.child_elements(node).next().is_none()
                && tape.attributes(node).next().is_none()
                && schema.check(type_id, tape.text(node)).is_ok();
        }
        Kind::Complex(complex) => complex,
    };
    let required = complex.attributes.iter().filter(|attribute| attribute.required);
    for attribute in required {
        let namespace = schema.namespace_name(attribute.name.namespace);
        if tape.attribute(node, namespace, &attribute.name.local).is_none() {
            return false;
        }
    }
    for attribute in tape.attributes(node) {
        let namespace = schema.namespace(tape.namespace_name(attribute.namespace));
        let declared = complex
            .attributes
            .iter()
            .find(|declared| Some(declared.name.namespace) == namespace && &*declared.name.local == attribute.local);
        let good = match (declared, &complex.any_attribute) {
            (Some(declared), _) => schema.check(declared.type_id, tape.attribute_value(attribute.index)).is_ok(),
            (None, Some(any)) => any.admits(namespace),
            (None, None) => false,
        };
        if !good {
            return false;
        }
    }
    match &complex.content {
        Content::Empty => tape.children(node).next().is_none(),
        Content::Simple(simple) => {
            tape.child_elements(node).next().is_none() && schema.check(*simple, tape.text(node)).is_ok()
        }
        Content::Elements { model, mixed } => {
            let mut run = model.automaton.start();
            for child in tape.children(node) {
                if tape.kind(child) == NodeKind::Text {
                    if !mixed && !tape.is_blank(child) {
                        return false;
                    }
                    continue;
                }
                let namespace = schema.namespace(tape.namespace_name(tape.namespace(child)));
                let Some(leaf) = model.automaton.step(&mut run, namespace, tape.local(child)) else { return false };
                if let LeafTerm::Element(element) = model.leaves[leaf.0 as usize]
                    && !valid_type(schema, tape, child, schema.element_of(element).type_id)
                {
                    return false;
                }
            }
            model.automaton.is_complete(&run)
        }
    }
}

/// xmllint's verdict on each message; `None` where it is not installed.
fn xmllint(schema: &Path, messages: &[String]) -> Option<Vec<bool>> {
    let dir = tempfile::tempdir().expect("a directory");
    let mut command = std::process::Command::new("xmllint");
    command.args(["--noout", "--schema"]).arg(schema);
    for (at, message) in messages.iter().enumerate() {
        let file = dir.path().join(format!("{at}.xml"));
        std::fs::write(&file, message).expect("a file");
        command.arg(file);
    }
    let output = match command.output() {
        Ok(output) => output,
        Err(_) => {
            eprintln!("SKIP: xmllint is not installed, its verdicts are not compared");
            return None;
        }
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let verdict = |at: usize| {
        let file = dir.path().join(format!("{at}.xml"));
        if said.contains(&format!("{} validates", file.display())) {
            return true;
        }
        assert!(said.contains(&format!("{} fails to validate", file.display())), "xmllint: {said}");
        false
    };
    Some((0..messages.len()).map(verdict).collect())
}
