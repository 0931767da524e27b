//! What a request must look like before it is acted on: mandatory, length, form, and rules across fields.
//!
//! The limits are those of the contract's comments. They also keep every stored dossier writable in the portals'
//! XML, whose types have the same limits, whoever submitted it.

use std::ops::RangeInclusive;

use jiff::civil;
use prost_types::Timestamp;

use super::code::{AgencyCode, ProcedureCode};
use super::contract::google::r#type::Date;
use super::contract::molisa::dossier::v1::{
    Address, Channel, Contact, Document, Dossier, Fee, FeeCollection, FeeKind, IdentityType, Officer, OnlinePayment,
    Owner, OwnerType, ProgressStep, ResultPaper, ReturnForm, Reuse, Status, SubmissionPlace, document,
};
use super::error::{Error, Violation};
use crate::crypto::Digest;

/// Collects what is wrong with one request.
#[derive(Debug, Default)]
pub struct Check {
    violations: Vec<Violation>,
    /// The dossier is kept elsewhere: codes that only the national exchange has may be missing. None is invented.
    kept_elsewhere: bool,
}

impl Check {
    /// Nothing wrong yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing wrong yet with a dossier that another side keeps.
    pub fn kept_elsewhere() -> Self {
        Self { kept_elsewhere: true, ..Self::default() }
    }

    /// Whether what only the national exchange has must be there.
    fn national(&self) -> (usize, Mandatory) {
        if self.kept_elsewhere { (0, Mandatory::No) } else { (1, Mandatory::Yes) }
    }

    /// All that was found, as one refusal.
    pub fn finish(self) -> Result<(), Error> {
        if self.violations.is_empty() { Ok(()) } else { Err(Error::Invalid(self.violations)) }
    }

    /// Adds a violation.
    pub fn wrong(&mut self, field: impl Into<String>, rule: impl Into<String>) {
        self.violations.push(Violation { field: field.into(), rule: rule.into() });
    }

    /// Adds a violation unless `holds`.
    pub fn that(&mut self, holds: bool, field: impl Into<String>, rule: &str) {
        if !holds {
            self.wrong(field, rule);
        }
    }

    /// A text of so many characters, all of them such that XML can carry them.
    pub fn text(&mut self, field: impl Into<String>, value: &str, chars: RangeInclusive<usize>) {
        let field = field.into();
        let count = value.chars().count();
        if value.trim().is_empty() && *chars.start() > 0 {
            self.wrong(&field, "bắt buộc phải có");
        } else if count > *chars.end() {
            self.wrong(&field, format!("dài quá {} ký tự", chars.end()));
        }
        self.that(value.chars().all(is_carried), field, "có ký tự điều khiển");
    }

    /// A list of at most so many items.
    pub fn count<T>(&mut self, field: &str, items: &[T], max: usize) {
        if items.len() > max {
            self.wrong(field, format!("nhiều hơn {max} mục"));
        }
    }

    /// An enumeration's number that the contract has; unset only where it is optional.
    pub fn code<E: TryFrom<i32>>(&mut self, field: impl Into<String>, value: i32, mandatory: Mandatory) {
        match value {
            0 if mandatory == Mandatory::Yes => self.wrong(field, "bắt buộc phải có"),
            _ => self.that(E::try_from(value).is_ok(), field, "không có trong danh mục"),
        }
    }

    /// A moment that civil time can name.
    pub fn moment(&mut self, field: impl Into<String>, value: Option<&Timestamp>, mandatory: Mandatory) {
        match value {
            None => self.that(mandatory == Mandatory::No, field, "bắt buộc phải có"),
            Some(time) => self.that(MOMENTS.contains(&time.seconds), field, "không phải là thời điểm hợp lệ"),
        }
    }

    /// A day the calendar has.
    pub fn day(&mut self, field: impl Into<String>, value: Option<&Date>, mandatory: Mandatory) {
        match value {
            None => self.that(mandatory == Mandatory::No, field, "bắt buộc phải có"),
            Some(day) => self.that(civil_day(day).is_some(), field, "không phải là ngày có trong lịch"),
        }
    }

