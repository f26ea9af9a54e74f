//! A post that waits for its platform's limit is not overtaken by later ones of its account.

use jiff::{SignedDuration, Timestamp};
use skein_domain::outcome::Obstacle;
use skein_domain::{Category, Fault, Outcome, StateName};
use skein_testkit::SendOrder;
use skein_testkit::fake_connector::Arrival;

use crate::{HOUR_MS, World};

const ALICE: &str = "did:plc:alice";

fn limited(until: Timestamp) -> Fault {
    Fault::new("rate_limited", Category::RateLimit, "The budget is spent.").retry_at(until)
}

/// A post that waits ten minutes beyond its instant, and one that is due meanwhile.
async fn two() -> (World, Timestamp) {
    let world = World::new(7);
    world.account("alice").await;
    world.account("bob").await;
    let until = world.now() + SignedDuration::from_mins(20);
    world.platform.order_arm(Obstacle::Retry { at: Some(until), fault: limited(until) });
    (world, until)
}

#[tokio::test]
async fn later_posts_wait_behind_it_and_all_go_out_in_order() {
    let (world, until) = two().await;
    world.submit("first", "alice", "in 10m").await;
    let second = world.submit("second", "alice", "in 12m").await;
    world.submit("third", "alice", "in 14m").await;
    world.submit("of bob", "bob", "in 12m").await;
    world.run_for(15 * 60_000).await;
    assert_eq!(world.platform.landed_texts(ALICE), [""; 0]);
    assert_eq!(world.platform.landed_texts("did:plc:bob"), ["of bob"], "who has a budget of his own");
    let waiting = world.delivery(&second).await;
    assert_eq!(waiting.state.name(), StateName::Ready);
    assert!(waiting.state.wake_at().is_some_and(|wake_at| wake_at <= until + SignedDuration::from_secs(1)));
    let story = serde_json::to_string(&waiting.state).unwrap();
    assert!(story.contains("waits_its_turn"), "{story}");
    world.run_for(HOUR_MS).await;
    assert_eq!(world.platform.landed_texts(ALICE), ["first", "second", "third"]);
    let sent = world.platform.sent();
    assert!(sent.iter().filter(|request| request.identity == ALICE).all(|request| request.at >= until));
}

#[tokio::test]
async fn a_refusal_by_the_platform_keeps_the_order_as_well() {
    let world = World::new(8);
    world.account("alice").await;
    let until = world.now() + SignedDuration::from_mins(20);
    world.platform.order_send(SendOrder::Answer(Outcome::RetryAt { at: Some(until), fault: limited(until) }));
    world.submit("first", "alice", "in 10m").await;
    world.submit("second", "alice", "in 12m").await;
    world.run_for(HOUR_MS).await;
    assert_eq!(world.platform.landed_texts(ALICE), ["first", "second"]);
}

#[tokio::test]
async fn what_waits_goes_on_when_the_one_before_it_is_canceled() {
    let (world, until) = two().await;
    let first = world.submit("first", "alice", "in 10m").await;
    world.submit("second", "alice", "in 12m").await;
    world.run_for(13 * 60_000).await;
    world.intake.cancel(&world.found(&first).await).await.unwrap();
    world.run_for(2 * 60_000).await;
    assert_eq!(world.platform.landed_texts(ALICE), ["second"]);
    assert!(world.now() < until);
}

#[tokio::test]
async fn trouble_that_is_no_limit_holds_nobody_back() {
    let world = World::new(9);
    world.account("alice").await;
    let until = world.now() + SignedDuration::from_mins(20);
    let fault = Fault::new("host_unreachable", Category::PlatformError, "It is down.");
    world.platform.order_arm(Obstacle::Retry { at: Some(until), fault });
    world.submit("first", "alice", "in 10m").await;
    world.submit("second", "alice", "in 12m").await;
    world.run_for(15 * 60_000).await;
    assert_eq!(world.platform.landed_texts(ALICE), ["second"]);
}

#[tokio::test]
async fn a_limit_that_ends_after_the_grace_makes_a_burst_late_and_loses_none_of_it() {
    let world = World::new(10);
    world.account("alice").await;
    // A window of an hour that began with the burst itself ends a moment after the grace of an hour.
    let until = world.now() + SignedDuration::from_mins(65) + SignedDuration::from_secs(1);
    world.platform.order_arm(Obstacle::Retry { at: Some(until), fault: limited(until) });
    let first = world.submit("first", "alice", "in 5m").await;
    let second = world.submit("second", "alice", "in 5m").await;
    world.run_for(64 * 60_000).await;
    assert_eq!(world.platform.landed_texts(ALICE), [""; 0]);
    world.run_for(10 * 60_000).await;
    assert_eq!(world.platform.landed_texts(ALICE), ["first", "second"]);
    for post in [first, second] {
        assert_eq!(world.state(&post).await, StateName::Published);
    }
}

