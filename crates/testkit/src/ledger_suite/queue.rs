//! Cases: listing deliveries.

use std::sync::Arc;

use skein_domain::ports::{Change, Ledger, QueueFilter};
use skein_domain::{AccountId, Delivery, DeliveryId, Event, PostId, StateName};

use super::scene::{Scene, cancel};
use crate::samples::{self, at_ms};

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

/// What the engine calls a step writes less than the rest, and must end a delivery all the same.
pub async fn what_has_ended_step_by_step_hides_nothing_and_comes_back_when_it_is_retried(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let waits = scene.submitted(&account, StateName::NeedsReview, at_ms(900)).await;
    let rejected = Event::Refused { fault: samples::fault("refused") };
    let mut failed = None;
    for (ms, state, event) in [
        (10, StateName::Scheduled, Event::Canceled),
        (20, StateName::Ready, Event::PastGrace { late_by_ms: 1 }),
        (30, StateName::Scheduled, rejected),
    ] {
        failed = Some(step(&scene, &scene.submitted(&account, state, at_ms(ms)).await, event).await);
    }
    let published = scene.submitted(&account, StateName::Ready, at_ms(40)).await;
    let evidence = samples::evidence(at_ms(40));
    let armed = step(&scene, &published, Event::Armed { until: at_ms(50), evidence }).await;
    let receipt = samples::receipt(&armed, at_ms(45));
    let published = step(&scene, &armed, Event::Published { receipt }).await;
    let written_whole = scene.submitted(&account, StateName::Scheduled, at_ms(50)).await;
    scene.ledger.save(&cancel(&written_whole)).await.unwrap();
    assert_eq!(scene.ledger.count_states(1).await.unwrap(), [(StateName::NeedsReview, 1)]);
    assert_eq!(listed(&scene, &[StateName::NeedsReview], None, None, 1).await, [waits.id]);

    let failed = failed.unwrap();
    let retried = save(&scene, &failed, Event::Retried { wake_at: at_ms(60) }).await;
    assert!(!retried.is_step);
    assert_eq!(listed(&scene, &[StateName::Scheduled], None, None, 10).await, [failed.id]);
    let removed = save(&scene, &published, Event::Unpublished).await;
    assert_eq!(scene.ledger.delivery(&published.id).await.unwrap(), removed.delivery);
    let counted = scene.ledger.count_states(10).await.unwrap();
    assert_eq!(counted, [(StateName::Scheduled, 1), (StateName::NeedsReview, 1)]);
}

/// As the engine saves it.
async fn save(scene: &Scene, delivery: &Delivery, event: Event) -> Change {
    let change = Change::between(delivery, delivery.after(event).unwrap(), Vec::new());
    scene.ledger.save(&change).await.unwrap();
    change
}

async fn step(scene: &Scene, delivery: &Delivery, event: Event) -> Delivery {
    let change = save(scene, delivery, event).await;
    assert!(change.is_step);
    change.delivery
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
