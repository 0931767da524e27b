//! Start-up and translation, measured in one run: all shipped profiles compiled, a schema of 2,000 types, one dossier
//! and a batch of 200 of them decoded, against the bare quick-xml reader over the same bytes.
//!
//! ```text
//! cargo run --release --example figures
//! ```
//! Each figure is the fastest of several rounds: noise only ever adds. The last line is one JSON object.

use std::fmt::Write;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lienthong::binding::plan::Partner;
use lienthong::problem::Problems;

#[path = "../benches/transcode/contract.rs"]
#[allow(dead_code, reason = "the bench uses the rest")]
mod contract;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let profiles = ["hoso", "btxh", "lgsp"];
    let startup = fastest(STARTUP_ROUNDS, || compile(root, &profiles));
    println!("start-up, profiles {}: {:.1} ms", profiles.join(", "), millis(startup));

    let dir = tempfile::tempdir().expect("a directory");
    let large = write_large_schema(dir.path());
    let loading = fastest(STARTUP_ROUNDS, || load(&large));
    println!("a schema of {TYPES} types: {:.1} ms", millis(loading));

    let shipped = contract::Contract::load();
    let one = contract::message();
    let batch = contract::batch(DOSSIERS);
    let single = measure(&shipped, "NopHoSo", &one);
    let many = measure(&shipped, "DongBoHoSoMC", &batch);
    for (name, message, figures) in [("one dossier", &one, &single), ("a batch", &batch, &many)] {
        println!(
            "{name}, {} bytes: decode {:.0} MiB/s, bare events {:.0} MiB/s, ratio of times {:.2}",
            message.len(),
            figures.decode,
            figures.events,
            figures.events / figures.decode
        );
    }
    let round = |value: f64| (value * 100.0).round() / 100.0;
    println!(
        "{}",
        serde_json::json!({
            "startup_ms": round(millis(startup)), "types": TYPES, "types_ms": round(millis(loading)),
            "size": one.len(), "decode_mib_s": round(single.decode), "events_mib_s": round(single.events),
            "decode_ratio": round(single.events / single.decode), "batch_size": batch.len(), "batch_dossiers": DOSSIERS,
            "batch_decode_mib_s": round(many.decode), "batch_events_mib_s": round(many.events),
            "batch_decode_ratio": round(many.events / many.decode),
        })
    );
}

/// MiB a second.
struct Figures {
    decode: f64,
    events: f64,
}

/// Both ways over one message, in turn.
fn measure(shipped: &contract::Contract, operation: &str, message: &[u8]) -> Figures {
    let calls = (CALL_BYTES / message.len()).max(1);
    let mut wire = Vec::with_capacity(message.len());
    let (mut decode, mut events) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        decode = decode.min(timed(calls, || {
            wire.clear();
            shipped.decode_as(operation, black_box(message), &mut wire);
        }));
        events = events.min(timed(calls, || {
            black_box(contract::events(black_box(message)));
        }));
    }
    let rate = |time: Duration| (message.len() * calls) as f64 / f64::from(1 << 20) / time.as_secs_f64();
    Figures { decode: rate(decode), events: rate(events) }
}

fn timed(calls: usize, mut work: impl FnMut()) -> Duration {
    let started = Instant::now();
    (0..calls).for_each(|_| work());
    started.elapsed()
}

fn fastest(rounds: usize, mut work: impl FnMut()) -> Duration {
    (0..rounds).map(|_| timed(1, &mut work)).min().expect("at least one round")
}

/// What a start reads and compiles: the .proto files, and each profile's schemas and binding.
fn compile(root: &Path, profiles: &[&str]) {
    let mut problems = Problems::new();
    let pool = lienthong::proto::load(&[root.join("proto")], &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let pools = [pool];
    for profile in profiles {
        let binding = root.join("schemas").join(profile).join("binding.toml");
        let partner = Partner::compile(profile, &binding, &pools, &mut problems);
        assert!(partner.is_some(), "{problems}");
    }
}

fn load(schema: &Path) {
    let mut problems = Problems::new();
    let loaded = lienthong::schema::load::load(&[schema.to_path_buf()], &mut problems);
    assert!(loaded.is_some(), "{problems}");
}

/// Complex types that extend and refer to each other, simple types with facets.
fn write_large_schema(dir: &Path) -> PathBuf {
    let mut text = String::from("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>\n");
    for at in 0..TYPES / 2 {
        let next = (at + 1) % (TYPES / 2);
        let base = match at % 8 {
            0 => String::new(),
            _ => format!("<xs:complexContent><xs:extension base='C{}'>", at - 1),
        };
        let end = if base.is_empty() { "" } else { "</xs:extension></xs:complexContent>" };
        writeln!(
            text,
            "<xs:simpleType name='S{at}'><xs:restriction base='xs:token'><xs:maxLength value='{}'/>\
             <xs:pattern value='[A-Z]{{2}}-[0-9]{{1,6}}'/></xs:restriction></xs:simpleType>\n\
             <xs:complexType name='C{at}'>{base}<xs:sequence><xs:element name='a{at}' type='S{at}'/>\
             <xs:element name='b{at}' type='C{next}' minOccurs='0' maxOccurs='unbounded'/>\
             <xs:choice minOccurs='0'><xs:element name='c{at}' type='xs:date'/><xs:element name='d{at}' type='xs:decimal'/>\
             </xs:choice></xs:sequence>{end}</xs:complexType>",
            10 + at % 50
        )
        .expect("a string");
    }
    text.push_str("<xs:element name='root' type='C0'/>\n</xs:schema>\n");
    let file = dir.join("large.xsd");
    std::fs::write(&file, text).expect("a file");
    file
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

const STARTUP_ROUNDS: usize = 10;
const ROUNDS: usize = 20;
/// Bytes decoded in one round, about.
const CALL_BYTES: usize = 8 << 20;
const TYPES: usize = 2000;
const DOSSIERS: usize = 200;
