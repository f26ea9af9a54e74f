//! Media in an object store, for workers on several machines.
//!
//! A file is one object or several, all under the hash of its bytes: `PREFIX/HASH/PUT`, where every put has a name of its own. What is
//! put again is therefore another object than the one that a sweep has found to be old, and nobody needs a lock.

mod copies;
mod told;

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use data_encoding::HEXLOWER;
use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::{SignedDuration, Timestamp};
use object_store::path::Path as Name;
use object_store::{
    Error, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMultipartOptions, PutPayload,
};
use sha2::{Digest as _, Sha256};
use skein_domain::ports::{ContentHash, Entropy, LocalFile, MediaError, MediaFiles};

use self::copies::Copies;
use crate::media_files::off_the_runtime;

/// What of a film is in memory while it is uploaded. Stores take no smaller parts than 5 MiB.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// Objects of one file that are looked at: it is put again when somebody submits the same picture again.
const PUTS_AT_MOST: usize = 1_000;
/// How often a file is looked up whose objects go away between the list and the reading.
const LOOKS_AT_MOST: u32 = 3;
/// What is put when somebody wants to know whether it can be. No picture or video has these bytes.
const QUESTION: &[u8] = b"A goose passes.";
/// Stores tell when an object was put in whole seconds.
const AGE_STEP: SignedDuration = SignedDuration::from_secs(1);
/// Behind every put of a file, in the order in which stores list.
const AFTER_ALL_PUTS: &str = "z";

/// Media files in an object store.
#[derive(Clone)]
pub struct MediaBucket {
    objects: Arc<dyn ObjectStore>,
    root: Name,
    /// As people know it.
    place: String,
    entropy: Arc<dyn Entropy>,
    copies: Copies,
}

/// What somebody reads of a file.
enum Wanted {
    Bytes,
    File,
}

/// What came of one object.
enum Read {
    Bytes(Vec<u8>),
    File(LocalFile),
    Damaged,
    Gone,
}

impl MediaBucket {
    /// Files under `prefix` in a store that is called `place` in messages, such as `s3://bucket/prefix`. What is wanted as a file is
    /// copied to the folder `copies`, which nobody but buckets may use. Names are drawn from `entropy`.
    pub fn new(
        objects: Arc<dyn ObjectStore>,
        prefix: &str,
        place: String,
        copies: &Path,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { objects, root: Name::from(prefix), place, entropy, copies: Copies::at(copies) }
    }

    /// A folder for files on their way here, as [`crate::MediaFolder::unfinished`].
    pub fn unfinished(&self) -> PathBuf {
        self.copies.unfinished()
    }

    /// Puts a few bytes, reads and forgets them: whether the store can be reached, and lets us do all that is needed.
    ///
    /// # Errors
    /// [`MediaError::Remote`], in words for people.
    pub async fn ask(&self) -> Result<(), MediaError> {
        let hash = self.put(QUESTION).await?;
        self.get(&hash).await?;
        for put in self.puts(&hash).await? {
            self.forget(&put).await?;
        }
        Ok(())
    }

    fn root(&self) -> Option<&Name> {
        (!self.root.as_ref().is_empty()).then_some(&self.root)
    }

    fn folder(&self, hash: &ContentHash) -> Name {
        self.root.clone().join(hash.as_str())
    }

    /// A name that no put had before.
    fn next_name(&self, hash: &ContentHash) -> Name {
        let mut id = [0; 8];
        self.entropy.fill(&mut id);
        self.folder(hash).join(HEXLOWER.encode(&id))
    }

    /// The file that an object is a put of; `None` for what somebody else left in the store.
    fn hash_of(&self, name: &Name) -> Option<ContentHash> {
        let mut rest = name.prefix_match(&self.root)?;
        let hash = ContentHash::parse(rest.next()?.as_ref()).ok()?;
        (rest.next().is_some() && rest.next().is_none()).then_some(hash)
    }

    fn told(&self, error: &Error) -> MediaError {
        told::of(error, &self.place)
    }

    /// The puts of a file, the newest first.
    async fn puts(&self, hash: &ContentHash) -> Result<Vec<ObjectMeta>, MediaError> {
        let listed = self.objects.list(Some(&self.folder(hash))).take(PUTS_AT_MOST);
        let mut puts: Vec<_> = listed.try_collect().await.map_err(|error| self.told(&error))?;
        puts.sort_unstable_by(|a, b| newest(b).cmp(&newest(a)));
        Ok(puts)
    }

