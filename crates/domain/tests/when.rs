//! Times in words: the forms, the bounds, the zones and the messages.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use skein_domain::when::{When, WhenFault, describe_when, parse_when, parse_zone};

/// Friday 20 November 2026, 10:30:15 in Paris.
const NOW: &str = "2026-11-20T09:30:15Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn in_paris(words: &str) -> Result<When, WhenFault> {
    parse_when(words, None, &TimeZone::get("Europe/Paris").unwrap(), at(NOW))
}

fn with_zone(words: &str, zone: &str) -> Result<When, WhenFault> {
    parse_when(words, Some(zone), &TimeZone::UTC, at(NOW))
}

fn read(words: &str) -> (String, String) {
    let when = in_paris(words).unwrap();
    (when.instant().to_string(), when.zone().to_owned())
}

#[test]
fn every_form_names_one_instant() {
    for (words, instant) in [
        ("2026-12-01 09:00", "2026-12-01T08:00:00Z"),
        ("2026-12-01T09:00", "2026-12-01T08:00:00Z"),
        ("2026-12-01t09:00:30", "2026-12-01T08:00:30Z"),
        ("2026-12-01T09:00:30.25", "2026-12-01T08:00:30.25Z"),
        ("2026-12-01 9am", "2026-12-01T08:00:00Z"),
        ("2026-12-01 noon", "2026-12-01T11:00:00Z"),
        ("today 18:30", "2026-11-20T17:30:00Z"),
        ("tomorrow 9am", "2026-11-21T08:00:00Z"),
        ("9am tomorrow", "2026-11-21T08:00:00Z"),
        ("tomorrow at 9 am", "2026-11-21T08:00:00Z"),
        ("tomorrow 9:30 p.m.", "2026-11-21T20:30:00Z"),
        ("tomorrow midnight", "2026-11-20T23:00:00Z"),
        ("tomorrow 12am", "2026-11-20T23:00:00Z"),
        ("tomorrow 12pm", "2026-11-21T11:00:00Z"),
        ("tomorrow 12:15am", "2026-11-20T23:15:00Z"),
        ("tomorrow 12:15pm", "2026-11-21T11:15:00Z"),
        ("in 20m", "2026-11-20T09:50:15Z"),
        ("in 10s", "2026-11-20T09:30:25Z"),
        ("in 2h30m", "2026-11-20T12:00:15Z"),
        ("in 2 hours 30 minutes", "2026-11-20T12:00:15Z"),
        ("in 3 days", "2026-11-23T09:30:15Z"),
        ("in 1 week", "2026-11-27T09:30:15Z"),
        ("in 1d 2h", "2026-11-21T11:30:15Z"),
        ("fri 18:30", "2026-11-20T17:30:00Z"),
        ("fri 9:00", "2026-11-27T08:00:00Z"),
        ("Friday, 6:30pm", "2026-11-20T17:30:00Z"),
        ("thu 18:30", "2026-11-26T17:30:00Z"),
        ("sat 00:00", "2026-11-20T23:00:00Z"),
        ("9am", "2026-11-21T08:00:00Z"),
        ("11am", "2026-11-20T10:00:00Z"),
        ("at 18:30", "2026-11-20T17:30:00Z"),
        ("noon", "2026-11-20T11:00:00Z"),
        ("midnight", "2026-11-20T23:00:00Z"),
        ("now", "2026-11-20T09:30:15Z"),
        ("  TOMORROW \t 9\u{202f}AM ", "2026-11-21T08:00:00Z"),
    ] {
        assert_eq!(read(words), (instant.to_owned(), "Europe/Paris".to_owned()), "{words}");
    }
}

#[test]
fn an_offset_or_a_bracketed_zone_decides() {
    for (words, instant, zone) in [
        ("2026-12-01T09:00:00+01:00", "2026-12-01T08:00:00Z", "+01:00"),
        ("2026-12-01 09:00:00 -0530", "2026-12-01T14:30:00Z", "-05:30"),
        ("2026-12-01T09:00:00+09", "2026-12-01T00:00:00Z", "+09:00"),
        ("2026-12-01T09:00:00Z", "2026-12-01T09:00:00Z", "UTC"),
        ("2026-12-01T09:00:00.123456789z", "2026-12-01T09:00:00.123456789Z", "UTC"),
        ("2026-12-01 09:00 UTC", "2026-12-01T09:00:00Z", "UTC"),
        ("2026-12-01T09:00:00+00:00", "2026-12-01T09:00:00Z", "UTC"),
        ("2026-12-01T09:00[America/New_York]", "2026-12-01T14:00:00Z", "America/New_York"),
        ("2026-12-01T09:00[asia/KATHMANDU]", "2026-12-01T03:15:00Z", "Asia/Kathmandu"),
        ("2026-12-01T09:00-05:00[America/New_York]", "2026-12-01T14:00:00Z", "America/New_York"),
        ("2026-12-01T09:00Z[America/New_York]", "2026-12-01T09:00:00Z", "America/New_York"),
        ("2026-12-01 9am [+02:00]", "2026-12-01T07:00:00Z", "+02:00"),
    ] {
        assert_eq!(read(words), (instant.to_owned(), zone.to_owned()), "{words}");
    }
}

