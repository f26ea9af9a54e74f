//! Copies of what an object store holds, for whoever needs a file. They go when they were not asked for in a while, and the oldest
//! when they take too much room, unless somebody is reading them.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt as _};
use jiff::Timestamp;
use skein_domain::ports::{ContentHash, LocalFile, MediaError};
use tokio::io::AsyncWriteExt as _;

use super::at;
use crate::MediaFolder;
use crate::media_files::off_the_runtime;

/// Room for some of the longest videos.
const COPIES_AT_MOST_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// A folder with copies.
#[derive(Debug, Clone)]
pub(super) struct Copies {
    folder: MediaFolder,
    at_most_bytes: u64,
}

/// A copy, as the sweep sees it.
struct Copy {
    path: PathBuf,
    length: u64,
    made_at: Timestamp,
}

impl Copies {
    pub(super) fn at(root: &Path) -> Self {
        Self { folder: MediaFolder::at(root), at_most_bytes: COPIES_AT_MOST_BYTES }
    }

    pub(super) fn unfinished(&self) -> PathBuf {
        self.folder.unfinished()
    }

    /// The copy of a file, checked against its hash and kept for as long as it is held. One that was damaged is removed.
    pub(super) async fn find(&self, hash: &ContentHash) -> Result<Option<LocalFile>, MediaError> {
        let (path, hash) = (self.folder.path_of(hash), hash.clone());
        off_the_runtime(move || {
            let Some(file) = open(&path).map_err(|error| at(&path, &error))? else { return Ok(None) };
            let (found, _) = ContentHash::of_reader(&file, |_| Ok(())).map_err(|error| at(&path, &error))?;
            if found == hash {
                return Ok(Some(LocalFile::kept_by(path, file)));
            }
            remove(&path)?;
            Ok(None)
        })
        .await
    }

    /// Makes a copy of what comes in pieces; `None` when they are not what the hash says, or not so many bytes.
    pub(super) async fn copy(
        &self,
        hash: &ContentHash,
        length: u64,
        pieces: impl Stream<Item = Result<Bytes, MediaError>> + Send,
    ) -> Result<Option<LocalFile>, MediaError> {
        let copies = self.clone();
        let (path, file) = off_the_runtime(move || {
            copies.make_room(length)?;
            let (path, file) = copies.folder.begin()?;
            // It may take longer than what is left unfinished is left alone.
            file.lock_shared().map_err(|error| at(&path, &error))?;
            Ok((path, file))
        })
        .await?;
        let written = write(&path, &file, length, pieces).await;
        let (folder, hash) = (self.folder.clone(), hash.clone());
        off_the_runtime(move || {
            let is_whole = written.and_then(|whole| {
                let (found, _) =
                    ContentHash::of_reader(File::open(&path).map_err(|error| at(&path, &error))?, |_| Ok(()))
                        .map_err(|error| at(&path, &error))?;
                Ok(whole && found == hash)
            });
            if !matches!(is_whole, Ok(true)) {
                remove(&path)?;
                return is_whole.map(|_| None);
            }
            let place = folder.path_of(&hash);
            folder.finish(&path, &hash)?;
            Ok(Some(LocalFile::kept_by(place, file)))
        })
        .await
    }

    /// Removes copies that were made before an instant.
    pub(super) async fn sweep(&self, instant: Timestamp) -> Result<(), MediaError> {
        let copies = self.clone();
        off_the_runtime(move || {
            copies.folder.forget_all_unfinished(instant)?;
            for copy in copies.all()?.iter().filter(|copy| copy.made_at < instant) {
                remove_unless_read(&copy.path)?;
            }
            Ok(())
        })
        .await
    }

    /// Removes the oldest copies until a file of this length has room beside the others.
    fn make_room(&self, length: u64) -> Result<(), MediaError> {
        let mut all = self.all()?;
        all.sort_unstable_by_key(|copy| copy.made_at);
        let mut taken = all.iter().map(|copy| copy.length).fold(length, u64::saturating_add);
        for copy in &all {
            if taken <= self.at_most_bytes {
                break;
            }
            if remove_unless_read(&copy.path)? {
                taken -= copy.length;
            }
        }
        Ok(())
    }

    fn all(&self) -> Result<Vec<Copy>, MediaError> {
        let mut all = Vec::new();
        for path in self.folder.files()? {
            let about = match fs::metadata(&path) {
                Ok(about) => about,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(at(&path, &error)),
            };
            let modified = about.modified().map_err(|error| at(&path, &error))?;
            let made_at = Timestamp::try_from(modified).unwrap_or(Timestamp::MIN);
            all.push(Copy { path, length: about.len(), made_at });
        }
        Ok(all)
    }
}

