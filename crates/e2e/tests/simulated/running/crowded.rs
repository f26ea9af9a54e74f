//! One place at a host, and the request of another account that has it: who waits for it armed, who waits before that, and what may
//! become too late meanwhile.

use jiff::SignedDuration;
use skein_domain::outcome::Obstacle;
use skein_domain::ports::Clock as _;
use skein_domain::{Category, Fault, GivenPolicy, Outcome, Part, PostId, State, StateName, Waiting};
use skein_e2e::submission::submission;
use skein_engine::Settings;
use skein_intake::Submission;
use skein_testkit::fake_connector::Arrival;
use skein_testkit::{FakeConnector, SendOrder};

use super::Running;

const ALICE: &str = "did:plc:alice";
const BOB: &str = "did:plc:bob";
const SECOND: SignedDuration = SignedDuration::from_secs(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn unreachable() -> Fault {
    Fault::new("host_unreachable", Category::PlatformError, "The server cannot be reached.")
}

fn of(name: &str, text: &str, at: &str) -> Submission {
    Submission { accounts: vec![format!("{name}.test")], ..submission(vec![Part::text(text)], Some(at)) }
}

impl Running {
    /// Alice and Bob at a host with one place.
    async fn narrow() -> Self {
        let running = Self::with(Settings { requests_at_once_per_host: 1, ..Settings::default() }).await;
        running.connect("bob").await;
        running
    }

    /// Two posts are never due at the same instant.
    async fn submit_of(&self, name: &str, text: &str, at: &str) -> PostId {
        let post = self.hand_in(of(name, text, at)).await;
        self.time.advance(SignedDuration::from_millis(1));
        post
    }

    async fn last_fault(&self, post: &PostId) -> Fault {
        match self.delivery(post).await.state {
            State::Failed { fault } | State::Ready { waiting: Some(Waiting::Retry { fault }), .. } => fault,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_was_armed_ahead_waits_two_seconds_for_a_place_and_then_before_it_is_armed() {
    let mut running = Running::narrow().await;
    running.start();
    running.submit_of("alice", "quick", "now").await;
    running.pass(MINUTE).await;
    running.platform.order_send_for(ALICE, SendOrder::Hold);
    running.submit_of("alice", "slow", "in 59s").await;
    let ahead = running.submit_of("bob", "ahead", "in 60s").await;
    running.pass(SECOND * 61).await;
    assert_eq!((running.platform.held(), running.state(&ahead).await), (1, StateName::Publishing));
    running.pass(SECOND).await;
    let told = running.last_fault(&ahead).await;
    assert_eq!(told.code, "host_busy");
    let armed = running.platform.calls().arm;
    // The host publishes no longer at once, so whoever is late queues while it can still be held and canceled.
    running.pass(MINUTE * 5).await;
    assert_eq!((running.platform.calls().arm, running.state(&ahead).await), (armed, StateName::Ready));
    assert_eq!(running.last_fault(&ahead).await, told, "nothing happened to it");
    assert_eq!(running.platform.release(), Some(Arrival::Landed));
    running.pass(MINUTE).await;
    assert_eq!(running.platform.landed_texts(BOB), ["ahead"]);
    assert_eq!((running.platform.calls().arm, running.platform.sent().len()), (armed + 1, 3));
    running.end().await;
}

#[tokio::test]
async fn a_host_is_quick_by_what_it_published_and_not_by_what_it_refused() {
    let half_an_hour = |running: &Running| running.time.now() + SignedDuration::from_mins(30);
    for (refusal, stands) in
        [(None, StateName::Publishing), (Some(false), StateName::Ready), (Some(true), StateName::Ready)]
    {
        let mut running = Running::narrow().await;
        match refusal {
            Some(true) => running.platform.order_send(SendOrder::Answer(Outcome::Rejected(unreachable()))),
            Some(false) => {
                let at = Some(half_an_hour(&running));
                running.platform.order_send(SendOrder::Answer(Outcome::RetryAt { at, fault: unreachable() }));
            }
            None => {}
        }
        running.start();
        running.submit_of("bob", "first", "now").await;
        running.pass(SECOND).await;
        running.platform.order_send_for(ALICE, SendOrder::Hold);
        running.submit_of("alice", "slow", "now").await;
        running.pass(SECOND).await;
        assert_eq!((running.platform.sent().len(), running.platform.held()), (2, 1), "{refusal:?}");
        let late = running.submit_of("bob", "late", "now").await;
        running.pass(SECOND).await;
        assert_eq!(running.state(&late).await, stands, "{refusal:?}");
        running.platform.release();
        running.pass(MINUTE).await;
        assert_eq!(running.state(&late).await, StateName::Published, "{refusal:?}");
        running.end().await;
    }
}

/// What of Alice keeps the only place that there is for it.
#[derive(Clone, Copy)]
enum Crowd {
    Sending,
    Arming,
}

/// Bob's post is due after a minute, fails once, and wakes in the fifth minute, while Alice has the only place until the
/// eighth is over. What has become of it a moment later.
async fn failed_once_and_queued(
    fails: impl FnOnce(&FakeConnector, Obstacle),
    crowd: Crowd,
    retry_for: &str,
) -> (Running, PostId) {
    let mut running = Running::narrow().await;
    let at = Some(running.time.now() + MINUTE * 4);
    fails(&running.platform, Obstacle::Retry { at, fault: unreachable() });
    match crowd {
        Crowd::Sending => running.platform.order_send_for(ALICE, SendOrder::Hold),
        Crowd::Arming => running.platform.order_slow_arm(MINUTE * 5 + SECOND * 2),
    }
    let policy = GivenPolicy { retry_for: Some(retry_for.to_owned()), ..GivenPolicy::default() };
    let post = running.hand_in(Submission { policy, ..of("bob", "failed once", "in 1m") }).await;
    running.submit_of("alice", "slow", "in 3m").await;
    running.start();
    running.pass(MINUTE * 2).await;
    let story = running.intake.story(&running.delivery(&post).await.id).await.unwrap();
    assert!(serde_json::to_string(&story.last().unwrap().event).unwrap().contains("host_unreachable"), "{story:?}");
    running.pass(MINUTE * 6).await;
    assert_eq!(running.state(&post).await, StateName::Ready, "it waits for its turn");
    if matches!(crowd, Crowd::Sending) {
        assert_eq!((running.platform.held(), running.platform.release()), (1, Some(Arrival::Landed)));
    }
    running.pass(SECOND * 2).await;
    (running, post)
}

/// It is never asked for a fence again, and nothing of it leaves.
async fn is_tried_no_longer(fails: impl Fn(&FakeConnector, Obstacle), crowd: Crowd) {
    let (running, post) = failed_once_and_queued(&fails, crowd, "6m").await;
    let fault = running.last_fault(&post).await;
    assert_eq!((fault.code.as_str(), fault.given.as_deref()), ("ended_by_policy", Some("host_unreachable")));
    assert_eq!(running.state(&post).await, StateName::Failed);
    assert_eq!((running.platform.sent().len(), running.platform.calls().head), (1, 1), "of the other account");
    running.end().await;

    let (running, post) = failed_once_and_queued(&fails, crowd, "8m").await;
    assert_eq!(running.state(&post).await, StateName::Published, "its tries were not over yet");
    running.end().await;
}

#[tokio::test]
async fn what_failed_when_it_was_armed_is_tried_no_longer_when_its_turn_comes_too_late() {
    is_tried_no_longer(FakeConnector::order_arm, Crowd::Sending).await;
}

#[tokio::test]
async fn what_failed_while_it_was_prepared_is_tried_no_longer_when_its_turn_comes_too_late() {
    is_tried_no_longer(FakeConnector::order_prepare, Crowd::Sending).await;
}

#[tokio::test]
async fn what_failed_is_tried_no_longer_when_it_can_be_armed_too_late() {
    is_tried_no_longer(FakeConnector::order_arm, Crowd::Arming).await;
}
