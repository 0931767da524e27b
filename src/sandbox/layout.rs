//! Where things stand in a sandbox's directory.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A sandbox's directory.
#[derive(Debug, Clone)]
pub struct Layout {
    root: PathBuf,
}

/// A certificate and its key, both PEM.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its private key, PKCS#8.
    pub key: PathBuf,
}

/// `ready.json`: where a serving sandbox is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// The gateway's SOAP address of the dossier exchange.
    pub soap: String,
    /// The dossier service, for officers and internal clients.
    pub grpc: String,
    /// The dossier service.
    pub dossier: String,
    /// Health and metrics.
    pub admin: String,
}

impl Layout {
    /// The sandbox at `root`.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file or folder by its path below the directory.
    pub fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    /// The development CA's certificate.
    pub fn ca(&self) -> PathBuf {
        self.path("pki/ca.crt")
    }

    /// Certificate and key by name: `gateway`, `members/dvcqg`, `internal-client`.
    pub fn pair(&self, name: &str) -> Pair {
        Pair { certificate: self.path(&format!("pki/{name}.crt")), key: self.path(&format!("pki/{name}.key")) }
    }

    /// Certificate and key of a member.
    pub fn member(&self, member: &str) -> Pair {
        self.pair(&format!("members/{member}"))
    }

    /// Says that the sandbox serves; readers never see half a file.
    pub fn write_ready(&self, ready: &Ready) -> std::io::Result<()> {
        let text = serde_json::to_string_pretty(ready).expect("addresses are text");
        let new = self.path("ready.json.new");
        std::fs::write(&new, text + "\n")?;
        std::fs::rename(new, self.path("ready.json"))
    }

    /// Addresses of the serving sandbox; `None` while it does not serve.
    pub fn ready(&self) -> std::io::Result<Option<Ready>> {
        match std::fs::read_to_string(self.path("ready.json")) {
            Ok(text) => serde_json::from_str(&text).map(Some).map_err(std::io::Error::other),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Says that the sandbox serves no longer.
    pub fn clear_ready(&self) -> std::io::Result<()> {
        match std::fs::remove_file(self.path("ready.json")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
