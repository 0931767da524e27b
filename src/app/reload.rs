//! What is exchanged while the gateway serves: members, keys, anchors, revocation lists.
//!
//! * Files are looked at every few seconds and on SIGHUP; what has not changed is left alone.
//! * It is all or nothing: where anything of the new files is wrong, all of the old stays, and the log (once), a metric
//!   and `lienthong check` say why. It is tried again at each look, since a wrong clock or a missing file may come right.
//! * A change that a look finds is waited out, so that no half of a file is read. Who writes a file under another name
//!   and renames it is never waited for in vain.
//! * Members and TLS are apart: a broken members file keeps no revocation from taking effect.
//! * New members begin with fresh counters: a second's requests and the calls under way are counted from zero. Calls
//!   under way keep the permit that they have.
//! * What expires is said at 30, 14, 7 and 1 days, once each.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::clock::Clock;
use crate::config::gateway::Reload;
use crate::config::signature::check_signed_answers;
use crate::config::watch::{check_readable, members_paths};
use crate::inbound::signed::Keys;
use crate::member::Registry;
use crate::pki::{Expiry, ExpiryKind};
use crate::problem::{Problem, Problems, Severity};
use crate::telemetry::{self, Expiring, Metrics};
use crate::tls::Acceptor;

/// What one look at the files came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reloaded {
    /// Of the members file and the certificates it names.
    pub members: Outcome,
    /// Of keys, anchors and lists.
    pub tls: Outcome,
}

/// What became of some files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// They are as they were.
    Unchanged,
    /// The new ones are in use.
    Replaced,
    /// They cannot be used; those of before are.
    Failed(Problems),
}

/// Who wants the files looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// The clock: a failure that was told is not told again.
    Routinely,
    /// A person, who wants to know.
    ByHand,
}

/// Looks at files and exchanges what is made of them.
#[derive(Debug)]
pub(super) struct Reloader {
    settings: Reload,
    live: Live,
    metrics: Arc<Metrics>,
    clock: Clock,
    failures: HashMap<What, Problems>,
    /// By what expires: the warning of fewest days that was given.
    warned: HashMap<(ExpiryKind, String, PathBuf), i64>,
}

/// What is exchanged, as those who use it hold it.
#[derive(Debug)]
pub(super) struct Live {
    /// The members.
    pub(super) registry: Arc<ArcSwap<Registry>>,
    /// What connections are accepted by.
    pub(super) acceptor: Acceptor,
    /// What messages are verified and answers signed by.
    pub(super) keys: Arc<ArcSwap<Keys>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    Members,
    Tls,
}

impl Reloader {
    pub(super) fn new(settings: Reload, live: Live, metrics: Arc<Metrics>, clock: Clock) -> Self {
        for what in [What::Members, What::Tls] {
            metrics.show_reload_failed(what.name(), false);
        }
        let (failures, warned) = (HashMap::new(), HashMap::new());
        let mut reloader = Self { settings, live, metrics, clock, failures, warned };
        reloader.show_expiries();
        reloader
    }

    /// Looks at all files once. Reads them, so it may take a while: not for a task of the runtime.
    pub(super) fn check(&mut self, asked: Asked) -> Reloaded {
        if asked == Asked::ByHand {
            self.failures.values_mut().for_each(|told| *told = Problems::new());
        }
        let (mut members, mut tls) = self.look();
        let mut is_settled = asked == Asked::ByHand || !(members || tls);
        for _ in 0..SETTLE_LOOKS_MAX {
            if is_settled {
                break;
            }
            std::thread::sleep(SETTLE_TIME);
            let (members_again, tls_again) = self.look();
            is_settled = !(members_again || tls_again);
            (members, tls) = (members || members_again, tls || tls_again);
        }
        let reloaded = Reloaded {
            members: self.attempt(What::Members, members, Self::replace_members),
            tls: self.attempt(What::Tls, tls, Self::replace_tls),
        };
        self.show_expiries();
        reloaded
    }

    /// Whether files of members and of TLS have changed since they were looked at last.
    fn look(&mut self) -> (bool, bool) {
        let members = self.settings.members_seen.has_changed(&members_paths(&self.settings.members));
        (members, self.settings.tls_seen.has_changed(&self.settings.tls.paths()))
    }

