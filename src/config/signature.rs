//! `[signature]`: how messages are verified and answers signed.

use toml::de::DeTable;

use super::keys::Keys;
use crate::clock::UnixMillis;
use crate::crypto::signature::{Algorithm, Hash, Scheme};
use crate::pki::{Identity, KeyFile, Trust};
use crate::wsse::sign::Signer;
use crate::wsse::timestamp::Tolerance;

/// `[signature]`, checked.
#[derive(Debug)]
pub struct Signature {
    /// Who signs the certificates of members' signatures.
    pub trust: Trust,
    /// What signs answers; `None` where `[tls]`'s key cannot and no other is named.
    pub signer: Option<Signer>,
    /// How clocks may differ and how old a message may be.
    pub tolerance: Tolerance,
}

/// Reads the table; what it leaves out is `[tls]`'s.
pub(super) fn read(root: &mut Keys<'_, '_>, tls: &Identity, trust: &Trust, now: UnixMillis) -> Option<Signature> {
    let empty = DeTable::new();
    let mut keys = match root.has("signature") {
        true => root.table("signature")?,
        false => {
            Keys { name: "signature", table: &empty, at: 0, text: root.text, file: root.file, problems: root.problems }
        }
    };
    keys.only(&["trust", "certificate", "key", "key_passphrase", "algorithm", "clock_skew_ms", "age_ms_max"]);
    let trust = match keys.has("trust") {
        true => keys.paths("trust").and_then(|files| Trust::of_anchors(&files, now, keys.problems)),
        false => Some(trust.clone()),
    };
    let own = match keys.has("certificate") || keys.has("key") {
        true => {
            let (certificate, key) = (keys.path("certificate"), keys.path("key"));
            let passphrase = keys.has("key_passphrase").then(|| keys.path("key_passphrase")).flatten();
            let key = KeyFile { path: key?, passphrase };
            Some(Identity::load(&certificate?, key, now, keys.problems)?)
        }
        false => None,
    };
    let algorithm = match keys.has("algorithm") {
        true => keys.parsed("algorithm", None, ALGORITHMS, |text| parse(text).map(Some)),
        false => Some(None),
    };
    let default = Tolerance::default();
    let clock_skew_ms = keys.integer("clock_skew_ms", default.clock_skew_ms, 0..=3_600_000);
    let age_ms_max = keys.integer("age_ms_max", default.age_ms_max, 1_000..=86_400_000);
    let algorithm = algorithm?;
    let signer = match Signer::new(own.as_ref().unwrap_or(tls).clone(), algorithm, HOLDS_MS) {
        // Who names neither a key nor an algorithm need not want signatures.
        Err(_) if own.is_none() && algorithm.is_none() => None,
        Err(error) => {
            keys.wrong(keys.at, format!("answers cannot be signed: {error}"), KEYS);
            return None;
        }
        Ok(signer) => Some(signer),
    };
    let tolerance = Tolerance { clock_skew_ms: clock_skew_ms?, age_ms_max: age_ms_max? };
    Some(Signature { trust: trust?, signer, tolerance })
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
const KEYS: &str =
    "name certificate and key of RSA (2048 bits or more), P-256 (signs with sha256) or P-384 (with sha384)";
/// How long an answer's Timestamp lets it hold.
const HOLDS_MS: i64 = 300_000;
