//! Cases: who may work on a lane.

use std::sync::Arc;

use futures_util::future::join_all;
use skein_domain::StateName;
use skein_domain::ports::{Claim, ClaimRequest, Ledger, LedgerError};

use super::scene::{Scene, assert_lost, cancel, change, minute_after, request, under};
use crate::samples::at_ms;

/// Neither by another worker nor by one of the same name, neither by name nor by what is due.
pub async fn a_held_lane_is_not_claimed_by_anybody(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    scene.submitted(&account, StateName::Scheduled, at_ms(10)).await;
    let claim = scene.claims(at_ms(10)).await.unwrap();
    assert_eq!((&claim.lane, claim.until), (&account.lane(), minute_after(at_ms(10))));
    for owner in ["worker-1", "worker-2"] {
        for lane in [None, Some(account.lane())] {
            let again = ClaimRequest { owner: owner.to_owned(), ..request(at_ms(60_009), lane) };
            assert_eq!(scene.ledger.claim(&again).await.unwrap(), None);
        }
    }
}

/// At its `until` a lease has ended.
pub async fn an_expired_lane_is_claimed_with_a_higher_token(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    scene.submitted(&account, StateName::Scheduled, at_ms(10)).await;
    let first = scene.claims(at_ms(10)).await.unwrap();
    let second = scene.claims(first.until).await.unwrap();
    assert!(second.token > first.token);
    let third = scene.claims_lane(&account.lane(), minute_after(second.until)).await.unwrap();
    assert!(third.token > second.token);
}

/// Also when it was given back long before its end.
pub async fn a_released_lane_is_claimed_with_a_higher_token(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    scene.submitted(&account, StateName::Scheduled, at_ms(10)).await;
    let first = scene.claims(at_ms(10)).await.unwrap();
    scene.ledger.release(&first).await.unwrap();
    let second = scene.claims(at_ms(10)).await.unwrap();
    assert!(second.token > first.token);
    assert_eq!(scene.claims(at_ms(11)).await, None);
}

/// The one who was thought dead wakes up and is told so; the one who took over goes on.
pub async fn writes_of_the_holder_before_are_refused(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let delivery = scene.submitted(&account, StateName::Publishing, at_ms(10)).await;
    let old = scene.claims(at_ms(10)).await.unwrap();
    let new = scene.claims(old.until).await.unwrap();
    let before = scene.kept(&delivery.id).await;
    let receipt = crate::samples::receipt(&delivery, at_ms(12));
    let published = change(&delivery, skein_domain::Event::Published { receipt });
    assert_lost(scene.ledger.save(&under(published.clone(), &old)).await);
    assert_eq!(scene.kept(&delivery.id).await, before);
    scene.ledger.save(&under(published, &new)).await.unwrap();
}

/// A renewed lease holds until its new end; after a take-over or a release there is nothing to renew.
pub async fn renewing_extends_and_a_lost_lease_is_not_renewed(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    scene.submitted(&account, StateName::Scheduled, at_ms(10)).await;
    let first = scene.claims(at_ms(10)).await.unwrap();
    scene.ledger.renew(&first, at_ms(200_000)).await.unwrap();
    assert_eq!(scene.claims(at_ms(199_999)).await, None);
    assert_eq!(scene.ledger.next_wake().await.unwrap(), Some(at_ms(200_000)));

    let second = scene.claims(at_ms(200_000)).await.unwrap();
    assert_lost(scene.ledger.renew(&first, at_ms(900_000)).await);
    assert_eq!(scene.ledger.next_wake().await.unwrap(), Some(second.until), "a refused renewal moves nothing");
    scene.ledger.renew(&second, at_ms(300_000)).await.unwrap();
    scene.ledger.release(&second).await.unwrap();
    assert_lost(scene.ledger.renew(&second, at_ms(900_000)).await);
    assert!(scene.claims(at_ms(200_001)).await.is_some());
}

/// Releasing late, or twice, is no error and does not open the lane under its new holder.
pub async fn releasing_a_lost_lease_leaves_the_holder_alone(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    scene.submitted(&account, StateName::Scheduled, at_ms(10)).await;
    let first = scene.claims(at_ms(10)).await.unwrap();
    let second = scene.claims(first.until).await.unwrap();
    scene.ledger.release(&first).await.unwrap();
    assert_eq!(scene.claims(first.until).await, None);
    scene.ledger.renew(&second, at_ms(500_000)).await.unwrap();
    scene.ledger.release(&second).await.unwrap();
    scene.ledger.release(&second).await.unwrap();
    assert!(scene.claims(first.until).await.is_some());
}

