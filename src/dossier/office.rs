//! What the ministry's officers do with dossiers: the acts behind `DossierOfficeService`.

use super::calendar::{DayUnit, Term};
use super::case::{Case, officers_step, timestamp};
use super::contract::molisa::dossier::v1::{
    AcceptDossierRequest, DossierSummary, FinishDossierRequest, OfficeResponse, Officer, RecordStepRequest,
    RefuseDossierRequest, RequestPaymentRequest, RequestSupplementRequest, ResultPaper, ResumeDossierRequest,
    ReturnResultRequest, Status, StopDossierRequest,
};
use super::desk::Turn;
use super::error::Error;
use super::rules::{Check, DOCUMENTS_MAX, Mandatory};

/// `AcceptDossier`.
pub fn accept(turn: &Turn<'_>, request: AcceptDossierRequest) -> Result<OfficeResponse, Error> {
    let mut check = begin(turn, &request.code, request.officer.as_ref())?;
    check.text("note", &request.note, 0..=2000);
    check.text("receipt_number", &request.receipt_number, 0..=50);
    check.moment("due_time", request.due_time.as_ref(), Mandatory::No);
    let promised = request.due_time.map(|time| timestamp(time.seconds));
    check.that(promised.is_none_or(|time| time.seconds >= turn.now), "due_time", "không được ở quá khứ");
    check.finish()?;
    let mut case = Case::open(turn, &request.code)?;
    case.go(Status::Accepted)?;
    case.promise(promised)?;
    if !request.receipt_number.is_empty() {
        case.record.dossier.receipt_number = request.receipt_number;
    }
    case.finish(officers_step(request.officer, request.note)).map(answer)
}

/// `RefuseDossier`.
pub fn refuse(turn: &Turn<'_>, request: RefuseDossierRequest) -> Result<OfficeResponse, Error> {
    let mut check = begin(turn, &request.code, request.officer.as_ref())?;
    check.text("reason", &request.reason, 1..=2000);
    check.finish()?;
    let mut case = Case::open(turn, &request.code)?;
    let waiting = case.status() == Status::SupplementRequested;
    let until = case.open_round().and_then(|round| round.answer_until_time);
    if waiting && until.is_some_and(|until| turn.now <= until.seconds) {
        return Err(Error::RoundStillOpen);
    }
    case.go(Status::NotAccepted)?;
    case.finish(officers_step(request.officer, request.reason)).map(answer)
}

/// `RequestSupplement`.
pub fn request_supplement(turn: &Turn<'_>, request: RequestSupplementRequest) -> Result<OfficeResponse, Error> {
    let mut check = begin(turn, &request.code, request.officer.as_ref())?;
    check.text("content", &request.content, 1..=2000);
    check.that((0..=ANSWER_DAYS_MAX).contains(&request.answer_days), "answer_days", "phải từ 0 đến 365 ngày");
    check.fees("fees", &request.fees);
    check.finish()?;
    let mut case = Case::open(turn, &request.code)?;
    case.go(Status::SupplementRequested)?;
    let calendar = &turn.desk.calendar;
    let days = u16::try_from(request.answer_days).unwrap_or(0);
    let until = calendar.due(calendar.local(turn.now), Term { days, unit: DayUnit::Working });
    let name = request.officer.as_ref().map(|officer| officer.name.clone()).unwrap_or_default();
    let round = case.open_round_by(name, request.content.clone())?;
    round.answer_until_time = (days > 0).then(|| timestamp(calendar.seconds(until)));
    round.fees = request.fees;
    let id = round.id;
    let dossier = case.finish(officers_step(request.officer, request.content))?;
    Ok(OfficeResponse { round_id: id, ..answer(dossier) })
}

/// `RequestPayment`.
pub fn request_payment(turn: &Turn<'_>, request: RequestPaymentRequest) -> Result<OfficeResponse, Error> {
    let mut check = begin(turn, &request.code, request.officer.as_ref())?;
    check.text("note", &request.note, 0..=2000);
    check.fees("fees", &request.fees);
    check.finish()?;
    let mut case = Case::open(turn, &request.code)?;
    case.go(Status::PaymentRequested)?;
    case.record.dossier.fees.extend(request.fees);
    case.ask_payment()?;
    case.finish(officers_step(request.officer, request.note)).map(answer)
}

