//! The files of `[tls]` and of services' trust → acceptor and connectors, at start and again when they change.

use std::path::PathBuf;

use super::keys::Keys;
use super::signature::SignatureFiles;
use crate::clock::UnixMillis;
use crate::http::ALPN;
use crate::inbound::signed;
use crate::pki::{Expiry, Identity, KeyFile, StaleCrls, Trust};
use crate::problem::{Place, Problems};
use crate::tls::{Acceptor, Connector, SetupError};

/// Where keys, anchors and lists stand.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The gateway's chain.
    pub certificate: PathBuf,
    /// Its key.
    pub key: KeyFile,
    /// Who signs the certificates of members.
    pub client_trust: Vec<PathBuf>,
    /// Revocation lists, of whichever anchors.
    pub crls: Vec<PathBuf>,
    /// What a stale list means.
    pub stale_crls: StaleCrls,
    /// Of each service, in order, who signs its certificate; `None`: as of members.
    pub services: Vec<Option<Vec<PathBuf>>>,
    /// Of messages' signatures.
    pub signature: SignatureFiles,
}

/// What was made of them.
#[derive(Debug)]
pub struct Tls {
    /// For partners.
    pub acceptor: Acceptor,
    /// For each service, in order.
    pub connectors: Vec<Connector>,
    /// What messages are verified and answers signed by.
    pub signature: signed::Keys,
    /// When any of it stops being good.
    pub expiries: Vec<Expiry>,
}

impl TlsFiles {
    /// Reads the keys of `[tls]`; what services and signatures name was read before.
    pub(super) fn of(
        keys: &mut Keys<'_, '_>,
        services: Vec<Option<Vec<PathBuf>>>,
        signature: Option<SignatureFiles>,
    ) -> Option<Self> {
        keys.only(&["certificate", "key", "key_passphrase", "client_trust", "crls", "stale_crls"]);
        let certificate = keys.path("certificate");
        let key = key_file(keys);
        let client_trust = keys.paths("client_trust");
        let crls = if keys.has("crls") { keys.paths("crls") } else { Some(Vec::new()) };
        let stale_crls = keys.parsed("stale_crls", Some("refuse"), "write \"refuse\" or \"warn\"", |text| match text {
            "refuse" => Some(StaleCrls::Refuse),
            "warn" => Some(StaleCrls::Warn),
            _ => None,
        });
        Some(Self {
            certificate: certificate?,
            key: key?,
            client_trust: client_trust?,
            crls: crls?,
            stale_crls: stale_crls?,
            services,
            signature: signature?,
        })
    }

    /// Reads the files. All problems are added; `None` where connections cannot be made by them.
    pub fn load(&self, now: UnixMillis, problems: &mut Problems) -> Option<Tls> {
        let identity = Identity::load(&self.certificate, self.key.clone(), now, problems);
        let trust = |anchors: &[PathBuf], problems: &mut Problems| {
            Trust::load(anchors, &self.crls, self.stale_crls, now, problems)
        };
        let clients = trust(&self.client_trust, problems);
        let services: Vec<Option<Trust>> = self
            .services
            .iter()
            .map(|own| own.as_ref().map_or_else(|| clients.clone(), |anchors| trust(anchors, problems)))
            .collect();
        let services: Option<Vec<Trust>> = services.into_iter().collect();
        let (identity, clients, services) = (identity?, clients?, services?);
        let signature = self.signature.load((&identity, &clients), (&self.crls, self.stale_crls), now, problems);
        let mut usable = |error: SetupError| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            let remedy = "name a certificate, its key and CA certificates";
            problems.error(Place::file(&self.certificate), format!("{error}{cause}"), remedy);
        };
        let acceptor = Acceptor::new(&identity, &clients, &ALPN).map_err(&mut usable).ok();
        let connector = |trust| Connector::new(&identity, trust, &["h2"]).map_err(&mut usable).ok();
        let connectors: Option<Vec<Connector>> = services.iter().map(connector).collect();
        let signature = signature?;
        let mut expiries = vec![identity.expiry().clone()];
        let signing = signature.signer.iter().map(|signer| signer.identity().expiry());
        let trusts = [&clients, &signature.trust].into_iter().chain(&services).flat_map(Trust::expiries);
        for expiry in signing.chain(trusts) {
            // They may share certificates, anchors and lists.
            if !expiries.contains(expiry) {
                expiries.push(expiry.clone());
            }
        }
        Some(Tls { acceptor: acceptor?, connectors: connectors?, signature, expiries })
    }

    /// All files that are read.
    pub fn paths(&self) -> Vec<PathBuf> {
        let mut paths = vec![self.certificate.clone()];
        paths.extend(self.key.files());
        let services = self.services.iter().flatten();
        let lists = [&self.client_trust, &self.crls].into_iter().chain(services);
        paths.extend(lists.flatten().cloned());
        paths.extend(self.signature.paths());
        paths
    }
}

/// `key` and `key_passphrase` of a table: a file, or a key in a device.
pub(super) fn key_file(keys: &mut Keys<'_, '_>) -> Option<KeyFile> {
    let path = keys.text("key").map(|(_, text)| match KeyFile::from(text).device() {
        Some(_) => PathBuf::from(text),
        None => keys.relative(text),
    });
    let passphrase = keys.optional_text("key_passphrase").map(|path| keys.relative(path));
    Some(KeyFile { path: path?, passphrase })
}
