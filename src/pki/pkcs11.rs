//! A private key that stays in a device: PKCS#11, behind the cargo feature `pkcs11`.
//!
//! ```text
//! pkcs11:token=TOKEN;object=LABEL?module-path=/usr/lib/softhsm/libsofthsm2.so          (RFC 7512)
//! ```
//! * The device signs; the gateway never has the key. Its PIN is read from the passphrase's file.
//! * A module is loaded once in a process and stays: to unload it would end the sessions of other keys.
//! * A key has one session, and signs one thing at a time. A session that the device has ended is opened again once.
//! * What the device must do: `CKM_RSA_PKCS` and `CKM_RSA_PKCS_PSS` (RSA), `CKM_ECDSA` (P-256, P-384), over digests
//!   that are made here.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use rustls::sign::{Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};

/// Why a device's key cannot be used. No variant carries the PIN.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("it is not written like pkcs11:token=TOKEN;object=LABEL?module-path=FILE")]
    Uri,
    #[error("a PIN stands in it: it belongs into a file")]
    PinInUri,
    #[error("the passphrase is no UTF-8 text, which a PIN is")]
    Pin,
    #[error("the module or its device refuses")]
    Device(#[source] cryptoki::error::Error),
    #[error("the module has no token of this name")]
    NoToken,
    #[error("the token has {0} private keys of this label")]
    Keys(usize),
    #[error("the key is neither RSA nor ECDSA on P-256 or P-384")]
    Kind,
}

/// Opens the key that a URI names.
pub(super) fn open(uri: &str, pin: &[u8]) -> Result<Arc<dyn SigningKey>, Error> {
    if uri.contains("pin-value") {
        return Err(Error::PinInUri);
    }
    let uri = Uri::parse(uri).ok_or(Error::Uri)?;
    let pin = AuthPin::from(std::str::from_utf8(pin).map_err(|_| Error::Pin)?.to_owned());
    let device = Device { module: module(&uri.module).map_err(Error::Device)?, uri, pin };
    let open = device.open()?;
    let kind = open.kind()?;
    Ok(Arc::new(Key { shared: Arc::new(Shared { device, open: Mutex::new(open) }), kind }))
}

/// Where a key is.
#[derive(Debug)]
struct Uri {
    token: String,
    object: String,
    module: PathBuf,
}

struct Device {
    module: Pkcs11,
    uri: Uri,
    pin: AuthPin,
}

/// A session with its key.
struct Open {
    session: Session,
    key: ObjectHandle,
}

struct Shared {
    device: Device,
    open: Mutex<Open>,
}

struct Key {
    shared: Arc<Shared>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
}

struct OneSigner {
    shared: Arc<Shared>,
    scheme: SignatureScheme,
}

impl Uri {
    fn parse(uri: &str) -> Option<Self> {
        let (path, query) = uri.strip_prefix("pkcs11:")?.split_once('?')?;
        let value = |list: &str, separator: char, name: &str| {
            let mut pairs = list.split(separator).filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).and_then(|(_, value)| decoded(value))
        };
        let module = PathBuf::from(value(query, '&', "module-path")?);
        Some(Self { token: value(path, ';', "token")?, object: value(path, ';', "object")?, module })
    }
}

/// `%20` and its like (RFC 3986 §2.1).
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |digit: u8| char::from(digit).to_digit(16);
        bytes.push(u8::try_from(digit(rest.next()?)? << 4 | digit(rest.next()?)?).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// The module of a file, loaded and initialized once.
fn module(file: &Path) -> Result<Pkcs11, cryptoki::error::Error> {
    static MODULES: Mutex<Option<HashMap<PathBuf, Pkcs11>>> = Mutex::new(None);
    let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
    let modules = modules.get_or_insert_default();
    if let Some(module) = modules.get(file) {
        return Ok(module.clone());
    }
    let module = Pkcs11::new(file)?;
    module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    modules.insert(file.to_path_buf(), module.clone());
    Ok(module)
}

impl Device {
    fn open(&self) -> Result<Open, Error> {
        let slots = self.module.get_slots_with_initialized_token().map_err(Error::Device)?;
        let is_named = |slot: &&_| {
            let token = self.module.get_token_info(**slot);
            token.is_ok_and(|token| token.label().trim_end() == self.uri.token)
        };
        let slot = slots.iter().find(is_named).ok_or(Error::NoToken)?;
        let session = self.module.open_ro_session(*slot).map_err(Error::Device)?;
        match session.login(UserType::User, Some(&self.pin)) {
            // Logging in is the token's, not the session's: another key of it may have done so.
            Ok(()) | Err(cryptoki::error::Error::Pkcs11(cryptoki::error::RvError::UserAlreadyLoggedIn, _)) => {}
            Err(error) => return Err(Error::Device(error)),
        }
        let label = Attribute::Label(self.uri.object.clone().into_bytes());
        let keys = session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY), label]);
        match *keys.map_err(Error::Device)? {
            [key] => Ok(Open { session, key }),
            ref keys => Err(Error::Keys(keys.len())),
        }
    }
}

