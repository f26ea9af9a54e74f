//! Files that belong to posts, kept by the hash of their bytes until the post is public.

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{self, Read};
use std::path::Path;

use super::LocalFile;

/// How much of a file is hashed at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// The SHA-256 of a file's bytes, in lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentHash(String);

impl ContentHash {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(HEXLOWER.encode(&Sha256::digest(bytes)))
    }

    /// The hash and the length of what a reader gives, to its end; `each` sees every piece of it in order.
    ///
    /// # Errors
    /// Those of the reader and of `each`.
    pub fn of_reader(mut reader: impl Read, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<(Self, u64)> {
        let (mut hash, mut length, mut piece) = (Sha256::new(), 0, vec![0; CHUNK_BYTES]);
        loop {
            let read = match reader.read(&mut piece) {
                Ok(0) => return Ok((Self(HEXLOWER.encode(&hash.finalize())), length)),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let piece = piece.get(..read).unwrap_or_default();
            hash.update(piece);
            length += piece.len() as u64;
            each(piece)?;
        }
    }

    /// Reads sixty-four lower-case hex digits.
    pub fn parse(given: &str) -> Result<Self, MediaError> {
        let valid = given.len() == 64 && given.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if valid { Ok(Self(given.to_owned())) } else { Err(MediaError::NotAHash) }
    }

    /// The hash as it was before it became text.
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = [0; 32];
        // What is in here are sixty-four digits, or it would not be.
        let decoded = HEXLOWER.decode_mut(self.0.as_bytes(), &mut digest);
        debug_assert_eq!(decoded.ok(), Some(digest.len()));
        digest
    }

    /// The hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ContentHash {
    type Error = MediaError;
    fn try_from(given: String) -> Result<Self, MediaError> {
        Self::parse(&given)
    }
}

impl From<ContentHash> for String {
    fn from(hash: ContentHash) -> String {
        hash.0
    }
}

/// What can go wrong with a stored file.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The text is no SHA-256.
    #[error("not the SHA-256 of a file: sixty-four lower-case hex digits are needed")]
    NotAHash,
    /// The bytes on the disk are not those that were stored.
    #[error("the stored file {0} was changed or cut; upload it again")]
    Damaged(String),
    /// More bytes than whoever puts the file allows.
    #[error("the file has more than {limit_bytes} bytes")]
    TooLarge {
        /// What was allowed.
        limit_bytes: u64,
    },
    /// A store on the network refused, or gave no answer; in words for people.
    #[error("{0}")]
    Remote(String),
    /// The disk refused.
    #[error("media files: {0}")]
    Io(#[from] std::io::Error),
}

/// Where media bytes are kept. Putting the same bytes twice keeps one file.
///
/// A file is kept for as long as a post needs it, and then swept: whoever puts one has some minutes to submit the post that
/// needs it, and a file that is put again counts as new.
#[async_trait]
pub trait MediaFiles: Send + Sync {
    /// Keeps the bytes, durably, and returns their hash. The file is new again if it was there already.
    async fn put(&self, bytes: &[u8]) -> Result<ContentHash, MediaError>;
    /// Keeps the bytes of a file as `put` does, without holding them in memory. Returns their hash and how many they are. A file of
    /// more than `max_bytes`, also one that grows meanwhile, is refused.
    async fn put_file(&self, file: &Path, max_bytes: u64) -> Result<(ContentHash, u64), MediaError>;
    /// The bytes as a file, checked against their hash without holding them in memory; `None` when there is no such file.
    async fn locate(&self, hash: &ContentHash) -> Result<Option<LocalFile>, MediaError>;
    /// What `put_file` would return, without keeping anything.
    async fn measure(&self, file: &Path) -> Result<(ContentHash, u64), MediaError>;
    /// The bytes, checked against their hash; `None` when there is no such file.
    async fn get(&self, hash: &ContentHash) -> Result<Option<Vec<u8>>, MediaError>;
    /// The files that were last put before an instant, in the order of their hashes: those that follow `after`, at most
    /// `at_most` of them.
    async fn put_before(
        &self,
        instant: Timestamp,
        after: Option<&ContentHash>,
        at_most: usize,
    ) -> Result<Vec<ContentHash>, MediaError>;
    /// Forgets a file unless it was put again at the instant or after it. False when it stays; forgetting what is not there
    /// is no error. Waits for nobody: a file that is in use stays for another time.
    async fn remove(&self, hash: &ContentHash, put_before: Timestamp) -> Result<bool, MediaError>;
}
