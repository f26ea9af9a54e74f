//! The ledger: what is kept, and the only way in which it changes.

use std::collections::HashSet;

use async_trait::async_trait;
use jiff::Timestamp;

use super::ContentHash;
use crate::story::Line;
use crate::{
    Account, AccountId, Delivery, DeliveryId, Lane, Platform, Policy, Post, PostId, PostName, Standing, StateName,
    WorkspaceId,
};

/// What can go wrong with the ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Somebody else wrote first, or the lease is no longer ours. Nothing was written; read again.
    #[error("somebody else changed this first; nothing was written")]
    Lost,
    /// No such row.
    #[error("there is no {0}")]
    NotFound(String),
    /// What was to be written breaks an invariant, or what was read does.
    #[error("the ledger refuses: {0}")]
    Invalid(String),
    /// Another post of the workspace has this name. Nothing was written.
    #[error("the name is taken")]
    NameTaken,
    /// The database failed.
    #[error("the database failed: {0}")]
    Failed(String),
}

/// An account to be connected, or connected again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// The id it gets if it is new.
    pub id: AccountId,
    /// Who owns it.
    pub workspace: WorkspaceId,
    /// Where it lives.
    pub platform: Platform,
    /// What never changes about it.
    pub identity: String,
    /// What people call it.
    pub handle: String,
    /// The base URL of its server.
    pub host: String,
    /// The present instant.
    pub at: Timestamp,
}

impl From<NewAccount> for Account {
    /// The account as it is when it was connected for the first time.
    fn from(new: NewAccount) -> Self {
        Self {
            id: new.id,
            workspace: new.workspace,
            platform: new.platform,
            identity: new.identity,
            handle: new.handle,
            host: new.host,
            standing: Standing::Active,
            held: false,
            connected_at: new.at,
        }
    }
}

/// A lease on a lane: as long as it is ours nobody else sends, prepares or settles there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The lane.
    pub lane: Lane,
    /// The fencing token: rises with every claim of the lane; writes under an older one are refused.
    pub token: i64,
    /// Until when it holds unless it is renewed.
    pub until: Timestamp,
    /// The lane's clock: the createdAt of the last part that was frozen here.
    pub last_created_at: Option<Timestamp>,
}

/// What a worker asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Who asks; shown to people.
    pub owner: String,
    /// The present instant.
    pub now: Timestamp,
    /// Until when the lease shall hold.
    pub until: Timestamp,
    /// Only this lane, due or not; otherwise the free lane with the earliest wake-up that is due.
    pub lane: Option<Lane>,
}

/// How much of a lane is taken at once, and what of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLimits {
    /// At most so many deliveries.
    pub at_most: usize,
    /// Of those that are open, only these; what is being published or settled is always included.
    pub only: Option<Vec<DeliveryId>>,
}

/// What a write is conditional on, beside the version of the delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// The writer's claim on the lane is still the newest.
    Lane {
        /// The lane.
        lane: Lane,
        /// The fencing token.
        token: i64,
    },
    /// Nothing: a person acts, and the version decides who was first.
    VersionOnly,
}

/// One compare-and-set write: the delivery as it shall be, if it still is as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The version that is being replaced.
    pub from_version: i64,
    /// The delivery as it shall be; its version is `from_version + 1`.
    pub delivery: Delivery,
    /// Whether its instant, its content and its frozen bytes are those of the version that is being replaced, and it was not over: then
    /// these are not written again.
    pub is_step: bool,
    /// The further condition.
    pub guard: Guard,
    /// What happened, for the story; written in the same transaction, with the notice that the last line makes.
    pub story: Vec<Line>,
    /// Moves the lane's clock forward, in the same transaction, if it still is where the claim found it.
    pub lane_clock: Option<LaneClock>,
}

impl Change {
    /// From a delivery as it was to what it shall be, with its lines of the story, under no guard but the version.
    pub fn between(was: &Delivery, next: Delivery, story: Vec<Line>) -> Self {
        Self {
            from_version: was.version,
            is_step: is_step(was, &next),
            delivery: next,
            guard: Guard::VersionOnly,
            story,
            lane_clock: None,
        }
    }
}

