//! How large a valid message can be.

use expect_test::{Expect, expect};

use super::{load_files, schema_text};
use crate::schema::bounds::Bounds;

/// Depth and elements of the largest message `<r>` of a schema with these declarations.
#[track_caller]
fn check(declarations: &str, expected: Expect) {
    let text = schema_text(declarations);
    let (schema, problems, _dir) = load_files(&[("s.xsd", &text)]);
    let schema = schema.unwrap_or_else(|| panic!("{problems}"));
    let Bounds { depth, elements } = Bounds::of(&schema, schema.element("", "r"));
    let show = |bound: Option<u64>| bound.map_or("any".to_owned(), |bound| bound.to_string());
    expected.assert_eq(&format!("depth {} elements {}", show(depth.map(u64::from)), show(elements)));
}

/// `<r>` with this content model.
fn of(model: &str) -> String {
    format!("<xs:element name='r'><xs:complexType>{model}</xs:complexType></xs:element>")
}

#[test]
fn depth_and_elements_of_the_largest_message() {
    let leaf = |name: &str, occurs: &str| format!("<xs:element name='{name}' type='xs:int' {occurs}/>");
    let (a, b) = (leaf("a", "maxOccurs='3'"), leaf("b", "minOccurs='0'"));
    check("<xs:element name='r' type='xs:string'/>", expect!["depth 1 elements 1"]);
    check(&of(""), expect!["depth 1 elements 1"]);
    check(&of("<xs:attribute name='a' type='xs:string'/>"), expect!["depth 1 elements 1"]);
    check(&of(&format!("<xs:sequence>{a}{b}</xs:sequence>")), expect!["depth 2 elements 5"]);
    check(&of(&format!("<xs:choice>{a}{b}</xs:choice>")), expect!["depth 2 elements 4"]);
    let c = leaf("c", "");
    check(&of(&format!("<xs:choice maxOccurs='5'>{b}{c}</xs:choice>")), expect!["depth 2 elements 6"]);
    check(&of(&format!("<xs:all>{b}</xs:all>")), expect!["depth 2 elements 2"]);
    check(&of(&format!("<xs:sequence maxOccurs='unbounded'>{b}</xs:sequence>")), expect!["depth 2 elements any"]);
    let inner = format!(
        "<xs:element name='i' maxOccurs='2'><xs:complexType><xs:sequence>{a}</xs:sequence></xs:complexType></xs:element>"
    );
    check(&of(&format!("<xs:sequence>{inner}{b}</xs:sequence>")), expect!["depth 3 elements 10"]);
}

#[test]
fn what_may_stand_for_a_type_counts() {
    let base =
        "<xs:complexType name='B'><xs:sequence><xs:element name='x' type='xs:int'/></xs:sequence></xs:complexType>";
    let derived = "<xs:complexType name='D'><xs:complexContent><xs:extension base='B'><xs:sequence>\
                   <xs:element name='y'><xs:complexType><xs:sequence><xs:element name='z' type='xs:int'/></xs:sequence></xs:complexType></xs:element>\
                   </xs:sequence></xs:extension></xs:complexContent></xs:complexType>";
    check(&format!("<xs:element name='r' type='B'/>{base}"), expect!["depth 2 elements 2"]);
    check(&format!("<xs:element name='r' type='B'/>{base}{derived}"), expect!["depth 3 elements 4"]);
}

#[test]
fn wildcards_and_types_that_hold_themselves_bound_nothing() {
    check(&of("<xs:sequence><xs:any processContents='lax'/></xs:sequence>"), expect!["depth any elements any"]);
    check("<xs:element name='r'/>", expect!["depth any elements any"]);
    let own = "<xs:complexType name='T'><xs:sequence><xs:element name='t' type='T' minOccurs='0'/></xs:sequence></xs:complexType>";
    check(&format!("<xs:element name='r' type='T'/>{own}"), expect!["depth any elements any"]);
    let forbidden = own.replace("minOccurs='0'", "minOccurs='0' maxOccurs='0'");
    check(&format!("<xs:element name='r' type='T'/>{forbidden}"), expect!["depth 1 elements 1"]);
}
