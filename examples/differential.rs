//! Our verdict on generated messages against libxml2's, for the shipped schemas and every fragment of the tests.
//!
//! ```text
//! cargo run --release --example differential -- --messages 20000 --seed 1
//! ```
//!
//! Each message is valid, or has one rule broken once; `xmllint --schema` says what libxml2 makes of it, and
//! `transcode::validate` what we do. Every disagreement is shown. The last line is one JSON object; the exit status is
//! 1 where a disagreement is not a known defect of libxml2 (tests/judge/known.rs lists those, each with its clause).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Parser;

#[path = "../tests/generator/mod.rs"]
mod generator;
#[path = "../tests/judge/mod.rs"]
mod judge;

/// Compares our verdict on generated messages with that of libxml2 (`xmllint --schema`).
///
/// Without --schema, over the schemas of this repository: those shipped, and tests/fragments. A seed always makes the
/// same messages; another seed makes others. A disagreement prints the schema, the message, and both verdicts; save
/// the message and ask `xmllint --noout --schema SCHEMA MESSAGE` yourself.
#[derive(Debug, Parser)]
struct Arguments {
    /// Messages in all, shared out among the schemas.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    messages: u32,
    /// What the messages are made from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// One schema instead of the repository's own.
    #[arg(long)]
    schema: Option<PathBuf>,
    /// Show known defects of libxml2 too.
    #[arg(long)]
    all: bool,
}

fn main() {
    let arguments = Arguments::parse();
    if !judge::is_present() {
        println!("SKIP xmllint is not installed (Debian: libxml2-utils): nothing is compared");
        println!("{}", serde_json::json!({ "messages": 0, "disagreements": 0, "known_defects": 0 }));
        return;
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = match &arguments.schema {
        Some(file) => vec![file.clone()],
        None => judge::roots(&[here.join("schemas"), here.join("tests/fragments")]),
    };
    let each = (arguments.messages as usize).div_ceil(files.len().max(1));
    let (mut messages, mut accepted, mut disagreements) = (0, 0, 0);
    let mut known: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for file in &files {
        let (count, found) = match judge::compare(file, each, arguments.seed) {
            Ok(compared) => compared,
            Err(error) => {
                println!("{}: not compared: {error}", file.display());
                disagreements += 1;
                continue;
            }
        };
        messages += count.messages;
        accepted += count.accepted;
        let ours = found.iter().filter(|one| one.known.is_none()).count();
        disagreements += ours;
        println!("{}: {} messages, {} accepted, {ours} disagreements", file.display(), count.messages, count.accepted);
        for one in &found {
            if let Some(defect) = one.known {
                known.entry(defect.about).or_insert((defect.clause, 0)).1 += 1;
            }
            if one.known.is_none() || arguments.all {
                println!("--- {one}");
            }
        }
    }
    for (about, (clause, times)) in &known {
        println!("known: {times} times, libxml2 {about}: {clause}");
    }
    let known: usize = known.values().map(|(_, times)| times).sum();
    println!(
        "{}",
        serde_json::json!({
            "messages": messages,
            "accepted": accepted,
            "disagreements": disagreements,
            "known_defects": known,
        })
    );
    if disagreements > 0 {
        std::process::exit(1);
    }
}
