//! Connections for the gRPC server: accepted, bounded in number, each shaken hands with on its own.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tonic::codegen::tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

use crate::tls::Acceptor;

/// How connections are protected.
#[derive(Debug, Clone)]
pub enum Transport {
    /// By mutual TLS.
    Tls(Acceptor),
    /// Not at all: for tests on one machine.
    Plain,
}

/// A connection ready for gRPC.
pub(super) struct Connection {
    stream: Pin<Box<dyn Duplex>>,
    // Counts the connection until it is dropped.
    _place: OwnedSemaphorePermit,
}

trait Duplex: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Duplex for T {}

/// The connections of a listener, until `stopping`.
///
/// A slow or failing handshake holds up nobody but its own connection.
pub(super) fn connections(
    listener: TcpListener,
    transport: Transport,
    stopping: CancellationToken,
) -> ReceiverStream<io::Result<Connection>> {
    let (ready, incoming) = mpsc::channel(1);
    tokio::spawn(async move {
        tokio::select! {
            () = stopping.cancelled() => {}
            () = accept(listener, transport, ready) => {}
        }
    });
    ReceiverStream::new(incoming)
}

async fn accept(listener: TcpListener, transport: Transport, ready: mpsc::Sender<io::Result<Connection>>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    while let Ok(place) = places.clone().acquire_owned().await {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, or a connection gone before it was taken: neither ends the service.
                tracing::warn!(cause = %error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (transport, ready) = (transport.clone(), ready.clone());
        tokio::spawn(async move {
            match tokio::time::timeout(HANDSHAKE_MAX, shake(stream, &transport)).await {
                // The receiver is gone when the service has stopped.
                Ok(Ok(stream)) => _ = ready.send(Ok(Connection { stream, _place: place })).await,
                Ok(Err(error)) => tracing::info!(cause = %error, "a handshake failed"),
                Err(_) => tracing::info!("a handshake took too long"),
            }
        });
    }
}

async fn shake(stream: TcpStream, transport: &Transport) -> io::Result<Pin<Box<dyn Duplex>>> {
    stream.set_nodelay(true)?;
    match transport {
        Transport::Tls(acceptor) => match acceptor.accept(stream).await {
            Ok((stream, _)) => Ok(Box::pin(stream)),
            Err(error) => Err(io::Error::other(error)),
        },
        Transport::Plain => Ok(Box::pin(stream)),
    }
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) -> Self::ConnectInfo {}
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream.as_mut().poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// Connections at the same time; more wait to be accepted.
const CONNECTIONS_MAX: usize = 1024;
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
