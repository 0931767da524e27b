//! `requests/*.xml`: one message of every operation, ready to send as the national portal; those of other partner
//! profiles stand in a folder of the profile's name, ready to send as a province.
//!
//! What needs a dossier in a certain state gets one of its own, submitted through the gateway and brought there
//! by an officer.

use jiff::Zoned;

use super::answer::Ending;
use super::error::Error;
use super::layout::{Layout, Ready};
use super::message::{XRoad, envelope};
use super::officer::Office;
use super::party;
use super::portal::Portal;
use super::samples::{Filling, SAMPLES, Sample};
use super::scenario::{local_now, own_code};
use crate::soap::version::Version;

/// Writes the requests that are not there yet; a sandbox must serve at `ready`.
pub async fn write(layout: &Layout, ready: &Ready) -> Result<(), Error> {
    let folder = layout.path("requests");
    std::fs::create_dir_all(&folder).map_err(Error::at(&folder))?;
    let file_of = |sample: &Sample| match sample.partner {
        "hoso" => folder.join(format!("{}.xml", sample.name)),
        partner => folder.join(partner).join(format!("{}.xml", sample.name)),
    };
    let is_missing = |sample: &Sample| !file_of(sample).exists();
    if !SAMPLES.iter().any(is_missing) {
        return Ok(());
    }
    let mut desk = Desk {
        portal: Portal::open(&ready.soap, layout, party::PORTAL)?,
        office: Office::open(&ready.dossier, layout).await?,
    };
    let (now, province_code) = (local_now(), own_code());
    for sample in SAMPLES.iter().filter(|sample| is_missing(sample)) {
        // What provinces send is about one dossier of theirs, so that the steps follow it.
        let code = match sample.partner {
            "hoso" => own_code(),
            partner => format!("{province_code}-{partner}"),
        };
        let filling = Filling { code: &code, ..blank(&now) };
        let message = match sample.name {
            "BoSungHoSo" => {
                let dossier = desk.accepted("NopHoSo").await?;
                let (_, round) = desk.office.request_supplement(&dossier, "Thiếu bản sao hộ chiếu").await?;
                message(sample, &Filling { dossier: &dossier, round, paper: "GPLD-07", ..filling })
            }
            "XacNhanThanhToan" => {
                let dossier = desk.accepted("NopHoSo-DangKyHopDong").await?;
                desk.office.request_payment(&dossier, "Phí thẩm định hợp đồng", AMOUNT).await?;
                message(sample, &Filling { dossier: &dossier, amount: AMOUNT, ..filling })
            }
            "RutHoSo" => {
                let dossier = desk.submitted("NopHoSo-ThietBiAnToan").await?;
                message(sample, &Filling { dossier: &dossier, ..filling })
            }
            "TraCuuHoSo" | "LayTienDoHoSo" => {
                let dossier = desk.accepted("NopHoSo-TroCapNguoiCoCong").await?;
                desk.office.record(&dossier, "Xác minh thời gian tham gia chiến tranh").await?;
                message(sample, &Filling { dossier: &dossier, ..filling })
            }
            "CapNhatTienDoHoSoMC" | "LayTaiLieuHoSo" => {
                let dossier = desk.submitted("DongBoHoSoMC").await?;
                message(sample, &Filling { dossier: &dossier, ..filling })
            }
            _ => message(sample, &filling),
        };
        let file = file_of(sample);
        let around = file.parent().expect("requests stand in a folder");
        std::fs::create_dir_all(around).map_err(Error::at(around))?;
        std::fs::write(&file, message).map_err(Error::at(&file))?;
    }
    Ok(())
}

/// The portal and the office, before anybody else comes.
struct Desk {
    portal: Portal,
    office: Office,
}

impl Desk {
    async fn submitted(&self, sample: &str) -> Result<String, Error> {
        let sample = Sample::named(sample).expect("requests name samples there are");
        let code = own_code();
        let sent = message(&sample, &Filling { code: &code, ..blank(&local_now()) });
        let answer = self.portal.post(Version::Soap11, sent).await?;
        match answer.value("MaHoSo") {
            Some(dossier) if answer.ending() == Ending::Success => Ok(dossier.to_owned()),
            _ => Err(Error::Unexpected {
                operation: sample.operation(),
                answer: String::from_utf8_lossy(&answer.body).into_owned(),
            }),
        }
    }

    async fn accepted(&mut self, sample: &str) -> Result<String, Error> {
        let dossier = self.submitted(sample).await?;
        self.office.accept(&dossier).await?;
        Ok(dossier)
    }
}

fn message(sample: &Sample, filling: &Filling<'_>) -> Vec<u8> {
    let sender = match sample.partner {
        "hoso" => party::PORTAL,
        _ => party::PROVINCE,
    };
    let headers = XRoad {
        client: sender.identifier.to_owned(),
        service: party::MINISTRY.to_owned(),
        operation: sample.operation().to_owned(),
        id: uuid::Uuid::new_v4().to_string(),
        user: (sender.id == party::PORTAL.id).then(|| party::PORTAL_USER.to_owned()),
        issue: None,
        signable: false,
    };
    // Provincial platforms know no X-Road headers.
    let headers = (sample.partner != "lgsp").then_some(&headers);
    envelope(Version::Soap11, headers, &sample.body(filling))
}

fn blank(now: &Zoned) -> Filling<'_> {
    Filling { now, code: "", dossier: "", round: 0, paper: "", amount: 0 }
}

/// Đồng.
const AMOUNT: i64 = 1_000_000;
