//! Whose dossiers a member sees beside those that it submitted: its agencies'.

use super::*;

/// A dossier that the portal handed over, numbered by one agency and handled by another.
async fn handed_over(bench: &mut Bench, code: &str, unit: &str) {
    let dossier = Dossier {
        code: code.into(),
        processing_unit_code: unit.into(),
        submission_place: SubmissionPlace::LocalPortal.into(),
        submitted_time: Some(time("2024-04-26T08:00")),
        received_time: Some(time("2024-04-26T08:30")),
        status: Status::Accepted.into(),
        ..application()
    };
    let request = SyncDossiersRequest { updating: None, dossiers: vec![dossier] };
    let answer = bench.dossiers.sync_dossiers(with(&[("lienthong-member", "portal")], request)).await;
    assert_eq!(answer.expect("worked through").into_inner().results[0].outcome(), ItemOutcome::Ok, "{code}");
}

#[tokio::test]
async fn a_member_is_a_party_to_what_its_agencies_number_or_handle() {
    let mut bench = Bench::start().await;
    handed_over(&mut bench, "H56-240426-0000001", "000.00.00.H56").await;
    handed_over(&mut bench, "000.00.00.H29-240426-0000002", "000.00.00.H56").await;
    handed_over(&mut bench, "000.00.00.H56-240426-0000003", "000.00.00.H29").await;
    handed_over(&mut bench, "H29-240426-0000004", "000.00.00.H29").await;
    // Who asks, for which agencies, and the last digit of each dossier it reads.
    let cases = [
        ("portal", None, "1234"),
        ("stranger", None, ""),
        ("h56", Some("H56"), "123"),
        ("h56", Some("000.00.00.H56"), "123"),
        ("h56", Some("G07,H56"), "123"),
        ("h29", Some("H29"), "234"),
        ("h5", Some("H5"), ""),
        ("h56-14", Some("H56.14"), ""),
        ("both", Some("H56,H29"), "1234"),
        ("ministry", Some("*"), "1234"),
    ];
    let codes =
        ["H56-240426-0000001", "H29-240426-0000002", "H56-240426-0000003", "000.00.00.H29-240426-0000004"].iter();
    for (member, agencies, expected) in cases {
        let mut metadata = vec![("lienthong-member", member)];
        metadata.extend(agencies.map(|agencies| ("lienthong-agencies", agencies)));
        let mut read = String::new();
        for code in codes.clone() {
            let request = GetDossierRequest { code: (*code).to_owned() };
            match bench.dossiers.get_dossier(with(&metadata, request)).await {
                Ok(_) => read.push_str(&code[code.len() - 1..]),
                Err(status) => assert_eq!(refusal(&status), "NotFound/UNKNOWN_DOSSIER", "{member}"),
            }
        }
        assert_eq!(read, expected, "read by {member} for {agencies:?}");
        let mut listed = Vec::new();
        for unit in ["H56", "H29"] {
            let request = ListDossiersRequest {
                unit_code: unit.into(),
                from_day: day("2024-04-26"),
                to_day: day("2024-04-26"),
                ..Default::default()
            };
            let answer = bench.dossiers.list_dossiers(with(&metadata, request)).await.expect("listed").into_inner();
            assert_eq!(answer.total, Some(answer.dossiers.len() as i32));
            listed.extend(answer.dossiers.into_iter().map(|dossier| dossier.code[dossier.code.len() - 1..].to_owned()));
        }
        listed.sort();
        assert_eq!(listed.concat(), expected, "listed for {member} for {agencies:?}");
    }
}

#[tokio::test]
async fn agencies_that_cannot_be_read_are_no_agencies() {
    let mut bench = Bench::start().await;
    let code = bench.submit(application()).await.code;
    let long = "H56.01.001,".repeat(400);
    for (agencies, expected) in [("", "INVALID_FIELD"), (&*long, "INVALID_FIELD"), (",,", "UNKNOWN_DOSSIER")] {
        let metadata = [("lienthong-member", "h56"), ("lienthong-agencies", agencies)];
        let request = GetDossierRequest { code: code.clone() };
        let refused = bench.dossiers.get_dossier(with(&metadata, request)).await.expect_err("not its own");
        assert!(refusal(&refused).contains(expected), "{agencies:.20}: {}", refusal(&refused));
    }
}

#[tokio::test]
async fn who_confirms_a_payment_is_not_told_of_dossiers_that_wait_for_none() {
    let mut bench = Bench::start().await;
    let code = bench.dossier_in(Status::Accepted).await;
    for code in [code.as_str(), "000.00.00.G07-240426-9999999"] {
        let request = ConfirmPaymentRequest {
            code: code.to_owned(),
            partner_code: "P".into(),
            reference_code: "R".into(),
            transaction_code: "T".into(),
            amount_vnd: 600_000,
            currency_code: "VND".into(),
            paid_time: Some(time("2024-04-26T16:00")),
            ..Default::default()
        };
        let refused = bench.dossiers.confirm_payment(with(&[("lienthong-member", "platform")], request)).await;
        assert_eq!(refusal(&refused.expect_err("none is due")), "NotFound/UNKNOWN_DOSSIER");
    }
}
