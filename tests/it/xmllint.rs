//! libxml2 as the judge of every message the gateway sends, where `xmllint` is installed.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use quick_xml::Reader;
use quick_xml::events::Event;

/// Panics unless the Body's element of `answer` is valid against the dossier exchange's XSD.
///
/// Faults, and what is not XML, are not the schema's business.
pub fn assert_valid(answer: &[u8]) {
    let Some(body) = body_element(answer) else { return };
    if body.contains("Fault") && !body.contains("Response") {
        return;
    }
    assert_valid_against(&Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/hoso/hoso.xsd"), &body);
}

/// Panics unless `document` is valid against `schema`; says aloud that it skips without `xmllint`.
pub fn assert_valid_against(schema: &Path, document: &str) {
    if !*IS_PRESENT {
        return;
    }
    let mut child = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema"])
        .arg(schema)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("xmllint starts");
    child.stdin.take().expect("stdin is piped").write_all(document.as_bytes()).expect("xmllint reads");
    let output = child.wait_with_output().expect("xmllint ends");
    assert!(output.status.success(), "{}\n{document}", String::from_utf8_lossy(&output.stderr));
}

/// The first element inside Body as a document of its own; namespaces are those it declares itself.
pub fn body_element(envelope: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(envelope).ok()?;
    let mut reader = Reader::from_str(text);
    let mut is_inside = false;
    let mut start = 0;
    let mut depth = 0;
    loop {
        let before = usize::try_from(reader.buffer_position()).ok()?;
        match reader.read_event().ok()? {
            Event::Start(tag) if !is_inside => is_inside = tag.local_name().as_ref() == "Body",
            Event::Start(_) => {
                if depth == 0 {
                    start = before;
                }
                depth += 1;
            }
            Event::Empty(_) if is_inside && depth == 0 => {
                let end = usize::try_from(reader.buffer_position()).ok()?;
                return Some(text[before..end].to_owned());
            }
            Event::End(_) if is_inside => {
                if depth == 0 {
                    return None;
                }
                depth -= 1;
                if depth == 0 {
                    let end = usize::try_from(reader.buffer_position()).ok()?;
                    return Some(text[start..end].to_owned());
                }
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

static IS_PRESENT: LazyLock<bool> = LazyLock::new(|| {
    let is_present = Command::new("xmllint").arg("--version").output().is_ok();
    if !is_present {
        eprintln!("SKIP xmllint is not installed: answers are not validated against the XSD");
    }
    is_present
});
