//! Which records: by code, member, id, time.

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

use super::Cause;
use crate::clock::{Clock, UnixMillis};
use crate::config::gateway;
use crate::evidence::head::Parsed;
use crate::problem::Problems;
use crate::store::ledger::reader::Stored;

/// What records are chosen by; all that is said must hold.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Select {
    /// A code that the message is about, as a dossier's.
    #[arg(long)]
    code: Option<String>,
    /// The member that sent the question.
    #[arg(long)]
    member: Option<String>,
    /// The id that the question's sender gave it.
    #[arg(long)]
    id: Option<String>,
    /// The exchange: the same for a question and its answer.
    #[arg(long)]
    exchange: Option<String>,
    /// From when: 2026-11-26, in Vietnam's time, or 2026-11-26T08:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<UnixMillis>,
    /// Until when, likewise; not included.
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<UnixMillis>,
}

impl Select {
    /// Whether a message is chosen by what its own head says; an answer's does not repeat member and id.
    pub(super) fn is_chosen(&self, record: &Stored, head: &Parsed) -> bool {
        let is =
            |wanted: &Option<String>, name| wanted.as_deref().is_none_or(|wanted| head.field(name) == Some(wanted));
        self.from.is_none_or(|from| record.at >= from)
            && self.to.is_none_or(|to| record.at < to)
            && is(&self.member, "member")
            && is(&self.id, "message-id")
            && is(&self.exchange, "exchange")
            && self.code.as_deref().is_none_or(|code| head.all("about").any(|about| about == code))
    }
}

/// What the settings say of the record.
pub(super) fn record(config: &Path) -> Result<gateway::Record, Cause> {
    let mut problems = Problems::new();
    let record = gateway::record(config, Clock::System.now(), &mut problems);
    record.ok_or_else(|| format!("the settings cannot be used:\n{problems}"))
}

/// A day in Vietnam, or a moment.
pub(super) fn time(text: &str) -> Result<UnixMillis, String> {
    let wrong = || "write 2026-11-26 or 2026-11-26T08:00:00Z".to_owned();
    let moment = match text.parse::<Date>() {
        Ok(date) if text.len() == 10 => {
            date.to_zoned(TimeZone::fixed(Offset::constant(7))).map_err(|_| wrong())?.timestamp()
        }
        _ => text.parse::<Timestamp>().map_err(|_| wrong())?,
    };
    Ok(UnixMillis(moment.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_vietnam() {
        assert_eq!(time("1970-01-02"), Ok(UnixMillis(17 * 3_600_000)));
        assert_eq!(time("1970-01-01T00:00:01Z"), Ok(UnixMillis(1000)));
        for wrong in ["", "26/11/2026", "2026-02-30", "2026-11-26T08:00"] {
            time(wrong).expect_err(wrong);
        }
    }
}
