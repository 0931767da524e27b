//! What comes in batches from who keeps dossiers elsewhere, and papers that are fetched: more of `DossierService`.
//!
//! Each item of a batch is judged by itself, inside the one transaction of the call: it is done as a whole or it is
//! refused and leaves nothing. A store that fails refuses the whole batch.
//!
//! * A dossier that came by sync is known by the SHA-256 of the message that brought it: the same message again, even
//!   late, is done already and changes nothing.
//! * `moved` says when a dossier came to its status. A reported step from before then is history: it is recorded and
//!   moves nothing. A sync tells most statuses without their moment; then a step that leads up to it is history, too.

use prost::Message;
use prost_types::Timestamp;

use super::applicant::fill_in;
use super::case::{Case, form_fits, outside_step, summary, timestamp};
use super::catalogue::Procedure;
use super::code::{AgencyCode, DossierCode};
use super::contract::molisa::dossier::v1::{
    Document, Dossier, GetDocumentRequest, GetDocumentResponse, ItemOutcome, ItemResult, OnlinePayment, ProgressReport,
    ProgressStep, RecordProgressRequest, RecordProgressResponse, ReportProgressRequest, ReportProgressResponse,
    ReturnForm, Status, StoredDocument, SubmissionPlace, SyncDossierRequest, SyncDossierResponse, SyncDossiersRequest,
    SyncDossiersResponse, document,
};
use super::desk::Turn;
use super::error::Error;
use super::lifecycle;
use super::records::{Content, Record, take_contents};
use super::rules::{self, Check};
use crate::crypto::{Digest, hex};

/// `SyncDossiers`.
pub fn sync(turn: &Turn<'_>, request: SyncDossiersRequest) -> Result<SyncDossiersResponse, Error> {
    few("dossiers", &request.dossiers)?;
    let expected = Expected::of(request.updating);
    let results = request.dossiers.into_iter().map(|dossier| {
        let code = dossier.code.clone();
        result(code, turn.records.item(|| take_over(turn, expected, dossier)))
    });
    Ok(SyncDossiersResponse { results: results.collect::<Result<_, Error>>()? })
}

/// `SyncDossier`.
pub fn sync_one(turn: &Turn<'_>, request: SyncDossierRequest) -> Result<SyncDossierResponse, Error> {
    let dossier = request.dossier.unwrap_or_default();
    let code = dossier.code.clone();
    take_over(turn, Expected::of(request.updating), dossier)?;
    let kept = turn.records.find(&code)?.map(|(_, record)| summary(record.dossier));
    Ok(SyncDossierResponse { dossier: kept })
}

/// What the sender takes a dossier for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    New,
    Known,
    Any,
}

impl Expected {
    fn of(updating: Option<bool>) -> Self {
        match updating {
            None => Self::Any,
            Some(false) => Self::New,
            Some(true) => Self::Known,
        }
    }
}

fn take_over(turn: &Turn<'_>, expected: Expected, sent: Dossier) -> Result<(), Error> {
    let sent = completed(sent);
    rules::synced(&sent, turn.now)?;
    let digest = Digest::of(&sent.encode_to_vec());
    let day = turn.day_of(&sent);
    let procedure = turn.desk.catalogue.procedure(&sent.procedure_code, day)?;
    let unit = AgencyCode::parse(&sent.processing_unit_code).ok_or(Error::UnlistedUnit)?;
    turn.desk.catalogue.agency(&unit, day)?;
    form_fits(procedure, sent.form.as_ref(), "dossier.form")?;
    let sent = prepared(procedure, sent);
    let Some((key, record)) = turn.records.find(&sent.code)? else {
        return if expected == Expected::Known { Err(Error::UnknownDossier) } else { add(turn, sent, digest) };
    };
    if !turn.caller.sees(&record.member) {
        // The code is taken: more than that is nobody's business.
        return Err(if expected == Expected::Known { Error::UnknownDossier } else { Error::OtherContent });
    }
    if record.synced == Some(digest) {
        return Ok(());
    }
    let brings_steps = !sent.progress.is_empty() && expected != Expected::New;
    if !brings_steps && is_stored(turn, &sent)? {
        return Ok(());
    }
    match expected {
        Expected::New => Err(Error::OtherContent),
        Expected::Known | Expected::Any => update(turn, (key, record), sent, digest),
    }
}

