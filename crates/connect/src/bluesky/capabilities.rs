//! What Bluesky allows, from the lexicon `app.bsky.feed.post` (June 2026) and the reference PDS 0.5.

use skein_bluesky::video::{CAPTIONS_MAX, VIDEO_MAX_BYTES};
use skein_domain::ports::Limits;
use skein_media::Bounds;

/// The limits of a post and of a thread.
pub const LIMITS: Limits = Limits {
    text_graphemes: 300,
    text_bytes: 3_000,
    parts: MAX_WRITES,
    langs: 3,
    pictures: MAX_GALLERY,
    picture_input_bytes: Bounds::POST.max_input_bytes,
    media_input_bytes: VIDEO_MAX_BYTES,
    captions: CAPTIONS_MAX,
};

/// Pictures of an `app.bsky.embed.images`, which every client shows; more become an `app.bsky.embed.gallery`.
pub(crate) const MAX_IMAGES: usize = 4;

/// Pictures of a gallery that clients are asked to stop at; the schema takes 20.
const MAX_GALLERY: usize = 10;

/// Characters of an alt text in Bluesky's own app; the schema has no limit.
pub(crate) const ALT_GRAPHEMES: usize = 2_000;

/// Writes in one `applyWrites`: a thread is one call.
pub(crate) const MAX_WRITES: usize = 200;

/// Bytes of JSON that a PDS takes in one call, less some room for the fence that arming adds.
pub(crate) const MAX_BODY_BYTES: usize = 1_000_000 - 1_000;

/// Different accounts that one post may mention; each of them is looked up.
pub(crate) const MAX_MENTIONS: usize = 100;

/// Labels that authors give to their own posts: those that the app offers, and the one that hides a post from who is not
/// logged in.
pub(crate) const LABELS: [&str; 5] = ["sexual", "nudity", "porn", "graphic-media", "!no-unauthenticated"];

/// Labels of a post.
pub(crate) const MAX_LABELS: usize = 10;

/// Bytes of a label.
pub(crate) const MAX_LABEL_BYTES: usize = 128;

/// Tags beside those in the text.
pub(crate) const MAX_TAGS: usize = 8;

/// Characters of a tag.
pub(crate) const MAX_TAG_GRAPHEMES: usize = 64;

/// Bytes of a tag.
pub(crate) const MAX_TAG_BYTES: usize = 640;

/// Rules of a threadgate.
pub(crate) const MAX_GATE_RULES: usize = 5;
