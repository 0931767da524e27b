//! When a message was made and how long it holds (WSS 1.1.1 §10).

use super::WSU;
use jiff::civil::{DateTime, date};

use super::error::{Error, Kind};
use super::nodes::Nodes;
use crate::clock::UnixMillis;
use crate::xml::tape::{NodeId, Tape};

/// A `wsu:Timestamp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp {
    pub(super) node: NodeId,
    /// When the message was made.
    pub created: UnixMillis,
    /// Until when it holds, where it says so.
    pub expires: Option<UnixMillis>,
}

/// How clocks may differ and how old a message may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance {
    /// Between the sender's clock and ours, either way, milliseconds.
    pub clock_skew_ms: i64,
    /// From `Created` to its arrival, milliseconds; a later `Expires` does not lengthen it.
    pub age_ms_max: i64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { clock_skew_ms: 60_000, age_ms_max: 300_000 }
    }
}

impl Timestamp {
    /// Reads `Created` and `Expires`, in this order and nothing else (Basic Security Profile R3203, R3221, R3222).
    pub(super) fn read(tape: &Tape<'_>, node: NodeId) -> Result<Self, Error> {
        let mut parts = Nodes::of(tape, node, "times", 2)?;
        let created = read_time(tape, parts.required(WSU, "Created", "a Timestamp with Created first")?)?;
        let expires = parts.optional(WSU, "Expires").map(|expires| read_time(tape, expires)).transpose()?;
        parts.end("a Timestamp of Created and Expires")?;
        if expires.is_some_and(|expires| expires < created) {
            return Err(Error::at(tape, node, Kind::Malformed("a Timestamp that expires after it was created")));
        }
        Ok(Self { node, created, expires })
    }

    /// Refuses a message that was made later than now or too long ago.
    pub(super) fn check(&self, tape: &Tape<'_>, now: UnixMillis, tolerance: Tolerance) -> Result<(), Error> {
        let Tolerance { clock_skew_ms, .. } = tolerance;
        if self.created.0.saturating_sub(clock_skew_ms) > now.0 {
            return Err(Error::at(tape, self.node, Kind::Early { at: self.created, now }));
        }
        let at = self.end(tolerance);
        if at.0.saturating_add(clock_skew_ms) <= now.0 {
            return Err(Error::at(tape, self.node, Kind::Expired { at, now }));
        }
        Ok(())
    }

    /// When it ends to hold, by the sender's clock.
    fn end(&self, tolerance: Tolerance) -> UnixMillis {
        let oldest = UnixMillis(self.created.0.saturating_add(tolerance.age_ms_max));
        self.expires.map_or(oldest, |expires| expires.min(oldest))
    }

    /// From when on it is refused by the clock here, whatever else it holds: nobody need remember it longer.
    pub fn forgotten_at(&self, tolerance: Tolerance) -> UnixMillis {
        UnixMillis(self.end(tolerance).0.saturating_add(tolerance.clock_skew_ms))
    }
}

/// An `xs:dateTime` in UTC, written with `Z` (Basic Security Profile R3217, R3223), or as some stacks do with `+00:00`.
fn read_time(tape: &Tape<'_>, node: NodeId) -> Result<UnixMillis, Error> {
    let text = tape.text(node);
    let text = text.trim();
    // The library reads much more than XML Schema writes.
    let local = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00:00")).unwrap_or_default();
    let (whole, fraction) = local.split_once('.').unwrap_or((local, "0"));
    let digits = |text: &str| !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    let shape = whole.len() == SHAPE.len()
        && whole.bytes().zip(SHAPE.bytes()).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            shape => byte == shape,
        });
    let time = (shape && digits(fraction)).then(|| local.parse::<DateTime>().ok()).flatten();
    let time = time.ok_or_else(|| Error::at(tape, node, Kind::Malformed("a time in UTC like 2024-02-29T10:00:00Z")))?;
    // Counted by hand: the library's own moments end a day before the calendar, and .NET's "never" is its last second.
    let since = time.duration_since(date(1970, 1, 1).at(0, 0, 0, 0));
    Ok(UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
}

/// How times are written.
pub(super) fn written(time: UnixMillis) -> String {
    let time = jiff::Timestamp::from_millisecond(time.0).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

const SHAPE: &str = "0000-00-00T00:00:00";
