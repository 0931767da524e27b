//! `contract import`: a partner's WSDL or XSD → copies of its schemas, a .proto and a binding, compiled together.

use std::path::{Path, PathBuf};

use super::binding_text::{self, Binding, Paths};
use super::documentation::Documentation;
use super::mirror::{Mirror, Table};
use super::output::{self, Planned};
use super::proto_text::{self, Rpc, Service};
use super::source::{self, Sources, Types};
use super::wsdl::{self, Expanded};
use super::{Out, Written, effect, names};
use crate::binding::plan::{Effect, HeaderProtocol, Partner};
use crate::problem::{Place, Problems, Severity};
use crate::schema::model::{ElementId, Kind, Schema, TypeId};

/// What to import.
#[derive(Debug, Clone)]
pub enum Contract {
    /// A WSDL 1.1 file: its port types say the operations.
    Wsdl(PathBuf),
    /// An XSD file: an element `X` that has an `XResponse` is an operation.
    Xsd(PathBuf),
}

/// What a person may say besides the contract; `None` leaves it to the contract.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// Protobuf package.
    pub package: Option<String>,
    /// gRPC service.
    pub service: Option<String>,
    /// Header protocol.
    pub headers: Option<HeaderProtocol>,
    /// Whether types without a name get one in the copies of the schemas.
    pub name_types: bool,
}

/// Reads a contract and writes its draft into `out`.
///
/// Limits: 64 WSDL and 256 schema files of 16 MiB, 20,000 elements and attributes to bind.
/// Errors: added to `problems`, with the file and line of the contract; nothing is written where the contract cannot be
/// read or a file is in the way. What the written files get wrong together is a problem of theirs.
pub fn import(contract: &Contract, wishes: &Wishes, out: &Out, problems: &mut Problems) -> Option<Written> {
    let types = if wishes.name_types { Types::Named } else { Types::AsTheyAre };
    let (sources, said, path) = match contract {
        Contract::Wsdl(path) => {
            let documents = wsdl::documents(path, problems);
            let sources = source::from_wsdl(&documents, types, problems);
            (sources?, Some(wsdl::contract(&documents, problems)), path)
        }
        Contract::Xsd(path) => (source::from_xsd(path, types, problems)?, None, path),
    };
    let schema = sources.load(problems)?;
    let documentation = Documentation::read(&sources, &schema);
    let headers = said.as_ref().and_then(|said| said.headers);
    let port_type = said.as_ref().map(|said| said.port_type.clone()).unwrap_or_default();
    let asked = match said {
        Some(said) => asked_by_wsdl(said.operations, &schema, problems),
        None => asked_by_names(&schema, &sources, &documentation),
    };
    let Some(namespace) = namespace(&asked, &schema) else {
        let remedy = "ask the partner for document/literal elements X and XResponse, with child elements";
        problems.error(Place::file(path), "no operation was found in it", remedy);
        return None;
    };
    let operations = in_namespace(asked, &namespace, &schema, problems);
    let draft = Draft { sources: &sources, schema: &schema, documentation: &documentation, namespace, operations };
    let (headers, headers_reason) = match (wishes.headers, headers) {
        (Some(headers), _) => (headers, "x-road | addressing | none"),
        (None, Some(headers)) => (headers, "the WSDL speaks of it"),
        (None, None) => (HeaderProtocol::XRoad, "x-road | addressing | none: check it"),
    };
    let names = Names::new(wishes, &port_type, &draft.namespace, path, problems)?;
    let (planned, mut written) = draft.write(&names, headers, headers_reason, problems)?;
    written.files = output::write(out, &planned, problems)?;
    let pool = crate::proto::load(&[out.dir.join("proto")], problems)?;
    compile(out, pool, problems);
    Some(written)
}

