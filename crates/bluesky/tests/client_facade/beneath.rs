//! Pictures, cards and videos beneath a text.

use std::num::NonZeroU32;

use serde_json::json;
use skein_atproto::record::cid_of_blob;
use skein_bluesky::blob::Blob;
use skein_bluesky::client::{ClientError, Post};
use skein_bluesky::video::{Presentation, VideoEmbed};

use crate::house::{House, image};
use crate::network::Reply;

fn stored(bytes: &[u8]) -> serde_json::Value {
    let link = json!({"$link": cid_of_blob(bytes).as_str()});
    json!({"$type": "blob", "ref": link, "mimeType": "image/png", "size": bytes.len()})
}

#[tokio::test]
async fn up_to_four_pictures_are_images_and_more_a_gallery() {
    for (count, kind, list) in [(4, "app.bsky.embed.images", "images"), (5, "app.bsky.embed.gallery", "items")] {
        let house = House::new().await;
        let mut post = Post::new("");
        for number in 0..count {
            house.takes(&[number]);
            post = post.image(image(&[number], "alt"));
        }
        house.client.post(post).await.unwrap();
        let embed = &house.record()["embed"];
        assert_eq!(embed["$type"], kind);
        assert_eq!(embed[list].as_array().unwrap().len(), usize::from(count));
        let mut first = json!({"image": stored(&[0]), "alt": "alt", "aspectRatio": {"width": 4, "height": 3}});
        if count == 5 {
            first["$type"] = json!("app.bsky.embed.gallery#image");
        }
        assert_eq!(embed[list][0], first);
        assert_eq!(house.network.seen("uploadBlob")[0].headers["content-type"], "image/png");
    }
}

#[tokio::test]
async fn pictures_in_markdown_are_those_that_were_given() {
    let house = House::new().await;
    house.takes(b"cat");
    let post = Post::markdown("Look:\n\n![My cat](cat.png)").picture("cat.png", image(b"cat", ""));
    house.client.post(post).await.unwrap();
    let record = house.record();
    assert_eq!((&record["text"], &record["embed"]["images"][0]["alt"]), (&json!("Look:"), &json!("My cat")));
}

#[tokio::test]
async fn a_file_that_was_changed_on_the_way_is_not_posted() {
    let house = House::new().await;
    house.takes(b"another");
    let error = house.client.post(Post::new("").image(image(b"mine", ""))).await.unwrap_err();
    assert!(matches!(error, ClientError::ChangedFile { .. }), "{error:?}");
    assert_eq!(house.network.count("applyWrites"), 0);
}

#[tokio::test]
async fn a_card_has_its_words_and_its_picture() {
    let house = House::new().await;
    let thumb = b"\x89PNG and so on";
    house.takes(thumb);
    let post = Post::new("Here's a link:").external("https://example.com/", "Title", "Words", Some(thumb[..].into()));
    house.client.post(post).await.unwrap();
    let external =
        json!({"uri": "https://example.com/", "title": "Title", "description": "Words", "thumb": stored(thumb)});
    assert_eq!(house.record()["embed"], json!({"$type": "app.bsky.embed.external", "external": external}));
    assert_eq!(house.network.seen("uploadBlob")[0].headers["content-type"], "image/png");
}

#[tokio::test]
async fn an_encoded_video_needs_no_words() {
    let house = House::new().await;
    let blob = Blob { cid: cid_of_blob(b"film"), mime_type: "video/mp4".to_owned(), size: 4 };
    let side = NonZeroU32::new(9).unwrap();
    let presentation = Presentation::Default;
    let video =
        VideoEmbed { blob, alt: Some("A film".into()), shape: Some((side, side)), captions: vec![], presentation };
    house.client.post(Post::new("").video(video.clone())).await.unwrap();
    assert_eq!(house.record()["embed"], video.to_json());
}

#[tokio::test]
async fn a_failed_upload_is_no_post() {
    let house = House::new().await;
    house.network.order("uploadBlob", Reply::Lost);
    let error = house.client.post(Post::new("").image(image(b"mine", ""))).await.unwrap_err();
    assert!(matches!(error, ClientError::Session(_)), "a lost upload is no lost post: {error:?}");
    assert_eq!(house.network.count("applyWrites"), 0);
}