/// What exchanges leave out that know less of a dossier than the national one, where it can only mean one thing.
fn completed(mut sent: Dossier) -> Dossier {
    if sent.processing_unit_code.is_empty() {
        // Who numbers a dossier handles it.
        let agency = DossierCode::parse(&sent.code).map(|code| code.agency.as_str().to_owned());
        sent.processing_unit_code = agency.unwrap_or_default();
    }
    if sent.submission_place() == SubmissionPlace::Unspecified {
        sent.set_submission_place(SubmissionPlace::LocalPortal);
    }
    if sent.return_form() == ReturnForm::Unspecified {
        sent.set_return_form(ReturnForm::InPerson);
    }
    if sent.online_payment() == OnlinePayment::Unspecified {
        let is_free = sent.fees.iter().all(|fee| fee.amount_vnd == 0);
        sent.set_online_payment(if is_free { OnlinePayment::NoneDue } else { OnlinePayment::NotOnline });
    }
    sent
}

/// The message in whole seconds, with what the catalogue knows, without what only this service records.
fn prepared(procedure: &Procedure, mut sent: Dossier) -> Dossier {
    fill_in(&mut sent, procedure);
    let Dossier { submitted_time, received_time, due_time, refused_time, processed_time, returned_time, .. } =
        &mut sent;
    for time in [submitted_time, received_time, due_time, refused_time, processed_time, returned_time] {
        in_seconds(time);
    }
    for round in &mut sent.supplement_rounds {
        in_seconds(&mut round.requested_time);
        in_seconds(&mut round.received_time);
        in_seconds(&mut round.previous_due_time);
        in_seconds(&mut round.new_due_time);
        in_seconds(&mut round.answer_until_time);
    }
    sent.progress.iter_mut().for_each(step_in_seconds);
    sent.payments.clear();
    sent
}

/// Whether the dossier is there just as it is sent, whoever brought it; progress apart.
fn is_stored(turn: &Turn<'_>, sent: &Dossier) -> Result<bool, Error> {
    let stored = turn.records.find_whole(&sent.code)?.map(|record| record.dossier);
    let same = |stored: Dossier| {
        let (code, progress) = (sent.code.clone(), sent.progress.clone());
        Dossier { code, progress, ..stored } == *sent
    };
    Ok(stored.is_some_and(same))
}

fn add(turn: &Turn<'_>, mut sent: Dossier, digest: Digest) -> Result<(), Error> {
    let key = DossierCode::parse(&sent.code).ok_or(Error::UnknownDossier)?.key();
    sent.submitted_time.get_or_insert(turn.now());
    let steps = std::mem::take(&mut sent.progress);
    let contents = take_all_contents(&mut sent);
    let mut record = Record::new(turn.caller.member_stored().to_owned(), sent);
    record.moved = latest(&record.dossier);
    record.synced = Some(digest);
    if record.dossier.received_time.is_some() && is_waiting(record.dossier.status()) {
        record.resume = Status::Accepted;
    }
    turn.records.insert(&key, &record)?;
    turn.records.keep_contents(&key, contents)?;
    add_steps(turn, &key, &record.dossier, steps)
}

fn update(turn: &Turn<'_>, known: (String, Record), mut sent: Dossier, digest: Digest) -> Result<(), Error> {
    let (key, mut record) = known;
    let (from, to) = (record.dossier.status(), sent.status());
    if from != to && !lifecycle::leads(from, to) {
        return Err(Error::IllegalTransition { from, to });
    }
    let steps = std::mem::take(&mut sent.progress);
    let contents = take_all_contents(&mut sent);
    let dossier = merged(record.dossier, sent);
    if from != to {
        record.moved = latest(&dossier).max(record.moved);
        if is_waiting(to) && !is_waiting(from) {
            record.resume = from;
        }
    }
    record.synced = Some(digest);
    record.dossier = dossier;
    turn.records.update(&key, &record)?;
    turn.records.keep_contents(&key, contents)?;
    add_steps(turn, &key, &record.dossier, steps)
}

fn is_waiting(status: Status) -> bool {
    matches!(status, Status::SupplementRequested | Status::PaymentRequested)
}

