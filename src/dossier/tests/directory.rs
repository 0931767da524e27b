//! The catalogue as callers read it, and dossiers judged by its days.

use super::*;
use crate::dossier::contract::molisa::dossier::v1::catalogue_service_client::CatalogueServiceClient;

/// A service whose catalogue is these texts; an empty one is the shipped file.
async fn bench_with(procedures: &[(&str, &str)], agencies: &str, codes: &str) -> Bench {
    let folder = tempfile::tempdir().expect("a folder");
    let written = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).expect("written");
        file
    };
    let shipped = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/hoso/catalogue").join(name);
    let or_shipped = |name: &str, text: &str| if text.is_empty() { shipped(name) } else { written(name, text) };
    let files = Files {
        procedures: procedures.iter().map(|(name, text)| or_shipped(name, text)).collect(),
        agencies: or_shipped("agencies.toml", agencies),
        codes: or_shipped("codes.toml", codes),
    };
    let mut problems = Problems::new();
    let catalogue = Catalogue::load(&files, &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let settings = Settings { catalogue, ..settings(folder.path()) };
    Bench::start_with(settings, folder.path().to_owned(), std::sync::Arc::new(folder)).await
}

async fn catalogue(bench: &Bench) -> CatalogueServiceClient<Line> {
    let address = format!("http://{}", bench.running.address);
    let channel = Line::from_shared(address).expect("an address").connect().await.expect("connects");
    CatalogueServiceClient::new(channel).max_decoding_message_size(64 << 20)
}

#[tokio::test]
async fn three_hundred_and_more_procedures_of_a_national_file_are_listed() {
    let procedure = |number: u32| {
        format!(
            r#"{{"MATTHC": "1.{number:06}", "TENTTHC": "Thủ tục số {number}", "MACOQUANCONGBO": "000.00.00.G07",
                "LINHVUCTHUCHIEN": [{{"MALINHVUC": "G07-LĐ{:02}", "TENLINHVUC": "Lĩnh vực {}"}}],
                "CACHTHUCTHUCHIEN": [{{"KENH": "2", "THOIGIAN": [{{"THOIGIANGIAIQUYET": "{}", "DONVITINH": "Ngày làm việc"}}]}}],
                "THANHPHANHOSO": [{{"TRUONGHOP": "", "GIAYTO": [{{"MAGIAYTO": "G-{number}", "TENGIAYTO": "Đơn"}}]}}]}}"#,
            number % 13 + 1,
            number % 13 + 1,
            number % 30 + 1,
        )
    };
    let procedures: Vec<String> = (1..=340).map(procedure).collect();
    let national = format!(r#"{{"error_code": "0", "message": "", "result": [{}]}}"#, procedures.join(","));
    let mut bench = bench_with(&[("procedures.toml", ""), ("national.json", &national)], "", "").await;
    let mut client = catalogue(&bench).await;
    let all = client.list_procedures(ListProceduresRequest::default()).await.expect("listed").into_inner().procedures;
    // Of the shipped ones, one is in the national list and five ended only in 2025.
    assert_eq!(all.len(), 340 + 31);
    assert!(all.is_sorted_by(|a, b| a.code < b.code));
    let of_field = ListProceduresRequest { field_code: "G07-LĐ01".into(), ..Default::default() };
    let some = client.list_procedures(of_field).await.expect("listed").into_inner().procedures;
    assert_eq!(some.len(), 340 / 13 + 3);
    let one = GetProcedureRequest { code: "1.000339.H56".into(), ..Default::default() };
    let one = client.get_procedure(one).await.expect("found").into_inner().procedure.expect("a procedure");
    assert_eq!((one.ways[0].terms[0].days, one.ways[0].terms[0].unit()), (10, TermUnit::WorkingDays));

    let code = bench.submit(Dossier { procedure_code: "1.000339".into(), form: None, ..application() }).await.code;
    let accepted = bench.take(&code, Status::Accepted).await.expect("accepted");
    assert_eq!(local(accepted.due_time), "2024-05-15T16:30", "its ten working days");
}

const DATED: &str = r#"
area = [{ code = "G07-LĐ11", name = "Việc làm" }]
[[procedure]]
code = "1.014199"
name = "Cấp giấy phép lao động"
mark = "V"
area = "G07-LĐ11"
term = { days = 10, unit = "working" }
form = "foreign_worker_permit"
from = 2024-04-01
until = 2024-05-01
"#;

const ENDED: &str = r#"
[[agency]]
code = "000.00.00.G07"
name = "Bộ Lao động - Thương binh và Xã hội"
until = 2024-04-30
[[agency]]
code = "H56"
name = "Tỉnh Thanh Hóa"
"#;

#[tokio::test]
async fn a_dossier_is_judged_by_the_day_of_its_submission() {
    let mut bench = bench_with(&[("p.toml", DATED)], ENDED, "").await;
    bench.at("2024-05-02T08:00");
    for (submitted, expected) in [
        ("2024-03-31T23:59", "FailedPrecondition/PROCEDURE_NOT_VALID"),
        ("2024-04-01T00:00", "ok"),
        ("2024-04-29T23:59", "ok"),
        ("2024-04-30T00:00", "FailedPrecondition/UNIT_NOT_VALID"),
        ("2024-05-01T00:00", "FailedPrecondition/PROCEDURE_NOT_VALID"),
    ] {
        let dossier = Dossier { submitted_time: Some(time(submitted)), ..application() };
        let answer = bench.dossiers.submit_dossier(SubmitDossierRequest { dossier: Some(dossier) }).await;
        assert_eq!(answer.map_or_else(|status| refusal(&status), |_| "ok".to_owned()), expected, "{submitted}");
    }
    // What was submitted in time goes its way, though procedure and agency have ended.
    let accepted = bench.take("000.00.00.G07-240502-0001", Status::Accepted).await.expect("accepted");
    assert_eq!(local(accepted.due_time), "2024-05-16T08:00");
}

