//! Answers that may take longer than anybody waits for them.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

/// How long one who looks waits for an answer, in milliseconds: whoever looks at the door waits ten seconds, as a rule.
const WITHIN_MS: u64 = 5_000;

/// When a question is given up that nobody answers, in milliseconds: its connection may be dead, and others be well.
const GIVEN_UP_AFTER_MS: u64 = 120_000;

/// What takes long to answer is asked for more rarely: at most one part in so many of the time goes to it.
const SHARE: u32 = 50;

/// But at least so often, in milliseconds.
const KEPT_AT_MOST_MS: u64 = 60_000;

/// How old an answer may be that came when nobody waited for it, in milliseconds: nobody looks more rarely who watches.
const OLD_AT_MOST_MS: u64 = 300_000;

/// An answer that is kept for a while, and for longer where it took long. One question is under way at a time: an answer that comes
/// too late for who looked is there for who looks next.
pub(crate) struct Slow<T> {
    /// What is asked for, for the log.
    what: &'static str,
    fresh_for: Duration,
    known: Mutex<Known<T>>,
}

struct Known<T> {
    /// Until when it holds, and the answer, or that there was none.
    kept: Option<(Instant, Option<T>)>,
    under_way: Option<JoinHandle<Answer<T>>>,
}

struct Answer<T> {
    said: Option<T>,
    took: Duration,
    ended: Instant,
}

impl<T: Clone + Send + 'static> Slow<T> {
    /// Nothing yet. An answer is kept for so long at least, in milliseconds.
    pub(crate) fn new(what: &'static str, fresh_ms: u64) -> Self {
        let known = Mutex::new(Known { kept: None, under_way: None });
        Self { what, fresh_for: Duration::from_millis(fresh_ms), known }
    }

    /// The answer that is kept, or a new one. `None` where it could not be had, or has not come yet.
    pub(crate) async fn get(&self, ask: impl Future<Output = Option<T>> + Send + 'static) -> Option<T> {
        let mut known = self.known.lock().await;
        if let Some((until, said)) = &known.kept
            && Instant::now() < *until
        {
            return said.clone();
        }
        let answer = known.answer(ask).await;
        if answer.is_none() {
            tracing::warn!(within_ms = WITHIN_MS, "{} could not be read: the database has not answered yet", self.what);
        }
        let took = answer.as_ref().filter(|answer| answer.said.is_some()).map(|answer| answer.took);
        let said = answer.and_then(|answer| answer.said);
        // That there is no answer is not spared: it may be there at any moment.
        let spared_for = (took.unwrap_or_default() * SHARE).min(Duration::from_millis(KEPT_AT_MOST_MS));
        known.kept = Some((Instant::now() + spared_for.max(self.fresh_for), said.clone()));
        said
    }
}

impl<T: Send + 'static> Known<T> {
    /// The answer to the question that is under way, or else to a new one; nothing where it does not come in time.
    async fn answer(&mut self, ask: impl Future<Output = Option<T>> + Send + 'static) -> Option<Answer<T>> {
        if let Some(asked) = self.under_way.take_if(|asked| asked.is_finished())
            && let Ok(late) = asked.await
            && late.said.is_some()
            && late.ended.elapsed() <= Duration::from_millis(OLD_AT_MOST_MS)
        {
            return Some(late);
        }
        // In a task of its own, which goes on when nobody waits for it any more: a query that is dropped halfway costs its connection.
        let asked = self.under_way.get_or_insert_with(|| tokio::spawn(timed(ask)));
        let answered = timeout(Duration::from_millis(WITHIN_MS), asked).await.ok()?;
        self.under_way = None;
        answered.ok()
    }
}

async fn timed<T>(ask: impl Future<Output = Option<T>>) -> Answer<T> {
    let began = Instant::now();
    let said = timeout(Duration::from_millis(GIVEN_UP_AFTER_MS), ask).await.ok().flatten();
    let ended = Instant::now();
    Answer { said, took: ended.duration_since(began), ended }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const FRESH_MS: u64 = 1_000;

    struct Scene {
        slow: Slow<usize>,
        asked: Arc<AtomicUsize>,
    }

    impl Scene {
        fn new() -> Self {
            Self { slow: Slow::new("the number of questions", FRESH_MS), asked: Arc::default() }
        }

        /// Looks. Where that asks, the answer takes so long, and says how often it was asked for.
        async fn look(&self, ms: u64) -> Option<usize> {
            let asked = Arc::clone(&self.asked);
            let ask = async move {
                let times = asked.fetch_add(1, Ordering::Relaxed) + 1;
                pass(ms).await;
                Some(times)
            };
            self.slow.get(ask).await
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::Relaxed)
        }
    }

    async fn pass(ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_long_is_asked_for_more_rarely() {
        let scene = Scene::new();
        assert_eq!(scene.look(100).await, Some(1));
        pass(4_900).await;
        assert_eq!(scene.look(100).await, Some(1));
        pass(200).await;
        assert_eq!(scene.look(4_000).await, Some(2));
        pass(KEPT_AT_MOST_MS - 1_000).await;
        assert_eq!(scene.look(0).await, Some(2));
        pass(1_001).await;
        assert_eq!(scene.look(0).await, Some(3));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_slow_is_asked_once_however_many_look_and_shown_at_the_next_look() {
        let scene = Scene::new();
        let seen = futures_util::future::join_all((0..20).map(|_| scene.look(12_000))).await;
        assert_eq!(seen, [None; 20]);
        pass(FRESH_MS + 1).await;
        assert_eq!(scene.look(12_000).await, None, "it is still under way");
        pass(FRESH_MS + 1).await;
        assert_eq!(scene.look(12_000).await, Some(1));
        assert_eq!(scene.asked(), 1);
        // It took long, so it is kept for long.
        pass(KEPT_AT_MOST_MS - 1_000).await;
        assert_eq!((scene.look(0).await, scene.asked()), (Some(1), 1));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_came_for_grows_old() {
        for (ms, expected) in [(OLD_AT_MOST_MS / 2, 1), (OLD_AT_MOST_MS * 2, 2)] {
            let scene = Scene::new();
            assert_eq!(scene.look(6_000).await, None);
            pass(ms).await;
            assert_eq!(scene.look(0).await, Some(expected), "after {ms} ms");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_failed_is_asked_again_soon() {
        let scene = Scene::new();
        let fails = async {
            pass(3_000).await;
            None
        };
        assert_eq!(scene.slow.get(fails).await, None);
        assert_eq!((scene.look(0).await, scene.asked()), (None, 0));
        pass(FRESH_MS + 1).await;
        assert_eq!(scene.look(0).await, Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_that_nobody_answers_is_given_up() {
        let scene = Scene::new();
        assert_eq!(scene.slow.get(std::future::pending()).await, None);
        pass(GIVEN_UP_AFTER_MS - WITHIN_MS - 1_000).await;
        assert_eq!((scene.look(0).await, scene.asked()), (None, 0), "it ends while somebody looks");
        pass(FRESH_MS + 1).await;
        assert_eq!(scene.look(0).await, Some(1));
    }
}
