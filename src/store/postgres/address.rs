//! The URL of a PostgreSQL database: what libpq takes, with TLS either proven or not there at all.
//!
//! `sslmode` is `verify-full` (with `sslrootcert`, the file of who signs the server's certificate) or `disable`. Left out,
//! it is `verify-full` where `sslrootcert` stands, and `disable` for a socket or a loopback address; any other host must
//! say it. `require` is taken for `verify-full`: what encrypts to anybody protects from nobody.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::tls;

/// A database on a server, and how it is reached. Shown without its password.
#[derive(Clone)]
pub struct Server {
    pub(super) config: Arc<Config>,
    pub(super) tls: Option<Arc<ClientConfig>>,
}

/// What is wrong with a URL. None of it shows the password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not a URL of this kind, or with parameters that are not known.
    #[error("the store's URL is not understood: {0}")]
    Url(String),
    /// A part that there must be.
    #[error("the store's URL names no {0}")]
    Missing(&'static str),
    /// It stands in the URL and in a file.
    #[error("the store's password is given twice")]
    TwoPasswords,
    /// It would go through a network, and nothing is said of TLS.
    #[error("the store's URL does not say how {host} is proven")]
    Unproven {
        /// As in the URL.
        host: String,
    },
    /// A mode that proves nothing.
    #[error("the store's URL has sslmode={0}")]
    Mode(String),
    /// TLS without anybody to trust.
    #[error("the store's URL has no sslrootcert")]
    NoRoot,
    /// The file of trusted certificates.
    #[error("{path} cannot be used: {cause}")]
    Root {
        /// As it was looked for.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
}

impl Error {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Url(_) | Self::Missing(_) => {
                "write postgres://USER@HOST:5432/DATABASE?sslmode=verify-full&sslrootcert=FILE"
            }
            Self::TwoPasswords => "take it out of the URL, or leave out store_password",
            Self::Unproven { .. } | Self::Mode(_) | Self::NoRoot => {
                "write sslmode=verify-full&sslrootcert=FILE, or sslmode=disable where the network is yours alone"
            }
            Self::Root { .. } => "name a PEM file of the certificates that sign the server's",
        }
    }
}

impl Server {
    /// Reads a URL; paths in it are relative to `folder`. `password`: where the URL has none.
    pub fn parse(url: &str, folder: &Path, password: Option<&[u8]>) -> Result<Self, Error> {
        let (plain, ours) = split(url);
        let mut config = Config::from_str(&plain).map_err(|error| Error::Url(causes(&error)))?;
        let root = ours.root.map(|path| folder.join(path));
        match (config.get_hosts().is_empty(), config.get_user(), config.get_dbname()) {
            (true, ..) => return Err(Error::Missing("host")),
            (_, None, _) => return Err(Error::Missing("user")),
            (.., None) => return Err(Error::Missing("database")),
            _ => {}
        }
        match (config.get_password(), password) {
            (Some(_), Some(_)) => return Err(Error::TwoPasswords),
            (None, Some(password)) => drop(config.password(password)),
            _ => {}
        }
        let tls = match (ours.mode.as_deref(), &root) {
            (Some("verify-full" | "require"), None) => return Err(Error::NoRoot),
            (None | Some("verify-full" | "require"), Some(root)) => Some(tls::config(root)?),
            (Some("disable"), _) => None,
            (Some(mode), _) => return Err(Error::Mode(mode.to_owned())),
            (None, None) => match config.get_hosts().iter().find_map(far) {
                Some(host) => return Err(Error::Unproven { host }),
                None => None,
            },
        };
        config.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
        be_watchful(&mut config);
        Ok(Self { config: Arc::new(config), tls })
    }
}

/// Says where it is, and nothing else.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        for (at, host) in self.config.get_hosts().iter().enumerate() {
            let port = self.config.get_ports().get(at).or(self.config.get_ports().first()).copied().unwrap_or(5432);
            let comma = if at > 0 { "," } else { "" };
            match host {
                Host::Tcp(host) => write!(f, "{comma}{host}:{port}")?,
                Host::Unix(folder) => write!(f, "{comma}{}:{port}", folder.display())?,
            }
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({self})")
    }
}

/// Parameters that the library does not know, or not so.
#[derive(Default)]
struct Ours {
    mode: Option<String>,
    root: Option<String>,
}

