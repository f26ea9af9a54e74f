//! The `Ledger` on the tables: each method is one transaction.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use skein_domain::ports::{
    Change, Claim, ClaimRequest, ContentHash, Ledger, LedgerError, NewAccount, QueueFilter, RunLimits,
};
use skein_domain::story::Line;
use skein_domain::{
    Account, AccountId, Delivery, DeliveryId, Lane, Notice, Policy, Post, PostId, PostName, Standing, StateName,
    WorkspaceId,
};

use crate::dialect::{self, Connection};
use crate::gathering::{WITHIN, attempt};
use crate::saving::Write;
use crate::tables::{accounts, deliveries, engines, lanes, outbox, post_files, posts, records, story, workspaces};
use crate::{Store, StoreError};

/// One transaction that writes: all of the block, or nothing when it fails. It is done again when it was undone because others
/// stood in its way.
macro_rules! writing {
    ($store:expr, |$tx:ident| $work:expr) => {
        transaction!($store.write(), |$tx| $work)
    };
}

/// The same for leases and signs of life.
macro_rules! leasing {
    ($store:expr, |$tx:ident| $work:expr) => {
        transaction!($store.pools.write_leases(), |$tx| $work)
    };
}

macro_rules! transaction {
    ($begin:expr, |$tx:ident| $work:expr) => {{
        let transaction = || async {
            let mut $tx = $begin.await?;
            let done = $work?;
            $tx.commit().await?;
            Ok(done)
        };
        Ok(attempt(WITHIN, transaction).await?)
    }};
}

/// One statement that reads.
macro_rules! reading {
    ($store:expr, |$tx:ident| $work:expr) => {{
        let mut $tx = $store.read().await?;
        Ok($work?)
    }};
}

pub(crate) use {leasing, reading, transaction, writing};

#[async_trait]
impl Ledger for Store {
    async fn connect_account(&self, account: NewAccount) -> Result<Account, LedgerError> {
        writing!(self, |tx| connect_account(&mut tx, &account).await)
    }

    async fn accounts(&self, workspace: &WorkspaceId) -> Result<Vec<Account>, LedgerError> {
        reading!(self, |tx| accounts::list(&mut tx, workspace).await)
    }

    async fn accounts_called(&self, workspace: &WorkspaceId, names: &[String]) -> Result<Vec<Account>, LedgerError> {
        reading!(self, |tx| accounts::called(&mut tx, workspace, names).await)
    }

    async fn account(&self, id: &AccountId) -> Result<Account, LedgerError> {
        reading!(self, |tx| accounts::get(&mut tx, id).await)
    }

    async fn set_held(&self, id: &AccountId, held: bool) -> Result<(), LedgerError> {
        writing!(self, |tx| accounts::set_held(&mut tx, id, held).await)
    }

    async fn set_standing(&self, id: &AccountId, standing: &Standing, now: Timestamp) -> Result<(), LedgerError> {
        writing!(self, |tx| set_standing(&mut tx, id, standing, now).await)
    }

    async fn remove_account(&self, id: &AccountId) -> Result<(), LedgerError> {
        writing!(self, |tx| remove_account(&mut tx, id).await)
    }

    async fn policy(&self, workspace: &WorkspaceId) -> Result<Policy, LedgerError> {
        reading!(self, |tx| workspaces::policy(&mut tx, workspace).await)
    }

    async fn set_policy(&self, workspace: &WorkspaceId, policy: &Policy) -> Result<(), LedgerError> {
        writing!(self, |tx| workspaces::set_policy(&mut tx, workspace, policy).await)
    }

    async fn submit(
        &self,
        post: &Post,
        deliveries: &[Delivery],
        story: &[Line],
        files: &[ContentHash],
    ) -> Result<(), LedgerError> {
        writing!(self, |tx| submit(&mut tx, post, deliveries, story, files).await)
    }

    async fn needs_file(&self, file: &ContentHash) -> Result<bool, LedgerError> {
        reading!(self, |tx| post_files::is_needed(&mut tx, file).await)
    }

    async fn post(&self, id: &PostId) -> Result<Post, LedgerError> {
        reading!(self, |tx| posts::get(&mut tx, id).await)
    }

    async fn post_named(&self, workspace: &WorkspaceId, name: &PostName) -> Result<Option<Post>, LedgerError> {
        reading!(self, |tx| posts::named(&mut tx, workspace, name).await)
    }

    async fn posts(&self, workspace: &WorkspaceId, prefix: &str, at_most: usize) -> Result<Vec<Post>, LedgerError> {
        reading!(self, |tx| posts::list(&mut tx, workspace, prefix, at_most).await)
    }

    async fn delivery(&self, id: &DeliveryId) -> Result<Delivery, LedgerError> {
        reading!(self, |tx| deliveries::get(&mut tx, id).await)
    }

    async fn count_awake(&self, at_most: usize) -> Result<usize, LedgerError> {
        reading!(self, |tx| deliveries::count_awake(&mut tx, at_most).await)
    }

    async fn count_states(&self, at_most: usize) -> Result<Vec<(StateName, usize)>, LedgerError> {
        reading!(self, |tx| deliveries::count_states(&mut tx, at_most).await)
    }

    async fn queue(&self, filter: &QueueFilter) -> Result<Vec<Delivery>, LedgerError> {
        reading!(self, |tx| deliveries::list(&mut tx, filter).await)
    }

    async fn story(&self, id: &DeliveryId) -> Result<Vec<Line>, LedgerError> {
        reading!(self, |tx| story::of_delivery(&mut tx, id).await)
    }

