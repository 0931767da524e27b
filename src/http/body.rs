//! A request's body, whole: bounded in bytes before it is held, and in time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Longer than allowed, by what it says of itself or by what came: 413.
    #[error("the body is larger than {bytes_max} bytes")]
    TooLarge {
        /// The bound.
        bytes_max: usize,
    },
    /// It did not come to its end in time: 408.
    #[error("the body did not arrive in time")]
    TimedOut,
    /// The client went away, or broke the framing.
    #[error("the body broke off")]
    Broken,
}

/// Reads a body of at most `bytes_max` bytes within `time_max`.
///
/// Memory is taken as bytes arrive, not by what Content-Length promises.
pub async fn read(body: Incoming, bytes_max: usize, time_max: Duration) -> Result<Bytes, BodyError> {
    let said = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if said > bytes_max {
        return Err(BodyError::TooLarge { bytes_max });
    }
    tokio::time::timeout(time_max, collect(body, bytes_max)).await.map_err(|_| BodyError::TimedOut)?
}

async fn collect(mut body: Incoming, bytes_max: usize) -> Result<Bytes, BodyError> {
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        // Trailers carry nothing that the gateway reads.
        let Ok(piece) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        let held = first.as_ref().map_or(0, Bytes::len) + rest.len();
        if held + piece.len() > bytes_max {
            return Err(BodyError::TooLarge { bytes_max });
        }
        match &first {
            // A body of one piece, as most are, is not copied.
            None => first = Some(piece),
            Some(start) => {
                if rest.is_empty() {
                    rest.extend_from_slice(start);
                    first = Some(Bytes::new());
                }
                rest.extend_from_slice(&piece);
            }
        }
    }
    if rest.is_empty() { Ok(first.unwrap_or_default()) } else { Ok(rest.freeze()) }
}
