//! Changing what was submitted: moving and canceling, until it is armed. Whoever is first wins; the other is told.

use jiff::tz::TimeZone;
use skein_domain::ports::{Change, LedgerError, QueueFilter};
use skein_domain::story::Line;
use skein_domain::when::parse_when;
use skein_domain::{Delivery, DeliveryId, Event, Fault, PostId, StateName};

use crate::submit::time_fault;
use crate::{CHANGE_TRIES, Found, Intake, IntakeError};

impl Intake {
    /// Cancels every delivery of a post that can still be stopped. Refused when none can.
    pub async fn cancel(&self, found: &Found) -> Result<Vec<Delivery>, IntakeError> {
        self.change_all(found, "canceled", |_| Event::Canceled).await
    }

    /// Moves every delivery of a post that can still be stopped to another time.
    pub async fn move_to(
        &self,
        found: &Found,
        words: &str,
        zone: Option<&str>,
        default_zone: &TimeZone,
    ) -> Result<Vec<Delivery>, IntakeError> {
        let when = parse_when(words, zone, default_zone, self.clock.now())
            .map_err(|fault| IntakeError::Refused(vec![time_fault(&fault, words, zone)]))?;
        let due = when.instant();
        self.change_all(found, "moved", |delivery| delivery.moved_to(due)).await
    }

    /// Tries again what failed or was missed, now.
    pub async fn retry(&self, found: &Found) -> Result<Vec<Delivery>, IntakeError> {
        self.require_accounts(found).await?;
        let wake_at = self.clock.now();
        self.change_all(found, "tried again", |_| Event::Retried { wake_at }).await
    }

    /// Applies an event to every delivery of a post that allows it; a conflict when none does.
    pub(crate) async fn change_all(
        &self,
        found: &Found,
        what: &str,
        event: impl Fn(&Delivery) -> Event,
    ) -> Result<Vec<Delivery>, IntakeError> {
        let all = self.deliveries_meant(found).await?;
        let mut changed = 0;
        let mut stand = Vec::with_capacity(all.len());
        for delivery in all {
            let (delivery, done) = self.change_one(&delivery.id, &event).await?;
            changed += usize::from(done);
            stand.push(delivery);
        }
        if changed == 0 {
            return Err(IntakeError::Conflict(too_late(&stand, what)));
        }
        Ok(stand)
    }

    async fn change_one(
        &self,
        id: &DeliveryId,
        event: impl Fn(&Delivery) -> Event,
    ) -> Result<(Delivery, bool), IntakeError> {
        for _ in 0..CHANGE_TRIES {
            let delivery = self.ledger.delivery(id).await?;
            let event = event(&delivery);
            if delivery.after(event.clone()).is_err() {
                return Ok((delivery, false));
            }
            if self.try_change(&delivery, event).await? {
                return Ok((self.ledger.delivery(id).await?, true));
            }
        }
        Err(LedgerError::Lost.into())
    }

    /// One compare-and-set; false when somebody else was first, or the state does not allow it.
    pub(crate) async fn try_change(&self, delivery: &Delivery, event: Event) -> Result<bool, IntakeError> {
        let Ok(next) = delivery.after(event.clone()) else { return Ok(false) };
        let line = Line { delivery: delivery.id.clone(), at: self.clock.now(), event };
        let change = Change::between(delivery, next, vec![line]);
        match self.ledger.save(&change).await {
            Ok(()) => Ok(true),
            Err(LedgerError::Lost) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The deliveries that a reference means: one, or all of the post.
    pub(crate) async fn deliveries_meant(&self, found: &Found) -> Result<Vec<Delivery>, IntakeError> {
        let all = self.deliveries_of(&found.post.id).await?;
        Ok(all.into_iter().filter(|delivery| found.only.as_ref().is_none_or(|only| *only == delivery.id)).collect())
    }

    /// What is to be sent again needs its account; it may have been removed since.
    pub(crate) async fn require_accounts(&self, found: &Found) -> Result<(), IntakeError> {
        for delivery in self.deliveries_meant(found).await? {
            match self.ledger.account(&delivery.account).await {
                Err(LedgerError::NotFound(_)) => return Err(IntakeError::Conflict(account_removed())),
                other => other.map(drop)?,
            }
        }
        Ok(())
    }

    /// The deliveries of a post, earliest due first.
    pub async fn deliveries_of(&self, post: &PostId) -> Result<Vec<Delivery>, IntakeError> {
        let filter = QueueFilter { post: Some(post.clone()), at_most: 1_000, ..QueueFilter::default() };
        Ok(self.ledger.queue(&filter).await?)
    }
}

pub(crate) fn too_late(deliveries: &[Delivery], what: &str) -> Fault {
    let states: Vec<_> = deliveries.iter().map(|delivery| delivery.state.name()).collect();
    let words: Vec<_> = states.iter().map(|state| state.as_str()).collect();
    let fault = Fault::content(
        "state_conflict",
        "post",
        format!("It cannot be {what} any more: it is {}. Nothing was changed.", words.join(", ")),
    );
    if states.contains(&StateName::Publishing) || states.contains(&StateName::Settling) {
        fault.next("Its request may already have left; `skein queue show` tells what becomes of it.")
    } else {
        fault
    }
}

fn account_removed() -> Fault {
    Fault::content("account_removed", "post", "Its account was removed, so it cannot be sent. Nothing was changed.")
        .next("Connect the account again and submit the post anew.")
}
