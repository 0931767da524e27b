//! A message without what is personal in it, for showing it to somebody else.

use std::ops::Range;

use crate::binding::plan::{OperationId, Partner};
use crate::soap::version::{SOAP_11, SOAP_12};
use crate::soap::xroad;
use crate::transcode;
use crate::xml::encoding::to_utf8;
use crate::xml::limits::Limits;
use crate::xml::tape::{NodeId, Tape};

/// A message with `***` in place of what its binding marks as personal, and of who used the partner's system.
///
/// `None`: it cannot be told what is personal in it (no XML, an operation that no contract has, comments): nothing of it
/// may be shown. A fault is shown as it is: this gateway writes no value of a message into it.
pub fn masked(partner: &Partner, message: &[u8]) -> Option<Vec<u8>> {
    let text = to_utf8(message, None).ok()?;
    if text.contains("<!--") {
        return None;
    }
    let tape = Tape::parse(&text, &Limits::default()).ok()?;
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for part in tape.child_elements(tape.root()) {
        match tape.local(part) {
            "Header" => ranges.extend(users(&tape, part)),
            "Body" => ranges.extend(values(partner, &tape, tape.child_elements(part).next()?)?),
            _ => return None,
        }
    }
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        out.extend_from_slice(&text.as_bytes()[at..range.start]);
        out.extend_from_slice(b"***");
        at = range.end;
    }
    out.extend_from_slice(&text.as_bytes()[at..]);
    Some(out)
}

/// X-Road's `userId`.
fn users(tape: &Tape<'_>, header: NodeId) -> Vec<Range<usize>> {
    let is_user = |&block: &NodeId| {
        tape.local(block) == "userId" && tape.namespace_name(tape.namespace(block)) == xroad::NAMESPACE
    };
    tape.child_elements(header).filter(is_user).map(|block| tape.content_span(block)).collect()
}

/// What is personal in a Body.
fn values(partner: &Partner, tape: &Tape<'_>, wrapper: NodeId) -> Option<Vec<Range<usize>>> {
    let (namespace, local) = (tape.namespace_name(tape.namespace(wrapper)), tape.local(wrapper));
    if local == "Fault" && matches!(namespace, SOAP_11 | SOAP_12) {
        return Some(Vec::new());
    }
    if let Some(operation) = partner.operation(namespace, local) {
        return Some(transcode::personal(partner, operation, tape, wrapper));
    }
    let element = partner.schema.element(namespace, local)?;
    let operation = partner.operations.iter().position(|operation| operation.answer_element == element)?;
    Some(transcode::personal_of_answer(partner, OperationId(operation as u16), tape, wrapper))
}