#[tokio::test]
async fn what_cannot_leave_in_time_holds_nobody_back_and_is_missed_at_the_end_of_its_grace() {
    let world = World::new(11);
    world.account("alice").await;
    let until = world.now() + SignedDuration::from_hours(12);
    world.platform.order_arm(Obstacle::Retry { at: Some(until), fault: limited(until) });
    let first = world.submit("a long thread", "alice", "in 5m").await;
    let second = world.submit("short", "alice", "in 10m").await;
    let due = world.delivery(&second).await.due;
    world.run_for(20 * 60_000).await;
    assert_eq!(world.platform.landed_texts(ALICE), ["short"]);
    assert_eq!(world.platform.sent()[0].at, due, "on time");
    world.run_for(HOUR_MS).await;
    assert_eq!(world.state(&first).await, StateName::Missed);
}

#[tokio::test]
async fn a_limit_on_the_next_request_does_not_stop_the_looks_for_the_first() {
    let world = World::new(12);
    world.account("alice").await;
    world.platform.order_send(SendOrder::ReplyLostWhileHeld);
    let post = world.submit("hello", "alice", "now").await;
    while world.platform.calls().send < 1 {
        world.run_for(20).await;
    }
    let until = world.now() + SignedDuration::from_mins(55);
    world.platform.order_arm(Obstacle::Retry { at: Some(until), fault: limited(until) });
    while world.platform.calls().arm < 2 {
        world.run_for(20).await;
    }
    assert_eq!(world.platform.release(), Some(Arrival::Landed));
    world.run_for(60_000).await;
    assert_eq!(world.state(&post).await, StateName::Published);
    assert_eq!(world.platform.landings().len(), 1);
}

#[tokio::test]
async fn after_an_outage_what_is_ready_already_does_not_overtake_what_was_due_before_it() {
    let world = World::new(13);
    world.account("alice").await;
    let ready = world.submit("second", "alice", "in 50s").await;
    // Words are prepared half a minute ahead.
    world.run_for(25_000).await;
    assert_eq!(world.state(&ready).await, StateName::Ready);
    world.submit("first", "alice", "in 10s").await;
    world.clock.advance(SignedDuration::from_mins(5));
    world.run_for(60_000).await;
    assert_eq!(world.platform.landed_texts(ALICE), ["first", "second"]);
}

#[tokio::test]
async fn what_the_platform_answered_last_tells_how_it_stands() {
    let world = World::new(9);
    world.account("alice").await;
    for text in ["first", "second", "third"] {
        world.submit(text, "alice", "in 10m").await;
    }
    world.submit("later", "alice", "in 14m").await;
    world.run_for(15 * 60_000).await;
    assert_eq!(world.platform.landed_texts(ALICE), ["first", "second", "third", "later"]);
    assert_eq!(world.platform.calls().head, 2, "once for three in a row, and once minutes later");
}

#[tokio::test]
async fn a_write_from_elsewhere_between_two_posts_is_found_and_both_go_out() {
    let world = World::new(10);
    world.account("alice").await;
    world.platform.order_send(SendOrder::Arrive);
    world.platform.order_send(SendOrder::Hold);
    world.submit("first", "alice", "now").await;
    let second = world.submit("second", "alice", "now").await;
    let run = world.engine.run_due();
    tokio::pin!(run);
    tokio::select! {
        biased;
        _ = &mut run => panic!("the second request is held"),
        () = world.platform.wait_for_held(1) => {}
    }
    assert_eq!(world.platform.calls().head, 1);
    world.platform.foreign_write(ALICE);
    assert_eq!(world.platform.release(), Some(Arrival::FenceMoved));
    world.drive(run).await.unwrap();
    world.run_for(60_000).await;
    assert_eq!(world.state(&second).await, StateName::Published);
    assert_eq!(world.platform.landed_texts(ALICE), ["first", "second"]);
    assert_eq!(world.platform.calls().head, 2, "after a refusal the platform is asked");
}
