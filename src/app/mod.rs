//! Composition: settings → running servers.

pub mod reload;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use self::reload::{Asked, Live, Reloaded, Reloader};
use crate::clock::Clock;
use crate::config::dossier::DossierService;
use crate::config::gateway::Gateway;
use crate::inbound::once::Once;
use crate::inbound::signed::{Believed, Security};
use crate::inbound::{Inbound, Parts};
use crate::problem::Problems;
use crate::store;
use crate::store::ledger::Ledger;
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
    let ledger = Ledger::open(&settings.store).map_err(Error::Store)?;
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
            ledger: ledger.clone(),
            clock: Clock::System,
            believed: Believed::default(),
        },
        once: settings.keep_ms.map(|keep_ms| Once::new(ledger, Clock::System, keep_ms)),
    };
    let Some(inbound) = Inbound::new(parts, &mut problems) else { return Err(Error::Partners(problems)) };
    let (stopping, stopped) = (CancellationToken::new(), CancellationToken::new());
    let (mut soap_task, mut admin_task, mut reload_task) = (JoinSet::new(), JoinSet::new(), JoinSet::new());
    let every = settings.reload.every;
    let live = Live { registry: members, acceptor: settings.acceptor.clone(), keys };
    let reloader = Reloader::new(settings.reload, live, metrics.clone(), Clock::System);
    let reloader = Arc::new(Mutex::new(reloader));
    reload_task.spawn(look_again(reloader.clone(), every, stopping.clone()));
    soap_task.spawn(http::serve(soap_listener, settings.acceptor, Arc::new(inbound), stopping.clone()));
    admin_task.spawn(console::serve(admin_listener, metrics, stopping.clone(), stopped.clone()));
    tracing::info!(soap = %soap, admin = %admin, "the gateway serves");
    Ok(Running { soap, admin, stopping, stopped, soap_task, admin_task, reloader, reload_task })
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

    /// Takes no more requests, lets those under way finish (for [`http::Limits::drain_time_max`] at most), then ends.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        while self.soap_task.join_next().await.is_some() {}
        while self.reload_task.join_next().await.is_some() {}
        self.stopped.cancel();
        while self.admin_task.join_next().await.is_some() {}
    }
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