/// Compiles what was written, by the gateway's own rules. Notes of what is ignored were warnings before.
pub(super) fn compile(out: &Out, pool: prost_reflect::DescriptorPool, problems: &mut Problems) {
    let mut found = Problems::new();
    let pools = [pool];
    Partner::compile("draft", &out.dir.join("binding.toml"), &pools, &mut found);
    for problem in found.sorted() {
        match problem.severity {
            Severity::Error => problems.error(problem.place.clone(), &problem.message, &problem.remedy),
            Severity::Warning => problems.warning(problem.place.clone(), &problem.message, &problem.remedy),
            Severity::Note => {}
        }
    }
}

/// An operation found.
struct Asked {
    name: String,
    request: ElementId,
    answer: ElementId,
    documentation: String,
    place: Place,
}

fn asked_by_wsdl(operations: Vec<wsdl::Operation>, schema: &Schema, problems: &mut Problems) -> Vec<Asked> {
    let mut asked = Vec::new();
    for operation in operations {
        let mut wrapper = |name: &Expanded| {
            let element = schema.element(&name.namespace, &name.local);
            let element = element.filter(|&id| is_wrapper(schema, id));
            if element.is_none() {
                let text = format!("{}: {} is no element with child elements: left out", operation.name, name.local);
                problems.warning(operation.place.clone(), text, "ask for document/literal wrapped");
            }
            element
        };
        let (request, answer) = (wrapper(&operation.request), wrapper(&operation.answer));
        if let (Some(request), Some(answer)) = (request, answer) {
            let (name, documentation, place) = (operation.name, operation.documentation, operation.place);
            asked.push(Asked { name, request, answer, documentation, place });
        }
    }
    asked
}

/// Global elements `X` that have an `XResponse`.
fn asked_by_names(schema: &Schema, sources: &Sources, documentation: &Documentation) -> Vec<Asked> {
    let mut asked: Vec<Asked> = Vec::new();
    for (at, element) in schema.elements.iter().enumerate() {
        let id = ElementId(at as u32);
        let namespace = schema.namespace_name(element.name.namespace);
        let is_global = schema.element(namespace, &element.name.local) == Some(id);
        let answer = schema.element(namespace, &format!("{}Response", element.name.local));
        let Some(answer) = answer.filter(|&answer| is_global && is_wrapper(schema, answer)) else { continue };
        if is_wrapper(schema, id) {
            asked.push(Asked {
                name: element.name.local.to_string(),
                request: id,
                answer,
                documentation: documentation.of(element.origin, &element.name.local).to_owned(),
                place: sources.place(schema, element.origin),
            });
        }
    }
    asked.sort_by_key(|one| {
        let origin = schema.element_of(one.request).origin;
        (origin.file, origin.line, one.request)
    });
    asked
}

fn is_wrapper(schema: &Schema, id: ElementId) -> bool {
    matches!(schema.type_of(schema.element_of(id).type_id).kind, Kind::Complex(_))
}

/// The namespace that most wrappers stand in: a binding has one.
fn namespace(asked: &[Asked], schema: &Schema) -> Option<String> {
    let namespaces = asked.iter().map(|one| schema.element_of(one.request).name.namespace);
    let count = |id| asked.iter().filter(|one| schema.element_of(one.request).name.namespace == id).count();
    // The first of those that are named most.
    let best = namespaces.rev().max_by_key(|&id| count(id))?;
    Some(schema.namespace_name(best).to_owned())
}

fn in_namespace(asked: Vec<Asked>, namespace: &str, schema: &Schema, problems: &mut Problems) -> Vec<Asked> {
    let is_in = |id: ElementId| schema.namespace_name(schema.element_of(id).name.namespace) == namespace;
    let (inside, outside): (Vec<Asked>, Vec<Asked>) =
        asked.into_iter().partition(|one| is_in(one.request) && is_in(one.answer));
    for one in outside {
        let text = format!("the elements of {} are not in the namespace {namespace}: left out", one.name);
        problems.warning(one.place, text, "a binding has one namespace: import the other as a partner of its own");
    }
    inside
}

/// Names of what is written.
struct Names {
    package: String,
    service: String,
    file: String,
}

