//! Figures that nobody tells: they are read when somebody looks, and not more often than the database can bear.

use std::sync::Arc;

use async_trait::async_trait;
use skein_domain::StateName;
use skein_domain::ports::Ledger;
use tokio::sync::Mutex;

use crate::Metrics;
use crate::cached::{Cached, within};

/// Deliveries that are counted at most.
const COUNT_AT_MOST: usize = 1_000_000;

/// How long the counts of deliveries are kept, in milliseconds.
const COUNTS_FRESH_MS: u64 = 5_000;

/// How long what is left of limits is kept, in milliseconds.
const BUDGETS_FRESH_MS: u64 = 15_000;

/// How long answers are waited for, in milliseconds: whoever looks waits ten seconds, as a rule.
const WITHIN_MS: u64 = 5_000;

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
    counts: Cached<Option<Vec<(StateName, usize)>>>,
    budgets: Cached<Option<Vec<BudgetLeft>>>,
    /// One text is made at a time, so that none shows figures that another one is setting.
    making: Mutex<()>,
}

impl Collected {
    pub(crate) fn new(metrics: Arc<Metrics>, ledger: Arc<dyn Ledger>, readings: Arc<dyn Readings>) -> Self {
        Self {
            metrics,
            ledger,
            readings,
            counts: Cached::sparing(COUNTS_FRESH_MS),
            budgets: Cached::sparing(BUDGETS_FRESH_MS),
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
    match within(WITHIN_MS, async move { ledger.count_states(COUNT_AT_MOST).await }).await {
        Some(Ok(counts)) => Some(counts),
        Some(Err(error)) => {
            tracing::warn!(%error, "deliveries could not be counted");
            None
        }
        None => {
            tracing::warn!(within_ms = WITHIN_MS, "deliveries could not be counted: the database does not answer");
            None
        }
    }
}

async fn read(readings: Arc<dyn Readings>) -> Option<Vec<BudgetLeft>> {
    within(WITHIN_MS, async move { readings.budgets().await }).await.flatten()
}
