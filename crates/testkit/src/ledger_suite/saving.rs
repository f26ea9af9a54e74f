//! Cases: the one way in which a delivery changes.

use std::sync::Arc;

use skein_domain::ports::{Change, Guard, Ledger, LedgerError};
use skein_domain::story::Line;
use skein_domain::{Delivery, Event, Evidence, Standing, StateName};

use super::scene::{Scene, assert_invalid, assert_lost, cancel, change, minute_after, put_in, under};
use crate::samples::{self, at_ms};

/// After the leases of these cases have run out.
const LATER_MS: i64 = 1_000_000;

/// One freeze: the state, the bytes, the attempts, the line and the clock of the lane.
pub async fn a_change_writes_delivery_story_and_clock_together(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let delivery = scene.submitted(&account, StateName::Preparing, at_ms(10)).await;
    let claim = scene.claims(at_ms(10)).await.unwrap();
    assert_eq!(claim.last_created_at, None);

    let freeze = freeze(&delivery, None, 20);
    scene.ledger.save(&under(freeze.clone(), &claim)).await.unwrap();
    assert_eq!(scene.ledger.delivery(&delivery.id).await.unwrap(), freeze.delivery);
    assert_eq!(scene.ledger.story(&delivery.id).await.unwrap(), freeze.story);
    assert_eq!(scene.clock(&account.lane(), at_ms(LATER_MS)).await, Some(at_ms(20)));

    let mut all_columns =
        change(&freeze.delivery, Event::Moved { due: at_ms(777), wake_at: at_ms(700), grace_ends: at_ms(800) });
    all_columns.delivery.grace_ms = 5;
    all_columns.delivery.lead_ms = 6;
    all_columns.delivery.attempts = 9;
    all_columns.delivery.content = serde_json::json!({ "texts": ["Edited."] });
    scene.ledger.save(&all_columns).await.unwrap();
    assert_eq!(scene.ledger.delivery(&delivery.id).await.unwrap(), all_columns.delivery);
    let story = [freeze.story, all_columns.story].concat();
    assert_eq!(scene.ledger.story(&delivery.id).await.unwrap(), story);
}

/// Lost: the version.
pub async fn a_stale_version_is_lost_and_nothing_is_written(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let old = scene.submitted(&account, StateName::Preparing, at_ms(10)).await;
    scene.ledger.save(&change(&old, Event::LeaseLost { at: at_ms(10) })).await.unwrap();
    let claim = scene.claims(at_ms(10)).await.unwrap();
    let before = scene.kept(&old.id).await;

    let mut too_new = under(freeze(&old, None, 20), &claim);
    too_new.from_version += 5;
    too_new.delivery.version += 5;
    for stale in [under(freeze(&old, None, 20), &claim), freeze(&old, None, 20), too_new] {
        assert_lost(scene.ledger.save(&stale).await);
        assert_eq!(scene.kept(&old.id).await, before);
    }
    assert_eq!(scene.clock(&account.lane(), at_ms(LATER_MS)).await, None);
}

/// Lost: the fencing token, older or never given out, or of a lane that nobody ever claimed.
pub async fn a_stale_token_is_lost_and_nothing_is_written(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let delivery = scene.submitted(&account, StateName::Preparing, at_ms(10)).await;
    let before = scene.kept(&delivery.id).await;
    let never_claimed = Change { guard: Guard::Lane { lane: account.lane(), token: 1 }, ..freeze(&delivery, None, 20) };
    assert_lost(scene.ledger.save(&never_claimed).await);
    assert_eq!(scene.kept(&delivery.id).await, before);

    let first = scene.claims(at_ms(10)).await.unwrap();
    let second = scene.claims(minute_after(at_ms(10))).await.unwrap();
    let invented = skein_domain::ports::Claim { token: second.token + 1, ..second.clone() };
    for stale in [&first, &invented] {
        assert_lost(scene.ledger.save(&under(freeze(&delivery, None, 20), stale)).await);
        assert_eq!(scene.kept(&delivery.id).await, before);
    }
    scene.ledger.save(&under(change(&delivery, Event::LeaseLost { at: at_ms(10) }), &second)).await.unwrap();
    assert_eq!(scene.clock(&account.lane(), at_ms(LATER_MS)).await, None);
}

/// The guard must be of the lane of the delivery: `Lost` or `Invalid`.
pub async fn a_token_of_another_lane_does_not_open_this_one(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let (mine, other) = (scene.account("mine.example").await, scene.account("other.example").await);
    let delivery = scene.submitted(&mine, StateName::Preparing, at_ms(10)).await;
    scene.claims_lane(&mine.lane(), at_ms(10)).await.unwrap();
    let theirs = scene.claims_lane(&other.lane(), at_ms(10)).await.unwrap();
    let before = scene.kept(&delivery.id).await;
    let refused = scene.ledger.save(&under(freeze(&delivery, None, 20), &theirs)).await;
    assert!(matches!(refused, Err(LedgerError::Lost | LedgerError::Invalid(_))), "{refused:?}");
    assert_eq!(scene.kept(&delivery.id).await, before);
    for lane in [mine.lane(), other.lane()] {
        assert_eq!(scene.clock(&lane, at_ms(LATER_MS)).await, None);
    }
}

