//! Values between their lexical form and the wire, by [`Codec`]. Lexical forms are known to be valid by their XSD type.

use std::fmt::Write;

use super::wire::{FIXED32, FIXED64, LENGTH_DELIMITED, VARINT, Value, get_varint, put_bytes, put_tag, put_varint};
use crate::binding::plan::{Codec, IntegerWire, TimePattern, TimePiece, Words};
use crate::schema::value::moment::days_in_month;

/// Why a value that is valid by its type does not convert: the rule and what it asks.
pub(super) type Refusal = (&'static str, String);

/// Appends one value as field `field`. Default values are left out unless `keep_default` (fields with presence, items
/// of a list).
pub(super) fn write(
    codec: &Codec,
    field: u32,
    value: &str,
    keep_default: bool,
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    match codec {
        Codec::Text => {
            if keep_default || !value.is_empty() {
                put_bytes(out, field, value.as_bytes());
            }
        }
        Codec::Bool(yes, _) => {
            let truth = value == &**yes || value == "1" && &**yes == "true";
            if keep_default || truth {
                put_tag(out, field, VARINT);
                put_varint(out, u64::from(truth));
            }
        }
        Codec::Integer(wire) => put_integer(out, field, *wire, integer(value, *wire)?, keep_default),
        Codec::Scaled(scale, wire) => put_integer(out, field, *wire, scaled(value, *scale)?, keep_default),
        Codec::Double => {
            let number = float(value).ok_or_else(|| refuse("binding.number", "a number that a double can hold"))?;
            if keep_default || number.to_bits() != 0 {
                put_tag(out, field, FIXED64);
                out.extend_from_slice(&number.to_le_bytes());
            }
        }
        Codec::Float => {
            let number = float(value).ok_or_else(|| refuse("binding.number", "a number that a float can hold"))? as f32;
            if keep_default || number.to_bits() != 0 {
                put_tag(out, field, FIXED32);
                out.extend_from_slice(&number.to_le_bytes());
            }
        }
        Codec::Base64 => write_base64(field, value, keep_default, out)?,
        Codec::Hex => {
            if keep_default || !value.is_empty() {
                put_tag(out, field, LENGTH_DELIMITED);
                put_varint(out, value.len() as u64 / 2);
                let nibble = |byte: u8| (byte as char).to_digit(16).unwrap_or(0) as u8;
                out.extend(value.as_bytes().chunks_exact(2).map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])));
            }
        }
        Codec::Enum(words) => {
            let number = find_word(words, value);
            let number = number.ok_or_else(|| refuse("binding.enum", "a code of the code list"))?;
            put_integer(out, field, IntegerWire::Int32, i128::from(number), keep_default);
        }
        Codec::Time(pattern) => {
            if value.is_empty() && pattern.empty_is_absent {
                return Ok(());
            }
            let civil = read_pattern(pattern, value).ok_or_else(|| asks_pattern(pattern))?;
            put_moment(out, field, civil.seconds() - i64::from(pattern.zone) * 60, 0);
        }
        Codec::Date(pattern) => {
            if value.is_empty() && pattern.empty_is_absent {
                return Ok(());
            }
            // xs:date may name a zone, which a calendar day has no place for.
            let civil = read_pattern(pattern, value).ok_or_else(|| asks_pattern(pattern))?;
            let mut date = Vec::with_capacity(9);
            for (number, part) in [(1, civil.year as u64), (2, civil.month.into()), (3, civil.day.into())] {
                put_tag(&mut date, number, VARINT);
                put_varint(&mut date, part);
            }
            put_bytes(out, field, &date);
        }
        Codec::DateTime { zone } => {
            let (seconds, nanos) = read_date_time(value, *zone)?;
            put_moment(out, field, seconds, nanos);
        }
        Codec::Duration => {
            let (seconds, nanos) = read_duration(value)?;
            put_moment(out, field, seconds, nanos);
        }
    }
    Ok(())
}

