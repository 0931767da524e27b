//! A group of pieces in one transaction, in few round trips.
//!
//! ```text
//! BEGIN, marks, records, what is known of the slots asked for  ──▶
//!                                          ◀──  which marks were first, which slots may be opened
//! those slots are opened                   ──▶
//!                                          ◀──  which were; of others that came before us: what is known of them now
//! outcomes into slots, what is past its time away, COMMIT      ──▶
//! ```
//! * Marks depend on nothing else of a group, and all of them go first. The rest goes in batches; a batch ends before a slot
//!   that it has already. So what happens at once in a batch is what would happen one piece after the other.
//! * Keys are sorted, marks before slots: gateways that set the same wait for each other in the same order. A slot that is
//!   another gateway's is read without a lock, so that who waits for it holds nobody up.
//! * A statement of a transaction that has failed fails, too, and COMMIT takes all of it back: that each of them has
//!   succeeded is asked before anything is believed.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row};

use super::chain::number;
use super::statements::Statements;
use crate::clock::UnixMillis;
use crate::crypto::Digest;
use crate::crypto::merkle::Growing;
use crate::store::ledger::piece::{Ask, Checkpoint, Cut, Mark, PRUNED_MAX, Piece, Position, Prune, Slot, Stamp, Told};
use crate::store::ledger::sqlite::proof;
use crate::store::ledger::tree::Tree;

/// A transaction, and what will hold once it is committed.
pub(super) struct Work<'c> {
    pub(super) client: &'c Client,
    pub(super) statements: &'c Statements,
    pub(super) chain: &'c str,
    pub(super) position: Position,
    pub(super) tree: Tree,
    pub(super) due: UnixMillis,
}

/// Slots that were opened, by key, and the records that fill them.
type Fills = Vec<(Digest, u64)>;

/// Records as the columns that they become.
#[derive(Default)]
struct Columns<'p> {
    seqs: Vec<i64>,
    ats: Vec<i64>,
    links: Vec<Digest>,
    heads: Vec<&'p [u8]>,
    outcomes: Vec<Option<&'p [u8]>>,
    bodies: Vec<&'p [u8]>,
}

