//! On time, in order, and never with a createdAt that lies.

use jiff::{SignedDuration, Timestamp};
use skein_domain::outcome::Obstacle;
use skein_domain::{Outcome, State, StateName};
use skein_testkit::{SendOrder, samples};

use crate::{HOUR_MS, World};

fn receipt_lateness(state: &State) -> i64 {
    match state {
        State::Published { receipt } => receipt.lateness_ms,
        other => panic!("not published: {other:?}"),
    }
}

#[tokio::test]
async fn a_post_leaves_as_one_request_at_its_instant() {
    let world = World::new(1);
    world.account("alice").await;
    let post = world.submit("hello|again", "alice", "in 1h").await;
    let due = world.delivery(&post).await.due;
    world.run_for(2 * HOUR_MS).await;
    let delivery = world.delivery(&post).await;
    assert_eq!(receipt_lateness(&delivery.state), 0);
    let sent: Vec<Timestamp> = world.platform.sent().iter().map(|request| request.at).collect();
    assert_eq!(sent, [due]);
    assert_eq!(world.platform.landed_texts("did:plc:alice"), ["hello", "again"]);
    assert_eq!(delivery.prepared.unwrap().first_created_at, due, "createdAt is the due instant");
}

#[tokio::test]
async fn posts_of_one_instant_go_out_in_order_and_never_share_a_created_at() {
    let world = World::new(2);
    world.account("alice").await;
    let mut created = Vec::new();
    let mut posts = Vec::new();
    for text in ["one", "two|two and a half", "three"] {
        posts.push(world.submit(text, "alice", "2026-12-01T09:00:00Z").await);
    }
    world.run_for(2 * HOUR_MS).await;
    for post in &posts {
        let prepared = world.delivery(post).await.prepared.unwrap();
        created.push(prepared.first_created_at.as_millisecond() - world.delivery(post).await.due.as_millisecond());
    }
    assert_eq!(created, [0, 1, 3]);
    assert_eq!(world.platform.landed_texts("did:plc:alice"), ["one", "two", "two and a half", "three"]);
}

#[tokio::test]
async fn a_post_that_is_late_gets_the_present_as_its_created_at() {
    let world = World::new(3);
    world.account("alice").await;
    let prompt = world.submit("prompt", "alice", "in 1m").await;
    let late = world.submit("late", "alice", "in 1m").await;
    world.clock.advance(SignedDuration::from_secs(110));
    world.run_for(1_000).await;
    let created = world.delivery(&prompt).await.prepared.unwrap().first_created_at;
    assert_eq!(created, world.delivery(&prompt).await.due, "less than a minute late keeps its instant");
    assert_eq!(world.state(&late).await, StateName::Published);

    let very_late = world.submit("very late", "alice", "in 1m").await;
    world.clock.advance(SignedDuration::from_mins(10));
    let now = world.now();
    world.run_for(1_000).await;
    let prepared = world.delivery(&very_late).await.prepared.unwrap();
    assert!(prepared.first_created_at >= now, "{} before {now}", prepared.first_created_at);
}

#[tokio::test]
async fn bytes_that_were_frozen_in_time_and_leave_late_are_made_anew() {
    let world = World::new(4);
    world.account("alice").await;
    let post = world.submit("hello", "alice", "in 1m").await;
    world.clock.advance(SignedDuration::from_secs(40));
    world.pass(&world.engine).await;
    assert_eq!(world.state(&post).await, StateName::Ready);
    let frozen = world.delivery(&post).await.prepared.unwrap();
    world.clock.advance(SignedDuration::from_mins(5));
    let now = world.now();
    world.run_for(1_000).await;
    let sent = world.delivery(&post).await.prepared.unwrap();
    assert!(frozen.first_created_at < now && sent.first_created_at >= now);
    assert_eq!(world.platform.landed_texts("did:plc:alice"), ["hello"]);
}

#[tokio::test]
async fn past_its_grace_a_post_is_missed_and_a_person_can_try_again() {
    let world = World::new(5);
    world.account("alice").await;
    let post = world.submit("hello", "alice", "in 1m").await;
    world.clock.advance(SignedDuration::from_hours(2));
    world.run_for(1_000).await;
    assert_eq!(world.state(&post).await, StateName::Missed);
    assert_eq!(world.platform.calls().send, 0);
    world.intake.retry(&world.found(&post).await).await.unwrap();
    world.run_for(60_000).await;
    assert_eq!(receipt_lateness(&world.delivery(&post).await.state), 0, "the retry is its new instant");
}

#[tokio::test]
async fn what_was_not_processed_is_sent_again_when_the_platform_says() {
    let world = World::new(6);
    world.account("alice").await;
    let at = world.now() + SignedDuration::from_mins(20);
    let fault = samples::fault("rate_limited");
    world.platform.order_send(SendOrder::Answer(Outcome::RetryAt { at: Some(at), fault }));
    let post = world.submit("hello", "alice", "now").await;
    world.run_for(1_000).await;
    assert_eq!(world.delivery(&post).await.state.wake_at(), Some(at));
    world.run_for(HOUR_MS).await;
    assert_eq!(world.state(&post).await, StateName::Published);
    assert_eq!(world.platform.sent()[1].at, at);
}

