//! What a draft became for Bluesky: texts, facets with DIDs, what it answers and quotes. All that its records need but their time.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use skein_atproto::record::{Facet, ReplyRef, StrongRef, cid_of_blob_hash};
use skein_atproto::syntax::Language;
use skein_domain::ports::ContentHash;
use skein_domain::{Card, Fault, Picture, Video};

use super::capabilities::MAX_IMAGES;
use super::film_uploads::Blobs;
use super::gates::Gates;
use super::{card, films, unreadable};

/// The content of a delivery, as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) parts: Vec<PartContent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reply: Option<ReplyRef>,
    /// What the first part quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) quote: Option<StrongRef>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) langs: Vec<Language>,
    /// On every part: each is seen alone too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) labels: Vec<String>,
    /// On the first part: a thread stands once under a tag.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<String>,
    #[serde(default, skip_serializing_if = "Gates::are_open")]
    pub(crate) gates: Gates,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct PartContent {
    pub(crate) text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) facets: Vec<Facet>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) pictures: Vec<Picture>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) card: Option<Card>,
    /// Alone: pictures and a card are never beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) video: Option<Video>,
}

/// A file that is uploaded to the account's server as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlobFile<'a> {
    pub(crate) file: &'a ContentHash,
    pub(crate) mime: &'a str,
}

impl PartContent {
    fn files(&self) -> impl Iterator<Item = BlobFile<'_>> {
        let pictures = self.pictures.iter().chain(self.card.iter().filter_map(|card| card.thumb.as_ref()));
        let captions = self.video.iter().flat_map(|video| &video.captions);
        pictures
            .map(|picture| BlobFile { file: &picture.file, mime: &picture.mime })
            .chain(captions.map(|caption| BlobFile { file: &caption.file, mime: films::CAPTION_MIME }))
    }

    /// What is shown beneath the text: media, a quote, or both. `encoded` are the blobs of videos; without it each is provisional.
    pub(crate) fn embed(&self, quote: Option<&StrongRef>, encoded: Option<&Blobs>) -> Result<Option<Value>, Fault> {
        let media = match &self.video {
            Some(video) => Some(shown_video(video, encoded)?),
            None => self.media(),
        };
        let Some(quote) = quote else { return Ok(media) };
        let record = json!({"$type": "app.bsky.embed.record", "record": quote});
        Ok(Some(match media {
            None => record,
            Some(media) => json!({"$type": "app.bsky.embed.recordWithMedia", "record": record, "media": media}),
        }))
    }

    /// The pictures as a record holds them: those of every client where there are few, a gallery where there are many. Where
    /// there is none, the card.
    fn media(&self) -> Option<Value> {
        let items = self.pictures.iter();
        match self.pictures.len() {
            0 => self.card.as_ref().map(card::embed),
            1..=MAX_IMAGES => {
                let images: Vec<_> = items.map(|picture| item(picture, None)).collect();
                Some(json!({"$type": "app.bsky.embed.images", "images": images}))
            }
            _ => {
                let items: Vec<_> = items.map(|picture| item(picture, Some("app.bsky.embed.gallery#image"))).collect();
                Some(json!({"$type": "app.bsky.embed.gallery", "items": items}))
            }
        }
    }
}

fn shown_video(video: &Video, encoded: Option<&Blobs>) -> Result<Value, Fault> {
    let blob = match encoded {
        None => films::provisional(video),
        Some(blobs) => blobs.get(&video.file).cloned().ok_or_else(|| unreadable("video", "it has not been encoded"))?,
    };
    films::embed(video, blob)
}

fn item(picture: &Picture, kind: Option<&str>) -> Value {
    let mut item = json!({
        "image": {
            "$type": "blob",
            "ref": {"$link": cid_of_blob_hash(&picture.file.digest())},
            "mimeType": picture.mime,
            "size": picture.bytes,
        },
        "alt": picture.alt,
        "aspectRatio": {"width": picture.width, "height": picture.height},
    });
    if let (Some(kind), Some(fields)) = (kind, item.as_object_mut()) {
        fields.insert("$type".to_owned(), json!(kind));
    }
    item
}

impl Content {
    /// The labels of its author, as a record holds them.
    pub(crate) fn self_labels(&self) -> Option<Value> {
        let values: Vec<_> = self.labels.iter().map(|label| json!({ "val": label })).collect();
        (!values.is_empty()).then(|| json!({"$type": "com.atproto.label.defs#selfLabels", "values": values}))
    }

    /// Every picture and all captions, each file once.
    pub(crate) fn files(&self) -> Vec<BlobFile<'_>> {
        let mut files: Vec<BlobFile<'_>> = Vec::new();
        for one in self.parts.iter().flat_map(PartContent::files) {
            if !files.iter().any(|known| known.file == one.file) {
                files.push(one);
            }
        }
        files
    }

    /// The videos, in the order of the parts.
    pub(crate) fn videos(&self) -> impl Iterator<Item = &Video> {
        self.parts.iter().filter_map(|part| part.video.as_ref())
    }

    pub(crate) fn read(stored: &Value) -> Result<Self, Fault> {
        Self::deserialize(stored).map_err(|error| unreadable("content", error))
    }

    pub(crate) fn to_value(&self) -> Result<Value, Fault> {
        serde_json::to_value(self).map_err(|error| unreadable("content", error))
    }
}
