//! Media on the disk: one file for each content, named by its SHA-256, written aside and renamed when it is whole.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use skein_domain::ports::{ContentHash, LocalFile, MediaError, MediaFiles};

/// Whoever puts a file holds this one with others, and whoever removes one holds it alone: so a file that was put again is
/// never removed for the age that it had before.
const LOCK_NAME: &str = ".lock";

/// How the names of files end that are not whole yet.
const UNFINISHED: &str = "part";

/// Where files are written whose hash is not known before their end: a name that is listed with the folders of hashes.
const UNFINISHED_FOLDER: &str = "00";

/// Files are spread over folders by the first two digits of their hash.
const SPREAD_CHARS: usize = 2;
/// Names of temporary files that a process with the same number left behind are passed over, at most so often.
const NAME_ATTEMPTS: u32 = 10_000;

static NEXT_TEMPORARY: AtomicU64 = AtomicU64::new(0);

/// A folder with media files. Several processes may use it at once.
#[derive(Debug, Clone)]
pub struct MediaFolder {
    root: PathBuf,
}

impl MediaFolder {
    /// The folder at a path. It is made, for its owner only, when the first file is put.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// A folder for files on their way here: what a process that was killed leaves there goes with the next sweep, if its name
    /// ends with `.part`.
    pub fn unfinished(&self) -> PathBuf {
        self.root.join(UNFINISHED_FOLDER)
    }

    fn lock_file(&self) -> Result<File, MediaError> {
        crate::store::make_folder(&self.root).map_err(|error| at(&self.root, &error))?;
        let path = self.root.join(LOCK_NAME);
        let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        opened.map_err(|error| at(&path, &error))
    }

    fn path_of(&self, hash: &ContentHash) -> PathBuf {
        let (spread, rest) = hash.as_str().split_at(SPREAD_CHARS);
        self.root.join(spread).join(rest)
    }
}

#[async_trait]
impl MediaFiles for MediaFolder {
    async fn put(&self, bytes: &[u8]) -> Result<ContentHash, MediaError> {
        let (folder, bytes) = (self.clone(), bytes.to_vec());
        off_the_runtime(move || {
            let hash = ContentHash::of(&bytes);
            let lock = folder.lock_file()?;
            lock.lock_shared().map_err(|error| at(&folder.root, &error))?;
            // Also where it is there: it may be damaged, and is to be as new as this moment.
            write(&folder.path_of(&hash), &bytes)?;
            Ok(hash)
        })
        .await
    }

    async fn put_file(&self, file: &Path, max_bytes: u64) -> Result<(ContentHash, u64), MediaError> {
        let (folder, file) = (self.clone(), file.to_owned());
        off_the_runtime(move || {
            let lock = folder.lock_file()?;
            lock.lock_shared().map_err(|error| at(&folder.root, &error))?;
            copy_in(&folder, &file, max_bytes)
        })
        .await
    }

