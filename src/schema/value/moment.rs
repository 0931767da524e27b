//! Dates, times and durations: lexical forms, the calendar, and their partial order (XML Schema part 2 §3.2.6–14).

use std::cmp::Ordering;

use super::Primitive;

/// A point of the date/time family; what a type does not carry stands at its reference value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Seconds of the proleptic Gregorian calendar since 0001-01-01T00:00:00, zone not applied.
    seconds: i128,
    /// Billionths of a billionth of a second.
    attoseconds: u64,
    /// Minutes east of UTC; `None` where the value names no zone.
    zone: Option<i16>,
}

/// A duration: months and seconds do not convert into each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duration {
    months: i128,
    seconds: i128,
    attoseconds: i128,
}

impl Moment {
    /// Reads a value of one of the date/time types; `None` where it is not in its lexical space or not a day of the
    /// calendar.
    pub fn parse(primitive: Primitive, lexical: &str) -> Option<Self> {
        let mut text = Cursor(lexical);
        let (mut year, mut month, mut day) = (REFERENCE_YEAR, 1, 1);
        let (mut seconds, mut attoseconds) = (0, 0);
        match primitive {
            Primitive::DateTime => {
                (year, month, day) = text.date()?;
                text.take("T")?;
                (seconds, attoseconds) = text.time()?;
            }
            Primitive::Date => (year, month, day) = text.date()?,
            Primitive::Time => (seconds, attoseconds) = text.time()?,
            Primitive::GYearMonth => {
                year = text.year()?;
                text.take("-")?;
                month = text.two_digits(1, 12)?;
            }
            Primitive::GYear => year = text.year()?,
            Primitive::GMonthDay => {
                text.take("--")?;
                month = text.two_digits(1, 12)?;
                text.take("-")?;
                day = text.two_digits(1, days_in_month(REFERENCE_YEAR, month))?;
            }
            Primitive::GDay => {
                text.take("---")?;
                day = text.two_digits(1, 31)?;
            }
            Primitive::GMonth => {
                text.take("--")?;
                month = text.two_digits(1, 12)?;
            }
            _ => return None,
        }
        let zone = text.zone()?;
        let seconds = days_from_civil(year, month, day) * 86_400 + i128::from(seconds);
        text.0.is_empty().then_some(Self { seconds, attoseconds, zone })
    }

    /// The order of part 2 §3.2.7.4: undetermined where only one names a zone and they lie within 14 hours.
    pub fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self.zone, other.zone) {
            (Some(_), Some(_)) | (None, None) => Some(self.instant(0).cmp(&other.instant(0))),
            (Some(_), None) => Self::cmp_zoned(self, other),
            (None, Some(_)) => Self::cmp_zoned(other, self).map(Ordering::reverse),
        }
    }

    fn cmp_zoned(zoned: &Self, other: &Self) -> Option<Ordering> {
        if zoned.instant(0) < other.instant(ZONE_MINUTES_MAX) {
            Some(Ordering::Less)
        } else if zoned.instant(0) > other.instant(-ZONE_MINUTES_MAX) {
            Some(Ordering::Greater)
        } else {
            None
        }
    }

    /// The instant in UTC, by the value's own zone or by `assumed` minutes east.
    fn instant(&self, assumed: i16) -> (i128, u64) {
        (self.seconds - i128::from(self.zone.unwrap_or(assumed)) * 60, self.attoseconds)
    }
}

impl Duration {
    /// Reads `-?PnYnMnDTnHnMnS` (part 2 §3.2.6.1).
    pub fn parse(lexical: &str) -> Option<Self> {
        let negative = lexical.starts_with('-');
        let text = lexical.strip_prefix('-').unwrap_or(lexical).strip_prefix('P')?;
        let (date, time) = match text.split_once('T') {
            Some((date, time)) if !time.is_empty() => (date, time),
            Some(_) => return None,
            None => (text, ""),
        };
        let mut date = Cursor(date);
        let mut time = Cursor(time);
        if date.0.is_empty() && time.0.is_empty() {
            return None;
        }
        let (years, months, days) = (date.amount('Y')?, date.amount('M')?, date.amount('D')?);
        let (hours, minutes) = (time.amount('H')?, time.amount('M')?);
        let (seconds, attoseconds) = time.seconds_amount()?;
        if !date.0.is_empty() || !time.0.is_empty() {
            return None;
        }
        let sign = if negative { -1 } else { 1 };
        Some(Self {
            months: sign * (years * 12 + months),
            seconds: sign * (days * 86_400 + hours * 3_600 + minutes * 60 + seconds),
            attoseconds: sign * i128::from(attoseconds),
        })
    }

    /// The order of part 2 §3.2.6.2: what holds when added to each of four dates.
    pub fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let at = |duration: &Self, (year, month): (i128, u32)| {
            let months = year * 12 + i128::from(month) - 1 + duration.months;
            let days = days_from_civil(months.div_euclid(12), months.rem_euclid(12) as u32 + 1, 1);
            let seconds = days * 86_400 + duration.seconds + duration.attoseconds.div_euclid(ATTOSECONDS);
            (seconds, duration.attoseconds.rem_euclid(ATTOSECONDS))
        };
        let mut orders = [(1696, 9), (1697, 2), (1903, 3), (1903, 7)].map(|date| at(self, date).cmp(&at(other, date)));
        orders.sort_unstable();
        (orders[0] == orders[3]).then_some(orders[0])
    }
}

