//! Ways to break one rule once.

use lienthong::schema::model::TypeId;

use super::random::Random;
use super::tree::{Child, Element, XML};
use super::{Generator, XSI, values};

impl Generator<'_> {
    /// Breaks something, probably, and says what.
    pub(super) fn break_once(&mut self, message: &mut Element) -> &'static str {
        for _ in 0..TRIES_MAX {
            // Values are most of what rules are about.
            let way = if self.random.one_in(3) { 0 } else { self.random.below(WAYS.len()) };
            let number = self.random.below(message.count());
            let (name, apply) = WAYS[way];
            if apply(self, message.nth(number)).is_some() {
                return name;
            }
        }
        ""
    }

    fn some_type(&mut self) -> TypeId {
        TypeId(self.random.below(self.schema.types.len()) as u32)
    }

    /// A namespace of the schema, none, or one nobody knows.
    fn some_namespace(&mut self) -> String {
        match self.random.below(4) {
            0 => String::new(),
            1 => "urn:nobody".into(),
            _ => self.random.pick(&self.namespaces).cloned().unwrap_or_default(),
        }
    }

    fn some_child(&mut self, element: &Element) -> Option<usize> {
        let children = element.element_indices();
        self.random.pick(&children).copied()
    }

    /// An element that the schema declares somewhere.
    fn some_element(&mut self) -> Option<Element> {
        if self.schema.elements.is_empty() {
            return None;
        }
        let id = lienthong::schema::model::ElementId(self.random.below(self.schema.elements.len()) as u32);
        self.elements_left = 8;
        Some(self.element(id, super::DEPTH_SHORT))
    }
}

