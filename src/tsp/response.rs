//! The envelope of a response: the authority's status, and the token where it grants one (RFC 3161 §2.4.2).

use super::der::{BIT_STRING, Reader, SEQUENCE, UTF8_STRING};
use super::error::{Error, Failure, Refusal, Status};

/// The token of a `TimeStampResp`, DER.
pub(super) fn token(response: &[u8]) -> Result<&[u8], Error> {
    let mut outside = Reader::of(response, "the TimeStampResp");
    let mut parts = outside.enter(SEQUENCE, "the TimeStampResp")?;
    outside.end()?;
    let mut status = parts.enter(SEQUENCE, "the PKIStatusInfo")?;
    granted(&mut status)?;
    let token = parts.any()?.raw;
    parts.end()?;
    Ok(token)
}

/// Reads a `PKIStatusInfo`; a stamp that was granted with modifications is judged like any other.
fn granted(info: &mut Reader<'_>) -> Result<(), Error> {
    let status = match info.integer()? {
        [0 | 1] => None,
        [2] => Some(Status::Rejection),
        [3] => Some(Status::Waiting),
        [4] => Some(Status::RevocationWarning),
        [5] => Some(Status::RevocationNotification),
        _ => return Err(info.malformed()),
    };
    let text = match info.optional(SEQUENCE)? {
        Some(words) => text(Reader::of(words, "the PKIFreeText"))?,
        None => String::new(),
    };
    let failure = failure(info.optional(BIT_STRING)?.unwrap_or_default());
    info.end()?;
    status.map_or(Ok(()), |status| Err(Error::Refused(Refusal { status, failure, text })))
}

/// A `PKIFreeText` in one line.
fn text(mut words: Reader<'_>) -> Result<String, Error> {
    let mut text = String::new();
    while !words.is_empty() {
        if !text.is_empty() {
            text.push_str("; ");
        }
        text.push_str(&String::from_utf8_lossy(words.take(UTF8_STRING)?));
    }
    Ok(text.chars().map(|char| if char.is_control() { ' ' } else { char }).take(TEXT_CHARS_MAX).collect())
}

/// A `PKIFailureInfo`: a BIT STRING, whose first byte counts the bits that are none.
fn failure(bits: &[u8]) -> Failure {
    let is_set = |at: usize| bits.get(1 + at / 8).is_some_and(|byte| byte & (0x80 >> (at % 8)) != 0);
    FAILURES.into_iter().find(|(at, _)| is_set(*at)).map_or(Failure::Unsaid, |(_, failure)| failure)
}

const TEXT_CHARS_MAX: usize = 256;
const FAILURES: [(usize, Failure); 8] = [
    (0, Failure::BadAlg),
    (2, Failure::BadRequest),
    (5, Failure::BadDataFormat),
    (14, Failure::TimeNotAvailable),
    (15, Failure::UnacceptedPolicy),
    (16, Failure::UnacceptedExtension),
    (17, Failure::AddInfoNotAvailable),
    (25, Failure::SystemFailure),
];
