//! Code lists from a TOML file of the operator's.

use std::path::Path;

use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use super::catalogue::{Catalogue, CodeEntry};
use super::published::{CODE, NAME, Texts};
use super::toml_file::{Days, Source};
use crate::problem::Problems;

/// Adds what `text` lists to `catalogue`, and what is wrong with it to `problems`; `file` is for messages.
pub fn read(text: &str, file: &Path, catalogue: &mut Catalogue, problems: &mut Problems) {
    let Some(written) = super::toml_file::read::<Written>(text, file, problems) else {
        return;
    };
    let mut source = Source { text, file, problems };
    for list in written.list {
        let mut texts = Texts::default();
        texts.mandatory("the list's name", list.name.get_ref(), CODE);
        source.texts(&list.name, texts);
        let entries = list.entries.into_iter().map(|entry| entry.read(&mut source)).collect();
        if !catalogue.add_list(list.name.get_ref().clone(), entries) {
            source.twice(&list.name, "list");
        }
    }
}

impl WrittenEntry {
    fn read(self, source: &mut Source<'_>) -> CodeEntry {
        let validity = source.validity(&self.code, &Days { from: self.from, until: self.until });
        let parent = self.parent.unwrap_or_default();
        let mut texts = Texts::default();
        texts.mandatory("the code", self.code.get_ref(), CODE);
        texts.mandatory("the name", &self.name, NAME);
        texts.optional("the parent's code", &parent, CODE);
        source.texts(&self.code, texts);
        CodeEntry { code: self.code.into_inner(), name: self.name, parent, validity }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    list: Vec<WrittenList>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenList {
    name: Spanned<String>,
    #[serde(default)]
    entries: Vec<WrittenEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEntry {
    code: Spanned<String>,
    name: String,
    parent: Option<String>,
    from: Option<Spanned<Datetime>>,
    until: Option<Spanned<Datetime>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let mut problems = Problems::new();
        read(text, Path::new("codes.toml"), &mut Catalogue::default(), &mut problems);
        expected.assert_eq(&problems.to_string());
    }

    #[test]
    fn entries_are_in_use_by_day_and_stand_below_others() {
        let text = r#"
            [[list]]
            name = "QuanHuyen"
            entries = [
              { code = "001", name = "Ba Đình", parent = "01", until = 2025-07-01 },
              { code = "760", name = "Quận 1", parent = "79", until = 2025-07-01 },
            ]
        "#;
        let mut catalogue = Catalogue::default();
        read(text, Path::new("codes.toml"), &mut catalogue, &mut Problems::new());
        for (parent, day, expected) in [
            ("", "2025-06-30", "001 760"),
            ("79", "2025-06-30", "760"),
            ("02", "2025-06-30", ""),
            ("", "2025-07-01", ""),
        ] {
            let found = catalogue.codes("QuanHuyen", parent, day.parse().expect("a day")).expect("a list");
            let codes: Vec<&str> = found.map(|entry| entry.code.as_str()).collect();
            assert_eq!(codes.join(" "), expected, "{parent} {day}");
        }
        assert!(catalogue.codes("PhuongXa", "", jiff::civil::Date::MIN).is_err());
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
        check(
            r#"
[[list]]
name = "A"
entries = [
  { code = "", name = "x" },
  { code = "1", name = "" },
]
[[list]]
name = "A"
"#,
            expect![[r#"
                codes.toml:5: error: the code is empty
                    remedy: correct the file
                codes.toml:6: error: the name is empty
                    remedy: correct the file
                codes.toml:9: error: list A is listed twice
                    remedy: keep one, or let one end before the other begins
            "#]],
        );
    }
}
