//! The publisher: arms, waits for the instant, lets the one request go, and settles its answer.

use jiff::Timestamp;
use skein_domain::delivery::Stale;
use skein_domain::outcome::Obstacle;
use skein_domain::ports::{ArmedStep, FenceFrom};
use skein_domain::{
    Account, Category, Delivery, Event, Evidence, Fault, Outcome, Proof, Receipt, Settled, State, Waiting,
};

use crate::hosts::{Place, Turn};
use crate::lane::{LaneError, LaneWork};
use crate::preparer::no_connector;
use crate::turns::Known;
use crate::{later, ms_between, pace};

/// A request that would leave so long after its instant was held up by a stopped process, not by its turn; milliseconds.
const OVERSLEPT_MS: i64 = 2_000;

/// How long what is armed waits for a place among the requests at its host, in milliseconds.
const PLACE_WITHIN_MS: i64 = 2_000;

/// Attempts that may follow each other at once, and how much longer each further one waits, in milliseconds.
const AT_ONCE_AT_MOST: u32 = 3;
const AGAIN_STEP_MS: i64 = 500;

/// How much longer each further write waits whose uploads were gone, in milliseconds.
const BLOB_GONE_STEP_MS: i64 = 2_000;

/// Tries to write down an answer before it is left to the rescuer, who will ask the platform.
const SETTLE_TRIES: u32 = 5;

/// How long after it could leave a request leaves: more than a moment means that the process was stopped in between.
fn overslept_ms(delivery: &Delivery, sent_at: Timestamp) -> i64 {
    let ready_at = match &delivery.state {
        State::Publishing { evidence, .. } => delivery.due.max(evidence.last_armed_at),
        _ => delivery.due,
    };
    ms_between(ready_at, sent_at)
}

/// A delivery that is Ready, and what was known of it when this act began.
pub(crate) struct TakenUp {
    pub(crate) delivery: Delivery,
    /// When it is missed.
    pub(crate) leaves_before: Timestamp,
    /// What went wrong the last time, while it was prepared or after that.
    pub(crate) failed: Option<Fault>,
}

