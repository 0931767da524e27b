//! What a caller gets: written in the partner's contract, or refused, and put into HTTP.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;

use super::entry::{End, Entry};
use super::message::Manner;
use super::record::Filing;
use super::signed::Security;
use super::{Inbound, compute};
use crate::binding::plan::{OperationId, Partner};
use crate::fault::code::Code;
use crate::fault::refusal::Refusal;
use crate::fault::{Context, Fault};
use crate::grpc::Failure;
use crate::soap::reply::Reply;
use crate::transcode::{self, Outcome};

/// What a caller gets.
#[derive(Debug)]
pub(super) enum Answer {
    /// A WSDL or a schema.
    Document(Vec<u8>),
    /// An envelope of the partner's contract, or a fault in place of it. The manner is boxed: an answer is moved more
    /// often than a fault is written.
    Message(Box<Manner>, Result<Written, Fault>),
    /// A plain HTTP refusal.
    Plain(Refusal),
}

/// An answer in the partner's contract.
#[derive(Debug)]
pub(super) struct Written {
    /// The whole envelope.
    bytes: Bytes,
    /// The business outcome that it carries, where the service refused.
    pub(super) refused: Option<Failure>,
}

impl Written {
    /// The service's answer in the partner's contract.
    pub(super) fn answer(partner: &Partner, operation: OperationId, wire: &[u8], reply: &Reply) -> Result<Self, Fault> {
        let mut out = reply.open(3 * wire.len());
        transcode::encode(partner, operation, wire, &mut out)?;
        Ok(Self { bytes: Bytes::from(reply.close(out)), refused: None })
    }

    /// The service's refusal in the partner's contract, where that has a place for it.
    pub(super) fn refusal(
        partner: &Partner,
        operation: OperationId,
        failure: Failure,
        reply: &Reply,
    ) -> Result<Self, Fault> {
        let outcome = Outcome { status: failure.status, reason: &failure.reason, message: &failure.message };
        let mut out = reply.open(256);
        match transcode::encode_refusal(partner, operation, outcome, &mut out) {
            true => Ok(Self { bytes: Bytes::from(reply.close(out)), refused: Some(failure) }),
            false => Err(failure.into()),
        }
    }
}

impl Written {
    /// Signed, where its reader wants that.
    pub(super) fn signed(self, manner: &Manner, security: &Security) -> Result<Self, Fault> {
        if !manner.signed {
            return Ok(self);
        }
        Ok(Self { bytes: Bytes::from(sign(manner, self.bytes.to_vec(), security)?), ..self })
    }
}

/// An answer's message as it goes out.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) status: StatusCode,
    pub(super) content_type: &'static str,
    pub(super) bytes: Bytes,
}

/// The answer as HTTP, once it is recorded and logged.
pub(super) async fn respond(
    answer: Answer,
    filing: Option<Filing<'_>>,
    entry: &mut Entry,
    inbound: &Inbound,
    method: &Method,
) -> Response<Full<Bytes>> {
    match answer {
        Answer::Document(bytes) => {
            entry.end(End::Done);
            document(bytes, method)
        }
        Answer::Plain(refusal) => {
            entry.end(End::Plain(refusal));
            plain(refusal)
        }
        Answer::Message(manner, written) => {
            let mut sent = say(&manner, &written, entry, inbound);
            let mut end = End::of(&written);
            let recorded = match filing {
                Some(filing) => filing.close(&sent, end.code(), entry, &inbound.about(entry, &sent)).await,
                None => Ok(()),
            };
            let unrecorded = recorded.err();
            if let Some(fault) = &unrecorded {
                sent = refuse(&manner, fault, entry, inbound);
                end = End::Fault(fault);
            }
            entry.end(end);
            response(sent.status, sent.content_type, sent.bytes)
        }
    }
}

fn say(manner: &Manner, written: &Result<Written, Fault>, entry: &Entry, inbound: &Inbound) -> Sent {
    match written {
        Ok(Written { bytes, .. }) => {
            let content_type = manner.reply.version().content_type();
            Sent { status: StatusCode::OK, content_type, bytes: bytes.clone() }
        }
        Err(fault) => refuse(manner, fault, entry, inbound),
    }
}

/// A fault, signed like an answer where that can be done.
fn refuse(manner: &Manner, fault: &Fault, entry: &Entry, inbound: &Inbound) -> Sent {
    let version = manner.reply.version();
    let context = Context { trace: entry.trace.id(), language: inbound.language, x_road: manner.x_road };
    let bytes = fault.write(&manner.reply, context);
    // A key that fails must not hide the fault that tells of it.
    let bytes = sign(manner, bytes.clone(), &inbound.security).unwrap_or(bytes);
    Sent { status: status(fault.http_status(version)), content_type: version.content_type(), bytes: Bytes::from(bytes) }
}

/// Signs an envelope where its reader wants that.
fn sign(manner: &Manner, envelope: Vec<u8>, security: &Security) -> Result<Vec<u8>, Fault> {
    if !manner.signed {
        return Ok(envelope);
    }
    let keys = security.keys.load();
    let Some(signer) = &keys.signer else { return Err(Fault::new(Code::Internal).because("no key signs answers")) };
    let signed = compute(envelope.len(), || signer.sign(envelope, security.clock.now()));
    signed.map_err(|error| Fault::new(Code::Internal).because(error))
}

/// A document; without its body where only its head was asked for.
fn document(bytes: Vec<u8>, method: &Method) -> Response<Full<Bytes>> {
    let length = HeaderValue::from(bytes.len());
    let bytes = if method == Method::HEAD { Vec::new() } else { bytes };
    let mut response = response(StatusCode::OK, "text/xml; charset=utf-8", bytes);
    response.headers_mut().insert(header::CONTENT_LENGTH, length);
    response
}

fn plain(refusal: Refusal) -> Response<Full<Bytes>> {
    let text = refusal.text().into_bytes();
    let mut response = response(status(refusal.http_status()), "text/plain; charset=utf-8", text);
    if let Some((name, value)) = refusal.header() {
        let value = HeaderValue::try_from(value).expect("refusals have plain header values");
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
    response
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).expect("statuses are constants")
}

fn response(status: StatusCode, kind: &'static str, bytes: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(bytes.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
