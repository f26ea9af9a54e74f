//! Time, as a parameter.

use async_trait::async_trait;
use jiff::Timestamp;

/// What time it is, and how to wait. Instants have microseconds, since that is what is stored and what a TID holds.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The present instant, cut to whole microseconds.
    fn now(&self) -> Timestamp;

    /// Returns at the instant or a little later, also when the wall clock jumps meanwhile; at once if it has passed.
    async fn sleep_until(&self, at: Timestamp);

    /// Returns after so many milliseconds by a clock that nobody sets: for waits that must end although the wall clock was
    /// turned back meanwhile.
    async fn pause(&self, ms: i64);
}
