//! Every case of `richtext.json`: the official detector's own tests, and what its composer does. None of them records a
//! quirk in which we differ on purpose (see the README), so there are no exceptions.

#![expect(clippy::unwrap_used, reason = "a vector that cannot be read must fail its test")]

use serde_json::{Value, json};
use skein_atproto::record::{Facet, FacetFeature};
use skein_atproto::richtext::{clean_newlines, compose, detect, graphemes, resolve_mentions, short_url, shorten_links};
use skein_atproto::syntax::{Did, Handle};

fn cases(group: &str, expected_count: usize) -> Vec<Value> {
    let vectors: Value = serde_json::from_str(include_str!("vectors/richtext.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap().iter();
    let cases: Vec<Value> = cases.filter(|case| case["group"] == group).cloned().collect();
    assert_eq!(cases.len(), expected_count, "cases of {group}");
    cases
}

/// Resolves as the vectors do: the account of handle H is did:fake:H, and `missing.test` has none.
fn fake_did(handle: &Handle) -> Option<Did> {
    (handle.as_str() != "missing.test").then(|| Did::parse(&format!("did:fake:{handle}")).unwrap())
}

/// A facet in the short form of the vectors.
fn short_form(facet: &Facet) -> Value {
    let (start, end) = (facet.index.byte_start, facet.index.byte_end);
    match facet.features.as_slice() {
        [FacetFeature::Mention { did }] => json!({"byteStart": start, "byteEnd": end, "type": "mention", "did": did}),
        [FacetFeature::Link { uri }] => json!({"byteStart": start, "byteEnd": end, "type": "link", "uri": uri}),
        [FacetFeature::Tag { tag }] => json!({"byteStart": start, "byteEnd": end, "type": "tag", "tag": tag}),
        other => panic!("unexpected features {other:?}"),
    }
}

fn check_detection(group: &str, expected_count: usize) {
    for case in cases(group, expected_count) {
        let (facets, _) = resolve_mentions(detect(case["input"].as_str().unwrap()), fake_did);
        let facets: Vec<Value> = facets.iter().map(short_form).collect();
        assert_eq!(json!(facets), case["facets"], "{group}: {}", case["input"]);
    }
}

fn check_text(group: &str, expected_count: usize, rewrite: impl Fn(&str) -> String) {
    for case in cases(group, expected_count) {
        assert_eq!(rewrite(case["input"].as_str().unwrap()), case["output"], "{group}: {}", case["input"]);
    }
}

#[test]
fn every_group_is_tested() {
    let vectors: Value = serde_json::from_str(include_str!("vectors/richtext.json")).unwrap();
    assert_eq!(vectors["cases"].as_array().unwrap().len(), MENTIONS_AND_LINKS + TAGS + CASHTAGS + 7 + 13 + 6 + 6);
}

const MENTIONS_AND_LINKS: usize = 40;
const TAGS: usize = 39;
const CASHTAGS: usize = 18;

#[test]
fn mentions_and_links() {
    check_detection("mentions_and_links", MENTIONS_AND_LINKS);
}

#[test]
fn tags() {
    check_detection("tags", TAGS);
}

#[test]
fn cashtags() {
    check_detection("cashtags", CASHTAGS);
}

#[test]
fn newlines() {
    check_text("clean_newlines", 7, clean_newlines);
}

#[test]
fn short_urls() {
    check_text("short_url", 6, short_url);
}

#[test]
fn grapheme_lengths() {
    for case in cases("grapheme_length", 13) {
        let input = case["input"].as_str().unwrap();
        assert_eq!((json!(graphemes(input)), json!(input.len())), (case["graphemes"].clone(), case["bytes"].clone()));
    }
}

#[test]
fn the_composer_from_text_to_facets() {
    for case in cases("composer_normalize", 6) {
        let text = compose(case["input"].as_str().unwrap());
        let (text, detected) = shorten_links(&text, &detect(&text));
        let (facets, _) = resolve_mentions(detected, fake_did);
        let facets: Vec<Value> = facets.iter().map(short_form).collect();
        assert_eq!((json!(text), json!(facets)), (case["output_text"].clone(), case["facets"].clone()));
    }
}
