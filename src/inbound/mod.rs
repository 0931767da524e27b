//! The inbound call: SOAP in, gRPC, SOAP out, step by step.
//!
//! ```text
//! route ▶ accept ▶ member ▶ body ▶ read ▶ speak ▶ admit ▶ verify ▶ name ▶ permit ▶ decode ▶ cover ▶ prepare ▶ enter
//! └─ plain HTTP refusals ─────┘ └─ SOAP faults ─────────────────────────────────────────────────────── ▶ call ▶ encode
//! ```
//! * What comes out is decided before a byte of it is sent.
//! * Nothing of the message as received is held while the service is called.
//! * Every exchange with a message is recorded before it is answered ([`record`]).
//! * A once-operation has its effect once (`once`); it goes out with an `idempotency-key`, the same for a repeat.
//! * Each exchange is one log entry and one count.

mod answer;
mod entry;
mod face;
mod key;
pub mod masked;
mod message;
mod once;
pub mod record;
mod route;
pub mod signed;
mod steps;
mod trace;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::request::Parts as Head;
use http::{Request, Response, Version};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use tokio::runtime::RuntimeFlavor;
use tokio::sync::{Semaphore, SemaphorePermit};

use self::answer::{Answer, Sent, Written};
use self::entry::{Entry, Stage};
use self::face::Face;
use self::message::Manner;
use self::once::Said;
use self::record::{Filing, Records};
use self::route::Accepted;
use self::signed::Security;
use self::steps::{Asked, Entered, Fresh, Prepared};
use self::trace::Trace;
use crate::binding::plan::Partner;
use crate::fault::Fault;
use crate::fault::code::{Code, Limit};
use crate::fault::refusal::Refusal;
use crate::fault::text::Language;
use crate::grpc::Upstream;
use crate::http::Handler;
use crate::http::body::{self, Bounds, Held, Room};
use crate::member::{Member, Registry};
use crate::problem::Problems;
use crate::soap::mime;
use crate::telemetry::Metrics;
use crate::tls::Peer;
use crate::transcode;
use crate::xml;
use crate::xml::encoding::to_utf8;
use crate::xml::tape::Tape;

/// What the inbound call is made of.
#[derive(Debug)]
pub struct Parts {
    /// Partners, each served at `/soap/<name>`.
    pub partners: Vec<Partner>,
    /// Internal services by full name: `molisa.dossier.v1.DossierService`.
    pub services: HashMap<String, Upstream>,
    /// Who may call; may be exchanged while calls are under way.
    pub members: Arc<ArcSwap<Registry>>,
    /// Bounds of one exchange.
    pub limits: Limits,
    /// The language of SOAP 1.1's fault strings.
    pub language: Language,
    /// Where exchanges are counted.
    pub metrics: Arc<Metrics>,
    /// What messages are verified and answers signed with.
    pub security: Security,
    /// The record of exchanges; `None`, for measuring: nothing is remembered, neither messages nor signatures nor what
    /// had an effect.
    pub records: Option<Records>,
}

/// Bounds of one exchange.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Inside a message.
    pub xml: xml::limits::Limits,
    /// A request's body, bytes: 413 beyond.
    pub body_bytes_max: usize,
    /// How long a body may take to arrive: 408 beyond.
    pub body_time_max: Duration,
    /// All bodies held at once, bytes, their first 64 KiB not counted: 503 beyond.
    pub bodies_bytes_max: usize,
    /// How long the service may take: the fault `timeout` beyond.
    pub call_time_max: Duration,
    /// Calls under way at once, of all members: 503 beyond.
    pub calls_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            xml: xml::limits::Limits::default(),
            body_bytes_max: 16 << 20,
            body_time_max: Duration::from_secs(15),
            bodies_bytes_max: 256 << 20,
            call_time_max: Duration::from_secs(30),
            calls_max: 1024,
        }
    }
}

/// Answers partners' requests.
#[derive(Debug)]
pub struct Inbound {
    faces: Vec<Face>,
    members: Arc<ArcSwap<Registry>>,
    limits: Limits,
    language: Language,
    metrics: Arc<Metrics>,
    security: Security,
    records: Option<Records>,
    places: Semaphore,
    room: Room,
}

/// A call whose body may be read.
#[derive(Debug)]
struct Admitted<'r> {
    face: &'r Face,
    accepted: Accepted<'r>,
    holder: Arc<Member>,
    _place: SemaphorePermit<'r>,
}

/// A message whose sender is a member, as received.
#[derive(Debug)]
struct Received<'r> {
    face: &'r Face,
    accepted: Accepted<'r>,
    holder: Arc<Member>,
    body: Held<'r>,
}

