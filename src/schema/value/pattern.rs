//! XSD regular expressions (part 2 appendix F), translated for `regex-automata`, which matches in linear time.
//!
//! What differs: an XSD expression is anchored at both ends; `^` and `$` are ordinary characters; `\i \c` stand for
//! name characters, `\p{IsLatin-1Supplement}` for a block; classes are subtracted by `[a-z-[aeiou]]`; there are no
//! lazy quantifiers, back references or look-around.
//!
//! A pattern becomes a table of states where that stays small, as codes and dates do: one look-up a byte. Others are
//! left to the library's own choice of engines.

use std::fmt::Write;

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::{start, syntax};
use regex_automata::{Anchored, Input, meta};

use super::names::{initial_class, part_class};

/// The patterns of one derivation step: a value matches if one of them does.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// As written in the schema; alternatives joined by `|`.
    written: Box<str>,
    matcher: Matcher,
}

#[derive(Debug, Clone)]
enum Matcher {
    Table(Box<Table>),
    Engines(Box<meta::Regex>),
}

impl Pattern {
    /// Compiles the alternatives of one derivation step; the error says what is wrong, for the operator.
    pub fn compile(alternatives: &[&str]) -> Result<Self, String> {
        let mut translated = Vec::new();
        for alternative in alternatives {
            translated.push(format!("(?:{})", translate(alternative)?));
        }
        let translated = format!(r"(?:{})\z", translated.join("|"));
        let matcher = match Table::build(&translated) {
            Some(table) => Matcher::Table(Box::new(table)),
            None => Matcher::Engines(Box::new(engines(&translated)?)),
        };
        Ok(Self { written: alternatives.join("|").into(), matcher })
    }

    /// Whether the whole value matches.
    pub fn matches(&self, value: &str) -> bool {
        match &self.matcher {
            Matcher::Table(table) => table.matches(value),
            Matcher::Engines(engines) => engines.is_match(Input::new(value).anchored(Anchored::Yes)),
        }
    }

    /// The pattern as the schema has it, for messages.
    pub fn written(&self) -> &str {
        &self.written
    }
}

/// A pattern as a table of states.
#[derive(Debug, Clone)]
struct Table {
    states: dense::DFA<Vec<u32>>,
    start: StateID,
}

impl Table {
    /// `None` where the table would be large, or the pattern is none.
    fn build(translated: &str) -> Option<Self> {
        let bounds = dense::Config::new()
            .start_kind(StartKind::Anchored)
            .dfa_size_limit(Some(TABLE_BYTES_MAX))
            .determinize_size_limit(Some(TABLE_BYTES_MAX));
        let nfa = thompson::Config::new().nfa_size_limit(Some(TABLE_BYTES_MAX));
        let syntax = syntax::Config::new().nest_limit(NESTING_MAX);
        let states = dense::Builder::new().configure(bounds).thompson(nfa).syntax(syntax).build(translated).ok()?;
        let start = states.start_state(&start::Config::new().anchored(Anchored::Yes)).ok()?;
        Some(Self { states, start })
    }

    /// The library's own search looks at each state for reasons to stop; values are short, so none is worth the look.
    #[inline]
    fn matches(&self, value: &str) -> bool {
        let step = |state, &byte: &u8| self.states.next_state(state, byte);
        let last = value.as_bytes().iter().fold(self.start, step);
        self.states.is_match_state(self.states.next_eoi_state(last))
    }
}

fn engines(translated: &str) -> Result<meta::Regex, String> {
    let bounds = meta::Config::new().nfa_size_limit(Some(COMPILED_BYTES_MAX)).hybrid_cache_capacity(COMPILED_BYTES_MAX);
    let syntax = syntax::Config::new().nest_limit(NESTING_MAX);
    meta::Builder::new().configure(bounds).syntax(syntax).build(translated).map_err(|error| {
        match (error.size_limit(), error.syntax_error()) {
            (Some(_), _) => "the pattern is too large when its repetitions are expanded".into(),
            (_, Some(error)) => {
                format!("not a pattern: {}", error.to_string().lines().last().unwrap_or_default().trim())
            }
            (None, None) => format!("not a pattern: {error}"),
        }
    })
}

fn translate(pattern: &str) -> Result<String, String> {
    let mut state = Translator { rest: pattern, out: String::new(), depth: 0 };
    state.expression()?;
    match state.rest.chars().next() {
        None => Ok(state.out),
        Some(stray) => Err(format!("'{stray}' stands where the pattern cannot have it")),
    }
}

struct Translator<'p> {
    rest: &'p str,
    out: String,
    depth: u32,
}

