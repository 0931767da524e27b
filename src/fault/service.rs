//! What the ministry's service, or the way to it, says instead of an answer.

use super::Fault;
use super::code::Code;
use super::text::{Texts, of_code};
use crate::grpc::Failure;
use crate::transcode::Unwritable;

/// A failure that the partner's contract has no place for in its answers.
///
/// Source: the meanings of status codes in gRPC's `statuscodes.md`.
impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        let code = match failure.status {
            ALREADY_EXISTS if failure.reason == ID_CONFLICT => Code::IdConflict,
            INVALID_ARGUMENT | NOT_FOUND | ALREADY_EXISTS | FAILED_PRECONDITION | OUT_OF_RANGE => Code::InvalidRequest,
            PERMISSION_DENIED => Code::Forbidden,
            DEADLINE_EXCEEDED => Code::Timeout,
            // Another call was in the way, or too many were: nothing has happened.
            ABORTED | RESOURCE_EXHAUSTED | UNAVAILABLE => Code::Unavailable,
            // UNKNOWN, UNIMPLEMENTED, INTERNAL, DATA_LOSS, UNAUTHENTICATED, CANCELLED: between the ministry and us.
            _ => Code::Internal,
        };
        let texts = match code {
            Code::InvalidRequest | Code::Forbidden => with_reason(code, &failure.reason),
            _ => of_code(code),
        };
        Self::with_texts(code, texts).because(failure)
    }
}

/// The ministry's answer does not fit the partner's contract: nothing the caller could correct, and the operation may
/// have taken effect.
impl From<Unwritable> for Fault {
    fn from(unwritable: Unwritable) -> Self {
        Self::new(Code::Internal).because(unwritable)
    }
}

/// With the service's reason, which is a constant. Its text is for answers: it may repeat a value of the message, and a
/// fault goes through the logs of everyone on the way.
fn with_reason(code: Code, reason: &str) -> Texts {
    let general = of_code(code);
    match reason {
        "" => general,
        reason => Texts::new(format!("{} Lý do: {reason}.", general.vi), format!("{} Reason: {reason}.", general.en)),
    }
}

const INVALID_ARGUMENT: i32 = 3;
const DEADLINE_EXCEEDED: i32 = 4;
const NOT_FOUND: i32 = 5;
const ALREADY_EXISTS: i32 = 6;
const PERMISSION_DENIED: i32 = 7;
const RESOURCE_EXHAUSTED: i32 = 8;
const FAILED_PRECONDITION: i32 = 9;
const ABORTED: i32 = 10;
const OUT_OF_RANGE: i32 = 11;
const UNAVAILABLE: i32 = 14;
/// `ErrorInfo.reason` of a repeated key with other content.
const ID_CONFLICT: &str = "ID_CONFLICT";
