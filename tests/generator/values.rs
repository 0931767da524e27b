//! Values of a simple type, and values just outside it: at and one past each facet's edge, in odd and bad spellings.

use std::borrow::Cow;

use lienthong::schema::model::{Kind, Schema, TypeId};
use lienthong::schema::value::facets::{Bound, Facets};
use lienthong::schema::value::{Identity, Primitive, SimpleType, Token, Variety};

use super::pattern;
use super::random::Random;

/// A value that the type takes, unless none was found in [`TRIES_MAX`] tries. `ids` are the message's own so far.
pub fn valid(schema: &Schema, type_id: TypeId, ids: &mut Vec<String>, random: &mut Random) -> String {
    let mut last = String::new();
    for _ in 0..TRIES_MAX {
        last = match identifiers(schema, type_id, ids, random) {
            Some(value) => value,
            None => near(schema, type_id, random),
        };
        if schema.check(type_id, Cow::Borrowed(&last)).is_ok() {
            break;
        }
    }
    last
}

/// A fresh `ID`, or known ones to refer to.
fn identifiers(schema: &Schema, type_id: TypeId, ids: &mut Vec<String>, random: &mut Random) -> Option<String> {
    let simple = simple(schema, type_id)?;
    match (&simple.variety, simple.identity) {
        (Variety::List(item), _) if self::simple(schema, *item)?.identity == Identity::IdRef => {
            let count = random.between(1, 3);
            let picked: Vec<&str> = (0..count).filter_map(|_| random.pick(ids).map(String::as_str)).collect();
            (!picked.is_empty()).then(|| picked.join(" "))
        }
        (_, Identity::Id) => {
            let id = format!("i{}", ids.len());
            ids.push(id.clone());
            Some(id)
        }
        (_, Identity::IdRef) => random.pick(ids).cloned(),
        _ => None,
    }
}

/// A value in or near the type.
pub fn near(schema: &Schema, type_id: TypeId, random: &mut Random) -> String {
    let Some(simple) = simple(schema, type_id) else { return "text".into() };
    let value = match &simple.variety {
        Variety::Union(members) if random.one_in(5) => match enumerated(&simple.facets, random) {
            Some(value) => value,
            None => members.iter().map(|&member| near(schema, member, random)).collect(),
        },
        Variety::Union(members) => {
            let member = *random.pick(members).unwrap_or(&type_id);
            near(schema, member, random)
        }
        Variety::List(item) => list(schema, simple, *item, random),
        Variety::Atomic(primitive) => atomic(simple, *primitive, random),
    };
    match random.below(10) {
        0 => spaced(&value, random),
        1 if !value.is_empty() => tweaked(&value, random),
        _ => value,
    }
}

fn simple(schema: &Schema, type_id: TypeId) -> Option<&SimpleType> {
    match &schema.type_of(type_id).kind {
        Kind::Simple(simple) => Some(simple),
        Kind::Complex(_) => None,
    }
}

fn list(schema: &Schema, simple: &SimpleType, item: TypeId, random: &mut Random) -> String {
    if random.one_in(3)
        && let Some(value) = enumerated(&simple.facets, random).or_else(|| patterned(&simple.facets, random))
    {
        return value;
    }
    let count = edge_length(&simple.facets, random).unwrap_or_else(|| random.below(4));
    let mut ids = Vec::new();
    let items: Vec<String> = (0..count)
        .map(|_| match random.one_in(8) {
            true => near(schema, item, random),
            false => valid(schema, item, &mut ids, random),
        })
        .collect();
    items.join(if random.one_in(6) { " \n " } else { " " })
}

fn atomic(simple: &SimpleType, primitive: Primitive, random: &mut Random) -> String {
    let facets = &simple.facets;
    for _ in 0..6 {
        let value = match random.below(6) {
            0 | 1 => enumerated(facets, random).map(|value| respelt(primitive, &value, random)),
            2 => patterned(facets, random),
            3 => {
                let bound: &Option<Bound> = if random.one_in(2) { &facets.min } else { &facets.max };
                bound.as_ref().map(|bound| beside(primitive, &bound.value, random))
            }
            4 => edge_length(facets, random).map(|length| of_length(primitive, simple.token, length, random)),
            _ => {
                let value = *random.pick(specials(primitive, simple.token)).unwrap_or(&"");
                Some(if random.one_in(4) { respelt(primitive, value, random) } else { value.to_owned() })
            }
        };
        if let Some(value) = value {
            return value;
        }
    }
    (*random.pick(specials(primitive, simple.token)).unwrap_or(&"")).to_owned()
}