impl Open {
    fn kind(&self) -> Result<Kind, Error> {
        let wanted = [AttributeType::KeyType, AttributeType::EcParams];
        let attributes = self.session.get_attributes(self.key, &wanted).map_err(Error::Device)?;
        let is_rsa = attributes.contains(&Attribute::KeyType(KeyType::RSA));
        let curve = |der: &[u8]| attributes.contains(&Attribute::EcParams(der.to_vec()));
        match () {
            () if is_rsa => Ok(Kind::Rsa),
            () if curve(&P256) => Ok(Kind::P256),
            () if curve(&P384) => Ok(Kind::P384),
            () => Err(Error::Kind),
        }
    }
}

impl Shared {
    fn sign(&self, mechanism: &Mechanism<'_>, digest: &[u8]) -> Result<Vec<u8>, Error> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.session.sign(mechanism, open.key, digest) {
            Ok(signed) => Ok(signed),
            // The device was restarted, or has ended the session.
            Err(_) => {
                *open = self.device.open()?;
                open.session.sign(mechanism, open.key, digest).map_err(Error::Device)
            }
        }
    }
}

impl Kind {
    fn schemes(self) -> &'static [SignatureScheme] {
        match self {
            // As rustls prefers them for keys in memory.
            Self::Rsa => &[
                SignatureScheme::RSA_PSS_SHA512,
                SignatureScheme::RSA_PSS_SHA384,
                SignatureScheme::RSA_PSS_SHA256,
                SignatureScheme::RSA_PKCS1_SHA512,
                SignatureScheme::RSA_PKCS1_SHA384,
                SignatureScheme::RSA_PKCS1_SHA256,
            ],
            Self::P256 => &[SignatureScheme::ECDSA_NISTP256_SHA256],
            Self::P384 => &[SignatureScheme::ECDSA_NISTP384_SHA384],
        }
    }
}

impl SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = *self.kind.schemes().iter().find(|scheme| offered.contains(scheme))?;
        Some(Box::new(OneSigner { shared: self.shared.clone(), scheme }))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        if self.kind == Kind::Rsa { SignatureAlgorithm::RSA } else { SignatureAlgorithm::ECDSA }
    }
}

impl Signer for OneSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let signed = match self.scheme {
            SignatureScheme::RSA_PKCS1_SHA256 => self.pkcs1(message, &digest::SHA256, &SHA256_PREFIX),
            SignatureScheme::RSA_PKCS1_SHA384 => self.pkcs1(message, &digest::SHA384, &SHA384_PREFIX),
            SignatureScheme::RSA_PKCS1_SHA512 => self.pkcs1(message, &digest::SHA512, &SHA512_PREFIX),
            SignatureScheme::RSA_PSS_SHA256 => {
                self.pss(message, &digest::SHA256, (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256))
            }
            SignatureScheme::RSA_PSS_SHA384 => {
                self.pss(message, &digest::SHA384, (MechanismType::SHA384, PkcsMgfType::MGF1_SHA384))
            }
            SignatureScheme::RSA_PSS_SHA512 => {
                self.pss(message, &digest::SHA512, (MechanismType::SHA512, PkcsMgfType::MGF1_SHA512))
            }
            SignatureScheme::ECDSA_NISTP256_SHA256 => self.ecdsa(message, &digest::SHA256),
            _ => self.ecdsa(message, &digest::SHA384),
        };
        signed.map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            rustls::Error::General(format!("{error}{cause}"))
        })
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

