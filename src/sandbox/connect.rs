//! Connections with mutual TLS as a portal or an officer's program opens them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};

use super::error::Error;
use super::layout::{Layout, Pair};

/// Whose certificate is shown, and whom the caller trusts.
#[derive(Debug, Clone)]
pub struct Identity {
    tls: Arc<ClientConfig>,
}

impl Identity {
    /// Reads the pair that is shown and the anchors that are trusted; `alpn` is what is offered.
    pub fn read(pair: &Pair, ca: &Path, alpn: &[&str]) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(ca)? {
            roots.add(certificate).map_err(|source| Error::at(ca)(std::io::Error::other(source)))?;
        }
        let key = PrivateKeyDer::from_pem_file(&pair.key).map_err(|source| pem(&pair.key, source))?;
        let chain = certificates(&pair.certificate)?;
        let mut tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_root_certificates(roots).with_client_auth_cert(chain, key))
            .map_err(|source| Error::at(&pair.certificate)(std::io::Error::other(source)))?;
        tls.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Self { tls: Arc::new(tls) })
    }

    /// Opens a connection to an `https` address.
    pub async fn connect(&self, address: &http::Uri) -> Result<TlsStream<TcpStream>, Error> {
        let wrong = || Error::Address { address: address.to_string() };
        let host = address.host().ok_or_else(wrong)?.trim_matches(['[', ']']).to_owned();
        let port = address.port_u16().unwrap_or(443);
        let name = ServerName::try_from(host.clone()).map_err(|_| wrong())?;
        let opened = async {
            let tcp = TcpStream::connect((host.as_str(), port)).await?;
            tcp.set_nodelay(true)?;
            TlsConnector::from(self.tls.clone()).connect(name, tcp).await
        };
        let failed =
            |source: Box<dyn std::error::Error + Send + Sync>| Error::Exchange { address: address.to_string(), source };
        match tokio::time::timeout(CONNECT_TIME_MAX, opened).await {
            Ok(result) => result.map_err(|source| failed(source.into())),
            Err(elapsed) => Err(failed(elapsed.into())),
        }
    }
}

/// A gRPC channel to the dossier service with the internal client's certificate.
pub async fn channel(address: &str, layout: &Layout) -> Result<Channel, Error> {
    let identity = Identity::read(&layout.pair("internal-client"), &layout.ca(), &["h2"])?;
    let endpoint = Endpoint::from_shared(address.to_owned())
        .map_err(|_| Error::Address { address: address.to_owned() })?
        .timeout(CALL_TIME_MAX);
    let connector = tower::service_fn(move |address: http::Uri| {
        let identity = identity.clone();
        async move { identity.connect(&address).await.map(TokioIo::new) }
    });
    let failed =
        |source: tonic::transport::Error| Error::Exchange { address: address.to_owned(), source: Box::new(source) };
    endpoint.connect_with_connector(connector).await.map_err(failed)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    CertificateDer::pem_file_iter(file).and_then(Iterator::collect).map_err(|source| pem(file, source))
}

fn pem(file: &Path, source: rustls::pki_types::pem::Error) -> Error {
    Error::at(file)(std::io::Error::other(source))
}

const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
const CALL_TIME_MAX: Duration = Duration::from_secs(60);
