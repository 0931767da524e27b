//! Where a request goes: an operation of a partner, or a document about it. What is refused before the body is read.

use http::request::Parts;
use http::{HeaderMap, Method, header};

use super::face::Face;
use crate::fault::refusal::Refusal;
use crate::soap::media::MediaType;

/// A call that may send its body.
#[derive(Debug)]
pub(super) struct Accepted<'r> {
    pub(super) media: MediaType<'r>,
}

/// The partner that a request is addressed to.
pub(super) fn face<'r>(faces: &'r [Face], head: &Parts) -> Result<&'r Face, Refusal> {
    let name = head.uri.path().strip_prefix("/soap/").ok_or(Refusal::NotFound)?;
    faces.iter().find(|face| face.partner.name == name).ok_or(Refusal::NotFound)
}

/// The document that a request asks for: `?wsdl` in any case, or `?xsd=<file>`; `None` for a call.
pub(super) fn document(face: &Face, head: &Parts) -> Result<Option<Vec<u8>>, Refusal> {
    let query = match (&head.method, head.uri.query()) {
        (&Method::POST, _) => return Ok(None),
        (&Method::GET | &Method::HEAD, Some(query)) => query,
        (&Method::GET | &Method::HEAD, None) => return Err(Refusal::Method { allow: "POST" }),
        _ => return Err(Refusal::Method { allow: "GET, HEAD, POST" }),
    };
    let address = address(face, head)?;
    let (name, value) = query.split_once('=').unwrap_or((query, ""));
    if name.eq_ignore_ascii_case("wsdl") {
        return Ok(Some(face.description.wsdl(&address)));
    }
    if !name.eq_ignore_ascii_case("xsd") {
        return Err(Refusal::NotFound);
    }
    let file = percent_decode(value).ok_or(Refusal::NotFound)?;
    face.description.xsd(&file, &address).map(Some).ok_or(Refusal::NotFound)
}

/// The address by which the caller reached us: `:authority` of HTTP/2, `Host` of HTTP/1.1.
fn address(face: &Face, head: &Parts) -> Result<String, Refusal> {
    let host = head.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = head.uri.authority().map(|authority| authority.as_str()).or(host).ok_or(Refusal::Malformed)?;
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:[]%".contains(&byte);
    if authority.is_empty() || !authority.bytes().all(is_host) {
        return Err(Refusal::Malformed);
    }
    Ok(format!("https://{authority}/soap/{}", face.partner.name))
}

/// Checks what a call says of its body before the body is read.
///
/// `is_empty`: no body is there and none will come.
pub(super) fn accept<'r>(headers: &'r HeaderMap, is_empty: bool, bytes_max: usize) -> Result<Accepted<'r>, Refusal> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if is_empty && length.is_none() {
        return Err(Refusal::LengthRequired);
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = MediaType::parse(kind).map_err(|_| Refusal::MediaType)?;
    let is_identity = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(header::CONTENT_ENCODING).iter().all(is_identity) {
        return Err(Refusal::ContentEncoding);
    }
    if length.is_some_and(|length| length > bytes_max as u64) {
        return Err(Refusal::TooLarge { bytes_max });
    }
    Ok(Accepted { media })
}

/// Decodes `%XX`; `None` where that is not UTF-8 or a `%` stands alone.
fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let (byte, after) = match first {
            b'%' => {
                let digits = std::str::from_utf8(after.get(..2)?).ok()?;
                (u8::from_str_radix(digits, 16).ok()?, &after[2..])
            }
            byte => (byte, after),
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(fields: &[(&'static str, &str)], is_empty: bool, expected: &str) {
        let headers: HeaderMap = fields
            .iter()
            .map(|&(name, value)| (http::HeaderName::from_static(name), value.parse().expect("a value")))
            .collect();
        let found = match accept(&headers, is_empty, 1000) {
            Ok(accepted) => format!("{:?}", accepted.media.version),
            Err(refusal) => format!("{} {}", refusal.http_status(), refusal.as_str()),
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_refused_before_the_body_is_read() {
        let xml = ("content-type", "text/xml");
        check(&[xml, ("content-length", "1000")], false, "Soap11");
        check(&[xml], false, "Soap11");
        check(&[("content-type", "application/soap+xml"), ("content-encoding", "Identity")], false, "Soap12");
        check(&[xml, ("content-length", "1001")], false, "413 too_large");
        check(&[xml, ("content-length", "99999999999999999999")], false, "Soap11");
        check(&[xml, ("content-length", "0")], true, "Soap11");
        check(&[xml], true, "411 length_required");
        check(&[("content-length", "5")], false, "415 media_type");
        check(&[("content-type", "application/json"), ("content-length", "5")], false, "415 media_type");
        check(&[xml, ("content-encoding", "gzip")], false, "415 content_encoding");
    }

    #[test]
    fn file_names_are_percent_decoded() {
        assert_eq!(percent_decode("th%C3%A0nh%20ph%E1%BA%A7n.xsd").as_deref(), Some("thành phần.xsd"));
        for wrong in ["%", "%4", "%zz", "%ff"] {
            assert_eq!(percent_decode(wrong), None, "{wrong}");
        }
    }
}
