//! Whatever is taken out of a body is in it once, between the only two delimiters.
//!
//! The first line is the value of Content-Type, the rest is the body.

use bytes::Bytes;
use lienthong::soap::media::MediaType;
use lienthong::soap::mime;

/// Reads bytes as a request; nothing panics.
pub fn hold(bytes: &[u8]) {
    let line = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let (kind, body) = (&bytes[..line], Bytes::copy_from_slice(bytes.get(line + 1..).unwrap_or_default()));
    let Ok(kind) = std::str::from_utf8(kind) else { return };
    let Ok(media) = MediaType::parse(kind) else { return };
    let Ok(root) = mime::root(&media, &body) else { return };
    let Some(multipart) = &media.multipart else {
        assert_eq!(root.bytes, body, "another body is the message");
        return;
    };
    assert!(root.bytes.len() < body.len(), "a part is shorter than its body");
    let delimiter = ["\r\n--", &multipart.boundary].concat().into_bytes();
    let whole = [b"\r\n", &body[..]].concat();
    let found = whole.windows(delimiter.len()).filter(|window| *window == delimiter).count();
    assert_eq!(found, 2, "whoever looks for the boundary finds two delimiters");
    wrapped_again(&root.bytes, &multipart.boundary);
}

/// A part is found again in a body that is written around it, whatever it holds.
fn wrapped_again(part: &[u8], boundary: &str) {
    let delimiter = ["\r\n--", boundary].concat().into_bytes();
    if [b"\r\n", part].concat().windows(delimiter.len()).any(|window| window == delimiter) {
        return;
    }
    let body = [b"--", boundary.as_bytes(), b"\r\n\r\n", part, &delimiter, b"--"].concat().into();
    let kind = format!("multipart/related; type=\"text/xml\"; boundary=\"{boundary}\"");
    let media = MediaType::parse(&kind).expect("a boundary that was read before");
    let found = mime::root(&media, &body).expect("a body of one part");
    assert_eq!(found.bytes, part);
}
