//! The request for a time-stamp (RFC 3161 §2.4.1).

use super::algorithm::SHA_256;
use super::der::{BOOLEAN, INTEGER, NULL, OCTET_STRING, OID, SEQUENCE, integer, written};
use crate::crypto::Digest;

/// Asks for a time-stamp of a SHA-256 digest, under the authority's own policy, with its certificates (`certReq`).
///
/// Input:  a nonce that was not used before: the response must have it, so that it is no older than the request.
/// Output: a DER TimeStampReq, the body of `application/timestamp-query`; at most 67 bytes.
/// Source: RFC 3161 §2.4.1.
pub fn request(digest: Digest, nonce: u64) -> Vec<u8> {
    // SHA-256 takes no parameters or NULL (RFC 5754 §2); NULL is what authorities are used to.
    let algorithm = written(SEQUENCE, &[&written(OID, &[SHA_256]), &written(NULL, &[])]);
    let imprint = written(SEQUENCE, &[&algorithm, &written(OCTET_STRING, &[&digest.0])]);
    let version = written(INTEGER, &[&integer(1)]);
    let nonce = written(INTEGER, &[&integer(nonce)]);
    let with_certificates = written(BOOLEAN, &[&[0xff]]);
    written(SEQUENCE, &[&version, &imprint, &nonce, &with_certificates])
}
