//! A time-stamping authority that writes whatever a test wants.

use aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY;
use rcgen::{KeyPair, SigningKey};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::authority::Party;
use super::{NONCE, digest};
use crate::crypto::Digest;
use crate::tsp::der::*;

/// A response in parts, each DER.
pub(super) struct Forgery {
    pub(super) key: KeyPair,
    /// The signer's.
    pub(super) certificate: Vec<u8>,
    pub(super) status: Vec<u8>,
    pub(super) content_type: Vec<u8>,
    pub(super) info: Vec<u8>,
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) version: u8,
    pub(super) signer_id: Vec<u8>,
    pub(super) attributes: Vec<Vec<u8>>,
    pub(super) signature_algorithm: Vec<u8>,
    /// The contents of `unsignedAttrs`.
    pub(super) unsigned: Vec<u8>,
    pub(super) signers: usize,
}

/// A `TSTInfo` in parts.
pub(super) struct Info {
    pub(super) version: u8,
    pub(super) imprint: Vec<u8>,
    pub(super) serial: Vec<u8>,
    pub(super) time: &'static str,
    pub(super) nonce: Option<u64>,
    /// The contents of `[1]`.
    pub(super) extensions: Option<Vec<u8>>,
}

impl Default for Info {
    fn default() -> Self {
        Self {
            version: 1,
            imprint: imprint(SHA_256, &digest().0),
            serial: vec![0, 0xc0, 0xde],
            time: "20260615120000.25Z",
            nonce: Some(NONCE),
            extensions: None,
        }
    }
}

impl Info {
    pub(super) fn der(&self) -> Vec<u8> {
        let version = written(INTEGER, &[&[self.version]]);
        let policy = written(OID, &[&[0x2a, 3, 4]]);
        let serial = written(INTEGER, &[&self.serial]);
        let time = written(GENERALIZED_TIME, &[self.time.as_bytes()]);
        let nonce = self.nonce.map(|nonce| written(INTEGER, &[&integer(nonce)])).unwrap_or_default();
        let extensions = self.extensions.as_ref().map(|contents| written(CONTEXT_1, &[contents])).unwrap_or_default();
        written(SEQUENCE, &[&version, &policy, &self.imprint, &serial, &time, &nonce, &extensions])
    }
}

impl Forgery {
    /// A sound response by an authority below this party, with a certificate for these years.
    pub(super) fn below(party: &Party, years: (i32, i32)) -> Self {
        Self::by(party.stamper(&rcgen::PKCS_ECDSA_P256_SHA256, years))
    }

    /// A sound response, but for the certificate perhaps.
    pub(super) fn by((key, certificate): (KeyPair, Vec<u8>)) -> Self {
        let (_, read) = X509Certificate::from_der(&certificate).expect("a certificate");
        let serial = written(INTEGER, &[read.raw_serial()]);
        let signer_id = written(SEQUENCE, &[read.issuer().as_raw(), &serial]);
        let forgery = Self {
            key,
            status: status(0, &[]),
            content_type: written(OID, &[TST_INFO]),
            info: Vec::new(),
            certificates: vec![certificate.clone()],
            version: 1,
            signer_id,
            attributes: Vec::new(),
            signature_algorithm: written(SEQUENCE, &[&written(OID, &[ECDSA_SHA_256])]),
            unsigned: Vec::new(),
            signers: 1,
            certificate,
        };
        forgery.with(&Info::default())
    }

    /// Of another TSTInfo.
    pub(super) fn with(self, info: &Info) -> Self {
        let info = info.der();
        let attributes = vec![
            attribute(CONTENT_TYPE, &[&written(OID, &[TST_INFO])]),
            attribute(MESSAGE_DIGEST, &[&written(OCTET_STRING, &[&Digest::of(&info).0])]),
            attribute(SIGNING_CERTIFICATE_V2, &[&signing(&certificate_id_v2(&self.certificate))]),
        ];
        Self { info, attributes, ..self }
    }

    /// With this attribute in the place of another, or as a further one.
    pub(super) fn attribute(mut self, at: usize, attribute: Option<Vec<u8>>) -> Self {
        self.attributes.splice(at..self.attributes.len().min(at + 1), attribute);
        self
    }

