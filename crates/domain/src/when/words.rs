//! What a text says, before any zone or clock is asked: the grammar of [`super::parse_when`].

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::Offset;

use super::fault::WhenFault;
use super::{WORDS_MAX_CHARS, clock};

pub(super) enum Spoken {
    Now,
    /// Days on the wall clock, then elapsed seconds; both saturate.
    Elapsed {
        days: i64,
        seconds: i64,
    },
    Clock {
        day: Day,
        time: Time,
    },
    Dated(Dated),
}

#[derive(Clone, Copy)]
pub(super) enum Day {
    Today,
    Tomorrow,
    Weekday(Weekday),
    /// No day was said: the next time that the clock shows this.
    Next,
}

pub(super) struct Dated {
    pub(super) date: Date,
    pub(super) time: Time,
    pub(super) anchor: Option<Anchor>,
    /// The zone in brackets, not looked up yet.
    pub(super) zone: Option<String>,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Anchor {
    /// `Z` or `-00:00`: the instant in UTC, and no claim about the local offset.
    Utc,
    Offset(Offset),
}

impl Anchor {
    pub(super) fn offset(self) -> Offset {
        match self {
            Self::Utc => Offset::UTC,
            Self::Offset(offset) => offset,
        }
    }
}

pub(super) fn read(words: &str) -> Result<Spoken, WhenFault> {
    if words.char_indices().nth(WORDS_MAX_CHARS).is_some() {
        return Err(WhenFault::unreadable(words, &format!("it is longer than {WORDS_MAX_CHARS} characters")));
    }
    let text = words.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
    spoken(&text).map_err(|reason| WhenFault::unreadable(words, &reason))
}

fn spoken(text: &str) -> Result<Spoken, String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text == "now" {
        return Ok(Spoken::Now);
    }
    if let Some(amounts) =
        text.strip_prefix("in").filter(|rest| rest.starts_with(|c: char| c == ' ' || c.is_ascii_digit()))
    {
        return elapsed(amounts.trim_start());
    }
    let starts_with_year = text.len() > 4 && text.bytes().take(4).all(|byte| byte.is_ascii_digit());
    if starts_with_year && text.as_bytes().get(4) == Some(&b'-') {
        return dated(text).map(Spoken::Dated);
    }
    said_clock(text)
}

/// `20m`, `2h30m`, `2 h 30 min`, `3 days`.
fn elapsed(mut rest: &str) -> Result<Spoken, String> {
    const EXAMPLE: &str = "after \"in\" come a number and a unit, as in 20m, in 2h30m or in 3 days";
    let (mut days, mut seconds) = (0_i64, 0_i64);
    let mut smallest_s = i64::MAX;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
        if number.is_empty() {
            return Err(EXAMPLE.to_owned());
        }
        // What does not fit is refused later as too far ahead.
        let number = number.parse::<i64>().unwrap_or(i64::MAX);
        let after = after.trim_start();
        let (unit, after) = after.split_at(after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len()));
        let unit_s = match unit {
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "m" | "min" | "mins" | "minute" | "minutes" => 60,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3_600,
            "d" | "day" | "days" => 86_400,
            "w" | "week" | "weeks" => 7 * 86_400,
            "" => return Err(EXAMPLE.to_owned()),
            other => return Err(format!("\"{other}\" is not a unit; units are s, m, h, days and weeks")),
        };
        if unit_s >= smallest_s {
            return Err("each unit may stand once, the largest first".to_owned());
        }
        smallest_s = unit_s;
        if unit_s >= 86_400 {
            days = days.saturating_add(number.saturating_mul(unit_s / 86_400));
        } else {
            seconds = seconds.saturating_add(number.saturating_mul(unit_s));
        }
        rest = after.trim_start();
    }
    if smallest_s == i64::MAX { Err(EXAMPLE.to_owned()) } else { Ok(Spoken::Elapsed { days, seconds }) }
}

/// A calendar date, a time of day, and perhaps an offset and a zone in brackets.
fn dated(text: &str) -> Result<Dated, String> {
    let (text, zone) = match text.strip_suffix(']').and_then(|text| text.split_once('[')) {
        Some((before, zone)) => (before.trim_end(), Some(zone.trim_start_matches('!').to_owned())),
        None => (text, None),
    };
    let (day, rest) = text.split_at(text.find(['t', ' ']).unwrap_or(text.len()));
    let date = clock::date(day)?;
    let rest = rest.get(1..).unwrap_or_default().trim();
    if rest.is_empty() {
        return Err(format!("it names no time of day; write for example {day} 09:00"));
    }
    let (time, anchor) = match rest.strip_suffix("utc").or_else(|| rest.strip_suffix('z')) {
        Some(time) => (time, Some(Anchor::Utc)),
        None => match rest.find(['+', '-']) {
            Some(at) => (&rest[..at], Some(anchor(&rest[at..])?)),
            None => (rest, None),
        },
    };
    Ok(Dated { date, time: clock::time(time.trim_end())?, anchor, zone })
}

fn anchor(text: &str) -> Result<Anchor, String> {
    let offset =
        clock::offset(text).ok_or_else(|| format!("\"{text}\" is not an offset from UTC; write +01:00 or Z"))?;
    Ok(if text.starts_with('-') && offset == Offset::UTC { Anchor::Utc } else { Anchor::Offset(offset) })
}

/// `9am`, `tomorrow 9am`, `tomorrow at noon`, `18:30 fri`.
fn said_clock(text: &str) -> Result<Spoken, String> {
    let (first, after_first) = text.split_once(' ').unwrap_or((text, ""));
    let (before_last, last) = text.rsplit_once(' ').unwrap_or(("", text));
    let (day, time) = match (day_word(first), day_word(last)) {
        (Some(day), _) => (day, after_first),
        (None, Some(day)) => (day, before_last),
        (None, None) => (Day::Next, text),
    };
    let time = time.strip_prefix("at ").unwrap_or(time);
    if time.is_empty() {
        return Err(format!("it names no time of day; write for example {text} 9am"));
    }
    if matches!(day, Day::Next)
        && !time.starts_with(|c: char| c.is_ascii_digit())
        && !matches!(time, "noon" | "midnight")
    {
        return Err("it starts with neither a date, a day nor a time of day".to_owned());
    }
    Ok(Spoken::Clock { day, time: clock::time(time)? })
}

fn day_word(word: &str) -> Option<Day> {
    Some(match word.trim_end_matches(',') {
        "today" => Day::Today,
        "tomorrow" => Day::Tomorrow,
        "mon" | "monday" => Day::Weekday(Weekday::Monday),
        "tue" | "tues" | "tuesday" => Day::Weekday(Weekday::Tuesday),
        "wed" | "wednesday" => Day::Weekday(Weekday::Wednesday),
        "thu" | "thur" | "thurs" | "thursday" => Day::Weekday(Weekday::Thursday),
        "fri" | "friday" => Day::Weekday(Weekday::Friday),
        "sat" | "saturday" => Day::Weekday(Weekday::Saturday),
        "sun" | "sunday" => Day::Weekday(Weekday::Sunday),
        _ => return None,
    })
}
