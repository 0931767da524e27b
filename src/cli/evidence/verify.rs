//! `lienthong evidence verify`: a chain in its store, or an export, proven.

use std::fs::File;
use std::io::{BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::Cause;
use super::select::record;
use crate::clock::Clock;
use crate::crypto::sealed::Keys;
use crate::evidence::head::time;
use crate::evidence::prove::{Believed, Report};
use crate::evidence::{exported, stored};
use crate::pki::Trust;
use crate::problem::Problems;
use crate::store::ledger::reader::Reader;

/// Prove that nothing of the record, or of an export of it, was changed, removed, inserted or reordered.
///
/// Without a file the record in the store is proven: all links, checkpoints, signatures and, where the keys are there,
/// that each message is the one that was linked. With a file that `evidence export` wrote, the file alone is needed: it
/// may be done anywhere. The first thing that is not as it was written is named first.
///
/// Exit status: 0 where all is as it was written, 1 where not, 2 where nothing could be read.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// An export; the store that the settings name where left out.
    file: Option<PathBuf>,
    /// The gateway's settings.
    #[arg(long, value_name = "FILE", default_value = "lienthong.toml")]
    config: PathBuf,
    /// The chain, where the store has several; the settings' own where left out.
    #[arg(long, value_name = "NAME", conflicts_with = "file")]
    chain: Option<String>,
    /// Who vouches for the gateway's certificate, PEM; repeat for more. Without, who signed is told and not judged.
    #[arg(long, value_name = "FILE")]
    trust: Vec<PathBuf>,
    /// Who vouches for the time-stamping authority, PEM; repeat for more. The settings' own where left out.
    #[arg(long, value_name = "FILE")]
    tsa_trust: Vec<PathBuf>,
    /// For programs: one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args) -> Result<ExitCode, Cause> {
    let settings = if args.file.is_none() { Some(record(&args.config)?) } else { None };
    let own = settings.as_ref().and_then(|record| record.evidence.stamping.as_ref()).map(|own| own.trust.clone());
    let (signers, stamps) = (trust(&args.trust)?, trust(&args.tsa_trust)?.or(own));
    let believed = Believed { signers: signers.as_ref(), stamps: stamps.as_ref() };
    let report = match (&args.file, settings) {
        (Some(path), _) => {
            let file = File::open(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
            exported::prove(BufReader::new(file), believed, progress)
        }
        (None, None) => return Err("name an export, or the settings".to_owned()),
        (None, Some(record)) => {
            let keys = keys(&record.evidence.keys)?;
            let failed = |error: crate::store::error::Error| format!("the store cannot be read: {}", error.chain());
            let reader = Reader::open(&record.store).await.map_err(failed)?;
            let chain = args.chain.as_deref().unwrap_or(&record.name);
            if !reader.chains().await.map_err(failed)?.iter().any(|known| known == chain) {
                return Err(format!("there is no chain of the name {chain}"));
            }
            stored::prove(&reader, chain, keys.as_ref(), believed, progress).await.map_err(failed)?
        }
    };
    clear_progress();
    match args.json {
        true => println!("{}", json(&report)),
        false => print(&report, &believed),
    }
    Ok(ExitCode::from(u8::from(!report.is_good())))
}

fn trust(files: &[PathBuf]) -> Result<Option<Trust>, Cause> {
    if files.is_empty() {
        return Ok(None);
    }
    let mut problems = Problems::new();
    let trust = Trust::of_anchors(files, Clock::System.now(), &mut problems);
    trust.map(Some).ok_or_else(|| problems.to_string())
}

/// The keys of messages, where they are.
pub(super) fn keys(path: &Path) -> Result<Option<Keys>, Cause> {
    if !path.exists() {
        eprintln!("{} is not there: messages are not opened, their chain is proven without", path.display());
        return Ok(None);
    }
    let mut problems = Problems::new();
    Keys::load(path, &mut problems).map(Some).ok_or_else(|| problems.to_string())
}

/// On a terminal, how far it is.
pub(super) fn progress(records: u64) {
    if std::io::stderr().is_terminal() {
        eprint!("\r{records} records");
    }
}

pub(super) fn clear_progress() {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
}

fn print(report: &Report, believed: &Believed<'_>) {
    let stretches: Vec<String> = report.stretches.iter().map(|(first, last)| format!("{first}–{last}")).collect();
    println!("chain        {}", report.chain);
    println!(
        "records      {} ({})",
        report.records,
        if stretches.is_empty() { "none".to_owned() } else { stretches.join(", ") }
    );
    println!("messages     {} are as their heads say", report.messages);
    println!("checkpoints  {}, of the records up to {}", report.checkpoints, report.stated);
    let judged = if believed.signers.is_some() { "trusted" } else { "not judged: say --trust" };
    for (subject, key) in &report.signers {
        println!("signed by    {subject}, public key {key} ({judged})");
    }
    match (report.stamped, believed.stamps.is_some()) {
        (Some((last, at)), _) => {
            println!("time-stamped {}, the last at {}, of the records up to {last}", report.stamps, time(at))
        }
        (None, true) => println!("time-stamped none"),
        (None, false) => println!("time-stamped not judged: say --tsa-trust"),
    }
    for finding in &report.findings {
        println!("WRONG        {finding}");
    }
    println!("{}", if report.is_good() { "All of it is as it was written." } else { "It is not as it was written." });
}

fn json(report: &Report) -> serde_json::Value {
    serde_json::json!({
        "chain": report.chain,
        "good": report.is_good(),
        "records": report.records,
        "stretches": report.stretches,
        "messages": report.messages,
        "checkpoints": report.checkpoints,
        "stated": report.stated,
        "stamps": report.stamps,
        "stamped": report.stamped.map(|(last, at)| serde_json::json!({ "last": last, "at": time(at) })),
        "signers": report.signers.iter().map(|(subject, key)| serde_json::json!({
            "subject": subject, "public_key_sha256": key.to_string(),
        })).collect::<Vec<_>>(),
        "findings": report.findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
