//! Whatever servers may answer and journals may hold: no reader panics, and what is read stays within its bounds.

use jiff::{SignedDuration, Timestamp};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use skein_atproto::syntax::Did;
use skein_net::StatusCode;
use skein_net::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::budget::{Answered, Ceiling, Meter, Said, Tally, Told};
use crate::calls::points_of;
use crate::identity::DidDocument;
use crate::journal::Session;
use crate::profile::labelled_bot;
use crate::reads::FeedPage;
use crate::repo::{Applied, Record};
use crate::video::{Caption, JobStatus};
use crate::xrpc::{Response, ResponseHeaders, error_of};

pub(crate) const DID: &str = "did:plc:ewvi7nxzyoun6zhxrhs64oiz";
const KEY: &str = "zQ3shQo6TF2moaqMTrUZEM1jeuYRQXeHEx4evX9751y2qPqRA";
const CID: &str = "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a";
const NOW_S: i64 = 1_795_000_000;

/// Texts that mean something to some reader, and its edges.
const WORDS: &[&str] = &[
    "",
    " ",
    "#atproto",
    "#atproto_pds",
    "AtprotoPersonalDataServer",
    "at://alice.test",
    "at://",
    "did:plc:",
    DID,
    KEY,
    CID,
    "z",
    "did:web:localhost%3A1",
    "Multikey",
    "http://",
    "https://pds.example",
    "http://[::1]:0/x?y#z",
    "file:///",
    "alice.invalid",
    "1970-01-01T00:00:00Z",
    "-009999-01-02T01:59:59Z",
    "9999-12-30T22:00:00.999999999Z",
    "ExpiredToken",
    "JOB_STATE_FAILED",
    "com.atproto.repo.applyWrites#create",
    "parts",
    "done",
    "\u{0}",
    "\u{feff}",
    "é",
    "👩\u{200d}👩\u{200d}👧",
];
/// Names of members of answers.
const NAMES: &[&str] = &[
    "$type",
    "$link",
    "did",
    "id",
    "service",
    "handle",
    "error",
    "message",
    "jobStatus",
    "jobId",
    "blob",
    "ref",
    "size",
    "exp",
    "scope",
    "writes",
    "windows",
    "holds",
    "open",
    "closed",
    "values",
    "val",
    "labels",
    "text",
    "password",
    "token",
    "post",
    "feed",
    "uri",
    "cid",
];

/// Any JSON.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => (-3_i64..10).prop_map(Value::from),
        1 => select(vec![i64::MIN, i64::MAX, i64::from(u32::MAX), NOW_S]).prop_map(Value::from),
        4 => select(WORDS).prop_map(Value::from),
        1 => ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let name = prop_oneof![4 => select(NAMES).prop_map(str::to_owned), 1 => ".{0,8}"];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(name, inner, 0..5).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// What is nearly this: one or two values put in place of others, or bytes cut out and put in; or anything.
pub(crate) fn near(valid: &Value) -> impl Strategy<Value = Vec<u8>> + use<> {
    let (one, other) = (valid.clone(), valid.to_string().into_bytes());
    let replaced = vec((any::<Index>(), value()), 1..3).prop_map(move |changes| {
        let mut changed = one.clone();
        for (at, put) in changes {
            let places = places(&changed, "");
            if let Some(place) = changed.pointer_mut(at.get::<String>(&places)) {
                *place = put;
            }
        }
        changed.to_string().into_bytes()
    });
    let spliced = (any::<Index>(), 0_usize..20, vec(any::<u8>(), 0..6)).prop_map(move |(at, removed, put)| {
        let start = at.index(other.len());
        let end = (start + removed).min(other.len());
        [&other[..start], &put, &other[end..]].concat()
    });
    prop_oneof![
        6 => replaced,
        2 => spliced,
        1 => value().prop_map(|value| value.to_string().into_bytes()),
        1 => vec(any::<u8>(), 0..80),
    ]
}

/// A JSON pointer to every value, the whole included.
fn places(value: &Value, here: &str) -> Vec<String> {
    let mut found = vec![here.to_owned()];
    match value {
        Value::Array(items) => {
            found.extend(items.iter().enumerate().flat_map(|(at, item)| places(item, &format!("{here}/{at}"))));
        }
        Value::Object(members) => found.extend(members.iter().flat_map(|(name, member)| {
            places(member, &format!("{here}/{}", name.replace('~', "~0").replace('/', "~1")))
        })),
        _ => {}
    }
    found
}

/// A success with this body.
pub(crate) fn answer(body: Vec<u8>) -> Response {
    Response {
        status: StatusCode::OK,
        headers: ResponseHeaders::default(),
        body: body.into(),
        url: Url::parse("https://pds.example/xrpc/a.b.c").unwrap(),
        duration: std::time::Duration::ZERO,
        call: None,
    }
}

