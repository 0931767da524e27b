//! Rules of speech: what a member may hand over, and whose dossiers it may ask about and act on.

use lienthong::soap::version::Version;

use crate::client::{Http, post, send};
use crate::hostile;
use crate::world::{Facts, World, element, xroad};
use lienthong::sandbox::message::envelope;
use lienthong::sandbox::samples::Sample;

/// Operations on one dossier, by their samples.
const ON_A_DOSSIER: [&str; 6] =
    ["TraCuuHoSo", "LayTienDoHoSo", "LayTaiLieuHoSo", "BoSungHoSo", "XacNhanThanhToan", "RutHoSo"];

fn body(sample: &str, facts: &Facts) -> String {
    facts.fill(Sample::named(sample).expect("there is such a sample").template())
}

/// The outcome in the answer's body, or the fault's code.
async fn outcome(world: &World, member: &str, body: &str) -> String {
    let answer = world.say_as(member, body).await.text();
    let code = element(&answer, "error_code").or_else(|| element(&answer, "Code"));
    code.unwrap_or_else(|| panic!("neither an outcome nor a fault: {answer}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_is_there_for_who_submitted_it_and_for_its_parties_alone() {
    let world = World::start().await;
    let steps = |steps: &[&str]| steps.iter().map(|step| (*step).to_owned()).collect::<Vec<_>>();
    let asked = world.prepare(&steps(&["submit", "accept", "request-supplement"])).await;
    let mut unknown = world.prepare(&steps(&["submit"])).await;
    hostile::UNKNOWN.clone_into(&mut unknown.dossier);
    for sample in ON_A_DOSSIER {
        let theirs = outcome(&world, "h29", &body(sample, &asked)).await;
        assert_eq!(theirs, "404", "{sample} of another's dossier");
        assert_eq!(outcome(&world, "h29", &body(sample, &unknown)).await, theirs, "{sample}: existence is not told");
    }
    for sample in ["TraCuuHoSo", "LayTienDoHoSo", "BoSungHoSo", "RutHoSo"] {
        assert_eq!(outcome(&world, "dvcqg", &body(sample, &asked)).await, "0", "{sample} of one's own dossier");
    }
    // Handed over by the portal, numbered and handled by the province.
    let of_h56 = world.prepare(&steps(&["submit sync"])).await;
    for (member, expected) in [("h56", "0"), ("dvcqg", "0"), ("h29", "404")] {
        for sample in ["TraCuuHoSo", "LayTienDoHoSo"] {
            assert_eq!(outcome(&world, member, &body(sample, &of_h56)).await, expected, "{sample} by {member}");
        }
    }
    let progress = body("CapNhatTienDoHoSoMC", &of_h56);
    assert_eq!(outcome(&world, "h56", &progress).await, "0", "the party reports");
    assert_eq!(outcome(&world, "h29", &progress).await, "forbidden", "by its certificate, at the gateway");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_shows_a_member_its_own_and_its_agencies_dossiers() {
    let world = World::start().await;
    let step = |step: &str| vec![step.to_owned()];
    let facts = world.prepare(&step("submit")).await;
    world.prepare(&step("submit sync")).await;
    let list = body("DanhSachHoSo", &facts);
    let of_h56 = list.replace("000.00.00.G07", "000.00.00.H56");
    let mut totals = Vec::new();
    for member in ["dvcqg", "h56", "h29"] {
        for list in [&list, &of_h56] {
            let answer = world.say_as(member, list).await.text();
            totals.push(element(&answer, "total").unwrap_or_else(|| panic!("no list: {answer}")));
        }
    }
    assert_eq!(totals, ["1", "1", "0", "1", "0", "0"], "the ministry's and the province's, by each member");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_without_right_is_refused_before_its_body_is_judged() {
    let world = World::start().await;
    // Not valid, and not h56's to call either: the right is asked for first.
    let body = "<hs:XacNhanThanhToan xmlns:hs=\"http://molisa.gov.vn/hoso/1.0\"><Sai/></hs:XacNhanThanhToan>";
    let answer = world.say_as("h56", body).await.text();
    assert_eq!(element(&answer, "Code").as_deref(), Some("forbidden"), "{answer}");
    assert_eq!(element(&answer, "Rule").as_deref(), Some("right.operation"));
    assert_eq!(element(&answer, "Path").as_deref(), Some("/XacNhanThanhToan"));
    assert_eq!(outcome(&world, "h29", body).await, "invalid_schema", "who has the right is told what is wrong");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_s_own_limit_on_size_holds_over_both_versions_of_http() {
    let world = World::start().await;
    // As in the sandbox's members.toml.
    let bytes_max = 4 << 20;
    let message = |length: usize| {
        let mut message =
            envelope(Version::Soap11, Some(&xroad("h29", "TraCuuHoSo")), &hostile::lookup(hostile::UNKNOWN));
        let padding = length - message.len();
        message.extend(std::iter::repeat_n(b' ', padding));
        message
    };
    for http in [Http::One, Http::Two] {
        for (member, length, expected) in
            [("h29", bytes_max, 200), ("h29", bytes_max + 1, 413), ("dvcqg", bytes_max + 1, 500)]
        {
            let request = post(&world.soap(), Version::Soap11.content_type(), message(length));
            let answer = send(&world.member(member), http, request).await.expect("the gateway answers");
            // The portal may send it, but not in the name of another.
            assert_eq!(answer.status, expected, "{member} {length} {http:?}: {:.300}", answer.text());
        }
    }
    world.stop().await;
}
