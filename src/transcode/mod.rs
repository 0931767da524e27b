//! One pass from a validated message to protobuf wire bytes, and back. Pure: (plan, bytes) → bytes.

mod codes;
mod decode;
mod encode;
mod paths;
mod personal;
pub mod subjects;
mod values;
mod wire;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod verdicts;

use std::ops::Range;

use crate::binding::plan::{OperationId, Partner};
use crate::schema::model::Schema;
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

/// What a message held that its schema does not know, where the binding lets that pass (`unknown = "report"`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Passed {
    /// Elements and attributes passed over; what stands below such an element is not counted.
    pub count: u32,
    /// Paths of the first of them.
    pub paths: Vec<String>,
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

/// Decodes and validates the request wrapper at `node` (the Body's child) into one protobuf message, appended to `out`.
///
/// Stops at the first thing that does not fit. Accepted is exactly what a conforming XML Schema 1.0 validator accepts
/// and whose values convert; but for the binding's aliases, and for what it lets pass, which is returned.
pub fn decode(
    partner: &Partner,
    operation: OperationId,
    tape: &Tape<'_>,
    node: NodeId,
    out: &mut Vec<u8>,
) -> Result<Passed, Invalid> {
    let operation = partner.operation_of(operation);
    decode::decode(partner, tape, node, operation.request_element, operation.request, out)
}

/// Validates the element at `node`, which the schema declares at its top level, without a binding: the same walk as
/// [`decode()`], carrying nothing.
///
/// Errors: the first thing that does not fit; `cvc-elt.1` for an element that is not declared.
pub fn validate(schema: &Schema, tape: &Tape<'_>, node: NodeId) -> Result<(), Invalid> {
    decode::validate(schema, tape, node)
}

/// Decodes and validates an answer wrapper: the way back, for the partner's side of a call.
pub fn decode_answer(
    partner: &Partner,
    operation: OperationId,
    tape: &Tape<'_>,
    node: NodeId,
    out: &mut Vec<u8>,
) -> Result<Passed, Invalid> {
    let operation = partner.operation_of(operation);
    decode::decode(partner, tape, node, operation.answer_element, operation.answer, out)
}

/// What makes a `once` request the same request where the protocol has no message id: the binding's `key` values
/// joined, `None` where the operation has no `key` or one of its paths finds no value. `node` was decoded before.
pub fn request_key(partner: &Partner, operation: OperationId, tape: &Tape<'_>, node: NodeId) -> Option<String> {
    let operation = partner.operation_of(operation);
    let mut key = String::new();
    for path in &operation.key {
        let before = key.len();
        if path.is_empty() {
            // `.`: the whole message, as it is written.
            key.push_str(&tape.source()[tape.span(node)]);
            continue;
        }
        paths::each_value(partner, tape, node, path, &mut |_, value| {
            key.push_str(value.trim());
            // A separator that no value holds.
            key.push('\u{1F}');
        });
        if key.len() == before {
            return None;
        }
    }
    (!key.is_empty()).then_some(key)
}

/// The codes that a request is about, whether it is valid or not.
pub fn codes_of_request(partner: &Partner, tape: &Tape<'_>, node: NodeId) -> Vec<String> {
    codes::of_request(partner, tape, node)
}

/// Adds the codes that an answer of ours is about.
pub fn codes_of_answer(partner: &Partner, answer: &[u8], found: &mut Vec<String>) {
    codes::of_answer(partner, answer, found);
}

/// The codes that the binding's `agencies` and `procedures` find in a request, dossier by dossier; none where the
/// operation has neither. `node` was decoded before.
pub fn subjects<'t>(
    partner: &Partner,
    operation: OperationId,
    tape: &Tape<'t>,
    node: NodeId,
) -> Vec<subjects::Subject<'t>> {
    subjects::find(partner, &partner.operation_of(operation).subjects, tape, node)
}

/// Where in a request personal values stand, by the binding's `personal`: ranges of [`Tape::source`], in order and
/// apart, each the inside of an element or an attribute's value.
///
/// `node` is the request wrapper; the message need not be valid. Marked, too, is what the contract does not know, and a
/// document in a text of which anything is marked. Comments are not on the tape: what is shown masked leaves them out.
pub fn personal(partner: &Partner, operation: OperationId, tape: &Tape<'_>, node: NodeId) -> Vec<Range<usize>> {
    personal::find(partner, tape, node, partner.operation_of(operation).request)
}

/// The same of an answer, whose wrapper stands at `node`.
pub fn personal_of_answer(
    partner: &Partner,
    operation: OperationId,
    tape: &Tape<'_>,
    node: NodeId,
) -> Vec<Range<usize>> {
    personal::find(partner, tape, node, partner.operation_of(operation).answer)
}

/// Writes the answer wrapper for a successful call whose response message is `wire`.
pub fn encode(partner: &Partner, operation: OperationId, wire: &[u8], out: &mut Writer) -> Result<(), Unwritable> {
    let operation = partner.operation_of(operation);
    let said = encode::Said { code: partner.outcome("OK", "").unwrap_or_default(), message: "" };
    encode::encode(partner, operation.answer_element, operation.answer, wire, &said, out)
}

/// Writes the request wrapper from a request message: the way back, for calls outward.
pub fn encode_request(
    partner: &Partner,
    operation: OperationId,
    wire: &[u8],
    out: &mut Writer,
) -> Result<(), Unwritable> {
    let operation = partner.operation_of(operation);
    let said = encode::Said { code: "", message: "" };
    encode::encode(partner, operation.request_element, operation.request, wire, &said, out)
}

/// Writes the answer wrapper that carries a refusal in its body; `false` (nothing written) where the operation carries
/// no outcomes or the partner's `[outcome]` does not list this one: then it is a fault.
pub fn encode_refusal(partner: &Partner, operation: OperationId, outcome: Outcome<'_>, out: &mut Writer) -> bool {
    let operation = partner.operation_of(operation);
    let Some(code) = encode::code(partner, &outcome).filter(|_| operation.carries_outcome) else { return false };
    out.close();
    let start = out.len();
    let said = encode::Said { code, message: outcome.message };
    let written = encode::encode(partner, operation.answer_element, operation.answer, &[], &said, out).is_ok();
    if !written {
        out.truncate(start);
    }
    written
}
