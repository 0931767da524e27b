//! Which attributes and children each construct of XML Schema 1.0 may have, and which constructs are not supported.

/// A construct's own attributes and child constructs (`annotation` and `id` go everywhere).
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) attributes: &'static [&'static str],
    pub(super) children: &'static [&'static str],
}

/// The rule of a construct; `None` where XML Schema 1.0 has no such construct.
pub(super) fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

/// Constructs that are known and refused, with what to do instead.
pub(super) fn unsupported(name: &str) -> Option<&'static str> {
    let (_, remedy) = UNSUPPORTED.iter().find(|(known, _)| *known == name)?;
    Some(remedy)
}

const UNSUPPORTED: &[(&str, &str)] = &[
    ("redefine", "include the file and derive types under names of their own"),
    ("override", "this is XSD 1.1: include the file and derive types under names of their own"),
    ("notation", "declare the value as an enumeration of strings"),
    ("key", "identity constraints are not checked: ask the partner for a schema without them"),
    ("keyref", "identity constraints are not checked: ask the partner for a schema without them"),
    ("unique", "identity constraints are not checked: ask the partner for a schema without them"),
    ("assert", "this is XSD 1.1: let the service check the rule"),
    ("assertion", "this is XSD 1.1: let the service check the rule"),
    ("alternative", "this is XSD 1.1: use xsi:type or a choice"),
    ("openContent", "this is XSD 1.1: use xs:any"),
    ("defaultOpenContent", "this is XSD 1.1: use xs:any"),
];

const PARTICLES: &[&str] = &["element", "group", "sequence", "choice", "any"];
const OCCURS: &[&str] = &["minOccurs", "maxOccurs"];
const FACETS: &[&str] = &[
    "simpleType",
    "length",
    "minLength",
    "maxLength",
    "pattern",
    "enumeration",
    "whiteSpace",
    "minInclusive",
    "minExclusive",
    "maxInclusive",
    "maxExclusive",
    "totalDigits",
    "fractionDigits",
    "attribute",
    "attributeGroup",
    "anyAttribute",
    "group",
    "sequence",
    "choice",
    "all",
];
const DERIVED: &[&str] = &["group", "sequence", "choice", "all", "attribute", "attributeGroup", "anyAttribute"];

const fn facet(name: &'static str) -> Rule {
    Rule { name, attributes: &["value", "fixed"], children: &[] }
}

const RULES: &[Rule] = &[
    Rule {
        name: "schema",
        attributes: &[
            "targetNamespace",
            "elementFormDefault",
            "attributeFormDefault",
            "blockDefault",
            "finalDefault",
            "version",
        ],
        children: &[
            "include",
            "import",
            "element",
            "attribute",
            "complexType",
            "simpleType",
            "group",
            "attributeGroup",
        ],
    },
    Rule { name: "include", attributes: &["schemaLocation"], children: &[] },
    Rule { name: "import", attributes: &["namespace", "schemaLocation"], children: &[] },
    Rule {
        name: "element",
        attributes: &[
            "name",
            "ref",
            "type",
            "minOccurs",
            "maxOccurs",
            "default",
            "fixed",
            "nillable",
            "form",
            "block",
            "final",
            "abstract",
            "substitutionGroup",
        ],
        children: &["simpleType", "complexType"],
    },
    Rule {
        name: "attribute",
        attributes: &["name", "ref", "type", "use", "default", "fixed", "form"],
        children: &["simpleType"],
    },
    Rule {
        name: "complexType",
        attributes: &["name", "mixed", "abstract", "block", "final"],
        children: &[
            "simpleContent",
            "complexContent",
            "group",
            "sequence",
            "choice",
            "all",
            "attribute",
            "attributeGroup",
            "anyAttribute",
        ],
    },
    Rule { name: "simpleType", attributes: &["name", "final"], children: &["restriction", "list", "union"] },
    Rule { name: "simpleContent", attributes: &[], children: &["restriction", "extension"] },
    Rule { name: "complexContent", attributes: &["mixed"], children: &["restriction", "extension"] },
    Rule { name: "restriction", attributes: &["base"], children: FACETS },
    Rule { name: "extension", attributes: &["base"], children: DERIVED },
    Rule { name: "list", attributes: &["itemType"], children: &["simpleType"] },
    Rule { name: "union", attributes: &["memberTypes"], children: &["simpleType"] },
    Rule {
        name: "group",
        attributes: &["name", "ref", "minOccurs", "maxOccurs"],
        children: &["sequence", "choice", "all"],
    },
    Rule { name: "sequence", attributes: OCCURS, children: PARTICLES },
    Rule { name: "choice", attributes: OCCURS, children: PARTICLES },
    Rule { name: "all", attributes: OCCURS, children: &["element"] },
    Rule { name: "any", attributes: &["namespace", "processContents", "minOccurs", "maxOccurs"], children: &[] },
    Rule { name: "anyAttribute", attributes: &["namespace", "processContents"], children: &[] },
    Rule {
        name: "attributeGroup",
        attributes: &["name", "ref"],
        children: &["attribute", "attributeGroup", "anyAttribute"],
    },
    facet("length"),
    facet("minLength"),
    facet("maxLength"),
    facet("pattern"),
    facet("enumeration"),
    facet("whiteSpace"),
    facet("minInclusive"),
    facet("minExclusive"),
    facet("maxInclusive"),
    facet("maxExclusive"),
    facet("totalDigits"),
    facet("fractionDigits"),
];
