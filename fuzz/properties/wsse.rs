//! What is verified says what was signed, and nothing that is read panics.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use lienthong::clock::UnixMillis;
use lienthong::crypto::signature::PublicKey;
use lienthong::soap::envelope::{self, Content, Envelope};
use lienthong::wsse::error::Distrust;
use lienthong::wsse::read::Security;
use lienthong::wsse::timestamp::Tolerance;
use lienthong::wsse::verify::{Demand, Signers};
use lienthong::xml::c14n::canonicalize;
use lienthong::xml::limits::Limits;
use lienthong::xml::tape::Tape;

use super::setup::root;

/// Any bytes as a message that whoever signed one of the seeds may have signed.
pub fn hold(bytes: &[u8]) {
    let Some(body) = std::str::from_utf8(bytes).ok().and_then(|text| verify(text, &SEEDS)) else { return };
    assert!(SEEDS.bodies.contains(&body), "verified, though nobody signed it: {body}");
}

/// Messages that were really signed; nobody has the keys any more.
struct Seeds {
    keys: Vec<(Vec<u8>, Arc<PublicKey>)>,
    /// Their Bodies in canonical form.
    bodies: Vec<String>,
}

static SEEDS: LazyLock<Seeds> = LazyLock::new(|| {
    let folder = root().join("fuzz/seeds/wsse");
    let mut seeds = Seeds { keys: Vec::new(), bodies: Vec::new() };
    for file in std::fs::read_dir(folder).expect("seeds").map(|entry| entry.expect("a seed").path()) {
        seeds.take(&file);
    }
    assert!(seeds.bodies.len() >= 2, "the seeds are signed messages");
    seeds
});

impl Seeds {
    fn take(&mut self, file: &Path) {
        let text = std::fs::read_to_string(file).expect("a seed is a text");
        let token = text.split_once("wsu:Id=\"token-").and_then(|(_, rest)| rest.split_once('>'));
        let token = token.and_then(|(_, rest)| rest.split_once('<')).expect("a token").0;
        let der = base64_simd::STANDARD.decode_to_vec(token).expect("base64");
        let key = PublicKey::of_certificate(&der).expect("a certificate");
        self.keys.push((der, Arc::new(key)));
        let body = verify(&text, self).expect("a seed is signed");
        self.bodies.push(body);
    }
}

impl Signers for Seeds {
    fn known(&self) -> impl Iterator<Item = &[u8]> {
        self.keys.iter().map(|(der, _)| &**der)
    }

    fn believe(&self, leaf: &[u8], _: &[&[u8]]) -> Result<Arc<PublicKey>, Distrust> {
        let known = self.keys.iter().find(|(der, _)| der == leaf);
        known.map(|(_, key)| key.clone()).ok_or(Distrust::Foreign)
    }
}

/// The Body of a message whose signature is right, in canonical form.
fn verify(text: &str, signers: &Seeds) -> Option<String> {
    let tape = Tape::parse(text, &Limits::default()).ok()?;
    let envelope = open(&tape)?;
    let security = Security::read(&tape, &envelope).ok()??;
    let timely = security.timely(&tape, UnixMillis(0), FOR_EVER).ok()?;
    let demand = Demand { timestamp: false, message_id: None };
    let verified = timely.verify(&tape, &envelope, demand, FOR_EVER, signers).ok()?;
    let body = envelope.body(&tape);
    assert!(verified.covers(body));
    let mut form = Vec::new();
    canonicalize(&tape, body, &[], &mut form).ok()?;
    String::from_utf8(form).ok()
}

fn open(tape: &Tape<'_>) -> Option<Envelope> {
    let opened = envelope::open(tape, Content::Qualified).ok()?;
    opened.understand(tape, |_, _| true).ok()?.envelope().ok()
}

const FOR_EVER: Tolerance = Tolerance { clock_skew_ms: i64::MAX / 4, age_ms_max: i64::MAX / 4 };
