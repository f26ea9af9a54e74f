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

/// Posts and not deliveries, those at rest not, and no further than the bound.
pub async fn posts_that_wait_are_counted(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    assert_eq!(scene.ledger.count_awake(10).await.unwrap(), 0);
    let accounts = [scene.account("goose.example").await, scene.account("swan.example").await];
    for (place, state) in (1..).zip(StateName::ALL) {
        scene.submitted(&accounts[0], state, at_ms(place * 10)).await;
    }
    assert_eq!(scene.ledger.count_awake(100).await.unwrap(), 6);
    let post = scene.samples.post(&["To both."], at_ms(20));
    let both = accounts.each_ref().map(|account| scene.samples.delivery(&post, account));
    scene.ledger.submit(&post, &both, &[], &[]).await.unwrap();
    assert_eq!(scene.ledger.count_awake(100).await.unwrap(), 7);
    assert_eq!(scene.ledger.count_awake(7).await.unwrap(), 7);
    assert_eq!(scene.ledger.count_awake(3).await.unwrap(), 3);
}

/// All of what is not over and nothing else; together no more than the bound.
pub async fn deliveries_that_are_not_over_are_counted_by_state(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    assert_eq!(scene.ledger.count_states(10).await.unwrap(), []);
    let account = scene.account("goose.example").await;
    for (place, state) in (1..).zip(StateName::ALL) {
        // As many of each as its place says.
        for one in 0..place {
            scene.submitted(&account, state, at_ms(place * 100 + one)).await;
        }
    }
    let counted = scene.ledger.count_states(1_000).await.unwrap();
    let expected = [
        (StateName::Scheduled, 1),
        (StateName::Preparing, 2),
        (StateName::Ready, 3),
        (StateName::Blocked, 4),
        (StateName::Publishing, 5),
        (StateName::Settling, 6),
        (StateName::NeedsReview, 7),
    ];
    assert_eq!(counted, expected);
    for at_most in [0, 1, 5, 27] {
        let counted = scene.ledger.count_states(at_most).await.unwrap();
        assert!(counted.iter().all(|(_, count)| *count > 0), "{counted:?}");
        assert_eq!(counted.iter().map(|(_, count)| count).sum::<usize>(), at_most, "{counted:?}");
    }
}

/// From an instant on, before an instant, from the end: the limit then cuts the earliest.
pub async fn a_span_of_due_instants_is_listed_from_either_end(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let (one, two) = (scene.account("one.example").await, scene.account("two.example").await);
    let mut rows = Vec::new();
    for due in [100, 200, 200, 300, 400] {
        rows.push(scene.submitted_due(&one, StateName::Canceled, at_ms(1), at_ms(due)).await);
    }
    scene.submitted_due(&two, StateName::Canceled, at_ms(1), at_ms(200)).await;
    rows.sort_by_key(|row| (row.due, row.id.clone()));
    let ids: Vec<DeliveryId> = rows.into_iter().map(|row| row.id).collect();
    let cases = [
        (Some(200), Some(400), &ids[1..4]),
        (Some(201), None, &ids[3..]),
        (None, Some(200), &ids[..1]),
        (Some(200), Some(200), &ids[..0]),
        (None, None, &ids[..]),
    ];
    for (from, until, expected) in cases {
        let earliest_first = QueueFilter {
            account: Some(one.id.clone()),
            due_from: from.map(at_ms),
            due_until: until.map(at_ms),
            at_most: 100,
            ..QueueFilter::default()
        };
        assert_eq!(found(&scene, &earliest_first).await, expected, "{from:?} to {until:?}");
        let newest_first = QueueFilter { newest_first: true, ..earliest_first };
        let backwards: Vec<DeliveryId> = expected.iter().rev().cloned().collect();
        assert_eq!(found(&scene, &newest_first).await, backwards, "{from:?} to {until:?}");
        let two_of_them = QueueFilter { at_most: 2, ..newest_first };
        assert_eq!(found(&scene, &two_of_them).await, backwards[..backwards.len().min(2)], "{from:?} to {until:?}");
    }
}

async fn found(scene: &Scene, filter: &QueueFilter) -> Vec<DeliveryId> {
    scene.ledger.queue(filter).await.unwrap().into_iter().map(|delivery| delivery.id).collect()
}

async fn listed(
    scene: &Scene,
    states: &[StateName],
    account: Option<&AccountId>,
    post: Option<&PostId>,
    at_most: usize,
) -> Vec<DeliveryId> {
    let filter = QueueFilter {
        states: states.to_vec(),
        account: account.cloned(),
        post: post.cloned(),
        at_most,
        ..QueueFilter::default()
    };
    found(scene, &filter).await
}
