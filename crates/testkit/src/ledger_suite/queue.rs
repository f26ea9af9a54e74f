//! Cases: listing deliveries.

use std::sync::Arc;

use skein_domain::ports::{Ledger, QueueFilter};
use skein_domain::{AccountId, DeliveryId, PostId, StateName};

use super::scene::Scene;
use crate::samples::at_ms;

/// Due decides, not the wake-up; the id decides between equals; the limit cuts the end.
pub async fn deliveries_are_listed_by_due_instant_then_by_id(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let late = scene.submitted_due(&account, StateName::Scheduled, at_ms(1), at_ms(900)).await.id;
    let early = scene.submitted_due(&account, StateName::Scheduled, at_ms(800), at_ms(100)).await.id;
    let mut equals = Vec::new();
    for _ in 0..4 {
        equals.push(scene.submitted_due(&account, StateName::Scheduled, at_ms(2), at_ms(500)).await.id);
    }
    equals.sort();
    let expected = [vec![early], equals, vec![late]].concat();
    assert_eq!(listed(&scene, &[], None, None, 100).await, expected);
    assert_eq!(listed(&scene, &[], None, None, 3).await, expected[..3]);
    assert!(listed(&scene, &[], None, None, 0).await.is_empty());
}

/// Each filter alone and all together; no filter lists all, at rest or not.
pub async fn filters_narrow_by_state_account_and_post(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let (one, two) = (scene.account("one.example").await, scene.account("two.example").await);
    let mut all = Vec::new();
    for (place, state) in (0..).zip(StateName::ALL) {
        for (account, offset) in [(&one, 0), (&two, 1)] {
            all.push(scene.submitted(account, state, at_ms(place * 10 + offset)).await);
        }
    }
    let ids = |wanted: &dyn Fn(usize) -> bool| {
        all.iter().enumerate().filter(|(index, _)| wanted(*index)).map(|(_, row)| row.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(listed(&scene, &[], None, None, 100).await, ids(&|_| true));
    for (place, state) in StateName::ALL.into_iter().enumerate() {
        assert_eq!(listed(&scene, &[state], None, None, 100).await, ids(&|index| index / 2 == place));
    }
    let two_states = [StateName::ALL[3], StateName::ALL[8]];
    assert_eq!(listed(&scene, &two_states, None, None, 100).await, ids(&|index| matches!(index / 2, 3 | 8)));
    assert_eq!(listed(&scene, &[], Some(&two.id), None, 100).await, ids(&|index| index % 2 == 1));
    assert_eq!(listed(&scene, &[], None, Some(&all[5].post), 100).await, ids(&|index| index == 5));
    assert_eq!(listed(&scene, &two_states, Some(&one.id), None, 100).await, ids(&|index| matches!(index, 6 | 16)));
    assert!(listed(&scene, &two_states, Some(&one.id), Some(&all[5].post), 100).await.is_empty());
    let nobody = scene.samples.stray_account_id();
    assert!(listed(&scene, &[], Some(&nobody), None, 100).await.is_empty());
}

async fn listed(
    scene: &Scene,
    states: &[StateName],
    account: Option<&AccountId>,
    post: Option<&PostId>,
    at_most: usize,
) -> Vec<DeliveryId> {
    let filter = QueueFilter { states: states.to_vec(), account: account.cloned(), post: post.cloned(), at_most };
    scene.ledger.queue(&filter).await.unwrap().into_iter().map(|delivery| delivery.id).collect()
}
