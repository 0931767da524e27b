//! WSDL 1.1, document/literal → operations: which element is asked, which is answered.

use std::path::{Path, PathBuf};

use super::source::{is, limits, read};
use crate::binding::plan::HeaderProtocol;
use crate::problem::{Place, Problems};
use crate::xml::tape::{NodeId, Tape};

/// What a WSDL says besides its types.
#[derive(Debug, Default)]
pub(super) struct Contract {
    pub(super) operations: Vec<Operation>,
    /// Name of the first port type that has one of them.
    pub(super) port_type: String,
    pub(super) headers: Option<HeaderProtocol>,
}

/// One operation of a port type.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    pub(super) name: String,
    pub(super) request: Expanded,
    pub(super) answer: Expanded,
    /// `wsdl:documentation`; empty where there is none.
    pub(super) documentation: String,
    pub(super) place: Place,
}

/// An expanded name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expanded {
    pub(super) namespace: String,
    pub(super) local: String,
}

/// A WSDL file and those it imports, as text.
pub(super) fn documents(path: &Path, problems: &mut Problems) -> Vec<(PathBuf, String)> {
    let mut documents: Vec<(PathBuf, String)> = Vec::new();
    let mut wanted = vec![(path.to_path_buf(), Place::file(path))];
    while let Some((path, by)) = wanted.pop() {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        if documents.iter().any(|(known, _)| real(known) == real(&path)) {
            continue;
        }
        if documents.len() == DOCUMENTS_MAX {
            problems.error(by, format!("more than {DOCUMENTS_MAX} WSDL files"), "split the contract");
            break;
        }
        let Some(text) = read(&path, &by, problems) else { continue };
        match Tape::parse(&text, &limits()) {
            Ok(tape) if is(&tape, tape.root(), WSDL, "definitions") => {
                for node in children(&tape, tape.root(), WSDL, "import") {
                    let by = Place::line(&path, tape.line(node));
                    let Some(location) = tape.attribute(node, "", "location") else { continue };
                    if location.contains("://") {
                        let remedy = "save it beside this file and correct the location";
                        problems.error(by, format!("the WSDL {location} is not a local file"), remedy);
                    } else {
                        wanted.push((path.parent().unwrap_or(Path::new("")).join(&*location), by));
                    }
                }
            }
            Ok(tape) => {
                let message = format!("not WSDL 1.1: the root is {}", tape.local(tape.root()));
                problems.error(Place::line(&path, 1), message, "name a WSDL 1.1 file; for a schema say --xsd");
                continue;
            }
            Err(error) => {
                problems.error(Place::line(&path, error.line), error.kind.to_string(), "correct the XML");
                continue;
            }
        }
        documents.push((path, text));
    }
    documents
}

/// Reads the operations of WSDL documents that belong together. What is not document/literal with one request and one
/// answer is left out, with a warning.
pub(super) fn contract(documents: &[(PathBuf, String)], problems: &mut Problems) -> Contract {
    let parsed = documents.iter().filter_map(|(path, text)| Some((path.as_path(), Tape::parse(text, &limits()).ok()?)));
    let parsed: Vec<Document<'_>> = parsed.map(|(path, tape)| Document { path, tape }).collect();
    let mut reader = Reader { documents: &parsed, problems, contract: Contract::default() };
    reader.read();
    reader.contract
}

struct Document<'d> {
    path: &'d Path,
    tape: Tape<'d>,
}

struct Reader<'r> {
    documents: &'r [Document<'r>],
    problems: &'r mut Problems,
    contract: Contract,
}

/// A node of one of the documents.
type At<'r> = (&'r Document<'r>, NodeId);