    /// Digits only, so many.
    pub fn digits(&mut self, field: impl Into<String>, value: &str, count: RangeInclusive<usize>, rule: &str) {
        self.that(count.contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit()), field, rule);
    }

    /// A tax code: 10 digits, a branch with "-" and 3 more.
    pub fn tax_code(&mut self, field: impl Into<String>, value: &str) {
        let digits = |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
        let fits = match value.split_once('-') {
            Some((head, branch)) => digits(head, 10) && digits(branch, 3),
            None => digits(value, 10),
        };
        self.that(fits, field, "phải là mã số thuế: 10 chữ số, chi nhánh thêm dấu - và 3 chữ số");
    }

    /// An address by area codes, or in one line.
    pub fn address(&mut self, field: &str, address: &Address) {
        self.digits(format!("{field}.province_code"), &address.province_code, 0..=6, AREA_RULE);
        // Some exchanges know an address as one line only.
        let is_said = !address.province_code.is_empty() || !address.detail.is_empty();
        self.that(is_said, format!("{field}.province_code"), "bắt buộc phải có nếu không có địa chỉ chi tiết");
        self.digits(format!("{field}.district_code"), &address.district_code, 0..=6, AREA_RULE);
        self.digits(format!("{field}.commune_code"), &address.commune_code, 0..=6, AREA_RULE);
        self.text(format!("{field}.detail"), &address.detail, 0..=500);
    }

    /// An e-mail address, or nothing.
    pub fn email(&mut self, field: impl Into<String>, value: &str) {
        let mut parts = value.split('@');
        let fits = match (parts.next(), parts.next(), parts.next()) {
            (Some(""), None, None) => true,
            (Some(name), Some(host), None) => !name.is_empty() && !host.is_empty(),
            _ => false,
        };
        let fits = fits && value.chars().count() <= 100 && !value.contains(char::is_whitespace);
        self.that(fits, field, "không phải là địa chỉ thư điện tử");
    }

    /// A telephone number as people write it, or nothing.
    pub fn phone(&mut self, field: impl Into<String>, value: &str) {
        let fits = value.chars().all(|c| c.is_ascii_digit() || "+(). -".contains(c)) && value.len() <= 50;
        self.that(fits, field, "không phải là số điện thoại");
    }

    /// Papers handed in.
    pub fn documents(&mut self, field: &str, documents: &[Document]) {
        self.count(field, documents, DOCUMENTS_MAX);
        for (index, document) in documents.iter().take(DOCUMENTS_MAX).enumerate() {
            self.document(&format!("{field}[{index}]"), document);
        }
    }

    fn document(&mut self, field: &str, document: &Document) {
        self.text(format!("{field}.file_id"), &document.file_id, 0..=50);
        let name = format!("{field}.file_name");
        self.text(&name, &document.file_name, 1..=4000);
        self.that(!document.file_name.contains(['/', '\\']), name, "không được có đường dẫn");
        self.text(format!("{field}.component_code"), &document.component_code, self.national().0..=50);
        self.code::<Reuse>(format!("{field}.reuse"), document.reuse, Mandatory::No);
        self.text(format!("{field}.replacement_result_code"), &document.replacement_result_code, 0..=50);
        self.source(field, document);
    }

    fn source(&mut self, field: &str, document: &Document) {
        let hash = &document.sha256_hex;
        let hexadecimal = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.that(hash.is_empty() || hexadecimal, format!("{field}.sha256_hex"), "phải là 64 chữ số thập lục phân");
        match &document.source {
            None => self.wrong(field, "phải có đường dẫn hoặc nội dung tệp"),
            Some(document::Source::Url(url)) => self.url(format!("{field}.url"), url),
            Some(document::Source::Content(content)) => {
                let field = format!("{field}.content");
                self.that((1..=CONTENT_BYTES_MAX).contains(&content.len()), &field, "phải có từ 1 byte đến 8 MiB");
                let matches =
                    hash.is_empty() || !hexadecimal || hash.eq_ignore_ascii_case(&Digest::of(content).to_string());
                self.that(matches, field, "không khớp mã băm SHA-256 đi kèm");
            }
        }
    }

    fn url(&mut self, field: String, url: &str) {
        self.text(&field, url, 1..=2000);
        let target = ["https://", "http://", "cid:"].iter().find_map(|scheme| url.strip_prefix(scheme));
        let fits = target.is_some_and(|rest| !rest.is_empty()) && !url.contains(char::is_whitespace);
        self.that(fits, field, "phải bắt đầu bằng https://, http:// hoặc cid: và không có khoảng trắng");
    }

    /// Fees to pay.
    pub fn fees(&mut self, field: &str, fees: &[Fee]) {
        self.count(field, fees, FEES_MAX);
        for (index, fee) in fees.iter().take(FEES_MAX).enumerate() {
            let field = format!("{field}[{index}]");
            self.text(format!("{field}.name"), &fee.name, 1..=500);
            let (code_min, collected) = self.national();
            self.text(format!("{field}.code"), &fee.code, code_min..=50);
            self.code::<FeeCollection>(format!("{field}.collected"), fee.collected, collected);
            self.code::<FeeKind>(format!("{field}.kind"), fee.kind, Mandatory::Yes);
            self.that(AMOUNTS.contains(&fee.amount_vnd), format!("{field}.amount_vnd"), AMOUNT_RULE);
        }
    }

    /// Result papers.
    pub fn results(&mut self, field: &str, results: &[ResultPaper]) {
        self.count(field, results, DOCUMENTS_MAX);
        for (index, result) in results.iter().take(DOCUMENTS_MAX).enumerate() {
            let field = format!("{field}[{index}]");
            self.text(format!("{field}.name"), &result.name, 1..=2000);
            self.text(format!("{field}.component_code"), &result.component_code, 0..=50);
            self.text(format!("{field}.paper_id"), &result.paper_id, 0..=50);
            self.text(format!("{field}.result_code"), &result.result_code, 0..=50);
            self.url(format!("{field}.url"), &result.url);
        }
    }

    /// One step of progress, at the moment `now` (seconds since 1970).
    pub fn step(&mut self, field: &str, step: &ProgressStep, now: i64) {
        self.text(format!("{field}.officer_name"), &step.officer_name, 1..=50);
        self.text(format!("{field}.officer_title"), &step.officer_title, 0..=100);
        self.text(format!("{field}.department"), &step.department, 0..=500);
        self.code::<Status>(format!("{field}.status"), step.status, Mandatory::Yes);
        let least = usize::from(needs_reason(step.status()));
        self.text(format!("{field}.content"), &step.content, least..=2000);
        self.past(format!("{field}.processed_time"), step.processed_time.as_ref(), Mandatory::Yes, now);
        self.moment(format!("{field}.start_time"), step.start_time.as_ref(), Mandatory::No);
        self.moment(format!("{field}.due_time"), step.due_time.as_ref(), Mandatory::No);
    }

    /// A moment that is not ahead of `now`.
    pub fn past(&mut self, field: String, value: Option<&Timestamp>, mandatory: Mandatory, now: i64) {
        self.moment(&field, value, mandatory);
        let fits = value.is_none_or(|time| time.seconds <= now.saturating_add(CLOCK_SKEW_SECONDS));
        self.that(fits, field, "không được ở tương lai");
    }

    /// Who acts for the ministry.
    pub fn officer(&mut self, officer: Option<&Officer>) {
        let Some(officer) = officer else {
            return self.wrong("officer", "bắt buộc phải có");
        };
        self.text("officer.name", &officer.name, 1..=50);
        self.text("officer.title", &officer.title, 0..=100);
        self.text("officer.department", &officer.department, 0..=500);
    }
}

