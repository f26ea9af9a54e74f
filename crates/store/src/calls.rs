//! The call log: rows of requests that left, as whoever sends requests hands them in.

use jiff::Timestamp;

use crate::tables::calls;
use crate::{Store, StoreError};

/// A request that left, and what became of it. Nothing in here is a secret: whoever hands it in has taken those out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedCall {
    /// `call_…`; ids sort by the instant.
    pub id: String,
    /// When the request ended.
    pub at: Timestamp,
    /// As whom it was made.
    pub account: Option<String>,
    /// The piece of work it was made for.
    pub work: Option<String>,
    /// 1 for the first time that it was made, one more for each time that it was made again.
    pub attempt: i64,
    /// `GET`, `POST` …
    pub verb: String,
    /// The method, as the protocol calls it.
    pub method: String,
    /// Host and port that were asked.
    pub host: String,
    /// What was asked, redacted, as JSON.
    pub input: Option<String>,
    /// Bytes of the body.
    pub request_bytes: i64,
    /// The HTTP status; `None` where there was no answer.
    pub status: Option<i64>,
    /// The name of the error.
    pub error: Option<String>,
    /// The words of the error.
    pub message: Option<String>,
    /// Bytes of the answer.
    pub response_bytes: Option<i64>,
    /// How long it took, in microseconds.
    pub duration_us: i64,
    /// What it cost of the write budget.
    pub points: i64,
    /// The server's budget, and what was left of it.
    pub rate_limit: Option<i64>,
    /// What is left in the server's budget.
    pub rate_remaining: Option<i64>,
    /// When it is full again.
    pub rate_reset: Option<Timestamp>,
    /// Its policy, as written.
    pub rate_policy: Option<String>,
}

/// Which calls to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Only those without an answer, or with one that is not a success.
    pub failed: bool,
    /// Only methods that hold this text.
    pub method: Option<String>,
    /// Only as this account.
    pub account: Option<String>,
    /// Only for this piece of work.
    pub work: Option<String>,
    /// Only since this instant.
    pub since: Option<Timestamp>,
    /// At most so many, the newest.
    pub at_most: usize,
}

/// The call log of a store.
#[derive(Debug, Clone)]
pub struct Calls {
    store: Store,
}

impl Calls {
    pub(crate) fn of(store: Store) -> Self {
        Self { store }
    }

    /// Keeps rows, all or none. They survive the process; a power failure may take the last moments of the log.
    pub async fn append(&self, rows: &[LoggedCall]) -> Result<(), StoreError> {
        let mut tx = self.store.write_lightly().await?;
        for some in rows.chunks(calls::ROWS_AT_ONCE) {
            calls::insert(&mut tx, some).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The newest rows that pass the filter, newest first.
    pub async fn list(&self, filter: &CallFilter) -> Result<Vec<LoggedCall>, StoreError> {
        calls::list(&mut self.store.read().await?, filter).await
    }

    /// The rows whose id begins with this, at most two: more than one means that it is no name of a row.
    pub async fn find(&self, prefix: &str) -> Result<Vec<LoggedCall>, StoreError> {
        calls::find(&mut self.store.read().await?, prefix).await
    }

    /// Forgets rows from before an instant. Returns how many.
    pub async fn prune(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.store.write().await?;
        let pruned = calls::prune(&mut tx, before).await?;
        tx.commit().await?;
        Ok(pruned)
    }
}
