//! Submissions under fire: gateways, their database and the dossier service are killed at random moments, clients repeat
//! by the same id.
//!
//! ```text
//! cargo run --release --example torture -- --rounds 50
//! cargo run --release --example torture -- --rounds 50 --gateways 2
//! ```
//! Starts them as processes on loopback, and ends some of them with SIGKILL in each round, at a moment that the seed
//! decides; they start again on what they left. Clients send each submission, with several gateways to any of them, until
//! they know what became of it. Several gateways share one PostgreSQL, which is started from Debian's binaries and killed
//! like the others; where there are none, it says that it skips.
//!
//! At the end what clients were told is compared with what the dossier service holds and with the evidence. The last line
//! is one JSON object: `lost` are submissions that a client was told of and that are not there as it was told, `doubled`
//! those that are there more than once, `unproven` those whose question and answer are not in a record that
//! is proven whole. The exit status is 1 where there is any.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Parser;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use lienthong::clock::Clock;
use lienthong::crypto::Digest;
use lienthong::crypto::sealed::Keys;
use lienthong::dossier::contract::molisa::dossier::v1::Dossier;
use lienthong::evidence::head::Parsed;
use lienthong::evidence::prove::Believed;
use lienthong::evidence::stored;
use lienthong::problem::Problems;
use lienthong::sandbox::layout::Layout;
use lienthong::sandbox::message::{XRoad, envelope};
use lienthong::sandbox::portal::Portal;
use lienthong::sandbox::run::{self, Options};
use lienthong::sandbox::samples::{Filling, Sample};
use lienthong::sandbox::{party, settings};
use lienthong::soap::version::Version;
use lienthong::store::ledger;
use lienthong::store::ledger::reader::Reader;
use lienthong::{app, config};
use part::Part;
use postgres::{Listen, Server};
use prost::Message;
use random::Random;

mod part;
#[path = "../tests/postgres/mod.rs"]
mod postgres;
#[path = "../tests/generator/random.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod random;

/// Kills gateway and dossier service under load, and counts what was lost or doubled.
#[derive(Debug, Parser)]
struct Arguments {
    /// How often something is killed.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rounds: u32,
    /// Clients that submit at the same time.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=256))]
    clients: u32,
    /// What decides who is killed, and when.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Gateways; more than one share one PostgreSQL.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    gateways: u8,
    /// With PostgreSQL, also for one gateway.
    #[arg(long)]
    postgres: bool,
    #[arg(long, hide = true)]
    settings: Option<PathBuf>,
    #[arg(long, hide = true)]
    role: Option<Role>,
    #[arg(long, hide = true)]
    dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Role {
    Gateway,
    DossierService,
}

fn main() {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    match (arguments.role, arguments.dir.as_deref()) {
        (Some(role), Some(dir)) => runtime.block_on(play(role, dir, arguments.settings.as_deref())),
        _ => runtime.block_on(torture(&arguments)),
    }
}

/// Serves until it is killed, or until standard input closes because the one who started it died.
async fn play(role: Role, dir: &Path, settings: Option<&Path>) {
    let layout = Layout::at(dir);
    let mut problems = Problems::new();
    let now = Clock::System.now();
    match role {
        Role::Gateway => {
            let file = settings.expect("a gateway has its own");
            let settings = config::gateway::load(file, now, &mut problems).unwrap_or_else(|| panic!("{problems}"));
            let running = app::start_gateway(settings).await.expect("the gateway starts");
            println!("{}", running.soap.port());
            until_input_closes().await;
        }
        Role::DossierService => {
            let file = layout.path("dossier-service.toml");
            let settings = config::dossier::load(&file, now, &mut problems).unwrap_or_else(|| panic!("{problems}"));
            let running = app::start_dossier_service(settings, Clock::System).await.expect("the service starts");
            println!("{}", running.address.port());
            until_input_closes().await;
        }
    }
}

async fn until_input_closes() {
    let closed = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
    closed.await.expect("reading does not panic").expect("standard input is readable");
}

/// A gateway by its settings, and its process.
struct Gateway {
    settings: PathBuf,
    part: Part<u16>,
}

impl Gateway {
    /// It serves when this returns.
    fn start(settings: PathBuf, dir: &Path) -> Self {
        let part = Part::start("gateway", dir, |command| _ = command.arg("--settings").arg(&settings));
        settings::set_port(&settings, "soap", part.address).expect("the port is kept");
        Self { settings, part }
    }

