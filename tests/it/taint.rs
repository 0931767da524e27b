//! Personal data never leaves. Values that occur nowhere else are put into every field that a binding marks, sent through
//! every way a message can take, and looked for in all that the processes say: logs, metrics, metadata, faults.
//!
//! A value may come back in one place: the Body of an answer that is no fault, to the member that sent it. What X-Road
//! echoes (PR-MESS 4.0 §2.2) is the sender's own header. A name that no contract declares is the sender's own text; its
//! fault may say it as a path, the log may not.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use jiff::tz::{Offset, TimeZone};
use lienthong::binding::plan::Partner;
use lienthong::clock::Clock;
use lienthong::problem::Problems;
use lienthong::sandbox::layout::Layout;
use lienthong::sandbox::message::{XRoad, envelope};
use lienthong::sandbox::samples::{Filling, SAMPLES, fill};
use lienthong::sandbox::settings::set_port;
use lienthong::soap::version::Version;
use lienthong::transcode;
use lienthong::xml::limits::Limits;
use lienthong::xml::tape::Tape;
use regex::Regex;

use crate::client::{Answer, Http, Identity, Open, metrics, post};
use crate::command::lienthong;
use crate::hostile;
use crate::signature::{sign, with_policy};
use crate::upstream::{Manner, Upstream};
use crate::world::{element, prepared, root_name, xroad};

/// A process and all that it has said, on both outputs.
struct Process {
    child: Child,
    said: Arc<Mutex<String>>,
    lines: Receiver<String>,
}

impl Process {
    fn start(command: &str, settings: &Path) -> Self {
        let mut child = lienthong()
            .args([command, "--config"])
            .arg(settings)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let (said, (sender, lines)) = (Arc::default(), channel());
        gather(child.stdout.take().expect("piped"), &said, sender.clone());
        gather(child.stderr.take().expect("piped"), &said, sender);
        Self { child, said, lines }
    }

    /// The first line that has all of these.
    fn wait_for(&self, needles: &[&str]) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| {
                panic!("{needles:?} was not said: {}", self.said.lock().expect("no thread panics with the lock"))
            });
            if needles.iter().all(|needle| line.contains(needle)) {
                return line;
            }
        }
    }

    /// Ends it by SIGTERM; everything it has said.
    fn end(mut self) -> String {
        let told = std::process::Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(told.expect("kill is there").success());
        assert!(self.child.wait().expect("it ends").success(), "it did not end well");
        // Both outputs are closed when nobody can send a line any more.
        while self.lines.recv_timeout(PATIENCE).is_ok() {}
        self.said.lock().expect("no thread panics with the lock").clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn gather(output: impl Read + Send + 'static, said: &Arc<Mutex<String>>, sender: Sender<String>) {
    let said = said.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let mut said = said.lock().expect("no thread panics with the lock");
            said.push_str(&line);
            said.push('\n');
            // Nobody waits for a line once it serves.
            let _ = sender.send(line);
        }
    });
}

/// All that must not be found.
#[derive(Default)]
struct Taints {
    count: u32,
    values: Vec<String>,
}

impl Taints {
    fn leak(&self, text: &str) -> Option<String> {
        let found = text.to_ascii_uppercase().find(MARK);
        let shown = |at: usize| text.get(at.saturating_sub(300)..(at + 60).min(text.len())).unwrap_or(MARK).to_owned();
        found.map(shown).or_else(|| self.values.iter().find(|value| text.contains(*value)).cloned())
    }

