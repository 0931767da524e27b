//! The service as its clients see it: a real server on loopback, a real client, a clock that stands where it is put.

use std::path::{Path, PathBuf};

use jiff::tz::Offset;
use prost::Message;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel as Line;
use tonic::{Request, Response, Status as GrpcStatus};

use super::admission::Role;
use super::catalogue::{Catalogue, Files};
use super::code::AgencyCode;
use super::contract::google::rpc;
use super::contract::google::r#type::Date;
use super::contract::molisa::dossier::v1::dossier_office_service_client::DossierOfficeServiceClient;
use super::contract::molisa::dossier::v1::dossier_service_client::DossierServiceClient;
use super::contract::molisa::dossier::v1::*;
use super::holidays;
use super::incoming::Transport;
use super::server::{self, Running, Settings};
use crate::clock::{Clock, UnixMillis};
use crate::problem::Problems;

mod admission;
mod directory;
mod exchange;
mod life;
mod once;
mod parties;
pub(crate) mod pki;
mod reading;
mod refusals;
mod running;

/// A running service and its clients.
struct Bench {
    folder: PathBuf,
    // Removes the folder when the bench is gone.
    _owner: std::sync::Arc<tempfile::TempDir>,
    clock: Clock,
    running: Running,
    dossiers: DossierServiceClient<Line>,
    office: DossierOfficeServiceClient<Line>,
}

impl Bench {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::start_in(folder.path().to_owned(), std::sync::Arc::new(folder)).await
    }

    async fn start_in(folder: PathBuf, owner: std::sync::Arc<tempfile::TempDir>) -> Self {
        Self::start_with(settings(&folder), folder, owner).await
    }

    async fn start_with(settings: Settings, folder: PathBuf, owner: std::sync::Arc<tempfile::TempDir>) -> Self {
        let clock = Clock::at(moment("2024-04-26T16:30"));
        let running = server::start(settings, clock.clone(), Transport::Plain(Role::Ministry)).await.expect("starts");
        let channel = Line::from_shared(format!("http://{}", running.address))
            .expect("an address")
            .connect()
            .await
            .expect("connects");
        Self {
            folder,
            _owner: owner,
            clock,
            running,
            dossiers: DossierServiceClient::new(channel.clone()).max_decoding_message_size(64 << 20),
            office: DossierOfficeServiceClient::new(channel),
        }
    }

    async fn restart(self) -> Self {
        let Self { folder, _owner, running, .. } = self;
        running.stop().await;
        Self::start_in(folder, _owner).await
    }

    fn at(&self, local: &str) {
        self.clock.set(moment(local));
    }

    async fn submit(&mut self, dossier: Dossier) -> DossierSummary {
        let request = SubmitDossierRequest { dossier: Some(dossier) };
        self.dossiers.submit_dossier(request).await.expect("submitted").into_inner().dossier.expect("a summary")
    }

    async fn get(&mut self, code: &str) -> Dossier {
        let request = GetDossierRequest { code: code.to_owned() };
        self.dossiers.get_dossier(request).await.expect("found").into_inner().dossier.expect("a dossier")
    }

    /// A dossier in `status`, taken there the shortest way.
    async fn dossier_in(&mut self, status: Status) -> String {
        let code = self.submit(application()).await.code;
        let way: &[Status] = match status {
            Status::Unspecified | Status::Registered => &[],
            Status::Processing => &[Status::Accepted, Status::Processing],
            Status::Stopped => &[Status::Accepted, Status::Stopped],
            Status::Processed => &[Status::Accepted, Status::Processed],
            Status::Returned => &[Status::Accepted, Status::Processed, Status::Returned],
            Status::Accepted
            | Status::NotAccepted
            | Status::SupplementRequested
            | Status::PaymentRequested
            | Status::Withdrawn => &[status],
        };
        for to in way {
            self.take(&code, *to).await.expect("a legal step");
        }
        code
    }

    /// Asks for the step to `to` by the method that is for it.
    async fn take(&mut self, code: &str, to: Status) -> Result<DossierSummary, GrpcStatus> {
        let code = code.to_owned();
        let officer = Some(officer());
        let text = "Nội dung xử lý".to_owned();
        let answer = match to {
            Status::Accepted => {
                let request = AcceptDossierRequest { code, officer, ..Default::default() };
                self.office.accept_dossier(request).await
            }
            Status::NotAccepted => {
                self.office.refuse_dossier(RefuseDossierRequest { code, officer, reason: text }).await
            }
            Status::Processing => {
                let request = RecordStepRequest { code, officer, content: text, ..Default::default() };
                self.office.record_step(request).await
            }
            Status::SupplementRequested => {
                let request = RequestSupplementRequest { code, officer, content: text, ..Default::default() };
                self.office.request_supplement(request).await
            }
            Status::PaymentRequested => {
                let request = RequestPaymentRequest { code, officer, fees: vec![fee(600_000)], ..Default::default() };
                self.office.request_payment(request).await
            }
            Status::Withdrawn => {
                let request = WithdrawDossierRequest { code, reason: text };
                let answer = self.dossiers.withdraw_dossier(request).await?.into_inner();
                Ok(Response::new(OfficeResponse { dossier: answer.dossier, round_id: 0 }))
            }
            Status::Stopped => self.office.stop_dossier(StopDossierRequest { code, officer, reason: text }).await,
            Status::Processed => {
                let request = FinishDossierRequest { code, officer, ..Default::default() };
                self.office.finish_dossier(request).await
            }
            Status::Returned => {
                let request = ReturnResultRequest { code, officer, results: vec![result()], ..Default::default() };
                self.office.return_result(request).await
            }
            Status::Unspecified | Status::Registered => unreachable!("no method for it"),
        };
        Ok(answer?.into_inner().dossier.expect("a summary"))
    }
}

