//! A body → the bytes of its SOAP message: the body itself, or the root part of a `multipart/related`.
//!
//! ```text
//! preamble CRLF                      ignored, short
//! --boundary CRLF                    R2936: each delimiter begins a line
//! Content-Type: text/xml CRLF CRLF   headers of the part, short
//! <Envelope>…</Envelope>             the root part, up to the CRLF before the next delimiter
//! CRLF --boundary-- CRLF             no part may follow
//! epilogue                           ignored, short
//! ```
//! * There is one way to read a body, or none: a boundary that stands in a line with something else, a delimiter after
//!   the last one, a header field given twice and a line that ends with less than CRLF are refused, as another reader
//!   before us may have taken them for something else.
//! * A message in one part is taken, be it of SOAP with Attachments or MTOM (Attachments Profile R2917); no operation
//!   takes attachments yet, so one with further parts is refused, by its first further delimiter.
//! * A root part that is sent as it is (7bit, 8bit, binary) is not copied.
//! * All work is linear in the body, no output is longer than its input.

use std::borrow::Cow;

use bytes::Bytes;
use memchr::memmem;

use super::media::{MediaType, Multipart, RootType};
use crate::xml::tape::Tape;

/// The message of a body.
#[derive(Debug)]
pub struct Root<'a> {
    /// The document: a slice of the body, unless it was encoded for transfer.
    pub bytes: Bytes,
    /// `charset` of the media type that the document stands under: the body's or its own part's.
    pub charset: Option<Cow<'a, str>>,
    is_xop: bool,
}

/// Why a body is not one SOAP message; all of it is the caller's to correct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not built as RFC 2046 §5.1.1 demands, or not within our bounds; what is asked.
    #[error("multipart: {0}")]
    Malformed(&'static str),
    /// `start` names no part (RFC 2387 §3.2).
    #[error("multipart: no part has the Content-ID that start names")]
    Start,
    /// The root part is of another media type than `type` says (RFC 2387 §3.1, R2932).
    #[error("multipart: the root part must be of the media type that type names")]
    RootType,
    /// A `Content-Transfer-Encoding` other than 7bit, 8bit, binary, quoted-printable and base64 (R2934).
    #[error("multipart: Content-Transfer-Encoding must be 7bit, 8bit, binary, quoted-printable or base64")]
    EncodingUnknown,
    /// Bytes that are not in the transfer encoding they claim (R2935).
    #[error("multipart: the root part is not in its Content-Transfer-Encoding")]
    Encoding,
    /// Parts beside the root.
    #[error("attachments are not taken by this operation: send the SOAP part only")]
    Attachments,
    /// `xop:Include` in a message without parts that it could refer to.
    #[error("xop:Include refers to a part, and there is none: send the content inline")]
    Include,
}

/// Finds the message in a body of this media type.
///
/// Limits: preamble and epilogue [`OUTSIDE_BYTES_MAX`], the part's header [`HEADER_BYTES_MAX`].
/// Errors: the first rule that a multipart body breaks; none for another body.
/// Source: RFC 2046 §5.1.1, RFC 2387, Attachments Profile 1.0 R2915–R2936.
pub fn root<'a>(media: &'a MediaType<'_>, body: &'a Bytes) -> Result<Root<'a>, Error> {
    let Some(multipart) = &media.multipart else {
        return Ok(Root { bytes: body.clone(), charset: media.charset.as_deref().map(Cow::Borrowed), is_xop: false });
    };
    let part = only_part(body, &multipart.boundary)?;
    let (header, content) = split_header(part)?;
    let header = Header::read(header)?;
    header.check_id(multipart)?;
    let (root, charset) = header.root_type(media, multipart)?;
    let bytes = match header.transfer_encoding()? {
        TransferEncoding::Identity => body.slice_ref(content),
        TransferEncoding::QuotedPrintable => quoted_printable(content).ok_or(Error::Encoding)?.into(),
        TransferEncoding::Base64 => base64_simd::forgiving_decode_to_vec(content).map_err(|_| Error::Encoding)?.into(),
    };
    Ok(Root { bytes, charset, is_xop: root == RootType::Xop })
}

