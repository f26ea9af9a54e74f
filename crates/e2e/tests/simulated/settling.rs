//! Lost answers: looked up, sent again under the same fence, or asked of a person. Never guessed.

use jiff::SignedDuration;
use skein_domain::{Event, Finding, Outcome, Settled, State, StateName};
use skein_intake::Decision;
use skein_testkit::fake_connector::Arrival;
use skein_testkit::{SendOrder, samples};

use crate::{HOUR_MS, World};

async fn settled_as(order: SendOrder, settled: Settled, attempts: u32) -> World {
    let world = World::new(11);
    world.account("alice").await;
    world.platform.order_send(order);
    let post = world.submit("hello|again", "alice", "in 1m").await;
    world.run_for(10 * 60_000).await;
    match world.delivery(&post).await.state {
        State::Published { receipt } => assert_eq!((receipt.settled, receipt.attempts), (settled, attempts)),
        other => panic!("not published: {other:?}"),
    }
    assert_eq!(world.platform.landed_texts("did:plc:alice"), ["hello", "again"]);
    world
}

#[tokio::test]
async fn an_answer_lost_after_the_write_is_looked_up() {
    settled_as(SendOrder::ReplyLostAfterWrite, Settled::LookedUp, 1).await;
}

#[tokio::test]
async fn a_request_lost_before_the_write_leaves_again_with_the_same_bytes_under_the_same_fence() {
    let world = settled_as(SendOrder::ReplyLostBeforeWrite, Settled::Answered, 2).await;
    let sent = world.platform.sent();
    assert_eq!((&sent[0].body, &sent[0].fence), (&sent[1].body, &sent[1].fence));
}

#[tokio::test]
async fn of_a_held_request_and_its_resend_only_one_lands() {
    let world = settled_as(SendOrder::ReplyLostWhileHeld, Settled::Answered, 2).await;
    assert_eq!(world.platform.release(), Some(Arrival::FenceMoved));
    assert_eq!(world.platform.landings().len(), 1);
}

#[tokio::test]
async fn a_refused_resend_says_nothing_about_the_first_request() {
    for refusal in [
        Outcome::Rejected(samples::fault("platform_refused")),
        Outcome::RetryAt { at: None, fault: samples::fault("head_moved") },
        Outcome::AuthLost(samples::fault("needs_login")),
        Outcome::BlobGone(samples::fault("blob_gone")),
    ] {
        let world = World::new(12);
        world.account("alice").await;
        world.platform.order_send(SendOrder::ReplyLostWhileHeld);
        world.platform.order_send(SendOrder::Answer(refusal));
        let post = world.submit("hello", "alice", "now").await;
        while world.platform.calls().send < 2 {
            world.run_for(50).await;
        }
        assert_eq!(world.state(&post).await, StateName::Settling);
        assert_eq!(world.platform.release(), Some(Arrival::Landed));
        world.run_for(HOUR_MS).await;
        assert_eq!(world.state(&post).await, StateName::Published);
        assert_eq!(world.platform.landings().len(), 1);
    }
}

#[tokio::test]
async fn a_later_post_of_the_same_lane_waits_and_one_of_another_lane_does_not() {
    let world = World::new(13);
    world.account("alice").await;
    world.account("bob").await;
    world.platform.order_send(SendOrder::ReplyLostWhileHeld);
    world.platform.order_inconclusive(4);
    let first = world.submit("first", "alice", "now").await;
    world.run_for(50).await;
    let second = world.submit("second", "alice", "now").await;
    let other = world.submit("other", "bob", "now").await;
    world.run_for(400).await;
    assert_eq!(world.state(&first).await, StateName::Settling);
    assert_eq!(world.state(&second).await, StateName::Ready);
    assert_eq!(world.state(&other).await, StateName::Published);
    let waits = world.intake.story(&world.delivery(&second).await.id).await.unwrap();
    assert!(waits.iter().any(|line| matches!(line.event, Event::Waits { .. })));
    world.run_for(HOUR_MS).await;
    assert_eq!(world.platform.landed_texts("did:plc:alice"), ["first", "second"]);
}