#[tokio::test]
async fn a_synced_dossier_is_judged_by_its_day_too() {
    let mut bench = bench_with(&[("p.toml", DATED)], ENDED, "").await;
    bench.at("2024-05-02T08:00");
    let sent = |number: &str, unit: &str, submitted: &str| Dossier {
        code: format!("{unit}-240430-{number}"),
        processing_unit_code: unit.into(),
        submitted_time: Some(time(submitted)),
        ..application()
    };
    let dossiers = vec![
        sent("0001", "H56.14", "2024-04-30T08:00"),
        sent("0002", "G07.12", "2024-04-30T08:00"),
        sent("0003", "H56.14", "2024-05-01T08:00"),
        sent("0004", "H29", "2024-04-30T08:00"),
    ];
    let request = SyncDossiersRequest { updating: None, dossiers };
    let results = bench.dossiers.sync_dossiers(request).await.expect("worked through").into_inner().results;
    let outcomes: Vec<ItemOutcome> = results.iter().map(ItemResult::outcome).collect();
    use ItemOutcome::{Ok, ProcedureNotValid, UnitNotValid, UnknownUnit};
    assert_eq!(outcomes, [Ok, UnitNotValid, ProcedureNotValid, UnknownUnit]);
}

#[tokio::test]
async fn every_list_is_that_of_the_day_asked_for() {
    let bench = bench_with(&[("p.toml", DATED)], ENDED, "").await;
    let mut client = catalogue(&bench).await;
    for (on, procedures, agencies, districts) in
        [("2024-03-31", 0, 2, 4), ("2024-04-30", 1, 1, 4), ("2025-06-30", 0, 1, 4), ("2025-07-01", 0, 1, 0)]
    {
        let request = ListProceduresRequest { day: day(on), ..Default::default() };
        let listed = client.list_procedures(request).await.expect("listed").into_inner().procedures;
        assert_eq!(listed.len(), procedures, "{on}");
        let request = ListAgenciesRequest { day: day(on) };
        assert_eq!(client.list_agencies(request).await.expect("listed").into_inner().agencies.len(), agencies, "{on}");
        let request = ListCodesRequest { list: "QuanHuyen".into(), day: day(on), ..Default::default() };
        assert_eq!(client.list_codes(request).await.expect("listed").into_inner().entries.len(), districts, "{on}");
        let request = ListFieldsRequest { day: day(on) };
        assert_eq!(client.list_fields(request).await.expect("listed").into_inner().fields.len(), 1, "{on}");
    }
    // Without a day it is the service's today.
    let listed = client.list_agencies(ListAgenciesRequest::default()).await.expect("listed").into_inner().agencies;
    assert_eq!(listed[0].until_day, day("2024-04-30"));
    let request = ListCodesRequest { list: "PhuongXa".into(), parent_code: "01".into(), day: day("2025-07-01") };
    let below = client.list_codes(request).await.expect("listed").into_inner().entries;
    assert_eq!((below.len(), below[0].from_day), (1, day("2025-07-01")));
}

#[tokio::test]
async fn what_the_catalogue_does_not_have_is_refused() {
    let bench = bench_with(&[("p.toml", DATED)], "", "").await;
    let mut client = catalogue(&bench).await;
    let procedure = |code: &str, on: &str| GetProcedureRequest { code: code.into(), day: day(on) };
    for (request, expected) in [
        (procedure("9.999999", "2024-04-26"), "NotFound/UNKNOWN_PROCEDURE"),
        (procedure("1.014199", "2024-05-01"), "FailedPrecondition/PROCEDURE_NOT_VALID"),
        (
            procedure("x", "2024-05-01"),
            "InvalidArgument/INVALID_FIELD code: phải có dạng N.NNNNNN, có thể kèm mã cơ quan",
        ),
        (
            GetProcedureRequest {
                day: Some(Date { year: 2025, month: 2, day: 29 }),
                ..procedure("1.014199", "2024-05-01")
            },
            "InvalidArgument/INVALID_FIELD day: không phải là ngày có trong lịch",
        ),
    ] {
        let refused = client.get_procedure(request).await.expect_err("not there");
        assert_eq!(refusal(&refused), expected);
    }
    let request = ListCodesRequest { list: "TrangThai".into(), ..Default::default() };
    assert_eq!(refusal(&client.list_codes(request).await.expect_err("not there")), "NotFound/UNKNOWN_LIST");
    let request = ListProceduresRequest { field_code: "LĐ11".into(), ..Default::default() };
    let refused = client.list_procedures(request).await.expect_err("no code");
    assert_eq!(refusal(&refused), "InvalidArgument/INVALID_FIELD field_code: phải có dạng G07-LĐ11");
}
