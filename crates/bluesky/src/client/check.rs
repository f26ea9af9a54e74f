//! What Bluesky takes, from the lexicons of June 2026, checked before anything is sent.

use skein_atproto::record::Post as Record;
use skein_atproto::richtext::graphemes;
use skein_atproto::syntax::{AtUri, Language, RecordAddress};

use super::error::PostError;
use super::gates::LIST;
use super::post::{Card, Image, MayAnswer, Post};
use super::words::{Words, is_web_address};

/// Characters of a text, as people count them.
pub const TEXT_MAX_GRAPHEMES: usize = 300;
/// Bytes of a text.
pub const TEXT_MAX_BYTES: usize = 3_000;
/// Bytes of a picture.
pub const IMAGE_MAX_BYTES: usize = 2_000_000;
/// Bytes of the picture of a card.
pub const THUMB_MAX_BYTES: usize = 1_000_000;
/// Pictures that every app shows; more become a gallery.
pub const MAX_IMAGES: usize = 4;
/// Pictures of a gallery.
pub const MAX_GALLERY: usize = 10;
/// Characters of an alt text in Bluesky's own app.
pub const ALT_MAX_GRAPHEMES: usize = 2_000;
/// Languages of a post.
pub const MAX_LANGS: usize = 3;
/// Tags beside the text.
pub const MAX_TAGS: usize = 8;
/// Parts of a thread: one call takes so many writes. Each gate is one more.
pub const MAX_PARTS: usize = 200;
/// Labels that an author gives a post.
pub const LABELS: [&str; 5] = ["sexual", "nudity", "porn", "graphic-media", "!no-unauthenticated"];
/// Rules of who may answer.
pub const MAX_GATE_RULES: usize = 5;

const TAG_MAX_GRAPHEMES: usize = 64;
const TAG_MAX_BYTES: usize = 640;
const CARD_MAX_BYTES: usize = 3_000;
const MAX_LABELS: usize = 10;
/// What can be quoted.
const QUOTABLE: [&str; 4] =
    [Record::NSID, "app.bsky.feed.generator", "app.bsky.graph.list", "app.bsky.graph.starterpack"];

/// A post that can be sent, but for what only the network knows.
pub(super) struct Checked {
    pub(super) words: Words,
    pub(super) langs: Vec<Language>,
    pub(super) reply_to: Option<RecordAddress>,
    pub(super) quote: Option<RecordAddress>,
}

impl Checked {
    pub(super) fn of(post: &Post, is_first: bool) -> Result<Self, PostError> {
        let words = Words::of(post)?;
        bounded("the text", "characters", TEXT_MAX_GRAPHEMES, graphemes(&words.text))?;
        bounded("the text", "bytes", TEXT_MAX_BYTES, words.text.len())?;
        let shows = [!words.images.is_empty(), post.card.is_some(), post.video.is_some()];
        match shows.iter().filter(|shown| **shown).count() {
            0 if words.text.trim().is_empty() && post.quote.is_none() => return Err(PostError::Empty),
            0 | 1 => {}
            _ => return Err(PostError::SeveralEmbeds),
        }
        bounded("a post", "pictures", MAX_GALLERY, words.images.len())?;
        for (index, image) in words.images.iter().enumerate() {
            check_image(&format!("image {}", index + 1), image)?;
        }
        if let Some(card) = &post.card {
            check_card(card)?;
        }
        check_tags(&post.tags)?;
        bounded("langs", "languages", MAX_LANGS, post.langs.len())?;
        let langs = post.langs.iter().map(|lang| Language::parse(lang)).collect::<Result<_, _>>();
        let reply_to = post.reply_to.as_deref().map(answered).transpose()?;
        if reply_to.is_some() && !is_first {
            return Err(PostError::ReplyInThread);
        }
        let quote = post.quote.as_deref().map(quoted).transpose()?;
        check_labels(&post.labels)?;
        if let Some(rules) = &post.answered_by {
            bounded("answered_by", "rules", MAX_GATE_RULES, rules.len())?;
            if !is_first || reply_to.is_some() {
                return Err(PostError::GateInThread);
            }
            for rule in rules {
                if let MayAnswer::Listed(list) = rule {
                    list_address(list)?;
                }
            }
        }
        Ok(Self { words, langs: langs.map_err(PostError::Lang)?, reply_to, quote })
    }
}