impl Work<'_> {
    pub(super) async fn all(&mut self, group: &[Piece]) -> Result<Vec<Told>, Error> {
        let now = group.iter().map(|piece| piece.at).max().unwrap_or(UnixMillis(i64::MIN));
        let mut told = Vec::with_capacity(group.len());
        let mut firsts = None;
        let mut fills = Fills::new();
        for batch in batches(group) {
            self.fill(&fills).await?;
            fills = self.batch(group, batch, &mut firsts, &mut told).await?;
        }
        // Polled, and so sent, in this order.
        let (filled, forgotten, committed) =
            tokio::join!(biased; self.fill(&fills), self.forget(now), self.client.batch_execute("COMMIT"));
        let ((), due, ()) = (filled?, forgotten?, committed?);
        self.due = due;
        Ok(told)
    }

    /// Does a batch; what is left of it is to fill slots. `firsts`: of the group's marks, when they have been set.
    async fn batch(
        &mut self,
        group: &[Piece],
        range: Range<usize>,
        firsts: &mut Option<Vec<bool>>,
        told: &mut Vec<Told>,
    ) -> Result<Fills, Error> {
        let batch = &group[range.clone()];
        let cut = match batch {
            [Piece { cut: Some(after), .. }] => Some(self.cut(*after).await?),
            _ => None,
        };
        let mut columns = Columns::default();
        let ends: Vec<u64> = batch.iter().map(|piece| self.grow(piece, &mut columns)).collect();
        let asks: Vec<(usize, Ask)> =
            batch.iter().enumerate().filter_map(|(at, piece)| Some((at, piece.slot?))).collect();
        let known_firsts = firsts.take();
        let begin = async { if let Some(firsts) = known_firsts { Ok(firsts) } else { self.begin(group).await } };
        let (begun, written, known) = tokio::join!(biased; begin, self.record(&columns), self.known(batch, &asks));
        // In the order in which they were sent: the first failure is the cause of those after it.
        let (all_firsts, (), mut known) = (begun?, written?, known?);
        let is_first = &all_firsts[range];
        let asks: Vec<(usize, Ask)> = asks.into_iter().filter(|&(at, _)| is_first[at]).collect();
        self.open(batch, &asks, &mut known).await?;
        let mut fills = Fills::new();
        for (((piece, end), slot), &is_first) in batch.iter().zip(ends).zip(known).zip(is_first) {
            fills.extend(piece.fill.filter(|_| is_first).map(|key| (key, end)));
            let pruned = self.say(piece).await?;
            told.push(Told { is_first, slot: slot.filter(|_| is_first), cut, pruned });
        }
        *firsts = Some(all_firsts);
        Ok(fills)
    }

    /// Begins the transaction, and sets all marks of the group; by piece, whether it was the first.
    async fn begin(&self, group: &[Piece]) -> Result<Vec<bool>, Error> {
        let (begun, marked) = tokio::join!(biased; self.client.batch_execute("BEGIN"), self.mark(group));
        begun.and(marked)
    }

    /// The chain after a piece's records: its last one.
    fn grow<'p>(&mut self, piece: &'p Piece, columns: &mut Columns<'p>) -> u64 {
        for record in &piece.records {
            let digest = Digest::of(&record.head);
            self.position = self.position.after_digest(digest);
            self.tree.push(digest);
            columns.seqs.push(number(self.position.seq));
            columns.ats.push(record.at.0);
            columns.links.push(self.position.link);
            columns.heads.push(&record.head);
            columns.outcomes.push(record.outcome.as_deref());
            columns.bodies.push(&record.body);
        }
        self.position.seq
    }

    /// Sets marks, all that it can at once; by piece, whether it was the first.
    ///
    /// Of a key that comes again, the second is never the first: neither where the one before it has set the mark, nor where
    /// somebody else had. Only one that is past its time already when it comes again is set again, after the others.
    async fn mark(&self, group: &[Piece]) -> Result<Vec<bool>, Error> {
        let mut firsts: Vec<bool> = group.iter().map(|piece| piece.mark.is_none()).collect();
        let mut marks: Vec<(usize, Mark)> =
            group.iter().enumerate().filter_map(|(at, piece)| Some((at, piece.mark?))).collect();
        while !marks.is_empty() {
            let (mut once, mut again) = (Vec::with_capacity(marks.len()), Vec::new());
            let mut until: HashMap<Digest, UnixMillis> = HashMap::with_capacity(marks.len());
            for (at, mark) in marks {
                match until.entry(mark.key) {
                    Entry::Vacant(new) => {
                        new.insert(mark.until);
                        once.push((at, mark));
                    }
                    Entry::Occupied(known) if *known.get() < group[at].at => again.push((at, mark)),
                    Entry::Occupied(_) => {}
                }
            }
            once.sort_unstable_by_key(|(_, mark)| mark.key);
            let set = self.set(group, &once).await?;
            once.iter().for_each(|(at, mark)| firsts[*at] = set.contains(&mark.key));
            marks = again;
        }
        Ok(firsts)
    }

    async fn set(&self, group: &[Piece], marks: &[(usize, Mark)]) -> Result<HashSet<Digest>, Error> {
        let keys: Vec<&[u8]> = marks.iter().map(|(_, mark)| &mark.key.0[..]).collect();
        let untils: Vec<i64> = marks.iter().map(|(_, mark)| mark.until.0).collect();
        let ats: Vec<i64> = marks.iter().map(|&(at, _)| group[at].at.0).collect();
        let proofs: Vec<[u8; 8]> = marks.iter().map(|(_, mark)| proof(mark.key, None, mark.until)).collect();
        let proofs: Vec<&[u8]> = proofs.iter().map(|proof| &proof[..]).collect();
        let rows = self.client.query(&self.statements.marks, &[&keys, &untils, &ats, &proofs]).await?;
        digests(&rows, 0)
    }

    async fn record(&self, columns: &Columns<'_>) -> Result<(), Error> {
        let Columns { seqs, ats, links, heads, outcomes, bodies } = columns;
        let links: Vec<&[u8]> = links.iter().map(|link| &link.0[..]).collect();
        let mut from = 0;
        while from < seqs.len() {
            let mut bytes = 0;
            let sizes = bodies[from..].iter().zip(&heads[from..]).map(|(body, head)| body.len() + head.len());
            let fit = sizes.take_while(|size| {
                bytes += size;
                bytes <= STATEMENT_BYTES_MAX
            });
            let to = from + fit.count().max(1);
            let (heads, outcomes, bodies) = (&heads[from..to], &outcomes[from..to], &bodies[from..to]);
            let columns: [&(dyn ToSql + Sync); 7] =
                [&self.chain, &&seqs[from..to], &&ats[from..to], &&links[from..to], &heads, &outcomes, &bodies];
            self.client.execute(&self.statements.records, &columns).await?;
            from = to;
        }
        Ok(())
    }

    /// What is known of the slots that pieces ask for, by piece; `Open`: it is to be tried.
    async fn known(&self, batch: &[Piece], asks: &[(usize, Ask)]) -> Result<Vec<Option<Slot>>, Error> {
        let mut known = vec![None; batch.len()];
        if asks.is_empty() {
            return Ok(known);
        }
        let keys: Vec<&[u8]> = asks.iter().map(|(_, ask)| &ask.key.0[..]).collect();
        let rows = self.client.query(&self.statements.asked, &[&keys]).await?;
        let mut there: HashMap<&[u8], &Row> = HashMap::with_capacity(rows.len());
        for row in &rows {
            there.insert(row.try_get(0)?, row);
        }
        for &(at, ask) in asks {
            let row = there.get(&ask.key.0[..]);
            known[at] = Some(row.map_or(Ok(Slot::Open), |row| self.judge(row, ask, batch[at].at))?);
        }
        Ok(known)
    }

    /// What a row of [`Statements::asked`] means to who asks now.
    fn judge(&self, row: &Row, ask: Ask, now: UnixMillis) -> Result<Slot, Error> {
        let (content, until): (&[u8], i64) = (row.try_get(1)?, row.try_get(2)?);
        let (holder, held_until): (&str, i64) = (row.try_get(3)?, row.try_get(4)?);
        Ok(match row.try_get(5)? {
            _ if until < now.0 => Slot::Open,
            _ if content != ask.content.0 => Slot::Taken,
            // One whose record has been taken away: that it was filled is all that is known.
            true => Slot::Filled(row.try_get::<_, Option<Vec<u8>>>(6)?.unwrap_or_default()),
            // This process is the only one of its name: whoever opened it before is dead.
            false if holder == self.chain || held_until < now.0 => Slot::Open,
            false => Slot::Held,
        })
    }

    /// Opens the slots that may be; of those that others opened since then, tells what is known now.
    async fn open(&self, batch: &[Piece], asks: &[(usize, Ask)], known: &mut [Option<Slot>]) -> Result<(), Error> {
        let mut asks: Vec<(usize, Ask)> =
            asks.iter().filter(|&&(at, _)| known[at] == Some(Slot::Open)).copied().collect();
        if asks.is_empty() {
            return Ok(());
        }
        asks.sort_unstable_by_key(|(_, ask)| ask.key);
        let keys: Vec<&[u8]> = asks.iter().map(|(_, ask)| &ask.key.0[..]).collect();
        let contents: Vec<&[u8]> = asks.iter().map(|(_, ask)| &ask.content.0[..]).collect();
        let untils: Vec<i64> = asks.iter().map(|(_, ask)| ask.until.0).collect();
        let ats: Vec<i64> = asks.iter().map(|&(at, _)| batch[at].at.0).collect();
        let proofs: Vec<[u8; 8]> = asks.iter().map(|(_, ask)| proof(ask.key, Some(ask.content), ask.until)).collect();
        let proofs: Vec<&[u8]> = proofs.iter().map(|proof| &proof[..]).collect();
        let held: Vec<i64> = asks.iter().map(|(_, ask)| ask.held_until.0).collect();
        let columns: [&(dyn ToSql + Sync); 7] = [&keys, &contents, &untils, &ats, &proofs, &held, &self.chain];
        let rows = self.client.query(&self.statements.slots, &columns).await?;
        let opened: HashSet<Digest> = digests(&rows, 0)?;
        asks.retain(|(_, ask)| !opened.contains(&ask.key));
        let mut now_known = self.known(batch, &asks).await?;
        for (at, _) in asks {
            known[at] = now_known[at].take().map(|slot| match slot {
                // The statement before would have opened it.
                Slot::Open => Slot::Held,
                slot => slot,
            });
        }
        Ok(())
    }

    async fn fill(&self, fills: &Fills) -> Result<(), Error> {
        if fills.is_empty() {
            return Ok(());
        }
        let mut fills = fills.clone();
        fills.sort_unstable_by_key(|(key, _)| *key);
        let keys: Vec<&[u8]> = fills.iter().map(|(key, _)| &key.0[..]).collect();
        let seqs: Vec<i64> = fills.iter().map(|&(_, seq)| number(seq)).collect();
        self.client.execute(&self.statements.fills, &[&self.chain, &keys, &seqs]).await.map(drop)
    }

    /// The stretch after a record; the next one begins where it ends.
    async fn cut(&mut self, after: u64) -> Result<Cut, Error> {
        let growing = match self.tree.cut(after, self.position.seq) {
            Some(growing) => growing,
            None => self.grown(after).await?,
        };
        Ok(Cut { end: self.position, root: growing.root() })
    }

    async fn grown(&self, mut after: u64) -> Result<Growing, Error> {
        let mut growing = Growing::default();
        while after < self.position.seq {
            let rows = self.client.query(&self.statements.heads, &[&self.chain, &number(after)]).await?;
            let Some(last) = rows.last() else { break };
            after = last.try_get::<_, i64>(0)?.unsigned_abs();
            digests::<Vec<Digest>>(&rows, 1)?.into_iter().for_each(|digest| growing.push(digest));
        }
        Ok(growing)
    }

    /// What a piece says of the chain; how many records it took away.
    async fn say(&self, piece: &Piece) -> Result<usize, Error> {
        if let Some(checkpoint) = &piece.checkpoint {
            let Checkpoint { number: of, last, link, text, signature, certificates, stamp, at } = checkpoint;
            let (of, last, link) = (number(*of), number(*last), &link.0[..]);
            let columns: [&(dyn ToSql + Sync); 9] =
                [&self.chain, &of, &last, &link, &at.0, text, signature, certificates, stamp];
            self.client.execute(&self.statements.checkpoint, &columns).await?;
        }
        if let Some(Stamp { number: of, bytes }) = &piece.stamp {
            self.client.execute(&self.statements.stamp, &[&self.chain, &number(*of), bytes]).await?;
        }
        let Some(Prune { last }) = piece.prune else { return Ok(0) };
        let pruned = [&self.chain as &(dyn ToSql + Sync), &number(last), &number(PRUNED_MAX)];
        let pruned = self.client.execute(&self.statements.prune, &pruned).await?;
        Ok(usize::try_from(pruned).unwrap_or(usize::MAX))
    }

    /// Takes away some that are past their time; when that is due again.
    async fn forget(&self, now: UnixMillis) -> Result<UnixMillis, Error> {
        if now < self.due {
            return Ok(self.due);
        }
        let params: [&(dyn ToSql + Sync); 2] = [&now.0, &FORGOTTEN_MAX];
        let (marks, slots) = tokio::join!(biased;
            self.client.execute(&self.statements.forget_marks, &params),
            self.client.execute(&self.statements.forget_slots, &params),
        );
        let is_more = marks?.max(slots?) >= FORGOTTEN_MAX.unsigned_abs();
        Ok(if is_more { now } else { UnixMillis(now.0.saturating_add(FORGET_EVERY_MS)) })
    }
}

