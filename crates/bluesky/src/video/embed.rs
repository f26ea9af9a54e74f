//! The part of a record that shows a video.

use std::num::NonZeroU32;

use serde_json::{Map, Value, json};

use super::UploadedCaption;
use crate::blob::Blob;

/// How a video is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presentation {
    /// With its controls and its sound.
    #[default]
    Default,
    /// As GIFs are: it starts by itself, goes round and is silent.
    Gif,
}

/// A video of a post: `app.bsky.embed.video`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoEmbed {
    /// The encoded video.
    pub blob: Blob,
    /// What is to be seen, for who cannot see it.
    pub alt: Option<String>,
    /// Width and height in pixels, as seen.
    pub shape: Option<(NonZeroU32, NonZeroU32)>,
    /// Text tracks.
    pub captions: Vec<UploadedCaption>,
    /// How it is shown.
    pub presentation: Presentation,
}

impl VideoEmbed {
    /// As the record holds it.
    pub fn to_json(&self) -> Value {
        let mut embed = Map::new();
        embed.insert("$type".to_owned(), "app.bsky.embed.video".into());
        embed.insert("video".to_owned(), self.blob.to_json());
        if !self.captions.is_empty() {
            let tracks = self
                .captions
                .iter()
                .map(|track| json!({"lang": track.language.as_str(), "file": track.blob.to_json()}));
            embed.insert("captions".to_owned(), tracks.collect());
        }
        if let Some(alt) = self.alt.as_deref().filter(|alt| !alt.is_empty()) {
            embed.insert("alt".to_owned(), alt.into());
        }
        if let Some((width, height)) = self.shape {
            embed.insert("aspectRatio".to_owned(), json!({"width": width.get(), "height": height.get()}));
        }
        if self.presentation == Presentation::Gif {
            embed.insert("presentation".to_owned(), "gif".into());
        }
        Value::Object(embed)
    }
}
