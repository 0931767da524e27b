//! The shipped contract and the tests' own, both ways: what is read comes back, what is wrong is said with its place.

use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};
use prost_reflect::{DynamicMessage, MessageDescriptor, prost::Message};

use super::subjects::Codes;
use super::{Outcome, decode, encode, encode_refusal, encode_request, personal, request_key, subjects};
use crate::binding::plan::{OperationId, Partner};
use crate::problem::Problems;
use crate::xml::limits::Limits;
use crate::xml::tape::Tape;
use crate::xml::writer::Writer;

struct Contract {
    partner: Partner,
    pool: prost_reflect::DescriptorPool,
}

fn contract(proto: &str, binding: &str) -> Contract {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut problems = Problems::new();
    let pool = crate::proto::load(&[root.join(proto)], &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let pools = [pool];
    let binding: PathBuf = root.join(binding);
    let partner = Partner::compile("test", &binding, &pools, &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let [pool] = pools;
    Contract { partner, pool }
}

fn dossiers() -> Contract {
    contract("proto", "schemas/hoso/binding.toml")
}

fn platforms() -> Contract {
    contract("proto", "schemas/lgsp/binding.toml")
}

fn loans() -> Contract {
    contract("tests/contracts/library/proto", "tests/contracts/library/binding.toml")
}

impl Contract {
    fn operation(&self, name: &str) -> OperationId {
        self.partner.operation(&self.partner.namespace, name).unwrap_or_else(|| panic!("no operation {name}"))
    }

    fn input(&self, name: &str) -> MessageDescriptor {
        let path = &self.partner.operation_of(self.operation(name)).method;
        let (service, method) = path[1..].split_once('/').expect("a path");
        let service = self.pool.get_service_by_name(service).expect("a service");
        service.methods().find(|m| m.name() == method).expect("a method").input()
    }

    /// The wire bytes of a request wrapper, or what is wrong with it.
    fn decode(&self, xml: &str) -> Result<(String, Vec<u8>), String> {
        let tape = Tape::parse(xml, &Limits::default()).map_err(|error| error.to_string())?;
        let namespace = tape.namespace_name(tape.namespace(tape.root()));
        let name = tape.local(tape.root()).to_owned();
        let operation = self.partner.operation(namespace, &name).ok_or("no such operation")?;
        let mut wire = Vec::new();
        decode(&self.partner, operation, &tape, tape.root(), &mut wire).map_err(|invalid| {
            format!("{}: line {}: {} ({})", invalid.path, invalid.line, invalid.asks, invalid.rule)
        })?;
        Ok((name, wire))
    }

    fn encode_request(&self, name: &str, wire: &[u8]) -> Result<String, String> {
        let mut out = Writer::default();
        encode_request(&self.partner, self.operation(name), wire, &mut out).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(out.into_bytes()).expect("UTF-8"))
    }

    /// XML → wire → XML → wire: the second wire means the same as the first.
    fn round_trip(&self, xml: &str) -> String {
        let (name, wire) = self.decode(xml).unwrap_or_else(|error| panic!("{error}"));
        let message = DynamicMessage::decode(self.input(&name), &*wire).expect("protobuf");
        let back = self.encode_request(&name, &wire).unwrap_or_else(|error| panic!("{error}\n{message}"));
        let (_, again) = self.decode(&back).unwrap_or_else(|error| panic!("{error} in {back}"));
        let again = DynamicMessage::decode(self.input(&name), &*again).expect("protobuf");
        assert_eq!(message, again, "{back}");
        // What other writers produce, fields merged and in order, is read the same.
        let canonical = message.encode_to_vec();
        assert_eq!(self.encode_request(&name, &canonical).as_deref(), Ok(back.as_str()));
        back
    }
}

/// The Body's child of every sample, by file name.
fn samples() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/hoso/samples");
    let mut samples: Vec<(String, String)> = std::fs::read_dir(folder)
        .expect("samples")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "xml"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("UTF-8");
            (path.file_name().expect("a name").to_string_lossy().into_owned(), text)
        })
        .collect();
    samples.sort();
    samples
}

#[test]
fn every_sample_of_the_dossier_exchange_comes_back_as_it_went() {
    let contract = dossiers();
    assert!(samples().len() >= 7, "samples are there");
    for (name, text) in samples() {
        // Samples name the dossier they are about by a placeholder.
        let filled = [
            ("{dossier}", "000.00.00.G07-240102-0001"),
            ("{elsewhere}", "000.00.00.H56-240102-0000001"),
            ("{code}", "C-1"),
            ("{now}", "20240102090000"),
            ("{round}", "1"),
            ("{amount}", "600000"),
        ];
        let mut text = filled.iter().fold(text, |text, (placeholder, value)| text.replace(placeholder, value));
        // `{day+30}`: a day so many days from today.
        while let Some(start) = text.find("{day") {
            let end = start + text[start..].find('}').expect("a placeholder ends");
            text.replace_range(start..=end, "2024-01-02");
        }
        let tape = Tape::parse(&text, &Limits::default()).expect("well-formed");
        let namespace = tape.namespace_id(&contract.partner.namespace);
        let wrapper = (0..tape.end(0))
            .find(|&node| {
                tape.kind(node) == crate::xml::tape::NodeKind::Element && Some(tape.namespace(node)) == namespace
            })
            .unwrap_or_else(|| panic!("{name} holds no operation"));
        let mut wire = Vec::new();
        let operation = contract.operation(tape.local(wrapper));
        decode(&contract.partner, operation, &tape, wrapper, &mut wire)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let back =
            contract.encode_request(tape.local(wrapper), &wire).unwrap_or_else(|error| panic!("{name}: {error}"));
        contract.round_trip(&back);
    }
}

