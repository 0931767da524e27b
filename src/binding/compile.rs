//! A binding file, its schemas and the services' descriptors → [`Partner`], all problems at once.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use prost_reflect::{DescriptorPool, Kind as Field, MethodDescriptor};

use super::STATUS_NAMES;
use super::codec::{Codecs, TIMESTAMP, meant};
use super::file::{self, File, ValueKind};
use super::join::{Join, Root};
use super::paths::Paths;
use super::plan::{Effect, HeaderProtocol, Operation, Partner};
use crate::problem::{Place, Problems, nearest};
use crate::schema::load::load;
use crate::schema::model::{Complex, ElementId, Kind, Name, NamespaceId, Schema};
use crate::xml::XML_NAMESPACE;

/// See [`Partner::compile`].
pub(super) fn compile(name: &str, path: &Path, pools: &[DescriptorPool], problems: &mut Problems) -> Option<Partner> {
    let mut found = Problems::new();
    let partner = Compiler { path, pools, problems: &mut found }.compile(name);
    let good = !found.has_errors();
    problems.append(found);
    partner.filter(|_| good)
}

struct Compiler<'c> {
    path: &'c Path,
    pools: &'c [DescriptorPool],
    problems: &'c mut Problems,
}

impl Compiler<'_> {
    fn compile(&mut self, name: &str) -> Option<Partner> {
        let file = file::read(self.path, self.problems)?;
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let schema_files: Vec<PathBuf> = file.schemas.iter().map(|(schema, _)| folder.join(schema)).collect();
        let schema = load(&schema_files, self.problems)?;
        self.check_values(&file, &schema);
        self.check_outcomes(&file);
        self.check_aliases(&file, &schema);
        self.check_codes(&file, &schema);
        if file.operations.is_empty() {
            self.error(1, "the binding has no operation", "add an [operation.X] table");
        }
        let codecs = Codecs { schema: &schema, namespace: &file.namespace, values: &file.values, zone: file.zone };
        let mut join = Join::new(self.path, self.pools, &file, &codecs, self.problems);
        let mut operations = Vec::new();
        for declared in &file.operations {
            if let Some(operation) = operation(&mut join, &schema, &file, declared) {
                operations.push(operation);
            }
        }
        let plans = join.finish();
        let prefixes = prefixes(&schema);
        let tag = |namespace: usize, local: &str| match &*prefixes[namespace] {
            "" => local.into(),
            prefix => format!("{prefix}:{local}").into_boxed_str(),
        };
        let tags = schema.elements.iter().map(|e| tag(e.name.namespace.0 as usize, &e.name.local)).collect();
        Some(Partner {
            name: name.to_owned(),
            namespace: file.namespace,
            headers: file.headers.unwrap_or(HeaderProtocol::None),
            schema_files,
            operations,
            plans,
            tags,
            declarations: declarations(&schema, &prefixes),
            prefixes,
            aliases: file.aliases.into_iter().map(|(received, name, _)| (received.into(), name.into())).collect(),
            unknown: file.unknown,
            codes: file.codes.into_iter().map(|(name, _)| name.into()).collect(),
            outcomes: file.outcomes.into_iter().map(|(status, code, _)| (status.into(), code.into())).collect(),
            schema,
        })
    }

    /// `codes`: there are such elements.
    fn check_codes(&mut self, file: &File, schema: &Schema) {
        let names = || schema.elements.iter().map(|element| &*element.name.local);
        for (name, line) in &file.codes {
            if !names().any(|known| known == name) {
                let remedy = nearest(name, names()).map_or_else(
                    || "name elements that the schema declares".to_owned(),
                    |near| format!("did you mean {near}?"),
                );
                self.error(*line, format!("codes: the schema has no element '{name}'"), remedy);
            }
        }
    }

    /// `[value.T]`: the type exists, a code list is total and one-to-one on both sides.
    fn check_values(&mut self, file: &File, schema: &Schema) {
        for (at, value) in file.values.iter().enumerate() {
            if file.values[..at].iter().any(|earlier| earlier.name == value.name) {
                self.error(value.line, format!("[value.{}] stands twice", value.name), "join the two");
            }
            let type_id = meant(schema, &file.namespace, &value.name);
            if type_id.is_none() && is_asked_for(file, &value.name) {
                self.check_conversion(value);
                continue;
            }
            let Some(type_id) = type_id.filter(|&id| matches!(schema.type_of(id).kind, Kind::Simple(_))) else {
                let simple = |t: &&crate::schema::model::Type| matches!(t.kind, Kind::Simple(_));
                let own = |name: &&Name| schema.namespace_name(name.namespace) == file.namespace;
                let names = schema.types.iter().filter(simple).filter_map(|t| t.name.as_ref());
                let names = names.filter(own).map(|name| &*name.local);
                let message = format!("the schema has no simple type '{}'", value.name);
                let remedy = format!(
                    "{}; or ask for it: Element = \"field as {}\"",
                    did_you_mean(&value.name, names),
                    value.name
                );
                self.error(value.line, message, remedy);
                continue;
            };
            let Kind::Simple(simple) = &schema.type_of(type_id).kind else { continue };
            let allowed = simple.facets.enumeration.as_deref();
            match &value.kind {
                ValueKind::Enum { name, words } => {
                    let words: Vec<(&str, &str, u32)> =
                        words.iter().map(|(word, target, line)| (word.as_str(), target.as_str(), *line)).collect();
                    self.check_enum(&value.name, value.line, name, &words, allowed);
                }
                ValueKind::Bool { yes, no } => {
                    let both = |word: &String| allowed.is_none_or(|allowed| allowed.iter().any(|one| **one == **word));
                    let total = allowed.is_some_and(|allowed| allowed.len() == 2);
                    if !both(yes) || !both(no) || !total || yes == no {
                        let message = format!("[value.{}] must name the type's two values, once each", value.name);
                        self.error(value.line, message, "list true and false as the XSD enumerates them");
                    }
                }
                ValueKind::Scale(_) | ValueKind::Time { .. } | ValueKind::Base64 | ValueKind::Document(_) => {}
            }
        }
    }

    /// A `[value.V]` that paths ask for by `as V`: the type is any, so a code that it does not list is refused when it
    /// comes; the way back must be total all the same.
    fn check_conversion(&mut self, value: &file::Value) {
        if let ValueKind::Enum { name, words } = &value.kind {
            let allowed: Vec<Box<str>> = words.iter().map(|(word, ..)| word.as_str().into()).collect();
            let words: Vec<(&str, &str, u32)> =
                words.iter().map(|(word, target, line)| (word.as_str(), target.as_str(), *line)).collect();
            self.check_enum(&value.name, value.line, name, &words, Some(&allowed));
        }
    }

    fn check_enum(
        &mut self,
        type_name: &str,
        line: u32,
        enum_name: &str,
        words: &[(&str, &str, u32)],
        allowed: Option<&[Box<str>]>,
    ) {
        let Some(enumeration) = self.pools.iter().find_map(|pool| pool.get_enum_by_name(enum_name)) else {
            let all: Vec<String> =
                self.pools.iter().flat_map(|pool| pool.all_enums()).map(|e| e.full_name().to_owned()).collect();
            let remedy = did_you_mean(enum_name, all.iter().map(String::as_str));
            self.error(line, format!("no service declares the enum {enum_name}"), remedy);
            return;
        };
        let Some(allowed) = allowed else {
            let message = format!("the XSD type {type_name} enumerates no values: a code list cannot be total");
            self.error(line, message, "bind a string, or ask the partner to enumerate");
            return;
        };
        let names: Vec<String> = enumeration.values().map(|value| value.name().to_owned()).collect();
        for (at, &(word, target, line)) in words.iter().enumerate() {
            if !allowed.iter().any(|one| **one == *word) {
                let remedy = did_you_mean(word, allowed.iter().map(|one| &**one));
                self.error(line, format!("the XSD type {type_name} does not enumerate \"{word}\""), remedy);
            }
            match enumeration.get_value_by_name(target) {
                None => {
                    let remedy = did_you_mean(target, names.iter().map(String::as_str));
                    self.error(line, format!("{enum_name} has no value {target}"), remedy);
                }
                Some(value) if value.number() == 0 => {
                    let message = format!("{target} is the number 0, which means absent");
                    self.error(line, message, "give the value a number of its own in the .proto");
                }
                Some(_) => {}
            }
            if let Some((earlier, ..)) = words[..at].iter().find(|(_, other, _)| *other == target) {
                let message = format!("\"{earlier}\" and \"{word}\" both become {target}: the way back is lost");
                self.error(line, message, "give each code a value of its own");
            }
        }
        let missing = allowed.iter().filter(|one| !words.iter().any(|(word, ..)| **word == ***one));
        let missing: Vec<&str> = missing.map(|one| &**one).collect();
        if !missing.is_empty() {
            let message = format!("[value.{type_name}] leaves out the XSD's {}", missing.join(", "));
            self.error(line, message, "say what each becomes: a code list must be total");
        }
        let unsaid = enumeration.values().filter(|value| value.number() != 0);
        let unsaid: Vec<String> = unsaid
            .filter(|value| !words.iter().any(|(_, target, _)| *target == value.name()))
            .map(|value| value.name().to_owned())
            .collect();
        if !unsaid.is_empty() {
            let message = format!("[value.{type_name}] leaves out {enum_name}'s {}", unsaid.join(", "));
            self.error(line, message, "an answer with that value could not be written: add a code for it");
        }
    }

    /// An alias stands for an element that is declared, and is none itself.
    fn check_aliases(&mut self, file: &File, schema: &Schema) {
        let names = || schema.elements.iter().map(|element| &*element.name.local);
        for (received, declared, line) in &file.aliases {
            if !names().any(|name| name == declared) {
                let message = format!("[alias] {received}: the schema has no element {declared}");
                self.error(*line, message, did_you_mean(declared, names()));
            }
            if names().any(|name| name == received) {
                let message = format!("[alias] {received} is an element of the schema");
                self.error(*line, message, "remove the alias: the element is read as what it is");
            }
        }
    }

    fn check_outcomes(&mut self, file: &File) {
        for (key, _, line) in &file.outcomes {
            let status = key.split('/').next().unwrap_or_default();
            if !STATUS_NAMES.contains(&status) {
                let remedy = did_you_mean(status, STATUS_NAMES.iter().copied());
                self.error(*line, format!("{status} is no gRPC status"), remedy);
            }
        }
    }

    fn error(&mut self, line: u32, message: impl Into<String>, remedy: impl Into<String>) {
        self.problems.error(Place::line(self.path, line), message, remedy);
    }
}

