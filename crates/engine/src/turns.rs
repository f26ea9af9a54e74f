//! Turns: while a post waits for its platform's limit, later posts of the account that would fit wait behind it.

use jiff::Timestamp;
use skein_domain::delivery::{DEFAULT_GRACE_MS, VIDEO_BEYOND_GRACE_MS};
use skein_domain::ports::QueueFilter;
use skein_domain::{Category, Delivery, Event, Fault, State, StateName, Waiting};

use crate::lane::{LaneError, LaneWork, past};
use crate::later;

/// Earlier deliveries that are looked at. The first that is in the way is among the first that wait.
const LOOKED_AT: usize = 4;

/// How often a delivery looks whether the one before it still waits, in milliseconds: that may be moved or canceled.
const LOOK_MS: i64 = 60_000;

const CODE: &str = "waits_its_turn";

/// How long after its grace a delivery may leave that only waited for the platform's limit, in milliseconds. Windows of an hour
/// begin with the first write of a burst, so the second one always lies beyond the grace.
const BEYOND_GRACE_MS: i64 = 6 * 3_600_000;

/// How long after such a wait it may take to leave, in milliseconds.
const AFTER_LIMIT_MS: i64 = 600_000;

impl LaneWork<'_> {
    /// Until when a delivery that could leave waits, because an earlier one of its account waits for the platform's limit.
    pub(crate) async fn limited_before(&self, delivery: &Delivery) -> Result<Option<Timestamp>, LaneError> {
        let now = self.engine.now();
        let filter = QueueFilter {
            states: vec![StateName::Ready],
            account: Some(delivery.account.clone()),
            at_most: LOOKED_AT,
            ..QueueFilter::default()
        };
        let waiting = self.ledger().queue(&filter).await?;
        let until = waiting
            .iter()
            .filter(|other| (other.due, &other.id) < (delivery.due, &delivery.id))
            .filter_map(limited_until)
            .filter(|until| *until > now)
            .max();
        let until = until.map(|until| past(until).min(later(now, LOOK_MS)));
        Ok(until.filter(|until| is_within_reach(delivery, *until)))
    }

    /// Told once, then looked at again and again.
    pub(crate) async fn waits_its_turn(&self, delivery: &Delivery, until: Timestamp) -> Result<(), LaneError> {
        let told = matches!(&delivery.state,
            State::Ready { waiting: Some(Waiting::Retry { fault }), .. } if fault.code == CODE);
        let event = Event::Waits { until, waiting: Waiting::Retry { fault: waits_its_turn() } };
        if told { self.note_quietly(delivery, event).await } else { self.note(delivery, event).await }.map(drop)
    }
}

/// Whether a delivery may still leave at this instant after waiting for the platform's limit.
pub(crate) fn is_within_reach(delivery: &Delivery, at: Timestamp) -> bool {
    at <= later(delivery.grace_ends(), BEYOND_GRACE_MS)
}

/// The same delivery, with a longer grace if its instant has passed while its video is still on its way. That is kept on the
/// delivery: whatever comes in between, a hold, a lost lease or a lost login, must not make it missed at once.
pub(crate) fn waiting_for_video(delivery: &Delivery, now: Timestamp) -> Delivery {
    let mut waiting = delivery.clone();
    if delivery.has_long_upload() && now >= delivery.due {
        waiting.grace_ms = waiting.grace_ms.max(DEFAULT_GRACE_MS + VIDEO_BEYOND_GRACE_MS);
    }
    waiting
}

/// The end of the grace, or later for a delivery that was told to wait for the platform's limit until after it.
pub(crate) fn grace_with_limits(delivery: &Delivery) -> Timestamp {
    let grace_ends = delivery.grace_ends();
    let after = waits_for_limit(delivery).filter(|until| *until > grace_ends).map(|until| later(until, AFTER_LIMIT_MS));
    after.map_or(grace_ends, |after| after.min(end_of_limits(delivery)))
}

/// When a delivery is given up that has been told again and again to wait for the platform's limit.
pub(crate) fn end_of_limits(delivery: &Delivery) -> Timestamp {
    later(delivery.grace_ends(), BEYOND_GRACE_MS + AFTER_LIMIT_MS)
}

/// Until when a delivery holds up those behind it. One whose limit ends out of its reach will not leave, and holds up nobody.
fn limited_until(delivery: &Delivery) -> Option<Timestamp> {
    waits_for_limit(delivery).filter(|until| *until != delivery.grace_ends())
}

fn waits_for_limit(delivery: &Delivery) -> Option<Timestamp> {
    match &delivery.state {
        State::Scheduled { wake_at, waiting: Some(Waiting::Retry { fault }) }
        | State::Ready { wake_at, waiting: Some(Waiting::Retry { fault }), .. }
            if fault.category == Category::RateLimit =>
        {
            Some(*wake_at)
        }
        _ => None,
    }
}

fn waits_its_turn() -> Fault {
    let message = "An earlier post of the same account waits until the platform takes more, and posts leave in order.";
    Fault::new(CODE, Category::RateLimit, message)
}