/// A way of breaking the element it is given; `None` where it has nothing of the kind.
type Break = fn(&mut Generator<'_>, &mut Element) -> Option<()>;

const WAYS: &[(&str, Break)] = &[
    ("a value near the edge", value),
    ("an attribute's value near the edge", attribute_value),
    ("an element dropped", |g, e| {
        let at = g.some_child(e)?;
        e.children.remove(at);
        Some(())
    }),
    ("an element repeated", |g, e| {
        let at = g.some_child(e)?;
        let twin = e.children[at].clone();
        e.children.insert(at, twin);
        Some(())
    }),
    ("an element repeated to a bound", |g, e| {
        let at = g.some_child(e)?;
        for _ in 0..*g.random.pick(&[2, 3, 4, 5, 8, 20, 150, 501])? {
            let twin = e.children[at].clone();
            e.children.insert(at, twin);
        }
        Some(())
    }),
    ("two elements swapped", |g, e| {
        let children = e.element_indices();
        let at = g.random.below(children.len().checked_sub(1).filter(|&count| count > 0)?);
        e.children.swap(children[at], children[at + 1]);
        Some(())
    }),
    ("children cut short", |g, e| {
        let at = g.some_child(e)?;
        e.children.truncate(at);
        Some(())
    }),
    ("a foreign element", |g, e| {
        let at = g.random.below(e.children.len() + 1);
        let stranger = g.some_element()?;
        e.children.insert(at, Child::Element(stranger));
        Some(())
    }),
    ("an element renamed", |g, e| {
        match g.random.below(3) {
            0 => e.name.1.push('x'),
            1 => e.name.1 = e.name.1.to_uppercase(),
            _ => e.name = g.some_element()?.name,
        }
        Some(())
    }),
    ("an element in another namespace", |g, e| {
        e.name.0 = g.some_namespace();
        Some(())
    }),
    ("text between elements", |g, e| {
        let at = g.random.below(e.children.len() + 1);
        let text = *g.random.pick(&["text", " ", "\n\t", "\u{A0}", "1", "\r\n"])?;
        let piece = if g.random.one_in(4) { Child::Cdata(text.replace('\r', "")) } else { Child::Text(text.into()) };
        e.children.insert(at, piece);
        Some(())
    }),
    ("a comment", |g, e| {
        let at = g.random.below(e.children.len() + 1);
        e.children.insert(at, Child::Comment);
        Some(())
    }),
    ("nothing in it", |_, e| (!std::mem::take(&mut e.children).is_empty()).then_some(())),
    ("an attribute dropped", |g, e| {
        let at = g.random.below(e.attributes.len());
        (at < e.attributes.len()).then(|| drop(e.attributes.remove(at)))
    }),
    ("an attribute renamed", |g, e| {
        let at = g.random.below(e.attributes.len());
        e.attributes.get_mut(at)?.name.1.push('x');
        Some(())
    }),
    ("an attribute in another namespace", |g, e| {
        let at = g.random.below(e.attributes.len());
        let mut attribute = e.attributes.get(at)?.clone();
        e.attributes.remove(at);
        attribute.name.0 = g.some_namespace();
        e.set(&attribute.name.0, &attribute.name.1, &attribute.value, attribute.type_id);
        Some(())
    }),
    ("a foreign attribute", |g, e| {
        let globals = &g.schema.global_attributes;
        if let Some(known) = g.random.pick(globals)
            && g.random.one_in(2)
        {
            let value = values::near(g.schema, known.type_id, &mut g.random);
            e.set(g.schema.namespace_name(known.name.namespace), &known.name.local, &value, None);
            return Some(());
        }
        match g.random.below(4) {
            0 => e.set(XML, "lang", "vi", None),
            1 => {
                let namespace = g.some_namespace();
                // The schema instance's own names have ways of their own.
                e.set(if namespace == XSI { "" } else { &namespace }, "stray", "1", None);
            }
            2 => e.set(XSI, "stray", "1", None),
            _ => e.set("", "stray", "1", None),
        }
        Some(())
    }),
    ("xsi:type", |g, e| {
        let value = match g.random.below(8) {
            0 => "nope:Type".to_owned(),
            1 => "n1:nothing".to_owned(),
            2 => String::new(),
            3 => format!(" {}\n", {
                let id = g.some_type();
                g.type_name(id)
            }),
            4 => {
                // The type it has anyway.
                let id = g.schema.element_of(e.declared?).type_id;
                g.type_name(id)
            }
            _ => {
                let id = g.some_type();
                g.type_name(id)
            }
        };
        e.set(XSI, "type", &value, None);
        Some(())
    }),
    ("xsi:type of a derived type", |g, e| {
        let declared = g.schema.element_of(e.declared?).type_id;
        let all = (0..g.schema.types.len() as u32).map(TypeId);
        let derived: Vec<TypeId> = all.filter(|&id| g.schema.derives_from(id, declared)).collect();
        let picked = *g.random.pick(&derived)?;
        let name = g.type_name(picked);
        e.set(XSI, "type", &name, None);
        Some(())
    }),
    ("xsi:nil", |g, e| {
        let value = *g.random.pick(&["true", "1", " true ", "false", "0", "yes", ""])?;
        e.set(XSI, "nil", value, None);
        if g.random.one_in(2) {
            e.children.clear();
        }
        Some(())
    }),
    ("an element in a value", |g, e| {
        e.text_type?;
        let inner = g.some_element()?;
        let at = g.random.below(e.children.len() + 1);
        e.children.insert(at, Child::Element(inner));
        Some(())
    }),
    ("an identifier twice", |g, e| {
        let id = g.random.pick(&g.ids).cloned()?;
        let attribute = e.attributes.iter_mut().find(|a| a.value.starts_with('i') && g.ids.contains(&a.value));
        match attribute {
            Some(attribute) => attribute.value = id,
            None => {
                e.text_type?;
                e.children = vec![Child::Text(id)];
            }
        }
        Some(())
    }),
    ("a reference to nothing", |_, e| {
        let attribute = e.attributes.iter_mut().find(|a| a.name.1.starts_with("ref"))?;
        attribute.value = "nobody".into();
        Some(())
    }),
];

fn value(g: &mut Generator<'_>, e: &mut Element) -> Option<()> {
    let type_id = e.text_type?;
    let value = any_value(g, type_id);
    e.children.clear();
    g.text(e, value);
    Some(())
}

fn attribute_value(g: &mut Generator<'_>, e: &mut Element) -> Option<()> {
    let at = g.random.below(e.attributes.len());
    let type_id = e.attributes.get(at)?.type_id?;
    e.attributes[at].value = any_value(g, type_id);
    Some(())
}

fn any_value(g: &mut Generator<'_>, type_id: TypeId) -> String {
    if g.random.one_in(12) {
        return ODD.get(g.random.below(ODD.len())).map_or_else(String::new, |odd| (*odd).to_owned());
    }
    let random: &mut Random = &mut g.random;
    values::near(g.schema, type_id, random)
}

/// What no type or nearly every type takes.
const ODD: &[&str] = &["", " ", "\n", "x", "0", "\u{A0}", "-", "1 2", "true", "2024-02-29", "\u{301}"];
const TRIES_MAX: usize = 40;
