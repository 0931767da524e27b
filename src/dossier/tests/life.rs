//! A dossier's life, and every step it may not take.

use super::*;
use crate::dossier::lifecycle;

#[tokio::test]
async fn a_dossier_lives_from_submission_to_result() {
    let mut bench = Bench::start().await;
    let submitted = bench.submit(application()).await;
    let code = submitted.code.clone();
    assert_eq!(code, "000.00.00.G07-240426-0001");
    assert_eq!(submitted.status(), Status::Registered);
    assert_eq!((submitted.received_time, submitted.due_time), (None, None));

    let accepted = bench.take(&code, Status::Accepted).await.expect("accepted");
    assert_eq!(local(accepted.received_time), "2024-04-26T16:30");
    assert_eq!(local(accepted.due_time), "2024-05-15T16:30"); // ten working days over three holidays

    bench.at("2024-05-02T09:00");
    let request = RequestSupplementRequest {
        code: code.clone(),
        officer: Some(officer()),
        content: "Bổ sung bản sao hộ chiếu".into(),
        answer_days: 5,
        fees: vec![],
    };
    let round = bench.office.request_supplement(request).await.expect("asked").into_inner().round_id;
    assert_eq!(round, 1);

    bench.at("2024-05-03T09:00");
    let request = SupplementDossierRequest {
        code: code.clone(),
        round_id: round,
        note: "Gửi bản sao hộ chiếu".into(),
        documents: vec![paper("GPLD-07", b"ho chieu")],
        ..Default::default()
    };
    let supplemented =
        bench.dossiers.supplement_dossier(request).await.expect("supplemented").into_inner().dossier.expect("summary");
    assert_eq!(supplemented.status(), Status::Accepted); // back to where it was
    assert_eq!(local(supplemented.due_time), "2024-05-16T16:30"); // one working day later

    bench.take(&code, Status::Processing).await.expect("processing");
    let paying = bench.take(&code, Status::PaymentRequested).await.expect("to be paid");
    assert_eq!(paying.status(), Status::PaymentRequested);
    let paid = bench.dossiers.confirm_payment(payment(&code, 600_000)).await.expect("paid").into_inner();
    assert_eq!(paid.dossier.expect("summary").status(), Status::Processing);
    bench.take(&code, Status::Processing).await.expect("another step");

    bench.at("2024-05-15T10:00");
    bench.take(&code, Status::Processed).await.expect("processed");
    bench.at("2024-05-16T08:00");
    let returned = bench.take(&code, Status::Returned).await.expect("returned");
    assert_eq!(local(returned.processed_time), "2024-05-15T10:00");
    assert_eq!(local(returned.returned_time), "2024-05-16T08:00");

    let whole = bench.get(&code).await;
    let sent = application();
    assert_eq!(whole.owner, sent.owner);
    assert_eq!(whole.form, sent.form);
    assert_eq!(whole.documents, sent.documents); // contents and all
    assert_eq!(whole.field_name, "Việc làm"); // from the catalogue
    assert_eq!(whole.payments.len(), 1);
    assert_eq!(whole.results, [super::result()]);
    let round = &whole.supplement_rounds[0];
    assert!(round.answered);
    assert_eq!(round.documents, [paper("GPLD-07", b"ho chieu")]);
    assert_eq!(local(round.previous_due_time), "2024-05-15T16:30");
    assert_eq!(local(round.new_due_time), "2024-05-16T16:30");
    assert_eq!(local(round.answer_until_time), "2024-05-09T09:00");
    let statuses: Vec<i32> = whole.progress.iter().map(|step| step.status).collect();
    assert_eq!(statuses, [1, 2, 5, 2, 4, 6, 4, 4, 9, 10]);

    let request = ListProgressRequest { code: code.clone() };
    let progress = bench.dossiers.list_progress(request).await.expect("found").into_inner();
    assert_eq!((progress.code, progress.steps), (code, whole.progress));
}

