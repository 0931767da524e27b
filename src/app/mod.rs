//! Composition: settings → running servers.

pub mod reload;
mod sealer;
mod stamper;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use self::reload::{Asked, Live, Reloaded, Reloader};
use self::sealer::Sealer;
pub use self::sealer::prune_all;
use self::stamper::Stamper;
use crate::clock::Clock;
use crate::config::dossier::DossierService;
use crate::config::gateway::Gateway;
use crate::config::watch::Watch;
use crate::crypto::sealed::Keys;
use crate::inbound::record::Records;
use crate::inbound::signed::{Believed, Security};
use crate::inbound::{Inbound, Parts};
use crate::problem::{Place, Problems};
use crate::store;
use crate::store::ledger::Ledger;
use crate::store::ledger::reader::Part;
use crate::telemetry::Metrics;
use crate::{console, dossier, http};

/// Why the gateway did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address could not be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// As configured.
        address: SocketAddr,
        /// The operating system's cause.
        #[source]
        source: std::io::Error,
    },
    /// The gateway's store did not open.
    #[error("the gateway's store did not open")]
    Store(#[source] store::error::Error),
    /// The gateway's record is not what it was: nothing more may be built on it.
    #[error("the gateway stops; `lienthong evidence verify` tells more")]
    Record(#[source] store::error::Error),
    /// The keys of kept messages are not there.
    #[error("the keys of kept messages cannot be used:\n{0}")]
    Keys(Problems),
    /// The dossier service did not start.
    #[error("the dossier service did not start")]
    Dossier(#[source] dossier::server::Error),
    /// A partner's operations and the services do not fit; each problem with its file.
    #[error("partners cannot be served:\n{0}")]
    Partners(Problems),
}

/// A gateway that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Running {
    /// Where partners call.
    pub soap: SocketAddr,
    /// Where operators look.
    pub admin: SocketAddr,
    stopping: CancellationToken,
    stopped: CancellationToken,
    soap_task: JoinSet<()>,
    admin_task: JoinSet<()>,
    reloader: Arc<Mutex<Reloader>>,
    reload_task: JoinSet<()>,
    ledger: Ledger,
}

/// Starts the gateway; both addresses listen when this returns.
pub async fn start_gateway(settings: Gateway) -> Result<Running, Error> {
    let soap_listener = listen(settings.soap).await?;
    let admin_listener = listen(settings.admin).await?;
    let (soap, admin) = (local(&soap_listener, settings.soap)?, local(&admin_listener, settings.admin)?);
    let metrics = Arc::new(Metrics::new());
    let services = settings.services.into_iter();
    let services = services.flat_map(|service| {
        let upstream = service.upstream;
        service.services.into_iter().map(move |name| (name, upstream.clone()))
    });
    let mut problems = Problems::new();
    let members = Arc::new(ArcSwap::from_pointee(settings.members));
    let ledger = Ledger::open(&settings.store, &settings.name).await.map_err(Error::Store)?;
    let keys_file = settings.evidence.keys;
    let mut keys_seen = Watch::default();
    keys_seen.has_changed(std::slice::from_ref(&keys_file));
    let sealing = Arc::new(ArcSwap::from_pointee(sealing_keys(&keys_file, &ledger).await?));
    let keys = Arc::new(ArcSwap::from_pointee(settings.signature));
    let parts = Parts {
        partners: settings.partners,
        services: services.collect(),
        members: members.clone(),
        limits: settings.limits,
        language: settings.language,
        metrics: metrics.clone(),
        security: Security {
            keys: keys.clone(),
            tolerance: settings.tolerance,
            clock: Clock::System,
            believed: Believed::default(),
        },
        records: settings.keep_ms.map(|keep_ms| Records::new(ledger.clone(), sealing.clone(), Clock::System, keep_ms)),
    };
    let Some(inbound) = Inbound::new(parts, &mut problems) else { return Err(Error::Partners(problems)) };
    let (stopping, stopped) = (CancellationToken::new(), CancellationToken::new());
    let (mut soap_task, mut admin_task, mut reload_task) = (JoinSet::new(), JoinSet::new(), JoinSet::new());
    let every = settings.reload.every;
    if let Some(stamping) = settings.evidence.stamping {
        let stamper = Stamper::new(ledger.clone(), stamping, Clock::System);
        reload_task.spawn(stamper.run(stopping.clone()));
    }
    let sealer = Sealer {
        ledger: ledger.clone(),
        keys: keys.clone(),
        clock: Clock::System,
        every: settings.evidence.checkpoint_every,
        keep_ms: settings.evidence.keep_ms,
        sealing,
        keys_file,
        keys_seen,
    };
    let live = Live { registry: members, acceptor: settings.acceptor.clone(), keys };
    let reloader = Reloader::new(settings.reload, live, metrics.clone(), Clock::System);
    let reloader = Arc::new(Mutex::new(reloader));
    reload_task.spawn(sealer.run(stopping.clone()));
    reload_task.spawn(look_again(reloader.clone(), every, stopping.clone()));
    soap_task.spawn(http::serve(soap_listener, settings.acceptor, Arc::new(inbound), stopping.clone()));
    admin_task.spawn(console::serve(admin_listener, metrics, stopping.clone(), stopped.clone()));
    tracing::info!(soap = %soap, admin = %admin, "the gateway serves");
    Ok(Running { soap, admin, stopping, stopped, soap_task, admin_task, reloader, reload_task, ledger })
}

/// Starts the embedded dossier service over mutual TLS.
pub async fn start_dossier_service(settings: DossierService, clock: Clock) -> Result<dossier::server::Running, Error> {
    dossier::server::start(settings.service, clock, settings.transport).await.map_err(Error::Dossier)
}

impl Running {
    /// Looks at the files of members, keys, anchors and lists now, and exchanges what has changed. What SIGHUP does.
    pub async fn reload(&self) -> Reloaded {
        look(&self.reloader, Asked::ByHand).await
    }

    /// Resolves when the record is found broken: everything is refused from then on, and the process should end.
    pub async fn broken(&self) -> Error {
        Error::Record(self.ledger.broken().await)
    }

    /// Takes no more requests, lets those under way finish (for [`http::Limits::drain_time_max`] at most), then ends.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        while self.soap_task.join_next().await.is_some() {}
        while self.reload_task.join_next().await.is_some() {}
        self.stopped.cancel();
        while self.admin_task.join_next().await.is_some() {}
    }
}

