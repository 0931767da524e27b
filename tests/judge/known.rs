//! Where libxml2 is known to judge wrongly, each with the clause that says so. Narrow on purpose: a disagreement that
//! no predicate here matches counts against us. Found with libxml2 2.9.14.

use std::cmp::Ordering;
use std::collections::HashSet;

use lienthong::schema::model::{Complex, Content, Kind, Schema, TypeId};
use lienthong::schema::value::moment::Moment;
use lienthong::schema::value::{Primitive, SimpleType, Variety};
use lienthong::xml::tape::{NodeId, NodeKind, Tape};

use super::{Disagreement, XSD};
use crate::generator::XSI;

/// One defect of libxml2.
#[derive(Debug)]
pub struct Defect {
    /// What it does.
    pub about: &'static str,
    /// The clause of the standard that it breaks.
    pub clause: &'static str,
    kind: Wrongly,
}

#[derive(Debug)]
enum Wrongly {
    /// It says this sentence of a valid message. All its sentences must be explained so, each by some defect.
    Refuses(fn(&Said<'_>, &Disagreement, &Schema) -> bool),
    /// It accepts a message in which we refuse this.
    Accepts(fn(&Refused<'_>) -> bool),
}

/// One sentence of libxml2.
struct Said<'t> {
    text: &'t str,
    /// Value and type of "'…' is not a valid value of the … type '…'".
    value: Option<(&'t str, &'t str)>,
}

/// What we refuse.
struct Refused<'t> {
    rule: &'t str,
    asks: &'t str,
    /// The attribute, or the element's text.
    value: String,
    tape: &'t Tape<'t>,
    node: NodeId,
    schema: &'t Schema,
}

/// The defect that explains a disagreement, where one does.
pub fn explain(it: &Disagreement, schema: &Schema) -> Option<&'static Defect> {
    let Err(invalid) = &it.ours else {
        let said = it.theirs.join("\n");
        let sentences: Vec<&str> = said.split("Schemas validity error : ").skip(1).collect();
        let explained = sentences.iter().map(|text| {
            let said = Said { text, value: refused_value(text) };
            DEFECTS.iter().find(|defect| matches!(defect.kind, Wrongly::Refuses(applies) if applies(&said, it, schema)))
        });
        return explained.collect::<Option<Vec<_>>>()?.first().copied();
    };
    let tape = Tape::parse(&it.message.text, &super::limits()).ok()?;
    let (element, attribute) = match invalid.path.split_once("/@") {
        Some((element, attribute)) => (element, Some(attribute)),
        None => (invalid.path.as_str(), None),
    };
    let node = elements(&tape).find(|&node| tape.path(node) == element)?;
    let value = match attribute {
        None => tape.text(node).into_owned(),
        Some(name) => {
            let found = tape.attributes(node).find(|attribute| attribute.local == name)?;
            tape.attribute_value(found.index).into_owned()
        }
    };
    let refused = Refused { rule: invalid.rule, asks: &invalid.asks, value, tape: &tape, node, schema };
    DEFECTS.iter().find(|defect| matches!(defect.kind, Wrongly::Accepts(applies) if applies(&refused)))
}

const DEFECTS: &[Defect] = &[
    Defect {
        about: "does not trim white space around dates, times, durations, bounded integers, INF and NaN",
        clause: "part 2 §4.3.6: whiteSpace of these types is collapse, fixed",
        kind: Wrongly::Refuses(|said, _, schema| {
            let Some((value, type_name)) = said.value else { return false };
            let trimmed = value.trim_matches(WHITE_SPACE);
            trimmed.len() < value.len() && is_untrimmed(schema, type_name, trimmed)
        }),
    },
    Defect {
        about: "compares an element's text with its fixed value by spelling, white space and all",
        clause: "part 1 §3.3.4 cvc-elt.5.2.2.2.2: actual values are compared",
        kind: Wrongly::Refuses(|said, _, _| {
            let Some((_, rest)) = said.text.split_once("The actual value '") else { return false };
            let Some((value, rest)) = rest.split_once("' does not match the fixed value constraint '") else {
                return false;
            };
            let fixed = rest.split('\'').next().unwrap_or_default();
            value != fixed && is_same(value, fixed)
        }),
    },
    Defect {
        about: "takes white space in a CDATA section between elements for text",
        clause: "part 1 §3.4.4 cvc-complex-type.2.3: white space characters may stand there, however written",
        kind: Wrongly::Refuses(|said, it, _| {
            said.text.contains("content type is 'element-only'") && has_blank_cdata(&it.message.text)
        }),
    },
    Defect {
        about: "does not find a type of no namespace by xsi:type where a default namespace was undeclared",
        clause: "Namespaces in XML §6.2: xmlns=\"\" has the same effect as no default namespace",
        kind: Wrongly::Refuses(|said, it, _| {
            said.text.contains("The QName value '{}") && it.message.text.contains("xmlns=\"\"")
        }),
    },
    Defect {
        about: "refuses a URI with an empty port, or with brackets in its query",
        clause: "part 2 §3.2.17: RFC 2396 §3.2.2 (port = *digit), §3.4 (query = *uric), with RFC 2732 §3 (brackets)",
        kind: Wrongly::Refuses(|said, _, schema| {
            said.value.is_some_and(|(value, type_name)| {
                let query = value.split_once('?').map_or("", |(_, rest)| rest);
                let query = query.split('#').next().unwrap_or_default();
                let rest = value.split_once("//").map_or("", |(_, rest)| rest);
                let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
                let odd = query.contains(['[', ']']) || authority.trim_end_matches(WHITE_SPACE).ends_with(':');
                odd && primitive(schema, type_name) == Some(Primitive::AnyUri)
            })
        }),
    },
    Defect {
        about: "does not trim white space around a QName, xsi:type's too",
        clause: "part 2 §4.3.6: whiteSpace of QName is collapse, fixed",
        kind: Wrongly::Refuses(|said, _, _| {
            let looked_up = said.text.split_once("The QName value '").and_then(|(_, rest)| {
                let ends = ["' has no corresponding namespace", "' of the xsi:type attribute does not resolve"];
                ends.iter().find_map(|end| rest.split_once(end)).map(|(value, _)| value)
            });
            let value = looked_up.or(said.value.filter(|(_, name)| *name == "xs:QName").map(|(value, _)| value));
            value.is_some_and(|value| value.trim_matches(WHITE_SPACE).len() < value.len())
        }),
    },
    Defect {
        about: "stops at a union's QName member where a later member takes the value",
        clause: "part 2 §2.5.1.3: the members are tried in order until one takes it",
        kind: Wrongly::Refuses(|said, _, schema| {
            let Some((before, _)) = said.text.split_once(": The QName value '") else { return false };
            let local = before.rsplit(['}', '\'']).nth(1).unwrap_or_default();
            schema.elements.iter().any(|element| {
                let Kind::Simple(simple) = &schema.type_of(element.type_id).kind else { return false };
                let Variety::Union(members) = &simple.variety else { return false };
                let at = members.iter().position(|&member| schema.primitive(member) == Some(Primitive::QName));
                *element.name.local == *local && at.is_some_and(|at| at + 1 < members.len())
            })
        }),
    },
    Defect {
        about: "refuses decimals of more than 24 digits",
        clause: "part 2 §3.2.3: 18 digits at least must be supported; a limit, not an error",
        kind: Wrongly::Refuses(|said, _, schema| {
            said.value.is_some_and(|(value, type_name)| {
                let digits = |word: &str| word.bytes().filter(u8::is_ascii_digit).count();
                value.split(WHITE_SPACE).any(|word| digits(word) > 24 && word.parse::<f64>().is_ok())
                    && !matches!(primitive(schema, type_name), Some(Primitive::String))
            })
        }),
    },
    Defect {
        about: "does not compare times of different zones",
        clause: "part 2 §3.2.8, §4.3.5: 19:00:00+07:00 is 12:00:00Z",
        kind: Wrongly::Refuses(|said, _, _| {
            let Some((_, rest)) = said.text.split_once("[facet 'enumeration'] The value '") else { return false };
            let Some((value, rest)) = rest.split_once("' is not an element of the set {") else { return false };
            let moment = |text: &str| Moment::parse(Primitive::Time, text.trim_matches(WHITE_SPACE));
            let set = rest.split('}').next().unwrap_or_default();
            moment(value).is_some_and(|value| {
                let mut set = set.split(", ").filter_map(|one| moment(one.trim_matches('\'')));
                set.any(|one| one.partial_cmp(&value) == Some(Ordering::Equal))
            })
        }),
    },
    Defect {
        about: "asks a strict wildcard's element for a declaration though it has xsi:type",
        clause: "part 1 §3.10.1: strict: a top-level declaration, or an xsi:type",
        kind: Wrongly::Refuses(|said, it, _| {
            said.text.contains("No matching global element declaration available, but demanded by the strict wildcard")
                && it.message.text.contains(":type=")
        }),
    },
    Defect {
        about: "takes a moment for inside a bound though only one of them has a zone",
        clause: "part 2 §3.2.7.4: within 14 hours their order is not determined, so that the facet does not hold",
        kind: Wrongly::Accepts(|it| {
            let bound = it.asks.rsplit(' ').next().unwrap_or_default();
            it.rule.ends_with("clusive-valid") && has_zone(it.value.trim_matches(WHITE_SPACE)) != has_zone(bound)
        }),
    },
    Defect {
        about: "takes base64 outside the alphabet, or with unused bits set",
        clause: "part 2 §3.2.16: the grammar of Base64-encoded lexical forms",
        kind: Wrongly::Accepts(|it| {
            it.rule == "cvc-datatype-valid.1.2.1" && it.asks == "base64" && !is_base64(&it.value)
        }),
    },
    Defect {
        about: "takes a sign alone, with white space behind it, for a number",
        clause: "part 2 §3.2.3, §3.3.13: digits, at least one",
        kind: Wrongly::Accepts(|it| {
            let trimmed = it.value.trim_matches(WHITE_SPACE);
            it.rule == "cvc-datatype-valid.1.2.1" && matches!(trimmed, "+" | "-") && trimmed.len() < it.value.len()
        }),
    },
    Defect {
        about: "takes an empty NMTOKENS, IDREFS or ENTITIES",
        clause: "part 2 §3.3.5, §3.3.10, §3.3.12: minLength 1",
        kind: Wrongly::Accepts(|it| {
            it.rule == "cvc-minLength-valid"
                && it.asks == "at least 1 items"
                && it.value.trim_matches(WHITE_SPACE).is_empty()
        }),
    },
    Defect {
        about: "does not resolve IDREF",
        clause: "part 1 §3.15.4 cvc-id.1",
        kind: Wrongly::Accepts(|it| {
            let attributes = it.tape.attributes(it.node);
            let mut said: Vec<String> =
                attributes.map(|attribute| it.tape.attribute_value(attribute.index).into_owned()).collect();
            said.push(it.value.clone());
            let known: HashSet<String> = ids(it).into_iter().collect();
            let unknown = |text: &String| text.split(WHITE_SPACE).any(|word| !word.is_empty() && !known.contains(word));
            it.rule == "cvc-id.1" && said.iter().any(unknown)
        }),
    },
    Defect {
        about: "does not compare an ID that is an element's text with others",
        clause: "part 1 §3.15.4 cvc-id.2",
        kind: Wrongly::Accepts(|it| {
            let mut seen = HashSet::new();
            it.rule == "cvc-id.2" && !ids(it).into_iter().all(|id| seen.insert(id))
        }),
    },
];

fn refused_value(text: &str) -> Option<(&str, &str)> {
    let (start, end) = text.split_once("' is not a valid value of the ")?;
    let (_, value) = start.split_once("': '")?;
    // A type without a name is "the local atomic type."
    let name = end.split_once("type '").map_or("", |(_, name)| name);
    Some((value, name.split('\'').next()?))
}

/// Whether two spellings are one value, of any of the types that the fragments fix values of; an empty CDATA section,
/// which libxml2 calls `(null)`, is an empty element, for which the fixed value stands.
fn is_same(value: &str, fixed: &str) -> bool {
    let words = |text: &str| text.split(WHITE_SPACE).filter(|w| !w.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (ones, others) = (words(value), words(fixed));
    let truth = |word: &str| matches!(word, "true" | "1");
    let moment = |word: &str| Moment::parse(Primitive::DateTime, word);
    value == "(null)"
        || ones.len() == others.len()
            && ones.iter().zip(&others).all(|(one, other)| {
                one == other
                    || one.parse::<f64>().is_ok_and(|one| other.parse::<f64>() == Ok(one))
                    || truth(one) && truth(other)
                    || moment(one).zip(moment(other)).is_some_and(|(a, b)| a.partial_cmp(&b) == Some(Ordering::Equal))
            })
}

/// Whether a type, named as libxml2 does, is one whose white space it does not trim; one without a name is told by the
/// value's looks.
fn is_untrimmed(schema: &Schema, name: &str, trimmed: &str) -> bool {
    if name.is_empty() {
        return trimmed.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | 'P'));
    }
    let Some((type_id, simple)) = simple(schema, name) else { return false };
    let Variety::Atomic(primitive) = simple.variety else { return false };
    match primitive {
        Primitive::Integer => ["long", "unsignedLong"].iter().any(|base| derives_from(schema, type_id, base)),
        Primitive::Float | Primitive::Double => matches!(trimmed, "INF" | "-INF" | "NaN"),
        Primitive::Duration
        | Primitive::DateTime
        | Primitive::Date
        | Primitive::Time
        | Primitive::GYearMonth
        | Primitive::GYear
        | Primitive::GMonthDay
        | Primitive::GDay
        | Primitive::GMonth => true,
        _ => false,
    }
}

