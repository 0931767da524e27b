//! The command as people start it: the built binary in a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lienthong::sandbox::layout::{Layout, Ready};

/// A `lienthong serve` that serves; it ends when dropped.
pub struct Serve {
    process: Child,
    /// `127.0.0.1:port` of its SOAP listener.
    pub soap: String,
    /// Likewise, of the operator's pages.
    pub admin: String,
    /// What it has said on standard error.
    said: Arc<Mutex<String>>,
}

impl Serve {
    /// Starts it and waits until it says that it serves.
    pub fn start(settings: &Path) -> Self {
        Self::start_where(settings, &[])
    }

    /// Starts it with these variables in its environment.
    pub fn start_where(settings: &Path, variables: &[(&str, &Path)]) -> Self {
        let mut command = lienthong();
        command.envs(variables.iter().copied());
        Self::start_by(command, settings)
    }

    /// Starts it by a command that takes its arguments.
    pub fn start_by(mut command: Command, settings: &Path) -> Self {
        let mut process = command
            .args(["serve", "--config"])
            .arg(settings)
            // Of a huge page the whole 2 MiB count as used with the first byte: memory could not be measured.
            .env("MIMALLOC_ALLOW_THP", "0")
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let mut lines = BufReader::new(process.stderr.take().expect("standard error is piped")).lines();
        let mut said = String::new();
        let (soap, admin) = loop {
            let Some(Ok(line)) = lines.next() else { panic!("it ended: {said}") };
            said.push_str(&line);
            let between = |from: &str, to: &str| {
                let (_, rest) = line.split_once(from)?;
                Some(rest.split_once(to)?.0.to_owned())
            };
            if let Some(addresses) = between("https://", "/soap").zip(between("http://", "/metrics")) {
                break addresses;
            }
        };
        let said = Arc::new(Mutex::new(said));
        let lines_said = said.clone();
        // Whoever writes to a pipe that nobody reads waits for ever.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut said = lines_said.lock().expect("no test panics with the lock");
                said.push_str(&line);
                said.push('\n');
            }
        });
        Self { process, soap, admin, said }
    }
}

impl Serve {
    /// What it has said so far.
    pub fn said(&self) -> String {
        self.said.lock().expect("no test panics with the lock").clone()
    }

    /// Sends it a signal by its name: `HUP`.
    pub fn signal(&self, name: &str) {
        let told = Command::new("kill").arg(format!("-{name}")).arg(self.process.id().to_string()).status();
        assert!(told.expect("kill is there").success());
    }

    /// Its process's id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs the command to its end.
pub fn run(args: &[&str]) -> Output {
    lienthong().args(args).output().expect("the command starts")
}

/// A binary to judge in place of the tests' own build: a release build, named by LIENTHONG_BIN.
pub fn shipped() -> Option<std::path::PathBuf> {
    std::env::var_os("LIENTHONG_BIN").map(Into::into)
}

/// The command, in the environment of the tests.
pub fn lienthong() -> Command {
    let mut command = Command::new(shipped().unwrap_or_else(|| env!("CARGO_BIN_EXE_lienthong").into()));
    command.env_remove("NO_COLOR");
    command
}

/// A `lienthong sandbox --dir DIR` that serves; it is killed when dropped.
pub struct Sandbox {
    process: Child,
    pub ready: Ready,
}

impl Sandbox {
    /// Starts it and waits for `ready.json`.
    pub fn start(dir: &Path) -> Self {
        let process = lienthong()
            .arg("sandbox")
            .arg("--dir")
            .arg(dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the command starts");
        let mut sandbox = Self { process, ready: Ready::default() };
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(ready) = Layout::at(dir).ready().expect("ready.json is whole whenever it is there") {
                sandbox.ready = ready;
                return sandbox;
            }
            assert!(sandbox.process.try_wait().expect("it can be asked").is_none(), "the sandbox has ended");
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the sandbox does not serve");
    }

    /// Ends it as an operator does, by SIGTERM; panics where it does not end well.
    pub fn stop(mut self) {
        let id = self.process.id().to_string();
        let told = Command::new("kill").arg(&id).status().expect("kill is there");
        assert!(told.success());
        assert!(self.process.wait().expect("it ends").success(), "it did not end well");
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Generous: a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
