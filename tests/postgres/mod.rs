//! A PostgreSQL server of a test's own, of Debian's binaries, in a directory that goes with the process.
//!
//! A shell keeps it: when the process that started it ends, however it ends, the shell's standard input ends, and it stops
//! the server and takes the directory away. Started by root, the server runs as `postgres` or `nobody`, as it insists.
#![allow(dead_code, reason = "each of the crates that have it needs a part")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// A server that runs; stopped when dropped.
pub struct Server {
    folder: PathBuf,
    port: u16,
    keeper: Mutex<Keeper>,
    databases: AtomicUsize,
}

/// How it is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// By a socket in its directory, by anybody.
    Socket,
    /// Also by TLS on loopback, by whoever knows [`PASSWORD`].
    Tls,
}

/// The shell.
struct Keeper {
    child: Child,
    words: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Server {
    /// The one that all tests of this process share; says aloud that there is none without the binaries.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: LazyLock<Option<Server>> = LazyLock::new(|| Server::start(Listen::Socket));
        SHARED.as_ref()
    }

    /// One that is the test's alone; `None`, said aloud, without the binaries.
    pub fn start(listen: Listen) -> Option<Self> {
        let Some(binaries) = binaries() else {
            eprintln!("SKIP: no PostgreSQL server in /usr/lib/postgresql: what is about it is not tested");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("pg").tempdir().expect("a directory").keep();
        let user = user();
        fs::write(folder.join("password"), PASSWORD).expect("written");
        identity(&folder);
        give(&folder, user);
        let mut initdb = as_user(user, &binaries.join("initdb"));
        initdb.arg("-D").arg(folder.join("data")).arg("--pwfile").arg(folder.join("password"));
        initdb.args([
            "-U",
            USER,
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
        ]);
        run(&mut initdb);
        // A port that was free a moment ago may be taken by now: another one then.
        let server = (0..5).find_map(|_| Self::keep(&binaries, &folder, user, listen));
        Some(server.unwrap_or_else(|| {
            panic!("PostgreSQL did not start: {}", fs::read_to_string(folder.join("log")).unwrap_or_default())
        }))
    }

    fn keep(binaries: &Path, folder: &Path, user: Option<&str>, listen: Listen) -> Option<Self> {
        let port = match listen {
            Listen::Socket => 5432,
            Listen::Tls => TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port").port(),
        };
        let address = if listen == Listen::Tls { "127.0.0.1" } else { "" };
        let path = folder.display();
        let options = format!(
            "-p {port} -k {path} -c listen_addresses='{address}' -c ssl=on -c ssl_cert_file={path}/server.crt \
             -c ssl_key_file={path}/server.key -c fsync={} -c max_connections=200",
            std::env::var("POSTGRES_FSYNC").unwrap_or("off".to_owned()),
        );
        let pg_ctl = as_user(user, &binaries.join("pg_ctl"));
        let mut shell = Command::new("sh");
        shell.args(["-c", KEEP]).arg(folder).arg(pg_ctl.get_program()).args(pg_ctl.get_args());
        shell.arg("-D").arg(folder.join("data")).arg("-l").arg(folder.join("log")).args([
            "-w",
            "-m",
            "immediate",
            "-o",
        ]);
        shell.arg(options).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = shell.spawn().expect("a shell");
        let words = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("piped"));
        let keeper = Mutex::new(Keeper { child, words, answers });
        let server = Self { folder: folder.to_path_buf(), port, keeper, databases: AtomicUsize::new(0) };
        if server.say("start") {
            return Some(server);
        }
        server.say("leave");
        None
    }

    /// Ends it at once, as a crash does. Its address and databases stay.
    pub fn stop(&self) {
        assert!(self.say("stop"), "it stops");
    }

    /// Starts it again; it serves when this returns.
    pub fn start_again(&self) {
        assert!(self.say("start"), "it starts again");
    }

    /// A new database, by its name.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// The URL of a database, by the socket.
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://{USER}@{folder}:{}/{database}", self.port)
    }

    /// The URL of a database by TLS, without the password.
    pub fn tls_url(&self, database: &str) -> String {
        let root = self.folder.join("root.crt");
        format!(
            "postgres://{USER}@localhost:{}/{database}?sslmode=verify-full&sslrootcert={}",
            self.port,
            root.display()
        )
    }

    /// Runs a statement; what it gives, a line a row.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let mut psql = Command::new(binaries().expect("it runs").join("psql"));
        psql.arg("-h").arg(&self.folder).args(["-p", &self.port.to_string(), "-U", USER, "-d", database]);
        run(psql.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql]))
    }

    fn say(&self, word: &str) -> bool {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        let said = keeper.words.as_mut().is_some_and(|words| writeln!(words, "{word}").is_ok());
        let mut answer = String::new();
        said && keeper.answers.read_line(&mut answer).is_ok() && answer == "done\n"
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.words.take());
        let _ = self.child.wait();
    }
}

/// Where the newest server is; `None`: there is none.
pub fn binaries() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(Result::ok);
    let versions = versions.filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())));
    let (_, newest) = versions.max()?;
    Some(newest.join("bin")).filter(|folder| folder.join("initdb").exists())
}

/// Whom it runs as, where that is not who we are.
fn user() -> Option<&'static str> {
    let is_there = |name: &&&str| Command::new("id").arg(name).output().is_ok_and(|id| id.status.success());
    let id =
        |flag: &str| String::from_utf8(Command::new("id").arg(flag).output().expect("id").stdout).expect("a number");
    (id("-u").trim() == "0").then(|| *["postgres", "nobody"].iter().find(is_there).expect("somebody"))
}

fn as_user(user: Option<&str>, program: &Path) -> Command {
    let Some(user) = user else { return Command::new(program) };
    let group = run(Command::new("id").args(["-g", user]));
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", group.trim(), "--clear-groups", "--"]).arg(program);
    command
}

/// Makes it the user's, who may then read the key.
fn give(folder: &Path, user: Option<&str>) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder.join("server.key"), fs::Permissions::from_mode(0o600)).expect("rights");
    if let Some(user) = user {
        run(Command::new("chown").args(["-R", user]).arg(folder));
    }
}

/// An authority's certificate, and one of its for `localhost`.
fn identity(folder: &Path) {
    let write = |name: &str, text: String| fs::write(folder.join(name), text).expect("written");
    let authority = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    write("root.crt", params.self_signed(&authority).expect("a certificate").pem());
    let issuer = Issuer::new(params, authority);
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    write("server.crt", params.signed_by(&key, &issuer).expect("a certificate").pem());
    write("server.key", key.serialize_pem());
}

fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

const USER: &str = "gateway";
/// Of [`Listen::Tls`].
pub const PASSWORD: &str = "secret";
/// `$0` is the directory, the rest is `pg_ctl` without its last word.
const KEEP: &str = r#"trap '' INT
while read -r word; do
  if [ "$word" = leave ]; then exit; fi
  if "$@" "$word" >/dev/null 2>&1 </dev/null; then echo done; else echo failed; fi
done
"$@" stop >/dev/null 2>&1 </dev/null
rm -rf "$0""#;
