//! Decode against libxml2's parse and validation, and against bare events, in one run over the same message.
//!
//! ```text
//! cargo run --release --manifest-path benches/libxml2/Cargo.toml
//! ```
//! Each way is run in rounds, in turn, and its fastest round counts: noise only ever adds. The last line is JSON.

use std::hint::black_box;
use std::time::Instant;

#[path = "../../transcode/contract.rs"]
#[allow(dead_code, reason = "examples/figures.rs uses the rest")]
mod contract;
mod libxml2;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 40;
const CALLS: u32 = 500;

fn main() {
    let shipped = contract::Contract::load();
    let message = contract::message();
    let answer = shipped.answer(&message);
    let body = contract::body();
    let schema = libxml2::Schema::load(concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/hoso/hoso.xsd"));
    assert!(schema.validates(body.as_bytes()), "libxml2 finds the message valid");

    let mut wire = Vec::new();
    let mut ways: Vec<(&str, Box<dyn FnMut()>)> = vec![
        ("events_us", Box::new(|| _ = black_box(contract::events(black_box(&message))))),
        ("tape_us", Box::new(|| _ = black_box(contract::tape(black_box(&message))))),
        (
            "decode_us",
            Box::new(|| {
                wire.clear();
                shipped.decode(black_box(&message), &mut wire);
            }),
        ),
        ("encode_us", Box::new(|| _ = black_box(shipped.encode(black_box(&answer))))),
        // libxml2 gets the Body's child alone, without the envelope that the others read too.
        ("libxml2_us", Box::new(|| assert!(schema.validates(black_box(body.as_bytes()))))),
    ];
    let mut best = vec![f64::INFINITY; ways.len()];
    for _ in 0..ROUNDS {
        for ((_, way), best) in ways.iter_mut().zip(&mut best) {
            let started = Instant::now();
            (0..CALLS).for_each(|_| way());
            *best = best.min(started.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS));
        }
    }
    drop(ways);
    let [events, tape, decode, encode, libxml2] = best[..] else { unreachable!("five ways") };
    let round = |value: f64| (value * 100.0).round() / 100.0;
    println!("events with namespaces   {events:>8.2} µs");
    println!("tape                     {tape:>8.2} µs");
    println!("decode                   {decode:>8.2} µs");
    println!("encode                   {encode:>8.2} µs");
    println!("libxml2 parse + validate {libxml2:>8.2} µs");
    println!(
        "{}",
        serde_json::json!({
            "size": message.len(), "events_us": round(events), "tape_us": round(tape), "decode_us": round(decode),
            "encode_us": round(encode), "libxml2_us": round(libxml2), "decode_ratio": round(decode / events),
            "libxml2_ratio": round(decode / libxml2),
        })
    );
}
