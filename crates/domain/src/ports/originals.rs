//! Where the pictures of a submission come from before they are fitted.

use async_trait::async_trait;

use crate::Fault;

/// How a door gets at what its people name. The command line reads files; a server must not read those of its own disk.
#[async_trait]
pub trait Originals: Send + Sync {
    /// The bytes of a picture, whole; more than `max_bytes` are refused, not cut. The fault needs no field: whoever asks
    /// adds it.
    async fn read(&self, source: &str, max_bytes: u64) -> Result<Vec<u8>, Fault>;
}
