//! What is said of being late and of failing: by a post, by its workspace, by nobody.

use jiff::{SignedDuration, Timestamp};
use skein_domain::outcome::Obstacle;
use skein_domain::{Category, Fault, GivenPolicy, Outcome, Part, PostId, ShownPolicy, State, StateName, story};
use skein_e2e::submission::submission;
use skein_intake::{IntakeError, Submission};
use skein_testkit::SendOrder;

use crate::{HOUR_MS, World};

const ALICE: &str = "did:plc:alice";
const MINUTE_MS: i64 = 60_000;

fn policy(late: &str, on_failure: &str, retry_for: &str) -> GivenPolicy {
    let said = |words: &str| (!words.is_empty()).then(|| words.to_owned());
    GivenPolicy { late: said(late), on_failure: said(on_failure), retry_for: said(retry_for) }
}

fn give_up() -> GivenPolicy {
    policy("", "give_up", "")
}

fn submission_under(text: &str, at: &str, policy: GivenPolicy) -> Submission {
    Submission { policy, ..submission(vec![Part::text(text)], Some(at)) }
}

fn unreachable() -> Fault {
    Fault::new("host_unreachable", Category::PlatformError, "The server cannot be reached.")
}

fn away() -> Obstacle {
    Obstacle::Retry { at: None, fault: unreachable() }
}

fn limited(until: Timestamp) -> Fault {
    Fault::new("rate_limited", Category::RateLimit, "The budget is spent.").retry_at(until)
}

impl World {
    async fn with_alice(seed: u64) -> Self {
        let world = Self::new(seed);
        world.account("alice").await;
        world
    }

    async fn submit_under(&self, text: &str, at: &str, policy: GivenPolicy) -> PostId {
        let submitted = self.intake.submit(submission_under(text, at, policy), self.originals.as_ref()).await;
        self.clock.advance(SignedDuration::from_millis(1));
        submitted.unwrap().post.id
    }

    async fn fault(&self, post: &PostId) -> Fault {
        match self.delivery(post).await.state {
            State::Failed { fault } => fault,
            other => panic!("{other:?}"),
        }
    }

    async fn words_of(&self, post: &PostId) -> String {
        let lines = self.intake.story(&self.delivery(post).await.id).await.unwrap();
        lines.iter().map(|line| story::tell(&line.event)).collect::<Vec<_>>().join("\n")
    }

    /// How long after its instant the last thing happened to a post, in milliseconds.
    async fn ended_after_ms(&self, post: &PostId) -> i64 {
        let delivery = self.delivery(post).await;
        let lines = self.intake.story(&delivery.id).await.unwrap();
        delivery.late_by_ms(lines.last().unwrap().at)
    }
}

#[tokio::test]
async fn what_a_post_leaves_unsaid_the_workspace_says_at_its_submission() {
    let world = World::with_alice(21).await;
    let before = world.submit("before", "alice", "in 1h").await;
    let set = world.intake.set_policy(&policy("2h", "", "")).await.unwrap();
    assert_eq!(ShownPolicy::from(set).late, "2h");
    world.intake.set_policy(&give_up()).await.unwrap();
    let plain = world.submit("plain", "alice", "in 1h").await;
    let own = world.submit_under("own", "in 1h", policy("30m", "", "")).await;
    let other = world.submit_under("other", "in 1h", policy("", "retry", "")).await;
    world.intake.forget_policy().await.unwrap();
    let after = world.submit("after", "alice", "in 1h").await;
    for (post, grace_min, late, on_failure) in [
        (before, 60, "1h", "retry"),
        (plain, 120, "2h", "give_up"),
        (own, 30, "30m", "give_up"),
        (other, 120, "2h", "retry"),
        (after, 60, "1h", "retry"),
    ] {
        let delivery = world.delivery(&post).await;
        let shown = ShownPolicy::from(delivery.policy);
        assert_eq!(delivery.grace_ms, grace_min * MINUTE_MS);
        assert_eq!((shown.late.as_str(), shown.on_failure), (late, on_failure));
    }
}

