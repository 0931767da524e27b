//! One dossier of each area from submission to result, told as it happens and checked at every step.

use std::io::Write;

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};

use super::answer::{Answer, Ending};
use super::error::Error;
use super::interpreter::Interpreter;
use super::layout::Layout;
use super::message::{XRoad, envelope};
use super::officer::Office;
use super::party;
use super::portal::Portal;
use super::samples::{Filling, Sample};
use super::transcript::{Transcript, Voice};
use crate::dossier::contract::molisa::dossier::v1;
use crate::dossier::lifecycle;
use crate::soap::version::Version;

/// What is told about one area.
struct Area {
    title: &'static str,
    sample: &'static str,
    /// Whether the application is sent twice.
    is_repeated: bool,
    missing: &'static str,
    paper: &'static str,
    fee: &'static str,
    amount: i64,
    work: &'static str,
    result: &'static str,
}

/// The portal, the office, and what has been told of them.
struct Story<'a, W> {
    portal: Portal,
    office: Office,
    interpreter: Interpreter,
    transcript: &'a mut Transcript<W>,
    exchanges: usize,
}

/// Plays the scenario against the sandbox that serves in `layout`.
///
/// Errors: what keeps it from being played; what differs from the expected is the transcript's to say.
pub async fn play<W: Write>(layout: &Layout, transcript: &mut Transcript<W>) -> Result<(), Error> {
    let ready = layout.ready().map_err(Error::at(layout.path("ready.json")))?.ok_or(Error::NotServing)?;
    let mut story = Story {
        portal: Portal::open(&ready.soap, layout, party::PORTAL)?,
        office: Office::open(&ready.dossier, layout).await?,
        interpreter: Interpreter::read(layout)?,
        transcript,
        exchanges: 0,
    };
    story.transcript.remark(
        "portal: the national portal over SOAP and mutual TLS; officer: the ministry over gRPC and mutual TLS",
    )?;
    let mut codes = Vec::new();
    for (index, area) in AREAS.iter().enumerate() {
        story.transcript.chapter(&format!("{} of {}  {}", index + 1, AREAS.len(), area.title))?;
        codes.push(story.walk(area).await?);
    }
    story.transcript.chapter("All of them  the portal lists what it submitted")?;
    story.list(&codes).await?;
    story.transcript.chapter("Refused  a message that breaks the contract, a step that breaks the life cycle")?;
    story.refused_message().await?;
    story.illegal_step(&codes[0]).await?;
    story.close(codes.len())
}

