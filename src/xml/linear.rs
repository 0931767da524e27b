//! What a hostile shape costs is linear in its length: eight times the input takes at most sixteen times the time.
//!
//! What is measured is the thread's own time on a processor, the least of several tries: others on the machine do not
//! count. A quadratic reader would need 64 times the time. The limits are lifted as far as the shape needs, so that what
//! is measured is the reader and not its refusal.

use std::time::{Duration, Instant};

use super::encoding::to_utf8;
use super::limits::Limits;
use super::tape::Tape;

/// How long reading takes at best; whether it is refused is the same for every length.
fn best(text: &str, limits: &Limits) -> Duration {
    let started = Instant::now();
    let read = || {
        let before = spent(started);
        let text = to_utf8(std::hint::black_box(text.as_bytes()), None).expect("UTF-8");
        let _ = std::hint::black_box(Tape::parse(&text, limits));
        spent(started) - before
    };
    (0..TRIES).map(|_| read()).min().expect("at least one try")
}

/// Time of this thread on a processor; where the system does not say, time since `started`.
fn spent(started: Instant) -> Duration {
    // Linux brings the figure up to date when a thread gives way.
    std::thread::yield_now();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|told| told.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| started.elapsed(), Duration::from_nanos)
}

#[track_caller]
fn check(name: &str, shape: impl Fn(usize) -> String) {
    let (small, large) = (shape(PIECES), shape(8 * PIECES));
    assert!(large.len() < 9 * small.len(), "{name}: the shape itself is not linear");
    let (one, eight) = (best(&small, &LIFTED), best(&large, &LIFTED));
    assert!(eight <= 16 * one.max(FLOOR), "{name}: {one:?} became {eight:?}");
}

/// Pieces that a document is full of.
fn inside(piece: impl Fn(usize) -> String) -> impl Fn(usize) -> String {
    move |count| format!("<a>{}</a>", (0..count).map(&piece).collect::<String>())
}

#[test]
fn elements_text_and_references() {
    check("elements", inside(|_| "<b/>".into()));
    check("names of their own", inside(|n| format!("<b{n:06}/>")));
    check("long names", inside(|_| format!("<{0}></{0}>", "n".repeat(200))));
    check("names that hash alike", inside(|n| format!("<{}/>", alike(n))));
    check("text", inside(|_| "some text ".into()));
    check("line ends", inside(|_| "\r\n\r".into()));
    check("brackets", inside(|_| "]]]] ".into()));
    check("references", inside(|_| "&amp;&#x41;".into()));
    check("long references", inside(|_| format!("&#x{}41;", "0".repeat(50))));
    check("CDATA", inside(|_| "<![CDATA[]]]]>".into()));
    check("comments", inside(|_| "<!-- - -->".into()));
    check("one comment", |count| format!("<!--{}--><a/>", "- ".repeat(count)));
    check("one CDATA section", |count| format!("<a><![CDATA[{}]]></a>", "]] ".repeat(count)));
}

#[test]
fn attributes_and_declarations() {
    let attributes = |count| (0..count).map(|n| format!(" a{n}='&lt;'")).collect::<String>();
    let full = attributes(64);
    check("full tags", inside(move |_| format!("<b{full}/>")));
    check("declarations", inside(|_| "<p:b xmlns:p='urn:p'/>".into()));
    let prefixes: String = (0..62).map(|n| format!(" xmlns:p{n}='urn:{n}'")).collect();
    check("prefixes in scope", move |count| format!("<a{prefixes}>{}</a>", "<p0:b p1:c='' p2:c=''/>".repeat(count)));
    check("one value", |count| format!("<a b='{}'/>", "&lt;\t".repeat(count)));
    check("quotes", inside(|_| "<b c='>\">'/>".into()));
}

#[test]
fn depth_and_what_is_not_closed() {
    check("depth", |count| format!("{}{}", "<a>".repeat(count), "</a>".repeat(count)));
    check("depth with declarations", |count| {
        format!("{}{}", "<a xmlns='urn:a'><b xmlns=''>".repeat(31), "</b></a>".repeat(31)).replacen(
            "</b>",
            &format!("{}</b>", "<c/>".repeat(count)),
            1,
        )
    });
    check("no end", |count| "<a>".repeat(count));
    check("no end of a comment", |count| format!("<a>{}", "<!-- ".repeat(count)));
    check("no end of a section", |count| format!("<a>{}", "<![CDATA[".repeat(count)));
    check("no end of a value", |count| format!("<a b='{}", "a=\"".repeat(count)));
    check("no end of a reference", |count| format!("<a>&{}", "a".repeat(count)));
    check("no end of a tag", |count| format!("<a {}", "b ".repeat(count)));
}

/// Names of which many hash functions think the same: made of `Aa` and `BB`.
fn alike(n: usize) -> String {
    (0..16).map(|bit| if n >> bit & 1 == 0 { "Aa" } else { "BB" }).collect()
}

const PIECES: usize = 500;
const TRIES: usize = 5;
/// Less than this is the cost of starting, and of being interrupted.
const FLOOR: Duration = Duration::from_micros(50);
const LIFTED: Limits = Limits {
    document_bytes_max: 1 << 30,
    depth_max: 1 << 20,
    elements_max: 1 << 30,
    name_bytes_max: 256,
    attributes_max: 64,
    namespaces_max: 64,
    attribute_bytes_max: 1 << 30,
    processing_instructions: super::limits::ProcessingInstructions::Refuse,
};
