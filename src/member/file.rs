//! `members.toml` as written → [`Registry`], all problems at once. docs/members.md is its reference.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use tokio::sync::Semaphore;
use toml::Spanned;

use super::pin::{Known, Pin, Pinned, share};
use super::right::{Agencies, Patterns, Right};
use super::{Limits, Member, MemberId, Registry, SignaturePolicy, Spoken, Subsystem, keys, rate_limiter};
use crate::crypto::Digest;
use crate::crypto::certificate::{Certificate, der_of_pem};
use crate::problem::{Place, Problems};

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    member: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    agencies: Vec<Spanned<String>>,
    #[serde(default)]
    x_road: Vec<Spanned<String>>,
    certificates: Vec<Spanned<CertificateEntry>>,
    signing_certificates: Option<Vec<Spanned<CertificateEntry>>>,
    signature: Option<Spanned<String>>,
    #[serde(default)]
    sign_answers: bool,
    partners: Option<Vec<Spanned<String>>>,
    operations: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    right: Vec<Spanned<RightEntry>>,
    #[serde(default)]
    speaks_for: Vec<Spanned<String>>,
    requests_per_second: Option<NonZeroU32>,
    concurrency: Option<Spanned<usize>>,
    message_bytes_max: Option<Spanned<usize>>,
}

/// What is left out is not narrowed: all of it, for `agencies` all of the member's.
#[derive(Deserialize)]
struct RightEntry {
    partners: Option<Vec<Spanned<String>>>,
    operations: Option<Vec<Spanned<String>>>,
    agencies: Option<Vec<Spanned<String>>>,
    procedures: Option<Vec<Spanned<String>>>,
}

/// Exactly one of: `file`, `spki_sha256`, `issuer` with `subject`.
#[derive(Deserialize)]
struct CertificateEntry {
    file: Option<String>,
    spki_sha256: Option<String>,
    issuer: Option<String>,
    subject: Option<String>,
}

pub(super) fn load(path: &Path, problems: &mut Problems) -> Option<Registry> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            problems.error(Place::file(path), format!("cannot be read: {error}"), "name a members.toml");
            return None;
        }
    };
    let mut found = Problems::new();
    let read = match keys::check(path, &text, &mut found) {
        true => toml::from_str::<File>(&text).map_err(|error| {
            let place = error.span().map_or(Place::file(path), |span| Place::at(path, &text, span.start));
            found.error(place, error.message(), "correct the file");
        }),
        false => Err(()),
    };
    let Ok(file) = read else {
        problems.append(found);
        return None;
    };
    let mut reader = Reader { path, text: &text, problems: &mut found };
    let members: Vec<Arc<Member>> = file.member.iter().filter_map(|entry| reader.member(entry)).collect();
    reader.check_unique(&file.member, &members);
    if file.member.is_empty() {
        found.warning(Place::file(path), "no member: nobody may call", "add a [[member]]");
    }
    let good = !found.has_errors();
    problems.append(found);
    good.then_some(Registry { members })
}

/// Whether a member can be called so.
pub(super) fn is_id(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=ID_BYTES_MAX).contains(&text.len()) && text.chars().all(allowed)
}

struct Reader<'r> {
    path: &'r Path,
    text: &'r str,
    problems: &'r mut Problems,
}