impl Root<'_> {
    /// What is left to refuse once the document is read: `xop:Include` in MTOM (XOP 1.0 §2.1).
    pub fn check(&self, tape: &Tape<'_>) -> Result<(), Error> {
        match self.is_xop && tape.namespace_id(INCLUDE).is_some() {
            true => Err(Error::Include),
            false => Ok(()),
        }
    }
}

/// What stands between the first delimiter and the last, where there are just these two.
fn only_part<'b>(body: &'b [u8], boundary: &str) -> Result<&'b [u8], Error> {
    let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
    // The first delimiter needs no line end before it where there is no preamble.
    let opening = match body.starts_with(&delimiter[2..]) {
        true => delimiter.len() - 2,
        false => {
            let within = &body[..body.len().min(OUTSIDE_BYTES_MAX + delimiter.len())];
            memmem::find(within, &delimiter).ok_or(NO_DELIMITER)? + delimiter.len()
        }
    };
    let Delimiter::Next(start) = delimiter_end(body, opening)? else {
        return Err(Error::Malformed("a part must stand between the delimiters"));
    };
    let length = memmem::find(&body[start..], &delimiter).ok_or(NOT_CLOSED)?;
    match delimiter_end(body, start + length + delimiter.len())? {
        Delimiter::Next(_) => return Err(Error::Attachments),
        Delimiter::Close(end) if body.len() - end > OUTSIDE_BYTES_MAX => {
            return Err(Error::Malformed("at most 1024 bytes may follow the last delimiter"));
        }
        Delimiter::Close(end) if memmem::find(&body[end..], &delimiter).is_some() => {
            return Err(Error::Malformed("no delimiter may follow the last one"));
        }
        Delimiter::Close(_) => {}
    }
    Ok(&body[start..start + length])
}

/// What a delimiter is, and where what follows it begins.
enum Delimiter {
    /// A part comes, after the end of the line.
    Next(usize),
    /// No part comes; the line end belongs to what follows.
    Close(usize),
}

/// Reads the rest of a delimiter's line, from behind the boundary: `--` or nothing, padding, CRLF.
fn delimiter_end(body: &[u8], at: usize) -> Result<Delimiter, Error> {
    let is_close = body[at..].starts_with(b"--");
    let padding_start = at + if is_close { 2 } else { 0 };
    let padding = body[padding_start..].iter().take_while(|&&byte| byte == b' ' || byte == b'\t').count();
    let end = padding_start + padding;
    let is_line_end = body[end..].starts_with(b"\r\n");
    match is_close {
        true if is_line_end || end == body.len() => Ok(Delimiter::Close(end)),
        false if is_line_end => Ok(Delimiter::Next(end + 2)),
        _ => Err(Error::Malformed("a line that begins with the boundary must hold nothing else, and end with CRLF")),
    }
}

/// A part's header, each line with its CRLF, and its content.
fn split_header(part: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    if let Some(content) = part.strip_prefix(b"\r\n") {
        return Ok((b"", content));
    }
    let within = &part[..part.len().min(HEADER_BYTES_MAX + 2)];
    let length = memmem::find(within, b"\r\n\r\n").ok_or(NO_HEADER_END)? + 2;
    Ok((&part[..length], &part[length + 2..]))
}

