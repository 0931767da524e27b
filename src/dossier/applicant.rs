//! What portals do with dossiers: the acts behind `DossierService`.

use prost::Message;

use super::case::{Case, form_fits, outside_step, summary, timestamp};
use super::catalogue::Procedure;
use super::code::{AgencyCode, DossierCode};
use super::contract::molisa::dossier::v1::{
    ConfirmPaymentRequest, ConfirmPaymentResponse, Document, Dossier, DossierSummary, GetDocumentRequest,
    GetDocumentResponse, GetDossierRequest, GetDossierResponse, ListDossiersRequest, ListDossiersResponse,
    ListProgressRequest, ListProgressResponse, OnlinePayment, Payment, Status, StoredDocument, SubmitDossierRequest,
    SubmitDossierResponse, SupplementDossierRequest, SupplementDossierResponse, WithdrawDossierRequest,
    WithdrawDossierResponse, document,
};
use super::desk::{Turn, repeated};
use super::error::Error;
use super::records::{Answered, Filter, Record, take_contents};
use super::rules::{self, AMOUNT_RULE, AMOUNTS, Check, FEES_MAX, Mandatory, civil_day};
use crate::crypto::{Digest, hex};

/// `SubmitDossier`.
pub fn submit(turn: &Turn<'_>, request: SubmitDossierRequest) -> Result<SubmitDossierResponse, Error> {
    let sent = request.dossier.ok_or_else(|| Error::field("dossier", "bắt buộc phải có"))?;
    rules::submission(&sent, turn.now)?;
    let procedure = turn.desk.catalogue.procedure(&sent.procedure_code, turn.day_of(&sent))?;
    form_fits(procedure, sent.form.as_ref(), "dossier.form")?;
    let missing: Vec<&str> = procedure
        .required_papers
        .iter()
        .filter(|(code, _)| !sent.documents.iter().any(|document| document.component_code == *code))
        .map(|(_, name)| name.as_str())
        .collect();
    let content = match missing[..] {
        [] => "Đăng ký hồ sơ".to_owned(),
        _ => format!("Đăng ký hồ sơ. Giấy tờ chưa có: {}", missing.join(", ")),
    };
    let code = next_code(turn, &sent)?;
    let to = if sent.status() == Status::Accepted { Status::Accepted } else { Status::Registered };
    let mut dossier = registered(turn, procedure, sent);
    dossier.code = code.to_string();
    let contents = take_contents(&mut dossier.documents);
    let member = turn.caller.member_stored().to_owned();
    let mut case = Case::new(turn, code.key(), Record::new(member, dossier));
    case.go(to)?;
    if to == Status::Accepted {
        case.promise(None)?;
    }
    let step = outside_step(APPLICANT, content.chars().take(STEP_CHARS_MAX).collect());
    Ok(SubmitDossierResponse { dossier: Some(case.register(contents, step)?) })
}

fn next_code(turn: &Turn<'_>, dossier: &Dossier) -> Result<DossierCode, Error> {
    let unit = AgencyCode::parse(&dossier.processing_unit_code).ok_or(Error::UnknownUnit)?;
    if unit.organisation() != turn.desk.agency.organisation() {
        return Err(Error::UnknownUnit);
    }
    turn.desk.catalogue.agency(&unit, turn.day_of(dossier))?;
    let day = turn.desk.calendar.local(turn.now).date();
    // A number may be taken by a dossier that came with its code from elsewhere.
    for _ in 0..NUMBERS_TRIED_MAX {
        let number = turn.records.next_number(unit.key(), &day.strftime("%y%m%d").to_string())?;
        let code = DossierCode::new(unit.clone(), day, number, turn.desk.sequence_digits);
        if !turn.records.has(&code.key())? {
            return Ok(code);
        }
    }
    Err(Error::DayFull)
}

