//! Counting together: what many callers count while one transaction is on its way goes into the next one, so that a burst of a thousand
//! accounts, which all count at one host, queues for the database a few times and not a thousand times.
//!
//! Each change is made in memory on what is known, at once, and whoever made it waits until it is kept. What is there is compared first,
//! under a lock: where another process has counted meanwhile, everything that was built on the old count is undone, its callers begin
//! anew on what is there, and the transaction waits for them, so that nobody is overtaken for ever.
//!
//! A change that may wait is kept with the next one that may not, where what it is built on was compared a moment ago. It is lost with the
//! process, or where another one has counted before in a row that would be kept with it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::StoreError;
use crate::budget::{Counted, MeterRow};
use crate::dialect::{Connection, Pools};
use crate::gathering::{BURST_FROM, COMPANY_WITHIN, WITHIN, bounded};
use crate::tables::budget;
pub(crate) use crate::tables::budget::Row;

/// Rows that are known; when there are more, all are forgotten and read again.
const KNOWN_AT_MOST: usize = 8_192;

/// Changes that wait for one that may not.
const WAITING_AT_MOST: usize = 16;

/// How long ago the database must have held what is known of a row for a change of it to wait.
const COMPARED_WITHIN: Duration = Duration::from_secs(4);

/// How often the callers of one transaction begin anew before it is given up.
const TRIES_AT_MOST: u32 = 3;

/// How long a transaction waits for those who begin anew, in milliseconds.
const BACK_WITHIN_MS: u64 = 10;

/// What a row holds; `None` where nothing was counted yet.
type Tally = Option<String>;

/// Why a change was not kept.
#[derive(Debug)]
pub(crate) enum NotKept {
    /// Somebody else has counted: what is known now is theirs.
    Overtaken,
    /// The database failed.
    Failed(StoreError),
}

pub(crate) type Kept = Result<(), NotKept>;

/// Clones count together.
#[derive(Clone, Default)]
pub(crate) struct Counting {
    desk: Arc<Mutex<Desk>>,
    /// Somebody has handed a change in.
    joined: Arc<Notify>,
}

#[derive(Default)]
struct Desk {
    known: HashMap<Row, Known>,
    next: NextBatch,
    /// The rows of the batch that is being kept.
    on_their_way: HashSet<Row>,
    is_writing: bool,
    /// Whether a transaction waits for callers that begin anew: meanwhile nothing may wait for another one.
    is_waited_for: bool,
}

/// What is known of a row.
struct Known {
    /// The newest count, on its way to the database or there.
    tally: Tally,
    /// When the database was last asked whether it holds what was known then.
    compared: Instant,
}

/// What will be kept in one transaction.
#[derive(Default)]
struct NextBatch {
    /// What each row must hold before it.
    before: HashMap<Row, Tally>,
    who: Vec<Answer>,
    /// Changes that nobody waits for.
    waiting: usize,
}

type Answer = oneshot::Sender<Kept>;

/// What is kept in one transaction, row by row.
struct Batch {
    steps: Vec<Step>,
    who: Vec<Answer>,
}

/// What a row must hold, and what it is to hold.
struct Step {
    row: Row,
    before: Tally,
    after: Tally,
}

