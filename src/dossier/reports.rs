//! What was done with dossiers elsewhere, reported in batches: the act behind `RecordProgress`.
//!
//! `Record::moved` says when a dossier came to its status. A reported step from before then is history: it is recorded
//! and moves nothing. A sync tells most statuses without their moment; then a step that leads up to it is history, too.

use prost::Message;

use super::batch::{few, latest, result, room_for, step_in_seconds};
use super::case::{Case, summary};
use super::contract::molisa::dossier::v1::{
    ProgressReport, ProgressStep, RecordProgressRequest, RecordProgressResponse, ReportProgressRequest,
    ReportProgressResponse, Status,
};
use super::desk::Turn;
use super::error::Error;
use super::lifecycle;
use super::rules::Check;
use crate::crypto::Digest;

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