    async fn locate(&self, hash: &ContentHash) -> Result<Option<LocalFile>, MediaError> {
        let (path, hash) = (self.path_of(hash), hash.clone());
        off_the_runtime(move || {
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(at(&path, &error)),
            };
            let (found, _) = ContentHash::of_reader(file, |_| Ok(())).map_err(|error| at(&path, &error))?;
            if found == hash { Ok(Some(LocalFile::at(path))) } else { Err(MediaError::Damaged(hash.into())) }
        })
        .await
    }

    async fn measure(&self, file: &Path) -> Result<(ContentHash, u64), MediaError> {
        let file = file.to_owned();
        off_the_runtime(move || {
            let opened = File::open(&file).map_err(|error| at(&file, &error))?;
            ContentHash::of_reader(opened, |_| Ok(())).map_err(|error| at(&file, &error))
        })
        .await
    }

    async fn get(&self, hash: &ContentHash) -> Result<Option<Vec<u8>>, MediaError> {
        let (path, hash) = (self.path_of(hash), hash.clone());
        off_the_runtime(move || read(&path, &hash)).await
    }

    async fn put_before(
        &self,
        instant: Timestamp,
        after: Option<&ContentHash>,
        at_most: usize,
    ) -> Result<Vec<ContentHash>, MediaError> {
        let (folder, after) = (self.clone(), after.cloned());
        off_the_runtime(move || {
            let from = after.as_ref().map_or("", |hash| &hash.as_str()[..SPREAD_CHARS]);
            let mut found = Vec::new();
            // Wherever a sweep begins: a command sweeps few folders, and most that is left unfinished is here.
            let unfinished = folder.unfinished();
            for name in folder_names(&unfinished)? {
                forget_unfinished(&unfinished.join(name), instant)?;
            }
            for spread in folder_names(&folder.root)?.into_iter().filter(|spread| spread.as_str() >= from) {
                for rest in folder_names(&folder.root.join(&spread))? {
                    // Unfinished files, the lock, and what somebody else left here have no name that is a hash.
                    let Ok(hash) = ContentHash::parse(&format!("{spread}{rest}")) else {
                        forget_unfinished(&folder.root.join(&spread).join(&rest), instant)?;
                        continue;
                    };
                    let is_next = after.as_ref().is_none_or(|after| hash.as_str() > after.as_str());
                    if is_next && is_from_before(&folder.path_of(&hash), instant)? {
                        if found.len() == at_most {
                            return Ok(found);
                        }
                        found.push(hash);
                    }
                }
            }
            Ok(found)
        })
        .await
    }

    async fn remove(&self, hash: &ContentHash, put_before: Timestamp) -> Result<bool, MediaError> {
        let (folder, path) = (self.clone(), self.path_of(hash));
        off_the_runtime(move || {
            let lock = folder.lock_file()?;
            match lock.try_lock() {
                Ok(()) => {}
                // Somebody puts a file: this one is removed another time.
                Err(TryLockError::WouldBlock) => return Ok(false),
                Err(TryLockError::Error(error)) => return Err(at(&folder.root, &error)),
            }
            if !is_from_before(&path, put_before)? {
                return Ok(false);
            }
            fs::remove_file(&path).map(|()| true).map_err(|error| at(&path, &error))
        })
        .await
    }
}

/// What a process that was killed left half written. Nobody writes to it for longer than a submission takes, and whoever needs
/// it longer without writing to it has it locked for as long as they live.
fn forget_unfinished(path: &Path, instant: Timestamp) -> Result<(), MediaError> {
    let is_unfinished = path.extension().is_some_and(|extension| extension == UNFINISHED);
    if !is_unfinished || !is_from_before(path, instant)? {
        return Ok(());
    }
    // What is gone meanwhile was taken away by its owner or by another sweep.
    let unless_gone = |done: io::Result<()>| match done {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(path, &error)),
        _ => Ok(()),
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) => return unless_gone(Err(error)),
    };
    match file.try_lock() {
        Ok(()) => unless_gone(fs::remove_file(path)),
        Err(TryLockError::WouldBlock) => Ok(()),
        Err(TryLockError::Error(error)) => Err(at(path, &error)),
    }
}

/// The names in a folder, in order; none where there is no such folder, or something else in its place.
fn folder_names(path: &Path) -> Result<Vec<String>, MediaError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(at(path, &error)),
    };
    let name = |entry: io::Result<fs::DirEntry>| entry.map(|entry| entry.file_name().into_string().ok());
    let names: io::Result<Vec<_>> = entries.filter_map(|entry| name(entry).transpose()).collect();
    let mut names = names.map_err(|error| at(path, &error))?;
    names.sort_unstable();
    Ok(names)
}

/// False where there is no such file.
fn is_from_before(path: &Path, instant: Timestamp) -> Result<bool, MediaError> {
    let modified = match fs::metadata(path).and_then(|metadata| metadata.modified()) {
        Ok(modified) => modified,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(at(path, &error)),
    };
    // A time that no instant can hold is no recent one.
    Ok(Timestamp::try_from(modified).map_or(true, |modified| modified < instant))
}

