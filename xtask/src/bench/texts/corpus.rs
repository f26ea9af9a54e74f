//! The texts of the bench: of every kind that people post, the same ones every time.

/// Which kind, and how many of a hundred texts are of it.
const KINDS: [(Kind, u64); 11] = [
    (Kind::Plain, 22),
    (Kind::Links, 16),
    (Kind::Mentions, 12),
    (Kind::Tags, 10),
    (Kind::Everything, 8),
    (Kind::Emoji, 10),
    (Kind::EastAsian, 8),
    (Kind::Arabic, 4),
    (Kind::Devanagari, 4),
    (Kind::Long, 4),
    (Kind::Lists, 2),
];

#[derive(Debug, Clone, Copy)]
enum Kind {
    Plain,
    Links,
    Mentions,
    Tags,
    Everything,
    Emoji,
    EastAsian,
    Arabic,
    Devanagari,
    Long,
    Lists,
}

const WORDS: &str = "the a of to and in is that it was for on with as at be this have from or had by not but what all \
    were when we there can an your which their said if do will each about how up out them then she many some so these \
    would other into has more her two like him see time could no make than first been its who now people my made over \
    did down only way find use may water long little very after words called where most know geese flock thread morning \
    release coffee really finally honestly garden train sketch photo weekend museum bread weather library night river \
    don't isn't I'm we'll it's café naïve façade Straße über für größer schöner niño mañana señor œuvre élève";
const ENDS: [&str; 8] = [".", ".", ".", "!", "?", "…", ".", " –"];
const LINKS: [&str; 16] = [
    "https://example.com",
    "https://example.com/posts/2026/geese-in-flight?utm_source=feed&page=2#comments",
    "http://blog.example.org/a/b/c",
    "https://en.example.org/wiki/Goose_(bird)",
    "example.com/shop",
    "docs.example.dev",
    "sub.domain.example.co.uk/path",
    "https://code.example.net/project/issues/1234",
    "https://video.example.net/watch?v=dQw4w9WgXcQ&t=42",
    "https://example.com/caf%C3%A9/menu",
    "https://example.com/straße",
    "https://localhost:3000/health",
    "https://example.com:8443/api/v1/items?ids=1,2,3",
    "bsky.example.app/profile/alice.example.com/post/3k2a",
    "https://a.example.com/very/long/address/that/goes/on/and/on/until/it/would/be/cut/in/the/app/index.html",
    "https://example.photos/gallery",
];
/// Around links: what may or may not belong to them.
const FRAMES: [(&str, &str); 6] = [("", ""), ("", ""), ("(", ")"), ("", "."), ("", ","), ("see ", "!")];
const MENTIONS: [&str; 12] = [
    "@alice.bsky.social",
    "@bob.test",
    "@carol.example.com",
    "(@dave.example.org)",
    "@erin-writes.bsky.social,",
    "@frank.co.uk:",
    "@grace.gallery",
    "@heidi.dev.",
    "@nobody",
    "@someone.notatopleveldomain",
    "me@example.com",
    "@IVAN.bsky.social",
];
const TAGS: [&str; 16] = [
    "#geese",
    "#art,",
    "#日本語",
    "#été!",
    "#2026",
    "#c3po",
    "#rust-lang",
    "#Übermut.",
    "#a",
    "#photography?",
    "#привет",
    "#مرحبا",
    "#foo_bar",
    "#1️⃣",
    "$AAPL",
    "$btc",
];
const EMOJI: [&str; 16] =
    ["👨‍👩‍👧‍👦", "👩🏽‍🚀", "🏳️‍🌈", "🇩🇪", "🇯🇵🇰🇷", "👍🏿", "❤️‍🔥", "1️⃣", "🧑‍🤝‍🧑", "🪿", "😂😂😂", "✨", "🤷‍♀️", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "☕️", "🫱🏻‍🫲🏿"];
const EAST_ASIAN: [&str; 14] = [
    "今日はとても良い天気ですね。",
    "新しい記事を書きました！",
    "写真を撮りに行きたい",
    "これはテストの投稿です、読んでくれてありがとう。",
    "我们明天去公园散步吧。",
    "这本书真的很好看！",
    "发布了新版本，欢迎试用",
    "臺北的夜市最好吃了",
    "오늘은 날씨가 정말 좋네요.",
    "새로운 글을 올렸습니다!",
    "주말에 산책하러 가자",
    "ｶﾀｶﾅとひらがな",
    "がぎぐげご",
    "詳しくはこちら→",
];
const ARABIC: [&str; 8] = [
    "صباح الخير يا أصدقاء",
    "الطقس جميل اليوم، أليس كذلك؟",
    "كتبت مقالاً جديداً عن الطيور",
    "شكراً لكم جميعاً",
    "بِسْمِ اللَّهِ الرَّحْمَٰنِ الرَّحِيمِ",
    "نلتقي غداً إن شاء الله.",
    "هذه تجربة للنشر في الموعد",
    "ما رأيكم؟",
];
const DEVANAGARI: [&str; 8] = [
    "आज मौसम बहुत अच्छा है।",
    "नमस्ते दोस्तों,",
    "मैंने एक नया लेख लिखा है",
    "क्षेत्र और ज्ञान की बातें",
    "धन्यवाद!",
    "कृपया पढ़ें और बताएँ।",
    "श्री गणेशाय नमः",
    "पक्षियों की उड़ान देखिए",
];
const LONG_CHARACTERS: usize = 290;

