//! Whether a certificate chain is to be trusted: anchors, revocation lists, and the verdicts already given.
//!
//! * A chain is trusted when it leads to an anchor by RFC 5280 §6, every certificate of it but the anchor is within its
//!   dates, and none is on a list of its issuer.
//! * An issuer of whom there is no list is not asked about; [`Trust::load`] warns of each anchor that has none.
//! * A list is believed when a key of its issuer signed it. One that no such key signed refuses all that it is about.
//! * A list past its `nextUpdate` refuses all that it is about, unless [`StaleCrls::Warn`]: it may have revoked more.
//! * A good verdict is kept until the first date in it passes. So a member's next handshake, a resumed session and each
//!   further signature cost a look-up. A bad verdict is not kept: nobody fills the memory with chains of their own.

use std::cell::Cell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use rustls::RootCertStore;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{Cert, EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage, VerifiedPath};
use x509_parser::oid_registry::OID_X509_EXT_EXTENDED_KEY_USAGE;
use x509_parser::prelude::{FromDer, X509Certificate, X509Extension};

use super::crl::{self, Crl};
use super::expiry::{Expiry, ExpiryKind};
use super::pem;
use crate::clock::UnixMillis;
use crate::crypto::Digest;
use crate::crypto::certificate::Certificate;
use crate::problem::{Place, Problems};

/// Who may vouch for others. A clone is the same trust, and shares its verdicts.
#[derive(Debug, Clone)]
pub struct Trust {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    generation: Generation,
    anchors: Arc<RootCertStore>,
    crls: Vec<Crl>,
    stale: StaleCrls,
    expiries: Vec<Expiry>,
    /// By chain and usage: trusted until.
    verdicts: Mutex<HashMap<Digest, UnixMillis>>,
}

/// Tells one [`Trust`] from every other of this process. What was judged by one holds as long as it is the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Generation(u64);

/// What a list past its `nextUpdate` means for the certificates that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StaleCrls {
    /// They are refused.
    #[default]
    Refuse,
    /// They are judged by the old list.
    Warn,
}

/// What a certificate is shown for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Usage {
    /// By a TLS client: an extended key usage, where there is one, has `clientAuth`.
    ClientAuth,
    /// By a TLS server: `serverAuth`, likewise.
    ServerAuth,
    /// With a signed message: nothing is asked of the extended key usage; a key usage, where there is one, has
    /// `digitalSignature` or `nonRepudiation` (RFC 5280 §4.2.1.3).
    Signature,
    /// With a time-stamp: the extended key usage is there, critical, and `timeStamping` alone (RFC 3161 §2.3); an issuer's,
    /// where there is one, has `timeStamping`; the key usage as for [`Usage::Signature`].
    TimeStamping,
}

/// Why a chain is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Untrusted {
    /// It leads to no trust anchor.
    #[error("the certificate's issuer is not trusted")]
    NoAnchor,
    /// The issuer it names did not sign it.
    #[error("the certificate is not signed by the issuer it names")]
    BadSignature,
    /// A certificate of the chain is past `notAfter`.
    #[error("the certificate, or an issuer's, has expired")]
    Expired,
    /// A certificate of the chain is before `notBefore`.
    #[error("the certificate, or an issuer's, is not valid yet")]
    NotYetValid,
    /// A certificate of the chain is on its issuer's list.
    #[error("the certificate, or an issuer's, is revoked")]
    Revoked,
    /// There is a list of the issuer's name, but no key of the issuer signed it.
    #[error("the issuer's revocation list is not signed by the issuer")]
    RevocationUnknown,
    /// The issuer's list is past `nextUpdate`.
    #[error("the issuer's revocation list is stale")]
    StaleCrl,
    /// It may not be used for this.
    #[error("the certificate is not for this use")]
    Usage,
    /// A certificate of the chain cannot be read.
    #[error("the certificate is not readable")]
    Malformed,
    /// It breaks a rule of RFC 5280 §6: path length, name constraints, an unknown critical extension, a weak or unknown
    /// algorithm.
    #[error("the chain breaks a rule of RFC 5280")]
    Chain,
}

