//! Signed messages: who must sign, what is refused, what comes back signed.

mod attacks;
mod tree;

use std::collections::BTreeMap;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use lienthong::clock::{Clock, UnixMillis};
use lienthong::pki::Identity;
use lienthong::problem::Problems;
use lienthong::sandbox::layout::Layout;
use lienthong::sandbox::message::{XRoad, envelope};
use lienthong::sandbox::samples::Sample;
use lienthong::soap::version::Version;
use lienthong::wsse::sign::Signer;
use rusqlite::Connection;

use crate::client::{Answer, Http, post, send};
use crate::golden::assert_golden;
use crate::hostile;
use crate::upstream::Manner;
use crate::world::{World, element, root_name, xroad};

/// What members.toml says of a member's signatures.
pub fn with_policy(layout: &Layout, member: &str, lines: &str) {
    let file = layout.path("members.toml");
    let text = std::fs::read_to_string(&file).expect("the members file is readable");
    let id = format!("id           = \"{member}\"\n");
    assert!(text.contains(&id), "{member} is in {text}");
    std::fs::write(&file, text.replace(&id, &format!("{id}{lines}\n"))).expect("it can be written");
}

/// One province must sign whole messages, the other bodies.
fn strict(layout: &Layout) {
    with_policy(layout, "h56", "signature = \"message\"");
    with_policy(layout, "h29", "signature = \"body\"");
}

fn signer(layout: &Layout, member: &str) -> Signer {
    let pair = layout.member(member);
    let mut problems = Problems::new();
    let identity = Identity::load(&pair.certificate, &*pair.key, Clock::System.now(), &mut problems);
    Signer::new(identity.unwrap_or_else(|| panic!("{problems}")), None, 300_000).expect("the key can")
}

/// A member's message, whose id can be signed, and signed.
fn message(layout: &Layout, member: &str, version: Version, body: &str, id: &str) -> String {
    let headers = XRoad { id: id.to_owned(), ..signable(member, body) };
    let message = String::from_utf8(envelope(version, Some(&headers), body)).expect("UTF-8");
    sign(layout, member, &message, Clock::System.now())
}

/// Headers whose message id can be signed.
fn signable(member: &str, body: &str) -> XRoad {
    XRoad { signable: true, ..xroad(member, &root_name(body)) }
}

/// Signs a message by a member's key, as of a moment.
pub fn sign(layout: &Layout, member: &str, message: &str, now: UnixMillis) -> String {
    let signed = signer(layout, member).sign(message.as_bytes().to_vec(), now).expect("signed");
    String::from_utf8(signed).expect("UTF-8")
}

fn fresh_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

async fn send_as(world: &World, member: &str, version: Version, message: String) -> Answer {
    let request = post(&world.soap(), version.content_type(), message);
    send(&world.member(member), Http::One, request).await.expect("the gateway answers")
}

