//! A message as a tree that can be broken before it is written.

use lienthong::schema::model::{ElementId, TypeId};

/// An element.
#[derive(Debug, Clone)]
pub struct Element {
    /// Namespace and local name.
    pub name: (String, String),
    /// Attributes in the order written.
    pub attributes: Vec<Attribute>,
    /// Children in the order written.
    pub children: Vec<Child>,
    /// Its declaration, where the schema has one for it.
    pub declared: Option<ElementId>,
    /// The type of its text, where it has simple content.
    pub text_type: Option<TypeId>,
}

/// An attribute.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Namespace and local name.
    pub name: (String, String),
    /// Value, not escaped.
    pub value: String,
    /// Its type, where the schema declares it.
    pub type_id: Option<TypeId>,
}

/// What stands between tags.
#[derive(Debug, Clone)]
pub enum Child {
    Element(Element),
    /// Character data, not escaped.
    Text(String),
    /// A CDATA section, without `]]>`.
    Cdata(String),
    Comment,
}

impl Element {
    pub fn new(namespace: &str, local: &str) -> Self {
        Self {
            name: (namespace.to_owned(), local.to_owned()),
            attributes: Vec::new(),
            children: Vec::new(),
            declared: None,
            text_type: None,
        }
    }

    /// Sets an attribute, in place of one of the same name.
    pub fn set(&mut self, namespace: &str, local: &str, value: &str, type_id: Option<TypeId>) {
        let name = (namespace.to_owned(), local.to_owned());
        self.attributes.retain(|attribute| attribute.name != name);
        self.attributes.push(Attribute { name, value: value.to_owned(), type_id });
    }

    /// Child elements, by their index among all children.
    pub fn element_indices(&self) -> Vec<usize> {
        (0..self.children.len()).filter(|&at| matches!(self.children[at], Child::Element(_))).collect()
    }

    /// How many elements there are, itself included.
    pub fn count(&self) -> usize {
        1 + self.children.iter().map(|child| if let Child::Element(e) = child { e.count() } else { 0 }).sum::<usize>()
    }

    /// The element of this number in document order; 0 is itself.
    pub fn nth(&mut self, number: usize) -> &mut Element {
        if number == 0 {
            return self;
        }
        let mut left = number - 1;
        for child in &mut self.children {
            if let Child::Element(element) = child {
                let count = element.count();
                if left < count {
                    return element.nth(left);
                }
                left -= count;
            }
        }
        unreachable!("numbers are below count()")
    }

    /// The document's text. Prefixes are declared on the root, `n0`, `n1`… by the order of `namespaces`; names in
    /// other namespaces declare their own.
    /// `default` is the default namespace; elements in none then undeclare it.
    pub fn write(&self, namespaces: &[String], default: Option<&str>) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        self.write_element(namespaces, default, true, &mut out);
        out.push('\n');
        out
    }

    fn write_element(&self, namespaces: &[String], default: Option<&str>, is_root: bool, out: &mut String) {
        let mut own: Vec<String> = Vec::new();
        let tag = qualified(&self.name, namespaces, &mut own);
        out.push('<');
        out.push_str(&tag);
        if is_root {
            for (at, namespace) in namespaces.iter().enumerate().filter(|(_, namespace)| !namespace.is_empty()) {
                out.push_str(&format!(" xmlns:n{at}=\"{}\"", escaped(namespace, true)));
            }
        }
        if let Some(default) = default {
            let declared = if self.name.0.is_empty() { "" } else { default };
            // An element inside one that undeclared it has it back.
            out.push_str(&format!(" xmlns=\"{}\"", escaped(declared, true)));
        }
        let mut attributes = String::new();
        for attribute in &self.attributes {
            let name = qualified(&attribute.name, namespaces, &mut own);
            attributes.push_str(&format!(" {name}=\"{}\"", escaped(&attribute.value, true)));
        }
        for (at, namespace) in own.iter().enumerate() {
            out.push_str(&format!(" xmlns:o{at}=\"{}\"", escaped(namespace, true)));
        }
        out.push_str(&attributes);
        if self.children.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        for child in &self.children {
            match child {
                Child::Element(element) => element.write_element(namespaces, default, false, out),
                Child::Text(text) => out.push_str(&escaped(text, false)),
                Child::Cdata(text) => out.push_str(&format!("<![CDATA[{text}]]>")),
                Child::Comment => out.push_str("<!-- a comment -->"),
            }
        }
        out.push_str(&format!("</{tag}>"));
    }
}

/// `prefix:local`; `own` collects the namespaces that the element must declare itself.
fn qualified(name: &(String, String), namespaces: &[String], own: &mut Vec<String>) -> String {
    let (namespace, local) = name;
    match namespace.as_str() {
        "" => local.clone(),
        XML => format!("xml:{local}"),
        _ => match namespaces.iter().position(|known| known == namespace) {
            Some(at) => format!("n{at}:{local}"),
            None => {
                let at = own.iter().position(|known| known == namespace).unwrap_or_else(|| {
                    own.push(namespace.clone());
                    own.len() - 1
                });
                format!("o{at}:{local}")
            }
        },
    }
}

/// Escaped so that the value read back is this one, white space included.
fn escaped(text: &str, attribute: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\n' if attribute => out.push_str("&#10;"),
            '\t' if attribute => out.push_str("&#9;"),
            c => out.push(c),
        }
    }
    out
}

pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
