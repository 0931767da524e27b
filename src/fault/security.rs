//! What is wrong with a message's security.

use std::borrow::Cow;

use super::code::{Code, Security};
use super::text::{Texts, of_code};
use super::{Fault, Place};
use crate::wsse::error::{Distrust, Error, Kind, Part};

/// The caller learns which rule it broke and where; never what the keys and clocks here are.
impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let code = Code::Security(code(&error.kind));
        let (general, (vi, en)) = (of_code(code), words(&error.kind));
        let texts = Texts::new(format!("{} {vi}.", general.vi), format!("{} {en}.", general.en));
        let place = Place { path: Some(error.path.clone()), line: error.line, rule: Cow::Borrowed(rule(&error.kind)) };
        Self::with_texts(code, texts).at(place).because(error.kind)
    }
}

impl Fault {
    /// The signature was used before, by this message or another (WSS 1.1.1 §13.2).
    pub fn replayed() -> Self {
        let general = of_code(Code::Security(Security::Replayed));
        let texts = Texts::new(
            format!("{} Để gửi lại, hãy ký mới với cùng mã thông điệp.", general.vi),
            format!("{} To repeat the message, sign it anew with the same message id.", general.en),
        );
        Self::with_texts(Code::Security(Security::Replayed), texts)
    }
}

fn code(kind: &Kind) -> Security {
    match kind {
        Kind::Missing | Kind::NotCovered(_) | Kind::NoTimestamp => Security::Missing,
        Kind::Unsupported(_) => Security::Unsupported,
        Kind::Expired { .. } | Kind::Early { .. } => Security::Expired,
        Kind::NoCertificate | Kind::Distrusted(_) => Security::Untrusted,
        Kind::Malformed(_) | Kind::TooMany { .. } | Kind::Target | Kind::DoubledId | Kind::Signature | Kind::Digest => {
            Security::Invalid
        }
    }
}

/// The clause that is broken.
fn rule(kind: &Kind) -> &'static str {
    match kind {
        Kind::Missing | Kind::NotCovered(_) | Kind::NoTimestamp => "signature policy",
        Kind::Malformed(_) | Kind::Unsupported(_) => "WSS 1.1.1 profile",
        Kind::TooMany { .. } => "limit",
        Kind::Target | Kind::DoubledId => "WSS 1.1.1 §4",
        Kind::Expired { .. } | Kind::Early { .. } => "WSS 1.1.1 §10",
        Kind::NoCertificate | Kind::Distrusted(_) => "X.509 Token Profile 1.1.1",
        Kind::Signature => "XML Signature §3.2.2",
        Kind::Digest => "XML Signature §3.2.1",
    }
}

/// Vietnamese and English, without full stop.
fn words(kind: &Kind) -> (String, String) {
    let (vi, en) = match kind {
        Kind::Missing => ("Thông điệp phải được ký", "The message must be signed"),
        Kind::NotCovered(Part::Body) => ("Chữ ký phải bao gồm Body", "The signature must cover the Body"),
        Kind::NotCovered(Part::Timestamp) => {
            ("Chữ ký phải bao gồm Timestamp", "The signature must cover the Timestamp")
        }
        Kind::NotCovered(Part::MessageId) => (
            "Chữ ký phải bao gồm tiêu đề chứa mã thông điệp",
            "The signature must cover the header with the message id",
        ),
        Kind::NoTimestamp => ("Thiếu wsu:Timestamp", "wsu:Timestamp is missing"),
        Kind::Malformed(asks) => return (format!("Cần: {asks}"), format!("Expected: {asks}")),
        Kind::Unsupported(only) => {
            return (format!("Chỉ hỗ trợ: {only}"), format!("Only {} is supported", only.trim_end_matches(',')));
        }
        Kind::TooMany { what, max } => {
            return (format!("Quá nhiều (tối đa {max} {what})"), format!("At most {max} {what}"));
        }
        Kind::Target => (
            "Reference phải trỏ đến Body, một tiêu đề hoặc một phần của Security",
            "A Reference must name the Body, a header block or a part of Security",
        ),
        Kind::DoubledId => ("Hai phần tử có cùng Id được ký", "Two elements have the id that is signed"),
        Kind::Expired { .. } => (
            "Hãy gửi lại với Timestamp và chữ ký mới; kiểm tra đồng hồ của máy gửi",
            "Send it again with a new Timestamp and signature; check the sender's clock",
        ),
        Kind::Early { .. } => (
            "Timestamp ở tương lai; kiểm tra đồng hồ của máy gửi",
            "The Timestamp is of the future; check the sender's clock",
        ),
        Kind::NoCertificate => (
            "Chứng thư mà chữ ký nêu không có trong thông điệp và chưa được đăng ký",
            "The certificate that the signature names is neither in the message nor registered",
        ),
        Kind::Distrusted(Distrust::Foreign) => {
            ("Chứng thư ký chưa được đăng ký cho bên gửi", "The signing certificate is not registered for the sender")
        }
        Kind::Distrusted(Distrust::Chain(_)) => (
            "Chứng thư ký không được tin cậy, hết hạn hoặc đã bị thu hồi",
            "The signing certificate is not trusted, out of date or revoked",
        ),
        Kind::Distrusted(Distrust::Key) => (
            "Khoá của chứng thư ký không được hỗ trợ (RSA từ 2048 bit, P-256, P-384)",
            "The signing certificate's key is not supported (RSA from 2048 bits, P-256, P-384)",
        ),
        Kind::Signature => ("SignatureValue không khớp với SignedInfo", "SignatureValue does not fit SignedInfo"),
        Kind::Digest => ("Phần tử này đã bị thay đổi sau khi ký", "This element was changed after it was signed"),
    };
    (vi.to_owned(), en.to_owned())
}
