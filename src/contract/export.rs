//! `contract export`: a gRPC service → an XSD and a binding, compiled together.

use std::collections::HashMap;
use std::path::PathBuf;

use prost_reflect::prost_types::FileDescriptorProto;
use prost_reflect::{
    DescriptorPool, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor, MethodDescriptor,
    ServiceDescriptor,
};

use super::binding_text::{self, Binding, Paths};
use super::names::{Scope, pascal, snake, upper};
use super::output::{self, Planned};
use super::xsd_text::{self, Element, Enumeration, Occurrence, Particle, Type, Wrapper};
use super::{Out, Written, effect, import};
use crate::binding::plan::{Effect, HeaderProtocol};
use crate::problem::{Place, Problems, nearest};

/// What to export.
#[derive(Debug, Clone)]
pub struct Service {
    /// The file that declares it.
    pub proto: PathBuf,
    /// Its full name: `library.v1.Loans`.
    pub name: String,
    /// Folders that imports are relative to; found by the file's package where empty.
    pub include: Vec<PathBuf>,
    /// Target namespace; `urn:` and the package where `None`.
    pub namespace: Option<String>,
    /// Header protocol of the binding.
    pub headers: HeaderProtocol,
}

/// Reads a service and writes its draft into `out`.
///
/// Limits: 20,000 fields.
/// Errors: added to `problems`, with the file and line of the .proto; nothing is written where the service cannot be
/// expressed or a file is in the way.
pub fn export(service: &Service, out: &Out, problems: &mut Problems) -> Option<Written> {
    let pool = crate::proto::load_file(&service.proto, &service.include, problems)?;
    let declared = find(&pool, service, problems)?;
    let package = declared.parent_file().package_name().to_owned();
    let own = if package.is_empty() { snake(declared.name()) } else { package.replace('.', ":") };
    let namespace = service.namespace.clone().unwrap_or_else(|| format!("urn:{own}"));
    if namespace.trim().is_empty() || namespace.contains(char::is_whitespace) {
        problems.error(
            Place::file(&service.proto),
            format!("'{namespace}' is no namespace"),
            "write --namespace as a URI",
        );
        return None;
    }
    let roots = crate::proto::roots_of(&service.proto, &service.include);
    let mut faces = Faces {
        roots: &roots,
        package: &package,
        problems,
        names: Scope::default(),
        known: HashMap::new(),
        messages: Vec::new(),
        types: Vec::new(),
        enums: Vec::new(),
        fields: 0,
    };
    let mut wrappers = Vec::new();
    let mut operations = Vec::new();
    for method in declared.methods() {
        faces.operation(&declared, &method, service.headers, &mut wrappers, &mut operations);
    }
    faces.make_wanted();
    let Faces { types, enums, .. } = faces;
    if operations.is_empty() && !problems.has_errors() {
        let text = format!("{} has no rpc of one request and one answer", service.name);
        problems.error(Place::file(&service.proto), text, "name another service");
    }
    if problems.has_errors() {
        return None;
    }
    let file = format!("{}.xsd", snake(declared.name()));
    let mut written =
        Written { files: Vec::new(), operations: operations.len(), messages: types.len(), enums: enums.len() };
    let values = enums.iter().map(|one| one.value.clone());
    let messages = types.iter().map(|one| (one.name.clone(), one.is.clone(), one.paths.clone()));
    let binding = Binding {
        introduction: introduction(&service.name),
        namespace: namespace.clone(),
        schemas: vec![file.clone()],
        headers: service.headers,
        headers_reason: "x-road | addressing | none: check it",
        operations,
        values: values
            .map(|(type_name, enumeration, words)| binding_text::Value { type_name, enumeration, words })
            .collect(),
        messages: messages
            .map(|(type_name, is, entries)| binding_text::Message { type_name, is, paths: paths(entries) })
            .collect(),
    };
    let documentation = comments(&declared.parent_file(), declared.path());
    let schema = xsd_text::Schema {
        namespace,
        documentation,
        wrappers,
        types: types.into_iter().map(|one| one.face).collect(),
        enums: enums.into_iter().map(|one| one.face).collect(),
    };
    let planned =
        [Planned::new(file, xsd_text::write(&schema)), Planned::new("binding.toml", binding_text::write(&binding))];
    written.files = output::write(out, &planned, problems)?;
    import::compile(out, pool, problems);
    Some(written)
}

