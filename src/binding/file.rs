//! binding.toml as written: its tables with the line of every key.

use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::plan::{Effect, HeaderProtocol, Unknown};
use crate::problem::{Place, Problems, nearest};

/// A binding file, read but not yet joined with anything.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) namespace: String,
    pub(super) schemas: Vec<(String, u32)>,
    pub(super) headers: Option<HeaderProtocol>,
    pub(super) zone: i32,
    pub(super) operations: Vec<Operation>,
    pub(super) messages: Vec<Table>,
    pub(super) values: Vec<Value>,
    pub(super) outcomes: Vec<(String, String, u32)>,
    /// Name as received, name as declared, line.
    pub(super) aliases: Vec<(String, String, u32)>,
    pub(super) unknown: Unknown,
    pub(super) codes: Vec<(String, u32)>,
}

/// `[operation.X]`.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) name: String,
    pub(super) line: u32,
    pub(super) method: (String, u32),
    pub(super) effect: Effect,
    pub(super) key: Vec<(String, u32)>,
    pub(super) agencies: Vec<(String, u32)>,
    pub(super) procedures: Vec<(String, u32)>,
    pub(super) request_element: Option<String>,
    pub(super) answer_element: Option<String>,
    pub(super) request: Table,
    pub(super) answer: Table,
}

/// `[message.T]`, `[operation.X.request]` or `[operation.X.answer]`: XSD paths and what they become.
#[derive(Debug, Default, Clone)]
pub(super) struct Table {
    /// T, or X.
    pub(super) name: String,
    pub(super) line: u32,
    /// `is`; empty for an operation's tables.
    pub(super) message: String,
    pub(super) entries: Vec<Entry>,
    pub(super) ignore: Vec<(String, u32)>,
    /// Paths whose value, and all below, is a person's.
    pub(super) personal: Vec<(String, u32)>,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// `A/B/@c`
    pub(super) path: String,
    /// `a.b`, `.`, `@code`, `@message`
    pub(super) target: String,
    /// V of `a.b as V`: the `[value.V]` to convert by, whatever the type is.
    pub(super) conversion: Option<String>,
    pub(super) line: u32,
}

/// `[value.T]`.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) name: String,
    pub(super) line: u32,
    pub(super) kind: ValueKind,
}

#[derive(Debug)]
pub(super) enum ValueKind {
    Time {
        pattern: String,
        zone: Option<i32>,
        empty_is_absent: bool,
    },
    Enum {
        name: String,
        words: Vec<(String, String, u32)>,
    },
    Scale(u32),
    Bool {
        yes: String,
        no: String,
    },
    /// Octets in a text: `bytes = "base64"`.
    Base64,
    /// A text that is an XML document: the name of its document element.
    Document(String),
}

/// Reads a binding file; what is wrong with it is added to `problems`.
pub(super) fn read(path: &Path, problems: &mut Problems) -> Option<File> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            problems.error(Place::file(path), format!("cannot be read: {error}"), "name a binding.toml");
            return None;
        }
    };
    let (root, errors) = DeTable::parse_recoverable(&text);
    let mut reader = Reader { path: path.to_path_buf(), text: &text, problems };
    for error in &errors {
        let line = error.span().map_or(1, |span| reader.line(span.start));
        reader.error(line, format!("not TOML: {}", error.message()), "correct the syntax");
    }
    if !errors.is_empty() {
        return None;
    }
    Some(reader.file(root.get_ref()))
}

struct Reader<'f> {
    path: PathBuf,
    text: &'f str,
    problems: &'f mut Problems,
}

/// A key's value with the key's line.
type Item<'t> = (u32, &'t DeValue<'t>);

