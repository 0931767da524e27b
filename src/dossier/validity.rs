//! From which day to which something of the catalogue is valid.

use jiff::civil::Date;
use toml::Spanned;
use toml::value::Datetime;

use super::contract::google::r#type;

/// Days on which something is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Validity {
    /// First day; `None` where it always was.
    pub from: Option<Date>,
    /// First day on which it is not any more; `None` where no end is known.
    pub until: Option<Date>,
}

impl Validity {
    /// Whether it is valid on `day`.
    pub fn covers(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day < until)
    }

    /// Whether there is a day on which both are valid.
    pub fn meets(&self, other: &Self) -> bool {
        let before = |until: Option<Date>, from: Option<Date>| match (until, from) {
            (Some(until), Some(from)) => until <= from,
            _ => false,
        };
        !before(self.until, other.from) && !before(other.until, self.from)
    }

    /// The first day as messages write it.
    pub fn first_day(&self) -> Option<r#type::Date> {
        self.from.map(written)
    }

    /// The day of its end as messages write it.
    pub fn end_day(&self) -> Option<r#type::Date> {
        self.until.map(written)
    }
}

/// A day as messages write it.
fn written(day: Date) -> r#type::Date {
    r#type::Date { year: i32::from(day.year()), month: i32::from(day.month()), day: i32::from(day.day()) }
}

/// A day as TOML writes it, without quotes; `None` where it is none of the calendar's.
pub fn toml_day(written: &Spanned<Datetime>) -> Option<Date> {
    let Datetime { date: Some(date), time: None, offset: None } = written.get_ref() else {
        return None;
    };
    let [month, day] = [date.month, date.day].map(|part| i8::try_from(part).unwrap_or(0));
    Date::new(i16::try_from(date.year).ok()?, month, day).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(from: &str, until: &str) -> Validity {
        let day = |text: &str| text.parse().ok();
        Validity { from: day(from), until: day(until) }
    }

    #[test]
    fn the_first_day_is_in_and_the_day_of_the_end_is_out() {
        let validity = between("2024-03-01", "2025-03-01");
        for (day, covered) in [("2024-02-29", false), ("2024-03-01", true), ("2025-02-28", true), ("2025-03-01", false)]
        {
            assert_eq!(validity.covers(day.parse().expect("a day")), covered, "{day}");
        }
        assert!(Validity::default().covers(Date::MIN) && Validity::default().covers(Date::MAX));
    }

    #[test]
    fn what_follows_on_the_day_of_the_end_does_not_meet() {
        for (one, other, meets) in [
            (between("", "2025-03-01"), between("2025-03-01", ""), false),
            (between("", "2025-03-02"), between("2025-03-01", ""), true),
            (between("", ""), between("2025-03-01", ""), true),
            (between("2024-01-01", "2024-02-01"), between("2025-01-01", "2025-02-01"), false),
        ] {
            assert_eq!((one.meets(&other), other.meets(&one)), (meets, meets), "{one:?} {other:?}");
        }
    }
}
