//! URI references (XML Schema part 2 §3.2.17: legal once what XLink 1.0 §5.4 escapes is escaped; RFC 3986 §3, §4).

/// Whether a value of `anyURI`, white space collapsed, is a URI reference.
pub fn is_reference(value: &str) -> bool {
    let (rest, fragment) = match value.split_once('#') {
        Some((rest, fragment)) => (rest, fragment),
        None => (value, ""),
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    // RFC 2732 §3 gives brackets back to what is not a path: the query and the fragment.
    let tail = |part: &str| are_legal(part, b":@/?[]");
    tail(fragment) && tail(query) && is_hierarchy(rest)
}

/// `[scheme ":"] ["//" authority] path`
fn is_hierarchy(text: &str) -> bool {
    let Some(colon) = text.find(':') else { return is_part(text) };
    let is_scheme = text.as_bytes()[0].is_ascii_alphabetic()
        && text[..colon].bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    if is_scheme {
        return is_part(&text[colon + 1..]);
    }
    // RFC 3986 §4.2: the first segment of a relative path has no colon.
    text.find('/').is_some_and(|slash| slash < colon) && is_part(text)
}

fn is_part(text: &str) -> bool {
    match text.strip_prefix("//") {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            is_authority(authority) && are_legal(path, b":@/")
        }
        None => are_legal(text, b":@/"),
    }
}

/// `[userinfo "@"] host [":" port]`
fn is_authority(text: &str) -> bool {
    let (user, host) = text.rsplit_once('@').unwrap_or(("", text));
    if !are_legal(user, b":") {
        return false;
    }
    let (host, port) = match host.strip_prefix('[') {
        Some(literal) => match literal.split_once(']') {
            Some((address, after)) if are_legal(address, b":") => ("", after),
            _ => return false,
        },
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    is_port && are_legal(host, b"")
}

/// Unreserved characters, sub-delimiters, escapes, `more`, and all that XLink escapes.
fn are_legal(text: &str, more: &[u8]) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().all(|(at, &byte)| match byte {
        b'%' => bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
        b'#' | b'[' | b']' | b':' | b'@' | b'/' | b'?' => more.contains(&byte),
        _ => true,
    })
}
