//! What is unsound in a binding: one change at a time to a sound one, and all that is said of it.

use std::fmt::Write;

use super::plan::Partner;
use crate::problem::Problems;

const PROTO: &str = r#"syntax = "proto3";
package w;
import "google/protobuf/timestamp.proto";
import "google/type/date.proto";
service Weather { rpc Report(Reading) returns (Receipt); rpc Watch(Reading) returns (stream Receipt); }
message Reading {
  string station = 1; Place place = 2; repeated Sample samples = 3; Sky sky = 4; bool calm = 5; int64 rain_tenths = 6;
  google.protobuf.Timestamp at = 7; google.type.Date day = 8; int32 visibility = 9; bytes chart = 10; string note = 11;
  oneof wind { string gust = 12; string breeze = 13; } double pressure = 14; repeated string tags = 15; map<string, string> more = 16;
}
message Place { string name = 1; Region region = 2; repeated string aliases = 3; }
message Region { string code = 1; }
message Sample { int32 celsius = 1; }
message Receipt { string number = 1; string unused = 2; }
enum Sky { SKY_UNSPECIFIED = 0; SKY_CLEAR = 1; SKY_CLOUDY = 2; }
"#;

const DATE: &str = r#"syntax = "proto3";
package google.type;
message Date { int32 year = 1; int32 month = 2; int32 day = 3; }
"#;

const XSD: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:w" targetNamespace="urn:w">
<xs:element name="Report"><xs:complexType><xs:sequence><xs:element name="Reading" type="Reading"/></xs:sequence></xs:complexType></xs:element>
<xs:element name="ReportResponse"><xs:complexType><xs:sequence><xs:element name="code" type="xs:string"/><xs:element name="text" type="xs:string" minOccurs="0"/><xs:element name="Number" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>
<xs:complexType name="Reading"><xs:sequence>
<xs:element name="Station" type="xs:string"/>
<xs:element name="Place" type="xs:string"/>
<xs:element name="Region" minOccurs="0"><xs:complexType><xs:sequence><xs:element name="Code" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
<xs:element name="Sample" type="Sample" maxOccurs="9"/>
<xs:element name="Sky" type="Sky"/>
<xs:element name="Calm" type="YesNo"/>
<xs:element name="Rain" type="Rain"/>
<xs:element name="At" type="Moment"/>
<xs:element name="Day" type="xs:date"/>
<xs:element name="Visibility" type="xs:int"/>
<xs:element name="Chart" type="xs:base64Binary" minOccurs="0"/>
<xs:choice><xs:element name="Gust" type="xs:string"/><xs:element name="Breeze" type="xs:string"/></xs:choice>
<xs:element name="Pressure" type="xs:double"/>
<xs:element name="Tag" type="xs:token" minOccurs="0" maxOccurs="unbounded"/>
</xs:sequence><xs:attribute name="note" type="xs:string"/></xs:complexType>
<xs:complexType name="Sample"><xs:sequence><xs:element name="Celsius" type="xs:short"/></xs:sequence></xs:complexType>
<xs:simpleType name="Sky"><xs:restriction base="xs:token"><xs:enumeration value="clear"/><xs:enumeration value="cloudy"/></xs:restriction></xs:simpleType>
<xs:simpleType name="YesNo"><xs:restriction base="xs:token"><xs:enumeration value="yes"/><xs:enumeration value="no"/></xs:restriction></xs:simpleType>
<xs:simpleType name="Rain"><xs:restriction base="xs:decimal"><xs:fractionDigits value="1"/></xs:restriction></xs:simpleType>
<xs:simpleType name="Moment"><xs:restriction base="xs:string"/></xs:simpleType>
</xs:schema>
"#;

const BINDING: &str = r#"[partner]
namespace = "urn:w"
schemas = ["w.xsd"]
headers = "none"
time_zone = "+07:00"

[operation.Report]
method = "w.Weather/Report"
effect = "once"
key = ["Reading/Station"]
[operation.Report.request]
Reading = "."
"Reading/Station" = "station"
"Reading/Place" = "place.name"
"Reading/Region/Code" = "place.region.code"
"Reading/Sample" = "samples"
"Reading/Sky" = "sky"
"Reading/Calm" = "calm"
"Reading/Rain" = "rain_tenths"
"Reading/At" = "at"
"Reading/Day" = "day"
"Reading/Visibility" = "visibility"
"Reading/Chart" = "chart"
"Reading/Gust" = "gust"
"Reading/Breeze" = "breeze"
"Reading/Pressure" = "pressure"
"Reading/Tag" = "tags"
"Reading/@note" = "note"
[operation.Report.answer]
code = "@code"
text = "@message"
Number = "number"