/// The header fields of a part that are read.
#[derive(Default)]
struct Header<'a> {
    content_type: Option<Cow<'a, str>>,
    id: Option<Cow<'a, str>>,
    transfer_encoding: Option<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    /// Reads lines of `name: value CRLF`; a line that begins with a blank goes on with the value before it
    /// (RFC 5322 §2.2.3).
    fn read(header: &'a [u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(header).map_err(|_| BAD_FIELD)?;
        let mut found = Self::default();
        let mut lines = text.split_terminator("\r\n").peekable();
        while let Some(line) = lines.next() {
            let (name, value) = line.split_once(':').ok_or(BAD_FIELD)?;
            let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            if name.is_empty() || !name.bytes().all(is_token) {
                return Err(BAD_FIELD);
            }
            let mut value = Cow::Borrowed(value.trim());
            while let Some(more) = lines.next_if(|line| line.starts_with([' ', '\t'])) {
                let value = value.to_mut();
                value.push(' ');
                value.push_str(more.trim());
            }
            if value.contains(['\r', '\n', '\0']) {
                return Err(BAD_FIELD);
            }
            found.keep(name, value)?;
        }
        Ok(found)
    }

    fn keep(&mut self, name: &str, value: Cow<'a, str>) -> Result<(), Error> {
        let place = match name.to_ascii_lowercase().as_str() {
            "content-type" => &mut self.content_type,
            "content-id" => &mut self.id,
            "content-transfer-encoding" => &mut self.transfer_encoding,
            _ => return Ok(()),
        };
        match place.replace(value) {
            Some(_) => Err(Error::Malformed("a part's header field must stand once")),
            None => Ok(()),
        }
    }

    /// The only part is the root, unless `start` names another.
    fn check_id(&self, multipart: &Multipart<'_>) -> Result<(), Error> {
        let Some(start) = &multipart.start else { return Ok(()) };
        // Some leave the angle brackets out on one side.
        let bare = |id: &str| id.trim().trim_start_matches('<').trim_end_matches('>').to_owned();
        match self.id.as_deref().map(bare) == Some(bare(start)) {
            true => Ok(()),
            false => Err(Error::Start),
        }
    }

    /// What the root part is, and its charset; its media type must be the one that `type` names, unless one of the two
    /// is left out.
    fn root_type(
        &self,
        media: &MediaType<'_>,
        multipart: &Multipart<'_>,
    ) -> Result<(RootType, Option<Cow<'a, str>>), Error> {
        let Some(written) = &self.content_type else { return Ok((multipart.root, None)) };
        let plain = MediaType::parse(written).ok().filter(|own| own.multipart.is_none());
        let xop = MediaType::parse_xop(written, media.version).ok();
        let (own, root) = match multipart.root {
            RootType::Soap => (plain.filter(|own| own.version == media.version), RootType::Soap),
            RootType::Xop => (xop, RootType::Xop),
            RootType::Unsaid if xop.is_some() => (xop, RootType::Xop),
            RootType::Unsaid => (plain, RootType::Soap),
        };
        let own = own.ok_or(Error::RootType)?;
        Ok((root, own.charset.map(|charset| Cow::Owned(charset.into_owned()))))
    }

    /// RFC 2045 §6.1: 7bit where nothing is said; that it is so is not asked.
    fn transfer_encoding(&self) -> Result<TransferEncoding, Error> {
        match self.transfer_encoding.as_deref().unwrap_or("7bit").to_ascii_lowercase().as_str() {
            "7bit" | "8bit" | "binary" => Ok(TransferEncoding::Identity),
            "quoted-printable" => Ok(TransferEncoding::QuotedPrintable),
            "base64" => Ok(TransferEncoding::Base64),
            _ => Err(Error::EncodingUnknown),
        }
    }
}

enum TransferEncoding {
    Identity,
    QuotedPrintable,
    Base64,
}

/// Decodes quoted-printable (RFC 2045 §6.7); `None` for a `=` that is neither an octet nor a soft line break. Blanks at
/// the end of a line were added on the way (rule 3). Longer lines than 76 are let pass.
fn quoted_printable(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut lines = text.split(|&byte| byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let (line, has_return) = line.strip_suffix(b"\r").map_or((line, false), |line| (line, true));
        let kept = line.len() - line.iter().rev().take_while(|&&byte| byte == b' ' || byte == b'\t').count();
        let (line, is_soft) = line[..kept].strip_suffix(b"=").map_or((&line[..kept], false), |line| (line, true));
        push_octets(line, &mut out)?;
        if !is_soft && has_return {
            out.push(b'\r');
        }
        if !is_soft && lines.peek().is_some() {
            out.push(b'\n');
        }
    }
    Some(out)
}

