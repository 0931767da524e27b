//! The ministry's catalogue as the service works with it: procedures, agencies, fields and code lists by day.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Deserialize;

use super::calendar::Term;
use super::code::{AgencyCode, ProcedureCode};
use super::contract::molisa::dossier::v1::{self, Fee, form};
use super::error::Error;
use super::validity::Validity;
use super::{agencies_file, codes_file, national_file, procedures_file};
use crate::problem::{Place, Problems};

/// Everything that is published, with the days on which it is valid.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    procedures: BTreeMap<String, Vec<Procedure>>,
    fields: BTreeMap<String, Vec<Field>>,
    agencies: Vec<Agency>,
    by_agency: HashMap<String, Vec<usize>>,
    lists: HashMap<String, Vec<CodeEntry>>,
}

/// One administrative procedure.
#[derive(Debug, Clone)]
pub struct Procedure {
    /// As it is published.
    pub published: v1::Procedure,
    /// When.
    pub validity: Validity,
    /// How long it takes; `None` where the officer has to say.
    pub term: Option<Term>,
    /// The typed form that belongs to it; `None` where only a free one does.
    pub form: Option<FormKind>,
    /// What is asked for where the officer states nothing else.
    pub fees: Vec<Fee>,
    /// Papers that a dossier must have: code and name.
    pub required_papers: Vec<(String, String)>,
}

/// One field of procedures.
#[derive(Debug, Clone)]
pub struct Field {
    /// As it is published.
    pub published: v1::ProcedureField,
    /// When.
    pub validity: Validity,
}

/// One agency.
#[derive(Debug, Clone)]
pub struct Agency {
    /// Its code, in either form.
    pub code: AgencyCode,
    /// Its name.
    pub name: String,
    /// When it exists.
    pub validity: Validity,
}

/// One entry of a code list.
#[derive(Debug, Clone)]
pub struct CodeEntry {
    /// Its code.
    pub code: String,
    /// What it means.
    pub name: String,
    /// Code of the entry above it; empty where there is none.
    pub parent: String,
    /// When it is in use.
    pub validity: Validity,
}

/// Which typed form a procedure has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormKind {
    /// `ForeignWorkerPermit`.
    ForeignWorkerPermit,
    /// `LabourExportContract`.
    LabourExportContract,
    /// `SafetyEquipment`.
    SafetyEquipment,
    /// `MeritBenefit`.
    MeritBenefit,
    /// `SocialAssistance`.
    SocialAssistance,
}

impl FormKind {
    /// The kind of a typed form; `None` for a free one, which goes with any procedure.
    pub fn of(kind: &form::Kind) -> Option<Self> {
        match kind {
            form::Kind::ForeignWorkerPermit(_) => Some(Self::ForeignWorkerPermit),
            form::Kind::LabourExportContract(_) => Some(Self::LabourExportContract),
            form::Kind::SafetyEquipment(_) => Some(Self::SafetyEquipment),
            form::Kind::MeritBenefit(_) => Some(Self::MeritBenefit),
            form::Kind::SocialAssistance(_) => Some(Self::SocialAssistance),
            form::Kind::Free(_) => None,
        }
    }
}

/// The files a catalogue is read from.
#[derive(Debug, Clone)]
pub struct Files {
    /// Procedures and their fields: `.toml` of ours, or `.json` as the national catalogue answers.
    pub procedures: Vec<PathBuf>,
    /// Agencies.
    pub agencies: PathBuf,
    /// Code lists.
    pub codes: PathBuf,
}

impl Catalogue {
    /// Reads the files. Everything wrong with them is added to `problems`; `None` where they cannot be used.
    pub fn load(files: &Files, problems: &mut Problems) -> Option<Self> {
        let mut catalogue = Self::default();
        let mut found = Problems::new();
        for file in &files.procedures {
            let is_national = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
            let read = if is_national { national_file::read } else { procedures_file::read };
            if let Some(text) = text(file, "name a catalogue of procedures", &mut found) {
                read(&text, file, &mut catalogue, &mut found);
            }
        }
        if let Some(text) = text(&files.agencies, "name a catalogue of agencies", &mut found) {
            agencies_file::read(&text, &files.agencies, &mut catalogue, &mut found);
        }
        if let Some(text) = text(&files.codes, "name a catalogue of code lists", &mut found) {
            codes_file::read(&text, &files.codes, &mut catalogue, &mut found);
        }
        let usable = !found.has_errors();
        problems.append(found);
        usable.then_some(catalogue)
    }

    /// Adds a procedure; `false`, and nothing is added, where one of this code is valid on a same day.
    pub(super) fn add_procedure(&mut self, code: &ProcedureCode, procedure: Procedure) -> bool {
        let listed = self.procedures.entry(key(code)).or_default();
        let is_new = listed.iter().all(|other| !other.validity.meets(&procedure.validity));
        if is_new {
            listed.push(procedure);
        }
        is_new
    }

