//! A wall clock that is wrong, or is set while the engine runs.

use jiff::{SignedDuration, Timestamp};
use skein_domain::StateName;
use skein_domain::ports::Clock;
use skein_testkit::SendOrder;

use super::Running;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Of one method, in a minute without work.
const LOOKS_AT_MOST: usize = 70;

fn assert_calm(running: &Running) {
    for (method, times) in running.ledger.calls() {
        assert!(times <= LOOKS_AT_MOST, "{method} was asked {times} times in a minute");
    }
}

#[tokio::test]
async fn a_clock_that_is_not_set_yet_is_waited_for_in_peace() {
    let mut running = Running::new().await;
    let post = running.submit("hello", "in 10m").await;
    let due = running.delivery(&post).await.due;
    running.wall.shows(Timestamp::UNIX_EPOCH);
    running.start();
    for _ in 0..5 {
        running.pass(MINUTE).await;
        assert_calm(&running);
    }
    assert_eq!(running.landed(), [""; 0]);
    running.wall.is_ahead_by(SignedDuration::ZERO);
    running.pass(MINUTE * 5).await;
    assert_eq!((running.landed(), running.sent_at()), (vec!["hello".to_owned()], vec![due]));
    running.end().await;
}

#[tokio::test]
async fn a_clock_that_is_set_past_an_instant_lets_go_at_once() {
    let mut running = Running::new().await;
    running.submit("hello", "in 1m").await;
    running.wall.shows(Timestamp::UNIX_EPOCH);
    running.start();
    running.pass(MINUTE * 2).await;
    running.wall.is_ahead_by(SignedDuration::ZERO);
    let set_at = running.time.now();
    running.pass(MINUTE).await;
    let late = running.sent_at()[0].duration_since(set_at);
    assert!(late <= SignedDuration::from_secs(1), "it left {late} after the clock was set");
    running.end().await;
}

#[tokio::test]
async fn a_clock_that_is_turned_back_is_followed() {
    let mut running = Running::new().await;
    running.start();
    running.pass(MINUTE).await;
    running.wall.is_ahead_by(-HOUR);
    let post = running.submit("hello", "in 40s").await;
    let due = running.delivery(&post).await.due;
    running.pass(MINUTE).await;
    assert_calm(&running);
    assert_eq!((running.landed(), running.sent_at()), (vec!["hello".to_owned()], vec![due]));
    running.end().await;
}

#[tokio::test]
async fn signs_of_life_go_on_when_the_clock_is_turned_back() {
    let mut running = Running::new().await;
    running.start();
    running.pass(MINUTE).await;
    running.wall.is_ahead_by(-HOUR);
    running.pass(MINUTE).await;
    let calls = running.ledger.calls_of("beat");
    assert!((50..=LOOKS_AT_MOST).contains(&calls), "{calls} signs of life in a minute");
    running.wall.is_ahead_by(SignedDuration::ZERO);
    running.pass(SignedDuration::from_secs(2)).await;
    assert!(running.intake.engine_is_alive().await.unwrap());
    running.end().await;
}

#[tokio::test]
async fn a_clock_that_is_turned_back_again_and_again_costs_nothing() {
    let mut running = Running::new().await;
    running.submit("hello", "in 3h").await;
    running.start();
    for back_s in 1..=60 {
        running.wall.is_ahead_by(SignedDuration::from_secs(-7 * back_s));
        running.pass(SignedDuration::from_secs(1)).await;
        let calls = running.ledger.calls();
        assert!(calls.values().all(|times| *times <= 4), "after {back_s} s: {calls:?}");
    }
    running.end().await;
}

#[tokio::test]
async fn a_lease_is_kept_although_the_clock_is_turned_back() {
    let mut running = Running::new().await;
    running.platform.order_send(SendOrder::Hold);
    let post = running.submit("hello", "now").await;
    running.start();
    running.pass(SignedDuration::from_secs(2)).await;
    assert_eq!(running.state(&post).await, StateName::Publishing);
    running.wall.is_ahead_by(-HOUR);
    running.pass(MINUTE).await;
    let renewals = running.ledger.calls_of("renew");
    assert!((11..=13).contains(&renewals), "{renewals} renewals in a minute");
    running.platform.release();
    running.pass(MINUTE).await;
    assert_eq!(running.state(&post).await, StateName::Published);
    running.end().await;
}
