use memchr::memchr2;
use std::ops::Range;

use super::chars::is_space;

/// This many line breaks in a row become [`KEPT`].
const TOO_MANY: usize = 3;
pub(super) const KEPT: &str = "\n\n";

/// Makes three and more line breaks two, as the official app does. CR and LF count one each; spaces and invisible
/// characters between line breaks do not matter and go with them.
pub fn clean_newlines(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut done = 0;
    for run in too_many(text) {
        cleaned.push_str(&text[done..run.start]);
        cleaned.push_str(KEPT);
        done = run.end;
    }
    cleaned.push_str(&text[done..]);
    cleaned
}

/// Where there are more line breaks in a row than are kept.
pub(super) fn too_many(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let first = from + memchr2(b'\n', b'\r', &text.as_bytes()[from..])?;
            let (count, length) = line_breaks(&text[first..]);
            from = first + length;
            if count >= TOO_MANY {
                return Some(first..from);
            }
        }
    })
}

/// How many line breaks the text begins with, and where the last of them ends.
fn line_breaks(text: &str) -> (usize, usize) {
    let (mut count, mut end) = (0, 0);
    for (at, c) in text.char_indices() {
        if c == '\n' || c == '\r' {
            count += 1;
            end = at + 1;
        } else if !is_space(c) && !matches!(c, '\u{ad}' | '\u{2060}' | '\u{200b}'..='\u{200d}') {
            break;
        }
    }
    (count, end)
}

#[cfg(test)]
mod tests {
    use super::clean_newlines;

    #[test]
    fn spaces_around_the_line_breaks_stay() {
        assert_eq!(clean_newlines("a \n \n \n b"), "a \n\n b");
        assert_eq!(clean_newlines("a \n \n b"), "a \n \n b");
        assert_eq!(clean_newlines("\r\n\r\n"), "\n\n");
        assert_eq!(clean_newlines("\r\n"), "\r\n");
    }
}
