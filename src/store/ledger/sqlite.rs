//! The ledger in a SQLite file, written by one process.
//!
//! Beside the file `F` stand `F-lock`, held by the process that writes, and `F-head`, where the chain ended when it was
//! last written. SQLite drops a damaged write-ahead log without a word, and an old copy of a file looks like the file:
//! `F-head` tells that records are missing.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::blob::ZeroBlob;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::head::Head;
use super::piece::{Ask, Checkpoint, Cut, Mark, PRUNED_MAX, Piece, Position, Prune, Record, Slot, Stamp, Told};
use super::tree::Tree;
use super::writer::Backend;
use crate::clock::UnixMillis;
use crate::crypto::Digest;
use crate::crypto::merkle::Growing;
use crate::store::connection::{self, Schema};
use crate::store::error::Error;

/// The open file.
pub(super) struct Sqlite {
    path: PathBuf,
    chain: String,
    /// `None`: it failed, and is to be opened anew.
    connection: Option<Connection>,
    identity: Identity,
    position: Position,
    tree: Tree,
    head: Head,
    /// Before that no slot and no mark is past its time.
    due: UnixMillis,
    _lock: File,
}

/// Which file it is, whatever its name.
type Identity = (u64, u64);

impl Sqlite {
    pub(super) fn open(path: &Path, chain: &str) -> Result<Self, Error> {
        let lock = lock(path)?;
        let connection = connection::writing(path, &SCHEMA)?;
        own(&connection, path, chain)?;
        let position = position(&connection, chain)?;
        let head = Head::open(path, position, |seq| link_of(&connection, seq))?;
        Ok(Self {
            path: path.to_path_buf(),
            chain: chain.to_owned(),
            identity: identity(path)?,
            connection: Some(connection),
            position,
            tree: Tree::default(),
            head,
            due: UnixMillis(i64::MIN),
            _lock: lock,
        })
    }

    fn open_again(&mut self) -> Result<(), Error> {
        self.connection = None;
        // Creating a file in place of one that is gone would forget everything.
        let identity = identity(&self.path)?;
        let connection = connection::writing(&self.path, &SCHEMA)?;
        own(&connection, &self.path, &self.chain)?;
        let position = position(&connection, &self.chain)?;
        // What was acknowledged must be there; what was not may be, too.
        if link_of(&connection, self.position.seq)? != Some(self.position.link) {
            return Err(Error::Broken { chain: self.chain.clone(), seq: self.position.seq });
        }
        (self.connection, self.identity, self.position) = (Some(connection), identity, position);
        self.tree = Tree::default();
        self.due = UnixMillis(i64::MIN);
        Ok(())
    }

    fn commit_now(&mut self, group: &[Piece]) -> Result<Vec<Told>, Error> {
        if identity(&self.path)? != self.identity {
            return Err(Error::Gone { path: self.path.clone() });
        }
        let connection = self.connection.as_ref().ok_or(Error::Closed)?;
        let transaction = connection.unchecked_transaction().map_err(Error::transaction)?;
        let mut work =
            Work { connection: &transaction, position: self.position, tree: self.tree.clone(), due: self.due };
        let told = work.all(group).map_err(Error::statement)?;
        let Work { position, tree, due, .. } = work;
        transaction.commit().map_err(Error::transaction)?;
        (self.position, self.tree, self.due) = (position, tree, due);
        self.head.note(position);
        Ok(told)
    }
}

impl Backend for Sqlite {
    async fn commit(&mut self, group: &[Piece]) -> Result<Vec<Told>, Error> {
        self.commit_now(group)
    }

    async fn reopen(&mut self) -> Result<(), Error> {
        self.open_again()
    }
}

/// A transaction, and what will hold once it is committed.
struct Work<'c> {
    connection: &'c Connection,
    position: Position,
    tree: Tree,
    due: UnixMillis,
}