fn find(pool: &DescriptorPool, service: &Service, problems: &mut Problems) -> Option<ServiceDescriptor> {
    let found = pool.get_service_by_name(&service.name);
    if found.is_none() {
        let names: Vec<String> = pool.services().map(|service| service.full_name().to_owned()).collect();
        let remedy = match nearest(&service.name, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near}?"),
            None if names.is_empty() => "name the .proto file that declares a service".to_owned(),
            None => format!("there is {}", names.join(", ")),
        };
        problems.error(Place::file(&service.proto), format!("no service has the name {}", service.name), remedy);
    }
    found
}

/// What the messages of a service look like in XML.
struct Faces<'f> {
    roots: &'f [PathBuf],
    package: &'f str,
    problems: &'f mut Problems,
    /// XSD's one symbol space of types.
    names: Scope,
    /// XSD type by the full name of a message or enum; `None` for an enum that no code list can say.
    known: HashMap<String, Option<String>>,
    /// Named, and still to be written.
    messages: Vec<MessageDescriptor>,
    types: Vec<MessageFace>,
    enums: Vec<EnumFace>,
    fields: usize,
}

struct MessageFace {
    name: String,
    is: String,
    face: Type,
    paths: Vec<(String, String)>,
}

struct EnumFace {
    face: Enumeration,
    /// XSD type, full name of the enum, and words with what they become.
    value: (String, String, Vec<(String, String)>),
}