/// Whether something may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mandatory {
    /// It may not.
    Yes,
    /// It may.
    No,
}

/// A submission, at the moment `now` (seconds since 1970).
pub fn submission(dossier: &Dossier, now: i64) -> Result<(), Error> {
    let mut check = Check::new();
    check.that(dossier.code.is_empty(), "dossier.code", "mã hồ sơ do bộ cấp, không được gửi kèm");
    let at_counter = dossier.status() == Status::Accepted && dossier.channel() == Channel::InPerson;
    let new = [Status::Unspecified, Status::Registered].map(i32::from).contains(&dossier.status);
    check.that(new || at_counter, "dossier.status", "hồ sơ mới phải ở trạng thái 1, hoặc 2 nếu nộp trực tiếp");
    applicants(&mut check, dossier, now);
    check.finish()
}

/// Whether a step to this status must say why.
pub fn needs_reason(status: Status) -> bool {
    matches!(status, Status::NotAccepted | Status::SupplementRequested | Status::Stopped)
}

/// What the applicant says.
pub fn applicants(check: &mut Check, dossier: &Dossier, now: i64) {
    procedure(check, dossier);
    match &dossier.owner {
        Some(owner) => self::owner(check, owner),
        None => check.wrong("dossier.owner", "bắt buộc phải có"),
    }
    handling(check, dossier, now);
    check.documents("dossier.documents", &dossier.documents);
    check.fees("dossier.fees", &dossier.fees);
    check.count("dossier.other_papers", &dossier.other_papers, DOCUMENTS_MAX);
    for (index, paper) in dossier.other_papers.iter().take(DOCUMENTS_MAX).enumerate() {
        let field = format!("dossier.other_papers[{index}]");
        check.text(format!("{field}.name"), &paper.name, 1..=2000);
        check.that(paper.count >= 0 && paper.kind >= 0, field, "không được âm");
    }
    if let Some(form) = &dossier.form {
        super::form_rules::form(check, "dossier.form", form);
    }
}

