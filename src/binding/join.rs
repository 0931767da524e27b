//! Tables of paths × types × messages → type plans.
//!
//! A plan is made for an XSD type by a table (and, below a wrapper, behind a path of that table), for requests and for
//! answers apart. The same give the same plan, so recursive types end. Every entry of a table must be used by some plan and every
//! element of a type must be bound or ignored: what is left over on either side is a problem.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use prost_reflect::{DescriptorPool, FieldDescriptor, Kind as Field, MessageDescriptor};

use super::codec::{Codecs, describe, meant};
use super::compile::{Direction, did_you_mean, is_value_message};
use super::file::{Entry, File, Table};
use super::plan::{Action, Around, Codec, Nested, Personal, PlanId, Target, TypePlan};
use crate::problem::{Place, Problems};
use crate::schema::model::{
    Attribute, Complex, Content, ElementId, Kind, Leaf, LeafTerm, Occurs, Particle, Schema, TypeId,
};

/// The wrapper that an operation's table is about.
pub(super) struct Root {
    pub(super) element: ElementId,
    pub(super) operation: String,
    pub(super) direction: Direction,
}

pub(super) struct Join<'j> {
    path: &'j Path,
    pub(super) pools: &'j [DescriptorPool],
    codecs: &'j Codecs<'j>,
    schema: &'j Schema,
    problems: &'j mut Problems,
    /// `[message.T]` tables first, then those of operations.
    tables: Vec<Joined>,
    plans: Vec<TypePlan>,
    made: HashMap<(TypeId, usize, String, Direction), PlanId>,
    /// Types around the one that is joined.
    depth: usize,
    /// `[outcome]`: status, code, line.
    outcomes: &'j [(String, String, u32)],
    /// Lines of outcomes that are wrong and said to be.
    told: BTreeSet<u32>,
}

/// A table on its way through the join.
struct Joined {
    table: Table,
    /// The heading for messages: `[message.HoSo]`.
    title: String,
    /// The XSD types that a `[message.T]` is about: one by name, or those without a name of elements called T.
    type_ids: Vec<TypeId>,
    message: Option<MessageDescriptor>,
    used: BTreeSet<String>,
    /// Paths of `personal` that a plan has a place for.
    marked: BTreeSet<String>,
    /// Field → path that it is bound to.
    fields: BTreeMap<String, String>,
    in_answer: bool,
    in_request: bool,
}

/// Where in a table a type is joined.
#[derive(Clone)]
struct Context {
    table: usize,
    /// Path of the wrappers around, with a slash behind it: `DanhSachLePhi/`.
    prefix: String,
    message: MessageDescriptor,
    direction: Direction,
    /// Whether this is an operation's own table: where `@code` may stand.
    root: bool,
}

impl<'j> Join<'j> {
    pub(super) fn new(
        path: &'j Path,
        pools: &'j [DescriptorPool],
        file: &'j File,
        codecs: &'j Codecs<'j>,
        problems: &'j mut Problems,
    ) -> Self {
        let schema = codecs.schema;
        let mut join = Self {
            path,
            pools,
            codecs,
            schema,
            problems,
            tables: Vec::new(),
            plans: Vec::new(),
            made: HashMap::new(),
            depth: 0,
            outcomes: &file.outcomes,
            told: BTreeSet::new(),
        };
        for table in &file.messages {
            join.add_message_table(&file.namespace, table);
        }
        join
    }

    /// Joins an operation's wrapper with its rpc's message.
    pub(super) fn root(&mut self, root: Root, table: &Table, message: &MessageDescriptor) -> Option<PlanId> {
        let direction = match root.direction {
            Direction::Request => "request",
            Direction::Answer => "answer",
        };
        self.tables.push(Joined {
            table: table.clone(),
            title: format!("[operation.{}.{direction}]", root.operation),
            type_ids: Vec::new(),
            message: Some(message.clone()),
            used: BTreeSet::new(),
            marked: BTreeSet::new(),
            fields: BTreeMap::new(),
            in_answer: root.direction == Direction::Answer,
            in_request: root.direction == Direction::Request,
        });
        let context = Context {
            table: self.tables.len() - 1,
            prefix: String::new(),
            message: message.clone(),
            direction: root.direction,
            root: true,
        };
        let type_id = self.schema.element_of(root.element).type_id;
        let plan = self.plan(type_id, &context)?;
        if root.direction == Direction::Answer && table.entries.iter().any(|entry| entry.target == "@code") {
            self.check_refusal_is_writable(type_id, plan, table.line);
        }
        Some(plan)
    }

