//! A schema mirrored in protobuf: a message for each complex type, and the binding's table that joins the two.
//!
//! Invariants:
//! * Every element and attribute of a mirrored type is bound or ignored, in exactly one table.
//! * A type and what is derived from it share one message, for `xsi:type` may put one in the other's place: a family.
//!   The family is named by its topmost member that some element has; each member has a table of its own.
//! * What the language has no table for (types without a name, or of another namespace) is bound by longer paths,
//!   into a message named after the element's path.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::content::Place;
use super::documentation::Documentation;
use super::names::{Scope, pascal, snake, upper};
use super::source::Sources;
use super::value::{self, Value};
use crate::problem::Problems;
use crate::schema::model::{Content, ElementId, Kind, LeafTerm, Schema, TypeId};

/// A message to write.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) name: String,
    pub(super) documentation: String,
    pub(super) fields: Vec<Field>,
    pub(super) names: Scope,
    /// Field by the XSD path that it stands for, as this message sees it.
    pub(super) by_path: HashMap<String, usize>,
    /// Oneof by the paths that are its branches.
    pub(super) oneofs: HashMap<String, String>,
}

/// A field to write.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) kind: FieldKind,
    pub(super) label: Label,
    /// The oneof that it stands in.
    pub(super) oneof: Option<String>,
    pub(super) documentation: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FieldKind {
    Value(Value),
    /// Index in [`Mirror::messages`].
    Message(usize),
}

/// How often, and whether its default is told from absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    Implicit,
    Optional,
    Repeated,
}

/// An enum to write.
#[derive(Debug)]
pub(super) struct Enum {
    /// Local name of the XSD type.
    pub(super) type_name: String,
    pub(super) name: String,
    pub(super) documentation: String,
    pub(super) zero: String,
    pub(super) values: Vec<EnumValue>,
}

#[derive(Debug)]
pub(super) struct EnumValue {
    /// As the XSD enumerates it.
    pub(super) word: String,
    pub(super) name: String,
    pub(super) number: i32,
    pub(super) documentation: String,
}

/// Paths of one table of the binding, and what they become.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) entries: Vec<(String, String)>,
    pub(super) ignore: Vec<String>,
    pub(super) paths: HashSet<String>,
    /// Values that every message has, once.
    pub(super) required: Vec<String>,
    /// Elements with a table of their own that every message has, once.
    pub(super) required_types: Vec<(String, TypeId)>,
}

/// `[message.T]`
#[derive(Debug)]
pub(super) struct MessageTable {
    pub(super) type_name: String,
    /// Index in [`Mirror::messages`].
    pub(super) message: usize,
    pub(super) table: Table,
}

pub(super) struct Mirror<'m> {
    pub(super) schema: &'m Schema,
    pub(super) sources: &'m Sources,
    pub(super) documentation: &'m Documentation,
    /// The partner's namespace: types of another one have no table.
    pub(super) namespace: &'m str,
    pub(super) problems: &'m mut Problems,
    pub(super) names: Scope,
    pub(super) messages: Vec<Message>,
    pub(super) enums: Vec<Enum>,
    pub(super) tables: Vec<MessageTable>,
    by_type: HashMap<TypeId, usize>,
    by_enum: HashMap<TypeId, usize>,
    by_wrapper: HashMap<(ElementId, &'static str), usize>,
    /// Complex types that some reachable element has.
    referenced: HashSet<TypeId>,
    /// Types derived from a type directly.
    derived: HashMap<TypeId, Vec<TypeId>>,
    wanted: Vec<TypeId>,
    pub(super) entries: usize,
}

impl<'m> Mirror<'m> {
    /// A mirror that so far has the types which the wrappers lead to, without messages.
    pub(super) fn new(
        schema: &'m Schema,
        sources: &'m Sources,
        documentation: &'m Documentation,
        namespace: &'m str,
        problems: &'m mut Problems,
    ) -> Self {
        let mut derived: HashMap<TypeId, Vec<TypeId>> = HashMap::new();
        for (at, declared) in schema.types.iter().enumerate() {
            if let (Some(base), Kind::Complex(_)) = (declared.base, &declared.kind) {
                derived.entry(base).or_default().push(TypeId(at as u32));
            }
        }
        Self {
            schema,
            sources,
            documentation,
            namespace,
            problems,
            names: Scope::default(),
            messages: Vec::new(),
            enums: Vec::new(),
            tables: Vec::new(),
            by_type: HashMap::new(),
            by_enum: HashMap::new(),
            by_wrapper: HashMap::new(),
            referenced: HashSet::new(),
            derived,
            wanted: Vec::new(),
            entries: 0,
        }
    }

