//! What is wrong with a message, by room: xml, soap (its parts, its envelope), transcode.

use std::borrow::Cow;

use super::code::{Code, Limit};
use super::text::{Texts, of_code, of_header, of_invalid, of_mime, of_not_understood, of_structure};
use super::{Fault, Place};
use crate::soap::error::{Kind, Wrong};
use crate::soap::mime;
use crate::transcode::Invalid;
use crate::xml::error::ErrorKind;
use crate::{soap, xml};

impl From<xml::error::Error> for Fault {
    fn from(error: xml::error::Error) -> Self {
        let (line, column) = (error.line, error.column);
        let (code, rule) = match error.kind {
            ErrorKind::Malformed(_) => (Code::InvalidXml, "XML 1.0"),
            ErrorKind::Doctype => (Code::InvalidXml, "R1008"),
            ErrorKind::ProcessingInstruction => (Code::InvalidXml, "R1009"),
            ErrorKind::Entity => (Code::InvalidXml, "XML 1.0 §4.1"),
            ErrorKind::Encoding(_) => (Code::InvalidXml, "R1012"),
            ErrorKind::Limit { limit, .. } => (Code::Limit(Limit::of_field(limit)), limit),
        };
        let general = of_code(code);
        let texts = Texts::new(
            format!("{} Dòng {line}, cột {column}: {}.", general.vi, error.kind),
            format!("{} Line {line}, column {column}: {}.", general.en, error.kind),
        );
        Self::with_texts(code, texts).at(Place { path: None, line, rule: Cow::Borrowed(rule) })
    }
}

impl From<mime::Error> for Fault {
    fn from(error: mime::Error) -> Self {
        let rule = match error {
            mime::Error::Malformed(_) => "RFC 2046 §5.1.1",
            mime::Error::Start => "R2922",
            mime::Error::RootType => "R2932",
            mime::Error::EncodingUnknown => "R2934",
            mime::Error::Encoding => "R2935",
            mime::Error::Attachments => "attachments",
            mime::Error::Include => "XOP 1.0 §2.1",
        };
        // Its parts are told apart before lines are counted.
        let place = Place { path: None, line: 1, rule: Cow::Borrowed(rule) };
        Self::with_texts(Code::InvalidEnvelope, of_mime(error)).at(place)
    }
}

impl From<soap::error::Error> for Fault {
    fn from(error: soap::error::Error) -> Self {
        let soap::error::Error { path, line, kind } = error;
        let at = |rule: &'static str| Place { path: Some(path), line, rule: Cow::Borrowed(rule) };
        match kind {
            Kind::Version => Self::new(Code::VersionMismatch).at(at("SOAP 1.2 part 1 §5.4.7")),
            Kind::NotUnderstood(names) => {
                let mut fault = Self::with_texts(Code::MustUnderstand, of_not_understood(&names)).at(at("R1027"));
                fault.said.not_understood = names;
                fault
            }
            Kind::Structure(broken) => {
                Self::with_texts(Code::InvalidEnvelope, of_structure(broken)).at(at(broken.rule()))
            }
            Kind::EncodingUnknown => Self::new(Code::EncodingUnknown).at(at("SOAP 1.2 part 1 §5.1.1")),
            Kind::Header { field, wrong } => {
                let mut fault = Self::with_texts(Code::InvalidHeader, of_header(field, wrong)).at(at(field));
                fault.said.x_road = Some(x_road_header(wrong));
                fault
            }
        }
    }
}

/// X-Road's own code for a wrong header field.
fn x_road_header(wrong: Wrong) -> &'static str {
    match wrong {
        Wrong::Missing => "MissingHeaderField",
        Wrong::Duplicate => "DuplicateHeaderField",
        Wrong::Version => "InvalidProtocolVersion",
        Wrong::Inconsistent(_) => "InconsistentHeaders",
        Wrong::Malformed(_) | Wrong::Unsupported(_) => "InvalidHeader",
    }
}

impl From<Invalid> for Fault {
    fn from(invalid: Invalid) -> Self {
        let texts = of_invalid(&invalid);
        Self::with_texts(Code::InvalidSchema, texts).at(Place {
            path: Some(invalid.path),
            line: invalid.line,
            rule: Cow::Borrowed(invalid.rule),
        })
    }
}
