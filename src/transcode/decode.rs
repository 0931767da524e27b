//! XML → wire bytes: one walk over the tape that validates and translates.
//!
//! At every element the walk knows its declaration and its [`Action`]. Where there is no plan (an ignored element, the
//! content of a wildcard) it validates all the same. Fields are appended as they are met; those of one nested message
//! that follow each other share an occurrence of it, those that are scattered make several, which protobuf decoders
//! merge.

use std::borrow::Cow;
use std::collections::HashSet;

use smallvec::SmallVec;

use super::values::{self, Refusal};
use super::wire::{self, OpenMessage};
use super::{Invalid, Passed};
use crate::binding::plan::{
    Action, Alias, Around, Codec, Nested, Partner, PlanId, Target, TypePlan, Unknown, declared_name,
};
use crate::schema::automaton::Run;
use crate::schema::model::{
    ANY_TYPE, Attribute, Complex, Content, Derivations, Element, ElementId, Kind, Leaf, LeafTerm, Model, Name,
    NamespaceId, Origin, Process, Schema, TypeId, ValueConstraint, Wildcard,
};
use crate::schema::value::{Identity, Primitive, Variety, Violation};
use crate::xml::XSI_NAMESPACE;
use crate::xml::tape::{self, NodeId, NodeKind, Tape};

/// Decodes the content of `node`, an element of this declaration, by `plan`.
pub(super) fn decode(
    partner: &Partner,
    tape: &Tape<'_>,
    node: NodeId,
    element: ElementId,
    plan: PlanId,
    out: &mut Vec<u8>,
) -> Result<Passed, Invalid> {
    let mut decoder = Decoder::new(&partner.schema, &partner.plans, tape, node, out);
    decoder.rules = Rules { aliases: &partner.aliases, unknown: partner.unknown };
    let action = Action::Inline(plan);
    decoder.element(node, element, &action, true)?;
    decoder.close_to(0);
    decoder.check_references()?;
    Ok(decoder.passed)
}

/// The same walk without a plan: nothing is carried.
pub(super) fn validate(schema: &Schema, tape: &Tape<'_>, node: NodeId) -> Result<(), Invalid> {
    let mut out = Vec::new();
    let mut decoder = Decoder::new(schema, &[], tape, node, &mut out);
    let Some(element) = schema.element(tape.namespace_name(tape.namespace(node)), tape.local(node)) else {
        return Err(decoder.invalid(node, "cvc-elt.1", "an element that the schema declares at its top level"));
    };
    decoder.element(node, element, &Action::Ignore, false)?;
    decoder.check_references()
}

struct Decoder<'d, 'a> {
    schema: &'d Schema,
    /// Plans by [`PlanId`]; none where nothing is carried.
    plans: &'d [TypePlan],
    tape: &'d Tape<'a>,
    root: NodeId,
    /// The document's namespaces in the schema's numbers.
    namespaces: SmallVec<[Option<NamespaceId>; 8]>,
    /// The schema instance namespace, where the document names it.
    xsi: Option<tape::NamespaceId>,
    /// Nested messages on the way to the last field written, by number.
    open: SmallVec<[(u32, OpenMessage); 4]>,
    ids: Option<Box<Ids>>,
    rules: Rules<'d>,
    /// What the partner's binding lets pass.
    passed: Passed,
    /// Documents in texts around this one.
    depth: u32,
    out: &'d mut Vec<u8>,
}

/// What a binding lets a message have that its schema does not.
#[derive(Clone, Copy)]
struct Rules<'d> {
    aliases: &'d [Alias],
    unknown: Unknown,
}

/// `ID` values of the message, and the `IDREF`s to resolve (part 2 §3.3.8, §3.3.9).
#[derive(Default)]
struct Ids {
    known: HashSet<String>,
    wanted: Vec<(NodeId, String)>,
}

impl Passed {
    /// What was passed over before, and then in a document in the text at `outer`.
    fn and(mut self, inner: Self, outer: &str) -> Self {
        self.count += inner.count;
        let room = PASSED_PATHS_MAX - self.paths.len();
        self.paths.extend(inner.paths.into_iter().take(room).map(|path| format!("{outer}{path}")));
        self
    }
}