#[tokio::test]
async fn a_few_looks_that_break_hold_nothing_up_for_minutes() {
    let world = World::new(17);
    world.account("alice").await;
    world.platform.order_send(SendOrder::ReplyLostAfterWrite);
    world.platform.order_inconclusive(9);
    let first = world.submit("first", "alice", "now").await;
    let second = world.submit("second", "alice", "now").await;
    world.run_for(10_000).await;
    assert_eq!(world.state(&first).await, StateName::Published);
    assert_eq!(world.state(&second).await, StateName::Published);
    let story = world.intake.story(&world.delivery(&first).await.id).await.unwrap();
    let pauses: Vec<_> = story
        .iter()
        .filter_map(|line| match line.event {
            Event::StillUnsettled { look_at, .. } => Some(look_at.duration_since(line.at).as_millis()),
            _ => None,
        })
        .collect();
    assert_eq!(pauses.len(), 9);
    assert!(pauses.is_sorted() && pauses[8] > 5 * pauses[0], "ever more rarely: {pauses:?}");
}

#[tokio::test]
async fn a_platform_that_cannot_be_asked_for_a_day_is_a_question_to_a_person() {
    let world = World::new(14);
    world.account("alice").await;
    world.platform.order_send(SendOrder::ReplyLostAfterWrite);
    world.platform.order_inconclusive(100_000);
    let post = world.submit("hello", "alice", "now").await;
    world.run_for(23 * HOUR_MS).await;
    assert_eq!(world.state(&post).await, StateName::Settling);
    world.run_for(2 * HOUR_MS).await;
    assert!(review_code(&world.delivery(&post).await.state).is_some_and(|code| code == "settling_bound_reached"));
}

#[tokio::test]
async fn resends_are_bounded_and_not_made_after_the_grace() {
    let world = World::new(15);
    world.account("alice").await;
    for _ in 0..6 {
        world.platform.order_send(SendOrder::ReplyLostBeforeWrite);
    }
    let post = world.submit("hello", "alice", "now").await;
    world.run_for(HOUR_MS).await;
    assert_eq!(review_code(&world.delivery(&post).await.state).as_deref(), Some("resends_spent"));
    assert_eq!(world.platform.calls().send, 6);

    world.platform.order_send(SendOrder::ReplyLostBeforeWrite);
    let late = world.submit("late", "alice", "now").await;
    world.pass(&world.engine).await;
    world.clock.advance(SignedDuration::from_hours(2));
    world.run_for(1_000).await;
    assert_eq!(review_code(&world.delivery(&late).await.state).as_deref(), Some("too_late_to_resend"));
}

#[tokio::test]
async fn a_person_decides_what_nobody_can_know() {
    for (decision, state, landings) in [
        (Decision::Accept, StateName::Published, 0),
        (Decision::Resend, StateName::Published, 1),
        (Decision::GiveUp, StateName::Failed, 0),
    ] {
        let world = World::new(16);
        world.account("alice").await;
        world.platform.order_send(SendOrder::ReplyLostBeforeWrite);
        world.platform.order_witness(Finding::Unknowable(samples::fault("head_moved_unseen")));
        let post = world.submit("hello", "alice", "now").await;
        world.run_for(60_000).await;
        assert_eq!(world.state(&post).await, StateName::NeedsReview);
        let before = world.delivery(&post).await.prepared;
        world.clock.advance(SignedDuration::from_hours(30));
        world.intake.review(&world.found(&post).await, decision).await.unwrap();
        world.run_for(60_000).await;
        assert_eq!(world.state(&post).await, state, "{decision:?}");
        assert_eq!(world.platform.landings().len(), landings, "{decision:?}");
        assert_eq!(world.delivery(&post).await.prepared, before, "the same bytes, however late");
    }
}

#[tokio::test]
async fn giving_up_fences_what_is_still_on_its_way() {
    let world = World::new(17);
    world.account("alice").await;
    world.platform.order_send(SendOrder::ReplyLostWhileHeld);
    world.platform.order_witness(Finding::Unknowable(samples::fault("resends_spent")));
    let post = world.submit("hello", "alice", "now").await;
    world.run_for(60_000).await;
    world.intake.review(&world.found(&post).await, Decision::GiveUp).await.unwrap();
    assert_eq!(world.state(&post).await, StateName::Failed);
    assert_eq!(world.platform.release(), Some(Arrival::FenceMoved));
    world.intake.retry(&world.found(&post).await).await.unwrap();
    world.run_for(60_000).await;
    assert_eq!(world.platform.landed_texts("did:plc:alice"), ["hello"]);
}

