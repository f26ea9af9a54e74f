//! Where the command line finds pictures and videos: files of whoever runs it, and addresses on the web.

use async_trait::async_trait;
use skein_domain::ports::{FILE_TOO_LARGE, LocalFile, Originals};
use skein_domain::{Category, Fault};
use skein_net::{Call, Http, NetError};
use std::collections::HashMap;
use std::fs::{DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tempfile::NamedTempFile;
use tokio::sync::oneshot;
use url::Url;

/// How long a picture may take to come.
const FETCH_TIMEOUT_MS: u64 = 60_000;

/// How long a file may take to come that may be a video: less than a submission may take.
const FETCH_FILE_TIMEOUT_MS: u64 = 300_000;

/// Reads files, and fetches what has an address. Addresses of private networks are refused as everywhere.
pub(crate) struct FilesAndWeb {
    http: Http,
    folder: PathBuf,
    scratch: PathBuf,
    instead: Mutex<HashMap<String, LocalFile>>,
}

impl FilesAndWeb {
    /// Fetches with this client and its guard. Paths are as seen from `folder`; an empty one is where the command runs. What is
    /// fetched is written to `scratch` for as long as it is needed.
    pub(crate) fn new(http: Http, folder: PathBuf, scratch: PathBuf) -> Self {
        Self { http, folder, scratch, instead: Mutex::default() }
    }

    /// From now on this file stands for a source, whatever that names.
    pub(crate) fn replace(&self, source: &str, file: LocalFile) {
        self.lock().insert(source.to_owned(), file);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, LocalFile>> {
        self.instead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new file that goes away with whoever keeps it. It is locked, since it may be needed for longer than what others leave
    /// unfinished is left alone.
    pub(crate) fn temporary(&self) -> io::Result<NamedTempFile> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.scratch)?;
        let file = tempfile::Builder::new().prefix(".fetched-").suffix(".part").tempfile_in(&self.scratch)?;
        file.as_file().lock_shared()?;
        Ok(file)
    }

    /// A copy of what can be read only once, such as a pipe; whoever names it again gets the same copy.
    async fn copy_stream(&self, source: &str, path: PathBuf, max_bytes: u64) -> Result<LocalFile, Fault> {
        let copy = self.temporary().map_err(|error| no_room(&error))?;
        let to = copy.reopen().map_err(|error| no_room(&error))?;
        let (tell, told) = oneshot::channel();
        // A thread of its own: a pipe to which nobody writes keeps it for ever, and must not keep the command from ending.
        thread::spawn(move || {
            // Nobody listens any more after Ctrl-C.
            drop(tell.send(drain(&path, to, max_bytes)));
        });
        let length = told.await.map_err(|error| file_unreadable(&error))?.map_err(|error| file_unreadable(&error))?;
        if length > max_bytes {
            return Err(file_too_large(max_bytes));
        }
        let copy = LocalFile::kept_by(copy.path().to_owned(), copy);
        self.replace(source, copy.clone());
        Ok(copy)
    }

    async fn fetch_file(&self, url: Url, max_bytes: u64) -> Result<LocalFile, Fault> {
        let file = self.temporary().map_err(|error| no_room(&error))?;
        let call = Call::get(url, Duration::from_millis(FETCH_FILE_TIMEOUT_MS));
        match self.http.fetch_into(call, file.path(), max_bytes).await {
            Ok(fetched) if fetched.status.is_success() => Ok(LocalFile::kept_by(file.path().to_owned(), file)),
            Ok(fetched) => Err(file_unfetched(&format!("The address answers {} instead of a file.", fetched.status))),
            Err(NetError::TooLarge { .. }) => Err(file_too_large(max_bytes)),
            Err(error @ NetError::File { .. }) => Err(no_room(&error)),
            Err(error) => Err(file_unfetched(&format!("It could not be fetched: {error}."))),
        }
    }

    async fn fetch(&self, url: Url, max_bytes: u64) -> Result<Vec<u8>, Fault> {
        let bound = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        let call = Call::get(url, Duration::from_millis(FETCH_TIMEOUT_MS));
        match self.http.fetch(call, bound).await {
            Ok(fetched) if fetched.status.is_success() => Ok(fetched.body.into()),
            Ok(fetched) => {
                let message = format!("The address answers {} instead of a picture.", fetched.status);
                Err(unfetched(&message))
            }
            Err(NetError::TooLarge { .. }) => Err(too_large(max_bytes)),
            Err(error) => Err(unfetched(&format!("It could not be fetched: {error}."))),
        }
    }
}

#[async_trait]
impl Originals for FilesAndWeb {
    async fn read(&self, source: &str, max_bytes: u64) -> Result<Vec<u8>, Fault> {
        if is_address(source) {
            let url = Url::parse(source).map_err(|error| unfetched(&format!("This is no address: {error}.")))?;
            return self.fetch(url, max_bytes).await;
        }
        // A source that is empty names no file, also not its folder.
        let path = if source.is_empty() { PathBuf::new() } else { self.folder.join(source) };
        let read = tokio::task::spawn_blocking(move || read_file(&path, max_bytes));
        read.await.unwrap_or_else(|error| Err(unreadable(&error)))
    }

    async fn open(&self, source: &str, max_bytes: u64) -> Result<LocalFile, Fault> {
        let known = self.lock().get(source).cloned();
        if let Some(file) = known {
            return Ok(file);
        }
        if is_address(source) {
            let url = Url::parse(source).map_err(|error| file_unfetched(&format!("This is no address: {error}.")))?;
            return self.fetch_file(url, max_bytes).await;
        }
        let path = if source.is_empty() { PathBuf::new() } else { self.folder.join(source) };
        let found = tokio::fs::metadata(&path).await.map_err(|error| file_unreadable(&error))?;
        match () {
            () if found.is_file() => Ok(LocalFile::at(path)),
            () if found.is_dir() => Err(file_unreadable(&"it is a folder")),
            () => self.copy_stream(source, path, max_bytes).await,
        }
    }
}

/// Whether a picture is named by an address of the web, and not by a path.
pub(crate) fn is_address(source: &str) -> bool {
    let scheme = source.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("http" | "https"))
}