    /// What may stand in place of what a field holds: the first of these that its type takes.
    fn candidates(&mut self, held: &str) -> Vec<String> {
        self.count += 1;
        let n = self.count;
        assert!(n < 1000, "three digits are enough");
        if held.contains("&lt;") {
            let document = Regex::new("(TenTepDinhKem(?:>|&gt;))[^&<]*").expect("a pattern");
            return vec![document.replace(held, format!("${{1}}{MARK}{n}.pdf")).into_owned()];
        }
        // The service knows numbers by their form, and one that stands twice as the same.
        if held.len() >= 9 && held.bytes().all(|byte| byte.is_ascii_digit() || b"- ".contains(&byte)) {
            return vec![format!("777{}", &held[3..])];
        }
        let address = match () {
            () if held.contains('@') => vec![format!("{MARK}{n}@example.vn")],
            () if held.contains("://") => vec![format!("https://example.vn/{MARK}{n}")],
            () => Vec::new(),
        };
        let any = [
            format!("Nguyễn Thị {MARK}{n}"),
            format!("{MARK}{n}"),
            // Base64 as it stands.
            format!("{MARK}{n:03}"),
            format!("7770{n:08}"),
            format!("77701{n:05}"),
            format!("7770{n:060}"),
            "1911-03-17".to_owned(),
            "17/03/1911".to_owned(),
        ];
        address.into_iter().chain(any).collect()
    }
}

/// A request's element whose personal fields hold taints.
#[derive(Clone)]
struct Seeded {
    name: String,
    partner: &'static str,
    member: &'static str,
    body: String,
    /// The tainted values, each once in the body.
    values: Vec<String>,
}

struct Contracts(Vec<Partner>);

impl Contracts {
    fn load() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut problems = Problems::new();
        let pool = lienthong::proto::load(&[root.join("proto")], &mut problems).unwrap_or_else(|| panic!("{problems}"));
        let compile = |name: &&str| {
            let file = root.join("schemas").join(name).join("binding.toml");
            Partner::compile(name, &file, std::slice::from_ref(&pool), &mut problems)
                .unwrap_or_else(|| panic!("{problems}"))
        };
        Self(["hoso", "btxh", "lgsp"].iter().map(compile).collect())
    }

    fn named(&self, name: &str) -> &Partner {
        self.0.iter().find(|partner| partner.name == name).expect("there is such a partner")
    }
}

/// Values below what is marked, as ranges of the text.
fn fields(partner: &Partner, body: &str) -> Vec<std::ops::Range<usize>> {
    let Ok(tape) = Tape::parse(body, &Limits::default()) else { return Vec::new() };
    let namespace = tape.namespace_name(tape.namespace(0));
    let Some(operation) = partner.operation(namespace, tape.local(0)) else { return Vec::new() };
    let marked = transcode::personal(partner, operation, &tape, 0);
    let is_value = |&node: &u32| tape.is_element(node) && tape.child_elements(node).next().is_none();
    let values = tape.descendants(0).filter(is_value).map(|node| tape.content_span(node));
    let is_marked = |span: &std::ops::Range<usize>| {
        !span.is_empty() && marked.iter().any(|range| range.start <= span.start && span.end <= range.end)
    };
    values.filter(is_marked).collect()
}

fn is_valid(partner: &Partner, body: &str) -> bool {
    let Ok(tape) = Tape::parse(body, &Limits::default()) else { return false };
    let namespace = tape.namespace_name(tape.namespace(0));
    let Some(operation) = partner.operation(namespace, tape.local(0)) else { return false };
    transcode::decode(partner, operation, &tape, 0, &mut Vec::new()).is_ok()
}

/// The body with a taint in each personal field that takes one, valid as it was.
fn seeded(partner: &Partner, body: &str, taints: &mut Taints) -> (String, Vec<String>) {
    let (mut seeded, mut values) = (body.to_owned(), Vec::new());
    for range in fields(partner, body).into_iter().rev() {
        let with = |value: &str| [&body[..range.start], value, &body[range.end..]].concat();
        let held = &body[range.clone()];
        let candidates = taints.candidates(held);
        // Of a code list there is nothing to put: its values are everybody's.
        let Some(value) = candidates.into_iter().find(|value| is_valid(partner, &with(value))) else { continue };
        seeded.replace_range(range.clone(), &value);
        let is_unique = !value.contains("&lt;") && !values.contains(&value);
        values.extend(is_unique.then_some(value));
    }
    assert!(is_valid(partner, &seeded), "{seeded}");
    (seeded, values)
}

