//! One dossier in hand: from where it stands to where a call takes it.

use jiff::civil::{Date, DateTime};
use prost_types::Timestamp;

use super::calendar::DayUnit;
use super::catalogue::{FormKind, Procedure};
use super::contract::molisa::dossier::v1::{
    Dossier, DossierSummary, Fee, Form, Officer, OnlinePayment, ProgressStep, Status, SupplementRound,
};
use super::desk::Turn;
use super::error::Error;
use super::lifecycle;
use super::records::{Content, Record};
use super::rules::FEES_MAX;

/// A dossier that a call works on.
#[derive(Debug)]
pub struct Case<'a> {
    turn: &'a Turn<'a>,
    key: String,
    /// The dossier as stored.
    pub record: Record,
}

impl<'a> Case<'a> {
    /// Takes up a dossier that is not stored yet.
    pub fn new(turn: &'a Turn<'a>, key: String, record: Record) -> Self {
        Self { turn, key, record }
    }

    /// Takes up the dossier of this code, if the caller may see it.
    pub fn open(turn: &'a Turn<'a>, code: &str) -> Result<Self, Error> {
        let case = Self::open_any(turn, code)?;
        if turn.caller.sees(&case.record) { Ok(case) } else { Err(Error::UnknownDossier) }
    }

    /// Takes up the dossier of this code, whoever submitted it.
    pub fn open_any(turn: &'a Turn<'a>, code: &str) -> Result<Self, Error> {
        let (key, record) = turn.records.find(code)?.ok_or(Error::UnknownDossier)?;
        Ok(Self { turn, key, record })
    }

    /// The dossier's row in the store.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Where it stands.
    pub fn status(&self) -> Status {
        self.record.dossier.status()
    }

    /// The local day it is judged by: of its submission.
    pub fn day(&self) -> Date {
        self.turn.day_of(&self.record.dossier)
    }

    /// Takes it to `to` now, with the times and the way back that belong to the step.
    pub fn go(&mut self, to: Status) -> Result<(), Error> {
        self.go_at(to, self.turn.now)
    }

    /// Takes it to `to` as of a moment (seconds since 1970).
    pub fn go_at(&mut self, to: Status, at: i64) -> Result<(), Error> {
        let from = self.status();
        if !lifecycle::allows(from, to) {
            return Err(Error::IllegalTransition { from, to });
        }
        if from == Status::SupplementRequested
            && !matches!(to, Status::NotAccepted | Status::Withdrawn | Status::Stopped)
        {
            self.close_round(at);
        }
        let now = self.not_before_others(at);
        let dossier = &mut self.record.dossier;
        match to {
            Status::Accepted => _ = dossier.received_time.get_or_insert(now),
            Status::NotAccepted => dossier.refused_time = Some(now),
            Status::SupplementRequested | Status::PaymentRequested => self.record.resume = from,
            Status::Processed => _ = dossier.processed_time.get_or_insert(now),
            Status::Returned => {
                dossier.processed_time.get_or_insert(now);
                dossier.returned_time = Some(now);
            }
            Status::Unspecified | Status::Registered | Status::Processing | Status::Withdrawn | Status::Stopped => {}
        }
        self.record.dossier.set_status(to);
        self.record.moved = at;
        Ok(())
    }

    /// Refuses to go back from anywhere but `waiting`.
    pub fn must_be(&self, waiting: Status) -> Result<(), Error> {
        let from = self.status();
        let to = self.before();
        if from == waiting { Ok(()) } else { Err(Error::IllegalTransition { from, to }) }
    }

    /// Takes it back to where it stood before a supplement or a payment was asked for.
    pub fn go_back(&mut self) -> Result<(), Error> {
        self.go(self.before())?;
        self.record.resume = Status::Unspecified;
        Ok(())
    }

