//! What can happen to a delivery. An event carries all that the next state needs; the story of a delivery is its events.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::state::{Review, Stop, Waiting};
use crate::{Evidence, Fault, Receipt};

/// Why frozen bytes are thrown away and made again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Stale {
    /// An uploaded blob is gone.
    BlobGone,
    /// More than a minute late: the createdAt would lie.
    Late {
        /// How late, in milliseconds.
        late_by_ms: i64,
    },
}

/// Something that happens to a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A worker took it to prepare it.
    Claimed {
        /// Who.
        owner: String,
        /// Until when the lease holds.
        until: Timestamp,
    },
    /// Preparing failed; tried again later.
    PrepareFailed {
        /// When.
        retry_at: Timestamp,
        /// Why.
        fault: Fault,
    },
    /// The worker that had it is gone.
    LeaseLost {
        /// When it is looked at next.
        at: Timestamp,
    },
    /// The bytes are final.
    Frozen {
        /// When it is armed.
        wake_at: Timestamp,
        /// How many records it will make.
        records: usize,
    },
    /// The frozen bytes no longer serve.
    WentStale {
        /// Until when the lease holds.
        until: Timestamp,
        /// Why.
        stale: Stale,
    },
    /// It waits in its state.
    Waits {
        /// Until when.
        until: Timestamp,
        /// Why.
        waiting: Waiting,
    },
    /// Its author changed the content.
    Edited {
        /// When it is prepared.
        wake_at: Timestamp,
    },
    /// Its author changed the time.
    Moved {
        /// The new instant.
        due: Timestamp,
        /// When it is prepared.
        wake_at: Timestamp,
        /// When it will be past its grace, for one that is blocked.
        grace_ends: Timestamp,
    },
    /// It must not go out for now.
    Stopped {
        /// Why.
        stop: Stop,
        /// When it will be past its grace.
        wake_at: Timestamp,
    },
    /// What stopped it is gone.
    Released {
        /// When it is looked at next.
        wake_at: Timestamp,
    },
    /// Its author does not want it any more.
    Canceled,
    /// Its time passed too long ago.
    PastGrace {
        /// How long ago, in milliseconds.
        late_by_ms: i64,
    },
    /// Found unpublishable before anything was sent, or the attempts are spent.
    Refused {
        /// Why.
        fault: Fault,
    },
    /// The request is about to leave.
    Armed {
        /// Until when the lease holds.
        until: Timestamp,
        /// The fence.
        evidence: Evidence,
    },
    /// Answered: public.
    Published {
        /// The proof.
        receipt: Receipt,
    },
    /// Answered: refused for good.
    Rejected {
        /// When it is looked at, should an earlier request be unsettled.
        look_at: Timestamp,
        /// Why.
        fault: Fault,
    },
    /// Answered: not processed, try later.
    Postponed {
        /// When.
        retry_at: Timestamp,
        /// When it is looked at, should an earlier request be unsettled.
        look_at: Timestamp,
        /// Why.
        fault: Fault,
    },
    /// Answered: a blob is gone.
    BlobGone {
        /// Until when the lease holds; when it is looked at, should an earlier request be unsettled.
        until: Timestamp,
        /// What the platform said.
        fault: Fault,
    },
    /// Answered: the account cannot write any more.
    AuthLost {
        /// When it will be past its grace; when it is looked at, should an earlier request be unsettled.
        wake_at: Timestamp,
        /// What the platform said.
        fault: Fault,
    },
    /// Taken by the platform, not public yet.
    Accepted {
        /// When it is looked at.
        look_at: Timestamp,
    },
    /// No answer that says what became of it.
    ReplyLost {
        /// When the request left.
        sent_at: Timestamp,
        /// When it is looked at.
        look_at: Timestamp,
        /// What came instead of an answer.
        fault: Fault,
    },
    /// Looked: no answer yet.
    StillUnsettled {
        /// When it is looked at again.
        look_at: Timestamp,
        /// Why.
        fault: Fault,
    },
    /// Looked: there it is.
    Found {
        /// The proof.
        receipt: Receipt,
    },
    /// Looked: not there, and nothing that was sent can land any more.
    AbsentFenced {
        /// When it is armed again.
        wake_at: Timestamp,
    },
    /// Looked: not there, and the fence stands: the same bytes leave again under the same fence.
    Resent {
        /// When.
        at: Timestamp,
        /// Until when the lease holds.
        until: Timestamp,
    },
    /// Looked: it cannot be known.
    Unknowable {
        /// Why.
        review: Review,
    },
    /// A person looked and says that it is public.
    PersonAccepted {
        /// The proof that the person vouches for.
        receipt: Receipt,
    },
    /// A person looked and wants the same bytes sent again.
    PersonResends {
        /// When it is armed.
        wake_at: Timestamp,
    },
    /// A person looked and gives it up.
    PersonGaveUp {
        /// What was known.
        fault: Fault,
    },
    /// A person wants another try.
    Retried {
        /// When it is looked at.
        wake_at: Timestamp,
    },
    /// Taken back from the platform.
    Unpublished,
}
