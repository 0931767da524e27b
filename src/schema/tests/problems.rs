//! What a schema may not be: each refused at start with the construct, its line and what to do.

use expect_test::{Expect, expect};

use super::{load_files, schema_text};

/// The problems of a schema, paths cut to file names.
fn check(declarations: &str, expected: Expect) {
    check_files(&[("s.xsd", &schema_text(declarations))], expected);
}

fn check_files(files: &[(&str, &str)], expected: Expect) {
    let (schema, problems, dir) = load_files(files);
    assert!(schema.is_none(), "accepted: {}", files[0].1);
    let folder = dir.path().canonicalize().expect("exists");
    let text = problems.to_string().replace(&format!("{}/", folder.display()), "");
    expected.assert_eq(&text.replace(&format!("{}/", dir.path().display()), ""));
}

#[test]
fn constructs_that_are_not_supported_are_named() {
    check(
        "<xs:element name='r'><xs:complexType/>\n<xs:unique name='u'><xs:selector xpath='a'/></xs:unique></xs:element>
        <xs:redefine schemaLocation='x.xsd'/>
        <xs:element name='s' substitutionGroup='r'/>
        <xs:complexType name='T'><xs:sequence/><xs:assert test='1'/></xs:complexType>",
        expect![[r#"
            s.xsd:2: error: xs:unique is not supported
                remedy: identity constraints are not checked: ask the partner for a schema without them
            s.xsd:3: error: xs:redefine is not supported
                remedy: include the file and derive types under names of their own
            s.xsd:4: error: substitutionGroup on an element is not supported
                remedy: use xs:choice, or xsi:type
            s.xsd:5: error: xs:assert is not supported
                remedy: this is XSD 1.1: let the service check the rule
        "#]],
    );
}

#[test]
fn misspelt_and_misplaced_things_are_said_all_at_once() {
    check(
        "<xs:element name='r' typ='xs:string'/>
        <xs:element name='s' type='xs:strin'/>
        <xs:element name='t' type='Tx'/>
        <xs:complexType name='T'><xs:sequence><xs:element nam='a'/><xs:element ref='u'/></xs:sequence></xs:complexType>
        <xs:complexType name='T'/>
        <xs:complexType><xs:sequence/></xs:complexType>
        <xs:element name='u' type='o:T'/>
        <xs:element name='v'><xs:complexType><xs:sequence minOccurs='3' maxOccurs='2'/><xs:bogus/></xs:complexType></xs:element>",
        expect![[r#"
            s.xsd:1: error: xs:element has no attribute 'typ'
                remedy: did you mean type?
            s.xsd:2: error: no type has the name 'xs:strin'
                remedy: did you mean 'string'?
            s.xsd:3: error: no type has the name 'Tx'
                remedy: did you mean 'T'?
            s.xsd:4: error: xs:element has no attribute 'nam'
                remedy: did you mean name?
            s.xsd:5: error: 'T' is declared twice; first at s.xsd:4
                remedy: remove or rename one of them
            s.xsd:6: error: a top-level xs:complexType without a name
                remedy: give it a name
            s.xsd:7: error: the prefix of 'o:T' is not declared
                remedy: declare it on xs:schema
            s.xsd:8: error: <bogus> cannot stand in xs:complexType
                remedy: remove or move it
            s.xsd:8: error: minOccurs 3 is above maxOccurs
                remedy: correct one of them
        "#]],
    );
}

#[test]
fn bad_facets_are_refused() {
    let facets = |base: &str, facets: &str| {
        format!(
            "<xs:simpleType name='N{}'><xs:restriction base='{base}'>{facets}</xs:restriction></xs:simpleType>\n",
            facets.len()
        )
    };
    check(
        &[
            facets("xs:string", "<xs:minLength value='3'/><xs:maxLength value='2'/>"),
            facets("xs:string", "<xs:maxLength value='x'/>"),
            facets("xs:string", "<xs:pattern value='['/>"),
            facets("xs:string", "<xs:pattern value='(a{1000}){1000}{1000}'/>"),
            facets("xs:string", "<xs:pattern value='((a{1,1000}){1,1000}){1,1000}'/>"),
            facets("xs:int", "<xs:enumeration value='one'/>"),
            facets("xs:int", "<xs:maxInclusive value='99999999999'/>"),
            facets("xs:token", "<xs:whiteSpace value='preserve'/>"),
        ]
        .concat(),
        expect![[r#"
            s.xsd:1: error: minLength 3 is above maxLength 2
                remedy: correct one of them
            s.xsd:2: error: xs:maxLength "x" is not a number
                remedy: write a whole number
            s.xsd:3: error: xs:pattern: a class is not closed
                remedy: correct the expression
            s.xsd:4: error: xs:pattern: '{' repeats a repetition
                remedy: correct the expression
            s.xsd:5: error: xs:pattern: the pattern is too large when its repetitions are expanded
                remedy: correct the expression
            s.xsd:6: error: enumeration value 'one' is not of the base type: a whole number
                remedy: correct the value
            s.xsd:7: error: maxInclusive 99999999999 is not of the base type: at most 2147483647
                remedy: correct it
            s.xsd:8: error: xs:whiteSpace is weaker than the base type's
                remedy: remove it
        "#]],
    );
}

#[test]
fn circles_and_ambiguity_are_refused() {
    check(
        "<xs:simpleType name='A'><xs:restriction base='B'/></xs:simpleType><xs:simpleType name='B'><xs:restriction base='A'/></xs:simpleType>
        <xs:complexType name='C'><xs:complexContent><xs:extension base='C'/></xs:complexContent></xs:complexType>
        <xs:group name='g'><xs:sequence><xs:group ref='g'/></xs:sequence></xs:group>
        <xs:complexType name='D'><xs:sequence><xs:element name='a' minOccurs='0'/><xs:element name='a'/></xs:sequence></xs:complexType>
        <xs:complexType name='E'><xs:sequence><xs:any minOccurs='0'/><xs:element name='a'/></xs:sequence></xs:complexType>
        <xs:complexType name='F'><xs:sequence minOccurs='2' maxOccurs='2'><xs:element name='a' maxOccurs='3'/><xs:element name='b' minOccurs='0'/></xs:sequence></xs:complexType>",
        expect![[r#"
            s.xsd:1: error: a simple type is derived from itself
                remedy: break the circle
            s.xsd:1: error: a complex type stands where a simple type must
                remedy: name a simple type
            s.xsd:2: error: a type is derived from itself
                remedy: break the circle
            s.xsd:3: error: a group refers to itself
                remedy: break the circle
            s.xsd:4: error: the content model is ambiguous: element 'a' (line 4) and element 'a' (line 4) could take the same element (Unique Particle Attribution)
                remedy: make the content model deterministic: rename, or join the occurrences
            s.xsd:5: error: the content model is ambiguous: xs:any and element 'a' (line 5) could take the same element (Unique Particle Attribution)
                remedy: make the content model deterministic: rename, or join the occurrences
            s.xsd:6: error: it cannot be told which of two nested repetitions counts element 'a' (line 6)
                remedy: make the content model deterministic: rename, or join the occurrences
        "#]],
    );
}

/// Thirteen pairs are 3 + 3 + 3 + 2 + 2: a reader that counts greedily would find 4 + 4 + 4 and one too many.
#[test]
fn rounds_of_a_group_that_cannot_be_told_from_rounds_of_its_members_are_refused() {
    let e = |name: &str| format!("<xs:element name='{name}'/>");
    check(
        &format!(
            "<xs:complexType name='A'><xs:choice maxOccurs='5'><xs:sequence minOccurs='2' maxOccurs='4'>{}{}</xs:sequence>{}</xs:choice></xs:complexType>
            <xs:complexType name='B'><xs:sequence>{}<xs:choice minOccurs='0'/><xs:choice/></xs:sequence></xs:complexType>",
            e("a"), e("b"), e("c"), e("a")
        ),
        expect![[r#"
            s.xsd:1: error: it cannot be told which of two nested repetitions counts element 'a' (line 1)
                remedy: make the content model deterministic: rename, or join the occurrences
            s.xsd:2: error: xs:choice without alternatives lets nothing in
                remedy: remove it, or add them
        "#]],
    );
}

#[test]
fn missing_and_wrong_files_are_named_with_who_asked_for_them() {
    let main = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:m'>
<xs:include schemaLocation='missing.xsd'/>
<xs:include schemaLocation='other.xsd'/>
<xs:import namespace='urn:x' schemaLocation='other.xsd'/>
<xs:import namespace='urn:n' schemaLocation='http://example.org/far.xsd'/>
<xs:include schemaLocation='broken.xsd'/>
<xs:include schemaLocation='page.xsd'/>
<xs:include/>
</xs:schema>";
    let other = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:o'/>";
    check_files(
        &[("main.xsd", main), ("other.xsd", other), ("broken.xsd", "<xs:schema>\n<"), ("page.xsd", "<html/>")],
        expect![[r#"
            broken.xsd:1: error: not well-formed: a prefix that is not declared
                remedy: correct the XML
            main.xsd:2: error: schema file missing.xsd cannot be read: No such file or directory (os error 2)
                remedy: put the file there, or correct the name
            main.xsd:3: error: other.xsd has the target namespace 'urn:o', not 'urn:m'
                remedy: correct the namespace or the file
            main.xsd:4: error: other.xsd has the target namespace 'urn:o', not 'urn:x'
                remedy: correct the namespace or the file
            main.xsd:5: error: schemaLocation 'http://example.org/far.xsd' is not a local file
                remedy: put the schema beside this one: nothing is fetched from the network
            main.xsd:8: error: xs:include without schemaLocation
                remedy: name the file to include
            page.xsd:1: error: not an XML schema: the root is not xs:schema
                remedy: name an .xsd file
        "#]],
    );
}