/// The keys that seal messages; made where nothing was sealed yet.
async fn sealing_keys(path: &Path, ledger: &Ledger) -> Result<Keys, Error> {
    let mut problems = Problems::new();
    if !path.exists() {
        let reader = ledger.reader().await.map_err(Error::Store)?;
        let sealed = reader.records(ledger.chain(), 0, 1, Part::Heads).await.map_err(Error::Store)?;
        if !sealed.is_empty() {
            let remedy = "put the file back: what it sealed cannot be read without it";
            problems.error(Place::file(path), "the keys of messages that were kept are gone", remedy);
            return Err(Error::Keys(problems));
        }
        if let Err(error) = Keys::add(path) {
            problems.error(
                Place::file(path),
                format!("keys cannot be made: {error}"),
                "name a file that can be written",
            );
            return Err(Error::Keys(problems));
        }
        tracing::warn!(path = %path.display(), "keys for kept messages were made: keep a copy of them elsewhere");
    }
    let keys = Keys::load(path, &mut problems);
    keys.filter(|_| !problems.has_errors()).ok_or(Error::Keys(problems))
}

/// Looks at the files every so often, until `stopping`.
async fn look_again(reloader: Arc<Mutex<Reloader>>, every: Duration, stopping: CancellationToken) {
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
        look(&reloader, Asked::Routinely).await;
    }
}

/// One look at the files, on a thread that may wait for a disk.
async fn look(reloader: &Arc<Mutex<Reloader>>, asked: Asked) -> Reloaded {
    let mut reloader = reloader.clone().lock_owned().await;
    tokio::task::spawn_blocking(move || reloader.check(asked)).await.expect("a look at files does not panic")
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })
}

fn local(listener: &TcpListener, address: SocketAddr) -> Result<SocketAddr, Error> {
    listener.local_addr().map_err(|source| Error::Listen { address, source })
}