    /// Promises the result: at `promised`, or after the procedure's time; a promise made before stands.
    pub fn promise(&mut self, promised: Option<Timestamp>) -> Result<(), Error> {
        if let Some(promised) = promised {
            self.record.dossier.due_time = Some(promised);
        }
        if self.record.dossier.due_time.is_some() {
            return Ok(());
        }
        let calendar = &self.turn.desk.calendar;
        let term = self.procedure().and_then(|procedure| procedure.term).ok_or(Error::DueTimeRequired)?;
        let due = calendar.due(calendar.local(self.record.moved), term);
        self.record.dossier.due_time = Some(timestamp(calendar.seconds(due)));
        Ok(())
    }

    /// The procedure it is for, as it was on its day; `None` where the catalogue has none.
    pub fn procedure(&self) -> Option<&'a Procedure> {
        self.turn.desk.catalogue.procedure(&self.record.dossier.procedure_code, self.day()).ok()
    }

    /// The round that waits for its answer.
    pub fn open_round(&mut self) -> Option<&mut SupplementRound> {
        self.record.dossier.supplement_rounds.last_mut().filter(|round| !round.answered)
    }

    /// Opens a round of supplement; the dossier stands at the request already.
    pub fn open_round_by(&mut self, officer: String, content: String) -> Result<&mut SupplementRound, Error> {
        let dossier = &mut self.record.dossier;
        let rounds = &mut dossier.supplement_rounds;
        if rounds.len() >= ROUNDS_MAX {
            return Err(Error::field("code", "hồ sơ đã có 100 lần yêu cầu bổ sung"));
        }
        // Rounds that came from elsewhere have ids of their own.
        let last = rounds.iter().map(|round| round.id).max().unwrap_or(0);
        rounds.push(SupplementRound {
            id: last.saturating_add(1),
            requested_by: officer,
            content,
            requested_time: Some(timestamp(self.record.moved)),
            previous_due_time: dossier.due_time,
            ..SupplementRound::default()
        });
        rounds.last_mut().ok_or(Error::UnknownRound)
    }

    /// Asks for the fees that are listed, else for the procedure's.
    pub fn ask_payment(&mut self) -> Result<(), Error> {
        let procedure = self.procedure();
        let dossier = &mut self.record.dossier;
        if dossier.fees.is_empty()
            && let Some(procedure) = procedure
        {
            dossier.fees.clone_from(&procedure.fees);
        }
        if dossier.fees.len() > FEES_MAX {
            return Err(Error::field("fees", "nhiều hơn 50 mục"));
        }
        if dossier.online_payment() == OnlinePayment::NoneDue {
            dossier.set_online_payment(OnlinePayment::NotOnline);
        }
        if self.outstanding() <= 0 { Err(Error::NoFeeDue) } else { Ok(()) }
    }

    /// What is still to be paid, đồng.
    pub fn outstanding(&self) -> i64 {
        let dossier = &self.record.dossier;
        let fees = dossier.fees.iter().chain(dossier.supplement_rounds.iter().flat_map(|round| &round.fees));
        let due = fees.fold(0_i64, |sum, fee: &Fee| sum.saturating_add(fee.amount_vnd));
        dossier.payments.iter().fold(due, |rest, payment| rest.saturating_sub(payment.amount_vnd))
    }

    /// Writes the dossier and the step that brought it here.
    pub fn finish(self, step: ProgressStep) -> Result<DossierSummary, Error> {
        self.turn.records.update(&self.key, &self.record)?;
        self.add_step(step)
    }

    /// Writes a dossier that is not stored yet.
    pub fn register(self, contents: Vec<Content>, step: ProgressStep) -> Result<DossierSummary, Error> {
        self.turn.records.insert(&self.key, &self.record)?;
        self.turn.records.keep_contents(&self.key, contents)?;
        self.add_step(step)
    }

    /// Writes a dossier and a step that happened when the step says, elsewhere.
    pub fn report(self, step: &ProgressStep) -> Result<(), Error> {
        self.turn.records.update(&self.key, &self.record)?;
        self.turn.records.add_step(&self.key, step)
    }

    fn add_step(self, mut step: ProgressStep) -> Result<DossierSummary, Error> {
        step.status = self.record.dossier.status;
        step.processed_time = Some(self.turn.now());
        self.turn.records.add_step(&self.key, &step)?;
        Ok(summary(self.record.dossier))
    }

    fn before(&self) -> Status {
        match self.record.resume {
            Status::Unspecified => Status::Registered,
            before => before,
        }
    }

    // The wait for the owner is not the ministry's time: the promise moves by it.
    fn close_round(&mut self, at: i64) {
        let calendar = &self.turn.desk.calendar;
        let unit = self.procedure().and_then(|procedure| procedure.term).map_or(DayUnit::Working, |term| term.unit);
        let now = calendar.local(at);
        let local = |time: Option<Timestamp>| -> Option<DateTime> { time.map(|time| calendar.local(time.seconds)) };
        let due = local(self.record.dossier.due_time);
        let Some(round) = self.record.dossier.supplement_rounds.last_mut() else {
            return;
        };
        if let (Some(due), Some(asked)) = (due, local(round.requested_time)) {
            round.new_due_time = Some(timestamp(calendar.seconds(calendar.moved(due, (asked, now), unit))));
            self.record.dossier.due_time = round.new_due_time;
        }
    }

    // Submission ≤ receipt ≤ end of processing ≤ return, also where a clock was set back in between.
    fn not_before_others(&self, at: i64) -> Timestamp {
        let dossier = &self.record.dossier;
        let others = [dossier.submitted_time, dossier.received_time, dossier.processed_time];
        let latest = others.into_iter().flatten().map(|time| time.seconds).max();
        timestamp(latest.map_or(at, |latest| latest.max(at)))
    }
}

