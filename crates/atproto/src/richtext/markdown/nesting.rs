//! Bounding how deep quotations and lists can be within each other: reading each further line costs the parser time in
//! proportion to the depth, so a text of nothing but marks would take hours.

use std::borrow::Cow;

/// Marks of quotations and list items at the beginning of one line that are read as such; a further one is text.
const MARKS_MAX: usize = 64;

/// The source with a backslash before the first mark of a line that would be too deep.
pub(super) fn bounded(source: &str) -> Cow<'_, str> {
    let mut bounded = String::new();
    let mut done = 0;
    let mut start = 0;
    for line in source.split_inclusive('\n') {
        if let Some(mark) = first_too_deep(line) {
            bounded.push_str(&source[done..start + mark]);
            bounded.push('\\');
            done = start + mark;
        }
        start += line.len();
    }
    if done == 0 {
        return Cow::Borrowed(source);
    }
    bounded.push_str(&source[done..]);
    Cow::Owned(bounded)
}

/// Where in a line the mark or the delimiter of its number stands that is too deep.
fn first_too_deep(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let mut at = 0;
    for _ in 0..=MARKS_MAX {
        at += bytes[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let delimiter = at + digits;
        let is_mark = match bytes.get(delimiter)? {
            b'>' => digits == 0,
            b'-' | b'*' | b'+' => digits == 0 && bytes.get(at + 1).is_some_and(u8::is_ascii_whitespace),
            b'.' | b')' => digits > 0 && bytes.get(delimiter + 1).is_some_and(u8::is_ascii_whitespace),
            _ => false,
        };
        if !is_mark {
            return None;
        }
        at = delimiter + 1;
    }
    // A line across the page is one of marks alone.
    let is_line = |mark: u8| bytes.iter().all(|byte| *byte == mark || byte.is_ascii_whitespace());
    (!is_line(b'-') && !is_line(b'*')).then_some(at - 1)
}

#[cfg(test)]
mod tests {
    use super::bounded;

    #[test]
    fn the_mark_that_is_too_deep_becomes_text() {
        for (mark, escaped) in [("> ", "\\> "), (">", "\\>"), ("- ", "\\- "), ("* > ", "\\* > "), ("10) ", "10\\) ")] {
            let marks = if mark == "* > " { 32 } else { 64 };
            let fine = format!("a\n{}b\n", mark.repeat(marks));
            assert_eq!(bounded(&fine), fine);
            let deep = format!("é\n{}b\nc", mark.repeat(marks + 1));
            assert_eq!(bounded(&deep), format!("é\n{}{escaped}b\nc", mark.repeat(marks)));
        }
        let line = format!("{}\n", "- ".repeat(100));
        assert_eq!(bounded(&line), line);
    }
}
