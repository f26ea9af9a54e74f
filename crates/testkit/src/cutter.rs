//! A loopback proxy that cuts connections at seeded random bytes of what the client sends or the server answers.
//!
//! It follows connections with many exchanges and knows where each message ends, so what becomes of the nth exchange
//! (passed, or cut where) is a function of the plan's seed and of n, and its log tells what arrived whole at the server.
//! Until [`Cutter::begin`], and when its cuts are spent, everything passes.
//!
//! ```no_run
//! # async fn story() -> Result<(), Box<dyn std::error::Error>> {
//! use skein_testkit::cutter::{Cutter, Plan};
//!
//! let cutter = Cutter::start("localhost:2583", Plan::new(7, 2_000)).await?;
//! // … log in at `cutter.url()` …
//! cutter.begin();
//! // … work through the storm …
//! assert_eq!(cutter.cuts(), 2_000);
//! # Ok(()) }
//! ```

mod connection;
mod log;
mod plan;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;

pub use self::log::{Exchange, Place, by_place, most_calls_within, most_points_within};
pub use self::plan::{Fate, Odds, Plan, Point};
use crate::proxy::{Proxy, ProxyError};

/// What the log holds at most; what comes later passes uncounted, and a test that asks for the log is told.
const MAX_LOG_ENTRIES: usize = 100_000;

/// The proxy; dropping it closes all its connections.
#[derive(Debug)]
pub struct Cutter {
    port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Cutter {
    /// Listens on a free port of 127.0.0.1 in front of `upstream`, given as `host:port` or `http://host:port`.
    ///
    /// # Errors
    /// [`ProxyError::Listen`] when no port can be bound.
    pub async fn start(upstream: &str, plan: Plan) -> Result<Self, ProxyError> {
        Self::serve(Proxy::bind().await?, upstream, plan).map_err(ProxyError::Listen)
    }

    pub(crate) fn serve(listener: TcpListener, upstream: &str, plan: Plan) -> io::Result<Self> {
        let port = listener.local_addr()?.port();
        let authority = upstream.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let shared = Arc::new(Shared {
            authority,
            cuts_left: AtomicUsize::new(plan.cuts()),
            plan,
            storms: AtomicBool::new(false),
            exchanges: AtomicU64::new(0),
            started: Instant::now(),
            log: Mutex::default(),
        });
        let accepting = tokio::spawn(connection::accept(listener, Arc::clone(&shared)));
        Ok(Self { port, shared, accepting })
    }

    /// `http://localhost:PORT`, the form that DID documents on a test network carry.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From here on exchanges are numbered and meet their fate.
    pub fn begin(&self) {
        self.shared.storms.store(true, Ordering::SeqCst);
    }

    /// How many connections were cut so far.
    pub fn cuts(&self) -> usize {
        lock(&self.shared.log).iter().filter(|exchange| exchange.cut.is_some()).count()
    }

    /// Every exchange that ended, in the order in which they ended.
    ///
    /// # Panics
    /// When there were more than 100,000: sums over a part would mislead.
    pub fn log(&self) -> Vec<Exchange> {
        let log = lock(&self.shared.log).clone();
        assert!(log.len() < MAX_LOG_ENTRIES, "the log is full, so it does not hold everything that arrived");
        log
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

#[derive(Debug)]
struct Shared {
    authority: String,
    plan: Plan,
    cuts_left: AtomicUsize,
    storms: AtomicBool,
    exchanges: AtomicU64,
    started: Instant,
    log: Mutex<Vec<Exchange>>,
}

impl Shared {
    /// The number and the fate of the next exchange. A cut is taken from the budget here, and given back by
    /// [`Shared::spare`] if it could not be made.
    fn next(&self) -> (Option<u64>, Fate) {
        if !self.storms.load(Ordering::SeqCst) {
            return (None, Fate::Pass);
        }
        let number = self.exchanges.fetch_add(1, Ordering::SeqCst);
        let fate = self.plan.fate(number);
        let paid = fate == Fate::Pass
            || self.cuts_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        (Some(number), if paid { fate } else { Fate::Pass })
    }

    fn spare(&self) {
        self.cuts_left.fetch_add(1, Ordering::SeqCst);
    }

    fn record(&self, exchange: Exchange) {
        let mut log = lock(&self.log);
        if log.len() < MAX_LOG_ENTRIES {
            log.push(exchange);
        }
    }
}

/// A panicking test must not hide its own message behind a poisoned lock.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
