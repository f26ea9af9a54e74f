//! What becomes of the texts of a draft: read, shortened, cut. Check, preview and post are made of the same parts.

use skein_atproto::richtext::{self, Detected, LostLink, Markdown, RichText, Room, WhyLost};
use skein_domain::{Draft, Format, Layout, Media, Part, Split, Warning};

use super::capabilities::LIMITS;

/// The target of a link is repeated to its author up to here.
const TARGET_MAX_CHARS: usize = 200;

/// The parts that a draft becomes.
pub(crate) struct LaidOut {
    pub(crate) parts: Vec<LaidPart>,
    /// What was lost on the way.
    pub(crate) warnings: Vec<Warning>,
}

/// A part with its text as it will be published.
pub(crate) struct LaidPart {
    pub(crate) text: String,
    pub(crate) graphemes: usize,
    /// Mentions, links and tags, none of them looked up.
    pub(crate) detected: Vec<Detected>,
    pub(crate) media: Vec<Media>,
}

/// A text that was read, with what belongs to places in it.
struct Written {
    rich: RichText,
    media: Vec<(usize, Media)>,
    lost: Vec<LostLink>,
}

/// Lays out a draft. Takes time in proportion to the length of its texts.
pub(crate) fn lay_out(draft: &Draft) -> LaidOut {
    if draft.layout.is_plain() {
        return LaidOut { parts: draft.parts.iter().map(as_written).collect(), warnings: Vec::new() };
    }
    let (texts, beside): (Vec<_>, Vec<_>) = draft
        .parts
        .iter()
        .map(|part| {
            let Written { rich, media, lost } = write(part, draft.layout);
            (rich, (media, lost))
        })
        .unzip();
    let (mut parts, begins) = cut(texts, draft.layout.split);
    let mut warnings = Vec::new();
    for (of, (media, lost)) in beside.into_iter().enumerate() {
        // The last part of this text that begins before the place; each text has at least one.
        let at = |place: usize| begins.partition_point(|begin| *begin <= (of, place)).saturating_sub(1);
        for (place, media) in media {
            if let Some(part) = parts.get_mut(at(place)) {
                part.media.push(media);
            }
        }
        warnings.extend(lost.into_iter().map(|lost| lost_link(at(lost.at), &lost)));
    }
    LaidOut { parts, warnings }
}

/// The parts that a draft becomes, without what was found in their texts.
pub fn parts_of(draft: &Draft) -> Vec<Part> {
    lay_out(draft).parts.into_iter().map(|part| Part { text: part.text, media: part.media }).collect()
}

/// A part whose text is neither read nor cut.
fn as_written(part: &Part) -> LaidPart {
    LaidPart { media: part.media.clone(), ..laid(composed(&part.text)) }
}

fn composed(text: &str) -> RichText {
    let text = richtext::compose(text);
    RichText { detected: richtext::detect(&text), text }
}

fn laid(RichText { text, detected }: RichText) -> LaidPart {
    LaidPart { graphemes: richtext::graphemes(&text), text, detected, media: Vec::new() }
}

/// The parts, and for each from which text it is and where in it it begins.
fn cut(texts: Vec<RichText>, split: Split) -> (Vec<LaidPart>, Vec<(usize, usize)>) {
    if split == Split::Never {
        let begins = (0..texts.len()).map(|of| (of, 0)).collect();
        return (texts.into_iter().map(laid).collect(), begins);
    }
    let room = Room { graphemes: LIMITS.text_graphemes, bytes: LIMITS.text_bytes };
    let pieces = richtext::split(&texts, room, split == Split::Numbered);
    // What stands before the first words of a text belongs to its first part too.
    let begin = |index: usize| {
        let of = pieces[index].of;
        if index > 0 && pieces[index - 1].of == of { (of, pieces[index].from) } else { (of, 0) }
    };
    let begins = (0..pieces.len()).map(begin).collect();
    (pieces.into_iter().map(|piece| laid(piece.rich)).collect(), begins)
}