impl Trust {
    /// Reads trust anchors (PEM, one or more certificates each) and revocation lists (PEM or DER).
    ///
    /// Problems: what cannot be read or is signed by somebody else; as warnings an anchor without a list where there are
    /// lists, a stale list, and what expires soon. `None` where anything is missing.
    pub fn load(
        anchors: &[impl AsRef<Path>],
        crls: &[impl AsRef<Path>],
        stale: StaleCrls,
        now: UnixMillis,
        problems: &mut Problems,
    ) -> Option<Self> {
        let crls = crl::load(crls, problems);
        let found = Anchors::load(anchors, problems);
        let (found, crls) = (found?, crls?);
        found.check_lists(&crls, problems).then_some(())?;
        let expiries: Vec<Expiry> =
            found.expiries.into_iter().chain(crls.iter().map(|crl| crl.expiry.clone())).collect();
        for expiry in &expiries {
            expiry.report(now, problems);
        }
        Some(Self {
            shared: Arc::new(Shared {
                generation: Generation(GENERATIONS.fetch_add(1, Ordering::Relaxed)),
                anchors: Arc::new(found.store),
                crls,
                stale,
                expiries,
                verdicts: Mutex::default(),
            }),
        })
    }

    /// Reads trust anchors for a place that has no revocation lists.
    pub fn of_anchors(anchors: &[impl AsRef<Path>], now: UnixMillis, problems: &mut Problems) -> Option<Self> {
        Self::load(anchors, &[] as &[&Path], StaleCrls::default(), now, problems)
    }

    /// Which trust this is.
    pub fn generation(&self) -> Generation {
        self.shared.generation
    }

    /// When its anchors and lists stop being good.
    pub fn expiries(&self) -> &[Expiry] {
        &self.shared.expiries
    }