impl Names {
    fn new(wishes: &Wishes, port_type: &str, namespace: &str, path: &Path, problems: &mut Problems) -> Option<Self> {
        let package = wishes.package.clone().unwrap_or_else(|| names::package(namespace));
        let word = |segment: &str| {
            let mut chars = segment.chars();
            chars.next().is_some_and(|c| c.is_ascii_alphabetic())
                && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        if !package.split('.').all(word) {
            problems.error(Place::file(path), format!("'{package}' is no package"), "write --package as a.b.v1");
            return None;
        }
        let of_port = ["PortType", "Port", "Soap", "SOAP"].iter().find_map(|end| port_type.strip_suffix(end));
        let of_port = of_port.unwrap_or(port_type);
        // .NET begins the names of interfaces with an I.
        let is_interface = |rest: &&str| {
            let mut chars = rest.chars();
            chars.next().is_some_and(char::is_uppercase) && chars.next().is_some_and(char::is_lowercase)
        };
        let of_port = of_port.strip_prefix('I').filter(is_interface).unwrap_or(of_port);
        let last = package
            .split('.')
            .rev()
            .find(|s| !s.strip_prefix('v').is_some_and(|v| v.starts_with(|c: char| c.is_ascii_digit())));
        let base = if of_port.is_empty() { last.unwrap_or("contract") } else { of_port };
        let base = names::pascal(base);
        let guessed = if base.ends_with("Service") { base } else { format!("{base}Service") };
        let service = wishes.service.clone().unwrap_or(guessed);
        if !word(&service) {
            problems.error(
                Place::file(path),
                format!("'{service}' is no service name"),
                "write --service as HoSoService",
            );
            return None;
        }
        let file = names::snake(service.strip_suffix("Service").filter(|s| !s.is_empty()).unwrap_or(&service));
        Some(Self { package, service, file })
    }
}

/// A contract on its way into files.
struct Draft<'d> {
    sources: &'d Sources,
    schema: &'d Schema,
    documentation: &'d Documentation,
    namespace: String,
    operations: Vec<Asked>,
}

