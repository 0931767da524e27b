//! X-Road message protocol 4.0 (PR-MESS), rule by rule, at the gateway's door.
//!
//! | rule | judged by |
//! |---|---|
//! | 2.1 identifiers: parts complete, of the allowed characters, of their objectType | `soap::xroad`: `identifiers_are_complete_and_of_their_object_type` |
//! | 2.1 centralService beside the service it was resolved to | `soap::xroad`: `a_central_service_stands_beside_the_service_it_was_resolved_to` |
//! | 2.2 client, service, id, protocolVersion are mandatory, userId and issue are not; each once | `soap::xroad`: `mandatory_fields_are_demanded_as_soon_as_one_field_is_there`, `a_field_stands_once` |
//! | 2.2 protocolVersion 4.x | `soap::xroad`: `versions_of_the_same_major_number_are_compatible` |
//! | 2.2 the answer has all fields of its question, in their order, with their values; extensions too | [`an_answer_repeats_every_field_in_order`] |
//! | 2.2 requestHash is the security server's to make | [`an_answer_repeats_every_field_in_order`] |
//! | 2.2 serviceVersion, userId and issue reach the service | `inbound`: `the_service_learns_who_asks_and_by_which_message` |
//! | 2.3 the Body's wrapper is named as serviceCode | [`a_service_code_at_odds_with_the_body_is_refused`] |
//! | 2.3 the answer's wrapper has `Response` behind that name | [`an_answer_repeats_every_field_in_order`]; `binding`: `under_x_road_an_answer_is_named_like_its_request` |
//! | 2.4 multipart with the SOAP part only is one form of a message; transfer encodings; MTOM | [`a_message_comes_in_every_form_that_the_protocol_has`] |
//! | 2.4 attachments: not taken, and said so | [`what_is_not_one_soap_message_is_refused_clearly`] |
//! | 2.5 no charset means UTF-8; byte order mark; UTF-16 by its name | [`a_message_comes_in_every_form_that_the_protocol_has`] |
//! | 2.6 technical errors are SOAP faults, with the question's fields | [`a_service_code_at_odds_with_the_body_is_refused`] |
//! | 3 SOAPAction says nothing about the operation | [`a_message_comes_in_every_form_that_the_protocol_has`] |

use bytes::Bytes;

use crate::client::{Answer, Http, send};
use crate::hostile;
use crate::world::{World, element};

/// Sends a body under a media type as the national portal.
async fn ask(world: &World, content_type: &str, body: impl Into<Bytes>) -> Answer {
    let request = http::Request::post(world.soap())
        .header("content-type", content_type)
        .header("soapaction", "\"urn:another-operation\"")
        .body(body.into())
        .expect("the request is well formed");
    send(&world.member("dvcqg"), Http::One, request).await.expect("the gateway answers")
}

/// A lookup with these header fields.
fn message(fields: &str) -> String {
    let body = hostile::lookup(hostile::UNKNOWN);
    format!(
        r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:x="http://x-road.eu/xsd/xroad.xsd" xmlns:i="http://x-road.eu/xsd/identifiers"><s:Header>{fields}</s:Header><s:Body>{body}</s:Body></s:Envelope>"#
    )
}

