//! A whole sandbox in one process: the dossier service, the gateway, and what the directory says of them.

use std::fs::{File, TryLockError};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use super::error::Error;
use super::layout::{Layout, Ready};
use super::{contracts, pki, settings};
use crate::clock::Clock;
use crate::problem::Problems;
use crate::{app, config, dossier};

/// What a sandbox is made of.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Its directory; what is there is kept.
    pub dir: PathBuf,
    /// Port of the SOAP listener; `None`: the one of last time where it is free, else any free one.
    pub soap_port: Option<u16>,
    /// Port of the dossier service, likewise.
    pub grpc_port: Option<u16>,
    /// Port of the operator's pages, likewise.
    pub admin_port: Option<u16>,
    /// Whether `requests/*.xml` are wanted.
    pub requests: bool,
}

/// A sandbox that serves until it is stopped or dropped.
#[derive(Debug)]
pub struct Running {
    // Held as long as it serves: two sandboxes on one directory would take each other's files.
    _lock: File,
    layout: Layout,
    ready: Ready,
    gateway: app::Running,
    dossier: dossier::server::Running,
}

impl Running {
    /// Makes what is missing in the directory, starts the dossier service, then the gateway.
    ///
    /// `ready.json` is the last thing written.
    pub async fn start(options: &Options) -> Result<Self, Error> {
        let lock = lock(options)?;
        let layout = prepare(options)?;
        let dossier = start_dossier_service(&layout, options).await?;
        let gateway = start_gateway(&layout, options).await?;
        let ready = Ready {
            soap: format!("https://{}/soap/hoso", gateway.soap),
            grpc: format!("https://{}", dossier.address),
            dossier: format!("https://{}", dossier.address),
            admin: format!("http://{}", gateway.admin),
        };
        if options.requests {
            super::requests::write(&layout, &ready).await?;
        }
        layout.write_ready(&ready).map_err(Error::at(layout.path("ready.json")))?;
        Ok(Self { _lock: lock, layout, ready, gateway, dossier })
    }

    /// Where it is reached.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Its directory.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Lets requests under way finish, then ends.
    pub async fn stop(self) {
        if let Err(error) = self.layout.clear_ready() {
            tracing::warn!(cause = %error, "ready.json could not be removed");
        }
        self.gateway.stop().await;
        self.dossier.stop().await;
    }
}

fn lock(options: &Options) -> Result<File, Error> {
    std::fs::create_dir_all(&options.dir).map_err(Error::at(&options.dir))?;
    let file = options.dir.join(".lock");
    let lock = File::create(&file).map_err(Error::at(&file))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { dir: options.dir.clone() }),
        Err(TryLockError::Error(error)) => Err(Error::at(&file)(error)),
    }
}

/// Makes what is missing in the directory: keys, contracts, settings.
pub fn prepare(options: &Options) -> Result<Layout, Error> {
    let layout = Layout::at(&options.dir);
    std::fs::create_dir_all(layout.root()).map_err(Error::at(layout.root()))?;
    layout.clear_ready().map_err(Error::at(layout.path("ready.json")))?;
    pki::make(&layout)?;
    contracts::write(&layout)?;
    settings::write(&layout)?;
    Ok(layout)
}

/// Starts the dossier service of a prepared directory.
pub async fn start_dossier_service(layout: &Layout, options: &Options) -> Result<dossier::server::Running, Error> {
    let file = layout.path("dossier-service.toml");
    let mut problems = Problems::new();
    let settings = config::dossier::load(&file, Clock::System.now(), &mut problems);
    let Some(mut settings) = settings else { return Err(Error::Problems(problems)) };
    let listen = &mut settings.service.listen;
    listen.set_port(chosen(options.grpc_port, *listen));
    let running = app::start_dossier_service(settings, Clock::System).await.map_err(Error::Start)?;
    settings::set_port(&file, "listen", running.address.port())?;
    settings::set_port(&layout.path("lienthong.toml"), "address", running.address.port())?;
    Ok(running)
}

/// Starts the gateway of a prepared directory.
pub async fn start_gateway(layout: &Layout, options: &Options) -> Result<app::Running, Error> {
    let file = layout.path("lienthong.toml");
    let mut problems = Problems::new();
    let settings = config::gateway::load(&file, Clock::System.now(), &mut problems);
    let Some(mut settings) = settings else { return Err(Error::Problems(problems)) };
    settings.soap.set_port(chosen(options.soap_port, settings.soap));
    settings.admin.set_port(chosen(options.admin_port, settings.admin));
    let running = app::start_gateway(settings).await.map_err(Error::Start)?;
    settings::set_port(&file, "soap", running.soap.port())?;
    settings::set_port(&file, "admin", running.admin.port())?;
    Ok(running)
}

/// The port asked for; else the one that is configured, unless somebody has taken it: then 0, any.
fn chosen(asked: Option<u16>, configured: SocketAddr) -> u16 {
    match asked {
        Some(port) => port,
        None if TcpListener::bind(configured).is_ok() => configured.port(),
        None => 0,
    }
}