fn procedure(check: &mut Check, dossier: &Dossier) {
    let code = &dossier.procedure_code;
    let fits = code.len() <= 50 && ProcedureCode::parse(code).is_some();
    check.that(fits, "dossier.procedure_code", "phải có dạng N.NNNNNN, có thể kèm mã cơ quan");
    check.text("dossier.procedure_name", &dossier.procedure_name, 0..=2000);
    check.text("dossier.field_code", &dossier.field_code, 0..=50);
    let field_code = dossier.field_code.is_empty() || is_field_code(&dossier.field_code);
    check.that(field_code, "dossier.field_code", "phải có dạng G07-LĐ11");
    check.text("dossier.field_name", &dossier.field_name, 0..=500);
    check.count("dossier.external_codes", &dossier.external_codes, 20);
    for (index, external) in dossier.external_codes.iter().take(20).enumerate() {
        check.text(format!("dossier.external_codes[{index}].system"), &external.system, 1..=50);
        check.text(format!("dossier.external_codes[{index}].code"), &external.code, 1..=50);
    }
}

/// Whether XML can carry a character.
///
/// Source: XML 1.0 §2.2: no control characters but tab and line ends, no noncharacters U+FFFE and U+FFFF.
pub fn is_carried(c: char) -> bool {
    (c >= ' ' || matches!(c, '\t' | '\n' | '\r')) && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// Whether a text is the code of a field of procedures: `G07-LĐ11`.
// The Đ is U+0110, inside a code: it is compared as it is, never upper-cased.
pub fn is_field_code(code: &str) -> bool {
    let Some((organisation, area)) = code.split_once('-') else {
        return false;
    };
    let letters = area.trim_end_matches(|c: char| c.is_ascii_digit());
    let known = |c: char| c.is_ascii_uppercase() || c == 'Đ';
    AgencyCode::parse(organisation).is_some_and(|agency| agency.as_str().len() == 3)
        && (2..=10).contains(&letters.chars().count())
        && letters.chars().all(known)
        && area.len() - letters.len() == 2
}

fn owner(check: &mut Check, owner: &Owner) {
    check.text("dossier.owner.name", &owner.name, 1..=500);
    check.code::<OwnerType>("dossier.owner.type", owner.r#type, Mandatory::Yes);
    check.text("dossier.owner.account_id", &owner.account_id, 0..=50);
    let papers = owner.papers.clone().unwrap_or_default();
    check.text("dossier.owner.papers.number", &papers.number, 1..=100);
    if owner.r#type() == OwnerType::Business && !papers.number.is_empty() {
        check.tax_code("dossier.owner.papers.number", &papers.number);
    }
    check.count("dossier.owner.papers.identities", &papers.identities, 10);
    for (index, identity) in papers.identities.iter().take(10).enumerate() {
        let field = format!("dossier.owner.papers.identities[{index}]");
        check.code::<IdentityType>(format!("{field}.type"), identity.r#type, Mandatory::Yes);
        let number = format!("{field}.number");
        match identity.r#type() {
            IdentityType::CitizenId => check.digits(number, &identity.number, 12..=12, "phải có 12 chữ số"),
            IdentityType::OldCard => check.digits(number, &identity.number, 9..=9, "phải có 9 chữ số"),
            IdentityType::Unspecified => {}
        }
    }
    let contact: Contact = owner.contact.clone().unwrap_or_default();
    check.email("dossier.owner.contact.email", &contact.email);
    check.phone("dossier.owner.contact.fax", &contact.fax);
    check.phone("dossier.owner.contact.phone", &contact.phone);
    if let Some(address) = &owner.address {
        check.address("dossier.owner.address", address);
    }
}

fn handling(check: &mut Check, dossier: &Dossier, now: i64) {
    check.text("dossier.summary", &dossier.summary, 1..=1000);
    check.code::<Channel>("dossier.channel", dossier.channel, Mandatory::No);
    check.text("dossier.receipt_number", &dossier.receipt_number, 0..=50);
    check.moment("dossier.submitted_time", dossier.submitted_time.as_ref(), Mandatory::No);
    let submitted = dossier.submitted_time.map_or(now, |time| time.seconds);
    check.that(submitted <= now + CLOCK_SKEW_SECONDS, "dossier.submitted_time", "không được ở tương lai");
    check.code::<ReturnForm>("dossier.return_form", dossier.return_form, Mandatory::Yes);
    check.text("dossier.processing_unit_name", &dossier.processing_unit_name, 1..=500);
    let unit = &dossier.processing_unit_code;
    let fits = unit.len() <= 35 && AgencyCode::parse(unit).is_some();
    check.that(fits, "dossier.processing_unit_code", "phải là mã cơ quan, như 000.00.00.G07 hoặc G07.12");
    check.code::<SubmissionPlace>("dossier.submission_place", dossier.submission_place, Mandatory::Yes);
    check.code::<OnlinePayment>("dossier.online_payment", dossier.online_payment, Mandatory::Yes);
    check.count("dossier.databases_consulted", &dossier.databases_consulted, 50);
    for (index, database) in dossier.databases_consulted.iter().take(50).enumerate() {
        check.text(format!("dossier.databases_consulted[{index}]"), database, 1..=20);
    }
    check.text("dossier.other_information", &dossier.other_information, 0..=2000);
    check.text("dossier.note", &dossier.note, 0..=500);
}

/// The calendar day a message names; `None` where the calendar has no such day.
pub fn civil_day(day: &Date) -> Option<civil::Date> {
    let [month, of_month] = [day.month, day.day].map(|part| i8::try_from(part).unwrap_or(0));
    let year = i16::try_from(day.year).ok().filter(|year| *year >= 1)?;
    civil::Date::new(year, month, of_month).ok()
}

/// Most papers in one list.
pub const DOCUMENTS_MAX: usize = 100;
/// Most fees in one list.
pub const FEES_MAX: usize = 50;
/// Amounts in đồng.
pub const AMOUNTS: RangeInclusive<i64> = 0..=999_999_999_999_999;
/// What an amount must be, in Vietnamese.
pub const AMOUNT_RULE: &str = "phải từ 0 đến 999.999.999.999.999 đồng";
const AREA_RULE: &str = "phải là mã địa bàn, tối đa 6 chữ số";
const CONTENT_BYTES_MAX: usize = 8 << 20;
/// A portal's clock may be this far ahead of ours.
pub const CLOCK_SKEW_SECONDS: i64 = 300;
/// The years 1 to 9998 in any zone: four digits wherever they are written.
const MOMENTS: RangeInclusive<i64> = -62_135_510_400..=253_370_764_799;
