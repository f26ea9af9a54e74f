//! What a connector hands back: the frozen bytes, the answer to a send, and what a look at the platform found.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Fault;

/// A record by its address and its content hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordRef {
    /// Where it is: an at-uri on Bluesky.
    pub uri: String,
    /// The hash of its bytes; computed here before anything is sent.
    pub cid: String,
}

impl RecordRef {
    /// The collection that it is kept in: the last but one piece of its address.
    pub fn collection(&self) -> &str {
        self.uri.rsplit('/').nth(1).unwrap_or_default()
    }
}

/// Those of a publication's records that are its parts: the collection of the first one is theirs. What else was written with
/// them, such as a gate, is kept in another.
pub fn parts_among(records: &[RecordRef]) -> impl DoubleEndedIterator<Item = &RecordRef> {
    let of_parts = records.first().map(RecordRef::collection);
    records.iter().filter(move |record| Some(record.collection()) == of_parts)
}

/// The exact bytes that one step will send, and what they will have made when they arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// The request's body, but for what the fence adds at arming.
    pub body: String,
    /// The records that it creates: the parts in their order, then what stands beside them, such as gates.
    pub records: Vec<RecordRef>,
    /// The createdAt of the first part.
    pub first_created_at: Timestamp,
    /// The createdAt of the last part: the lane's clock moves here.
    pub last_created_at: Timestamp,
    /// When the bytes were frozen.
    pub frozen_at: Timestamp,
}

/// What is journaled before a request leaves, so that it can be settled whatever happens afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// When the first request of this evidence was armed.
    pub armed_at: Timestamp,
    /// When the newest one was.
    pub last_armed_at: Timestamp,
    /// The platform wants no further request before this; it may be asked what became of the earlier ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resend_after: Option<Timestamp>,
    /// When the newest request left, where the process that sent it lived on to note it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// The connector's own words about the fence: on Bluesky the head of the repository.
    pub fence: Value,
    /// How often the same bytes were sent again under the same fence.
    pub resends: u32,
    /// How often the platform was looked at without an answer.
    pub looks: u32,
    /// The bytes may have been public before this evidence began: a refusal now proves nothing about then.
    #[serde(default)]
    pub pinned: bool,
}

impl Evidence {
    /// Evidence of a first request: nothing was sent again, and nobody has looked yet.
    pub fn first(armed_at: Timestamp, fence: Value) -> Self {
        Self {
            armed_at,
            last_armed_at: armed_at,
            resend_after: None,
            sent_at: None,
            fence,
            resends: 0,
            looks: 0,
            pinned: false,
        }
    }

    /// Whether a request before the newest one may have landed, so that a refusal of the newest proves nothing about it.
    pub fn leaves_doubt(&self) -> bool {
        self.resends > 0 || self.pinned
    }
}

/// What the platform confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The records that exist now.
    pub records: Vec<RecordRef>,
    /// The commit that made them, where the platform told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The revision of that commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<String>,
    /// Where a person can look at the first record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// The closed answer of a connector to one send.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is public, and the platform's hashes are ours.
    Published(Proof),
    /// Taken, but not public yet: look again at the instant.
    Accepted {
        /// When to look.
        look_at: Timestamp,
    },
    /// Refused for good; provably not published.
    Rejected(Fault),
    /// Provably not processed; may be sent again at the instant, or at once.
    RetryAt {
        /// When, if the platform said.
        at: Option<Timestamp>,
        /// Why.
        fault: Fault,
    },
    /// An uploaded blob is gone; provably not published.
    BlobGone(Fault),
    /// The account cannot write any more; provably not published.
    AuthLost(Fault),
    /// It may have been published, or may still be.
    Unknown(Fault),
}

/// What stands in the way before anything was sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Obstacle {
    /// Try again at the instant, or after the usual pause.
    Retry {
        /// When, if the platform said.
        at: Option<Timestamp>,
        /// Why.
        fault: Fault,
    },
    /// The account cannot write any more.
    AuthLost(Fault),
    /// It cannot be published as it is.
    Refused(Fault),
}

/// What a look at the platform found.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// Our record, with our hash.
    Found(Proof),
    /// Nothing of ours, and nothing of ours can land any more.
    AbsentFenced,
    /// Nothing of ours yet, and the fence still stands: the same bytes may be sent again under the same fence.
    AbsentUnfenced,
    /// The platform is still working on it.
    Pending {
        /// When to look again.
        look_at: Timestamp,
    },
    /// The platform could not be asked.
    Inconclusive(Fault),
    /// Something else is in the place of ours.
    Different(Fault),
    /// It cannot be known; a person decides.
    Unknowable(Fault),
}