    /// Reads the newest put that is whole. An older one stands in for one that was damaged.
    async fn read(&self, hash: &ContentHash, wanted: &Wanted) -> Result<Option<Read>, MediaError> {
        for _ in 0..LOOKS_AT_MOST {
            let puts = self.puts(hash).await?;
            if puts.is_empty() {
                return Ok(None);
            }
            let mut is_damaged = false;
            for put in &puts {
                match self.read_put(put, hash, wanted).await? {
                    Read::Gone => {}
                    Read::Damaged => is_damaged = true,
                    read => return Ok(Some(read)),
                }
            }
            if is_damaged {
                return Err(MediaError::Damaged(hash.as_str().to_owned()));
            }
        }
        Ok(None)
    }

    async fn read_put(&self, put: &ObjectMeta, hash: &ContentHash, wanted: &Wanted) -> Result<Read, MediaError> {
        let found = match self.objects.get(&put.location).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(Read::Gone),
            Err(error) => return Err(self.told(&error)),
        };
        match wanted {
            Wanted::File => {
                let told = |error| self.told(&error);
                let copied = self.copies.copy(hash, put.size, found.into_stream().map_err(told)).await?;
                Ok(copied.map_or(Read::Damaged, Read::File))
            }
            Wanted::Bytes => {
                let bytes = found.bytes().await.map_err(|error| self.told(&error))?;
                let hash = hash.clone();
                off_the_runtime(move || {
                    Ok(if ContentHash::of(&bytes) == hash { Read::Bytes(bytes.into()) } else { Read::Damaged })
                })
                .await
            }
        }
    }

    /// Uploads a file in parts. One that changes meanwhile is not kept.
    async fn upload(&self, file: &Path, hash: &ContentHash) -> Result<(), MediaError> {
        let begun = self.objects.put_multipart_opts(&self.next_name(hash), PutMultipartOptions::default()).await;
        let mut upload = begun.map_err(|error| self.told(&error))?;
        match self.send_parts(upload.as_mut(), file, hash).await {
            Ok(()) => upload.complete().await.map(drop).map_err(|error| self.told(&error)),
            Err(error) => {
                // What stays behind is nobody's file, and goes by the rule for unfinished uploads that the store has.
                if let Err(left) = upload.abort().await {
                    tracing::warn!(error = %self.told(&left), "parts of an upload stay in the media store");
                }
                Err(error)
            }
        }
    }

    async fn send_parts(
        &self,
        upload: &mut dyn MultipartUpload,
        file: &Path,
        hash: &ContentHash,
    ) -> Result<(), MediaError> {
        let (mut left, mut seen) = (File::open(file).map_err(|error| at(file, &error))?, Sha256::new());
        loop {
            let read = off_the_runtime(move || {
                let mut part = Vec::with_capacity(PART_BYTES);
                (&mut left).take(PART_BYTES as u64).read_to_end(&mut part)?;
                seen.update(&part);
                Ok((left, seen, part))
            });
            let part;
            (left, seen, part) = read.await?;
            if part.is_empty() {
                break;
            }
            upload.put_part(PutPayload::from(part)).await.map_err(|error| self.told(&error))?;
        }
        if HEXLOWER.encode(&seen.finalize()) == hash.as_str() { Ok(()) } else { Err(changed(file)) }
    }

    /// What is left of puts that were put again since, once nobody can be reading them any more.
    async fn forget_older(&self, puts: &mut [ObjectMeta], instant: Timestamp) -> Result<(), MediaError> {
        puts.sort_unstable_by(|a, b| newest(b).cmp(&newest(a)));
        for put in puts.iter().skip(1).filter(|put| is_before(put, instant)) {
            self.forget(put).await?;
        }
        Ok(())
    }

    async fn forget(&self, put: &ObjectMeta) -> Result<(), MediaError> {
        match self.objects.delete(&put.location).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.told(&error)),
        }
    }
}

#[async_trait]
impl MediaFiles for MediaBucket {
    async fn put(&self, bytes: &[u8]) -> Result<ContentHash, MediaError> {
        let bytes = bytes.to_vec();
        let (hash, bytes) = off_the_runtime(move || Ok((ContentHash::of(&bytes), bytes))).await?;
        let put = self.objects.put(&self.next_name(&hash), PutPayload::from(bytes)).await;
        put.map(|_| hash).map_err(|error| self.told(&error))
    }