impl Draft<'_> {
    fn write(
        &self,
        names: &Names,
        headers: HeaderProtocol,
        headers_reason: &'static str,
        problems: &mut Problems,
    ) -> Option<(Vec<Planned>, Written)> {
        let mut mirror = Mirror::new(self.schema, self.sources, self.documentation, &self.namespace, problems);
        mirror.names.unique(names.service.clone());
        let wrappers: Vec<ElementId> = self.operations.iter().flat_map(|one| [one.request, one.answer]).collect();
        mirror.reach(&wrappers);
        let mut rpcs = Vec::new();
        let mut rpc_names = names::Scope::default();
        let mut tables = Vec::new();
        for asked in &self.operations {
            let (input, request) = mirror.wrapper(asked.request, "Request");
            let (output, answer) = mirror.wrapper(asked.answer, "Response");
            let name = rpc_names.unique(names::pascal(&asked.name)).replace('_', "");
            rpcs.push(Rpc { name, documentation: asked.documentation.clone(), input, output });
            tables.push((request, answer));
        }
        let folder = names.package.replace('.', "/");
        let title =
            format!("The contract of {}, mirrored from its XML schema by `lienthong contract import`.", self.namespace);
        let service =
            Service { package: names.package.clone(), name: names.service.clone(), documentation: title, rpcs };
        let mut planned: Vec<Planned> = Vec::new();
        for file in &self.sources.files {
            planned.push(Planned::new(&file.name, file.text.clone()));
        }
        planned
            .push(Planned::new(format!("proto/{folder}/{}.proto", names.file), proto_text::write(&service, &mirror)));
        if proto_text::uses_dates(&mirror) {
            planned.push(Planned::new("proto/google/type/date.proto", DATE_PROTO.to_owned()));
        }
        let binding = self.binding(&service, &mut mirror, tables, headers, headers_reason);
        planned.push(Planned::new("binding.toml", binding_text::write(&binding)));
        let written = Written {
            files: Vec::new(),
            operations: self.operations.len(),
            messages: mirror.messages.len(),
            enums: mirror.enums.len(),
        };
        // A binding that is too large was not mirrored whole.
        let whole = !mirror.problems.has_errors();
        whole.then_some((planned, written))
    }

    fn binding(
        &self,
        service: &Service,
        mirror: &mut Mirror<'_>,
        tables: Vec<(Table, Table)>,
        headers: HeaderProtocol,
        headers_reason: &'static str,
    ) -> Binding {
        let qualified = |name: &str| format!("{}.{name}", service.package);
        let mut operations = Vec::new();
        for ((asked, rpc), (request, answer)) in self.operations.iter().zip(&service.rpcs).zip(tables) {
            let local = |id: ElementId| self.schema.element_of(id).name.local.to_string();
            let (name, answer_element) = (local(asked.request), local(asked.answer));
            let reads_by_name = effect::reads(&asked.name);
            let mut effect = if reads_by_name { Effect::Read } else { Effect::Once };
            let mut key = Vec::new();
            if effect == Effect::Once && headers == HeaderProtocol::None {
                key.extend(required(mirror, &request, &mut Vec::new()));
                // Without a message id and without a key nothing tells a repeat from a second request.
                if key.is_empty() {
                    effect = Effect::Read;
                    let text =
                        format!("{name} has no value that tells two requests apart: its effect is drafted as read");
                    let remedy = "use a header protocol with message ids, or ask for such a value";
                    mirror.problems.warning(asked.place.clone(), text, remedy);
                }
            }
            operations.push(binding_text::Operation {
                method: format!("{}/{}", qualified(&service.name), rpc.name),
                effect,
                reads_by_name,
                key,
                answer_element: (answer_element != format!("{name}Response")).then_some(answer_element),
                request: paths(request),
                answer: paths(answer),
                name,
            });
        }
        let values = mirror.enums.iter().map(|one| binding_text::Value {
            type_name: one.type_name.clone(),
            enumeration: qualified(&one.name),
            words: one.values.iter().map(|value| (value.word.clone(), value.name.clone())).collect(),
        });
        let messages = mirror.tables.iter().map(|one| binding_text::Message {
            type_name: one.type_name.clone(),
            is: qualified(&mirror.messages[one.message].name),
            paths: Paths { entries: one.table.entries.clone(), ignore: one.table.ignore.clone() },
        });
        let roots = self.sources.roots.iter().map(|&root| self.sources.files[root].name.clone());
        Binding {
            introduction: INTRODUCTION.iter().map(|line| (*line).to_owned()).collect(),
            namespace: self.namespace.clone(),
            schemas: roots.collect(),
            headers,
            headers_reason,
            operations,
            values: values.collect(),
            messages: messages.collect(),
        }
    }
}

fn paths(table: Table) -> Paths {
    Paths { entries: table.entries, ignore: table.ignore }
}

/// The first value that every request has, however deep.
fn required(mirror: &Mirror<'_>, table: &Table, around: &mut Vec<TypeId>) -> Option<String> {
    if let Some(path) = table.required.first() {
        return Some(path.clone());
    }
    for (path, type_id) in &table.required_types {
        if around.contains(type_id) {
            continue;
        }
        around.push(*type_id);
        let name = mirror.schema.type_of(*type_id).name.as_ref();
        let inner = mirror.tables.iter().find(|one| name.is_some_and(|name| *name.local == *one.type_name));
        if let Some(below) = inner.and_then(|inner| required(mirror, &inner.table, around)) {
            return Some(format!("{path}/{below}"));
        }
    }
    None
}

const INTRODUCTION: [&str; 5] = [
    "A first draft by `lienthong contract import`: it compiles as it is, and is yours to edit.",
    "",
    "Left of each = stands the partner's element or attribute, right of it the field. Rename fields here and in the",
    ".proto together; where the ministry has a service already, bind its methods and messages instead of the mirrored",
    "ones. `lienthong check` says what does not fit; docs/binding.md is the language's reference.",
];
/// What `google.type.Date` fields import; not among the well-known types that are built in.
const DATE_PROTO: &str = include_str!("../../proto/google/type/date.proto");
