use super::chars::is_space;
use super::clean_newlines;

/// The text as the official composer posts it: without blank lines before it or spaces after it, and never more than
/// one blank line in a row. Spaces before the first word stay, for drawings in text.
pub fn compose(text: &str) -> String {
    let text = text.trim_end_matches(is_space);
    let indented = text.trim_start_matches(is_space);
    let blank = &text[..text.len() - indented.len()];
    let first_line = blank.rfind('\n').map_or(0, |newline| newline + 1);
    clean_newlines(&text[first_line..])
}

#[cfg(test)]
mod tests {
    use super::compose;

    #[test]
    fn only_spaces_make_an_empty_text() {
        assert_eq!(compose(" \n\u{feff} \n"), "");
        assert_eq!(compose(""), "");
    }

    #[test]
    fn composing_twice_changes_nothing() {
        let once = compose("\r\n \n  a\n\n\n\n b \u{3000}");
        assert_eq!(once, "  a\n\n b");
        assert_eq!(compose(&once), once);
    }
}