#[test]
fn the_zone_argument_reads_local_times_and_must_fit_offsets() {
    for (words, zone, instant, shown) in [
        ("2026-12-01 09:00", "america/new_york", "2026-12-01T14:00:00Z", "America/New_York"),
        ("tomorrow 9am", "+05:45", "2026-11-21T03:15:00Z", "+05:45"),
        ("now", "Asia/Tokyo", NOW, "Asia/Tokyo"),
        ("2026-12-01T09:00:00+01:00", "Europe/Berlin", "2026-12-01T08:00:00Z", "Europe/Berlin"),
        ("2026-12-01T09:00:00Z", "Europe/Berlin", "2026-12-01T09:00:00Z", "Europe/Berlin"),
        ("2026-12-01T09:00:00-00:00", "Europe/Berlin", "2026-12-01T09:00:00Z", "Europe/Berlin"),
        ("2026-12-01T09:00[Europe/Paris]", "Europe/Berlin", "2026-12-01T08:00:00Z", "Europe/Berlin"),
    ] {
        let when = with_zone(words, zone).unwrap();
        assert_eq!((when.instant(), when.zone()), (at(instant), shown), "{words} {zone}");
    }
    for (words, zone) in [
        ("2026-12-01T09:00:00+02:00", "Europe/Paris"),
        ("2026-07-01T09:00:00+01:00", "Europe/Paris"),
        ("2026-12-01T09:00:00+00:00", "Europe/Paris"),
        ("2026-12-01T09:00[Europe/London]", "Europe/Paris"),
    ] {
        let now = at("2026-06-01T00:00:00Z");
        let fault = parse_when(words, Some(zone), &TimeZone::UTC, now).unwrap_err();
        assert_eq!((fault.code(), fault.field()), ("zone_conflict", "timezone"), "{words}");
    }
    let fault = in_paris("2026-12-01T09:00+02:00[Europe/Paris]").unwrap_err();
    assert_eq!((fault.code(), fault.field()), ("zone_conflict", "scheduled_at"));
    assert!(fault.to_string().contains("write 2026-12-01T08:00:00+01:00"), "{fault}");
}

#[test]
fn what_cannot_be_read_is_refused_with_forms_that_work() {
    for words in [
        "",
        "   ",
        "soon",
        "tomorow 9am",
        "tomorrow",
        "fri",
        "next friday 9am",
        "9",
        "13pm",
        "0am",
        "18:30pm",
        "24:00",
        "9:5",
        "9:60",
        "23:59:60",
        "9.30am",
        "in",
        "in 5",
        "in m",
        "in five minutes",
        "in -5m",
        "in 1.5h",
        "in 2 months",
        "in 3h 2h",
        "in 5m 2h",
        "20m",
        "2026-12-01",
        "2026-13-01 09:00",
        "2026-02-29 09:00",
        "2026-1-1 09:00",
        "2026-12-01T",
        "2026-12-01T9",
        "2026-12-01T09:00+1:00",
        "2026-12-01T09:00+24:00",
        "2026-12-01T09:00+01:60",
        "2026-12-01T09:00:00.1234567890Z",
        "2026-12-01T09:00:00 01:00",
        "1/12/2026 9am",
        "1764579600",
        "2026-12-01T09:00[]x",
        "20261201T090000Z",
        "tomorrow today",
        "٩am",
        "2026-12-0١ 09:00",
        "-5",
        "+",
        "[",
        "2026-",
    ] {
        let fault = in_paris(words).unwrap_err();
        assert_eq!((fault.code(), fault.field()), ("time_unreadable", "scheduled_at"), "{words}");
        assert!(fault.to_string().contains("Forms that work: 2026-12-01T09:00:00+01:00"), "{fault}");
        assert!(fault.candidates().is_empty(), "{words}");
    }
    let reason = |words: &str| in_paris(words).unwrap_err().to_string();
    assert!(reason("13pm").contains("from 1 to 12, not 13"));
    assert!(reason("2026-02-29 09:00").contains("no day 2026-02-29 in the calendar"));
    assert!(reason("in 2 months").contains("\"months\" is not a unit"));
    assert!(reason("tomorrow").contains("tomorrow 9am"));
}

