//! Strings that an XSD regular expression (part 2 appendix F) matches: a random walk over the expression as written.
//!
//! Classes are sampled by trial: a class is a predicate, and characters are tried from those it names and a fixed set.
//! What is sampled is only likely to match; the caller asks the type.

use super::random::Random;

/// A string that probably matches.
pub fn sample(written: &str, random: &mut Random) -> String {
    let letters: Vec<char> = written.chars().collect();
    let mut reader = Reader { letters, at: 0 };
    let expression = reader.expression();
    let mut out = String::new();
    expression.sample(random, &mut out);
    out
}

enum Expression {
    /// One of these branches.
    Choice(Vec<Vec<(Expression, u32, Option<u32>)>>),
    Class(Class),
}

#[derive(Default)]
struct Class {
    negated: bool,
    ranges: Vec<(char, char)>,
    /// Escapes: letter (`d`, `i`, `p`…), name of a property.
    sets: Vec<(char, String)>,
    subtracted: Option<Box<Class>>,
}

impl Expression {
    fn sample(&self, random: &mut Random, out: &mut String) {
        match self {
            Self::Choice(branches) => {
                for (atom, min, max) in random.pick(branches).into_iter().flatten() {
                    let most = max.unwrap_or(min + 4).min(min + 4);
                    let times = match random.below(4) {
                        0 => *min,
                        1 => max.unwrap_or(min + 6).min(60),
                        _ => random.between(*min, most.max(*min)),
                    };
                    (0..times.min(300)).for_each(|_| atom.sample(random, out));
                }
            }
            Self::Class(class) => out.extend(class.sample(random)),
        }
    }
}

impl Class {
    fn sample(&self, random: &mut Random) -> Option<char> {
        for _ in 0..200 {
            let candidate = match random.pick(&self.ranges) {
                Some(&(low, high)) if !self.negated && !random.one_in(self.ranges.len() + self.sets.len() * 2 + 1) => {
                    let width = high as u32 - low as u32;
                    char::from_u32(low as u32 + random.between(0, width))
                }
                _ => random.pick(&POOL.chars().collect::<Vec<_>>()).copied(),
            };
            if let Some(candidate) = candidate.filter(|&c| self.has(c)) {
                return Some(candidate);
            }
        }
        None
    }

    fn has(&self, c: char) -> bool {
        let named = self.ranges.iter().any(|&(low, high)| (low..=high).contains(&c))
            || self.sets.iter().any(|(letter, property)| in_set(*letter, property, c));
        named != self.negated && self.subtracted.as_ref().is_none_or(|subtracted| !subtracted.has(c))
    }
}

/// Rough: good enough for the pool.
fn in_set(letter: char, property: &str, c: char) -> bool {
    let space = matches!(c, ' ' | '\t' | '\n' | '\r');
    let initial = c.is_alphabetic() || matches!(c, '_' | ':');
    let good = match letter.to_ascii_lowercase() {
        's' => space,
        'i' => initial,
        'c' => initial || c.is_ascii_digit() || matches!(c, '-' | '.' | '·'),
        'd' => c.is_ascii_digit() || c == '٣',
        'w' => c.is_alphanumeric() || matches!(c, '+' | '<' | '=' | '>' | '$' | '^' | '|' | '~' | '`' | '€'),
        _ => match property {
            "Lu" => c.is_uppercase(),
            "Ll" => c.is_lowercase(),
            "L" => c.is_alphabetic(),
            "IsBasicLatin" => c.is_ascii(),
            _ => c.is_alphabetic(),
        },
    };
    good != letter.is_ascii_uppercase()
}

struct Reader {
    letters: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += 1;
        next
    }

    fn expression(&mut self) -> Expression {
        let mut branches = vec![Vec::new()];
        while let Some(next) = self.peek().filter(|&next| next != ')') {
            if next == '|' {
                self.next();
                branches.push(Vec::new());
                continue;
            }
            let atom = match self.next() {
                Some('(') => {
                    let inner = self.expression();
                    self.next();
                    inner
                }
                Some('[') => Expression::Class(self.class()),
                Some('.') => Expression::Class(Class {
                    negated: true,
                    ranges: vec![('\n', '\n'), ('\r', '\r')],
                    ..Class::default()
                }),
                Some('\\') => {
                    let mut class = Class::default();
                    self.escape(&mut class);
                    Expression::Class(class)
                }
                other => {
                    let c = other.unwrap_or(' ');
                    Expression::Class(Class { ranges: vec![(c, c)], ..Class::default() })
                }
            };
            let (min, max) = self.quantifier();
            branches.last_mut().expect("one at least").push((atom, min, max));
        }
        Expression::Choice(branches)
    }

    fn quantifier(&mut self) -> (u32, Option<u32>) {
        let counts = match self.peek() {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => {
                let mut inside = String::new();
                while self.peek().is_some_and(|c| c != '}') {
                    inside.extend(self.next());
                }
                let inside = inside.trim_start_matches('{');
                let (min, max) = inside.split_once(',').unwrap_or((inside, inside));
                (min.parse().unwrap_or(0), max.parse().ok())
            }
            _ => return (1, Some(1)),
        };
        self.next();
        counts
    }

    fn class(&mut self) -> Class {
        let mut class = Class::default();
        if self.peek() == Some('^') {
            self.next();
            class.negated = true;
        }
        while let Some(next) = self.next() {
            match next {
                ']' => break,
                '-' if self.peek() == Some('[') => {
                    self.next();
                    class.subtracted = Some(Box::new(self.class()));
                }
                '\\' => self.escape(&mut class),
                low => {
                    let is_range =
                        self.peek() == Some('-') && !matches!(self.letters.get(self.at + 1), None | Some(']' | '['));
                    let mut high = low;
                    if is_range {
                        self.next();
                        high = self.next().filter(|&c| c != '\\').or_else(|| self.next()).unwrap_or(low);
                    }
                    class.ranges.push((low, high));
                }
            }
        }
        class
    }

    fn escape(&mut self, class: &mut Class) {
        match self.next() {
            Some('n') => class.ranges.push(('\n', '\n')),
            Some('r') => class.ranges.push(('\r', '\r')),
            Some('t') => class.ranges.push(('\t', '\t')),
            Some(letter @ ('p' | 'P')) => {
                self.next();
                let mut property = String::new();
                while let Some(c) = self.next().filter(|&c| c != '}') {
                    property.push(c);
                }
                class.sets.push((letter, property));
            }
            Some(letter) if letter.is_alphabetic() => class.sets.push((letter, String::new())),
            Some(c) => class.ranges.push((c, c)),
            None => {}
        }
    }
}

/// What open classes are sampled from: kinds of characters that rules tell apart.
const POOL: &str = "aezAEZmM019_-.:,;!?@#$%^&*()[]{}|\\/+=<>~`'\" \t\nđĐếẮÁßñωЖ٣५·€№©中あ\u{A0}\u{301}";
