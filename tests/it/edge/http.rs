//! The server over mutual TLS: versions, bounds of headers, bodies and time, panics, and how it stops.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use lienthong::http::body::{self, BodyError, Bounds, Room};
use lienthong::http::{ALPN, Handler, Limits, serve_within};
use lienthong::tls::Peer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::pki::Authority;
use crate::client::{Answer, Http, Identity, post, send};

/// Does what the path says; every body is read within [`BODY`].
struct Scripted {
    room: Room,
    holding: Notify,
    released: CancellationToken,
}

impl Handler for Scripted {
    async fn handle(&self, peer: Arc<Peer>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        let body = match body::read(&mut request.into_body(), BODY, &self.room).await {
            Ok(held) => held.bytes,
            Err(error) => return refusal(error),
        };
        match path.as_str() {
            "/who" => Response::new(Full::from(peer.certificate().subject.clone())),
            "/panic" => panic!("as the test wants it"),
            "/hold" => {
                self.holding.notify_one();
                self.released.cancelled().await;
                Response::new(Full::from("held"))
            }
            _ => Response::new(Full::from(body)),
        }
    }
}

fn get(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).expect("the request is well formed")
}

fn refusal(error: BodyError) -> Response<Full<Bytes>> {
    let status = match error {
        BodyError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::TimedOut => StatusCode::REQUEST_TIMEOUT,
        BodyError::Broken => StatusCode::BAD_REQUEST,
        BodyError::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut response = Response::new(Full::from(error.to_string()));
    *response.status_mut() = status;
    response
}

struct Server {
    url: String,
    client: Identity,
    handler: Arc<Scripted>,
    stopping: CancellationToken,
    task: JoinHandle<()>,
    _authority: Authority,
}

impl Server {
    async fn start(limits: Limits) -> Self {
        let authority = Authority::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("https://{}", listener.local_addr().expect("a bound socket has an address"));
        let handler =
            Scripted { room: Room::new(16 << 20), holding: Notify::new(), released: CancellationToken::new() };
        let (handler, stopping) = (Arc::new(handler), CancellationToken::new());
        let serving = serve_within(limits, listener, authority.acceptor(&ALPN), handler.clone(), stopping.clone());
        let pair = authority.pair("portal");
        let client = Identity { ca: authority.certificate(), pair: Some((pair.certificate, pair.key)) };
        Self { url, client, handler, stopping, task: tokio::spawn(serving), _authority: authority }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    async fn post(&self, http: Http, path: &str, body: Vec<u8>) -> Answer {
        send(&self.client, http, post(&self.url(path), "text/plain", body)).await.expect("an answer")
    }

    /// Writes these bytes over HTTP/1.1 and returns all that comes back until the server closes.
    async fn raw(&self, bytes: &[u8]) -> String {
        let url = self.url.parse().expect("a URL");
        let mut stream = self.client.connect(&url, b"http/1.1").await.expect("a connection");
        stream.write_all(bytes).await.expect("the bytes are taken");
        let mut answer = Vec::new();
        // A connection may end without a farewell.
        let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(ended.is_ok(), "the server does not close after {answer:?}");
        answer
    }
}

#[tokio::test]
async fn both_http_versions_are_served_and_know_their_peer() {
    let server = Server::start(Limits::default()).await;
    for http in [Http::One, Http::Two] {
        let answer = send(&server.client, http, get(&server.url("/who"))).await.expect("an answer");
        assert_eq!((answer.status, answer.text().as_str()), (200, "CN=portal"));
        let body = vec![b'a'; BODY.bytes_max];
        assert_eq!(server.post(http, "/", body.clone()).await.body, body, "a body at its limit");
    }
}

#[tokio::test]
async fn a_body_past_its_limit_is_refused_to_a_client_that_sends_all_of_it_first() {
    let server = Server::start(Limits::default()).await;
    for http in [Http::One, Http::Two] {
        for bytes in [BODY.bytes_max + 1, 8 * BODY.bytes_max] {
            assert_eq!(server.post(http, "/", vec![b'a'; bytes]).await.status, 413, "{http:?}, {bytes} bytes");
        }
    }
    // As simple clients do it: all is written before anything is read.
    let head =
        format!("POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", 8 * BODY.bytes_max);
    let answer = server.raw(&[head.into_bytes(), vec![b'a'; 8 * BODY.bytes_max]].concat()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    // Without a length, the bound is met on the way.
    let chunked =
        [b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n120000\r\n".to_vec(), vec![b'a'; 0x120000]];
    let answer = server.raw(&chunked.concat()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_body_that_does_not_come_to_its_end_times_out() {
    let server = Server::start(Limits::default()).await;
    let answer = server.raw(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n12345").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn a_header_that_does_not_come_to_its_end_ends_its_connection() {
    let limits = Limits { header_time_max: SHORT, ..Limits::default() };
    let server = Server::start(limits).await;
    let answer = server.raw(b"POST / HTTP/1.1\r\nhost: a\r\nx: ").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let answer = server.raw(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "an idle connection ends after its answer: {answer}");
}

#[tokio::test]
async fn too_many_or_too_long_headers_are_refused() {
    let server = Server::start(Limits::default()).await;
    let many: String = (0..200).map(|n| format!("x{n}: a\r\n")).collect();
    let long = format!("x: {}\r\n", "a".repeat(160 << 10));
    for headers in [many, long] {
        let answer = server.raw(format!("GET / HTTP/1.1\r\nhost: a\r\n{headers}\r\n").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        let mut request = get(&server.url("/"));
        request.headers_mut().insert("x", "a".repeat(160 << 10).parse().expect("a header value"));
        let answer = send(&server.client, Http::Two, request).await;
        assert!(answer.as_ref().map_or(true, |answer| answer.status == 431), "{answer:?}");
    }
}

#[tokio::test]
async fn an_answer_arrives_though_the_client_is_still_sending() {
    let server = Server::start(Limits::default()).await;
    let header = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "a".repeat(8 << 20));
    let answer = server.raw(header.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let server = Server::start(Limits::default()).await;
    for bytes in [&b"\x16\x03\x01 no HTTP\r\n\r\n"[..], b"GET / HTTP/1.1\r\nbad header\r\n\r\n"] {
        let answer = server.raw(bytes).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    // RFC 9112 6.1: a message of two lengths has two readings.
    let two = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab";
    assert!(server.raw(two).await.starts_with("HTTP/1.1 400 "));
}

#[tokio::test]
async fn a_panic_is_one_requests_and_nobody_elses() {
    let server = Server::start(Limits::default()).await;
    for http in [Http::One, Http::Two] {
        assert_eq!(server.post(http, "/panic", Vec::new()).await.status, 500);
        assert_eq!(server.post(http, "/", b"a".to_vec()).await.text(), "a");
    }
}

#[tokio::test]
async fn connections_past_the_limit_wait_for_a_place() {
    let server = Server::start(Limits { connections_max: 1, ..Limits::default() }).await;
    let url = server.url.parse().expect("a URL");
    let first = server.client.connect(&url, b"http/1.1").await.expect("a connection");
    let mut second = std::pin::pin!(server.post(Http::One, "/", b"a".to_vec()));
    assert!(tokio::time::timeout(SHORT, &mut second).await.is_err(), "the second did not wait");
    drop(first);
    assert_eq!(second.await.text(), "a");
}

#[tokio::test]
async fn a_stop_lets_requests_under_way_finish() {
    let server = Server::start(Limits::default()).await;
    let held = async {
        let (one, two) =
            tokio::join!(server.post(Http::One, "/hold", Vec::new()), server.post(Http::Two, "/hold", Vec::new()));
        assert_eq!((one.text(), two.text()), ("held".to_owned(), "held".to_owned()));
    };
    let stop = async {
        server.handler.holding.notified().await;
        server.handler.holding.notified().await;
        server.stopping.cancel();
        let url = server.url.parse().expect("a URL");
        while server.client.connect(&url, b"h2").await.is_ok() {}
        server.handler.released.cancel();
    };
    tokio::join!(held, stop);
    server.task.await.expect("the server ends");
}

#[tokio::test]
async fn a_stop_cuts_off_what_does_not_finish() {
    let server = Server::start(Limits { drain_time_max: SHORT, ..Limits::default() }).await;
    let held = send(&server.client, Http::One, get(&server.url("/hold")));
    let stop = async {
        server.handler.holding.notified().await;
        server.stopping.cancel();
    };
    let (answer, ()) = tokio::join!(held, stop);
    answer.expect_err("an answer came");
    server.task.await.expect("the server ends");
}

const BODY: Bounds = Bounds { bytes_max: 1 << 20, time_max: Duration::from_millis(300) };
/// A limit that is meant to be met.
const SHORT: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(10);
