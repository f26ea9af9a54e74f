//! Cases: what a workspace says of posts that are late or fail, and what a delivery keeps of it.

use std::sync::Arc;

use skein_domain::ports::Ledger;
use skein_domain::{Delivery, Leeway, OnFailure, Policy, StateName, WorkspaceId};

use super::scene::{Scene, put_in};
use crate::samples::at_ms;

fn leeway(words: &str) -> Leeway {
    Leeway::parse("late", words).unwrap()
}

/// With each of its parts said and unsaid.
fn policies() -> Vec<Policy> {
    let lates = [None, Some(leeway("1m")), Some(leeway("7d"))];
    let on_failures = [None, Some(OnFailure::Retry), Some(OnFailure::RetryFor(leeway("20m"))), Some(OnFailure::GiveUp)];
    let all = lates.into_iter().flat_map(|late| on_failures.map(|on_failure| Policy { late, on_failure }));
    all.collect()
}

/// Also of one that nothing was ever kept in, and each workspace for itself.
pub async fn a_workspace_says_what_was_set_last(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let (personal, team) = (WorkspaceId::personal(), WorkspaceId::parse("team").unwrap());
    for workspace in [&personal, &team] {
        assert!(scene.ledger.policy(workspace).await.unwrap().is_unsaid());
    }
    for policy in policies() {
        scene.ledger.set_policy(&team, &policy).await.unwrap();
        assert_eq!(scene.ledger.policy(&team).await.unwrap(), policy);
    }
    assert!(scene.ledger.policy(&personal).await.unwrap().is_unsaid());
    scene.ledger.set_policy(&team, &Policy::default()).await.unwrap();
    assert!(scene.ledger.policy(&team).await.unwrap().is_unsaid());
}

/// Whatever its workspace says afterwards, and through every kind of write.
pub async fn a_delivery_keeps_the_policy_of_its_submission(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let other = Policy { late: Some(leeway("3h")), on_failure: Some(OnFailure::RetryFor(leeway("5m"))) };
    for (place, policy) in (0..).zip(policies()) {
        let post = scene.samples.post(&["A goose."], at_ms(place));
        let delivery = Delivery { policy, ..scene.samples.delivery(&post, &account) };
        scene.ledger.submit(&post, std::slice::from_ref(&delivery), &[], &[]).await.unwrap();
        scene.ledger.set_policy(&post.workspace, &other).await.unwrap();
        assert_eq!(scene.ledger.delivery(&delivery.id).await.unwrap(), delivery);
        let change = put_in(&delivery, StateName::Canceled, at_ms(place));
        scene.ledger.save(&change).await.unwrap();
        assert_eq!(scene.ledger.delivery(&delivery.id).await.unwrap(), change.delivery);
    }
}
