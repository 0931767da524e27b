//! The files of a schema: what is included and imported, read once each.

use std::path::{Path, PathBuf};

use crate::problem::{Place, Problems};
use crate::xml::encoding::to_utf8;
use crate::xml::limits::{Limits, ProcessingInstructions};
use crate::xml::tape::{NodeId, Tape};

/// One schema document.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// Target namespace; for a chameleon include, the including file's.
    pub(super) target: String,
    /// Whether unprefixed references mean the target namespace though no default namespace says so.
    pub(super) chameleon: bool,
}

/// Files that one schema may consist of.
pub(super) const FILES_MAX: usize = 256;
/// Size of one of them.
pub(super) const FILE_BYTES_MAX: usize = 16 << 20;

pub(super) const XSD: &str = "http://www.w3.org/2001/XMLSchema";

/// Reads `files` and all they lead to; what cannot be read is a problem and left out.
pub(super) fn read(files: &[PathBuf], problems: &mut Problems) -> Vec<Source> {
    let mut sources: Vec<Source> = Vec::new();
    let mut wanted: Vec<Wanted> = files
        .iter()
        .rev()
        .map(|path| Wanted { path: path.clone(), by: Place::file(path), namespace: Namespace::Any })
        .collect();
    while let Some(next) = wanted.pop() {
        let path = next.path.canonicalize().unwrap_or_else(|_| next.path.clone());
        // A chameleon is one source for each namespace that takes it in.
        let known = sources.iter().any(|source| {
            source.path == path
                && match &next.namespace {
                    Namespace::Included(target) => source.target == *target,
                    _ => true,
                }
        });
        if known {
            continue;
        }
        if sources.len() == FILES_MAX {
            problems.error(next.by, format!("more than {FILES_MAX} schema files"), "split the contract");
            break;
        }
        if let Some((source, references)) = read_one(path, &next, problems) {
            sources.push(source);
            wanted.extend(references.into_iter().rev());
        }
    }
    sources
}

/// A file to read, and who asks for it.
struct Wanted {
    path: PathBuf,
    by: Place,
    namespace: Namespace,
}

/// What target namespace a file must have.
enum Namespace {
    Any,
    Included(String),
    Imported(String),
}

fn read_one(path: PathBuf, wanted: &Wanted, problems: &mut Problems) -> Option<(Source, Vec<Wanted>)> {
    let bytes = match std::fs::metadata(&path).and_then(|_| std::fs::read(&path)) {
        Ok(bytes) if bytes.len() <= FILE_BYTES_MAX => bytes,
        Ok(_) => {
            problems.error(wanted.by.clone(), format!("{} is larger than {FILE_BYTES_MAX} bytes", path.display()), "");
            return None;
        }
        Err(error) => {
            let message = format!("schema file {} cannot be read: {error}", wanted.path.display());
            problems.error(wanted.by.clone(), message, "put the file there, or correct the name");
            return None;
        }
    };
    let text = match to_utf8(&bytes, None) {
        Ok(text) => text.into_owned(),
        Err(error) => {
            problems.error(Place::line(&path, error.line), error.kind.to_string(), "save the file as UTF-8");
            return None;
        }
    };
    let tape = match Tape::parse(&text, &limits()) {
        Ok(tape) => tape,
        Err(error) => {
            problems.error(Place::line(&path, error.line), error.kind.to_string(), "correct the XML");
            return None;
        }
    };
    let root = tape.root();
    if tape.local(root) != "schema" || tape.namespace_name(tape.namespace(root)) != XSD {
        problems.error(Place::line(&path, 1), "not an XML schema: the root is not xs:schema", "name an .xsd file");
        return None;
    }
    let written = tape.attribute(root, "", "targetNamespace").unwrap_or_default().into_owned();
    let mut chameleon = false;
    let target = match &wanted.namespace {
        Namespace::Included(target) if written.is_empty() && !target.is_empty() => {
            chameleon = true;
            target.clone()
        }
        Namespace::Included(expected) | Namespace::Imported(expected) if *expected != written => {
            let message = format!("{} has the target namespace '{written}', not '{expected}'", wanted.path.display());
            problems.error(wanted.by.clone(), message, "correct the namespace or the file");
            return None;
        }
        _ => written,
    };
    let references = references(&tape, root, &path, &target, problems);
    drop(tape);
    Some((Source { path, text, target, chameleon }, references))
}

fn references(tape: &Tape<'_>, root: NodeId, path: &Path, target: &str, problems: &mut Problems) -> Vec<Wanted> {
    let mut references = Vec::new();
    for child in tape.child_elements(root) {
        let by = Place::line(path, tape.line(child));
        let kind = tape.local(child);
        if !matches!(kind, "include" | "import") || tape.namespace_name(tape.namespace(child)) != XSD {
            continue;
        }
        let Some(location) = tape.attribute(child, "", "schemaLocation") else {
            if kind == "include" {
                problems.error(by, "xs:include without schemaLocation", "name the file to include");
            }
            continue;
        };
        if location.contains("://") {
            problems.error(
                by,
                format!("schemaLocation '{location}' is not a local file"),
                "put the schema beside this one: nothing is fetched from the network",
            );
            continue;
        }
        let namespace = match kind {
            "include" => Namespace::Included(target.to_owned()),
            _ => Namespace::Imported(tape.attribute(child, "", "namespace").unwrap_or_default().into_owned()),
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        references.push(Wanted { path: folder.join(&*location), by, namespace });
    }
    references
}

/// Schema files may be large and carry processing instructions.
pub(super) fn limits() -> Limits {
    Limits {
        document_bytes_max: FILE_BYTES_MAX,
        depth_max: 256,
        elements_max: 2_000_000,
        name_bytes_max: 1024,
        attributes_max: 64,
        namespaces_max: 256,
        attribute_bytes_max: 1 << 20,
        processing_instructions: ProcessingInstructions::Skip,
    }
}
