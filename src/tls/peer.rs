//! Who is at the other end of an accepted connection, for as long as that is true.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use arc_swap::ArcSwap;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server;

use super::{Accepting, Error};
use crate::clock::{Clock, UnixMillis};
use crate::crypto::certificate::Certificate;
use crate::pki::{Generation, Untrusted, Usage};

/// Who is at the other end: made by a finished handshake only.
#[derive(Debug, Clone)]
pub struct Peer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    certificate: Certificate,
    chain: Vec<CertificateDer<'static>>,
    current: Arc<ArcSwap<Accepting>>,
    /// By which trust it was judged last, and until when that holds.
    verdict: Mutex<(Generation, UnixMillis)>,
}

impl Peer {
    /// Judges a chain (leaf first) whose key was proven, by the trust of now. The handshake may have been judged by an
    /// earlier one, or, where a session was resumed, not at all.
    pub(super) fn prove(chain: Vec<CertificateDer<'static>>, current: Arc<ArcSwap<Accepting>>) -> Result<Self, Error> {
        let certificate = chain.first().and_then(|leaf| Certificate::from_der(leaf)).ok_or(Error::Certificate)?;
        let trust = &current.load().trust;
        let until = trust.trusted_until(&chain, Usage::ClientAuth, Clock::System.now()).map_err(Error::Untrusted)?;
        let verdict = Mutex::new((trust.generation(), until));
        Ok(Self { shared: Arc::new(Shared { certificate, chain, verdict, current: current.clone() }) })
    }

    /// The certificate that was shown, proven and chained to a trust anchor.
    pub fn certificate(&self) -> &Certificate {
        &self.shared.certificate
    }

    /// Whether it is still trusted: judged anew when anchors or lists were replaced, or a date has passed; else the
    /// cost of looking at a clock.
    pub fn check(&self) -> Result<(), Untrusted> {
        let Shared { chain, current, verdict, .. } = &*self.shared;
        let now = Clock::System.now();
        let trust = &current.load().trust;
        let mut verdict = verdict.lock().unwrap_or_else(PoisonError::into_inner);
        let (generation, until) = *verdict;
        if generation != trust.generation() || now >= until {
            *verdict = (trust.generation(), trust.trusted_until(chain, Usage::ClientAuth, now)?);
        }
        Ok(())
    }
}

/// An accepted connection. It reads nothing more once its peer is no longer trusted.
///
/// A read then fails, which ends the connection: HTTP/1.1 and HTTP/2 alike. What the peer sees is a connection that is
/// closed without an answer to what it sent after the reload, and on its next connection a TLS alert. Answers to
/// requests that had arrived before are still written on HTTP/1.1; on HTTP/2 its requests under way end with the
/// connection as soon as it sends another byte.
#[derive(Debug)]
pub struct Stream {
    stream: server::TlsStream<TcpStream>,
    peer: Peer,
    is_refused: bool,
}

impl Stream {
    pub(super) fn new(stream: server::TlsStream<TcpStream>, peer: Peer) -> Self {
        Self { stream, peer, is_refused: false }
    }

    /// What ALPN chose; `None` where the client offered nothing.
    pub fn alpn(&self) -> Option<&[u8]> {
        self.stream.get_ref().1.alpn_protocol()
    }

    fn check(&mut self) -> io::Result<()> {
        self.peer.check().map_err(|error| {
            if !self.is_refused {
                let subject = &self.peer.certificate().subject;
                tracing::warn!(%subject, error = %error, "a live connection is closed: its peer is no longer trusted");
            }
            self.is_refused = true;
            io::Error::new(io::ErrorKind::PermissionDenied, error)
        })
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
