//! A ledger whose calls are timed.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use skein_domain::ports::{
    Change, Claim, ClaimRequest, ContentHash, Figures, Ledger, LedgerError, NewAccount, QueueFilter, RunLimits,
};
use skein_domain::story::Line;
use skein_domain::{
    Account, AccountId, Delivery, DeliveryId, Lane, Policy, Post, PostId, PostName, Standing, StateName, WorkspaceId,
};
use tokio::time::Instant;

/// Tells [`Figures`] how long each call took. It changes nothing else.
pub struct TimedLedger {
    inner: Arc<dyn Ledger>,
    figures: Arc<dyn Figures>,
}

impl TimedLedger {
    /// The same ledger, timed.
    pub fn new(inner: Arc<dyn Ledger>, figures: Arc<dyn Figures>) -> Self {
        Self { inner, figures }
    }

    async fn timed<T>(
        &self,
        method: &'static str,
        call: impl Future<Output = Result<T, LedgerError>> + Send,
    ) -> Result<T, LedgerError> {
        let began = Instant::now();
        let answer = call.await;
        self.figures.ledger_answered(method, began.elapsed(), matches!(answer, Err(LedgerError::Failed(_))));
        answer
    }
}

macro_rules! timed {
    ($($method:ident($($name:ident: $kind:ty),*) -> $gives:ty;)*) => {
        #[async_trait]
        impl Ledger for TimedLedger {
            $(async fn $method(&self, $($name: $kind),*) -> Result<$gives, LedgerError> {
                self.timed(stringify!($method), self.inner.$method($($name),*)).await
            })*

            // Waiting is its purpose.
            async fn changed(&self) {
                self.inner.changed().await;
            }
        }

        #[cfg(test)]
        const METHODS: &[&str] = &[$(stringify!($method)),*];
    };
}

timed! {
    connect_account(account: NewAccount) -> Account;
    accounts(workspace: &WorkspaceId) -> Vec<Account>;
    accounts_called(workspace: &WorkspaceId, names: &[String]) -> Vec<Account>;
    account(id: &AccountId) -> Account;
    set_held(id: &AccountId, held: bool) -> ();
    set_standing(id: &AccountId, standing: &Standing, now: Timestamp) -> ();
    remove_account(id: &AccountId) -> ();
    policy(workspace: &WorkspaceId) -> Policy;
    set_policy(workspace: &WorkspaceId, policy: &Policy) -> ();
    submit(post: &Post, deliveries: &[Delivery], story: &[Line], files: &[ContentHash]) -> ();
    needs_file(file: &ContentHash) -> bool;
    post(id: &PostId) -> Post;
    post_named(workspace: &WorkspaceId, name: &PostName) -> Option<Post>;
    posts(workspace: &WorkspaceId, prefix: &str, at_most: usize) -> Vec<Post>;
    delivery(id: &DeliveryId) -> Delivery;
    queue(filter: &QueueFilter) -> Vec<Delivery>;
    count_awake(at_most: usize) -> usize;
    count_states(at_most: usize) -> Vec<(StateName, usize)>;
    story(id: &DeliveryId) -> Vec<Line>;
    next_wake() -> Option<Timestamp>;
    claim(request: &ClaimRequest) -> Option<Claim>;
    claim_due(request: &ClaimRequest, at_most: usize) -> Vec<Claim>;
    due_run(claim: &Claim, now: Timestamp, limits: &RunLimits) -> Vec<Delivery>;
    unsettled(lane: &Lane, but: &DeliveryId) -> Option<Delivery>;
    renew(claim: &Claim, until: Timestamp) -> ();
    release(claim: &Claim) -> ();
    save(change: &Change) -> ();
    beat(owner: &str, now: Timestamp) -> ();
    last_beat() -> Option<Timestamp>;
    end_beat(owner: &str) -> ();
}

#[cfg(test)]
mod tests {
    use super::*;
    use skein_domain::ports::Uncounted;
    use skein_testkit::MemoryLedger;

    async fn timed() -> Arc<dyn Ledger> {
        std::future::ready(Arc::new(TimedLedger::new(Arc::new(MemoryLedger::new()), Arc::new(Uncounted)))).await
    }

    skein_testkit::ledger_conformance!(timed);

    /// A method that is left out would take the default of the trait, which on a database may be slow without end.
    #[test]
    fn every_method_of_the_ledger_is_handed_on() {
        let port = include_str!("../../domain/src/ports/ledger.rs");
        let methods: Vec<&str> = port
            .split("async fn ")
            .skip(1)
            .filter_map(|rest| rest.split('(').next())
            .filter(|method| *method != "changed")
            .collect();
        assert_eq!(METHODS, methods);
    }
}
