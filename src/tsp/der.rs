//! DER (X.690 §10, §11): values read one after the other, and written.
//!
//! Strict: one form for each length, no indefinite one, tags of one byte. So nothing has two spellings, and what is
//! compared as bytes is compared as values. No recursion: whoever reads knows what is inside.

use super::Error;

/// The values inside a constructed one, of which those before were read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    /// What it is, for errors.
    what: &'static str,
}

/// One value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) tag: u8,
    pub(super) contents: &'a [u8],
    /// With tag and length.
    pub(super) raw: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn of(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    /// Whether all was read.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// That all was read.
    pub(super) fn end(self) -> Result<(), Error> {
        if self.is_empty() { Ok(()) } else { Err(self.malformed()) }
    }

    /// The error of what does not fit here.
    pub(super) fn malformed(&self) -> Error {
        Error::Malformed(self.what)
    }

    /// The next value, whatever it is.
    pub(super) fn any(&mut self) -> Result<Value<'a>, Error> {
        let (value, rest) = split(self.rest).ok_or_else(|| self.malformed())?;
        self.rest = rest;
        Ok(value)
    }

    /// Whether the next value has this tag.
    pub(super) fn is_next(&self, tag: u8) -> bool {
        self.rest.first() == Some(&tag)
    }

    /// The contents of the next value, which has this tag.
    pub(super) fn take(&mut self, tag: u8) -> Result<&'a [u8], Error> {
        self.optional(tag)?.ok_or_else(|| self.malformed())
    }

    /// The contents of the next value, where it has this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Error> {
        if self.is_next(tag) { self.any().map(|value| Some(value.contents)) } else { Ok(None) }
    }

    /// The values inside the next one, which has this tag.
    pub(super) fn enter(&mut self, tag: u8, what: &'static str) -> Result<Self, Error> {
        Ok(Self::of(self.take(tag)?, what))
    }

    /// The contents of the next value, an INTEGER in its shortest form (X.690 §8.3.2).
    pub(super) fn integer(&mut self) -> Result<&'a [u8], Error> {
        let bytes = self.take(INTEGER)?;
        let is_short = match bytes {
            [] => false,
            [0, next, ..] => *next >= 0x80,
            [0xff, next, ..] => *next < 0x80,
            _ => true,
        };
        if is_short { Ok(bytes) } else { Err(self.malformed()) }
    }
}

fn split(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let (&[tag, first], rest) = bytes.split_first_chunk()?;
    // A tag in several bytes: nothing of ours has one.
    (tag & 0x1f != 0x1f).then_some(())?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => {
            let (&[length], rest) = rest.split_first_chunk()?;
            (length >= 0x80).then_some((usize::from(length), rest))?
        }
        0x82 => {
            let (&length, rest) = rest.split_first_chunk()?;
            let length = u16::from_be_bytes(length);
            (length >= 0x100).then_some((usize::from(length), rest))?
        }
        // Longer than a response may be; 0x80 is the indefinite form.
        _ => return None,
    };
    let (contents, after) = rest.split_at_checked(length)?;
    Some((Value { tag, contents, raw: &bytes[..bytes.len() - after.len()] }, after))
}

/// One value of these contents, fewer than 65536 bytes.
pub(super) fn written(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let length: usize = contents.iter().map(|part| part.len()).sum();
    let [high, low] = u16::try_from(length).expect("what is written is short").to_be_bytes();
    let mut der = match length {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    der.extend(contents.iter().copied().flatten());
    der
}

/// The contents of an INTEGER.
pub(super) fn integer(value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count().min(7);
    let mut contents = bytes[zeros..].to_vec();
    if contents[0] & 0x80 != 0 {
        contents.insert(0, 0);
    }
    contents
}

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OID: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0c;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// `[0]`, constructed.
pub(super) const CONTEXT_0: u8 = 0xa0;
/// `[1]`, constructed.
pub(super) const CONTEXT_1: u8 = 0xa1;
/// `[0] IMPLICIT OCTET STRING`.
pub(super) const CONTEXT_0_BYTES: u8 = 0x80;
/// `[4]`, constructed: `directoryName` of a GeneralName.
pub(super) const CONTEXT_4: u8 = 0xa4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_one_spelling() {
        let good: [&[u8]; 4] = [&[4, 0], &[4, 1, 7], &[0x30, 2, 5, 0], &[2, 2, 0, 0x80]];
        for bytes in good {
            assert_eq!(split(bytes).map(|(value, rest)| (value.raw, rest.len())), Some((bytes, 0)));
        }
        let bad: [&[u8]; 9] = [
            &[],
            &[4],
            &[4, 1],
            &[4, 0x80, 0, 0],
            &[4, 0x81, 1, 7],
            &[4, 0x81],
            &[4, 0x82, 0, 1, 7],
            &[4, 0x83, 0, 0, 1, 7],
            &[0x1f, 1, 0],
        ];
        for bytes in bad {
            assert!(split(bytes).is_none(), "{bytes:?}");
        }
        for length in [0, 0x7f, 0x80, 0xff, 0x100, 0xffff] {
            let der = written(OCTET_STRING, &[&vec![7; length]]);
            assert_eq!(split(&der).map(|(value, rest)| (value.contents.len(), rest.len())), Some((length, 0)));
        }
    }

    #[test]
    fn a_number_has_one_spelling() {
        for (value, contents) in [(0, &[0][..]), (0x7f, &[0x7f]), (0x80, &[0, 0x80]), (0x100, &[1, 0])] {
            assert_eq!(integer(value), contents);
        }
        assert_eq!(integer(u64::MAX).len(), 9);
        for bad in [&[2, 0][..], &[2, 2, 0, 1], &[2, 2, 0xff, 0x80]] {
            assert_eq!(Reader::of(bad, "it").integer(), Err(Error::Malformed("it")));
        }
    }
}
