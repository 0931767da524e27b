//! A partner's contract becomes a draft that carries its messages.

use std::fs;
use std::path::PathBuf;

use expect_test::expect;
use tempfile::TempDir;

use super::contracts::{AWKWARD, INLINE, TWO_NAMESPACES, WORDS};
use super::{Draft, compiled, folder, imported, out, root};
use crate::binding::plan::{HeaderProtocol, Partner};
use crate::contract::Out;
use crate::contract::import::{self, Contract, Wishes};
use crate::problem::Problems;
use crate::wsdl::Description;
use crate::xml::limits::Limits;
use crate::xml::tape::{NodeId, NodeKind, Tape};

/// The Body's child of every sample of the dossier exchange, placeholders filled.
fn samples() -> Vec<String> {
    let folder = root().join("schemas/hoso/samples");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("samples").map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    let filled = [
        ("{dossier}", "000.00.00.G07-240102-0001"),
        ("{elsewhere}", "000.00.00.H56-240102-0001"),
        ("{paper}", "GPLD-07"),
        ("{code}", "C-1"),
        ("{now}", "20240102090000"),
        ("{round}", "1"),
        ("{amount}", "600000"),
    ];
    let fill = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("UTF-8");
        let mut text = filled.iter().fold(text, |text, (placeholder, value)| text.replace(placeholder, value));
        while let Some(start) = text.find("{day") {
            let end = start + text[start..].find('}').expect("a placeholder ends");
            text.replace_range(start..=end, "2024-01-02");
        }
        let tape = Tape::parse(&text, &Limits::default()).expect("well-formed");
        let is_operation =
            |&node: &NodeId| tape.kind(node) == NodeKind::Element && tape.namespace_name(tape.namespace(node)) == HOSO;
        let node = (0..tape.end(0)).find(is_operation).expect("a sample holds an operation");
        let mut xml = text[tape.span(node)].to_owned();
        // Prefixes that the envelope declared.
        let end = xml.find([' ', '>', '\n']).expect("a start tag ends");
        let own: Vec<&str> = tape.declarations(node).map(|(prefix, _)| prefix).collect();
        for (prefix, namespace) in tape.scope(node).into_iter().filter(|(prefix, _)| !own.contains(prefix)) {
            xml.insert_str(end, &format!(" xmlns:{prefix}=\"{}\"", tape.namespace_name(namespace)));
        }
        xml
    };
    files.into_iter().map(fill).collect()
}

#[test]
fn the_dossier_exchange_is_imported_whole() {
    let draft = imported(&Contract::Xsd(root().join("schemas/hoso/hoso.xsd")), None);
    assert_eq!(draft.said, "");
    assert_eq!(draft.written.operations, 15);
    assert_eq!(draft.read("hoso.xsd"), fs::read_to_string(root().join("schemas/hoso/hoso.xsd")).expect("readable"));
    let samples = samples();
    assert!(samples.len() >= 10, "samples are there");
    samples.iter().for_each(|xml| draft.comes_back(xml));
    let binding = draft.read("binding.toml");
    for (operation, effect) in [("NopHoSo", "once"), ("TraCuuHoSo", "read"), ("LayTienDoHoSo", "read")] {
        assert!(binding.contains(&format!("Service/{operation}\"\neffect = \"{effect}\"")), "{operation}: {binding}");
    }
    let proto = draft.read("proto/vn/gov/molisa/hoso/v1_0/hoso.proto");
    assert!(
        proto.contains("  // Absent since 1 July 2025, when districts ended.\n  optional string ma_huyen"),
        "{proto}"
    );
}

