//! Settings of the gateway: `lienthong serve --config FILE`, everything they name read and checked.
//!
//! ```toml
//! members  = "members.toml"                  # who may call; paths are relative to this file
//! store    = "lienthong.db"                  # what must outlive a restart: a file; this is the default
//!                                            # or a database that several gateways share, each with a name of its own:
//!                                            # "postgres://USER@HOST:5432/NAME?sslmode=verify-full&sslrootcert=pki/db-ca.crt"
//! store_password = "db.pass"                 # the file of its password, where the URL has none
//! keep_days = 30                             # answers, for repeats by the same message id; this is the default
//! name     = "gateway"                       # of this gateway's chain of evidence; this is the default
//! language = "vi"                            # of fault texts in SOAP 1.1: vi (default) or en
//!
//! [listen]
//! soap  = "0.0.0.0:8443"                     # partners, mutual TLS; port 0 takes a free one
//! admin = "127.0.0.1:9090"                   # operators, plain HTTP: health and metrics
//!
//! [tls]
//! certificate  = "pki/gateway.crt"           # with its chain
//! key          = "pki/gateway.key"           # PEM; mode 600
//!                                            # or in a device, with the cargo feature pkcs11:
//!                                            # "pkcs11:token=TOKEN;object=LABEL?module-path=FILE"
//! key_passphrase = "pki/gateway.pass"        # the file of its passphrase or PIN, where the key has one
//! client_trust = ["pki/ca.crt"]              # who signs the certificates of members
//! crls         = ["pki/ca.crl"]              # revocation lists, PEM or DER; none where left out
//! stale_crls   = "refuse"                    # past their next update: refuse (default) whom they are about, or warn
//!
//! [reload]                                   # of [tls], trust, members and the certificates those name
//! every_s = 5                                # how often they are looked at; SIGHUP: at once; this is the default
//!
//! [signature]                                # of messages, for members whose file asks for it; may be left out
//! trust         = ["pki/ca.crt"]             # who signs their certificates; client_trust where left out
//! certificate   = "pki/sign.crt"             # with its key it signs our answers; those of [tls] where left out
//! key           = "pki/sign.key"
//! key_passphrase = "pki/sign.pass"           # where the key is encrypted
//! algorithm     = "rsa-sha256"               # rsa-, rsa-pss- or ecdsa- with sha256, sha384, sha512; by the key
//! clock_skew_ms = 60000                      # between clocks, either way
//! age_ms_max    = 300000                     # from a Timestamp's Created to its arrival
//!
//! [evidence]                                 # of what was said; may be left out
//! keys         = "lienthong.keys"            # seal kept messages; made at the first start, mode 600: keep a copy
//! checkpoint_s = 10                          # how often the chain is signed, by the key of [signature]
//! level        = 5                           # of the system by TCVN 11930, 2 to 5: how long messages are kept
//! keep_days    = 366                         # or in days; this is level 5's
//! tsa          = "http://tsa.example/"       # who time-stamps checkpoints (RFC 3161); nobody where left out
//! tsa_trust    = ["pki/tsa-ca.crt"]          # who vouches for it
//! tsa_s        = 60                          # how often the newest checkpoint is stamped; it states all before it
//!
//! [[partner]]                                # one for each contract: POST /soap/<name>
//! name    = "hoso"
//! binding = "schemas/hoso/binding.toml"
//!
//! [[service]]                                # one for each internal gRPC service
//! name        = "dossier"
//! address     = "https://127.0.0.1:7443"
//! server_name = "localhost"                  # in its certificate; the host where left out
//! proto       = ["proto"]                    # folders of .proto files, or descriptor sets
//! trust       = ["pki/ca.crt"]               # who signs its certificate; client_trust where left out
//! connections = 2                            # this is the default
//!
//! [limits]                                   # these are the defaults
//! body_bytes_max = 16777216
//! bodies_bytes_max = 268435456               # all bodies held at once; more are told 503
//! body_ms_max    = 15000                     # from the first byte of a body to its last
//! call_ms_max    = 30000                     # of the internal service's answer
//! requests_max   = 1024                      # under way at once; more are told 503
//! depth_max      = 64                        # of a message; less where the partner's schema allows less
//! elements_max   = 200000                    # likewise
//!
//! [log]
//! format = "json"                            # json (default) or text
//! filter = "info"                            # `lienthong=debug,info`; of libraries nothing below info is written
//! ```
//! Files that `[reload]` is about are exchanged while connections live; a broken one changes nothing. This file itself is
//! read at start only.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use prost_reflect::DescriptorPool;
use toml::de::DeTable;

