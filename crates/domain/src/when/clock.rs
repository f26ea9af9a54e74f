//! The parts of a time that are written in digits: dates, times of day, offsets.
//!
//! Input is lower case; an error says why, for people.

use jiff::civil::{Date, Time};
use jiff::tz::Offset;

/// `2026-12-01`, with exactly these digits.
pub(super) fn date(text: &str) -> Result<Date, String> {
    let malformed = || format!("\"{text}\" is not a date; dates are written year-month-day, as 2026-12-01");
    let mut parts = text.split('-');
    let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(malformed());
    };
    let (Some(year), Some(month), Some(day)) = (digits(year, 4..=4), digits(month, 2..=2), digits(day, 2..=2)) else {
        return Err(malformed());
    };
    let built = (i16::try_from(year), i8::try_from(month), i8::try_from(day));
    let (Ok(year), Ok(month), Ok(day)) = built else {
        return Err(malformed());
    };
    Date::new(year, month, day).map_err(|_| format!("there is no day {text} in the calendar"))
}

/// `09:00`, `9:00`, `09:00:30.5`, `9am`, `9:30 pm`, `noon`, `midnight`.
pub(super) fn time(text: &str) -> Result<Time, String> {
    match text {
        "noon" => return Ok(Time::constant(12, 0, 0, 0)),
        "midnight" => return Ok(Time::midnight()),
        _ => {}
    }
    let malformed = || format!("\"{text}\" is not a time of day; write 09:00, 18:30, 9am, 6:30pm, noon or midnight");
    let (body, half) = split_half(text);
    let mut parts = body.splitn(3, ':');
    let hour = parts.next().and_then(|hour| digits(hour, 1..=2)).ok_or_else(malformed)?;
    let minute = parts.next();
    if minute.is_none() && half.is_none() {
        return Err(malformed());
    }
    let minute = minute.map_or(Some(0), |minute| digits(minute, 2..=2)).ok_or_else(malformed)?;
    let (second, nanosecond) = parts.next().map_or(Some((0, 0)), seconds).ok_or_else(malformed)?;
    let hour = match half {
        Some(half) => half.hour(hour).ok_or_else(|| format!("with am or pm the hour goes from 1 to 12, not {hour}"))?,
        None if hour > 23 => return Err(format!("the hour goes from 0 to 23, not {hour}")),
        None => hour,
    };
    if minute > 59 || second > 59 {
        return Err(format!("in \"{text}\" minutes and seconds must lie between 00 and 59"));
    }
    let built = (i8::try_from(hour), i8::try_from(minute), i8::try_from(second), i32::try_from(nanosecond));
    let (Ok(hour), Ok(minute), Ok(second), Ok(nanosecond)) = built else {
        return Err(malformed());
    };
    Time::new(hour, minute, second, nanosecond).map_err(|_| malformed())
}

/// `+01:00`, `+0100`, `-5`… up to 23:59 either way; `None` when it is anything else.
pub(super) fn offset(text: &str) -> Option<Offset> {
    let (sign, body) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = match body.split_once(':') {
        Some((hours, minutes)) => (digits(hours, 2..=2)?, digits(minutes, 2..=2)?),
        None if body.len() == 4 && body.is_ascii() => (digits(&body[..2], 2..=2)?, digits(&body[2..], 2..=2)?),
        None => (digits(body, 1..=2)?, 0),
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = i32::try_from(hours * 3_600 + minutes * 60).ok()?;
    Offset::from_seconds(sign * seconds).ok()
}

#[derive(Clone, Copy)]
enum Half {
    Am,
    Pm,
}

impl Half {
    fn hour(self, hour: u32) -> Option<u32> {
        match (self, hour) {
            (Self::Am, 12) => Some(0),
            (Self::Pm, 12) => Some(12),
            (Self::Am, 1..=11) => Some(hour),
            (Self::Pm, 1..=11) => Some(hour + 12),
            _ => None,
        }
    }
}

fn split_half(text: &str) -> (&str, Option<Half>) {
    let endings = [("am", Half::Am), ("a.m.", Half::Am), ("pm", Half::Pm), ("p.m.", Half::Pm)];
    for (ending, half) in endings {
        if let Some(body) = text.strip_suffix(ending) {
            return (body.trim_end(), Some(half));
        }
    }
    (text, None)
}

/// Seconds and nanoseconds of `30`, `30.5`, `30.123456789`.
fn seconds(text: &str) -> Option<(u32, u32)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let places = u32::try_from(fraction.len()).ok().filter(|places| (1..=9).contains(places))?;
    Some((digits(whole, 2..=2)?, digits(fraction, 1..=9)? * 10_u32.pow(9 - places)))
}

/// A number of as many ASCII digits as `count` allows (at most 9).
fn digits(text: &str, count: std::ops::RangeInclusive<usize>) -> Option<u32> {
    (count.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}