/// The wake-up decides, not the instant at which it is due, nor the order of submission.
pub async fn the_earliest_wake_up_is_claimed_first(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let mut lanes = Vec::new();
    for (handle, wake_ms, due_ms) in [("a.example", 30, 100), ("b.example", 10, 300), ("c.example", 20, 200)] {
        let account = scene.account(handle).await;
        scene.submitted_due(&account, StateName::Scheduled, at_ms(wake_ms), at_ms(due_ms)).await;
        scene.submitted_due(&account, StateName::Scheduled, at_ms(wake_ms + 50), at_ms(due_ms + 1)).await;
        lanes.push(account.lane());
    }
    for expected in [&lanes[1], &lanes[2], &lanes[0]] {
        assert_eq!(scene.claims(at_ms(40)).await.unwrap().lane, *expected);
    }
    assert_eq!(scene.claims(at_ms(40)).await, None);
}

/// A wake-up has come at its instant and not a microsecond earlier; what is at rest never is due.
pub async fn nothing_due_is_nothing_to_claim(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    assert_eq!(scene.claims(at_ms(0)).await, None);
    let account = scene.account("goose.example").await;
    scene.submitted(&account, StateName::Published, at_ms(1)).await;
    scene.submitted(&account, StateName::NeedsReview, at_ms(2)).await;
    scene.submitted(&account, StateName::Scheduled, at_ms(10)).await;
    assert_eq!(scene.claims(at_ms(10) - jiff::SignedDuration::from_micros(1)).await, None);
    assert!(scene.claims(at_ms(10)).await.is_some());
}

/// For `skein post`, which works on its own post before it is due.
pub async fn a_lane_that_is_named_is_claimed_due_or_not(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let (named, other) = (scene.account("named.example").await, scene.account("other.example").await);
    scene.submitted(&named, StateName::Scheduled, at_ms(10_000)).await;
    scene.submitted(&other, StateName::Scheduled, at_ms(1)).await;
    let claim = scene.claims_lane(&named.lane(), at_ms(5)).await.unwrap();
    assert_eq!(claim.lane, named.lane());
    assert_eq!(scene.claims_lane(&named.lane(), at_ms(5)).await, None, "and is held like any other");
    assert_eq!(scene.claims(at_ms(5)).await.unwrap().lane, other.lane());
}

/// One lane that is held, however early its wake-up, does not keep the others waiting.
pub async fn a_held_lane_does_not_hide_the_free_ones(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let (busy, free) = (scene.account("busy.example").await, scene.account("free.example").await);
    for ms in 1..20 {
        scene.submitted(&busy, StateName::Scheduled, at_ms(ms)).await;
    }
    scene.submitted(&free, StateName::Scheduled, at_ms(30)).await;
    assert_eq!(scene.claims(at_ms(40)).await.unwrap().lane, busy.lane());
    assert_eq!(scene.claims(at_ms(40)).await.unwrap().lane, free.lane());
}

/// Workers at the same time: the lane has one holder.
pub async fn of_several_workers_one_gets_the_lane(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let delivery = scene.submitted(&account, StateName::Scheduled, at_ms(10)).await;
    let workers: Vec<_> = (0..8)
        .map(|worker| {
            let ledger = Arc::clone(&scene.ledger);
            let lane = (worker % 2 == 0).then(|| account.lane());
            let request = ClaimRequest { owner: format!("worker-{worker}"), ..request(at_ms(10), lane) };
            tokio::spawn(async move { ledger.claim(&request).await })
        })
        .collect();
    let mut claims = Vec::new();
    for worker in workers {
        claims.extend(worker.await.unwrap().unwrap());
    }
    let [claim] = claims.as_slice() else { panic!("{} workers hold the lane", claims.len()) };
    scene.ledger.save(&under(cancel(&delivery), claim)).await.unwrap();
}

