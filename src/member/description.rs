//! A member as people and programs read it: what the file says, and what it means where it says nothing.

use serde::Serialize;

use super::pin::{Pin, Pinned};
use super::right::Right;
use super::{Member, SignaturePolicy, Spoken};
use crate::clock::UnixMillis;

/// A member, described.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Description {
    /// Its id.
    pub id: String,
    /// Its name for people; may be empty.
    pub name: String,
    /// Codes of the agencies that it is or speaks for.
    pub agencies: Vec<String>,
    /// X-Road identifiers.
    pub x_road: Vec<String>,
    /// Certificates of its connections, and of its signatures where `signing_certificates` is `None`.
    pub certificates: Vec<Pinning>,
    /// Certificates of its signatures.
    pub signing_certificates: Option<Vec<Pinning>>,
    /// `none`, `body` or `message`.
    pub signature: &'static str,
    /// Whether answers to it are signed.
    pub sign_answers: bool,
    /// What it may do; one right at least.
    pub rights: Vec<RightDescription>,
    /// Members or X-Road identifiers for which it may speak as an intermediary.
    pub speaks_for: Vec<String>,
    /// `None`: no limit.
    pub requests_per_second: Option<u32>,
    /// Calls at once.
    pub concurrency: usize,
    /// Bytes; `None`: the gateway's limit.
    pub message_bytes_max: Option<usize>,
}

/// How a certificate is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pinning {
    /// SHA-256 of its public key; `None` where it is told by its names.
    pub spki_sha256: Option<String>,
    /// `None` where it is told by its key's digest alone.
    pub issuer: Option<String>,
    /// Likewise.
    pub subject: Option<String>,
    /// Day of the last moment of its validity, UTC, `2027-02-28`; `None` where the file does not name the certificate.
    pub valid_until: Option<String>,
}

/// One right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RightDescription {
    /// Partner profiles.
    pub partners: Vec<String>,
    /// Operations.
    pub operations: Vec<String>,
    /// Agencies of the dossiers.
    pub agencies: Vec<String>,
    /// Procedures of the dossiers.
    pub procedures: Vec<String>,
}

impl Member {
    /// Describes it.
    pub fn describe(&self) -> Description {
        let pinnings = |pinned: &[Pinned]| pinned.iter().map(Pinned::describe).collect();
        Description {
            id: self.id.to_string(),
            name: self.name.clone(),
            agencies: self.agencies.clone(),
            x_road: self.x_road.iter().map(ToString::to_string).collect(),
            certificates: pinnings(&self.certificates),
            signing_certificates: self.signing_certificates.as_deref().map(pinnings),
            signature: self.signature.as_str(),
            sign_answers: self.signs_answers,
            rights: self.rights.iter().map(Right::describe).collect(),
            speaks_for: self.speaks_for.iter().map(Spoken::describe).collect(),
            requests_per_second: self.limits.requests_per_second.map(Into::into),
            concurrency: self.limits.concurrency,
            message_bytes_max: self.limits.message_bytes_max,
        }
    }
}

impl Pinned {
    fn describe(&self) -> Pinning {
        let (spki, names) = match &self.pin {
            Pin::Spki(spki) => (Some(spki.to_string()), None),
            Pin::Names { issuer, subject } => (None, Some((issuer.clone(), subject.clone()))),
        };
        let facts = self.known.as_ref().map(|known| &known.facts);
        let names = names.or_else(|| facts.map(|facts| (facts.issuer.clone(), facts.subject.clone())));
        let (issuer, subject) = names.unzip();
        Pinning { spki_sha256: spki, issuer, subject, valid_until: facts.map(|facts| day(facts.not_after)) }
    }
}

impl Right {
    fn describe(&self) -> RightDescription {
        RightDescription {
            partners: self.partners.0.clone(),
            operations: self.operations.0.clone(),
            agencies: self.agencies.0.clone(),
            procedures: self.procedures.0.clone(),
        }
    }
}

impl Spoken {
    fn describe(&self) -> String {
        match self {
            Self::All => "*".to_owned(),
            Self::Member(id) => id.clone(),
            Self::XRoad { instance, class: None } => format!("x-road:{instance}"),
            Self::XRoad { instance, class: Some(class) } => format!("x-road:{instance}/{class}"),
        }
    }
}

impl SignaturePolicy {
    fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Body => "body",
            Self::Message => "message",
        }
    }
}

/// A moment's day, UTC.
pub(super) fn day(moment: UnixMillis) -> String {
    jiff::Timestamp::from_millisecond(moment.0)
        .map_or_else(|_| "?".to_owned(), |moment| moment.strftime("%Y-%m-%d").to_string())
}
