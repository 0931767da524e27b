//! What of a message is personal by its binding's marks, as places in its text: for masking.
//!
//! It is asked of messages that may be invalid, too, so children are found by their names alone, in any order. Where a
//! name may mean several things, one of them marked is enough; what no contract knows is taken for personal.

use std::ops::Range;

use crate::binding::plan::{Action, Partner, PlanId, TypePlan};
use crate::schema::model::{Content, Kind, LeafTerm, Name};
use crate::xml::XSI_NAMESPACE;
use crate::xml::tape::{NodeId, NodeKind, Tape};

/// Ranges of the tape's text, in order and apart.
pub(super) fn find(partner: &Partner, tape: &Tape<'_>, node: NodeId, plan: PlanId) -> Vec<Range<usize>> {
    let mut finder = Finder { partner, tape, found: Vec::new() };
    finder.inside(node, &[plan]);
    let mut found = finder.found;
    found.retain(|range| !range.is_empty());
    found.sort_unstable_by_key(|range| (range.start, usize::MAX - range.end));
    // What lies within a range before it says nothing new.
    let mut end = 0;
    found.retain(|range| {
        let is_new = range.end > end;
        end = end.max(range.end);
        is_new
    });
    found
}

struct Finder<'f, 'a> {
    partner: &'f Partner,
    tape: &'f Tape<'a>,
    found: Vec<Range<usize>>,
}

/// What the plans say of one child.
#[derive(Default)]
struct Said {
    is_known: bool,
    is_marked: bool,
    /// Whether all that knows it lets it be.
    is_ignored: bool,
    /// The plans of its content; several where its name or its type is ambiguous.
    inside: Vec<PlanId>,
}

impl Finder<'_, '_> {
    /// An element that is not personal as a whole, whose content these plans may be about; none for a value.
    fn inside(&mut self, node: NodeId, plans: &[PlanId]) {
        let (partner, tape) = (self.partner, self.tape);
        for attribute in tape.attributes(node) {
            let namespace = tape.namespace_name(attribute.namespace);
            if namespace != XSI_NAMESPACE && self.is_marked_attribute(plans, namespace, attribute.local) {
                self.found.push(tape.attribute_span(attribute.index));
            }
        }
        let plans: Vec<&TypePlan> = plans.iter().map(|&id| partner.plan(id)).collect();
        if plans.iter().any(|plan| plan.personal.text) {
            self.found.push(tape.content_span(node));
            return;
        }
        let holds_text = plans.iter().all(|plan| matches!(self.content(plan), Some(Content::Simple(_))));
        for child in tape.children(node) {
            if tape.kind(child) == NodeKind::Text {
                if !holds_text && !tape.is_blank(child) {
                    self.found.push(tape.span(child));
                }
                continue;
            }
            let said = self.said(child, &plans);
            if !said.is_known || said.is_marked {
                self.whole(child);
            } else if !said.is_ignored {
                self.inside(child, &said.inside);
            }
        }
    }

    /// All that stands in an element: its content, and its attributes' values.
    fn whole(&mut self, node: NodeId) {
        let values = self.tape.attributes(node).map(|attribute| self.tape.attribute_span(attribute.index));
        self.found.extend(values);
        self.found.push(self.tape.content_span(node));
    }

    fn said(&self, child: NodeId, plans: &[&TypePlan]) -> Said {
        let mut said = Said { is_ignored: true, ..Said::default() };
        for plan in plans {
            let Some(Content::Elements { model, .. }) = self.content(plan) else { continue };
            for (at, leaf) in model.leaves.iter().enumerate() {
                let LeafTerm::Element(id) = leaf else { continue };
                if !self.is_called(child, &self.partner.schema.element_of(*id).name) {
                    continue;
                }
                let action = &plan.leaves[at];
                said.is_known = true;
                said.is_marked |= plan.personal.leaves[at] || self.is_marked_document(action);
                said.is_ignored &= matches!(action, Action::Ignore);
                said.inside.extend(plans_of(action));
            }
        }
        said
    }

    /// By its name, or by another that an alias gives it, as the decoder reads it.
    fn is_called(&self, child: NodeId, name: &Name) -> bool {
        let namespace = self.tape.namespace_name(self.tape.namespace(child));
        self.partner.schema.namespace_name(name.namespace) == namespace
            && self.partner.means(self.tape.local(child), &name.local)
    }

    fn is_marked_attribute(&self, plans: &[PlanId], namespace: &str, local: &str) -> bool {
        let mut is_known = false;
        for plan in plans.iter().map(|&id| self.partner.plan(id)) {
            let Kind::Complex(complex) = &self.partner.schema.type_of(plan.type_id).kind else { continue };
            for (attribute, &is_marked) in complex.attributes.iter().zip(&plan.personal.attributes) {
                let name = &attribute.name;
                if *name.local == *local && self.partner.schema.namespace_name(name.namespace) == namespace {
                    is_known = true;
                    if is_marked {
                        return true;
                    }
                }
            }
        }
        !is_known
    }

    /// A document in a text of which anything is marked: places in it are none of the text around.
    fn is_marked_document(&self, action: &Action) -> bool {
        let Action::Document(_, content) = action else { return false };
        let mut seen: Vec<PlanId> = Vec::new();
        let mut open = plans_of(content);
        while let Some(id) = open.pop() {
            if seen.contains(&id) {
                continue;
            }
            seen.push(id);
            let plan = self.partner.plan(id);
            if !plan.personal.is_empty() {
                return true;
            }
            open.extend(plan.leaves.iter().flat_map(plans_of));
        }
        false
    }

    fn content(&self, plan: &TypePlan) -> Option<&Content> {
        match &self.partner.schema.type_of(plan.type_id).kind {
            Kind::Complex(complex) => Some(&complex.content),
            Kind::Simple(_) => None,
        }
    }
}

/// The plans of an element's content.
fn plans_of(action: &Action) -> Vec<PlanId> {
    match action {
        Action::Message(_, nested) => nested.derived.iter().map(|(_, id)| *id).chain([nested.plan]).collect(),
        Action::Inline(id) => vec![*id],
        Action::Document(_, content) => plans_of(content),
        Action::Ignore | Action::Scalar(..) | Action::OutcomeCode | Action::OutcomeMessage => Vec::new(),
    }
}
