use super::hostname::is_known_tld;
use super::{Detected, Feature};

/// The mention whose `@` is at `at`: a run of letters, digits, dots and hyphens that ends in a known top-level domain.
///
/// `.test` counts as known, for networks under test. An underscore after the run makes it no mention.
pub(super) fn at(text: &str, at: usize) -> Option<Detected> {
    let rest = &text[at + 1..];
    let run = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')).count();
    if rest.as_bytes().get(run) == Some(&b'_') {
        return None;
    }
    let handle = rest[..run].trim_end_matches(['.', '-']);
    let (_, tld) = handle.rsplit_once('.')?;
    if !is_known_tld(tld) && !tld.eq_ignore_ascii_case("test") {
        return None;
    }
    Some(Detected {
        byte_start: at,
        byte_end: at + 1 + handle.len(),
        feature: Feature::Mention { handle: handle.to_owned() },
    })
}

#[cfg(test)]
mod tests {
    use crate::richtext::{Detected, Feature, detect};

    fn handles(text: &str) -> Vec<String> {
        let handle = |detected: Detected| match detected.feature {
            Feature::Mention { handle } => handle,
            other => panic!("{other:?} is no mention"),
        };
        detect(text).into_iter().map(handle).collect()
    }

    #[test]
    fn the_top_level_domain_may_be_in_any_case() {
        assert_eq!(handles("@Alice.COM @bob.Test"), ["Alice.COM", "bob.Test"]);
    }

    #[test]
    fn a_mention_ends_at_a_word_boundary() {
        assert_eq!(handles("@a.com. @b.com-, @c.comé @d.com_ @e.com_x"), ["a.com", "b.com", "c.com"]);
    }

    #[test]
    fn a_mention_needs_a_space_or_a_parenthesis_before_it() {
        assert_eq!(handles("a@b.com \u{3000}@c.com(@d.com) [@e.com]"), ["c.com", "d.com"]);
    }
}