fn settings(folder: &Path) -> Settings {
    let file = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/hoso/catalogue").join(name);
    let files =
        Files { procedures: vec![file("procedures.toml")], agencies: file("agencies.toml"), codes: file("codes.toml") };
    let mut problems = Problems::new();
    Settings {
        listen: "127.0.0.1:0".parse().expect("an address"),
        database: folder.join("dossiers.db"),
        agency: AgencyCode::parse("000.00.00.G07").expect("an agency"),
        sequence_digits: 4,
        catalogue: Catalogue::load(&files, &mut problems).unwrap_or_else(|| panic!("{problems}")),
        calendar: holidays::load(&file("holidays.toml"), Offset::constant(7), &mut problems).expect("usable"),
        message_bytes_max: 16 << 20,
    }
}

/// A local time in Viet Nam.
fn moment(local: &str) -> UnixMillis {
    UnixMillis(time(local).seconds * 1000)
}

fn time(local: &str) -> prost_types::Timestamp {
    let local: jiff::civil::DateTime = local.parse().expect("a local time");
    let seconds = Offset::constant(7).to_timestamp(local).expect("in range").as_second();
    prost_types::Timestamp { seconds, nanos: 0 }
}

fn local(time: Option<prost_types::Timestamp>) -> String {
    let moment = jiff::Timestamp::from_second(time.expect("a time").seconds).expect("in range");
    Offset::constant(7).to_datetime(moment).strftime("%Y-%m-%dT%H:%M").to_string()
}

fn day(text: &str) -> Option<Date> {
    let day: jiff::civil::Date = text.parse().expect("a day");
    Some(Date { year: i32::from(day.year()), month: i32::from(day.month()), day: i32::from(day.day()) })
}

