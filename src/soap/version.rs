//! The two versions of SOAP and the names in which they differ.

/// A version of SOAP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// SOAP 1.1 (W3C Note of 2000, WS-I Basic Profile 1.1).
    Soap11,
    /// SOAP 1.2 (W3C Recommendation of 2007).
    Soap12,
}

impl Version {
    /// The version whose envelope namespace this is.
    pub fn of_namespace(name: &str) -> Option<Self> {
        match name {
            SOAP_11 => Some(Self::Soap11),
            SOAP_12 => Some(Self::Soap12),
            _ => None,
        }
    }

    /// Namespace of `Envelope`, `Header`, `Body` and `Fault`.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::Soap11 => SOAP_11,
            Self::Soap12 => SOAP_12,
        }
    }

    /// Value of `Content-Type` for a message of this version.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Soap11 => "text/xml; charset=utf-8",
            Self::Soap12 => "application/soap+xml; charset=utf-8",
        }
    }

    /// Name of the attribute that says for whom a header block is.
    pub(super) fn target_attribute(self) -> &'static str {
        match self {
            Self::Soap11 => "actor",
            Self::Soap12 => "role",
        }
    }

    /// Prefix of the envelope's namespace in what we write, where nothing stands against it.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Soap11 => "soapenv",
            Self::Soap12 => "env",
        }
    }
}

/// Envelope namespace of SOAP 1.1.
pub const SOAP_11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// Envelope namespace of SOAP 1.2.
pub const SOAP_12: &str = "http://www.w3.org/2003/05/soap-envelope";