impl<W: Write> Story<'_, W> {
    /// One dossier's life; its code.
    async fn walk(&mut self, area: &Area) -> Result<String, Error> {
        let (code, own_code) = self.submit(area).await?;
        let dossier = self.office.accept(&code).await?;
        let due = dossier.due_time.as_ref().map_or_else(String::new, |due| shown_moment(due.seconds));
        self.officer("AcceptDossier", &format!("promised for {due}"), &dossier, v1::Status::Accepted)?;
        self.supplement(area, &code).await?;
        self.pay(area, &code).await?;
        let dossier = self.office.record(&code, area.work).await?;
        self.officer("RecordStep", area.work, &dossier, v1::Status::Processing)?;
        let dossier = self.office.finish(&code).await?;
        self.officer("FinishDossier", "", &dossier, v1::Status::Processed)?;
        let dossier = self.office.hand_over(&code, area.result).await?;
        self.officer("ReturnResult", area.result, &dossier, v1::Status::Returned)?;
        self.read_back(area, &code, &own_code).await?;
        Ok(code)
    }

    /// Submitted; the ministry's code and the portal's own.
    async fn submit(&mut self, area: &Area) -> Result<(String, String), Error> {
        let now = local_now();
        let own_code = own_code();
        let filling = Filling { code: &own_code, ..blank(&now) };
        let message = Message::of(area.sample, &filling, &["MaTTHC", "ChuHoSo"], &["MaHoSo", "TrangThaiHoSo"]);
        let answer = self.exchange(&message).await?;
        self.succeeded(&answer, "1")?;
        let code = answer.value("MaHoSo").unwrap_or_default().to_owned();
        if area.is_repeated {
            self.transcript
                .remark("the portal lost the answer and sends the same message again: one dossier, not two")?;
            let again = self.exchange(&message).await?;
            self.same("MaHoSo", &code, again.value("MaHoSo"))?;
        }
        Ok((code, own_code))
    }

    /// Asked for and answered.
    async fn supplement(&mut self, area: &Area, code: &str) -> Result<(), Error> {
        let (dossier, round) = self.office.request_supplement(code, area.missing).await?;
        self.officer("RequestSupplement", area.missing, &dossier, v1::Status::SupplementRequested)?;
        let now = local_now();
        let filling = Filling { dossier: code, round, paper: area.paper, ..blank(&now) };
        let shown = ["HoSoBoSungId", "MaThanhPhanHoSo", "TenTepDinhKem"];
        let answer = self.exchange(&Message::of("BoSungHoSo", &filling, &shown, &["TrangThaiHoSo"])).await?;
        self.succeeded(&answer, "2")
    }

    /// The portal pays what it reads that it owes.
    async fn pay(&mut self, area: &Area, code: &str) -> Result<(), Error> {
        let dossier = self.office.request_payment(code, area.fee, area.amount).await?;
        let asked = format!("{}, {} đồng", area.fee, area.amount);
        self.officer("RequestPayment", &asked, &dossier, v1::Status::PaymentRequested)?;
        let now = local_now();
        let mut filling = Filling { dossier: code, ..blank(&now) };
        let look = Message::of("TraCuuHoSo", &filling, &["MaHoSo"], &["TrangThaiHoSo", "TenPhiLePhi", "Gia"]);
        let answer = self.exchange(&look).await?;
        self.succeeded(&answer, "6")?;
        self.same("Gia", &area.amount.to_string(), answer.value("Gia"))?;
        let reference = own_code();
        filling.code = &reference;
        filling.amount = answer.value("Gia").and_then(|amount| amount.parse().ok()).unwrap_or_default();
        let shown = ["SoTien", "MaTienTe", "MaNganHang"];
        let answer = self.exchange(&Message::of("XacNhanThanhToan", &filling, &shown, &["TrangThaiHoSo"])).await?;
        self.succeeded(&answer, "2")
    }

    /// The portal reads the finished dossier: what it sent, what the ministry added, and every step.
    async fn read_back(&mut self, area: &Area, code: &str, own_code: &str) -> Result<(), Error> {
        let now = local_now();
        let filling = Filling { dossier: code, ..blank(&now) };
        let read = ["TrangThaiHoSo", "DuongDanTepTinKetQua"];
        let answer = self.exchange(&Message::of("TraCuuHoSo", &filling, &["MaHoSo"], &read)).await?;
        self.succeeded(&answer, "10")?;
        let sent = Message::of(area.sample, &Filling { code: own_code, ..filling }, &[], &[]);
        let sent = Answer::new(0, String::new(), sent.envelope().into());
        for name in CARRIED {
            let expected: Vec<&str> = sent.values(name).map(without_zeros).collect();
            let found: Vec<&str> = answer.values(name).map(without_zeros).take(expected.len()).collect();
            self.transcript.expect(name, &expected.join(", "), &found.join(", "))?;
        }
        self.same("DuongDanTepTinKetQua", area.result, answer.value("DuongDanTepTinKetQua"))?;
        let steps = self.exchange(&Message::of("LayTienDoHoSo", &filling, &["MaHoSo"], &["TrangThai"])).await?;
        let statuses: Vec<&str> = steps.values("TrangThai").collect();
        Ok(self.transcript.expect("steps", STEPS, &statuses.join(" "))?)
    }

    async fn list(&mut self, codes: &[String]) -> Result<(), Error> {
        let now = local_now();
        let shown = ["donViXuLy", "ngayNhan1", "ngayNhan2"];
        let answer = self.exchange(&Message::of("DanhSachHoSo", &blank(&now), &shown, &["total", "MaHoSo"])).await?;
        self.same("error_code", "0", answer.value("error_code"))?;
        for code in codes {
            let is_listed = answer.values("MaHoSo").any(|listed| listed == code);
            self.transcript.expect(code, "listed", if is_listed { "listed" } else { "missing" })?;
        }
        Ok(())
    }

    /// 31 February: refused by the contract, before the ministry hears of it.
    async fn refused_message(&mut self) -> Result<(), Error> {
        let now = local_now();
        let filling = Filling { code: &own_code(), ..blank(&now) };
        let mut message = Message::of(AREAS[0].sample, &filling, &["NgaySinh"], &[]);
        message.body = message.body.replace("<NgaySinh>1984-02-29<", "<NgaySinh>1984-02-31<");
        let answer = self.exchange(&message).await?;
        self.same("answer", "Fault", Some(answer.element()))?;
        self.same("Code", "invalid_schema", answer.value("Code"))?;
        self.same("Path", "/NopHoSo/HoSo/ToKhai/ToKhaiGiayPhepLaoDong/NgaySinh", answer.value("Path"))
    }

    /// A returned dossier cannot be withdrawn: refused by the ministry, in the body.
    async fn illegal_step(&mut self, code: &str) -> Result<(), Error> {
        let now = local_now();
        let filling = Filling { dossier: code, ..blank(&now) };
        let answer = self.exchange(&Message::of("RutHoSo", &filling, &["MaHoSo"], &[])).await?;
        self.same("error_code", "409", answer.value("error_code"))
    }

    fn close(&mut self, dossiers: usize) -> Result<(), Error> {
        let checked = self.transcript.checked();
        let differences = self.transcript.differences().len();
        let verdict = match differences {
            0 => "all as expected".to_owned(),
            1 => "1 differs".to_owned(),
            many => format!("{many} differ"),
        };
        let exchanges = self.exchanges;
        self.transcript.chapter(&format!(
            "{dossiers} dossiers from submission to result, {exchanges} exchanges, {checked} expectations: {verdict}"
        ))?;
        Ok(())
    }

    /// Sends, and tells the three sides of it: SOAP in, gRPC, SOAP out.
    async fn exchange(&mut self, message: &Message) -> Result<Answer, Error> {
        self.exchanges += 1;
        let request = message.envelope();
        let sent = Answer::new(0, String::new(), request.clone().into());
        self.transcript.said(Voice::PortalAsks, message.sample.operation(), &shown_values(&sent, &message.shown))?;
        let answer = self.portal.post(Version::Soap11, request).await?;
        let (method, content) = match self.interpreter.call(&message.body) {
            _ if answer.is_repeated() => ("nothing".to_owned(), "the first answer is on record".to_owned()),
            Some(call) => (call.method, call.content),
            None => ("nothing".to_owned(), "the message does not fit the contract".to_owned()),
        };
        self.transcript.said(Voice::GatewayAsks, &method, &content)?;
        let read = match answer.ending() {
            Ending::Fault => &["Code", "Path", "Line", "Rule"][..],
            Ending::Refusal => &["error_code", "message"],
            Ending::Success => &message.read,
        };
        self.transcript.said(Voice::PortalReads, answer.element(), &shown_values(&answer, read))?;
        Ok(answer)
    }

    fn officer(
        &mut self,
        what: &str,
        content: &str,
        dossier: &v1::DossierSummary,
        expected: v1::Status,
    ) -> Result<(), Error> {
        self.exchanges += 1;
        let status = dossier.status().as_str_name();
        let comma = if content.is_empty() { "" } else { ", " };
        self.transcript.said(Voice::Officer, what, &format!("{status}{comma}{content}"))?;
        Ok(self.transcript.expect(what, expected.as_str_name(), status)?)
    }

    fn succeeded(&mut self, answer: &Answer, status: &str) -> Result<(), Error> {
        self.same("error_code", "0", answer.value("error_code"))?;
        self.same("TrangThaiHoSo", status, answer.value("TrangThaiHoSo"))
    }

    fn same(&mut self, what: &str, expected: &str, found: Option<&str>) -> Result<(), Error> {
        Ok(self.transcript.expect(what, expected, found.unwrap_or("nothing"))?)
    }
}

