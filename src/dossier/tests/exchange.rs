//! Batches: dossiers and progress from elsewhere, each item by itself.

use super::*;

const CODE: &str = "000.00.00.H56-240426-0000417";

/// A dossier of a province's, accepted at its counter.
fn elsewhere(code: &str) -> Dossier {
    Dossier {
        code: code.into(),
        processing_unit_name: "Sở Nội vụ tỉnh Thanh Hóa".into(),
        processing_unit_code: "000.00.00.H56".into(),
        submission_place: SubmissionPlace::LocalPortal.into(),
        submitted_time: Some(time("2024-04-26T08:00")),
        received_time: Some(time("2024-04-26T08:30")),
        status: Status::Accepted.into(),
        procedure_name: "Cấp giấy phép lao động".into(),
        ..application()
    }
}

fn step(at: &str, status: Status) -> ProgressStep {
    ProgressStep {
        officer_name: "Trịnh Văn Hưng".into(),
        processed_time: Some(time(at)),
        content: "Nội dung xử lý".into(),
        status: status.into(),
        ..Default::default()
    }
}

fn report(code: &str, at: &str, status: Status) -> ProgressReport {
    ProgressReport { code: code.into(), step: Some(step(at, status)) }
}

fn told(results: Vec<ItemResult>) -> String {
    let told = results.iter().map(|item| format!("{:?}", item.outcome()));
    told.collect::<Vec<_>>().join(" ")
}

impl Bench {
    async fn sync(&mut self, updating: Option<bool>, dossiers: Vec<Dossier>) -> String {
        let request = SyncDossiersRequest { updating, dossiers };
        told(self.dossiers.sync_dossiers(request).await.expect("worked through").into_inner().results)
    }

    async fn report(&mut self, reports: Vec<ProgressReport>) -> String {
        let request = RecordProgressRequest { reports };
        told(self.dossiers.record_progress(request).await.expect("worked through").into_inner().results)
    }

    async fn steps(&mut self, code: &str) -> Vec<i32> {
        self.get(code).await.progress.iter().map(|step| step.status).collect()
    }
}

#[tokio::test]
async fn a_dossier_is_kept_as_it_was_sent() {
    let mut bench = Bench::start().await;
    let sent = Dossier {
        progress: vec![step("2024-04-26T08:00", Status::Registered), step("2024-04-26T08:30", Status::Accepted)],
        due_time: Some(time("2024-05-15T08:30")),
        receipt_number: "BN-1".into(),
        ..elsewhere(CODE)
    };
    assert_eq!(bench.sync(None, vec![sent.clone()]).await, "Ok");
    let stored = bench.get(CODE).await;
    assert_eq!((stored.field_code.as_str(), stored.field_name.as_str()), ("G07-LĐ11", "Việc làm"));
    let fields = (stored.field_code.clone(), stored.field_name.clone());
    assert_eq!(stored, Dossier { field_code: fields.0, field_name: fields.1, ..sent });
}

#[tokio::test]
async fn is_updating_says_what_must_be_there() {
    let mut bench = Bench::start().await;
    let other = Dossier { note: "Đã sửa".into(), ..elsewhere(CODE) };
    for (updating, sent, outcome, note) in [
        (Some(true), elsewhere(CODE), "UnknownDossier", None),
        (Some(false), elsewhere(CODE), "Ok", Some("")),
        (Some(false), elsewhere(CODE), "Ok", Some("")),
        (Some(false), other.clone(), "OtherContent", Some("")),
        (Some(true), other.clone(), "Ok", Some("Đã sửa")),
        (Some(false), elsewhere(CODE), "OtherContent", Some("Đã sửa")),
        (None, other, "Ok", Some("Đã sửa")),
        (None, Dossier { note: "Lại sửa".into(), ..elsewhere(CODE) }, "Ok", Some("Lại sửa")),
    ] {
        assert_eq!(bench.sync(updating, vec![sent]).await, outcome, "{updating:?} {note:?}");
        if let Some(note) = note {
            assert_eq!(bench.get(CODE).await.note, note);
        }
    }
    let request = list_of_h56();
    assert_eq!(bench.dossiers.list_dossiers(request).await.expect("listed").into_inner().total, Some(1));
}

fn list_of_h56() -> ListDossiersRequest {
    let day = day("2024-04-26");
    ListDossiersRequest { unit_code: "H56".into(), from_day: day, to_day: day, ..Default::default() }
}

