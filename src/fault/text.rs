//! What a fault says to people, in Vietnamese and in English.

use super::code::Code;
use crate::soap::error::{BlockName, Structure, Wrong};
use crate::soap::fault::Text;
use crate::soap::mime;
use crate::transcode::Invalid;

/// One sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

/// Which language comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Vietnamese, the partners' language.
    #[default]
    Vietnamese,
    /// English.
    English,
}

impl Texts {
    /// Both sentences.
    pub fn new(vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { vi: vi.into(), en: en.into() }
    }

    /// Both, the preferred one first.
    pub(super) fn in_order(&self, preferred: Language) -> [Text<'_>; 2] {
        let vi = Text { language: "vi", text: &self.vi };
        let en = Text { language: "en", text: &self.en };
        match preferred {
            Language::Vietnamese => [vi, en],
            Language::English => [en, vi],
        }
    }
}

/// What a code says by itself.
pub(super) fn of_code(code: Code) -> Texts {
    let (vi, en) = match code {
        Code::InvalidXml => ("Thông điệp không phải là XML đúng chuẩn.", "The message is not well-formed XML."),
        Code::InvalidEnvelope => ("Phong bì SOAP không đúng cấu trúc.", "The SOAP envelope is not built correctly."),
        Code::InvalidHeader => ("Tiêu đề của thông điệp không hợp lệ.", "A header field of the message is not valid."),
        Code::InvalidOperation => (
            "Phần tử trong Body không phải là một thao tác của địa chỉ này; xem WSDL.",
            "The element in the Body is no operation of this address; see the WSDL.",
        ),
        Code::InvalidSchema => ("Nội dung không đúng lược đồ XSD.", "The content does not fit the XSD."),
        Code::InvalidRequest => ("Dịch vụ của Bộ từ chối yêu cầu này.", "The ministry's service refused the request."),
        Code::VersionMismatch => (
            "Phiên bản SOAP của phong bì không được hỗ trợ; hãy dùng SOAP 1.1 hoặc SOAP 1.2.",
            "The envelope's SOAP version is not supported; use SOAP 1.1 or SOAP 1.2.",
        ),
        Code::MustUnderstand => (
            "Có tiêu đề bắt buộc (mustUnderstand) mà hệ thống không hiểu.",
            "A mandatory header block (mustUnderstand) is not understood.",
        ),
        Code::EncodingUnknown => (
            "Không hỗ trợ encodingStyle này; thông điệp phải ở dạng literal.",
            "This encodingStyle is not supported; messages are literal.",
        ),
        Code::Forbidden => {
            ("Bên gọi không có quyền thực hiện thao tác này.", "The caller has no right to this operation.")
        }
        Code::IdConflict => (
            "Mã thông điệp này đã được dùng cho một yêu cầu có nội dung khác.",
            "This message id was used before for a request with other content.",
        ),
        Code::Limit(_) => ("Thông điệp vượt quá giới hạn cho phép.", "The message exceeds a limit."),
        Code::Busy => ("Vượt quá số lần gọi cho phép; hãy gửi lại sau.", "Too many calls; send again later."),
        Code::Unavailable => (
            "Dịch vụ của Bộ tạm thời không sẵn sàng; hãy gửi lại sau.",
            "The ministry's service is not available; send again later.",
        ),
        Code::Timeout => (
            "Dịch vụ của Bộ không trả lời kịp thời hạn; hãy gửi lại với cùng mã thông điệp.",
            "The ministry's service did not answer in time; send again with the same message id.",
        ),
        Code::Internal => (
            "Lỗi nội bộ của hệ thống; hãy gửi lại với cùng mã thông điệp, hoặc báo mã vết cho đơn vị vận hành.",
            "Internal error; send again with the same message id, or report the trace id to the operator.",
        ),
    };
    Texts::new(vi, en)
}

/// A broken rule of the envelope.
pub(super) fn of_structure(broken: Structure) -> Texts {
    let vi = match broken {
        Structure::NotEnvelope => "Phần tử gốc phải là Envelope của SOAP.",
        Structure::Layout => "Envelope chỉ gồm nhiều nhất một Header rồi đến một Body.",
        Structure::AfterBody => "Không được có phần tử nào sau Body.",
        Structure::NoBody => "Envelope phải có Body.",
        Structure::EmptyBody => "Body phải chứa phần tử của một thao tác.",
        Structure::BodyChildren => "Body chỉ được chứa một phần tử.",
        Structure::BodyChildUnqualified => "Phần tử trong Body phải thuộc một không gian tên.",
        Structure::BlockUnqualified => "Mỗi tiêu đề phải thuộc một không gian tên.",
        Structure::Text => "Không được có văn bản giữa các thẻ này.",
        Structure::MustUnderstandValue => "mustUnderstand phải là 0 hoặc 1 (SOAP 1.2: cả false hoặc true).",
        Structure::EncodingStyle => "Không được dùng encodingStyle ở đây: thông điệp ở dạng literal.",
    };
    Texts::new(vi, sentence(broken.asks()))
}

