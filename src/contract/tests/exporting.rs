//! A service's messages become a draft that carries them.

use std::fs;
use std::path::PathBuf;

use expect_test::expect;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use tempfile::TempDir;

use super::{Draft, compiled, folder, out, root};
use crate::binding::plan::HeaderProtocol;
use crate::contract::export::{self, Service};
use crate::problem::Problems;

/// Exports a service into a new folder.
fn exported(proto: &str, name: &str, include: &str) -> Draft {
    let dir = TempDir::new().expect("a temporary directory can be made");
    let mut problems = Problems::new();
    let written = export::export(&service(root().join(proto), name), &out(dir.path()), &mut problems);
    let written = written.unwrap_or_else(|| panic!("{problems}"));
    assert!(!problems.has_errors(), "{problems}");
    compiled(dir, &[root().join(include)], written, problems)
}

fn service(proto: PathBuf, name: &str) -> Service {
    Service { proto, name: name.to_owned(), include: Vec::new(), namespace: None, headers: HeaderProtocol::None }
}

#[test]
fn the_dossier_service_is_exported_whole() {
    let draft = exported("proto/molisa/dossier/v1/service.proto", "molisa.dossier.v1.DossierService", "proto");
    let batches = draft.said.lines().filter(|line| line.contains("its effect is drafted as read")).count();
    assert_eq!((batches, draft.said.contains("error:")), (2, false), "a batch is no single thing: {}", draft.said);
    assert!(draft.carries(variants) >= 12 * 2 * 3);
    let xsd = draft.read("dossier_service.xsd");
    assert!(xsd.contains("<xs:documentation>Withdraws a dossier on its owner's wish.</xs:documentation>"), "{xsd}");
}

#[test]
fn the_loans_service_is_exported_whole() {
    let include = "tests/contracts/library/proto";
    let draft = exported("tests/contracts/library/proto/library/v1/loans.proto", "library.v1.Loans", include);
    assert_eq!(draft.said, "");
    assert!(draft.carries(variants) >= 2 * 2 * 3);
}

const SHAPES: &str = r#"syntax = "proto3";

package shapes.v1;

import "google/protobuf/duration.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/wrappers.proto";
import "shapes/other.proto";

// Draws. 1 < 2 & 3.
//
// Second paragraph.
service Shapes {
  // Draws a shape.
  rpc Draw(Shape) returns (google.protobuf.Empty);
  rpc Watch(Shape) returns (stream Shape);
  rpc ListShapes(ListShapesRequest) returns (ListShapesResponse);
}

message Shape {
  string a_b = 1; // Trailing.
  string abc = 2;
  oneof kind { Inner inner = 3; int32 side = 4; Colour colour = 5; }
  reserved 6;
  repeated Shape parts = 7;
  google.protobuf.Duration drawn_in = 8;
  google.protobuf.StringValue title = 9;
  shapes.other.Shape other = 10;
  Inner.Kind inner_kind = 11;
  Nothing nothing = 12;
  repeated Colour colours = 13;
  repeated sint64 numbers = 14 [packed = false];
  optional Colour last = 15;
  bool enum = 16;

  message Inner {
    enum Kind { ROUND = 0; enum = 1; time = 2; }
    fixed32 x = 1;
  }
}

enum Colour { COLOUR_UNSPECIFIED = 0; COLOUR_RED = 1; COLOUR_DARK_RED = -7; }
enum Nothing { NOTHING_UNSPECIFIED = 0; }
message ListShapesRequest {}
message ListShapesResponse { repeated Shape shapes = 1; Shape first = 2; }
"#;
const OTHER: &str = "syntax = \"proto3\"; package shapes.other; message Shape { bytes data = 1; }";

