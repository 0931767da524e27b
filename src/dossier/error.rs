//! Why the dossier service refuses, and the gRPC status that says so.
//!
//! The status text is Vietnamese, for the person at the other end; the reason in `google.rpc.ErrorInfo` is for
//! programs and never changes. Neither holds a value of the request.

use std::collections::HashMap;

use prost::Message;
use prost::bytes::Bytes;
use prost_types::Any;
use tonic::{Code, Status as GrpcStatus};

use super::contract::google::rpc;
use super::contract::molisa::dossier::v1::Status;
use super::lifecycle;
use crate::store;

/// A refusal.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields of the request break the contract.
    #[error("{} fields are invalid", .0.len())]
    Invalid(Vec<Violation>),
    /// No such dossier, or none that this member submitted or is a party to.
    #[error("unknown dossier")]
    UnknownDossier,
    /// No such procedure in the catalogue.
    #[error("unknown procedure")]
    UnknownProcedure,
    /// The procedure is not valid on the dossier's day.
    #[error("the procedure is not valid on the day")]
    ProcedureNotValid,
    /// The processing unit does not exist on the dossier's day.
    #[error("the unit does not exist on the day")]
    UnitNotValid,
    /// The dossier has no such paper with its content.
    #[error("unknown document")]
    UnknownDocument,
    /// No such code list in the catalogue.
    #[error("unknown list")]
    UnknownList,
    /// The dossier of this code is there with other content.
    #[error("the dossier is there with other content")]
    OtherContent,
    /// The processing unit is not this agency's.
    #[error("unknown unit")]
    UnknownUnit,
    /// The processing unit stands in no list of agencies, nor does one above it.
    #[error("unlisted unit")]
    UnlistedUnit,
    /// The dossier has no such supplement round.
    #[error("unknown supplement round")]
    UnknownRound,
    /// The life cycle has no such step.
    #[error("no step from {from:?} to {to:?}")]
    IllegalTransition {
        /// Where the dossier stands.
        from: Status,
        /// Where the call wanted it.
        to: Status,
    },
    /// The supplement round was answered, or ended without an answer.
    #[error("the supplement round is closed")]
    RoundClosed,
    /// The owner still has time to supplement.
    #[error("the supplement round is still open")]
    RoundStillOpen,
    /// Payment was asked for where nothing is due.
    #[error("no fee is due")]
    NoFeeDue,
    /// What was paid is not what is due.
    #[error("the amount is not what is due")]
    AmountMismatch,
    /// A result is handed over without a result paper.
    #[error("no result paper")]
    ResultRequired,
    /// The procedure has no published time, so the officer must promise one.
    #[error("no due time")]
    DueTimeRequired,
    /// The same key, reference or transaction came with other content.
    #[error("the id was used for other content")]
    IdConflict,
    /// A portal's call of an officers' method.
    #[error("for the ministry's officers only")]
    OfficersOnly,
    /// The caller's certificate is nobody's who may call.
    #[error("unknown caller")]
    UnknownCaller,
    /// The gateway did not say for whom it calls.
    #[error("no member")]
    MemberRequired,
    /// The agency's numbers of the day are used up.
    #[error("no dossier number is left today")]
    DayFull,
    /// The store failed; nothing happened.
    #[error("the store failed")]
    Store(#[source] store::error::Error),
}

/// One field and the rule it broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Path from the request message: `dossier.owner.papers.identities[0].number`.
    pub field: String,
    /// The rule, in Vietnamese, without the value.
    pub rule: String,
}

impl From<store::error::Error> for Error {
    fn from(error: store::error::Error) -> Self {
        Self::Store(error)
    }
}

impl Error {
    /// One field at fault.
    pub fn field(field: &str, rule: &str) -> Self {
        Self::Invalid(vec![Violation { field: field.to_owned(), rule: rule.to_owned() }])
    }

    /// The gRPC status code and the stable reason beside it.
    pub fn outcome(&self) -> (Code, &'static str) {
        match self {
            Self::Invalid(_) => (Code::InvalidArgument, "INVALID_FIELD"),
            Self::UnknownDossier => (Code::NotFound, "UNKNOWN_DOSSIER"),
            Self::UnknownProcedure => (Code::NotFound, "UNKNOWN_PROCEDURE"),
            Self::UnknownUnit | Self::UnlistedUnit => (Code::NotFound, "UNKNOWN_UNIT"),
            Self::UnknownDocument => (Code::NotFound, "UNKNOWN_DOCUMENT"),
            Self::UnknownList => (Code::NotFound, "UNKNOWN_LIST"),
            Self::ProcedureNotValid => (Code::FailedPrecondition, "PROCEDURE_NOT_VALID"),
            Self::UnitNotValid => (Code::FailedPrecondition, "UNIT_NOT_VALID"),
            Self::OtherContent => (Code::AlreadyExists, "OTHER_CONTENT"),
            Self::UnknownRound => (Code::NotFound, "UNKNOWN_ROUND"),
            Self::IllegalTransition { .. } => (Code::FailedPrecondition, "ILLEGAL_TRANSITION"),
            Self::RoundClosed => (Code::FailedPrecondition, "ROUND_CLOSED"),
            Self::RoundStillOpen => (Code::FailedPrecondition, "ROUND_STILL_OPEN"),
            Self::NoFeeDue => (Code::FailedPrecondition, "NO_FEE_DUE"),
            Self::AmountMismatch => (Code::FailedPrecondition, "AMOUNT_MISMATCH"),
            Self::ResultRequired => (Code::FailedPrecondition, "RESULT_REQUIRED"),
            Self::DueTimeRequired => (Code::FailedPrecondition, "DUE_TIME_REQUIRED"),
            Self::IdConflict => (Code::AlreadyExists, "ID_CONFLICT"),
            Self::OfficersOnly => (Code::PermissionDenied, "OFFICERS_ONLY"),
            Self::UnknownCaller => (Code::PermissionDenied, "UNKNOWN_CALLER"),
            Self::MemberRequired => (Code::PermissionDenied, "MEMBER_REQUIRED"),
            Self::DayFull => (Code::ResourceExhausted, "DAY_FULL"),
            Self::Store(_) => (Code::Unavailable, "STORE_UNAVAILABLE"),
        }
    }

