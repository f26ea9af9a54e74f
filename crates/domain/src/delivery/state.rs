//! The states of a delivery. Each carries what is true only in it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{DeliveryId, Evidence, Fault, Receipt};

/// Why an open delivery waits although nothing is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Waiting {
    /// Something failed or is limited; it is tried again at the wake-up.
    Retry {
        /// What failed.
        fault: Fault,
    },
    /// What it needs at the platform is being brought there, beside the lane; looked at again at the wake-up.
    Uploading,
    /// What it needs is at the platform, well ahead of its time.
    Uploaded,
    /// An earlier delivery of the same lane is not settled yet; sending now would blur what became of it.
    Unsettled {
        /// The earlier one.
        delivery: DeliveryId,
    },
}

/// Why a delivery does not go out until somebody acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Stop {
    /// A person holds the account.
    Held,
    /// The account cannot write.
    Account {
        /// What the platform said.
        fault: Fault,
    },
}

/// Why a person must look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// What is known, what is not, and what the person can do.
    pub fault: Fault,
}

/// The state of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Waits to be prepared.
    Scheduled {
        /// When the planner looks at it next.
        wake_at: Timestamp,
        /// Why it waits beyond its time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waiting: Option<Waiting>,
    },
    /// Is being prepared under a lease.
    Preparing {
        /// When the lease that protects it may run out.
        wake_at: Timestamp,
    },
    /// Its bytes are frozen; waits to be sent.
    Ready {
        /// When the publisher arms it.
        wake_at: Timestamp,
        /// Why it waits beyond its time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waiting: Option<Waiting>,
        /// Evidence of an earlier request with these bytes, which may have been public: they are *pinned*, that is, sent
        /// as they are or not at all, never made anew.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        earlier: Option<Evidence>,
    },
    /// Does not go out until somebody acts.
    Blocked {
        /// When it will be past its grace.
        wake_at: Timestamp,
        /// Why.
        stop: Stop,
    },
    /// Armed: the request is about to leave, on its way, or was answered a moment ago.
    Publishing {
        /// When the lease that protects it may run out.
        wake_at: Timestamp,
        /// What was journaled before it left.
        evidence: Evidence,
    },
    /// It is not known what became of the request; the platform is asked.
    Settling {
        /// When it is asked next.
        wake_at: Timestamp,
        /// What was journaled before it left.
        evidence: Evidence,
        /// Why it is not known.
        fault: Fault,
    },
    /// It cannot be known; a person decides.
    NeedsReview {
        /// Why.
        review: Review,
        /// What was journaled before it left.
        evidence: Evidence,
    },
    /// Public.
    Published {
        /// The proof.
        receipt: Receipt,
    },
    /// Provably not public, and will not be.
    Failed {
        /// Why.
        fault: Fault,
    },
    /// Not sent, because its time had passed too long ago.
    Missed {
        /// How late it was when it was given up, in milliseconds.
        late_by_ms: i64,
    },
    /// Stopped by a person before anything was sent.
    Canceled,
    /// Was public and was taken back.
    Removed {
        /// The proof that it was public.
        receipt: Receipt,
    },
}

/// The name of a state, without what it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each name is documented at the state that carries it")]
pub enum StateName {
    Scheduled,
    Preparing,
    Ready,
    Blocked,
    Publishing,
    Settling,
    NeedsReview,
    Published,
    Failed,
    Missed,
    Canceled,
    Removed,
}

impl StateName {
    /// Every state, in the order in which a delivery usually meets them.
    pub const ALL: [Self; 12] = [
        Self::Scheduled,
        Self::Preparing,
        Self::Ready,
        Self::Blocked,
        Self::Publishing,
        Self::Settling,
        Self::NeedsReview,
        Self::Published,
        Self::Failed,
        Self::Missed,
        Self::Canceled,
        Self::Removed,
    ];

    /// Nothing that was sent can still land.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Scheduled | Self::Preparing | Self::Ready)
    }

    /// Nothing more happens by itself.
    pub fn is_at_rest(self) -> bool {
        matches!(
            self,
            Self::NeedsReview | Self::Published | Self::Failed | Self::Missed | Self::Canceled | Self::Removed
        )
    }

    /// It has ended, and waits for nobody's decision.
    pub fn is_over(self) -> bool {
        self.is_at_rest() && self != Self::NeedsReview
    }

    /// Nobody can make it go out again: what it needed is needed no more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Published | Self::Canceled | Self::Removed)
    }

    /// The name as it stands in the database and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Preparing => "preparing",
            Self::Ready => "ready",
            Self::Blocked => "blocked",
            Self::Publishing => "publishing",
            Self::Settling => "settling",
            Self::NeedsReview => "needs_review",
            Self::Published => "published",
            Self::Failed => "failed",
            Self::Missed => "missed",
            Self::Canceled => "canceled",
            Self::Removed => "removed",
        }
    }

    /// Reads the name.
    pub fn parse(given: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == given)
    }
}

impl State {
    /// The state's name.
    pub fn name(&self) -> StateName {
        match self {
            Self::Scheduled { .. } => StateName::Scheduled,
            Self::Preparing { .. } => StateName::Preparing,
            Self::Ready { .. } => StateName::Ready,
            Self::Blocked { .. } => StateName::Blocked,
            Self::Publishing { .. } => StateName::Publishing,
            Self::Settling { .. } => StateName::Settling,
            Self::NeedsReview { .. } => StateName::NeedsReview,
            Self::Published { .. } => StateName::Published,
            Self::Failed { .. } => StateName::Failed,
            Self::Missed { .. } => StateName::Missed,
            Self::Canceled => StateName::Canceled,
            Self::Removed { .. } => StateName::Removed,
        }
    }

    /// When the planner looks at it next; `None` exactly when it is at rest.
    pub fn wake_at(&self) -> Option<Timestamp> {
        match self {
            Self::Scheduled { wake_at, .. }
            | Self::Preparing { wake_at }
            | Self::Ready { wake_at, .. }
            | Self::Blocked { wake_at, .. }
            | Self::Publishing { wake_at, .. }
            | Self::Settling { wake_at, .. } => Some(*wake_at),
            _ => None,
        }
    }
}