impl Work<'_> {
    fn all(&mut self, group: &[Piece]) -> rusqlite::Result<Vec<Told>> {
        let now = group.iter().map(|piece| piece.at).max().unwrap_or(UnixMillis(i64::MIN));
        if now >= self.due {
            self.forget(now)?;
        }
        group.iter().map(|piece| self.piece(piece)).collect()
    }

    fn piece(&mut self, piece: &Piece) -> rusqlite::Result<Told> {
        let is_first = piece.mark.map_or(Ok(true), |mark| self.mark(mark, piece.at))?;
        let slot = match piece.slot.filter(|_| is_first) {
            Some(ask) => Some(self.slot(ask, piece.at)?),
            None => None,
        };
        let cut = piece.cut.map(|after| self.cut(after)).transpose()?;
        for record in &piece.records {
            self.record(record)?;
        }
        if let Some(key) = piece.fill.filter(|_| is_first) {
            let mut update =
                self.connection.prepare_cached("UPDATE slot SET record = ?2 WHERE key = ?1 AND record IS NULL")?;
            update.execute(params![key.0, number(self.position.seq)])?;
        }
        if let Some(checkpoint) = &piece.checkpoint {
            self.checkpoint(checkpoint)?;
        }
        if let Some(Stamp { number: of, bytes }) = &piece.stamp {
            let mut update =
                self.connection.prepare_cached("UPDATE checkpoint SET stamp = ?2 WHERE number = ?1 AND stamp = x''")?;
            update.execute(params![number(*of), bytes])?;
        }
        let pruned = piece.prune.map_or(Ok(0), |prune| self.prune(prune))?;
        Ok(Told { is_first, slot, cut, pruned })
    }

    fn mark(&mut self, mark: Mark, now: UnixMillis) -> rusqlite::Result<bool> {
        self.due = self.due.min(mark.until);
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO mark (key, until, proof) VALUES (?1, ?2, ?3)
             ON CONFLICT (key) DO UPDATE SET until = excluded.until, proof = excluded.proof WHERE until < ?4",
        )?;
        let proof = proof(mark.key, None, mark.until);
        Ok(insert.execute(params![mark.key.0, mark.until.0, proof, now.0])? == 1)
    }

    fn slot(&mut self, ask: Ask, now: UnixMillis) -> rusqlite::Result<Slot> {
        self.due = self.due.min(ask.until);
        if self.open_slot(ask)? {
            return Ok(Slot::Open);
        }
        let mut select = self.connection.prepare_cached(
            "SELECT content, slot.record, outcome, until FROM slot LEFT JOIN record ON seq = slot.record WHERE key = ?1",
        )?;
        let (said, until) = select.query_row(params![ask.key.0], |row| {
            let said = match row.get::<_, [u8; 32]>(0)? {
                content if content != ask.content.0 => Slot::Taken,
                // This process is the only one: whoever opened it before is dead.
                _ if row.get::<_, Option<i64>>(1)?.is_none() => Slot::Open,
                _ => Slot::Filled(row.get::<_, Option<Vec<u8>>>(2)?.unwrap_or_default()),
            };
            Ok((said, UnixMillis(row.get(3)?)))
        })?;
        if until >= now {
            return Ok(said);
        }
        // Not in its old place: the oldest are the first to be forgotten.
        self.connection.prepare_cached("DELETE FROM slot WHERE key = ?1")?.execute([ask.key.0])?;
        self.open_slot(ask)?;
        Ok(Slot::Open)
    }

    /// Whether it was not there.
    fn open_slot(&self, ask: Ask) -> rusqlite::Result<bool> {
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO slot (key, content, until, proof) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        )?;
        let proof = proof(ask.key, Some(ask.content), ask.until);
        Ok(insert.execute(params![ask.key.0, ask.content.0, ask.until.0, proof])? == 1)
    }

    /// The stretch after a record; the next one begins where it ends.
    fn cut(&mut self, after: u64) -> rusqlite::Result<Cut> {
        let growing = match self.tree.cut(after, self.position.seq) {
            Some(growing) => growing,
            None => self.grown(after)?,
        };
        Ok(Cut { end: self.position, root: growing.root() })
    }

    fn grown(&self, after: u64) -> rusqlite::Result<Growing> {
        let mut select = self.connection.prepare_cached("SELECT head FROM record WHERE seq > ?1 ORDER BY seq")?;
        let mut rows = select.query([number(after)])?;
        let mut growing = Growing::default();
        while let Some(row) = rows.next()? {
            growing.push(Digest::of(row.get_ref(0)?.as_blob()?));
        }
        Ok(growing)
    }

    fn record(&mut self, record: &Record) -> rusqlite::Result<()> {
        let digest = Digest::of(&record.head);
        self.position = self.position.after_digest(digest);
        self.tree.push(digest);
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO record (seq, at, link, head, outcome, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        let Position { seq, link } = self.position;
        let Record { head, body, outcome, at } = record;
        if body.len() <= COPIED_BYTES_MAX {
            return insert.execute(params![number(seq), at.0, link.0, head, outcome, body]).map(drop);
        }
        // A bound value is copied three times on its way to the pages; this one is written to them.
        insert.execute(params![number(seq), at.0, link.0, head, outcome, ZeroBlob(body.len() as u64)])?;
        let mut pages = self.connection.blob_open("main", "record", "body", number(seq), false)?;
        pages.write_at(body, 0)
    }

    fn checkpoint(&self, checkpoint: &Checkpoint) -> rusqlite::Result<()> {
        let Checkpoint { number: of, last, link, text, signature, certificates, stamp, at } = checkpoint;
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO checkpoint (number, last, link, at, text, signature, certificates, stamp)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        insert
            .execute(params![number(*of), number(*last), link.0, at.0, text, signature, certificates, stamp])
            .map(drop)
    }

    /// Takes away the first records, as far as checkpoints state them; where the chain begins then is written down.
    fn prune(&self, prune: Prune) -> rusqlite::Result<usize> {
        let mut select = self.connection.prepare_cached(
            "SELECT seq, link FROM record
             WHERE seq = min(?1, (SELECT max(last) FROM checkpoint), (SELECT pruned + ?2 FROM chain))",
        )?;
        let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?));
        let Some((last, link)) = select.query_row([number(prune.last), number(PRUNED_MAX)], read).optional()? else {
            return Ok(0);
        };
        self.connection.prepare_cached("UPDATE chain SET pruned = ?1, link = ?2")?.execute(params![last, link])?;
        self.connection.prepare_cached("DELETE FROM record WHERE seq <= ?1")?.execute([last])
    }

    /// Takes away some that are past their time, and learns when the next one will be.
    fn forget(&mut self, now: UnixMillis) -> rusqlite::Result<()> {
        let mut due = i64::MAX;
        for (oldest_first, delete) in [("mark ORDER BY until", FORGET_MARKS), ("slot ORDER BY id", FORGET_SLOTS)] {
            self.connection.prepare_cached(delete)?.execute(params![now.0, FORGOTTEN_MAX])?;
            let mut next = self.connection.prepare_cached(&format!("SELECT until FROM {oldest_first} LIMIT 1"))?;
            let next: Option<i64> = next.query_row([], |row| row.get(0)).optional()?;
            due = due.min(next.unwrap_or(i64::MAX));
        }
        // Past its time is what is before now.
        self.due = UnixMillis(due.saturating_add(1));
        Ok(())
    }
}

