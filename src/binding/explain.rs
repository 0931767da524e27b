//! A compiled plan for people: every element, its type and limits, the field it becomes.

use std::fmt::Write;

use super::plan::{Action, Codec, Effect, OperationId, Partner, PlanId, Step, Subjects, TypePlan};
use crate::schema::model::{Attribute, Content, Kind, Leaf, LeafTerm, Occurs, Particle, TypeId, ValueConstraint};
use crate::schema::value::{Facets, Variety};

/// Prints one operation: what it calls, what makes it the same request, both messages.
pub fn explain(partner: &Partner, operation: OperationId) -> String {
    let operation = partner.operation_of(operation);
    let mut out = String::new();
    let answer = &partner.schema.element_of(operation.answer_element).name.local;
    line(&mut out, 0, &format!("{} → {}", operation.name, operation.method), "");
    let effect = match operation.effect {
        Effect::Read => "read: may be repeated freely".to_owned(),
        Effect::Once => "once: a repeat gets the first answer".to_owned(),
        Effect::State => "state: the newest holds; a repeat of its message id gets the first answer".to_owned(),
    };
    line(&mut out, 1, "effect", &effect);
    if !operation.key.is_empty() {
        let paths: Vec<String> = operation.key.iter().map(|steps| show_path(steps)).collect();
        line(&mut out, 1, "same request by", &format!("message id, or {}", paths.join(" and ")));
    }
    rights(&mut out, &operation.subjects);
    for (name, plan) in [(operation.name.as_str(), operation.request), (answer, operation.answer)] {
        line(&mut out, 0, name, &format!("↔ {}", partner.plan(plan).message));
        Explainer { partner, out: &mut out, open: Vec::new() }.plan(plan, 1);
    }
    out
}

/// What a member must have a right to.
fn rights(out: &mut String, subjects: &Subjects) {
    let each =
        if subjects.each.is_empty() { "the message".to_owned() } else { format!("each {}", show_path(&subjects.each)) };
    for (left, paths) in [("right to agencies", &subjects.agencies), ("right to procedures", &subjects.procedures)] {
        if !paths.is_empty() {
            let paths: Vec<String> = paths.iter().map(|steps| show_path(steps)).collect();
            line(out, 1, left, &format!("{} of {each}", paths.join(" and ")));
        }
    }
}

struct Explainer<'e> {
    partner: &'e Partner,
    out: &'e mut String,
    /// Plans being printed: a recursive type is printed once.
    open: Vec<PlanId>,
}

impl Explainer<'_> {
    fn plan(&mut self, id: PlanId, depth: usize) {
        let plan = self.partner.plan(id);
        if self.open.contains(&id) {
            line(self.out, depth, "…", "the same again");
            return;
        }
        let Kind::Complex(complex) = &self.partner.schema.type_of(plan.type_id).kind else { return };
        self.open.push(id);
        let personal = &plan.personal;
        let attributes = plan.attributes.iter().zip(&personal.attributes);
        for (attribute, (action, &is_personal)) in complex.attributes.iter().zip(attributes) {
            let occurs = if attribute.required { "1" } else { "0..1" };
            let name = format!("@{} {occurs}", attribute.name.local);
            line(
                self.out,
                depth,
                &name,
                &self.value(attribute.type_id, action, said(constraint(attribute), is_personal)),
            );
        }
        match &complex.content {
            Content::Simple(simple) => {
                line(self.out, depth, "#text", &self.value(*simple, &plan.text, said(None, personal.text)))
            }
            Content::Elements { model, .. } => self.particle(&model.particle, &model.leaves, plan, depth),
            Content::Empty => {}
        }
        self.open.pop();
    }

    fn particle(&mut self, particle: &Particle, leaves: &[LeafTerm], plan: &TypePlan, depth: usize) {
        let (members, occurs, word) = match particle {
            Particle::Leaf(leaf, occurs) => {
                return self.leaf(&leaves[leaf.0 as usize], (plan, *leaf), *occurs, depth);
            }
            Particle::Sequence(members, occurs) => (members, occurs, "in order"),
            Particle::Choice(members, occurs) => (members, occurs, "one of"),
            Particle::All(members, occurs) => (members, occurs, "in any order"),
        };
        let plain = matches!(particle, Particle::Sequence(..)) && *occurs == Occurs { min: 1, max: Some(1) };
        if !plain {
            line(self.out, depth, &format!("({word} {})", show_occurs(*occurs)), "");
        }
        for member in members {
            self.particle(member, leaves, plan, depth + usize::from(!plain));
        }
    }

    fn leaf(&mut self, term: &LeafTerm, (plan, at): (&TypePlan, Leaf), occurs: Occurs, depth: usize) {
        let action = &plan.leaves[at.0 as usize];
        let LeafTerm::Element(id) = term else {
            line(self.out, depth, &format!("(any element {})", show_occurs(occurs)), "validated, not carried");
            return;
        };
        let element = self.partner.schema.element_of(*id);
        let name = format!("{} {}", element.name.local, show_occurs(occurs));
        let fixed = match &element.constraint {
            Some(ValueConstraint::Default(value)) => Some(format!("default {value}")),
            Some(ValueConstraint::Fixed(value)) => Some(format!("always {value}")),
            None => None,
        };
        line(
            self.out,
            depth,
            &name,
            &self.value(element.type_id, action, said(fixed, plan.personal.leaves[at.0 as usize])),
        );
        let content = if let Action::Document(_, content) = action { content } else { action };
        match content {
            Action::Message(_, nested) => self.plan(nested.plan, depth + 1),
            Action::Inline(plan) => self.plan(*plan, depth + 1),
            _ => {}
        }
    }

    fn value(&self, type_id: TypeId, action: &Action, more: Vec<String>) -> String {
        let mut said = vec![self.type_name(type_id)];
        if let Kind::Simple(simple) = &self.partner.schema.type_of(type_id).kind {
            said.extend(limits(&simple.facets));
        }
        said.extend(more);
        let becomes = match action {
            Action::Document(root, content) => {
                let name = &self.partner.schema.element_of(*root).name.local;
                let content = match &**content {
                    Action::Message(target, nested) => {
                        format!("{} ({})", target.name, self.partner.plan(nested.plan).message)
                    }
                    _ => "a wrapper".to_owned(),
                };
                format!("a document <{name}> in the text: {content}")
            }
            Action::Ignore => "not carried".to_owned(),
            Action::Scalar(target, codec) => format!("{}{}", target.name, show_codec(codec)),
            Action::Message(target, nested) => {
                format!("{} ({})", target.name, self.partner.plan(nested.plan).message)
            }
            Action::Inline(_) => "a wrapper".to_owned(),
            Action::OutcomeCode => "the outcome's code".to_owned(),
            Action::OutcomeMessage => "the outcome's text".to_owned(),
        };
        format!("{} → {becomes}", said.join(", "))
    }

    fn type_name(&self, type_id: TypeId) -> String {
        let declared = self.partner.schema.type_of(type_id);
        match (&declared.name, &declared.kind) {
            (Some(name), _) => name.local.to_string(),
            (None, Kind::Simple(simple)) => match simple.variety {
                Variety::List(_) => "a list".into(),
                Variety::Union(_) => "a union".into(),
                Variety::Atomic(_) => declared.base.map_or_else(String::new, |base| self.type_name(base)),
            },
            (None, Kind::Complex(_)) => "elements".into(),
        }
    }
}