impl<'r> Reader<'r> {
    fn read(&mut self) {
        let bindings = self.all("binding");
        let soap: Vec<(At<'r>, Expanded)> = bindings
            .iter()
            .filter_map(|&(document, node)| {
                let tape = &document.tape;
                let extended = tape.child_elements(node).any(|child| {
                    tape.local(child) == "binding" && SOAP.contains(&tape.namespace_name(tape.namespace(child)))
                });
                let port_type = tape.attribute(node, "", "type").filter(|_| extended)?;
                Some(((document, node), expanded(tape, node, &port_type)?))
            })
            .collect();
        for (document, node) in self.all("portType") {
            let tape = &document.tape;
            let name = tape.attribute(node, "", "name").unwrap_or_default();
            let target = tape.attribute(tape.root(), "", "targetNamespace").unwrap_or_default();
            let own = Expanded { namespace: target.into_owned(), local: name.to_string() };
            let binding = soap.iter().find(|(_, port_type)| *port_type == own).map(|(binding, _)| *binding);
            // Port types that only HTTP GET and POST bind have nothing to do with SOAP.
            if binding.is_none() && !bindings.is_empty() {
                continue;
            }
            for operation in children(tape, node, WSDL, "operation") {
                self.operation((document, operation), binding, &own.local);
            }
        }
        self.contract.headers = self.headers();
    }

    fn operation(&mut self, at: At<'r>, binding: Option<At<'r>>, port_type: &str) {
        let (document, node) = at;
        let tape = &document.tape;
        let name = tape.attribute(node, "", "name").unwrap_or_default().into_owned();
        let place = Place::line(document.path, tape.line(node));
        let mut skip = |message: String, remedy: &str| self.problems.warning(place.clone(), message, remedy);
        let body = binding.and_then(|(document, binding)| {
            let mut all = children(&document.tape, binding, WSDL, "operation");
            let found = all.find(|&one| document.tape.attribute(one, "", "name").as_deref() == Some(&name))?;
            Some((document, binding, found))
        });
        if let Some((document, binding, operation)) = body
            && let Some(style) = not_document_literal(&document.tape, binding, operation)
        {
            return skip(format!("{name} is {style}, not document/literal: left out"), "ask for document/literal");
        }
        let [input, output] = ["input", "output"].map(|kind| children(tape, node, WSDL, kind).next());
        let (Some(input), Some(output)) = (input, output) else {
            return skip(format!("{name} has no request or no answer: left out"), "ask for a request and an answer");
        };
        let elements = [("input", input), ("output", output)].map(|(kind, node)| {
            let message = tape.attribute(node, "", "message")?;
            let message = expanded(tape, node, &message)?;
            let headers = body.map(|(document, _, operation)| header_parts(&document.tape, operation, kind, &message));
            self.element(&message, &headers.unwrap_or_default())
        });
        let [Some(request), Some(answer)] = elements else {
            let message = format!("{name}: a message is not one part that is an element: left out");
            return self.problems.warning(place, message, "ask for document/literal wrapped");
        };
        if let Some(first) = self.contract.operations.iter().find(|known| known.request == request) {
            // Port types for several SOAP versions say the same twice.
            if first.name != name {
                let message = format!("{name} is asked by the element of {}: left out", first.name);
                self.problems.warning(place, message, "ask for a request element of its own");
            }
            return;
        }
        let documentation = children(tape, node, WSDL, "documentation").next();
        let documentation = documentation.map(|node| tape.text(node).into_owned()).unwrap_or_default();
        if self.contract.operations.is_empty() {
            port_type.clone_into(&mut self.contract.port_type);
        }
        self.contract.operations.push(Operation { name, request, answer, documentation, place });
    }

    /// The element that is the message's body.
    fn element(&self, name: &Expanded, headers: &[String]) -> Option<Expanded> {
        let (document, message) = self.all("message").into_iter().find(|(document, node)| {
            let tape = &document.tape;
            let target = tape.attribute(tape.root(), "", "targetNamespace").unwrap_or_default();
            target == name.namespace && tape.attribute(*node, "", "name").as_deref() == Some(name.local.as_str())
        })?;
        let tape = &document.tape;
        let is_header =
            |part: NodeId| tape.attribute(part, "", "name").is_some_and(|name| headers.contains(&name.into_owned()));
        let parts: Vec<NodeId> = children(tape, message, WSDL, "part").filter(|&part| !is_header(part)).collect();
        let [part] = parts.as_slice() else { return None };
        expanded(tape, *part, &tape.attribute(*part, "", "element")?)
    }

    /// The header protocol that the documents speak of.
    fn headers(&self) -> Option<HeaderProtocol> {
        let mut tapes = self.documents.iter().map(|document| &document.tape);
        if tapes.clone().any(|tape| tape.namespace_id(crate::soap::xroad::NAMESPACE).is_some()) {
            return Some(HeaderProtocol::XRoad);
        }
        // Toolkits declare the prefix, and write Action attributes, whether addressing is used or not: the assertion
        // counts (WS-Addressing 1.0 WSDL Binding §3.1, Metadata §3.1).
        let asserts = |tape: &Tape<'_>| {
            let nodes = 0..tape.end(tape.root());
            nodes.into_iter().any(|node| ADDRESSING.iter().any(|(namespace, local)| is(tape, node, namespace, local)))
        };
        tapes.any(asserts).then_some(HeaderProtocol::Addressing)
    }

