//! Where the command line finds pictures: files of whoever runs it, and addresses on the web.

use async_trait::async_trait;
use skein_domain::ports::Originals;
use skein_domain::{Category, Fault};
use skein_net::{Call, Http, NetError};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// How long a picture may take to come.
const FETCH_TIMEOUT_MS: u64 = 60_000;

/// Reads files, and fetches what has an address. Addresses of private networks are refused as everywhere.
pub(crate) struct FilesAndWeb {
    http: Http,
    folder: PathBuf,
}

impl FilesAndWeb {
    /// Fetches with this client and its guard. Paths are as seen from `folder`; an empty one is where the command runs.
    pub(crate) fn new(http: Http, folder: PathBuf) -> Self {
        Self { http, folder }
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
}

/// Whether a picture is named by an address of the web, and not by a path.
pub(crate) fn is_address(source: &str) -> bool {
    let scheme = source.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("http" | "https"))
}

fn read_file(path: &Path, max_bytes: u64) -> Result<Vec<u8>, Fault> {
    let file = std::fs::File::open(path).map_err(|error| unreadable(&error))?;
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