/// What was sent, and what is known where nothing was.
fn merged(known: Dossier, sent: Dossier) -> Dossier {
    fn list<T>(sent: Vec<T>, known: Vec<T>) -> Vec<T> {
        if sent.is_empty() { known } else { sent }
    }
    fn text(sent: String, known: String) -> String {
        if sent.is_empty() { known } else { sent }
    }
    let number = |sent: i32, known: i32| if sent == 0 { known } else { sent };
    Dossier {
        code: known.code,
        external_codes: list(sent.external_codes, known.external_codes),
        channel: number(sent.channel, known.channel),
        submitted_time: sent.submitted_time.or(known.submitted_time),
        receipt_number: text(sent.receipt_number, known.receipt_number),
        received_time: sent.received_time.or(known.received_time),
        due_time: sent.due_time.or(known.due_time),
        refused_time: sent.refused_time.or(known.refused_time),
        processed_time: sent.processed_time.or(known.processed_time),
        returned_time: sent.returned_time.or(known.returned_time),
        return_note: text(sent.return_note, known.return_note),
        databases_consulted: list(sent.databases_consulted, known.databases_consulted),
        other_information: text(sent.other_information, known.other_information),
        note: text(sent.note, known.note),
        documents: list(sent.documents, known.documents),
        fees: list(sent.fees, known.fees),
        other_papers: list(sent.other_papers, known.other_papers),
        supplement_rounds: list(sent.supplement_rounds, known.supplement_rounds),
        results: list(sent.results, known.results),
        form: sent.form.or(known.form),
        payments: known.payments,
        ..sent
    }
}

fn take_all_contents(dossier: &mut Dossier) -> Vec<Content> {
    let mut contents = take_contents(&mut dossier.documents);
    for round in &mut dossier.supplement_rounds {
        contents.extend(take_contents(&mut round.documents));
    }
    contents
}

/// Records the steps that a dossier brought, or one of ours where it brought none that is new.
fn add_steps(turn: &Turn<'_>, key: &str, dossier: &Dossier, steps: Vec<ProgressStep>) -> Result<(), Error> {
    room_for(turn, key, steps.len() + 1)?;
    let mut is_told = false;
    for step in steps {
        if turn.records.keep_report(key, Digest::of(&step.encode_to_vec()))? {
            turn.records.add_step(key, &step)?;
            is_told |= step.status == dossier.status;
        }
    }
    if is_told {
        return Ok(());
    }
    let step = ProgressStep {
        processed_time: Some(turn.now()),
        status: dossier.status,
        ..outside_step(EXCHANGE, "Đồng bộ hồ sơ".to_owned())
    };
    turn.records.add_step(key, &step)
}

/// `RecordProgress`.
pub fn record_progress(turn: &Turn<'_>, request: RecordProgressRequest) -> Result<RecordProgressResponse, Error> {
    few("reports", &request.reports)?;
    let results = request.reports.into_iter().map(|report| {
        let code = report.code.clone();
        result(code, turn.records.item(|| record(turn, report)))
    });
    Ok(RecordProgressResponse { results: results.collect::<Result<_, Error>>()? })
}

/// `ReportProgress`.
pub fn report_progress(turn: &Turn<'_>, request: ReportProgressRequest) -> Result<ReportProgressResponse, Error> {
    let report = request.report.unwrap_or_default();
    let code = report.code.clone();
    record(turn, report)?;
    let kept = turn.records.find(&code)?.map(|(_, record)| summary(record.dossier));
    Ok(ReportProgressResponse { dossier: kept })
}

fn record(turn: &Turn<'_>, report: ProgressReport) -> Result<(), Error> {
    let mut check = Check::new();
    check.text("code", &report.code, 1..=50);
    let Some(mut step) = report.step else {
        check.wrong("step", "bắt buộc phải có");
        return check.finish();
    };
    check.step("step", &step, turn.now);
    check.finish()?;
    step_in_seconds(&mut step);
    let mut case = Case::open(turn, &report.code)?;
    if !turn.records.keep_report(case.key(), Digest::of(&step.encode_to_vec()))? {
        return Ok(());
    }
    room_for(turn, case.key(), 1)?;
    let at = step.processed_time.map_or(turn.now, |time| time.seconds);
    match follows(&case, step.status(), at)? {
        Follows::History => {}
        Follows::Here => advance(&mut case, &step, at)?,
    }
    case.report(&step)
}

/// Where a reported step belongs.
enum Follows {
    /// Before, or at, where the dossier stands.
    History,
    /// After it.
    Here,
}

fn follows(case: &Case<'_>, to: Status, at: i64) -> Result<Follows, Error> {
    let from = case.status();
    let stated = latest(&case.record.dossier);
    let since = if case.record.moved == 0 { stated } else { case.record.moved };
    let is_same = from == to && !lifecycle::allows(from, to);
    if at < since || is_same {
        return Ok(Follows::History);
    }
    if lifecycle::allows(from, to) {
        return Ok(Follows::Here);
    }
    let is_passed = lifecycle::leads(to, from) && (at == since || is_since_unknown(case, stated));
    if is_passed { Ok(Follows::History) } else { Err(Error::IllegalTransition { from, to }) }
}

