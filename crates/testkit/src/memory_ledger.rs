//! The `Ledger` and `Outbox` ports in memory, exact to the comments of the ports. Every method is one lock, so every method is atomic.

mod outbox;
mod rows;

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use skein_domain::ports::{
    Change, Claim, ClaimRequest, ContentHash, Ledger, LedgerError, NewAccount, QueueFilter, RunLimits,
};
use skein_domain::story::Line;
use skein_domain::{
    Account, AccountId, Delivery, DeliveryId, Lane, Policy, Post, PostId, PostName, Standing, WorkspaceId,
};

use rows::Rows;

/// A ledger that forgets everything when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    rows: Mutex<Rows>,
}

impl MemoryLedger {
    /// An empty ledger.
    pub fn new() -> Self {
        Self::default()
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn connect_account(&self, account: NewAccount) -> Result<Account, LedgerError> {
        self.rows().connect_account(account)
    }

    async fn accounts(&self, workspace: &WorkspaceId) -> Result<Vec<Account>, LedgerError> {
        Ok(self.rows().accounts(workspace))
    }

    async fn account(&self, id: &AccountId) -> Result<Account, LedgerError> {
        self.rows().account(id).cloned()
    }

    async fn set_held(&self, id: &AccountId, held: bool) -> Result<(), LedgerError> {
        self.rows().account_mut(id)?.held = held;
        Ok(())
    }

    async fn set_standing(&self, id: &AccountId, standing: &Standing, now: Timestamp) -> Result<(), LedgerError> {
        self.rows().set_standing(id, standing, now)
    }

    async fn remove_account(&self, id: &AccountId) -> Result<(), LedgerError> {
        self.rows().remove_account(id)
    }

    async fn policy(&self, workspace: &WorkspaceId) -> Result<Policy, LedgerError> {
        Ok(self.rows().policy(workspace))
    }

    async fn set_policy(&self, workspace: &WorkspaceId, policy: &Policy) -> Result<(), LedgerError> {
        self.rows().set_policy(workspace, *policy);
        Ok(())
    }

    async fn submit(
        &self,
        post: &Post,
        deliveries: &[Delivery],
        story: &[Line],
        files: &[ContentHash],
    ) -> Result<(), LedgerError> {
        self.rows().submit(post, deliveries, story, files)
    }

    async fn needs_file(&self, file: &ContentHash) -> Result<bool, LedgerError> {
        Ok(self.rows().needs_file(file))
    }

    async fn post(&self, id: &PostId) -> Result<Post, LedgerError> {
        self.rows().post(id)
    }

    async fn post_named(&self, workspace: &WorkspaceId, name: &PostName) -> Result<Option<Post>, LedgerError> {
        Ok(self.rows().post_named(workspace, name))
    }

    async fn posts(&self, workspace: &WorkspaceId, prefix: &str, at_most: usize) -> Result<Vec<Post>, LedgerError> {
        Ok(self.rows().posts(workspace, prefix, at_most))
    }

    async fn delivery(&self, id: &DeliveryId) -> Result<Delivery, LedgerError> {
        self.rows().delivery(id)
    }

    async fn queue(&self, filter: &QueueFilter) -> Result<Vec<Delivery>, LedgerError> {
        Ok(self.rows().queue(filter))
    }

    async fn story(&self, id: &DeliveryId) -> Result<Vec<Line>, LedgerError> {
        Ok(self.rows().story(id))
    }

    async fn next_wake(&self) -> Result<Option<Timestamp>, LedgerError> {
        Ok(self.rows().next_wake())
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Option<Claim>, LedgerError> {
        Ok(self.rows().claim(request))
    }

    async fn due_run(&self, claim: &Claim, now: Timestamp, limits: &RunLimits) -> Result<Vec<Delivery>, LedgerError> {
        Ok(self.rows().due_run(&claim.lane, now, limits))
    }

    async fn unsettled(&self, lane: &Lane, but: &DeliveryId) -> Result<Option<Delivery>, LedgerError> {
        Ok(self.rows().unsettled(lane, but))
    }

    async fn renew(&self, claim: &Claim, until: Timestamp) -> Result<(), LedgerError> {
        self.rows().renew(claim, until)
    }

    async fn release(&self, claim: &Claim) -> Result<(), LedgerError> {
        self.rows().release(claim);
        Ok(())
    }

    async fn save(&self, change: &Change) -> Result<(), LedgerError> {
        self.rows().save(change)
    }

    async fn beat(&self, owner: &str, now: Timestamp) -> Result<(), LedgerError> {
        self.rows().beat(owner, now);
        Ok(())
    }

    async fn last_beat(&self) -> Result<Option<Timestamp>, LedgerError> {
        Ok(self.rows().last_beat())
    }

    async fn end_beat(&self, owner: &str) -> Result<(), LedgerError> {
        self.rows().end_beat(owner);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use skein_domain::ports::Outbox;

    use super::*;

    async fn empty() -> Arc<dyn Ledger> {
        std::future::ready(Arc::new(MemoryLedger::new())).await
    }

    crate::ledger_conformance!(empty);

    async fn empty_with_outbox() -> (Arc<dyn Ledger>, Arc<dyn Outbox>) {
        let ledger = Arc::new(MemoryLedger::new());
        std::future::ready((Arc::clone(&ledger) as Arc<dyn Ledger>, ledger as Arc<dyn Outbox>)).await
    }

    crate::outbox_conformance!(empty_with_outbox);

    #[tokio::test]
    async fn all_runs_the_whole_suite() {
        crate::ledger_suite::all(empty).await;
        crate::outbox_suite::all(empty_with_outbox).await;
    }
}
