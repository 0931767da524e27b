//! A contract's schema documents, gathered in one flat folder that the `schema` room reads.
//!
//! An XSD is taken with all it includes and imports; the schemas inside a WSDL become files of their own, with the
//! namespaces in scope declared on them. Documents keep their bytes but for what must change for them to stand side by
//! side: a `schemaLocation` that leads elsewhere, or that an inline schema had no need of.
//!
//! Lines of a gathered document map back to the file it came from, so problems name what the person has before him.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::name_types::{Known, Named, name_types};
use super::tag::{attribute_range, escape, name_end};
use crate::problem::{Place, Problems, Severity};
use crate::schema::load::load;
use crate::schema::model::{Origin, Schema};
use crate::xml::XML_NAMESPACE;
use crate::xml::encoding::to_utf8;
use crate::xml::limits::{Limits, ProcessingInstructions};
use crate::xml::tape::{NodeId, Tape};

/// The documents of one contract.
pub(super) struct Sources {
    pub(super) files: Vec<File>,
    /// Files that the binding names; the others are included or imported by them.
    pub(super) roots: Vec<usize>,
    dir: TempDir,
    /// The folder's name without symbolic links: as the `schema` room says it.
    folder: PathBuf,
}

/// One schema document.
pub(super) struct File {
    /// Its name in the folder.
    pub(super) name: String,
    pub(super) text: String,
    /// Where it came from, as the person named it.
    pub(super) origin: PathBuf,
    /// Added to a line of the document, the line in `origin`.
    line_offset: i64,
    /// First line of each part that was moved to the end, and its line before.
    moved: Vec<(u32, u32)>,
}

/// Whether types without a name get one in the copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Types {
    AsTheyAre,
    Named,
}

/// Takes an XSD file with all it leads to.
pub(super) fn from_xsd(path: &Path, types: Types, problems: &mut Problems) -> Option<Sources> {
    let mut gather = Gather::new(problems);
    let root = gather.file(path, &Place::file(path));
    gather.finish(root.into_iter().collect(), types)
}

/// Takes the schemas inside WSDL documents with all they lead to. `documents` are paths and texts, read before.
pub(super) fn from_wsdl(documents: &[(PathBuf, String)], types: Types, problems: &mut Problems) -> Option<Sources> {
    let mut gather = Gather::new(problems);
    let mut inline = Vec::new();
    for (path, text) in documents {
        let Ok(tape) = Tape::parse(text, &limits()) else { continue };
        let schemas = (0..tape.end(tape.root())).filter(|&node| is(&tape, node, XSD, "schema"));
        for node in schemas.collect::<Vec<_>>() {
            inline.push(Inline::new(path, &tape, node));
        }
    }
    let roots = gather.inline(inline);
    gather.finish(roots, types)
}

impl Sources {
    /// The compiled schema; problems name the files that the documents came from.
    pub(super) fn load(&self, problems: &mut Problems) -> Option<Schema> {
        let roots: Vec<PathBuf> = self.roots.iter().map(|&root| self.folder.join(&self.files[root].name)).collect();
        let mut found = Problems::new();
        let schema = load(&roots, &mut found);
        let inside = format!("{}/", self.folder.display());
        for problem in found.sorted() {
            let place = self.original(&problem.place);
            let (message, remedy) = (problem.message.replace(&inside, ""), problem.remedy.replace(&inside, ""));
            match problem.severity {
                Severity::Error => problems.error(place, message, remedy),
                Severity::Warning => problems.warning(place, message, remedy),
                Severity::Note => problems.note(place, message),
            }
        }
        schema
    }

    /// The place of a component in the file it came from.
    pub(super) fn place(&self, schema: &Schema, origin: Origin) -> Place {
        match schema.files.get(usize::from(origin.file)) {
            Some((path, _)) => self.original(&Place::line(path, origin.line)),
            None => Place::default(),
        }
    }

    /// The document that a compiled schema's file is.
    pub(super) fn position(&self, path: &Path) -> Option<usize> {
        let name = path.file_name()?;
        self.files.iter().position(|file| name == file.name.as_str())
    }