/// Held as long as the process lives: two writers would each continue the chain.
fn lock(path: &Path) -> Result<File, Error> {
    let path = beside(path, "-lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(|source| Error::Create { path: path.clone(), source: Arc::new(source) })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { place: path.display().to_string() }),
        Err(TryLockError::Error(source)) => Err(Error::Create { path, source: Arc::new(source) }),
    }
}

/// The name of a file that stands beside the database.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn identity(path: &Path) -> Result<Identity, Error> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).map_err(|_| Error::Gone { path: path.to_path_buf() })?;
    Ok((metadata.dev(), metadata.ino()))
}

/// The file holds one chain: that of the first gateway that opened it.
fn own(connection: &Connection, path: &Path, chain: &str) -> Result<(), Error> {
    let link = Position::start(chain).link;
    let insert = "INSERT INTO chain (only, name, pruned, link) VALUES (1, ?1, 0, ?2) ON CONFLICT DO NOTHING";
    connection.execute(insert, params![chain, link.0]).map_err(Error::statement)?;
    let name: String =
        connection.query_row("SELECT name FROM chain", [], |row| row.get(0)).map_err(Error::statement)?;
    match name == chain {
        true => Ok(()),
        false => Err(Error::OtherChain { path: path.to_path_buf(), found: name, wanted: chain.to_owned() }),
    }
}

/// Where the chain ends; its last records are proven to follow from each other.
fn position(connection: &Connection, chain: &str) -> Result<Position, Error> {
    let last = "SELECT max(pruned, ifnull((SELECT max(seq) FROM record), 0),
                           ifnull((SELECT max(last) FROM checkpoint), 0)) FROM chain";
    let last: i64 = connection.query_row(last, [], |row| row.get(0)).map_err(Error::statement)?;
    let last = last.unsigned_abs();
    let broken = |seq| Error::Broken { chain: chain.to_owned(), seq };
    let mut at = start(connection).map_err(Error::statement)?;
    let first = last.saturating_sub(PROVEN_AT_START);
    if first > at.seq {
        let link = link_of(connection, first)?.ok_or_else(|| broken(first))?;
        at = Position { seq: first, link };
    }
    let mut select = connection
        .prepare("SELECT seq, link, head FROM record WHERE seq > ?1 ORDER BY seq")
        .map_err(Error::statement)?;
    let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?, row.get::<_, Vec<u8>>(2)?));
    let rows = select.query_map([number(at.seq)], read).map_err(Error::statement)?;
    for row in rows {
        let (seq, link, head) = row.map_err(Error::statement)?;
        at = at.after(&head);
        if (seq.unsigned_abs(), Digest(link)) != (at.seq, at.link) {
            return Err(broken(at.seq));
        }
    }
    match at.seq == last {
        true => Ok(at),
        false => Err(broken(at.seq + 1)),
    }
}

