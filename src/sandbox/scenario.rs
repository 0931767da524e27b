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
use crate::soap::version::Version;

/// What is told about one area.
struct Area {
    title: &'static str,
    sample: &'static str,
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
        let code = self.submit(area).await?;
        let dossier = self.office.accept(&code).await?;
        self.officer("AcceptDossier", &dossier, v1::Status::Accepted)?;
        let round = self.supplement(area, &code).await?;
        self.pay(area, &code).await?;
        let dossier = self.office.record(&code, area.work).await?;
        self.officer("RecordStep", &dossier, v1::Status::Processing)?;
        let dossier = self.office.finish(&code).await?;
        self.officer("FinishDossier", &dossier, v1::Status::Processed)?;
        let dossier = self.office.hand_over(&code, area.result).await?;
        self.officer("ReturnResult", &dossier, v1::Status::Returned)?;
        self.read_back(area, &code, round).await?;
        Ok(code)
    }

    async fn submit(&mut self, area: &Area) -> Result<String, Error> {
        let now = local_now();
        let own_code = own_code();
        let filling = Filling { code: &own_code, ..blank(&now) };
        let answer = self.ask(area.sample, &filling, &["MaTTHC", "ChuHoSo"]).await?;
        self.succeeded(&answer, "1")?;
        Ok(answer.value("MaHoSo").unwrap_or_default().to_owned())
    }

    /// Asked for and answered; the round.
    async fn supplement(&mut self, area: &Area, code: &str) -> Result<i32, Error> {
        let (dossier, round) = self.office.request_supplement(code, area.missing).await?;
        self.officer("RequestSupplement", &dossier, v1::Status::SupplementRequested)?;
        let now = local_now();
        let filling = Filling { dossier: code, round, paper: area.paper, ..blank(&now) };
        let answer = self.ask("BoSungHoSo", &filling, &["MaHoSo", "HoSoBoSungId"]).await?;
        self.succeeded(&answer, "2")?;
        Ok(round)
    }

    /// The portal pays what it reads that it owes.
    async fn pay(&mut self, area: &Area, code: &str) -> Result<(), Error> {
        let dossier = self.office.request_payment(code, area.fee, area.amount).await?;
        self.officer("RequestPayment", &dossier, v1::Status::PaymentRequested)?;
        let now = local_now();
        let mut filling = Filling { dossier: code, ..blank(&now) };
        let answer = self.ask("TraCuuHoSo", &filling, &["MaHoSo"]).await?;
        self.succeeded(&answer, "6")?;
        self.same("Gia", &area.amount.to_string(), answer.value("Gia"))?;
        let reference = own_code();
        filling.code = &reference;
        filling.amount = answer.value("Gia").and_then(|amount| amount.parse().ok()).unwrap_or_default();
        let answer = self.ask("XacNhanThanhToan", &filling, &["MaHoSo", "SoTien", "MaTienTe"]).await?;
        self.succeeded(&answer, "2")
    }

    /// The portal reads the finished dossier: what it sent, what the ministry added, and every step.
    async fn read_back(&mut self, area: &Area, code: &str, round: i32) -> Result<(), Error> {
        let now = local_now();
        let filling = Filling { dossier: code, round, paper: area.paper, ..blank(&now) };
        let answer = self.ask("TraCuuHoSo", &filling, &["MaHoSo"]).await?;
        self.succeeded(&answer, "10")?;
        let sent = Sample::named(area.sample).ok_or(Error::NotServing)?.body(&filling);
        let sent = Answer::new(200, String::new(), envelope(Version::Soap11, None, &sent).into());
        for name in CARRIED {
            let expected: Vec<&str> = sent.values(name).collect();
            let found: Vec<&str> = answer.values(name).take(expected.len()).collect();
            self.transcript.expect(name, &expected.join(", "), &found.join(", "))?;
        }
        self.same("DuongDanTepTinKetQua", area.result, answer.value("DuongDanTepTinKetQua"))?;
        let steps = self.ask("LayTienDoHoSo", &filling, &["MaHoSo"]).await?;
        let statuses: Vec<&str> = steps.values("TrangThai").collect();
        self.transcript.expect("steps", STEPS, &statuses.join(" "))?;
        Ok(())
    }

    async fn list(&mut self, codes: &[String]) -> Result<(), Error> {
        let now = local_now();
        let filling = blank(&now);
        let answer = self.ask("DanhSachHoSo", &filling, &["donViXuLy", "ngayNhan1", "ngayNhan2"]).await?;
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
        let sample = Sample::named(AREAS[0].sample).ok_or(Error::NotServing)?;
        let birthday = "<NgaySinh>1984-02-29</NgaySinh>";
        let body = sample.body(&filling).replace(birthday, "<NgaySinh>1985-02-29</NgaySinh>");
        let answer = self.exchange(sample.operation(), &body, &["NgaySinh"]).await?;
        self.same("answer", "Fault", Some(answer.element()))?;
        self.same("Code", "invalid_schema", answer.value("Code"))?;
        self.same("Path", "/NopHoSo/HoSo/ToKhai/ToKhaiGiayPhepLaoDong/NgaySinh", answer.value("Path"))
    }

    /// A returned dossier cannot be withdrawn: refused by the ministry, in the body.
    async fn illegal_step(&mut self, code: &str) -> Result<(), Error> {
        let now = local_now();
        let filling = Filling { dossier: code, ..blank(&now) };
        let answer = self.ask("RutHoSo", &filling, &["MaHoSo", "LyDo"]).await?;
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

    async fn ask(&mut self, sample: &str, filling: &Filling<'_>, shown: &[&str]) -> Result<Answer, Error> {
        let sample = Sample::named(sample).ok_or(Error::NotServing)?;
        self.exchange(sample.operation(), &sample.body(filling), shown).await
    }

    /// Sends, and tells the three sides of it: SOAP in, gRPC, SOAP out.
    async fn exchange(&mut self, operation: &str, body: &str, shown: &[&str]) -> Result<Answer, Error> {
        self.exchanges += 1;
        let headers = XRoad {
            client: party::PORTAL.identifier.to_owned(),
            service: party::MINISTRY.to_owned(),
            operation: operation.to_owned(),
            id: uuid::Uuid::new_v4().to_string(),
            user: Some("dvcqg.can-bo-01".to_owned()),
            issue: None,
        };
        let request = envelope(Version::Soap11, Some(&headers), body);
        let sent = Answer::new(0, String::new(), request.clone().into());
        self.transcript.said(Voice::PortalAsks, operation, &shown_values(&sent, shown))?;
        match self.interpreter.call(body) {
            Some(call) => self.transcript.said(Voice::GatewayAsks, &call.method, &call.content)?,
            None => self.transcript.said(Voice::GatewayAsks, "nothing", "the message does not fit the contract")?,
        }
        let answer = self.portal.post(Version::Soap11, request).await?;
        self.transcript.said(Voice::PortalReads, answer.element(), &told(&answer))?;
        Ok(answer)
    }

    fn officer(&mut self, what: &str, dossier: &v1::DossierSummary, expected: v1::Status) -> Result<(), Error> {
        self.exchanges += 1;
        let due =
            dossier.due_time.as_ref().map(|due| format!(", due {}", shown_moment(due.seconds))).unwrap_or_default();
        let status = dossier.status().as_str_name().trim_start_matches("STATUS_");
        self.transcript.said(Voice::Officer, what, &format!("{} is {status}{due}", dossier.code))?;
        self.transcript.expect(what, expected.as_str_name(), dossier.status().as_str_name())?;
        Ok(())
    }

    fn succeeded(&mut self, answer: &Answer, status: &str) -> Result<(), Error> {
        self.same("error_code", "0", answer.value("error_code"))?;
        self.same("TrangThaiHoSo", status, answer.value("TrangThaiHoSo"))
    }

    fn same(&mut self, what: &str, expected: &str, found: Option<&str>) -> Result<(), Error> {
        Ok(self.transcript.expect(what, expected, found.unwrap_or("nothing"))?)
    }
}

