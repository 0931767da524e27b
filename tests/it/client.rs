//! A SOAP client of the tests' own, so that the gateway is met by code it does not share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Who calls: a certificate and its key, or nobody; and whom the caller trusts.
#[derive(Debug, Clone)]
pub struct Identity {
    pub ca: PathBuf,
    pub pair: Option<(PathBuf, PathBuf)>,
}

/// How the call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Http {
    One,
    Two,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub body: Bytes,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Identity {
    fn config(&self, alpn: &[u8]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&self.ca) {
            roots.add(certificate).expect("the CA's certificate is readable");
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the default versions are supported")
            .with_root_certificates(roots);
        let mut config = match &self.pair {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let key = PrivateKeyDer::from_pem_file(key).expect("the key is readable");
                builder.with_client_auth_cert(certificates(certificate), key).expect("key and certificate fit")
            }
        };
        config.alpn_protocols = vec![alpn.to_vec()];
        Arc::new(config)
    }

    /// Opens a connection: for those who want to write bytes by hand.
    pub async fn connect(&self, url: &http::Uri, alpn: &[u8]) -> std::io::Result<TlsStream<TcpStream>> {
        let host = url.host().expect("the address names a host").to_owned();
        let port = url.port_u16().expect("the address names a port");
        let tcp = TcpStream::connect((host.as_str(), port)).await?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from(host).expect("the host is a name or an address");
        TlsConnector::from(self.config(alpn)).connect(name, tcp).await
    }
}

/// Sends one request and reads the answer, within `PATIENCE`.
pub async fn send(identity: &Identity, http: Http, request: http::Request<Bytes>) -> Result<Answer, String> {
    tokio::time::timeout(PATIENCE, exchange(identity, http, request))
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {PATIENCE:?}")))
}

/// A POST of a SOAP message.
pub fn post(url: &str, content_type: &str, body: impl Into<Bytes>) -> http::Request<Bytes> {
    http::Request::post(url)
        .header("content-type", content_type)
        .header("soapaction", "\"\"")
        .body(body.into())
        .expect("the request is well formed")
}

async fn exchange(identity: &Identity, http: Http, request: http::Request<Bytes>) -> Result<Answer, String> {
    Open::to(identity, http, request.uri()).await?.send(request).await
}

/// A connection that stays open between requests.
pub enum Open {
    One(hyper::client::conn::http1::SendRequest<Full<Bytes>>),
    Two(hyper::client::conn::http2::SendRequest<Full<Bytes>>),
}

impl Open {
    /// Connects to the host of an address.
    pub async fn to(identity: &Identity, http: Http, url: &http::Uri) -> Result<Self, String> {
        let alpn: &[u8] = if http == Http::Two { b"h2" } else { b"http/1.1" };
        let stream = identity.connect(url, alpn).await.map_err(|error| format!("connection: {error}"))?;
        let io = TokioIo::new(stream);
        let failed = |error: hyper::Error| format!("handshake: {error}");
        Ok(match http {
            Http::One => {
                let (sender, connection) = hyper::client::conn::http1::handshake(io).await.map_err(failed)?;
                tokio::spawn(connection);
                Self::One(sender)
            }
            Http::Two => {
                let executor = TokioExecutor::new();
                let (sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.map_err(failed)?;
                tokio::spawn(connection);
                Self::Two(sender)
            }
        })
    }

    /// One request and its answer.
    pub async fn send(&mut self, mut request: http::Request<Bytes>) -> Result<Answer, String> {
        let url = request.uri().clone();
        let answer = match self {
            Self::One(sender) => {
                let host = url.authority().expect("the address names a host").as_str().to_owned();
                request.headers_mut().insert("host", host.parse().expect("a host is a header value"));
                let path = url.path_and_query().expect("a path").as_str();
                *request.uri_mut() = path.parse().expect("a path is a target");
                sender.send_request(request.map(Full::new)).await
            }
            Self::Two(sender) => sender.send_request(request.map(Full::new)).await,
        };
        let (parts, body) = answer.map_err(|error| format!("exchange: {error:?}"))?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|error| format!("body: {error}"))?;
        let content_type = parts.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(Answer { status: parts.status.as_u16(), content_type: content_type.to_owned(), body: body.to_bytes() })
    }
}

/// What `/metrics` of an operator's address says.
pub async fn metrics(address: &str) -> String {
    let stream = TcpStream::connect(address).await.expect("the operator's pages are served");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a connection");
    tokio::spawn(connection);
    let request = http::Request::get("/metrics").header("host", address).body(Full::new(Bytes::new()));
    let answer = sender.send_request(request.expect("the request is well formed")).await.expect("an answer");
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    String::from_utf8_lossy(&body).into_owned()
}

fn certificates(file: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Longer than any deadline the gateway is configured with in these tests.
const PATIENCE: Duration = Duration::from_secs(60);
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A GET.
pub fn get(url: &str) -> http::Request<Bytes> {
    http::Request::get(url).body(Bytes::new()).expect("the request is well formed")
}