    /// All plans; reports what no plan used.
    pub(super) fn finish(mut self) -> Vec<TypePlan> {
        for at in 0..self.tables.len() {
            self.report_unused(at);
            self.report_ignored(at);
            if self.tables[at].in_answer {
                self.report_uncarried(at);
            }
        }
        self.plans
    }

    pub(super) fn error(&mut self, line: u32, message: impl Into<String>, remedy: impl Into<String>) {
        self.problems.error(Place::line(self.path, line), message, remedy);
    }

    /// Something that works, and not as it should.
    pub(super) fn warning(&mut self, line: u32, message: impl Into<String>, remedy: impl Into<String>) {
        self.problems.warning(Place::line(self.path, line), message, remedy);
    }

    /// A mistake of the table that a type is joined by.
    fn error_in(&mut self, context: &Context, text: impl std::fmt::Display, remedy: &str) {
        let Joined { table, title, .. } = &self.tables[context.table];
        let (line, message) = (table.line, format!("{title}: {text}"));
        self.error(line, message, remedy);
    }

    fn add_message_table(&mut self, namespace: &str, table: &Table) {
        let title = format!("[message.{}]", table.name);
        if self.tables.iter().any(|known| known.title == title) {
            self.error(table.line, format!("{title} stands twice"), "join the two");
        }
        let named = meant(self.schema, namespace, &table.name)
            .filter(|&id| matches!(self.schema.type_of(id).kind, Kind::Complex(_)));
        let type_ids = named.map_or_else(|| self.types_of_elements(&table.name), |id| vec![id]);
        if type_ids.is_empty() {
            let types = self.schema.types.iter().filter(|t| matches!(t.kind, Kind::Complex(_)));
            let names: Vec<&str> = types.filter_map(|t| t.name.as_ref()).map(|name| &*name.local).collect();
            let remedy = did_you_mean(&table.name, names);
            self.error(table.line, format!("the schema has no complex type '{}'", table.name), remedy);
        }
        let message = self.pools.iter().find_map(|pool| pool.get_message_by_name(&table.message));
        if message.is_none() && !table.message.is_empty() {
            let all: Vec<String> =
                self.pools.iter().flat_map(|pool| pool.all_messages()).map(|m| m.full_name().to_owned()).collect();
            let remedy = did_you_mean(&table.message, all.iter().map(String::as_str));
            self.error(table.line, format!("no service declares the message {}", table.message), remedy);
        }
        self.tables.push(Joined {
            table: table.clone(),
            title,
            type_ids,
            message,
            used: BTreeSet::new(),
            marked: BTreeSet::new(),
            fields: BTreeMap::new(),
            in_answer: false,
            in_request: false,
        });
    }

    /// Complex types without a name that elements of this name have.
    fn types_of_elements(&self, local: &str) -> Vec<TypeId> {
        let named = self.schema.elements.iter().filter(|element| *element.name.local == *local);
        let mut types: Vec<TypeId> = named
            .map(|element| element.type_id)
            .filter(|&id| self.schema.type_of(id).name.is_none())
            .filter(|&id| matches!(self.schema.type_of(id).kind, Kind::Complex(_)))
            .collect();
        types.sort_unstable();
        types.dedup();
        types
    }

    /// The plan of a complex type at a place of a table.
    fn plan(&mut self, type_id: TypeId, context: &Context) -> Option<PlanId> {
        match context.direction {
            Direction::Answer => self.tables[context.table].in_answer = true,
            Direction::Request => self.tables[context.table].in_request = true,
        }
        let key = (type_id, context.table, context.prefix.clone(), context.direction);
        if let Some(&made) = self.made.get(&key) {
            return Some(made);
        }
        let Kind::Complex(complex) = &self.schema.type_of(type_id).kind else { return None };
        if self.depth >= NESTED_MAX {
            let line = self.tables[context.table].table.line;
            self.error(line, format!("types nest deeper than {NESTED_MAX}"), "ignore the elements that lead deeper");
            return None;
        }
        self.depth += 1;
        let id = PlanId(self.plans.len() as u32);
        self.made.insert(key, id);
        self.plans.push(TypePlan {
            type_id,
            message: context.message.full_name().to_owned(),
            leaves: Vec::new(),
            attributes: Vec::new(),
            text: Action::Ignore,
            personal: Personal::default(),
        });
        let personal = self.personal(complex, context);
        let attributes = complex.attributes.iter().map(|attribute| self.attribute(attribute, context)).collect();
        let text = match &complex.content {
            Content::Simple(simple) => self.text(*simple, context),
            _ => Action::Ignore,
        };
        let leaves = match &complex.content {
            Content::Elements { model, .. } => {
                let many = repeated_leaves(&model.particle, model.leaves.len());
                let leaves = (0..model.leaves.len()).map(|leaf| self.leaf(&model.leaves[leaf], many[leaf], context));
                let leaves: Vec<Action> = leaves.collect();
                self.check_groups(&model.particle, &leaves, context, type_id);
                self.check_items(&leaves, context);
                self.check_twice(&model.particle, &leaves, context);
                leaves
            }
            _ => Vec::new(),
        };
        let plan = &mut self.plans[id.0 as usize];
        (plan.leaves, plan.attributes, plan.text, plan.personal) = (leaves, attributes, text, personal);
        self.depth -= 1;
        Some(id)
    }