/// The lexical form of a value on the wire; `None` where the wire type or the value does not fit the codec.
/// An absent value (`None` given) is the field's default.
pub(super) fn read(codec: &Codec, value: Option<Value<'_>>, text: &mut String) -> Option<()> {
    text.clear();
    match codec {
        Codec::Text => text.push_str(std::str::from_utf8(bytes(value)?).ok()?),
        Codec::Bool(yes, no) => text.push_str(if varint(value)? != 0 { yes } else { no }),
        Codec::Integer(wire) => write!(text, "{}", get_integer(*wire, value)?).ok()?,
        Codec::Scaled(scale, wire) => {
            let number = get_integer(*wire, value)?;
            let unit = 10i128.pow(*scale);
            let sign = if number < 0 { "-" } else { "" };
            let (whole, fraction) = (number.abs() / unit, number.abs() % unit);
            match *scale {
                0 => write!(text, "{sign}{whole}").ok()?,
                scale => write!(text, "{sign}{whole}.{fraction:0width$}", width = scale as usize).ok()?,
            }
        }
        Codec::Double => {
            let bits = match value {
                Some(Value::Fixed64(bits)) => bits,
                None => 0,
                Some(_) => return None,
            };
            show_float(f64::from_bits(bits), text);
        }
        Codec::Float => {
            let bits = match value {
                Some(Value::Fixed32(bits)) => bits,
                None => 0,
                Some(_) => return None,
            };
            let number = f32::from_bits(bits);
            if number.is_finite() { write!(text, "{number:?}").ok()? } else { show_float(number.into(), text) }
        }
        Codec::Base64 => base64_simd::STANDARD.encode_append(bytes(value)?, text),
        Codec::Hex => {
            for byte in bytes(value)? {
                write!(text, "{byte:02X}").ok()?;
            }
        }
        Codec::Enum(words) => {
            let number = varint(value)? as i32;
            text.push_str(words.pairs.iter().find(|(_, known)| *known == number).map(|(word, _)| word)?);
        }
        Codec::Time(pattern) => {
            let (seconds, _) = get_moment(bytes(value)?)?;
            let civil = Civil::from_seconds(seconds.checked_add(i64::from(pattern.zone) * 60)?)?;
            show_pattern(pattern, &civil, text);
        }
        Codec::Date(pattern) => {
            let parts = get_parts(bytes(value)?)?;
            let civil = Civil {
                year: i64::try_from(parts[0]).ok()?,
                month: u32::try_from(parts[1]).ok()?,
                day: u32::try_from(parts[2]).ok()?,
                ..Civil::default()
            };
            show_pattern(pattern, &civil.checked()?, text);
        }
        Codec::DateTime { zone } => {
            let (seconds, nanos) = get_moment(bytes(value)?)?;
            let civil = Civil::from_seconds(seconds.checked_add(i64::from(*zone) * 60)?)?;
            let Civil { year, month, day, hour, minute, second } = civil;
            write!(text, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}").ok()?;
            push_fraction(nanos, text);
            match *zone {
                0 => text.push('Z'),
                zone => {
                    let (sign, minutes) = (if zone < 0 { '-' } else { '+' }, zone.abs());
                    write!(text, "{sign}{:02}:{:02}", minutes / 60, minutes % 60).ok()?;
                }
            }
        }
        Codec::Duration => {
            let (seconds, nanos) = get_moment(bytes(value)?)?;
            let nanos = nanos as i32;
            if seconds < 0 || nanos < 0 {
                text.push('-');
            }
            write!(text, "PT{}", seconds.unsigned_abs()).ok()?;
            push_fraction(u64::from(nanos.unsigned_abs()), text);
            text.push('S');
        }
    }
    Some(())
}

/// Whether a value on the wire is its field's default: what an implicit field does not tell from absent.
pub(super) fn is_default(value: &Value<'_>) -> bool {
    match value {
        Value::Varint(number) | Value::Fixed64(number) => *number == 0,
        Value::Fixed32(number) => *number == 0,
        Value::Bytes(bytes) => bytes.is_empty(),
    }
}

