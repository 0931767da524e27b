//! Codes as they are displayed, and what they mean: agencies, dossiers, procedures.

use std::fmt;

use jiff::civil::Date;

/// An agency's code, in the form it was written: `000.00.00.G07` (QCVN 102:2016) or `G07.12` (QĐ 20/2020/QĐ-TTg).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AgencyCode(String);

/// A dossier's code: `000.00.00.G07-180615-0001`.
///
/// Source: NĐ 61/2018/NĐ-CP; TT 01/2018/TT-VPCP: agency, day of receipt, number of that day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DossierCode {
    /// The agency that numbers.
    pub agency: AgencyCode,
    /// Local day.
    pub day: Date,
    /// Number of the day, as written: 4 to 7 digits.
    number: String,
}

/// A procedure's code: the national part, and whose variant of it is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcedureCode {
    /// `1.014199`.
    pub national: String,
    /// `H42` of `1.014199.H42`; `None` where the code has no suffix.
    pub owner: Option<AgencyCode>,
}

impl AgencyCode {
    /// Reads either form; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('.').take(AGENCY_PARTS_MAX + 1).collect();
        let fits = match parts[..] {
            [a, b, c, top] if digits(a, 3, 3) => digits(b, 2, 2) && digits(c, 2, 2) && organisation(top),
            [top, ref rest @ ..] => {
                organisation(top) && rest.len() < AGENCY_PARTS_MAX && rest.iter().all(|part| digits(part, 2, 3))
            }
            [] => false,
        };
        fits.then(|| Self(text.to_owned()))
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ministry or province at its top: `G07`.
    pub fn organisation(&self) -> &str {
        if self.0.starts_with(['G', 'H']) { &self.0[..3] } else { &self.0[self.0.len() - 3..] }
    }

    /// The same for both forms of an organisation as a whole: `000.00.00.G07` and `G07` are one agency.
    ///
    /// Below the top the two forms translate by a table that is not public, so they stay apart.
    pub fn key(&self) -> &str {
        self.0.strip_prefix("000.00.00.").unwrap_or(&self.0)
    }
}

impl DossierCode {
    /// The code of the `number`th dossier of `day`; `digits` pads it.
    pub fn new(agency: AgencyCode, day: Date, number: u32, digits: u8) -> Self {
        Self { agency, day, number: format!("{number:0width$}", width = usize::from(digits)) }
    }

    /// Reads a code with either form of agency; the day must be one the calendar has.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let agency = AgencyCode::parse(parts.next()?)?;
        let day = parts.next().filter(|day| digits(day, 6, 6))?;
        let number = parts.next().filter(|number| digits(number, 4, 7))?;
        let two = |at: usize| day[at..at + 2].parse::<i8>().ok();
        let day = Date::new(2000 + i16::from(two(0)?), two(2)?, two(4)?).ok()?;
        Some(Self { agency, day, number: number.to_owned() })
    }

    /// One text for every way of writing the same code.
    pub fn key(&self) -> String {
        format!("{}-{}-{}", self.agency.key(), self.day.strftime("%y%m%d"), self.number)
    }
}

impl fmt::Display for DossierCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.agency.as_str(), self.day.strftime("%y%m%d"), self.number)
    }
}

impl ProcedureCode {
    /// Reads `1.014199`, `1.014199.H42` and `2.000134.000.00.00.H06`.
    pub fn parse(text: &str) -> Option<Self> {
        let (list, rest) = text.split_once('.')?;
        let (number, owner) = match rest.split_once('.') {
            Some((number, owner)) => (number, Some(AgencyCode::parse(owner)?)),
            None => (rest, None),
        };
        let fits = digits(list, 1, 1) && digits(number, 6, 6);
        fits.then(|| Self { national: format!("{list}.{number}"), owner })
    }
}

fn organisation(text: &str) -> bool {
    text.starts_with(['G', 'H']) && digits(&text[1..], 2, 2)
}

