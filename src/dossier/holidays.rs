//! The calendar file: sessions, holidays and make-up days.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::ToSpan;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::calendar::Calendar;
use crate::problem::{Place, Problems};

/// Reads a calendar file. Everything wrong with it is added to `problems`; `None` where it cannot be used.
pub fn load(file: &Path, zone: Offset, problems: &mut Problems) -> Option<Calendar> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            problems.error(Place::file(file), format!("cannot be read: {error}"), "name a calendar of working days");
            return None;
        }
    };
    read(&text, file, zone, problems)
}

/// Reads a calendar from its text; `file` is for messages.
pub fn read(text: &str, file: &Path, zone: Offset, problems: &mut Problems) -> Option<Calendar> {
    let written: Written = super::toml_file::read(text, file, problems)?;
    let mut reader = Reader { text, file, found: Problems::new() };
    let calendar = Calendar {
        zone,
        sessions: reader.sessions(&written.sessions),
        holidays: written.holiday.iter().flat_map(|holiday| reader.days_off(holiday)).collect(),
        make_up_days: reader.make_up_days(&written.make_up_day),
    };
    let usable = !reader.found.has_errors();
    problems.append(reader.found);
    usable.then_some(calendar)
}

struct Reader<'a> {
    text: &'a str,
    file: &'a Path,
    found: Problems,
}

impl Reader<'_> {
    fn sessions(&mut self, written: &Spanned<Vec<Spanned<String>>>) -> Vec<(Time, Time)> {
        let mut sessions: Vec<(Time, Time)> = Vec::new();
        for session in written.get_ref() {
            let parsed = session.get_ref().split_once('-').and_then(|(open, close)| {
                Some((open.trim().parse::<Time>().ok()?, close.trim().parse::<Time>().ok()?))
            });
            match parsed {
                Some((open, close)) if open < close && sessions.last().is_none_or(|last| last.1 <= open) => {
                    sessions.push((open, close));
                }
                _ => self.wrong(session, "session is not in order", "write sessions like \"07:00-11:30\", in order"),
            }
        }
        if written.get_ref().is_empty() {
            self.wrong(written, "there are no sessions", "write sessions like \"07:00-11:30\", in order");
        }
        sessions
    }

    fn days_off(&mut self, holiday: &Holiday) -> Vec<Date> {
        let from = self.day(&holiday.from);
        let to = holiday.to.as_ref().map_or(from, |to| self.day(to));
        let (Some(from), Some(to)) = (from, to) else {
            return Vec::new();
        };
        if to < from || from.saturating_add(HOLIDAY_DAYS_MAX.days()) < to {
            self.wrong(&holiday.from, "holiday does not end", "let `to` follow `from` by at most 31 days");
            return Vec::new();
        }
        from.series(1.day()).take_while(|day| *day <= to).collect()
    }

    fn make_up_days(&mut self, written: &[MakeUpDay]) -> BTreeSet<Date> {
        written.iter().filter_map(|make_up| self.day(&make_up.day)).collect()
    }

    fn day(&mut self, written: &Spanned<Datetime>) -> Option<Date> {
        let day = match written.get_ref() {
            Datetime { date: Some(date), time: None, offset: None } => {
                let [month, day] = [date.month, date.day].map(|part| i8::try_from(part).unwrap_or(0));
                Date::new(i16::try_from(date.year).unwrap_or(0), month, day).ok()
            }
            _ => None,
        };
        if day.is_none() {
            self.wrong(written, "this is no day", "write it like 2026-09-02");
        }
        day
    }

    fn wrong<T>(&mut self, at: &Spanned<T>, message: &str, remedy: &str) {
        self.found.error(Place::at(self.file, self.text, at.span().start), message, remedy);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    sessions: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    holiday: Vec<Holiday>,
    #[serde(default)]
    make_up_day: Vec<MakeUpDay>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Holiday {
    #[serde(rename = "name")]
    _name: String,
    from: Spanned<Datetime>,
    to: Option<Spanned<Datetime>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MakeUpDay {
    #[serde(rename = "name")]
    _name: String,
    day: Spanned<Datetime>,
}

/// Longest holiday.
const HOLIDAY_DAYS_MAX: i64 = 31;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::calendar::{DayUnit, Term};
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let mut problems = Problems::new();
        let calendar = read(text, Path::new("holidays.toml"), Offset::constant(7), &mut problems);
        assert_eq!(calendar.is_none(), problems.has_errors());
        expected.assert_eq(&problems.to_string());
    }

    #[test]
    fn the_shipped_calendar_gives_the_worked_example() {
        let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/hoso/catalogue/holidays.toml"));
        let mut problems = Problems::new();
        let calendar = load(file, Offset::constant(7), &mut problems).expect("usable");
        assert_eq!(problems, Problems::new());
        let received = "2024-04-26T16:30".parse().expect("a local time");
        let due = calendar.due(received, Term { days: 5, unit: DayUnit::Working });
        assert_eq!(due.to_string(), "2024-05-08T16:30:00");
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
        check(
            "sessions = [\n\"13:30-17:00\",\n\"07:00-11:30\",\n\"7h\"]\n[[holiday]]\nname = \"x\"\nfrom = 2026-01-02\n\
             to = 2026-01-01\n[[make_up_day]]\nname = \"x\"\nday = 10:00:00\n",
            expect![[r#"
                holidays.toml:3: error: session is not in order
                    remedy: write sessions like "07:00-11:30", in order
                holidays.toml:4: error: session is not in order
                    remedy: write sessions like "07:00-11:30", in order
                holidays.toml:7: error: holiday does not end
                    remedy: let `to` follow `from` by at most 31 days
                holidays.toml:11: error: this is no day
                    remedy: write it like 2026-09-02
            "#]],
        );
        check(
            "sessions = []\n",
            expect![[r#"
                holidays.toml:1: error: there are no sessions
                    remedy: write sessions like "07:00-11:30", in order
            "#]],
        );
        check(
            "sessions = [\"07:00-11:30\"]\n[[holiday]]\nname = \"x\"\nfrom = 2026-02-31\n",
            expect![[r#"
                holidays.toml:4: error: invalid date, expected day between 01 and 28
                    remedy: correct the file
            "#]],
        );
    }
}