fn is_step(was: &Delivery, next: &Delivery) -> bool {
    let keeps = was.due == next.due && was.content == next.content && was.prepared == next.prepared;
    keeps && !was.state.name().is_over()
}

/// A move of a lane's clock: from where it was to where it shall be.
pub type LaneClock = (Option<Timestamp>, Timestamp);

/// Which deliveries to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueueFilter {
    /// Only in these states; all when empty.
    pub states: Vec<StateName>,
    /// Only of this account.
    pub account: Option<AccountId>,
    /// Only of this post.
    pub post: Option<PostId>,
    /// Only those that are due then or later.
    pub due_from: Option<Timestamp>,
    /// Only those that are due before then.
    pub due_until: Option<Timestamp>,
    /// The latest due first, instead of the earliest.
    pub newest_first: bool,
    /// At most so many, in that order.
    pub at_most: usize,
}

/// The durable memory. Every method is one transaction; none is held across I/O with anybody else.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Connects an account, or refreshes handle, host and standing of the one with the same identity in the workspace.
    async fn connect_account(&self, account: NewAccount) -> Result<Account, LedgerError>;
    /// All accounts of a workspace, by handle.
    async fn accounts(&self, workspace: &WorkspaceId) -> Result<Vec<Account>, LedgerError>;
    /// Those of a workspace that go by one of these names, as [`Account::goes_by`] has it, by handle.
    async fn accounts_called(&self, workspace: &WorkspaceId, names: &[String]) -> Result<Vec<Account>, LedgerError> {
        let mut called = self.accounts(workspace).await?;
        called.retain(|account| names.iter().any(|name| account.goes_by(name)));
        Ok(called)
    }
    /// One account.
    async fn account(&self, id: &AccountId) -> Result<Account, LedgerError>;
    /// Holds or releases an account; its deliveries are not touched by this.
    async fn set_held(&self, id: &AccountId, held: bool) -> Result<(), LedgerError>;
    /// Notes whether the account can write; when it no longer can, with the notice that this makes ([`crate::Notice::of_standing`]).
    async fn set_standing(&self, id: &AccountId, standing: &Standing, now: Timestamp) -> Result<(), LedgerError>;
    /// Forgets an account; refused with `Invalid` while it has deliveries that are not at rest or wait for a person.
    async fn remove_account(&self, id: &AccountId) -> Result<(), LedgerError>;

    /// What holds for posts of a workspace that say nothing themselves; nothing is said where nobody has set anything.
    async fn policy(&self, workspace: &WorkspaceId) -> Result<Policy, LedgerError>;
    /// Sets that; posts that were submitted before keep theirs.
    async fn set_policy(&self, workspace: &WorkspaceId, policy: &Policy) -> Result<(), LedgerError>;

    /// Keeps a post, its deliveries, the first lines of their stories, and which media files they need. `NameTaken` when
    /// the workspace has a post of its name.
    async fn submit(
        &self,
        post: &Post,
        deliveries: &[Delivery],
        story: &[Line],
        files: &[ContentHash],
    ) -> Result<(), LedgerError>;
    /// Whether any delivery may still send a media file: one of its post that is not Published, Canceled or Removed.
    async fn needs_file(&self, file: &ContentHash) -> Result<bool, LedgerError>;
    /// One post.
    async fn post(&self, id: &PostId) -> Result<Post, LedgerError>;
    /// The post of this name.
    async fn post_named(&self, workspace: &WorkspaceId, name: &PostName) -> Result<Option<Post>, LedgerError>;
    /// The posts of a workspace whose id begins with the prefix, at most `at_most`, newest first.
    async fn posts(&self, workspace: &WorkspaceId, prefix: &str, at_most: usize) -> Result<Vec<Post>, LedgerError>;
    /// One delivery.
    async fn delivery(&self, id: &DeliveryId) -> Result<Delivery, LedgerError>;
    /// Deliveries, earliest due first, then in the order of their ids; all the other way round where the newest come first.
    async fn queue(&self, filter: &QueueFilter) -> Result<Vec<Delivery>, LedgerError>;
    /// How many posts have a delivery that is not at rest, counted no further than the bound.
    async fn count_awake(&self, at_most: usize) -> Result<usize, LedgerError> {
        let states = StateName::ALL.into_iter().filter(|state| !state.is_at_rest()).collect();
        let awake = self.queue(&QueueFilter { states, at_most: usize::MAX, ..QueueFilter::default() }).await?;
        let posts: HashSet<&PostId> = awake.iter().map(|delivery| &delivery.post).collect();
        Ok(posts.len().min(at_most))
    }
    /// How many deliveries are in each state that is not over: not at rest, or waiting for a person's decision. States without
    /// any are left out. Counted no further than the bound; which of very many count is left open.
    async fn count_states(&self, at_most: usize) -> Result<Vec<(StateName, usize)>, LedgerError> {
        let unfinished = |state: &StateName| !state.is_over();
        let states: Vec<StateName> = StateName::ALL.into_iter().filter(unfinished).collect();
        let found = self.queue(&QueueFilter { states: states.clone(), at_most, ..QueueFilter::default() }).await?;
        let count = |state: StateName| found.iter().filter(|delivery| delivery.state.name() == state).count();
        Ok(states.into_iter().map(|state| (state, count(state))).filter(|(_, count)| *count > 0).collect())
    }
    /// What happened to a delivery, in order.
    async fn story(&self, id: &DeliveryId) -> Result<Vec<Line>, LedgerError>;

    /// The earliest instant at which a delivery wants attention that nobody who is alive gives it: the least, over all
    /// deliveries that are not at rest, of the later of its wake-up and the end of the lease on its lane.
    async fn next_wake(&self) -> Result<Option<Timestamp>, LedgerError>;
    /// Leases a lane that nobody holds. `None` when there is nothing to claim, or the lane is held.
    async fn claim(&self, request: &ClaimRequest) -> Result<Option<Claim>, LedgerError>;
    /// Leases free lanes that have something due, at most so many, the earliest wake-ups first.
    async fn claim_due(&self, request: &ClaimRequest, at_most: usize) -> Result<Vec<Claim>, LedgerError> {
        let mut claims = Vec::new();
        while claims.len() < at_most {
            match self.claim(request).await? {
                Some(claim) => claims.push(claim),
                None => break,
            }
        }
        Ok(claims)
    }
    /// What a claimed lane has to do now: deliveries whose wake-up has come, those that are being published or settled
    /// first, then by due instant, then by id. Those that are Preparing or Publishing are included whatever their
    /// wake-up: their worker is gone, since the lane was free.
    async fn due_run(&self, claim: &Claim, now: Timestamp, limits: &RunLimits) -> Result<Vec<Delivery>, LedgerError>;
    /// A delivery of the lane that is Publishing or Settling, other than the given one, if there is any.
    async fn unsettled(&self, lane: &Lane, but: &DeliveryId) -> Result<Option<Delivery>, LedgerError>;
    /// Extends a lease; `Lost` when it is no longer ours.
    async fn renew(&self, claim: &Claim, until: Timestamp) -> Result<(), LedgerError>;
    /// Gives a lease back; no error when it is no longer ours.
    async fn release(&self, claim: &Claim) -> Result<(), LedgerError>;
    /// Writes a change, all of it or nothing, with the notice that its last line makes ([`crate::Notice::of_line`]); `Lost` when a
    /// condition does not hold.
    async fn save(&self, change: &Change) -> Result<(), LedgerError>;

    /// Notes that an engine lives.
    async fn beat(&self, owner: &str, now: Timestamp) -> Result<(), LedgerError>;
    /// The newest sign of life of any engine.
    async fn last_beat(&self) -> Result<Option<Timestamp>, LedgerError>;
    /// Forgets an engine that ended in order.
    async fn end_beat(&self, owner: &str) -> Result<(), LedgerError>;

    /// Waits until another process has changed what may come next, or may have; for ever where none can tell. It tells early, and
    /// may tell for nothing or not at all: whoever waits for it looks by itself now and then. One waits at a time.
    async fn changed(&self) {
        std::future::pending::<()>().await;
    }
}