impl Translator<'_> {
    /// `regExp ::= branch ('|' branch)*`
    fn expression(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err("groups are nested too deeply".into());
        }
        loop {
            while let Some(next) = self.peek().filter(|&next| next != '|' && next != ')') {
                self.atom(next)?;
                self.quantifier()?;
            }
            if self.peek() != Some('|') {
                break;
            }
            self.next();
            self.out.push('|');
        }
        self.depth -= 1;
        Ok(())
    }

    fn atom(&mut self, next: char) -> Result<(), String> {
        match next {
            '(' => {
                self.next();
                self.out.push_str("(?:");
                self.expression()?;
                if self.next() != Some(')') {
                    return Err("a group is not closed".into());
                }
                self.out.push(')');
            }
            '[' => {
                let class = self.class()?;
                self.out.push_str(&class);
            }
            '.' => {
                self.next();
                self.out.push_str(r"[^\n\r]");
            }
            '\\' => {
                let escape = self.escape()?;
                self.out.push_str(&escape.outside_class());
            }
            '?' | '*' | '+' | '{' | '}' | ']' => return Err(format!("'{next}' has nothing to repeat or close")),
            _ => {
                self.next();
                push_literal(&mut self.out, next);
            }
        }
        Ok(())
    }

    fn quantifier(&mut self) -> Result<(), String> {
        match self.peek() {
            Some(simple @ ('?' | '*' | '+')) => {
                self.next();
                self.out.push(simple);
            }
            Some('{') => {
                let Some((counts, rest)) = self.rest[1..].split_once('}') else {
                    return Err("'{' is not closed".into());
                };
                let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let good = match counts.split_once(',') {
                    Some((min, max)) => number(min) && (max.is_empty() || number(max)),
                    None => number(counts),
                };
                if !good {
                    return Err(format!("{{{counts}}} is not a number of repetitions"));
                }
                write!(self.out, "{{{counts}}}").expect("a string");
                self.rest = rest;
            }
            _ => return Ok(()),
        }
        // A second quantifier would make the first lazy, which XSD does not have.
        match self.peek() {
            Some(twice @ ('?' | '*' | '+' | '{')) => Err(format!("'{twice}' repeats a repetition")),
            _ => Ok(()),
        }
    }

    /// `'[' '^'? (range | escape | char)+ ('-' class)? ']'`
    fn class(&mut self) -> Result<String, String> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err("classes are nested too deeply".into());
        }
        self.next();
        let mut out = String::from("[");
        if self.peek() == Some('^') {
            self.next();
            out.push('^');
        }
        let mut empty = true;
        loop {
            match self.peek() {
                None => return Err("a class is not closed".into()),
                Some(']') if !empty => {
                    self.next();
                    break;
                }
                Some('-') if !empty && self.rest.starts_with("-[") => {
                    self.next();
                    let subtracted = self.class()?;
                    if self.next() != Some(']') {
                        return Err("a class goes on after its subtraction".into());
                    }
                    // The positive or negated set first, then what is taken away.
                    out = format!("[{out}]--{subtracted}");
                    break;
                }
                Some(_) => self.class_item(&mut out)?,
            }
            empty = false;
        }
        out.push(']');
        self.depth -= 1;
        Ok(out)
    }

    fn class_item(&mut self, out: &mut String) -> Result<(), String> {
        let Some(first) = self.class_char()? else {
            return Err("a class is not closed".into());
        };
        let ClassChar::One(low) = first else {
            out.push_str(&first.inside_class());
            return Ok(());
        };
        // A hyphen makes a range unless the class ends, or a subtraction begins, behind it.
        let range = self.rest.starts_with('-') && !self.rest.starts_with("-]") && !self.rest.starts_with("-[");
        if !range {
            push_literal(out, low);
            return Ok(());
        }
        self.next();
        match self.class_char()? {
            Some(ClassChar::One(high)) if low <= high => {
                push_literal(out, low);
                out.push('-');
                push_literal(out, high);
                Ok(())
            }
            Some(ClassChar::One(high)) => Err(format!("the range {low}-{high} is backwards")),
            _ => Err("a range must end in a character".into()),
        }
    }

    fn class_char(&mut self) -> Result<Option<ClassChar>, String> {
        match self.peek() {
            Some('\\') => self.escape().map(Some),
            Some('[') => Err("'[' in a class must be escaped".into()),
            Some(_) => Ok(self.next().map(ClassChar::One)),
            None => Ok(None),
        }
    }

    /// Single character escapes, multi-character escapes and `\p{…}`.
    fn escape(&mut self) -> Result<ClassChar, String> {
        self.next();
        let letter = self.next().ok_or("a backslash ends the pattern")?;
        Ok(match letter {
            'n' => ClassChar::One('\n'),
            'r' => ClassChar::One('\r'),
            't' => ClassChar::One('\t'),
            '\\' | '|' | '.' | '?' | '*' | '+' | '(' | ')' | '{' | '}' | '-' | '[' | ']' | '^' => {
                ClassChar::One(letter)
            }
            's' => ClassChar::Set(SPACE.into(), false),
            'S' => ClassChar::Set(SPACE.into(), true),
            'i' => ClassChar::Set(initial_class(), false),
            'I' => ClassChar::Set(initial_class(), true),
            'c' => ClassChar::Set(part_class(), false),
            'C' => ClassChar::Set(part_class(), true),
            'd' => ClassChar::Set(r"\p{Nd}".into(), false),
            'D' => ClassChar::Set(r"\p{Nd}".into(), true),
            'w' => ClassChar::Set(r"\p{P}\p{Z}\p{C}".into(), true),
            'W' => ClassChar::Set(r"\p{P}\p{Z}\p{C}".into(), false),
            'p' | 'P' => ClassChar::Set(self.property()?, letter == 'P'),
            _ => return Err(format!("\\{letter} is no escape")),
        })
    }

    /// `{Lu}` or `{IsGreek}` behind `\p`.
    fn property(&mut self) -> Result<String, String> {
        let Some((name, rest)) = self.rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
            return Err("\\p is not followed by {…}".into());
        };
        self.rest = rest;
        if let Some(block) = name.strip_prefix("Is") {
            let known = BLOCKS.iter().find(|(known, _, _)| *known == block);
            let (_, low, high) = known.ok_or_else(|| format!("the block {name} is not supported"))?;
            return Ok(format!(r"\x{{{low:X}}}-\x{{{high:X}}}"));
        }
        if CATEGORIES.contains(&name) { Ok(format!(r"\p{{{name}}}")) } else { Err(format!("{name} is no category")) }
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }
}