/// The values of a repeated field: one for each occurrence, many for a packed one.
pub(super) fn unpack<'w>(codec: &Codec, value: Value<'w>, each: &mut dyn FnMut(Value<'w>)) -> Option<()> {
    let wire_type = match codec {
        Codec::Bool(..) | Codec::Enum(_) => VARINT,
        Codec::Integer(wire) | Codec::Scaled(_, wire) => wire_type(*wire),
        Codec::Double => FIXED64,
        Codec::Float => FIXED32,
        _ => LENGTH_DELIMITED,
    };
    let (Value::Bytes(mut packed), false) = (value, wire_type == LENGTH_DELIMITED) else {
        each(value);
        return Some(());
    };
    while !packed.is_empty() {
        let rest = match wire_type {
            FIXED64 => {
                let (chunk, rest) = packed.split_first_chunk::<8>()?;
                each(Value::Fixed64(u64::from_le_bytes(*chunk)));
                rest
            }
            FIXED32 => {
                let (chunk, rest) = packed.split_first_chunk::<4>()?;
                each(Value::Fixed32(u32::from_le_bytes(*chunk)));
                rest
            }
            _ => {
                let (number, rest) = get_varint(packed)?;
                each(Value::Varint(number));
                rest
            }
        };
        packed = rest;
    }
    Some(())
}

/// A civil date and time of day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Civil {
    year: i64,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
}

impl Civil {
    /// `None` where it is no moment of years 1 to 9999: a Timestamp's range.
    fn checked(self) -> Option<Self> {
        let date = (1..=9999).contains(&self.year)
            && (1..=12).contains(&self.month)
            && (1..=days_in_month(self.year, self.month)).contains(&self.day);
        (date && self.hour < 24 && self.minute < 60 && self.second < 60).then_some(self)
    }

    /// Seconds since 1970-01-01T00:00:00, zone not applied.
    fn seconds(&self) -> i64 {
        // Days since 1970 by eras of 400 years that begin in March, where leap days end a year.
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month = i64::from((self.month + 9) % 12);
        let day_of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * 146_097 + day_of_era - 719_468;
        days * 86_400 + i64::from(self.hour) * 3_600 + i64::from(self.minute) * 60 + i64::from(self.second)
    }

    fn from_seconds(seconds: i64) -> Option<Self> {
        let (days, time) = (seconds.div_euclid(86_400) + 719_468, seconds.rem_euclid(86_400) as u32);
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * month + 2) / 5 + 1) as u32;
        let month = if month < 10 { month + 3 } else { month - 9 } as u32;
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self { year, month, day, hour: time / 3_600, minute: time / 60 % 60, second: time % 60 }.checked()
    }
}

fn read_pattern(pattern: &TimePattern, value: &str) -> Option<Civil> {
    let mut civil = Civil { month: 1, day: 1, ..Civil::default() };
    let mut rest = value.as_bytes();
    for piece in &pattern.pieces {
        if let TimePiece::Literal(literal) = piece {
            let mut buffer = [0; 4];
            rest = rest.strip_prefix(literal.encode_utf8(&mut buffer).as_bytes())?;
            continue;
        }
        let (digits, after) = rest.split_at_checked(if *piece == TimePiece::Year { 4 } else { 2 })?;
        let mut number = 0u32;
        for digit in digits {
            number = number * 10 + (*digit as char).to_digit(10)?;
        }
        match piece {
            TimePiece::Year => civil.year = number.into(),
            TimePiece::Month => civil.month = number,
            TimePiece::Day => civil.day = number,
            TimePiece::Hour => civil.hour = number,
            TimePiece::Minute => civil.minute = number,
            TimePiece::Second => civil.second = number,
            TimePiece::Literal(_) => {}
        }
        rest = after;
    }
    if rest.is_empty() { civil.checked() } else { None }
}

fn show_pattern(pattern: &TimePattern, civil: &Civil, text: &mut String) {
    for piece in &pattern.pieces {
        let (number, width) = match piece {
            TimePiece::Year => (civil.year as u32, 4),
            TimePiece::Month => (civil.month, 2),
            TimePiece::Day => (civil.day, 2),
            TimePiece::Hour => (civil.hour, 2),
            TimePiece::Minute => (civil.minute, 2),
            TimePiece::Second => (civil.second, 2),
            TimePiece::Literal(literal) => {
                text.push(*literal);
                continue;
            }
        };
        write!(text, "{number:0width$}").expect("a string");
    }
}

