//! What is wrong with something configured: the place, the fact and the remedy.
//!
//! Every room that reads a file of the operator's (schema, proto, binding, config, tls) adds to one
//! [`Problems`] list instead of stopping at the first, so that `lienthong check` shows all at once.

use std::fmt;
use std::path::{Path, PathBuf};

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth reading, nothing to do: an element that the binding ignores on purpose.
    Note,
    /// Works now, will not for ever: a certificate about to expire.
    Warning,
    /// The gateway does not start.
    Error,
}

/// Where in the operator's files a problem stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// The file as the operator named it.
    pub file: PathBuf,
    /// Line, from 1; `None` where the file as a whole is meant.
    pub line: Option<u32>,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How much it matters.
    pub severity: Severity,
    /// Where it stands.
    pub place: Place,
    /// The fact, lower case, no full stop.
    pub message: String,
    /// What to do about it; empty where the fact says it.
    pub remedy: String,
}

/// Everything found wrong so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Place {
    /// A line (from 1) of a file.
    pub fn line(file: &Path, line: u32) -> Self {
        Self { file: file.to_path_buf(), line: Some(line) }
    }

    /// The line of a byte offset in a file's text.
    pub fn at(file: &Path, text: &str, offset: usize) -> Self {
        let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
        let lines = before.iter().filter(|byte| **byte == b'\n').count();
        Self::line(file, u32::try_from(lines + 1).unwrap_or(u32::MAX))
    }

    /// A file as a whole.
    pub fn file(file: &Path) -> Self {
        Self { file: file.to_path_buf(), line: None }
    }
}

impl Problems {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds something that keeps the gateway from starting.
    pub fn error(&mut self, place: Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(Severity::Error, place, message.into(), remedy.into());
    }

    /// Adds something that will hurt later.
    pub fn warning(&mut self, place: Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(Severity::Warning, place, message.into(), remedy.into());
    }

    /// Adds something worth reading.
    pub fn note(&mut self, place: Place, message: impl Into<String>) {
        self.add(Severity::Note, place, message.into(), String::new());
    }

    /// Takes over what another room found.
    pub fn append(&mut self, other: Problems) {
        self.0.extend(other.0);
    }

    /// Whether anything keeps the gateway from starting.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// All problems, by file and line.
    pub fn sorted(&self) -> Vec<&Problem> {
        let mut problems: Vec<&Problem> = Vec::with_capacity(self.0.len());
        for problem in &self.0 {
            // What is wrong in both directions is told once.
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        problems.sort_by(|a, b| a.place.cmp(&b.place).then(b.severity.cmp(&a.severity)));
        problems
    }

    fn add(&mut self, severity: Severity, place: Place, message: String, remedy: String) {
        self.0.push(Problem { severity, place, message, remedy });
    }
}

/// The candidate that a misspelt name most likely meant: at most a third of its letters differ.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let ranked = candidates.into_iter().map(|candidate| (distance(name, candidate), candidate));
    let (distance, candidate) = ranked.min_by_key(|&(distance, _)| distance)?;
    (distance <= name.chars().count().max(3) / 3).then_some(candidate)
}

/// How many letters must change to make one name the other; case alone counts nothing.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().collect();
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file.display()),
            None => write!(f, "{}", self.file.display()),
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.severity, self.message)?;
        if !self.remedy.is_empty() {
            write!(f, "\n    remedy: {}", self.remedy)?;
        }
        Ok(())
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in self.sorted() {
            writeln!(f, "{problem}")?;
        }
        Ok(())
    }
}
