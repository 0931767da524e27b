//! A gRPC service of the tests' own, by hand over HTTP/2: it answers bytes and knows no message.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use lienthong::sandbox::layout::{Layout, Pair};

/// What the service does with a call.
#[derive(Debug, Clone)]
pub enum Manner {
    /// Answers with the request's own bytes.
    Echo,
    /// Answers with these bytes.
    Answer(Bytes),
    /// Answers with this gRPC status and message.
    Refuse(u16, &'static str),
    /// Takes this long, then echoes.
    Slow(Duration),
}

/// A serving upstream.
#[derive(Debug, Clone)]
pub struct Upstream {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    manner: Manner,
    calls: Vec<(String, Bytes)>,
    metadata: Vec<http::HeaderMap>,
}

impl Upstream {
    /// Serves on a free port with the sandbox's keys of the dossier service.
    pub async fn start(layout: &Layout, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state = Arc::new(Mutex::new(State { manner, calls: Vec::new(), metadata: Vec::new() }));
        let acceptor = acceptor(layout);
        tokio::spawn(serve(listener, acceptor, state.clone()));
        Self { address, state }
    }

    /// What it does from now on.
    pub fn set(&self, manner: Manner) {
        self.state.lock().expect("no test panics with the lock").manner = manner;
    }

    /// The calls so far: path and message bytes.
    pub fn calls(&self) -> Vec<(String, Bytes)> {
        self.state.lock().expect("no test panics with the lock").calls.clone()
    }

    /// What came beside the calls' messages so far.
    pub fn metadata(&self) -> Vec<http::HeaderMap> {
        self.state.lock().expect("no test panics with the lock").metadata.clone()
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, state: Arc<Mutex<State>>) {
    while let Ok((tcp, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        let state = state.clone();
        tokio::spawn(async move {
            let Ok(tls) = acceptor.accept(tcp).await else { return };
            let service = service_fn(move |request| answer(state.clone(), request));
            // A connection that breaks is the caller's to notice.
            let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(tls), service)
                .await;
        });
    }
}

type Reply = http::Response<BoxBody<Bytes, Infallible>>;

async fn answer(state: Arc<Mutex<State>>, request: http::Request<Incoming>) -> Result<Reply, hyper::Error> {
    let path = request.uri().path().to_owned();
    let metadata = request.headers().clone();
    let framed = request.into_body().collect().await?.to_bytes();
    let message = framed.slice(FRAME_HEADER_BYTES..);
    let manner = {
        let mut state = state.lock().expect("no test panics with the lock");
        state.calls.push((path, message.clone()));
        state.metadata.push(metadata);
        state.manner.clone()
    };
    Ok(match manner {
        Manner::Echo => reply(&message),
        Manner::Answer(bytes) => reply(&bytes),
        Manner::Refuse(status, text) => refusal(status, text),
        Manner::Slow(pause) => {
            tokio::time::sleep(pause).await;
            reply(&message)
        }
    })
}

/// One message and the trailers of success (gRPC over HTTP/2, "Responses").
fn reply(message: &[u8]) -> Reply {
    let mut framed = BytesMut::with_capacity(message.len() + FRAME_HEADER_BYTES);
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).expect("test messages are small"));
    framed.put_slice(message);
    let mut trailers = http::HeaderMap::new();
    trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
    let body = Full::new(framed.freeze()).with_trailers(async { Some(Ok(trailers)) });
    http::Response::builder()
        .header("content-type", "application/grpc")
        .body(body.boxed())
        .expect("the response is well formed")
}

/// Trailers only.
fn refusal(status: u16, text: &str) -> Reply {
    http::Response::builder()
        .header("content-type", "application/grpc")
        .header("grpc-status", status)
        .header("grpc-message", text)
        .body(Full::new(Bytes::new()).boxed())
        .expect("the response is well formed")
}

fn acceptor(layout: &Layout) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(layout.ca()).expect("the CA is readable") {
        roots.add(certificate.expect("the CA is a certificate")).expect("the CA is a trust anchor");
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .expect("a verifier of one root can be built");
    let Pair { certificate, key } = layout.pair("dossier-service");
    let chain: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(certificate).expect("the certificate is readable").collect();
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the default versions are supported")
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            chain.expect("the chain is PEM"),
            PrivateKeyDer::from_pem_file(key).expect("the key is readable"),
        )
        .expect("key and certificate fit");
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

/// Compressed flag and length before each message.
const FRAME_HEADER_BYTES: usize = 5;
