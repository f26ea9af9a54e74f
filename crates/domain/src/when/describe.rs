//! Instants in words, for people.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::zones;

/// `Tue 1 Dec 2026 09:00 Europe/Paris (08:00 UTC), in 10 days 22 h`, or `…, 3 min ago`, or `…, now`.
///
/// The UTC date stands there when it is another day; seconds when they are not zero. A day in the distance is 24 hours,
/// and the distance is cut, not rounded. A `zone` that cannot be read shows UTC alone.
pub fn describe_when(instant: Timestamp, zone: &str, now: Timestamp) -> String {
    let zone = zones::parse_zone(zone).unwrap_or(TimeZone::UTC);
    let ahead = instant.duration_since(now);
    let distance = match (span_words(ahead), ahead.is_negative()) {
        (words, _) if words.is_empty() => "now".to_owned(),
        (words, true) => format!("{words} ago"),
        (words, false) => format!("in {words}"),
    };
    format!("{}, {distance}", describe_in(instant, &zone))
}

/// `Tue 1 Dec 2026 09:00 Europe/Paris (08:00 UTC)`.
pub(super) fn describe_in(instant: Timestamp, zone: &TimeZone) -> String {
    let (local, utc) = (zone.to_datetime(instant), TimeZone::UTC.to_datetime(instant));
    let clock = if utc.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
    let label = zones::label(zone, instant);
    let here = format!("{} {} {label}", local.strftime("%a %-d %b %Y"), local.strftime(clock));
    if label == "UTC" {
        return here;
    }
    let day = if local.date() == utc.date() { String::new() } else { utc.strftime("%a %-d %b ").to_string() };
    format!("{here} ({day}{} UTC)", utc.strftime(clock))
}

/// The two largest units of a duration without its sign: `10 days 22 h`, `1 h`, `5 min 30 s`; empty under a second.
pub(super) fn span_words(duration: SignedDuration) -> String {
    let total_s = duration.unsigned_abs().as_secs();
    let (days, hours, minutes, seconds) = (total_s / 86_400, total_s / 3_600 % 24, total_s / 60 % 60, total_s % 60);
    let day_unit = if days == 1 { "day" } else { "days" };
    [(days, day_unit), (hours, "h"), (minutes, "min"), (seconds, "s")]
        .into_iter()
        .skip_while(|(amount, _)| *amount == 0)
        .take(2)
        .filter(|(amount, _)| *amount > 0)
        .map(|(amount, unit)| format!("{amount} {unit}"))
        .collect::<Vec<_>>()
        .join(" ")
}
