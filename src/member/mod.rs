//! Who may call: members by certificate, what they may do, for whom they may speak.
//!
//! The certificate decides who calls. An identity in a message's header counts only where it is the member's own, or
//! where the member is an intermediary for it: a Security Server that has authenticated the real client, a provincial
//! platform that speaks for its departments.

pub mod add;
pub mod description;
mod edit;
mod expiry;
mod file;
mod keys;
mod pin;
mod right;

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::pin::Pinned;
use self::right::{Right, Uncovered};
use crate::crypto::certificate::Certificate;
use crate::problem::Problems;

/// Name of a member in configuration, logs and the dossier service's records.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemberId(Arc<str>);

/// An X-Road subsystem: instance, class, code and, where there is one, subsystem.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subsystem {
    /// `xRoadInstance`.
    pub instance: String,
    /// `memberClass`.
    pub class: String,
    /// `memberCode`.
    pub code: String,
    /// `subsystemCode`.
    pub subsystem: Option<String>,
}

/// An organisation that may call.
#[derive(Debug)]
pub struct Member {
    id: MemberId,
    name: String,
    agencies: Vec<String>,
    x_road: Vec<Subsystem>,
    certificates: Vec<Pinned>,
    /// `None`: `certificates` count for signatures too.
    signing_certificates: Option<Vec<Pinned>>,
    signature: SignaturePolicy,
    signs_answers: bool,
    rights: Vec<Right>,
    limits: Limits,
    speaks_for: Vec<Spoken>,
    rate: Option<DefaultDirectRateLimiter>,
    places: Arc<Semaphore>,
}

/// A member's limits as the file has them.
#[derive(Debug, Clone, Copy)]
struct Limits {
    requests_per_second: Option<NonZeroU32>,
    concurrency: usize,
    message_bytes_max: Option<usize>,
}

/// What of a member's messages must be signed (WSS 1.1.1 X.509 token profile).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignaturePolicy {
    /// Nothing.
    #[default]
    None,
    /// The Body.
    Body,
    /// The Body, `wsu:Timestamp` and the header block with the message id.
    Message,
}

/// For whom an intermediary may speak.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Spoken {
    /// For every member.
    All,
    /// For one member.
    Member(String),
    /// For every member of an X-Road instance, or of a class of it.
    XRoad { instance: String, class: Option<String> },
}

/// All members.
#[derive(Debug)]
pub struct Registry {
    members: Vec<Arc<Member>>,
}

/// Proof that a member's limits allow one call more; holds its place among the calls under way.
#[derive(Debug)]
pub struct Place {
    member: Arc<Member>,
    _held: OwnedSemaphorePermit,
}

/// Proof that a member may call this operation now; holds its place.
#[derive(Debug)]
pub struct Permit {
    place: Place,
    operation: String,
    /// Of the member's rights, those to the operation.
    rights: Vec<usize>,
}

/// Why a call is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The certificate is nobody's, though its issuer is trusted.
    #[error("the certificate belongs to no member")]
    Unknown,
    /// The header names a client that the member may not speak for.
    #[error("member {member} may not speak for {client}")]
    Impersonation {
        /// Who calls.
        member: MemberId,
        /// Whom the header names.
        client: String,
    },
    /// The member has no right to the operation.
    #[error("member {member} has no right to {operation}")]
    Right {
        /// Who calls.
        member: MemberId,
        /// What was asked for.
        operation: String,
    },
    /// The member has no right to the operation for this agency.
    #[error("member {member} has no right to {operation} for this agency")]
    Agency {
        /// Who calls.
        member: MemberId,
        /// What was asked for.
        operation: String,
        /// Which of the codes asked about.
        at: usize,
    },
    /// The member has no right to the operation in this procedure, for these agencies at least.
    #[error("member {member} has no right to {operation} in this procedure")]
    Procedure {
        /// Who calls.
        member: MemberId,
        /// What was asked for.
        operation: String,
        /// Which of the codes asked about.
        at: usize,
    },
    /// More requests in a second, or more at once, than the member may make.
    #[error("member {member} has reached its limit")]
    Busy {
        /// Who calls.
        member: MemberId,
    },
}

