//! The steps from a received message to a call that may be made, each made by the one before it alone.
//!
//! ```text
//! Asked ──speak──▶ Spoken ──name──▶ Named ──permit──▶ Permitted ──decode──▶ Decoded ──key──▶ Prepared
//! ```
//! A step takes the value of the step before it and no other: a call that is decoded before it is permitted, or made
//! before it is decoded, does not compile.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use tonic::metadata::{AsciiMetadataValue, MetadataValue};

use super::key::Key;
use super::message::{Headers, Manner, Question};
use super::trace::Trace;
use crate::binding::plan::{Effect, HeaderProtocol, Operation, OperationId, Partner};
use crate::fault::code::Code;
use crate::fault::text::Texts;
use crate::fault::{Fault, Place};
use crate::grpc::Metadata;
use crate::member::{Member, Permit, Registry, Subsystem};
use crate::soap::xroad::Party;
use crate::transcode::{self, Passed};
use crate::xml::tape::Tape;

/// A message whose envelope and headers keep their rules.
pub(super) struct Asked<'t> {
    partner: &'t Partner,
    tape: &'t Tape<'t>,
    question: Question<'t>,
}

/// A message of which it is known whose it is.
pub(super) struct Spoken<'t> {
    asked: Asked<'t>,
    /// The holder of the certificate, or the member it speaks for.
    speaker: Arc<Member>,
}

/// A message that names an operation.
pub(super) struct Named<'t> {
    spoken: Spoken<'t>,
    operation: OperationId,
}

/// A call that its member may make now.
pub(super) struct Permitted<'t> {
    named: Named<'t>,
    permit: Permit,
}

/// A call whose message is valid.
pub(super) struct Decoded<'t> {
    permitted: Permitted<'t>,
    wire: Vec<u8>,
    passed: Passed,
}

/// Everything the call needs; nothing of the message as received is left in it.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) operation: OperationId,
    pub(super) message: Bytes,
    pub(super) metadata: Metadata,
    /// Held until the answer is written.
    pub(super) _permit: Permit,
}

impl<'t> Asked<'t> {
    /// Reads envelope and headers.
    pub(super) fn read(partner: &'t Partner, tape: &'t Tape<'t>, manner: &mut Manner) -> Result<Self, Fault> {
        Ok(Self { partner, tape, question: Question::read(partner, tape, manner)? })
    }

    /// The message id, if the headers have one.
    pub(super) fn message_id(&self) -> Option<&str> {
        self.question.message_id()
    }

    /// The certificate decides who speaks; X-Road's `client` only where its holder may speak for it.
    pub(super) fn speak(self, members: &Registry, holder: &Arc<Member>) -> Result<Spoken<'t>, Fault> {
        let speaker = match &self.question.headers {
            Headers::XRoad(fields) => members.speaker(holder, &subsystem(&fields.client))?,
            Headers::Addressing(_) | Headers::None => holder.clone(),
        };
        Ok(Spoken { asked: self, speaker })
    }
}

impl<'t> Spoken<'t> {
    /// Whose message it is.
    pub(super) fn speaker(&self) -> &Arc<Member> {
        &self.speaker
    }

    /// The operation is named by the element in the Body, by nothing else (WS-I R1127).
    pub(super) fn name(self) -> Result<Named<'t>, Fault> {
        let Asked { partner, tape, question } = &self.asked;
        let child = question.envelope.child;
        let namespace = tape.namespace_name(tape.namespace(child));
        let Some(operation) = partner.operation(namespace, tape.local(child)) else {
            let place = Place { path: Some(tape.path(child)), line: tape.line(child), rule: Cow::Borrowed("R2712") };
            return Err(Fault::new(Code::InvalidOperation).at(place));
        };
        Ok(Named { spoken: self, operation })
    }
}

impl<'t> Named<'t> {
    /// The operation.
    pub(super) fn operation(&self) -> &'t Operation {
        self.spoken.asked.partner.operation_of(self.operation)
    }

    /// Asks for the right, and for a place among the member's calls.
    pub(super) fn permit(self) -> Result<Permitted<'t>, Fault> {
        let permit = self.spoken.speaker.permit(&self.spoken.asked.partner.name, &self.operation().name)?;
        Ok(Permitted { named: self, permit })
    }
}

impl<'t> Permitted<'t> {
    /// Validates and translates the Body.
    pub(super) fn decode(self) -> Result<Decoded<'t>, Fault> {
        let Asked { partner, tape, question } = &self.named.spoken.asked;
        let mut wire = Vec::with_capacity(tape.span(question.envelope.child).len() / 2);
        let passed = transcode::decode(partner, self.named.operation, tape, question.envelope.child, &mut wire)?;
        Ok(Decoded { permitted: self, wire, passed })
    }
}

