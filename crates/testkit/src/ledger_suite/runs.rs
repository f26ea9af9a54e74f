//! Cases: what a claimed lane has to do.

use std::sync::Arc;

use skein_domain::StateName as S;
use skein_domain::ports::Ledger;

use super::scene::Scene;
use crate::samples::at_ms;

/// Due by wake-up, of this lane, not at rest; the rows come whole.
pub async fn a_run_is_what_has_come_of_this_lane(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let (mine, other) = (scene.account("mine.example").await, scene.account("other.example").await);
    let due = scene.submitted_due(&mine, S::Scheduled, at_ms(10), at_ms(1_000)).await;
    let frozen = scene.submitted_due(&mine, S::Ready, at_ms(9), at_ms(2_000)).await;
    scene.submitted_due(&mine, S::Scheduled, at_ms(11), at_ms(1)).await;
    scene.submitted_due(&mine, S::Ready, at_ms(11), at_ms(2)).await;
    scene.submitted_due(&mine, S::Settling, at_ms(11), at_ms(3)).await;
    scene.submitted(&other, S::Scheduled, at_ms(5)).await;
    for (place, state) in (0..).zip([S::NeedsReview, S::Published, S::Failed, S::Missed, S::Canceled, S::Removed]) {
        scene.submitted(&mine, state, at_ms(-10 - place)).await;
    }
    let claim = scene.claims_lane(&mine.lane(), at_ms(10)).await.unwrap();
    let limits = skein_domain::ports::RunLimits { at_most: 100, only: None };
    assert_eq!(scene.ledger.due_run(&claim, at_ms(10), &limits).await.unwrap(), [due, frozen]);
}

/// What was sent is settled before anything else is sent; then the order in which things are due.
pub async fn what_is_unsettled_comes_first_then_due_then_id(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let mut equals = Vec::new();
    for ms in 0..4 {
        let state = if ms % 2 == 0 { S::Scheduled } else { S::Preparing };
        equals.push(scene.submitted_due(&account, state, at_ms(ms), at_ms(200)).await.id);
    }
    equals.sort();
    let ready = scene.submitted_due(&account, S::Ready, at_ms(5), at_ms(100)).await.id;
    let settling = scene.submitted_due(&account, S::Settling, at_ms(9), at_ms(400)).await.id;
    let publishing = scene.submitted_due(&account, S::Publishing, at_ms(9), at_ms(300)).await.id;
    let claim = scene.claims(at_ms(10)).await.unwrap();
    let expected = [vec![publishing, settling, ready], equals].concat();
    assert_eq!(scene.run(&claim, at_ms(10), 100, None).await, expected);
}

/// The limit counts after the order, over unsettled and open alike.
pub async fn at_most_cuts_the_end_of_the_run(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let mut ids = Vec::new();
    for ms in [3, 1, 2] {
        ids.push((ms, scene.submitted_due(&account, S::Scheduled, at_ms(0), at_ms(ms)).await.id));
    }
    ids.push((0, scene.submitted_due(&account, S::Settling, at_ms(0), at_ms(900)).await.id));
    ids.sort();
    let expected: Vec<_> = ids.into_iter().map(|(_, id)| id).collect();
    let claim = scene.claims(at_ms(10)).await.unwrap();
    for at_most in [1, 2, 4, 1_000] {
        let run = scene.run(&claim, at_ms(10), at_most, None).await;
        assert_eq!(run, expected[..at_most.min(4)]);
    }
    assert!(scene.run(&claim, at_ms(10), 0, None).await.is_empty());
}

/// Naming some does not leave what was sent unsettled, and does not make due what is not.
pub async fn only_narrows_what_is_open_and_never_what_is_unsettled(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let (account, other) = (scene.account("goose.example").await, scene.account("other.example").await);
    let unsettled = scene.submitted(&account, S::Settling, at_ms(4)).await.id;
    let orphan = scene.submitted(&account, S::Publishing, at_ms(5)).await.id;
    let mut open = Vec::new();
    for (ms, state) in (6..).zip([S::Scheduled, S::Preparing, S::Ready, S::Scheduled]) {
        open.push(scene.submitted(&account, state, at_ms(ms)).await.id);
    }
    let not_due = scene.submitted(&account, S::Scheduled, at_ms(500)).await.id;
    let elsewhere = scene.submitted(&other, S::Scheduled, at_ms(1)).await.id;
    let claim = scene.claims_lane(&account.lane(), at_ms(20)).await.unwrap();

    let only = [&open[3], &open[1], &not_due, &elsewhere];
    let run = scene.run(&claim, at_ms(20), 100, Some(&only)).await;
    assert_eq!(run, [unsettled.clone(), orphan.clone(), open[1].clone(), open[3].clone()]);
    assert_eq!(scene.run(&claim, at_ms(20), 3, Some(&only)).await, run[..3]);
    assert_eq!(scene.run(&claim, at_ms(20), 100, Some(&[])).await, [unsettled, orphan]);
}

/// The lane was free, so whoever was preparing or publishing is gone, whatever the lease once promised.
pub async fn orphans_are_included_whatever_their_wake_up(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let preparing = scene.submitted_due(&account, S::Preparing, at_ms(90_000), at_ms(1)).await.id;
    let publishing = scene.submitted_due(&account, S::Publishing, at_ms(90_000), at_ms(2)).await.id;
    scene.submitted_due(&account, S::Settling, at_ms(90_000), at_ms(3)).await;
    scene.submitted_due(&account, S::Scheduled, at_ms(90_000), at_ms(4)).await;
    let claim = scene.claims_lane(&account.lane(), at_ms(10)).await.unwrap();
    assert_eq!(scene.run(&claim, at_ms(10), 100, None).await, [publishing, preparing]);
}

/// So that they can be noted as missed.
pub async fn blocked_deliveries_come_when_their_grace_ends(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let blocked = scene.submitted_due(&account, S::Blocked, at_ms(100), at_ms(1)).await.id;
    let claim = scene.claims_lane(&account.lane(), at_ms(10)).await.unwrap();
    assert!(scene.run(&claim, at_ms(99), 100, None).await.is_empty());
    assert_eq!(scene.run(&claim, at_ms(100), 100, None).await, [blocked]);
}

/// Publishing or Settling, due or not, of this lane, and not the one that asks.
pub async fn unsettled_finds_another_delivery_of_the_lane(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let other = scene.account("other.example").await;
    let foreign = scene.submitted(&other, S::Settling, at_ms(1)).await;
    for (place, state) in S::ALL.into_iter().enumerate() {
        let account = scene.account(&format!("a{place}.example")).await;
        let delivery = scene.submitted_due(&account, state, at_ms(90_000), at_ms(1)).await;
        let asking = scene.submitted_due(&account, S::Publishing, at_ms(2), at_ms(2)).await;
        let found = scene.ledger.unsettled(&account.lane(), &asking.id).await.unwrap();
        let expected = matches!(state, S::Publishing | S::Settling).then_some(delivery);
        assert_eq!(found, expected, "{state:?}");
    }
    assert_eq!(scene.ledger.unsettled(&other.lane(), &foreign.id).await.unwrap(), None);
}
