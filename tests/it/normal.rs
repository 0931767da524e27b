//! Answers as text that can be compared: one element a line, what changes from run to run masked.

use quick_xml::Reader;
use quick_xml::events::Event;
use regex::Regex;

use crate::client::Answer;

/// Status line, media type, and the document indented; text in place of what is not XML.
pub fn answer(answer: &Answer) -> String {
    let mut text = format!("HTTP {}\n{}\n", answer.status, answer.content_type);
    match document(&answer.body) {
        Ok(document) => text.push_str(&document),
        Err(_) => text.push_str(&answer.text()),
    }
    masked(text.trim_end()) + "\n"
}

/// The document, one element a line.
pub fn document(bytes: &[u8]) -> Result<String, String> {
    let written = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let mut reader = Reader::from_str(written);
    let mut text = String::new();
    let mut depth = 0;
    let mut is_inline = false;
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        match event {
            Event::Start(start) => {
                line(&mut text, depth, &format!("<{}>", &*start));
                depth += 1;
                is_inline = true;
            }
            Event::Empty(start) => {
                line(&mut text, depth, &format!("<{}/>", &*start));
                is_inline = false;
            }
            Event::End(end) => {
                depth -= 1;
                let tag = format!("</{}>", &*end);
                if is_inline {
                    text.push_str(&tag);
                } else {
                    line(&mut text, depth, &tag);
                }
                is_inline = false;
            }
            Event::Text(piece) => text.push_str(piece.trim_matches(['\n', '\r'])),
            Event::CData(piece) => text.push_str(&piece),
            Event::GeneralRef(reference) => text.push_str(&format!("&{};", &*reference)),
            Event::Eof if depth == 0 && !text.is_empty() => return Ok(text.trim_start().to_owned()),
            Event::Eof => return Err("no document".to_owned()),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

/// Moments, days, dossier codes and ids as placeholders.
fn masked(text: &str) -> String {
    MASKS.iter().fold(text.to_owned(), |text, (pattern, place)| {
        Regex::new(pattern).expect("masks are valid").replace_all(&text, *place).into_owned()
    })
}

fn line(text: &mut String, depth: usize, tag: &str) {
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
    text.push_str(tag);
}

const MASKS: [(&str, &str); 7] = [
    (r"IT-[0-9a-f]{32}", "«code»"),
    (r"(<[^<>]*Trace>)[^<]*<", "${1}«trace»<"),
    (r"000\.00\.00\.[GH]\d\d-\d{6}-\d{4,7}", "«dossier»"),
    (r"\b20\d{12}\b", "«moment»"),
    (r"\b20\d\d-\d\d-\d\d\b", "«day»"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "«uuid»"),
    (r"127\.0\.0\.1:\d+", "«address»"),
];