#[test]
fn the_wsdl_that_the_gateway_serves_is_imported_whole() {
    let mut problems = Problems::new();
    let pool = crate::proto::load(&[root().join("proto")], &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let binding = root().join("schemas/hoso/binding.toml");
    let partner = Partner::compile("hoso", &binding, &[pool], &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let served = Description::new(&partner, &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let folder = TempDir::new().expect("a temporary directory can be made");
    let address = "https://gateway.example/soap/hoso";
    fs::write(folder.path().join("hoso.wsdl"), served.wsdl(address)).expect("it can be written");
    let wsdl = Contract::Wsdl(folder.path().join("hoso.wsdl"));
    let refused = {
        let dir = TempDir::new().expect("a temporary directory can be made");
        let mut problems = Problems::new();
        assert!(import::import(&wsdl, &Wishes::default(), &out(dir.path()), &mut problems).is_none());
        assert!(fs::read_dir(dir.path()).expect("readable").next().is_none(), "something was written");
        problems.to_string().replace(&folder.path().display().to_string(), "")
    };
    expect![[r#"
        /hoso.wsdl:2: error: the schema https://gateway.example/soap/hoso?xsd=hoso.xsd is not beside this file
            remedy: save it as /hoso.xsd: nothing is fetched from the network
    "#]]
    .assert_eq(&refused);

    let xsd = served.xsd("hoso.xsd", address).expect("it is served");
    fs::write(folder.path().join("hoso.xsd"), xsd).expect("it can be written");
    let draft = imported(&wsdl, None);
    assert_eq!(draft.said, "");
    assert_eq!((draft.written.operations, draft.partner.headers), (15, HeaderProtocol::XRoad));
    samples().iter().for_each(|xml| draft.comes_back(xml));
}

#[test]
fn the_library_is_imported_whole() {
    let draft =
        imported(&Contract::Xsd(root().join("tests/contracts/library/library.xsd")), Some(HeaderProtocol::None));
    assert_eq!(draft.said, "");
    for handover in HANDOVERS {
        draft.comes_back(&LEND.replace("{handover}", handover));
        let answer = LEND.replace("l:Lend ", "l:LendResponse ").replace("l:Lend>", "l:LendResponse>");
        draft.comes_back(&answer.replace("{handover}", handover));
    }
    let loan = LEND.replace("{handover}", HANDOVERS[1]);
    let loan = &loan[loan.find("<l:Loan").expect("a loan")..loan.find("</l:Lend>").expect("its end")];
    for count in 0..3 {
        let loans = loan.repeat(count);
        draft.comes_back(&format!("<l:FindLoansResponse {NS}>{loans}</l:FindLoansResponse>"));
    }
    draft.comes_back(&format!(r#"<l:FindLoans {NS} openOnly="true"><l:Card>HB-0042</l:Card></l:FindLoans>"#));
    draft.comes_back(&format!("<l:FindLoans {NS}><l:Card>HB-0042</l:Card></l:FindLoans>"));
}

const HOSO: &str = "http://molisa.gov.vn/hoso/1.0";
const NS: &str = r#"xmlns:l="urn:example:library:2""#;
const LEND: &str = r#"<l:Lend xmlns:l="urn:example:library:2">
  <l:Loan number="L-1" branch="harbour" referenceOnly="yes" renewals="0">
    <l:Reader language="vi"><l:Name>Đỗ Ân</l:Name><l:Card>HB-0042</l:Card></l:Reader>
    <l:Items>
      <l:Item barcode="39-1" largePrint="false"><l:Title language="vi">Truyện Kiều</l:Title></l:Item>
      <l:Item barcode="39-2" largePrint="true"><l:Title language="en">A Tale &amp; a Half</l:Title></l:Item>
    </l:Items>
    <l:LentAt>2026-01-05T08:35:00+07:00</l:LentAt>
    <l:Deposit>120.50</l:Deposit>
    <l:LateFee>0.125</l:LateFee>
    {handover}
    <l:Signature>AP8Q</l:Signature>
    <l:WeightKg>1.25</l:WeightKg>
  </l:Loan>
</l:Lend>"#;
/// The three ways of the contract's choice.
const HANDOVERS: [&str; 3] = [
    r#"<l:Desk number="3"/>"#,
    "<l:Locker>7</l:Locker>",
    "<l:Courier><l:Company>Swift</l:Company><l:Street>1 Quay</l:Street><l:City>Port</l:City></l:Courier>",
];

/// A contract written into a folder, imported, and what was said of it.
fn drafted(files: &[(&str, &str)]) -> Draft {
    drafted_with(files, Some(HeaderProtocol::None))
}

fn drafted_with(files: &[(&str, &str)], headers: Option<HeaderProtocol>) -> Draft {
    let folder = folder(files);
    let first = folder.path().join(files[0].0);
    let contract = if files[0].0.ends_with(".wsdl") { Contract::Wsdl(first) } else { Contract::Xsd(first) };
    let mut draft = imported(&contract, headers);
    draft.said = draft.said.replace(&format!("{}/", folder.path().display()), "");
    draft
}

/// The problems of a contract that cannot be imported.
fn refused(files: &[(&str, &str)]) -> String {
    let folder = folder(files);
    let dir = TempDir::new().expect("a temporary directory can be made");
    let first = folder.path().join(files[0].0);
    let contract = if files[0].0.ends_with(".wsdl") { Contract::Wsdl(first) } else { Contract::Xsd(first) };
    let mut problems = Problems::new();
    assert!(import::import(&contract, &Wishes::default(), &out(dir.path()), &mut problems).is_none());
    assert!(fs::read_dir(dir.path()).expect("readable").next().is_none(), "something was written");
    problems.to_string().replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn schemas_inside_a_wsdl_stand_by_themselves() {
    let draft = drafted(&[("registry.wsdl", INLINE), ("common/words.xsd", WORDS)]);
    expect![[r#"
        registry.wsdl:30: warning: Spouse has the type Person of the namespace urn:r:data, not the partner's, and contains itself
            remedy: it is ignored: validated and not carried; an answer that requires it cannot be written
        registry.wsdl:43: warning: notify has no request or no answer: left out
            remedy: ask for a request and an answer
        registry.wsdl:44: warning: old: a message is not one part that is an element: left out
            remedy: ask for document/literal wrapped
        registry.wsdl:45: warning: rpc is style rpc, not document/literal: left out
            remedy: ask for document/literal
    "#]].assert_eq(&draft.said);
    expect![[r#"
        // The contract of urn:r:messages, mirrored from its XML schema by `lienthong contract import`.

        syntax = "proto3";

        package r.messages;

        import "google/type/date.proto";

        service RegistryService {
          // Enters a person.
          rpc Register(RegisterRequest) returns (AckResponse);
          rpc TraCuu(TraCuuRequest) returns (AckResponse);
        }

        message Node {
          string name = 1;
          repeated Node child = 2;
        }

        message RegisterRequest {
          optional string lang = 1;
          RegisterRequestPerson person = 2;
          optional Colour colour = 3;
          Node node = 4;
        }

        message RegisterRequestPerson {
          string name = 1;
          google.type.Date born = 2;
          repeated string phone = 3;
        }

        message AckResponse {
          int32 number = 1;
        }

        message TraCuuRequest {
          int32 number = 1;
        }

        enum Colour {
          COLOUR_UNSPECIFIED = 0;
          // Red.
          COLOUR_DO = 1;
          COLOUR_XANH_LA = 2;
          COLOUR_XANH_LA_2 = 3;
          COLOUR_VALUE_4 = 4;
        }
    "#]]
    .assert_eq(&draft.read("proto/r/messages/registry.proto"));
    expect![[r#"
        .registerRequest]
        method = "r.messages.RegistryService/Register"
        effect = "once"
        key    = ["Person/Name"]    # a guess: what makes two requests the same one?
        answer_element = "ack"
        [operation.registerRequest.request]
        "@lang"        = "lang"
        Person         = "."
        "Person/Name"  = "person.name"
        "Person/Born"  = "person.born"
        "Person/Phone" = "person.phone"
        Colour         = "colour"
        Node           = "node"
        # Validated and not carried: the import's warnings say why.
        ignore = ["Person/Spouse"]
        [operation.registerRequest.answer]
        Number = "number"

        [operation.tra-cuu]
        method = "r.messages.RegistryService/TraCuu"
        effect = "read"    # by its name it only reads
        answer_element = "ack"
        [operation.tra-cuu.request]
        Number = "number"
        [operation.tra-cuu.answer]
        Number = "number"

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
        enum      = "r.messages.Colour"
        "đỏ"      = "COLOUR_DO"
        "xanh lá" = "COLOUR_XANH_LA"
        "XANH-LÁ" = "COLOUR_XANH_LA_2"
        "€"       = "COLOUR_VALUE_4"

        # ---- Messages: element = field ----

        [message.Node]
        is = "r.messages.Node"
        Name  = "name"
        Child = "child"
    "#]].assert_eq(draft.read("binding.toml").split_once("\n[operation").expect("operations").1);
    draft.comes_back(
        r#"<m:registerRequest xmlns:m="urn:r:messages" xml:lang="vi"><m:Person><Name>An</Name><Born>2024-02-29</Born>
           <Phone>1</Phone><Phone/></m:Person><m:Colour>xanh lá</m:Colour>
           <m:Node><m:Name/><m:Child><m:Name>a</m:Name></m:Child><m:Child><m:Name/></m:Child></m:Node></m:registerRequest>"#,
    );
}

#[test]
fn types_of_another_namespace_are_bound_by_longer_paths() {
    let draft = drafted_with(&[("n.wsdl", TWO_NAMESPACES)], None);
    expect![[r#"
        n.wsdl:18: warning: File has the type File of the namespace urn:data, not the partner's, and repeats
            remedy: it is ignored: validated and not carried; an answer that requires it cannot be written
    "#]]
    .assert_eq(&draft.said);
    assert_eq!(draft.partner.headers, HeaderProtocol::XRoad, "addressing was taken for meant");
    let proto = draft.read("proto/org/tempuri/dossiers.proto");
    assert!(proto.contains("message GetResponseGetResult {\n  optional string status = 1;"), "{proto}");
    draft.comes_back(
        r#"<t:GetResponse xmlns:t="http://tempuri.org/" xmlns:d="urn:data"><t:GetResult><d:Status>Done</d:Status>
           <d:Owner><d:Name/></d:Owner></t:GetResult></t:GetResponse>"#,
    );
    draft.comes_back(r#"<t:Get xmlns:t="http://tempuri.org/"/>"#);
    let addressed = TWO_NAMESPACES.replace("</wsdl:types>", "</wsdl:types><wsam:Addressing/>");
    let draft = drafted_with(&[("n.wsdl", &addressed)], None);
    assert_eq!(draft.partner.headers, HeaderProtocol::Addressing);
}

#[test]
fn what_a_binding_cannot_carry_is_ignored_with_its_place() {
    let draft = drafted(&[("awkward.xsd", AWKWARD)]);
    expect![[r#"
        awkward.xsd:2: warning: xs:anyAttribute: what it lets in is validated and not carried
        awkward.xsd:2: warning: the group of Key, Value repeats: the order of its elements would be lost
            remedy: they are ignored; ask for a type around each round, or keep one of them
        awkward.xsd:2: warning: xs:any: what it lets in is validated and not carried
        awkward.xsd:2: warning: Do has no value that tells two requests apart: its effect is drafted as read
            remedy: use a header protocol with message ids, or ask for such a value
        awkward.xsd:4: warning: Any is of xs:anyType
            remedy: it is ignored: validated and not carried; an answer that requires it cannot be written
        awkward.xsd:5: warning: an element named is cannot be bound: the word has a meaning in tables of paths
            remedy: it is ignored: validated and not carried; an answer that requires it cannot be written
        awkward.xsd:7: warning: Item has a type without a name, and repeats
            remedy: it is ignored; import again with --name-types to carry it
        awkward.xsd:19: warning: Flag has a type without a name and is empty
            remedy: it is ignored; import again with --name-types to carry it
        awkward.xsd:30: warning: Tree has a type without a name, and contains itself
            remedy: it is ignored; import again with --name-types to carry it
        awkward.xsd:33: warning: mixed content: the text between elements is not carried
            remedy: bind nothing that needs it, or ask for an element around the text
        awkward.xsd:37: warning: Twice stands in its type in more than one place
            remedy: it is ignored: validated and not carried; an answer that requires it cannot be written
        awkward.xsd:40: warning: types are derived from Shape: their elements are carried, the type itself is not
            remedy: on the way back such an element is written as its declared type
    "#]]
    .assert_eq(&draft.said);
    expect![[r#"
        // The contract of urn:a, mirrored from its XML schema by `lienthong contract import`.

        syntax = "proto3";

        package a;

        import "google/protobuf/timestamp.proto";

        service AService {
          rpc Do(DoRequest) returns (DoResponse);
        }

        message Letter {
          optional string b = 1;
        }

        message Pair {
          string between = 1;
          string between_2 = 2;
        }

        message Shape {
          string name = 1;
          uint32 radius = 2;
        }

        message DoRequest {
          Letter letter = 1;
          DoItems items = 2;
          Pair pair = 3;
          repeated Shape shape = 4;
          Shape circle = 5;
          DoTree tree = 6;
          optional int32 one = 7;
          DoTwo two = 8;
          optional string three = 9;
          optional string four = 10;
        }

        message DoItems {
          optional string total = 1;
        }

        message DoTree {
          optional string leaf = 1;
        }

        message DoTwo {
          google.protobuf.Timestamp at = 1;
          optional bool value = 2;
        }

        message DoResponse {
        }
    "#]]
    .assert_eq(&draft.read("proto/a/a.proto"));
    expect![[r#"
        .Do]
        method = "a.AService/Do"
        effect = "read"    # nothing tells two requests apart: give it a key before it may change anything
        [operation.Do.request]
        Letter        = "letter"
        Items         = "."
        "Items/Total" = "items.total"
        Pair          = "pair"
        Shape         = "shape"
        Circle        = "circle"
        Tree          = "."
        "Tree/Leaf"   = "tree.leaf"
        One           = "one"
        Two           = "."
        "Two/@at"     = "two.at"
        "Two/#text"   = "two.value"
        Three         = "three"
        Four          = "four"
        # Validated and not carried: the import's warnings say why.
        ignore = ["Any", "is", "Items/Item", "Key", "Value", "Tree/Tree", "Flag"]
        [operation.Do.answer]

        # ---- Business outcomes ----
        #
        # A service's refusal is a SOAP fault. Where an answer has an element for it instead, bind that to @code (and a text to
        # @message) in [operation.X.answer], remove its field from the .proto, and list what each gRPC status means:
        #
        #   [outcome]
        #   OK        = "0"
        #   NOT_FOUND = "404"

        # ---- Messages: element = field ----

        [message.Letter]
        is = "a.Letter"
        b = "b"

        [message.Pair]
        is = "a.Pair"
        Between = "between"
        between = "between_2"
        # Validated and not carried: the import's warnings say why.
        ignore = ["Twice"]

        [message.Circle]
        is = "a.Shape"
        Name   = "name"
        Radius = "radius"

        [message.Shape]
        is = "a.Shape"
        Name = "name"
    "#]].assert_eq(draft.read("binding.toml").split_once("\n[operation").expect("operations").1);
    for choice in ["", "<One>0</One>", r#"<Two at="2024-01-01T00:00:00+07:00">false</Two>"#, "<Three/><Four>2</Four>"] {
        draft.comes_back(&format!(
            r#"<a:Do xmlns:a="urn:a"><Letter><b>x</b></Letter><Items><Total>1.50</Total></Items>
               <Shape><Name>s</Name></Shape><Circle><Name/><Radius>0</Radius></Circle>
               <a:Tree><Leaf/></a:Tree>{choice}</a:Do>"#
        ));
    }
}

#[test]
fn types_without_a_name_are_carried_whole_once_they_have_one() {
    let folder = folder(&[("awkward.xsd", AWKWARD)]);
    let dir = TempDir::new().expect("a temporary directory can be made");
    let mut problems = Problems::new();
    let contract = Contract::Xsd(folder.path().join("awkward.xsd"));
    let wishes = Wishes { name_types: true, ..Wishes::default() };
    let written = import::import(&contract, &wishes, &out(dir.path()), &mut problems);
    let proto = vec![dir.path().join("proto")];
    let draft = compiled(dir, &proto, written.unwrap_or_else(|| panic!("{problems}")), problems);
    let said = draft.said.replace(&format!("{}/", folder.path().display()), "");
    expect![[r#"
        awkward.xsd:2: warning: xs:anyAttribute: what it lets in is validated and not carried
        awkward.xsd:2: warning: the group of Key, Value repeats: the order of its elements would be lost
            remedy: they are ignored; ask for a type around each round, or keep one of them
        awkward.xsd:2: warning: xs:any: what it lets in is validated and not carried
        awkward.xsd:4: warning: Any is of xs:anyType
            remedy: it is ignored: validated and not carried; an answer that requires it cannot be written
        awkward.xsd:5: warning: an element named is cannot be bound: the word has a meaning in tables of paths
            remedy: it is ignored: validated and not carried; an answer that requires it cannot be written
        awkward.xsd:33: warning: mixed content: the text between elements is not carried
            remedy: bind nothing that needs it, or ask for an element around the text
        awkward.xsd:37: warning: Twice stands in its type in more than one place
            remedy: it is ignored: validated and not carried; an answer that requires it cannot be written
        awkward.xsd:40: warning: types are derived from Shape: their elements are carried, the type itself is not
            remedy: on the way back such an element is written as its declared type
    "#]]
    .assert_eq(&said);
    let copy = draft.read("awkward.xsd");
    expect![[r#"

          <xs:simpleType name="Number"><xs:restriction base="xs:integer">
            <xs:enumeration value="1"/><xs:enumeration value="2"/>
          </xs:restriction></xs:simpleType>

        <xs:complexType name="DoItemsItem"><xs:sequence>
                <xs:element name="Name" type="xs:string"/>
              </xs:sequence></xs:complexType>

        <xs:complexType name="DoItems"><xs:sequence>
              <xs:element type="DoItemsItem" name="Item" maxOccurs="unbounded" minOccurs="0">

        </xs:element>
              <xs:element name="Total" type="xs:decimal"/>
            </xs:sequence></xs:complexType>

        <xs:complexType name="DoFlag"/>

        <xs:complexType name="DoTwo"><xs:simpleContent>
                <xs:extension base="xs:boolean"><xs:attribute name="at" type="xs:dateTime"/></xs:extension>
              </xs:simpleContent></xs:complexType>

        <xs:complexType name="Tree"><xs:sequence>
            <xs:element ref="Tree" minOccurs="0"/><xs:element name="Leaf" type="xs:string" minOccurs="0"/>
          </xs:sequence></xs:complexType>
        </xs:schema>"#]]
    .assert_eq(&copy[copy.find("\n  <xs:simpleType").expect("the last of the original")..]);
    draft.comes_back(
        r#"<a:Do xmlns:a="urn:a"><Letter/><Items><Item><Name>1</Name></Item><Item><Name/></Item><Total>1.50</Total></Items>
           <Shape><Name>s</Name></Shape><a:Tree><a:Tree><a:Tree/><Leaf>l</Leaf></a:Tree></a:Tree><Flag/><Two>true</Two></a:Do>"#,
    );
}

#[test]
fn files_that_are_there_are_not_overwritten_unasked() {
    let files = folder(&[("c.xsd", WHOLE)]);
    let dir = TempDir::new().expect("a temporary directory can be made");
    let contract = Contract::Xsd(files.path().join("c.xsd"));
    let import = |force: bool| {
        let (out, mut problems) = (Out { dir: dir.path().to_path_buf(), force }, Problems::new());
        let written = import::import(&contract, &Wishes::default(), &out, &mut problems);
        (written.is_some(), problems.to_string().replace(&format!("{}/", dir.path().display()), ""))
    };
    assert_eq!(import(false), (true, String::new()));
    fs::write(dir.path().join("binding.toml"), "mine").expect("it can be written");
    expect![[r#"
        binding.toml: error: is there already
            remedy: name another --out, or overwrite it with --force
        c.xsd: error: is there already
            remedy: name another --out, or overwrite it with --force
        proto/w/w.proto: error: is there already
            remedy: name another --out, or overwrite it with --force
    "#]]
    .assert_eq(&import(false).1);
    assert_eq!(fs::read_to_string(dir.path().join("binding.toml")).expect("readable"), "mine");
    assert_eq!(import(true), (true, String::new()));
}

#[test]
fn what_is_no_contract_is_refused_with_its_place() {
    let wsdl = |body: &str| format!("<definitions xmlns=\"http://schemas.xmlsoap.org/wsdl/\">\n{body}</definitions>");
    let xsd = |body: &str| format!("<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">\n{body}</xs:schema>");
    let cases = [
        ("c.xsd", "<a".to_owned()),
        ("c.xsd", wsdl("")),
        ("c.wsdl", xsd("")),
        ("c.xsd", xsd("")),
        ("c.wsdl", wsdl("")),
        ("c.xsd", xsd("<xs:include schemaLocation=\"there.xsd\"/>")),
        ("c.xsd", xsd("<xs:import namespace=\"urn:x\" schemaLocation=\"https://x.example/x.xsd\"/>")),
        ("c.xsd", xsd("\n<xs:element name=\"A\" type=\"B\"/>")),
        ("c.wsdl", wsdl("<import namespace=\"urn:x\" location=\"x.wsdl\"/>")),
        ("c.wsdl", wsdl(&format!("<types>\n{}</types>", xsd("<xs:element name=\"A\" type=\"B\"/>")))),
    ];
    let said: Vec<String> = cases.iter().map(|(name, text)| refused(&[(name, text)])).collect();
    expect![[r#"
        c.xsd:1: error: not well-formed: markup is not closed or not understood
            remedy: correct the XML
        c.xsd:1: error: not an XML schema: the root is not xs:schema
            remedy: name an .xsd file; for a WSDL say --wsdl
        c.wsdl:1: error: not WSDL 1.1: the root is schema
            remedy: name a WSDL 1.1 file; for a schema say --xsd
        c.xsd: error: no operation was found in it
            remedy: ask the partner for document/literal elements X and XResponse, with child elements
        c.wsdl: error: no operation was found in it
            remedy: ask the partner for document/literal elements X and XResponse, with child elements
        c.xsd:2: error: there.xsd cannot be read: No such file or directory (os error 2)
            remedy: put the file there, or correct the name
        c.xsd:2: error: the schema https://x.example/x.xsd is not beside this file
            remedy: save it as x.xsd: nothing is fetched from the network
        c.xsd:3: error: no type has the name 'B'
            remedy: declare it
        c.wsdl:2: error: x.wsdl cannot be read: No such file or directory (os error 2)
            remedy: put the file there, or correct the name
        c.wsdl:4: error: no type has the name 'B'
            remedy: import the namespace 'http://schemas.xmlsoap.org/wsdl/' with its schemaLocation
    "#]]
    .assert_eq(&said.join(""));
}

const WHOLE: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:w">
  <xs:element name="Do"><xs:complexType/></xs:element>
  <xs:element name="DoResponse"><xs:complexType/></xs:element>
</xs:schema>"#;
