use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{oneshot, watch};

const HELD_MAX: usize = 1_000;

/// At which end of its processing a request waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeldBy {
    /// Before anything was done.
    Request,
    /// Everything is done; the answer waits.
    Answer,
}

/// Requests that wait to be released, oldest first.
#[derive(Debug)]
pub(super) struct HeldRequests {
    waiting: Mutex<VecDeque<Held>>,
    count: watch::Sender<usize>,
}

#[derive(Debug)]
struct Held {
    by: HeldBy,
    go: oneshot::Sender<()>,
    processed: oneshot::Receiver<()>,
}

/// What a held request waits at.
pub(crate) struct Gate {
    released: oneshot::Receiver<()>,
    processed: oneshot::Sender<()>,
}

impl Gate {
    /// Waits for the release. Returns what is to be called once the request has been processed, or nothing if the
    /// request was discarded.
    pub(crate) async fn wait(self) -> Option<impl FnOnce()> {
        let Self { released, processed } = self;
        released.await.ok()?;
        // Nobody may be waiting for it any more.
        Some(move || processed.send(()).unwrap_or_default())
    }
}

impl Default for HeldRequests {
    fn default() -> Self {
        Self { waiting: Mutex::default(), count: watch::Sender::new(0) }
    }
}

impl HeldRequests {
    pub(super) fn add(&self, by: HeldBy) -> Option<Gate> {
        let (go, released) = oneshot::channel();
        let (done, processed) = oneshot::channel();
        let mut waiting = self.waiting();
        if waiting.len() >= HELD_MAX {
            return None;
        }
        waiting.push_back(Held { by, go, processed });
        self.count.send_replace(waiting.len());
        Some(Gate { released, processed: done })
    }

    pub(super) fn count(&self) -> usize {
        self.waiting().len()
    }

    pub(super) async fn wait_for(&self, count: usize) {
        // The sender lives as long as `self`, so this cannot fail.
        self.count.subscribe().wait_for(|held| *held >= count).await.map(drop).unwrap_or_default();
    }

    pub(super) async fn release(&self, at_most: usize) -> usize {
        let released: Vec<Held> = {
            let mut waiting = self.waiting();
            let count = waiting.len().min(at_most);
            let released = waiting.drain(..count).collect();
            self.count.send_replace(waiting.len());
            released
        };
        let count = released.len();
        // One after the other, so that late requests land in the order in which they came.
        for held in released {
            let was_waiting = held.go.send(()).is_ok();
            if was_waiting && held.by == HeldBy::Request {
                // An error only says that the request ended without being processed.
                held.processed.await.unwrap_or_default();
            }
        }
        count
    }

    pub(super) fn discard(&self) -> usize {
        let mut waiting = self.waiting();
        let count = waiting.len();
        waiting.clear();
        self.count.send_replace(0);
        count
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Held>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
