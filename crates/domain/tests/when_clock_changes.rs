//! Local times around clock changes, in zones that change their clocks in different ways.
//!
//! All changes lie in the past: what governments decide next is different in every edition of the zone database.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use jiff::Timestamp;
use jiff::tz::TimeZone;
use skein_domain::when::{When, WhenFault, parse_when};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn read(words: &str, zone: &str, now: &str) -> Result<When, WhenFault> {
    parse_when(words, Some(zone), &TimeZone::UTC, at(now))
}

/// zone, words, now, code, both candidates.
const CHANGES: &[(&str, &str, &str, &str, [&str; 2])] = &[
    // One hour forward in spring, one back in autumn.
    (
        "Europe/Paris",
        "2025-03-30 02:30",
        "2025-03-01T00:00:00Z",
        "time_skipped",
        ["2025-03-30T01:30:00+01:00", "2025-03-30T03:30:00+02:00"],
    ),
    (
        "Europe/Paris",
        "2025-03-30 02:00",
        "2025-03-01T00:00:00Z",
        "time_skipped",
        ["2025-03-30T01:00:00+01:00", "2025-03-30T03:00:00+02:00"],
    ),
    (
        "Europe/Paris",
        "tomorrow 2:30am",
        "2025-03-29T10:00:00Z",
        "time_skipped",
        ["2025-03-30T01:30:00+01:00", "2025-03-30T03:30:00+02:00"],
    ),
    (
        "Europe/Paris",
        "today 2:30am",
        "2025-03-30T00:30:00Z",
        "time_skipped",
        ["2025-03-30T01:30:00+01:00", "2025-03-30T03:30:00+02:00"],
    ),
    (
        "Europe/Paris",
        "2:30am",
        "2025-03-30T00:30:00Z",
        "time_skipped",
        ["2025-03-30T01:30:00+01:00", "2025-03-30T03:30:00+02:00"],
    ),
    (
        "Europe/Paris",
        "sun 2:30am",
        "2025-03-26T10:00:00Z",
        "time_skipped",
        ["2025-03-30T01:30:00+01:00", "2025-03-30T03:30:00+02:00"],
    ),
    (
        "Europe/Paris",
        "in 1 day",
        "2025-03-29T01:30:00Z",
        "time_skipped",
        ["2025-03-30T01:30:00+01:00", "2025-03-30T03:30:00+02:00"],
    ),
    (
        "Europe/Paris",
        "in 1 day 2h",
        "2025-03-29T01:30:00Z",
        "time_skipped",
        ["2025-03-30T04:30:00+02:00", "2025-03-30T05:30:00+02:00"],
    ),
    (
        "Europe/Paris",
        "2025-10-26T02:30",
        "2025-10-01T00:00:00Z",
        "time_repeated",
        ["2025-10-26T02:30:00+02:00", "2025-10-26T02:30:00+01:00"],
    ),
    (
        "Europe/Paris",
        "2025-10-26T02:00[Europe/Paris]",
        "2025-10-01T00:00:00Z",
        "time_repeated",
        ["2025-10-26T02:00:00+02:00", "2025-10-26T02:00:00+01:00"],
    ),
    // Between the two: the second one is still to come.
    (
        "Europe/Paris",
        "2:30am",
        "2025-10-26T00:45:00Z",
        "time_repeated",
        ["2025-10-26T02:30:00+02:00", "2025-10-26T02:30:00+01:00"],
    ),
    (
        "America/New_York",
        "2025-03-09 2:15am",
        "2025-03-01T00:00:00Z",
        "time_skipped",
        ["2025-03-09T01:15:00-05:00", "2025-03-09T03:15:00-04:00"],
    ),
    (
        "America/New_York",
        "in 2 weeks",
        "2025-10-19T05:30:00Z",
        "time_repeated",
        ["2025-11-02T01:30:00-04:00", "2025-11-02T01:30:00-05:00"],
    ),
    // Half an hour.
    (
        "Australia/Lord_Howe",
        "2025-10-05 02:15",
        "2025-10-01T00:00:00Z",
        "time_skipped",
        ["2025-10-05T01:45:00+10:30", "2025-10-05T02:45:00+11:00"],
    ),
    (
        "Australia/Lord_Howe",
        "2025-04-06 01:45",
        "2025-04-01T00:00:00Z",
        "time_repeated",
        ["2025-04-06T01:45:00+11:00", "2025-04-06T01:45:00+10:30"],
    ),
    // Back for Ramadan, forward after it.
    (
        "Africa/Casablanca",
        "2025-02-23 02:30",
        "2025-02-01T00:00:00Z",
        "time_repeated",
        ["2025-02-23T02:30:00+01:00", "2025-02-23T02:30:00+00:00"],
    ),
    (
        "Africa/Casablanca",
        "2025-04-06 02:30",
        "2025-03-01T00:00:00Z",
        "time_skipped",
        ["2025-04-06T01:30:00+00:00", "2025-04-06T03:30:00+01:00"],
    ),
    // A whole day that never was.
    (
        "Pacific/Apia",
        "2011-12-30 09:00",
        "2011-12-01T00:00:00Z",
        "time_skipped",
        ["2011-12-29T09:00:00-10:00", "2011-12-31T09:00:00+14:00"],
    ),
    (
        "Pacific/Apia",
        "tomorrow 9am",
        "2011-12-29T20:00:00Z",
        "time_skipped",
        ["2011-12-29T09:00:00-10:00", "2011-12-31T09:00:00+14:00"],
    ),
    (
        "Pacific/Apia",
        "fri 18:30",
        "2011-12-28T20:00:00Z",
        "time_skipped",
        ["2011-12-29T18:30:00-10:00", "2011-12-31T18:30:00+14:00"],
    ),
    (
        "Pacific/Apia",
        "in 1 day",
        "2011-12-29T20:00:00Z",
        "time_skipped",
        ["2011-12-29T10:00:00-10:00", "2011-12-31T10:00:00+14:00"],
    ),
    // At midnight: the day begins at 01:00, or ends twice.
    (
        "America/Sao_Paulo",
        "tomorrow midnight",
        "2018-11-03T15:00:00Z",
        "time_skipped",
        ["2018-11-03T23:00:00-03:00", "2018-11-04T01:00:00-02:00"],
    ),
    (
        "America/Sao_Paulo",
        "sat 23:30",
        "2018-02-16T15:00:00Z",
        "time_repeated",
        ["2018-02-17T23:30:00-02:00", "2018-02-17T23:30:00-03:00"],
    ),
];