    /// Follows the wrappers' elements, so that families are known; then names the families' messages.
    pub(super) fn reach(&mut self, wrappers: &[ElementId]) {
        let mut open: Vec<TypeId> = wrappers.iter().map(|&id| self.schema.element_of(id).type_id).collect();
        let mut seen: HashSet<TypeId> = open.iter().copied().collect();
        let mut order = Vec::new();
        while let Some(id) = open.pop() {
            for child in self.children(id) {
                if self.referenced.insert(child) {
                    order.push(child);
                }
                let family = self.descendants(child);
                open.extend(std::iter::once(child).chain(family).filter(|&member| seen.insert(member)));
            }
        }
        // Types get their names before wrappers do, in the order of the schema.
        order.sort_by_key(|&id| (self.schema.type_of(id).origin.file, self.schema.type_of(id).origin.line, id));
        for id in order {
            if self.has_table(id) {
                self.message_of(id);
            }
        }
    }

    /// The message and table of a request or answer wrapper.
    pub(super) fn wrapper(&mut self, element: ElementId, suffix: &'static str) -> (usize, Table) {
        let declared = self.schema.element_of(element);
        let local = declared.name.local.strip_suffix(suffix).filter(|rest| !rest.is_empty());
        let wanted = format!("{}{suffix}", pascal(local.unwrap_or(&declared.name.local)));
        let message = match self.by_wrapper.get(&(element, suffix)) {
            Some(&made) => made,
            None => {
                let name = self.names.unique(wanted).replace('_', "");
                let documentation = self.documentation.of(declared.origin, &declared.name.local).to_owned();
                self.messages.push(Message { name, documentation, ..Message::default() });
                self.by_wrapper.insert((element, suffix), self.messages.len() - 1);
                self.messages.len() - 1
            }
        };
        let mut table = Table::default();
        self.content(declared.type_id, &Place::root(message, &declared.name.local), &mut table);
        self.make_wanted();
        (message, table)
    }

    /// The message of a type that has a table of its own; the tables of its family follow.
    pub(super) fn message_of(&mut self, type_id: TypeId) -> usize {
        if let Some(&made) = self.by_type.get(&type_id) {
            return made;
        }
        let mut root = type_id;
        let mut at = self.schema.type_of(type_id).base;
        while let Some(id) = at {
            if self.referenced.contains(&id) && self.has_table(id) {
                root = id;
            }
            at = self.schema.type_of(id).base;
        }
        let declared = self.schema.type_of(root);
        let local = declared.name.as_ref().map(|name| &*name.local).unwrap_or_default();
        let name = self.names.unique(pascal(local)).replace('_', "");
        let documentation = self.documentation.of(declared.origin, local).to_owned();
        self.messages.push(Message { name, documentation, ..Message::default() });
        let message = self.messages.len() - 1;
        let descendants = self.descendants(root);
        if !descendants.is_empty() {
            let place = self.sources.place(self.schema, declared.origin);
            let text = format!("types are derived from {local}: their elements are carried, the type itself is not");
            self.problems.warning(place, text, "on the way back such an element is written as its declared type");
        }
        for member in std::iter::once(root).chain(descendants) {
            self.by_type.insert(member, message);
            if self.has_table(member) {
                self.wanted.push(member);
            }
        }
        message
    }

    /// Whether a `[message.T]` can be about a type: it has a name, in the partner's namespace.
    pub(super) fn has_table(&self, type_id: TypeId) -> bool {
        let name = self.schema.type_of(type_id).name.as_ref();
        name.is_some_and(|name| self.schema.namespace_name(name.namespace) == self.namespace)
    }