/// `yyyy-MM-ddTHH:mm:ss(.f)?(zone)?` to seconds and nanoseconds in UTC.
fn read_date_time(value: &str, zone: i32) -> Result<(i64, u64), Refusal> {
    let refuse_range = || refuse("binding.time", "a moment of the years 1 to 9999");
    let (date, time) = value.split_once('T').ok_or_else(refuse_range)?;
    let zone_at = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (time, named_zone) = time.split_at(zone_at);
    let (whole, fraction) = time.split_once('.').unwrap_or((time, ""));
    let nanos = nanoseconds(fraction)?;
    let number = |text: &str| text.parse::<u32>().ok();
    let parts = |text: &str, separator| {
        let mut parts = text.splitn(3, separator).map(number);
        Some((parts.next()??, parts.next()??, parts.next()??))
    };
    let ((year, month, day), (hour, minute, second)) =
        parts(date, '-').zip(parts(whole, ':')).ok_or_else(refuse_range)?;
    // 24:00:00 is the first moment of the next day (XML Schema part 2 §3.2.7).
    let (hour, next_day) = if hour == 24 { (0, 86_400) } else { (hour, 0) };
    let civil = Civil { year: year.into(), month, day, hour, minute, second }.checked().ok_or_else(refuse_range)?;
    let zone = match named_zone {
        "" => zone,
        "Z" => 0,
        zone => {
            let minutes = zone[1..].split_once(':').and_then(|(h, m)| Some(number(h)? as i32 * 60 + number(m)? as i32));
            minutes.unwrap_or(0) * if zone.starts_with('-') { -1 } else { 1 }
        }
    };
    Ok((civil.seconds() + next_day - i64::from(zone) * 60, nanos))
}

/// `-?PnDTnHnMn.nS` to seconds and nanoseconds; years and months have no fixed length.
fn read_duration(value: &str) -> Result<(i64, u64), Refusal> {
    let negative = value.starts_with('-');
    let (mut seconds, mut nanos, mut number, mut fraction) = (0i64, 0u64, 0i64, None);
    let mut in_time = false;
    let too_long = || refuse("binding.duration", "a duration of at most 10,000 years");
    for c in value.trim_start_matches('-').chars() {
        let unit = match c {
            'P' => continue,
            'T' => {
                in_time = true;
                continue;
            }
            '.' => {
                fraction = Some(String::new());
                continue;
            }
            '0'..='9' => {
                match &mut fraction {
                    Some(fraction) => fraction.push(c),
                    None => {
                        let digit = i64::from(c as u32 - '0' as u32);
                        number = number.checked_mul(10).and_then(|n| n.checked_add(digit)).ok_or_else(too_long)?;
                    }
                }
                continue;
            }
            'D' => 86_400,
            'H' => 3_600,
            'M' if in_time => 60,
            'S' => 1,
            _ if number == 0 => 0,
            _ => return Err(refuse("binding.duration", "a duration in days, hours, minutes and seconds")),
        };
        seconds = number.checked_mul(unit).and_then(|n| seconds.checked_add(n)).ok_or_else(too_long)?;
        nanos = match fraction.take() {
            Some(fraction) => nanoseconds(&fraction)?,
            None => nanos,
        };
        number = 0;
    }
    if seconds > DURATION_SECONDS_MAX {
        return Err(too_long());
    }
    let sign = |value: i64| if negative { -value } else { value };
    // Both parts have the same sign; on the wire a negative int32 is a sign-extended varint.
    Ok((sign(seconds), sign(nanos as i64) as u64))
}

fn nanoseconds(fraction: &str) -> Result<u64, Refusal> {
    let digits = fraction.trim_end_matches('0');
    if digits.len() > 9 {
        return Err(refuse("binding.precision", "at most nine digits of a second"));
    }
    Ok(format!("{digits:0<9}").parse().unwrap_or(0))
}

