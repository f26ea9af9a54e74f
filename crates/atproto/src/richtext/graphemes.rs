use unicode_segmentation::UnicodeSegmentation;

/// Bytes that are looked at together.
const STEP_BYTES: usize = 16;

/// How many characters a reader sees: extended grapheme clusters (UAX #29), as Bluesky counts its limit of 300.
pub fn graphemes(text: &str) -> usize {
    let mut count = 0;
    let mut rest = text;
    // Between two characters that stand alone there is always a boundary. So the text is cut there, and only pieces of
    // several characters need the tables.
    while !rest.is_empty() {
        let alone = leading_alone(rest);
        // The last of them may be joined by what follows.
        count += alone.chars.saturating_sub(1);
        rest = &rest[alone.last..];
        let piece = first_piece(rest);
        count += if piece.chars().nth(1).is_none() { 1 } else { piece.graphemes(true).count() };
        rest = &rest[piece.len()..];
    }
    count
}

/// Characters that stand alone.
struct Alone {
    chars: usize,
    /// The first byte of the last of them.
    last: usize,
}

/// Those that a text begins with: some of ASCII, then others.
fn leading_alone(text: &str) -> Alone {
    let ascii = ascii_alone(text.as_bytes());
    let mut alone = Alone { chars: ascii, last: ascii.saturating_sub(1) };
    let others = text[ascii..].char_indices().take_while(|(_, c)| !c.is_ascii() && stands_alone(*c));
    for (at, _) in others {
        alone = Alone { chars: alone.chars + 1, last: ascii + at };
    }
    alone
}

fn ascii_alone(bytes: &[u8]) -> usize {
    let is_alone = |byte: &u8| byte.is_ascii() && *byte != b'\r';
    let steps = bytes.chunks_exact(STEP_BYTES);
    let whole = steps.take_while(|step| step.iter().fold(true, |all, byte| all & is_alone(byte))).count() * STEP_BYTES;
    whole + bytes[whole..].iter().take_while(|byte| is_alone(byte)).count()
}

/// The text up to where two characters that stand alone meet.
fn first_piece(text: &str) -> &str {
    let mut alone_before = false;
    for (at, c) in text.char_indices() {
        let alone = stands_alone(c);
        if alone_before && alone {
            return &text[..at];
        }
        alone_before = alone;
    }
    text
}

/// Whether a character never joins another one of this kind: true for most of those that people write. Those that join
/// their neighbours are not among them (marks, joiners, flags, skin tones, and CR, which joins LF), and neither are
/// characters that people rarely write.
const fn stands_alone(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{c}'
            | '\u{e}'..='\u{2ff}'
            | '\u{370}'..='\u{482}'
            | '\u{48a}'..='\u{590}'
            | '\u{5c8}'..='\u{5ff}'
            | '\u{606}'..='\u{60f}'
            | '\u{61b}'..='\u{64a}'
            | '\u{660}'..='\u{66f}'
            | '\u{671}'..='\u{6d5}'
            | '\u{904}'..='\u{939}'
            | '\u{964}'..='\u{980}'
            | '\u{e01}'..='\u{e30}'
            | '\u{e3f}'..='\u{e46}'
            | '\u{1e00}'..='\u{200b}'
            | '\u{200e}'..='\u{20cf}'
            | '\u{20f1}'..='\u{2cee}'
            | '\u{2e00}'..='\u{3029}'
            | '\u{3030}'..='\u{3098}'
            | '\u{309b}'..='\u{a66e}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{fe30}'..='\u{ff9d}'
            | '\u{1f200}'..='\u{1f3fa}'
            | '\u{1f400}'..='\u{1faff}'
    )
}

#[cfg(test)]
mod tests {
    use super::{graphemes, stands_alone};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use unicode_segmentation::UnicodeSegmentation;

    /// One of every class of the standard whose members may stand alone: any other, control, line feed, pictograph,
    /// consonant, and the two of whole Hangul syllables.
    const CLASSES: [char; 7] = ['a', '\0', '\n', '😂', 'क', '가', '각'];

    #[test]
    fn two_characters_that_stand_alone_are_never_joined() {
        for class in CLASSES {
            assert!(stands_alone(class), "{class:?}");
        }
        for c in ('\0'..=char::MAX).filter(|c| stands_alone(*c)) {
            for class in CLASSES {
                for pair in [[c, class], [class, c]] {
                    let text: String = pair.into_iter().collect();
                    assert_eq!(text.graphemes(true).count(), 2, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn what_joins_its_neighbours_does_not_stand_alone() {
        for c in ('\0'..=char::MAX).filter(|c| stands_alone(*c)) {
            // A linker joins consonants, and a joiner pictographs: only what is no part of a class can be before them.
            for text in [format!("🇩{c}"), format!("ᄀ{c}"), format!("a{c}\u{301}")] {
                let expected = text.graphemes(true).count();
                assert_eq!(graphemes(&text), expected, "{text:?}");
            }
        }
    }

    /// Characters of every class, and what real texts are made of.
    fn piece() -> impl Strategy<Value = String> {
        let of_classes = "\r\n\0aé中क가각\u{1100}\u{1161}\u{11a8}\u{301}\u{903}\u{94d}\u{93f}\u{600}\u{200d}\u{200c}\u{fe0f}😂👩🇩🇪🏽#️⃣";
        let any_class = prop::sample::select(of_classes.chars().collect::<Vec<_>>()).prop_map(String::from);
        let written = prop::sample::select(vec!["words, and more words", "👨‍👩‍👧‍👦", "क्षेत्र", "اللَّهِ", "がぎ", "ｶﾞ", "ไทยำ"]);
        prop_oneof![4 => any_class, 1 => written.prop_map(String::from), 1 => any::<char>().prop_map(String::from)]
    }

    proptest! {
        #[test]
        fn the_short_way_counts_as_the_tables_do(pieces in vec(piece(), 0..40)) {
            let text = pieces.concat();
            prop_assert_eq!(graphemes(&text), text.graphemes(true).count(), "{:?}", text);
        }
    }
}