    fn original(&self, place: &Place) -> Place {
        let Some(file) = self.position(&place.file).map(|at| &self.files[at]) else { return place.clone() };
        let before = |line: u32| match file.moved.iter().rev().find(|(first, _)| *first <= line) {
            Some((first, before)) => before + (line - first),
            None => line,
        };
        let line = place.line.map(|line| i64::from(before(line)) + file.line_offset);
        Place { file: file.origin.clone(), line: line.and_then(|line| u32::try_from(line.max(1)).ok()) }
    }
}

/// A schema inside a WSDL.
struct Inline {
    origin: PathBuf,
    namespace: String,
    line: u32,
    text: String,
    /// Whether it declares nothing itself and only names files.
    only_imports: bool,
}

impl Inline {
    /// Cuts the schema out, and declares on it the prefixes that its surroundings had declared for it.
    fn new(path: &Path, tape: &Tape<'_>, node: NodeId) -> Self {
        let span = tape.span(node);
        let mut text = tape.source()[span].to_owned();
        let own: Vec<&str> = tape.declarations(node).map(|(prefix, _)| prefix).collect();
        let name_end = text.find(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/').unwrap_or(text.len());
        let mut declared = String::new();
        for (prefix, namespace) in tape.scope(node).into_iter().filter(|(prefix, _)| !own.contains(prefix)) {
            let colon = if prefix.is_empty() { "" } else { ":" };
            let name = escape(tape.namespace_name(namespace));
            declared.push_str(&format!(" xmlns{colon}{prefix}=\"{name}\""));
        }
        text.insert_str(name_end, &declared);
        let namespace = tape.attribute(node, "", "targetNamespace").unwrap_or_default().into_owned();
        let only_imports =
            namespace.is_empty() && tape.child_elements(node).all(|child| is(tape, child, XSD, "import"));
        Self { origin: path.to_path_buf(), namespace, line: tape.line(node), text, only_imports }
    }
}

struct Gather<'p> {
    files: Vec<File>,
    /// By path without symbolic links.
    known: HashMap<PathBuf, usize>,
    names: HashSet<String>,
    /// Inline schemas: target namespace and name.
    inline: Vec<(String, String)>,
    problems: &'p mut Problems,
}

impl<'p> Gather<'p> {
    fn new(problems: &'p mut Problems) -> Self {
        Self { files: Vec::new(), known: HashMap::new(), names: HashSet::new(), inline: Vec::new(), problems }
    }

    fn finish(mut self, roots: Vec<usize>, types: Types) -> Option<Sources> {
        if self.problems.has_errors() {
            return None;
        }
        if types == Types::Named {
            let mut known = Known::default();
            self.files.iter().for_each(|file| known.add(&file.text));
            for file in &mut self.files {
                if let Some(Named { text, moved }) = name_types(&file.text, &mut known) {
                    (file.text, file.moved) = (text, moved);
                }
            }
        }
        let written = TempDir::new().and_then(|dir| {
            for file in &self.files {
                std::fs::write(dir.path().join(&file.name), &file.text)?;
            }
            let folder = dir.path().canonicalize()?;
            Ok((dir, folder))
        });
        match written {
            Ok((dir, folder)) => Some(Sources { files: self.files, roots, dir, folder }),
            Err(error) => {
                let place = Place::file(&std::env::temp_dir());
                self.problems.error(place, format!("cannot be written: {error}"), "make room for temporary files");
                None
            }
        }
    }

    /// Takes a file; its number, or `None` where it was a problem.
    fn file(&mut self, path: &Path, by: &Place) -> Option<usize> {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        if let Some(&known) = self.known.get(&real) {
            return Some(known);
        }
        if self.files.len() == FILES_MAX {
            self.problems.error(by.clone(), format!("more than {FILES_MAX} schema files"), "split the contract");
            return None;
        }
        let text = read(path, by, self.problems)?;
        let name = self.name(&path.file_name().unwrap_or_default().to_string_lossy());
        let at = self.files.len();
        self.known.insert(real, at);
        self.files.push(File {
            name,
            text: String::new(),
            origin: path.to_path_buf(),
            line_offset: 0,
            moved: Vec::new(),
        });
        self.files[at].text = self.follow(path, text, 0);
        Some(at)
    }

