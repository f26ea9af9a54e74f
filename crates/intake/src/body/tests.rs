//! A body is read whole, and every fault of it is told.

use super::*;
use serde_json::json;
use skein_domain::{Gates, Media, NamedCaption, ReplyGate};

fn read(body: Value) -> Body {
    Body::read(body, &TimeZone::UTC).unwrap()
}

fn faults(body: &Body) -> Vec<(Option<usize>, &str, &str)> {
    body.faults
        .iter()
        .map(|fault| (fault.part, fault.fault.code.as_str(), fault.fault.field.as_deref().unwrap()))
        .collect()
}

fn texts(body: &Body) -> Vec<&str> {
    body.submission.draft.parts.iter().map(|part| part.text.as_str()).collect()
}

#[test]
fn every_field_is_read() {
    let body = read(json!({
        "text": "one", "thread": [{"text": "two"}, {"text": "three"}], "langs": ["en", "de"],
        "reply_to": "post_1", "quote": "post_2", "allow_quotes": false, "reply_gate": ["mentioned", "at://x"],
        "content_labels": ["porn"], "record_tags": ["rust", "bluesky"], "accounts": ["alice.test"], "scheduled_at": "tomorrow 9am", "timezone": "Europe/Paris",
        "late": "2h", "on_failure": "retry", "retry_for": "PT20M",
    }));
    assert_eq!(faults(&body), []);
    assert_eq!(texts(&body), ["one", "two", "three"]);
    let submission = body.submission;
    assert_eq!(submission.draft.langs, ["en", "de"]);
    assert_eq!(submission.draft.reply_to.as_deref(), Some("post_1"));
    assert_eq!(submission.draft.quote.as_deref(), Some("post_2"));
    let rules = ReplyGate::Only(vec!["mentioned".to_owned(), "at://x".to_owned()]);
    assert_eq!(submission.draft.gates, Gates { replies: rules, no_quotes: true });
    assert_eq!(submission.draft.labels, ["porn"]);
    assert_eq!(submission.draft.tags, ["rust", "bluesky"]);
    assert_eq!(submission.accounts, ["alice.test"]);
    let GivenPolicy { late, on_failure, retry_for } = submission.policy;
    assert_eq!([late, on_failure, retry_for].map(Option::unwrap), ["2h", "retry", "PT20M"]);
    assert_eq!((submission.at.as_deref(), submission.zone.as_deref()), (Some("tomorrow 9am"), Some("Europe/Paris")));
}

#[test]
fn a_length_of_time_that_is_no_text_is_told_by_its_field() {
    let body = read(json!({"text": "one", "late": 7_200, "retry_for": ["20m"], "on_failure": true}));
    let mut told = faults(&body);
    told.sort_unstable();
    let expected = ["late", "on_failure", "retry_for"].map(|field| (None, "wrong_type", field));
    assert_eq!(told, expected);
    assert!(body.submission.policy.is_empty());
}

#[test]
fn pictures_are_addresses_or_objects() {
    let body = read(json!({
        "media": ["a.png", {"url": "https://example.com/b.png", "alt": "B"}, {"url": "c.png", "alt": null}],
        "thread": [{"text": "two", "media": ["d.png"]}],
    }));
    let media = |source: &str, alt: &str| Media::new(source, alt);
    assert_eq!(faults(&body), []);
    assert_eq!(texts(&body), ["", "two"]);
    let parts = body.submission.draft.parts;
    assert_eq!(parts[0].media, [media("a.png", ""), media("https://example.com/b.png", "B"), media("c.png", "")]);
    assert_eq!(parts[1].media, [media("d.png", "")]);
}

