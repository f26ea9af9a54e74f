//! Budgets: what was used of limits, as whoever counts writes it.

use std::fmt;

use crate::counting::{self, Counting, NotKept};
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

/// What rows are to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// One for each row.
    pub tallies: Vec<String>,
    /// Whether it may be kept with the next change that may not wait. Until then it is known here, and lost with the process.
    pub may_wait: bool,
}

/// What may not wait.
impl From<Vec<String>> for Counted {
    fn from(tallies: Vec<String>) -> Self {
        Self { tallies, may_wait: false }
    }
}

/// The budgets of a store.
#[derive(Clone)]
pub struct Budgets {
    store: Store,
    counting: Counting,
}

impl Budgets {
    pub(crate) fn of(store: Store) -> Self {
        Self { store, counting: Counting::default() }
    }

    /// Hands the tallies of these rows, each named once, to `change` and keeps what it returns, one for each row: all or none, and
    /// with nobody else's count in between. `change` is called again, on what is there by then, where somebody else was faster. What is
    /// kept survives the process, unless it may wait, and after a power failure all but the last moments of it.
    pub async fn change(
        &self,
        rows: &[MeterRow<'_>],
        change: &mut (dyn FnMut(Vec<Option<String>>) -> Result<Counted, StoreError> + Send),
    ) -> Result<(), StoreError> {
        loop {
            let Some(kept) = self.counting.change(&self.store.pools, rows, change)? else {
                self.counting.learn(&self.store.pools, rows).await?;
                continue;
            };
            match kept.await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(NotKept::Overtaken)) => {}
                Ok(Err(NotKept::Failed(error))) => return Err(error),
                Err(_) => return Err(StoreError::Database("the database is closed".to_owned())),
            }
        }
    }

    /// One tally, if anything was ever counted there.
    pub async fn get(&self, row: MeterRow<'_>) -> Result<Option<String>, StoreError> {
        match self.counting.waiting(&counting::key(&row)) {
            Some(tally) => Ok(Some(tally)),
            None => budget::get(&mut self.store.read().await?, row).await,
        }
    }

    /// All tallies, by meter and then by whom.
    pub async fn list(&self) -> Result<Vec<KeptTally>, StoreError> {
        let rows = budget::list(&mut self.store.read().await?).await?;
        let known = rows.into_iter().map(|(meter, whose, tally)| {
            let row = (meter, whose);
            let tally = self.counting.waiting(&row).unwrap_or(tally);
            KeptTally { meter: row.0, whose: row.1, tally }
        });
        Ok(known.collect())
    }
}

impl fmt::Debug for Budgets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budgets").finish_non_exhaustive()
    }
}
