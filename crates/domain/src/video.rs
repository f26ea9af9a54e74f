//! Videos of a post: what a file is found to be, and what is kept of it.

use serde::{Deserialize, Serialize};

use crate::Fitted;
use crate::ports::ContentHash;

/// What a platform makes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Usable {
    /// A picture, in the form in which it is taken.
    Picture(Fitted),
    /// A video, which is taken as it is.
    Film(Film),
}

/// What a file that holds a video says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Film {
    /// Its MIME type.
    pub mime: String,
    /// Width and height in pixels, as they are seen; `None` for files that are not read so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<(u32, u32)>,
    /// How long it plays, in milliseconds; `None` for files that are not read so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Whether it is shown as GIFs are: it starts by itself, goes round and is silent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_gif: bool,
}

/// A video whose bytes are kept under their hash until the post is public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Video {
    /// Under which its bytes are kept.
    pub file: ContentHash,
    /// Its length in bytes.
    pub bytes: u64,
    /// What it says of itself.
    pub film: Film,
    /// What it shows, for those who cannot see it; may be empty.
    pub alt: String,
    /// What is said in it, as text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captions: Vec<Caption>,
}

/// Captions whose bytes are kept under their hash until the post is public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caption {
    /// Their language, as a BCP-47 tag.
    pub lang: String,
    /// Under which their bytes are kept.
    pub file: ContentHash,
    /// Their length in bytes.
    pub bytes: u64,
}

impl Video {
    /// The files that it needs: its own and those of its captions.
    pub fn files(&self) -> impl Iterator<Item = &ContentHash> {
        std::iter::once(&self.file).chain(self.captions.iter().map(|caption| &caption.file))
    }
}
