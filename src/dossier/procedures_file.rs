//! Procedures and their fields from a TOML file of the operator's.

use std::path::Path;

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::calendar::{DAYS_MAX, DayUnit, Term};
use super::catalogue::{Catalogue, Field, FormKind, Procedure};
use super::code::ProcedureCode;
use super::contract::molisa::dossier::v1::{
    self, Fee, FeeCollection, FeeKind, PaperGroup, ProcedureFee, ProcedureField, ProcedureTerm, RequiredPaper,
    SubmissionWay, TermUnit,
};
use super::published::Texts;
use super::toml_file::{Days, Source};
use crate::problem::Problems;

/// Adds what `text` lists to `catalogue`, and what is wrong with it to `problems`; `file` is for messages.
pub fn read(text: &str, file: &Path, catalogue: &mut Catalogue, problems: &mut Problems) {
    let Some(written) = super::toml_file::read::<Written>(text, file, problems) else {
        return;
    };
    let mut source = Source { text, file, problems };
    written.area.into_iter().for_each(|area| area.add_to(catalogue, &mut source));
    written.procedure.into_iter().for_each(|procedure| procedure.add_to(catalogue, &mut source));
}

impl WrittenArea {
    fn add_to(self, catalogue: &mut Catalogue, source: &mut Source<'_>) {
        let validity = source.validity(&self.code, &Days { from: self.from, until: self.until });
        let code = self.code.get_ref().clone();
        let published = ProcedureField { code, name: self.name, sector_code: self.sector.unwrap_or_default() };
        let mut texts = Texts::default();
        texts.field(&published);
        source.texts(&self.code, texts);
        if !catalogue.add_field(Field { published, validity }) {
            source.twice(&self.code, "area");
        }
    }
}

impl WrittenProcedure {
    fn add_to(self, catalogue: &mut Catalogue, source: &mut Source<'_>) {
        let code = self.code.get_ref();
        let Some(parsed) = ProcedureCode::parse(code) else {
            let message = format!("{code} is no procedure code");
            return source.wrong(&self.code, message, "write it like 1.014199 or 1.014199.H42");
        };
        let area = self.area.get_ref();
        let field = catalogue.field(area).map(|field| field.published.clone());
        if field.is_none() {
            source.wrong(&self.area, format!("area {area} is not listed"), "add an [[area]] with this code");
        }
        if let Some(term) = &self.term
            && !(1..=DAYS_MAX).contains(&term.get_ref().days)
        {
            source.wrong(term, "term is out of range", format!("1 to {DAYS_MAX} days"));
        }
        if self.mark == Mark::U {
            let place = source.place(&self.code);
            source.problems.note(place, format!("{code} is from memory: check it before use"));
        }
        let days = Days { from: self.from.clone(), until: self.until.clone() };
        let validity = source.validity(&self.code, &days);
        let published = v1::Procedure {
            fields: field.into_iter().collect(),
            from_day: validity.first_day(),
            until_day: validity.end_day(),
            ..self.published()
        };
        let mut texts = Texts::default();
        texts.procedure(&published);
        source.texts(&self.code, texts);
        let required = self.papers.into_iter().filter(|paper| paper.required);
        let procedure = Procedure {
            published,
            validity,
            term: self.term.map(Spanned::into_inner),
            form: self.form,
            fees: self.fees.into_iter().map(Fee::from).collect(),
            required_papers: required.map(|paper| (paper.code, paper.name)).collect(),
        };
        if !catalogue.add_procedure(&parsed, procedure) {
            source.twice(&self.code, "procedure");
        }
    }

