//! The file beside a database that says where its chain ended.
//!
//! Written after each commit and not waited for: after a power loss it may be behind, never ahead.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::piece::Position;
use super::sqlite::beside;
use crate::crypto::Digest;
use crate::store::error::Error;

/// The open file.
pub(super) struct Head {
    file: File,
    path: PathBuf,
}

impl Head {
    /// Opens or makes the file beside `database`, whose chain ends at `position`.
    ///
    /// `link_of` tells the link of a record. Errors: the chain has been at a place where it is no more.
    pub(super) fn open(
        database: &Path,
        position: Position,
        link_of: impl FnOnce(u64) -> Result<Option<Digest>, Error>,
    ) -> Result<Self, Error> {
        let path = beside(database, "-head");
        let failed = |source| Error::Create { path: path.clone(), source: Arc::new(source) };
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(failed)?;
        let is_new = file.metadata().map_err(failed)?.len() == 0;
        let head = Self { file, path: path.clone() };
        if !is_new {
            let noted = head.read().map_err(failed)?;
            let noted = noted.ok_or_else(|| Error::Rewound { path: path.clone(), noted: 0, found: position.seq })?;
            if noted.seq > position.seq || link_of(noted.seq)?.is_some_and(|link| link != noted.link) {
                return Err(Error::Rewound { path, noted: noted.seq, found: position.seq });
            }
        }
        head.write(position).and_then(|()| head.file.sync_all()).map_err(failed)?;
        Ok(head)
    }

    /// Notes where the chain ends now.
    pub(super) fn note(&self, position: Position) {
        if let Err(error) = self.write(position) {
            // It is behind then, which is allowed.
            tracing::warn!(path = %self.path.display(), %error, "where the chain ends could not be noted");
        }
    }

    fn write(&self, Position { seq, link }: Position) -> std::io::Result<()> {
        self.file.write_all_at(format!("{seq:020} {link}\n").as_bytes(), 0)
    }

    fn read(&self) -> std::io::Result<Option<Position>> {
        let mut text = [0; LENGTH];
        self.file.read_exact_at(&mut text, 0)?;
        Ok(parse(&text))
    }
}

fn parse(text: &[u8; LENGTH]) -> Option<Position> {
    let (seq, link) = std::str::from_utf8(text).ok()?.strip_suffix('\n')?.split_once(' ')?;
    Some(Position { seq: seq.parse().ok()?, link: Digest::from_hex(link)? })
}

/// 20 digits, a space, 64 hexadecimal digits, a line end.
const LENGTH: usize = 86;