#[test]
fn every_shape_of_a_proto_has_its_counterpart() {
    let folder = folder(&[("shapes/v1/shapes.proto", SHAPES), ("shapes/other.proto", OTHER)]);
    let dir = TempDir::new().expect("a temporary directory can be made");
    let mut problems = Problems::new();
    let service = service(folder.path().join("shapes/v1/shapes.proto"), "shapes.v1.Shapes");
    let written = export::export(&service, &out(dir.path()), &mut problems);
    let written = written.unwrap_or_else(|| panic!("{problems}"));
    let draft = compiled(dir, &[folder.path().to_path_buf()], written, problems);
    let said = draft.said.replace(&format!("{}/", folder.path().display()), "");
    expect![[r#"
        shapes/v1/shapes.proto:16: warning: Watch is a streaming rpc: left out
            remedy: SOAP has one request and one answer: offer an rpc of that shape
        shapes/v1/shapes.proto:30: warning: shapes.v1.Nothing has no value but 0: shapes.v1.Shape.nothing is left out
            remedy: give the enum a value, or the field another type
        shapes/v1/shapes.proto:37: warning: ROUND is the number 0, which means absent: it has no word in the XSD
            remedy: give the value a number of its own, and 0 to …_UNSPECIFIED
    "#]]
    .assert_eq(&said);
    expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="urn:shapes:v1" targetNamespace="urn:shapes:v1" elementFormDefault="qualified">
          <xs:annotation>
            <xs:documentation>Draws. 1 &lt; 2 &amp; 3.</xs:documentation>
            <xs:documentation>Second paragraph.</xs:documentation>
          </xs:annotation>

          <xs:element name="Draw">
            <xs:annotation>
              <xs:documentation>Draws a shape.</xs:documentation>
            </xs:annotation>
            <xs:complexType>
              <xs:sequence>
                <xs:element name="AB" type="xs:string">
                  <xs:annotation>
                    <xs:documentation>Trailing.</xs:documentation>
                  </xs:annotation>
                </xs:element>
                <xs:element name="Abc" type="xs:string"/>
                <xs:choice minOccurs="0">
                  <xs:element name="Inner" type="tns:ShapeInner"/>
                  <xs:element name="Side" type="xs:int"/>
                  <xs:element name="Colour" type="tns:Colour"/>
                </xs:choice>
                <xs:element name="Parts" type="tns:Shape" minOccurs="0" maxOccurs="unbounded"/>
                <xs:element name="DrawnIn" type="xs:duration" minOccurs="0"/>
                <xs:element name="Title" type="tns:GoogleProtobufStringValue" minOccurs="0"/>
                <xs:element name="Other" type="tns:ShapesOtherShape" minOccurs="0"/>
                <xs:element name="InnerKind" type="tns:ShapeInnerKind" minOccurs="0"/>
                <xs:element name="Colours" type="tns:Colour" minOccurs="0" maxOccurs="unbounded"/>
                <xs:element name="Numbers" type="xs:long" minOccurs="0" maxOccurs="unbounded"/>
                <xs:element name="Last" type="tns:Colour" minOccurs="0"/>
                <xs:element name="Enum" type="xs:boolean"/>
              </xs:sequence>
            </xs:complexType>
          </xs:element>

          <xs:element name="DrawResponse">
            <xs:complexType>
              <xs:sequence/>
            </xs:complexType>
          </xs:element>

          <xs:element name="ListShapes">
            <xs:complexType>
              <xs:sequence/>
            </xs:complexType>
          </xs:element>

          <xs:element name="ListShapesResponse">
            <xs:complexType>
              <xs:sequence>
                <xs:element name="Shapes" type="tns:Shape" minOccurs="0" maxOccurs="unbounded"/>
                <xs:element name="First" type="tns:Shape" minOccurs="0"/>
              </xs:sequence>
            </xs:complexType>
          </xs:element>

          <xs:complexType name="GoogleProtobufStringValue">
            <xs:sequence>
              <xs:element name="Value" type="xs:string"/>
            </xs:sequence>
          </xs:complexType>

          <xs:complexType name="Shape">
            <xs:sequence>
              <xs:element name="AB" type="xs:string">
                <xs:annotation>
                  <xs:documentation>Trailing.</xs:documentation>
                </xs:annotation>
              </xs:element>
              <xs:element name="Abc" type="xs:string"/>
              <xs:choice minOccurs="0">
                <xs:element name="Inner" type="tns:ShapeInner"/>
                <xs:element name="Side" type="xs:int"/>
                <xs:element name="Colour" type="tns:Colour"/>
              </xs:choice>
              <xs:element name="Parts" type="tns:Shape" minOccurs="0" maxOccurs="unbounded"/>
              <xs:element name="DrawnIn" type="xs:duration" minOccurs="0"/>
              <xs:element name="Title" type="tns:GoogleProtobufStringValue" minOccurs="0"/>
              <xs:element name="Other" type="tns:ShapesOtherShape" minOccurs="0"/>
              <xs:element name="InnerKind" type="tns:ShapeInnerKind" minOccurs="0"/>
              <xs:element name="Colours" type="tns:Colour" minOccurs="0" maxOccurs="unbounded"/>
              <xs:element name="Numbers" type="xs:long" minOccurs="0" maxOccurs="unbounded"/>
              <xs:element name="Last" type="tns:Colour" minOccurs="0"/>
              <xs:element name="Enum" type="xs:boolean"/>
            </xs:sequence>
          </xs:complexType>

          <xs:complexType name="ShapeInner">
            <xs:sequence>
              <xs:element name="X" type="xs:unsignedInt"/>
            </xs:sequence>
          </xs:complexType>

          <xs:complexType name="ShapesOtherShape">
            <xs:sequence>
              <xs:element name="Data" type="xs:base64Binary"/>
            </xs:sequence>
          </xs:complexType>

          <xs:simpleType name="Colour">
            <xs:restriction base="xs:token">
              <xs:enumeration value="RED"/>
              <xs:enumeration value="DARK_RED"/>
            </xs:restriction>
          </xs:simpleType>

          <xs:simpleType name="ShapeInnerKind">
            <xs:restriction base="xs:token">
              <xs:enumeration value="KIND_enum"/>
              <xs:enumeration value="KIND_time"/>
            </xs:restriction>
          </xs:simpleType>
        </xs:schema>
    "#]].assert_eq(&draft.read("shapes.xsd"));
    expect![[r#"
        .Draw]
        method = "shapes.v1.Shapes/Draw"
        effect = "once"
        key    = ["AB"]    # a guess: what makes two requests the same one?
        [operation.Draw.request]
        AB        = "a_b"
        Abc       = "abc"
        Inner     = "inner"
        Side      = "side"
        Colour    = "colour"
        Parts     = "parts"
        DrawnIn   = "drawn_in"
        Title     = "title"
        Other     = "other"
        InnerKind = "inner_kind"
        Colours   = "colours"
        Numbers   = "numbers"
        Last      = "last"
        Enum      = "enum"
        [operation.Draw.answer]

        [operation.ListShapes]
        method = "shapes.v1.Shapes/ListShapes"
        effect = "read"    # by its name it only reads
        [operation.ListShapes.request]
        [operation.ListShapes.answer]
        Shapes = "shapes"
        First  = "first"

        # ---- Business outcomes ----
        #
        # A service's refusal is a SOAP fault. Where an answer has an element for it instead, bind that to @code (and a text to
        # @message) in [operation.X.answer], remove its field from the .proto, and list what each gRPC status means:
        #
        #   [outcome]
        #   OK        = "0"
        #   NOT_FOUND = "404"

        # ---- Code lists ----

        [value.Colour]
        enum     = "shapes.v1.Colour"
        RED      = "COLOUR_RED"
        DARK_RED = "COLOUR_DARK_RED"

        [value.ShapeInnerKind]
        enum      = "shapes.v1.Shape.Inner.Kind"
        KIND_enum = "enum"
        KIND_time = "time"

        # ---- Messages: element = field ----

        [message.GoogleProtobufStringValue]
        is = "google.protobuf.StringValue"
        Value = "value"

        [message.Shape]
        is = "shapes.v1.Shape"
        AB        = "a_b"
        Abc       = "abc"
        Inner     = "inner"
        Side      = "side"
        Colour    = "colour"
        Parts     = "parts"
        DrawnIn   = "drawn_in"
        Title     = "title"
        Other     = "other"
        InnerKind = "inner_kind"
        Colours   = "colours"
        Numbers   = "numbers"
        Last      = "last"
        Enum      = "enum"

        [message.ShapeInner]
        is = "shapes.v1.Shape.Inner"
        X = "x"

        [message.ShapesOtherShape]
        is = "shapes.other.Shape"
        Data = "data"
    "#]].assert_eq(draft.read("binding.toml").split_once("\n[operation").expect("operations").1);
    assert!(draft.carries(variants) >= 2 * 2 * 3);
}

#[test]
fn what_has_no_counterpart_in_xml_is_refused_with_its_place() {
    let proto = "syntax = \"proto2\";\npackage p;\nmessage M {\n  map<string, M> m = 1;\n  optional group G = 2 { optional int32 a = 1; }\n}\n\
                 service S {\n  rpc A(M) returns (M);\n  rpc AResponse(M) returns (M);\n}\nservice T { rpc B(M) returns (stream M); }\n";
    let folder = folder(&[("p.proto", proto), ("torn.proto", "syntax = \"proto3\";\nmessage {"), ("empty.proto", "")]);
    let mut said = String::new();
    for (file, name, namespace) in [
        ("p.proto", "p.S", None),
        ("p.proto", "p.T", None),
        ("p.proto", "p.s", None),
        ("p.proto", "p.S", Some("a b")),
        ("torn.proto", "p.S", None),
        ("empty.proto", "p.S", None),
        ("nowhere.proto", "p.S", None),
    ] {
        let dir = TempDir::new().expect("a temporary directory can be made");
        let mut problems = Problems::new();
        let namespace = namespace.map(str::to_owned);
        let service = Service { namespace, ..service(folder.path().join(file), name) };
        assert!(export::export(&service, &out(dir.path()), &mut problems).is_none(), "{file}");
        assert!(fs::read_dir(dir.path()).expect("readable").next().is_none(), "something was written");
        said.push_str(&problems.to_string());
    }
    let said =
        said.replace(&format!("{}/", folder.path().display()), "").replace(&folder.path().display().to_string(), "");
    expect![[r#"
        p.proto:4: error: the map p.M.m has no counterpart in a binding
            remedy: write it as a repeated message of key and value
        p.proto:5: error: the group p.M.g has no counterpart in a binding
            remedy: write it as a message field
        p.proto:8: warning: A has no value that tells two requests apart: its effect is drafted as read
            remedy: use a header protocol with message ids, or add a field
        p.proto:9: error: AResponse: another rpc has the element AResponse or AResponseResponse
            remedy: rename one of the two rpcs
        p.proto: error: p.T has no rpc of one request and one answer
            remedy: name another service
        p.proto:11: warning: B is a streaming rpc: left out
            remedy: SOAP has one request and one answer: offer an rpc of that shape
        p.proto: error: no service has the name p.s
            remedy: did you mean p.S?
        p.proto: error: 'a b' is no namespace
            remedy: write --namespace as a URI
        torn.proto:2: error: expected an identifier, but found '{'
            remedy: correct the .proto, or name the folders of its imports
        empty.proto: error: no service has the name p.S
            remedy: name the .proto file that declares a service
        nowhere.proto: error: cannot be read: No such file or directory (os error 2)
            remedy: name a .proto file
    "#]]
    .assert_eq(&said);
}

/// The empty message, and messages with every field set: other branches of every oneof, one or two items in lists.
fn variants(descriptor: &MessageDescriptor) -> Vec<DynamicMessage> {
    let mut all = vec![DynamicMessage::new(descriptor.clone())];
    all.extend((0..6).map(|variant| filled(descriptor, variant, 0)));
    all
}

fn filled(descriptor: &MessageDescriptor, variant: usize, depth: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    for field in descriptor.fields() {
        if let Some(oneof) = field.containing_oneof().filter(|oneof| !oneof.is_synthetic()) {
            let chosen = variant % oneof.fields().len();
            if oneof.fields().nth(chosen).is_none_or(|branch| branch.number() != field.number()) {
                continue;
            }
        }
        // Every third field of the later variants is left out.
        if variant > 3 && (field.number() as usize + variant).is_multiple_of(3) {
            continue;
        }
        if depth == 4 && matches!(field.kind(), Kind::Message(_)) {
            continue;
        }
        // An enum without a value has no element.
        if matches!(field.kind(), Kind::Enum(one) if one.values().len() == 1) {
            continue;
        }
        let value = match field.is_list() {
            true => Value::List((0..1 + variant % 2).map(|at| one(&field, variant + at, depth)).collect()),
            false => one(&field, variant, depth),
        };
        message.set_field(&field, value);
    }
    message
}

fn one(field: &FieldDescriptor, variant: usize, depth: usize) -> Value {
    let number = variant as i64 + i64::from(field.number());
    match field.kind() {
        Kind::Double => Value::F64(number as f64 + 0.25),
        Kind::Float => Value::F32(number as f32 + 0.5),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32([i32::MIN, -1, 0, number as i32][variant % 4]),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64([i64::MAX, -1, 0, number][variant % 4]),
        Kind::Uint32 | Kind::Fixed32 => Value::U32([u32::MAX, 0, number as u32][variant % 3]),
        Kind::Uint64 | Kind::Fixed64 => Value::U64([u64::MAX, 0, number as u64][variant % 3]),
        Kind::Bool => Value::Bool(number % 2 == 0),
        Kind::String => Value::String(["", " a <b> & \"c\"\n ", "Đỗ Ân"][variant % 3].to_owned()),
        Kind::Bytes => Value::Bytes(vec![0, 0xFF, variant as u8].into()),
        Kind::Enum(enumeration) => {
            let said: Vec<i32> = enumeration.values().map(|value| value.number()).filter(|&n| n != 0).collect();
            Value::EnumNumber(said.get(variant % said.len().max(1)).copied().unwrap_or_default())
        }
        Kind::Message(message) => {
            let parts: &[(&str, Value)] = &match message.full_name() {
                "google.protobuf.Timestamp" => {
                    [("seconds", Value::I64(1_767_602_100 + number)), ("nanos", Value::I32(250_000_000))].to_vec()
                }
                "google.protobuf.Duration" => {
                    [("seconds", Value::I64(number)), ("nanos", Value::I32(5_000_000))].to_vec()
                }
                "google.type.Date" => {
                    [("year", Value::I32(2024)), ("month", Value::I32(2)), ("day", Value::I32(29))].to_vec()
                }
                _ => return Value::Message(filled(&message, variant, depth + 1)),
            };
            let mut value = DynamicMessage::new(message);
            parts.iter().for_each(|(name, part)| value.set_field_by_name(name, part.clone()));
            Value::Message(value)
        }
    }
}
