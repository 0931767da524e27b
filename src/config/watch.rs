//! Whether files are as they were when they were read.
//!
//! By their content: a file that is written anew with the same bytes has not changed, and one that is exchanged behind
//! a symbolic link has. A file of more than 1 MiB, as a national revocation list may be, is read again
//! only when its size, inode or times are others.

use std::collections::HashMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use toml::Value;

use crate::crypto::Digest;
use crate::problem::{Place, Problems};

/// Files and what was in them.
#[derive(Debug, Default)]
pub struct Watch {
    seen: Option<Digest>,
    large: HashMap<PathBuf, (Stamp, Digest)>,
}

/// Device, inode, size, modified and changed in nanoseconds.
type Stamp = (u64, u64, u64, i128, i128);

impl Watch {
    /// Whether anything of these files is otherwise than at the last call, and remembers it. The first call says yes.
    ///
    /// To be called before the files are read: what changes in between is then seen at the next call.
    pub fn has_changed(&mut self, files: &[PathBuf]) -> bool {
        let mut all = Vec::new();
        for file in files {
            all.extend_from_slice(file.as_os_str().as_encoded_bytes());
            all.push(0);
            // A file that cannot be read, or is none, is one of its own kind.
            all.extend_from_slice(&self.digest(file).map_or([0; 32], |digest| digest.0));
        }
        let now = Some(Digest::of(&all));
        std::mem::replace(&mut self.seen, now) != now
    }

    fn digest(&mut self, file: &Path) -> Option<Digest> {
        let metadata = std::fs::metadata(file).ok().filter(is_readable)?;
        if metadata.len() <= REREAD_BYTES_MAX {
            return std::fs::read(file).ok().map(|bytes| Digest::of(&bytes));
        }
        let nanoseconds = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        let modified = nanoseconds(metadata.mtime(), metadata.mtime_nsec());
        let changed = nanoseconds(metadata.ctime(), metadata.ctime_nsec());
        let stamp = (metadata.dev(), metadata.ino(), metadata.len(), modified, changed);
        if let Some((_, digest)) = self.large.get(file).filter(|(seen, _)| *seen == stamp) {
            return Some(*digest);
        }
        let digest = std::fs::read(file).ok().map(|bytes| Digest::of(&bytes))?;
        self.large.insert(file.to_path_buf(), (stamp, digest));
        Some(digest)
    }
}

/// Adds a problem for each of these that is there and is not to be read while the gateway serves: to read a pipe or a
/// device may never end, and nothing would be exchanged any more, no revocation either. `None` where there is one.
pub fn check_readable(files: &[PathBuf], problems: &mut Problems) -> Option<()> {
    let mut all = Some(());
    for file in files {
        if std::fs::metadata(file).is_ok_and(|metadata| !is_readable(&metadata)) {
            let fact = format!("is no regular file of at most {FILE_BYTES_MAX} bytes");
            problems.error(Place::file(file), fact, "put a file in its place");
            all = None;
        }
    }
    all
}

fn is_readable(metadata: &Metadata) -> bool {
    metadata.is_file() && metadata.len() <= FILE_BYTES_MAX
}

/// A members file and the certificate files it names: each `file = "…"` in it, wherever it stands.
///
/// Of a file that is no TOML the names are unknown; it is to be reported by whoever reads it.
pub fn members_paths(file: &Path) -> Vec<PathBuf> {
    let is_readable = std::fs::metadata(file).is_ok_and(|metadata| is_readable(&metadata));
    let text = is_readable.then(|| std::fs::read_to_string(file).ok()).flatten().unwrap_or_default();
    let mut paths = vec![file.to_path_buf()];
    if let Ok(table) = text.parse::<toml::Table>() {
        let folder = file.parent().unwrap_or(Path::new(""));
        add_named(&Value::Table(table), &mut |name| paths.push(folder.join(name)));
    }
    paths
}

fn add_named(value: &Value, add: &mut impl FnMut(&str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| add_named(item, add)),
        Value::Table(table) => {
            table.get("file").and_then(Value::as_str).into_iter().for_each(&mut *add);
            table.values().for_each(|value| add_named(value, add));
        }
        _ => {}
    }
}

const REREAD_BYTES_MAX: u64 = 1 << 20;
/// The longest that any of them is: a revocation list.
const FILE_BYTES_MAX: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_change_by_their_content_their_coming_and_their_going() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = ["a", "b"].map(|name| folder.path().join(name)).to_vec();
        let write = |at: usize, bytes: &[u8]| std::fs::write(&files[at], bytes).expect("written");
        let mut watch = Watch::default();
        write(0, b"1");
        assert!(watch.has_changed(&files), "the first look");
        assert!(!watch.has_changed(&files));
        write(0, b"1");
        assert!(!watch.has_changed(&files), "the same bytes again");
        write(1, b"");
        assert!(watch.has_changed(&files), "a file has come");
        write(0, b"2");
        assert!(watch.has_changed(&files));
        std::fs::remove_file(&files[1]).expect("removed");
        assert!(watch.has_changed(&files), "a file has gone");
        let large = vec![b'x'; 1 + REREAD_BYTES_MAX as usize];
        write(1, &large);
        assert!(watch.has_changed(&files));
        assert!(!watch.has_changed(&files));
        write(1, &[&large[1..], b"y"].concat());
        assert!(watch.has_changed(&files), "a large file of the same size");
    }

    #[test]
    fn certificates_that_members_name_are_watched_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("members.toml");
        let text = "[[member]]\nid = 'a'\ncertificates = [{ file = 'a.crt' }, { spki_sha256 = '00' }]\n\
                    [[member]]\nid = 'b'\n[[member.certificates]]\nfile = 'pki/b.crt'\n";
        std::fs::write(&file, text).expect("written");
        let named = members_paths(&file);
        assert_eq!(named, ["members.toml", "a.crt", "pki/b.crt"].map(|name| folder.path().join(name)));
        std::fs::write(&file, "no TOML").expect("written");
        assert_eq!(members_paths(&file), [file]);
    }
}
