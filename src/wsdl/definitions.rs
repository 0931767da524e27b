//! The WSDL 1.1 of a partner: document/literal wrapped, one port for each SOAP version at the same address.
//!
//! Two ports share one address knowingly (WS-I R2711 says "should not"): the answer's version follows the
//! question's. Operations are told apart by the element in the Body, which is unique (R2710).

use std::borrow::Cow;

use super::schemas::Served;
use super::template::ADDRESS;
use super::{soap_action, xroad};
use crate::binding::plan::{Operation, Partner};
use crate::schema::model::ElementId;
use crate::soap;
use crate::xml::writer::Writer;

/// Name of the port type.
pub(super) fn port_type(partner: &str) -> String {
    format!("{}PortType", ncname(partner))
}

/// Writes the document, [`ADDRESS`] in place of the address.
///
/// `files` are the schema files to import; `described`: whether X-Road's headers are declared with our copy
/// of X-Road's schema.
pub(super) fn write(partner: &Partner, files: &[Served], described: bool) -> String {
    let mut wsdl = Definitions { partner, described, out: Writer::with_capacity(16 << 10) };
    wsdl.write(files);
    String::from_utf8(wsdl.out.into_bytes()).expect("the writer was given UTF-8")
}

struct Definitions<'p> {
    partner: &'p Partner,
    described: bool,
    out: Writer,
}

/// A SOAP binding: its name's end, the prefix and namespace of its WSDL extension.
struct Binding {
    suffix: &'static str,
    prefix: &'static str,
}

impl Definitions<'_> {
    fn write(&mut self, files: &[Served]) {
        self.out.declaration();
        self.out.start("wsdl:definitions");
        self.out.attribute("name", &ncname(&self.partner.name));
        let target = target_namespace(self.partner);
        self.out.attribute("targetNamespace", &target);
        for (prefix, namespace) in NAMESPACES {
            self.out.attribute(&format!("xmlns:{prefix}"), namespace);
        }
        self.out.attribute("xmlns:tns", &target);
        if self.described {
            self.out.attribute("xmlns:xrd", soap::xroad::NAMESPACE);
        }
        self.write_types(files);
        for operation in &self.partner.operations {
            self.write_message(operation, "Request", operation.request_element);
            self.write_message(operation, "Response", operation.answer_element);
        }
        if self.described {
            self.write_header_message();
        }
        self.write_port_type();
        for binding in &BINDINGS {
            self.write_binding(binding);
        }
        self.write_service();
        self.out.end("wsdl:definitions");
    }

    /// One schema element for each target namespace. A lone file is imported (WS-I R2105 allows a schema
    /// without a target namespace that only imports); several files of one namespace are included, because
    /// processors read only the first import of a namespace. What has no namespace cannot be imported there.
    fn write_types(&mut self, files: &[Served]) {
        self.out.start("wsdl:types");
        let mut namespaces: Vec<&str> = Vec::new();
        for file in files.iter().filter(|file| file.is_root) {
            if !namespaces.contains(&file.namespace.as_str()) {
                namespaces.push(&file.namespace);
            }
        }
        for namespace in namespaces {
            let roots: Vec<&Served> = files.iter().filter(|file| file.is_root && file.namespace == namespace).collect();
            self.out.start("xs:schema");
            if let ([file], false) = (roots.as_slice(), namespace.is_empty()) {
                self.write_location("xs:import", Some(namespace), &file.location());
            } else {
                if !namespace.is_empty() {
                    self.out.attribute("targetNamespace", namespace);
                }
                for file in roots {
                    self.write_location("xs:include", None, &file.location());
                }
            }
            self.out.end("xs:schema");
        }
        if self.described {
            self.out.start("xs:schema");
            self.write_location("xs:import", Some(soap::xroad::NAMESPACE), &xroad::location());
            self.out.end("xs:schema");
        }
        self.out.end("wsdl:types");
    }

    fn write_location(&mut self, element: &str, namespace: Option<&str>, location: &str) {
        self.out.start(element);
        if let Some(namespace) = namespace {
            self.out.attribute("namespace", namespace);
        }
        self.out.attribute("schemaLocation", location);
        self.out.end(element);
    }

    /// One element part (R2204), called `parameters`: by that name .NET and Java see the wrapper style.
    fn write_message(&mut self, operation: &Operation, suffix: &str, element: ElementId) {
        let schema = &self.partner.schema;
        let name = &schema.element_of(element).name;
        let namespace = schema.namespace_name(name.namespace);
        self.out.start("wsdl:message");
        self.out.attribute("name", &format!("{}{suffix}", operation.name));
        self.out.start("wsdl:part");
        self.out.attribute("name", "parameters");
        if namespace.is_empty() {
            self.out.attribute("element", &name.local);
        } else if namespace == self.partner.namespace {
            self.out.attribute("element", &format!("tns:{}", name.local));
        } else {
            self.out.attribute("xmlns:e", namespace);
            self.out.attribute("element", &format!("e:{}", name.local));
        }
        self.out.end("wsdl:part");
        self.out.end("wsdl:message");
    }

    fn write_header_message(&mut self) {
        self.out.start("wsdl:message");
        self.out.attribute("name", HEADER_MESSAGE);
        for field in HEADER_FIELDS {
            self.out.start("wsdl:part");
            self.out.attribute("name", field);
            self.out.attribute("element", &format!("xrd:{field}"));
            self.out.end("wsdl:part");
        }
        self.out.end("wsdl:message");
    }

    fn write_port_type(&mut self) {
        self.out.start("wsdl:portType");
        self.out.attribute("name", &port_type(&self.partner.name));
        for operation in &self.partner.operations {
            self.out.start("wsdl:operation");
            self.out.attribute("name", &operation.name);
            for (element, suffix) in [("wsdl:input", "Request"), ("wsdl:output", "Response")] {
                self.out.start(element);
                self.out.attribute("message", &format!("tns:{}{suffix}", operation.name));
                self.out.end(element);
            }
            self.out.end("wsdl:operation");
        }
        self.out.end("wsdl:portType");
    }

    fn write_binding(&mut self, binding: &Binding) {
        let soap = |local: &str| format!("{}:{local}", binding.prefix);
        self.out.start("wsdl:binding");
        self.out.attribute("name", &binding.name(&self.partner.name));
        self.out.attribute("type", &format!("tns:{}", port_type(&self.partner.name)));
        self.out.start(&soap("binding"));
        self.out.attribute("style", "document");
        // R2702; the same for SOAP 1.2, where every toolkit takes it for HTTP.
        self.out.attribute("transport", "http://schemas.xmlsoap.org/soap/http");
        self.out.end(&soap("binding"));
        for operation in &self.partner.operations {
            self.out.start("wsdl:operation");
            self.out.attribute("name", &operation.name);
            self.out.start(&soap("operation"));
            self.out.attribute("soapAction", &soap_action(self.partner, &operation.name));
            self.out.end(&soap("operation"));
            self.out.start("wsdl:input");
            self.write_body(&soap("body"));
            self.write_header_fields(&soap("header"));
            self.out.end("wsdl:input");
            // Headers of the answer stay undescribed (allowed by R2739): a described one changes what zeep
            // returns, from the answer to an envelope around it.
            self.out.start("wsdl:output");
            self.write_body(&soap("body"));
            self.out.end("wsdl:output");
            self.out.end("wsdl:operation");
        }
        self.out.end("wsdl:binding");
    }

    fn write_body(&mut self, name: &str) {
        self.out.start(name);
        self.out.attribute("use", "literal");
        self.out.end(name);
    }

    fn write_header_fields(&mut self, name: &str) {
        if !self.described {
            return;
        }
        for field in HEADER_FIELDS {
            self.out.start(name);
            self.out.attribute("message", &format!("tns:{HEADER_MESSAGE}"));
            self.out.attribute("part", field);
            self.out.attribute("use", "literal");
            self.out.end(name);
        }
    }

    fn write_service(&mut self) {
        self.out.start("wsdl:service");
        self.out.attribute("name", &ncname(&self.partner.name));
        for binding in &BINDINGS {
            let name = binding.name(&self.partner.name);
            let address = format!("{}:address", binding.prefix);
            self.out.start("wsdl:port");
            self.out.attribute("name", &name);
            self.out.attribute("binding", &format!("tns:{name}"));
            self.out.start(&address);
            self.out.attribute("location", ADDRESS);
            self.out.end(&address);
            self.out.end("wsdl:port");
        }
        self.out.end("wsdl:service");
    }
}

