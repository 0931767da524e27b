//! Simple types: our verdict against xmllint's on values at and past each edge.

use super::{load_files, schema_text, valid, xmllint};

/// Judges `<r>value</r>` for every value; `good` says which of them are valid.
fn check(simple_type: &str, good: &[&str], bad: &[&str]) {
    let declared = if simple_type.starts_with('<') {
        format!("<xs:element name='r'><xs:simpleType>{simple_type}</xs:simpleType></xs:element>")
    } else {
        format!("<xs:element name='r' type='{simple_type}'/>")
    };
    let text = schema_text(&declared);
    let (schema, problems, dir) = load_files(&[("s.xsd", &text)]);
    let schema = schema.unwrap_or_else(|| panic!("{simple_type}: {problems}"));
    let message = |value: &&str| format!("<r>{value}</r>");
    let messages: Vec<String> = good.iter().chain(bad).map(message).collect();
    for (at, message) in messages.iter().enumerate() {
        assert_eq!(valid(&schema, message), at < good.len(), "{message} by {simple_type}");
    }
    let Some(theirs) = xmllint(&dir.path().join("s.xsd"), &messages) else { return };
    for (at, theirs) in theirs.into_iter().enumerate() {
        assert_eq!(at < good.len(), theirs, "ours (left) and xmllint's verdict on {} by {simple_type}", messages[at]);
    }
}

/// The same where libxml2 is known to judge otherwise; ours is the one that the clause asks for.
fn check_ours(_clause: &str, simple_type: &str, good: &[&str], bad: &[&str]) {
    let text = schema_text(&format!("<xs:element name='r' type='{simple_type}'/>"));
    let (schema, problems, _dir) = load_files(&[("s.xsd", &text)]);
    let schema = schema.unwrap_or_else(|| panic!("{simple_type}: {problems}"));
    good.iter().for_each(|value| assert!(valid(&schema, &format!("<r>{value}</r>")), "{value}"));
    bad.iter().for_each(|value| assert!(!valid(&schema, &format!("<r>{value}</r>")), "{value}"));
}

fn restriction(base: &str, facets: &[(&str, &str)]) -> String {
    let facets: String = facets.iter().map(|(name, value)| format!("<xs:{name} value='{value}'/>")).collect();
    format!("<xs:restriction base='{base}'>{facets}</xs:restriction>")
}

#[test]
fn numbers() {
    check("xs:boolean", &["true", "0", " 1 "], &["True", "", "yes"]);
    check("xs:decimal", &["1", "-1.5", "+.5", "5.", " 007 "], &["", ".", "1e3", "1,5", "- 1", "NaN"]);
    check("xs:integer", &["0", "-0", "+12345678901234567890123"], &["1.0", "", "x"]);
    check("xs:int", &["2147483647", "-2147483648"], &["2147483648", "-2147483649"]);
    check("xs:unsignedByte", &["0", "255"], &["256", "-1"]);
    check("xs:unsignedLong", &["18446744073709551615"], &["18446744073709551616"]);
    check("xs:positiveInteger", &["1"], &["0", "-1"]);
    check("xs:double", &["1", "-1.5E10", "INF", "-INF", "NaN", ".5e-3"], &["", "inf", "e1", "1.5.2"]);
    let digits = restriction("xs:decimal", &[("totalDigits", "5"), ("fractionDigits", "2")]);
    check(&digits, &["123.45", "0123.450", "99999"], &["123456", "1.234", "1234.56"]);
    let range = restriction("xs:decimal", &[("minInclusive", "-1.5"), ("maxExclusive", "10")]);
    check(&range, &["-1.50", "9.999999999999999999999"], &["-1.51", "10", "10.0"]);
    let wide = restriction("xs:integer", &[("maxInclusive", "99999999999999999999999")]);
    check(&wide, &["99999999999999999999999"], &["100000000000000000000000"]);
}

#[test]
fn text_and_white_space() {
    let five = restriction("xs:string", &[("minLength", "2"), ("maxLength", "5")]);
    check(&five, &["ab", "abcde", "Đăng!", "  "], &["a", "abcdef", ""]);
    let token = restriction("xs:token", &[("length", "3")]);
    check(&token, &["abc", "  abc\n", "a  b"], &["a b c", "ab"]);
    check(&restriction("xs:token", &[("enumeration", "a b"), ("enumeration", "c")]), &["a  b", "c"], &["ab", ""]);
    check(&restriction("xs:string", &[("enumeration", "a b")]), &["a b"], &["a  b", " a b"]);
    check(&restriction("xs:int", &[("enumeration", "7")]), &["7", "007", "+7"], &["8"]);
    check("xs:language", &["vi", "en-US", "x-klingon"], &["", "e1", "toolongtag"]);
    check("xs:NMTOKEN", &["-1.a:b"], &["a b", ""]);
    check("xs:NMTOKENS", &["a b  c"], &["a ,"]);
    check("xs:NCName", &["Đơn"], &["a:b", "1a", ""]);
    check("xs:Name", &["a:b"], &["1a"]);
    check("xs:anyURI", &["", "http://a.b/c?d=e%20f#g", "cid:x", "đường dẫn"], &["%zz"]);
}

