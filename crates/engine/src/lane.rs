//! One claimed lane: its deliveries are taken one act further, one after the other, until nothing is due or the lease
//! is gone. The rescuer lives here too: whatever is being prepared or published in a lane that was free to claim has
//! lost its worker.

use jiff::Timestamp;
use skein_domain::delivery::NotAllowed;
use skein_domain::ports::{Change, Claim, Figures, Guard, LeaseStep, Ledger, LedgerError, RunLimits};
use skein_domain::story::Line;
use skein_domain::{Account, Category, Delivery, DeliveryId, Event, Fault, Platform, Prepared, Standing, State, Stop};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use crate::publisher::TakenUp;
use crate::turns::{HOLDS_FOR_ACTS, Known, grace_with_limits};
use crate::{Engine, later};

/// A bound on the acts within one claim, so that nothing can spin for ever; what is left is claimed again.
const ACTS_AT_MOST: usize = 10_000;

/// Why work on a lane ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LaneError {
    /// Somebody else has the lane now, or changed the delivery first.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The engine asked for a step that the state does not allow: a defect, told rather than hidden.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
}

/// A claimed lane, and how to write under its claim.
pub(crate) struct LaneWork<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) claim: Claim,
    /// What holds for the next acts, as long as each is made ready or published.
    pub(crate) known: Known,
    /// Whether the lane's clock may stand elsewhere than the claim says: then the lane is given back, to be read anew.
    is_stale: bool,
}

/// A lease that is counted as held until this is dropped.
struct CountedLease<'a>(&'a dyn Figures);

impl<'a> CountedLease<'a> {
    fn taken(figures: &'a dyn Figures) -> Self {
        figures.lease(LeaseStep::Taken);
        Self(figures)
    }
}

impl Drop for CountedLease<'_> {
    fn drop(&mut self) {
        self.0.lease(LeaseStep::Ended);
    }
}

impl Engine {
    /// Works on a claimed lane until nothing is due there, then gives it back. Returns how many acts were done.
    pub(crate) async fn work_lane(
        &self,
        claim: Claim,
        only: Option<&[DeliveryId]>,
        stop: &CancellationToken,
    ) -> Result<usize, LedgerError> {
        let counted = CountedLease::taken(self.figures.as_ref());
        let mut lane = LaneWork { engine: self, claim: claim.clone(), known: Known::default(), is_stale: false };
        let done = tokio::select! {
            biased;
            done = Box::pin(lane.acts(only, stop)) => done,
            lost = self.keep_lease(&claim) => Err(lost),
        };
        match done {
            Err(LedgerError::Lost) => {
                counted.0.lease(LeaseStep::Lost);
                tracing::warn!(lane = %claim.lane, "the lease was lost; another worker goes on");
                Ok(0)
            }
            Ok(acts) => {
                self.ledger().release(&claim).await?;
                Ok(acts)
            }
            Err(error) => {
                counted.0.lease(LeaseStep::Failed);
                // What fails at once would otherwise be tried again at once, for ever.
                let soon = later(self.now(), self.settings().look_every_ms);
                if let Err(error) = self.ledger().renew(&claim, soon).await {
                    tracing::warn!(lane = %claim.lane, %error, "the lease is left to run out");
                }
                Err(error)
            }
        }
    }

    /// Renews a lease for as long as it is ours. Returns only when it is not.
    async fn keep_lease(&self, claim: &Claim) -> LedgerError {
        loop {
            self.parts.clock.pause(self.settings().lease_ms / 3).await;
            match self.ledger().renew(claim, self.lease_end(self.now())).await {
                Ok(()) => self.figures.lease(LeaseStep::Renewed),
                Err(LedgerError::Lost) => return LedgerError::Lost,
                // The lease still holds for two thirds of its time, and the next renewal may succeed.
                Err(error) => tracing::warn!(lane = %claim.lane, %error, "the lease could not be renewed"),
            }
        }
    }
}

