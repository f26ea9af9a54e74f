//! A preview, for people: parts with their counts and facets, what would be refused, the records.

use skein_domain::ports::Limits;
use skein_domain::{CardPreview, MediaPreview, PartPreview, Preview, RecordPreview, VideoPreview};

use super::faults;
use crate::exit::{Exit, Failure};
use crate::screen::{Line, Tone};
use crate::text::count;

/// Everything that a preview tells.
pub(crate) fn preview(preview: &Preview, limits: Limits, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for (index, part) in preview.parts.iter().enumerate() {
        if preview.parts.len() > 1 {
            lines.push(Line::of(Tone::Strong, format!("Part {} of {}", index + 1, preview.parts.len())));
        }
        lines.extend(part_lines(part, limits));
        lines.push(Line::blank());
    }
    if !preview.warnings.is_empty() {
        lines.extend(faults::warnings(&preview.warnings));
        lines.push(Line::blank());
    }
    if !preview.faults.is_empty() {
        let all = preview.faults.iter().map(|fault| fault.fault.clone()).collect();
        let refused = Failure { exit: Exit::Refused, faults: all, aftermath: String::new() };
        lines.extend(faults::failure(&refused, width));
        return lines;
    }
    match &preview.records {
        Some(records) => lines.extend(records.iter().flat_map(record_lines)),
        None => lines
            .push(Line::of(Tone::Faint, "Nobody was asked: mentions are told by handle, and there are no records.")),
    }
    while lines.last().is_some_and(|line| line.plain().is_empty()) {
        lines.pop();
    }
    lines
}

fn part_lines(part: &PartPreview, limits: Limits) -> Vec<Line> {
    let mut lines: Vec<Line> = part.text.split('\n').map(|line| Line::from("  ").and(Tone::Plain, line)).collect();
    let over = part.graphemes > limits.text_graphemes || part.bytes > limits.text_bytes;
    let counts =
        format!("{} of {} characters, {}", part.graphemes, limits.text_graphemes, count(part.bytes, "byte", "bytes"));
    lines.push(Line::from("  ").and(if over { Tone::Bad } else { Tone::Faint }, counts));
    for facet in &part.facets {
        let shown = part.text.get(facet.byte_start..facet.byte_end).unwrap_or_default();
        let label = format!("{:9}", facet.kind.as_str());
        lines.push(Line::from("  ").and(Tone::Faint, label).and(Tone::Plain, format!("{shown} → {}", facet.value)));
    }
    for (place, picture) in part.media.iter().enumerate() {
        let alt =
            if picture.alt.trim().is_empty() { "no alt text".to_owned() } else { format!("“{}”", picture.alt) };
        let label = format!("{:9}", format!("picture {}", place + 1));
        let shown = format!("{}, {alt}", picture_words(picture));
        lines.push(Line::from("  ").and(Tone::Faint, label).and(Tone::Plain, format!(" {shown}")));
    }
    lines.extend(part.card.iter().flat_map(card_lines));
    lines.extend(part.video.iter().map(video_line));
    lines
}

fn picture_words(picture: &MediaPreview) -> String {
    let MediaPreview { mime, bytes, width, height, .. } = picture;
    format!("{mime}, {width} × {height} px, {bytes} bytes")
}

fn video_line(video: &VideoPreview) -> Line {
    let VideoPreview { mime, bytes, width, height, duration_ms, presentation, alt, captions } = video;
    let mut words = vec![mime.clone()];
    words.extend(width.zip(*height).map(|(width, height)| format!("{width} × {height} px")));
    words.extend(duration_ms.map(|ms| format!("{}.{} s", ms / 1_000, ms % 1_000 / 100)));
    words.push(format!("{bytes} bytes"));
    words.extend((*presentation == "gif").then(|| "shown as a GIF".to_owned()));
    words.push(if alt.trim().is_empty() { "no alt text".to_owned() } else { format!("“{alt}”") });
    words.extend(captions.iter().map(|caption| format!("captions in {}", caption.lang)));
    Line::from("  ").and(Tone::Faint, format!("{:9}", "video")).and(Tone::Plain, format!(" {}", words.join(", ")))
}

