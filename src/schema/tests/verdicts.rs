//! Content models and attributes: our verdict against xmllint's, on every short sequence of children.

use super::{load_files, schema_text, valid, xmllint};

/// Messages `<r>…</r>` with every sequence of up to `length` of the letters as empty children.
fn sequences(letters: &str, length: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..length {
        last = last.iter().flat_map(|done| letters.chars().map(move |letter| format!("{done}<{letter}/>"))).collect();
        all.extend(last.iter().cloned());
    }
    all.into_iter().map(|children| format!("<r>{children}</r>")).collect()
}

/// Compares our verdicts with xmllint's on all the messages, and says how many are valid.
fn compare(files: &[(&str, &str)], messages: &[String]) -> usize {
    let (schema, problems, dir) = load_files(files);
    let schema = schema.unwrap_or_else(|| panic!("{problems}"));
    let ours: Vec<bool> = messages.iter().map(|message| valid(&schema, message)).collect();
    if let Some(theirs) = xmllint(&dir.path().join(files[0].0), messages) {
        for ((message, ours), theirs) in messages.iter().zip(&ours).zip(&theirs) {
            assert_eq!(ours, theirs, "ours (left) and xmllint's verdict on {message} by {}", files[0].1);
        }
    }
    ours.into_iter().filter(|&valid| valid).count()
}

#[test]
fn every_short_sequence_is_judged_as_xmllint_does() {
    let e = |name: &str, occurs: &str| format!("<xs:element name='{name}' {occurs}><xs:complexType/></xs:element>");
    let (a, b, c) = (e("a", ""), e("b", ""), e("c", ""));
    let a_optional = e("a", "minOccurs='0'");
    let b_optional = e("b", "minOccurs='0'");
    let c_optional = e("c", "minOccurs='0'");
    let models = [
        (format!("<xs:sequence>{a}{b}{c}</xs:sequence>"), 1),
        (format!("<xs:sequence>{a_optional}{b_optional}{c_optional}</xs:sequence>"), 8),
        (format!("<xs:sequence minOccurs='0'>{a}{b_optional}</xs:sequence>"), 3),
        (format!("<xs:choice>{a}{b}{c}</xs:choice>"), 3),
        (format!("<xs:choice minOccurs='2' maxOccurs='3'>{a}{b}</xs:choice>"), 12),
        (format!("<xs:choice minOccurs='0' maxOccurs='unbounded'>{a}{b}{c}</xs:choice>"), 364),
        (format!("<xs:sequence maxOccurs='2'>{a}{b_optional}</xs:sequence>"), 6),
        (format!("<xs:sequence>{}{b}</xs:sequence>", e("a", "minOccurs='2' maxOccurs='4'")), 3),
        (format!("<xs:sequence>{}{b_optional}</xs:sequence>", e("a", "maxOccurs='1000000000'")), 9),
        (format!("<xs:sequence>{}{a}</xs:sequence>", e("a", "minOccurs='2' maxOccurs='2'")), 1),
        (format!("<xs:all>{a}{b_optional}{c}</xs:all>"), 8),
        (format!("<xs:all minOccurs='0'>{a}{b}</xs:all>"), 3),
        (
            format!(
                "<xs:sequence><xs:choice>{a}{b}</xs:choice><xs:choice minOccurs='0'>{a}{c}</xs:choice></xs:sequence>"
            ),
            6,
        ),
        (
            format!(
                "<xs:sequence><xs:choice maxOccurs='2'><xs:sequence>{a}{b}</xs:sequence>{c}</xs:choice>{a_optional}</xs:sequence>"
            ),
            0,
        ),
        (format!("<xs:sequence><xs:sequence minOccurs='0' maxOccurs='3'>{a}{b}</xs:sequence>{c}</xs:sequence>"), 3),
        (format!("<xs:sequence><xs:sequence maxOccurs='2'>{}</xs:sequence></xs:sequence>", e("a", "maxOccurs='2'")), 4),
        ("<xs:sequence/>".to_owned(), 1),
        (String::new(), 1),
        (format!("<xs:sequence>{}{a}</xs:sequence>", e("b", "minOccurs='0' maxOccurs='0'")), 1),
        (
            format!(
                "<xs:sequence><xs:choice minOccurs='0'>{a}<xs:sequence>{b}{c_optional}</xs:sequence></xs:choice></xs:sequence>"
            ),
            4,
        ),
    ];
    for (model, count) in models {
        let text = schema_text(&format!("<xs:element name='r'><xs:complexType>{model}</xs:complexType></xs:element>"));
        if count == 0 {
            let (schema, problems, _) = load_files(&[("s.xsd", &text)]);
            assert!(schema.is_none() && problems.to_string().contains("Unique Particle Attribution"), "{problems}");
            continue;
        }
        assert_eq!(compare(&[("s.xsd", &text)], &sequences("abc", 5)), count, "{model}");
    }
}

