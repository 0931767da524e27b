//! One dossier service behind three contracts: what a province sends by one is found by another, and the same dossier
//! means the same to the ministry whichever way it came.

use std::path::Path;

use jiff::tz::{Offset, TimeZone};
use lienthong::binding::plan::Partner;
use lienthong::dossier::contract::molisa::dossier::v1::{
    Dossier, OnlinePayment, SubmissionPlace, SyncDossierRequest, SyncDossiersRequest, document,
};
use lienthong::problem::Problems;
use lienthong::sandbox::message::{XRoad, envelope};
use lienthong::sandbox::samples::{Filling, SAMPLES};
use lienthong::soap::version::Version;
use lienthong::transcode;
use lienthong::xml::limits::Limits;
use lienthong::xml::tape::Tape;
use prost::Message;

use crate::client::{Http, post, send};
use crate::world::{World, element, root_name, xroad};

/// The body of a profile's sample, about the dossier that the code stands for.
fn body(partner: &str, operation: &str, code: &str) -> String {
    let now = jiff::Timestamp::now().to_zoned(TimeZone::fixed(Offset::constant(7)));
    let filling = Filling { now: &now, code, dossier: "", round: 1, paper: "", amount: 0 };
    let sample = SAMPLES.into_iter().find(|sample| sample.partner == partner && sample.name == operation);
    sample.expect("there is such a sample").body(&filling)
}

