//! Procedures from a JSON file in the shape of the national catalogue's answer to LayDanhSachTTHC or LayThuTuc.
//!
//! `{"error_code": "0", "result": [{"MATTHC": "1.014199", …}]}`. Counterparts write numbers as texts and lists of one
//! as the item alone, so both are read. What it does not say is the typed form and which papers are mandatory;
//! unless TUNGAY and DENNGAY are there, a procedure is valid always. One that an earlier file lists stays as it is
//! there, so a file of ours can say the rest.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::calendar::{DAYS_MAX, DayUnit, Term};
use super::catalogue::{Catalogue, Field, Procedure};
use super::code::ProcedureCode;
use super::contract::molisa::dossier::v1::{
    self, Agency, Channel, EligibleParty, LegalBasis, PaperGroup, ProcedureFee, ProcedureField, ProcedureResult,
    ProcedureStep, ProcedureTerm, RequiredPaper, StepGroup, SubmissionWay, TermUnit,
};
use super::published::Texts;
use super::validity::Validity;
use crate::problem::{Place, Problems};

/// Adds what `text` lists to `catalogue`, and what is wrong with it to `problems`; `file` is for messages.
pub fn read(text: &str, file: &Path, catalogue: &mut Catalogue, problems: &mut Problems) {
    let written: Written = match serde_json::from_str(text) {
        Ok(written) => written,
        Err(error) => {
            let place = u32::try_from(error.line()).map_or(Place::file(file), |line| Place::line(file, line));
            return problems.error(place, error.to_string(), "give it the shape of the answer to LayDanhSachTTHC");
        }
    };
    let code = written.error_code.0.as_str();
    if !code.trim_matches('0').is_empty() {
        problems.error(Place::file(file), format!("it is a refusal with error_code {code}"), "fetch the list anew");
    }
    let mut seen = HashSet::new();
    for (index, procedure) in written.result.0.into_iter().enumerate() {
        let name = format!("result[{index}] ({})", procedure.code.0);
        for (is_error, message) in add(catalogue, &mut seen, procedure) {
            match is_error {
                Severity::Wrong => problems.error(Place::file(file), format!("{name}: {message}"), "correct the file"),
                Severity::Passed => problems.note(Place::file(file), format!("{name}: {message}")),
            }
        }
    }
}

/// What a finding means for the file.
enum Severity {
    /// It cannot be used.
    Wrong,
    /// It can; something is not carried.
    Passed,
}

fn add(catalogue: &mut Catalogue, seen: &mut HashSet<String>, written: WrittenProcedure) -> Vec<(Severity, String)> {
    let mut found: Vec<(Severity, String)> =
        written.rest.keys().map(|key| (Severity::Passed, format!("{key} is not carried"))).collect();
    let mut wrong = |message: String| found.push((Severity::Wrong, message));
    let Some(code) = ProcedureCode::parse(&written.code.0) else {
        wrong("MATTHC is no procedure code like 1.014199 or 1.014199.H42".to_owned());
        return found;
    };
    let mut day = |name: &str, text: &Text| match text.0.as_str() {
        "" => None,
        text => {
            let day = text.parse::<Date>().ok();
            if day.is_none() {
                wrong(format!("{name} is no day like 2025-03-01"));
            }
            day
        }
    };
    let validity = Validity { from: day("TUNGAY", &written.from), until: day("DENNGAY", &written.until) };
    let published = v1::Procedure { from_day: validity.first_day(), until_day: validity.end_day(), ..written.into() };
    let mut texts = Texts::default();
    texts.procedure(&published);
    texts.wrong.into_iter().for_each(&mut wrong);
    for field in &published.fields {
        // The list of fields may stand in another file: what is there already is not said twice.
        if catalogue.field(&field.code).is_none() {
            catalogue.add_field(Field { published: field.clone(), validity: Validity::default() });
        }
    }
    let term = term(&published);
    let procedure = Procedure { published, validity, term, form: None, fees: Vec::new(), required_papers: Vec::new() };
    let is_first = seen.insert(procedure.published.code.clone());
    if !catalogue.add_procedure(&code, procedure) {
        if is_first {
            found.push((Severity::Passed, "it stays as an earlier file lists it".to_owned()));
        } else {
            wrong("it is listed twice".to_owned());
        }
    }
    found
}