#[tokio::test]
async fn attempts_are_bounded() {
    let world = World::new(7);
    world.account("alice").await;
    for _ in 0..40 {
        world.platform.order_send(SendOrder::Answer(Outcome::RetryAt {
            at: Some(world.now()),
            fault: samples::fault("head_moved"),
        }));
    }
    let post = world.submit("hello", "alice", "now").await;
    world.run_for(2 * HOUR_MS).await;
    assert!(matches!(world.delivery(&post).await.state, State::Failed { fault } if fault.code == "attempts_spent"));
    assert_eq!(world.platform.calls().send, 20);
    world.intake.retry(&world.found(&post).await).await.unwrap();
    world.run_for(2 * HOUR_MS).await;
    assert_eq!(world.platform.calls().send, 40, "a person who tries again gets as many attempts again");
}

#[tokio::test]
async fn a_process_that_was_stopped_beyond_the_grace_sends_nothing_when_it_goes_on() {
    let world = World::new(10);
    world.account("alice").await;
    let post = world.submit("hello", "alice", "in 1m").await;
    world.clock.advance(SignedDuration::from_millis(59_500));
    let pass = world.engine.run_due();
    tokio::pin!(pass);
    tokio::select! {
        biased;
        _ = &mut pass => panic!("it waits for the instant"),
        () = world.clock.wait_for_sleepers(2) => {}
    }
    assert_eq!(world.state(&post).await, StateName::Publishing);
    world.clock.advance(SignedDuration::from_hours(9));
    world.drive(pass).await.unwrap();
    world.run_for(HOUR_MS).await;
    assert_eq!(world.platform.calls().send, 0);
    assert_eq!(world.state(&post).await, StateName::Missed);
}

#[tokio::test]
async fn a_process_that_was_stopped_beyond_the_grace_while_it_prepared_sends_nothing_when_it_goes_on() {
    let world = World::new(10);
    world.account("alice").await;
    let post = world.submit("hello", "alice", "in 1m").await;
    world.clock.advance(SignedDuration::from_millis(59_500));
    world.platform.order_slow_prepare(SignedDuration::from_millis(100));
    let pass = world.engine.run_due();
    tokio::pin!(pass);
    tokio::select! {
        biased;
        _ = &mut pass => panic!("it waits for the platform"),
        () = world.clock.wait_for_sleepers(2) => {}
    }
    assert_eq!(world.state(&post).await, StateName::Preparing);
    world.clock.advance(SignedDuration::from_hours(9));
    world.drive(pass).await.unwrap();
    world.run_for(HOUR_MS).await;
    assert_eq!(world.platform.calls().send, 0);
    assert_eq!(world.state(&post).await, StateName::Missed);
}

#[tokio::test]
async fn preparing_that_fails_is_tried_again_and_a_refusal_is_final() {
    let world = World::new(8);
    world.account("alice").await;
    world.platform.order_prepare(Obstacle::Retry { at: None, fault: samples::fault("host_unreachable") });
    world.platform.order_arm(Obstacle::Retry { at: None, fault: samples::fault("host_unreachable") });
    let post = world.submit("hello", "alice", "now").await;
    world.run_for(HOUR_MS / 2).await;
    assert_eq!(world.state(&post).await, StateName::Published);
    world.platform.order_prepare(Obstacle::Refused(samples::fault("reply_target_missing")));
    let gone = world.submit("hello again", "alice", "now").await;
    world.run_for(1_000).await;
    assert_eq!(world.state(&gone).await, StateName::Failed);
}

#[tokio::test]
async fn a_blob_that_is_gone_means_new_bytes_and_a_refusal_means_failed() {
    let world = World::new(9);
    world.account("alice").await;
    world.platform.order_send(SendOrder::Answer(Outcome::BlobGone(samples::fault("blob_gone"))));
    let post = world.submit("hello", "alice", "now").await;
    world.run_for(60_000).await;
    assert_eq!(world.state(&post).await, StateName::Published);
    assert_eq!(world.platform.calls().prepare, 2);
    world.platform.order_send(SendOrder::Answer(Outcome::Rejected(samples::fault("platform_refused"))));
    let refused = world.submit("no", "alice", "now").await;
    world.run_for(60_000).await;
    assert_eq!(world.state(&refused).await, StateName::Failed);
}

#[tokio::test]
async fn a_clock_that_was_wrong_for_a_moment_does_not_date_what_follows() {
    let world = World::new(11);
    world.account("alice").await;
    let right = world.now();
    world.clock.set("2030-01-01T00:00:00Z".parse().unwrap());
    world.submit("from the future", "alice", "now").await;
    world.run_for(1_000).await;
    world.clock.set(right);
    let post = world.submit("now", "alice", "now").await;
    world.run_for(60_000).await;
    let delivery = world.delivery(&post).await;
    assert_eq!(delivery.prepared.unwrap().first_created_at, delivery.due);
    assert_eq!(world.platform.landings().len(), 2);
}