    /// The status as it goes out.
    pub fn status(&self) -> GrpcStatus {
        let (code, reason) = self.outcome();
        let message = self.text();
        let info = rpc::ErrorInfo { reason: reason.to_owned(), domain: DOMAIN.to_owned(), metadata: self.metadata() };
        let mut details = vec![packed("google.rpc.ErrorInfo", &info)];
        if let Self::Invalid(violations) = self {
            details.push(packed("google.rpc.BadRequest", &bad_request(violations)));
        }
        let status = rpc::Status { code: code.into(), message: message.clone(), details };
        GrpcStatus::with_details(code, message, Bytes::from(status.encode_to_vec()))
    }

    fn metadata(&self) -> HashMap<String, String> {
        match self {
            Self::IllegalTransition { from, to } => [("from", from), ("to", to)]
                .map(|(key, status)| (key.to_owned(), status.as_str_name().to_owned()))
                .into(),
            _ => HashMap::new(),
        }
    }

    /// What it says to the person at the other end.
    pub fn text(&self) -> String {
        let text = match self {
            Self::Invalid(violations) => return invalid(violations),
            Self::IllegalTransition { from, to } => {
                return format!(
                    "Hồ sơ đang ở trạng thái \"{}\", không thể chuyển sang \"{}\"",
                    lifecycle::title(*from),
                    lifecycle::title(*to)
                );
            }
            Self::UnknownDossier => "Không tìm thấy hồ sơ",
            Self::UnknownProcedure => "Thủ tục hành chính không có trong danh mục",
            Self::UnknownUnit => "Đơn vị xử lý không thuộc cơ quan này",
            Self::UnlistedUnit => "Đơn vị xử lý không có trong danh mục cơ quan",
            Self::UnknownDocument => "Không tìm thấy tài liệu, hoặc tài liệu không được lưu kèm nội dung",
            Self::UnknownList => "Không có danh mục này",
            Self::ProcedureNotValid => "Thủ tục hành chính không có hiệu lực vào ngày nộp hồ sơ hoặc ngày tra cứu",
            Self::UnitNotValid => "Đơn vị xử lý không hoạt động vào ngày nộp hồ sơ",
            Self::OtherContent => "Mã hồ sơ đã tồn tại với nội dung khác",
            Self::UnknownRound => "Hồ sơ không có lần yêu cầu bổ sung này",
            Self::RoundClosed => "Lần yêu cầu bổ sung này đã kết thúc",
            Self::RoundStillOpen => "Chưa hết hạn bổ sung giấy tờ",
            Self::NoFeeDue => "Hồ sơ không có phí, lệ phí nào phải nộp",
            Self::AmountMismatch => "Số tiền thanh toán khác số tiền phải nộp",
            Self::ResultRequired => "Chưa có giấy tờ kết quả để trả",
            Self::DueTimeRequired => "Thủ tục chưa công bố thời hạn, phải nêu ngày hẹn trả",
            Self::IdConflict => "Mã yêu cầu đã được dùng cho một nội dung khác",
            Self::OfficersOnly => "Chức năng chỉ dành cho cán bộ của bộ",
            Self::UnknownCaller => "Chứng thư số này không được phép gọi dịch vụ",
            Self::MemberRequired => "Cổng kết nối không nêu tên thành viên",
            Self::DayFull => "Đã hết số hồ sơ trong ngày",
            Self::Store(_) => "Hệ thống tạm thời chưa ghi nhận được yêu cầu, vui lòng gửi lại",
        };
        text.to_owned()
    }
}

fn invalid(violations: &[Violation]) -> String {
    let shown: Vec<String> =
        violations.iter().take(VIOLATIONS_IN_TEXT).map(|one| format!("{}: {}", one.field, one.rule)).collect();
    let more = violations.len().saturating_sub(VIOLATIONS_IN_TEXT);
    let rest = if more > 0 { format!("; và {more} lỗi khác") } else { String::new() };
    format!("Dữ liệu không hợp lệ: {}{rest}", shown.join("; "))
}

fn bad_request(violations: &[Violation]) -> rpc::BadRequest {
    let violation =
        |one: &Violation| rpc::bad_request::FieldViolation { field: one.field.clone(), description: one.rule.clone() };
    rpc::BadRequest { field_violations: violations.iter().take(VIOLATIONS_IN_DETAILS).map(violation).collect() }
}

fn packed(name: &str, message: &impl Message) -> Any {
    Any { type_url: format!("type.googleapis.com/{name}"), value: message.encode_to_vec() }
}

/// Who defines the reasons.
pub const DOMAIN: &str = "molisa.gov.vn";
/// The text is a header: clients refuse more than 8 KiB of them.
const VIOLATIONS_IN_TEXT: usize = 3;
/// The details are a header, too.
const VIOLATIONS_IN_DETAILS: usize = 16;
