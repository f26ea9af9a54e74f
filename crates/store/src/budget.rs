//! Budgets: what was used of limits, as whoever counts writes it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::dialect::Pools;
use crate::dialect::quick::Quick;
use crate::tables::budget;
use crate::{Store, StoreError};

/// Tallies that are remembered; when there are more, all are forgotten and read again.
const REMEMBERED_AT_MOST: usize = 1_024;

/// What is counted, and of whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeterRow<'a> {
    /// What is counted.
    pub meter: &'a str,
    /// An account or a host.
    pub whose: &'a str,
}

/// One row, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptTally {
    /// What is counted.
    pub meter: String,
    /// An account or a host.
    pub whose: String,
    /// The count.
    pub tally: String,
}

/// The budgets of a store.
///
/// Whoever counts here counts the same rows again and again. So what was kept last is remembered, and is replaced by one
/// statement that holds only if it is still there, on the quick way. The longer way is for whenever somebody else has counted
/// meanwhile, or is writing.
#[derive(Debug, Clone)]
pub struct Budgets {
    store: Store,
    last: Arc<Mutex<HashMap<(String, String), String>>>,
}

impl Budgets {
    pub(crate) fn of(store: Store) -> Self {
        Self { store, last: Arc::default() }
    }

    /// Hands the tallies of these rows, each named once, in their order, to `change` and keeps what it returns, one for each
    /// row: all or none, and with nobody else's count in between. `change` is called again, on what is there by then, where
    /// somebody else was faster. What is kept survives the process, and after a power failure all but the last moments of it.
    pub async fn change(
        &self,
        rows: &[MeterRow<'_>],
        change: &mut (dyn FnMut(Vec<Option<String>>) -> Result<Vec<String>, StoreError> + Send),
    ) -> Result<(), StoreError> {
        // One statement of PostgreSQL does not see what others commit while it waits for the first of two rows.
        if let Pools::Sqlite(pools) = &self.store.pools
            && let Some(before) = self.last(rows)
        {
            let after = change(before.iter().cloned().map(Some).collect())?;
            if replace(&pools.quick, rows, &before, &after) {
                self.remember(rows, after);
                return Ok(());
            }
        }
        loop {
            if let Some(after) = self.change_under_lock(rows, change).await? {
                self.remember(rows, after);
                return Ok(());
            }
        }
    }

    /// What is kept now; `None`, and nothing is, where somebody else kept the first count of a row meanwhile.
    async fn change_under_lock(
        &self,
        rows: &[MeterRow<'_>],
        change: &mut (dyn FnMut(Vec<Option<String>>) -> Result<Vec<String>, StoreError> + Send),
    ) -> Result<Option<Vec<String>>, StoreError> {
        // In one order, so that two that count the same rows never wait for each other.
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_unstable_by_key(|&place| (rows[place].meter, rows[place].whose));
        let mut tx = self.store.write_lightly().await?;
        let mut before = vec![None; rows.len()];
        for &place in &order {
            before[place] = budget::get_locked(&mut tx, rows[place]).await?;
        }
        let after = change(before.clone())?;
        for &place in &order {
            let (row, tally) = (rows[place], &after[place]);
            match &before[place] {
                Some(known) if known == tally => {}
                Some(_) => budget::put(&mut tx, row, tally).await?,
                None if budget::put_first(&mut tx, row, tally).await? => {}
                None => return Ok(None),
            }
        }
        tx.commit().await?;
        Ok(Some(after))
    }

    /// What was kept last here, if all of it is remembered.
    fn last(&self, rows: &[MeterRow<'_>]) -> Option<Vec<String>> {
        let last = self.remembered();
        rows.iter().map(|row| last.get(&(row.meter.to_owned(), row.whose.to_owned())).cloned()).collect()
    }

    fn remember(&self, rows: &[MeterRow<'_>], tallies: Vec<String>) {
        let mut last = self.remembered();
        if last.len() + rows.len() > REMEMBERED_AT_MOST {
            last.clear();
        }
        last.extend(rows.iter().map(|row| (row.meter.to_owned(), row.whose.to_owned())).zip(tallies));
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<(String, String), String>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One tally, if anything was ever counted there.
    pub async fn get(&self, row: MeterRow<'_>) -> Result<Option<String>, StoreError> {
        budget::get(&mut self.store.read().await?, row).await
    }

    /// All tallies, by meter and then by whom.
    pub async fn list(&self) -> Result<Vec<KeptTally>, StoreError> {
        let rows = budget::list(&mut self.store.read().await?).await?;
        Ok(rows.into_iter().map(|(meter, whose, tally)| KeptTally { meter, whose, tally }).collect())
    }
}

/// Whether all rows held what was before, and so hold now what comes after it.
fn replace(quick: &Quick, rows: &[MeterRow<'_>], before: &[String], after: &[String]) -> bool {
    // What changes nothing was decided on what is remembered, which may have changed.
    if before == after {
        return false;
    }
    let replaced = match (rows, before, after) {
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
