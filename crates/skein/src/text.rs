//! Text for the terminal: cleaned, shortened, wrapped, set in columns.

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