fn did() -> Did {
    Did::parse(DID).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn instant() -> impl Strategy<Value = Timestamp> {
    let extremes = select(vec![Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH]);
    prop_oneof![1 => extremes, 6 => (NOW_S - 100_000..NOW_S + 100_000).prop_map(at)]
}

fn document() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/did/v1"], "id": DID, "alsoKnownAs": ["at://alice.test"],
        "verificationMethod": [{"id": format!("{DID}#atproto"), "type": "Multikey", "controller": DID, "publicKeyMultibase": KEY}],
        "service": [{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://pds.example"}],
    })
}

fn header() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let name = select(vec![
        "ratelimit-limit",
        "ratelimit-remaining",
        "ratelimit-reset",
        "ratelimit-policy",
        "retry-after",
        "date",
        "content-type",
    ]);
    let value = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string().into_bytes()),
        (NOW_S - 9_000..NOW_S + 9_000).prop_map(|second| second.to_string().into_bytes()),
        (any::<i32>(), any::<i32>()).prop_map(|(points, window)| format!("{points};w={window}").into_bytes()),
        select(vec![
            "3000",
            "17",
            "3000;w=300",
            ";w=",
            "0;w=0",
            "99999999999999999999",
            " 5 ",
            "-1",
            "application/json; charset=utf-8"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        "(Mon|Wed|Xyz), [0-9]{1,2} (Nov|Feb|Foo) (-|[0-9])[0-9]{1,4} [0-9]{2}:[0-9]{2}:[0-9]{2} (GMT|\\+9999|-0000)"
            .prop_map(String::into_bytes),
        vec(any::<u8>(), 0..30),
    ];
    (name, value)
}

fn headers() -> impl Strategy<Value = ResponseHeaders> {
    vec(header(), 0..8).prop_map(|pairs| {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(HeaderName::from_static(name), value);
            }
        }
        ResponseHeaders::read(&headers)
    })
}

fn tally() -> Value {
    let open = json!({"noted_at": "2026-11-18T12:00:00Z", "resets_at": "2026-11-18T13:00:00Z", "by": "a"});
    json!({
        "windows": [
            {"lasts_s": 3_600, "limit": 5_000, "spent": 4_000, "open": open, "warned": false},
            {"lasts_s": 86_400, "limit": 35_000, "spent": 4_000, "open": open, "warned": true},
        ],
        "holds": [{"id": "a", "points": 3, "at": "2026-11-18T12:00:00Z", "step": 3}],
        "closed": {"noted_at": "2026-11-18T12:00:00Z", "until": "2026-11-18T12:05:00Z"},
        "steps": 4,
        "enforced": true,
    })
}

fn told() -> impl Strategy<Value = Told> {
    let said =
        (0..u64::MAX, any::<u64>(), 1..i64::MAX, instant()).prop_map(|(limit, remaining, window_s, resets_at)| {
            let (limit, window_s) = (limit % 50_000 + 1, if window_s % 2 == 0 { 3_600 } else { window_s });
            Said { limit, remaining: remaining % (limit + 1), window_s, resets_at }
        });
    (prop::option::of(said), prop::option::of(instant())).prop_map(|(said, closed_until)| Told { said, closed_until })
}

