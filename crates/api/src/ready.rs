//! Whether this process does its work: the checks behind `/readyz`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use skein_domain::ports::{Clock, Ledger, LedgerError};
use tokio_util::sync::CancellationToken;

use crate::Metrics;
use crate::cached::{Cached, within};

/// How long the database may take to answer, in milliseconds.
const STORE_WITHIN_MS: u64 = 1_000;

/// How long ago the planner may have looked last, in milliseconds. It looks every second, also when nothing is due.
const TICK_WITHIN_MS: i64 = 5_000;

/// How long a delivery may want attention that nobody gives it, in milliseconds.
const WAITS_AT_MOST_MS: i64 = 60_000;

/// How long an answer is kept, in milliseconds: many who look cost what one does.
const FRESH_MS: u64 = 250;

/// No trouble.
const WELL: i64 = i64::MIN;

/// What `/readyz` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Readiness {
    pub(crate) ready: bool,
    pub(crate) checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) ok: bool,
    /// What is wrong, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
    /// Since when, as far as that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Timestamp>,
}

impl Check {
    fn of(name: &'static str, wrong: Option<(String, Option<Timestamp>)>) -> Self {
        let ok = wrong.is_none();
        let (problem, since) = wrong.map_or((None, None), |(problem, since)| (Some(problem), since));
        Self { name, ok, problem, since }
    }
}

/// Whatever the checks look at.
pub(crate) struct Ready {
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    /// Whether this process is to publish.
    has_engine: bool,
    /// Cancelled once the process is told to end.
    stopping: CancellationToken,
    began: Timestamp,
    store_fails_since_us: AtomicI64,
    kept: Cached<Readiness>,
}

impl Ready {
    pub(crate) fn new(
        ledger: Arc<dyn Ledger>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        has_engine: bool,
        stopping: CancellationToken,
    ) -> Self {
        let began = clock.now();
        let store_fails_since_us = AtomicI64::new(WELL);
        let kept = Cached::for_ms(FRESH_MS);
        Self { ledger, clock, metrics, has_engine, stopping, began, store_fails_since_us, kept }
    }

    /// How it stands now, or stood a moment ago.
    pub(crate) async fn look(&self) -> Readiness {
        self.kept.get(self.check()).await
    }

    async fn check(&self) -> Readiness {
        let ledger = Arc::clone(&self.ledger);
        let asked = within(STORE_WITHIN_MS, async move { ledger.next_wake().await }).await;
        self.judge(asked, self.clock.now())
    }

    /// `asked` is the earliest wake-up of the ledger; nothing where it did not answer in time.
    fn judge(&self, asked: Option<Result<Option<Timestamp>, LedgerError>>, now: Timestamp) -> Readiness {
        let mut checks = vec![Check::of("store", self.store(asked.as_ref(), now))];
        if self.has_engine {
            checks.push(Check::of("planner", self.planner(now)));
            // Where the database does not answer, that is told already, and nothing is known of the deliveries.
            let wakes_at = asked.and_then(Result::ok).flatten();
            checks.push(Check::of("deliveries", wakes_at.and_then(|at| waits_too_long(at, now))));
        }
        if self.stopping.is_cancelled() {
            checks.push(Check::of("running", Some(("This process was told to end.".to_owned(), None))));
        }
        Readiness { ready: checks.iter().all(|check| check.ok), checks }
    }

    fn store<T>(&self, asked: Option<&Result<T, LedgerError>>, now: Timestamp) -> Option<(String, Option<Timestamp>)> {
        let problem = match asked {
            Some(Ok(_)) => {
                self.store_fails_since_us.store(WELL, Ordering::Relaxed);
                return None;
            }
            Some(Err(error)) => format!("The database does not answer as it should: {error}."),
            None => format!("The database did not answer within {STORE_WITHIN_MS} ms."),
        };
        // Nobody comes in between: one check runs at a time (`Cached`).
        let was_us = self.store_fails_since_us.load(Ordering::Relaxed);
        let since_us = if was_us == WELL { now.as_microsecond() } else { was_us };
        self.store_fails_since_us.store(since_us, Ordering::Relaxed);
        Some((problem, Timestamp::from_microsecond(since_us).ok()))
    }

    fn planner(&self, now: Timestamp) -> Option<(String, Option<Timestamp>)> {
        let last = self.metrics.last_tick();
        // Also one that is ahead of now says nothing: the clock was set back since.
        let is_alive = last.is_some_and(|last| ms_between(last, now).abs() <= TICK_WITHIN_MS);
        if is_alive {
            return None;
        }
        let since = last.unwrap_or(self.began);
        let problem = match last {
            None => "The planner has not looked at what is due yet.".to_owned(),
            Some(_) => format!(
                "The planner has not looked at what is due for more than {} s: see the log.",
                TICK_WITHIN_MS / 1_000
            ),
        };
        Some((problem, Some(since)))
    }
}

/// `wakes_at` is the earliest instant at which a delivery wants attention that nobody gives it: what waits for a reason wakes
/// later, and what somebody works on when the lease ends.
fn waits_too_long(wakes_at: Timestamp, now: Timestamp) -> Option<(String, Option<Timestamp>)> {
    let seconds = WAITS_AT_MOST_MS / 1_000;
    let problem = format!(
        "A delivery has been waiting for more than {seconds} s without a reason: the engines do not keep up. \
         `skein queue list` shows what is due."
    );
    (ms_between(wakes_at, now) > WAITS_AT_MOST_MS).then_some((problem, Some(wakes_at)))
}

/// From one instant to another, in milliseconds; negative when the other is earlier.
fn ms_between(from: Timestamp, to: Timestamp) -> i64 {
    let between: SignedDuration = to.duration_since(from);
    i64::try_from(between.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