/// One message of the portal's.
struct Message {
    sample: Sample,
    body: String,
    id: String,
    /// Elements of it that are told.
    shown: Vec<&'static str>,
    /// Elements of a good answer that are told.
    read: Vec<&'static str>,
}

impl Message {
    fn of(sample: &str, filling: &Filling<'_>, shown: &[&'static str], read: &[&'static str]) -> Self {
        let sample = Sample::named(sample).expect("the scenario sends samples there are");
        Self {
            sample,
            body: sample.body(filling),
            id: uuid::Uuid::new_v4().to_string(),
            shown: shown.to_vec(),
            read: read.to_vec(),
        }
    }

    /// The same bytes each time: the id stays.
    fn envelope(&self) -> Vec<u8> {
        let headers = XRoad {
            client: party::PORTAL.identifier.to_owned(),
            service: party::MINISTRY.to_owned(),
            operation: self.sample.operation().to_owned(),
            id: self.id.clone(),
            user: Some(party::PORTAL_USER.to_owned()),
            issue: None,
            signable: false,
        };
        envelope(Version::Soap11, Some(&headers), &self.body)
    }
}

/// Nothing filled in but the moment.
fn blank(now: &Zoned) -> Filling<'_> {
    Filling { now, code: "", dossier: "", round: 0, paper: "", amount: 0 }
}