fn push_fraction(nanos: u64, text: &mut String) {
    if nanos != 0 {
        let digits = format!("{nanos:09}");
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
}

/// A Timestamp or Duration: seconds and nanoseconds.
fn put_moment(out: &mut Vec<u8>, field: u32, seconds: i64, nanos: u64) {
    let mut moment = Vec::with_capacity(24);
    for (number, value) in [(1, seconds as u64), (2, nanos)] {
        if value != 0 {
            put_tag(&mut moment, number, VARINT);
            put_varint(&mut moment, value);
        }
    }
    put_bytes(out, field, &moment);
}

fn get_moment(bytes: &[u8]) -> Option<(i64, u64)> {
    let parts = get_parts(bytes)?;
    Some((parts[0] as i64, parts[1]))
}

/// The varint fields 1, 2 and 3 of a small message; others are passed over.
fn get_parts(bytes: &[u8]) -> Option<[u64; 3]> {
    let mut parts = [0; 3];
    let fields = super::wire::Fields::index(&[bytes], bytes).ok()?;
    for (number, part) in parts.iter_mut().enumerate() {
        if let Some((_, value)) = fields.all(number as u32 + 1).last() {
            *part = varint(Some(*value))?;
        }
    }
    Some(parts)
}

fn write_base64(field: u32, value: &str, keep_default: bool, out: &mut Vec<u8>) -> Result<(), Refusal> {
    if value.is_empty() && !keep_default {
        return Ok(());
    }
    let packed;
    // A text keeps the line breaks that MIME puts in; part 2 §3.2.16 lets blanks stand between the characters.
    let is_blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
    let value = if value.contains(is_blank) {
        packed = value.replace(is_blank, "");
        packed.as_str()
    } else {
        value
    };
    let refused = |_| refuse("binding.base64", "base64, padded with =, unused bits zero");
    let octets = base64_simd::STANDARD.decoded_length(value.as_bytes()).map_err(refused)?;
    put_tag(out, field, LENGTH_DELIMITED);
    put_varint(out, octets as u64);
    base64_simd::STANDARD.decode_append(value, out).map_err(refused)
}

/// The number of a code. A code of an integer type may be written in more ways than its list has.
fn find_word(words: &Words, value: &str) -> Option<i32> {
    let exact = words.pairs.iter().find(|(word, _)| **word == *value);
    let found = exact.or_else(|| {
        let number: i64 = value.parse().ok().filter(|_| words.is_numeric)?;
        words.pairs.iter().find(|(word, _)| word.parse() == Ok(number))
    });
    found.map(|(_, number)| *number)
}

fn integer(value: &str, wire: IntegerWire) -> Result<i128, Refusal> {
    let (min, max) = wire.range();
    let number = value.parse::<i128>().ok().filter(|number| (min..=max).contains(number));
    number.ok_or_else(|| refuse("binding.range", &format!("a whole number from {min} to {max}")))
}

/// A number as units of 10⁻ˢᶜᵃˡᵉ. A float may have an exponent: `2.0E7` is how XML Schema itself writes 20 million.
fn scaled(value: &str, scale: u32) -> Result<i128, Refusal> {
    let refused = || refuse("binding.range", "a number that fits its units in 64 bits");
    let (negative, digits) = match value.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, value.strip_prefix('+').unwrap_or(value)),
    };
    let (digits, exponent) = match digits.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().map_err(|_| refused())?),
        None => (digits, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0').trim_end_matches('0');
    if digits.is_empty() {
        return if all.is_empty() { Err(refused()) } else { Ok(0) };
    }
    // The value is `digits` and then `zeros` zeros, in units.
    let trailing = all.len() - all.trim_end_matches('0').len();
    let zeros = i64::from(exponent) + i64::from(scale) + trailing as i64 - fraction.len() as i64;
    let zeros = usize::try_from(zeros)
        .map_err(|_| refuse("binding.precision", &format!("at most {scale} digits after the point")))?;
    if digits.len() + zeros.min(DIGITS_MAX) > DIGITS_MAX {
        return Err(refused());
    }
    let number: i128 = format!("{digits}{:0<zeros$}", "").parse().map_err(|_| refused())?;
    let number = if negative { -number } else { number };
    i64::try_from(number).map(i128::from).map_err(|_| refused())
}

