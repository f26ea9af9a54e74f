//! The part of a record beneath the text, its files uploaded.

use bytes::Bytes;
use serde_json::{Value, json};
use skein_atproto::record::{StrongRef, cid_of_blob};

use super::Client;
use super::check::{MAX_IMAGES, thumb_type};
use super::error::ClientError;
use super::post::{Card, Image, Post};
use crate::blob::Blob;

impl Client {
    /// What is shown beneath the text: media, a quote, or both.
    pub(super) async fn embed(
        &self,
        post: &Post,
        images: &[Image],
        quote: Option<&StrongRef>,
    ) -> Result<Option<Value>, ClientError> {
        let media = self.media(post, images).await?;
        let Some(quote) = quote else { return Ok(media) };
        let record = json!({"$type": "app.bsky.embed.record", "record": quote});
        Ok(Some(match media {
            None => record,
            Some(media) => json!({"$type": "app.bsky.embed.recordWithMedia", "record": record, "media": media}),
        }))
    }

    async fn media(&self, post: &Post, images: &[Image]) -> Result<Option<Value>, ClientError> {
        if let Some(card) = &post.card {
            return self.card(card).await.map(Some);
        }
        if images.is_empty() {
            return Ok(post.video.as_ref().map(crate::video::VideoEmbed::to_json));
        }
        let is_gallery = images.len() > MAX_IMAGES;
        let mut items = Vec::with_capacity(images.len());
        for image in images {
            let blob = self.keep(&image.mime, &image.bytes).await?;
            let shape = json!({"width": image.width, "height": image.height});
            let mut item = json!({"image": blob.to_json(), "alt": image.alt, "aspectRatio": shape});
            if is_gallery {
                item["$type"] = "app.bsky.embed.gallery#image".into();
            }
            items.push(item);
        }
        Ok(Some(if is_gallery {
            json!({"$type": "app.bsky.embed.gallery", "items": items})
        } else {
            json!({"$type": "app.bsky.embed.images", "images": items})
        }))
    }

    async fn card(&self, card: &Card) -> Result<Value, ClientError> {
        let mut external = json!({"uri": card.uri, "title": card.title, "description": card.description});
        if let Some(thumb) = &card.thumb {
            let kind = thumb_type(thumb).unwrap_or("application/octet-stream");
            external["thumb"] = self.keep(kind, thumb).await?.to_json();
        }
        Ok(json!({"$type": "app.bsky.embed.external", "external": external}))
    }

    /// Uploads a file, and makes sure that it is what was sent.
    async fn keep(&self, mime: &str, bytes: &Bytes) -> Result<Blob, ClientError> {
        let expected = cid_of_blob(bytes);
        let blob = self.upload_blob(mime, bytes.clone()).await?;
        if blob.cid == expected { Ok(blob) } else { Err(ClientError::ChangedFile { expected, found: blob.cid }) }
    }
}
