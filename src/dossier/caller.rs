//! Who asks, and under which key, as the call's metadata says.

use tonic::Request;
use tonic::metadata::MetadataMap;

use super::admission::Role;
use super::code::{AgencyCode, DossierCode};
use super::error::Error;
use super::records::{Party, Record, unit_key};

/// The caller of one method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// As whom its certificate lets it call.
    pub role: Role,
    /// The member the gateway speaks for; `None` for the ministry itself.
    pub member: Option<String>,
    /// The agencies that the member is or speaks for.
    pub agencies: Agencies,
    /// What makes a repeat a repeat; `None` where the caller gave nothing.
    pub key: Option<String>,
    /// The message's id in the outer protocol, for the log.
    pub message_id: String,
}

/// Agencies by their codes, each in its short form where it has one: `000.00.00.H56` and `H56` are one agency here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agencies {
    /// Every agency.
    All,
    /// These, and all below them.
    Some(Vec<String>),
}

impl Caller {
    /// Reads connection and metadata.
    ///
    /// Errors: a certificate without a role; a gateway that names no member; a value that is too long or not printable.
    pub fn read<T>(request: &Request<T>) -> Result<Self, Error> {
        let role = request.extensions().get::<Role>().copied().unwrap_or(Role::Stranger);
        let metadata = request.metadata();
        let member = text(metadata, "lienthong-member", KEY_BYTES_MAX)?;
        let agencies = text(metadata, "lienthong-agencies", AGENCIES_BYTES_MAX)?;
        match role {
            Role::Stranger => return Err(Error::UnknownCaller),
            Role::Gateway if member.is_none() => return Err(Error::MemberRequired),
            Role::Gateway | Role::Ministry => {}
        }
        Ok(Self {
            role,
            member,
            agencies: agencies.as_deref().map(Agencies::read).unwrap_or_default(),
            key: text(metadata, "idempotency-key", KEY_BYTES_MAX)?,
            message_id: text(metadata, "lienthong-message-id", MESSAGE_ID_BYTES_MAX)?.unwrap_or_default(),
        })
    }

    /// The member as stored: empty for the ministry itself.
    pub fn member_stored(&self) -> &str {
        self.member.as_deref().unwrap_or_default()
    }

    /// Whether this caller may see a dossier and act on it: the ministry itself, who submitted it, or a party to it, the
    /// agency that numbered it or the one that handles it.
    pub fn sees(&self, record: &Record) -> bool {
        let Some(own) = &self.member else { return true };
        let handled_by = unit_key(&record.dossier);
        *own == record.member
            || self.agencies.have(&handled_by)
            || DossierCode::parse(&record.dossier.code).is_some_and(|code| self.agencies.have(code.agency.key()))
    }

    /// Whose dossiers this caller may list; `None`: everybody's.
    pub fn party(&self) -> Option<Party> {
        let member = self.member.clone()?;
        let Agencies::Some(agencies) = &self.agencies else { return None };
        Some(Party { member, agencies: agencies.clone() })
    }
}

impl Default for Agencies {
    fn default() -> Self {
        Self::Some(Vec::new())
    }
}

impl Agencies {
    /// From `H56.14,000.00.00.H56`, or `*`.
    ///
    /// Codes are made of letters, digits and dots: nothing in them is ever percent-encoded.
    fn read(text: &str) -> Self {
        let mut codes = Vec::new();
        for code in text.split(',').filter(|code| !code.is_empty()) {
            if code == "*" {
                return Self::All;
            }
            codes.push(AgencyCode::parse(code).map_or_else(|| code.to_owned(), |code| code.key().to_owned()));
        }
        Self::Some(codes)
    }

    /// Whether an agency, in its short form, is one of these or below one.
    fn have(&self, agency: &str) -> bool {
        match self {
            Self::All => true,
            Self::Some(codes) => codes.iter().any(|own| {
                agency.strip_prefix(own.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            }),
        }
    }
}

fn text(metadata: &MetadataMap, name: &'static str, bytes_max: usize) -> Result<Option<String>, Error> {
    let mut values = metadata.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        // Two values are two opinions; which one a proxy meant cannot be told.
        return if metadata.contains_key(name) { Err(Error::field(name, "có nhiều giá trị")) } else { Ok(None) };
    };
    let value = value.to_str().map_err(|_| Error::field(name, "có ký tự không in được"))?;
    if value.is_empty() || value.len() > bytes_max {
        return Err(Error::field(name, &format!("phải có từ 1 đến {bytes_max} ký tự")));
    }
    Ok(Some(value.to_owned()))
}

const KEY_BYTES_MAX: usize = 200;
/// 255 characters of 4 bytes, each written as `%XX`.
const MESSAGE_ID_BYTES_MAX: usize = 255 * 4 * 3;
/// A hundred codes of 35 characters, and what is between them.
const AGENCIES_BYTES_MAX: usize = 100 * 36;