impl<'d, 'a> Decoder<'d, 'a> {
    fn new(schema: &'d Schema, plans: &'d [TypePlan], tape: &'d Tape<'a>, root: NodeId, out: &'d mut Vec<u8>) -> Self {
        let namespaces = (0..tape.namespace_count() as u16)
            .map(|id| schema.namespace(tape.namespace_name(tape::NamespaceId(id))))
            .collect();
        let xsi = tape.namespace_id(XSI_NAMESPACE);
        let rules = Rules { aliases: &[], unknown: Unknown::Refuse };
        let (open, passed) = (SmallVec::new(), Passed::default());
        Self { schema, plans, tape, root, namespaces, xsi, open, ids: None, rules, passed, depth: 0, out }
    }

    /// Validates one element and carries what its action says.
    fn element(&mut self, node: NodeId, id: ElementId, action: &Action, carried: bool) -> Result<(), Invalid> {
        self.declared(node, self.schema.element_of(id), action, carried)
    }

    fn declared(&mut self, node: NodeId, declared: &Element, action: &Action, carried: bool) -> Result<(), Invalid> {
        let schema = self.schema;
        let mut type_id = declared.type_id;
        let mut nil = false;
        let mut own_attributes = false;
        for attribute in self.tape.attributes(node) {
            if Some(attribute.namespace) == self.xsi {
                let value = self.tape.attribute_value(attribute.index);
                match attribute.local {
                    // It is a declaration that allows or refuses it; laxly, there is none.
                    "nil" if declared.name.local.is_empty() => {}
                    "nil" => nil = self.nil(node, declared, &value)?,
                    "type" => type_id = self.substitute(node, declared, &value)?,
                    "schemaLocation" | "noNamespaceSchemaLocation" => {}
                    _ => own_attributes = true,
                }
            } else {
                own_attributes = true;
            }
        }
        match &schema.type_of(type_id).kind {
            Kind::Simple(_) => {
                if own_attributes && self.rules.unknown == Unknown::Report {
                    let own = self.tape.attributes(node).filter(|attribute| !self.is_instance(attribute));
                    let own: Vec<&str> = own.map(|attribute| attribute.local).collect();
                    own.into_iter().for_each(|name| self.pass(node, Some(name)));
                } else if own_attributes {
                    let first = self.tape.attributes(node).find(|attribute| !self.is_instance(attribute));
                    return Err(self.unknown_attribute(node, first.map_or("", |attribute| attribute.local)));
                }
                if nil {
                    return self.check_empty(node);
                }
                let value = self.value(node, type_id, declared)?;
                match action {
                    Action::Document(root, content) => self.document(node, &value, *root, content),
                    action => self.carry(node, action, &value),
                }
            }
            Kind::Complex(complex) => {
                if schema.type_of(type_id).is_abstract {
                    return Err(self.invalid(node, "cvc-type.2", "a type derived from this abstract one, by xsi:type"));
                }
                match action {
                    Action::Message(target, nested) if carried => {
                        self.message(node, type_id, complex, declared, target, nested, nil)
                    }
                    Action::Inline(plan) if carried => {
                        self.content(node, complex, Some(self.plan(*plan)), declared, nil)
                    }
                    _ => self.content(node, complex, None, declared, nil),
                }
            }
        }
    }

    /// An element that is a nested message: opened even where it is empty, as its presence says something.
    #[allow(clippy::too_many_arguments, reason = "the element's facts, each read once")]
    fn message(
        &mut self,
        node: NodeId,
        type_id: TypeId,
        complex: &Complex,
        declared: &Element,
        target: &Target,
        nested: &Nested,
        nil: bool,
    ) -> Result<(), Invalid> {
        if nil {
            return self.content(node, complex, None, declared, true);
        }
        let plan =
            nested.derived.iter().find(|(derived, _)| *derived == type_id).map_or(nested.plan, |(_, plan)| *plan);
        self.reach(&target.path);
        let message = wire::open(self.out, target.field, self.tape.span(node).len());
        let around = std::mem::take(&mut self.open);
        let done = self.content(node, complex, Some(self.plan(plan)), declared, false);
        self.close_to(0);
        self.open = around;
        wire::close(self.out, message);
        done
    }

    /// Whether it is one of the four attributes that every element may have (part 1 §2.6).
    fn is_instance(&self, attribute: &tape::Attribute<'a>) -> bool {
        Some(attribute.namespace) == self.xsi
            && matches!(attribute.local, "nil" | "type" | "schemaLocation" | "noNamespaceSchemaLocation")
    }

