//! Time: what really passes is the paused time of the runtime, and the wall clock of the machines can be set.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use skein_domain::ports::Clock;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::life::Life;

/// The wall clock that all processes of a run read.
#[derive(Debug, Clone)]
pub(crate) struct Wall {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    began: Instant,
    noon: Timestamp,
    wrong_by_ms: AtomicI64,
    /// Wakes in the order in which they began to wait; a `watch` would wake in an order that nobody can repeat.
    jumps: Notify,
}

impl Wall {
    /// A clock that is right, and shows this instant.
    pub(crate) fn at(noon: Timestamp) -> Self {
        let (began, wrong_by_ms) = (Instant::now(), AtomicI64::new(0));
        Self { inner: Arc::new(Inner { began, noon, wrong_by_ms, jumps: Notify::new() }) }
    }

    /// What it is by a clock that nobody sets: the platform's.
    pub(crate) fn right(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.inner.began.elapsed()).unwrap_or(SignedDuration::MAX);
        self.inner.noon + elapsed
    }

    /// What it is by the machines' clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.right() + SignedDuration::from_millis(self.inner.wrong_by_ms.load(Ordering::SeqCst))
    }

    /// Sets the machines' clock: so much more than the right one.
    pub(crate) fn set_wrong_by(&self, ms: i64) {
        self.inner.wrong_by_ms.store(ms, Ordering::SeqCst);
        self.inner.jumps.notify_waiters();
    }

    /// Returns when the machines' clock shows the instant.
    pub(crate) async fn reach(&self, at: Timestamp) {
        loop {
            // From here on no jump is missed.
            let jumped = self.inner.jumps.notified();
            let Ok(left) = Duration::try_from(at.duration_since(self.now())) else { return };
            if left.is_zero() {
                return;
            }
            tokio::select! {
                biased;
                () = jumped => {}
                () = tokio::time::sleep(left) => {}
            }
        }
    }
}

/// The clock of one process: nothing returns while the process is stopped.
#[derive(Debug, Clone)]
pub(crate) struct ProcessClock {
    /// What it reads.
    pub(crate) wall: Wall,
    /// Whose it is.
    pub(crate) life: Arc<Life>,
}

#[async_trait]
impl Clock for ProcessClock {
    fn now(&self) -> Timestamp {
        self.wall.now()
    }

    async fn sleep_until(&self, at: Timestamp) {
        self.wall.reach(at).await;
        self.life.alive().await;
    }

    async fn pause(&self, ms: i64) {
        tokio::time::sleep(Duration::from_millis(u64::try_from(ms).unwrap_or(0))).await;
        self.life.alive().await;
    }
}