    /// What of a type its table marks as personal.
    fn personal(&mut self, complex: &Complex, context: &Context) -> Personal {
        let schema = self.schema;
        let leaves = match &complex.content {
            Content::Elements { model, .. } => model.leaves.as_slice(),
            _ => &[],
        };
        let leaf = |leaf: &LeafTerm| match leaf {
            LeafTerm::Element(id) => self.is_marked(context, &schema.element_of(*id).name.local),
            LeafTerm::Any(_) => false,
        };
        let leaves = leaves.iter().map(leaf).collect();
        let attributes = complex.attributes.iter();
        let attributes =
            attributes.map(|attribute| self.is_marked(context, &format!("@{}", attribute.name.local))).collect();
        let text = matches!(complex.content, Content::Simple(_)) && self.is_marked(context, "#text");
        Personal { leaves, attributes, text }
    }

    fn is_marked(&mut self, context: &Context, name: &str) -> bool {
        let path = format!("{}{name}", context.prefix);
        let joined = &mut self.tables[context.table];
        let marked = joined.table.personal.iter().any(|(personal, _)| *personal == path);
        if marked {
            joined.marked.insert(path);
        }
        marked
    }

    fn leaf(&mut self, term: &LeafTerm, many: bool, context: &Context) -> Action {
        let LeafTerm::Element(id) = term else {
            // Content of wildcards has no fields; it is validated as the wildcard says.
            return Action::Ignore;
        };
        let declared = self.schema.element_of(*id);
        if let Some(document) = self.document(declared.type_id) {
            // What stands in the text is joined as if it stood in the element.
            let content = self.element(document, *id, many, context);
            return match content {
                Action::Inline(_) | Action::Message(..) => Action::Document(document, Box::new(content)),
                other => other,
            };
        }
        self.element(*id, *id, many, context)
    }

    /// The document element of a simple type whose `[value.T]` says that its text is a document.
    fn document(&mut self, type_id: TypeId) -> Option<ElementId> {
        let value = self.codecs.value(type_id)?;
        let super::file::ValueKind::Document(name) = &value.kind else { return None };
        let own = self.schema.element(self.codecs.namespace, name);
        let found = own.or_else(|| self.schema.element("", name));
        let complex =
            |id: &ElementId| matches!(self.schema.type_of(self.schema.element_of(*id).type_id).kind, Kind::Complex(_));
        let found = found.filter(complex);
        if found.is_none() {
            let names = self.schema.elements.iter().map(|element| &*element.name.local);
            let remedy = did_you_mean(name, names);
            let message = format!("[value.{}]: the schemas have no element {name} that holds elements", value.name);
            self.error(value.line, message, remedy);
        }
        found
    }

    /// `id`: whose type is joined; `named`: by whose name the table calls it.
    fn element(&mut self, id: ElementId, named: ElementId, many: bool, context: &Context) -> Action {
        let (declared, name) = (self.schema.element_of(id), &self.schema.element_of(named).name);
        let path = format!("{}{}", context.prefix, name.local);
        let below = format!("{path}/");
        let line = self.tables[context.table].table.line;
        if let Some(entry) = self.entry(context, &path) {
            if entry.target == "." {
                return self.inline(declared.type_id, &path, many, entry.line, context);
            }
            return self.bound(declared.type_id, &path, many, &entry, context);
        }
        if self.is_ignored(context, &path) {
            return Action::Ignore;
        }
        let table = &self.tables[context.table].table;
        let reached = table.entries.iter().any(|entry| entry.path.starts_with(&below))
            || table.ignore.iter().any(|(ignored, _)| ignored.starts_with(&below));
        if reached {
            return self.inline(declared.type_id, &path, many, line, context);
        }
        let title = self.tables[context.table].title.clone();
        let file = self.schema.files.get(declared.origin.file as usize).map(|(path, _)| path.display().to_string());
        let message =
            format!("{title} says nothing of element {path} ({}:{})", file.unwrap_or_default(), declared.origin.line);
        self.error(line, message, format!("add {} = \"field\", or list it in ignore", quoted(&path)));
        Action::Ignore
    }