    /// Adds a field; `false` where one of this code is valid on a same day.
    pub(super) fn add_field(&mut self, field: Field) -> bool {
        let listed = self.fields.entry(field.published.code.clone()).or_default();
        let is_new = listed.iter().all(|other| !other.validity.meets(&field.validity));
        listed.push(field);
        is_new
    }

    /// Adds an agency; `false` where one of this code exists on a same day.
    pub(super) fn add_agency(&mut self, agency: Agency) -> bool {
        let listed = self.by_agency.entry(agency.code.key().to_owned()).or_default();
        let is_new = listed.iter().all(|other| !self.agencies[*other].validity.meets(&agency.validity));
        listed.push(self.agencies.len());
        self.agencies.push(agency);
        is_new
    }

    /// Adds a code list; `false` where there is one of this name.
    pub(super) fn add_list(&mut self, name: String, entries: Vec<CodeEntry>) -> bool {
        self.lists.insert(name, entries).is_none()
    }

    /// The field of this code, whatever the day; the last listed where there are several.
    pub(super) fn field(&self, code: &str) -> Option<&Field> {
        self.fields.get(code).and_then(|listed| listed.last())
    }

    /// The procedure that a code in any displayed form means on a day.
    ///
    /// A variant of one owner (`3.000181.000.00.00.H22`) may be listed by its whole code; otherwise the national part
    /// decides. Codes beginning with 3 are numbered by their owner, so they are never found by the national part.
    pub fn procedure(&self, code: &str, day: Date) -> Result<&Procedure, Error> {
        let parsed = ProcedureCode::parse(code).ok_or(Error::UnknownProcedure)?;
        let national = (!parsed.national.starts_with('3')).then_some(&parsed.national);
        let listed = self.procedures.get(&key(&parsed)).or_else(|| self.procedures.get(national?));
        let listed = listed.ok_or(Error::UnknownProcedure)?;
        listed.iter().find(|procedure| procedure.validity.covers(day)).ok_or(Error::ProcedureNotValid)
    }

    /// Procedures that are valid on a day, by code: all, or those of one field.
    pub fn procedures(&self, field_code: &str, day: Date) -> impl Iterator<Item = &Procedure> {
        let of_field = move |procedure: &&Procedure| {
            let fields = &procedure.published.fields;
            field_code.is_empty() || fields.iter().any(|field| field.code == field_code)
        };
        let listed = self.procedures.values().flatten();
        listed.filter(move |procedure| procedure.validity.covers(day)).filter(of_field)
    }

    /// Fields that are valid on a day, by code.
    pub fn fields(&self, day: Date) -> impl Iterator<Item = &Field> {
        self.fields.values().flatten().filter(move |field| field.validity.covers(day))
    }

    /// The agency that a code means on a day: the nearest that is listed, itself or above it.
    ///
    /// A ministry's departments have no public list, so what is not listed stands below its organisation.
    pub fn agency(&self, code: &AgencyCode, day: Date) -> Result<&Agency, Error> {
        let mut key = code.key();
        let listed = loop {
            if let Some(listed) = self.by_agency.get(key) {
                break listed;
            }
            key = match key.rsplit_once('.') {
                Some((above, _)) if key.starts_with(['G', 'H']) => above,
                Some(_) => code.organisation(),
                None => return Err(Error::UnlistedUnit),
            };
        };
        let agencies = listed.iter().map(|index| &self.agencies[*index]);
        agencies.into_iter().find(|agency| agency.validity.covers(day)).ok_or(Error::UnitNotValid)
    }

    /// Agencies that exist on a day, in the order of the file.
    pub fn agencies(&self, day: Date) -> impl Iterator<Item = &Agency> {
        self.agencies.iter().filter(move |agency| agency.validity.covers(day))
    }

    /// Entries of a code list that are in use on a day: all, or those below one.
    pub fn codes(&self, list: &str, parent: &str, day: Date) -> Result<impl Iterator<Item = &CodeEntry>, Error> {
        let entries = self.lists.get(list).ok_or(Error::UnknownList)?;
        let below = move |entry: &&CodeEntry| parent.is_empty() || entry.parent == parent;
        Ok(entries.iter().filter(move |entry| entry.validity.covers(day)).filter(below))
    }
}

impl Procedure {
    /// Code and name of the field its dossiers belong to.
    pub fn field(&self) -> (&str, &str) {
        self.published.fields.first().map_or(("", ""), |field| (&field.code, &field.name))
    }
}

fn text(file: &Path, remedy: &str, problems: &mut Problems) -> Option<String> {
    match std::fs::read_to_string(file) {
        Ok(text) => Some(text),
        Err(error) => {
            problems.error(Place::file(file), format!("cannot be read: {error}"), remedy);
            None
        }
    }
}

fn key(code: &ProcedureCode) -> String {
    match &code.owner {
        Some(owner) => format!("{}.{}", code.national, owner.key()),
        None => code.national.clone(),
    }
}