/// Where the records that are there begin: after those that were taken away.
pub(super) fn start(connection: &Connection) -> rusqlite::Result<Position> {
    let read = |row: &Row<'_>| Ok(Position { seq: row.get::<_, i64>(0)?.unsigned_abs(), link: Digest(row.get(1)?) });
    connection.query_row("SELECT pruned, link FROM chain", [], read)
}

/// The link at a place; `None`: it was taken away.
fn link_of(connection: &Connection, seq: u64) -> Result<Option<Digest>, Error> {
    let select = "SELECT link FROM record WHERE seq = ?1 UNION ALL SELECT link FROM chain WHERE pruned = ?1";
    let link = connection.query_row(select, [number(seq)], |row| row.get(0)).optional();
    Ok(link.map_err(Error::statement)?.map(Digest))
}

/// What tells a damaged mark or slot: the beginning of a digest of what it is.
pub(super) fn proof(key: Digest, content: Option<Digest>, until: UnixMillis) -> [u8; 8] {
    let mut bytes = [0; 72];
    bytes[..32].copy_from_slice(&key.0);
    bytes[32..64].copy_from_slice(&content.map_or([0; 32], |content| content.0));
    bytes[64..].copy_from_slice(&until.0.to_be_bytes());
    let Digest([a, b, c, d, e, f, g, h, ..]) = Digest::of(&bytes);
    [a, b, c, d, e, f, g, h]
}

/// SQLite's integers are signed; no chain comes near their end.
fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// Of the end of a chain, what is proven when it is opened. `evidence verify` proves all of it.
const PROVEN_AT_START: u64 = 10_000;
/// Longest body that may be copied on its way.
const COPIED_BYTES_MAX: usize = 64 << 10;
/// Marks and slots that one commit takes away at most: more than come with it, so that none is left behind for long.
const FORGOTTEN_MAX: u32 = 256;
const FORGET_MARKS: &str =
    "DELETE FROM mark WHERE key IN (SELECT key FROM mark WHERE until < ?1 ORDER BY until LIMIT ?2)";
/// In the order in which they came: an index by time would cost each slot more than it saves. After the keeping time was
/// shortened, those that are to be kept longer are in the way of the newer until they are past their time.
const FORGET_SLOTS: &str = "DELETE FROM slot WHERE until < ?1 AND id IN (SELECT id FROM slot ORDER BY id LIMIT ?2)";

pub(super) const SCHEMA: Schema = Schema {
    application_id: 0x4c54_4757,
    // A record of 4 KiB beside its head and its answer in one page, not in three.
    page_bytes: 16 << 10,
    steps: &[
        "CREATE TABLE mark (key BLOB PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID, STRICT;
         CREATE INDEX mark_until ON mark (until);
         CREATE TABLE slot (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, content BLOB NOT NULL,
                            until INTEGER NOT NULL, outcome BLOB) STRICT;
         CREATE INDEX slot_until ON slot (until);",
        // `proof` (see [`proof`]) tells a damaged row; a damaged outcome does not open.
        "DROP TABLE mark;
         DROP TABLE slot;
         CREATE TABLE mark (key BLOB PRIMARY KEY, until INTEGER NOT NULL, proof BLOB NOT NULL) WITHOUT ROWID, STRICT;
         CREATE INDEX mark_until ON mark (until);
         CREATE TABLE slot (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, content BLOB NOT NULL,
                            until INTEGER NOT NULL, proof BLOB NOT NULL, record INTEGER) STRICT;
         CREATE TABLE chain (only INTEGER PRIMARY KEY, name TEXT NOT NULL, pruned INTEGER NOT NULL,
                             link BLOB NOT NULL) STRICT;
         CREATE TABLE record (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, link BLOB NOT NULL, head BLOB NOT NULL,
                              outcome BLOB, body BLOB NOT NULL) STRICT;
         CREATE TABLE checkpoint (number INTEGER PRIMARY KEY, last INTEGER NOT NULL UNIQUE, link BLOB NOT NULL,
                                  at INTEGER NOT NULL, text BLOB NOT NULL, signature BLOB NOT NULL,
                                  certificates BLOB NOT NULL, stamp BLOB NOT NULL) STRICT;",
    ],
};