impl Registry {
    /// Reads `members.toml`; docs/members.md has its shape. All problems are added to `problems`.
    pub fn load(path: &Path, problems: &mut Problems) -> Option<Self> {
        file::load(path, problems)
    }

    /// The member whose certificate this is.
    pub fn holder(&self, certificate: &Certificate) -> Result<&Arc<Member>, Refusal> {
        self.members.iter().find(|member| member.holds(certificate)).ok_or(Refusal::Unknown)
    }

    /// The member that a request is from: `holder` itself, or the one it speaks for.
    ///
    /// `client` is what the header names.
    pub fn speaker(&self, holder: &Arc<Member>, client: &Subsystem) -> Result<Arc<Member>, Refusal> {
        if holder.is_called(client) {
            return Ok(holder.clone());
        }
        let named = self.members.iter().find(|member| member.is_called(client));
        match named {
            Some(named) if holder.may_speak_for(named, client) => Ok(named.clone()),
            _ => Err(Refusal::Impersonation { member: holder.id.clone(), client: client.to_string() }),
        }
    }

    /// All members, in the file's order.
    pub fn members(&self) -> impl Iterator<Item = &Arc<Member>> {
        self.members.iter()
    }

    /// A member whose answers are to be signed, if there is one.
    pub fn wants_signed_answers(&self) -> Option<&MemberId> {
        self.members.iter().find(|member| member.signs_answers).map(|member| &member.id)
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is no member: nobody may call.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

impl Member {
    /// Its id.
    pub fn id(&self) -> &MemberId {
        &self.id
    }

    /// Its name for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Codes of the agencies that it is, or speaks for, the broadest first; `*` is all.
    pub fn agencies(&self) -> &[String] {
        &self.agencies
    }

    /// Longest request, bytes; `None` where the gateway's own limit is all.
    pub fn message_bytes_max(&self) -> Option<usize> {
        self.limits.message_bytes_max
    }

    /// Lets one call more begin, whatever it asks for. Takes a place of the member's until dropped.
    ///
    /// Errors: [`Refusal::Busy`].
    pub fn admit(self: &Arc<Self>) -> Result<Place, Refusal> {
        let busy = || Refusal::Busy { member: self.id.clone() };
        if self.rate.as_ref().is_some_and(|rate| rate.check().is_err()) {
            return Err(busy());
        }
        let held = self.places.clone().try_acquire_owned().map_err(|_| busy())?;
        Ok(Place { member: self.clone(), _held: held })
    }

    /// Lets an admitted call be of this operation, for whatever agency and procedure it will turn out to be.
    ///
    /// Errors: [`Refusal::Right`] where no right is to the operation.
    pub fn permit(place: Place, partner: &str, operation: &str) -> Result<Permit, Refusal> {
        let rights = place.member.rights.iter().enumerate();
        let rights: Vec<usize> =
            rights.filter(|(_, right)| right.has_operation(partner, operation)).map(|(at, _)| at).collect();
        if rights.is_empty() {
            return Err(Refusal::Right { member: place.member.id.clone(), operation: operation.to_owned() });
        }
        Ok(Permit { place, operation: operation.to_owned(), rights })
    }

    /// What of its messages must be signed.
    pub fn signature_policy(&self) -> SignaturePolicy {
        self.signature
    }

    /// Whether answers to it are signed.
    pub fn signs_answers(&self) -> bool {
        self.signs_answers
    }

    /// Whether this is a certificate it signs its messages with. Trust and validity are not judged here.
    pub fn signs_with(&self, certificate: &Certificate) -> bool {
        self.signing().iter().any(|pinned| pinned.pin.fits(certificate))
    }

    /// The certificates it signs with, DER, in the file's order: what a signature that names its certificate by key
    /// identifier or by issuer and serial may mean. Those that the file tells by a digest or by names are not among
    /// them.
    pub fn signing_certificates(&self) -> impl Iterator<Item = &[u8]> {
        self.signing().iter().filter_map(|pinned| Some(pinned.known.as_ref()?.der.as_slice()))
    }

    fn signing(&self) -> &[Pinned] {
        self.signing_certificates.as_ref().unwrap_or(&self.certificates)
    }

    fn holds(&self, certificate: &Certificate) -> bool {
        self.certificates.iter().any(|pinned| pinned.pin.fits(certificate))
    }

    /// Whether a header that names this subsystem means this member.
    fn is_called(&self, client: &Subsystem) -> bool {
        self.x_road.iter().any(|own| own.means(client))
    }

    /// A name that means both members, if there is one.
    fn name_shared_with<'m>(&'m self, other: &'m Self) -> Option<&'m Subsystem> {
        let narrower = |one: &'m Self, other: &'m Self| one.x_road.iter().find(|own| other.is_called(own));
        narrower(self, other).or_else(|| narrower(other, self))
    }

    /// Whether `other` may speak for it under one name at least.
    fn is_spoken_for_by(&self, other: &Member) -> bool {
        let by_id = other.speaks_for.iter().any(|spoken| match spoken {
            Spoken::All => true,
            Spoken::Member(id) => **id == *self.id.0,
            Spoken::XRoad { .. } => false,
        });
        by_id || self.x_road.iter().any(|own| other.may_speak_for(self, own))
    }

    fn may_speak_for(&self, named: &Member, client: &Subsystem) -> bool {
        self.speaks_for.iter().any(|spoken| match spoken {
            Spoken::All => true,
            Spoken::Member(id) => **id == *named.id.0,
            Spoken::XRoad { instance, class } => {
                *instance == client.instance && class.as_ref().is_none_or(|class| *class == client.class)
            }
        })
    }
}

impl SignaturePolicy {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "none" => Some(Self::None),
            "body" => Some(Self::Body),
            "message" => Some(Self::Message),
            _ => None,
        }
    }
}

