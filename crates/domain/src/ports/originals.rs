//! Where the pictures and videos of a submission come from before they are fitted.

use async_trait::async_trait;

use super::LocalFile;
use crate::Fault;

/// The code of the fault with which what is larger than was asked for is refused.
pub const FILE_TOO_LARGE: &str = "file_too_large";

/// The largest file that is fetched for captions, in bytes: no platform takes more.
pub const CAPTION_INPUT_MAX_BYTES: u64 = 20_000;

/// How a door gets at what its people name. The command line reads files; a server must not read those of its own disk.
#[async_trait]
pub trait Originals: Send + Sync {
    /// The bytes of a picture, whole; more than `max_bytes` are refused, not cut. The fault needs no field: whoever asks
    /// adds it.
    async fn read(&self, source: &str, max_bytes: u64) -> Result<Vec<u8>, Fault>;

    /// A picture, a video or captions as a file; what is fetched for it, or copied since it can be read only once, is refused beyond
    /// `max_bytes`, with [`FILE_TOO_LARGE`]. A file of this machine is handed out as it is, whatever its length. The fault needs
    /// no field.
    async fn open(&self, source: &str, max_bytes: u64) -> Result<LocalFile, Fault>;
}
