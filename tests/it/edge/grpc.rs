//! Calls to an internal service: what goes out, what comes back, and what happens when the service is not well.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use lienthong::grpc::{Address, Failure, Metadata, Raw, Upstream};
use lienthong::tls::Acceptor;
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tonic::{Code, Response, Status};

use super::pki::Authority;

/// A service that answers by what the message says, and remembers the metadata of the last call.
#[derive(Default)]
struct Service {
    metadata: Mutex<Metadata>,
}

impl Service {
    async fn answer(self: Arc<Self>, request: tonic::Request<Bytes>) -> Result<Response<Bytes>, Status> {
        *self.metadata.lock().expect("no test panics with the lock") = request.metadata().clone();
        match &request.get_ref()[..] {
            b"refuse" => Err(Status::with_details(Code::FailedPrecondition, "Hồ sơ đã rút", error_info())),
            b"broken details" => Err(Status::with_details(Code::NotFound, "no", Bytes::from_static(b"\xff"))),
            b"hang" => std::future::pending().await,
            b"large" => Ok(Response::new(Bytes::from(vec![0; BYTES_MAX + 1]))),
            _ => Ok(Response::new(request.into_inner())),
        }
    }
}

/// google.rpc.Status with an ErrorInfo after a detail of another kind, by hand.
fn error_info() -> Bytes {
    #[derive(Clone, PartialEq, Message)]
    struct Details {
        #[prost(message, repeated, tag = "3")]
        details: Vec<prost_types::Any>,
    }
    let any = |kind: &str, value: &[u8]| prost_types::Any {
        type_url: format!("type.googleapis.com/google.rpc.{kind}"),
        value: value.to_vec(),
    };
    // Field 1, eleven bytes: the reason.
    let details = vec![any("DebugInfo", b"\x0a\x00"), any("ErrorInfo", b"\x0a\x09WITHDRAWN")];
    Details { details }.encode_to_vec().into()
}

/// A running service; it and its connections end when this is dropped.
struct Running {
    address: SocketAddr,
    service: Arc<Service>,
    _tasks: JoinSet<()>,
}

impl Running {
    async fn start(acceptor: Acceptor, address: &str) -> Self {
        let listener = TcpListener::bind(address).await.expect("the port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let service = Arc::new(Service::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, acceptor, service.clone()));
        Self { address, service, _tasks: tasks }
    }
}

async fn serve(listener: TcpListener, acceptor: Acceptor, service: Arc<Service>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, service) = (acceptor.clone(), service.clone());
        connections.spawn(async move {
            let Ok((stream, _)) = acceptor.accept(stream).await else { return };
            let call = service_fn(move |request: Request<Incoming>| {
                let service = service.clone();
                let answer = tower::service_fn(move |request| service.clone().answer(request));
                async move { Ok::<_, std::convert::Infallible>(tonic::server::Grpc::new(Raw).unary(answer, request).await) }
            });
            // A connection that breaks is the caller's to notice.
            _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), call)
                .await;
        });
    }
}

fn upstream(authority: &Authority, address: SocketAddr) -> Upstream {
    let address = Address::parse(&format!("https://{address}"), Some("localhost")).expect("an address");
    Upstream::new(&address, &authority.connector(&["h2"]), 2, BYTES_MAX)
}

async fn call(upstream: &Upstream, message: &'static [u8]) -> Result<Bytes, Failure> {
    upstream.unary("/test.Service/Method", Bytes::from_static(message), Metadata::new(), DEADLINE).await
}

fn failure(code: Code, reason: &str, message: &str) -> Failure {
    Failure { status: code as i32, reason: reason.to_owned(), message: message.to_owned(), cause: String::new() }
}

#[tokio::test]
async fn bytes_and_metadata_go_through_and_the_deadline_with_them() {
    let authority = Authority::new();
    let running = Running::start(authority.acceptor(&["h2"]), "127.0.0.1:0").await;
    let upstream = upstream(&authority, running.address);
    let mut metadata = Metadata::new();
    metadata.insert("lienthong-member", "h56".parse().expect("a value"));
    metadata.insert_bin("lienthong-issue-bin", tonic::metadata::MetadataValue::from_bytes("số 1".as_bytes()));
    let message = Bytes::from(vec![7; BYTES_MAX]);
    let answer = upstream.unary("/test.Service/Method", message.clone(), metadata, DEADLINE).await;
    assert_eq!(answer, Ok(message), "a message at its limit");
    let seen = running.service.metadata.lock().expect("no test panics with the lock").clone();
    assert_eq!(seen.get("lienthong-member").expect("sent"), "h56");
    assert_eq!(&seen.get_bin("lienthong-issue-bin").expect("sent").to_bytes().expect("bytes")[..], "số 1".as_bytes());
    assert_eq!(seen.get("grpc-timeout").expect("sent"), "5000000u");
    assert_eq!(call(&upstream, b"").await, Ok(Bytes::new()), "a message of no fields");
}

#[tokio::test]
async fn many_calls_share_few_connections() {
    let authority = Authority::new();
    let running = Running::start(authority.acceptor(&["h2"]), "127.0.0.1:0").await;
    let upstream = upstream(&authority, running.address);
    let mut calls = JoinSet::new();
    for _ in 0..200 {
        let upstream = upstream.clone();
        calls.spawn(async move { call(&upstream, b"message").await });
    }
    for answer in calls.join_all().await {
        assert_eq!(answer, Ok(Bytes::from_static(b"message")));
    }
}

