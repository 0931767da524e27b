//! WSDL and XSD as served to partners.
//!
//! Everything is written once, at start, by [`Description::new`]; a request only fills in the address by which
//! it reached us, so that what is served names the addresses that the caller can reach.

mod definitions;
mod schemas;
mod template;
mod xroad;

use std::collections::BTreeMap;

use self::template::Template;
use crate::binding::plan::{HeaderProtocol, Partner};
use crate::problem::Problems;
use crate::soap;

/// What a partner may read of its contract.
#[derive(Debug)]
pub struct Description {
    wsdl: Template,
    /// By the name that stands in `?xsd=<name>`, before percent-encoding.
    schemas: BTreeMap<String, Template>,
}

impl Description {
    /// Writes the WSDL of a compiled partner and reads its schema files again, to serve them.
    ///
    /// Problems: a schema file that can no longer be read; `None` then.
    pub fn new(partner: &Partner, problems: &mut Problems) -> Option<Self> {
        let described = with_xroad(partner);
        let reserved: &[&str] = if described { &xroad::FILES } else { &[] };
        let (mut schemas, names) = schemas::read(partner, reserved, problems)?;
        if described {
            schemas.extend(xroad::schemas());
        }
        let wsdl = definitions::write(partner, &names, described);
        Some(Self { wsdl: Template::new(&wsdl), schemas })
    }

    /// The WSDL, for a caller that reached us at `address`: `https://gateway.example/soap/hoso`.
    pub fn wsdl(&self, address: &str) -> Vec<u8> {
        self.wsdl.fill(address)
    }

    /// The schema file that the WSDL or another schema names `?xsd=<name>`.
    pub fn xsd(&self, name: &str, address: &str) -> Option<Vec<u8>> {
        self.schemas.get(name).map(|schema| schema.fill(address))
    }
}

/// `soapAction` of an operation, as the WSDL states it.
///
/// Empty where nothing needs it: the Body names the operation (WS-I R1127). WS-Addressing clients take their
/// `wsa:Action` from it.
pub fn soap_action(partner: &Partner, operation: &str) -> String {
    match partner.headers {
        HeaderProtocol::Addressing => action(partner, operation, "Request"),
        HeaderProtocol::XRoad | HeaderProtocol::None => String::new(),
    }
}

/// `wsa:Action` of an operation's answer.
pub fn answer_action(partner: &Partner, operation: &str) -> String {
    action(partner, operation, "Response")
}

fn action(partner: &Partner, operation: &str, suffix: &str) -> String {
    let port_type = definitions::port_type(&partner.name);
    soap::addressing::action(&definitions::target_namespace(partner), &port_type, &format!("{operation}{suffix}"))
}

/// Whether X-Road's headers are to be described with X-Road's own schema, which the partner's does not bring.
fn with_xroad(partner: &Partner) -> bool {
    partner.headers == HeaderProtocol::XRoad && partner.schema.element(soap::xroad::NAMESPACE, "client").is_none()
}

#[cfg(test)]
mod tests;
