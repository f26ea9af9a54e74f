//! A loopback proxy that can be ordered to hold or cut one chosen request.
//!
//! Every request is read whole before anything happens to it, so a client that dies afterwards changes nothing: a held
//! request still lands when it is released. That is what crash tests are made of.
//!
//! ```no_run
//! # async fn story() -> Result<(), Box<dyn std::error::Error>> {
//! use skein_testkit::proxy::{Proxy, Rule};
//!
//! let proxy = Proxy::start("localhost:2583").await?;
//! let held = proxy.order(Rule::hold_request("applyWrites"));
//! // … start a client that talks to `proxy.url()` …
//! held.arrived().await?; // the request is here and the server has not seen it
//! // … kill the client …
//! held.release();
//! assert_eq!(held.done().await?, Some(200)); // it landed later
//! # Ok(()) }
//! ```

pub(crate) mod accept;
mod order;
mod relay;
pub(crate) mod wire;

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use self::order::{Fault, Order, Rule};
use self::order::{Pending, Ticket};

const MAX_LOG_ENTRIES: usize = 10_000;

/// What can go wrong between a test and its proxy.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// No port on loopback could be bound.
    #[error("the proxy cannot listen on 127.0.0.1: {0}")]
    Listen(#[source] io::Error),
    /// What was waited for did not happen in time.
    #[error("waited {limit_s} s for a request with {path:?} in its path to be {what}; seen so far: {seen:?}")]
    Waited {
        /// `held` or `done`.
        what: &'static str,
        /// The order's part of a path.
        path: String,
        /// How long was waited, in seconds.
        limit_s: u64,
        /// What had passed by then.
        seen: Vec<Passed>,
    },
    /// The proxy was dropped while a test still waited on an order.
    #[error("the proxy ended before a request with {path:?} in its path came")]
    Ended {
        /// The order's part of a path.
        path: String,
    },
}

/// One line of the proxy's log: a request that was read whole, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// `GET`, `POST` …
    pub method: String,
    /// Path and query as the client sent them.
    pub path: String,
    /// What the server answered, whether or not the client was allowed to see it. `None`: it never answered, or was
    /// never asked.
    pub status: Option<u16>,
    /// The order that this request fulfilled.
    pub fault: Option<Fault>,
}

/// A proxy on loopback; dropping it closes all its connections.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port of 127.0.0.1 in front of `upstream`, given as `host:port` or `http://host:port`.
    ///
    /// # Errors
    /// [`ProxyError::Listen`] when no port can be bound.
    pub async fn start(upstream: &str) -> Result<Self, ProxyError> {
        let listener = Self::bind().await?;
        Self::serve(listener, upstream).map_err(ProxyError::Listen)
    }

    /// Takes a port before the server behind it exists.
    pub(crate) async fn bind() -> Result<TcpListener, ProxyError> {
        TcpListener::bind(("127.0.0.1", 0)).await.map_err(ProxyError::Listen)
    }

    pub(crate) fn serve(listener: TcpListener, upstream: &str) -> io::Result<Self> {
        let port = listener.local_addr()?.port();
        let authority = upstream.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let shared = Arc::new(Shared { authority, orders: Mutex::default(), log: Arc::default() });
        let accepting = tokio::spawn(relay::accept(listener, Arc::clone(&shared)));
        Ok(Self { port, shared, accepting })
    }

    /// `http://localhost:PORT`, the form that DID documents on a test network carry.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// `http://127.0.0.1:PORT`.
    pub fn ip_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Places an order. Orders are looked at in the sequence they were given; a request fulfils at most one, and each
    /// order is fulfilled once.
    ///
    /// Dropping the returned handle leaves cuts in force; what a hold would keep is then dropped on arrival.
    pub fn order(&self, rule: Rule) -> Order {
        let (pending, order) = order::place(rule, Arc::clone(&self.shared.log));
        lock(&self.shared.orders).push(pending);
        order
    }

    /// The next request with `path` in its path is read and kept back: see [`Rule::hold_request`].
    pub fn hold_request(&self, path: &str) -> Order {
        self.order(Rule::hold_request(path))
    }

    /// The next request with `path` in its path is forwarded and its answer kept back: see [`Rule::hold_answer`].
    pub fn hold_answer(&self, path: &str) -> Order {
        self.order(Rule::hold_answer(path))
    }

    /// What passed, in the order in which it ended: the last 10,000 requests.
    pub fn log(&self) -> Vec<Passed> {
        lock(&self.shared.log).iter().cloned().collect()
    }

    /// How many requests in the log have `path` in their path.
    pub fn count(&self, path: &str) -> usize {
        lock(&self.shared.log).iter().filter(|passed| passed.path.contains(path)).count()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

type Log = Arc<Mutex<VecDeque<Passed>>>;

#[derive(Debug)]
struct Shared {
    authority: String,
    orders: Mutex<Vec<Pending>>,
    log: Log,
}

impl Shared {
    fn take_order(&self, path: &str) -> Option<Ticket> {
        let mut orders = lock(&self.orders);
        let index = orders.iter_mut().position(|pending| pending.is_fulfilled_by(path))?;
        Some(orders.remove(index).ticket)
    }

    fn record(&self, passed: Passed) {
        let mut log = lock(&self.log);
        if log.len() == MAX_LOG_ENTRIES {
            log.pop_front();
        }
        log.push_back(passed);
    }
}

/// A panicking test must not hide its own message behind a poisoned lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