fn samples(contracts: &Contracts, taints: &mut Taints) -> Vec<Seeded> {
    let now = jiff::Timestamp::now().to_zoned(TimeZone::fixed(Offset::constant(7)));
    SAMPLES
        .into_iter()
        .map(|sample| {
            let code = format!("IT-{}", uuid::Uuid::new_v4().simple());
            let dossier = hostile::UNKNOWN;
            let filling = Filling { now: &now, code: &code, dossier, round: 1, paper: "GPLD-07", amount: 600_000 };
            let (body, values) = seeded(contracts.named(sample.partner), &sample.body(&filling), taints);
            let is_provinces = sample.template().contains("{elsewhere}");
            let member = if is_provinces { "h56" } else { "dvcqg" };
            Seeded { name: sample.name.to_owned(), partner: sample.partner, member, body, values }
        })
        .collect()
}

/// The bodies of the golden cases, each personal field tainted whether its type takes that or not.
fn golden(contracts: &Contracts) -> Vec<String> {
    let now = jiff::Timestamp::now().to_zoned(TimeZone::fixed(Offset::constant(7)));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let cases = std::fs::read_dir(folder).expect("the cases are there");
    let requests = cases.filter_map(|case| std::fs::read_to_string(case.ok()?.path().join("request.xml")).ok());
    let mut bodies: Vec<String> = requests
        .map(|template| {
            let dossier = hostile::UNKNOWN;
            let filling = Filling { now: &now, code: "IT-0", dossier, round: 1, paper: "GPLD-07", amount: 600_000 };
            // What is no XML may have braces of its own.
            let is_template = Tape::parse(&template, &Limits::default()).is_ok();
            let mut body = if is_template { fill(&template, &filling) } else { template };
            for range in fields(contracts.named("hoso"), &body).into_iter().rev() {
                body.replace_range(range, &format!("{MARK}0"));
            }
            body
        })
        .collect();
    bodies.sort();
    bodies
}

/// A serving gateway, and one connection of each member that speaks to it.
struct Gate {
    process: Process,
    layout: Layout,
    address: String,
    admin: String,
    lines: Vec<(&'static str, Open)>,
    faults: u32,
}

impl Gate {
    fn start(layout: &Layout, filter: &str, upstream: u16) -> Self {
        let file = layout.path("lienthong.toml");
        set_port(&file, "address", upstream).expect("the settings can be changed");
        let text = std::fs::read_to_string(&file).expect("the settings are readable");
        let more = format!("\n[limits]\ncall_ms_max = 1000\n\n[log]\nformat = \"text\"\nfilter = \"{filter}\"\n");
        let text = Regex::new(r"\[log\][^\[]*").expect("a pattern").replace(&text, "").into_owned();
        std::fs::write(&file, text + &more).expect("the settings can be written");
        with_policy(layout, "h29", "signature = \"message\"");
        let process = Process::start("serve", &file);
        let line = process.wait_for(&["lienthong serves"]);
        let between = |from: &str, to: &str| Some(line.split_once(from)?.1.split_once(to)?.0.to_owned());
        let address = between("https://", "/soap").expect("its address");
        let admin = between("http://", "/metrics").expect("its operator's address");
        Self { process, layout: Layout::at(layout.root()), address, admin, lines: Vec::new(), faults: 0 }
    }

    fn url(&self, partner: &str) -> String {
        format!("https://{}/soap/{partner}", self.address)
    }

    fn identity(&self, member: &str) -> Identity {
        let pair = self.layout.member(member);
        Identity { ca: self.layout.ca(), pair: Some((pair.certificate, pair.key)) }
    }

