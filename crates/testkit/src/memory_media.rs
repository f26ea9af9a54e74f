//! Media files in memory.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use skein_domain::ports::{ContentHash, MediaError, MediaFiles};

/// The `MediaFiles` port in memory.
#[derive(Debug, Default)]
pub struct MemoryMedia {
    files: Mutex<HashMap<ContentHash, Vec<u8>>>,
}

impl MemoryMedia {
    /// Keeps nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many files are kept.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Cuts the last byte off a kept file, as a bad disk would. False when there is no such file or it is empty.
    pub fn damage(&self, hash: &ContentHash) -> bool {
        self.lock().get_mut(hash).is_some_and(|bytes| bytes.pop().is_some())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ContentHash, Vec<u8>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl MediaFiles for MemoryMedia {
    async fn put(&self, bytes: &[u8]) -> Result<ContentHash, MediaError> {
        let hash = hash_of(bytes)?;
        self.lock().insert(hash.clone(), bytes.to_vec());
        Ok(hash)
    }

    async fn get(&self, hash: &ContentHash) -> Result<Option<Vec<u8>>, MediaError> {
        let Some(bytes) = self.lock().get(hash).cloned() else { return Ok(None) };
        if hash_of(&bytes)? == *hash { Ok(Some(bytes)) } else { Err(MediaError::Damaged(hash.as_str().to_owned())) }
    }

    async fn remove(&self, hash: &ContentHash) -> Result<(), MediaError> {
        self.lock().remove(hash);
        Ok(())
    }
}

fn hash_of(bytes: &[u8]) -> Result<ContentHash, MediaError> {
    let hex = Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        write!(hex, "{byte:02x}").map_or_else(|_| String::new(), |()| hex)
    });
    ContentHash::parse(&hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_same_bytes_are_kept_once_under_their_sha256() {
        let media = MemoryMedia::new();
        let hash = media.put(b"abc").await.unwrap();
        assert_eq!(hash.as_str(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(media.put(b"abc").await.unwrap(), hash);
        assert_eq!(media.count(), 1);
        assert_eq!(media.get(&hash).await.unwrap(), Some(b"abc".to_vec()));
        media.remove(&hash).await.unwrap();
        media.remove(&hash).await.unwrap();
        assert_eq!(media.get(&hash).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_damaged_file_is_not_handed_out() {
        let media = MemoryMedia::new();
        let hash = media.put(b"abc").await.unwrap();
        assert!(media.damage(&hash));
        assert!(matches!(media.get(&hash).await, Err(MediaError::Damaged(_))));
        assert!(!media.damage(&ContentHash::parse(&"0".repeat(64)).unwrap()));
    }
}
