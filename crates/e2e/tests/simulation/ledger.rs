//! The ledger as one process sees it: the process may die around each call, and the database may be away.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use skein_domain::ports::{
    Change, Claim, ClaimRequest, ContentHash, Ledger, LedgerError, NewAccount, QueueFilter, RunLimits,
};
use skein_domain::story::Line;
use skein_domain::{
    Account, AccountId, Delivery, DeliveryId, Lane, Policy, Post, PostId, PostName, Standing, StateName, WorkspaceId,
};

use crate::house::House;
use crate::life::Life;
use crate::record::{Step, name_of, shown};

/// A process's connection to the ledger.
pub(crate) struct ProcessLedger {
    pub(crate) house: Arc<House>,
    pub(crate) life: Arc<Life>,
    pub(crate) is_engine: bool,
}

impl ProcessLedger {
    async fn ask<T>(&self, work: impl Future<Output = Result<T, LedgerError>>) -> Result<T, LedgerError> {
        let count = |kind: &'static str| self.house.record.count(&format!("fault: {kind}"));
        self.life.point(count).await;
        if self.house.database_is_away() {
            count("database away");
            return Err(LedgerError::Failed("the database restarts".to_owned()));
        }
        let answer = work.await;
        self.life.point(count).await;
        if self.house.loses_commit() {
            count("ledger answer lost");
            return Err(LedgerError::Failed("the connection to the database broke".to_owned()));
        }
        answer
    }

    async fn claim_and_note(&self, request: &ClaimRequest) -> Result<Option<Claim>, LedgerError> {
        let claim = self.house.ledger.claim(request).await?;
        if let Some(claim) = &claim {
            let mut record = self.house.record.lock();
            record.line(self.house.wall.right(), &format!("{} claims {} {}", self.life.name, claim.lane, claim.token));
            record.claims.insert(claim.lane.to_string(), self.life.name.clone());
        }
        Ok(claim)
    }

    /// What is armed while another one of its lane may still land makes nobody able to say what became of that one.
    async fn must_be_alone(&self, armed: &Delivery) -> Result<(), LedgerError> {
        if let Some(other) = self.house.ledger.unsettled(&armed.lane, &armed.id).await? {
            let what = format!("{} was armed while {} was {:?}", armed.id, other.id, other.state.name());
            self.house.record.lock().broken("one at a time", what);
        }
        Ok(())
    }

    async fn save_and_note(&self, change: &Change) -> Result<(), LedgerError> {
        let was = self.house.ledger.delivery(&change.delivery.id).await?;
        self.house.ledger.save(change).await?;
        let next = &change.delivery;
        if next.state.name() == StateName::Publishing {
            self.must_be_alone(next).await?;
        }
        let event = change.story.first().map(|line| line.event.clone());
        let mut record = self.house.record.lock();
        let name = event.as_ref().map_or_else(|| "quiet".to_owned(), name_of);
        let at = record.line(
            self.house.wall.right(),
            &format!("{} {} {} {name}: {}", self.life.name, next.id, was.state.name().as_str(), shown(&next.state)),
        );
        let (from, to) = (was.state.name(), next.state.name());
        *record.counts.entry(format!("edge: {from:?} --> {to:?}")).or_default() += 1;
        *record.counts.entry(format!("event: {from:?} {name} {to:?}")).or_default() += 1;
        if self.is_engine && record.claims.get(&next.lane.to_string()) != Some(&self.life.name) {
            let what = format!("{} wrote {} without the newest claim of its lane", self.life.name, next.id);
            record.broken("only who has the lane writes", what);
        }
        if let Some(prepared) = &next.prepared {
            record.frozen.push((next.id.clone(), prepared.records.clone()));
        }
        record.steps.push(Step { at, delivery: next.id.clone(), account: next.account.clone(), event });
        drop(record);
        self.house.tip(&next.id, from, to);
        Ok(())
    }
}

#[async_trait]
impl Ledger for ProcessLedger {
    async fn connect_account(&self, account: NewAccount) -> Result<Account, LedgerError> {
        self.ask(self.house.ledger.connect_account(account)).await
    }

    async fn accounts(&self, workspace: &WorkspaceId) -> Result<Vec<Account>, LedgerError> {
        self.ask(self.house.ledger.accounts(workspace)).await
    }

