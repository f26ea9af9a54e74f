//! Delivering given posts now: what the command line does when a post has no time. Shares leases with a running engine,
//! so that whoever has the lane does the work, once.

use jiff::Timestamp;
use skein_domain::ports::{ClaimRequest, LedgerError};
use skein_domain::{Delivery, DeliveryId, State, StateName, Waiting};
use tokio_util::sync::CancellationToken;

use crate::{Engine, EngineError, later};

/// How often a lane that somebody else works on is looked at, in milliseconds.
const LOOK_EVERY_MS: i64 = 200;

/// How long whoever asks is ready to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For everything, in milliseconds.
    pub within_ms: i64,
    /// In all, as long as something is being uploaded, in milliseconds.
    pub uploading_within_ms: i64,
}

impl Engine {
    /// Works on these deliveries, and on what must be settled before them, until each is at rest or blocked, or nothing
    /// more can happen before the deadline. What is being uploaded moves the deadline on, up to the last one: whoever waits for a
    /// video sees it published too. Returns them as they stand then.
    pub async fn deliver(&self, ids: &[DeliveryId], patience: Patience) -> Result<Vec<Delivery>, EngineError> {
        let stop = CancellationToken::new();
        let began = self.now();
        let (mut deadline, last) = (later(began, patience.within_ms), later(began, patience.uploading_within_ms));
        loop {
            let mut next_look = Timestamp::MAX;
            let mut stand = Vec::with_capacity(ids.len());
            for id in ids {
                let mut delivery = self.ledger().delivery(id).await?;
                if !is_over(&delivery) {
                    let worked = self.work_for(&delivery, ids, &stop).await?;
                    delivery = self.ledger().delivery(id).await?;
                    next_look = next_look.min(self.look_at(&delivery, worked));
                }
                stand.push(delivery);
            }
            if stand.iter().any(is_uploading) {
                deadline = deadline.max(later(self.now(), patience.within_ms).min(last));
            }
            if stand.iter().all(is_over) || next_look > deadline || self.now() >= deadline {
                return Ok(stand);
            }
            self.parts.clock.sleep_until(next_look).await;
        }
    }

    async fn work_for(
        &self,
        delivery: &Delivery,
        ids: &[DeliveryId],
        stop: &CancellationToken,
    ) -> Result<bool, LedgerError> {
        let now = self.now();
        let lane = Some(delivery.lane.clone());
        let request = ClaimRequest { owner: self.parts.owner.clone(), now, until: self.lease_end(now), lane };
        match self.ledger().claim(&request).await? {
            Some(claim) => {
                self.work_lane(claim, Some(ids), stop).await?;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    fn look_at(&self, delivery: &Delivery, worked: bool) -> Timestamp {
        let soon = later(self.now(), LOOK_EVERY_MS);
        match delivery.state.wake_at() {
            Some(wake_at) if worked => wake_at.max(later(self.now(), 1)),
            _ => soon,
        }
    }
}

fn is_uploading(delivery: &Delivery) -> bool {
    matches!(&delivery.state, State::Scheduled { waiting: Some(Waiting::Uploading), .. })
}

fn is_over(delivery: &Delivery) -> bool {
    let name = delivery.state.name();
    name.is_at_rest() || name == StateName::Blocked
}
