//! `[signature]`: how messages are verified and answers signed, at start and again when its files change.

use std::path::PathBuf;

use toml::de::DeTable;

use super::keys::Keys;
use super::tls::key_file;
use crate::clock::UnixMillis;
use crate::crypto::signature::{Algorithm, Hash, Scheme};
use crate::inbound;
use crate::member::Registry;
use crate::pki::{Identity, KeyFile, StaleCrls, Trust};
use crate::problem::{Place, Problems};
use crate::wsse::sign::Signer;
use crate::wsse::timestamp::Tolerance;

/// `[signature]` as written.
#[derive(Debug, Clone)]
pub struct SignatureFiles {
    /// Who signs the certificates of members' signatures; `None`: who signs those of their connections.
    pub trust: Option<Vec<PathBuf>>,
    /// The certificate that answers are signed with, and its key; `None`: those of `[tls]`.
    pub identity: Option<(PathBuf, KeyFile)>,
    /// How; `None`: as is usual for the key.
    pub algorithm: Option<Algorithm>,
    /// How clocks may differ and how old a message may be.
    pub tolerance: Tolerance,
}

impl SignatureFiles {
    /// Reads the table, which may be left out.
    pub(super) fn of(root: &mut Keys<'_, '_>) -> Option<Self> {
        let empty = DeTable::new();
        let mut keys = match root.has("signature") {
            true => root.table("signature")?,
            false => Keys {
                name: "signature",
                table: &empty,
                at: 0,
                text: root.text,
                file: root.file,
                problems: root.problems,
            },
        };
        keys.only(&["trust", "certificate", "key", "key_passphrase", "algorithm", "clock_skew_ms", "age_ms_max"]);
        let trust = if keys.has("trust") { Some(keys.paths("trust")?) } else { None };
        let identity = match keys.has("certificate") || keys.has("key") {
            true => {
                let (certificate, key) = (keys.path("certificate"), key_file(&mut keys));
                Some((certificate?, key?))
            }
            false => None,
        };
        let algorithm = match keys.has("algorithm") {
            true => Some(keys.parsed("algorithm", None, ALGORITHMS, parse)?),
            false => None,
        };
        let default = Tolerance::default();
        let clock_skew_ms = keys.integer("clock_skew_ms", default.clock_skew_ms, 0..=3_600_000);
        let age_ms_max = keys.integer("age_ms_max", default.age_ms_max, 1_000..=86_400_000);
        let tolerance = Tolerance { clock_skew_ms: clock_skew_ms?, age_ms_max: age_ms_max? };
        Some(Self { trust, identity, algorithm, tolerance })
    }

    /// Reads the files; what is left out is `[tls]`'s. All problems are added; `None` where nothing can be made of them.
    pub(super) fn load(
        &self,
        tls: (&Identity, &Trust),
        lists: (&[PathBuf], StaleCrls),
        now: UnixMillis,
        problems: &mut Problems,
    ) -> Option<inbound::signed::Keys> {
        let trust = match &self.trust {
            Some(anchors) => Trust::load(anchors, lists.0, lists.1, now, problems),
            None => Some(tls.1.clone()),
        };
        let identity = match &self.identity {
            Some((certificate, key)) => Identity::load(certificate, key.clone(), now, problems)?,
            None => tls.0.clone(),
        };
        let signer = match Signer::new(identity, self.algorithm, HOLDS_MS) {
            Ok(signer) => Some(signer),
            // Who names neither a key nor an algorithm need not want signatures.
            Err(_) if self.identity.is_none() && self.algorithm.is_none() => None,
            Err(error) => {
                let place = self.identity.as_ref().map_or_else(Place::default, |(file, _)| Place::file(file));
                problems.error(place, format!("answers cannot be signed: {error}"), KEYS);
                return None;
            }
        };
        Some(inbound::signed::Keys { trust: trust?, signer })
    }

    /// All files that are read.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let mut paths = self.trust.clone().unwrap_or_default();
        if let Some((certificate, key)) = &self.identity {
            paths.push(certificate.clone());
            paths.extend(key.files());
        }
        paths
    }
}

/// Adds a problem where somebody wants signed answers that nothing can sign.
pub fn check_signed_answers(members: &Registry, has_signer: bool, problems: &mut Problems) {
    if let (Some(member), false) = (members.wants_signed_answers(), has_signer) {
        let fact = format!("member {member} wants signed answers, and the key of [tls] cannot sign them");
        problems.error(Place::default(), fact, "name certificate and key in [signature]: RSA, P-256 or P-384");
    }
}

fn parse(text: &str) -> Option<Algorithm> {
    let (scheme, hash) = text.rsplit_once('-')?;
    let scheme = match scheme {
        "rsa" => Scheme::RsaPkcs1,
        "rsa-pss" => Scheme::RsaPss,
        "ecdsa" => Scheme::Ecdsa,
        _ => return None,
    };
    let hash = match hash {
        "sha256" => Hash::Sha256,
        "sha384" => Hash::Sha384,
        "sha512" => Hash::Sha512,
        _ => return None,
    };
    Some(Algorithm { scheme, hash })
}

const ALGORITHMS: &str = "write rsa-sha256, rsa-pss-sha256, ecdsa-sha256, or one of these with sha384 or sha512";
const KEYS: &str = "name a key of RSA (2048 bits or more), P-256 (signs with sha256) or P-384 (with sha384)";
/// How long an answer's Timestamp lets it hold.
const HOLDS_MS: i64 = 300_000;
