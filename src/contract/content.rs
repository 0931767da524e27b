//! What stands in one complex type, as fields of a message and entries of a table.

use super::mirror::{Field, FieldKind, Label, Message, Mirror, Table};
use super::names::{pascal, snake};
use super::value::{self, Value};
use crate::problem::Place as ProblemPlace;
use crate::schema::model::{
    Attribute, Content, ElementId, Kind, Leaf, LeafTerm, Model, Occurs, Origin, Particle, TypeId,
};

/// Where in a table, and in which message, a type is mirrored.
#[derive(Debug, Clone)]
pub(super) struct Place {
    message: usize,
    /// XSD path of the wrappers around, with a slash behind it: `DanhSachLePhi/`.
    path: String,
    /// Field path to the message, with a point behind it: `danh_sach_le_phi.`
    target: String,
    /// What messages of types without a name begin with.
    label: String,
    /// Wrapper types around: to find circles.
    around: Vec<TypeId>,
    /// Whether what stands here may be left out as a whole: fields must tell absent from their default.
    may_miss: bool,
}

/// The groups around a particle.
#[derive(Debug, Clone, Default)]
struct Groups {
    repeats: bool,
    may_miss: bool,
    /// Whether the order of what stands here would be lost.
    lost: bool,
    /// Branches of the choice that the particle is directly in, where a oneof can say it.
    oneof: Option<Vec<String>>,
}

impl Place {
    /// A type with a table of its own.
    pub(super) fn root(message: usize, label: &str) -> Self {
        let (path, target, label) = (String::new(), String::new(), pascal(label));
        Self { message, path, target, label, around: Vec::new(), may_miss: false }
    }
}

