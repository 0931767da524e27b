//! Where a chain in PostgreSQL ends.

use tokio_postgres::Client;

use crate::crypto::Digest;
use crate::store::error::Error;
use crate::store::ledger::piece::Position;

/// Enters a chain's name, where it is new.
pub(super) async fn own(client: &Client, chain: &str) -> Result<(), Error> {
    let insert = "INSERT INTO chain (name, pruned, link) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING";
    let link = Position::start(chain).link;
    client.execute(insert, &[&chain, &&link.0[..]]).await.map(drop).map_err(Error::server)
}

/// Where the records that are there begin: after those that were taken away.
pub(super) async fn start(client: &Client, chain: &str) -> Result<Position, Error> {
    let select = "SELECT pruned, link FROM chain WHERE name = $1";
    match client.query_opt(select, &[&chain]).await.map_err(Error::server)? {
        Some(row) => Ok(Position { seq: row.get::<_, i64>(0).unsigned_abs(), link: digest(row.get(1))? }),
        None => Ok(Position::start(chain)),
    }
}

/// Where the chain ends; its last records are proven to follow from each other.
pub(super) async fn position(client: &Client, chain: &str) -> Result<Position, Error> {
    let last = "SELECT greatest((SELECT max(seq) FROM record WHERE chain = $1),
                                (SELECT max(last) FROM checkpoint WHERE chain = $1),
                                (SELECT pruned FROM chain WHERE name = $1), 0)";
    let last = client.query_one(last, &[&chain]).await.map_err(Error::server)?.get::<_, i64>(0).unsigned_abs();
    let broken = |seq| Error::Broken { chain: chain.to_owned(), seq };
    let mut at = start(client, chain).await?;
    let first = last.saturating_sub(PROVEN_AT_START);
    if first > at.seq {
        let link = link_of(client, chain, first).await?.ok_or_else(|| broken(first))?;
        at = Position { seq: first, link };
    }
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

/// The link at a place; `None`: it was taken away.
pub(super) async fn link_of(client: &Client, chain: &str, seq: u64) -> Result<Option<Digest>, Error> {
    let select = "SELECT link FROM record WHERE chain = $1 AND seq = $2
                  UNION ALL SELECT link FROM chain WHERE name = $1 AND pruned = $2";
    let rows = client.query(select, &[&chain, &number(seq)]).await.map_err(Error::server)?;
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