impl Place {
    /// Whose it is.
    pub fn member(&self) -> &Arc<Member> {
        &self.member
    }
}

impl Permit {
    /// Whose call it is.
    pub fn member(&self) -> &Arc<Member> {
        &self.place.member
    }

    /// Whether the right extends to one dossier: to all the agencies and all the procedures that it names.
    ///
    /// Errors: [`Refusal::Agency`] or [`Refusal::Procedure`], with the place of a code in its list.
    pub fn cover(&self, agencies: &[Cow<'_, str>], procedures: &[Cow<'_, str>]) -> Result<(), Refusal> {
        let rights = self.rights.iter().map(|&at| &self.place.member.rights[at]);
        right::covers(rights, agencies, procedures).map_err(|uncovered| {
            let (member, operation) = (self.place.member.id.clone(), self.operation.clone());
            match uncovered {
                Uncovered::Agency(at) => Refusal::Agency { member, operation, at },
                Uncovered::Procedure(at) => Refusal::Procedure { member, operation, at },
            }
        })
    }
}

impl MemberId {
    /// The id as a text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Subsystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.instance, self.class, self.code)?;
        self.subsystem.iter().try_for_each(|subsystem| write!(f, "/{subsystem}"))
    }
}

impl Subsystem {
    /// Whether this entry means that subsystem. One without subsystem means all of its member.
    fn means(&self, client: &Self) -> bool {
        (&self.instance, &self.class, &self.code) == (&client.instance, &client.class, &client.code)
            && (self.subsystem.is_none() || self.subsystem == client.subsystem)
    }

    /// Reads `instance/class/code` or `instance/class/code/subsystem`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/').map(str::to_owned);
        let (instance, class, code) = (parts.next()?, parts.next()?, parts.next()?);
        let subsystem = parts.next();
        let whole = parts.next().is_none() && !instance.is_empty() && !class.is_empty() && !code.is_empty();
        whole.then_some(Self { instance, class, code, subsystem })
    }
}

/// Requests in a second, where the file says so.
fn rate_limiter(requests_per_second: Option<NonZeroU32>) -> Option<DefaultDirectRateLimiter> {
    requests_per_second.map(|rate| RateLimiter::direct(Quota::per_second(rate)))
}

#[cfg(test)]
mod tests;
