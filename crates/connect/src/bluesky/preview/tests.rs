//! The preview is the post.

use super::*;
use crate::bluesky::film_uploads::Blobs;
use crate::bluesky::gates::{Allow, Gates};
use proptest::collection::vec;
use proptest::prelude::*;
use skein_atproto::record::{ReplyRef, StrongRef, record_cid};
use skein_atproto::richtext::resolve_mentions;
use skein_atproto::syntax::{AtUri, Did, Language};
use skein_bluesky::blob::Blob;
use skein_domain::ports::ContentHash;
use skein_domain::{AccountId, Caption, Film, Part, Platform, Standing, WorkspaceId};

struct Zero;
impl skein_domain::ports::Entropy for Zero {
    fn fill(&self, into: &mut [u8]) {
        into.fill(0);
    }
}

fn account() -> Account {
    Account {
        id: AccountId::mint(Timestamp::UNIX_EPOCH, &Zero),
        workspace: WorkspaceId::personal(),
        platform: Platform::Bluesky,
        identity: "did:plc:ewvi7nxzyoun6zhxrhs64oiz".to_owned(),
        handle: "alice.test".to_owned(),
        host: "https://pds.example".to_owned(),
        standing: Standing::Active,
        held: false,
        connected_at: Timestamp::UNIX_EPOCH,
    }
}

fn draft(texts: &[&str]) -> Draft {
    Draft { parts: texts.iter().copied().map(Part::text).collect(), ..Draft::default() }
}

/// Pieces that come near to real posts.
fn text() -> impl Strategy<Value = String> {
    let pieces = vec![
        " ",
        "\n",
        "\r\n",
        "(",
        ")",
        "hello",
        "@alice.test",
        "@bob.test",
        "@nobody.test",
        "@a..com",
        "#tag",
        "＃tag",
        "$SKEIN",
        "https://example.com/a_(b)",
        "example.org",
        "👩\u{200d}👩\u{200d}👧",
        "नमस्ते",
        "שלום",
        "e\u{301}",
        "🇯🇵",
        ".",
        "\u{0}",
    ];
    let piece = prop_oneof![9 => prop::sample::select(pieces).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)];
    vec(piece, 1..30).prop_map(|pieces| pieces.concat())
}

fn did_of(handle: &Handle) -> Option<Did> {
    let name = handle.as_str().strip_suffix(".test").filter(|name| *name != "nobody")?;
    Did::parse(&format!("did:plc:{name}")).ok()
}

fn reply() -> ReplyRef {
    let strong = |rkey: &str| StrongRef {
        uri: AtUri::parse(&format!("at://did:plc:other/app.bsky.feed.post/{rkey}")).unwrap(),
        cid: record_cid(&serde_json::json!({"text": rkey})).unwrap(),
    };
    ReplyRef { root: strong("3ke6kg3wk2222"), parent: strong("3ke6kg3wk2223") }
}

fn gates() -> impl Strategy<Value = Gates> {
    let list = AtUri::parse("at://did:plc:other/app.bsky.graph.list/3ke6kg3wk2222").unwrap();
    let rules = vec![Allow::Mentioned, Allow::Followers, Allow::Following, Allow::Listed { list }];
    let replies = prop::option::of(prop::sample::subsequence(rules, 0..=4));
    (replies, any::<bool>()).prop_map(|(replies, no_quotes)| Gates { replies, no_quotes })
}

fn said() -> impl Strategy<Value = (Vec<String>, Vec<String>, bool)> {
    let some = |from: &[&str]| {
        let from: Vec<String> = from.iter().map(|word| (*word).to_owned()).collect();
        let all = from.len();
        prop::sample::subsequence(from, 0..=all)
    };
    (some(&["sexual", "nudity", "!no-unauthenticated"]), some(&["rust", "été", "two words"]), any::<bool>())
}