    /// Takes the schemas of a WSDL; numbers of those that the binding names.
    fn inline(&mut self, schemas: Vec<Inline>) -> Vec<usize> {
        let mut roots = Vec::new();
        let (importing, declaring): (Vec<Inline>, Vec<Inline>) = schemas.into_iter().partition(|one| one.only_imports);
        let mut placed = Vec::new();
        for schema in declaring {
            let stem = schema.origin.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let name = self.name(&format!("{stem}.xsd"));
            self.inline.push((schema.namespace.clone(), name.clone()));
            // One line is put before it: the XML declaration.
            let line_offset = i64::from(schema.line) - 2;
            self.files.push(File {
                name,
                text: String::new(),
                origin: schema.origin.clone(),
                line_offset,
                moved: Vec::new(),
            });
            placed.push((self.files.len() - 1, schema));
        }
        for (at, schema) in placed {
            let offset = self.files[at].line_offset;
            let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n", schema.text);
            self.files[at].text = self.follow(&schema.origin, text, offset);
            if !HEADER_NAMESPACES.contains(&schema.namespace.as_str()) {
                roots.push(at);
            }
        }
        for schema in importing {
            let Ok(tape) = Tape::parse(&schema.text, &limits()) else { continue };
            for node in tape.child_elements(tape.root()) {
                let namespace = tape.attribute(node, "", "namespace").unwrap_or_default();
                let location = tape.attribute(node, "", "schemaLocation");
                let Some(location) = location.filter(|_| !HEADER_NAMESPACES.contains(&&*namespace)) else { continue };
                let by = Place::line(&schema.origin, schema.line + tape.line(node) - 1);
                if let Some(root) = self.locate(&schema.origin, &location, &by).and_then(|path| self.file(&path, &by))
                    && !roots.contains(&root)
                {
                    roots.push(root);
                }
            }
        }
        roots
    }

    /// Takes what a document includes and imports, and returns it with the locations they have now.
    fn follow(&mut self, path: &Path, text: String, line_offset: i64) -> String {
        let tape = match Tape::parse(&text, &limits()) {
            Ok(tape) => tape,
            Err(error) => {
                let line = u32::try_from((i64::from(error.line) + line_offset).max(1)).unwrap_or(1);
                self.problems.error(Place::line(path, line), error.kind.to_string(), "correct the XML");
                return String::new();
            }
        };
        if !is(&tape, tape.root(), XSD, "schema") {
            let message = "not an XML schema: the root is not xs:schema";
            self.problems.error(Place::line(path, 1), message, "name an .xsd file; for a WSDL say --wsdl");
            return String::new();
        }
        let mut edits: Vec<(Range<usize>, String)> = Vec::new();
        for node in tape.child_elements(tape.root()) {
            if !matches!(tape.local(node), "import" | "include" | "redefine") || !is(&tape, node, XSD, tape.local(node))
            {
                continue;
            }
            let line = u32::try_from((i64::from(tape.line(node)) + line_offset).max(1)).unwrap_or(1);
            let by = Place::line(path, line);
            let namespace = tape.attribute(node, "", "namespace").unwrap_or_default();
            let start = tape.span(node).start;
            let range = attribute_range(&tape.source()[start..], "schemaLocation");
            let range = range.map(|range| range.start + start..range.end + start);
            // What XML itself declares needs no file, and the usual one is an address on the network.
            let built_in = tape.local(node) == "import" && &*namespace == XML_NAMESPACE;
            match (tape.attribute(node, "", "schemaLocation"), range) {
                (Some(_), Some(range)) if built_in => edits.push((range, String::new())),
                (Some(location), Some(range)) => {
                    let Some(found) = self.locate(path, &location, &by) else { continue };
                    let Some(at) = self.file(&found, &by) else { continue };
                    if self.files[at].name != *location {
                        edits.push((range, format!(" schemaLocation=\"{}\"", escape(&self.files[at].name))));
                    }
                }
                _ => {
                    let inline = self.inline.iter().find(|(known, _)| *known == *namespace);
                    if let Some((_, name)) = inline {
                        let end = start + name_end(&tape.source()[start..]);
                        edits.push((end..end, format!(" schemaLocation=\"{}\"", escape(name))));
                    }
                }
            }
        }
        drop(tape);
        let mut text = text;
        for (range, new) in edits.into_iter().rev() {
            text.replace_range(range, &new);
        }
        text
    }