fn card_lines(card: &CardPreview) -> Vec<Line> {
    let thumb = card.thumb.as_ref().map_or_else(|| "no picture".to_owned(), picture_words);
    let told = [("card", &card.title), ("", &card.description), ("", &card.url), ("", &thumb)];
    let told = told.into_iter().filter(|(_, words)| !words.is_empty());
    told.map(|(label, words)| {
        Line::from("  ").and(Tone::Faint, format!("{label:9}")).and(Tone::Plain, format!(" {words}"))
    })
    .collect()
}

fn record_lines(record: &RecordPreview) -> Vec<Line> {
    let head = format!("Record in {} of @{}", record.collection, record.account);
    let mut lines = vec![Line::of(Tone::Strong, head)];
    let not_fixed = format!("Not yet fixed, until the post is prepared: {}", record.not_fixed.join(", "));
    lines.push(Line::of(Tone::Faint, not_fixed));
    // The alternate form is the indented one.
    lines.extend(format!("{:#}", record.value).lines().map(Line::from));
    lines.push(Line::blank());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::plain;
    use serde_json::json;
    use skein_domain::{FacetKind, FacetPreview, Fault, Warning};

    const LIMITS: Limits = skein_connect::bluesky::LIMITS;

    fn part() -> PartPreview {
        let facet = FacetPreview { byte_start: 7, byte_end: 10, kind: FacetKind::Tag, value: "is".to_owned() };
        PartPreview {
            text: "thät\n\u{1b}#is".to_owned(),
            graphemes: 9,
            bytes: 10,
            facets: vec![facet],
            media: Vec::new(),
            card: None,
            video: None,
        }
    }

    #[test]
    fn parts_have_their_counts_and_facets() {
        let shown = Preview { parts: vec![part(), part()], ..Preview::default() };
        let one = "  thät\n  ␛#is\n  9 of 300 characters, 10 bytes\n  tag      #is → is\n\n";
        let end = "Nobody was asked: mentions are told by handle, and there are no records.";
        assert_eq!(plain(&preview(&shown, LIMITS, 100)), format!("Part 1 of 2\n{one}Part 2 of 2\n{one}{end}"));
    }

    #[test]
    fn records_are_indented_and_say_what_is_not_fixed() {
        let record = RecordPreview {
            account: "alice.test".to_owned(),
            collection: "app.bsky.feed.post".to_owned(),
            value: json!({"text": "hi"}),
            not_fixed: vec!["/createdAt".to_owned(), "/reply/root/uri".to_owned()],
        };
        let shown = Preview { records: Some(vec![record]), ..Preview::default() };
        assert_eq!(
            plain(&preview(&shown, LIMITS, 100)),
            "Record in app.bsky.feed.post of @alice.test\nNot yet fixed, until the post is prepared: /createdAt, /reply/root/uri\n{\n  \
             \"text\": \"hi\"\n}"
        );
    }

    #[test]
    fn a_video_says_what_it_is() {
        let captions = vec![skein_domain::CaptionPreview { lang: "en".to_owned(), bytes: 7 }];
        let video = VideoPreview {
            mime: "video/mp4".to_owned(),
            bytes: 9,
            width: Some(64),
            height: Some(48),
            duration_ms: Some(2_345),
            presentation: "gif",
            alt: "A goose.".to_owned(),
            captions,
        };
        let shown = "  video     video/mp4, 64 × 48 px, 2.3 s, 9 bytes, shown as a GIF, “A goose.”, captions in en";
        assert_eq!(video_line(&video).plain(), shown);
        let unknown = VideoPreview {
            width: None,
            duration_ms: None,
            presentation: "default",
            alt: " ".to_owned(),
            captions: Vec::new(),
            ..video
        };
        assert_eq!(video_line(&unknown).plain(), "  video     video/mp4, 9 bytes, no alt text");
    }

    #[test]
    fn faults_stand_where_the_records_would() {
        let fault = |code: &str| Fault::content(code, "parts[0].text", "It is too long.").next("Shorten it.").into();
        let warnings = vec![Warning::new("w", "parts[0].text", "Nobody is called @nobody.test.")];
        let shown = Preview { faults: vec![fault("a"), fault("b")], warnings, ..Preview::default() };
        let told = plain(&preview(&shown, LIMITS, 100));
        assert!(
            told.starts_with("Note: Nobody is called @nobody.test.\n\nRefused, for 2 reasons:\n\n  1. It is too long."),
            "{told}"
        );
        assert!(!told.contains("Nobody was asked"), "{told}");
    }
}