#[test]
fn skipped_and_repeated_times_are_refused_with_both_candidates() {
    for (zone, words, now, code, candidates) in CHANGES {
        let fault = read(words, zone, now).unwrap_err();
        assert_eq!((fault.code(), fault.field()), (*code, "scheduled_at"), "{zone} {words}");
        assert_eq!(fault.candidates(), candidates, "{zone} {words}");
        for candidate in candidates {
            assert!(fault.to_string().contains(candidate), "{fault}");
        }
        assert!(fault.to_string().contains(zone), "{fault}");
    }
}

#[test]
fn candidates_can_be_pasted_beside_the_same_zone() {
    for (zone, words, _, _, candidates) in CHANGES {
        for candidate in candidates {
            let when = read(candidate, zone, candidate).unwrap();
            assert_eq!((when.instant(), when.zone()), (at(candidate), *zone), "{words}");
        }
    }
}

#[test]
fn the_edges_of_a_change_are_ordinary_times() {
    for (zone, words, now, instant) in [
        ("Europe/Paris", "2025-03-30 01:59:59", "2025-03-01T00:00:00Z", "2025-03-30T00:59:59Z"),
        ("Europe/Paris", "2025-03-30 03:00", "2025-03-01T00:00:00Z", "2025-03-30T01:00:00Z"),
        ("Europe/Paris", "2025-10-26 01:59:59", "2025-10-01T00:00:00Z", "2025-10-25T23:59:59Z"),
        ("Europe/Paris", "2025-10-26 03:00", "2025-10-01T00:00:00Z", "2025-10-26T02:00:00Z"),
        ("Australia/Lord_Howe", "2025-10-05 02:30", "2025-10-01T00:00:00Z", "2025-10-04T15:30:00Z"),
        ("Pacific/Apia", "2011-12-31 00:00", "2011-12-29T00:00:00Z", "2011-12-30T10:00:00Z"),
        ("America/Sao_Paulo", "2018-02-18 00:00", "2018-02-16T00:00:00Z", "2018-02-18T03:00:00Z"),
        // No summer time since 2019.
        ("America/Sao_Paulo", "2025-11-02 00:00", "2025-10-01T00:00:00Z", "2025-11-02T03:00:00Z"),
        ("Asia/Kathmandu", "2025-12-01 09:00", "2025-11-20T00:00:00Z", "2025-12-01T03:15:00Z"),
        // The jump is over, or the second 2:30 has passed: the next one is tomorrow's.
        ("Europe/Paris", "2:30am", "2025-03-30T01:10:00Z", "2025-03-31T00:30:00Z"),
        ("Europe/Paris", "2:30am", "2025-10-26T01:30:00Z", "2025-10-27T01:30:00Z"),
    ] {
        let when = read(words, zone, now).unwrap();
        assert_eq!(when.instant(), at(instant), "{zone} {words} at {now}");
    }
}

#[test]
fn hours_elapse_and_days_keep_the_wall_clock() {
    for (words, now, instant) in [
        // 18:00 on the Saturday before the clocks go forward.
        ("in 24h", "2025-03-29T17:00:00Z", "2025-03-30T17:00:00Z"),
        ("in 1 day", "2025-03-29T17:00:00Z", "2025-03-30T16:00:00Z"),
        ("in 1 day 1h", "2025-03-29T17:00:00Z", "2025-03-30T17:00:00Z"),
        // 18:00 on the Saturday before they go back.
        ("in 24h", "2025-10-25T16:00:00Z", "2025-10-26T16:00:00Z"),
        ("in 1 day", "2025-10-25T16:00:00Z", "2025-10-26T17:00:00Z"),
        ("in 1 week", "2025-10-25T16:00:00Z", "2025-11-01T17:00:00Z"),
        // Elapsed time crosses a repeated hour without a question.
        ("in 1h", "2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z"),
    ] {
        assert_eq!(read(words, "Europe/Paris", now).unwrap().instant(), at(instant), "{words} at {now}");
    }
}

#[test]
fn bounds_come_before_candidates() {
    let fault = read("2025-10-26 02:30", "Europe/Paris", "2025-11-20T00:00:00Z").unwrap_err();
    assert_eq!(fault.code(), "time_past");
    let fault = read("2036-10-26 02:30", "Europe/Paris", "2025-11-20T00:00:00Z").unwrap_err();
    assert_eq!(fault.code(), "time_too_far");
}
