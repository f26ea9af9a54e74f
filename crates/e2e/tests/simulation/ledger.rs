//! The ledger as one process sees it: the process may die around each call, and the database may be away.

use std::sync::Arc;

use async_trait::async_trait;
use skein_domain::ports::{Change, Claim, ClaimRequest, Ledger, LedgerError};
use skein_domain::{Delivery, StateName};

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

    /// As a database does it: all of them in one transaction.
    async fn claim_due_and_note(&self, request: &ClaimRequest, at_most: usize) -> Result<Vec<Claim>, LedgerError> {
        let mut claims = Vec::new();
        while claims.len() < at_most {
            let Some(claim) = self.claim_and_note(request).await? else { break };
            claims.push(claim);
        }
        Ok(claims)
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

/// The work of one method: what claims and writes is noted, all others are as they were.
macro_rules! work {
    ($ledger:ident, claim($request:ident)) => {
        $ledger.claim_and_note($request)
    };
    ($ledger:ident, claim_due($request:ident, $at_most:ident)) => {
        $ledger.claim_due_and_note($request, $at_most)
    };
    ($ledger:ident, save($change:ident)) => {
        $ledger.save_and_note($change)
    };
    ($ledger:ident, $method:ident($($name:ident),*)) => {
        $ledger.house.ledger.$method($($name),*)
    };
}

macro_rules! lived {
    ($($method:ident($($name:ident: $kind:ty),*) -> $gives:ty;)*) => {
        #[async_trait]
        impl Ledger for ProcessLedger {
            $(async fn $method(&self, $($name: $kind),*) -> Result<$gives, LedgerError> {
                self.ask(work!(self, $method($($name),*))).await
            })*
        }
    };
}

skein_domain::every_ledger_method!(lived);
