//! What is said to PostgreSQL in a commit; each of them about all of a batch.

use tokio_postgres::{Client, Statement};

use crate::store::error::Error;

/// Prepared on one connection.
pub(super) struct Statements {
    pub(super) marks: Statement,
    pub(super) slots: Statement,
    pub(super) asked: Statement,
    pub(super) records: Statement,
    pub(super) fills: Statement,
    pub(super) heads: Statement,
    pub(super) checkpoint: Statement,
    pub(super) stamp: Statement,
    pub(super) prune: Statement,
    pub(super) forget_marks: Statement,
    pub(super) forget_slots: Statement,
}

impl Statements {
    pub(super) async fn prepare(client: &Client) -> Result<Self, Error> {
        let prepare = async |sql| client.prepare(sql).await.map_err(Error::server);
        Ok(Self {
            marks: prepare(MARKS).await?,
            slots: prepare(SLOTS).await?,
            asked: prepare(ASKED).await?,
            records: prepare(RECORDS).await?,
            fills: prepare(FILLS).await?,
            heads: prepare(HEADS).await?,
            checkpoint: prepare(CHECKPOINT).await?,
            stamp: prepare(STAMP).await?,
            prune: prepare(PRUNE).await?,
            forget_marks: prepare(&FORGET.replace("TABLE", "mark")).await?,
            forget_slots: prepare(&FORGET.replace("TABLE", "slot")).await?,
        })
    }
}

/// Sets marks; gives those that were not set, or past their time.
const MARKS: &str = "
    INSERT INTO mark (key, until, at, proof) SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bytea[])
    ON CONFLICT (key) DO UPDATE SET until = excluded.until, at = excluded.at, proof = excluded.proof
    WHERE mark.until < excluded.at
    RETURNING key";

/// Opens slots: those that are not there, that are past their time, and those that nobody fills any more: our own, of a
/// process before this one, and others' past their `held_until`. Gives those that were opened; the rest it locks, so that
/// they stay as they are until [`ASKED`] has read them.
const SLOTS: &str = "
    INSERT INTO slot (key, content, until, at, proof, held_until, holder)
    SELECT *, $7 FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bigint[])
    ON CONFLICT (key) DO UPDATE SET
        until = CASE WHEN slot.until < excluded.at THEN excluded.until ELSE slot.until END,
        proof = CASE WHEN slot.until < excluded.at THEN excluded.proof ELSE slot.proof END,
        content = excluded.content, at = excluded.at, held_until = excluded.held_until, holder = excluded.holder,
        chain = NULL, record = NULL
    WHERE slot.until < excluded.at
       OR slot.record IS NULL AND slot.content = excluded.content
          AND (slot.holder = excluded.holder OR slot.held_until < excluded.at)
    RETURNING key";

/// What is known of slots.
const ASKED: &str = "
    SELECT slot.key, content, until, holder, held_until, slot.record IS NOT NULL, outcome
    FROM slot LEFT JOIN record ON record.chain = slot.chain AND record.seq = slot.record
    WHERE slot.key = ANY ($1)";

const RECORDS: &str = "
    INSERT INTO record (chain, seq, at, link, head, outcome, body)
    SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[])";

const FILLS: &str = "
    UPDATE slot SET chain = $1, record = filled.seq FROM unnest($2::bytea[], $3::bigint[]) AS filled (key, seq)
    WHERE slot.key = filled.key AND slot.record IS NULL";

/// Digests of heads, a page of them.
const HEADS: &str = "
    SELECT seq, sha256(head) FROM record WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT 10000";

const CHECKPOINT: &str = "
    INSERT INTO checkpoint (chain, number, last, link, at, text, signature, certificates, stamp)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

const STAMP: &str = "UPDATE checkpoint SET stamp = $3 WHERE chain = $1 AND number = $2 AND stamp = ''";

/// Takes away the first records, as far as checkpoints state them; where the chain begins then is written down.
const PRUNE: &str = "
    WITH last AS (
        SELECT seq, link FROM record WHERE chain = $1
        AND seq = least($2, (SELECT coalesce(max(last), 0) FROM checkpoint WHERE chain = $1),
                        (SELECT pruned + $3 FROM chain WHERE name = $1))),
    begun AS (UPDATE chain SET pruned = last.seq, link = last.link FROM last WHERE name = $1)
    DELETE FROM record USING last WHERE record.chain = $1 AND record.seq <= last.seq";

/// Nobody waits for another here: what another gateway has taken in hand is left to it.
const FORGET: &str = "
    DELETE FROM TABLE WHERE key IN
    (SELECT key FROM TABLE WHERE until < $1 ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED)";