#[test]
fn dates() {
    check(
        "xs:date",
        &["2024-02-29", "2023-12-31Z", "2023-01-01+07:00", "2000-02-29-14:00"],
        &[
            "2023-02-29",
            "1900-02-29",
            "2023-13-01",
            "2023-04-31",
            "2023-1-1",
            "23-01-01",
            "2023-01-01+14:01",
            "2023-01-01+15:00",
            "",
            "0000-01-01",
        ],
    );
    check(
        "xs:dateTime",
        &["2024-02-29T23:59:59", "2024-02-29T00:00:00.123Z", "2024-01-01T24:00:00", "-0001-01-01T00:00:00"],
        &[
            "2024-02-29",
            "2024-02-29T24:00:01",
            "2024-02-29T23:60:00",
            "2024-02-29T23:59:60",
            "2024-02-29 23:59:59",
            "2024-02-29T23:59",
        ],
    );
    check("xs:time", &["00:00:00", "23:59:59.5+07:00"], &["24:01:00", "1:00:00"]);
    check("xs:gYear", &["2024", "-0044", "12024"], &["24", "02024"]);
    check("xs:gYearMonth", &["2024-12"], &["2024-13"]);
    check("xs:gMonthDay", &["--02-29", "--12-31Z"], &["--02-30", "-12-31"]);
    check("xs:gDay", &["---31"], &["---32"]);
    check("xs:gMonth", &["--12"], &["--13"]);
    let window = restriction("xs:date", &[("minInclusive", "2024-01-01"), ("maxExclusive", "2025-01-01")]);
    check(&window, &["2024-01-01", "2024-12-31"], &["2023-12-31", "2025-01-01"]);
    let zoned = restriction("xs:dateTime", &[("minInclusive", "2024-01-01T00:00:00Z")]);
    check(&zoned, &["2024-01-01T07:00:00+07:00", "2024-01-02T00:00:00"], &["2024-01-01T06:59:59+07:00"]);
    check("xs:duration", &["P1Y", "-P1Y2M3DT4H5M6.7S", "PT0S", "P0D"], &["P", "PT", "P1YT", "1Y", "P1S", "P1M1Y"]);
    let month = restriction("xs:duration", &[("maxInclusive", "P1M")]);
    check(&month, &["P27D", "P1M", "PT1H"], &["P32D", "P1Y"]);
}

#[test]
fn binaries() {
    check("xs:hexBinary", &["", "0aFF"], &["0", "0g"]);
    check("xs:base64Binary", &["", "QQ==", "QUI=", "QUJD", "QU JD"], &["QQ=", "Q", "QUJDQ"]);
    check(&restriction("xs:base64Binary", &[("maxLength", "2")]), &["QQ==", "QUI="], &["QUJD"]);
    check(&restriction("xs:hexBinary", &[("length", "2")]), &["0aff"], &["0a", "0a0b0c"]);
}

#[test]
fn what_libxml2_is_known_to_let_pass() {
    check_ours("part 2 §3.2.5: an exponent needs digits", "xs:double", &[], &["1e"]);
    check_ours("part 2 §3.2.6: a point needs digits behind it", "xs:duration", &[], &["PT1.S"]);
    check_ours("part 2 §3.3.5: at least one item", "xs:NMTOKENS", &[], &[""]);
    check_ours("part 2 §3.2.16: only the alphabet, unused bits zero", "xs:base64Binary", &[], &["QR==", "!!!!"]);
}

