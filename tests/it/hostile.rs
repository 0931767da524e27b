//! Inputs too large or too odd to keep in a file, made when they are needed.

/// A SOAP 1.1 envelope around `body`.
pub fn envelope(body: &str) -> String {
    format!(r#"<soapenv:Envelope xmlns:soapenv="{SOAP_11}"><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"#)
}

/// A lookup of a dossier of this code.
pub fn lookup(code: &str) -> String {
    format!(r#"<hs:TraCuuHoSo xmlns:hs="http://molisa.gov.vn/hoso/1.0"><MaHoSo>{code}</MaHoSo></hs:TraCuuHoSo>"#)
}

/// All of them: the case's name and the bytes.
pub fn inputs() -> Vec<(&'static str, Vec<u8>)> {
    let valid = envelope(&lookup(UNKNOWN));
    let declared = |declaration: &str| format!("{declaration}{valid}").into_bytes();
    vec![
        ("truncated", valid.as_bytes()[..valid.len() / 2].to_vec()),
        ("empty", Vec::new()),
        ("not-utf-8", [valid.as_bytes(), b"\xff\xfe\xfd"].concat()),
        ("encoding-not-true", valid.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ("encoding-unknown", declared(r#"<?xml version="1.0" encoding="windows-1258"?>"#)),
        ("dtd", declared(r#"<!DOCTYPE soapenv:Envelope [<!ENTITY a "b">]>"#)),
        ("dtd-external", declared(r#"<!DOCTYPE soapenv:Envelope SYSTEM "file:///etc/passwd">"#)),
        ("entity-bomb", declared(&entity_bomb())),
        ("entity-undefined", envelope(&lookup("&eacute;")).into_bytes()),
        ("depth-10000", envelope(&format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000))).into_bytes()),
        ("attributes-100000", attributes(100_000)),
        ("namespaces-100000", namespaces(100_000)),
        ("elements-1000000", envelope(&format!("<a>{}</a>", "<b/>".repeat(1_000_000))).into_bytes()),
        ("name-1-mib", envelope(&format!("<{}/>", "n".repeat(1 << 20))).into_bytes()),
        ("text-too-long", envelope(&lookup(&"1".repeat(1 << 20))).into_bytes()),
        ("control-character", envelope(&lookup("\u{1}")).into_bytes()),
        ("control-reference", envelope(&lookup("&#1;")).into_bytes()),
        ("progress-501-rows", progress(501)),
        ("body-65-mib", envelope(&lookup(&"1".repeat(65 << 20))).into_bytes()),
    ]
}

fn entity_bomb() -> String {
    let mut dtd = String::from(r#"<!DOCTYPE lolz [<!ENTITY lol0 "lol">"#);
    for level in 1..10 {
        let below = format!("&lol{};", level - 1).repeat(10);
        dtd.push_str(&format!(r#"<!ENTITY lol{level} "{below}">"#));
    }
    dtd + "]>"
}

fn attributes(count: usize) -> Vec<u8> {
    let attributes: String = (0..count).map(|n| format!(r#" a{n}="""#)).collect();
    envelope(&format!("<a{attributes}/>")).into_bytes()
}

fn namespaces(count: usize) -> Vec<u8> {
    let declarations: String = (0..count).map(|n| format!(r#" xmlns:n{n}="urn:{n}""#)).collect();
    envelope(&format!("<a{declarations}/>")).into_bytes()
}

fn progress(count: usize) -> Vec<u8> {
    let row = format!(
        "<TienDo><MaHoSo>{UNKNOWN}</MaHoSo><NguoiXuLy>A</NguoiXuLy><ThoiDiemXuLy>20240102080000</ThoiDiemXuLy>\
         <TrangThai>4</TrangThai></TienDo>"
    );
    let rows = row.repeat(count);
    let start = r#"<hs:CapNhatTienDoHoSoMC xmlns:hs="http://molisa.gov.vn/hoso/1.0"><data>"#;
    envelope(&format!("{start}{rows}</data></hs:CapNhatTienDoHoSoMC>")).into_bytes()
}

/// Well formed, and no dossier has it.
pub const UNKNOWN: &str = "000.00.00.G07-180615-9999";
const SOAP_11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