/// A step of an officer's.
pub fn officers_step(officer: Option<Officer>, content: String) -> ProgressStep {
    let officer = officer.unwrap_or_default();
    ProgressStep {
        officer_name: officer.name,
        officer_title: officer.title,
        department: officer.department,
        content,
        ..ProgressStep::default()
    }
}

/// A step that came from outside the ministry.
pub fn outside_step(who: &str, content: String) -> ProgressStep {
    ProgressStep { officer_name: who.to_owned(), content, ..ProgressStep::default() }
}

/// A form goes with the procedures it was made for; a free one with any.
pub fn form_fits(procedure: &Procedure, form: Option<&Form>, field: &str) -> Result<(), Error> {
    let kind = form.and_then(|form| form.kind.as_ref()).and_then(FormKind::of);
    if kind.is_none() || kind == procedure.form {
        return Ok(());
    }
    Err(Error::field(field, "tờ khai không phải là tờ khai của thủ tục này"))
}

/// What lists and short answers show.
pub fn summary(dossier: Dossier) -> DossierSummary {
    DossierSummary {
        code: dossier.code,
        external_codes: dossier.external_codes,
        procedure_code: dossier.procedure_code,
        procedure_name: dossier.procedure_name,
        field_name: dossier.field_name,
        summary: dossier.summary,
        channel: dossier.channel,
        processing_unit_name: dossier.processing_unit_name,
        processing_unit_code: dossier.processing_unit_code,
        owner_name: dossier.owner.map(|owner| owner.name).unwrap_or_default(),
        submitted_time: dossier.submitted_time,
        received_time: dossier.received_time,
        due_time: dossier.due_time,
        processed_time: dossier.processed_time,
        returned_time: dossier.returned_time,
        status: dossier.status,
    }
}

/// A moment in whole seconds.
pub fn timestamp(seconds: i64) -> Timestamp {
    Timestamp { seconds, nanos: 0 }
}

/// As many as the portals' contract can show.
const ROUNDS_MAX: usize = 100;
