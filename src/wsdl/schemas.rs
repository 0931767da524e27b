//! A partner's schema files as served: unchanged but for the addresses by which they find each other.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::template::{ADDRESS, Template};
use crate::binding::plan::Partner;
use crate::problem::{Place, Problems};
use crate::xml::encoding::to_utf8;
use crate::xml::limits::{Limits, ProcessingInstructions};
use crate::xml::tape::{NodeId, Tape};

/// A schema file and the name it is served by.
#[derive(Debug)]
pub(super) struct Served {
    /// `hoso.xsd`.
    pub(super) name: String,
    /// Its target namespace.
    pub(super) namespace: String,
    /// Whether the binding names it; others are reached from these.
    pub(super) is_root: bool,
    path: PathBuf,
}

impl Served {
    /// Its address, [`ADDRESS`] in place of ours.
    pub(super) fn location(&self) -> String {
        let mut location = format!("{ADDRESS}?xsd=");
        for byte in self.name.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => location.push(byte as char),
                _ => location.push_str(&format!("%{byte:02X}")),
            }
        }
        location
    }
}

/// Reads all files of the partner's schema.
///
/// `reserved` are names that are taken. Problems: a file that cannot be read; `None` then.
pub(super) fn read(
    partner: &Partner,
    reserved: &[&str],
    problems: &mut Problems,
) -> Option<(BTreeMap<String, Template>, Vec<Served>)> {
    let files = name_files(partner, reserved);
    let mut schemas = BTreeMap::new();
    let mut complete = true;
    for file in &files {
        match rewrite(file, &files) {
            Ok(text) => {
                schemas.insert(file.name.clone(), Template::new(&text));
            }
            Err(fact) => {
                problems.error(Place::file(&file.path), fact, "the file is served to partners: make it readable");
                complete = false;
            }
        }
    }
    complete.then_some((schemas, files))
}

/// Gives every file a name: its own, or that with a number where two files of different folders share it.
fn name_files(partner: &Partner, reserved: &[&str]) -> Vec<Served> {
    let schema = &partner.schema;
    let roots: Vec<PathBuf> = partner.schema_files.iter().map(|path| normal(path)).collect();
    let mut files: Vec<Served> = Vec::new();
    for (path, namespace) in &schema.files {
        let path = normal(path);
        if files.iter().any(|file| file.path == path) {
            continue;
        }
        let own = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_taken = |name: &str| reserved.contains(&name) || files.iter().any(|file| file.name == name);
        let mut name = own.clone();
        for number in 2.. {
            if !is_taken(&name) {
                break;
            }
            name = format!("{number}-{own}");
        }
        let namespace = schema.namespace_name(*namespace).to_owned();
        let is_root = roots.contains(&path);
        files.push(Served { name, namespace, is_root, path });
    }
    files
}

/// The file's text with `schemaLocation`s that name a served file turned into addresses.
fn rewrite(file: &Served, files: &[Served]) -> Result<String, String> {
    let bytes = fs::read(&file.path).map_err(|error| format!("cannot be read: {error}"))?;
    let text = to_utf8(&bytes, None).map_err(|error| error.to_string())?;
    let limits = Limits { processing_instructions: ProcessingInstructions::Skip, ..Limits::default() };
    let tape = Tape::parse(&text, &limits).map_err(|error| error.to_string())?;
    let folder = file.path.parent().unwrap_or(Path::new(""));
    // It is served in UTF-8 whatever it was read in, and says so.
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let mut copied = declaration_bytes(&text);
    for node in tape.child_elements(tape.root()) {
        let Some(range) = location_of(&tape, node) else { continue };
        let Some(location) = tape.attribute(node, "", "schemaLocation") else { continue };
        let target = normal(&folder.join(location.trim()));
        let Some(target) = files.iter().find(|file| file.path == target) else { continue };
        out.push_str(&text[copied..range.start]);
        out.push_str(&target.location());
        copied = range.end;
    }
    out.push_str(&text[copied..]);
    Ok(out)
}

/// Length of the XML declaration and the white space after it, where there is one.
fn declaration_bytes(text: &str) -> usize {
    let after = text.strip_prefix("<?xml ").and_then(|rest| rest.split_once("?>"));
    after.map_or(0, |(_, rest)| text.len() - rest.trim_start().len())
}

/// Where the value of `schemaLocation` stands in the text, if `node` is one of the elements that have it.
fn location_of(tape: &Tape<'_>, node: NodeId) -> Option<std::ops::Range<usize>> {
    let is_schema = tape.namespace_name(tape.namespace(node)) == "http://www.w3.org/2001/XMLSchema";
    if !is_schema || !matches!(tape.local(node), "include" | "import" | "redefine") {
        return None;
    }
    let start = tape.span(node).start;
    // The tag is well-formed: after its name come `name = "value"` pairs up to its end.
    let mut rest = &tape.source()[start..];
    rest = &rest[rest.find(|char: char| char.is_ascii_whitespace())?..];
    loop {
        let equals = rest.find(['=', '>'])?;
        let name = rest[..equals].trim();
        let after = rest[equals..].strip_prefix('=')?.trim_start();
        let quote = after.chars().next()?;
        let value = &after[1..];
        let end = value.find(quote)?;
        if name == "schemaLocation" {
            let from = tape.source().len() - value.len();
            return Some(from..from + end);
        }
        rest = &value[end + 1..];
    }
}

/// The same path for the same file, however it was named.
fn normal(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| {
        let mut normal = PathBuf::new();
        for component in path.components() {
            match component {
                Component::CurDir => {}
                Component::ParentDir => {
                    normal.pop();
                }
                other => normal.push(other),
            }
        }
        normal
    })
}