/// A line of quoted-printable without its end.
fn push_octets(mut line: &[u8], out: &mut Vec<u8>) -> Option<()> {
    while let Some(at) = memchr::memchr(b'=', line) {
        out.extend_from_slice(&line[..at]);
        let digit = |place: usize| char::from(*line.get(at + place)?).to_digit(16);
        out.push((digit(1)? * 16 + digit(2)?) as u8);
        line = &line[at + 3..];
    }
    out.extend_from_slice(line);
    Some(())
}

/// Longest preamble, and longest epilogue, bytes.
pub const OUTSIDE_BYTES_MAX: usize = 1024;
/// Longest header of a part, bytes, line ends included.
pub const HEADER_BYTES_MAX: usize = 8 << 10;
const INCLUDE: &str = "http://www.w3.org/2004/08/xop/include";
const NO_DELIMITER: Error =
    Error::Malformed("a line with the boundary must begin the first part, after at most 1024 bytes");
const NOT_CLOSED: Error = Error::Malformed("a line with the boundary must end the last part");
const NO_HEADER_END: Error = Error::Malformed("an empty line must end the part's header, within 8192 bytes");
const BAD_FIELD: Error = Error::Malformed("a part's header must be of lines like 'Content-Type: text/xml'");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::limits::Limits;

    const TYPE: &str = "multipart/related; type=\"text/xml\"; boundary=b";

    /// The root and its charset, or why there is none.
    fn read(kind: &str, body: &[u8]) -> String {
        let media = MediaType::parse(kind).expect("a media type of SOAP");
        let body = Bytes::copy_from_slice(body);
        match root(&media, &body) {
            Ok(root) => {
                format!("{} {:?}", root.charset.as_deref().unwrap_or("-"), String::from_utf8_lossy(&root.bytes))
            }
            Err(error) => error.to_string(),
        }
    }

    #[track_caller]
    fn check(body: &str, expected: &str) {
        assert_eq!(read(TYPE, body.as_bytes()), expected, "{body:?}");
    }

    #[test]
    fn a_body_of_another_media_type_is_the_message() {
        assert_eq!(read("text/xml; charset=utf-16", b"--b\r\n"), "utf-16 \"--b\\r\\n\"");
        assert_eq!(read("application/soap+xml", b""), "- \"\"");
    }

    #[test]
    fn r2917_the_soap_part_only() {
        let part = "Content-Type: text/xml; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\nContent-ID: <r>\r\n\r\n<a>\r\nđ</a>";
        let content = "UTF-8 \"<a>\\r\\nđ</a>\"";
        check(&format!("--b\r\n{part}\r\n--b--"), content);
        check(&format!("--b \t\r\n{part}\r\n--b-- \r\n"), content);
        check(&format!("preamble\r\n\r\n--b\r\n{part}\r\n--b--\r\nepilogue --b"), content);
        check("--b\r\n\r\n<a/>\r\n--b--", "- \"<a/>\"");
        check("\r\n--b\r\nX-Other: --b\r\n\r\n\r\n<a/>\r\n\r\n--b--", "- \"\\r\\n<a/>\\r\\n\"");
    }

    #[test]
    fn what_is_sent_as_it_is_is_not_copied() {
        let media = MediaType::parse(TYPE).expect("a media type of SOAP");
        let body = Bytes::from_static(b"--b\r\ncontent-transfer-encoding: BINARY\r\n\r\n<a/>\r\n--b--");
        let found = root(&media, &body).expect("a root");
        assert_eq!(found.bytes.as_ptr(), body[body.len() - "<a/>\r\n--b--".len()..].as_ptr());
    }

    #[test]
    fn r2934_r2935_transfer_encodings_are_undone() {
        let part = |encoding: &str, content: &str| {
            format!("--b\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{content}\r\n--b--")
        };
        check(&part("base64", "PGE+xJE8\r\nL2E+\r\n"), "- \"<a>đ</a>\"");
        check(&part("Quoted-Printable", "<a b=3D\"1\">=C4=91=\r\n</a> \t\r\n=20"), "- \"<a b=\\\"1\\\">đ</a>\\r\\n \"");
        check(&part("quoted-printable", "a = \r\nb=\r\n"), "- \"a b\"");
        for wrong in ["=4", "=", "=G0", "=4=", "a=\rb", "==\r\n"] {
            let expected = if wrong == "=" { "- \"\"".to_owned() } else { Error::Encoding.to_string() };
            check(&part("quoted-printable", wrong), &expected);
        }
        check(&part("base64", "P*E+"), &Error::Encoding.to_string());
        check(&part("x-uuencode", "a"), &Error::EncodingUnknown.to_string());
    }

    #[test]
    fn r2936_what_can_be_read_in_two_ways_is_refused() {
        let line = "multipart: a line that begins with the boundary must hold nothing else, and end with CRLF";
        let first = NO_DELIMITER.to_string();
        for (body, expected) in [
            ("", first.as_str()),
            ("<a/>", &first),
            ("--c\r\n\r\n<a/>\r\n--c--", &first),
            ("x--b\r\n\r\n<a/>", &first),
            ("\n--b\r\n\r\n<a/>", &first),
            ("\n--b\r\n\r\n<a/>\r\n--b--", "multipart: a part must stand between the delimiters"),
            ("--b\n\n<a/>\n--b--", line),
            ("--bc\r\n\r\n<a/>\r\n--b--", line),
            ("--b", line),
            ("--b\r\n\r\n<a/>\r\n--bc\r\n--b--", line),
            ("--b\r\n\r\n<a/>\r\n--b--c", line),
            ("--b\r\n\r\n<a/>\r\n--b-", line),
            ("--b--", "multipart: a part must stand between the delimiters"),
            ("--b\r\n\r\n<a/>", &NOT_CLOSED.to_string()),
            ("--b\r\n\r\n<a/>--b--", &NOT_CLOSED.to_string()),
            ("--b\r\n--b--", &NOT_CLOSED.to_string()),
            ("--b\r\n<a/>\r\n--b--", &NO_HEADER_END.to_string()),
            ("--b\r\nContent-Type text/xml\r\n\r\n<a/>\r\n--b--", &BAD_FIELD.to_string()),
            ("--b\r\nContent Type: text/xml\r\n\r\n<a/>\r\n--b--", &BAD_FIELD.to_string()),
            ("--b\r\nX: a\nContent-ID: x\r\n\r\n<a/>\r\n--b--", &BAD_FIELD.to_string()),
            ("--b\r\n X: folded\r\n\r\n<a/>\r\n--b--", &BAD_FIELD.to_string()),
            (
                "--b\r\nContent-ID: x\r\nContent-Id: y\r\n\r\n<a/>\r\n--b--",
                "multipart: a part's header field must stand once",
            ),
            ("--b\r\n\r\n<a/>\r\n--b--\r\n--b\r\n\r\n<b/>\r\n--b--", "multipart: no delimiter may follow the last one"),
        ] {
            check(body, expected);
        }
        assert_eq!(read(TYPE, b"--b\r\nX: \xff\r\n\r\n<a/>\r\n--b--"), BAD_FIELD.to_string());
    }

    #[test]
    fn attachments_are_refused() {
        check("--b\r\n\r\n<a/>\r\n--b\r\n\r\nfile\r\n--b--", &Error::Attachments.to_string());
        check("--b\r\n\r\n<a/>\r\n--b\r\n", &Error::Attachments.to_string());
    }

    #[test]
    fn r2922_the_root_is_the_part_that_start_names_or_the_first() {
        let body = |id: &str| format!("--b\r\n{id}\r\n<a/>\r\n--b--");
        let with_start = format!("{TYPE}; start=\"<r@x>\"");
        for (id, expected) in [
            ("Content-ID: <r@x>\r\n", "- \"<a/>\""),
            ("content-id:\r\n\tr@x\r\n", "- \"<a/>\""),
            ("Content-ID: <s@x>\r\n", "multipart: no part has the Content-ID that start names"),
            ("", "multipart: no part has the Content-ID that start names"),
        ] {
            assert_eq!(read(&with_start, body(id).as_bytes()), expected, "{id}");
        }
    }

    #[test]
    fn r2932_the_root_is_of_the_type_that_the_body_announces() {
        let body = |kind: &str| format!("--b\r\nContent-Type: {kind}\r\n\r\n<a/>\r\n--b--");
        let xop = "multipart/related; type=\"application/xop+xml\"; start-info=\"text/xml\"; boundary=b";
        for (outer, inner, expected) in [
            (TYPE, "TEXT/XML;\r\n charset=utf-16", "utf-16 \"<a/>\""),
            (TYPE, "application/soap+xml", &*Error::RootType.to_string()),
            (TYPE, "multipart/related; type=\"text/xml\"; boundary=c", &*Error::RootType.to_string()),
            (TYPE, "application/xop+xml; type=\"text/xml\"", &*Error::RootType.to_string()),
            (xop, "application/xop+xml; charset=UTF-8; type=\"text/xml\"", "UTF-8 \"<a/>\""),
            (xop, "text/xml", &*Error::RootType.to_string()),
            ("multipart/related; boundary=b", "text/xml; charset=utf-8", "utf-8 \"<a/>\""),
            ("multipart/related; boundary=b", "application/soap+xml", "- \"<a/>\""),
            ("multipart/related; boundary=b", "application/xop+xml; charset=utf-8", "utf-8 \"<a/>\""),
            ("multipart/related; boundary=b", "image/png", &*Error::RootType.to_string()),
        ] {
            assert_eq!(read(outer, body(inner).as_bytes()), expected, "{outer}, {inner}");
        }
    }

    #[test]
    fn an_include_without_a_part_is_refused_in_mtom() {
        let include = format!("<a xmlns:x='{INCLUDE}'><x:Include href='cid:1'/></a>");
        let xop = "multipart/related; type=\"application/xop+xml\"; boundary=b";
        for (kind, text, is_refused) in [(xop, include.as_str(), true), (xop, "<a/>", false), (TYPE, &include, false)] {
            let media = MediaType::parse(kind).expect("a media type of SOAP");
            let body = Bytes::from(format!("--b\r\n\r\n{text}\r\n--b--"));
            let tape = Tape::parse(text, &Limits::default()).expect("well-formed");
            assert_eq!(root(&media, &body).expect("a root").check(&tape).is_err(), is_refused, "{kind} {text}");
        }
    }

    #[test]
    fn what_stands_around_the_part_is_short() {
        let around = |before: usize, after: usize| {
            format!("{}\r\n--b\r\n\r\n<a/>\r\n--b--{}", "x".repeat(before), " ".repeat(after))
        };
        let header = |bytes: usize| format!("--b\r\nX:{}\r\n\r\n<a/>\r\n--b--", "x".repeat(bytes - "X:\r\n".len()));
        let epilogue = |bytes: usize| format!("--b\r\n\r\n<a/>\r\n--b--\r\n{}", "x".repeat(bytes - 2));
        check(&around(OUTSIDE_BYTES_MAX, 0), "- \"<a/>\"");
        check(&around(OUTSIDE_BYTES_MAX + 1, 0), &NO_DELIMITER.to_string());
        check(&epilogue(OUTSIDE_BYTES_MAX), "- \"<a/>\"");
        check(&epilogue(OUTSIDE_BYTES_MAX + 1), "multipart: at most 1024 bytes may follow the last delimiter");
        check(&header(HEADER_BYTES_MAX), "- \"<a/>\"");
        check(&header(HEADER_BYTES_MAX + 1), &NO_HEADER_END.to_string());
    }
}
