//! The preparer: verifies what was looked up at submission, allots createdAt and addresses, and freezes the bytes.

use jiff::Timestamp;
use skein_domain::delivery::Stale;
use skein_domain::outcome::Obstacle;
use skein_domain::policy::is_failure;
use skein_domain::ports::Stamp;
use skein_domain::{Account, Category, Delivery, Event, Fault, Standing, Stop};

use crate::lane::{LaneError, LaneWork};
use crate::turns::{end_of_limits, is_within_reach};
use crate::{later, ms_between, pace};

/// How far the createdAt of the last post may lie ahead of now and still be followed, in milliseconds. Bytes are frozen half a
/// minute ahead; more than this comes from a clock that was wrong.
const LANE_CLOCK_AHEAD_MS: i64 = 600_000;

/// Shortly before the instant, preparing is tried at least so often: a hiccup must not make a post late.
const LONGEST_PAUSE_AHEAD_MS: i64 = 5_000;

impl LaneWork<'_> {
    /// Scheduled to Ready, or back with a reason. Returns it where it is Ready.
    pub(crate) async fn prepare(
        &mut self,
        delivery: Delivery,
        account: &Account,
    ) -> Result<Option<Delivery>, LaneError> {
        let Some(connector) = self.engine.connector(account, &delivery) else {
            self.note(&delivery, Event::Refused { fault: no_connector(account) }).await?;
            return Ok(None);
        };
        if !self.is_uploaded(&delivery, account, &connector).await? {
            return Ok(None);
        }
        let owner = self.engine.parts.owner.clone();
        let until = self.engine.lease_end(self.engine.now());
        let preparing = self.note(&delivery, Event::Claimed { owner, until }).await?;
        self.make_bytes(preparing, account).await
    }

    /// Ready to Preparing and on to Ready, with new bytes; nothing when they could not be made.
    pub(crate) async fn prepare_again(
        &mut self,
        delivery: Delivery,
        account: &Account,
        stale: Stale,
    ) -> Result<Option<Delivery>, LaneError> {
        let until = self.engine.lease_end(self.engine.now());
        let preparing = self.note(&delivery, Event::WentStale { until, stale }).await?;
        self.make_bytes(preparing, account).await
    }

    /// Makes and freezes the bytes of a delivery that is Preparing.
    pub(crate) async fn make_bytes(
        &mut self,
        delivery: Delivery,
        account: &Account,
    ) -> Result<Option<Delivery>, LaneError> {
        let Some(connector) = self.engine.connector(account, &delivery) else {
            self.note(&delivery, Event::Refused { fault: no_connector(account) }).await?;
            return Ok(None);
        };
        let stamp = self.stamp(&delivery);
        let made = {
            let _place = self.engine.asks.place(&account.host).await;
            connector.prepare(account, &delivery.content, stamp).await
        };
        match made.map_err(|obstacle| self.by_policy(&delivery, obstacle)) {
            Ok(prepared) => {
                let wake_at = Delivery::arm_at(delivery.due);
                let event = Event::Frozen { wake_at, records: prepared.records.len() };
                return self.freeze(&delivery, prepared, event).await.map(Some);
            }
            Err(Obstacle::Retry { at, fault }) => {
                let retry_at = self.retry_at(at, &fault, &delivery, delivery.prepare_at());
                self.note(&delivery, Event::PrepareFailed { retry_at, fault }).await?;
            }
            Err(Obstacle::AuthLost(fault)) => self.stop_account(&delivery, account, fault).await?,
            Err(Obstacle::Refused(fault)) => {
                self.note(&delivery, Event::Refused { fault }).await?;
            }
        }
        Ok(None)
    }

    /// createdAt is the due instant, or the present when it is more than a minute late, but always after the last one
    /// of the lane: equal instants make posts vanish from author feeds. Whole milliseconds, as the official app writes.
    fn stamp(&self, delivery: &Delivery) -> Stamp {
        let now = self.engine.now();
        let late = delivery.late_by_ms(now) > self.engine.settings().stale_after_ms;
        let wanted = whole_ms(if late { now } else { delivery.due });
        let first_created_at = match self.claim.last_created_at {
            Some(last) if ms_between(wanted.max(now), last) <= LANE_CLOCK_AHEAD_MS => {
                wanted.max(whole_ms(later(last, 1)))
            }
            Some(last) => {
                tracing::warn!(lane = %self.claim.lane, %last, "an earlier post was dated far ahead of now; it is not followed");
                wanted
            }
            None => wanted,
        };
        let mut bytes = [0_u8; 2];
        self.engine.parts.entropy.fill(&mut bytes);
        Stamp { first_created_at, clock_id: u16::from_le_bytes(bytes) & 0x3ff, frozen_at: now }
    }

    /// The same obstacle; or, where the policy of the delivery says that this is the end, one that ends it.
    pub(crate) fn by_policy(&self, delivery: &Delivery, obstacle: Obstacle) -> Obstacle {
        match obstacle {
            Obstacle::Retry { at, fault } => match delivery.ended_by_policy(&fault, self.engine.now()) {
                Some(ended) => Obstacle::Refused(ended),
                None => Obstacle::Retry { at, fault },
            },
            other => other,
        }
    }

    /// When to try again: when the platform said, or after a pause that grows with how long it has been failing, counted
    /// from when such a step is first taken. Never past the grace, whose end is to be told when it comes, but for a limit of
    /// the platform that ends soon after it.
    pub(crate) fn retry_at(
        &self,
        at: Option<Timestamp>,
        fault: &Fault,
        delivery: &Delivery,
        first_taken: Timestamp,
    ) -> Timestamp {
        let now = self.engine.now();
        if let Some(at) = at.filter(|_| fault.category == Category::RateLimit) {
            if is_within_reach(delivery, at) {
                return at.max(now);
            }
            // Kept beyond its grace by limits alone, it would be looked at again and again until the last of them ends.
            if now >= delivery.grace_ends() {
                return end_of_limits(delivery).max(now);
            }
        }
        let began = first_taken.max(delivery.submitted_at);
        let pause = pace::retry_pause_ms(ms_between(began, now), self.engine.parts.entropy.as_ref());
        let is_close = (delivery.freeze_at()..delivery.due).contains(&now);
        let pause = if is_close { pause.min(LONGEST_PAUSE_AHEAD_MS) } else { pause };
        let told_at = last_try(delivery, fault).filter(|end| *end > now);
        at.unwrap_or_else(|| later(now, pause)).min(told_at.unwrap_or_else(|| delivery.grace_ends())).max(now)
    }

    /// The account cannot write: it is noted on the account, and this delivery waits for its person.
    pub(crate) async fn stop_account(
        &self,
        delivery: &Delivery,
        account: &Account,
        fault: Fault,
    ) -> Result<(), LaneError> {
        self.note_lost_account(account, &fault).await?;
        let wake_at = delivery.grace_ends();
        self.note(delivery, Event::Stopped { stop: Stop::Account { fault }, wake_at }).await?;
        Ok(())
    }

    pub(crate) async fn note_lost_account(&self, account: &Account, fault: &Fault) -> Result<(), LaneError> {
        let standing = Standing::NeedsReconnect { fault: fault.clone() };
        self.ledger().set_standing(&account.id, &standing, self.engine.now()).await?;
        self.engine.news.notify_one();
        tracing::warn!(account = %account.id, code = fault.code, "the account cannot write any more");
        Ok(())
    }
}

/// The end that is to be told when it comes: of its tries, if its policy bounds them, or of its grace.
fn last_try(delivery: &Delivery, fault: &Fault) -> Option<Timestamp> {
    let until = delivery.tried_until().filter(|_| is_failure(fault))?;
    Some(until.min(delivery.grace_ends()))
}

fn whole_ms(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

pub(crate) fn no_connector(account: &Account) -> Fault {
    Fault::new(
        "no_connector",
        skein_domain::Category::SystemError,
        format!("This program cannot publish to {}.", account.platform),
    )
    .next("Update Skein on every machine that runs it.")
}