    async fn account(&self, id: &AccountId) -> Result<Account, LedgerError> {
        self.ask(self.house.ledger.account(id)).await
    }

    async fn set_held(&self, id: &AccountId, held: bool) -> Result<(), LedgerError> {
        self.ask(self.house.ledger.set_held(id, held)).await
    }

    async fn set_standing(&self, id: &AccountId, standing: &Standing, now: Timestamp) -> Result<(), LedgerError> {
        self.ask(self.house.ledger.set_standing(id, standing, now)).await
    }

    async fn remove_account(&self, id: &AccountId) -> Result<(), LedgerError> {
        self.ask(self.house.ledger.remove_account(id)).await
    }

    async fn policy(&self, workspace: &WorkspaceId) -> Result<Policy, LedgerError> {
        self.ask(self.house.ledger.policy(workspace)).await
    }

    async fn set_policy(&self, workspace: &WorkspaceId, policy: &Policy) -> Result<(), LedgerError> {
        self.ask(self.house.ledger.set_policy(workspace, policy)).await
    }

    async fn submit(
        &self,
        post: &Post,
        deliveries: &[Delivery],
        story: &[Line],
        files: &[ContentHash],
    ) -> Result<(), LedgerError> {
        self.ask(self.house.ledger.submit(post, deliveries, story, files)).await
    }

    async fn needs_file(&self, file: &ContentHash) -> Result<bool, LedgerError> {
        self.ask(self.house.ledger.needs_file(file)).await
    }

    async fn post(&self, id: &PostId) -> Result<Post, LedgerError> {
        self.ask(self.house.ledger.post(id)).await
    }

    async fn post_named(&self, workspace: &WorkspaceId, name: &PostName) -> Result<Option<Post>, LedgerError> {
        self.ask(self.house.ledger.post_named(workspace, name)).await
    }

    async fn posts(&self, workspace: &WorkspaceId, prefix: &str, at_most: usize) -> Result<Vec<Post>, LedgerError> {
        self.ask(self.house.ledger.posts(workspace, prefix, at_most)).await
    }

    async fn delivery(&self, id: &DeliveryId) -> Result<Delivery, LedgerError> {
        self.ask(self.house.ledger.delivery(id)).await
    }

    async fn queue(&self, filter: &QueueFilter) -> Result<Vec<Delivery>, LedgerError> {
        self.ask(self.house.ledger.queue(filter)).await
    }

    async fn story(&self, id: &DeliveryId) -> Result<Vec<Line>, LedgerError> {
        self.ask(self.house.ledger.story(id)).await
    }

    async fn next_wake(&self) -> Result<Option<Timestamp>, LedgerError> {
        self.ask(self.house.ledger.next_wake()).await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Option<Claim>, LedgerError> {
        self.ask(self.claim_and_note(request)).await
    }

    async fn due_run(&self, claim: &Claim, now: Timestamp, limits: &RunLimits) -> Result<Vec<Delivery>, LedgerError> {
        self.ask(self.house.ledger.due_run(claim, now, limits)).await
    }

    async fn unsettled(&self, lane: &Lane, but: &DeliveryId) -> Result<Option<Delivery>, LedgerError> {
        self.ask(self.house.ledger.unsettled(lane, but)).await
    }

    async fn renew(&self, claim: &Claim, until: Timestamp) -> Result<(), LedgerError> {
        self.ask(self.house.ledger.renew(claim, until)).await
    }

    async fn release(&self, claim: &Claim) -> Result<(), LedgerError> {
        self.ask(self.house.ledger.release(claim)).await
    }

    async fn save(&self, change: &Change) -> Result<(), LedgerError> {
        self.ask(self.save_and_note(change)).await
    }

    async fn beat(&self, owner: &str, now: Timestamp) -> Result<(), LedgerError> {
        self.ask(self.house.ledger.beat(owner, now)).await
    }

    async fn last_beat(&self) -> Result<Option<Timestamp>, LedgerError> {
        self.ask(self.house.ledger.last_beat()).await
    }

    async fn end_beat(&self, owner: &str) -> Result<(), LedgerError> {
        self.ask(self.house.ledger.end_beat(owner)).await
    }
}
