//! WS-Addressing 1.0: the message addressing properties of a request, and those of its answer.

use std::borrow::Cow;

use super::envelope::Envelope;
use super::error::{Error, Kind, Wrong};
use crate::xml::tape::{NodeId, Tape};

/// The properties of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Properties<'t> {
    /// `MessageID`: names this message for ever; at most [`MESSAGE_ID_CHARS_MAX`] characters.
    pub message_id: Cow<'t, str>,
    /// `Action`, as the caller wrote it; the operation is named by the Body alone.
    pub action: Cow<'t, str>,
    /// `To`; `None`: anonymous.
    pub to: Option<Cow<'t, str>>,
}

/// Whether a mandatory header block of this name is understood where WS-Addressing is.
pub fn understands(namespace: &str, local: &str) -> bool {
    namespace == NAMESPACE && (FIELDS.contains(&local) || local == "RelatesTo")
}

/// Reads the properties; `None` where the request carries not one of them.
///
/// Errors: a property that is missing or double (Core §3.2), and a `ReplyTo` or `FaultTo` that asks for an
/// answer elsewhere than in the HTTP response (SOAP Binding §6.4.1, OnlyAnonymousAddressSupported).
pub fn read<'t>(tape: &'t Tape<'_>, envelope: &Envelope) -> Result<Option<Properties<'t>>, Error> {
    let mut found = [None; FIELDS.len()];
    for &node in &envelope.blocks {
        if tape.namespace_name(tape.namespace(node)) != NAMESPACE {
            continue;
        }
        let Some(place) = FIELDS.iter().position(|&name| name == tape.local(node)) else { continue };
        if found[place].replace(node).is_some() {
            return Err(wrong(tape, node, FIELDS[place], Wrong::Duplicate));
        }
    }
    // Who it is from is the certificate's word.
    let [message_id, action, to, reply_to, fault_to, _from] = found;
    if found.iter().all(Option::is_none) {
        return Ok(None);
    }
    let mandatory = |node: Option<NodeId>, field| {
        let header = envelope.header.unwrap_or_else(|| tape.root());
        node.ok_or_else(|| wrong(tape, header, field, Wrong::Missing))
    };
    check_anonymous(tape, reply_to, "ReplyTo")?;
    check_anonymous(tape, fault_to, "FaultTo")?;
    Ok(Some(Properties {
        message_id: read_uri(tape, mandatory(message_id, "MessageID")?, "MessageID")?,
        action: read_uri(tape, mandatory(action, "Action")?, "Action")?,
        to: to.map(|node| read_uri(tape, node, "To")).transpose()?,
    }))
}

/// The `Action` of a message whose WSDL states none (WS-Addressing 1.0 Metadata §4.4.4).
///
/// `message` is the message's name: `NopHoSoRequest`, `NopHoSoResponse`.
pub fn action(namespace: &str, port_type: &str, message: &str) -> String {
    let delimiter = if namespace.starts_with("urn:") { ":" } else { "/" };
    let namespace = namespace.strip_suffix(delimiter).unwrap_or(namespace);
    format!("{namespace}{delimiter}{port_type}{delimiter}{message}")
}

/// An endpoint of a reply is the anonymous one, or is not given.
fn check_anonymous(tape: &Tape<'_>, node: Option<NodeId>, field: &'static str) -> Result<(), Error> {
    let Some(node) = node else { return Ok(()) };
    let is_address =
        |&child: &NodeId| tape.local(child) == "Address" && tape.namespace_name(tape.namespace(child)) == NAMESPACE;
    let Some(address) = tape.child_elements(node).find(is_address) else {
        return Err(wrong(tape, node, field, Wrong::Malformed("an endpoint reference with an Address")));
    };
    if tape.text(address).trim() == ANONYMOUS {
        return Ok(());
    }
    Err(wrong(tape, node, field, Wrong::Unsupported("the anonymous address (an answer in the HTTP response)")))
}

/// An absolute URI, white space around it removed; only its length and characters are checked.
fn read_uri<'t>(tape: &'t Tape<'_>, node: NodeId, field: &'static str) -> Result<Cow<'t, str>, Error> {
    let text = match tape.text(node) {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    if text.is_empty() {
        return Err(wrong(tape, node, field, Wrong::Missing));
    }
    let is_plain = |char: char| !char.is_control() && !char.is_whitespace();
    if text.chars().count() > MESSAGE_ID_CHARS_MAX || !text.chars().all(is_plain) {
        return Err(wrong(tape, node, field, Wrong::Malformed("a URI of at most 255 characters")));
    }
    Ok(text)
}

fn wrong(tape: &Tape<'_>, node: NodeId, field: &'static str, wrong: Wrong) -> Error {
    Error::at(tape, node, Kind::Header { field, wrong })
}

