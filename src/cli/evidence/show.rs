//! `lienthong evidence export`: messages and their proof, for a third party.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::ExitCode;

use super::Cause;
use super::select::Select;
use super::verify::{clear_progress, keys, progress};
use crate::clock::Clock;
use crate::config::gateway;
use crate::evidence::export::{Order, export};
use crate::evidence::head::Parsed;
use crate::inbound::masked::masked;
use crate::problem::Problems;
use crate::store::error::Error;
use crate::store::ledger::reader::{Part, Reader, Stored};

/// Write messages, with the chain, checkpoints, time-stamps and certificates that prove them, to a file.
///
/// The file is a tar with a README.txt that says how to check everything by sha256sum and openssl. What is chosen brings
/// its whole exchange, question and answer. Personal values are masked unless --whole is said: what is masked is proven to
/// have been said by its digest alone. The export is signed by the key of `[signature]` or `[tls]`.
///
/// Exit status: 0 where something was exported, 1 where nothing is chosen, 2 where it failed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    select: Select,
    /// Where to; must not be there yet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Messages as they were, with all that is personal in them.
    #[arg(long)]
    whole: bool,
    /// The gateway's settings.
    #[arg(long, value_name = "FILE", default_value = "lienthong.toml")]
    config: PathBuf,
    /// The chain; the settings' own where left out.
    #[arg(long, value_name = "NAME")]
    chain: Option<String>,
}

pub(super) async fn run(args: &Args) -> Result<ExitCode, Cause> {
    let mut problems = Problems::new();
    let settings = gateway::load(&args.config, Clock::System.now(), &mut problems);
    let settings = settings.ok_or_else(|| format!("the settings cannot be used:\n{problems}"))?;
    let keys = keys(&settings.evidence.keys)?.ok_or("without the keys of messages nothing can be exported")?;
    let signer = settings.signature.signer.as_ref().ok_or("no key signs: name one in [signature]")?;
    let failed = |error: Error| format!("the store cannot be read: {}", error.chain());
    let reader = Reader::open(&settings.store).await.map_err(failed)?;
    let chain = args.chain.as_deref().unwrap_or(&settings.name);
    let exchanges = exchanges(&reader, chain, &args.select).await.map_err(failed)?;
    if exchanges.is_empty() {
        eprintln!("nothing is chosen: `lienthong evidence find` shows what there is");
        return Ok(ExitCode::FAILURE);
    }
    let wanted =
        |_: &Stored, head: &Parsed| head.field("exchange").is_some_and(|exchange| exchanges.contains(exchange));
    let mask = |head: &Parsed, message: &[u8]| {
        let partner = settings.partners.iter().find(|partner| Some(&*partner.name) == head.field("partner"))?;
        masked(partner, message)
    };
    let order = Order {
        chain,
        keys: &keys,
        identity: signer.identity(),
        now: Clock::System.now(),
        wanted: &wanted,
        mask: (!args.whole).then_some(&mask),
    };
    let out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&args.out);
    let out = out.map_err(|error| format!("{} cannot be made: {error}", args.out.display()))?;
    let written = export(&reader, &order, BufWriter::new(out), progress).await;
    let written = written.and_then(|(exported, mut out)| {
        out.flush()?;
        out.get_ref().sync_all()?;
        Ok(exported)
    });
    clear_progress();
    let exported = written.map_err(|error| {
        // Half an export proves nothing.
        _ = std::fs::remove_file(&args.out);
        error.to_string()
    })?;
    println!("{}: {} messages, {} checkpoints", args.out.display(), exported.records, exported.checkpoints);
    if exported.unstated > 0 {
        println!("{} more were chosen that no checkpoint states yet: export them again later", exported.unstated);
    }
    Ok(ExitCode::SUCCESS)
}

/// The exchanges of which a message is chosen.
async fn exchanges(reader: &Reader, chain: &str, select: &Select) -> Result<HashSet<String>, Error> {
    let mut found = HashSet::new();
    let mut after = 0;
    loop {
        let records = reader.records(chain, after, RECORDS, Part::Heads).await?;
        let Some(last) = records.last() else { return Ok(found) };
        after = last.seq;
        for record in &records {
            let Some(head) = Parsed::of(&record.head).filter(|head| select.is_chosen(record, head)) else { continue };
            found.extend(head.field("exchange").map(str::to_owned));
        }
    }
}

/// Read at once.
const RECORDS: u32 = 1000;
