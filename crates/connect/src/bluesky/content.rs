//! What a draft became for Bluesky: texts, facets with DIDs, what it answers and quotes. All that its records need but their time.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use skein_atproto::record::{Facet, ReplyRef, StrongRef, cid_of_blob_hash};
use skein_atproto::syntax::Language;
use skein_domain::{Fault, Picture};

use super::capabilities::MAX_IMAGES;
use super::gates::Gates;
use super::unreadable;

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PartContent {
    pub(crate) text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) facets: Vec<Facet>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) pictures: Vec<Picture>,
}

impl PartContent {
    /// What is shown beneath the text: media, a quote, or both.
    pub(crate) fn embed(&self, quote: Option<&StrongRef>) -> Option<Value> {
        let Some(quote) = quote else { return self.media() };
        let record = json!({"$type": "app.bsky.embed.record", "record": quote});
        Some(match self.media() {
            None => record,
            Some(media) => json!({"$type": "app.bsky.embed.recordWithMedia", "record": record, "media": media}),
        })
    }

    /// The pictures as a record holds them: those of every client where there are few, a gallery where there are many.
    fn media(&self) -> Option<Value> {
        let items = self.pictures.iter();
        match self.pictures.len() {
            0 => None,
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

    /// Every picture, each file once.
    pub(crate) fn files(&self) -> Vec<&Picture> {
        let mut files: Vec<&Picture> = Vec::new();
        for picture in self.parts.iter().flat_map(|part| &part.pictures) {
            if !files.iter().any(|known| known.file == picture.file) {
                files.push(picture);
            }
        }
        files
    }

    pub(crate) fn read(stored: &Value) -> Result<Self, Fault> {
        Self::deserialize(stored).map_err(|error| unreadable("content", error))
    }

    pub(crate) fn to_value(&self) -> Result<Value, Fault> {
        serde_json::to_value(self).map_err(|error| unreadable("content", error))
    }
}
