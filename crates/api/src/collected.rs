//! Figures that nobody tells: they are read when somebody looks, and not more often than the database can bear.

use std::sync::Arc;

use async_trait::async_trait;
use skein_domain::StateName;
use skein_domain::ports::Ledger;
use tokio::sync::Mutex;

use crate::Metrics;
use crate::slow::Slow;

/// Deliveries that are counted at most.
const COUNT_AT_MOST: usize = 1_000_000;

/// How long the counts of deliveries are kept, in milliseconds.
const COUNTS_FRESH_MS: u64 = 5_000;

/// How long what is left of limits is kept, in milliseconds.
const BUDGETS_FRESH_MS: u64 = 15_000;

/// A pool of connections to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolUse {
    /// Its name, one of a few.
    pub name: &'static str,
    /// Connections that are open.
    pub open: u32,
    /// Of those, the ones that nobody uses.
    pub idle: u32,
    /// Connections that may be open.
    pub at_most: u32,
}

/// What one account or host has left of one limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BudgetLeft {
    /// The limit, one of a few.
    pub limit: &'static str,
    /// From 1 (nothing used) to 0.
    pub left_ratio: f64,
    /// Whether so much is used that people should know.
    pub is_low: bool,
}

/// What is read when somebody looks.
#[async_trait]
pub trait Readings: Send + Sync {
    /// The pools of connections to the database. Asks nobody.
    fn pools(&self) -> Vec<PoolUse>;

    /// What accounts and hosts have left; `None` where that cannot be read.
    async fn budgets(&self) -> Option<Vec<BudgetLeft>>;
}

/// Reads, keeps for a while, and makes the text.
pub(crate) struct Collected {
    metrics: Arc<Metrics>,
    ledger: Arc<dyn Ledger>,
    readings: Arc<dyn Readings>,
    counts: Slow<Vec<(StateName, usize)>>,
    budgets: Slow<Vec<BudgetLeft>>,
    /// One text is made at a time, so that none shows figures that another one is setting.
    making: Mutex<()>,
}

impl Collected {
    pub(crate) fn new(metrics: Arc<Metrics>, ledger: Arc<dyn Ledger>, readings: Arc<dyn Readings>) -> Self {
        Self {
            metrics,
            ledger,
            readings,
            counts: Slow::new("the states of deliveries", COUNTS_FRESH_MS),
            budgets: Slow::new("what is left of limits", BUDGETS_FRESH_MS),
            making: Mutex::default(),
        }
    }

    /// All figures as text. What cannot be read is left out.
    pub(crate) async fn text(&self) -> Result<String, std::fmt::Error> {
        let _making = self.making.lock().await;
        let (counts, budgets) = tokio::join!(
            self.counts.get(count(Arc::clone(&self.ledger))),
            self.budgets.get(read(Arc::clone(&self.readings))),
        );
        self.metrics.set_deliveries(counts.as_deref());
        self.metrics.set_budgets(budgets.as_deref());
        self.metrics.set_pools(&self.readings.pools());
        self.metrics.text()
    }
}

async fn count(ledger: Arc<dyn Ledger>) -> Option<Vec<(StateName, usize)>> {
    let counts = ledger.count_states(COUNT_AT_MOST).await;
    counts.inspect_err(|error| tracing::warn!(%error, "deliveries could not be counted")).ok()
}

async fn read(readings: Arc<dyn Readings>) -> Option<Vec<BudgetLeft>> {
    readings.budgets().await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use skein_domain::ports::LedgerError;
    use skein_testkit::MemoryLedger;
    use skein_testkit::samples::at_ms;

    use super::*;

    /// Longer than anybody waits.
    const TAKES_MS: u64 = 12_000;

    /// A ledger in which every call takes long.
    #[derive(Default)]
    struct Sluggish {
        ledger: MemoryLedger,
        called: AtomicUsize,
    }

    macro_rules! sluggish {
        ($($method:ident($($name:ident: $kind:ty),*) -> $gives:ty;)*) => {
            #[async_trait]
            impl Ledger for Sluggish {
                $(async fn $method(&self, $($name: $kind),*) -> Result<$gives, LedgerError> {
                    self.called.fetch_add(1, Ordering::Relaxed);
                    pass(TAKES_MS).await;
                    self.ledger.$method($($name),*).await
                })*
            }
        };
    }

    skein_domain::every_ledger_method!(sluggish);

    struct Nothing;

    #[async_trait]
    impl Readings for Nothing {
        fn pools(&self) -> Vec<PoolUse> {
            Vec::new()
        }

        async fn budgets(&self) -> Option<Vec<BudgetLeft>> {
            None
        }
    }

    async fn pass(ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn deliveries_that_take_long_are_counted_once_and_shown_from_the_next_look_on() {
        let ledger = Arc::new(Sluggish::default());
        let metrics = Arc::new(Metrics::new(at_ms(0)));
        let collected = Collected::new(metrics, Arc::clone(&ledger) as Arc<dyn Ledger>, Arc::new(Nothing));
        // The last look is after the count was due again: while that is under way, the one before is shown.
        for (expected, counted, until_next_ms) in
            [(0, 1, COUNTS_FRESH_MS + 1), (1, 1, COUNTS_FRESH_MS + 1), (1, 1, 60_000), (1, 2, 15_000), (1, 2, 0)]
        {
            let text = collected.text().await.unwrap();
            assert!(text.lines().any(|line| line == format!("skein_store_up {expected}")), "{text}");
            assert_eq!(text.contains(r#"skein_deliveries{state="scheduled"} 0"#), expected == 1, "{text}");
            assert_eq!(ledger.called.load(Ordering::Relaxed), counted);
            pass(until_next_ms).await;
        }
    }
}
