//! Deciding what nobody but a person can know.

use skein_domain::{Category, Delivery, Event, Fault, PostId, Receipt, Settled, State};

use crate::{Intake, IntakeError};

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
    /// Applies a person's decision to the deliveries of a post that need it.
    pub async fn review(&self, post: &PostId, decision: Decision) -> Result<Vec<Delivery>, IntakeError> {
        let now = self.clock.now();
        self.change_all(post, "decided", |delivery| match decision {
            Decision::Accept => Event::PersonAccepted { receipt: vouched(delivery, now) },
            Decision::Resend => Event::PersonResends { wake_at: now },
            Decision::GiveUp => Event::PersonGaveUp { fault: given_up(delivery) },
        })
        .await
    }
}

fn vouched(delivery: &Delivery, now: jiff::Timestamp) -> Receipt {
    Receipt {
        records: delivery.prepared.as_ref().map(|prepared| prepared.records.clone()).unwrap_or_default(),
        commit: None,
        rev: None,
        url: None,
        due: delivery.due,
        sent_at: None,
        settled_at: now,
        lateness_ms: delivery.late_by_ms(now),
        attempts: delivery.attempts,
        settled: Settled::ByPerson,
    }
}

fn given_up(delivery: &Delivery) -> Fault {
    let known = match &delivery.state {
        State::NeedsReview { review } => format!(" What was known: {}", review.fault.message),
        _ => String::new(),
    };
    Fault::new("given_up", Category::UserContent, format!("A person looked and gave it up.{known}"))
}
