//! `lienthong store migrate`: the tables of a shared database.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use crate::clock::Clock;
use crate::config::gateway;
use crate::problem::Problems;
use crate::store::ledger::{Address, Migrated, migrate};

/// Prepare the database that several gateways share.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Migrate(MigrateArgs),
}

/// Make the tables of the PostgreSQL database that the settings name, or bring them to this release's version.
///
/// Once before the first gateway starts, and with each release that says so: stop the gateways, migrate, start them. A
/// gateway whose tables are older or newer than it knows does not start, and says so. Whoever connects must own the
/// database, or may create tables in it. Exit status: 0 where the tables are as they should be, else 1.
#[derive(Debug, clap::Args)]
struct MigrateArgs {
    /// The gateway's settings.
    #[arg(long, value_name = "FILE", default_value = "lienthong.toml")]
    config: PathBuf,
}

/// Runs `lienthong store …`.
pub async fn run(args: Args) -> ExitCode {
    let Command::Migrate(MigrateArgs { config }) = args.command;
    let mut problems = Problems::new();
    let address = gateway::record(&config, Clock::System.now(), &mut problems).map(|record| record.store);
    eprint!("{problems}");
    let Some(address) = address.filter(|_| !problems.has_errors()) else { return ExitCode::FAILURE };
    match (&address, migrate(&address).await) {
        (Address::File(file), Ok(_)) => println!("{}: a file is migrated when a gateway opens it", file.display()),
        (Address::Postgres(server), Ok(Migrated::FromTo(0, to))) => println!("{server}: tables made, version {to}"),
        (Address::Postgres(server), Ok(Migrated::FromTo(from, to))) if from < to => {
            println!("{server}: migrated from version {from} to {to}");
        }
        (Address::Postgres(server), Ok(_)) => println!("{server}: nothing to do"),
        (_, Err(error)) => {
            eprintln!("lienthong: {}", error.chain());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