/// Digits of the largest 64-bit number.
const DIGITS_MAX: usize = 19;

fn wire_type(wire: IntegerWire) -> u32 {
    match wire {
        IntegerWire::Fixed32 | IntegerWire::Sfixed32 => FIXED32,
        IntegerWire::Fixed64 | IntegerWire::Sfixed64 => FIXED64,
        _ => VARINT,
    }
}

fn put_integer(out: &mut Vec<u8>, field: u32, wire: IntegerWire, number: i128, keep_default: bool) {
    if number == 0 && !keep_default {
        return;
    }
    put_tag(out, field, wire_type(wire));
    match wire {
        IntegerWire::Fixed32 | IntegerWire::Sfixed32 => out.extend_from_slice(&(number as u32).to_le_bytes()),
        IntegerWire::Fixed64 | IntegerWire::Sfixed64 => out.extend_from_slice(&(number as u64).to_le_bytes()),
        IntegerWire::Sint32 | IntegerWire::Sint64 => {
            let number = number as i64;
            put_varint(out, ((number << 1) ^ (number >> 63)) as u64);
        }
        // Negative int32 is sign-extended to ten bytes, as protobuf asks.
        _ => put_varint(out, number as i64 as u64),
    }
}

fn get_integer(wire: IntegerWire, value: Option<Value<'_>>) -> Option<i128> {
    Some(match (wire, value) {
        (_, None) => 0,
        (IntegerWire::Fixed32, Some(Value::Fixed32(bits))) => bits.into(),
        (IntegerWire::Sfixed32, Some(Value::Fixed32(bits))) => (bits as i32).into(),
        (IntegerWire::Fixed64, Some(Value::Fixed64(bits))) => bits.into(),
        (IntegerWire::Sfixed64, Some(Value::Fixed64(bits))) => (bits as i64).into(),
        (IntegerWire::Int32, Some(Value::Varint(bits))) => (bits as i32).into(),
        (IntegerWire::Int64, Some(Value::Varint(bits))) => (bits as i64).into(),
        (IntegerWire::Uint32, Some(Value::Varint(bits))) => (bits as u32).into(),
        (IntegerWire::Uint64, Some(Value::Varint(bits))) => bits.into(),
        (IntegerWire::Sint32 | IntegerWire::Sint64, Some(Value::Varint(bits))) => {
            ((bits >> 1) as i64 ^ -((bits & 1) as i64)).into()
        }
        _ => return None,
    })
}

fn varint(value: Option<Value<'_>>) -> Option<u64> {
    match value {
        Some(Value::Varint(number)) => Some(number),
        None => Some(0),
        Some(_) => None,
    }
}

fn bytes(value: Option<Value<'_>>) -> Option<&[u8]> {
    match value {
        Some(Value::Bytes(bytes)) => Some(bytes),
        None => Some(&[]),
        Some(_) => None,
    }
}

fn float(value: &str) -> Option<f64> {
    match value {
        "INF" => Some(f64::INFINITY),
        "-INF" => Some(f64::NEG_INFINITY),
        _ => value.parse().ok(),
    }
}

fn show_float(number: f64, text: &mut String) {
    if number.is_nan() {
        text.push_str("NaN");
    } else if number.is_infinite() {
        text.push_str(if number > 0.0 { "INF" } else { "-INF" });
    } else {
        write!(text, "{number:?}").expect("a string");
    }
}

fn asks_pattern(pattern: &TimePattern) -> Refusal {
    refuse("binding.time", &format!("a date of the calendar, written {}", pattern.written))
}

fn refuse(rule: &'static str, asks: &str) -> Refusal {
    (rule, asks.to_owned())
}

/// google.protobuf.Duration: 10,000 years.
const DURATION_SECONDS_MAX: i64 = 315_576_000_000;
