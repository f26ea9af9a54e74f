//! Classes of characters, as JavaScript's regular expressions define them.

use unicode_general_category::{GeneralCategory, get_general_category};

/// Whether JavaScript's `\s` matches: unlike Rust's white space it holds U+FEFF and lacks U+0085.
pub(super) const fn is_space(c: char) -> bool {
    matches!(
        c,
        '\t'..='\r'
            | ' '
            | '\u{a0}'
            | '\u{1680}'
            | '\u{2000}'..='\u{200a}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202f}'
            | '\u{205f}'
            | '\u{3000}'
            | '\u{feff}'
    )
}

/// The length in bytes of the space that begins here, or 0. `at` is on a character boundary of UTF-8 text.
pub(super) fn space_len(bytes: &[u8], at: usize) -> usize {
    match bytes[at] {
        b'\t'..=b'\r' | b' ' => 1,
        0xc2 if bytes.get(at + 1) == Some(&0xa0) => 2,
        0xe1 | 0xe2 | 0xe3 | 0xef => match bytes.get(at..at + 3) {
            Some(
                [0xe1, 0x9a, 0x80]
                | [0xe2, 0x80, 0x80..=0x8a | 0xa8 | 0xa9 | 0xaf]
                | [0xe2, 0x81, 0x9f]
                | [0xe3, 0x80, 0x80]
                | [0xef, 0xbb, 0xbf],
            ) => 3,
            _ => 0,
        },
        _ => 0,
    }
}

/// Whether a space may begin with this byte of UTF-8: false for letters of ASCII and within a character.
pub(super) const fn may_begin_space(byte: u8) -> bool {
    byte <= b' ' || byte >= 0xc2
}

/// Where the run without spaces that begins at `from` ends.
pub(super) fn next_space(bytes: &[u8], from: usize) -> usize {
    let is_space = |at: &usize| may_begin_space(bytes[*at]) && space_len(bytes, *at) != 0;
    (from..bytes.len()).find(is_space).unwrap_or(bytes.len())
}

/// Unicode's general category P.
pub(super) fn is_punctuation(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_punctuation() && !matches!(c, '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~');
    }
    matches!(
        get_general_category(c),
        GeneralCategory::ConnectorPunctuation
            | GeneralCategory::DashPunctuation
            | GeneralCategory::OpenPunctuation
            | GeneralCategory::ClosePunctuation
            | GeneralCategory::InitialPunctuation
            | GeneralCategory::FinalPunctuation
            | GeneralCategory::OtherPunctuation
    )
}

#[cfg(test)]
mod tests {
    use super::{get_general_category, is_punctuation, is_space, may_begin_space, space_len};

    #[test]
    fn spaces_in_bytes_are_the_spaces_in_characters() {
        for c in '\0'..=char::MAX {
            let expected = if is_space(c) { c.len_utf8() } else { 0 };
            let bytes = c.to_string().into_bytes();
            assert_eq!(space_len(&bytes, 0), expected, "{c:?}");
            assert!(expected == 0 || may_begin_space(bytes[0]), "{c:?}");
        }
    }

    #[test]
    fn the_short_way_for_ascii_punctuation_agrees_with_the_table() {
        for c in '\0'..='\x7f' {
            assert_eq!(is_punctuation(c), get_general_category(c).abbreviation().starts_with('P'), "{c:?}");
        }
    }
}
