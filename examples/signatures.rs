//! What a signed message costs beside its raw cryptography, in one run: a request of 4 KiB signed with RSA-2048, from its
//! bytes to the verdict; an answer of 4 KiB signed with the same key.
//!
//! ```text
//! cargo run --release --example signatures
//! ```
//! Each figure is the fastest of several rounds, both ways in turn: noise only ever adds. The last line is one JSON
//! object.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lienthong::clock::{Clock, UnixMillis};
use lienthong::crypto::signature::{Algorithm, Hash, PublicKey, Scheme};
use lienthong::pki::Identity;
use lienthong::sandbox::message::{XRoad, envelope};
use lienthong::soap::envelope::{self, Content};
use lienthong::soap::version::Version;
use lienthong::wsse::error::Distrust;
use lienthong::wsse::read::Security;
use lienthong::wsse::sign::Signer;
use lienthong::wsse::timestamp::Tolerance;
use lienthong::wsse::verify::{Demand, Signers};
use lienthong::xml::limits::Limits;
use lienthong::xml::tape::Tape;

#[path = "../benches/transcode/contract.rs"]
#[allow(dead_code, reason = "the bench uses the rest")]
mod contract;
#[path = "signed/key.rs"]
mod key;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let (identity, certificate) = key::identity(&rcgen::PKCS_RSA_SHA256);
    let signer = Signer::new(identity.clone(), Some(ALGORITHM), 300_000).expect("the key signs");
    let now = Clock::System.now();
    let question = question();
    let signed = String::from_utf8(signer.sign(question.clone(), now).expect("signed")).expect("UTF-8");
    let known =
        Known { key: Arc::new(PublicKey::of_certificate(certificate.der()).expect("RSA")), der: certificate.der() };
    let signed_info = signed.split_once("<ds:SignedInfo").and_then(|(_, rest)| rest.split_once("</ds:SignedInfo>"));
    let signed_info = format!("<ds:SignedInfo{}</ds:SignedInfo>", signed_info.expect("it is signed").0);
    let value = raw(&identity, signed_info.as_bytes());

    let (mut verified, mut raw_verified) = (Duration::MAX, Duration::MAX);
    let (mut made, mut raw_made) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        verified = verified.min(timed(VERIFICATIONS, || verify(black_box(&signed), now, &known)));
        raw_verified = raw_verified.min(timed(VERIFICATIONS, || {
            black_box(Hash::Sha256.of(black_box(signed.as_bytes())));
            assert!(known.key.verify(ALGORITHM, black_box(signed_info.as_bytes()), &value));
        }));
        made = made.min(timed(SIGNATURES, || {
            black_box(signer.sign(black_box(question.clone()), now).expect("signed"));
        }));
        raw_made = raw_made.min(timed(SIGNATURES, || {
            black_box(raw(&identity, black_box(signed_info.as_bytes())));
        }));
    }
    let micros = |time: Duration, calls: u32| (time.as_secs_f64() * 1e8 / f64::from(calls)).round() / 100.0;
    let ratio = |a: Duration, b: Duration| (a.as_secs_f64() / b.as_secs_f64() * 100.0).round() / 100.0;
    println!("{} bytes signed, {} bytes to sign", signed.len(), question.len());
    println!(
        "verify {} us, raw verify and digest {} us",
        micros(verified, VERIFICATIONS),
        micros(raw_verified, VERIFICATIONS)
    );
    println!("sign {} us, raw sign {} us", micros(made, SIGNATURES), micros(raw_made, SIGNATURES));
    println!(
        "{}",
        serde_json::json!({
            "size": question.len(),
            "verify_us": micros(verified, VERIFICATIONS), "raw_verify_us": micros(raw_verified, VERIFICATIONS),
            "verify_ratio": ratio(verified, raw_verified),
            "sign_us": micros(made, SIGNATURES), "raw_sign_us": micros(raw_made, SIGNATURES),
            "sign_ratio": ratio(made, raw_made),
        })
    );
}

/// The work-permit application with X-Road's headers: about 4 KiB.
fn question() -> Vec<u8> {
    let whole = String::from_utf8(contract::message()).expect("UTF-8");
    let tape = Tape::parse(&whole, &Limits::default()).expect("well-formed");
    let opened = envelope::open(&tape, Content::Qualified).expect("an envelope");
    let opened = opened.understand(&tape, |_, _| true).and_then(|all| all.envelope()).expect("a good envelope");
    let fields = XRoad {
        client: "VN/GOV/000.00.00.H56/mcdt".to_owned(),
        service: "VN/GOV/000.00.00.G07/hoso".to_owned(),
        operation: tape.local(opened.child).to_owned(),
        id: uuid::Uuid::nil().to_string(),
        user: None,
        issue: None,
        signable: true,
    };
    let body = &whole[tape.span(opened.child)];
    envelope(Version::Soap11, Some(&fields), body)
}

/// From bytes to the verdict, as a gateway does.
fn verify(text: &str, now: UnixMillis, known: &Known<'_>) {
    let tape = Tape::parse(text, &Limits::default()).expect("well-formed");
    let opened = envelope::open(&tape, Content::Qualified).expect("an envelope");
    let opened = opened.understand(&tape, |_, _| true).and_then(|all| all.envelope()).expect("a good envelope");
    let id = opened.blocks.iter().copied().find(|&block| tape.local(block) == "id");
    let demand = Demand { timestamp: true, message_id: id };
    let security = Security::read(&tape, &opened).expect("the profile").expect("a Security header");
    let timely = security.timely(&tape, now, Tolerance::default()).expect("of now");
    let verified = timely.verify(&tape, &opened, demand, Tolerance::default(), known).expect("it was signed");
    assert!(verified.covers(opened.body(&tape)));
}

fn raw(identity: &Identity, bytes: &[u8]) -> Vec<u8> {
    identity.sign(ALGORITHM, bytes).expect("the key signs")
}

/// A sender whose certificate was seen before.
struct Known<'c> {
    key: Arc<PublicKey>,
    der: &'c [u8],
}

impl Signers for Known<'_> {
    fn known(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(self.der)
    }

    fn believe(&self, leaf: &[u8], _: &[&[u8]]) -> Result<Arc<PublicKey>, Distrust> {
        if leaf == self.der { Ok(self.key.clone()) } else { Err(Distrust::Foreign) }
    }
}

fn timed(calls: u32, mut work: impl FnMut()) -> Duration {
    let started = Instant::now();
    (0..calls).for_each(|_| work());
    started.elapsed()
}

const ALGORITHM: Algorithm = Algorithm { scheme: Scheme::RsaPkcs1, hash: Hash::Sha256 };
const ROUNDS: usize = 15;
const VERIFICATIONS: u32 = 2000;
const SIGNATURES: u32 = 200;
