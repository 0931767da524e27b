//! When a certificate or a revocation list stops being good, and when to say so.

use std::path::{Path, PathBuf};

use crate::clock::UnixMillis;
use crate::crypto::certificate::Certificate;
use crate::problem::{Place, Problems};

/// What expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ExpiryKind {
    /// A certificate of our own.
    Own,
    /// A trust anchor. It goes on being trusted (RFC 5280 §6.1 asks no dates of an anchor), while other software may
    /// refuse it.
    Anchor,
    /// A CRL: what expires is `nextUpdate`.
    Crl,
}

/// The end of something's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiry {
    /// What it is.
    pub kind: ExpiryKind,
    /// Subject of a certificate, issuer of a CRL.
    pub name: String,
    /// Where it stands.
    pub file: PathBuf,
    /// When it began to be good: `notBefore`, `thisUpdate`.
    pub from: UnixMillis,
    /// When it stops: `notAfter`, `nextUpdate`.
    pub until: UnixMillis,
}

impl Expiry {
    pub(super) fn of(kind: ExpiryKind, certificate: &Certificate, file: &Path) -> Self {
        let Certificate { subject, not_before, not_after, .. } = certificate;
        Self { kind, name: subject.clone(), file: file.to_path_buf(), from: *not_before, until: *not_after }
    }

    /// The warning that is due: the fewest of 30, 14, 7 and 1 days that are not left any more, 0 once it is over;
    /// `None` while there is time.
    ///
    /// A warning that half of its life would bring is none: a weekly CRL warns at one day.
    pub fn warning_days(&self, now: UnixMillis) -> Option<i64> {
        if now >= self.until {
            return Some(0);
        }
        let left = self.until.0.saturating_sub(now.0);
        let life = self.until.0.saturating_sub(self.from.0);
        let due = |days: &i64| left < days * DAY_MS && 2 * days * DAY_MS < life;
        WARNING_DAYS.into_iter().filter(due).min()
    }

    /// Adds what is to be said of it at a time; nothing while there is time.
    pub fn report(&self, now: UnixMillis, problems: &mut Problems) {
        if let Some((fact, remedy)) = self.warning(now) {
            problems.warning(Place::file(&self.file), fact, remedy);
        }
    }

    /// What is to be said of it at a time, and what to do.
    pub fn warning(&self, now: UnixMillis) -> Option<(String, &'static str)> {
        self.warning_days(now)?;
        let (what, remedy) = match self.kind {
            ExpiryKind::Own => ("the certificate".to_owned(), "renew it"),
            ExpiryKind::Anchor => (format!("trust anchor {}", self.name), "add its successor, then remove it"),
            ExpiryKind::Crl => (format!("the CRL of {}", self.name), "fetch the next one"),
        };
        let days = self.until.0.saturating_sub(now.0) / DAY_MS;
        let fact = match now >= self.until {
            true => format!("{what} expired {} days ago", -days),
            false => format!("{what} expires in {days} days"),
        };
        Some((fact, remedy))
    }
}

const DAY_MS: i64 = 86_400_000;
const WARNING_DAYS: [i64; 4] = [30, 14, 7, 1];