fn enumerated(facets: &Facets, random: &mut Random) -> Option<String> {
    random.pick(facets.enumeration.as_deref()?).map(|value| value.to_string())
}

fn patterned(facets: &Facets, random: &mut Random) -> Option<String> {
    random.pick(&facets.patterns).map(|pattern| pattern::sample(pattern.written(), random))
}

/// A length at or one past an edge of the length facets.
fn edge_length(facets: &Facets, random: &mut Random) -> Option<usize> {
    let edges: Vec<u64> = [facets.length, facets.length_min, facets.length_max]
        .into_iter()
        .flatten()
        .flat_map(|edge| [edge.saturating_sub(1), edge, edge, edge + 1])
        .collect();
    random.pick(&edges).map(|&edge| edge.min(LENGTH_MAX) as usize)
}

fn of_length(primitive: Primitive, token: Token, length: usize, random: &mut Random) -> String {
    let letters: &[char] = match (primitive, token) {
        (Primitive::HexBinary, _) => {
            return (0..length).map(|_| format!("{:02x}", random.below(256))).collect();
        }
        (Primitive::Base64Binary, _) => {
            let octets: Vec<u8> = (0..length).map(|_| random.below(256) as u8).collect();
            let text = base64_simd::STANDARD.encode_to_string(octets);
            return if random.one_in(4) { text.replacen('=', " =", 1) } else { text };
        }
        (Primitive::String, Token::Any) => &['a', 'Z', 'đ', 'ế', ' ', '中', '\u{1F600}', '7', '\n'],
        (Primitive::AnyUri, _) => &['a', 'b', '/', '.', '7'],
        _ => &['a', 'Z', 'đ', 'b'],
    };
    (0..length).filter_map(|_| random.pick(letters)).collect()
}

/// The same value, or nearly, in another spelling.
fn respelt(primitive: Primitive, value: &str, random: &mut Random) -> String {
    let (sign, digits) = match value.strip_prefix(['-', '+']) {
        Some(digits) => (&value[..1], digits),
        None => ("", value),
    };
    match primitive {
        Primitive::Integer | Primitive::Decimal | Primitive::Float | Primitive::Double => match random.below(8) {
            0 => format!("{sign}0{digits}"),
            1 if sign.is_empty() => format!("+{digits}"),
            2 if digits.contains('.') => format!("{value}0"),
            3 => format!("{value}.0"),
            4 => format!("{value}."),
            5 => value.trim_end_matches('0').trim_end_matches('.').to_owned(),
            6 if primitive != Primitive::Integer => format!("{value}e0"),
            _ => beside(primitive, value, random),
        },
        Primitive::HexBinary => value.chars().map(swapped_case).collect(),
        Primitive::Boolean => (*random.pick(&["true", "1", "TRUE", "false"]).unwrap_or(&"1")).to_owned(),
        Primitive::Base64Binary => value.chars().flat_map(|c| [c, ' ']).collect(),
        Primitive::String | Primitive::AnyUri if random.one_in(2) => value.chars().map(swapped_case).collect(),
        Primitive::String => value.replace(' ', "  "),
        _ => beside(primitive, value, random),
    }
}

fn swapped_case(c: char) -> char {
    if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
}

