//! One process of an example in another role.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::str::FromStr;

/// A process that serves; killed when dropped.
pub struct Part<A> {
    child: Child,
    /// Closing it tells the process to end, even if this one dies.
    _stdin: ChildStdin,
    /// Where it serves, as it said.
    pub address: A,
}

impl<A: FromStr> Part<A> {
    /// Starts this example as `--role ROLE --dir DIR`, with whatever `set` adds; it serves when this returns.
    pub fn start(role: &str, dir: &Path, set: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("own path"));
        command.args(["--role", role, "--dir"]).arg(dir).stdin(Stdio::piped()).stdout(Stdio::piped());
        set(&mut command);
        let mut child = command.spawn().expect("a process of this example starts");
        let stdin = child.stdin.take().expect("piped");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("its address is printed");
        let address = line.trim().parse().unwrap_or_else(|_| panic!("{role} did not start"));
        Self { child, _stdin: stdin, address }
    }
}

impl<A> Part<A> {
    /// Its process.
    #[allow(dead_code, reason = "not every example measures it")]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: it can do nothing about it.
    pub fn kill(&mut self) {
        // One that has ended already cannot be killed, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl<A> Drop for Part<A> {
    fn drop(&mut self) {
        self.kill();
    }
}