[outcome]
OK = "0"
NOT_FOUND = "4"

[message.Sample]
is = "w.Sample"
Celsius = "celsius"

[value.Sky]
enum = "w.Sky"
clear = "SKY_CLEAR"
cloudy = "SKY_CLOUDY"
[value.YesNo]
true = "yes"
false = "no"
[value.Rain]
scale = 1
[value.Moment]
time = "yyyyMMddHHmmss"
empty = "absent"
"#;

/// All that is said of the contract after one change to each of binding and schema.
fn said(binding: (&str, &str), schema: (&str, &str)) -> String {
    assert!(BINDING.contains(binding.0) && XSD.contains(schema.0), "{binding:?} {schema:?}");
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::create_dir_all(dir.path().join("proto/google/type")).expect("a folder");
    let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("a file");
    put("proto/w.proto", PROTO);
    put("proto/google/type/date.proto", DATE);
    put("w.xsd", &XSD.replacen(schema.0, schema.1, 1));
    put("binding.toml", &BINDING.replacen(binding.0, binding.1, 1));
    let mut problems = Problems::new();
    let pool = crate::proto::load(&[dir.path().join("proto")], &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let partner = Partner::compile("w", &dir.path().join("binding.toml"), &[pool], &mut problems);
    assert_eq!(partner.is_none(), problems.has_errors());
    let folder = dir.path().canonicalize().expect("exists");
    let text = problems.to_string().replace(&format!("{}/", folder.display()), "");
    text.replace(&format!("{}/", dir.path().display()), "")
}

#[test]
fn every_kind_of_mistake_has_its_message() {
    const SAME: (&str, &str) = ("", "");
    type Change = (&'static str, &'static str);
    let cases: &[(Change, Change)] = &[
        (SAME, SAME),
        // The file itself.
        (("[partner]", "[partner"), SAME),
        (("[partner]", "[party]"), SAME),
        (("headers = \"none\"", "headers = \"soap\""), SAME),
        (("headers = \"none\"", "header = \"none\""), SAME),
        (("time_zone = \"+07:00\"", "time_zone = \"Hanoi\""), SAME),
        (("schemas = [\"w.xsd\"]", "schemas = []"), SAME),
        (("schemas = [\"w.xsd\"]", "schemas = \"w.xsd\""), SAME),
        (("schemas = [\"w.xsd\"]", "schemas = [\"v.xsd\"]"), SAME),
        (("namespace = \"urn:w\"", "namespace = \"urn:v\""), SAME),
        // Operations.
        (("method = \"w.Weather/Report\"", ""), SAME),
        (("method = \"w.Weather/Report\"", "method = \"w.Weather/Repor\""), SAME),
        (("method = \"w.Weather/Report\"", "method = \"w.Weather/Watch\""), SAME),
        (("effect = \"once\"", "effect = \"twice\""), SAME),
        (("effect = \"once\"", ""), SAME),
        (("effect = \"once\"", "effect = \"state\""), SAME),
        (("key = [\"Reading/Station\"]", ""), SAME),
        (("key = [\"Reading/Station\"]", "key = [\"Reading/Statoin\"]"), SAME),
        (("key = [\"Reading/Station\"]", "key = [\"Reading/@note/x\"]"), SAME),
        (
            (
                "key = [\"Reading/Station\"]",
                "key = [\"Reading/Station\"]\nagencies = [\"Reading/Staton\", \"Reading\", \"Reading/@nota\"]\nprocedures = [\".\", \"Reading/Sky/x\"]",
            ),
            SAME,
        ),
        (
            ("key = [\"Reading/Station\"]", "key = [\"Reading/Station\"]\nagencies = [\"Reading/Tag\"]"),
            ("name=\"Tag\"", "name=\"Tag\" default=\"H56\""),
        ),
        (
            (
                "key = [\"Reading/Station\"]",
                "key = [\"Reading/Station\"]\nagencies = \"Reading/Station\"\nagences = []",
            ),
            SAME,
        ),
        (("[operation.Report]", "[operation.Report]\nanswer_element = \"Answer\""), SAME),
        (("[operation.Report]", "[operation.Report]\nrequest_elemnt = \"R\""), SAME),
        // Paths.
        (("\"Reading/Station\" = \"station\"", ""), SAME),
        (("\"Reading/Station\" = \"station\"", "\"Reading/Station\" = \"staton\""), SAME),
        (("\"Reading/Station\" = \"station\"", "\"Reading/Station\" = \"place\""), SAME),
        (("\"Reading/Station\" = \"station\"", "\"Reading/Station\" = \"note\""), SAME),
        (("\"Reading/Station\" = \"station\"", "\"Reading/Station\" = \"tags\""), SAME),
        (("\"Reading/Station\" = \"station\"", "\"Reading/Station\" = \"station.name\""), SAME),
        (("\"Reading/Station\" = \"station\"", "\"Reading/Station\" = \"place.aliases\""), SAME),
        (("\"Reading/Station\" = \"station\"", "\"Reading/Station\" = \"more\""), SAME),
        (("\"Reading/Place\" = \"place.name\"", "\"Reading/Place\" = \"place[0].name\""), SAME),
        (("\"Reading/Place\" = \"place.name\"", "\"Reading/Place\" = \"samples.celsius\""), SAME),
        (("Number = \"number\"", "Number = \"numbers\""), SAME),
        (("\"Reading/Station\" = \"station\"", "\"Reading/Station\" = \"@code\""), SAME),
        (("\"Reading/Station\" = \"station\"", "\"Reading/Station\" = \".\""), SAME),
        (
            ("\"Reading/Station\" = \"station\"", "\"Reading/Station\" = \"station\"\n\"Reading/Sation\" = \"note\""),
            SAME,
        ),
        (("\"Reading/Tag\" = \"tags\"", "\"Reading/Tag\" = \"note\""), SAME),
        (("\"Reading/Sample\" = \"samples\"", "\"Reading/Sample\" = \".\""), SAME),
        (("\"Reading/@note\" = \"note\"", ""), SAME),
        (("\"Reading/@note\" = \"note\"", "ignore = [\"Reading/@note\"]"), SAME),
        // Personal: bound, ignored, a wrapper; then what is not there, stands below a message, or is no list.
        (
            (
                "\"Reading/@note\" = \"note\"",
                "ignore = [\"Reading/@note\"]\npersonal = [\"Reading/@note\", \"Reading/Tag\", \"Reading/Region\"]",
            ),
            SAME,
        ),
        (
            (
                "\"Reading/@note\" = \"note\"",
                "\"Reading/@note\" = \"note\"\npersonal = [\"Reading/Tga\", \"Reading/Sample/Celsius\", \"Reading/@nota\"]",
            ),
            SAME,
        ),
        (("Number = \"number\"", "Number = \"number\"\npersonal = \"Number\""), SAME),
        (("Celsius = \"celsius\"", "Celsius = \"celsius\"\npersonal = [\"Celsius\", \"#text\"]"), SAME),
        (("\"Reading/Breeze\" = \"breeze\"", "\"Reading/Breeze\" = \"station\""), SAME),
        // Values.
        (("\"Reading/Day\" = \"day\"", "\"Reading/Day\" = \"at\""), SAME),
        (("\"Reading/At\" = \"at\"", "\"Reading/At\" = \"visibility\""), SAME),
        (("\"Reading/Chart\" = \"chart\"", "\"Reading/Chart\" = \"pressure\""), SAME),
        (("time = \"yyyyMMddHHmmss\"", "time = \"yyyyMMdd\""), SAME),
        (("time = \"yyyyMMddHHmmss\"", "time = \"yyyy-mm-dd hh:ii\""), SAME),
        (("empty = \"absent\"", "empty = \"never\""), SAME),
        (("scale = 1", "scale = 0"), SAME),
        (("scale = 1", "scale = \"one\""), SAME),
        (("[value.Rain]\nscale = 1", ""), SAME),
        (("[value.Rain]\nscale = 1", "[value.Rain]"), SAME),
        (("[value.Rain]", "[value.Rane]"), SAME),
        (("clear = \"SKY_CLEAR\"", ""), SAME),
        (("clear = \"SKY_CLEAR\"", "clear = \"SKY_CLOUDY\""), SAME),
        (("clear = \"SKY_CLEAR\"", "clear = \"SKY_CLEER\""), SAME),
        (("clear = \"SKY_CLEAR\"", "clear = \"SKY_UNSPECIFIED\""), SAME),
        (("clear = \"SKY_CLEAR\"", "clear = \"SKY_CLEAR\"\nfoggy = \"SKY_CLEAR\""), SAME),
        (("enum = \"w.Sky\"", "enum = \"w.Skies\""), SAME),
        (("true = \"yes\"", "true = \"maybe\""), SAME),
        // Conversions by name, documents, aliases, what is unknown.
        (("\"Reading/Place\" = \"place.name\"", "\"Reading/Place\" = \"place.name as Momnt\""), SAME),
        (("\"Reading/Visibility\" = \"visibility\"", "\"Reading/Visibility\" = \"at as Moment\""), SAME),
        (("time = \"yyyyMMddHHmmss\"\nempty = \"absent\"", "bytes = \"hex\""), SAME),
        (("[value.YesNo]", "[value.Town]\nenum = \"w.Sky\"\nHue = \"SKY_CLEAR\"\n[value.YesNo]"), SAME),
        (
            ("[value.Moment]\ntime = \"yyyyMMddHHmmss\"\nempty = \"absent\"", "[value.Moment]\ndocument = \"Sampel\""),
            SAME,
        ),
        (
            ("[value.Moment]\ntime = \"yyyyMMddHHmmss\"\nempty = \"absent\"", "[value.Moment]\ndocument = \"Report\""),
            SAME,
        ),
        (("[outcome]", "[alias]\nStaton = \"Statoin\"\n[outcome]"), SAME),
        (("[outcome]", "[alias]\nPlace = \"Station\"\n[outcome]"), SAME),
        (("headers = \"none\"", "headers = \"none\"\nunknown = \"drop\""), SAME),
        // Messages and outcomes.
        (("[message.Sample]", "[message.Samples]"), SAME),
        (("is = \"w.Sample\"", "is = \"w.Simple\""), SAME),
        (("is = \"w.Sample\"", ""), SAME),
        (("Celsius = \"celsius\"", "Celsius = \"celsius\"\nKelvin = \"celsius\""), SAME),
        (("OK = \"0\"", ""), SAME),
        (("NOT_FOUND = \"4\"", "NOTFOUND = \"4\""), SAME),
        (("OK = \"0\"", "OK = \"fine\""), ("name=\"code\" type=\"xs:string\"", "name=\"code\" type=\"xs:int\"")),
        (("\"Reading/Visibility\" = \"visibility\"", "\"Reading/Visibility\" = \"sky as Sky\""), SAME),
        (("\"Reading/Visibility\" = \"visibility\"", "\"Reading/Visibility\" = \"samples[0].celsius\""), SAME),
        // The other side changed.
        (SAME, ("name=\"Visibility\" type=\"xs:int\"", "name=\"Visibility\" type=\"xs:long\"")),
        (SAME, ("name=\"Number\" type=\"xs:string\" minOccurs=\"0\"", "name=\"Number\" type=\"xs:string\"")),
        (
            SAME,
            ("<xs:enumeration value=\"cloudy\"/>", "<xs:enumeration value=\"cloudy\"/><xs:enumeration value=\"fog\"/>"),
        ),
        (SAME, ("<xs:fractionDigits value=\"1\"/>", "<xs:fractionDigits value=\"2\"/>")),
        (
            SAME,
            (
                "<xs:element name=\"Pressure\" type=\"xs:double\"/>",
                "<xs:element name=\"Pressure\" type=\"xs:decimal\"/>",
            ),
        ),
        (
            SAME,
            (
                "<xs:element name=\"Station\" type=\"xs:string\"/>",
                "<xs:element name=\"Station\" type=\"xs:string\"/><xs:element name=\"New\" type=\"xs:string\"/>",
            ),
        ),
        (SAME, ("<xs:choice>", "<xs:choice maxOccurs=\"2\">")),
        (
            SAME,
            (
                "<xs:element name=\"Visibility\" type=\"xs:int\"/>",
                "<xs:element name=\"Visibility\" type=\"xs:int\"/><xs:element name=\"Station\" type=\"xs:string\"/>",
            ),
        ),
    ];
    let mut all = String::new();
    for (binding, schema) in cases {
        let change = if binding.0.is_empty() { schema } else { binding };
        writeln!(all, "{} => {}", change.0, change.1).expect("a string");
        for line in said(*binding, *schema).lines() {
            writeln!(all, "    {line}").expect("a string");
        }
    }
    expect_test::expect_file!["broken.txt"].assert_eq(&all);
}

#[test]
fn under_x_road_an_answer_is_named_like_its_request() {
    let both = (
        "headers = \"none\"\ntime_zone = \"+07:00\"\n\n[operation.Report]",
        "headers = \"x-road\"\n[operation.Report]\nanswer_element = \"Report\"",
    );
    let text = said(both, ("", ""));
    let expected = "warning: Report answers Report, but X-Road asks for ReportResponse";
    assert!(text.contains(expected), "{text}");
    let usual = said(("headers = \"none\"", "headers = \"x-road\""), ("", ""));
    assert!(!usual.contains("X-Road"), "{usual}");
}
