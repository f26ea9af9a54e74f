//! The decorator that puts a bug between a process and its ledger.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use skein_domain::ports::{
    Change, Claim, ClaimRequest, ContentHash, Ledger, LedgerError, NewAccount, QueueFilter, RunLimits,
};
use skein_domain::story::Line;
use skein_domain::{
    Account, AccountId, Delivery, DeliveryId, Lane, Policy, Post, PostId, PostName, Standing, WorkspaceId,
};

use crate::bugs::Bug;

/// The ledger of a process, with a bug.
pub(crate) struct BuggyLedger {
    pub(crate) inner: Arc<dyn Ledger>,
    pub(crate) bug: Bug,
    pub(crate) is_engine: bool,
}

type Done<T> = Result<T, LedgerError>;

#[async_trait]
impl Ledger for BuggyLedger {
    async fn delivery(&self, id: &DeliveryId) -> Done<Delivery> {
        Ok(self.bug.read(self.inner.delivery(id).await?, self.is_engine))
    }

    async fn save(&self, change: &Change) -> Done<()> {
        self.bug.save(self.inner.as_ref(), change).await
    }

    async fn renew(&self, claim: &Claim, until: Timestamp) -> Done<()> {
        self.bug.renewed(self.inner.renew(claim, until).await)
    }

    // All others are as they were.
    async fn connect_account(&self, account: NewAccount) -> Done<Account> {
        self.inner.connect_account(account).await
    }
    async fn accounts(&self, workspace: &WorkspaceId) -> Done<Vec<Account>> {
        self.inner.accounts(workspace).await
    }
    async fn account(&self, id: &AccountId) -> Done<Account> {
        self.inner.account(id).await
    }
    async fn set_held(&self, id: &AccountId, held: bool) -> Done<()> {
        self.inner.set_held(id, held).await
    }
    async fn set_standing(&self, id: &AccountId, standing: &Standing, now: Timestamp) -> Done<()> {
        self.inner.set_standing(id, standing, now).await
    }
    async fn remove_account(&self, id: &AccountId) -> Done<()> {
        self.inner.remove_account(id).await
    }
    async fn policy(&self, workspace: &WorkspaceId) -> Done<Policy> {
        self.inner.policy(workspace).await
    }
    async fn set_policy(&self, workspace: &WorkspaceId, policy: &Policy) -> Done<()> {
        self.inner.set_policy(workspace, policy).await
    }
    async fn submit(&self, post: &Post, of: &[Delivery], story: &[Line], files: &[ContentHash]) -> Done<()> {
        self.inner.submit(post, of, story, files).await
    }
    async fn needs_file(&self, file: &ContentHash) -> Done<bool> {
        self.inner.needs_file(file).await
    }
    async fn post(&self, id: &PostId) -> Done<Post> {
        self.inner.post(id).await
    }
    async fn post_named(&self, workspace: &WorkspaceId, name: &PostName) -> Done<Option<Post>> {
        self.inner.post_named(workspace, name).await
    }
    async fn posts(&self, workspace: &WorkspaceId, prefix: &str, at_most: usize) -> Done<Vec<Post>> {
        self.inner.posts(workspace, prefix, at_most).await
    }
    async fn queue(&self, filter: &QueueFilter) -> Done<Vec<Delivery>> {
        self.inner.queue(filter).await
    }
    async fn story(&self, id: &DeliveryId) -> Done<Vec<Line>> {
        self.inner.story(id).await
    }
    async fn next_wake(&self) -> Done<Option<Timestamp>> {
        self.inner.next_wake().await
    }
    async fn claim(&self, request: &ClaimRequest) -> Done<Option<Claim>> {
        self.inner.claim(request).await
    }
    async fn due_run(&self, claim: &Claim, now: Timestamp, limits: &RunLimits) -> Done<Vec<Delivery>> {
        self.inner.due_run(claim, now, limits).await
    }
    async fn unsettled(&self, lane: &Lane, but: &DeliveryId) -> Done<Option<Delivery>> {
        self.inner.unsettled(lane, but).await
    }
    async fn release(&self, claim: &Claim) -> Done<()> {
        self.inner.release(claim).await
    }
    async fn beat(&self, owner: &str, now: Timestamp) -> Done<()> {
        self.inner.beat(owner, now).await
    }
    async fn last_beat(&self) -> Done<Option<Timestamp>> {
        self.inner.last_beat().await
    }
    async fn end_beat(&self, owner: &str) -> Done<()> {
        self.inner.end_beat(owner).await
    }
}