#[test]
fn captions_are_read_and_what_is_wrong_with_them_is_named() {
    let body = read(json!({
        "text": "one", "media": [
            {"url": "a.mp4", "alt": "A", "captions": [{"lang": "en", "url": "a.vtt"}, {"url": "b.vtt"}]},
            {"url": "b.mp4", "captions": null},
            {"url": "c.mp4", "captions": {"lang": "en"}},
            {"url": "d.mp4", "captions": ["d.vtt", {"lang": "en"}, {"lang": 5, "url": ""}, {"lang": "en", "url": "d.vtt", "label": "D"}]},
        ],
    }));
    let expected = [
        (Some(0), "wrong_type", "media[2].captions"),
        (Some(0), "wrong_type", "media[3].captions[0]"),
        (Some(0), "caption_without_url", "media[3].captions[1].url"),
        (Some(0), "wrong_type", "media[3].captions[2].lang"),
        (Some(0), "unknown_field", "media[3].captions[3].label"),
    ];
    assert_eq!(faults(&body), expected);
    let caption = |lang: &str, source: &str| NamedCaption { lang: lang.to_owned(), source: source.to_owned() };
    let media = &body.submission.draft.parts[0].media;
    assert_eq!(media[0].captions, [caption("en", "a.vtt"), caption("", "b.vtt")]);
    assert_eq!((media[1].captions.len(), media[3].captions.len()), (0, 1));
}

#[test]
fn pictures_that_are_none_are_named() {
    let body = read(json!({
        "text": "one", "media": [7, {"alt": "A"}, {"url": 5}, {"url": "e.png", "title": "E"}, {"url": ""}, ""],
        "thread": [{"text": "two", "media": "d.png"}],
    }));
    let expected = [
        (Some(0), "wrong_type", "media[0]"),
        (Some(0), "media_without_url", "media[1].url"),
        (Some(0), "wrong_type", "media[2].url"),
        (Some(0), "unknown_field", "media[3].title"),
        (Some(0), "media_without_url", "media[4].url"),
        (Some(0), "media_without_url", "media[5].url"),
        (Some(1), "wrong_type", "thread[0].media"),
    ];
    assert_eq!(faults(&body), expected);
    assert_eq!(body.submission.draft.parts[0].media.len(), 1);
}

#[test]
fn a_thread_needs_no_text_before_it_and_null_is_absent() {
    let body = read(json!({"text": null, "thread": [{"text": "one"}, {"text": "two"}], "langs": null}));
    assert_eq!((texts(&body), faults(&body)), (vec!["one", "two"], vec![]));
}

#[test]
fn unknown_fields_and_wrong_types_are_named_all_at_once() {
    let body = read(json!({
        "text": 5, "txt": "hi", "langs": ["en", 7], "accounts": "alice.test",
        "thread": [{"text": "two", "video": []}, "three", {"text": []}],
    }));
    let expected = [
        (Some(0), "wrong_type", "text"),
        (None, "unknown_field", "txt"),
        (None, "wrong_type", "langs[1]"),
        (None, "wrong_type", "accounts"),
        (Some(1), "unknown_field", "thread[0].video"),
        (Some(2), "wrong_type", "thread[1]"),
        (Some(3), "wrong_type", "thread[2].text"),
    ];
    assert_eq!(faults(&body), expected);
    assert_eq!(texts(&body), ["", "two", "", ""]);
}

#[test]
fn what_could_not_be_read_is_not_called_empty_too() {
    let body = read(json!({"text": 5, "thread": [{"text": ""}]}));
    let empty = |part: usize| Fault::content("empty_text", format!("parts[{part}].text"), "Empty.").into();
    let mut preview = Preview { faults: vec![empty(0), empty(1)], records: Some(Vec::new()), ..Preview::default() };
    Body::add_faults(body.faults, Split::Never, &mut preview);
    let codes: Vec<_> = preview.faults.iter().map(|fault| (fault.part, fault.fault.code.as_str())).collect();
    assert_eq!(codes, [(Some(0), "wrong_type"), (Some(1), "empty_text")]);
    assert_eq!(preview.records, None);
}

#[test]
fn faults_of_a_text_that_is_cut_name_no_part() {
    let body = read(json!({"text": "long", "thread": [{"text": 5}], "split": true}));
    let split = body.submission.draft.layout.split;
    let faults = ["empty_text", "text_has_nul"].map(|code| Fault::content(code, "parts[7].text", "Wrong.").into());
    let mut preview = Preview { faults: faults.to_vec(), ..Preview::default() };
    Body::add_faults(body.faults, split, &mut preview);
    let told: Vec<_> = preview.faults.iter().map(|fault| (fault.part, fault.fault.code.as_str())).collect();
    assert_eq!(told, [(None, "wrong_type"), (Some(7), "text_has_nul")]);
}

