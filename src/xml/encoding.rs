//! Bytes as received → UTF-8 text (UTF-8 with or without BOM, UTF-16 by BOM).

use std::borrow::Cow;

use super::error::Error;

/// Returns the document as UTF-8 without its byte order mark.
///
/// UTF-8 input is checked and borrowed; UTF-16 (by BOM, or by `charset` of the media type) is converted.
/// `charset` is the media type's parameter, any case, quotes removed; it must tell the truth (WS-I R1018).
pub fn to_utf8<'a>(bytes: &'a [u8], charset: Option<&str>) -> Result<Cow<'a, str>, Error> {
    let _ = (bytes, charset);
    todo!()
}
