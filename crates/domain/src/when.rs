//! Times in words and zones: what a person or a program writes becomes one instant, or a refusal that says what to
//! write instead.
//!
//! Two rules hold for every form. A time up to 5 minutes past counts as now and keeps the instant that was given, so
//! that lateness is measured against what was asked for. A local time that a clock change skips or repeats is never guessed.

mod clock;
mod describe;
mod fault;
mod words;
mod zones;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp, ToSpan as _};

pub use describe::describe_when;
pub use fault::WhenFault;
pub use zones::parse_zone;

use fault::{SCHEDULED_AT, TIMEZONE};
use words::{Anchor, Dated, Day, Spoken};

/// How far past a time may lie and still count as now.
pub const PAST_GRACE_S: i64 = 5 * 60;

/// How many calendar years ahead (in UTC) a time may lie.
pub const AHEAD_MAX_YEARS: i64 = 5;

/// The longest text that [`parse_when`] reads.
pub const WORDS_MAX_CHARS: usize = 200;

/// An instant, and the zone in which people want to see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    instant: Timestamp,
    zone: String,
}

impl When {
    /// The instant that was asked for: never moved to "now", also when it lies within the grace for past times.
    pub fn instant(&self) -> Timestamp {
        self.instant
    }

    /// The IANA name in its usual spelling, `UTC`, or a fixed offset such as `+01:00`; [`parse_zone`] reads it back.
    pub fn zone(&self) -> &str {
        &self.zone
    }

    /// This time for people; see [`describe_when`].
    pub fn describe(&self, now: Timestamp) -> String {
        describe_when(self.instant, &self.zone, now)
    }
}

/// Reads a time in words. Case and extra blanks do not matter.
///
/// | form | meaning |
/// |---|---|
/// | `2026-12-01T09:00:00+01:00`, `…Z` | RFC 3339; a blank for the `T` and `+0100` work too |
/// | `2026-12-01T09:00[Europe/Paris]` | a local time with its zone |
/// | `2026-12-01 09:00`, `2026-12-01T09:00:30`, `2026-12-01 9am` | local time in `zone`, else in `default_zone` |
/// | `today 18:30`, `tomorrow 9am`, `9am tomorrow` | local day, local time |
/// | `fri 18:30`, `friday 6:30pm` | the next one strictly after now: today while its time is still ahead |
/// | `9am`, `18:30`, `noon`, `midnight` | the next one strictly after now |
/// | `in 20m`, `in 10s`, `in 2h30m` | elapsed time |
/// | `in 3 days`, `in 2 weeks` | the same wall clock that many days later, also over a clock change |
/// | `in 1 day 2h` | first the days on the wall clock, then the elapsed rest |
/// | `now` | `now` |
///
/// 12-hour forms: `12am` is 00:00, `12pm` is 12:00.
///
/// **Zones.** An offset in the words decides the instant; `zone` is then kept for display and must have that offset at
/// that instant. `Z` (and `-00:00`) name the instant in UTC and say nothing about the local offset (RFC 9557, section
/// 2.2), so they agree with every `zone`; `+00:00` does not. A zone in brackets decides a local time; `zone` must then
/// have the same offset at that instant.
///
/// # Errors
///
/// [`WhenFault::code`] is one of `time_unreadable`, `time_past` (more than [`PAST_GRACE_S`]), `time_too_far` (more than
/// [`AHEAD_MAX_YEARS`]), `time_skipped`, `time_repeated`, `zone_unknown`, `zone_conflict`.
pub fn parse_when(words: &str, zone: Option<&str>, default_zone: &TimeZone, now: Timestamp) -> Result<When, WhenFault> {
    let spoken = words::read(words)?;
    let asked = zone.map(parse_zone).transpose()?;
    let home = match &asked {
        Some(asked) => asked.clone(),
        None if default_zone.is_unknown() => TimeZone::UTC,
        None => default_zone.clone(),
    };
    let request = Request { words, now };
    let (instant, shown_in) = match spoken {
        Spoken::Now => (now, home),
        Spoken::Elapsed { days, seconds } => (request.elapsed(days, seconds, &home)?, home),
        Spoken::Clock { day, time } => (request.clock(day, time, &home)?, home),
        Spoken::Dated(dated) => request.dated(&dated, asked, home)?,
    };
    Ok(When { instant, zone: zones::label(&shown_in, instant) })
}

/// How often a local time happens on the clocks of a zone.
enum Happens {
    Once(Timestamp),
    /// The clocks jump over it; the instants under the offset after (earlier) and before (later) the change.
    Never(Timestamp, Timestamp),
    Twice(Timestamp, Timestamp),
}

/// `None` when the instant lies outside the years that a [`Timestamp`] can hold.
fn happens(local: DateTime, zone: &TimeZone) -> Option<Happens> {
    let found = zone.to_ambiguous_timestamp(local);
    let (earlier, later) = (found.earlier().ok()?, found.later().ok()?);
    Some(match found.offset() {
        AmbiguousOffset::Unambiguous { .. } => Happens::Once(earlier),
        AmbiguousOffset::Gap { .. } => Happens::Never(earlier, later),
        AmbiguousOffset::Fold { .. } => Happens::Twice(earlier, later),
    })
}

/// What was asked for, and when: the context of every refusal.
struct Request<'a> {
    words: &'a str,
    now: Timestamp,
}

