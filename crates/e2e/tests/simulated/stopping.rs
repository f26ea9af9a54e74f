//! Canceling, moving, holding and losing an account, against an engine that wants to publish.

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use skein_domain::{Outcome, StateName};
use skein_intake::IntakeError;
use skein_testkit::{SendOrder, samples};

use crate::{HOUR_MS, World};

#[tokio::test]
async fn a_canceled_post_is_never_sent() {
    let world = World::new(21);
    world.account("alice").await;
    let early = world.submit("early", "alice", "in 1m").await;
    let ready = world.submit("ready", "alice", "in 1m").await;
    world.intake.cancel(&world.found(&early).await).await.unwrap();
    world.clock.advance(SignedDuration::from_secs(45));
    world.pass(&world.engine).await;
    assert_eq!(world.state(&ready).await, StateName::Ready);
    world.intake.cancel(&world.found(&ready).await).await.unwrap();
    world.run_for(HOUR_MS).await;
    assert_eq!(world.platform.calls().send, 0);
    assert_eq!(world.state(&ready).await, StateName::Canceled);
}

#[tokio::test]
async fn from_arming_on_a_cancel_is_refused_and_says_why() {
    let world = World::new(22);
    world.account("alice").await;
    let post = world.submit("hello", "alice", "in 1m").await;
    world.clock.advance(SignedDuration::from_millis(59_000));
    let pass = world.engine.run_due();
    tokio::pin!(pass);
    // The engine arms and then sleeps until the instant; a second sleeper keeps the lease.
    tokio::select! {
        biased;
        _ = &mut pass => panic!("it has nothing to wait for"),
        () = world.clock.wait_for_sleepers(2) => {}
    }
    assert_eq!(world.state(&post).await, StateName::Publishing);
    let Err(IntakeError::Conflict(fault)) = world.intake.cancel(&world.found(&post).await).await else {
        panic!("a cancel was let through")
    };
    assert_eq!(fault.code, "state_conflict");
    assert!(fault.message.contains("publishing"), "{fault}");
    world.drive(pass).await.unwrap();
    assert_eq!(world.state(&post).await, StateName::Published);
}

#[tokio::test]
async fn a_moved_post_goes_out_at_its_new_instant_only() {
    let world = World::new(23);
    world.account("alice").await;
    let post = world.submit("hello", "alice", "in 1m").await;
    world.clock.advance(SignedDuration::from_secs(45));
    world.pass(&world.engine).await;
    world.intake.move_to(&world.found(&post).await, "in 3h", None, &TimeZone::UTC).await.unwrap();
    let due = world.delivery(&post).await.due;
    world.run_for(2 * HOUR_MS).await;
    assert_eq!(world.platform.calls().send, 0);
    world.run_for(2 * HOUR_MS).await;
    assert_eq!(world.platform.sent()[0].at, due);
    assert_eq!(world.platform.landings().len(), 1);
}

#[tokio::test]
async fn a_held_account_sends_nothing_until_it_is_released_and_misses_what_is_past_its_grace() {
    let world = World::new(24);
    let alice = world.account("alice").await;
    world.account("bob").await;
    let soon = world.submit("soon", "alice", "in 1m").await;
    let later = world.submit("later", "alice", "in 90m").await;
    let other = world.submit("other", "bob", "in 1m").await;
    assert_eq!(world.intake.hold(Some(&alice.id)).await.unwrap(), 2);
    let new = world.submit("new", "alice", "in 2m").await;
    let moved = world.submit("moved", "alice", "in 3m").await;
    world.pass(&world.engine).await;
    world.intake.hold(Some(&alice.id)).await.unwrap();
    world.intake.move_to(&world.found(&moved).await, "in 2h", None, &TimeZone::UTC).await.unwrap();
    assert_eq!(world.state(&moved).await, StateName::Blocked, "a held post can be moved, and stays held");
    world.run_for(80 * 60_000).await;
    assert_eq!(world.platform.landed_texts("did:plc:alice"), [""; 0]);
    assert_eq!(world.state(&other).await, StateName::Published);
    assert_eq!(world.state(&soon).await, StateName::Missed);
    assert_eq!(world.state(&new).await, StateName::Missed);
    assert_eq!(world.intake.release(None).await.unwrap(), 2);
    world.run_for(HOUR_MS).await;
    assert_eq!(world.state(&later).await, StateName::Published);
    assert_eq!(world.state(&moved).await, StateName::Published);
}

#[tokio::test]
async fn a_lost_account_stops_its_own_posts_only_and_the_next_login_lets_them_go() {
    let world = World::new(25);
    world.account("alice").await;
    world.account("bob").await;
    let lost = SendOrder::Answer(Outcome::AuthLost(samples::fault("needs_login")));
    world.platform.order_send_for("did:plc:alice", lost);
    let first = world.submit("first", "alice", "now").await;
    let second = world.submit("second", "alice", "in 1m").await;
    let other = world.submit("other", "bob", "in 1m").await;
    world.run_for(5 * 60_000).await;
    assert_eq!(world.state(&first).await, StateName::Blocked);
    assert_eq!(world.state(&second).await, StateName::Blocked);
    assert_eq!(world.state(&other).await, StateName::Published);
    assert_eq!(world.platform.calls().send, 2, "a lost account is not tried again");
    world.account("alice").await;
    world.run_for(60_000).await;
    assert_eq!(world.platform.landed_texts("did:plc:alice"), ["first", "second"]);
}

#[tokio::test]
async fn a_refused_submission_tells_every_fault_and_keeps_nothing() {
    let world = World::new(26);
    world.account("alice").await;
    let refused = world.try_submit("fine||", "nobody", "yesterday 9am").await.unwrap_err();
    let codes: Vec<_> = refused.faults().iter().map(|fault| fault.code.clone()).collect();
    assert_eq!(codes, ["time_unreadable", "account_unknown", "empty_text", "empty_text"], "{refused}");
    assert!(world.intake.list(Vec::new(), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_login_while_held_counts_when_the_hold_ends() {
    let world = World::new(27);
    let alice = world.account("alice").await;
    world.platform.order_send(SendOrder::Answer(Outcome::AuthLost(samples::fault("needs_login"))));
    let post = world.submit("hello", "alice", "now").await;
    world.run_for(1_000).await;
    world.intake.hold(Some(&alice.id)).await.unwrap();
    world.account("alice").await;
    world.run_for(1_000).await;
    assert_eq!(world.state(&post).await, StateName::Blocked);
    world.intake.release(Some(&alice.id)).await.unwrap();
    world.run_for(60_000).await;
    assert_eq!(world.state(&post).await, StateName::Published);
}

#[tokio::test]
async fn what_belongs_to_a_removed_account_stops_nobody_else() {
    let world = World::new(28);
    let alice = world.account("alice").await;
    world.platform.order_send(SendOrder::Answer(Outcome::Rejected(samples::fault("platform_refused"))));
    let old = world.submit("old", "alice", "now").await;
    world.run_for(1_000).await;
    let found = world.found(&old).await;
    world.intake.remove_account(&alice.id).await.unwrap();
    world.account("alice").await;
    assert!(world.intake.retry(&found).await.is_err(), "its account is gone");
    let new = world.submit("new", "alice", "now").await;
    world.run_for(60_000).await;
    assert_eq!(world.state(&new).await, StateName::Published);
}
