//! The status of a post, derived from its deliveries: the worst of them speaks.

use serde::{Deserialize, Serialize};
use std::fmt;

use crate::StateName;

/// One word for a whole post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostStatus {
    /// Kept out of the queue.
    Draft,
    /// Waits for its instant, or for something with a name.
    Scheduled,
    /// A request is on its way or being settled.
    Publishing,
    /// Public everywhere it was meant for.
    Published,
    /// Public somewhere, and refused, missed or canceled elsewhere.
    Partial,
    /// Refused everywhere.
    Failed,
    /// Too late everywhere.
    Missed,
    /// A person must look.
    NeedsAttention,
    /// Stopped by a person.
    Canceled,
    /// Was public and was taken back everywhere.
    Removed,
}

impl PostStatus {
    /// Derives the status from the states of the deliveries.
    pub fn of(states: &[StateName]) -> Self {
        use StateName as S;
        let any = |wanted: &[S]| states.iter().any(|state| wanted.contains(state));
        if states.is_empty() {
            Self::Draft
        } else if any(&[S::NeedsReview, S::Blocked]) {
            Self::NeedsAttention
        } else if any(&[S::Publishing, S::Settling]) {
            Self::Publishing
        } else if any(&[S::Scheduled, S::Preparing, S::Ready]) {
            Self::Scheduled
        } else if any(&[S::Published]) {
            if any(&[S::Failed, S::Missed, S::Canceled]) { Self::Partial } else { Self::Published }
        } else if any(&[S::Removed]) {
            Self::Removed
        } else if any(&[S::Failed]) {
            Self::Failed
        } else if any(&[S::Missed]) {
            Self::Missed
        } else {
            Self::Canceled
        }
    }

    /// The word as it stands in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::Publishing => "publishing",
            Self::Published => "published",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Missed => "missed",
            Self::NeedsAttention => "needs_attention",
            Self::Canceled => "canceled",
            Self::Removed => "removed",
        }
    }
}

impl fmt::Display for PostStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StateName as S;

    #[test]
    fn the_worst_delivery_speaks() {
        assert_eq!(PostStatus::of(&[]), PostStatus::Draft);
        assert_eq!(PostStatus::of(&[S::Published, S::NeedsReview]), PostStatus::NeedsAttention);
        assert_eq!(PostStatus::of(&[S::Published, S::Settling]), PostStatus::Publishing);
        assert_eq!(PostStatus::of(&[S::Published, S::Ready]), PostStatus::Scheduled);
        assert_eq!(PostStatus::of(&[S::Published, S::Failed]), PostStatus::Partial);
        assert_eq!(PostStatus::of(&[S::Published, S::Removed]), PostStatus::Published);
        assert_eq!(PostStatus::of(&[S::Removed]), PostStatus::Removed);
        assert_eq!(PostStatus::of(&[S::Removed, S::Failed]), PostStatus::Removed);
        assert_eq!(PostStatus::of(&[S::Failed, S::Missed]), PostStatus::Failed);
        assert_eq!(PostStatus::of(&[S::Missed, S::Canceled]), PostStatus::Missed);
        assert_eq!(PostStatus::of(&[S::Canceled]), PostStatus::Canceled);
    }
}
