//! Names of the algorithms of the profile (RFC 9231, XML Encryption 1.1), and nothing besides.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::DS;
use super::error::{Error, Kind};
use super::nodes::{Nodes, algorithm, is_named};
use crate::crypto::signature::{Algorithm, Hash, Scheme};
use crate::xml::tape::{NodeId, Tape};

/// `PrefixList` of an `InclusiveNamespaces`; `""` is `#default`.
pub(super) type Prefixes<'a> = SmallVec<[Cow<'a, str>; 4]>;

/// The name of a digest.
pub fn digest_name(hash: Hash) -> &'static str {
    match hash {
        Hash::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
        Hash::Sha384 => "http://www.w3.org/2001/04/xmldsig-more#sha384",
        Hash::Sha512 => "http://www.w3.org/2001/04/xmlenc#sha512",
    }
}

/// The name of a signature algorithm; RSA-PSS by the names that carry no parameters.
pub fn signature_name(algorithm: Algorithm) -> &'static str {
    match (algorithm.scheme, algorithm.hash) {
        (Scheme::RsaPkcs1, Hash::Sha256) => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        (Scheme::RsaPkcs1, Hash::Sha384) => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
        (Scheme::RsaPkcs1, Hash::Sha512) => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
        (Scheme::RsaPss, Hash::Sha256) => "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
        (Scheme::RsaPss, Hash::Sha384) => "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1",
        (Scheme::RsaPss, Hash::Sha512) => "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1",
        (Scheme::Ecdsa, Hash::Sha256) => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        (Scheme::Ecdsa, Hash::Sha384) => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
        (Scheme::Ecdsa, Hash::Sha512) => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
    }
}

/// Reads a `DigestMethod`.
pub(super) fn digest_method(tape: &Tape<'_>, node: NodeId) -> Result<Hash, Error> {
    let name = algorithm(tape, node);
    let hash = HASHES.into_iter().find(|&hash| digest_name(hash) == name);
    let hash = hash.ok_or_else(|| Error::at(tape, node, Kind::Unsupported(DIGESTS)))?;
    Nodes::of(tape, node, "parameters", 0)?;
    Ok(hash)
}

/// Reads a `SignatureMethod`.
pub(super) fn signature_method(tape: &Tape<'_>, node: NodeId) -> Result<Algorithm, Error> {
    let name = algorithm(tape, node);
    if name == RSA_PSS {
        return pss_parameters(tape, node);
    }
    let found = Algorithm::all().find(|&algorithm| signature_name(algorithm) == name);
    let found = found.ok_or_else(|| Error::at(tape, node, Kind::Unsupported(SIGNATURES)))?;
    // HMACOutputLength would stand here (Basic Security Profile R5401).
    Nodes::of(tape, node, "parameters", 0)?;
    Ok(found)
}

/// `RSAPSSParams` (RFC 9231 §2.3.10): all may be left out; what is there must say what we do.
fn pss_parameters(tape: &Tape<'_>, node: NodeId) -> Result<Algorithm, Error> {
    let mut hash = Hash::Sha256;
    let mut children = Nodes::of(tape, node, "parameters", 1)?;
    if let Some(parameters) = children.optional(RSA_PSS_PARAMETERS, "RSAPSSParams") {
        let mut parts = Nodes::of(tape, parameters, "parameters", 4)?;
        if let Some(digest) = parts.optional(DS, "DigestMethod") {
            hash = digest_method(tape, digest)?;
        }
        if let Some(generation) = parts.optional(RSA_PSS_PARAMETERS, "MaskGenerationFunction") {
            mask_generation(tape, generation, hash)?;
        }
        let number = |node: Option<NodeId>, expected: usize| match node {
            Some(node) if tape.text(node).trim().parse() != Ok(expected) => {
                Err(Error::at(tape, node, Kind::Unsupported(PSS)))
            }
            _ => Ok(()),
        };
        number(parts.optional(RSA_PSS_PARAMETERS, "SaltLength"), hash.bytes())?;
        number(parts.optional(RSA_PSS_PARAMETERS, "TrailerField"), 1)?;
        parts.end(PSS)?;
    }
    children.end(PSS)?;
    Ok(Algorithm { scheme: Scheme::RsaPss, hash })
}

fn mask_generation(tape: &Tape<'_>, node: NodeId, hash: Hash) -> Result<(), Error> {
    let mut parts = Nodes::of(tape, node, "parameters", 1)?;
    let same_hash = match parts.optional(DS, "DigestMethod") {
        Some(digest) => digest_method(tape, digest)? == hash,
        // The function's own default is SHA-1.
        None => false,
    };
    if algorithm(tape, node) != MGF1 || !same_hash {
        return Err(Error::at(tape, node, Kind::Unsupported(PSS)));
    }
    parts.end(PSS)
}

/// Reads a `CanonicalizationMethod` or a `Transform`: exclusive canonical form, with its prefixes.
pub(super) fn exclusive<'a>(tape: &Tape<'a>, node: NodeId) -> Result<Prefixes<'a>, Error> {
    if algorithm(tape, node) != EXCLUSIVE {
        return Err(Error::at(tape, node, Kind::Unsupported(FORMS)));
    }
    let mut children = Nodes::of(tape, node, "parameters", 1)?;
    let Some(list) = children.any() else { return Ok(Prefixes::new()) };
    if !is_named(tape, list, EXCLUSIVE, "InclusiveNamespaces") {
        return Err(Error::at(tape, list, Kind::Unsupported(FORMS)));
    }
    Nodes::of(tape, list, "parameters", 0)?;
    let written = tape.attribute(list, "", "PrefixList").unwrap_or_default();
    let mut prefixes = Prefixes::new();
    for prefix in written.split_ascii_whitespace() {
        if prefixes.len() == PREFIXES_MAX {
            return Err(Error::at(tape, list, Kind::TooMany { what: "prefixes", max: PREFIXES_MAX }));
        }
        prefixes.push(Cow::Owned(if prefix == "#default" { String::new() } else { prefix.to_owned() }));
    }
    Ok(prefixes)
}

/// Exclusive XML Canonicalization 1.0, without comments.
pub(super) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const RSA_PSS: &str = "http://www.w3.org/2007/05/xmldsig-more#rsa-pss";
const RSA_PSS_PARAMETERS: &str = "http://www.w3.org/2007/05/xmldsig-more#";
const MGF1: &str = "http://www.w3.org/2007/05/xmldsig-more#MGF1";
const HASHES: [Hash; 3] = [Hash::Sha256, Hash::Sha384, Hash::Sha512];
const DIGESTS: &str = "SHA-256, SHA-384 or SHA-512";
const SIGNATURES: &str = "RSA (PKCS#1 v1.5 or PSS) or ECDSA, each with SHA-256, SHA-384 or SHA-512,";
const PSS: &str = "RSA-PSS with one hash for all and a salt as long as the hash";
const FORMS: &str = "exclusive canonical form without comments";
/// Prefixes of one list.
const PREFIXES_MAX: usize = 32;
