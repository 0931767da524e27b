//! Envelopes as a portal writes them: X-Road's headers, and a body that is there already.

use crate::soap::version::Version;
use crate::wsse;
use crate::xml::writer::Writer;

/// The header fields of X-Road message protocol 4.0 (PR-MESS 2.2) for one call.
#[derive(Debug, Clone)]
pub struct XRoad {
    /// Who calls: `VN/GOV/000.00.00.G22/dvcqg` (instance, class, member, subsystem).
    pub client: String,
    /// Whose service is called, in the same form.
    pub service: String,
    /// `serviceCode`: the local name of the body's element.
    pub operation: String,
    /// `id`: names this message for ever.
    pub id: String,
    /// `userId`, where a person stands behind the call.
    pub user: Option<String>,
    /// `issue`: the case that caused the call.
    pub issue: Option<String>,
    /// Whether `id` gets a `wsu:Id`, by which it can be signed.
    pub signable: bool,
}

/// Puts `body`, one well-formed element, in an envelope.
pub fn envelope(version: Version, headers: Option<&XRoad>, body: &str) -> Vec<u8> {
    let mut out = Writer::with_capacity(body.len() + 2048);
    out.declaration();
    out.start("soapenv:Envelope");
    out.attribute("xmlns:soapenv", version.namespace());
    if let Some(fields) = headers {
        out.attribute("xmlns:xrd", "http://x-road.eu/xsd/xroad.xsd");
        out.attribute("xmlns:id", "http://x-road.eu/xsd/identifiers");
        header(&mut out, fields);
    }
    out.start("soapenv:Body");
    out.raw(body.trim().as_bytes());
    out.end("soapenv:Body");
    out.end("soapenv:Envelope");
    out.into_bytes()
}

fn header(out: &mut Writer, fields: &XRoad) {
    out.start("soapenv:Header");
    party(out, "xrd:client", "SUBSYSTEM", &fields.client, None);
    party(out, "xrd:service", "SERVICE", &fields.service, Some(&fields.operation));
    out.start("xrd:id");
    if fields.signable {
        out.attribute("xmlns:wsu", wsse::WSU);
        out.attribute("wsu:Id", "message-id");
    }
    out.text(&fields.id);
    out.end("xrd:id");
    if let Some(user) = &fields.user {
        out.element("xrd:userId", user);
    }
    if let Some(issue) = &fields.issue {
        out.element("xrd:issue", issue);
    }
    out.element("xrd:protocolVersion", "4.0");
    out.end("soapenv:Header");
}

fn party(out: &mut Writer, name: &str, object_type: &str, identifier: &str, service: Option<&str>) {
    out.start(name);
    out.attribute("id:objectType", object_type);
    for (part, value) in PARTS.iter().zip(identifier.splitn(PARTS.len(), '/')) {
        out.element(part, value);
    }
    if let Some(code) = service {
        out.element("id:serviceCode", code);
    }
    out.end(name);
}

/// Of an identifier, in the order of PR-MESS 2.1.
const PARTS: [&str; 4] = ["id:xRoadInstance", "id:memberClass", "id:memberCode", "id:subsystemCode"];