impl Inbound {
    /// Joins partners and services.
    ///
    /// Problems: an operation whose service has no address, a schema that cannot be served; `None` then.
    pub fn new(parts: Parts, problems: &mut Problems) -> Option<Self> {
        let count = parts.partners.len();
        let join = |partner| Face::new(partner, &parts.services, &parts.limits.xml, problems);
        let faces: Vec<Face> = parts.partners.into_iter().filter_map(join).collect();
        (faces.len() == count).then_some(Self {
            faces,
            members: parts.members,
            limits: parts.limits,
            language: parts.language,
            metrics: parts.metrics,
            security: parts.security,
            records: parts.records,
            places: Semaphore::new(parts.limits.calls_max),
            room: Room::new(parts.limits.bodies_bytes_max),
        })
    }

    async fn exchange(
        &self,
        peer: &Peer,
        request: Request<Incoming>,
        entry: &mut Entry,
    ) -> (Answer, Option<Filing<'_>>) {
        let (head, mut body) = request.into_parts();
        let answer = self.answer(peer, &head, &mut body, entry).await;
        let timed_out = matches!(answer.0, Answer::Plain(Refusal::BodyTimeout));
        if head.version == Version::HTTP_2 && !body.is_end_stream() && !timed_out {
            body::drain(&mut body).await;
        }
        answer
    }

    /// The answer, and the record of the exchange where it has a message.
    async fn answer(
        &self,
        peer: &Peer,
        head: &Head,
        body: &mut Incoming,
        entry: &mut Entry,
    ) -> (Answer, Option<Filing<'_>>) {
        let Admitted { face, accepted, holder, _place } = match self.admit(peer, head, body, entry) {
            Ok(admitted) => admitted,
            Err(answer) => return (answer, None),
        };
        entry.stage = Stage::Body;
        let bytes_max = holder.message_bytes_max().unwrap_or(usize::MAX).min(self.limits.body_bytes_max);
        let bounds = Bounds { bytes_max, time_max: self.limits.body_time_max };
        let body = match body::read(body, bounds, &self.room).await {
            Ok(body) => body,
            Err(error) => return (Answer::Plain(error.into()), None),
        };
        let mut manner = Manner::of_media(accepted.media.version);
        let length = body.bytes.len();
        let received = Received { face, accepted, holder, body };
        let prepared = compute(length, || self.prepare(&received, &mut manner, entry));
        let records = self.records.as_ref();
        let bytes = received.body.into_bytes();
        let mut filing = records.map(|records| compute(length, || file(records, peer, head, bytes, entry)));
        let written = match prepared {
            Ok(prepared) => self.answer_to(face, prepared, filing.as_mut(), &mut manner, entry).await,
            Err(fault) => Err(fault),
        };
        let written = written.and_then(|written| written.signed(&manner, &self.security));
        (Answer::Message(Box::new(manner), written), filing)
    }

    /// Codes of what an exchange was about, by both its messages.
    fn about(&self, entry: &Entry, sent: &Sent) -> Vec<String> {
        let mut about = entry.about.clone();
        if let Some(face) = self.faces.iter().find(|face| face.partner.name == entry.partner) {
            transcode::codes_of_answer(&face.partner, &sent.bytes, &mut about);
        }
        about
    }