fn write(part: &Part, layout: Layout) -> Written {
    let given = part.media.iter().map(|media| (0, media.clone()));
    let written = match layout.format {
        Format::Plain => Written { rich: composed(&part.text), media: given.collect(), lost: Vec::new() },
        Format::Markdown => {
            let Markdown { text, facets, images, lost } = Markdown::read(&part.text);
            let images = images.into_iter().map(|image| (image.at, Media::new(image.source, image.alt)));
            Written { rich: RichText { text, detected: facets }, media: given.chain(images).collect(), lost }
        }
    };
    if layout.shorten { shortened(written) } else { written }
}

/// Shows links short, and moves what stands behind them.
fn shortened(Written { rich: RichText { text, detected }, mut media, mut lost }: Written) -> Written {
    let (shown, moved) = richtext::shorten_links(&text, &detected);
    let place_now = |at: usize| {
        let next = detected.partition_point(|found| found.byte_end <= at);
        let (was, is) = match next.checked_sub(1) {
            Some(last) => (detected[last].byte_end, moved[last].byte_end),
            None => (0, 0),
        };
        // Within a link there is only its beginning to go to.
        match detected.get(next).filter(|found| found.byte_start < at) {
            Some(_) => moved[next].byte_start,
            None => is + (at - was),
        }
    };
    for (at, _) in &mut media {
        *at = place_now(*at);
    }
    for lost in &mut lost {
        lost.at = place_now(lost.at);
    }
    Written { rich: RichText { text: shown, detected: moved }, media, lost }
}

