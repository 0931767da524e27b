//! A mirrored schema as the text of a .proto file.

use super::mirror::{Enum, Field, FieldKind, Label, Message, Mirror};
use super::value::Value;

/// The service to write.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) package: String,
    pub(super) name: String,
    /// What the file says first.
    pub(super) documentation: String,
    pub(super) rpcs: Vec<Rpc>,
}

#[derive(Debug)]
pub(super) struct Rpc {
    pub(super) name: String,
    pub(super) documentation: String,
    /// Indices in [`Mirror::messages`].
    pub(super) input: usize,
    pub(super) output: usize,
}

/// Whether the file needs Google's `date.proto` beside it.
pub(super) fn uses_dates(mirror: &Mirror<'_>) -> bool {
    uses(mirror, &Value::Date)
}

/// The whole file.
pub(super) fn write(service: &Service, mirror: &Mirror<'_>) -> String {
    let mut out = String::new();
    comment(&service.documentation, "", &mut out);
    out.push_str(&format!("\nsyntax = \"proto3\";\n\npackage {};\n", service.package));
    let imports = [(Value::Timestamp, "google/protobuf/timestamp.proto"), (Value::Date, "google/type/date.proto")];
    let mut used = imports.iter().filter(|(value, _)| uses(mirror, value)).map(|(_, import)| *import).peekable();
    if used.peek().is_some() {
        out.push('\n');
    }
    used.for_each(|import| out.push_str(&format!("import \"{import}\";\n")));
    out.push_str(&format!("\nservice {} {{\n", service.name));
    for rpc in &service.rpcs {
        comment(&rpc.documentation, "  ", &mut out);
        let (input, output) = (&mirror.messages[rpc.input].name, &mirror.messages[rpc.output].name);
        out.push_str(&format!("  rpc {}({input}) returns ({output});\n", rpc.name));
    }
    out.push_str("}\n");
    let google = if service.package.split('.').any(|segment| segment == "google") { "." } else { "" };
    mirror.messages.iter().for_each(|one| message(one, mirror, google, &mut out));
    mirror.enums.iter().for_each(|one| enumeration(one, &mut out));
    out
}

fn message(message: &Message, mirror: &Mirror<'_>, google: &str, out: &mut String) {
    out.push('\n');
    comment(&message.documentation, "", out);
    out.push_str(&format!("message {} {{\n", message.name));
    let mut open: Option<&str> = None;
    let mut number = 0;
    for field in grouped(&message.fields) {
        let oneof = field.oneof.as_deref();
        if open != oneof {
            if open.is_some() {
                out.push_str("  }\n");
            }
            if let Some(name) = oneof {
                out.push_str(&format!("  oneof {name} {{\n"));
            }
            open = oneof;
        }
        let indent = if open.is_some() { "    " } else { "  " };
        comment(&field.documentation, indent, out);
        // Numbers that protobuf keeps for itself.
        number = if number == 18_999 { 20_000 } else { number + 1 };
        let label = match field.label {
            Label::Implicit => "",
            Label::Optional => "optional ",
            Label::Repeated => "repeated ",
        };
        out.push_str(&format!("{indent}{label}{} {} = {number};\n", kind(&field.kind, mirror, google), field.name));
    }
    if open.is_some() {
        out.push_str("  }\n");
    }
    out.push_str("}\n");
}

/// Fields of one oneof side by side, where the first of them stands.
fn grouped(fields: &[Field]) -> Vec<&Field> {
    let mut ordered: Vec<&Field> = Vec::with_capacity(fields.len());
    for (at, field) in fields.iter().enumerate() {
        match &field.oneof {
            None => ordered.push(field),
            Some(_) if fields[..at].iter().any(|earlier| earlier.oneof == field.oneof) => {}
            Some(_) => ordered.extend(fields[at..].iter().filter(|other| other.oneof == field.oneof)),
        }
    }
    ordered
}

fn enumeration(enumeration: &Enum, out: &mut String) {
    out.push('\n');
    comment(&enumeration.documentation, "", out);
    out.push_str(&format!("enum {} {{\n  {} = 0;\n", enumeration.name, enumeration.zero));
    for value in &enumeration.values {
        comment(&value.documentation, "  ", out);
        out.push_str(&format!("  {} = {};\n", value.name, value.number));
    }
    out.push_str("}\n");
}

fn kind(kind: &FieldKind, mirror: &Mirror<'_>, google: &str) -> String {
    match kind {
        FieldKind::Message(at) => mirror.messages[*at].name.clone(),
        FieldKind::Value(Value::Scalar(keyword)) => (*keyword).to_owned(),
        FieldKind::Value(Value::Timestamp) => format!("{google}google.protobuf.Timestamp"),
        FieldKind::Value(Value::Date) => format!("{google}google.type.Date"),
        FieldKind::Value(Value::Enum(type_id)) => mirror.enum_name(*type_id).to_owned(),
    }
}

fn uses(mirror: &Mirror<'_>, value: &Value) -> bool {
    let is = |field: &Field| matches!(&field.kind, FieldKind::Value(used) if used == value);
    mirror.messages.iter().any(|message| message.fields.iter().any(is))
}

/// Lines of `//`, none where there is nothing to say.
pub(super) fn comment(text: &str, indent: &str, out: &mut String) {
    for paragraph in text.lines().filter(|line| !line.trim().is_empty()) {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && indent.len() + line.chars().count() + word.chars().count() + 4 > WIDTH {
                out.push_str(&format!("{indent}// {line}\n"));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            // A control character would not be a comment's.
            line.extend(word.chars().filter(|c| !c.is_control()));
        }
        out.push_str(&format!("{indent}// {line}\n"));
    }
}

/// Characters of a line.
const WIDTH: usize = 110;