    /// What this file says of it, as partners read it.
    fn published(&self) -> v1::Procedure {
        let (days, unit) = match self.term.as_ref().map(Spanned::get_ref) {
            Some(Term { days, unit: DayUnit::Working }) => (i32::from(*days), TermUnit::WorkingDays),
            Some(Term { days, unit: DayUnit::Calendar }) => (i32::from(*days), TermUnit::CalendarDays),
            None => (0, TermUnit::Unspecified),
        };
        let fee = |fee: &WrittenFee| ProcedureFee {
            code: fee.code.clone(),
            amount_vnd: i64::from(fee.amount_vnd),
            unit: "Đồng".to_owned(),
            description: fee.name.clone(),
        };
        let term = ProcedureTerm {
            days,
            unit: unit.into(),
            description: String::new(),
            fees: self.fees.iter().map(fee).collect(),
        };
        let paper = |paper: &WrittenPaper| RequiredPaper {
            code: paper.code.clone(),
            name: paper.name.clone(),
            ..RequiredPaper::default()
        };
        let papers: Vec<RequiredPaper> = self.papers.iter().map(paper).collect();
        let is_said = days > 0 || !term.fees.is_empty();
        v1::Procedure {
            code: self.code.get_ref().clone(),
            name: self.name.clone(),
            publishing_agency_code: self.agency.clone().unwrap_or_default(),
            ways: is_said
                .then(|| SubmissionWay { terms: vec![term], ..SubmissionWay::default() })
                .into_iter()
                .collect(),
            paper_groups: if papers.is_empty() { vec![] } else { vec![PaperGroup { papers, ..PaperGroup::default() }] },
            ..v1::Procedure::default()
        }
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
    sector: Option<String>,
    from: Option<Spanned<Datetime>>,
    until: Option<Spanned<Datetime>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenProcedure {
    code: Spanned<String>,
    name: String,
    mark: Mark,
    area: Spanned<String>,
    agency: Option<String>,
    from: Option<Spanned<Datetime>>,
    until: Option<Spanned<Datetime>>,
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
        read(text, Path::new("procedures.toml"), &mut Catalogue::default(), &mut problems);
        expected.assert_eq(&problems.to_string());
    }

    fn catalogue(text: &str) -> Catalogue {
        let (mut catalogue, mut problems) = (Catalogue::default(), Problems::new());
        read(text, Path::new("procedures.toml"), &mut catalogue, &mut problems);
        assert!(!problems.has_errors(), "{problems}");
        catalogue
    }

    fn found(catalogue: &Catalogue, code: &str, day: &str) -> String {
        match catalogue.procedure(code, day.parse().expect("a day")) {
            Ok(procedure) => procedure.published.name.clone(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_shipped_procedures_are_sound_and_found_in_every_displayed_form() {
        let catalogue = catalogue(include_str!("../../schemas/hoso/catalogue/procedures.toml"));
        for code in ["1.014199", "1.014199.H42", "2.000134.000.00.00.H06", "2.002757.H38"] {
            assert!(!found(&catalogue, code, "2026-01-05").contains("unknown"), "{code}");
        }
        for code in ["9.999999", "1.014199.X1", "3.014199", ""] {
            assert_eq!(found(&catalogue, code, "2026-01-05"), "unknown procedure", "{code}");
        }
        let permit = catalogue.procedure("1.014199", "2026-01-05".parse().expect("a day")).expect("listed");
        assert_eq!(permit.field(), ("G07-LĐ11", "Việc làm"));
        assert_eq!(permit.term.map(|term| term.days), Some(10));
        assert_eq!(permit.published.ways[0].terms[0].fees[0].amount_vnd, 600_000);
    }

    #[test]
    fn an_owners_own_procedure_is_found_by_its_whole_code_only() {
        let catalogue = catalogue(
            r#"
            area = [{ code = "G07-LĐ09", name = "Người có công" }]
            procedure = [{ code = "3.000181.000.00.00.H22", name = "Riêng", mark = "V", area = "G07-LĐ09" }]
        "#,
        );
        for (code, expected) in [
            ("3.000181.000.00.00.H22", "Riêng"),
            ("3.000181.H22", "Riêng"),
            ("3.000181.H23", "unknown procedure"),
            ("3.000181", "unknown procedure"),
        ] {
            assert_eq!(found(&catalogue, code, "2026-01-05"), expected, "{code}");
        }
    }

    #[test]
    fn a_procedure_may_be_followed_by_another_of_its_code() {
        let catalogue = catalogue(
            r#"
            area = [{ code = "G07-LĐ09", name = "Người có công", until = 2025-03-01 }]
            [[procedure]]
            code = "1.014199"
            name = "Cũ"
            mark = "V"
            area = "G07-LĐ09"
            from = 2020-01-01
            until = 2025-03-01
            [[procedure]]
            code = "1.014199"
            name = "Mới"
            mark = "V"
            area = "G07-LĐ09"
            from = 2025-03-01
        "#,
        );
        for (day, expected) in [
            ("2019-12-31", "the procedure is not valid on the day"),
            ("2020-01-01", "Cũ"),
            ("2025-02-28", "Cũ"),
            ("2025-03-01", "Mới"),
        ] {
            assert_eq!(found(&catalogue, "1.014199.H42", day), expected, "{day}");
        }
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
                    remedy: keep one, or let one end before the other begins
            "#]],
        );
        check(
            "[[procedure]]\ncode = \"1.014199\"\ncolour = 1\n",
            expect![[r#"
                procedures.toml:3: error: unknown field `colour`, expected one of `code`, `name`, `mark`, `area`, `agency`, `from`, `until`, `term`, `form`, `fees`, `papers`
                    remedy: correct the file
            "#]],
        );
    }
}