/// All that a request may carry, in an order of its own.
fn fields() -> String {
    format!("<x:issue>12/2018 — đơn</x:issue>{ID}{CENTRAL}{SERVICE}<x:userId>VN001</x:userId>{PARTY}{VERSION}{CLIENT}")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_repeats_every_field_in_order() {
    let world = World::start().await;
    let sent = fields();
    let with_hash = sent.replace(ID, &format!("{ID}<x:requestHash algorithmId=\"SHA-512\">AAAA</x:requestHash>"));
    let answer = ask(&world, "text/xml", message(&with_hash)).await;
    let text = answer.text();
    assert_eq!((answer.status, answer.content_type.as_str()), (200, "text/xml; charset=utf-8"), "{text}");
    assert!(text.contains(&format!(">{sent}</soapenv:Header>")), "{text}");
    assert!(!text.contains("requestHash"), "{text}");
    assert!(text.contains(":TraCuuHoSoResponse xmlns:"), "{text}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_comes_in_every_form_that_the_protocol_has() {
    let world = World::start().await;
    let text = message(&fields());
    let utf_16: Vec<u8> = format!("\u{FEFF}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect();
    let related = "multipart/related; type=\"text/xml\"; start=\"<root>\"; boundary=\"uuid:1+id=2\"";
    let mtom = "multipart/related; type=\"application/xop+xml\"; start-info=\"text/xml\"; boundary=\"uuid:1+id=2\"";
    let xml = "Content-Type: text/xml; charset=UTF-8\r\nContent-ID: <root>\r\nContent-Transfer-Encoding: ";
    let part = |header: &str, content: &str| {
        format!("\r\n--uuid:1+id=2\r\n{header}\r\n\r\n{content}\r\n--uuid:1+id=2--\r\n").into_bytes()
    };
    let quoted = text.replace('=', "=3D").replace('đ', "=C4=91").replace("><", ">=\r\n<");
    let base64 = "Content-Type: text/xml; charset=utf-8\r\nContent-ID: root\r\nContent-Transfer-Encoding: base64";
    let encoded = base64_simd::STANDARD.encode_to_string(&text);
    for (kind, body) in [
        ("text/xml", text.clone().into_bytes()),
        ("text/xml; charset=\"UTF-8\"", text.clone().into_bytes()),
        ("text/xml", format!("\u{FEFF}{text}").into_bytes()),
        ("text/xml; charset=utf-16", utf_16),
        (related, part(&format!("{xml}8bit"), &text)),
        (related, part(&format!("{xml}binary"), &text)),
        (related, part(&format!("{xml}quoted-printable"), &quoted)),
        (related, part(base64, &encoded)),
        (mtom, part("Content-Type: application/xop+xml; charset=UTF-8; type=\"text/xml\"", &text)),
    ] {
        let answer = ask(&world, kind, body).await;
        let text = answer.text();
        assert_eq!((answer.status, answer.content_type.as_str()), (200, "text/xml; charset=utf-8"), "{kind}: {text}");
        assert_eq!(element(&text, "error_code").as_deref(), Some("404"), "{kind}: {text}");
        assert_eq!(element(&text, "issue").as_deref(), Some("12/2018 — đơn"), "{kind}: {text}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_one_soap_message_is_refused_clearly() {
    let world = World::start().await;
    let text = message(&fields());
    let related = "multipart/related; type=\"text/xml\"; boundary=b";
    let with_file = format!("--b\r\n\r\n{text}\r\n--b\r\nContent-ID: <f>\r\n\r\nfile\r\n--b--");
    for (kind, body, status, said) in [
        (related, with_file, 500, "attachments are not taken by this operation: send the SOAP part only"),
        (related, text.clone(), 500, "a line with the boundary must begin the first part"),
        (
            related,
            format!("--b\r\n\r\n{text}\r\n--b"),
            500,
            "a line that begins with the boundary must hold nothing else",
        ),
        ("multipart/related; type=\"text/xml\"", text.clone(), 415, "multipart/related with a boundary"),
        ("multipart/form-data; boundary=b", text.clone(), 415, "send text/xml"),
    ] {
        let answer = ask(&world, kind, body).await;
        let text = answer.text();
        assert_eq!(answer.status, status, "{kind}: {text}");
        assert!(text.to_lowercase().contains(&said.to_lowercase()), "{kind}: {text}");
        assert!(status != 500 || element(&text, "Code").as_deref() == Some("invalid_envelope"), "{text}");
    }
    world.assert_serves().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_code_at_odds_with_the_body_is_refused() {
    let world = World::start().await;
    let sent = fields().replace(
        "<i:serviceCode>TraCuuHoSo</i:serviceCode><i:serviceVersion>",
        "<i:serviceCode>NopHoSo</i:serviceCode><i:serviceVersion>",
    );
    let answer = ask(&world, "text/xml", message(&sent)).await;
    let text = answer.text();
    assert_eq!(answer.status, 500, "{text}");
    assert!(text.contains("<faultcode>soapenv:Client.InconsistentHeaders</faultcode>"), "{text}");
    assert!(text.contains(&format!(">{sent}</soapenv:Header>")), "{text}");
    world.stop().await;
}

const ID: &str = "<x:id>6d8b1f0e-9d8c-4f1e-8f43-1c1b1f0e9d8c</x:id>";
const VERSION: &str = "<x:protocolVersion>4.0</x:protocolVersion>";
const CLIENT: &str = r#"<x:client i:objectType="SUBSYSTEM"><i:xRoadInstance>VN</i:xRoadInstance><i:memberClass>GOV</i:memberClass><i:memberCode>000.00.00.G22</i:memberCode><i:subsystemCode>dvcqg</i:subsystemCode></x:client>"#;
const SERVICE: &str = r#"<x:service i:objectType="SERVICE"><i:xRoadInstance>VN</i:xRoadInstance><i:memberClass>GOV</i:memberClass><i:memberCode>000.00.00.G07</i:memberCode><i:subsystemCode>dvc</i:subsystemCode><i:serviceCode>TraCuuHoSo</i:serviceCode><i:serviceVersion>v1</i:serviceVersion></x:service>"#;
const CENTRAL: &str = r#"<x:centralService i:objectType="CENTRALSERVICE"><i:xRoadInstance>VN</i:xRoadInstance><i:serviceCode>TraCuuHoSo</i:serviceCode></x:centralService>"#;
/// Of the third party representation extension.
const PARTY: &str = r#"<r:representedParty xmlns:r="http://x-road.eu/xsd/representation.xsd"><r:partyCode>p1</r:partyCode></r:representedParty>"#;
