//! Asking again: what is safe to ask again, after which pause, and how often.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use skein_net::{NetError, StatusCode};

use super::error::CallError;
use crate::session::Now;

/// Randomness, as a parameter: any sixty-four bits.
pub type Random = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Waiting, as a parameter.
pub type Pause = Arc<dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// What is added to an instant that a server named, at most, in milliseconds: servers round, and not all callers should come
/// back at the same moment.
const SPREAD_MS: u64 = 500;

/// How often and how long a call is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryBounds {
    /// Times that a call is made at most, the first included.
    pub attempts: u32,
    /// No pause ends later than this after the first call began.
    pub total: Duration,
    /// The longest pause after the first failure; doubled after each further one.
    pub first_pause: Duration,
    /// The longest pause of all, unless the server names an instant.
    pub longest_pause: Duration,
}

impl Default for RetryBounds {
    /// Four times within half a minute.
    fn default() -> Self {
        Self {
            attempts: 4,
            total: Duration::from_secs(30),
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(8),
        }
    }
}

/// Tries again after trouble on the way: a connection that failed, 502, 503, 504, 429.
///
/// Pauses grow exponentially and are wholly random below their bound; where a server says when (`Retry-After`,
/// `RateLimit-Reset`), that is when. A read is also asked again when its answer was lost. A write is only sent again where it
/// provably was not processed: the connection was refused, or the answer was 429.
#[derive(Clone)]
pub struct Retry {
    now: Now,
    random: Random,
    pause: Pause,
    bounds: RetryBounds,
}

impl Retry {
    /// Retries with the usual bounds, pausing in real time.
    pub fn new(now: Now, random: Random) -> Self {
        let pause: Pause = Arc::new(|span| Box::pin(tokio::time::sleep(span)));
        Self { now, random, pause, bounds: RetryBounds::default() }
    }

    /// The same with other bounds.
    pub fn within(self, bounds: RetryBounds) -> Self {
        Self { bounds, ..self }
    }

    /// The same with another way to wait.
    pub fn pausing_with(self, pause: Pause) -> Self {
        Self { pause, ..self }
    }

    /// The tries of one call that was made so often before.
    pub(super) fn tries(&self, before: u32, is_read: bool) -> Tries<'_> {
        Tries { retry: self, began: (self.now)(), before, failed: 0, is_read }
    }
}

impl fmt::Debug for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

/// The tries of one call.
pub(super) struct Tries<'a> {
    retry: &'a Retry,
    began: Timestamp,
    before: u32,
    failed: u32,
    is_read: bool,
}

impl Tries<'_> {
    /// How often it was made so far.
    pub(super) fn made(&self) -> u32 {
        self.before.saturating_add(self.failed)
    }

    /// Waits until it is time for another try; `false`, at once, if there is none.
    pub(super) async fn wait_after(&mut self, error: &CallError) -> bool {
        self.failed = self.failed.saturating_add(1);
        let Some(pause) = self.pause_after(error) else { return false };
        tracing::debug!(%error, failed = self.failed, pause_ms = as_ms(pause), "asking again");
        (self.retry.pause)(pause).await;
        true
    }

    fn pause_after(&self, error: &CallError) -> Option<Duration> {
        let RetryBounds { attempts, total, first_pause, longest_pause } = self.retry.bounds;
        if self.failed >= attempts || !is_safe(error, self.is_read) {
            return None;
        }
        let now = (self.retry.now)();
        // A clock that was set back must not make it try for longer than it may; the attempts are bounded all the same.
        let elapsed = Duration::try_from(now.duration_since(self.began).max(SignedDuration::ZERO)).ok()?;
        let said = error.answer().and_then(|answer| answer.response.headers.said_retry_at(now));
        let pause = if let Some(at) = said {
            Duration::try_from(at.duration_since(now)).ok()? + self.below(Duration::from_millis(SPREAD_MS))
        } else {
            let doubled = first_pause.saturating_mul(2_u32.saturating_pow(self.failed.saturating_sub(1)));
            self.below(doubled.min(longest_pause))
        };
        (elapsed.saturating_add(pause) <= total).then_some(pause)
    }

    /// Any span up to the bound.
    fn below(&self, bound: Duration) -> Duration {
        Duration::from_millis((self.retry.random)() % (as_ms(bound) + 1))
    }
}

fn as_ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX - 1)
}

/// Whether the same request may be made again without harm, and may go better.
fn is_safe(error: &CallError, is_read: bool) -> bool {
    match error {
        CallError::NotSent { error, .. } => matches!(error, NetError::NotSent { .. }),
        CallError::Unknown { error, .. } => is_read && matches!(error, NetError::Unknown { .. }),
        CallError::Answer(answer) => match answer.response.status {
            StatusCode::TOO_MANY_REQUESTS => true,
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => is_read,
            _ => false,
        },
        CallError::Malformed { .. } | CallError::RateLimitExceeded(_) | CallError::NotCounted(_) => false,
    }
}