#[test]
fn patterns() {
    let pattern = |p: &str| restriction("xs:string", &[("pattern", p)]);
    check(&pattern("[0-9]{2,3}"), &["12", "123"], &["1", "1234", "a12", "12\n"]);
    check(&pattern("a|bc"), &["a", "bc"], &["abc", "ac"]);
    check(&pattern(r"\d+\.\d*"), &["1.", "12.5"], &["1", "a.1"]);
    check(&pattern("[a-z-[aeiou]]+"), &["xyz"], &["a", "xa"]);
    check(&pattern(r"\i\c*"), &["_a-1", "Đơn"], &["1a", "-a"]);
    check(&pattern("^a$"), &["^a$"], &["a"]);
    check(&pattern("&lt;[&lt;>]=?>"), &["&lt;>>", "&lt;&lt;=>"], &["", "=", "&lt;>"]);
    check(&pattern("[^/\\\\]+"), &["tệp.pdf"], &["a/b", "a\\b", ""]);
    check(&pattern("[a\\-z]+"), &["a-z"], &["b"]);
    check(&pattern("[-a]+"), &["-a"], &["b"]);
    check(&pattern(r"\p{Lu}\p{IsBasicLatin}*"), &["Ab1"], &["ab", "AĐ"]);
    check(&pattern(r"\s\S\w\W"), &[" a1!"], &["aaaa"]);
    check(&pattern("(ab?c)*"), &["", "ac", "abcac"], &["b"]);
    check(&pattern(".{3}"), &["Đăn"], &["ab", "a\nb"]);
    let both = "<xs:restriction><xs:simpleType><xs:restriction base='xs:string'><xs:pattern value='a.*'/></xs:restriction></xs:simpleType><xs:pattern value='.*y'/><xs:pattern value='.*z'/></xs:restriction>";
    check(both, &["ay", "abz"], &["a", "by"]);
}

#[test]
fn lists_and_unions() {
    let list = "<xs:restriction><xs:simpleType><xs:list itemType='xs:int'/></xs:simpleType><xs:maxLength value='3'/></xs:restriction>";
    check(list, &["", "1", " 1 2\n3 "], &["1 2 3 4", "1 x"]);
    check("<xs:union memberTypes='xs:int xs:date'/>", &["1", "2024-01-01", " 7 "], &["x", "1.5"]);
    let restricted = "<xs:restriction><xs:simpleType><xs:union memberTypes='xs:int xs:token'/></xs:simpleType><xs:enumeration value='1'/><xs:enumeration value='x'/></xs:restriction>";
    check(restricted, &["1", "x"], &["2", "y"]);
}

#[test]
fn lists_and_unions_are_compared_by_value() {
    let list = "<xs:restriction><xs:simpleType><xs:list itemType='xs:int'/></xs:simpleType><xs:enumeration value='1 2'/></xs:restriction>";
    check(list, &["1 2", "01  +2"], &["1", "2 1", "1 2 3"]);
    let union = "<xs:restriction><xs:simpleType><xs:union memberTypes='xs:int xs:token'/></xs:simpleType><xs:pattern value='.{1,2}'/></xs:restriction>";
    check(union, &["7", "&#10;77", "a"], &["777", "a  b"]);
}

#[test]
fn unsigned_types_have_no_sign() {
    for unsigned in ["xs:unsignedLong", "xs:unsignedInt", "xs:unsignedShort", "xs:unsignedByte"] {
        check(unsigned, &["0", "007"], &["+7", "-0", ""]);
    }
    check("xs:nonNegativeInteger", &["+7", "-0"], &["-1"]);
}

#[test]
fn a_uri_is_a_uri_reference() {
    check(
        "xs:anyURI",
        &["a:b", "//h/p", "?q", "#f", "http://[::1]:80/", "http://u:p@h", "x/y:z", "a{b}|c", "", "http://h/%41?q=/?"],
        &["1:b", ":", "a[b]", "http://h:8a/", "a#b#c", "%4", "http://[::1", "http://a@b@c/", "//[x]y"],
    );
}

#[test]
fn names_are_those_of_xml_second_edition() {
    check("xs:NCName", &["\u{110}\u{1A1}n", "_\u{B7}", "\u{4E2D}"], &["\u{1F600}", "\u{37F}", "a\u{203F}"]);
    check("xs:NMTOKEN", &["\u{B7}", "\u{301}"], &["\u{1F600}"]);
    let pattern = |p: &str| restriction("xs:string", &[("pattern", p)]);
    check(&pattern(r"\i\c*"), &["a\u{301}"], &["\u{1F600}", "a\u{1F600}"]);
    check(&pattern(r"\I\C"), &["1 ", "\u{1F600}\u{1F600}"], &["ab"]);
}

#[test]
fn far_years_and_long_durations_are_read() {
    check("xs:date", &["123456789012345-02-28", "-0004-02-29"], &["-0005-02-29", "0000-01-01"]);
    let bound = restriction("xs:duration", &[("maxInclusive", "P123456789012Y")]);
    check(&bound, &["P123456789012Y", "-P1Y"], &["P123456789013Y"]);
}
