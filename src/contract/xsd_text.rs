//! A service's face in XML as the text of an XSD: one namespace, wrapper elements, document/literal.

use crate::xml::chars::is_char;
use crate::xml::writer::Writer;

/// The schema to write.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) namespace: String,
    pub(super) documentation: String,
    pub(super) wrappers: Vec<Wrapper>,
    pub(super) types: Vec<Type>,
    pub(super) enums: Vec<Enumeration>,
}

/// A request's or an answer's element.
#[derive(Debug)]
pub(super) struct Wrapper {
    pub(super) name: String,
    pub(super) documentation: String,
    pub(super) content: Vec<Particle>,
}

/// A complex type.
#[derive(Debug)]
pub(super) struct Type {
    pub(super) name: String,
    pub(super) documentation: String,
    pub(super) content: Vec<Particle>,
}

/// A simple type that lists its values, each with its documentation.
#[derive(Debug)]
pub(super) struct Enumeration {
    pub(super) name: String,
    pub(super) documentation: String,
    pub(super) values: Vec<(String, String)>,
}

/// A member of a sequence.
#[derive(Debug)]
pub(super) enum Particle {
    Element(Element),
    /// One of them, or none.
    Choice(Vec<Element>),
}

#[derive(Debug)]
pub(super) struct Element {
    pub(super) name: String,
    /// With its prefix: `xs:string`, `tns:Loan`.
    pub(super) type_name: String,
    pub(super) occurrence: Occurrence,
    pub(super) documentation: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occurrence {
    Once,
    Optional,
    Any,
}

/// The whole file.
pub(super) fn write(schema: &Schema) -> String {
    let mut text = Text { out: Writer::with_capacity(16 << 10), depth: 0 };
    text.out.declaration();
    text.out.start("xs:schema");
    text.out.attribute("xmlns:xs", super::source::XSD);
    text.out.attribute("xmlns:tns", &schema.namespace);
    text.out.attribute("targetNamespace", &schema.namespace);
    text.out.attribute("elementFormDefault", "qualified");
    text.depth = 1;
    text.documentation(&schema.documentation);
    for wrapper in &schema.wrappers {
        text.gap();
        text.open("xs:element", &[("name", &wrapper.name)]);
        text.documentation(&wrapper.documentation);
        text.open("xs:complexType", &[]);
        text.sequence(&wrapper.content);
        text.close("xs:complexType");
        text.close("xs:element");
    }
    for one in &schema.types {
        text.gap();
        text.open("xs:complexType", &[("name", &one.name)]);
        text.documentation(&one.documentation);
        text.sequence(&one.content);
        text.close("xs:complexType");
    }
    for one in &schema.enums {
        text.gap();
        text.open("xs:simpleType", &[("name", &one.name)]);
        text.documentation(&one.documentation);
        text.open("xs:restriction", &[("base", "xs:token")]);
        for (value, documentation) in &one.values {
            text.documented("xs:enumeration", &[("value", value)], documentation);
        }
        text.close("xs:restriction");
        text.close("xs:simpleType");
    }
    text.close("xs:schema");
    text.out.plain("\n");
    String::from_utf8_lossy(&text.out.into_bytes()).into_owned()
}

struct Text {
    out: Writer,
    depth: usize,
}

impl Text {
    fn sequence(&mut self, content: &[Particle]) {
        if content.is_empty() {
            return self.documented("xs:sequence", &[], "");
        }
        self.open("xs:sequence", &[]);
        for particle in content {
            match particle {
                Particle::Element(element) => self.element(element),
                Particle::Choice(branches) => {
                    self.open("xs:choice", &[("minOccurs", "0")]);
                    branches.iter().for_each(|branch| self.element(branch));
                    self.close("xs:choice");
                }
            }
        }
        self.close("xs:sequence");
    }

    fn element(&mut self, element: &Element) {
        let mut attributes = vec![("name", element.name.as_str()), ("type", element.type_name.as_str())];
        match element.occurrence {
            Occurrence::Once => {}
            Occurrence::Optional => attributes.push(("minOccurs", "0")),
            Occurrence::Any => attributes.extend([("minOccurs", "0"), ("maxOccurs", "unbounded")]),
        }
        self.documented("xs:element", &attributes, &element.documentation);
    }

    /// An element that has nothing in it but its documentation.
    fn documented(&mut self, name: &str, attributes: &[(&str, &str)], documentation: &str) {
        if documentation.is_empty() {
            self.start(name, attributes);
            self.out.end(name);
            return;
        }
        self.open(name, attributes);
        self.documentation(documentation);
        self.close(name);
    }

    fn documentation(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.open("xs:annotation", &[]);
        for paragraph in text.lines().filter(|line| !line.is_empty()) {
            self.start("xs:documentation", &[]);
            let clean: String = paragraph.chars().filter(|&c| is_char(c)).collect();
            self.out.text(&clean);
            self.out.end("xs:documentation");
        }
        self.close("xs:annotation");
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.depth += 1;
    }

    fn start(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.line();
        self.out.start(name);
        for (key, value) in attributes {
            self.out.attribute(key, value);
        }
    }

    fn close(&mut self, name: &str) {
        self.depth -= 1;
        self.line();
        self.out.end(name);
    }

    fn line(&mut self) {
        let indent = "  ".repeat(self.depth);
        self.out.plain("\n");
        self.out.plain(&indent);
    }

    fn gap(&mut self) {
        self.out.plain("\n");
    }
}