fn lost_link(part: usize, lost: &LostLink) -> Warning {
    let target: String = lost.target.chars().take(TARGET_MAX_CHARS).collect();
    let (code, message) = match lost.why {
        WhyLost::NoWebAddress => (
            "link_not_web",
            format!("`{target}` is no address that begins with https:// or http://, so its words are no link."),
        ),
        WhyLost::NoWords => ("link_without_words", format!("The link to `{target}` has no words, so it is left out.")),
        WhyLost::NoPicture => (
            "picture_not_read",
            format!("`![…]({target})` is no picture but text: write ![…](<{target}>) where the path has spaces."),
        ),
    };
    Warning::new(code, format!("parts[{part}].text"), message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn laid(layout: Layout, parts: Vec<Part>) -> LaidOut {
        lay_out(&Draft { parts, layout, ..Draft::default() })
    }

    const MARKDOWN: Layout = Layout { format: Format::Markdown, split: Split::Never, shorten: false };

    fn media(source: &str) -> Media {
        Media::new(source, "")
    }

    #[test]
    fn a_plain_text_is_composed_and_nothing_else() {
        let laid = laid(Layout::default(), vec![Part::text("\n\n*a* [b](https://c.com)  ")]);
        assert_eq!(laid.parts[0].text, "*a* [b](https://c.com)");
        assert_eq!(laid.parts[0].detected.len(), 1);
    }

    #[test]
    fn pictures_and_warnings_go_to_the_part_where_they_stand() {
        let first = format!("![](a.png) {} [mail](mailto:a@b.c)", "word ".repeat(50));
        let text = format!("{first}\n\n![](b.png)\n\n{} [x](y.md)\n\n![](c.png)", "more ".repeat(50));
        let parts =
            vec![Part { text, media: vec![media("given.png")] }, Part::text("end ![](d.png) [](https://e.com)")];
        for shorten in [false, true] {
            let laid = laid(Layout { split: Split::Numbered, shorten, ..MARKDOWN }, parts.clone());
            let sources: Vec<Vec<_>> =
                laid.parts.iter().map(|part| part.media.iter().map(|media| media.source.as_str()).collect()).collect();
            assert_eq!(sources, [vec!["given.png", "a.png", "b.png"], vec!["c.png"], vec!["d.png"]]);
            assert!(laid.parts[2].text.ends_with("end (3/3)"));
            let told: Vec<_> = laid.warnings.iter().map(|told| (told.code.as_str(), told.field.as_str())).collect();
            let expected = [
                ("link_not_web", "parts[0].text"),
                ("link_not_web", "parts[1].text"),
                ("link_without_words", "parts[2].text"),
            ];
            assert_eq!(told, expected);
        }
    }

    #[test]
    fn links_are_shortened_before_they_are_counted_and_pictures_move_along() {
        let long = format!("https://example.com/{}", "x".repeat(300));
        let text = format!("{long} {long} ![](a.png)\n\n{}\n\n{}", "word ".repeat(40), "more ".repeat(40));
        let laid = laid(Layout { split: Split::Parts, shorten: true, ..MARKDOWN }, vec![Part::text(text)]);
        assert_eq!(laid.parts.len(), 2);
        assert!(laid.parts[0].text.starts_with("example.com/xxxxxxxxxxxx... example.com/xxxxxxxxxxxx...\n\nword"));
        assert_eq!((laid.parts[0].media.len(), laid.parts[1].media.len()), (1, 0));
        assert_eq!(laid.parts[0].detected.len(), 2);
    }

    fn part() -> impl Strategy<Value = Part> {
        let piece = prop::sample::select(vec![
            "![](P) ",
            "[a link](https://example.com/a/long/way) ",
            "https://example.com/a/very/long/way/to/go ",
            "[mail](mailto:a@b.c) ",
            "\n\n",
            "- ",
            "One sentence with some words in it. ",
            "#tag ",
            "👩\u{200d}👩\u{200d}👧",
        ]);
        vec(piece, 0..40).prop_map(|pieces| Part::text(pieces.concat()))
    }

    fn layout() -> impl Strategy<Value = Layout> {
        let split = prop::sample::select(vec![Split::Never, Split::Parts, Split::Numbered]);
        (split, any::<bool>()).prop_map(|(split, shorten)| Layout { split, shorten, ..MARKDOWN })
    }

    proptest! {
        #[test]
        fn every_picture_has_its_part_and_every_part_has_room(mut written in vec(part(), 1..4), layout in layout()) {
            let mut pictures = 0;
            for part in &mut written {
                while part.text.contains("(P)") {
                    part.text = part.text.replacen("(P)", &format!("({pictures}.png)"), 1);
                    pictures += 1;
                }
            }
            let texts = written.len();
            let laid = laid(layout, written);
            let sources: Vec<_> = laid.parts.iter().flat_map(|part| &part.media).map(|media| media.source.clone()).collect();
            prop_assert_eq!(sources, (0..pictures).map(|number| format!("{number}.png")).collect::<Vec<_>>());
            prop_assert!(laid.parts.len() == texts || (layout.split != Split::Never && laid.parts.len() > texts));
            for part in &laid.parts {
                prop_assert_eq!(part.graphemes, richtext::graphemes(&part.text));
                prop_assert!(layout.split == Split::Never || (part.graphemes <= 300 && part.text.len() <= 3_000));
                for found in &part.detected {
                    prop_assert!(part.text.get(found.byte_start..found.byte_end).is_some());
                }
            }
            for warning in &laid.warnings {
                let names = |part: usize| warning.field == format!("parts[{part}].text");
                prop_assert!((0..laid.parts.len()).any(names), "{}", warning.field);
            }
        }
    }

    #[test]
    fn every_text_has_a_part_also_where_it_is_empty() {
        let parts = vec![Part::text(""), Part { text: "  ".to_owned(), media: vec![media("a.png")] }, Part::text("b")];
        let laid = laid(Layout { split: Split::Numbered, ..Layout::default() }, parts);
        let texts: Vec<_> = laid.parts.iter().map(|part| (part.text.as_str(), part.media.len())).collect();
        assert_eq!(texts, [("", 0), ("", 1), ("b (3/3)", 0)]);
    }
}
