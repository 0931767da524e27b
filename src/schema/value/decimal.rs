//! Decimals of any length: lexical form, order and digits (XML Schema part 2 §3.2.3).

use std::cmp::Ordering;

/// A decimal number as its significant digits; equal values are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal<'v> {
    negative: bool,
    /// Digits before the point without leading zeros.
    whole: &'v str,
    /// Digits after the point without trailing zeros.
    fraction: &'v str,
}

impl<'v> Decimal<'v> {
    /// Reads `[+-]? (digits (. digits?)? | . digits)`; `None` for anything else.
    pub fn parse(lexical: &'v str) -> Option<Self> {
        let (negative, unsigned) = match lexical.as_bytes().first()? {
            b'-' => (true, &lexical[1..]),
            b'+' => (false, &lexical[1..]),
            _ => (false, lexical),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !digits(whole) || !digits(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let zero = whole.is_empty() && fraction.is_empty();
        Some(Self { negative: negative && !zero, whole, fraction })
    }

    /// Significant digits: what `totalDigits` bounds. A leading zero before the point does not count.
    pub fn digits(&self) -> usize {
        if self.whole.is_empty() {
            // 0.05 is 5 × 10⁻²: value space digits, but never fewer than the fraction needs.
            return self.fraction.len().max(1);
        }
        self.whole.len() + self.fraction.len()
    }

    /// Digits after the point: what `fractionDigits` bounds.
    pub fn fraction_digits(&self) -> usize {
        self.fraction.len()
    }

    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        self.whole
            .len()
            .cmp(&other.whole.len())
            .then_with(|| self.whole.cmp(other.whole))
            .then_with(|| self.fraction.cmp(other.fraction))
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.cmp_magnitude(other),
            (true, true) => other.cmp_magnitude(self),
        }
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
