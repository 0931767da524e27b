//! Why a sandbox cannot be made, served or asked.

use std::path::PathBuf;

/// Any of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder of the sandbox.
    #[error("{}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The terminal or pipe that is written to.
    #[error("output")]
    Output(#[from] std::io::Error),
    /// A development key or certificate could not be made.
    #[error("certificate of {name}")]
    Certificate {
        /// Whose.
        name: String,
        /// Why.
        source: rcgen::Error,
    },
    /// The directory's configuration, contracts or certificates have problems.
    #[error("{0}")]
    Problems(crate::problem::Problems),
    /// The gateway or the dossier service did not start.
    #[error("the sandbox did not start")]
    Start(#[source] crate::app::Error),
    /// The gateway answered otherwise than it must.
    #[error("{operation} was answered by {answer}")]
    Unexpected {
        /// What was asked.
        operation: &'static str,
        /// The answer as it came: the people in a sandbox are fictional.
        answer: String,
    },
    /// Another sandbox serves in the directory.
    #[error("another sandbox serves in {}", dir.display())]
    InUse {
        /// The directory.
        dir: PathBuf,
    },
    /// No sandbox serves in the directory.
    #[error("no sandbox serves there: ready.json is missing")]
    NotServing,
    /// An address is not `https://host:port/…`.
    #[error("{address}: not an https address")]
    Address {
        /// As given.
        address: String,
    },
    /// The other side could not be reached, or broke off.
    #[error("{address}")]
    Exchange {
        /// Whom.
        address: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An officer's call that the scenario needs was refused.
    #[error("{method}: {status}")]
    Refused {
        /// Which call.
        method: &'static str,
        /// What the service said.
        status: Box<tonic::Status>,
    },
}

impl Error {
    /// For `map_err` on what is done with a file.
    pub fn at(file: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let file = file.into();
        move |source| Self::File { file, source }
    }
}

/// An error with all its causes, outermost first.
pub fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
