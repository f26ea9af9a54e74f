//! What the cases share: a ledger, samples, and the few steps that nearly every case begins with.

#![expect(clippy::needless_pass_by_value, reason = "a result that is asserted on is used up")]

use std::sync::Arc;

use jiff::Timestamp;
use skein_domain::ports::{Change, Claim, ClaimRequest, Guard, Ledger, LedgerError, RunLimits};
use skein_domain::story::Line;
use skein_domain::{Account, Delivery, DeliveryId, Event, Lane, StateName};

use crate::samples::{self, Samples, at_ms};

pub(super) struct Scene {
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) samples: Samples,
}

/// All that a refused write must leave as it was, but for the clock of the lane.
#[derive(Debug, PartialEq)]
pub(super) struct Kept {
    delivery: Delivery,
    story: Vec<Line>,
}

impl Scene {
    pub(super) fn new(ledger: Arc<dyn Ledger>) -> Self {
        Self { ledger, samples: Samples::new(20) }
    }

    pub(super) async fn account(&self, handle: &str) -> Account {
        self.ledger.connect_account(self.samples.new_account(handle)).await.unwrap()
    }

    /// Submits a post with one delivery in the state; due at `wake_at`, which is also its wake-up.
    pub(super) async fn submitted(&self, account: &Account, state: StateName, wake_at: Timestamp) -> Delivery {
        self.submitted_due(account, state, wake_at, wake_at).await
    }

    pub(super) async fn submitted_due(
        &self,
        account: &Account,
        state: StateName,
        wake_at: Timestamp,
        due: Timestamp,
    ) -> Delivery {
        let post = self.samples.post(&["A goose."], due);
        let delivery = samples::in_state(self.samples.delivery(&post, account), state, wake_at);
        self.ledger.submit(&post, std::slice::from_ref(&delivery), &[], &[]).await.unwrap();
        delivery
    }

    /// Claims whatever is due; the lease holds for a minute.
    pub(super) async fn claims(&self, now: Timestamp) -> Option<Claim> {
        self.ledger.claim(&request(now, None)).await.unwrap()
    }

    /// Claims the lane; the lease holds for a minute.
    pub(super) async fn claims_lane(&self, lane: &Lane, now: Timestamp) -> Option<Claim> {
        self.ledger.claim(&request(now, Some(lane.clone()))).await.unwrap()
    }

    /// The ids of a claimed lane's run.
    pub(super) async fn run(
        &self,
        claim: &Claim,
        now: Timestamp,
        at_most: usize,
        only: Option<&[&DeliveryId]>,
    ) -> Vec<DeliveryId> {
        let only = only.map(|only| only.iter().copied().cloned().collect());
        let run = self.ledger.due_run(claim, now, &RunLimits { at_most, only }).await.unwrap();
        run.into_iter().map(|delivery| delivery.id).collect()
    }

    pub(super) async fn kept(&self, id: &DeliveryId) -> Kept {
        Kept { delivery: self.ledger.delivery(id).await.unwrap(), story: self.ledger.story(id).await.unwrap() }
    }

    /// The clock of a lane that nobody holds at the instant.
    pub(super) async fn clock(&self, lane: &Lane, now: Timestamp) -> Option<Timestamp> {
        let claim = self.claims_lane(lane, now).await.unwrap();
        self.ledger.release(&claim).await.unwrap();
        claim.last_created_at
    }
}

/// A request for a lease that holds for a minute.
pub(super) fn request(now: Timestamp, lane: Option<Lane>) -> ClaimRequest {
    ClaimRequest { owner: "worker-1".to_owned(), now, until: minute_after(now), lane }
}

pub(super) fn minute_after(now: Timestamp) -> Timestamp {
    now + jiff::SignedDuration::from_secs(60)
}

/// The change that an event makes, with its line of the story, under no guard but the version. All of it is written, whatever a test
/// makes of it.
pub(super) fn change(delivery: &Delivery, event: Event) -> Change {
    let line = Line { delivery: delivery.id.clone(), at: at_ms(1), event: event.clone() };
    Change { is_step: false, ..Change::between(delivery, delivery.after(event).unwrap(), vec![line]) }
}

/// A change that every open delivery can take.
pub(super) fn cancel(delivery: &Delivery) -> Change {
    change(delivery, Event::Canceled)
}

/// A change that puts the delivery in a state, whatever its state was.
pub(super) fn put_in(delivery: &Delivery, state: StateName, wake_at: Timestamp) -> Change {
    let mut next = samples::in_state(delivery.clone(), state, wake_at);
    next.version += 1;
    Change { is_step: false, ..Change::between(delivery, next, Vec::new()) }
}

pub(super) fn under(mut change: Change, claim: &Claim) -> Change {
    change.guard = Guard::Lane { lane: claim.lane.clone(), token: claim.token };
    change
}

#[track_caller]
pub(super) fn assert_lost<T: std::fmt::Debug>(result: Result<T, LedgerError>) {
    assert!(matches!(result, Err(LedgerError::Lost)), "expected Lost, got {result:?}");
}

#[track_caller]
pub(super) fn assert_invalid<T: std::fmt::Debug>(result: Result<T, LedgerError>) {
    assert!(matches!(result, Err(LedgerError::Invalid(_))), "expected Invalid, got {result:?}");
}

#[track_caller]
pub(super) fn assert_not_found<T: std::fmt::Debug>(result: Result<T, LedgerError>) {
    assert!(matches!(result, Err(LedgerError::NotFound(_))), "expected NotFound, got {result:?}");
}