#[test]
fn a_layout_is_read() {
    let layout = |body: Value| {
        let body = read(body);
        assert_eq!(faults(&body), []);
        body.submission.draft.layout
    };
    assert!(layout(json!({"text": "hi", "format": "plain", "split": false, "numbering": null})).is_plain());
    let all = layout(json!({"text": "hi", "format": "markdown", "split": true, "numbering": true, "shorten": true}));
    assert_eq!((all.format, all.split, all.shorten), (Format::Markdown, Split::Numbered, true));
    assert_eq!(layout(json!({"split": true})).split, Split::Parts);
    let wrong = read(json!({"format": "html", "split": 1, "numbering": true, "shorten": "yes"}));
    let expected = [
        (None, "unknown_format", "format"),
        (None, "wrong_type", "split"),
        (None, "wrong_type", "shorten"),
        (None, "numbering_without_split", "numbering"),
    ];
    assert_eq!(faults(&wrong), expected);
}

#[test]
fn a_list_that_could_not_be_read_does_not_hide_that_there_is_no_text() {
    let left = |body: Value| {
        let mut preview =
            Preview { faults: vec![Fault::content("empty_text", "parts", "Empty.").into()], ..Preview::default() };
        Body::add_faults(read(body).faults, Split::Never, &mut preview);
        preview.faults.len()
    };
    assert_eq!(left(json!({"langs": 5})), 2);
    assert_eq!(left(json!({"thread": 5})), 1);
}

#[test]
fn only_an_object_is_a_body() {
    for (body, kind) in [(json!([]), "a list"), (json!("hi"), "a text"), (json!(null), "null"), (json!(1), "a number")]
    {
        let fault = Body::read(body, &TimeZone::UTC).unwrap_err();
        assert_eq!((fault.code.as_str(), fault.given.as_deref()), ("not_an_object", Some(kind)));
    }
}

#[test]
fn a_gate_is_a_word_or_a_list_of_rules() {
    let gates = |body: Value| {
        let body = read(body);
        assert_eq!(faults(&body), []);
        body.submission.draft.gates
    };
    assert!(gates(json!({"reply_gate": "everyone", "allow_quotes": true})).is_open());
    assert!(gates(json!({"reply_gate": null, "allow_quotes": null})).is_open());
    assert_eq!(gates(json!({"reply_gate": "nobody"})).replies, ReplyGate::Nobody);
    let rules = |rules: &[&str]| ReplyGate::Only(rules.iter().map(|rule| (*rule).to_owned()).collect());
    assert_eq!(gates(json!({"reply_gate": ["mentioned"]})).replies, rules(&["mentioned"]));
    assert_eq!(gates(json!({"reply_gate": "mentioned,following"})).replies, rules(&["mentioned", "following"]));
    assert_eq!(gates(json!({"reply_gate": []})).replies, rules(&[]));
    let wrong = read(json!({
        "reply_gate": {"allow": []}, "allow_quotes": "no", "quote": ["post_1"], "content_labels": "porn", "record_tags": [1],
    }));
    let told = faults(&wrong);
    let fields: Vec<_> = told.iter().map(|(_, code, field)| (*code, *field)).collect();
    let fields_wrong = ["reply_gate", "allow_quotes", "quote", "content_labels", "record_tags[0]"];
    assert_eq!(fields, fields_wrong.map(|field| ("wrong_type", field)));
    assert!(wrong.submission.draft.gates.is_open());
    assert_eq!(faults(&read(json!({"reply_gate": ["mentioned", 5]}))), [(None, "wrong_type", "reply_gate[1]")]);
}

#[test]
fn auto_is_a_language_alone_or_among_others() {
    for langs in [json!("auto"), json!(["auto"])] {
        assert_eq!(read(json!({ "langs": langs })).submission.draft.langs, ["auto"]);
    }
    assert_eq!(read(json!({"langs": ["en", "auto"]})).submission.draft.langs, ["en", "auto"]);
    assert_eq!(faults(&read(json!({"langs": "en"}))), [(None, "wrong_type", "langs")]);
}