    async fn send(&mut self, member: &'static str, request: http::Request<Bytes>) -> Answer {
        let at = self.lines.iter().position(|(known, _)| *known == member);
        let mut line = match at {
            Some(at) => self.lines.swap_remove(at).1,
            None => Open::to(&self.identity(member), Http::One, request.uri()).await.expect("connected"),
        };
        if let Ok(answer) = line.send(request.clone()).await {
            self.lines.push((member, line));
            return answer;
        }
        // A connection is closed after a refusal that left a body unread.
        let mut line = Open::to(&self.identity(member), Http::One, request.uri()).await.expect("connected");
        line.send(request).await.expect("the gateway answers")
    }

    /// Sends a message; a fault or a refusal that says a taint fails the test.
    async fn say(
        &mut self,
        what: &str,
        taints: &Taints,
        member: &'static str,
        partner: &str,
        message: Vec<u8>,
    ) -> String {
        let request = post(&self.url(partner), Version::Soap11.content_type(), message);
        self.ask(what, taints, member, request).await
    }

    async fn ask(
        &mut self,
        what: &str,
        taints: &Taints,
        member: &'static str,
        request: http::Request<Bytes>,
    ) -> String {
        let answer = self.send(member, request).await;
        let text = answer.text();
        if answer.status != 200 || text.contains(":Fault>") {
            self.faults += 1;
            let own_header = Regex::new("(?s)<soapenv:Header.*</soapenv:Header>").expect("a pattern");
            let leak = taints.leak(&own_header.replace(&text, ""));
            assert!(leak.is_none(), "{what}: {leak:?} in the refusal {text}");
        }
        text
    }

