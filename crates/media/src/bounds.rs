//! What a picture may be.

/// Limits on what comes in and on what goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The largest file that goes out.
    pub max_bytes: u64,
    /// The longest side that goes out. More than 16,383 (what WebP can hold) counts as 16,383.
    pub max_side_px: u32,
    /// The most pixels that are decoded: width times height as the file claims them, checked before decoding.
    pub max_pixels: u64,
    /// The largest file that is looked at.
    pub max_input_bytes: u64,
}

/// Room for the 108 million pixels of a large phone sensor.
const MAX_PIXELS: u64 = 120_000_000;
const MAX_INPUT_BYTES: u64 = 100_000_000;

impl Bounds {
    /// A picture of a Bluesky post: `app.bsky.embed.images` and `app.bsky.embed.gallery` take 2,000,000 bytes, and
    /// Bluesky's own app sends at most 4,000 px.
    pub const POST: Self =
        Self { max_bytes: 2_000_000, max_side_px: 4_000, max_pixels: MAX_PIXELS, max_input_bytes: MAX_INPUT_BYTES };

    /// The picture of a link card: `app.bsky.embed.external` takes 1,000,000 bytes, and Bluesky's own app sends at most
    /// 2,000 px.
    pub const THUMB: Self =
        Self { max_bytes: 1_000_000, max_side_px: 2_000, max_pixels: MAX_PIXELS, max_input_bytes: MAX_INPUT_BYTES };
}