// What the ministry sets is cleared, whatever was sent; what the catalogue knows is filled in where nothing was.
fn registered(turn: &Turn<'_>, procedure: &Procedure, sent: Dossier) -> Dossier {
    let mut dossier = Dossier {
        received_time: None,
        due_time: None,
        refused_time: None,
        processed_time: None,
        returned_time: None,
        return_note: String::new(),
        status: Status::Unspecified.into(),
        supplement_rounds: Vec::new(),
        results: Vec::new(),
        progress: Vec::new(),
        payments: Vec::new(),
        ..sent
    };
    let submitted = dossier.submitted_time.map_or(turn.now, |time| time.seconds);
    dossier.submitted_time = Some(timestamp(submitted));
    fill_in(&mut dossier, procedure);
    dossier
}

/// What the catalogue knows, where nothing was sent.
pub fn fill_in(dossier: &mut Dossier, procedure: &Procedure) {
    let (field_code, field_name) = procedure.field();
    for (text, known) in [
        (&mut dossier.procedure_name, procedure.published.name.as_str()),
        (&mut dossier.field_code, field_code),
        (&mut dossier.field_name, field_name),
    ] {
        if text.trim().is_empty() {
            known.clone_into(text);
        }
    }
}

/// `SupplementDossier`.
pub fn supplement(turn: &Turn<'_>, request: SupplementDossierRequest) -> Result<SupplementDossierResponse, Error> {
    let mut check = Check::new();
    check.text("code", &request.code, 1..=50);
    check.text("note", &request.note, 0..=2000);
    check.documents("documents", &request.documents);
    check.fees("fees", &request.fees);
    if let Some(form) = &request.form {
        super::form_rules::form(&mut check, "form", form);
    }
    let nothing = request.documents.is_empty() && request.form.is_none() && request.note.trim().is_empty();
    check.that(!nothing, "documents", "phải có giấy tờ, tờ khai hoặc nội dung bổ sung");
    check.finish()?;

    let mut case = Case::open(turn, &request.code)?;
    let rounds = &case.record.dossier.supplement_rounds;
    let round = rounds.iter().find(|round| round.id == request.round_id).ok_or(Error::UnknownRound)?;
    // A round may also end without an answer, when an officer went on; only the last one can be open.
    if round.answered || rounds.last().is_some_and(|last| last.id != round.id) {
        return Err(Error::RoundClosed);
    }
    case.must_be(Status::SupplementRequested)?;
    if let Some(form) = &request.form {
        form_fits(case.procedure().ok_or(Error::UnknownProcedure)?, Some(form), "form")?;
    }
    case.go_back()?;
    let mut documents = request.documents;
    let contents = take_contents(&mut documents);
    let round = case.open_round().ok_or(Error::UnknownRound)?;
    round.documents = documents;
    round.fees.extend(request.fees);
    if round.fees.len() > FEES_MAX {
        return Err(Error::field("fees", "nhiều hơn 50 mục"));
    }
    round.received_note = request.note;
    round.received_time = Some(turn.now());
    round.answered = true;
    let step = outside_step(APPLICANT, format!("Bổ sung hồ sơ theo yêu cầu lần {}", round.id));
    if request.form.is_some() {
        case.record.dossier.form = request.form;
    }
    turn.records.keep_contents(case.key(), contents)?;
    Ok(SupplementDossierResponse { dossier: Some(case.finish(step)?) })
}

/// `WithdrawDossier`.
pub fn withdraw(turn: &Turn<'_>, request: WithdrawDossierRequest) -> Result<WithdrawDossierResponse, Error> {
    let mut check = Check::new();
    check.text("code", &request.code, 1..=50);
    check.text("reason", &request.reason, 1..=2000);
    check.finish()?;
    let mut case = Case::open(turn, &request.code)?;
    case.go(Status::Withdrawn)?;
    let dossier = case.finish(outside_step(APPLICANT, request.reason))?;
    Ok(WithdrawDossierResponse { dossier: Some(dossier) })
}

