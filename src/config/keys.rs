//! A settings file key by key: what is there, what is missing, what is not understood, each with its line.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::{Place, Problems, nearest};

/// One table of the file and what was found wrong with it.
pub(super) struct Keys<'a, 'p> {
    pub(super) text: &'a str,
    pub(super) file: &'a Path,
    /// As in `[name]`; empty at the top.
    pub(super) name: &'a str,
    pub(super) table: &'a DeTable<'a>,
    /// Where the table begins, for what is missing.
    pub(super) at: usize,
    pub(super) problems: &'p mut Problems,
}

impl<'a> Keys<'a, '_> {
    pub(super) fn only(&mut self, known: &[&str]) {
        let unknown: Vec<(usize, String)> = self
            .table
            .iter()
            .filter(|(key, _)| !known.contains(&key.get_ref().as_ref()))
            .map(|(key, _)| (key.span().start, key.get_ref().to_string()))
            .collect();
        for (at, key) in unknown {
            let remedy = match nearest(&key, known.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("known are {}", known.join(", ")),
            };
            self.wrong(at, format!("unknown setting {}", self.full(&key)), &remedy);
        }
    }

    pub(super) fn value(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        let value = self.table.get(&Spanned::new(0..0, Cow::Borrowed(key)));
        if value.is_none() {
            self.wrong(self.at, format!("setting {} is missing", self.full(key)), "add it");
        }
        value
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<(usize, &'a str)> {
        let value = self.value(key)?;
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.wrong(value.span().start, format!("setting {} is no text", self.full(key)), "write it in quotes");
        }
        Some((value.span().start, text?))
    }

    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        default: Option<&'static str>,
        remedy: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let (at, text) = match default {
            Some(default) if !self.has(key) => (0, default),
            _ => self.text(key)?,
        };
        let parsed = parse(text);
        if parsed.is_none() {
            self.wrong(at, format!("setting {} is not understood", self.full(key)), remedy);
        }
        parsed
    }

    pub(super) fn integer(&mut self, key: &'static str, default: i64, range: RangeInclusive<i64>) -> Option<i64> {
        if !self.has(key) {
            return Some(default);
        }
        let value = self.value(key)?;
        let number = value.get_ref().as_integer().filter(|number| number.radix() == 10);
        let number = number.and_then(|number| number.as_str().parse().ok()).filter(|number| range.contains(number));
        if number.is_none() {
            let remedy = format!("write a number from {} to {}", range.start(), range.end());
            self.wrong(value.span().start, format!("setting {} is out of range", self.full(key)), &remedy);
        }
        number
    }

    pub(super) fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        let (_, text) = self.text(key)?;
        Some(self.relative(text))
    }

    pub(super) fn paths(&mut self, key: &'static str) -> Option<Vec<PathBuf>> {
        let value = self.value(key)?;
        let texts: Option<Vec<&str>> =
            value.get_ref().as_array().and_then(|array| array.iter().map(|item| item.get_ref().as_str()).collect());
        let texts = texts.filter(|texts| !texts.is_empty());
        if texts.is_none() {
            let fact = format!("setting {} is no list of files", self.full(key));
            self.wrong(value.span().start, fact, "write it like [\"pki/ca.crt\"]");
        }
        Some(texts?.into_iter().map(|text| self.relative(text)).collect())
    }

    /// One file, or a list of them.
    pub(super) fn path_or_paths(&mut self, key: &'static str) -> Option<Vec<PathBuf>> {
        if self.value(key)?.get_ref().is_array() { self.paths(key) } else { Some(vec![self.path(key)?]) }
    }

    pub(super) fn table(&mut self, name: &'static str) -> Option<Keys<'a, '_>> {
        let value = self.value(name)?;
        let at = value.span().start;
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(at, format!("setting {name} is no table"), &format!("write [{name}]"));
            return None;
        };
        Some(Keys { name, table, at, text: self.text, file: self.file, problems: self.problems })
    }

    /// A text that may be left out.
    pub(super) fn optional_text(&mut self, key: &'static str) -> Option<&'a str> {
        if self.has(key) { self.text(key).map(|(_, text)| text) } else { None }
    }

    /// The tables of `[[name]]`; none where there is none.
    pub(super) fn tables(&mut self, name: &'static str) -> Vec<(usize, &'a DeTable<'a>)> {
        if !self.has(name) {
            return Vec::new();
        }
        let Some(value) = self.value(name) else { return Vec::new() };
        let table = |item: &'a Spanned<DeValue<'a>>| Some((item.span().start, item.get_ref().as_table()?));
        let tables: Option<Vec<_>> = value.get_ref().as_array().and_then(|array| array.iter().map(table).collect());
        if tables.is_none() {
            self.wrong(
                value.span().start,
                format!("setting {name} is no list of tables"),
                &format!("write [[{name}]]"),
            );
        }
        tables.unwrap_or_default()
    }

    /// The keys of one of [`Self::tables`].
    pub(super) fn inside(&mut self, name: &'static str, (at, table): (usize, &'a DeTable<'a>)) -> Keys<'a, '_> {
        Keys { name, table, at, text: self.text, file: self.file, problems: self.problems }
    }

    pub(super) fn has(&self, key: &'static str) -> bool {
        self.table.contains_key(&Spanned::new(0..0, Cow::Borrowed(key)))
    }

    pub(super) fn relative(&self, path: &str) -> PathBuf {
        self.file.parent().unwrap_or(Path::new("")).join(path)
    }

    pub(super) fn full(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    pub(super) fn wrong(&mut self, at: usize, message: String, remedy: &str) {
        self.problems.error(Place::at(self.file, self.text, at), message, remedy);
    }
}