#[tokio::test]
async fn the_same_message_late_changes_nothing() {
    let mut bench = Bench::start().await;
    bench.sync(Some(false), vec![elsewhere(CODE)]).await;
    assert_eq!(bench.report(vec![report(CODE, "2024-04-26T09:00", Status::Processing)]).await, "Ok");
    for updating in [None, Some(false), Some(true)] {
        assert_eq!(bench.sync(updating, vec![elsewhere(CODE)]).await, "Ok");
        assert_eq!(bench.get(CODE).await.status(), Status::Processing, "{updating:?}");
    }
    assert_eq!(bench.steps(CODE).await, [2, 4]);
}

#[tokio::test]
async fn an_update_keeps_what_it_does_not_say_and_never_goes_back() {
    let mut bench = Bench::start().await;
    let with_papers = Dossier { fees: vec![fee(600_000)], receipt_number: "BN-1".into(), ..elsewhere(CODE) };
    bench.sync(None, vec![with_papers.clone()]).await;
    let processed = Dossier {
        documents: vec![],
        processed_time: Some(time("2024-04-26T16:00")),
        status: Status::Processed.into(),
        ..elsewhere(CODE)
    };
    assert_eq!(bench.sync(Some(true), vec![processed]).await, "Ok", "steps in between were not reported");
    let stored = bench.get(CODE).await;
    assert_eq!(stored.status(), Status::Processed);
    assert_eq!((stored.fees, stored.documents), (with_papers.fees.clone(), with_papers.documents.clone()));
    assert_eq!(stored.receipt_number, "BN-1");
    let back = Dossier { note: "lùi".into(), ..with_papers };
    assert_eq!(bench.sync(Some(true), vec![back]).await, "IllegalTransition");
    assert_eq!(bench.steps(CODE).await, [2, 9]);
}

#[tokio::test]
async fn one_item_s_failure_fails_no_other_and_leaves_nothing() {
    let mut bench = Bench::start().await;
    let [first, second, third] =
        ["0000001", "0000002", "0000003"].map(|number| format!("000.00.00.H56-240426-{number}"));
    let broken = Dossier { summary: String::new(), ..elsewhere(&second) };
    let dossiers = vec![
        elsewhere(&first),
        broken,
        Dossier { code: String::new(), ..elsewhere(&first) },
        Dossier { procedure_code: "9.999999".into(), ..elsewhere(&second) },
        Dossier { processing_unit_code: "H99".into(), ..elsewhere(&second) },
        elsewhere(&third),
    ];
    let request = SyncDossiersRequest { updating: None, dossiers };
    let results = bench.dossiers.sync_dossiers(request).await.expect("worked through").into_inner().results;
    let codes: Vec<&str> = results.iter().map(|item| item.code.as_str()).collect();
    assert_eq!(codes, [&*first, &*second, "", &*second, &*second, &*third]);
    assert_eq!(results[1].message, "Dữ liệu không hợp lệ: dossier.summary: bắt buộc phải có");
    assert_eq!(told(results), "Ok InvalidField InvalidField UnknownProcedure UnknownUnit Ok");
    let request = GetDossierRequest { code: second };
    let missing = bench.dossiers.get_dossier(request).await.expect_err("refused");
    assert_eq!(refusal(&missing), "NotFound/UNKNOWN_DOSSIER");
}

#[tokio::test]
async fn a_batch_has_a_limit() {
    let mut bench = Bench::start().await;
    let many = |count: usize| RecordProgressRequest {
        reports: (0..count).map(|_| report(CODE, "2024-04-26T08:00", Status::Accepted)).collect(),
    };
    let results = bench.dossiers.record_progress(many(500)).await.expect("worked through").into_inner().results;
    assert_eq!(results.len(), 500);
    let refused = bench.dossiers.record_progress(many(501)).await.expect_err("too many");
    assert_eq!(refusal(&refused), "InvalidArgument/INVALID_FIELD reports: nhiều hơn 500 mục");
    let request = SyncDossiersRequest { updating: None, dossiers: vec![Dossier::default(); 501] };
    let refused = bench.dossiers.sync_dossiers(request).await.expect_err("too many");
    assert_eq!(refusal(&refused), "InvalidArgument/INVALID_FIELD dossiers: nhiều hơn 500 mục");
}

#[tokio::test]
async fn a_whole_batch_of_new_dossiers_is_added_and_a_repeat_adds_none() {
    let mut bench = Bench::start().await;
    let batch = || (1..=500).map(|number| elsewhere(&format!("H56-240426-{number:04}"))).collect::<Vec<_>>();
    let all = vec!["Ok"; 500].join(" ");
    assert_eq!(bench.sync(Some(false), batch()).await, all);
    assert_eq!(bench.sync(Some(false), batch()).await, all);
    assert_eq!(bench.dossiers.list_dossiers(list_of_h56()).await.expect("listed").into_inner().total, Some(500));
}

