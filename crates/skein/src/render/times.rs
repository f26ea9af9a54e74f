//! Instants for people: local time first, UTC beside it where it matters.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use skein_domain::story::span;
use skein_domain::when::describe_when;

const DAY_MS: u64 = 86_400_000;
/// Nearer than two days, hours say more.
const DAYS_FROM_MS: u64 = 2 * DAY_MS;

/// Who looks, and when: the present instant, the zone in which times are shown, and how wide lines may be.
#[derive(Debug, Clone)]
pub(crate) struct Eye {
    /// The present instant.
    pub(crate) now: Timestamp,
    /// The zone of the person who looks.
    pub(crate) zone: TimeZone,
    /// Characters in a line.
    pub(crate) width: usize,
}

impl Eye {
    /// `Tue 1 Dec 2026 09:00 Europe/Paris (08:00 UTC), in 10 days`.
    pub(crate) fn whole(&self, at: Timestamp) -> String {
        describe_when(at, &self.zone_name(at), self.now)
    }

    /// `Tue 1 Dec 2026 09:00`, without a zone, for tables that name the zone once.
    pub(crate) fn short(&self, at: Timestamp) -> String {
        let local = self.zone.to_datetime(at);
        let form = if local.second() == 0 { "%a %-d %b %Y %H:%M" } else { "%a %-d %b %Y %H:%M:%S" };
        local.strftime(form).to_string()
    }

    /// `09:00`, or `Tue 1 Dec 2026 09:00` when that is not today; seconds when they are not zero.
    pub(crate) fn nearby(&self, at: Timestamp) -> String {
        let whole = self.short(at);
        let today = format!("{} ", self.day(self.now));
        whole.strip_prefix(&today).map_or_else(|| whole.clone(), str::to_owned)
    }

    /// `Tue 1 Dec 2026 09:00 Europe/Paris (08:00 UTC)`.
    pub(crate) fn without_distance(&self, at: Timestamp) -> String {
        let whole = self.whole(at);
        whole.rsplit_once(", ").map_or_else(|| whole.clone(), |(when, _)| when.to_owned())
    }

    /// `Tue 1 Dec 2026`.
    pub(crate) fn day(&self, at: Timestamp) -> String {
        self.zone.to_datetime(at).strftime("%a %-d %b %Y").to_string()
    }

    /// `09:00:00.012`.
    pub(crate) fn clock_ms(&self, at: Timestamp) -> String {
        self.zone.to_datetime(at).strftime("%H:%M:%S.%3f").to_string()
    }

    /// `Europe/Paris`, or `+01:00` for a zone without a name.
    pub(crate) fn zone_name(&self, at: Timestamp) -> String {
        if let Some(name) = self.zone.iana_name() {
            return name.to_owned();
        }
        let seconds = self.zone.to_offset(at).seconds();
        let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// How far an instant is from the due one: `-10 days`, `-29.9 s`, `+12 ms`.
pub(crate) fn offset(due: Timestamp, at: Timestamp) -> String {
    let ms = i64::try_from(at.duration_since(due).as_millis()).unwrap_or(i64::MAX);
    let sign = if ms < 0 { '-' } else { '+' };
    match ms.unsigned_abs() {
        far @ DAYS_FROM_MS.. => format!("{sign}{} days", far / DAY_MS),
        near => format!("{sign}{}", span(i64::try_from(near).unwrap_or(i64::MAX))),
    }
}

/// `12 ms late`, `on time`, `3 ms early`.
pub(crate) fn lateness(ms: i64) -> String {
    match ms {
        0 => "at its instant".to_owned(),
        1.. => format!("{} after its instant", span(ms)),
        _ => format!("{} before its instant", span(-ms)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::{after_ms, due, eye};

    #[test]
    fn offsets_have_a_sign() {
        assert_eq!(offset(due(), after_ms(-29_900)), "-29.9 s");
        assert_eq!(offset(due(), after_ms(12)), "+12 ms");
        assert_eq!(offset(due(), due()), "+0 ms");
        assert_eq!(offset(due(), after_ms(-10 * 86_400_000)), "-10 days");
        assert_eq!(offset(due(), after_ms(-90_000_000)), "-25 h 0 min");
    }

    #[test]
    fn times_are_local_and_say_which() {
        assert_eq!(eye().whole(due()), "Tue 1 Dec 2026 09:00 Europe/Paris (08:00 UTC), in 10 days");
        assert_eq!(eye().short(due()), "Tue 1 Dec 2026 09:00");
        assert_eq!(eye().clock_ms(after_ms(12)), "09:00:00.012");
        let fixed = Eye { zone: TimeZone::fixed(jiff::tz::offset(-3)), ..eye() };
        assert_eq!(fixed.zone_name(due()), "-03:00");
    }

    #[test]
    fn lateness_is_said_in_words() {
        assert_eq!(lateness(12), "12 ms after its instant");
        assert_eq!(lateness(0), "at its instant");
        assert_eq!(lateness(-3), "3 ms before its instant");
    }
}
