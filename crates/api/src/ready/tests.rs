use std::time::Duration;

use skein_domain::ports::{Change, ClaimRequest, Figures as _, LedgerError};
use skein_domain::{Account, Delivery, Event, StateName};
use skein_testkit::samples::{at_ms, fault, in_state};
use skein_testkit::{MemoryLedger, Samples, SimClock};

use super::*;

const MINUTE_MS: i64 = 60_000;

struct Scene {
    clock: SimClock,
    ledger: Arc<MemoryLedger>,
    metrics: Arc<Metrics>,
    stopping: CancellationToken,
    samples: Samples,
    account: Account,
    ready: Ready,
}

impl Scene {
    async fn new(has_engine: bool) -> Self {
        let (clock, ledger, samples) = (SimClock::new(at_ms(0)), Arc::new(MemoryLedger::new()), Samples::new(4));
        let metrics = Arc::new(Metrics::new(at_ms(0)));
        let stopping = CancellationToken::new();
        let account = ledger.connect_account(samples.new_account("goose.example")).await.unwrap();
        let ready = Ready::new(ledger.clone(), Arc::new(clock.clone()), metrics.clone(), has_engine, stopping.clone());
        Self { clock, ledger, metrics, stopping, samples, account, ready }
    }

    /// A delivery that is due, and wakes, at this instant.
    async fn submitted(&self, state: StateName, due: Timestamp) -> Delivery {
        let post = self.samples.post(&["A goose."], due);
        let delivery = in_state(self.samples.delivery(&post, &self.account), state, due);
        self.ledger.submit(&post, std::slice::from_ref(&delivery), &[], &[]).await.unwrap();
        delivery
    }

    /// How it stands at an instant at which the planner has looked.
    async fn at(&self, ms: i64) -> Readiness {
        self.clock.set(at_ms(ms));
        self.metrics.ticked(at_ms(ms));
        self.looked().await
    }

    /// How it stands now, and not how it stood a moment ago.
    async fn looked(&self) -> Readiness {
        tokio::time::advance(Duration::from_millis(FRESH_MS + 1)).await;
        self.ready.look().await
    }
}

/// The names of the checks that are not passed.
fn failing(readiness: &Readiness) -> Vec<&'static str> {
    assert_eq!(readiness.ready, readiness.checks.iter().all(|check| check.ok));
    readiness.checks.iter().filter(|check| !check.ok).map(|check| check.name).collect()
}

#[tokio::test(start_paused = true)]
async fn who_looks_and_has_nothing_to_do_is_ready() {
    let scene = Scene::new(true).await;
    assert_eq!(failing(&scene.at(1).await), [""; 0]);
    let names: Vec<_> = scene.at(2).await.checks.iter().map(|check| check.name).collect();
    assert_eq!(names, ["store", "planner", "deliveries"]);
}

#[tokio::test(start_paused = true)]
async fn planner_that_does_not_look_is_told_with_its_last_look() {
    let scene = Scene::new(true).await;
    let never = scene.looked().await;
    assert_eq!((failing(&never), never.checks[1].since), (vec!["planner"], Some(at_ms(0))));
    assert!(never.checks[1].problem.as_ref().unwrap().contains("yet"));

    scene.at(1_000).await;
    scene.clock.set(at_ms(1_000 + TICK_WITHIN_MS));
    assert_eq!(failing(&scene.looked().await), [""; 0]);
    scene.clock.set(at_ms(1_001 + TICK_WITHIN_MS));
    let stuck = scene.looked().await;
    assert_eq!((failing(&stuck), stuck.checks[1].since), (vec!["planner"], Some(at_ms(1_000))));

    // The clock was set back, and it has not looked since.
    scene.clock.set(at_ms(-MINUTE_MS));
    assert_eq!(failing(&scene.looked().await), ["planner"]);
}

