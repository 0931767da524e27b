//! The command line.

pub mod call;
pub mod check;
pub mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Gateway between a ministry's gRPC dossier service and portals that speak SOAP.
///
/// Start here: `lienthong sandbox --scenario` walks dossiers through their whole life on this machine;
/// `lienthong sandbox --dir DIR` keeps serving, with keys and requests ready to send.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::GatewayArgs),
    DossierService(serve::DossierServiceArgs),
    Check(check::CheckArgs),
    Explain(check::ExplainArgs),
    Call(call::Args),
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    match CommandLine::parse().command {
        Command::Serve(args) => serve::gateway(&args),
        Command::DossierService(args) => serve::dossier_service(&args),
        Command::Check(args) => check::check(&args),
        Command::Explain(args) => check::explain(&args),
        Command::Call(args) => serve::block_on(call::run(args)),
    }
}

const EXAMPLES: &str = "Examples:
  lienthong sandbox --scenario
  lienthong sandbox --dir /tmp/sandbox
  lienthong call TraCuuHoSo /tmp/sandbox/requests/TraCuuHoSo.xml --dir /tmp/sandbox
  lienthong check --config lienthong.toml
  lienthong explain NopHoSo --config lienthong.toml
  lienthong serve --config lienthong.toml";
