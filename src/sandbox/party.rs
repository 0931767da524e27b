//! Who takes part in a sandbox: fictional members with real agency codes.

/// An organisation that may call the gateway.
#[derive(Debug, Clone, Copy)]
pub struct Party {
    /// Member id, and name of its key files.
    pub id: &'static str,
    /// X-Road identifier of its subsystem: instance, class, member, subsystem.
    pub identifier: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// Agency code, the long form.
    pub agency: &'static str,
    /// What else its entry in members.toml says: limits and rights.
    pub terms: &'static str,
}

/// The national portal.
pub const PORTAL: Party = Party {
    id: "dvcqg",
    identifier: "VN/GOV/000.00.00.G22/dvcqg",
    name: "Cổng Dịch vụ công quốc gia",
    agency: "000.00.00.G22",
    terms: "
[[member.right]]                           # hands over what provinces send it, whoever's it is
partners     = [\"hoso\"]
agencies     = [\"*\"]
",
};

/// The portal's clerk, as X-Road's `userId`.
pub const PORTAL_USER: &str = "dvcqg.can-bo-01";

/// A province that keeps dossiers of its own.
pub const PROVINCE: Party = Party {
    id: "h56",
    identifier: "VN/GOV/000.00.00.H56/mcdt",
    name: "Tỉnh Thanh Hóa",
    agency: "000.00.00.H56",
    terms: "
[[member.right]]                           # hands over its own dossiers and their progress, by any exchange
operations   = [\"DongBo*\", \"CapNhat*\", \"XuLyHoSo\", \"MSyncDocument\", \"MDocumentTraces\"]

[[member.right]]                           # submits to the ministry for its citizens, and asks
partners     = [\"hoso\"]
operations   = [\"NopHoSo\", \"BoSungHoSo\", \"RutHoSo\", \"TraCuuHoSo\", \"DanhSachHoSo\", \"Lay*\"]
",
};

/// An agency that signs its messages, and wants signed answers.
pub const SIGNER: Party = Party {
    id: "bhxh",
    identifier: "VN/GOV/000.00.00.G24/tracuu",
    name: "Bảo hiểm xã hội Việt Nam",
    agency: "000.00.00.G24",
    terms: "\
signature    = \"message\"                 # Body, Timestamp and message id: lienthong call --member bhxh --sign
sign_answers = true

[[member.right]]
partners     = [\"hoso\"]
operations   = [\"TraCuuHoSo\", \"Lay*\"]
",
};

/// The portal, two provinces, and an agency that signs.
pub const MEMBERS: [Party; 4] = [
    PORTAL,
    Party {
        id: "h29",
        identifier: "VN/GOV/000.00.00.H29/mcdt",
        name: "Thành phố Hồ Chí Minh",
        agency: "000.00.00.H29",
        terms: "\
requests_per_second = 1000
concurrency         = 64
message_bytes_max   = 4194304
",
    },
    PROVINCE,
    SIGNER,
];

/// X-Road identifier of the ministry's subsystem that is called.
pub const MINISTRY: &str = "VN/GOV/000.00.00.G07/hoso";

/// The member of this id.
pub fn member(id: &str) -> Option<Party> {
    MEMBERS.into_iter().find(|party| party.id == id)
}