#[test]
fn groups_extension_and_includes_are_followed_across_files() {
    let main =
        "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns='urn:m' xmlns:o='urn:o' targetNamespace='urn:m'>
        <xs:include schemaLocation='chameleon.xsd'/><xs:import namespace='urn:o' schemaLocation='other.xsd'/>
        <xs:group name='g'><xs:sequence><xs:element name='c' type='Small' minOccurs='0'/></xs:sequence></xs:group>
        <xs:complexType name='Big'><xs:complexContent><xs:extension base='Base'><xs:sequence>
            <xs:group ref='g' maxOccurs='2'/><xs:element ref='o:d' minOccurs='0'/></xs:sequence>
            <xs:attribute name='y' type='Small' use='required'/></xs:extension></xs:complexContent></xs:complexType>
        <xs:element name='r' type='Big'/></xs:schema>";
    let chameleon = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>
        <xs:include schemaLocation='main.xsd'/>
        <xs:simpleType name='Small'><xs:restriction base='xs:int'><xs:maxInclusive value='9'/></xs:restriction></xs:simpleType>
        <xs:complexType name='Base'><xs:sequence><xs:element name='a' type='Small'/></xs:sequence>
            <xs:attributeGroup ref='x'/></xs:complexType>
        <xs:attributeGroup name='x'><xs:attribute name='x' type='Small'/><xs:anyAttribute namespace='urn:o' processContents='skip'/></xs:attributeGroup>
        </xs:schema>";
    let other = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:o' elementFormDefault='qualified'>
        <xs:element name='d'><xs:complexType mixed='true'><xs:sequence><xs:element name='e' minOccurs='0' type='xs:date'/>
        <xs:any namespace='##other' processContents='skip' minOccurs='0' maxOccurs='2'/></xs:sequence></xs:complexType></xs:element></xs:schema>";
    let chameleon = chameleon.replace("<xs:include schemaLocation='main.xsd'/>", "");
    let files = [("main.xsd", main), ("chameleon.xsd", chameleon.as_str()), ("other.xsd", other)];
    let r = |attributes: &str, children: &str| {
        format!("<m:r xmlns:m='urn:m' xmlns:o='urn:o' {attributes}>{children}</m:r>")
    };
    let messages = [
        r("y='1'", "<a>1</a>"),
        r("y='1' x='9'", "<a>1</a><c>2</c><c>3</c>"),
        r("y='1' o:z='anything'", "<a>1</a><o:d>text<o:e>2024-02-29</o:e>more</o:d>"),
        r("y='1'", "<a>1</a><o:d><m:any/><m:thing>x</m:thing></o:d>"),
        r("", "<a>1</a>"),
        r("y='10'", "<a>1</a>"),
        r("y='1' z='1'", "<a>1</a>"),
        r("y='1' m:z='1'", "<a>1</a>"),
        r("y='1'", "<m:a>1</m:a>"),
        r("y='1'", "<a>1</a><c>1</c><c>1</c><c>1</c>"),
        r("y='1'", "<c>1</c>"),
        r("y='1'", "<a>1</a>text"),
        r("y='1'", "<a>1</a><o:d><e>2024-02-29</e></o:d>"),
        r("y='1'", "<a>1</a><o:d><o:e>2023-02-29</o:e></o:d>"),
        r("y='1'", "<a>1</a><o:d><o:f/></o:d>"),
        r("y='1'", "<a>1</a><o:d><m:f/><m:f/><m:f/></o:d>"),
        r("y='1'", "<a><b/></a>"),
    ];
    assert_eq!(compare(&files, &messages), 4);
}

#[test]
fn what_could_come_next_is_said_in_schema_order() {
    let text = schema_text(
        "<xs:element name='r'><xs:complexType><xs:sequence><xs:element name='a' maxOccurs='2'/>
         <xs:choice minOccurs='0'><xs:element name='b'/><xs:element name='c'/></xs:choice><xs:element name='d'/>
         <xs:element name='e'/></xs:sequence></xs:complexType></xs:element>",
    );
    let (schema, problems, _dir) = load_files(&[("s.xsd", &text)]);
    let schema = schema.unwrap_or_else(|| panic!("{problems}"));
    let element = schema.element("", "r").expect("declared");
    let crate::schema::model::Kind::Complex(complex) = &schema.type_of(schema.element_of(element).type_id).kind else {
        panic!("complex")
    };
    let crate::schema::model::Content::Elements { model, .. } = &complex.content else { panic!("children") };
    let mut run = model.automaton.start();
    let mut said = Vec::new();
    for next in ["a", "a", "c", "d", "e"] {
        let expected =
            model.automaton.expected(&run).into_iter().map(|leaf| ["a", "b", "c", "d", "e"][leaf.0 as usize]);
        said.push(expected.collect::<String>());
        let none = model.automaton.step(&mut run, None, next);
        assert!(none.is_none(), "a namespace that the schema does not name");
        model.automaton.step(&mut run, Some(crate::schema::model::NamespaceId(0)), next).expect("allowed");
    }
    assert_eq!(said, ["a", "abcd", "bcd", "d", "e"]);
    assert!(model.automaton.expected(&run).is_empty() && model.automaton.is_complete(&run));
}

#[test]
fn a_billion_occurrences_cost_nothing() {
    let text = schema_text(
        "<xs:element name='r'><xs:complexType><xs:sequence maxOccurs='1000000000'>
         <xs:element name='a' minOccurs='100000' maxOccurs='999999999'/><xs:element name='b'/></xs:sequence></xs:complexType></xs:element>",
    );
    let (schema, problems, _dir) = load_files(&[("s.xsd", &text)]);
    let schema = schema.unwrap_or_else(|| panic!("{problems}"));
    assert!(valid(&schema, &format!("<r>{}<b/></r>", "<a/>".repeat(100_000))));
    assert!(!valid(&schema, &format!("<r>{}<b/></r>", "<a/>".repeat(99_999))));
}
