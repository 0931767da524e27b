//! Dossiers that another side keeps, taken over in batches: the act behind `SyncDossiers`.
//!
//! A dossier that came by sync is known by the SHA-256 of the message that last brought it: the same message again, even
//! late, is done already and changes nothing.

use prost::Message;

use super::applicant::fill_in;
use super::batch::{few, latest, result, room_for, step_in_seconds, whole_seconds};
use super::case::{form_fits, outside_step, summary};
use super::catalogue::Procedure;
use super::code::{AgencyCode, DossierCode};
use super::contract::molisa::dossier::v1::{
    Dossier, OnlinePayment, ProgressStep, ReturnForm, Status, SubmissionPlace, SyncDossierRequest, SyncDossierResponse,
    SyncDossiersRequest, SyncDossiersResponse,
};
use super::desk::Turn;
use super::error::Error;
use super::lifecycle;
use super::records::{Content, Record, take_contents};
use super::sync_rules;
use crate::crypto::Digest;

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
    sync_rules::dossier(&sent, turn.now)?;
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
    if !turn.caller.sees(&record) {
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
        whole_seconds(time);
    }
    for round in &mut sent.supplement_rounds {
        whole_seconds(&mut round.requested_time);
        whole_seconds(&mut round.received_time);
        whole_seconds(&mut round.previous_due_time);
        whole_seconds(&mut round.new_due_time);
        whole_seconds(&mut round.answer_until_time);
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

/// Stands as the officer of the step by which a dossier came here.
const EXCHANGE: &str = "Hệ thống đồng bộ";
