//! How dossiers lie in the store.
//!
//! A dossier's row holds the whole message, but for two parts that would make each change of it expensive: progress
//! steps are rows of their own, and so are the contents of uploaded files. In the row a content is its SHA-256.

use prost::Message;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::code::DossierCode;
use super::contract::molisa::dossier::v1::{Document, Dossier, ProgressStep, Status, document};
use super::error::Error;
use crate::crypto::Digest;
use crate::store;
use crate::store::connection::Schema;

/// The tables.
pub const SCHEMA: Schema = Schema { application_id: 0x4c54_4853, page_bytes: 4096, steps: &[STEP_1, STEP_2] };

const STEP_1: &str = "
CREATE TABLE dossier(
    key        TEXT PRIMARY KEY,              -- the code, agency in its short form
    member     TEXT NOT NULL,                 -- who submitted; '' the ministry itself
    unit       TEXT NOT NULL,                 -- processing unit, in its short form
    submitted  INTEGER NOT NULL,              -- seconds since 1970
    status     INTEGER NOT NULL,
    resume     INTEGER NOT NULL,              -- status to go back to after a supplement or a payment; 0 none
    body       BLOB NOT NULL                  -- molisa.dossier.v1.Dossier
) STRICT;
CREATE INDEX dossier_by_unit ON dossier(unit, submitted, key, member);
CREATE TABLE step(
    dossier    TEXT NOT NULL REFERENCES dossier(key),
    number     INTEGER NOT NULL,              -- from 1, in the order recorded
    body       BLOB NOT NULL,                 -- molisa.dossier.v1.ProgressStep
    PRIMARY KEY(dossier, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE content(
    dossier    TEXT NOT NULL REFERENCES dossier(key),
    digest     BLOB NOT NULL,                 -- SHA-256
    bytes      BLOB NOT NULL,
    PRIMARY KEY(dossier, digest)
) STRICT;
CREATE TABLE counter(
    agency     TEXT NOT NULL,                 -- in its short form
    day        TEXT NOT NULL,                 -- yyMMdd, local
    last       INTEGER NOT NULL,
    PRIMARY KEY(agency, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE answer(
    member     TEXT NOT NULL,
    method     TEXT NOT NULL,
    key        TEXT NOT NULL,                 -- idempotency-key
    digest     BLOB NOT NULL,                 -- SHA-256 of the request
    body       BLOB NOT NULL,                 -- the answer's message
    at         INTEGER NOT NULL,              -- seconds since 1970
    PRIMARY KEY(member, method, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE payment(
    partner    TEXT NOT NULL,
    reference  TEXT NOT NULL,
    transfer   TEXT NOT NULL,                 -- the transaction's code
    dossier    TEXT NOT NULL REFERENCES dossier(key),
    digest     BLOB NOT NULL,                 -- SHA-256 of the confirmation
    answer     BLOB NOT NULL,                 -- the answer's message
    PRIMARY KEY(partner, reference),
    UNIQUE(partner, transfer)
) STRICT;
";

// What a dossier that came from elsewhere needs besides.
const STEP_2: &str = "
ALTER TABLE dossier ADD COLUMN moved INTEGER NOT NULL DEFAULT 0;  -- when it came to its status, seconds since 1970
ALTER TABLE dossier ADD COLUMN synced BLOB;                       -- SHA-256 of the last sync; NULL none
CREATE TABLE report(
    dossier    TEXT NOT NULL REFERENCES dossier(key),
    digest     BLOB NOT NULL,                 -- SHA-256 of a step that was reported from elsewhere
    PRIMARY KEY(dossier, digest)
) STRICT, WITHOUT ROWID;
";

/// A dossier as stored, with what belongs to it but is not part of the message.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Who submitted it; empty for the ministry itself.
    pub member: String,
    /// Status to go back to after a supplement or a payment.
    pub resume: Status,
    /// When it came to its status, seconds since 1970; 0 where that is not known.
    pub moved: i64,
    /// SHA-256 of the message it was last synced by; `None` where it never was.
    pub synced: Option<Digest>,
    /// The dossier, without progress steps; contents by their digest.
    pub dossier: Dossier,
}

impl Record {
    /// A dossier that is not stored yet.
    pub fn new(member: String, dossier: Dossier) -> Self {
        Self { member, resume: Status::Unspecified, moved: 0, synced: None, dossier }
    }
}

/// A recorded answer and what it answered.
#[derive(Debug)]
pub struct Answered {
    /// SHA-256 of the request.
    pub digest: Digest,
    /// The answer's message.
    pub body: Vec<u8>,
}

/// The content of one uploaded file.
#[derive(Debug)]
pub struct Content {
    digest: Digest,
    bytes: Vec<u8>,
}

/// Which dossiers a list asks for.
#[derive(Debug, Clone)]
pub struct Filter {
    /// The unit's code in its short form.
    pub unit: String,
    /// Only what this one submitted or is a party to; `None`: everybody's.
    pub party: Option<Party>,
    /// First second of submission.
    pub from: i64,
    /// First second that is too late.
    pub until: i64,
    /// Dossiers to pass over.
    pub skip: i64,
    /// Dossiers to return at most.
    pub take: i64,
}

/// Who submits dossiers and is a party to others.
#[derive(Debug, Clone)]
pub struct Party {
    /// Its id.
    pub member: String,
    /// Agencies that it is or speaks for, in their short form; those below them are meant, too.
    pub agencies: Vec<String>,
}

/// The tables of one connection, inside a transaction.
#[derive(Debug, Clone, Copy)]
pub struct Records<'a> {
    connection: &'a Connection,
}

// The unit's dossiers of some days that a party (?4, NULL for the ministry) submitted, or that one of its agencies (?5)
// handles or has numbered: a key is the agency's short code, `-`, and the rest.
macro_rules! listed {
    () => {
        "WHERE unit = ?1 AND submitted >= ?2 AND submitted < ?3 AND (?4 IS NULL OR member = ?4 OR EXISTS(
             SELECT 1 FROM json_each(?5) AS own
             WHERE unit = own.value OR substr(dossier.unit, 1, length(own.value) + 1) = own.value || '.'
                OR substr(dossier.key, 1, length(own.value) + 1) IN (own.value || '-', own.value || '.')
         ))"
    };
}

impl<'a> Records<'a> {
    /// The tables behind a connection.
    pub fn of(connection: &'a Connection) -> Self {
        Self { connection }
    }

    /// The next number of the agency's day.
    pub fn next_number(&self, agency: &str, day: &str) -> Result<u32, Error> {
        let number: i64 = self
            .connection
            .prepare_cached(
                "INSERT INTO counter(agency, day, last) VALUES (?, ?, 1)
                 ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last",
            )
            .and_then(|mut statement| statement.query_row([agency, day], |row| row.get(0)))
            .map_err(failed)?;
        u32::try_from(number).ok().filter(|number| *number <= NUMBER_MAX).ok_or(Error::DayFull)
    }

    /// Adds a dossier that does not exist yet.
    pub fn insert(&self, key: &str, record: &Record) -> Result<(), Error> {
        let dossier = &record.dossier;
        let unit = unit_key(dossier);
        let submitted = dossier.submitted_time.map_or(0, |time| time.seconds);
        self.execute(
            "INSERT INTO dossier(key, member, unit, submitted, status, resume, moved, synced, body)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                key,
                record.member,
                unit,
                submitted,
                dossier.status,
                i32::from(record.resume),
                record.moved,
                record.synced.map(|digest| digest.0),
                encoded(dossier)
            ],
        )
    }

    /// Replaces a dossier; whose it is stays.
    pub fn update(&self, key: &str, record: &Record) -> Result<(), Error> {
        let dossier = &record.dossier;
        let submitted = dossier.submitted_time.map_or(0, |time| time.seconds);
        self.execute(
            "UPDATE dossier SET unit = ?, submitted = ?, status = ?, resume = ?, moved = ?, synced = ?, body = ?
             WHERE key = ?",
            params![
                unit_key(dossier),
                submitted,
                dossier.status,
                i32::from(record.resume),
                record.moved,
                record.synced.map(|digest| digest.0),
                encoded(dossier),
                key
            ],
        )
    }

    /// Whether there is a dossier of this key, whoever submitted it.
    pub fn has(&self, key: &str) -> Result<bool, Error> {
        self.connection
            .prepare_cached("SELECT 1 FROM dossier WHERE key = ?")
            .and_then(|mut statement| statement.exists([key]))
            .map_err(failed)
    }

    /// Runs one item of a batch: what it wrote stays where it ends well, and is taken back where it is refused.
    pub fn item<A>(&self, work: impl FnOnce() -> Result<A, Error>) -> Result<A, Error> {
        self.connection.execute_batch("SAVEPOINT item").map_err(failed)?;
        let result = work();
        let end = if result.is_ok() { "RELEASE item" } else { "ROLLBACK TO item; RELEASE item" };
        self.connection.execute_batch(end).map_err(failed)?;
        result
    }

    /// Marks a step as reported; `false` where it was before.
    pub fn keep_report(&self, key: &str, digest: Digest) -> Result<bool, Error> {
        self.connection
            .prepare_cached("INSERT INTO report(dossier, digest) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .and_then(|mut statement| statement.execute(params![key, digest.0]))
            .map(|rows| rows > 0)
            .map_err(failed)
    }

    /// How many steps a dossier has.
    pub fn step_count(&self, key: &str) -> Result<i64, Error> {
        self.connection
            .prepare_cached("SELECT coalesce(max(number), 0) FROM step WHERE dossier = ?")
            .and_then(|mut statement| statement.query_row([key], |row| row.get(0)))
            .map_err(failed)
    }

    /// A dossier without its steps and contents.
    pub fn find(&self, code: &str) -> Result<Option<(String, Record)>, Error> {
        let Some(key) = DossierCode::parse(code).map(|code| code.key()) else {
            return Ok(None);
        };
        let row = self
            .connection
            .prepare_cached("SELECT member, resume, moved, synced, body FROM dossier WHERE key = ?")
            .and_then(|mut statement| statement.query_row([&key], stored).optional())
            .map_err(failed)?;
        row.map(|row| Ok((key, row.read()?))).transpose()
    }

    /// A dossier with all that belongs to it.
    pub fn find_whole(&self, code: &str) -> Result<Option<Record>, Error> {
        let Some((key, mut record)) = self.find(code)? else {
            return Ok(None);
        };
        record.dossier.progress = self.steps(&key)?;
        for document in documents(&mut record.dossier) {
            if let Some(document::Source::Content(content)) = &mut document.source {
                *content = self.content(&key, content)?;
            }
        }
        Ok(Some(record))
    }

    /// Adds a step as the dossier's last.
    pub fn add_step(&self, key: &str, step: &ProgressStep) -> Result<(), Error> {
        self.execute(
            "INSERT INTO step(dossier, number, body)
             SELECT ?1, 1 + coalesce(max(number), 0), ?2 FROM step WHERE dossier = ?1",
            params![key, step.encode_to_vec()],
        )
    }

    /// A dossier's steps, oldest first.
    pub fn steps(&self, key: &str) -> Result<Vec<ProgressStep>, Error> {
        let bodies: Vec<Vec<u8>> = self
            .connection
            .prepare_cached("SELECT body FROM step WHERE dossier = ? ORDER BY number")
            .and_then(|mut statement| statement.query_map([key], |row| row.get(0))?.collect())
            .map_err(failed)?;
        bodies.iter().map(|body| decoded(body, "progress step")).collect()
    }

    /// How many dossiers a filter finds in all, and the page it asks for.
    pub fn list(&self, filter: &Filter) -> Result<(i64, Vec<Dossier>), Error> {
        let Filter { unit, party, from, until, skip, take } = filter;
        let member = party.as_ref().map(|party| party.member.as_str());
        // A JSON array: how many agencies there are, the statement stays the same.
        let agencies = party.as_ref().map(|party| serde_json::json!(party.agencies).to_string());
        let total = self
            .connection
            .prepare_cached(concat!("SELECT count(*) FROM dossier ", listed!()))
            .and_then(|mut statement| {
                statement.query_row(params![unit, from, until, member, agencies], |row| row.get(0))
            })
            .map_err(failed)?;
        let rows: Vec<Stored> = self
            .connection
            .prepare_cached(concat!(
                "SELECT member, resume, moved, synced, body FROM dossier ",
                listed!(),
                " ORDER BY submitted, key LIMIT ?6 OFFSET ?7"
            ))
            .and_then(|mut statement| {
                statement.query_map(params![unit, from, until, member, agencies, take, skip], stored)?.collect()
            })
            .map_err(failed)?;
        let dossiers: Result<Vec<Dossier>, Error> =
            rows.into_iter().map(|row| row.read().map(|record| record.dossier)).collect();
        Ok((total, dossiers?))
    }

    /// The answer recorded under a key.
    pub fn answer(&self, member: &str, method: &str, key: &str) -> Result<Option<Answered>, Error> {
        self.connection
            .prepare_cached("SELECT digest, body FROM answer WHERE member = ? AND method = ? AND key = ?")
            .and_then(|mut statement| statement.query_row([member, method, key], answered).optional())
            .map_err(failed)
    }

    /// Records an answer under a key.
    pub fn keep_answer(&self, id: [&str; 3], answered: &Answered, at: i64) -> Result<(), Error> {
        let [member, method, key] = id;
        self.execute(
            "INSERT INTO answer(member, method, key, digest, body, at) VALUES (?, ?, ?, ?, ?, ?)",
            params![member, method, key, answered.digest.0, answered.body, at],
        )
    }

    /// Payments recorded under a reference or a transaction of a partner: at most two.
    pub fn payments(&self, partner: &str, reference: &str, transfer: &str) -> Result<Vec<Answered>, Error> {
        self.connection
            .prepare_cached(
                "SELECT digest, answer FROM payment
                 WHERE partner = ?1 AND (reference = ?2 OR transfer = ?3)",
            )
            .and_then(|mut statement| statement.query_map([partner, reference, transfer], answered)?.collect())
            .map_err(failed)
    }

    /// Records a payment and the answer to its confirmation.
    pub fn keep_payment(&self, id: [&str; 3], key: &str, answered: &Answered) -> Result<(), Error> {
        let [partner, reference, transfer] = id;
        self.execute(
            "INSERT INTO payment(partner, reference, transfer, dossier, digest, answer) VALUES (?, ?, ?, ?, ?, ?)",
            params![partner, reference, transfer, key, answered.digest.0, answered.body],
        )
    }

    /// Stores the contents that [`take_contents`] took out of a dossier's papers.
    pub fn keep_contents(&self, key: &str, contents: Vec<Content>) -> Result<(), Error> {
        for Content { digest, bytes } in contents {
            self.execute(
                "INSERT INTO content(dossier, digest, bytes) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                params![key, digest.0, bytes],
            )?;
        }
        Ok(())
    }

    /// The content that stands under a digest.
    pub fn content(&self, key: &str, digest: &[u8]) -> Result<Vec<u8>, Error> {
        self.connection
            .prepare_cached("SELECT bytes FROM content WHERE dossier = ? AND digest = ?")
            .and_then(|mut statement| statement.query_row(params![key, digest], |row| row.get(0)).optional())
            .map_err(failed)?
            .ok_or(damaged("file content"))
    }

    fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), Error> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        statement.execute(values).map(drop).map_err(failed)
    }
}

