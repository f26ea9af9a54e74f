//! Time that stands still until a test moves it.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use skein_domain::ports::Clock;
use tokio::sync::Notify;

/// A clock in the hands of a test. Clones share the time and the sleepers; no real time passes.
#[derive(Debug, Clone)]
pub struct SimClock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    inner: Mutex<Inner>,
    more_sleepers: Notify,
}

#[derive(Debug)]
struct Inner {
    now: Timestamp,
    next_sleep: u64,
    sleepers: BTreeMap<(Timestamp, u64), Waker>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SimClock {
    /// A clock that shows the instant, cut to whole microseconds.
    pub fn new(start: Timestamp) -> Self {
        let inner = Inner { now: whole_us(start), next_sleep: 0, sleepers: BTreeMap::new() };
        Self { shared: Arc::new(Shared { inner: Mutex::new(inner), more_sleepers: Notify::new() }) }
    }

    /// Shows another instant from now on, earlier or later, and wakes whoever waited for it or for less.
    pub fn set(&self, now: Timestamp) {
        let due = {
            let mut inner = self.shared.lock();
            let now = whole_us(now);
            inner.now = now;
            let later = inner.sleepers.split_off(&(now, u64::MAX));
            std::mem::replace(&mut inner.sleepers, later)
        };
        for waker in due.into_values() {
            waker.wake();
        }
    }

    /// Moves on by a span, or back by a negative one; stops at the ends of what an instant can hold.
    pub fn advance(&self, by: SignedDuration) {
        let end = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
        let now = self.shared.lock().now;
        self.set(now.checked_add(by).unwrap_or(end));
    }

    /// How many sleeps are waiting.
    pub fn sleepers(&self) -> usize {
        self.shared.lock().sleepers.len()
    }

    /// The earliest instant that a sleep waits for.
    pub fn next_sleeper(&self) -> Option<Timestamp> {
        self.shared.lock().sleepers.keys().next().map(|(at, _)| *at)
    }

    /// Jumps to the earliest instant that a sleep waits for and returns it; `None`, and no jump, when nobody sleeps.
    pub fn jump_to_next_sleeper(&self) -> Option<Timestamp> {
        let at = self.next_sleeper()?;
        self.set(at);
        Some(at)
    }

    /// Returns once at least so many sleeps are waiting: the sign that what is being tested has come to rest.
    pub async fn wait_for_sleepers(&self, count: usize) {
        loop {
            let more = self.shared.more_sleepers.notified();
            tokio::pin!(more);
            more.as_mut().enable();
            if self.sleepers() >= count {
                return;
            }
            more.await;
        }
    }
}

#[async_trait]
impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.shared.lock().now
    }

    async fn sleep_until(&self, at: Timestamp) {
        Sleep { shared: Arc::clone(&self.shared), at, key: None }.await;
    }

    async fn pause(&self, ms: i64) {
        let until = self.now().checked_add(SignedDuration::from_millis(ms)).unwrap_or(Timestamp::MAX);
        self.sleep_until(until).await;
    }
}

/// Leaves the list of sleepers when it is dropped, so that an abandoned sleep is not counted.
struct Sleep {
    shared: Arc<Shared>,
    at: Timestamp,
    key: Option<(Timestamp, u64)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let shared = Arc::clone(&self.shared);
        let mut inner = shared.lock();
        if inner.now >= self.at {
            return Poll::Ready(());
        }
        let key = self.key.unwrap_or_else(|| {
            inner.next_sleep += 1;
            (self.at, inner.next_sleep)
        });
        self.key = Some(key);
        inner.sleepers.insert(key, context.waker().clone());
        drop(inner);
        shared.more_sleepers.notify_waiters();
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.shared.lock().sleepers.remove(&key);
        }
    }
}

fn whole_us(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{at_ms, at_us};

    #[test]
    fn shows_whole_microseconds_and_jumps_both_ways() {
        let clock = SimClock::new(at_ms(0) + SignedDuration::from_nanos(1_999));
        assert_eq!(clock.now(), at_us(1));
        clock.advance(SignedDuration::from_secs(5));
        assert_eq!(clock.now(), at_us(5_000_001));
        clock.advance(SignedDuration::from_secs(-10));
        assert_eq!(clock.now(), at_us(-4_999_999));
        clock.set(at_ms(3));
        assert_eq!(clock.now(), at_ms(3));
        clock.advance(SignedDuration::MAX);
        assert!(clock.now() > at_ms(1_000_000_000_000));
    }

    #[tokio::test]
    async fn a_sleep_ends_when_the_clock_reaches_it_and_not_before() {
        let clock = SimClock::new(at_ms(0));
        clock.sleep_until(at_ms(0)).await;
        let sleep = |at| {
            let clock = clock.clone();
            tokio::spawn(async move { clock.sleep_until(at).await })
        };
        let (late, early) = (sleep(at_ms(20)), sleep(at_ms(10)));
        clock.wait_for_sleepers(2).await;
        assert_eq!(clock.next_sleeper(), Some(at_ms(10)));

        clock.set(at_ms(-5));
        clock.set(at_ms(9));
        tokio::task::yield_now().await;
        assert_eq!(clock.sleepers(), 2, "neither the jump back nor the one short of the instant woke anybody");

        assert_eq!(clock.jump_to_next_sleeper(), Some(at_ms(10)));
        early.await.unwrap();
        assert_eq!((clock.sleepers(), clock.next_sleeper()), (1, Some(at_ms(20))));
        clock.set(at_ms(500));
        late.await.unwrap();
        assert_eq!((clock.sleepers(), clock.jump_to_next_sleeper()), (0, None));
        assert_eq!(clock.now(), at_ms(500));
    }

    #[tokio::test]
    async fn a_sleep_that_is_given_up_is_not_counted() {
        let clock = SimClock::new(at_ms(0));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(at_ms(10)).await }
        });
        clock.wait_for_sleepers(1).await;
        sleeper.abort();
        assert!(sleeper.await.unwrap_err().is_cancelled());
        assert_eq!((clock.sleepers(), clock.next_sleeper()), (0, None));
    }

    #[tokio::test]
    async fn a_sleep_woken_by_a_jump_that_was_taken_back_goes_on_sleeping() {
        let clock = SimClock::new(at_ms(0));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(at_ms(10)).await }
        });
        clock.wait_for_sleepers(1).await;
        clock.set(at_ms(10));
        clock.set(at_ms(0));
        clock.wait_for_sleepers(1).await;
        assert!(!sleeper.is_finished());
        clock.set(at_ms(10));
        sleeper.await.unwrap();
    }
}
