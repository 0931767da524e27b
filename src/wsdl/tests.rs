//! What is served, by the rules of WS-I Basic Profile 1.1 that it is held to.

use std::fs;
use std::path::{Path, PathBuf};

use super::Description;
use crate::binding::plan::{HeaderProtocol, Partner};
use crate::problem::Problems;
use crate::schema;
use crate::xml::limits::{Limits, ProcessingInstructions};
use crate::xml::tape::{NodeId, Tape};

const ADDRESS: &str = "https://gateway.example:8443/soap/test";
const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";
const XSD: &str = "http://www.w3.org/2001/XMLSchema";

fn partner(proto: &str, binding: &str) -> Partner {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut problems = Problems::new();
    let pool = crate::proto::load(&[root.join(proto)], &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let partner = Partner::compile("test", &root.join(binding), &[pool], &mut problems);
    partner.unwrap_or_else(|| panic!("{problems}"))
}

fn dossiers() -> Partner {
    partner("proto", "schemas/hoso/binding.toml")
}

fn loans() -> Partner {
    partner("tests/contracts/library/proto", "tests/contracts/library/binding.toml")
}

fn describe(partner: &Partner) -> Description {
    let mut problems = Problems::new();
    Description::new(partner, &mut problems).unwrap_or_else(|| panic!("{problems}"))
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("UTF-8")
}

/// A served document, to be asked by paths of names.
struct Document {
    text: String,
}

impl Document {
    fn tape(&self) -> Tape<'_> {
        let limits = Limits { processing_instructions: ProcessingInstructions::Skip, ..Limits::default() };
        Tape::parse(&self.text, &limits).expect("well-formed")
    }

    /// Values of `attribute` of all elements with this expanded name, in document order.
    fn all(&self, namespace: &str, local: &str, attribute: &str) -> Vec<String> {
        let tape = self.tape();
        elements(&tape)
            .filter(|&node| tape.local(node) == local && tape.namespace_name(tape.namespace(node)) == namespace)
            .filter_map(|node| tape.attribute(node, "", attribute).map(|value| value.into_owned()))
            .collect()
    }
}

fn elements<'t>(tape: &'t Tape<'_>) -> impl Iterator<Item = NodeId> + 't {
    (0..tape.end(tape.root())).filter(|&node| tape.kind(node) == crate::xml::tape::NodeKind::Element)
}

fn wsdl(partner: &Partner) -> Document {
    Document { text: text(describe(partner).wsdl(ADDRESS)) }
}

#[test]
fn a_contract_without_header_protocol_is_described_whole() {
    let text = text(describe(&loans()).wsdl(ADDRESS)).replace("><", ">\n<");
    expect_test::expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <wsdl:definitions name="test" targetNamespace="urn:example:library:2" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="urn:example:library:2">
        <wsdl:types>
        <xs:schema>
        <xs:import namespace="urn:example:library:2" schemaLocation="https://gateway.example:8443/soap/test?xsd=library.xsd"/>
        </xs:schema>
        </wsdl:types>
        <wsdl:message name="LendRequest">
        <wsdl:part name="parameters" element="tns:Lend"/>
        </wsdl:message>
        <wsdl:message name="LendResponse">
        <wsdl:part name="parameters" element="tns:LendResponse"/>
        </wsdl:message>
        <wsdl:message name="FindLoansRequest">
        <wsdl:part name="parameters" element="tns:FindLoans"/>
        </wsdl:message>
        <wsdl:message name="FindLoansResponse">
        <wsdl:part name="parameters" element="tns:FindLoansResponse"/>
        </wsdl:message>
        <wsdl:portType name="testPortType">
        <wsdl:operation name="Lend">
        <wsdl:input message="tns:LendRequest"/>
        <wsdl:output message="tns:LendResponse"/>
        </wsdl:operation>
        <wsdl:operation name="FindLoans">
        <wsdl:input message="tns:FindLoansRequest"/>
        <wsdl:output message="tns:FindLoansResponse"/>
        </wsdl:operation>
        </wsdl:portType>
        <wsdl:binding name="testSoap11" type="tns:testPortType">
        <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
        <wsdl:operation name="Lend">
        <soap:operation soapAction=""/>
        <wsdl:input>
        <soap:body use="literal"/>
        </wsdl:input>
        <wsdl:output>
        <soap:body use="literal"/>
        </wsdl:output>
        </wsdl:operation>
        <wsdl:operation name="FindLoans">
        <soap:operation soapAction=""/>
        <wsdl:input>
        <soap:body use="literal"/>
        </wsdl:input>
        <wsdl:output>
        <soap:body use="literal"/>
        </wsdl:output>
        </wsdl:operation>
        </wsdl:binding>
        <wsdl:binding name="testSoap12" type="tns:testPortType">
        <soap12:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
        <wsdl:operation name="Lend">
        <soap12:operation soapAction=""/>
        <wsdl:input>
        <soap12:body use="literal"/>
        </wsdl:input>
        <wsdl:output>
        <soap12:body use="literal"/>
        </wsdl:output>
        </wsdl:operation>
        <wsdl:operation name="FindLoans">
        <soap12:operation soapAction=""/>
        <wsdl:input>
        <soap12:body use="literal"/>
        </wsdl:input>
        <wsdl:output>
        <soap12:body use="literal"/>
        </wsdl:output>
        </wsdl:operation>
        </wsdl:binding>
        <wsdl:service name="test">
        <wsdl:port name="testSoap11" binding="tns:testSoap11">
        <soap:address location="https://gateway.example:8443/soap/test"/>
        </wsdl:port>
        <wsdl:port name="testSoap12" binding="tns:testSoap12">
        <soap12:address location="https://gateway.example:8443/soap/test"/>
        </wsdl:port>
        </wsdl:service>
        </wsdl:definitions>"#]].assert_eq(&text);
}

