//! What is wrong with a time or a zone that somebody gave.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::describe::{describe_in, span_words};
use super::{AHEAD_MAX_YEARS, PAST_GRACE_S, zones};

pub(super) const SCHEDULED_AT: &str = "scheduled_at";
pub(super) const TIMEZONE: &str = "timezone";

const FORMS: &str = "2026-12-01T09:00:00+01:00, 2026-12-01 09:00, tomorrow 9am, fri 18:30, in 20m";
const QUOTED_MAX_CHARS: usize = 60;

/// Why a time or a zone was refused. Its text is for people: what was given, what is wrong, and what works.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WhenFault {
    code: &'static str,
    field: &'static str,
    message: String,
    candidates: Vec<String>,
}

impl WhenFault {
    /// `time_unreadable`, `time_past`, `time_too_far`, `time_skipped`, `time_repeated`, `zone_unknown` or
    /// `zone_conflict`.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The field to correct: `scheduled_at`, or `timezone` for what came as the zone argument.
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// Values for [`Self::field`], ready to paste. For a skipped or repeated local time: both instants, the earlier
    /// first, as RFC 3339 with the offset that their zone has then. For an unknown zone: up to three near names. Otherwise empty.
    pub fn candidates(&self) -> Vec<String> {
        self.candidates.clone()
    }

    fn new(code: &'static str, field: &'static str, message: String) -> Self {
        Self { code, field, message, candidates: Vec::new() }
    }

    pub(super) fn unreadable(words: &str, reason: &str) -> Self {
        let message = format!("{} is not a time that can be read: {reason}. Forms that work: {FORMS}.", quoted(words));
        Self::new("time_unreadable", SCHEDULED_AT, message)
    }

    pub(super) fn past(words: &str, instant: Timestamp, zone: &TimeZone, now: Timestamp) -> Self {
        let ago = span_words(now.duration_since(instant));
        let read = describe_in(instant, zone);
        let minutes = SignedDuration::from_secs(PAST_GRACE_S).as_mins();
        let message = format!(
            "{} is {ago} ago ({read}). Up to {minutes} minutes past counts as now; \
             give a later time, such as tomorrow 9am or in 20m.",
            quoted(words)
        );
        Self::new("time_past", SCHEDULED_AT, message)
    }

    pub(super) fn too_far(words: &str) -> Self {
        let message = format!(
            "{} is more than {AHEAD_MAX_YEARS} years ahead, which is the limit. Give an earlier time.",
            quoted(words)
        );
        Self::new("time_too_far", SCHEDULED_AT, message)
    }

    pub(super) fn skipped(words: &str, local: DateTime, zone: &TimeZone, instants: [Timestamp; 2]) -> Self {
        Self::clock_change("time_skipped", "does not exist", words, local, zone, instants)
    }

    pub(super) fn repeated(words: &str, local: DateTime, zone: &TimeZone, instants: [Timestamp; 2]) -> Self {
        Self::clock_change("time_repeated", "happens twice", words, local, zone, instants)
    }

    fn clock_change(
        code: &'static str,
        what: &str,
        words: &str,
        local: DateTime,
        zone: &TimeZone,
        instants: [Timestamp; 2],
    ) -> Self {
        let [first, second] = instants.map(|instant| rfc3339(instant, zone));
        let message = format!(
            "{}: {} {what} in {}, because the clocks change there. Choose {first} or {second}.",
            quoted(words),
            local.strftime("%Y-%m-%d %H:%M"),
            zones::label(zone, instants[0]),
        );
        Self { candidates: vec![first, second], ..Self::new(code, SCHEDULED_AT, message) }
    }

    pub(super) fn conflict(
        words: &str,
        field: &'static str,
        instant: Timestamp,
        source: &TimeZone,
        zone: &TimeZone,
    ) -> Self {
        let message = format!(
            "{} is at {}, but {} is at {} then. For that instant write {}; or leave one of the two zones out.",
            quoted(words),
            zones::offset_label(source.to_offset(instant)),
            zones::label(zone, instant),
            zones::offset_label(zone.to_offset(instant)),
            rfc3339(instant, zone),
        );
        Self::new("zone_conflict", field, message)
    }

    pub(super) fn zone_unknown(name: &str, field: &'static str, near: Vec<String>) -> Self {
        let hint = match near.as_slice() {
            [] => "Give a name such as Europe/Paris, UTC, or an offset such as +01:00".to_owned(),
            [one] => format!("Is it {one}?"),
            [others @ .., last] => format!("Is it {} or {last}?", others.join(", ")),
        };
        let message = format!("{} is not a time zone that is known here. {}", quoted(name), hint);
        Self { candidates: near, ..Self::new("zone_unknown", field, message) }
    }
}

fn rfc3339(instant: Timestamp, zone: &TimeZone) -> String {
    instant.display_with_offset(zone.to_offset(instant)).to_string()
}

fn quoted(given: &str) -> String {
    let clean = |part: &str| part.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    match given.char_indices().nth(QUOTED_MAX_CHARS) {
        Some((end, _)) => format!("\"{}…\"", clean(&given[..end])),
        None => format!("\"{}\"", clean(given)),
    }
}