    /// An element whose children belong to the message around it.
    fn inline(&mut self, type_id: TypeId, path: &str, many: bool, line: u32, context: &Context) -> Action {
        if many {
            let message = format!("wrapper {path} may occur more than once: which round a child came in would be lost");
            self.error(line, message, "bind it to a repeated message");
            return Action::Ignore;
        }
        if matches!(self.schema.type_of(type_id).kind, Kind::Simple(_)) {
            self.error(
                line,
                format!("{path} holds a value, not elements: it cannot be a wrapper"),
                "bind it to a field",
            );
            return Action::Ignore;
        }
        let inside = Context { prefix: format!("{path}/"), root: context.root, ..context.clone() };
        self.plan(type_id, &inside).map_or(Action::Ignore, Action::Inline)
    }

    /// An element with a field of its own.
    fn bound(&mut self, type_id: TypeId, path: &str, many: bool, entry: &Entry, context: &Context) -> Action {
        if let Some(outcome) = self.outcome(type_id, many, entry, context) {
            return outcome;
        }
        let Some((target, field)) = self.target(path, many, entry, context) else { return Action::Ignore };
        match &self.schema.type_of(type_id).kind {
            Kind::Simple(_) => self.scalar(type_id, target, &field, entry),
            Kind::Complex(_) => self.nested(type_id, target, &field, entry, context),
        }
    }

    fn scalar(&mut self, type_id: TypeId, target: Target, field: &FieldDescriptor, entry: &Entry) -> Action {
        match self.codecs.codec(type_id, field, entry.conversion.as_deref()) {
            Ok(codec) => {
                if let Codec::Text = codec
                    && self.codecs.value(type_id).is_some_and(|v| matches!(v.kind, super::file::ValueKind::Enum { .. }))
                {
                    let message = format!("{} has a code list, but {} is a string", entry.path, entry.target);
                    self.error(entry.line, message, "bind the enum's field");
                }
                Action::Scalar(target, codec)
            }
            Err((message, remedy)) => {
                self.error(entry.line, format!("{} = {}: {message}", entry.path, entry.target), remedy);
                Action::Ignore
            }
        }
    }

    fn nested(
        &mut self,
        type_id: TypeId,
        target: Target,
        field: &FieldDescriptor,
        entry: &Entry,
        context: &Context,
    ) -> Action {
        let Field::Message(message) = field.kind() else {
            let text = format!("{} holds elements, but {} is {}", entry.path, entry.target, describe(field));
            self.error(entry.line, text, "bind a message field, or make it a wrapper by \".\"");
            return Action::Ignore;
        };
        if is_value_message(&field.kind()) || field.is_map() {
            let text = format!("{} holds elements, but {} is {}", entry.path, entry.target, describe(field));
            self.error(entry.line, text, "bind a message of the service's own");
            return Action::Ignore;
        }
        let Some(plan) = self.message_plan(type_id, &message, entry, context) else { return Action::Ignore };
        let derived: Vec<TypeId> = (0..self.schema.types.len() as u32)
            .map(TypeId)
            .filter(|&id| id != type_id && self.schema.derives_from(id, type_id))
            .filter(|&id| matches!(self.schema.type_of(id).kind, Kind::Complex(_)))
            .collect();
        let derived =
            derived.into_iter().filter_map(|id| Some((id, self.message_plan(id, &message, entry, context)?))).collect();
        Action::Message(target, Nested { plan, derived })
    }

    /// The plan by the `[message.T]` of a type, or of the nearest type it is derived from.
    fn message_plan(
        &mut self,
        type_id: TypeId,
        message: &MessageDescriptor,
        entry: &Entry,
        context: &Context,
    ) -> Option<PlanId> {
        let mut at = Some(type_id);
        let table = loop {
            let Some(id) = at else { break None };
            let is_its = |table: &Joined| table.type_ids.contains(&id) && table.message.as_ref() == Some(message);
            if let Some(table) = self.tables.iter().position(is_its) {
                break Some(table);
            }
            at = self.schema.type_of(id).base;
        };
        let Some(table) = table else {
            let name = self.schema.type_of(type_id).name.as_ref().map(|name| name.local.to_string());
            let (text, remedy) = match name {
                Some(name) => (
                    format!("{} needs a [message.{name}] that is {}", entry.path, message.full_name()),
                    format!("add [message.{name}] with is = \"{}\"", message.full_name()),
                ),
                None => {
                    let name = entry.path.rsplit('/').next().unwrap_or_default();
                    (
                        format!("{} has a type without a name, and no [message.{name}] is about it", entry.path),
                        format!(
                            "add [message.{name}] with is = \"{}\", or make it a wrapper: {} = \".\"",
                            message.full_name(),
                            quoted(&entry.path)
                        ),
                    )
                }
            };
            self.error(entry.line, text, remedy);
            return None;
        };
        let inside = Context {
            table,
            prefix: String::new(),
            message: message.clone(),
            direction: context.direction,
            root: false,
        };
        self.plan(type_id, &inside)
    }

