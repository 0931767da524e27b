//! Writes a SOAP fault of either version; what it says is decided elsewhere.

use super::error::BlockName;
use super::reply::{Content, Reply};
use super::version::{SOAP_11, SOAP_12, Version};
use crate::xml::writer::Writer;

/// What a fault says.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    /// The standard fault code.
    pub class: Class<'a>,
    /// What X-Road adds to a SOAP 1.1 code after a dot: `InvalidBody`. `None` for callers outside X-Road,
    /// who get plain codes (WS-I R1031).
    pub dotted: Option<&'a str>,
    /// Our stable code: `invalid_schema`.
    pub code: &'a str,
    /// Whose side must act: `caller`, `ministry`, `gateway`.
    pub blame: &'a str,
    /// Whether to send again: `no`, `safe`, `same-id`.
    pub repeat: &'a str,
    /// Trace id, to be told to the operator.
    pub trace: &'a str,
    /// Path of what is wrong in the message.
    pub path: Option<&'a str>,
    /// Line of it in the message as received.
    pub line: Option<u32>,
    /// Id of the rule broken.
    pub rule: Option<&'a str>,
    /// The fault in words, the caller's language first. SOAP 1.1 shows the first only.
    pub texts: [Text<'a>; 2],
}

/// A sentence in a language.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// `vi` or `en`.
    pub language: &'a str,
    /// The sentence.
    pub text: &'a str,
}

/// The standard fault codes (SOAP 1.1 §4.4.1, SOAP 1.2 part 1 §5.4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class<'a> {
    /// `Client`, `Sender`.
    Client,
    /// `Server`, `Receiver`.
    Server,
    /// `VersionMismatch`.
    Version,
    /// `MustUnderstand`; which header blocks.
    NotUnderstood(&'a [BlockName]),
    /// `DataEncodingUnknown`; in SOAP 1.1 `Client`.
    EncodingUnknown,
}

impl Class<'_> {
    /// The code's local name in a version.
    fn name(self, version: Version) -> &'static str {
        match (self, version) {
            (Self::Client | Self::EncodingUnknown, Version::Soap11) => "Client",
            (Self::Client, Version::Soap12) => "Sender",
            (Self::Server, Version::Soap11) => "Server",
            (Self::Server, Version::Soap12) => "Receiver",
            (Self::Version, _) => "VersionMismatch",
            (Self::NotUnderstood(_), _) => "MustUnderstand",
            (Self::EncodingUnknown, Version::Soap12) => "DataEncodingUnknown",
        }
    }

    /// HTTP status of a fault: 500 in SOAP 1.1 whatever it says (WS-I R1126); in SOAP 1.2 a Sender's is 400
    /// (part 2 §7.5.2.2, table 20).
    pub fn http_status(self, version: Version) -> u16 {
        match (self, version) {
            (Self::Client, Version::Soap12) => 400,
            _ => 500,
        }
    }
}

/// The whole envelope of a fault, in the version and with the headers of `reply`.
pub fn write(reply: &Reply, report: &Report<'_>) -> Vec<u8> {
    let mut out = Writer::with_capacity(2048);
    let extra = header_blocks(reply.version(), report.class);
    reply.write_head(&mut out, Content::Fault, &extra);
    match reply.version() {
        Version::Soap11 => write_11(&mut out, reply.prefix(), report),
        Version::Soap12 => write_12(&mut out, reply.prefix(), report),
    }
    reply.close(out)
}

/// SOAP 1.1 §4.4: unqualified children in this order (WS-I R1000, R1001).
///
/// The detail is written for header faults too, against the letter of §4.4: the stable code stands in it,
/// and client stacks show their users the detail but not a fault's header blocks.
fn write_11(out: &mut Writer, prefix: &str, report: &Report<'_>) {
    let name = format!("{prefix}:Fault");
    out.start(&name);
    let code = report.class.name(Version::Soap11);
    let code = match report.dotted {
        Some(dotted) => format!("{prefix}:{code}.{dotted}"),
        None => format!("{prefix}:{code}"),
    };
    out.element("faultcode", &code);
    out.element("faultstring", report.texts[0].text);
    out.start("detail");
    out.start("lt:Fault");
    out.attribute("xmlns:lt", NAMESPACE);
    write_detail(out, report);
    out.end("detail");
    out.end(&name);
}