struct Stored {
    member: String,
    resume: i32,
    moved: i64,
    synced: Option<[u8; 32]>,
    body: Vec<u8>,
}

impl Stored {
    fn read(self) -> Result<Record, Error> {
        let resume = Status::try_from(self.resume).map_err(|_| damaged("dossier"))?;
        let dossier = decoded(&self.body, "dossier")?;
        Ok(Record { member: self.member, resume, moved: self.moved, synced: self.synced.map(Digest), dossier })
    }
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored { member: row.get(0)?, resume: row.get(1)?, moved: row.get(2)?, synced: row.get(3)?, body: row.get(4)? })
}

fn answered(row: &Row<'_>) -> rusqlite::Result<Answered> {
    Ok(Answered { digest: Digest(row.get(0)?), body: row.get(1)? })
}

/// The processing unit as dossiers are listed by.
pub fn unit_key(dossier: &Dossier) -> String {
    let code = &dossier.processing_unit_code;
    super::code::AgencyCode::parse(code).map_or_else(|| code.clone(), |code| code.key().to_owned())
}

/// Takes the contents of newly received papers out of them and leaves their digests.
pub fn take_contents(documents: &mut [Document]) -> Vec<Content> {
    documents
        .iter_mut()
        .filter_map(|document| match &mut document.source {
            Some(document::Source::Content(content)) => {
                let digest = Digest::of(content);
                Some(Content { digest, bytes: std::mem::replace(content, digest.0.to_vec()) })
            }
            _ => None,
        })
        .collect()
}

fn documents(dossier: &mut Dossier) -> impl Iterator<Item = &mut Document> {
    let rounds = dossier.supplement_rounds.iter_mut().flat_map(|round| round.documents.iter_mut());
    dossier.documents.iter_mut().chain(rounds)
}

fn encoded(dossier: &Dossier) -> Vec<u8> {
    dossier.encode_to_vec()
}

/// A stored message; `what` names it where it is damaged.
pub fn decoded<M: Message + Default>(body: &[u8], what: &'static str) -> Result<M, Error> {
    M::decode(body).map_err(|_| damaged(what))
}

fn damaged(what: &'static str) -> Error {
    Error::Store(store::error::Error::Damaged { what })
}

fn failed(error: rusqlite::Error) -> Error {
    Error::Store(store::error::Error::statement(error))
}

/// Seven digits.
const NUMBER_MAX: u32 = 9_999_999;