/// A body of several parts that is not one SOAP message.
pub(super) fn of_mime(error: mime::Error) -> Texts {
    let vi = match error {
        mime::Error::Malformed(asks) => format!("Thông điệp multipart không đúng cấu trúc ({asks})."),
        mime::Error::Start => "Không có phần nào mang Content-ID mà tham số start nêu.".to_owned(),
        mime::Error::RootType => "Phần gốc phải có kiểu nội dung mà tham số type nêu.".to_owned(),
        mime::Error::EncodingUnknown => {
            "Content-Transfer-Encoding phải là 7bit, 8bit, binary, quoted-printable hoặc base64.".to_owned()
        }
        mime::Error::Encoding => "Phần gốc không đúng Content-Transfer-Encoding của nó.".to_owned(),
        mime::Error::Attachments => "Thao tác này không nhận tệp đính kèm: chỉ gửi phần SOAP.".to_owned(),
        mime::Error::Include => {
            "xop:Include trỏ đến một phần không có: hãy gửi nội dung ngay trong thông điệp.".to_owned()
        }
    };
    Texts::new(vi, sentence(&error.to_string()))
}

/// Mandatory header blocks that are not understood.
pub(super) fn of_not_understood(names: &[BlockName]) -> Texts {
    let names: Vec<&str> = names.iter().map(|name| name.local.as_str()).collect();
    let names = names.join(", ");
    Texts::new(
        format!("Không hiểu tiêu đề bắt buộc (mustUnderstand): {names}."),
        format!("Mandatory header blocks (mustUnderstand) are not understood: {names}."),
    )
}

/// A wrong header field.
pub(super) fn of_header(field: &str, wrong: Wrong) -> Texts {
    let vi = match wrong {
        Wrong::Missing => "thiếu hoặc để trống".to_owned(),
        Wrong::Duplicate => "xuất hiện nhiều hơn một lần".to_owned(),
        Wrong::Malformed(asks) => format!("không đúng dạng (must be {asks})"),
        Wrong::Version => "phải là 4.0 hoặc 4.x".to_owned(),
        Wrong::Inconsistent(with) => format!("mâu thuẫn với phần khác của thông điệp ({with})"),
        Wrong::Unsupported(only) => format!("chưa được hỗ trợ (only {only})"),
    };
    Texts::new(format!("Tiêu đề {field}: {vi}."), format!("Header field {field}: {wrong}."))
}

/// A rule of the XSD or of the binding, with its place: many clients show their users this sentence only.
pub(super) fn of_invalid(invalid: &Invalid) -> Texts {
    let Invalid { path, line, rule, asks } = invalid;
    let found = RULES.iter().find(|(prefix, ..)| rule.starts_with(prefix));
    let (vi, en) = found.map_or(("không đúng lược đồ XSD", "does not fit the XSD"), |&(_, vi, en)| (vi, en));
    Texts::new(
        format!("Dòng {line}, {path}: {vi} (cần: {asks})."),
        format!("Line {line}, {path}: {en} (expected: {asks})."),
    )
}

/// `the Body must …` → `The Body must … .`
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

/// What the rules of XML Schema part 1 appendix C and of the bindings mean, most specific first.
const RULES: [(&str, &str, &str); 24] = [
    ("cvc-complex-type.2.4.b", "thiếu phần tử bắt buộc", "a mandatory element is missing"),
    ("cvc-complex-type.2.4", "phần tử không được phép ở vị trí này", "this element is not allowed here"),
    ("cvc-complex-type.2.3", "không được có văn bản ở đây", "text is not allowed here"),
    ("cvc-complex-type.2.1", "phần tử này phải rỗng", "this element must be empty"),
    ("cvc-complex-type.3", "thuộc tính không được phép", "this attribute is not allowed"),
    ("cvc-complex-type.4", "thiếu thuộc tính bắt buộc", "a mandatory attribute is missing"),
    ("cvc-complex-type", "cấu trúc phần tử không đúng lược đồ", "the element is not built as its type demands"),
    ("cvc-datatype", "giá trị sai kiểu dữ liệu", "the value is not of its type"),
    ("cvc-enumeration", "giá trị không có trong danh mục", "the value is not in the code list"),
    ("cvc-maxLength", "giá trị quá dài", "the value is too long"),
    ("cvc-minLength", "giá trị quá ngắn", "the value is too short"),
    ("cvc-length", "độ dài giá trị không đúng", "the value has not the length demanded"),
    ("cvc-pattern", "giá trị không đúng khuôn dạng", "the value does not have the form demanded"),
    ("cvc-max", "giá trị quá lớn", "the value is too large"),
    ("cvc-min", "giá trị quá nhỏ", "the value is too small"),
    ("cvc-totalDigits", "giá trị có quá nhiều chữ số", "the value has too many digits"),
    ("cvc-fractionDigits", "giá trị có quá nhiều chữ số thập phân", "the value has too many digits after the point"),
    ("cvc-type", "phần tử không đúng kiểu của nó", "the element is not of its type"),
    ("cvc-elt", "phần tử không hợp lệ", "the element is not valid"),
    ("cvc-attribute", "thuộc tính không hợp lệ", "the attribute is not valid"),
    ("cvc-id", "mã định danh (ID) trùng hoặc không tồn tại", "an ID is double or does not exist"),
    (
        "binding.time",
        "không phải ngày giờ có thật, hoặc không đúng khuôn dạng",
        "not a moment of the calendar, or not in its form",
    ),
    ("binding.enum", "giá trị không có trong danh mục", "the value is not in the code list"),
    ("binding.", "giá trị không chuyển đổi được", "the value does not convert"),
];
