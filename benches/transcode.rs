//! Decode and encode of the work-permit application against the bare quick-xml event reader with namespaces.
//!
//! ```text
//! cargo bench --bench transcode
//! ```
//! The comparison with libxml2, with one JSON line at its end, is the crate `benches/libxml2`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

#[path = "transcode/contract.rs"]
#[allow(dead_code, reason = "examples/figures.rs uses the rest")]
mod contract;

fn transcode(criterion: &mut Criterion) {
    let contract = contract::Contract::load();
    let message = contract::message();
    let answer = contract.answer(&message);
    let mut group = criterion.benchmark_group("work-permit application");
    group.throughput(Throughput::Bytes(message.len() as u64));
    group.bench_function("events, namespaces resolved (quick-xml NsReader)", |bench| {
        bench.iter(|| contract::events(black_box(&message)));
    });
    group.bench_function("tape", |bench| bench.iter(|| contract::tape(black_box(&message))));
    let mut wire = Vec::new();
    group.bench_function("decode: tape, validate, translate", |bench| {
        bench.iter(|| {
            wire.clear();
            contract.decode(black_box(&message), &mut wire);
            wire.len()
        });
    });
    group.bench_function("encode: the dossier looked up", |bench| bench.iter(|| contract.encode(black_box(&answer))));
    group.finish();
}

criterion_group!(benches, transcode);
criterion_main!(benches);
