//! The ledger's tables in PostgreSQL.

use crate::store::postgres::schema::Schema;

/// * `at` of a mark and a slot is when it was asked for last: what is past its time is judged by that, in one statement
///   with setting it anew.
/// * `proof` tells a damaged row; a damaged outcome does not open.
/// * Bodies are ciphertext: to try to compress them is lost time.
/// * A chain's name is compared byte by byte, whatever the database's language.
pub(in crate::store::ledger) const SCHEMA: Schema = Schema {
    tables: &["mark", "slot", "chain", "record", "checkpoint"],
    steps: &["CREATE TABLE mark (key bytea PRIMARY KEY, until bigint NOT NULL, at bigint NOT NULL, proof bytea NOT NULL);
              CREATE INDEX mark_until ON mark (until);
              CREATE TABLE slot (key bytea PRIMARY KEY, content bytea NOT NULL, until bigint NOT NULL,
                                 at bigint NOT NULL, proof bytea NOT NULL, holder text COLLATE \"C\" NOT NULL,
                                 held_until bigint NOT NULL, chain text COLLATE \"C\", record bigint) WITH (fillfactor = 70);
              CREATE INDEX slot_until ON slot (until);
              CREATE TABLE chain (name text COLLATE \"C\" PRIMARY KEY, pruned bigint NOT NULL, link bytea NOT NULL);
              CREATE TABLE record (chain text COLLATE \"C\", seq bigint, at bigint NOT NULL, link bytea NOT NULL,
                                   head bytea NOT NULL, outcome bytea, body bytea NOT NULL, PRIMARY KEY (chain, seq));
              ALTER TABLE record ALTER body SET STORAGE EXTERNAL, ALTER outcome SET STORAGE EXTERNAL;
              CREATE TABLE checkpoint (chain text COLLATE \"C\", number bigint, last bigint NOT NULL,
                                       link bytea NOT NULL, at bigint NOT NULL, text bytea NOT NULL,
                                       signature bytea NOT NULL, certificates bytea NOT NULL, stamp bytea NOT NULL,
                                       PRIMARY KEY (chain, number), UNIQUE (chain, last))"],
};