/// The term of the online way, else of the first that has one.
fn term(published: &v1::Procedure) -> Option<Term> {
    let online = published.ways.iter().filter(|way| way.channel() == Channel::Online);
    let terms = online.chain(&published.ways).flat_map(|way| &way.terms);
    terms.into_iter().find_map(|term| {
        let unit = match term.unit() {
            TermUnit::WorkingDays => DayUnit::Working,
            TermUnit::CalendarDays => DayUnit::Calendar,
            TermUnit::Unspecified => return None,
        };
        let days = u16::try_from(term.days).ok().filter(|days| (1..=DAYS_MAX).contains(days))?;
        Some(Term { days, unit })
    })
}

impl From<WrittenProcedure> for v1::Procedure {
    fn from(written: WrittenProcedure) -> Self {
        Self {
            code: written.code.0,
            local_code: written.local_code.0,
            name: written.name.0,
            publishing_agency_code: written.publisher.0,
            state: written.state.0,
            unit_level: written.level.0,
            requirements: written.requirements.0,
            eligible_description: written.eligible_description.0,
            fields: written.fields.map(|field: WrittenField| ProcedureField {
                code: field.code.0,
                name: field.name.0,
                sector_code: field.sector.0,
            }),
            step_groups: written.steps.map(|group: WrittenSteps| StepGroup {
                situation: group.situation.0,
                steps: group.steps.map(|step: WrittenStep| ProcedureStep { name: step.name.0 }),
            }),
            ways: written.ways.map(SubmissionWay::from),
            paper_groups: written.papers.map(|group: WrittenPapers| PaperGroup {
                situation: group.situation.0,
                papers: group.papers.map(|paper: WrittenPaper| RequiredPaper {
                    code: paper.code.0,
                    name: paper.name.0,
                    form_name: paper.form.0,
                    url: paper.url.0,
                }),
            }),
            eligible: written.eligible.map(|party: WrittenParty| EligibleParty { name: party.name.0 }),
            results: written
                .results
                .map(|result: WrittenResult| ProcedureResult { code: result.code.0, name: result.name.0 }),
            legal_bases: written
                .bases
                .map(|basis: WrittenBasis| LegalBasis { number: basis.number.0, name: basis.name.0 }),
            agencies: written.agencies.map(|agency: WrittenAgency| Agency {
                code: agency.code.0,
                name: agency.name.0,
                ..Agency::default()
            }),
            from_day: None,
            until_day: None,
        }
    }
}

impl From<WrittenWay> for SubmissionWay {
    fn from(way: WrittenWay) -> Self {
        let channel = way.channel.0.parse().ok().and_then(|number: i32| Channel::try_from(number).ok());
        Self {
            channel: channel.unwrap_or_default().into(),
            terms: way.terms.map(|term: WrittenTerm| {
                let unit = match term.unit.0.to_lowercase().as_str() {
                    "ngày làm việc" => TermUnit::WorkingDays,
                    "ngày" => TermUnit::CalendarDays,
                    _ => TermUnit::Unspecified,
                };
                ProcedureTerm {
                    days: term.days.0.parse().ok().filter(|days| *days >= 0).unwrap_or_default(),
                    unit: unit.into(),
                    description: term.description.0,
                    fees: term.fees.map(|fee: WrittenFee| ProcedureFee {
                        code: fee.code.0,
                        // A fee by other rules than an amount says so in its description.
                        amount_vnd: fee.amount.0.parse().unwrap_or_default(),
                        unit: fee.unit.0,
                        description: fee.description.0,
                    }),
                }
            }),
        }
    }
}

/// A text, also where it is written as a number or left out.
#[derive(Default)]
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Null => Ok(Self::default()),
            Value::String(text) => Ok(Self(text.trim().to_owned())),
            Value::Number(number) => Ok(Self(number.to_string())),
            _ => Err(serde::de::Error::custom("a text is expected")),
        }
    }
}

/// A list, also where one item stands alone or nothing does.
struct List<T>(Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> List<T> {
    fn map<U>(self, change: impl FnMut(T) -> U) -> Vec<U> {
        self.0.into_iter().map(change).collect()
    }
}

impl<'de, T: serde::de::DeserializeOwned> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = match Value::deserialize(deserializer)? {
            Value::Null => Vec::new(),
            Value::Array(items) => items,
            item => vec![item],
        };
        let items: Result<Vec<T>, serde_json::Error> = items.into_iter().map(serde_json::from_value).collect();
        items.map(Self).map_err(serde::de::Error::custom)
    }
}

