//! Submissions under fire: gateway and dossier service are killed at random moments, clients repeat by the same id.
//!
//! ```text
//! cargo run --release --example torture -- --rounds 50 [--shared]
//! ```
//! Starts both as processes of this example, on loopback, and ends one of them or both with SIGKILL in each round, at a
//! moment that the seed decides; they start again on what they left. Clients send each submission until they know what
//! became of it. At the end what clients were told is compared with what the dossier service holds. The last line is
//! one JSON object: `lost` are submissions that a client was told of and that are not there as it was told, `doubled`
//! those that are there more than once. The exit status is 1 where there is any.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Parser;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use lienthong::clock::Clock;
use lienthong::dossier::contract::molisa::dossier::v1::Dossier;
use lienthong::problem::Problems;
use lienthong::sandbox::layout::Layout;
use lienthong::sandbox::message::{XRoad, envelope};
use lienthong::sandbox::portal::Portal;
use lienthong::sandbox::run::{self, Options};
use lienthong::sandbox::samples::{Filling, Sample};
use lienthong::sandbox::{party, settings};
use lienthong::soap::version::Version;
use lienthong::store::ledger::{Address, migrate};
use lienthong::store::postgres::address::Server;
use lienthong::{app, config};
use part::Part;
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
    /// The gateway's store is a PostgreSQL database (of a server in /usr/lib/postgresql), whose sessions are left open by
    /// each gateway that is killed.
    #[arg(long)]
    shared: bool,
    /// What decides who is killed, and when.
    #[arg(long, default_value_t = 1)]
    seed: u64,
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
        (Some(role), Some(dir)) => runtime.block_on(play(role, dir)),
        _ => runtime.block_on(torture(&arguments)),
    }
}

/// Serves until it is killed, or until standard input closes because the one who started it died.
async fn play(role: Role, dir: &Path) {
    let layout = Layout::at(dir);
    let mut problems = Problems::new();
    let now = Clock::System.now();
    match role {
        Role::Gateway => {
            let file = layout.path("lienthong.toml");
            let settings = config::gateway::load(&file, now, &mut problems).unwrap_or_else(|| panic!("{problems}"));
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

/// Starts this example in a role; it serves when this returns.
fn start(role: Role, dir: &Path) -> Part<u16> {
    let name = if role == Role::Gateway { "gateway" } else { "dossier-service" };
    Part::start(name, dir, |_| {})
}

async fn torture(arguments: &Arguments) {
    let dir = tempfile::tempdir().expect("a directory");
    let layout = run::prepare(&Options { dir: dir.path().to_path_buf(), ..Options::default() }).expect("prepared");
    let mut service = start(Role::DossierService, dir.path());
    for (file, key) in [("dossier-service.toml", "listen"), ("lienthong.toml", "address")] {
        settings::set_port(&layout.path(file), key, service.address).expect("the port is kept");
    }
    // Ends with this process.
    let _server = if arguments.shared { Some(share(&layout).await) } else { None };
    let mut gateway = start(Role::Gateway, dir.path());
    settings::set_port(&layout.path("lienthong.toml"), "soap", gateway.address).expect("the port is kept");

    let stopping = Arc::new(AtomicBool::new(false));
    let address = format!("https://127.0.0.1:{}/soap/hoso", gateway.address);
    let portal = Portal::open(&address, &layout, party::PORTAL).expect("a client");
    let clients = (0..arguments.clients).map(|_| client(portal.clone(), stopping.clone()));
    let mut clients: tokio::task::JoinSet<Vec<Told>> = clients.collect();
    let mut random = Random::new(arguments.seed);
    for round in 1..=arguments.rounds {
        tokio::time::sleep(Duration::from_millis(u64::from(random.between(20, 400)))).await;
        let whom = random.below(3);
        if whom != 0 {
            gateway.kill();
        }
        if whom != 1 {
            service.kill();
            service = start(Role::DossierService, dir.path());
        }
        if whom != 0 {
            gateway = start(Role::Gateway, dir.path());
        }
        eprintln!(
            "round {round} of {}: killed {}",
            arguments.rounds,
            ["the dossier service", "the gateway", "both"][whom]
        );
    }
    stopping.store(true, Ordering::Relaxed);
    let mut told = Vec::new();
    while let Some(ended) = clients.join_next().await {
        told.extend(ended.expect("a client does not panic"));
    }
    gateway.kill();
    service.kill();
    judge(&told, &layout);
}

/// A database of a server of our own becomes the gateway's store.
async fn share(layout: &Layout) -> postgres::Server {
    let server = postgres::Server::start(postgres::Listen::Socket).expect("a PostgreSQL server");
    let url = server.url(&server.database());
    let address = Server::parse(&url, layout.root(), None).expect("a URL");
    migrate(&Address::Postgres(address)).await.expect("the tables are made");
    let file = layout.path("lienthong.toml");
    let text = std::fs::read_to_string(&file).expect("the settings are readable");
    std::fs::write(file, format!("store = \"{url}\"\n{text}")).expect("the settings can be written");
    server
}

/// A submission, by its sender's own code, and the code that the sender was told of it.
struct Told {
    own: String,
    dossier: String,
    /// How often it was sent.
    sent: u32,
}

/// Submits one dossier after the other, each until it is known what became of it.
async fn client(portal: Portal, stopping: Arc<AtomicBool>) -> Vec<Told> {
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
            let answer = portal.post(Version::Soap11, message.clone()).await;
            if let Some(dossier) = answer.as_ref().ok().and_then(|answer| answer.value("MaHoSo")) {
                told.push(Told { own, dossier: dossier.to_owned(), sent });
                break;
            }
            assert!(sent < REPEATS_MAX, "no answer to {own}: {answer:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    told
}

/// What clients were told against what is held.
fn judge(told: &[Told], layout: &Layout) {
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
    });
    println!("{figures}");
    if !lost.is_empty() || !doubled.is_empty() || told.is_empty() {
        std::process::exit(1);
    }
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