/// So many texts; the same seed gives the same texts.
pub(super) fn texts(count: u64, seed: u64) -> impl Iterator<Item = String> {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let mut dice = Dice(seed);
    (0..count).map(move |_| Writer { words: &words, dice: &mut dice }.text())
}

struct Writer<'a> {
    words: &'a [&'static str],
    dice: &'a mut Dice,
}

impl Writer<'_> {
    fn text(&mut self) -> String {
        let mut left = self.dice.below(KINDS.iter().map(|(_, share)| share).sum());
        let kind = KINDS.iter().find(|(_, share)| {
            let is_it = left < *share;
            left = left.saturating_sub(*share);
            is_it
        });
        self.of_kind(kind.map_or(Kind::Plain, |(kind, _)| *kind))
    }

    fn of_kind(&mut self, kind: Kind) -> String {
        match kind {
            Kind::Plain => {
                let sentences = 1 + self.dice.below(3);
                let sentences: Vec<_> = (0..sentences).map(|_| self.sentence()).collect();
                sentences.join(" ")
            }
            Kind::Links => self.woven(3, Self::link),
            Kind::Mentions => self.woven(3, |writer| writer.dice.pick(&MENTIONS).to_string()),
            Kind::Tags => self.woven(4, |writer| writer.dice.pick(&TAGS).to_string()),
            Kind::Everything => self.woven(6, Self::anything),
            Kind::Emoji => self.woven(5, |writer| writer.dice.pick(&EMOJI).to_string()),
            Kind::EastAsian => self.script(&EAST_ASIAN, ""),
            Kind::Arabic => self.script(&ARABIC, " "),
            Kind::Devanagari => self.script(&DEVANAGARI, " "),
            Kind::Long => self.long(),
            Kind::Lists => self.list(),
        }
    }

    fn sentence(&mut self) -> String {
        let count = 4 + self.dice.below(12);
        let words: Vec<_> = (0..count).map(|_| self.dice.pick(self.words)).collect();
        let mut sentence = words.join(" ");
        sentence.push_str(self.dice.pick(&ENDS));
        sentence
    }

    /// Sentences with up to `most` things between, before or after them.
    fn woven(&mut self, most: u64, thing: impl Fn(&mut Self) -> String) -> String {
        let count = 1 + self.dice.below(most);
        let mut text = String::new();
        for _ in 0..count {
            if self.dice.below(4) > 0 {
                text.push_str(&self.sentence());
                text.push(if self.dice.below(6) == 0 { '\n' } else { ' ' });
            }
            text.push_str(&thing(self));
            text.push(' ');
        }
        text
    }

    fn link(&mut self) -> String {
        let (before, after) = self.dice.pick(&FRAMES);
        format!("{before}{}{after}", self.dice.pick(&LINKS))
    }

    fn anything(&mut self) -> String {
        match self.dice.below(5) {
            0 => self.link(),
            1 => self.dice.pick(&MENTIONS).to_string(),
            2 => self.dice.pick(&TAGS).to_string(),
            3 => self.dice.pick(&EMOJI).to_string(),
            _ => self.dice.pick(&EAST_ASIAN).to_string(),
        }
    }

    /// Phrases of one script, at times with a link, a tag or a picture of an emotion.
    fn script(&mut self, phrases: &[&str], between: &str) -> String {
        let count = 1 + self.dice.below(6);
        let mut text = String::new();
        for _ in 0..count {
            text.push_str(self.dice.pick(phrases));
            text.push_str(between);
        }
        if self.dice.below(2) == 0 {
            text.push(' ');
            text.push_str(&self.anything());
        }
        text
    }

    /// About as long as a post may be; some are longer.
    fn long(&mut self) -> String {
        let most = LONG_CHARACTERS + usize::try_from(self.dice.below(20)).unwrap_or(0);
        let mut text = String::new();
        while text.chars().count() < most {
            text.push_str(&self.sentence());
            text.push(' ');
            if self.dice.below(3) == 0 {
                text.push_str(&self.anything());
                text.push(' ');
            }
        }
        text.chars().take(most).collect()
    }

    /// Lines, with blank ones between and around them.
    fn list(&mut self) -> String {
        let mut text = "\n".repeat(usize::try_from(self.dice.below(2)).unwrap_or(0));
        for _ in 0..2 + self.dice.below(4) {
            text.push_str("- ");
            text.push_str(&self.anything());
            text.push_str(self.dice.pick(&["\n", "\n\n", "\r\n", " \n \n \n", "\n\n\n\n"]));
        }
        text
    }
}

/// `SplitMix64`: small, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let index = self.below(from.len() as u64);
        from[usize::try_from(index).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_texts_and_another_seed_others() {
        let some = |seed| texts(200, seed).collect::<Vec<_>>();
        assert_eq!(some(1), some(1));
        assert_ne!(some(1), some(2));
    }

    #[test]
    fn every_kind_is_among_them() {
        let all: Vec<_> = texts(2_000, 7).collect();
        for mark in ["https://", "@alice", "#geese", "👨‍👩‍👧‍👦", "今日", "الخير", "नमस्ते", "\n- ", "$AAPL"]
        {
            assert!(all.iter().any(|text| text.contains(mark)), "{mark}");
        }
        assert!(all.iter().any(|text| text.chars().count() > 300));
        assert!(all.iter().all(|text| !text.trim().is_empty()));
    }

    #[test]
    fn the_kinds_add_up_to_a_hundred() {
        assert_eq!(KINDS.iter().map(|(_, share)| share).sum::<u64>(), 100);
    }
}