/// The stable code of a fault; `ok` of an answer.
fn code(answer: &Answer) -> String {
    let text = answer.text();
    let code = text.split("<lt:Code>").nth(1).and_then(|rest| rest.split('<').next());
    code.map_or_else(|| if answer.status == 200 { "ok".to_owned() } else { answer.status.to_string() }, str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_signs_what_its_policy_demands() {
    let world = World::start_after(strict).await;
    let layout = world.layout();
    let body = hostile::lookup(hostile::UNKNOWN);
    for version in [Version::Soap11, Version::Soap12] {
        let signed = |member| message(&layout, member, version, &body, &fresh_id());
        assert_eq!(code(&send_as(&world, "h56", version, signed("h56")).await), "ok");
        assert_eq!(code(&send_as(&world, "h29", version, signed("h29")).await), "ok");
        let unsigned = |headers: XRoad| String::from_utf8(envelope(version, Some(&headers), &body)).expect("UTF-8");
        let plain = |member| unsigned(xroad(member, "TraCuuHoSo"));
        assert_eq!(code(&send_as(&world, "h56", version, plain("h56")).await), "security_missing");
        assert_eq!(code(&send_as(&world, "h29", version, plain("h29")).await), "security_missing");
        assert_eq!(code(&send_as(&world, "dvcqg", version, plain("dvcqg")).await), "ok");
        // Signed, but not the message id.
        let now = Clock::System.now();
        let without_id = |member| sign(&layout, member, &plain(member), now);
        assert_eq!(code(&send_as(&world, "h56", version, without_id("h56")).await), "security_missing");
        assert_eq!(code(&send_as(&world, "h29", version, without_id("h29")).await), "ok");
        // Without any of the headers that have it.
        let bare = String::from_utf8(envelope(version, None, &body)).expect("UTF-8");
        let bare = |member| sign(&layout, member, &bare, now);
        assert_eq!(code(&send_as(&world, "h56", version, bare("h56")).await), "security_missing");
        assert_eq!(code(&send_as(&world, "h29", version, bare("h29")).await), "ok");
        // By the key of another member, who is trusted for itself.
        let foreign = sign(&layout, "h29", &unsigned(signable("h56", &body)), now);
        assert_eq!(code(&send_as(&world, "h56", version, foreign).await), "security_untrusted");
        let old = sign(&layout, "h56", &unsigned(signable("h56", &body)), UnixMillis(now.0 - 361_000));
        assert_eq!(code(&send_as(&world, "h56", version, old).await), "security_expired");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_nobody_asks_for_is_verified_where_the_sender_demands_it() {
    let world = World::start_after(strict).await;
    let layout = world.layout();
    let signed = message(&layout, "dvcqg", Version::Soap11, &hostile::lookup(hostile::UNKNOWN), &fresh_id());
    let forged = signed.replace("9999</", "9998</");
    assert_ne!(signed, forged);
    let demanded = |text: &str| text.replace("<wsse:Security ", "<wsse:Security soapenv:mustUnderstand=\"1\" ");
    assert_eq!(code(&send_as(&world, "dvcqg", Version::Soap11, demanded(&signed)).await), "ok");
    assert_eq!(code(&send_as(&world, "dvcqg", Version::Soap11, demanded(&forged)).await), "security_invalid");
    assert_eq!(code(&send_as(&world, "dvcqg", Version::Soap11, forged).await), "ok", "nobody asked");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_counts_once_also_after_a_restart() {
    let world = World::start_after(strict).await;
    let layout = world.layout();
    let now = Clock::System.now().0;
    let sample = Sample::named("NopHoSo").expect("there is such a sample");
    let body = world.prepare(&[]).await.fill(sample.template());
    let id = fresh_id();
    let first = message(&layout, "h56", Version::Soap11, &body, &id);
    let accepted = send_as(&world, "h56", Version::Soap11, first.clone()).await;
    assert_eq!(code(&accepted), "ok", "{}", accepted.text());
    assert_golden("security-replayed", &send_as(&world, "h56", Version::Soap11, first.clone()).await);
    let anew = send_as(&world, "h56", Version::Soap11, message(&layout, "h56", Version::Soap11, &body, &id)).await;
    let dossier = |answer: &Answer| element(&answer.text(), "MaHoSo");
    assert_eq!(dossier(&anew), dossier(&accepted), "signed anew it is the same request, with the same answer");
    let question = message(&layout, "h56", Version::Soap11, &hostile::lookup(hostile::UNKNOWN), &fresh_id());
    assert_eq!(code(&send_as(&world, "h56", Version::Soap11, question.clone()).await), "ok");
    // Another gateway on the same store, as after a restart.
    let world = world.restart_gateway().await;
    assert_eq!(code(&send_as(&world, "h56", Version::Soap11, first).await), "security_replayed");
    assert_eq!(code(&send_as(&world, "h56", Version::Soap11, question).await), "security_replayed");
    assert!(Clock::System.now().0 - now < 300_000, "the messages are still of today");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_and_faults_are_signed_for_members_that_want_it() {
    let signed = |layout: &Layout| {
        with_policy(layout, "h56", "signature = \"message\"\nsign_answers = true");
        with_policy(layout, "h29", "signature = \"message\"");
    };
    let world = World::start_after(signed).await;
    let layout = world.layout();
    for version in [Version::Soap11, Version::Soap12] {
        for body in [hostile::lookup(hostile::UNKNOWN), hostile::lookup("nonsense")] {
            let question = message(&layout, "h56", version, &body, &fresh_id());
            let answer = send_as(&world, "h56", version, question).await.text();
            // Body, Timestamp and the message id, which the question had signed.
            assert_eq!(answer.matches("<ds:Reference ").count(), 3, "{answer}");
            assert!(answer.contains("URI=\"#message-id\""), "{answer}");
            let question = message(&layout, "h29", version, &body, &fresh_id());
            let answer = send_as(&world, "h29", version, question).await.text();
            assert!(!answer.contains("Signature"), "{answer}");
        }
    }
    world.stop().await;
}

/// Each message in every way that is known to deceive a verifier, and some hundred at random: what reaches the dossier
/// service is what was signed, or nothing does.
#[tokio::test(flavor = "multi_thread")]
async fn no_wrapped_message_reaches_the_dossier_service() {
    let (world, upstream) = World::before_upstream_after(Manner::Answer(Bytes::new()), strict).await;
    let layout = world.layout();
    let samples = ["TraCuuHoSo", "NopHoSo"].map(|name| Sample::named(name).expect("there is such a sample"));
    let facts = world.facts();
    for (seed, (version, sample)) in [Version::Soap11, Version::Soap12]
        .into_iter()
        .flat_map(|version| samples.map(|sample| (version, sample)))
        .enumerate()
    {
        let body = facts.fill(sample.template());
        let genuine = || message(&layout, "h56", version, &body, &fresh_id());
        let mut line = Line::open(&world, "h56", version).await;
        let (arrived, _) = (upstream.calls().len(), line.say(genuine()).await);
        assert_eq!(upstream.calls().len(), arrived + 1, "what is signed arrives");
        let signed_wire = upstream.calls().pop().expect("it arrived").1;
        let mutants = attacks::mutants(&genuine(), seed as u64);
        assert!(mutants.len() >= 500, "{} mutants", mutants.len());
        let mut verdicts: BTreeMap<String, usize> = BTreeMap::new();
        let memory = Connection::open(layout.path("lienthong.db")).expect("the gateway's store opens");
        for mutant in &mutants {
            let before = upstream.calls().len();
            // Else one that is another spelling of what was signed would hide all after it.
            memory.execute("DELETE FROM mark", []).expect("forgotten");
            let verdict = line.say(mutant.text.clone()).await;
            let arrived = upstream.calls();
            for (_, wire) in &arrived[before..] {
                assert_eq!(*wire, signed_wire, "{} reached the service: {}", mutant.what, mutant.text);
            }
            *verdicts.entry(verdict).or_default() += 1;
        }
        println!("{} {version:?}: {} mutants: {verdicts:?}", sample.name, mutants.len());
        let (arrived, _) = (upstream.calls().len(), line.say(genuine()).await);
        assert_eq!(upstream.calls().len(), arrived + 1, "the next genuine one arrives");
    }
    world.stop().await;
}

/// A connection that is kept.
struct Line<'w> {
    world: &'w World,
    member: &'static str,
    version: Version,
    sender: SendRequest<Full<Bytes>>,
}

impl<'w> Line<'w> {
    async fn open(world: &'w World, member: &'static str, version: Version) -> Self {
        Self { world, member, version, sender: Self::connect(world, member).await }
    }

    async fn connect(world: &World, member: &str) -> SendRequest<Full<Bytes>> {
        let url: http::Uri = world.soap().parse().expect("an address");
        let stream = world.member(member).connect(&url, b"http/1.1").await.expect("connected");
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("HTTP is spoken");
        tokio::spawn(connection);
        sender
    }

    /// The stable code of the answer.
    async fn say(&mut self, message: String) -> String {
        if self.sender.ready().await.is_err() {
            self.sender = Self::connect(self.world, self.member).await;
        }
        let request = http::Request::post("/soap/hoso").header("host", "localhost");
        let request = request.header("content-type", self.version.content_type());
        let request = request.body(Full::from(message)).expect("a request");
        let answer = self.sender.send_request(request).await.expect("the gateway answers");
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.expect("a whole answer").to_bytes();
        code(&Answer { status, content_type: String::new(), body })
    }
}
