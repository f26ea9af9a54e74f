//! The proof of publication.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::RecordRef;

/// How it became certain that the post is public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    /// The platform answered the request, with the hashes that were computed here.
    Answered,
    /// The answer was lost; the records were looked up and are ours.
    LookedUp,
    /// A person looked and said so.
    ByPerson,
}

/// What was published, where, when, how late and after how many attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The records, in the order of the parts; the hashes were computed before anything was sent.
    pub records: Vec<RecordRef>,
    /// The commit that made them; unknown when the answer was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The revision of that commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<String>,
    /// Where a person can look at the first record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The instant that was asked for last: at submission, by a move, or by a person who had it tried again.
    pub due: Timestamp,
    /// When the request that is known to have left last did so; unknown after a crash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// When it was certain that the post is public.
    pub settled_at: Timestamp,
    /// From the due instant to the sending, in milliseconds; from due to the certainty where the sending is unknown.
    pub lateness_ms: i64,
    /// How many requests were armed.
    pub attempts: u32,
    /// How it became certain.
    pub settled: Settled,
}
