//! Our verdict on generated messages beside libxml2's, which `xmllint --schema` gives.

pub mod known;

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lienthong::problem::Problems;
use lienthong::schema::load::load;
use lienthong::schema::model::Schema;
use lienthong::transcode::{self, Invalid};
use lienthong::xml::limits::{Limits, ProcessingInstructions};
use lienthong::xml::tape::Tape;

use crate::generator::{Generator, Message};

/// A message on which the verdicts differ.
#[derive(Debug)]
pub struct Disagreement {
    /// The schema's first file.
    pub schema: PathBuf,
    /// The message.
    pub message: Message,
    /// Our verdict.
    pub ours: Result<(), Invalid>,
    /// libxml2's: what it refuses, or nothing where it accepts.
    pub theirs: Vec<String>,
    /// The defect of libxml2 that explains it.
    pub known: Option<&'static known::Defect>,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let broken = if self.message.broken.is_empty() { "nothing" } else { self.message.broken };
        writeln!(out, "{} (broken: {broken})", self.schema.display())?;
        match &self.ours {
            Ok(()) => writeln!(out, "ours: accepted")?,
            Err(invalid) => writeln!(out, "ours: line {}: {invalid}", invalid.line)?,
        }
        match self.theirs.as_slice() {
            [] => writeln!(out, "libxml2: accepted")?,
            said => writeln!(out, "libxml2: {}", said.join("\n         "))?,
        }
        if let Some(defect) = self.known {
            writeln!(out, "known: libxml2 {}: {}", defect.about, defect.clause)?;
        }
        let text: String = self.message.text.chars().take(SHOWN_MAX).collect();
        write!(out, "{text}{}", if text.len() < self.message.text.len() { "…" } else { "" })
    }
}

/// Figures of one comparison.
#[derive(Debug, Default, Clone, Copy)]
pub struct Count {
    /// Messages compared.
    pub messages: usize,
    /// Those that both accept.
    pub accepted: usize,
}

/// Whether there is an `xmllint` to ask.
pub fn is_present() -> bool {
    Command::new("xmllint").arg("--version").output().is_ok()
}

/// Schema files below `folders` that no other of them includes or imports, by path.
pub fn roots(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in folders {
        let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().flatten();
        files
            .extend(entries.map(|entry| entry.into_path()).filter(|path| path.extension().is_some_and(|e| e == "xsd")));
    }
    let mut led_to = HashSet::new();
    for file in &files {
        if let Ok(schema) = compile(file) {
            let own = file.canonicalize().unwrap_or_else(|_| file.clone());
            led_to.extend(schema.files.into_iter().map(|(path, _)| path).filter(|path| *path != own));
        }
    }
    files.retain(|file| !file.canonicalize().is_ok_and(|path| led_to.contains(&path)));
    files
}

/// Loads a schema; the error is its problems.
pub fn compile(file: &Path) -> Result<Schema, String> {
    let mut problems = Problems::new();
    load(&[file.to_owned()], &mut problems).ok_or_else(|| problems.to_string())
}

/// Makes `count` messages of a schema, its global elements in turn, and compares the verdicts on them.
///
/// Errors: either side cannot use the schema.
pub fn compare(file: &Path, count: usize, seed: u64) -> Result<(Count, Vec<Disagreement>), String> {
    let schema = compile(file)?;
    let elements = schema.global_elements();
    if elements.is_empty() {
        return Ok((Count::default(), Vec::new()));
    }
    let mut generator = Generator::new(&schema, seed);
    let mut figures = Count::default();
    let mut found = Vec::new();
    let mut made = 0;
    while made < count {
        let batch: Vec<Message> = (made..count.min(made + BATCH))
            .map(|at| generator.message(elements[(at + seed as usize) % elements.len()]))
            .collect();
        made += batch.len();
        for (message, theirs) in batch.iter().zip(xmllint(file, &batch)?) {
            let ours = ours(&schema, &message.text)?;
            figures.messages += 1;
            figures.accepted += usize::from(ours.is_ok() && theirs.is_empty());
            if ours.is_ok() == theirs.is_empty() {
                continue;
            }
            let mut one = Disagreement { schema: file.to_owned(), message: message.clone(), ours, theirs, known: None };
            one.known = known::explain(&one, &schema);
            found.push(one);
        }
    }
    Ok((figures, found))
}