/// Whether a path asks for this `[value.V]` by `as V`.
fn is_asked_for(file: &File, name: &str) -> bool {
    let operations = file.operations.iter().flat_map(|operation| [&operation.request, &operation.answer]);
    let mut entries = operations.chain(&file.messages).flat_map(|table| &table.entries);
    entries.any(|entry| entry.conversion.as_deref() == Some(name))
}

/// Joins one operation: its elements, its rpc, both tables, its key.
fn operation(join: &mut Join<'_>, schema: &Schema, file: &File, declared: &file::Operation) -> Option<Operation> {
    let method = method(join, declared);
    let request_name = declared.request_element.as_deref().unwrap_or(&declared.name);
    let default_answer = format!("{request_name}Response");
    let answer_name = declared.answer_element.as_deref().unwrap_or(&default_answer);
    // PR-MESS 4.0 §2.3: an answer's wrapper is named like its request's, with `Response` behind it. Contracts in hand
    // break it, and security servers do not look.
    if file.headers == Some(HeaderProtocol::XRoad) && answer_name != default_answer {
        let message = format!("{answer_name} answers {request_name}, but X-Road asks for {default_answer}");
        join.warning(declared.line, message, "leave answer_element out and declare that element in the schema");
    }
    let request_element = wrapper(join, schema, file, declared, request_name);
    let answer_element = wrapper(join, schema, file, declared, answer_name);
    let (method, request_element, answer_element) = (method?, request_element?, answer_element?);
    let root = |element: ElementId, direction| Root { element, operation: declared.name.clone(), direction };
    let request = join.root(root(request_element, Direction::Request), &declared.request, &method.input());
    let answer = join.root(root(answer_element, Direction::Answer), &declared.answer, &method.output());
    let carries_outcome = declared.answer.entries.iter().any(|entry| entry.target == "@code");
    if carries_outcome && !file.outcomes.iter().any(|(status, ..)| status == "OK") {
        let message = format!("the answer of {} carries @code, but [outcome] has no OK", declared.name);
        join.error(declared.line, message, "add OK = \"0\" to [outcome]");
    }
    let mut paths = Paths { join, schema, root: request_element };
    let key = declared.key.iter().filter_map(|(path, line)| paths.resolve("key", path, *line)).collect();
    let subjects = paths.subjects(declared);
    if declared.effect == Effect::Once && declared.key.is_empty() && file.headers == Some(HeaderProtocol::None) {
        let message = format!("{} takes effect once, but nothing says when two requests are the same", declared.name);
        join.error(declared.line, message, "add key = [\"…\"] or a header protocol with message ids");
    }
    if let (Effect::State, Some((_, line))) = (declared.effect, declared.key.first()) {
        let message = format!("{} is a state, but its key makes an old message with the same key hold", declared.name);
        join.error(*line, message, "remove key, or write effect = \"once\"");
    }
    let service = method.parent_service().full_name().to_owned();
    Some(Operation {
        name: schema.element_of(request_element).name.local.to_string(),
        method: format!("/{service}/{}", method.name()),
        effect: declared.effect,
        request_element,
        answer_element,
        carries_outcome,
        request: request?,
        answer: answer?,
        key,
        subjects,
    })
}

