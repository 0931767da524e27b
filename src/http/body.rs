//! A request's body, whole: bounded in bytes before it is held, and in time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::sync::{Semaphore, SemaphorePermit};

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
    /// Too many large bodies are held already: 503.
    #[error("no room for the body")]
    NoRoom,
}

/// Memory that large bodies share. A body's first `FREE_BYTES` are not counted: connections and streams bound them.
#[derive(Debug)]
pub struct Room {
    kib: Semaphore,
}

/// A body, and its share of a [`Room`] until it is dropped.
#[derive(Debug)]
pub struct Held<'r> {
    /// The body.
    pub bytes: Bytes,
    _share: Option<SemaphorePermit<'r>>,
}

impl Held<'_> {
    /// The body alone; its room is given back.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }
}

impl From<Bytes> for Held<'_> {
    /// Bytes that are there already take no room.
    fn from(bytes: Bytes) -> Self {
        Self { bytes, _share: None }
    }
}

/// Bounds of one body.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Longest body, bytes.
    pub bytes_max: usize,
    /// How long it may take to arrive.
    pub time_max: Duration,
}

impl Room {
    /// Room for this many bytes.
    pub fn new(bytes: usize) -> Self {
        Self { kib: Semaphore::new((bytes / 1024).min(Semaphore::MAX_PERMITS)) }
    }

    /// Lets a body grow to `bytes`, of which its share covers some already.
    fn grow<'r>(&'r self, share: &mut Option<SemaphorePermit<'r>>, bytes: usize) -> Result<(), BodyError> {
        let held = share.as_ref().map_or(0, SemaphorePermit::num_permits);
        let needed = bytes.saturating_sub(FREE_BYTES).div_ceil(1024).saturating_sub(held);
        if needed == 0 {
            return Ok(());
        }
        let more = u32::try_from(needed).ok().and_then(|needed| self.kib.try_acquire_many(needed).ok());
        let more = more.ok_or(BodyError::NoRoom)?;
        match share {
            Some(share) => share.merge(more),
            None => *share = Some(more),
        }
        Ok(())
    }
}

/// Reads a body within its bounds and the room that is left.
///
/// Memory is taken as bytes arrive, not by what Content-Length promises.
pub async fn read<'r>(body: &mut Incoming, bounds: Bounds, room: &'r Room) -> Result<Held<'r>, BodyError> {
    let Bounds { bytes_max, time_max } = bounds;
    tokio::time::timeout(time_max, collect(body, bytes_max, room)).await.map_err(|_| BodyError::TimedOut)?
}

/// Takes what is left of a body and throws it away, within bounds.
///
/// An answer on HTTP/2 that comes while its request is still being sent is followed by a reset of the stream, and some
/// clients (curl 7.88) then forget the answer. On HTTP/1.1 the connection lingers instead.
pub async fn drain(body: &mut Incoming) {
    let throw_away = async {
        let mut bytes = 0;
        while let Some(Ok(frame)) = body.frame().await {
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if bytes > DRAIN_BYTES_MAX {
                break;
            }
        }
    };
    _ = tokio::time::timeout(DRAIN_TIME_MAX, throw_away).await;
}

async fn collect<'r>(body: &mut Incoming, bytes_max: usize, room: &'r Room) -> Result<Held<'r>, BodyError> {
    let said = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if said > bytes_max {
        return Err(BodyError::TooLarge { bytes_max });
    }
    let mut share = None;
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        // Trailers carry nothing that the gateway reads.
        let Ok(piece) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        let held = first.as_ref().map_or(0, Bytes::len) + rest.len();
        if held + piece.len() > bytes_max {
            return Err(BodyError::TooLarge { bytes_max });
        }
        room.grow(&mut share, held + piece.len())?;
        match &first {
            // A body of one piece, as most are, is not copied.
            None => first = Some(piece),
            Some(start) => {
                if rest.is_empty() {
                    rest.extend_from_slice(start);
                    first = Some(Bytes::new());
                }
                make_room(&mut rest, piece.len(), said);
                rest.extend_from_slice(&piece);
            }
        }
    }
    let bytes = if rest.is_empty() { first.unwrap_or_default() } else { rest.freeze() };
    Ok(Held { bytes, _share: share })
}

/// Room for one more piece. Once a quarter of what the body says of its length is there, all of it is reserved: from then
/// on nothing is moved, and who promises much has sent much.
fn make_room(held: &mut BytesMut, more: usize, said: usize) {
    let needed = held.len() + more;
    if needed > held.capacity() && needed <= said && needed >= said / 4 {
        held.reserve(said - held.len());
    }
}

/// Of each body, the bytes that take no room.
const FREE_BYTES: usize = 64 << 10;
/// Of a refused body, the bytes that are waited for.
const DRAIN_BYTES_MAX: usize = 128 << 20;
/// And how long.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_bodies_share_their_room_and_small_ones_need_none() {
        let room = Room::new(100 << 10);
        let (mut one, mut other, mut small) = (None, None, None);
        assert_eq!(room.grow(&mut small, FREE_BYTES), Ok(()));
        assert!(small.is_none());
        assert_eq!(room.grow(&mut one, FREE_BYTES + 1), Ok(()));
        assert_eq!(room.grow(&mut one, FREE_BYTES + (60 << 10)), Ok(()));
        assert_eq!(room.grow(&mut other, FREE_BYTES + (40 << 10)), Ok(()));
        assert_eq!(room.grow(&mut other, FREE_BYTES + (40 << 10) + 1), Err(BodyError::NoRoom));
        drop(one);
        assert_eq!(room.grow(&mut other, FREE_BYTES + (100 << 10)), Ok(()));
    }

    #[test]
    fn room_is_made_for_what_is_promised_once_a_quarter_of_it_is_there() {
        let said = 1 << 20;
        let mut held = BytesMut::new();
        let mut take = |bytes: usize| {
            make_room(&mut held, bytes, said);
            held.extend_from_slice(&vec![0; bytes]);
            (held.capacity(), held.as_ptr())
        };
        assert!(take(said / 4 - 1).0 < said);
        let (capacity, start) = take(1);
        assert!(capacity >= said);
        assert_eq!(take(said - said / 4).1, start, "nothing is moved");
        let mut unsaid = BytesMut::new();
        make_room(&mut unsaid, 100, 0);
        assert_eq!(unsaid.capacity(), 0);
    }
}
