//! Records with videos, as the account's server checks them.

use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use skein_bluesky::repo;
use skein_bluesky::session::SessionError;
use skein_bluesky::video::{Caption, Presentation, VideoEmbed};

use crate::Stage;

const FIRST: &str = "3m5aaaaaaaa22";
const SECOND: &str = "3m5aaaaaaaa23";

impl Stage {
    async fn post(&self, rkey: &str, embed: &Value) -> Result<(), SessionError> {
        let record =
            json!({"$type": "app.bsky.feed.post", "text": "", "createdAt": "2026-11-21T10:00:00.000Z", "embed": embed});
        let write = json!({"$type": "com.atproto.repo.applyWrites#create", "collection": "app.bsky.feed.post",
            "rkey": rkey, "value": record});
        let body = Bytes::from(json!({"repo": self.did.as_str(), "validate": true, "writes": [write]}).to_string());
        let sent = self.sessions.call(&self.did, |me| {
            let body = body.clone();
            async move { repo::apply_writes(&me, body, Duration::from_secs(30)).await }
        });
        sent.await.map(drop)
    }

    fn only_embed(&self) -> Value {
        let mut values = self.sandbox.values(self.did.as_str(), "app.bsky.feed.post").unwrap();
        assert_eq!(values.len(), 1);
        values.remove(0)["embed"].take()
    }
}

#[tokio::test]
async fn a_record_with_a_video_and_its_captions_is_valid() {
    let stage = Stage::set().await;
    let captions = [
        Caption::parse("en", Bytes::from_static(b"WEBVTT\n\n00:00.000 --> 00:01.000\nHello")).unwrap(),
        Caption::parse("pt-BR", Bytes::from_static(b"WEBVTT\n\n00:00.000 --> 00:01.000\nOl\xC3\xA1")).unwrap(),
    ];
    let embed = VideoEmbed {
        blob: stage.upload().await.unwrap(),
        alt: Some("A film.".to_owned()),
        shape: NonZeroU32::new(64).zip(NonZeroU32::new(48)),
        captions: Caption::upload_all(&stage.sessions, &stage.did, &captions).await.unwrap(),
        presentation: Presentation::Default,
    };
    stage.post(FIRST, &embed.to_json()).await.unwrap();
    let stored = stage.only_embed();
    assert_eq!(stored["video"]["mimeType"], "video/mp4");
    assert_eq!(stored["aspectRatio"], json!({"width": 64, "height": 48}));
    assert_eq!(
        (&stored["captions"][1]["lang"], &stored["captions"][1]["file"]["mimeType"]),
        (&json!("pt-BR"), &json!("text/vtt"))
    );
    assert_eq!((&stored["alt"], stored.get("presentation")), (&json!("A film."), None));
}

#[tokio::test]
async fn a_gif_is_shown_as_one_and_a_video_that_is_not_there_is_refused() {
    let stage = Stage::with(skein_testkit::pictures::gif(40, 30, 3), "image/gif").await;
    let blob = stage.upload().await.unwrap();
    let mut embed = VideoEmbed { blob, alt: None, shape: None, captions: Vec::new(), presentation: Presentation::Gif };
    stage.post(FIRST, &embed.to_json()).await.unwrap();
    let stored = stage.only_embed();
    assert_eq!((&stored["presentation"], stored.get("alt"), stored.get("captions")), (&json!("gif"), None, None));
    embed.blob.cid = skein_atproto::record::cid_of_blob(b"never uploaded");
    let error = stage.post(SECOND, &embed.to_json()).await.unwrap_err();
    assert!(error.call().unwrap().is_named("BlobNotFound"), "{error}");
}
