//! The steps from a received message to a call that may be made, each made by the one before it alone.
//!
//! ```text
//! Asked ──speak──▶ Spoken ──admit──▶ Placed ──verify──▶ Signed ──name──▶ Named ──permit──▶ Permitted ──decode──┐
//!            Fresh ◀──fresh── Prepared ◀──prepare── Covered ◀──cover── Decoded ◀───────────────────────────────┘
//! ```
//! A step takes the value of the step before it and no other: a message whose Body is looked at before its signature is
//! verified, a call that is decoded before it is permitted, or made before it is decoded, does not compile.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tonic::metadata::{AsciiMetadataValue, MetadataValue};

use super::key::{Key, content};
use super::message::{Headers, Manner, Question};
use super::once::{Said, Told};
use super::record::Filing;
use super::signed::{Seal, Security};
use super::trace::Trace;
use crate::binding::plan::{Effect, HeaderProtocol, Operation, OperationId, Partner};
use crate::crypto::Digest;
use crate::fault::code::Code;
use crate::fault::text::Texts;
use crate::fault::{Fault, Place};
use crate::grpc::Metadata;
use crate::member::{self, Member, Permit, Registry, SignaturePolicy, Subsystem};
use crate::soap::xroad::Party;
use crate::transcode::{self, Passed};
use crate::wsse;
use crate::wsse::verify::{Demand, Verified};
use crate::xml::tape::{NodeId, Tape};

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

/// A message whose member may make a call now: work on it is counted.
pub(super) struct Placed<'t> {
    asked: Asked<'t>,
    place: member::Place,
}

/// A message whose signature is right, or that need not be signed.
pub(super) struct Signed<'t> {
    placed: Placed<'t>,
    proof: Option<Verified>,
}

/// A message that names an operation.
pub(super) struct Named<'t> {
    call: Call<'t>,
    place: member::Place,
}

/// A call that its member may make.
pub(super) struct Permitted<'t> {
    call: Call<'t>,
    permit: Permit,
}

/// What of a message is known from its name on.
struct Call<'t> {
    asked: Asked<'t>,
    proof: Option<Verified>,
    operation: OperationId,
}

/// A call whose message is valid.
pub(super) struct Decoded<'t> {
    permitted: Permitted<'t>,
    wire: Vec<u8>,
    passed: Passed,
}

/// A call whose member has a right to every dossier that it is about.
pub(super) struct Covered<'t>(Decoded<'t>);

/// Everything the call needs; nothing of the message as received is left in it.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) operation: OperationId,
    pub(super) message: Bytes,
    pub(super) metadata: Metadata,
    seal: Option<Seal>,
    /// What makes it the same request as another; `None` where it may be asked again and again.
    pub(super) wanted: Option<Wanted>,
    /// Held until the answer is written.
    pub(super) _permit: Permit,
}

/// A request that has its effect once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) key: Digest,
    pub(super) content: Digest,
}

/// A call that is not the replay of one before.
#[derive(Debug)]
pub(super) struct Fresh(pub(super) Prepared);

/// A call that stands in the record.
#[expect(clippy::large_enum_variant, reason = "lives for one match, on the stack")]
pub(super) enum Entered {
    /// It is to be made.
    Fresh(Fresh),
    /// It was made before: what was said then.
    Repeat(Said),
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

    /// Codes of what it is about.
    pub(super) fn codes(&self) -> Vec<String> {
        transcode::codes_of_request(self.partner, self.tape, self.question.envelope.child)
    }

    /// The certificate decides who speaks; X-Road's `client` only where its holder may speak for it.
    pub(super) fn speak(self, members: &Registry, holder: &Arc<Member>) -> Result<Spoken<'t>, Fault> {
        let speaker = match &self.question.headers {
            Headers::XRoad(fields) => members.speaker(holder, &subsystem(&fields.client))?,
            Headers::Addressing(_) | Headers::None => holder.clone(),
        };
        Ok(Spoken { asked: self, speaker })
    }

    /// The fault of a member that has no right to what stands at `node`, below the Body; to the whole where it is
    /// `None`.
    fn no_right(&self, refusal: member::Refusal, node: Option<NodeId>, rule: &'static str) -> Fault {
        let child = self.question.envelope.child;
        let node = node.unwrap_or(child);
        let path = self.tape.path_below(node, self.tape.parent(child));
        let place = Place { path: Some(path), line: self.tape.line(node), rule: Cow::Borrowed(rule) };
        Fault::no_right(refusal, place)
    }
}

