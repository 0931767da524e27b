//! Files on their way into the folder: none is overwritten unasked.

use std::path::{Path, PathBuf};

use super::Out;
use crate::problem::{Place, Problems};

/// A file to write: its path below the folder, and its bytes.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
}

impl Planned {
    pub(super) fn new(path: impl Into<PathBuf>, text: String) -> Self {
        Self { path: path.into(), bytes: text.into_bytes() }
    }
}

/// Writes all of them, or none where one is there already and may not be overwritten.
pub(super) fn write(out: &Out, planned: &[Planned], problems: &mut Problems) -> Option<Vec<PathBuf>> {
    let there: Vec<PathBuf> =
        planned.iter().map(|file| out.dir.join(&file.path)).filter(|path| !out.force && path.exists()).collect();
    for path in &there {
        problems.error(Place::file(path), "is there already", "name another --out, or overwrite it with --force");
    }
    if !there.is_empty() {
        return None;
    }
    let mut written = Vec::new();
    for file in planned {
        let path = out.dir.join(&file.path);
        let folder = path.parent().unwrap_or(Path::new(""));
        let done = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, &file.bytes));
        if let Err(error) = done {
            problems.error(Place::file(&path), format!("cannot be written: {error}"), "name a folder you may write to");
            return None;
        }
        written.push(path);
    }
    Some(written)
}