/// No more than asked for, and what is left the next time.
pub async fn many_lanes_that_are_due_are_claimed_the_earliest_first(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let mut lanes = Vec::new();
    for (handle, wake_ms) in
        [("a.example", 40), ("b.example", 20), ("c.example", 50), ("d.example", 10), ("e.example", 30)]
    {
        let account = scene.account(handle).await;
        scene.submitted(&account, StateName::Scheduled, at_ms(wake_ms)).await;
        lanes.push((wake_ms, account.lane()));
    }
    lanes.sort_by_key(|(wake_ms, _)| *wake_ms);
    let later = scene.account("later.example").await;
    scene.submitted(&later, StateName::Scheduled, at_ms(51)).await;
    let request = request(at_ms(50), None);
    for (at_most, expected) in [(0, &lanes[..0]), (3, &lanes[..3]), (3, &lanes[3..]), (3, &lanes[..0])] {
        let claims = scene.ledger.claim_due(&request, at_most).await.unwrap();
        let expected: Vec<_> = expected.iter().map(|(_, lane)| (lane, 1, request.until)).collect();
        assert_eq!(claims.iter().map(|claim| (&claim.lane, claim.token, claim.until)).collect::<Vec<_>>(), expected);
    }
}

/// Each gets the answer to what it asked, in whatever transactions they are written.
pub async fn many_that_renew_and_give_back_at_once_are_each_told_of_theirs(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let mut claims = Vec::new();
    for handle in ["a.example", "b.example", "c.example", "d.example", "e.example"] {
        let account = scene.account(handle).await;
        scene.submitted(&account, StateName::Scheduled, at_ms(10)).await;
        let request = ClaimRequest { until: at_ms(20), ..request(at_ms(10), Some(account.lane())) };
        claims.push(scene.ledger.claim(&request).await.unwrap().unwrap());
    }
    let [renewed, released, renewed_too, taken_over, given_back]: &[Claim; 5] = claims.as_slice().try_into().unwrap();
    let theirs = scene.claims_lane(&taken_over.lane, at_ms(20)).await.unwrap();
    scene.ledger.release(given_back).await.unwrap();

    let until = at_ms(500_000);
    let asked = [
        (renewed, true),
        (released, false),
        (renewed_too, true),
        (taken_over, true),
        (given_back, true),
        (taken_over, false),
    ];
    let answers = join_all(asked.map(async |(claim, renews)| {
        if renews { scene.ledger.renew(claim, until).await } else { scene.ledger.release(claim).await }
    }));
    let told: Vec<_> = answers.await.into_iter().map(|answer| answer.map_err(|error| error.to_string())).collect();
    let lost = Err(LedgerError::Lost.to_string());
    assert_eq!(told, [Ok(()), Ok(()), Ok(()), lost.clone(), lost, Ok(())]);

    // Before any of the leases that hold has ended; then when that of whoever took over has.
    for (now, free) in [(at_ms(30), vec![&released.lane, &given_back.lane]), (theirs.until, vec![&taken_over.lane])] {
        let claims = scene.ledger.claim_due(&request(now, None), 10).await.unwrap();
        let mut lanes: Vec<_> = claims.iter().map(|claim| &claim.lane).collect();
        let mut expected = free;
        lanes.sort();
        expected.sort();
        assert_eq!(lanes, expected);
    }
    assert_eq!(scene.ledger.claim_due(&request(until, None), 10).await.unwrap().len(), 5);
}

/// The clock survives leases and is a matter of each lane alone.
pub async fn a_claim_tells_the_clock_of_its_lane(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let (one, two) = (scene.account("one.example").await, scene.account("two.example").await);
    let delivery = scene.submitted(&one, StateName::Scheduled, at_ms(10)).await;
    scene.submitted(&two, StateName::Scheduled, at_ms(10)).await;
    let claim = scene.claims_lane(&one.lane(), at_ms(10)).await.unwrap();
    assert_eq!(claim.last_created_at, None);
    let mut moves_clock = under(cancel(&delivery), &claim);
    moves_clock.lane_clock = Some((None, at_ms(77)));
    scene.ledger.save(&moves_clock).await.unwrap();
    scene.ledger.release(&claim).await.unwrap();
    let again = scene.claims_lane(&one.lane(), at_ms(20)).await.unwrap();
    assert_eq!(again.last_created_at, Some(at_ms(77)));
    let after_expiry = scene.claims_lane(&one.lane(), again.until).await.unwrap();
    assert_eq!(after_expiry.last_created_at, Some(at_ms(77)));
    assert_eq!(scene.claims_lane(&two.lane(), at_ms(20)).await.unwrap().last_created_at, None);
}
