//! Cases: when the planner has to look.

use std::sync::Arc;

use skein_domain::StateName;
use skein_domain::ports::Ledger;

use super::scene::{Scene, cancel, put_in, request};
use crate::samples::at_ms;

/// Nothing kept, nothing to wake for; an account alone is nothing either.
pub async fn an_empty_ledger_never_wakes(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    assert_eq!(scene.ledger.next_wake().await.unwrap(), None);
    let account = scene.account("goose.example").await;
    scene.claims_lane(&account.lane(), at_ms(1)).await;
    assert_eq!(scene.ledger.next_wake().await.unwrap(), None);
}

/// Over all lanes and all states that wake; it follows every write.
pub async fn the_earliest_wake_up_of_all_lanes_counts(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    for (place, state) in (0..).zip(StateName::ALL).filter(|(_, state)| !state.is_at_rest()) {
        let account = scene.account(&format!("a{place}.example")).await;
        let earlier = scene.submitted_due(&account, state, at_ms(1_000 - place), at_ms(place)).await;
        assert_eq!(scene.ledger.next_wake().await.unwrap(), Some(at_ms(1_000 - place)), "{state:?}");
        scene.submitted_due(&account, state, at_ms(5_000), at_ms(100 + place)).await;
        assert_eq!(scene.ledger.next_wake().await.unwrap(), Some(at_ms(1_000 - place)));
        let later = put_in(&earlier, state, at_ms(6_000));
        scene.ledger.save(&later).await.unwrap();
        assert_ne!(scene.ledger.next_wake().await.unwrap(), Some(at_ms(1_000 - place)));
        scene.ledger.save(&put_in(&later.delivery, state, at_ms(1_000 - place))).await.unwrap();
    }
}

/// Its holder is alive and takes care of it; if not, the end of the lease is the time to look.
pub async fn a_lease_postpones_the_wake_up_of_its_lane(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let (held, free) = (scene.account("held.example").await, scene.account("free.example").await);
    scene.submitted(&held, StateName::Scheduled, at_ms(10)).await;
    scene.submitted(&held, StateName::Scheduled, at_ms(20)).await;
    let claim = scene.claims(at_ms(10)).await.unwrap();
    assert_eq!(scene.ledger.next_wake().await.unwrap(), Some(claim.until));
    let other = scene.submitted(&free, StateName::Scheduled, at_ms(30)).await;
    assert_eq!(scene.ledger.next_wake().await.unwrap(), Some(at_ms(30)), "a lease concerns its own lane alone");
    scene.ledger.save(&cancel(&other)).await.unwrap();
    assert_eq!(scene.ledger.next_wake().await.unwrap(), Some(claim.until));
}

/// Running or expired: the later of the two counts.
pub async fn a_lease_that_ends_before_the_wake_up_does_not_matter(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    scene.submitted(&account, StateName::Scheduled, at_ms(500_000)).await;
    scene.ledger.claim(&request(at_ms(10), Some(account.lane()))).await.unwrap().unwrap();
    assert_eq!(scene.ledger.next_wake().await.unwrap(), Some(at_ms(500_000)));
    scene.submitted(&account, StateName::Scheduled, at_ms(90_000)).await;
    assert_eq!(scene.ledger.next_wake().await.unwrap(), Some(at_ms(90_000)));
}

/// Giving the lease back leaves the deliveries to whoever comes.
pub async fn releasing_brings_the_wake_up_back(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    scene.submitted(&account, StateName::Scheduled, at_ms(10)).await;
    let claim = scene.claims(at_ms(10)).await.unwrap();
    scene.ledger.release(&claim).await.unwrap();
    assert_eq!(scene.ledger.next_wake().await.unwrap(), Some(at_ms(10)));
}

/// By submission and by change: no wake-up, no claim, no run.
pub async fn what_is_at_rest_never_wakes(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    for (place, state) in (0..).zip(StateName::ALL).filter(|(_, state)| state.is_at_rest()) {
        scene.submitted(&account, state, at_ms(place)).await;
        let open = scene.submitted(&account, StateName::Scheduled, at_ms(100 + place)).await;
        scene.ledger.save(&put_in(&open, state, at_ms(0))).await.unwrap();
        assert_eq!(scene.ledger.next_wake().await.unwrap(), None, "{state:?}");
        assert_eq!(scene.claims(at_ms(1_000_000)).await, None, "{state:?}");
    }
    let claim = scene.claims_lane(&account.lane(), at_ms(1_000_000)).await.unwrap();
    assert!(scene.run(&claim, at_ms(1_000_000), 100, None).await.is_empty());
}

/// A planner that sleeps until the wake-up finds something to claim, with and without a lease in between.
pub async fn what_wakes_can_be_claimed_at_that_instant(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    scene.submitted(&account, StateName::Publishing, at_ms(10)).await;
    for _ in 0..3 {
        let wake_at = scene.ledger.next_wake().await.unwrap().unwrap();
        assert_eq!(scene.claims(wake_at - jiff::SignedDuration::from_micros(1)).await, None);
        let claim = scene.claims(wake_at).await.unwrap();
        assert_eq!(scene.run(&claim, wake_at, 100, None).await.len(), 1);
    }
}