/// What is left of a lexical form.
struct Cursor<'v>(&'v str);

impl Cursor<'_> {
    fn take(&mut self, literal: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(literal)?;
        Some(())
    }

    /// Four digits or more, no leading zero beyond four, not 0000 (XML Schema 1.0 §3.2.7.1).
    fn year(&mut self) -> Option<i128> {
        let negative = self.take("-").is_some();
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (year, rest) = self.0.split_at(digits);
        if !(4..=YEAR_DIGITS_MAX).contains(&digits) || (digits > 4 && year.starts_with('0')) {
            return None;
        }
        self.0 = rest;
        let year: i128 = year.parse().ok().filter(|&year| year != 0)?;
        // Part 2 appendix E reckons with the number as written: -0004, not -0005, has a leap day. No value is in year 0,
        // so that the order is the same.
        Some(if negative { -year } else { year })
    }

    fn date(&mut self) -> Option<(i128, u32, u32)> {
        let year = self.year()?;
        self.take("-")?;
        let month = self.two_digits(1, 12)?;
        self.take("-")?;
        Some((year, month, self.two_digits(1, days_in_month(year, month))?))
    }

    /// Seconds of the day; 24:00:00 is the end of the day.
    fn time(&mut self) -> Option<(u32, u64)> {
        let hour = self.two_digits(0, 24)?;
        self.take(":")?;
        let minute = self.two_digits(0, 59)?;
        self.take(":")?;
        let second = self.two_digits(0, 59)?;
        let attoseconds = self.fraction()?;
        let end_of_day = minute == 0 && second == 0 && attoseconds == 0;
        (hour < 24 || end_of_day).then_some((hour * 3_600 + minute * 60 + second, attoseconds))
    }

    /// `.digits`, kept to 18 of them.
    fn fraction(&mut self) -> Option<u64> {
        if self.take(".").is_none() {
            return Some(0);
        }
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (fraction, rest) = self.0.split_at(digits);
        self.0 = rest;
        let kept = &fraction[..digits.min(FRACTION_DIGITS)];
        let scale = 10u64.pow((FRACTION_DIGITS - kept.len()) as u32);
        kept.parse::<u64>().ok().map(|value| value * scale)
    }

    fn zone(&mut self) -> Option<Option<i16>> {
        let sign = match self.0.as_bytes().first() {
            None => return Some(None),
            Some(b'Z') => {
                self.0 = &self.0[1..];
                return Some(Some(0));
            }
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return None,
        };
        self.0 = &self.0[1..];
        let hours = self.two_digits(0, 14)?;
        self.take(":")?;
        let minutes = self.two_digits(0, 59)?;
        let total = (hours * 60 + minutes) as i16;
        (total <= ZONE_MINUTES_MAX).then_some(Some(sign * total))
    }

    fn two_digits(&mut self, min: u32, max: u32) -> Option<u32> {
        let (tens, ones) = (*self.0.as_bytes().first()?, *self.0.as_bytes().get(1)?);
        if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
            return None;
        }
        self.0 = &self.0[2..];
        let value = u32::from(tens - b'0') * 10 + u32::from(ones - b'0');
        (min..=max).contains(&value).then_some(value)
    }

    /// `nX` of a duration: 0 where the designator is not there; `None` where the number is missing or too long.
    fn amount(&mut self, designator: char) -> Option<i128> {
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        if !self.0[digits..].starts_with(designator) {
            return Some(0);
        }
        let amount = self.0[..digits].parse().ok().filter(|_| digits <= YEAR_DIGITS_MAX)?;
        self.0 = &self.0[digits + 1..];
        Some(amount)
    }

    fn seconds_amount(&mut self) -> Option<(i128, u64)> {
        if self.0.is_empty() {
            return Some((0, 0));
        }
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let seconds = self.0[..digits].parse().ok().filter(|_| digits <= YEAR_DIGITS_MAX)?;
        self.0 = &self.0[digits..];
        let attoseconds = self.fraction()?;
        self.take("S")?;
        Some((seconds, attoseconds))
    }
}

/// Days from 0001-01-01 to a date of the proleptic Gregorian calendar.
fn days_from_civil(year: i128, month: u32, day: u32) -> i128 {
    let year = year - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let before_month = DAYS_BEFORE_MONTH[month as usize - 1] + i128::from(month > 2 && is_leap(year + 1));
    year * 365 + leap_days + before_month + i128::from(day) - 1
}

/// Days of a month, leap years counted.
pub fn days_in_month(year: impl Into<i128>, month: u32) -> u32 {
    match month {
        2 if is_leap(year.into()) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_leap(year: i128) -> bool {
    year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0)
}

const DAYS_BEFORE_MONTH: [i128; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const FRACTION_DIGITS: usize = 18;
const ATTOSECONDS: i128 = 1_000_000_000_000_000_000;
/// A leap year: `--02-29` is a day (part 2 §3.2.12).
const REFERENCE_YEAR: i128 = 1972;
/// An implementation limit that part 2 §3.2.7 allows: years and amounts of a duration up to this many digits.
const YEAR_DIGITS_MAX: usize = 18;
const ZONE_MINUTES_MAX: i16 = 14 * 60;
