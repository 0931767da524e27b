//! HTTP/1.1 and HTTP/2 server over mutual TLS: the only reader of request bodies.
//!
//! Bounded in every direction: connections, streams, header bytes, body bytes, and time for each. A slow or broken
//! client holds up nobody but itself.

pub mod body;
mod linger;

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::linger::Linger;
use crate::tls::{Acceptor, Peer};

/// Answers requests of proven peers.
pub trait Handler: Send + Sync + 'static {
    /// One request, one answer. The answer is complete before anything of it is sent.
    fn handle(&self, peer: Arc<Peer>, request: Request<Incoming>)
    -> impl Future<Output = Response<Full<Bytes>>> + Send;
}

/// What ALPN should offer for [`serve`]. Old clients say HTTP/1.0; who says nothing gets HTTP/1.
pub const ALPN: [&str; 3] = ["h2", "http/1.1", "http/1.0"];

/// Bounds of a server's connections.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at the same time; more wait to be accepted.
    pub connections_max: usize,
    /// From the start of an HTTP/1.1 connection, or the end of its last answer, to the end of the next header: an idle
    /// connection ends with it too.
    pub header_time_max: Duration,
    /// How long requests under way may take to finish when the server stops.
    pub drain_time_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 4096,
            header_time_max: Duration::from_secs(30),
            drain_time_max: Duration::from_secs(10),
        }
    }
}

/// [`serve_within`] the default limits.
pub async fn serve<H: Handler>(
    listener: TcpListener,
    acceptor: Acceptor,
    handler: Arc<H>,
    stopping: CancellationToken,
) {
    serve_within(Limits::default(), listener, acceptor, handler, stopping).await;
}

/// Accepts and serves connections until `stopping`; then lets requests under way finish, and cuts off those that take
/// longer than `limits` allow. No connection is left when this returns.
pub async fn serve_within<H: Handler>(
    limits: Limits,
    listener: TcpListener,
    acceptor: Acceptor,
    handler: Arc<H>,
    stopping: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let graceful = GracefulShutdown::new();
    let cut_off = CancellationToken::new();
    let connections = TaskTracker::new();
    while let Some((stream, place)) = next(&listener, &places, &stopping).await {
        let (acceptor, handler, stopping) = (acceptor.clone(), handler.clone(), stopping.clone());
        let cut_off = cut_off.clone();
        let watcher = graceful.watcher();
        connections.spawn(async move {
            let handshake = acceptor.accept(stream);
            let (stream, peer) = tokio::select! {
                accepted = handshake => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        let cause = std::error::Error::source(&error).map(ToString::to_string);
                        tracing::info!(error = %error, cause, "connection refused");
                        return;
                    }
                },
                () = stopping.cancelled() => return,
            };
            let h2 = stream.alpn() == Some(b"h2");
            let peer = Arc::new(peer);
            let service = service_fn(move |request| answer(handler.clone(), peer.clone(), request));
            let builder = builder(&limits);
            let builder = if h2 { builder.http2_only() } else { builder.http1_only() };
            let connection = builder.serve_connection(TokioIo::new(Linger::new(stream)), service);
            tokio::select! {
                ended = watcher.watch(connection) => {
                    if let Err(error) = ended {
                        tracing::debug!(error = %error, "connection ended");
                    }
                }
                () = cut_off.cancelled() => tracing::warn!("a request under way was cut off"),
            }
            drop(place);
        });
    }
    // Whoever connects now is told at once that nobody listens.
    drop(listener);
    connections.close();
    let drained = async {
        graceful.shutdown().await;
        connections.wait().await;
    };
    if tokio::time::timeout(limits.drain_time_max, drained).await.is_err() {
        cut_off.cancel();
        connections.wait().await;
    }
}

/// The next connection and its place; `None` when it is time to stop.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    stopping: &CancellationToken,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    loop {
        let accepted = tokio::select! {
            accepted = async {
                let place = places.clone().acquire_owned().await.expect("the semaphore is never closed");
                (listener.accept().await, place)
            } => accepted,
            () = stopping.cancelled() => return None,
        };
        match accepted {
            (Ok((stream, _)), place) => {
                _ = stream.set_nodelay(true);
                return Some((stream, place));
            }
            (Err(error), _) => {
                // Out of descriptors, or a connection gone before it was taken: neither ends the service.
                tracing::warn!(error = %error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.header_time_max).max_buf_size(HEADER_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(4 * WINDOW_BYTES)
        .max_header_list_size(HEADER_BYTES_MAX as u32)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_MAX);
    builder
}

/// A handler that panics answers 500; its connection and everyone else's live on.
async fn answer<H: Handler>(
    handler: Arc<H>,
    peer: Arc<Peer>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut handling = pin!(handler.handle(peer, request));
    let answer = std::future::poll_fn(|context| {
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| handling.as_mut().poll(context)));
        polled.unwrap_or_else(|_| {
            tracing::error!("a request made the gateway panic");
            let mut answer = Response::new(Full::new(Bytes::from_static(b"internal error\n")));
            *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            Poll::Ready(answer)
        })
    });
    Ok(answer.await)
}

/// Requests under way on one HTTP/2 connection.
const STREAMS_MAX: u32 = 64;
const HEADER_BYTES_MAX: usize = 64 << 10;
const WINDOW_BYTES: u32 = 1 << 20;
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_MAX: Duration = Duration::from_secs(10);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
