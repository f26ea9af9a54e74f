//! Budgets: what was used of limits, as whoever counts writes it.

use crate::tables::budget;
use crate::{Store, StoreError};

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
#[derive(Debug, Clone)]
pub struct Budgets {
    store: Store,
}

impl Budgets {
    pub(crate) fn of(store: Store) -> Self {
        Self { store }
    }

    /// Hands the tallies of these rows, in their order, to `change` and keeps what it returns, one for each row. All happens
    /// under the write lock of the database, so no other process counts in between; kept are all or none.
    pub async fn change(
        &self,
        rows: &[MeterRow<'_>],
        change: &mut (dyn FnMut(Vec<Option<String>>) -> Result<Vec<String>, StoreError> + Send),
    ) -> Result<(), StoreError> {
        let mut tx = self.store.write().await?;
        let mut before = Vec::with_capacity(rows.len());
        for row in rows {
            before.push(budget::get(&mut tx, *row).await?);
        }
        for (row, tally) in rows.iter().zip(change(before)?) {
            budget::put(&mut tx, *row, &tally).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// One tally, if anything was ever counted there.
    pub async fn get(&self, row: MeterRow<'_>) -> Result<Option<String>, StoreError> {
        budget::get(&mut *self.store.read().await?, row).await
    }

    /// All tallies, by meter and then by whom.
    pub async fn list(&self) -> Result<Vec<KeptTally>, StoreError> {
        let rows = budget::list(&mut *self.store.read().await?).await?;
        Ok(rows.into_iter().map(|(meter, whose, tally)| KeptTally { meter, whose, tally }).collect())
    }
}
