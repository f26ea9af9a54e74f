use jiff::Timestamp;
use jiff::civil;
use jiff::tz::Offset;

use super::SyntaxError;
use super::identifier::identifier_traits;

const KIND: &str = "a datetime";
const MAX_BYTES: usize = 64;
const FRACTION_MAX_DIGITS: usize = 20;
/// 0000-01-01T00:00:00Z in seconds since the Unix epoch: the protocol knows no earlier instant.
const EARLIEST_S: i64 = -62_167_219_200;
const NANOS_PER_MICRO: i32 = 1_000;
const NANOS_PER_MILLI: i32 = 1_000_000;

/// An instant with the text it was written as. The text is kept, since writing it anew would change a record's CID.
///
/// Sorts by instant, then by text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Datetime {
    instant: Timestamp,
    text: String,
}

identifier_traits!(Datetime);

impl Datetime {
    /// Reads `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH:MM)`: capital T and Z, seconds and zone required, no `-00:00`.
    ///
    /// # Errors
    /// The rule broken; also for days that do not exist, leap seconds, and instants before the year 0.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        match instant_of(text) {
            Ok(instant) => Ok(Self { instant, text: text.to_owned() }),
            Err(rule) => Err(SyntaxError::new(KIND, rule, text)),
        }
    }

    /// Writes an instant in UTC with a `Z`: milliseconds, or microseconds where it has a finer part.
    ///
    /// Anything finer than a microsecond is cut off, and an instant before the year 0 becomes its first instant, so
    /// that the text and [`Self::to_timestamp`] always agree.
    pub fn from_timestamp(timestamp: Timestamp) -> Self {
        let earliest = Timestamp::constant(EARLIEST_S, 0);
        let timestamp = timestamp.max(earliest);
        let utc = Offset::UTC.to_datetime(timestamp);
        let nanos = utc.subsec_nanosecond();
        let whole_micros = nanos - nanos % NANOS_PER_MICRO;
        let finer = jiff::SignedDuration::from_nanos(i64::from(nanos - whole_micros));
        let instant = timestamp.checked_sub(finer).unwrap_or(timestamp);
        let is_whole_ms = whole_micros % NANOS_PER_MILLI == 0;
        let text = if is_whole_ms { format!("{instant:.3}") } else { format!("{instant:.6}") };
        Self { instant, text }
    }

    /// The text as it was given or written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The instant; digits beyond the nanosecond are cut off.
    pub const fn to_timestamp(&self) -> Timestamp {
        self.instant
    }
}

const SHAPE: &str = "it must look like 2026-01-31T09:30:00.000Z, with a capital T, seconds and a zone";

fn instant_of(text: &str) -> Result<Timestamp, &'static str> {
    if text.len() > MAX_BYTES {
        return Err("it may be at most 64 characters long");
    }
    let bytes = text.as_bytes();
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if bytes.len() < 20 || separators.iter().any(|&(at, separator)| bytes[at] != separator) {
        return Err(SHAPE);
    }
    let number = |from: usize, to: usize| digits(&bytes[from..to]).ok_or(SHAPE);
    let two_digits = |from: usize| number(from, from + 2).and_then(|n| i8::try_from(n).map_err(|_| SHAPE));
    let year = i16::try_from(number(0, 4)?).map_err(|_| SHAPE)?;
    let (month, day) = (two_digits(5)?, two_digits(8)?);
    let (hour, minute, second) = (two_digits(11)?, two_digits(14)?, two_digits(17)?);
    let (nanos, zone) = fraction(&bytes[19..])?;
    let offset = zone_offset(zone)?;
    let local = civil::DateTime::new(year, month, day, hour, minute, second, nanos)
        .map_err(|_| "this day or time of day does not exist")?;
    let instant = offset.to_timestamp(local).map_err(|_| "it is beyond the instants that can be computed with")?;
    if instant.as_second() < EARLIEST_S {
        return Err("it must not be before the year 0 in UTC");
    }
    Ok(instant)
}

