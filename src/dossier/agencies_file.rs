//! Agencies from a TOML file of the operator's.

use std::path::Path;

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::catalogue::{Agency, Catalogue};
use super::code::AgencyCode;
use super::published::Texts;
use super::toml_file::{Days, Source};
use crate::problem::Problems;

/// Adds what `text` lists to `catalogue`, and what is wrong with it to `problems`; `file` is for messages.
pub fn read(text: &str, file: &Path, catalogue: &mut Catalogue, problems: &mut Problems) {
    let Some(written) = super::toml_file::read::<Written>(text, file, problems) else {
        return;
    };
    let mut source = Source { text, file, problems };
    for agency in written.agency {
        let validity = source.validity(&agency.code, &Days { from: agency.from, until: agency.until });
        let mut texts = Texts::default();
        texts.agency(agency.code.get_ref(), &agency.name);
        source.texts(&agency.code, texts);
        let Some(code) = AgencyCode::parse(agency.code.get_ref()) else { continue };
        if !catalogue.add_agency(Agency { code, name: agency.name, validity }) {
            source.twice(&agency.code, "agency");
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    agency: Vec<WrittenAgency>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAgency {
    code: Spanned<String>,
    name: String,
    from: Option<Spanned<Datetime>>,
    until: Option<Spanned<Datetime>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let mut problems = Problems::new();
        read(text, Path::new("agencies.toml"), &mut Catalogue::default(), &mut problems);
        expected.assert_eq(&problems.to_string());
    }

    #[test]
    fn a_unit_is_judged_by_the_nearest_agency_listed_on_the_day() {
        let text = r#"
            [[agency]]
            code = "000.00.00.G07"
            name = "Bộ Lao động - Thương binh và Xã hội"
            until = 2025-03-01
            [[agency]]
            code = "G07.12"
            name = "Cục Quản lý lao động ngoài nước"
            from = 2024-01-01
            [[agency]]
            code = "H22"
            name = "Một tỉnh"
        "#;
        let (mut catalogue, mut problems) = (Catalogue::default(), Problems::new());
        read(text, Path::new("agencies.toml"), &mut catalogue, &mut problems);
        assert!(!problems.has_errors(), "{problems}");
        for (code, day, expected) in [
            ("G07", "2025-02-28", "Bộ Lao động - Thương binh và Xã hội"),
            ("000.00.00.G07", "2025-02-28", "Bộ Lao động - Thương binh và Xã hội"),
            ("G07", "2025-03-01", "the unit does not exist on the day"),
            ("G07.12", "2023-12-31", "the unit does not exist on the day"),
            ("G07.12.03", "2024-01-01", "Cục Quản lý lao động ngoài nước"),
            ("G07.13.01", "2024-01-01", "Bộ Lao động - Thương binh và Xã hội"),
            ("000.00.01.H22", "2026-01-05", "Một tỉnh"),
            ("000.00.01.H23", "2026-01-05", "unlisted unit"),
            ("H23.01", "2026-01-05", "unlisted unit"),
        ] {
            let code = AgencyCode::parse(code).expect("a code");
            let found = match catalogue.agency(&code, day.parse().expect("a day")) {
                Ok(agency) => agency.name.clone(),
                Err(error) => error.to_string(),
            };
            assert_eq!(found, expected, "{} {day}", code.as_str());
        }
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
        check(
            r#"
[[agency]]
code = "G7"
name = ""
[[agency]]
code = "000.00.00.G07"
name = "x"
from = 2025-03-01
until = 2025-03-01
[[agency]]
code = "G08"
name = "x"
from = 2025-03-01T08:00:00
[[agency]]
code = "000.00.00.G08"
name = "x"
"#,
            expect![[r#"
                agencies.toml:3: error: G7 is no agency code like 000.00.00.G07 or G07.12
                    remedy: correct the file
                agencies.toml:3: error: the agency's name is empty
                    remedy: correct the file
                agencies.toml:6: error: it ends before it begins
                    remedy: let `until` follow `from`
                agencies.toml:13: error: this is no day
                    remedy: write it like 2025-03-01, without quotes
                agencies.toml:15: error: agency 000.00.00.G08 is listed twice
                    remedy: keep one, or let one end before the other begins
            "#]],
        );
    }
}
