//! A ledger that kills its own process with SIGKILL at a named write: the crash that nobody can clean up after.

use async_trait::async_trait;
use jiff::Timestamp;
use rustix::process::{Signal, getpid, kill_process};
use skein_domain::ports::{
    Change, Claim, ClaimRequest, ContentHash, Ledger, LedgerError, NewAccount, QueueFilter, RunLimits,
};
use skein_domain::story::Line;
use skein_domain::{
    Account, AccountId, Delivery, DeliveryId, Lane, Policy, Post, PostId, PostName, Standing, WorkspaceId,
};
use std::sync::Arc;

/// The environment variable that names the point: `before:EVENT` or `after:EVENT`, such as `after:armed`.
pub const KILL_AT: &str = "SKEIN_E2E_KILL_AT";

/// Wraps the ledger if the environment names a kill point. For `skein::Hooks`.
pub fn decorate(inner: Arc<dyn Ledger>) -> Arc<dyn Ledger> {
    let Ok(point) = std::env::var(KILL_AT) else { return inner };
    match point.split_once(':') {
        Some(("before", event)) => Arc::new(KillLedger { inner, before: true, event: event.to_owned() }),
        Some(("after", event)) => Arc::new(KillLedger { inner, before: false, event: event.to_owned() }),
        _ => panic!("{KILL_AT} must be before:EVENT or after:EVENT, and is {point}"),
    }
}

struct KillLedger {
    inner: Arc<dyn Ledger>,
    before: bool,
    event: String,
}

impl KillLedger {
    fn die_if_here(&self, before: bool, change: &Change) {
        let here = change.story.iter().any(|line| {
            let told = serde_json::to_value(&line.event).unwrap_or_default();
            told.get("event").and_then(serde_json::Value::as_str) == Some(self.event.as_str())
        });
        if here && before == self.before {
            kill_process(getpid(), Signal::KILL).unwrap_or_else(|error| panic!("cannot kill itself: {error}"));
            // SIGKILL is delivered before the call returns to this thread or shortly after; nothing may happen until then.
            loop {
                std::thread::park();
            }
        }
    }
}

#[async_trait]
impl Ledger for KillLedger {
    async fn save(&self, change: &Change) -> Result<(), LedgerError> {
        self.die_if_here(true, change);
        self.inner.save(change).await?;
        self.die_if_here(false, change);
        Ok(())
    }
    async fn connect_account(&self, account: NewAccount) -> Result<Account, LedgerError> {
        self.inner.connect_account(account).await
    }
    async fn accounts(&self, workspace: &WorkspaceId) -> Result<Vec<Account>, LedgerError> {
        self.inner.accounts(workspace).await
    }
    async fn account(&self, id: &AccountId) -> Result<Account, LedgerError> {
        self.inner.account(id).await
    }
    async fn set_held(&self, id: &AccountId, held: bool) -> Result<(), LedgerError> {
        self.inner.set_held(id, held).await
    }
    async fn set_standing(&self, id: &AccountId, standing: &Standing, now: Timestamp) -> Result<(), LedgerError> {
        self.inner.set_standing(id, standing, now).await
    }
    async fn remove_account(&self, id: &AccountId) -> Result<(), LedgerError> {
        self.inner.remove_account(id).await
    }
    async fn policy(&self, workspace: &WorkspaceId) -> Result<Policy, LedgerError> {
        self.inner.policy(workspace).await
    }
    async fn set_policy(&self, workspace: &WorkspaceId, policy: &Policy) -> Result<(), LedgerError> {
        self.inner.set_policy(workspace, policy).await
    }
    async fn submit(
        &self,
        post: &Post,
        deliveries: &[Delivery],
        story: &[Line],
        files: &[ContentHash],
    ) -> Result<(), LedgerError> {
        self.inner.submit(post, deliveries, story, files).await
    }

    async fn needs_file(&self, file: &ContentHash) -> Result<bool, LedgerError> {
        self.inner.needs_file(file).await
    }
    async fn post(&self, id: &PostId) -> Result<Post, LedgerError> {
        self.inner.post(id).await
    }
    async fn post_named(&self, workspace: &WorkspaceId, name: &PostName) -> Result<Option<Post>, LedgerError> {
        self.inner.post_named(workspace, name).await
    }
    async fn posts(&self, workspace: &WorkspaceId, prefix: &str, at_most: usize) -> Result<Vec<Post>, LedgerError> {
        self.inner.posts(workspace, prefix, at_most).await
    }
    async fn delivery(&self, id: &DeliveryId) -> Result<Delivery, LedgerError> {
        self.inner.delivery(id).await
    }
    async fn queue(&self, filter: &QueueFilter) -> Result<Vec<Delivery>, LedgerError> {
        self.inner.queue(filter).await
    }
    async fn story(&self, id: &DeliveryId) -> Result<Vec<Line>, LedgerError> {
        self.inner.story(id).await
    }
    async fn next_wake(&self) -> Result<Option<Timestamp>, LedgerError> {
        self.inner.next_wake().await
    }
    async fn claim(&self, request: &ClaimRequest) -> Result<Option<Claim>, LedgerError> {
        self.inner.claim(request).await
    }
    async fn due_run(&self, claim: &Claim, now: Timestamp, limits: &RunLimits) -> Result<Vec<Delivery>, LedgerError> {
        self.inner.due_run(claim, now, limits).await
    }
    async fn unsettled(&self, lane: &Lane, but: &DeliveryId) -> Result<Option<Delivery>, LedgerError> {
        self.inner.unsettled(lane, but).await
    }
    async fn renew(&self, claim: &Claim, until: Timestamp) -> Result<(), LedgerError> {
        self.inner.renew(claim, until).await
    }
    async fn release(&self, claim: &Claim) -> Result<(), LedgerError> {
        self.inner.release(claim).await
    }
    async fn beat(&self, owner: &str, now: Timestamp) -> Result<(), LedgerError> {
        self.inner.beat(owner, now).await
    }
    async fn last_beat(&self) -> Result<Option<Timestamp>, LedgerError> {
        self.inner.last_beat().await
    }
    async fn end_beat(&self, owner: &str) -> Result<(), LedgerError> {
        self.inner.end_beat(owner).await
    }

    async fn changed(&self) {
        self.inner.changed().await;
    }
}
