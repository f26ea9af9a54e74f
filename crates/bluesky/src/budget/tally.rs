//! What is known of one meter: its windows, what is reserved, and whether the server has closed it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ceiling::Ceiling;
use super::meter::{Meter, MeterKind};
use super::said::Told;
use super::shortage::Shortage;
use super::window::{SET_BACK_S, Window};

/// A reservation that was not settled within this time never will be; its points stay spent, in milliseconds.
const HOLD_MS: i64 = 600_000;

/// Reservations that wait for their answer at the same time; older ones are taken as settled.
const HOLDS_AT_MOST: usize = 1_000;

/// While so much is left, it does not matter what a few processes have reserved whose calls are under way.
const PLENTY: u64 = 1_000;

/// The count of one meter. It is kept as JSON, and changed in one step under the journal's lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    #[serde(default)]
    windows: Vec<Window>,
    #[serde(default)]
    holds: Vec<Hold>,
    #[serde(default)]
    closed: Option<Closed>,
    /// What was spent from here, whatever the server says: what an operator's ceiling is held against.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    own: Vec<Window>,
    /// Rises with every change of what is spent.
    #[serde(default)]
    steps: u64,
    /// The server has shown that it counts.
    #[serde(default)]
    enforced: bool,
}

/// Points that are spent, of a call whose answer is not known yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Hold {
    id: String,
    points: u64,
    at: Timestamp,
    step: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Closed {
    noted_at: Timestamp,
    until: Timestamp,
}

/// The answer to a call, or what became of it instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered<'a> {
    /// The reservation; `None` where nothing was reserved.
    pub reservation: Option<&'a str>,
    /// What it costs.
    pub points: u64,
    /// When it ended.
    pub at: Timestamp,
    /// Whether the server counted it; in doubt it did.
    pub is_counted: bool,
    /// What the server says.
    pub told: Told,
}

/// A budget, for whoever looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gauge {
    /// What is counted, and for whom.
    pub meter: Meter,
    /// The size of the window.
    pub limit: u64,
    /// How long the window lasts, in seconds.
    pub window_s: i64,
    /// What is used of it.
    pub used: u64,
    /// What is left of it; nothing while the server refuses.
    pub left: u64,
    /// When it is full again; `None` if it is full.
    pub resets_at: Option<Timestamp>,
    /// Whether at least 95 % of it are used.
    pub is_low: bool,
    /// Whether the server has shown of this meter that it counts, or the operator has set it. Whether it holds anything back says
    /// [`is_held`](super::is_held).
    pub is_enforced: bool,
    /// Whether it is the operator's ceiling, and not a limit of the server.
    pub by_operator: bool,
}

impl Tally {
    /// Whether the server has shown that it counts.
    pub fn is_enforced(&self) -> bool {
        self.enforced
    }

    /// Whether so much is left, of all windows that are known, that reservations need not survive the process one by one: the answers to
    /// their calls settle them, and say what the server has counted.
    pub fn has_plenty(&self) -> bool {
        self.closed.is_none() && !self.windows.is_empty() && self.windows.iter().all(|window| window.left() >= PLENTY)
    }

    /// Whether so many points fit now.
    ///
    /// # Errors
    /// The shortage that ends last, where they do not. Where the server is not known to count, everything fits that it has
    /// not refused itself.
    pub fn fits(&mut self, meter: &Meter, points: u64, now: Timestamp, enforced: bool) -> Result<(), Shortage> {
        self.turn(meter, now);
        let short = |window: &Window, fits_at, refused_by_server| Shortage {
            meter: meter.clone(),
            limit: window.limit,
            window_s: window.lasts_s,
            used: window.spent,
            wanted: points,
            fits_at,
            refused_by_server,
            by_operator: false,
        };
        if enforced || self.enforced {
            if let Some(window) = self.windows.iter().find(|window| points > window.limit) {
                return Err(short(window, None, false));
            }
            let lacking = self.windows.iter().filter(|window| points > window.left());
            if let Some(window) = lacking.max_by_key(|window| window.resets_at()) {
                let closed = self.closed.as_ref().map(|closed| closed.until);
                return Err(short(window, window.resets_at().max(closed).or(Some(now)), false));
            }
        }
        match (&self.closed, self.windows.first()) {
            (Some(closed), Some(window)) => Err(short(window, Some(closed.until), true)),
            _ => Ok(()),
        }
    }

    /// Whether so many points fit under the operator's ceiling now. What the server says has no part in it.
    ///
    /// # Errors
    /// The shortage that ends last, where they do not.
    pub fn fits_under(&mut self, ceiling: Ceiling, meter: &Meter, points: u64, now: Timestamp) -> Result<(), Shortage> {
        self.turn(meter, now);
        let bounded = self.own.iter().filter_map(|window| Some((window, ceiling.of(meter, window.lasts_s)?)));
        let lacking = bounded.filter(|(window, limit)| points > limit.saturating_sub(window.spent));
        // What is more than the whole window never fits.
        let fits_at = |(window, limit): (&Window, u64)| (points <= limit).then(|| window.resets_at().unwrap_or(now));
        let last = lacking.max_by_key(|lacks| fits_at(*lacks).unwrap_or(Timestamp::MAX));
        let Some((window, limit)) = last else { return Ok(()) };
        Err(Shortage {
            meter: meter.clone(),
            limit,
            window_s: window.lasts_s,
            used: window.spent,
            wanted: points,
            fits_at: fits_at((window, limit)),
            refused_by_server: false,
            by_operator: true,
        })
    }