/// Lost: the clock of the lane is not where the claim found it. Two freezes of one run chain their clocks.
pub async fn a_moved_clock_is_lost_and_nothing_is_written(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let one = scene.submitted_due(&account, StateName::Preparing, at_ms(10), at_ms(100)).await;
    let two = scene.submitted_due(&account, StateName::Preparing, at_ms(10), at_ms(200)).await;
    let claim = scene.claims(at_ms(10)).await.unwrap();

    let before = scene.kept(&one.id).await;
    let not_there_yet = under(freeze(&one, Some(5), 20), &claim);
    assert_lost(scene.ledger.save(&not_there_yet).await);
    assert_eq!(scene.kept(&one.id).await, before);

    scene.ledger.save(&under(freeze(&one, None, 20), &claim)).await.unwrap();
    let before = scene.kept(&two.id).await;
    for from in [None, Some(19), Some(21)] {
        assert_lost(scene.ledger.save(&under(freeze(&two, from, 30), &claim)).await);
        assert_eq!(scene.kept(&two.id).await, before);
    }
    scene.ledger.save(&under(freeze(&two, Some(20), 30), &claim)).await.unwrap();
    assert_eq!(scene.clock(&account.lane(), at_ms(LATER_MS)).await, Some(at_ms(30)));
}

/// A clock that stood still or went back would hand out the same instant twice.
pub async fn the_clock_only_moves_forward(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let one = scene.submitted_due(&account, StateName::Preparing, at_ms(10), at_ms(100)).await;
    let two = scene.submitted_due(&account, StateName::Preparing, at_ms(10), at_ms(200)).await;
    let claim = scene.claims(at_ms(10)).await.unwrap();
    scene.ledger.save(&under(freeze(&one, None, 20), &claim)).await.unwrap();
    let before = scene.kept(&two.id).await;
    for to in [20, 19] {
        // Without bytes, so that nothing but the clock can be what is wrong.
        let mut stands_still = under(cancel(&two), &claim);
        stands_still.lane_clock = Some((Some(at_ms(20)), at_ms(to)));
        assert_invalid(scene.ledger.save(&stands_still).await);
        assert_eq!(scene.kept(&two.id).await, before);
    }
    assert_eq!(scene.clock(&account.lane(), at_ms(LATER_MS)).await, Some(at_ms(20)));
}

/// Otherwise two different rows could carry one version.
pub async fn a_version_that_does_not_rise_by_one_is_invalid(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let delivery = scene.submitted(&account, StateName::Scheduled, at_ms(10)).await;
    let before = scene.kept(&delivery.id).await;
    for version in [delivery.version, delivery.version + 2, delivery.version - 1] {
        let mut change = cancel(&delivery);
        change.delivery.version = version;
        assert_invalid(scene.ledger.save(&change).await);
        assert_eq!(scene.kept(&delivery.id).await, before);
    }
}

/// A person acts while a worker holds the lane; the worker then loses by version.
pub async fn a_person_needs_no_token(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let delivery = scene.submitted(&account, StateName::Preparing, at_ms(10)).await;
    let claim = scene.claims(at_ms(10)).await.unwrap();
    scene.ledger.save(&cancel(&delivery)).await.unwrap();
    assert_lost(scene.ledger.save(&under(freeze(&delivery, None, 20), &claim)).await);
    assert_eq!(scene.ledger.delivery(&delivery.id).await.unwrap().state.name(), StateName::Canceled);
}

/// The newest token decides, not the time: an answer that came late is still noted.
pub async fn an_expired_lease_that_nobody_took_over_still_writes(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let delivery = scene.submitted(&account, StateName::Scheduled, at_ms(10)).await;
    let mut request = super::scene::request(at_ms(10), None);
    request.until = at_ms(10);
    let claim = scene.ledger.claim(&request).await.unwrap().unwrap();
    scene.ledger.save(&under(cancel(&delivery), &claim)).await.unwrap();
}

/// A delivery that was never submitted has no version to replace.
pub async fn what_is_not_there_is_lost(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let post = scene.samples.post(&["A goose."], at_ms(10));
    let delivery = scene.samples.delivery(&post, &account);
    assert_lost(scene.ledger.save(&cancel(&delivery)).await);
    super::scene::assert_not_found(scene.ledger.delivery(&delivery.id).await);
}

