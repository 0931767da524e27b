//! Refusals before the envelope is read: plain HTTP, a short text for people.

use crate::http::body::BodyError;

/// Why a request is not read as SOAP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The request's head or its body framing is broken.
    Malformed,
    /// No partner and no document at this address.
    NotFound,
    /// Another method than this address serves; which it does serve.
    Method {
        /// Value of `Allow` (RFC 9110 §15.5.6).
        allow: &'static str,
    },
    /// The body did not arrive in time.
    BodyTimeout,
    /// A POST without a body.
    LengthRequired,
    /// The body is longer than the member may send.
    TooLarge {
        /// The limit, bytes.
        bytes_max: usize,
    },
    /// Neither `text/xml` nor `application/soap+xml`, nor a multipart that announces one of them.
    MediaType,
    /// A compressed body.
    ContentEncoding,
    /// Overload, or the gateway is going down.
    Unavailable {
        /// Value of `Retry-After`, seconds.
        retry_after_s: u32,
    },
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { bytes_max } => Self::TooLarge { bytes_max },
            BodyError::TimedOut => Self::BodyTimeout,
            BodyError::Broken => Self::Malformed,
            BodyError::NoRoom => Self::overload(),
        }
    }
}

impl Refusal {
    /// The gateway has more to do than it can.
    pub fn overload() -> Self {
        Self::Unavailable { retry_after_s: RETRY_AFTER_S }
    }

    /// The HTTP status.
    pub fn http_status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::NotFound => 404,
            Self::Method { .. } => 405,
            Self::BodyTimeout => 408,
            Self::LengthRequired => 411,
            Self::TooLarge { .. } => 413,
            Self::MediaType | Self::ContentEncoding => 415,
            Self::Unavailable { .. } => 503,
        }
    }

    /// Header field that belongs to the status: name in lower case, value.
    pub fn header(self) -> Option<(&'static str, String)> {
        match self {
            Self::Method { allow } => Some(("allow", allow.to_owned())),
            // RFC 9110 §12.5.3: in a 415, what would have been accepted.
            Self::ContentEncoding => Some(("accept-encoding", "identity".to_owned())),
            Self::MediaType => Some(("accept-post", "text/xml, application/soap+xml, multipart/related".to_owned())),
            Self::Unavailable { retry_after_s } => Some(("retry-after", retry_after_s.to_string())),
            _ => None,
        }
    }

    /// The body: one line.
    pub fn text(self) -> String {
        match self {
            Self::Malformed => "malformed HTTP request\n".to_owned(),
            Self::NotFound => "nothing here; SOAP is served at /soap/<partner>\n".to_owned(),
            Self::Method { .. } => "SOAP is sent by POST; ?wsdl and ?xsd are read by GET\n".to_owned(),
            Self::BodyTimeout => "the body did not arrive in time\n".to_owned(),
            Self::LengthRequired => "the request has no body\n".to_owned(),
            Self::TooLarge { bytes_max } => format!("the body is longer than {bytes_max} bytes\n"),
            Self::MediaType => {
                "send text/xml (SOAP 1.1) or application/soap+xml (SOAP 1.2), or multipart/related with a \
                                boundary and one of them as its type\n"
                    .to_owned()
            }
            Self::ContentEncoding => "send the body without Content-Encoding\n".to_owned(),
            Self::Unavailable { .. } => "not now; try again later\n".to_owned(),
        }
    }

    /// For logs and metrics: a stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::NotFound => "not_found",
            Self::Method { .. } => "method",
            Self::BodyTimeout => "body_timeout",
            Self::LengthRequired => "length_required",
            Self::TooLarge { .. } => "too_large",
            Self::MediaType => "media_type",
            Self::ContentEncoding => "content_encoding",
            Self::Unavailable { .. } => "overload",
        }
    }
}

/// What an overloaded gateway asks callers to wait, seconds.
const RETRY_AFTER_S: u32 = 1;