    fn attribute(&mut self, attribute: &Attribute, context: &Context) -> Action {
        let path = format!("{}@{}", context.prefix, attribute.name.local);
        if let Some(entry) = self.entry(context, &path) {
            return self.bound(attribute.type_id, &path, false, &entry, context);
        }
        if !self.is_ignored(context, &path) {
            let (line, title) = (self.tables[context.table].table.line, self.tables[context.table].title.clone());
            let remedy = format!("add {} = \"field\", or list it in ignore", quoted(&path));
            self.error(line, format!("{title} says nothing of attribute {path}"), remedy);
        }
        Action::Ignore
    }

    fn text(&mut self, simple: TypeId, context: &Context) -> Action {
        let path = format!("{}#text", context.prefix);
        if let Some(entry) = self.entry(context, &path) {
            return self.bound(simple, &path, false, &entry, context);
        }
        if !self.is_ignored(context, &path) {
            let (line, title) = (self.tables[context.table].table.line, self.tables[context.table].title.clone());
            let remedy = "add \"#text\" = \"field\", or list it in ignore";
            self.error(line, format!("{title} says nothing of the text {path}"), remedy);
        }
        Action::Ignore
    }

    /// `@code` and `@message`.
    fn outcome(&mut self, type_id: TypeId, many: bool, entry: &Entry, context: &Context) -> Option<Action> {
        let action = match entry.target.as_str() {
            "@code" => Action::OutcomeCode,
            "@message" => Action::OutcomeMessage,
            target if target.starts_with('@') => {
                self.error(entry.line, format!("{target} means nothing"), "write @code or @message");
                return Some(Action::Ignore);
            }
            _ => return None,
        };
        let simple = matches!(self.schema.type_of(type_id).kind, Kind::Simple(_));
        if !context.root || context.direction == Direction::Request || many || !simple {
            let message = format!("{} can stand only in an answer, once, for a value", entry.target);
            self.error(entry.line, message, "move it to [operation.X.answer]");
            return Some(Action::Ignore);
        }
        if matches!(action, Action::OutcomeCode) {
            self.check_codes(type_id);
        }
        Some(action)
    }

    /// Every code of `[outcome]` is a value of the element that says it.
    fn check_codes(&mut self, type_id: TypeId) {
        let mut wrong = Vec::new();
        for (_, code, line) in self.outcomes.iter().filter(|(.., line)| !self.told.contains(line)) {
            if let Err(violation) = self.schema.check(type_id, code.as_str().into()) {
                wrong.push((
                    *line,
                    format!("\"{code}\" is no value of the element that is bound to @code ({})", violation.asks),
                ));
            }
        }
        for (line, message) in wrong {
            self.told.insert(line);
            self.error(line, message, "write a code that the partner's type allows");
        }
    }

