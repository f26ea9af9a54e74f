//! What must hold for any input at all.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};
use skein_atproto::record::{cid_of_blob, cid_of_cbor, from_dag_cbor, record_cid, to_dag_cbor};
use skein_atproto::richtext::{Feature, clean_newlines, compose, detect, graphemes, short_url, shorten_links};
use skein_atproto::syntax::{
    AtIdentifier, AtUri, Cid, Datetime, Did, Handle, Language, Nsid, RecordAddress, RecordKey, Tid, Uri,
};
use unicode_segmentation::UnicodeSegmentation;

/// Pieces that facets are made of, so that random texts come near to real ones and to the edges of the rules.
fn piece() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        " ",
        "\n",
        "\r\n",
        "\r",
        "\t",
        "(",
        ")",
        "@",
        "#",
        "＃",
        "$",
        ".",
        ",",
        ":",
        "!",
        "_",
        "-",
        "/",
        "?",
        "%",
        "[",
        "]",
        "\\",
        "com",
        "test",
        "app",
        "a.com",
        "COM",
        "https://",
        "HTTP://",
        "http",
        "xn--",
        "xn--a",
        "alice",
        "1",
        "AAPL",
        "\u{200b}",
        "\u{200d}",
        "\u{fe0f}",
        "\u{20e3}",
        "\u{feff}",
        "\u{3000}",
        "\u{600}",
        "é",
        "e\u{301}",
        "👩\u{200d}👩\u{200d}👧",
        "🇯🇵",
        "क\u{94d}ष",
        "한",
        "’",
        "。",
        "0x1",
    ])
    .prop_map(str::to_owned);
    prop_oneof![4 => fixed, 1 => "[a-z0-9.-]{1,8}", 1 => any::<char>().prop_map(String::from)]
}

fn text() -> impl Strategy<Value = String> {
    vec(piece(), 0..40).prop_map(|pieces| pieces.concat())
}

