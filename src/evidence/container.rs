//! An export of evidence as a file: a tar that everybody can open, with the digests of its files, signed.
//!
//! Its bytes follow from its files, their names and order, and one time: who reads it makes it anew and compares, so that
//! no byte of it means nothing.

use std::io::{self, Read, Write};

use crate::crypto::{Digest, Digesting};

/// A container that is written.
pub(super) struct Writing<W: Write> {
    tar: tar::Builder<W>,
    at_s: u64,
    sums: String,
}

impl<W: Write> Writing<W> {
    /// Begins one; `at_s`: the time of its files, Unix seconds.
    pub(super) fn new(out: W, at_s: u64) -> Self {
        Self { tar: tar::Builder::new(out), at_s, sums: String::new() }
    }

    /// Adds a file whose digest is to be signed.
    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.sums.push_str(&sum(name, Digest::of(bytes)));
        append(&mut self.tar, name, bytes, self.at_s)
    }

    /// The digests of all files so far.
    pub(super) fn sums(&self) -> &str {
        &self.sums
    }

    /// Adds the digests and their signature, and ends.
    pub(super) fn end(mut self, signature: &[u8]) -> io::Result<W> {
        for (name, bytes) in [(SUMS, self.sums.as_bytes()), (SIGNATURE, signature)] {
            append(&mut self.tar, name, bytes, self.at_s)?;
        }
        self.tar.into_inner()
    }
}

/// What reads a container, file by file.
pub(super) struct Reading<R: Read> {
    tar: tar::Archive<Digested<R>>,
}

/// What is there beside its files, once all were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ended {
    /// The files' digests as they are, in their order, as lines.
    pub(super) sums: String,
    /// The time of its files, Unix seconds.
    pub(super) at_s: u64,
    /// Whether every byte is what its files make.
    pub(super) is_exact: bool,
}

impl<R: Read> Reading<R> {
    pub(super) fn new(file: R) -> Self {
        Self { tar: tar::Archive::new(Digested { file, digest: Digest::start() }) }
    }

    /// Tells of each file by name and content.
    ///
    /// Errors: what is no container, or has a file of more than [`FILE_BYTES_MAX`].
    pub(super) fn each(mut self, mut tell: impl FnMut(&str, Vec<u8>)) -> io::Result<Ended> {
        let mut again = tar::Builder::new(Digested { file: io::sink(), digest: Digest::start() });
        let (mut sums, mut at_s) = (String::new(), None);
        for entry in self.tar.entries()? {
            let mut entry = entry?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            if entry.size() > FILE_BYTES_MAX {
                return Err(io::Error::other(format!("{name} is longer than {FILE_BYTES_MAX} bytes")));
            }
            let time = *at_s.get_or_insert(entry.header().mtime()?);
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            append(&mut again, &name, &bytes, time)?;
            if !OWN.contains(&&*name) {
                sums.push_str(&sum(&name, Digest::of(&bytes)));
            }
            tell(&name, bytes);
        }
        // What stands behind the end belongs to it, too.
        let mut read = self.tar.into_inner();
        io::copy(&mut read, &mut io::sink())?;
        let is_exact = again.into_inner()?.digest.finish() == read.digest.finish();
        Ok(Ended { sums, at_s: at_s.unwrap_or_default(), is_exact })
    }
}

/// A line as `sha256sum` writes it.
fn sum(name: &str, digest: Digest) -> String {
    format!("{digest}  {name}\n")
}

fn append(tar: &mut tar::Builder<impl Write>, name: &str, bytes: &[u8], at_s: u64) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_path(name)?;
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(at_s);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    tar.append(&header, bytes)
}

/// Passes bytes on and keeps their digest.
struct Digested<F> {
    file: F,
    digest: Digesting,
}

impl<F: Read> Read for Digested<F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(into)?;
        self.digest.update(&into[..length]);
        Ok(length)
    }
}

impl<F: Write> Write for Digested<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.file.write(bytes)?;
        self.digest.update(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The files that say what the others are.
pub(super) const SUMS: &str = "SHA256SUMS";
pub(super) const SIGNATURE: &str = "SHA256SUMS.sig";
/// The certificates of who signed, leaf first: among the files whose digests are signed.
pub(super) const CERTIFICATES: &str = "SHA256SUMS.pem";
const OWN: [&str; 2] = [SUMS, SIGNATURE];
/// Longest file: more than any message or list.
const FILE_BYTES_MAX: u64 = 256 << 20;