use super::evidence::Evidence;
use super::keys::Keys;
use super::signature::{SignatureFiles, check_signed_answers};
use super::store;
use super::tls::{Tls, TlsFiles};
use super::watch::{Watch, members_paths};
use crate::binding::plan::Partner;
use crate::clock::UnixMillis;
use crate::fault::text::Language;
use crate::grpc::{Address, Upstream};
use crate::inbound::{Limits, signed};
use crate::member::Registry;
use crate::pki::Expiry;
use crate::problem::{Place, Problems};
use crate::store::ledger;
use crate::telemetry::{LogFormat, is_log_filter};
use crate::tls::{Acceptor, Connector};
use crate::wsse::timestamp::Tolerance;
use crate::xml::limits::Limits as XmlLimits;

/// Everything the gateway needs, checked.
#[derive(Debug)]
pub struct Gateway {
    /// Where partners call.
    pub soap: SocketAddr,
    /// Where operators look.
    pub admin: SocketAddr,
    /// How partners' connections are accepted.
    pub acceptor: Acceptor,
    /// The compiled contracts.
    pub partners: Vec<Partner>,
    /// The internal services.
    pub services: Vec<Service>,
    /// Who may call.
    pub members: Registry,
    /// Where that is kept which must outlive a restart.
    pub store: ledger::Address,
    /// How long answers of operations that have an effect are kept for their repeats, milliseconds; `None`: not at all,
    /// for measuring.
    pub keep_ms: Option<i64>,
    /// This gateway's name: of its chain of evidence.
    pub name: String,
    /// What is kept of exchanges.
    pub evidence: Evidence,
    /// What messages are verified and answers signed by.
    pub signature: signed::Keys,
    /// How clocks may differ and how old a signed message may be.
    pub tolerance: Tolerance,
    /// Bounds of requests.
    pub limits: Limits,
    /// Language of fault texts where there is room for one.
    pub language: Language,
    /// How log events are written, and which.
    pub log: (LogFormat, String),
    /// What is exchanged while the gateway serves.
    pub reload: Reload,
}

/// Files that are read again when they change, and what was made of them.
#[derive(Debug)]
pub struct Reload {
    /// How often they are looked at.
    pub every: Duration,
    /// `members.toml`.
    pub members: PathBuf,
    /// As the members file and what it names were when it was read.
    pub members_seen: Watch,
    /// Keys, anchors, lists.
    pub tls: TlsFiles,
    /// As they were when they were read.
    pub tls_seen: Watch,
    /// Of each service, in order: clones of what its [`Upstream`] connects by.
    pub connectors: Vec<Connector>,
    /// When certificates and lists stop being good.
    pub expiries: Vec<Expiry>,
}

/// An internal service.
#[derive(Debug)]
pub struct Service {
    /// Its name in this configuration.
    pub name: String,
    /// Its gRPC services: `molisa.dossier.v1.DossierService`.
    pub services: Vec<String>,
    /// How it is called.
    pub upstream: Upstream,
}

/// Reads and checks a settings file with all it names: certificates, members, schemas, descriptors, bindings.
///
/// Everything wrong is added to `problems`; `None` where the gateway cannot start.
pub fn load(file: &Path, now: UnixMillis, problems: &mut Problems) -> Option<Gateway> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            problems.error(Place::file(file), format!("cannot be read: {error}"), "name a settings file");
            return None;
        }
    };
    let mut found = Problems::new();
    let settings = check(&text, file, now, &mut found);
    let usable = !found.has_errors();
    problems.append(found);
    settings.filter(|_| usable)
}

