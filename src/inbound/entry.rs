//! The one log entry of an exchange, and its count among the metrics: never a value of a message.

use std::sync::Arc;
use std::time::Instant;

use super::answer::Written;
use super::trace::Trace;
use crate::fault::code::Blame;
use crate::fault::refusal::Refusal;
use crate::fault::{Fault, Place};
use crate::grpc::Failure;
use crate::member::MemberId;
use crate::telemetry::{Metrics, Request};

/// How far an exchange came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Method, path, media type, length.
    Route,
    /// Whose certificate it is.
    Member,
    /// The body's bytes.
    Body,
    /// XML, envelope, headers.
    Read,
    /// The signature: whether it is right, and whether it was used before.
    Verify,
    /// For whom the member speaks, and whether it may.
    Permit,
    /// XSD and translation.
    Decode,
    /// The ministry's service.
    Call,
    /// The answer's translation.
    Encode,
}

/// What is known of an exchange so far. Dropped without an end it is an exchange whose caller went away.
#[derive(Debug)]
pub(super) struct Entry {
    metrics: Arc<Metrics>,
    started: Instant,
    ended: bool,
    pub(super) trace: Trace,
    pub(super) stage: Stage,
    pub(super) partner: String,
    pub(super) operation: String,
    /// Whose message it is.
    pub(super) member: Option<MemberId>,
    /// Whose certificate it came by, where that is an intermediary's.
    pub(super) via: Option<MemberId>,
    pub(super) message_id: Option<String>,
    /// Elements and attributes that were passed over, as the partner's binding lets them.
    pub(super) unknown: u32,
    /// Codes of what its request is about.
    pub(super) about: Vec<String>,
    /// Whether it got the answer of an earlier one.
    pub(super) repeated: bool,
}

/// How an exchange ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum End<'e> {
    /// A document or an answer.
    Done,
    /// A business outcome of the service, in an answer.
    Refused(&'e Failure),
    /// A SOAP fault.
    Fault(&'e Fault),
    /// A plain HTTP refusal.
    Plain(Refusal),
    /// The caller did not wait for the end.
    Abandoned,
}

impl Entry {
    pub(super) fn begin(trace: Trace, metrics: Arc<Metrics>) -> Self {
        metrics.in_flight.inc();
        Self {
            metrics,
            started: Instant::now(),
            ended: false,
            trace,
            stage: Stage::Route,
            partner: String::new(),
            operation: String::new(),
            member: None,
            via: None,
            message_id: None,
            unknown: 0,
            about: Vec::new(),
            repeated: false,
        }
    }

    /// Says for whom its sender speaks.
    pub(super) fn spoken_by(&mut self, speaker: &MemberId) {
        let holder = self.member.replace(speaker.clone());
        self.via = holder.filter(|holder| holder != speaker);
    }

    /// Writes and counts it.
    pub(super) fn end(&mut self, end: End<'_>) {
        self.ended = true;
        self.metrics.in_flight.dec();
        self.metrics.unknown_elements.inc_by(self.unknown.into());
        let time = self.started.elapsed();
        self.log(end, u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        let code = match end {
            End::Plain(refusal) => refusal.http_status().to_string(),
            _ => end.code().to_owned(),
        };
        let (partner, operation) = (std::mem::take(&mut self.partner), std::mem::take(&mut self.operation));
        self.metrics.count(&Request { partner, operation, code }, time);
    }

    fn log(&self, end: End<'_>, micros: u64) {
        let (code, stage, trace) = (end.code(), self.stage.as_str(), self.trace.id());
        let (partner, operation) = (self.partner.as_str(), self.operation.as_str());
        let (member, via) = (self.member.as_ref().map(MemberId::as_str), self.via.as_ref().map(MemberId::as_str));
        let message_id = self.message_id.as_deref();
        let unknown = (self.unknown > 0).then_some(self.unknown);
        let repeated = self.repeated.then_some(true);
        // The fields are the same at each level; a level decides whom it wakes.
        macro_rules! event {
            ($level:ident $(, $name:ident = $value:expr)*) => {
                tracing::$level!(
                    direction = "inbound", trace, partner, operation, member, via, message_id, unknown, repeated, stage, code,
                    micros
                    $(, $name = $value)*, "exchange"
                )
            };
        }
        match end {
            End::Done | End::Plain(_) | End::Abandoned => event!(info),
            End::Refused(failure) => event!(info, status = failure.status, reason = failure.reason),
            End::Fault(fault) => {
                let place = fault.place();
                let (path, line) = (place.and_then(|place| declared_path(place)), place.map(|place| place.line));
                let rule = place.map(|place| &*place.rule);
                match fault.code().blame() {
                    Blame::Caller => event!(info, path = path, line = line, rule = rule, cause = fault.cause_chain()),
                    Blame::Ministry | Blame::Gateway => event!(warn, cause = fault.cause_chain()),
                }
            }
        }
    }
}

/// The path without a last name that no contract declares: it is the sender's text, and may be anyone's name.
fn declared_path(place: &Place) -> Option<&str> {
    let path = place.path.as_deref()?;
    let is_foreign = UNDECLARED.iter().any(|rule| place.rule.starts_with(rule));
    let declared = if is_foreign { path.rsplit_once('/')?.0 } else { path };
    Some(declared).filter(|path| !path.is_empty())
}

/// Rules that are broken by a name: of an element, of an attribute, of an operation, of an envelope's part, of what is
/// signed.
const UNDECLARED: [&str; 6] = ["cvc-complex-type.2.4.a", "cvc-complex-type.3.2", "R", "SOAP", "WSS", "XML Signature"];

impl<'e> End<'e> {
    /// How a message ended.
    pub(super) fn of(written: &'e Result<Written, Fault>) -> Self {
        match written {
            Ok(written) => written.refused.as_ref().map_or(Self::Done, Self::Refused),
            Err(fault) => Self::Fault(fault),
        }
    }

    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Done => "ok",
            Self::Refused(_) => "refused",
            Self::Fault(fault) => fault.code().as_str(),
            Self::Plain(refusal) => refusal.as_str(),
            Self::Abandoned => "abandoned",
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if !self.ended {
            self.end(End::Abandoned);
        }
    }
}

impl Stage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Route => "route",
            Self::Member => "member",
            Self::Body => "body",
            Self::Read => "read",
            Self::Verify => "verify",
            Self::Permit => "permit",
            Self::Decode => "decode",
            Self::Call => "call",
            Self::Encode => "encode",
        }
    }
}
