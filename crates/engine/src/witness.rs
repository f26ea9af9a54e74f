//! Settling: the platform is asked what became of a request whose answer nobody has.

use jiff::Timestamp;
use skein_domain::outcome::Obstacle;
use skein_domain::ports::FenceFrom;
use skein_domain::{
    Account, Category, Delivery, Event, Evidence, Fault, Finding, Prepared, Review, Settled, Standing, State,
};

use crate::lane::{LaneError, LaneWork};
use crate::preparer::no_connector;
use crate::publisher::receipt_of;
use crate::{later, ms_between, pace};

impl LaneWork<'_> {
    /// One look at the platform, and what follows from it.
    pub(crate) async fn look(&mut self, delivery: Delivery) -> Result<(), LaneError> {
        let State::Settling { evidence, .. } = &delivery.state else { return Ok(()) };
        let account = self.ledger().account(&delivery.account).await?;
        let (Some(connector), Some(prepared)) = (self.engine.connector(&account, &delivery), &delivery.prepared) else {
            return self.ask_a_person(&delivery, no_connector(&account)).await;
        };
        let finding = {
            let _place = self.engine.asks.place(&account.host).await;
            connector.witness(&account, prepared, evidence).await
        };
        let now = self.engine.now();
        match finding {
            Finding::Found(proof) => {
                let receipt = receipt_of(proof, &delivery, evidence.sent_at, now, Settled::LookedUp);
                self.note(&delivery, Event::Found { receipt }).await?;
            }
            Finding::AbsentFenced => {
                self.note(&delivery, Event::AbsentFenced { wake_at: now }).await?;
            }
            Finding::AbsentUnfenced => {
                let (evidence, prepared) = (evidence.clone(), prepared.clone());
                self.resend(delivery, &account, &prepared, &evidence).await?;
            }
            Finding::Pending { look_at } => self.look_again(&delivery, Some(look_at), pending()).await?,
            Finding::Inconclusive(fault) => self.look_again(&delivery, None, fault).await?,
            Finding::Different(fault) | Finding::Unknowable(fault) => self.ask_a_person(&delivery, fault).await?,
        }
        Ok(())
    }

    /// Nothing of ours is there, but the first request may still land: the same bytes leave under the same fence, so
    /// that the platform lets only one of them in.
    async fn resend(
        &mut self,
        delivery: Delivery,
        account: &Account,
        prepared: &Prepared,
        evidence: &Evidence,
    ) -> Result<(), LaneError> {
        let now = self.engine.now();
        if let Some(fault) = why_not_again(account, evidence, now) {
            let look_at = later(now, look_pause_ms(evidence, now).max(GATED_LOOK_MS));
            return self.look_again(&delivery, Some(look_at), fault).await;
        }
        if evidence.resends >= self.engine.settings().resends_at_most {
            return self.ask_a_person(&delivery, resends_spent(evidence.resends)).await;
        }
        if now > delivery.grace_ends() {
            return self.ask_a_person(&delivery, too_late(delivery.late_by_ms(now))).await;
        }
        let Some(connector) = self.engine.connector(account, &delivery) else {
            return self.ask_a_person(&delivery, no_connector(account)).await;
        };
        let armed = {
            let _place = self.engine.arms.place(&account.host).await;
            connector.arm(account, prepared, FenceFrom::Evidence(evidence)).await
        };
        match armed {
            Ok(step) => {
                let at = self.engine.now();
                let armed = self.note(&delivery, Event::Resent { at, until: self.engine.lease_end(at) }).await?;
                self.engine.parts.clock.sleep_until(armed.due).await;
                let leaves_before = armed.grace_ends();
                self.let_go(armed, account, step, (None, leaves_before)).await.map(drop)
            }
            Err(Obstacle::Retry { at, fault }) => {
                // The first request may land at any moment, whatever keeps the next one back.
                let gated = later(now, look_pause_ms(evidence, now).max(GATED_LOOK_MS));
                self.look_again(&delivery, at.map(|at| at.min(gated)), fault).await
            }
            Err(Obstacle::AuthLost(fault)) => {
                self.note_lost_account(account, &fault).await?;
                self.look_again(&delivery, Some(later(now, GATED_LOOK_MS)), fault).await
            }
            Err(Obstacle::Refused(fault)) => self.ask_a_person(&delivery, fault).await,
        }
    }

    async fn look_again(&self, delivery: &Delivery, at: Option<Timestamp>, fault: Fault) -> Result<(), LaneError> {
        let State::Settling { evidence, .. } = &delivery.state else { return Ok(()) };
        let now = self.engine.now();
        if ms_between(evidence.armed_at, now) > self.engine.settings().settle_for_ms {
            return self.ask_a_person(delivery, bound_reached(&fault)).await;
        }
        let look_at = at.unwrap_or_else(|| later(now, look_pause_ms(evidence, now))).max(now);
        self.note(delivery, Event::StillUnsettled { look_at, fault }).await?;
        Ok(())
    }

    async fn ask_a_person(&self, delivery: &Delivery, fault: Fault) -> Result<(), LaneError> {
        tracing::warn!(code = fault.code, "a person must look");
        self.note(delivery, Event::Unknowable { review: Review { fault } }).await?;
        Ok(())
    }
}

/// While a resend must wait, the platform is asked so often whether the first request has landed; milliseconds.
const GATED_LOOK_MS: i64 = 10_000;
const DECIDE: &str =
    "Look at the account, then say what holds: `skein queue review POST --accept | --resend | --give-up`.";

fn look_pause_ms(evidence: &Evidence, now: Timestamp) -> i64 {
    let newest = evidence.sent_at.unwrap_or(evidence.last_armed_at);
    pace::look_pause_ms(evidence.looks, ms_between(newest, now))
}

fn pending() -> Fault {
    Fault::new("pending", Category::PlatformError, "The platform is still working on it.")
}

/// Why the same bytes may not leave again yet, although nothing of ours is there.
fn why_not_again(account: &Account, evidence: &Evidence, now: Timestamp) -> Option<Fault> {
    if account.held {
        return Some(held());
    }
    if let Standing::NeedsReconnect { fault } = &account.standing {
        return Some(fault.clone());
    }
    let after = evidence.resend_after.filter(|after| *after > now)?;
    Some(limited().retry_at(after))
}

fn limited() -> Fault {
    Fault::new("resend_limited", Category::RateLimit, "It is not there, and the platform takes no further request yet.")
}

fn held() -> Fault {
    Fault::new("held", Category::UserContent, "It is not there, and the account is held, so it is not sent again now.")
}

fn resends_spent(resends: u32) -> Fault {
    Fault::new(
        "resends_spent",
        Category::Unknown,
        format!("The same bytes were sent {resends} more times, no answer settled it, and nothing has appeared yet."),
    )
    .next(DECIDE)
}

fn too_late(late_by_ms: i64) -> Fault {
    Fault::new(
        "too_late_to_resend",
        Category::Unknown,
        format!(
            "It may have been sent, and nothing has appeared; it is {} late by now, too late to be sent \
             again without asking.",
            skein_domain::story::span(late_by_ms)
        ),
    )
    .next(DECIDE)
}

fn bound_reached(last: &Fault) -> Fault {
    Fault::new(
        "settling_bound_reached",
        Category::Unknown,
        format!("It may have been sent, and for a day nobody could say what became of it. The last look: {last}"),
    )
    .next(DECIDE)
}
