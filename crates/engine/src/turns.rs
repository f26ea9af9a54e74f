//! Turns: while a post waits for its platform's limit, later posts of the account that would fit wait behind it.

use jiff::Timestamp;
use skein_domain::delivery::{DEFAULT_GRACE_MS, VIDEO_BEYOND_GRACE_MS};
use skein_domain::ports::QueueFilter;
use skein_domain::{Account, Category, Delivery, DeliveryId, Event, Fault, Leeway, Receipt, State, StateName, Waiting};

use crate::lane::{LaneError, LaneWork, past};
use crate::{later, ms_between};

/// For how many acts holds what was asked for the first of them.
pub(crate) const HOLDS_FOR_ACTS: usize = 16;

/// Earlier deliveries that are looked at beside those of these acts. The first that is in the way is among the first that wait.
const LOOKED_AT: usize = 4;

/// Nothing waits for a limit for so long after its instant, in milliseconds; what is older need not be read.
const LOOKED_BACK_MS: i64 = 8 * 86_400_000;
const _: () = assert!(LOOKED_BACK_MS > DEFAULT_GRACE_MS + VIDEO_BEYOND_GRACE_MS + BEYOND_GRACE_MS + AFTER_LIMIT_MS);
const _: () = assert!(LOOKED_BACK_MS > Leeway::BOUNDS_MS.1);

/// How often a delivery looks whether the one before it still waits, in milliseconds: that may be moved or canceled.
const LOOK_MS: i64 = 60_000;

const CODE: &str = "waits_its_turn";

/// How long what the platform answered last is taken for how it stands, in milliseconds: its owner may write from elsewhere, and then
/// the next post is refused once and sent again. Long enough for a burst of many accounts, where each waits for all others.
const RECEIPT_HOLDS_MS: i64 = 10_000;

/// How long after its grace a delivery may leave that only waited for the platform's limit, in milliseconds. Windows of an hour
/// begin with the first write of a burst, so the second one always lies beyond the grace.
const BEYOND_GRACE_MS: i64 = 6 * 3_600_000;

/// How long after such a wait it may take to leave, in milliseconds.
const AFTER_LIMIT_MS: i64 = 600_000;

/// What was asked of the ledger for one delivery and holds for the next ones of a claim, too: nobody else puts anything in the way
/// of a leased lane. That the account was held meanwhile, the ledger finds when the next one is armed.
#[derive(Default)]
pub(crate) struct Known {
    account: Option<Account>,
    /// Whether nothing of the lane is being published or settled.
    all_settled: bool,
    /// What waits for the platform's limit, and until when.
    limited: Option<Vec<Limited>>,
    /// Of the delivery before this one.
    receipt: Option<Receipt>,
}

struct Limited {
    due: Timestamp,
    id: DeliveryId,
    until: Timestamp,
    /// Whose limit it is and how large, and when it ends; `None` for one that waits its turn itself.
    limit: Option<(String, Timestamp)>,
}

/// What stands before a delivery, until it is looked at again.
pub(crate) struct Behind {
    until: Timestamp,
    fault: Fault,
}

impl Known {
    pub(crate) fn account_of(&self, delivery: &Delivery) -> Option<Account> {
        self.account.clone().filter(|account| account.id == delivery.account)
    }

    /// After one of this account was made ready.
    pub(crate) fn of_prepared(self, account: &Account) -> Self {
        Self { account: Some(account.clone()), ..self }
    }

    /// After one of this account was published.
    pub(crate) fn of_published(self, account: &Account, receipt: Receipt) -> Self {
        Self { account: Some(account.clone()), receipt: Some(receipt), ..self }
    }

    /// What was asked of the ledger is asked anew; what the platform answered last holds as long as the claim.
    pub(crate) fn asked_anew(self) -> Self {
        Self { receipt: self.receipt, ..Self::default() }
    }

    /// The receipt of the delivery before this one, if it came so lately that how the platform stands need not be asked again.
    pub(crate) fn last_receipt(&self, now: Timestamp) -> Option<&Receipt> {
        let is_new = |receipt: &&Receipt| (0..RECEIPT_HOLDS_MS).contains(&ms_between(receipt.settled_at, now));
        self.receipt.as_ref().filter(is_new).filter(|receipt| receipt.commit.is_some() && receipt.rev.is_some())
    }
}