    /// What can be said before the body is read: a document, or that it need not be read.
    fn admit<'r>(
        &'r self,
        peer: &Peer,
        head: &'r Head,
        body: &Incoming,
        entry: &mut Entry,
    ) -> Result<Admitted<'r>, Answer> {
        let face = route::face(&self.faces, head).map_err(Answer::Plain)?;
        entry.partner.clone_from(&face.partner.name);
        if let Some(document) = route::document(face, head).map_err(Answer::Plain)? {
            return Err(Answer::Document(document));
        }
        let accepted = route::accept(&head.headers, body.is_end_stream(), self.limits.body_bytes_max);
        let accepted = accepted.map_err(Answer::Plain)?;
        let place = self.places.try_acquire().map_err(|_| Answer::Plain(Refusal::overload()))?;
        let holder = self.holder(peer, entry);
        let holder =
            holder.map_err(|fault| Answer::Message(Box::new(Manner::of_media(accepted.media.version)), Err(fault)))?;
        Ok(Admitted { face, accepted, holder, _place: place })
    }

    fn holder(&self, peer: &Peer, entry: &mut Entry) -> Result<Arc<Member>, Fault> {
        entry.stage = Stage::Member;
        let members = self.members.load();
        let holder = members.holder(peer.certificate())?;
        entry.member = Some(holder.id().clone());
        Ok(holder.clone())
    }

    /// From the bytes of a message to a call that may be made.
    fn prepare(&self, received: &Received<'_>, manner: &mut Manner, entry: &mut Entry) -> Result<Prepared, Fault> {
        let Received { face, accepted, holder, body } = received;
        entry.stage = Stage::Read;
        let root = mime::root(&accepted.media, &body.bytes)?;
        let text = to_utf8(&root.bytes, root.charset.as_deref())?;
        let tape = Tape::parse(&text, &face.limits)?;
        root.check(&tape)?;
        let asked = Asked::read(&face.partner, &tape, manner)?;
        entry.message_id = asked.message_id().map(str::to_owned);
        entry.about = asked.codes();
        entry.stage = Stage::Permit;
        let spoken = asked.speak(&self.members.load(), holder)?;
        entry.spoken_by(spoken.speaker().id());
        manner.signed = spoken.speaker().signs_answers();
        if spoken.speaker().message_bytes_max().is_some_and(|bytes_max| body.bytes.len() > bytes_max) {
            return Err(Fault::new(Code::Limit(Limit::Bytes)));
        }
        let placed = spoken.admit()?;
        entry.stage = Stage::Verify;
        let signed = placed.verify(&self.security)?;
        entry.stage = Stage::Permit;
        let named = signed.name()?;
        entry.operation.clone_from(&named.operation().name);
        let permitted = named.permit()?;
        entry.stage = Stage::Decode;
        let decoded = permitted.decode()?;
        let passed = decoded.passed();
        if passed.count > 0 {
            entry.unknown = passed.count;
            manner.reply.report_unknown(passed.count, &passed.paths);
        }
        let covered = decoded.cover().inspect_err(|_| entry.stage = Stage::Permit)?;
        covered.prepare(&entry.trace)
    }

    /// The answer to a call: the service's, or the recorded one where it was answered before.
    async fn answer_to(
        &self,
        face: &Face,
        prepared: Prepared,
        mut filing: Option<&mut Filing<'_>>,
        manner: &mut Manner,
        entry: &mut Entry,
    ) -> Result<Written, Fault> {
        entry.stage = Stage::Verify;
        let operation = prepared.operation;
        let entered = prepared.enter(filing.as_deref_mut(), self.limits.call_time_max).await?;
        entry.stage = Stage::Call;
        let said = match entered {
            Entered::Fresh(fresh) => {
                let said = self.call(face, fresh).await;
                if let Some(filing) = filing {
                    filing.heard(&said);
                }
                said
            }
            Entered::Repeat(said) => {
                entry.repeated = true;
                manner.reply.report_repeated();
                said
            }
        };
        entry.stage = Stage::Encode;
        match said {
            Ok(wire) => compute(wire.len(), || Written::answer(&face.partner, operation, &wire, &manner.reply)),
            Err(failure) => {
                entry.stage = Stage::Call;
                Written::refusal(&face.partner, operation, failure, &manner.reply)
            }
        }
    }

    async fn call(&self, face: &Face, fresh: Fresh) -> Said {
        let Fresh(Prepared { operation, message, metadata, _permit, .. }) = fresh;
        let method = &face.partner.operation_of(operation).method;
        face.upstream(operation).unary(method, message, metadata, self.limits.call_time_max).await
    }
}

impl Handler for Inbound {
    async fn handle(&self, peer: Arc<Peer>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let method = request.method().clone();
        let mut entry = Entry::begin(Trace::of(request.headers()), self.metrics.clone());
        let (answer, filing) = self.exchange(&peer, request, &mut entry).await;
        answer::respond(answer, filing, &mut entry, self, &method).await
    }
}

/// Begins the record of an exchange whose request was read.
fn file<'r>(records: &'r Records, peer: &Peer, head: &Head, body: Bytes, entry: &Entry) -> Filing<'r> {
    let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let received = record::Received {
        body,
        media_type: header("content-type"),
        soap_action: header("soapaction"),
        public_key: peer.certificate().spki,
        about: &entry.about,
    };
    records.file(entry, received)
}

/// Does the work on a message of this length. A long one takes a while: it must not hold up the connections that
/// share its thread.
fn compute<R>(length: usize, work: impl FnOnce() -> R) -> R {
    let threads = tokio::runtime::Handle::current().runtime_flavor();
    if length > INLINE_BYTES_MAX && threads == RuntimeFlavor::MultiThread {
        return tokio::task::block_in_place(work);
    }
    work()
}

/// Longest message that is worked on in place: about a millisecond's work.
const INLINE_BYTES_MAX: usize = 256 << 10;

#[cfg(test)]
mod tests;
