//! Who may not call, and what may not be said twice.

use lienthong::sandbox::message::{XRoad, envelope};
use lienthong::sandbox::pki;
use lienthong::sandbox::samples::Sample;
use lienthong::soap::version::Version;
use tempfile::TempDir;

use crate::client::{Answer, Http, Identity, post, send};
use crate::golden::assert_golden;
use crate::hostile;
use crate::world::{World, element, xroad};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_certificate_or_with_a_foreign_one_there_is_no_connection() {
    let world = World::start().await;
    let elsewhere = TempDir::new().expect("a temporary directory can be made");
    let foreign = lienthong::sandbox::layout::Layout::at(elsewhere.path());
    pki::make(&foreign).expect("keys can be made");
    let pair = foreign.member("dvcqg");
    let nobody = Identity { ca: world.layout().ca(), pair: None };
    let stranger = Identity { ca: world.layout().ca(), pair: Some((pair.certificate, pair.key)) };
    for http in [Http::One, Http::Two] {
        for identity in [&nobody, &stranger] {
            let request = post(&world.soap(), TEXT_XML, hostile::envelope(&hostile::lookup(hostile::UNKNOWN)));
            let sent = send(identity, http, request).await;
            // In TLS 1.3 the client has finished its handshake before the server looks at the certificate.
            let error = sent.expect_err("nobody answers a stranger");
            assert!(error.starts_with("connection") || error.starts_with("exchange") || error.starts_with("handshake"));
        }
    }
    world.assert_serves().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_no_member_gets_a_fault() {
    let world = World::start().await;
    let pair = world.layout().pair("internal-client");
    let identity = Identity { ca: world.layout().ca(), pair: Some((pair.certificate, pair.key)) };
    let message = envelope(Version::Soap11, None, &hostile::lookup(hostile::UNKNOWN));
    let answer = send(&identity, Http::One, post(&world.soap(), TEXT_XML, message)).await;
    assert_golden("caller-is-no-member", &answer.expect("the gateway answers"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_header_that_names_another_member_gets_a_fault() {
    let world = World::start().await;
    let body = hostile::lookup(hostile::UNKNOWN);
    let message = envelope(Version::Soap11, Some(&xroad("h29", "TraCuuHoSo")), &body);
    let answer = send(&world.member("dvcqg"), Http::One, post(&world.soap(), TEXT_XML, message)).await;
    assert_golden("client-header-of-another", &answer.expect("the gateway answers"));
    world.assert_serves().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_member_does_not_find_a_dossier_that_is_not_its_own() {
    let world = World::start().await;
    let facts = world.prepare(&["submit".to_owned()]).await;
    let body = facts.fill(Sample::named("TraCuuHoSo").expect("there is such a sample").template());
    let message = envelope(Version::Soap11, Some(&xroad("h29", "TraCuuHoSo")), &body);
    let answer = send(&world.member("h29"), Http::One, post(&world.soap(), TEXT_XML, message)).await;
    let text = answer.expect("the gateway answers").text();
    assert_eq!(element(&text, "error_code").as_deref(), Some("404"), "{text}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_message_has_one_effect_and_the_same_id_with_another_content_is_a_conflict() {
    let world = World::start().await;
    let sample = Sample::named("NopHoSo").expect("there is such a sample");
    let body = world.prepare(&[]).await.fill(sample.template());
    let headers = xroad("dvcqg", "NopHoSo");
    let first = say(&world, &headers, &body).await;
    let again = say(&world, &headers, &body).await;
    let code = element(&first.text(), "MaHoSo").expect("the dossier has a code");
    assert_eq!(element(&again.text(), "MaHoSo"), Some(code));
    let other = body.replace("<HinhThuc>1<", "<HinhThuc>0<");
    assert_golden("same-id-other-content", &say(&world, &headers, &other).await);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_headers_the_portals_own_code_tells_a_repeat() {
    let world = World::start().await;
    let sample = Sample::named("NopHoSo").expect("there is such a sample");
    let body = world.prepare(&[]).await.fill(sample.template());
    let mut codes = Vec::new();
    for version in [Version::Soap11, Version::Soap12] {
        let request = post(&world.soap(), version.content_type(), envelope(version, None, &body));
        let answer = send(&world.member("dvcqg"), Http::One, request).await.expect("the gateway answers");
        codes.push(element(&answer.text(), "MaHoSo").unwrap_or_else(|| panic!("{}", answer.text())));
    }
    assert_eq!(codes[0], codes[1]);
    let start = body.find("<MaHoSoKhac>").expect("the sample has a code of its own");
    let end = body.find("</MaHoSoKhac>").expect("the sample has a code of its own") + "</MaHoSoKhac>".len();
    let without = format!("{}{}", &body[..start], &body[end..]);
    let request = post(&world.soap(), TEXT_XML, envelope(Version::Soap11, None, &without));
    let answer = send(&world.member("dvcqg"), Http::One, request).await.expect("the gateway answers");
    assert_golden("once-without-id", &answer);
    world.stop().await;
}

async fn say(world: &World, headers: &XRoad, body: &str) -> Answer {
    let message = envelope(Version::Soap11, Some(headers), body);
    send(&world.member("dvcqg"), Http::One, post(&world.soap(), TEXT_XML, message)).await.expect("the gateway answers")
}

const TEXT_XML: &str = "text/xml; charset=utf-8";
