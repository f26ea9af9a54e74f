//! A wall clock that can be set, over time that only passes.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use skein_domain::ports::Clock;
use skein_testkit::SimClock;

/// The longest that is slept before the wall clock is read again, as on a real machine.
const SLICE_MS: i64 = 500;

/// What a machine's clock shows. Clones show the same.
#[derive(Clone)]
pub(super) struct WallClock {
    time: SimClock,
    ahead_ms: Arc<AtomicI64>,
}

impl WallClock {
    /// A clock that is right.
    pub(super) fn new(time: &SimClock) -> Self {
        Self { time: time.clone(), ahead_ms: Arc::default() }
    }

    /// From now on it is wrong by so much; right again with zero.
    pub(super) fn is_ahead_by(&self, span: SignedDuration) {
        self.ahead_ms.store(i64::try_from(span.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// From now on it shows this instant, and goes on from there.
    pub(super) fn shows(&self, instant: Timestamp) {
        self.is_ahead_by(instant.duration_since(self.time.now()));
    }
}

#[async_trait]
impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        self.time.now() + SignedDuration::from_millis(self.ahead_ms.load(Ordering::Relaxed))
    }

    async fn sleep_until(&self, at: Timestamp) {
        loop {
            let left_ms = i64::try_from(at.duration_since(self.now()).as_millis()).unwrap();
            if left_ms <= 0 {
                return;
            }
            self.time.pause(left_ms.min(SLICE_MS)).await;
        }
    }

    async fn pause(&self, ms: i64) {
        self.time.pause(ms).await;
    }
}
