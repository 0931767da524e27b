//! What the caller reads when the ministry's side is down, slow or wrong, or when the caller itself stalls.

use std::time::{Duration, Instant};

use bytes::Bytes;
use lienthong::sandbox::samples::Sample;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::Answer;
use crate::golden::assert_golden;
use crate::hostile;
use crate::upstream::Manner;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_service_that_is_down_is_unavailable_and_found_again_when_it_is_up() {
    let mut world = World::start().await;
    world.stop_dossier_service().await;
    assert_golden("dossier-service-down", &look(&world).await);
    let sample = Sample::named("NopHoSo").expect("there is such a sample");
    let body = world.prepare(&[]).await.fill(sample.template());
    assert_golden("dossier-service-down-submit", &world.say(&body).await);
    world.start_dossier_service().await;
    for _ in 0..50 {
        if look(&world).await.status == 200 {
            return world.stop().await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the gateway does not find the service again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_service_that_is_slow_is_given_up_at_the_deadline() {
    let (world, upstream) = World::before_upstream(Manner::Slow(Duration::from_secs(60))).await;
    let started = Instant::now();
    let answer = look(&world).await;
    assert!(started.elapsed() < Duration::from_secs(10), "took {:?}", started.elapsed());
    assert_golden("dossier-service-slow", &answer);
    upstream.set(Manner::Answer(Bytes::new()));
    assert_eq!(look(&world).await.status, 200);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_dossier_service_does_wrong_is_the_ministrys_fault() {
    let (world, upstream) = World::before_upstream(Manner::Answer(Bytes::from_static(b"\xff\xff\xff"))).await;
    assert_golden("dossier-service-answers-nonsense", &look(&world).await);
    // GetDossierResponse{dossier{code "x"}}: a code that the contract does not allow, and much that is missing.
    upstream.set(Manner::Answer(Bytes::from_static(b"\x0a\x03\x0a\x01x")));
    assert_golden("dossier-service-answers-against-the-contract", &look(&world).await);
    for (name, status) in [("internal", 13), ("unimplemented", 12), ("exhausted", 8), ("unauthenticated", 16)] {
        upstream.set(Manner::Refuse(status, "for%20the%20log%20only"));
        let answer = look(&world).await;
        assert!(!answer.text().contains("log only"), "{}", answer.text());
        assert_golden(&format!("dossier-service-{name}"), &answer);
    }
    upstream.set(Manner::Refuse(5, "no%20reason%20given"));
    assert_golden("dossier-service-not-found", &look(&world).await);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_sends_half_a_body_and_waits_is_answered_and_let_go() {
    let (world, _upstream) = World::before_upstream(Manner::Answer(Bytes::new())).await;
    let body = hostile::envelope(&hostile::lookup(hostile::UNKNOWN));
    let url: http::Uri = world.soap().parse().expect("the address is an address");
    let mut stream = world.member("dvcqg").connect(&url, b"http/1.1").await.expect("the gateway accepts");
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n",
        url.path(),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("the head is written");
    stream.write_all(&body.as_bytes()[..body.len() / 2]).await.expect("half the body is written");
    let started = Instant::now();
    let mut answer = Vec::new();
    // The gateway closes the connection: it cannot know where the next request begins.
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.expect("it is let go");
    assert!(started.elapsed() < Duration::from_secs(10), "took {:?}", started.elapsed());
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(look(&world).await.status, 200);
    world.stop().await;
}

async fn look(world: &World) -> Answer {
    world.say(&hostile::lookup(hostile::UNKNOWN)).await
}