fn digits(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `G07` and up to four levels below it.
const AGENCY_PARTS_MAX: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agencies_are_read_in_both_forms() {
        for (text, key, organisation) in [
            ("000.00.00.G07", "G07", "G07"),
            ("000.00.01.H22", "000.00.01.H22", "H22"),
            ("G07", "G07", "G07"),
            ("G07.12", "G07.12", "G07"),
            ("H15.50.05.13", "H15.50.05.13", "H15"),
            ("H15.50.05.13.001", "H15.50.05.13.001", "H15"),
        ] {
            let code = AgencyCode::parse(text).expect(text);
            assert_eq!((code.key(), code.organisation()), (key, organisation), "{text}");
        }
        for text in [
            "",
            "G7",
            "g07",
            "G07.",
            "G07.1",
            "G07.1234",
            "00.00.00.G07",
            "000.00.00.X07",
            "000.00.00.G07.01",
            "G07.01.02.03.04.05",
            "G07 ",
            "Đ07",
            "G0７",
        ] {
            assert_eq!(AgencyCode::parse(text), None, "{text}");
        }
    }

    #[test]
    fn dossier_codes_are_read_with_either_form_of_agency() {
        for (text, key) in [
            ("000.00.00.G07-180615-0001", "G07-180615-0001"),
            ("G07-180615-0001", "G07-180615-0001"),
            ("G07.12-200615-0001", "G07.12-200615-0001"),
            ("H15.50.05.13-261008-0975", "H15.50.05.13-261008-0975"),
            ("G07-240229-0700001", "G07-240229-0700001"),
        ] {
            let code = DossierCode::parse(text).expect(text);
            assert_eq!((code.key().as_str(), code.to_string().as_str()), (key, text));
        }
    }

    #[test]
    fn a_dossier_code_needs_a_real_day_and_four_to_seven_digits() {
        for text in [
            "",
            "G07",
            "G07-180615",
            "G07-180231-0001",
            "G07-230229-0001",
            "G07-181301-0001",
            "G07-180615-001",
            "G07-180615-00000001",
            "G07-180615-0001-1",
            "G07--0001",
            "G07-18061-0001",
            "ＧG07-180615-0001",
        ] {
            assert_eq!(DossierCode::parse(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_padded_and_grow_beyond_their_padding() {
        let agency = AgencyCode::parse("000.00.00.G07").expect("an agency");
        let day = jiff::civil::date(2018, 6, 15);
        let code = |number, digits| DossierCode::new(agency.clone(), day, number, digits).to_string();
        assert_eq!(code(1, 4), "000.00.00.G07-180615-0001");
        assert_eq!(code(10_000, 4), "000.00.00.G07-180615-10000");
        assert_eq!(code(1, 7), "000.00.00.G07-180615-0000001");
    }

    #[test]
    fn procedures_are_read_in_every_displayed_form() {
        let read = |text| ProcedureCode::parse(text).map(|code| (code.national, code.owner.map(|owner| owner.0)));
        let expected = |national: &str, owner: Option<&str>| Some((national.to_owned(), owner.map(str::to_owned)));
        assert_eq!(read("1.014199"), expected("1.014199", None));
        assert_eq!(read("1.014199.H42"), expected("1.014199", Some("H42")));
        assert_eq!(read("2.000134.000.00.00.H06"), expected("2.000134", Some("000.00.00.H06")));
        for text in ["", "1.01419", "1.014199.", "1.0141999", "1014199", "1.014199.X42", "A.014199", "1.01419é"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_reads_back_as_written(text in "[GH0-9.\\-Đ]{0,40}|\\PC{0,40}") {
            if let Some(code) = DossierCode::parse(&text) {
                proptest::prop_assert_eq!(code.to_string(), text.clone());
                let key = DossierCode::parse(&code.key()).expect("a key is a code, too");
                proptest::prop_assert_eq!(key.key(), code.key());
            }
            let _ = (AgencyCode::parse(&text), ProcedureCode::parse(&text));
        }

        #[test]
        fn every_code_that_is_made_can_be_read(number in 1_u32..10_000_000, days in 0_i32..36_000, digits in 4_u8..=7) {
            let day = jiff::civil::date(2000, 1, 1).saturating_add(jiff::Span::new().days(days));
            let code = DossierCode::new(AgencyCode::parse("G07.12").expect("an agency"), day, number, digits);
            proptest::prop_assert_eq!(DossierCode::parse(&code.to_string()), Some(code));
        }
    }
}
