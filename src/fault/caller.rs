//! Why a member may not call.

use super::Fault;
use super::code::Code;
use super::text::Texts;
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
            Refusal::Right { .. } => Self::new(Code::Forbidden),
            Refusal::Busy { .. } => Self::new(Code::Busy),
        };
        fault.because(refusal)
    }
}
