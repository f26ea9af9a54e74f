//! Time zones by name, and the names that were perhaps meant.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::{self, Offset, TimeZone, TimeZoneDatabase};

use super::clock;
use super::fault::{TIMEZONE, WhenFault};

const NAME_MAX_BYTES: usize = 100;
const NEAR_MAX: usize = 3;

/// Names in zone folders that mean another thing on every machine, or nothing.
const NOT_ZONES: [&str; 4] = ["localtime", "posixrules", "factory", "etc/unknown"];

/// Abbreviations that are no IANA names, and the zones that people mean by them.
const ABBREVIATIONS: [(&str, &[&str]); 16] = [
    ("aest", &["Australia/Sydney", "Australia/Brisbane"]),
    ("aedt", &["Australia/Sydney"]),
    ("bst", &["Europe/London"]),
    ("cdt", &["America/Chicago"]),
    ("cest", &["Europe/Paris", "Europe/Berlin", "Europe/Rome"]),
    ("cst", &["America/Chicago", "Asia/Shanghai"]),
    ("ct", &["America/Chicago"]),
    ("edt", &["America/New_York"]),
    ("et", &["America/New_York"]),
    ("ist", &["Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"]),
    ("jst", &["Asia/Tokyo"]),
    ("mdt", &["America/Denver"]),
    ("mt", &["America/Denver"]),
    ("pdt", &["America/Los_Angeles"]),
    ("pst", &["America/Los_Angeles"]),
    ("pt", &["America/Los_Angeles"]),
];

/// Reads an IANA name (ignoring case), `UTC`, `Z`, or an offset such as `+01:00`, `+0530` or `-3`.
///
/// Names come from the machine's zone database, and from the one that is built in for what the machine lacks.
///
/// # Errors
///
/// `zone_unknown` on the field `timezone`, with up to three near names as candidates.
pub fn parse_zone(name: &str) -> Result<TimeZone, WhenFault> {
    parse_for_field(name, TIMEZONE)
}

pub(super) fn parse_for_field(name: &str, field: &'static str) -> Result<TimeZone, WhenFault> {
    let trimmed = name.trim();
    let found = if trimmed.eq_ignore_ascii_case("z") {
        Some(TimeZone::UTC)
    } else {
        clock::offset(trimmed).map(TimeZone::fixed).or_else(|| lookup(trimmed))
    };
    found.ok_or_else(|| WhenFault::zone_unknown(name, field, near(trimmed)))
}

fn lookup(name: &str) -> Option<TimeZone> {
    if !could_be_a_name(name) || NOT_ZONES.contains(&name.to_ascii_lowercase().as_str()) {
        return None;
    }
    tz::db().get(name).or_else(|_| TimeZoneDatabase::bundled().get(name)).ok()
}

fn could_be_a_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_MAX_BYTES && name.is_ascii()
}

/// How the zone is called from outside: its IANA name, or the offset that it has at `instant`.
pub(super) fn label(zone: &TimeZone, instant: Timestamp) -> String {
    zone.iana_name().map_or_else(|| offset_label(zone.to_offset(instant)), str::to_owned)
}

/// `+01:00`. Seconds, which only offsets of long ago have, are cut.
pub(super) fn offset_label(offset: Offset) -> String {
    let (sign, minutes) = (if offset.is_negative() { '-' } else { '+' }, offset.seconds().abs() / 60);
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Zones whose name or city differs from `name` in a few letters, the nearest first.
fn near(name: &str) -> Vec<String> {
    if !could_be_a_name(name) {
        return Vec::new();
    }
    let wanted = name.to_ascii_lowercase().replace(' ', "_");
    if let Some((_, zones)) = ABBREVIATIONS.iter().find(|(abbreviation, _)| *abbreviation == wanted) {
        return zones.iter().map(|&zone| zone.to_owned()).collect();
    }
    let bundled = TimeZoneDatabase::bundled();
    let known: BTreeSet<String> =
        tz::db().available().chain(bundled.available()).map(|known| known.as_str().to_owned()).collect();
    let mut ranked: Vec<(usize, String)> = known
        .into_iter()
        .filter_map(|known| {
            let lower = known.to_ascii_lowercase();
            (!NOT_ZONES.contains(&lower.as_str())).then_some(())?;
            Some((distance(&wanted, &lower)?, known))
        })
        .collect();
    ranked.sort();
    ranked.into_iter().take(NEAR_MAX).map(|(_, known)| known).collect()
}

/// Letters to change between two whole names, or between their cities; `None` when it is too many to be a slip.
fn distance(wanted: &str, known: &str) -> Option<usize> {
    let city = |name: &str| name.rsplit_once('/').map_or_else(|| name.to_owned(), |(_, city)| city.to_owned());
    [letters_apart(wanted, known), letters_apart(&city(wanted), &city(known))].into_iter().flatten().min()
}

/// Edit distance, where two swapped neighbours count once; `None` above a quarter of the letters (3 at most).
fn letters_apart(left: &str, right: &str) -> Option<usize> {
    let limit = (left.len() / 4).clamp(1, 3);
    if left.is_empty() || left.len().abs_diff(right.len()) > limit {
        return None;
    }
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let mut two_above: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for row in 1..=left.len() {
        let mut this = vec![row];
        for column in 1..=right.len() {
            let replaced = above[column - 1] + usize::from(left[row - 1] != right[column - 1]);
            let mut fewest = replaced.min(above[column] + 1).min(this[column - 1] + 1);
            let swapped =
                row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1];
            if swapped {
                fewest = fewest.min(two_above[column - 2] + 1);
            }
            this.push(fewest);
        }
        two_above = std::mem::replace(&mut above, this);
    }
    above.last().copied().filter(|apart| *apart <= limit)
}
