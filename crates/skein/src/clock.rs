//! The machine's clock: the only place that reads it.

use async_trait::async_trait;
use jiff::{Timestamp, Unit};
use skein_domain::ports::Clock;
use std::time::Duration;

/// The longest that is slept before the wall clock is read again, so that a jump or a suspend is noticed.
const SLICE_MS: u64 = 500;

/// The wall clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else takes as a parameter")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
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
