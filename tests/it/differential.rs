//! Our verdict on generated messages beside libxml2's: a short run of `examples/differential.rs`.

use std::path::Path;

use crate::judge;

#[test]
fn a_message_is_accepted_exactly_when_xmllint_accepts_it() {
    if !judge::is_present() {
        eprintln!("SKIP xmllint is not installed: verdicts on generated messages are not compared");
        return;
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = judge::roots(&[here.join("schemas"), here.join("tests/fragments")]);
    assert!(files.len() > 20, "fragments are found");
    let mut wrong = Vec::new();
    for file in &files {
        let (count, found) = judge::compare(file, MESSAGES.div_ceil(files.len()), 1).expect("a schema for both");
        assert!(count.accepted > 0 && count.accepted < count.messages, "one-sided messages: {}", file.display());
        wrong.extend(found.into_iter().filter(|one| one.known.is_none()).map(|one| one.to_string()));
    }
    assert!(wrong.is_empty(), "{} disagreements:\n{}", wrong.len(), wrong.join("\n"));
}

const MESSAGES: usize = 2000;
