//! Schemas, messages and damage by chance, the same in every run.

use tempfile::TempDir;

use super::contracts::{AWKWARD, INLINE, WORDS};
use super::{compiled, folder, imported, out};
use crate::binding::plan::HeaderProtocol;
use crate::contract::import::{self, Contract, Wishes};
use crate::contract::value;
use crate::problem::Problems;
use crate::schema::model::{Content, ElementId, Kind, LeafTerm, Model, Particle, Schema, TypeId};
use crate::schema::value::Primitive;

/// Pseudo-random choices, the same in every run.
struct Dice {
    state: u64,
    /// Whether schemas hold only what a binding can carry.
    is_tame: bool,
}

impl Dice {
    fn new(seed: u64) -> Self {
        Self { state: seed, is_tame: false }
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) as usize % sides
    }

    fn one_of<'c>(&mut self, choices: &[&'c str]) -> &'c str {
        choices[self.roll(choices.len())]
    }

    fn occurs(&mut self) -> &'static str {
        self.one_of(&["", "", "", r#" minOccurs="0""#, r#" maxOccurs="unbounded""#, r#" minOccurs="0" maxOccurs="3""#])
    }

    /// A group of elements; `depth` bounds what stands in it.
    fn group(&mut self, depth: usize) -> String {
        let kind = self.one_of(&["sequence", "sequence", "choice"]);
        let occurs = if self.is_tame { self.one_of(&["", r#" minOccurs="0""#]) } else { self.occurs() };
        let members: String = (0..1 + self.roll(4)).map(|_| self.member(depth)).collect();
        format!("<xs:{kind}{occurs}>{members}</xs:{kind}>")
    }

    fn member(&mut self, depth: usize) -> String {
        let name = format!(
            "{}{}",
            self.one_of(&["a", "b", "A", "is", "ma-so", "đơn"]),
            self.roll(if self.is_tame { 1000 } else { 20 })
        );
        let occurs = self.occurs();
        let nillable = self.one_of(&["", "", "", r#" nillable="true""#]);
        match self.roll(if depth == 0 { 6 } else { 9 }) {
            0..4 => {
                let built_in =
                    ["string", "int", "boolean", "dateTime", "date", "decimal", "base64Binary", "anyURI", "long"];
                let named = ["t:E0", "t:E1", "t:E2", "t:Big"];
                let type_name = match self.roll(3) {
                    0 => self.one_of(&named).to_owned(),
                    _ => format!("xs:{}", self.one_of(&built_in)),
                };
                format!(r#"<xs:element name="{name}" type="{type_name}"{occurs}{nillable}/>"#)
            }
            4 => format!(r#"<xs:element name="{name}" type="t:C{}"{occurs}{nillable}/>"#, self.roll(5)),
            5 => format!(r#"<xs:element ref="t:G{}"{occurs}/>"#, self.roll(2)),
            6 => self.group(depth - 1),
            _ => {
                let content = self.content(depth - 1);
                format!(r#"<xs:element name="{name}"{occurs}><xs:complexType>{content}</xs:complexType></xs:element>"#)
            }
        }
    }

    /// Content of a complex type.
    fn content(&mut self, depth: usize) -> String {
        let group = match self.roll(8) {
            0 => String::new(),
            _ => format!("<xs:sequence>{}</xs:sequence>", self.group(depth)),
        };
        let attribute = self.one_of(&[
            "",
            "",
            r#"<xs:attribute name="at" type="t:E1" use="required"/>"#,
            r#"<xs:attribute name="b0" type="xs:int"/>"#,
        ]);
        format!("{group}{attribute}")
    }

    fn schema(&mut self) -> String {
        let mut parts = vec![SIMPLE_TYPES.to_owned()];
        for number in 0..5 {
            let base = self.roll(number.max(1));
            let content = self.content(2);
            parts.push(match (self.roll(4), number) {
                (0, 1..) => format!(
                    r#"<xs:complexType name="C{number}"><xs:complexContent><xs:extension base="t:C{base}">{content}</xs:extension></xs:complexContent></xs:complexType>"#
                ),
                (1, _) => format!(
                    r#"<xs:complexType name="C{number}"><xs:simpleContent><xs:extension base="t:E1"><xs:attribute name="x" type="xs:date"/></xs:extension></xs:simpleContent></xs:complexType>"#
                ),
                _ => format!(r#"<xs:complexType name="C{number}">{content}</xs:complexType>"#),
            });
        }
        for name in ["G0", "G1", "Do", "DoResponse", "ListAll", "ListAllResponse"] {
            parts.push(format!(
                r#"<xs:element name="{name}"><xs:complexType>{}</xs:complexType></xs:element>"#,
                self.content(3)
            ));
        }
        let parts = parts.join("\n  ");
        format!(
            "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:t=\"urn:t\" targetNamespace=\"urn:t\">\n  {parts}\n</xs:schema>"
        )
    }
}

const SIMPLE_TYPES: &str = r#"<xs:simpleType name="E0"><xs:restriction base="xs:token"><xs:enumeration value="a"/><xs:enumeration value="A"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="E1"><xs:restriction base="t:E0"><xs:enumeration value="a"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="E2"><xs:restriction base="xs:string"><xs:enumeration value="enum"/><xs:enumeration value=""/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Big"><xs:restriction base="xs:integer"><xs:totalDigits value="12"/></xs:restriction></xs:simpleType>"#;

#[test]
fn every_schema_that_can_be_read_gives_a_draft_that_compiles() {
    let mut drafts = 0;
    for seed in 0..SCHEMAS {
        let schema = Dice::new(seed).schema();
        let folder = folder(&[("t.xsd", &schema)]);
        for name_types in [false, true] {
            let dir = TempDir::new().expect("a temporary directory can be made");
            let mut problems = Problems::new();
            let contract = Contract::Xsd(folder.path().join("t.xsd"));
            let headers = (seed % 2 == 0).then_some(HeaderProtocol::None);
            let wishes = Wishes { name_types, headers, ..Wishes::default() };
            let written = import::import(&contract, &wishes, &out(dir.path()), &mut problems);
            assert!(written.is_none() || !problems.has_errors(), "seed {seed}, {name_types}: {problems}\n{schema}");
            drafts += usize::from(written.is_some());
        }
    }
    assert!(drafts > SCHEMAS as usize / 4, "only {drafts} drafts: most schemas were ambiguous");
}

/// Schemas tried.
const SCHEMAS: u64 = 100;

#[test]
fn no_damage_to_a_contract_does_more_than_refuse_it() {
    for (name, text) in [("c.wsdl", INLINE), ("c.xsd", AWKWARD)] {
        let mut dice = Dice::new(7);
        for _ in 0..150 {
            let mut damaged = text.to_owned();
            for _ in 0..1 + dice.roll(3) {
                let at = dice.roll(damaged.len());
                let Some(start) = (at..damaged.len()).find(|&at| damaged.is_char_boundary(at)) else { continue };
                let end = (start + dice.roll(12)).min(damaged.len());
                let Some(end) = (end..=damaged.len()).find(|&at| damaged.is_char_boundary(at)) else { continue };
                damaged.replace_range(start..end, dice.one_of(&["", "\"", "<", "/>", "x", ":", "\n", "0", "='"]));
            }
            let folder = folder(&[(name, &damaged), ("common/words.xsd", WORDS)]);
            let dir = TempDir::new().expect("a temporary directory can be made");
            let contract = folder.path().join(name);
            let contract = if name == "c.wsdl" { Contract::Wsdl(contract) } else { Contract::Xsd(contract) };
            let wishes = Wishes { name_types: dice.roll(2) == 0, ..Wishes::default() };
            let mut problems = Problems::new();
            let written = import::import(&contract, &wishes, &out(dir.path()), &mut problems);
            assert!(written.is_none() || !problems.has_errors(), "{problems}\n{damaged}");
            assert!(written.is_some() || problems.has_errors(), "nothing is said\n{damaged}");
        }
    }
}

/// Writes valid documents of a schema by chance.
struct Author<'a> {
    schema: &'a Schema,
    dice: &'a mut Dice,
    out: String,
}

impl Author<'_> {
    /// `None` where a type requires itself and no document ends.
    fn element(&mut self, id: ElementId, depth: usize) -> Option<()> {
        let declared = self.schema.element_of(id);
        let is_qualified = !self.schema.namespace_name(declared.name.namespace).is_empty();
        let tag = format!("{}{}", if is_qualified { "t:" } else { "" }, declared.name.local);
        self.out.push_str(&format!("<{tag}"));
        if depth == 0 {
            self.out.push_str(r#" xmlns:t="urn:t""#);
        }
        match &self.schema.type_of(declared.type_id).kind {
            Kind::Simple(_) => {
                let value = self.value(declared.type_id);
                self.out.push_str(&format!(">{value}"));
            }
            Kind::Complex(complex) => {
                for attribute in &complex.attributes {
                    if attribute.required || self.dice.roll(2) == 0 {
                        let value = self.value(attribute.type_id);
                        self.out.push_str(&format!(" {}=\"{value}\"", attribute.name.local));
                    }
                }
                self.out.push('>');
                match &complex.content {
                    Content::Empty => {}
                    Content::Simple(simple) => {
                        let value = self.value(*simple);
                        self.out.push_str(&value);
                    }
                    Content::Elements { model, .. } => self.particle(&model.particle, model, depth)?,
                }
            }
        }
        self.out.push_str(&format!("</{tag}>"));
        Some(())
    }

    fn particle(&mut self, particle: &Particle, model: &Model, depth: usize) -> Option<()> {
        if depth > 8 || self.out.len() > 100_000 {
            return None;
        }
        let occurs = match particle {
            Particle::Leaf(_, occurs)
            | Particle::Sequence(_, occurs)
            | Particle::Choice(_, occurs)
            | Particle::All(_, occurs) => occurs,
        };
        let more = if depth > 4 { 0 } else { self.dice.roll(3) as u32 };
        let count = (occurs.min + more).min(occurs.max.unwrap_or(u32::MAX));
        for _ in 0..count {
            match particle {
                Particle::Leaf(leaf, _) => match model.leaves[leaf.0 as usize] {
                    LeafTerm::Element(id) => self.element(id, depth + 1)?,
                    LeafTerm::Any(_) => {}
                },
                Particle::Choice(members, _) => {
                    let chosen = self.dice.roll(members.len());
                    self.particle(&members[chosen], model, depth)?;
                }
                Particle::Sequence(members, _) | Particle::All(members, _) => {
                    for member in members {
                        self.particle(member, model, depth)?;
                    }
                }
            }
        }
        Some(())
    }

    fn value(&mut self, type_id: TypeId) -> String {
        let words = value::words(self.schema, type_id);
        if !words.is_empty() {
            return words[self.dice.roll(words.len())].to_string();
        }
        let values: &[&str] = match self.schema.primitive(type_id) {
            Some(Primitive::Boolean) => &["true", "false"],
            Some(Primitive::Integer) => &["0", "-1", "7"],
            Some(Primitive::Decimal) => &["0", "-0.10", "1234567890123456789.5"],
            Some(Primitive::DateTime) => &["2024-02-29T23:59:59.25+07:00", "0001-01-01T07:00:00+07:00"],
            Some(Primitive::Date) => &["2024-02-29", "9999-12-31"],
            Some(Primitive::Base64Binary) => &["", "AP8Q"],
            Some(Primitive::String) => &["", "Đỗ Ân", " a  b "],
            _ => &["", "urn:x"],
        };
        self.dice.one_of(values).to_owned()
    }
}

#[test]
fn messages_of_any_schema_that_is_carried_whole_come_back_as_they_went() {
    let mut messages = 0;
    for seed in 0..SCHEMAS {
        let mut dice = Dice { state: seed, is_tame: true };
        let folder = folder(&[("t.xsd", &dice.schema())]);
        let dir = TempDir::new().expect("a temporary directory can be made");
        let mut problems = Problems::new();
        let contract = Contract::Xsd(folder.path().join("t.xsd"));
        let wishes = Wishes { name_types: true, ..Wishes::default() };
        let Some(written) = import::import(&contract, &wishes, &out(dir.path()), &mut problems) else { continue };
        // Documents say no xsi:type, so what is derived does not matter.
        if problems.sorted().iter().any(|problem| !problem.message.starts_with("types are derived")) {
            continue;
        }
        let proto = vec![dir.path().join("proto")];
        let draft = compiled(dir, &proto, written, problems);
        let as_published = imported(&contract, None);
        for operation in &draft.partner.operations {
            for element in [operation.request_element, operation.answer_element] {
                for _ in 0..5 {
                    let mut author = Author { schema: &draft.partner.schema, dice: &mut dice, out: String::new() };
                    if author.element(element, 0).is_some() {
                        let xml = author.out;
                        draft.comes_back(&xml);
                        // The copy with names accepts nothing that the partner's schema would not.
                        as_published.decoded(&xml);
                        messages += 1;
                    }
                }
            }
        }
    }
    assert!(messages > SCHEMAS as usize, "only {messages} messages");
}