/// The members file that a settings file names, whatever else is wrong with it.
pub fn members_file(file: &Path, problems: &mut Problems) -> Option<PathBuf> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            problems.error(Place::file(file), format!("cannot be read: {error}"), "name a settings file");
            return None;
        }
    };
    let (root, _) = DeTable::parse_recoverable(&text);
    Keys { text: &text, file, name: "", table: root.get_ref(), at: 0, problems }.path("members")
}

/// Where a gateway's record is kept, and how.
#[derive(Debug, Clone)]
pub struct Record {
    /// The store.
    pub store: ledger::Address,
    /// Name of the gateway's chain.
    pub name: String,
    /// What is kept of exchanges.
    pub evidence: Evidence,
    /// How long answers are kept for repeats, milliseconds.
    pub keep_ms: i64,
}

/// What a settings file says of the record, whatever else is wrong with it.
pub fn record(file: &Path, now: UnixMillis, problems: &mut Problems) -> Option<Record> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            problems.error(Place::file(file), format!("cannot be read: {error}"), "name a settings file");
            return None;
        }
    };
    let (root, _) = DeTable::parse_recoverable(&text);
    record_of(&mut Keys { text: &text, file, name: "", table: root.get_ref(), at: 0, problems }, now)
}

fn record_of(root: &mut Keys<'_, '_>, now: UnixMillis) -> Option<Record> {
    let store = store::store(root);
    let keep_days = root.integer("keep_days", KEEP_DAYS, 1..=3650);
    let name = root.parsed("name", Some("gateway"), "write letters, digits and -, 1 to 64", |text| {
        let is_good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        ((1..=64).contains(&text.len()) && text.bytes().all(is_good)).then(|| text.to_owned())
    });
    let evidence = Evidence::of(root, keep_days.unwrap_or(KEEP_DAYS), now);
    Some(Record { store: store?, name: name?, evidence: evidence?, keep_ms: keep_days? * DAY_MS })
}

fn check(text: &str, file: &Path, now: UnixMillis, problems: &mut Problems) -> Option<Gateway> {
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let place = error.span().map_or(Place::file(file), |span| Place::at(file, text, span.start));
        problems.error(place, error.message(), "correct the file");
    }
    if !errors.is_empty() {
        return None;
    }
    let mut root = Keys { text, file, name: "", table: root.get_ref(), at: 0, problems };
    root.only(&[
        "members",
        "store",
        "store_password",
        "keep_days",
        "name",
        "evidence",
        "language",
        "listen",
        "tls",
        "signature",
        "reload",
        "partner",
        "service",
        "limits",
        "log",
    ]);
    let language = root.parsed("language", Some("vi"), "write \"vi\" or \"en\"", |text| match text {
        "vi" => Some(Language::Vietnamese),
        "en" => Some(Language::English),
        _ => None,
    });
    let listen = root.table("listen").and_then(|mut keys| {
        keys.only(&["soap", "admin"]);
        let address = |text: &str| text.parse::<SocketAddr>().ok();
        let soap = keys.parsed("soap", None, "write an address like \"0.0.0.0:8443\"", address);
        let admin = keys.parsed("admin", Some("127.0.0.1:9090"), "write an address like \"127.0.0.1:9090\"", address);
        soap.zip(admin)
    });
    let limits = limits(&mut root);
    let log = log(&mut root);
    let every = reload_every(&mut root);
    let signature = SignatureFiles::of(&mut root);
    let record = record_of(&mut root, now);
    let members_file = root.path("members");
    let (mut members_seen, mut tls_seen) = (Watch::default(), Watch::default());
    let members = members_file.as_ref().and_then(|path| {
        members_seen.has_changed(&members_paths(path));
        let members = Registry::load(path, root.problems)?;
        members.check_validity(path, now, root.problems);
        Some(members)
    });
    let services = services(&mut root);
    let trusts = services.iter().map(|draft| draft.trust.clone()).collect();
    let files = root.table("tls").and_then(|mut keys| TlsFiles::of(&mut keys, trusts, signature));
    let tls = files.as_ref().and_then(|files| {
        tls_seen.has_changed(&files.paths());
        files.load(now, root.problems)
    });
    if let Some((members, tls)) = members.as_ref().zip(tls.as_ref()) {
        check_signed_answers(members, tls.signature.signer.is_some(), root.problems);
    }
    let pools: Vec<DescriptorPool> = services.iter().filter_map(|draft| draft.pool.clone()).collect();
    let partners = partners(&mut root, &pools);
    if let (Some(members), Some(file), false) = (&members, &members_file, root.problems.has_errors()) {
        members.check_names(file, &names(&partners), root.problems);
    }
    let (soap, admin) = listen?;
    let record = record?;
    let Tls { acceptor, connectors, signature, expiries } = tls?;
    let services: Option<Vec<Service>> =
        services.into_iter().zip(&connectors).map(|(draft, connector)| draft.connected_by(connector)).collect();
    let reload =
        Reload { every: every?, members: members_file?, members_seen, tls: files?, tls_seen, connectors, expiries };
    Some(Gateway {
        soap,
        admin,
        acceptor,
        partners,
        services: services?,
        members: members?,
        store: record.store,
        keep_ms: Some(record.keep_ms),
        name: record.name,
        evidence: record.evidence,
        signature,
        tolerance: reload.tls.signature.tolerance,
        limits: limits?,
        language: language?,
        log: log?,
        reload,
    })
}

