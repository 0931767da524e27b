//! What the reader accepts and refuses, and that what the writer writes comes back.

use std::fmt::Write;

use expect_test::expect;
use proptest::prelude::*;

use super::encoding::to_utf8;
use super::limits::{Limits, ProcessingInstructions};
use super::tape::{NodeId, NodeKind, Tape};
use super::writer::Writer;

/// The first fault of a document, or what it holds: `{namespace}name[@attribute=value]( text, children )`.
fn read(bytes: &[u8]) -> String {
    read_within(bytes, &Limits::default())
}

fn read_within(bytes: &[u8], limits: &Limits) -> String {
    let text = match to_utf8(bytes, None) {
        Ok(text) => text,
        Err(error) => return error.to_string(),
    };
    match Tape::parse(&text, limits) {
        Ok(tape) => show(&tape, tape.root()),
        Err(error) => error.to_string(),
    }
}

fn show(tape: &Tape<'_>, node: NodeId) -> String {
    let mut out = String::new();
    let namespace = tape.namespace_name(tape.namespace(node));
    if !namespace.is_empty() {
        write!(out, "{{{namespace}}}").expect("a string");
    }
    out += tape.local(node);
    for attribute in tape.attributes(node) {
        let namespace = tape.namespace_name(attribute.namespace);
        let value = tape.attribute_value(attribute.index);
        write!(out, "[@{}{}={value:?}]", if namespace.is_empty() { "" } else { namespace }, attribute.local)
            .expect("a string");
    }
    let text = tape.text(node);
    let children: Vec<String> = tape.child_elements(node).map(|child| show(tape, child)).collect();
    if !text.is_empty() || !children.is_empty() {
        write!(out, "({text:?} {})", children.join(" ")).expect("a string");
    }
    out
}

#[test]
fn what_is_not_well_formed_is_refused_with_its_place() {
    let cases: &[&str] = &[
        // The shape of the document.
        "",
        "   ",
        "text only",
        "<a>",
        "<a><b></a>",
        "</a>",
        "<a></b>",
        "<a></a></a>",
        "<a/><b/>",
        "<a/>text",
        "text<a/>",
        "<a/><![CDATA[x]]>",
        "<![CDATA[x]]><a/>",
        "<a/>&#65;",
        "<!DOCTYPE a><a/>",
        "<a><!DOCTYPE a></a>",
        "<a/><!DOCTYPE a>",
        "<!DOCTYPE a><!DOCTYPE a><a/>",
        "<!doctype a><a/>",
        "<!ELEMENT a ANY><a/>",
        // Names.
        "<1a/>",
        "<-a/>",
        "<a!b/>",
        "<a:b:c/>",
        "<:a/>",
        "<a:/>",
        "< a/>",
        "<a\u{D7}/>",
        "<a :=''/>",
        "<a 1b=''/>",
        "<a x:=''/>",
        "<>",
        "</>",
        // Characters.
        "<a>\u{0}</a>",
        "<a>\u{1}</a>",
        "<a>\u{FFFE}</a>",
        "<a b='\u{1F}'/>",
        "<!-- \u{8} --><a/>",
        "<a>&#0;</a>",
        "<a>&#1;</a>",
        "<a>&#xFFFE;</a>",
        "<a>&#xD800;</a>",
        "<a>&#x110000;</a>",
        "<a>&#;</a>",
        "<a>&#x;</a>",
        "<a>&#+65;</a>",
        "<a>&#X41;</a>",
        "<a>]]></a>",
        "<a>& </a>",
        "<a>&amp</a>",
        "<a>&unknown;</a>",
        "<a>&;</a>",
        "<a><![CDATA[x</a>",
        // Attributes.
        "<a b='<'/>",
        "<a b='x'c='y'/>",
        "<a b=x/>",
        "<a b/>",
        "<a b=/>",
        "<a b='x/>",
        "<a b='1' b='2'/>",
        "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>",
        "<a b='&unknown;'/>",
        "<a b='&amp'/>",
        "<a b='&#1;'/>",
        "<a = 'x'/>",
        // Namespaces.
        "<p:a/>",
        "<a p:b=''/>",
        "<a xmlns:p=''/>",
        "<a xmlns:xml='u'/>",
        "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns:xmlns='u'/>",
        "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns='u' xmlns='v'/>",
        "<a><b xmlns:p='u'/><p:c/></a>",
        "<xmlns:a/>",
        // The XML declaration, comments and processing instructions.
        " <?xml version='1.0'?><a/>",
        "<?xml version='1.0'?><?xml version='1.0'?><a/>",
        "<a><?xml version='1.0'?></a>",
        "<?xml version='3.7'?><a/>",
        "<?xml version='1.'?><a/>",
        "<?xml encoding='UTF-8'?><a/>",
        "<?xml version='1.0' encoding=''?><a/>",
        "<?xml version='1.0' encoding='UTF-16'?><a/>",
        "<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
        "<?xml version='1.0' standalone='maybe'?><a/>",
        "<?xml version='1.0' standalone='yes' encoding='UTF-8'?><a/>",
        "<?xml version='1.0'",
        "<?XML version='1.0'?><a/>",
        "<? x?><a/>",
        "<?x y?><a/>",
        "<!-- a -- b --><a/>",
        "<!-- a ---><a/>",
        "<!-- a",
        "<a><?x",
        "<a b='1",
        "<a",
        "<",
    ];
    let mut seen = String::new();
    for case in cases {
        let result = read(case.as_bytes());
        assert!(result.starts_with("line "), "accepted: {case:?} as {result}");
        writeln!(seen, "{case:?}\n    {result}").expect("a string");
    }
    expect_test::expect_file!["malformed.txt"].assert_eq(&seen);
}

