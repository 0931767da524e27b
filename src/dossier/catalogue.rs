//! The procedures that are taken in, read from the catalogue file.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::calendar::{DAYS_MAX, Term};
use super::code::ProcedureCode;
use super::contract::molisa::dossier::v1::{Fee, FeeCollection, FeeKind, form};
use crate::problem::{Place, Problems};

/// All procedures, by code.
#[derive(Debug, Clone)]
pub struct Catalogue {
    procedures: HashMap<String, Procedure>,
}

/// One administrative procedure.
#[derive(Debug, Clone)]
pub struct Procedure {
    /// Its name.
    pub name: String,
    /// Code of its area: `G07-LĐ11`.
    pub area_code: String,
    /// Name of its area.
    pub area_name: String,
    /// How long it takes; `None` where the officer has to say.
    pub term: Option<Term>,
    /// The typed form that belongs to it; `None` where only a free one does.
    pub form: Option<FormKind>,
    /// What is asked for where the officer states nothing else.
    pub fees: Vec<Fee>,
    /// Papers that a dossier must have: code and name.
    pub required_papers: Vec<(String, String)>,
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

impl Catalogue {
    /// Reads a catalogue file. Everything wrong with it is added to `problems`; `None` where it cannot be used.
    pub fn load(file: &Path, problems: &mut Problems) -> Option<Self> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => {
                problems.error(Place::file(file), format!("cannot be read: {error}"), "name a catalogue of procedures");
                return None;
            }
        };
        Self::read(&text, file, problems)
    }

    /// Reads a catalogue from its text; `file` is for messages.
    pub fn read(text: &str, file: &Path, problems: &mut Problems) -> Option<Self> {
        let written: Written = super::toml_file::read(text, file, problems)?;
        let mut reader = Reader { text, file, areas: HashMap::new(), seen: HashSet::new(), found: Problems::new() };
        for area in &written.area {
            reader.area(area);
        }
        let procedures = written.procedure.into_iter().filter_map(|procedure| reader.procedure(procedure)).collect();
        let usable = !reader.found.has_errors();
        problems.append(reader.found);
        usable.then_some(Self { procedures })
    }

    /// The procedure that a code in any displayed form means.
    ///
    /// A variant of one owner (`3.000181.000.00.00.H22`) may be listed by its whole code; otherwise the national part
    /// decides. Codes beginning with 3 are numbered by their owner, so they are never found by the national part.
    pub fn find(&self, code: &str) -> Option<&Procedure> {
        let parsed = ProcedureCode::parse(code)?;
        let whole = key(&parsed);
        let national = (!parsed.national.starts_with('3')).then_some(&parsed.national);
        self.procedures.get(&whole).or_else(|| self.procedures.get(national?))
    }

    /// How many procedures there are.
    pub fn len(&self) -> usize {
        self.procedures.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.procedures.is_empty()
    }
}

struct Reader<'a> {
    text: &'a str,
    file: &'a Path,
    areas: HashMap<String, String>,
    seen: HashSet<String>,
    found: Problems,
}

impl Reader<'_> {
    fn area(&mut self, area: &WrittenArea) {
        let code = area.code.get_ref();
        if self.areas.insert(code.clone(), area.name.clone()).is_some() {
            self.wrong(&area.code, format!("area {code} is listed twice"), "keep one");
        }
    }

    fn procedure(&mut self, written: WrittenProcedure) -> Option<(String, Procedure)> {
        let code = written.code.get_ref();
        let Some(parsed) = ProcedureCode::parse(code) else {
            self.wrong(&written.code, format!("{code} is no procedure code"), "write it like 1.014199 or 1.014199.H42");
            return None;
        };
        let key = key(&parsed);
        if !self.seen.insert(key.clone()) {
            self.wrong(&written.code, format!("procedure {code} is listed twice"), "keep one");
        }
        let area_code = written.area.get_ref().clone();
        let area_name = self.areas.get(&area_code).cloned();
        if area_name.is_none() {
            self.wrong(&written.area, format!("area {area_code} is not listed"), "add an [[area]] with this code");
        }
        if let Some(term) = &written.term
            && !(1..=DAYS_MAX).contains(&term.get_ref().days)
        {
            self.wrong(term, "term is out of range".to_owned(), &format!("1 to {DAYS_MAX} days"));
        }
        if written.mark == Mark::U {
            let place = Place::at(self.file, self.text, written.code.span().start);
            self.found.note(place, format!("{code} is from memory: check it before use"));
        }
        let procedure = Procedure {
            name: written.name,
            area_code,
            area_name: area_name?,
            term: written.term.map(Spanned::into_inner),
            form: written.form,
            fees: written.fees.into_iter().map(Fee::from).collect(),
            required_papers: written
                .papers
                .into_iter()
                .filter(|paper| paper.required)
                .map(|paper| (paper.code, paper.name))
                .collect(),
        };
        Some((key, procedure))
    }

    fn wrong<T>(&mut self, at: &Spanned<T>, message: String, remedy: &str) {
        self.found.error(Place::at(self.file, self.text, at.span().start), message, remedy);
    }
}

