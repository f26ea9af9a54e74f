//! Instants as they are stored: microseconds since the Unix epoch.

use jiff::Timestamp;

use crate::StoreError;

const MICROS_PER_S: i64 = 1_000_000;
const NANOS_PER_MICRO: i64 = 1_000;

/// The stored form. What is finer than a microsecond is cut; the clock port hands out nothing finer.
pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// The stored form of an instant that may be missing.
pub(crate) fn micros_opt(at: Option<Timestamp>) -> Option<i64> {
    at.map(micros)
}

/// Reads the stored form; refused outside the years -9999 to 9999.
pub(crate) fn instant(micros: i64) -> Result<Timestamp, StoreError> {
    // Not `from_microsecond`, which refuses the last second that an instant can have.
    let nanos = i32::try_from(micros.rem_euclid(MICROS_PER_S) * NANOS_PER_MICRO).unwrap_or_default();
    Timestamp::new(micros.div_euclid(MICROS_PER_S), nanos)
        .map_err(|_| StoreError::Invalid(format!("{micros} is no instant in microseconds since 1970")))
}

/// Reads the stored form of an instant that may be missing.
pub(crate) fn instant_opt(micros: Option<i64>) -> Result<Option<Timestamp>, StoreError> {
    micros.map(instant).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microseconds_survive_the_round_trip_on_both_sides_of_the_epoch() {
        for given in ["2026-11-05T17:00:00.123456Z", "1969-12-31T23:59:59.999999Z", "9999-12-30T22:00:00.000001Z"] {
            let at: Timestamp = given.parse().unwrap();
            assert_eq!(instant(micros(at)).unwrap(), at);
        }
        assert!(instant(i64::MAX).is_err());
    }
}