#[tokio::test]
async fn what_turns_out_to_be_public_is_not_given_up() {
    let world = World::new(18);
    world.account("alice").await;
    world.platform.order_send(SendOrder::ReplyLostWhileHeld);
    world.platform.order_witness(Finding::Unknowable(samples::fault("resends_spent")));
    let post = world.submit("hello", "alice", "now").await;
    world.run_for(60_000).await;
    assert_eq!(world.platform.release(), Some(Arrival::Landed));
    world.intake.review(&world.found(&post).await, Decision::GiveUp).await.unwrap();
    assert_eq!(world.state(&post).await, StateName::Published);
}

#[tokio::test]
async fn a_resend_that_cannot_leave_goes_back_to_the_person() {
    let world = World::new(19);
    let alice = world.account("alice").await;
    world.platform.order_send(SendOrder::ReplyLostWhileHeld);
    world.platform.order_witness(Finding::Unknowable(samples::fault("resends_spent")));
    let post = world.submit("hello", "alice", "now").await;
    world.run_for(60_000).await;
    world.intake.review(&world.found(&post).await, Decision::Resend).await.unwrap();
    assert!(world.intake.cancel(&world.found(&post).await).await.is_err(), "pinned bytes are decided by review only");
    world.intake.hold(Some(&alice.id)).await.unwrap();
    assert_eq!(world.state(&post).await, StateName::NeedsReview);
    world.intake.release(None).await.unwrap();
    world.intake.review(&world.found(&post).await, Decision::Resend).await.unwrap();
    assert_eq!(world.platform.release(), Some(Arrival::Landed));
    world.run_for(60_000).await;
    assert_eq!(world.state(&post).await, StateName::Published);
    assert_eq!(world.platform.landed_texts("did:plc:alice"), ["hello"]);
}

#[tokio::test]
async fn a_limited_resend_does_not_hide_that_the_first_request_landed() {
    let world = World::new(41);
    world.account("alice").await;
    let tomorrow = world.now() + SignedDuration::from_hours(24);
    world.platform.order_send(SendOrder::ReplyLostWhileHeld);
    world
        .platform
        .order_send(SendOrder::Answer(Outcome::RetryAt { at: Some(tomorrow), fault: samples::fault("rate_limited") }));
    let post = world.submit("hello", "alice", "now").await;
    while world.platform.calls().send < 2 {
        world.run_for(50).await;
    }
    world.run_for(30_000).await;
    assert_eq!(world.platform.calls().send, 2, "nothing is sent before the platform takes it");
    assert_eq!(world.platform.release(), Some(Arrival::Landed));
    world.run_for(5 * 60_000).await;
    assert_eq!(world.state(&post).await, StateName::Published);
}

#[tokio::test]
async fn giving_up_decides_only_what_waits_for_a_decision() {
    let world = World::new(42);
    world.account("alice").await;
    world.account("bob").await;
    world.platform.order_send_for("did:plc:alice", SendOrder::ReplyLostBeforeWrite);
    world.platform.order_send_for("did:plc:bob", SendOrder::ReplyLostWhileHeld);
    let post = world.submit_to("hello", &["alice", "bob"], "now").await;
    world.pass(&world.engine).await;
    world.platform.order_witness(Finding::Unknowable(samples::fault("head_moved_unseen")));
    world.platform.order_inconclusive(1);
    world.run_for(150).await;
    let stand = world.intake.review(&world.found(&post).await, Decision::GiveUp).await.unwrap();
    let mut states: Vec<_> = stand.iter().map(|delivery| delivery.state.name()).collect();
    states.sort();
    assert_eq!(states, [StateName::Settling, StateName::Failed]);
}

#[tokio::test]
async fn a_command_for_one_delivery_leaves_the_others_alone() {
    let world = World::new(43);
    world.account("alice").await;
    world.account("bob").await;
    let post = world.submit_to("hello", &["alice", "bob"], "in 1h").await;
    let first = world.delivery(&post).await;
    let found = world.intake.find(first.id.as_str()).await.unwrap();
    world.intake.cancel(&found).await.unwrap();
    world.run_for(2 * HOUR_MS).await;
    assert_eq!(world.platform.landings().len(), 1);
}

fn review_code(state: &State) -> Option<String> {
    match state {
        State::NeedsReview { review, .. } => Some(review.fault.code.clone()),
        _ => None,
    }
}