fn key(code: &ProcedureCode) -> String {
    match &code.owner {
        Some(owner) => format!("{}.{}", code.national, owner.key()),
        None => code.national.clone(),
    }
}

impl From<WrittenFee> for Fee {
    fn from(fee: WrittenFee) -> Self {
        let kind = match fee.kind {
            WrittenKind::Ordinary => FeeKind::Ordinary,
            WrittenKind::Appraisal => FeeKind::Appraisal,
            WrittenKind::Extension => FeeKind::Extension,
        };
        let collected = match fee.collected {
            WrittenCollection::Acceptance => FeeCollection::AtAcceptance,
            WrittenCollection::Supplement => FeeCollection::AtSupplement,
            WrittenCollection::Return => FeeCollection::AtReturn,
        };
        Self {
            name: fee.name,
            code: fee.code,
            collected: collected.into(),
            amount_vnd: i64::from(fee.amount_vnd),
            kind: kind.into(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    area: Vec<WrittenArea>,
    #[serde(default)]
    procedure: Vec<WrittenProcedure>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenArea {
    code: Spanned<String>,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenProcedure {
    code: Spanned<String>,
    name: String,
    mark: Mark,
    area: Spanned<String>,
    term: Option<Spanned<Term>>,
    form: Option<FormKind>,
    #[serde(default)]
    fees: Vec<WrittenFee>,
    #[serde(default)]
    papers: Vec<WrittenPaper>,
}

/// How sure an entry is.
#[derive(Deserialize, PartialEq)]
enum Mark {
    V,
    V2,
    U,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFee {
    code: String,
    name: String,
    amount_vnd: u32,
    kind: WrittenKind,
    collected: WrittenCollection,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenKind {
    Ordinary,
    Appraisal,
    Extension,
}

#[derive(Deserialize)]
enum WrittenCollection {
    #[serde(rename = "at_acceptance")]
    Acceptance,
    #[serde(rename = "at_supplement")]
    Supplement,
    #[serde(rename = "at_return")]
    Return,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPaper {
    code: String,
    name: String,
    #[serde(default)]
    required: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let mut problems = Problems::new();
        let catalogue = Catalogue::read(text, Path::new("procedures.toml"), &mut problems);
        assert_eq!(catalogue.is_none(), problems.has_errors());
        expected.assert_eq(&problems.to_string());
    }

    #[test]
    fn the_shipped_catalogue_is_sound_and_found_in_every_displayed_form() {
        let mut problems = Problems::new();
        let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/hoso/catalogue/procedures.toml"));
        let catalogue = Catalogue::load(file, &mut problems).expect("usable");
        assert!(!problems.has_errors(), "{problems}");
        for code in ["1.014199", "1.014199.H42", "2.000134.000.00.00.H06", "2.002757.H38"] {
            assert!(catalogue.find(code).is_some(), "{code}");
        }
        for code in ["9.999999", "1.014199.X1", "3.014199", ""] {
            assert!(catalogue.find(code).is_none(), "{code}");
        }
        let permit = catalogue.find("1.014199").expect("listed");
        assert_eq!(permit.area_name, "Việc làm");
        assert_eq!(permit.term.map(|term| term.days), Some(10));
    }

    #[test]
    fn an_owners_own_procedure_is_found_by_its_whole_code_only() {
        let text = r#"
            area = [{ code = "G07-LĐ09", name = "Người có công" }]
            procedure = [{ code = "3.000181.000.00.00.H22", name = "Riêng", mark = "V", area = "G07-LĐ09" }]
        "#;
        let catalogue = Catalogue::read(text, Path::new("p.toml"), &mut Problems::new()).expect("usable");
        assert!(catalogue.find("3.000181.000.00.00.H22").is_some());
        assert!(catalogue.find("3.000181.H22").is_some());
        assert!(catalogue.find("3.000181.H23").is_none());
        assert!(catalogue.find("3.000181").is_none());
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
        check(
            r#"
[[area]]
code = "G07-LĐ09"
name = "Người có công"
[[procedure]]
code = "1.01419"
name = "x"
mark = "V"
area = "G07-LĐ09"
[[procedure]]
code = "1.014199"
name = "x"
mark = "U"
area = "G07-LĐ99"
term = { days = 0, unit = "working" }
[[procedure]]
code = "1.014199"
name = "x"
mark = "V"
area = "G07-LĐ09"
"#,
            expect![[r#"
                procedures.toml:6: error: 1.01419 is no procedure code
                    remedy: write it like 1.014199 or 1.014199.H42
                procedures.toml:11: note: 1.014199 is from memory: check it before use
                procedures.toml:14: error: area G07-LĐ99 is not listed
                    remedy: add an [[area]] with this code
                procedures.toml:15: error: term is out of range
                    remedy: 1 to 3650 days
                procedures.toml:17: error: procedure 1.014199 is listed twice
                    remedy: keep one
            "#]],
        );
        check(
            "[[procedure]]\ncode = \"1.014199\"\ncolour = 1\n",
            expect![[r#"
                procedures.toml:3: error: unknown field `colour`, expected one of `code`, `name`, `mark`, `area`, `term`, `form`, `fees`, `papers`
                    remedy: correct the file
            "#]],
        );
    }
}
