//! What an authority signs: a `TSTInfo` (RFC 3161 §2.4.2).

use jiff::civil::{Date, Time};
use x509_parser::der_parser::asn1_rs::Oid;

use super::der::{
    BOOLEAN, CONTEXT_0, CONTEXT_1, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, integer,
};
use super::{Error, algorithm};
use crate::clock::UnixMillis;
use crate::crypto::signature::Hash;
use crate::crypto::{Digest, hex};

/// A `TSTInfo`, as it says, whoever signed it.
pub(super) struct Info<'a> {
    pub(super) policy: String,
    pub(super) serial: String,
    pub(super) time: UnixMillis,
    imprint: (Hash, &'a [u8]),
    /// The contents of its INTEGER.
    nonce: Option<&'a [u8]>,
}

impl<'a> Info<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Self, Error> {
        let mut outside = Reader::of(der, WHAT);
        let mut parts = outside.enter(SEQUENCE, WHAT)?;
        outside.end()?;
        if parts.integer()? != [1] {
            return Err(Error::Unsupported("version 1 of TSTInfo"));
        }
        let policy = policy(parts.take(OID)?).ok_or_else(|| parts.malformed())?;
        let mut imprint = parts.enter(SEQUENCE, "the messageImprint")?;
        let hashed = (algorithm::digest(&mut imprint)?, imprint.take(OCTET_STRING)?);
        imprint.end()?;
        let serial = serial(parts.integer()?).ok_or_else(|| parts.malformed())?;
        let time = time(parts.take(GENERALIZED_TIME)?).ok_or(Error::Malformed("the genTime"))?;
        _ = parts.optional(SEQUENCE)?;
        // FALSE is the default, which DER leaves out; who writes it all the same means nothing else by it.
        _ = parts.optional(BOOLEAN)?;
        let nonce = parts.optional(INTEGER)?;
        _ = parts.optional(CONTEXT_0)?;
        if let Some(extensions) = parts.optional(CONTEXT_1)? {
            no_critical(Reader::of(extensions, "the extensions"))?;
        }
        parts.end()?;
        Ok(Self { policy, serial, time, imprint: hashed, nonce })
    }

    /// Whether it is of this digest and, where a nonce is asked for, of this request.
    pub(super) fn check(&self, digest: Digest, nonce: Option<u64>) -> Result<(), Error> {
        if self.imprint != (Hash::Sha256, &digest.0) {
            return Err(Error::Imprint);
        }
        match nonce {
            Some(nonce) if self.nonce != Some(&integer(nonce)) => Err(Error::Nonce),
            _ => Ok(()),
        }
    }
}

/// RFC 5280 §4.2: who does not know a critical extension refuses. We know none.
fn no_critical(mut extensions: Reader<'_>) -> Result<(), Error> {
    while !extensions.is_empty() {
        let mut extension = extensions.enter(SEQUENCE, "an extension")?;
        extension.take(OID)?;
        if extension.optional(BOOLEAN)?.is_some_and(|critical| critical != [0]) {
            return Err(Error::Unsupported("a TSTInfo without critical extensions"));
        }
        extension.take(OCTET_STRING)?;
        extension.end()?;
    }
    Ok(())
}

/// An OBJECT IDENTIFIER as a text (X.690 §8.19).
fn policy(contents: &[u8]) -> Option<String> {
    let is_whole = contents.last().is_some_and(|last| *last < 0x80) && contents.len() <= POLICY_BYTES_MAX;
    is_whole.then(|| Oid::new(contents.into()).to_id_string())
}

/// RFC 3161 §2.4.2: up to 160 bits.
fn serial(contents: &[u8]) -> Option<String> {
    let number = match contents {
        [0, rest @ ..] if !rest.is_empty() => rest,
        // Negative.
        [0x80..=0xff, ..] => return None,
        number => number,
    };
    (number.len() <= SERIAL_BYTES_MAX).then(|| hex(number))
}

/// `20240229100000.123Z` (RFC 3161 §2.4.2). A fraction may end with zeros, which DER forbids and authorities write.
fn time(contents: &[u8]) -> Option<UnixMillis> {
    let local = std::str::from_utf8(contents).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = local.split_once('.').unwrap_or((local, "0"));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_time = whole.len() == 14 && (1..=9).contains(&fraction.len()) && are_digits(whole) && are_digits(fraction);
    is_time.then_some(())?;
    let number = |from: usize, to: usize| whole[from..to].parse::<i8>().ok();
    let date = Date::new(whole[..4].parse().ok()?, number(4, 6)?, number(6, 8)?).ok()?;
    let time = Time::new(number(8, 10)?, number(10, 12)?, number(12, 14)?, 0).ok()?;
    let since = date.to_datetime(time).duration_since(jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0));
    let millis: i64 = format!("{fraction:0<3}")[..3].parse().ok()?;
    Some(UnixMillis(i64::try_from(since.as_millis()).ok()? + millis))
}

const WHAT: &str = "the TSTInfo";
const POLICY_BYTES_MAX: usize = 64;
const SERIAL_BYTES_MAX: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_with_any_fraction_and_in_utc_only() {
        let good = [
            ("19700101000000Z", 0),
            ("20240229100000Z", 1_709_200_800_000),
            ("20240229100000.5Z", 1_709_200_800_500),
            ("20240229100000.120Z", 1_709_200_800_120),
            ("20240229100000.123456789Z", 1_709_200_800_123),
            ("19691231235959.9Z", -100),
        ];
        for (text, millis) in good {
            assert_eq!(time(text.as_bytes()), Some(UnixMillis(millis)), "{text}");
        }
        let bad = [
            "20240229100000",
            "20240229100000+0700",
            "202402291000Z",
            "20230229100000Z",
            "20240229240000Z",
            "20240229100060Z",
            "20240229100000.Z",
            "20240229100000.1234567890Z",
            "20240229100000,5Z",
            "+0240229100000Z",
            "20240229 00000Z",
            "２0240229100000Z",
            "Z",
            "",
        ];
        for text in bad {
            assert_eq!(time(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn numbers_and_policies_are_bounded() {
        assert_eq!(serial(&[0]).as_deref(), Some("00"));
        assert_eq!(serial(&[0, 0x80]).as_deref(), Some("80"));
        assert_eq!(serial(&[0x80]), None);
        assert_eq!(serial(&[1; 20]).map(|text| text.len()), Some(40));
        assert_eq!(serial(&[1; 21]), None);
        assert_eq!(policy(&[0x2a, 3, 4, 0x81, 0]).as_deref(), Some("1.2.3.4.128"));
        assert_eq!(policy(&[0x2a, 0x81]), None);
        assert_eq!(policy(&[]), None);
        assert!(policy(&[1; 64]).is_some());
        assert_eq!(policy(&[1; 65]), None);
        // Arcs of more than 64 bits.
        assert!(policy(&[&[0xff; 63][..], &[0x7f]].concat()).is_some());
    }
}