    /// Follows a field path from the context's message.
    fn target(
        &mut self,
        path: &str,
        many: bool,
        entry: &Entry,
        context: &Context,
    ) -> Option<(Target, FieldDescriptor)> {
        let mut message = context.message.clone();
        let mut numbers = Vec::new();
        let mut names = entry.target.split('.').peekable();
        let field = loop {
            let written = names.next()?;
            let (name, first) = written.strip_suffix("[0]").map_or((written, false), |name| (name, true));
            let Some(field) = message.get_field_by_name(name) else {
                let fields: Vec<String> = message.fields().map(|field| field.name().to_owned()).collect();
                let text = format!("{path} = {}: {} has no field {name}", entry.target, message.full_name());
                self.error(entry.line, text, did_you_mean(name, fields.iter().map(String::as_str)));
                return None;
            };
            if names.peek().is_none() && !first {
                break field;
            }
            let Field::Message(next) = field.kind() else {
                let text = format!("{path} = {}: {name} is {}, not a message", entry.target, describe(&field));
                self.error(entry.line, text, "shorten the path");
                return None;
            };
            if field.is_list() != first || field.is_map() || names.peek().is_none() {
                let (text, remedy) = match first {
                    true => (format!("{name} is not repeated"), format!("write {name}")),
                    false => (
                        format!("{name} is repeated, which of them is not said"),
                        format!("bind the element that repeats to it, or write {name}[0] for a list of one"),
                    ),
                };
                self.error(entry.line, format!("{path} = {}: {text}", entry.target), remedy);
                return None;
            }
            numbers.push(Around { field: field.number(), repeated: first });
            message = next;
        };
        if field.is_map() {
            self.error(entry.line, format!("{path} = {}: maps are not supported", entry.target), "use a list of pairs");
            return None;
        }
        // What comes in once is a list of one; going out, a longer list would have no place.
        let is_list_of_one = field.is_list() && !many && context.direction == Direction::Request;
        if field.is_list() != many && !is_list_of_one {
            let (text, remedy) = match many {
                true => ("may occur more than once, the field is not repeated", "bind a repeated field"),
                false => {
                    ("occurs once, the field is repeated: more than one could not be written", "bind a singular field")
                }
            };
            self.error(entry.line, format!("{path} = {}: the element {text}", entry.target), remedy);
            return None;
        }
        let title = self.tables[context.table].title.clone();
        let field_key = format!("{}.{}", context.message.full_name(), entry.target);
        let earlier = self.tables[context.table].fields.insert(field_key, path.to_owned());
        if let Some(earlier) = earlier.filter(|earlier| earlier != path) {
            let text = format!("{title}: {earlier} and {path} both become {}", entry.target);
            self.error(entry.line, text, "give each a field of its own");
        }
        let target = Target {
            path: numbers.into(),
            field: field.number(),
            presence: field.supports_presence(),
            repeated: field.is_list(),
            name: entry.target.as_str().into(),
        };
        Some((target, field))
    }

    /// An element that stands at two places of a content, bound to a field that holds one value: the first would be lost.
    fn check_twice(&mut self, particle: &Particle, leaves: &[Action], context: &Context) {
        if let Err(name) = singular_fields(particle, leaves) {
            let text = format!("two elements of one content become {name}, which holds one value");
            self.error_in(context, text, "bind a repeated field, or ignore the element");
        }
    }

    /// The fields of one item of a list must come one after the other: apart, they would make two items.
    fn check_items(&mut self, leaves: &[Action], context: &Context) {
        let mut seen: Vec<Vec<u32>> = Vec::new();
        let mut last: Vec<Vec<u32>> = Vec::new();
        let targets = || {
            leaves.iter().filter_map(|action| match action {
                Action::Scalar(target, _) | Action::Message(target, _) => Some(target),
                _ => None,
            })
        };
        let whole = |target: &Target| -> Vec<u32> {
            target.path.iter().map(|around| around.field).chain([target.field]).collect()
        };
        let lists: Vec<Vec<u32>> = targets().filter(|target| target.repeated).map(whole).collect();
        for target in targets() {
            let numbers = |end: usize| target.path[..=end].iter().map(|around| around.field).collect::<Vec<_>>();
            let items = (0..target.path.len()).filter(|&at| target.path[at].repeated);
            let around: Vec<Vec<u32>> = items.map(numbers).collect();
            if around.iter().any(|item| lists.contains(item)) {
                let text = format!("{} is of an item of a list that another element fills", target.name);
                self.error_in(context, text, "bind a field of its own: it would make an item more");
                return;
            }
            if around.iter().any(|item| seen.contains(item) && !last.contains(item)) {
                let text = format!("{} is apart from the other fields of its item", target.name);
                self.error_in(context, text, "bind elements that stand one after the other to one item of a list");
                return;
            }
            seen.extend(around.iter().cloned());
            last = around;
        }
    }