/// `RecordStep`.
pub fn record_step(turn: &Turn<'_>, request: RecordStepRequest) -> Result<OfficeResponse, Error> {
    let mut check = begin(turn, &request.code, request.officer.as_ref())?;
    check.text("content", &request.content, 1..=2000);
    check.moment("start_time", request.start_time.as_ref(), Mandatory::No);
    check.moment("due_time", request.due_time.as_ref(), Mandatory::No);
    check.finish()?;
    let mut case = Case::open(turn, &request.code)?;
    if case.status() == Status::Stopped {
        // Resuming is a decision of its own, not a side effect of a note.
        return Err(Error::IllegalTransition { from: Status::Stopped, to: Status::Processing });
    }
    case.go(Status::Processing)?;
    let mut step = officers_step(request.officer, request.content);
    step.start_time = request.start_time.map(|time| timestamp(time.seconds));
    step.due_time = request.due_time.map(|time| timestamp(time.seconds));
    case.finish(step).map(answer)
}

/// `StopDossier`.
pub fn stop(turn: &Turn<'_>, request: StopDossierRequest) -> Result<OfficeResponse, Error> {
    let mut check = begin(turn, &request.code, request.officer.as_ref())?;
    check.text("reason", &request.reason, 1..=2000);
    check.finish()?;
    let mut case = Case::open(turn, &request.code)?;
    case.go(Status::Stopped)?;
    case.finish(officers_step(request.officer, request.reason)).map(answer)
}

/// `ResumeDossier`.
pub fn resume(turn: &Turn<'_>, request: ResumeDossierRequest) -> Result<OfficeResponse, Error> {
    let mut check = begin(turn, &request.code, request.officer.as_ref())?;
    check.text("note", &request.note, 0..=2000);
    check.finish()?;
    let mut case = Case::open(turn, &request.code)?;
    let from = case.status();
    if from != Status::Stopped {
        return Err(Error::IllegalTransition { from, to: Status::Processing });
    }
    case.go(Status::Processing)?;
    case.finish(officers_step(request.officer, request.note)).map(answer)
}

/// `FinishDossier`.
pub fn finish(turn: &Turn<'_>, request: FinishDossierRequest) -> Result<OfficeResponse, Error> {
    let mut check = begin(turn, &request.code, request.officer.as_ref())?;
    check.text("note", &request.note, 0..=2000);
    check.results("results", &request.results);
    check.finish()?;
    let mut case = Case::open(turn, &request.code)?;
    case.go(Status::Processed)?;
    add_results(&mut case, request.results)?;
    case.finish(officers_step(request.officer, request.note)).map(answer)
}

/// `ReturnResult`.
pub fn return_result(turn: &Turn<'_>, request: ReturnResultRequest) -> Result<OfficeResponse, Error> {
    let mut check = begin(turn, &request.code, request.officer.as_ref())?;
    check.text("note", &request.note, 0..=2000);
    check.results("results", &request.results);
    check.finish()?;
    let mut case = Case::open(turn, &request.code)?;
    let given_back = case.status() == Status::Stopped;
    case.go(Status::Returned)?;
    add_results(&mut case, request.results)?;
    if case.record.dossier.results.is_empty() && !given_back {
        return Err(Error::ResultRequired);
    }
    case.record.dossier.return_note.clone_from(&request.note);
    case.finish(officers_step(request.officer, request.note)).map(answer)
}

fn begin(turn: &Turn<'_>, code: &str, officer: Option<&Officer>) -> Result<Check, Error> {
    turn.officers_only()?;
    let mut check = Check::new();
    check.text("code", code, 1..=50);
    check.officer(officer);
    Ok(check)
}

fn add_results(case: &mut Case<'_>, results: Vec<ResultPaper>) -> Result<(), Error> {
    case.record.dossier.results.extend(results);
    if case.record.dossier.results.len() > DOCUMENTS_MAX {
        return Err(Error::field("results", "nhiều hơn 100 mục"));
    }
    Ok(())
}

fn answer(dossier: DossierSummary) -> OfficeResponse {
    OfficeResponse { dossier: Some(dossier), round_id: 0 }
}

const ANSWER_DAYS_MAX: i32 = 365;
