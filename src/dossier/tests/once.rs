//! Repeats: one effect, the same answer.

use super::*;

fn submission() -> SubmitDossierRequest {
    SubmitDossierRequest { dossier: Some(application()) }
}

#[tokio::test]
async fn a_repeat_by_the_same_key_gets_the_same_answer() {
    let mut bench = Bench::start().await;
    let keyed = |request| with(&[("idempotency-key", "a"), ("lienthong-member", "h56")], request);
    let first = bench.dossiers.submit_dossier(keyed(submission())).await.expect("submitted").into_inner();
    bench.at("2024-04-27T08:00");
    let second = bench.dossiers.submit_dossier(keyed(submission())).await.expect("submitted").into_inner();
    assert_eq!(first, second);

    let mut other = submission();
    other.dossier.as_mut().expect("a dossier").summary.push('!');
    let conflict = bench.dossiers.submit_dossier(keyed(other)).await.expect_err("other content");
    assert_eq!(refusal(&conflict), "AlreadyExists/ID_CONFLICT");
}

#[tokio::test]
async fn a_key_belongs_to_its_member_and_method() {
    let mut bench = Bench::start().await;
    let keyed = |member| with(&[("idempotency-key", "a"), ("lienthong-member", member)], submission());
    let first = bench.dossiers.submit_dossier(keyed("h56")).await.expect("submitted").into_inner();
    let other_member = bench.dossiers.submit_dossier(keyed("h29")).await.expect("submitted").into_inner();
    assert_ne!(first, other_member);
    let code = first.dossier.expect("summary").code;
    let request = WithdrawDossierRequest { code, reason: "Nộp nhầm".into() };
    let request = with(&[("idempotency-key", "a"), ("lienthong-member", "h56")], request);
    bench.dossiers.withdraw_dossier(request).await.expect("another method");
}

#[tokio::test]
async fn fifty_repeats_at_once_make_one_dossier() {
    let bench = Bench::start().await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let mut client = bench.dossiers.clone();
        calls.spawn(async move {
            let request = with(&[("idempotency-key", "a")], submission());
            client.submit_dossier(request).await.expect("submitted").into_inner().dossier.expect("summary").code
        });
    }
    let codes: std::collections::BTreeSet<String> = calls.join_all().await.into_iter().collect();
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), ["000.00.00.G07-240426-0001"]);
}

#[tokio::test]
async fn a_hundred_different_submissions_at_once_get_a_hundred_numbers() {
    let bench = Bench::start().await;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..100 {
        let mut client = bench.dossiers.clone();
        calls.spawn(async move {
            let request = with(&[("idempotency-key", format!("{number}").as_str())], submission());
            client.submit_dossier(request).await.expect("submitted").into_inner().dossier.expect("summary").code
        });
    }
    let codes: std::collections::BTreeSet<String> = calls.join_all().await.into_iter().collect();
    assert_eq!(codes.len(), 100);
    assert_eq!(codes.last().map(String::as_str), Some("000.00.00.G07-240426-0100"));
}

#[tokio::test]
async fn a_refused_call_is_judged_anew() {
    let mut bench = Bench::start().await;
    let code = bench.dossier_in(Status::Registered).await;
    let finish = |code: &str| {
        let request = FinishDossierRequest { code: code.into(), officer: Some(officer()), ..Default::default() };
        with(&[("idempotency-key", "f")], request)
    };
    let refused = bench.office.finish_dossier(finish(&code)).await.expect_err("not accepted yet");
    assert_eq!(refusal(&refused), "FailedPrecondition/ILLEGAL_TRANSITION");
    bench.take(&code, Status::Accepted).await.expect("accepted");
    bench.office.finish_dossier(finish(&code)).await.expect("finished now");
    bench.office.finish_dossier(finish(&code)).await.expect("and the repeat is answered");
}

#[tokio::test]
async fn a_payment_counts_once_by_its_two_ids_even_without_a_key() {
    let mut bench = Bench::start().await;
    let code = bench.dossier_in(Status::PaymentRequested).await;
    let first = bench.dossiers.confirm_payment(payment(&code, 600_000)).await.expect("paid").into_inner();
    let second = bench.dossiers.confirm_payment(payment(&code, 600_000)).await.expect("paid").into_inner();
    assert_eq!(first, second);
    assert_eq!(bench.get(&code).await.payments.len(), 1);

    for other in [
        ConfirmPaymentRequest { amount_vnd: 1, ..payment(&code, 600_000) },
        ConfirmPaymentRequest { transaction_code: "GD-2".into(), ..payment(&code, 600_000) },
        ConfirmPaymentRequest { reference_code: "TC-2".into(), ..payment(&code, 600_000) },
    ] {
        let conflict = bench.dossiers.confirm_payment(other).await.expect_err("other content");
        assert_eq!(refusal(&conflict), "AlreadyExists/ID_CONFLICT");
    }
}

#[tokio::test]
async fn what_was_answered_survives_a_restart() {
    let mut bench = Bench::start().await;
    let keyed = || with(&[("idempotency-key", "a")], submission());
    let before = bench.dossiers.submit_dossier(keyed()).await.expect("submitted").into_inner();
    let mut bench = bench.restart().await;
    let repeated = bench.dossiers.submit_dossier(keyed()).await.expect("submitted").into_inner();
    assert_eq!(before, repeated);
    assert_eq!(bench.submit(application()).await.code, "000.00.00.G07-240426-0002");
}

#[tokio::test]
async fn a_copy_of_the_database_taken_while_it_runs_holds_what_was_answered() {
    let mut bench = Bench::start().await;
    let code = bench.submit(application()).await.code;
    // What a killed process leaves behind: main file and log as they are on disk.
    let copy = std::sync::Arc::new(tempfile::tempdir().expect("a folder"));
    for file in ["dossiers.db", "dossiers.db-wal"] {
        std::fs::copy(bench.folder.join(file), copy.path().join(file)).expect("copied");
    }
    let mut revived = Bench::start_in(copy.path().to_owned(), copy.clone()).await;
    assert_eq!(revived.get(&code).await, bench.get(&code).await);
}

#[tokio::test]
async fn a_database_of_the_first_version_is_brought_up_to_date_with_what_is_in_it() {
    use crate::dossier::records::SCHEMA;
    use crate::store::Store;
    use crate::store::connection::Schema;

    let folder = std::sync::Arc::new(tempfile::tempdir().expect("a folder"));
    let first = Schema { steps: &SCHEMA.steps[..1], ..SCHEMA };
    let store = Store::open(&folder.path().join("dossiers.db"), &first).expect("opened");
    let body = Dossier { code: "G07-240426-0001".into(), ..application() }.encode_to_vec();
    let work = move |connection: &rusqlite::Connection| {
        let sql = "INSERT INTO dossier VALUES ('G07-240426-0001', '', 'G07', 0, 1, 0, ?)";
        connection.execute(sql, [body]).map_err(crate::store::error::Error::statement)
    };
    store.write(work).await.expect("written");
    drop(store);
    let mut bench = Bench::start_in(folder.path().to_owned(), folder.clone()).await;
    bench.take("G07-240426-0001", Status::Accepted).await.expect("it goes on");
}
