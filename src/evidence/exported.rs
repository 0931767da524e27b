//! The proof of an export, from its file alone.

use std::collections::HashMap;
use std::io::Read;

use super::checkpoint::Statement;
use super::container::{CERTIFICATES, Ended, Reading, SIGNATURE, SUMS};
use super::export::{chain_of, checkpoint_of};
use super::prove::{Believed, Entry, Message, Place, Prover, Report, Signed, What};
use crate::clock::UnixMillis;
use crate::crypto::Digest;
use crate::store::ledger::piece::{Checkpoint, Position};

/// Proves an export; `progress` is told how many records were read.
///
/// The report names files, too: one that differs from what was signed, that is missing, or that was put in.
pub fn prove(file: impl Read, believed: Believed<'_>, mut progress: impl FnMut(u64)) -> Report {
    let mut proof =
        Proof { believed, prover: None, checkpoint: None, chain: None, heads: HashMap::new(), own: Own::default() };
    let mut records = 0;
    let read = Reading::new(file).each(|name, bytes| {
        if name.ends_with(".head") {
            records += 1;
            progress(records);
        }
        proof.file(name, bytes);
    });
    match read {
        Ok(ended) => proof.end(&ended),
        Err(error) => {
            proof.close_checkpoint();
            let mut prover = proof.prover.unwrap_or_else(|| Prover::new("", Position::default(), believed));
            prover.found(Place::Whole, What::Damaged(format!("it cannot be read further: {error}")));
            prover.end()
        }
    }
}

struct Proof<'b> {
    believed: Believed<'b>,
    /// `None`: no checkpoint was read yet, and so it is not known whose chain this is.
    prover: Option<Prover<'b>>,
    /// Its files are being read.
    checkpoint: Option<(String, HashMap<String, Vec<u8>>)>,
    /// Of the checkpoint that comes next.
    chain: Option<(Position, Vec<Entry>)>,
    /// Of the last chain that was read: each record's head.
    heads: HashMap<u64, Digest>,
    own: Own,
}

/// The files that say what the others are.
#[derive(Default)]
struct Own {
    sums: Vec<u8>,
    signature: Vec<u8>,
    certificates: Vec<u8>,
    /// The last head: its record, itself, and what it says.
    head: Option<(u64, Vec<u8>)>,
    /// Found before it was known whose chain it is.
    early: Vec<(Place, What)>,
}