impl Binding {
    fn name(&self, partner: &str) -> String {
        format!("{}{}", ncname(partner), self.suffix)
    }
}

/// Target namespace of a partner's WSDL: its contract's, or one of ours where that has none.
pub(super) fn target_namespace(partner: &Partner) -> Cow<'_, str> {
    match partner.namespace.as_str() {
        "" => Cow::Owned(format!("urn:lienthong:wsdl:{}", ncname(&partner.name))),
        namespace => Cow::Borrowed(namespace),
    }
}

/// A partner's name as an NCName: names of partners are made for addresses.
fn ncname(name: &str) -> String {
    let is_name = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
    let name: String = name.chars().map(|char| if is_name(char) { char } else { '_' }).collect();
    if name.starts_with(|first: char| first.is_ascii_alphabetic()) { name } else { format!("_{name}") }
}

const BINDINGS: [Binding; 2] =
    [Binding { suffix: "Soap11", prefix: "soap" }, Binding { suffix: "Soap12", prefix: "soap12" }];
const NAMESPACES: [(&str, &str); 4] = [
    ("wsdl", "http://schemas.xmlsoap.org/wsdl/"),
    ("soap", "http://schemas.xmlsoap.org/wsdl/soap/"),
    ("soap12", "http://schemas.xmlsoap.org/wsdl/soap12/"),
    ("xs", "http://www.w3.org/2001/XMLSchema"),
];
/// Message whose parts are the header fields; no operation's message ends like it.
const HEADER_MESSAGE: &str = "XRoadHeader";
/// In the order of PR-MESS table 1.
const HEADER_FIELDS: [&str; 6] = ["client", "service", "id", "userId", "issue", "protocolVersion"];