/// None, a video, or a GIF that moves; with captions or without.
fn video() -> impl Strategy<Value = Option<Video>> {
    let video = (any::<u8>(), any::<bool>(), prop::sample::subsequence(vec!["en", "pt-BR"], 0..=2));
    prop::option::of(video.prop_map(|(seed, is_gif, langs)| {
        let caption = |lang: &str| Caption { lang: lang.to_owned(), file: ContentHash::of(lang.as_bytes()), bytes: 7 };
        let shape = (!is_gif).then_some((64, 48));
        Video {
            file: ContentHash::of(&[seed]),
            bytes: seed.into(),
            film: Film { mime: "video/mp4".to_owned(), shape, duration_ms: None, is_gif },
            alt: if is_gif { String::new() } else { "A goose.".to_owned() },
            captions: langs.into_iter().map(caption).collect(),
        }
    }))
}

/// What the service made of every video.
fn encoded(content: &Content) -> Blobs {
    let blob = |video: &Video| {
        let cid = skein_atproto::record::cid_of_blob(video.file.as_str().as_bytes());
        Blob { cid, mime_type: "video/mp4".to_owned(), size: 1_234_567 }
    };
    content.videos().map(|video| (video.file.clone(), blob(video))).collect()
}

fn content() -> impl Strategy<Value = Content> {
    let langs = prop::sample::subsequence(vec!["en", "pt-BR", "zh-Hant"], 0..=3);
    (vec((text(), video()), 1..6), langs, any::<bool>(), said(), gates()).prop_map(
        |(texts, langs, answers, said, gates)| {
            let part = |(text, video): (String, _)| {
                let text = richtext::compose(&text);
                let facets = resolve_mentions(richtext::detect(&text), did_of).0;
                PartContent { text, facets, video, ..PartContent::default() }
            };
            let langs = langs.into_iter().map(|lang| Language::parse(lang).unwrap()).collect();
            let (labels, tags, quotes) = said;
            let quote = quotes.then(|| reply().root);
            let parts = texts.into_iter().map(part).collect();
            Content { parts, reply: answers.then(reply), quote, langs, labels, tags, gates }
        },
    )
}

