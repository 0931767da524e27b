//! A close that the other end can read the answer through.
//!
//! A socket that is closed while bytes wait in it resets the connection, and the client's system then throws away an
//! answer that it has received but not yet handed over. A client that writes its whole request before it reads would
//! learn nothing of a refusal that came early (RFC 9112 §9.6). So the writing side is closed first, what still comes
//! is thrown away, and the rest is closed when the client is done or has had its time.
//!
//! `body::drain` does the same for a request whose body is refused, and keeps the connection. This is for what has no
//! body to drain: a header that is too long, or a client that is slower than `drain` waits.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// A stream whose shutdown lingers.
#[derive(Debug)]
pub(super) struct Linger<S> {
    stream: S,
    /// Since the writing side was closed.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<S> Linger<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, patience: None }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Linger<S> {
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.patience.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.patience = Some(Box::pin(tokio::time::sleep(TIME_MAX)));
        }
        let Self { stream, patience: Some(patience) } = &mut *self else { return Poll::Ready(Ok(())) };
        let mut thrown_away = [0; 16 << 10];
        // Time is asked for each piece: a client that never stops sending is not read for ever.
        while patience.as_mut().poll(cx).is_pending() {
            let mut piece = ReadBuf::new(&mut thrown_away);
            let read = ready!(Pin::new(&mut *stream).poll_read(cx, &mut piece));
            if read.is_err() || piece.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
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

impl<S: AsyncRead + Unpin> AsyncRead for Linger<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

/// How long a client may go on sending after its answer.
const TIME_MAX: Duration = Duration::from_secs(5);
