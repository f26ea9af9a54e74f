//! Pictures within the parts of a thread, as Markdown writes them: `![what it shows](path or address)`.

use skein_domain::{Media, Part};
use std::path::Path;

use crate::originals::is_address;

/// Places of a line that are looked at; what begins a picture after these is text.
const TRIES_A_LINE: usize = 100;

/// Takes the pictures out of a text. Paths are as seen from `folder`. A line that held nothing else goes with them, and
/// `\![` is text. What is not finished on its line is text too.
pub(super) fn take_pictures(text: &str, folder: &Path) -> Part {
    let mut media = Vec::new();
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let before = media.len();
        let left = take_from_line(line, folder, &mut media);
        if media.len() == before || !left.trim().is_empty() {
            lines.push(left);
        }
    }
    Part { text: lines.join("\n"), media }
}

fn take_from_line(line: &str, folder: &Path, media: &mut Vec<Media>) -> String {
    let mut left = String::with_capacity(line.len());
    let mut rest = line;
    // Each try may walk to the end of the line.
    for _ in 0..TRIES_A_LINE {
        let Some(at) = rest.find("![") else { break };
        let (before, from) = rest.split_at(at);
        if let Some(before) = before.strip_suffix('\\') {
            left.push_str(before);
            left.push_str("![");
            rest = &from[2..];
            continue;
        }
        left.push_str(before);
        if let Some((alt, source, after)) = picture(from) {
            media.push(Media::new(seen_from(folder, &source), alt));
            // The words around a picture keep one space between them.
            let spaced = left.is_empty() || left.ends_with(' ');
            rest = if spaced { after.strip_prefix(' ').unwrap_or(after) } else { after };
        } else {
            left.push_str("![");
            rest = &from[2..];
        }
    }
    left.push_str(rest);
    left
}

/// A picture at the beginning of the text: its alt text, where it is, and what follows it.
fn picture(text: &str) -> Option<(String, String, &str)> {
    let (alt, after) = enclosed(text.strip_prefix('!')?, '[', ']')?;
    let (source, after) = enclosed(after, '(', ')')?;
    let source = source.trim();
    let source = source.strip_prefix('<').and_then(|source| source.strip_suffix('>')).unwrap_or(source);
    (!source.is_empty()).then(|| (without_escapes(alt), without_escapes(source), after))
}

/// What stands between a bracket at the beginning and the one that closes it, and what follows.
fn enclosed(text: &str, open: char, close: char) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    let mut escaped = false;
    for (at, char) in text.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if char == open => depth += 1,
            _ if char == close => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            let inside = text.get(open.len_utf8()..at)?;
            return Some((inside, &text[at + close.len_utf8()..]));
        }
    }
    None
}

/// `\]` and the like mean the bracket; a backslash before anything else is one.
fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match chars.peek() {
            Some(next) if char == '\\' && r"[]()<>\!".contains(*next) => plain.extend(chars.next()),
            _ => plain.push(char),
        }
    }
    plain
}

fn seen_from(folder: &Path, source: &str) -> String {
    if is_address(source) {
        return source.to_owned();
    }
    folder.join(source).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str) -> (String, Vec<(String, String)>) {
        let Part { text, media } = take_pictures(text, Path::new("/notes"));
        (text, media.into_iter().map(|media| (media.alt, media.source)).collect())
    }

    fn one(alt: &str, source: &str) -> Vec<(String, String)> {
        vec![(alt.to_owned(), source.to_owned())]
    }

    #[test]
    fn a_picture_on_its_own_line_takes_the_line_with_it() {
        assert_eq!(taken("one\n![A cat](cat.png)\ntwo"), ("one\ntwo".to_owned(), one("A cat", "/notes/cat.png")));
        assert_eq!(taken("![A cat](cat.png)"), (String::new(), one("A cat", "/notes/cat.png")));
        let (text, media) = taken("  ![a](a.png) ![b](b.png)  \n\nend");
        assert_eq!((text.as_str(), media.len()), ("\nend", 2));
    }

    #[test]
    fn a_picture_among_words_leaves_one_space() {
        assert_eq!(taken("see ![it](a.png) here"), ("see here".to_owned(), one("it", "/notes/a.png")));
        assert_eq!(taken("see (![it](a.png))"), ("see ()".to_owned(), one("it", "/notes/a.png")));
    }

    #[test]
    fn paths_and_addresses_are_as_they_are_written() {
        assert_eq!(taken("![](/a/b.png)").1, one("", "/a/b.png"));
        assert_eq!(taken("![x](https://example.com/a_(b).png?c=d)").1, one("x", "https://example.com/a_(b).png?c=d"));
        assert_eq!(taken("![x](<my cat (1).png>)").1, one("x", "/notes/my cat (1).png"));
        assert_eq!(taken("![x](my cat.png)").1, one("x", "/notes/my cat.png"));
        assert_eq!(taken("![a [b] \\] c](a\\)b.png)").1, one("a [b] ] c", "/notes/a)b.png"));
    }

    #[test]
    fn what_is_no_picture_stays_as_it_is() {
        for text in [
            "![x]",
            "![x] (a.png)",
            "![x](a.png",
            "![x]()",
            "![x\ny](a.png)",
            "hi![",
            "![[x](a.png)",
            "[x](a.png)",
            "!",
        ] {
            assert_eq!(taken(text), (text.to_owned(), vec![]), "{text}");
        }
        assert_eq!(taken(r"\![x](a.png)"), ("![x](a.png)".to_owned(), vec![]));
    }
}
