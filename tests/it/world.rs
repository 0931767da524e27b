//! A whole sandbox of a test's own: gateway and dossier service on free ports, keys made on the spot.

use std::net::SocketAddr;

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use lienthong::app::reload::Reloaded;
use lienthong::sandbox::layout::Layout;
use lienthong::sandbox::message::{XRoad, envelope};
use lienthong::sandbox::officer::Office;
use lienthong::sandbox::run::{self, Options};
use lienthong::sandbox::samples::{Filling, Sample, fill};
use lienthong::sandbox::{party, settings};
use lienthong::soap::version::Version;
use lienthong::{app, dossier};
use regex::Regex;
use tempfile::TempDir;

use crate::client::{Answer, Http, Identity, metrics, post, send};
use crate::hostile;
use crate::upstream::{Manner, Upstream};

/// A gateway with what stands behind it; its directory goes when it is dropped.
pub struct World {
    dir: TempDir,
    gateway: app::Running,
    dossier: Option<dossier::server::Running>,
    dossier_address: SocketAddr,
}

/// What a request is filled in with after the steps before it.
pub struct Facts {
    /// Who sends.
    pub member: String,
    now: Zoned,
    code: String,
    pub dossier: String,
    round: i32,
    amount: i64,
}

impl World {
    /// A whole sandbox.
    pub async fn start() -> Self {
        Self::start_after(|_| ()).await
    }

    /// A whole sandbox whose files are changed before it starts.
    pub async fn start_after(change: impl FnOnce(&Layout)) -> Self {
        let (dir, layout) = prepared();
        change(&layout);
        let dossier = run::start_dossier_service(&layout, &Options::default()).await;
        let dossier = dossier.expect("the dossier service starts");
        let gateway = run::start_gateway(&layout, &Options::default()).await.expect("the gateway starts");
        Self { dir, gateway, dossier_address: dossier.address, dossier: Some(dossier) }
    }

    /// A gateway of little patience (one second) before an upstream of the test's.
    pub async fn before_upstream(manner: Manner) -> (Self, Upstream) {
        Self::before_upstream_after(manner, |_| ()).await
    }

    /// The same, whose files are changed before it starts.
    pub async fn before_upstream_after(manner: Manner, change: impl FnOnce(&Layout)) -> (Self, Upstream) {
        let (dir, layout) = prepared();
        change(&layout);
        let upstream = Upstream::start(&layout, manner).await;
        let file = layout.path("lienthong.toml");
        settings::set_port(&file, "address", upstream.address.port()).expect("the settings can be changed");
        let text = std::fs::read_to_string(&file).expect("the settings are readable");
        let text = text + "\n[limits]\nbody_ms_max = 1000\ncall_ms_max = 1000\n";
        std::fs::write(&file, text).expect("the settings can be written");
        let gateway = run::start_gateway(&layout, &Options::default()).await.expect("the gateway starts");
        (Self { dir, gateway, dossier_address: upstream.address, dossier: None }, upstream)
    }

    /// The gateway stops, and another starts on what it left.
    pub async fn restart_gateway(self) -> Self {
        self.gateway.stop().await;
        let layout = Layout::at(self.dir.path());
        let gateway = run::start_gateway(&layout, &Options::default()).await.expect("the gateway starts");
        Self { gateway, ..self }
    }

    pub async fn stop(self) {
        drop(self.close().await);
    }

    /// Stops it; its files stay as long as what is returned.
    pub async fn close(self) -> TempDir {
        self.gateway.stop().await;
        if let Some(dossier) = self.dossier {
            dossier.stop().await;
        }
        self.dir
    }

    /// Nobody listens at its address any more.
    pub async fn stop_dossier_service(&mut self) {
        self.dossier.take().expect("it serves").stop().await;
    }

    /// At the address where it was.
    pub async fn start_dossier_service(&mut self) {
        let options = Options { grpc_port: Some(self.dossier_address.port()), ..Options::default() };
        let started = run::start_dossier_service(&self.layout(), &options).await;
        self.dossier = Some(started.expect("the dossier service starts"));
    }

    pub fn layout(&self) -> Layout {
        Layout::at(self.dir.path())
    }