    /// Whether a chain (leaf first) is trusted for a use at a time.
    pub fn check(&self, chain: &[CertificateDer<'_>], usage: Usage, now: UnixMillis) -> Result<(), Untrusted> {
        self.trusted_until(chain, usage, now).map(drop)
    }

    /// [`Self::check`], and until when that holds while this is the current trust.
    pub fn trusted_until(
        &self,
        chain: &[CertificateDer<'_>],
        usage: Usage,
        now: UnixMillis,
    ) -> Result<UnixMillis, Untrusted> {
        let key = verdict_key(chain, usage);
        let verdicts = || self.shared.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = verdicts().get(&key).copied().filter(|until| now < *until) {
            return Ok(until);
        }
        let until = self.judge(chain, usage, now)?;
        let mut verdicts = verdicts();
        if verdicts.len() >= VERDICTS_MAX {
            verdicts.clear();
        }
        verdicts.insert(key, until);
        Ok(until)
    }

    /// Whether a chain (leaf first) was trusted for a use at a time that need not be now. No verdict is kept: a kept one
    /// says until when it holds, and not since when.
    ///
    /// Lists are today's: what they revoke is refused at any time, since a stolen key writes any time. They are stale
    /// where they were at that time.
    pub fn check_past(&self, chain: &[CertificateDer<'_>], usage: Usage, at: UnixMillis) -> Result<(), Untrusted> {
        self.judge(chain, usage, at).map(drop)
    }

    pub(crate) fn anchors(&self) -> &Arc<RootCertStore> {
        &self.shared.anchors
    }

    fn judge(&self, chain: &[CertificateDer<'_>], usage: Usage, now: UnixMillis) -> Result<UnixMillis, Untrusted> {
        let (leaf, others) = chain.split_first().ok_or(Untrusted::Malformed)?;
        let end = EndEntityCert::try_from(leaf).map_err(|error| untrusted(&error))?;
        usage.check_leaf(leaf)?;
        // The path's own judgement has no word for each of ours, so ours is told beside it.
        let told = Cell::new(None);
        let until = Cell::new(UnixMillis(i64::MAX));
        let judge = |path: &VerifiedPath<'_>| match self.unrevoked(path, now) {
            Ok(fresh) => {
                until.set(fresh);
                Ok(())
            }
            Err(error) => {
                told.set(Some(error));
                Err(webpki::Error::CertRevoked)
            }
        };
        let seconds = u64::try_from(now.0 / 1000).unwrap_or_default();
        let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let anchors = &self.shared.anchors.roots;
        let path = end.verify_for_usage(algorithms().all, anchors, others, time, usage, None, Some(&judge));
        let path = path.map_err(|error| told.take().unwrap_or_else(|| untrusted(&error)))?;
        let mut until = until.get();
        for certificate in certificates(&path) {
            let certificate = Certificate::from_der(&certificate.der()).ok_or(Untrusted::Malformed)?;
            until = until.min(certificate.not_after);
        }
        Ok(until)
    }

    /// Whether no list names a certificate of the path; until when the lists say so.
    fn unrevoked(&self, path: &VerifiedPath<'_>, now: UnixMillis) -> Result<UnixMillis, Untrusted> {
        let certificates = certificates(path);
        let mut until = UnixMillis(i64::MAX);
        for (at, certificate) in certificates.iter().enumerate() {
            let lists = || self.shared.crls.iter().filter(|crl| crl.scope.issuer == certificate.issuer());
            for crl in lists() {
                let issuer = certificates.get(at + 1).map(|issuer| issuer.subject_public_key_info());
                let issuer = issuer.unwrap_or_else(|| webpki::spki_for_anchor(path.anchor()));
                if !crl.is_proven_by(&issuer) {
                    return Err(Untrusted::RevocationUnknown);
                }
            }
            if lists().any(|crl| crl.revokes(certificate.serial())) {
                return Err(Untrusted::Revoked);
            }
            if self.shared.stale == StaleCrls::Refuse {
                let fresh = lists().map(|crl| crl.expiry.until).min().unwrap_or(until);
                if now >= fresh {
                    return Err(Untrusted::StaleCrl);
                }
                until = until.min(fresh);
            }
        }
        Ok(until)
    }
}

/// The certificates of a path, leaf first, without its anchor.
fn certificates<'p>(path: &'p VerifiedPath<'p>) -> Vec<&'p Cert<'p>> {
    let leaf: &Cert<'_> = path.end_entity();
    std::iter::once(leaf).chain(path.intermediate_certificates()).collect()
}

struct Anchors {
    store: RootCertStore,
    /// One for each of the store.
    expiries: Vec<Expiry>,
}

impl Anchors {
    fn load(files: &[impl AsRef<Path>], problems: &mut Problems) -> Option<Self> {
        let mut found = Self { store: RootCertStore::empty(), expiries: Vec::new() };
        let mut is_sound = true;
        for file in files {
            let file = file.as_ref();
            let Some(certificates) = pem::certificates(file, problems) else {
                is_sound = false;
                continue;
            };
            for certificate in certificates {
                let read = Certificate::from_der(&certificate);
                match (found.store.add(certificate), read) {
                    (Ok(()), Some(read)) => found.expiries.push(Expiry::of(ExpiryKind::Anchor, &read, file)),
                    (Ok(()), None) => {
                        problems.error(Place::file(file), "a certificate is not readable", "name a CA certificate");
                        is_sound = false;
                    }
                    (Err(error), _) => {
                        problems.error(Place::file(file), format!("no trust anchor: {error}"), "name a CA certificate");
                        is_sound = false;
                    }
                }
            }
        }
        (is_sound && !found.store.is_empty()).then_some(found)
    }

    /// Proves the lists of these anchors; `false` where somebody else signed one.
    fn check_lists(&self, crls: &[Crl], problems: &mut Problems) -> bool {
        let mut is_sound = true;
        for crl in crls {
            let mut issuers = self.store.roots.iter().filter(|root| *root.subject == *crl.scope.issuer).peekable();
            let (place, name) = (Place::file(&crl.expiry.file), &crl.expiry.name);
            if issuers.peek().is_none() {
                problems
                    .note(place, format!("{name}, whose CRL it is, is no trust anchor: taken for an issuer below one"));
            } else if !issuers.any(|issuer| crl.is_proven_by(&webpki::spki_for_anchor(issuer))) {
                problems.error(place, format!("the CRL is not signed by {name}"), "fetch it from its issuer");
                is_sound = false;
            }
        }
        for (root, expiry) in self.store.roots.iter().zip(&self.expiries).filter(|_| !crls.is_empty()) {
            if !crls.iter().any(|crl| *crl.scope.issuer == *root.subject) {
                let fact = format!("trust anchor {} has no CRL: what it issued is never revoked", expiry.name);
                problems.warning(Place::file(&expiry.file), fact, "add its CRL to crls");
            }
        }
        is_sound
    }
}

impl Usage {
    fn check_leaf(self, leaf: &CertificateDer<'_>) -> Result<(), Untrusted> {
        if matches!(self, Self::ClientAuth | Self::ServerAuth) {
            return Ok(());
        }
        let (_, certificate) = X509Certificate::from_der(leaf).map_err(|_| Untrusted::Malformed)?;
        let purposes = certificate.get_extension_unique(&OID_X509_EXT_EXTENDED_KEY_USAGE);
        let purposes = purposes.map_err(|_| Untrusted::Malformed)?;
        let is_alone = |purposes: &X509Extension<'_>| purposes.critical && purposes.value == TIME_STAMPING_ALONE;
        if self == Self::TimeStamping && !purposes.is_some_and(is_alone) {
            return Err(Untrusted::Usage);
        }
        match certificate.key_usage().map_err(|_| Untrusted::Malformed)? {
            Some(usage) if !usage.value.digital_signature() && !usage.value.non_repudiation() => Err(Untrusted::Usage),
            _ => Ok(()),
        }
    }
}

impl ExtendedKeyUsageValidator for Usage {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        match self {
            Self::ClientAuth => KeyUsage::client_auth().validate(purposes),
            Self::ServerAuth => KeyUsage::server_auth().validate(purposes),
            Self::Signature => Ok(()),
            Self::TimeStamping => KeyUsage::required_if_present(TIME_STAMPING).validate(purposes),
        }
    }
}

/// The signature algorithms of certificates and lists: RSA PKCS#1 and PSS, ECDSA, Ed25519, with SHA-256 and up.
pub(super) fn algorithms() -> WebPkiSupportedAlgorithms {
    static ALGORITHMS: LazyLock<WebPkiSupportedAlgorithms> =
        LazyLock::new(|| rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms);
    *ALGORITHMS
}

fn verdict_key(chain: &[CertificateDer<'_>], usage: Usage) -> Digest {
    let mut bytes = vec![usage as u8];
    for certificate in chain {
        bytes.extend_from_slice(&(certificate.len() as u64).to_be_bytes());
        bytes.extend_from_slice(certificate);
    }
    Digest::of(&bytes)
}

fn untrusted(error: &webpki::Error) -> Untrusted {
    use webpki::Error;
    match error {
        Error::UnknownIssuer => Untrusted::NoAnchor,
        Error::InvalidSignatureForPublicKey => Untrusted::BadSignature,
        Error::CertExpired { .. } => Untrusted::Expired,
        Error::CertNotValidYet { .. } => Untrusted::NotYetValid,
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => Untrusted::Usage,
        Error::BadDer
        | Error::BadDerTime
        | Error::ExtensionValueInvalid
        | Error::InvalidCertValidity
        | Error::InvalidSerialNumber
        | Error::MalformedExtensions
        | Error::TrailingData(_)
        | Error::UnsupportedCertVersion => Untrusted::Malformed,
        // webpki's list is open.
        _ => Untrusted::Chain,
    }
}

/// `id-kp-timeStamping`, 1.3.6.1.5.5.7.3.8 (RFC 5280 §4.2.1.12).
const TIME_STAMPING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 8];
/// An extended key usage of that purpose only.
const TIME_STAMPING_ALONE: &[u8] = &[0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 8];
static GENERATIONS: AtomicU64 = AtomicU64::new(1);
/// Verdicts kept, some 100 bytes each; all are forgotten when there are more.
const VERDICTS_MAX: usize = 4096;