/// Which way a table is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Direction {
    Request,
    Answer,
}

fn method(join: &mut Join<'_>, declared: &file::Operation) -> Option<MethodDescriptor> {
    let (written, line) = &declared.method;
    let found = written.trim_start_matches('/').split_once('/').and_then(|(service, method)| {
        let service = join.pools.iter().find_map(|pool| pool.get_service_by_name(service))?;
        service.methods().find(|candidate| candidate.name() == method)
    });
    let Some(method) = found else {
        let all: Vec<String> = join
            .pools
            .iter()
            .flat_map(|pool| pool.services())
            .flat_map(|service| {
                let name = service.full_name().to_owned();
                service.methods().map(move |method| format!("{name}/{}", method.name())).collect::<Vec<_>>()
            })
            .collect();
        let remedy = did_you_mean(written, all.iter().map(String::as_str));
        join.error(*line, format!("no service has the rpc {written}"), remedy);
        return None;
    };
    if method.is_client_streaming() || method.is_server_streaming() {
        join.error(*line, format!("{written} is a streaming rpc"), "bind an rpc of one request and one answer");
        return None;
    }
    Some(method)
}

fn wrapper(
    join: &mut Join<'_>,
    schema: &Schema,
    file: &File,
    declared: &file::Operation,
    local: &str,
) -> Option<ElementId> {
    let Some(element) = schema.element(&file.namespace, local) else {
        let globals = schema.elements.iter().map(|element| &*element.name.local);
        let remedy = did_you_mean(local, globals);
        join.error(declared.line, format!("the schema has no element {{{}}}{local}", file.namespace), remedy);
        return None;
    };
    if !matches!(schema.type_of(schema.element_of(element).type_id).kind, Kind::Complex(Complex { .. })) {
        join.error(declared.line, format!("{local} has simple content: it cannot wrap a message"), "name a wrapper");
        return None;
    }
    Some(element)
}

