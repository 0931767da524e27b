//! Where calls arrive: who asks, whether it is a repeat, one transaction, one answer.
//!
//! A changing call is one piece of the store's work: the recorded answer of an earlier call by the same key, or the
//! effect together with the record of its answer. Either both are on disk when the caller reads the answer, or
//! neither. Requests are judged inside the same piece, so that a repeat gets its answer even where the same request
//! would be refused today.

use std::sync::Arc;

use jiff::civil::Date;
use prost::Message;
use prost_types::Timestamp;
use tonic::{Request, Response, Status as GrpcStatus};

use super::admission::Role;
use super::calendar::Calendar;
use super::caller::Caller;
use super::catalogue::Catalogue;
use super::code::AgencyCode;
use super::contract::molisa::dossier::v1::Dossier;
use super::error::Error;
use super::records::{Answered, Records};
use crate::clock::Clock;
use crate::crypto::Digest;
use crate::store::Store;

/// What the service works with.
#[derive(Debug)]
pub struct Desk {
    /// Where dossiers are kept.
    pub store: Store,
    /// What time it is.
    pub clock: Clock,
    /// What may be applied for.
    pub catalogue: Catalogue,
    /// When the offices work.
    pub calendar: Calendar,
    /// Whose desk it is; dossiers are for its units only.
    pub agency: AgencyCode,
    /// Digits a dossier's number of the day is padded to.
    pub sequence_digits: u8,
}

/// One call inside its transaction.
#[derive(Debug)]
pub struct Turn<'a> {
    /// The desk.
    pub desk: &'a Desk,
    /// The tables as this transaction sees them.
    pub records: Records<'a>,
    /// Who asks.
    pub caller: &'a Caller,
    /// Seconds since 1970.
    pub now: i64,
}

/// What a method does with its request.
pub type Act<Q, A> = fn(&Turn<'_>, Q) -> Result<A, Error>;

impl Desk {
    /// A changing call: takes effect once by its key.
    pub async fn change<Q, A>(
        self: &Arc<Self>,
        method: &'static str,
        request: Request<Q>,
        act: Act<Q, A>,
    ) -> Result<Response<A>, GrpcStatus>
    where
        Q: Message + Send + 'static,
        A: Message + Default + Send + 'static,
    {
        let result = match Caller::read(&request) {
            Ok(caller) => {
                let desk = self.clone();
                let request = request.into_inner();
                let asked = Digest::of(&request.encode_to_vec());
                let logged = caller.clone();
                let work = move |connection: &rusqlite::Connection| {
                    let now = desk.clock.now().0.div_euclid(1000);
                    let turn = Turn { desk: &desk, records: Records::of(connection), caller: &caller, now };
                    turn.once(method, asked, |turn| act(turn, request))
                };
                log(method, Some(&logged), self.store.write(work).await)
            }
            Err(error) => log(method, None, Err(error)),
        };
        result.map(Response::new)
    }

    /// A reading call: one snapshot.
    pub async fn look<Q, A>(
        self: &Arc<Self>,
        method: &'static str,
        request: Request<Q>,
        act: Act<Q, A>,
    ) -> Result<Response<A>, GrpcStatus>
    where
        Q: Message + Send + 'static,
        A: Send + 'static,
    {
        let result = match Caller::read(&request) {
            Ok(caller) => {
                let desk = self.clone();
                let request = request.into_inner();
                let logged = caller.clone();
                let work = move |connection: &rusqlite::Connection| {
                    let now = desk.clock.now().0.div_euclid(1000);
                    act(&Turn { desk: &desk, records: Records::of(connection), caller: &caller, now }, request)
                };
                log(method, Some(&logged), self.store.read(work).await)
            }
            Err(error) => log(method, None, Err(error)),
        };
        result.map(Response::new)
    }
}

impl Turn<'_> {
    /// Now, as messages write it.
    pub fn now(&self) -> Timestamp {
        Timestamp { seconds: self.now, nanos: 0 }
    }

    /// The local day a dossier is judged by: of its submission, today where it does not say.
    pub fn day_of(&self, dossier: &Dossier) -> Date {
        self.desk.calendar.local(dossier.submitted_time.map_or(self.now, |time| time.seconds)).date()
    }

    /// Refuses the gateway and who speaks for a member: officers are the ministry's.
    pub fn officers_only(&self) -> Result<(), Error> {
        let ministry = self.caller.member.is_none() && self.caller.role == Role::Ministry;
        if ministry { Ok(()) } else { Err(Error::OfficersOnly) }
    }

    fn once<A: Message + Default>(
        &self,
        method: &'static str,
        asked: Digest,
        act: impl FnOnce(&Self) -> Result<A, Error>,
    ) -> Result<A, Error> {
        let Some(key) = &self.caller.key else {
            return act(self);
        };
        let member = self.caller.member_stored();
        if let Some(answered) = self.records.answer(member, method, key)? {
            return repeated(&answered, asked);
        }
        let answer = act(self)?;
        let answered = Answered { digest: asked, body: answer.encode_to_vec() };
        self.records.keep_answer([member, method, key], &answered, self.now)?;
        Ok(answer)
    }
}

/// The recorded answer, where the request is the one it answered.
pub fn repeated<A: Message + Default>(answered: &Answered, asked: Digest) -> Result<A, Error> {
    if answered.digest != asked {
        return Err(Error::IdConflict);
    }
    super::records::decoded(&answered.body, "answer")
}

fn log<A>(method: &'static str, caller: Option<&Caller>, result: Result<A, Error>) -> Result<A, GrpcStatus> {
    let member = caller.map_or("", Caller::member_stored);
    let message_id = caller.map_or("", |caller| caller.message_id.as_str());
    match result {
        Ok(answer) => {
            tracing::info!(operation = method, member, message_id, code = "OK", "dossier call");
            Ok(answer)
        }
        Err(error) => {
            let (code, reason) = error.outcome();
            match std::error::Error::source(&error) {
                Some(cause) => {
                    tracing::error!(operation = method, member, message_id, code = ?code, reason, cause = %chain(cause), "dossier call failed");
                }
                None => {
                    tracing::info!(operation = method, member, message_id, code = ?code, reason, "dossier call refused")
                }
            }
            Err(error.status())
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
