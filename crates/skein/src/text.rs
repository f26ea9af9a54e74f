//! Text for the terminal: cleaned, shortened, wrapped, set in columns.

use memchr::memchr3_iter;
use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;

/// The text with every character that could command a terminal or reorder its neighbours replaced by a visible one.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
            '\u{7f}' => '\u{2421}',
            '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => {
                '\u{fffd}'
            }
            other => other,
        })
        .collect()
}

/// JSON that says the same, with every character as an escape that could command a terminal or reorder its neighbours.
/// Outside of its strings JSON has none of these.
pub(crate) fn escape_json(json: &str) -> Cow<'_, str> {
    if !needs_escapes(json.as_bytes()) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_escaped(c) {
            escaped.push_str("\\u");
            escaped.extend([12, 8, 4, 0].iter().filter_map(|shift| char::from_digit(u32::from(c) >> shift & 0xf, 16)));
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// Whether one of these characters is in JSON. Found by the bytes that they begin with in UTF-8, which are few.
pub(crate) fn needs_escapes(json: &[u8]) -> bool {
    memchr3_iter(0x7f, 0xc2, 0xe2, json).any(|at| {
        matches!(
            json[at..],
            [0x7f, ..]
                | [0xc2, 0x80..=0x9f, ..]
                | [0xe2, 0x80, 0x8e | 0x8f | 0xa8..=0xae, ..]
                | [0xe2, 0x81, 0xa6..=0xa9, ..]
        )
    })
}

/// The joiner that holds emoji together is none of them.
fn is_escaped(c: char) -> bool {
    matches!(
        c,
        '\u{7f}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// The first words on one line, at most so many characters as people count them.
pub(crate) fn shorten(text: &str, max_graphemes: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut graphemes = line.graphemes(true);
    let kept: String = graphemes.by_ref().take(max_graphemes).collect();
    if graphemes.next().is_none() {
        return kept;
    }
    let cut: String = kept.graphemes(true).take(max_graphemes.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

/// The text in lines of at most `width` characters, broken at blanks only, so that addresses stay whole.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    if lines.is_empty() { vec![String::new()] } else { lines }
}

/// Rows set in columns of equal width, two blanks apart; the last column is as wide as it likes.
pub(crate) fn columns(rows: &[Vec<String>]) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    rows.iter()
        .map(|row| {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}", width = *width)).collect();
            cells.join("  ").trim_end().to_owned()
        })
        .collect()
}

/// `1 post`, `3 posts`.
pub(crate) fn count(number: usize, one: &str, several: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {several}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_to_the_terminal_become_visible() {
        assert_eq!(clean("a\u{1b}]0;x\u{7}\r\n\tb\u{7f}\u{9b}c\u{202e}d"), "a␛]0;x␇␍␊␉b␡\u{fffd}c\u{fffd}d");
        assert_eq!(clean("Grüße 👩‍👩‍👧 日本"), "Grüße 👩‍👩‍👧 日本");
    }

    #[test]
    fn json_says_the_same_without_what_commands_a_terminal() {
        let given: String =
            ('\u{7f}'..='\u{a0}').chain('\u{200b}'..='\u{2070}').chain("Grüße 👩‍👩‍👧 日本\"\\".chars()).collect();
        let json = serde_json::to_string(&given).unwrap();
        let escaped = escape_json(&json);
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), given);
        assert_eq!(clean(&escaped), escaped, "nothing is left to clean");
        assert!(!escaped.contains(['\u{200e}', '\u{200f}']) && escaped.contains("\\u009b") && escaped.contains("👩‍👩‍👧"));
        assert!(matches!(escape_json("{\"text\":\"Grüße – 👩‍👩‍👧\"}"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_is_escaped_is_found_by_its_bytes() {
        for c in '\0'..=char::MAX {
            assert_eq!(needs_escapes(format!("é{c}–").as_bytes()), is_escaped(c), "{c:?}");
        }
    }

    #[test]
    fn long_texts_are_cut_between_what_people_see_as_characters() {
        assert_eq!(shorten("one\n two   three", 40), "one two three");
        assert_eq!(shorten("👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧", 2), "👩‍👩‍👧…");
        assert_eq!(shorten("abcdef", 6), "abcdef");
        assert_eq!(shorten("abcdefg", 6), "abcde…");
    }

    #[test]
    fn lines_break_at_blanks_only() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("at://averylongaddress x", 5), ["at://averylongaddress", "x"]);
        assert_eq!(wrap("", 5), [""]);
    }

    #[test]
    fn columns_line_up() {
        let rows = vec![vec!["a".to_owned(), "b".to_owned()], vec!["long".to_owned(), String::new()]];
        assert_eq!(columns(&rows), ["a     b", "long"]);
    }
}
