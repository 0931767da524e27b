//! Simple type definitions (part 1 §3.14): restriction, list and union, with their facets.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::index::{At, Builder, Space};
use crate::schema::model::{ANY_SIMPLE_TYPE, Kind, TypeId};
use crate::schema::value::facets::{Bound, Facets};
use crate::schema::value::pattern::Pattern;
use crate::schema::value::{Identity, SimpleType, Token, Variety, WhiteSpace};

impl Builder<'_> {
    /// Makes `xs:simpleType`; its base and what it is. `None` where that was a problem.
    pub(super) fn simple_type(&mut self, at: At) -> Option<(TypeId, SimpleType)> {
        let children = self.children(at);
        let [derivation] = children.as_slice() else {
            self.error(at, "xs:simpleType needs one xs:restriction, xs:list or xs:union", "add it");
            return None;
        };
        let derivation = *derivation;
        match self.local(derivation) {
            "restriction" => {
                let base = self.simple_reference(derivation, "base")?;
                let simple = self.restricted(base, derivation)?;
                Some((base, simple))
            }
            "list" => {
                let item = self.simple_reference(derivation, "itemType")?;
                Some((ANY_SIMPLE_TYPE, constructed(Variety::List(item))))
            }
            _ => {
                let members = self.union_members(derivation)?;
                Some((ANY_SIMPLE_TYPE, constructed(Variety::Union(members))))
            }
        }
    }

    /// A simple type by reference, or by the `xs:simpleType` child that stands for it; made.
    pub(super) fn simple_reference(&mut self, at: At, attribute: &str) -> Option<TypeId> {
        let inline = self.child(at, "simpleType");
        let id = match (self.attribute(at, attribute).is_some(), inline) {
            (true, None) => {
                let name = self.resolve(at, attribute, Space::Type)?;
                self.global_type(&name)?
            }
            (false, Some(inline)) => self.want_type(inline, None),
            _ => {
                let message = format!("xs:{} needs {attribute} or an xs:simpleType, not both", self.local(at));
                self.error(at, message, format!("give it one of {attribute} and xs:simpleType"));
                return None;
            }
        };
        if !self.make_now(id) {
            self.error(at, "a simple type is derived from itself", "break the circle");
            return None;
        }
        if matches!(self.schema.type_of(id).kind, Kind::Simple(_)) {
            return Some(id);
        }
        self.error(at, "a complex type stands where a simple type must", "name a simple type");
        None
    }

    /// The simple type that restricts `base` by the facets below `at`.
    pub(super) fn restricted(&mut self, base: TypeId, at: At) -> Option<SimpleType> {
        let Kind::Simple(simple) = &self.schema.type_of(base).kind else { return None };
        let mut simple = simple.clone();
        let mut enumeration: Vec<Box<str>> = Vec::new();
        let mut patterns: Vec<String> = Vec::new();
        let mut seen: BTreeMap<&str, At> = BTreeMap::new();
        for facet in self.children(at) {
            let name = self.local(facet);
            if matches!(name, "simpleType" | "attribute" | "attributeGroup" | "anyAttribute") {
                continue;
            }
            let Some(value) = self.attribute(facet, "value") else {
                self.error(facet, format!("xs:{name} without a value"), "add value=\"…\"");
                continue;
            };
            match name {
                "enumeration" => match self.schema.check(base, Cow::Borrowed(&value)) {
                    Ok(value) => enumeration.push(value.into()),
                    Err(violation) => {
                        let message =
                            format!("enumeration value '{value}' is not of the base type: {}", violation.asks);
                        self.error(facet, message, "correct the value");
                    }
                },
                "pattern" => patterns.push(value),
                _ if seen.insert(name, facet).is_some() => {
                    self.error(facet, format!("xs:{name} stands twice"), "remove one");
                }
                _ => self.facet(base, &mut simple, facet, name, value.trim()),
            }
        }
        if !enumeration.is_empty() {
            simple.facets.enumeration = Some(enumeration);
        }
        if !patterns.is_empty() {
            let alternatives: Vec<&str> = patterns.iter().map(String::as_str).collect();
            match Pattern::compile(&alternatives) {
                Ok(pattern) => simple.facets.patterns.push(pattern),
                Err(reason) => {
                    let first = self.child(at, "pattern").unwrap_or(at);
                    self.error(first, format!("xs:pattern: {reason}"), "correct the expression");
                }
            }
        }
        self.check_facets(at, &simple.facets);
        Some(simple)
    }

    fn facet(&mut self, base: TypeId, simple: &mut SimpleType, at: At, name: &str, value: &str) {
        let facets = &mut simple.facets;
        match name {
            "whiteSpace" => {
                let wanted = match value {
                    "preserve" => WhiteSpace::Preserve,
                    "replace" => WhiteSpace::Replace,
                    "collapse" => WhiteSpace::Collapse,
                    _ => {
                        self.error(at, "xs:whiteSpace is preserve, replace or collapse", "correct the value");
                        return;
                    }
                };
                if wanted < simple.white_space {
                    self.error(at, "xs:whiteSpace is weaker than the base type's", "remove it");
                }
                simple.white_space = simple.white_space.max(wanted);
            }
            "minInclusive" | "minExclusive" | "maxInclusive" | "maxExclusive" => {
                // Part 2 §4.3.7–10: a bound is a value of the base type. An exclusive bound may lie at the base's own.
                if let Err(violation) = self.schema.check(base, Cow::Borrowed(value))
                    && !(name.ends_with("Exclusive") && violation.rule.contains("clusive"))
                {
                    self.error(at, format!("{name} {value} is not of the base type: {}", violation.asks), "correct it");
                    return;
                }
                let bound = Some(Bound::new(value, name.ends_with("Inclusive")));
                if name.starts_with("min") {
                    facets.min = bound;
                } else {
                    facets.max = bound;
                }
            }
            _ => {
                let Ok(number) = value.parse::<u64>() else {
                    self.error(at, format!("xs:{name} \"{value}\" is not a number"), "write a whole number");
                    return;
                };
                let small = u32::try_from(number).unwrap_or(u32::MAX);
                match name {
                    "length" => facets.length = Some(number),
                    "minLength" => facets.length_min = Some(number),
                    "maxLength" => facets.length_max = Some(number),
                    "totalDigits" => facets.digits_max = Some(small),
                    "fractionDigits" => facets.fraction_digits_max = Some(small),
                    _ => self.error(at, format!("xs:{name} cannot stand in a simple type"), "remove or move it"),
                }
            }
        }
    }

    fn check_facets(&mut self, at: At, facets: &Facets) {
        if let (Some(min), Some(max)) = (facets.length_min, facets.length_max)
            && min > max
        {
            self.error(at, format!("minLength {min} is above maxLength {max}"), "correct one of them");
        }
        if let (Some(min), Some(max)) =
            (facets.min.as_ref().and_then(|b| b.small), facets.max.as_ref().and_then(|b| b.small))
            && min > max
        {
            self.error(at, format!("the lower bound {min} is above the upper bound {max}"), "correct one of them");
        }
    }

    fn union_members(&mut self, at: At) -> Option<Vec<TypeId>> {
        let mut members = Vec::new();
        for written in self.attribute(at, "memberTypes").unwrap_or_default().split_whitespace() {
            let name = self.resolve_name(at, written, Space::Type)?;
            members.push(self.global_type(&name)?);
        }
        for inline in self.children(at) {
            members.push(self.want_type(inline, None));
        }
        for &member in &members {
            if !self.make_now(member) {
                self.error(at, "a union is a member of itself", "break the circle");
                return None;
            }
            if matches!(self.schema.type_of(member).kind, Kind::Complex(_)) {
                self.error(at, "a union's member must be a simple type", "name a simple type");
                return None;
            }
        }
        if members.is_empty() {
            self.error(at, "a union without member types", "name its members");
            return None;
        }
        Some(members)
    }
}

fn constructed(variety: Variety) -> SimpleType {
    // A union's white space is its members' business; a list is always collapsed (part 2 §4.3.6).
    let white_space = match variety {
        Variety::Union(_) => WhiteSpace::Preserve,
        _ => WhiteSpace::Collapse,
    };
    SimpleType { variety, white_space, token: Token::Any, identity: Identity::None, facets: Facets::default() }
}
