//! The headers of an answer that a client acts on, as types.

use jiff::{SignedDuration, Timestamp};
use skein_net::header::{DATE, HeaderMap, RETRY_AFTER};

/// No answer moves a retry further away than this, whatever its headers say.
const MAX_WAIT_S: i64 = 48 * 3600;
/// The wait after a 429 that names no time.
const DEFAULT_WAIT_S: i64 = 60;

/// What the server says about its budget. Only the tightest of its buckets is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// The size of the bucket, in points or calls.
    pub limit: Option<u64>,
    /// What is left in it.
    pub remaining: Option<u64>,
    /// When it is full again. The header holds Unix seconds, not a number of seconds to wait.
    pub reset: Option<Timestamp>,
    /// The policy as written, for example `5000;w=3600`.
    pub policy: Option<String>,
}

/// The headers of one answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseHeaders {
    /// The budget, if the server showed one.
    pub rate_limit: Option<RateLimit>,
    /// How long to wait, in seconds, if the server said so.
    pub retry_after_s: Option<u64>,
    /// Until when to wait, by the server's clock, if it said so and did not show that clock.
    pub retry_after: Option<Timestamp>,
    /// The server's clock when it answered, in whole seconds.
    pub date: Option<Timestamp>,
    /// The media type of the body.
    pub content_type: Option<String>,
}

impl ResponseHeaders {
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let number = |name: &str| text(name).and_then(|value| value.parse::<u64>().ok());
        let date = text(DATE.as_str()).and_then(http_date);
        let reset = number("ratelimit-reset").and_then(|seconds| Timestamp::from_second(seconds.try_into().ok()?).ok());
        let (limit, remaining) = (number("ratelimit-limit"), number("ratelimit-remaining"));
        let shown = limit.is_some() || remaining.is_some() || reset.is_some();
        let policy = text("ratelimit-policy").map(|policy| policy.chars().take(100).collect());
        let until = text(RETRY_AFTER.as_str()).and_then(http_date);
        let retry_after_s =
            number(RETRY_AFTER.as_str()).or_else(|| u64::try_from(until?.duration_since(date?).as_secs()).ok());
        Self {
            rate_limit: shown.then_some(RateLimit { limit, remaining, reset, policy }),
            retry_after_s,
            retry_after: until.filter(|_| date.is_none()),
            date,
            content_type: text("content-type").map(|kind| kind.chars().take(100).collect()),
        }
    }

    /// When to try again after a refusal for the rate limit: the later of what the headers say, a minute if they are silent,
    /// and never more than two days from now.
    pub fn retry_at(&self, now: Timestamp) -> Timestamp {
        self.said_retry_at(now).unwrap_or_else(|| after(now, DEFAULT_WAIT_S))
    }

    /// The same, or `None` if the headers are silent.
    pub fn said_retry_at(&self, now: Timestamp) -> Option<Timestamp> {
        let reset = self.rate_limit.as_ref().and_then(|rate| rate.reset).filter(|reset| *reset > now);
        let wait =
            self.retry_after_s.map(|seconds| after(now, seconds.try_into().unwrap_or(MAX_WAIT_S).min(MAX_WAIT_S)));
        let until = self.retry_after.filter(|until| *until > now);
        reset.max(wait).max(until).map(|at| at.min(after(now, MAX_WAIT_S)))
    }
}

fn after(now: Timestamp, seconds: i64) -> Timestamp {
    now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&'static str, &'static str)]) -> ResponseHeaders {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        ResponseHeaders::read(&headers)
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_reset_is_an_instant_and_not_a_wait() {
        let headers = read(&[
            ("ratelimit-limit", "5000"),
            ("ratelimit-remaining", "17"),
            ("ratelimit-reset", "1795000000"),
            ("ratelimit-policy", "5000;w=3600"),
            ("date", "Wed, 18 Nov 2026 12:00:00 GMT"),
        ]);
        let rate = headers.rate_limit.clone().unwrap();
        assert_eq!((rate.limit, rate.remaining), (Some(5000), Some(17)));
        assert_eq!(rate.reset, Some(Timestamp::from_second(1_795_000_000).unwrap()));
        assert_eq!(rate.policy.as_deref(), Some("5000;w=3600"));
        assert_eq!(headers.date, Some(at("2026-11-18T12:00:00Z")));
        let now = Timestamp::from_second(1_794_999_000).unwrap();
        assert_eq!(headers.retry_at(now), Timestamp::from_second(1_795_000_000).unwrap());
    }

    #[test]
    fn a_retry_after_is_seconds_or_a_date() {
        let now = at("2026-11-18T12:00:00Z");
        assert_eq!(read(&[("retry-after", "90")]).retry_at(now), at("2026-11-18T12:01:30Z"));
        let dated =
            read(&[("retry-after", "Wed, 18 Nov 2026 12:02:00 GMT"), ("date", "Wed, 18 Nov 2026 12:00:00 GMT")]);
        assert_eq!(dated.retry_at(now), at("2026-11-18T12:02:00Z"));
        let undated = read(&[("retry-after", "Wed, 18 Nov 2026 12:02:00 GMT")]);
        assert_eq!(undated.retry_at(now), at("2026-11-18T12:02:00Z"));
        assert_eq!(undated.said_retry_at(at("2026-11-18T12:02:00Z")), None, "that is over");
    }

    #[test]
    fn silence_and_nonsense_are_bounded() {
        let now = at("2026-11-18T12:00:00Z");
        assert_eq!(read(&[]).retry_at(now), at("2026-11-18T12:01:00Z"));
        assert_eq!(read(&[]).rate_limit, None);
        assert_eq!(read(&[("retry-after", "18446744073709551615")]).retry_at(now), at("2026-11-20T12:00:00Z"));
        assert_eq!(read(&[("ratelimit-reset", "99999999999")]).retry_at(now), at("2026-11-20T12:00:00Z"));
        assert_eq!(read(&[("ratelimit-reset", "12")]).retry_at(now), at("2026-11-18T12:01:00Z"));
    }
}
