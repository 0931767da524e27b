//! Names of algorithms (RFC 5754, RFC 8017 appendix C), and nothing besides the profile's.

use super::Error;
use super::der::{NULL, OID, Reader, SEQUENCE};
use crate::crypto::signature::{Algorithm, Hash, Scheme};

/// Reads the `AlgorithmIdentifier` of a digest; parameters are absent or NULL (RFC 5754 §2).
pub(super) fn digest(reader: &mut Reader<'_>) -> Result<Hash, Error> {
    let (name, _) = identifier(reader)?;
    let hash = HASHES.into_iter().find(|(known, _)| *known == name);
    hash.map(|(_, hash)| hash).ok_or(Error::Unsupported(DIGESTS))
}

/// Reads the `AlgorithmIdentifier` of a signature over attributes of this digest.
///
/// The plain name of RSA leaves the hash to the digest (RFC 5754 §3.2); the others name the digest's, since the
/// attributes' digest is the signer's digest algorithm's (RFC 5652 §5.4).
pub(super) fn signature(reader: &mut Reader<'_>, hash: Hash) -> Result<Algorithm, Error> {
    let (name, has_null) = identifier(reader)?;
    if name == RSA {
        return Ok(Algorithm { scheme: Scheme::RsaPkcs1, hash });
    }
    let found = SIGNATURES.into_iter().find(|(known, _, _)| *known == name);
    let (_, scheme, named) = found.ok_or(Error::Unsupported(SCHEMES))?;
    if named != hash {
        return Err(Error::Unsupported("one hash for the attributes and their signature"));
    }
    // RFC 5754 §3.3: absent.
    if scheme == Scheme::Ecdsa && has_null {
        return Err(reader.malformed());
    }
    Ok(Algorithm { scheme, hash })
}

/// The name, and whether NULL stands where parameters may.
fn identifier<'a>(reader: &mut Reader<'a>) -> Result<(&'a [u8], bool), Error> {
    let mut parts = reader.enter(SEQUENCE, "an AlgorithmIdentifier")?;
    let name = parts.take(OID)?;
    let null = parts.optional(NULL)?;
    if null.is_some_and(|contents| !contents.is_empty()) {
        return Err(parts.malformed());
    }
    parts.end().map_err(|_| Error::Unsupported(SCHEMES))?;
    Ok((name, null.is_some()))
}

/// 2.16.840.1.101.3.4.2.1.
pub(super) const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
const HASHES: [(&[u8], Hash); 3] = [
    (SHA_256, Hash::Sha256),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2], Hash::Sha384),
    (&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3], Hash::Sha512),
];
/// `rsaEncryption`, 1.2.840.113549.1.1.1.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// `sha256WithRSAEncryption` … and `ecdsa-with-SHA256` …
const SIGNATURES: [(&[u8], Scheme, Hash); 6] = [
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11], Scheme::RsaPkcs1, Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12], Scheme::RsaPkcs1, Hash::Sha384),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13], Scheme::RsaPkcs1, Hash::Sha512),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2], Scheme::Ecdsa, Hash::Sha256),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3], Scheme::Ecdsa, Hash::Sha384),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4], Scheme::Ecdsa, Hash::Sha512),
];
const DIGESTS: &str = "SHA-256, SHA-384 or SHA-512";
const SCHEMES: &str = "RSA (PKCS#1 v1.5) or ECDSA, each with SHA-256, SHA-384 or SHA-512,";
