//! Bytes sealed for keeping: AES-256-GCM (NIST SP 800-38D) by keys with numbers, so that keys can be changed.
//!
//! ```text
//! ciphertext | tag 16 | nonce 12 | number of the key u32 BE
//! ```
//! What is not secret stands behind: bytes are sealed where they are.
//!
//! Nonces are random: one key seals some 2³² messages before their chance to repeat counts; change keys long before.

use std::fmt;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

use super::hex;
use crate::problem::{Place, Problems};

/// Keys by number; one of them seals, all open.
pub struct Keys {
    keys: Vec<(u32, RandomizedNonceKey)>,
}

/// Why sealed bytes were not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// Sealed by a key that is not there.
    #[error("key {0} is not among the keys")]
    NoKey(u32),
    /// Not what was sealed, or sealed with something else beside it.
    #[error("the sealed bytes are damaged")]
    Damaged,
}

impl Keys {
    /// Reads a file of keys: lines of a number and 64 hexadecimal digits, the key that seals first; `#` begins a comment.
    pub fn load(path: &Path, problems: &mut Problems) -> Option<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) => {
                problems.error(Place::file(path), format!("cannot be read: {error}"), "name the file of the keys");
                return None;
            }
        };
        if std::fs::metadata(path).is_ok_and(|metadata| metadata.mode() & 0o077 != 0) {
            problems.error(Place::file(path), "others may read the keys", format!("chmod 600 {}", path.display()));
        }
        let mut keys: Vec<(u32, RandomizedNonceKey)> = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match parse(line).filter(|(number, _)| keys.iter().all(|(known, _)| known != number)) {
                Some(key) => keys.push(key),
                None => {
                    let place = Place::line(path, u32::try_from(at + 1).unwrap_or(u32::MAX));
                    problems.error(
                        place,
                        "no key, or a number that stands above",
                        "write a number and 64 hexadecimal digits",
                    );
                    return None;
                }
            }
        }
        if keys.is_empty() {
            problems.error(Place::file(path), "no key in it", "make it anew, or put the keys back");
            return None;
        }
        Some(Self { keys })
    }

    /// Puts a new key before those of a file, which is made where there is none; its number.
    pub fn add(path: &Path) -> std::io::Result<u32> {
        let old = Zeroizing::new(match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => HEADING.to_owned(),
            Err(error) => return Err(error),
        });
        let numbers = old.lines().filter_map(|line| line.split_whitespace().next()?.parse::<u32>().ok());
        let number = numbers.max().unwrap_or(0) + 1;
        let mut key = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(&mut *key).map_err(|_| std::io::Error::other("no randomness"))?;
        let line = Zeroizing::new(hex(&*key));
        let (comments, keys): (Vec<&str>, Vec<&str>) = old.lines().partition(|line| line.trim_start().starts_with('#'));
        // Beside it and then in its place: a process that dies in between leaves the old keys.
        let fresh = path.with_extension("new");
        let _ = std::fs::remove_file(&fresh);
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        for line in comments.into_iter().chain([&*format!("{number} {}", *line)]).chain(keys) {
            writeln!(file, "{line}")?;
        }
        file.sync_all()?;
        std::fs::rename(&fresh, path)?;
        Ok(number)
    }

    /// Seals some bytes; `beside` must be there again when they are opened.
    pub fn seal(&self, beside: &[u8], mut bytes: Vec<u8>) -> Vec<u8> {
        let (number, key) = self.keys.first().expect("no file without a key is loaded");
        bytes.reserve_exact(ADDED);
        let (nonce, tag) =
            key.seal_in_place_separate_tag(Aad::from(beside), &mut bytes).expect("messages are far below 64 GiB");
        bytes.extend_from_slice(tag.as_ref());
        bytes.extend_from_slice(nonce.as_ref());
        bytes.extend_from_slice(&number.to_be_bytes());
        bytes
    }

    /// Opens sealed bytes.
    pub fn open(&self, beside: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unopened> {
        let (sealed, number) = sealed.split_last_chunk().ok_or(Unopened::Damaged)?;
        let (sealed, nonce) = sealed.split_last_chunk::<NONCE>().ok_or(Unopened::Damaged)?;
        let number = u32::from_be_bytes(*number);
        let (_, key) = self.keys.iter().find(|(known, _)| *known == number).ok_or(Unopened::NoKey(number))?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unopened::Damaged)?;
        let mut bytes = sealed.to_vec();
        let length = key.open_in_place(nonce, Aad::from(beside), &mut bytes).map_err(|_| Unopened::Damaged)?.len();
        bytes.truncate(length);
        Ok(bytes)
    }
}

fn parse(line: &str) -> Option<(u32, RandomizedNonceKey)> {
    let (number, digits) = line.split_once(' ')?;
    let key = Zeroizing::new(super::Digest::from_hex(digits.trim())?.0);
    Some((number.parse().ok()?, RandomizedNonceKey::new(&AES_256_GCM, &*key).ok()?))
}

impl fmt::Debug for Keys {
    /// Numbers alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(number, _)| number)).finish()
    }
}

const NONCE: usize = 12;
/// Bytes that are more when sealed.
const ADDED: usize = 16 + NONCE + 4;
const HEADING: &str = "# Keys of kept messages. The first seals, all open: what was sealed by a lost key is lost.\n";

#[cfg(test)]
mod tests {
    use super::*;

    fn load(path: &Path) -> Result<Keys, String> {
        let mut problems = Problems::new();
        let keys = Keys::load(path, &mut problems);
        keys.filter(|_| !problems.has_errors()).ok_or(problems.to_string())
    }

    #[test]
    fn what_was_sealed_is_opened_also_after_keys_have_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys");
        assert_eq!(Keys::add(&path).expect("made"), 1);
        let sealed = load(&path).expect("keys").seal(b"head", b"body".to_vec());
        assert_eq!(Keys::add(&path).expect("made"), 2);
        let keys = load(&path).expect("keys");
        assert_eq!(keys.open(b"head", &sealed), Ok(b"body".to_vec()));
        assert_eq!(keys.open(b"other", &sealed), Err(Unopened::Damaged));
        assert!(keys.seal(b"", Vec::new()).ends_with(&[0, 0, 0, 2]), "the newest seals");
        assert_eq!(format!("{keys:?}"), "[2, 1]");
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            assert!(keys.open(b"head", &flipped).is_err(), "{at}");
            assert!(keys.open(b"head", &sealed[..at]).is_err(), "{at}");
        }
    }

    #[test]
    fn a_broken_file_of_keys_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys");
        load(&path).expect_err("not there");
        for text in ["", "# none\n", "1 abc\n", "x 00\n"] {
            std::fs::write(&path, text).expect("written");
            load(&path).expect_err(text);
        }
        std::fs::remove_file(&path).expect("removed");
        Keys::add(&path).expect("made");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("changed");
        assert!(load(&path).expect_err("readable by others").contains("chmod 600"));
    }
}
