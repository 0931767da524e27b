//! What a published entry must look like so that every partner's XML can carry it.

use super::code::AgencyCode;
use super::contract::molisa::dossier::v1::{Procedure, ProcedureField};
use super::rules;

/// What is wrong with the texts of one entry; empty where nothing is.
#[derive(Debug, Default)]
pub struct Texts {
    /// One sentence a text: lower case, no full stop.
    pub wrong: Vec<String>,
}

impl Texts {
    /// A text of at most so many characters, all of them such that XML can carry them.
    pub fn optional(&mut self, name: &str, text: &str, chars_max: usize) {
        if text.chars().count() > chars_max {
            self.wrong.push(format!("{name} is longer than {chars_max} characters"));
        }
        if !text.chars().all(rules::is_carried) {
            self.wrong.push(format!("{name} has a control character"));
        }
    }

    /// The same, and not blank.
    pub fn mandatory(&mut self, name: &str, text: &str, chars_max: usize) {
        if text.trim().is_empty() {
            self.wrong.push(format!("{name} is empty"));
        }
        self.optional(name, text, chars_max);
    }

    /// A field of procedures.
    pub fn field(&mut self, field: &ProcedureField) {
        if !rules::is_field_code(&field.code) {
            self.wrong.push(format!("{} is no field code like G07-LĐ11", field.code));
        }
        self.mandatory("the field's name", &field.name, NAME);
        self.optional("the field's sector code", &field.sector_code, CODE);
    }

    /// An agency.
    pub fn agency(&mut self, code: &str, name: &str) {
        if code.len() > AGENCY_CODE || AgencyCode::parse(code).is_none() {
            self.wrong.push(format!("{code} is no agency code like 000.00.00.G07 or G07.12"));
        }
        self.mandatory("the agency's name", name, NAME);
    }

    /// A procedure, but for its code.
    pub fn procedure(&mut self, procedure: &Procedure) {
        self.mandatory("the name", &procedure.name, SENTENCE);
        self.optional("the local code", &procedure.local_code, CODE);
        if !procedure.publishing_agency_code.is_empty() {
            self.agency(&procedure.publishing_agency_code, "as named");
        }
        self.optional("the state", &procedure.state, CODE);
        self.optional("the level", &procedure.unit_level, NAME);
        self.optional("the requirements", &procedure.requirements, PAGE);
        self.optional("the description of who may apply", &procedure.eligible_description, PAGE);
        procedure.fields.iter().for_each(|field| self.field(field));
        procedure.agencies.iter().for_each(|agency| self.agency(&agency.code, &agency.name));
        for group in &procedure.step_groups {
            self.optional("a situation", &group.situation, SENTENCE);
            group.steps.iter().for_each(|step| self.optional("a step", &step.name, PAGE));
        }
        for term in procedure.ways.iter().flat_map(|way| &way.terms) {
            self.optional("a term's description", &term.description, PAGE);
            for fee in &term.fees {
                self.optional("a fee's code", &fee.code, CODE);
                self.optional("a fee's unit", &fee.unit, CODE);
                self.optional("a fee's description", &fee.description, PAGE);
                if !rules::AMOUNTS.contains(&fee.amount_vnd) {
                    self.wrong.push("a fee's amount is out of range".to_owned());
                }
            }
        }
        for group in &procedure.paper_groups {
            self.optional("a situation", &group.situation, SENTENCE);
            for paper in &group.papers {
                self.optional("a paper's code", &paper.code, CODE);
                self.optional("a paper's name", &paper.name, PAGE);
                self.optional("a form's name", &paper.form_name, SENTENCE);
                self.optional("a form's address", &paper.url, SENTENCE);
            }
        }
        procedure.eligible.iter().for_each(|party| self.mandatory("who may apply", &party.name, NAME));
        for result in &procedure.results {
            self.optional("a result's code", &result.code, CODE);
            self.optional("a result's name", &result.name, PAGE);
        }
        for basis in &procedure.legal_bases {
            self.optional("a legal basis' number", &basis.number, NAME);
            self.optional("a legal basis' name", &basis.name, PAGE);
        }
    }
}

/// Characters of a code.
pub const CODE: usize = 50;
/// Characters of a name.
pub const NAME: usize = 500;
const AGENCY_CODE: usize = 35;
const SENTENCE: usize = 2000;
const PAGE: usize = 20_000;