impl Faces<'_> {
    fn operation(
        &mut self,
        service: &ServiceDescriptor,
        method: &MethodDescriptor,
        headers: HeaderProtocol,
        wrappers: &mut Vec<Wrapper>,
        operations: &mut Vec<binding_text::Operation>,
    ) {
        let place = self.place(&method.parent_file(), method.path());
        let name = method.name().to_owned();
        if method.is_client_streaming() || method.is_server_streaming() {
            let remedy = "SOAP has one request and one answer: offer an rpc of that shape";
            self.problems.warning(place, format!("{name} is a streaming rpc: left out"), remedy);
            return;
        }
        let answer_name = format!("{name}Response");
        if wrappers.iter().any(|wrapper| wrapper.name == name || wrapper.name == answer_name) {
            let text = format!("{name}: another rpc has the element {name} or {answer_name}");
            self.problems.error(place, text, "rename one of the two rpcs");
            return;
        }
        let documentation = comments(&method.parent_file(), method.path());
        let (request, request_paths) = self.content(&method.input());
        let (answer, answer_paths) = self.content(&method.output());
        let mut effect = if effect::reads(&name) { Effect::Read } else { Effect::Once };
        let mut key = Vec::new();
        if effect == Effect::Once && headers == HeaderProtocol::None {
            key.extend(first_value(&method.input(), KEY_DEPTH_MAX));
            if key.is_empty() {
                effect = Effect::Read;
                let text = format!("{name} has no value that tells two requests apart: its effect is drafted as read");
                self.problems.warning(place, text, "use a header protocol with message ids, or add a field");
            }
        }
        wrappers.push(Wrapper { name: name.clone(), documentation, content: request });
        wrappers.push(Wrapper { name: answer_name, documentation: String::new(), content: answer });
        operations.push(binding_text::Operation {
            method: format!("{}/{name}", service.full_name()),
            name,
            effect,
            key,
            answer_element: None,
            request: paths(request_paths),
            answer: paths(answer_paths),
        });
    }

    fn make_wanted(&mut self) {
        while let Some(message) = self.messages.pop() {
            let Some(Some(name)) = self.known.get(message.full_name()).cloned() else { continue };
            let (content, paths) = self.content(&message);
            let documentation = comments(&message.parent_file(), message.path());
            let face = Type { name: name.clone(), documentation, content };
            self.types.push(MessageFace { name, is: message.full_name().to_owned(), face, paths });
        }
        self.types.sort_by(|a, b| a.name.cmp(&b.name));
    }

    /// Fields of a message as elements, in the order of the .proto; with what each becomes.
    fn content(&mut self, message: &MessageDescriptor) -> (Vec<Particle>, Vec<(String, String)>) {
        let mut fields: Vec<FieldDescriptor> = message.fields().collect();
        fields.sort_by_key(|field| field.path().last().copied());
        let mut names = Scope::default();
        let mut particles: Vec<Particle> = Vec::new();
        let mut paths = Vec::new();
        let mut choices: HashMap<String, usize> = HashMap::new();
        for field in fields {
            self.fields += 1;
            if self.fields == FIELDS_MAX {
                let place = self.place(&message.parent_file(), message.path());
                self.problems.error(place, format!("more than {FIELDS_MAX} fields"), "export a smaller service");
            }
            let Some(type_name) = self.type_name(&field).filter(|_| self.fields < FIELDS_MAX) else { continue };
            let name = names.unique(pascal(field.name())).replace('_', "");
            paths.push((name.clone(), field.name().to_owned()));
            let documentation = comments(&message.parent_file(), field.path());
            let oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
            let occurrence = match (&oneof, field.is_list()) {
                (Some(_), _) => Occurrence::Once,
                (None, true) => Occurrence::Any,
                // The number 0 of an enum is no word of a code list.
                (None, false) if field.supports_presence() && !field.is_required() => Occurrence::Optional,
                (None, false) if matches!(field.kind(), Kind::Enum(_)) && !field.is_required() => Occurrence::Optional,
                (None, false) => Occurrence::Once,
            };
            let element = Element { name, type_name, occurrence, documentation };
            match oneof {
                None => particles.push(Particle::Element(element)),
                Some(oneof) => match choices.get(oneof.name()).and_then(|&at| particles.get_mut(at)) {
                    Some(Particle::Choice(branches)) => branches.push(element),
                    _ => {
                        choices.insert(oneof.name().to_owned(), particles.len());
                        particles.push(Particle::Choice(vec![element]));
                    }
                },
            }
        }
        (particles, paths)
    }

    /// The XSD type of a field's values; `None` where it has none, which is a problem said.
    fn type_name(&mut self, field: &FieldDescriptor) -> Option<String> {
        let place = || Self::place_of(self.roots, &field.parent_message().parent_file(), field.path());
        if field.is_map() {
            let text = format!("the map {} has no counterpart in a binding", field.full_name());
            self.problems.error(place(), text, "write it as a repeated message of key and value");
            return None;
        }
        if field.is_group() {
            let text = format!("the group {} has no counterpart in a binding", field.full_name());
            self.problems.error(place(), text, "write it as a message field");
            return None;
        }
        let built_in = match field.kind() {
            Kind::Double => "double",
            Kind::Float => "float",
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => "int",
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => "long",
            Kind::Uint32 | Kind::Fixed32 => "unsignedInt",
            Kind::Uint64 | Kind::Fixed64 => "unsignedLong",
            Kind::Bool => "boolean",
            Kind::String => "string",
            Kind::Bytes => "base64Binary",
            Kind::Message(message) => match message.full_name() {
                "google.protobuf.Timestamp" => "dateTime",
                "google.protobuf.Duration" => "duration",
                "google.type.Date" => "date",
                _ => return Some(self.message_name(&message)),
            },
            Kind::Enum(enumeration) => {
                let place = place();
                let name = self.enum_name(&enumeration);
                if name.is_none() {
                    let text =
                        format!("{} has no value but 0: {} is left out", enumeration.full_name(), field.full_name());
                    self.problems.warning(place, text, "give the enum a value, or the field another type");
                }
                return name;
            }
        };
        Some(format!("xs:{built_in}"))
    }

    fn message_name(&mut self, message: &MessageDescriptor) -> String {
        if let Some(Some(known)) = self.known.get(message.full_name()) {
            return format!("tns:{known}");
        }
        let name = self.name(message.full_name(), message.package_name());
        self.known.insert(message.full_name().to_owned(), Some(name.clone()));
        self.messages.push(message.clone());
        format!("tns:{name}")
    }

    fn enum_name(&mut self, enumeration: &EnumDescriptor) -> Option<String> {
        if let Some(known) = self.known.get(enumeration.full_name()) {
            return known.as_ref().map(|name| format!("tns:{name}"));
        }
        let values: Vec<_> = enumeration.values().collect();
        if let Some(zero) = values.iter().find(|value| value.number() == 0 && !is_unset(value.name())) {
            let place = self.place(&zero.parent_enum().parent_file(), zero.path());
            let text = format!("{} is the number 0, which means absent: it has no word in the XSD", zero.name());
            self.problems.warning(place, text, "give the value a number of its own, and 0 to …_UNSPECIFIED");
        }
        let said: Vec<_> = values.into_iter().filter(|value| value.number() != 0).collect();
        if said.is_empty() {
            self.known.insert(enumeration.full_name().to_owned(), None);
            return None;
        }
        let prefix = format!("{}_", upper(enumeration.name()));
        let short = |name: &str| name.strip_prefix(&prefix).filter(|rest| !rest.is_empty()).map(str::to_owned);
        let all_short: Option<Vec<String>> = said.iter().map(|value| short(value.name())).collect();
        let words = all_short.unwrap_or_else(|| said.iter().map(|value| value.name().to_owned()).collect());
        let reserved = |word: &String| word == "enum" || word == "time";
        let words: Vec<String> = match words.iter().any(reserved) {
            // Such words are keys of a [value.T] table.
            true => said.iter().map(|value| format!("{prefix}{}", value.name())).collect(),
            false => words,
        };
        let name = self.name(enumeration.full_name(), enumeration.package_name());
        self.known.insert(enumeration.full_name().to_owned(), Some(name.clone()));
        let file = enumeration.parent_file();
        let documented = words.iter().cloned().zip(said.iter().map(|value| comments(&file, value.path())));
        let face = Enumeration {
            name: name.clone(),
            documentation: comments(&file, enumeration.path()),
            values: documented.collect(),
        };
        let pairs = words.into_iter().zip(said.iter().map(|value| value.name().to_owned())).collect();
        self.enums.push(EnumFace { face, value: (name.clone(), enumeration.full_name().to_owned(), pairs) });
        Some(format!("tns:{name}"))
    }

    /// A type's name: that of the message, with those it stands in; with its package's where the service has another.
    fn name(&mut self, full: &str, package: &str) -> String {
        let local = full.strip_prefix(package).unwrap_or(full).trim_start_matches('.');
        let wanted: String = local.split('.').map(pascal).collect();
        let wanted = match package == self.package {
            true => wanted,
            false => format!("{}{wanted}", pascal(&package.replace('.', " "))),
        };
        self.names.unique(wanted).replace('_', "")
    }

    fn place(&self, file: &FileDescriptor, path: &[i32]) -> Place {
        Self::place_of(self.roots, file, path)
    }

    fn place_of(roots: &[PathBuf], file: &FileDescriptor, path: &[i32]) -> Place {
        let found = roots.iter().map(|root| root.join(file.name())).find(|path| path.is_file());
        let file_path = found.unwrap_or_else(|| PathBuf::from(file.name()));
        let location = location(file.file_descriptor_proto(), path);
        let line = location.and_then(|location| location.span.first()).and_then(|line| u32::try_from(line + 1).ok());
        Place { file: file_path, line }
    }
}

