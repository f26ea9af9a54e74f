//! Local times around clock changes, in zones that change their clocks in different ways.

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
        "2027-03-28 02:30",
        "2027-03-01T00:00:00Z",
        "time_skipped",
        ["2027-03-28T01:30:00+01:00", "2027-03-28T03:30:00+02:00"],
    ),
    (
        "Europe/Paris",
        "2027-03-28 02:00",
        "2027-03-01T00:00:00Z",
        "time_skipped",
        ["2027-03-28T01:00:00+01:00", "2027-03-28T03:00:00+02:00"],
    ),
    (
        "Europe/Paris",
        "tomorrow 2:30am",
        "2027-03-27T10:00:00Z",
        "time_skipped",
        ["2027-03-28T01:30:00+01:00", "2027-03-28T03:30:00+02:00"],
    ),
    (
        "Europe/Paris",
        "today 2:30am",
        "2027-03-28T00:30:00Z",
        "time_skipped",
        ["2027-03-28T01:30:00+01:00", "2027-03-28T03:30:00+02:00"],
    ),
    (
        "Europe/Paris",
        "2:30am",
        "2027-03-28T00:30:00Z",
        "time_skipped",
        ["2027-03-28T01:30:00+01:00", "2027-03-28T03:30:00+02:00"],
    ),
    (
        "Europe/Paris",
        "sun 2:30am",
        "2027-03-24T10:00:00Z",
        "time_skipped",
        ["2027-03-28T01:30:00+01:00", "2027-03-28T03:30:00+02:00"],
    ),
    (
        "Europe/Paris",
        "in 1 day",
        "2027-03-27T01:30:00Z",
        "time_skipped",
        ["2027-03-28T01:30:00+01:00", "2027-03-28T03:30:00+02:00"],
    ),
    (
        "Europe/Paris",
        "in 1 day 2h",
        "2027-03-27T01:30:00Z",
        "time_skipped",
        ["2027-03-28T04:30:00+02:00", "2027-03-28T05:30:00+02:00"],
    ),
    (
        "Europe/Paris",
        "2026-10-25T02:30",
        "2026-10-01T00:00:00Z",
        "time_repeated",
        ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"],
    ),
    (
        "Europe/Paris",
        "2026-10-25T02:00[Europe/Paris]",
        "2026-10-01T00:00:00Z",
        "time_repeated",
        ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"],
    ),
    // Between the two: the second one is still to come.
    (
        "Europe/Paris",
        "2:30am",
        "2026-10-25T00:45:00Z",
        "time_repeated",
        ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"],
    ),
    (
        "America/New_York",
        "2027-03-14 2:15am",
        "2027-03-01T00:00:00Z",
        "time_skipped",
        ["2027-03-14T01:15:00-05:00", "2027-03-14T03:15:00-04:00"],
    ),
    (
        "America/New_York",
        "in 2 weeks",
        "2026-10-18T05:30:00Z",
        "time_repeated",
        ["2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00"],
    ),
    // Half an hour.
    (
        "Australia/Lord_Howe",
        "2026-10-04 02:15",
        "2026-10-01T00:00:00Z",
        "time_skipped",
        ["2026-10-04T01:45:00+10:30", "2026-10-04T02:45:00+11:00"],
    ),
    (
        "Australia/Lord_Howe",
        "2027-04-04 01:45",
        "2027-04-01T00:00:00Z",
        "time_repeated",
        ["2027-04-04T01:45:00+11:00", "2027-04-04T01:45:00+10:30"],
    ),
    // Back for Ramadan, forward after it.
    (
        "Africa/Casablanca",
        "2027-02-07 02:30",
        "2027-02-01T00:00:00Z",
        "time_repeated",
        ["2027-02-07T02:30:00+01:00", "2027-02-07T02:30:00+00:00"],
    ),
    (
        "Africa/Casablanca",
        "2027-03-14 02:30",
        "2027-03-01T00:00:00Z",
        "time_skipped",
        ["2027-03-14T01:30:00+00:00", "2027-03-14T03:30:00+01:00"],
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
        ("Europe/Paris", "2027-03-28 01:59:59", "2027-03-01T00:00:00Z", "2027-03-28T00:59:59Z"),
        ("Europe/Paris", "2027-03-28 03:00", "2027-03-01T00:00:00Z", "2027-03-28T01:00:00Z"),
        ("Europe/Paris", "2026-10-25 01:59:59", "2026-10-01T00:00:00Z", "2026-10-24T23:59:59Z"),
        ("Europe/Paris", "2026-10-25 03:00", "2026-10-01T00:00:00Z", "2026-10-25T02:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-04 02:30", "2026-10-01T00:00:00Z", "2026-10-03T15:30:00Z"),
        ("Pacific/Apia", "2011-12-31 00:00", "2011-12-29T00:00:00Z", "2011-12-30T10:00:00Z"),
        ("America/Sao_Paulo", "2018-02-18 00:00", "2018-02-16T00:00:00Z", "2018-02-18T03:00:00Z"),
        // No summer time since 2019.
        ("America/Sao_Paulo", "2026-11-01 00:00", "2026-10-01T00:00:00Z", "2026-11-01T03:00:00Z"),
        ("Asia/Kathmandu", "2026-12-01 09:00", "2026-11-20T00:00:00Z", "2026-12-01T03:15:00Z"),
        // The jump is over, or the second 2:30 has passed: the next one is tomorrow's.
        ("Europe/Paris", "2:30am", "2027-03-28T01:10:00Z", "2027-03-29T00:30:00Z"),
        ("Europe/Paris", "2:30am", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"),
    ] {
        let when = read(words, zone, now).unwrap();
        assert_eq!(when.instant(), at(instant), "{zone} {words} at {now}");
    }
}

#[test]
fn hours_elapse_and_days_keep_the_wall_clock() {
    for (words, now, instant) in [
        // 18:00 on the Saturday before the clocks go forward.
        ("in 24h", "2027-03-27T17:00:00Z", "2027-03-28T17:00:00Z"),
        ("in 1 day", "2027-03-27T17:00:00Z", "2027-03-28T16:00:00Z"),
        ("in 1 day 1h", "2027-03-27T17:00:00Z", "2027-03-28T17:00:00Z"),
        // 18:00 on the Saturday before they go back.
        ("in 24h", "2026-10-24T16:00:00Z", "2026-10-25T16:00:00Z"),
        ("in 1 day", "2026-10-24T16:00:00Z", "2026-10-25T17:00:00Z"),
        ("in 1 week", "2026-10-24T16:00:00Z", "2026-10-31T17:00:00Z"),
        // Elapsed time crosses a repeated hour without a question.
        ("in 1h", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"),
    ] {
        assert_eq!(read(words, "Europe/Paris", now).unwrap().instant(), at(instant), "{words} at {now}");
    }
}

#[test]
fn bounds_come_before_candidates() {
    let fault = read("2026-10-25 02:30", "Europe/Paris", "2026-11-20T00:00:00Z").unwrap_err();
    assert_eq!(fault.code(), "time_past");
    let fault = read("2036-10-26 02:30", "Europe/Paris", "2026-11-20T00:00:00Z").unwrap_err();
    assert_eq!(fault.code(), "time_too_far");
}
