//! Attribute declarations, attribute groups and wildcards (part 1 §3.2, §3.6, §3.10).

use std::borrow::Cow;

use super::index::{At, Builder, Space};
use super::source::XSD;
use crate::schema::model::{
    ANY_SIMPLE_TYPE, Attribute, Name, NamespaceId, Process, TypeId, ValueConstraint, Wildcard, WildcardNamespaces,
};

/// Attributes of one type or group.
#[derive(Debug, Default, Clone)]
pub(super) struct Attributes {
    pub(super) declared: Vec<Attribute>,
    /// Names that a restriction takes away.
    pub(super) prohibited: Vec<Name>,
    pub(super) any: Option<Wildcard>,
}

impl Builder<'_> {
    /// The attributes declared directly below a type, derivation or group.
    pub(super) fn attributes(&mut self, at: At) -> Attributes {
        let mut all = Attributes::default();
        let mut from_groups: Vec<Wildcard> = Vec::new();
        for child in self.children(at) {
            match self.local(child) {
                "attribute" => {
                    let Some(attribute) = self.attribute_declaration(child, false) else { continue };
                    if self.attribute(child, "use").as_deref() == Some("prohibited") {
                        all.prohibited.push(attribute.name);
                    } else {
                        self.add(child, &mut all, attribute);
                    }
                }
                "attributeGroup" => {
                    let Some(name) = self.resolve(child, "ref", Space::AttributeGroup) else { continue };
                    let Some(group) = self.global(Space::AttributeGroup, &name) else { continue };
                    let group = self.attribute_group(group);
                    for attribute in group.declared {
                        self.add(child, &mut all, attribute);
                    }
                    from_groups.extend(group.any);
                }
                "anyAttribute" => all.any = self.wildcard(child),
                _ => {}
            }
        }
        all.any = self.complete_wildcard(at, all.any, from_groups);
        all
    }

    /// One's own wildcard narrowed by those of the groups referred to (part 1 §3.4.2, complete wildcard).
    fn complete_wildcard(&mut self, at: At, own: Option<Wildcard>, groups: Vec<Wildcard>) -> Option<Wildcard> {
        let mut all = own.into_iter().chain(groups);
        let mut complete = all.next()?;
        for next in all {
            let Some(namespaces) = complete.namespaces.intersection(&next.namespaces) else {
                self.error(at, "what both wildcards let in cannot be said by one", "list the namespaces");
                return None;
            };
            complete.namespaces = namespaces;
        }
        Some(complete)
    }

    pub(super) fn attribute_group(&mut self, at: At) -> Attributes {
        if self.open_groups.contains(&at) {
            self.error(at, "an attribute group refers to itself", "break the circle");
            return Attributes::default();
        }
        self.open_groups.push(at);
        let attributes = self.attributes(at);
        self.open_groups.pop();
        attributes
    }

    /// `xs:attribute`, declared here or referred to.
    pub(super) fn attribute_declaration(&mut self, at: At, global: bool) -> Option<Attribute> {
        if self.attribute(at, "ref").is_some() {
            let name = self.resolve(at, "ref", Space::Attribute)?;
            let mut attribute = match self.global(Space::Attribute, &name) {
                Some(declaration) => self.attribute_declaration(declaration, true)?,
                None => Attribute { type_id: self.xml_attribute(at, &name)?, name, required: false, constraint: None },
            };
            attribute.required = self.attribute(at, "use").as_deref() == Some("required");
            attribute.constraint = self.constraint(at, attribute.type_id).or(attribute.constraint);
            return Some(attribute);
        }
        let Some(local) = self.attribute(at, "name").filter(|name| crate::xml::chars::is_ncname(name)) else {
            self.error(at, "xs:attribute needs a name or a ref", "add one");
            return None;
        };
        let type_id = match self.attribute(at, "type").is_some() || self.child(at, "simpleType").is_some() {
            true => self.simple_reference(at, "type")?,
            false => ANY_SIMPLE_TYPE,
        };
        let qualified = global || self.is_qualified(at, "attributeFormDefault");
        let namespace = if qualified { self.target(at) } else { NamespaceId(0) };
        let required = match self.attribute(at, "use").as_deref() {
            None | Some("optional" | "prohibited") => false,
            Some("required") => true,
            Some(other) => {
                self.error(at, format!("use=\"{other}\" is not optional, required or prohibited"), "correct it");
                false
            }
        };
        let constraint = self.constraint(at, type_id);
        Some(Attribute { name: Name { namespace, local: local.into() }, type_id, required, constraint })
    }

    /// `form`, or the schema's default for it.
    pub(super) fn is_qualified(&mut self, at: At, default: &str) -> bool {
        let root = At { source: at.source, node: self.tapes[at.source].root() };
        let form = self.attribute(at, "form").or_else(|| self.attribute(root, default));
        match form.as_deref() {
            None | Some("unqualified") => false,
            Some("qualified") => true,
            Some(other) => {
                self.error(at, format!("\"{other}\" is neither qualified nor unqualified"), "correct it");
                false
            }
        }
    }

    /// `default` or `fixed`, checked against the type. `type_id` is a simple type that is made.
    pub(super) fn constraint(&mut self, at: At, type_id: TypeId) -> Option<ValueConstraint> {
        let (value, make): (String, fn(Box<str>) -> ValueConstraint) =
            match (self.attribute(at, "default"), self.attribute(at, "fixed")) {
                (None, None) => return None,
                (Some(value), None) => (value, ValueConstraint::Default),
                (None, Some(value)) => (value, ValueConstraint::Fixed),
                (Some(_), Some(_)) => {
                    self.error(at, "both default and fixed", "remove one");
                    return None;
                }
            };
        match self.schema.check(type_id, Cow::Borrowed(&value)) {
            Ok(value) => Some(make(value.into())),
            Err(violation) => {
                let message = format!("the default or fixed value is not of its type: {}", violation.asks);
                self.error(at, message, "correct the value");
                None
            }
        }
    }

    /// `xs:any` or `xs:anyAttribute`.
    pub(super) fn wildcard(&mut self, at: At) -> Option<Wildcard> {
        let process = match self.attribute(at, "processContents").as_deref() {
            None | Some("strict") => Process::Strict,
            Some("lax") => Process::Lax,
            Some("skip") => Process::Skip,
            Some(other) => {
                self.error(at, format!("processContents=\"{other}\" is not strict, lax or skip"), "correct it");
                return None;
            }
        };
        let target = self.target(at);
        let namespaces = match self.attribute(at, "namespace").as_deref().map(str::trim) {
            None | Some("##any") => WildcardNamespaces::Any,
            Some("##other") => WildcardNamespaces::Other(target),
            Some(list) => WildcardNamespaces::List(
                list.split_whitespace()
                    .map(|name| match name {
                        "##targetNamespace" => target,
                        "##local" => NamespaceId(0),
                        name => self.intern(name),
                    })
                    .collect(),
            ),
        };
        Some(Wildcard { namespaces, process })
    }

    fn add(&mut self, at: At, all: &mut Attributes, attribute: Attribute) {
        if all.declared.iter().any(|known| known.name == attribute.name) {
            self.error(at, format!("attribute '{}' is declared twice", attribute.name.local), "remove one");
            return;
        }
        all.declared.push(attribute);
    }

    /// The attributes of XML's own namespace, which schemas refer to without a file for it.
    fn xml_attribute(&mut self, at: At, name: &Name) -> Option<TypeId> {
        let type_name = match &*name.local {
            "lang" => "language",
            "space" => "NCName",
            "base" => "anyURI",
            "id" => "ID",
            other => {
                self.error(at, format!("XML has no attribute xml:{other}"), "correct the reference");
                return None;
            }
        };
        self.schema.type_named(XSD, type_name)
    }
}