    /// Children of the definitions, in all documents.
    fn all(&self, local: &'static str) -> Vec<At<'r>> {
        let below = |document: &'r Document<'r>| {
            let nodes: Vec<NodeId> = children(&document.tape, document.tape.root(), WSDL, local).collect();
            nodes.into_iter().map(move |node| (document, node))
        };
        self.documents.iter().flat_map(below).collect()
    }
}

/// What an operation is instead of document/literal; `None` where it is that.
fn not_document_literal(tape: &Tape<'_>, binding: NodeId, operation: NodeId) -> Option<String> {
    let style = |node: NodeId, local: &str| {
        let soap = tape.child_elements(node).find(|&child| tape.local(child) == local)?;
        tape.attribute(soap, "", "style").map(|style| style.into_owned())
    };
    let style = style(operation, "operation").or_else(|| style(binding, "binding")).unwrap_or_default();
    if style == "rpc" {
        return Some("style rpc".to_owned());
    }
    let bodies = ["input", "output"].into_iter().flat_map(|kind| children(tape, operation, WSDL, kind));
    let mut bodies = bodies.flat_map(|node| tape.child_elements(node)).filter(|&node| tape.local(node) == "body");
    let encoded = bodies.any(|body| tape.attribute(body, "", "use").as_deref() == Some("encoded"));
    encoded.then(|| "use encoded".to_owned())
}

/// Names of the parts of a message that a binding puts into header blocks.
fn header_parts(tape: &Tape<'_>, operation: NodeId, kind: &str, message: &Expanded) -> Vec<String> {
    let of_message = |node: NodeId| {
        tape.attribute(node, "", "message").and_then(|written| expanded(tape, node, &written)).as_ref() == Some(message)
    };
    let ends = children(tape, operation, WSDL, kind).flat_map(|node| tape.child_elements(node));
    let headers = ends.filter(|&node| tape.local(node) == "header" && of_message(node));
    headers.filter_map(|node| tape.attribute(node, "", "part").map(|part| part.into_owned())).collect()
}

fn children<'t>(
    tape: &'t Tape<'_>,
    node: NodeId,
    namespace: &'static str,
    local: &'t str,
) -> impl Iterator<Item = NodeId> + 't {
    tape.child_elements(node).filter(move |&child| is(tape, child, namespace, local))
}

fn expanded(tape: &Tape<'_>, node: NodeId, written: &str) -> Option<Expanded> {
    let (prefix, local) = written.trim().split_once(':').unwrap_or(("", written.trim()));
    let namespace = tape.namespace_name(tape.resolve_prefix(node, prefix)?).to_owned();
    Some(Expanded { namespace, local: local.to_owned() })
}

const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";
/// WSDL's extensions for SOAP 1.1 and 1.2.
const SOAP: [&str; 2] = ["http://schemas.xmlsoap.org/wsdl/soap/", "http://schemas.xmlsoap.org/wsdl/soap12/"];
/// Elements that say that WS-Addressing 1.0 is used.
const ADDRESSING: [(&str, &str); 2] = [
    ("http://www.w3.org/2006/05/addressing/wsdl", "UsingAddressing"),
    ("http://www.w3.org/2007/05/addressing/metadata", "Addressing"),
];
/// WSDL files of one contract.
const DOCUMENTS_MAX: usize = 64;