fn primitive(schema: &Schema, name: &str) -> Option<Primitive> {
    simple(schema, name).and_then(|(type_id, _)| schema.primitive(type_id))
}

/// A simple type by its name in libxml2's sentences: `xs:int`, `{urn:x}Code`, `Code`.
fn simple<'s>(schema: &'s Schema, name: &str) -> Option<(TypeId, &'s SimpleType)> {
    let (namespace, local) = match (name.strip_prefix("xs:"), name.strip_prefix('{')) {
        (Some(local), _) => (XSD, local),
        (None, Some(rest)) => rest.split_once('}')?,
        (None, None) => ("", name),
    };
    let type_id = schema.type_named(namespace, local)?;
    match &schema.type_of(type_id).kind {
        Kind::Simple(simple) => Some((type_id, simple)),
        Kind::Complex(_) => None,
    }
}

fn derives_from(schema: &Schema, type_id: TypeId, built_in: &str) -> bool {
    schema.type_named(XSD, built_in).is_some_and(|base| schema.derives_from(type_id, base))
}

/// RFC 2045's alphabet in groups of four, the last one padded, its unused bits zero.
fn is_base64(value: &str) -> bool {
    let packed: String = value.split(WHITE_SPACE).collect();
    let bare = packed.trim_end_matches('=');
    let in_alphabet = bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    let last = bare.chars().last();
    let unused_zero = match packed.len() - bare.len() {
        0 => true,
        1 => last.is_some_and(|c| "AEIMQUYcgkosw048".contains(c)),
        2 => last.is_some_and(|c| "AQgw".contains(c)),
        _ => false,
    };
    packed.len().is_multiple_of(4) && in_alphabet && unused_zero
}