impl Decoded<'_> {
    /// What of the message was passed over.
    pub(super) fn passed(&self) -> &Passed {
        &self.passed
    }

    /// Adds what goes along with the message: who asks, and what makes a repeat the same request.
    pub(super) fn prepare(self, trace: &Trace) -> Result<Prepared, Fault> {
        let Permitted { named, permit } = &self.permitted;
        let mut metadata = self.headers();
        metadata.insert("traceparent", once(&trace.parent()));
        let has_id = named.spoken.asked.question.message_id().is_some();
        let is_once = match named.operation().effect {
            Effect::Once => true,
            Effect::State => has_id,
            Effect::Read => false,
        };
        if is_once {
            metadata.insert("idempotency-key", once(self.key()?.as_str()));
        }
        metadata.insert("lienthong-member", ascii(permit.member().id().as_str()));
        let operation = named.operation;
        Ok(Prepared { operation, message: Bytes::from(self.wire), metadata, _permit: self.permitted.permit })
    }

    fn headers(&self) -> Metadata {
        let asked = &self.permitted.named.spoken.asked;
        let mut metadata = Metadata::new();
        metadata.insert("lienthong-partner", ascii(&asked.partner.name));
        if let Some(id) = asked.message_id() {
            metadata.insert("lienthong-message-id", once(id));
        }
        if self.passed.count > 0 {
            metadata.insert("lienthong-unknown-elements", self.passed.count.into());
        }
        if let Headers::XRoad(fields) = &asked.question.headers {
            if let Some(version) = &fields.service_version {
                metadata.insert("lienthong-service-version", ascii(version));
            }
            if let Some(user) = &fields.user_id {
                metadata.insert_bin("lienthong-user-id-bin", MetadataValue::from_bytes(user.as_bytes()));
            }
            if let Some(issue) = &fields.issue {
                metadata.insert_bin("lienthong-issue-bin", MetadataValue::from_bytes(issue.as_bytes()));
            }
        }
        metadata
    }

    /// By the message id, else by the values of the binding's `key`.
    fn key(&self) -> Result<Key, Fault> {
        let Permitted { named, permit } = &self.permitted;
        let Asked { partner, tape, question } = &named.spoken.asked;
        let member = permit.member().id();
        if let Some(id) = question.message_id() {
            return Ok(Key::of_message(member, id));
        }
        let child = question.envelope.child;
        match transcode::request_key(partner, named.operation, tape, child) {
            Some(values) => Ok(Key::of_values(member, &partner.name, &named.operation().name, &values)),
            None => {
                let place = Place { path: Some(tape.path(child)), line: tape.line(child), rule: Cow::Borrowed("once") };
                Err(Fault::with_texts(Code::InvalidHeader, without_id(partner.headers)).at(place))
            }
        }
    }
}

/// What to send so that a repeat can be told from a new request.
fn without_id(headers: HeaderProtocol) -> Texts {
    let (vi, en) = match headers {
        HeaderProtocol::XRoad => ("hãy gửi các tiêu đề X-Road (với id)", "send X-Road's headers (with id)"),
        HeaderProtocol::Addressing => ("hãy gửi wsa:MessageID", "send wsa:MessageID"),
        HeaderProtocol::None => ("hãy gửi mã riêng trong nội dung", "send a code of your own in the content"),
    };
    Texts::new(
        format!("Không phân biệt được yêu cầu mới với yêu cầu gửi lại: {vi}."),
        format!("A new request cannot be told from a repeated one: {en}."),
    )
}

fn subsystem(client: &Party<'_>) -> Subsystem {
    Subsystem {
        instance: client.instance.to_string(),
        class: client.class.to_string(),
        code: client.member.to_string(),
        subsystem: client.subsystem.as_ref().map(ToString::to_string),
    }
}

/// A value that no other call has: kept out of HTTP/2's table of headers, where it would drive out those that come again.
fn once(text: &str) -> AsciiMetadataValue {
    let mut value = ascii(text);
    value.set_sensitive(true);
    value
}

/// A metadata value; bytes that ASCII metadata cannot carry, and `%`, are percent-encoded.
fn ascii(text: &str) -> AsciiMetadataValue {
    let is_plain = |byte: u8| (b'!'..=b'~').contains(&byte) && byte != b'%';
    if text.bytes().all(is_plain) {
        return text.parse().expect("visible ASCII");
    }
    let encode = |byte: u8| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect::<String>().parse().expect("visible ASCII")
}
