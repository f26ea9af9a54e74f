//! A ledger in trouble is asked again, and not all the time; nothing is lost over it and nothing leaves twice.

use std::ops::RangeInclusive;

use jiff::SignedDuration;
use skein_domain::StateName;

use super::Running;
use super::troubled_ledger::Trouble;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// In a minute, of one look a second.
const ONCE_A_SECOND: RangeInclusive<usize> = 55..=65;
/// In a minute, of any method: a look that finds a lane is followed by one when the lane is done, and some are asked once more.
const CALLS_AT_MOST: usize = 190;

/// A minute of this trouble while a post is due, and what the ledger was asked meanwhile. Then it heals, and the post goes out.
async fn a_minute_of(trouble: Trouble, methods: &[&'static str], asked: &str, within: RangeInclusive<usize>) {
    let mut running = Running::new().await;
    let post = running.submit("hello", "now").await;
    running.ledger.order(trouble, methods);
    running.start();
    running.pass(MINUTE).await;
    let calls = running.ledger.calls();
    assert!(within.contains(&running.ledger.calls_of(asked)), "{methods:?}: {calls:?}");
    for (method, times) in &calls {
        assert!(*times <= CALLS_AT_MOST, "{methods:?}: {method} was asked {times} times in a minute");
    }
    running.ledger.heal();
    running.pass(MINUTE).await;
    assert_eq!(running.state(&post).await, StateName::Published, "{methods:?}");
    assert_eq!(running.landed(), ["hello"], "{methods:?}");
    running.end().await;
}

#[tokio::test]
async fn a_ledger_that_cannot_be_claimed_from_is_asked_once_a_second() {
    a_minute_of(Trouble::Fails, &["claim_due"], "claim_due", ONCE_A_SECOND).await;
}

#[tokio::test]
async fn a_ledger_that_fails_at_everything_is_asked_once_a_second() {
    let all = ["claim_due", "next_wake", "beat", "due_run", "save", "account", "renew", "release"];
    a_minute_of(Trouble::Fails, &all, "claim_due", ONCE_A_SECOND).await;
}

#[tokio::test]
async fn a_wake_up_that_cannot_be_read_is_asked_for_once_a_second() {
    let mut running = Running::new().await;
    let post = running.submit("hello", "in 30s").await;
    running.ledger.order(Trouble::Fails, &["next_wake"]);
    running.start();
    running.pass(MINUTE).await;
    let calls = running.ledger.calls();
    assert!(ONCE_A_SECOND.contains(&running.ledger.calls_of("next_wake")), "{calls:?}");
    assert_eq!(running.state(&post).await, StateName::Published, "the look of each second finds what is due");
    running.end().await;
}

#[tokio::test]
async fn a_lane_that_fails_at_once_is_taken_up_again_once_a_second() {
    for method in ["due_run", "account", "save"] {
        a_minute_of(Trouble::Fails, &[method], method, ONCE_A_SECOND).await;
    }
}

#[tokio::test]
async fn a_lane_that_fails_and_whose_lease_cannot_be_shortened_waits_for_its_end() {
    let mut running = Running::new().await;
    running.submit("hello", "now").await;
    running.ledger.order(Trouble::Fails, &["due_run", "renew"]);
    running.start();
    running.pass(MINUTE).await;
    assert!((4..=5).contains(&running.ledger.calls_of("due_run")), "{:?}", running.ledger.calls());
    running.end().await;
}

#[tokio::test]
async fn a_lane_whose_task_breaks_is_taken_up_again_when_its_lease_ends() {
    a_minute_of(Trouble::Breaks, &["due_run"], "due_run", 4..=5).await;
}

#[tokio::test]
async fn one_pass_over_a_lane_that_fails_ends_and_says_so() {
    for methods in [&["due_run"][..], &["save"], &["release"], &["due_run", "renew"], &["claim"]] {
        let running = Running::new().await;
        let post = running.submit("hello", "now").await;
        running.ledger.order(Trouble::Fails, methods);
        let passed = running.engine.run_due().await;
        assert!(passed.is_err(), "{methods:?}");
        assert!(running.ledger.calls_in_all() < 100, "{methods:?}: {:?}", running.ledger.calls());
        running.ledger.heal();
        running.time.advance(MINUTE);
        running.engine.run_due().await.unwrap();
        assert_eq!(running.state(&post).await, StateName::Published, "{methods:?}");
    }
}