/// `ConfirmPayment`: once by reference and transaction, whatever the key.
///
/// The payment platform is no party to the dossier: it may name any that waits for payment, and reads back its code and
/// status only. Of others it is not told that they are there.
pub fn confirm_payment(turn: &Turn<'_>, request: ConfirmPaymentRequest) -> Result<ConfirmPaymentResponse, Error> {
    payment_rules(turn, &request)?;
    let asked = Digest::of(&request.encode_to_vec());
    let [partner, reference, transfer] = [&request.partner_code, &request.reference_code, &request.transaction_code];
    if let Some(earlier) = turn.records.payments(partner, reference, transfer)?.first() {
        return repeated(earlier, asked);
    }
    let id = [partner.clone(), reference.clone(), transfer.clone()];
    let mut case = Case::open_any(turn, &request.code)?;
    let is_party = turn.caller.sees(&case.record);
    case.must_be(Status::PaymentRequested).map_err(|error| if is_party { error } else { Error::UnknownDossier })?;
    if case.outstanding() != request.amount_vnd {
        return Err(Error::AmountMismatch);
    }
    case.go_back()?;
    case.record.dossier.set_online_payment(OnlinePayment::PaidOnline);
    case.record.dossier.payments.push(Payment {
        partner_code: request.partner_code,
        reference_code: request.reference_code,
        transaction_code: request.transaction_code,
        amount_vnd: request.amount_vnd,
        bank_code: request.bank_code,
        paid_time: request.paid_time,
        description: request.description,
    });
    let key = case.key().to_owned();
    let whole = case.finish(outside_step(PAYMENT_PLATFORM, "Xác nhận thanh toán phí, lệ phí".to_owned()))?;
    let shown = if is_party {
        whole
    } else {
        DossierSummary { code: whole.code, status: whole.status, ..DossierSummary::default() }
    };
    let answer = ConfirmPaymentResponse { dossier: Some(shown) };
    let answered = Answered { digest: asked, body: answer.encode_to_vec() };
    turn.records.keep_payment(id.each_ref().map(String::as_str), &key, &answered)?;
    Ok(answer)
}

fn payment_rules(turn: &Turn<'_>, request: &ConfirmPaymentRequest) -> Result<(), Error> {
    let mut check = Check::new();
    check.text("code", &request.code, 1..=50);
    check.text("partner_code", &request.partner_code, 1..=50);
    check.text("reference_code", &request.reference_code, 1..=50);
    check.text("transaction_code", &request.transaction_code, 1..=50);
    check.text("bank_code", &request.bank_code, 0..=50);
    check.text("description", &request.description, 0..=500);
    check.that(AMOUNTS.contains(&request.amount_vnd), "amount_vnd", AMOUNT_RULE);
    check.that(request.currency_code == "VND", "currency_code", "phải là VND");
    check.moment("paid_time", request.paid_time.as_ref(), Mandatory::Yes);
    let paid = request.paid_time.map_or(turn.now, |time| time.seconds);
    check.that(paid <= turn.now + rules::CLOCK_SKEW_SECONDS, "paid_time", "không được ở tương lai");
    check.finish()
}

/// `GetDossier`.
pub fn get(turn: &Turn<'_>, request: GetDossierRequest) -> Result<GetDossierResponse, Error> {
    let mut check = Check::new();
    check.text("code", &request.code, 1..=50);
    check.finish()?;
    let record = turn.records.find_whole(&request.code)?.ok_or(Error::UnknownDossier)?;
    if !turn.caller.sees(&record) {
        return Err(Error::UnknownDossier);
    }
    Ok(GetDossierResponse { dossier: Some(record.dossier) })
}

