//! Connections with mutual TLS as a portal or an officer's program opens them.

use std::path::Path;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};

use super::error::Error;
use super::layout::{Layout, Pair};
use crate::clock::Clock;
use crate::pki::{Identity, Trust};
use crate::problem::Problems;
use crate::tls::Connector;

/// A connector that shows `pair` and trusts `ca`; `alpn` is what is offered, the preferred first.
pub fn connector(pair: &Pair, ca: &Path, alpn: &[&str]) -> Result<Connector, Error> {
    let mut problems = Problems::new();
    let identity = Identity::load(&pair.certificate, &pair.key, Clock::System.now(), &mut problems);
    let trust = Trust::of_anchors(&[ca], Clock::System.now(), &mut problems);
    let (Some(identity), Some(trust)) = (identity, trust) else { return Err(Error::Problems(problems)) };
    Connector::new(&identity, &trust, alpn)
        .map_err(|source| Error::at(&pair.certificate)(std::io::Error::other(source)))
}

/// Opens a connection to an `https` address.
pub async fn connect(connector: &Connector, address: &http::Uri) -> Result<TlsStream<TcpStream>, Error> {
    let wrong = || Error::Address { address: address.to_string() };
    let host = address.host().ok_or_else(wrong)?.trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(host.clone()).map_err(|_| wrong())?;
    let port = address.port_u16().unwrap_or(HTTPS_PORT);
    let failed = |source: crate::tls::Error| Error::Exchange { address: address.to_string(), source: source.into() };
    connector.connect(&host, port, name).await.map_err(failed)
}

/// A gRPC channel to the dossier service with the internal client's certificate.
pub async fn channel(address: &str, layout: &Layout) -> Result<Channel, Error> {
    let connector = connector(&layout.pair("internal-client"), &layout.ca(), &["h2"])?;
    let endpoint = Endpoint::from_shared(address.to_owned())
        .map_err(|_| Error::Address { address: address.to_owned() })?
        .timeout(CALL_TIME_MAX);
    let connector = tower::service_fn(move |address: http::Uri| {
        let connector = connector.clone();
        async move { connect(&connector, &address).await.map(TokioIo::new) }
    });
    let failed =
        |source: tonic::transport::Error| Error::Exchange { address: address.to_owned(), source: source.into() };
    endpoint.connect_with_connector(connector).await.map_err(failed)
}

const HTTPS_PORT: u16 = 443;
const CALL_TIME_MAX: Duration = Duration::from_secs(60);
