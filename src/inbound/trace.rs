//! The trace an exchange belongs to (W3C Trace Context).

use http::HeaderMap;

use crate::crypto::hex;

/// Trace id of an exchange and our span in it, lower-case hexadecimal.
#[derive(Debug, Clone)]
pub(super) struct Trace {
    id: String,
    span: String,
    /// The caller's flags; a trace of our own is sampled.
    flags: String,
}

impl Trace {
    /// The caller's trace where its `traceparent` can be read, else a new one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let random = uuid::Uuid::new_v4().into_bytes();
        let span = hex(&random[8..]);
        let given = headers.get("traceparent").and_then(|value| value.to_str().ok()).and_then(parse);
        match given {
            Some((id, flags)) => Self { id: id.to_owned(), span, flags: flags.to_owned() },
            None => Self { id: hex(&uuid::Uuid::new_v4().into_bytes()), span, flags: "01".to_owned() },
        }
    }

    /// The trace id: what a caller tells the operator.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// `traceparent` for what we call.
    pub(super) fn parent(&self) -> String {
        let Self { id, span, flags } = self;
        ["00-", id, "-", span, "-", flags].concat()
    }
}

/// Trace id and flags of a `traceparent` (Trace Context §3.2.2); later versions may add fields.
fn parse(value: &str) -> Option<(&str, &str)> {
    let mut fields = value.trim().split('-');
    let (version, id, span, flags) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let is_hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_zero = |text: &str| text.bytes().all(|byte| byte == b'0');
    let known = is_hex(version, 2) && version != "ff" && (version != "00" || fields.next().is_none());
    let good = known && is_hex(id, 32) && !is_zero(id) && is_hex(span, 16) && !is_zero(span) && is_hex(flags, 2);
    good.then_some((id, flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", value.parse().expect("a header value"));
        let trace = Trace::of(&headers);
        let parent = trace.parent();
        assert!(parse(&parent).is_some(), "{parent}");
        match expected {
            Some(id) => assert_eq!(trace.id(), id),
            None => assert!(!value.contains(trace.id()), "{value}"),
        }
    }

    #[test]
    fn a_callers_trace_is_kept_if_it_is_one() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        check(&format!("00-{id}-00f067aa0ba902b7-01"), Some(id));
        check(&format!("01-{id}-00f067aa0ba902b7-00-more"), Some(id));
        check(&format!("00-{id}-00f067aa0ba902b7-00-more"), None);
        check(&format!("ff-{id}-00f067aa0ba902b7-01"), None);
        check(&format!("00-{}-00f067aa0ba902b7-01", id.to_uppercase()), None);
        check("00-00000000000000000000000000000000-00f067aa0ba902b7-01", None);
        check(&format!("00-{id}-0000000000000000-01"), None);
        check("nonsense", None);
        check("", None);
    }
}
