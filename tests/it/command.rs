//! The command as people start it: the built binary in a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// A `lienthong serve` that serves; it ends when dropped.
pub struct Serve {
    process: Child,
    /// `127.0.0.1:port` of its SOAP listener.
    pub soap: String,
}

impl Serve {
    /// Starts it and waits until it says that it serves.
    pub fn start(settings: &Path) -> Self {
        let mut process = lienthong()
            .args(["serve", "--config"])
            .arg(settings)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let mut lines = BufReader::new(process.stderr.take().expect("standard error is piped")).lines();
        let mut said = String::new();
        let soap = loop {
            let Some(Ok(line)) = lines.next() else { panic!("it ended: {said}") };
            said.push_str(&line);
            if let Some((address, _)) = line.split_once("https://").and_then(|(_, rest)| rest.split_once("/soap")) {
                break address.to_owned();
            }
        };
        // Whoever writes to a pipe that nobody reads waits for ever.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, soap }
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

fn lienthong() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lienthong"));
    command.env_remove("NO_COLOR");
    command
}