impl LaneWork<'_> {
    /// Until when a delivery that could leave waits, because another one of its lane may still land.
    pub(crate) async fn unsettled_before(
        &self,
        delivery: &Delivery,
        known: &mut Known,
    ) -> Result<Option<Event>, LaneError> {
        if known.all_settled {
            return Ok(None);
        }
        let Some(earlier) = self.ledger().unsettled(&self.claim.lane, &delivery.id).await? else {
            known.all_settled = true;
            return Ok(None);
        };
        let now = self.engine.now();
        let until = past(earlier.state.wake_at().unwrap_or(now).max(now));
        Ok(Some(Event::Waits { until, waiting: Waiting::Unsettled { delivery: earlier.id } }))
    }

    /// Until when a delivery that could leave waits, because an earlier one of its account waits for the platform's limit.
    pub(crate) async fn limited_before(
        &self,
        delivery: &Delivery,
        known: &mut Known,
    ) -> Result<Option<Behind>, LaneError> {
        let now = self.engine.now();
        if known.account_of(delivery).is_none() || known.limited.is_none() {
            known.limited = Some(self.limited(delivery).await?);
        }
        let is_before = |other: &&Limited| (other.due, &other.id) < (delivery.due, &delivery.id) && other.until > now;
        let before: Vec<&Limited> = known.limited.iter().flatten().filter(is_before).collect();
        let Some(last) = before.iter().map(|other| other.until).max() else { return Ok(None) };
        let until = past(last).min(later(now, LOOK_MS));
        let limit = before.iter().filter_map(|other| other.limit.as_ref()).max_by_key(|(_, ends)| *ends);
        let behind = Behind { until, fault: waits_its_turn(limit) };
        Ok(is_within_reach(delivery, until).then_some(behind))
    }

    async fn limited(&self, delivery: &Delivery) -> Result<Vec<Limited>, LaneError> {
        let filter = QueueFilter {
            states: vec![StateName::Ready],
            account: Some(delivery.account.clone()),
            due_from: Some(later(self.engine.now(), -LOOKED_BACK_MS)),
            at_most: LOOKED_AT + HOLDS_FOR_ACTS,
            ..QueueFilter::default()
        };
        let waiting = self.ledger().queue(&filter).await?;
        let limited = waiting.into_iter().filter_map(|other| {
            limited_until(&other).map(|until| Limited { until, limit: limit_of(&other), due: other.due, id: other.id })
        });
        Ok(limited.collect())
    }

    /// Told once, then looked at again and again.
    pub(crate) async fn waits_its_turn(&self, delivery: &Delivery, behind: Behind) -> Result<(), LaneError> {
        let told = matches!(&delivery.state,
            State::Ready { waiting: Some(Waiting::Retry { fault }), .. } if fault.code == CODE);
        let event = Event::Waits { until: behind.until, waiting: Waiting::Retry { fault: behind.fault } };
        if told { self.note_quietly(delivery, event).await } else { self.note(delivery, event).await }.map(drop)
    }
}

/// How long after its grace a delivery may leave that only waited for a limit, in milliseconds: not at all where somebody said how
/// late it may be.
fn beyond_grace_ms(delivery: &Delivery) -> i64 {
    if delivery.policy.late.is_some() { 0 } else { BEYOND_GRACE_MS }
}

/// Whether a delivery may still leave at this instant after waiting for the platform's limit.
pub(crate) fn is_within_reach(delivery: &Delivery, at: Timestamp) -> bool {
    at <= later(delivery.grace_ends(), beyond_grace_ms(delivery))
}

/// The same delivery, with a longer grace if its instant has passed while its video is still on its way, and nobody said how late
/// it may be. That is kept on the delivery: whatever comes in between, a hold, a lost lease or a lost login, must not make it missed
/// at once.
pub(crate) fn waiting_for_video(delivery: &Delivery, now: Timestamp) -> Delivery {
    let mut waiting = delivery.clone();
    if delivery.has_long_upload() && delivery.policy.late.is_none() && now >= delivery.due {
        waiting.grace_ms = waiting.grace_ms.max(DEFAULT_GRACE_MS + VIDEO_BEYOND_GRACE_MS);
    }
    waiting
}

/// The end of the grace, or later for a delivery that was told to wait for the platform's limit until after it.
pub(crate) fn grace_with_limits(delivery: &Delivery) -> Timestamp {
    let grace_ends = delivery.grace_ends();
    let may_wait = delivery.policy.late.is_none();
    let after = waits_for_limit(delivery).filter(|until| may_wait && *until > grace_ends);
    let after = after.map(|until| later(until, AFTER_LIMIT_MS));
    after.map_or(grace_ends, |after| after.min(end_of_limits(delivery)))
}

/// When a delivery is given up that has been told again and again to wait for the platform's limit.
pub(crate) fn end_of_limits(delivery: &Delivery) -> Timestamp {
    match beyond_grace_ms(delivery) {
        0 => delivery.grace_ends(),
        beyond_ms => later(delivery.grace_ends(), beyond_ms + AFTER_LIMIT_MS),
    }
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

/// The limit that a delivery waits for, in words, and when it ends.
fn limit_of(delivery: &Delivery) -> Option<(String, Timestamp)> {
    match &delivery.state {
        State::Ready { waiting: Some(Waiting::Retry { fault }), .. } if fault.code != CODE => {
            Some((fault.limit.clone().unwrap_or_else(|| "its server's".to_owned()), waits_for_limit(delivery)?))
        }
        _ => None,
    }
}

fn waits_its_turn(limit: Option<&(String, Timestamp)>) -> Fault {
    let Some((limit, ends)) = limit else {
        let message =
            "An earlier post of the same account waits until the platform takes more, and posts leave in order.";
        return Fault::new(CODE, Category::RateLimit, message);
    };
    let message = format!(
        "An earlier post of the same account waits for a limit ({limit}) until {ends}, and posts leave in order: not before then."
    );
    Fault { limit: Some(limit.clone()), ..Fault::new(CODE, Category::RateLimit, message).retry_at(*ends) }
}
