//! What the calls with many items have in common: their limit, and what becomes of one item.
//!
//! Each item is judged by itself, inside the one transaction of the call: it is done as a whole, or it is refused and
//! leaves nothing. A store that fails refuses the whole call.

use prost_types::Timestamp;

use super::case::timestamp;
use super::code::DossierCode;
use super::contract::molisa::dossier::v1::{Dossier, ItemOutcome, ItemResult, ProgressStep};
use super::desk::Turn;
use super::error::Error;
use super::rules::Check;

/// Refuses a call with too many items.
pub fn few<T>(field: &str, items: &[T]) -> Result<(), Error> {
    let mut check = Check::new();
    check.count(field, items, ITEMS_MAX);
    check.finish()
}

/// What the sender reads of one item; an error that is not the item's own.
pub fn result(code: String, done: Result<(), Error>) -> Result<ItemResult, Error> {
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

/// Refuses more steps of one dossier than a list can show.
pub fn room_for(turn: &Turn<'_>, key: &str, steps: usize) -> Result<(), Error> {
    let count = turn.records.step_count(key)?;
    let fits = i64::try_from(steps).is_ok_and(|steps| count.saturating_add(steps) <= STEPS_MAX);
    if fits { Ok(()) } else { Err(Error::field("progress", "hồ sơ đã có quá nhiều bước xử lý")) }
}

/// The latest moment a dossier says something was done with it.
pub fn latest(dossier: &Dossier) -> i64 {
    let Dossier { submitted_time, received_time, refused_time, processed_time, returned_time, .. } = dossier;
    let times = [submitted_time, received_time, refused_time, processed_time, returned_time];
    times.into_iter().flatten().map(|time| time.seconds).max().unwrap_or(0)
}

/// Cuts what is below a second.
pub fn whole_seconds(time: &mut Option<Timestamp>) {
    *time = time.map(|time| timestamp(time.seconds));
}

/// The same of a step's moments.
pub fn step_in_seconds(step: &mut ProgressStep) {
    whole_seconds(&mut step.processed_time);
    whole_seconds(&mut step.start_time);
    whole_seconds(&mut step.due_time);
}

/// Dossiers, or rows of progress, in one call.
const ITEMS_MAX: usize = 500;
/// Steps of one dossier: at their longest (2650 characters of 4 bytes) they fit in a message of the usual limit.
const STEPS_MAX: i64 = 1_000;
const MESSAGE_CHARS_MAX: usize = 2000;