#[tokio::test]
async fn a_refusal_keeps_its_status_reason_and_text() {
    let authority = Authority::new();
    let running = Running::start(authority.acceptor(&["h2"]), "127.0.0.1:0").await;
    let upstream = upstream(&authority, running.address);
    let refused = call(&upstream, b"refuse").await;
    assert_eq!(refused, Err(failure(Code::FailedPrecondition, "WITHDRAWN", "Hồ sơ đã rút")));
    let refused = call(&upstream, b"broken details").await;
    assert_eq!(refused, Err(failure(Code::NotFound, "", "no")), "details that are none do not hide the status");
}

#[tokio::test]
async fn the_deadline_holds_when_the_service_does_not_keep_it() {
    let authority = Authority::new();
    let running = Running::start(authority.acceptor(&["h2"]), "127.0.0.1:0").await;
    let upstream = upstream(&authority, running.address);
    let message = Bytes::from_static(b"hang");
    let late = upstream.unary("/test.Service/Method", message, Metadata::new(), SHORT).await;
    assert_eq!(late.expect_err("an answer came").status, Code::DeadlineExceeded as i32);
    assert!(call(&upstream, b"next").await.is_ok(), "the next call is served");
}

#[tokio::test]
async fn an_answer_past_the_limit_is_not_held() {
    let authority = Authority::new();
    let running = Running::start(authority.acceptor(&["h2"]), "127.0.0.1:0").await;
    let upstream = upstream(&authority, running.address);
    assert_eq!(call(&upstream, b"large").await.expect_err("an answer came").status, Code::Internal as i32);
    assert!(call(&upstream, b"next").await.is_ok(), "the next call is served");
}

#[tokio::test]
async fn a_service_that_comes_back_is_reached_again() {
    let authority = Authority::new();
    let running = Running::start(authority.acceptor(&["h2"]), "127.0.0.1:0").await;
    let address = running.address;
    let upstream = upstream(&authority, address);
    for _ in 0..2 {
        assert!(call(&upstream, b"before").await.is_ok());
    }
    drop(running);
    for _ in 0..4 {
        let since = Instant::now();
        let lost = call(&upstream, b"without").await.expect_err("an answer came");
        assert_eq!(lost.status, Code::Unavailable as i32, "{lost}");
        assert!(since.elapsed() < DEADLINE, "told only when the deadline passed");
    }
    let _running = Running::start(authority.acceptor(&["h2"]), &address.to_string()).await;
    // Each of the connections may have its refusal still to tell.
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(call(&upstream, b"after").await.is_ok());
    }
    assert!(answers.ends_with(&[true, true]), "{answers:?}");
}

#[tokio::test]
async fn a_call_that_its_connection_loses_is_unavailable() {
    let authority = Authority::new();
    let running = Running::start(authority.acceptor(&["h2"]), "127.0.0.1:0").await;
    let upstream = upstream(&authority, running.address);
    let lost = tokio::spawn(async move { call(&upstream, b"hang").await });
    while running.service.metadata.lock().expect("no test panics with the lock").is_empty() {
        tokio::task::yield_now().await;
    }
    drop(running);
    let lost = lost.await.expect("no panic").expect_err("an answer came");
    assert_eq!(lost.status, Code::Unavailable as i32, "{lost}");
}

#[tokio::test]
async fn a_service_of_another_issuer_or_name_is_not_called() {
    let (authority, other) = (Authority::new(), Authority::new());
    let running = Running::start(other.acceptor(&["h2"]), "127.0.0.1:0").await;
    let foreign = call(&upstream(&authority, running.address), b"message").await.expect_err("an answer came");
    assert_eq!(foreign.status, Code::Unavailable as i32, "{foreign}");

    let running = Running::start(authority.acceptor(&["h2"]), "127.0.0.1:0").await;
    let address = Address::parse(&format!("https://{}", running.address), Some("elsewhere")).expect("an address");
    let upstream = Upstream::new(&address, &authority.connector(&["h2"]), 1, BYTES_MAX);
    let misnamed = call(&upstream, b"message").await.expect_err("an answer came");
    assert_eq!(misnamed.status, Code::Unavailable as i32, "{misnamed}");
    assert!(running.service.metadata.lock().expect("no test panics with the lock").is_empty());
}

#[test]
fn an_address_says_what_it_wants() {
    let check = |written: &str, expected: Result<(&str, u16, &str), &'static str>| {
        let expected = expected.map(|(host, port, name)| (host.to_owned(), port, name.to_owned()));
        let parsed = Address::parse(written, None).map(|address| (address.host, address.port, address.server_name));
        assert_eq!(parsed, expected, "{written}");
    };
    check("https://dossier.internal:7443", Ok(("dossier.internal", 7443, "dossier.internal")));
    check("https://[::1]:7443/", Ok(("::1", 7443, "::1")));
    check("http://dossier.internal:7443", Err("write https://host:port"));
    check("https://dossier.internal:7443/path", Err("write https://host:port"));
    check("https://dossier.internal", Err("name a port"));
    check("dossier.internal:7443", Err("write https://host:port"));
    check("https://under_score..:1", Err("name a server name that a certificate can carry"));
}

const BYTES_MAX: usize = 1 << 20;
const DEADLINE: Duration = Duration::from_secs(5);
/// A deadline that is meant to pass.
const SHORT: Duration = Duration::from_millis(300);
