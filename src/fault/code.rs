//! The stable codes: what a partner's program may decide by.

use crate::soap::fault::Class;

/// What happened, in the terms of DESIGN's table of refusals. Never renamed once released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// Not well-formed XML, or not in the encoding it claims.
    InvalidXml,
    /// XML, but not built as a SOAP envelope.
    InvalidEnvelope,
    /// A header field of the partner's header protocol is missing or wrong.
    InvalidHeader,
    /// The Body's child names no operation of this address.
    InvalidOperation,
    /// The Body does not fit the partner's XSD, or a value does not convert.
    InvalidSchema,
    /// Valid by the XSD, refused by the ministry's service, and the answer has no place to say so.
    InvalidRequest,
    /// Envelope of a SOAP version that is neither 1.1 nor 1.2.
    VersionMismatch,
    /// A mandatory header block that is not understood.
    MustUnderstand,
    /// A SOAP 1.2 `encodingStyle` that is not understood.
    EncodingUnknown,
    /// The caller's certificate names no member, or the member lacks the right, or may not speak for `client`.
    Forbidden,
    /// The member's messages must be signed, and what is signed must be as it was signed.
    Security(Security),
    /// The message id was used before, for something else.
    IdConflict,
    /// A limit on what is inside a message.
    Limit(Limit),
    /// The member's limit on calls.
    Busy,
    /// The ministry's service is down.
    Unavailable,
    /// The ministry's service did not answer in time.
    Timeout,
    /// Anything else.
    Internal,
}

/// Limits on what is inside a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Bytes of the document.
    Bytes,
    /// Depth of elements.
    Depth,
    /// Number of elements.
    Elements,
    /// Length of names.
    Names,
    /// Number or length of attributes.
    Attributes,
    /// Number of namespaces.
    Namespaces,
    /// Any other.
    Other,
}

/// What is wrong with a message's security.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Security {
    /// Something that must be signed is not.
    Missing,
    /// An algorithm, a transform, a kind of token or of reference outside the profile.
    Unsupported,
    /// A broken header, digest or signature.
    Invalid,
    /// Too old, or of the future.
    Expired,
    /// The signing certificate is unknown, not the sender's, not trusted, or revoked.
    Untrusted,
    /// The same signature was used before.
    Replayed,
}

/// Whose side must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The one who sent the message.
    Caller,
    /// The service behind the gateway.
    Ministry,
    /// The gateway.
    Gateway,
}

/// Whether sending the same again can help or harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It would be refused again.
    No,
    /// Nothing has happened yet: send again, later.
    Safe,
    /// It may have taken effect: send again with the same message id (or the same key), and only so.
    SameId,
}

impl Code {
    /// As it stands in the fault's detail and in the SOAP 1.2 Subcode.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidXml => "invalid_xml",
            Self::InvalidEnvelope => "invalid_envelope",
            Self::InvalidHeader => "invalid_header",
            Self::InvalidOperation => "invalid_operation",
            Self::InvalidSchema => "invalid_schema",
            Self::InvalidRequest => "invalid_request",
            Self::VersionMismatch => "version_mismatch",
            Self::MustUnderstand => "must_understand",
            Self::EncodingUnknown => "invalid_encoding_style",
            Self::Forbidden => "forbidden",
            Self::Security(security) => security.as_str(),
            Self::IdConflict => "id_conflict",
            Self::Limit(limit) => limit.as_str(),
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Internal => "internal",
        }
    }

    /// Whose side must act. A timeout is the ministry's: the gateway kept its deadline.
    pub fn blame(self) -> Blame {
        match self {
            Self::Unavailable | Self::Timeout => Blame::Ministry,
            Self::Internal => Blame::Gateway,
            _ => Blame::Caller,
        }
    }

    /// Whether to send again.
    pub fn repeat(self) -> Repeat {
        match self {
            Self::Busy | Self::Unavailable => Repeat::Safe,
            Self::Timeout | Self::Internal | Self::Security(Security::Replayed) => Repeat::SameId,
            _ => Repeat::No,
        }
    }

    /// The standard fault code. `MustUnderstand`'s list of headers is added by the fault that has it.
    pub fn class(self) -> Class<'static> {
        match self {
            Self::VersionMismatch => Class::Version,
            Self::MustUnderstand => Class::NotUnderstood(&[]),
            Self::EncodingUnknown => Class::EncodingUnknown,
            Self::Busy | Self::Unavailable | Self::Timeout | Self::Internal => Class::Server,
            _ => Class::Client,
        }
    }

    /// What X-Road callers read after the dot of a SOAP 1.1 fault code: X-Road's own words where it has one.
    /// `None` for the two codes that SOAP itself defines to the last.
    pub fn x_road(self) -> Option<&'static str> {
        match self {
            Self::VersionMismatch | Self::MustUnderstand => None,
            Self::InvalidXml => Some("InvalidXml"),
            Self::InvalidEnvelope | Self::EncodingUnknown => Some("InvalidSoap"),
            Self::InvalidHeader => Some("InvalidHeader"),
            Self::InvalidOperation => Some("UnknownService"),
            Self::InvalidSchema => Some("InvalidBody"),
            Self::InvalidRequest | Self::IdConflict | Self::Limit(_) => Some("InvalidMessage"),
            Self::Forbidden => Some("AccessDenied"),
            Self::Security(_) => Some("InvalidSignature"),
            Self::Busy | Self::Unavailable | Self::Timeout => Some("ServiceFailed"),
            Self::Internal => Some("InternalError"),
        }
    }
}

impl Limit {
    /// By the field of `xml::Limits` that was exceeded.
    pub fn of_field(field: &str) -> Self {
        match field {
            "document_bytes_max" => Self::Bytes,
            "depth_max" => Self::Depth,
            "elements_max" => Self::Elements,
            "name_bytes_max" => Self::Names,
            "attributes_max" | "attribute_bytes_max" => Self::Attributes,
            "namespaces_max" => Self::Namespaces,
            _ => Self::Other,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Bytes => "limit_bytes",
            Self::Depth => "limit_depth",
            Self::Elements => "limit_elements",
            Self::Names => "limit_names",
            Self::Attributes => "limit_attributes",
            Self::Namespaces => "limit_namespaces",
            Self::Other => "limit_other",
        }
    }
}

impl Security {
    fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "security_missing",
            Self::Unsupported => "security_unsupported",
            Self::Invalid => "security_invalid",
            Self::Expired => "security_expired",
            Self::Untrusted => "security_untrusted",
            Self::Replayed => "security_replayed",
        }
    }
}

impl Blame {
    /// As it stands in the fault's detail.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Ministry => "ministry",
            Self::Gateway => "gateway",
        }
    }
}

impl Repeat {
    /// As it stands in the fault's detail.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Safe => "safe",
            Self::SameId => "same-id",
        }
    }
}