proptest! {
    #[test]
    fn any_answer_is_a_document_of_who_was_asked_for_or_none(body in near(&document())) {
        if let Ok(document) = DidDocument::parse(&did(), &body) {
            prop_assert_eq!(&document.did, &did());
            if let Ok(pds) = document.pds {
                prop_assert!(matches!(pds.scheme(), "http" | "https") && pds.has_host(), "{}", pds);
            }
        }
    }

    #[test]
    fn any_headers_make_a_bounded_wait(headers in headers(), now in (NOW_S - 9..NOW_S + 9).prop_map(at), status in 200_u16..600) {
        let latest = now + SignedDuration::from_hours(48);
        let retry_at = headers.retry_at(now);
        prop_assert!(now <= retry_at && retry_at <= latest);
        let told = Told::read(status, &headers, now);
        prop_assert_eq!(told.closed_until.is_some(), status == 429);
        if let Some(said) = told.said {
            prop_assert!(said.remaining <= said.limit && said.limit > 0 && said.window_s > 0 && said.resets_at > now);
        }
    }

    #[test]
    fn any_error_is_told_in_few_words(body in near(&json!({"error": "ExpiredToken", "message": "Token has expired"}))) {
        let (error, message) = error_of(&body);
        for text in [error, message].into_iter().flatten() {
            prop_assert!(text.chars().count() <= 300 && !text.chars().any(char::is_control), "{:?}", text);
        }
    }

    #[test]
    fn any_body_of_writes_has_its_points(
        body in near(&json!({"repo": DID, "writes": [{"$type": "com.atproto.repo.applyWrites#create", "value": {}}]})),
        nsid in select(vec!["com.atproto.repo.applyWrites", "com.atproto.repo.createRecord", "a.b.c"]),
    ) {
        prop_assert!(points_of(nsid, &body) <= 6);
    }

    #[test]
    fn any_word_of_a_job_is_read(body in near(&json!({"jobStatus": {
        "jobId": "j", "did": DID, "state": "JOB_STATE_RUNNING", "progress": 40, "message": "m", "error": "e", "failureCode": "c",
        "blob": {"$type": "blob", "ref": {"$link": CID}, "mimeType": "video/mp4", "size": 7},
    }}))) {
        if let Some(job) = JobStatus::read(&body) {
            prop_assert!(job.percent.is_none_or(|percent| percent <= 100));
            for text in [Some(job.state), job.failure_code, job.error, job.message].into_iter().flatten() {
                prop_assert!(text.chars().count() <= 300);
            }
        }
    }

    #[test]
    fn any_bytes_are_captions_or_refused(language in "[a-z]{2}(-[A-Z]{2})?|.{0,9}", begin in "(\u{feff})?(WEBVTT)?",
                                         rest in vec(any::<u8>(), 0..60)) {
        let bytes = [begin.as_bytes(), &rest].concat();
        if let Ok(caption) = Caption::parse(&language, bytes.clone().into()) {
            prop_assert!(String::from_utf8(bytes).unwrap().contains("WEBVTT"));
            prop_assert_eq!(caption.language().as_str(), language);
        }
    }

    #[test]
    fn any_profile_is_labelled_once_or_left_alone(
        record in near(&json!({"$type": "app.bsky.actor.profile", "labels": {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "bot"}]}})),
        is_bot in any::<bool>(),
    ) {
        if let Ok(record) = serde_json::from_slice::<Value>(&record)
            && let Ok(Some(changed)) = labelled_bot(Some(&record), is_bot)
        {
            prop_assert_eq!(labelled_bot(Some(&changed), is_bot), Ok(None));
        }
    }

    #[test]
    fn any_kept_session_is_read_without_telling_its_tokens(kept in near(&json!({
        "did": DID, "handle": "alice.test", "pds": "https://pds.example", "access_jwt": "hunter2", "refresh_jwt": "hunter2", "app_password": "hunter2",
    }))) {
        let Ok(kept) = std::str::from_utf8(&kept) else { return Ok(()) };
        match Session::from_secret_json(kept) {
            Ok(session) => {
                let shown = format!("{session:?}");
                prop_assert!(!shown.contains("hunter2"), "{}", shown);
                let again = Session::from_secret_json(session.to_secret_json().unwrap().expose_secret()).unwrap();
                prop_assert_eq!(again.access_jwt.expose_secret(), session.access_jwt.expose_secret());
            }
            Err(error) => prop_assert!(!error.to_string().contains("hunter2"), "{}", error),
        }
    }

    #[test]
    fn any_kept_count_goes_on(
        kept in near(&tally()),
        steps in vec((instant(), told(), any::<u64>(), any::<[bool; 3]>()), 1..6),
    ) {
        let Ok(mut tally) = serde_json::from_slice::<Tally>(&kept) else { return Ok(()) };
        let meter = Meter::writes(&did());
        for (now, told, points, [is_counted, enforced, is_settled]) in steps {
            let points = if is_settled { points } else { points % 100 };
            // That it does not fit is as good an answer as any.
            tally.reserve(&meter, "b", points, now, enforced).ok();
            let reservation = is_settled.then_some("b");
            tally.settle(&meter, &Answered { reservation, points, at: now, is_counted, told });
            let ceiling = Ceiling { points_per_hour: Some(200), points_per_day: Some(300) };
            let wanted = 1 + points % 100;
            for (fits, gauges) in [
                (tally.fits_under(ceiling, &meter, wanted, now), tally.gauges_under(ceiling, &meter, now)),
                (tally.fits(&meter, wanted, now, true), tally.gauges(&meter, now)),
            ] {
                for gauge in gauges.iter().filter(|_| fits.is_ok()) {
                    prop_assert!(gauge.used.saturating_add(wanted) <= gauge.limit, "{:?}", gauge);
                }
            }
        }
    }

    #[test]
    fn any_answer_to_a_write_or_a_read_is_read(
        applied in near(&json!({
            "commit": {"cid": CID, "rev": "3lkazxeb7fa22"},
            "results": [{"uri": format!("at://{DID}/app.bsky.feed.post/3lkazxeb7fa22"), "cid": CID, "validationStatus": "valid"}],
        })),
        record in near(&json!({"uri": format!("at://{DID}/app.bsky.feed.post/3lkazxeb7fa22"), "cid": CID, "value": {"text": "x"}})),
        feed in near(&json!({"cursor": "c", "feed": [{"post": {
            "uri": format!("at://{DID}/app.bsky.feed.post/3lkazxeb7fa22"), "cid": CID, "author": {"did": DID, "handle": "alice.test"},
            "record": {"text": "x"}, "likeCount": 3, "indexedAt": "2026-11-18T12:00:00Z",
        }}]})),
    ) {
        if let Ok(Applied { results, .. }) = answer(applied).json() {
            prop_assert!(results.len() <= 40);
        }
        if let Ok(record) = answer(record).json::<Record>() {
            // Records that have no hash are told, not computed.
            record.hash().ok();
        }
        if let Ok(page) = answer(feed).json::<FeedPage>() {
            prop_assert!(page.feed.len() <= 40);
        }
    }
}
