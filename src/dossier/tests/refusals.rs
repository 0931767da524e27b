//! What is refused, and how that reads.

use super::*;
use crate::dossier::contract::molisa::dossier::v1::form::Kind;

async fn check(bench: &mut Bench, name: &str, change: impl FnOnce(&mut Dossier), expected: &str) {
    let mut dossier = application();
    change(&mut dossier);
    let request = SubmitDossierRequest { dossier: Some(dossier) };
    let refused = bench.dossiers.submit_dossier(request).await.expect_err(name);
    assert_eq!(refusal(&refused), expected, "{name}");
}

fn owner(dossier: &mut Dossier) -> &mut Owner {
    dossier.owner.as_mut().expect("an owner")
}

fn identity(r#type: IdentityType, number: &str) -> Identity {
    Identity { r#type: r#type.into(), number: number.into() }
}

type Change = fn(&mut Dossier);

#[tokio::test]
async fn a_submission_that_breaks_a_rule_is_refused_by_its_field() {
    let mut bench = Bench::start().await;
    let cases: &[(&str, Change, &str)] = &[
        ("own code", |d| d.code = "G07-240426-0001".into(), "code: mã hồ sơ do bộ cấp, không được gửi kèm"),
        ("no owner", |d| d.owner = None, "owner: bắt buộc phải có"),
        ("no owner's name", |d| owner(d).name = " ".into(), "owner.name: bắt buộc phải có"),
        ("no owner type", |d| owner(d).r#type = 0, "owner.type: bắt buộc phải có"),
        ("unknown owner type", |d| owner(d).r#type = 9, "owner.type: không có trong danh mục"),
        (
            "a business without tax code",
            |d| owner(d).papers = Some(OwnerPapers { number: "012345678".into(), identities: vec![] }),
            "owner.papers.number: phải là mã số thuế: 10 chữ số, chi nhánh thêm dấu - và 3 chữ số",
        ),
        (
            "a citizen id of 9 digits",
            |d| {
                owner(d).papers.as_mut().expect("papers").identities =
                    vec![identity(IdentityType::OldCard, "123456789"), identity(IdentityType::CitizenId, "123456789")];
            },
            "owner.papers.identities[1].number: phải có 12 chữ số",
        ),
        (
            "an old card of 12 digits",
            |d| {
                owner(d).papers.as_mut().expect("papers").identities =
                    vec![identity(IdentityType::OldCard, "123456789012")];
            },
            "owner.papers.identities[0].number: phải có 9 chữ số",
        ),
        ("no summary", |d| d.summary.clear(), "summary: bắt buộc phải có"),
        ("a long summary", |d| d.summary = "ồ".repeat(1001), "summary: dài quá 1000 ký tự"),
        ("a control character", |d| d.note = "\u{1}".into(), "note: có ký tự điều khiển"),
        (
            "from the future",
            |d| d.submitted_time = Some(time("2024-04-26T16:36")),
            "submitted_time: không được ở tương lai",
        ),
        (
            "accepted online",
            |d| d.status = Status::Accepted.into(),
            "status: hồ sơ mới phải ở trạng thái 1, hoặc 2 nếu nộp trực tiếp",
        ),
        (
            "returned already",
            |d| d.status = Status::Returned.into(),
            "status: hồ sơ mới phải ở trạng thái 1, hoặc 2 nếu nộp trực tiếp",
        ),
        (
            "no procedure code",
            |d| d.procedure_code = "giấy phép".into(),
            "procedure_code: phải có dạng N.NNNNNN, có thể kèm mã cơ quan",
        ),
        ("a field code", |d| d.field_code = "G07-lđ11".into(), "field_code: phải có dạng G07-LĐ11"),
        (
            "a path for a file name",
            |d| d.documents[1].file_name = "../tep.pdf".into(),
            "documents[1].file_name: không được có đường dẫn",
        ),
        ("no content", |d| d.documents[0].source = None, "documents[0]: phải có đường dẫn hoặc nội dung tệp"),
        (
            "a file of another scheme",
            |d| d.documents[0].source = Some(document::Source::Url("file:///etc/passwd".into())),
            "documents[0].url: phải bắt đầu bằng https://, http:// hoặc cid: và không có khoảng trắng",
        ),
        (
            "another content than hashed",
            |d| d.documents[0].sha256_hex = "0".repeat(64),
            "documents[0].content: không khớp mã băm SHA-256 đi kèm",
        ),
        ("a negative fee", |d| d.fees = vec![fee(-1)], "fees[0].amount_vnd: phải từ 0 đến 999.999.999.999.999 đồng"),
        ("101 papers", |d| d.documents = vec![paper("GPLD-02", b"x"); 101], "documents: nhiều hơn 100 mục"),
        (
            "an end before the start",
            |d| {
                if let Some(Kind::ForeignWorkerPermit(form)) = &mut d.form.as_mut().expect("a form").kind {
                    form.end_date = day("2024-06-14");
                }
            },
            "form.foreign_worker_permit.end_date: không được trước ngày bắt đầu",
        ),
        (
            "no such day",
            |d| {
                if let Some(Kind::ForeignWorkerPermit(form)) = &mut d.form.as_mut().expect("a form").kind {
                    form.birth_date = Some(Date { year: 1985, month: 2, day: 29 });
                }
            },
            "form.foreign_worker_permit.birth_date: không phải là ngày có trong lịch",
        ),
        (
            "another procedure's form",
            |d| d.procedure_code = "2.000134".into(),
            "form: tờ khai không phải là tờ khai của thủ tục này",
        ),
    ];
    for (name, change, expected) in cases {
        check(&mut bench, name, change, &format!("InvalidArgument/INVALID_FIELD dossier.{expected}")).await;
    }
}

#[tokio::test]
async fn everything_wrong_is_said_at_once_and_without_values() {
    let mut bench = Bench::start().await;
    let mut dossier = application();
    owner(&mut dossier).papers = Some(OwnerPapers {
        number: "secret".into(),
        identities: vec![identity(IdentityType::CitizenId, "00108400001"); 5],
    });
    let refused = bench.dossiers.submit_dossier(SubmitDossierRequest { dossier: Some(dossier) }).await;
    let status = refused.expect_err("wrong numbers");
    assert_eq!(refusal(&status).matches("phải có 12 chữ số").count(), 5);
    assert!(status.message().ends_with("; và 3 lỗi khác"), "{}", status.message());
    assert!(!status.message().contains("secret") && !status.message().contains("00108400001"));
}

#[tokio::test]
async fn the_limits_themselves_are_allowed() {
    let mut bench = Bench::start().await;
    let changes: &[Change] = &[
        |d| d.summary = "ồ".repeat(1000),
        |d| d.submitted_time = Some(time("2024-04-26T16:35")),
        |d| d.submitted_time = None,
        |d| d.form = None,
        |d| {
            d.form = Some(Form {
                kind: Some(Kind::Free(FreeForm {
                    fields: vec![FormField { name: "Nội dung".into(), value: String::new() }],
                })),
            })
        },
        |d| d.procedure_code = "1.014199.000.00.00.H42".into(),
        |d| d.owner.as_mut().expect("an owner").papers.as_mut().expect("papers").number = "0100000190-001".into(),
        |d| {
            d.documents[0].sha256_hex = crate::crypto::Digest::of(b"suc khoe").to_string().to_uppercase();
        },
    ];
    for change in changes {
        let mut dossier = application();
        change(&mut dossier);
        bench.submit(dossier).await;
    }
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let mut bench = Bench::start().await;
    check(&mut bench, "procedure", |d| d.procedure_code = "9.999999".into(), "NotFound/UNKNOWN_PROCEDURE").await;
    check(&mut bench, "unit", |d| d.processing_unit_code = "H56.14".into(), "NotFound/UNKNOWN_UNIT").await;
    for code in ["000.00.00.G07-240426-0001", "G07-240231-0001", "nonsense", "G07-240426-0001'; DROP TABLE dossier"] {
        let refused = bench.dossiers.get_dossier(GetDossierRequest { code: code.into() }).await;
        assert_eq!(refusal(&refused.expect_err(code)), "NotFound/UNKNOWN_DOSSIER");
    }
    let code = bench.dossier_in(Status::SupplementRequested).await;
    let request = SupplementDossierRequest { code, round_id: 2, note: "x".into(), ..Default::default() };
    let refused = bench.dossiers.supplement_dossier(request).await.expect_err("one round only");
    assert_eq!(refusal(&refused), "NotFound/UNKNOWN_ROUND");
}

#[tokio::test]
async fn reasons_are_mandatory_where_the_owner_is_turned_down() {
    let mut bench = Bench::start().await;
    let code = bench.dossier_in(Status::Registered).await;
    let officer = Some(officer());
    let refuse = RefuseDossierRequest { code: code.clone(), officer: officer.clone(), reason: String::new() };
    let ask = RequestSupplementRequest { code: code.clone(), officer: officer.clone(), ..Default::default() };
    let stop = StopDossierRequest { code: code.clone(), officer, reason: "  ".into() };
    let withdraw = WithdrawDossierRequest { code, reason: String::new() };
    for (field, refused) in [
        ("reason", bench.office.refuse_dossier(refuse).await.map(drop)),
        ("content", bench.office.request_supplement(ask).await.map(drop)),
        ("reason", bench.office.stop_dossier(stop).await.map(drop)),
        ("reason", bench.dossiers.withdraw_dossier(withdraw).await.map(drop)),
    ] {
        let expected = format!("InvalidArgument/INVALID_FIELD {field}: bắt buộc phải có");
        assert_eq!(refusal(&refused.expect_err("no reason")), expected);
    }
}

#[tokio::test]
async fn payment_is_asked_for_and_taken_only_as_it_is_due() {
    let mut bench = Bench::start().await;
    let without_fees = Dossier { procedure_code: "1.014200".into(), ..application() };
    let code = bench.submit(without_fees).await.code;
    let ask = |fees| RequestPaymentRequest { code: code.clone(), officer: Some(officer()), fees, ..Default::default() };
    for fees in [vec![], vec![fee(0)]] {
        let refused = bench.office.request_payment(ask(fees)).await.expect_err("nothing due");
        assert_eq!(refusal(&refused), "FailedPrecondition/NO_FEE_DUE");
    }
    let early = bench.dossiers.confirm_payment(payment(&code, 100)).await.expect_err("not asked for");
    assert_eq!(refusal(&early), "FailedPrecondition/ILLEGAL_TRANSITION");
    bench.office.request_payment(ask(vec![fee(100), fee(50)])).await.expect("asked");
    for amount in [149, 151] {
        let refused = bench.dossiers.confirm_payment(payment(&code, amount)).await.expect_err("not what is due");
        assert_eq!(refusal(&refused), "FailedPrecondition/AMOUNT_MISMATCH");
    }
    let dollars = ConfirmPaymentRequest { currency_code: "USD".into(), ..payment(&code, 150) };
    let refused = bench.dossiers.confirm_payment(dollars).await.expect_err("another currency");
    assert_eq!(refusal(&refused), "InvalidArgument/INVALID_FIELD currency_code: phải là VND");
    bench.dossiers.confirm_payment(payment(&code, 150)).await.expect("paid");
}

#[tokio::test]
async fn the_catalogues_fee_is_asked_for_where_the_officer_states_none() {
    let mut bench = Bench::start().await;
    let code = bench.dossier_in(Status::Registered).await;
    let request = RequestPaymentRequest { code: code.clone(), officer: Some(officer()), ..Default::default() };
    bench.office.request_payment(request).await.expect("asked");
    assert_eq!(bench.get(&code).await.fees[0].amount_vnd, 600_000);
}

#[tokio::test]
async fn a_result_needs_a_paper_and_an_unpublished_term_a_promise() {
    let mut bench = Bench::start().await;
    let code = bench.dossier_in(Status::Processed).await;
    let request = ReturnResultRequest { code, officer: Some(officer()), ..Default::default() };
    let refused = bench.office.return_result(request).await.expect_err("no paper");
    assert_eq!(refusal(&refused), "FailedPrecondition/RESULT_REQUIRED");

    let code = bench.submit(Dossier { procedure_code: "1.013734".into(), form: None, ..application() }).await.code;
    let accept = |due_time| AcceptDossierRequest {
        code: code.clone(),
        officer: Some(officer()),
        due_time,
        ..Default::default()
    };
    let refused = bench.office.accept_dossier(accept(None)).await.expect_err("no term");
    assert_eq!(refusal(&refused), "FailedPrecondition/DUE_TIME_REQUIRED");
    let refused = bench.office.accept_dossier(accept(Some(time("2024-04-26T16:29")))).await.expect_err("past");
    assert_eq!(refusal(&refused), "InvalidArgument/INVALID_FIELD due_time: không được ở quá khứ");
    bench.office.accept_dossier(accept(Some(time("2024-06-03T17:00")))).await.expect("promised");
}

#[tokio::test]
async fn a_round_is_answered_once_and_refused_only_after_its_time() {
    let mut bench = Bench::start().await;
    let code = bench.dossier_in(Status::Registered).await;
    let ask = RequestSupplementRequest {
        code: code.clone(),
        officer: Some(officer()),
        content: "Bổ sung hộ chiếu".into(),
        answer_days: 1,
        ..Default::default()
    };
    bench.office.request_supplement(ask.clone()).await.expect("asked");
    let early = bench.take(&code, Status::NotAccepted).await.expect_err("still open");
    assert_eq!(refusal(&early), "FailedPrecondition/ROUND_STILL_OPEN");
    let nothing = SupplementDossierRequest { code: code.clone(), round_id: 1, ..Default::default() };
    let refused = bench.dossiers.supplement_dossier(nothing.clone()).await.expect_err("nothing sent");
    assert!(refusal(&refused).starts_with("InvalidArgument/INVALID_FIELD documents"));
    let answer = SupplementDossierRequest { note: "Đã gửi".into(), ..nothing };
    bench.dossiers.supplement_dossier(answer.clone()).await.expect("answered");
    let again = bench.dossiers.supplement_dossier(answer).await.expect_err("answered before");
    assert_eq!(refusal(&again), "FailedPrecondition/ROUND_CLOSED");

    bench.office.request_supplement(ask).await.expect("asked again");
    bench.at("2024-05-10T09:00");
    bench.take(&code, Status::NotAccepted).await.expect("the time has passed");
    assert_eq!(local(bench.get(&code).await.refused_time), "2024-05-10T09:00");
}

#[tokio::test]
async fn metadata_that_cannot_be_meant_is_refused() {
    let mut bench = Bench::start().await;
    let get = || GetDossierRequest { code: "G07-240426-0001".into() };
    let long = "k".repeat(201);
    let refused = bench.dossiers.get_dossier(with(&[("idempotency-key", &long)], get())).await;
    let expected = "InvalidArgument/INVALID_FIELD idempotency-key: phải có từ 1 đến 200 ký tự";
    assert_eq!(refusal(&refused.expect_err("too long")), expected);
    let mut twice = with(&[("lienthong-member", "h56")], get());
    twice.metadata_mut().append("lienthong-member", "h29".parse().expect("printable"));
    let refused = bench.dossiers.get_dossier(twice).await.expect_err("two members");
    assert_eq!(refusal(&refused), "InvalidArgument/INVALID_FIELD lienthong-member: có nhiều giá trị");
}