/// Writers at the same time: one is first, the others are told, and only the first one's line is in the story.
pub async fn of_several_writers_one_wins(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let delivery = scene.submitted(&account, StateName::Scheduled, at_ms(10)).await;
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let ledger = Arc::clone(&scene.ledger);
            let change = change(&delivery, Event::PastGrace { late_by_ms: writer });
            tokio::spawn(async move { ledger.save(&change).await.map(|()| change) })
        })
        .collect();
    let mut won = Vec::new();
    for writer in writers {
        match writer.await.unwrap() {
            Ok(change) => won.push(change),
            lost => assert_lost(lost),
        }
    }
    let [winner] = won.as_slice() else { panic!("{} writers won", won.len()) };
    assert_eq!(scene.ledger.delivery(&delivery.id).await.unwrap(), winner.delivery);
    assert_eq!(scene.ledger.story(&delivery.id).await.unwrap(), winner.story);
}

/// For every state: with and without frozen bytes.
pub async fn frozen_bytes_agree_with_the_state(ledger: Arc<dyn Ledger>) {
    use StateName as S;
    const NEED_BYTES: [S; 5] = [S::Ready, S::Publishing, S::Settling, S::NeedsReview, S::Published];
    const HAVE_NONE: [S; 2] = [S::Scheduled, S::Preparing];
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let mut due_ms = 0;
    for state in S::ALL {
        for (is_frozen, refusing) in [(true, HAVE_NONE.as_slice()), (false, NEED_BYTES.as_slice())] {
            due_ms += 1_000;
            let delivery = scene.submitted(&account, S::Scheduled, at_ms(due_ms)).await;
            let mut change = put_in(&delivery, state, at_ms(due_ms));
            change.delivery.prepared = is_frozen.then(|| samples::prepared(&delivery, at_ms(due_ms)));
            let saved = scene.ledger.save(&change).await;
            let kept = scene.ledger.delivery(&delivery.id).await.unwrap();
            if refusing.contains(&state) {
                assert_invalid(saved);
                assert_eq!(kept, delivery);
            } else {
                saved.unwrap();
                assert_eq!(kept, change.delivery);
            }
        }
    }
}

/// Lines of one change in their order, changes in theirs, whatever the instants say.
pub async fn a_story_is_told_in_the_order_of_writing(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let mut delivery = scene.submitted(&account, StateName::Scheduled, at_ms(10)).await;
    let mut told = Vec::new();
    for ms in [300, 100, 100, 200] {
        let mut change = change(&delivery, Event::Edited { wake_at: at_ms(ms) });
        change.story[0].at = at_ms(ms);
        change.story.push(Line {
            delivery: delivery.id.clone(),
            at: at_ms(ms),
            event: Event::Moved { due: at_ms(ms), wake_at: at_ms(ms), grace_ends: at_ms(ms) },
        });
        scene.ledger.save(&change).await.unwrap();
        told.extend(change.story);
        delivery = change.delivery;
    }
    assert_eq!(scene.ledger.story(&delivery.id).await.unwrap(), told);
}

/// Freezes a delivery at `to_ms` and moves the clock of its lane there.
fn freeze(delivery: &Delivery, from_ms: Option<i64>, to_ms: i64) -> Change {
    let frozen = Event::Frozen { wake_at: at_ms(to_ms), records: 1 };
    // A stale copy may be of any state; what counts here is that the change would be a good one if it were not stale.
    let preparing = samples::in_state(delivery.clone(), StateName::Preparing, at_ms(to_ms));
    let mut change = change(&preparing, frozen);
    change.delivery.prepared = Some(samples::prepared(delivery, at_ms(to_ms)));
    change.lane_clock = Some((from_ms.map(at_ms), at_ms(to_ms)));
    change
}

/// Lost: a request would leave for an account that was held, or that cannot write. What it was is told by reading the account.
pub async fn nothing_is_armed_for_an_account_that_is_held_or_lost(ledger: Arc<dyn Ledger>) {
    let scene = Scene::new(ledger);
    let account = scene.account("goose.example").await;
    let ready = scene.submitted(&account, StateName::Ready, at_ms(10)).await;
    let claim = scene.claims(at_ms(10)).await.unwrap();
    let armed = || {
        let evidence = Evidence::first(at_ms(10), serde_json::json!({ "head": "bafy" }));
        under(change(&ready, Event::Armed { until: at_ms(20), evidence }), &claim)
    };
    let before = scene.kept(&ready.id).await;
    scene.ledger.set_held(&account.id, true).await.unwrap();
    assert_lost(scene.ledger.save(&armed()).await);
    scene.ledger.set_held(&account.id, false).await.unwrap();
    let fault = samples::fault("session_lost");
    scene.ledger.set_standing(&account.id, &Standing::NeedsReconnect { fault }, at_ms(10)).await.unwrap();
    assert_lost(scene.ledger.save(&armed()).await);
    assert_eq!(scene.kept(&ready.id).await, before);
    scene.ledger.set_standing(&account.id, &Standing::Active, at_ms(10)).await.unwrap();
    scene.ledger.save(&armed()).await.unwrap();
    assert_eq!(scene.ledger.delivery(&ready.id).await.unwrap().state.name(), StateName::Publishing);
}
