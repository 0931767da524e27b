//! `lienthong evidence`: what was said, found, shown and proven.

mod find;
mod keep;
mod select;
mod show;
mod verify;

use std::process::ExitCode;

use clap::Subcommand;

/// Prove, find and export what was said, from the gateway's record.
///
/// Every message is kept as it was received or sent, sealed, in a chain that shows every change; checkpoints of the chain
/// are signed and, where an authority is configured, time-stamped. All of these work while the gateway serves, but prune.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Verify(verify::Args),
    Find(find::Args),
    Export(show::Args),
    Prune(keep::PruneArgs),
    Rotate(keep::RotateArgs),
}

/// Runs `lienthong evidence …`.
pub async fn run(args: Args) -> ExitCode {
    let ended = match args.command {
        Command::Verify(args) => verify::run(&args).await,
        Command::Find(args) => find::run(&args).await,
        Command::Export(args) => show::run(&args).await,
        Command::Prune(args) => keep::prune(&args).await,
        Command::Rotate(args) => keep::rotate(&args),
    };
    ended.unwrap_or_else(|cause| {
        eprintln!("lienthong: {cause}");
        ExitCode::from(2)
    })
}

/// Why a command could do nothing, for people.
type Cause = String;

const EXAMPLES: &str = "Examples:
  lienthong evidence verify --config lienthong.toml
  lienthong evidence find --code 000.00.00.G07-261126-0001 --config lienthong.toml
  lienthong evidence export --code 000.00.00.G07-261126-0001 --out case.tar --config lienthong.toml
  lienthong evidence verify case.tar --trust ca.crt --tsa-trust tsa.crt
  lienthong evidence rotate --config lienthong.toml";
