//! What must hold for any post, written in Markdown or cut into parts.

use proptest::collection::vec;
use proptest::prelude::*;
use skein_atproto::richtext::{Detected, Feature, Markdown, RichText, Room, compose, detect, graphemes, split};
use skein_atproto::syntax::Uri;

/// Markup and what posts are made of, so that random texts come near to real ones and to the edges of the rules.
const PIECES: &[&str] = &[
    " ",
    "  ",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\t",
    "    ",
    "\\",
    "*",
    "**",
    "_",
    "~~",
    "`",
    "```",
    "\n```\n",
    "# ",
    "\n> ",
    "> ",
    "\n- ",
    "- ",
    "\n1. ",
    "2) ",
    "\n---\n",
    "===",
    "[",
    "]",
    "](",
    ")",
    "(",
    "![",
    "<",
    ">",
    "<b>",
    "[a]",
    "[a]: https://a.com",
    "https://a.com/_x_",
    "a.com",
    "https://",
    "(https://b.com/c?d=e)",
    "](https://c.com/d)",
    "](mailto:a@b.c)",
    "](<x y.png>)",
    "@alice.test",
    "#tag",
    "＃tag",
    "$SKEIN",
    "word",
    "a",
    ". ",
    "! ",
    "。",
    "、",
    "&amp;",
    "&#10;",
    "&nbsp;",
    "\u{0}",
    "\u{200b}",
    "\u{200d}",
    "\u{feff}",
    "\u{3000}",
    "\u{600}",
    "é",
    "e\u{301}",
    "\u{301}",
    "👩\u{200d}👩\u{200d}👧",
    "🇯🇵",
    "क\u{94d}ष",
    "漢字",
];

fn piece() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(PIECES).prop_map(str::to_owned);
    prop_oneof![6 => fixed, 1 => "[a-z]{1,12}", 1 => any::<char>().prop_map(String::from)]
}

fn source() -> impl Strategy<Value = String> {
    vec(piece(), 0..60).prop_map(|pieces| pieces.concat())
}

fn check_ranges(text: &str, found: &[Detected]) -> Result<(), TestCaseError> {
    let mut end = 0;
    for Detected { byte_start, byte_end, feature } in found {
        prop_assert!(*byte_start >= end && byte_start < byte_end, "{:?} in {:?}", found, text);
        prop_assert!(text.get(*byte_start..*byte_end).is_some(), "{:?} in {:?}", found, text);
        if let Feature::Link { uri } = feature {
            prop_assert!(Uri::parse(uri).is_ok(), "{}", uri);
        }
        end = *byte_end;
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_markdown(source in source()) {
        let Markdown { text, facets, images, lost } = Markdown::read(&source);
        prop_assert_eq!(&compose(&text), &text);
        prop_assert!(!text.contains('\r') || source.contains("&#"), "{:?}", text);
        check_ranges(&text, &facets)?;
        prop_assert!(images.iter().map(|image| image.at).chain(lost.iter().map(|lost| lost.at)).all(|at| text.is_char_boundary(at)));
        prop_assert!(images.is_sorted_by_key(|image| image.at));
    }

    #[test]
    fn a_text_without_markup_is_the_same_in_markdown(words in vec(r"[a-z.,!?é🦋]{1,9}|@alice\.test|#tag|a\.com/b_c", 0..20)) {
        let text = words.join(" ");
        let read = Markdown::read(&text);
        prop_assert_eq!(&read.text, &compose(&text));
        prop_assert_eq!(read.facets, detect(&text));
    }

    #[test]
    fn parts_have_room_and_are_the_text(
        sources in vec((source(), any::<bool>()), 1..4), most in 8_usize..60, bytes in 40_usize..300, numbers in any::<bool>(),
    ) {
        let texts: Vec<RichText> = sources.iter().map(|(source, is_markdown)| {
            if *is_markdown {
                let read = Markdown::read(source);
                return RichText { text: read.text, detected: read.facets };
            }
            let text = compose(source);
            RichText { detected: detect(&text), text }
        }).collect();
        let pieces = split(&texts, Room { graphemes: most, bytes }, numbers);
        let total = pieces.len();
        for (of, whole) in texts.iter().enumerate() {
            let mut done = 0;
            let mut found = Vec::new();
            for (index, piece) in pieces.iter().enumerate().filter(|(_, piece)| piece.of == of) {
                let number = format!(" ({}/{total})", index + 1);
                let is_numbered = numbers && total > 1 && !piece.rich.text.is_empty();
                let text = if is_numbered { piece.rich.text.strip_suffix(&number).unwrap() } else { &piece.rich.text };
                prop_assert!(whole.text[done..piece.from].trim_matches(is_blank).is_empty(), "{:?} {:?}", pieces, whole);
                prop_assert!(whole.text[piece.from..].starts_with(text));
                prop_assert!(whole.text.is_empty() || !text.trim_matches(is_blank).is_empty(), "{:?}", pieces);
                prop_assert_eq!(&compose(text), text);
                check_ranges(text, &piece.rich.detected)?;
                let fits = graphemes(&piece.rich.text) <= most && piece.rich.text.len() <= bytes;
                prop_assert!(fits || cannot_be_cut(text, &piece.rich.detected), "{:?}", piece);
                found.extend(piece.rich.detected.iter().map(|found| Detected {
                    byte_start: found.byte_start + piece.from, byte_end: found.byte_end + piece.from, feature: found.feature.clone(),
                }));
                done = piece.from + text.len();
            }
            prop_assert!(whole.text[done..].trim_matches(is_blank).is_empty());
            prop_assert_eq!(&found, &whole.detected);
        }
    }
}

/// Whether a part is one range, or one grapheme, but for the blanks and punctuation that stay with it.
fn cannot_be_cut(text: &str, detected: &[Detected]) -> bool {
    detected.len() == 1 && graphemes(text) - graphemes(&text[detected[0].byte_start..detected[0].byte_end]) <= 60
        || graphemes(text.trim_matches(is_blank)) <= 1
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() && c != '\u{85}' || c == '\u{feff}'
}