impl OneSigner {
    /// RFC 8017 §9.2: the device pads the DigestInfo.
    fn pkcs1(&self, message: &[u8], hash: &'static digest::Algorithm, prefix: &[u8]) -> Result<Vec<u8>, Error> {
        let digest = digest::digest(hash, message);
        self.shared.sign(&Mechanism::RsaPkcs, &[prefix, digest.as_ref()].concat())
    }

    fn pss(
        &self,
        message: &[u8],
        hash: &'static digest::Algorithm,
        (hash_alg, mgf): (MechanismType, PkcsMgfType),
    ) -> Result<Vec<u8>, Error> {
        let digest = digest::digest(hash, message);
        let s_len = (digest.as_ref().len() as u64).into();
        self.shared.sign(&Mechanism::RsaPkcsPss(PkcsPssParams { hash_alg, mgf, s_len }), digest.as_ref())
    }

    /// The device gives r and s side by side; TLS wants them as DER (RFC 3279 §2.2.3).
    fn ecdsa(&self, message: &[u8], hash: &'static digest::Algorithm) -> Result<Vec<u8>, Error> {
        let digest = digest::digest(hash, message);
        let both = self.shared.sign(&Mechanism::Ecdsa, digest.as_ref())?;
        let (r, s) = both.split_at(both.len() / 2);
        let content = [integer(r), integer(s)].concat();
        // Two numbers of 48 bytes fit a length of one byte.
        Ok([&[0x30, content.len() as u8][..], &content].concat())
    }
}

/// A number without sign as DER INTEGER.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count().min(bytes.len().saturating_sub(1));
    let bytes = &bytes[zeros..];
    let sign: &[u8] = if bytes.first().is_some_and(|first| *first >= 0x80) { &[0] } else { &[] };
    [&[0x02, (sign.len() + bytes.len()) as u8][..], sign, bytes].concat()
}

impl std::fmt::Debug for Key {
    /// The PIN is not shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({:?} in a device)", self.kind)
    }
}

impl std::fmt::Debug for OneSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OneSigner({:?})", self.scheme)
    }
}

/// `namedCurve`, DER (RFC 5480 §2.1.1.1).
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: [u8; 7] = [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
/// `DigestInfo` up to the digest (RFC 8017 §9.2, note 1).
const SHA256_PREFIX: [u8; 19] = digest_info([0x31, 0x0d, 0x01, 0x05, 0x20]);
const SHA384_PREFIX: [u8; 19] = digest_info([0x41, 0x0d, 0x02, 0x05, 0x30]);
const SHA512_PREFIX: [u8; 19] = digest_info([0x51, 0x0d, 0x03, 0x05, 0x40]);

const fn digest_info([whole, algorithm, hash, null, length]: [u8; 5]) -> [u8; 19] {
    [
        0x30, whole, 0x30, algorithm, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, hash, null, 0x00,
        0x04, length,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_names_token_key_and_module() {
        let uri = Uri::parse("pkcs11:object=my%20key;token=B%E1%BB%99?module-path=/m.so").expect("a URI");
        assert_eq!((uri.token.as_str(), uri.object.as_str()), ("B\u{1ed9}", "my key"));
        assert_eq!(uri.module, Path::new("/m.so"));
        let wrong = [
            "",
            "pkcs11:",
            "pkcs11:token=a;object=b",
            "pkcs11:token=a?module-path=/m.so",
            "pkcs11:object=a?module-path=/m.so",
            "pkcs11:token=a;object=%C3?module-path=/m.so",
            "pkcs11:token=a;object=%2?module-path=/m.so",
        ];
        for uri in wrong {
            assert!(matches!(open(uri, b"1"), Err(Error::Uri)), "{uri}");
        }
        let with_pin = "pkcs11:token=a;object=b?module-path=/m.so&pin-value=1234";
        assert!(matches!(open(with_pin, b"1"), Err(Error::PinInUri)));
        let nowhere = "pkcs11:token=a;object=b?module-path=/no/module.so";
        assert!(matches!(open(nowhere, b"1"), Err(Error::Device(_))));
    }

    #[test]
    fn a_number_becomes_the_shortest_integer_without_sign() {
        assert_eq!(integer(&[0, 0, 0]), [2, 1, 0]);
        assert_eq!(integer(&[0, 1]), [2, 1, 1]);
        assert_eq!(integer(&[0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(integer(&[0xff, 1]), [2, 3, 0, 0xff, 1]);
    }
}