    fn attempt(
        &mut self,
        what: What,
        has_changed: bool,
        replace: fn(&mut Self, &mut Problems) -> Option<()>,
    ) -> Outcome {
        if !has_changed && !self.failures.contains_key(&what) {
            return Outcome::Unchanged;
        }
        let mut problems = Problems::new();
        let is_replaced = replace(self, &mut problems).is_some();
        self.metrics.show_reload_failed(what.name(), !is_replaced);
        let what_failed = self.failures.remove(&what);
        if is_replaced {
            tracing::info!(what = what.name(), warnings = %self.lasting(&problems), "reloaded");
            self.metrics.count_reload(&telemetry::Reload { what: what.name(), result: "replaced" });
            return Outcome::Replaced;
        }
        if has_changed || what_failed.as_ref() != Some(&problems) {
            let name = what.name();
            tracing::warn!(what = name, %problems, "changed files cannot be used: what was read before them is");
            self.metrics.count_reload(&telemetry::Reload { what: name, result: "failed" });
        }
        self.failures.insert(what, problems.clone());
        Outcome::Failed(problems)
    }

    fn replace_members(&mut self, problems: &mut Problems) -> Option<()> {
        check_readable(&members_paths(&self.settings.members), problems)?;
        let registry = Registry::load(&self.settings.members, problems)?;
        check_signed_answers(&registry, self.live.keys.load().signer.is_some(), problems);
        (!problems.has_errors()).then_some(())?;
        self.live.registry.store(Arc::new(registry));
        Some(())
    }

    fn replace_tls(&mut self, problems: &mut Problems) -> Option<()> {
        check_readable(&self.settings.tls.paths(), problems)?;
        let fresh = self.settings.tls.load(self.clock.now(), problems);
        let fresh = fresh.filter(|_| !problems.has_errors())?;
        check_signed_answers(&self.live.registry.load(), fresh.signature.signer.is_some(), problems);
        (!problems.has_errors()).then_some(())?;
        self.live.acceptor.replace_with(&fresh.acceptor);
        self.live.keys.store(Arc::new(fresh.signature));
        for (connector, fresh) in self.settings.connectors.iter().zip(&fresh.connectors) {
            connector.replace_with(fresh);
        }
        self.settings.expiries = fresh.expiries;
        Some(())
    }

    /// Warnings other than those of dates, which have their own times to be said.
    fn lasting(&self, problems: &Problems) -> String {
        let now = self.clock.now();
        let dated: Vec<String> =
            self.settings.expiries.iter().filter_map(|expiry| Some(expiry.warning(now)?.0)).collect();
        let lasts = |problem: &&Problem| problem.severity > Severity::Note && !dated.contains(&problem.message);
        let lasting: Vec<String> = problems.sorted().into_iter().filter(lasts).map(ToString::to_string).collect();
        lasting.join("\n")
    }

    fn show_expiries(&mut self) {
        let now = self.clock.now();
        let shown = self.settings.expiries.iter().map(|expiry| {
            let certificate = match expiry.kind {
                ExpiryKind::Own => "gateway",
                ExpiryKind::Anchor => "anchor",
                ExpiryKind::Crl => "crl",
            };
            (Expiring { certificate, name: expiry.name.clone() }, expiry.until.0 / 1000)
        });
        self.metrics.show_expiries(shown);
        for expiry in &self.settings.expiries {
            let key = (expiry.kind, expiry.name.clone(), expiry.file.clone());
            let Some(days) = expiry.warning_days(now) else {
                // Renewed: it may warn again.
                self.warned.remove(&key);
                continue;
            };
            if self.warned.get(&key).is_none_or(|warned| days < *warned) {
                self.warned.insert(key, days);
                warn(expiry, now);
            }
        }
    }
}

fn warn(expiry: &Expiry, now: crate::clock::UnixMillis) {
    let Some((fact, remedy)) = expiry.warning(now) else { return };
    tracing::warn!(file = %expiry.file.display(), fact, remedy, "an end is near");
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::Tls => "tls",
        }
    }
}

/// Whoever writes a file is done with it for this long.
const SETTLE_TIME: Duration = Duration::from_millis(100);
/// A file that never rests is read at last, and whatever is wrong with it is told.
const SETTLE_LOOKS_MAX: usize = 20;

#[cfg(test)]
mod tests;
