//! The life of a simulated process: it may be killed or stopped at any call that it makes of the world outside.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// What shall happen to a process, at which of its calls. Each call counts twice: before it takes effect, and after.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fortune {
    /// Killed here.
    pub(crate) dies_at: Option<u64>,
    /// Stopped here, and goes on after the time.
    pub(crate) pauses: Option<(u64, Duration)>,
}

/// One process, as far as it can be killed or stopped.
#[derive(Debug)]
pub(crate) struct Life {
    /// What it is called.
    pub(crate) name: String,
    fortune: Fortune,
    points: AtomicU64,
    dead: AtomicBool,
    paused_until: Mutex<Option<Instant>>,
    died: Notify,
}

impl Life {
    /// A process with this fortune.
    pub(crate) fn new(name: String, fortune: Fortune) -> Self {
        Self {
            name,
            fortune,
            points: AtomicU64::new(0),
            dead: AtomicBool::new(false),
            paused_until: Mutex::default(),
            died: Notify::new(),
        }
    }

    /// A call is about to take effect, or has. Returns what happens here, if anything does, and never if the process is dead.
    pub(crate) async fn point(&self, tell: impl FnOnce(&'static str)) {
        self.alive().await;
        let point = self.points.fetch_add(1, Ordering::SeqCst);
        if self.fortune.dies_at == Some(point) {
            tell("crash");
            self.dead.store(true, Ordering::SeqCst);
            self.died.notify_one();
        } else if let Some((_, span)) = self.fortune.pauses.filter(|(at, _)| *at == point) {
            tell("pause");
            *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + span);
        }
        self.alive().await;
    }

    /// Returns once the process runs; never if it is dead.
    pub(crate) async fn alive(&self) {
        loop {
            if self.dead.load(Ordering::SeqCst) {
                pending::<()>().await;
            }
            let until = *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
            match until {
                Some(until) if until > Instant::now() => sleep_until(until).await,
                _ => return,
            }
        }
    }

    /// Kills it now, wherever it is.
    pub(crate) fn end(&self) {
        self.dead.store(true, Ordering::SeqCst);
    }

    /// Returns when it was killed.
    pub(crate) async fn died(&self) {
        self.died.notified().await;
    }
}