/// A path to the first text of a message that is not repeated.
fn first_value(message: &MessageDescriptor, depth: usize) -> Option<String> {
    let mut fields: Vec<FieldDescriptor> =
        message.fields().filter(|field| !field.is_list() && !field.is_map()).collect();
    fields.sort_by_key(|field| field.path().last().copied());
    let name = |field: &FieldDescriptor| pascal(field.name());
    let text = fields.iter().find(|field| matches!(field.kind(), Kind::String) && field.containing_oneof().is_none());
    if let Some(text) = text {
        return Some(name(text));
    }
    fields.iter().filter(|_| depth > 0).find_map(|field| match field.kind() {
        Kind::Message(inner) if !inner.full_name().starts_with("google.") => {
            Some(format!("{}/{}", name(field), first_value(&inner, depth - 1)?))
        }
        _ => None,
    })
}

/// Names that say "not said".
fn is_unset(name: &str) -> bool {
    ["UNSPECIFIED", "UNKNOWN", "UNSET", "NONE", "UNDEFINED", "INVALID"]
        .iter()
        .any(|end| name.to_uppercase().ends_with(end))
}

fn paths(entries: Vec<(String, String)>) -> Paths {
    Paths { entries, ignore: Vec::new() }
}

fn introduction(service: &str) -> Vec<String> {
    let lines = [
        format!("A first draft by `lienthong contract export` of {service}: it compiles as it is, and is yours to edit."),
        String::new(),
        "Left of each = stands the partner's element, right of it the field. Rename elements here and in the XSD together,".into(),
        "and give the XSD's types their limits (maxLength, pattern, minOccurs) before it is handed out: what it allows is".into(),
        "what the service will be sent. `lienthong check` says what does not fit; docs/binding.md is the reference.".into(),
    ];
    lines.into()
}

/// Comments before a declaration, one paragraph a line.
fn comments(file: &FileDescriptor, path: &[i32]) -> String {
    let found = location(file.file_descriptor_proto(), path);
    let text =
        found.and_then(|location| location.leading_comments.as_deref().or(location.trailing_comments.as_deref()));
    let text = text.unwrap_or_default();
    text.split("\n\n").map(|part| part.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("\n")
}

fn location<'f>(
    file: &'f FileDescriptorProto,
    path: &[i32],
) -> Option<&'f prost_reflect::prost_types::source_code_info::Location> {
    file.source_code_info.as_ref()?.location.iter().find(|location| location.path == path)
}

/// Fields of all messages of one service.
const FIELDS_MAX: usize = 20_000;
/// Messages within messages that a key is looked for in.
const KEY_DEPTH_MAX: usize = 4;