/// A value next to another, on either side, or itself.
fn beside(primitive: Primitive, value: &str, random: &mut Random) -> String {
    let step = random.below(3) as i128 - 1;
    match primitive {
        Primitive::Integer | Primitive::Decimal => {
            let point = value.find('.').map_or(0, |at| value.len() - at - 1);
            let finer = if primitive == Primitive::Decimal && random.one_in(3) { "0" } else { "" };
            let digits: String = value.replace('.', "") + finer;
            let Ok(number) = digits.parse::<i128>() else { return value.to_owned() };
            let places = point + finer.len();
            let moved = number + step;
            let digits = format!("{:0>width$}", moved.unsigned_abs(), width = places + 1);
            let (whole, fraction) = digits.split_at(digits.len() - places);
            let sign = if moved < 0 { "-" } else { "" };
            if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
        }
        Primitive::Double | Primitive::Float => match (value.parse::<f64>(), step) {
            (Ok(number), -1) if number.is_finite() && primitive == Primitive::Double => number.next_down().to_string(),
            (Ok(number), 1) if number.is_finite() && primitive == Primitive::Double => number.next_up().to_string(),
            (Ok(number), -1) if number.is_finite() => (number as f32).next_down().to_string(),
            (Ok(number), 1) if number.is_finite() => (number as f32).next_up().to_string(),
            _ => value.to_owned(),
        },
        Primitive::Duration => match random.below(3) {
            0 => tweaked(value, random),
            1 => value.to_owned(),
            _ => (*random.pick(specials(primitive, Token::Any)).unwrap_or(&"")).to_owned(),
        },
        _ => {
            let zones = ["Z", "+00:00", "-00:00", "+07:00", "-14:00", "+14:00", "+14:01", "-05:30", ""];
            let zone = *random.pick(&zones).unwrap_or(&"");
            let bare = without_zone(primitive, value);
            match random.below(5) {
                0 => value.to_owned(),
                1 => tweaked(value, random),
                2 => format!("{}{zone}", tweaked(bare, random)),
                3 => format!("{bare}.{}{zone}", random.below(1000)),
                _ => format!("{bare}{zone}"),
            }
        }
    }
}

fn without_zone(primitive: Primitive, value: &str) -> &str {
    let value = value.trim_end_matches('Z');
    let shortest = match primitive {
        Primitive::DateTime => 19,
        Primitive::Date => 10,
        Primitive::Time => 8,
        Primitive::GYearMonth | Primitive::GMonthDay => 7,
        Primitive::GDay => 5,
        _ => 4,
    };
    match value.len().checked_sub(6) {
        Some(at) if at >= shortest && value.is_char_boundary(at) && value[at..].contains(':') => &value[..at],
        _ => value,
    }
}

/// One character changed: a digit by one, another one doubled, dropped or replaced.
fn tweaked(value: &str, random: &mut Random) -> String {
    let mut letters: Vec<char> = value.chars().collect();
    let digits: Vec<usize> = (0..letters.len()).filter(|&at| letters[at].is_ascii_digit()).collect();
    if let Some(&at) = random.pick(&digits).filter(|_| !letters.is_empty()) {
        let digit = letters[at].to_digit(10).unwrap_or(0);
        let moved = if random.one_in(2) { digit + 1 } else { digit + 9 } % 10;
        if !random.one_in(4) {
            letters[at] = char::from_digit(moved, 10).unwrap_or('0');
            return letters.into_iter().collect();
        }
    }
    if letters.is_empty() {
        return String::new();
    }
    let at = random.below(letters.len());
    match random.below(4) {
        0 => drop(letters.remove(at)),
        1 => letters.insert(at, letters[at]),
        2 => letters[at] = *random.pick(&['x', ' ', '-', ':', '.', 'đ', '0', '+']).unwrap_or(&'x'),
        _ => letters.insert(at, *random.pick(&[' ', '\t', '0', '-', 'e', 'T']).unwrap_or(&' ')),
    }
    letters.into_iter().collect()
}

/// White space where it may matter.
fn spaced(value: &str, random: &mut Random) -> String {
    match random.below(6) {
        0 => format!(" {value}"),
        1 => format!("{value} "),
        2 => format!("\n\t{value}\r\n"),
        3 => value.replace(' ', "\t"),
        4 => format!("\u{A0}{value}"),
        _ => value.replacen(' ', "  ", 1),
    }
}