/// Namespace of WS-Addressing 1.0.
pub const NAMESPACE: &str = "http://www.w3.org/2005/08/addressing";
/// `Action` of an answer that is a SOAP fault (SOAP Binding §6).
pub const FAULT_ACTION: &str = "http://www.w3.org/2005/08/addressing/soap/fault";
/// Longest `MessageID`, `Action` and `To`, characters.
pub const MESSAGE_ID_CHARS_MAX: usize = 255;
const ANONYMOUS: &str = "http://www.w3.org/2005/08/addressing/anonymous";
/// The properties that may stand once at most (Core §3.2).
const FIELDS: [&str; 6] = ["MessageID", "Action", "To", "ReplyTo", "FaultTo", "From"];

#[cfg(test)]
mod tests {
    use super::super::envelope;
    use super::super::reply::{Addressing, Reply};
    use super::super::version::{SOAP_12, Version};
    use super::*;
    use crate::xml::limits::Limits;

    const BOTH: &str = "<a:Action>urn:act</a:Action><a:MessageID> urn:uuid:1 </a:MessageID>";

    #[track_caller]
    fn check(headers: &str, expected: &str) {
        let text = format!(
            "<s:Envelope xmlns:s='{SOAP_12}' xmlns:a='{NAMESPACE}'><s:Header>{headers}</s:Header>\
             <s:Body><o:Op xmlns:o='urn:o'/></s:Body></s:Envelope>"
        );
        let tape = Tape::parse(&text, &Limits::default()).expect("well-formed");
        let opened = envelope::open(&tape, envelope::Content::Qualified).expect("an envelope");
        let envelope = opened.understand(&tape, understands).and_then(|all| all.envelope()).expect("a good envelope");
        let found = match read(&tape, &envelope) {
            Ok(None) => "none".to_owned(),
            Ok(Some(found)) => format!("{} {} {}", found.message_id, found.action, found.to.as_deref().unwrap_or("-")),
            Err(error) => error.kind.to_string(),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn properties_are_read() {
        check("", "none");
        check(BOTH, "urn:uuid:1 urn:act -");
        check(
            &format!("{BOTH}<a:To s:mustUnderstand='true'>https://x/soap</a:To>"),
            "urn:uuid:1 urn:act https://x/soap",
        );
        check(&format!("{BOTH}<a:From><a:Address>urn:me</a:Address></a:From>"), "urn:uuid:1 urn:act -");
    }

    #[test]
    fn properties_stand_once_and_the_mandatory_ones_must_stand() {
        check("<a:Action>urn:act</a:Action>", "header field MessageID: missing");
        check("<a:MessageID>urn:1</a:MessageID>", "header field Action: missing");
        check(&format!("{BOTH}{BOTH}"), "header field Action: present more than once");
        check("<a:Action/><a:MessageID>urn:1</a:MessageID>", "header field Action: missing");
        check(
            "<a:Action>urn:act</a:Action><a:MessageID>a b</a:MessageID>",
            "header field MessageID: must be a URI of at most 255 characters",
        );
    }

    #[test]
    fn answers_go_back_on_the_same_connection_only() {
        let reply_to = |address: &str| format!("{BOTH}<a:ReplyTo><a:Address>{address}</a:Address></a:ReplyTo>");
        check(&reply_to(ANONYMOUS), "urn:uuid:1 urn:act -");
        let refused = "header field ReplyTo: only the anonymous address (an answer in the HTTP response) is supported";
        check(&reply_to("http://evil.example/"), refused);
        check(&format!("{BOTH}<a:ReplyTo/>"), "header field ReplyTo: must be an endpoint reference with an Address");
    }

    #[test]
    fn actions_follow_the_default_pattern() {
        assert_eq!(
            action("http://molisa.gov.vn/hoso/1.0", "P", "ARequest"),
            "http://molisa.gov.vn/hoso/1.0/P/ARequest"
        );
        assert_eq!(action("http://molisa.gov.vn/", "P", "ARequest"), "http://molisa.gov.vn/P/ARequest");
        assert_eq!(action("urn:hoso", "P", "AResponse"), "urn:hoso:P:AResponse");
    }

    #[test]
    fn the_answer_relates_to_its_question() {
        let properties =
            Addressing { relates_to: "urn:uuid:1".into(), message_id: "urn:uuid:2".into(), action: "urn:b&c".into() };
        let reply = Reply::addressed(Version::Soap12, properties);
        let answer = String::from_utf8(reply.close(reply.open(0))).expect("UTF-8");
        expect_test::expect![[r#"
            <?xml version="1.0" encoding="UTF-8"?>
            <env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"><env:Header xmlns:wsa="http://www.w3.org/2005/08/addressing"><wsa:Action>urn:b&amp;c</wsa:Action><wsa:MessageID>urn:uuid:2</wsa:MessageID><wsa:RelatesTo>urn:uuid:1</wsa:RelatesTo></env:Header><env:Body></env:Body></env:Envelope>"#]]
        .assert_eq(&answer);
    }
}
