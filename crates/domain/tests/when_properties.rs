//! What holds for every time: what was written as RFC 3339 reads back, and no text brings the reader down.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use skein_domain::when::{describe_when, parse_when, parse_zone};

const ZONES: [&str; 10] = [
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "-23:59",
    "+14:00",
];

/// Instants of 1980 to 2100, to the nanosecond: from then on every zone in [`ZONES`] has offsets of whole minutes.
fn instants() -> impl Strategy<Value = Timestamp> {
    (315_532_800_i64..4_102_444_800, prop_oneof![Just(0), 0..1_000_000_000])
        .prop_map(|(second, nanosecond)| Timestamp::new(second, nanosecond).unwrap())
}

fn any_instant() -> impl Strategy<Value = Timestamp> {
    let (first, last) = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    prop_oneof![
        8 => (first..=last).prop_map(|second| Timestamp::from_second(second).unwrap()),
        1 => Just(Timestamp::MIN),
        1 => Just(Timestamp::MAX),
    ]
}

/// Texts that are almost times, so that the reader gets past its first word.
fn nearly_times() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "2026-12-01",
        "9999-12-31",
        "0000-01-01",
        "2024-02-29",
        "T",
        " ",
        "t",
        "09:00",
        "23:59:59",
        ".999999999",
        "9",
        "12",
        "am",
        "PM",
        "noon",
        "midnight",
        "now",
        "in ",
        "in",
        "99999999999999999999",
        "9223372036854775807",
        "2h",
        "30m",
        "3 days",
        "w",
        "today",
        "tomorrow",
        "fri",
        "Sunday",
        "at ",
        "Z",
        "utc",
        "+",
        "-",
        "+01:00",
        "-23:59",
        "-00:00",
        ":",
        "[",
        "]",
        "!",
        "Europe/Paris",
        "[America/New_York]",
        "é",
        "\u{0}",
        "\u{202f}",
        "٣",
        "🪿",
    ]);
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { failure_persistence: None, cases: usual.cases.max(2_000), ..usual }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn rfc3339_reads_back(instant in instants(), minutes in -1_439_i32..=1_439, ahead_s in -300_i64..=150_000_000) {
        let now = instant.checked_sub(SignedDuration::from_secs(ahead_s)).unwrap();
        let offset = Offset::from_seconds(minutes * 60).unwrap();
        for text in [instant.to_string(), instant.display_with_offset(offset).to_string()] {
            let when = parse_when(&text, None, &TimeZone::UTC, now).unwrap();
            prop_assert_eq!(when.instant(), instant, "{}", text);
        }
    }

    #[test]
    fn a_zoned_time_reads_back_in_its_zone(instant in instants(), name in prop::sample::select(&ZONES[..])) {
        let zone = parse_zone(name).unwrap();
        let text = instant.display_with_offset(zone.to_offset(instant)).to_string();
        let when = parse_when(&text, Some(name), &TimeZone::UTC, instant).unwrap();
        prop_assert_eq!((when.instant(), when.zone()), (instant, name));
        let bracketed = format!("{text}[{name}]");
        let when = parse_when(&bracketed, None, &TimeZone::UTC, instant).unwrap();
        prop_assert_eq!((when.instant(), when.zone()), (instant, name));
    }

    #[test]
    fn a_local_time_reads_back_or_stands_among_the_candidates(
        instant in instants(),
        name in prop::sample::select(&ZONES[..]),
    ) {
        let zone = parse_zone(name).unwrap();
        let local = zone.to_datetime(instant).to_string();
        match parse_when(&local, Some(name), &TimeZone::UTC, instant) {
            Ok(when) => prop_assert_eq!(when.instant(), instant),
            Err(fault) => {
                prop_assert_eq!(fault.code(), "time_repeated");
                let found: Vec<Timestamp> = fault.candidates().iter().map(|text| text.parse().unwrap()).collect();
                prop_assert!(found.contains(&instant) && found[0] < found[1]);
            }
        }
    }

    #[test]
    fn no_text_panics(
        words in prop_oneof![nearly_times(), any::<String>(), ".{0,250}"],
        zone in prop_oneof![
            Just(None),
            prop::sample::select(&ZONES[..]).prop_map(|zone| Some(zone.to_owned())),
            ".{0,12}".prop_map(Some),
        ],
        home in prop::sample::select(&ZONES[..]),
        now in prop_oneof![any_instant(), instants()],
    ) {
        let home = parse_zone(home).unwrap();
        match parse_when(&words, zone.as_deref(), &home, now) {
            Ok(when) => {
                prop_assert!(now.duration_since(when.instant()) <= SignedDuration::from_mins(5));
                prop_assert!(parse_zone(when.zone()).is_ok());
            }
            Err(fault) => prop_assert!(fault.to_string().chars().count() < 600),
        }
    }

    #[test]
    fn every_instant_can_be_described(
        instant in any_instant(),
        now in any_instant(),
        name in prop::sample::select(&ZONES[..]),
    ) {
        let words = describe_when(instant, name, now);
        prop_assert!(words.contains(name), "{}", words);
    }
}
