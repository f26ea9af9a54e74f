//! What a draft became for Bluesky: texts, facets with DIDs, the reply reference. All that a record needs but its time.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use skein_atproto::record::{Facet, ReplyRef, cid_of_blob_hash};
use skein_atproto::syntax::Language;
use skein_domain::{Fault, Picture};

use super::capabilities::MAX_IMAGES;
use super::unreadable;

/// The content of a delivery, as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) parts: Vec<PartContent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reply: Option<ReplyRef>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) langs: Vec<Language>,
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
    /// The pictures as a record holds them: those of every client where there are few, a gallery where there are many.
    pub(crate) fn embed(&self) -> Option<Value> {
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