impl Counting {
    /// Makes a change of these rows on what is known of them. `None` when not all of them are known.
    ///
    /// # Errors
    /// Whatever `change` says; then nothing has changed.
    pub(crate) fn change(
        &self,
        pools: &Pools,
        rows: &[MeterRow<'_>],
        change: &mut (dyn FnMut(Vec<Tally>) -> Result<Counted, StoreError> + Send),
    ) -> Result<Option<oneshot::Receiver<Kept>>, StoreError> {
        let mut desk = self.desk();
        let keys: Vec<Row> = rows.iter().map(key).collect();
        let known = |key| desk.known.get(key).map(|known| known.tally.clone());
        let Some(before) = keys.iter().map(known).collect::<Option<Vec<Tally>>>() else { return Ok(None) };
        let Counted { tallies: after, may_wait } = change(before.clone())?;
        let (done, kept) = oneshot::channel();
        if may_wait && desk.lets_wait(&keys) {
            desk.note(keys, before, after);
            desk.next.waiting += 1;
            // Whoever asked is right here.
            done.send(Ok(())).unwrap_or(());
            return Ok(Some(kept));
        }
        let asked_at = Instant::now();
        if desk.quickly(pools, rows, &before, &after) {
            desk.know(keys.into_iter().zip(after.into_iter().map(Some)), asked_at);
            done.send(Ok(())).unwrap_or(());
            return Ok(Some(kept));
        }
        desk.note(keys, before, after);
        desk.next.who.push(done);
        self.joined.notify_one();
        if !std::mem::replace(&mut desk.is_writing, true) {
            pools.spawn(self.clone().write(pools.clone()));
        }
        Ok(Some(kept))
    }

    /// What was counted in this row and is not kept yet.
    pub(crate) fn waiting(&self, row: &Row) -> Option<String> {
        let desk = self.desk();
        let is_waiting = desk.next.before.contains_key(row) || desk.on_their_way.contains(row);
        if is_waiting { desk.known.get(row)?.tally.clone() } else { None }
    }

    /// Reads rows that are not known.
    pub(crate) async fn learn(&self, pools: &Pools, rows: &[MeterRow<'_>]) -> Result<(), StoreError> {
        let keys: Vec<Row> = rows.iter().map(key).collect();
        let compared = Instant::now();
        let read = budget::get_many(&mut pools.read().await?, &keys).await?;
        let mut desk = self.desk();
        for key in keys {
            let tally = read.get(&key).cloned();
            // What somebody has learned or counted meanwhile stays.
            desk.known.entry(key).or_insert(Known { tally, compared });
        }
        Ok(())
    }

    /// Until nothing is left to be kept.
    async fn write(self, pools: Pools) {
        loop {
            let Some(batch) = self.desk().take() else { return };
            let is_burst = batch.who.len() >= BURST_FROM;
            self.keep(&pools, batch).await;
            if is_burst {
                tokio::time::sleep(COMPANY_WITHIN).await;
            }
        }
    }

    /// All of it, or nothing.
    async fn keep(&self, pools: &Pools, mut batch: Batch) {
        let asked_at = Instant::now();
        let kept = match bounded(WITHIN, self.keep_together(pools, &mut batch)).await {
            Ok(true) => Ok(()),
            Ok(false) | Err(StoreError::Collided) => Err(NotKept::Overtaken),
            Err(error) => Err(NotKept::Failed(error)),
        };
        let built_on_it = self.desk().end(&batch.steps, kept.is_ok().then_some(asked_at));
        tell_all(built_on_it, &Err(NotKept::Overtaken));
        tell_all(batch.who, &kept);
    }

    async fn keep_together(&self, pools: &Pools, batch: &mut Batch) -> Result<bool, StoreError> {
        let mut tx = pools.write_lightly().await?;
        let is_kept = self.keep_in(&mut tx, batch).await?;
        if is_kept {
            tx.commit().await?;
        }
        Ok(is_kept)
    }

    /// False when it was overtaken again and again, or nobody was left to begin anew.
    async fn keep_in(&self, tx: &mut Connection, batch: &mut Batch) -> Result<bool, StoreError> {
        for _ in 0..TRIES_AT_MOST {
            let rows: Vec<Row> = batch.steps.iter().map(|step| step.row.clone()).collect();
            let found = budget::get_many_locked(tx, &rows).await?;
            if batch.steps.iter().all(|step| found.get(&step.row) == step.before.as_ref()) {
                return put(tx, &batch.steps).await;
            }
            let mut who = std::mem::take(&mut batch.who);
            {
                let mut desk = self.desk();
                who.extend(desk.undo(&batch.steps));
                desk.find(&batch.steps, &found);
                desk.is_waited_for = true;
            }
            let count = who.len();
            tell_all(who, &Err(NotKept::Overtaken));
            match self.begun_anew(count).await {
                Some(anew) => *batch = anew,
                None => return Ok(false),
            }
        }
        Ok(false)
    }

    /// What those have handed in who were told to begin anew; those who have left are not waited for long.
    async fn begun_anew(&self, count: usize) -> Option<Batch> {
        let all_are_back = async {
            while self.desk().next.who.len() < count {
                self.joined.notified().await;
            }
        };
        let _all_or_some = tokio::time::timeout(Duration::from_millis(BACK_WITHIN_MS), all_are_back).await;
        let mut desk = self.desk();
        desk.is_waited_for = false;
        desk.gathered()
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    fn know(&mut self, rows: impl Iterator<Item = (Row, Tally)>, compared: Instant) {
        self.known.extend(rows.map(|(row, tally)| (row, Known { tally, compared })));
        self.forget_if_many();
    }

    /// Whether a change of these rows may wait: they are there, and what is known of them was in the database a moment ago.
    fn lets_wait(&self, rows: &[Row]) -> bool {
        let is_young = |known: &Known| known.tally.is_some() && known.compared.elapsed() < COMPARED_WITHIN;
        let has_room = !self.is_waited_for && self.next.waiting < WAITING_AT_MOST;
        has_room && rows.iter().all(|row| self.known.get(row).is_some_and(is_young))
    }

    /// Puts a change to what is kept next.
    fn note(&mut self, keys: Vec<Row>, before: Vec<Tally>, after: Vec<String>) {
        for ((key, before), after) in keys.into_iter().zip(before).zip(after) {
            self.next.before.entry(key.clone()).or_insert(before);
            if let Some(known) = self.known.get_mut(&key) {
                known.tally = Some(after);
            }
        }
    }

    /// Keeps a change on the quick way, with what has waited for it, if nothing else is to be kept.
    fn quickly(&mut self, pools: &Pools, rows: &[MeterRow<'_>], before: &[Tally], after: &[String]) -> bool {
        let keys: Vec<Row> = rows.iter().map(key).collect();
        let is_all = self.next.who.is_empty() && self.next.before.keys().all(|row| keys.contains(row));
        let there = keys.iter().zip(before).map(|(key, before)| self.next.before.get(key).unwrap_or(before).clone());
        let is_kept = !self.is_writing && is_all && quickly(pools, rows, &there.collect::<Vec<_>>(), after);
        if is_kept {
            self.next = NextBatch::default();
        }
        is_kept
    }

    /// Only when nothing is on its way: what is known then is in the database.
    fn forget_if_many(&mut self) {
        if self.known.len() > KNOWN_AT_MOST && !self.is_writing && self.next.before.is_empty() {
            self.known.clear();
        }
    }

    /// The next batch, if there is any; else writing ends.
    fn take(&mut self) -> Option<Batch> {
        let batch = self.gathered();
        if batch.is_none() {
            self.is_writing = false;
            self.forget_if_many();
        }
        batch
    }

    fn gathered(&mut self) -> Option<Batch> {
        // What may wait goes on waiting.
        if self.next.who.is_empty() {
            return None;
        }
        let NextBatch { before, who, .. } = std::mem::take(&mut self.next);
        let mut steps: Vec<Step> = before
            .into_iter()
            .map(|(row, before)| Step {
                after: self.known.get(&row).and_then(|known| known.tally.clone()),
                row,
                before,
            })
            .collect();
        // In one order, so that two processes never wait for each other.
        steps.sort_unstable_by(|one, other| one.row.cmp(&other.row));
        self.on_their_way = steps.iter().map(|step| step.row.clone()).collect();
        Some(Batch { steps, who })
    }

    /// A batch was kept, and compared at that instant, or was not. Returns who waits for what was built on it in vain.
    fn end(&mut self, steps: &[Step], compared: Option<Instant>) -> Vec<Answer> {
        self.on_their_way.clear();
        self.is_waited_for = false;
        let Some(compared) = compared else { return self.undo(steps) };
        for step in steps {
            if let Some(known) = self.known.get_mut(&step.row) {
                known.compared = compared;
            }
        }
        Vec::new()
    }

    /// What a batch has not kept, and what was built on it, is not known any more. Returns who waits for what was built on it.
    fn undo(&mut self, steps: &[Step]) -> Vec<Answer> {
        let NextBatch { before, who, .. } = std::mem::take(&mut self.next);
        for row in steps.iter().map(|step| &step.row).chain(before.keys()) {
            self.known.remove(row);
        }
        who
    }

    /// What was found in the rows of a batch, which stay locked until it has begun anew.
    fn find(&mut self, steps: &[Step], found: &HashMap<Row, String>) {
        let compared = Instant::now();
        let there =
            steps.iter().map(|step| (step.row.clone(), Known { tally: found.get(&step.row).cloned(), compared }));
        self.known.extend(there);
    }
}

/// False when somebody else has kept the first count of a row meanwhile: then the transaction must not be committed.
async fn put(tx: &mut Connection, steps: &[Step]) -> Result<bool, StoreError> {
    let changed = |is_first: bool| {
        let changed = steps.iter().filter(|step| step.before != step.after);
        let of_kind = changed.filter(|step| step.before.is_none() == is_first);
        of_kind.filter_map(|step| Some((&step.row, step.after.as_deref()?))).collect::<Vec<_>>()
    };
    let (first, again) = (changed(true), changed(false));
    budget::put_many(tx, &again).await?;
    Ok(budget::put_first_many(tx, &first).await? == first.len())
}

/// Whoever does not wait any more needs no answer.
fn tell_all(who: Vec<Answer>, kept: &Kept) {
    for who in who {
        let _gone = who.send(match kept {
            Ok(()) => Ok(()),
            Err(NotKept::Overtaken) => Err(NotKept::Overtaken),
            Err(NotKept::Failed(error)) => Err(NotKept::Failed(error.again())),
        });
    }
}

/// Whether all rows held what was before, and so hold now what comes after it: on the quick way, where there is one.
fn quickly(pools: &Pools, rows: &[MeterRow<'_>], before: &[Tally], after: &[String]) -> bool {
    let Pools::Sqlite(pools) = pools else { return false };
    let Some(before) = before.iter().cloned().collect::<Option<Vec<String>>>() else { return false };
    // What changes nothing was decided on what is known, which may be old.
    if before == after {
        return false;
    }
    let quick = &pools.quick;
    let replaced = match (rows, before.as_slice(), after) {
        ([row], [before], [after]) => budget::replace_one(quick, (*row, before, after)),
        ([one, other], [before, same], [after, still]) if same == still => {
            budget::replace_beside(quick, (*one, before, after), (*other, same))
        }
        ([other, one], [same, before], [still, after]) if same == still => {
            budget::replace_beside(quick, (*one, before, after), (*other, same))
        }
        ([one, other], [before, before_other], [after, after_other]) => {
            budget::replace_two(quick, (*one, before, after), (*other, before_other, after_other))
        }
        _ => None,
    };
    replaced.unwrap_or(false)
}

pub(crate) fn key(row: &MeterRow<'_>) -> Row {
    (row.meter.to_owned(), row.whose.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: usize) -> Row {
        ("writes".to_owned(), number.to_string())
    }

    #[test]
    fn nothing_waits_while_a_transaction_waits_for_it() {
        let mut desk = Desk::default();
        desk.know([(row(0), Some("1".to_owned()))].into_iter(), Instant::now());
        assert!(desk.lets_wait(&[row(0)]));
        desk.is_waited_for = true;
        assert!(!desk.lets_wait(&[row(0)]));
        assert!(desk.end(&[], Some(Instant::now())).is_empty() && desk.lets_wait(&[row(0)]));
    }

    #[test]
    fn what_waits_is_never_forgotten() {
        let mut desk = Desk::default();
        desk.know([(row(0), Some("1".to_owned()))].into_iter(), Instant::now());
        desk.note(vec![row(0)], vec![Some("1".to_owned())], vec!["2".to_owned()]);
        let many = || (1..=KNOWN_AT_MOST).map(|number| (row(number), None));
        desk.know(many(), Instant::now());
        assert_eq!(desk.known.get(&row(0)).unwrap().tally.as_deref(), Some("2"));
        desk.next = NextBatch::default();
        desk.know(many(), Instant::now());
        assert!(desk.known.is_empty(), "nothing waits any more");
    }
}