#[tokio::test(start_paused = true)]
async fn due_delivery_that_nobody_looks_at_is_told_after_a_minute() {
    let scene = Scene::new(true).await;
    scene.submitted(StateName::Ready, at_ms(10_000)).await;
    assert_eq!(failing(&scene.at(10_000 + MINUTE_MS).await), [""; 0]);
    let late = scene.at(10_001 + MINUTE_MS).await;
    assert_eq!((failing(&late), late.checks[2].since), (vec!["deliveries"], Some(at_ms(10_000))));
}

#[tokio::test(start_paused = true)]
async fn delivery_with_a_reason_may_wait() {
    let scene = Scene::new(true).await;
    let long_after = 10 * MINUTE_MS;
    // It waits for something, and says until when.
    let delivery = scene.submitted(StateName::Ready, at_ms(0)).await;
    let waiting = skein_domain::Waiting::Retry { fault: fault("rate_limited") };
    let event = Event::Waits { until: at_ms(2 * long_after), waiting };
    let delivery_waits = Change::between(&delivery, delivery.after(event).unwrap(), Vec::new());
    scene.ledger.save(&delivery_waits).await.unwrap();
    assert_eq!(failing(&scene.at(long_after).await), [""; 0]);

    // Somebody works on its account.
    scene.submitted(StateName::Ready, at_ms(1)).await;
    assert_eq!(failing(&scene.at(long_after).await), ["deliveries"]);
    let request =
        ClaimRequest { owner: "w".to_owned(), now: at_ms(long_after), until: at_ms(long_after + 1), lane: None };
    scene.ledger.claim(&request).await.unwrap().unwrap();
    assert_eq!(failing(&scene.at(long_after).await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn account_that_is_held_and_what_is_over_keep_nobody_from_being_ready() {
    let scene = Scene::new(true).await;
    let over = [StateName::Published, StateName::Failed, StateName::NeedsReview, StateName::Missed];
    for (place, state) in (0..).zip(over) {
        scene.submitted(state, at_ms(place)).await;
    }
    let post = scene.samples.post(&["Held."], at_ms(0));
    let blocked = in_state(scene.samples.delivery(&post, &scene.account), StateName::Blocked, at_ms(60 * MINUTE_MS));
    scene.ledger.submit(&post, &[blocked], &[], &[]).await.unwrap();
    assert_eq!(failing(&scene.at(59 * MINUTE_MS).await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn store_in_trouble_is_told_with_the_first_time_it_was_seen() {
    let scene = Scene::new(true).await;
    let broken = || Some(Err(LedgerError::Failed("the server is gone".to_owned())));
    scene.metrics.ticked(at_ms(0));
    let first = scene.ready.judge(broken(), at_ms(100));
    assert_eq!((failing(&first), first.checks[0].since), (vec!["store"], Some(at_ms(100))));
    assert!(first.checks[0].problem.as_ref().unwrap().contains("the server is gone"));
    let silent = scene.ready.judge(None, at_ms(200));
    assert_eq!((failing(&silent), silent.checks[0].since), (vec!["store"], Some(at_ms(100))));
    assert_eq!(failing(&scene.ready.judge(Some(Ok(None)), at_ms(300))), [""; 0]);
    let again = scene.ready.judge(broken(), at_ms(400));
    assert_eq!(again.checks[0].since, Some(at_ms(400)));
}

#[tokio::test(start_paused = true)]
async fn without_an_engine_only_the_store_is_asked() {
    let scene = Scene::new(false).await;
    scene.submitted(StateName::Ready, at_ms(0)).await;
    scene.clock.set(at_ms(60 * MINUTE_MS));
    let readiness = scene.looked().await;
    assert_eq!(readiness.checks.iter().map(|check| check.name).collect::<Vec<_>>(), ["store"]);
    assert!(readiness.ready);
}

#[tokio::test(start_paused = true)]
async fn process_that_is_told_to_end_is_not_ready() {
    let scene = Scene::new(true).await;
    assert!(scene.at(1).await.ready);
    scene.stopping.cancel();
    assert_eq!(failing(&scene.at(2).await), ["running"]);
}