async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MediaError> + Send + 'static,
) -> Result<T, MediaError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| MediaError::Io(io::Error::other(error)))?
}

fn read(path: &Path, hash: &ContentHash) -> Result<Option<Vec<u8>>, MediaError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at(path, &error)),
    };
    if ContentHash::of(&bytes) == *hash { Ok(Some(bytes)) } else { Err(MediaError::Damaged(hash.as_str().to_owned())) }
}

/// The name appears only when the bytes are on the disk, and is on the disk itself when this returns.
fn write(path: &Path, bytes: &[u8]) -> Result<(), MediaError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    crate::store::make_folder(folder).map_err(|error| at(folder, &error))?;
    let (temporary, file) = create_temporary(folder)?;
    let filled = fill(file, bytes);
    put_in_place(&temporary, path, filled)
}

/// Hashes a file while it is copied: its name follows from its bytes, so it is written in one of the folders, which are
/// on the same disk, and then moved.
fn copy_in(media: &MediaFolder, source: &Path, max_bytes: u64) -> Result<(ContentHash, u64), MediaError> {
    // One byte more tells that there is more.
    let from = File::open(source).map_err(|error| at(source, &error))?.take(max_bytes.saturating_add(1));
    let unfinished = media.unfinished();
    crate::store::make_folder(&unfinished).map_err(|error| at(&unfinished, &error))?;
    let (temporary, file) = create_temporary(&unfinished)?;
    let (hash, length) = fill_from(file, from).map_err(|error| forget(&temporary, source, &error))?;
    if length > max_bytes {
        fs::remove_file(&temporary).map_err(|error| at(&temporary, &error))?;
        return Err(MediaError::TooLarge { limit_bytes: max_bytes });
    }
    let path = media.path_of(&hash);
    let made = path.parent().map_or(Ok(()), crate::store::make_folder);
    put_in_place(&temporary, &path, made)?;
    Ok((hash, length))
}

/// Moves what was written to where it belongs, if it was written; removes it otherwise.
fn put_in_place(temporary: &Path, path: &Path, written: io::Result<()>) -> Result<(), MediaError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    if let Err(error) = written.and_then(|()| fs::rename(temporary, path)) {
        return Err(forget(temporary, path, &error));
    }
    sync_folder(folder)?;
    folder.parent().map_or(Ok(()), sync_folder)
}

/// Removes what was not written whole, and returns the error to tell: the first. What stays behind is never read.
fn forget(temporary: &Path, path: &Path, error: &io::Error) -> MediaError {
    match fs::remove_file(temporary) {
        Ok(()) => at(path, error),
        Err(left) => at(temporary, &io::Error::new(error.kind(), format!("{error}; and it stays behind: {left}"))),
    }
}

fn create_temporary(folder: &Path) -> Result<(PathBuf, File), MediaError> {
    for _ in 0..NAME_ATTEMPTS {
        let number = NEXT_TEMPORARY.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!(".{}.{number}.{UNFINISHED}", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(at(&path, &error)),
        }
    }
    Err(at(folder, &io::Error::other("too many unfinished files; remove those that end in .part")))
}

fn fill(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

fn fill_from(mut file: File, from: impl Read) -> io::Result<(ContentHash, u64)> {
    let copied = ContentHash::of_reader(from, |piece| file.write_all(piece))?;
    file.sync_all()?;
    Ok(copied)
}

fn sync_folder(folder: &Path) -> Result<(), MediaError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| at(folder, &error))
}

