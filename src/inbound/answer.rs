//! What a caller gets: written in the partner's contract, or refused, and put into HTTP.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;

use super::compute;
use super::entry::{End, Entry};
use super::message::Manner;
use super::signed::Security;
use crate::binding::plan::{OperationId, Partner};
use crate::fault::code::Code;
use crate::fault::refusal::Refusal;
use crate::fault::text::Language;
use crate::fault::{Context, Fault};
use crate::grpc::Failure;
use crate::soap::reply::Reply;
use crate::soap::version::Version;
use crate::transcode::{self, Outcome};

/// What a caller gets.
#[derive(Debug)]
pub(super) enum Answer {
    /// A WSDL or a schema.
    Document(Vec<u8>),
    /// An envelope of the partner's contract.
    Envelope(Version, Written),
    /// A fault in place of it; boxed, as an answer is moved more often than a fault is written.
    Fault(Box<Manner>, Fault),
    /// A plain HTTP refusal.
    Plain(Refusal),
}

/// An answer in the partner's contract.
#[derive(Debug)]
pub(super) struct Written {
    /// The whole envelope.
    bytes: Vec<u8>,
    /// The business outcome that it carries, where the service refused.
    refused: Option<Failure>,
}

impl Written {
    /// The service's answer in the partner's contract.
    pub(super) fn answer(partner: &Partner, operation: OperationId, wire: &[u8], reply: &Reply) -> Result<Self, Fault> {
        let mut out = reply.open(3 * wire.len());
        transcode::encode(partner, operation, wire, &mut out)?;
        Ok(Self { bytes: reply.close(out), refused: None })
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
            true => Ok(Self { bytes: reply.close(out), refused: Some(failure) }),
            false => Err(failure.into()),
        }
    }
}

impl Written {
    /// Signed, where its reader wants that.
    pub(super) fn signed(self, manner: &Manner, security: &Security) -> Result<Self, Fault> {
        Ok(Self { bytes: sign(manner, self.bytes, security)?, ..self })
    }
}

/// The answer as HTTP, once it is logged.
pub(super) fn respond(
    answer: Answer,
    entry: &mut Entry,
    language: Language,
    method: &Method,
    security: &Security,
) -> Response<Full<Bytes>> {
    match answer {
        Answer::Document(bytes) => {
            entry.end(End::Done);
            document(bytes, method)
        }
        Answer::Envelope(version, Written { bytes, refused }) => {
            entry.end(refused.as_ref().map_or(End::Done, End::Refused));
            response(StatusCode::OK, version.content_type(), bytes)
        }
        Answer::Fault(manner, fault) => refuse(&manner, &fault, entry, language, security),
        Answer::Plain(refusal) => {
            entry.end(End::Plain(refusal));
            plain(refusal)
        }
    }
}

/// A fault, signed like an answer where that can be done.
fn refuse(
    manner: &Manner,
    fault: &Fault,
    entry: &mut Entry,
    language: Language,
    security: &Security,
) -> Response<Full<Bytes>> {
    let version = manner.reply.version();
    let context = Context { trace: entry.trace.id(), language, x_road: manner.x_road };
    let bytes = fault.write(&manner.reply, context);
    // A key that fails must not hide the fault that tells of it.
    let bytes = sign(manner, bytes.clone(), security).unwrap_or(bytes);
    entry.end(End::Fault(fault));
    response(status(fault.http_status(version)), version.content_type(), bytes)
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

fn response(status: StatusCode, kind: &'static str, bytes: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
