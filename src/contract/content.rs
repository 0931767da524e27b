//! What stands in one complex type, as fields of a message and entries of a table.

use std::collections::HashSet;

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

/// A content model on its walk.
#[derive(Clone, Copy)]
struct Walk<'w> {
    model: &'w Model,
    /// The type that it belongs to.
    origin: Origin,
    place: &'w Place,
    /// Names that stand in more than one place of the model.
    twice: &'w HashSet<String>,
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

/// What a field is to stand for.
#[derive(Debug, Clone)]
struct Wanted<'w> {
    /// The last step of its XSD path: `A`, `@a`, `#text`.
    key: String,
    /// What its name is made of.
    name: &'w str,
    kind: FieldKind,
    label: Label,
    oneof: Option<Vec<String>>,
    documentation: &'w str,
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
                let kind = self.value(*simple);
                let label = label(place.may_miss, &kind);
                let key = "#text".to_owned();
                let wanted = Wanted { key, name: "value", kind, label, oneof: None, documentation: "" };
                self.bind(wanted, place, table);
            }
            Content::Elements { model, mixed } => {
                if *mixed {
                    let remedy = "bind nothing that needs it, or ask for an element around the text";
                    self.warn(declared.origin, "mixed content: the text between elements is not carried", remedy);
                }
                let mut names = Vec::new();
                self.names_below(&model.particle, model, &mut names);
                let mut seen = HashSet::new();
                let twice = names.into_iter().filter(|name| !seen.insert(name.clone())).collect();
                let walk = Walk { model, origin: declared.origin, place, twice: &twice };
                let groups = Groups { may_miss: place.may_miss, ..Groups::default() };
                self.particle(&model.particle, walk, &groups, table);
            }
        }
    }

    fn particle(&mut self, particle: &Particle, walk: Walk<'_>, groups: &Groups, table: &mut Table) {
        let (members, occurs, choice) = match particle {
            Particle::Leaf(leaf, occurs) => return self.leaf(*leaf, *occurs, walk, groups, table),
            Particle::Sequence(members, occurs) | Particle::All(members, occurs) => (members, *occurs, false),
            Particle::Choice(members, occurs) => (members, *occurs, members.len() > 1),
        };
        let repeats = occurs.max != Some(1);
        let mut names = Vec::new();
        self.names_below(particle, walk.model, &mut names);
        let lost = repeats && names.len() > 1;
        if lost && !groups.lost {
            let text = format!("the group of {} repeats: the order of its elements would be lost", names.join(", "));
            self.warn(walk.origin, text, "they are ignored; ask for a type around each round, or keep one of them");
        }
        let one_of_them = choice && !repeats && !groups.repeats;
        let inside = Groups {
            repeats: groups.repeats || repeats,
            may_miss: groups.may_miss || occurs.min == 0 || choice,
            lost: groups.lost || lost,
            oneof: one_of_them.then(|| self.branches(members, walk.model)).flatten(),
        };
        for member in members {
            self.particle(member, walk, &inside, table);
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

    fn leaf(&mut self, leaf: Leaf, occurs: Occurs, walk: Walk<'_>, groups: &Groups, table: &mut Table) {
        let LeafTerm::Element(id) = walk.model.leaves[leaf.0 as usize] else {
            return self.warn(walk.origin, "xs:any: what it lets in is validated and not carried", "");
        };
        let declared = self.schema.element_of(id);
        let local = &*declared.name.local;
        let path = format!("{}{local}", walk.place.path);
        if table.paths.contains(&path) {
            return;
        }
        if walk.twice.contains(local) {
            self.ignore(&path, declared.origin, format!("{local} stands in its type in more than one place"), table);
        } else if RESERVED.contains(&path.as_str()) {
            let text = format!("an element named {local} cannot be bound: the word has a meaning in tables of paths");
            self.ignore(&path, declared.origin, text, table);
        } else if groups.lost {
            table.paths.insert(path.clone());
            table.ignore.push(path);
        } else {
            let here = Groups {
                repeats: groups.repeats || occurs.max != Some(1),
                may_miss: groups.may_miss || occurs.min == 0,
                ..groups.clone()
            };
            self.element(id, here, walk.place, table);
        }
    }

    /// An element, its own occurrence counted among the groups around it.
    fn element(&mut self, id: ElementId, groups: Groups, place: &Place, table: &mut Table) {
        let (schema, documentation) = (self.schema, self.documentation);
        let declared = schema.element_of(id);
        let local = &*declared.name.local;
        let path = format!("{}{local}", place.path);
        let is_required = !groups.repeats && !groups.may_miss;
        let wanted = |kind: FieldKind, label: Label| Wanted {
            key: local.to_owned(),
            name: local,
            kind,
            label: if groups.repeats { Label::Repeated } else { label },
            oneof: groups.oneof.clone(),
            documentation: documentation.of(declared.origin, local),
        };
        let Kind::Complex(complex) = &schema.type_of(declared.type_id).kind else {
            let kind = self.value(declared.type_id);
            let label = label(groups.may_miss || declared.nillable, &kind);
            if is_required && !declared.nillable {
                table.required.push(path);
            }
            return self.bind(wanted(kind, label), place, table);
        };
        if self.is_any(declared.type_id) {
            return self.ignore(&path, declared.origin, format!("{local} is of xs:anyType"), table);
        }
        if self.has_table(declared.type_id) {
            let message = self.message_of(declared.type_id);
            if is_required {
                table.required_types.push((path, declared.type_id));
            }
            return self.bind(wanted(FieldKind::Message(message), Label::Implicit), place, table);
        }
        let fact = match &schema.type_of(declared.type_id).name {
            Some(name) => format!(
                "{local} has the type {} of the namespace {}, not the partner's",
                name.local,
                schema.namespace_name(name.namespace)
            ),
            None => format!("{local} has a type without a name"),
        };
        let empty = complex.attributes.is_empty() && matches!(complex.content, Content::Empty);
        let circle = place.around.contains(&declared.type_id) || place.around.len() == DEPTH_MAX;
        if groups.repeats {
            self.ignore_unnamed(&path, id, format!("{fact}, and repeats"), table);
        } else if circle {
            self.ignore_unnamed(&path, id, format!("{fact}, and contains itself"), table);
        } else if empty && groups.may_miss {
            self.ignore_unnamed(&path, id, format!("{fact} and is empty"), table);
        } else {
            let message = self.message_at(id, place);
            let wanted = wanted(FieldKind::Message(message), Label::Implicit);
            self.inline(id, wanted, groups.may_miss, place, table);
        }
    }

    /// The message of an element that is bound by longer paths: members of a family share it.
    fn message_at(&mut self, id: ElementId, place: &Place) -> usize {
        let declared = self.schema.element_of(id);
        let around = &self.messages[place.message];
        let known = around.by_path.get(&*declared.name.local).map(|&at| &around.fields[at].kind);
        if let Some(FieldKind::Message(message)) = known {
            return *message;
        }
        let name = format!("{}{}", place.label, pascal(&declared.name.local));
        let name = self.names.unique(name).replace('_', "");
        let documentation = self.documentation.of(self.schema.type_of(declared.type_id).origin, "").to_owned();
        self.messages.push(Message { name, documentation, ..Message::default() });
        self.messages.len() - 1
    }

    /// An element whose children are bound by longer paths, into a message of their own.
    fn inline(&mut self, id: ElementId, wanted: Wanted<'_>, may_miss: bool, place: &Place, table: &mut Table) {
        let declared = self.schema.element_of(id);
        let path = format!("{}{}", place.path, declared.name.local);
        let FieldKind::Message(message) = wanted.kind else { return };
        let field = self.field(place.message, wanted);
        self.enter(&path, ".".to_owned(), table);
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
        let path = format!("{}{key}", place.path);
        if table.paths.contains(&path) {
            return;
        }
        if attribute.required && !place.may_miss {
            table.required.push(path);
        }
        let kind = self.value(attribute.type_id);
        let label = label(place.may_miss || !attribute.required, &kind);
        let wanted =
            Wanted { key, name: local, kind, label, oneof: None, documentation: documentation.of(origin, local) };
        self.bind(wanted, place, table);
    }

    /// The kind of a field for values of a simple type; its enum is made.
    fn value(&mut self, type_id: TypeId) -> FieldKind {
        let value = value::value(self.schema, self.namespace, type_id);
        if let Value::Enum(owner) = value {
            self.enum_of(owner);
        }
        FieldKind::Value(value)
    }

    /// A field for what stands at a place of the type, and its entry in the table.
    fn bind(&mut self, wanted: Wanted<'_>, place: &Place, table: &mut Table) {
        let path = format!("{}{}", place.path, wanted.key);
        if !table.paths.contains(&path) {
            let field = self.field(place.message, wanted);
            self.enter(&path, format!("{}{field}", place.target), table);
        }
    }

    /// The name of the message's field for this path; members of a family share it where their types agree.
    fn field(&mut self, message: usize, wanted: Wanted<'_>) -> String {
        let message = &mut self.messages[message];
        let repeats = |label: Label| label == Label::Repeated;
        let known = message.by_path.get(&wanted.key).copied();
        let known = known.and_then(|at| message.fields.get_mut(at));
        if let Some(field) =
            known.filter(|field| field.kind == wanted.kind && repeats(field.label) == repeats(wanted.label))
        {
            let must_tell = wanted.oneof.is_some() || wanted.label == Label::Optional;
            if must_tell && field.oneof.is_none() && field.label == Label::Implicit {
                field.label = label(true, &field.kind);
            }
            return field.name.clone();
        }
        let oneof = wanted.oneof.map(|branches| {
            let names = &mut message.names;
            let made = message.oneofs.entry(branches.join("/")).or_insert_with(|| match branches.as_slice() {
                [first, second] => names.unique(format!("{}_or_{}", snake(first), snake(second))),
                _ => names.unique("choice".to_owned()),
            });
            made.clone()
        });
        let name = message.names.unique(snake(wanted.name));
        message.by_path.insert(wanted.key, message.fields.len());
        let label = if oneof.is_some() { Label::Implicit } else { wanted.label };
        let (kind, documentation) = (wanted.kind, wanted.documentation.to_owned());
        message.fields.push(Field { name: name.clone(), kind, label, oneof, documentation });
        name
    }

    fn enter(&mut self, path: &str, target: String, table: &mut Table) {
        self.entries += 1;
        if self.entries == ENTRIES_MAX {
            let place = self.sources.files.first().map(|file| ProblemPlace::file(&file.origin)).unwrap_or_default();
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

/// How what occurs once is declared: messages tell absent by themselves.
fn label(may_miss: bool, kind: &FieldKind) -> Label {
    match kind {
        FieldKind::Value(Value::Scalar(_) | Value::Enum(_)) if may_miss => Label::Optional,
        _ => Label::Implicit,
    }
}

/// Keys of a table that are no paths.
const RESERVED: [&str; 2] = ["is", "ignore"];
/// Wrappers within wrappers.
const DEPTH_MAX: usize = 32;
/// Entries of all tables of one binding.
const ENTRIES_MAX: usize = 20_000;