#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    error_code: Text,
    result: List<WrittenProcedure>,
}

#[derive(Deserialize)]
struct WrittenProcedure {
    #[serde(rename = "MATTHC")]
    code: Text,
    #[serde(default, rename = "MATTHCDP")]
    local_code: Text,
    #[serde(rename = "TENTTHC")]
    name: Text,
    #[serde(default, rename = "MACOQUANCONGBO")]
    publisher: Text,
    #[serde(default, rename = "TRANGTHAI")]
    state: Text,
    #[serde(default, rename = "CAPDONVI")]
    level: Text,
    #[serde(default, rename = "YEUCAU")]
    requirements: Text,
    #[serde(default, rename = "MOTADOITUONGTHUCHIEN")]
    eligible_description: Text,
    #[serde(default, rename = "LINHVUCTHUCHIEN")]
    fields: List<WrittenField>,
    #[serde(default, rename = "TRINHTUTHUCHIEN")]
    steps: List<WrittenSteps>,
    #[serde(default, rename = "CACHTHUCTHUCHIEN")]
    ways: List<WrittenWay>,
    #[serde(default, rename = "THANHPHANHOSO")]
    papers: List<WrittenPapers>,
    #[serde(default, rename = "DOITUONGTHUCHIEN")]
    eligible: List<WrittenParty>,
    #[serde(default, rename = "KETQUATHUCHIEN")]
    results: List<WrittenResult>,
    #[serde(default, rename = "CANCUPHAPLY")]
    bases: List<WrittenBasis>,
    #[serde(default, rename = "COQUANTHUCHIEN")]
    agencies: List<WrittenAgency>,
    #[serde(default, rename = "TUNGAY")]
    from: Text,
    #[serde(default, rename = "DENNGAY")]
    until: Text,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct WrittenField {
    #[serde(rename = "MALINHVUC")]
    code: Text,
    #[serde(rename = "TENLINHVUC")]
    name: Text,
    #[serde(default, rename = "MANGANH")]
    sector: Text,
}

#[derive(Deserialize)]
struct WrittenSteps {
    #[serde(default, rename = "TRUONGHOP")]
    situation: Text,
    #[serde(default, rename = "TRINHTU")]
    steps: List<WrittenStep>,
}

#[derive(Deserialize)]
struct WrittenStep {
    #[serde(default, rename = "TENTRINHTU")]
    name: Text,
}

#[derive(Deserialize)]
struct WrittenWay {
    #[serde(default, rename = "KENH")]
    channel: Text,
    #[serde(default, rename = "THOIGIAN")]
    terms: List<WrittenTerm>,
}

#[derive(Deserialize)]
struct WrittenTerm {
    #[serde(default, rename = "THOIGIANGIAIQUYET")]
    days: Text,
    #[serde(default, rename = "DONVITINH")]
    unit: Text,
    #[serde(default, rename = "MOTA")]
    description: Text,
    #[serde(default, rename = "PHILEPHI")]
    fees: List<WrittenFee>,
}

#[derive(Deserialize)]
struct WrittenFee {
    #[serde(default, rename = "MAPHILEPHI")]
    code: Text,
    #[serde(default, rename = "SOTIEN")]
    amount: Text,
    #[serde(default, rename = "DONVI")]
    unit: Text,
    #[serde(default, rename = "MOTA")]
    description: Text,
}

#[derive(Deserialize)]
struct WrittenPapers {
    #[serde(default, rename = "TRUONGHOP")]
    situation: Text,
    #[serde(default, rename = "GIAYTO")]
    papers: List<WrittenPaper>,
}

#[derive(Deserialize)]
struct WrittenPaper {
    #[serde(default, rename = "MAGIAYTO")]
    code: Text,
    #[serde(default, rename = "TENGIAYTO")]
    name: Text,
    #[serde(default, rename = "TENMAUDON")]
    form: Text,
    #[serde(default, rename = "URL")]
    url: Text,
}

#[derive(Deserialize)]
struct WrittenParty {
    #[serde(rename = "TENDOITUONG")]
    name: Text,
}

#[derive(Deserialize)]
struct WrittenResult {
    #[serde(default, rename = "MAKETQUA")]
    code: Text,
    #[serde(default, rename = "TENKETQUA")]
    name: Text,
}

#[derive(Deserialize)]
struct WrittenBasis {
    #[serde(default, rename = "SOVANBAN")]
    number: Text,
    #[serde(default, rename = "TENVANBAN")]
    name: Text,
}

#[derive(Deserialize)]
struct WrittenAgency {
    #[serde(rename = "MADONVI")]
    code: Text,
    #[serde(rename = "TENDONVI")]
    name: Text,
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let mut problems = Problems::new();
        read(text, Path::new("national.json"), &mut Catalogue::default(), &mut problems);
        expected.assert_eq(&problems.to_string());
    }