fn specials(primitive: Primitive, token: Token) -> &'static [&'static str] {
    match primitive {
        Primitive::String => match token {
            Token::Any | Token::Digits => {
                &["", "a", "a b", " a ", "a\tb", "a\n\nb", "Đơn đề nghị", "\u{1F600}", "]]>", "<&>\"'", "a  b"]
            }
            Token::Language => &[
                "vi",
                "en-US",
                "x-klingon",
                "abcdefgh",
                "abcdefghi",
                "vi-",
                "-vi",
                "v1",
                "vi-VN-x-1",
                "",
                "vi_VN",
                "a-12345678",
            ],
            Token::NmToken => &["a", "-1.a:b", "a b", "", "đ", "·", "a,b", "1"],
            Token::Name => &["a:b", "_a", ":a", "1a", "-a", "đơn", "a.b-c", "", "a b", "a:b:c"],
            Token::NcName => &["a", "_a", "a:b", "1a", "-a", "đơn", "a.b-c", "", "a b", ".a"],
        },
        Primitive::AnySimple => &["", "anything", " a ", "1", "a\tb"],
        Primitive::Boolean => &["true", "false", "1", "0", "TRUE", "yes", "", "01", "true false", "2"],
        Primitive::Decimal => &[
            "0",
            "1",
            "-1.5",
            "+.5",
            "5.",
            ".",
            "",
            "-",
            "+",
            "1e3",
            "1,5",
            "- 1",
            "007",
            "0.00",
            "-0",
            "123456.789",
            "99999999999999999999.99999",
            "NaN",
            "INF",
            "1.2.3",
            "--1",
            "1 2",
            "0.10",
            "12345",
            "123.45",
            "0.001",
        ],
        Primitive::Integer => &[
            "0",
            "-0",
            "+7",
            "007",
            "1",
            "-1",
            "9",
            "10",
            "99",
            "100",
            "127",
            "128",
            "-128",
            "-129",
            "255",
            "256",
            "32767",
            "32768",
            "-32769",
            "65536",
            "2147483647",
            "2147483648",
            "-2147483649",
            "4294967296",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551616",
            "123456789012345678901234",
            "1.0",
            "1.",
            "",
            "x",
            "1e3",
            "--1",
            "+",
            "0x1",
        ],
        Primitive::Float | Primitive::Double => &[
            "0",
            "-0",
            "1",
            "1.5",
            "-1.5E10",
            "1e3",
            "1E+3",
            ".5e-3",
            "5.",
            "INF",
            "-INF",
            "+INF",
            "NaN",
            "inf",
            "",
            "e1",
            "1e1.5",
            "1.5.2",
            "1e400",
            "1e-400",
            "3.4028236e38",
            "1e39",
            "0x1p3",
            "1f",
            "nan",
            "1000",
            "-.5",
            "00.50",
            "1 e3",
            "Infinity",
            ".",
        ],
        Primitive::Duration => &[
            "P1Y",
            "P12M",
            "P1M",
            "P13M",
            "P27D",
            "P28D",
            "P29D",
            "P30D",
            "P31D",
            "P32D",
            "P364D",
            "P365D",
            "P366D",
            "P367D",
            "PT24H",
            "P1D",
            "PT60S",
            "PT1M",
            "PT1.5S",
            "P0D",
            "PT0S",
            "-P1D",
            "-P1Y2M3DT4H5M6.7S",
            "P",
            "PT",
            "P1YT",
            "1Y",
            "P1S",
            "P1M1Y",
            "P1.5Y",
            "PT1H1H",
            "+P1D",
            "P-1D",
            "",
            "P1DT12H",
            "PT36H",
            "PT35H59M59.9S",
            "PT86400S",
            "PT0.001S",
            "p1y",
            "P1W",
            "P00Y",
            "P 1D",
        ],
        Primitive::DateTime => &[
            "2024-02-29T12:00:00",
            "2024-02-29T12:00:00Z",
            "2024-02-29T19:00:00+07:00",
            "2023-02-29T00:00:00",
            "2024-01-01T24:00:00",
            "2024-01-01T24:00:01",
            "2024-12-31T23:59:59.999",
            "2024-12-31T23:59:60",
            "2024-12-31T23:60:00",
            "2024-02-29",
            "2024-02-29T12:00",
            "2024-02-29 12:00:00",
            "2024-02-29T12:00:00.",
            "-0044-03-15T00:00:00",
            "0000-01-01T00:00:00",
            "12024-01-01T00:00:00",
            "02024-01-01T00:00:00",
            "2024-02-29T12:00:00z",
            "2024-1-1T00:00:00",
            "",
            "2024-02-29T12:00:00+7:00",
            "2024-02-29t12:00:00",
            "2000-02-29T00:00:00",
            "1900-02-29T00:00:00",
            "2024-02-29T12:00:00+14:00",
            "2024-02-29T12:00:00-14:01",
            "2024-01-01T25:00:00",
            "+2024-01-01T00:00:00",
            "2024-02-29T24:00:00Z",
            "2024-03-01T00:00:00Z",
        ],
        Primitive::Date => &[
            "2024-02-29",
            "2024-02-30",
            "2023-02-28",
            "2023-02-29",
            "1900-02-29",
            "2000-02-29",
            "2024-04-30",
            "2024-04-31",
            "2024-12-31",
            "2024-13-01",
            "2024-00-01",
            "2024-01-00",
            "2024-01-01Z",
            "2024-01-01+07:00",
            "2024-01-01-14:00",
            "2024-01-01+14:01",
            "0000-01-01",
            "-0001-12-31",
            "-0005-02-29",
            "24-01-01",
            "2024-1-1",
            "01/02/2024",
            "2024-01-01T00:00:00",
            "",
            "12024-01-01",
            "02024-01-01",
            "2024-01-01z",
            "2024-01-01+7",
            "20240101",
            "2024-01-01 ",
            "-0000-01-01",
        ],
        Primitive::Time => &[
            "00:00:00",
            "23:59:59",
            "23:59:59.5+07:00",
            "24:00:00",
            "24:00:00.0",
            "24:00:01",
            "24:01:00",
            "12:60:00",
            "12:00:60",
            "1:00:00",
            "12:00",
            "12:00:00Z",
            "12:00:00.",
            "12:00:00.123456789012345678901",
            "",
            "12-00-00",
            "08:30:00",
            "08:29:59.999",
            "17:30:00",
            "17:30:00.001",
            "19:00:00+07:00",
            "-12:00:00",
        ],
        Primitive::GYearMonth => &[
            "2024-12",
            "2024-13",
            "2024-00",
            "2024-02Z",
            "2024-02+07:00",
            "-0001-01",
            "0000-01",
            "24-01",
            "2024",
            "2024-1",
            "2024-02-01",
            "",
            "12024-01",
            "2025-02",
            "2025-01",
        ],
        Primitive::GYear => &[
            "2024",
            "-0044",
            "12024",
            "02024",
            "0000",
            "24",
            "2024Z",
            "2024+07:00",
            "",
            "1900",
            "1899",
            "2101",
            "99999",
            "2024-",
            "0001",
            "-2024-05:00",
        ],
        Primitive::GMonthDay => &[
            "--02-29",
            "--02-30",
            "--12-31Z",
            "--13-01",
            "--04-31",
            "--02-28",
            "--03-01",
            "-12-31",
            "12-31",
            "--1-1",
            "",
            "--12-31+07:00",
            "--00-01",
            "--02-27",
            "--03-02",
        ],
        Primitive::GDay => {
            &["---01", "---31", "---32", "---00", "---15", "---16", "--15", "15", "---15Z", "---15-05:00", "", "---1"]
        }
        Primitive::GMonth => {
            &["--12", "--01", "--13", "--00", "--03", "--04", "--12Z", "--12+07:00", "-12", "12", "", "--1", "--12--"]
        }
        Primitive::HexBinary => &["", "0a", "0aFF", "0AFF", "0", "0g", "0a 0b", "0a0b0c", "zz", "0aFF0"],
        Primitive::Base64Binary => &[
            "",
            "QQ==",
            "QUI=",
            "QUJD",
            "QU JD",
            "Q U J D",
            "QQ=",
            "Q",
            "QUJDQ",
            "QUJDRA==",
            "Q Q = =",
            "====",
            "=QQQ",
            "QQ==QQ==",
            "+/+/",
            "-_-_",
            "QUJD\nREVG",
            "QUI=QUI=",
        ],
        Primitive::AnyUri => &[
            "",
            "http://a.example/b?c=d#e",
            "urn:x:y",
            "cid:x",
            "a%20b",
            "a%zzb",
            "a#b#c",
            "đường/dẫn",
            "http://[::1]/",
            "a b",
            "//",
            "?",
            "#",
            ":",
            "1:",
            "http://a.example:99999/",
            "mailto:a@b.example",
            "../x",
            "a{b}",
            "a|b",
            "a\\b",
            "http://a.example:x/",
            "%",
            "<>",
            "a:b:c",
            "\"",
            "^",
            "`",
            "http://",
            "http:///",
            "a[b]",
        ],
        Primitive::QName => {
            &["a", "n1:a", "xml:a", "nope:a", ":a", "a:", "a:b:c", "1a", "n1:1a", "", "n1:", "n1: a", "đơn"]
        }
        Primitive::Notation => &["a"],
    }
}

const TRIES_MAX: usize = 60;
/// Strings longer than this prove nothing more.
const LENGTH_MAX: u64 = 5000;
