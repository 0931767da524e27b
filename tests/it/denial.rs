//! Denial of service: what a hostile member sends costs the gateway little, and the next caller is served.
//!
//! A real `lienthong serve` is measured from outside, a fresh one for each attack: the processor time of its threads, and
//! how far its memory rose above what it was after an ordinary call. The bounds are 50 ms and 16 MiB, handshake and
//! answer included. They are the shipped build's: `LIENTHONG_BIN=target/release/lienthong cargo test denial` judges by
//! them. The tests' own build is not optimised, so that its processor time is allowed [`DEBUG_FACTOR`] times as much; its
//! memory is not. What others on the machine do does not count, yet a figure may be disturbed: the best of [`TRIES`] is
//! taken.

use std::fs;
use std::time::Duration;

use lienthong::dossier::server::Running;
use lienthong::sandbox::layout::Layout;
use lienthong::sandbox::message::envelope;
use lienthong::sandbox::run::{self, Options};
use lienthong::soap::version::Version;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{Http, Identity, post, send};
use crate::command::{Serve, shipped};
use crate::hostile;
use crate::world::{element, prepared, xroad};

/// A gateway in a process of its own; the dossier service is in the test's.
struct Gateway {
    process: Serve,
    layout: Layout,
    _dossier: Running,
    _dir: TempDir,
}

/// What an attack cost.
#[derive(Debug, Clone, Copy)]
struct Cost {
    cpu: Duration,
    memory_bytes: u64,
}

/// What is sent.
enum Attack {
    /// A message of SOAP 1.1.
    Message(Vec<u8>),
    /// A body under another media type.
    Typed(&'static str, Vec<u8>),
    /// Bytes on the connection, once it is open; what stands in for the host is filled in.
    Raw(Vec<u8>),
}

/// How it must end.
#[derive(Debug, Clone, Copy)]
enum End {
    /// A fault of this code.
    Fault(&'static str),
    /// A plain refusal.
    Status(u16),
    /// Within bounds, whatever the answer is.
    Answered,
}

impl Gateway {
    async fn start() -> Self {
        let (dir, layout) = prepared();
        let dossier = run::start_dossier_service(&layout, &Options::default()).await.expect("the service starts");
        let file = layout.path("lienthong.toml");
        let text = fs::read_to_string(&file).expect("the settings are readable");
        fs::write(&file, text + "\n[limits]\nbody_ms_max = 1000\n").expect("the settings can be written");
        // What an answer costs counts, and a signed one costs the most.
        let file_of_members = layout.path("members.toml");
        let members = fs::read_to_string(&file_of_members).expect("the members file is readable");
        let members = members.replacen("id           = \"dvcqg\"", "id = \"dvcqg\"\nsign_answers = true", 1);
        fs::write(&file_of_members, members).expect("the members file can be written");
        let process = Serve::start(&file);
        let gateway = Self { process, layout, _dossier: dossier, _dir: dir };
        gateway.assert_serves().await;
        gateway
    }

    fn member(&self) -> Identity {
        let pair = self.layout.member("dvcqg");
        Identity { ca: self.layout.ca(), pair: Some((pair.certificate, pair.key)) }
    }

    fn url(&self) -> String {
        format!("https://{}/soap/hoso", self.process.soap)
    }

    async fn assert_serves(&self) {
        let message = hostile::envelope(&hostile::lookup(hostile::UNKNOWN));
        let answer = send(&self.member(), Http::One, post(&self.url(), "text/xml", message)).await;
        assert_eq!(answer.expect("the next caller is answered").status, 200);
    }

    /// Status and text of the answer.
    async fn meet(&self, attack: &Attack) -> (u16, String) {
        let (kind, body) = match attack {
            Attack::Message(body) => ("text/xml", body),
            Attack::Typed(kind, body) => (*kind, body),
            Attack::Raw(bytes) => return self.raw(bytes).await,
        };
        let answer = send(&self.member(), Http::One, post(&self.url(), kind, body.clone())).await;
        let answer = answer.expect("the gateway answers");
        (answer.status, answer.text())
    }

    async fn raw(&self, bytes: &[u8]) -> (u16, String) {
        let url = self.url().parse().expect("a URL");
        let mut stream = self.member().connect(&url, b"http/1.1").await.expect("a connection");
        // The gateway may have answered before it has taken all.
        _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "the gateway does not close the connection");
        let text = String::from_utf8_lossy(&answer).into_owned();
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.unwrap_or_default(), text)
    }

    /// Sends it and says what that cost.
    async fn cost(&self, attack: &Attack) -> (Cost, u16, String) {
        let id = self.process.id();
        // `5` sets the highest mark of memory back to what is used now (proc(5), clear_refs).
        fs::write(format!("/proc/{id}/clear_refs"), "5").expect("one may ask it of one's own child");
        let (cpu, memory) = (cpu(id), memory(id, "VmRSS:"));
        let (status, text) = self.meet(attack).await;
        let cost = Cost { cpu: self::cpu(id) - cpu, memory_bytes: self::memory(id, "VmHWM:").saturating_sub(memory) };
        (cost, status, text)
    }
}

