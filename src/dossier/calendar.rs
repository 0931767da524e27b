//! Working time: when offices are open, and when a result is due.
//!
//! A working day is as long as its sessions together (8 hours). A term in working days is so many times that, counted
//! through the sessions from the moment of receipt; a term in calendar days ends at the same time of day, moved on to
//! the next working day where it would fall on another.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::Offset;
use jiff::{SignedDuration, ToSpan};

/// When an office works.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// Local time's distance from UTC: Viet Nam has no daylight saving time.
    pub zone: Offset,
    /// Opening and closing of each session of a working day, in order, not overlapping.
    pub sessions: Vec<(Time, Time)>,
    /// Days off besides Saturdays and Sundays.
    pub holidays: BTreeSet<Date>,
    /// Saturdays and Sundays that are worked to make up for a day off.
    pub make_up_days: BTreeSet<Date>,
}

/// How long a procedure takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// How many days, at most [`DAYS_MAX`].
    pub days: u16,
    /// What kind of days.
    pub unit: DayUnit,
}

/// What a term counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DayUnit {
    /// "Ngày làm việc".
    Working,
    /// "Ngày".
    Calendar,
}

impl Calendar {
    /// Whether offices work on `day` at all.
    pub fn works_on(&self, day: Date) -> bool {
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        self.make_up_days.contains(&day) || !(weekend || self.holidays.contains(&day))
    }

    /// When a result is due that was applied for at `received`.
    ///
    /// After closing counts from the next working day's opening, in a break from the next session's.
    pub fn due(&self, received: DateTime, term: Term) -> DateTime {
        match term.unit {
            DayUnit::Working => {
                let whole =
                    self.sessions.iter().map(|(open, close)| open.duration_until(*close)).sum::<SignedDuration>();
                self.after(received, whole * i32::from(term.days))
            }
            DayUnit::Calendar => {
                let start = self.opening(received);
                let day = start.date().saturating_add(i64::from(term.days).days());
                self.working_day(day).to_datetime(start.time())
            }
        }
    }

    /// A due moment, moved by the wait for a supplement: in working time for a term in working days.
    pub fn moved(&self, due: DateTime, wait: (DateTime, DateTime), unit: DayUnit) -> DateTime {
        let (asked, answered) = wait;
        match unit {
            DayUnit::Working => self.after(due, self.between(asked, answered)),
            DayUnit::Calendar => {
                let later = due.saturating_add(asked.duration_until(answered).max(SignedDuration::ZERO));
                self.working_day(later.date()).to_datetime(later.time())
            }
        }
    }

    /// The end of `length` working time that begins at `start`.
    ///
    /// Where it ends with a session it is that session's close, not the next one's opening.
    pub fn after(&self, start: DateTime, length: SignedDuration) -> DateTime {
        let mut left = length;
        if left.is_zero() {
            return start;
        }
        for (open, close) in self.sessions_from(start.date()) {
            let begin = open.max(start);
            let here = begin.duration_until(close);
            if here.is_negative() || here.is_zero() {
                continue;
            }
            if left <= here {
                return begin.saturating_add(left);
            }
            left -= here;
        }
        DateTime::MAX
    }

    /// Working time from `start` to `end`; zero where `end` is not after `start`.
    pub fn between(&self, start: DateTime, end: DateTime) -> SignedDuration {
        self.sessions_from(start.date())
            .take_while(|(open, _)| *open < end)
            .map(|(open, close)| open.max(start).duration_until(close.min(end)).max(SignedDuration::ZERO))
            .sum()
    }

    /// Local time of a moment in seconds since 1970.
    pub fn local(&self, seconds: i64) -> DateTime {
        let moment = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
        self.zone.to_datetime(moment)
    }

    /// Seconds since 1970 of a local time.
    pub fn seconds(&self, local: DateTime) -> i64 {
        self.zone.to_timestamp(local).unwrap_or(jiff::Timestamp::MAX).as_second()
    }

    // The next moment at which someone works, from `moment` on.
    fn opening(&self, moment: DateTime) -> DateTime {
        let next = self.sessions_from(moment.date()).find(|(_, close)| *close > moment);
        next.map_or(DateTime::MAX, |(open, _)| open.max(moment))
    }

    fn working_day(&self, day: Date) -> Date {
        days_from(day).find(|day| self.works_on(*day)).unwrap_or(Date::MAX)
    }

    fn sessions_from(&self, day: Date) -> impl Iterator<Item = (DateTime, DateTime)> {
        days_from(day).filter(|day| self.works_on(*day)).flat_map(|day| {
            self.sessions.iter().map(move |(open, close)| (day.to_datetime(*open), day.to_datetime(*close)))
        })
    }
}

// Ends after a century, so that no calendar of holidays can make a search endless.
fn days_from(day: Date) -> impl Iterator<Item = Date> {
    day.series(1.day()).take(SEARCH_DAYS_MAX)
}

