//! Mutual TLS: acceptors, connectors and the peer they prove.
//!
//! * TLS 1.2 and 1.3, by aws-lc-rs. Suites have forward secrecy and authenticated encryption, all of them ([`suites`]).
//! * Certificates, keys, anchors and lists are replaced while connections live ([`Acceptor::replace_with`]). A new
//!   connection is made by the new ones. A live one is judged by them before it reads its next byte ([`Stream`]).
//! * Sessions are resumed, from a memory of the server's own that a replacement starts afresh; and a resumed peer's
//!   chain is judged as any other. So no session outlives a revocation. There is no early data.

mod peer;
mod verify;

use std::io;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::ServerName;
use rustls::server::ServerSessionMemoryCache;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, ServerConfig, SupportedCipherSuite};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, client};

use self::verify::Verifier;
use crate::pki::{Identity, Trust, Untrusted};
pub use peer::{Peer, Stream};

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
    /// The client's certificate is not trusted any more, though its session was or its handshake began while it was.
    #[error("the peer is no longer trusted")]
    Untrusted(#[source] Untrusted),
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
}

/// Accepts TLS connections whose client shows a certificate of a trusted issuer. Clones share what
/// [`Self::replace_with`] replaces.
#[derive(Clone)]
pub struct Acceptor {
    current: Arc<ArcSwap<Accepting>>,
}

/// What connections are accepted by, until it is replaced.
struct Accepting {
    tls: TlsAcceptor,
    trust: Trust,
}

impl Acceptor {
    /// An acceptor for TLS 1.2 and 1.3. `alpn` is what is offered, the preferred first.
    pub fn new(identity: &Identity, trust: &Trust, alpn: &[&str]) -> Result<Self, SetupError> {
        let mut config = ServerConfig::builder_with_provider(provider().clone())
            .with_safe_default_protocol_versions()
            .map_err(SetupError::Identity)?
            .with_client_cert_verifier(Arc::new(Verifier::of(trust)))
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(identity.certified())));
        config.session_storage = ServerSessionMemoryCache::new(SESSIONS_MAX);
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let accepting = Accepting { tls: TlsAcceptor::from(Arc::new(config)), trust: trust.clone() };
        Ok(Self { current: Arc::new(ArcSwap::from_pointee(accepting)) })
    }

    /// Accepts as `fresh` does from now on, and judges live connections by its trust. Sessions of before end.
    pub fn replace_with(&self, fresh: &Self) {
        self.current.store(fresh.current.load_full());
    }

    /// Shakes hands; the peer is proven when this returns.
    pub async fn accept(&self, stream: TcpStream) -> Result<(Stream, Peer), Error> {
        let accepting = self.current.load_full();
        let stream = tokio::time::timeout(HANDSHAKE_MAX, accepting.tls.accept(stream))
            .await
            .map_err(|_| Error::TimedOut)?
            .map_err(Error::Handshake)?;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default().to_vec();
        let peer = Peer::prove(chain, self.current.clone())?;
        Ok((Stream::new(stream, peer.clone()), peer))
    }
}

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acceptor")
    }
}

impl std::fmt::Debug for Accepting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Accepting")
    }
}

/// Opens TLS connections with a certificate of our own. Clones share what [`Self::replace_with`] replaces.
#[derive(Clone)]
pub struct Connector {
    current: Arc<ArcSwap<ClientConfig>>,
}

impl Connector {
    /// A connector for TLS 1.2 and 1.3 that trusts `trust` and shows `identity`.
    pub fn new(identity: &Identity, trust: &Trust, alpn: &[&str]) -> Result<Self, SetupError> {
        let mut config = ClientConfig::builder_with_provider(provider().clone())
            .with_safe_default_protocol_versions()
            .map_err(SetupError::Identity)?
            // "Dangerous" is what rustls calls a verifier that is not its own. This one asks the same questions of the
            // same library, and the revocation lists as well.
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier::of(trust)))
            .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity.certified())));
        // A client that resumes does not look at the server's certificate again. Connections to services are few and long.
        config.resumption = Resumption::disabled();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Self { current: Arc::new(ArcSwap::from_pointee(config)) })
    }

    /// Makes connections as `fresh` does from now on. Those that live go on.
    pub fn replace_with(&self, fresh: &Self) {
        self.current.store(fresh.current.load_full());
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
            TlsConnector::from(self.current.load_full()).connect(name, stream).await.map_err(Error::Handshake)
        };
        tokio::time::timeout(HANDSHAKE_MAX, connect).await.map_err(|_| Error::TimedOut)?
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}

/// The cipher suites that are spoken, the preferred first: ephemeral (EC)DH key exchange and an AEAD in each, so that a
/// key that is stolen tomorrow reads nothing of today.
pub fn suites() -> &'static [SupportedCipherSuite] {
    &provider().cipher_suites
}

fn provider() -> &'static Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        use aws_lc_rs::cipher_suite::{
            TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
            TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384, TLS13_CHACHA20_POLY1305_SHA256,
        };
        // Written out, so that a new version of the library does not add one unseen.
        let cipher_suites = vec![
            TLS13_AES_256_GCM_SHA384,
            TLS13_AES_128_GCM_SHA256,
            TLS13_CHACHA20_POLY1305_SHA256,
            TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ];
        Arc::new(CryptoProvider { cipher_suites, ..aws_lc_rs::default_provider() })
    });
    &PROVIDER
}

/// A handshake takes a few round trips; one that takes longer holds a place that others need.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// Sessions that may be resumed, some 2 KiB each; the oldest go first.
const SESSIONS_MAX: usize = 4096;
