//! `lienthong evidence find`: the exchanges that were about something.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use super::Cause;
use super::select::{Select, record};
use super::verify::{clear_progress, progress};
use crate::evidence::head::{Parsed, time};
use crate::store::error::Error;
use crate::store::ledger::reader::{Part, Reader, Stored};

/// Find messages by what they are about, who sent them, their id, or when they were.
///
/// Shows what is said of them, not what they say: `evidence export` gives the messages. A code finds questions and
/// answers; a member or an id finds questions, whose exchange finds the answers.
///
/// Exit status: 0 where something was found, 1 where nothing was, 2 where nothing could be read.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    select: Select,
    /// The gateway's settings.
    #[arg(long, value_name = "FILE", default_value = "lienthong.toml")]
    config: PathBuf,
    /// Messages that are shown at most.
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// For programs: one JSON object for each message.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args) -> Result<ExitCode, Cause> {
    let record = record(&args.config)?;
    let failed = |error: Error| format!("the store cannot be read: {}", error.chain());
    let reader = Reader::open(&record.store).await.map_err(failed)?;
    let mut shown = 0;
    for chain in reader.chains().await.map_err(failed)? {
        let mut after = 0;
        loop {
            let records = reader.records(&chain, after, RECORDS, Part::Heads).await.map_err(failed)?;
            let Some(last) = records.last() else { break };
            after = last.seq;
            progress(after);
            for record in &records {
                let Some(head) = Parsed::of(&record.head).filter(|head| args.select.is_chosen(record, head)) else {
                    continue;
                };
                if shown == args.limit {
                    clear_progress();
                    eprintln!("more than {} messages: say more of what you look for, or a higher --limit", args.limit);
                    return Ok(ExitCode::SUCCESS);
                }
                shown += 1;
                clear_progress();
                // Whoever reads may have seen enough.
                let line = if args.json { json(&chain, record, &head) } else { line(&chain, record, &head) };
                if writeln!(std::io::stdout(), "{line}").is_err() {
                    return Ok(ExitCode::SUCCESS);
                }
            }
        }
    }
    clear_progress();
    Ok(ExitCode::from(u8::from(shown == 0)))
}

fn line(chain: &str, record: &Stored, head: &Parsed) -> String {
    let field = |name| head.field(name).unwrap_or("-");
    let about: Vec<&str> = head.all("about").collect();
    format!(
        "{chain} {:>8}  {}  {:<7}  {:<8}  {:<20}  {:<18}  {}  {}  {}",
        record.seq,
        time(record.at),
        field("part"),
        field("member"),
        field("operation"),
        field("code"),
        field("exchange"),
        field("message-id"),
        about.join(","),
    )
}

fn json(chain: &str, record: &Stored, head: &Parsed) -> String {
    let fields = head.fields.iter().filter(|(name, _)| name != "about");
    let mut object: serde_json::Map<String, serde_json::Value> =
        fields.map(|(name, value)| (name.clone(), value.clone().into())).collect();
    object.insert("chain".to_owned(), chain.into());
    object.insert("record".to_owned(), record.seq.into());
    object.insert("about".to_owned(), head.all("about").collect::<Vec<_>>().into());
    serde_json::Value::Object(object).to_string()
}

/// Read at once.
const RECORDS: u32 = 1000;