/// Whether the status came by a sync, which states no moment for it: it may be later than all that are stated.
fn is_since_unknown(case: &Case<'_>, stated: i64) -> bool {
    let has_moment =
        matches!(case.status(), Status::Accepted | Status::NotAccepted | Status::Processed | Status::Returned);
    case.record.synced.is_some() && case.record.moved <= stated && !has_moment
}

fn advance(case: &mut Case<'_>, step: &ProgressStep, at: i64) -> Result<(), Error> {
    case.go_at(step.status(), at)?;
    match step.status() {
        Status::Accepted => match case.promise(None) {
            // Who accepted it elsewhere promises there.
            Ok(()) | Err(Error::DueTimeRequired) => Ok(()),
            Err(error) => Err(error),
        },
        Status::SupplementRequested => case.open_round_by(step.officer_name.clone(), step.content.clone()).map(drop),
        Status::PaymentRequested => case.ask_payment(),
        _ => Ok(()),
    }
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

fn few<T>(field: &str, items: &[T]) -> Result<(), Error> {
    let mut check = Check::new();
    check.count(field, items, ITEMS_MAX);
    check.finish()
}

fn room_for(turn: &Turn<'_>, key: &str, steps: usize) -> Result<(), Error> {
    let count = turn.records.step_count(key)?;
    let fits = i64::try_from(steps).is_ok_and(|steps| count.saturating_add(steps) <= STEPS_MAX);
    if fits { Ok(()) } else { Err(Error::field("progress", "hồ sơ đã có quá nhiều bước xử lý")) }
}

/// What the sender reads of one item; an error that is not the item's own.
fn result(code: String, done: Result<(), Error>) -> Result<ItemResult, Error> {
    let code = DossierCode::parse(&code).map(|_| code).unwrap_or_default();
    let error = match done {
        Ok(()) => return Ok(ItemResult { code, outcome: ItemOutcome::Ok.into(), message: String::new() }),
        Err(error) => error,
    };
    let outcome = match error {
        Error::Invalid(_) => ItemOutcome::InvalidField,
        Error::UnknownDossier => ItemOutcome::UnknownDossier,
        Error::UnknownProcedure => ItemOutcome::UnknownProcedure,
        Error::UnknownUnit | Error::UnlistedUnit => ItemOutcome::UnknownUnit,
        Error::IllegalTransition { .. } => ItemOutcome::IllegalTransition,
        Error::NoFeeDue => ItemOutcome::NoFeeDue,
        Error::OtherContent => ItemOutcome::OtherContent,
        Error::ProcedureNotValid => ItemOutcome::ProcedureNotValid,
        Error::UnitNotValid => ItemOutcome::UnitNotValid,
        Error::UnknownDocument
        | Error::UnknownList
        | Error::UnknownRound
        | Error::RoundClosed
        | Error::RoundStillOpen
        | Error::AmountMismatch
        | Error::ResultRequired
        | Error::DueTimeRequired
        | Error::IdConflict
        | Error::OfficersOnly
        | Error::UnknownCaller
        | Error::MemberRequired
        | Error::DayFull
        | Error::Store(_) => return Err(error),
    };
    let message = error.text().chars().take(MESSAGE_CHARS_MAX).collect();
    Ok(ItemResult { code, outcome: outcome.into(), message })
}

/// The latest moment a dossier says something was done with it.
fn latest(dossier: &Dossier) -> i64 {
    let Dossier { submitted_time, received_time, refused_time, processed_time, returned_time, .. } = dossier;
    let times = [submitted_time, received_time, refused_time, processed_time, returned_time];
    times.into_iter().flatten().map(|time| time.seconds).max().unwrap_or(0)
}

fn in_seconds(time: &mut Option<Timestamp>) {
    *time = time.map(|time| timestamp(time.seconds));
}

fn step_in_seconds(step: &mut ProgressStep) {
    in_seconds(&mut step.processed_time);
    in_seconds(&mut step.start_time);
    in_seconds(&mut step.due_time);
}

/// Stands as the officer of the step by which a dossier came here.
const EXCHANGE: &str = "Hệ thống đồng bộ";
/// Dossiers, or rows of progress, in one call.
const ITEMS_MAX: usize = 500;
/// Steps of one dossier; the answer that lists them stays far below the largest message.
const STEPS_MAX: i64 = 5_000;
const MESSAGE_CHARS_MAX: usize = 2000;