/// `ListDossiers`.
pub fn list(turn: &Turn<'_>, request: ListDossiersRequest) -> Result<ListDossiersResponse, Error> {
    let mut check = Check::new();
    let unit = AgencyCode::parse(&request.unit_code);
    check.that(unit.is_some(), "unit_code", "phải là mã cơ quan, như 000.00.00.G07 hoặc G07.12");
    check.day("from_day", request.from_day.as_ref(), Mandatory::Yes);
    check.day("to_day", request.to_day.as_ref(), Mandatory::Yes);
    check.that(request.page >= 0, "page", "phải từ 1");
    check.that((0..=PAGE_MAX).contains(&request.page_size), "page_size", "phải từ 1 đến 200");
    let [from, to] = [&request.from_day, &request.to_day].map(|day| day.as_ref().and_then(civil_day));
    check.that(from <= to, "to_day", "không được trước from_day");
    check.finish()?;
    let (Some(unit), Some(from), Some(to)) = (unit, from, to) else {
        return Ok(ListDossiersResponse::default());
    };

    let calendar = &turn.desk.calendar;
    let midnight = |day: jiff::civil::Date| calendar.seconds(day.to_datetime(jiff::civil::Time::midnight()));
    let size = i64::from(if request.page_size == 0 { PAGE_USUAL } else { request.page_size });
    let (total, dossiers) = turn.records.list(&Filter {
        unit: unit.key().to_owned(),
        party: turn.caller.party(),
        from: midnight(from),
        until: midnight(to).saturating_add(DAY_SECONDS),
        skip: size * i64::from(request.page.max(1) - 1),
        take: size,
    })?;
    Ok(ListDossiersResponse {
        dossiers: dossiers.into_iter().map(summary).collect(),
        total: Some(i32::try_from(total).unwrap_or(i32::MAX)),
    })
}

/// `ListProgress`.
pub fn progress(turn: &Turn<'_>, request: ListProgressRequest) -> Result<ListProgressResponse, Error> {
    let mut check = Check::new();
    check.text("code", &request.code, 1..=50);
    check.finish()?;
    let case = Case::open(turn, &request.code)?;
    let steps = turn.records.steps(case.key())?;
    Ok(ListProgressResponse { code: case.record.dossier.code, steps })
}

/// `GetDocument`.
pub fn document(turn: &Turn<'_>, request: GetDocumentRequest) -> Result<GetDocumentResponse, Error> {
    let mut check = Check::new();
    check.text("code", &request.code, 1..=50);
    check.text("path", &request.path, 1..=4000);
    check.finish()?;
    let case = Case::open(turn, &request.code)?;
    let dossier = &case.record.dossier;
    let later = dossier.supplement_rounds.iter().rev().flat_map(|round| round.documents.iter().rev());
    let mut documents = later.chain(dossier.documents.iter().rev());
    let found = documents.find_map(|document| Some((document, stored_digest(document, &request.path)?)));
    let (document, digest) = found.ok_or(Error::UnknownDocument)?;
    let content = turn.records.content(case.key(), digest)?;
    let name = document.file_name.clone();
    Ok(GetDocumentResponse { document: Some(StoredDocument { path: request.path, name, content }) })
}

/// The digest of a kept content, where `path` means this paper.
fn stored_digest<'a>(document: &'a Document, path: &str) -> Option<&'a [u8]> {
    let Some(document::Source::Content(digest)) = &document.source else {
        return None;
    };
    let is_meant = document.file_id == path || document.file_name == path || hex(digest).eq_ignore_ascii_case(path);
    (is_meant && document.deleted != Some(true)).then_some(digest)
}

/// Stands as the officer of steps that the applicant took.
const APPLICANT: &str = "Người nộp hồ sơ";
/// Stands as the officer of steps that the payment platform took.
const PAYMENT_PLATFORM: &str = "Nền tảng thanh toán";
/// Numbers of the day that may be taken in a row.
const NUMBERS_TRIED_MAX: usize = 10_000;
const STEP_CHARS_MAX: usize = 2000;
const PAGE_USUAL: i32 = 50;
const PAGE_MAX: i32 = 200;
const DAY_SECONDS: i64 = 86_400;
