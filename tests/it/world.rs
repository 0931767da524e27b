//! A whole sandbox of a test's own: gateway and dossier service on free ports, keys made on the spot.

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use lienthong::sandbox::layout::Layout;
use lienthong::sandbox::message::{XRoad, envelope};
use lienthong::sandbox::officer::Office;
use lienthong::sandbox::party;
use lienthong::sandbox::run::{Options, Running};
use lienthong::sandbox::samples::{Filling, Sample, fill};
use lienthong::soap::version::Version;
use regex::Regex;
use tempfile::TempDir;

use crate::client::{Answer, Http, Identity, post, send};
use crate::hostile;

/// A serving sandbox; its directory goes when it is dropped.
pub struct World {
    dir: TempDir,
    running: Running,
}

/// What a request is filled in with after the steps before it.
pub struct Facts {
    now: Zoned,
    code: String,
    dossier: String,
    round: i32,
    amount: i64,
}

impl World {
    pub async fn start() -> Self {
        let dir = TempDir::new().expect("a temporary directory can be made");
        let running = Running::start(&Options { dir: dir.path().to_path_buf(), ..Options::default() }).await;
        Self { dir, running: running.expect("the sandbox starts") }
    }

    pub async fn stop(self) {
        self.running.stop().await;
    }

    pub fn layout(&self) -> Layout {
        Layout::at(self.dir.path())
    }

    pub fn soap(&self) -> String {
        self.running.ready().soap.clone()
    }

    /// A member's own certificate.
    pub fn member(&self, id: &str) -> Identity {
        let pair = self.layout().member(id);
        Identity { ca: self.layout().ca(), pair: Some((pair.certificate, pair.key)) }
    }

    /// The ministry's officer.
    pub async fn office(&self) -> Office {
        Office::open(&self.running.ready().dossier, &self.layout()).await.expect("the dossier service is reached")
    }

    /// Sends a body in SOAP 1.1 with X-Road headers and a fresh id, as the national portal.
    pub async fn say(&self, body: &str) -> Answer {
        let message = envelope(Version::Soap11, Some(&xroad("dvcqg", &root_name(body))), body);
        let request = post(&self.soap(), Version::Soap11.content_type(), message);
        send(&self.member("dvcqg"), Http::One, request).await.expect("the gateway answers")
    }

    /// Takes a fresh dossier through these steps; the first is `submit`.
    pub async fn prepare(&self, steps: &[String]) -> Facts {
        let mut facts = Facts {
            now: Timestamp::now().to_zoned(TimeZone::fixed(Offset::constant(7))),
            code: format!("IT-{}", uuid::Uuid::new_v4().simple()),
            dossier: hostile::UNKNOWN.to_owned(),
            round: 1,
            amount: 600_000,
        };
        for step in steps {
            self.step(step, &mut facts).await;
        }
        facts
    }

    async fn step(&self, step: &str, facts: &mut Facts) {
        match step {
            "submit" => {
                let own_code = format!("IT-{}", uuid::Uuid::new_v4().simple());
                let sample = Sample::named("NopHoSo").expect("there is such a sample");
                let body = sample.body(&Filling { code: &own_code, ..facts.filling() });
                let answer = self.say(&body).await.text();
                facts.dossier = element(&answer, "MaHoSo").unwrap_or_else(|| panic!("not submitted: {answer}"));
            }
            "withdraw" => {
                let sample = Sample::named("RutHoSo").expect("there is such a sample");
                let answer = self.say(&sample.body(&facts.filling())).await.text();
                assert_eq!(element(&answer, "error_code").as_deref(), Some("0"), "not withdrawn: {answer}");
            }
            "accept" => {
                self.office().await.accept(&facts.dossier).await.expect("the officer accepts");
            }
            "request-supplement" => {
                let asked = self.office().await.request_supplement(&facts.dossier, "Thiếu một giấy tờ").await;
                facts.round = asked.expect("the officer asks for a supplement").1;
            }
            "request-payment" => {
                let asked = self.office().await.request_payment(&facts.dossier, "Lệ phí", facts.amount).await;
                asked.expect("the officer asks for payment");
            }
            unknown => panic!("no step is called {unknown:?}"),
        }
    }

    /// Panics unless a plain lookup is answered: whatever came before, the next caller is served.
    pub async fn assert_serves(&self) {
        let answer = self.say(&hostile::lookup(hostile::UNKNOWN)).await;
        assert_eq!(answer.status, 200, "the next caller is not served: {}", answer.text());
    }
}

impl Facts {
    /// The request with its places filled in.
    pub fn fill(&self, template: &str) -> String {
        fill(template, &self.filling())
    }

    fn filling(&self) -> Filling<'_> {
        let Self { now, code, dossier, round, amount } = self;
        Filling { now, code, dossier, round: *round, paper: "GPLD-07", amount: *amount }
    }
}

/// X-Road headers of a member's call, with a fresh id.
pub fn xroad(member: &str, operation: &str) -> XRoad {
    XRoad {
        client: party::member(member).expect("the sandbox has the member").identifier.to_owned(),
        service: party::MINISTRY.to_owned(),
        operation: operation.to_owned(),
        id: uuid::Uuid::new_v4().to_string(),
        user: None,
        issue: None,
    }
}

/// Local name of the outermost element.
pub fn root_name(body: &str) -> String {
    let start = body.trim_start().trim_start_matches('<');
    let name = start.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next().unwrap_or_default();
    name.rsplit(':').next().unwrap_or_default().to_owned()
}

/// Text of the first element of this name, prefixed or not.
pub fn element(xml: &str, local: &str) -> Option<String> {
    let pattern = format!(r"<(?:[\w.-]+:)?{local}(?:\s[^>]*)?>([^<]*)<");
    let found = Regex::new(&pattern).expect("element names need no escaping").captures(xml)?;
    Some(found[1].to_owned())
}