    /// All that the process has said, its metrics with it.
    async fn end(self) -> String {
        drop(self.lines);
        let metrics = metrics(&self.admin).await;
        metrics + &self.process.end()
    }
}

/// X-Road headers of a tainted person about a tainted case; none where the partner has none.
fn headers(member: &str, partner: &str, body: &str) -> Option<XRoad> {
    let user = Some(format!("VN{MARK}USER"));
    let issue = Some(format!("Việc của {MARK}ISSUE"));
    (partner != "lgsp").then(|| XRoad { user, issue, signable: true, ..xroad(member, &root_name(body)) })
}

fn message(member: &str, partner: &str, body: &str) -> Vec<u8> {
    envelope(Version::Soap11, headers(member, partner, body).as_ref(), body)
}

/// Everything that ends before a call, or in what the dossier service answers.
async fn every_way_of(gate: &mut Gate, taints: &Taints, seeded: &Seeded) {
    let Seeded { name, partner, member, body, values } = seeded;
    let (member, partner) = (*member, *partner);
    let send = message(member, partner, body);
    let answer = gate.say(&format!("{name} as it is"), taints, member, partner, send.clone()).await;
    if ["NopHoSo", "DongBo", "MSync"].iter().any(|start| name.starts_with(start)) {
        let code = element(&answer, "error_code").or_else(|| element(&answer, "Status"));
        assert_eq!(code.as_deref(), Some("0"), "{name} is taken: {answer}");
    }
    gate.say(&format!("{name} again"), taints, member, partner, send).await;
    let without = envelope(Version::Soap11, None, body);
    gate.say(&format!("{name} without headers"), taints, member, partner, without).await;
    for other in ["h29", if member == "h56" { "dvcqg" } else { "h56" }] {
        gate.say(&format!("{name} as {other}"), taints, other, partner, message(other, partner, body)).await;
    }
    for value in values {
        let replaced = |with: &str| message(member, partner, &body.replacen(value.as_str(), with, 1));
        let what = |how: &str| format!("{name}: {value} {how}");
        gate.say(&what("too long"), taints, member, partner, replaced(&format!("{value}{}", MARK.repeat(4000)))).await;
        gate.say(&what("of a wrong form"), taints, member, partner, replaced(&format!("<{NAME}/>{value}"))).await;
        gate.say(&what("in a word"), taints, member, partner, replaced(&format!("\\/{MARK} {value} 99/99"))).await;
    }
    let Some(value) = values.first() else { return };
    for (how, with) in [
        ("undefined entity", format!("&{NAME};{value}")),
        ("character", format!("{value}&#2;")),
        ("tag", format!("<{NAME}>{value}")),
        ("end tag", format!("{value}</{NAME}>")),
        ("attribute", format!("{value}<a b={NAME}>")),
        ("prefix", format!("<{NAME}:a/>{value}")),
        ("instruction", format!("<?{NAME} {value}?>")),
        ("section", format!("<![CDATA[{value}")),
    ] {
        let broken = message(member, partner, &body.replacen(value.as_str(), "@@", 1));
        let broken = String::from_utf8(broken).expect("UTF-8").replacen("@@", &with, 1);
        gate.say(&format!("{name}: {how}"), taints, member, partner, broken.into_bytes()).await;
    }
    let renamed = body.replace(&root_name(body), &format!("{NAME}1"));
    gate.say(&format!("{name} renamed"), taints, member, partner, message(member, partner, &renamed)).await;
    let start = body.find('>').expect("a start tag");
    for inside in [format!("<{NAME}2>{value}</{NAME}2>"), format!("{value}<!-- {value} -->")] {
        let body = [&body[..=start], &inside, &body[start + 1..]].concat();
        gate.say(&format!("{name} and more"), taints, member, partner, message(member, partner, &body)).await;
    }
    let attributed = [&body[..start], &format!(" {NAME}3=\"{value}\""), &body[start..]].concat();
    gate.say(&format!("{name} attributed"), taints, member, partner, message(member, partner, &attributed)).await;
}

/// What a message is wrapped in: HTTP, headers, signatures.
async fn every_wrapping(gate: &mut Gate, taints: &Taints, seeded: &Seeded) {
    let (partner, body, value) = (seeded.partner, &seeded.body, &seeded.values[0]);
    let same_id = headers("dvcqg", partner, body).expect("X-Road's partner");
    for body in [body.clone(), body.replacen(value.as_str(), &format!("{value} {MARK}B"), 1)] {
        gate.say("the same id", taints, "dvcqg", partner, envelope(Version::Soap11, Some(&same_id), &body)).await;
    }
    let whole = String::from_utf8(message("dvcqg", partner, body)).expect("UTF-8");
    for (what, message) in [
        ("doctype", whole.replacen("?>", &format!("?><!DOCTYPE {NAME} [<!ENTITY a \"{value}\">]>"), 1)),
        ("version", whole.replace("<xrd:protocolVersion>4.0", &format!("<xrd:protocolVersion>{value}"))),
        ("user twice", whole.replace("</xrd:userId>", &format!("</xrd:userId><xrd:userId>{value}</xrd:userId>"))),
        ("user of elements", whole.replace("</xrd:userId>", &format!("<{NAME}4/></xrd:userId>"))),
        (
            "block",
            whole.replace(
                "<xrd:client",
                &format!("<n:{NAME}5 xmlns:n=\"urn:{NAME}\" soapenv:mustUnderstand=\"1\"/><xrd:client"),
            ),
        ),
        ("part", whole.replace("<soapenv:Body>", &format!("<soapenv:{NAME}6>{value}</soapenv:{NAME}6><soapenv:Body>"))),
        ("large", whole.replace(value.as_str(), &MARK.repeat(4 << 20))),
        ("long name", whole.replace(value.as_str(), &format!("<{}/>", NAME.repeat(1000)))),
        ("cut", whole[..whole.find(value.as_str()).expect("it is there") + value.len()].to_owned()),
    ] {
        assert_ne!(message, whole, "{what}");
        gate.say(what, taints, "dvcqg", partner, message.into_bytes()).await;
    }
    let url = gate.url(partner);
    for (what, url, media) in [
        ("media type", url.clone(), format!("text/{MARK}; charset={MARK}")),
        ("character set", url.clone(), format!("text/xml; charset={MARK}")),
        ("boundary", url.clone(), format!("multipart/related; type=\"text/xml\"; boundary={MARK}")),
        ("query", format!("{url}?{MARK}={MARK}"), "text/xml".to_owned()),
        ("path", format!("{url}{MARK}"), "text/xml".to_owned()),
    ] {
        let mut request = post(&url, &media, whole.clone());
        let traced = format!("00-{MARK}-{MARK}-01").parse().expect("a header value");
        request.headers_mut().insert("traceparent", traced);
        request.headers_mut().insert("x-note", MARK.parse().expect("a header value"));
        gate.ask(what, taints, "dvcqg", request).await;
    }
    let of_h29 = String::from_utf8(message("h29", partner, body)).expect("UTF-8");
    let signed = sign(&gate.layout, "h29", &of_h29, Clock::System.now());
    let forged = signed.replacen(value.as_str(), &format!("{value} {MARK}C"), 1);
    let named = signed.replacen("<ds:SignedInfo>", &format!("<ds:SignedInfo><{NAME}7>{value}</{NAME}7>"), 1);
    let untimely =
        Regex::new("<wsu:Created[^>]*>").expect("a pattern").replace(&signed, format!("$0{MARK}")).into_owned();
    for (what, message) in
        [("signed", &signed), ("replayed", &signed), ("forged", &forged), ("named", &named), ("untimely", &untimely)]
    {
        let answer = gate.say(what, taints, "h29", partner, message.clone().into_bytes()).await;
        assert_eq!(answer.contains(":Fault>"), what != "signed", "{what}: {answer}");
    }
}

/// What an upstream of the test's does, whose words repeat what it was told.
async fn every_upstream(gate: &mut Gate, upstream: &Upstream, taints: &Taints, all: &[Seeded]) {
    let manners = [2, 3, 5, 6, 7, 8, 9, 11, 13, 14, 16].map(|status| (Manner::Refuse(status, WORDS), status));
    let garbage = [
        Manner::Answer(Bytes::from_static(b"\xff\xff TAINT0")),
        Manner::Answer(Bytes::from_static(b"\x0a\x08\x0a\x06TAINT0")),
    ];
    for (manner, status) in manners.into_iter().chain(garbage.map(|manner| (manner, 0))) {
        upstream.set(manner);
        for Seeded { name, partner, member, body, .. } in all {
            gate.say(&format!("{name} refused by {status}"), taints, member, partner, message(member, partner, body))
                .await;
        }
    }
    upstream.set(Manner::Slow(PATIENCE));
    let slow = &all[0];
    gate.say("slow", taints, slow.member, slow.partner, message(slow.member, slow.partner, &slow.body)).await;
    let designed = ["lienthong-user-id-bin", "lienthong-issue-bin"];
    assert!(upstream.metadata().len() > all.len());
    for (name, value) in upstream.metadata().iter().flatten().filter(|(name, _)| !designed.contains(&name.as_str())) {
        let said = format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()));
        assert_eq!(taints.leak(&said), None, "beside the message");
    }
}