fn reload_every(root: &mut Keys<'_, '_>) -> Option<Duration> {
    if !root.has("reload") {
        return Some(RELOAD_EVERY);
    }
    let mut keys = root.table("reload")?;
    keys.only(&["every_s"]);
    let seconds = keys.integer("every_s", RELOAD_EVERY.as_secs().cast_signed(), 1..=3600)?;
    Some(Duration::from_secs(seconds.unsigned_abs()))
}

/// A `[[service]]` as written; `None` where a part of it is not usable.
struct ServiceDraft {
    name: Option<String>,
    address: Option<Address>,
    connections: Option<i64>,
    trust: Option<Vec<PathBuf>>,
    pool: Option<DescriptorPool>,
}

impl ServiceDraft {
    fn connected_by(self, connector: &Connector) -> Option<Service> {
        let connections = usize::try_from(self.connections?).ok()?;
        Some(Service {
            name: self.name?,
            services: self.pool?.services().map(|service| service.full_name().to_owned()).collect(),
            upstream: Upstream::new(&self.address?, connector, connections, ANSWER_BYTES_MAX),
        })
    }
}

fn services(root: &mut Keys<'_, '_>) -> Vec<ServiceDraft> {
    let tables = root.tables("service");
    if tables.is_empty() {
        root.wrong(root.at, "no [[service]]: nothing answers".to_owned(), "add the internal gRPC service");
    }
    let mut services = Vec::new();
    for table in tables {
        let mut keys = root.inside("service", table);
        keys.only(&["name", "address", "server_name", "proto", "trust", "connections"]);
        let name = keys.text("name").map(|(_, name)| name.to_owned());
        let server_name = keys.optional_text("server_name");
        let address = keys.text("address").and_then(|(at, written)| match Address::parse(written, server_name) {
            Ok(address) => Some(address),
            Err(remedy) => {
                keys.wrong(at, format!("{written} is no service address"), remedy);
                None
            }
        });
        let connections = keys.integer("connections", 2, 1..=64);
        let trust = if keys.has("trust") { keys.paths("trust") } else { None };
        let pool = keys.paths("proto").and_then(|folders| crate::proto::load(&folders, keys.problems));
        services.push(ServiceDraft { name, address, connections, trust, pool });
    }
    services
}