    /// A choice must be told from its fields; a repeated group would lose its order.
    fn check_groups(&mut self, particle: &Particle, leaves: &[Action], context: &Context, type_id: TypeId) {
        let (members, occurs, choice) = match particle {
            Particle::Leaf(..) => return,
            Particle::Sequence(members, occurs) | Particle::All(members, occurs) => (members, *occurs, false),
            Particle::Choice(members, occurs) => (members, *occurs, true),
        };
        let bound: Vec<Leaf> = leaves_below(particle)
            .into_iter()
            .filter(|leaf| !matches!(leaves[leaf.0 as usize], Action::Ignore))
            .collect();
        let origin = self.schema.type_of(type_id).origin.line;
        if occurs.max != Some(1) && bound.len() > 1 {
            let text = format!(
                "a group that repeats (schema line {origin}) has more than one bound element: their order would be lost"
            );
            self.error_in(context, text, "ask for a type around each round, or ignore all but one of them");
        }
        let presence = |leaf: &Leaf| match &leaves[leaf.0 as usize] {
            Action::Scalar(target, _) | Action::Message(target, _) => target.presence || target.repeated,
            _ => true,
        };
        if choice && occurs.max == Some(1) && bound.len() > 1 && !bound.iter().all(presence) {
            let text = format!("fields of a choice (schema line {origin}) do not tell which branch was taken");
            self.error_in(context, text, "bind fields of one oneof, or optional ones");
        }
        members.iter().for_each(|member| self.check_groups(member, leaves, context, type_id));
    }

    /// A refusal leaves all but the outcome out: no other element may be required.
    fn check_refusal_is_writable(&mut self, type_id: TypeId, plan: PlanId, line: u32) {
        let Kind::Complex(Complex { content: Content::Elements { model, .. }, attributes, .. }) =
            &self.schema.type_of(type_id).kind
        else {
            return;
        };
        let plan = &self.plans[plan.0 as usize];
        let mut required = Vec::new();
        required_leaves(&model.particle, &mut required);
        let carried =
            |leaf: &Leaf| matches!(plan.leaves[leaf.0 as usize], Action::OutcomeCode | Action::OutcomeMessage);
        let mut names: Vec<String> = Vec::new();
        for leaf in required.into_iter().filter(|leaf| !carried(leaf)) {
            if let LeafTerm::Element(id) = model.leaves[leaf.0 as usize] {
                names.push(self.schema.element_of(id).name.local.to_string());
            }
        }
        names.extend(
            attributes.iter().filter(|a| a.required && a.constraint.is_none()).map(|a| format!("@{}", a.name.local)),
        );
        if !names.is_empty() {
            let text = format!("the answer requires {}: a refusal could not be written", names.join(", "));
            self.error(line, text, "make them optional in the XSD, or leave @code out so that a refusal is a fault");
        }
    }

    fn entry(&mut self, context: &Context, path: &str) -> Option<Entry> {
        let joined = &mut self.tables[context.table];
        let entry = joined.table.entries.iter().find(|entry| entry.path == path)?.clone();
        joined.used.insert(path.to_owned());
        Some(entry)
    }

    fn is_ignored(&mut self, context: &Context, path: &str) -> bool {
        let joined = &mut self.tables[context.table];
        let ignored = joined.table.ignore.iter().any(|(ignored, _)| ignored == path);
        if ignored {
            joined.used.insert(path.to_owned());
        }
        ignored
    }

    fn report_unused(&mut self, at: usize) {
        let joined = &self.tables[at];
        let title = joined.title.clone();
        if !joined.type_ids.is_empty() && !joined.in_answer && !joined.in_request {
            let line = joined.table.line;
            let place = Place::line(self.path, line);
            self.problems.warning(
                place,
                format!("{title} is used by no operation"),
                "remove it, or bind what it is for",
            );
            return;
        }
        let paths = joined.table.entries.iter().map(|entry| (entry.path.clone(), entry.line));
        let paths = paths.chain(joined.table.ignore.iter().cloned());
        let unused = paths.filter(|(path, _)| !joined.used.contains(path));
        let marks = joined.table.personal.iter().filter(|(path, _)| !joined.marked.contains(path)).cloned();
        let unused: Vec<(String, u32)> = unused.chain(marks).collect();
        if joined.type_ids.is_empty() && joined.title.starts_with("[message") {
            return;
        }
        let known = self.paths_of(at);
        for (path, line) in unused {
            let remedy = did_you_mean(&path, known.iter().map(String::as_str));
            self.error(line, format!("{title}: the schema has no {path} here"), remedy);
        }
    }

    /// Paths that a table could have: those used, and the names at its first level.
    fn paths_of(&self, at: usize) -> Vec<String> {
        let joined = &self.tables[at];
        let mut paths: Vec<String> = joined.used.iter().cloned().collect();
        let complex = |id: &TypeId| match &self.schema.type_of(*id).kind {
            Kind::Complex(complex) => Some(complex),
            Kind::Simple(_) => None,
        };
        for complex in joined.type_ids.iter().filter_map(complex) {
            paths.extend(
                child_elements(self.schema, complex)
                    .iter()
                    .map(|&id| self.schema.element_of(id).name.local.to_string()),
            );
            paths.extend(complex.attributes.iter().map(|attribute| format!("@{}", attribute.name.local)));
        }
        paths
    }