fn answered(given: &str) -> Result<RecordAddress, PostError> {
    let address = RecordAddress::parse(given).map_err(PostError::ReplyTo)?;
    if address.collection.as_str() == Record::NSID {
        Ok(address)
    } else {
        Err(PostError::ReplyToNoPost { collection: address.collection.to_string() })
    }
}

/// Where a list of who may answer is.
pub(super) fn list_address(list: &AtUri) -> Result<RecordAddress, PostError> {
    let address = RecordAddress::parse(list.as_str()).ok().filter(|address| address.collection.as_str() == LIST);
    address.ok_or_else(|| PostError::NoList { given: list.as_str().chars().take(200).collect() })
}

fn quoted(given: &str) -> Result<RecordAddress, PostError> {
    let address = RecordAddress::parse(given).map_err(PostError::Quote)?;
    if QUOTABLE.contains(&address.collection.as_str()) {
        Ok(address)
    } else {
        Err(PostError::NotQuotable { collection: address.collection.to_string() })
    }
}

fn check_labels(labels: &[String]) -> Result<(), PostError> {
    bounded("labels", "labels", MAX_LABELS, labels.len())?;
    match labels.iter().find(|label| !LABELS.contains(&label.as_str())) {
        Some(label) => Err(PostError::Label { given: label.chars().take(TAG_MAX_GRAPHEMES).collect() }),
        None => Ok(()),
    }
}

fn check_image(field: &str, image: &Image) -> Result<(), PostError> {
    let refuse = |reason: String| Err(PostError::Image { field: field.to_owned(), reason });
    if image.bytes.is_empty() {
        return refuse("the file is empty".to_owned());
    }
    if !image.mime.starts_with("image/") {
        return refuse(format!("{:?} is no media type of a picture, such as image/jpeg", image.mime));
    }
    if image.width == 0 || image.height == 0 {
        return refuse(format!(
            "{} by {} pixels is no size: apps need it to show the picture",
            image.width, image.height
        ));
    }
    bounded(field, "bytes", IMAGE_MAX_BYTES, image.bytes.len())?;
    bounded(&format!("the alt text of {field}"), "characters", ALT_MAX_GRAPHEMES, graphemes(&image.alt))
}

fn check_card(card: &Card) -> Result<(), PostError> {
    if !is_web_address(&card.uri) {
        return Err(PostError::CardAddress { given: card.uri.chars().take(200).collect() });
    }
    bounded("the title of the card", "bytes", CARD_MAX_BYTES, card.title.len())?;
    bounded("the description of the card", "bytes", CARD_MAX_BYTES, card.description.len())?;
    let Some(thumb) = &card.thumb else { return Ok(()) };
    if thumb_type(thumb).is_none() {
        let reason = "it is no JPEG, PNG or WebP file".to_owned();
        return Err(PostError::Image { field: "the picture of the card".to_owned(), reason });
    }
    bounded("the picture of the card", "bytes", THUMB_MAX_BYTES, thumb.len())
}

/// The media type that the first bytes of a file tell.
pub(super) fn thumb_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

fn check_tags(tags: &[String]) -> Result<(), PostError> {
    bounded("tags", "tags", MAX_TAGS, tags.len())?;
    for tag in tags {
        if tag.is_empty() || tag.trim() != tag || tag.starts_with('#') {
            return Err(PostError::Tag { given: tag.chars().take(TAG_MAX_GRAPHEMES).collect() });
        }
        bounded("a tag", "characters", TAG_MAX_GRAPHEMES, graphemes(tag))?;
        bounded("a tag", "bytes", TAG_MAX_BYTES, tag.len())?;
    }
    Ok(())
}

fn bounded(field: &str, unit: &'static str, limit: usize, given: usize) -> Result<(), PostError> {
    if given <= limit { Ok(()) } else { Err(PostError::TooLong { field: field.to_owned(), limit, unit, given }) }
}