#[test]
fn length_is_bounded_and_messages_stay_short() {
    let padded = format!("{}noon", " ".repeat(196));
    assert_eq!(in_paris(&padded).unwrap().instant(), at("2026-11-20T11:00:00Z"));
    let fault = in_paris(&format!(" {padded}")).unwrap_err();
    assert!(fault.to_string().contains("longer than 200 characters"));
    let fault = in_paris(&"é\n".repeat(100_000)).unwrap_err();
    assert_eq!(fault.code(), "time_unreadable");
    assert!(fault.to_string().chars().count() < 300 && !fault.to_string().contains('\n'), "{fault}");
}

#[test]
fn five_minutes_past_is_now_and_keeps_the_instant() {
    assert_eq!(in_paris("2026-11-20T09:25:15Z").unwrap().instant(), at("2026-11-20T09:25:15Z"));
    assert_eq!(in_paris("today 10:26").unwrap().instant(), at("2026-11-20T09:26:00Z"));
    let fault = in_paris("2026-11-20T09:25:14.999Z").unwrap_err();
    assert_eq!((fault.code(), fault.field()), ("time_past", "scheduled_at"));
    let fault = in_paris("today 9am").unwrap_err();
    assert_eq!(
        fault.to_string(),
        "\"today 9am\" is 1 h 30 min ago (Fri 20 Nov 2026 09:00 Europe/Paris (08:00 UTC)). \
         Up to 5 minutes past counts as now; give a later time, such as tomorrow 9am or in 20m."
    );
    assert_eq!(in_paris("0000-01-01 00:00").unwrap_err().code(), "time_past");
}

#[test]
fn five_years_ahead_is_the_limit() {
    assert_eq!(in_paris("2031-11-20T09:30:15Z").unwrap().instant(), at("2031-11-20T09:30:15Z"));
    for words in [
        "2031-11-20T09:30:16Z",
        "9999-12-31 23:59",
        "9999-12-31T23:59:59-23:59",
        "in 3000 days",
        "in 99999999999999999999 s",
        "in 9223372036854775807 weeks",
        "in 9223372036854775807w 9223372036854775807h",
    ] {
        let fault = in_paris(words).unwrap_err();
        assert_eq!((fault.code(), fault.field()), ("time_too_far", "scheduled_at"), "{words}");
        assert!(fault.to_string().contains("5 years"), "{fault}");
    }
}

#[test]
fn the_next_one_is_strictly_after_now() {
    let paris = TimeZone::get("Europe/Paris").unwrap();
    for (words, now, instant) in [
        ("9am", "2026-11-20T08:00:00Z", "2026-11-21T08:00:00Z"),
        ("9am", "2026-11-20T07:59:59.999Z", "2026-11-20T08:00:00Z"),
        ("fri 9am", "2026-11-20T08:00:00Z", "2026-11-27T08:00:00Z"),
        ("fri 9am", "2026-11-20T07:59:59Z", "2026-11-20T08:00:00Z"),
        ("midnight", "2026-11-20T23:00:00Z", "2026-11-21T23:00:00Z"),
        // 00:30 on Saturday in Paris is still Friday in UTC: the zone says which day today is.
        ("fri 9am", "2026-11-20T23:30:00Z", "2026-11-27T08:00:00Z"),
        ("today 9am", "2026-11-20T23:30:00Z", "2026-11-21T08:00:00Z"),
    ] {
        assert_eq!(parse_when(words, None, &paris, at(now)).unwrap().instant(), at(instant), "{words} at {now}");
    }
}

#[test]
fn zones_are_found_by_name_and_offset() {
    for (name, shown) in [
        ("Europe/Paris", "Europe/Paris"),
        (" europe/PARIS ", "Europe/Paris"),
        ("utc", "UTC"),
        ("z", "UTC"),
        ("+00:00", "UTC"),
        ("+01:00", "+01:00"),
        ("-0330", "-03:30"),
        ("+5", "+05:00"),
        ("US/Eastern", "US/Eastern"),
    ] {
        assert_eq!(with_zone("now", name).unwrap().zone(), shown, "{name}");
        assert_eq!(parse_zone(shown).unwrap(), parse_zone(name).unwrap(), "{name}");
    }
}

