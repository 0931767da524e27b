//! Wire bytes → XML: fields indexed once, elements written in schema order.
//!
//! The content model's tree says what to write and in what order; its automaton is stepped with every element written
//! and every value is checked by its type, so that what leaves is valid or does not leave.

use std::borrow::Cow;

use super::values;
use super::wire::{Fields, Value};
use super::{Outcome, Unwritable};
use crate::binding::STATUS_NAMES;
use crate::binding::plan::{Action, Around, Codec, Nested, Partner, PlanId, Target, TimePattern, TypePlan};
use crate::schema::automaton::Run;
use crate::schema::model::{
    Complex, Content, ElementId, Kind, Leaf, LeafTerm, Model, Particle, TypeId, ValueConstraint,
};
use crate::xml::XSI_NAMESPACE;
use crate::xml::writer::Writer;

/// What the answer's `@code` and `@message` say.
pub(super) struct Said<'s> {
    pub(super) code: &'s str,
    pub(super) message: &'s str,
}

/// Writes an element of this declaration from the message `wire`.
pub(super) fn encode(
    partner: &Partner,
    element: ElementId,
    plan: PlanId,
    wire: &[u8],
    said: &Said<'_>,
    out: &mut Writer,
) -> Result<(), Unwritable> {
    let mut encoder = Encoder { partner, wire, said, out, path: Vec::new(), text: String::new() };
    let tag = &partner.tags[element.0 as usize];
    encoder.out.start(tag);
    for (name, namespace) in &partner.declarations {
        encoder.out.attribute(name, namespace);
    }
    encoder.path.push(element);
    let fields = encoder.index(&[wire])?;
    encoder.complex(partner.schema.element_of(element).type_id, partner.plan(plan), &fields)?;
    encoder.out.end(tag);
    Ok(())
}

/// The business outcome of a refusal, where the partner lists one.
pub(super) fn code<'p>(partner: &'p Partner, outcome: &Outcome<'_>) -> Option<&'p str> {
    let status = usize::try_from(outcome.status).ok().and_then(|at| STATUS_NAMES.get(at))?;
    partner.outcome(status, outcome.reason)
}

struct Encoder<'e, 'w> {
    partner: &'e Partner,
    wire: &'w [u8],
    said: &'e Said<'e>,
    out: &'e mut Writer,
    /// Elements around, for messages.
    path: Vec<ElementId>,
    /// One value's lexical form; kept for its capacity.
    text: String,
}

