//! What the gateway says in gRPC for a SOAP body: the same plan, run once more so that people can read along.

use std::path::PathBuf;

use prost_reflect::{DescriptorPool, DynamicMessage, ReflectMessage, Value};

use super::error::Error;
use super::layout::Layout;
use crate::binding::plan::Partner;
use crate::problem::Problems;
use crate::transcode;
use crate::xml::limits::Limits;
use crate::xml::tape::Tape;

/// The dossier exchange's plan and the ministry's descriptors.
#[derive(Debug)]
pub struct Interpreter {
    partner: Partner,
    pool: DescriptorPool,
}

/// One gRPC call, for people.
#[derive(Debug)]
pub struct Call {
    /// Method name without its service.
    pub method: String,
    /// The first fields of the message, and its size.
    pub content: String,
}

impl Interpreter {
    /// Reads the contracts of a sandbox's directory.
    pub fn read(layout: &Layout) -> Result<Self, Error> {
        let mut problems = Problems::new();
        let pool = crate::proto::load(&[layout.path("proto")], &mut problems);
        let binding: PathBuf = layout.path("schemas/hoso/binding.toml");
        let pools: Vec<DescriptorPool> = pool.iter().cloned().collect();
        let partner = Partner::compile("hoso", &binding, &pools, &mut problems);
        match (partner, pool) {
            (Some(partner), Some(pool)) => Ok(Self { partner, pool }),
            _ => Err(Error::Problems(problems)),
        }
    }

    /// The call that `body`, an operation's element, becomes; `None` where it does not fit the contract.
    pub fn call(&self, body: &str) -> Option<Call> {
        let tape = Tape::parse(body, &Limits::default()).ok()?;
        let root = tape.root();
        let id = self.partner.operation(tape.namespace_name(tape.namespace(root)), tape.local(root))?;
        let mut wire = Vec::new();
        transcode::decode(&self.partner, id, &tape, root, &mut wire).ok()?;
        let operation = &self.partner.operations[usize::from(id.0)];
        let (service, method) = operation.method.trim_start_matches('/').split_once('/')?;
        let descriptor = self.pool.get_service_by_name(service)?.methods().find(|known| known.name() == method)?;
        let message = DynamicMessage::decode(descriptor.input(), wire.as_slice()).ok()?;
        let content = format!("{} bytes: {}", wire.len(), brief(&message));
        Some(Call { method: method.to_owned(), content })
    }
}

/// Leaf fields in order, as many as fit a line; long texts are cut.
fn brief(message: &DynamicMessage) -> String {
    let mut fields = Vec::new();
    leaves(message, &mut fields);
    let mut text = String::new();
    for field in &fields {
        let field = cut(field, FIELD_CHARS_MAX);
        if text.chars().count() + field.chars().count() > LINE_CHARS_MAX {
            text.push('…');
            break;
        }
        text.push_str(&field);
        text.push(' ');
    }
    text.trim_end().to_owned()
}

fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn leaves(message: &DynamicMessage, out: &mut Vec<String>) {
    for (field, value) in message.fields() {
        match value {
            Value::Message(nested) if nested.descriptor().full_name().starts_with("google.") => {
                out.push(format!("{}=…", field.name()));
            }
            Value::Message(nested) => leaves(nested, out),
            Value::List(items) => out.push(format!("{}×{}", field.name(), items.len())),
            Value::String(text) => out.push(format!("{}={text}", field.name())),
            Value::EnumNumber(number) => out.push(format!("{}={number}", field.name())),
            Value::I32(number) => out.push(format!("{}={number}", field.name())),
            Value::I64(number) => out.push(format!("{}={number}", field.name())),
            Value::Bool(yes) => out.push(format!("{}={yes}", field.name())),
            _ => {}
        }
    }
}

const FIELD_CHARS_MAX: usize = 36;
const LINE_CHARS_MAX: usize = 84;