impl Proof<'_> {
    fn file(&mut self, name: &str, bytes: Vec<u8>) {
        let (folder, rest) = name.split_once('/').unwrap_or(("", name));
        let (number, kind) = rest.split_once('.').unwrap_or((rest, ""));
        if self.checkpoint.as_ref().is_some_and(|(open, _)| folder != "checkpoints" || open != number) {
            self.close_checkpoint();
        }
        match (folder, kind) {
            ("checkpoints", "txt" | "sig" | "pem" | "tsr") => {
                let (_, files) = self.checkpoint.get_or_insert_with(|| (number.to_owned(), HashMap::new()));
                files.insert(kind.to_owned(), bytes);
            }
            ("chain", "txt") => match chain_of(&bytes) {
                Some(chain) => self.chain = Some(chain),
                None => self.found(Place::File(name.to_owned()), What::Head),
            },
            ("records", "head") => self.head(name, number, bytes),
            ("records", "body") => self.message(name, number, &bytes),
            ("records", "masked") => {}
            ("", _) if name == SUMS => self.own.sums = bytes,
            ("", _) if name == SIGNATURE => self.own.signature = bytes,
            ("", _) if name == CERTIFICATES => self.own.certificates = bytes,
            ("", _) if name == "README.txt" => {}
            _ => self.found(Place::File(name.to_owned()), What::Inserted),
        }
    }

    /// All files of a checkpoint were read.
    fn close_checkpoint(&mut self) {
        let Some((number, mut files)) = self.checkpoint.take() else { return };
        let mut take = |kind: &str| files.remove(kind).unwrap_or_default();
        let (text, stamp) = (take("txt"), take("tsr"));
        let Some(checkpoint) = checkpoint_of(text.clone(), take("sig"), take("pem")) else {
            return self.found(Place::File(format!("checkpoints/{number}.txt")), What::Head);
        };
        let checkpoint = Checkpoint { stamp, ..checkpoint };
        let chain = Statement::of(&text).map(|statement| statement.chain).unwrap_or_default();
        let believed = self.believed;
        let prover = self.prover.get_or_insert_with(|| Prover::new(&chain, Position::start(&chain), believed));
        let given = self.chain.take();
        if let Some((start, entries)) = &given {
            prover.begin(*start, checkpoint.number);
            prover.entries(entries, u64::MAX);
            self.heads = entries.iter().map(|entry| (entry.seq, entry.head)).collect();
        }
        prover.checkpoint(&checkpoint, given.is_some());
    }

    fn head(&mut self, name: &str, number: &str, bytes: Vec<u8>) {
        let Ok(seq) = number.parse() else { return self.found(Place::File(name.to_owned()), What::Inserted) };
        match self.heads.get(&seq) {
            None => self.found(Place::Record(seq), What::Inserted),
            Some(&digest) if digest != Digest::of(&bytes) => self.found(Place::Record(seq), What::Changed),
            Some(_) => {}
        }
        if let Some(prover) = &mut self.prover {
            prover.head(seq, &bytes, None);
        }
        self.own.head = Some((seq, bytes));
    }

    fn message(&mut self, name: &str, number: &str, bytes: &[u8]) {
        let of = self.own.head.as_ref().filter(|(seq, _)| number.parse() == Ok(*seq));
        match (of, &mut self.prover) {
            (Some((seq, head)), Some(prover)) => {
                if let Some(parsed) = super::head::Parsed::of(head) {
                    prover.message(*seq, head, &parsed, Message::Plain(bytes));
                }
            }
            _ => self.found(Place::File(name.to_owned()), What::Inserted),
        }
    }

    fn end(mut self, ended: &Ended) -> Report {
        self.close_checkpoint();
        let believed = self.believed;
        let mut prover = self.prover.take().unwrap_or_else(|| Prover::new("", Position::default(), believed));
        for (place, what) in self.own.early.drain(..) {
            prover.found(place, what);
        }
        let Own { sums, signature, certificates, .. } = &self.own;
        let at = UnixMillis(i64::try_from(ended.at_s).unwrap_or_default().saturating_mul(1000));
        prover.signed(Place::File(SUMS.to_owned()), Signed { text: sums, signature, certificates, at });
        for (place, what) in differences(&String::from_utf8_lossy(sums), &ended.sums) {
            prover.found(place, what);
        }
        if !ended.is_exact {
            prover.found(Place::Whole, What::Damaged("it has bytes that its files do not make".to_owned()));
        }
        prover.end()
    }

    fn found(&mut self, place: Place, what: What) {
        match &mut self.prover {
            Some(prover) => prover.found(place, what),
            None => self.own.early.push((place, what)),
        }
    }
}

/// What the files are, beside what was signed of them.
fn differences(signed: &str, there: &str) -> Vec<(Place, What)> {
    if signed == there {
        return Vec::new();
    }
    let parts = |line: &str| line.split_once("  ").map(|(digest, name)| (name.to_owned(), digest.to_owned()));
    let of = |sums: &str| -> Vec<(String, String)> { sums.lines().filter_map(parts).collect() };
    let (signed, there) = (of(signed), of(there));
    let known: HashMap<&str, &str> = signed.iter().map(|(name, digest)| (&**name, &**digest)).collect();
    let mut found = Vec::new();
    for (name, digest) in &there {
        match known.get(&**name) {
            None => found.push((Place::File(name.clone()), What::Inserted)),
            Some(expected) if expected != digest => found.push((Place::File(name.clone()), What::Changed)),
            Some(_) => {}
        }
    }
    let names: std::collections::HashSet<&str> = there.iter().map(|(name, _)| &**name).collect();
    let missing = signed.iter().filter(|(name, _)| !names.contains(&**name));
    found.extend(missing.map(|(name, _)| (Place::File(name.clone()), What::Missing)));
    if found.is_empty() {
        found.push((Place::File(SUMS.to_owned()), What::Changed));
    }
    found
}
