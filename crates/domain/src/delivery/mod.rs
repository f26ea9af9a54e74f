//! A delivery: one post on one account; the unit that is scheduled, leased, published and receipted.

mod event;
mod machine;
mod state;

pub use event::{Event, Stale};
pub use machine::NotAllowed;
pub use state::{Review, State, StateName, Stop, Waiting};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{AccountId, DeliveryId, Lane, Policy, PostId, Prepared};

/// How late a post may still go out, unless its workspace or its author says otherwise.
pub const DEFAULT_GRACE_MS: i64 = 3_600_000;

/// How long before its instant a delivery of words alone is prepared, in milliseconds.
pub const TEXT_LEAD_MS: i64 = 30_000;

/// How long before its instant a delivery with pictures is prepared, in milliseconds: they are uploaded then.
pub const PICTURES_LEAD_MS: i64 = 60_000;

/// How long before its instant a delivery with a video is first looked at, in milliseconds: the video is uploaded and encoded
/// then. Its bytes are frozen no earlier than those of a delivery with pictures, or later posts would be dated after it.
pub const VIDEO_LEAD_MS: i64 = 1_200_000;

/// How long after its grace a delivery may leave that waited for its video all the while, in milliseconds.
pub const VIDEO_BEYOND_GRACE_MS: i64 = 7_200_000;

/// How long before its instant a delivery is armed, in milliseconds; from then on it can no longer be stopped.
pub const ARM_LEAD_MS: i64 = 1_000;

/// One post on one account.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The delivery's id.
    pub id: DeliveryId,
    /// The post.
    pub post: PostId,
    /// The account.
    pub account: AccountId,
    /// What it shares with other deliveries to the same identity.
    pub lane: Lane,
    /// The instant at which the request should leave.
    pub due: Timestamp,
    /// How late it may still go out, in milliseconds: as its policy says, unless something has changed that since.
    pub grace_ms: i64,
    /// What holds when it is late or fails; fixed at submission.
    pub policy: Policy,
    /// How long before its instant it is prepared, in milliseconds.
    pub lead_ms: i64,
    /// The connector's own form of the content, fixed at submission.
    pub content: Value,
    /// The frozen bytes, once there are any.
    pub prepared: Option<Prepared>,
    /// Where it stands.
    pub state: State,
    /// How many requests were armed since it was submitted or a person last had it tried again.
    pub attempts: u32,
    /// Rises with every write; what compare-and-set compares.
    pub version: i64,
    /// When it was accepted.
    pub submitted_at: Timestamp,
}

impl Delivery {
    /// The same delivery after an event. Bytes that the next state must not have are dropped with it.
    pub fn after(&self, event: Event) -> Result<Delivery, NotAllowed> {
        let mut next = self.clone();
        match &event {
            Event::Moved { due, .. } => {
                next.due = *due;
                next.grace_ms = self.grace_of_next_try();
            }
            // A person who wants it sent now makes now its instant, or its grace would end it at once.
            Event::Retried { wake_at } | Event::PersonResends { wake_at } => {
                next.due = *wake_at;
                next.grace_ms = self.grace_of_next_try();
                next.attempts = 0;
            }
            Event::Armed { .. } | Event::Resent { .. } => next.attempts += 1,
            _ => {}
        }
        next.state = next.state.apply(event)?;
        if matches!(next.state.name(), StateName::Scheduled | StateName::Preparing) {
            next.prepared = None;
        }
        next.version += 1;
        Ok(next)
    }

    /// The instant after which it is missed instead of published.
    pub fn grace_ends(&self) -> Timestamp {
        grace_end(self.due, self.grace_ms)
    }

    /// The event of moving it to another instant.
    pub fn moved_to(&self, due: Timestamp) -> Event {
        let grace_ends = grace_end(due, self.grace_of_next_try());
        Event::Moved { due, wake_at: lead_before(due, self.lead_ms), grace_ends }
    }

    /// What a restored copy of the past has is without grace, so that it does not leave by itself. A person who gives it another
    /// instant wants it to leave.
    fn grace_of_next_try(&self) -> i64 {
        if self.grace_ms > 0 { self.grace_ms } else { self.policy.grace_ms() }
    }

    /// When it is looked at first.
    pub fn prepare_at(&self) -> Timestamp {
        lead_before(self.due, self.lead_ms)
    }

    /// When its bytes are frozen at the earliest: later than it is looked at first where something takes long to upload.
    pub fn freeze_at(&self) -> Timestamp {
        lead_before(self.due, self.lead_ms.min(PICTURES_LEAD_MS))
    }

    /// Whether it is looked at early for the sake of a video.
    pub fn has_long_upload(&self) -> bool {
        self.lead_ms > PICTURES_LEAD_MS
    }

    /// When a delivery that is due then is armed.
    pub fn arm_at(due: Timestamp) -> Timestamp {
        lead_before(due, ARM_LEAD_MS)
    }

    /// How late an instant is for this delivery, in milliseconds; negative before it is due.
    pub fn late_by_ms(&self, at: Timestamp) -> i64 {
        let late = at.duration_since(self.due).as_millis();
        i64::try_from(late).unwrap_or(i64::MAX)
    }
}

/// An instant so many milliseconds before another.
pub fn lead_before(due: Timestamp, lead_ms: i64) -> Timestamp {
    due.checked_sub(SignedDuration::from_millis(lead_ms)).unwrap_or(Timestamp::MIN)
}

/// The last instant that the ledger can hold; nobody schedules beyond it.
const LATEST: Timestamp = Timestamp::constant(250_000_000_000, 0);

/// So many milliseconds after an instant, and never beyond what the ledger can hold.
pub(crate) fn grace_end(due: Timestamp, grace_ms: i64) -> Timestamp {
    due.checked_add(SignedDuration::from_millis(grace_ms)).map_or(LATEST, |end| end.min(LATEST))
}