#[tokio::test]
async fn a_dossier_takes_so_many_steps_and_no_more() {
    let mut bench = Bench::start().await;
    bench.sync(None, vec![elsewhere(CODE)]).await; // its first step
    let rows = |numbers: std::ops::Range<usize>| {
        let row = |number| ProgressReport {
            step: Some(ProgressStep { content: format!("{number}"), ..step("2024-04-26T09:00", Status::Processing) }),
            ..report(CODE, "2024-04-26T09:00", Status::Processing)
        };
        numbers.map(row).collect::<Vec<_>>()
    };
    assert!(!bench.report(rows(0..500)).await.contains("Invalid"));
    assert!(!bench.report(rows(500..999)).await.contains("Invalid"));
    assert_eq!(bench.report(rows(998..1000)).await, "Ok InvalidField", "recorded before, and one too many");
    assert_eq!(bench.steps(CODE).await.len(), 1000);
}

#[tokio::test]
async fn what_a_status_needs_must_be_said() {
    let mut bench = Bench::start().await;
    type Change = fn(&mut Dossier);
    let cases: &[(Change, &str)] = &[
        (|d| d.status = 0, "status: bắt buộc phải có"),
        (|d| d.received_time = None, "received_time: bắt buộc phải có"),
        (
            |d| d.received_time = Some(time("2024-04-26T07:00")),
            "received_time: phải theo thứ tự: nộp, tiếp nhận, kết thúc xử lý, trả kết quả",
        ),
        (|d| d.received_time = Some(time("2024-04-26T16:36")), "received_time: không được ở tương lai"),
        (
            |d| d.status = 3,
            "refused_time: bắt buộc phải có; dossier.progress: trạng thái 3, 5, 8 phải có nội dung xử lý",
        ),
        (|d| d.status = 8, "progress: trạng thái 3, 5, 8 phải có nội dung xử lý"),
        (|d| d.status = 6, "fees: trạng thái 6 phải có phí, lệ phí lớn hơn 0"),
        (|d| d.status = 9, "processed_time: bắt buộc phải có"),
        (
            |d| d.progress = vec![step("2024-04-26T16:36", Status::Accepted)],
            "progress[0].processed_time: không được ở tương lai",
        ),
    ];
    for (change, expected) in cases {
        let mut dossier = elsewhere(CODE);
        change(&mut dossier);
        let request = SyncDossiersRequest { updating: None, dossiers: vec![dossier] };
        let results = bench.dossiers.sync_dossiers(request).await.expect("worked through").into_inner().results;
        assert_eq!(results[0].message, format!("Dữ liệu không hợp lệ: dossier.{expected}"));
    }
}

#[tokio::test]
async fn a_batch_takes_effect_once_by_its_key() {
    let mut bench = Bench::start().await;
    let request = |note: &str| {
        let dossiers = vec![Dossier { note: note.into(), ..elsewhere(CODE) }];
        with(&[("idempotency-key", "a"), ("lienthong-member", "h56")], SyncDossiersRequest { updating: None, dossiers })
    };
    let first = bench.dossiers.sync_dossiers(request("một")).await.expect("worked through").into_inner();
    let again = bench.dossiers.sync_dossiers(request("một")).await.expect("worked through").into_inner();
    assert_eq!(first, again);
    let conflict = bench.dossiers.sync_dossiers(request("hai")).await.expect_err("other content");
    assert_eq!(refusal(&conflict), "AlreadyExists/ID_CONFLICT");
    assert_eq!(bench.get(CODE).await.note, "một");
}

#[tokio::test]
async fn another_member_s_dossier_is_neither_changed_nor_told_of() {
    let mut bench = Bench::start().await;
    let by = |member, request| with(&[("lienthong-member", member)], request);
    let request = |updating, note: &str| {
        let dossiers = vec![Dossier { note: note.into(), ..elsewhere(CODE) }];
        SyncDossiersRequest { updating, dossiers }
    };
    bench.dossiers.sync_dossiers(by("h56", request(None, ""))).await.expect("worked through");
    for (updating, expected) in [(None, "OtherContent"), (Some(false), "OtherContent"), (Some(true), "UnknownDossier")]
    {
        let answer = bench.dossiers.sync_dossiers(by("h29", request(updating, "chiếm"))).await.expect("worked through");
        assert_eq!(told(answer.into_inner().results), expected, "{updating:?}");
    }
    let reports = vec![report(CODE, "2024-04-26T09:00", Status::Processing)];
    let request = with(&[("lienthong-member", "h29")], RecordProgressRequest { reports });
    let answer = bench.dossiers.record_progress(request).await.expect("worked through").into_inner();
    assert_eq!(told(answer.results), "UnknownDossier");
    let stored = bench.get(CODE).await;
    assert_eq!((stored.note.as_str(), stored.status()), ("", Status::Accepted));
}