#[tokio::test]
async fn every_method_in_every_status_does_what_the_table_says() {
    let mut bench = Bench::start().await;
    for from in (1..=10).map(|number| Status::try_from(number).expect("a status")) {
        for to in (2..=10).map(|number| Status::try_from(number).expect("a status")) {
            let code = bench.dossier_in(from).await;
            let answer = bench.take(&code, to).await;
            // Resuming has a method of its own.
            let legal = lifecycle::allows(from, to) && (from, to) != (Status::Stopped, Status::Processing);
            match answer {
                Ok(dossier) => {
                    assert!(legal, "{from:?} to {to:?}");
                    assert_eq!(dossier.status(), to);
                }
                Err(status) => {
                    assert!(!legal, "{from:?} to {to:?}: {status}");
                    assert_eq!(refusal(&status), "FailedPrecondition/ILLEGAL_TRANSITION");
                    assert_eq!(bench.get(&code).await.status(), from);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_stopped_dossier_is_resumed_or_given_back_without_a_result() {
    let mut bench = Bench::start().await;
    let code = bench.dossier_in(Status::Stopped).await;
    let request = ResumeDossierRequest { code: code.clone(), officer: Some(officer()), note: String::new() };
    let resumed = bench.office.resume_dossier(request.clone()).await.expect("resumed").into_inner();
    assert_eq!(resumed.dossier.expect("summary").status(), Status::Processing);
    let again = bench.office.resume_dossier(request).await.expect_err("not stopped");
    assert_eq!(refusal(&again), "FailedPrecondition/ILLEGAL_TRANSITION");

    let code = bench.dossier_in(Status::Stopped).await;
    let request = ReturnResultRequest { code: code.clone(), officer: Some(officer()), ..Default::default() };
    bench.office.return_result(request).await.expect("given back");
    let dossier = bench.get(&code).await;
    assert_eq!(dossier.status(), Status::Returned);
    assert!(dossier.processed_time.is_some() && dossier.returned_time.is_some());
}

#[tokio::test]
async fn a_supplement_before_acceptance_leads_back_to_registration() {
    let mut bench = Bench::start().await;
    let code = bench.dossier_in(Status::SupplementRequested).await;
    let request = SupplementDossierRequest { code, round_id: 1, note: "Đã bổ sung".into(), ..Default::default() };
    let answer = bench.dossiers.supplement_dossier(request).await.expect("taken").into_inner();
    let dossier = answer.dossier.expect("summary");
    assert_eq!((dossier.status(), dossier.due_time), (Status::Registered, None));
}

#[tokio::test]
async fn a_payment_at_return_leads_back_to_processed() {
    let mut bench = Bench::start().await;
    let code = bench.dossier_in(Status::Processed).await;
    bench.take(&code, Status::PaymentRequested).await.expect("asked");
    let answer = bench.dossiers.confirm_payment(payment(&code, 600_000)).await.expect("paid").into_inner();
    assert_eq!(answer.dossier.expect("summary").status(), Status::Processed);
    bench.take(&code, Status::Returned).await.expect("returned");
}

#[tokio::test]
async fn a_dossier_taken_in_at_a_counter_is_accepted_at_once() {
    let mut bench = Bench::start().await;
    let at_counter = Dossier { status: Status::Accepted.into(), channel: Channel::InPerson.into(), ..application() };
    let dossier = bench.submit(at_counter).await;
    assert_eq!(dossier.status(), Status::Accepted);
    assert_eq!(local(dossier.received_time), "2024-04-26T16:30");
    assert_eq!(local(dossier.due_time), "2024-05-15T16:30");
}

#[tokio::test]
async fn numbers_count_each_units_day_in_local_time() {
    let mut bench = Bench::start().await;
    let for_unit = |unit: &str| Dossier { processing_unit_code: unit.into(), ..application() };
    let mut codes = Vec::new();
    for (moment, unit) in [
        ("2024-04-26T16:30", "000.00.00.G07"),
        ("2024-04-26T23:59", "000.00.00.G07"), // 16:59 in UTC
        ("2024-04-26T23:59", "G07.12"),
        ("2024-04-27T00:00", "000.00.00.G07"), // still the 26th in UTC
        ("2024-04-27T06:59", "G07"),           // the same agency, written short
    ] {
        bench.at(moment);
        codes.push(bench.submit(for_unit(unit)).await.code);
    }
    assert_eq!(
        codes,
        [
            "000.00.00.G07-240426-0001",
            "000.00.00.G07-240426-0002",
            "G07.12-240426-0001",
            "000.00.00.G07-240427-0001",
            "G07-240427-0002",
        ]
    );
    assert_eq!(bench.get("G07-240426-0001").await.code, "000.00.00.G07-240426-0001");
}

#[tokio::test]
async fn a_clock_set_back_never_puts_the_end_before_the_beginning() {
    let mut bench = Bench::start().await;
    let code = bench.dossier_in(Status::Accepted).await;
    bench.at("2024-04-20T09:00");
    bench.take(&code, Status::Processed).await.expect("processed");
    let dossier = bench.get(&code).await;
    assert_eq!(dossier.processed_time, dossier.received_time);
}

#[tokio::test]
async fn what_the_ministry_sets_is_not_taken_from_a_submission() {
    let mut bench = Bench::start().await;
    let forged = Dossier {
        received_time: Some(time("2024-01-01T08:00")),
        due_time: Some(time("2024-01-02T08:00")),
        returned_time: Some(time("2024-01-02T08:00")),
        results: vec![super::result()],
        progress: vec![ProgressStep { content: "Đã duyệt".into(), ..Default::default() }],
        payments: vec![Payment::default()],
        return_note: "Đã trả".into(),
        ..application()
    };
    let code = bench.submit(forged).await.code;
    let dossier = bench.get(&code).await;
    assert_eq!((dossier.received_time, dossier.due_time, dossier.returned_time), (None, None, None));
    assert!(dossier.results.is_empty() && dossier.payments.is_empty() && dossier.return_note.is_empty());
    assert_eq!(dossier.progress.len(), 1);
    assert_eq!(
        dossier.progress[0].content,
        "Đăng ký hồ sơ. Giấy tờ chưa có: Giấy tờ chứng minh vị trí công việc, Ảnh 4x6, Bản sao hộ chiếu"
    );
}
