//! Who may read what, and lists by day and page.

use super::*;

fn list(unit: &str, from: &str, to: &str) -> ListDossiersRequest {
    ListDossiersRequest { unit_code: unit.into(), from_day: day(from), to_day: day(to), ..Default::default() }
}

#[tokio::test]
async fn a_member_sees_and_changes_only_what_it_submitted() {
    let mut bench = Bench::start().await;
    let as_member = |member: &'static str| [("lienthong-member", member)];
    let request = with(&as_member("h56"), SubmitDossierRequest { dossier: Some(application()) });
    let code =
        bench.dossiers.submit_dossier(request).await.expect("submitted").into_inner().dossier.expect("summary").code;

    let get = || GetDossierRequest { code: code.clone() };
    bench.dossiers.get_dossier(with(&as_member("h56"), get())).await.expect("its own");
    bench.dossiers.get_dossier(get()).await.expect("the ministry sees all");
    let h29 = as_member("h29");
    let refusals = [
        bench.dossiers.get_dossier(with(&h29, get())).await.map(drop),
        bench.dossiers.list_progress(with(&h29, ListProgressRequest { code: code.clone() })).await.map(drop),
        bench
            .dossiers
            .withdraw_dossier(with(&h29, WithdrawDossierRequest { code: code.clone(), reason: "x".into() }))
            .await
            .map(drop),
    ];
    for refused in refusals {
        assert_eq!(refusal(&refused.expect_err("another's")), "NotFound/UNKNOWN_DOSSIER");
    }
    for (member, total) in [("h56", 1), ("h29", 0)] {
        let request = with(&as_member(member), list("G07", "2024-04-26", "2024-04-26"));
        let answer = bench.dossiers.list_dossiers(request).await.expect("listed").into_inner();
        assert_eq!((answer.total, answer.dossiers.len()), (Some(total), total as usize), "{member}");
    }
}

#[tokio::test]
async fn the_payment_platform_reads_back_no_more_than_the_outcome() {
    let mut bench = Bench::start().await;
    let code = bench.dossier_in(Status::PaymentRequested).await;
    let request = with(&[("lienthong-member", "nttt")], payment(&code, 600_000));
    let answer = bench.dossiers.confirm_payment(request).await.expect("paid").into_inner();
    let outcome = DossierSummary { code, status: Status::Registered.into(), ..Default::default() };
    assert_eq!(answer.dossier, Some(outcome));
}

#[tokio::test]
async fn officers_methods_are_closed_to_members() {
    let mut bench = Bench::start().await;
    let code = bench.dossier_in(Status::Registered).await;
    let request = AcceptDossierRequest { code, officer: Some(officer()), ..Default::default() };
    let refused = bench.office.accept_dossier(with(&[("lienthong-member", "h56")], request)).await;
    assert_eq!(refusal(&refused.expect_err("a member")), "PermissionDenied/OFFICERS_ONLY");
}

#[tokio::test]
async fn lists_are_by_unit_and_local_day_of_submission() {
    let mut bench = Bench::start().await;
    bench.at("2024-05-02T12:00");
    for submitted in ["2024-04-26T00:00", "2024-04-26T23:59:59", "2024-04-27T00:00"] {
        bench.submit(Dossier { submitted_time: Some(time(submitted)), ..application() }).await;
    }
    for (unit, from, to, total) in [
        ("000.00.00.G07", "2024-04-26", "2024-04-26", 2),
        ("G07", "2024-04-26", "2024-04-27", 3),
        ("G07", "2024-04-27", "2024-04-27", 1),
        ("G07", "2024-04-25", "2024-04-25", 0),
        ("G07.12", "2024-04-26", "2024-04-27", 0),
    ] {
        let answer = bench.dossiers.list_dossiers(list(unit, from, to)).await.expect("listed").into_inner();
        assert_eq!(answer.total, Some(total), "{unit} {from} {to}");
    }
}

#[tokio::test]
async fn lists_come_in_pages() {
    let mut bench = Bench::start().await;
    for _ in 0..5 {
        bench.submit(application()).await;
    }
    let mut pages = Vec::new();
    for page in 0..=4 {
        let request = ListDossiersRequest { page, page_size: 2, ..list("G07", "2024-04-26", "2024-04-26") };
        let answer = bench.dossiers.list_dossiers(request).await.expect("listed").into_inner();
        assert_eq!(answer.total, Some(5));
        let numbers: Vec<String> =
            answer.dossiers.into_iter().map(|dossier| dossier.code[dossier.code.len() - 1..].to_owned()).collect();
        pages.push(numbers.concat());
    }
    assert_eq!(pages, ["12", "12", "34", "5", ""]); // page 0 means the first
}

#[tokio::test]
async fn a_list_without_sense_is_refused() {
    let mut bench = Bench::start().await;
    let sound = || list("G07", "2024-04-26", "2024-04-27");
    for (request, expected) in [
        (
            ListDossiersRequest { unit_code: "x".into(), ..sound() },
            "unit_code: phải là mã cơ quan, như 000.00.00.G07 hoặc G07.12",
        ),
        (ListDossiersRequest { from_day: None, ..sound() }, "from_day: bắt buộc phải có"),
        (ListDossiersRequest { from_day: day("2024-04-28"), ..sound() }, "to_day: không được trước from_day"),
        (
            ListDossiersRequest {
                to_day: Some(Date { year: 2024, month: 2, day: 30 }),
                from_day: day("2024-01-01"),
                ..sound()
            },
            "to_day: không phải là ngày có trong lịch to_day: không được trước from_day",
        ),
        (ListDossiersRequest { page: -1, ..sound() }, "page: phải từ 1"),
        (ListDossiersRequest { page_size: 201, ..sound() }, "page_size: phải từ 1 đến 200"),
    ] {
        let refused = bench.dossiers.list_dossiers(request).await.expect_err("senseless");
        assert_eq!(refusal(&refused), format!("InvalidArgument/INVALID_FIELD {expected}"));
    }
}
