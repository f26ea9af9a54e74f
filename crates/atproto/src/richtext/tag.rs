use super::chars::{is_punctuation, is_space};
use super::{Detected, Feature, graphemes};

/// Limits of the record's schema (`app.bsky.richtext.facet#tag`).
const TAG_MAX_GRAPHEMES: usize = 64;
const TAG_MAX_BYTES: usize = 640;

/// The hashtag whose `#` or full-width `＃` is at `at`, where there is one at all.
///
/// A tag runs to the next space or invisible separator, holds something else than digits and punctuation, and loses
/// punctuation at its end. `#` before a variation selector is the keycap emoji, not a tag.
pub(super) fn at(text: &str, at: usize) -> Option<Detected> {
    let rest = text[at..].strip_prefix(['#', '＃'])?;
    if rest.starts_with('\u{fe0f}') {
        return None;
    }
    let run = &rest[..rest.find(ends_tag).unwrap_or(rest.len())];
    let tag = run.trim_end_matches(is_punctuation);
    if tag.len() > TAG_MAX_BYTES || !tag.contains(names_something) || graphemes(tag) > TAG_MAX_GRAPHEMES {
        return None;
    }
    let byte_end = text.len() - rest.len() + tag.len();
    Some(Detected { byte_start: at, byte_end, feature: Feature::Tag { tag: tag.to_owned() } })
}

fn ends_tag(c: char) -> bool {
    is_space(c) || matches!(c, '\u{ad}' | '\u{2060}' | '\u{200b}'..='\u{200d}' | '\u{20e2}')
}

fn names_something(c: char) -> bool {
    !c.is_ascii_digit() && !is_punctuation(c)
}

#[cfg(test)]
mod tests {
    use crate::richtext::{Feature, detect};

    fn tag(text: &str) -> Option<String> {
        detect(text).into_iter().find_map(|detected| match detected.feature {
            Feature::Tag { tag } => Some(tag),
            _ => None,
        })
    }

    #[test]
    fn a_tag_over_640_bytes_is_no_tag() {
        // A letter with four accents is one grapheme of 9 bytes, with five of 11: 64 of these are over the limit.
        let long = "e\u{301}\u{302}\u{303}\u{304}";
        assert_eq!(tag(&format!("#{}", long.repeat(64))).map(|tag| tag.len()), Some(576));
        let too_long = format!("{long}\u{305}");
        assert_eq!(tag(&format!("#{}", too_long.repeat(64))), None);
        assert_eq!(tag(&format!("#{}", too_long.repeat(58))).map(|tag| tag.len()), Some(638));
    }

    #[test]
    fn a_joiner_ends_a_tag() {
        assert_eq!(tag("#\u{1f468}\u{200d}\u{1f469}").as_deref(), Some("\u{1f468}"));
    }

    #[test]
    fn a_tag_needs_a_space_before_it() {
        assert_eq!(tag("(#tag)"), None);
        assert_eq!(tag("x#tag"), None);
        assert_eq!(tag("\u{feff}#tag").as_deref(), Some("tag"));
    }
}