proptest! {
    #[test]
    fn what_is_previewed_is_what_is_frozen_but_for_what_is_declared(
        content in content(), due_us in 1_700_000_000_000_000_i64..1_900_000_000_000_000, late_ms in 0_i64..100_000_000, clock_id in 0_u16..1024,
    ) {
        let due = Timestamp::from_microsecond(due_us).unwrap();
        let shown = records(&account(), &content, due).unwrap();
        let first_created_at = Timestamp::from_millisecond(due.as_millisecond() + late_ms).unwrap();
        let frozen = freeze(&account(), &content, Stamp { first_created_at, clock_id, frozen_at: due }, Some(&encoded(&content))).unwrap();
        let body: Body = serde_json::from_str(&frozen.body).unwrap();
        prop_assert_eq!(shown.len(), body.writes.len());
        for (index, ((mut shown, write), made)) in shown.into_iter().zip(body.writes).zip(frozen.records).enumerate() {
            prop_assert_eq!(&shown.collection, &write.collection);
            for pointer in &shown.not_fixed {
                *shown.value.pointer_mut(pointer).unwrap() = write.value.pointer(pointer).unwrap().clone();
            }
            prop_assert_eq!(&shown.value, &write.value, "part {}", index);
            prop_assert_eq!(shown.value.to_string(), write.value.to_string(), "the order of members");
            let cid = record_cid(&shown.value).unwrap();
            prop_assert_eq!(cid.as_str(), made.cid);
        }
    }

    #[test]
    fn parts_are_the_same_whether_or_not_they_were_looked_up(texts in vec(text(), 1..4)) {
        let draft = draft(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let offline = preview(&draft);
        let part = |text: &String| {
            let text = richtext::compose(text);
            let facets = resolve_mentions(richtext::detect(&text), did_of).0;
            PartContent { text, facets, ..PartContent::default() }
        };
        let content = Content { parts: texts.iter().map(part).collect(), ..Content::default() };
        let online = parts(content);
        prop_assert_eq!(offline.parts.len(), online.len());
        for (mut offline, online) in offline.parts.into_iter().zip(online) {
            offline.facets.retain_mut(|facet| {
                if facet.kind != FacetKind::Mention {
                    return true;
                }
                let did = did_of(&Handle::parse(&facet.value).unwrap());
                facet.value = did.as_ref().map_or("nobody", Did::as_str).to_owned();
                did.is_some()
            });
            prop_assert_eq!(offline, online);
        }
    }
}

#[test]
fn what_is_not_fixed_is_there_with_a_provisional_value() {
    let part = |text: &str| PartContent { text: text.to_owned(), ..PartContent::default() };
    let content = |reply| Content { parts: vec![part("one"), part("two"), part("three")], reply, ..Content::default() };
    let due: Timestamp = "2026-12-01T08:00:00.0019Z".parse().unwrap();
    let alone = records(&account(), &content(None), due).unwrap();
    assert_eq!(alone[0].not_fixed, ["/createdAt"]);
    assert_eq!(alone[0].value["createdAt"], "2026-12-01T08:00:00.001Z", "whole milliseconds");
    let links = ["/createdAt", "/reply/root/uri", "/reply/root/cid", "/reply/parent/uri", "/reply/parent/cid"];
    assert_eq!(alone[2].not_fixed, links);
    assert!(links.iter().all(|pointer| alone[2].value.pointer(pointer).is_some_and(Value::is_string)));
    let answer = records(&account(), &content(Some(reply())), due).unwrap();
    assert_eq!(answer[0].not_fixed, ["/createdAt"]);
    assert_eq!(answer[1].not_fixed, ["/createdAt", "/reply/parent/uri", "/reply/parent/cid"]);
    assert_eq!(answer[1].value["reply"]["root"], serde_json::to_value(reply().root).unwrap());
}

#[test]
fn nothing_is_frozen_without_what_the_service_made_of_its_videos() {
    let video = Video {
        file: ContentHash::of(b"film"),
        bytes: 4,
        film: Film { mime: "video/mp4".to_owned(), shape: None, duration_ms: None, is_gif: false },
        alt: String::new(),
        captions: Vec::new(),
    };
    let content =
        Content { parts: vec![PartContent { video: Some(video), ..PartContent::default() }], ..Content::default() };
    let at = Timestamp::UNIX_EPOCH;
    let stamp = Stamp { first_created_at: at, clock_id: 0, frozen_at: at };
    assert_eq!(freeze(&account(), &content, stamp, Some(&Blobs::new())).unwrap_err().code, "stored_data_unreadable");
    let made = freeze(&account(), &content, stamp, Some(&encoded(&content))).unwrap();
    assert!(made.body.contains("1234567") && !made.body.contains("aspectRatio"), "{}", made.body);
}

#[test]
fn a_mention_is_told_by_handle_and_what_is_no_handle_by_a_warning() {
    let shown = preview(&draft(&["hi @Alice.test", "and @a..com and @a..com"]));
    assert_eq!(shown.parts[0].facets[0].value, "Alice.test");
    assert_eq!(shown.parts[1].facets, []);
    assert_eq!(shown.warnings, [plain_mention(1, "a..com")]);
    assert_eq!(shown.faults, []);
}

#[test]
fn every_fault_is_told_beside_the_parts() {
    let same: Vec<String> = (0..200).map(|n| format!("@a{}.test", n % 25)).collect();
    let same: Vec<&str> = same.iter().map(String::as_str).collect();
    assert_eq!(preview(&draft(&same)).faults, [], "200 mentions of 25 accounts");
    let others: Vec<String> = (0..101).map(|i| format!("@a{i}.test")).collect();
    let mut others: Vec<&str> = others.iter().map(String::as_str).collect();
    let long = "x".repeat(301);
    others.push(&long);
    let shown = preview(&draft(&others));
    let codes: Vec<_> = shown.faults.iter().map(|fault| (fault.part, fault.fault.code.as_str())).collect();
    assert_eq!(codes, [(Some(101), "too_many_graphemes"), (None, "too_many_mentions")]);
    assert_eq!(shown.parts[101].graphemes, 301);
}
