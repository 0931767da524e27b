//! One pass from a validated message to protobuf wire bytes, and back. Pure: (plan, bytes) → bytes.

use crate::binding::plan::{OperationId, Partner};
use crate::xml::tape::{NodeId, Tape};
use crate::xml::writer::Writer;

/// Why a message does not fit its contract: where, and which rule. Never a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {asks} ({rule})")]
pub struct Invalid {
    /// `/NopHoSo/HoSo/TaiLieuNop[2]/MaThanhPhanHoSo`, from the Body's child down.
    pub path: String,
    /// Line in the message as received, from 1.
    pub line: u32,
    /// XML Schema's rule id (`cvc-complex-type.2.4.a`), or `binding.<kind>` for a value that does not convert.
    pub rule: &'static str,
    /// What is asked there, for people.
    pub asks: String,
}

/// Why an upstream answer could not be written in the partner's contract. Always the ministry's side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// Not valid protobuf wire bytes for the message.
    #[error("answer is not valid protobuf at byte {offset}")]
    Wire {
        /// Offset in the answer.
        offset: usize,
    },
    /// A value or element the partner's XSD does not allow.
    #[error("{path}: {asks} ({rule})")]
    Contract {
        /// Path of the element that could not be written.
        path: String,
        /// Rule broken.
        rule: &'static str,
        /// What is asked there.
        asks: String,
    },
}

/// A business outcome for the answer's `@code` and `@message`.
#[derive(Debug, Clone, Copy)]
pub struct Outcome<'a> {
    /// gRPC status code by its number (0 is OK).
    pub status: i32,
    /// `google.rpc.ErrorInfo.reason`; empty where the service gave none.
    pub reason: &'a str,
    /// Text for the caller.
    pub message: &'a str,
}

/// Decodes and validates the request wrapper at `node` (the Body's child) into one protobuf message,
/// appended to `out`. Stops at the first thing that does not fit.
pub fn decode(
    partner: &Partner,
    operation: OperationId,
    tape: &Tape<'_>,
    node: NodeId,
    out: &mut Vec<u8>,
) -> Result<(), Invalid> {
    let _ = (partner, operation, tape, node, out);
    todo!()
}

/// What makes a `once` request the same request where the protocol has no message id:
/// the binding's `key` values joined, `None` where the operation has no `key` or no value is present.
pub fn request_key(partner: &Partner, operation: OperationId, tape: &Tape<'_>, node: NodeId) -> Option<String> {
    let _ = (partner, operation, tape, node);
    todo!()
}

/// Writes the answer wrapper for a successful call whose response message is `wire`.
pub fn encode(partner: &Partner, operation: OperationId, wire: &[u8], out: &mut Writer) -> Result<(), Unwritable> {
    let _ = (partner, operation, wire, out);
    todo!()
}

/// Writes the answer wrapper that carries a refusal in its body; `false` (nothing written) where the
/// operation carries no outcomes or the partner's `[outcome]` does not list this one: then it is a fault.
pub fn encode_refusal(partner: &Partner, operation: OperationId, outcome: Outcome<'_>, out: &mut Writer) -> bool {
    let _ = (partner, operation, outcome, out);
    todo!()
}
