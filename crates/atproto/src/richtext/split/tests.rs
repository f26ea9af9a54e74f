use super::*;
use crate::richtext::{Feature, compose, detect, graphemes};

const ROOM: Room = Room { graphemes: 20, bytes: 200 };

fn rich(text: &str) -> RichText {
    RichText { detected: detect(text), text: text.to_owned() }
}

fn cut(text: &str) -> Vec<String> {
    split(&[rich(text)], ROOM, false).into_iter().map(|piece| piece.rich.text).collect()
}

fn numbered(texts: &[&str]) -> Vec<String> {
    let texts: Vec<_> = texts.iter().copied().map(rich).collect();
    split(&texts, ROOM, true).into_iter().map(|piece| piece.rich.text).collect()
}

#[test]
fn what_has_room_stays_as_it_is() {
    for text in ["", "short", "  drawing\n  in text", "exactly twenty chars"] {
        assert_eq!(cut(text), [text]);
        assert_eq!(numbered(&[text]), [text]);
    }
}

#[test]
fn the_best_place_in_the_second_half_is_taken() {
    assert_eq!(cut("One. Two three\n\nfour five. six"), ["One. Two three", "four five. six"]);
    assert_eq!(cut("One. Two. Three\nfour. five six"), ["One. Two. Three", "four. five six"]);
    assert_eq!(cut("One two three. Four five six"), ["One two three.", "Four five six"]);
    assert_eq!(cut("one two three four five six"), ["one two three four", "five six"]);
    assert_eq!(cut("Hi.\n\nThis is one paragraph"), ["Hi.\n\nThis is one", "paragraph"], "a short one is joined");
}

#[test]
fn words_are_torn_only_where_nothing_else_is_possible() {
    assert_eq!(cut("a abcdefghijklmnopqrstuvwxyz"), ["a", "abcdefghijklmnopqrst", "uvwxyz"]);
    assert_eq!(cut("half-way-through-a-word"), ["half-way-through-a-", "word"]);
    assert_eq!(cut("一二三四五六七八九十。一二三四五六七八九十"), ["一二三四五六七八九十。", "一二三四五六七八九十"]);
    let family = "👩\u{200d}👩\u{200d}👧";
    assert_eq!(cut(&family.repeat(12)), [family.repeat(11), family.to_owned()], "by bytes");
}

#[test]
fn what_was_detected_is_never_cut() {
    assert_eq!(cut("see (https://a.com/0123456789)"), ["see", "(", "https://a.com/0123456789", ")"]);
    assert_eq!(cut("ab cd @alice-of-the-lake.test x"), ["ab cd", "@alice-of-the-lake.test", "x"]);
    let text = RichText {
        text: "one two three four five".to_owned(),
        detected: vec![Detected {
            byte_start: 4,
            byte_end: 18,
            feature: Feature::Link { uri: "https://a.com".to_owned() },
        }],
    };
    let pieces = split(&[text], ROOM, false);
    let shown: Vec<_> = pieces.iter().map(|piece| (piece.from, piece.rich.text.as_str())).collect();
    assert_eq!(shown, [(0, "one two three four"), (19, "five")]);
    assert_eq!((pieces[0].rich.detected.len(), pieces[1].rich.detected.len()), (1, 0));
}

#[test]
fn positions_move_into_the_part() {
    let pieces = split(&[rich("🦋 first part here\n\n🦋 #tag @a.test")], ROOM, false);
    let found = &pieces[1].rich.detected;
    let shown: Vec<_> = found.iter().map(|found| &pieces[1].rich.text[found.byte_start..found.byte_end]).collect();
    assert_eq!(shown, ["#tag", "@a.test"]);
}

#[test]
fn lines_keep_their_indent_and_cuts_lose_their_blanks() {
    assert_eq!(cut("one two three four  \n\n   indented line"), ["one two three four", "   indented line"]);
    let wide = format!("one two three four\n{}x", " ".repeat(30));
    assert_eq!(cut(&wide), ["one two three four", "x"]);
    assert_eq!(cut(&format!("{}some words are here", " ".repeat(11))), ["some words are here"]);
}

#[test]
fn numbers_have_their_room() {
    assert_eq!(numbered(&["one two three four five six"]), ["one two three (1/2)", "four five six (2/2)"],);
    assert_eq!(numbered(&["one", "two"]), ["one (1/2)", "two (2/2)"]);
    assert_eq!(numbered(&["one", "", "three"]), ["one (1/3)", "", "three (3/3)"], "an empty part has none");
}

#[test]
fn the_number_of_parts_and_the_room_for_it_agree() {
    for words in 2..400 {
        let text = vec!["word"; words].join(" ");
        let parts = numbered(&[&text]);
        let total = parts.len();
        for (index, part) in parts.iter().enumerate() {
            assert!(graphemes(part) <= ROOM.graphemes, "{part}");
            assert!(total == 1 || part.ends_with(&format!(" ({}/{total})", index + 1)), "{part}");
        }
    }
}

#[test]
fn a_single_grapheme_without_room_is_a_part_of_its_own() {
    let heavy = format!("e{}", "\u{301}".repeat(150));
    assert_eq!(cut(&format!("ab {heavy}cd")), ["ab".to_owned(), heavy.clone(), "cd".to_owned()]);
    assert_eq!(cut(&compose(&format!("   {heavy}"))), [format!("   {heavy}")]);
}