/// Splits an optional `.digits` off, as nanoseconds.
fn fraction(rest: &[u8]) -> Result<(i32, &[u8]), &'static str> {
    let Some(rest) = rest.strip_prefix(b".") else {
        return Ok((0, rest));
    };
    let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if count == 0 || count > FRACTION_MAX_DIGITS {
        return Err("the fraction of a second must have 1 to 20 digits");
    }
    let nanos = (0..9).fold(0, |nanos, at| {
        let digit = rest[..count].get(at).map_or(0, |b| i32::from(b - b'0'));
        nanos * 10 + digit
    });
    Ok((nanos, &rest[count..]))
}

fn zone_offset(zone: &[u8]) -> Result<Offset, &'static str> {
    let (sign, hours, minutes) = match zone {
        b"Z" => return Ok(Offset::UTC),
        b"-00:00" => return Err("the zone -00:00 is not allowed; use Z"),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            (*sign, digits(&[*h1, *h2]).ok_or(SHAPE)?, digits(&[*m1, *m2]).ok_or(SHAPE)?)
        }
        _ => return Err(SHAPE),
    };
    if hours > 23 || minutes > 59 {
        return Err("the zone must be within ±23:59");
    }
    let seconds = (hours * 60 + minutes) * 60;
    Offset::from_seconds(if sign == b'-' { -seconds } else { seconds }).map_err(|_| "the zone must be within ±23:59")
}

/// The number that these ASCII digits write, or none if there is anything else among them.
fn digits(bytes: &[u8]) -> Option<i32> {
    bytes.iter().try_fold(0, |number, b| b.is_ascii_digit().then(|| number * 10 + i32::from(b - b'0')))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::Datetime;

    fn written(timestamp: &str) -> String {
        Datetime::from_timestamp(timestamp.parse::<Timestamp>().unwrap()).to_string()
    }

    #[test]
    fn milliseconds_unless_there_is_something_finer() {
        assert_eq!(written("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05.000Z");
        assert_eq!(written("2026-01-02T03:04:05.678Z"), "2026-01-02T03:04:05.678Z");
        assert_eq!(written("2026-01-02T03:04:05.678901Z"), "2026-01-02T03:04:05.678901Z");
        assert_eq!(written("2026-01-02T03:04:05.000001999Z"), "2026-01-02T03:04:05.000001Z");
        assert_eq!(written("1969-12-31T23:59:59.9999Z"), "1969-12-31T23:59:59.999900Z");
        assert_eq!(written("0033-04-03T12:00:00Z"), "0033-04-03T12:00:00.000Z");
    }

    #[test]
    fn an_instant_before_the_year_0_becomes_its_first_instant() {
        assert_eq!(Datetime::from_timestamp(Timestamp::MIN).as_str(), "0000-01-01T00:00:00.000Z");
    }

    #[test]
    fn what_was_written_reads_back_as_the_same_value() {
        for timestamp in ["1969-12-31T23:59:59.1234567Z", "2026-01-02T03:04:05.678901Z", "2026-01-02T03:04:05Z"] {
            let written = Datetime::from_timestamp(timestamp.parse().unwrap());
            assert_eq!(Datetime::parse(written.as_str()).unwrap(), written);
        }
    }

    #[test]
    fn the_zone_and_the_fraction_count() {
        let datetime = Datetime::parse("1985-04-12T23:20:50.1235678912345-07:30").unwrap();
        assert_eq!(datetime.to_timestamp().to_string(), "1985-04-13T06:50:50.123567891Z");
        assert_eq!(datetime.as_str(), "1985-04-12T23:20:50.1235678912345-07:30");
    }

    #[test]
    fn days_that_do_not_exist_and_leap_seconds_are_refused() {
        assert!(Datetime::parse("2023-02-29T00:00:00Z").is_err());
        assert!(Datetime::parse("2024-02-29T00:00:00Z").is_ok());
        assert!(Datetime::parse("2016-12-31T23:59:60Z").is_err());
    }
}
