use std::collections::BTreeMap;

use jiff::Timestamp;

/// A limit as the hosts state it: so many points in a window that opens with the first call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Window {
    pub(crate) name: &'static str,
    pub(crate) points: u64,
    pub(crate) seconds: u64,
}

/// Points that a call costs in one window, for whoever is counted there.
#[derive(Debug, Clone)]
pub(crate) struct Charge {
    pub(crate) window: Window,
    pub(crate) key: String,
    pub(crate) points: u64,
}

/// What the `RateLimit-*` headers of an answer say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BudgetStanding {
    pub(crate) limit: u64,
    pub(crate) seconds: u64,
    pub(crate) remaining: u64,
    /// Unix seconds.
    pub(crate) reset_at: i64,
    /// Seconds until then, rounded up.
    pub(crate) retry_after_s: i64,
}

#[derive(Debug, Clone, Copy)]
struct Spent {
    points: u64,
    resets_at_ms: i64,
}

/// The limits in force and what has been spent of them. Off until limits are set.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    limits: Option<(u64, u64)>,
    spent: BTreeMap<(&'static str, String), Spent>,
}

impl Budget {
    /// Sets the points of a DID for an hour and a day, or turns all limits off; what was spent is forgotten.
    pub(crate) fn set_limits(&mut self, points_per_hour_and_day: Option<(u64, u64)>) {
        self.limits = points_per_hour_and_day;
        self.spent.clear();
    }

    /// The windows of repository writes, if limits are on.
    pub(crate) fn write_windows(&self) -> Option<[Window; 2]> {
        let (per_hour, per_day) = self.limits?;
        Some([
            Window { name: "repo-write-hour", points: per_hour, seconds: 3_600 },
            Window { name: "repo-write-day", points: per_day, seconds: 86_400 },
        ])
    }

    pub(crate) const fn is_on(&self) -> bool {
        self.limits.is_some()
    }

    /// Takes the points of a call from all its windows, also from those that have too few: a call above what is left
    /// burns all of it. Returns the tightest standing, as an error if a window had too few points.
    pub(crate) fn charge(
        &mut self,
        charges: &[Charge],
        now: Timestamp,
    ) -> Result<Option<BudgetStanding>, BudgetStanding> {
        let now_ms = now.as_millisecond();
        let mut tightest: Option<BudgetStanding> = None;
        let mut exceeded = None;
        for charge in charges.iter().filter(|charge| charge.points > 0) {
            let (standing, fits) = self.spend(charge, now_ms);
            if !fits && exceeded.is_none() {
                exceeded = Some(standing);
            }
            if tightest.is_none_or(|so_far| standing.remaining < so_far.remaining) {
                tightest = Some(standing);
            }
        }
        exceeded.map_or(Ok(tightest), Err)
    }

    fn spend(&mut self, charge: &Charge, now_ms: i64) -> (BudgetStanding, bool) {
        let Window { name, points: limit, seconds } = charge.window;
        let fresh =
            Spent { points: 0, resets_at_ms: now_ms + i64::try_from(seconds).unwrap_or(i64::MAX / 2_000) * 1_000 };
        let spent = self.spent.entry((name, charge.key.clone())).or_insert(fresh);
        if spent.resets_at_ms <= now_ms {
            *spent = fresh;
        }
        spent.points = spent.points.saturating_add(charge.points);
        let standing = BudgetStanding {
            limit,
            seconds,
            remaining: limit.saturating_sub(spent.points),
            reset_at: spent.resets_at_ms.div_euclid(1_000),
            retry_after_s: (spent.resets_at_ms - now_ms + 999).div_euclid(1_000),
        };
        (standing, spent.points <= limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn charge(budget: &Budget, points: u64) -> Vec<Charge> {
        let windows = budget.write_windows().unwrap();
        windows.into_iter().map(|window| Charge { window, key: "did:plc:x".to_owned(), points }).collect()
    }

    #[test]
    fn a_call_above_what_is_left_burns_it_all_until_the_window_ends() {
        let mut budget = Budget::default();
        assert!(budget.write_windows().is_none());
        budget.set_limits(Some((10, 100)));
        let standing = budget.charge(&charge(&budget, 3), at(1_000)).unwrap().unwrap();
        assert_eq!((standing.limit, standing.remaining, standing.reset_at), (10, 7, 4_600));
        let refused = budget.charge(&charge(&budget, 8), at(1_010)).unwrap_err();
        assert_eq!((refused.remaining, refused.retry_after_s), (0, 3_590));
        assert!(budget.charge(&charge(&budget, 1), at(1_020)).is_err(), "even a delete is refused now");
        let standing = budget.charge(&charge(&budget, 3), at(4_600)).unwrap().unwrap();
        assert_eq!((standing.limit, standing.remaining), (10, 7));
    }
}