#[test]
fn r2101_r2102_every_reference_resolves() {
    for partner in [dossiers(), loans()] {
        let document = wsdl(&partner);
        let names = |local| document.all(WSDL, local, "name");
        let tape = document.tape();
        for node in elements(&tape) {
            for attribute in ["message", "binding", "type"] {
                let Some(reference) = tape.attribute(node, "", attribute) else { continue };
                let (prefix, local) = reference.split_once(':').expect("a QName with a prefix");
                let namespace = tape.resolve_prefix(node, prefix).expect("a bound prefix");
                assert_eq!(tape.namespace_name(namespace), partner.namespace);
                let kind = if attribute == "type" { "portType" } else { attribute };
                assert!(names(kind).iter().any(|name| name == local), "{attribute} {reference}");
            }
            if let Some(element) = tape.attribute(node, "", "element") {
                let (prefix, local) = element.split_once(':').expect("a QName with a prefix");
                let namespace = tape.namespace_name(tape.resolve_prefix(node, prefix).expect("a bound prefix"));
                let known = partner.schema.element(namespace, local).is_some();
                assert!(known || namespace == crate::soap::xroad::NAMESPACE, "{element}");
            }
        }
    }
}

#[test]
fn r2204_r2210_messages_of_operations_have_one_element_part() {
    let document = wsdl(&dossiers());
    let tape = document.tape();
    let messages = elements(&tape).filter(|&node| tape.local(node) == "message");
    for message in messages {
        let name = tape.attribute(message, "", "name").expect("a name");
        let parts: Vec<NodeId> = tape.child_elements(message).collect();
        assert!(parts.iter().all(|&part| tape.attribute(part, "", "element").is_some()), "{name}");
        assert!(parts.len() == 1 || name == "XRoadHeader", "{name}");
    }
}

#[test]
fn r2304_r2710_operations_and_their_wire_elements_are_unique() {
    let document = wsdl(&dossiers());
    let mut elements = document.all(WSDL, "part", "element");
    let before = elements.len();
    elements.sort();
    elements.dedup();
    assert_eq!(elements.len(), before);
    let mut operations = document.all(WSDL, "operation", "name");
    // Once in the port type, once in each binding (R2718).
    operations.sort();
    let counts: Vec<usize> = operations.chunk_by(|a, b| a == b).map(<[String]>::len).collect();
    assert_eq!(counts, [3; 15]);
}

#[test]
fn r2702_r2705_r2706_r2716_bindings_are_document_literal_over_http_without_namespace() {
    let document = wsdl(&dossiers());
    for soap in ["http://schemas.xmlsoap.org/wsdl/soap/", "http://schemas.xmlsoap.org/wsdl/soap12/"] {
        assert_eq!(document.all(soap, "binding", "style"), ["document"]);
        assert_eq!(document.all(soap, "binding", "transport"), ["http://schemas.xmlsoap.org/soap/http"]);
        assert_eq!(document.all(soap, "body", "use"), ["literal"; 30]);
        assert_eq!(document.all(soap, "body", "namespace"), [""; 0]);
        assert_eq!(document.all(soap, "operation", "soapAction"), [""; 15]);
        assert_eq!(document.all(soap, "address", "location"), [ADDRESS]);
        let parts = ["client", "service", "id", "userId", "issue", "protocolVersion"];
        assert_eq!(document.all(soap, "header", "part"), parts.repeat(15));
    }
}