    pub(super) fn response(&self) -> Vec<u8> {
        let hash = written(SEQUENCE, &[&written(OID, &[SHA_256])]);
        let attributes = self.attributes.concat();
        let signature = self.key.sign(&written(SET, &[&attributes])).expect("signed");
        let unsigned = if self.unsigned.is_empty() { vec![] } else { written(CONTEXT_1, &[&self.unsigned]) };
        let signer = written(
            SEQUENCE,
            &[
                &written(INTEGER, &[&[self.version]]),
                &self.signer_id,
                &hash,
                &written(CONTEXT_0, &[&attributes]),
                &self.signature_algorithm,
                &written(OCTET_STRING, &[&signature]),
                &unsigned,
            ],
        );
        let content = written(CONTEXT_0, &[&written(OCTET_STRING, &[&self.info])]);
        let signed = written(
            SEQUENCE,
            &[
                &written(INTEGER, &[&[3]]),
                &written(SET, &[&hash]),
                &written(SEQUENCE, &[&self.content_type, &content]),
                &written(CONTEXT_0, &[&self.certificates.concat()]),
                &written(SET, &[&signer.repeat(self.signers)]),
            ],
        );
        let token = written(SEQUENCE, &[&written(OID, &[SIGNED_DATA]), &written(CONTEXT_0, &[&signed])]);
        written(SEQUENCE, &[&self.status, &token])
    }
}

/// A `PKIStatusInfo`.
pub(super) fn status(status: u8, further: &[&[u8]]) -> Vec<u8> {
    written(SEQUENCE, &[&written(INTEGER, &[&[status]]), &further.concat()])
}

/// A `MessageImprint`.
pub(super) fn imprint(hash: &[u8], digest: &[u8]) -> Vec<u8> {
    let hash = written(SEQUENCE, &[&written(OID, &[hash]), &written(NULL, &[])]);
    written(SEQUENCE, &[&hash, &written(OCTET_STRING, &[digest])])
}

pub(super) fn attribute(name: &[u8], values: &[&[u8]]) -> Vec<u8> {
    written(SEQUENCE, &[&written(OID, &[name]), &written(SET, values)])
}

/// A `SigningCertificate` or its second version.
pub(super) fn signing(id: &[u8]) -> Vec<u8> {
    written(SEQUENCE, &[&written(SEQUENCE, &[id])])
}

/// An `ESSCertIDv2` by SHA-256, the default.
pub(super) fn certificate_id_v2(der: &[u8]) -> Vec<u8> {
    written(SEQUENCE, &[&written(OCTET_STRING, &[&Digest::of(der).0])])
}

/// An `ESSCertID`.
pub(super) fn certificate_id(der: &[u8]) -> Vec<u8> {
    let digest = aws_lc_rs::digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, der);
    written(SEQUENCE, &[&written(OCTET_STRING, &[digest.as_ref()])])
}

/// The same with an `IssuerSerial` of this issuer's Name and this serial number.
pub(super) fn certificate_id_of(der: &[u8], issuer: &[u8], serial: &[u8]) -> Vec<u8> {
    let names = written(SEQUENCE, &[&written(CONTEXT_4, &[issuer])]);
    let issued = written(SEQUENCE, &[&names, &written(INTEGER, &[serial])]);
    written(SEQUENCE, &[&written(OCTET_STRING, &[&Digest::of(der).0]), &issued])
}

// Written out again: a wrong name in what is tested would not be found by itself.
pub(super) const SHA_256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
pub(super) const SHA_1: &[u8] = b"\x2b\x0e\x03\x02\x1a";
pub(super) const ECDSA_SHA_256: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x02";
pub(super) const ECDSA_SHA_384: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x03";
pub(super) const TST_INFO: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04";
pub(super) const DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
pub(super) const CONTENT_TYPE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03";
pub(super) const MESSAGE_DIGEST: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04";
pub(super) const SIGNING_CERTIFICATE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0c";
pub(super) const SIGNING_CERTIFICATE_V2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f";
const SIGNED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
