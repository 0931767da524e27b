//! A contract that has nothing to do with dossiers, served by the same command from files alone.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use lienthong::sandbox::layout::Layout;
use prost_reflect::{DescriptorPool, DynamicMessage, Value};
use tempfile::TempDir;

use crate::client::{Answer, Http, Identity, get, post, send};
use crate::command::Serve;
use crate::upstream::{Manner, Upstream};
use crate::world::element;
use crate::{normal, xmllint};

/// The real `lienthong serve`, and what it calls.
struct Served {
    layout: Layout,
    upstream: Upstream,
    soap: String,
    _process: Serve,
    _dir: TempDir,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_of_files_alone_is_served_by_the_same_command() {
    let served = Served::start().await;
    for handover in HANDOVERS {
        served.lends_what_it_is_given(handover).await;
    }
    served.finds_none_one_and_two().await;
    served.refuses_what_the_contract_does_not_allow().await;
    served.describes_itself().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_upstream_reads_typed_fields_where_the_partner_wrote_text() {
    let served = Served::start().await;
    let answer = served.ask(Http::One, &lend(HANDOVERS[2])).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let calls = served.upstream.calls();
    let (path, wire) = calls.last().expect("the upstream was called");
    assert_eq!(path, "/library.v1.Loans/Lend");
    let request = decoded("library.v1.LendRequest", wire.clone());
    let loan = field(&request, "loan").as_message().expect("a loan is a message").clone();
    let expected = [
        ("number", Value::String("L-1".into())),
        ("branch", Value::EnumNumber(2)),
        ("deposit_cents", Value::I64(12_050)),
        ("late_fee", Value::String("0.125".into())),
        ("reference_only", Value::Bool(true)),
        ("signature", Value::Bytes(Bytes::from_static(b"\x00\xff\x10"))),
        ("weight_kg", Value::F64(1.25)),
        ("renewals", Value::U32(0)),
    ];
    for (name, value) in expected {
        assert_eq!(field(&loan, name), value, "{name}");
    }
    let lent_at = field(&loan, "lent_at").as_message().expect("a moment is a message").clone();
    assert_eq!(field(&lent_at, "seconds"), Value::I64(1_767_602_100));
    let courier = field(&loan, "courier").as_message().expect("a courier is a message").clone();
    assert_eq!(field(&courier, "company"), Value::String("Swift & Sons <24h>".into()));
}

impl Served {
    async fn start() -> Self {
        let dir = TempDir::new().expect("a temporary directory can be made");
        let layout = Layout::at(dir.path());
        lienthong::sandbox::pki::make(&layout).expect("keys can be made");
        let upstream = Upstream::start(&layout, Manner::Echo).await;
        let read = |name: &str| std::fs::read_to_string(contract().join(name)).expect("the contract is readable");
        let settings = read("lienthong.toml")
            .replace("{contract}", &contract().display().to_string())
            .replace("{upstream}", &upstream.address.to_string());
        for (name, text) in [("lienthong.toml", settings), ("members.toml", read("members.toml"))] {
            std::fs::write(layout.path(name), text).expect("the settings can be written");
        }
        let process = Serve::start(&layout.path("lienthong.toml"));
        let soap = format!("https://{}/soap/library", process.soap);
        Self { layout, upstream, soap, _process: process, _dir: dir }
    }

    /// SOAP 1.1 over HTTP/1.1, SOAP 1.2 over HTTP/2.
    async fn ask(&self, http: Http, body: &str) -> Answer {
        let pair = self.layout.member("h29");
        let identity = Identity { ca: self.layout.ca(), pair: Some((pair.certificate, pair.key)) };
        let (media, namespace) = match http {
            Http::One => ("text/xml", SOAP_11),
            Http::Two => ("application/soap+xml", SOAP_12),
        };
        let message = format!(r#"<e:Envelope xmlns:e="{namespace}"><e:Body>{body}</e:Body></e:Envelope>"#);
        send(&identity, http, post(&self.soap, media, message)).await.expect("the gateway answers")
    }

    /// The upstream answers with the bytes it got, and both messages have the same fields.
    async fn lends_what_it_is_given(&self, handover: &str) {
        for http in [Http::One, Http::Two] {
            let number = uuid::Uuid::new_v4().to_string();
            let asked = lend(handover).replace("L-1", &number);
            let answer = self.ask(http, &asked).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let found = xmllint::body_element(&answer.body).expect("the answer has a body");
            xmllint::assert_valid_against(&contract().join("library.xsd"), &found);
            let expected = asked.replace("l:Lend ", "l:LendResponse ").replace("l:Lend>", "l:LendResponse>");
            assert_eq!(names_and_texts(&found), names_and_texts(&expected));
        }
    }

    async fn finds_none_one_and_two(&self) {
        let loan = {
            self.ask(Http::One, &lend(HANDOVERS[0])).await;
            let calls = self.upstream.calls();
            calls.last().expect("the upstream was called").1.clone()
        };
        for count in 0..3 {
            // Field 1 is the loan in LendRequest and the loans in FindLoansReply.
            self.upstream.set(Manner::Answer(loan.repeat(count).into()));
            let body = format!(r#"<l:FindLoans {NS} openOnly="true"><l:Card>HB-0042</l:Card></l:FindLoans>"#);
            let answer = self.ask(Http::One, &body).await;
            let found = xmllint::body_element(&answer.body).expect("the answer has a body");
            xmllint::assert_valid_against(&contract().join("library.xsd"), &found);
            assert_eq!(found.matches("HB-0042").count(), count, "{found}");
        }
        self.upstream.set(Manner::Echo);
    }

    async fn refuses_what_the_contract_does_not_allow(&self) {
        let right = lend(HANDOVERS[0]);
        for (edit, path) in [
            (("HB-0042", "hb-42"), "/Lend/Loan/Reader/Card"),
            (("branch=\"harbour\"", "branch=\"moon\""), "/Lend/Loan/@branch"),
            (("120.50", "120.505"), "/Lend/Loan/Deposit"),
            (("2026-01-05T08:35:00Z", "2026-02-30T08:35:00Z"), "/Lend/Loan/LentAt"),
            (("<l:Locker>7</l:Locker>", "<l:Locker>7</l:Locker><l:Locker>8</l:Locker>"), "/Lend/Loan/Locker[2]"),
        ] {
            assert!(right.contains(edit.0) || edit.0.contains("Locker"), "{}", edit.0);
            let body = lend(HANDOVERS[1]).replace(edit.0, edit.1);
            let answer = self.ask(Http::Two, &body).await;
            assert_eq!(answer.status, 400, "{}", answer.text());
            assert_eq!(element(&answer.text(), "Path").as_deref(), Some(path), "{}", answer.text());
        }
    }

    async fn describes_itself(&self) {
        let pair = self.layout.member("h29");
        let identity = Identity { ca: self.layout.ca(), pair: Some((pair.certificate, pair.key)) };
        for query in ["wsdl", "xsd=library.xsd"] {
            let answer = send(&identity, Http::One, get(&format!("{}?{query}", self.soap))).await;
            let answer = answer.expect("the gateway answers");
            assert_eq!(answer.status, 200, "{}", answer.text());
            normal::document(&answer.body).expect("a description is XML");
        }
    }
}

/// Local names, attributes and texts in order; prefixes, declarations and spaces between elements left out.
fn names_and_texts(xml: &str) -> Vec<String> {
    let pieces = normal::document(xml.as_bytes()).expect("the body is XML");
    let prefix = regex::Regex::new(r#"</?[A-Za-z0-9_]+:|\s+xmlns(:[A-Za-z0-9_]+)?="[^"]*""#).expect("a valid pattern");
    pieces.lines().map(|line| prefix.replace_all(line.trim(), "").into_owned()).collect()
}

fn lend(handover: &str) -> String {
    LEND.replace("{handover}", handover)
}

fn contract() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts/library")
}

fn decoded(message: &str, wire: Bytes) -> DynamicMessage {
    let mut problems = lienthong::problem::Problems::new();
    let pool: DescriptorPool =
        lienthong::proto::load(&[contract().join("proto")], &mut problems).expect("the contract compiles");
    let descriptor = pool.get_message_by_name(message).expect("the contract has the message");
    DynamicMessage::decode(descriptor, wire).expect("the gateway writes valid protobuf")
}

fn field(message: &DynamicMessage, name: &str) -> Value {
    message.get_field_by_name(name).expect("the message has the field").into_owned()
}

const NS: &str = r#"xmlns:l="urn:example:library:2""#;
const SOAP_11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const SOAP_12: &str = "http://www.w3.org/2003/05/soap-envelope";

const LEND: &str = r#"<l:Lend xmlns:l="urn:example:library:2">
  <l:Loan number="L-1" branch="harbour" referenceOnly="yes" renewals="0">
    <l:Reader language="vi"><l:Name>Đỗ Ân</l:Name><l:Card>HB-0042</l:Card></l:Reader>
    <l:Items>
      <l:Item barcode="39-1" largePrint="false"><l:Title language="vi">Truyện Kiều</l:Title></l:Item>
      <l:Item barcode="39-2" largePrint="true"><l:Title language="en">A Tale &amp; a Half</l:Title></l:Item>
    </l:Items>
    <l:LentAt>2026-01-05T08:35:00Z</l:LentAt>
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
    "<l:Courier><l:Company>Swift &amp; Sons &lt;24h&gt;</l:Company><l:Street>1 Quay</l:Street><l:City>Port</l:City></l:Courier>",
];
