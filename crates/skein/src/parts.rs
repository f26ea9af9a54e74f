//! Reading what is to be posted: a text, or a file of parts split by lines that are exactly `---`.

mod pictures;

use skein_domain::{Fault, Part};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::exit::{Exit, Failure, NOTHING_STORED};

/// The largest file that is read. A thread of the most and longest parts that a platform takes is far smaller.
const INPUT_MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The line between two parts.
const SEPARATOR: &str = "---";

/// What was written, and the folder from which the paths in it are seen.
pub(crate) struct Written {
    pub(crate) parts: Vec<Part>,
    pub(crate) folder: PathBuf,
}

impl Written {
    /// A part from the command line; its paths are seen from where the command runs.
    pub(crate) fn one(part: Part) -> Self {
        Self { parts: vec![part], folder: PathBuf::new() }
    }
}

/// A text from the command line, or from standard input when it is `-`.
pub(crate) fn read_text(given: &str) -> Result<String, Failure> {
    if given != "-" {
        return Ok(given.to_owned());
    }
    let text = read_bounded(std::io::stdin().lock(), "standard input")?;
    Ok(with_plain_newlines(&text).trim_end_matches('\n').to_owned())
}

/// The parts in a file, or in standard input when it is `-`. Pictures are taken out of plain texts here; those of Markdown
/// are found where it is read.
pub(crate) fn read_parts(given: &str, is_markdown: bool) -> Result<Written, Failure> {
    let (text, folder) = if given == "-" {
        (read_bounded(std::io::stdin().lock(), "standard input")?, PathBuf::new())
    } else {
        let path = Path::new(given);
        let file = std::fs::File::open(path).map_err(|error| unreadable(given, &error))?;
        (read_bounded(file, given)?, path.parent().unwrap_or(Path::new("")).to_owned())
    };
    let texts = split(&text);
    if is_markdown {
        return Ok(Written { parts: texts.into_iter().map(Part::text).collect(), folder });
    }
    // Their paths are as seen from here already.
    let parts = texts.iter().map(|text| with_pictures(text, &folder)).collect();
    Ok(Written { parts, folder: PathBuf::new() })
}

/// The blank lines that pictures leave at the edges do not belong to the part either.
fn with_pictures(text: &str, folder: &Path) -> Part {
    let part = pictures::take_pictures(text, folder);
    let lines: Vec<&str> = part.text.split('\n').collect();
    Part { text: without_blank_edges(&lines), media: part.media }
}