    pub fn soap(&self) -> String {
        format!("https://{}/soap/hoso", self.gateway.soap)
    }

    /// The gateway looks at its files, as at SIGHUP.
    pub async fn reload(&self) -> Reloaded {
        self.gateway.reload().await
    }

    /// What operators read at `/metrics`.
    pub async fn metrics(&self) -> String {
        metrics(&self.gateway.admin.to_string()).await
    }

    /// A member's own certificate.
    pub fn member(&self, id: &str) -> Identity {
        let pair = self.layout().member(id);
        Identity { ca: self.layout().ca(), pair: Some((pair.certificate, pair.key)) }
    }

    /// The ministry's officer.
    pub async fn office(&self) -> Office {
        Office::open(&format!("https://{}", self.dossier_address), &self.layout())
            .await
            .expect("the dossier service is reached")
    }

    /// Sends a body in SOAP 1.1 with X-Road headers and a fresh id, as the national portal.
    pub async fn say(&self, body: &str) -> Answer {
        self.say_as("dvcqg", body).await
    }

    /// The same, as any member.
    pub async fn say_as(&self, member: &str, body: &str) -> Answer {
        let message = envelope(Version::Soap11, Some(&xroad(member, &root_name(body))), body);
        let request = post(&self.soap(), Version::Soap11.content_type(), message);
        send(&self.member(member), Http::One, request).await.expect("the gateway answers")
    }

    /// What a request is filled in with before anything was done.
    pub fn facts(&self) -> Facts {
        Facts {
            member: "dvcqg".to_owned(),
            now: Timestamp::now().to_zoned(TimeZone::fixed(Offset::constant(7))),
            code: format!("IT-{}", uuid::Uuid::new_v4().simple()),
            dossier: hostile::UNKNOWN.to_owned(),
            round: 1,
            amount: 600_000,
        }
    }

    /// Takes a fresh dossier through these steps; the first is `submit`.
    pub async fn prepare(&self, steps: &[String]) -> Facts {
        let mut facts = self.facts();
        for step in steps {
            self.step(step, &mut facts).await;
        }
        facts
    }

    async fn submit(&self, template: &str, facts: &mut Facts) {
        let own_code = format!("IT-{}", uuid::Uuid::new_v4().simple());
        let body = fill(template, &Filling { code: &own_code, ..facts.filling() });
        let answer = self.say_as(&facts.member, &body).await.text();
        facts.dossier = element(&answer, "MaHoSo").unwrap_or_else(|| panic!("not submitted: {answer}"));
    }

    async fn step(&self, step: &str, facts: &mut Facts) {
        let request = |case: &str| {
            let file = format!("{}/tests/golden/{case}/request.xml", env!("CARGO_MANIFEST_DIR"));
            std::fs::read_to_string(&file).expect("the case it names has a request")
        };
        if let Some(member) = step.strip_prefix("as ") {
            facts.member = member.to_owned();
            return;
        }
        if let Some(case) = step.strip_prefix("submit ") {
            return self.submit(&request(case), facts).await;
        }
        if let Some(case) = step.strip_prefix("report ") {
            let answer = self.say_as(&facts.member, &facts.fill(&request(case))).await.text();
            assert_eq!(element(&answer, "error_code").as_deref(), Some("0"), "not reported: {answer}");
            return;
        }
        match step {
            "submit" => {
                let sample = Sample::named("NopHoSo").expect("there is such a sample");
                self.submit(sample.template(), facts).await;
            }
            "withdraw" => {
                let sample = Sample::named("RutHoSo").expect("there is such a sample");
                let answer = self.say_as(&facts.member, &sample.body(&facts.filling())).await.text();
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
        let Self { now, code, dossier, round, amount, .. } = self;
        Filling { now, code, dossier, round: *round, paper: "GPLD-07", amount: *amount }
    }
}

/// A directory with keys, contracts and settings in it.
pub fn prepared() -> (TempDir, Layout) {
    let dir = TempDir::new().expect("a temporary directory can be made");
    let layout = run::prepare(&Options { dir: dir.path().to_path_buf(), ..Options::default() });
    (dir, layout.expect("the directory can be prepared"))
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
        signable: false,
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
