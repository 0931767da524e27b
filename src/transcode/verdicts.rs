//! Verdicts that once differed from libxml2's, each by the clause that decides it. `examples/differential.rs` finds more.

use crate::problem::Problems;
use crate::schema::load::load;
use crate::schema::model::Schema;
use crate::xml::limits::Limits;
use crate::xml::tape::Tape;

/// A schema of these declarations, in `urn:t`.
fn schema(declarations: &str) -> Schema {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("t.xsd");
    let text = format!(
        "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns='urn:t' targetNamespace='urn:t'>{declarations}</xs:schema>"
    );
    std::fs::write(&file, text).expect("a file");
    let mut problems = Problems::new();
    load(&[file], &mut problems).unwrap_or_else(|| panic!("{problems}"))
}

/// Judges messages `<r …>…</r>`, each written as attributes and content parted by `|`.
fn check(declarations: &str, good: &[&str], bad: &[&str]) {
    let schema = schema(declarations);
    for (at, message) in good.iter().chain(bad).enumerate() {
        let (attributes, content) = message.split_once('|').expect("attributes|content");
        let text = format!(
            "<t:r xmlns:t='urn:t' xmlns:xs='http://www.w3.org/2001/XMLSchema' \
             xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' {attributes}>{content}</t:r>"
        );
        let tape = Tape::parse(&text, &Limits::default()).expect("well-formed");
        let verdict = super::validate(&schema, &tape, tape.root());
        assert_eq!(verdict.is_ok(), at < good.len(), "{text}: {verdict:?}");
    }
}

#[test]
fn an_element_that_is_not_declared_is_refused() {
    let schema = schema("<xs:element name='r'/>");
    let tape = Tape::parse("<s/>", &Limits::default()).expect("well-formed");
    let refused = super::validate(&schema, &tape, tape.root()).expect_err("not declared");
    assert_eq!((refused.rule, refused.path.as_str()), ("cvc-elt.1", "/s"));
}

/// Part 1 §3.3.4 cvc-elt.4.3.
#[test]
fn a_blocked_derivation_cannot_stand_in_by_xsi_type() {
    let types = "<xs:complexType name='Base'><xs:sequence/></xs:complexType>
        <xs:complexType name='More'><xs:complexContent><xs:extension base='Base'/></xs:complexContent></xs:complexType>
        <xs:complexType name='Less'><xs:complexContent><xs:restriction base='Base'/></xs:complexContent></xs:complexType>";
    let element = |block: &str| format!("{types}<xs:element name='r' type='Base' {block}/>");
    let (base, more, less) = ("xsi:type='t:Base'|", "xsi:type='t:More'|", "xsi:type='t:Less'|");
    check(&element(""), &[base, more, less], &[]);
    check(&element("block='extension'"), &[base, less], &[more]);
    check(&element("block='restriction'"), &[base, more], &[less]);
    check(&element("block='#all'"), &[base], &[more, less]);
    let by_type = element("").replace("name='Base'>", "name='Base' block='extension'>");
    check(&by_type, &[base, less], &[more]);
}

/// Part 1 §3.14.6 cos-st-derived-ok 2.2.4.
#[test]
fn a_member_stands_for_its_union_but_not_for_a_restriction_of_it() {
    let types = "<xs:simpleType name='U'><xs:union memberTypes='xs:int xs:date'/></xs:simpleType>
        <xs:simpleType name='V'><xs:restriction base='U'><xs:pattern value='.'/></xs:restriction></xs:simpleType>";
    check(&format!("{types}<xs:element name='r' type='U'/>"), &["xsi:type='xs:byte'|5"], &["xsi:type='xs:time'|5"]);
    check(&format!("{types}<xs:element name='r' type='V'/>"), &["|5"], &["xsi:type='xs:byte'|5", "|55"]);
}

/// Part 1 §3.3.4 cvc-elt.5.2.2.2.2, §3.2.4 cvc-attribute.4: actual values are compared.
#[test]
fn a_fixed_value_may_be_spelt_otherwise() {
    check(
        "<xs:element name='r'><xs:complexType><xs:simpleContent><xs:extension base='xs:decimal'>
         <xs:attribute name='b' type='xs:boolean' fixed='1'/></xs:extension></xs:simpleContent></xs:complexType></xs:element>",
        &["b='true'|2.50", "b=' 1 '|2.5"],
        &["b='false'|2.5", "|x"],
    );
    check("<xs:element name='r' type='xs:decimal' fixed='2.5'/>", &["|2.50", "|", "|+2.5"], &["|2.51"]);
    let list =
        "<xs:element name='r' fixed='1 2'><xs:simpleType><xs:list itemType='xs:int'/></xs:simpleType></xs:element>";
    check(list, &["|01  2"], &["|1 2 3", "|1", "|2 1"]);
}

