//! `lienthong members list`, `check` and `add`: who may call, as the members file says it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use crate::clock::Clock;
use crate::config::gateway::members_file;
use crate::member::Registry;
use crate::member::add::{Added, NewMember, add};
use crate::member::description::{Description, Pinning};
use crate::problem::{Problems, Severity};

/// Show, check and extend the members file: who may call the gateway, and for what.
///
/// The file is the one that the gateway's settings name (`members = "members.toml"`). It is yours to edit; these commands
/// never rewrite what stands in it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(ListArgs),
    Check(CheckArgs),
    Add(AddArgs),
}

/// Show all members with what they may do, also where the file leaves it to the defaults.
#[derive(Debug, clap::Args)]
struct ListArgs {
    /// The gateway's settings.
    #[arg(long, value_name = "FILE", default_value = "lienthong.toml")]
    config: PathBuf,
    /// For programs: everything there is, as JSON.
    #[arg(long)]
    json: bool,
}

/// Report every problem of the members file at once, and certificates that have expired or will within 30 days.
///
/// `lienthong check` reports as much, and rights to operations that no contract has.
///
/// Exit status: 0 where the gateway would take the file, else 1.
#[derive(Debug, clap::Args)]
struct CheckArgs {
    /// The gateway's settings.
    #[arg(long, value_name = "FILE", default_value = "lienthong.toml")]
    config: PathBuf,
}

/// Add a member by its certificate, or one more certificate to a member that is there.
///
/// The certificate is copied to pki/members/ beside the members file, and an entry that names the copy is added; what
/// stands in the file stays, comments included. The new file is checked before it takes the old one's place, in one step.
///
/// To replace a certificate that expires: add the new one with --id of the member (both are accepted from then on), wait
/// until the member uses it, then take the old one out of the file.
///
/// Only the certificate is needed, in PEM; the private key stays with the member. Who signed it must be among
/// client_trust of the settings.
#[derive(Debug, clap::Args)]
#[command(after_help = ADD_EXAMPLES)]
struct AddArgs {
    /// The member's certificate, PEM.
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    /// Id of the member, in logs and at the dossier service; the certificate's common name where left out. An id that is
    /// there already gets the certificate besides those it has.
    #[arg(long)]
    id: Option<String>,
    /// Name for people.
    #[arg(long)]
    name: Option<String>,
    /// Code of an agency that it is or speaks for: it hands over no dossier of others. Repeat for more, and for each form
    /// of a code that its messages have: --agency 000.00.00.H57 --agency H57. `*` is all.
    #[arg(long = "agency", value_name = "CODE")]
    agencies: Vec<String>,
    /// X-Road identifier, as the client header names it: VN/GOV/000.00.00.H57/mcdt. Repeat for more.
    #[arg(long = "x-road", value_name = "INSTANCE/CLASS/CODE[/SUBSYSTEM]")]
    x_road: Vec<String>,
    /// Operations it may call, with commas between; a * at the end of a name stands for the rest. All where left out.
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    operations: Vec<String>,
    /// The gateway's settings.
    #[arg(long, value_name = "FILE", default_value = "lienthong.toml")]
    config: PathBuf,
}

/// Runs `lienthong members …`.
pub fn run(args: Args) -> ExitCode {
    match args.command {
        Command::List(args) => list(&args),
        Command::Check(args) => check(&args.config),
        Command::Add(args) => extend(args),
    }
}

fn list(args: &ListArgs) -> ExitCode {
    let mut problems = Problems::new();
    let members = members_file(&args.config, &mut problems).and_then(|file| Registry::load(&file, &mut problems));
    let Some(members) = members else {
        eprint!("{problems}");
        return ExitCode::FAILURE;
    };
    let members: Vec<Description> = members.members().map(|member| member.describe()).collect();
    let text = match args.json {
        true => {
            serde_json::to_string_pretty(&serde_json::json!({ "members": members })).expect("text and numbers") + "\n"
        }
        false => table(&members),
    };
    said(&text)
}

