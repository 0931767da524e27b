//! Certificates of members that have expired or soon will.

use std::path::Path;

use super::Registry;
use crate::clock::UnixMillis;
use crate::crypto::certificate::Certificate;
use crate::problem::{Place, Problems};

impl Registry {
    /// Warns of certificates that have expired or soon will; they keep no gateway from starting. `file` is where the
    /// registry was loaded from.
    pub fn check_validity(&self, file: &Path, now: UnixMillis, problems: &mut Problems) {
        for member in &self.members {
            let signing = member.signing_certificates.iter().flatten();
            for pinned in member.certificates.iter().chain(signing) {
                let Some(said) = pinned.known.as_ref().and_then(|known| said(&known.facts, now)) else { continue };
                let remedy = format!("lienthong members add --id {} --cert NEW.crt", member.id);
                problems.warning(
                    Place::line(file, pinned.line),
                    format!("a certificate of {} {said}", member.id),
                    remedy,
                );
            }
        }
    }
}

/// What is to be said of a certificate's time; `None` where it is good for a while.
pub(super) fn said(certificate: &Certificate, now: UnixMillis) -> Option<String> {
    let days = (certificate.not_after.0 - now.0).div_euclid(DAY_MS);
    if now < certificate.not_before {
        return Some("is not valid yet".to_owned());
    }
    if now > certificate.not_after {
        return Some(format!("expired {} days ago", -days));
    }
    (days < WARNING_DAYS).then(|| format!("expires in {days} days"))
}

const DAY_MS: i64 = 86_400_000;
const WARNING_DAYS: i64 = 30;