/// Blank lines around a part do not belong to it. A separator at the very end closes the last part; anywhere else it
/// stands between two parts, and a part without text stays, so that the check can say which one it is.
fn split(text: &str) -> Vec<String> {
    let text = with_plain_newlines(text);
    let mut parts: Vec<Vec<&str>> = vec![Vec::new()];
    for line in text.split('\n') {
        if line == SEPARATOR {
            parts.push(Vec::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(line);
        }
    }
    let mut parts: Vec<String> = parts.into_iter().map(|lines| without_blank_edges(&lines)).collect();
    if parts.len() > 1 && parts.last().is_some_and(String::is_empty) {
        parts.pop();
    }
    parts
}

fn without_blank_edges(lines: &[&str]) -> String {
    let filled = |line: &&str| !line.trim().is_empty();
    match (lines.iter().position(filled), lines.iter().rposition(filled)) {
        (Some(first), Some(last)) => lines[first..=last].join("\n"),
        _ => String::new(),
    }
}

/// Without the byte order mark and the carriage returns that some editors write.
fn with_plain_newlines(text: &str) -> String {
    text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n")
}

fn read_bounded(from: impl Read, name: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    from.take(INPUT_MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > INPUT_MAX_BYTES {
        let fault = Fault::content("input_too_large", "parts", format!("There is too much text in {name}."))
            .over(format!("{INPUT_MAX_BYTES} bytes"), "more")
            .next("Give a smaller file.");
        return Err(Failure::new(Exit::Refused, fault, NOTHING_STORED));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let fault = Fault::content("not_utf8", "parts", format!("The text in {name} is not UTF-8 at byte {at}."))
            .next("Save it as UTF-8.");
        Failure::new(Exit::Refused, fault, NOTHING_STORED)
    })
}

fn unreadable(name: &str, error: &std::io::Error) -> Failure {
    let fault = Fault::content("input_unreadable", "parts", format!("{name} cannot be read: {error}."))
        .next("Give the path of a file, or - for standard input.");
    Failure::new(Exit::Usage, fault, NOTHING_STORED)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_file_has_parts_without_blank_edges(text in "([a-z]{0,3}|---|--|\u{feff}|\r\n|\n|[ \t]{1,2}|!\\[[a-z]?\\]\\([a-z./]{0,4}\\)){0,30}") {
            let texts = split(&text);
            prop_assert!(!texts.is_empty());
            for text in &texts {
                let lines: Vec<&str> = text.split('\n').collect();
                prop_assert!(text.is_empty() || [lines.first(), lines.last()].iter().flatten().all(|line| !line.trim().is_empty()));
                prop_assert!(!lines.contains(&SEPARATOR) && !text.contains("\r\n"));
                let part = with_pictures(text, Path::new("folder"));
                prop_assert!(part.text.len() + part.media.len() <= text.len());
            }
        }
    }

    fn texts(text: &str) -> Vec<String> {
        split(text)
    }

    #[test]
    fn parts_are_split_by_lines_of_three_hyphens() {
        assert_eq!(texts("one\n---\ntwo\n\nlines\n---\nthree\n"), ["one", "two\n\nlines", "three"]);
        assert_eq!(texts("one"), ["one"]);
    }

    #[test]
    fn pictures_are_found_beside_the_file_and_leave_no_blank_edges() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notes.md");
        std::fs::write(&file, "One\n\n![A cat](cat.png)\n---\n![](dog.png)\n").unwrap();
        let parts = read_parts(file.to_str().unwrap(), false).unwrap().parts;
        assert_eq!(parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>(), ["One", ""]);
        assert_eq!(parts[0].media[0].alt, "A cat");
        assert_eq!(Path::new(&parts[1].media[0].source), folder.path().join("dog.png"));
    }

    #[test]
    fn markdown_is_left_to_be_read_with_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notes.md");
        std::fs::write(&file, "One\n\n![A cat](cat.png)\n---\nTwo\n").unwrap();
        let written = read_parts(file.to_str().unwrap(), true).unwrap();
        assert_eq!(written.folder, folder.path());
        assert_eq!(written.parts, [Part::text("One\n\n![A cat](cat.png)"), Part::text("Two")]);
    }

    #[test]
    fn only_a_line_that_is_exactly_the_separator_splits() {
        assert_eq!(texts("one\n----\n --- \n--- more\nend"), ["one\n----\n --- \n--- more\nend"]);
    }

    #[test]
    fn files_of_every_editor_mean_the_same() {
        assert_eq!(texts("\u{feff}one\r\n---\r\ntwo\r\n"), ["one", "two"]);
    }

    #[test]
    fn blank_lines_around_parts_do_not_count_and_those_inside_do() {
        assert_eq!(texts("\n\n  one\n\n---\n\ntwo  \n \n"), ["  one", "two  "]);
    }

    #[test]
    fn a_separator_at_the_end_closes_the_last_part() {
        assert_eq!(texts("one\n---\ntwo\n---\n"), ["one", "two"]);
    }

    #[test]
    fn an_empty_part_elsewhere_stays_at_its_place() {
        assert_eq!(texts("one\n---\n\n---\nthree"), ["one", "", "three"]);
        assert_eq!(texts("---\ntwo"), ["", "two"]);
        assert_eq!(texts(""), [""]);
    }

    #[test]
    fn what_is_no_text_is_refused_with_the_place() {
        let failure = read_bounded(&b"ok \xff"[..], "notes.txt").unwrap_err();
        assert_eq!(failure.exit, Exit::Refused);
        assert_eq!(failure.faults[0].message, "The text in notes.txt is not UTF-8 at byte 3.");
    }

    #[test]
    fn too_much_text_is_refused() {
        let failure = read_bounded(std::io::repeat(b'a'), "standard input").unwrap_err();
        assert_eq!(failure.faults[0].limit.as_deref(), Some("4194304 bytes"));
    }
}