/// The URL without our parameters, and those.
fn split(url: &str) -> (String, Ours) {
    // As the library reads it: what stands before the first @ are user and password.
    let credentials = url.find('@').unwrap_or(0);
    let Some(query) = url[credentials..].find('?').map(|at| credentials + at) else {
        return (url.to_owned(), Ours::default());
    };
    let mut ours = Ours::default();
    let mut others = Vec::new();
    for pair in url[query + 1..].split('&') {
        match pair.split_once('=') {
            Some(("sslmode", mode)) => ours.mode = Some(mode.to_owned()),
            Some(("sslrootcert", path)) => ours.root = Some(decoded(path)),
            _ => others.push(pair),
        }
    }
    let mark = if others.is_empty() { "" } else { "?" };
    (format!("{}{mark}{}", &url[..query], others.join("&")), ours)
}

/// `%2F` → `/`; what is no such escape stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = (first == b'%').then(|| after.get(..2)).flatten().and_then(|two| {
            let digit = |digit: u8| (digit as char).to_digit(16);
            Some((digit(two[0])? << 4 | digit(two[1])?) as u8)
        });
        bytes.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A host that is not this machine.
fn far(host: &Host) -> Option<String> {
    match host {
        Host::Unix(_) => None,
        Host::Tcp(name) if name == "localhost" => None,
        Host::Tcp(name) if name.parse().is_ok_and(|address: IpAddr| address.is_loopback()) => None,
        Host::Tcp(name) => Some(name.clone()),
    }
}

/// A server that is gone is noticed; what the URL says of it goes first.
fn be_watchful(config: &mut Config) {
    if config.get_application_name().is_none() {
        config.application_name("lienthong");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIME_MAX);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(UNANSWERED_TIME_MAX);
    }
    if config.get_keepalives_idle() > IDLE_TIME_MAX {
        config.keepalives_idle(IDLE_TIME_MAX);
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(KEEPALIVE_EVERY);
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_retries(KEEPALIVES_MAX);
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => causes(source),
        None => error.to_string(),
    }
}

/// To one of the hosts.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(3);
/// How long what was sent may stay without a sign that it has come.
const UNANSWERED_TIME_MAX: Duration = Duration::from_secs(10);
/// When nothing is said, the other end is asked whether it is there.
const IDLE_TIME_MAX: Duration = Duration::from_secs(10);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(3);
const KEEPALIVES_MAX: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, password: Option<&[u8]>) -> String {
        match Server::parse(url, Path::new("/etc/lienthong"), password) {
            Ok(server) => format!("{server:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_url_is_shown_without_its_password() {
        let server = "Server(postgres://localhost:5432/l)";
        assert_eq!(check("postgres://gateway:se?cret@localhost/l?connect_timeout=3", None), server);
        assert_eq!(check("postgresql://gateway@localhost/l?sslmode=disable", Some(b"secret")), server);
        assert_eq!(
            check("postgres://g:secret@%2Frun%2Fpostgresql,10.0.0.7:77/l?sslmode=disable", None),
            "Server(postgres:///run/postgresql:5432,10.0.0.7:77/l)",
        );
    }

    #[test]
    fn a_url_that_leaves_something_open_is_refused_without_its_password() {
        for (url, refusal) in [
            ("postgres://g:secret@/l", "the store's URL names no host"),
            ("postgres://localhost/l", "the store's URL names no user"),
            ("postgres://g:secret@localhost", "the store's URL names no database"),
            (
                "postgres://g:secret@localhost/l?sslcert=x",
                "the store's URL is not understood: unknown option `sslcert`",
            ),
            ("postgres://g:secret@localhost:x/l", "the store's URL is not understood: invalid value for option `port`"),
            ("postgres://g:secret@db.molisa/l", "the store's URL does not say how db.molisa is proven"),
            ("postgres://g:secret@10.0.0.7/l", "the store's URL does not say how 10.0.0.7 is proven"),
            ("postgres://g:secret@db/l?sslmode=prefer", "the store's URL has sslmode=prefer"),
            ("postgres://g:secret@db/l?sslmode=require", "the store's URL has no sslrootcert"),
            ("postgres://g:secret@db/l?sslmode=verify-full", "the store's URL has no sslrootcert"),
            (
                "postgres://g:secret@db/l?sslrootcert=pki%2Fno.crt",
                "/etc/lienthong/pki/no.crt cannot be used: No such file or directory (os error 2)",
            ),
        ] {
            assert_eq!(check(url, None), refusal, "{url}");
        }
        let twice = check("postgres://g:secret@localhost/l", Some(b"secret"));
        assert_eq!(twice, "the store's password is given twice");
    }
}
