//! Media files in memory.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use skein_domain::ports::{Clock, ContentHash, LocalFile, MediaError, MediaFiles};

/// The `MediaFiles` port in memory.
pub struct MemoryMedia {
    clock: Arc<dyn Clock>,
    files: Mutex<BTreeMap<String, File>>,
}

struct File {
    bytes: Vec<u8>,
    put_at: Timestamp,
}

impl MemoryMedia {
    /// Keeps nothing yet. The clock tells how old a file is.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, files: Mutex::default() }
    }

    /// How many files are kept.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Cuts the last byte off a kept file, as a bad disk would. False when there is no such file or it is empty.
    pub fn damage(&self, hash: &ContentHash) -> bool {
        self.lock().get_mut(hash.as_str()).is_some_and(|file| file.bytes.pop().is_some())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, File>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl MediaFiles for MemoryMedia {
    async fn put(&self, bytes: &[u8]) -> Result<ContentHash, MediaError> {
        let hash = ContentHash::of(bytes);
        let file = File { bytes: bytes.to_vec(), put_at: self.clock.now() };
        self.lock().insert(hash.as_str().to_owned(), file);
        Ok(hash)
    }

    async fn put_file(&self, file: &Path, max_bytes: u64) -> Result<(ContentHash, u64), MediaError> {
        let bytes = std::fs::read(file)?;
        let length = bytes.len() as u64;
        if length > max_bytes {
            return Err(MediaError::TooLarge { limit_bytes: max_bytes });
        }
        Ok((self.put(&bytes).await?, length))
    }

    async fn locate(&self, hash: &ContentHash) -> Result<Option<LocalFile>, MediaError> {
        let Some(bytes) = self.get(hash).await? else { return Ok(None) };
        Ok(Some(temporary(&bytes)?))
    }

    async fn measure(&self, file: &Path) -> Result<(ContentHash, u64), MediaError> {
        let bytes = std::fs::read(file)?;
        Ok((ContentHash::of(&bytes), bytes.len() as u64))
    }

    async fn get(&self, hash: &ContentHash) -> Result<Option<Vec<u8>>, MediaError> {
        let Some(bytes) = self.lock().get(hash.as_str()).map(|file| file.bytes.clone()) else { return Ok(None) };
        if ContentHash::of(&bytes) == *hash {
            Ok(Some(bytes))
        } else {
            Err(MediaError::Damaged(hash.as_str().to_owned()))
        }
    }

    async fn put_before(
        &self,
        instant: Timestamp,
        after: Option<&ContentHash>,
        at_most: usize,
    ) -> Result<Vec<ContentHash>, MediaError> {
        let files = self.lock();
        let is_next = |hash: &str| after.is_none_or(|after| hash > after.as_str());
        let old = files.iter().filter(|(hash, file)| is_next(hash) && file.put_at < instant);
        old.take(at_most).map(|(hash, _)| ContentHash::parse(hash)).collect()
    }

    async fn remove(&self, hash: &ContentHash, put_before: Timestamp) -> Result<bool, MediaError> {
        let mut files = self.lock();
        let is_old = files.get(hash.as_str()).is_some_and(|file| file.put_at < put_before);
        Ok(is_old && files.remove(hash.as_str()).is_some())
    }
}

/// A file with these bytes, for as long as it is kept.
pub(crate) fn temporary(bytes: &[u8]) -> std::io::Result<LocalFile> {
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), bytes)?;
    Ok(LocalFile::kept_by(file.path().to_owned(), file))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::sim_clock::SimClock;

    #[tokio::test]
    async fn the_same_bytes_are_kept_once_under_their_sha256_and_removed_by_age() {
        let clock = Arc::new(SimClock::new("2026-12-01T12:00:00Z".parse().unwrap()));
        let media = MemoryMedia::new(clock.clone());
        let hash = media.put(b"abc").await.unwrap();
        assert_eq!(hash.as_str(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(media.put(b"abc").await.unwrap(), hash);
        assert_eq!(media.count(), 1);
        assert_eq!(media.get(&hash).await.unwrap(), Some(b"abc".to_vec()));
        let located = media.locate(&hash).await.unwrap().unwrap();
        assert_eq!(media.put_file(located.path(), 3).await.unwrap(), (hash.clone(), 3));
        assert_eq!(media.measure(located.path()).await.unwrap(), (hash.clone(), 3));
        let put_at = clock.now();
        let later = put_at.checked_add(SignedDuration::from_secs(1)).unwrap();
        assert_eq!(media.put_before(put_at, None, 9).await.unwrap(), vec![]);
        assert_eq!(media.put_before(later, None, 9).await.unwrap(), vec![hash.clone()]);
        assert!(!media.remove(&hash, put_at).await.unwrap());
        assert!(media.remove(&hash, later).await.unwrap());
        assert!(!media.remove(&hash, later).await.unwrap());
        assert_eq!(media.get(&hash).await.unwrap(), None);
    }

    #[tokio::test]
    async fn it_passes_what_every_place_for_media_passes() {
        let media = MemoryMedia::new(Arc::new(SimClock::new("2026-12-01T12:00:00Z".parse().unwrap())));
        let scratch = tempfile::tempdir().unwrap();
        crate::media_suite::all(&media, scratch.path()).await;
    }

    #[tokio::test]
    async fn a_damaged_file_is_not_handed_out() {
        let media = MemoryMedia::new(Arc::new(SimClock::new(Timestamp::UNIX_EPOCH)));
        let hash = media.put(b"abc").await.unwrap();
        assert!(media.damage(&hash));
        assert!(matches!(media.get(&hash).await, Err(MediaError::Damaged(_))));
        assert!(!media.damage(&ContentHash::parse(&"0".repeat(64)).unwrap()));
    }
}
