//! A preview as JSON, written straight into a buffer, as fast as a stream of previews needs it: the same bytes that
//! `serde` and [`escape_json`] give together.

use serde::Serialize;
use skein_domain::{FacetPreview, PartPreview, Preview};

use crate::text::{escape_json, needs_escapes};

/// Appends it.
pub(crate) fn write_preview(preview: &Preview, out: &mut Vec<u8>) -> serde_json::Result<()> {
    // Every field is named here, so that none that is new is forgotten.
    let Preview { parts, records, faults, warnings } = preview;
    out.extend_from_slice(b"{\"parts\":[");
    write_all(parts, out, write_part)?;
    out.extend_from_slice(b"],\"records\":");
    write_any(records, out)?;
    out.extend_from_slice(b",\"faults\":");
    write_any(faults, out)?;
    out.extend_from_slice(b",\"warnings\":");
    write_any(warnings, out)?;
    out.push(b'}');
    Ok(())
}

fn write_part(part: &PartPreview, out: &mut Vec<u8>) -> serde_json::Result<()> {
    let PartPreview { text, graphemes, bytes, facets, media, card, video } = part;
    out.extend_from_slice(b"{\"text\":");
    write_text(text, out)?;
    out.extend_from_slice(b",\"graphemes\":");
    serde_json::to_writer(&mut *out, graphemes)?;
    out.extend_from_slice(b",\"bytes\":");
    serde_json::to_writer(&mut *out, bytes)?;
    out.extend_from_slice(b",\"facets\":[");
    write_all(facets, out, write_facet)?;
    out.push(b']');
    if !media.is_empty() {
        out.extend_from_slice(b",\"media\":");
        write_any(media, out)?;
    }
    if let Some(card) = card {
        out.extend_from_slice(b",\"card\":");
        write_any(card, out)?;
    }
    if let Some(video) = video {
        out.extend_from_slice(b",\"video\":");
        write_any(video, out)?;
    }
    out.push(b'}');
    Ok(())
}

fn write_facet(facet: &FacetPreview, out: &mut Vec<u8>) -> serde_json::Result<()> {
    let FacetPreview { byte_start, byte_end, kind, value } = facet;
    out.extend_from_slice(b"{\"byteStart\":");
    serde_json::to_writer(&mut *out, byte_start)?;
    out.extend_from_slice(b",\"byteEnd\":");
    serde_json::to_writer(&mut *out, byte_end)?;
    out.extend_from_slice(b",\"type\":\"");
    out.extend_from_slice(kind.as_str().as_bytes());
    out.extend_from_slice(b"\",\"value\":");
    write_text(value, out)?;
    out.push(b'}');
    Ok(())
}

/// The items of a list, with commas between them.
fn write_all<T>(
    items: &[T],
    out: &mut Vec<u8>,
    write: impl Fn(&T, &mut Vec<u8>) -> serde_json::Result<()>,
) -> serde_json::Result<()> {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out)?;
    }
    Ok(())
}

/// Most texts hold nothing that JSON escapes, and are copied.
fn write_text(text: &str, out: &mut Vec<u8>) -> serde_json::Result<()> {
    let bytes = text.as_bytes();
    let escaped_by_json = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
    // All of them are looked at, which is faster than to stop at the first: the processor looks at many together.
    if bytes.iter().fold(false, |any, byte| any | escaped_by_json(byte)) || needs_escapes(bytes) {
        return write_any(text, out);
    }
    out.push(b'"');
    out.extend_from_slice(bytes);
    out.push(b'"');
    Ok(())
}

fn write_any(value: &(impl Serialize + ?Sized), out: &mut Vec<u8>) -> serde_json::Result<()> {
    out.extend_from_slice(escape_json(&serde_json::to_string(value)?).as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use skein_domain::{
        CaptionPreview, CardPreview, FacetKind, Fault, MediaPreview, RecordPreview, VideoPreview, Warning,
    };

    fn part(text: &str, values: &[&str]) -> PartPreview {
        let kinds = [FacetKind::Link, FacetKind::Mention, FacetKind::Tag].into_iter().cycle();
        let facet = |(value, kind): (&&str, _)| FacetPreview {
            byte_start: value.len(),
            byte_end: 1_000,
            kind,
            value: (*value).to_owned(),
        };
        PartPreview {
            text: text.to_owned(),
            graphemes: text.chars().count(),
            bytes: text.len(),
            facets: values.iter().zip(kinds).map(facet).collect(),
            media: Vec::new(),
            card: None,
            video: None,
        }
    }

    fn assert_same(preview: &Preview) {
        let mut written = Vec::new();
        write_preview(preview, &mut written).unwrap();
        let json = serde_json::to_string(preview).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), escape_json(&json));
    }

    #[test]
    fn every_character_is_written_as_by_way_of_serde() {
        for c in '\0'..=char::MAX {
            let text = format!("é{c}…");
            let mut written = Vec::new();
            write_text(&text, &mut written).unwrap();
            assert_eq!(written, escape_json(&serde_json::to_string(&text).unwrap()).as_bytes(), "{c:?}");
        }
    }

    #[test]
    fn a_preview_is_written_as_by_way_of_serde() {
        assert_same(&Preview::default());
        let long = "words ".repeat(100);
        let mut preview = Preview {
            parts: vec![
                part("", &[]),
                part("a \"b\"\n\u{202e}", &["https://a.com/\u{9b}", "é", "#"]),
                part(&long, &["x"]),
            ],
            ..Preview::default()
        };
        assert_same(&preview);
        let alt = "\u{7f}\"".to_owned();
        preview.parts[1].media =
            vec![MediaPreview { mime: "image/png".to_owned(), bytes: 1, width: 2, height: 3, alt }];
        preview.parts[1].card = Some(CardPreview {
            url: "https://a.example/\u{9b}".to_owned(),
            title: "\"\u{202e}".to_owned(),
            description: String::new(),
            thumb: None,
        });
        preview.parts[2].video = Some(VideoPreview {
            mime: "video/mp4".to_owned(),
            bytes: 9,
            width: Some(1),
            height: None,
            duration_ms: Some(2_000),
            presentation: "default",
            alt: "\u{2066}".to_owned(),
            captions: vec![CaptionPreview { lang: "en".to_owned(), bytes: 7 }],
        });
        preview.records = Some(vec![RecordPreview {
            account: "alice.test".to_owned(),
            collection: "app.bsky.feed.post".to_owned(),
            value: json!({"text": "\u{2066}"}),
            not_fixed: vec!["/createdAt".to_owned()],
        }]);
        let fault = Fault::content("a", "parts[1].text", "It \u{85} is.").over("1 byte", "2 bytes");
        preview.faults = vec![fault.clone().into(), fault.into()];
        preview.warnings = vec![Warning::new("w", "langs", "\u{200e}")];
        assert_same(&preview);
    }
}