/// Whether a value of the date and time types ends in a zone.
fn has_zone(value: &str) -> bool {
    let bytes = value.as_bytes();
    let offset = value.len().checked_sub(6).map(|at| &bytes[at..]);
    value.ends_with('Z') || offset.is_some_and(|zone| matches!(zone[0], b'+' | b'-') && zone[3] == b':')
}

fn has_blank_cdata(text: &str) -> bool {
    let blank = |section: &str| section.trim_matches(WHITE_SPACE).is_empty();
    text.split("<![CDATA[").skip(1).any(|rest| rest.split("]]>").next().is_some_and(blank))
}

/// The message's `ID`s, found by the names that the schema gives that type to, and by `xsi:type`.
fn ids(it: &Refused<'_>) -> Vec<String> {
    let (tape, schema) = (it.tape, it.schema);
    let is_id = |type_id: TypeId| match &schema.type_of(type_id).kind {
        Kind::Complex(Complex { content: Content::Simple(simple), .. }) => derives_from(schema, *simple, "ID"),
        _ => derives_from(schema, type_id, "ID"),
    };
    let named: HashSet<&str> =
        schema.elements.iter().filter(|e| is_id(e.type_id)).map(|element| &*element.name.local).collect();
    let attributes: HashSet<&str> = schema
        .types
        .iter()
        .filter_map(|one| if let Kind::Complex(complex) = &one.kind { Some(&complex.attributes) } else { None })
        .flatten()
        .filter(|attribute| is_id(attribute.type_id))
        .map(|attribute| &*attribute.name.local)
        .collect();
    let mut found = Vec::new();
    for node in elements(tape) {
        let by_type = tape.attribute(node, XSI, "type").and_then(|value| {
            let (prefix, local) = value.trim_matches(WHITE_SPACE).split_once(':')?;
            let namespace = tape.namespace_name(tape.resolve_prefix(node, prefix)?);
            Some(is_id(schema.type_named(namespace, local)?))
        });
        if by_type.unwrap_or_else(|| named.contains(tape.local(node))) {
            found.push(tape.text(node).trim_matches(WHITE_SPACE).to_owned());
        }
        for attribute in tape.attributes(node).filter(|attribute| attributes.contains(attribute.local)) {
            found.push(tape.attribute_value(attribute.index).trim_matches(WHITE_SPACE).to_owned());
        }
    }
    found
}

fn elements(tape: &Tape<'_>) -> impl Iterator<Item = NodeId> {
    (0..tape.end(0)).filter(|&node| tape.kind(node) == NodeKind::Element)
}

const WHITE_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];
