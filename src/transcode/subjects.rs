//! What a request is about, for the rights of its sender: which agencies, which procedures.

use std::borrow::Cow;

use super::decode::WHITE_SPACE;
use super::paths;
use crate::binding::plan::{Partner, Step, Subjects};
use crate::xml::tape::{NodeId, Tape};

/// One dossier that a request is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject<'t> {
    /// Codes of agencies, or codes that begin with one, in the order of the binding's paths.
    pub agencies: Codes<'t>,
    /// Codes of procedures, likewise.
    pub procedures: Codes<'t>,
}

/// Codes, and the element that each stands at; both lists are as long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Codes<'t> {
    /// As written, without white space around. An empty value says nothing and is left out; where no path of the
    /// binding's says anything, one empty value stands for the dossier: only who has a right to all has one to that.
    pub values: Vec<Cow<'t, str>>,
    /// Where they stand; the dossier's own element for what is not there.
    pub nodes: Vec<NodeId>,
}

pub(super) fn find<'t>(partner: &Partner, subjects: &Subjects, tape: &Tape<'t>, node: NodeId) -> Vec<Subject<'t>> {
    let mut found = Vec::new();
    if subjects.agencies.is_empty() && subjects.procedures.is_empty() {
        return found;
    }
    paths::each_element(partner, tape, node, &subjects.each, &mut |node| {
        found.push(Subject {
            agencies: codes(partner, tape, node, &subjects.agencies),
            procedures: codes(partner, tape, node, &subjects.procedures),
        });
    });
    found
}

fn codes<'t>(partner: &Partner, tape: &Tape<'t>, node: NodeId, paths: &[Vec<Step>]) -> Codes<'t> {
    let mut codes = Codes::default();
    for path in paths {
        paths::each_value(partner, tape, node, path, &mut |node, value| {
            let value = trimmed(value);
            if !value.is_empty() {
                codes.push(value, node);
            }
        });
    }
    if codes.values.is_empty() && !paths.is_empty() {
        codes.push(Cow::Borrowed(""), node);
    }
    codes
}

impl<'t> Codes<'t> {
    fn push(&mut self, value: Cow<'t, str>, node: NodeId) {
        self.values.push(value);
        self.nodes.push(node);
    }
}

/// Without XML's white space around, which most types of codes do not count.
fn trimmed(value: Cow<'_, str>) -> Cow<'_, str> {
    match value {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(WHITE_SPACE)),
        Cow::Owned(text) => Cow::Owned(text.trim_matches(WHITE_SPACE).to_owned()),
    }
}
