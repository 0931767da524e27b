//! Why a well-formed document is not a SOAP request we answer; all of it is the caller's to correct.

use crate::xml::tape::{NodeId, Tape};

/// A broken rule and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}, line {line}: {kind}")]
pub struct Error {
    /// Path of the node from the root: `/Envelope/Header/id`.
    pub path: String,
    /// Its line, from 1.
    pub line: u32,
    /// The rule.
    pub kind: Kind,
}

/// What is wrong, in the order in which WS-I R2725 wants it told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Kind {
    /// An `Envelope` of a namespace that is neither SOAP 1.1's nor 1.2's.
    #[error("envelope namespace is neither SOAP 1.1 nor 1.2")]
    Version,
    /// Header blocks with `mustUnderstand` that are for us and that this partner's contract does not know.
    #[error("{} mandatory header blocks are not understood", .0.len())]
    NotUnderstood(Vec<BlockName>),
    /// The envelope is not built as SOAP and WS-I demand.
    #[error("{} ({})", .0.asks(), .0.rule())]
    Structure(Structure),
    /// An `encodingStyle` that we do not know (SOAP 1.2 part 1 §5.4.6: DataEncodingUnknown).
    #[error("encoding style is unknown")]
    EncodingUnknown,
    /// A field of the partner's header protocol.
    #[error("header field {field}: {wrong}")]
    Header {
        /// Local name of the field: `protocolVersion`.
        field: &'static str,
        /// What is wrong with it.
        wrong: Wrong,
    },
}

/// Name of a header block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockName {
    /// Its namespace.
    pub namespace: String,
    /// Its local name.
    pub local: String,
}

/// A rule about the shape of an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structure {
    /// The document element is not an `Envelope`.
    NotEnvelope,
    /// Something else than one `Header` (first, at most) and one `Body` in the envelope.
    Layout,
    /// An element after the `Body`.
    AfterBody,
    /// No `Body`.
    NoBody,
    /// A `Body` without a child: no operation is named.
    EmptyBody,
    /// More than one child of the `Body`.
    BodyChildren,
    /// A child of the `Body` without a namespace.
    BodyChildUnqualified,
    /// A header block without a namespace.
    BlockUnqualified,
    /// Text between the tags of `Envelope`, `Header` or `Body`.
    Text,
    /// A `mustUnderstand` that is not one of its values.
    MustUnderstandValue,
    /// `encodingStyle` on the child of a SOAP 1.1 `Body`.
    EncodingStyle,
}

/// What is wrong with a field of a header protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Mandatory and absent, or empty.
    #[error("missing")]
    Missing,
    /// Present twice.
    #[error("present more than once")]
    Duplicate,
    /// Not of the type or the characters its protocol demands; what it demands.
    #[error("must be {0}")]
    Malformed(&'static str),
    /// A protocol version that is not compatible with ours.
    #[error("must be 4.0 or another 4.x")]
    Version,
    /// At odds with another part of the message; with which.
    #[error("contradicts {0}")]
    Inconsistent(&'static str),
    /// Asks for something the protocol allows and we do not do; what we do.
    #[error("only {0} is supported")]
    Unsupported(&'static str),
}

impl Structure {
    /// The rule's id in WS-I Basic Profile 1.1 or its clause in SOAP.
    pub fn rule(self) -> &'static str {
        match self {
            Self::NotEnvelope => "R1015",
            Self::Layout | Self::NoBody | Self::Text => "R9980",
            Self::AfterBody => "R1011",
            Self::EmptyBody => "R2712",
            Self::BodyChildren => "R9981",
            Self::BodyChildUnqualified => "R1014",
            Self::BlockUnqualified => "SOAP 1.1 §4.2",
            Self::MustUnderstandValue => "R1013",
            Self::EncodingStyle => "R1006",
        }
    }

    /// What the rule asks, for people.
    pub fn asks(self) -> &'static str {
        match self {
            Self::NotEnvelope => "the document element must be a SOAP Envelope",
            Self::Layout => "an Envelope holds at most one Header, then one Body",
            Self::AfterBody => "nothing may follow the Body",
            Self::NoBody => "the Envelope must hold a Body",
            Self::EmptyBody => "the Body must hold the element of an operation",
            Self::BodyChildren => "the Body must hold one element only",
            Self::BodyChildUnqualified => "the element in the Body must have a namespace",
            Self::BlockUnqualified => "a header block must have a namespace",
            Self::Text => "no text may stand between these tags",
            Self::MustUnderstandValue => "mustUnderstand must be 0 or 1 (in SOAP 1.2 also false or true)",
            Self::EncodingStyle => "encodingStyle is not allowed here: messages are literal",
        }
    }
}

impl Error {
    /// `kind` at `node`.
    pub(super) fn at(tape: &Tape<'_>, node: NodeId, kind: Kind) -> Self {
        Self { path: tape.path(node), line: tape.line(node), kind }
    }
}