fn partners(root: &mut Keys<'_, '_>, pools: &[DescriptorPool]) -> Vec<Partner> {
    let tables = root.tables("partner");
    if tables.is_empty() {
        root.wrong(root.at, "no [[partner]]: nobody is served".to_owned(), "add a partner with its binding");
    }
    let mut names: Vec<String> = Vec::new();
    let mut partners = Vec::new();
    for table in tables {
        let mut keys = root.inside("partner", table);
        keys.only(&["name", "binding"]);
        let allowed = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        let name = keys.parsed("name", None, "use letters, digits, '-' and '_': it stands in the address", |name| {
            (!name.is_empty() && allowed(name)).then(|| name.to_owned())
        });
        let binding = keys.path("binding");
        let (Some(name), Some(binding)) = (name, binding) else { continue };
        if names.contains(&name) {
            keys.wrong(keys.at, format!("two partners are called {name}"), "rename one");
        }
        partners.extend(Partner::compile(&name, &binding, pools, keys.problems));
        names.push(name);
    }
    partners
}

/// Partners and their operations.
fn names(partners: &[Partner]) -> Vec<(&str, Vec<&str>)> {
    let named = partners.iter().map(|partner| {
        let operations = partner.operations.iter().map(|operation| operation.name.as_str()).collect();
        (partner.name.as_str(), operations)
    });
    named.collect()
}

fn limits(root: &mut Keys<'_, '_>) -> Option<Limits> {
    let empty = DeTable::new();
    let mut keys = match root.has("limits") {
        true => root.table("limits")?,
        false => {
            Keys { name: "limits", table: &empty, at: 0, text: root.text, file: root.file, problems: root.problems }
        }
    };
    keys.only(&[
        "body_bytes_max",
        "bodies_bytes_max",
        "body_ms_max",
        "call_ms_max",
        "requests_max",
        "depth_max",
        "elements_max",
    ]);
    let body_bytes_max = keys.integer("body_bytes_max", 16 << 20, 1 << 10..=1 << 30);
    let bodies_bytes_max = keys.integer("bodies_bytes_max", 256 << 20, 1 << 20..=1 << 40);
    let body_ms_max = keys.integer("body_ms_max", 15_000, 100..=600_000);
    let call_ms_max = keys.integer("call_ms_max", 30_000, 1..=600_000);
    let requests_max = keys.integer("requests_max", 1024, 1..=100_000);
    let depth_max = keys.integer("depth_max", 64, 8..=1024);
    let elements_max = keys.integer("elements_max", 200_000, 100..=100_000_000);
    let body_bytes_max = usize::try_from(body_bytes_max?).ok()?;
    Some(Limits {
        body_bytes_max,
        // One body must find room.
        bodies_bytes_max: usize::try_from(bodies_bytes_max?).ok()?.max(body_bytes_max),
        body_time_max: Duration::from_millis(u64::try_from(body_ms_max?).ok()?),
        call_time_max: Duration::from_millis(u64::try_from(call_ms_max?).ok()?),
        calls_max: usize::try_from(requests_max?).ok()?,
        xml: XmlLimits {
            // UTF-16 may grow by half when it becomes UTF-8.
            document_bytes_max: body_bytes_max.saturating_mul(3) / 2,
            depth_max: u32::try_from(depth_max?).ok()?,
            elements_max: u32::try_from(elements_max?).ok()?,
            ..XmlLimits::default()
        },
    })
}

fn log(root: &mut Keys<'_, '_>) -> Option<(LogFormat, String)> {
    if !root.has("log") {
        return Some((LogFormat::Json, "info".to_owned()));
    }
    let mut keys = root.table("log")?;
    keys.only(&["format", "filter"]);
    let format = keys.parsed("format", Some("json"), "write \"json\" or \"text\"", |text| match text {
        "json" => Some(LogFormat::Json),
        "text" => Some(LogFormat::Text),
        _ => None,
    });
    let remedy = "write a level, or levels by target: \"info\", \"lienthong=debug,warn\"";
    let filter = keys.parsed("filter", Some("info"), remedy, |text| is_log_filter(text).then(|| text.to_owned()));
    Some((format?, filter?))
}

const KEEP_DAYS: i64 = 30;
const DAY_MS: i64 = 86_400_000;
/// Largest answer of an internal service.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// How often files are looked at, where nothing is said.
const RELOAD_EVERY: Duration = Duration::from_secs(5);