    async fn put_file(&self, file: &Path, max_bytes: u64) -> Result<(ContentHash, u64), MediaError> {
        let (hash, length) = measure(file, max_bytes.saturating_add(1)).await?;
        if length > max_bytes {
            return Err(MediaError::TooLarge { limit_bytes: max_bytes });
        }
        if length > PART_BYTES as u64 {
            self.upload(file, &hash).await?;
            return Ok((hash, length));
        }
        let bytes = tokio::fs::read(file).await.map_err(|error| at(file, &error))?;
        if self.put(&bytes).await? == hash { Ok((hash, length)) } else { Err(changed(file)) }
    }

    async fn locate(&self, hash: &ContentHash) -> Result<Option<LocalFile>, MediaError> {
        if let Some(copy) = self.copies.find(hash).await? {
            return Ok(Some(copy));
        }
        match self.read(hash, &Wanted::File).await? {
            Some(Read::File(file)) => Ok(Some(file)),
            _ => Ok(None),
        }
    }

    async fn measure(&self, file: &Path) -> Result<(ContentHash, u64), MediaError> {
        measure(file, u64::MAX).await
    }

    async fn get(&self, hash: &ContentHash) -> Result<Option<Vec<u8>>, MediaError> {
        match self.read(hash, &Wanted::Bytes).await? {
            Some(Read::Bytes(bytes)) => Ok(Some(bytes)),
            _ => Ok(None),
        }
    }

    async fn put_before(
        &self,
        instant: Timestamp,
        after: Option<&ContentHash>,
        at_most: usize,
    ) -> Result<Vec<ContentHash>, MediaError> {
        self.copies.sweep(instant).await?;
        let mut listed = match after {
            None => self.objects.list(self.root()),
            Some(after) => {
                let from = self.folder(after).join(AFTER_ALL_PUTS);
                self.objects.list_with_offset(self.root(), &from)
            }
        };
        let mut found = Vec::new();
        let mut of_one: Option<(ContentHash, Vec<ObjectMeta>)> = None;
        loop {
            let put = listed.try_next().await.map_err(|error| self.told(&error))?;
            let hash = put.as_ref().and_then(|put| self.hash_of(&put.location));
            if put.is_some() && hash.is_none() {
                continue;
            }
            if let Some((seen, mut puts)) = of_one.take_if(|(seen, _)| Some(&*seen) != hash.as_ref()) {
                if puts.iter().all(|put| is_before(put, instant)) {
                    found.push(seen);
                }
                self.forget_older(&mut puts, instant).await?;
            }
            match (put, hash) {
                (Some(put), Some(hash)) if found.len() < at_most => {
                    of_one.get_or_insert_with(|| (hash, Vec::new())).1.push(put);
                }
                _ => return Ok(found),
            }
        }
    }

    async fn remove(&self, hash: &ContentHash, put_before: Timestamp) -> Result<bool, MediaError> {
        let puts = self.puts(hash).await?;
        if puts.iter().any(|put| !is_before(put, put_before)) {
            return Ok(false);
        }
        // One that is put from here on has another name.
        for put in &puts {
            self.forget(put).await?;
        }
        Ok(!puts.is_empty())
    }
}

impl fmt::Debug for MediaBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MediaBucket").field(&self.place).finish()
    }
}

/// When it was put, and then any order.
fn newest(put: &ObjectMeta) -> (i64, &Name) {
    (put.last_modified.timestamp_micros(), &put.location)
}

/// Whether it was put before an instant for certain.
fn is_before(put: &ObjectMeta, instant: Timestamp) -> bool {
    let at = Timestamp::from_microsecond(put.last_modified.timestamp_micros()).unwrap_or(Timestamp::MAX);
    at.checked_add(AGE_STEP).is_ok_and(|at| at < instant)
}

async fn measure(file: &Path, at_most: u64) -> Result<(ContentHash, u64), MediaError> {
    let file = file.to_owned();
    off_the_runtime(move || {
        let opened = File::open(&file).map_err(|error| at(&file, &error))?.take(at_most);
        ContentHash::of_reader(opened, |_| Ok(())).map_err(|error| at(&file, &error))
    })
    .await
}

fn changed(file: &Path) -> MediaError {
    let told = format!("{} was changed while it was read; give it again when nobody writes to it", file.display());
    MediaError::Io(io::Error::other(told))
}

fn at(path: &Path, error: &io::Error) -> MediaError {
    MediaError::Io(io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests;
