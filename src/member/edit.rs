//! Changes to the text of members.toml: what its author wrote stays, comments and layout with it.
//!
//! Text goes in at a place that the TOML parser names; nothing is written anew. What comes out is loaded before it is
//! used, so that a place which was guessed wrong is found.

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

/// A member that is not there yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewMember {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: Option<String>,
    /// Codes of agencies.
    pub agencies: Vec<String>,
    /// X-Road identifiers.
    pub x_road: Vec<String>,
    /// Operations; empty: all.
    pub operations: Vec<String>,
}

/// The text with one member more, at its end.
pub(super) fn with_member(text: &str, member: &NewMember, certificate_file: &str) -> String {
    let end = end_of_line(text);
    let mut new = text.trim_end().to_owned();
    if !new.is_empty() {
        new.push_str(end);
        new.push_str(end);
    }
    new.push_str("[[member]]");
    new.push_str(end);
    let NewMember { id, name, agencies, x_road, operations } = member;
    let mut line = |key: &str, value: String| new.push_str(&format!("{key:12} = {value}{end}"));
    line("id", quoted(id));
    if let Some(name) = name {
        line("name", quoted(name));
    }
    for (key, values) in [("agencies", agencies), ("x_road", x_road), ("operations", operations)] {
        if !values.is_empty() {
            line(key, format!("[{}]", values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", ")));
        }
    }
    line("certificates", format!("[{}]", entry(certificate_file)));
    new
}

/// The text with one certificate more for the member of this id; `None` where its certificates do not stand in one
/// `certificates = […]`.
pub(super) fn with_certificate(text: &str, id: &str, certificate_file: &str) -> Option<String> {
    let file: File = toml::from_str(text).ok()?;
    let certificates = file.member.into_iter().find(|member| member.id == id)?.certificates;
    let array = certificates.span();
    let written = text.get(array.clone())?;
    // The other way to write it, as tables: [[member.certificates]].
    if !written.starts_with('[') || written.starts_with("[[") {
        return None;
    }
    let entry = entry(certificate_file);
    let Some(last) = certificates.get_ref().last().map(Spanned::span) else {
        return Some(inserted(text, array.start + 1, &entry));
    };
    // A list of several lines goes on as it began: each on a line of its own.
    let is_first_of_line = |before: &str| before.trim_start().is_empty() && array.start < last.start - before.len();
    let before = &text[text[..last.start].rfind('\n').map_or(0, |at| at + 1)..last.start];
    let separator = match is_first_of_line(before) {
        true => format!(",{}{before}", end_of_line(text)),
        false => ", ".to_owned(),
    };
    Some(inserted(text, last.end, &format!("{separator}{entry}")))
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    member: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    certificates: Spanned<Vec<Spanned<IgnoredAny>>>,
}

fn inserted(text: &str, at: usize, piece: &str) -> String {
    format!("{}{piece}{}", &text[..at], &text[at..])
}

fn entry(certificate_file: &str) -> String {
    format!("{{ file = {} }}", quoted(certificate_file))
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn end_of_line(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_member_goes_to_the_end_and_the_rest_stays() {
        let text = "# who may call\n[[member]]\nid = 'a'   # the first\ncertificates = [{ file = 'a.crt' }]\n\n\n";
        let member = NewMember {
            id: "h57".into(),
            name: Some("Tỉnh \"57\"".into()),
            agencies: vec!["000.00.00.H57".into(), "H57".into()],
            ..NewMember::default()
        };
        expect![[r#"
            # who may call
            [[member]]
            id = 'a'   # the first
            certificates = [{ file = 'a.crt' }]

            [[member]]
            id           = "h57"
            name         = 'Tỉnh "57"'
            agencies     = ["000.00.00.H57", "H57"]
            certificates = [{ file = "pki/members/h57.crt" }]
        "#]]
        .assert_eq(&with_member(text, &member, "pki/members/h57.crt"));
        let least = NewMember { id: "a".into(), ..NewMember::default() };
        let text = with_member("# nobody\r\n", &least, "a.crt");
        assert_eq!(
            text,
            "# nobody\r\n\r\n[[member]]\r\nid           = \"a\"\r\ncertificates = [{ file = \"a.crt\" }]\r\n"
        );
    }

    #[test]
    fn a_certificate_goes_behind_the_member_s_last() {
        let check = |certificates: &str, expected: Option<&str>| {
            let around = |certificates: &str| {
                format!(
                    "[[member]]\nid = 'b'\ncertificates = [{{ file = 'b' }}]\n[[member]]\n{certificates} # old\nid = 'a'\n\
                     [[member.right]]\noperations = ['X']\n"
                )
            };
            let found = with_certificate(&around(certificates), "a", "n");
            assert_eq!(found, expected.map(around), "{certificates}");
        };
        check("certificates = [{ file = 'a' }]", Some("certificates = [{ file = 'a' }, { file = \"n\" }]"));
        check("certificates = []", Some("certificates = [{ file = \"n\" }]"));
        check(
            "certificates = [ # two\n  { file = 'a' }, # 2026 ]\n  { spki_sha256 = ']' }, # 2027\n]",
            Some(
                "certificates = [ # two\n  { file = 'a' }, # 2026 ]\n  { spki_sha256 = ']' },\n  { file = \"n\" }, # 2027\n]",
            ),
        );
        check(
            "certificates = [{ file = 'a' },\n  { file = 'c' }]",
            Some("certificates = [{ file = 'a' },\n  { file = 'c' },\n  { file = \"n\" }]"),
        );
        assert_eq!(with_certificate("[[member]]\nid = 'b'\ncertificates = []\n", "a", "n"), None, "no such member");
        let tables = "[[member]]\nid = 'a'\n[[member.certificates]]\nfile = 'a'\n";
        assert_eq!(with_certificate(tables, "a", "n"), None, "tables of their own");
    }
}
