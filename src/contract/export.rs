//! `contract export`: a gRPC service → an XSD and a binding, compiled together.

use std::path::PathBuf;

use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor, ServiceDescriptor};

use super::binding_text::{self, Binding, Paths};
use super::faces::{Faces, comments};
use super::names::{pascal, snake};
use super::output::{self, Planned};
use super::xsd_text::{self, Wrapper};
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
    let mut faces = Faces::new(&roots, &package, problems);
    let mut wrappers = Vec::new();
    let mut operations = Vec::new();
    for method in declared.methods() {
        let Some((operation, elements)) = operation(&mut faces, &method, service.headers, &wrappers) else { continue };
        operations.push(operation);
        wrappers.extend(elements);
    }
    let (types, enums) = faces.finish();
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
    let values = enums.iter().map(|one| binding_text::Value {
        type_name: one.face.name.clone(),
        enumeration: one.is.clone(),
        words: one.words.clone(),
    });
    let messages = types.iter().map(|one| binding_text::Message {
        type_name: one.face.name.clone(),
        is: one.is.clone(),
        paths: paths(one.paths.clone()),
    });
    let binding = Binding {
        introduction: introduction(&service.name),
        namespace: namespace.clone(),
        schemas: vec![file.clone()],
        headers: service.headers,
        headers_reason: "x-road | addressing | none: check it",
        operations,
        values: values.collect(),
        messages: messages.collect(),
    };
    let schema = xsd_text::Schema {
        namespace,
        documentation: comments(&declared.parent_file(), declared.path()),
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

/// One rpc: its table and its two elements; `None` where it was a problem.
fn operation(
    faces: &mut Faces<'_>,
    method: &MethodDescriptor,
    headers: HeaderProtocol,
    made: &[Wrapper],
) -> Option<(binding_text::Operation, [Wrapper; 2])> {
    let place = faces.place(&method.parent_file(), method.path());
    let name = method.name().to_owned();
    if method.is_client_streaming() || method.is_server_streaming() {
        let remedy = "SOAP has one request and one answer: offer an rpc of that shape";
        faces.problems.warning(place, format!("{name} is a streaming rpc: left out"), remedy);
        return None;
    }
    let answer_name = format!("{name}Response");
    if made.iter().any(|wrapper| wrapper.name == name || wrapper.name == answer_name) {
        let text = format!("{name}: another rpc has the element {name} or {answer_name}");
        faces.problems.error(place, text, "rename one of the two rpcs");
        return None;
    }
    let documentation = comments(&method.parent_file(), method.path());
    let (request, request_paths) = faces.content(&method.input());
    let (answer, answer_paths) = faces.content(&method.output());
    let reads_by_name = effect::reads(&name);
    let mut effect = if reads_by_name { Effect::Read } else { Effect::Once };
    let mut key = Vec::new();
    if effect == Effect::Once && headers == HeaderProtocol::None {
        key.extend(first_value(&method.input(), KEY_DEPTH_MAX));
        if key.is_empty() {
            effect = Effect::Read;
            let text = format!("{name} has no value that tells two requests apart: its effect is drafted as read");
            faces.problems.warning(place, text, "use a header protocol with message ids, or add a field");
        }
    }
    let elements = [
        Wrapper { name: name.clone(), documentation, content: request },
        Wrapper { name: answer_name, documentation: String::new(), content: answer },
    ];
    let operation = binding_text::Operation {
        method: format!("{}/{name}", method.parent_service().full_name()),
        name,
        effect,
        reads_by_name,
        key,
        answer_element: None,
        request: paths(request_paths),
        answer: paths(answer_paths),
    };
    Some((operation, elements))
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

/// Messages within messages that a key is looked for in.
const KEY_DEPTH_MAX: usize = 4;