/// Nothing filled in but the moment.
fn blank(now: &Zoned) -> Filling<'_> {
    Filling { now, code: "", dossier: "", round: 0, paper: "", amount: 0 }
}

/// The part of an answer that a reader looks for.
fn told(answer: &Answer) -> String {
    match answer.ending() {
        Ending::Fault => shown_values(answer, &["Code", "Path", "Line", "Rule"]),
        Ending::Refusal => shown_values(answer, &["error_code", "message"]),
        Ending::Success => {
            let names = ["error_code", "total", "MaHoSo", "TrangThaiHoSo", "NgayHenTra", "Gia", "DuongDanTepTinKetQua"];
            let steps: Vec<String> = answer.values("TrangThai").map(str::to_owned).collect();
            let mut text = shown_values(answer, &names);
            if answer.element() == "LayTienDoHoSoResponse" {
                text.push_str(&format!(", TrangThai {}", steps.join(" ")));
            }
            text
        }
    }
}

fn shown_values(answer: &Answer, names: &[&str]) -> String {
    let shown = names.iter().filter_map(|name| {
        let value = answer.value(name).filter(|value| !value.is_empty())?;
        Some(format!("{name} {}", with_status_name(name, value)))
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn with_status_name(name: &str, value: &str) -> String {
    let status = value.parse::<usize>().ok().and_then(|code| STATUS_NAMES.get(code.wrapping_sub(1)));
    match (name, status) {
        ("TrangThaiHoSo", Some(status)) => format!("{value} ({status})"),
        _ => value.to_owned(),
    }
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

const STATUS_NAMES: [&str; 10] = [
    "mới đăng ký",
    "được tiếp nhận",
    "không được tiếp nhận",
    "đang xử lý",
    "yêu cầu bổ sung giấy tờ",
    "yêu cầu thực hiện nghĩa vụ tài chính",
    "công dân yêu cầu rút hồ sơ",
    "dừng xử lý",
    "đã xử lý xong",
    "đã trả kết quả",
];