    #[test]
    fn a_procedure_is_read_with_numbers_as_texts_and_lists_of_one_without_brackets() {
        let text = r#"{"error_code": "00", "result": {
            "MATTHC": "1.004949", "TENTTHC": "Phê duyệt quỹ tiền lương", "MACOQUANCONGBO": "000.00.00.G07",
            "LINHVUCTHUCHIEN": {"MALINHVUC": "G07-LĐ08", "TENLINHVUC": "Tiền lương"},
            "CACHTHUCTHUCHIEN": [
                {"KENH": "1", "THOIGIAN": [{"THOIGIANGIAIQUYET": 30, "DONVITINH": "Ngày"}]},
                {"KENH": 2, "THOIGIAN": {"THOIGIANGIAIQUYET": "15", "DONVITINH": "Ngày làm việc",
                    "PHILEPHI": {"MAPHILEPHI": "LP", "SOTIEN": "200000", "DONVI": "Đồng"}}}
            ],
            "THANHPHANHOSO": [{"TRUONGHOP": "", "GIAYTO": [{"MAGIAYTO": "G1", "TENGIAYTO": "Tờ trình"}]}]
        }}"#;
        let (mut catalogue, mut problems) = (Catalogue::default(), Problems::new());
        read(text, Path::new("national.json"), &mut catalogue, &mut problems);
        assert_eq!(problems.to_string(), "");
        let day = "2026-01-05".parse().expect("a day");
        let procedure = catalogue.procedure("1.004949.H42", day).expect("listed");
        assert_eq!(procedure.field(), ("G07-LĐ08", "Tiền lương"));
        assert_eq!(procedure.term, Some(Term { days: 15, unit: DayUnit::Working }), "the online way's");
        assert_eq!(procedure.published.ways[1].terms[0].fees[0].amount_vnd, 200_000);
        assert_eq!(procedure.published.paper_groups[0].papers[0].name, "Tờ trình");
        assert_eq!(catalogue.fields(day).count(), 1);
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
        check(
            r#"{"error_code": -1, "result": [
                {"MATTHC": "1.00494", "TENTTHC": "x"},
                {"MATTHC": "1.004949", "TENTTHC": "", "TUNGAY": "01/03/2025", "MUCDO": 4,
                 "LINHVUCTHUCHIEN": [{"MALINHVUC": "LĐ08", "TENLINHVUC": "x"}]},
                {"MATTHC": "1.004949", "TENTTHC": "x"}
            ]}"#,
            expect![[r#"
                national.json: error: it is a refusal with error_code -1
                    remedy: fetch the list anew
                national.json: error: result[0] (1.00494): MATTHC is no procedure code like 1.014199 or 1.014199.H42
                    remedy: correct the file
                national.json: error: result[1] (1.004949): TUNGAY is no day like 2025-03-01
                    remedy: correct the file
                national.json: error: result[1] (1.004949): the name is empty
                    remedy: correct the file
                national.json: error: result[1] (1.004949): LĐ08 is no field code like G07-LĐ11
                    remedy: correct the file
                national.json: error: result[2] (1.004949): it is listed twice
                    remedy: correct the file
                national.json: note: result[1] (1.004949): MUCDO is not carried
            "#]],
        );
        check(
            "{\"result\": [\n{\"TENTTHC\": \"x\"}]}",
            expect![[r#"
                national.json:2: error: missing field `MATTHC` at line 2 column 18
                    remedy: give it the shape of the answer to LayDanhSachTTHC
            "#]],
        );
    }
}
