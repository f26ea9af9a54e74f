//! What a video may be.

/// Limits on a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoBounds {
    /// The largest file.
    pub max_bytes: u64,
    /// The longest film, in milliseconds.
    pub max_duration_ms: u64,
    /// How many times longer than the other one side may be.
    pub max_side_ratio: u32,
}

impl VideoBounds {
    /// A video of a Bluesky post: `app.bsky.embed.video` takes 300,000,000 bytes (August 2026), Bluesky's own app lets ten
    /// minutes in, and shapes from 1:3 to 3:1 are taken.
    pub const POST: Self = Self { max_bytes: 300_000_000, max_duration_ms: 600_000, max_side_ratio: 3 };
}
