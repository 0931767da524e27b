//! Messages and enums of a service as XSD types, with what the binding says of each.

use std::collections::HashMap;
use std::path::PathBuf;

use prost_reflect::prost_types::FileDescriptorProto;
use prost_reflect::prost_types::source_code_info::Location;
use prost_reflect::{EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor};

use super::names::{Scope, pascal, upper};
use super::xsd_text::{Element, Enumeration, Occurrence, Particle, Type};
use crate::problem::{Place, Problems};

/// What the messages of a service look like in XML.
pub(super) struct Faces<'f> {
    /// Include roots: where files are found for a place.
    roots: &'f [PathBuf],
    /// The service's package.
    package: &'f str,
    pub(super) problems: &'f mut Problems,
    /// XSD's one symbol space of types.
    names: Scope,
    /// XSD type by the full name of a message or enum; `None` for an enum that no code list can say.
    known: HashMap<String, Option<String>>,
    /// Named, and still to be written.
    wanted: Vec<MessageDescriptor>,
    types: Vec<MessageFace>,
    enums: Vec<EnumFace>,
    fields: usize,
}

/// A message's type.
pub(super) struct MessageFace {
    pub(super) face: Type,
    /// Full name of the message.
    pub(super) is: String,
    /// Elements and the fields they become.
    pub(super) paths: Vec<(String, String)>,
}

/// An enum's type.
pub(super) struct EnumFace {
    pub(super) face: Enumeration,
    /// Full name of the enum.
    pub(super) is: String,
    /// Words and the values they become.
    pub(super) words: Vec<(String, String)>,
}

impl<'f> Faces<'f> {
    pub(super) fn new(roots: &'f [PathBuf], package: &'f str, problems: &'f mut Problems) -> Self {
        Self {
            roots,
            package,
            problems,
            names: Scope::default(),
            known: HashMap::new(),
            wanted: Vec::new(),
            types: Vec::new(),
            enums: Vec::new(),
            fields: 0,
        }
    }

    /// The types of all messages that the contents asked for led to, by name; and of their enums.
    pub(super) fn finish(mut self) -> (Vec<MessageFace>, Vec<EnumFace>) {
        while let Some(message) = self.wanted.pop() {
            let Some(Some(name)) = self.known.get(message.full_name()).cloned() else { continue };
            let (content, paths) = self.content(&message);
            let documentation = comments(&message.parent_file(), message.path());
            let face = Type { name, documentation, content };
            self.types.push(MessageFace { face, is: message.full_name().to_owned(), paths });
        }
        self.types.sort_by(|a, b| a.face.name.cmp(&b.face.name));
        (self.types, self.enums)
    }

    /// Fields of a message as elements, in the order of the .proto; with what each becomes.
    pub(super) fn content(&mut self, message: &MessageDescriptor) -> (Vec<Particle>, Vec<(String, String)>) {
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
        self.wanted.push(message.clone());
        format!("tns:{name}")
    }

    fn enum_name(&mut self, enumeration: &EnumDescriptor) -> Option<String> {
        if let Some(known) = self.known.get(enumeration.full_name()) {
            return known.as_ref().map(|name| format!("tns:{name}"));
        }
        let mut values: Vec<_> = enumeration.values().collect();
        values.sort_by_key(|value| value.path().last().copied());
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
        self.enums.push(EnumFace { face, is: enumeration.full_name().to_owned(), words: pairs });
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

    /// The place of a declaration.
    pub(super) fn place(&self, file: &FileDescriptor, path: &[i32]) -> Place {
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

/// Names that say "not said".
fn is_unset(name: &str) -> bool {
    ["UNSPECIFIED", "UNKNOWN", "UNSET", "NONE", "UNDEFINED", "INVALID"]
        .iter()
        .any(|end| name.to_uppercase().ends_with(end))
}

/// Comments before a declaration, one paragraph a line.
pub(super) fn comments(file: &FileDescriptor, path: &[i32]) -> String {
    let found = location(file.file_descriptor_proto(), path);
    let text =
        found.and_then(|location| location.leading_comments.as_deref().or(location.trailing_comments.as_deref()));
    let text = text.unwrap_or_default();
    text.split("\n\n").map(|part| part.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("\n")
}

fn location<'f>(file: &'f FileDescriptorProto, path: &[i32]) -> Option<&'f Location> {
    file.source_code_info.as_ref()?.location.iter().find(|location| location.path == path)
}

/// Fields of all messages of one service.
const FIELDS_MAX: usize = 20_000;
