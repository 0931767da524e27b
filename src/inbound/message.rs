//! What a received message is: its envelope, what its headers say, and how its sender wants to be answered.

use crate::binding::plan::{HeaderProtocol, Partner};
use crate::fault::Fault;
use crate::soap::addressing::{self, Properties};
use crate::soap::envelope::{self, Content, Envelope, Opened};
use crate::soap::reply::{Addressing, Reply};
use crate::soap::version::Version;
use crate::soap::xroad::{self, Fields};
use crate::xml::tape::{NodeId, Tape};
use crate::{wsdl, wsse};

/// How to answer: known better with every step, so that a fault goes out in the best form known so far.
#[derive(Debug)]
pub(super) struct Manner {
    /// Version and headers of the answer.
    pub(super) reply: Reply,
    /// Whether the request carries X-Road's headers: its faults have X-Road's codes.
    pub(super) x_road: bool,
    /// Whether the answer is signed, a fault too: who verifies answers shows its users no fault that is not.
    pub(super) signed: bool,
}

/// A message that keeps every rule of SOAP and of its partner's header protocol.
#[derive(Debug)]
pub(super) struct Question<'t> {
    pub(super) envelope: Envelope,
    pub(super) headers: Headers<'t>,
}

/// What the header protocol says.
#[derive(Debug)]
pub(super) enum Headers<'t> {
    /// Boxed: it is much larger than the others.
    XRoad(Box<Fields<'t>>),
    Addressing(Properties<'t>),
    /// None of its fields is there: the certificate alone says who calls.
    None,
}

impl Manner {
    /// Before anything of the message is known: by the media type.
    pub(super) fn of_media(version: Version) -> Self {
        Self { reply: Reply::plain(version), x_road: false, signed: false }
    }
}

impl<'t> Question<'t> {
    /// Reads envelope and headers, in the order of WS-I R2725.
    pub(super) fn read(partner: &Partner, tape: &'t Tape<'_>, manner: &mut Manner) -> Result<Self, Fault> {
        let content = if partner.namespace.is_empty() { Content::Any } else { Content::Qualified };
        let opened = envelope::open(tape, content)?;
        manner.reply = Reply::plain(opened.version());
        manner.x_road = partner.headers == HeaderProtocol::XRoad && carries_x_road(tape, &opened);
        let envelope = opened.understand(tape, understands(partner.headers))?.envelope()?;
        let headers = match partner.headers {
            HeaderProtocol::XRoad => read_x_road(tape, &envelope, manner)?,
            HeaderProtocol::Addressing => read_addressing(partner, tape, &envelope, manner)?,
            HeaderProtocol::None => Headers::None,
        };
        Ok(Self { envelope, headers })
    }

    /// What names this message for ever, where the headers say.
    pub(super) fn message_id(&self) -> Option<&str> {
        match &self.headers {
            Headers::XRoad(fields) => Some(&fields.id),
            Headers::Addressing(properties) => Some(&properties.message_id),
            Headers::None => None,
        }
    }

    /// The header block that says it.
    pub(super) fn message_id_block(&self, tape: &Tape<'_>) -> Option<NodeId> {
        let (namespace, local) = match &self.headers {
            Headers::XRoad(_) => (xroad::NAMESPACE, "id"),
            Headers::Addressing(_) => (addressing::NAMESPACE, "MessageID"),
            Headers::None => return None,
        };
        let is_it =
            |&block: &NodeId| tape.local(block) == local && tape.namespace_name(tape.namespace(block)) == namespace;
        self.envelope.blocks.iter().copied().find(is_it)
    }
}

fn read_x_road<'t>(tape: &'t Tape<'_>, envelope: &Envelope, manner: &mut Manner) -> Result<Headers<'t>, Fault> {
    if !manner.x_road {
        return Ok(Headers::None);
    }
    // Before they are judged: a fault about one field repeats all.
    manner.reply = Reply::copying(tape, envelope, &xroad::echoed(tape, envelope));
    Ok(xroad::read(tape, envelope)?.map_or(Headers::None, |fields| Headers::XRoad(Box::new(fields))))
}

fn read_addressing<'t>(
    partner: &Partner,
    tape: &'t Tape<'_>,
    envelope: &Envelope,
    manner: &mut Manner,
) -> Result<Headers<'t>, Fault> {
    let Some(properties) = addressing::read(tape, envelope)? else { return Ok(Headers::None) };
    let answer = Addressing {
        relates_to: properties.message_id.clone().into_owned(),
        message_id: uuid::Uuid::new_v4().urn().to_string(),
        action: wsdl::answer_action(partner, tape.local(envelope.child)),
    };
    manner.reply = Reply::addressed(envelope.version, answer);
    Ok(Headers::Addressing(properties))
}

fn carries_x_road(tape: &Tape<'_>, opened: &Opened) -> bool {
    opened.blocks().any(|block| xroad::is_field(tape, block))
}

/// Which mandatory header blocks are understood: those of the partner's header protocol, and signatures.
fn understands(headers: HeaderProtocol) -> impl Fn(&str, &str) -> bool {
    move |namespace, local| {
        let by_protocol = match headers {
            HeaderProtocol::XRoad => xroad::understands(namespace, local),
            HeaderProtocol::Addressing => addressing::understands(namespace, local),
            HeaderProtocol::None => false,
        };
        by_protocol || wsse::understands(namespace, local)
    }
}
