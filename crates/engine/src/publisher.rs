//! The publisher: arms, waits for the instant, lets the one request go, and settles its answer.

use jiff::Timestamp;
use skein_domain::delivery::Stale;
use skein_domain::outcome::Obstacle;
use skein_domain::ports::ArmedStep;
use skein_domain::{
    Account, Category, Delivery, Event, Evidence, Fault, Outcome, Proof, Receipt, Settled, State, Waiting,
};

use crate::lane::{LaneError, LaneWork, past};
use crate::preparer::no_connector;
use crate::{later, ms_between, pace};

/// Tries to write down an answer before it is left to the rescuer, who will ask the platform.
const SETTLE_TRIES: u32 = 5;

impl LaneWork<'_> {
    /// Ready to an answer, or waiting with a reason.
    pub(crate) async fn publish(&mut self, delivery: Delivery, account: &Account) -> Result<(), LaneError> {
        if let Some(event) = self.why_not_now(&delivery).await? {
            self.note(&delivery, event).await?;
            return Ok(());
        }
        if let Some(stale) = self.staleness(&delivery) {
            return self.prepare_again(delivery, account, stale).await;
        }
        let (Some(connector), Some(prepared)) = (self.engine.connector(account), &delivery.prepared) else {
            self.note(&delivery, Event::Refused { fault: no_connector(account) }).await?;
            return Ok(());
        };
        match connector.arm(account, prepared, None).await {
            Ok(step) => {
                let now = self.engine.now();
                let evidence = Evidence::first(now, step.fence().clone());
                let until = self.engine.lease_end(now);
                let armed = self.note(&delivery, Event::Armed { until, evidence }).await?;
                self.engine.parts.clock.sleep_until(armed.due).await;
                self.let_go(armed, account, step).await
            }
            Err(Obstacle::Retry { at, fault }) => {
                let until = self.retry_at(at, &delivery);
                self.note(&delivery, Event::Waits { until, waiting: Waiting::Retry { fault } }).await?;
                Ok(())
            }
            Err(Obstacle::AuthLost(fault)) => self.stop_account(&delivery, account, fault).await,
            Err(Obstacle::Refused(fault)) => {
                self.note(&delivery, Event::Refused { fault }).await?;
                Ok(())
            }
        }
    }

    /// Lets an armed request go and settles its answer.
    pub(crate) async fn let_go(
        &mut self,
        delivery: Delivery,
        account: &Account,
        step: Box<dyn ArmedStep>,
    ) -> Result<(), LaneError> {
        let sent_at = self.engine.now();
        let outcome = step.send().await;
        let event = self.event_of(outcome, &delivery, sent_at);
        if let Event::AuthLost { fault, .. } = &event {
            self.note_lost_account(account, fault).await?;
        }
        let settled = self.settle(&delivery, event).await?;
        if matches!(settled.state, State::Preparing { .. }) {
            self.make_bytes(settled, account).await?;
        }
        Ok(())
    }

    /// An answer must not be lost because the disk is full for a moment.
    async fn settle(&self, delivery: &Delivery, event: Event) -> Result<Delivery, LaneError> {
        let mut tries = 0;
        loop {
            match self.note(delivery, event.clone()).await {
                Err(LaneError::Ledger(skein_domain::ports::LedgerError::Failed(reason))) if tries < SETTLE_TRIES => {
                    tracing::error!(delivery = %delivery.id, reason, "the answer could not be written down; trying again");
                    let pause = pace::retry_pause_ms(0, self.engine.parts.entropy.as_ref());
                    self.engine.parts.clock.sleep_until(later(self.engine.now(), pause)).await;
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    async fn why_not_now(&self, delivery: &Delivery) -> Result<Option<Event>, LaneError> {
        if delivery.attempts >= self.engine.settings().attempts_at_most {
            return Ok(Some(Event::Refused { fault: spent(delivery) }));
        }
        let earlier = self.ledger().unsettled(&self.claim.lane, &delivery.id).await?;
        Ok(earlier.map(|earlier| {
            let now = self.engine.now();
            let until = past(earlier.state.wake_at().unwrap_or(now).max(now));
            Event::Waits { until, waiting: Waiting::Unsettled { delivery: earlier.id } }
        }))
    }

    /// Bytes whose createdAt would lie by more than the bound are made anew; never those that may have been public.
    fn staleness(&self, delivery: &Delivery) -> Option<Stale> {
        let State::Ready { earlier: None, .. } = delivery.state else { return None };
        let now = self.engine.now();
        let stale_after_ms = self.engine.settings().stale_after_ms;
        let first = delivery.prepared.as_ref()?.first_created_at;
        let age_ms = ms_between(first, now);
        let late_by_ms = delivery.late_by_ms(now);
        (late_by_ms > stale_after_ms && age_ms > stale_after_ms).then_some(Stale::Late { late_by_ms })
    }

    fn event_of(&self, outcome: Outcome, delivery: &Delivery, sent_at: Timestamp) -> Event {
        let now = self.engine.now();
        let first_look = later(now, pace::first_look_ms());
        match outcome {
            Outcome::Published(proof) => {
                Event::Published { receipt: receipt_of(proof, delivery, Some(sent_at), now, Settled::Answered) }
            }
            Outcome::Accepted { look_at } => Event::Accepted { look_at },
            Outcome::Rejected(fault) => Event::Rejected { look_at: first_look, fault },
            Outcome::RetryAt { at, fault } => Event::Postponed { retry_at: self.retry_at(at, delivery), fault },
            Outcome::BlobGone(fault) => Event::BlobGone { until: self.engine.lease_end(now), fault },
            Outcome::AuthLost(fault) => {
                let wake_at = if earlier_unsettled(delivery) { first_look } else { delivery.grace_ends() };
                Event::AuthLost { wake_at, fault }
            }
            Outcome::Unknown(fault) => Event::ReplyLost { look_at: first_look, fault },
        }
    }
}

/// Whether this answer leaves open what became of an earlier request with the same bytes.
fn earlier_unsettled(delivery: &Delivery) -> bool {
    matches!(&delivery.state, State::Publishing { evidence, .. } if evidence.leaves_doubt())
}

/// The receipt of a delivery whose publication is certain.
pub(crate) fn receipt_of(
    proof: Proof,
    delivery: &Delivery,
    sent_at: Option<Timestamp>,
    settled_at: Timestamp,
    settled: Settled,
) -> Receipt {
    Receipt {
        records: proof.records,
        commit: proof.commit,
        rev: proof.rev,
        url: proof.url,
        due: delivery.due,
        sent_at,
        settled_at,
        lateness_ms: delivery.late_by_ms(sent_at.unwrap_or(settled_at)),
        attempts: delivery.attempts,
        settled,
    }
}

fn spent(delivery: &Delivery) -> Fault {
    Fault::new(
        "attempts_spent",
        Category::PlatformError,
        format!("It was tried {} times, and the platform processed none of them.", delivery.attempts),
    )
    .next("See what the platform said with `skein queue show`, then `skein queue retry`.")
}