    fn start_again(&mut self, dir: &Path) {
        self.part = Part::start("gateway", dir, |command| _ = command.arg("--settings").arg(&self.settings));
    }
}

fn start_service(dir: &Path) -> Part<u16> {
    Part::start("dossier-service", dir, |_| {})
}

async fn torture(arguments: &Arguments) {
    let is_shared = arguments.gateways > 1 || arguments.postgres;
    let database = if is_shared { Server::start(Listen::Socket) } else { None };
    if is_shared && database.is_none() {
        println!("skipped: PostgreSQL's programs are not there (Debian: postgresql)");
        return;
    }
    let dir = tempfile::tempdir().expect("a directory");
    let layout = run::prepare(&Options { dir: dir.path().to_path_buf(), ..Options::default() }).expect("prepared");
    let mut service = start_service(dir.path());
    for (file, key) in [("dossier-service.toml", "listen"), ("lienthong.toml", "address")] {
        settings::set_port(&layout.path(file), key, service.address).expect("the port is kept");
    }
    let url = database.as_ref().map(|database| database.url(&database.database()));
    let files: Vec<PathBuf> =
        (1..=arguments.gateways).map(|number| settings_of(&layout, number, url.as_deref())).collect();
    if url.is_some() {
        migrate(&files[0]).await;
    }
    let mut gateways: Vec<Gateway> = files.iter().map(|file| Gateway::start(file.clone(), dir.path())).collect();

    let stopping = Arc::new(AtomicBool::new(false));
    let portals: Vec<Portal> = gateways
        .iter()
        .map(|gateway| format!("https://127.0.0.1:{}/soap/hoso", gateway.part.address))
        .map(|address| Portal::open(&address, &layout, party::PORTAL).expect("a client"))
        .collect();
    let clients = (0..arguments.clients as usize).map(|at| client(portals.clone(), at, stopping.clone()));
    let mut clients: tokio::task::JoinSet<Vec<Told>> = clients.collect();
    let mut random = Random::new(arguments.seed);
    for round in 1..=arguments.rounds {
        tokio::time::sleep(Duration::from_millis(u64::from(random.between(20, 400)))).await;
        // Each of them by its own chance, and one at least.
        let last = gateways.len() + usize::from(database.is_some());
        let sure = random.below(last + 1);
        let killed: Vec<bool> = (0..=last).map(|at| at == sure || random.below(3) == 0).collect();
        let (is_service, is_database) = (killed[0], database.is_some() && killed[last]);
        let of_gateways = &killed[1..=gateways.len()];
        for (gateway, _) in gateways.iter_mut().zip(of_gateways).filter(|(_, is_killed)| **is_killed) {
            gateway.part.kill();
        }
        if is_service {
            service.kill();
            service = start_service(dir.path());
        }
        if let Some(database) = database.as_ref().filter(|_| is_database) {
            database.stop();
            database.start_again();
        }
        for (gateway, _) in gateways.iter_mut().zip(of_gateways).filter(|(_, is_killed)| **is_killed) {
            gateway.start_again(dir.path());
        }
        eprintln!(
            "round {round} of {}: killed {} gateways{}{}",
            arguments.rounds,
            of_gateways.iter().filter(|is_killed| **is_killed).count(),
            if is_service { ", the dossier service" } else { "" },
            if is_database { ", the database" } else { "" },
        );
    }
    stopping.store(true, Ordering::Relaxed);
    let mut told = Vec::new();
    while let Some(ended) = clients.join_next().await {
        told.extend(ended.expect("a client does not panic"));
    }
    for gateway in &mut gateways {
        gateway.part.kill();
    }
    service.kill();
    judge(&told, &layout, &files).await;
}

/// Settings of one of the gateways: its own name and port, and what it keeps its record in.
fn settings_of(layout: &Layout, number: u8, url: Option<&str>) -> PathBuf {
    let text = std::fs::read_to_string(layout.path("lienthong.toml")).expect("the sandbox has settings");
    let file = layout.path(&format!("gateway-{number}.toml"));
    let store = url.map_or_else(String::new, |url| format!("store = \"{url}\"\n"));
    let head = format!("name = \"gateway-{number}\"\n{store}");
    std::fs::write(&file, format!("{head}{text}\n[evidence]\ncheckpoint_s = 1\n")).expect("written");
    file
}

async fn migrate(settings: &Path) {
    let mut problems = Problems::new();
    let record = config::gateway::record(settings, Clock::System.now(), &mut problems);
    let record = record.unwrap_or_else(|| panic!("{problems}"));
    ledger::migrate(&record.store).await.expect("the tables are made");
}

/// A submission, by its sender's own code, and the code that the sender was told of it.
struct Told {
    own: String,
    dossier: String,
    /// How often it was sent.
    sent: u32,
    question: Digest,
    answer: Digest,
}

/// Submits one dossier after the other, each until it is known what became of it.
async fn client(portals: Vec<Portal>, first: usize, stopping: Arc<AtomicBool>) -> Vec<Told> {
    let sample = Sample::named("NopHoSo").expect("there is such a sample");
    let mut told = Vec::new();
    while !stopping.load(Ordering::Relaxed) {
        let own = format!("TT-{}", uuid::Uuid::new_v4().simple());
        let now: Zoned = Timestamp::now().to_zoned(TimeZone::fixed(Offset::constant(7)));
        let filling = Filling { now: &now, code: &own, dossier: "", round: 1, paper: "GPLD-07", amount: 0 };
        let headers = XRoad {
            client: party::PORTAL.identifier.to_owned(),
            service: party::MINISTRY.to_owned(),
            operation: "NopHoSo".to_owned(),
            id: uuid::Uuid::new_v4().to_string(),
            user: None,
            issue: None,
            signable: false,
        };
        let message = envelope(Version::Soap11, Some(&headers), &sample.body(&filling));
        for sent in 1..=REPEATS_MAX {
            let portal = &portals[(first + sent as usize) % portals.len()];
            let answer = portal.post(Version::Soap11, message.clone()).await;
            if let Ok(answer) = &answer
                && let Some(dossier) = answer.value("MaHoSo")
            {
                let (question, answer) = (Digest::of(&message), Digest::of(&answer.body));
                told.push(Told { own, dossier: dossier.to_owned(), sent, question, answer });
                break;
            }
            assert!(sent < REPEATS_MAX, "no answer to {own}: {answer:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    told
}

/// What clients were told against what is held, and what is recorded.
async fn judge(told: &[Told], layout: &Layout, settings: &[PathBuf]) {
    let recorded = recorded(settings).await;
    let unproven = told.iter().filter(|told| !recorded.contains(&told.question) || !recorded.contains(&told.answer));
    let unproven: Vec<&Told> = unproven.collect();
    for told in &unproven {
        println!("unproven: {} was told to be {}", told.own, told.dossier);
    }
    let held = held(&layout.path("dossiers.db"));
    let lost: Vec<&Told> =
        told.iter().filter(|told| !held.get(&told.own).is_some_and(|codes| codes.contains(&told.dossier))).collect();
    let doubled: Vec<&String> = held.iter().filter(|(_, codes)| codes.len() > 1).map(|(own, _)| own).collect();
    for told in &lost {
        println!("lost: {} was told to be {}", told.own, told.dossier);
    }
    for own in &doubled {
        println!("doubled: {own} is {:?}", held[*own]);
    }
    let repeated = told.iter().filter(|told| told.sent > 1).count();
    println!("{} submissions told of, {repeated} of them sent more than once, {} held", told.len(), held.len());
    let figures = serde_json::json!({
        "submissions": told.len(), "repeated": repeated, "lost": lost.len(), "doubled": doubled.len(),
        "unproven": unproven.len(),
    });
    println!("{figures}");
    if !lost.is_empty() || !doubled.is_empty() || !unproven.is_empty() || told.is_empty() {
        std::process::exit(1);
    }
}

/// Digests of all messages in the gateways' records, which are proven whole; none of a record that is not.
async fn recorded(settings: &[PathBuf]) -> HashSet<Digest> {
    let mut found = HashSet::new();
    for file in settings {
        let mut problems = Problems::new();
        let now = Clock::System.now();
        let record = config::gateway::record(file, now, &mut problems).unwrap_or_else(|| panic!("{problems}"));
        let keys = Keys::load(&record.evidence.keys, &mut problems).unwrap_or_else(|| panic!("{problems}"));
        let reader = Reader::open(&record.store).await.expect("the record can be read");
        let report = stored::prove(&reader, &record.name, Some(&keys), Believed::default(), |_| {}).await;
        let report = report.expect("the record can be read");
        println!(
            "{}: {} records, {} messages, {} checkpoints",
            report.chain, report.records, report.messages, report.checkpoints
        );
        for finding in &report.findings {
            println!("{}: {finding}", report.chain);
        }
        if !report.is_good() {
            continue;
        }
        let mut after = 0;
        loop {
            let records = reader.records(&record.name, after, 1000, ledger::reader::Part::Heads).await.expect("read");
            let Some(last) = records.last() else { break };
            after = last.seq;
            found.extend(records.iter().filter_map(|record| Some(Parsed::of(&record.head)?.body)));
        }
    }
    found
}

/// Codes of the dossiers that the service holds, by their senders' own codes.
fn held(database: &Path) -> HashMap<String, Vec<String>> {
    let database = rusqlite::Connection::open(database).expect("the service's database opens");
    let mut select = database.prepare("SELECT body FROM dossier").expect("it has dossiers");
    let bodies = select.query_map([], |row| row.get::<_, Vec<u8>>(0)).expect("readable");
    let mut held: HashMap<String, Vec<String>> = HashMap::new();
    for body in bodies {
        let dossier = Dossier::decode(&*body.expect("readable")).expect("a dossier");
        for own in dossier.external_codes {
            held.entry(own.code).or_default().push(dossier.code.clone());
        }
    }
    held
}

/// A client that gets no answer gives up after a minute or so.
const REPEATS_MAX: u32 = 1200;