impl LaneWork<'_> {
    async fn acts(&mut self, only: Option<&[DeliveryId]>, stop: &CancellationToken) -> Result<usize, LedgerError> {
        let limits = RunLimits { at_most: self.engine.settings().run_at_most, only: only.map(<[DeliveryId]>::to_vec) };
        let (mut done, mut asked_at) = (0, 0);
        while done < ACTS_AT_MOST {
            let run = self.ledger().due_run(&self.claim, self.engine.now(), &limits).await?;
            if run.is_empty() {
                break;
            }
            if done + run.len() > asked_at + HOLDS_FOR_ACTS {
                self.known = std::mem::take(&mut self.known).asked_anew();
                asked_at = done;
            }
            for delivery in run {
                if stop.is_cancelled() {
                    return Ok(done);
                }
                self.act_in_span(delivery).await?;
                done += 1;
                if self.is_stale {
                    return Ok(done);
                }
            }
        }
        Ok(done)
    }

    /// One act. What is logged during it, here and below, carries the ids of the delivery.
    async fn act_in_span(&mut self, delivery: Delivery) -> Result<(), LedgerError> {
        let span = span_of(&delivery);
        self.act_or_yield(delivery).instrument(span).await
    }

    /// That somebody else changed the delivery first is no error as long as the lane is ours.
    async fn act_or_yield(&mut self, delivery: Delivery) -> Result<(), LedgerError> {
        let id = delivery.id.clone();
        match Box::pin(self.act(delivery)).await {
            Ok(()) => Ok(()),
            Err(LaneError::Ledger(LedgerError::Lost)) => {
                tracing::debug!("changed by somebody else meanwhile");
                let until = self.engine.lease_end(self.engine.now());
                self.ledger().renew(&self.claim, until).await
            }
            Err(LaneError::Ledger(error @ (LedgerError::NotFound(_) | LedgerError::Invalid(_)))) => {
                self.set_aside(&id, &error.to_string()).await
            }
            Err(LaneError::Ledger(error)) => Err(error),
            Err(LaneError::NotAllowed(error)) => self.set_aside(&id, &error.to_string()).await,
        }
    }

    /// A delivery that cannot be worked on must not stop its lane: it fails, or goes to a person if it was sent.
    async fn set_aside(&self, id: &DeliveryId, why: &str) -> Result<(), LedgerError> {
        tracing::error!(why, "this delivery cannot be worked on and is set aside");
        let delivery = self.ledger().delivery(id).await?;
        let fault = cannot_go_on(why);
        let refused = Event::Refused { fault: fault.clone() };
        let event =
            if delivery.after(refused.clone()).is_ok() { refused } else { Event::Unknowable { review: fault.into() } };
        match self.note(&delivery, event).await {
            Ok(_) => Ok(()),
            Err(LaneError::Ledger(error)) => Err(error),
            Err(LaneError::NotAllowed(error)) => Err(LedgerError::Invalid(error.to_string())),
        }
    }

    async fn act(&mut self, delivery: Delivery) -> Result<(), LaneError> {
        let now = self.engine.now();
        let known = std::mem::take(&mut self.known);
        match &delivery.state {
            State::Preparing { .. } => {
                self.note(&delivery, Event::LeaseLost { at: now }).await?;
            }
            State::Publishing { .. } => {
                let settling = self.note(&delivery, Event::LeaseLost { at: now }).await?;
                Box::pin(self.look(settling)).await?;
            }
            State::Settling { .. } => Box::pin(self.look(delivery)).await?,
            State::Scheduled { .. } | State::Ready { .. } | State::Blocked { .. } => {
                Box::pin(self.open_act(delivery, now, known)).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn open_act(&mut self, delivery: Delivery, now: Timestamp, known: Known) -> Result<(), LaneError> {
        let leaves_before = grace_with_limits(&delivery);
        if now >= leaves_before {
            return self.miss(&delivery).await;
        }
        if matches!(delivery.state, State::Blocked { .. }) {
            return Ok(());
        }
        // Taken here: once its bytes are made, it no longer says what went wrong before.
        let failed = delivery.failed_last().cloned();
        if let Some(fault) = failed.as_ref().and_then(|fault| delivery.ended_by_policy(fault, now)) {
            self.note(&delivery, Event::Refused { fault }).await?;
            return Ok(());
        }
        let account = match known.account_of(&delivery) {
            Some(account) => account,
            None => self.ledger().account(&delivery.account).await?,
        };
        if let Some(stop) = stop_of(&account) {
            let wake_at = delivery.grace_ends();
            self.note(&delivery, Event::Stopped { stop, wake_at }).await?;
            return Ok(());
        }
        if !matches!(delivery.state, State::Scheduled { .. }) {
            let taken_up = TakenUp { delivery, leaves_before, failed };
            return self.publish(taken_up, &account, known).await;
        }
        match self.prepare(delivery, &account).await? {
            // Its time has come: it must not be overtaken by one that is due after it and was ready before it.
            Some(delivery) if self.engine.now() >= Delivery::arm_at(delivery.due) => {
                self.publish(TakenUp { delivery, leaves_before, failed }, &account, known).await
            }
            Some(_) => {
                self.known = known.of_prepared(&account);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Its grace is over, and it has not left.
    pub(crate) async fn miss(&self, delivery: &Delivery) -> Result<(), LaneError> {
        let late_by_ms = delivery.late_by_ms(self.engine.now());
        self.note(delivery, Event::PastGrace { late_by_ms }).await?;
        Ok(())
    }

    pub(crate) fn ledger(&self) -> &dyn Ledger {
        self.engine.ledger()
    }

    /// That the lane is still ours.
    fn guard(&self) -> Guard {
        Guard::Lane { lane: self.claim.lane.clone(), token: self.claim.token }
    }

    /// Writes an event under the claim, and returns the delivery as it is now.
    pub(crate) async fn note(&self, delivery: &Delivery, event: Event) -> Result<Delivery, LaneError> {
        let next = delivery.after(event.clone())?;
        // On the heap, so that a thousand lanes that wait for their turn do not each have the room for it.
        Box::pin(self.save(delivery, next, event, None)).await
    }

    /// Writes an event that is no news, so it is no line of the story.
    pub(crate) async fn note_quietly(&self, delivery: &Delivery, event: Event) -> Result<Delivery, LaneError> {
        let next = delivery.after(event)?;
        let change = Change { guard: self.guard(), ..Change::between(delivery, next, Vec::new()) };
        self.ledger().save(&change).await?;
        Ok(change.delivery)
    }

    /// Writes the frozen bytes and moves the lane's clock, in one transaction.
    pub(crate) async fn freeze(
        &mut self,
        delivery: &Delivery,
        prepared: Prepared,
        event: Event,
    ) -> Result<Delivery, LaneError> {
        let mut next = delivery.after(event.clone())?;
        let moved_to = prepared.last_created_at;
        next.prepared = Some(prepared);
        // A lane clock that is ahead because this machine's clock once was stays where it is: it only ever moves forward.
        let clock = self.claim.last_created_at;
        let moves = clock.is_none_or(|last| moved_to > last);
        let saved = self.save(delivery, next, event, moves.then_some((clock, moved_to))).await;
        match &saved {
            Ok(_) if moves => self.claim.last_created_at = Some(moved_to),
            Ok(_) => {}
            Err(_) => self.is_stale = true,
        }
        saved
    }

    async fn save(
        &self,
        was: &Delivery,
        next: Delivery,
        event: Event,
        lane_clock: Option<(Option<Timestamp>, Timestamp)>,
    ) -> Result<Delivery, LaneError> {
        let line = Line { delivery: next.id.clone(), at: self.engine.now(), event };
        let change = Change { guard: self.guard(), lane_clock, ..Change::between(was, next, vec![line]) };
        self.ledger().save(&change).await?;
        for line in &change.story {
            self.engine.figures.happened(&change.delivery, &line.event);
        }
        if matches!(change.delivery.state, State::Failed { .. } | State::Missed { .. } | State::NeedsReview { .. }) {
            self.engine.news.notify_one();
        }
        tracing::info!(from = was.state.name().as_str(), to = change.delivery.state.name().as_str(), "delivery");
        Ok(change.delivery)
    }
}

/// Of the highest level, so that it is there wherever `skein_engine` is logged at all: it is no line by itself.
fn span_of(delivery: &Delivery) -> Span {
    tracing::error_span!(
        "delivery",
        delivery = %delivery.id,
        post = %delivery.post,
        account = %delivery.account,
        platform = delivery.lane.platform().map(Platform::as_str),
        attempt = delivery.attempts,
    )
}

fn cannot_go_on(why: &str) -> Fault {
    Fault::new("cannot_go_on", Category::SystemError, format!("It cannot be worked on: {why}."))
        .next("If its account was removed, connect it again and submit the post anew.")
}

fn stop_of(account: &Account) -> Option<Stop> {
    if account.held {
        return Some(Stop::Held);
    }
    match &account.standing {
        Standing::Active => None,
        Standing::NeedsReconnect { fault } => Some(Stop::Account { fault: fault.clone() }),
    }
}

/// A moment after an instant: when what holds until then no longer does.
pub(crate) fn past(instant: Timestamp) -> Timestamp {
    later(instant, 1)
}
