//! One revocation list: read, and its signature proven once.
//!
//! A list is long (a national CA's has hundreds of thousands of entries) and its signature covers all of it. rustls's
//! own check hashes the whole list at every handshake. Here the signature is proven when the list is first needed, by
//! the key of the issuer that a path leads through, and from then on the list is a set of serial numbers.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;
use webpki::{BorrowedCertRevocationList, CertRevocationList};
use x509_parser::asn1_rs::{BitString, FromDer, Sequence};
use x509_parser::extensions::ParsedExtension;
use x509_parser::revocation_list::CertificateRevocationList;

use super::expiry::{Expiry, ExpiryKind};
use super::trust::algorithms;
use crate::clock::UnixMillis;
use crate::problem::{Place, Problems};

/// A revocation list (RFC 5280 §5).
#[derive(Debug)]
pub(super) struct Crl {
    /// What it is for, which a newer list of the same replaces.
    pub(super) scope: Scope,
    pub(super) expiry: Expiry,
    revoked: HashSet<Box<[u8]>>,
    /// The whole list, until its signature is proven.
    unproven: Mutex<Option<Vec<u8>>>,
}

/// Whose list it is, and for which of the certificates.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Scope {
    /// The issuer's name, DER without its outermost tag.
    pub(super) issuer: Vec<u8>,
    /// Which of the issuer's keys, where the list says it.
    key: Option<Vec<u8>>,
    /// The issuing distribution point: a CA may split its list.
    point: Option<Vec<u8>>,
}

/// Reads the lists of files: PEM, one or several, or DER. Of two lists for the same, the newer one counts.
///
/// Problems: a file that is no list, or one of a kind that is not understood (delta, indirect, by reason). `None` where
/// there is any: a list that is passed over would let in what it revokes.
pub(super) fn load(files: &[impl AsRef<Path>], problems: &mut Problems) -> Option<Vec<Crl>> {
    let mut lists: Vec<Crl> = Vec::new();
    let mut is_sound = true;
    for file in files {
        let file = file.as_ref();
        let read = read(file).and_then(|ders| ders.iter().map(|der| Crl::from_der(der, file)).collect());
        let read: Vec<Crl> = match read {
            Ok(read) => read,
            Err(fact) => {
                problems.error(Place::file(file), fact, "name an X.509 CRL, PEM or DER");
                is_sound = false;
                continue;
            }
        };
        for list in read {
            match lists.iter_mut().find(|known| known.scope == list.scope) {
                Some(known) if known.expiry.from >= list.expiry.from => {}
                Some(known) => *known = list,
                None => lists.push(list),
            }
        }
    }
    is_sound.then_some(lists)
}

impl Crl {
    fn from_der(der: &[u8], file: &Path) -> Result<Self, String> {
        let strict = BorrowedCertRevocationList::from_der(der).map_err(|error| format!("no CRL: {error}"))?;
        let mut revoked = HashSet::new();
        for entry in &strict {
            let entry = entry.map_err(|error| format!("no CRL: {error}"))?;
            revoked.insert(Box::from(entry.serial_number));
        }
        let strict = CertRevocationList::Borrowed(strict);
        let (_, list) = CertificateRevocationList::from_der(der).map_err(|_| "no CRL".to_owned())?;
        let until = list.next_update().ok_or("no CRL: it does not say when the next one comes")?;
        let key = list.extensions().iter().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(key) => key.key_identifier.as_ref().map(|id| id.0.to_vec()),
            _ => None,
        });
        Ok(Self {
            scope: Scope {
                issuer: strict.issuer().to_vec(),
                key,
                point: strict.issuing_distribution_point().map(<[u8]>::to_vec),
            },
            expiry: Expiry {
                kind: ExpiryKind::Crl,
                name: list.issuer().to_string(),
                file: PathBuf::from(file),
                from: UnixMillis(list.last_update().timestamp().saturating_mul(1000)),
                until: UnixMillis(until.timestamp().saturating_mul(1000)),
            },
            revoked,
            unproven: Mutex::new(Some(der.to_vec())),
        })
    }

    /// Whether the list is its issuer's, whose public key (SubjectPublicKeyInfo, DER) is given. Proven once, it stays so.
    pub(super) fn is_proven_by(&self, spki: &[u8]) -> bool {
        let mut unproven = self.unproven.lock().unwrap_or_else(PoisonError::into_inner);
        if unproven.as_ref().is_none_or(|der| is_signed(der, spki)) {
            *unproven = None;
        }
        unproven.is_none()
    }

    /// Whether it lists a serial number: the content of the DER INTEGER.
    pub(super) fn revokes(&self, serial: &[u8]) -> bool {
        self.revoked.contains(serial)
    }
}

fn read(file: &Path) -> Result<Vec<Vec<u8>>, String> {
    let length = std::fs::metadata(file).map(|metadata| metadata.len());
    if length.is_ok_and(|length| length > CRL_BYTES_MAX) {
        return Err(format!("no CRL: larger than {CRL_BYTES_MAX} bytes"));
    }
    let bytes = std::fs::read(file).map_err(|error| format!("no CRL: I/O error: {error}"))?;
    // DER begins with the tag of a SEQUENCE, which is '0'.
    if bytes.first() == Some(&b'0') {
        return Ok(vec![bytes]);
    }
    let lists: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&bytes).collect();
    let lists = lists.map_err(|error| format!("no CRL: {error}"))?;
    match lists.is_empty() {
        true => Err("holds no CRL".to_owned()),
        false => Ok(lists.iter().map(|list| list.to_vec()).collect()),
    }
}

/// Whether a signed DER structure (certificate list, certificate) carries the signature of a key.
fn is_signed(der: &[u8], spki: &[u8]) -> bool {
    let parts = || {
        let (_, outer) = Sequence::from_der(der).ok()?;
        let content = outer.content.as_ref();
        let (after, _) = Sequence::from_der(content).ok()?;
        let signed = &content[..content.len() - after.len()];
        let (algorithm, signature) = algorithm_and_bits(after)?;
        let (_, key) = Sequence::from_der(spki).ok()?;
        let (key_algorithm, key) = algorithm_and_bits(&key.content)?;
        let mut fits = algorithms()
            .all
            .iter()
            .filter(|known| *known.signature_alg_id() == *algorithm && *known.public_key_alg_id() == *key_algorithm);
        Some(fits.any(|known| known.verify_signature(&key, signed, &signature).is_ok()))
    };
    parts().unwrap_or(false)
}

fn algorithm_and_bits(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (rest, algorithm) = Sequence::from_der(der).ok()?;
    let (_, bits) = BitString::from_der(rest).ok()?;
    (bits.unused_bits == 0).then(|| (algorithm.content.into_owned(), bits.data.into_owned()))
}

/// A list of a million entries takes some 40 MB.
const CRL_BYTES_MAX: u64 = 64 << 20;
