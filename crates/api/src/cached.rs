//! Answers that are asked for at most every now and then, however often somebody looks.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// An answer that is kept for a while. Who looks while it is asked for waits for that.
#[derive(Debug)]
pub(crate) struct Cached<T> {
    fresh_for: Duration,
    kept: Mutex<Option<(Instant, T)>>,
}

impl<T: Clone> Cached<T> {
    /// Nothing yet. An answer is kept for so long, in milliseconds.
    pub(crate) fn for_ms(fresh_ms: u64) -> Self {
        Self { fresh_for: Duration::from_millis(fresh_ms), kept: Mutex::default() }
    }

    /// The answer that is kept, or a new one.
    pub(crate) async fn get(&self, ask: impl Future<Output = T>) -> T {
        let mut kept = self.kept.lock().await;
        if let Some((until, answer)) = kept.as_ref()
            && Instant::now() < *until
        {
            return answer.clone();
        }
        let answer = ask.await;
        *kept = Some((Instant::now() + self.fresh_for, answer.clone()));
        answer
    }
}

/// Asks in a task of its own, which goes on when nobody waits for it any more: a query that is dropped halfway costs its connection.
/// `None` when no answer came in time, or none ever will.
pub(crate) async fn within<T: Send + 'static>(ms: u64, ask: impl Future<Output = T> + Send + 'static) -> Option<T> {
    tokio::time::timeout(Duration::from_millis(ms), tokio::spawn(ask)).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// An answer that takes so long, and says how often it was asked for.
    async fn slow(asked: &AtomicUsize, ms: u64) -> usize {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        asked.fetch_add(1, Ordering::Relaxed) + 1
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_kept_for_its_time() {
        let (cached, asked) = (Cached::for_ms(1_000), AtomicUsize::new(0));
        assert_eq!(cached.get(slow(&asked, 500)).await, 1);
        tokio::time::advance(Duration::from_millis(999)).await;
        assert_eq!(cached.get(slow(&asked, 0)).await, 1);
        tokio::time::advance(Duration::from_millis(2)).await;
        assert_eq!(cached.get(slow(&asked, 0)).await, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_look_at_once_ask_once() {
        let (cached, asked) = (Cached::for_ms(1_000), AtomicUsize::new(0));
        let looks = (0..20).map(|_| cached.get(slow(&asked, 10)));
        let seen = futures_util::future::join_all(looks).await;
        assert_eq!(seen, [1; 20]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_does_not_come_is_given_up() {
        assert_eq!(within(1_000, async { 7 }).await, Some(7));
        assert_eq!(within(1_000, std::future::pending::<u8>()).await, None);
    }
}
