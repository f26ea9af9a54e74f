//! Cases: an address is taken once in a lane, by whatever delivery has it frozen.

use std::sync::Arc;

use skein_domain::ports::Ledger;
use skein_domain::story::Line;
use skein_domain::{Delivery, Event, RecordRef, StateName};

use super::scene::{Scene, assert_invalid, assert_not_found, put_in};
use crate::samples::{self, at_ms};

/// The second freeze is refused, by a change as by a submission, and leaves nothing.
pub async fn two_deliveries_of_a_lane_cannot_freeze_the_same_address(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let one = scene.submitted(&account, StateName::Scheduled, at_ms(10)).await;
    let two = scene.submitted(&account, StateName::Scheduled, at_ms(10)).await;
    scene.ledger.save(&put_in(&one, StateName::Ready, at_ms(10))).await.unwrap();
    let before = scene.kept(&two.id).await;
    let mut taken = put_in(&two, StateName::Ready, at_ms(10));
    taken.story = vec![Line { delivery: two.id.clone(), at: at_ms(1), event: Event::Canceled }];
    taken.lane_clock = Some((None, at_ms(10)));
    assert_invalid(scene.ledger.save(&taken).await);
    assert_eq!(scene.kept(&two.id).await, before);
    assert_eq!(scene.clock(&account.lane(), at_ms(0)).await, None);

    let post = scene.samples.post(&["A goose."], at_ms(10));
    let third = samples::in_state(scene.samples.delivery(&post, &account), StateName::Ready, at_ms(10));
    assert_invalid(scene.ledger.submit(&post, std::slice::from_ref(&third), &[], &[]).await);
    assert_not_found(scene.ledger.post(&post.id).await);
    assert_not_found(scene.ledger.delivery(&third.id).await);

    let mut elsewhere = put_in(&two, StateName::Ready, at_ms(10));
    elsewhere.delivery.prepared = Some(samples::prepared(&two, at_ms(11)));
    scene.ledger.save(&elsewhere).await.unwrap();
}

/// One shared record of several is enough, whatever its place.
pub async fn any_shared_address_counts(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let mut threads = Vec::new();
    for _ in 0..2 {
        let post = scene.samples.post(&["One.", "Two.", "Three."], at_ms(10));
        let delivery = scene.samples.delivery(&post, &account);
        scene.ledger.submit(&post, std::slice::from_ref(&delivery), &[], &[]).await.unwrap();
        threads.push(delivery);
    }
    scene.ledger.save(&frozen(&threads[0], 10)).await.unwrap();
    for overlapping_ms in [8, 9, 11, 12] {
        assert_invalid(scene.ledger.save(&frozen(&threads[1], overlapping_ms)).await);
    }
    scene.ledger.save(&frozen(&threads[1], 13)).await.unwrap();
}

/// A body that creates one record twice is nonsense.
pub async fn one_delivery_cannot_freeze_an_address_twice(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let delivery = scene.submitted(&account, StateName::Scheduled, at_ms(10)).await;
    let mut change = frozen(&delivery, 10);
    if let Some(prepared) = &mut change.delivery.prepared {
        let again = RecordRef { cid: "another".to_owned(), ..prepared.records[0].clone() };
        prepared.records.push(again);
    }
    assert_invalid(scene.ledger.save(&change).await);
    assert_eq!(scene.ledger.delivery(&delivery.id).await.unwrap(), delivery);
}

/// Addresses are compared inside a lane: what another identity has cannot clash on the platform.
pub async fn another_lane_may_have_the_same_address(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let (one, two) = (scene.account("one.example").await, scene.account("two.example").await);
    let mine = scene.submitted(&one, StateName::Ready, at_ms(10)).await;
    let theirs = scene.submitted(&two, StateName::Scheduled, at_ms(10)).await;
    let mut change = put_in(&theirs, StateName::Ready, at_ms(10));
    change.delivery.prepared = mine.prepared;
    scene.ledger.save(&change).await.unwrap();
}

/// Saved again in another state, and frozen again after the bytes were thrown away.
pub async fn a_delivery_may_freeze_its_own_address_again(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let mut delivery = scene.submitted(&account, StateName::Ready, at_ms(10)).await;
    for state in [StateName::Publishing, StateName::Settling, StateName::Ready, StateName::Preparing, StateName::Ready]
    {
        let change = put_in(&delivery, state, at_ms(10));
        scene.ledger.save(&change).await.unwrap();
        delivery = change.delivery;
    }
    assert!(delivery.prepared.is_some());
}

/// What was published, or may have been, goes on occupying its address.
pub async fn settled_deliveries_keep_their_addresses(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let newcomer = scene.submitted(&account, StateName::Scheduled, at_ms(999)).await;
    for (ms, state) in (0..).zip([StateName::Published, StateName::Settling, StateName::NeedsReview]) {
        scene.submitted(&account, state, at_ms(ms)).await;
        assert_invalid(scene.ledger.save(&frozen(&newcomer, ms)).await);
    }
    scene.ledger.save(&frozen(&newcomer, 3)).await.unwrap();
}

/// What is said to be kept is not looked at, and nothing that is given in its place takes it away; all else is written.
pub async fn a_change_that_keeps_its_bytes_leaves_them_as_they_were(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let (ready, other) = (
        scene.submitted(&account, StateName::Ready, at_ms(10)).await,
        scene.submitted(&account, StateName::Ready, at_ms(20)).await,
    );
    let published = put_in(&ready, StateName::Published, at_ms(30));
    let mut keeping = published.clone();
    keeping.is_step = true;
    keeping.delivery.due = other.due;
    keeping.delivery.content = serde_json::json!({ "texts": ["Another text."] });
    keeping.delivery.prepared = other.prepared;
    scene.ledger.save(&keeping).await.unwrap();
    assert_eq!(scene.ledger.delivery(&ready.id).await.unwrap(), published.delivery);
    let newcomer = scene.submitted(&account, StateName::Scheduled, at_ms(999)).await;
    assert_invalid(scene.ledger.save(&frozen(&newcomer, 10)).await);
}

fn frozen(delivery: &Delivery, at: i64) -> skein_domain::ports::Change {
    let mut change = put_in(delivery, StateName::Ready, at_ms(at));
    change.delivery.prepared = Some(samples::prepared(delivery, at_ms(at)));
    change
}
