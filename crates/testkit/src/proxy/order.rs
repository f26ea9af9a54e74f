//! Orders: which request, what to do with it, and the handle by which a test follows it.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::{Log, ProxyError, lock};

const WAIT_LIMIT_S: u64 = 30;
const HOLD_LIMIT_S: u64 = 120;

/// What is done to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Read from the client, not forwarded until released.
    HoldRequest,
    /// Forwarded; the answer is kept until released.
    HoldAnswer,
    /// Read from the client, whose connection is then closed; the server never sees it.
    CutBeforeForward,
    /// Forwarded and answered; the client sees a closed connection instead of the answer.
    CutAfterForward,
    /// Forwarded and answered; the client sees the first half of the answer and a closed connection.
    CutMidAnswer,
}

/// A fault and the request it is meant for.
#[derive(Debug, Clone)]
pub struct Rule {
    path: String,
    nth: usize,
    fault: Fault,
}

impl Rule {
    fn next(path: &str, fault: Fault) -> Self {
        Self { path: path.to_owned(), nth: 1, fault }
    }

    /// Keeps the next request whose path contains `path` until [`Order::release`]; the client may be gone by then.
    pub fn hold_request(path: &str) -> Self {
        Self::next(path, Fault::HoldRequest)
    }

    /// Forwards the next request whose path contains `path` and keeps the answer until [`Order::release`].
    pub fn hold_answer(path: &str) -> Self {
        Self::next(path, Fault::HoldAnswer)
    }

    /// See [`Fault::CutBeforeForward`].
    pub fn cut_before_forward(path: &str) -> Self {
        Self::next(path, Fault::CutBeforeForward)
    }

    /// See [`Fault::CutAfterForward`].
    pub fn cut_after_forward(path: &str) -> Self {
        Self::next(path, Fault::CutAfterForward)
    }

    /// See [`Fault::CutMidAnswer`].
    pub fn cut_mid_answer(path: &str) -> Self {
        Self::next(path, Fault::CutMidAnswer)
    }

    /// Means the nth matching request from now on, counted from 1, instead of the next.
    pub fn nth(mut self, nth: usize) -> Self {
        self.nth = nth.max(1);
        self
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Wait,
    Release,
    Drop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Waiting,
    Arrived,
    Done(Option<u16>),
}

/// A test's handle on an order that it placed.
#[derive(Debug)]
pub struct Order {
    path: String,
    command: watch::Sender<Command>,
    progress: watch::Receiver<Progress>,
    log: Log,
}

impl Order {
    /// Waits until the request (or its answer) is held, or the connection is about to be cut.
    ///
    /// # Errors
    /// When that has not happened after 30 s, or the proxy was dropped.
    pub async fn arrived(&self) -> Result<(), ProxyError> {
        self.wait("held", |progress| *progress != Progress::Waiting).await.map(drop)
    }

    /// Waits until the server's answer is in (or will never come) and tells its status. Whether the client still
    /// listens makes no difference.
    ///
    /// # Errors
    /// When that has not happened after 30 s, or the proxy was dropped.
    pub async fn done(&self) -> Result<Option<u16>, ProxyError> {
        match self.wait("done", |progress| matches!(progress, Progress::Done(_))).await? {
            Progress::Done(status) => Ok(status),
            Progress::Waiting | Progress::Arrived => Ok(None),
        }
    }

    /// Lets what is held go on; what arrives later is not held at all.
    pub fn release(&self) {
        self.command.send_replace(Command::Release);
    }

    /// Closes the client's connection and forgets what is held: a request never reaches the server, an answer never
    /// reaches the client.
    pub fn drop_held(&self) {
        self.command.send_replace(Command::Drop);
    }

    async fn wait(&self, what: &'static str, until: impl FnMut(&Progress) -> bool) -> Result<Progress, ProxyError> {
        let mut progress = self.progress.clone();
        match timeout(Duration::from_secs(WAIT_LIMIT_S), progress.wait_for(until)).await {
            Ok(Ok(reached)) => Ok(*reached),
            Ok(Err(_)) => Err(ProxyError::Ended { path: self.path.clone() }),
            Err(_) => Err(ProxyError::Waited {
                what,
                path: self.path.clone(),
                limit_s: WAIT_LIMIT_S,
                seen: lock(&self.log).iter().cloned().collect(),
            }),
        }
    }
}

/// The relay's end of an order.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) fault: Fault,
    command: watch::Receiver<Command>,
    progress: watch::Sender<Progress>,
}

impl Ticket {
    pub(super) fn arrive(&self) {
        self.progress.send_replace(Progress::Arrived);
    }

    pub(super) fn finish(&self, status: Option<u16>) {
        self.progress.send_replace(Progress::Done(status));
    }

    /// Waits for the test's word; false means that what is held is to be dropped. A test that has gone, or that says
    /// nothing for 120 s, drops it too.
    pub(super) async fn is_released(&mut self) -> bool {
        let spoken = self.command.wait_for(|command| *command != Command::Wait);
        match timeout(Duration::from_secs(HOLD_LIMIT_S), spoken).await {
            Ok(Ok(command)) => *command == Command::Release,
            Ok(Err(_)) | Err(_) => false,
        }
    }
}

/// An order that no request has fulfilled yet.
#[derive(Debug)]
pub(super) struct Pending {
    path: String,
    matches_left: usize,
    pub(super) ticket: Ticket,
}

impl Pending {
    /// Counts a request, and says whether it is the one.
    pub(super) fn is_fulfilled_by(&mut self, path: &str) -> bool {
        if path.contains(&self.path) {
            self.matches_left -= 1;
            return self.matches_left == 0;
        }
        false
    }
}

pub(super) fn place(rule: Rule, log: Log) -> (Pending, Order) {
    let (command, commands) = watch::channel(Command::Wait);
    let (progress, progresses) = watch::channel(Progress::Waiting);
    let ticket = Ticket { fault: rule.fault, command: commands, progress };
    let pending = Pending { path: rule.path.clone(), matches_left: rule.nth, ticket };
    (pending, Order { path: rule.path, command, progress: progresses, log })
}
