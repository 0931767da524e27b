//! The command line.

pub mod call;
pub mod check;
pub mod contract;
pub mod evidence;
pub mod members;
pub mod sandbox;
pub mod serve;
pub mod store;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::telemetry;

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
    Sandbox(sandbox::Args),
    Serve(serve::GatewayArgs),
    DossierService(serve::DossierServiceArgs),
    Check(check::CheckArgs),
    Explain(check::ExplainArgs),
    Call(call::Args),
    Contract(contract::Args),
    Members(members::Args),
    Store(store::Args),
    Evidence(evidence::Args),
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let command = CommandLine::parse().command;
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("lienthong: the runtime did not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    // Connections to services are opened in a runtime, also those that `check` never uses.
    let ending = runtime.block_on(async {
        match command {
            Command::Sandbox(args) => sandbox::run(args).await,
            Command::Serve(args) => serve::gateway(&args).await,
            Command::DossierService(args) => serve::dossier_service(&args).await,
            Command::Check(args) => check::check(&args),
            Command::Explain(args) => check::explain(&args),
            Command::Call(args) => call::run(args).await,
            Command::Contract(args) => contract::run(args),
            Command::Members(args) => members::run(args),
            Command::Store(args) => store::run(args).await,
            Command::Evidence(args) => evidence::run(args).await,
        }
    });
    telemetry::flush_log();
    ending
}

const EXAMPLES: &str = "Examples:
  lienthong sandbox --scenario
  lienthong sandbox --dir /tmp/sandbox
  lienthong call TraCuuHoSo /tmp/sandbox/requests/TraCuuHoSo.xml --dir /tmp/sandbox
  lienthong check --config lienthong.toml
  lienthong explain NopHoSo --config lienthong.toml
  lienthong members add --cert h57.crt --agency H57 --config lienthong.toml
  lienthong evidence verify --config lienthong.toml
  lienthong contract import --wsdl partner.wsdl --out schemas/partner
  lienthong store migrate --config lienthong.toml
  lienthong serve --config lienthong.toml";