/// Longest term, in days.
pub const DAYS_MAX: u16 = 3650;
const SEARCH_DAYS_MAX: usize = 36_600;

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, datetime, time};

    fn calendar() -> Calendar {
        Calendar {
            zone: Offset::constant(7),
            sessions: vec![(time(7, 0, 0, 0), time(11, 30, 0, 0)), (time(13, 30, 0, 0), time(17, 0, 0, 0))],
            holidays: [date(2024, 4, 29), date(2024, 4, 30), date(2024, 5, 1)].into(),
            make_up_days: BTreeSet::new(),
        }
    }

    fn at(text: &str) -> DateTime {
        text.parse().expect("a local time")
    }

    fn check(received: &str, days: u16, unit: DayUnit, due: &str) {
        assert_eq!(calendar().due(at(received), Term { days, unit }), at(due), "{received} + {days} {unit:?}");
    }

    #[test]
    fn five_working_days_over_the_holidays_of_30_april_2024() {
        check("2024-04-26T16:30", 5, DayUnit::Working, "2024-05-08T16:30");
    }

    #[test]
    fn working_days_are_counted_through_the_sessions() {
        check("2024-05-06T07:00", 1, DayUnit::Working, "2024-05-06T17:00"); // a whole day ends with it
        check("2024-05-06T09:00", 1, DayUnit::Working, "2024-05-07T09:00");
        check("2024-05-06T16:59:59", 1, DayUnit::Working, "2024-05-07T16:59:59");
        check("2024-05-06T05:00", 1, DayUnit::Working, "2024-05-06T17:00"); // before opening
        check("2024-05-06T12:15", 1, DayUnit::Working, "2024-05-07T11:30"); // in the break: from 13:30
        check("2024-05-06T11:30", 1, DayUnit::Working, "2024-05-07T11:30");
        check("2024-05-06T17:00", 1, DayUnit::Working, "2024-05-07T17:00"); // after closing: from the next day
        check("2024-05-06T23:59", 1, DayUnit::Working, "2024-05-07T17:00");
        check("2024-05-10T16:00", 1, DayUnit::Working, "2024-05-13T16:00"); // over a weekend
        check("2024-05-11T10:00", 1, DayUnit::Working, "2024-05-13T17:00"); // on a Saturday
        check("2024-05-06T09:00", 10, DayUnit::Working, "2024-05-20T09:00");
    }

    #[test]
    fn calendar_days_never_end_on_a_day_off() {
        check("2024-05-06T09:00", 3, DayUnit::Calendar, "2024-05-09T09:00");
        check("2024-05-06T09:00", 5, DayUnit::Calendar, "2024-05-13T09:00"); // Saturday
        check("2024-04-26T16:30", 3, DayUnit::Calendar, "2024-05-02T16:30"); // holiday
        check("2024-05-06T18:00", 1, DayUnit::Calendar, "2024-05-08T07:00"); // after closing
    }

    #[test]
    fn a_make_up_day_is_worked() {
        let mut calendar = calendar();
        calendar.make_up_days.insert(date(2024, 5, 4));
        let term = Term { days: 5, unit: DayUnit::Working };
        assert_eq!(calendar.due(at("2024-04-26T16:30"), term), at("2024-05-07T16:30"));
    }

    #[test]
    fn a_supplement_moves_the_due_moment_by_the_time_it_took() {
        let calendar = calendar();
        let moved = |asked, answered, unit| calendar.moved(at("2024-05-08T16:30"), (at(asked), at(answered)), unit);
        let working = |asked, answered| moved(asked, answered, DayUnit::Working);
        assert_eq!(working("2024-05-02T09:00", "2024-05-03T09:00"), at("2024-05-09T16:30"));
        assert_eq!(working("2024-05-03T09:00", "2024-05-06T09:00"), at("2024-05-09T16:30")); // one working day of three
        assert_eq!(working("2024-05-02T18:00", "2024-05-02T23:00"), at("2024-05-08T16:30"));
        assert_eq!(working("2024-05-03T09:00", "2024-05-02T09:00"), at("2024-05-08T16:30")); // a clock set back
        let calendar_days = |asked, answered| moved(asked, answered, DayUnit::Calendar);
        assert_eq!(calendar_days("2024-05-02T09:00", "2024-05-03T09:00"), at("2024-05-09T16:30"));
        assert_eq!(calendar_days("2024-05-03T09:00", "2024-05-06T09:00"), at("2024-05-13T16:30")); // Saturday
    }

    #[test]
    fn moments_are_local_without_daylight_saving() {
        let moment = calendar().seconds(datetime(2024, 4, 26, 16, 30, 0, 0));
        assert_eq!(moment, 1_714_123_800);
        assert_eq!(calendar().local(moment), datetime(2024, 4, 26, 16, 30, 0, 0));
    }

    #[test]
    fn a_calendar_without_working_time_ends_the_search() {
        let mut calendar = calendar();
        calendar.sessions.clear();
        assert_eq!(calendar.after(at("2024-05-06T09:00"), SignedDuration::from_hours(1)), DateTime::MAX);
    }

    proptest::proptest! {
        #[test]
        fn the_due_moment_is_working_time_and_exactly_the_term_away(minutes in 0_i64..2_000_000, days in 1_u16..60) {
            let calendar = calendar();
            let received = calendar.local(1_700_000_000 + minutes * 60);
            let due = calendar.due(received, Term { days, unit: DayUnit::Working });
            proptest::prop_assert!(calendar.works_on(due.date()));
            proptest::prop_assert_eq!(calendar.between(received, due), SignedDuration::from_hours(8 * i64::from(days)));
        }
    }
}