    /// The file that a `schemaLocation` means: nothing is fetched, so for an address of the network it is the file
    /// that people save it as.
    fn locate(&mut self, from: &Path, location: &str, by: &Place) -> Option<PathBuf> {
        let folder = from.parent().unwrap_or(Path::new(""));
        if !location.contains("://") {
            return Some(folder.join(location));
        }
        let query = location.split_once("xsd=").map(|(_, name)| name.split('&').next().unwrap_or_default());
        let path = location.split(['?', '#']).next().unwrap_or_default();
        let last = path.rsplit('/').next().unwrap_or_default();
        let names: Vec<&str> = query.into_iter().chain([last]).filter(|name| !name.is_empty()).collect();
        let candidates = names.iter().flat_map(|name| [(*name).to_owned(), format!("{name}.xsd")]);
        let found = candidates.map(|name| folder.join(name)).find(|path| path.is_file());
        if found.is_none() {
            let name = names.first().copied().unwrap_or("schema");
            let name = if name.ends_with(".xsd") { name.to_owned() } else { format!("{name}.xsd") };
            let remedy = format!("save it as {}: nothing is fetched from the network", folder.join(name).display());
            self.problems.error(by.clone(), format!("the schema {location} is not beside this file"), remedy);
        }
        found
    }

    fn name(&mut self, wanted: &str) -> String {
        let (stem, extension) = wanted.rsplit_once('.').unwrap_or((wanted, "xsd"));
        let mut name = format!("{stem}.{extension}");
        let mut number = 2u32;
        // Ends: there are at most FILES_MAX names.
        while !self.names.insert(name.to_lowercase()) {
            name = format!("{stem}-{number}.{extension}");
            number += 1;
        }
        name
    }
}

/// A file as UTF-8 text; a problem where it is none, too large or not there.
pub(super) fn read(path: &Path, by: &Place, problems: &mut Problems) -> Option<String> {
    let bytes = match std::fs::metadata(path).and_then(|_| std::fs::read(path)) {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("{} cannot be read: {error}", path.display());
            problems.error(by.clone(), message, "put the file there, or correct the name");
            return None;
        }
    };
    if bytes.len() > FILE_BYTES_MAX {
        problems.error(by.clone(), format!("{} is larger than {FILE_BYTES_MAX} bytes", path.display()), "");
        return None;
    }
    match to_utf8(&bytes, None) {
        Ok(std::borrow::Cow::Borrowed(text)) => Some(text.to_owned()),
        // It is written as UTF-8: its declaration must not say otherwise.
        Ok(std::borrow::Cow::Owned(text)) => {
            let end = if text.starts_with("<?xml") { text.find("?>").map_or(0, |at| at + 2) } else { 0 };
            Some(text[end..].to_owned())
        }
        Err(error) => {
            problems.error(Place::line(path, error.line), error.kind.to_string(), "save the file as UTF-8");
            None
        }
    }
}

/// Whether a node is an element of this expanded name.
pub(super) fn is(tape: &Tape<'_>, node: NodeId, namespace: &str, local: &str) -> bool {
    tape.kind(node) == crate::xml::tape::NodeKind::Element
        && tape.local(node) == local
        && tape.namespace_name(tape.namespace(node)) == namespace
}

/// Contracts are large and carry processing instructions.
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

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources").field("dir", &self.dir.path()).field("roots", &self.roots).finish_non_exhaustive()
    }
}

pub(super) const XSD: &str = "http://www.w3.org/2001/XMLSchema";
/// Namespaces of header blocks: the gateway knows them, they are no part of a message.
const HEADER_NAMESPACES: [&str; 4] = [
    "http://x-road.eu/xsd/xroad.xsd",
    "http://x-road.eu/xsd/identifiers",
    "http://www.w3.org/2005/08/addressing",
    "http://schemas.xmlsoap.org/soap/encoding/",
];
/// Schema files of one contract.
const FILES_MAX: usize = 256;
/// Size of one of them.
const FILE_BYTES_MAX: usize = 16 << 20;
