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

    pub(crate) fn path_of(&self, hash: &ContentHash) -> PathBuf {
        let (spread, rest) = hash.as_str().split_at(SPREAD_CHARS);
        self.root.join(spread).join(rest)
    }

    /// A new file among those that are not whole yet.
    pub(crate) fn begin(&self) -> Result<(PathBuf, File), MediaError> {
        let unfinished = self.unfinished();
        crate::store::make_folder(&unfinished).map_err(|error| at(&unfinished, &error))?;
        create_temporary(&unfinished)
    }

    /// Moves such a file, which is whole, to the place of its hash.
    pub(crate) fn finish(&self, temporary: &Path, hash: &ContentHash) -> Result<(), MediaError> {
        let path = self.path_of(hash);
        let made = path.parent().map_or(Ok(()), crate::store::make_folder);
        put_in_place(temporary, &path, made)
    }

    /// Forgets what a process that was killed left half written in the folder for that.
    pub(crate) fn forget_all_unfinished(&self, instant: Timestamp) -> Result<(), MediaError> {
        let unfinished = self.unfinished();
        for name in folder_names(&unfinished)? {
            forget_unfinished(&unfinished.join(name), instant)?;
        }
        Ok(())
    }

    /// The hashes of all files, however old, in order.
    ///
    /// # Errors
    /// [`MediaError::Io`]
    pub async fn hashes(&self) -> Result<Vec<ContentHash>, MediaError> {
        let folder = self.clone();
        off_the_runtime(move || {
            let name = |path: &PathBuf| {
                let (spread, rest) = (path.parent()?.file_name()?.to_str()?, path.file_name()?.to_str()?);
                ContentHash::parse(&format!("{spread}{rest}")).ok()
            };
            Ok(folder.files()?.iter().filter_map(name).collect())
        })
        .await
    }

    /// Every whole file, in the order of their hashes.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>, MediaError> {
        let mut files = Vec::new();
        for spread in folder_names(&self.root)? {
            let folder = self.root.join(&spread);
            let is_file = |rest: &String| ContentHash::parse(&format!("{spread}{rest}")).is_ok();
            files.extend(folder_names(&folder)?.into_iter().filter(is_file).map(|rest| folder.join(rest)));
        }
        Ok(files)
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
            folder.forget_all_unfinished(instant)?;
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

pub(crate) async fn off_the_runtime<T: Send + 'static>(
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
    let (temporary, file) = media.begin()?;
    let (hash, length) = fill_from(file, from).map_err(|error| forget(&temporary, source, &error))?;
    if length > max_bytes {
        fs::remove_file(&temporary).map_err(|error| at(&temporary, &error))?;
        return Err(MediaError::TooLarge { limit_bytes: max_bytes });
    }
    media.finish(&temporary, &hash)?;
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
mod tests;