    fn report_ignored(&mut self, at: usize) {
        let title = self.tables[at].title.clone();
        for (path, line) in self.tables[at].table.ignore.clone() {
            self.problems.note(Place::line(self.path, line), format!("{title}: {path} is validated and not carried"));
        }
    }

    /// Fields of an answer's message that no element carries.
    fn report_uncarried(&mut self, at: usize) {
        let joined = &self.tables[at];
        let Some(message) = &joined.message else { return };
        let bound: BTreeSet<&str> = joined
            .table
            .entries
            .iter()
            .map(|entry| entry.target.split(['.', '[']).next().unwrap_or_default())
            .collect();
        let left: Vec<String> = message
            .fields()
            .map(|field| field.name().to_owned())
            .filter(|name| !bound.contains(name.as_str()))
            .collect();
        if !left.is_empty() {
            let text = format!("{}: no element carries {} of {}", joined.title, left.join(", "), message.full_name());
            self.problems.note(Place::line(self.path, joined.table.line), text);
        }
    }
}

/// Elements that a type's content model names.
pub(super) fn child_elements(_schema: &Schema, complex: &Complex) -> Vec<ElementId> {
    let Content::Elements { model, .. } = &complex.content else { return Vec::new() };
    let element = |leaf: &LeafTerm| if let LeafTerm::Element(id) = leaf { Some(*id) } else { None };
    model.leaves.iter().filter_map(element).collect()
}

/// For each leaf, whether it may occur more than once.
fn repeated_leaves(particle: &Particle, leaves: usize) -> Vec<bool> {
    fn walk(particle: &Particle, around: bool, many: &mut [bool]) {
        let repeats = |occurs: &Occurs| occurs.max != Some(1);
        match particle {
            Particle::Leaf(leaf, occurs) => many[leaf.0 as usize] = around || repeats(occurs),
            Particle::Sequence(members, occurs)
            | Particle::Choice(members, occurs)
            | Particle::All(members, occurs) => {
                members.iter().for_each(|member| walk(member, around || repeats(occurs), many));
            }
        }
    }
    let mut many = vec![false; leaves];
    walk(particle, false, &mut many);
    many
}

/// Singular fields that a particle's elements become, each once in any content; else the one that two would become.
fn singular_fields<'l>(particle: &Particle, leaves: &'l [Action]) -> Result<Vec<&'l Target>, &'l str> {
    let members = match particle {
        Particle::Leaf(leaf, _) => {
            return Ok(match &leaves[leaf.0 as usize] {
                Action::Scalar(target, _) | Action::Message(target, _) if !target.repeated => vec![target],
                _ => Vec::new(),
            });
        }
        Particle::Sequence(members, _) | Particle::Choice(members, _) | Particle::All(members, _) => members,
    };
    let is_choice = matches!(particle, Particle::Choice(..));
    let mut all: Vec<&Target> = Vec::new();
    for member in members {
        let found = singular_fields(member, leaves)?;
        for target in found {
            match all.iter().any(|known| (&known.path, known.field) == (&target.path, target.field)) {
                true if !is_choice => return Err(&target.name),
                true => {}
                false => all.push(target),
            }
        }
    }
    Ok(all)
}

fn leaves_below(particle: &Particle) -> Vec<Leaf> {
    match particle {
        Particle::Leaf(leaf, _) => vec![*leaf],
        Particle::Sequence(members, _) | Particle::Choice(members, _) | Particle::All(members, _) => {
            members.iter().flat_map(leaves_below).collect()
        }
    }
}

/// Leaves that every complete content has.
fn required_leaves(particle: &Particle, found: &mut Vec<Leaf>) {
    match particle {
        Particle::Leaf(leaf, occurs) if occurs.min > 0 => found.push(*leaf),
        Particle::Sequence(members, occurs) | Particle::All(members, occurs) if occurs.min > 0 => {
            members.iter().for_each(|member| required_leaves(member, found));
        }
        // One of the branches is required: all of them are named.
        Particle::Choice(members, occurs) if occurs.min > 0 => {
            let mut branches = Vec::new();
            for member in members {
                let before = branches.len();
                required_leaves(member, &mut branches);
                if branches.len() == before {
                    return;
                }
            }
            found.extend(branches);
        }
        _ => {}
    }
}

fn quoted(path: &str) -> String {
    if path.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        path.to_owned()
    } else {
        format!("\"{path}\"")
    }
}

/// Types within each other, for elements that are bound. No message nests so deep.
const NESTED_MAX: usize = 200;