#[test]
fn r2001_r2105_schemas_are_imported_from_where_they_are_served() {
    let document = wsdl(&dossiers());
    let locations = document.all(XSD, "import", "schemaLocation");
    assert_eq!(locations, [format!("{ADDRESS}?xsd=hoso.xsd"), format!("{ADDRESS}?xsd=xroad.xsd")]);
    let namespaces = document.all(XSD, "import", "namespace");
    assert_eq!(namespaces, ["http://molisa.gov.vn/hoso/1.0", "http://x-road.eu/xsd/xroad.xsd"]);
    let description = describe(&dossiers());
    for name in ["hoso.xsd", "xroad.xsd", "identifiers.xsd"] {
        let served = Document { text: text(description.xsd(name, ADDRESS).expect("served")) };
        served.tape();
    }
    assert!(description.xsd("../hoso.xsd", ADDRESS).is_none());
    let fields = Document { text: text(description.xsd("xroad.xsd", ADDRESS).expect("served")) };
    assert_eq!(fields.all(XSD, "import", "schemaLocation"), [format!("{ADDRESS}?xsd=identifiers.xsd")]);
}

#[test]
fn a_schema_that_names_no_other_is_served_as_it_is() {
    let served = text(describe(&dossiers()).xsd("hoso.xsd", ADDRESS).expect("served"));
    let file = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/hoso/hoso.xsd")).expect("a file");
    assert_eq!(served, file);
}

#[test]
fn x_road_schemas_are_schemas() {
    let description = describe(&dossiers());
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["xroad.xsd", "identifiers.xsd"] {
        let schema = text(description.xsd(name, "").expect("served")).replace("?xsd=", "");
        fs::write(folder.path().join(name), schema).expect("written");
    }
    let mut problems = Problems::new();
    let schema = schema::load::load(&[folder.path().join("xroad.xsd")], &mut problems);
    let schema = schema.unwrap_or_else(|| panic!("{problems}"));
    for field in ["client", "service", "id", "userId", "issue", "protocolVersion"] {
        assert!(schema.element(crate::soap::xroad::NAMESPACE, field).is_some(), "{field}");
    }
}

#[test]
fn files_that_include_and_import_each_other_find_each_other_by_address() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| -> PathBuf {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(&path, text).expect("written");
        path
    };
    let open = |namespace: &str| format!("<xs:schema xmlns:xs='{XSD}' targetNamespace='{namespace}'>");
    let main = write(
        "main.xsd",
        &format!(
            "<?xml version='1.0'?>\n<!-- kept -->{}<xs:include id='schemaLocation=\"x\"' schemaLocation = 'a/thành phần.xsd'/>\
             <xs:import schemaLocation=\"a/main.xsd\" namespace=\"urn:b\"/></xs:schema>",
            open("urn:a")
        ),
    );
    write("a/thành phần.xsd", &format!("{}<xs:include schemaLocation='../main.xsd'/></xs:schema>", open("urn:a")));
    write("a/main.xsd", &format!("{}</xs:schema>", open("urn:b")));
    let mut problems = Problems::new();
    let mut partner = loans();
    partner.schema =
        schema::load::load(std::slice::from_ref(&main), &mut problems).unwrap_or_else(|| panic!("{problems}"));
    partner.schema_files = vec![main];
    partner.operations.clear();
    let description = describe(&partner);
    let served = |name: &str| text(description.xsd(name, "A").unwrap_or_else(|| panic!("{name} is not served")));
    assert_eq!(
        served("main.xsd"),
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- kept -->{}<xs:include id='schemaLocation=\"x\"' \
             schemaLocation = 'A?xsd=th%C3%A0nh%20ph%E1%BA%A7n.xsd'/>\
             <xs:import schemaLocation=\"A?xsd=2-main.xsd\" namespace=\"urn:b\"/></xs:schema>",
            open("urn:a")
        )
    );
    assert!(served("thành phần.xsd").contains("schemaLocation='A?xsd=main.xsd'"));
    assert!(served("2-main.xsd").contains("urn:b"));
}

#[test]
fn addressing_clients_find_their_action_in_the_wsdl() {
    let mut partner = loans();
    partner.headers = HeaderProtocol::Addressing;
    let actions = wsdl(&partner).all("http://schemas.xmlsoap.org/wsdl/soap12/", "operation", "soapAction");
    let action = |operation: &str| format!("urn:example:library:2:testPortType:{operation}Request");
    assert_eq!(actions, [action("Lend"), action("FindLoans")]);
    assert_eq!(super::answer_action(&partner, "Lend"), "urn:example:library:2:testPortType:LendResponse");
}

#[test]
fn an_address_is_escaped() {
    let text = text(describe(&loans()).wsdl("https://a/\"<&"));
    assert!(text.contains("location=\"https://a/&quot;&lt;&amp;\""), "{text}");
}
