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

/// How old an answer may be that is shown while the next one is under way, or that came when nobody waited for it, in milliseconds. It
/// is kept for [`KEPT_AT_MOST_MS`], the next may take [`GIVEN_UP_AFTER_MS`], and each is come for at a look, of which there is one a
/// minute where somebody watches: so figures that always take long never go missing.
const OLD_AT_MOST_MS: u64 = 300_000;

/// An answer that is kept for a while, and for longer where it took long. One question is under way at a time: an answer that comes
/// too late for who looked is there for who looks next, and until then they get the one before.
pub(crate) struct Slow<T> {
    /// What is asked for, for the log.
    what: &'static str,
    fresh_for: Duration,
    known: Mutex<Known<T>>,
}

struct Known<T> {
    /// Until then nothing is asked.
    spared_until: Option<Instant>,
    /// The last answer, unless a question has failed since.
    last: Option<Answer<T>>,
    under_way: Option<JoinHandle<Option<Answer<T>>>>,
}

struct Answer<T> {
    said: T,
    took: Duration,
    ended: Instant,
}

/// What became of a question.
enum Asked<T> {
    Answered(Answer<T>),
    Failed,
    /// It is still under way.
    UnderWay,
}

impl<T: Clone + Send + 'static> Slow<T> {
    /// Nothing yet. An answer is kept for so long at least, in milliseconds.
    pub(crate) fn new(what: &'static str, fresh_ms: u64) -> Self {
        let known = Mutex::new(Known { spared_until: None, last: None, under_way: None });
        Self { what, fresh_for: Duration::from_millis(fresh_ms), known }
    }

    /// The answer that is kept, or a new one, or the one before where that takes its time. `None` where there is none, and where it
    /// could not be had.
    pub(crate) async fn get(&self, ask: impl Future<Output = Option<T>> + Send + 'static) -> Option<T> {
        let mut known = self.known.lock().await;
        if known.spared_until.is_none_or(|until| Instant::now() >= until) {
            let spared_for = known.renew(self.what, ask).await.max(self.fresh_for);
            known.spared_until = Some(Instant::now() + spared_for);
        }
        known.last.as_ref().map(|last| last.said.clone())
    }
}

impl<T: Send + 'static> Known<T> {
    /// Asks, and says for how long that need not be done again. That there is no answer is not spared: it may be there at any moment.
    async fn renew(&mut self, what: &str, ask: impl Future<Output = Option<T>> + Send + 'static) -> Duration {
        match self.asked(ask).await {
            Asked::Answered(answer) => {
                let spared_for = (answer.took * SHARE).min(Duration::from_millis(KEPT_AT_MOST_MS));
                self.last = Some(answer);
                return spared_for;
            }
            Asked::Failed => self.last = None,
            Asked::UnderWay => {
                self.last = self.last.take().filter(Answer::is_young);
                if self.last.is_none() {
                    tracing::warn!(
                        within_ms = WITHIN_MS,
                        "{what} could not be read: the database has not answered yet"
                    );
                }
            }
        }
        Duration::ZERO
    }

    /// The answer to the question that is under way, or else to a new one.
    async fn asked(&mut self, ask: impl Future<Output = Option<T>> + Send + 'static) -> Asked<T> {
        if let Some(asked) = self.under_way.take_if(|asked| asked.is_finished()) {
            match asked.await.ok().flatten() {
                Some(late) if late.is_young() => return Asked::Answered(late),
                Some(_) => {}
                // It failed when nobody looked, which may have passed: what was known before is over, and it is asked anew.
                None => self.last = None,
            }
        }
        // In a task of its own, which goes on when nobody waits for it any more: a query that is dropped halfway costs its connection.
        let asked = self.under_way.get_or_insert_with(|| tokio::spawn(timed(ask)));
        let Ok(ended) = timeout(Duration::from_millis(WITHIN_MS), asked).await else { return Asked::UnderWay };
        self.under_way = None;
        ended.ok().flatten().map_or(Asked::Failed, Asked::Answered)
    }
}

impl<T> Answer<T> {
    fn is_young(&self) -> bool {
        self.ended.elapsed() <= Duration::from_millis(OLD_AT_MOST_MS)
    }
}

async fn timed<T>(ask: impl Future<Output = Option<T>>) -> Option<Answer<T>> {
    let began = Instant::now();
    let said = timeout(Duration::from_millis(GIVEN_UP_AFTER_MS), ask).await.ok().flatten()?;
    let ended = Instant::now();
    Some(Answer { said, took: ended.duration_since(began), ended })
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
    async fn what_always_takes_long_is_never_missing_again() {
        for takes_ms in [WITHIN_MS + 1, 12_000, 60_000, GIVEN_UP_AFTER_MS - 1] {
            for looks_every_ms in [1_000, 15_000, 60_000] {
                let scene = Scene::new();
                while scene.look(takes_ms).await.is_none() {
                    pass(looks_every_ms).await;
                }
                let looks = 3_600_000 / looks_every_ms;
                let mut seen = Vec::new();
                for _ in 0..looks {
                    pass(looks_every_ms).await;
                    seen.extend(scene.look(takes_ms).await);
                }
                assert_eq!(seen.len() as u64, looks, "{takes_ms} ms, looked at every {looks_every_ms} ms");
                assert!(seen.is_sorted() && seen.last() > Some(&10), "it is asked anew: {seen:?}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_not_shown_for_ever_in_place_of_the_next() {
        for (ms, expected) in [(OLD_AT_MOST_MS - WITHIN_MS, Some(1)), (OLD_AT_MOST_MS, None)] {
            let scene = Scene::new();
            assert_eq!(scene.look(0).await, Some(1));
            pass(ms).await;
            assert_eq!(scene.look(12_000).await, expected, "after {ms} ms");
            assert_eq!((scene.look(0).await, scene.asked()), (expected, 2), "what is not there is spared, too");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_known_before_a_question_failed_is_not_shown() {
        for fails_after_ms in [3_000, 12_000] {
            let scene = Scene::new();
            assert_eq!(scene.look(0).await, Some(1));
            pass(FRESH_MS + 1).await;
            let fails = async move {
                pass(fails_after_ms).await;
                None
            };
            let shown = scene.slow.get(fails).await;
            assert_eq!(shown, (fails_after_ms > WITHIN_MS).then_some(1), "it is under way");
            pass(fails_after_ms).await;
            assert_eq!(scene.look(12_000).await, None, "after {fails_after_ms} ms");
            pass(12_000).await;
            assert_eq!(scene.look(0).await, Some(2));
        }
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
