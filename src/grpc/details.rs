//! `grpc-status-details-bin`: the reason that a service gives for a refusal (google/rpc/error_details.proto).

use prost::Message;

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.ErrorInfo`.
#[derive(Clone, PartialEq, Message)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    reason: String,
}

/// The first `ErrorInfo.reason`; empty where there is none or the bytes are not what they should be.
///
/// Source: error_details.proto: `[A-Z][A-Z0-9_]+[A-Z0-9]`, at most 63 characters. Any other text may be of a message.
pub(super) fn reason(details: &[u8]) -> String {
    let Ok(status) = Status::decode(details) else { return String::new() };
    let info = status.details.iter().find(|any| any.type_url.ends_with("/google.rpc.ErrorInfo"));
    info.and_then(|any| ErrorInfo::decode(&*any.value).ok())
        .map(|info| info.reason)
        .filter(|reason| is_constant(reason))
        .unwrap_or_default()
}

fn is_constant(reason: &str) -> bool {
    let is_of_constants = |byte: u8| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_');
    reason.len() <= REASON_BYTES_MAX
        && reason.starts_with(|first: char| first.is_ascii_uppercase())
        && reason.bytes().all(is_of_constants)
}

const REASON_BYTES_MAX: usize = 63;
