//! Leases that are renewed or given back, gathered: a thousand lanes that were claimed together renew together and end together, and what
//! asks while one transaction is on its way goes into the next one. Nobody waits for company.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use skein_domain::ports::Claim;

use crate::StoreError;
use crate::dialect::{Connection, Pools};
use crate::gathering::{Desk, Gathering, WITHIN, attempt, tell_all};
use crate::tables::lanes::{self, Lock};

/// How long a transaction of PostgreSQL may take that passes over what is locked, and so waits for nobody. All renewals go through one at a
/// time: when its connection is dead, whoever keeps a lease must be told soon enough to ask again, on another connection, before the lease
/// ends. Renewed after 5 s of 15, told at 9, renewed again at 14.
const PASSING_WITHIN: Duration = Duration::from_secs(4);

/// What is asked for a lease.
#[derive(Clone)]
struct Wish {
    claim: Claim,
    /// Until when it shall hold; `None` gives it back.
    until: Option<Timestamp>,
}

/// What became of it.
#[derive(Debug, Clone, Copy)]
enum Became {
    Done,
    /// It is no longer theirs.
    Lost,
    /// Somebody writes under it at this moment, and it was passed over.
    Passed,
}

/// Where leases are handed in. Clones hand in at the same place.
#[derive(Clone)]
pub(crate) struct Leases {
    pools: Pools,
    desk: Desk<Wish, Became>,
}

impl Leases {
    /// Ends when the last clone is dropped.
    pub(crate) fn on(pools: Pools) -> Self {
        let (desk, waiting) = Gathering::open();
        pools.spawn(write(pools.clone(), waiting));
        Self { pools, desk }
    }

    /// `Lost` when it is no longer theirs.
    pub(crate) async fn renew(&self, claim: &Claim, until: Timestamp) -> Result<(), StoreError> {
        match self.ask(Wish { claim: claim.clone(), until: Some(until) }).await? {
            Became::Done => Ok(()),
            Became::Lost | Became::Passed => Err(StoreError::Lost),
        }
    }

    /// One that is no longer theirs is left alone.
    pub(crate) async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        self.ask(Wish { claim: claim.clone(), until: None }).await.map(drop)
    }

    /// One that somebody stands in the way of is waited for by itself: it must not keep the others from renewing theirs.
    async fn ask(&self, wish: Wish) -> Result<Became, StoreError> {
        match self.desk.hand_in(wish.clone()).await? {
            Became::Passed => {
                let alone = set_together(&self.pools, &[wish], Lock::Waits).await?;
                Ok(alone.first().copied().unwrap_or(Became::Lost))
            }
            became => Ok(became),
        }
    }
}

async fn write(pools: Pools, mut waiting: Gathering<Wish, Became>) {
    while waiting.some().await {
        let (wishes, who) = waiting.together(|wish| wish.claim.lane.as_str());
        tell_all(who, set_together(&pools, &wishes, Lock::PassesOver).await);
    }
}

/// In one transaction.
async fn set_together(pools: &Pools, wishes: &[Wish], lock: Lock) -> Result<Vec<Became>, StoreError> {
    let within = match (pools, lock) {
        (Pools::Postgres(_), Lock::PassesOver) => PASSING_WITHIN,
        // For what has locked the lane, or for other processes that write to the file.
        _ => WITHIN,
    };
    let transaction = || async {
        let mut tx = pools.write_leases().await?;
        let became = set_ends(&mut tx, wishes, lock).await?;
        tx.commit().await?;
        Ok(became)
    };
    attempt(within, transaction).await
}

async fn set_ends(tx: &mut Connection, wishes: &[Wish], lock: Lock) -> Result<Vec<Became>, StoreError> {
    let names: BTreeSet<&str> = wishes.iter().map(|wish| wish.claim.lane.as_str()).collect();
    let tokens = lanes::lock(tx, &names.into_iter().collect::<Vec<_>>(), lock).await?;
    let token = |wish: &Wish| tokens.get(wish.claim.lane.as_str()).copied();
    let theirs = wishes.iter().filter(|wish| token(wish) == Some(wish.claim.token));
    let ends: Vec<_> = theirs.map(|wish| (wish.claim.lane.as_str(), wish.until)).collect();
    let held = lanes::set_ends(tx, &ends).await?;
    let became = wishes.iter().map(|wish| match token(wish) {
        None if matches!(lock, Lock::PassesOver) => Became::Passed,
        Some(token) if token == wish.claim.token && held.contains(wish.claim.lane.as_str()) => Became::Done,
        _ => Became::Lost,
    });
    Ok(became.collect())
}