/// What a message is read with: comments and all, as large as the generator makes them.
pub fn limits() -> Limits {
    Limits { processing_instructions: ProcessingInstructions::Skip, ..Limits::default() }
}

fn ours(schema: &Schema, message: &str) -> Result<Result<(), Invalid>, String> {
    let tape = Tape::parse(message, &limits()).map_err(|error| format!("{}: {message}", error.kind))?;
    Ok(transcode::validate(schema, &tape, tape.root()))
}

/// What libxml2 refuses in each message; nothing where it accepts.
fn xmllint(schema: &Path, messages: &[Message]) -> Result<Vec<Vec<String>>, String> {
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut command = Command::new("xmllint");
    command.args(["--noout", "--nonet", "--schema"]).arg(schema);
    let files: Vec<String> =
        (0..messages.len()).map(|at| dir.path().join(format!("{at}.xml")).display().to_string()).collect();
    for (file, message) in files.iter().zip(messages) {
        std::fs::write(file, &message.text).map_err(|error| error.to_string())?;
        command.arg(file);
    }
    let said = run(command, &dir.path().join("said"))?;
    read_verdicts(&said, &format!("{}/", dir.path().display()), messages.len())
}

/// What a command says on its standard error, gathered in `file`. Some content models keep libxml2 busy for ever.
fn run(mut command: Command, file: &Path) -> Result<String, String> {
    let said = File::create(file).map_err(|error| error.to_string())?;
    let started = command.stdout(Stdio::null()).stderr(said).spawn();
    let mut child = started.map_err(|error| format!("xmllint: {error}"))?;
    let deadline = Instant::now() + XMLLINT_TIME_MAX;
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        if Instant::now() > deadline {
            let _ = child.kill().and_then(|()| child.wait());
            return Err(format!("xmllint does not end within {} s", XMLLINT_TIME_MAX.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    std::fs::read(file).map(|said| String::from_utf8_lossy(&said).into_owned()).map_err(|error| error.to_string())
}

/// `DIR/7.xml validates`, `DIR/7.xml fails to validate`, and before the latter `DIR/7.xml:LINE: …`, which goes on over
/// several lines where a value does.
fn read_verdicts(said: &str, dir: &str, count: usize) -> Result<Vec<Vec<String>>, String> {
    let mut refused: Vec<Vec<String>> = vec![Vec::new(); count];
    let mut judged = vec![false; count];
    let mut last = None;
    for line in said.lines() {
        let own = line.strip_prefix(dir).and_then(|rest| rest.split_once(".xml"));
        match own.and_then(|(number, rest)| Some((number.parse::<usize>().ok().filter(|&n| n < count)?, rest))) {
            Some((at, " validates" | " fails to validate")) => judged[at] = true,
            Some((at, rest)) => {
                refused[at].push(rest.trim_start_matches(':').to_owned());
                last = Some(at);
            }
            None => {
                if let Some(entry) = last.and_then(|at: usize| refused[at].last_mut()) {
                    entry.push('\n');
                    entry.push_str(line);
                }
            }
        }
    }
    if judged.iter().all(|&judged| judged) {
        return Ok(refused);
    }
    Err(format!("xmllint gives no verdict: {}", said.chars().take(2000).collect::<String>()))
}

const XSD: &str = "http://www.w3.org/2001/XMLSchema";
const XMLLINT_TIME_MAX: Duration = Duration::from_secs(60);
/// Characters of a message that are shown.
const SHOWN_MAX: usize = 3000;
/// Messages for one run of `xmllint`.
const BATCH: usize = 200;