#[test]
fn what_is_odd_but_well_formed_is_read() {
    let check = |document: &str, expected: expect_test::Expect| expected.assert_eq(&read(document.as_bytes()));
    check("\u{FEFF}<a/>", expect!["a"]);
    check("<?xml version='1.1' encoding='utf-8' standalone = \"yes\" ?>\n<!--c--><a />\n<!----> ", expect!["a"]);
    check("<a\n b\t=\r\n'1'\n></a \n>", expect![[r#"a[@b="1"]"#]]);
    check("<a>x<!-- c -->y<![CDATA[<&]]>&lt;&#x41;&#66;</a>", expect![[r#"a("xy<&<AB" )"#]]);
    check("<a>1\r\n2\r3\n4&#13;5</a>", expect![[r#"a("1\n2\n3\n4\r5" )"#]]);
    check("<a b=' x\ty\r\nz&#10;&#9;&quot;&apos; '/>", expect![[r#"a[@b=" x y z\n\t\"' "]"#]]);
    check("<a>]] ></a>", expect![[r#"a("]] >" )"#]]);
    check("<a b='>'>></a>", expect![[r#"a[@b=">"](">" )"#]]);
    check("<a xmlns='u'><b xmlns=''><c/></b><d/></a>", expect![[r#"{u}a("" b("" c) {u}d)"#]]);
    check(
        "<p:a xmlns:p='u' p:x='1' x='2'><p:b xmlns:p='v'/><p:c/></p:a>",
        expect![[r#"{u}a[@ux="1"][@x="2"]("" {v}b {u}c)"#]],
    );
    check(
        "<a xml:lang='vi' xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
        expect![[r#"a[@http://www.w3.org/XML/1998/namespacelang="vi"]"#]],
    );
    check("<Đơn_vị.1-x·y>Đ</Đơn_vị.1-x·y>", expect![[r#"Đơn_vị.1-x·y("Đ" )"#]]);
    check("<a>\u{FFFD}\u{10FFFF}&#x10FFFF;</a>", expect![[r#"a("�\u{10ffff}\u{10ffff}" )"#]]);
}

#[test]
fn utf_16_is_read_and_an_encoding_that_lies_is_refused() {
    let utf16 = |text: &str, write: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(write).collect::<Vec<u8>>();
    let document = "\u{FEFF}<?xml version='1.0' encoding='UTF-16'?><a>Đ\u{1F600}</a>";
    assert_eq!(read(&utf16(document, u16::to_le_bytes)), "a(\"Đ\u{1F600}\" )");
    assert_eq!(read(&utf16(document, u16::to_be_bytes)), "a(\"Đ\u{1F600}\" )");
    assert_eq!(read(&utf16("<a/>", u16::to_le_bytes)), "a");
    let check = |bytes: &[u8], charset: Option<&str>, expected: expect_test::Expect| {
        expected.assert_eq(&match to_utf8(bytes, charset) {
            Ok(text) => text.into_owned(),
            Err(error) => error.to_string(),
        });
    };
    check(b"<a/>", Some("UTF-8"), expect!["<a/>"]);
    check(b"<a/>", Some("us-ascii"), expect!["<a/>"]);
    check(
        "<a>Đ</a>".as_bytes(),
        Some("us-ascii"),
        expect![[r#"line 1, column 1: encoding: the bytes are not in the media type's charset"#]],
    );
    check(
        b"<a/>",
        Some("utf-16"),
        expect![[r#"line 1, column 1: encoding: the bytes are not in the media type's charset"#]],
    );
    check(b"<a/>", Some("windows-1258"), expect!["line 1, column 1: encoding: unknown charset"]);
    check(b"<a>\n\xC3\x28</a>", None, expect!["line 2, column 1: encoding: the bytes are not UTF-8"]);
    check(b"\xFF\xFE<", None, expect!["line 1, column 1: encoding: an odd number of bytes in UTF-16"]);
    check(b"\xFF\xFE<\0\0\xD8", None, expect!["line 1, column 2: encoding: a lone surrogate in UTF-16"]);
    check(
        b"<?xml version='1.0' encoding='UTF-16'?><a/>",
        None,
        expect!["line 1, column 1: encoding: the bytes are not in the declared encoding"],
    );
}

#[test]
fn every_limit_holds_at_its_bound_and_refuses_one_past_it() {
    let limits = Limits {
        document_bytes_max: 120,
        depth_max: 3,
        elements_max: 4,
        name_bytes_max: 5,
        attributes_max: 2,
        namespaces_max: 2,
        attribute_bytes_max: 6,
        processing_instructions: ProcessingInstructions::Refuse,
    };
    let at = |document: &str| read_within(document.as_bytes(), &limits);
    let refused = |document: &str, limit: &str| {
        let result = at(document);
        assert!(result.contains(&format!("limit exceeded: {limit} is ")), "{document}: {result}");
    };
    assert_eq!(at(&format!("<a>{}</a>", " ".repeat(113))).len(), 113 + "a(\"\" )".len());
    refused(&format!("<a>{}</a>", " ".repeat(114)), "document_bytes_max");
    assert_eq!(at("<a><b><c/></b></a>"), "a(\"\" b(\"\" c))");
    refused("<a><b><c><d/></c></b></a>", "depth_max");
    assert_eq!(at("<a><b/><c/><d/></a>"), "a(\"\" b c d)");
    refused("<a><b/><c/><d/><e/></a>", "elements_max");
    assert_eq!(at("<abcde/>"), "abcde");
    refused("<abcdef/>", "name_bytes_max");
    refused("<a abcdef=''/>", "name_bytes_max");
    assert_eq!(at("<a b='' c=''/>"), "a[@b=\"\"][@c=\"\"]");
    refused("<a b='' c='' d=''/>", "attributes_max");
    assert_eq!(at("<a xmlns='u' b='123456'/>"), "{u}a[@b=\"123456\"]");
    refused("<a b='1234567'/>", "attribute_bytes_max");
    assert_eq!(at("<a xmlns='u'><b xmlns='v'/><c xmlns='u'/></a>"), "{u}a(\"\" {v}b {u}c)");
    refused("<a xmlns='u'><b xmlns='v'/><c xmlns='w'/></a>", "namespaces_max");
    refused("<a xmlns='u'><b xmlns='v'><c xmlns='u'/></b></a>", "namespaces_max");
    let many = Limits { elements_max: 3, ..limits };
    let at_many = |document: &str| read_within(document.as_bytes(), &many);
    assert_eq!(at_many("<a b='' c=''><d xmlns='u'/></a>"), "a[@b=\"\"][@c=\"\"](\"\" {u}d)");
    assert!(at_many("<a b='' c=''><d xmlns='u' e=''/></a>").contains("limit exceeded: elements_max is 3"));
    let skip = Limits { processing_instructions: ProcessingInstructions::Skip, ..limits };
    assert_eq!(read_within(b"<?x y?><a>1<?x?>2</a>", &skip), "a(\"12\" )");
}

#[test]
fn two_attributes_of_one_name_are_told_apart_however_many_there_are() {
    for count in [0, 5, 11, 12, 13, 50] {
        let others: String = (0..count).map(|n| format!(" x{n}=''")).collect();
        let document = |twins: &str| read(format!("<a xmlns:p='u' xmlns:q='u'{others}{twins}/>").as_bytes());
        assert!(document(" b='' p:b=''").ends_with("[@b=\"\"][@ub=\"\"]"), "{count}");
        for twins in [" b='' b=''", " p:b='' q:b=''"] {
            let second = "<a xmlns:p='u' xmlns:q='u'".len() + others.len() + twins.len() / 2 + 2;
            let expected = format!("line 1, column {second}: not well-formed: two attributes of one name");
            assert_eq!(document(twins), expected, "{count}");
        }
    }
}

#[test]
fn a_namespace_name_has_1024_bytes_at_most() {
    let document = |bytes: usize| format!("<a xmlns='{}'/>", "u".repeat(bytes));
    assert!(read(document(1024).as_bytes()).ends_with("u}a"));
    assert!(read(document(1025).as_bytes()).ends_with("limit exceeded: namespace name bytes is 1024"));
}

#[test]
fn a_document_has_100000_comments_at_most() {
    let document = |comments: usize| format!("<a>{}</a>", "x<!---->".repeat(comments));
    assert_eq!(read(document(100_000).as_bytes()).len(), 100_000 + "a(\"\" )".len());
    assert!(read(document(100_001).as_bytes()).ends_with("limit exceeded: comments is 100000"));
}

#[test]
fn a_run_of_text_is_one_node_and_means_what_its_parts_mean() {
    let check = |content: &str, expected: &str| {
        let text = format!("<a>{content}</a>");
        let tape = Tape::parse(&text, &Limits::default()).expect("well-formed");
        assert_eq!(tape.children(0).count(), 1, "{content}");
        assert_eq!((tape.text(0), tape.is_blank(1)), (expected.into(), expected.trim_ascii().is_empty()), "{content}");
    };
    check("a&amp;b&#x41;<![CDATA[]] & <c>]]>&lt;", "a&bA]] & <c><");
    check("1\r\n2&#13;\n3\r<![CDATA[\n\r\n]]>\r", "1\n2\r\n3\n\n\n\n");
    check(" &#32;&#9;<![CDATA[\n]]>", " \u{20}\t\n");
    check("<![CDATA[]]><![CDATA[]]>", "");
    check("&#10;<![CDATA[x]]>", "\nx");
}

#[test]
fn a_node_knows_its_path_and_its_line() {
    let document = "<e:a xmlns:e='u'>\n<b>1</b>\n\n<b>2</b><c>\n<b/></c></e:a>";
    let tape = Tape::parse(document, &Limits::default()).expect("well-formed");
    let places: Vec<String> = (0..tape.end(0))
        .filter(|&node| tape.kind(node) == NodeKind::Element)
        .map(|node| format!("{}:{}", tape.path(node), tape.line(node)))
        .collect();
    assert_eq!(places, ["/a:1", "/a/b[1]:2", "/a/b[2]:4", "/a/c:4", "/a/c/b:5"]);
    let c = tape.child_elements(0).last().expect("c");
    assert_eq!(tape.path_below(c + 2, Some(0)), "/c/b");
    assert_eq!(&document[tape.span(c)], "<c>\n<b/></c>");
    assert_eq!(tape.resolve_prefix(c, "e").map(|id| tape.namespace_name(id)), Some("u"));
    assert_eq!(tape.resolve_prefix(c, "f"), None);
    assert_eq!(tape.scope(c), [("e", tape.namespace_id("u").expect("named"))]);
}

/// A tree to write: an element with attributes and mixed content.
#[derive(Debug, Clone)]
enum Tree {
    Element(String, Vec<(String, String)>, Vec<Tree>),
    Text(String),
}

fn trees() -> impl Strategy<Value = Tree> {
    let name = || proptest::string::string_regex("[A-Za-zĐ_][A-Za-z0-9Đ._-]{0,6}").expect("a pattern");
    let hostile = || {
        proptest::collection::vec(
            prop_oneof![Just('&'), Just('<'), Just('>'), Just('\r'), Just('\n'), Just(']'), any::<char>()],
            0..8,
        )
        .prop_map(|chars| chars.into_iter().filter(|&c| super::chars::is_char(c)).collect::<String>())
    };
    let attributes = move || {
        proptest::collection::btree_map(name(), hostile(), 0..4)
            .prop_map(|map| map.into_iter().filter(|(name, _)| name != "xmlns").collect())
    };
    let leaf = prop_oneof![
        hostile().prop_map(Tree::Text),
        (name(), attributes()).prop_map(|(n, a)| Tree::Element(n, a, Vec::new()))
    ];
    let inner = leaf.prop_recursive(4, 24, 4, move |inner| {
        (name(), attributes(), proptest::collection::vec(inner, 0..4)).prop_map(|(n, a, c)| Tree::Element(n, a, c))
    });
    proptest::collection::vec(inner, 0..4).prop_map(|children| Tree::Element("root".into(), Vec::new(), children))
}

fn write(tree: &Tree, out: &mut Writer) {
    match tree {
        Tree::Text(text) => out.text(text),
        Tree::Element(name, attributes, children) => {
            out.start(name);
            attributes.iter().for_each(|(name, value)| out.attribute(name, value));
            children.iter().for_each(|child| write(child, out));
            out.end(name);
        }
    }
}

/// The same notation as [`show`] for a tree.
fn show_tree(tree: &Tree) -> String {
    let Tree::Element(name, attributes, children) = tree else { return String::new() };
    let mut out = name.clone();
    for (name, value) in attributes {
        write!(out, "[@{name}={value:?}]").expect("a string");
    }
    let text: String = children.iter().map(|c| if let Tree::Text(text) = c { text.as_str() } else { "" }).collect();
    let elements: Vec<String> = children.iter().filter(|c| matches!(c, Tree::Element(..))).map(show_tree).collect();
    if !text.is_empty() || !elements.is_empty() {
        write!(out, "({text:?} {})", elements.join(" ")).expect("a string");
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_written_is_read_back(tree in trees()) {
        let mut out = Writer::default();
        out.declaration();
        write(&tree, &mut out);
        prop_assert_eq!(read(&out.into_bytes()), show_tree(&tree));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        read(&bytes);
    }

    #[test]
    fn no_damage_to_a_document_makes_the_reader_panic(cut in 0usize..200, put in 0usize..200, byte: u8) {
        let document = "<?xml version='1.0'?><s:a xmlns:s='u' b=\"1&amp;2\"><!--c--><d x='Đ'>&#65;<![CDATA[<]]></d>\r\n</s:a>";
        let mut bytes = document.as_bytes().to_vec();
        bytes[put % document.len()] = byte;
        read(&bytes);
        read(&bytes[..cut % document.len()]);
    }
}

#[test]
fn what_xml_cannot_carry_is_replaced() {
    let mut out = Writer::default();
    out.element("a", "x\u{1}y\u{FFFE}z\u{FFFD}\u{FF0D}");
    assert_eq!(String::from_utf8(out.into_bytes()).expect("UTF-8"), "<a>x\u{FFFD}y\u{FFFD}z\u{FFFD}\u{FF0D}</a>");
}