impl LaneWork<'_> {
    /// Ready to an answer, or waiting with a reason.
    pub(crate) async fn publish(
        &mut self,
        TakenUp { delivery, leaves_before, failed }: TakenUp,
        account: &Account,
        mut known: Known,
    ) -> Result<(), LaneError> {
        if let Some(event) = self.why_not_now(&delivery, &mut known).await? {
            self.note(&delivery, event).await?;
            return Ok(());
        }
        if let Some(behind) = self.limited_before(&delivery, &mut known).await? {
            return self.waits_its_turn(&delivery, behind).await;
        }
        let delivery = match self.staleness(&delivery) {
            None => delivery,
            // What is new leaves at once: it is late already, and may be past a grace that only a limit has prolonged.
            Some(stale) => match self.prepare_again(delivery, account, stale).await? {
                Some(fresh) => fresh,
                None => return Ok(()),
            },
        };
        let (Some(connector), Some(prepared)) = (self.engine.connector(account, &delivery), &delivery.prepared) else {
            self.note(&delivery, Event::Refused { fault: no_connector(account) }).await?;
            return Ok(());
        };
        // What is late queues before it is armed: until then it can be held and canceled.
        let is_late = self.engine.now() >= delivery.due;
        let turn = if is_late { self.engine.sends.turn(&account.host).await } else { None };
        // What may have been public before is sent on nothing but how the platform stands now.
        let is_pinned = matches!(delivery.state, State::Ready { earlier: Some(_), .. });
        let receipt = known.last_receipt(self.engine.now()).filter(|_| !is_pinned);
        let fence = receipt.map_or(FenceFrom::Platform, FenceFrom::Receipt);
        // Only a question needs a place.
        let place = if fence == FenceFrom::Platform { self.engine.arms.place(&account.host).await } else { None };
        // Asked after all that it may have queued for: what is armed now is tried now.
        if let Some(fault) = failed.and_then(|fault| delivery.ended_by_policy(&fault, self.engine.now())) {
            self.note(&delivery, Event::Refused { fault }).await?;
            return Ok(());
        }
        let armed = connector.arm(account, prepared, fence).await;
        drop(place);
        if self.engine.now() >= leaves_before {
            return self.miss(&delivery).await;
        }
        match armed.map_err(|obstacle| self.by_policy(&delivery, obstacle)) {
            Ok(step) => {
                let now = self.engine.now();
                let evidence = Evidence::first(now, step.fence().clone());
                let until = self.engine.lease_end(now);
                let armed = self.note(&delivery, Event::Armed { until, evidence }).await?;
                self.engine.parts.clock.sleep_until(armed.due).await;
                if let State::Published { receipt } = self.let_go(armed, account, step, (turn, leaves_before)).await? {
                    self.known = known.of_published(account, receipt);
                }
                Ok(())
            }
            Err(Obstacle::Retry { at, fault }) => {
                let until = self.retry_at(at, &fault, &delivery, Delivery::arm_at(delivery.due));
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

    /// Lets an armed request go, if it still leaves in time, and settles its answer. Returns what became of the delivery.
    pub(crate) async fn let_go(
        &mut self,
        delivery: Delivery,
        account: &Account,
        step: Box<dyn ArmedStep>,
        (turn, leaves_before): (Option<Turn>, Timestamp),
    ) -> Result<State, LaneError> {
        let Some(placed) = self.place_to_send(account, turn).await else {
            self.engine.sends.crowded(&account.host);
            return self.not_sent(&delivery, crowded()).await;
        };
        let sent_at = self.engine.now();
        if sent_at >= leaves_before {
            return self.not_sent(&delivery, overslept()).await;
        }
        if overslept_ms(&delivery, sent_at) > OVERSLEPT_MS {
            // The process was stopped for a while. Whether the lane is still ours is asked before anything leaves.
            self.ledger().renew(&self.claim, self.engine.lease_end(sent_at)).await?;
        }
        let outcome = step.send().await;
        drop(placed);
        let took_ms = ms_between(sent_at, self.engine.now());
        self.engine.sends.answered(&account.host, took_ms, matches!(outcome, Outcome::Published(_)));
        let event = self.event_of(outcome, &delivery, sent_at);
        let (lost, blob_gone) = match &event {
            Event::AuthLost { fault, .. } => (Some(fault.clone()), None),
            Event::BlobGone { fault, .. } => (None, Some(fault.clone())),
            _ => (None, None),
        };
        let settled = self.settle(&delivery, event).await?;
        if let Some(fault) = lost {
            self.note_lost_account(account, &fault).await?;
        }
        if let (Some(fault), State::Preparing { .. }) = (blob_gone, &settled.state) {
            if let Some(fault) = settled.ended_by_policy(&fault, self.engine.now()) {
                return Ok(self.note(&settled, Event::Refused { fault }).await?.state);
            }
            // Back to where uploads begin: at once the first time, later when the platform keeps losing them.
            let pause = i64::from(settled.attempts.saturating_sub(1)) * BLOB_GONE_STEP_MS;
            let retry_at = later(self.engine.now(), pause).min(settled.grace_ends());
            return Ok(self.note(&settled, Event::PrepareFailed { retry_at, fault }).await?.state);
        }
        Ok(settled.state)
    }

    /// The place that it has, or one that becomes free soon: what is armed must not queue for long, since nobody can hold it any more.
    async fn place_to_send(&self, account: &Account, turn: Option<Turn>) -> Option<Place> {
        let _until_placed = match turn.map(Turn::placed) {
            Some(Ok(place)) => return Some(place),
            Some(Err(turn)) => Some(turn),
            None => None,
        };
        tokio::select! {
            biased;
            place = self.engine.sends.place(&account.host) => place,
            () = self.engine.parts.clock.pause(PLACE_WITHIN_MS) => None,
        }
    }

    /// An armed request that did not leave.
    async fn not_sent(&self, delivery: &Delivery, fault: Fault) -> Result<State, LaneError> {
        let event = self.event_of(Outcome::RetryAt { at: None, fault }, delivery, self.engine.now());
        Ok(self.settle(delivery, event).await?.state)
    }

    /// An answer must not be lost because the disk is full for a moment.
    async fn settle(&self, delivery: &Delivery, event: Event) -> Result<Delivery, LaneError> {
        let mut tries = 0;
        loop {
            match self.note(delivery, event.clone()).await {
                Err(LaneError::Ledger(skein_domain::ports::LedgerError::Failed(reason))) if tries < SETTLE_TRIES => {
                    tracing::error!(reason, "the answer could not be written down; trying again");
                    let pause = pace::retry_pause_ms(0, self.engine.parts.entropy.as_ref());
                    self.engine.parts.clock.sleep_until(later(self.engine.now(), pause)).await;
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    async fn why_not_now(&self, delivery: &Delivery, known: &mut Known) -> Result<Option<Event>, LaneError> {
        if delivery.attempts >= self.engine.settings().attempts_at_most {
            return Ok(Some(Event::Refused { fault: spent(delivery) }));
        }
        self.unsettled_before(delivery, known).await
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
        let first_look = later(now, pace::first_look_pause_ms(resends(delivery)));
        match outcome {
            Outcome::Published(proof) => {
                Event::Published { receipt: receipt_of(proof, delivery, Some(sent_at), now, Settled::Answered) }
            }
            Outcome::Accepted { look_at } => Event::Accepted { look_at },
            Outcome::Rejected(fault) => Event::Rejected { look_at: first_look, fault },
            Outcome::RetryAt { fault, .. } if let Some(ended) = delivery.ended_by_policy(&fault, now) => {
                Event::Rejected { look_at: first_look, fault: ended }
            }
            Outcome::RetryAt { at, fault } => {
                let at = at.map(|at| at.max(later(now, again_pause_ms(delivery.attempts))));
                let retry_at = self.retry_at(at, &fault, delivery, Delivery::arm_at(delivery.due));
                Event::Postponed { retry_at, look_at: first_look, fault }
            }
            Outcome::BlobGone(fault) => Event::BlobGone { until: self.engine.lease_end(now), fault },
            Outcome::AuthLost(fault) => {
                let wake_at = if earlier_unsettled(delivery) { first_look } else { delivery.grace_ends() };
                Event::AuthLost { wake_at, fault }
            }
            Outcome::Unknown(fault) => Event::ReplyLost { sent_at, look_at: first_look, fault },
        }
    }
}

/// How often the same bytes were sent again.
fn resends(delivery: &Delivery) -> u32 {
    match &delivery.state {
        State::Publishing { evidence, .. } => evidence.resends,
        _ => 0,
    }
}

/// What may be sent again at once is, for the first few times; on a busy account the head may move again and again.
fn again_pause_ms(attempts: u32) -> i64 {
    i64::from(attempts.saturating_sub(AT_ONCE_AT_MOST)) * AGAIN_STEP_MS
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

fn crowded() -> Fault {
    Fault::new(
        "host_busy",
        Category::PlatformError,
        "Its server is slow to answer the requests before this one, so it was not sent yet.",
    )
}

fn overslept() -> Fault {
    Fault::new(
        "overslept",
        Category::SystemError,
        "The process was stopped while this waited for its instant, so it was not sent.",
    )
}

fn spent(delivery: &Delivery) -> Fault {
    Fault::new(
        "attempts_spent",
        Category::PlatformError,
        format!("It was tried {} times, and the platform processed none of them.", delivery.attempts),
    )
    .next("See what the platform said with `skein queue show`, then `skein queue retry`.")
}