/// Pieces in their order, in batches in which no slot comes twice. One that says something of the chain is alone.
fn batches(group: &[Piece]) -> Vec<Range<usize>> {
    let is_apart = |piece: &Piece| {
        piece.cut.is_some() || piece.checkpoint.is_some() || piece.stamp.is_some() || piece.prune.is_some()
    };
    let mut batches = Vec::new();
    let (mut start, mut slots) = (0, HashSet::new());
    for (at, piece) in group.iter().enumerate() {
        let keys = || piece.slot.map(|ask| ask.key).into_iter().chain(piece.fill);
        let is_known = keys().any(|key| slots.contains(&key));
        if at > start && (is_known || is_apart(piece) || is_apart(&group[at - 1])) {
            batches.push(start..at);
            start = at;
            slots.clear();
        }
        slots.extend(keys());
    }
    batches.push(start..group.len());
    batches
}

/// A column of digests; what is none is no key of ours.
fn digests<T: FromIterator<Digest>>(rows: &[Row], column: usize) -> Result<T, Error> {
    let digest = |row: &Row| Ok(<[u8; 32]>::try_from(row.try_get::<_, &[u8]>(column)?).ok().map(Digest));
    rows.iter().filter_map(|row| digest(row).transpose()).collect()
}

/// Bodies that go in one statement, which the server copies; a larger one goes alone.
const STATEMENT_BYTES_MAX: usize = 4 << 20;
/// Marks, and slots, that one commit takes away at most: more than come with it, so that none is left behind for long.
const FORGOTTEN_MAX: i64 = 256;
/// How often it is looked, as long as few were found.
const FORGET_EVERY_MS: i64 = 1000;