/// With metadata, given as name and value.
fn with<T>(metadata: &[(&'static str, &str)], message: T) -> Request<T> {
    let mut request = Request::new(message);
    for (name, value) in metadata {
        request.metadata_mut().insert(*name, MetadataValue::try_from(*value).expect("printable"));
    }
    request
}

/// `STATUS/REASON`, and the fields at fault.
fn refusal(status: &GrpcStatus) -> String {
    let details = rpc::Status::decode(status.details()).expect("details");
    assert_eq!((details.code, details.message.as_str()), (i32::from(status.code()), status.message()));
    let info = rpc::ErrorInfo::decode(details.details[0].value.as_slice()).expect("an ErrorInfo");
    assert_eq!(details.details[0].type_url, "type.googleapis.com/google.rpc.ErrorInfo");
    assert_eq!(info.domain, "molisa.gov.vn");
    let mut text = format!("{:?}/{}", status.code(), info.reason);
    if let Some(any) = details.details.get(1) {
        assert_eq!(any.type_url, "type.googleapis.com/google.rpc.BadRequest");
        let bad = rpc::BadRequest::decode(any.value.as_slice()).expect("a BadRequest");
        for violation in bad.field_violations {
            text.push_str(&format!(" {}: {}", violation.field, violation.description));
        }
    }
    text
}

fn officer() -> Officer {
    Officer { name: "Đỗ Văn Kiên".into(), title: "Chuyên viên".into(), department: "Phòng Một cửa".into() }
}

fn fee(amount_vnd: i64) -> Fee {
    Fee {
        name: "Lệ phí".into(),
        code: "LP".into(),
        collected: FeeCollection::AtAcceptance.into(),
        amount_vnd,
        kind: FeeKind::Ordinary.into(),
    }
}

fn result() -> ResultPaper {
    ResultPaper { name: "Giấy phép".into(), url: "https://tep.molisa.example/gp/1".into(), ..Default::default() }
}

fn payment(code: &str, amount_vnd: i64) -> ConfirmPaymentRequest {
    ConfirmPaymentRequest {
        code: code.into(),
        partner_code: "NTTT".into(),
        reference_code: "TC-1".into(),
        amount_vnd,
        currency_code: "VND".into(),
        transaction_code: "GD-1".into(),
        bank_code: "NHHB".into(),
        paid_time: Some(time("2024-04-26T16:00")),
        description: String::new(),
    }
}

fn paper(component_code: &str, content: &[u8]) -> Document {
    Document {
        file_name: "tep.pdf".into(),
        component_code: component_code.into(),
        source: Some(document::Source::Content(content.to_vec())),
        ..Default::default()
    }
}

/// A sound application for a work permit.
fn application() -> Dossier {
    let address = Address {
        province_code: "01".into(),
        commune_code: "00166".into(),
        detail: "Lô C7, Khu công nghiệp Bắc Thăng Long".into(),
        ..Default::default()
    };
    Dossier {
        external_codes: vec![ExternalCode { system: "DVCQG".into(), code: "G22.99-240426-0001".into() }],
        procedure_code: "1.014199".into(),
        channel: Channel::Online.into(),
        owner: Some(Owner {
            name: "Công ty TNHH Cơ khí chính xác Sao Khuê".into(),
            r#type: OwnerType::Business.into(),
            papers: Some(OwnerPapers { number: "0100000190".into(), identities: vec![] }),
            contact: Some(Contact {
                email: "nhansu@saokhue.example".into(),
                phone: "024 5550 0190".into(),
                ..Default::default()
            }),
            address: Some(address.clone()),
            ..Default::default()
        }),
        summary: "Đề nghị cấp giấy phép lao động".into(),
        submitted_time: Some(time("2024-04-26T16:29")),
        status: Status::Registered.into(),
        return_form: ReturnForm::Post.into(),
        processing_unit_name: "Cục Việc làm".into(),
        processing_unit_code: "000.00.00.G07".into(),
        submission_place: SubmissionPlace::NationalPortal.into(),
        online_payment: OnlinePayment::PaidOnline.into(),
        documents: vec![paper("GPLD-02", b"suc khoe"), paper("GPLD-03", b"ly lich")],
        form: Some(Form { kind: Some(form::Kind::ForeignWorkerPermit(permit(address))) }),
        ..Default::default()
    }
}

fn permit(address: Address) -> ForeignWorkerPermit {
    ForeignWorkerPermit {
        employer: Some(Enterprise {
            name: "Công ty TNHH Cơ khí chính xác Sao Khuê".into(),
            tax_code: "0100000190".into(),
            address: Some(address),
            ..Default::default()
        }),
        full_name: "TANAKA HARUTO".into(),
        birth_date: day("1984-02-29"),
        sex: Sex::Male.into(),
        nationality_code: "JP".into(),
        passport_number: "TZ0000019".into(),
        passport_expiry_date: day("2030-01-01"),
        qualification: "Kỹ sư cơ khí".into(),
        position: JobPosition::Expert.into(),
        job_title: "Chuyên gia kỹ thuật".into(),
        arrangement: WorkArrangement::InternalTransfer.into(),
        workplace: "Hà Nội".into(),
        start_date: day("2024-06-15"),
        end_date: day("2026-06-14"),
        approval_number: "118/CVL-CT".into(),
        approval_date: day("2024-04-01"),
        ..Default::default()
    }
}
