//! `[evidence]`: what is kept of exchanges, and for how long.

use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeTable;

use super::keys::Keys;
use crate::clock::UnixMillis;
use crate::pki::Trust;

/// `[evidence]` as written.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The file of the keys that seal messages; made at the first start.
    pub keys: PathBuf,
    /// How often the chain is signed.
    pub checkpoint_every: Duration,
    /// How long messages are kept, milliseconds.
    pub keep_ms: i64,
    /// Who time-stamps checkpoints; `None`: nobody.
    pub stamping: Option<Stamping>,
}

/// A time-stamping authority.
#[derive(Debug, Clone)]
pub struct Stamping {
    /// Where it is asked; `http`.
    pub address: http::Uri,
    /// Who vouches for it.
    pub trust: Trust,
    /// How often it is asked at most.
    pub every: Duration,
}

impl Evidence {
    /// Reads the table, which may be left out.
    ///
    /// `answers_days`: for how long answers are kept for repeats: they are part of the evidence.
    pub(super) fn of(root: &mut Keys<'_, '_>, answers_days: i64, now: UnixMillis) -> Option<Self> {
        let empty = DeTable::new();
        let mut keys = match root.has("evidence") {
            true => root.table("evidence")?,
            false => Keys {
                name: "evidence",
                table: &empty,
                at: 0,
                text: root.text,
                file: root.file,
                problems: root.problems,
            },
        };
        keys.only(&["keys", "checkpoint_s", "keep_days", "level", "tsa", "tsa_trust", "tsa_s"]);
        let file = keys.optional_text("keys").unwrap_or(KEYS);
        let file = keys.relative(file);
        let every = keys.integer("checkpoint_s", 10, 1..=86_400);
        let level = match keys.has("level") {
            true => keys.integer("level", 5, 2..=5).and_then(days_of_level),
            false => Some(KEEP_DAYS),
        };
        let keep_days = keys.integer("keep_days", level?, 1..=36_500)?;
        if keep_days < answers_days {
            let fact = format!("messages are kept {keep_days} days, answers for repeats {answers_days}");
            keys.wrong(keys.at, fact, "keep messages at least as long, or lower the keep_days of answers");
            return None;
        }
        let stamping = match keys.has("tsa") || keys.has("tsa_trust") {
            true => Some(Stamping::of(&mut keys, now)?),
            false => None,
        };
        let checkpoint_every = Duration::from_secs(every?.unsigned_abs());
        Some(Self { keys: file, checkpoint_every, keep_ms: keep_days * DAY_MS, stamping })
    }
}

impl Stamping {
    fn of(keys: &mut Keys<'_, '_>, now: UnixMillis) -> Option<Self> {
        let address = keys.parsed("tsa", None, ADDRESS, |text| {
            let address: http::Uri = text.parse().ok()?;
            (address.scheme_str() == Some("http") && address.host().is_some()).then_some(address)
        });
        let every = keys.integer("tsa_s", 60, 1..=86_400);
        let anchors = keys.paths("tsa_trust")?;
        let trust = Trust::of_anchors(&anchors, now, keys.problems);
        Some(Self { address: address?, trust: trust?, every: Duration::from_secs(every?.unsigned_abs()) })
    }
}

/// TCVN 11930:2017: how long the log of a system of this level is kept at least.
fn days_of_level(level: i64) -> Option<i64> {
    Some(match level {
        2 => 31,
        3 => 92,
        4 => 183,
        _ => KEEP_DAYS,
    })
}

const ADDRESS: &str = "write http://…: a stamp is signed, and what is sent is a digest, so that https adds nothing";
const KEYS: &str = "lienthong.keys";
const KEEP_DAYS: i64 = 366;
const DAY_MS: i64 = 86_400_000;
