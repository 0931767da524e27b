//! A SOAP answer as a portal reads it: a fault, a refusal in the body, or values by name.

use bytes::Bytes;

use crate::xml::encoding::to_utf8;
use crate::xml::limits::Limits;
use crate::xml::tape::{NodeId, NodeKind, Tape};

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Media type, as sent.
    pub content_type: String,
    /// The body, as sent.
    pub body: Bytes,
    element: String,
    values: Vec<(String, String)>,
}

/// How an exchange ended, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Success: `error_code` is 0, or there is none.
    Success,
    /// Refused in the body, by an `error_code` other than 0.
    Refusal,
    /// A SOAP fault, or a plain HTTP refusal.
    Fault,
}

impl Answer {
    /// Reads what can be read: where the body is not a SOAP message, there are no values.
    pub fn new(status: u16, content_type: String, body: Bytes) -> Self {
        let mut answer = Self { status, content_type, body, element: String::new(), values: Vec::new() };
        let body = answer.body.clone();
        if let Ok(text) = to_utf8(&body, None)
            && let Ok(tape) = Tape::parse(&text, &Limits::default())
            && let Some(node) = first_in_body(&tape)
        {
            answer.element = tape.local(node).to_owned();
            collect(&tape, node, &mut answer.values);
        }
        answer
    }

    /// Whether it is the answer that an earlier one of the same id got.
    pub fn is_repeated(&self) -> bool {
        memchr::memmem::find(&self.body, b"<lt:Repeated ").is_some()
    }

    /// Local name of the Body's element; empty where there is none.
    pub fn element(&self) -> &str {
        &self.element
    }

    /// Text of the first leaf element of this local name.
    pub fn value(&self, local: &str) -> Option<&str> {
        self.values.iter().find(|(name, _)| name == local).map(|(_, value)| value.as_str())
    }

    /// Texts of all leaf elements of this local name, in document order.
    pub fn values(&self, local: &str) -> impl Iterator<Item = &str> {
        self.values.iter().filter(move |(name, _)| name == local).map(|(_, value)| value.as_str())
    }

    /// How the exchange ended.
    pub fn ending(&self) -> Ending {
        match (self.element.as_str(), self.value("error_code")) {
            ("" | "Fault", _) => Ending::Fault,
            (_, Some(code)) if code != "0" => Ending::Refusal,
            _ => Ending::Success,
        }
    }
}

fn first_in_body(tape: &Tape<'_>) -> Option<NodeId> {
    let body = tape.child_elements(tape.root()).find(|&node| tape.local(node) == "Body")?;
    tape.child_elements(body).next()
}

/// Leaf elements below `node`, in document order.
fn collect(tape: &Tape<'_>, node: NodeId, values: &mut Vec<(String, String)>) {
    for at in node..tape.end(node) {
        let is_leaf = tape.kind(at) == NodeKind::Element && tape.child_elements(at).next().is_none();
        if is_leaf {
            values.push((tape.local(at).to_owned(), tape.text(at).into_owned()));
        }
    }
}
