//! The outbox: notices that wait until every door has them, and those that are over.

use async_trait::async_trait;
use jiff::Timestamp;

use super::LedgerError;
use crate::notice::{Notice, NoticeId};

/// Where a notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Not every door has it.
    Waiting {
        /// When it is tried next; while somebody is at it, when the lease on it ends.
        wake_at: Timestamp,
    },
    /// Every door has it.
    HandedOn {
        /// Since when.
        at: Timestamp,
    },
    /// At least one door does not have it, and it is not tried any more.
    GivenUp {
        /// Since when.
        at: Timestamp,
    },
}

impl Stage {
    /// The names of the stages, as they stand in the database.
    pub const NAMES: [&'static str; 3] = ["waiting", "handed_on", "given_up"];

    /// The name of the stage.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::HandedOn { .. } => "handed_on",
            Self::GivenUp { .. } => "given_up",
        }
    }
}

/// A notice as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptNotice {
    /// What is told.
    pub notice: Notice,
    /// Where it stands.
    pub stage: Stage,
    /// How often a door did not take it.
    pub attempts: u32,
    /// The names of the doors that have it.
    pub told: Vec<String>,
    /// Why a door did not take it the last time.
    pub trouble: Option<String>,
}

/// A notice under a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldNotice {
    /// The notice.
    pub kept: KeptNotice,
    /// The fencing token: rises with every claim; writes under an older one leave the notice alone.
    pub token: i64,
}

/// How a claimed notice shall stand from now on. The lease on it ends with this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledNotice {
    /// Which.
    pub id: NoticeId,
    /// The token of the claim.
    pub token: i64,
    /// Where it stands.
    pub stage: Stage,
    /// How often a door did not take it.
    pub attempts: u32,
    /// The names of the doors that have it.
    pub told: Vec<String>,
    /// Why a door did not take it the last time.
    pub trouble: Option<String>,
}

/// Which notices to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticeFilter {
    /// Also those that every door has.
    pub handed_on: bool,
    /// At most so many, the newest.
    pub at_most: usize,
}

/// Notices that were written with the changes that they are about (`Ledger::save`, `Ledger::set_standing`). Of notices about one
/// thing only the earliest that waits can be claimed, so they are told in their order. Every method is one transaction.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// When the next notice can be claimed.
    async fn next_notice(&self) -> Result<Option<Timestamp>, LedgerError>;
    /// Leases notices whose wake-up has come, the earliest first.
    async fn claim_notices(
        &self,
        now: Timestamp,
        until: Timestamp,
        at_most: usize,
    ) -> Result<Vec<HeldNotice>, LedgerError>;
    /// Extends leases; those that were lost stay lost. Returns how many are still ours.
    async fn renew_notices(&self, held: &[HeldNotice], until: Timestamp) -> Result<usize, LedgerError>;
    /// Writes down how claimed notices stand. Those whose lease was lost are left alone. Returns how many were written.
    async fn settle_notices(&self, settled: &[SettledNotice]) -> Result<usize, LedgerError>;
    /// Notices, newest first.
    async fn notices(&self, filter: &NoticeFilter) -> Result<Vec<KeptNotice>, LedgerError>;
    /// How many wait, and how many were given up.
    async fn count_notices(&self) -> Result<(usize, usize), LedgerError>;
    /// Has everything that was given up tried again. Returns how many that are.
    async fn retry_notices(&self, now: Timestamp) -> Result<usize, LedgerError>;
    /// Forgets what has been over since before an instant. Returns how many.
    async fn prune_notices(&self, before: Timestamp) -> Result<usize, LedgerError>;
}
