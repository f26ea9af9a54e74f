//! A backup: a folder with a database, media files, and a page that says what they are.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use skein_domain::ports::{MediaError, MediaFiles};
use skein_store::{MediaFolder, StoreError};
use std::collections::HashSet;

use crate::exit::{Failure, sentence};

/// What this version writes and reads.
const FORMAT: u32 = 1;
const PAGE: &str = "backup.json";
/// Nobody writes a longer page.
const PAGE_MOST_BYTES: u64 = 64 * 1024;
pub(crate) const DATABASE: &str = "skein.db";
pub(crate) const MEDIA: &str = "media";
pub(crate) const KEY: &str = "master.key";

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Page {
    /// The form of the folder.
    format: u32,
    /// The version of Skein that made it.
    skein: String,
    /// When the copy of the database was begun.
    pub(crate) made_at: Timestamp,
    /// The schema of the database.
    pub(crate) schema: i64,
    /// The SHA-256 of the database.
    database: String,
    /// How many media files there are.
    pub(crate) media_files: usize,
    /// Where the media files are that are not in the backup: a bucket.
    pub(crate) media_elsewhere: Option<String>,
    /// Whether the master key is in it.
    pub(crate) has_key: bool,
}

/// Media files that were copied.
#[derive(Debug, Default)]
pub(crate) struct CopiedMedia {
    done: HashSet<String>,
    /// Files.
    pub(crate) files: usize,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Files that are not what their names say, and were left out.
    pub(crate) damaged: Vec<String>,
}

impl CopiedMedia {
    /// Copies each file that was not copied yet, checked against its hash.
    pub(crate) async fn copy(&mut self, from: &MediaFolder, to: &dyn MediaFiles) -> Result<(), MediaError> {
        for hash in from.hashes().await? {
            let name = hash.as_str();
            if self.done.contains(name) {
                continue;
            }
            self.damaged.retain(|damaged| damaged != name);
            match from.locate(&hash).await {
                Ok(Some(file)) => {
                    let (_, bytes) = to.put_file(file.path(), u64::MAX).await?;
                    self.files += 1;
                    self.bytes += bytes;
                    self.done.insert(name.to_owned());
                }
                // It was not needed any more. It may be put again, and so may one that is damaged: then the next pass has it.
                Ok(None) => {}
                Err(MediaError::Damaged(_)) => self.damaged.push(name.to_owned()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Page {
    /// Of what lies in a folder.
    pub(crate) async fn of(
        folder: &Path,
        made_at: Timestamp,
        schema: i64,
        media: (usize, Option<String>),
    ) -> Result<Self, Failure> {
        Ok(Self {
            format: FORMAT,
            skein: env!("CARGO_PKG_VERSION").to_owned(),
            made_at,
            schema,
            database: hash_of(folder).await?,
            media_files: media.0,
            media_elsewhere: media.1,
            has_key: folder.join(KEY).exists(),
        })
    }

    /// Writes the page, which is the last that a backup gets.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Failure> {
        let path = folder.join(PAGE);
        let text = serde_json::to_vec_pretty(self).map_err(|error| unwritten(&path, &io::Error::other(error)))?;
        write_private(&path, &text)
    }

    /// Reads the page of a backup, and checks its database against it.
    pub(crate) async fn read(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(PAGE);
        let read = fs::metadata(&path).and_then(|about| match about.len() {
            0..=PAGE_MOST_BYTES => fs::read(&path),
            _ => Err(io::Error::other("it is too long")),
        });
        let text = read.map_err(|error| broken(folder, &format!("its file {PAGE} cannot be read: {error}")))?;
        let page: Self = serde_json::from_slice(&text)
            .map_err(|error| broken(folder, &format!("its file {PAGE} cannot be understood: {error}")))?;
        if page.format != FORMAT {
            let made_by = format!("it was made by Skein {} in a form that this version does not know", page.skein);
            return Err(broken(folder, &made_by));
        }
        if hash_of(folder).await? != page.database {
            return Err(broken(folder, &format!("its {DATABASE} is not the one that was written")));
        }
        Ok(page)
    }
}

/// A backup that cannot be used.
pub(crate) fn broken(folder: &Path, why: &str) -> Failure {
    Failure::system("backup_broken", format!("{} is no backup that can be restored: {why}.", folder.display()))
        .next("Take another backup.")
}

/// A step of a backup or of its restoring that failed.
pub(crate) fn failed(error: &StoreError) -> Failure {
    Failure::system("database", sentence(&error.to_string()))
}

/// The same for media files.
pub(crate) fn failed_media(error: &MediaError) -> Failure {
    Failure::system("media", sentence(&error.to_string()))
}

async fn hash_of(folder: &Path) -> Result<String, Failure> {
    let (hash, _) = MediaFolder::at(folder)
        .measure(&folder.join(DATABASE))
        .await
        .map_err(|error| broken(folder, &format!("its database cannot be read: {error}")))?;
    Ok(hash.as_str().to_owned())
}

/// A file that only its owner can read, on the disk when this returns.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = opened.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|error| unwritten(path, &error))
}

/// A folder that only its owner can read, and that was not there.
pub(crate) fn make_private(path: &Path) -> Result<(), Failure> {
    fs::DirBuilder::new().mode(0o700).create(path).map_err(|error| unwritten(path, &error))
}

/// What is in a folder is there also after the power failed.
pub(crate) fn settle(folder: &Path) -> Result<(), Failure> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| unwritten(folder, &error))
}

/// A file or folder that cannot be written.
pub(crate) fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::system("not_written", format!("{} cannot be written: {error}.", path.display()))
}

/// The folder that something lies in.
pub(crate) fn parent(path: &Path) -> PathBuf {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// Removes what was begun and not finished. What cannot be removed is named with the failure.
pub(crate) fn forget(path: &Path, failure: Failure) -> Failure {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            failure.leaving(format!("{} stays behind and may be removed: {error}.", path.display()))
        }
        _ => failure,
    }
}
