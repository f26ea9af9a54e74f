//! The machine's clock: the only place that reads it.

use async_trait::async_trait;
use jiff::{Timestamp, Unit};
use skein_domain::ports::Clock;
use skein_domain::story::span;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

/// The longest that is slept before the wall clock is read again, so that a jump or a suspend is noticed.
const SLICE_MS: u64 = 500;

/// A step of the wall clock from here on is told, in microseconds.
const STEP_TOLD_US: i64 = 2_000_000;

/// A clock that nobody sets, and by how much the wall clock was ahead of it when it was last read, in microseconds.
static STEADY: LazyLock<(Instant, AtomicI64)> = LazyLock::new(|| (Instant::now(), AtomicI64::new(i64::MIN)));

/// The wall clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else takes as a parameter")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        if let Some(words) = step(now, &STEADY) {
            tracing::warn!("{words}");
        }
        let whole = jiff::TimestampRound::new().smallest(Unit::Microsecond).mode(jiff::RoundMode::Trunc);
        now.round(whole).unwrap_or(now)
    }

    async fn sleep_until(&self, at: Timestamp) {
        while let Some(slice) = slice(self.now(), at) {
            tokio::time::sleep(slice).await;
        }
    }

    async fn pause(&self, ms: i64) {
        tokio::time::sleep(Duration::from_millis(u64::try_from(ms).unwrap_or(0))).await;
    }
}

/// The words for a step of the wall clock since it was last read, once for each step.
fn step(now: Timestamp, (began, ahead): &(Instant, AtomicI64)) -> Option<String> {
    let steady_us = i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX);
    let ahead_us = now.as_microsecond().saturating_sub(steady_us);
    let before_us = ahead.load(Ordering::Relaxed);
    let step_us = ahead_us.saturating_sub(before_us);
    if before_us != i64::MIN && step_us.abs() < STEP_TOLD_US {
        return None;
    }
    // Of several threads that notice it at once, one tells it.
    let is_first = ahead.compare_exchange(before_us, ahead_us, Ordering::Relaxed, Ordering::Relaxed).is_ok();
    if before_us == i64::MIN || !is_first {
        return None;
    }
    let by = span(step_us.abs() / 1_000);
    Some(if step_us < 0 {
        format!("the clock of this machine was set back by {by}; posts leave when it says their time")
    } else {
        format!(
            "the clock of this machine went ahead by {by}, as after a suspend; what is due leaves now, within its grace"
        )
    })
}

/// How long to sleep before the clock is read again; `None` when the instant has come.
fn slice(now: Timestamp, at: Timestamp) -> Option<Duration> {
    let left = Duration::try_from(at.duration_since(now)).ok().filter(|left| !left.is_zero())?;
    Some(left.min(Duration::from_millis(SLICE_MS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    #[test]
    fn far_instants_are_slept_towards_in_slices_and_near_ones_exactly() {
        assert_eq!(slice(at(0), at(60_000)), Some(Duration::from_millis(500)));
        assert_eq!(slice(at(0), at(7)), Some(Duration::from_millis(7)));
        assert_eq!(slice(at(7), at(7)), None);
        assert_eq!(slice(at(8), at(7)), None);
        assert_eq!(slice(Timestamp::UNIX_EPOCH, Timestamp::MAX), Some(Duration::from_millis(500)));
    }

    #[test]
    fn steps_are_told_once_and_small_ones_not_at_all() {
        let steady = (Instant::now(), AtomicI64::new(i64::MIN));
        let hour_ms = 3_600_000;
        assert_eq!(step(at(hour_ms), &steady), None, "the first reading is no step");
        assert_eq!(step(at(hour_ms + 1_500), &steady), None);
        let back = step(at(10), &steady).unwrap();
        assert!(back.contains("set back by 59 min"), "{back}");
        assert_eq!(step(at(10), &steady), None);
        let ahead = step(at(hour_ms), &steady).unwrap();
        assert!(ahead.contains("went ahead by"), "{ahead}");
        assert_eq!(step(at(hour_ms), &steady), None);
    }

    #[test]
    fn instants_have_whole_microseconds() {
        assert_eq!(SystemClock.now().subsec_nanosecond() % 1_000, 0);
    }

    #[tokio::test]
    async fn it_never_returns_early() {
        let until = SystemClock.now().checked_add(jiff::SignedDuration::from_millis(3)).unwrap();
        SystemClock.sleep_until(until).await;
        assert!(SystemClock.now() >= until);
    }
}
