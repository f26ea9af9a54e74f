//! The HTTP door: what a process tells of itself to whoever watches it.
//!
//! `/healthz` answers while the process lives, `/readyz` says whether it does its work, `/metrics` counts what it did. The engine is
//! not known here: it tells what it does through the port [`Figures`](skein_domain::ports::Figures), which [`Metrics`] implements.

mod cached;
mod codes;
mod collected;
mod connections;
mod door;
mod labels;
mod metrics;
mod process;
mod ready;
mod routes;
mod slow;
mod timed_ledger;

pub use collected::{BudgetLeft, PoolUse, Readings};
pub use door::{Door, Parts, router};
pub use metrics::Metrics;
pub use timed_ledger::TimedLedger;
