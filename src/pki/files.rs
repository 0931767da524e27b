//! Certificates, keys and trust anchors from PEM files, with every problem of theirs.

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::clock::UnixMillis;
use crate::crypto::certificate::Certificate;
use crate::problem::{Place, Problems};

/// A certificate chain and its private key.
#[derive(Clone)]
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<PrivateKeyDer<'static>>,
}

/// Who may sign the certificates of the other end.
#[derive(Debug, Clone)]
pub struct Trust {
    anchors: Arc<RootCertStore>,
}

impl Identity {
    /// Reads a chain (leaf first) and a key, both PEM. All problems are added; `None` where it cannot be used.
    pub fn load(certificate: &Path, key: &Path, now: UnixMillis, problems: &mut Problems) -> Option<Self> {
        let chain = read_chain(certificate, problems);
        let private = PrivateKeyDer::from_pem_file(key);
        if let Err(error) = &private {
            problems.error(Place::file(key), format!("no private key: {error}"), "name a PKCS#8 PEM key file");
        }
        warn_of_readable_key(key, problems);
        let chain = chain?;
        check_validity(certificate, &chain, now, problems);
        let identity = Self { chain, key: Arc::new(private.ok()?) };
        if !identity.key_fits() {
            problems.error(
                Place::file(key),
                format!("the key is not that of {}", certificate.display()),
                "name the key that the certificate was made for",
            );
            return None;
        }
        Some(identity)
    }

    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.chain.clone()
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key()
    }

    fn key_fits(&self) -> bool {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        rustls::sign::CertifiedKey::from_der(self.chain(), self.key(), &provider).is_ok()
    }
}

impl std::fmt::Debug for Identity {
    /// The key is not shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({} certificates)", self.chain.len())
    }
}

impl Trust {
    /// Reads trust anchors from PEM files of one or more certificates each.
    pub fn load(files: &[impl AsRef<Path>], problems: &mut Problems) -> Option<Self> {
        let mut anchors = RootCertStore::empty();
        let mut good = true;
        for file in files {
            let file = file.as_ref();
            let Some(certificates) = read_chain(file, problems) else {
                good = false;
                continue;
            };
            for certificate in certificates {
                if let Err(error) = anchors.add(certificate) {
                    problems.error(Place::file(file), format!("no trust anchor: {error}"), "name a CA certificate");
                    good = false;
                }
            }
        }
        (good && !anchors.is_empty()).then(|| Self { anchors: Arc::new(anchors) })
    }

    pub(crate) fn anchors(&self) -> Arc<RootCertStore> {
        self.anchors.clone()
    }
}

fn read_chain(file: &Path, problems: &mut Problems) -> Option<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(file).and_then(|certificates| certificates.collect::<Result<Vec<_>, _>>());
    match read {
        Ok(chain) if !chain.is_empty() => Some(chain),
        Ok(_) => {
            problems.error(Place::file(file), "holds no certificate", "name a PEM file of certificates");
            None
        }
        Err(error) => {
            problems.error(Place::file(file), format!("no certificate: {error}"), "name a PEM file of certificates");
            None
        }
    }
}

fn check_validity(file: &Path, chain: &[CertificateDer<'static>], now: UnixMillis, problems: &mut Problems) {
    let Some(leaf) = chain.first().and_then(|leaf| Certificate::from_der(leaf)) else {
        problems.error(Place::file(file), "the certificate is not readable", "name an X.509 certificate");
        return;
    };
    let days = (leaf.not_after.0 - now.0) / DAY_MS;
    if now > leaf.not_after {
        problems.error(Place::file(file), format!("the certificate expired {} days ago", -days), "renew it");
    } else if now < leaf.not_before {
        problems.error(
            Place::file(file),
            "the certificate is not valid yet",
            "check its dates and this machine's clock",
        );
    } else if days < EXPIRY_WARNING_DAYS {
        problems.warning(Place::file(file), format!("the certificate expires in {days} days"), "renew it");
    }
}

/// A private key that others on the machine can read is no secret.
fn warn_of_readable_key(key: &Path, problems: &mut Problems) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(metadata) = std::fs::metadata(key) else { return };
    if metadata.permissions().mode() & 0o077 != 0 {
        let remedy = format!("chmod 600 {}", key.display());
        problems.warning(Place::file(key), "the private key can be read by other users of this machine", remedy);
    }
}

const DAY_MS: i64 = 86_400_000;
const EXPIRY_WARNING_DAYS: i64 = 30;
