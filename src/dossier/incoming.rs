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

use super::admission::{Admission, Role};
use crate::tls::{self, Acceptor};

/// How connections are protected.
#[derive(Debug, Clone)]
pub enum Transport {
    /// Mutual TLS, and who may call as whom.
    Mutual {
        /// Shakes hands.
        acceptor: Acceptor,
        /// Roles by certificate.
        admission: Arc<Admission>,
    },
    /// Not at all: for tests of what lies behind.
    #[cfg(test)]
    Plain(Role),
}

/// A connection ready for gRPC.
pub(super) struct Connection {
    stream: Pin<Box<dyn Duplex>>,
    role: Role,
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
            match shake(stream, &transport).await {
                // The receiver is gone when the service has stopped.
                Ok((stream, role)) => _ = ready.send(Ok(Connection { stream, role, _place: place })).await,
                Err(error) => tracing::info!(cause = %error, "a connection was not made"),
            }
        });
    }
}

async fn shake(stream: TcpStream, transport: &Transport) -> Result<(Pin<Box<dyn Duplex>>, Role), tls::Error> {
    stream.set_nodelay(true).map_err(tls::Error::Connect)?;
    match transport {
        Transport::Mutual { acceptor, admission } => {
            let (stream, peer) = acceptor.accept(stream).await?;
            let role = admission.role(&peer);
            if role == Role::Stranger {
                let subject = &peer.certificate().subject;
                tracing::warn!(%subject, "a certificate that has no role has connected");
            }
            Ok((Box::pin(stream), role))
        }
        #[cfg(test)]
        Transport::Plain(role) => Ok((Box::pin(stream), *role)),
    }
}

impl Connected for Connection {
    type ConnectInfo = Role;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.role
    }
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
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