/// JSON within the data model.
fn data() -> impl Strategy<Value = Value> {
    const INTEGER_MAX: i64 = 9_007_199_254_740_991;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-INTEGER_MAX..=INTEGER_MAX).prop_map(Value::from),
        (-300_i64..300).prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
        vec(any::<u8>(), 0..40).prop_map(|bytes| json!({"$bytes": data_encoding::BASE64_NOPAD.encode(&bytes)})),
        vec(any::<u8>(), 0..8).prop_map(|bytes| json!({"$link": cid_of_blob(&bytes)})),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map("[a-z]{0,26}", inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_detected_is_in_the_text_sorted_and_apart(text in text()) {
        let mut end = 0;
        for detected in detect(&text) {
            prop_assert!(end <= detected.byte_start && detected.byte_start < detected.byte_end);
            prop_assert!(text.get(detected.byte_start..detected.byte_end).is_some());
            end = detected.byte_end;
            if let Feature::Link { uri } = &detected.feature {
                let url = url::Url::parse(uri);
                prop_assert!(url.is_ok_and(|url| matches!(url.scheme(), "http" | "https")), "{}", uri);
                prop_assert!(uri.starts_with("https://") || uri.starts_with("http://"), "{}", uri);
                prop_assert!(Uri::parse(uri).is_ok(), "{}", uri);
            }
        }
    }

    #[test]
    fn shortened_links_keep_their_order_and_targets(text in text()) {
        let detected = detect(&text);
        let (shortened, moved) = shorten_links(&text, &detected);
        prop_assert_eq!(moved.len(), detected.len());
        let mut end = 0;
        for (before, after) in detected.iter().zip(&moved) {
            prop_assert!(end <= after.byte_start && shortened.get(after.byte_start..after.byte_end).is_some());
            prop_assert_eq!(&before.feature, &after.feature);
            end = after.byte_end;
        }
    }

    #[test]
    fn the_short_way_of_counting_graphemes_is_the_long_way(text in text()) {
        prop_assert_eq!(graphemes(&text), text.graphemes(true).count());
    }

    #[test]
    fn cleaning_twice_changes_nothing_and_leaves_no_two_blank_lines(text in text()) {
        let cleaned = clean_newlines(&text);
        prop_assert!(!cleaned.contains("\n\n\n"));
        prop_assert_eq!(&clean_newlines(&cleaned), &cleaned);
        prop_assert_eq!(clean_newlines(&compose(&text)), compose(&text));
    }

    #[test]
    fn any_text_can_be_shown_short(text in text()) {
        let shown = short_url(&format!("https://{text}"));
        prop_assert!(!shown.is_empty());
    }

    #[test]
    fn tids_come_back_and_sort_by_time(a in 0_u64..1 << 53, b in 0_u64..1 << 53, clock_id in 0_u16..1024) {
        let (first, second) = (Tid::from_micros(a, clock_id).unwrap(), Tid::from_micros(b, clock_id).unwrap());
        prop_assert_eq!((first.micros(), first.clock_id()), (a, clock_id));
        prop_assert_eq!(&Tid::parse(first.as_str()).unwrap(), &first);
        prop_assert_eq!(first.cmp(&second), a.cmp(&b));
    }

    #[test]
    fn datetimes_come_back(micros in -62_167_219_200_000_000_i64..253_402_207_200_000_000) {
        let instant = jiff::Timestamp::from_microsecond(micros).unwrap();
        let written = Datetime::from_timestamp(instant);
        prop_assert_eq!(written.to_timestamp(), instant);
        prop_assert_eq!(Datetime::parse(written.as_str()).unwrap(), written);
    }

    #[test]
    fn records_come_back_with_the_same_bytes(fields in btree_map("[a-z]{0,26}", data(), 0..6)) {
        let record = Value::Object(fields.into_iter().collect());
        let bytes = to_dag_cbor(&record).unwrap();
        let decoded = from_dag_cbor(&bytes).unwrap();
        prop_assert_eq!(&decoded, &record);
        prop_assert_eq!(to_dag_cbor(&decoded).unwrap(), bytes.clone());
        prop_assert_eq!(record_cid(&record).unwrap(), cid_of_cbor(&bytes));
    }

    #[test]
    fn any_bytes_that_decode_encode_to_the_same(bytes in vec(any::<u8>(), 0..60)) {
        let bytes = [vec![0xa1, 0x61, 0x61], bytes].concat();
        if let Ok(record) = from_dag_cbor(&bytes) && let Ok(again) = to_dag_cbor(&record) {
            prop_assert_eq!(again, bytes);
        }
    }

    #[test]
    fn any_address_of_a_record_is_read_or_refused(
        begin in "(https?://)?(www\\.)?(bsky\\.app|at:/)?/?(profile/)?|.{0,10}",
        author in "(alice\\.test|did:plc:ewvi7nxzyoun6zhxrhs64oiz|%40a|.{0,6})",
        rest in "(/(post|feed|lists|app\\.bsky\\.feed\\.post|[a-z]{0,4})){0,2}/?([a-z0-9%]{0,13})?([?#/].{0,5})?",
    ) {
        let given = format!("{begin}{author}{rest}");
        if let Ok(address) = RecordAddress::parse(&given) {
            let again = format!("at://{}/{}/{}", address.author, address.collection, address.rkey);
            prop_assert_eq!(RecordAddress::parse(&again).unwrap(), address);
        }
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in text(), any_text in ".{0,80}") {
        for text in [&text, &any_text] {
            let kept = [
                Handle::parse(text).map(String::from), Did::parse(text).map(String::from),
                AtIdentifier::parse(text).map(String::from), Nsid::parse(text).map(String::from),
                RecordKey::parse(text).map(String::from), Tid::parse(text).map(String::from),
                AtUri::parse(text).map(String::from), Datetime::parse(text).map(String::from),
                Language::parse(text).map(String::from), Cid::parse(text).map(String::from),
                Uri::parse(text).map(String::from), AtUri::parse(&format!("at://{text}")).map(String::from),
            ];
            for kept in kept.into_iter().flatten() {
                let rest = kept.strip_prefix("at://").unwrap_or(&kept);
                prop_assert!(kept.eq_ignore_ascii_case(text) || rest == text);
            }
        }
    }
}
