//! The running service: listener, gRPC server, health, reflection, and how it stops.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic_health::server::HealthReporter;

use super::calendar::Calendar;
use super::catalogue::Catalogue;
use super::code::AgencyCode;
use super::contract::DESCRIPTORS;
use super::contract::molisa::dossier::v1::catalogue_service_server::CatalogueServiceServer;
use super::contract::molisa::dossier::v1::dossier_office_service_server::DossierOfficeServiceServer;
use super::contract::molisa::dossier::v1::dossier_service_server::DossierServiceServer;
use super::desk::Desk;
use super::incoming::{self, Transport};
use super::records;
use super::service::Service;
use crate::clock::Clock;
use crate::store::{self, Store};

/// What a service needs to run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The database file; created where there is none.
    pub database: PathBuf,
    /// Whose desk it is.
    pub agency: AgencyCode,
    /// Digits a dossier's number of the day is padded to, 4 to 7.
    pub sequence_digits: u8,
    /// What may be applied for, where, and by which codes.
    pub catalogue: Catalogue,
    /// When the offices work.
    pub calendar: Calendar,
    /// Largest request, bytes.
    pub message_bytes_max: usize,
}

/// Why a service did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database could not be used.
    #[error("the dossier database could not be used")]
    Store(#[source] store::error::Error),
    /// The address could not be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// As configured.
        address: SocketAddr,
        /// The operating system's cause.
        #[source]
        source: std::io::Error,
    },
    /// The descriptors could not be served.
    #[error("the service's descriptors could not be served")]
    Reflection(#[source] tonic_reflection::server::Error),
}

/// A service that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    stopping: CancellationToken,
    health: HealthReporter,
    task: Option<JoinHandle<()>>,
}

/// Starts the service.
pub async fn start(settings: Settings, clock: Clock, transport: Transport) -> Result<Running, Error> {
    let store = Store::open(&settings.database, &records::SCHEMA).map_err(Error::Store)?;
    let listen = |source| Error::Listen { address: settings.listen, source };
    let listener = TcpListener::bind(settings.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let service = Service::of(Arc::new(Desk {
        store,
        clock,
        catalogue: settings.catalogue,
        calendar: settings.calendar,
        agency: settings.agency,
        sequence_digits: settings.sequence_digits,
    }));
    let dossiers = DossierServiceServer::new(service.clone()).max_decoding_message_size(settings.message_bytes_max);
    let catalogue = CatalogueServiceServer::new(service.clone()).max_decoding_message_size(settings.message_bytes_max);
    let office = DossierOfficeServiceServer::new(service).max_decoding_message_size(settings.message_bytes_max);
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<DossierServiceServer<Service>>().await;
    health.set_serving::<CatalogueServiceServer<Service>>().await;
    health.set_serving::<DossierOfficeServiceServer<Service>>().await;
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let router = Server::builder()
        .timeout(CALL_MAX)
        .max_concurrent_streams(STREAMS_MAX)
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .http2_max_header_list_size(HEADER_BYTES_MAX)
        .add_service(dossiers)
        .add_service(catalogue)
        .add_service(office)
        .add_service(health_service)
        // Older tools ask for the alpha version.
        .add_service(reflection().build_v1().map_err(Error::Reflection)?)
        .add_service(reflection().build_v1alpha().map_err(Error::Reflection)?);

    let stopping = CancellationToken::new();
    let connections = incoming::connections(listener, transport, stopping.clone());
    let stopped = stopping.clone().cancelled_owned();
    let task = tokio::spawn(async move {
        if let Err(error) = router.serve_with_incoming_shutdown(connections, stopped).await {
            tracing::error!(cause = %error, "the dossier service ended");
        }
    });
    tracing::info!(%address, "dossier service listens");
    Ok(Running { address, stopping, health, task: Some(task) })
}

impl Running {
    /// Takes no more connections, lets calls under way finish for ten seconds, then ends.
    pub async fn stop(mut self) {
        self.health.set_not_serving::<DossierServiceServer<Service>>().await;
        self.health.set_not_serving::<CatalogueServiceServer<Service>>().await;
        self.health.set_not_serving::<DossierOfficeServiceServer<Service>>().await;
        self.stopping.cancel();
        if let Some(mut task) = self.task.take()
            && tokio::time::timeout(STOP_MAX, &mut task).await.is_err()
        {
            task.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

/// A call may take this long, unless its own deadline is nearer.
const CALL_MAX: Duration = Duration::from_secs(60);
/// Calls at the same time on one connection.
const STREAMS_MAX: u32 = 256;
const HEADER_BYTES_MAX: u32 = 16 << 10;
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);
const STOP_MAX: Duration = Duration::from_secs(10);