fn at(path: &Path, error: &io::Error) -> MediaError {
    MediaError::Io(io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn files_below(root: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(root).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
        }
        found
    }

    #[tokio::test]
    async fn bytes_come_back_under_their_hash_and_are_kept_once() {
        let root = tempfile::tempdir().unwrap();
        let media = MediaFolder::at(&root.path().join("media"));
        let hash = media.put(b"abc").await.unwrap();
        assert_eq!(hash.as_str(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(media.put(b"abc").await.unwrap(), hash);
        assert_eq!(media.get(&hash).await.unwrap().as_deref(), Some(b"abc".as_slice()));
        assert_eq!(files_below(root.path()).len(), 2, "the file and the lock");
    }

    #[tokio::test]
    async fn a_file_is_copied_and_handed_out_by_its_path_and_damage_is_told() {
        let root = tempfile::tempdir().unwrap();
        let media = MediaFolder::at(&root.path().join("media"));
        let film = root.path().join("film.mp4");
        let bytes = vec![7; 3 * 64 * 1024 + 5];
        fs::write(&film, &bytes).unwrap();
        let measured = media.measure(&film).await.unwrap();
        assert_eq!(files_below(root.path()).len(), 1, "measuring keeps nothing");
        let (hash, length) = media.put_file(&film, u64::MAX).await.unwrap();
        assert_eq!((&hash, length), (&ContentHash::of(&bytes), bytes.len() as u64));
        assert_eq!(measured, (hash.clone(), length));
        assert_eq!(media.put_file(&film, u64::MAX).await.unwrap(), measured, "twice is once");
        let located = media.locate(&hash).await.unwrap().unwrap();
        assert_eq!(fs::read(located.path()).unwrap(), bytes);
        assert_eq!(media.get(&hash).await.unwrap(), Some(bytes.clone()));
        assert_eq!(files_below(root.path()).len(), 3, "the original, the copy and the lock: nothing unfinished");
        fs::write(media.path_of(&hash), &bytes[1..]).unwrap();
        assert!(matches!(media.locate(&hash).await, Err(MediaError::Damaged(_))));
        assert!(media.locate(&ContentHash::of(b"never put")).await.unwrap().is_none());
        assert!(media.put_file(&root.path().join("nowhere"), 9).await.is_err());
        assert!(media.put_file(root.path(), 9).await.is_err(), "a folder is no file");
        let over = media.put_file(&film, bytes.len() as u64 - 1).await;
        assert!(matches!(over, Err(MediaError::TooLarge { limit_bytes }) if limit_bytes == bytes.len() as u64 - 1));
        assert_eq!(files_below(root.path()).len(), 3);
    }

    #[tokio::test]
    async fn a_file_is_removed_by_its_age_and_putting_it_again_makes_it_new() {
        let root = tempfile::tempdir().unwrap();
        let media = MediaFolder::at(root.path());
        let [old, new] = [media.put(b"old").await.unwrap(), media.put(b"new").await.unwrap()];
        let age = |hash: &ContentHash, at: &str| {
            let at: Timestamp = at.parse().unwrap();
            let file = OpenOptions::new().write(true).open(media.path_of(hash)).unwrap();
            file.set_modified(at.into()).unwrap();
        };
        let noon: Timestamp = "2026-12-01T12:00:00Z".parse().unwrap();
        age(&old, "2026-12-01T11:59:59Z");
        age(&new, "2026-12-01T12:00:00Z");
        assert_eq!(media.put_before(noon, None, 10).await.unwrap(), vec![old.clone()]);
        assert!(!media.remove(&new, noon).await.unwrap(), "it is not old enough");
        assert!(media.remove(&old, noon).await.unwrap());
        assert!(!media.remove(&old, noon).await.unwrap(), "it is gone");
        assert_eq!(media.get(&old).await.unwrap(), None);
        age(&new, "2026-12-01T11:00:00Z");
        assert_eq!(media.put_before(noon, None, 0).await.unwrap(), vec![]);
        media.put(b"new").await.unwrap();
        let before_it_was_put: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        assert!(!media.remove(&new, before_it_was_put).await.unwrap());
        assert_eq!(media.get(&new).await.unwrap().as_deref(), Some(b"new".as_slice()));
    }

    #[tokio::test]
    async fn all_old_files_are_listed_in_pages_and_unfinished_ones_go() {
        let root = tempfile::tempdir().unwrap();
        let media = MediaFolder::at(root.path());
        for number in 0..20_u8 {
            media.put(&[number]).await.unwrap();
        }
        let left = media.path_of(&ContentHash::of(&[0])).with_file_name(".1.0.part");
        fs::write(&left, b"half").unwrap();
        let far_ahead: Timestamp = "2100-01-01T00:00:00Z".parse().unwrap();
        let fetched = media.unfinished().join(".fetched-1.part");
        crate::store::make_folder(&media.unfinished()).unwrap();
        let needed = File::create(&fetched).unwrap();
        needed.lock_shared().unwrap();
        let last = ContentHash::parse(&"f".repeat(64)).unwrap();
        media.put_before(far_ahead, Some(&last), 1).await.unwrap();
        assert!(fetched.exists(), "whoever has it locked needs it, however old it is");
        drop(needed);
        media.put_before(far_ahead, Some(&last), 1).await.unwrap();
        assert!(!fetched.exists(), "also of a sweep that begins at the last file");
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = media.put_before(far_ahead, after.as_ref(), 3).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.clone());
            seen.extend(page);
        }
        seen.dedup();
        assert_eq!(seen.len(), 20);
        assert!(!left.exists(), "it is older than any submission");
    }

    #[tokio::test]
    async fn removing_waits_for_nobody() {
        let root = tempfile::tempdir().unwrap();
        let media = MediaFolder::at(root.path());
        let hash = media.put(b"a").await.unwrap();
        let held = File::open(root.path().join(LOCK_NAME)).unwrap();
        held.lock_shared().unwrap();
        let far_ahead: Timestamp = "2100-01-01T00:00:00Z".parse().unwrap();
        assert!(!media.remove(&hash, far_ahead).await.unwrap());
        held.unlock().unwrap();
        assert!(media.remove(&hash, far_ahead).await.unwrap());
    }

    #[tokio::test]
    async fn damage_is_told_and_mended_by_putting_again() {
        let root = tempfile::tempdir().unwrap();
        let media = MediaFolder::at(root.path());
        let hash = media.put(b"picture").await.unwrap();
        fs::write(media.path_of(&hash), b"pict").unwrap();
        assert!(matches!(media.get(&hash).await, Err(MediaError::Damaged(_))));
        media.put(b"picture").await.unwrap();
        assert_eq!(media.get(&hash).await.unwrap().as_deref(), Some(b"picture".as_slice()));
    }

    #[tokio::test]
    async fn an_unfinished_file_of_an_earlier_process_is_in_nobodys_way() {
        let root = tempfile::tempdir().unwrap();
        let media = MediaFolder::at(root.path());
        let hash = ContentHash::of(b"new");
        let folder = media.path_of(&hash).parent().unwrap().to_owned();
        fs::create_dir_all(&folder).unwrap();
        let next = NEXT_TEMPORARY.load(Ordering::Relaxed);
        for number in next..next + 20 {
            fs::write(folder.join(format!(".{}.{number}.part", std::process::id())), b"half").unwrap();
        }
        media.put(b"new").await.unwrap();
        assert_eq!(media.get(&hash).await.unwrap().as_deref(), Some(b"new".as_slice()));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn writers_of_the_same_bytes_do_not_disturb_each_other() {
        let root = tempfile::tempdir().unwrap();
        let media = Arc::new(MediaFolder::at(root.path()));
        let bytes = Arc::new(vec![7_u8; 1 << 20]);
        let writers: Vec<_> = (0..16)
            .map(|_| {
                let (media, bytes) = (Arc::clone(&media), Arc::clone(&bytes));
                tokio::spawn(async move { media.put(&bytes).await.unwrap() })
            })
            .collect();
        for writer in writers {
            let hash = writer.await.unwrap();
            assert_eq!(media.get(&hash).await.unwrap().as_deref(), Some(bytes.as_slice()));
        }
        assert_eq!(files_below(root.path()).len(), 2, "the file and the lock; no temporary file stays");
    }

    #[tokio::test]
    async fn a_refusal_of_the_disk_names_the_path() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, b"").unwrap();
        let refusal = MediaFolder::at(&file.join("media")).put(b"x").await.unwrap_err().to_string();
        assert!(refusal.contains("file/media"), "{refusal}");
    }
}
