//! `lienthong sandbox`: everything on one machine, to try and to show.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::serve::stop_signal;
use crate::sandbox::error::{Error, told};
use crate::sandbox::run::{Options, Running};
use crate::sandbox::scenario;
use crate::sandbox::transcript::Transcript;
use crate::telemetry::{LogFormat, start_log};

/// Run everything on this machine, with keys made on the spot: gateway, dossier service, a national portal.
///
/// A directory that was used before is used again: its keys, its dossiers and what was changed in its files stay.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where settings, contracts, keys, dossiers and requests stand; a temporary directory where left out.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Walk one dossier of each area through its whole life, print it, and end: exit status 1 if anything differs.
    #[arg(long)]
    scenario: bool,
    /// Port of the SOAP address.
    #[arg(long)]
    soap_port: Option<u16>,
    /// Port of the dossier service.
    #[arg(long)]
    grpc_port: Option<u16>,
    /// Port of health and metrics.
    #[arg(long)]
    admin_port: Option<u16>,
}

/// Runs the command.
pub async fn run(args: Args) -> ExitCode {
    play_or_serve(args).await.unwrap_or_else(|error| {
        eprintln!("lienthong sandbox: {}", told(&error));
        ExitCode::FAILURE
    })
}

async fn play_or_serve(args: Args) -> Result<ExitCode, Error> {
    let temporary = match &args.dir {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("lienthong-").tempdir()?),
    };
    let dir = args.dir.or_else(|| Some(temporary.as_ref()?.path().to_path_buf())).unwrap_or_default();
    let dir = std::path::absolute(dir)?;
    // What the scenario tells is not to be mixed with what the gateway logs of it.
    start_log(LogFormat::Text, if args.scenario { "error" } else { "info" });
    let Args { scenario, soap_port, grpc_port, admin_port, .. } = args;
    let requests = !scenario;
    let running = Running::start(&Options { dir, soap_port, grpc_port, admin_port, requests }).await?;
    let code = match scenario {
        true => play(&running).await,
        false => {
            writeln!(std::io::stdout(), "{}", greeting(&running))?;
            stop_signal().await;
            Ok(ExitCode::SUCCESS)
        }
    };
    running.stop().await;
    code
}

async fn play(running: &Running) -> Result<ExitCode, Error> {
    let mut transcript = Transcript::stdout();
    scenario::play(running.layout(), &mut transcript).await?;
    Ok(if transcript.differences().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn greeting(running: &Running) -> String {
    let ready = running.ready();
    let root = running.layout().root();
    let dir = shown(root);
    format!(
        "The sandbox serves; ctrl-c stops it. Started again on the same directory, it goes on where it was.

  directory        {dir}
  SOAP             {soap}   (WSDL: {soap}?wsdl)
  dossier service  {grpc}   (gRPC with reflection)
  health, metrics  {admin}/readyz, {admin}/metrics

Send a foreign worker's permit application as the national portal:

  lienthong call NopHoSo {dir}/requests/NopHoSo.xml --dir {dir}

or with curl:

  curl --cacert {dir}/pki/ca.crt --cert {dir}/pki/members/dvcqg.crt --key {dir}/pki/members/dvcqg.key \\
       -H 'Content-Type: text/xml; charset=utf-8' --data-binary @{dir}/requests/NopHoSo.xml {soap}

{dir}/requests has a message of every operation. Sent twice, it is answered as the first time.",
        soap = ready.soap,
        grpc = ready.grpc,
        admin = ready.admin,
    )
}

/// A path as it can be pasted into a shell.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+".contains(c));
    if is_plain { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