impl Reader<'_> {
    fn file(&mut self, root: &DeTable<'_>) -> File {
        let mut file = File::default();
        let mut partner_seen = false;
        for (name, (line, value)) in self.items(root) {
            let Some(table) = self.table(&name, line, value) else { continue };
            match name.as_str() {
                "partner" => {
                    partner_seen = true;
                    self.partner(&mut file, line, table);
                }
                "operation" => {
                    for (name, (line, value)) in self.items(table) {
                        let Some(table) = self.table(&name, line, value) else { continue };
                        file.operations.extend(self.operation(name, line, table));
                    }
                }
                "message" => {
                    for (name, (line, value)) in self.items(table) {
                        let Some(table) = self.table(&name, line, value) else { continue };
                        let message = self.paths(name, line, table, true);
                        file.messages.push(message);
                    }
                }
                "value" => {
                    for (name, (line, value)) in self.items(table) {
                        let Some(table) = self.table(&name, line, value) else { continue };
                        file.values.extend(self.value(name, line, table));
                    }
                }
                "outcome" => {
                    for (status, (line, value)) in self.items(table) {
                        if let Some(code) = self.text(&status, line, value) {
                            file.outcomes.push((status, code, line));
                        }
                    }
                }
                "alias" => {
                    for (received, (line, value)) in self.items(table) {
                        if let Some(declared) = self.text(&received, line, value) {
                            file.aliases.push((received, declared, line));
                        }
                    }
                }
                _ => self.unknown(line, &name, &["partner", "operation", "message", "value", "outcome", "alias"]),
            }
        }
        if !partner_seen {
            self.error(1, "no [partner] table", "say namespace, schemas and headers in [partner]");
        }
        file
    }

    fn partner(&mut self, file: &mut File, line: u32, table: &DeTable<'_>) {
        for (key, (line, value)) in self.items(table) {
            match key.as_str() {
                "namespace" => file.namespace = self.text(&key, line, value).unwrap_or_default(),
                "schemas" => file.schemas = self.texts(&key, line, value),
                "headers" => {
                    file.headers = match self.text(&key, line, value).as_deref() {
                        Some("x-road") => Some(HeaderProtocol::XRoad),
                        Some("addressing") => Some(HeaderProtocol::Addressing),
                        Some("none") => Some(HeaderProtocol::None),
                        Some(other) => {
                            let message = format!("headers = \"{other}\" is no header protocol");
                            self.error(line, message, "write x-road, addressing or none");
                            None
                        }
                        None => None,
                    }
                }
                "codes" => file.codes = self.texts(&key, line, value),
                "time_zone" => {
                    let written = self.text(&key, line, value).unwrap_or_default();
                    file.zone = self.zone(line, &written);
                }
                "unknown" => {
                    file.unknown = match self.text(&key, line, value).as_deref() {
                        Some("refuse") | None => Unknown::Refuse,
                        Some("report") => Unknown::Report,
                        Some(other) => {
                            let message = format!("unknown = \"{other}\" is neither refuse nor report");
                            self.error(line, message, "write report where unknown elements are to be passed over");
                            Unknown::Refuse
                        }
                    }
                }
                _ => self.unknown(line, &key, &["namespace", "schemas", "headers", "time_zone", "unknown", "codes"]),
            }
        }
        if file.schemas.is_empty() {
            self.error(line, "[partner] names no schemas", "add schemas = [\"….xsd\"]");
        }
    }

    fn operation(&mut self, name: String, line: u32, table: &DeTable<'_>) -> Option<Operation> {
        let mut method = None;
        let mut effect = None;
        let mut operation = Operation {
            name: name.clone(),
            line,
            method: (String::new(), line),
            effect: Effect::Read,
            key: Vec::new(),
            agencies: Vec::new(),
            procedures: Vec::new(),
            request_element: None,
            answer_element: None,
            request: Table { name: name.clone(), line, ..Table::default() },
            answer: Table { name: name.clone(), line, ..Table::default() },
        };
        for (key, (line, value)) in self.items(table) {
            match key.as_str() {
                "method" => method = self.text(&key, line, value).map(|method| (method, line)),
                "effect" => {
                    effect = match self.text(&key, line, value).as_deref() {
                        Some("once") => Some(Effect::Once),
                        Some("read") => Some(Effect::Read),
                        Some("state") => Some(Effect::State),
                        Some(other) => {
                            let message = format!("effect = \"{other}\" is neither once nor state nor read");
                            let remedy = "write once where a repeat must not act twice, state where the newest holds, \
                                          else read";
                            self.error(line, message, remedy);
                            Some(Effect::Once)
                        }
                        None => Some(Effect::Once),
                    }
                }
                "key" => operation.key = self.texts(&key, line, value),
                "agencies" => operation.agencies = self.texts(&key, line, value),
                "procedures" => operation.procedures = self.texts(&key, line, value),
                "request_element" => operation.request_element = self.text(&key, line, value),
                "answer_element" => operation.answer_element = self.text(&key, line, value),
                "request" | "answer" => {
                    let Some(table) = self.table(&key, line, value) else { continue };
                    let paths = self.paths(name.clone(), line, table, false);
                    if key == "request" {
                        operation.request = paths;
                    } else {
                        operation.answer = paths;
                    }
                }
                _ => {
                    self.unknown(line, &key, &OPERATION_KEYS);
                }
            }
        }
        let Some(method) = method else {
            self.error(line, format!("[operation.{name}] has no method"), "add method = \"package.Service/Method\"");
            return None;
        };
        operation.method = method;
        match effect {
            Some(effect) => operation.effect = effect,
            None => {
                let message = format!("[operation.{name}] does not say its effect");
                self.error(line, message, "add effect = \"once\", \"state\" or \"read\"");
            }
        }
        Some(operation)
    }

    fn paths(&mut self, name: String, line: u32, table: &DeTable<'_>, message: bool) -> Table {
        let mut made = Table { name, line, ..Table::default() };
        for (key, (line, value)) in self.items(table) {
            match key.as_str() {
                "is" if message => made.message = self.text(&key, line, value).unwrap_or_default(),
                "ignore" => made.ignore = self.texts(&key, line, value),
                "personal" => made.personal = self.texts(&key, line, value),
                _ => {
                    if let Some(target) = self.text(&key, line, value) {
                        let (target, conversion) = match target.split_once(" as ") {
                            Some((target, conversion)) => {
                                (target.trim().to_owned(), Some(conversion.trim().to_owned()))
                            }
                            None => (target, None),
                        };
                        made.entries.push(Entry { path: key, target, conversion, line });
                    }
                }
            }
        }
        if message && made.message.is_empty() {
            let text = format!("[message.{}] does not say which protobuf message it is", made.name);
            self.error(line, text, "add is = \"package.Message\"");
        }
        made
    }

    fn value(&mut self, name: String, line: u32, table: &DeTable<'_>) -> Option<Value> {
        let items = self.items(table);
        let find = |key: &str| items.iter().find(|(known, _)| known == key).map(|(_, item)| *item);
        let kind = if let Some((line, value)) = find("time") {
            self.only(&items, &["time", "zone", "empty"]);
            let zone = find("zone").and_then(|(line, value)| self.text("zone", line, value).map(|zone| (line, zone)));
            let empty = find("empty").and_then(|(line, value)| self.text("empty", line, value).map(|e| (line, e)));
            if let Some((line, other)) = empty.as_ref().filter(|(_, empty)| empty != "absent") {
                self.error(*line, format!("empty = \"{other}\" means nothing"), "write empty = \"absent\"");
            }
            ValueKind::Time {
                pattern: self.text("time", line, value)?,
                zone: zone.map(|(line, zone)| self.zone(line, &zone)),
                empty_is_absent: empty.is_some(),
            }
        } else if let Some((line, value)) = find("enum") {
            let enumeration = self.text("enum", line, value)?;
            let words = items.iter().filter(|(word, _)| word != "enum");
            let words = words.filter_map(|(word, (line, value))| {
                self.text(word, *line, value).map(|target| (word.clone(), target, *line))
            });
            ValueKind::Enum { name: enumeration, words: words.collect() }
        } else if let Some((line, value)) = find("scale") {
            self.only(&items, &["scale"]);
            let scale = match value {
                DeValue::Integer(number) => number.as_str().parse().ok().filter(|&scale| scale <= SCALE_MAX),
                _ => None,
            };
            let Some(scale) = scale else {
                let message = format!("scale is not a number from 0 to {SCALE_MAX}");
                self.error(line, message, "say how many decimals the integer counts");
                return None;
            };
            ValueKind::Scale(scale)
        } else if let Some((line, value)) = find("document") {
            self.only(&items, &["document"]);
            ValueKind::Document(self.text("document", line, value)?)
        } else if let Some((line, value)) = find("bytes") {
            self.only(&items, &["bytes"]);
            let encoding = self.text("bytes", line, value)?;
            if encoding != "base64" {
                self.error(line, format!("bytes = \"{encoding}\" is no known encoding"), "write bytes = \"base64\"");
            }
            ValueKind::Base64
        } else if let (Some((yes_line, yes)), Some((no_line, no))) = (find("true"), find("false")) {
            self.only(&items, &["true", "false"]);
            ValueKind::Bool { yes: self.text("true", yes_line, yes)?, no: self.text("false", no_line, no)? }
        } else {
            let message = format!("[value.{name}] says no conversion");
            self.error(line, message, "add one of time, enum, scale, bytes, document, or both true and false");
            return None;
        };
        Some(Value { name, line, kind })
    }

    fn only(&mut self, items: &[(String, Item<'_>)], known: &[&str]) {
        for (key, (line, _)) in items {
            if !known.contains(&key.as_str()) {
                self.unknown(*line, key, known);
            }
        }
    }

    /// `+07:00` in minutes east of UTC.
    fn zone(&mut self, line: u32, written: &str) -> i32 {
        let parse = || {
            let (sign, rest) = match written.split_at_checked(1)? {
                ("+", rest) => (1, rest),
                ("-", rest) => (-1, rest),
                _ => return (written == "Z").then_some(0),
            };
            let (hours, minutes) = rest.split_once(':')?;
            let two = |text: &str| text.parse::<i32>().ok().filter(|_| text.len() == 2);
            let (hours, minutes) = (two(hours)?, two(minutes)?);
            (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
        };
        parse().unwrap_or_else(|| {
            self.error(line, format!("'{written}' is no time zone"), "write it as +07:00");
            0
        })
    }

    /// Keys of a table in the order of the file.
    fn items<'t>(&self, table: &'t DeTable<'t>) -> Vec<(String, Item<'t>)> {
        let mut items: Vec<_> =
            table.iter().map(|(key, value)| (key.span().start, key.get_ref().to_string(), value.get_ref())).collect();
        items.sort_by_key(|(at, _, _)| *at);
        items.into_iter().map(|(at, key, value)| (key, (self.line(at), value))).collect()
    }

    fn table<'t>(&mut self, name: &str, line: u32, value: &'t DeValue<'t>) -> Option<&'t DeTable<'t>> {
        match value {
            DeValue::Table(table) => Some(table),
            _ => {
                self.error(line, format!("{name} is not a table"), format!("write [{name}]"));
                None
            }
        }
    }

    fn text(&mut self, key: &str, line: u32, value: &DeValue<'_>) -> Option<String> {
        match value {
            DeValue::String(text) => Some(text.to_string()),
            _ => {
                self.error(line, format!("{key} is not a text"), "put it in quotes");
                None
            }
        }
    }

    fn texts(&mut self, key: &str, line: u32, value: &DeValue<'_>) -> Vec<(String, u32)> {
        let DeValue::Array(items) = value else {
            self.error(line, format!("{key} is not a list"), format!("write {key} = [\"…\"]"));
            return Vec::new();
        };
        let item = |item: &toml::Spanned<DeValue<'_>>| {
            let line = self.line(item.span().start);
            self.text(key, line, item.get_ref()).map(|text| (text, line))
        };
        items.iter().filter_map(item).collect()
    }

    fn unknown(&mut self, line: u32, key: &str, known: &[&str]) {
        let remedy = match nearest(key, known.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("known here: {}", known.join(", ")),
        };
        self.error(line, format!("unknown key {key}"), remedy);
    }

    fn line(&self, offset: usize) -> u32 {
        memchr::memchr_iter(b'\n', &self.text.as_bytes()[..offset.min(self.text.len())]).count() as u32 + 1
    }

    fn error(&mut self, line: u32, message: impl Into<String>, remedy: impl Into<String>) {
        self.problems.error(Place::line(&self.path, line), message, remedy);
    }
}

/// An int64 holds this many decimals at most.
const SCALE_MAX: u32 = 18;

const OPERATION_KEYS: [&str; 9] =
    ["method", "effect", "key", "agencies", "procedures", "request", "answer", "request_element", "answer_element"];