/// Part 1 §3.3.4 cvc-elt.5.1.1.
#[test]
fn a_default_is_of_the_type_that_xsi_type_names() {
    check(
        "<xs:element name='r' type='xs:decimal' fixed='2.5'/>",
        &["xsi:type='xs:decimal'|"],
        &["xsi:type='xs:integer'|"],
    );
}

/// Part 1 §3.4.2 (complete wildcard), §3.10.6.
#[test]
fn wildcards_of_a_group_and_of_a_base_are_joined() {
    let types = "<xs:attributeGroup name='g'><xs:anyAttribute namespace='##other' processContents='skip'/></xs:attributeGroup>
        <xs:complexType name='Both'><xs:attributeGroup ref='g'/><xs:anyAttribute namespace='urn:a ##local' processContents='skip'/></xs:complexType>
        <xs:complexType name='Wider'><xs:complexContent><xs:extension base='Both'>
            <xs:anyAttribute namespace='##targetNamespace' processContents='skip'/></xs:extension></xs:complexContent></xs:complexType>";
    let (a, b, own, none) = ("xmlns:a='urn:a' a:x=''|", "xmlns:b='urn:b' b:x=''|", "t:x=''|", "x=''|");
    check(&format!("{types}<xs:element name='r' type='Both'/>"), &[a], &[b, own, none]);
    check(&format!("{types}<xs:element name='r' type='Wider'/>"), &[a, own], &[b, none]);
}

/// Part 1 §3.3.4 (cvc-assess-elt), §3.4.7: laxly assessed is assessed by anyType.
#[test]
fn what_is_not_declared_is_assessed_by_any_type() {
    let lax = "<xs:attribute name='n' type='xs:int'/><xs:element name='i' type='xs:int'/>
        <xs:element name='r'><xs:complexType><xs:sequence><xs:any processContents='PROCESS'/></xs:sequence></xs:complexType></xs:element>";
    check(
        &lax.replace("PROCESS", "lax"),
        &["|<u><v t:n='1' m=''>x</v><t:i>1</t:i></u>", "|<u xsi:type='xs:int'>1</u>", "|<u xsi:nil='true'>1</u>"],
        &["|<u t:n='x'/>", "|<u><t:i>x</t:i></u>", "|<u xsi:type='xs:int'>x</u>", "|<u xsi:type='nothing'/>"],
    );
    check(&lax.replace("PROCESS", "strict"), &["|<t:i>1</t:i>", "|<u xsi:type='xs:int'>1</u>"], &["|<u/>"]);
}

/// Part 1 §2.6, §3.4.4 cvc-complex-type.3: four attributes are free, others of their namespace are like any other.
#[test]
fn other_attributes_of_the_instance_namespace_need_a_wildcard() {
    let r = |inside: &str| format!("<xs:element name='r'><xs:complexType>{inside}</xs:complexType></xs:element>");
    check(&r("<xs:anyAttribute processContents='skip'/>"), &["xsi:x=''|"], &[]);
    check(&r(""), &["xsi:schemaLocation='urn:t t.xsd'|"], &["xsi:x=''|"]);
    check("<xs:element name='r' type='xs:int'/>", &["|1"], &["xsi:x=''|1"]);
}

/// Part 2 §3.2.18, §3.2.19.
#[test]
fn the_prefix_of_a_qname_must_be_declared() {
    check("<xs:element name='r' type='xs:QName'/>", &["|t:x", "|x", "| xml:x "], &["|n:x", "|t:"]);
    let list = "<xs:element name='r'><xs:simpleType><xs:list itemType='xs:QName'/></xs:simpleType></xs:element>";
    check(list, &["|t:x xs:y"], &["|t:x n:y"]);
    let union = |other: &str| {
        format!(
            "<xs:element name='r'><xs:simpleType><xs:union memberTypes='xs:QName {other}'/></xs:simpleType></xs:element>"
        )
    };
    check(&union("xs:anyURI"), &["|t:x", "|n:x"], &[]);
    check(&union("xs:int"), &["|t:x", "|1"], &["|n:x"]);
    check("<xs:element name='r' type='xs:anySimpleType'/>", &["|x"], &["xsi:type='xs:NOTATION'|x"]);
}

/// Part 1 §3.14.4 cvc-simple-type.2, §3.15.4 cvc-id.1, cvc-id.2.
#[test]
fn identifiers_are_unique_and_resolved_in_lists_and_unions_too() {
    check(
        "<xs:simpleType name='U'><xs:union memberTypes='xs:int xs:IDREF'/></xs:simpleType>
         <xs:simpleType name='L'><xs:list itemType='U'/></xs:simpleType>
         <xs:element name='r'><xs:complexType><xs:attribute name='i' type='xs:ID'/><xs:attribute name='u' type='U'/>
         <xs:attribute name='l' type='L'/><xs:attribute name='e' type='xs:ENTITY'/></xs:complexType></xs:element>",
        &["i='a' u='a'|", "u='1'|", "i='a' l='1 a 2'|"],
        &["i='a' u='b'|", "i='a' l='1 b'|", "e='x'|"],
    );
}