impl<'t> Spoken<'t> {
    /// Whose message it is.
    pub(super) fn speaker(&self) -> &Arc<Member> {
        &self.speaker
    }

    /// Asks for a place among the member's calls.
    pub(super) fn admit(self) -> Result<Placed<'t>, Fault> {
        Ok(Placed { place: self.speaker.admit()?, asked: self.asked })
    }
}

impl<'t> Placed<'t> {
    /// Verifies the signature where the speaker's messages must be signed, or where the sender demands it
    /// (`mustUnderstand`); a Security header that nobody asks about is passed over.
    pub(super) fn verify(self, security: &Security) -> Result<Signed<'t>, Fault> {
        let Asked { partner, tape, question } = &self.asked;
        let speaker = self.place.member();
        let policy = speaker.signature_policy();
        let envelope = &question.envelope;
        let is_mandatory = |&block: &NodeId| wsse::is_header(tape, block) && envelope.is_mandatory(tape, block);
        if policy == SignaturePolicy::None && !envelope.blocks.iter().any(is_mandatory) {
            return Ok(Signed { placed: self, proof: None });
        }
        let lacks = |kind| wsse::error::Error::at(tape, envelope.header.unwrap_or(envelope.body(tape)), kind);
        let header = wsse::read::Security::read(tape, envelope)?.ok_or_else(|| lacks(wsse::error::Kind::Missing))?;
        let now = security.clock.now();
        let timely = header.timely(tape, now, security.tolerance)?;
        if policy == SignaturePolicy::None && !timely.is_signed() {
            return Ok(Signed { placed: self, proof: None });
        }
        let is_whole = policy == SignaturePolicy::Message;
        let message_id = question.message_id_block(tape).filter(|_| is_whole);
        // Else whoever left its headers out would be let off signing them.
        if is_whole && message_id.is_none() && partner.headers != HeaderProtocol::None {
            return Err(lacks(wsse::error::Kind::NotCovered(wsse::error::Part::MessageId)).into());
        }
        let demand = Demand { timestamp: is_whole, message_id };
        let proof = timely.verify(tape, envelope, demand, security.tolerance, &security.of(speaker, now))?;
        Ok(Signed { placed: self, proof: Some(proof) })
    }
}

impl<'t> Signed<'t> {
    /// The operation is named by the element in the Body, by nothing else (WS-I R1127).
    pub(super) fn name(self) -> Result<Named<'t>, Fault> {
        let Self { placed: Placed { asked, place }, proof } = self;
        let child = asked.question.envelope.child;
        let (namespace, local) = (asked.tape.namespace_name(asked.tape.namespace(child)), asked.tape.local(child));
        let Some(operation) = asked.partner.operation(namespace, local) else {
            let (path, line) = (asked.tape.path(child), asked.tape.line(child));
            let place = Place { path: Some(path), line, rule: Cow::Borrowed("R2712") };
            return Err(Fault::new(Code::InvalidOperation).at(place));
        };
        Ok(Named { call: Call { asked, proof, operation }, place })
    }
}

impl<'t> Named<'t> {
    /// The operation.
    pub(super) fn operation(&self) -> &'t Operation {
        self.call.operation()
    }

    /// Asks for the right to the operation.
    pub(super) fn permit(self) -> Result<Permitted<'t>, Fault> {
        let Self { call, place } = self;
        let permit = Member::permit(place, &call.asked.partner.name, &call.operation().name);
        let permit = permit.map_err(|refusal| call.asked.no_right(refusal, None, "right.operation"))?;
        Ok(Permitted { call, permit })
    }
}

impl<'t> Call<'t> {
    fn operation(&self) -> &'t Operation {
        self.asked.partner.operation_of(self.operation)
    }
}

impl<'t> Permitted<'t> {
    /// Validates and translates the Body.
    pub(super) fn decode(self) -> Result<Decoded<'t>, Fault> {
        let Asked { partner, tape, question } = &self.call.asked;
        let mut wire = Vec::with_capacity(tape.span(question.envelope.child).len() / 2);
        let passed = transcode::decode(partner, self.call.operation, tape, question.envelope.child, &mut wire)?;
        Ok(Decoded { permitted: self, wire, passed })
    }
}