impl Reader<'_> {
    fn member(&mut self, entry: &Spanned<Entry>) -> Option<Arc<Member>> {
        let at = entry.span().start;
        let entry = entry.get_ref();
        if !is_id(&entry.id) {
            let message = format!("member id '{}' is not made of {ID_MADE_OF}", entry.id);
            self.error(at, message, "choose a short id");
        }
        if entry.certificates.is_empty() {
            self.error(at, format!("member {} has no certificate", entry.id), "add certificates = [{ file = \"…\" }]");
        }
        if entry.signing_certificates.as_ref().is_some_and(Vec::is_empty) {
            let message = format!("member {} has an empty signing_certificates", entry.id);
            self.error(at, message, "leave it out where certificates count for signatures too");
        }
        let certificates = self.pinned(&entry.certificates);
        let signing_certificates = entry.signing_certificates.as_ref().map(|entries| self.pinned(entries));
        let x_road = entry.x_road.iter().filter_map(|written| {
            let parsed = Subsystem::parse(written.get_ref());
            if parsed.is_none() {
                let message = format!("'{}' is no X-Road identifier", written.get_ref());
                self.error(written.span().start, message, "write instance/class/code or instance/class/code/subsystem");
            }
            parsed
        });
        let x_road = x_road.collect();
        let speaks_for = entry.speaks_for.iter().filter_map(|spoken| self.spoken(spoken)).collect();
        let agencies = self.agencies(at, entry);
        let rights = self.rights(at, entry, &agencies);
        let message_bytes_max = entry.message_bytes_max.as_ref().map(|written| *written.get_ref());
        if let Some(written) = entry.message_bytes_max.as_ref().filter(|bytes| *bytes.get_ref() < MESSAGE_BYTES_MIN) {
            let remedy = format!("write a number from {MESSAGE_BYTES_MIN}; the gateway's body_bytes_max holds as well");
            self.error(written.span().start, "message_bytes_max is out of range", remedy);
        }
        let concurrency = entry.concurrency.as_ref().map_or(CONCURRENCY, |written| *written.get_ref());
        if !(1..=CONCURRENCY_MAX).contains(&concurrency) {
            let at = entry.concurrency.as_ref().map_or(at, |written| written.span().start);
            self.error(at, "concurrency is out of range", format!("write a number from 1 to {CONCURRENCY_MAX}"));
        }
        Some(Arc::new(Member {
            id: MemberId(entry.id.as_str().into()),
            name: entry.name.clone(),
            agencies: agencies.0,
            x_road,
            certificates,
            signing_certificates,
            signature: self.signature(entry.signature.as_ref()),
            signs_answers: entry.sign_answers,
            rights,
            limits: Limits {
                requests_per_second: entry.requests_per_second,
                concurrency: concurrency.clamp(1, CONCURRENCY_MAX),
                message_bytes_max,
            },
            speaks_for,
            rate: rate_limiter(entry.requests_per_second),
            places: Arc::new(Semaphore::new(concurrency.clamp(1, CONCURRENCY_MAX))),
        }))
    }

    fn agencies(&mut self, at: usize, entry: &Entry) -> Agencies {
        if entry.agencies.len() > AGENCIES_MAX {
            let message = format!("member {} has more than {AGENCIES_MAX} agencies", entry.id);
            self.error(at, message, "name the agencies above them");
        }
        Agencies(entry.agencies.iter().map(|code| self.agency(code)).collect())
    }

    fn agency(&mut self, written: &Spanned<String>) -> String {
        let code = written.get_ref();
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '.';
        let ends_well = !code.starts_with('.') && !code.ends_with('.');
        let is_code = (1..=AGENCY_BYTES_MAX).contains(&code.len()) && code.chars().all(allowed) && ends_well;
        if !is_code && code != "*" {
            let remedy = "write a code like H56.14 or 000.00.00.H56, or * for all";
            self.error(written.span().start, format!("'{code}' is no agency's code"), remedy);
        }
        code.clone()
    }

    /// The `[[member.right]]`s; without any, the flat lists are the one right.
    fn rights(&mut self, at: usize, entry: &Entry, own: &Agencies) -> Vec<Right> {
        if entry.right.is_empty() {
            return vec![Right {
                partners: self.patterns(entry.partners.as_deref()),
                operations: self.patterns(entry.operations.as_deref()),
                agencies: own.clone(),
                procedures: self.patterns(None),
                line: self.line(at),
            }];
        }
        if entry.partners.is_some() || entry.operations.is_some() {
            let message = format!("member {} has both rights and a list of partners or operations", entry.id);
            self.error(at, message, "move the list into a [[member.right]]");
        }
        entry.right.iter().map(|right| self.right(right, own)).collect()
    }

    fn right(&mut self, entry: &Spanned<RightEntry>, own: &Agencies) -> Right {
        let line = self.line(entry.span().start);
        let entry = entry.get_ref();
        let agencies = entry.agencies.as_ref().map(|codes| {
            let codes = codes.iter().map(|written| {
                let code = self.agency(written);
                // A relay hands over what is whoever's, without being a party to it: that is said with a star alone.
                if code != "*" && !own.has(&code) {
                    let message = format!("the right is for {code}, for which the member does not speak");
                    self.error(written.span().start, message, "add it to the member's agencies");
                }
                code
            });
            Agencies(codes.collect())
        });
        Right {
            partners: self.patterns(entry.partners.as_deref()),
            operations: self.patterns(entry.operations.as_deref()),
            agencies: agencies.unwrap_or_else(|| own.clone()),
            procedures: self.patterns(entry.procedures.as_deref()),
            line,
        }
    }

    fn patterns(&mut self, written: Option<&[Spanned<String>]>) -> Patterns {
        let Some(written) = written else { return Patterns(vec!["*".to_owned()]) };
        for pattern in written {
            let text = pattern.get_ref();
            if text.is_empty() || text.find('*').is_some_and(|at| at + 1 < text.len()) {
                let message = format!("'{text}' is neither a name nor a beginning of names");
                self.error(pattern.span().start, message, "write a name, or a beginning with * at its end");
            }
        }
        Patterns(written.iter().map(|pattern| pattern.get_ref().clone()).collect())
    }

    fn signature(&mut self, written: Option<&Spanned<String>>) -> SignaturePolicy {
        let Some(written) = written else { return SignaturePolicy::None };
        let policy = SignaturePolicy::parse(written.get_ref());
        if policy.is_none() {
            let message = format!("'{}' is no signature policy", written.get_ref());
            self.error(written.span().start, message, "write none, body or message");
        }
        policy.unwrap_or_default()
    }

    fn pinned(&mut self, entries: &[Spanned<CertificateEntry>]) -> Vec<Pinned> {
        entries.iter().filter_map(|entry| self.pin(entry)).collect()
    }

    fn pin(&mut self, entry: &Spanned<CertificateEntry>) -> Option<Pinned> {
        let at = entry.span().start;
        let mut known = None;
        let pin = match entry.get_ref() {
            CertificateEntry { file: Some(file), spki_sha256: None, issuer: None, subject: None } => {
                let path = self.path.parent().unwrap_or(Path::new("")).join(file);
                let der = std::fs::read(&path).ok().and_then(|pem| der_of_pem(&pem));
                let Some((der, certificate)) =
                    der.and_then(|der| Certificate::from_der(&der).map(|facts| (der, facts)))
                else {
                    let message = format!("{} is no readable PEM certificate", path.display());
                    self.error(at, message, "name the member's certificate file");
                    return None;
                };
                let pin = Pin::Spki(certificate.spki);
                known = Some(Known { facts: certificate, der });
                pin
            }
            CertificateEntry { file: None, spki_sha256: Some(digest), issuer: None, subject: None } => {
                let Some(digest) = Digest::from_hex(digest) else {
                    self.error(at, "spki_sha256 is not 64 hexadecimal digits", PIN_REMEDY);
                    return None;
                };
                Pin::Spki(digest)
            }
            CertificateEntry { file: None, spki_sha256: None, issuer: Some(issuer), subject: Some(subject) } => {
                Pin::Names { issuer: issuer.clone(), subject: subject.clone() }
            }
            _ => {
                self.error(at, "a certificate is told by one of file, spki_sha256, or issuer with subject", PIN_REMEDY);
                return None;
            }
        };
        Some(Pinned { pin, known, line: self.line(at) })
    }

    fn spoken(&mut self, written: &Spanned<String>) -> Option<Spoken> {
        let text = written.get_ref().as_str();
        let Some(x_road) = text.strip_prefix("x-road:") else {
            return Some(if text == "*" { Spoken::All } else { Spoken::Member(text.to_owned()) });
        };
        let (instance, class) = match x_road.split_once('/') {
            Some((instance, class)) => (instance, Some(class.to_owned())),
            None => (x_road, None),
        };
        if instance.is_empty() || class.as_ref().is_some_and(|class| class.is_empty() || class.contains('/')) {
            let message = format!("'{text}' names no X-Road instance or class");
            self.error(written.span().start, message, "write x-road:INSTANCE or x-road:INSTANCE/CLASS");
            return None;
        }
        Some(Spoken::XRoad { instance: instance.to_owned(), class })
    }

    /// Two members of one id, one key or one X-Road identifier could not be told apart.
    fn check_unique(&mut self, entries: &[Spanned<Entry>], members: &[Arc<Member>]) {
        for (at, member) in members.iter().enumerate() {
            let place = entries.get(at).map_or(0, |entry| entry.span().start);
            for earlier in &members[..at] {
                if earlier.id == member.id {
                    self.error(place, format!("two members are called {}", member.id), "rename one");
                } else if share(&earlier.certificates, &member.certificates) {
                    let message = format!("{} and {} have the same certificate", earlier.id, member.id);
                    self.error(place, message, "give each member a key of its own");
                } else if share(earlier.signing(), member.signing())
                    && !earlier.is_spoken_for_by(member)
                    && !member.is_spoken_for_by(earlier)
                {
                    let message = format!("{} and {} sign with the same certificate", earlier.id, member.id);
                    self.error(place, message, "give each a key of its own, or let one speak for the other");
                }
                // An entry without subsystem takes in all of its member's: whose a message is would be the file's order
                // to say.
                if earlier.id != member.id
                    && let Some(shared) = earlier.name_shared_with(member)
                {
                    let message = format!("{} and {} are both called {shared} in X-Road", earlier.id, member.id);
                    self.error(place, message, "remove it from one; an identifier without subsystem means all");
                }
            }
            for spoken in &member.speaks_for {
                if let Spoken::Member(other) = spoken
                    && !members.iter().any(|known| **other == *known.id.0)
                {
                    let message = format!("{} speaks for {other}, who is no member", member.id);
                    self.error(place, message, "add the member, or remove it from speaks_for");
                }
            }
        }
    }

    fn line(&self, at: usize) -> u32 {
        Place::at(self.path, self.text, at).line.unwrap_or_default()
    }

    fn error(&mut self, at: usize, message: impl Into<String>, remedy: impl Into<String>) {
        self.problems.error(Place::at(self.path, self.text, at), message, remedy);
    }
}

const PIN_REMEDY: &str = "openssl x509 -in member.crt -pubkey -noout | openssl pkey -pubin -outform der | sha256sum";
/// For people.
pub(super) const ID_MADE_OF: &str = "letters, digits, '-', '_' and '.'";
const ID_BYTES_MAX: usize = 64;
/// Calls of one member at once, where the file does not say.
const CONCURRENCY: usize = 256;
const CONCURRENCY_MAX: usize = 100_000;
/// Smaller is no message.
const MESSAGE_BYTES_MIN: usize = 1024;
/// They go along with each call.
const AGENCIES_MAX: usize = 100;
/// National code lists: 35 characters.
const AGENCY_BYTES_MAX: usize = 35;
