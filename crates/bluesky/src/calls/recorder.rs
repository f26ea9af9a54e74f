//! The recorder: takes a row from every exchange and writes rows in batches, behind the backs of the calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use data_encoding::{BASE32_NOPAD, Encoding, Specification};
use jiff::Timestamp;
use skein_net::{Exchange, Watcher};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::CallRecord;
use super::record::Unread;
use crate::budget::Said;
use crate::journal::Journal;
use crate::session::Now;

/// Rows that wait to be written. A journal that is slower than the calls loses rows rather than holding up calls.
const MAX_WAITING: usize = 8_192;

/// Rows that are written at once.
const BATCH_ROWS: usize = 256;

/// How long the first row of a batch waits for others: a client writes about twice a second.
const GATHER_MS: u64 = 500;

/// Calls whose reservations wait to be settled. Each of them is part of what the next reservation reads and writes.
const RESERVED_AT_MOST: usize = 16;

/// How long a row waits for others that tells of a failure, which somebody will look for, or of a window that is nearly spent,
/// which other calls must heed.
const GATHER_NEWS_MS: u64 = 100;

/// A window of which no more than this is left is nearly spent, in hundredths.
const NEARLY_SPENT_PERCENT: u64 = 10;

/// Bytes of an id that tell recorders apart.
const INSTANCE_BYTES: usize = 6;

/// Notes exchanges for a journal, and settles what was reserved for them of a budget. Give it to `skein_net::Http::watched_by`.
pub struct Recorder {
    now: Now,
    instance: [u8; INSTANCE_BYTES],
    counter: AtomicU64,
    lost: Arc<AtomicU64>,
    rows: mpsc::Sender<Order>,
    letters: Encoding,
    keeps_calls: bool,
}

enum Order {
    Row(Box<(CallRecord, Option<Unread>)>),
    Flush(oneshot::Sender<()>),
}

impl Recorder {
    /// Starts the task that writes. `instance` makes the ids of this process differ from those of all others: random bytes.
    /// The task ends when the recorder and every client that it watches are gone.
    pub fn start(journal: Arc<dyn Journal>, now: Now, instance: [u8; INSTANCE_BYTES]) -> Arc<Self> {
        let (rows, orders) = mpsc::channel(MAX_WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let keeps_calls = journal.keeps_calls();
        tokio::spawn(write(journal, orders, Arc::clone(&lost)));
        Arc::new(Self { now, instance, counter: AtomicU64::new(0), lost, rows, letters: letters(), keeps_calls })
    }

    /// Waits until every row so far is written, or given up.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.rows.send(Order::Flush(done)).await.is_ok() {
            // The writer is gone only when the runtime is; then there is nobody left to write.
            written.await.unwrap_or(());
        }
    }

    /// Rows that could not be kept, since this recorder was started.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Forty-eight bits of milliseconds, then what tells processes apart, then a counter: ids sort by time.
    fn mint(&self, at: Timestamp) -> String {
        let ms = u64::try_from(at.as_millisecond()).unwrap_or(0).to_be_bytes();
        let count = self.counter.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let bytes: Vec<u8> = ms[2..].iter().chain(&self.instance).chain(&count[4..]).copied().collect();
        format!("call_{}", self.letters.encode(&bytes))
    }
}

impl Watcher for Recorder {
    fn saw(&self, exchange: &Exchange<'_>) -> Option<Arc<str>> {
        let at = (self.now)();
        let id = self.mint(at);
        let row = CallRecord::of(exchange, id.clone(), at, self.keeps_calls);
        if self.rows.try_send(Order::Row(Box::new(row))).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        self.keeps_calls.then(|| Arc::from(id))
    }
}

/// The letters of every id in this project: Crockford's, in lower case.
fn letters() -> Encoding {
    let mut specification = Specification::new();
    specification.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
    // Thirty-two different letters always make an encoding.
    specification.encoding().unwrap_or(BASE32_NOPAD)
}

/// Rows on their way into the journal.
#[derive(Default)]
struct Gathered {
    /// Not taken in by the budget yet.
    fresh: Vec<(CallRecord, Option<Unread>)>,
    /// Of these, how many had something reserved.
    reserved: usize,
    /// Only to be logged.
    settled: Vec<CallRecord>,
}

impl Gathered {
    fn rows(&self) -> usize {
        self.fresh.len() + self.settled.len()
    }

    fn push(&mut self, row: (CallRecord, Option<Unread>)) {
        self.reserved += usize::from(row.0.reservation.is_some());
        self.fresh.push(row);
    }

    /// Tells the budget of what is fresh.
    async fn settle(&mut self, journal: &dyn Journal) {
        let keeps_calls = journal.keeps_calls();
        let rows: Vec<CallRecord> = self.fresh.drain(..).map(|row| whole(row, keeps_calls)).collect();
        self.reserved = 0;
        if let Err(error) = crate::budget::take_in(journal, &rows).await {
            // What was reserved stays counted, but for what was to be kept with these; what the servers say comes again with the next
            // answers.
            tracing::warn!(%error, rows = rows.len(), "calls could not be counted");
        }
        if keeps_calls {
            self.settled.extend(rows);
        }
    }

    async fn log(&mut self, journal: &dyn Journal, lost: &AtomicU64) {
        let rows = std::mem::take(&mut self.settled);
        if !rows.is_empty()
            && let Err(error) = journal.log_calls(&rows).await
        {
            tracing::warn!(%error, rows = rows.len(), "calls could not be logged");
            lost.fetch_add(u64::try_from(rows.len()).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }
}

async fn write(journal: Arc<dyn Journal>, mut orders: mpsc::Receiver<Order>, lost: Arc<AtomicU64>) {
    let mut gathered = Gathered::default();
    let mut waiting: Vec<oneshot::Sender<()>> = Vec::new();
    while let Some(order) = orders.recv().await {
        take(order, &mut gathered, &mut waiting);
        let gathering = tokio::time::sleep(Duration::from_millis(GATHER_MS));
        tokio::pin!(gathering);
        while waiting.is_empty() && gathered.rows() < BATCH_ROWS {
            if gathered.fresh.last().is_some_and(|(row, _)| is_news(row)) {
                let soon = Instant::now() + Duration::from_millis(GATHER_NEWS_MS);
                let end = gathering.deadline().min(soon);
                gathering.as_mut().reset(end);
            }
            if gathered.reserved >= RESERVED_AT_MOST {
                gathered.settle(journal.as_ref()).await;
            }
            tokio::select! {
                biased;
                more = orders.recv() => match more {
                    Some(order) => take(order, &mut gathered, &mut waiting),
                    None => break,
                },
                () = &mut gathering => break,
            }
        }
        gathered.settle(journal.as_ref()).await;
        gathered.log(journal.as_ref(), &lost).await;
        // Whoever has stopped waiting needs no answer.
        waiting.drain(..).for_each(|done| done.send(()).unwrap_or(()));
    }
}

fn is_news(row: &CallRecord) -> bool {
    let is_low = |said: &Said| said.remaining.saturating_mul(100) <= said.limit.saturating_mul(NEARLY_SPENT_PERCENT);
    row.is_failed() || row.told.said.as_ref().is_some_and(is_low)
}

fn whole((mut row, unread): (CallRecord, Option<Unread>), with_input: bool) -> CallRecord {
    if let Some(unread) = unread {
        row.read(&unread, with_input);
    }
    row
}

fn take(order: Order, gathered: &mut Gathered, waiting: &mut Vec<oneshot::Sender<()>>) {
    match order {
        Order::Row(row) => gathered.push(*row),
        Order::Flush(done) => waiting.push(done),
    }
}