/// Locks a file that stands in for another for as long as what is returned is kept.
pub(crate) fn hold(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    file.lock_shared()?;
    Ok(file)
}

/// Copies no more than tells that there is more.
fn drain(path: &Path, mut to: File, max_bytes: u64) -> io::Result<u64> {
    io::copy(&mut File::open(path)?.take(max_bytes.saturating_add(1)), &mut to)
}

fn read_file(path: &Path, max_bytes: u64) -> Result<Vec<u8>, Fault> {
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let mut bytes = Vec::new();
    file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= max_bytes) {
        Ok(bytes)
    } else {
        Err(too_large(max_bytes))
    }
}

fn too_large(max_bytes: u64) -> Fault {
    Fault::new("picture_file_too_large", Category::UserContent, "The file is larger than what is read of a picture.")
        .over(format!("{max_bytes} bytes"), "more")
        .next("Save the picture smaller.")
}

fn unreadable(error: &dyn std::fmt::Display) -> Fault {
    Fault::new("picture_unreadable", Category::UserContent, format!("The file cannot be read: {error}."))
        .next("Give the path of a picture, or an address that begins with https://.")
}

fn unfetched(message: &str) -> Fault {
    Fault::new("picture_not_fetched", Category::UserContent, message)
        .next("Try it in a browser, or save the picture and give its path.")
}

fn file_too_large(max_bytes: u64) -> Fault {
    Fault::new(FILE_TOO_LARGE, Category::UserContent, "The file is larger than what is taken of a video.")
        .over(format!("{max_bytes} bytes"), "more")
        .next("Make the video shorter, or encode it smaller.")
}

fn file_unreadable(error: &dyn std::fmt::Display) -> Fault {
    Fault::new("file_unreadable", Category::UserContent, format!("The file cannot be read: {error}."))
        .next("Give the path of a picture or a video, or an address that begins with https://.")
}

fn file_unfetched(message: &str) -> Fault {
    Fault::new("file_not_fetched", Category::UserContent, message)
        .next("Try it in a browser, or save the file and give its path.")
}

fn no_room(error: &dyn std::fmt::Display) -> Fault {
    Fault::new("file_not_written", Category::SystemError, format!("What was fetched could not be written: {error}."))
        .next("Make room in the data folder.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_from_a_path() {
        for address in ["https://example.com/a.png", "HTTP://example.com/a.png"] {
            assert!(is_address(address), "{address}");
        }
        for path in ["a.png", "/a/b.png", "./https/a.png", "file:///a.png", "C:\\a.png", ""] {
            assert!(!is_address(path), "{path}");
        }
    }

    fn originals(folder: &Path) -> FilesAndWeb {
        let http = Http::new(skein_net::NetConfig::default()).unwrap();
        FilesAndWeb::new(http, folder.to_owned(), folder.join("scratch"))
    }

    #[tokio::test]
    async fn what_can_be_read_only_once_is_copied_no_further_than_its_bound() {
        let folder = tempfile::tempdir().unwrap();
        let originals = originals(folder.path());
        assert_eq!(originals.open("/dev/zero", 4).await.unwrap_err().code, FILE_TOO_LARGE);
        assert_eq!(originals.open(".", 4).await.unwrap_err().code, "file_unreadable");
        let left = std::fs::read_dir(folder.path().join("scratch")).unwrap().count();
        assert_eq!(left, 0, "what was copied goes away");
    }

    #[test]
    fn a_file_that_was_made_is_locked_for_as_long_as_it_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = originals(folder.path()).temporary().unwrap();
        let other = File::open(file.path()).unwrap();
        assert!(other.try_lock().is_err());
        let fixed = folder.path().join("fixed");
        std::fs::write(&fixed, b"film").unwrap();
        let (held, swept) = (hold(&fixed).unwrap(), File::open(&fixed).unwrap());
        assert!(swept.try_lock().is_err());
        drop((file, held));
        assert!(other.try_lock().is_ok() && swept.try_lock().is_ok());
    }

    #[test]
    fn a_file_is_read_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        std::fs::write(&path, b"12345").unwrap();
        assert_eq!(read_file(&path, 5).unwrap(), b"12345");
        assert_eq!(read_file(&path, 4).unwrap_err().code, "picture_file_too_large");
        assert_eq!(read_file(Path::new("/dev/zero"), 4).unwrap_err().code, "picture_file_too_large");
        assert_eq!(read_file(folder.path(), 4).unwrap_err().code, "picture_unreadable");
        assert_eq!(read_file(Path::new(""), 4).unwrap_err().code, "picture_unreadable");
    }
}
