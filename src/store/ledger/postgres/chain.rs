//! Where a chain in PostgreSQL ends.

use tokio_postgres::Client;

use crate::crypto::Digest;
use crate::store::error::Error;
use crate::store::ledger::piece::Position;

/// Where the chain ends; its last records are proven to follow from each other.
pub(super) async fn position(client: &Client, chain: &str) -> Result<Position, Error> {
    let last = "SELECT greatest((SELECT max(seq) FROM record WHERE chain = $1),
                                (SELECT max(last) FROM checkpoint WHERE chain = $1), 0)";
    let last = client.query_one(last, &[&chain]).await.map_err(Error::server)?.get::<_, i64>(0).unsigned_abs();
    let broken = |seq| Error::Broken { chain: chain.to_owned(), seq };
    let oldest = "SELECT min(seq) FROM record WHERE chain = $1";
    let oldest: Option<i64> = client.query_one(oldest, &[&chain]).await.map_err(Error::server)?.get(0);
    // What comes before the oldest record was taken away, and is proven by the checkpoint there.
    let before = oldest.map_or(last, |seq| seq.unsigned_abs().saturating_sub(1)).max(last.saturating_sub(PROVEN_AT_START));
    let link = link_of(client, chain, before).await?.ok_or_else(|| broken(before))?;
    let mut at = Position { seq: before, link };
    let rows = "SELECT seq, link, sha256(head) FROM record WHERE chain = $1 AND seq > $2 ORDER BY seq";
    let rows = client.query(rows, &[&chain, &number(at.seq)]).await.map_err(Error::server)?;
    for row in rows {
        at = at.after_digest(digest(row.get(2))?);
        if (row.get::<_, i64>(0).unsigned_abs(), digest(row.get(1))?) != (at.seq, at.link) {
            return Err(broken(at.seq));
        }
    }
    match at.seq == last {
        true => Ok(at),
        false => Err(broken(at.seq + 1)),
    }
}

/// The link of a record, or that of a checkpoint that says it; `None`: neither is there any more.
pub(super) async fn link_of(client: &Client, chain: &str, seq: u64) -> Result<Option<Digest>, Error> {
    if seq == 0 {
        return Ok(Some(Position::start(chain).link));
    }
    let sql = "SELECT link FROM record WHERE chain = $1 AND seq = $2
               UNION ALL SELECT link FROM checkpoint WHERE chain = $1 AND last = $2";
    let rows = client.query(sql, &[&chain, &number(seq)]).await.map_err(Error::server)?;
    rows.first().map(|row| digest(row.get(0))).transpose()
}

/// A column that holds a digest.
pub(super) fn digest(bytes: &[u8]) -> Result<Digest, Error> {
    bytes.try_into().map(Digest).map_err(|_| Error::Damaged { what: "digest" })
}

/// PostgreSQL's integers are signed; no chain comes near their end.
pub(super) fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// Of the end of a chain, what is proven when it is opened. `evidence verify` proves all of it.
const PROVEN_AT_START: u64 = 10_000;
