//! A bounded load over mutual TLS: the whole gateway against a raw pass-through, in one run.
//!
//! ```text
//! cargo run --release --example load -- --connections 32 --seconds 10 --size 4096
//! ```
//!
//! Starts five processes of itself on loopback and stops them at the end: a backend that answers every gRPC call with
//! the same bytes, a gateway with the shipped contract, the same with its record of what has an effect, a pass-through
//! that is the same listener and the same gRPC client with nothing between them, and (this process) the clients, which
//! keep their connections and send the next request when the last is answered. The last line is one JSON object.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Parser;
use part::Part;

#[path = "load/client.rs"]
mod client;
mod part;
#[path = "load/process.rs"]
mod process;
#[path = "load/roles.rs"]
mod roles;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the gateway's CPU per request against a raw pass-through's.
#[derive(Debug, Parser)]
struct Arguments {
    /// Connections kept open, each with one request under way.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024))]
    connections: u32,
    /// How long each of the two paths is loaded, seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Size of a request, bytes; the work-permit application is filled up to it.
    #[arg(long, default_value_t = 4096, value_parser = clap::value_parser!(u64).range(3000..=8_388_608))]
    size: u64,
    /// Stop a path after this many requests even if time is left.
    #[arg(long)]
    requests: Option<u64>,
    #[arg(long, hide = true)]
    role: Option<roles::Role>,
    #[arg(long, hide = true)]
    dir: Option<PathBuf>,
    #[arg(long, hide = true)]
    backend: Option<SocketAddr>,
}

fn main() {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    match arguments.role {
        Some(role) => {
            let dir = arguments.dir.as_deref().expect("a role is given its directory");
            runtime.block_on(roles::play(role, dir, arguments.backend));
        }
        None => runtime.block_on(measure(&arguments)),
    }
}

/// Loads both paths one after the other, several short rounds each so that a noisy neighbour hits both alike.
async fn measure(arguments: &Arguments) {
    let dir = tempfile::tempdir().expect("a directory for keys and settings");
    roles::prepare(dir.path());
    let backend = start(roles::Role::Backend, dir.path(), None);
    let gateway = start(roles::Role::Gateway, dir.path(), Some(backend.address));
    let recorded = start(roles::Role::Recorded, dir.path(), Some(backend.address));
    let passthrough = start(roles::Role::Passthrough, dir.path(), Some(backend.address));

    let client = client::Client::new(dir.path(), arguments.size as usize);
    client.check(gateway.address).await;

    let rounds = ROUNDS.min(arguments.seconds) as u32;
    let round = Duration::from_secs(arguments.seconds) / rounds;
    let requests_max = arguments.requests.map(|requests| requests.div_ceil(u64::from(rounds)));
    let warm = Duration::from_millis(500);
    client.load(gateway.address, arguments.connections, warm, None).await;
    client.load(recorded.address, arguments.connections, warm, None).await;
    client.load(passthrough.address, arguments.connections, warm, None).await;

    let (mut through_gateway, mut kept, mut passed) = (Figures::default(), Figures::default(), Figures::default());
    let rss_start = process::memory_mib(gateway.id(), "VmRSS:");
    for at in 1..=rounds {
        through_gateway.add(&gateway, &client, arguments.connections, round, requests_max).await;
        kept.add(&recorded, &client, arguments.connections, round, requests_max).await;
        passed.add(&passthrough, &client, arguments.connections, round, requests_max).await;
        eprintln!("round {at} of {rounds}: gateway {through_gateway}; with the record {kept}; pass-through {passed}");
    }

    let ratio = through_gateway.cpu_us() / passed.cpu_us();
    let kept_ratio = kept.cpu_us() / passed.cpu_us();
    println!("gateway           {through_gateway}");
    println!("with the record   {kept}");
    println!("pass-through      {passed}");
    println!("CPU ratio         {ratio:.2}, with the record {kept_ratio:.2}");
    println!(
        "{}",
        serde_json::json!({
            "size": client.size(),
            "connections": arguments.connections,
            "requests": through_gateway.requests,
            "failed": through_gateway.failed,
            "requests_per_s": through_gateway.per_second().round(),
            "p50_ms": through_gateway.percentile_ms(0.50),
            "p99_ms": through_gateway.percentile_ms(0.99),
            "gateway_cpu_us": round2(through_gateway.cpu_us()),
            "passthrough_cpu_us": round2(passed.cpu_us()),
            "cpu_ratio": round2(ratio),
            "recorded_requests_per_s": kept.per_second().round(),
            "recorded_p99_ms": kept.percentile_ms(0.99),
            "recorded_cpu_us": round2(kept.cpu_us()),
            "recorded_cpu_ratio": round2(kept_ratio),
            "start_rss_mib": round2(rss_start),
            "end_rss_mib": round2(process::memory_mib(gateway.id(), "VmRSS:")),
            "peak_rss_mib": round2(process::memory_mib(gateway.id(), "VmHWM:")),
        })
    );
    if through_gateway.failed + kept.failed + passed.failed > 0 {
        std::process::exit(1);
    }
}

/// Starts this example in a role; it serves when this returns.
fn start(role: roles::Role, dir: &Path, backend: Option<SocketAddr>) -> Part<SocketAddr> {
    let log = std::fs::File::create(dir.join(format!("{}.log", role.name()))).expect("a file for the log");
    Part::start(role.name(), dir, |command| {
        command.stderr(log);
        if let Some(backend) = backend {
            command.arg("--backend").arg(backend.to_string());
        }
    })
}

/// What was measured of one path so far.
#[derive(Default)]
struct Figures {
    requests: u64,
    failed: u64,
    elapsed: Duration,
    cpu: Duration,
    latencies_us: Vec<u32>,
}

impl Figures {
    async fn add(
        &mut self,
        part: &Part<SocketAddr>,
        client: &client::Client,
        connections: u32,
        time: Duration,
        requests_max: Option<u64>,
    ) {
        let (cpu, started) = (process::cpu(part.id()), Instant::now());
        let round = client.load(part.address, connections, time, requests_max).await;
        self.elapsed += started.elapsed();
        self.cpu += process::cpu(part.id()) - cpu;
        self.requests += round.requests;
        self.failed += round.failed;
        self.latencies_us.extend(round.latencies_us);
        self.latencies_us.sort_unstable();
    }

    fn per_second(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }

    fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.requests.max(1) as f64
    }

    fn percentile_ms(&self, share: f64) -> f64 {
        let at = ((self.latencies_us.len().saturating_sub(1)) as f64 * share) as usize;
        round2(self.latencies_us.get(at).map_or(0.0, |&us| f64::from(us) / 1000.0))
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:>8.0} requests/s, p50 {:.2} ms, p99 {:.2} ms, CPU {:.1} µs/request, {} failed",
            self.per_second(),
            self.percentile_ms(0.50),
            self.percentile_ms(0.99),
            self.cpu_us(),
            self.failed
        )
    }
}

fn round2(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Prints the address that a role serves on: the first line of its output.
fn announce(address: SocketAddr) {
    println!("{address}");
    std::io::stdout().flush().expect("stdout is open");
}

const ROUNDS: u64 = 5;
