//! The part of a journal that counts.

use async_trait::async_trait;

use super::JournalError;
use crate::budget::{Meter, Tally};

/// What is done to the tallies of some meters, in the order of the meters.
pub type TallyChange<'a> = &'a mut (dyn FnMut(&mut [Tally]) + Send);

/// The counts of budgets. They survive the process, and all processes on the same journal share them.
#[async_trait]
pub trait BudgetJournal: Send + Sync {
    /// Hands the tallies of these meters, each named once, to `change` and keeps what it makes of them: one step, with nobody
    /// else's change in between, all kept or none. What was never counted is an empty tally. `change` is
    /// called again, on what is kept by then, where somebody else was faster; only the last call counts. It is not called at
    /// all where the tallies cannot be read.
    async fn change_tallies(&self, meters: &[Meter], change: TallyChange<'_>) -> Result<(), JournalError>;

    /// The same, for what may be lost with the process as long as plenty is left of each meter (see [`Tally::has_plenty`]): it may be
    /// kept with the next change. Whoever asks this journal sees it at once.
    async fn change_tallies_soon(&self, meters: &[Meter], change: TallyChange<'_>) -> Result<(), JournalError> {
        self.change_tallies(meters, change).await
    }

    /// One tally, if anything was ever counted there.
    async fn tally(&self, meter: &Meter) -> Result<Option<Tally>, JournalError>;

    /// All tallies, in the order of their meters.
    async fn tallies(&self) -> Result<Vec<(Meter, Tally)>, JournalError>;
}
