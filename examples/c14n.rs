//! Random documents with our canonical form of one of their elements, a JSON object a line: for another implementation
//! to compare with its own.
//!
//! ```text
//! cargo run --release --example c14n -- --documents 10000 --seed 1 | python .ci/interop/c14n_check.py
//! ```
//! Each object has `document`, `apex` (which element, counted in document order from 0), `prefixes` (the `PrefixList`;
//! `#default` for the default namespace) and `canonical`.

use clap::Parser;
use lienthong::xml::c14n::canonicalize;
use lienthong::xml::limits::Limits;
use lienthong::xml::tape::Tape;

#[path = "../tests/generator/random.rs"]
mod random;

use random::Random;

/// Writes random documents and our exclusive canonical form of an element of each.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many documents.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    documents: u32,
    /// What they are made from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() {
    let arguments = Arguments::parse();
    let mut random = Random::new(arguments.seed);
    for _ in 0..arguments.documents {
        let mut document = String::new();
        element(&mut random, &mut Vec::new(), 0, &mut document);
        let tape = Tape::parse(&document, &Limits::default()).unwrap_or_else(|error| panic!("{error}\n{document}"));
        let elements: Vec<u32> = (0..tape.end(0)).filter(|&node| tape.is_element(node)).collect();
        let apex = random.below(elements.len());
        let prefixes: Vec<&str> = PREFIXES.into_iter().filter(|_| random.one_in(6)).collect();
        let mut canonical = Vec::new();
        // A type whose prefix hangs in the air is a verifier's to refuse; its form is the same.
        let _ = canonicalize(&tape, elements[apex], &prefixes, &mut canonical);
        let prefixes: Vec<&str> =
            prefixes.into_iter().map(|prefix| if prefix.is_empty() { "#default" } else { prefix }).collect();
        let canonical = String::from_utf8(canonical).expect("made of UTF-8");
        let line = serde_json::json!({
            "document": document, "apex": apex, "prefixes": prefixes, "canonical": canonical,
        });
        println!("{line}");
    }
}

/// Writes an element whose names are resolvable in `scope`, the prefixes declared so far.
fn element(random: &mut Random, scope: &mut Vec<&'static str>, depth: u32, out: &mut String) {
    let outer = scope.len();
    let mut declarations = String::new();
    for prefix in PREFIXES {
        if !random.one_in(5) {
            continue;
        }
        let namespace = NAMESPACES[random.below(NAMESPACES.len())];
        match prefix {
            "" => declarations += &format!(" xmlns='{}'", if random.one_in(4) { "" } else { namespace }),
            _ => {
                declarations += &format!(" xmlns:{prefix}=\"{namespace}\"");
                scope.push(prefix);
            }
        }
    }
    let name = format!("{}{}", prefix(random, scope), NAMES[random.below(NAMES.len())]);
    let mut attributes = String::new();
    // One prefix for all attributes of an element: two may be bound to one namespace, and names must differ.
    let attribute_prefix = if random.one_in(2) { String::new() } else { prefix(random, scope) };
    for local in NAMES {
        if !random.one_in(5) {
            continue;
        }
        let length = random.between(0, 4) as usize;
        let value: String = (0..length).map(|_| VALUES[random.below(VALUES.len())]).collect();
        attributes += &format!("\n {attribute_prefix}{local} = \"{value}\"");
    }
    if random.one_in(8) {
        attributes += " xml:lang='vi'";
    }
    let attributes = if random.one_in(2) { attributes + &declarations } else { declarations + &attributes };
    if random.one_in(6) {
        *out += &format!("<{name}{attributes} />");
    } else {
        *out += &format!("<{name}{attributes}>");
        for _ in 0..random.below(5) {
            match random.below(3) {
                0 if depth < 6 => element(random, scope, depth + 1, out),
                1 => *out += MARKUP[random.below(MARKUP.len())],
                _ => *out += TEXTS[random.below(TEXTS.len())],
            }
        }
        *out += &format!("</{name}\n>");
    }
    scope.truncate(outer);
}

/// `p:` of a prefix in scope, or nothing.
fn prefix(random: &mut Random, scope: &[&str]) -> String {
    match random.pick(scope) {
        Some(prefix) if !random.one_in(3) => format!("{prefix}:"),
        _ => String::new(),
    }
}

const PREFIXES: [&str; 6] = ["", "a", "b", "n1", "n0", "ă"];
/// Absolute URIs, as canonical form demands, and without `&`, which libxml2 writes unescaped.
const NAMESPACES: [&str; 6] = ["urn:a", "urn:b", "http://example.org/ns", "urn:A", "urn:%C4%91", "URN:a"];
const NAMES: [&str; 7] = ["x", "y", "z", "Hồ", "X", "type", "a.b-c"];
const VALUES: [&str; 14] =
    ["1", "ệ", "&lt;", "&amp;", "&#9;", "&#xA;", "&#13;", "\t", "\n", "'", ">", "&quot;", "😀", "&#x1F600;"];
const TEXTS: [&str; 12] =
    ["t", " ", "\n", "\t", "\r\n", "&#13;", "&lt;b&gt;", "&amp;", "\"'", "a>b", "Việt Nam", "&#x110;"];
const MARKUP: [&str; 5] = ["<!-- c -->", "<![CDATA[<&>]]>", "<![CDATA[\r\n]]>", "<![CDATA[]]>", "<!---->"];
