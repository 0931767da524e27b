//! Encrypted private keys: PKCS#8 with PBES2, the form that `openssl genpkey -aes256` writes.
//!
//! ```text
//! SEQUENCE                                   EncryptedPrivateKeyInfo, RFC 5958 §3
//!   SEQUENCE                                 AlgorithmIdentifier
//!     OID pkcs5PBES2                         RFC 8018 A.4
//!     SEQUENCE
//!       SEQUENCE OID PBKDF2, SEQUENCE { salt OCTET STRING, iterations INTEGER, length INTEGER?, prf? }
//!       SEQUENCE OID aesNNN-CBC, iv OCTET STRING
//!   OCTET STRING                             the encrypted PrivateKeyInfo
//! ```
//! Not read: scrypt, PBES1 and triple DES. They are named in the error, and `openssl pkcs8 -topk8` makes such a file
//! one that is.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{self, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use x509_parser::asn1_rs::{Any, FromDer, Integer, OctetString, Oid, Sequence};
use zeroize::Zeroizing;

/// Why an encrypted key stays closed. No variant carries a byte of key or passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    #[error("it is no encrypted PKCS#8 key")]
    Malformed,
    #[error("it is not encrypted with PBES2, PBKDF2 and AES-CBC")]
    Unsupported,
    #[error("the passphrase does not open it")]
    Passphrase,
}

/// Opens an `EncryptedPrivateKeyInfo`; returns the `PrivateKeyInfo`, DER.
///
/// Limits: at most [`ITERATIONS_MAX`] iterations.
/// Source: RFC 5958 §3, RFC 8018 §6.2.
pub(super) fn open(der: &[u8], passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let sealed = Sealed::read(der)?;
    let mut key = Zeroizing::new(vec![0; sealed.key_bytes]);
    pbkdf2::derive(sealed.prf, sealed.iterations, &sealed.salt, passphrase, &mut key);
    let opening = UnboundCipherKey::new(sealed.cipher, &key).and_then(PaddedBlockDecryptingKey::cbc_pkcs7);
    let opening = opening.map_err(|_| Error::Unsupported)?;
    let context = DecryptionContext::Iv128(FixedLength::from(sealed.iv));
    let mut bytes = Zeroizing::new(sealed.bytes);
    let length = opening.decrypt(&mut bytes, context).map_err(|_| Error::Passphrase)?.len();
    bytes.truncate(length);
    Ok(bytes)
}

struct Sealed {
    prf: pbkdf2::Algorithm,
    salt: Vec<u8>,
    iterations: NonZeroU32,
    cipher: &'static cipher::Algorithm,
    key_bytes: usize,
    iv: [u8; 16],
    bytes: Vec<u8>,
}

impl Sealed {
    fn read(der: &[u8]) -> Result<Self, Error> {
        let (rest, outer) = sequence(der)?;
        let (sealed, algorithm) = sequence(&outer)?;
        let (_, bytes) = OctetString::from_der(sealed).map_err(|_| Error::Malformed)?;
        let (scheme, parameters) = identified(&algorithm)?;
        if !rest.is_empty() {
            return Err(Error::Malformed);
        }
        if scheme != PBES2 {
            return Err(Error::Unsupported);
        }
        let (_, parameters) = sequence(parameters)?;
        let (encryption, derivation) = sequence(&parameters)?;
        let (_, encryption) = sequence(encryption)?;
        let (prf, salt, iterations) = pbkdf2_parameters(&derivation)?;
        let (cipher, iv) = identified(&encryption)?;
        let (cipher, key_bytes) = match cipher.as_str() {
            AES_128_CBC => (&cipher::AES_128, cipher::AES_128_KEY_LEN),
            AES_192_CBC => (&cipher::AES_192, cipher::AES_192_KEY_LEN),
            AES_256_CBC => (&cipher::AES_256, cipher::AES_256_KEY_LEN),
            _ => return Err(Error::Unsupported),
        };
        let (_, iv) = OctetString::from_der(iv).map_err(|_| Error::Malformed)?;
        let iv = iv.as_cow().as_ref().try_into().map_err(|_| Error::Malformed)?;
        Ok(Self { prf, salt, iterations, cipher, key_bytes, iv, bytes: bytes.into_cow().into_owned() })
    }
}

fn pbkdf2_parameters(derivation: &[u8]) -> Result<(pbkdf2::Algorithm, Vec<u8>, NonZeroU32), Error> {
    let (function, parameters) = identified(derivation)?;
    if function != PBKDF2 {
        return Err(Error::Unsupported);
    }
    let (_, parameters) = sequence(parameters)?;
    let (rest, salt) = OctetString::from_der(&parameters).map_err(|_| Error::Unsupported)?;
    let (mut rest, iterations) = Integer::from_der(rest).map_err(|_| Error::Malformed)?;
    let iterations = iterations.as_u32().ok().filter(|count| *count <= ITERATIONS_MAX).and_then(NonZeroU32::new);
    // The key's length says nothing that the cipher does not.
    if let Ok((after, _)) = Integer::from_der(rest) {
        rest = after;
    }
    let prf = match rest {
        // RFC 8018 A.2: the default.
        [] => pbkdf2::PBKDF2_HMAC_SHA1,
        rest => match identified(&sequence(rest)?.1)?.0.as_str() {
            HMAC_SHA1 => pbkdf2::PBKDF2_HMAC_SHA1,
            HMAC_SHA256 => pbkdf2::PBKDF2_HMAC_SHA256,
            HMAC_SHA384 => pbkdf2::PBKDF2_HMAC_SHA384,
            HMAC_SHA512 => pbkdf2::PBKDF2_HMAC_SHA512,
            _ => return Err(Error::Unsupported),
        },
    };
    Ok((prf, salt.into_cow().into_owned(), iterations.ok_or(Error::Unsupported)?))
}

/// What follows a sequence, and what is in it.
fn sequence(der: &[u8]) -> Result<(&[u8], Vec<u8>), Error> {
    let (rest, sequence) = Sequence::from_der(der).map_err(|_| Error::Malformed)?;
    Ok((rest, sequence.content.into_owned()))
}

/// An algorithm's object identifier and the DER of its parameters.
fn identified(algorithm: &[u8]) -> Result<(String, &[u8]), Error> {
    let (parameters, id) = Oid::from_der(algorithm).map_err(|_| Error::Malformed)?;
    if !parameters.is_empty() {
        Any::from_der(parameters).map_err(|_| Error::Malformed)?;
    }
    Ok((id.to_id_string(), parameters))
}

/// A second or so of work; the recommendation of 2023 is 600,000.
const ITERATIONS_MAX: u32 = 5_000_000;
const PBES2: &str = "1.2.840.113549.1.5.13";
const PBKDF2: &str = "1.2.840.113549.1.5.12";
const HMAC_SHA1: &str = "1.2.840.113549.2.7";
const HMAC_SHA256: &str = "1.2.840.113549.2.9";
const HMAC_SHA384: &str = "1.2.840.113549.2.10";
const HMAC_SHA512: &str = "1.2.840.113549.2.11";
const AES_128_CBC: &str = "2.16.840.1.101.3.4.1.2";
const AES_192_CBC: &str = "2.16.840.1.101.3.4.1.22";
const AES_256_CBC: &str = "2.16.840.1.101.3.4.1.42";
