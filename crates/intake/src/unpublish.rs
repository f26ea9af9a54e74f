//! Taking back what was published.

use skein_domain::ports::LedgerError;
use skein_domain::{Delivery, Event, Fault, State, StateName};

use crate::{Found, Intake, IntakeError};

impl Intake {
    /// Deletes what a post's deliveries published, at each platform, and notes that they are Removed; what is Removed already
    /// stays so. Returns why some could not be deleted: those are Published still, and may be tried again. Refused when
    /// nothing of the post was ever published.
    pub async fn unpublish(&self, found: &Found) -> Result<Vec<Fault>, IntakeError> {
        let all = self.deliveries_meant(found).await?;
        if !all.iter().any(|delivery| matches!(delivery.state.name(), StateName::Published | StateName::Removed)) {
            return Err(IntakeError::Conflict(never_public(&all)));
        }
        let mut faults = Vec::new();
        for delivery in all {
            let State::Published { receipt } = &delivery.state else { continue };
            let account = self.ledger.account(&delivery.account).await?;
            let Some(connector) = self.connectors.get(&account.platform) else { continue };
            match connector.working_on(&delivery.id).unpublish(&account, &receipt.records).await {
                Ok(()) => self.note_removed(&delivery).await?,
                Err(fault) => faults.push(fault.of_account(&account.handle)),
            }
        }
        Ok(faults)
    }

    /// Another process may have noted it first.
    async fn note_removed(&self, delivery: &Delivery) -> Result<(), IntakeError> {
        if self.try_change(delivery, Event::Unpublished).await? {
            return Ok(());
        }
        let now = self.ledger.delivery(&delivery.id).await?;
        match now.state.name() {
            StateName::Removed => Ok(()),
            _ => Err(LedgerError::Lost.into()),
        }
    }
}

fn never_public(deliveries: &[Delivery]) -> Fault {
    let states: Vec<_> = deliveries.iter().map(|delivery| delivery.state.name().as_str().replace('_', " ")).collect();
    let message =
        format!("There is nothing to delete on the platform: it is {}. Nothing was changed.", states.join(", "));
    Fault::content("not_published", "post", message)
        .next("`skein queue cancel` stops what has not been sent; `skein queue show` tells where it stands.")
}
