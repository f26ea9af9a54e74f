//! The preview is the post: what is shown before and what the PDS keeps are the same bytes, but for what was declared.

use serde_json::Value;
use skein_atproto::record::record_cid;

use crate::Scene;

const POSTS: usize = 60;

const PIECES: [&str; 24] = [
    "@alice.test",
    "@Bob.test",
    "@nobody.test",
    "@a..com",
    "(@bob.test)",
    "#tag",
    "＃タグ",
    "#été!",
    "$SKEIN",
    "https://example.com/a_(b)",
    "(see https://example.com/nested_(a))",
    "HTTPS://Example.com/A",
    "example.org.",
    "README.md",
    "https://президент.рф",
    "👨\u{200d}👩\u{200d}👧\u{200d}👦",
    "🇫🇷🏳\u{fe0f}\u{200d}🌈",
    "नमस्ते",
    "مرحبا",
    "e\u{301}",
    "\u{200b}",
    "two\nlines",
    "\n\n\n\n",
    "  a \"quoted\" \\ <b>word</b> &amp; \u{7f}",
];

/// The numbers of a seed, one after the other (`SplitMix64`).
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }

    fn text(&mut self, name: &str) -> String {
        let count = self.below(8);
        let pieces: Vec<_> = (0..count).map(|_| PIECES[self.below(PIECES.len())]).collect();
        format!("{name} {}", pieces.join(" "))
    }
}

/// A post or a thread, with its options.
struct Written {
    input: String,
    parts: usize,
    options: Vec<String>,
}

impl Written {
    fn generate(seeded: &mut Seeded, number: usize, answered: &[String]) -> Self {
        let parts = [1, 1, 2, 3, 7][seeded.below(5)];
        let texts: Vec<_> = (0..parts).map(|part| seeded.text(&format!("Post {number}.{part}"))).collect();
        let langs = &["en", "pt-BR", "zh-Hant"][..seeded.below(4)];
        let mut options: Vec<String> = langs.iter().flat_map(|lang| ["--lang", lang]).map(str::to_owned).collect();
        if seeded.below(2) == 0 && !answered.is_empty() {
            let target = answered[seeded.below(answered.len())].clone();
            options.extend(["--reply-to".to_owned(), target]);
        }
        Self { input: texts.join("\n---\n"), parts, options }
    }

    fn arguments<'a>(&'a self, command: &[&'a str]) -> Vec<&'a str> {
        command.iter().copied().chain(self.options.iter().map(String::as_str)).chain(["--json"]).collect()
    }
}

impl Scene {
    async fn record(&self, uri: &str) -> Value {
        let rkey = uri.rsplit('/').next().unwrap();
        let params = [("repo", &*self.alice.did), ("collection", "app.bsky.feed.post"), ("rkey", rkey)];
        let (status, found) = self.pds.xrpc_get("com.atproto.repo.getRecord", &params, None).await.unwrap();
        assert_eq!(status, 200, "{found}");
        found
    }
}

/// The value of a preview with what was declared open as it became.
fn fixed(shown: &Value, found: &Value) -> Value {
    let mut value = shown["value"].clone();
    for pointer in shown["not_fixed"].as_array().unwrap() {
        let pointer = pointer.as_str().unwrap();
        assert!(pointer == "/createdAt" || pointer.starts_with("/reply/"), "{pointer} is not to be open");
        *value.pointer_mut(pointer).unwrap() = found.pointer(pointer).unwrap().clone();
    }
    value
}

#[tokio::test]
async fn real_pds_keeps_the_records_that_were_previewed() {
    let scene = Scene::set().await;
    scene.pds.create_account("bob.test").await.unwrap();
    let mut seeded = Seeded(20_261_201);
    let mut answered = Vec::new();
    let (mut records, mut facets, mut replies) = (0, 0, 0);
    for number in 0..POSTS {
        let written = Written::generate(&mut seeded, number, &answered);
        let (preview, post) = match written.parts {
            1 => (&["preview", "-"][..], &["post", "-"][..]),
            _ => (&["preview", "--thread", "-"][..], &["thread", "-"][..]),
        };
        let shown = scene.rig.run_with(&written.arguments(preview), &[], &written.input).await.exits(0).json();
        let posted = scene.rig.run_with(&written.arguments(post), &[], &written.input).await.exits(0).json();
        assert_eq!(shown["warnings"], posted["warnings"]);
        let shown = shown["records"].as_array().unwrap();
        let made = posted["deliveries"][0]["records"].as_array().unwrap();
        assert_eq!((shown.len(), made.len()), (written.parts, written.parts));
        for (shown, made) in shown.iter().zip(made) {
            let found = scene.record(made["uri"].as_str().unwrap()).await;
            let value = fixed(shown, &found["value"]);
            assert_eq!(value, found["value"]);
            assert_eq!(record_cid(&value).unwrap().as_str(), found["cid"].as_str().unwrap(), "{value:#}");
            records += 1;
            facets += value["facets"].as_array().map_or(0, Vec::len);
            replies += usize::from(value["reply"].is_object());
            answered.push(found["uri"].as_str().unwrap().to_owned());
        }
    }
    assert!(records > 120 && facets > 200 && replies > 80, "{records} records, {facets} facets, {replies} replies");
}