    async fn next_wake(&self) -> Result<Option<Timestamp>, LedgerError> {
        reading!(self, |tx| dialect::next_wake(&mut tx).await)
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Option<Claim>, LedgerError> {
        match &request.lane {
            None => Ok(self.pools.claim_free(request, 1).await?.pop()),
            Some(lane) => {
                leasing!(self, |tx| lanes::take(&mut tx, lane.clone(), &request.owner, request.now, request.until)
                    .await)
            }
        }
    }

    async fn claim_due(&self, request: &ClaimRequest, at_most: usize) -> Result<Vec<Claim>, LedgerError> {
        Ok(self.pools.claim_free(request, at_most).await?)
    }

    async fn due_run(&self, claim: &Claim, now: Timestamp, limits: &RunLimits) -> Result<Vec<Delivery>, LedgerError> {
        let mut tx = self.pools.read_moment().await?;
        Ok(deliveries::due_run(&mut tx, claim, now, limits).await?)
    }

    async fn unsettled(&self, lane: &Lane, but: &DeliveryId) -> Result<Option<Delivery>, LedgerError> {
        reading!(self, |tx| deliveries::unsettled(&mut tx, lane, but).await)
    }

    async fn renew(&self, claim: &Claim, until: Timestamp) -> Result<(), LedgerError> {
        Ok(self.leases.renew(claim, until).await?)
    }

    async fn release(&self, claim: &Claim) -> Result<(), LedgerError> {
        Ok(self.leases.release(claim).await?)
    }

    async fn save(&self, change: &Change) -> Result<(), LedgerError> {
        Ok(self.saves.save(Write::of(change)?).await?)
    }

    async fn beat(&self, owner: &str, now: Timestamp) -> Result<(), LedgerError> {
        leasing!(self, |tx| beat(&mut tx, owner, now).await)
    }

    async fn last_beat(&self) -> Result<Option<Timestamp>, LedgerError> {
        reading!(self, |tx| engines::last_beat(&mut tx).await)
    }

    async fn end_beat(&self, owner: &str) -> Result<(), LedgerError> {
        leasing!(self, |tx| engines::end(&mut tx, owner).await)
    }

    async fn changed(&self) {
        match &self.listener {
            Some(listener) => listener.changed().await,
            None => std::future::pending().await,
        }
    }
}

/// An engine that starts looks after what processes have ended that do not know the mark, before it lives by what waits.
async fn beat(connection: &mut Connection, owner: &str, now: Timestamp) -> Result<(), StoreError> {
    if engines::beat(connection, owner, now).await? { deliveries::mark_ends(connection).await } else { Ok(()) }
}

async fn connect_account(connection: &mut Connection, new: &NewAccount) -> Result<Account, StoreError> {
    workspaces::ensure(connection, &new.workspace).await?;
    let account = accounts::connect(connection, new).await?;
    lanes::ensure(connection, account.lane().as_str()).await?;
    Ok(account)
}

async fn remove_account(connection: &mut Connection, id: &AccountId) -> Result<(), StoreError> {
    let account = accounts::get_locked(connection, id, accounts::Lock::Removing).await?;
    if deliveries::any_unfinished(connection, id).await? {
        return Err(StoreError::Invalid(format!(
            "the account {} still has posts on their way; cancel them or wait until they are out",
            account.handle
        )));
    }
    accounts::remove(connection, id).await
}

async fn set_standing(
    connection: &mut Connection,
    id: &AccountId,
    standing: &Standing,
    now: Timestamp,
) -> Result<(), StoreError> {
    let account = accounts::get_locked(connection, id, accounts::Lock::Changing).await?;
    accounts::set_standing(connection, id, standing).await?;
    match Notice::of_standing(id, &account.standing, standing, now) {
        Some(notice) => outbox::append(connection, &[&outbox::Columns::of(&notice)?]).await,
        None => Ok(()),
    }
}

async fn submit(
    connection: &mut Connection,
    post: &Post,
    deliveries: &[Delivery],
    story: &[Line],
    files: &[ContentHash],
) -> Result<(), StoreError> {
    workspaces::ensure(connection, &post.workspace).await?;
    posts::insert(connection, post).await?;
    post_files::insert(connection, &post.id, files).await?;
    for delivery in deliveries {
        if delivery.post != post.id {
            return Err(StoreError::Invalid(format!("delivery {} is of another post than {}", delivery.id, post.id)));
        }
        let account = accounts::get_locked(connection, &delivery.account, accounts::Lock::Staying).await?;
        if account.lane() != delivery.lane {
            return Err(StoreError::Invalid(format!("delivery {} is not in the lane of its account", delivery.id)));
        }
    }
    // New lanes in one order, so that two submissions never wait for each other.
    let lanes: BTreeSet<&str> = deliveries.iter().map(|delivery| delivery.lane.as_str()).collect();
    for lane in lanes {
        lanes::ensure(connection, lane).await?;
    }
    for delivery in deliveries {
        deliveries::insert(connection, delivery).await?;
        if let Some(prepared) = &delivery.prepared {
            let (lane, delivery) = (delivery.lane.as_str(), delivery.id.as_str());
            records::allot(connection, &[records::Allotment { lane, delivery, records: &prepared.records }]).await?;
        }
    }
    if let Some(line) = story.iter().find(|line| !deliveries.iter().any(|delivery| delivery.id == line.delivery)) {
        return Err(StoreError::Invalid(format!(
            "a line of the story is of {}, which is not submitted",
            line.delivery
        )));
    }
    let told = story.iter().map(story::Columns::of).collect::<Result<Vec<_>, _>>()?;
    story::append(connection, &told.iter().collect::<Vec<_>>()).await?;
    connection.announce().await
}