#[test]
fn unknown_zones_name_near_ones() {
    for (name, first) in [
        ("Europe/Pariss", "Europe/Paris"),
        ("Paris", "Europe/Paris"),
        ("new york", "America/New_York"),
        ("America/New York", "America/New_York"),
        ("Amercia/New_York", "America/New_York"),
        ("Asia/Katmandoo", "Asia/Katmandu"),
        ("Lodnon", "Europe/London"),
        ("Europe/Tokyo", "Asia/Tokyo"),
        ("PST", "America/Los_Angeles"),
    ] {
        let fault = parse_zone(name).unwrap_err();
        assert_eq!((fault.code(), fault.field()), ("zone_unknown", "timezone"), "{name}");
        let near = fault.candidates();
        assert_eq!(near.first().map(String::as_str), Some(first), "{name}: {near:?}");
        assert!(near.len() <= 3 && fault.to_string().contains(first), "{fault}");
    }
    for name in [
        "",
        "Middle Earth",
        "localtime",
        "posixrules",
        "Etc/Unknown",
        "Factory",
        "../../etc/passwd",
        "+25:00",
        "Zürich",
        "right/UTC",
    ] {
        let fault = parse_zone(name).unwrap_err();
        assert_eq!(fault.code(), "zone_unknown", "{name}");
    }
    let endless = "Europe/".repeat(10_000);
    assert!(parse_zone(&endless).unwrap_err().to_string().len() < 300);
    let fault = in_paris("2026-12-01T09:00[Europe/Pariss]").unwrap_err();
    assert_eq!((fault.code(), fault.field()), ("zone_unknown", "scheduled_at"));
    assert_eq!(with_zone("tomorrow 9am", "").unwrap_err().field(), "timezone");
}

#[test]
fn zones_are_built_in_for_machines_without_them() {
    let built_in = TimeZoneDatabase::bundled();
    for name in ["Europe/Paris", "Africa/Casablanca", "US/Eastern"] {
        assert_eq!(built_in.get(name).unwrap().iana_name(), Some(name));
    }
}

/// Some systems ship the older names in a package of their own. The zone folder is read once a process, so this test
/// runs itself again with a folder that holds one zone.
#[test]
fn names_that_the_zone_folder_lacks_are_built_in() {
    const HOUR_EAST: &[u8] = b"TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
        \0\0\0\0\0\0\0\0\0\x01\0\0\0\x04\0\0\x0e\x10\0\0ONE\0";
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("one_zone");
    if std::env::var_os("TZDIR").is_some_and(|set| set == folder) {
        assert_eq!(jiff::tz::db().available().count(), 1);
        assert_eq!(with_zone("2026-12-01 09:00", "hour/EAST").unwrap().instant(), at("2026-12-01T08:00:00Z"));
        assert_eq!(with_zone("2026-12-01 09:00", "US/Eastern").unwrap().instant(), at("2026-12-01T14:00:00Z"));
        return;
    }
    fs::create_dir_all(folder.join("Hour")).unwrap();
    fs::write(folder.join("Hour/East"), HOUR_EAST).unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "names_that_the_zone_folder_lacks_are_built_in"])
        .env("TZDIR", &folder)
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn an_unknown_system_zone_is_utc() {
    let when = parse_when("tomorrow 9am", None, &TimeZone::unknown(), at(NOW)).unwrap();
    assert_eq!((when.instant(), when.zone()), (at("2026-11-21T09:00:00Z"), "UTC"));
    let unnamed = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap();
    let when = parse_when("tomorrow 9am", None, &unnamed, at(NOW)).unwrap();
    assert_eq!((when.instant(), when.zone()), (at("2026-11-21T14:00:00Z"), "-05:00"));
}

#[test]
fn descriptions_are_for_people() {
    for (instant, zone, now, words) in [
        (
            "2026-12-01T08:00:00Z",
            "Europe/Paris",
            "2026-11-20T09:30:00Z",
            "Tue 1 Dec 2026 09:00 Europe/Paris (08:00 UTC), in 10 days 22 h",
        ),
        ("2026-12-01T08:00:00Z", "UTC", "2026-12-01T07:39:30Z", "Tue 1 Dec 2026 08:00 UTC, in 20 min 30 s"),
        (
            "2026-12-01T08:00:30Z",
            "+05:45",
            "2026-12-01T08:00:30.9Z",
            "Tue 1 Dec 2026 13:45:30 +05:45 (08:00:30 UTC), now",
        ),
        (
            "2026-12-01T20:00:00Z",
            "Asia/Tokyo",
            "2026-12-02T21:05:00Z",
            "Wed 2 Dec 2026 05:00 Asia/Tokyo (Tue 1 Dec 20:00 UTC), 1 day 1 h ago",
        ),
        ("2026-12-01T08:00:00Z", "Nowhere/Else", "2026-11-30T08:00:00Z", "Tue 1 Dec 2026 08:00 UTC, in 1 day"),
    ] {
        assert_eq!(describe_when(at(instant), zone, at(now)), words);
    }
    let when = in_paris("in 1h").unwrap();
    assert_eq!(when.describe(at(NOW)), "Fri 20 Nov 2026 11:30:15 Europe/Paris (10:30:15 UTC), in 1 h");
}