/// True when as many bytes came as were told.
async fn write(
    path: &Path,
    file: &File,
    length: u64,
    pieces: impl Stream<Item = Result<Bytes, MediaError>> + Send,
) -> Result<bool, MediaError> {
    let mut to = tokio::fs::File::from_std(file.try_clone().map_err(|error| at(path, &error))?);
    let (mut pieces, mut written) = (std::pin::pin!(pieces), 0_u64);
    while let Some(piece) = pieces.try_next().await? {
        written = written.saturating_add(piece.len() as u64);
        if written > length {
            return Ok(false);
        }
        to.write_all(&piece).await.map_err(|error| at(path, &error))?;
    }
    to.flush().await.map_err(|error| at(path, &error))?;
    Ok(written == length)
}

/// The file, which nobody removes for as long as it is open.
fn open(path: &Path) -> io::Result<Option<File>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    file.lock_shared()?;
    // It may have been removed before it was locked.
    match fs::metadata(path) {
        Ok(there) if there.ino() == file.metadata()?.ino() => Ok(Some(file)),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn remove_unless_read(path: &Path) -> Result<bool, MediaError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(at(path, &error)),
    };
    match file.try_lock() {
        Ok(()) => remove(path).map(|()| true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(at(path, &error)),
    }
}

/// What is gone already is removed too.
fn remove(path: &Path) -> Result<(), MediaError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(path, &error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;

    fn pieces(bytes: &[u8]) -> impl Stream<Item = Result<Bytes, MediaError>> + Send + use<> {
        stream::iter(bytes.chunks(3).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect::<Vec<_>>())
    }

    async fn copied(copies: &Copies, bytes: &[u8]) -> LocalFile {
        let hash = ContentHash::of(bytes);
        copies.copy(&hash, bytes.len() as u64, pieces(bytes)).await.unwrap().unwrap()
    }

    fn far_ahead() -> Timestamp {
        "2100-01-01T00:00:00Z".parse().unwrap()
    }

    #[tokio::test]
    async fn a_copy_is_found_again_and_swept_once_nobody_reads_it() {
        let root = tempfile::tempdir().unwrap();
        let copies = Copies::at(root.path());
        let (film, hash) = (copied(&copies, b"a film").await, ContentHash::of(b"a film"));
        assert_eq!(fs::read(film.path()).unwrap(), b"a film");
        drop(film);
        let again = copies.find(&hash).await.unwrap().unwrap();
        copies.sweep(far_ahead()).await.unwrap();
        assert_eq!(fs::read(again.path()).unwrap(), b"a film", "it is being read");
        drop(again);
        copies.sweep(Timestamp::UNIX_EPOCH).await.unwrap();
        assert!(copies.find(&hash).await.unwrap().is_some(), "it is not old");
        copies.sweep(far_ahead()).await.unwrap();
        assert!(copies.find(&hash).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_is_not_what_it_should_be_is_not_kept() {
        let root = tempfile::tempdir().unwrap();
        let copies = Copies::at(root.path());
        let hash = ContentHash::of(b"a film");
        for (given, length) in [(&b"a flim"[..], 6), (b"a film", 5), (b"a fil", 6)] {
            assert!(copies.copy(&hash, length, pieces(given)).await.unwrap().is_none(), "{given:?}");
        }
        let broken = stream::iter([Ok(Bytes::from_static(b"a f")), Err(MediaError::Remote("gone".to_owned()))]);
        assert!(matches!(copies.copy(&hash, 6, broken).await, Err(MediaError::Remote(_))));
        assert_eq!(fs::read_dir(copies.unfinished()).unwrap().count(), 0);
        drop(copied(&copies, b"a film").await);
        fs::write(copies.folder.path_of(&hash), b"a flim").unwrap();
        assert!(copies.find(&hash).await.unwrap().is_none());
        assert!(!copies.folder.path_of(&hash).exists());
    }

    #[tokio::test]
    async fn the_oldest_that_nobody_reads_makes_room() {
        let root = tempfile::tempdir().unwrap();
        let copies = Copies { at_most_bytes: 12, ..Copies::at(root.path()) };
        let read = copied(&copies, b"first!").await;
        drop(copied(&copies, b"second").await);
        drop(copied(&copies, b"third!").await);
        let is_there = |bytes: &[u8]| copies.folder.path_of(&ContentHash::of(bytes)).exists();
        assert!(is_there(b"first!") && !is_there(b"second") && is_there(b"third!"));
        drop(read);
    }
}