/// `ns1`, `ns2`, … for the namespaces of a schema; none for "no namespace" and for XML Schema's own, `xml` for XML's.
fn prefixes(schema: &Schema) -> Vec<Box<str>> {
    let mut count = 0;
    let mut prefix = |name: &str| {
        match name {
            "" | XSD => return "".into(),
            XML_NAMESPACE => return "xml".into(),
            _ => {}
        }
        count += 1;
        format!("ns{count}").into_boxed_str()
    };
    schema.namespaces.iter().map(|name| prefix(name)).collect()
}

/// `xmlns:ns1` and its value for each namespace that elements or attributes stand in.
fn declarations(schema: &Schema, prefixes: &[Box<str>]) -> Vec<(Box<str>, Box<str>)> {
    let attributes = schema.types.iter().filter_map(|declared| match &declared.kind {
        Kind::Complex(complex) => Some(&complex.attributes),
        Kind::Simple(_) => None,
    });
    let elements = schema.elements.iter().map(|element| element.name.namespace);
    let used: HashSet<NamespaceId> = attributes.flatten().map(|a| a.name.namespace).chain(elements).collect();
    let named = prefixes.iter().zip(&schema.namespaces).enumerate();
    let written = named.filter(|&(at, (prefix, _))| {
        !prefix.is_empty() && &**prefix != "xml" && used.contains(&NamespaceId(at as u16))
    });
    written.map(|(_, (prefix, name))| (format!("xmlns:{prefix}").into(), name.clone())).collect()
}

/// A remedy that names the nearest candidate, or some of them.
pub(super) fn did_you_mean<'n>(name: &str, candidates: impl IntoIterator<Item = &'n str>) -> String {
    let mut all: Vec<&str> = candidates.into_iter().collect();
    all.sort_unstable();
    all.dedup();
    match nearest(name, all.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None if all.is_empty() => "there is none to choose from".into(),
        None if all.len() > SHOWN_MAX => format!("there are {}, …", all[..SHOWN_MAX].join(", ")),
        None => format!("there is {}", all.join(", ")),
    }
}

/// Whether a message is one that a value converts to, not one with a table of its own.
pub(super) fn is_value_message(field: &Field) -> bool {
    matches!(field, Field::Message(message) if [TIMESTAMP, "google.protobuf.Duration", "google.type.Date"].contains(&message.full_name()))
}

const XSD: &str = "http://www.w3.org/2001/XMLSchema";
/// Candidates named in a remedy.
const SHOWN_MAX: usize = 8;
