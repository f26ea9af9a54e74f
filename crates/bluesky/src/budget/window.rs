//! One window of a budget, as this side believes that the server counts it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::meter::Limit;
use super::said::Said;

/// What was noted later than this is in the future because the clock was set back since, in seconds. Less comes from answers
/// that are noted a while after they came.
pub(super) const SET_BACK_S: i64 = 60;

/// A reserved call leaves within this time, in seconds: the server's window opens when it arrives, so later than ours.
const LEAVES_WITHIN_S: i64 = 30;

/// What is added to an end that is known, in seconds: servers round it.
const ROUNDING_S: i64 = 1;

/// From so much of a window on a warning is due, in hundredths.
const WARN_FROM_PERCENT: u64 = 95;

/// A window: opened by the first spending, full again when it ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Window {
    pub(super) lasts_s: i64,
    pub(super) limit: u64,
    pub(super) spent: u64,
    open: Option<Open>,
    #[serde(default)]
    warned: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    noted_at: Timestamp,
    resets_at: Timestamp,
    /// The reservation that opened it, until the answer to that is there.
    #[serde(default)]
    by: Option<String>,
}

impl Window {
    pub(super) fn of(limit: Limit) -> Self {
        Self { lasts_s: limit.window_s, limit: limit.points, spent: 0, open: None, warned: false }
    }

    /// Brings it to the present: over, or still open. What was noted by a clock that has been set back since keeps the time
    /// that was left then.
    pub(super) fn turn(&mut self, now: Timestamp) {
        let at_most = later(now, self.lasts_with(LEAVES_WITHIN_S + SET_BACK_S));
        if let Some(open) = &mut self.open {
            let ahead = open.noted_at.duration_since(now);
            if ahead > SignedDuration::from_secs(SET_BACK_S) {
                open.resets_at = open.resets_at.checked_sub(ahead).unwrap_or(now);
                open.noted_at = now;
            }
            open.resets_at = open.resets_at.min(at_most);
        }
        if self.open.as_ref().is_none_or(|open| open.resets_at <= now) {
            *self = Self::of(Limit { points: self.limit, window_s: self.lasts_s });
        }
    }

    /// How long it lasts, and so much longer. What is kept may be damaged, and say anything.
    fn lasts_with(&self, further_s: i64) -> i64 {
        self.lasts_s.saturating_add(further_s)
    }

    pub(super) fn left(&self) -> u64 {
        self.limit.saturating_sub(self.spent)
    }

    pub(super) fn resets_at(&self) -> Option<Timestamp> {
        self.open.as_ref().map(|open| open.resets_at)
    }

    pub(super) fn spend(&mut self, points: u64, by: Option<&str>, now: Timestamp) {
        self.spent = self.spent.saturating_add(points);
        if let Some(open) = &mut self.open {
            open.noted_at = open.noted_at.max(now);
        } else {
            let resets_at = later(now, self.lasts_with(LEAVES_WITHIN_S));
            self.open = Some(Open { noted_at: now, resets_at, by: by.map(str::to_owned) });
        }
    }

    pub(super) fn give_back(&mut self, points: u64) {
        self.spent = self.spent.saturating_sub(points);
    }

    /// The call that opened it was answered: the server's window opened no later than that.
    pub(super) fn answered(&mut self, by: &str, at: Timestamp) {
        let resets_at = later(at, self.lasts_with(ROUNDING_S));
        if let Some(open) = self.open.as_mut().filter(|open| open.by.as_deref() == Some(by)) {
            *open = Open { noted_at: at.max(open.noted_at), resets_at, by: None };
        }
    }

    /// Takes over what the server says. `others` is reserved by calls that it may not have seen yet. Where nothing else was
    /// counted while the call was on its way (`alone`), the server's count is the truth in both directions; otherwise it can
    /// only say that more is gone.
    pub(super) fn correct(&mut self, said: &Said, others: u64, alone: bool, now: Timestamp) {
        let used = (said.limit - said.remaining).saturating_add(others);
        let resets_at = later(said.resets_at, ROUNDING_S);
        let is_next = self.resets_at().is_none_or(|known| resets_at > later(known, 2 * ROUNDING_S));
        self.limit = said.limit;
        self.spent = if alone || is_next { used } else { self.spent.max(used) };
        self.open = Some(Open { noted_at: now, resets_at, by: None });
    }

    /// Whether so much is used that somebody should know.
    pub(super) fn is_low(&self) -> bool {
        self.is_low_of(self.limit)
    }

    /// The same, held against another limit.
    pub(super) fn is_low_of(&self, limit: u64) -> bool {
        self.spent.saturating_mul(100) >= limit.saturating_mul(WARN_FROM_PERCENT)
    }

    /// The same, once for each window.
    pub(super) fn turned_low(&mut self) -> bool {
        let turned = self.is_low() && !self.warned;
        self.warned |= turned;
        turned
    }
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}
