//! What would be published, before anything is: texts with their counts and facets, the records, every fault.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::{Fault, Warning};

/// All that can be told about a post before it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Preview {
    /// The parts as they will be published, also where a fault keeps them from it.
    pub parts: Vec<PartPreview>,
    /// The records of every account, in the order of the parts. `None` when there are faults, or when nothing was asked.
    pub records: Option<Vec<RecordPreview>>,
    /// Why it would be refused; every reason at once.
    pub faults: Vec<PreviewFault>,
    /// What its author should know.
    pub warnings: Vec<Warning>,
}

/// One part, counted as the platform counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartPreview {
    /// The text as it will be published.
    pub text: String,
    /// What readers see as characters: extended grapheme clusters.
    pub graphemes: usize,
    /// Bytes of UTF-8.
    pub bytes: usize,
    /// Mentions, links and tags, in the order of the text.
    pub facets: Vec<FacetPreview>,
    /// The pictures as they will be published; none where nothing was asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<MediaPreview>,
    /// The link card as it will be published; none where nothing was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<CardPreview>,
    /// The video as it will be uploaded; none where nothing was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video: Option<VideoPreview>,
}

/// A video as it will be uploaded; the service that encodes it makes another file of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VideoPreview {
    /// Its MIME type.
    pub mime: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Width in pixels, as it is seen, where that is known.
    pub width: Option<u32>,
    /// Height in pixels, as it is seen, where that is known.
    pub height: Option<u32>,
    /// How long it plays, where that is known.
    pub duration_ms: Option<u64>,
    /// `default`, or `gif` for what is shown as GIFs are.
    pub presentation: &'static str,
    /// What it shows, for those who cannot see it; may be empty.
    pub alt: String,
    /// What is said in it, as text.
    pub captions: Vec<CaptionPreview>,
}

/// Captions of a video.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaptionPreview {
    /// Their language, as a BCP-47 tag.
    pub lang: String,
    /// Their length in bytes.
    pub bytes: u64,
}

/// A link card as it will be published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CardPreview {
    /// Where it leads.
    pub url: String,
    /// Its title.
    pub title: String,
    /// May be empty.
    pub description: String,
    /// Its picture.
    pub thumb: Option<MediaPreview>,
}

/// A picture as it will be published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MediaPreview {
    /// Its MIME type.
    pub mime: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What it shows, for those who cannot see it; may be empty.
    pub alt: String,
}

/// A range of the text that leads somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FacetPreview {
    /// First byte, of UTF-8.
    #[serde(rename = "byteStart")]
    pub byte_start: usize,
    /// The byte after the last one.
    #[serde(rename = "byteEnd")]
    pub byte_end: usize,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: FacetKind,
    /// The address of a link, the tag without its `#`, or who is mentioned: by identity, or by handle where nobody was asked.
    pub value: String,
}

/// What a facet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FacetKind {
    /// It leads to a page.
    Link,
    /// It leads to an account.
    Mention,
    /// It leads to a search.
    Tag,
}

impl FacetKind {
    /// The name, as programs get it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Mention => "mention",
            Self::Tag => "tag",
        }
    }
}

/// A record as it will be written, but for the members that are fixed when the post is prepared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordPreview {
    /// The handle of the account that will have it.
    pub account: String,
    /// Where it will be kept.
    pub collection: String,
    /// Its content; what is not fixed stands there with a provisional value.
    pub value: Value,
    /// JSON pointers into `value`: what may still become something else.
    pub not_fixed: Vec<String>,
}

/// A reason for which a post would be refused. Written with the six members `part`, `field`, `code`, `message`, `limit`
/// and `given`, all of them always there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewFault {
    /// Which part it concerns, counted from 0 as in the field `parts[2].text`.
    pub part: Option<usize>,
    /// The whole fault.
    pub fault: Fault,
}

impl PreviewFault {
    /// A fault of a part whose field does not name it.
    pub fn in_part(part: usize, fault: Fault) -> Self {
        Self { part: Some(part), fault }
    }
}

impl From<Fault> for PreviewFault {
    fn from(fault: Fault) -> Self {
        let index = fault.field.as_deref().and_then(|field| field.strip_prefix("parts[")?.split_once(']'));
        Self { part: index.and_then(|(index, _)| index.parse().ok()), fault }
    }
}

impl Serialize for PreviewFault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fault = serializer.serialize_struct("PreviewFault", 6)?;
        fault.serialize_field("part", &self.part)?;
        fault.serialize_field("field", &self.fault.field)?;
        fault.serialize_field("code", &self.fault.code)?;
        fault.serialize_field("message", &self.fault.message)?;
        fault.serialize_field("limit", &self.fault.limit)?;
        fault.serialize_field("given", &self.fault.given)?;
        fault.end()
    }
}

impl Preview {
    /// A preview of nothing but a reason to refuse it.
    pub fn refused(fault: Fault) -> Self {
        Self { faults: vec![fault.into()], ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_fault_names_the_part_of_its_field() {
        let of = |field: &str| PreviewFault::from(Fault::content("x", field, "X.")).part;
        assert_eq!(of("parts[12].text"), Some(12));
        assert_eq!([of("parts"), of("langs[1]"), of("reply_to")], [None; 3]);
    }

    #[test]
    fn every_member_is_written_also_where_it_is_empty() {
        let fault =
            Fault::content("too_long", "parts[2].text", "Too long.").over("3 bytes", "4 bytes").next("Shorten.");
        let preview = Preview { faults: vec![fault.into()], ..Preview::default() };
        let expected = json!({
            "parts": [],
            "records": null,
            "faults": [{
                "part": 2, "field": "parts[2].text", "code": "too_long", "message": "Too long.",
                "limit": "3 bytes", "given": "4 bytes",
            }],
            "warnings": [],
        });
        assert_eq!(serde_json::to_value(preview).unwrap(), expected);
        let part = PartPreview {
            text: "#a".to_owned(),
            graphemes: 2,
            bytes: 2,
            facets: vec![FacetPreview { byte_start: 0, byte_end: 2, kind: FacetKind::Tag, value: "a".to_owned() }],
            media: Vec::new(),
            card: None,
            video: None,
        };
        let facet = json!({"byteStart": 0, "byteEnd": 2, "type": "tag", "value": "a"});
        assert_eq!(
            serde_json::to_value(part).unwrap(),
            json!({"text": "#a", "graphemes": 2, "bytes": 2, "facets": [facet]})
        );
    }
}
