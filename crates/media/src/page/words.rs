//! Words of a page as they may stand in a card.

/// One line without control characters and without those that turn the direction of what follows; `None` when nothing is
/// left. Longer words are cut where one ends, with `…`.
pub(super) fn tidy(words: &str, max_chars: usize) -> Option<String> {
    let shown = words.chars().filter(|c| !is_hidden(*c)).collect::<String>();
    let line = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((end, _)) = line.char_indices().nth(max_chars) else { return (!line.is_empty()).then_some(line) };
    // One character is left for the dots. The cut must not be in front of half of the words only because one is long.
    let room = line[..end].char_indices().next_back().map_or(0, |(last, _)| last);
    let kept = &line[..room];
    let at_word = kept.rfind(' ').filter(|space| *space >= room / 2).unwrap_or(room);
    Some(format!("{}…", kept[..at_word].trim_end()))
}

/// Characters that are not seen and change what is: controls, but for white space, and marks of direction that need an end.
fn is_hidden(c: char) -> bool {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || c == '\u{feff}' || (c.is_control() && !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::tidy;

    #[test]
    fn words_become_one_line() {
        assert_eq!(tidy("  One\n\t two\u{a0}three  ", 100).as_deref(), Some("One two three"));
        assert_eq!(tidy(" \n\u{0}\u{202e}", 100), None);
    }

    #[test]
    fn what_would_deceive_the_eye_is_left_out() {
        assert_eq!(tidy("good\u{202e}gnp.exe\u{202c}\u{7}\u{9f}", 100).as_deref(), Some("goodgnp.exe"));
        // Joiners and marks of scripts that are written from the right stay.
        assert_eq!(
            tidy("می\u{200c}خواهم \u{200f}👩\u{200d}🚀", 100).as_deref(),
            Some("می\u{200c}خواهم \u{200f}👩\u{200d}🚀")
        );
    }

    #[test]
    fn long_words_are_cut_at_a_word() {
        assert_eq!(tidy("one two three", 13).as_deref(), Some("one two three"));
        assert_eq!(tidy("one two three", 12).as_deref(), Some("one two…"));
        assert_eq!(tidy(&"x".repeat(20), 5).as_deref(), Some("xxxx…"));
        assert_eq!(tidy(&"é".repeat(20), 1).as_deref(), Some("…"));
    }
}