    /// Spends points on a call that is about to leave. Returns the gauges that have just become low.
    ///
    /// # Errors
    /// As [`Tally::fits`]; nothing is spent then.
    pub fn reserve(
        &mut self,
        meter: &Meter,
        id: &str,
        points: u64,
        now: Timestamp,
        enforced: bool,
    ) -> Result<Vec<Gauge>, Shortage> {
        self.fits(meter, points, now, enforced)?;
        self.steps += 1;
        for window in self.windows.iter_mut().chain(&mut self.own) {
            window.spend(points, Some(id), now);
        }
        self.holds.push(Hold { id: id.to_owned(), points, at: now, step: self.steps });
        let surplus = self.holds.len().saturating_sub(HOLDS_AT_MOST);
        self.holds.drain(..surplus);
        let low: Vec<i64> = self.windows.iter_mut().filter_map(|w| w.turned_low().then_some(w.lasts_s)).collect();
        Ok(self.gauges(meter, now).into_iter().filter(|gauge| low.contains(&gauge.window_s)).collect())
    }

    /// Takes in what became of a call: its reservation is settled, and what the server says corrects the count.
    pub fn settle(&mut self, meter: &Meter, answered: &Answered<'_>) {
        let Answered { reservation, points, at, is_counted, told } = answered;
        self.turn(meter, *at);
        let hold = reservation.and_then(|id| self.holds.iter().position(|hold| hold.id == id));
        let hold = hold.map(|index| self.holds.remove(index));
        let alone = self.holds.is_empty() && hold.as_ref().is_some_and(|hold| hold.step == self.steps);
        self.steps += 1;
        for window in self.windows.iter_mut().chain(&mut self.own) {
            match (&hold, is_counted) {
                (Some(hold), true) => window.answered(&hold.id, *at),
                (Some(hold), false) => window.give_back(hold.points),
                (None, true) => window.spend(*points, None, *at),
                (None, false) => {}
            }
        }
        self.take(told, alone, *at);
    }

    fn take(&mut self, told: &Told, alone: bool, now: Timestamp) {
        let others = self.holds.iter().map(|hold| hold.points).sum();
        if let Some(said) = &told.said
            && let Some(window) = self.windows.iter_mut().find(|window| window.lasts_s == said.window_s)
        {
            window.correct(said, others, alone, now);
            self.enforced = true;
        }
        if let Some(until) = told.closed_until {
            let until = until.max(self.closed.as_ref().map_or(until, |closed| closed.until));
            self.closed = Some(Closed { noted_at: now, until });
        }
    }

    /// What is used and left of each window.
    pub fn gauges(&mut self, meter: &Meter, now: Timestamp) -> Vec<Gauge> {
        self.turn(meter, now);
        let closed = self.closed.as_ref().map(|closed| closed.until);
        let gauge = |window: &Window| Gauge {
            meter: meter.clone(),
            limit: window.limit,
            window_s: window.lasts_s,
            used: window.spent,
            left: if closed.is_some() { 0 } else { window.left() },
            resets_at: window.resets_at().max(closed),
            is_low: window.is_low() || closed.is_some(),
            is_enforced: self.enforced,
            by_operator: false,
        };
        self.windows.iter().map(gauge).collect()
    }

    /// What is used and left of each window of the operator's ceiling.
    pub fn gauges_under(&mut self, ceiling: Ceiling, meter: &Meter, now: Timestamp) -> Vec<Gauge> {
        self.turn(meter, now);
        let gauge = |window: &Window| {
            let limit = ceiling.of(meter, window.lasts_s)?;
            Some(Gauge {
                meter: meter.clone(),
                limit,
                window_s: window.lasts_s,
                used: window.spent,
                left: limit.saturating_sub(window.spent),
                resets_at: window.resets_at(),
                is_low: window.is_low_of(limit),
                is_enforced: true,
                by_operator: true,
            })
        };
        self.own.iter().filter_map(gauge).collect()
    }

    /// Brings everything to the present.
    fn turn(&mut self, meter: &Meter, now: Timestamp) {
        for limit in meter.kind().limits() {
            if !self.windows.iter().any(|window| window.lasts_s == limit.window_s) {
                self.windows.push(Window::of(*limit));
            }
            if meter.kind() == MeterKind::Writes && !self.own.iter().any(|window| window.lasts_s == limit.window_s) {
                self.own.push(Window::of(*limit));
            }
        }
        for window in self.windows.iter_mut().chain(&mut self.own) {
            window.turn(now);
        }
        self.holds.retain(|hold| now.duration_since(hold.at).abs() <= SignedDuration::from_millis(HOLD_MS));
        if let Some(closed) = &mut self.closed {
            // By a clock that has been set back since.
            let ahead = closed.noted_at.duration_since(now);
            if ahead > SignedDuration::from_secs(SET_BACK_S) {
                closed.until = closed.until.checked_sub(ahead).unwrap_or(now);
                closed.noted_at = now;
            }
        }
        self.closed = self.closed.take().filter(|closed| closed.until > now);
    }
}

#[cfg(test)]
mod tests;