const LOAN: &str = r#"<l:Lend xmlns:l="urn:example:library:2"><l:Loan number="N-1" branch="harbour" referenceOnly="no" renewals="0">
<l:Reader language="vi"><l:Card>AB-1234</l:Card><l:Name>Đỗ &amp; Con</l:Name></l:Reader>
<l:Items><l:Item barcode="1" largePrint="1"><l:Title language="en">One</l:Title></l:Item><l:Item barcode="2" largePrint="false"><l:Title language="en"/></l:Item></l:Items>
<l:LentAt>2024-02-29T23:30:00.25+07:00</l:LentAt><l:Deposit>12.5</l:Deposit><l:LateFee>0.10</l:LateFee>
<l:Courier><l:Company>C</l:Company><l:Street>S</l:Street><l:City>T</l:City></l:Courier>
<l:Signature>QUJD</l:Signature><l:WeightKg>1.5</l:WeightKg></l:Loan></l:Lend>"#;

#[test]
fn a_contract_that_has_nothing_to_do_with_dossiers_goes_both_ways() {
    let contract = loans();
    let (_, wire) = contract.decode(LOAN).unwrap_or_else(|error| panic!("{error}"));
    let message = DynamicMessage::decode(contract.input("Lend"), &*wire).expect("protobuf");
    expect![[r#"loan{number:"N-1",branch:BRANCH_HARBOUR,reader{card:"AB-1234",name:"\304\220\341\273\227 & Con",language:"vi"},items:[{barcode:"1",title{text:"One",language:"en"},large_print:true},{barcode:"2",title{language:"en"}}],lent_at{seconds:1709224200,nanos:250000000},deposit_cents:1250,late_fee:"0.10",courier{company:"C",street:"S",city:"T"},signature:"ABC",weight_kg:1.5,renewals:0}"#]]
        .assert_eq(&message.to_string());
    expect![[r#"<ns1:Lend xmlns:ns1="urn:example:library:2"><ns1:Loan number="N-1" branch="harbour" referenceOnly="no" renewals="0"><ns1:Reader language="vi"><ns1:Name>Đỗ &amp; Con</ns1:Name><ns1:Card>AB-1234</ns1:Card></ns1:Reader><ns1:Items><ns1:Item barcode="1" largePrint="true"><ns1:Title language="en">One</ns1:Title></ns1:Item><ns1:Item barcode="2" largePrint="false"><ns1:Title language="en"/></ns1:Item></ns1:Items><ns1:LentAt>2024-02-29T16:30:00.25Z</ns1:LentAt><ns1:Deposit>12.50</ns1:Deposit><ns1:LateFee>0.10</ns1:LateFee><ns1:Courier><ns1:Company>C</ns1:Company><ns1:Street>S</ns1:Street><ns1:City>T</ns1:City></ns1:Courier><ns1:Signature>QUJD</ns1:Signature><ns1:WeightKg>1.5</ns1:WeightKg></ns1:Loan></ns1:Lend>"#]].assert_eq(&contract.round_trip(LOAN));
}

/// The loan with one thing changed, and what is said of it.
fn check(from: &str, to: &str, expected: Expect) {
    assert!(LOAN.contains(from), "{from}");
    let said = match loans().decode(&LOAN.replacen(from, to, 1)) {
        Ok(_) => "accepted".to_owned(),
        Err(said) => said,
    };
    expected.assert_eq(&said);
}

#[test]
fn what_does_not_fit_is_said_with_path_line_and_rule() {
    check(
        "<l:Card>AB-1234</l:Card>",
        "<l:Card>AB-12345</l:Card>",
        expect!["/Lend/Loan/Reader/Card: line 2: the pattern [A-Z]{2}-[0-9]{4} (cvc-pattern-valid)"],
    );
    check(
        "<l:Card>AB-1234</l:Card>",
        "",
        expect!["/Lend/Loan/Reader: line 2: {urn:example:library:2}Card (cvc-complex-type.2.4.b)"],
    );
    check(
        "<l:Card>AB-1234</l:Card>",
        "<l:Card>AB-1234</l:Card><l:Card>AB-1234</l:Card>",
        expect!["/Lend/Loan/Reader/Card[2]: line 2: {urn:example:library:2}Name (cvc-complex-type.2.4.a)"],
    );
    check(
        "<l:Card>",
        "<Card xmlns=''>",
        expect!["line 2, column 47: not well-formed: an end tag whose name is not its start tag's"],
    );
    check(
        "<l:Card>AB-1234</l:Card>",
        "<Card>AB-1234</Card>",
        expect![
            "/Lend/Loan/Reader/Card: line 2: {urn:example:library:2}Name or {urn:example:library:2}Card (cvc-complex-type.2.4.a)"
        ],
    );
    check(
        "branch=\"harbour\"",
        "branch=\"moon\"",
        expect!["/Lend/Loan/@branch: line 1: one of central, harbour, mobile (cvc-enumeration-valid)"],
    );
    check("branch=\"harbour\"", "", expect!["/Lend/Loan: line 1: the attribute branch (cvc-complex-type.4)"]);
    check(
        "branch=\"harbour\"",
        "branch=\"harbour\" other=\"\"",
        expect!["/Lend/Loan/@other: line 1: no such attribute (cvc-complex-type.3.2.2)"],
    );
    check(
        "2024-02-29",
        "2023-02-29",
        expect!["/Lend/Loan/LentAt: line 4: a moment yyyy-MM-ddTHH:mm:ss of the calendar (cvc-datatype-valid.1.2.1)"],
    );
    check(
        "23:30:00.25",
        "23:30:00.1234567891",
        expect!["/Lend/Loan/LentAt: line 4: at most nine digits of a second (binding.precision)"],
    );
    check(
        "<l:Deposit>12.5</l:Deposit>",
        "<l:Deposit>12.555</l:Deposit>",
        expect!["/Lend/Loan/Deposit: line 4: at most 2 digits after the point (cvc-fractionDigits-valid)"],
    );
    check(
        "<l:Deposit>12.5</l:Deposit>",
        "<l:Deposit>-1</l:Deposit>",
        expect!["/Lend/Loan/Deposit: line 4: at least 0 (cvc-minInclusive-valid)"],
    );
    check(
        "<l:Deposit>12.5</l:Deposit>",
        "<l:Deposit><l:x/></l:Deposit>",
        expect!["/Lend/Loan/Deposit: line 4: a value, no elements (cvc-type.3.1.2)"],
    );
    check(
        "<l:Items>",
        "<l:Items>text",
        expect!["/Lend/Loan/Items: line 3: elements only, no text between them (cvc-complex-type.2.3)"],
    );
    check(
        "barcode=\"2\"",
        "barcode=\"2\" xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"true\"",
        expect!["/Lend/Loan/Items/Item[2]: line 3: no xsi:nil: the element is not nillable (cvc-elt.3.1)"],
    );
    check(
        "barcode=\"2\"",
        "barcode=\"2\" xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:type=\"l:Item\"",
        expect!["accepted"],
    );
    check(
        "barcode=\"2\"",
        "barcode=\"2\" xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:type=\"l:Desk\"",
        expect!["/Lend/Loan/Items/Item[2]/@xsi:type: line 3: the element's type or one derived from it (cvc-elt.4.3)"],
    );
    check("</l:Loan>", "<l:Loan/></l:Loan>", expect!["/Lend/Loan/Loan: line 6: nothing more (cvc-complex-type.2.4.a)"]);
    check(
        "renewals=\"0\"",
        "renewals=\"256\"",
        expect!["/Lend/Loan/@renewals: line 1: at most 255 (cvc-maxInclusive-valid)"],
    );
    check(
        "<l:Signature>QUJD",
        "<l:Signature>QUJ",
        expect!["/Lend/Loan/Signature: line 6: base64 (cvc-datatype-valid.1.2.1)"],
    );
}

#[test]
fn an_answer_that_the_contract_cannot_carry_is_not_sent() {
    let contract = loans();
    let operation = contract.operation("Lend");
    let answer = |text: &str| {
        let method = contract.pool.get_service_by_name("library.v1.Loans").expect("a service").methods().next();
        let message = DynamicMessage::parse_text_format(method.expect("a method").output(), text).expect("text format");
        let mut out = Writer::default();
        match encode(&contract.partner, operation, &message.encode_to_vec(), &mut out) {
            Ok(()) => String::from_utf8(out.into_bytes()).expect("UTF-8"),
            Err(error) => error.to_string(),
        }
    };
    expect!["/LendResponse: Loan is required and has no value (cvc-complex-type.2.4.b)"].assert_eq(&answer(""));
    expect!["/LendResponse/Loan/Reader/Card: the pattern [A-Z]{2}-[0-9]{4} (cvc-pattern-valid)"]
        .assert_eq(&answer("loan { number: 'x' branch: BRANCH_MOBILE reader { language: 'vi' } }"));
    let good = "number: 'x' branch: BRANCH_MOBILE reader { card: 'AB-1234' language: 'vi' } lent_at { seconds: 1 } locker: 'k' signature: ''";
    expect!["/LendResponse/Loan/Items: Item is required and has no value (cvc-complex-type.2.4.b)"]
        .assert_eq(&answer(&format!("loan {{ {good} }}")));
    expect!["/LendResponse/Loan/Items/Item/Title/@language: a language tag (cvc-datatype-valid.1.2.1)"]
        .assert_eq(&answer(&format!("loan {{ {good} items {{ barcode: 'b' title {{ language: '?' }} }} }}")));
    expect![[r#"<ns1:LendResponse xmlns:ns1="urn:example:library:2"><ns1:Loan number="x" branch="mobile" referenceOnly="no"><ns1:Reader language="vi"><ns1:Name/><ns1:Card>AB-1234</ns1:Card></ns1:Reader><ns1:Items><ns1:Item barcode="b" largePrint="false"><ns1:Title language="vi"/></ns1:Item></ns1:Items><ns1:LentAt>1970-01-01T00:00:01Z</ns1:LentAt><ns1:Deposit>0.00</ns1:Deposit><ns1:Locker>k</ns1:Locker><ns1:Signature/><ns1:WeightKg>0.0</ns1:WeightKg></ns1:Loan></ns1:LendResponse>"#]]
        .assert_eq(&answer(&format!("loan {{ {good} items {{ barcode: 'b' title {{ language: 'vi' }} }} }}")));
    expect!["/LendResponse/Loan: the field branch has a value that does not convert (binding.value)"]
        .assert_eq(&answer(&format!("loan {{ {good} branch: 77 }}").replace("branch: BRANCH_MOBILE", "")));
    let mut out = Writer::default();
    let broken = encode(&contract.partner, operation, &[0x0A, 0xFF, 0x01], &mut out).expect_err("not protobuf");
    expect!["answer is not valid protobuf at byte 0"].assert_eq(&broken.to_string());
}

#[test]
fn a_refusal_is_written_where_the_partner_lists_it() {
    let contract = dossiers();
    let refuse = |status, reason: &str| {
        let mut out = Writer::default();
        let outcome = Outcome { status, reason, message: "Không tìm thấy hồ sơ" };
        let written = encode_refusal(&contract.partner, contract.operation("TraCuuHoSo"), outcome, &mut out);
        (written, String::from_utf8(out.into_bytes()).expect("UTF-8"))
    };
    let (written, text) = refuse(5, "UNKNOWN_DOSSIER");
    assert!(written);
    expect![[r#"<ns1:TraCuuHoSoResponse xmlns:ns1="http://molisa.gov.vn/hoso/1.0"><error_code>404</error_code><message>Không tìm thấy hồ sơ</message></ns1:TraCuuHoSoResponse>"#]].assert_eq(&text);
    assert_eq!(refuse(14, ""), (false, String::new()), "unavailable is a fault");
    let loans = loans();
    let outcome = Outcome { status: 5, reason: "", message: "" };
    assert!(!encode_refusal(&loans.partner, loans.operation("Lend"), outcome, &mut Writer::default()));
}

#[test]
fn the_key_of_a_request_is_what_its_paths_find() {
    let contract = loans();
    let tape = Tape::parse(LOAN, &Limits::default()).expect("well-formed");
    assert_eq!(request_key(&contract.partner, contract.operation("Lend"), &tape, 0).as_deref(), Some("N-1\u{1F}"));
    assert_eq!(request_key(&contract.partner, contract.operation("FindLoans"), &tape, 0), None);
}

/// Each dossier on a line: agencies, then procedures, each with where it stands.
fn subjects_of(contract: &Contract, operation: &str, xml: &str) -> String {
    let tape = Tape::parse(xml, &Limits::default()).expect("well-formed");
    let show = |codes: &Codes<'_>| -> String {
        let each = codes.values.iter().zip(&codes.nodes);
        each.map(|(value, &node)| format!(" {}={value}", tape.path(node))).collect()
    };
    let found = subjects(&contract.partner, contract.operation(operation), &tape, 0);
    found.iter().map(|one| format!("agencies{} procedures{}\n", show(&one.agencies), show(&one.procedures))).collect()
}

#[test]
fn what_a_request_is_about_is_found_dossier_by_dossier() {
    let batch = "<hs:DongBoHoSoMC xmlns:hs='http://molisa.gov.vn/hoso/1.0'><data>
        <HoSo><MaHoSo>H56.14-240426-0001</MaHoSo><MaTTHC> 1.0141<![CDATA[99]]> </MaTTHC><MaDonViXuLy>H56</MaDonViXuLy></HoSo>
        <HoSo><MaHoSo>H29-2404<!-- -->26-0002</MaHoSo><MaTTHC/><TaiLieuNop><MaHoSo>no</MaHoSo></TaiLieuNop></HoSo>
        <x:HoSo xmlns:x='urn:x'><MaHoSo>no</MaHoSo></x:HoSo></data><HoSo><MaHoSo>no</MaHoSo></HoSo></hs:DongBoHoSoMC>";
    expect![[r#"
        agencies /DongBoHoSoMC/data/HoSo[1]/MaHoSo=H56.14-240426-0001 /DongBoHoSoMC/data/HoSo[1]/MaDonViXuLy=H56 procedures /DongBoHoSoMC/data/HoSo[1]/MaTTHC=1.014199
        agencies /DongBoHoSoMC/data/HoSo[2]/MaHoSo=H29-240426-0002 procedures /DongBoHoSoMC/data/HoSo[2]=
    "#]]
    .assert_eq(&subjects_of(&dossiers(), "DongBoHoSoMC", batch));
    let silent = "<MDocumentTraces><DocCode> </DocCode></MDocumentTraces>";
    assert_eq!(subjects_of(&platforms(), "MDocumentTraces", silent), "agencies /MDocumentTraces= procedures\n");
    let look =
        "<hs:TraCuuHoSo xmlns:hs='http://molisa.gov.vn/hoso/1.0'><MaHoSo>H56-240426-0001</MaHoSo></hs:TraCuuHoSo>";
    assert_eq!(subjects_of(&dossiers(), "TraCuuHoSo", look), "", "no right is asked for");
    let misspelt = "<Ship><item><Name>A</Name></item><Item><Name>B</Name></Item></Ship>";
    assert_eq!(
        subjects_of(&crates("refuse"), "Ship", misspelt),
        "agencies /Ship/item/Name=A procedures\nagencies /Ship/Item/Name=B procedures\n",
        "what an alias lets through is found too"
    );
}

#[test]
fn explain_says_what_a_member_must_have_a_right_to() {
    let contract = dossiers();
    let text = crate::binding::explain::explain(&contract.partner, contract.operation("DongBoHoSoMC"));
    let rights: Vec<&str> = text.lines().map(str::trim).filter(|line| line.starts_with("right to")).collect();
    expect![[r#"
          right to agencies                         MaHoSo and MaDonViXuLy of each data/HoSo
          right to procedures                       MaTTHC of each data/HoSo"#]]
    .assert_eq(&rights.join("\n"));
}

#[test]
fn explain_shows_every_element_with_its_field() {
    let contract = loans();
    let text = crate::binding::explain::explain(&contract.partner, contract.operation("Lend"));
    expect![[r#"
        Lend → /library.v1.Loans/Lend
          effect                                    once: a repeat gets the first answer
          same request by                           message id, or Loan/@number
        Lend                                        ↔ library.v1.LendRequest
          Loan 1                                    Loan → loan (library.v1.Loan)
            @number 1                               token → number
            @branch 1                               Branch, one of central harbour mobile → branch (enum: central=1 harbour=2 mobile=3)
            @referenceOnly 1                        YesNo, one of yes no → reference_only (bool: yes / no)
            @renewals 0..1                          unsignedByte, ≥ 0, ≤ 255 → renewals (uint32)
            Reader 1                                Reader → reader (library.v1.Reader)
              @language 1                           language → language
              (in any order 1)
                Name 1                              string → name
                Card 1                              Card, pattern [A-Z]{2}-[0-9]{4} → card
            Items 1                                 elements → a wrapper
              Item 1..20                            Item → items (library.v1.Item)
                @barcode 1                          token → barcode
                @largePrint 1                       boolean → large_print (bool: true / false)
                Title 1                             Title → title (library.v1.Title)
                  @language 1                       language → language
                  #text                             string → text
            LentAt 1                                dateTime → lent_at (Timestamp)
            Deposit 1                               Money, ≥ 0, 9 digits, 2 decimals → deposit_cents (int64 × 10⁻2)
            LateFee 0..1                            decimal → late_fee
            (one of 1)
              Desk 1                                Desk → desk (library.v1.Desk)
                @number 1                           unsignedInt, ≥ 0, ≤ 4294967295 → number (uint32)
              Locker 1                              token → locker
              Courier 1                             Courier → courier (library.v1.Courier)
                Company 1                           string → company
                Street 1                            string → street
                City 1                              string → city
            Signature 1                             base64Binary → signature (bytes, base64)
            WeightKg 1                              double → weight_kg (double)
        LendResponse                                ↔ library.v1.LendReply
          Loan 1                                    Loan → loan (library.v1.Loan)
            @number 1                               token → number
            @branch 1                               Branch, one of central harbour mobile → branch (enum: central=1 harbour=2 mobile=3)
            @referenceOnly 1                        YesNo, one of yes no → reference_only (bool: yes / no)
            @renewals 0..1                          unsignedByte, ≥ 0, ≤ 255 → renewals (uint32)
            Reader 1                                Reader → reader (library.v1.Reader)
              @language 1                           language → language
              (in any order 1)
                Name 1                              string → name
                Card 1                              Card, pattern [A-Z]{2}-[0-9]{4} → card
            Items 1                                 elements → a wrapper
              Item 1..20                            Item → items (library.v1.Item)
                @barcode 1                          token → barcode
                @largePrint 1                       boolean → large_print (bool: true / false)
                Title 1                             Title → title (library.v1.Title)
                  @language 1                       language → language
                  #text                             string → text
            LentAt 1                                dateTime → lent_at (Timestamp)
            Deposit 1                               Money, ≥ 0, 9 digits, 2 decimals → deposit_cents (int64 × 10⁻2)
            LateFee 0..1                            decimal → late_fee
            (one of 1)
              Desk 1                                Desk → desk (library.v1.Desk)
                @number 1                           unsignedInt, ≥ 0, ≤ 4294967295 → number (uint32)
              Locker 1                              token → locker
              Courier 1                             Courier → courier (library.v1.Courier)
                Company 1                           string → company
                Street 1                            string → street
                City 1                              string → city
            Signature 1                             base64Binary → signature (bytes, base64)
            WeightKg 1                              double → weight_kg (double)
    "#]].assert_eq(&text);
}

const CRATES_PROTO: &str = r#"syntax = "proto3";
package crates.v1;
import "google/protobuf/timestamp.proto";
service Depot { rpc Ship(Shipment) returns (Receipt); }
message Shipment {
  string number = 1; Mode mode = 2; google.protobuf.Timestamp sent = 3; int64 price = 4; bytes label = 5;
  repeated Item items = 6; Manifest manifest = 7; string seal = 8; google.protobuf.Timestamp seen = 9;
}
message Item { string name = 1; }
message Manifest { repeated string lines = 1; Note note = 2; }
message Note { string text = 1; }
message Receipt { string number = 1; }
enum Mode { MODE_UNSPECIFIED = 0; MODE_ROAD = 1; MODE_RAIL = 2; }
"#;

/// A contract as some are published: no namespace, types without names, dates and codes as plain text, a document in
/// a text.
const CRATES_XSD: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:element name="Ship"><xs:complexType><xs:sequence>
  <xs:element name="Number" type="xs:string"/>
  <xs:element name="Mode" type="xs:int"/>
  <xs:element name="Sent" type="xs:string"/>
  <xs:element name="Seen" type="xs:string"/>
  <xs:element name="Price" type="xs:double"/>
  <xs:element name="Label" type="xs:string" minOccurs="0"/>
  <xs:element name="Item" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence><xs:element name="Name" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
  <xs:element name="Extent" type="Extent" minOccurs="0"/>
</xs:sequence></xs:complexType></xs:element>
<xs:element name="ShipResponse"><xs:complexType><xs:sequence><xs:element name="Number" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>
<xs:simpleType name="Extent"><xs:restriction base="xs:string"/></xs:simpleType>
<xs:element name="ExtentData"><xs:complexType><xs:sequence>
  <xs:element name="Lines" minOccurs="0"><xs:complexType><xs:sequence><xs:element name="Line" type="xs:string" minOccurs="0" maxOccurs="9"/></xs:sequence></xs:complexType></xs:element>
  <xs:element name="Note" minOccurs="0"><xs:complexType><xs:sequence><xs:element name="Text" type="xs:token"/></xs:sequence></xs:complexType></xs:element>
  <xs:element name="Seal" type="xs:string" minOccurs="0"/>
</xs:sequence></xs:complexType></xs:element>
</xs:schema>"#;

const CRATES_BINDING: &str = r#"[partner]
namespace = ""
schemas = ["crates.xsd"]
headers = "none"
time_zone = "+07:00"

[alias]
lines = "Lines"
item = "Item"

[operation.Ship]
method = "crates.v1.Depot/Ship"
effect = "once"
key = ["Number"]
agencies = ["Item/Name"]
[operation.Ship.request]
Number = "number"
Mode = "mode as Mode"
Sent = "sent as UtcTime"
Seen = "seen as LocalTime"
Price = "price as Whole"
Label = "label as Octets"
Item = "items"
Extent = "."
"Extent/Lines" = "."
"Extent/Lines/Line" = "manifest.lines"
"Extent/Note" = "manifest.note"
"Extent/Seal" = "seal"
[operation.Ship.answer]
Number = "number"

[message.Item]
is = "crates.v1.Item"
Name = "name"
[message.Note]
is = "crates.v1.Note"
Text = "text"

[value.Mode]
enum = "crates.v1.Mode"
"1" = "MODE_ROAD"
"2" = "MODE_RAIL"
[value.UtcTime]
time = "yyyy-MM-dd HH:mm:ss"
zone = "Z"
[value.LocalTime]
time = "dd/MM/yyyy HH:mm:ss"
empty = "absent"
[value.Whole]
scale = 0
[value.Octets]
bytes = "base64"
[value.Extent]
document = "ExtentData"
"#;

/// The same contract, or one that lets unknown elements pass.
fn crates(unknown: &str) -> Contract {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("crates.proto"), CRATES_PROTO).expect("a file");
    std::fs::write(dir.path().join("crates.xsd"), CRATES_XSD).expect("a file");
    let binding = CRATES_BINDING.replace("headers", &format!("unknown = \"{unknown}\"\nheaders"));
    std::fs::write(dir.path().join("binding.toml"), binding).expect("a file");
    let folder = dir.path().to_str().expect("UTF-8");
    contract(folder, &format!("{folder}/binding.toml"))
}

const CRATE: &str = "<Ship><Number>7</Number><Mode>02</Mode><Sent>2024-02-29 23:30:00</Sent><Seen/><Price>1500.0</Price>\
<Label>QUJD</Label><Item><Name>a</Name></Item><Item><Name>b</Name></Item>\
<Extent>&lt;?xml version='1.0'?>&lt;ExtentData>&lt;Lines>&lt;Line>x &amp;amp; y&lt;/Line>&lt;/Lines>\
&lt;Note>&lt;Text> n &lt;/Text>&lt;/Note>&lt;Seal>s&lt;/Seal>&lt;/ExtentData></Extent></Ship>";

#[test]
fn plain_texts_types_without_names_and_documents_in_texts_go_both_ways() {
    let contract = crates("refuse");
    let (_, wire) = contract.decode(CRATE).unwrap_or_else(|error| panic!("{error}"));
    let message = DynamicMessage::decode(contract.input("Ship"), &*wire).expect("protobuf");
    expect![[r#"number:"7",mode:MODE_RAIL,sent{seconds:1709249400},price:1500,label:"ABC",items:[{name:"a"},{name:"b"}],manifest{lines:["x & y"],note{text:"n"}},seal:"s""#]]
        .assert_eq(&message.to_string());
    expect![[r#"<Ship><Number>7</Number><Mode>2</Mode><Sent>2024-02-29 23:30:00</Sent><Seen/><Price>1500</Price><Label>QUJD</Label><Item><Name>a</Name></Item><Item><Name>b</Name></Item><Extent>&lt;ExtentData&gt;&lt;Lines&gt;&lt;Line&gt;x &amp;amp; y&lt;/Line&gt;&lt;/Lines&gt;&lt;Note&gt;&lt;Text&gt;n&lt;/Text&gt;&lt;/Note&gt;&lt;Seal&gt;s&lt;/Seal&gt;&lt;/ExtentData&gt;</Extent></Ship>"#]]
        .assert_eq(&contract.round_trip(CRATE));
}

#[test]
fn what_is_wrong_in_a_document_in_a_text_is_said_with_both_paths() {
    let contract = crates("refuse");
    let check = |from: &str, to: &str, expected: Expect| {
        assert!(CRATE.contains(from), "{from}");
        let said = contract.decode(&CRATE.replacen(from, to, 1));
        expected.assert_eq(&said.err().unwrap_or_else(|| "accepted".to_owned()));
    };
    check(
        "&lt;Seal>",
        "&lt;Seel>",
        expect![
            "/Ship/Extent: line 1: a document in the text (line 1, column 107: not well-formed: an end tag whose name is not its start tag's) (binding.document)"
        ],
    );
    check(
        "ExtentData>&lt;Lines",
        "ExtentDate>&lt;Lines",
        expect![
            "/Ship/Extent: line 1: a document in the text (line 1, column 114: not well-formed: an end tag whose name is not its start tag's) (binding.document)"
        ],
    );
    check(
        "&lt;Lines>&lt;Line>x",
        "&lt;Lines>&lt;Lane>x&lt;/Lane>&lt;Line>x",
        expect!["/Ship/Extent/ExtentData/Lines/Lane: line 1: Line (cvc-complex-type.2.4.a)"],
    );
    check("<Mode>02<", "<Mode>3<", expect!["/Ship/Mode: line 1: a code of the code list (binding.enum)"]);
    check(
        "<Price>1500.0<",
        "<Price>1500.5<",
        expect!["/Ship/Price: line 1: at most 0 digits after the point (binding.precision)"],
    );
    check(
        "<Price>1500.0<",
        "<Price>INF<",
        expect!["/Ship/Price: line 1: a number that fits its units in 64 bits (binding.range)"],
    );
    check(
        "<Price>1500.0<",
        "<Price>1500.5E0<",
        expect!["/Ship/Price: line 1: at most 0 digits after the point (binding.precision)"],
    );
    check(
        "<Price>1500.0<",
        "<Price>1E99<",
        expect!["/Ship/Price: line 1: a number that fits its units in 64 bits (binding.range)"],
    );
    check(
        "<Label>QUJD<",
        "<Label>QUJ<",
        expect!["/Ship/Label: line 1: base64, padded with =, unused bits zero (binding.base64)"],
    );
    check(
        "23:30:00",
        "24:30:00",
        expect!["/Ship/Sent: line 1: a date of the calendar, written yyyy-MM-dd HH:mm:ss (binding.time)"],
    );
    check(
        "<Extent>",
        "<Extent>   ",
        expect![
            "/Ship/Extent: line 1: a document in the text (line 1, column 4: not well-formed: an XML declaration that is not at the start) (binding.document)"
        ],
    );
}

#[test]
fn a_declared_alias_is_read_as_what_it_stands_for() {
    let contract = crates("refuse");
    let misspelt = CRATE.replace("Lines>", "lines>");
    assert_eq!(contract.decode(&misspelt), contract.decode(CRATE));
    let twice = CRATE.replacen("&lt;Lines>", "&lt;lines/>&lt;Lines>", 1);
    expect!["/Ship/Extent/ExtentData/Lines: line 1: Note or Seal (cvc-complex-type.2.4.a)"]
        .assert_eq(&contract.decode(&twice).expect_err("twice"));
}

#[test]
fn unknown_elements_pass_where_the_binding_lets_them_and_are_counted() {
    let strange = CRATE.replacen("<Mode>", "<New><Deep/></New><Mode colour='red'>", 1).replacen(
        "&lt;Note>",
        "&lt;More/>&lt;Note>",
        1,
    );
    expect!["/Ship/New: line 1: Mode (cvc-complex-type.2.4.a)"]
        .assert_eq(&crates("refuse").decode(&strange).expect_err("strict"));
    let lenient = crates("report");
    let passed = |xml: &str| {
        let tape = Tape::parse(xml, &Limits::default()).expect("well-formed");
        let mut wire = Vec::new();
        let passed = decode(&lenient.partner, lenient.operation("Ship"), &tape, 0, &mut wire);
        passed.map(|passed| (wire, passed)).map_err(|error| error.to_string())
    };
    let (wire, found) = passed(&strange).expect("passed");
    assert_eq!(found.count, 3);
    expect![[r#"["/Ship/New", "/Ship/Mode/@colour", "/Ship/Extent/ExtentData/More"]"#]]
        .assert_eq(&format!("{:?}", found.paths));
    assert_eq!((wire, super::Passed::default()), passed(CRATE).expect("passed"));
    // A known element in the wrong place is no unknown one.
    let disorder = CRATE.replacen("<Mode>02</Mode>", "", 1).replacen("<Price>", "<Mode>2</Mode><Price>", 1);
    expect!["/Ship/Sent: Mode (cvc-complex-type.2.4.a)"].assert_eq(&passed(&disorder).expect_err("order"));
    let many = CRATE.replacen("<Mode>", &format!("{}<Mode>", "<New/>".repeat(100)), 1);
    let (_, found) = passed(&many).expect("passed");
    assert_eq!((found.count, found.paths.len()), (100, 16));
}

const SHAPES_PROTO: &str = r#"syntax = "proto3";
package shapes.v1;
service Board { rpc Draw(Drawing) returns (Drawing); }
message Drawing { repeated Shape shapes = 1; }
message Shape { string name = 1; optional int32 radius = 2; optional int32 width = 3; optional int32 height = 4; }
"#;

const SHAPES_XSD: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:s" targetNamespace="urn:s">
<xs:element name="Draw" type="Drawing"/><xs:element name="DrawResponse" type="Drawing"/>
<xs:complexType name="Drawing"><xs:sequence><xs:element name="Shape" type="Shape" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>
<xs:complexType name="Shape" abstract="true"><xs:sequence><xs:element name="Name" type="xs:string"/></xs:sequence></xs:complexType>
<xs:complexType name="Circle"><xs:complexContent><xs:extension base="Shape"><xs:sequence><xs:element name="Radius" type="xs:int" minOccurs="0"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
<xs:complexType name="Box"><xs:complexContent><xs:extension base="Shape"><xs:sequence><xs:element name="Width" type="xs:int"/><xs:element name="Height" type="xs:int" minOccurs="0"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
</xs:schema>"#;

const SHAPES_BINDING: &str = r#"[partner]
namespace = "urn:s"
schemas = ["shapes.xsd"]
headers = "none"
[operation.Draw]
method = "shapes.v1.Board/Draw"
effect = "read"
[operation.Draw.request]
Shape = "shapes"
[operation.Draw.answer]
Shape = "shapes"
[message.Shape]
is = "shapes.v1.Shape"
Name = "name"
[message.Circle]
is = "shapes.v1.Shape"
Name = "name"
Radius = "radius"
[message.Box]
is = "shapes.v1.Shape"
Name = "name"
Width = "width"
Height = "height"
"#;

#[test]
fn a_derived_type_is_named_where_it_alone_has_room_for_what_is_there() {
    let dir = tempfile::tempdir().expect("a directory");
    for (name, text) in [("shapes.proto", SHAPES_PROTO), ("shapes.xsd", SHAPES_XSD), ("binding.toml", SHAPES_BINDING)] {
        std::fs::write(dir.path().join(name), text).expect("a file");
    }
    let folder = dir.path().to_str().expect("UTF-8");
    let contract = contract(folder, &format!("{folder}/binding.toml"));
    let drawing = "<s:Draw xmlns:s='urn:s' xmlns:i='http://www.w3.org/2001/XMLSchema-instance'>\
        <Shape i:type='s:Circle'><Name>c</Name><Radius>0</Radius></Shape>\
        <Shape i:type='s:Box'><Name>b</Name><Width>1</Width></Shape>\
        <Shape i:type='s:Circle'><Name>d</Name></Shape></s:Draw>";
    expect![[r#"<ns1:Draw xmlns:ns1="urn:s"><Shape xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="ns1:Circle"><Name>c</Name><Radius>0</Radius></Shape><Shape xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="ns1:Box"><Name>b</Name><Width>1</Width></Shape><Shape xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="ns1:Circle"><Name>d</Name></Shape></ns1:Draw>"#]]
        .assert_eq(&contract.round_trip(drawing));
}

#[test]
fn what_other_stacks_write_means_the_same() {
    let contract = crates("refuse");
    let wire = |message: &str| contract.decode(message).unwrap_or_else(|invalid| panic!("{invalid}")).1;
    let same = |written: &str, other: &str| {
        assert_ne!(CRATE, CRATE.replace(written, other), "{other}");
        assert_eq!(wire(CRATE), wire(&CRATE.replace(written, other)), "{other}");
    };
    for other in ["1.5E3", "1.5e+3", "15.00E2", "1500", "1500.", "0001500.00", "1500000E-3", "+1500"] {
        same("<Price>1500.0<", &format!("<Price>{other}<"));
    }
    for other in ["QU\nJD", " QUJD\r\n", "Q U\tJD"] {
        same("<Label>QUJD<", &format!("<Label>{other}<"));
    }
    same("<Extent>", "<Extent>\u{FEFF}");
    let free = |zero: &str| wire(&CRATE.replace("1500.0", zero));
    assert_eq!(free("0"), free("0.0E5"));
    assert_eq!(free("0"), free("-.0"));
}

/// A request with all that is personal in it shown as one sign.
fn masked(contract: &Contract, xml: &str) -> String {
    let tape = Tape::parse(xml, &Limits::default()).expect("well-formed");
    let mut shown = xml.to_owned();
    for range in personal(&contract.partner, contract.operation(tape.local(0)), &tape, 0).into_iter().rev() {
        shown.replace_range(range, "∎");
    }
    shown
}

#[test]
fn what_is_marked_is_found_with_all_below_and_so_is_what_nobody_knows() {
    let dossiers = dossiers();
    let check = |body: &str, expected: Expect| {
        let xml = format!("<h:NopHoSo xmlns:h=\"http://molisa.gov.vn/hoso/1.0\"><HoSo>{body}</HoSo></h:NopHoSo>");
        let shown = masked(&dossiers, &xml);
        let inside = shown.split("<HoSo>").nth(1).and_then(|rest| rest.split("</HoSo>").next());
        expected.assert_eq(inside.unwrap_or(&shown));
    };
    check("<MaTTHC>1.2</MaTTHC><ChuHoSo>Hà</ChuHoSo>", expect!["<MaTTHC>1.2</MaTTHC><ChuHoSo>∎</ChuHoSo>"]);
    check("<DiaChi>\n<MaTinh>38</MaTinh></DiaChi><Email/>", expect!["<DiaChi>∎</DiaChi><Email/>"]);
    // In any order, of a kind, at depth.
    check(
        "<TaiLieuNop><TenTepDinhKem>a</TenTepDinhKem><IsDeleted>True</IsDeleted></TaiLieuNop>",
        expect!["<TaiLieuNop><TenTepDinhKem>∎</TenTepDinhKem><IsDeleted>True</IsDeleted></TaiLieuNop>"],
    );
    check(
        "<ToKhai><ToKhaiThietBiAnToan><DonVi><MaSoThue>1</MaSoThue></DonVi></ToKhaiThietBiAnToan></ToKhai>",
        expect!["<ToKhai><ToKhaiThietBiAnToan><DonVi><MaSoThue>∎</MaSoThue></DonVi></ToKhaiThietBiAnToan></ToKhai>"],
    );
    // What no contract knows: elements, attributes, text where elements stand, elements where a value stands.
    check("Hà<La a='>'>b<C/></La>", expect!["∎<La a='∎'>∎</La>"]);
    check("<MaTTHC x='y'>1<b>2</b></MaTTHC>", expect!["<MaTTHC x='∎'>1<b>∎</b></MaTTHC>"]);
    check("<ChuHoSo xmlns='urn:other'>Hà</ChuHoSo>", expect!["<ChuHoSo xmlns='urn:other'>∎</ChuHoSo>"]);
}

#[test]
fn a_document_in_a_text_is_personal_where_anything_in_it_is() {
    let assistance = contract("proto", "schemas/btxh/binding.toml");
    let xml = "<b:DongBoDVC xmlns:b=\"http://molisa.gov.vn/btxh/1.0\"><AcceptKey>k</AcceptKey><StatusId>2</StatusId>\
               <CertificateExtentData>&lt;ExtentData/></CertificateExtentData></b:DongBoDVC>";
    expect![[r#"<b:DongBoDVC xmlns:b="http://molisa.gov.vn/btxh/1.0"><AcceptKey>∎</AcceptKey><StatusId>2</StatusId><CertificateExtentData>∎</CertificateExtentData></b:DongBoDVC>"#]]
        .assert_eq(&masked(&assistance, xml));
}
