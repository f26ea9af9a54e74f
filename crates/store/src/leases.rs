//! Leases that are renewed or given back, gathered: a thousand lanes that were claimed together renew together and end together, and what
//! asks while one transaction is on its way goes into the next one. Nobody waits for company.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use skein_domain::ports::Claim;
use tokio::sync::{mpsc, oneshot};

use crate::StoreError;
use crate::dialect::{Connection, Pools};
use crate::gathering::Gathering;
use crate::saving::{ATTEMPTS_AT_MOST, WITHIN_MS, no_answer};
use crate::tables::lanes::{self, Lock};

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

type Answer = oneshot::Sender<Result<Became, StoreError>>;

/// Where leases are handed in. Clones hand in at the same place.
#[derive(Clone)]
pub(crate) struct Leases {
    pools: Pools,
    desk: mpsc::Sender<(Wish, Answer)>,
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
        let (done, became) = oneshot::channel();
        let closed = || StoreError::Database("the database is closed".to_owned());
        self.desk.send((wish.clone(), done)).await.map_err(|_| closed())?;
        match became.await.map_err(|_| closed())?? {
            Became::Passed => {
                let alone = attempt(&self.pools, &[wish], Lock::Waits).await?;
                Ok(alone.first().copied().unwrap_or(Became::Lost))
            }
            became => Ok(became),
        }
    }
}

async fn write(pools: Pools, mut waiting: Gathering<(Wish, Answer)>) {
    while waiting.some().await {
        let next = waiting.together(|(wish, _)| wish.claim.lane.as_str());
        let (wishes, who): (Vec<_>, Vec<_>) = next.into_iter().unzip();
        match attempt(&pools, &wishes, Lock::PassesOver).await {
            Ok(became) => who.into_iter().zip(became).for_each(|(who, became)| tell(who, Ok(became))),
            Err(error) => who.into_iter().for_each(|who| tell(who, Err(error.again()))),
        }
    }
}

/// Whoever does not wait any more needs no answer.
fn tell(who: Answer, became: Result<Became, StoreError>) {
    let _gone = who.send(became);
}

/// One transaction; done again when it was undone because others stood in its way.
async fn attempt(pools: &Pools, wishes: &[Wish], lock: Lock) -> Result<Vec<Became>, StoreError> {
    let mut attempt = 1;
    loop {
        let done = async {
            let mut tx = pools.write_leases().await?;
            let became = set_ends(&mut tx, wishes, lock).await?;
            tx.commit().await?;
            Ok(became)
        };
        match tokio::time::timeout(Duration::from_millis(WITHIN_MS), done).await {
            Err(_) => return Err(no_answer()),
            Ok(Err(StoreError::Collided)) if attempt < ATTEMPTS_AT_MOST => attempt += 1,
            Ok(done) => return done,
        }
    }
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
