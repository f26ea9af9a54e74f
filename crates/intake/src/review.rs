//! Deciding what nobody but a person can know.

use jiff::{SignedDuration, Timestamp};
use skein_domain::{
    Account, Category, Delivery, Event, Evidence, Fault, Finding, Proof, Receipt, Review, Settled, State,
};

use crate::change::too_late;
use crate::{Found, Intake, IntakeError};

/// After so long no request is on its way any more, even if the account can no longer be written to; milliseconds.
const IN_FLIGHT_AT_MOST_MS: i64 = 3_600_000;

/// What a person who looked at the account says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is public.
    Accept,
    /// It is not there; the same bytes shall be sent again.
    Resend,
    /// It is not there, and shall not be.
    GiveUp,
}

impl Intake {
    /// Applies a person's decision to the deliveries of a post that need it. Giving up is checked: what turns out to be
    /// public is published, and what could still land is fenced first.
    pub async fn review(&self, found: &Found, decision: Decision) -> Result<Vec<Delivery>, IntakeError> {
        let now = self.clock.now();
        if decision == Decision::GiveUp {
            return self.give_up(found, now).await;
        }
        self.require_accounts(found).await?;
        self.change_all(found, "decided", |delivery| match decision {
            Decision::Resend => Event::PersonResends { wake_at: now },
            Decision::Accept | Decision::GiveUp => {
                Event::PersonAccepted { receipt: vouched(delivery, now, Settled::ByPerson, None) }
            }
        })
        .await
    }

    /// Each event is applied to the delivery that was looked at, and to no later version of it.
    async fn give_up(&self, found: &Found, now: Timestamp) -> Result<Vec<Delivery>, IntakeError> {
        let mut decided = 0;
        for delivery in self.deliveries_meant(found).await? {
            let State::NeedsReview { review, evidence } = &delivery.state else { continue };
            let event = self.last_look(&delivery, review, evidence, now).await?;
            if !self.try_change(&delivery, event).await? {
                return Err(IntakeError::Conflict(overtaken()));
            }
            decided += 1;
        }
        let stand = self.deliveries_meant(found).await?;
        if decided == 0 { Err(IntakeError::Conflict(too_late(&stand, "given up"))) } else { Ok(stand) }
    }

    /// Fences the delivery's request and looks once more: what became of it is certain afterwards.
    async fn last_look(
        &self,
        delivery: &Delivery,
        review: &Review,
        evidence: &Evidence,
        now: Timestamp,
    ) -> Result<Event, IntakeError> {
        let account: Account = self.ledger.account(&delivery.account).await?;
        let gave_up = Event::PersonGaveUp { fault: given_up(&review.fault.message) };
        let (Some(connector), Some(prepared)) = (self.connectors.get(&account.platform), &delivery.prepared) else {
            return Ok(gave_up);
        };
        let long_ago = now.duration_since(evidence.last_armed_at) > SignedDuration::from_millis(IN_FLIGHT_AT_MOST_MS);
        if self.ledger.unsettled(&delivery.lane, &delivery.id).await?.is_some() {
            return Err(IntakeError::Conflict(neighbour_unsettled()));
        }
        let connector = connector.working_on(&delivery.id);
        match connector.fence(&account, evidence).await {
            Err(fault) if !long_ago => return Err(IntakeError::Conflict(unfenced(&fault))),
            Ok(()) | Err(_) => {}
        }
        match connector.witness(&account, prepared, evidence).await {
            Finding::Found(proof) => {
                Ok(Event::PersonAccepted { receipt: vouched(delivery, now, Settled::LookedUp, Some(proof)) })
            }
            Finding::Inconclusive(fault) if !long_ago => Err(IntakeError::Conflict(unfenced(&fault))),
            _ => Ok(gave_up),
        }
    }
}

fn vouched(delivery: &Delivery, now: Timestamp, settled: Settled, proof: Option<Proof>) -> Receipt {
    let frozen = || delivery.prepared.as_ref().map(|prepared| prepared.records.clone()).unwrap_or_default();
    Receipt {
        url: proof.as_ref().and_then(|proof| proof.url.clone()),
        records: proof.map_or_else(frozen, |proof| proof.records),
        commit: None,
        rev: None,
        due: delivery.due,
        sent_at: None,
        settled_at: now,
        lateness_ms: delivery.late_by_ms(now),
        attempts: delivery.attempts,
        settled,
    }
}

fn given_up(known: &str) -> Fault {
    let message = format!("A person looked and gave it up. What was known: {known}");
    Fault::new("given_up", Category::UserContent, message)
}

fn overtaken() -> Fault {
    Fault::content("state_conflict", "post", "It changed while it was looked at. Nothing was given up.")
        .next("See where it stands with `skein queue show`, then decide again.")
}

fn neighbour_unsettled() -> Fault {
    let message = "Another post of this account is being settled, and giving up would blur what became of it. Nothing was changed.";
    Fault::content("lane_unsettled", "post", message).next("Try again in a moment.")
}

fn unfenced(fault: &Fault) -> Fault {
    let message = format!(
        "Its request could still land, and the account could not be asked: {} Nothing was changed.",
        fault.message
    );
    Fault::content("not_fenced", "post", message)
        .next("Try again later; an hour after its last request it can be given up in any case.")
}
