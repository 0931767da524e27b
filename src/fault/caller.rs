//! Why a member may not call.

use super::code::Code;
use super::text::Texts;
use super::{Fault, Place};
use crate::member::Refusal;

/// The caller learns which of the reasons it is, not what the registry says of others.
impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let fault = match &refusal {
            Refusal::Unknown => Self::with_texts(
                Code::Forbidden,
                Texts::new(
                    "Chứng thư của bên gọi chưa được đăng ký; hãy liên hệ đơn vị vận hành.",
                    "The caller's certificate is not registered; contact the operator.",
                ),
            ),
            Refusal::Impersonation { .. } => Self::with_texts(
                Code::Forbidden,
                Texts::new(
                    "Tiêu đề client nêu một bên khác mà chứng thư này không được phép thay mặt.",
                    "The client header names another member than this certificate may speak for.",
                ),
            ),
            Refusal::Right { .. } | Refusal::Agency { .. } | Refusal::Procedure { .. } => Self::new(Code::Forbidden),
            Refusal::Busy { .. } => Self::new(Code::Busy),
        };
        fault.because(refusal)
    }
}

impl Fault {
    /// Of a member that has no right to what stands at `place`: the operation, a code of an agency or of a procedure.
    pub fn no_right(refusal: Refusal, place: Place) -> Self {
        let (vi, en) = match &refusal {
            Refusal::Right { .. } => ("thao tác này", "this operation"),
            Refusal::Agency { .. } => ("thao tác này thay mặt cơ quan này", "this operation for this agency"),
            Refusal::Procedure { .. } => {
                ("thao tác này đối với thủ tục hành chính này", "this operation in this procedure")
            }
            Refusal::Unknown | Refusal::Impersonation { .. } | Refusal::Busy { .. } => {
                return Self::from(refusal).at(place);
            }
        };
        let (line, path) = (place.line, place.path.as_deref().unwrap_or_default());
        let texts = Texts::new(
            format!("Dòng {line}, {path}: bên gọi không có quyền gọi {vi}."),
            format!("Line {line}, {path}: the caller has no right to {en}."),
        );
        Self::with_texts(Code::Forbidden, texts).at(place).because(refusal)
    }
}