impl Mirror<'_> {
    /// Mirrors attributes, text and elements of a type.
    pub(super) fn content(&mut self, type_id: TypeId, place: &Place, table: &mut Table) {
        let schema = self.schema;
        let declared = schema.type_of(type_id);
        let Kind::Complex(complex) = &declared.kind else { return };
        if complex.any_attribute.is_some() {
            self.warn(declared.origin, "xs:anyAttribute: what it lets in is validated and not carried", "");
        }
        for attribute in &complex.attributes {
            self.attribute(attribute, declared.origin, place, table);
        }
        match &complex.content {
            Content::Empty => {}
            Content::Simple(simple) => {
                let label = label(place.may_miss, &value::value(schema, self.namespace, *simple));
                self.value("#text", "value", *simple, label, None, "", place, table);
            }
            Content::Elements { model, mixed } => {
                if *mixed {
                    let remedy = "bind nothing that needs it, or ask for an element around the text";
                    self.warn(declared.origin, "mixed content: the text between elements is not carried", remedy);
                }
                let groups = Groups { may_miss: place.may_miss, ..Groups::default() };
                self.particle(&model.particle, model, &groups, declared.origin, place, table);
            }
        }
    }

    fn particle(
        &mut self,
        particle: &Particle,
        model: &Model,
        groups: &Groups,
        origin: Origin,
        place: &Place,
        table: &mut Table,
    ) {
        let (members, occurs, choice) = match particle {
            Particle::Leaf(leaf, occurs) => return self.leaf(*leaf, *occurs, model, groups, origin, place, table),
            Particle::Sequence(members, occurs) | Particle::All(members, occurs) => (members, *occurs, false),
            Particle::Choice(members, occurs) => (members, *occurs, members.len() > 1),
        };
        let repeats = occurs.max != Some(1);
        let mut names = Vec::new();
        self.names_below(particle, model, &mut names);
        let lost = repeats && names.len() > 1;
        if lost && !groups.lost {
            let text = format!("the group of {} repeats: the order of its elements would be lost", names.join(", "));
            self.warn(origin, text, "they are ignored; ask for a type around each round, or keep one of them");
        }
        let inside = Groups {
            repeats: groups.repeats || repeats,
            may_miss: groups.may_miss || occurs.min == 0 || choice,
            lost: groups.lost || lost,
            oneof: (choice && !repeats && !groups.repeats).then(|| self.branches(members, model)).flatten(),
        };
        for member in members {
            self.particle(member, model, &inside, origin, place, table);
        }
    }

    /// The branches of a choice, where each is one element that occurs once.
    fn branches(&self, members: &[Particle], model: &Model) -> Option<Vec<String>> {
        let branch = |member: &Particle| match member {
            Particle::Leaf(leaf, Occurs { max: Some(1), .. }) => match &model.leaves[leaf.0 as usize] {
                LeafTerm::Element(id) => Some(self.schema.element_of(*id).name.local.to_string()),
                LeafTerm::Any(_) => None,
            },
            _ => None,
        };
        members.iter().map(branch).collect()
    }

    #[allow(clippy::too_many_arguments, reason = "one leaf's facts, each read once")]
    fn leaf(
        &mut self,
        leaf: Leaf,
        occurs: Occurs,
        model: &Model,
        groups: &Groups,
        origin: Origin,
        place: &Place,
        table: &mut Table,
    ) {
        let LeafTerm::Element(id) = model.leaves[leaf.0 as usize] else {
            return self.warn(origin, "xs:any: what it lets in is validated and not carried", "");
        };
        let schema = self.schema;
        let declared = schema.element_of(id);
        let local = &*declared.name.local;
        let path = format!("{}{local}", place.path);
        if table.paths.contains(&path) {
            return;
        }
        let mut names = Vec::new();
        self.names_below(&model.particle, model, &mut names);
        let twice = names.iter().filter(|name| *name == local).count() > 1;
        if twice {
            self.ignore(&path, declared.origin, format!("{local} stands in its type in more than one place"), table);
        } else if RESERVED.contains(&path.as_str()) {
            let text = format!("an element named {local} cannot be bound: the word has a meaning in tables of paths");
            self.ignore(&path, declared.origin, text, table);
        } else if groups.lost {
            table.paths.insert(path.clone());
            table.ignore.push(path);
        } else {
            let many = groups.repeats || occurs.max != Some(1);
            let may_miss = groups.may_miss || occurs.min == 0;
            let oneof = groups.oneof.as_deref();
            self.element(id, many, may_miss, oneof, place, table);
        }
    }

    fn element(
        &mut self,
        id: ElementId,
        many: bool,
        may_miss: bool,
        oneof: Option<&[String]>,
        place: &Place,
        table: &mut Table,
    ) {
        let (schema, documentation) = (self.schema, self.documentation);
        let declared = schema.element_of(id);
        let local = &*declared.name.local;
        let path = format!("{}{local}", place.path);
        let text = documentation.of(declared.origin, local);
        let Kind::Complex(complex) = &schema.type_of(declared.type_id).kind else {
            let kind = value::value(schema, self.namespace, declared.type_id);
            let label = if many { Label::Repeated } else { label(may_miss || declared.nillable, &kind) };
            if !many && !may_miss && !declared.nillable {
                table.required.push(path);
            }
            return self.value(local, local, declared.type_id, label, oneof, text, place, table);
        };
        if self.is_any(declared.type_id) {
            return self.ignore(&path, declared.origin, format!("{local} is of xs:anyType"), table);
        }
        if self.has_table(declared.type_id) {
            let message = self.message_of(declared.type_id);
            let label = if many { Label::Repeated } else { Label::Implicit };
            if !many && !may_miss {
                table.required_types.push((path, declared.type_id));
            }
            self.bind(local, local, FieldKind::Message(message), label, oneof, text, place, table);
            return;
        }
        let fact = match &schema.type_of(declared.type_id).name {
            Some(name) => format!(
                "{local} has the type {} of the namespace {}, not the partner's",
                name.local,
                schema.namespace_name(name.namespace)
            ),
            None => format!("{local} has a type without a name"),
        };
        if many {
            return self.ignore_unnamed(&path, id, format!("{fact}, and repeats"), table);
        }
        if place.around.contains(&declared.type_id) || place.around.len() == DEPTH_MAX {
            return self.ignore_unnamed(&path, id, format!("{fact}, and contains itself"), table);
        }
        let empty = complex.attributes.is_empty() && matches!(complex.content, Content::Empty);
        if empty && may_miss {
            return self.ignore_unnamed(&path, id, format!("{fact} and is empty"), table);
        }
        self.inline(id, may_miss, oneof, text, place, table);
    }

    /// An element whose children are bound by longer paths, into a message of their own.
    fn inline(
        &mut self,
        id: ElementId,
        may_miss: bool,
        oneof: Option<&[String]>,
        text: &str,
        place: &Place,
        table: &mut Table,
    ) {
        let declared = self.schema.element_of(id);
        let local = declared.name.local.to_string();
        let path = format!("{}{local}", place.path);
        let known = self.messages[place.message].by_path.get(&local).copied();
        let known = known.and_then(|at| match self.messages[place.message].fields[at].kind {
            FieldKind::Message(message) => Some(message),
            FieldKind::Value(_) => None,
        });
        let message = known.unwrap_or_else(|| {
            let name = self.names.unique(format!("{}{}", place.label, pascal(&local))).replace('_', "");
            let documentation = self.documentation.of(self.schema.type_of(declared.type_id).origin, "").to_owned();
            self.messages.push(Message { name, documentation, ..Message::default() });
            self.messages.len() - 1
        });
        let kind = FieldKind::Message(message);
        let field = self.field(place.message, &local, &local, kind, Label::Implicit, oneof, text);
        self.enter(&path, ".".to_owned(), declared.origin, table);
        let inside = Place {
            message,
            path: format!("{path}/"),
            target: format!("{}{field}.", place.target),
            label: self.messages[message].name.clone(),
            around: place.around.iter().copied().chain([declared.type_id]).collect(),
            may_miss: place.may_miss || may_miss,
        };
        self.content(declared.type_id, &inside, table);
    }

    fn attribute(&mut self, attribute: &Attribute, origin: Origin, place: &Place, table: &mut Table) {
        let documentation = self.documentation;
        let local = &*attribute.name.local;
        let key = format!("@{local}");
        if table.paths.contains(&format!("{}{key}", place.path)) {
            return;
        }
        let kind = value::value(self.schema, self.namespace, attribute.type_id);
        if attribute.required && !place.may_miss {
            table.required.push(format!("{}{key}", place.path));
        }
        let label = label(place.may_miss || !attribute.required, &kind);
        let text = documentation.of(origin, local);
        self.value(&key, local, attribute.type_id, label, None, text, place, table);
    }

    #[allow(clippy::too_many_arguments, reason = "one field's facts, each read once")]
    fn value(
        &mut self,
        key: &str,
        wanted: &str,
        type_id: TypeId,
        label: Label,
        oneof: Option<&[String]>,
        text: &str,
        place: &Place,
        table: &mut Table,
    ) {
        let kind = value::value(self.schema, self.namespace, type_id);
        if let Value::Enum(owner) = kind {
            self.enum_of(owner);
        }
        self.bind(key, wanted, FieldKind::Value(kind), label, oneof, text, place, table);
    }

    /// A field for what stands at `key` of the type, and its entry in the table.
    #[allow(clippy::too_many_arguments, reason = "one field's facts, each read once")]
    fn bind(
        &mut self,
        key: &str,
        wanted: &str,
        kind: FieldKind,
        label: Label,
        oneof: Option<&[String]>,
        text: &str,
        place: &Place,
        table: &mut Table,
    ) {
        let path = format!("{}{key}", place.path);
        if table.paths.contains(&path) {
            return;
        }
        let field = self.field(place.message, key, wanted, kind, label, oneof, text);
        self.enter(&path, format!("{}{field}", place.target), Origin { file: 0, line: 0 }, table);
    }

    /// The name of the message's field for this path; members of a family share it where their types agree.
    #[allow(clippy::too_many_arguments, reason = "one field's facts, each read once")]
    fn field(
        &mut self,
        message: usize,
        key: &str,
        wanted: &str,
        kind: FieldKind,
        label: Label,
        oneof: Option<&[String]>,
        text: &str,
    ) -> String {
        let message = &mut self.messages[message];
        if let Some(&known) = message.by_path.get(key) {
            let field = &mut message.fields[known];
            if field.kind == kind && (field.label == Label::Repeated) == (label == Label::Repeated) {
                let told = oneof.is_some() || label == Label::Optional;
                let is_message = !matches!(field.kind, FieldKind::Value(Value::Scalar(_) | Value::Enum(_)));
                if told && field.oneof.is_none() && !is_message && field.label == Label::Implicit {
                    field.label = Label::Optional;
                }
                return field.name.clone();
            }
        }
        let oneof = oneof.map(|branches| {
            let names = &mut message.names;
            let oneof = message.oneofs.entry(branches.join("/")).or_insert_with(|| {
                let wanted = match branches {
                    [first, second] => format!("{}_or_{}", snake(first), snake(second)),
                    _ => "choice".to_owned(),
                };
                names.unique(wanted)
            });
            oneof.clone()
        });
        let name = message.names.unique(snake(wanted));
        message.by_path.insert(key.to_owned(), message.fields.len());
        let label = if oneof.is_some() { Label::Implicit } else { label };
        message.fields.push(Field { name: name.clone(), kind, label, oneof, documentation: text.to_owned() });
        name
    }

    fn enter(&mut self, path: &str, target: String, origin: Origin, table: &mut Table) {
        self.entries += 1;
        if self.entries == ENTRIES_MAX {
            let place = self.sources.place(self.schema, origin);
            let text = format!("more than {ENTRIES_MAX} elements and attributes to bind");
            self.problems.error(place, text, "import fewer operations at a time, or ask for types with names");
        }
        if self.entries < ENTRIES_MAX {
            table.paths.insert(path.to_owned());
            table.entries.push((path.to_owned(), target));
        }
    }

    fn ignore(&mut self, path: &str, origin: Origin, fact: String, table: &mut Table) {
        if table.paths.insert(path.to_owned()) {
            table.ignore.push(path.to_owned());
        }
        let remedy = "it is ignored: validated and not carried; an answer that requires it cannot be written";
        self.warn(origin, fact, remedy);
    }

    /// The same for a type without a name, which could be given one.
    fn ignore_unnamed(&mut self, path: &str, id: ElementId, fact: String, table: &mut Table) {
        let declared = self.schema.element_of(id);
        if self.schema.type_of(declared.type_id).name.is_some() {
            return self.ignore(path, declared.origin, fact, table);
        }
        if table.paths.insert(path.to_owned()) {
            table.ignore.push(path.to_owned());
        }
        let remedy = "it is ignored; import again with --name-types to carry it";
        self.warn(declared.origin, fact, remedy);
    }

    fn warn(&mut self, origin: Origin, fact: impl Into<String>, remedy: &str) {
        let place: ProblemPlace = self.sources.place(self.schema, origin);
        self.problems.warning(place, fact, remedy);
    }

    fn names_below(&self, particle: &Particle, model: &Model, names: &mut Vec<String>) {
        match particle {
            Particle::Leaf(leaf, _) => {
                if let LeafTerm::Element(id) = &model.leaves[leaf.0 as usize] {
                    names.push(self.schema.element_of(*id).name.local.to_string());
                }
            }
            Particle::Sequence(members, _) | Particle::Choice(members, _) | Particle::All(members, _) => {
                members.iter().for_each(|member| self.names_below(member, model, names));
            }
        }
    }
}

/// How a value that occurs once is declared: messages tell absent by themselves.
fn label(may_miss: bool, kind: &Value) -> Label {
    match kind {
        Value::Scalar(_) | Value::Enum(_) if may_miss => Label::Optional,
        _ => Label::Implicit,
    }
}

/// Keys of a table that are no paths.
const RESERVED: [&str; 2] = ["is", "ignore"];
/// Wrappers within wrappers.
const DEPTH_MAX: usize = 32;
/// Entries of all tables of one binding.
const ENTRIES_MAX: usize = 20_000;