/// Processor time of a process's threads.
fn cpu(id: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{id}/task")).expect("the gateway is there");
    let spent = threads.filter_map(|thread| {
        let told = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        told.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(spent.sum())
}

/// A figure of a process's memory, bytes.
fn memory(id: u32, figure: &str) -> u64 {
    let told = fs::read_to_string(format!("/proc/{id}/status")).expect("the gateway is there");
    let line = told.lines().find_map(|line| line.strip_prefix(figure)).expect("Linux tells it");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number of KiB");
    kib << 10
}

/// Judges attacks one after the other; all that is too dear is told at the end.
#[derive(Default)]
struct Judge {
    wrong: Vec<String>,
}

impl Judge {
    async fn check(&mut self, name: &str, attack: Attack, end: End) {
        let cpu_max = if shipped().is_some() { CPU_MAX } else { DEBUG_FACTOR * CPU_MAX };
        let mut best = Cost { cpu: Duration::MAX, memory_bytes: u64::MAX };
        for _ in 0..TRIES {
            let gateway = Gateway::start().await;
            let (cost, status, text) = gateway.cost(&attack).await;
            end.check(name, status, &text);
            gateway.assert_serves().await;
            best.cpu = best.cpu.min(cost.cpu);
            best.memory_bytes = best.memory_bytes.min(cost.memory_bytes);
            if best.cpu <= cpu_max && best.memory_bytes <= MEMORY_MAX {
                break;
            }
        }
        let told = format!("{name}: {:?}, {} KiB", best.cpu, best.memory_bytes >> 10);
        println!("{told}");
        if best.cpu > cpu_max || best.memory_bytes > MEMORY_MAX {
            self.wrong.push(told);
        }
    }

    fn end(self) {
        assert!(self.wrong.is_empty(), "too dear:\n{}", self.wrong.join("\n"));
    }
}

impl End {
    fn check(self, name: &str, status: u16, text: &str) {
        let shown: String = text.chars().take(1000).collect();
        match self {
            Self::Fault(code) => assert_eq!(element(text, "Code").as_deref(), Some(code), "{name}: {status} {shown}"),
            Self::Status(expected) => assert_eq!(status, expected, "{name}: {shown}"),
            Self::Answered => assert!(matches!(status, 200 | 500), "{name}: {status} {shown}"),
        }
    }
}

fn in_body(content: &str) -> Attack {
    Attack::Message(hostile::envelope(content).into_bytes())
}

fn in_header(blocks: &str) -> Attack {
    let header = format!("<soapenv:Header>{blocks}</soapenv:Header><soapenv:Body>");
    let message = hostile::envelope(&hostile::lookup(hostile::UNKNOWN)).replacen("<soapenv:Body>", &header, 1);
    Attack::Message(message.into_bytes())
}

/// A message that tests/golden sends too.
fn named(name: &str) -> Attack {
    let found = hostile::inputs().into_iter().find(|(known, _)| *known == name);
    Attack::Message(found.expect("there is such an input").1)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_of_xml() {
    let mut judge = Judge::default();
    judge.check("entity bomb", named("entity-bomb"), End::Fault("invalid_xml")).await;
    judge.check("10,000 levels", named("depth-10000"), End::Fault("limit_depth")).await;
    judge.check("100,000 attributes", named("attributes-100000"), End::Fault("limit_attributes")).await;
    judge.check("100,000 namespaces", named("namespaces-100000"), End::Fault("limit_namespaces")).await;
    let namespaces: String = (0..100_000).map(|n| format!("<a xmlns='urn:{n}'/>")).collect();
    judge
        .check("namespaces one by one", in_body(&format!("<a>{namespaces}</a>")), End::Fault("limit_namespaces"))
        .await;
    let again = "<p:a xmlns:p='urn:p'/>".repeat(100_000);
    judge
        .check("a namespace again and again", in_header(&format!("<u:x xmlns:u='urn:u'>{again}</u:x>")), End::Answered)
        .await;
    judge.check("1,000,000 elements", named("elements-1000000"), End::Fault("limit_elements")).await;
    let full: String = (0..60).map(|n| format!(" a{n}=''")).collect();
    let full = format!("<a{full}/>").repeat(8_000);
    judge
        .check("full tags", in_header(&format!("<u:x xmlns:u='urn:u'>{full}</u:x>")), End::Fault("limit_elements"))
        .await;
    judge.check("a name of 1 MiB", named("name-1-mib"), End::Fault("limit_names")).await;
    let references = "&lt;".repeat(1 << 19);
    judge.check("references", in_body(&hostile::lookup(&references)), End::Fault("invalid_schema")).await;
    let sections = "<![CDATA[]]>".repeat(1 << 18);
    judge.check("CDATA sections", in_body(&hostile::lookup(&sections)), End::Fault("invalid_schema")).await;
    let comments = "x<!---->".repeat(1 << 19);
    judge.check("comments", in_body(&hostile::lookup(&comments)), End::Fault("limit_other")).await;
    judge.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_hash_alike_and_values_without_end() {
    let mut judge = Judge::default();
    // `Aa` and `BB` are the same to many hash functions.
    let alike = |n: u32| (0..16).map(|bit| if n >> bit & 1 == 0 { "Aa" } else { "BB" }).collect::<String>();
    let elements: String = (0..1 << 16).map(|n| format!("<{}/>", alike(n))).collect();
    let body = format!("<hs:TraCuuHoSo xmlns:hs=\"http://molisa.gov.vn/hoso/1.0\">{elements}</hs:TraCuuHoSo>");
    judge.check("names that hash alike", in_body(&body), End::Fault("invalid_schema")).await;
    judge.check("in a header", in_header(&format!("<u:x xmlns:u='urn:u'>{elements}</u:x>")), End::Answered).await;
    judge.check("a text of 1 MiB", named("text-too-long"), End::Fault("invalid_schema")).await;
    let digits = "9".repeat(1 << 20);
    let paid = |amount: &str, moment: &str| {
        format!(
            "<hs:XacNhanThanhToan xmlns:hs=\"http://molisa.gov.vn/hoso/1.0\"><MaHoSo>{}</MaHoSo><MaDoiTac>A</MaDoiTac>\
             <MaThamChieu>B</MaThamChieu><SoTien>{amount}</SoTien><MaTienTe>VND</MaTienTe><MaGiaoDich>C</MaGiaoDich>\
             <MaNganHang>D</MaNganHang><ThoiGianGD>{moment}</ThoiGianGD></hs:XacNhanThanhToan>",
            hostile::UNKNOWN
        )
    };
    judge.check("a number of 1 MiB", in_body(&paid(&digits, "20240102080000")), End::Fault("invalid_schema")).await;
    let zeros = format!("{}1", "0".repeat(1 << 20));
    judge.check("zeros before a number", in_body(&paid(&zeros, "20240102080000")), End::Answered).await;
    judge.check("a moment of 1 MiB", in_body(&paid("1", &digits)), End::Fault("invalid_schema")).await;
    judge.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_without_end() {
    let mut judge = Judge::default();
    let wsse = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
    let wsu = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
    let security = |must: &str, content: &str| {
        let names = format!("xmlns:w='{wsse}' xmlns:u='{wsu}' xmlns:d='http://www.w3.org/2000/09/xmldsig#'");
        in_header(&format!("<w:Security {names} {must}>{content}</w:Security>"))
    };
    let must = "soapenv:mustUnderstand='1'";
    let timestamp = "<u:Timestamp><u:Created>2026-01-05T08:30:00Z</u:Created><u:Expires>2026-01-05T08:35:00Z</u:Expires></u:Timestamp>";
    let timestamps = timestamp.repeat(10_000);
    let reference = "<d:Reference URI='#b'><d:Transforms><d:Transform Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'/></d:Transforms>\
                     <d:DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha256'/><d:DigestValue>AAAA</d:DigestValue></d:Reference>";
    let references = format!("<d:Signature><d:SignedInfo>{}</d:SignedInfo></d:Signature>", reference.repeat(10_000));
    let method = "<d:CanonicalizationMethod Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'/>\
                  <d:SignatureMethod Algorithm='http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'/>";
    let signature = |info: &str, value: &str| {
        let info = format!("<d:SignedInfo>{info}</d:SignedInfo><d:SignatureValue>{value}</d:SignatureValue>");
        format!("<d:Signature>{info}<d:KeyInfo/></d:Signature>")
    };
    let shaped = signature(&format!("{method}{}", reference.repeat(10_000)), "AAAA");
    let prefixes = format!(
        "<e:InclusiveNamespaces xmlns:e='http://www.w3.org/2001/10/xml-exc-c14n#' PrefixList='{}'/>",
        "p ".repeat(30_000)
    );
    let listed = signature(&method.replacen("'/>", &format!("'>{prefixes}</d:CanonicalizationMethod>"), 1), "AAAA");
    let long = signature(&format!("{method}{reference}"), &"AAAA".repeat(1 << 18));
    let token = format!(
        "<w:BinarySecurityToken ValueType='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3'>{}</w:BinarySecurityToken>",
        "AAAA".repeat(1 << 18)
    );
    // Nobody asks about it, so nobody looks into it.
    judge.check("10,000 timestamps, ignored", security("", &timestamps), End::Answered).await;
    for (name, content) in [
        ("10,000 timestamps", &timestamps),
        ("10,000 references", &references),
        ("10,000 references in their place", &shaped),
        ("30,000 prefixes", &listed),
        ("a signature of 1 MiB", &long),
        ("a token of 1 MiB", &token),
    ] {
        judge.check(name, security(must, content), End::Fault("security_invalid")).await;
    }
    let strange = "<u:x xmlns:u='urn:u' soapenv:mustUnderstand='1'/>".repeat(50_000);
    judge.check("50,000 mandatory blocks", in_header(&strange), End::Fault("must_understand")).await;
    let fields = "<x:f xmlns:x='http://x-road.eu/xsd/xroad.xsd'/>".repeat(50_000);
    judge.check("50,000 fields of X-Road's", in_header(&fields), End::Fault("invalid_header")).await;
    // They come back with the answer, and what of them has an id of its own is signed.
    let message = envelope(Version::Soap11, Some(&xroad("dvcqg", "TraCuuHoSo")), &hostile::lookup(hostile::UNKNOWN));
    let message = String::from_utf8(message).expect("UTF-8");
    let fields: String = (0..10_000).map(|n| format!("<xrd:f xmlns:u='{wsu}' u:Id='i{}'/>", n / 2)).collect();
    let fields =
        Attack::Message(message.replace("</soapenv:Header>", &format!("{fields}</soapenv:Header>")).into_bytes());
    judge.check("10,000 fields with ids", fields, End::Answered).await;
    judge.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_more_than_they_seem() {
    let mut judge = Judge::default();
    let valid = hostile::envelope(&hostile::lookup(hostile::UNKNOWN));
    let head = |fields: &str| {
        format!("POST /soap/hoso HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/xml\r\n{fields}\r\n\r\n")
    };
    let compressed =
        [head("content-encoding: gzip\r\ncontent-length: 1000000").into_bytes(), vec![0; 1_000_000]].concat();
    judge.check("a compressed body", Attack::Raw(compressed), End::Status(415)).await;
    let compressed =
        format!("{}5\r\nabcde\r\n0\r\n\r\n", head("transfer-encoding: gzip, chunked\r\nconnection: close"));
    judge.check("a compressed transfer", Attack::Raw(compressed.into_bytes()), End::Fault("invalid_xml")).await;
    let slow = format!("{}{}", head("content-length: 100000"), &valid[..valid.len() / 2]);
    judge.check("a body that does not end", Attack::Raw(slow.into_bytes()), End::Status(408)).await;
    let slow = format!("{}5\r\n<a>", head("transfer-encoding: chunked"));
    judge.check("a chunk that does not end", Attack::Raw(slow.into_bytes()), End::Status(408)).await;
    let fields: String = (0..5_000).map(|n| format!("\r\nx-{n}: a")).collect();
    judge
        .check(
            "5,000 header fields",
            Attack::Raw(head(&format!("content-length: 0{fields}")).into_bytes()),
            End::Status(431),
        )
        .await;
    let utf_16: Vec<u8> = format!("\u{FEFF}{}", hostile::envelope(&hostile::lookup(&"Đ".repeat(1 << 20))))
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    judge.check("UTF-16", Attack::Typed("text/xml; charset=utf-16", utf_16), End::Fault("invalid_schema")).await;
    for (name, body) in [
        ("many parts", format!("--b\r\n\r\n{}", "<a/>\r\n--b\r\n\r\n".repeat(100_000))),
        ("a part's header", format!("--b\r\n{}\r\n<a/>\r\n--b--", "X: a\r\n".repeat(300_000))),
        ("what is before the parts", format!("{}--b\r\n\r\n<a/>\r\n--b--", "\r\n--".repeat(500_000))),
        ("nearly a delimiter", format!("--b\r\n\r\n{}--b--", "\r\n-".repeat(500_000))),
    ] {
        judge
            .check(
                name,
                Attack::Typed("multipart/related; type=\"text/xml\"; boundary=b", body.into_bytes()),
                End::Fault("invalid_envelope"),
            )
            .await;
    }
    let quoted =
        format!("--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}\r\n--b--", "=\r\n".repeat(1 << 20));
    let kind = "multipart/related; type=\"text/xml\"; boundary=b";
    judge.check("soft line breaks", Attack::Typed(kind, quoted.into_bytes()), End::Fault("invalid_xml")).await;
    judge.end();
}

/// Of the shipped build.
const CPU_MAX: Duration = Duration::from_millis(50);
/// Of every build.
const MEMORY_MAX: u64 = 16 << 20;
/// How much slower the tests' own build may be.
const DEBUG_FACTOR: u32 = 20;
const TRIES: usize = 3;
const PATIENCE: Duration = Duration::from_secs(30);
