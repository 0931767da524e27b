//! Keys of members.toml that mean nothing: each a slip that would be taken for a default.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::{Place, Problems, nearest};

/// Says every one of them with its line. Errors of the syntax are said, too; `false` then: nothing can be read.
pub(super) fn check(path: &Path, text: &str, problems: &mut Problems) -> bool {
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let place = error.span().map_or(Place::file(path), |span| Place::at(path, text, span.start));
        problems.error(place, error.message(), "correct the file");
    }
    if !errors.is_empty() {
        return false;
    }
    let mut keys = Keys { path, text, problems };
    keys.only(root.get_ref(), &["member"]);
    for member in tables(root.get_ref(), "member") {
        keys.only(member, &MEMBER);
        for right in tables(member, "right") {
            keys.only(right, &["partners", "operations", "agencies", "procedures"]);
        }
        for certificates in ["certificates", "signing_certificates"] {
            for certificate in tables(member, certificates) {
                keys.only(certificate, &["file", "spki_sha256", "issuer", "subject"]);
            }
        }
    }
    true
}

struct Keys<'k> {
    path: &'k Path,
    text: &'k str,
    problems: &'k mut Problems,
}

impl Keys<'_> {
    fn only(&mut self, table: &DeTable<'_>, known: &[&str]) {
        for (key, _) in table.iter().filter(|(key, _)| !known.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref();
            let remedy = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("known here: {}", known.join(", ")),
            };
            self.problems.error(
                Place::at(self.path, self.text, key.span().start),
                format!("unknown key {name}"),
                remedy,
            );
        }
    }
}

/// The tables of a list; none where it is none, which its reader says.
fn tables<'t>(table: &'t DeTable<'t>, name: &str) -> impl Iterator<Item = &'t DeTable<'t>> {
    let found = table.iter().find(|(key, _)| key.get_ref() == name).and_then(|(_, value)| value.get_ref().as_array());
    found.into_iter().flat_map(|list| list.iter()).filter_map(|item: &Spanned<DeValue<'_>>| item.get_ref().as_table())
}

const MEMBER: [&str; 15] = [
    "id",
    "name",
    "agencies",
    "x_road",
    "certificates",
    "signing_certificates",
    "signature",
    "sign_answers",
    "partners",
    "operations",
    "right",
    "speaks_for",
    "requests_per_second",
    "concurrency",
    "message_bytes_max",
];
