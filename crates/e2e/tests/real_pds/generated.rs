//! Posts and threads from a seed: words that are hard to count and to link, pictures of every kind, answers, languages.

use skein_e2e::rig::Rig;
use skein_testkit::pictures::{PngKind, cmyk_jpeg, gif, jpeg, png};

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
pub(crate) struct Seeded(pub(crate) u64);

impl Seeded {
    pub(crate) fn below(&mut self, end: usize) -> usize {
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
pub(crate) struct Written {
    pub(crate) input: String,
    pub(crate) parts: usize,
    /// Of each part.
    pub(crate) pictures: Vec<usize>,
    /// The records beside the parts.
    pub(crate) gates: usize,
    options: Vec<String>,
}

/// Files of every kind that is taken, in the installation's folder.
pub(crate) fn files(rig: &Rig) -> Vec<String> {
    let mut kinds = vec![
        png(40, 30, 1, PngKind::Opaque),
        png(33, 70, 2, PngKind::Alpha),
        png(64, 48, 3, PngKind::Deep),
        cmyk_jpeg(48, 32, 4),
        gif(20, 20, 1),
        jpeg(5_000, 100, 5, None),
    ];
    kinds.extend((1..=8).map(|orientation| jpeg(64, 48, 6, Some(orientation))));
    kinds.extend((7..12).map(|seed| jpeg(120, 90, seed, None)));
    let named = kinds.iter().enumerate();
    named.map(|(place, bytes)| rig.bytes(&format!("picture {place} (1).bin"), bytes)).collect()
}

impl Written {
    pub(crate) fn generate(seeded: &mut Seeded, number: usize, answered: &[String], files: &[String]) -> Self {
        let parts = [1, 1, 2, 3, 7][seeded.below(5)];
        let mut texts: Vec<_> = (0..parts).map(|part| seeded.text(&format!("Post {number}.{part}"))).collect();
        let pictures: Vec<usize> = (0..parts).map(|_| [0, 0, 0, 1, 2, 4, 5, 10][seeded.below(8)]).collect();
        let langs = &["en", "pt-BR", "zh-Hant"][..seeded.below(4)];
        let mut options: Vec<String> = langs.iter().flat_map(|lang| ["--lang", lang]).map(str::to_owned).collect();
        let answers = seeded.below(2) == 0 && !answered.is_empty();
        if answers {
            let target = answered[seeded.below(answered.len())].clone();
            options.extend(["--reply-to".to_owned(), target]);
        }
        let gates = beside(seeded, parts, answers, answered, &mut options);
        for (text, count) in texts.iter_mut().zip(&pictures) {
            for _ in 0..*count {
                let file = &files[seeded.below(files.len())];
                let alt = PIECES[seeded.below(18)];
                if parts == 1 {
                    options.extend(["--image", file, "--alt", alt].map(str::to_owned));
                } else {
                    *text = format!("{text}\n![{alt}](<{file}>)");
                }
            }
        }
        Self { input: texts.join("\n---\n"), parts, pictures, gates, options }
    }

    pub(crate) fn arguments<'a>(&'a self, command: &[&'a str]) -> Vec<&'a str> {
        command.iter().copied().chain(self.options.iter().map(String::as_str)).chain(["--json"]).collect()
    }
}

/// Options for what stands beside the texts, and how many gates they make.
fn beside(seeded: &mut Seeded, parts: usize, answers: bool, quotable: &[String], options: &mut Vec<String>) -> usize {
    let mut gates = 0;
    let mut add = |words: &[&str]| options.extend(words.iter().map(|word| (*word).to_owned()));
    if seeded.below(3) == 0 && !quotable.is_empty() {
        add(&["--quote", &quotable[seeded.below(quotable.len())]]);
    }
    for label in &["nudity", "!no-unauthenticated", "graphic-media"][..[0, 0, 1, 3][seeded.below(4)]] {
        add(&["--label", label]);
    }
    for tag in &["rust", "\u{e9}t\u{e9} \u{1f1eb}\u{1f1f7}", "a#b"][..[0, 0, 1, 3][seeded.below(4)]] {
        add(&["--tag", tag]);
    }
    let who = ["everyone", "nobody", "mentioned", "followers,following,mentioned"][seeded.below(4)];
    if !answers {
        add(&["--reply-gate", who]);
        gates += usize::from(who != "everyone");
    }
    if seeded.below(3) == 0 {
        add(&["--no-quotes"]);
        gates += parts;
    }
    gates
}
