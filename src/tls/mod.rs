//! Mutual TLS: acceptors, connectors and the peer they prove.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use crate::crypto::certificate::Certificate;
use crate::pki::{Identity, Trust};

/// Who is at the other end: made by a finished handshake only.
#[derive(Debug, Clone)]
pub struct Peer {
    certificate: Certificate,
}

impl Peer {
    /// The certificate that was shown, proven and chained to a trust anchor.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

/// Why a connection was not made. Nothing of it reaches the other end but a TLS alert.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The handshake failed: no certificate, a foreign one, no common version.
    #[error("the handshake failed")]
    Handshake(#[source] io::Error),
    /// It did not finish in time.
    #[error("the handshake took longer than {} s", HANDSHAKE_MAX.as_secs())]
    TimedOut,
    /// The client's certificate could not be read though it was accepted.
    #[error("the peer's certificate is not readable")]
    Certificate,
    /// No TCP connection.
    #[error("no connection")]
    Connect(#[source] io::Error),
}

/// What is wrong with keys and anchors that were readable one by one.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// rustls refused the combination.
    #[error("certificate and key cannot be used")]
    Identity(#[source] rustls::Error),
    /// No usable trust anchor.
    #[error("the trust anchors cannot be used")]
    Trust(#[source] rustls::server::VerifierBuilderError),
}

/// Accepts TLS connections whose client shows a certificate of a trusted issuer.
#[derive(Clone)]
pub struct Acceptor {
    tls: TlsAcceptor,
}

impl Acceptor {
    /// An acceptor for TLS 1.2 and 1.3. `alpn` is what is offered, the preferred first.
    ///
    /// Sessions are not resumed: a resumed one would carry a certificate that may have been revoked since.
    pub fn new(identity: &Identity, trust: &Trust, alpn: &[&str]) -> Result<Self, SetupError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(trust.anchors(), provider.clone())
            .build()
            .map_err(SetupError::Trust)?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(SetupError::Identity)?
            .with_client_cert_verifier(verifier)
            .with_single_cert(identity.chain(), identity.key())
            .map_err(SetupError::Identity)?;
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Self { tls: TlsAcceptor::from(Arc::new(config)) })
    }

    /// Shakes hands; the peer is proven when this returns.
    pub async fn accept(&self, stream: TcpStream) -> Result<(server::TlsStream<TcpStream>, Peer), Error> {
        let stream = tokio::time::timeout(HANDSHAKE_MAX, self.tls.accept(stream))
            .await
            .map_err(|_| Error::TimedOut)?
            .map_err(Error::Handshake)?;
        let leaf = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        let certificate = leaf.and_then(|leaf| Certificate::from_der(leaf)).ok_or(Error::Certificate)?;
        Ok((stream, Peer { certificate }))
    }
}

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acceptor")
    }
}

/// Opens TLS connections with a certificate of our own.
#[derive(Clone)]
pub struct Connector {
    tls: TlsConnector,
}

impl Connector {
    /// A connector for TLS 1.2 and 1.3 that trusts `trust` and shows `identity`.
    pub fn new(identity: &Identity, trust: &Trust, alpn: &[&str]) -> Result<Self, SetupError> {
        let roots = RootCertStore::clone(&trust.anchors());
        let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(SetupError::Identity)?
            .with_root_certificates(roots)
            .with_client_auth_cert(identity.chain(), identity.key())
            .map_err(SetupError::Identity)?;
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Connects to `host:port` and shakes hands with `name`.
    pub async fn connect(
        &self,
        host: &str,
        port: u16,
        name: ServerName<'static>,
    ) -> Result<client::TlsStream<TcpStream>, Error> {
        let connect = async {
            let stream = TcpStream::connect((host, port)).await.map_err(Error::Connect)?;
            stream.set_nodelay(true).map_err(Error::Connect)?;
            self.tls.connect(name, stream).await.map_err(Error::Handshake)
        };
        tokio::time::timeout(HANDSHAKE_MAX, connect).await.map_err(|_| Error::TimedOut)?
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}

/// A handshake takes a few round trips; one that takes longer holds a place that others need.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