/// Names and values, the first few of each name; a status with its title.
fn shown_values(answer: &Answer, names: &[&str]) -> String {
    let shown = names.iter().filter_map(|name| {
        let all: Vec<String> = answer.values(name).map(|value| titled(name, value)).collect();
        // Steps are one digit each and all of them matter.
        let values_max = if *name == "TrangThai" { usize::MAX } else { VALUES_MAX };
        let more = if all.len() > values_max { " …" } else { "" };
        let values = all.iter().take(values_max).map(String::as_str).collect::<Vec<_>>().join(" ");
        (!values.is_empty()).then(|| format!("{name} {values}{more}"))
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn titled(name: &str, value: &str) -> String {
    let status = value.parse::<i32>().ok().and_then(|code| v1::Status::try_from(code).ok());
    match (name, status) {
        ("TrangThaiHoSo", Some(status)) => format!("{value} ({})", lifecycle::title(status)),
        _ => value.to_owned(),
    }
}

/// `178500` and `178500.00` are the same amount.
fn without_zeros(value: &str) -> &str {
    let is_decimal = value.contains('.') && value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if is_decimal { value.trim_end_matches('0').trim_end_matches('.') } else { value }
}

/// Viet Nam's time is UTC+7 all year.
pub(super) fn local_now() -> Zoned {
    Timestamp::now().to_zoned(zone())
}

fn shown_moment(seconds: i64) -> String {
    let moment = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    moment.to_zoned(zone()).strftime("%Y-%m-%d %H:%M").to_string()
}

fn zone() -> TimeZone {
    TimeZone::fixed(Offset::constant(7))
}

/// The portal's own code for a dossier or a payment.
pub(super) fn own_code() -> String {
    format!("DVCQG-{}", uuid::Uuid::new_v4().simple())
}

const AREAS: [Area; 4] = [
    Area {
        title: "A foreign worker's permit (cấp giấy phép lao động)",
        sample: "NopHoSo",
        is_repeated: true,
        missing: "Thiếu bản sao hộ chiếu có chứng thực",
        paper: "GPLD-07",
        fee: "Lệ phí cấp giấy phép lao động",
        amount: 600_000,
        work: "Thẩm định hồ sơ và trình ký giấy phép lao động",
        result: "https://tep.molisa.example/ket-qua/giay-phep-lao-dong.pdf",
    },
    Area {
        title: "Registration of a labour-export contract (đăng ký hợp đồng cung ứng lao động)",
        sample: "NopHoSo-DangKyHopDong",
        is_repeated: false,
        missing: "Thiếu văn bản chứng minh việc tiếp nhận lao động của đối tác",
        paper: "DKHD-03",
        fee: "Phí thẩm định hợp đồng",
        amount: 1_000_000,
        work: "Thẩm định hợp đồng cung ứng lao động",
        result: "https://tep.molisa.example/ket-qua/phieu-tra-loi.pdf",
    },
    Area {
        title: "Declaration of safety equipment (khai báo thiết bị an toàn lao động)",
        sample: "NopHoSo-ThietBiAnToan",
        is_repeated: false,
        missing: "Thiếu giấy chứng nhận kiểm định của cầu trục",
        paper: "KBTB-02",
        fee: "Cước bưu chính trả kết quả",
        amount: 32_000,
        work: "Ghi sổ theo dõi thiết bị",
        result: "https://tep.molisa.example/ket-qua/xac-nhan-khai-bao.pdf",
    },
    Area {
        title: "Benefit for a person with merit (trợ cấp người có công)",
        sample: "NopHoSo-TroCapNguoiCoCong",
        is_repeated: false,
        missing: "Thiếu trích lục khai tử",
        paper: "NCC-03",
        fee: "Cước bưu chính trả kết quả",
        amount: 32_000,
        work: "Xác minh thời gian tham gia chiến tranh và trình quyết định trợ cấp",
        result: "https://tep.molisa.example/ket-qua/quyet-dinh-tro-cap.pdf",
    },
];

/// What the portal must read as it was sent, whatever became of the dossier.
const CARRIED: [&str; 12] = [
    "Ma",
    "MaTTHC",
    "TenTTHC",
    "MaLinhVuc",
    "ChuHoSo",
    "SoGiayToChuHoSo",
    "TrichYeuHoSo",
    "DiaChiChiTiet",
    "TenTepDinhKem",
    "HoVaTen",
    "SoTien",
    "DacTinhKyThuat",
];

/// Status after each step of [`Story::walk`].
const STEPS: &str = "1 2 5 2 6 2 4 9 10";

/// Values of one name that are told.
const VALUES_MAX: usize = 3;
