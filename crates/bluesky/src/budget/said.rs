//! What a server says of its own windows, where it makes sense.

use jiff::{SignedDuration, Timestamp};

use crate::xrpc::{RateLimit, ResponseHeaders};

/// A server and this machine may disagree by so much about when a window ends, in seconds; its header is in whole ones.
const TOLERANCE_S: i64 = 5;

/// What a server says of the tightest of its windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// The size of the window, in points.
    pub limit: u64,
    /// What is left in it.
    pub remaining: u64,
    /// How long such a window lasts, in seconds.
    pub window_s: i64,
    /// When it ends, by this machine's clock.
    pub resets_at: Timestamp,
}

/// What one answer says about budgets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// What the server says of its tightest window.
    pub said: Option<Said>,
    /// The server refused for its rate limit, and takes nothing of the kind before this.
    pub closed_until: Option<Timestamp>,
}

impl Told {
    /// Reads the headers of an answer that ended at `now`.
    pub(crate) fn read(status: u16, headers: &ResponseHeaders, now: Timestamp) -> Self {
        let said = headers.rate_limit.as_ref().and_then(|rate| Said::read(rate, headers.date, now));
        Self { said, closed_until: (status == 429).then(|| headers.retry_at(now)) }
    }
}

impl Said {
    /// `None` for headers that lack something or contradict each other: what is not understood corrects nothing. The end of
    /// the window is taken relative to the server's own clock, where it shows that.
    pub(crate) fn read(rate: &RateLimit, date: Option<Timestamp>, now: Timestamp) -> Option<Self> {
        let (points, window) = rate.policy.as_deref()?.split_once(';')?;
        let limit: u64 = points.trim().parse().ok()?;
        let window_s: i64 = window.trim().strip_prefix("w=")?.parse().ok()?;
        let (remaining, reset) = (rate.remaining?, rate.reset?);
        // A limit of nothing is what servers say that are being repaired; it would never fit again.
        if limit == 0 || remaining > limit || rate.limit.is_some_and(|stated| stated != limit) || window_s <= 0 {
            return None;
        }
        let by_ours = |server: Timestamp| now.checked_add(reset.duration_since(server)).ok();
        let latest = now.checked_add(SignedDuration::from_secs(window_s.saturating_add(TOLERANCE_S))).ok()?;
        let resets_at = [date.unwrap_or(now), now]
            .into_iter()
            .filter_map(by_ours)
            .find(|resets_at| *resets_at > now && *resets_at <= latest)?;
        Some(Self { limit, remaining, window_s, resets_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: i64 = 1_795_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn rate(limit: u64, remaining: u64, reset: i64, policy: &str) -> RateLimit {
        let policy = Some(policy.to_owned());
        RateLimit { limit: Some(limit), remaining: Some(remaining), reset: Some(at(reset)), policy }
    }

    fn read(rate: &RateLimit, date: Option<i64>) -> Option<i64> {
        Said::read(rate, date.map(at), at(NOW_S)).map(|said| said.resets_at.as_second() - NOW_S)
    }

    #[test]
    fn a_window_is_read_whole() {
        let said = Said::read(&rate(5_000, 17, NOW_S + 60, "5000;w=3600"), None, at(NOW_S)).unwrap();
        assert_eq!(said, Said { limit: 5_000, remaining: 17, window_s: 3_600, resets_at: at(NOW_S + 60) });
    }

    #[test]
    fn headers_that_contradict_each_other_say_nothing() {
        for wrong in [
            rate(5_000, 17, NOW_S + 60, "3000;w=300"),
            rate(5_000, 5_001, NOW_S + 60, "5000;w=3600"),
            rate(5_000, 17, NOW_S + 60, "5000"),
            rate(5_000, 17, NOW_S + 60, "5000;w=-1"),
            rate(5_000, 17, NOW_S + 60, "5000;w=soon"),
            rate(5_000, 17, NOW_S, "5000;w=3600"),
            rate(0, 0, NOW_S + 60, "0;w=300"),
            rate(5_000, 17, NOW_S - 1, "5000;w=3600"),
            rate(5_000, 17, NOW_S + 3_606, "5000;w=3600"),
            RateLimit { remaining: None, ..rate(5_000, 17, NOW_S + 60, "5000;w=3600") },
            RateLimit { reset: None, ..rate(5_000, 17, NOW_S + 60, "5000;w=3600") },
            RateLimit { policy: None, ..rate(5_000, 17, NOW_S + 60, "5000;w=3600") },
        ] {
            assert_eq!(read(&wrong, None), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_end_is_relative_to_the_clock_of_the_server_where_that_makes_sense() {
        let day = 86_400;
        assert_eq!(read(&rate(5_000, 17, NOW_S - day + 60, "5000;w=3600"), Some(NOW_S - day)), Some(60));
        assert_eq!(read(&rate(5_000, 17, NOW_S + 60, "5000;w=3600"), Some(NOW_S + day)), Some(60), "a wrong Date");
        assert_eq!(read(&rate(5_000, 17, NOW_S + day, "5000;w=3600"), Some(NOW_S)), None);
    }
}