fn limits(facets: &Facets) -> Vec<String> {
    let mut said = Vec::new();
    match (facets.length, facets.length_min, facets.length_max) {
        (Some(exact), ..) => said.push(format!("length {exact}")),
        (None, min, Some(max)) => said.push(format!("length {}..{max}", min.unwrap_or(0))),
        (None, Some(min), None) => said.push(format!("length {min}..")),
        _ => {}
    }
    if let Some(allowed) = &facets.enumeration {
        let shown: Vec<&str> = allowed.iter().take(12).map(|one| &**one).collect();
        said.push(format!("one of {}{}", shown.join(" "), if allowed.len() > 12 { " …" } else { "" }));
    }
    said.extend(facets.patterns.iter().map(|pattern| format!("pattern {}", pattern.written())));
    if let Some(min) = &facets.min {
        said.push(format!("{} {}", if min.inclusive { "≥" } else { ">" }, min.value));
    }
    if let Some(max) = &facets.max {
        said.push(format!("{} {}", if max.inclusive { "≤" } else { "<" }, max.value));
    }
    if let Some(digits) = facets.digits_max {
        said.push(format!("{digits} digits"));
    }
    if let Some(digits) = facets.fraction_digits_max {
        said.push(format!("{digits} decimals"));
    }
    said
}

fn show_path(steps: &[Step]) -> String {
    if steps.is_empty() {
        return "the whole content".to_owned();
    }
    steps.iter().map(show_step).collect::<Vec<_>>().join("/")
}

fn show_codec(codec: &Codec) -> String {
    match codec {
        Codec::Text => String::new(),
        Codec::Bool(yes, no) => format!(" (bool: {yes} / {no})"),
        Codec::Integer(wire) => format!(" ({})", format!("{wire:?}").to_lowercase()),
        Codec::Scaled(scale, _) => format!(" (int64 × 10⁻{scale})"),
        Codec::Double => " (double)".into(),
        Codec::Float => " (float)".into(),
        Codec::Base64 => " (bytes, base64)".into(),
        Codec::Hex => " (bytes, hexadecimal)".into(),
        Codec::Enum(words) => {
            let words: Vec<String> = words.pairs.iter().map(|(word, number)| format!("{word}={number}")).collect();
            format!(" (enum: {})", words.join(" "))
        }
        Codec::Time(pattern) => {
            let empty = if pattern.empty_is_absent { ", empty is absent" } else { "" };
            format!(" (Timestamp: {}, {:+} min{empty})", pattern.written, pattern.zone)
        }
        Codec::DateTime { .. } => " (Timestamp)".into(),
        Codec::Date(pattern) => format!(" (Date: {})", pattern.written),
        Codec::Duration => " (Duration)".into(),
    }
}

fn constraint(attribute: &Attribute) -> Option<String> {
    match &attribute.constraint {
        Some(ValueConstraint::Default(value)) => Some(format!("default {value}")),
        Some(ValueConstraint::Fixed(value)) => Some(format!("always {value}")),
        None => None,
    }
}

/// What a binding and a schema say of a place beside its type.
fn said(fixed: Option<String>, is_personal: bool) -> Vec<String> {
    fixed.into_iter().chain(is_personal.then(|| "personal".to_owned())).collect()
}

fn show_occurs(occurs: Occurs) -> String {
    match (occurs.min, occurs.max) {
        (1, Some(1)) => "1".into(),
        (min, Some(max)) => format!("{min}..{max}"),
        (min, None) => format!("{min}..n"),
    }
}

fn show_step(step: &Step) -> String {
    match step {
        Step::Element(_, name) => name.to_string(),
        Step::Attribute(_, name) => format!("@{name}"),
    }
}

fn line(out: &mut String, depth: usize, left: &str, right: &str) {
    let left = format!("{}{left}", "  ".repeat(depth));
    let width = left.chars().count();
    let gap = " ".repeat(44usize.saturating_sub(width).max(1));
    match right {
        "" => writeln!(out, "{left}"),
        _ => writeln!(out, "{left}{gap}{right}"),
    }
    .expect("a string");
}