    fn plan(&self, id: PlanId) -> &'d TypePlan {
        &self.plans[id.0 as usize]
    }

    /// Attributes and content of a complex type (part 1 §3.4.4); `plan` is `None` where nothing is carried.
    fn content(
        &mut self,
        node: NodeId,
        complex: &Complex,
        plan: Option<&TypePlan>,
        declared: &Element,
        nil: bool,
    ) -> Result<(), Invalid> {
        self.attributes(node, complex, plan)?;
        if nil {
            return self.check_empty(node);
        }
        match &complex.content {
            Content::Empty => self.check_empty(node),
            Content::Simple(simple) => {
                let value = self.value(node, *simple, declared)?;
                match plan {
                    Some(plan) => self.carry(node, &plan.text, &value),
                    None => Ok(()),
                }
            }
            Content::Elements { model, mixed } => self.children(node, model, *mixed, plan),
        }
    }

    fn children(&mut self, node: NodeId, model: &Model, mixed: bool, plan: Option<&TypePlan>) -> Result<(), Invalid> {
        let mut run = model.automaton.start();
        let end = self.tape.end(node);
        let mut child = node + 1;
        while child < end {
            if self.tape.kind(child) == NodeKind::Text {
                if !mixed && !self.tape.is_blank(child) {
                    return Err(self.invalid(node, "cvc-complex-type.2.3", "elements only, no text between them"));
                }
            } else {
                let namespace = self.namespaces[self.tape.namespace(child).0 as usize];
                let step = model.automaton.step(&mut run, namespace, self.tape.local(child));
                let Some(leaf) = step.map_or_else(|| self.otherwise(child, model, &mut run), |leaf| Ok(Some(leaf)))?
                else {
                    child = self.tape.end(child);
                    continue;
                };
                match &model.leaves[leaf.0 as usize] {
                    LeafTerm::Element(id) => match plan {
                        Some(plan) => self.element(child, *id, &plan.leaves[leaf.0 as usize], true)?,
                        None => self.element(child, *id, &Action::Ignore, false)?,
                    },
                    LeafTerm::Any(wildcard) => self.wild(child, wildcard)?,
                }
            }
            child = self.tape.end(child);
        }
        if model.automaton.is_complete(&run) {
            return Ok(());
        }
        let expected = self.names(model, &model.automaton.expected(&run));
        Err(self.invalid(node, "cvc-complex-type.2.4.b", expected))
    }

    /// A child that the content model does not take: by another name if an alias says so, or passed over (`None`)
    /// where the binding lets unknown elements pass. An element that the model knows is no unknown one.
    fn otherwise(&mut self, child: NodeId, model: &Model, run: &mut Run) -> Result<Option<Leaf>, Invalid> {
        let local = self.tape.local(child);
        let namespace = self.namespaces[self.tape.namespace(child).0 as usize];
        let alias = declared_name(self.rules.aliases, local);
        if let Some(leaf) = alias.and_then(|name| model.automaton.step(run, namespace, name)) {
            return Ok(Some(leaf));
        }
        let is_known = model.leaves.iter().any(|leaf| match leaf {
            LeafTerm::Element(id) => *self.schema.element_of(*id).name.local == *local,
            LeafTerm::Any(_) => false,
        });
        if is_known || self.rules.unknown == Unknown::Refuse {
            return Err(self.unexpected(child, model, &model.automaton.expected(run)));
        }
        self.pass(child, None);
        Ok(None)
    }

    /// Notes an element or attribute that is passed over.
    fn pass(&mut self, node: NodeId, attribute: Option<&str>) {
        self.passed.count += 1;
        if self.passed.paths.len() < PASSED_PATHS_MAX {
            let path = self.tape.path_below(node, self.tape.parent(self.root));
            self.passed.paths.push(attribute.map_or(path.clone(), |name| format!("{path}/@{name}")));
        }
    }

    /// A text that is a document of its own; blank, it is absent. Fields go where the message around is.
    fn document(&mut self, node: NodeId, text: &str, root: ElementId, content: &Action) -> Result<(), Invalid> {
        // .NET's writers begin with a byte order mark, which is no part of the document (XML 1.0 §4.3.3).
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        if text.trim_ascii().is_empty() {
            return Ok(());
        }
        let refuse = |asks: String| self.invalid(node, "binding.document", asks);
        if self.depth >= DOCUMENTS_MAX {
            return Err(refuse(format!("at most {DOCUMENTS_MAX} documents within each other")));
        }
        let tape = match Tape::parse(text, self.tape.limits()) {
            Ok(tape) => tape,
            Err(error) => return Err(refuse(format!("a document in the text ({error})"))),
        };
        let name = &self.schema.element_of(root).name;
        let namespace = self.schema.namespace_name(name.namespace);
        if tape.local(0) != &*name.local || tape.namespace_name(tape.namespace(0)) != namespace {
            return Err(refuse(format!("a document <{}> in the text", name.local)));
        }
        let mut inner = Decoder::new(self.schema, self.plans, &tape, tape.root(), self.out);
        (inner.rules, inner.depth) = (self.rules, self.depth + 1);
        inner.open = std::mem::take(&mut self.open);
        let before = std::mem::take(&mut self.passed);
        let done = inner.element(tape.root(), root, content, true).and_then(|()| inner.check_references());
        let (open, passed) = (std::mem::take(&mut inner.open), std::mem::take(&mut inner.passed));
        self.open = open;
        let outer = self.tape.path_below(node, self.tape.parent(self.root));
        self.passed = before.and(passed, &outer);
        let line = self.tape.line(node);
        done.map_err(|found| Invalid { path: outer + &found.path, line: line + found.line - 1, ..found })
    }

    fn attributes(&mut self, node: NodeId, complex: &Complex, plan: Option<&TypePlan>) -> Result<(), Invalid> {
        let mut seen: SmallVec<[bool; 16]> = SmallVec::from_elem(false, complex.attributes.len());
        for attribute in self.tape.attributes(node) {
            if self.is_instance(&attribute) {
                continue;
            }
            let namespace = self.namespaces[attribute.namespace.0 as usize];
            let same = |a: &Attribute| Some(a.name.namespace) == namespace && *a.name.local == *attribute.local;
            let Some(at) = complex.attributes.iter().position(same) else {
                match &complex.any_attribute {
                    Some(any) if any.admits(namespace) => {
                        self.wild_attribute(node, any, namespace, &attribute)?;
                        continue;
                    }
                    _ if self.rules.unknown == Unknown::Report => {
                        self.pass(node, Some(attribute.local));
                        continue;
                    }
                    _ => return Err(self.unknown_attribute(node, attribute.local)),
                }
            };
            seen[at] = true;
            let declared = &complex.attributes[at];
            let value = self.tape.attribute_value(attribute.index);
            let value = self.checked(node, declared.type_id, value, Some(&declared.name.local))?;
            self.check_fixed(node, declared, &value)?;
            if let Some(plan) = plan {
                self.carry_attribute(node, declared, &plan.attributes[at], &value)?;
            }
        }
        for (at, declared) in complex.attributes.iter().enumerate().filter(|(at, _)| !seen[*at]) {
            if declared.required {
                let asks = format!("the attribute {}", declared.name.local);
                return Err(self.invalid(node, "cvc-complex-type.4", asks));
            }
            // A default counts as if it were written (part 1 §3.4.5).
            if let (Some(ValueConstraint::Default(value) | ValueConstraint::Fixed(value)), Some(plan)) =
                (&declared.constraint, plan)
            {
                self.carry_attribute(node, declared, &plan.attributes[at], value)?;
            }
        }
        Ok(())
    }

    fn check_fixed(&self, node: NodeId, declared: &Attribute, value: &str) -> Result<(), Invalid> {
        match &declared.constraint {
            Some(ValueConstraint::Fixed(fixed)) if !self.schema.is_same_value(declared.type_id, fixed, value) => {
                Err(self.at_attribute(node, &declared.name.local, "cvc-attribute.4", format!("always {fixed}")))
            }
            _ => Ok(()),
        }
    }

    /// The text of simple content: default applied, checked, white space treated.
    fn value(&mut self, node: NodeId, type_id: TypeId, declared: &Element) -> Result<Cow<'a, str>, Invalid> {
        if self.tape.end(node) > node + 1 && self.tape.child_elements(node).next().is_some() {
            return Err(self.invalid(node, "cvc-type.3.1.2", "a value, no elements"));
        }
        let text = self.tape.text(node);
        match &declared.constraint {
            Some(ValueConstraint::Default(value) | ValueConstraint::Fixed(value)) if text.is_empty() => {
                // Part 1 §3.3.4 cvc-elt.5.1.1: it must be of the type that xsi:type names, too.
                return self.checked(node, type_id, Cow::Owned(value.to_string()), None);
            }
            _ => {}
        }
        let value = self.checked(node, type_id, text, None)?;
        if let Some(ValueConstraint::Fixed(fixed)) = &declared.constraint
            && !self.schema.is_same_value(type_id, fixed, &value)
        {
            return Err(self.invalid(node, "cvc-elt.5.2.2.2", format!("always {fixed}")));
        }
        Ok(value)
    }

    fn checked(
        &mut self,
        node: NodeId,
        type_id: TypeId,
        text: Cow<'a, str>,
        attribute: Option<&str>,
    ) -> Result<Cow<'a, str>, Invalid> {
        let value = match self.schema.check(type_id, text) {
            Ok(value) => value,
            Err(Violation { rule, asks }) => {
                return Err(match attribute {
                    Some(name) => self.at_attribute(node, name, rule, asks),
                    None => self.invalid(node, rule, asks),
                });
            }
        };
        self.note_identity(node, type_id, &value)?;
        Ok(value)
    }

    /// What a value means to its document: identifiers are noted, prefixes looked up.
    fn note_identity(&mut self, node: NodeId, type_id: TypeId, value: &str) -> Result<(), Invalid> {
        let schema = self.schema;
        let Kind::Simple(simple) = &schema.type_of(type_id).kind else { return Ok(()) };
        match (&simple.variety, simple.identity) {
            (Variety::Atomic(Primitive::QName | Primitive::Notation), _) if !self.has_prefix(node, value) => {
                Err(self.invalid(node, "cvc-datatype-valid.1.2.1", "a prefix that is declared"))
            }
            (Variety::List(item), _) => {
                let mut items = value.split(' ').filter(|item| !item.is_empty());
                match &schema.type_of(*item).kind {
                    Kind::Simple(plain)
                        if plain.identity == Identity::None
                            && !matches!(plain.variety, Variety::Union(_) | Variety::Atomic(Primitive::QName)) =>
                    {
                        Ok(())
                    }
                    _ => items.try_for_each(|part| self.note_identity(node, *item, part)),
                }
            }
            (Variety::Union(members), _) => {
                // A name whose prefix is not declared is no QName: the next member may take it.
                let taken = members.iter().find_map(|&member| {
                    let value = schema.check(member, Cow::Borrowed(value)).ok()?;
                    let is_name = schema.primitive(member) == Some(Primitive::QName);
                    (!is_name || value.split(' ').all(|name| self.has_prefix(node, name))).then_some((member, value))
                });
                match taken {
                    Some((member, value)) => self.note_identity(node, member, &value),
                    None => Err(self.invalid(node, "cvc-datatype-valid.1.2.3", "a prefix that is declared")),
                }
            }
            (_, Identity::Id) => {
                if !self.ids.get_or_insert_default().known.insert(value.to_owned()) {
                    return Err(self.invalid(node, "cvc-id.2", "an ID that no other element has"));
                }
                Ok(())
            }
            (_, Identity::IdRef) => {
                self.ids.get_or_insert_default().wanted.push((node, value.to_string()));
                Ok(())
            }
            (_, Identity::None | Identity::Entity) => Ok(()),
        }
    }

    /// Whether the prefix of a QName value is declared where it stands (part 2 §3.2.18).
    fn has_prefix(&self, node: NodeId, value: &str) -> bool {
        let prefix = value.split_once(':').map_or("", |(prefix, _)| prefix);
        self.tape.resolve_prefix(node, prefix).is_some()
    }

    fn check_references(&self) -> Result<(), Invalid> {
        let Some(ids) = &self.ids else { return Ok(()) };
        match ids.wanted.iter().find(|(_, wanted)| !ids.known.contains(wanted.as_str())) {
            Some((node, _)) => Err(self.invalid(*node, "cvc-id.1", "the ID of an element of this message")),
            None => Ok(()),
        }
    }

    fn carry(&mut self, node: NodeId, action: &Action, value: &str) -> Result<(), Invalid> {
        let Action::Scalar(target, codec) = action else { return Ok(()) };
        self.scalar(target, codec, value).map_err(|(rule, asks)| self.invalid(node, rule, asks))
    }

    fn carry_attribute(
        &mut self,
        node: NodeId,
        declared: &Attribute,
        action: &Action,
        value: &str,
    ) -> Result<(), Invalid> {
        let Action::Scalar(target, codec) = action else { return Ok(()) };
        self.scalar(target, codec, value)
            .map_err(|(rule, asks)| self.at_attribute(node, &declared.name.local, rule, asks))
    }

    /// Appends a value. One that is left out, as the field's default is, brings no message around it into being.
    fn scalar(&mut self, target: &Target, codec: &Codec, value: &str) -> Result<(), Refusal> {
        let shared = self.leave(&target.path);
        let before = self.out.len();
        self.enter(&target.path[shared..]);
        let opened = self.out.len();
        values::write(codec, target.field, value, target.presence || target.repeated, self.out)?;
        if self.out.len() == opened {
            self.out.truncate(before);
            self.open.truncate(shared);
        }
        Ok(())
    }

    /// An element that a wildcard let in (part 1 §3.10.4).
    fn wild(&mut self, node: NodeId, wildcard: &Wildcard) -> Result<(), Invalid> {
        if wildcard.process == Process::Skip {
            return Ok(());
        }
        let namespace = self.tape.namespace_name(self.tape.namespace(node));
        match self.schema.element(namespace, self.tape.local(node)) {
            Some(id) => self.element(node, id, &Action::Ignore, false),
            // Part 1 §3.3.4: laxly assessed is assessed by anyType; strict takes a type named by xsi:type too.
            None if wildcard.process == Process::Lax || self.tape.attribute(node, XSI_NAMESPACE, "type").is_some() => {
                self.declared(node, &undeclared(), &Action::Ignore, false)
            }
            None => Err(self.invalid(node, "cvc-complex-type.2.4.c", "an element that the schema declares")),
        }
    }

    fn wild_attribute(
        &mut self,
        node: NodeId,
        any: &Wildcard,
        namespace: Option<NamespaceId>,
        attribute: &tape::Attribute<'a>,
    ) -> Result<(), Invalid> {
        let global = self.schema.global_attributes.iter();
        let mut global = global.filter(|a| Some(a.name.namespace) == namespace && *a.name.local == *attribute.local);
        match (any.process, global.next()) {
            (Process::Skip, _) | (Process::Lax, None) => Ok(()),
            (_, Some(declared)) => {
                let value = self.tape.attribute_value(attribute.index);
                let value = self.checked(node, declared.type_id, value, Some(&declared.name.local))?;
                self.check_fixed(node, declared, &value)
            }
            (Process::Strict, None) => Err(self.unknown_attribute(node, attribute.local)),
        }
    }

    /// `xsi:nil` (part 1 §3.3.4).
    fn nil(&self, node: NodeId, declared: &Element, value: &str) -> Result<bool, Invalid> {
        let nil = match value.trim_matches(WHITE_SPACE) {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => return Err(self.at_attribute(node, "xsi:nil", "cvc-datatype-valid.1.2.1", "true or false")),
        };
        if !declared.nillable {
            return Err(self.invalid(node, "cvc-elt.3.1", "no xsi:nil: the element is not nillable"));
        }
        if nil && matches!(declared.constraint, Some(ValueConstraint::Fixed(_))) {
            return Err(self.invalid(node, "cvc-elt.3.2.2", "no xsi:nil: the element has a fixed value"));
        }
        Ok(nil)
    }

    /// `xsi:type` (part 1 §3.3.4): the declared type or one derived from it.
    fn substitute(&self, node: NodeId, declared: &Element, value: &str) -> Result<TypeId, Invalid> {
        let value = value.trim_matches(WHITE_SPACE);
        let (prefix, local) = value.split_once(':').unwrap_or(("", value));
        let named = self
            .tape
            .resolve_prefix(node, prefix)
            .and_then(|namespace| self.schema.type_named(self.tape.namespace_name(namespace), local));
        let Some(named) = named else {
            return Err(self.at_attribute(node, "xsi:type", "cvc-elt.4.2", "a type that the schema declares"));
        };
        if !self.schema.may_stand_for(named, declared.type_id, declared.block) {
            let asks = "the element's type or one derived from it";
            return Err(self.at_attribute(node, "xsi:type", "cvc-elt.4.3", asks));
        }
        Ok(named)
    }

    fn check_empty(&self, node: NodeId) -> Result<(), Invalid> {
        if self.tape.end(node) == node + 1 {
            return Ok(());
        }
        Err(self.invalid(node, "cvc-complex-type.2.1", "nothing between its tags"))
    }

    /// Opens the nested messages of a field path; those already open stay.
    fn reach(&mut self, path: &[Around]) {
        let shared = self.leave(path);
        self.enter(&path[shared..]);
    }

    /// Closes the nested messages that are not on a field path; says how many stay open.
    fn leave(&mut self, path: &[Around]) -> usize {
        let shared = self.open.iter().zip(path).take_while(|((open, _), wanted)| *open == wanted.field).count();
        self.close_to(shared);
        shared
    }

    fn enter(&mut self, path: &[Around]) {
        for &Around { field, .. } in path {
            let message = wire::open(self.out, field, 0);
            self.open.push((field, message));
        }
    }

    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            if let Some((_, message)) = self.open.pop() {
                wire::close(self.out, message);
            }
        }
    }

    fn unexpected(&self, node: NodeId, model: &Model, expected: &[Leaf]) -> Invalid {
        let asks = match expected {
            [] => "nothing more".to_owned(),
            expected => self.names(model, expected),
        };
        let is_namesake = |leaf: &Leaf| match &model.leaves[leaf.0 as usize] {
            LeafTerm::Element(id) => {
                let name = &self.schema.element_of(*id).name;
                *name.local == *self.tape.local(node) && self.schema.namespace_name(name.namespace).is_empty()
            }
            LeafTerm::Any(_) => false,
        };
        let asks = if expected.iter().any(is_namesake) { asks + ", in no namespace" } else { asks };
        self.invalid(node, "cvc-complex-type.2.4.a", asks)
    }

    fn names(&self, model: &Model, leaves: &[Leaf]) -> String {
        let name = |leaf: &Leaf| match &model.leaves[leaf.0 as usize] {
            LeafTerm::Element(id) => {
                let name = &self.schema.element_of(*id).name;
                match self.schema.namespace_name(name.namespace) {
                    "" => name.local.to_string(),
                    namespace => format!("{{{namespace}}}{}", name.local),
                }
            }
            LeafTerm::Any(_) => "any element".to_owned(),
        };
        let shown: Vec<String> = leaves.iter().take(SHOWN_MAX).map(name).collect();
        format!("{}{}", shown.join(" or "), if leaves.len() > SHOWN_MAX { " or others" } else { "" })
    }

    fn unknown_attribute(&self, node: NodeId, name: &str) -> Invalid {
        self.at_attribute(node, name, "cvc-complex-type.3.2.2", "no such attribute")
    }

    fn at_attribute(&self, node: NodeId, name: &str, rule: &'static str, asks: impl Into<String>) -> Invalid {
        let mut invalid = self.invalid(node, rule, asks);
        invalid.path.push_str("/@");
        invalid.path.push_str(name);
        invalid
    }

    fn invalid(&self, node: NodeId, rule: &'static str, asks: impl Into<String>) -> Invalid {
        let above = self.tape.parent(self.root);
        let path = self.tape.path_below(node, above);
        Invalid { path, line: self.tape.line(node), rule, asks: asks.into() }
    }
}

/// What stands for the declaration of an element that has none: it has no name either.
fn undeclared() -> Element {
    Element {
        name: Name { namespace: NamespaceId(0), local: "".into() },
        type_id: ANY_TYPE,
        nillable: false,
        constraint: None,
        block: Derivations::default(),
        origin: Origin { file: 0, line: 0 },
    }
}

/// Documents in texts of documents in texts.
const DOCUMENTS_MAX: u32 = 4;
/// Paths kept of what was passed over.
const PASSED_PATHS_MAX: usize = 16;
/// XML's own; Rust's `trim` takes more.
pub(super) const WHITE_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];
/// Names said in a message of what was expected.
const SHOWN_MAX: usize = 8;
