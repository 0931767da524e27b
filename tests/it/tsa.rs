//! A time-stamping authority on loopback: HTTP around `openssl ts` (RFC 3161 §3.4), which can be switched off and on.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use lienthong::clock::UnixMillis;
use lienthong::crypto::Digest;
use lienthong::pki::Trust;
use lienthong::problem::Problems;
use lienthong::tsp;
use tokio::net::{TcpListener, TcpStream};

use crate::authority::{Authority, Plan};

/// What the authority does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manner {
    /// Stamps.
    Stamp,
    /// Hangs up, on connections that it has too.
    Off,
    /// Answers with this status and no stamp.
    Refuse(u16),
    /// Answers with these bytes, as if they were a stamp: an old one, another's, none.
    Say(Bytes),
}

/// A serving authority; it ends with the test's runtime.
#[derive(Clone)]
pub struct Tsa {
    pub address: SocketAddr,
    state: Arc<State>,
}

struct State {
    authority: Authority,
    manner: Mutex<Manner>,
    /// Requests so far, those that were not answered too.
    requests: Mutex<Vec<Bytes>>,
}

impl Tsa {
    /// Serves on a free port; says aloud that it does not without `openssl`.
    pub async fn start(plan: &Plan) -> Option<Self> {
        let authority = Authority::found(plan)?;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state = State { authority, manner: Mutex::new(Manner::Stamp), requests: Mutex::default() };
        let tsa = Self { address, state: Arc::new(state) };
        tokio::spawn(serve(listener, tsa.state.clone()));
        Some(tsa)
    }

    /// Where requests are posted.
    pub fn url(&self) -> String {
        format!("http://{}/tsa", self.address)
    }

    /// Whom to trust, PEM.
    pub fn anchor(&self) -> PathBuf {
        self.state.authority.anchor()
    }

    /// What it does from now on.
    pub fn set(&self, manner: Manner) {
        *self.state.manner.lock().unwrap_or_else(PoisonError::into_inner) = manner;
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Bytes> {
        self.state.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    while let Ok((tcp, _)) = listener.accept().await {
        let state = state.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(state.clone(), request));
            // A connection that breaks is the caller's to notice.
            _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(tcp), service).await;
        });
    }
}

/// An error here ends the connection without an answer.
async fn answer(state: Arc<State>, request: http::Request<Incoming>) -> io::Result<http::Response<Full<Bytes>>> {
    let is_query = request.method() == http::Method::POST
        && request.headers().get("content-type").is_some_and(|kind| kind == "application/timestamp-query");
    let query = request.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    state.requests.lock().unwrap_or_else(PoisonError::into_inner).push(query.clone());
    let manner = state.manner.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let response = match manner {
        _ if !is_query => return Ok(reply(400, Bytes::new())),
        Manner::Off => return Err(io::Error::other("switched off")),
        Manner::Refuse(status) => return Ok(reply(status, Bytes::new())),
        Manner::Say(bytes) => bytes,
        Manner::Stamp => {
            let stamped = tokio::task::spawn_blocking(move || state.authority.reply(&query)).await;
            stamped.map_err(io::Error::other)?.into()
        }
    };
    Ok(reply(200, response))
}

fn reply(status: u16, body: Bytes) -> http::Response<Full<Bytes>> {
    let reply = http::Response::builder().status(status).header("content-type", "application/timestamp-reply");
    reply.body(Full::new(body)).expect("the response is well formed")
}

/// Posts a request over a connection of its own; `None` where nothing is answered.
async fn ask(tsa: &Tsa, request: Vec<u8>) -> Option<(u16, Bytes)> {
    let stream = TcpStream::connect(tsa.address).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    let request = http::Request::post("/tsa")
        .header("host", tsa.address.to_string())
        .header("content-type", "application/timestamp-query")
        .body(Full::new(Bytes::from(request)));
    let answer = sender.send_request(request.expect("the request is well formed")).await.ok()?;
    let status = answer.status().as_u16();
    Some((status, answer.into_body().collect().await.ok()?.to_bytes()))
}

#[tokio::test]
async fn a_stamp_comes_over_http_unless_the_authority_is_switched_off() {
    let Some(tsa) = Tsa::start(&Plan::default()).await else { return };
    assert!(tsa.url().ends_with("/tsa"));
    let mut problems = Problems::new();
    let trust = Trust::of_anchors(&[tsa.anchor()], UnixMillis(0), &mut problems).expect("a root");
    let digest = Digest::of(b"evidence");
    let ask = |nonce| ask(&tsa, tsp::request(digest, nonce));
    let (status, first) = ask(1).await.expect("it stamps");
    assert_eq!(status, 200);
    tsp::verify(&first, digest, Some(1), &trust).expect("a stamp");
    tsa.set(Manner::Off);
    assert_eq!(ask(2).await, None);
    tsa.set(Manner::Refuse(503));
    assert_eq!(ask(3).await, Some((503, Bytes::new())));
    tsa.set(Manner::Say(first.clone()));
    let (_, old) = ask(4).await.expect("it answers");
    assert_eq!(tsp::verify(&old, digest, Some(4), &trust), Err(tsp::Error::Nonce));
    tsa.set(Manner::Stamp);
    let (_, second) = ask(5).await.expect("it is on again");
    tsp::verify(&second, digest, Some(5), &trust).expect("a stamp");
    assert_eq!(tsa.requests().len(), 5);
}