impl<'t> Decoded<'t> {
    /// What of the message was passed over.
    pub(super) fn passed(&self) -> &Passed {
        &self.passed
    }

    /// Asks for the right to each dossier that the message is about. After the message is known to be valid: a code
    /// that is no code is a mistake, not a trespass.
    pub(super) fn cover(self) -> Result<Covered<'t>, Fault> {
        let Permitted { call: Call { asked, operation, .. }, permit } = &self.permitted;
        let child = asked.question.envelope.child;
        for subject in transcode::subjects(asked.partner, *operation, asked.tape, child) {
            let covered = permit.cover(&subject.agencies.values, &subject.procedures.values);
            covered.map_err(|refusal| {
                let (node, rule) = match &refusal {
                    member::Refusal::Agency { at, .. } => (subject.agencies.nodes.get(*at), "right.agency"),
                    member::Refusal::Procedure { at, .. } => (subject.procedures.nodes.get(*at), "right.procedure"),
                    _ => (None, "right.operation"),
                };
                asked.no_right(refusal, node.copied(), rule)
            })?;
        }
        Ok(Covered(self))
    }
}

impl Covered<'_> {
    /// Adds what goes along with the message: who asks, and what makes a repeat the same request.
    pub(super) fn prepare(self, trace: &Trace) -> Result<Prepared, Fault> {
        let Permitted { call, permit } = &self.0.permitted;
        let mut metadata = self.headers();
        metadata.insert("traceparent", once(&trace.parent()));
        let message_id = call.asked.message_id();
        let is_once = match call.operation().effect {
            Effect::Once => true,
            Effect::State => message_id.is_some(),
            Effect::Read => false,
        };
        let wanted = match is_once {
            true => {
                let key = self.key()?.digest();
                metadata.insert("idempotency-key", once(&key.to_string()));
                Some(Wanted { key, content: content(&call.asked.partner.name, &call.operation().name, &self.0.wire) })
            }
            false => None,
        };
        metadata.insert("lienthong-member", ascii(permit.member().id().as_str()));
        if !permit.member().agencies().is_empty() {
            metadata.insert("lienthong-agencies", ascii(&permit.member().agencies().join(",")));
        }
        let seal = call.proof.as_ref();
        let seal = seal.map(|proof| Seal::new(proof, permit.member(), is_once, message_id));
        let operation = call.operation;
        Ok(Prepared {
            operation,
            seal,
            wanted,
            message: Bytes::from(self.0.wire),
            metadata,
            _permit: self.0.permitted.permit,
        })
    }

    fn headers(&self) -> Metadata {
        let asked = &self.0.permitted.call.asked;
        let mut metadata = Metadata::new();
        metadata.insert("lienthong-partner", ascii(&asked.partner.name));
        if let Some(id) = asked.message_id() {
            metadata.insert("lienthong-message-id", once(id));
        }
        if self.0.passed.count > 0 {
            metadata.insert("lienthong-unknown-elements", self.0.passed.count.into());
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
        let Permitted { call, permit } = &self.0.permitted;
        let Asked { partner, tape, question } = &call.asked;
        let member = permit.member().id();
        if let Some(id) = question.message_id() {
            return Ok(Key::of_message(member, id));
        }
        let child = question.envelope.child;
        match transcode::request_key(partner, call.operation, tape, child) {
            Some(values) => Ok(Key::of_values(member, &partner.name, &call.operation().name, &values)),
            None => {
                let place = Place { path: Some(tape.path(child)), line: tape.line(child), rule: Cow::Borrowed("once") };
                Err(Fault::with_texts(Code::InvalidHeader, without_id(partner.headers)).at(place))
            }
        }
    }
}

impl Prepared {
    /// Enters the call in the record, with its signature: the same one has no effect a second time, and a call that was
    /// answered before is not made again.
    ///
    /// `patience`: how long a repeat waits for the first.
    pub(super) async fn enter(self, filing: Option<&mut Filing<'_>>, patience: Duration) -> Result<Entered, Fault> {
        let Some(filing) = filing else { return Ok(Entered::Fresh(Fresh(self))) };
        match filing.enter(self.seal, self.wanted, patience).await? {
            Told::Call => Ok(Entered::Fresh(Fresh(self))),
            Told::Repeat(said) => Ok(Entered::Repeat(said)),
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
