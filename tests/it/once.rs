//! A request that has an effect has it once: its repeats get the first answer.

use std::time::Duration;

use bytes::Bytes;
use lienthong::dossier::contract::molisa::dossier::v1::{DossierSummary, Status, SubmitDossierResponse};
use lienthong::sandbox::message::{XRoad, envelope};
use lienthong::sandbox::samples::Sample;
use lienthong::soap::version::Version;
use prost::Message;
use rusqlite::Connection;

use crate::client::{Answer, Http, post, send};
use crate::hostile;
use crate::upstream::Manner;
use crate::world::{World, element, root_name, xroad};

/// A submission, and its message for any id.
fn submission(world: &World) -> impl Fn(&str) -> Vec<u8> + use<> {
    let body = world.facts().fill(Sample::named("NopHoSo").expect("there is such a sample").template());
    message(body)
}

fn message(body: String) -> impl Fn(&str) -> Vec<u8> {
    move |id: &str| {
        let headers = XRoad { id: id.to_owned(), ..xroad("h56", &root_name(&body)) };
        envelope(Version::Soap11, Some(&headers), &body)
    }
}

async fn say(world: &World, message: Vec<u8>) -> Answer {
    let request = post(&world.soap(), Version::Soap11.content_type(), message);
    send(&world.member("h56"), Http::One, request).await.expect("the gateway answers")
}

fn is_repeated(answer: &Answer) -> bool {
    answer.text().contains("<lt:Repeated xmlns:lt=\"urn:lienthong:notice:1\"/>")
}

fn code(answer: &Answer) -> Option<String> {
    element(&answer.text(), "Code")
}

fn accepted(code: &str) -> Manner {
    let dossier = DossierSummary { code: code.to_owned(), status: Status::Registered.into(), ..Default::default() };
    Manner::Answer(Bytes::from(SubmitDossierResponse { dossier: Some(dossier) }.encode_to_vec()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_gets_the_first_answer_though_the_service_is_gone_and_the_gateway_was_restarted() {
    let mut world = World::start().await;
    let submit = submission(&world);
    let first = say(&world, submit("a")).await;
    let dossier = element(&first.text(), "MaHoSo").expect("submitted");
    assert!(!is_repeated(&first), "{}", first.text());
    world.stop_dossier_service().await;
    let repeat = say(&world, submit("a")).await;
    assert_eq!(element(&repeat.text(), "MaHoSo").as_ref(), Some(&dossier), "{}", repeat.text());
    assert!(is_repeated(&repeat), "{}", repeat.text());
    assert_eq!(code(&say(&world, submit("b")).await).as_deref(), Some("unavailable"), "another id is another request");
    let world = world.restart_gateway().await;
    let repeat = say(&world, submit("a")).await;
    assert_eq!(element(&repeat.text(), "MaHoSo"), Some(dossier), "{}", repeat.text());
    let other = say(&world, submission(&world)("a")).await;
    assert_eq!(code(&other).as_deref(), Some("id_conflict"), "{}", other.text());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_reaches_the_service_and_all_get_its_answer() {
    let (world, upstream) = World::before_upstream(accepted("000.00.00.G07-261124-0001")).await;
    let submit = submission(&world);
    let all = (0..20).map(|_| say(&world, submit("a")));
    let answers = futures(all).await;
    assert_eq!(upstream.calls().len(), 1);
    for answer in &answers {
        assert_eq!(
            element(&answer.text(), "MaHoSo").as_deref(),
            Some("000.00.00.G07-261124-0001"),
            "{}",
            answer.text()
        );
    }
    assert_eq!(answers.iter().filter(|answer| is_repeated(answer)).count(), 19);
    world.stop().await;
}

/// All of them at once.
async fn futures(all: impl Iterator<Item = impl Future<Output = Answer>>) -> Vec<Answer> {
    let mut waiting: Vec<_> = all.map(Box::pin).collect();
    let mut answers = Vec::new();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|one| match one.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                answers.push(answer);
                false
            }
            std::task::Poll::Pending => true,
        });
        if waiting.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_service_decided_is_kept_and_what_it_did_not_is_asked_again() {
    let (world, upstream) = World::before_upstream(Manner::Refuse(14, "away")).await;
    let submit = submission(&world);
    assert_eq!(code(&say(&world, submit("a")).await).as_deref(), Some("unavailable"));
    upstream.set(Manner::Slow(Duration::from_secs(60)));
    assert_eq!(code(&say(&world, submit("a")).await).as_deref(), Some("timeout"));
    upstream.set(Manner::Refuse(9, "không được"));
    let refused = say(&world, submit("a")).await;
    assert_eq!(upstream.calls().len(), 3);
    upstream.set(accepted("000.00.00.G07-261124-0001"));
    let repeat = say(&world, submit("a")).await;
    assert_eq!(upstream.calls().len(), 3, "it was decided");
    assert!(is_repeated(&repeat) && !is_repeated(&refused));
    assert_eq!(element(&repeat.text(), "error_code"), element(&refused.text(), "error_code"));
    let ask = message(hostile::lookup(hostile::UNKNOWN));
    say(&world, ask("q")).await;
    say(&world, ask("q")).await;
    assert_eq!(upstream.calls().len(), 5, "a question is asked as often as it is sent");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_reaches_the_service_that_cannot_be_remembered() {
    let (world, upstream) = World::before_upstream(accepted("000.00.00.G07-261124-0001")).await;
    let submit = submission(&world);
    let locked = Connection::open(world.layout().path("lienthong.db")).expect("the store opens");
    locked.execute_batch("BEGIN EXCLUSIVE").expect("nobody else writes now");
    assert_eq!(code(&say(&world, submit("a")).await).as_deref(), Some("unavailable"));
    assert!(upstream.calls().is_empty());
    locked.execute_batch("ROLLBACK").expect("given back");
    let answer = say(&world, submit("a")).await;
    assert_eq!(answer.status, 200, "it goes on by itself: {}", answer.text());
    world.stop().await;
}
