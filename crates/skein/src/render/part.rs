//! A part of a post on one line.

use skein_domain::{Media, Part};

use crate::text::{count, shorten};

/// The first words, and how many pictures there are.
pub(crate) fn in_short(part: &Part, max_graphemes: usize) -> String {
    let words = shorten(&part.text, max_graphemes);
    if part.media.is_empty() {
        return words;
    }
    let pictures = match part.media.as_slice() {
        [one] if is_called_video(one) => "[1 video]".to_owned(),
        several => format!("[{}]", count(several.len(), "picture", "pictures")),
    };
    if words.is_empty() { pictures } else { format!("{words} {pictures}") }
}

/// By its name, which is all that a post keeps of it: this only chooses a word.
fn is_called_video(media: &Media) -> bool {
    let name = media.source.to_ascii_lowercase();
    !media.captions.is_empty()
        || [".mp4", ".mov", ".m4v", ".webm", ".mpeg", ".mpg"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_counted_beside_the_words() {
        let media = |count| vec![Media::new("a.png", ""); count];
        let told = |text: &str, pictures| in_short(&Part { text: text.to_owned(), media: media(pictures) }, 7);
        assert_eq!(told("One two three", 0), "One tw…");
        assert_eq!(told("One", 1), "One [1 picture]");
        assert_eq!(told("", 2), "[2 pictures]");
        let film = Part { text: "One".to_owned(), media: vec![Media::new("film.MP4", "")] };
        assert_eq!(in_short(&film, 7), "One [1 video]");
    }
}