impl<'w> Encoder<'_, 'w> {
    /// Attributes and content of a complex type; the start tag is open.
    fn complex(&mut self, type_id: TypeId, plan: &TypePlan, fields: &Fields<'w>) -> Result<(), Unwritable> {
        let partner = self.partner;
        let Kind::Complex(complex) = &partner.schema.type_of(type_id).kind else { return Ok(()) };
        self.attributes(complex, plan, fields)?;
        match &complex.content {
            Content::Empty => Ok(()),
            Content::Simple(simple) => {
                let Action::Scalar(target, codec) = &plan.text else { return Ok(()) };
                if self.lexical(target, codec, fields, true)? {
                    self.check_value(*simple, None)?;
                    self.out.text(&self.text);
                }
                Ok(())
            }
            Content::Elements { model, .. } => {
                let mut run = model.automaton.start();
                self.particle(&model.particle, model, plan, fields, &mut run)?;
                if model.automaton.is_complete(&run) {
                    return Ok(());
                }
                let expected = model.automaton.expected(&run);
                let missing = expected.iter().find_map(|leaf| match model.leaves[leaf.0 as usize] {
                    LeafTerm::Element(id) => Some(self.partner.schema.element_of(id).name.local.to_string()),
                    LeafTerm::Any(_) => None,
                });
                let asks = format!("{} is required and has no value", missing.unwrap_or_default());
                Err(self.contract("cvc-complex-type.2.4.b", asks))
            }
        }
    }

    fn attributes(&mut self, complex: &Complex, plan: &TypePlan, fields: &Fields<'w>) -> Result<(), Unwritable> {
        for (declared, action) in complex.attributes.iter().zip(&plan.attributes) {
            let name = match &*self.partner.prefixes[declared.name.namespace.0 as usize] {
                "" => Cow::Borrowed(&*declared.name.local),
                prefix => Cow::Owned(format!("{prefix}:{}", declared.name.local)),
            };
            match action {
                Action::Scalar(target, codec) => {
                    if self.lexical(target, codec, fields, declared.required)? {
                        self.check_value(declared.type_id, Some(&declared.name.local))?;
                        self.out.attribute(&name, &self.text);
                    } else if declared.required {
                        let asks = format!("the attribute {} is required and has no value", declared.name.local);
                        return Err(self.contract("cvc-complex-type.4", asks));
                    }
                }
                Action::OutcomeCode => self.out.attribute(&name, self.said.code),
                Action::OutcomeMessage => self.out.attribute(&name, self.said.message),
                _ => match &declared.constraint {
                    Some(ValueConstraint::Fixed(value)) if declared.required => self.out.attribute(&name, value),
                    _ if declared.required => {
                        let asks = format!("the attribute {} is required and not bound", declared.name.local);
                        return Err(self.contract("cvc-complex-type.4", asks));
                    }
                    _ => {}
                },
            }
        }
        Ok(())
    }

    fn particle(
        &mut self,
        particle: &Particle,
        model: &Model,
        plan: &TypePlan,
        fields: &Fields<'w>,
        run: &mut Run,
    ) -> Result<bool, Unwritable> {
        match particle {
            Particle::Leaf(leaf, occurs) => self.leaf(*leaf, occurs.min > 0, model, plan, fields, run),
            Particle::Sequence(members, occurs) | Particle::All(members, occurs) => {
                // An optional group is written where one of its members has something to say: the required ones
                // among them then must.
                if occurs.min == 0 && !members.iter().any(|member| self.has_content(member, plan, fields)) {
                    return Ok(false);
                }
                let mut wrote = false;
                for member in members {
                    wrote |= self.particle(member, model, plan, fields, run)?;
                }
                Ok(wrote)
            }
            Particle::Choice(members, occurs) => {
                let repeats = occurs.max != Some(1);
                let mut wrote = false;
                for member in members {
                    if self.has_content(member, plan, fields) && (repeats || !wrote) {
                        wrote |= self.particle(member, model, plan, fields, run)?;
                    }
                }
                Ok(wrote)
            }
        }
    }

    /// Whether a particle has a field that is present.
    fn has_content(&self, particle: &Particle, plan: &TypePlan, fields: &Fields<'w>) -> bool {
        match particle {
            Particle::Leaf(leaf, _) => self.action_has_content(&plan.leaves[leaf.0 as usize], fields),
            Particle::Sequence(members, _) | Particle::Choice(members, _) | Particle::All(members, _) => {
                members.iter().any(|member| self.has_content(member, plan, fields))
            }
        }
    }

    fn action_has_content(&self, action: &Action, fields: &Fields<'w>) -> bool {
        match action {
            Action::Scalar(target, _) | Action::Message(target, _) => self.is_present(target, fields),
            Action::Inline(inner) => self.plan_has_content(*inner, fields),
            Action::Document(_, content) => self.action_has_content(content, fields),
            Action::OutcomeCode | Action::OutcomeMessage => true,
            Action::Ignore => false,
        }
    }

    fn plan_has_content(&self, plan: PlanId, fields: &Fields<'w>) -> bool {
        let plan = self.partner.plan(plan);
        let Kind::Complex(complex) = &self.partner.schema.type_of(plan.type_id).kind else { return false };
        let bound = plan.attributes.iter().chain([&plan.text]);
        let scalar = |action: &Action| matches!(action, Action::Scalar(target, _) if self.is_present(target, fields));
        if bound.into_iter().any(scalar) {
            return true;
        }
        match &complex.content {
            Content::Elements { model, .. } => self.has_content(&model.particle, plan, fields),
            _ => false,
        }
    }

    fn is_present(&self, target: &Target, fields: &Fields<'w>) -> bool {
        if target.path.is_empty() {
            let all = fields.all(target.field);
            return all
                .last()
                .is_some_and(|(_, value)| target.presence || target.repeated || !values::is_default(value));
        }
        match self.nested_fields(&target.path, fields) {
            Ok(Some(inner)) => self.is_present(&Target { path: Box::new([]), ..target.clone() }, &inner),
            _ => false,
        }
    }

    fn leaf(
        &mut self,
        leaf: Leaf,
        required: bool,
        model: &Model,
        plan: &TypePlan,
        fields: &Fields<'w>,
        run: &mut Run,
    ) -> Result<bool, Unwritable> {
        let LeafTerm::Element(id) = model.leaves[leaf.0 as usize] else { return Ok(false) };
        match &plan.leaves[leaf.0 as usize] {
            Action::Ignore => self.unbound(id, required, model, run),
            Action::OutcomeCode => self.plain(id, self.said.code, model, run).map(|()| true),
            Action::OutcomeMessage if self.said.message.is_empty() && !required => Ok(false),
            Action::OutcomeMessage => {
                let type_id = self.partner.schema.element_of(id).type_id;
                let fits = self.partner.schema.check(type_id, Cow::Borrowed(self.said.message)).is_ok();
                let message = if fits { self.said.message } else { "" };
                if message.is_empty() && !required {
                    return Ok(false);
                }
                self.plain(id, message, model, run).map(|()| true)
            }
            Action::Scalar(target, codec) if target.repeated => self.list(id, target, codec, model, fields, run),
            Action::Scalar(target, codec) => {
                if !self.lexical(target, codec, fields, required)? {
                    return match codec {
                        Codec::Time(TimePattern { empty_is_absent: true, .. })
                        | Codec::Date(TimePattern { empty_is_absent: true, .. }) => {
                            self.empty_or_nothing(id, required, model, run)
                        }
                        _ => self.nil_or_nothing(id, required, model, run),
                    };
                }
                self.value_element(id, model, run)?;
                Ok(true)
            }
            Action::Document(root, content) => {
                if !self.action_has_content(content, fields) {
                    return self.empty_or_nothing(id, required, model, run);
                }
                self.document(*root, content, fields)?;
                self.value_element(id, model, run)?;
                Ok(true)
            }
            Action::Message(target, nested) => self.messages(id, target, nested, required, model, fields, run),
            Action::Inline(inner) => {
                if !required && !self.plan_has_content(*inner, fields) {
                    return Ok(false);
                }
                self.open(id, model, run)?;
                let type_id = self.partner.schema.element_of(id).type_id;
                self.complex(type_id, self.partner.plan(*inner), fields)?;
                self.close(id);
                Ok(true)
            }
        }
    }

    /// An element that is bound to nothing: only one with a value of its own can be required.
    fn unbound(&mut self, id: ElementId, required: bool, model: &Model, run: &mut Run) -> Result<bool, Unwritable> {
        let partner = self.partner;
        match &partner.schema.element_of(id).constraint {
            Some(ValueConstraint::Fixed(value) | ValueConstraint::Default(value)) if required => {
                self.plain(id, value, model, run).map(|()| true)
            }
            _ => Ok(false),
        }
    }

    fn list(
        &mut self,
        id: ElementId,
        target: &Target,
        codec: &Codec,
        model: &Model,
        fields: &Fields<'w>,
        run: &mut Run,
    ) -> Result<bool, Unwritable> {
        let inner;
        let fields = match &*target.path {
            [] => fields,
            path => match self.nested_fields(path, fields)? {
                Some(found) => {
                    inner = found;
                    &inner
                }
                None => return Ok(false),
            },
        };
        let mut values = Vec::new();
        for (_, value) in fields.all(target.field) {
            values::unpack(codec, *value, &mut |one| values.push(one)).ok_or_else(|| self.mismatch(target))?;
        }
        for value in &values {
            values::read(codec, Some(*value), &mut self.text).ok_or_else(|| self.mismatch(target))?;
            self.value_element(id, model, run)?;
        }
        Ok(!values.is_empty())
    }

    #[allow(clippy::too_many_arguments, reason = "one leaf's facts, each read once")]
    fn messages(
        &mut self,
        id: ElementId,
        target: &Target,
        nested: &Nested,
        required: bool,
        model: &Model,
        fields: &Fields<'w>,
        run: &mut Run,
    ) -> Result<bool, Unwritable> {
        let inner;
        let fields = match &*target.path {
            [] => fields,
            path => match self.nested_fields(path, fields)? {
                Some(found) => {
                    inner = found;
                    &inner
                }
                None => return self.nil_or_nothing(id, required, model, run),
            },
        };
        let pieces = self.pieces(target.field, fields, target)?;
        if pieces.is_empty() {
            return self.nil_or_nothing(id, required, model, run);
        }
        let groups: Vec<&[&'w [u8]]> = match target.repeated {
            true => pieces.chunks(1).collect(),
            false => vec![&pieces[..]],
        };
        for group in groups {
            let fields = self.index(group)?;
            self.open(id, model, run)?;
            let declared = self.partner.schema.element_of(id).type_id;
            let (type_id, plan) = self.type_for(declared, nested, &fields);
            if type_id != declared {
                self.write_type(type_id);
            }
            self.complex(type_id, self.partner.plan(plan), &fields)?;
            self.close(id);
        }
        Ok(true)
    }

    /// Puts a document into `text`: its element and what belongs in it.
    fn document(&mut self, root: ElementId, content: &Action, fields: &Fields<'w>) -> Result<(), Unwritable> {
        let partner = self.partner;
        let around = std::mem::take(self.out);
        let tag = &partner.tags[root.0 as usize];
        self.path.push(root);
        self.out.start(tag);
        let type_id = partner.schema.element_of(root).type_id;
        let written = match content {
            Action::Inline(plan) => self.complex(type_id, partner.plan(*plan), fields),
            Action::Message(target, nested) => self.document_message(type_id, target, nested, fields),
            _ => Ok(()),
        };
        self.out.end(tag);
        self.path.pop();
        let document = std::mem::replace(self.out, around);
        written?;
        let document = String::from_utf8(document.into_bytes()).unwrap_or_default();
        let rest = document.get(1 + tag.len()..).unwrap_or_default();
        let mut head = Writer::default();
        head.start(tag);
        for (name, namespace) in &partner.declarations {
            let prefix = name.strip_prefix("xmlns:").unwrap_or_default();
            // What stands in texts and values has no <; a blank may only declare what is not used.
            if ["<", " "].iter().any(|before| document.contains(&format!("{before}{prefix}:"))) {
                head.attribute(name, namespace);
            }
        }
        self.text = String::from_utf8(head.into_bytes()).unwrap_or_default() + rest;
        Ok(())
    }

    fn document_message(
        &mut self,
        type_id: TypeId,
        target: &Target,
        nested: &Nested,
        fields: &Fields<'w>,
    ) -> Result<(), Unwritable> {
        let inner = self.nested_fields(&target.path, fields)?;
        let pieces = self.pieces(target.field, inner.as_ref().unwrap_or(fields), target)?;
        let fields = self.index(&pieces)?;
        self.complex(type_id, self.partner.plan(nested.plan), &fields)
    }

    /// An empty element for what is required and absent, where empty means absent.
    fn empty_or_nothing(
        &mut self,
        id: ElementId,
        required: bool,
        model: &Model,
        run: &mut Run,
    ) -> Result<bool, Unwritable> {
        let type_id = self.partner.schema.element_of(id).type_id;
        if !required || self.partner.schema.check(type_id, Cow::Borrowed("")).is_err() {
            return self.nil_or_nothing(id, required, model, run);
        }
        self.plain(id, "", model, run).map(|()| true)
    }

    /// The declared type of an element, or the derived one that has room for more of what is there.
    fn type_for(&self, declared: TypeId, nested: &Nested, fields: &Fields<'w>) -> (TypeId, PlanId) {
        let base = self.partner.plan(nested.plan);
        let targets = |plan: PlanId| {
            let plan = self.partner.plan(plan);
            plan.leaves.iter().chain(&plan.attributes).filter_map(Action::target)
        };
        let is_in_base = |target: &Target| {
            let all = base.leaves.iter().chain(&base.attributes).filter_map(Action::target);
            all.into_iter().any(|known| (&known.path, known.field) == (&target.path, target.field))
        };
        let more = |plan: PlanId| {
            targets(plan).filter(|target| !is_in_base(target) && self.is_present(target, fields)).count()
        };
        let is_abstract = |type_id: TypeId| self.partner.schema.type_of(type_id).is_abstract;
        let mut chosen = (declared, nested.plan);
        let mut most = 0;
        for &(type_id, plan) in nested.derived.iter().filter(|(type_id, _)| !is_abstract(*type_id)) {
            let count = more(plan);
            if count > most || (is_abstract(chosen.0) && most == 0) {
                (chosen, most) = ((type_id, plan), count);
            }
        }
        chosen
    }

    /// `xsi:type`, with what it needs.
    fn write_type(&mut self, type_id: TypeId) {
        let partner = self.partner;
        let Some(name) = &partner.schema.type_of(type_id).name else { return };
        self.out.attribute("xmlns:xsi", XSI_NAMESPACE);
        let prefix = &partner.prefixes[name.namespace.0 as usize];
        let declaration = format!("xmlns:{prefix}");
        if !prefix.is_empty() && !partner.declarations.iter().any(|(declared, _)| **declared == *declaration) {
            self.out.attribute(&declaration, partner.schema.namespace_name(name.namespace));
        }
        let written = if prefix.is_empty() { name.local.to_string() } else { format!("{prefix}:{}", name.local) };
        self.out.attribute("xsi:type", &written);
    }

    /// `xsi:nil` for what is required, absent and may be nil; else nothing, and the automaton judges.
    fn nil_or_nothing(
        &mut self,
        id: ElementId,
        required: bool,
        model: &Model,
        run: &mut Run,
    ) -> Result<bool, Unwritable> {
        if !required || !self.partner.schema.element_of(id).nillable {
            return Ok(false);
        }
        self.open(id, model, run)?;
        self.out.attribute("xmlns:xsi", XSI_NAMESPACE);
        self.out.attribute("xsi:nil", "true");
        self.close(id);
        Ok(true)
    }

    /// Puts a singular field's lexical form into `text`; `false` where it is absent. An implicit field at its default
    /// counts as absent unless the place for it is required.
    fn lexical(
        &mut self,
        target: &Target,
        codec: &Codec,
        fields: &Fields<'w>,
        required: bool,
    ) -> Result<bool, Unwritable> {
        let inner;
        let fields = match &*target.path {
            [] => fields,
            path => match self.nested_fields(path, fields)? {
                Some(found) => {
                    inner = found;
                    &inner
                }
                None => {
                    inner = Fields::default();
                    &inner
                }
            },
        };
        // A message that stands for a value may be scattered, like any other.
        let value = match codec {
            Codec::Time(_) | Codec::DateTime { .. } | Codec::Date(_) | Codec::Duration => {
                match self.pieces(target.field, fields, target)?.as_slice() {
                    [] => None,
                    [one] => Some(Value::Bytes(one)),
                    [.., last] => Some(Value::Bytes(last)),
                }
            }
            _ => fields.all(target.field).last().map(|(_, value)| *value),
        };
        let absent = match &value {
            None => target.presence || !required || matches!(codec, Codec::Enum(_)),
            Some(value) => {
                let empty = values::is_default(value) && !target.presence;
                empty && (!required || matches!(codec, Codec::Enum(_)))
            }
        };
        if absent {
            return Ok(false);
        }
        values::read(codec, value, &mut self.text).ok_or_else(|| self.mismatch(target))?;
        Ok(true)
    }

    fn value_element(&mut self, id: ElementId, model: &Model, run: &mut Run) -> Result<(), Unwritable> {
        let type_id = self.partner.schema.element_of(id).type_id;
        self.open(id, model, run)?;
        self.check_value(type_id, None)?;
        self.out.text(&self.text);
        self.close(id);
        Ok(())
    }

    fn plain(&mut self, id: ElementId, value: &str, model: &Model, run: &mut Run) -> Result<(), Unwritable> {
        self.text.clear();
        self.text.push_str(value);
        self.value_element(id, model, run)
    }

    fn check_value(&mut self, type_id: TypeId, attribute: Option<&str>) -> Result<(), Unwritable> {
        match self.partner.schema.check(type_id, Cow::Borrowed(&self.text)) {
            Ok(_) => Ok(()),
            Err(violation) => {
                let mut error = self.contract(violation.rule, violation.asks);
                if let (Unwritable::Contract { path, .. }, Some(name)) = (&mut error, attribute) {
                    *path = format!("{path}/@{name}");
                }
                Err(error)
            }
        }
    }

    fn open(&mut self, id: ElementId, model: &Model, run: &mut Run) -> Result<(), Unwritable> {
        self.path.push(id);
        let name = &self.partner.schema.element_of(id).name;
        if model.automaton.step(run, Some(name.namespace), &name.local).is_none() {
            return Err(self.contract("cvc-complex-type.2.4.a", "fewer of this element, or none here"));
        }
        self.out.start(&self.partner.tags[id.0 as usize]);
        Ok(())
    }

    fn close(&mut self, id: ElementId) {
        self.out.end(&self.partner.tags[id.0 as usize]);
        self.path.pop();
    }

    /// The merged fields of a nested message at the end of a path; `None` where one on the way is absent.
    fn nested_fields(&self, path: &[Around], fields: &Fields<'w>) -> Result<Option<Fields<'w>>, Unwritable> {
        let mut inner: Option<Fields<'w>> = None;
        for step in path {
            let around = inner.as_ref().unwrap_or(fields);
            let values = around.all(step.field);
            let pieces: Vec<&'w [u8]> = values.iter().filter_map(|(_, value)| bytes(value)).collect();
            if pieces.is_empty() {
                return Ok(None);
            }
            if step.repeated && pieces.len() > 1 {
                return Err(self.contract("binding.first", "one item at most: the contract has no place for more"));
            }
            inner = Some(self.index(&pieces)?);
        }
        Ok(inner)
    }

    fn pieces(&self, field: u32, fields: &Fields<'w>, target: &Target) -> Result<Vec<&'w [u8]>, Unwritable> {
        let piece = |(_, value): &(u32, Value<'w>)| bytes(value).ok_or_else(|| self.mismatch(target));
        fields.all(field).iter().map(piece).collect()
    }

    fn index(&self, pieces: &[&'w [u8]]) -> Result<Fields<'w>, Unwritable> {
        Fields::index(pieces, self.wire).map_err(|offset| Unwritable::Wire { offset })
    }

    fn mismatch(&self, target: &Target) -> Unwritable {
        self.contract("binding.value", format!("the field {} has a value that does not convert", target.name))
    }

    fn contract(&self, rule: &'static str, asks: impl Into<String>) -> Unwritable {
        let name = |id: &ElementId| format!("/{}", self.partner.schema.element_of(*id).name.local);
        Unwritable::Contract { path: self.path.iter().map(name).collect(), rule, asks: asks.into() }
    }
}

fn bytes<'w>(value: &Value<'w>) -> Option<&'w [u8]> {
    match value {
        Value::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}