fn check(config: &Path) -> ExitCode {
    let mut problems = Problems::new();
    let members = members_file(config, &mut problems).and_then(|file| {
        let members = Registry::load(&file, &mut problems)?;
        members.check_validity(&file, Clock::System.now(), &mut problems);
        Some(members)
    });
    let count = |severity| problems.sorted().into_iter().filter(|problem| problem.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let count = members.as_ref().map(|members| format!("{} members, ", members.len())).unwrap_or_default();
    let told = said(&format!("{problems}{count}{errors} errors, {warnings} warnings\n"));
    if members.is_some() { told } else { ExitCode::FAILURE }
}

fn extend(args: AddArgs) -> ExitCode {
    let AddArgs { cert, id, name, agencies, x_road, operations, config } = args;
    let mut problems = Problems::new();
    let wish = NewMember { id: id.unwrap_or_default(), name, agencies, x_road, operations };
    let added = members_file(&config, &mut problems)
        .and_then(|file| add(&file, &cert, wish, (Clock::System.now(), &mut problems)));
    eprint!("{problems}");
    match added {
        Some(added) => said(&report(&added, &config)),
        None => {
            eprintln!("nothing was changed");
            ExitCode::FAILURE
        }
    }
}

fn report(added: &Added, config: &Path) -> String {
    let Added { is_new, id, members_file, certificate_file, subject, spki_sha256, valid_until, certificates, .. } =
        added;
    let (file, copy, config) = (members_file.display(), certificate_file.display(), config.display());
    let what = match is_new {
        true => format!("member {id} added to {file}"),
        false => format!("certificate added to member {id} in {file}: it has {certificates} now"),
    };
    let mut text = format!(
        "{what}\n  certificate  {copy}\n  subject      {subject}\n  valid until  {valid_until}\n  key          sha256 {spki_sha256}\n\n\
         Next:\n  compare the key's sha256 with the member, by another way than the certificate came\n  \
         lienthong members list --config {config}\n"
    );
    if *is_new {
        text.push_str("  narrow what it may do with [[member.right]], and set its limits, in the file\n");
    } else {
        text.push_str("  when the member uses the new certificate, take the old one out of the file\n");
    }
    text.push_str("  a gateway that serves takes the change up when it reads the file again\n");
    if added.signs_apart {
        text.push_str(
            "  its signatures are told by signing_certificates: add the new one there, too, if it signs with it\n",
        );
    }
    text
}

fn table(members: &[Description]) -> String {
    let head = ["MEMBER", "AGENCIES", "OPERATIONS", "SIGNS", "PER SECOND", "CERTIFICATES", "NAME"];
    let mut rows = vec![head.map(str::to_owned)];
    for member in members {
        let operations = member.rights.iter().map(|right| right.operations.join(" ")).collect::<Vec<_>>();
        rows.push([
            member.id.clone(),
            member.agencies.join(" "),
            operations.join(" | "),
            member.signature.to_owned(),
            member.requests_per_second.map_or_else(|| "-".to_owned(), |rate| rate.to_string()),
            member.certificates.iter().map(shown).collect::<Vec<_>>().join(", "),
            member.name.clone(),
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count().min(WIDTH_MAX)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |row: &[String; 7]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{:width$}", short(cell), width = *width));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn shown(pinning: &Pinning) -> String {
    match (&pinning.valid_until, &pinning.spki_sha256, &pinning.subject) {
        (Some(day), ..) => format!("until {day}"),
        (None, Some(spki), _) => format!("key {}…", &spki[..8]),
        (None, None, subject) => subject.clone().unwrap_or_default(),
    }
}

/// A cell no wider than a table bears; `--json` has all of it.
fn short(cell: &str) -> String {
    match cell.chars().count() > WIDTH_MAX {
        true => cell.chars().take(WIDTH_MAX - 1).chain(['…']).collect(),
        false => cell.to_owned(),
    }
}

/// Writes; a reader that has gone away (`| head`) is no failure of ours.
fn said(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

/// Characters of a table's cell.
const WIDTH_MAX: usize = 40;

const EXAMPLES: &str = "Examples:
  lienthong members list --config lienthong.toml
  lienthong members check --config lienthong.toml
  lienthong members add --cert h57.crt --agency 000.00.00.H57 --agency H57 --config lienthong.toml";

const ADD_EXAMPLES: &str = "Examples:
  a province, called h57 after its certificate's common name:
    lienthong members add --cert h57.crt --name 'Tỉnh Khánh Hòa' \\
      --agency 000.00.00.H57 --agency H57 --x-road VN/GOV/000.00.00.H57/mcdt
  one that only asks:
    lienthong members add --cert thanh-tra.crt --operations 'TraCuuHoSo,Lay*'
  the new certificate of a member, beside the old one:
    lienthong members add --cert h57-2028.crt --id h57";