/// Sends a body as the province to a profile, with X-Road headers or without.
async fn say(world: &World, partner: &str, body: &str) -> String {
    let headers = (partner != "lgsp").then(|| xroad("h56", &root_name(body)));
    let message = envelope(Version::Soap11, headers.as_ref(), body);
    let address = world.soap().replace("/soap/hoso", &format!("/soap/{partner}"));
    let answer = send(&world.member("h56"), Http::One, post(&address, Version::Soap11.content_type(), message)).await;
    answer.expect("the gateway answers").text()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_by_one_contract_is_found_by_another() {
    let world = World::start().await;
    for (partner, dossier, progress, code) in
        [("btxh", "DongBoDVC", "XuLyHoSo", "error_code"), ("lgsp", "MSyncDocument", "MDocumentTraces", "Status")]
    {
        let own_code = uuid::Uuid::new_v4().simple().to_string();
        let sent = body(partner, dossier, &own_code);
        for body in [&sent, &sent, &body(partner, progress, &own_code)] {
            let answer = say(&world, partner, body).await;
            assert_eq!(element(&answer, code).as_deref(), Some("0"), "{partner}: {answer}");
        }
        let name = if partner == "btxh" { "MaHoSo" } else { "DocCode" };
        let number = element(&sent, name).expect("the dossier's code");
        let lookup =
            format!("<h:TraCuuHoSo xmlns:h=\"http://molisa.gov.vn/hoso/1.0\"><MaHoSo>{number}</MaHoSo></h:TraCuuHoSo>");
        let found = say(&world, "hoso", &lookup).await;
        assert_eq!(element(&found, "TrangThaiHoSo").as_deref(), Some("4"), "{found}");
        assert_eq!(element(&found, "ChuHoSo").as_deref(), Some("Hà Thị Xuân"), "{found}");
        assert_eq!(element(&found, "MaDonViXuLy").as_deref(), Some("000.00.00.H56"), "{found}");
        assert_eq!(element(&found, "TenTepDinhKem").as_deref(), Some("to-khai-so-1d.pdf"), "{found}");
        assert_eq!(element(&found, "NoiDungXuLy").as_deref().map(str::is_empty), Some(false), "{found}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_state_holds_even_when_it_was_sent_before() {
    let world = World::start().await;
    let code = uuid::Uuid::new_v4().simple().to_string();
    let first = body("lgsp", "MSyncDocument", &code);
    let other = first.replace("Hà Thị Xuân", "Hà Thị Hạ");
    assert_ne!(first, other);
    let number = element(&first, "DocCode").expect("the dossier's code");
    let lookup =
        format!("<h:TraCuuHoSo xmlns:h=\"http://molisa.gov.vn/hoso/1.0\"><MaHoSo>{number}</MaHoSo></h:TraCuuHoSo>");
    for (sent, owner) in [(&first, "Hà Thị Xuân"), (&other, "Hà Thị Hạ"), (&first, "Hà Thị Xuân")] {
        let answer = say(&world, "lgsp", sent).await;
        assert_eq!(element(&answer, "Status").as_deref(), Some("0"), "{answer}");
        let found = say(&world, "hoso", &lookup).await;
        assert_eq!(element(&found, "ChuHoSo").as_deref(), Some(owner), "{found}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_of_one_message_however_long_it_is() {
    let world = World::start().await;
    let code = uuid::Uuid::new_v4().simple().to_string();
    let first = body("btxh", "DongBoDVC", &code);
    let other = first.replace("Hà Thị Xuân", "Hà Thị Hạ");
    let id = format!("{}{}", uuid::Uuid::new_v4(), "đ".repeat(255 - 36));
    let address = world.soap().replace("/soap/hoso", "/soap/btxh");
    let mut answers = Vec::new();
    for body in [&first, &first, &other] {
        let headers = XRoad { id: id.clone(), ..xroad("h56", "DongBoDVC") };
        let message = envelope(Version::Soap11, Some(&headers), body);
        let request = post(&address, Version::Soap11.content_type(), message);
        let answer = send(&world.member("h56"), Http::One, request).await;
        answers.push(answer.expect("the gateway answers").text());
    }
    assert_eq!(element(&answers[0], "error_code").as_deref(), Some("0"), "{}", answers[0]);
    let repeated = "<lt:Repeated xmlns:lt=\"urn:lienthong:notice:1\"/>";
    assert_eq!(answers[0], answers[1].replace(repeated, ""));
    assert!(answers[2].contains("id_conflict"), "{}", answers[2]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_in_each_contracts_own_words() {
    let world = World::start().await;
    let unknown = uuid::Uuid::new_v4().simple().to_string();
    for (partner, operation, code, message) in
        [("btxh", "XuLyHoSo", "error_code", "message"), ("lgsp", "MDocumentTraces", "Status", "Message")]
    {
        let answer = say(&world, partner, &body(partner, operation, &unknown)).await;
        assert_eq!(element(&answer, code).as_deref(), Some("404"), "{answer}");
        assert!(element(&answer, message).is_some_and(|text| text.contains("hồ sơ")), "{answer}");
    }
    let broken = body("btxh", "DongBoDVC", &unknown).replace("&lt;TenTepDinhKem&gt;", "&lt;TenTep&gt;");
    let answer = say(&world, "btxh", &broken).await;
    assert!(answer.contains("binding.document") && !answer.contains("Hà Thị Xuân"), "{answer}");
    world.stop().await;
}

/// One dossier in the words of the national exchange.
const NATIONAL: &str = r#"<hs:DongBoHoSoMC xmlns:hs="http://molisa.gov.vn/hoso/1.0"><data><HoSo>
<MaHoSo>000.00.00.H56-240229-0007</MaHoSo><MaTTHC>1.001776</MaTTHC><TenTTHC>Trợ cấp xã hội hàng tháng</TenTTHC>
<MaLinhVuc>G07-LĐ03</MaLinhVuc><TenLinhVuc>Bảo trợ xã hội</TenLinhVuc><KenhThucHien>2</KenhThucHien><ChuHoSo>Đỗ &amp; Con</ChuHoSo>
<LoaiDoiTuong>1</LoaiDoiTuong><SoGiayToChuHoSo>038000000123</SoGiayToChuHoSo>
<DinhDanhCHS><LoaiDinhDanh>1</LoaiDinhDanh><SoDinhDanh>038000000123</SoDinhDanh></DinhDanhCHS>
<Email>a@b.example</Email><SoDienThoai>0912 555 123</SoDienThoai>
<DiaChi><MaTinh>38</MaTinh><MaXa>14845</MaXa><DiaChiChiTiet>Bản Lặn</DiaChiChiTiet></DiaChi>
<TrichYeuHoSo>Trợ cấp</TrichYeuHoSo><NgayNopHoSo>20240229233000</NgayNopHoSo><NgayTiepNhan>20240301080000</NgayTiepNhan>
<NgayHenTra>20240315170000</NgayHenTra><TrangThaiHoSo>2</TrangThaiHoSo><HinhThuc>0</HinhThuc><DonViXuLy>Sở</DonViXuLy>
<MaDonViXuLy>000.00.00.H56</MaDonViXuLy><NoiNopHoSo>2</NoiNopHoSo><HoSoCoThanhPhanSoHoa>1</HoSoCoThanhPhanSoHoa>
<TaiKhoanDuocXacThucVoiVNeID>1</TaiKhoanDuocXacThucVoiVNeID><DuocThanhToanTrucTuyen>0</DuocThanhToanTrucTuyen>
<DSKetNoiCSDL><MaCSDL>7</MaCSDL></DSKetNoiCSDL>
<TaiLieuNop><TepDinhKemId>7</TepDinhKemId><TenTepDinhKem>a.pdf</TenTepDinhKem><IsDeleted>False</IsDeleted>
<MaThanhPhanHoSo>BTXH-01</MaThanhPhanHoSo><DuongDanTaiTepTin>https://t.example/a?x=1&amp;y=2</DuongDanTaiTepTin></TaiLieuNop>
</HoSo></data></hs:DongBoHoSoMC>"#;

/// The same in the ministry's own exchange.
const ASSISTANCE: &str = r#"<b:DongBoDVC xmlns:b="http://molisa.gov.vn/btxh/1.0"><StatusId>2</StatusId>
<SubmitedDate>29/02/2024 23:30:00</SubmitedDate><MaHoSo>000.00.00.H56-240229-0007</MaHoSo><MaLinhVuc>G07-LĐ03</MaLinhVuc>
<TenLinhVuc>Bảo trợ xã hội</TenLinhVuc><MaTTHC>1.001776</MaTTHC><TenTTHC>Trợ cấp xã hội hàng tháng</TenTTHC>
<KenhThucHien>2</KenhThucHien><LoaiDoiTuong>1</LoaiDoiTuong><HinhThucTra>0</HinhThucTra>
<NgayTiepNhan>01/03/2024 08:00:00</NgayTiepNhan><ngayHenTra>15/03/2024 17:00:00</ngayHenTra><DonViXuLy>Sở</DonViXuLy>
<NoiNopHoSo>2</NoiNopHoSo><HoSoCoThanhPhanSoHoa>1</HoSoCoThanhPhanSoHoa>
<TaiKhoanDuocXacThucVoiVNeID>1</TaiKhoanDuocXacThucVoiVNeID><DuocThanhToanTrucTuyen>0</DuocThanhToanTrucTuyen>
<LoaiDinhDanh>1</LoaiDinhDanh><SoDinhDanh>038000000123</SoDinhDanh><MaCSDL>7</MaCSDL><TrichYeu>Trợ cấp</TrichYeu>
<HoVaTen>Đỗ &amp; Con</HoVaTen><CMND>038000000123</CMND><SoDienThoai>0912 555 123</SoDienThoai><Email>a@b.example</Email>
<HKTT_MaTinh>38</HKTT_MaTinh><HKTT_MaXa>14845</HKTT_MaXa><HKTT_ChiTiet>Bản Lặn</HKTT_ChiTiet>
<CertificateExtentData>&lt;ExtentData>&lt;DanhsachTaiLieuNop>&lt;TaiLieuNop>&lt;TepDinhKemId>7&lt;/TepDinhKemId>
&lt;TenTepDinhKem>a.pdf&lt;/TenTepDinhKem>&lt;IsDeleted>False&lt;/IsDeleted>&lt;MaThanhPhanHoSo>BTXH-01&lt;/MaThanhPhanHoSo>
&lt;DuongDanTaiTepTin>https://t.example/a?x=1&amp;amp;y=2&lt;/DuongDanTaiTepTin>&lt;/TaiLieuNop>&lt;/DanhsachTaiLieuNop>
&lt;/ExtentData></CertificateExtentData></b:DongBoDVC>"#;

/// The same on a provincial platform: in UTC, and with less room.
const PROVINCIAL: &str = r#"<MSyncDocument><DocTypeCode>1.001776</DocTypeCode><DocTypeName>Trợ cấp xã hội hàng tháng</DocTypeName>
<DocCode>000.00.00.H56-240229-0007</DocCode><CitizenName>Đỗ &amp; Con</CitizenName><ApplicantsId>038000000123</ApplicantsId>
<ApplicantsType>1</ApplicantsType><Address>Bản Lặn</Address><Email>a@b.example</Email><Phone>0912 555 123</Phone>
<Compendium>Trợ cấp</Compendium><DateReceived>2024-03-01T01:00:00Z</DateReceived>
<DateAppointed>2024-03-15T10:00:00Z</DateAppointed><IsSuccess>false</IsSuccess><SuccessDate/><IsReturned>false</IsReturned>
<ReturnedDate/><ReturnedType>0</ReturnedType><Status>2</Status><ProcessingOrganName>Sở</ProcessingOrganName>
<Attachments><Attachmentld>7</Attachmentld><AttachmentName>a.pdf</AttachmentName><IsDeleted>false</IsDeleted>
<Base64>QQ==</Base64><IsVerified>true</IsVerified></Attachments>
<OrganInchargeIdLevel1>000.00.00.H56</OrganInchargeIdLevel1><OrganInchargeName>Sở</OrganInchargeName></MSyncDocument>"#;

fn decoded(partner: &str, xml: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut problems = Problems::new();
    let pool = lienthong::proto::load(&[root.join("proto")], &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let binding = root.join("schemas").join(partner).join("binding.toml");
    let compiled = Partner::compile(partner, &binding, &[pool], &mut problems);
    let compiled = compiled.unwrap_or_else(|| panic!("{problems}"));
    let tape = Tape::parse(xml, &Limits::default()).expect("well-formed");
    let operation = compiled.operation(&compiled.namespace, tape.local(0)).expect("an operation of the contract");
    let mut wire = Vec::new();
    transcode::decode(&compiled, operation, &tape, 0, &mut wire).unwrap_or_else(|error| panic!("{partner}: {error}"));
    wire
}

#[test]
fn the_same_dossier_means_the_same_by_each_contract() {
    let national = SyncDossiersRequest::decode(&*decoded("hoso", NATIONAL)).expect("the request");
    let [national] = national.dossiers.as_slice() else { panic!("one dossier: {national:?}") };
    let assistance = SyncDossierRequest::decode(&*decoded("btxh", ASSISTANCE)).expect("the request");
    let provincial = SyncDossierRequest::decode(&*decoded("lgsp", PROVINCIAL)).expect("the request");
    // What a contract has no place for is left out of the comparison, field by field.
    let unit = Dossier { processing_unit_code: String::new(), ..national.clone() };
    assert_eq!(assistance.dossier, Some(unit));
    let mut less = Dossier {
        field_code: String::new(),
        field_name: String::new(),
        channel: 0,
        submitted_time: None,
        submission_place: SubmissionPlace::Unspecified.into(),
        online_payment: OnlinePayment::Unspecified.into(),
        has_digitised_parts: false,
        account_verified_by_vneid: false,
        databases_consulted: Vec::new(),
        ..national.clone()
    };
    let owner = less.owner.as_mut().expect("an owner");
    owner.papers.as_mut().expect("papers").identities.clear();
    let address = owner.address.as_mut().expect("an address");
    (address.province_code, address.commune_code) = (String::new(), String::new());
    let paper = &mut less.documents[0];
    // The platform carries contents, not addresses.
    (paper.component_code, paper.source) = (String::new(), Some(document::Source::Content(b"A".to_vec())));
    assert_eq!(provincial.dossier, Some(less));
}
