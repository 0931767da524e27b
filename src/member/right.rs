//! What a member may do: operations, for agencies, in procedures.
//!
//! Codes are listed, never computed: whether `H56` and `000.00.00.H56` are one agency is not for a gateway to know, so
//! a member that uses both forms has both in its list.

use std::borrow::Cow;
use std::path::Path;

use super::Registry;
use crate::problem::{Place, Problems, nearest};

/// One right: every part of it must cover what is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Right {
    pub(super) partners: Patterns,
    pub(super) operations: Patterns,
    pub(super) agencies: Agencies,
    pub(super) procedures: Patterns,
    /// Line of members.toml, from 1.
    pub(super) line: u32,
}

/// Names, beginnings of names (`Lay*`), or all of them (`*`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Patterns(pub(super) Vec<String>);

/// Codes of agencies, or all of them (`*`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Agencies(pub(super) Vec<String>);

/// Which code of a dossier no right covers: its place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Uncovered {
    Agency(usize),
    Procedure(usize),
}

impl Right {
    /// Whether it is a right to the operation, for some agency or other.
    pub(super) fn has_operation(&self, partner: &str, operation: &str) -> bool {
        self.partners.fit(partner) && self.operations.fit(operation)
    }

    fn foreign_agency(&self, codes: &[Cow<'_, str>]) -> Option<usize> {
        codes.iter().position(|code| !self.agencies.has(code))
    }

    fn foreign_procedure(&self, codes: &[Cow<'_, str>]) -> Option<usize> {
        codes.iter().position(|code| !self.procedures.fit_procedure(code))
    }
}

/// Whether one of the rights covers a dossier whole: a right to its agencies and another to its procedure are none to
/// it. Else what to blame: an agency that no right covers, or the procedure where the agencies are covered.
pub(super) fn covers<'r>(
    rights: impl Iterator<Item = &'r Right> + Clone,
    agencies: &[Cow<'_, str>],
    procedures: &[Cow<'_, str>],
) -> Result<(), Uncovered> {
    let mut procedure = None;
    for right in rights.clone().filter(|right| right.foreign_agency(agencies).is_none()) {
        match right.foreign_procedure(procedures) {
            None => return Ok(()),
            Some(at) => _ = procedure.get_or_insert(at),
        }
    }
    if let Some(at) = procedure {
        return Err(Uncovered::Procedure(at));
    }
    let nobodys = agencies.iter().position(|code| !rights.clone().any(|right| right.agencies.has(code)));
    let first = || rights.clone().find_map(|right| right.foreign_agency(agencies));
    Err(Uncovered::Agency(nobodys.or_else(first).unwrap_or(0)))
}

impl Registry {
    /// Warns of rights to partners and operations that are not there: `known` are those that are, by partner.
    /// `file` is where the registry was loaded from.
    pub fn check_names(&self, file: &Path, known: &[(&str, Vec<&str>)], problems: &mut Problems) {
        let partners = || known.iter().map(|(partner, _)| *partner);
        for right in self.members.iter().flat_map(|member| &member.rights) {
            let operations = || {
                let meant = known.iter().filter(|(partner, _)| right.partners.fit(partner));
                meant.flat_map(|(_, operations)| operations.iter().copied())
            };
            let mut warn = |what: &str, name: &str, remedy: String| {
                problems.warning(
                    Place::line(file, right.line),
                    format!("a right to {what} {name}, which is not there"),
                    remedy,
                );
            };
            for pattern in right.partners.strangers(partners()) {
                warn("partner", pattern, did_you_mean(pattern, partners()));
            }
            for pattern in right.operations.strangers(operations()) {
                warn("operation", pattern, did_you_mean(pattern, operations()));
            }
        }
    }
}

fn did_you_mean<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> String {
    nearest(name, known)
        .map_or_else(|| "take it out, or add its contract".to_owned(), |near| format!("did you mean {near}?"))
}

impl Patterns {
    /// Patterns that none of these names fits; `*` fits even none.
    fn strangers<'n>(&self, names: impl Iterator<Item = &'n str> + Clone) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .map(String::as_str)
            .filter(move |pattern| *pattern != "*" && !names.clone().any(|name| fits(pattern, name)))
    }

    pub(super) fn fit(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| fits(pattern, name))
    }

    /// The same, and a procedure's national code means its variants: `1.014199` is `1.014199.H42` too.
    fn fit_procedure(&self, code: &str) -> bool {
        let means = |pattern: &String| fits(pattern, code) || begins_with(code, pattern, &['.']);
        self.is_all() || is_one_code(code) && self.0.iter().any(means)
    }

    fn is_all(&self) -> bool {
        self.0.iter().any(|pattern| pattern == "*")
    }
}

impl Agencies {
    /// Whether a code is one of these agencies', or of one below, or begins with such a code: `H56.14-240426-0001` is
    /// `H56`'s and `H56.14`'s, and not `H5`'s.
    pub(super) fn has(&self, code: &str) -> bool {
        let owns = |own: &String| own == code || begins_with(code, own, &['.', '-']);
        self.0.iter().any(|own| own == "*") || is_one_code(code) && self.0.iter().any(owns)
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}

fn begins_with(code: &str, start: &str, ends: &[char]) -> bool {
    code.strip_prefix(start).is_some_and(|rest| rest.starts_with(ends))
}

/// A list of codes in one value would be judged by its first.
fn is_one_code(code: &str) -> bool {
    !code.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | ';' | '|'))
}