/// The lines of every private key in a directory.
fn secrets(layout: &Layout) -> Vec<String> {
    let mut folders = vec![layout.root().to_path_buf()];
    let mut lines = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "key") {
                let text = std::fs::read_to_string(path).expect("a key in PEM");
                lines.extend(text.lines().filter(|line| line.len() > 16 && !line.starts_with('-')).map(str::to_owned));
            }
        }
    }
    assert!(lines.len() > 10);
    lines
}

fn assert_silent(who: &str, said: &str, taints: &Taints, layout: &Layout) {
    assert!(said.len() > 1000, "{who} says something: {said}");
    assert_eq!(taints.leak(said), None, "{who}");
    let name = said.to_ascii_uppercase().find(NAME).map(|at| said.get(at.saturating_sub(300)..at + 40));
    assert_eq!(name, None, "{who} says a name that no contract declares");
    for secret in secrets(layout) {
        assert!(!said.contains(&secret), "{who} says a line of a key");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_personal_value_and_no_key_is_said_by_any_process() {
    let (contracts, mut taints) = (Contracts::load(), Taints::default());
    let all = samples(&contracts, &mut taints);
    taints.values =
        all.iter().flat_map(|seeded| &seeded.values).filter(|value| !value.contains(MARK)).cloned().collect();
    let tainted: usize = all.iter().map(|seeded| seeded.values.len()).sum();
    assert!(tainted > 100, "{tainted} fields hold a taint");
    let bodies = golden(&contracts);
    for filter in ["info", "trace"] {
        let (_dir, layout) = prepared();
        let service = Process::start("dossier-service", &layout.path("dossier-service.toml"));
        let line = service.wait_for(&["the dossier service serves"]);
        let port = line.rsplit(':').next().and_then(|port| port.trim().parse().ok()).expect("its port");
        let mut gate = Gate::start(&layout, filter, port);
        for seeded in &all {
            every_way_of(&mut gate, &taints, seeded).await;
        }
        for body in &bodies {
            gate.say("golden", &taints, "dvcqg", "hoso", message("dvcqg", "hoso", body)).await;
        }
        every_wrapping(&mut gate, &taints, &all[0]).await;
        assert_comes_back(&mut gate, &taints, &all[0]).await;
        let said = service.end();
        assert_silent("the dossier service", &said, &taints, &layout);
        for Seeded { name, partner, member, body, .. } in &all {
            gate.say(&format!("{name} to nobody"), &taints, member, partner, message(member, partner, body)).await;
        }
        assert!(gate.faults > 100, "{} refusals", gate.faults);
        assert_silent(&format!("the gateway at {filter}"), &gate.end().await, &taints, &layout);

        let (_dir, layout) = prepared();
        let upstream = Upstream::start(&layout, Manner::Echo).await;
        let mut gate = Gate::start(&layout, filter, upstream.address.port());
        every_upstream(&mut gate, &upstream, &taints, &all).await;
        assert_silent(&format!("the gateway at {filter} before another"), &gate.end().await, &taints, &layout);
    }
}

/// The one place: an answer to who sent the dossier.
async fn assert_comes_back(gate: &mut Gate, taints: &Taints, seeded: &Seeded) {
    let body = seeded.body.replacen("IT-", "IT-B", 1);
    let submitted = gate.say("submitted", taints, "dvcqg", "hoso", message("dvcqg", "hoso", &body)).await;
    let code = element(&submitted, "MaHoSo").unwrap_or_else(|| panic!("not submitted: {submitted}"));
    let found = gate.say("found", taints, "dvcqg", "hoso", message("dvcqg", "hoso", &hostile::lookup(&code))).await;
    assert!(taints.leak(&found).is_some(), "{found}");
    let today = jiff::Timestamp::now().to_zoned(TimeZone::fixed(Offset::constant(7))).date();
    let list = format!(
        "<h:DanhSachHoSo xmlns:h=\"http://molisa.gov.vn/hoso/1.0\"><donViXuLy>000.00.00.G07</donViXuLy>\
         <ngayNhan1>{today}</ngayNhan1><ngayNhan2>{today}</ngayNhan2></h:DanhSachHoSo>"
    );
    gate.say("listed", taints, "dvcqg", "hoso", message("dvcqg", "hoso", &list)).await;
    for other in ["h56", "h29"] {
        let theirs =
            gate.say("found by another", taints, other, "hoso", message(other, "hoso", &hostile::lookup(&code))).await;
        let inside = theirs.split("Body>").nth(1).unwrap_or_default();
        assert_eq!(taints.leak(inside), None, "{other} reads it");
    }
}

/// In every value that may hold letters, in no other text.
const MARK: &str = "TAINT";
/// In names that no contract declares.
const NAME: &str = "NHIEMTEN";
/// What an upstream says in `grpc-message`.
const WORDS: &str = "Gi%C3%A1%20tr%E1%BB%8B%20TAINT0%20kh%C3%B4ng%20h%E1%BB%A3p%20l%E1%BB%87";
/// Generous: a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