#[tokio::test]
async fn a_number_of_the_day_that_came_from_elsewhere_is_not_given_again() {
    let mut bench = Bench::start().await;
    let taken = ["0001", "0002"].map(|number| elsewhere(&format!("G07-240426-{number}")));
    assert_eq!(bench.sync(None, taken.into()).await, "Ok Ok");
    assert_eq!(bench.submit(application()).await.code, "000.00.00.G07-240426-0003");
}

#[tokio::test]
async fn progress_moves_a_dossier_step_by_step() {
    let mut bench = Bench::start().await;
    bench.sync(None, vec![elsewhere(CODE)]).await;
    let reports = vec![
        report(CODE, "2024-04-26T09:00", Status::Processing),
        report(CODE, "2024-04-26T10:00", Status::SupplementRequested),
        report(CODE, "2024-04-26T11:00", Status::Processing),
        report(CODE, "2024-04-26T12:00", Status::PaymentRequested),
        report(CODE, "2024-04-26T13:00", Status::Processed),
        report(CODE, "2024-04-26T14:00", Status::Returned),
    ];
    assert_eq!(bench.report(reports).await, "Ok Ok Ok Ok Ok Ok");
    let stored = bench.get(CODE).await;
    assert_eq!(stored.status(), Status::Returned);
    assert_eq!(local(stored.processed_time), "2024-04-26T13:00");
    assert_eq!(local(stored.returned_time), "2024-04-26T14:00");
    let round = &stored.supplement_rounds[0];
    assert_eq!((round.id, round.content.as_str()), (1, "Nội dung xử lý"));
    assert_eq!(stored.fees[0].amount_vnd, 600_000, "the procedure's");
    let late = vec![report(CODE, "2024-04-26T15:00", Status::Stopped)];
    assert_eq!(bench.report(late).await, "IllegalTransition", "returned is final");
    assert_eq!(bench.steps(CODE).await, [2, 4, 5, 4, 6, 9, 10]);
}

#[tokio::test]
async fn the_same_row_is_recorded_once_and_an_older_one_moves_nothing() {
    let mut bench = Bench::start().await;
    bench.sync(None, vec![elsewhere(CODE)]).await;
    let processing = || report(CODE, "2024-04-26T09:00", Status::Processing);
    assert_eq!(bench.report(vec![processing(), processing()]).await, "Ok Ok");
    assert_eq!(bench.report(vec![processing()]).await, "Ok");
    assert_eq!(bench.steps(CODE).await, [2, 4]);
    let older = report(CODE, "2024-04-26T08:45", Status::SupplementRequested);
    let again = ProgressReport {
        step: Some(ProgressStep { content: "Ghi chú khác".into(), ..step("2024-04-26T09:00", Status::Processing) }),
        ..processing()
    };
    assert_eq!(bench.report(vec![older, again]).await, "Ok Ok");
    assert_eq!(bench.steps(CODE).await, [2, 4, 5, 4]);
    let stored = bench.get(CODE).await;
    assert_eq!(stored.status(), Status::Processing);
    assert!(stored.supplement_rounds.is_empty());
}

#[tokio::test]
async fn a_row_that_led_to_a_synced_status_is_history() {
    let mut bench = Bench::start().await;
    let processing = Dossier { status: Status::Processing.into(), ..elsewhere(CODE) };
    bench.sync(None, vec![processing]).await;
    // The sync said processing, not since when.
    let reports = vec![
        report(CODE, "2024-04-26T08:00", Status::Registered),
        report(CODE, "2024-04-26T09:00", Status::Accepted),
        report(CODE, "2024-04-26T10:00", Status::Processing),
    ];
    assert_eq!(bench.report(reports).await, "Ok Ok Ok");
    assert_eq!(bench.get(CODE).await.status(), Status::Processing);
}

