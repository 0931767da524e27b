//! Certificates of a PEM file, with every problem of theirs.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::problem::{Place, Problems};

/// All certificates of a file, in its order; `None` and a problem where there is none.
pub(super) fn certificates(file: &Path, problems: &mut Problems) -> Option<Vec<CertificateDer<'static>>> {
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
