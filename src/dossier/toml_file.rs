//! Reading a TOML file of the operator's: the first syntax error with its line, then what its values mean.

use std::path::Path;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::value::Datetime;

use super::published::Texts;
use super::validity::{Validity, toml_day};
use crate::problem::{Place, Problems};

/// The file's content as `T`, or the problem that keeps it from being read.
pub(super) fn read<T: DeserializeOwned>(text: &str, file: &Path, problems: &mut Problems) -> Option<T> {
    match toml::from_str(text) {
        Ok(written) => Some(written),
        Err(error) => {
            let place = error.span().map_or(Place::file(file), |span| Place::at(file, text, span.start));
            problems.error(place, error.message(), "correct the file");
            None
        }
    }
}

/// A file whose entries are being judged.
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
    pub(super) file: &'a Path,
    pub(super) problems: &'a mut Problems,
}

impl Source<'_> {
    /// The days of the entry that begins at `at`.
    pub(super) fn validity<T>(&mut self, at: &Spanned<T>, days: &Days) -> Validity {
        let validity = Validity { from: self.day(days.from.as_ref()), until: self.day(days.until.as_ref()) };
        if let Validity { from: Some(from), until: Some(until) } = validity
            && until <= from
        {
            self.wrong(at, "it ends before it begins", "let `until` follow `from`");
        }
        validity
    }

    fn day(&mut self, written: Option<&Spanned<Datetime>>) -> Option<jiff::civil::Date> {
        let written = written?;
        let day = toml_day(written);
        if day.is_none() {
            self.wrong(written, "this is no day", "write it like 2025-03-01, without quotes");
        }
        day
    }

    /// What is wrong with the entry's texts.
    pub(super) fn texts<T>(&mut self, at: &Spanned<T>, texts: Texts) {
        for message in texts.wrong {
            self.wrong(at, message, "correct the file");
        }
    }

    /// An entry that is in use on the same day as another of its code.
    pub(super) fn twice(&mut self, at: &Spanned<String>, what: &str) {
        let message = format!("{what} {} is listed twice", at.get_ref());
        self.wrong(at, message, "keep one, or let one end before the other begins");
    }

    pub(super) fn wrong<T>(&mut self, at: &Spanned<T>, message: impl Into<String>, remedy: impl Into<String>) {
        self.problems.error(self.place(at), message, remedy);
    }

    pub(super) fn place<T>(&self, at: &Spanned<T>) -> Place {
        Place::at(self.file, self.text, at.span().start)
    }
}

/// The days of one entry as written.
pub(super) struct Days {
    /// First day.
    pub(super) from: Option<Spanned<Datetime>>,
    /// First day that is too late.
    pub(super) until: Option<Spanned<Datetime>>,
}
