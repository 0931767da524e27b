//! `lienthong serve` and `lienthong dossier-service`: run until a signal says stop.

use std::path::PathBuf;
use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::clock::Clock;
use crate::config::{dossier, gateway};
use crate::problem::Problems;
use crate::telemetry::{LogFormat, start_log};
use crate::{app, telemetry};

/// Run the gateway.
///
/// A configuration with errors is reported whole, as `lienthong check` does, and nothing starts. SIGTERM and Ctrl-C let
/// requests under way finish. SIGHUP looks at once for changed members, keys, trust anchors and revocation lists.
#[derive(Debug, clap::Args)]
pub struct GatewayArgs {
    /// The gateway's settings; every path in them is relative to this file.
    #[arg(long, default_value = "lienthong.toml")]
    config: PathBuf,
}

/// Run the embedded dossier service alone: the ministry's side for trials and pilots.
#[derive(Debug, clap::Args)]
pub struct DossierServiceArgs {
    /// The service's settings; every path in them is relative to this file.
    #[arg(long, default_value = "dossier-service.toml")]
    config: PathBuf,
}

/// Runs `lienthong serve`.
pub async fn gateway(args: &GatewayArgs) -> ExitCode {
    let mut problems = Problems::new();
    let settings = gateway::load(&args.config, Clock::System.now(), &mut problems);
    let Some(settings) = report(settings, &problems) else { return ExitCode::FAILURE };
    telemetry::start_log(settings.log.0, &settings.log.1);
    run(async {
        // Before anybody is told that it serves: until it is listened to, the signal ends the process.
        let hang_up = signal(SignalKind::hangup()).expect("signals can be listened to");
        let running = app::start_gateway(settings).await?;
        eprintln!("lienthong serves https://{}/soap/… and http://{}/metrics", running.soap, running.admin);
        let ended = reload_until_stopped(&running, hang_up).await;
        eprintln!("stopping");
        running.stop().await;
        ended
    })
    .await
}

/// Runs `lienthong dossier-service`.
pub async fn dossier_service(args: &DossierServiceArgs) -> ExitCode {
    let mut problems = Problems::new();
    let settings = dossier::load(&args.config, Clock::System.now(), &mut problems);
    let Some(settings) = report(settings, &problems) else { return ExitCode::FAILURE };
    start_log(LogFormat::Json, "info");
    run(async {
        let running = app::start_dossier_service(settings, Clock::System).await?;
        eprintln!("the dossier service serves https://{}", running.address);
        stop_signal().await;
        eprintln!("stopping");
        running.stop().await;
        Ok(())
    })
    .await
}

/// Reloads at each SIGHUP, until the process is asked to end, or must.
async fn reload_until_stopped(running: &app::Running, mut hang_up: Signal) -> Result<(), app::Error> {
    let mut stop = std::pin::pin!(stop_signal());
    loop {
        tokio::select! {
            _ = hang_up.recv() => drop(running.reload().await),
            () = &mut stop => return Ok(()),
            broken = running.broken() => return Err(broken),
        }
    }
}

/// Resolves when the process is asked to end: SIGTERM or Ctrl-C.
pub async fn stop_signal() {
    let mut terminate = signal(SignalKind::terminate()).expect("signals can be listened to");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

/// Runs a server to its end; prints the error and its causes.
async fn run(work: impl Future<Output = Result<(), app::Error>>) -> ExitCode {
    let Err(error) = work.await else { return ExitCode::SUCCESS };
    eprint!("lienthong: {error}");
    let mut cause = std::error::Error::source(&error);
    while let Some(next) = cause {
        eprint!(": {next}");
        cause = next.source();
    }
    eprintln!();
    ExitCode::FAILURE
}

/// Prints what was found where it matters now; the settings where they can be used.
fn report<T>(settings: Option<T>, problems: &Problems) -> Option<T> {
    use crate::problem::Severity;
    for problem in problems.sorted().into_iter().filter(|problem| problem.severity > Severity::Note) {
        eprintln!("{problem}");
    }
    if settings.is_none() {
        eprintln!("lienthong: nothing was started; `lienthong check` shows the same with notes");
    }
    settings
}
