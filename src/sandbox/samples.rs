//! Sample bodies of every operation, with fictional people in them, filled in for the day they are sent.

use jiff::{ToSpan, Zoned};

use crate::crypto::Digest;

/// One sample.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// The partner profile that it is for.
    pub partner: &'static str,
    /// Name of its file, without `.xml`; its operation up to the first `-`.
    pub name: &'static str,
    template: &'static str,
}

/// What a sample is filled in with.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// The moment of sending, in the partner's time zone.
    pub now: &'a Zoned,
    /// The portal's own code for the dossier or the payment.
    pub code: &'a str,
    /// The ministry's code of the dossier spoken of.
    pub dossier: &'a str,
    /// The round of supplement that is answered.
    pub round: i32,
    /// Which required paper is handed in.
    pub paper: &'a str,
    /// The amount paid, đồng.
    pub amount: i64,
}

impl Sample {
    /// The sample of this name.
    pub fn named(name: &str) -> Option<Self> {
        SAMPLES.into_iter().find(|sample| sample.name == name)
    }

    /// The operation it calls.
    pub fn operation(&self) -> &'static str {
        self.name.split_once('-').map_or(self.name, |(operation, _)| operation)
    }

    /// The body's element with its places not filled in: for [`fill`].
    pub fn template(&self) -> &'static str {
        self.template
    }

    /// The body's element.
    pub fn body(&self, filling: &Filling<'_>) -> String {
        fill(self.template, filling)
    }
}

/// Fills in a template's places: `{now}` (yyyyMMddHHmmss), `{day+45}` (yyyy-MM-dd, days from today), `{code}`,
/// `{dossier}`, `{elsewhere}` (a dossier's code given by a province, of its own for each `{code}`), `{round}`, `{paper}`
/// and `{amount}`. Braces stand only around places; no value put there needs escaping.
pub fn fill(template: &str, filling: &Filling<'_>) -> String {
    let mut body = String::with_capacity(template.len() + 256);
    for (index, piece) in template.split(['{', '}']).enumerate() {
        match index % 2 {
            0 => body.push_str(piece),
            _ => body.push_str(&filling.value(piece)),
        }
    }
    body
}

impl Filling<'_> {
    fn value(&self, place: &str) -> String {
        match place {
            "now" => self.now.strftime("%Y%m%d%H%M%S").to_string(),
            "now-dmy" => self.now.strftime("%d/%m/%Y %H:%M:%S").to_string(),
            "now-utc" => self.now.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "code" => self.code.to_owned(),
            "dossier" => self.dossier.to_owned(),
            "elsewhere" => self.elsewhere(),
            "round" => self.round.to_string(),
            "paper" => self.paper.to_owned(),
            "amount" => self.amount.to_string(),
            day => {
                let days: i64 = day.trim_start_matches("day").parse().expect("samples name days as {day+45}");
                self.now.date().saturating_add(days.days()).to_string()
            }
        }
    }

    fn elsewhere(&self) -> String {
        let Digest(digest) = Digest::of(self.code.as_bytes());
        let number = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) % 10_000_000;
        format!("000.00.00.H56-{}-{number:07}", self.now.strftime("%y%m%d"))
    }
}

macro_rules! sample {
    ($name:literal) => {
        sample!("hoso", $name)
    };
    ($partner:literal, $name:literal) => {
        Sample {
            partner: $partner,
            name: $name,
            template: include_str!(concat!("../../schemas/", $partner, "/samples/", $name, ".xml")),
        }
    };
}

/// All samples: the four areas' applications first.
pub const SAMPLES: [Sample; 22] = [
    sample!("NopHoSo"),
    sample!("NopHoSo-DangKyHopDong"),
    sample!("NopHoSo-ThietBiAnToan"),
    sample!("NopHoSo-TroCapNguoiCoCong"),
    sample!("BoSungHoSo"),
    sample!("RutHoSo"),
    sample!("XacNhanThanhToan"),
    sample!("TraCuuHoSo"),
    sample!("DanhSachHoSo"),
    sample!("LayTienDoHoSo"),
    sample!("DongBoHoSoMC"),
    sample!("CapNhatTienDoHoSoMC"),
    sample!("LayTaiLieuHoSo"),
    sample!("LayDanhSachTTHC"),
    sample!("LayThuTuc"),
    sample!("LayDanhMucCoQuan"),
    sample!("LayDanhMucLinhVuc"),
    sample!("LayDanhMuc"),
    sample!("btxh", "DongBoDVC"),
    sample!("btxh", "XuLyHoSo"),
    sample!("lgsp", "MSyncDocument"),
    sample!("lgsp", "MDocumentTraces"),
];
