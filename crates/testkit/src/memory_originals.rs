//! Pictures to be submitted, in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use skein_domain::ports::{LocalFile, Originals};
use skein_domain::{Category, Fault};

/// The `Originals` port over files that a test put there by name.
#[derive(Debug, Default)]
pub struct MemoryOriginals {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl MemoryOriginals {
    /// A file under a name.
    pub fn add(&self, name: &str, bytes: &[u8]) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), bytes.to_vec());
    }
}

#[async_trait]
impl Originals for MemoryOriginals {
    async fn read(&self, source: &str, max_bytes: u64) -> Result<Vec<u8>, Fault> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = |code, message| Fault::new(code, Category::UserContent, message);
        let bytes = files.get(source).ok_or_else(|| refused("no_such_file", "There is no such file."))?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length <= max_bytes) {
            Ok(bytes.clone())
        } else {
            Err(refused("file_too_large", "The file is too large."))
        }
    }

    async fn open(&self, source: &str, max_bytes: u64) -> Result<LocalFile, Fault> {
        let bytes = self.read(source, max_bytes).await?;
        crate::memory_media::temporary(&bytes)
            .map_err(|error| Fault::new("no_temporary_file", Category::SystemError, error.to_string()))
    }
}