    /// The enum of a simple type.
    pub(super) fn enum_of(&mut self, type_id: TypeId) -> usize {
        if let Some(&made) = self.by_enum.get(&type_id) {
            return made;
        }
        let declared = self.schema.type_of(type_id);
        let type_name = declared.name.as_ref().map(|name| name.local.to_string()).unwrap_or_default();
        let name = self.names.unique(pascal(&type_name)).replace('_', "");
        let prefix = upper(&snake(&name));
        // Values stand beside their enum, in the package's scope.
        let zero = self.names.unique(format!("{prefix}_UNSPECIFIED"));
        let mut values = Vec::new();
        let words = value::words(self.schema, type_id);
        let numbers = value::numbers(words);
        for (at, (word, number)) in words.iter().zip(numbers).enumerate() {
            let folded = upper(word);
            let folded = if folded.is_empty() { format!("VALUE_{}", at + 1) } else { folded };
            let name = self.names.unique(format!("{prefix}_{folded}"));
            let documentation = self.documentation.of(declared.origin, word).to_owned();
            values.push(EnumValue { word: word.to_string(), name, number, documentation });
        }
        let documentation = self.documentation.of(declared.origin, &type_name).to_owned();
        self.enums.push(Enum { type_name, name, documentation, zero, values });
        self.by_enum.insert(type_id, self.enums.len() - 1);
        self.enums.len() - 1
    }

    /// The name of an enum made before.
    pub(super) fn enum_name(&self, type_id: TypeId) -> &str {
        self.by_enum.get(&type_id).map_or("int32", |&at| &self.enums[at].name)
    }

    fn make_wanted(&mut self) {
        while let Some(type_id) = self.wanted.pop() {
            let Some(&message) = self.by_type.get(&type_id) else { continue };
            let name = self.schema.type_of(type_id).name.as_ref();
            let local = name.map(|name| name.local.to_string()).unwrap_or_default();
            let mut table = Table::default();
            let place = Place::root(message, &local);
            self.content(type_id, &place, &mut table);
            // A derived type that no table can be about is read by the table of the nearest type above it.
            for member in self.untabled_below(type_id) {
                self.content(member, &place, &mut table);
            }
            self.tables.push(MessageTable { type_name: local, message, table });
        }
        self.tables.sort_by(|a, b| a.message.cmp(&b.message).then(a.type_name.cmp(&b.type_name)));
    }

    fn untabled_below(&self, type_id: TypeId) -> Vec<TypeId> {
        let mut found = Vec::new();
        let mut open = self.derived.get(&type_id).cloned().unwrap_or_default();
        while let Some(id) = open.pop() {
            if !self.has_table(id) {
                found.push(id);
                open.extend(self.derived.get(&id).into_iter().flatten());
            }
        }
        found.sort();
        found
    }

    /// Complex types of a type's child elements.
    fn children(&self, type_id: TypeId) -> BTreeSet<TypeId> {
        let Kind::Complex(complex) = &self.schema.type_of(type_id).kind else { return BTreeSet::new() };
        let Content::Elements { model, .. } = &complex.content else { return BTreeSet::new() };
        let types = model.leaves.iter().filter_map(|leaf| match leaf {
            LeafTerm::Element(id) => Some(self.schema.element_of(*id).type_id),
            LeafTerm::Any(_) => None,
        });
        // anyType leads everywhere: it is ignored where it stands.
        types.filter(|&id| matches!(self.schema.type_of(id).kind, Kind::Complex(_)) && !self.is_any(id)).collect()
    }

    /// Whether a type is xs:anyType.
    pub(super) fn is_any(&self, type_id: TypeId) -> bool {
        self.schema.type_of(type_id).base.is_none() && matches!(self.schema.type_of(type_id).kind, Kind::Complex(_))
    }

    /// All types derived from a type, in the order of their ids.
    fn descendants(&self, type_id: TypeId) -> Vec<TypeId> {
        let mut found = BTreeSet::new();
        let mut open = vec![type_id];
        while let Some(id) = open.pop() {
            for &child in self.derived.get(&id).into_iter().flatten() {
                if found.insert(child) {
                    open.push(child);
                }
            }
        }
        found.into_iter().collect()
    }
}
