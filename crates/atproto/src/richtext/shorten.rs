use url::{Position, Url};

use super::{Detected, Feature};

/// A path, query and fragment longer than this are cut.
const TAIL_MAX_BYTES: usize = 15;
const TAIL_KEPT_BYTES: usize = 13;

/// How a link is shown: host and port, then the path with query and fragment, cut to 13 characters and `...` where they
/// have more than 15. Anything but an http or https URL comes back as it is.
pub fn short_url(url: &str) -> String {
    let shortened = Url::parse(url).ok().filter(|parsed| matches!(parsed.scheme(), "http" | "https")).map(|parsed| {
        let host = &parsed[Position::BeforeHost..Position::AfterPort];
        let tail = tail(&parsed);
        // The parser leaves only ASCII, but a cut in the middle of a character must be impossible, not unlikely.
        match tail.get(..TAIL_KEPT_BYTES) {
            Some(kept) if tail.len() > TAIL_MAX_BYTES => format!("{host}{kept}..."),
            _ => format!("{host}{tail}"),
        }
    });
    shortened.unwrap_or_else(|| url.to_owned())
}

/// Path, query and fragment; a lone slash, question mark or hash counts as nothing.
fn tail(url: &Url) -> String {
    let mut tail = if url.path() == "/" { String::new() } else { url.path().to_owned() };
    for (mark, part) in [('?', url.query()), ('#', url.fragment())] {
        if let Some(part) = part.filter(|part| !part.is_empty()) {
            tail.push(mark);
            tail.push_str(part);
        }
    }
    tail
}

/// Shows every link of a text short (see [`short_url`]) and moves what was detected accordingly; the links' targets stay
/// whole. A link that stands in the text without its scheme stays as it is, as in the official app.
///
/// `detected` is what [`super::detect`] found in this text; a range that is not in the text ends the shortening.
pub fn shorten_links(text: &str, detected: &[Detected]) -> (String, Vec<Detected>) {
    let mut shortened = String::with_capacity(text.len());
    let mut moved = Vec::with_capacity(detected.len());
    let mut done = 0;
    for Detected { byte_start, byte_end, feature } in detected {
        let (Some(before), Some(inside)) = (text.get(done..*byte_start), text.get(*byte_start..*byte_end)) else {
            break;
        };
        shortened.push_str(before);
        let start = shortened.len();
        match feature {
            Feature::Link { .. } => shortened.push_str(&short_url(inside)),
            Feature::Mention { .. } | Feature::Tag { .. } => shortened.push_str(inside),
        }
        moved.push(Detected { byte_start: start, byte_end: shortened.len(), feature: feature.clone() });
        done = *byte_end;
    }
    shortened.push_str(&text[done..]);
    (shortened, moved)
}

#[cfg(test)]
mod tests {
    use super::{short_url, shorten_links};
    use crate::richtext::{Feature, detect};

    #[test]
    fn what_is_no_web_address_stays() {
        for text in ["example.com/a/very/long/path/indeed", "ftp://example.com/a/very/long/path", "not a url", ""] {
            assert_eq!(short_url(text), text);
        }
    }

    #[test]
    fn ports_queries_and_fragments() {
        assert_eq!(short_url("http://example.com:8080/"), "example.com:8080");
        assert_eq!(short_url("https://example.com:443/?#"), "example.com");
        assert_eq!(short_url("https://example.com/?q=1#f"), "example.com?q=1#f");
        assert_eq!(short_url("https://example.com/a?query=very-long"), "example.com/a?query=very...");
    }

    #[test]
    fn what_follows_a_shortened_link_moves_with_it() {
        let text = "é https://example.com/some/very/long/path and example.org/some/very/long/path #tag";
        let (shortened, moved) = shorten_links(text, &detect(text));
        assert_eq!(shortened, "é example.com/some/very/lo... and example.org/some/very/long/path #tag");
        let shown: Vec<&str> = moved.iter().map(|range| &shortened[range.byte_start..range.byte_end]).collect();
        assert_eq!(shown, ["example.com/some/very/lo...", "example.org/some/very/long/path", "#tag"]);
        assert_eq!(moved[0].feature, Feature::Link { uri: "https://example.com/some/very/long/path".into() });
    }
}
