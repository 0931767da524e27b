//! A document that can be cut and put together otherwise: names, values and text as they are written.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// As written: `s:Body`.
    pub name: String,
    /// As written, declarations among them.
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    Element(Element),
    /// Text, comments and references, as written.
    Raw(String),
}

impl Element {
    /// Reads a well-formed document.
    pub fn parse(text: &str) -> Self {
        let mut reader = Reader::from_str(text);
        let mut open = vec![Self::new("")];
        loop {
            let event = reader.read_event().expect("well-formed");
            let last = open.last_mut().expect("as many ends as starts");
            match event {
                Event::Start(start) => open.push(Self::of(&start)),
                Event::Empty(start) => last.children.push(Node::Element(Self::of(&start))),
                Event::End(_) => {
                    let done = open.pop().expect("it was opened");
                    open.last_mut().expect("the outermost is ours").children.push(Node::Element(done));
                }
                Event::Eof => break,
                Event::Decl(_) => {}
                Event::Text(text) => last.children.push(Node::Raw(text.to_string())),
                Event::GeneralRef(name) => last.children.push(Node::Raw(format!("&{};", &*name))),
                Event::Comment(text) => last.children.push(Node::Raw(format!("<!--{}-->", &*text))),
                other => panic!("{other:?} does not stand in these documents"),
            }
        }
        let top = open.pop().expect("the outermost is ours").children.into_iter();
        let mut elements = top.filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Raw(_) => None,
        });
        elements.next().expect("a document element")
    }

    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), attributes: Vec::new(), children: Vec::new() }
    }

    fn of(start: &BytesStart<'_>) -> Self {
        let attributes = start.attributes().map(|attribute| {
            let attribute = attribute.expect("well-formed");
            (attribute.key.as_ref().to_owned(), attribute.value.to_string())
        });
        Self { attributes: attributes.collect(), ..Self::new(start.name().as_ref()) }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    pub fn holding(mut self, child: Self) -> Self {
        self.children.push(Node::Element(child));
        self
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.attributes.retain(|(known, _)| known != name);
        self.attributes.push((name.to_owned(), value.to_owned()));
    }

    pub fn local(&self) -> &str {
        self.name.rsplit(':').next().expect("a split has a part")
    }

    /// The first element of this local name, in document order, itself included.
    pub fn find(&mut self, local: &str) -> Option<&mut Self> {
        if self.local() == local {
            return Some(self);
        }
        self.elements().find_map(|child| child.find(local))
    }

    pub fn elements(&mut self) -> impl Iterator<Item = &mut Self> {
        self.children.iter_mut().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Raw(_) => None,
        })
    }

    /// Paths of all elements below it: indices of children.
    pub fn paths(&self) -> Vec<Vec<usize>> {
        let mut paths = Vec::new();
        for (at, child) in self.children.iter().enumerate() {
            let Node::Element(element) = child else { continue };
            paths.push(vec![at]);
            paths.extend(element.paths().into_iter().map(|path| [vec![at], path].concat()));
        }
        paths
    }

    /// The element that holds what is at a path, and its place there.
    pub fn holder(&mut self, path: &[usize]) -> Option<(&mut Self, usize)> {
        let (&last, above) = path.split_last()?;
        let mut at = self;
        for &index in above {
            match at.children.get_mut(index) {
                Some(Node::Element(element)) => at = element,
                _ => return None,
            }
        }
        (last < at.children.len()).then_some((at, last))
    }

    pub fn write(&self) -> String {
        let mut out = String::new();
        self.write_to(&mut out);
        out
    }

    fn write_to(&self, out: &mut String) {
        *out += &format!("<{}", self.name);
        for (name, value) in &self.attributes {
            *out += &format!(" {name}=\"{}\"", value.replace('"', "&quot;"));
        }
        out.push('>');
        for child in &self.children {
            match child {
                Node::Element(element) => element.write_to(out),
                Node::Raw(text) => *out += text,
            }
        }
        *out += &format!("</{}>", self.name);
    }
}
