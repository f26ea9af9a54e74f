//! Any JSON as the body of a post: it is read, and what is wrong in it is told.

use jiff::tz::TimeZone;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use skein_intake::Body;

const NAMES: &[&str] = &[
    "text",
    "media",
    "thread",
    "format",
    "split",
    "numbering",
    "shorten",
    "langs",
    "reply_to",
    "quote",
    "ref",
    "reply_gate",
    "allow_quotes",
    "card",
    "content_labels",
    "record_tags",
    "accounts",
    "scheduled_at",
    "timezone",
    "url",
    "alt",
    "title",
    "description",
    "image",
    "",
];
const WORDS: &[&str] = &[
    "",
    " ",
    "markdown",
    "plain",
    "none",
    "nobody",
    "following",
    "auto",
    "at://a/b/c",
    "tomorrow 9am",
    "Europe/Berlin",
    "\u{0}",
    "🇯🇵",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        3 => select(WORDS).prop_map(Value::from),
        1 => ".{0,30}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let name = prop_oneof![5 => select(NAMES).prop_map(str::to_owned), 1 => ".{0,8}"];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(name, inner, 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A body that is right but for some of its fields.
fn nearly_right() -> impl Strategy<Value = Value> {
    let right = json!({
        "text": "One", "media": [{"url": "a.png", "alt": "A"}], "thread": [{"text": "Two"}, "Three"], "format": "markdown", "split": true,
        "langs": ["en"], "reply_gate": ["mentioned"], "card": {"url": "https://example.com", "title": "T"}, "accounts": ["a.test"],
        "scheduled_at": "2026-11-18T12:00:00Z", "timezone": "UTC",
    });
    vec((select(NAMES), value(), any::<Index>()), 0..4).prop_map(move |changes| {
        let mut body = right.clone();
        for (name, put, at) in changes {
            match body.get_mut(name) {
                Some(Value::Array(items)) if !items.is_empty() => {
                    let at = at.index(items.len());
                    items[at] = put;
                }
                _ => body[name] = put,
            }
        }
        body
    })
}

proptest! {
    #[test]
    fn any_json_is_a_body_or_no_object(body in prop_oneof![1 => value(), 3 => nearly_right()]) {
        let is_object = body.is_object();
        let unknown = body.as_object().is_some_and(|fields| fields.keys().any(|name| !NAMES.contains(&name.as_str())));
        match Body::read(body, &TimeZone::UTC) {
            Ok(Body { submission, faults }) => {
                prop_assert!(is_object);
                prop_assert!(!unknown || !faults.is_empty(), "an unknown field was passed over");
                prop_assert!(submission.draft.parts.len() <= 6, "no part comes from nowhere");
                prop_assert!(faults.iter().all(|fault| fault.fault.field.is_some()), "{:?}", faults);
            }
            Err(fault) => {
                prop_assert!(!is_object);
                prop_assert_eq!(fault.code, "not_an_object");
            }
        }
    }
}