/// What one place of a class, or one escape, stands for.
enum ClassChar {
    One(char),
    /// The inside of a class, and whether it is negated.
    Set(String, bool),
}

impl ClassChar {
    fn outside_class(&self) -> String {
        match self {
            Self::One(c) => {
                let mut out = String::new();
                push_literal(&mut out, *c);
                out
            }
            Self::Set(..) => self.inside_class(),
        }
    }

    fn inside_class(&self) -> String {
        match self {
            Self::One(_) => self.outside_class(),
            Self::Set(set, false) => format!("[{set}]"),
            Self::Set(set, true) => format!("[^{set}]"),
        }
    }
}

fn push_literal(out: &mut String, c: char) {
    // `\<` and `\>` are no characters to the library: they ask for the edge of a word.
    if c.is_ascii_punctuation() && !matches!(c, '<' | '>') {
        out.push('\\');
        out.push(c);
    } else if c.is_ascii_alphanumeric() || !c.is_ascii() {
        out.push(c);
    } else {
        write!(out, r"\x{{{:X}}}", c as u32).expect("a string");
    }
}

/// A compiled pattern may take this much memory: what explodes is refused at start.
const COMPILED_BYTES_MAX: usize = 4 << 20;
/// A table of states may take this much.
const TABLE_BYTES_MAX: usize = 256 << 10;
const NESTING_MAX: u32 = 100;

const SPACE: &str = r"\x20\t\n\r";
const CATEGORIES: [&str; 36] = [
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi",
    "Pf", "Po", "Z", "Zs", "Zl", "Zp", "S", "Sm", "Sc", "Sk", "So", "C", "Cc", "Cf", "Co", "Cn",
];

/// Unicode blocks that exchange schemas name (part 2 appendix F.1.1).
const BLOCKS: [(&str, u32, u32); 24] = [
    ("BasicLatin", 0x0000, 0x007F),
    ("Latin-1Supplement", 0x0080, 0x00FF),
    ("LatinExtended-A", 0x0100, 0x017F),
    ("LatinExtended-B", 0x0180, 0x024F),
    ("IPAExtensions", 0x0250, 0x02AF),
    ("SpacingModifierLetters", 0x02B0, 0x02FF),
    ("CombiningDiacriticalMarks", 0x0300, 0x036F),
    ("Greek", 0x0370, 0x03FF),
    ("Cyrillic", 0x0400, 0x04FF),
    ("Armenian", 0x0530, 0x058F),
    ("Hebrew", 0x0590, 0x05FF),
    ("Arabic", 0x0600, 0x06FF),
    ("Thai", 0x0E00, 0x0E7F),
    ("Lao", 0x0E80, 0x0EFF),
    ("Khmer", 0x1780, 0x17FF),
    ("LatinExtendedAdditional", 0x1E00, 0x1EFF),
    ("GreekExtended", 0x1F00, 0x1FFF),
    ("GeneralPunctuation", 0x2000, 0x206F),
    ("SuperscriptsandSubscripts", 0x2070, 0x209F),
    ("CurrencySymbols", 0x20A0, 0x20CF),
    ("Hiragana", 0x3040, 0x309F),
    ("Katakana", 0x30A0, 0x30FF),
    ("CJKUnifiedIdeographs", 0x4E00, 0x9FFF),
    ("HangulSyllables", 0xAC00, 0xD7A3),
];
