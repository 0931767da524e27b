//! A private key's file, and the passphrase's beside it: who may read them, and what is in them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::SigningKey;
use zeroize::{Zeroize, Zeroizing};

use super::encrypted;
use crate::problem::{Place, Problems};

/// Where a private key stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// PEM: PKCS#8, SEC1 (EC), PKCS#1 (RSA), or PKCS#8 encrypted. Or no file but the URI of a key in a device,
    /// `pkcs11:token=TOKEN;object=LABEL?module-path=FILE`.
    pub path: PathBuf,
    /// The file whose text opens an encrypted key, or the PIN of a device; a line end at its end does not count.
    pub passphrase: Option<PathBuf>,
}

impl<P: AsRef<Path> + ?Sized> From<&P> for KeyFile {
    /// A key that is not encrypted.
    fn from(path: &P) -> Self {
        Self { path: path.as_ref().to_path_buf(), passphrase: None }
    }
}

impl KeyFile {
    /// Reads the key into a form that signs and is not shown. All problems are added; `None` where it cannot be used.
    ///
    /// Each buffer that held the key or the passphrase is wiped before its memory is given back.
    pub(super) fn read(&self, problems: &mut Problems) -> Option<Arc<dyn SigningKey>> {
        if let Some(uri) = self.device() {
            return self.read_device(uri, problems);
        }
        let place = || Place::file(&self.path);
        let bytes = read_secret(&self.path, "private key", problems);
        let passphrase = match &self.passphrase {
            Some(file) => Some(read_secret(file, "passphrase", problems)?),
            None => None,
        };
        let bytes = bytes?;
        let mut key = match sealed(&bytes) {
            Some(sealed) => {
                let Some(passphrase) = passphrase else {
                    problems.error(
                        place(),
                        "the private key is encrypted",
                        "name its passphrase's file: key_passphrase",
                    );
                    return None;
                };
                match encrypted::open(&sealed, without_line_end(&passphrase)) {
                    Ok(der) => PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der.to_vec())),
                    Err(error) => {
                        let remedy = "check the passphrase, or rewrite the key by openssl pkcs8 -topk8 -v2 aes-256-cbc";
                        problems.error(place(), format!("the private key cannot be opened: {error}"), remedy);
                        return None;
                    }
                }
            }
            None => match PrivateKeyDer::from_pem_slice(&bytes) {
                Ok(key) => key,
                Err(error) => {
                    problems.error(place(), format!("no private key: {error}"), "name a PKCS#8 PEM key file");
                    return None;
                }
            },
        };
        let signing = any_supported_type(&key);
        key.zeroize();
        if signing.is_err() {
            let remedy = "name an RSA (2048 bits and up), ECDSA (P-256, P-384) or Ed25519 key";
            problems.error(place(), "the private key is of no usable kind", remedy);
        }
        signing.ok()
    }
}

impl KeyFile {
    /// The files that are read: the key's, unless it stays in a device, and the passphrase's.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        let key = self.device().is_none().then(|| self.path.clone());
        key.into_iter().chain(self.passphrase.clone())
    }

    /// The URI of a key in a device; `None` for a file.
    pub fn device(&self) -> Option<&str> {
        self.path.to_str().filter(|path| path.starts_with(DEVICE))
    }

    #[cfg(feature = "pkcs11")]
    fn read_device(&self, uri: &str, problems: &mut Problems) -> Option<Arc<dyn SigningKey>> {
        let Some(file) = &self.passphrase else {
            let remedy = "name the file of its PIN: key_passphrase";
            problems.error(Place::file(shown(uri)), "the device wants a PIN", remedy);
            return None;
        };
        let pin = read_secret(file, "passphrase", problems)?;
        let opened = super::pkcs11::open(uri, without_line_end(&pin));
        if let Err(error) = &opened {
            let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
            let remedy = "check it with pkcs11-tool --module FILE --login --list-objects";
            problems.error(Place::file(shown(uri)), format!("no private key: {error}{cause}"), remedy);
        }
        opened.ok()
    }

    #[cfg(not(feature = "pkcs11"))]
    fn read_device(&self, uri: &str, problems: &mut Problems) -> Option<Arc<dyn SigningKey>> {
        let remedy = "build with --features pkcs11, or name a key file";
        problems.error(Place::file(shown(uri)), "this build does not know keys in devices", remedy);
        None
    }
}

/// What may be said of a URI: its query may hold a PIN, against all advice.
fn shown(uri: &str) -> &Path {
    Path::new(uri.split('?').next().unwrap_or_default())
}

/// The first `ENCRYPTED PRIVATE KEY` of a PEM text, DER.
fn sealed(pem: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let text = std::str::from_utf8(pem).ok()?;
    let start = text.find(SEALED_BEGIN)?;
    let body = &text[start + SEALED_BEGIN.len()..];
    let body: String = body[..body.find(SEALED_END)?].split_whitespace().collect();
    base64_simd::STANDARD.decode_to_vec(body).ok().map(Zeroizing::new)
}

fn without_line_end(passphrase: &[u8]) -> &[u8] {
    let line = passphrase.strip_suffix(b"\n").unwrap_or(passphrase);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Reads a file that nobody else should; the bytes are wiped when dropped.
fn read_secret(file: &Path, what: &str, problems: &mut Problems) -> Option<Zeroizing<Vec<u8>>> {
    use std::io::Read;
    let mut bytes = Zeroizing::new(vec![0; SECRET_BYTES_MAX + 1]);
    let mut length = 0;
    let read = std::fs::File::open(file).and_then(|mut file| {
        // By hand, for a buffer that grows leaves copies behind.
        loop {
            match file.read(&mut bytes[length..])? {
                0 => return Ok(()),
                more => length += more,
            }
        }
    });
    let fact = match read {
        Err(error) => format!("no {what}: I/O error: {error}"),
        Ok(()) if length > SECRET_BYTES_MAX => format!("no {what}: larger than {SECRET_BYTES_MAX} bytes"),
        Ok(()) => {
            bytes.truncate(length);
            return is_kept(file, what, problems).then_some(bytes);
        }
    };
    let remedy =
        if what == "passphrase" { "name a file that holds the passphrase" } else { "name a PKCS#8 PEM key file" };
    problems.error(Place::file(file), fact, remedy);
    None
}

/// Whether a secret's file is one. What everybody on the machine can read or write is none; a group is warned of.
fn is_kept(file: &Path, what: &str, problems: &mut Problems) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let Ok(metadata) = std::fs::metadata(file) else { return true };
    let mode = metadata.permissions().mode();
    let remedy = format!("chmod 600 {}", file.display());
    if mode & 0o007 != 0 {
        problems.error(Place::file(file), format!("the {what} is open to every user of this machine"), remedy);
        return false;
    }
    if mode & 0o070 != 0 {
        problems.warning(Place::file(file), format!("the {what} is open to the users of a group"), remedy);
    }
    true
}

/// How the URI of a key in a device begins (RFC 7512 §2.3).
const DEVICE: &str = "pkcs11:";
/// A key of RSA-16384 takes 13 KiB.
const SECRET_BYTES_MAX: usize = 64 << 10;
const SEALED_BEGIN: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const SEALED_END: &str = "-----END ENCRYPTED PRIVATE KEY-----";