#[tokio::test]
async fn what_cannot_hold_is_refused_beside_every_other_fault_and_changes_nothing() {
    let world = World::with_alice(22).await;
    let mut wrong = submission_under("words", "yesterday", policy("10s", "panic", "8d"));
    wrong.accounts = vec!["nobody.test".to_owned()];
    let refused = world.intake.submit(wrong, world.originals.as_ref()).await.unwrap_err();
    let codes: Vec<String> = refused.faults().into_iter().map(|fault| fault.code).collect();
    assert_eq!(
        codes[1..],
        ["duration_out_of_bounds", "duration_out_of_bounds", "unknown_on_failure", "account_unknown"]
    );
    let refused = world.intake.set_policy(&policy("10s", "", "")).await.unwrap_err();
    assert!(matches!(refused, IntakeError::Refused(_)) && world.intake.policy().await.unwrap().is_unsaid());
}

#[tokio::test]
async fn a_policy_is_part_of_what_a_name_stands_for_only_where_it_is_given() {
    let world = World::with_alice(23).await;
    let named = |policy| Submission { name: Some("launch".to_owned()), ..submission_under("words", "in 1h", policy) };
    let submit = async |policy| world.intake.submit(named(policy), world.originals.as_ref()).await;
    let first = submit(GivenPolicy::default()).await.unwrap();
    world.intake.set_policy(&policy("2h", "", "")).await.unwrap();
    assert_eq!(
        submit(GivenPolicy::default()).await.unwrap().post.id,
        first.post.id,
        "what the workspace says is no part"
    );
    let other = submit(policy("2h", "", "")).await.unwrap_err();
    assert_eq!(other.faults()[0].code, "ref_taken");
}

#[tokio::test]
async fn who_says_how_late_a_post_may_be_means_it_also_for_a_limit() {
    let world = World::with_alice(24).await;
    let until = world.now() + SignedDuration::from_mins(30);
    world.platform.order_arm(Obstacle::Retry { at: Some(until), fault: limited(until) });
    let strict = world.submit_under("strict", "in 5m", policy("10m", "", "")).await;
    world.run_for(14 * MINUTE_MS).await;
    assert_eq!(world.state(&strict).await, StateName::Ready);
    world.run_for(HOUR_MS).await;
    assert_eq!(world.state(&strict).await, StateName::Missed);
    assert_eq!(world.ended_after_ms(&strict).await, 10 * MINUTE_MS, "told when its time is over, and no later");
    assert_eq!(world.platform.sent().len(), 0);
}

#[tokio::test]
async fn after_downtime_what_is_not_too_late_by_its_own_policy_goes_out() {
    let world = World::with_alice(25).await;
    let patient = world.submit_under("patient", "in 1m", policy("1d", "", "")).await;
    let usual = world.submit("usual", "alice", "in 2m").await;
    let hasty = world.submit_under("hasty", "in 100m", policy("5m", "", "")).await;
    world.clock.advance(SignedDuration::from_mins(110));
    world.run_for(MINUTE_MS).await;
    assert_eq!(world.platform.landed_texts(ALICE), ["patient"]);
    for (post, state) in [(patient, StateName::Published), (usual, StateName::Missed), (hasty, StateName::Missed)] {
        assert_eq!(world.state(&post).await, state);
    }
}

