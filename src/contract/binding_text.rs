//! A binding.toml as text, ready to edit: what was guessed says so.

use std::fmt::Write;

use crate::binding::plan::{Effect, HeaderProtocol};

/// A binding to write.
#[derive(Debug)]
pub(super) struct Binding {
    /// What the file says first, one line each.
    pub(super) introduction: Vec<String>,
    pub(super) namespace: String,
    pub(super) schemas: Vec<String>,
    pub(super) headers: HeaderProtocol,
    /// Why these.
    pub(super) headers_reason: &'static str,
    pub(super) operations: Vec<Operation>,
    pub(super) values: Vec<Value>,
    pub(super) messages: Vec<Message>,
}

#[derive(Debug)]
pub(super) struct Operation {
    pub(super) name: String,
    pub(super) method: String,
    pub(super) effect: Effect,
    /// Whether the operation's name says that it reads.
    pub(super) reads_by_name: bool,
    pub(super) key: Vec<String>,
    /// Where it is not `XResponse`.
    pub(super) answer_element: Option<String>,
    pub(super) request: Paths,
    pub(super) answer: Paths,
}

/// `[message.T]`
#[derive(Debug)]
pub(super) struct Message {
    pub(super) type_name: String,
    pub(super) is: String,
    pub(super) paths: Paths,
}

/// `[value.T]` of a code list.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) type_name: String,
    pub(super) enumeration: String,
    pub(super) words: Vec<(String, String)>,
}

/// Paths and what they become.
#[derive(Debug, Default)]
pub(super) struct Paths {
    pub(super) entries: Vec<(String, String)>,
    pub(super) ignore: Vec<String>,
}

/// The whole file.
pub(super) fn write(binding: &Binding) -> String {
    let mut out = String::new();
    for line in &binding.introduction {
        line_of(&mut out, format_args!("{}", format!("# {line}").trim_end()));
    }
    line_of(&mut out, format_args!("\n[partner]"));
    line_of(&mut out, format_args!("namespace = {}", string(&binding.namespace)));
    line_of(&mut out, format_args!("schemas   = {}", list(&binding.schemas)));
    let headers = match binding.headers {
        HeaderProtocol::XRoad => "x-road",
        HeaderProtocol::Addressing => "addressing",
        HeaderProtocol::None => "none",
    };
    line_of(&mut out, format_args!("headers   = \"{headers}\"    # {}", binding.headers_reason));
    line_of(&mut out, format_args!("time_zone = \"+07:00\"    # of moments that name no zone; check it"));
    line_of(&mut out, format_args!("\n# ---- Operations ----\n#"));
    for line in EFFECT {
        line_of(&mut out, format_args!("# {line}"));
    }
    binding.operations.iter().for_each(|one| operation(one, &mut out));
    out.push('\n');
    for line in OUTCOME {
        line_of(&mut out, format_args!("{}", format!("# {line}").trim_end()));
    }
    if !binding.values.is_empty() {
        line_of(&mut out, format_args!("\n# ---- Code lists ----"));
    }
    for value in &binding.values {
        line_of(&mut out, format_args!("\n[value.{}]", key(&value.type_name)));
        let names = value.words.iter().map(|(word, name)| (word.clone(), name.clone()));
        let all: Vec<(String, String)> =
            [("enum".to_owned(), value.enumeration.clone())].into_iter().chain(names).collect();
        pairs(&all, &mut out);
    }
    if !binding.messages.is_empty() {
        line_of(&mut out, format_args!("\n# ---- Messages: element = field ----"));
    }
    for message in &binding.messages {
        line_of(&mut out, format_args!("\n[message.{}]", key(&message.type_name)));
        line_of(&mut out, format_args!("is = {}", string(&message.is)));
        paths(&message.paths, &mut out);
    }
    out
}

fn operation(operation: &Operation, out: &mut String) {
    let name = key(&operation.name);
    line_of(out, format_args!("\n[operation.{name}]"));
    line_of(out, format_args!("method = {}", string(&operation.method)));
    let (effect, reason) = match (operation.effect, operation.reads_by_name) {
        (Effect::Once, _) => ("once", ""),
        (Effect::State, _) => ("state", ""),
        (Effect::Read, true) => ("read", "    # by its name it only reads"),
        (Effect::Read, false) => {
            ("read", "    # nothing tells two requests apart: give it a key before it may change anything")
        }
    };
    line_of(out, format_args!("effect = \"{effect}\"{reason}"));
    if !operation.key.is_empty() {
        let guessed = "# a guess: what makes two requests the same one?";
        line_of(out, format_args!("key    = {}    {guessed}", list(&operation.key)));
    }
    if let Some(element) = &operation.answer_element {
        line_of(out, format_args!("answer_element = {}", string(element)));
    }
    line_of(out, format_args!("[operation.{name}.request]"));
    paths(&operation.request, out);
    line_of(out, format_args!("[operation.{name}.answer]"));
    paths(&operation.answer, out);
}

fn paths(paths: &Paths, out: &mut String) {
    pairs(&paths.entries, out);
    if !paths.ignore.is_empty() {
        line_of(out, format_args!("# Validated and not carried: the import's warnings say why."));
        line_of(out, format_args!("ignore = {}", list(&paths.ignore)));
    }
}

/// `key = "value"`, the equals signs below each other.
fn pairs(pairs: &[(String, String)], out: &mut String) {
    let written: Vec<(String, &String)> = pairs.iter().map(|(left, right)| (key(left), right)).collect();
    let width = written.iter().map(|(left, _)| left.chars().count()).max().unwrap_or(0);
    for (left, right) in written {
        line_of(out, format_args!("{left:width$} = {}", string(right)));
    }
}

fn line_of(out: &mut String, line: std::fmt::Arguments<'_>) {
    out.write_fmt(line).and_then(|()| out.write_char('\n')).expect("a string takes what is written");
}

/// A bare TOML key where it can be one.
fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.to_owned() } else { string(name) }
}

/// A basic TOML string.
fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => write!(out, "\\u{:04X}", u32::from(c)).expect("a string takes what is written"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| string(item)).collect();
    let line = format!("[{}]", items.join(", "));
    if line.chars().count() <= WIDTH { line } else { format!("[\n  {},\n]", items.join(",\n  ")) }
}

/// Characters of a list that stands on one line.
const WIDTH: usize = 100;

const EFFECT: [&str; 4] = [
    "effect: \"once\" gives a repeat of the same request the first answer and calls the service once; \"read\" may be",
    "repeated freely. The draft says \"read\" only where the name does (Get, List, Find, Query, Lay, TraCuu, DanhSach, …).",
    "Check each one: a changing operation marked \"read\" may take effect twice, a reading one marked \"once\" may get",
    "an old answer.",
];

const OUTCOME: [&str; 8] = [
    "---- Business outcomes ----",
    "",
    "A service's refusal is a SOAP fault. Where an answer has an element for it instead, bind that to @code (and a text to",
    "@message) in [operation.X.answer], remove its field from the .proto, and list what each gRPC status means:",
    "",
    "  [outcome]",
    "  OK        = \"0\"",
    "  NOT_FOUND = \"404\"",
];