/// SOAP 1.2 part 1 §5.4: Code, Reason, Detail.
fn write_12(out: &mut Writer, prefix: &str, report: &Report<'_>) {
    let name = |local: &str| format!("{prefix}:{local}");
    let (fault, code, subcode, value) = (name("Fault"), name("Code"), name("Subcode"), name("Value"));
    let (reason, text, detail) = (name("Reason"), name("Text"), name("Detail"));
    out.start(&fault);
    out.attribute("xmlns:lt", NAMESPACE);
    out.start(&code);
    out.element(&value, &name(report.class.name(Version::Soap12)));
    out.start(&subcode);
    out.element(&value, &format!("lt:{}", report.code));
    out.end(&subcode);
    out.end(&code);
    out.start(&reason);
    for sentence in report.texts {
        write_text(out, &text, sentence);
    }
    out.end(&reason);
    out.start(&detail);
    out.start("lt:Fault");
    write_detail(out, report);
    out.end(&detail);
    out.end(&fault);
}

/// What machines and operators read, the same in both versions; closes `lt:Fault`.
fn write_detail(out: &mut Writer, report: &Report<'_>) {
    out.element("lt:Code", report.code);
    out.element("lt:Blame", report.blame);
    out.element("lt:Repeat", report.repeat);
    out.element("lt:Trace", report.trace);
    if let Some(path) = report.path {
        out.element("lt:Path", path);
    }
    if let Some(line) = report.line {
        out.element("lt:Line", &line.to_string());
    }
    if let Some(rule) = report.rule {
        out.element("lt:Rule", rule);
    }
    for sentence in report.texts {
        write_text(out, "lt:Text", sentence);
    }
    out.end("lt:Fault");
}

fn write_text(out: &mut Writer, name: &str, sentence: Text<'_>) {
    out.start(name);
    out.attribute("xml:lang", sentence.language);
    out.text(sentence.text);
    out.end(name);
}

/// Header blocks that belong to a fault (SOAP 1.2 part 1 §5.4.7 and §5.4.8).
///
/// `Upgrade` goes out in SOAP 1.1 envelopes too: appendix A of SOAP 1.2 asks for it. `NotUnderstood` has no
/// meaning in SOAP 1.1, where the detail names the first block.
fn header_blocks(version: Version, class: Class<'_>) -> Vec<u8> {
    let mut out = Writer::default();
    match (class, version) {
        (Class::Version, _) => write_upgrade(&mut out),
        (Class::NotUnderstood(names), Version::Soap12) => {
            for name in names {
                out.start("upg:NotUnderstood");
                out.attribute("xmlns:upg", SOAP_12);
                if name.namespace.is_empty() {
                    out.attribute("qname", &name.local);
                } else {
                    out.attribute("xmlns:nu", &name.namespace);
                    out.attribute("qname", &format!("nu:{}", name.local));
                }
                out.end("upg:NotUnderstood");
            }
        }
        _ => {}
    }
    out.into_bytes()
}

/// The versions we read, the preferred one first.
fn write_upgrade(out: &mut Writer) {
    out.start("upg:Upgrade");
    out.attribute("xmlns:upg", SOAP_12);
    for (prefix, namespace) in [("s12", SOAP_12), ("s11", SOAP_11)] {
        out.start("upg:SupportedEnvelope");
        out.attribute(&format!("xmlns:{prefix}"), namespace);
        out.attribute("qname", &format!("{prefix}:Envelope"));
        out.end("upg:SupportedEnvelope");
    }
    out.end("upg:Upgrade");
}

/// Namespace of the fault detail and of the SOAP 1.2 subcodes.
pub const NAMESPACE: &str = "urn:lienthong:fault:1";