#[tokio::test]
async fn who_gives_up_gives_up_at_the_first_failure_wherever_it_is() {
    let world = World::with_alice(26).await;
    let mut posts = Vec::new();
    for (number, place) in ["prepare", "arm", "send", "blob gone"].into_iter().enumerate() {
        let post = world.submit_under(place, &format!("in {}m", 5 + 5 * number), give_up()).await;
        match place {
            "prepare" => world.platform.order_prepare(away()),
            "arm" => world.platform.order_arm(away()),
            "send" => {
                world.platform.order_send(SendOrder::Answer(Outcome::RetryAt { at: None, fault: unreachable() }));
            }
            _ => world.platform.order_send(SendOrder::Answer(Outcome::BlobGone(unreachable()))),
        }
        posts.push((place, post));
    }
    world.run_for(HOUR_MS).await;
    for (place, post) in &posts {
        let fault = world.fault(post).await;
        assert_eq!(
            (fault.code.as_str(), fault.given.as_deref()),
            ("ended_by_policy", Some("host_unreachable")),
            "{place}"
        );
        assert!(fault.message.contains("The server cannot be reached."), "{fault:?}");
        let told = world.words_of(post).await;
        assert!(told.contains("its policy is to give up then") && !told.contains("refused"), "{place}: {told}");
    }
    assert_eq!(world.platform.landings().len(), 0);
    assert_eq!(world.platform.sent().len(), 2, "nothing was tried twice");
    world.intake.retry(&world.found(&posts[0].1).await).await.unwrap();
    world.run_for(MINUTE_MS).await;
    assert_eq!(world.platform.landed_texts(ALICE), ["prepare"], "a person may want another try");
}

#[tokio::test]
async fn what_may_have_landed_is_settled_whatever_its_policy_says() {
    let world = World::with_alice(27).await;
    world.platform.order_send(SendOrder::ReplyLostBeforeWrite);
    // Not processed, says the second answer; it says nothing of the first request.
    world.platform.order_send(SendOrder::Answer(Outcome::RetryAt { at: None, fault: unreachable() }));
    let doubtful = world.submit_under("doubtful", "in 5m", give_up()).await;
    world.run_for(HOUR_MS).await;
    assert_eq!(world.state(&doubtful).await, StateName::Published);
    assert_eq!((world.platform.landings().len(), world.platform.sent().len()), (1, 3));
}

#[tokio::test]
async fn waiting_is_no_failure() {
    let world = World::with_alice(28).await;
    let until = world.now() + SignedDuration::from_mins(10);
    world.platform.order_arm(Obstacle::Retry { at: Some(until), fault: limited(until) });
    let limited_one = world.submit_under("limited", "in 5m", give_up()).await;
    world.run_for(15 * MINUTE_MS).await;
    assert_eq!(world.state(&limited_one).await, StateName::Published);

    let moved = Fault::new("head_moved", Category::PlatformError, "Something else was written.");
    world.platform.order_send(SendOrder::Answer(Outcome::RetryAt { at: Some(world.now()), fault: moved }));
    let overtaken = world.submit_under("overtaken", "in 5m", give_up()).await;
    world.run_for(15 * MINUTE_MS).await;
    assert_eq!(world.state(&overtaken).await, StateName::Published);
}

#[tokio::test]
async fn who_bounds_the_tries_is_told_when_they_end_though_it_would_not_be_too_late() {
    let world = World::with_alice(29).await;
    for _ in 0..2_000 {
        world.platform.order_arm(away());
    }
    let post = world.submit_under("words", "in 5m", policy("3h", "", "20m")).await;
    world.run_for(5 * MINUTE_MS + 19 * MINUTE_MS).await;
    assert_eq!(world.state(&post).await, StateName::Ready);
    assert!(world.platform.calls().arm > 5, "it was tried again and again");
    world.run_for(2 * MINUTE_MS).await;
    assert!(world.fault(&post).await.message.contains("no longer than 20m"));
    assert_eq!(world.ended_after_ms(&post).await, 20 * MINUTE_MS);
    assert_eq!(world.platform.sent().len(), 0);
}

#[tokio::test]
async fn tries_that_ended_while_nobody_worked_are_over_and_what_never_failed_goes_out() {
    let world = World::with_alice(30).await;
    world.platform.order_arm(away());
    let failed = world.submit_under("failed", "in 1m", policy("3h", "", "20m")).await;
    let fresh = world.submit_under("fresh", "in 10m", policy("3h", "", "20m")).await;
    while world.platform.calls().arm < 1 {
        world.run_for(50).await;
    }
    world.clock.advance(SignedDuration::from_mins(60));
    world.run_for(MINUTE_MS).await;
    assert_eq!(world.fault(&failed).await.code, "ended_by_policy");
    assert_eq!(world.state(&fresh).await, StateName::Published);
    assert_eq!(world.platform.landed_texts(ALICE), ["fresh"]);
}