impl Request<'_> {
    fn dated(
        &self,
        dated: &Dated,
        asked: Option<TimeZone>,
        home: TimeZone,
    ) -> Result<(Timestamp, TimeZone), WhenFault> {
        let named = dated.zone.as_deref().map(|name| zones::parse_for_field(name, SCHEDULED_AT)).transpose()?;
        let local = DateTime::from_parts(dated.date, dated.time);
        let (instant, source) = if let Some(anchor) = dated.anchor {
            let offset = anchor.offset();
            let instant = offset.to_timestamp(local).map_err(|_| self.too_far())?;
            let source = TimeZone::fixed(offset);
            (self.bounded(instant, named.as_ref().or(asked.as_ref()).unwrap_or(&source))?, source)
        } else {
            let source = named.clone().unwrap_or(home);
            (self.settle(local, &source, SignedDuration::ZERO)?, source)
        };
        if dated.anchor != Some(Anchor::Utc) {
            for (zone, field) in [(named.as_ref(), SCHEDULED_AT), (asked.as_ref(), TIMEZONE)] {
                if let Some(zone) = zone {
                    self.agrees(instant, &source, zone, field)?;
                }
            }
        }
        Ok((instant, asked.or(named).unwrap_or(source)))
    }

    fn agrees(
        &self,
        instant: Timestamp,
        source: &TimeZone,
        zone: &TimeZone,
        field: &'static str,
    ) -> Result<(), WhenFault> {
        if source.to_offset(instant) == zone.to_offset(instant) {
            return Ok(());
        }
        Err(WhenFault::conflict(self.words, field, instant, source, zone))
    }

    fn elapsed(&self, days: i64, seconds: i64, home: &TimeZone) -> Result<Timestamp, WhenFault> {
        let rest = SignedDuration::from_secs(seconds);
        if days == 0 {
            let instant = self.now.checked_add(rest).map_err(|_| self.too_far())?;
            return self.bounded(instant, home);
        }
        let later = Span::new().try_days(days).and_then(|days| home.to_datetime(self.now).checked_add(days));
        self.settle(later.map_err(|_| self.too_far())?, home, rest)
    }

    fn clock(&self, day: Day, time: Time, home: &TimeZone) -> Result<Timestamp, WhenFault> {
        let today = home.to_datetime(self.now);
        let days_ahead = match day {
            Day::Today => 0,
            Day::Next if self.is_ahead(today, time, home) => 0,
            Day::Next | Day::Tomorrow => 1,
            Day::Weekday(weekday) => match today.date().weekday().until(weekday) {
                0 if self.is_ahead(today, time, home) => 0,
                0 => 7,
                days => days,
            },
        };
        let date: Date = today.date().checked_add(days_ahead.days()).map_err(|_| self.too_far())?;
        self.settle(DateTime::from_parts(date, time), home, SignedDuration::ZERO)
    }

    /// Whether today's `time` is still to come. A repeated time is ahead until it has happened twice; a skipped one is
    /// ahead until the clocks have jumped over it.
    fn is_ahead(&self, today: DateTime, time: Time, home: &TimeZone) -> bool {
        let local = DateTime::from_parts(today.date(), time);
        match happens(local, home) {
            Some(Happens::Once(instant) | Happens::Twice(_, instant)) => instant > self.now,
            Some(Happens::Never(..)) => local > today,
            None => false,
        }
    }

    /// The instant of a local time plus `rest`, refused when the clocks skip or repeat it.
    fn settle(&self, local: DateTime, zone: &TimeZone, rest: SignedDuration) -> Result<Timestamp, WhenFault> {
        let plus_rest = |instant: Timestamp| instant.checked_add(rest).map_err(|_| self.too_far());
        let found = happens(local, zone).ok_or_else(|| self.too_far())?;
        let (Happens::Once(earlier) | Happens::Never(earlier, _) | Happens::Twice(earlier, _)) = found;
        let (Happens::Once(later) | Happens::Never(_, later) | Happens::Twice(_, later)) = found;
        let (earlier, later) = (plus_rest(earlier)?, plus_rest(later)?);
        // Candidates that would be refused in turn help nobody: bounds come first.
        if later < self.oldest() {
            return self.bounded(later, zone);
        }
        self.bounded(earlier.max(self.now), zone)?;
        match found {
            Happens::Once(_) => Ok(earlier),
            Happens::Never(..) => Err(WhenFault::skipped(self.words, local, zone, [earlier, later])),
            Happens::Twice(..) => Err(WhenFault::repeated(self.words, local, zone, [earlier, later])),
        }
    }

    fn oldest(&self) -> Timestamp {
        self.now.checked_sub(SignedDuration::from_secs(PAST_GRACE_S)).unwrap_or(Timestamp::MIN)
    }

    fn bounded(&self, instant: Timestamp, zone: &TimeZone) -> Result<Timestamp, WhenFault> {
        let last = TimeZone::UTC.to_datetime(self.now).checked_add(AHEAD_MAX_YEARS.years());
        let last = last.and_then(|last| TimeZone::UTC.to_timestamp(last)).unwrap_or(Timestamp::MAX);
        if instant > last {
            return Err(self.too_far());
        }
        if instant < self.oldest() {
            return Err(WhenFault::past(self.words, instant, zone, self.now));
        }
        Ok(instant)
    }

    fn too_far(&self) -> WhenFault {
        WhenFault::too_far(self.words)
    }
}