#[tokio::test]
async fn a_row_about_a_dossier_that_was_submitted_here_counts_after_its_registration() {
    let mut bench = Bench::start().await;
    let code = bench.submit(application()).await.code;
    assert_eq!(bench.report(vec![report(&code, "2024-04-26T16:29", Status::Accepted)]).await, "Ok");
    assert_eq!(bench.get(&code).await.status(), Status::Registered, "it was registered at 16:30");
    assert_eq!(bench.report(vec![report(&code, "2024-04-26T16:31", Status::Accepted)]).await, "Ok");
    let stored = bench.get(&code).await;
    assert_eq!(stored.status(), Status::Accepted);
    assert_eq!(local(stored.received_time), "2024-04-26T16:31");
    assert_eq!(local(stored.due_time), "2024-05-15T16:31");
    assert_eq!(bench.report(vec![report(&code, "2024-04-26T16:32", Status::Returned)]).await, "IllegalTransition");
}

#[tokio::test]
async fn a_row_without_sense_is_refused() {
    let mut bench = Bench::start().await;
    bench.sync(None, vec![elsewhere(CODE)]).await;
    type Change = fn(&mut ProgressStep);
    let cases: &[(Change, &str)] = &[
        (|s| s.officer_name.clear(), "officer_name: bắt buộc phải có"),
        (|s| s.processed_time = None, "processed_time: bắt buộc phải có"),
        (|s| s.processed_time = Some(time("2024-04-26T16:36")), "processed_time: không được ở tương lai"),
        (|s| s.status = 11, "status: không có trong danh mục"),
        (|s| (s.status, s.content) = (3, String::new()), "content: bắt buộc phải có"),
        (|s| (s.status, s.content) = (5, " ".into()), "content: bắt buộc phải có"),
        (|s| (s.status, s.content) = (8, String::new()), "content: bắt buộc phải có"),
    ];
    for (change, expected) in cases {
        let mut step = step("2024-04-26T09:00", Status::Processing);
        change(&mut step);
        let request = RecordProgressRequest { reports: vec![ProgressReport { code: CODE.into(), step: Some(step) }] };
        let results = bench.dossiers.record_progress(request).await.expect("worked through").into_inner().results;
        assert_eq!(results[0].message, format!("Dữ liệu không hợp lệ: step.{expected}"));
    }
    let unknown = report("000.00.00.H56-240426-9999999", "2024-04-26T09:00", Status::Processing);
    assert_eq!(bench.report(vec![unknown]).await, "UnknownDossier");
    assert_eq!(bench.steps(CODE).await, [2]);
}

#[tokio::test]
async fn a_paper_is_fetched_by_its_id_its_hash_or_its_name() {
    let mut bench = Bench::start().await;
    let named = |id: &str, name: &str, content: &[u8]| Document {
        file_id: id.into(),
        file_name: name.into(),
        ..paper("GPLD-02", content)
    };
    let by_address = Document {
        source: Some(document::Source::Url("https://tep.h56.example/a.pdf".into())),
        ..named("C", "c.pdf", b"")
    };
    let deleted = Document { deleted: Some(true), ..named("D", "d.pdf", b"bo") };
    let documents =
        vec![named("A", "a.pdf", b"cu"), named("B", "a.pdf", b"moi"), by_address, deleted, named("", "e.pdf", b"e")];
    bench.sync(None, vec![Dossier { documents, ..elsewhere(CODE) }]).await;
    let hash = crate::crypto::Digest::of(b"cu").to_string();
    for (path, expected) in [
        ("A", Some(("a.pdf", "cu"))),
        (hash.to_uppercase().as_str(), Some(("a.pdf", "cu"))),
        ("a.pdf", Some(("a.pdf", "moi"))),
        ("e.pdf", Some(("e.pdf", "e"))),
        ("C", None),
        ("https://tep.h56.example/a.pdf", None),
        ("D", None),
        ("z.pdf", None),
    ] {
        let request = GetDocumentRequest { code: CODE.into(), path: path.into() };
        match (bench.dossiers.get_document(request).await, expected) {
            (Ok(answer), Some((name, content))) => {
                let document = answer.into_inner().document.expect("a document");
                assert_eq!((document.path.as_str(), document.name.as_str()), (path, name));
                assert_eq!(document.content, content.as_bytes());
            }
            (Err(status), None) => assert_eq!(refusal(&status), "NotFound/UNKNOWN_DOCUMENT", "{path}"),
            (answer, _) => panic!("{path}: {answer:?}"),
        }
    }
    let request = with(&[("lienthong-member", "h29")], GetDocumentRequest { code: CODE.into(), path: "A".into() });
    let refused = bench.dossiers.get_document(request).await.expect_err("another's");
    assert_eq!(refusal(&refused), "NotFound/UNKNOWN_DOSSIER");
}
